/* SPDX-License-Identifier: ISC */
#include "seal/omemo/bundle.h"

#include <string.h>

#include "bytes/base64.h"

/* ---- writing ---- */

static void base64_leaf(stanza_writer *w, const char *name, const char *ns, uint32_t id, sotto_bytes value) {
    uint8_t memory[96];
    bytes_buffer text;
    sotto_bytes written = BYTES_NONE;
    bytes_buffer_borrowed(&text, memory, sizeof memory);
    bytes_base64_put(&text, value);
    sotto_status status = bytes_buffer_end(&text, &written);
    if (!sotto_ok(status)) bytes_buffer_fail(w->out, status);
    stanza_open(w, name, ns);
    if (id != 0) stanza_put_number(w, "id", id);
    stanza_write(w, written);
    stanza_close(w);
}

typedef struct prekey_writer {
    stanza_writer *w;
    const char *ns;
} prekey_writer;

static sotto_status prekey_write(void *arg, uint32_t id, const crypto_x25519_public *key) {
    const prekey_writer *out = arg;
    base64_leaf(out->w, "pk", out->ns, id, bytes_of(key->bytes, 32));
    return SOTTO_OK;
}

sotto_status omemo_bundle_write(stanza_writer *w, const omemo_dialect *dialect, seal_env *env, const omemo_own *own,
                                const crypto_identity *identity) {
    prekey_writer out = {w, dialect->ns};
    stanza_open(w, "bundle", dialect->ns);
    base64_leaf(w, "spk", dialect->ns, own->signed_id, bytes_of(own->signed_pair.public_key.bytes, 32));
    base64_leaf(w, "spks", dialect->ns, 0, bytes_of(own->signature.bytes, 64));
    base64_leaf(w, "ik", dialect->ns, 0, bytes_of(identity->ed25519.bytes, 32));
    stanza_open(w, "prekeys", dialect->ns);
    SOTTO_TRY(omemo_own_prekeys(env, prekey_write, &out));
    stanza_close(w);
    stanza_close(w);
    return SOTTO_OK;
}

/* ---- reading ---- */

/* The base64 text of the only child of that name. */
static sotto_status only_bytes(const stanza_element *parent, const char *name, const char *ns, bytes_arena *arena,
                               void *ret, size_t len, const stanza_element **ret_element) {
    const stanza_element *child = stanza_only_child(parent, name, ns, NULL);
    sotto_bytes text;
    if (!child) return SOTTO_FAIL(MALFORMED);
    if (!stanza_text(child, arena, &text)) return SOTTO_FAIL(NO_MEMORY);
    if (ret_element) *ret_element = child;
    return bytes_base64_into(ret, len, text);
}

static bool id_read(const stanza_element *element, uint32_t *ret) {
    uint64_t id;
    if (!stanza_attribute_number(element, "id", 1, OMEMO_ID_MAX, &id)) return false;
    *ret = (uint32_t)id;
    return true;
}

typedef struct bundle_prekeys {
    uint32_t ids[SOTTO_OMEMO_BUNDLE_PREKEYS_MAX];
    const stanza_element *elements[SOTTO_OMEMO_BUNDLE_PREKEYS_MAX];
    uint32_t count;
} bundle_prekeys;

static sotto_status prekeys_find(const stanza_element *bundle, const char *ns, bundle_prekeys *ret) {
    const stanza_element *prekeys = stanza_only_child(bundle, "prekeys", ns, NULL);
    if (!prekeys) return SOTTO_FAIL(MALFORMED);
    ret->count = 0;
    for (const stanza_element *pk = stanza_first(prekeys); pk; pk = stanza_next(prekeys, pk)) {
        uint32_t id;
        if (!stanza_is(pk, "pk", ns)) continue;
        if (!id_read(pk, &id)) return SOTTO_FAIL(MALFORMED);
        if (ret->count == SOTTO_OMEMO_BUNDLE_PREKEYS_MAX) return SOTTO_FAIL(TOO_LARGE);
        for (uint32_t i = 0; i < ret->count; i++) {
            if (ret->ids[i] == id) return SOTTO_FAIL(MALFORMED); /* one would be written to and another one read with */
        }
        ret->ids[ret->count] = id;
        ret->elements[ret->count++] = pk;
    }
    return SOTTO_OK;
}

static sotto_status prekey_read(const stanza_element *pk, bytes_arena *arena, crypto_x25519_public *ret) {
    sotto_bytes text;
    if (!stanza_text(pk, arena, &text)) return SOTTO_FAIL(NO_MEMORY);
    return bytes_base64_into(ret->bytes, 32, text);
}

sotto_status omemo_bundle_read(const stanza_element *bundle, const omemo_dialect *dialect, seal_env *env,
                               omemo_offer *ret) {
    if (!stanza_is(bundle, "bundle", dialect->ns)) return SOTTO_FAIL(MALFORMED);
    omemo_offer offer = {.verified = false};
    const stanza_element *spk;
    SOTTO_TRY(only_bytes(bundle, "ik", dialect->ns, env->arena, offer.identity.bytes, 32, NULL));
    SOTTO_TRY(only_bytes(bundle, "spks", dialect->ns, env->arena, offer.signature.bytes, 64, NULL));
    SOTTO_TRY(only_bytes(bundle, "spk", dialect->ns, env->arena, offer.signed_key.bytes, 32, &spk));
    if (!id_read(spk, &offer.signed_id)) return SOTTO_FAIL(MALFORMED);
    bundle_prekeys *prekeys = bytes_arena_take(env->arena, sizeof *prekeys);
    if (!prekeys) return SOTTO_FAIL(NO_MEMORY);
    SOTTO_TRY(prekeys_find(bundle, dialect->ns, prekeys));
    if (prekeys->count == 0) return SOTTO_FAIL(NO_PREKEY); /* T12, T30: an empty list divided by nothing */
    uint32_t picked;
    SOTTO_TRY(omemo_own_below(env, prekeys->count, &picked));
    SOTTO_TRY(prekey_read(prekeys->elements[picked], env->arena, &offer.prekey));
    offer.prekey_id = prekeys->ids[picked];
    SOTTO_TRY(omemo_offer_verify(&offer, dialect));
    *ret = offer;
    return SOTTO_OK;
}

sotto_status omemo_bundle_identity(const stanza_element *bundle, const omemo_dialect *dialect, bytes_arena *arena,
                                   crypto_ed25519_public *ret) {
    if (!stanza_is(bundle, "bundle", dialect->ns)) return SOTTO_FAIL(MALFORMED);
    return only_bytes(bundle, "ik", dialect->ns, arena, ret->bytes, 32, NULL);
}

/* ---- comparing ---- */

typedef struct prekey_comparison {
    const bundle_prekeys *published;
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
        sotto_status status = prekey_read(comparison->published->elements[i], comparison->arena, &published);
        if (sotto_class(status) == SOTTO_CLASS_OURS) return status;
        if (sotto_ok(status) && memcmp(published.bytes, key->bytes, 32) == 0) comparison->same++;
        break;
    }
    return SOTTO_OK;
}

static sotto_status own_compare(const stanza_element *bundle, const omemo_dialect *dialect, seal_env *env,
                                const omemo_own *own, const crypto_identity *identity, bundle_prekeys *prekeys,
                                bool *ret_same) {
    uint8_t ik[32], spk[32], spks[64];
    uint32_t id;
    const stanza_element *element;
    SOTTO_TRY(only_bytes(bundle, "ik", dialect->ns, env->arena, ik, 32, NULL));
    SOTTO_TRY(only_bytes(bundle, "spks", dialect->ns, env->arena, spks, 64, NULL));
    SOTTO_TRY(only_bytes(bundle, "spk", dialect->ns, env->arena, spk, 32, &element));
    if (!id_read(element, &id)) return SOTTO_FAIL(MALFORMED);
    SOTTO_TRY(prekeys_find(bundle, dialect->ns, prekeys));
    prekey_comparison comparison = {.published = prekeys, .arena = env->arena};
    SOTTO_TRY(omemo_own_prekeys(env, prekey_compare, &comparison));
    *ret_same = memcmp(ik, identity->ed25519.bytes, 32) == 0 &&
                memcmp(spk, own->signed_pair.public_key.bytes, 32) == 0 &&
                memcmp(spks, own->signature.bytes, 64) == 0 && id == own->signed_id &&
                comparison.same == comparison.own && prekeys->count == comparison.own;
    return SOTTO_OK;
}

sotto_status omemo_bundle_is_own(const stanza_element *bundle, const omemo_dialect *dialect, seal_env *env,
                                 const omemo_own *own, const crypto_identity *identity, bool *ret_same) {
    *ret_same = false;
    if (!stanza_is(bundle, "bundle", dialect->ns)) return SOTTO_OK;
    bundle_prekeys *prekeys = bytes_arena_take(env->arena, sizeof *prekeys);
    if (!prekeys) return SOTTO_FAIL(NO_MEMORY);
    sotto_status status = own_compare(bundle, dialect, env, own, identity, prekeys, ret_same);
    return sotto_class(status) == SOTTO_CLASS_PEER ? SOTTO_OK : status; /* damaged is different */
}
