/* SPDX-License-Identifier: ISC
 *
 * X3DH. crypto_x25519_agree refuses points of small order and non-canonical ones (T25, T26), crypto_ed25519_to_x25519
 * identities with a torsion component. */
#include "seal/omemo/exchange.h"

#include <string.h>

#include "bytes/memory.h"
#include "bytes/span.h"
#include "crypto/hash.h"

sotto_status omemo_offer_verify(omemo_offer *offer, const omemo_dialect *dialect) {
    uint8_t encoded[33] = {dialect->key_prefix};
    size_t prefix = dialect->key_prefix ? 1 : 0;
    memcpy(encoded + prefix, offer->signed_key.bytes, 32);
    SOTTO_TRY(crypto_ed25519_verify(&offer->identity, bytes_of(encoded, prefix + 32), &offer->signature));
    /* A key with a torsion component can have signatures that verify; it is no identity (T26). */
    crypto_x25519_public form;
    SOTTO_TRY(crypto_ed25519_to_x25519(&form, &offer->identity));
    SOTTO_TRY(crypto_x25519_check(&offer->signed_key));
    SOTTO_TRY(crypto_x25519_check(&offer->prekey));
    offer->form = form;
    offer->verified = true;
    return SOTTO_OK;
}

/* "OMEMO X3DH" over 32 bytes of 0xFF and the four agreements (X3DH section 2.2: F for curve25519). */
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
static bool same_identity(const crypto_identity *own, const crypto_ed25519_public *peer) {
    return memcmp(own->ed25519.bytes, peer->bytes, 32) == 0;
}

sotto_status omemo_exchange_initiate(omemo_session *ret, const omemo_dialect *dialect, const crypto_identity *own,
                                     const crypto_x25519_pair *ephemeral, const omemo_offer *offer) {
    omemo_offer checked = *offer;
    if (!checked.verified) SOTTO_TRY(omemo_offer_verify(&checked, dialect));
    if (same_identity(own, &checked.identity)) return SOTTO_FAIL(BAD_KEY);
    exchange_secret x;
    sotto_status status = secret_agree(&x, 0, &own->x25519_private, &checked.signed_key);
    if (sotto_ok(status)) status = secret_agree(&x, 1, &ephemeral->private_key, &checked.form);
    if (sotto_ok(status)) status = secret_agree(&x, 2, &ephemeral->private_key, &checked.signed_key);
    if (sotto_ok(status)) status = secret_agree(&x, 3, &ephemeral->private_key, &checked.prekey);
    if (sotto_ok(status)) status = secret_derive(&x, dialect);
    if (sotto_ok(status)) {
        *ret = (omemo_session){.initiator = own->ed25519,
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
    if (same_identity(own, &kex->identity)) return SOTTO_FAIL(BAD_KEY);
    crypto_x25519_public identity;
    SOTTO_TRY(crypto_ed25519_to_x25519(&identity, &kex->identity));
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
                               .responder = own->ed25519,
                               .ephemeral = kex->ephemeral,
                               .prekey_id = kex->prekey_id,
                               .signed_id = kex->signed_id};
        omemo_session_answer(ret, x.secret, signed_pair);
    }
    bytes_wipe(&x, sizeof x);
    return status;
}
