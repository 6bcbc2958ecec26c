/* SPDX-License-Identifier: ISC
 *
 * Rooms: the audience are the members. One of them whose keys are broken, missing or slow does not silence the others,
 * and is said (T35); who wrote must be known (T36); what was written in a room is not a private message (T37). */
#include <stdio.h>
#include <stdlib.h>

#include "groups.h"
#include "seal/omemo/self.h"
#include "two.h"

#define ROOM      "balcony@muc.verona.example"
#define NURSE     "nurse@capulet.example"
#define SAY(body) "<message to='" ROOM "' type='groupchat' id='g'><body>" body "</body></message>"

static const char *const members[] = {JULIET, ROMEO, NURSE};

typedef struct room {
    world w;
    world_device *juliet, *romeo, *nurse; /* the nurse has 0.3 */
} room;

static void room_start(room *r) {
    world_start(&r->w, sotto_seal_omemo());
    r->juliet = world_join(&r->w, JULIET);
    r->romeo = world_join(&r->w, ROMEO);
    r->w.without = MODERN;
    r->nurse = world_join(&r->w, NURSE);
    r->w.without = NULL;
    world_go_online(r->juliet, true);
    world_go_online(r->romeo, true);
    world_go_online(r->nurse, true);
}

static const seal_key *key_of(const seal_promise *promise, const char *jid) {
    for (size_t i = 0; i < promise->keys.count; i++) {
        if (bytes_is(promise->keys.at[i].jid, jid)) return &promise->keys.at[i];
    }
    fail_msg("%s is not there", jid);
    return NULL;
}

static seal_promise settled(world_device *d, size_t count) {
    seal_promise promise = world_promise_room(d, members, count);
    for (int i = 0; promise.kind == SEAL_ASKING && i < 50 && d->ask_count > 0; i++) {
        world_answer(d);
        promise = world_promise_room(d, members, count);
    }
    return promise;
}

/* As the room hands it on: from the room, with the nick. */
static world_read open_in_room(world_device *reader, world_device *writer, sotto_bytes sealed, bool nobody) {
    const world_origin how = {.from = ROOM "/nick", .to = "me@x.example", .room = true, .nobody = nobody};
    return world_open(reader, writer, sealed, &how);
}

static void expect_in_room(world_device *reader, world_device *writer, sotto_bytes sealed, const char *body,
                           const char *dialect) {
    world_read read = open_in_room(reader, writer, sealed, false);
    sotto_bytes text;
    assert_code(read.status, 0);
    assert_code(read.opened.reason, 0);
    assert_int_equal(read.opened.outcome, SEAL_OPENED);
    const stanza_element *opened = world_parse(reader->world, read.opened.stanza);
    assert_true(stanza_text(stanza_child(opened, "body", STANZA_NS_CLIENT), &reader->world->memory, &text));
    assert_text(text, body);
    assert_text(read.opened.key.dialect, dialect);
    assert_true(bytes_equal(read.opened.key.jid, writer->env.account));
}

static void test_three_members_and_both_dialects(void **state) {
    (void)state;
    room r;
    sotto_bytes sealed;
    room_start(&r);
    assert_true(sotto_seal_omemo()->can & SEAL_CAN_ROOM);
    assert_code(world_seal_room(r.juliet, SAY("good night"), members, 3, &sealed), 0);
    assert_false(has(sealed, "good night"));
    assert_true(has(sealed, "to='" ROOM "'"));
    expect_in_room(r.romeo, r.juliet, sealed, "good night", "omemo:2");
    expect_in_room(r.nurse, r.juliet, sealed, "good night", "omemo:0.3");
    r.romeo->control_count = r.nurse->control_count = 0;
    assert_code(world_seal_room(r.nurse, SAY("anon"), members, 3, &sealed), 0);
    expect_in_room(r.juliet, r.nurse, sealed, "anon", "omemo:0.3");
    expect_in_room(r.romeo, r.nurse, sealed, "anon", "omemo:0.3");
    world_end(&r.w);
}

/* Own other devices get it too, and our own message back from the room is nobody's repetition. */
static void test_reflected(void **state) {
    (void)state;
    room r;
    sotto_bytes sealed;
    room_start(&r);
    world_device *juliet2 = world_join(&r.w, JULIET);
    world_go_online(juliet2, true);
    assert_code(world_seal_room(r.juliet, SAY("mine"), members, 3, &sealed), 0);
    sotto_bytes before = world_records(r.juliet);
    world_read read = open_in_room(r.juliet, r.juliet, sealed, false);
    assert_code(read.status, 0);
    assert_int_equal(read.opened.outcome, SEAL_CONTROL);
    assert_true(bytes_equal(before, world_records(r.juliet)));
    expect_in_room(juliet2, r.juliet, sealed, "mine", "omemo:2");
    world_end(&r.w);
}

/* T36: no JID, or the room's own. Nothing is tried. */
static void test_T36_nobody_wrote_it(void **state) {
    (void)state;
    room r;
    sotto_bytes sealed;
    room_start(&r);
    assert_code(world_seal_room(r.juliet, SAY("x"), members, 3, &sealed), 0);
    sotto_bytes before = world_records(r.romeo);
    world_read read = open_in_room(r.romeo, r.juliet, sealed, true);
    assert_int_equal(read.opened.outcome, SEAL_UNREADABLE);
    assert_code(read.opened.reason, SOTTO_E_UNATTRIBUTED);
    sotto_bytes account = r.juliet->env.account;
    r.juliet->env.account = BYTES_LITERAL(ROOM); /* "from" is the room itself */
    read = open_in_room(r.romeo, r.juliet, sealed, false);
    r.juliet->env.account = account;
    assert_code(read.opened.reason, SOTTO_E_UNATTRIBUTED);
    assert_true(bytes_equal(before, world_records(r.romeo)));
    expect_in_room(r.romeo, r.juliet, sealed, "x", "omemo:2");
    world_end(&r.w);
}

/* T37, T13: what was for the room is not read as private, nor the reverse, nor as another member's. In 0.3 that cannot
 * be seen: what says so is the name of the dialect. */
static void test_T37_room_and_private(void **state) {
    (void)state;
    room r;
    sotto_bytes sealed;
    room_start(&r);
    assert_code(world_seal_room(r.juliet, SAY("in public"), members, 3, &sealed), 0);
    world_expect_unreadable(r.romeo, r.juliet, world_replace(&r.w, sealed, "to='" ROOM "'", "to='" ROMEO "'"),
                            SOTTO_E_WRONG_RECIPIENT);
    expect_in_room(r.romeo, r.juliet, sealed, "in public", "omemo:2");
    sotto_bytes private = world_say(r.juliet, ROMEO, "in private");
    world_read read = open_in_room(r.romeo, r.juliet, private, false);
    assert_code(read.opened.reason, SOTTO_E_WRONG_RECIPIENT);
    world_expect(r.romeo, r.juliet, private, "in private");
    world_end(&r.w);
}

/* T35: a member without devices, one whose bundle is broken, one whose list is refused: named with the reason, and the
 * others get it. */
static void test_T35_those_who_cannot_be_reached(void **state) {
    (void)state;
    static const struct {
        const char *what;
        int code;
    } cases[] = {{"nothing", SOTTO_E_NO_DEVICE}, {"bundle", SOTTO_E_BUNDLE_BROKEN}, {"prekeys", SOTTO_E_NO_PREKEY}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        room r;
        sotto_bytes sealed;
        room_start(&r);
        const char *id = (const char *)world_text(&r.w, "%u", world_device_id(r.romeo)).at;
        if (i == 0) {
            world_drop_item(&r.w, ROMEO, DEVICES, "current");
            world_drop_item(&r.w, ROMEO, AXOLOTL ".devicelist", "current");
            world_reopen(r.juliet);
            bytes_map_clear(&r.juliet->records); /* she never heard of him */
            world_reopen(r.juliet);
            world_go_offline(r.romeo);
            world_go_online(r.juliet, true);
        }
        if (i == 1) world_set_item(&r.w, ROMEO, BUNDLES, id, BYTES_LITERAL("<bundle xmlns='urn:xmpp:omemo:2'/>"));
        if (i == 2) {
            sotto_bytes bundle = world_item(&r.w, ROMEO, BUNDLES, id);
            const char *at = strstr((const char *)world_text(&r.w, "%.*s", (int)bundle.len, (const char *)bundle.at).at,
                                    "<prekeys>");
            size_t kept = bundle.len - strlen(at);
            world_set_item(&r.w, ROMEO, BUNDLES, id,
                           world_text(&r.w, "%.*s<prekeys></prekeys></bundle>", (int)kept, (const char *)bundle.at));
        }
        seal_promise promise = settled(r.juliet, 3);
        assert_int_equal(promise.kind, SEAL_READY);
        assert_code(key_of(&promise, ROMEO)->problem, cases[i].code);
        assert_int_equal(key_of(&promise, ROMEO)->device == 0, i == 0);
        assert_code(key_of(&promise, NURSE)->problem, 0);
        assert_code(world_seal_room(r.juliet, SAY("still"), members, 3, &sealed), 0);
        expect_in_room(r.nurse, r.juliet, sealed, "still", "omemo:0.3");
        world_end(&r.w);
    }
}

/* Nobody but ourselves: not READY, and our own devices are nobody. */
static void test_nobody_else(void **state) {
    (void)state;
    room r;
    room_start(&r);
    world_device *juliet2 = world_join(&r.w, JULIET);
    world_go_online(juliet2, true);
    seal_promise promise = settled(r.juliet, 1);
    assert_int_equal(promise.kind, SEAL_BROKEN);
    assert_code(promise.reason, SOTTO_E_NO_DEVICE);
    world_end(&r.w);
}

static world_ask take_question(world_device *d, const char *jid) {
    size_t i = 0;
    while (i < d->ask_count && !bytes_is(d->asks[i].to, jid)) i++;
    assert_true(i < d->ask_count);
    world_ask taken = d->asks[i];
    d->asks[i] = d->asks[--d->ask_count];
    return taken;
}

/* A member whose server is silent is waited for, and not for ever; who comes later is in the next message. */
static void test_T35_slow_member(void **state) {
    (void)state;
    room r;
    sotto_bytes sealed;
    room_start(&r);
    seal_promise promise = world_promise_room(r.juliet, members, 3);
    assert_int_equal(promise.kind, SEAL_ASKING);
    /* All but romeo's bundle is answered. */
    world_ask held = take_question(r.juliet, ROMEO);
    world_answer(r.juliet);
    r.juliet->asks[r.juliet->ask_count++] = held;
    promise = world_promise_room(r.juliet, members, 3);
    assert_int_equal(promise.kind, SEAL_ASKING);
    size_t changed = r.juliet->changed_count;
    held = take_question(r.juliet, ROMEO);
    world_wait(&r.w, OMEMO_ROOM_WAIT_MS);
    r.juliet->asks[r.juliet->ask_count++] = held;
    assert_true(r.juliet->changed_count > changed); /* it is looked at again by itself */
    promise = world_promise_room(r.juliet, members, 3);
    assert_int_equal(promise.kind, SEAL_READY);
    assert_code(key_of(&promise, ROMEO)->problem, SOTTO_E_TIMEOUT);
    assert_code(key_of(&promise, NURSE)->problem, 0);
    world_settle(&r.w); /* and there it is */
    assert_code(world_seal_room(r.juliet, SAY("again"), members, 3, &sealed), 0);
    expect_in_room(r.romeo, r.juliet, sealed, "again", "omemo:2");
    world_end(&r.w);
}

#define CROWD 100

/* limit: SOTTO_OMEMO_QUESTIONS_MAX
 * A hundred members, a third of them with 0.3: no more questions at once than the limit, everybody gets it, and one of
 * them is broken. */
static void test_T35_hundred_members(void **state) {
    (void)state;
    world w;
    sotto_bytes sealed;
    const char *jids[CROWD];
    world_device *crowd[CROWD];
    world_start(&w, sotto_seal_omemo());
    w.notify = false;
    for (size_t i = 0; i < CROWD; i++) {
        jids[i] = (const char *)world_text(&w, "m%zu@verona.example%c", i, 0).at;
        w.without = i % 3 == 1 ? MODERN : NULL;
        crowd[i] = world_join(&w, jids[i]);
        world_go_online(crowd[i], true);
        if (i > 0) world_go_offline(crowd[i]);
    }
    const char *broken = (const char *)world_text(&w, "%u", world_device_id(crowd[3])).at;
    world_set_item(&w, jids[3], BUNDLES, broken, BYTES_LITERAL("<bundle xmlns='urn:xmpp:omemo:2'/>"));
    w.asked_most = 0;
    assert_code(world_seal_room(crowd[0], SAY("to everybody"), jids, CROWD, &sealed), 0);
    assert_true(w.asked_most <= SOTTO_OMEMO_QUESTIONS_MAX && w.asked_most > SOTTO_OMEMO_QUESTIONS_MAX / 2);
    for (size_t i = 1; i < CROWD; i += i < 6 ? 1 : 19) {
        if (i == 3) {
            assert_code(open_in_room(crowd[i], crowd[0], sealed, false).opened.reason, SOTTO_E_NOT_FOR_US);
        } else {
            expect_in_room(crowd[i], crowd[0], sealed, "to everybody", i % 3 == 1 ? "omemo:0.3" : "omemo:2");
        }
    }
    /* Warm: one record for each device, and no question. */
    size_t asked = crowd[0]->ask_count, puts = crowd[0]->puts;
    assert_code(world_seal_room(crowd[0], SAY("again"), jids, CROWD, &sealed), 0);
    assert_int_equal(crowd[0]->ask_count, asked);
    assert_in_range(crowd[0]->puts - puts, CROWD - 2, CROWD + 4);
    expect_in_room(crowd[7], crowd[0], sealed, "again", "omemo:0.3");
    world_end(&w);
}

int room_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_three_members_and_both_dialects),
        cmocka_unit_test(test_reflected),
        cmocka_unit_test(test_T36_nobody_wrote_it),
        cmocka_unit_test(test_T37_room_and_private),
        cmocka_unit_test(test_T35_those_who_cannot_be_reached),
        cmocka_unit_test(test_nobody_else),
        cmocka_unit_test(test_T35_slow_member),
        cmocka_unit_test(test_T35_hundred_members),
    };
    return cmocka_run_group_tests_name("rooms", tests, NULL, NULL);
}
