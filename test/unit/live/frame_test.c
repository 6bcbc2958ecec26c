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

static void test_messages_that_are_none(void **state) {
    (void)state;
    uint8_t room[256];
    live_message have = {.kind = LIVE_HAVE, .number = 1}, got;
    size_t used;
    sotto_bytes all = write_message(room, sizeof room, &have);
    room[4] = 4; /* a kind there is not */
    assert_status(live_message_read(all, &used, &got), MALFORMED);
    room[4] = 0;
    assert_status(live_message_read(all, &used, &got), MALFORMED);
    room[4] = LIVE_PROOF; /* too short for one */
    assert_status(live_message_read(all, &used, &got), MALFORMED);
    room[4] = LIVE_HAVE;
    room[all.len - 1] = 0; /* number 0 */
    assert_status(live_message_read(all, &used, &got), MALFORMED);
    room[all.len - 1] = 1;
    room[3]++; /* a byte too many */
    assert_status(live_message_read(bytes_of(room, all.len + 1), &used, &got), MALFORMED);
    memset(room, 0, 4); /* nothing at all */
    assert_status(live_message_read(all, &used, &got), MALFORMED);
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
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
const struct CMUnitTest frame_tests[] = {
    TEST(test_a_frame_there_and_back),
    TEST(test_frames_that_are_none),
    TEST(test_a_frame_that_is_too_large),
    cmocka_unit_test(test_messages_there_and_back),
    cmocka_unit_test(test_messages_that_are_none),
    cmocka_unit_test(test_a_message_too_large_to_write),
};
const size_t frame_count = sizeof frame_tests / sizeof frame_tests[0];
