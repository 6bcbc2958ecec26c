/* SPDX-License-Identifier: ISC
 *
 * seal/omemo/bundle.h: a <bundle/> somebody published. So that good ones are met, `$` and a letter stand for real
 * values in base64: $I an identity, $S its signed prekey, $G the signature, $P to $R prekeys; small letters for odd
 * ones. Only the true signature over the true key ever passes, and what was picked was in it. */
#include "seal/omemo/bundle.h"

#include "bytes/base64.h"
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
    MUST_OK(crypto_identity_sign(&signature, &identity, bytes_of(signed_pair.public_key.bytes, 32), host));
    done = true;
}

static sotto_bytes value_of(uint8_t letter) {
    static const uint8_t zeros[64] = {0}, ones[32] = {1};
    switch (letter) {
    case 'I':
        return bytes_of(identity.ed25519.bytes, 32);
    case 'S':
        return bytes_of(signed_pair.public_key.bytes, 32);
    case 'G':
        return bytes_of(signature.bytes, 64);
    case 'P':
    case 'Q':
    case 'R':
        return bytes_of(prekeys[letter - 'P'].public_key.bytes, 32);
    case 'i':
        return bytes_of(other.ed25519.bytes, 32);
    case 's':
        return bytes_of(ones, 32);
    case 'g':
        return bytes_of(zeros, 64);
    default:
        return bytes_of(zeros, 32);
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
    MUST(memcmp(offer->identity.bytes, identity.ed25519.bytes, 32) == 0);
    MUST(memcmp(offer->signed_key.bytes, signed_pair.public_key.bytes, 32) == 0);
    MUST_OK(crypto_x25519_check(&offer->prekey));
    bool there = false;
    const stanza_element *list = stanza_child(bundle, "prekeys", "urn:xmpp:omemo:2");
    for (const stanza_element *one = stanza_first(list); one; one = stanza_next(list, one)) {
        uint64_t id;
        sotto_bytes text;
        uint8_t key[32];
        if (!stanza_attribute_number(one, "id", 1, OMEMO_ID_MAX, &id) || id != offer->prekey_id) continue;
        MUST(stanza_text(one, &env->arena, &text));
        there |= sotto_ok(bytes_base64_into(key, 32, text)) && memcmp(key, offer->prekey.bytes, 32) == 0;
    }
    MUST(there && stanza_count(list) >= 1);
    crypto_ed25519_public named;
    MUST_OK(omemo_bundle_identity(bundle, &omemo_dialect_2, &env->arena, &named));
    MUST(memcmp(&named, &offer->identity, 32) == 0);
    /* It can be used. */
    omemo_session session;
    MUST_OK(omemo_exchange_initiate(&session, &omemo_dialect_2, &other, &prekeys[0], offer));
}

static void check_own(fuzz_env *env, const stanza_element *bundle) {
    omemo_own own = {.device = 1, .signed_id = 7, .signed_pair = signed_pair, .signature = signature};
    bool same = false;
    sotto_status status = omemo_bundle_is_own(bundle, &omemo_dialect_2, &env->base, &own, &identity, &same);
    if (same) MUST_OK(status);
    const stanza_element *list = stanza_child(bundle, "prekeys", "urn:xmpp:omemo:2");
    if (same) MUST(stanza_child(list, "pk", "urn:xmpp:omemo:2") == NULL); /* we have none here */
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
        sotto_status status = omemo_bundle_read(bundle, &omemo_dialect_2, &env.base, &offer);
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
