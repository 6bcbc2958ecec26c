/* SPDX-License-Identifier: ISC
 *
 * What is refused or told and was not always: keys that are none, keys that cannot be served, rooms, other kinds of
 * stanzas, messages that are too late; and private keys that stay longer than they are of use. */
#include "groups.h"
#include "pairs.h"
#include "seal/omemo/own.h"
#include "seal/omemo/self.h"
#include "testing.h"
#include "two.h"

static seal_promise settled(world_device *d, const char *to) {
    seal_promise promise = world_promise(d, to);
    for (int round = 0; round < 5 && promise.kind == SEAL_ASKING; round++) {
        world_settle(d->world);
        promise = world_promise(d, to);
    }
    return promise;
}

/* ---- C3 ---- */

/* An identity with a component of order 8, and a signature of it over the key that verifies by the book. */
#define MIXED_IK   "KyYqy+eRKsKdi1ROIP9kDx77Rzsv1HE4NSHBsmN3OZ0="
#define MIXED_SPK  "L+V9o0fNYkMVKNqsX7spBzD/9oSvxM/C7ZCZX1jLO3Q="
#define MIXED_SPKS "AabzFJxhCJhbRbnYUcAsTg6fRcD/Q14pnkqpNsttHaQWOrJjhgkteZ6JJ8so5E3Btcn39WyNi6UqcIZS11gQDA=="

static void test_C3_identity_of_mixed_order(void **state) {
    (void)state;
    two t;
    two_start(&t);
    world_device *romeo2 = world_join(&t.w, ROMEO);
    world_go_online(romeo2, true);
    const char *id = (const char *)world_text(&t.w, "%u", world_device_id(romeo2)).at;
    world_set_item(&t.w, ROMEO, BUNDLES, id,
                   BYTES_LITERAL("<bundle xmlns='urn:xmpp:omemo:2'><spk id='1'>" MIXED_SPK "</spk><spks>" MIXED_SPKS
                                 "</spks><ik>" MIXED_IK "</ik><prekeys><pk id='1'>" MIXED_SPK
                                 "</pk></prekeys></bundle>"));
    seal_promise promise = settled(t.juliet, ROMEO); /* every answer was taken */
    assert_int_equal(promise.kind, SEAL_READY);
    for (size_t i = 0; i < promise.keys.count; i++)
        assert_code(promise.keys.at[i].problem,
                    promise.keys.at[i].device == world_device_id(romeo2) ? SOTTO_E_BAD_KEY : 0);
    world_expect(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "x"), "x");
    two_end(&t);
}

/* ---- C4 ---- */

/* Behind what was pushed out nobody knows; everything else that comes twice stays silent. */
static void test_C4_too_late_is_not_read_before(void **state) {
    (void)state;
    two t;
    two_start(&t);
    two_greet(&t);
    sotto_bytes late = world_say(t.juliet, ROMEO, "late, but true"), last = BYTES_NONE, lost = BYTES_NONE;
    for (int i = 1; i <= 1800; i++) {
        sotto_bytes sealed = world_say(t.juliet, ROMEO, "x");
        if (i == 1790) lost = sealed;
        if (i % 600 == 0) {
            last = sealed;
            world_expect(t.romeo, t.juliet, sealed, "x");
        }
    }
    world_expect_unreadable(t.romeo, t.juliet, late, SOTTO_E_TOO_OLD);
    assert_int_equal(world_open(t.romeo, t.juliet, last, NULL).opened.outcome, SEAL_DUPLICATE);
    world_expect(t.romeo, t.juliet, lost, "x");
    assert_int_equal(world_open(t.romeo, t.juliet, lost, NULL).opened.outcome, SEAL_DUPLICATE);
    /* It stays known across ratchet steps. */
    t.romeo->control_count = 0;
    world_expect(t.juliet, t.romeo, world_say(t.romeo, JULIET, "back"), "back");
    world_expect(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "on"), "on");
    world_expect_unreadable(t.romeo, t.juliet, late, SOTTO_E_TOO_OLD);
    assert_int_equal(world_open(t.romeo, t.juliet, last, NULL).opened.outcome, SEAL_DUPLICATE);
    two_end(&t);
}

/* ---- C6 ---- */

static size_t records_with(const world_device *d, const uint8_t secret[32]) {
    sotto_bytes key = BYTES_NONE, value;
    size_t found = 0;
    for (bool beyond = false; bytes_map_from(&d->records, key, beyond, &key, &value); beyond = true)
        found += memmem(value.at, value.len, secret, 32) != NULL;
    return found;
}

/* T21: a key exchange that is not answered does not keep the signed prekey. */
static void test_C6_T21_signed_prekey_is_in_no_session(void **state) {
    (void)state;
    two t;
    omemo_own own;
    two_start(&t);
    assert_code(omemo_own_load(&t.romeo->env, &own), 0);
    world_read read = world_open(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "x"), &(world_origin){.stranger = true});
    assert_int_equal(read.opened.outcome, SEAL_OPENED);
    assert_int_equal(records_with(t.romeo, own.signed_pair.private_key.bytes), 1); /* where own keys are */
    for (int week = 0; week < 3; week++) world_wait(&t.w, OMEMO_PERIOD_MS + 1000);
    assert_int_equal(records_with(t.romeo, own.signed_pair.private_key.bytes), 0);
    /* The conversation goes on from there. */
    world_expect(t.juliet, t.romeo, world_say(t.romeo, JULIET, "who are you"), "who are you");
    world_expect(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "guess"), "guess");
    bytes_arena_clear(&t.romeo->arena);
    two_end(&t);
}

static void test_C6_old_ratchet_pair_goes_with_the_step(void **state) {
    (void)state;
    static const crypto_x25519_pair nothing = {.public_key.bytes = {0}};
    pairs p;
    pairs_talk(&p);
    for (int i = 0; i < 3; i++) {
        written message = pairs_say(&p, &p.alice, "x");
        pairs_hear(&p, &p.bob, &message, "x");
        if (p.bob.session.owes) assert_memory_equal(&p.bob.session.own, &nothing, sizeof nothing);
        message = pairs_say(&p, &p.bob, "x");
        pairs_hear(&p, &p.alice, &message, "x");
        assert_true(p.alice.session.owes);
        assert_memory_equal(&p.alice.session.own, &nothing, sizeof nothing);
    }
    pairs_end(&p);
}

/* ---- C7 ---- */

/* A key was allowed, and what was seen of it is gone: the message waits for it instead of leaving it out in silence. */
static void test_C7_allowed_key_that_cannot_be_served(void **state) {
    (void)state;
    two t;
    sotto_bytes sealed;
    two_start(&t);
    two_greet(&t);
    world_device *romeo2 = world_join(&t.w, ROMEO);
    world_go_online(romeo2, true);
    seal_promise promise = settled(t.juliet, ROMEO);
    assert_int_equal(promise.kind, SEAL_READY);
    assert_int_equal(promise.keys.count, 2);
    t.w.class->forget(t.juliet->self, BYTES_LITERAL(ROMEO)); /* as the engine may at any time */
    sotto_bytes before = world_records(t.juliet);
    const char *text = "<message to='" ROMEO "'><body>x</body></message>";
    assert_code(world_seal_for(t.juliet, text, &promise.keys, &sealed), SOTTO_E_AGAIN);
    assert_true(bytes_equal(before, world_records(t.juliet)));
    promise = world_promise(t.juliet, ROMEO);
    assert_int_equal(promise.kind, SEAL_ASKING);
    promise = settled(t.juliet, ROMEO);
    assert_code(world_seal_for(t.juliet, text, &promise.keys, &sealed), 0);
    world_expect(t.romeo, t.juliet, sealed, "x");
    world_expect(romeo2, t.juliet, sealed, "x");
    two_end(&t);
}

/* An offer that no session can be begun with becomes a problem of the device: asking again has an end. */
static void test_C7_bad_offer_is_a_problem_in_the_end(void **state) {
    (void)state;
    two t;
    sotto_bytes sealed;
    two_start(&t);
    two_greet(&t);
    world_device *romeo2 = world_join(&t.w, ROMEO);
    world_go_online(romeo2, true);
    uint32_t id = world_device_id(romeo2);
    seal_promise promise = settled(t.juliet, ROMEO);
    omemo_self *self = t.juliet->self;
    omemo_glimpse glimpse;
    assert_true(omemo_cache_glimpse(&self->cache, BYTES_LITERAL(ROMEO), &omemo_dialect_2, id, &glimpse));
    memset(glimpse.offer.prekey.bytes, 0, 32);
    assert_code(omemo_cache_put_glimpse(&self->cache, BYTES_LITERAL(ROMEO), &omemo_dialect_2, id, &glimpse), 0);
    const char *text = "<message to='" ROMEO "'><body>x</body></message>";
    assert_code(world_seal_for(t.juliet, text, &promise.keys, &sealed), SOTTO_E_AGAIN);
    promise = world_promise(t.juliet, ROMEO);
    assert_int_equal(promise.kind, SEAL_READY);
    for (size_t i = 0; i < promise.keys.count; i++)
        assert_code(promise.keys.at[i].problem, promise.keys.at[i].device == id ? SOTTO_E_BAD_KEY : 0);
    assert_code(world_seal(t.juliet, text, &sealed), 0);
    world_expect(t.romeo, t.juliet, sealed, "x");
    two_end(&t);
}

/* ---- C9, C10 ---- */

static void test_C10_only_messages_are_opened(void **state) {
    (void)state;
    two t;
    two_start(&t);
    two_greet(&t);
    sotto_bytes sealed = world_say(t.juliet, ROMEO, "x");
    static const char *const kinds[] = {"iq", "presence"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        sotto_bytes before = world_records(t.romeo);
        sotto_bytes other =
            world_replace(&t.w, sealed, "<message ", (const char *)world_text(&t.w, "<%s ", kinds[i]).at);
        other = world_replace(&t.w, other, "</message>", (const char *)world_text(&t.w, "</%s>", kinds[i]).at);
        seal_origin origin = {.from = BYTES_LITERAL(JULIET),
                              .from_full = BYTES_LITERAL(JULIET "/there"),
                              .to = BYTES_LITERAL(ROMEO),
                              .live = true,
                              .answerable = true,
                              .time_ms = t.w.now_ms};
        seal_opened opened = {.outcome = SEAL_OPENED};
        assert_code(t.w.class->unprotect(t.romeo->self, &t.romeo->env, world_parse(&t.w, other), &origin, &opened), 0);
        assert_int_equal(opened.outcome, SEAL_UNREADABLE);
        assert_code(opened.reason, SOTTO_E_MALFORMED);
        assert_true(bytes_equal(before, world_records(t.romeo)));
        bytes_arena_clear(&t.romeo->arena);
    }
    world_expect(t.romeo, t.juliet, sealed, "x");
    two_end(&t);
}

/* ---- C11 ---- */

/* Leaving does not need room for all the keys that contacts had us keep. */
static void test_C11_leaving_with_many_kept_keys(void **state) {
    (void)state;
    two t;
    uint8_t block[1029] = {1, 0xff, 0xff, 0xff, 0xff};
    two_start(&t);
    for (uint32_t i = 0; i < 2500; i++) {
        omemo_row row;
        assert_code(omemo_row_device(&row, BYTES_LITERAL(ROMEO), world_device_id(t.romeo), OMEMO_ROW_SKIPPED), 0);
        omemo_row_u32(&row, 1);
        omemo_row_u32(&row, i / 32);
        omemo_row_u32(&row, i % 32);
        assert_code(bytes_map_put(&t.juliet->records, omemo_row_key(&row), bytes_of(block, sizeof block)), 0);
    }
    bytes_arena_clear(&t.juliet->arena);
    bytes_arena_init(&t.juliet->arena, &t.w.host, 2u * 1024 * 1024);
    assert_code(world_input(t.juliet, &(seal_input){.kind = SEAL_INPUT_LEAVE}), 0);
    world_settle(&t.w);
    assert_int_equal(world_events(t.juliet, SOTTO_EVENT_LEFT), 1);
    assert_code(world_last_event(t.juliet, SOTTO_EVENT_LEFT)->reason, 0);
    assert_true(t.juliet->records.count < 5);
    two_end(&t);
}

int refusal_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_C3_identity_of_mixed_order),
        cmocka_unit_test(test_C4_too_late_is_not_read_before),
        cmocka_unit_test(test_C6_T21_signed_prekey_is_in_no_session),
        cmocka_unit_test(test_C6_old_ratchet_pair_goes_with_the_step),
        cmocka_unit_test(test_C7_allowed_key_that_cannot_be_served),
        cmocka_unit_test(test_C7_bad_offer_is_a_problem_in_the_end),
        cmocka_unit_test(test_C10_only_messages_are_opened),
        cmocka_unit_test(test_C11_leaving_with_many_kept_keys),
    };
    return cmocka_run_group_tests_name("refusals", tests, NULL, NULL);
}
