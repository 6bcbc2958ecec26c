/* SPDX-License-Identifier: ISC
 *
 * Somebody at the other end of a session who does not know the word, or does not keep the order: one guess for each
 * time a person types, counted before it can be checked, and nothing is ever verified by it. */
#include "life.h"

#include "seal/live/block.h"

#define WORD "midnight at the orchard wall"

/* What she sends is received: she waits for no more than a few answers. */
static void types(rogue *r, bool again) {
    char told[sizeof r->told], iq[256];
    rogue_step(r, (sotto_input){.kind = SOTTO_INPUT_PASSWORD,
                                .jid = BYTES_LITERAL(ROMEO),
                                .bytes = BYTES_LITERAL(WORD),
                                .again = again});
    memcpy(told, r->told, sizeof told);
    snprintf(iq, sizeof iq, "<iq type='result' id='%s' from='" ORCHARD "' to='" BALCONY "'/>", r->last_id);
    rogue_stanza(r, iq);
    memcpy(r->told, told, sizeof told);
}

/* ---- the rogue's side of CPace ---- */

typedef struct side {
    crypto_cpace_run run;
    crypto_cpace_claim claim;
    crypto_cpace_tag tag;
} side;

static void side_begin(rogue *r, side *s, const char *word) {
    uint8_t sid[32], room[512];
    bytes_buffer out;
    sotto_bytes channel;
    assert_ok(tls_engine_export(r->tls, "EXPORTER-sotto-live-password", sid));
    bytes_buffer_borrowed(&out, room, sizeof room);
    bytes_buffer_text(&out, "sotto live password 0");
    live_block_put(&out, r->initiator ? BYTES_LITERAL(ROMEO) : BYTES_LITERAL(JULIET));
    live_block_put(&out, r->initiator ? BYTES_LITERAL(JULIET) : BYTES_LITERAL(ROMEO));
    assert_ok(bytes_buffer_end(&out, &channel));
    crypto_cpace_input input = {.password = bytes_text(word), .sid = bytes_of(sid, 32), .channel = channel};
    assert_ok(crypto_cpace_begin(&s->run, &input, &r->host.host));
}

static sotto_bytes party(uint8_t *room, size_t size, const char *role, const uint8_t *key, const char *full) {
    bytes_buffer out;
    sotto_bytes ret;
    bytes_buffer_borrowed(&out, room, size);
    live_block_put(&out, bytes_text(role));
    live_block_put(&out, bytes_of(key, 32));
    live_block_put(&out, bytes_text(full));
    assert_ok(bytes_buffer_end(&out, &ret));
    return ret;
}

static void side_finish(rogue *r, side *s, const uint8_t theirs[32]) {
    uint8_t own_room[512], her_room[512];
    const uint8_t *her = rogue_inside(r)->identity.ed25519.bytes;
    sotto_bytes own = party(own_room, sizeof own_room, r->initiator ? "I" : "R", r->identity.ed25519.bytes, ORCHARD);
    sotto_bytes hers = party(her_room, sizeof her_room, r->initiator ? "R" : "I", her, BALCONY);
    crypto_cpace_share share;
    memcpy(share.bytes, theirs, 32);
    assert_ok(crypto_cpace_finish(&s->claim, &s->tag, &s->run,
                                  r->initiator ? CRYPTO_CPACE_INITIATOR : CRYPTO_CPACE_RESPONDER, own, &share, hers));
}

static void says(rogue *r, live_password_step step, const void *body, size_t len) {
    live_message message = {.kind = LIVE_PASSWORD, .type = (uint8_t)step, .body = bytes_of(body, len)};
    life_send(r, &message);
}

static live_message hears(rogue *r, live_password_step step) {
    live_message got;
    assert_true(life_next(r, LIVE_PASSWORD, &got));
    assert_int_equal(got.type, step);
    return got;
}

/* ---- by the rules ---- */

static void answer_with(rogue *r, const char *word) {
    side s;
    uint8_t body[96];
    live_message offer = hears(r, LIVE_PASSWORD_OFFER);
    side_begin(r, &s, word);
    memcpy(body, s.run.share.bytes, 32);
    side_finish(r, &s, offer.body.at);
    memcpy(body + 32, s.tag.bytes, 64);
    says(r, LIVE_PASSWORD_ANSWER, body, sizeof body);
    crypto_cpace_claim_wipe(&s.claim);
}

static void test_she_begins_and_the_word_is_right(void **state) {
    rogue *r = *state;
    life_open(r, true);
    types(r, false);
    answer_with(r, WORD);
    hears(r, LIVE_PASSWORD_CONFIRM);
    assert_false(life_told(r, "password"));
    assert_int_equal(life_trust(r), SOTTO_TRUST_BLIND); /* not before he has said so, too */
    says(r, LIVE_PASSWORD_CONFIRMED, NULL, 0);
    assert_true(life_told(r, "password 0 ok"));
    assert_int_equal(life_trust(r), SOTTO_TRUST_VERIFIED);
}

static void test_she_begins_and_the_word_is_wrong(void **state) {
    rogue *r = *state;
    life_open(r, true);
    types(r, false);
    answer_with(r, "noon");
    hears(r, LIVE_PASSWORD_NO); /* her tag never leaves */
    assert_true(life_told(r, "password 0 bad-mac"));
    assert_int_equal(life_trust(r), SOTTO_TRUST_BLIND);
    says(r, LIVE_PASSWORD_CONFIRMED, NULL, 0); /* it is over: nothing comes of that */
    assert_false(life_told(r, "password"));
    assert_int_equal(life_trust(r), SOTTO_TRUST_BLIND);
}

/* Her tag is what a guess can be checked on: it counts as one as soon as it leaves, also when he says nothing to it and
 * begins anew each time. */
static void test_a_tag_that_is_taken_and_not_answered_is_a_guess(void **state) {
    rogue *r = *state;
    side s;
    life_open(r, false);
    for (unsigned i = 0; i < SOTTO_LIVE_GUESSES_MAX; i++) {
        side_begin(r, &s, "noon");
        says(r, LIVE_PASSWORD_OFFER, s.run.share.bytes, 32);
        assert_true(life_told(r, "password 0 ok")); /* she is asked */
        types(r, false);
        hears(r, LIVE_PASSWORD_ANSWER);
    }
    side_begin(r, &s, "noon");
    says(r, LIVE_PASSWORD_OFFER, s.run.share.bytes, 32);
    types(r, false);
    assert_true(life_told(r, "password 0 guessed-out"));
    live_message got;
    assert_false(life_next(r, LIVE_PASSWORD, &got));
    types(r, true);
    hears(r, LIVE_PASSWORD_ANSWER);
    crypto_cpace_run_wipe(&s.run);
}

/* ---- against them ---- */

static void expect_end(bool juliet_begins, live_password_step step, size_t len, bool typed) {
    static const uint8_t bytes[96] = {1, 2, 3};
    void *state;
    (void)rogue_setup(&state);
    life_open(state, juliet_begins);
    if (typed) types(state, false);
    says(state, step, bytes, len);
    assert_int_equal(life_sessions(state), 0);
    assert_int_equal(life_trust(state), SOTTO_TRUST_BLIND);
    (void)rogue_teardown(&state);
}

static void test_steps_out_of_order_end_the_session(void **state) {
    (void)state;
    /* The rogue is the initiator: it may offer and confirm. */
    expect_end(false, LIVE_PASSWORD_ANSWER, 96, false);
    expect_end(false, LIVE_PASSWORD_ANSWER, 96, true);
    expect_end(false, LIVE_PASSWORD_CONFIRMED, 0, false);
    expect_end(false, LIVE_PASSWORD_CONFIRMED, 0, true);
    expect_end(false, LIVE_PASSWORD_OFFER, 0, false); /* without its share */
    expect_end(false, LIVE_PASSWORD_CONFIRM, 64, true);
    /* The responder: answer and say that it is confirmed. */
    expect_end(true, LIVE_PASSWORD_OFFER, 32, false); /* it has no share to show yet */
    expect_end(true, LIVE_PASSWORD_CONFIRM, 64, false);
    expect_end(true, LIVE_PASSWORD_CONFIRM, 64, true);
    expect_end(true, LIVE_PASSWORD_CONFIRMED, 0, true); /* nothing was answered */
}

/* limit: SOTTO_LIVE_GUESSES_MAX */
static void test_shares_that_are_none_are_guesses(void **state) {
    rogue *r = *state;
    static const uint8_t none[96] = {0};
    live_message offer;
    life_open(r, true);
    types(r, false);
    offer = hears(r, LIVE_PASSWORD_OFFER);
    says(r, LIVE_PASSWORD_ANSWER, none, 96); /* the neutral element: whoever takes it has a key all know */
    assert_true(life_told(r, "password 0 bad-mac"));
    hears(r, LIVE_PASSWORD_NO);
    types(r, false);
    offer = hears(r, LIVE_PASSWORD_OFFER);
    uint8_t mirrored[96] = {0};
    memcpy(mirrored, offer.body.at, 32);
    says(r, LIVE_PASSWORD_ANSWER, mirrored, 96); /* her own comes back */
    assert_true(life_told(r, "password 0 bad-mac"));
    hears(r, LIVE_PASSWORD_NO);
    for (unsigned i = 2; i < SOTTO_LIVE_GUESSES_MAX; i++) {
        types(r, false);
        hears(r, LIVE_PASSWORD_OFFER);
        says(r, LIVE_PASSWORD_ANSWER, none, 96);
        hears(r, LIVE_PASSWORD_NO);
    }
    types(r, false);
    assert_true(life_told(r, "password 0 guessed-out"));
    assert_int_equal(life_trust(r), SOTTO_TRUST_BLIND);
}

/* He begins a second run while the first one is compared: the first guess stays counted, and there is no second one
 * without her typing again. */
static void test_a_second_offer_is_no_second_guess(void **state) {
    rogue *r = *state;
    side one, two;
    live_message got;
    life_open(r, false);
    side_begin(r, &one, "noon");
    side_begin(r, &two, "one o'clock");
    says(r, LIVE_PASSWORD_OFFER, one.run.share.bytes, 32);
    types(r, false);
    hears(r, LIVE_PASSWORD_ANSWER);
    says(r, LIVE_PASSWORD_OFFER, two.run.share.bytes, 32);
    assert_true(life_told(r, "password 0 cancelled"));
    assert_true(life_told(r, "password 0 ok")); /* she is asked again */
    assert_false(life_next(r, LIVE_PASSWORD, &got));
    says(r, LIVE_PASSWORD_OFFER, one.run.share.bytes, 32);
    assert_string_equal(r->told, ""); /* once, however often he offers */
    types(r, false);
    hears(r, LIVE_PASSWORD_ANSWER); /* to the last one */
    assert_int_equal(life_sessions(r), 1);
    crypto_cpace_run_wipe(&one.run);
    crypto_cpace_run_wipe(&two.run);
}

/* ---- short of memory or randomness ---- */

static bool starve_word(rogue *r, bool memory, size_t n) {
    side s;
    life_open(r, false);
    side_begin(r, &s, WORD);
    says(r, LIVE_PASSWORD_OFFER, s.run.share.bytes, 32);
    sotto_input input = {
        .kind = SOTTO_INPUT_PASSWORD, .jid = BYTES_LITERAL(ROMEO), .bytes = BYTES_LITERAL(WORD), .again = true};
    if (memory)
        r->host.fail_at = r->host.allocations + n;
    else
        r->host.random_fail_at = r->host.random_calls + n;
    sotto_status status = sotto_engine_step(r->engine, &input, r->now_ms);
    r->host.fail_at = r->host.random_fail_at = 0;
    crypto_cpace_run_wipe(&s.run);
    rogue_step(r, (sotto_input){.kind = SOTTO_INPUT_TIMER});
    if (sotto_ok(status)) return true;
    assert_int_equal(status.code, memory ? SOTTO_E_NO_MEMORY : SOTTO_E_NO_RANDOM);
    assert_int_equal(life_sessions(r), 0); /* it went with the step, and the word with it */
    return false;
}

static void starve_everywhere(bool memory) {
    bool fed = false;
    for (size_t n = 1; !fed; n++) {
        void *state;
        (void)rogue_setup(&state);
        fed = starve_word(state, memory, n);
        (void)rogue_teardown(&state);
        assert_true(n < 500);
    }
}

static void test_short_of_everything(void **state) {
    (void)state;
    starve_everywhere(true);
    starve_everywhere(false);
}

#define WITH_ROGUE(f) cmocka_unit_test_setup_teardown(f, rogue_setup, rogue_teardown)
const struct CMUnitTest word_tests[] = {
    WITH_ROGUE(test_she_begins_and_the_word_is_right),
    WITH_ROGUE(test_she_begins_and_the_word_is_wrong),
    WITH_ROGUE(test_a_tag_that_is_taken_and_not_answered_is_a_guess),
    cmocka_unit_test(test_steps_out_of_order_end_the_session),
    WITH_ROGUE(test_shares_that_are_none_are_guesses),
    WITH_ROGUE(test_a_second_offer_is_no_second_guess),
    cmocka_unit_test(test_short_of_everything),
};
const size_t word_count = sizeof word_tests / sizeof word_tests[0];
