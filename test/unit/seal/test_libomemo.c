/* SPDX-License-Identifier: ISC
 *
 * Dialect 0.3 against libomemo-c, whose messages are those of Dino and Profanity, and byte for byte of the form that
 * libsignal gives Conversations and Monal: both begin a session, talk, lose and reorder. Its cryptography and its
 * stores are those of bench/omemo. */
#include <protocol.h>
#include <session_builder.h>
#include <session_cipher.h>
#include <session_pre_key.h>
#include <stdio.h>

#include "bench/omemo/provider.h"
#include "bench/omemo/shelf.h"
#include "bytes/memory.h"
#include "pairs.h"
#include "testing.h"

#define WHISPER 3 /* the version of libsignal's protocol that 0.3 is */

void bench_require(bool right, const char *what) {
    if (!right) fail_msg("%s", what);
}

/* `ours` is alice of the pairs; bob is libomemo-c, and only his keys are used of the pairs' bob. */
typedef struct talk {
    pairs p;
    bench_provider *provider;
    signal_context *context;
    signal_protocol_address address; /* ours, as libomemo-c knows us */
    bench_device keys;               /* libomemo-c's */
    bench_shelf shelf;
    session_cipher *cipher;
} talk;

/* ---- libomemo-c ---- */

/* As Dino and Profanity keep an identity: 05 and the Curve25519 key. */
static int identity_own(signal_buffer **public_key, signal_buffer **private_key, void *arg) {
    const talk *t = arg;
    uint8_t encoded[33] = {5};
    memcpy(encoded + 1, t->keys.identity.x25519.bytes, 32);
    *public_key = signal_buffer_create(encoded, sizeof encoded);
    *private_key = signal_buffer_create(t->keys.identity.x25519_private.bytes, 32);
    return *public_key && *private_key ? 0 : SG_ERR_NOMEM;
}

static int identity_registration(void *arg, uint32_t *ret) {
    (void)arg;
    *ret = 31415;
    return 0;
}

static int identity_save(const signal_protocol_address *address, uint8_t *key, size_t len, void *arg) {
    (void)address, (void)key, (void)len, (void)arg;
    return 0;
}

static int identity_trusted(const signal_protocol_address *address, uint8_t *key, size_t len, void *arg) {
    const talk *t = arg;
    (void)address;
    return len == 33 && key[0] == 5 && memcmp(key + 1, t->p.alice.identity.x25519.bytes, 32) == 0;
}

static void nothing(void *arg) {
    (void)arg;
}

static crypto_x25519_pair clamped(const crypto_x25519_pair *pair) {
    crypto_x25519_pair same = *pair;
    same.private_key.bytes[0] &= 248;
    same.private_key.bytes[31] = (uint8_t)((same.private_key.bytes[31] & 127) | 64);
    return same;
}

static void talk_start(talk *t, bool scalar) {
    const signal_protocol_identity_key_store identities = {
        identity_own, identity_registration, identity_save, identity_trusted, nothing, t};
    pairs_try(&omemo_dialect_03);
    pairs_start(&t->p);
    end *alice = &t->p.alice, *bob = &t->p.bob;
    if (scalar) {
        assert_code(crypto_identity_from_scalar(&alice->identity, alice->identity.secret), 0);
        assert_code(omemo_offer_sign(t->p.dialect, &alice->identity, &alice->signed_pair.public_key,
                                     sotto_host_default(), &alice->signature),
                    0);
    }
    t->provider = bench_provider_new();
    const signal_crypto_provider table = bench_provider_table(t->provider);
    assert_int_equal(signal_context_create(&t->context, NULL), 0);
    assert_int_equal(signal_context_set_crypto_provider(t->context, &table), 0);
    t->address = (signal_protocol_address){"juliet@capulet.example", 22, 0};
    /* It takes a private key as it is, where X25519 clamps. */
    bob->signed_pair = clamped(&bob->signed_pair);
    bob->prekey = clamped(&bob->prekey);
    t->keys = (bench_device){.identity = bob->identity, .signed_pair = bob->signed_pair, .prekey = bob->prekey};
    bench_shelf_open(&t->shelf, t->context, &t->keys);
    assert_int_equal(signal_protocol_store_context_set_identity_key_store(t->shelf.store, &identities), 0);
    assert_int_equal(session_cipher_create(&t->cipher, t->shelf.store, &t->address, t->context), 0);
    session_cipher_set_version(t->cipher, WHISPER);
    /* Its own signature of its signed prekey. */
    ec_private_key *private_key = NULL;
    signal_buffer *signature = NULL;
    uint8_t encoded[33] = {5};
    memcpy(encoded + 1, bob->signed_pair.public_key.bytes, 32);
    assert_int_equal(curve_decode_private_point(&private_key, bob->identity.x25519_private.bytes, 32, t->context), 0);
    assert_int_equal(curve_calculate_signature(t->context, &signature, private_key, encoded, sizeof encoded), 0);
    memcpy(bob->signature.bytes, signal_buffer_data(signature), 64);
    signal_buffer_free(signature);
    SIGNAL_UNREF(private_key);
}

static void talk_end(talk *t) {
    session_cipher_free(t->cipher);
    bench_shelf_close(&t->shelf);
    signal_context_destroy(t->context);
    bench_provider_free(t->provider);
    pairs_end(&t->p);
    pairs_try(&omemo_dialect_2);
}

static written they_say(talk *t, const char *text) {
    ciphertext_message *message = NULL;
    written ret = {.kex = false};
    assert_int_equal(session_cipher_encrypt(t->cipher, (const uint8_t *)text, strlen(text), &message), 0);
    ret.kex = ciphertext_message_get_type(message) == CIPHERTEXT_PREKEY_TYPE;
    signal_buffer *bytes = ciphertext_message_get_serialized(message);
    ret.len = signal_buffer_len(bytes);
    assert_true(ret.len <= sizeof ret.bytes);
    memcpy(ret.bytes, signal_buffer_data(bytes), ret.len);
    SIGNAL_UNREF(message);
    return ret;
}

static void they_hear(talk *t, const written *message, const char *text) {
    signal_buffer *plain = NULL;
    if (message->kex) {
        pre_key_signal_message *parsed = NULL;
        assert_int_equal(pre_key_signal_message_deserialize(&parsed, message->bytes, message->len, t->context), 0);
        assert_int_equal(pre_key_signal_message_get_registration_id(parsed), 1); /* the device id of pairs_write */
        assert_int_equal(session_cipher_decrypt_pre_key_signal_message(t->cipher, parsed, NULL, &plain), 0);
        SIGNAL_UNREF(parsed);
    } else {
        signal_message *parsed = NULL;
        assert_int_equal(signal_message_deserialize(&parsed, message->bytes, message->len, t->context), 0);
        assert_int_equal(session_cipher_decrypt_signal_message(t->cipher, parsed, NULL, &plain), 0);
        SIGNAL_UNREF(parsed);
    }
    assert_text(bytes_of(signal_buffer_data(plain), signal_buffer_len(plain)), text);
    signal_buffer_free(plain);
}

/* ---- beginnings ---- */

/* libomemo-c begins with our bundle. */
static void they_begin(talk *t) {
    const end *alice = &t->p.alice;
    ec_public_key *identity = NULL, *signed_key = NULL, *prekey = NULL;
    session_pre_key_bundle *bundle = NULL;
    session_builder *builder = NULL;
    assert_int_equal(curve_decode_point_mont(&identity, alice->identity.x25519.bytes, 32, t->context), 0);
    assert_int_equal(curve_decode_point_mont(&signed_key, alice->signed_pair.public_key.bytes, 32, t->context), 0);
    assert_int_equal(curve_decode_point_mont(&prekey, alice->prekey.public_key.bytes, 32, t->context), 0);
    assert_int_equal(
        session_pre_key_bundle_create(&bundle, 1, 0, 77, prekey, 7, signed_key, alice->signature.bytes, 64, identity),
        0);
    assert_int_equal(session_builder_create(&builder, t->shelf.store, &t->address, t->context), 0);
    session_builder_set_version(builder, WHISPER);
    assert_int_equal(session_builder_process_pre_key_bundle(builder, bundle), 0); /* it verified our signature */
    written first = they_say(t, "first of theirs"), second = they_say(t, "second of theirs");
    assert_true(first.kex && second.kex);
    assert_code(pairs_accept(&t->p, &t->p.alice, &first), 0);
    pairs_hear(&t->p, &t->p.alice, &second, "second of theirs"); /* the key exchange again */
    session_builder_free(builder);
    SIGNAL_UNREF(bundle);
    SIGNAL_UNREF(prekey);
    SIGNAL_UNREF(signed_key);
    SIGNAL_UNREF(identity);
}

/* We begin with its bundle, whose signature it made. */
static void we_begin(talk *t) {
    omemo_offer offer = pairs_offer(&t->p, &t->p.bob);
    crypto_x25519_pair ephemeral = pairs_key(&t->p);
    assert_code(omemo_exchange_initiate(&t->p.alice.session, t->p.dialect, &t->p.alice.identity, &ephemeral, &offer),
                0);
    written first = pairs_say(&t->p, &t->p.alice, "first of ours");
    written second = pairs_say(&t->p, &t->p.alice, "second of ours");
    assert_true(first.kex && second.kex);
    they_hear(t, &first, "first of ours");
    they_hear(t, &second, "second of ours");
}

/* ---- talking ---- */

static void turns(talk *t) {
    for (unsigned turn = 0; turn < 10; turn++) {
        for (unsigned i = 0; i <= turn % 3; i++) {
            written theirs = they_say(t, "to us");
            pairs_hear(&t->p, &t->p.alice, &theirs, "to us");
        }
        for (unsigned i = 0; i <= turn % 4; i++) {
            written ours = pairs_say(&t->p, &t->p.alice, "to them");
            assert_false(ours.kex);
            they_hear(t, &ours, "to them");
        }
    }
    assert_int_equal(t->p.alice.skipped.count, 0);
}

/* The last message of a chain comes after the first of the next: `count` in the chain, `early` of them read before. */
static void late_last(talk *t, unsigned count, unsigned early) {
    written chain[8];
    omemo_message read;
    written back = pairs_say(&t->p, &t->p.alice, "a new chain");
    they_hear(t, &back, "a new chain");
    for (unsigned i = 0; i < count; i++) chain[i] = they_say(t, "chain");
    for (unsigned i = 0; i < early; i++) pairs_hear(&t->p, &t->p.alice, &chain[i], "chain");
    back = pairs_say(&t->p, &t->p.alice, "another new chain");
    they_hear(t, &back, "another new chain");
    written next = they_say(t, "next chain");
    assert_code(t->p.dialect->read_message(bytes_of(next.bytes, next.len), &read), 0);
    assert_int_equal(read.pn, count - 1); /* the quirk: of `count` messages */
    pairs_hear(&t->p, &t->p.alice, &next, "next chain");
    for (unsigned i = count; i > early; i--) pairs_hear(&t->p, &t->p.alice, &chain[i - 1], "chain");
    for (unsigned i = 0; i < count; i++) pairs_refuse(&t->p, &t->p.alice, &chain[i], SOTTO_E_DUPLICATE);
    assert_int_equal(t->p.alice.skipped.count, 0);
}

/* Ours in reverse, across a ratchet step of ours. */
static void reversed(talk *t) {
    written first[3], second[3];
    written hello = they_say(t, "hello");
    pairs_hear(&t->p, &t->p.alice, &hello, "hello");
    for (unsigned i = 0; i < 3; i++) first[i] = pairs_say(&t->p, &t->p.alice, "first");
    they_hear(t, &first[0], "first");
    hello = they_say(t, "hello");
    pairs_hear(&t->p, &t->p.alice, &hello, "hello");
    for (unsigned i = 0; i < 3; i++) second[i] = pairs_say(&t->p, &t->p.alice, "second");
    for (unsigned i = 3; i > 0; i--) they_hear(t, &second[i - 1], "second");
    for (unsigned i = 3; i > 1; i--) they_hear(t, &first[i - 1], "first");
}

static void whole(void (*begin)(talk *), bool scalar) {
    static talk t; /* a shelf is large */
    talk_start(&t, scalar);
    begin(&t);
    written answer = begin == we_begin ? they_say(&t, "answer") : pairs_say(&t.p, &t.p.alice, "answer");
    if (begin == we_begin)
        pairs_hear(&t.p, &t.p.alice, &answer, "answer");
    else
        they_hear(&t, &answer, "answer");
    turns(&t);
    late_last(&t, 3, 2);
    late_last(&t, 3, 1);
    late_last(&t, 5, 1);
    reversed(&t);
    turns(&t);
    talk_end(&t);
}

static void test_they_begin_seed(void **state) {
    (void)state;
    whole(they_begin, false);
}

static void test_they_begin_scalar(void **state) {
    (void)state;
    whole(they_begin, true);
}

static void test_we_begin_seed(void **state) {
    (void)state;
    whole(we_begin, false);
}

static void test_we_begin_scalar(void **state) {
    (void)state;
    whole(we_begin, true);
}

int main(void) {
    if (!sotto_ok(crypto_start())) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_they_begin_seed),
        cmocka_unit_test(test_they_begin_scalar),
        cmocka_unit_test(test_we_begin_seed),
        cmocka_unit_test(test_we_begin_scalar),
    };
    return cmocka_run_group_tests_name("libomemo-c", tests, NULL, NULL);
}
