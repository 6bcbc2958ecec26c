/* SPDX-License-Identifier: ISC
 *
 * What a message and a key exchange say, in whatever dialect, and the three protobuf structures of XEP-0384 section 14.
 * Reading is strict: every required field once, keys of 32 bytes, a MAC of 16, ids within 1 and 2^31 - 1, no field of
 * ours twice. Fields of other numbers are skipped. */
#ifndef SEAL_OMEMO_WIRE_H
#define SEAL_OMEMO_WIRE_H

#include "bytes/buffer.h"
#include "crypto/curve.h"
#include "seal/omemo/identity.h"

#define OMEMO_ID_MAX 2147483647u /* XEP-0384 section 5.1: device ids and key ids are within 1 and 2^31 - 1 */

/* OMEMOMessage, and the MAC of the OMEMOAuthenticatedMessage around it. */
typedef struct omemo_message {
    uint32_t n;
    uint32_t pn;
    uint32_t spare; /* read: how many more messages the chain before may have had than pn says (0.3) */
    crypto_x25519_public ratchet;
    sotto_bytes ciphertext;
    sotto_bytes body; /* the very bytes the MAC is over */
    sotto_bytes mac;
} omemo_message;

/* OMEMOKeyExchange */
typedef struct omemo_kex {
    uint32_t prekey_id;
    uint32_t signed_id;
    uint32_t registration; /* 0.3: libsignal's name for a device; its id */
    omemo_identity identity;
    crypto_x25519_public ephemeral;
    sotto_bytes message; /* an OMEMOAuthenticatedMessage */
} omemo_kex;

void omemo_wire_write_body(bytes_buffer *, const omemo_message *); /* n, pn, ratchet, ciphertext */
void omemo_wire_write_message(bytes_buffer *, sotto_bytes body, sotto_bytes mac);
void omemo_wire_write_exchange(bytes_buffer *, const omemo_kex *);
/* Spans of the result lie in what is read. MALFORMED; NO_PREKEY for an exchange that names none (T12). */
SOTTO_MUST_CHECK sotto_status omemo_wire_read_message(sotto_bytes, omemo_message *ret);
SOTTO_MUST_CHECK sotto_status omemo_wire_read_exchange(sotto_bytes, omemo_kex *ret);

#endif
