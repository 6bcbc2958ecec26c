/* SPDX-License-Identifier: ISC */
#include "seal/live/proof.h"

#include "bytes/memory.h"
#include "bytes/span.h"
#include "crypto/hash.h"
#include "seal/live/block.h"

#define SIGNED_BYTES_MAX (256u + 2u * SOTTO_JID_BYTES_MAX)

/* Each part with its length before it, so that no two circumstances make the same bytes. */
static sotto_status write_signed(bytes_buffer *out, const live_circumstances *c, const uint8_t key[32],
                                 sotto_bytes *ret) {
    live_block_put(out, BYTES_LITERAL("sotto live proof 0"));
    live_block_put(out, bytes_text(c->by_initiator ? "I" : "R"));
    live_block_put(out, bytes_of(c->exporter, sizeof c->exporter));
    live_block_put(out, c->initiator);
    live_block_put(out, c->responder);
    live_block_put(out, bytes_of(key, 32));
    live_block_put(out, bytes_of(c->earlier, sizeof c->earlier));
    live_block_put(out, c->secret);
    return bytes_buffer_end(out, ret);
}

sotto_status live_proof_make(live_message *ret, const live_circumstances *c, const crypto_identity *own,
                             const sotto_host *host) {
    uint8_t room[SIGNED_BYTES_MAX];
    bytes_buffer out;
    sotto_bytes text;
    crypto_signature signature;
    bytes_buffer_borrowed(&out, room, sizeof room);
    sotto_status status = write_signed(&out, c, own->ed25519.bytes, &text);
    if (sotto_ok(status)) status = crypto_identity_sign(&signature, own, text, host);
    bytes_wipe(room, sizeof room); /* the exporter is in it */
    SOTTO_TRY(status);
    live_message proof = {.kind = LIVE_PROOF};
    memcpy(proof.key, own->ed25519.bytes, sizeof proof.key);
    memcpy(proof.signature, signature.bytes, sizeof proof.signature);
    *ret = proof;
    return SOTTO_OK;
}

sotto_status live_proof_check(const live_message *proof, const live_circumstances *c, const crypto_identity *own) {
    uint8_t room[SIGNED_BYTES_MAX];
    bytes_buffer out;
    sotto_bytes text;
    crypto_signature signature;
    crypto_ed25519_public key;
    if (crypto_equal(proof->key, own->ed25519.bytes, 32)) return SOTTO_FAIL(BAD_KEY);
    memcpy(signature.bytes, proof->signature, sizeof signature.bytes);
    memcpy(key.bytes, proof->key, sizeof key.bytes);
    bytes_buffer_borrowed(&out, room, sizeof room);
    sotto_status status = write_signed(&out, c, proof->key, &text);
    if (sotto_ok(status)) status = crypto_ed25519_verify(&key, text, &signature);
    bytes_wipe(room, sizeof room);
    return status;
}

sotto_status live_proof_hash(uint8_t ret[32], const live_message *proof) {
    uint8_t room[4 + 1 + 32 + 64];
    bytes_buffer out;
    sotto_bytes text;
    bytes_buffer_borrowed(&out, room, sizeof room);
    live_message_write(&out, proof);
    SOTTO_TRY(bytes_buffer_end(&out, &text));
    return crypto_hash_of(CRYPTO_SHA256, ret, text);
}
