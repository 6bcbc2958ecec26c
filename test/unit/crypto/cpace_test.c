/* SPDX-License-Identifier: ISC
 *
 * CPace: the draft's own vectors and more made by tools/live-vectors, what must be refused, and that no two sides who
 * differ in anything agree. */
#include "crypto/cpace.h"

#include <sotto/limits.h>

#include "cpace_vectors.h"
#include "crypto/hash.h"
#include "vectors.h"

#define VECTORS    (sizeof cpace_vectors / sizeof *cpace_vectors)
#define REFUSED    (sizeof cpace_refused / sizeof *cpace_refused)
#define INPUT_ROOM (CRYPTO_CPACE_CHANNEL_BYTES_MAX + 1)

/* ---- two sides ---- */

typedef struct side {
    sotto_bytes password, sid, channel, data;
    crypto_cpace_role role;
    crypto_cpace_run run;
    crypto_cpace_claim claim;
    crypto_cpace_tag tag;
    crypto_cpace_key key;
} side;

static side side_of(crypto_cpace_role role) {
    return (side){.password = BYTES_LITERAL("correct horse"),
                  .sid = BYTES_LITERAL("an exporter's thirty-two bytes.."),
                  .channel = BYTES_LITERAL("juliet romeo"),
                  .data =
                      role == CRYPTO_CPACE_INITIATOR ? BYTES_LITERAL("key of juliet") : BYTES_LITERAL("key of romeo"),
                  .role = role};
}

static sotto_status side_begin(side *s, rig *r) {
    const crypto_cpace_input input = {s->password, s->sid, s->channel};
    return crypto_cpace_begin(&s->run, &input, &r->host);
}

static sotto_status side_finish(side *s, const crypto_cpace_share *peer, sotto_bytes peer_data) {
    return crypto_cpace_finish(&s->claim, &s->tag, &s->run, s->role, s->data, peer, peer_data);
}

static sotto_status side_confirm(side *s, const side *peer) {
    return crypto_cpace_confirm(&s->key, &s->claim, &peer->tag);
}

/* Up to the tags. What arrives of the data can be another than what was sent. */
static void exchange(rig *r, side *a, side *b, sotto_bytes data_at_a, sotto_bytes data_at_b) {
    assert_ok(side_begin(a, r));
    assert_ok(side_begin(b, r));
    const crypto_cpace_share from_a = a->run.share, from_b = b->run.share;
    assert_ok(side_finish(a, &from_b, data_at_a));
    assert_ok(side_finish(b, &from_a, data_at_b));
}

static void assert_disagree(side *a, side *b) {
    assert_memory_not_equal(a->claim.key.bytes, b->claim.key.bytes, 64);
    memset(&a->key, 0x44, sizeof a->key);
    b->key = a->key;
    const crypto_cpace_key before = a->key;
    assert_status(side_confirm(a, b), BAD_MAC);
    assert_status(side_confirm(b, a), BAD_MAC);
    assert_memory_equal(&a->key, &before, sizeof before);
    assert_memory_equal(&b->key, &before, sizeof before);
    assert_zero(&a->claim, sizeof a->claim);
    assert_zero(&b->claim, sizeof b->claim);
}

/* ---- vectors ---- */

/* The host's random bytes, given. */
static sotto_status random_given(void *arg, void *out, size_t len) {
    assert_int_equal(len, 32);
    memcpy(out, arg, 32);
    return SOTTO_OK;
}

/* Hex, or "*N". */
static sotto_bytes input_of(uint8_t room[INPUT_ROOM], const char *text) {
    if (text[0] != '*') {
        bytes_buffer buffer;
        sotto_bytes got = BYTES_NONE;
        bytes_buffer_borrowed(&buffer, room, INPUT_ROOM);
        assert_ok(bytes_hex_get(&buffer, bytes_text(text)));
        assert_ok(bytes_buffer_end(&buffer, &got));
        return got;
    }
    size_t len = strtoul(text + 1, NULL, 10);
    assert_in_range(len, 1, INPUT_ROOM);
    for (size_t i = 0; i < len; i++) room[i] = (uint8_t)i;
    return bytes_of(room, len);
}

static void begin_with(side *s, const char *random) {
    uint8_t bytes[32];
    unhex_into(bytes, 32, random);
    const crypto_cpace_input input = {s->password, s->sid, s->channel};
    const sotto_host host = {.arg = bytes, .random = random_given};
    assert_ok(crypto_cpace_begin(&s->run, &input, &host));
}

/* limit: SOTTO_CPACE_DATA_BYTES_MAX
 * "largest" has as much of everything as is allowed. */
static void vectors(void **state) {
    (void)state;
    static uint8_t rooms[5][INPUT_ROOM];
    size_t largest = 0;
    for (size_t i = 0; i < VECTORS; i++) {
        const struct cpace_vector *v = &cpace_vectors[i];
        side a = {.role = CRYPTO_CPACE_INITIATOR}, b = {.role = CRYPTO_CPACE_RESPONDER};
        a.password = b.password = input_of(rooms[0], v->password);
        a.sid = b.sid = input_of(rooms[1], v->sid);
        a.channel = b.channel = input_of(rooms[2], v->channel);
        a.data = input_of(rooms[3], v->data_a);
        b.data = input_of(rooms[4], v->data_b);
        begin_with(&a, v->random_a);
        begin_with(&b, v->random_b);
        const crypto_cpace_share from_a = a.run.share, from_b = b.run.share;
        assert_hex(from_a.bytes, 32, v->share_a);
        assert_hex(from_b.bytes, 32, v->share_b);
        assert_ok(side_finish(&a, &from_b, b.data));
        assert_ok(side_finish(&b, &from_a, a.data));
        assert_hex(a.tag.bytes, 64, v->tag_a);
        assert_hex(b.tag.bytes, 64, v->tag_b);
        assert_ok(side_confirm(&b, &a));
        assert_ok(side_confirm(&a, &b));
        assert_hex(a.key.bytes, 64, v->isk);
        assert_hex(b.key.bytes, 64, v->isk);
        if (a.data.len > largest) largest = a.data.len;
    }
    assert_int_equal(largest, SOTTO_CPACE_DATA_BYTES_MAX);
}

/* The first two runs are the draft's: what it prints itself is repeated here, not taken from the script. */
static void vectors_of_the_draft(void **state) {
    (void)state;
    static const char *const texts[2][3] = {
        {"d6bac480f2c386c394efc7c47adb9925dcd2630b64f240c50f8d0eec482b9157",
         "3ea7e0b19560d7c0b0f5734f63b955286dfa8232b5ebe63324e2d9e7433f7258",
         "b69effbf61b51d56401c0f65601abe428de8206feaaf0e32198896dcae7b35cd"
         "2b38950a39dfd5d4a79164614c2984f7daa460b588c1e80c3fa2068af7900447"},
        {"d40fb265a7abeaee7939d91a585fe59f7053f982c296ec413c624c669308f87a",
         "08bcf6e9777a9c313a3db6daa510f2d398403319c2341bd506a92e672eb7e307",
         "4c5469a16b2364c4b944ebc1a79e51d1674ad47db26e8718154f59faebfaa52d"
         "8346f30aa58377117eb20d527f2cbc5c76381f7fd372e89df8239f87f2e02ed1"},
    };
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(cpace_vectors[i].share_a, texts[i][0]);
        assert_string_equal(cpace_vectors[i].share_b, texts[i][1]);
        assert_string_equal(cpace_vectors[i].isk, texts[i][2]);
    }
}

/* The draft's vector for scalar_mult_vfy: s times X, seen through the key that is made of it. */
static void a_product_of_the_draft(void **state) {
    (void)state;
    crypto_cpace_run run = {.sid = {7}, .sid_len = 1};
    crypto_cpace_share peer;
    crypto_cpace_claim claim;
    crypto_cpace_tag tag;
    unhex_into(run.scalar, 32, "7cd0e075fa7955ba52c02759a6c90dbbfc10e6d40aea8d283e407d88cf538a05");
    unhex_into(peer.bytes, 32, "2c3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c");
    assert_ok(crypto_cpace_finish(&claim, &tag, &run, CRYPTO_CPACE_INITIATOR, BYTES_NONE, &peer, BYTES_NONE));
    const vector hashed = unhex("15" /* CPaceRistretto255_ISK */ "435061636552697374726574746f3235355f49534b"
                                "0107" /* sid */
                                "20" /* K */ "7c13645fe790a468f62c39beb7388e541d8405d1ade69d1778c5fe3e7f6b600e"
                                "20" /* Ya */ "0000000000000000000000000000000000000000000000000000000000000000"
                                "00"
                                "20" /* Yb */ "2c3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c"
                                "00");
    uint8_t isk[64];
    assert_ok(crypto_hash_of(CRYPTO_SHA512, isk, span(&hashed)));
    assert_memory_equal(claim.key.bytes, isk, 64);
}

/* ---- what is refused ---- */

/* T25, T26: the neutral element, and whatever does not decode; the draft's examples are the first two. */
static void shares_that_are_refused(void **state) {
    (void)state;
    rig r;
    rig_start(&r);
    for (size_t i = 0; i < REFUSED; i++) {
        side a = side_of(CRYPTO_CPACE_INITIATOR);
        crypto_cpace_share peer;
        unhex_into(peer.bytes, 32, cpace_refused[i].share);
        assert_ok(side_begin(&a, &r));
        memset(&a.claim, 0, sizeof a.claim);
        memset(&a.tag, 0, sizeof a.tag);
        assert_status(side_finish(&a, &peer, BYTES_NONE), BAD_KEY);
        assert_zero(&a.claim, sizeof a.claim);
        assert_zero(&a.tag, sizeof a.tag);
        assert_zero(&a.run, sizeof a.run);
    }
}

/* Whoever sends us our own share and data back would confirm them with our own tag: HMAC(mac_key, Y || AD) says nothing
 * of the sender's role. */
static void a_mirror_is_refused(void **state) {
    (void)state;
    rig r;
    rig_start(&r);
    for (crypto_cpace_role role = CRYPTO_CPACE_INITIATOR; role <= CRYPTO_CPACE_RESPONDER; role++) {
        side a = side_of(role);
        assert_ok(side_begin(&a, &r));
        const crypto_cpace_share mirrored = a.run.share;
        assert_status(side_finish(&a, &mirrored, a.data), BAD_KEY);
        assert_zero(&a.run, sizeof a.run);
    }
}

/* Our own tag is not the peer's, whatever the data. */
static void our_own_tag_is_refused(void **state) {
    (void)state;
    rig r;
    rig_start(&r);
    side a = side_of(CRYPTO_CPACE_INITIATOR), b = side_of(CRYPTO_CPACE_RESPONDER);
    b.data = a.data;
    exchange(&r, &a, &b, b.data, a.data);
    assert_status(side_confirm(&a, &a), BAD_MAC);
    assert_ok(side_confirm(&b, &a));
}

static void one_step_only(void **state) {
    (void)state;
    rig r;
    rig_start(&r);
    side a = side_of(CRYPTO_CPACE_INITIATOR), b = side_of(CRYPTO_CPACE_RESPONDER);
    assert_ok(side_begin(&a, &r));
    assert_ok(side_begin(&b, &r));
    const crypto_cpace_share from_a = a.run.share, from_b = b.run.share;
    assert_ok(side_finish(&a, &from_b, b.data));
    assert_zero(&a.run, sizeof a.run);
    assert_status(side_finish(&a, &from_b, b.data), USAGE); /* a second guess against one scalar */
    assert_true(a.claim.open);                              /* and the claim is still there */
    assert_ok(side_finish(&b, &from_a, a.data));
    b.tag.bytes[63] ^= 1;
    assert_status(side_confirm(&a, &b), BAD_MAC);
    b.tag.bytes[63] ^= 1;
    assert_status(side_confirm(&a, &b), USAGE); /* the right one comes too late */
    assert_ok(side_confirm(&b, &a));
    assert_zero(&b.claim, sizeof b.claim);
    assert_status(side_confirm(&b, &a), USAGE);
}

static void every_bit_of_a_tag_counts(void **state) {
    (void)state;
    rig r;
    rig_start(&r);
    side a = side_of(CRYPTO_CPACE_INITIATOR), b = side_of(CRYPTO_CPACE_RESPONDER);
    exchange(&r, &a, &b, b.data, a.data);
    for (size_t bit = 0; bit < 512; bit++) {
        crypto_cpace_claim claim = a.claim;
        crypto_cpace_tag tag = b.tag;
        tag.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_status(crypto_cpace_confirm(&a.key, &claim, &tag), BAD_MAC);
    }
    assert_ok(side_confirm(&a, &b));
}

/* ---- two sides that differ ---- */

/* Agree, as the base of what follows: the same run without a difference does. */
static void two_sides_agree(void **state) {
    (void)state;
    rig r;
    rig_start(&r);
    for (size_t i = 0; i < 20; i++) {
        side a = side_of(CRYPTO_CPACE_INITIATOR), b = side_of(CRYPTO_CPACE_RESPONDER);
        exchange(&r, &a, &b, b.data, a.data);
        assert_memory_not_equal(a.tag.bytes, b.tag.bytes, 64);
        assert_ok(side_confirm(&a, &b));
        assert_ok(side_confirm(&b, &a));
        assert_memory_equal(a.key.bytes, b.key.bytes, 64);
        assert_zero(&a.run, sizeof a.run);
        assert_zero(&a.claim, sizeof a.claim);
    }
}

static void another_input(void **state) {
    (void)state;
    rig r;
    rig_start(&r);
    static const sotto_bytes passwords[] = {{(const uint8_t *)"correct horsf", 13},
                                            {(const uint8_t *)"correct horse ", 14},
                                            {(const uint8_t *)"correct hors", 12},
                                            {(const uint8_t *)"correct horse\0", 14}}; /* the padding is no password */
    for (size_t i = 0; i < sizeof passwords / sizeof *passwords; i++) {
        side a = side_of(CRYPTO_CPACE_INITIATOR), b = side_of(CRYPTO_CPACE_RESPONDER);
        b.password = passwords[i];
        exchange(&r, &a, &b, b.data, a.data);
        assert_disagree(&a, &b);
    }
    side a = side_of(CRYPTO_CPACE_INITIATOR), b = side_of(CRYPTO_CPACE_RESPONDER);
    b.sid = BYTES_LITERAL("an exporter's thirty-two bytes.,");
    exchange(&r, &a, &b, b.data, a.data);
    assert_disagree(&a, &b);
    b.sid = a.sid;
    b.channel = BYTES_LITERAL("romeo juliet");
    exchange(&r, &a, &b, b.data, a.data);
    assert_disagree(&a, &b);
    b.channel = BYTES_NONE;
    exchange(&r, &a, &b, b.data, a.data);
    assert_disagree(&a, &b);
    /* The same bytes cut elsewhere. */
    a.sid = BYTES_LITERAL("session");
    b.sid = BYTES_LITERAL("essions");
    a.channel = BYTES_LITERAL("channels");
    b.channel = BYTES_LITERAL("channel");
    exchange(&r, &a, &b, b.data, a.data);
    assert_disagree(&a, &b);
}

/* What each said beside its share, changed under way, to either side. */
static void another_view_of_the_data(void **state) {
    (void)state;
    rig r;
    rig_start(&r);
    side a = side_of(CRYPTO_CPACE_INITIATOR), b = side_of(CRYPTO_CPACE_RESPONDER);
    exchange(&r, &a, &b, BYTES_LITERAL("key of Romeo"), a.data);
    assert_disagree(&a, &b);
    exchange(&r, &a, &b, b.data, BYTES_LITERAL("key of mallory"));
    assert_disagree(&a, &b);
    exchange(&r, &a, &b, BYTES_NONE, a.data);
    assert_disagree(&a, &b);
    exchange(&r, &a, &b, a.data, b.data); /* exchanged */
    assert_disagree(&a, &b);
}

static void another_share(void **state) {
    (void)state;
    rig r;
    rig_start(&r);
    side a = side_of(CRYPTO_CPACE_INITIATOR), b = side_of(CRYPTO_CPACE_RESPONDER), other = b;
    assert_ok(side_begin(&a, &r));
    assert_ok(side_begin(&b, &r));
    assert_ok(side_begin(&other, &r));
    const crypto_cpace_share from_a = a.run.share, from_other = other.run.share;
    assert_ok(side_finish(&a, &from_other, b.data));
    assert_ok(side_finish(&b, &from_a, a.data));
    assert_disagree(&a, &b);
}

static void the_same_role_twice(void **state) {
    (void)state;
    rig r;
    rig_start(&r);
    for (crypto_cpace_role role = CRYPTO_CPACE_INITIATOR; role <= CRYPTO_CPACE_RESPONDER; role++) {
        side a = side_of(CRYPTO_CPACE_INITIATOR), b = side_of(CRYPTO_CPACE_RESPONDER);
        a.role = b.role = role;
        exchange(&r, &a, &b, b.data, a.data);
        assert_disagree(&a, &b);
    }
}

/* One guess a run: with the password guessed wrong, what an active attacker learned fits no other password either. The
 * tag and shares of a failed run are tried on with the right password, by whoever kept everything it sent. */
static void a_wrong_guess_gives_nothing_to_try_on(void **state) {
    (void)state;
    rig r;
    rig_start(&r);
    side a = side_of(CRYPTO_CPACE_INITIATOR), mallory = side_of(CRYPTO_CPACE_RESPONDER), again = mallory;
    mallory.password = BYTES_LITERAL("wrong guess");
    assert_ok(side_begin(&a, &r));
    assert_ok(side_begin(&mallory, &r));
    assert_ok(side_begin(&again, &r));
    const crypto_cpace_share from_a = a.run.share, sent = mallory.run.share;
    memcpy(again.run.scalar, mallory.run.scalar, 32); /* the same scalar with the right password: another share */
    again.run.share = sent;
    assert_ok(side_finish(&a, &sent, mallory.data));
    assert_ok(side_finish(&mallory, &from_a, a.data));
    assert_ok(side_finish(&again, &from_a, a.data));
    assert_memory_not_equal(a.tag.bytes, mallory.claim.expected.bytes, 64);
    assert_memory_not_equal(a.tag.bytes, again.claim.expected.bytes, 64);
    assert_status(side_confirm(&a, &mallory), BAD_MAC);
}

/* ---- limits and failures ---- */

/* What is too long of one's own is a mistake of the caller. */
static void lengths(void **state) {
    (void)state;
    static const uint8_t bytes[CRYPTO_CPACE_CHANNEL_BYTES_MAX + 1] = {1};
    rig r;
    rig_start(&r);
    side a = side_of(CRYPTO_CPACE_INITIATOR);
    memset(&a.run, 0x44, sizeof a.run);
    const crypto_cpace_run before = a.run;
    const sotto_bytes wrong[][3] = {
        {BYTES_NONE, a.sid, a.channel},
        {bytes_of(bytes, CRYPTO_CPACE_PASSWORD_BYTES_MAX + 1), a.sid, a.channel},
        {a.password, BYTES_NONE, a.channel},
        {a.password, bytes_of(bytes, CRYPTO_CPACE_SID_BYTES_MAX + 1), a.channel},
        {a.password, a.sid, bytes_of(bytes, CRYPTO_CPACE_CHANNEL_BYTES_MAX + 1)},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const crypto_cpace_input input = {wrong[i][0], wrong[i][1], wrong[i][2]};
        assert_status(crypto_cpace_begin(&a.run, &input, &r.host), USAGE);
        assert_memory_equal(&a.run, &before, sizeof before);
    }
    assert_int_equal(r.random_calls, 0);
}

/* limit: SOTTO_CPACE_DATA_BYTES_MAX
 * From the peer: one more is refused, and a later run with as much as is allowed works. */
static void data_of_the_peer(void **state) {
    (void)state;
    static const uint8_t bytes[SOTTO_CPACE_DATA_BYTES_MAX + 1] = {1};
    const sotto_bytes most = bytes_of(bytes, SOTTO_CPACE_DATA_BYTES_MAX), more = bytes_of(bytes, sizeof bytes);
    rig r;
    rig_start(&r);
    side a = side_of(CRYPTO_CPACE_INITIATOR), b = side_of(CRYPTO_CPACE_RESPONDER);
    assert_ok(side_begin(&a, &r));
    assert_ok(side_begin(&b, &r));
    crypto_cpace_share from_b = b.run.share;
    const crypto_cpace_run before = a.run;
    const sotto_bytes own = a.data;
    a.data = more;
    assert_status(side_finish(&a, &from_b, b.data), USAGE); /* our own mistake: the run is still good */
    assert_memory_equal(&a.run, &before, sizeof before);
    a.data = own;
    assert_status(side_finish(&a, &from_b, more), TOO_LARGE);
    assert_zero(&a.run, sizeof a.run);
    b.data = most;
    exchange(&r, &a, &b, most, a.data);
    assert_ok(side_confirm(&a, &b));
    assert_ok(side_confirm(&b, &a));
}

static void without_randomness(void **state) {
    (void)state;
    rig r;
    rig_start(&r);
    side a = side_of(CRYPTO_CPACE_INITIATOR);
    memset(&a.run, 0x44, sizeof a.run);
    const crypto_cpace_run before = a.run;
    r.random_fail_at = 1;
    assert_status(side_begin(&a, &r), NO_RANDOM);
    assert_memory_equal(&a.run, &before, sizeof before);
}

/* A generator that gives only zeros gives no share. */
static void a_scalar_of_zero(void **state) {
    (void)state;
    uint8_t zeros[32] = {0};
    zeros[31] = 0xf0; /* these bits do not count */
    const sotto_host host = {.arg = zeros, .random = random_given};
    side a = side_of(CRYPTO_CPACE_INITIATOR);
    const crypto_cpace_input input = {a.password, a.sid, a.channel};
    memset(&a.run, 0x44, sizeof a.run);
    const crypto_cpace_run before = a.run;
    assert_status(crypto_cpace_begin(&a.run, &input, &host), CRYPTO_FAILED);
    assert_memory_equal(&a.run, &before, sizeof before);
}

static void wiped_without_going_on(void **state) {
    (void)state;
    rig r;
    rig_start(&r);
    side a = side_of(CRYPTO_CPACE_INITIATOR), b = side_of(CRYPTO_CPACE_RESPONDER);
    exchange(&r, &a, &b, b.data, a.data);
    crypto_cpace_claim_wipe(&a.claim);
    assert_zero(&a.claim, sizeof a.claim);
    assert_status(side_confirm(&a, &b), USAGE);
    assert_ok(side_begin(&a, &r));
    crypto_cpace_run_wipe(&a.run);
    assert_zero(&a.run, sizeof a.run);
    assert_status(side_finish(&a, &(crypto_cpace_share){{0}}, BYTES_NONE), USAGE);
}

int cpace_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(vectors_of_the_draft),
        cmocka_unit_test(a_product_of_the_draft),
        cmocka_unit_test(shares_that_are_refused),
        cmocka_unit_test(a_mirror_is_refused),
        cmocka_unit_test(our_own_tag_is_refused),
        cmocka_unit_test(one_step_only),
        cmocka_unit_test(every_bit_of_a_tag_counts),
        cmocka_unit_test(two_sides_agree),
        cmocka_unit_test(another_input),
        cmocka_unit_test(another_view_of_the_data),
        cmocka_unit_test(another_share),
        cmocka_unit_test(the_same_role_twice),
        cmocka_unit_test(a_wrong_guess_gives_nothing_to_try_on),
        cmocka_unit_test(lengths),
        cmocka_unit_test(data_of_the_peer),
        cmocka_unit_test(without_randomness),
        cmocka_unit_test(a_scalar_of_zero),
        cmocka_unit_test(wiped_without_going_on),
    };
    return cmocka_run_group_tests_name("cpace", tests, NULL, NULL);
}
