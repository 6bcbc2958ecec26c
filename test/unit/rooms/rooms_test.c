/* SPDX-License-Identifier: ISC
 *
 * Whole rooms: people with real OMEMO over the lab's server, where members come, leave, are banned, are away, change
 * their nicks and their devices; and rooms that lie. */
#include "people.h"

#define JULIET "juliet@" DOMAIN
#define ROMEO  "romeo@" DOMAIN
#define NURSE  "nurse@" DOMAIN
#define TYBALT "tybalt@" DOMAIN

typedef struct party {
    people all;
    person *juliet, *romeo, *nurse;
} party;

/* Juliet's room, with Romeo and the nurse for members; all three are in it. */
static void party_start(party *t) {
    people_start(&t->all, sotto_seal_omemo());
    t->juliet = people_add(&t->all, "juliet", "balcony");
    t->romeo = people_add(&t->all, "romeo", "orchard");
    t->nurse = people_add(&t->all, "nurse", "chamber");
    assert_ok(lab_server_room(t->all.server, "coven", true, true));
    assert_ok(lab_server_room_affiliate(t->all.server, "coven", JULIET, "owner"));
    assert_ok(lab_server_room_affiliate(t->all.server, "coven", ROMEO, "member"));
    assert_ok(lab_server_room_affiliate(t->all.server, "coven", NURSE, "member"));
    person_online(t->juliet);
    person_online(t->romeo);
    person_online(t->nurse);
    person_join(t->juliet, "");
    person_join(t->romeo, "Romeo");
    person_join(t->nurse, "Nurse");
}

static void party_end(party *t) {
    assert_false(people_saw(&t->all, "<body>"));
    people_end(&t->all);
}

static void test_a_room_is_said_once_and_read_by_all(void **state) {
    (void)state;
    party t;
    party_start(&t);
    assert_told(t.juliet, "room " ROOM " ok 2/2\n");
    assert_told(t.romeo, "room " ROOM " ok 2/2\n");
    char expected[64];
    snprintf(expected, sizeof expected, "delivered " ROOM " ok %llu\n",
             (unsigned long long)person_say(t.juliet, ROOM, "hail"));
    assert_told(t.juliet, expected);
    assert_not_told(t.juliet, "hail"); /* her own comes back silently */
    assert_told(t.romeo, "sealed " JULIET " in " ROOM " as juliet: hail\n");
    assert_told(t.nurse, "sealed " JULIET " in " ROOM " as juliet: hail\n");
    person_say(t.romeo, ROOM, "and well met");
    assert_told(t.juliet, "sealed " ROMEO " in " ROOM " as Romeo: and well met\n");
    assert_told(t.nurse, "sealed " ROMEO " in " ROOM " as Romeo: and well met\n");
    party_end(&t);
}

static void test_a_member_who_is_away_reads_it_later(void **state) {
    (void)state;
    party t;
    party_start(&t);
    person_say(t.nurse, ROOM, "hail"); /* so that all have sessions */
    person_offline(t.nurse);
    person_forget(t.juliet);
    person_say(t.juliet, ROOM, "she is away");
    assert_not_told(t.juliet, "left-out");
    /* The lab's rooms have no archive; that it was sealed for her is in what left. */
    assert_told(t.romeo, "she is away");
    assert_true(people_saw(&t.all, "<keys jid='" NURSE "'>"));
    party_end(&t);
}

static void test_a_member_joins_leaves_and_is_banned(void **state) {
    (void)state;
    party t;
    party_start(&t);
    person *tybalt = people_add(&t.all, "tybalt", "street");
    person_online(tybalt);
    person_forget(t.juliet);
    assert_ok(lab_server_room_affiliate(t.all.server, "coven", TYBALT, "member"));
    people_run(&t.all);
    assert_told(t.juliet, "room-member " ROOM " ok " TYBALT " member\n");
    assert_told(t.juliet, "new-key " TYBALT);
    assert_told(t.juliet, "room " ROOM " ok 3/3\n");
    person_join(tybalt, "Tybalt");
    person_say(t.juliet, ROOM, "peace");
    assert_told(tybalt, "sealed " JULIET " in " ROOM " as juliet: peace\n");
    assert_ok(lab_server_room_affiliate(t.all.server, "coven", TYBALT, "outcast"));
    people_run(&t.all);
    assert_told(t.juliet, "room-member " ROOM " ok " TYBALT " outcast\n");
    assert_told(tybalt, "room " ROOM " room-left 0/0\n");
    size_t before = lab_server_saw(t.all.server).len;
    person_say(t.juliet, ROOM, "he is banished");
    sotto_bytes since = bytes_after(lab_server_saw(t.all.server), before);
    assert_null(memmem(since.at, since.len, "<keys jid='" TYBALT "'>", sizeof "<keys jid='" TYBALT "'>" - 1));
    assert_told(t.nurse, "he is banished");
    person_say(tybalt, ROOM, "what, drawn");
    assert_told(tybalt, "refused " ROOM " not-joined\n");
    party_end(&t);
}

/* T36: the nick is nobody's name. */
static void test_T36_nicks_change_hands(void **state) {
    (void)state;
    party t;
    party_start(&t);
    person_join(t.romeo, "Montague"); /* another nick in the same room */
    person_say(t.romeo, ROOM, "call me so");
    assert_told(t.juliet, "sealed " ROMEO " in " ROOM " as Montague: call me so\n");
    person_join(t.nurse, "Romeo");
    person_say(t.nurse, ROOM, "now I am he");
    assert_told(t.juliet, "sealed " NURSE " in " ROOM " as Romeo: now I am he\n");
    party_end(&t);
}

static void test_a_member_gets_another_device(void **state) {
    (void)state;
    party t;
    party_start(&t);
    person_say(t.juliet, ROOM, "one");
    person *second = people_add(&t.all, "romeo", "mantua");
    person_online(second);
    person_join(second, "Romeo"); /* the same nick: the same person */
    person_say(t.juliet, ROOM, "two");
    assert_told(second, "sealed " JULIET " in " ROOM " as juliet: two\n");
    assert_told(t.romeo, "sealed " JULIET " in " ROOM " as juliet: two\n");
    /* What the other device says is shown on this one, as our own. */
    person_say(second, ROOM, "three");
    assert_told(t.romeo, "sealed " ROMEO " in " ROOM " as Romeo: three\n");
    assert_told(t.juliet, "sealed " ROMEO " in " ROOM " as Romeo: three\n");
    party_end(&t);
}

static void test_private_messages(void **state) {
    (void)state;
    party t;
    party_start(&t);
    person_say(t.juliet, ROOM "/Romeo", "psst");
    assert_told(t.romeo, "sealed " JULIET " in " ROOM " as juliet: psst\n");
    assert_not_told(t.nurse, "psst");
    person_say(t.juliet, ROOM "/Ghost", "boo");
    assert_told(t.juliet, "refused " ROOM " no-occupant\n");
    party_end(&t);
}

/* What was said privately does not become public, nor the other way round, by a server that changes the type. */
static lab_fate turn_type(void *arg, const stanza_element *stanza, bool to_client, sotto_bytes *ret_instead,
                          uint64_t *ret_until_ms) {
    static char text[262144];
    (void)ret_until_ms;
    const char *const *types = arg;
    if (!to_client || stanza_child(stanza, "encrypted", "urn:xmpp:omemo:2") == NULL) return LAB_PASS;
    const char *raw = (const char *)stanza->raw.at;
    char from[64];
    snprintf(from, sizeof from, "type='%s'", types[0]);
    const char *at = memmem(raw, stanza->raw.len, from, strlen(from));
    if (at == NULL) return LAB_PASS;
    size_t head = (size_t)(at - raw), rest = head + strlen(from);
    int len = snprintf(text, sizeof text, "%.*stype='%s'%.*s", (int)head, raw, types[1], (int)(stanza->raw.len - rest),
                       raw + rest);
    *ret_instead = bytes_of(text, (size_t)len);
    return LAB_ALTER;
}

static void test_T37_room_and_private_messages_stay_what_they_are(void **state) {
    (void)state;
    static const char *const turns[][2] = {{"groupchat", "chat"}, {"chat", "groupchat"}};
    for (size_t i = 0; i < 2; i++) {
        party t;
        party_start(&t);
        person_say(t.juliet, ROOM, "first");
        const char *turn[2] = {turns[i][0], turns[i][1]};
        lab_server_hook(t.all.server, turn_type, turn);
        person_say(t.juliet, i == 0 ? ROOM : ROOM "/Romeo", "turned");
        lab_server_hook(t.all.server, NULL, NULL);
        assert_not_told(t.romeo, "turned");
        assert_told(t.romeo, "unreadable " JULIET " wrong-recipient");
        person_say(t.juliet, ROOM, "straight");
        assert_told(t.romeo, "sealed " JULIET " in " ROOM " as juliet: straight\n");
        party_end(&t);
    }
}

static void test_a_room_that_becomes_public_or_anonymous_stops(void **state) {
    (void)state;
    static const struct {
        bool members_only, shows_jids;
        const char *told;
    } turns[] = {{false, true, "room-public"}, {true, false, "room-anonymous"}};
    for (size_t i = 0; i < 2; i++) {
        party t;
        char expected[96];
        party_start(&t);
        person_say(t.juliet, ROOM, "hail");
        assert_ok(lab_server_room_configure(t.all.server, "coven", turns[i].members_only, turns[i].shows_jids));
        people_run(&t.all);
        snprintf(expected, sizeof expected, "room " ROOM " %s 0/0\n", turns[i].told);
        assert_told(t.juliet, expected);
        size_t before = lab_server_saw(t.all.server).len;
        person_say(t.juliet, ROOM, "still here");
        assert_int_equal(lab_server_saw(t.all.server).len, before); /* nothing is sent */
        snprintf(expected, sizeof expected, "refused " ROOM " %s\n", turns[i].told);
        assert_told(t.juliet, expected);
        /* And back. */
        person_forget(t.juliet);
        assert_ok(lab_server_room_configure(t.all.server, "coven", true, true));
        people_run(&t.all);
        assert_told(t.juliet, "room " ROOM " ok 2/2\n");
        person_say(t.juliet, ROOM, "again");
        assert_told(t.romeo, "sealed " JULIET " in " ROOM " as juliet: again\n");
        party_end(&t);
    }
}

static void test_rooms_outlive_a_restart(void **state) {
    (void)state;
    party t;
    party_start(&t);
    person_say(t.juliet, ROOM, "before");
    person_restart(t.romeo);
    people_run(&t.all);
    person_forget(t.romeo);
    person_online(t.romeo);
    assert_told(t.romeo, "room " ROOM " ok 2/2\n");
    person_say(t.romeo, ROOM, "after");
    assert_told(t.juliet, "sealed " ROMEO " in " ROOM " as Romeo: after\n");
    person_say(t.juliet, ROOM, "welcome");
    assert_told(t.romeo, "sealed " JULIET " in " ROOM " as juliet: welcome\n");
    party_end(&t);
}

/* ---- rooms that lie ---- */

static void test_T35_a_forged_member_is_shown_and_an_outcast_gets_nothing(void **state) {
    (void)state;
    party t;
    people_start(&t.all, sotto_seal_omemo());
    t.juliet = people_add(&t.all, "juliet", "balcony");
    t.romeo = people_add(&t.all, "romeo", "orchard");
    person *mallory = people_add(&t.all, "mallory", "cellar"), *tybalt = people_add(&t.all, "tybalt", "street");
    assert_ok(lab_server_room(t.all.server, "coven", true, true));
    assert_ok(lab_server_room_affiliate(t.all.server, "coven", JULIET, "owner"));
    assert_ok(lab_server_room_affiliate(t.all.server, "coven", ROMEO, "member"));
    assert_ok(lab_server_room_affiliate(t.all.server, "coven", TYBALT, "outcast"));
    assert_ok(lab_server_room_lie(t.all.server, "coven", LAB_ROOM_FORGES_MEMBER | LAB_ROOM_RETURNS_OUTCASTS));
    person_online(mallory);
    person_online(tybalt);
    person_online(t.juliet);
    person_online(t.romeo);
    person_join(t.juliet, "");
    /* Mallory is one more that it says; nobody can know better, but it is said: two, not one. */
    assert_told(t.juliet, "room " ROOM " ok 2/2\n");
    assert_told(t.juliet, "new-key mallory@" DOMAIN);
    person_say(t.juliet, ROOM, "hail");
    assert_false(people_saw(&t.all, "<keys jid='" TYBALT "'>"));
    people_end(&t.all);
}

static void test_lists_that_are_refused_or_mixed_break_it(void **state) {
    (void)state;
    static const struct {
        unsigned lie;
        const char *told;
    } lies[] = {{LAB_ROOM_REFUSES_LISTS, "server-refused"}, {LAB_ROOM_MIXES_LISTS, "malformed"}};
    for (size_t i = 0; i < 2; i++) {
        char expected[96];
        people all;
        people_start(&all, sotto_seal_omemo());
        person *romeo = people_add(&all, "romeo", "orchard");
        assert_ok(lab_server_room(all.server, "coven", true, true));
        assert_ok(lab_server_room_affiliate(all.server, "coven", JULIET, "owner"));
        assert_ok(lab_server_room_affiliate(all.server, "coven", ROMEO, "member"));
        assert_ok(lab_server_room_lie(all.server, "coven", lies[i].lie));
        person_online(romeo);
        person_join(romeo, "");
        snprintf(expected, sizeof expected, "room " ROOM " %s 0/0\n", lies[i].told);
        assert_told(romeo, expected);
        person_say(romeo, ROOM, "hail");
        snprintf(expected, sizeof expected, "held " ROOM " %s\n", lies[i].told);
        assert_told(romeo, expected);
        assert_false(people_saw(&all, "hail"));
        people_end(&all);
    }
}

/* T36: somebody's message under another's nick is still the writer's, or nobody's. */
static void test_T36_a_message_moved_to_another_nick_is_not_his(void **state) {
    (void)state;
    party t;
    party_start(&t);
    person_say(t.juliet, ROOM, "first");
    assert_ok(lab_session_inject(
        t.romeo->session,
        BYTES_LITERAL("<presence from='" ROOM "/juliet'><x xmlns='http://jabber.org/protocol/muc#user'><item "
                      "affiliation='member' jid='" NURSE "/x' role='participant'/></x></presence>")));
    people_run(&t.all);
    person_say(t.juliet, ROOM, "second");
    assert_not_told(t.romeo, "second"); /* the key is not the nurse's, and the sender inside is another */
    assert_told(t.romeo, "unreadable " NURSE);
    party_end(&t);
}

/* T35: one broken bundle does not silence a room, and is said. */
static void test_T35_one_broken_member_does_not_block(void **state) {
    (void)state;
    party t;
    people_start(&t.all, sotto_seal_omemo());
    t.juliet = people_add(&t.all, "juliet", "balcony");
    t.romeo = people_add(&t.all, "romeo", "orchard");
    assert_ok(lab_server_account(t.all.server, "nurse", NULL));
    assert_ok(lab_server_account(t.all.server, "peter", NULL));
    assert_ok(lab_server_room(t.all.server, "coven", true, true));
    assert_ok(lab_server_room_affiliate(t.all.server, "coven", JULIET, "owner"));
    assert_ok(lab_server_room_affiliate(t.all.server, "coven", ROMEO, "member"));
    assert_ok(lab_server_room_affiliate(t.all.server, "coven", NURSE, "member"));
    assert_ok(lab_server_room_affiliate(t.all.server, "coven", "peter@" DOMAIN, "member"));
    assert_ok(lab_server_plant(t.all.server, "nurse", "urn:xmpp:omemo:2:devices", "current",
                               BYTES_LITERAL("<devices xmlns='urn:xmpp:omemo:2'><device id='7'/></devices>"), false));
    person_online(t.romeo);
    person_online(t.juliet);
    person_join(t.juliet, "");
    assert_told(t.juliet, "room " ROOM " ok 1/3\n");
    person_say(t.juliet, ROOM, "hail");
    assert_told(t.juliet, "left-out " NURSE);
    assert_told(t.juliet, "left-out peter@" DOMAIN " no-device\n");
    assert_true(people_saw(&t.all, "<keys jid='" ROMEO "'>"));
    people_end(&t.all);
}

static void test_a_room_that_nobody_made_is_made_private(void **state) {
    (void)state;
    people all;
    people_start(&all, sotto_seal_omemo());
    person *juliet = people_add(&all, "juliet", "balcony");
    person_online(juliet);
    person_join(juliet, "");
    assert_told(juliet, "room " ROOM " ok 0/0\n");
    assert_true(people_saw(&all, "muc_membersonly"));
    people_end(&all);
}

/* ---- a hundred ---- */

static void test_a_hundred_members_with_two_devices_each(void **state) {
    (void)state;
    people all;
    people_start(&all, sotto_seal_omemo());
    person *juliet = people_add(&all, "juliet", "balcony"), *one = NULL, *two = NULL;
    assert_ok(lab_server_room(all.server, "coven", true, true));
    assert_ok(lab_server_room_affiliate(all.server, "coven", JULIET, "owner"));
    for (unsigned i = 0; i < 100; i++) {
        char local[32], jid[64];
        snprintf(local, sizeof local, "m%u", i);
        snprintf(jid, sizeof jid, "m%u@" DOMAIN, i);
        one = people_add(&all, local, "one");
        two = people_add(&all, local, "two");
        person_online(one);
        person_offline(one);
        person_online(two);
        if (i < 99) person_offline(two);
        assert_ok(lab_server_room_affiliate(all.server, "coven", jid, "member"));
    }
    person_online(juliet);
    person_join(juliet, "");
    assert_told(juliet, "room " ROOM " ok 100/100\n");
    person_join(two, "last");
    person_say(juliet, ROOM, "hail to all");
    assert_told(two, "sealed " JULIET " in " ROOM " as juliet: hail to all\n");
    assert_not_told(juliet, "left-out");
    people_end(&all);
}

int main(void) {
    const struct CMUnitTest rooms[] = {
        cmocka_unit_test(test_a_room_is_said_once_and_read_by_all),
        cmocka_unit_test(test_a_member_who_is_away_reads_it_later),
        cmocka_unit_test(test_a_member_joins_leaves_and_is_banned),
        cmocka_unit_test(test_T36_nicks_change_hands),
        cmocka_unit_test(test_a_member_gets_another_device),
        cmocka_unit_test(test_private_messages),
        cmocka_unit_test(test_T37_room_and_private_messages_stay_what_they_are),
        cmocka_unit_test(test_a_room_that_becomes_public_or_anonymous_stops),
        cmocka_unit_test(test_rooms_outlive_a_restart),
        cmocka_unit_test(test_T35_a_forged_member_is_shown_and_an_outcast_gets_nothing),
        cmocka_unit_test(test_lists_that_are_refused_or_mixed_break_it),
        cmocka_unit_test(test_T36_a_message_moved_to_another_nick_is_not_his),
        cmocka_unit_test(test_T35_one_broken_member_does_not_block),
        cmocka_unit_test(test_a_room_that_nobody_made_is_made_private),
        cmocka_unit_test(test_a_hundred_members_with_two_devices_each),
    };
    return cmocka_run_group_tests(rooms, NULL, NULL);
}
