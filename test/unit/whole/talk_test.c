/* SPDX-License-Identifier: ISC
 *
 * Conversations: both ways, offline and back, several devices a side, the same script twice, and what the server saw.
 */
#include "world.h"

static void say(device *d, const char *to, const char *body) {
    device_say(d, to, body);
    world_run(d->w);
}

static void test_a_conversation_both_ways(void **state) {
    two t;
    two_start(&t, seal_of(state));
    say(t.juliet, ROMEO, "one");
    say(t.romeo, JULIET, "two");
    say(t.romeo, JULIET, "three");
    say(t.juliet, ROMEO, "four");
    assert_read_from(t.romeo, JULIET, LIST("one", "four"));
    assert_read_from(t.juliet, ROMEO, LIST("two", "three"));
    assert_string_equal(t.romeo->read[0].subject, "about one");
    assert_int_equal(t.romeo->read[0].time_ms, START_MS);
    assert_false(t.romeo->read[0].time_doubtful);
    assert_int_equal(device_told_count(t.romeo, SOTTO_EVENT_UNREADABLE, -1), 0);
    assert_int_equal(device_told_count(t.juliet, SOTTO_EVENT_UNREADABLE, -1), 0);
    world_end(&t.w);
}

/* Both write before either has read anything. */
static void test_both_begin_at_once(void **state) {
    two t;
    two_start(&t, seal_of(state));
    device_say(t.juliet, ROMEO, "a");
    device_say(t.romeo, JULIET, "b");
    world_run(&t.w);
    size_t ratchets = world_audit(&t.w).ratchets;
    for (int i = 0; i < 3; i++) {
        say(t.juliet, ROMEO, "more");
        say(t.romeo, JULIET, "more");
    }
    /* However it began, every turn of the talk turns the ratchet. */
    if (seal_of(state)->strength > 0) assert_true(world_audit(&t.w).ratchets >= ratchets + 5);
    assert_read_from(t.romeo, JULIET, LIST("a", "more", "more", "more"));
    assert_read_from(t.juliet, ROMEO, LIST("b", "more", "more", "more"));
    assert_int_equal(device_told_count(t.romeo, SOTTO_EVENT_UNREADABLE, -1), 0);
    assert_int_equal(device_told_count(t.juliet, SOTTO_EVENT_UNREADABLE, -1), 0);
    world_end(&t.w);
}

static void test_offline_and_back(void **state) {
    two t;
    two_start(&t, seal_of(state));
    say(t.juliet, ROMEO, "before");
    device_leave(t.romeo);
    say(t.juliet, ROMEO, "while away");
    world_pass(&t.w, 3600 * 1000);
    say(t.juliet, ROMEO, "an hour later");
    world_pass(&t.w, 2 * 86400 * UINT64_C(1000));
    device_go_online(t.romeo);
    say(t.romeo, JULIET, "I am back");
    assert_read_from(t.romeo, JULIET, LIST("before", "while away", "an hour later"));
    assert_read_from(t.juliet, ROMEO, LIST("I am back"));
    /* Sealed: when it was written, which is also when the server says that it came. */
    assert_int_equal(t.romeo->read[1].time_ms, START_MS);
    assert_int_equal(t.romeo->read[2].time_ms, START_MS + 3600 * 1000);
    assert_false(t.romeo->read[2].time_doubtful);
    world_end(&t.w);
}

/* The first message ever is for somebody who is away, and is answered by somebody who then leaves. */
static void test_a_first_message_to_somebody_who_is_away(void **state) {
    two t;
    two_start(&t, seal_of(state));
    device_leave(t.romeo);
    say(t.juliet, ROMEO, "hello?");
    say(t.juliet, ROMEO, "still there?");
    device_leave(t.juliet);
    device_go_online(t.romeo);
    say(t.romeo, JULIET, "yes");
    device_leave(t.romeo);
    device_go_online(t.juliet);
    say(t.juliet, ROMEO, "good");
    device_go_online(t.romeo);
    assert_read_from(t.romeo, JULIET, LIST("hello?", "still there?", "good"));
    assert_read_from(t.juliet, ROMEO, LIST("yes"));
    world_end(&t.w);
}

/* What is written while there is no connection waits, and goes when there is one. */
static void test_written_while_offline(void **state) {
    two t;
    two_start(&t, seal_of(state));
    device_leave(t.juliet);
    say(t.juliet, ROMEO, "first");
    say(t.juliet, ROMEO, "second");
    assert_int_equal(t.romeo->read_len, 0);
    device_go_online(t.juliet);
    assert_read_from(t.romeo, JULIET, LIST("first", "second"));
    device_leave(t.juliet);
    say(t.juliet, ROMEO, "third");
    device_go_online(t.juliet);
    assert_read_from(t.romeo, JULIET, LIST("first", "second", "third"));
    world_end(&t.w);
}

static void test_two_devices_a_side(void **state) {
    two t;
    two_start(&t, seal_of(state));
    device *tablet = world_device(&t.w, "juliet", "tablet"), *phone = world_device(&t.w, "romeo", "phone");
    device_go_online(tablet);
    device_go_online(phone);
    say(t.juliet, ROMEO, "one");
    say(phone, JULIET, "two");
    say(tablet, ROMEO, "three");
    say(t.romeo, JULIET, "four");
    say(t.juliet, ROMEO, "five");
    /* Everybody has everything once, except what he wrote himself. */
    assert_read_from(t.romeo, JULIET, LIST("one", "three", "five"));
    assert_read_from(phone, JULIET, LIST("one", "three", "five"));
    assert_read_from(t.juliet, ROMEO, LIST("two", "four"));
    assert_read_from(tablet, ROMEO, LIST("two", "four"));
    assert_read_from(t.juliet, JULIET, LIST("three"));
    assert_read_from(tablet, JULIET, LIST("one", "five"));
    assert_read_from(t.romeo, ROMEO, LIST("two"));
    assert_read_from(phone, ROMEO, LIST("four"));
    for (size_t i = 0; i < t.w.count; i++)
        assert_int_equal(device_told_count(t.w.devices[i], SOTTO_EVENT_UNREADABLE, -1), 0);
    world_end(&t.w);
}

/* A device that joins later reads what is written after it joined. */
static void test_a_device_joins(void **state) {
    two t;
    two_start(&t, seal_of(state));
    say(t.juliet, ROMEO, "before");
    device *phone = world_device(&t.w, "romeo", "phone");
    device_go_online(phone);
    say(t.juliet, ROMEO, "after");
    say(phone, JULIET, "hello");
    assert_read_from(t.romeo, JULIET, LIST("before", "after"));
    assert_read_from(phone, JULIET, LIST("after"));
    assert_read_from(t.juliet, ROMEO, LIST("hello"));
    assert_read_from(t.romeo, ROMEO, LIST("hello"));
    world_end(&t.w);
}

/* Sixty in one direction: past the heartbeat (XEP-0384 section 6). */
static void test_a_monologue(void **state) {
    two t;
    two_start(&t, seal_of(state));
    for (int i = 0; i < 60; i++) say(t.juliet, ROMEO, "again");
    assert_int_equal(device_read_count(t.romeo, "again"), 60);
    say(t.romeo, JULIET, "enough");
    assert_read_from(t.juliet, ROMEO, LIST("enough"));
    world_keys_used_once(&t.w);
    world_end(&t.w);
}

/* ---- replay ---- */

/* A script with a bit of everything. */
static void script(two *t) {
    device_say(t->juliet, ROMEO, "one");
    device_say(t->romeo, JULIET, "two");
    world_run(&t->w);
    t->juliet->grouped = true;
    device_leave(t->romeo);
    for (int i = 0; i < 3; i++) device_say(t->juliet, ROMEO, "three");
    world_pass(&t->w, 5000);
    device_crash(t->juliet, true);
    device_go_online(t->romeo);
    say(t->romeo, JULIET, "four");
    world_pass(&t->w, 8 * 86400 * UINT64_C(1000));
    device_crash(t->romeo, false);
    say(t->juliet, ROMEO, "five");
}

static void assert_same_bytes(sotto_bytes a, sotto_bytes b) {
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.at, b.at, a.len);
}

static sotto_bytes transcript_of(const device *d) {
    sotto_bytes text = BYTES_NONE;
    assert_ok(bytes_buffer_end(&d->transcript, &text));
    assert_true(text.len > 1000);
    return text;
}

static void test_the_same_script_gives_the_same_bytes(void **state) {
    two t[3];
    for (size_t i = 0; i < 3; i++) {
        two_start_seeded(&t[i], seal_of(state), i == 2 ? 2 : 1);
        script(&t[i]);
    }
    assert_same_bytes(lab_server_saw(t[0].w.server), lab_server_saw(t[1].w.server));
    assert_same_bytes(transcript_of(t[0].juliet), transcript_of(t[1].juliet));
    assert_same_bytes(transcript_of(t[0].romeo), transcript_of(t[1].romeo));
    /* The comparison can fail: other randomness, other bytes. */
    sotto_bytes one = lab_server_saw(t[0].w.server), other = lab_server_saw(t[2].w.server);
    assert_false(bytes_equal(one, other) && seal_of(state)->strength > 0);
    for (size_t i = 0; i < 3; i++) {
        assert_read_from(t[i].romeo, JULIET, LIST("one", "three", "three", "three", "five"));
        assert_read_from(t[i].juliet, ROMEO, LIST("two", "four"));
        world_end(&t[i].w);
    }
}

/* ---- what the server saw ---- */

/* Text and subject, as they are, of everything that was sent; the control fails this, or the check would be none. */
static void test_the_server_saw_nothing(void **state) {
    two t;
    two_start(&t, seal_of(state));
    bool real = seal_of(state)->strength > 0;
    static const char *const words[] = {"wherefore", "Romeo-and", "nightingale", "not-the-lark"};
    for (size_t i = 0; i < 4; i++) say(i % 2 == 0 ? t.juliet : t.romeo, i % 2 == 0 ? ROMEO : JULIET, words[i]);
    device_send(t.juliet, "<message to='" ROMEO "' type='chat' id='x'><body>corrected-word</body>"
                          "<replace xmlns='urn:xmpp:message-correct:0' id='secret-reference'/></message>");
    device_send(t.juliet, "<message to='" ROMEO "' type='chat'><reactions xmlns='urn:xmpp:reactions:0' id='y'>"
                          "<reaction>secret-emotion</reaction></reactions></message>");
    device_send(t.juliet, "<message to='" ROMEO "' type='chat'><unheard-of xmlns='urn:example:secret-extension'/>"
                          "</message>");
    device_send(t.juliet, "<message to='" ROMEO "' type='chat'><composing "
                          "xmlns='http://jabber.org/protocol/chatstates'/></message>");
    world_run(&t.w);
    assert_int_equal(device_read_count(t.romeo, "corrected-word"), 1);
    assert_int_equal(t.romeo->read_len, 6);
    for (size_t i = 0; i < 4; i++) assert_int_equal(world_saw(&t.w, words[i]), !real);
    static const char *const hidden[] = {
        "<body",          "<subject",   "about ",     "corrected-word",  "secret-reference",
        "secret-emotion", "unheard-of", "<composing", "message-correct", "receipts"};
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) assert_int_equal(world_saw(&t.w, hidden[i]), !real);
    world_end(&t.w);
}

const struct CMUnitTest talk_tests[] = {
    WITH_BOTH(test_a_conversation_both_ways),
    WITH_BOTH(test_both_begin_at_once),
    WITH_BOTH(test_offline_and_back),
    WITH_BOTH(test_a_first_message_to_somebody_who_is_away),
    WITH_BOTH(test_written_while_offline),
    WITH_BOTH(test_two_devices_a_side),
    WITH_OMEMO(test_a_device_joins),
    WITH_BOTH(test_a_monologue),
    WITH_BOTH(test_the_same_script_gives_the_same_bytes),
    WITH_BOTH(test_the_server_saw_nothing),
};
const size_t talk_count = sizeof talk_tests / sizeof talk_tests[0];
