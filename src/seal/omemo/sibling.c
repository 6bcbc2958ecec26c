/* SPDX-License-Identifier: ISC
 *
 * What another seal of this device may have signed with the identity, and how such a signature of another device's is
 * checked (seal_class.sign, check). It is XEdDSA over the Curve25519 form, which both dialects share and by which trust
 * is recorded. What is signed for another seal is longer than a prekey and begins with a name of its own, so that it
 * can stand for nothing in XEP-0384. */
#include <string.h>

#include "seal/omemo/self.h"

#define SIBLING_BYTES_MIN 64u /* prekeys that are signed have 32 and 33, labels at most 52 code points of UTF-8 ... */
#define SIBLING_FIRST     0u  /* ... which do not begin with a zero */

static bool is_apart(sotto_bytes message) {
    return message.len >= SIBLING_BYTES_MIN && message.at[0] == SIBLING_FIRST;
}

static sotto_status env_random(void *arg, void *out, size_t len) {
    seal_env *env = arg;
    return env->random(env, out, len);
}

sotto_status omemo_sibling_sign(void *arg, seal_env *env, sotto_bytes message, seal_key *ret_key, uint8_t ret[64]) {
    const omemo_self *self = arg;
    const sotto_host random = {.arg = env, .random = env_random};
    crypto_signature signature;
    seal_key key = {.known = true, .this_device = true};
    if (self->gone) return SOTTO_FAIL(NOT_FOUND);
    if (!is_apart(message)) return SOTTO_FAIL(USAGE);
    SOTTO_TRY(omemo_own_device(env, &key.device));
    SOTTO_TRY(omemo_identity_montgomery.sign(&self->identity, message, &random, &signature));
    memcpy(key.key, self->identity.x25519.bytes, 32);
    memcpy(key.fingerprint, self->identity.x25519.bytes, 32);
    if (!bytes_arena_copy(env->arena, env->account, &key.jid)) return SOTTO_FAIL(NO_MEMORY);
    *ret_key = key;
    memcpy(ret, signature.bytes, 64);
    return SOTTO_OK;
}

sotto_status omemo_sibling_check(void *arg, seal_env *env, const uint8_t key[32], sotto_bytes message,
                                 const uint8_t signature[64]) {
    (void)arg;
    (void)env;
    omemo_identity identity;
    crypto_signature given;
    memcpy(identity.bytes, key, 32);
    memcpy(given.bytes, signature, 64);
    if (!is_apart(message)) return SOTTO_FAIL(BAD_SIGNATURE);
    return omemo_identity_montgomery.verify(&identity, message, &given);
}
