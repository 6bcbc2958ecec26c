/* SPDX-License-Identifier: ISC
 *
 * What OMEMO does without a session: signed prekeys, one step of a message chain, payloads. */
#include <string.h>

#include "bytes/memory.h"
#include "port.h"
#include "seal/omemo/exchange.h"
#include "seal/omemo/payload.h"

sotto_status port_dialect(const vector_port *p, const omemo_dialect **ret) {
    sotto_bytes name = port_bytes(p, "dialect");
    if (!bytes_is(name, "2") && !bytes_is(name, "0.3")) return SOTTO_FAIL(USAGE);
    *ret = bytes_is(name, "2") ? &omemo_dialect_2 : &omemo_dialect_03;
    return SOTTO_OK;
}

sotto_status port_wire_key(const vector_port *p, const omemo_dialect *dialect, const char *name, uint8_t ret[32]) {
    uint8_t encoded[33];
    size_t prefix = dialect->key_prefix ? 1 : 0;
    SOTTO_TRY(port_fixed(p, name, encoded, prefix + 32, SOTTO_FAIL(BAD_KEY)));
    if (prefix && encoded[0] != dialect->key_prefix) return SOTTO_FAIL(BAD_KEY);
    memcpy(ret, encoded + prefix, 32);
    return SOTTO_OK;
}

sotto_status port_spk_verify(vector_port *p) {
    const omemo_dialect *dialect;
    omemo_offer offer = {.prekey.bytes = {9}}; /* an offer has one; any good key will do */
    SOTTO_TRY(port_dialect(p, &dialect));
    SOTTO_TRY(port_wire_key(p, dialect, "identity", offer.identity.bytes));
    SOTTO_TRY(port_wire_key(p, dialect, "spk", offer.signed_key.bytes));
    SOTTO_TRY(port_fixed(p, "signature", offer.signature.bytes, 64, SOTTO_FAIL(BAD_SIGNATURE)));
    return omemo_offer_verify(&offer, dialect);
}

sotto_status port_chain_step(vector_port *p) {
    const omemo_dialect *dialect;
    uint8_t chain[32], message[32], next[32], keys[80];
    SOTTO_TRY(port_dialect(p, &dialect));
    SOTTO_TRY(port_fixed(p, "chain", chain, sizeof chain, SOTTO_FAIL(MALFORMED)));
    omemo_session_chain(chain, message, next);
    SOTTO_TRY(omemo_session_expand(dialect, message, keys));
    port_put(p, "cipher", bytes_of(keys, 32));
    port_put(p, "mac", bytes_of(keys + 32, 32));
    port_put(p, "iv", bytes_of(keys + 64, 16));
    port_put(p, "next", bytes_of(next, 32));
    return SOTTO_OK;
}

/* 2 derives the IV; one that is given would be left out in silence. */
static sotto_status payload_dialect(const vector_port *p, const omemo_dialect **ret) {
    SOTTO_TRY(port_dialect(p, ret));
    return port_has(p, "iv") && !(*ret)->names->iv ? SOTTO_FAIL(USAGE) : SOTTO_OK;
}

/* What is random in a payload: the key, and in 0.3 the IV behind it. */
static sotto_status payload_random(const vector_port *p, const omemo_dialect *dialect,
                                   uint8_t ret[OMEMO_PAYLOAD_RANDOM_BYTES]) {
    if (!dialect->names->iv) return port_fixed(p, "key", ret, 32, SOTTO_FAIL(MALFORMED));
    SOTTO_TRY(port_fixed(p, "key", ret, 16, SOTTO_FAIL(MALFORMED)));
    return port_fixed(p, "iv", ret + 16, OMEMO_PAYLOAD_IV_BYTES, SOTTO_FAIL(MALFORMED));
}

sotto_status port_payload_encrypt(vector_port *p) {
    const omemo_dialect *dialect;
    uint8_t random[OMEMO_PAYLOAD_RANDOM_BYTES];
    omemo_payload_keys keys;
    SOTTO_TRY(payload_dialect(p, &dialect));
    SOTTO_TRY(payload_random(p, dialect, random));
    SOTTO_TRY(omemo_payload_seal(dialect, random, port_bytes(p, "message"), &p->result, &keys));
    SOTTO_TRY(port_put_result(p, "ciphertext"));
    port_put(p, "keys", bytes_of(keys.bytes, keys.len));
    return SOTTO_OK;
}

sotto_status port_payload_decrypt(vector_port *p) {
    const omemo_dialect *dialect;
    SOTTO_TRY(payload_dialect(p, &dialect));
    SOTTO_TRY(omemo_payload_open(dialect, port_bytes(p, "keys"), port_bytes(p, "iv"), port_bytes(p, "ciphertext"),
                                 &p->result));
    return port_put_result(p, "message");
}
