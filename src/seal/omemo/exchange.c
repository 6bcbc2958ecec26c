/* SPDX-License-Identifier: ISC
 *
 * X3DH. crypto_x25519_agree refuses points of small order and non-canonical ones (T25, T26), the dialect's form
 * of an identity those with a torsion component. */
#include "seal/omemo/exchange.h"

#include <string.h>

#include "bytes/memory.h"
#include "bytes/span.h"
#include "crypto/hash.h"

/* Encode(PK): what is signed. */
typedef struct encoded_key {
    uint8_t at[33];
    size_t len;
} encoded_key;

static encoded_key key_encode(const omemo_dialect *dialect, const crypto_x25519_public *key) {
    encoded_key encoded = {.at = {dialect->key_prefix}, .len = dialect->key_prefix ? 33 : 32};
    memcpy(encoded.at + encoded.len - 32, key->bytes, 32);
    return encoded;
}

sotto_status omemo_offer_sign(const omemo_dialect *dialect, const crypto_identity *own,
                              const crypto_x25519_public *signed_key, const sotto_host *random, crypto_signature *ret) {
    encoded_key encoded = key_encode(dialect, signed_key);
    return dialect->identity->sign(own, bytes_of(encoded.at, encoded.len), random, ret);
}

sotto_status omemo_offer_verify(omemo_offer *offer, const omemo_dialect *dialect) {
    encoded_key encoded = key_encode(dialect, &offer->signed_key);
    crypto_x25519_public form;
    SOTTO_TRY(dialect->identity->verify(&offer->identity, bytes_of(encoded.at, encoded.len), &offer->signature));
    /* A key with a torsion component can have signatures that verify; it is no identity (T26). */
    SOTTO_TRY(dialect->identity->form(&offer->identity, &form));
    SOTTO_TRY(crypto_x25519_check(&offer->signed_key));
    SOTTO_TRY(crypto_x25519_check(&offer->prekey));
    offer->form = form;
    offer->verified = true;
    return SOTTO_OK;
}

/* The dialect's info over 32 bytes of 0xFF and the four agreements (X3DH section 2.2: F for curve25519). libsignal
 * takes 64 bytes of HKDF, and the second half is a chain of the responder in which nothing is ever written. */
typedef struct exchange_secret {
    uint8_t material[32 + 4 * 32];
    uint8_t secret[32];
} exchange_secret;

static sotto_status secret_agree(exchange_secret *x, unsigned which, const crypto_x25519_private *own,
                                 const crypto_x25519_public *peer) {
    return crypto_x25519_agree(x->material + 32 + (size_t)which * 32, own, peer);
}

static sotto_status secret_derive(exchange_secret *x, const omemo_dialect *dialect) {
    memset(x->material, 0xff, 32);
    return crypto_hkdf(CRYPTO_SHA256, x->secret, 32, bytes_of(x->material, sizeof x->material), BYTES_NONE,
                       bytes_text(dialect->exchange_info));
}

/* A session with oneself can only be somebody playing our key back to us. */
static bool same_identity(const omemo_identity *own, const omemo_identity *peer) {
    return memcmp(own->bytes, peer->bytes, 32) == 0;
}

sotto_status omemo_exchange_initiate(omemo_session *ret, const omemo_dialect *dialect, const crypto_identity *own,
                                     const crypto_x25519_pair *ephemeral, const omemo_offer *offer) {
    omemo_offer checked = *offer;
    if (!checked.verified) SOTTO_TRY(omemo_offer_verify(&checked, dialect));
    omemo_identity wire = dialect->identity->of(own);
    if (same_identity(&wire, &checked.identity)) return SOTTO_FAIL(BAD_KEY);
    exchange_secret x;
    sotto_status status = secret_agree(&x, 0, &own->x25519_private, &checked.signed_key);
    if (sotto_ok(status)) status = secret_agree(&x, 1, &ephemeral->private_key, &checked.form);
    if (sotto_ok(status)) status = secret_agree(&x, 2, &ephemeral->private_key, &checked.signed_key);
    if (sotto_ok(status)) status = secret_agree(&x, 3, &ephemeral->private_key, &checked.prekey);
    if (sotto_ok(status)) status = secret_derive(&x, dialect);
    if (sotto_ok(status)) {
        *ret = (omemo_session){.initiator = wire,
                               .responder = checked.identity,
                               .ephemeral = ephemeral->public_key,
                               .prekey_id = checked.prekey_id,
                               .signed_id = checked.signed_id};
        omemo_session_begin(ret, x.secret, &checked.signed_key);
    }
    bytes_wipe(&x, sizeof x);
    return status;
}

sotto_status omemo_exchange_accept(omemo_session *ret, const omemo_dialect *dialect, const crypto_identity *own,
                                   const crypto_x25519_pair *signed_pair, const crypto_x25519_pair *prekey,
                                   const omemo_kex *kex) {
    omemo_identity wire = dialect->identity->of(own);
    crypto_x25519_public identity;
    if (same_identity(&wire, &kex->identity)) return SOTTO_FAIL(BAD_KEY);
    SOTTO_TRY(dialect->identity->form(&kex->identity, &identity));
    /* T26: no MAC covers the ephemeral key but through the agreements, and a torsion component changes it without
     * changing them: an old key exchange would pass for a new one. */
    SOTTO_TRY(crypto_x25519_check_order(&kex->ephemeral));
    exchange_secret x;
    sotto_status status = secret_agree(&x, 0, &signed_pair->private_key, &identity);
    if (sotto_ok(status)) status = secret_agree(&x, 1, &own->x25519_private, &kex->ephemeral);
    if (sotto_ok(status)) status = secret_agree(&x, 2, &signed_pair->private_key, &kex->ephemeral);
    if (sotto_ok(status)) status = secret_agree(&x, 3, &prekey->private_key, &kex->ephemeral);
    if (sotto_ok(status)) status = secret_derive(&x, dialect);
    if (sotto_ok(status)) {
        *ret = (omemo_session){.initiator = kex->identity,
                               .responder = wire,
                               .ephemeral = kex->ephemeral,
                               .prekey_id = kex->prekey_id,
                               .signed_id = kex->signed_id};
        omemo_session_answer(ret, x.secret, signed_pair);
    }
    bytes_wipe(&x, sizeof x);
    return status;
}
