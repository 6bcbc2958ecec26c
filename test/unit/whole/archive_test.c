/* SPDX-License-Identifier: ISC
 *
 * Several devices of one account, one of them away: what it missed comes from the archive, from any kind of archive,
 * and whatever happens meanwhile: everything once. */
#include "world.h"

#include <stdlib.h>

#define OFFLINE_KEPT false
#define OFFLINE_LOST true

typedef struct away {
    two t;
    bool lost; /* what the offline store holds never comes */
} away;

/* Messages of the offline store have a delay stamp of their own. */
static lab_fate offline_hook(void *arg, const stanza_element *stanza, bool to_client, sotto_bytes *ret_instead,
                             uint64_t *ret_until_ms) {
    (void)ret_instead, (void)ret_until_ms;
    const away *a = arg;
    bool is = stanza_is(stanza, "message", NULL) && stanza_child(stanza, "delay", "urn:xmpp:delay") != NULL;
    return a->lost && to_client && is ? LAB_DROP : LAB_PASS;
}

static void archives(world *w, lab_archive_mode mode, size_t page) {
    assert_ok(lab_server_archive(w->server, "juliet", mode, page));
    assert_ok(lab_server_archive(w->server, "romeo", LAB_ARCHIVE_HONEST, page));
}

static void say(device *d, const char *to, const char *body) {
    device_say(d, to, body);
    world_run(d->w);
}

/* Juliet and Romeo have spoken, and Juliet is away. */
static void begin(away *a, void **state, bool lost, size_t page) {
    *a = (away){.lost = lost};
    world *w = &a->t.w;
    world_start(w, seal_of(state));
    w->catch_up = true;
    archives(w, LAB_ARCHIVE_HONEST, page);
    lab_server_hook(w->server, offline_hook, a);
    a->t.juliet = world_device(w, "juliet", "balcony");
    a->t.romeo = world_device(w, "romeo", "orchard");
    device_go_online(a->t.juliet);
    device_go_online(a->t.romeo);
    say(a->t.juliet, ROMEO, "hello");
    say(a->t.romeo, JULIET, "hello");
    device_leave(a->t.juliet);
    device_forget_told(a->t.juliet);
    a->t.w.now_ms += 60000;
    lab_server_time(w->server, w->now_ms);
}

/* Online and available, and the archive not read yet. */
static void arrive(device *d) {
    device_attach(d);
    while (!d->session->available) assert_true(device_turn(d));
}

static void assert_once(const device *d, const char *const *bodies) {
    for (; *bodies != NULL; bodies++)
        if (device_read_count(d, *bodies) != 1)
            fail_msg("%s/%s read \"%s\" %zu times", d->local, d->resource, *bodies, device_read_count(d, *bodies));
}

static const read_message *read_last(const device *d, const char *body) {
    for (size_t i = d->read_len; i > 0; i--)
        if (strcmp(d->read[i - 1].body, body) == 0) return &d->read[i - 1];
    fail_msg("never read %s", body);
    abort(); /* not reached; the compiler does not know */
}

static void assert_caught_up(const device *d, uint32_t number, int reason) {
    const told_event *event = device_told_last(d, SOTTO_EVENT_CAUGHT_UP);
    assert_non_null(event);
    assert_string_equal(event->jid, JULIET);
    assert_int_equal(event->reason.code, reason);
    assert_int_equal(event->number, number);
}

/* ---- what was missed ---- */

static void come_back(void **state, bool lost) {
    away a;
    begin(&a, state, lost, 3);
    device *juliet = a.t.juliet, *romeo = a.t.romeo;
    static const char *const bodies[] = {"1", "2", "3", "4", "5", "6", "7"};
    for (size_t i = 0; i < 7; i++) say(romeo, JULIET, bodies[i]);
    device_go_online(juliet);
    assert_read_from(juliet, ROMEO, LIST("hello", "1", "2", "3", "4", "5", "6", "7"));
    assert_caught_up(juliet, 7, 0);
    assert_true(read_last(juliet, "7")->archived);
    assert_false(read_last(juliet, "hello")->archived);
    assert_int_equal(device_told_count(juliet, SOTTO_EVENT_UNREADABLE, -1), 0);
    say(romeo, JULIET, "8");
    assert_false(read_last(juliet, "8")->archived);
    /* There is nothing new the next time. */
    device_leave(juliet);
    device_go_online(juliet);
    assert_caught_up(juliet, 0, 0);
    world_keys_used_once(&a.t.w);
    world_end(&a.t.w);
}

static void test_what_was_missed_comes_from_the_archive(void **state) {
    come_back(state, OFFLINE_LOST);
}
static void test_what_is_offline_as_well_comes_once(void **state) {
    come_back(state, OFFLINE_KEPT);
}

static void clear(device *d, const char *to, const char *body) {
    device_policy(d, to, SOTTO_ENCRYPT_NEVER);
    device_say(d, to, body);
    device_policy(d, to, SOTTO_ENCRYPT_ALWAYS);
    world_run(d->w);
}

static void test_clear_ones_between_sealed_ones(void **state) {
    for (int lost = 0; lost < 2; lost++) {
        away a;
        begin(&a, state, lost != 0, 2);
        say(a.t.romeo, JULIET, "s1");
        clear(a.t.romeo, JULIET, "c1");
        say(a.t.romeo, JULIET, "s2");
        clear(a.t.romeo, JULIET, "c2");
        device_attach(a.t.juliet);
        clear(a.t.romeo, JULIET, "c3");
        say(a.t.romeo, JULIET, "s3");
        world_run(&a.t.w);
        assert_once(a.t.juliet, LIST("s1", "c1", "s2", "c2", "c3", "s3"));
        assert_true(read_last(a.t.juliet, "c1")->seal[0] == 0);
        world_end(&a.t.w);
    }
}

/* XEP-0384 section 4.3: a session skips at most 1000. A live message waits until the archive brought the others. */
static void test_a_live_message_more_than_a_thousand_ahead(void **state) {
    away a;
    begin(&a, state, OFFLINE_LOST, 0);
    device *juliet = a.t.juliet, *romeo = a.t.romeo;
    char body[16];
    for (int i = 0; i < 1100; i++) {
        snprintf(body, sizeof body, "m%d", i);
        device_say(romeo, JULIET, body);
        if (i % 100 == 99) world_run(&a.t.w);
    }
    arrive(juliet);
    device_say(romeo, JULIET, "live"); /* comes while the first page is asked for */
    world_run(&a.t.w);
    world_pass(&a.t.w, 1000);
    assert_int_equal(juliet->read_len, 1 + 1100 + 1);
    assert_string_equal(juliet->read[1].body, "m0");
    assert_string_equal(juliet->read[1100].body, "m1099");
    assert_string_equal(juliet->read[1101].body, "live");
    assert_int_equal(device_told_count(juliet, SOTTO_EVENT_UNREADABLE, -1), 0);
    assert_int_equal(device_told_count(juliet, SOTTO_EVENT_CAUGHT_UP_UNREADABLE, -1), 0);
    world_end(&a.t.w);
}

/* ---- archives that do not answer as they should ---- */

typedef struct odd_archive {
    lab_archive_mode mode;
    int reason;      /* of the end */
    uint32_t number; /* of what was handed on */
} odd_archive;

/* Whatever it does: nothing twice, what is live arrives, and with an honest one the rest comes. */
static void test_T2_odd_archives(void **state) {
    static const odd_archive odd[] = {
        {LAB_ARCHIVE_WRONG_QUERYID, SOTTO_E_BAD_SERVER, 0},
        {LAB_ARCHIVE_WRONG_FROM, SOTTO_E_BAD_SERVER, 0},
        {LAB_ARCHIVE_SAME_PAGE, SOTTO_E_BAD_SERVER, 0},
        {LAB_ARCHIVE_NEVER_COMPLETE, 0, 7},
        {LAB_ARCHIVE_REVERSED, 0, 7},
        {LAB_ARCHIVE_TWICE, 0, 7},
        {LAB_ARCHIVE_NO_IDS, 0, 7},
    };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        away a;
        begin(&a, state, OFFLINE_LOST, 3);
        static const char *const bodies[] = {"1", "2", "3", "4", "5", "6", "7"};
        for (size_t k = 0; k < 7; k++) say(a.t.romeo, JULIET, bodies[k]);
        archives(&a.t.w, odd[i].mode, 3);
        arrive(a.t.juliet);
        say(a.t.romeo, JULIET, "live");
        world_pass(&a.t.w, 1000);
        assert_once(a.t.juliet, LIST("live"));
        const told_event *end = device_told_last(a.t.juliet, SOTTO_EVENT_CAUGHT_UP);
        assert_int_equal(end->reason.code, odd[i].reason);
        assert_true(end->number >= odd[i].number &&
                    end->number <= odd[i].number + 1); /* the live one is in it or not */
        device_leave(a.t.juliet);
        archives(&a.t.w, LAB_ARCHIVE_HONEST, 3);
        device_go_online(a.t.juliet);
        assert_once(a.t.juliet, LIST("1", "2", "3", "4", "5", "6", "7", "live"));
        assert_int_equal(device_told_count(a.t.juliet, SOTTO_EVENT_UNREADABLE, -1), 0);
        assert_int_equal(device_told_count(a.t.juliet, SOTTO_EVENT_CAUGHT_UP_UNREADABLE, -1), 0);
        world_end(&a.t.w);
    }
}

/* What an archive leaves out is read when it comes some other day: the ratchet keeps its key. */
static void test_T2_an_archive_with_holes(void **state) {
    away a;
    begin(&a, state, OFFLINE_LOST, 0);
    net n;
    net_spread(&n, &a.t.w, JULIET);
    device_attach(a.t.juliet); /* to catch what is left out later */
    world_run(&a.t.w);
    static const char *const bodies[] = {"1", "2", "3", "4"};
    for (size_t k = 0; k < 4; k++) say(a.t.romeo, JULIET, bodies[k]);
    assert_int_equal(n.len, 4);
    lab_server_hook(a.t.w.server, NULL, NULL);
    device_leave(a.t.juliet);
    archives(&a.t.w, LAB_ARCHIVE_MISSING, 0);
    device_go_online(a.t.juliet);
    assert_once(a.t.juliet, LIST("1", "3"));
    for (size_t k = 0; k < 4; k++) device_inject(a.t.juliet, n.caught[k]);
    assert_once(a.t.juliet, LIST("1", "2", "3", "4"));
    net_end(&n);
    world_end(&a.t.w);
}

static void test_an_archive_that_does_not_answer(void **state) {
    away a;
    begin(&a, state, OFFLINE_LOST, 0);
    say(a.t.romeo, JULIET, "1");
    archives(&a.t.w, LAB_ARCHIVE_SILENT, 0);
    arrive(a.t.juliet);
    say(a.t.romeo, JULIET, "2");
    assert_int_equal(device_read_count(a.t.juliet, "2"), 0);
    world_pass(&a.t.w, 31000);
    assert_once(a.t.juliet, LIST("2"));
    assert_caught_up(a.t.juliet, 0, SOTTO_E_TIMEOUT);
    archives(&a.t.w, LAB_ARCHIVE_HONEST, 0);
    say(a.t.romeo, JULIET, "3");
    world_pass(&a.t.w, 16 * 60 * 1000);
    assert_once(a.t.juliet, LIST("1", "2", "3"));
    assert_caught_up(a.t.juliet, 1, 0);
    world_end(&a.t.w);
}

/* The archive expires what this device has read last. */
static void test_a_cursor_that_is_lost(void **state) {
    away a;
    begin(&a, state, OFFLINE_LOST, 2);
    say(a.t.romeo, JULIET, "1");
    say(a.t.romeo, JULIET, "2");
    say(a.t.romeo, JULIET, "3");
    assert_ok(lab_server_archive_forget(a.t.w.server, "juliet", 3)); /* both hellos, and "1" or an empty message */
    device_go_online(a.t.juliet);
    assert_once(a.t.juliet, LIST("3"));
    assert_int_equal(device_told_last(a.t.juliet, SOTTO_EVENT_CAUGHT_UP)->reason.code, 0);
    say(a.t.romeo, JULIET, "4");
    assert_once(a.t.juliet, LIST("4"));
    world_end(&a.t.w);
}

/* T22: an archive full of what cannot be read begins no session and asks nobody; one event says how much it was. */
static void test_T22_unreadable_ones_of_the_archive(void **state) {
    away a;
    begin(&a, state, OFFLINE_LOST, 0);
    char text[4096];
    for (int i = 0; i < 5; i++) {
        char id[16];
        snprintf(id, sizeof id, "bad%d", i);
        snprintf(text, sizeof text,
                 "<message xmlns='jabber:client' from='" ROMEO "/orchard' to='" JULIET
                 "' type='chat'><encrypted xmlns='" NS_OMEMO "'><header sid='%u'><keys jid='" JULIET
                 "'><key rid='%u'>AAAA</key></keys></header><payload>AAAA</payload></encrypted></message>",
                 (unsigned)device_number(a.t.romeo), (unsigned)device_number(a.t.juliet));
        assert_ok(lab_server_archive_plant(a.t.w.server, "juliet", id, bytes_text(text)));
    }
    size_t asked = world_saw_count(&a.t.w, NODE_KEYS), sealed = world_saw_count(&a.t.w, "<encrypted");
    device_go_online(a.t.juliet);
    size_t asked_then = world_saw_count(&a.t.w, NODE_KEYS);
    assert_int_equal(device_told_count(a.t.juliet, SOTTO_EVENT_UNREADABLE, -1), 0);
    assert_int_equal(device_told_last(a.t.juliet, SOTTO_EVENT_CAUGHT_UP_UNREADABLE)->number, 5);
    assert_int_equal(world_saw_count(&a.t.w, "<encrypted"), sealed + 5); /* the results */
    device_leave(a.t.juliet);
    device_go_online(a.t.juliet); /* her own keys she looks after in any case */
    assert_int_equal(asked_then - asked, world_saw_count(&a.t.w, NODE_KEYS) - asked_then);
    say(a.t.romeo, JULIET, "fine");
    assert_once(a.t.juliet, LIST("fine"));
    world_end(&a.t.w);
}

/* ---- three devices of hers ---- */

static void test_every_device_gets_everything(void **state) {
    away a = {.lost = true};
    world *w = &a.t.w;
    world_start(w, seal_of(state));
    w->catch_up = true;
    archives(w, LAB_ARCHIVE_HONEST, 2);
    lab_server_hook(w->server, offline_hook, &a);
    device *balcony = world_device(w, "juliet", "balcony"), *tablet = world_device(w, "juliet", "tablet"),
           *phone = world_device(w, "juliet", "phone"), *romeo = world_device(w, "romeo", "orchard");
    for (size_t i = 0; i < 4; i++) device_go_online(w->devices[i]);
    world_pass(w, 3000);
    say(romeo, JULIET, "to all");
    say(balcony, ROMEO, "of one");
    assert_once(balcony, LIST("to all"));
    assert_once(tablet, LIST("to all", "of one"));
    assert_once(phone, LIST("to all", "of one"));
    device_leave(phone);
    say(balcony, ROMEO, "of one again");
    say(tablet, ROMEO, "of two");
    clear(tablet, ROMEO, "in the clear");
    say(romeo, JULIET, "back");
    device_go_online(phone);
    assert_once(phone, LIST("to all", "of one", "of one again", "of two", "in the clear", "back"));
    assert_once(balcony, LIST("to all", "of two", "in the clear", "back"));
    assert_once(tablet, LIST("to all", "of one", "of one again", "back"));
    assert_once(romeo, LIST("of one", "of one again", "of two", "in the clear"));
    const read_message *copy = read_last(phone, "of two"), *clear_copy = read_last(balcony, "in the clear");
    assert_true(copy->carbon == SOTTO_CARBON_SENT && copy->archived);
    assert_string_equal(copy->from, JULIET);
    assert_string_equal(copy->peer, ROMEO);
    assert_true(clear_copy->carbon == SOTTO_CARBON_SENT && !clear_copy->archived);
    assert_string_equal(clear_copy->peer, ROMEO);
    assert_int_equal(balcony->read_len, 4); /* nothing of her own came back */
    world_keys_used_once(w);
    /* Nor does it from the archive. */
    device_leave(balcony);
    device_leave(tablet);
    device_go_online(balcony);
    device_go_online(tablet);
    assert_int_equal(balcony->read_len, 4);
    assert_int_equal(tablet->read_len, 4);
    world_end(w);
}

/* A device that is new reads nothing that was written before it, and everything afterwards. */
static void test_a_new_device_begins_where_it_begins(void **state) {
    away a;
    begin(&a, state, OFFLINE_LOST, 2);
    for (int i = 0; i < 5; i++) say(a.t.romeo, JULIET, "old");
    clear(a.t.romeo, JULIET, "old clear");
    device *phone = world_device(&a.t.w, "juliet", "phone");
    device_go_online(phone);
    world_pass(&a.t.w, 3000);
    assert_int_equal(phone->read_len, 0);
    assert_int_equal(device_told_count(phone, SOTTO_EVENT_CAUGHT_UP_UNREADABLE, -1), 0);
    device_leave(phone);
    say(a.t.romeo, JULIET, "new");
    device_go_online(phone);
    assert_once(phone, LIST("new"));
    assert_int_equal(device_read_count(phone, "old") + device_read_count(phone, "old clear"), 0);
    world_end(&a.t.w);
}

/* ---- the process ends in the middle ---- */

typedef struct ending {
    const made *made;
    unsigned at;
    bool resumed, grouped;
} ending;

static unsigned converse(away *a, const ending *e, unsigned *ret_before) {
    world *w = &a->t.w;
    *a = (away){.lost = false};
    world_start(w, sotto_seal_omemo());
    w->catch_up = true;
    archives(w, LAB_ARCHIVE_HONEST, 2);
    device *juliet = a->t.juliet = world_device_over(w, "juliet", "balcony", e->made->juliet);
    device *romeo = a->t.romeo = world_device_over(w, "romeo", "orchard", e->made->romeo);
    juliet->grouped = e->grouped;
    juliet->crash_resumed = e->resumed;
    device_go_online(juliet);
    device_go_online(romeo);
    say(juliet, ROMEO, "hello");
    say(romeo, JULIET, "hello");
    device_leave(juliet);
    say(romeo, JULIET, "s1");
    clear(romeo, JULIET, "c1");
    say(romeo, JULIET, "s2");
    say(romeo, JULIET, "s3");
    *ret_before = juliet->ops;
    juliet->crash_at = e->at;
    device_attach(juliet);
    device_say(romeo, JULIET, "s4");
    clear(romeo, JULIET, "c2");
    say(juliet, ROMEO, "j1");
    world_pass(w, 3000);
    world_pass(w, 61000);
    return juliet->ops;
}

static void end_after_each(bool resumed, bool grouped, unsigned each) {
    made m;
    away a;
    made_start(&m, sotto_seal_omemo());
    ending e = {.made = &m, .resumed = resumed, .grouped = grouped};
    unsigned before, operations = converse(&a, &e, &before);
    world_end(&a.t.w);
    assert_true(operations > before + 40);
    for (e.at = before + 1; e.at <= operations; e.at += each) {
        converse(&a, &e, &before);
        assert_int_equal(a.t.juliet->crashes, 1);
        assert_once(a.t.juliet, LIST("hello", "s1", "c1", "s2", "s3", "s4", "c2"));
        assert_once(a.t.romeo, LIST("hello", "j1"));
        assert_int_equal(device_told_count(a.t.juliet, SOTTO_EVENT_UNREADABLE, -1), 0);
        assert_int_equal(device_told_count(a.t.juliet, SOTTO_EVENT_CAUGHT_UP_UNREADABLE, -1), 0);
        world_keys_used_once(&a.t.w);
        world_end(&a.t.w);
    }
    made_end(&m);
}

static void test_it_ends_and_resumes(void **state) {
    (void)state;
    end_after_each(true, false, 2);
}
static void test_it_ends_and_begins_anew(void **state) {
    (void)state;
    end_after_each(false, true, 2);
}

const struct CMUnitTest archive_tests[] = {
    WITH_OMEMO(test_what_was_missed_comes_from_the_archive),
    WITH_OMEMO(test_what_is_offline_as_well_comes_once),
    WITH_OMEMO(test_clear_ones_between_sealed_ones),
    WITH_OMEMO(test_a_live_message_more_than_a_thousand_ahead),
    WITH_OMEMO(test_T2_odd_archives),
    WITH_OMEMO(test_T2_an_archive_with_holes),
    WITH_OMEMO(test_an_archive_that_does_not_answer),
    WITH_OMEMO(test_a_cursor_that_is_lost),
    WITH_OMEMO(test_T22_unreadable_ones_of_the_archive),
    WITH_OMEMO(test_every_device_gets_everything),
    WITH_OMEMO(test_a_new_device_begins_where_it_begins),
    WITH_OMEMO(test_it_ends_and_resumes),
    WITH_OMEMO(test_it_ends_and_begins_anew),
};
const size_t archive_count = sizeof archive_tests / sizeof archive_tests[0];
