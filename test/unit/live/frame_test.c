/* SPDX-License-Identifier: ISC
 *
 * Frames and messages: what is read, and every way in which it is refused. */
#include "rogue.h"

#define ID "00112233445566778899aabbccddeeff"

typedef struct frames {
    rig host;
    bytes_arena arena;
} frames;

static int setup(void **state) {
    frames *f = calloc(1, sizeof *f);
    assert_non_null(f);
    rig_start(&f->host);
    bytes_arena_init(&f->arena, &f->host.host, (size_t)4 * 1024 * 1024);
    *state = f;
    return 0;
}

static int teardown(void **state) {
    frames *f = *state;
    bytes_arena_clear(&f->arena);
    rig_end(&f->host);
    free(f);
    return 0;
}

static sotto_status read_frame(frames *f, const char *text, live_frame *ret) {
    const stanza_element *element;
    assert_ok(stanza_parse(&f->arena, bytes_text(text), &element));
    return live_frame_read(element, &f->arena, ret);
}

static void test_a_frame_there_and_back(void **state) {
    frames *f = *state;
    live_frame frame;
    char text[256] = "";
    bytes_buffer out;
    assert_ok(read_frame(f, "<live xmlns='" LIVE_NS "' session='" ID "' number='18446744073709551614'>aGVsbG8=</live>",
                         &frame));
    assert_true(bytes_is(frame.records, "hello"));
    assert_true(frame.number == UINT64_MAX - 1);
    assert_int_equal(frame.session[0], 0);
    assert_int_equal(frame.session[15], 0xff);
    bytes_buffer_borrowed(&out, text, sizeof text - 1);
    live_frame_write(&out, &frame);
    assert_string_equal(text,
                        "<live xmlns='" LIVE_NS "' session='" ID "' number='18446744073709551614'>aGVsbG8=</live>");
}

static void test_frames_that_are_none(void **state) {
    frames *f = *state;
    static const char *const texts[] = {
        "<live xmlns='urn:sotto:live:1' session='" ID "' number='0'>aGVsbG8=</live>",
        "<dead xmlns='" LIVE_NS "' session='" ID "' number='0'>aGVsbG8=</dead>",
        "<live xmlns='" LIVE_NS "' number='0'>aGVsbG8=</live>",
        "<live xmlns='" LIVE_NS "' session='' number='0'>aGVsbG8=</live>",
        "<live xmlns='" LIVE_NS "' session='00" ID "' number='0'>aGVsbG8=</live>",
        "<live xmlns='" LIVE_NS "' session='0x112233445566778899aabbccddeeff' number='0'>aGVsbG8=</live>",
        "<live xmlns='" LIVE_NS "' session='" ID "'>aGVsbG8=</live>",
        "<live xmlns='" LIVE_NS "' session='" ID "' number='-1'>aGVsbG8=</live>",
        "<live xmlns='" LIVE_NS "' session='" ID "' number='18446744073709551615'>aGVsbG8=</live>",
        "<live xmlns='" LIVE_NS "' session='" ID "' number='0'/>",
        "<live xmlns='" LIVE_NS "' session='" ID "' number='0'>aGVsbG8</live>",
        "<live xmlns='" LIVE_NS "' session='" ID "' number='0'>aGVsbG8=<x/></live>",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        live_frame frame = {.number = 42};
        assert_status(read_frame(f, texts[i], &frame), MALFORMED);
        assert_true(frame.number == 42);
    }
}

static void test_a_frame_that_is_too_large(void **state) {
    /* limit: SOTTO_LIVE_FRAME_BYTES_MAX */
    frames *f = *state;
    live_frame frame;
    static char text[40000];
    for (unsigned more = 0; more < 3; more++) {
        size_t len = SOTTO_LIVE_FRAME_BYTES_MAX / 3 * 4 + 4 * more; /* 8190, 8193, 8196 bytes */
        int at = snprintf(text, sizeof text, "<live xmlns='" LIVE_NS "' session='" ID "' number='0'>");
        memset(text + at, 'A', len);
        snprintf(text + at + len, sizeof text - (size_t)at - len, "</live>");
        if (more == 0) {
            assert_ok(read_frame(f, text, &frame));
            assert_int_equal(frame.records.len, 8190);
        } else {
            assert_status(read_frame(f, text, &frame), TOO_LARGE);
        }
    }
    int at = snprintf(text, sizeof text, "<live xmlns='" LIVE_NS "' session='" ID "' number='0'>");
    memset(text + at, ' ', 30000); /* blanks are skipped, and still counted */
    snprintf(text + at + 30000, sizeof text - (size_t)at - 30000, "AAAA</live>");
    assert_status(read_frame(f, text, &frame), TOO_LARGE);
}

/* ---- messages ---- */

static sotto_bytes write_message(void *room, size_t size, const live_message *message) {
    bytes_buffer out;
    sotto_bytes written;
    bytes_buffer_borrowed(&out, room, size);
    live_message_write(&out, message);
    assert_ok(bytes_buffer_end(&out, &written));
    return written;
}

static void test_messages_there_and_back(void **state) {
    (void)state;
    uint8_t room[256];
    live_message data = {.kind = LIVE_DATA, .number = 7, .stanza = BYTES_LITERAL("<message/>")}, got;
    live_message proof = {.kind = LIVE_PROOF}, have = {.kind = LIVE_HAVE, .number = UINT64_MAX};
    size_t used;
    memset(data.epoch, 3, sizeof data.epoch);
    memset(proof.key, 4, sizeof proof.key);
    memset(proof.signature, 5, sizeof proof.signature);
    memset(have.epoch, 6, sizeof have.epoch);
    sotto_bytes all = write_message(room, sizeof room, &data);
    assert_int_equal(all.len, 4 + 1 + 16 + 8 + 10);
    for (size_t len = 0; len < all.len; len++)
        assert_status(live_message_read(bytes_of(all.at, len), &used, &got), AGAIN);
    assert_ok(live_message_read(bytes_of(all.at, sizeof room), &used, &got)); /* more behind it */
    assert_int_equal(used, all.len);
    assert_int_equal(got.kind, LIVE_DATA);
    assert_true(got.number == 7 && bytes_is(got.stanza, "<message/>"));
    assert_memory_equal(got.epoch, data.epoch, 16);
    all = write_message(room, sizeof room, &proof);
    assert_int_equal(all.len, 4 + 1 + 32 + 64);
    assert_ok(live_message_read(all, &used, &got));
    assert_int_equal(got.kind, LIVE_PROOF);
    assert_memory_equal(got.key, proof.key, 32);
    assert_memory_equal(got.signature, proof.signature, 64);
    all = write_message(room, sizeof room, &have);
    assert_ok(live_message_read(all, &used, &got));
    assert_true(got.kind == LIVE_HAVE && got.number == UINT64_MAX);
}

/* What a side says beside proofs and stanzas. */
static void test_other_messages_there_and_back(void **state) {
    (void)state;
    uint8_t room[4096];
    static const uint8_t share[96] = {1, 2, 3};
    live_message messages[] = {
        {.kind = LIVE_PAD, .zeros = 0},
        {.kind = LIVE_PAD, .zeros = 37},
        {.kind = LIVE_YOU_FIRST},
        {.kind = LIVE_HOLD},
        {.kind = LIVE_HOLD, .id_count = 2, .ids = {{1}, {2}}},
        {.kind = LIVE_STATEMENT, .type = LIVE_STATEMENT_OPENPGP, .body = BYTES_LITERAL("a statement")},
        {.kind = LIVE_STATEMENT, .type = 200},
        {.kind = LIVE_PASSWORD, .type = LIVE_PASSWORD_OFFER},
        {.kind = LIVE_PASSWORD, .type = LIVE_PASSWORD_OFFER, .body = bytes_of(share, 32)},
        {.kind = LIVE_PASSWORD, .type = LIVE_PASSWORD_ANSWER, .body = bytes_of(share, 96)},
        {.kind = LIVE_PASSWORD, .type = LIVE_PASSWORD_CONFIRM, .body = bytes_of(share, 64)},
        {.kind = LIVE_PASSWORD, .type = LIVE_PASSWORD_CONFIRMED},
        {.kind = LIVE_PASSWORD, .type = LIVE_PASSWORD_NO},
        {.kind = LIVE_CLOSE, .type = LIVE_CLOSE_ENDED},
        {.kind = LIVE_CLOSE, .type = 99, .epoch = {1}, .number = 5},
        {.kind = LIVE_IGNORED, .body = BYTES_LITERAL("whatever")},
        {.kind = (live_kind)255},
    };
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        const live_message *m = &messages[i];
        live_message got;
        size_t used;
        sotto_bytes all = write_message(room, sizeof room, m);
        for (size_t len = 0; len < all.len; len++)
            assert_status(live_message_read(bytes_of(all.at, len), &used, &got), AGAIN);
        assert_ok(live_message_read(bytes_of(all.at, sizeof room), &used, &got));
        assert_int_equal(used, all.len);
        assert_int_equal(got.kind, m->kind);
        assert_int_equal(got.type, m->type);
        assert_true(got.zeros == m->zeros && got.number == m->number && bytes_equal(got.body, m->body));
        assert_memory_equal(got.epoch, m->epoch, sizeof m->epoch);
        assert_int_equal(got.id_count, m->id_count);
        assert_memory_equal(got.ids, m->ids, sizeof m->ids);
    }
    live_message proof = {.kind = LIVE_PROOF}, first = {.kind = LIVE_YOU_FIRST};
    size_t proof_len = write_message(room, sizeof room, &proof).len;
    assert_int_equal(proof_len, LIVE_PROOF_BYTES);
    assert_int_equal(write_message(room, sizeof room, &first).len, proof_len); /* nobody sees which it was */
}

typedef struct raw_case {
    uint8_t kind;
    size_t len; /* of what follows the kind: filled with `fill` */
    uint8_t fill;
    sotto_status expected;
} raw_case;

static sotto_status read_raw(uint8_t kind, size_t len, uint8_t fill, live_message *ret) {
    static uint8_t room[SOTTO_LIVE_STATEMENT_BYTES_MAX + 64];
    size_t used;
    assert_true(len + 5 <= sizeof room);
    memset(room, fill, sizeof room);
    memcpy(room, (uint8_t[]){0, (uint8_t)((len + 1) >> 16), (uint8_t)((len + 1) >> 8), (uint8_t)(len + 1), kind}, 5);
    return live_message_read(bytes_of(room, len + 5), &used, ret);
}

static void test_messages_that_are_none(void **state) {
    (void)state;
    /* limit: SOTTO_LIVE_PAD_BYTES_MAX, SOTTO_LIVE_HOLD_MAX, SOTTO_LIVE_STATEMENT_BYTES_MAX */
    static const raw_case cases[] = {
        {LIVE_PAD, SOTTO_LIVE_PAD_BYTES_MAX, 0, {0}},
        {LIVE_PAD, SOTTO_LIVE_PAD_BYTES_MAX + 1, 0, {SOTTO_E_TOO_LARGE}},
        {LIVE_PAD, 9, 1, {SOTTO_E_MALFORMED}},
        {LIVE_PROOF, 95, 1, {SOTTO_E_MALFORMED}},
        {LIVE_PROOF, 97, 1, {SOTTO_E_TOO_LARGE}},
        {LIVE_DATA, 23, 1, {SOTTO_E_MALFORMED}},
        {LIVE_DATA, 24, 0, {SOTTO_E_MALFORMED}}, /* number 0 */
        {LIVE_HAVE, 23, 1, {SOTTO_E_MALFORMED}},
        {LIVE_HAVE, 24, 0, {SOTTO_E_MALFORMED}},
        {LIVE_HAVE, 25, 1, {SOTTO_E_TOO_LARGE}},
        {LIVE_YOU_FIRST, 96, 0, {0}},
        {LIVE_YOU_FIRST, 96, 1, {SOTTO_E_MALFORMED}},
        {LIVE_YOU_FIRST, 95, 0, {SOTTO_E_MALFORMED}},
        {LIVE_HOLD, 0, 0, {SOTTO_E_MALFORMED}},
        {LIVE_HOLD, 17, 0, {SOTTO_E_MALFORMED}}, /* says none */
        {LIVE_HOLD, 17, 1, {0}},
        {LIVE_HOLD, 16, 1, {SOTTO_E_MALFORMED}},
        {LIVE_HOLD, 1 + 16 * SOTTO_LIVE_HOLD_MAX, SOTTO_LIVE_HOLD_MAX, {0}},
        {LIVE_HOLD, 1 + 16 * SOTTO_LIVE_HOLD_MAX, SOTTO_LIVE_HOLD_MAX + 1, {SOTTO_E_TOO_LARGE}},
        {LIVE_HOLD, 1 + 16 * (SOTTO_LIVE_HOLD_MAX + 1), SOTTO_LIVE_HOLD_MAX + 1, {SOTTO_E_TOO_LARGE}},
        {LIVE_STATEMENT, 0, 0, {SOTTO_E_MALFORMED}},
        {LIVE_STATEMENT, 1, 0, {SOTTO_E_MALFORMED}},
        {LIVE_STATEMENT, 1 + SOTTO_LIVE_STATEMENT_BYTES_MAX, 1, {0}},
        {LIVE_STATEMENT, 2 + SOTTO_LIVE_STATEMENT_BYTES_MAX, 1, {SOTTO_E_TOO_LARGE}},
        {LIVE_PASSWORD, 0, 0, {SOTTO_E_MALFORMED}},
        {LIVE_PASSWORD, 32, LIVE_PASSWORD_OFFER, {SOTTO_E_MALFORMED}}, /* a share of 31 bytes */
        {LIVE_PASSWORD, 96, LIVE_PASSWORD_ANSWER, {SOTTO_E_MALFORMED}},
        {LIVE_PASSWORD, 1, LIVE_PASSWORD_CONFIRM, {SOTTO_E_MALFORMED}},
        {LIVE_PASSWORD, 2, LIVE_PASSWORD_CONFIRMED, {SOTTO_E_MALFORMED}},
        {LIVE_PASSWORD, 1, 6, {SOTTO_E_MALFORMED}},
        {LIVE_PASSWORD, 98, LIVE_PASSWORD_ANSWER, {SOTTO_E_TOO_LARGE}},
        {LIVE_CLOSE, 25, 0, {SOTTO_E_MALFORMED}},
        {LIVE_CLOSE, 25, 1, {0}},
        {LIVE_CLOSE, 24, 1, {SOTTO_E_MALFORMED}},
        {LIVE_CLOSE, 26, 1, {SOTTO_E_TOO_LARGE}},
        {9, 10, 0, {SOTTO_E_UNSUPPORTED}}, /* the first that there is not, and the last */
        {127, 0, 0, {SOTTO_E_UNSUPPORTED}},
        {128, 10, 7, {0}},
        {255, 0, 0, {0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        live_message got = {.number = 42};
        sotto_status status = read_raw(cases[i].kind, cases[i].len, cases[i].fill, &got);
        if (status.code != cases[i].expected.code)
            fail_msg("case %zu (kind %d): %d, not %d", i, cases[i].kind, status.code, cases[i].expected.code);
        if (!sotto_ok(status)) assert_true(got.number == 42);
    }
    uint8_t room[64] = {0};
    live_message got, bad = {.kind = LIVE_CLOSE, .type = LIVE_CLOSE_ENDED, .number = 1}; /* a number without an epoch */
    size_t used;
    assert_status(live_message_read(write_message(room, sizeof room, &bad), &used, &got), MALFORMED);
    bad.number = 0;
    bad.epoch[3] = 1;
    assert_status(live_message_read(write_message(room, sizeof room, &bad), &used, &got), MALFORMED);
    memset(room, 0, 4); /* nothing at all */
    assert_status(live_message_read(bytes_of(room, 4), &used, &got), MALFORMED);
    /* The length alone is enough to refuse. */
    static const uint8_t most[] = {0, 0x10, 0, 25}, beyond[] = {0, 0x10, 0, 26};
    assert_status(live_message_read(bytes_of(most, 4), &used, &got), AGAIN);
    assert_status(live_message_read(bytes_of(beyond, 4), &used, &got), TOO_LARGE);
}

static void test_a_message_too_large_to_write(void **state) {
    (void)state;
    uint8_t room[64];
    bytes_buffer out;
    sotto_bytes written;
    live_message data = {.kind = LIVE_DATA, .number = 1, .stanza = bytes_of(room, SOTTO_STANZA_BYTES_MAX + 1)};
    bytes_buffer_borrowed(&out, room, sizeof room);
    live_message_write(&out, &data); /* refused before it is looked at */
    assert_status(bytes_buffer_end(&out, &written), TOO_LARGE);
    live_message pad = {.kind = LIVE_PAD, .zeros = SOTTO_LIVE_PAD_BYTES_MAX + 1};
    bytes_buffer_borrowed(&out, room, sizeof room);
    live_message_write(&out, &pad);
    assert_status(bytes_buffer_end(&out, &written), TOO_LARGE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
const struct CMUnitTest frame_tests[] = {
    TEST(test_a_frame_there_and_back),
    TEST(test_frames_that_are_none),
    TEST(test_a_frame_that_is_too_large),
    cmocka_unit_test(test_messages_there_and_back),
    cmocka_unit_test(test_other_messages_there_and_back),
    cmocka_unit_test(test_messages_that_are_none),
    cmocka_unit_test(test_a_message_too_large_to_write),
};
const size_t frame_count = sizeof frame_tests / sizeof frame_tests[0];
