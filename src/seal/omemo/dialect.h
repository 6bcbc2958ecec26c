/* SPDX-License-Identifier: ISC
 *
 * What differs between the versions of OMEMO, as one const table each: strings, key encodings, the rules of the wire.
 * The ratchet, the key exchange, the payload and the XML look here and know no version. */
#ifndef SEAL_OMEMO_DIALECT_H
#define SEAL_OMEMO_DIALECT_H

#include "seal/omemo/identity.h"
#include "seal/omemo/wire.h"

/* Names in the XML of PEP items and of <header/>. */
typedef struct omemo_names {
    const char *list;       /* a device list; in it <device id/> */
    const char *signed_key; /* in <bundle/> */
    const char *signed_id;  /* ... its attribute */
    const char *signature;
    const char *identity;
    const char *label; /* attributes of <device/> in a list; NULL: there are none */
    const char *label_signature;
    const char *prekey;    /* in <prekeys/> */
    const char *prekey_id; /* ... its attribute */
    const char *keys;      /* in <header/>: what the <key/> of one JID are in; NULL: they are in <header/> itself */
    const char *exchange;  /* the attribute that tells a key exchange */
    const char *iv;        /* in <header/>; NULL: there is none */
} omemo_names;

typedef struct omemo_dialect {
    uint8_t number;           /* in records and arrays: 0 to OMEMO_DIALECTS - 1, and never another one */
    const char *name;         /* as people, policies and keys say it */
    const char *ns;           /* of the elements */
    const char *devices_node; /* PEP nodes */
    const char *bundles_node;
    bool node_each; /* each bundle has a node of its own, the device id behind bundles_node; item "current" */
    bool first_key; /* of several keys for one device id the first that can be read counts: it does not say whose device
                       that is, and Profanity 0.13 writes one for each time a member of a room appears in its lists */
    bool body_only; /* what is sealed is the text of <body/>, and not an XEP-0420 envelope */
    const char *exchange_info; /* HKDF info of X3DH, of the root chain, of message keys, of the payload */
    const char *root_info;
    const char *message_info;
    const char *payload_info;
    size_t mac_size;         /* what is left of HMAC-SHA-256 around a message */
    size_t payload_mac_size; /* ... and around a payload */
    uint8_t key_prefix;      /* byte before every encoded public key; 0: none */
    bool sender_first;       /* associated data begins with the sender's identity; false: the initiator's */
    uint32_t key_id_least;   /* ids of others' signed prekeys and prekeys */
    uint32_t key_id_most;
    const omemo_names *names;
    const omemo_identity_rules *identity;
    const struct omemo_payload_rules *payload; /* omemo/payload.h */
    /* The part of a message the MAC is over (after the associated data), and what is built around it. */
    void (*write_body)(bytes_buffer *, const omemo_message *);
    void (*write_message)(bytes_buffer *, sotto_bytes body, sotto_bytes mac);
    void (*write_exchange)(bytes_buffer *, const omemo_kex *);
    sotto_status (*read_message)(sotto_bytes, omemo_message *ret);
    sotto_status (*read_exchange)(sotto_bytes, omemo_kex *ret);
} omemo_dialect;

#define OMEMO_DIALECTS 2
extern const omemo_dialect omemo_dialect_2;  /* urn:xmpp:omemo:2, XEP-0384 */
extern const omemo_dialect omemo_dialect_03; /* eu.siacs.conversations.axolotl, XEP-0384 0.3.0 */
/* By number: better ones first. */
extern const omemo_dialect *const omemo_dialects[OMEMO_DIALECTS];
/* NULL: there is none. */
const omemo_dialect *omemo_dialect_of(uint8_t number);
const omemo_dialect *omemo_dialect_named(sotto_bytes name); /* "omemo:2" */
const omemo_dialect *omemo_dialect_in(sotto_bytes ns);      /* of an <encrypted/> */

/* Where a device's bundle is: the PEP node, and the item in it. */
#define OMEMO_PLACE_BYTES 64
typedef struct omemo_place {
    char node[OMEMO_PLACE_BYTES];
    char item[OMEMO_PLACE_BYTES];
} omemo_place;
void omemo_dialect_place(const omemo_dialect *, uint32_t device, omemo_place *ret);

#endif
