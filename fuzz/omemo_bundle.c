/* SPDX-License-Identifier: ISC
 *
 * seal/omemo/bundle.h: a <bundle/> somebody published. So that good ones are met, `$` and a letter stand for real
 * values in base64: $I an identity, $S its signed prekey, $G the signature, $P to $R prekeys; small letters for odd
 * ones. Only the true signature over the true key ever passes, and what was picked was in it. */
#include "seal/omemo/bundle.h"

#include "bytes/base64.h"
#include "dialects.h"
#include "env.h"
#include "trees.h"

static crypto_identity identity, other;
static crypto_x25519_pair signed_pair, prekeys[3];
static crypto_signature signature;

static void prepare(const sotto_host *host) {
    static bool done;
    if (done) return;
    MUST_OK(crypto_start());
    MUST_OK(crypto_identity_from_seed(&identity, (const uint8_t[32]){1}));
    MUST_OK(crypto_identity_from_seed(&other, (const uint8_t[32]){2}));
    for (uint8_t i = 0; i < 4; i++) {
        crypto_x25519_private key = {{i, 7}};
        MUST_OK(crypto_x25519_derive(i == 3 ? &signed_pair : &prekeys[i], &key));
    }
    MUST_OK(omemo_offer_sign(fuzz_dialect, &identity, &signed_pair.public_key, host, &signature));
    done = true;
}

static sotto_bytes key_value(const uint8_t key[32]) {
    static fuzz_encoded encoded;
    encoded = fuzz_encode(key);
    return bytes_of(encoded.at, encoded.len);
}

static sotto_bytes value_of(uint8_t letter) {
    static const uint8_t zeros[64] = {0}, ones[32] = {1};
    switch (letter) {
    case 'I':
        return key_value(fuzz_dialect->identity->of(&identity).bytes);
    case 'S':
        return key_value(signed_pair.public_key.bytes);
    case 'G':
        return bytes_of(signature.bytes, 64);
    case 'P':
    case 'Q':
    case 'R':
        return key_value(prekeys[letter - 'P'].public_key.bytes);
    case 'i':
        return key_value(fuzz_dialect->identity->of(&other).bytes);
    case 's':
        return key_value(ones);
    case 'g':
        return bytes_of(zeros, 64);
    default:
        return key_value(zeros);
    }
}

static sotto_bytes expand(fuzz_env *env, bytes_buffer *out, sotto_bytes text) {
    bytes_buffer_owned(out, &env->host.host, 1u << 22);
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '$' && i + 1 < text.len)
            bytes_base64_put(out, value_of(text.at[++i]));
        else
            bytes_buffer_u8(out, text.at[i]);
    }
    sotto_bytes all;
    MUST_OK(bytes_buffer_end(out, &all));
    return all;
}

static void check_offer(fuzz_env *env, const stanza_element *bundle, const omemo_offer *offer) {
    MUST(offer->verified);
    omemo_identity true_one = fuzz_dialect->identity->of(&identity);
    const omemo_names *names = fuzz_dialect->names;
    MUST(memcmp(offer->identity.bytes, true_one.bytes, 32) == 0);
    MUST(memcmp(offer->signed_key.bytes, signed_pair.public_key.bytes, 32) == 0);
    MUST_OK(crypto_x25519_check(&offer->prekey));
    bool there = false;
    const stanza_element *list = stanza_child(bundle, "prekeys", fuzz_dialect->ns);
    for (const stanza_element *one = stanza_first(list); one; one = stanza_next(list, one)) {
        uint64_t id;
        sotto_bytes text;
        uint8_t key[33];
        fuzz_encoded picked = fuzz_encode(offer->prekey.bytes);
        if (!stanza_attribute_number(one, names->prekey_id, 0, UINT32_MAX, &id) || id != offer->prekey_id) continue;
        MUST(stanza_text(one, &env->arena, &text));
        there |= sotto_ok(bytes_base64_into(key, picked.len, text)) && memcmp(key, picked.at, picked.len) == 0;
    }
    MUST(there && stanza_count(list) >= 1);
    omemo_identity named;
    MUST_OK(omemo_bundle_identity(bundle, fuzz_dialect, &env->arena, &named));
    MUST(memcmp(&named, &offer->identity, 32) == 0);
    /* It can be used. */
    omemo_session session;
    MUST_OK(omemo_exchange_initiate(&session, fuzz_dialect, &other, &prekeys[0], offer));
}

static void check_own(fuzz_env *env, const stanza_element *bundle) {
    omemo_own own = {.device = 1, .signed_id = 7, .signed_pair = signed_pair};
    bool same = false;
    sotto_status status = omemo_bundle_is_own(bundle, fuzz_dialect, &env->base, &own, &identity, &signature, &same);
    if (same) MUST_OK(status);
    const stanza_element *list = stanza_child(bundle, "prekeys", fuzz_dialect->ns);
    if (same) MUST(stanza_child(list, fuzz_dialect->names->prekey, fuzz_dialect->ns) == NULL); /* we have none here */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_env env;
    fuzz_env_start(&env, "juliet@capulet.example");
    prepare(&env.host.host);
    bytes_buffer text;
    sotto_bytes all = expand(&env, &text, bytes_of(data, size));
    const stanza_element *bundle = fuzz_parse(&env.arena, all);
    if (bundle) {
        omemo_offer offer = {.signed_id = 0};
        sotto_status status = omemo_bundle_read(bundle, fuzz_dialect, &env.base, &offer);
        MUST(sotto_ok(status) || sotto_class(status) == SOTTO_CLASS_PEER);
        if (sotto_ok(status))
            check_offer(&env, bundle, &offer);
        else
            MUST(offer.signed_id == 0);
        check_own(&env, bundle);
    }
    bytes_buffer_free(&text);
    fuzz_env_end(&env);
    return 0;
}
