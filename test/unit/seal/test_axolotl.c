/* SPDX-License-Identifier: ISC
 *
 * What dialect 0.3 has of its own: libsignal's structures and what its relatives write in them, payloads by GCM,
 * identities in Curve25519 form. The ratchet's own tests run in both dialects (test_session.c). */
#include <stdio.h>

#include <sotto/limits.h>

#include "bytes/base64.h"
#include "groups.h"
#include "pairs.h"
#include "seal/omemo/payload.h"
#include "seal/omemo/wire_axolotl.h"
#include "testing.h"

#define KEY33 "05000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define MAC8  "0001020304050607"

static sotto_bytes from_hex(const char *hex, uint8_t memory[512]) {
    bytes_buffer out;
    sotto_bytes read = BYTES_NONE;
    bytes_buffer_borrowed(&out, memory, 512);
    assert_code(bytes_hex_get(&out, bytes_text(hex)), 0);
    assert_code(bytes_buffer_end(&out, &read), 0);
    return read;
}

typedef struct wire_case {
    const char *what;
    const char *hex;
    int code;
} wire_case;

static const wire_case message_cases[] = {
    {"whole",
     "330a21" KEY33 "10001800"
     "2202aabb" MAC8,
     0},
    {"largest numbers",
     "330a21" KEY33 "10ffffffff0f18ffffffff0f"
     "2202aabb" MAC8,
     0},
    {"another figure in the lower half of the version",
     "340a21" KEY33 "10001800"
     "2202aabb" MAC8,
     0},
    {"no previous counter",
     "330a21" KEY33 "1000"
     "2202aabb" MAC8,
     0},
    {"a field of another number",
     "330a21" KEY33 "10001800"
     "2202aabb"
     "7a01cc" MAC8,
     0},
    {"version 2",
     "230a21" KEY33 "10001800"
     "2202aabb" MAC8,
     SOTTO_E_MALFORMED},
    {"version 4",
     "430a21" KEY33 "10001800"
     "2202aabb" MAC8,
     SOTTO_E_MALFORMED},
    {"T30 no ratchet key",
     "3310001800"
     "2202aabb" MAC8,
     SOTTO_E_MALFORMED},
    {"T30 ratchet key of 32",
     "330a20"
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f10001800"
     "2202aabb" MAC8,
     SOTTO_E_MALFORMED},
    {"T30 ratchet key of another type",
     "330a21"
     "06000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f10001800"
     "2202aabb" MAC8,
     SOTTO_E_MALFORMED},
    {"T30 no counter",
     "330a21" KEY33 "1800"
     "2202aabb" MAC8,
     SOTTO_E_MALFORMED},
    {"T30 counter of 33 bits",
     "330a21" KEY33 "108080808010"
     "1800"
     "2202aabb" MAC8,
     SOTTO_E_MALFORMED},
    {"T30 previous counter of 33 bits",
     "330a21" KEY33 "1000"
     "188080808010"
     "2202aabb" MAC8,
     SOTTO_E_MALFORMED},
    {"T30 no ciphertext", "330a21" KEY33 "10001800" MAC8, SOTTO_E_MALFORMED},
    {"T31 two counters",
     "330a21" KEY33 "10001001"
     "2202aabb" MAC8,
     SOTTO_E_MALFORMED},
    {"T31 two ciphertexts",
     "330a21" KEY33 "10001800"
     "2202aabb"
     "2202aabb" MAC8,
     SOTTO_E_MALFORMED},
    {"counter as a block",
     "330a21" KEY33 "120100"
     "2202aabb" MAC8,
     SOTTO_E_MALFORMED},
    {"a group",
     "330a21" KEY33 "10001800"
     "2202aabb"
     "7b" MAC8,
     SOTTO_E_MALFORMED},
    {"a version and a MAC", "33" MAC8, SOTTO_E_MALFORMED},
    {"a version and 7 bytes", "3300010203040506", SOTTO_E_MALFORMED},
    {"nothing", "", SOTTO_E_MALFORMED},
};

#define KEX_REST "1221" KEY33 "1a21" KEY33 "2202aabb"
static const wire_case kex_cases[] = {
    {"whole", "330801" KEX_REST "28073001", 0},
    {"largest ids", "3308ffffffff0f" KEX_REST "28ffffffff0f30ffffffff0f", 0},
    {"signed prekey 0 (lurch)", "330801" KEX_REST "28073000", 0},
    {"no registration (python-oldmemo)", "330801" KEX_REST "3001", 0},
    {"another figure in the lower half of the version", "3f0801" KEX_REST "28073001", 0},
    {"T12 no prekey", "33" KEX_REST "28073001", SOTTO_E_NO_PREKEY},
    {"T12 prekey 0", "330800" KEX_REST "28073001", SOTTO_E_NO_PREKEY},
    {"T30 prekey of 33 bits", "33088080808010" KEX_REST "28073001", SOTTO_E_MALFORMED},
    {"T30 no signed prekey", "330801" KEX_REST "2807", SOTTO_E_MALFORMED},
    {"T30 signed prekey of 33 bits", "330801" KEX_REST "2807308080808010", SOTTO_E_MALFORMED},
    {"T30 registration of 33 bits", "330801" KEX_REST "2880808080103001", SOTTO_E_MALFORMED},
    {"T30 no ephemeral key", "3308011a21" KEY33 "2202aabb28073001", SOTTO_E_MALFORMED},
    {"T30 no identity", "3308011221" KEY33 "2202aabb28073001", SOTTO_E_MALFORMED},
    {"T30 no message", "3308011221" KEY33 "1a21" KEY33 "28073001", SOTTO_E_MALFORMED},
    {"T31 two prekeys", "3308010802" KEX_REST "28073001", SOTTO_E_MALFORMED},
    {"T31 two identities", "3308011a21" KEY33 KEX_REST "28073001", SOTTO_E_MALFORMED},
    {"version 2", "230801" KEX_REST "28073001", SOTTO_E_MALFORMED},
    {"nothing", "", SOTTO_E_MALFORMED},
};

static void test_messages(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof message_cases / sizeof message_cases[0]; i++) {
        uint8_t memory[512];
        omemo_message message = {.n = 4711};
        sotto_bytes all = from_hex(message_cases[i].hex, memory);
        sotto_status status = omemo_wire_axolotl_read_message(all, &message);
        if (status.code != message_cases[i].code) fail_msg("%s: %s", message_cases[i].what, sotto_status_name(status));
        if (!sotto_ok(status)) {
            assert_int_equal(message.n, 4711);
            continue;
        }
        assert_int_equal(message.ratchet.bytes[31], 31);
        assert_int_equal(message.ciphertext.len, 2);
        assert_int_equal(message.mac.len, 8);
        assert_int_equal(message.body.len, all.len - 8); /* the MAC is over the version, too */
        assert_ptr_equal(message.body.at, all.at);
        assert_int_equal(message.spare, 1);
    }
}

static void test_exchanges(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof kex_cases / sizeof kex_cases[0]; i++) {
        uint8_t memory[512];
        omemo_kex kex = {.prekey_id = 4711};
        sotto_status status = omemo_wire_axolotl_read_exchange(from_hex(kex_cases[i].hex, memory), &kex);
        if (status.code != kex_cases[i].code) fail_msg("%s: %s", kex_cases[i].what, sotto_status_name(status));
        if (!sotto_ok(status)) assert_int_equal(kex.prekey_id, 4711);
    }
}

static void test_every_cut_is_refused(void **state) {
    (void)state;
    uint8_t memory[512];
    omemo_message message;
    omemo_kex kex;
    sotto_bytes whole = from_hex(message_cases[0].hex, memory);
    for (size_t len = 0; len < whole.len; len++)
        assert_code(omemo_wire_axolotl_read_message(bytes_of(whole.at, len), &message), SOTTO_E_MALFORMED);
    whole = from_hex(kex_cases[0].hex, memory);
    for (size_t len = 0; len < whole.len; len++) {
        sotto_status status = omemo_wire_axolotl_read_exchange(bytes_of(whole.at, len), &kex);
        assert_code(status, SOTTO_E_MALFORMED);
    }
}

/* The registration is our device id, and goes with key exchanges alone. */
static void test_key_exchange_names_the_device(void **state) {
    (void)state;
    pairs p;
    omemo_kex kex;
    pairs_start(&p);
    omemo_offer offer = pairs_offer(&p, &p.bob);
    crypto_x25519_pair ephemeral = pairs_key(&p), fresh = pairs_key(&p);
    assert_code(omemo_exchange_initiate(&p.alice.session, p.dialect, &p.alice.identity, &ephemeral, &offer), 0);
    uint8_t memory[512];
    bytes_buffer out;
    bool is_kex;
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    assert_code(omemo_session_write(&p.alice.session, p.dialect, 27183, &fresh, BYTES_LITERAL("x"), &out, &is_kex), 0);
    assert_true(is_kex);
    assert_int_equal(memory[0], 0x33);
    assert_code(p.dialect->read_exchange(bytes_of(memory, out.len), &kex), 0);
    assert_int_equal(kex.registration, 27183);
    assert_int_equal(kex.prekey_id, 77);
    assert_int_equal(kex.signed_id, 7);
    assert_memory_equal(kex.identity.bytes, p.alice.identity.x25519.bytes, 32);
    assert_memory_equal(kex.ephemeral.bytes, ephemeral.public_key.bytes, 32);
    assert_int_equal(kex.message.at[0], 0x33);
    pairs_end(&p);
}

/* Who counts messages as the Double Ratchet does costs a key for each step, and no more than OMEMO_CHAINS of them. */
static void test_spare_keys_are_forgotten(void **state) {
    (void)state;
    pairs p;
    pairs_talk(&p);
    for (unsigned turn = 0; turn < 3 * OMEMO_CHAINS; turn++) {
        end *from = turn % 2 ? &p.bob : &p.alice, *to = turn % 2 ? &p.alice : &p.bob;
        written message = pairs_say(&p, from, "x");
        pairs_hear(&p, to, &message, "x");
        pairs_refuse(&p, to, &message, SOTTO_E_DUPLICATE);
    }
    assert_int_equal(p.bob.session.skipped, OMEMO_CHAINS);
    assert_int_equal(p.bob.skipped.count, OMEMO_CHAINS);
    pairs_end(&p);
}

/* T17: a spare key takes no other's place. */
static void test_T17_spare_key_does_not_count(void **state) {
    (void)state;
    pairs p;
    static written burst[SOTTO_OMEMO_SKIP_MAX + 2];
    pairs_talk(&p);
    written start = pairs_say(&p, &p.alice, "start"), back = pairs_say(&p, &p.bob, "back");
    pairs_hear(&p, &p.bob, &start, "start");
    pairs_hear(&p, &p.alice, &back, "back");
    back = pairs_say(&p, &p.bob, "back");
    pairs_hear(&p, &p.alice, &back, "back");
    for (unsigned i = 0; i < SOTTO_OMEMO_SKIP_MAX + 2; i++) burst[i] = pairs_say(&p, &p.alice, "x");
    pairs_refuse(&p, &p.bob, &burst[SOTTO_OMEMO_SKIP_MAX + 1], SOTTO_E_TOO_FAR);
    pairs_hear(&p, &p.bob, &burst[SOTTO_OMEMO_SKIP_MAX], "x");
    assert_int_equal(p.bob.session.skipped, SOTTO_OMEMO_SKIP_MAX);
    for (unsigned i = 0; i < SOTTO_OMEMO_SKIP_MAX; i++) pairs_hear(&p, &p.bob, &burst[i], "x");
    assert_int_equal(p.bob.session.skipped, 0);
    pairs_end(&p);
}

/* ---- identities ---- */

/* T27: both kinds of identity and both signs sign so that the top bit is 0; what others put there is read. */
static void test_T27_scalars_and_seeds(void **state) {
    (void)state;
    unsigned signs = 0;
    for (uint8_t kind = 0; kind < 16; kind++) {
        pairs p;
        uint8_t secret[32] = {(uint8_t)(kind * 17 + 3)};
        pairs_start(&p);
        assert_code((kind & 1 ? crypto_identity_from_scalar : crypto_identity_from_seed)(&p.bob.identity, secret), 0);
        signs |= 1u << (p.bob.identity.ed25519.bytes[31] >> 7);
        const crypto_x25519_public *key = &p.bob.signed_pair.public_key;
        assert_code(omemo_offer_sign(p.dialect, &p.bob.identity, key, sotto_host_default(), &p.bob.signature), 0);
        assert_int_equal(p.bob.signature.bytes[63] & 0x80, 0);
        omemo_offer offer = pairs_offer(&p, &p.bob);
        assert_memory_equal(offer.identity.bytes, p.bob.identity.x25519.bytes, 32);
        assert_code(omemo_offer_verify(&offer, p.dialect), 0);
        assert_memory_equal(offer.form.bytes, p.bob.identity.x25519.bytes, 32);
        /* The sign of the other Edwards key. */
        offer = pairs_offer(&p, &p.bob);
        offer.signature.bytes[63] ^= 0x80;
        assert_code(omemo_offer_verify(&offer, p.dialect), SOTTO_E_BAD_SIGNATURE);
        /* python-oldmemo: an Ed25519 signature, the key's sign in its top bit. */
        uint8_t encoded[33] = {5};
        memcpy(encoded + 1, key->bytes, 32);
        crypto_signature *signature = &offer.signature;
        sotto_bytes message = bytes_of(encoded, sizeof encoded);
        assert_code(crypto_identity_sign(signature, &p.bob.identity, message, sotto_host_default()), 0);
        signature->bytes[63] |= p.bob.identity.ed25519.bytes[31] & 0x80;
        assert_code(omemo_offer_verify(&offer, p.dialect), 0);
        /* Signed without the 05. */
        assert_code(omemo_offer_sign(&omemo_dialect_2, &p.bob.identity, key, sotto_host_default(), signature), 0);
        signature->bytes[63] |= p.bob.identity.ed25519.bytes[31] & 0x80;
        assert_code(omemo_offer_verify(&offer, p.dialect), SOTTO_E_BAD_SIGNATURE);
        /* A session all the same. */
        offer = pairs_offer(&p, &p.bob);
        crypto_x25519_pair ephemeral = pairs_key(&p);
        assert_code(omemo_exchange_initiate(&p.alice.session, p.dialect, &p.alice.identity, &ephemeral, &offer), 0);
        written first = pairs_say(&p, &p.alice, "first");
        assert_code(pairs_accept(&p, &p.bob, &first), 0);
        pairs_end(&p);
    }
    assert_int_equal(signs, 3);
}

/* Of small order, on the twist, and other forms of 9. Torsion components: "key exchanges that are refused" and "bundles
 * that are refused" of test/vector/omemo-0.3.json. */
static const uint8_t bad_points[][32] = {
    {0},
    {1},
    {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
     0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
    {2}, /* on the twist */
    {9, [31] = 0x80},
    {0xf6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, /* p + 9 */
};

static void test_T25_T26_bad_points(void **state) {
    (void)state;
    pairs p;
    omemo_session session;
    pairs_start(&p);
    for (size_t i = 0; i < sizeof bad_points / sizeof bad_points[0]; i++) {
        omemo_offer offer = pairs_offer(&p, &p.bob);
        memcpy(offer.identity.bytes, bad_points[i], 32);
        assert_code(omemo_offer_verify(&offer, p.dialect), SOTTO_E_BAD_KEY);
        assert_false(offer.verified);
        omemo_kex kex = {.prekey_id = 77, .signed_id = 7, .ephemeral = pairs_key(&p).public_key};
        memcpy(kex.identity.bytes, bad_points[i], 32);
        end *bob = &p.bob;
        assert_code(omemo_exchange_accept(&session, p.dialect, &bob->identity, &bob->signed_pair, &bob->prekey, &kex),
                    SOTTO_E_BAD_KEY);
        kex.identity = p.dialect->identity->of(&p.alice.identity);
        memcpy(kex.ephemeral.bytes, bad_points[i], 32);
        assert_code(omemo_exchange_accept(&session, p.dialect, &bob->identity, &bob->signed_pair, &bob->prekey, &kex),
                    SOTTO_E_BAD_KEY);
        if (bad_points[i][0] == 2) continue; /* the twist: an agreement of no use to anybody, and no other form */
        offer = pairs_offer(&p, &p.bob);
        memcpy(offer.prekey.bytes, bad_points[i], 32);
        assert_code(omemo_offer_verify(&offer, p.dialect), SOTTO_E_BAD_KEY);
    }
    omemo_offer own = pairs_offer(&p, &p.alice);
    crypto_x25519_pair ephemeral = pairs_key(&p);
    assert_code(omemo_exchange_initiate(&session, p.dialect, &p.alice.identity, &ephemeral, &own), SOTTO_E_BAD_KEY);
    pairs_end(&p);
}

/* T13: the MAC is over both identities, the writer's first; a message does not pass for one of the other direction. */
static void test_T13_identities_are_bound(void **state) {
    (void)state;
    pairs p;
    pairs_talk(&p);
    written message = pairs_say(&p, &p.alice, "x");
    omemo_session true_one = p.bob.session;
    p.bob.session.initiator = true_one.responder;
    p.bob.session.responder = true_one.initiator;
    pairs_refuse(&p, &p.bob, &message, SOTTO_E_BAD_MAC);
    p.bob.session = true_one;
    p.bob.session.initiator.bytes[0] ^= 1;
    pairs_refuse(&p, &p.bob, &message, SOTTO_E_BAD_MAC);
    p.bob.session = true_one;
    pairs_hear(&p, &p.bob, &message, "x");
    pairs_end(&p);
}

/* ---- payloads ---- */

static const uint8_t random_bytes[OMEMO_PAYLOAD_RANDOM_BYTES] = {1, 2, 3, [16] = 4, [27] = 5, [28] = 6};

static void sealed(uint8_t memory[256], sotto_bytes *ret, omemo_payload_keys *ret_keys) {
    bytes_buffer out;
    bytes_buffer_borrowed(&out, memory, 256);
    assert_code(omemo_payload_seal(&omemo_dialect_03, random_bytes, BYTES_LITERAL("the body"), &out, ret_keys), 0);
    assert_code(bytes_buffer_end(&out, ret), 0);
    assert_int_equal(ret->len, 8);
    assert_int_equal(ret_keys->len, 32);
    assert_int_equal(ret_keys->iv_len, 12);
    assert_memory_equal(ret_keys->bytes, random_bytes, 16);
    assert_memory_equal(ret_keys->iv, random_bytes + 16, 12);
}

static sotto_status opened(sotto_bytes keys, sotto_bytes iv, sotto_bytes ciphertext, const char *text) {
    uint8_t memory[256];
    bytes_buffer out;
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    sotto_status status = omemo_payload_open(&omemo_dialect_03, keys, iv, ciphertext, &out);
    if (sotto_ok(status))
        assert_text(bytes_of(memory, out.len), text);
    else
        assert_int_equal(out.len, 0);
    return status;
}

/* T11: the tag comes through the ratchet, or the payload is refused, wherever else it may be. */
static void test_T11_tag_is_required(void **state) {
    (void)state;
    uint8_t memory[256], behind[256];
    omemo_payload_keys keys;
    sotto_bytes ciphertext;
    sealed(memory, &ciphertext, &keys);
    sotto_bytes iv = bytes_of(keys.iv, 12), all = bytes_of(keys.bytes, 32);
    for (size_t len = 0; len <= OMEMO_PAYLOAD_KEYS_BYTES; len++) {
        if (len == 32) continue;
        assert_code(opened(bytes_of(keys.bytes, len), iv, ciphertext, ""), SOTTO_E_MALFORMED);
    }
    memcpy(behind, ciphertext.at, ciphertext.len);
    memcpy(behind + ciphertext.len, keys.bytes + 16, 16);
    sotto_bytes with_tag = bytes_of(behind, ciphertext.len + 16);
    assert_code(opened(bytes_of(keys.bytes, 16), iv, with_tag, ""), SOTTO_E_MALFORMED);
    assert_code(opened(all, iv, with_tag, ""), SOTTO_E_BAD_MAC);
    assert_code(opened(all, iv, ciphertext, "the body"), 0);
}

static void test_every_bit_counts(void **state) {
    (void)state;
    uint8_t memory[256];
    omemo_payload_keys keys;
    sotto_bytes ciphertext;
    sealed(memory, &ciphertext, &keys);
    struct {
        uint8_t *at;
        size_t len;
    } parts[3] = {{keys.bytes, 32}, {keys.iv, 12}, {memory, ciphertext.len}};
    for (unsigned part = 0; part < 3; part++) {
        for (size_t bit = 0; bit < parts[part].len * 8; bit++) {
            parts[part].at[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_code(opened(bytes_of(keys.bytes, 32), bytes_of(keys.iv, 12), ciphertext, ""), SOTTO_E_BAD_MAC);
            parts[part].at[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    for (size_t len = 0; len <= 12; len++) {
        int code = len == 12 ? 0 : SOTTO_E_MALFORMED;
        assert_code(opened(bytes_of(keys.bytes, 32), bytes_of(keys.iv, len), ciphertext, "the body"), code);
    }
}

/* A key alone (Conversations, python-oldmemo), or a key and a tag (XEP-0384 0.3.0 section 4.5). */
static void test_empty_messages(void **state) {
    (void)state;
    omemo_payload_keys keys;
    omemo_payload_empty(&omemo_dialect_03, random_bytes, &keys);
    assert_int_equal(keys.len, 16);
    assert_int_equal(keys.iv_len, 12);
    assert_memory_equal(keys.bytes, random_bytes, 16);
    for (size_t len = 0; len <= OMEMO_PAYLOAD_KEYS_BYTES; len++) {
        bool is = omemo_payload_is_empty(&omemo_dialect_03, bytes_of(keys.bytes, len));
        assert_int_equal(is, len == 16 || len == 32);
        assert_int_equal(omemo_payload_is_empty(&omemo_dialect_2, bytes_of(keys.bytes, len)), len == 32);
    }
    omemo_payload_empty(&omemo_dialect_2, random_bytes, &keys);
    assert_int_equal(keys.len, 32);
    assert_int_equal(keys.iv_len, 0);
    for (size_t i = 0; i < 32; i++) assert_int_equal(keys.bytes[i], 0);
}

static void test_dialects_by_name(void **state) {
    (void)state;
    for (uint8_t i = 0; i < OMEMO_DIALECTS; i++) {
        const omemo_dialect *dialect = omemo_dialect_of(i);
        assert_ptr_equal(dialect, omemo_dialects[i]);
        assert_int_equal(dialect->number, i);
        assert_ptr_equal(omemo_dialect_named(bytes_text(dialect->name)), dialect);
        assert_ptr_equal(omemo_dialect_in(bytes_text(dialect->ns)), dialect);
    }
    assert_null(omemo_dialect_of(OMEMO_DIALECTS));
    assert_null(omemo_dialect_named(BYTES_LITERAL("omemo")));
    assert_null(omemo_dialect_in(BYTES_NONE));
    omemo_place place;
    omemo_dialect_place(&omemo_dialect_2, 31415, &place);
    assert_string_equal(place.node, "urn:xmpp:omemo:2:bundles");
    assert_string_equal(place.item, "31415");
    omemo_dialect_place(&omemo_dialect_03, 2147483647, &place);
    assert_string_equal(place.node, "eu.siacs.conversations.axolotl.bundles:2147483647");
    assert_string_equal(place.item, "current");
}

static int of_old(void **state) {
    (void)state;
    pairs_try(&omemo_dialect_03);
    return 0;
}

static int of_two(void **state) {
    (void)state;
    pairs_try(&omemo_dialect_2);
    return 0;
}

int axolotl_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_exchanges),
        cmocka_unit_test(test_every_cut_is_refused),
        cmocka_unit_test(test_key_exchange_names_the_device),
        cmocka_unit_test(test_spare_keys_are_forgotten),
        cmocka_unit_test(test_T17_spare_key_does_not_count),
        cmocka_unit_test(test_T27_scalars_and_seeds),
        cmocka_unit_test(test_T25_T26_bad_points),
        cmocka_unit_test(test_T13_identities_are_bound),
        cmocka_unit_test(test_T11_tag_is_required),
        cmocka_unit_test(test_every_bit_counts),
        cmocka_unit_test(test_empty_messages),
        cmocka_unit_test(test_dialects_by_name),
    };
    return cmocka_run_group_tests_name("0.3", tests, of_old, of_two);
}
