/* SPDX-License-Identifier: ISC
 *
 * <encrypted/>: the header with a <key/> for every device, and the payload. Pure: what the keys hold is opaque here.
 *
 * 0.3 does not say whose device a <key/> is for, and ids are unique only for one JID: somebody in a room can choose the
 * id of another's device. So of several keys for our id the first that can be read counts, as in Conversations. In
 * omemo:2 such a message is refused (T31). Whoever writes 0.3 must leave out the second of two recipients with the same
 * id, because not every client does so. */
#ifndef SEAL_OMEMO_HEADER_H
#define SEAL_OMEMO_HEADER_H

#include <sotto/limits.h>

#include "bytes/arena.h"
#include "seal/omemo/dialect.h"
#include "stanza/writer.h"

#define OMEMO_IV_BYTES_MAX 16

typedef struct omemo_header {
    uint32_t sender;                                        /* the device that wrote it */
    const stanza_element *payload;                          /* NULL: an empty message (0.3: a key transport) */
    const stanza_element *key;                              /* for our device; NULL: there is none */
    bool is_kex;                                            /* of that key */
    const stanza_element *keys[SOTTO_OMEMO_KEYS_OF_ONE_ID]; /* that one, and others with our id (0.3) */
    uint8_t key_count;
    uint8_t iv[OMEMO_IV_BYTES_MAX];
    uint8_t iv_len; /* 0: the dialect has none, or an empty message came without */
} omemo_header;

/* Reads the only <encrypted/> of the dialect in a stanza. Exactly one header, at most one payload, at most one key for
 * us, or a few (T31); ids within their range. `account`: our bare JID. MALFORMED, TOO_LARGE (more than
 * SOTTO_OMEMO_KEYS_MAX keys), NO_MEMORY. A stanza without a key for us is no failure here. */
SOTTO_MUST_CHECK sotto_status omemo_header_read(const stanza_element *stanza, const omemo_dialect *,
                                                sotto_bytes account, uint32_t device, bytes_arena *, omemo_header *ret);

/* Whether a key is of a key exchange. MALFORMED: it says neither. */
SOTTO_MUST_CHECK sotto_status omemo_header_kex(const stanza_element *key, const omemo_dialect *, bool *ret);

/* Writing, in this order: open; for each JID keys_open, its keys, keys_close; close; end. */
void omemo_header_open(stanza_writer *, const omemo_dialect *, uint32_t own_device);
void omemo_header_keys_open(stanza_writer *, const omemo_dialect *, sotto_bytes jid);
/* data: base64. */
void omemo_header_key(stanza_writer *, const omemo_dialect *, uint32_t device, bool is_kex, sotto_bytes data);
void omemo_header_keys_close(stanza_writer *, const omemo_dialect *);
/* iv: as bytes; empty: none. */
void omemo_header_close(stanza_writer *, const omemo_dialect *, sotto_bytes iv);
/* payload: base64; empty: none. */
void omemo_header_end(stanza_writer *, const omemo_dialect *, sotto_bytes payload);

#endif
