/* SPDX-License-Identifier: ISC
 *
 * Addresses with fingerprints, as clients show them in QR codes and links. What is read:
 *
 *     xmpp:JID?omemo-sid-DEVICE=HEX;omemo-sid-DEVICE=HEX      Conversations, Dino, Monal, Sotto
 *     xmpp:JID?message;omemo-sid-DEVICE=HEX                   Gajim
 *     https://conversations.im/i/JID?omemo-sid-DEVICE=HEX&... Conversations' link
 *     xmpp:JID?trust-message;encryption=urn:xmpp:omemo:2;trust=HEX;distrust=HEX    Kaidan (XEP-0434 section 7.1)
 *
 * The first ones carry the Curve25519 form of a key (XEP-0384 section 8), Kaidan's the Ed25519 key of omemo:2. Whoever
 * holds such an address has it from somewhere: it is a claim that a person has to confirm, and about its own JID alone.
 * Pure: no files, no engine. */
#ifndef APP_VERIFY_URI_H
#define APP_VERIFY_URI_H

#include <sotto/limits.h>

#include "bytes/buffer.h"

#define APP_VERIFY_KEYS_MAX  64u   /* in one address: a JID's devices */
#define APP_VERIFY_BYTES_MAX 8192u /* of an address; the largest QR code has 2,953 */

typedef struct app_verify_key {
    bool has_device;
    uint32_t device; /* as it says: trust belongs to the key */
    uint8_t fingerprint[32];
    bool distrust;
} app_verify_key;

typedef struct app_verify_uri {
    char jid[SOTTO_JID_BYTES_MAX + 1]; /* bare, normalized */
    app_verify_key keys[APP_VERIFY_KEYS_MAX];
    size_t count;
} app_verify_uri;

/* Blanks and line ends around it do not matter. MALFORMED: no such address, or one that contradicts itself; BAD_JID;
 * BAD_KEY: a fingerprint that is none; NOT_FOUND: an address without fingerprints, or with those of another encryption;
 * TOO_LARGE; NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status app_verify_uri_read(app_verify_uri *ret, sotto_bytes text);

/* xmpp:JID?omemo-sid-DEVICE=HEX;... of all keys. */
void app_verify_uri_put(bytes_buffer *, sotto_bytes jid, const app_verify_key *, size_t count);
/* The same for Kaidan: names are the Ed25519 keys, 32 bytes each. */
void app_verify_uri_put_trust(bytes_buffer *, sotto_bytes jid, const uint8_t (*names)[32], size_t count);

#endif
