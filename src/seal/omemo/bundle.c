/* SPDX-License-Identifier: ISC */
#include "seal/omemo/bundle.h"

#include <string.h>

#include "bytes/base64.h"

/* ---- writing ---- */

static void base64_write(stanza_writer *w, sotto_bytes value) {
    uint8_t memory[96];
    bytes_buffer text;
    sotto_bytes written = BYTES_NONE;
    bytes_buffer_borrowed(&text, memory, sizeof memory);
    bytes_base64_put(&text, value);
    sotto_status status = bytes_buffer_end(&text, &written);
    if (!sotto_ok(status)) bytes_buffer_fail(w->out, status);
    stanza_write(w, written);
}

/* A public key as the dialect encodes it; id_name NULL: without an id. */
static void key_leaf(stanza_writer *w, const omemo_dialect *dialect, const char *name, const char *id_name, uint32_t id,
                     const uint8_t key[32]) {
    uint8_t encoded[33] = {dialect->key_prefix};
    size_t prefix = dialect->key_prefix ? 1 : 0;
    memcpy(encoded + prefix, key, 32);
    stanza_open(w, name, dialect->ns);
    if (id_name) stanza_put_number(w, id_name, id);
    base64_write(w, bytes_of(encoded, prefix + 32));
    stanza_close(w);
}

typedef struct prekey_writer {
    stanza_writer *w;
    const omemo_dialect *dialect;
} prekey_writer;

static sotto_status prekey_write(void *arg, uint32_t id, const crypto_x25519_public *key) {
    const prekey_writer *out = arg;
    const omemo_names *names = out->dialect->names;
    key_leaf(out->w, out->dialect, names->prekey, names->prekey_id, id, key->bytes);
    return SOTTO_OK;
}

sotto_status omemo_bundle_write(stanza_writer *w, const omemo_dialect *dialect, seal_env *env, const omemo_own *own,
                                const crypto_identity *identity, const crypto_signature *signature) {
    const omemo_names *names = dialect->names;
    prekey_writer out = {w, dialect};
    omemo_identity wire = dialect->identity->of(identity);
    stanza_open(w, "bundle", dialect->ns);
    key_leaf(w, dialect, names->signed_key, names->signed_id, own->signed_id, own->signed_pair.public_key.bytes);
    stanza_open(w, names->signature, dialect->ns);
    base64_write(w, bytes_of(signature->bytes, 64));
    stanza_close(w);
    key_leaf(w, dialect, names->identity, NULL, 0, wire.bytes);
    stanza_open(w, "prekeys", dialect->ns);
    SOTTO_TRY(omemo_own_prekeys(env, prekey_write, &out));
    stanza_close(w);
    stanza_close(w);
    return SOTTO_OK;
}

/* ---- reading ---- */

static sotto_status bytes_read(const stanza_element *element, bytes_arena *arena, uint8_t *ret, size_t len) {
    sotto_bytes text;
    if (!stanza_text(element, arena, &text)) return SOTTO_FAIL(NO_MEMORY);
    return bytes_base64_into(ret, len, text);
}

/* A public key as the dialect encodes it. */
static sotto_status key_read(const stanza_element *element, const omemo_dialect *dialect, bytes_arena *arena,
                             uint8_t ret[32]) {
    uint8_t encoded[33];
    size_t prefix = dialect->key_prefix ? 1 : 0;
    SOTTO_TRY(bytes_read(element, arena, encoded, prefix + 32));
    if (prefix && encoded[0] != dialect->key_prefix) return SOTTO_FAIL(MALFORMED);
    memcpy(ret, encoded + prefix, 32);
    return SOTTO_OK;
}

/* The key in the only child of that name. */
static sotto_status only_key(const stanza_element *parent, const omemo_dialect *dialect, const char *name,
                             bytes_arena *arena, uint8_t ret[32], const stanza_element **ret_element) {
    const stanza_element *child = stanza_only_child(parent, name, dialect->ns, NULL);
    if (!child) return SOTTO_FAIL(MALFORMED);
    if (ret_element) *ret_element = child;
    return key_read(child, dialect, arena, ret);
}

static bool id_read(const stanza_element *element, const omemo_dialect *dialect, const char *name, uint32_t *ret) {
    uint64_t id;
    if (!stanza_attribute_number(element, name, dialect->key_id_least, dialect->key_id_most, &id)) return false;
    *ret = (uint32_t)id;
    return true;
}

/* What a bundle says of the identity and the signed prekey. */
static sotto_status signed_read(const stanza_element *bundle, const omemo_dialect *dialect, bytes_arena *arena,
                                omemo_offer *ret) {
    const omemo_names *names = dialect->names;
    const stanza_element *key;
    SOTTO_TRY(only_key(bundle, dialect, names->identity, arena, ret->identity.bytes, NULL));
    const stanza_element *signature = stanza_only_child(bundle, names->signature, dialect->ns, NULL);
    if (!signature) return SOTTO_FAIL(MALFORMED);
    SOTTO_TRY(bytes_read(signature, arena, ret->signature.bytes, 64));
    SOTTO_TRY(only_key(bundle, dialect, names->signed_key, arena, ret->signed_key.bytes, &key));
    return id_read(key, dialect, names->signed_id, &ret->signed_id) ? SOTTO_OK : SOTTO_FAIL(MALFORMED);
}

typedef struct bundle_prekeys {
    uint32_t ids[SOTTO_OMEMO_BUNDLE_PREKEYS_MAX];
    const stanza_element *elements[SOTTO_OMEMO_BUNDLE_PREKEYS_MAX];
    uint32_t count;
} bundle_prekeys;

static sotto_status prekeys_find(const stanza_element *bundle, const omemo_dialect *dialect, bundle_prekeys *ret) {
    const stanza_element *prekeys = stanza_only_child(bundle, "prekeys", dialect->ns, NULL);
    if (!prekeys) return SOTTO_FAIL(MALFORMED);
    ret->count = 0;
    for (const stanza_element *pk = stanza_first(prekeys); pk; pk = stanza_next(prekeys, pk)) {
        uint32_t id;
        if (!stanza_is(pk, dialect->names->prekey, dialect->ns)) continue;
        if (!id_read(pk, dialect, dialect->names->prekey_id, &id)) return SOTTO_FAIL(MALFORMED);
        if (ret->count == SOTTO_OMEMO_BUNDLE_PREKEYS_MAX) return SOTTO_FAIL(TOO_LARGE);
        for (uint32_t i = 0; i < ret->count; i++) {
            if (ret->ids[i] == id) return SOTTO_FAIL(MALFORMED); /* one would be written to and another one read with */
        }
        ret->ids[ret->count] = id;
        ret->elements[ret->count++] = pk;
    }
    return SOTTO_OK;
}

sotto_status omemo_bundle_read(const stanza_element *bundle, const omemo_dialect *dialect, seal_env *env,
                               omemo_offer *ret) {
    if (!stanza_is(bundle, "bundle", dialect->ns)) return SOTTO_FAIL(MALFORMED);
    omemo_offer offer = {.verified = false};
    SOTTO_TRY(signed_read(bundle, dialect, env->arena, &offer));
    bundle_prekeys *prekeys = bytes_arena_take(env->arena, sizeof *prekeys);
    if (!prekeys) return SOTTO_FAIL(NO_MEMORY);
    SOTTO_TRY(prekeys_find(bundle, dialect, prekeys));
    if (prekeys->count == 0) return SOTTO_FAIL(NO_PREKEY); /* T12, T30: an empty list divided by nothing */
    uint32_t picked;
    SOTTO_TRY(omemo_own_below(env, prekeys->count, &picked));
    SOTTO_TRY(key_read(prekeys->elements[picked], dialect, env->arena, offer.prekey.bytes));
    offer.prekey_id = prekeys->ids[picked];
    SOTTO_TRY(omemo_offer_verify(&offer, dialect));
    *ret = offer;
    return SOTTO_OK;
}

sotto_status omemo_bundle_identity(const stanza_element *bundle, const omemo_dialect *dialect, bytes_arena *arena,
                                   omemo_identity *ret) {
    if (!stanza_is(bundle, "bundle", dialect->ns)) return SOTTO_FAIL(MALFORMED);
    return only_key(bundle, dialect, dialect->names->identity, arena, ret->bytes, NULL);
}

/* ---- comparing ---- */

typedef struct prekey_comparison {
    const bundle_prekeys *published;
    const omemo_dialect *dialect;
    bytes_arena *arena;
    uint32_t same;
    uint32_t own;
} prekey_comparison;

static sotto_status prekey_compare(void *arg, uint32_t id, const crypto_x25519_public *key) {
    prekey_comparison *comparison = arg;
    crypto_x25519_public published;
    comparison->own++;
    for (uint32_t i = 0; i < comparison->published->count; i++) {
        if (comparison->published->ids[i] != id) continue;
        sotto_status status =
            key_read(comparison->published->elements[i], comparison->dialect, comparison->arena, published.bytes);
        if (sotto_class(status) == SOTTO_CLASS_OURS) return status;
        if (sotto_ok(status) && memcmp(published.bytes, key->bytes, 32) == 0) comparison->same++;
        break;
    }
    return SOTTO_OK;
}

static sotto_status own_compare(const stanza_element *bundle, const omemo_dialect *dialect, seal_env *env,
                                const omemo_own *own, const crypto_identity *identity,
                                const crypto_signature *signature, bundle_prekeys *prekeys, bool *ret_same) {
    omemo_identity wire = dialect->identity->of(identity);
    omemo_offer offer = {.verified = false};
    SOTTO_TRY(signed_read(bundle, dialect, env->arena, &offer));
    SOTTO_TRY(prekeys_find(bundle, dialect, prekeys));
    prekey_comparison comparison = {.published = prekeys, .dialect = dialect, .arena = env->arena};
    SOTTO_TRY(omemo_own_prekeys(env, prekey_compare, &comparison));
    *ret_same = memcmp(offer.identity.bytes, wire.bytes, 32) == 0 &&
                memcmp(offer.signed_key.bytes, own->signed_pair.public_key.bytes, 32) == 0 &&
                memcmp(offer.signature.bytes, signature->bytes, 64) == 0 && offer.signed_id == own->signed_id &&
                comparison.same == comparison.own && prekeys->count == comparison.own;
    return SOTTO_OK;
}

sotto_status omemo_bundle_is_own(const stanza_element *bundle, const omemo_dialect *dialect, seal_env *env,
                                 const omemo_own *own, const crypto_identity *identity,
                                 const crypto_signature *signature, bool *ret_same) {
    *ret_same = false;
    if (!stanza_is(bundle, "bundle", dialect->ns)) return SOTTO_OK;
    bundle_prekeys *prekeys = bytes_arena_take(env->arena, sizeof *prekeys);
    if (!prekeys) return SOTTO_FAIL(NO_MEMORY);
    sotto_status status = own_compare(bundle, dialect, env, own, identity, signature, prekeys, ret_same);
    return sotto_class(status) == SOTTO_CLASS_PEER ? SOTTO_OK : status; /* damaged is different */
}
