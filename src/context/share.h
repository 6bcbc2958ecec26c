/* SPDX-License-Identifier: ISC
 *
 * Files that are shared by message and kept, encrypted, on an HTTP server: asking for a place to put one (XEP-0363),
 * and the message that says where it is and what opens it, as a URL (XEP-0454) and as elements (XEP-0447 with XEP-0446
 * and XEP-0448). Texts and numbers only: nobody here connects, decrypts or touches a disk. doc/files.md has the rules.
 */
#ifndef CONTEXT_SHARE_H
#define CONTEXT_SHARE_H

#include <sotto/limits.h>

#include "stanza/writer.h"

#define CONTEXT_NS_UPLOAD   "urn:xmpp:http:upload:0"
#define CONTEXT_NS_SHARING  "urn:xmpp:sfs:0"
#define CONTEXT_NS_METADATA "urn:xmpp:file:metadata:0"
#define CONTEXT_NS_SEALED   "urn:xmpp:esfs:0"

/* ---- what is shared ---- */

/* The GCM ciphers carry their tag at the end of what is on the server; CBC has none, and is worth what the hashes are.
 */
typedef enum context_cipher {
    CONTEXT_CIPHER_GCM_256,
    CONTEXT_CIPHER_GCM_128,
    CONTEXT_CIPHER_CBC_256, /* read only */
    CONTEXT_CIPHER_COUNT
} context_cipher;

size_t context_cipher_key_size(context_cipher);

/* A hash that is strong enough to stand for a file: SHA-256 (32 bytes) or SHA-512 (64). size 0: there is none. */
typedef struct context_hash {
    uint8_t size;
    uint8_t bytes[64];
} context_hash;

typedef struct context_share {
    sotto_bytes url; /* https, without a fragment */
    context_cipher cipher;
    sotto_bytes key;
    sotto_bytes iv;         /* 12 or 16 bytes */
    sotto_bytes name, type; /* what the sender calls it: any text at all, or empty. Never a path (T34) */
    bool has_size;
    uint64_t size;       /* of the file */
    context_hash hash;   /* of the file */
    context_hash sealed; /* of what is on the server */
} context_share;

/* Whether a URL is one we would ever open: https, a host, no user, no fragment, printable ASCII, not too long. */
bool context_url_is_safe(sotto_bytes url);
/* Its last segment as it stands, percent signs and all; empty when there is none. */
sotto_bytes context_url_last(sotto_bytes url);

/* A body that is an aesgcm URL, perhaps with a picture on a second line, and nothing else (XEP-0454 section 3 asks for
 * a strict parser). MALFORMED, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status context_aesgcm_read(bytes_arena *, sotto_bytes body, context_share *ret);
/* Writes aesgcm://host/path#IVKEY for a share with cipher GCM_256. */
void context_aesgcm_write(bytes_buffer *, const context_share *);

/* All the encrypted files of a message, up to `most`: those of its <file-sharing/> elements and, when there are none,
 * of its body. What cannot be read, or is not encrypted, is left out. *ret_body: the body, or NONE where it only
 * repeats a file. NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status context_share_read(bytes_arena *, const stanza_element *message, context_share *ret,
                                                 size_t most, size_t *ret_count, sotto_bytes *ret_body);
/* <body/>, <file-sharing/> and the mark that the body is for those who do not know the latter (XEP-0428). */
void context_share_write(stanza_writer *, const context_share *);

/* ---- where it may be put ---- */

typedef struct context_slot {
    sotto_bytes put, get; /* https */
    struct {
        const char *name; /* static: Authorization, Cookie or Expires, and nothing else (XEP-0363 section 5) */
        sotto_bytes value;
    } headers[SOTTO_UPLOAD_HEADERS_MAX];
    size_t header_count;
} context_slot;

/* <query/> of disco#info or disco#items. */
void context_disco_write(stanza_writer *, bool items);
/* The addresses in an answer to disco#items that a question can be put to as to a server: normalized, without resource,
 * each once, at most SOTTO_UPLOAD_SERVICES_MAX with those that are there already. */
void context_services_read(const stanza_element *iq, bytes_arena *, sotto_bytes ret[SOTTO_UPLOAD_SERVICES_MAX],
                           size_t *count);
/* Whether an answer to disco#info is of an upload service, and how large a file it takes (0: it does not say). */
bool context_upload_read(const stanza_element *iq, bytes_arena *, uint64_t *ret_most);

void context_slot_ask(stanza_writer *, const char *name, uint64_t size, const char *type);
/* MALFORMED (also: a URL that is not https, a header that holds a line end), TOO_LARGE, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status context_slot_read(const stanza_element *iq, bytes_arena *, context_slot *ret);
/* What a service says why there is no slot, for people; empty: nothing. *ret_most: a size it names, or 0. */
sotto_bytes context_slot_refusal(const stanza_element *iq, bytes_arena *, uint64_t *ret_most);

#endif
