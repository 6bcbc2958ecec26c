/* SPDX-License-Identifier: ISC
 *
 * The end of a session as somebody says it who does not keep the rules; and presence that came inside. */
#include "life.h"

#include "engine/record.h"

static const char body[] = "<message type='chat'><body>x</body></message>";

static live_message close_of(uint8_t epoch, uint64_t number) {
    live_message close = {.kind = LIVE_CLOSE, .type = LIVE_CLOSE_ENDED, .number = number};
    if (number > 0) memset(close.epoch, epoch, sizeof close.epoch);
    return close;
}

static void test_a_close_says_what_is_missing(void **state) {
    rogue *r = *state;
    rogue_open(r);
    live_message data = rogue_data(1, 3, body), close = close_of(1, 3), have;
    life_send(r, &data);
    rogue_write(r, &close);
    rogue_send(r);
    assert_string_equal(r->answered, "result");
    assert_false(life_told(r, "cut-short"));
    assert_int_equal(rogue_inside(r)->session_count, 0);
    assert_true(life_next(r, LIVE_HAVE, &have));
    assert_int_equal(have.number, 3);
}

static void test_what_came_with_it_is_acknowledged(void **state) {
    rogue *r = *state;
    rogue_open(r);
    live_message data = rogue_data(1, 1, body), close = close_of(1, 5), have;
    rogue_write(r, &data);
    rogue_write(r, &close);
    live_message late = rogue_data(1, 2, body);
    rogue_write(r, &late); /* behind its end nothing counts */
    rogue_send(r);
    assert_string_equal(r->answered, "result");
    assert_true(life_told(r, "<body>x</body>"));
    assert_true(life_told(r, "cut-short 0 ok"));
    const char *first = strstr(r->told, "<body>");
    assert_null(strstr(first + 1, "<body>"));
    assert_true(life_next(r, LIVE_HAVE, &have));
    assert_int_equal(have.number, 1);
    assert_int_equal(rogue_inside(r)->session_count, 0);
}

/* An epoch she never heard of, and the largest number there is. */
static void test_a_close_of_anything(void **state) {
    rogue *r = *state;
    rogue_open(r);
    live_message close = close_of(9, UINT64_MAX);
    close.type = 200; /* a reason of a later version */
    life_send(r, &close);
    assert_true(life_told(r, "cut-short 0 ok"));
    assert_int_equal(rogue_inside(r)->session_count, 0);
}

/* She says it last: what still comes is not handed on, and only acknowledgements count. */
static void test_nothing_is_read_behind_her_own(void **state) {
    rogue *r = *state;
    live_message close, data = rogue_data(1, 1, body);
    rogue_says(r, "come");
    rogue_answer(r, NULL);
    rogue_read_proof(r);
    rogue_step(r, (sotto_input){.kind = SOTTO_INPUT_ENDING});
    assert_true(life_next(r, LIVE_CLOSE, &close));
    assert_int_equal(close.type, LIVE_CLOSE_ENDED);
    assert_int_equal(close.number, 1);
    live_message have = {.kind = LIVE_HAVE, .number = 1};
    memcpy(have.epoch, close.epoch, sizeof have.epoch);
    rogue_write(r, &data);
    rogue_write(r, &have);
    rogue_send(r);
    assert_false(life_told(r, "<body>x</body>"));
    assert_true(life_told(r, "delivered"));
    rogue_pass(r, LIVE_CLOSING_MS);
    assert_int_equal(rogue_inside(r)->session_count, 0); /* it does not wait for ever */
}

/* ---- presence ---- */

static sotto_bytes record_of(const char *full, uint8_t *room, size_t size) {
    bytes_buffer out;
    sotto_bytes ret;
    bytes_buffer_borrowed(&out, room, size);
    bytes_buffer_text(&out, "Slive");
    bytes_buffer_u8(&out, 0);
    bytes_buffer_text(&out, "P");
    bytes_buffer_text(&out, full);
    assert_ok(bytes_buffer_end(&out, &ret));
    return ret;
}

static void come(rogue *r, size_t others) {
    uint8_t room[256];
    const uint8_t value[33] = {1};
    for (size_t i = 0; i < others; i++) {
        char full[64];
        snprintf(full, sizeof full, "p%u@verona.example/x", (unsigned)i);
        assert_ok(engine_record_put(r->engine, record_of(full, room, sizeof room), bytes_of(value, sizeof value)));
    }
    rogue_open(r);
    live_message data = rogue_data(1, 1, "<presence><status>here</status></presence>");
    life_send(r, &data);
    assert_true(life_told(r, "here"));
}

static void test_presence_ends_with_a_close(void **state) {
    rogue *r = *state;
    live_message close = close_of(1, 1);
    come(r, 0);
    life_send(r, &close);
    assert_true(life_told(r, "<presence from='" ORCHARD "' to='" BALCONY "' type='unavailable'/>"));
}

/* limit: SOTTO_LIVE_PRESENCES_MAX */
static void test_only_so_many_presences_are_kept(void **state) {
    rogue *r = *state;
    uint8_t room[256];
    sotto_bytes value;
    come(r, SOTTO_LIVE_PRESENCES_MAX);
    assert_status(engine_record_get(r->engine, record_of(ORCHARD, room, sizeof room), &value), NOT_FOUND);
}

static void test_as_many_as_may_be_are_kept(void **state) {
    rogue *r = *state;
    uint8_t room[256];
    sotto_bytes value;
    come(r, SOTTO_LIVE_PRESENCES_MAX - 1);
    assert_ok(engine_record_get(r->engine, record_of(ORCHARD, room, sizeof room), &value));
}

/* ---- short of memory ---- */

static bool starve_close(rogue *r, size_t n) {
    live_message close = close_of(1, 4);
    come(r, 0);
    rogue_write(r, &close);
    static char iq[8192];
    live_frame f = {.number = r->sent++, .records = rogue_records(r)};
    bytes_buffer out;
    memcpy(f.session, r->session, LIVE_ID_BYTES);
    memset(iq, 0, sizeof iq);
    bytes_buffer_borrowed(&out, iq, sizeof iq - 1);
    bytes_buffer_text(&out, "<iq type='set' id='c' from='" ORCHARD "' to='" BALCONY "'>");
    live_frame_write(&out, &f);
    bytes_buffer_text(&out, "</iq>");
    sotto_input input = {.kind = SOTTO_INPUT_STANZA, .stanza = bytes_text(iq)};
    r->host.fail_at = r->host.allocations + n;
    sotto_status status = sotto_engine_step(r->engine, &input, r->now_ms);
    r->host.fail_at = 0;
    rogue_step(r, (sotto_input){.kind = SOTTO_INPUT_TIMER});
    assert_int_equal(rogue_inside(r)->session_count, 0);
    if (sotto_ok(status)) {
        assert_true(life_told(r, "cut-short") && life_told(r, "unavailable"));
        return true;
    }
    assert_int_equal(status.code, SOTTO_E_NO_MEMORY);
    assert_false(life_told(r, "cut-short") || life_told(r, "unavailable"));
    rogue_stanza(r, "<presence from='" ORCHARD "' type='unavailable'/>"); /* it is not forgotten */
    assert_true(life_told(r, "type='unavailable'/>"));
    return false;
}

static void test_short_of_memory(void **state) {
    (void)state;
    bool fed = false;
    for (size_t n = 1; !fed; n++) {
        void *one;
        (void)rogue_setup(&one);
        fed = starve_close(one, n);
        (void)rogue_teardown(&one);
        assert_true(n < 500);
    }
}

#define WITH_ROGUE(f) cmocka_unit_test_setup_teardown(f, rogue_setup, rogue_teardown)
const struct CMUnitTest close_tests[] = {
    WITH_ROGUE(test_a_close_says_what_is_missing), WITH_ROGUE(test_what_came_with_it_is_acknowledged),
    WITH_ROGUE(test_a_close_of_anything),          WITH_ROGUE(test_nothing_is_read_behind_her_own),
    WITH_ROGUE(test_presence_ends_with_a_close),   WITH_ROGUE(test_only_so_many_presences_are_kept),
    WITH_ROGUE(test_as_many_as_may_be_are_kept),   cmocka_unit_test(test_short_of_memory),
};
const size_t close_count = sizeof close_tests / sizeof close_tests[0];
