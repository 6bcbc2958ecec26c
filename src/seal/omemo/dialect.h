/* SPDX-License-Identifier: ISC
 *
 * What differs between the versions of OMEMO, as one const table each: strings, key encodings, the rules of the wire.
 * The ratchet, the key exchange and the payload look here and know no version. */
#ifndef SEAL_OMEMO_DIALECT_H
#define SEAL_OMEMO_DIALECT_H

#include "seal/omemo/wire.h"

typedef struct omemo_dialect {
    const char *name;         /* as people see it */
    const char *ns;           /* of the elements */
    const char *devices_node; /* PEP nodes */
    const char *bundles_node;
    const char *exchange_info; /* HKDF info of X3DH, of the root chain, of message keys, of the payload */
    const char *root_info;
    const char *message_info;
    const char *payload_info;
    size_t mac_size;         /* what is left of HMAC-SHA-256 around a message */
    size_t payload_mac_size; /* ... and around a payload */
    uint8_t key_prefix;      /* byte before every encoded public key; 0: none */
    /* The part of a message the MAC is over (after the associated data), and what is built around it. */
    void (*write_body)(bytes_buffer *, const omemo_message *);
    void (*write_message)(bytes_buffer *, sotto_bytes body, sotto_bytes mac);
    void (*write_exchange)(bytes_buffer *, const omemo_kex *);
    sotto_status (*read_message)(sotto_bytes, omemo_message *ret);
    sotto_status (*read_exchange)(sotto_bytes, omemo_kex *ret);
} omemo_dialect;

extern const omemo_dialect omemo_dialect_2; /* urn:xmpp:omemo:2, XEP-0384 */

#endif
