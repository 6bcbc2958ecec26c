/* SPDX-License-Identifier: ISC
 *
 * Commit before release, the outbox, failed commits, restarts at every point. */
#include "engine_rig.h"

#include "engine/record.h"

#define ROMEO "romeo@montague.example"
#define HELLO "<message to='" ROMEO "' type='chat'><body>hello</body></message>"
#define CLEAR "<message from='" ROMEO "/x'><body>in the clear</body></message>"

static void ready(engine_rig *r) {
    the_script.promise = SEAL_READY;
    script_key(0, ROMEO, 11, 0x11);
    go_online(r, false);
}

static void test_nothing_leaves_before_its_commit(void **state) {
    engine_rig *r = *state;
    ready(r);
    step(r, send_input(1, HELLO));
    sotto_output out;
    assert_false(sotto_engine_next(r->engine, &out));
    commit(r);
    assert_true(sotto_engine_next(r->engine, &out));
}

static void test_a_full_disk_undoes_everything_and_later_works(void **state) {
    engine_rig *r = *state;
    ready(r);
    commit(r);
    step(r, send_input(1, HELLO));
    step(r, stanza_input(CLEAR));
    r->store.write_fails = SOTTO_FAIL(STORE_FULL);
    assert_status(sotto_engine_commit(r->engine), STORE_FULL);
    assert_int_equal(the_script.closes, 1);
    r->store.write_fails = SOTTO_OK;
    sotto_output out;
    assert_false(sotto_engine_next(r->engine, &out));
    /* The same again: the ticket is free, the stanza comes from the server once more. */
    go_online(r, true);
    assert_int_equal(the_script.opens, 2);
    assert_true(the_script.fresh);
    step(r, send_input(1, HELLO));
    step(r, stanza_input(CLEAR));
    const char *text = outputs(r, true);
    assert_contains(text, "stanza script 1");
    assert_contains(text, "deliver clear");
}

static void test_outputs_come_again_with_the_same_number_and_bytes(void **state) {
    engine_rig *r = *state;
    ready(r);
    step(r, send_input(1, HELLO));
    step(r, stanza_input(CLEAR));
    commit(r);
    sotto_output first[8], out;
    char bytes[8][256];
    size_t count = 0;
    while (sotto_engine_next(r->engine, &out)) {
        first[count] = out;
        sotto_bytes b = out.kind == SOTTO_OUTPUT_DELIVER ? out.delivery.stanza : out.stanza;
        snprintf(bytes[count++], 256, "%.*s", (int)b.len, (const char *)b.at);
    }
    assert_int_equal(count, 4); /* and what is doubtful about a text in the clear */
    engine_reopen(r);
    go_online(r, false);
    commit(r);
    for (size_t i = 0; i < count; i++) {
        assert_true(sotto_engine_next(r->engine, &out));
        sotto_bytes b = out.kind == SOTTO_OUTPUT_DELIVER ? out.delivery.stanza : out.stanza;
        assert_true(out.seq == first[i].seq && out.kind == first[i].kind);
        assert_true(bytes_is(b, bytes[i]));
        assert_ok(sotto_engine_done(r->engine, out.seq));
        assert_status(sotto_engine_done(r->engine, out.seq), NOT_FOUND);
    }
    commit(r);
    engine_reopen(r);
    go_online(r, false);
    assert_outputs(r, "");
}

static void test_done_is_staged_until_the_commit(void **state) {
    engine_rig *r = *state;
    step(r, stanza_input(CLEAR));
    commit(r);
    sotto_output out;
    assert_true(sotto_engine_next(r->engine, &out));
    assert_ok(sotto_engine_done(r->engine, out.seq));
    engine_reopen(r); /* without a commit */
    commit(r);
    assert_true(sotto_engine_next(r->engine, &out));
    assert_ok(sotto_engine_done(r->engine, out.seq));
    r->store.write_fails = SOTTO_FAIL(STORE_FAILED);
    assert_status(sotto_engine_commit(r->engine), STORE_FAILED);
    r->store.write_fails = SOTTO_OK;
    commit(r); /* what was done stays done */
    engine_reopen(r);
    assert_outputs(r, "");
}

/* T18: seals are told once that the store was copied back, until what they made of it is written; and no number of an
 * output that a host may have seen after the copy was made is given again. */
static void test_T18_a_store_copied_back(void **state) {
    engine_rig *r = *state;
    step(r, stanza_input(CLEAR));
    outputs(r, true);
    uint64_t last = r->last_seq;
    assert_false(the_script.set_back);
    r->store.base.setbacks = 3;
    sotto_engine_close(r->engine);
    r->engine = NULL;
    r->store.write_fails = SOTTO_FAIL(STORE_FULL);
    assert_status(sotto_engine_open(&r->engine, &r->config, r->now_ms), STORE_FULL);
    assert_true(the_script.set_back);
    r->store.write_fails = SOTTO_OK;
    the_script.set_back = false;
    assert_ok(sotto_engine_open(&r->engine, &r->config, r->now_ms));
    assert_true(the_script.set_back); /* nothing had come of it */
    engine_reopen(r);
    assert_false(the_script.set_back);
    step(r, stanza_input(CLEAR));
    outputs(r, true);
    assert_true(r->last_seq > last + (UINT64_C(1) << 31));
    r->store.base.setbacks = 4;
    engine_reopen(r);
    assert_true(the_script.set_back);
}

static void test_numbers_are_never_used_twice(void **state) {
    engine_rig *r = *state;
    uint64_t last = 0;
    for (int i = 0; i < 5; i++) {
        step(r, stanza_input(CLEAR));
        outputs(r, true);
        assert_true(r->last_seq > last);
        last = r->last_seq;
        commit(r); /* now the outbox is empty: only the reserved number remembers */
        engine_reopen(r);
    }
}

static void test_stanzas_wait_for_the_stream_and_sessions_end(void **state) {
    engine_rig *r = *state;
    the_script.promise = SEAL_READY;
    script_key(0, ROMEO, 11, 0x11);
    step(r, send_input(1, HELLO));
    step(r, send_input(2, "<presence/>"));
    assert_outputs(r, "event held 1 " ROMEO " offline\n");
    go_online(r, false);
    /* The presence was for a stream that never was: whoever sent it is told. */
    const char *text = outputs(r, false);
    assert_contains(text, "event refused 2  offline");
    assert_contains(text, "stanza script 1");
    assert_lacks(text, "<presence/>");
    step(r, (sotto_input){.kind = SOTTO_INPUT_OFFLINE});
    go_online(r, true);
    assert_contains(outputs(r, false), "stanza script 1");
    step(r, send_input(3, "<presence/>"));
    assert_contains(outputs(r, false), "stanza clear 3 <presence/>");
    step(r, (sotto_input){.kind = SOTTO_INPUT_OFFLINE});
    go_online(r, true); /* resumed: it was not acknowledged, so it goes again */
    assert_contains(outputs(r, false), "stanza clear 3 <presence/>");
    step(r, (sotto_input){.kind = SOTTO_INPUT_OFFLINE});
    go_online(r, false); /* a new stream: not */
    text = outputs(r, false);
    assert_lacks(text, "<presence/>");
    assert_contains(text, "event refused 3  offline");
}

static void test_a_server_that_acknowledges_more_than_was_sent_is_not_believed(void **state) {
    engine_rig *r = *state;
    ready(r);
    step(r, send_input(1, HELLO));
    outputs(r, false);
    sotto_input online = {.kind = SOTTO_INPUT_ONLINE,
                          .jid = BYTES_LITERAL("juliet@capulet.example/balcony"),
                          .resumed = true,
                          .acked = 2};
    assert_status(try_step(r, online), BAD_SERVER);
    online.acked = 1;
    step(r, online);
    assert_lacks(outputs(r, false), "stanza script 1");
}

static void test_acknowledgements_are_counts(void **state) {
    engine_rig *r = *state;
    ready(r);
    for (uint64_t i = 1; i <= 3; i++) step(r, send_input(i, HELLO));
    commit(r);
    assert_status(sotto_engine_acked(r->engine, 1), BAD_SERVER); /* nothing was handed out yet */
    outputs(r, false);
    assert_status(sotto_engine_acked(r->engine, 4), BAD_SERVER);
    assert_ok(sotto_engine_acked(r->engine, 2));
    commit(r);
    engine_reopen(r);
    go_online(r, false);
    const char *text = outputs(r, false);
    assert_lacks(text, "stanza script 1");
    assert_lacks(text, "stanza script 2");
    assert_contains(text, "stanza script 3");
}

static void test_tickets_are_fresh(void **state) {
    engine_rig *r = *state;
    uint64_t one = 0, other = 0;
    assert_ok(sotto_engine_ticket(r->engine, &one));
    assert_ok(sotto_engine_ticket(r->engine, &other));
    assert_true(one != 0 && other != 0 && one != other && (one | other) >> 63 == 0);
    r->host.random_fail_at = 1;
    assert_status(sotto_engine_ticket(r->engine, &one), NO_RANDOM);
    assert_true(one != 0);
}

static void test_names_cover_every_kind(void **state) {
    (void)state;
    for (int kind = SOTTO_EVENT_HELD; kind <= SOTTO_EVENT_REDUCED; kind++)
        assert_string_not_equal(sotto_event_name((sotto_event_kind)kind), "unknown");
    assert_string_equal(sotto_event_name((sotto_event_kind)255), "unknown");
    assert_string_equal(sotto_event_name(SOTTO_EVENT_LEFT), "left");
    assert_string_equal(sotto_trust_name(SOTTO_TRUST_VERIFIED), "verified");
}

typedef struct big_scan {
    sotto_engine *engine;
    unsigned seen;
    bool right;
} big_scan;

static sotto_status visit_big(void *arg, sotto_bytes key, sotto_bytes value) {
    big_scan *scan = arg;
    unsigned number = key.at[3];
    scan->right = scan->right && value.len == 65536 && value.at[0] == number && value.at[65535] == number;
    scan->seen++;
    /* The one after the next is deleted meanwhile: it is not visited any more. */
    uint8_t later[4] = {'S', 't', 0, (uint8_t)(number + 2)};
    return number == 100 ? engine_record_put(scan->engine, bytes_of(later, 4), BYTES_NONE) : SOTTO_OK;
}

/* More than any call's memory would hold twice, half of it staged, and changed by the visitor. */
static void test_large_scans(void **state) {
    engine_rig *r = *state;
    static uint8_t value[65536];
    for (unsigned i = 0; i < 200; i++) {
        uint8_t key[4] = {'S', 't', 0, (uint8_t)i};
        memset(value, (int)i, sizeof value);
        assert_ok(engine_record_put(r->engine, bytes_of(key, 4), bytes_of(value, sizeof value)));
        if (i == 120) commit(r);
    }
    big_scan scan = {.engine = r->engine, .right = true};
    assert_ok(engine_record_scan(r->engine, bytes_of("St\0", 3), visit_big, &scan));
    assert_int_equal(scan.seen, 199);
    assert_true(scan.right);
}

static void test_many_steps_are_one_transaction(void **state) {
    engine_rig *r = *state;
    ready(r);
    commit(r);
    size_t before = r->store.writes;
    for (uint64_t i = 1; i <= 50; i++) step(r, send_input(i, HELLO));
    commit(r);
    assert_int_equal(r->store.writes, before + 1);
    commit(r); /* nothing to write: no transaction */
    assert_int_equal(r->store.writes, before + 1);
}

/* limit: SOTTO_OUTBOX_ROWS_MAX, SOTTO_OUTBOX_RESERVE */
static void test_the_outbox_has_a_limit(void **state) {
    engine_rig *r = *state;
    for (unsigned i = 0; i < SOTTO_OUTBOX_ROWS_MAX - SOTTO_OUTBOX_RESERVE; i++) step(r, stanza_input(CLEAR));
    assert_status(try_step(r, stanza_input(CLEAR)), OUTBOX_FULL);
    commit(r);
    /* What a stream needs to begin still has its place. */
    go_online(r, false);
    step(r, send_input(1, "<presence/>"));
    commit(r);
    sotto_output out;
    assert_true(sotto_engine_next(r->engine, &out));
    assert_ok(sotto_engine_done(r->engine, out.seq));
    for (unsigned i = 0; i < 3; i++) { /* room for the message, beside the presence */
        assert_true(sotto_engine_next(r->engine, &out));
        assert_ok(sotto_engine_done(r->engine, out.seq));
    }
    commit(r);
    step(r, stanza_input(CLEAR));
    step(r, stanza_input(CLEAR));
    step(r, stanza_input(CLEAR));
    assert_status(try_step(r, stanza_input(CLEAR)), OUTBOX_FULL);
}

static void test_what_is_rejected_is_told_also_after_a_failed_commit(void **state) {
    engine_rig *r = *state;
    ready(r);
    step(r, send_input(1, HELLO));
    commit(r);
    sotto_output out;
    uint64_t seq = 0;
    while (sotto_engine_next(r->engine, &out)) {
        if (out.kind == SOTTO_OUTPUT_STANZA)
            seq = out.seq;
        else
            assert_ok(sotto_engine_done(r->engine, out.seq));
    }
    assert_status(sotto_engine_reject(r->engine, seq + 100, SOTTO_FAIL(STREAM_ERROR)), NOT_FOUND);
    assert_ok(sotto_engine_reject(r->engine, seq, SOTTO_FAIL(STREAM_ERROR)));
    r->store.write_fails = SOTTO_FAIL(STORE_FULL);
    assert_status(sotto_engine_commit(r->engine), STORE_FULL);
    r->store.write_fails = SOTTO_OK;
    assert_ok(sotto_engine_reject(r->engine, seq, SOTTO_FAIL(STREAM_ERROR))); /* it is there again */
    assert_outputs(r, "event refused 1 " ROMEO " stream-error\n");
    go_online(r, false);
    assert_outputs(r, "");
}

static void test_notes_are_part_of_the_transaction(void **state) {
    engine_rig *r = *state;
    sotto_bytes value;
    assert_ok(sotto_engine_note(r->engine, BYTES_LITERAL("handled"), BYTES_LITERAL("7")));
    assert_ok(sotto_engine_noted(r->engine, BYTES_LITERAL("handled"), &value));
    assert_true(bytes_is(value, "7"));
    engine_reopen(r);
    assert_status(sotto_engine_noted(r->engine, BYTES_LITERAL("handled"), &value), NOT_FOUND);
    assert_ok(sotto_engine_note(r->engine, BYTES_LITERAL("handled"), BYTES_LITERAL("8")));
    commit(r);
    engine_reopen(r);
    assert_ok(sotto_engine_noted(r->engine, BYTES_LITERAL("handled"), &value));
    assert_true(bytes_is(value, "8"));
    char long_name[65];
    memset(long_name, 'x', sizeof long_name);
    assert_status(sotto_engine_note(r->engine, bytes_of(long_name, 65), BYTES_NONE), USAGE);
    assert_status(sotto_engine_note(r->engine, BYTES_NONE, BYTES_NONE), USAGE);
}

static void test_opening_refuses_what_is_wrong(void **state) {
    engine_rig *r = *state;
    sotto_engine *engine = NULL;
    sotto_engine_config config = r->config;
    config.account = BYTES_LITERAL("capulet.example");
    assert_status(sotto_engine_open(&engine, &config, 1), BAD_JID);
    config = r->config;
    config.least_strength = 2;
    assert_status(sotto_engine_open(&engine, &config, 1), USAGE);
    static const sotto_seal *none[] = {NULL};
    config = r->config;
    config.seals = none;
    assert_status(sotto_engine_open(&engine, &config, 1), USAGE);
    assert_null(engine);
}

/* rot13 passes only where the configuration allows strength zero. */
static void test_rot13_needs_a_lowered_bar(void **state) {
    engine_rig *r = *state;
    const sotto_seal *seals[] = {sotto_seal_rot13(), NULL};
    sotto_engine_config config = r->config;
    config.seals = seals;
    sotto_engine *engine = NULL;
    assert_status(sotto_engine_open(&engine, &config, 1), USAGE);
    assert_null(engine);
}

/* The n-th allocation of a step fails, for every n: the step says so, nothing changed, and the same step then works. */
static void test_every_failed_allocation_leaves_everything_as_it_was(void **state) {
    engine_rig *r = *state;
    ready(r);
    outputs(r, true);
    size_t n = 1;
    for (;; n++) {
        assert_true(n < 2000);
        r->host.fail_at = r->host.allocations + n;
        sotto_status status = try_step(r, send_input(1, HELLO));
        if (sotto_ok(status)) status = sotto_engine_commit(r->engine);
        bool failed = r->host.allocations >= r->host.fail_at;
        r->host.fail_at = 0;
        if (!failed) break;
        assert_status(status, NO_MEMORY);
        sotto_output out;
        assert_false(sotto_engine_next(r->engine, &out));
        go_online(r, true);
        commit(r);
        while (sotto_engine_next(r->engine, &out)) assert_ok(sotto_engine_done(r->engine, out.seq));
        commit(r);
    }
    assert_true(n > 5);
}

#define T(f) cmocka_unit_test_setup_teardown(f, engine_setup, engine_teardown)
const struct CMUnitTest commit_tests[] = {
    T(test_nothing_leaves_before_its_commit),
    T(test_a_full_disk_undoes_everything_and_later_works),
    T(test_outputs_come_again_with_the_same_number_and_bytes),
    T(test_done_is_staged_until_the_commit),
    T(test_T18_a_store_copied_back),
    T(test_numbers_are_never_used_twice),
    T(test_stanzas_wait_for_the_stream_and_sessions_end),
    T(test_acknowledgements_are_counts),
    T(test_tickets_are_fresh),
    T(test_names_cover_every_kind),
    T(test_large_scans),
    T(test_many_steps_are_one_transaction),
    T(test_a_server_that_acknowledges_more_than_was_sent_is_not_believed),
    T(test_the_outbox_has_a_limit),
    T(test_what_is_rejected_is_told_also_after_a_failed_commit),
    T(test_notes_are_part_of_the_transaction),
    T(test_opening_refuses_what_is_wrong),
    T(test_rot13_needs_a_lowered_bar),
    T(test_every_failed_allocation_leaves_everything_as_it_was),
};
const size_t commit_count = sizeof commit_tests / sizeof *commit_tests;
