/* SPDX-License-Identifier: ISC
 *
 * Catching up, one stanza after the other: whose results count (T2), what waits, how far the cursor moves, and what
 * becomes of it when archives do not answer as they should. */
#include "engine_rig.h"

#include "engine/archive.h"

#define OWN   "juliet@capulet.example"
#define ROMEO "romeo@montague.example"
#define ROOM  "coven@chat.example"
#define NS    "urn:xmpp:mam:2"
#define INFO                                                                                                           \
    "<query xmlns='http://jabber.org/protocol/disco#info'><feature var='" NS "'/><feature "                            \
    "var='urn:xmpp:sid:0'/></query>"
#define INFO_NO_IDS "<query xmlns='http://jabber.org/protocol/disco#info'><feature var='" NS "'/></query>"

typedef struct asked {
    char id[64], queryid[64];
    char text[4096]; /* the outputs it was in */
} asked;

static int archive_setup(void **state) {
    if (engine_setup(state) != 0) return 1;
    engine_rig *r = *state;
    r->config.catch_up = true;
    engine_reopen(r);
    return 0;
}

/* The value behind the last of these marks. */
static void value_of(const char *text, const char *mark, char *ret, size_t size) {
    const char *at = NULL, *next = text;
    while ((next = strstr(next, mark)) != NULL) at = next += strlen(mark);
    ret[0] = 0;
    if (at == NULL) return;
    size_t len = strcspn(at + 1, (const char[]){*at, 0});
    assert_true(len < size);
    memcpy(ret, at + 1, len);
    ret[len] = 0;
}

/* Takes the outputs, with the question in them. */
static asked *look(engine_rig *r) {
    static asked a;
    snprintf(a.text, sizeof a.text, "%s", outputs(r, true));
    value_of(a.text, " id=", a.id, sizeof a.id);
    value_of(a.text, "queryid=", a.queryid, sizeof a.queryid);
    return &a;
}

static void feed(engine_rig *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void feed(engine_rig *r, const char *format, ...) {
    char text[4096];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    step(r, stanza_input(text));
}

static void answer(engine_rig *r, const asked *a, const char *from, const char *payload) {
    feed(r, "<iq type='result' from='%s' id='%s'>%s</iq>", from, a->id, payload);
}

#define BODY(text) "<body>" text "</body>"
#define FROM_ROMEO(inside)                                                                                             \
    "<message xmlns='jabber:client' from='" ROMEO "/x' to='" OWN "' type='chat'>" inside "</message>"

/* A result of `from` (empty: nobody) with this message in it. */
static void result(engine_rig *r, const char *from, const char *queryid, const char *id, const char *message) {
    feed(r,
         "<message %s%s%s to='" OWN "/balcony'><result xmlns='" NS "' queryid='%s' id='%s'><forwarded "
         "xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' "
         "stamp='2026-11-20T09:00:00Z'/>%s</forwarded></result></message>",
         *from ? "from='" : "", from, *from ? "'" : "", queryid, id, message);
}

static void fin(engine_rig *r, const asked *a, const char *from, bool complete, const char *last) {
    feed(r,
         "<iq type='result' from='%s' id='%s'><fin xmlns='" NS "'%s><set "
         "xmlns='http://jabber.org/protocol/rsm'>%s%s%s</set></fin></iq>",
         from, a->id, complete ? " complete='true'" : "", *last ? "<last>" : "", last, *last ? "</last>" : "");
}

/* Online, and the archive is asked. */
static asked *begin(engine_rig *r) {
    go_online(r, false);
    answer(r, look(r), OWN, INFO);
    return look(r);
}

/* A first login is over; the cursor is `last`. */
static void settle(engine_rig *r, const char *last) {
    asked *a = begin(r);
    if (*last) result(r, OWN, a->queryid, last, FROM_ROMEO(BODY("long ago")));
    fin(r, a, OWN, true, last);
    outputs(r, true);
}

static void live(engine_rig *r, const char *body, const char *id) {
    feed(r,
         "<message from='" ROMEO "/x' to='" OWN "/balcony' type='chat'><body>%s</body><stanza-id "
         "xmlns='urn:xmpp:sid:0' by='" OWN "' id='%s'/></message>",
         body, id);
}

/* ---- the course ---- */

static void test_the_first_time_nothing_old_is_taken_in_the_clear(void **state) {
    engine_rig *r = *state;
    asked *a = begin(r);
    assert_contains(a->text, "<before");
    assert_lacks(a->text, "<after");
    assert_int_equal(the_script.inputs[SEAL_INPUT_CATCHUP], 1);
    result(r, OWN, a->queryid, "a1", FROM_ROMEO(BODY("old")));
    result(r, OWN, a->queryid, "a2", FROM_ROMEO("<sealed xmlns='test:script'/>"));
    assert_false(the_script.origin.live);
    fin(r, a, OWN, false, "a2");
    const char *text = outputs(r, true);
    assert_lacks(text, "old");
    assert_contains(text, "deliver script " ROMEO);
    assert_contains(text, "event caught-up 0 " OWN " ok\n");
    assert_int_equal(the_script.inputs[SEAL_INPUT_CATCHUP], 2);
    /* From then on, what is behind that. */
    assert_contains(begin(r)->text, ">a2</after>");
}

static void test_pages_until_the_last(void **state) {
    engine_rig *r = *state;
    settle(r, "a0");
    asked *a = begin(r);
    result(r, OWN, a->queryid, "a1", FROM_ROMEO(BODY("one")));
    result(r, "", a->queryid, "a2", FROM_ROMEO(BODY("two")));
    fin(r, a, OWN, false, "a2");
    a = look(r);
    assert_contains(a->text, "deliver clear " ROMEO " undecided <message xmlns='jabber:client' from='" ROMEO
                             "/x' to='" OWN "' type='chat'><body>one</body></message>\n");
    assert_contains(a->text, "event catching-up 0 " OWN " ok\n");
    assert_contains(a->text, ">a2</after>");
    result(r, OWN, a->queryid, "a3", FROM_ROMEO(BODY("three")));
    fin(r, a, OWN, true, "a3");
    assert_outputs(r, "deliver clear " ROMEO " undecided <message xmlns='jabber:client' from='" ROMEO "/x' to='" OWN
                      "' type='chat'><body>three</body></message>\nevent caught-up 0 " OWN " ok\n");
}

static void test_delivery_says_where_it_comes_from(void **state) {
    engine_rig *r = *state;
    settle(r, "a0");
    asked *a = begin(r);
    result(r, OWN, a->queryid, "a1", FROM_ROMEO(BODY("in")));
    result(r, OWN, a->queryid, "a2",
           "<message xmlns='jabber:client' from='" OWN "/phone' to='" ROMEO
           "/x' type='chat'>" BODY("out") "</message>");
    commit(r);
    sotto_output out;
    assert_true(sotto_engine_next(r->engine, &out));
    assert_true(out.delivery.archived && out.delivery.carbon == SOTTO_CARBON_NONE);
    assert_true(bytes_is(out.delivery.peer, ROMEO));
    assert_true(out.delivery.time_ms == UINT64_C(1795165200000));
    assert_true(sotto_engine_next(r->engine, &out));
    assert_true(out.delivery.archived && out.delivery.carbon == SOTTO_CARBON_SENT);
    assert_true(bytes_is(out.delivery.peer, ROMEO) && bytes_is(out.delivery.from, OWN));
}

static void test_without_an_archive_nothing_is_said(void **state) {
    engine_rig *r = *state;
    go_online(r, false);
    asked *a = look(r);
    live(r, "hello", "x");
    assert_lacks(outputs(r, true), "hello");
    answer(r, a, OWN, "<query xmlns='http://jabber.org/protocol/disco#info'/>");
    const char *text = outputs(r, true);
    assert_contains(text, "hello");
    assert_lacks(text, "urn:xmpp:mam");
    /* For who waits: done, nothing read. */
    assert_contains(text, "event caught-up 0 " OWN " ok\n");
    assert_true(r->last_seq > 0);
    go_online(r, false);
    a = look(r);
    feed(r, "<iq type='error' from='" OWN "' id='%s'><error type='cancel'/></iq>", a->id);
    live(r, "again", "y");
    assert_contains(outputs(r, true), "again");
}

static void test_a_host_that_does_not_want_it_is_not_asked_for(void **state) {
    engine_rig *r = *state;
    r->config.catch_up = false;
    engine_reopen(r);
    go_online(r, false);
    assert_outputs(r, "");
    /* And what pretends to be a result is a message of whoever sent it. */
    live(r, "hello", "x");
    live(r, "hello", "x");
    assert_int_equal(strlen(outputs(r, true)) > 200, 1);
}

/* ---- T2 ---- */

static void test_T2_results_of_others_are_none(void **state) {
    engine_rig *r = *state;
    settle(r, "a0");
    asked *a = begin(r);
    static const char *const liars[] = {ROMEO, ROMEO "/x", "capulet.example", OWN "/other", "mallory@evil.example",
                                        ROOM};
    for (size_t i = 0; i < sizeof liars / sizeof *liars; i++)
        result(r, liars[i], a->queryid, "a1", FROM_ROMEO(BODY("forged")));
    result(r, OWN, "other", "a1", FROM_ROMEO(BODY("forged")));
    result(r, OWN, "", "a1", FROM_ROMEO(BODY("forged")));
    assert_outputs(r, "");
    result(r, OWN, a->queryid, "a1", FROM_ROMEO(BODY("true")));
    fin(r, a, OWN, true, "a1");
    assert_contains(outputs(r, true), "true");
    /* After the end the question is not open any more; before there is one, none is. */
    result(r, OWN, a->queryid, "a2", FROM_ROMEO(BODY("late")));
    result(r, OWN, "", "a2", FROM_ROMEO(BODY("late")));
    assert_outputs(r, "");
}

static void test_T2_results_must_have_their_form(void **state) {
    engine_rig *r = *state;
    settle(r, "a0");
    asked *a = begin(r);
    result(r, OWN, a->queryid, "", FROM_ROMEO(BODY("no id")));
    result(r, OWN, a->queryid, "a1", FROM_ROMEO(BODY("two")) FROM_ROMEO(BODY("two")));
    feed(r, "<message from='" OWN "'><result xmlns='" NS "' queryid='%s' id='a1'/></message>", a->queryid);
    feed(r,
         "<message from='" OWN "'><result xmlns='" NS "' queryid='%s' id='a1'><forwarded xmlns='urn:xmpp:forward:0'/>"
         "</result><result xmlns='" NS "'/>" BODY("x") "</message>",
         a->queryid);
    assert_outputs(r, "");
    fin(r, a, OWN, true, "");
    assert_contains(outputs(r, true), "event caught-up 0 " OWN " ok\n");
}

/* What is in somebody's archive is from them or to them, and wraps nothing (T1). */
static void test_T2_what_does_not_belong_there_is_passed_over(void **state) {
    engine_rig *r = *state;
    settle(r, "a0");
    asked *a = begin(r);
    static const char *const strays[] = {
        "<message xmlns='jabber:client' from='" ROMEO "/x' to='" ROMEO "'>" BODY("stray") "</message>",
        "<message xmlns='jabber:client' to='" OWN "'>" BODY("stray") "</message>",
        "<message xmlns='jabber:client' from='a@@b' to='" OWN "'>" BODY("stray") "</message>",
        "<message xmlns='jabber:client' from='" ROMEO "' to='a@@b'>" BODY("stray") "</message>",
        "<message xmlns='jabber:client' from='" ROOM "/nick' to='" OWN "' type='groupchat'>" BODY("stray") "</message>",
        "<message xmlns='jabber:client' from='" OWN "' to='" OWN
        "'>" BODY("stray") "<received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>" FROM_ROMEO(
            BODY("stray")) "</forwarded></received></message>",
        "<message xmlns='jabber:client' from='" OWN "' to='" OWN "'><result xmlns='" NS "' id='a9'><forwarded "
        "xmlns='urn:xmpp:forward:0'>" FROM_ROMEO(BODY("stray")) "</forwarded></result></message>",
        "<message xmlns='jabber:client' from='" ROMEO "' to='" OWN
        "'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='test:devices'/></event></message>",
        "", /* taken out of the archive */
    };
    for (size_t i = 0; i < sizeof strays / sizeof *strays; i++) result(r, OWN, a->queryid, "a1", strays[i]);
    assert_int_equal(the_script.inputs[SEAL_INPUT_PEP], 0);
    assert_outputs(r, "");
    result(r, OWN, a->queryid, "a2", FROM_ROMEO(BODY("true")));
    fin(r, a, OWN, true, "a2");
    assert_contains(outputs(r, true), "true");
    assert_contains(begin(r)->text, ">a2</after>");
}

/* The delay beside the message counts, not one inside of it. */
static void test_T2_the_time_is_the_archives(void **state) {
    engine_rig *r = *state;
    settle(r, "a0");
    asked *a = begin(r);
    result(r, OWN, a->queryid, "a1",
           FROM_ROMEO("<sealed xmlns='test:script'/><delay xmlns='urn:xmpp:delay' stamp='2020-01-01T00:00:00Z'/>"));
    assert_true(the_script.origin.time_ms == UINT64_C(1795165200000));
    assert_true(bytes_is(the_script.origin.from, ROMEO));
}

/* ---- errors ---- */

static void test_a_lost_cursor_goes_by_time_once(void **state) {
    engine_rig *r = *state;
    settle(r, "a0");
    asked *a = begin(r);
    feed(r,
         "<iq type='error' from='" OWN "' id='%s'><error type='cancel'><item-not-found "
         "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
         a->id);
    a = look(r);
    assert_lacks(a->text, "<after");
    assert_contains(a->text, "2026-11-20T08:00:00.000Z"); /* an hour before a0 */
    result(r, OWN, a->queryid, "b1", FROM_ROMEO(BODY("one")));
    fin(r, a, OWN, false, "b1");
    a = look(r);
    assert_contains(a->text, ">b1</after>");
    assert_lacks(a->text, "2026-11-20T08");
    fin(r, a, OWN, true, "");
    assert_contains(outputs(r, true), "event caught-up 0 " OWN " ok\n");
    /* An archive that knows no time either. */
    a = begin(r);
    for (int i = 0; i < 2; i++) {
        feed(r,
             "<iq type='error' from='" OWN "' id='%s'><error type='cancel'><item-not-found "
             "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
             a->id);
        a = look(r);
    }
    assert_contains(a->text, "event caught-up 0 " OWN " server-refused\n");
}

/* The cursor stays, what came live is handed on, and it is said. */
static void test_no_answer(void **state) {
    engine_rig *r = *state;
    settle(r, "a0");
    begin(r);
    live(r, "hello", "a7");
    assert_outputs(r, "");
    r->now_ms += SOTTO_ASK_WAIT_MS;
    step(r, (sotto_input){.kind = SOTTO_INPUT_TIMER});
    const char *text = outputs(r, true);
    assert_contains(text, "hello");
    assert_contains(text, "event caught-up 0 " OWN " timeout\n");
    /* There is a hole: nothing that comes live moves the cursor over it, and it is tried again. */
    live(r, "more", "a8");
    assert_contains(outputs(r, true), "more");
    r->now_ms += 15 * 60 * 1000;
    step(r, (sotto_input){.kind = SOTTO_INPUT_TIMER});
    answer(r, look(r), OWN, INFO);
    asked *a = look(r);
    assert_contains(a->text, ">a0</after>");
    result(r, OWN, a->queryid, "a7", FROM_ROMEO(BODY("hello")));
    result(r, OWN, a->queryid, "a8", FROM_ROMEO(BODY("more")));
    fin(r, a, OWN, true, "a8");
    assert_outputs(r, "event caught-up 0 " OWN " ok\n");
}

static void test_answers_that_are_none(void **state) {
    engine_rig *r = *state;
    settle(r, "a0");
    static const char *const answers[] = {
        "",
        "<fin xmlns='other'/>",
        "<fin xmlns='" NS "' complete='true'><set xmlns='http://jabber.org/protocol/rsm'><last>a9</last></set></fin>",
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        asked *a = begin(r);
        answer(r, a, OWN, answers[i]);
        assert_contains(outputs(r, true), "event caught-up 0 " OWN " bad-server\n");
        assert_contains(begin(r)->text, ">a0</after>");
        fin(r, look(r), OWN, true, "");
        outputs(r, true);
    }
}

static void test_the_same_page_again_ends_it(void **state) {
    engine_rig *r = *state;
    settle(r, "a0");
    asked *a = begin(r);
    result(r, OWN, a->queryid, "a1", FROM_ROMEO(BODY("one")));
    fin(r, a, OWN, false, "a1");
    a = look(r);
    result(r, OWN, a->queryid, "a1", FROM_ROMEO(BODY("one")));
    fin(r, a, OWN, false, "a1");
    assert_outputs(r, "event caught-up 0 " OWN " bad-server\n");
}

/* limit: SOTTO_ARCHIVE_PAGES_MAX. Two pages by turns would go on for ever. */
static void test_pages_are_bounded(void **state) {
    engine_rig *r = *state;
    settle(r, "a0");
    asked *a = begin(r);
    unsigned pages = 0;
    while (a->queryid[0] != 0 && pages <= SOTTO_ARCHIVE_PAGES_MAX) {
        const char *id = pages++ % 2 == 0 ? "a1" : "a2";
        result(r, OWN, a->queryid, id, FROM_ROMEO(BODY("one")));
        fin(r, a, OWN, false, id);
        a = look(r);
    }
    assert_int_equal(pages, SOTTO_ARCHIVE_PAGES_MAX);
    assert_contains(a->text, "event caught-up 0 " OWN " again\n");
}

/* limit: SOTTO_ARCHIVE_PAGE */
static void test_a_page_is_no_longer_than_asked_for(void **state) {
    engine_rig *r = *state;
    settle(r, "a0");
    asked *a = begin(r);
    assert_contains(a->text, "<max>100</max>");
    for (unsigned i = 0; i <= SOTTO_ARCHIVE_PAGE; i++) {
        char id[16];
        snprintf(id, sizeof id, "p%u", i);
        result(r, OWN, a->queryid, id, FROM_ROMEO("<sealed xmlns='test:script'/>"));
    }
    assert_int_equal(the_script.unprotects, SOTTO_ARCHIVE_PAGE);
    fin(r, a, OWN, true, "p100");
    assert_contains(outputs(r, true), "event caught-up 0 " OWN " bad-server\n");
    assert_contains(begin(r)->text, ">a0</after>");
}

/* limit: SOTTO_ARCHIVE_ID_BYTES_MAX */
static void test_ids_are_bounded(void **state) {
    engine_rig *r = *state;
    char id[SOTTO_ARCHIVE_ID_BYTES_MAX + 2];
    memset(id, 'i', sizeof id);
    settle(r, "a0");
    asked *a = begin(r);
    id[SOTTO_ARCHIVE_ID_BYTES_MAX] = 0;
    result(r, OWN, a->queryid, id, FROM_ROMEO(BODY("longest")));
    fin(r, a, OWN, true, id);
    assert_contains(outputs(r, true), "longest");
    live(r, "longest", id);
    assert_outputs(r, "");
    a = begin(r);
    assert_contains(a->text, id);
    id[SOTTO_ARCHIVE_ID_BYTES_MAX] = 'i';
    id[SOTTO_ARCHIVE_ID_BYTES_MAX + 1] = 0;
    result(r, OWN, a->queryid, id, FROM_ROMEO(BODY("too long")));
    fin(r, a, OWN, true, id);
    const char *text = outputs(r, true);
    assert_lacks(text, "too long");
    assert_contains(text, "bad-server");
    live(r, "too long", id);
    live(r, "too long", id); /* nothing tells them apart */
    text = outputs(r, true);
    assert_non_null(strstr(strstr(text, "too long") + 1, "too long"));
}

/* ---- what waits ---- */

static void test_live_messages_wait_and_keep_their_order(void **state) {
    engine_rig *r = *state;
    settle(r, "a0");
    asked *a = begin(r);
    live(r, "four", "a4");
    live(r, "three", "a3"); /* also in the archive */
    feed(r, "<message from='" ROMEO "/x' type='error'>" BODY("bounce") "<error type='cancel'/></message>");
    assert_contains(outputs(r, true), "bounce");
    engine_reopen(r); /* they are rows */
    go_online(r, true);
    answer(r, look(r), OWN, INFO);
    a = look(r);
    assert_contains(a->text, ">a0</after>");
    result(r, OWN, a->queryid, "a3", FROM_ROMEO(BODY("three")));
    live(r, "five", "a5");
    fin(r, a, OWN, true, "a3");
    const char *text = outputs(r, true), *three = strstr(text, "three"), *four = strstr(text, "four"),
               *five = strstr(text, "five");
    assert_true(three != NULL && four > three && five > four);
    assert_null(strstr(three + 1, "three"));
    assert_contains(begin(r)->text, ">a5</after>");
}

/* limit: SOTTO_ARCHIVE_WAITING_MAX */
static void test_too_many_wait(void **state) {
    engine_rig *r = *state;
    settle(r, "a0");
    asked a = *begin(r);
    char id[16];
    for (unsigned i = 0; i < SOTTO_ARCHIVE_WAITING_MAX; i++) {
        snprintf(id, sizeof id, "l%u", i);
        live(r, "waits", id);
    }
    assert_outputs(r, "");
    live(r, "let go", "m1"); /* its id says that it is in the archive */
    assert_outputs(r, "");
    feed(r, "<message from='" ROMEO "/x' type='chat'>" BODY("at once") "</message>");
    assert_contains(outputs(r, true), "at once");
    /* One more page is asked for, though this one says that it is the last. */
    result(r, OWN, a.queryid, "a1", FROM_ROMEO(BODY("one")));
    fin(r, &a, OWN, true, "a1");
    a = *look(r);
    assert_contains(a.text, ">a1</after>");
    result(r, OWN, a.queryid, "m1", FROM_ROMEO(BODY("let go")));
    fin(r, &a, OWN, true, "m1");
    size_t count = 0;
    for (unsigned i = 0; i < 20; i++) {
        const char *text = outputs(r, true);
        if (i == 0) assert_contains(text, "let go");
        for (const char *at = text; (at = strstr(at, "waits")) != NULL; at++) count++;
        if (strstr(text, "caught-up") != NULL) break;
        r->now_ms++;
        step(r, (sotto_input){.kind = SOTTO_INPUT_TIMER});
    }
    assert_int_equal(count, SOTTO_ARCHIVE_WAITING_MAX);
}

/* ---- what was seen ---- */

static void test_copies_of_one_message_are_one(void **state) {
    engine_rig *r = *state;
    settle(r, "a0");
    live(r, "hello", "a1");
    assert_contains(outputs(r, true), "hello");
    live(r, "hello", "a1"); /* out of the offline store, say */
    feed(r,
         "<message from='" OWN "'><received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'><message "
         "xmlns='jabber:client' from='" ROMEO "/x' to='" OWN
         "/phone'>" BODY("hello") "<stanza-id xmlns='urn:xmpp:sid:0' by='" OWN
                                  "' id='a1'/></message></forwarded></received></message>");
    assert_outputs(r, "");
    engine_reopen(r);
    asked *a = begin(r);
    result(r, OWN, a->queryid, "a1", FROM_ROMEO(BODY("hello")));
    fin(r, a, OWN, true, "a1");
    assert_outputs(r, "event caught-up 0 " OWN " ok\n");
}

/* XEP-0359: an id counts when it is of the own account, and that announces that it lets nobody forge it. */
static void test_ids_of_others_count_for_nothing(void **state) {
    engine_rig *r = *state;
    settle(r, "a0");
    static const char *const forged[] = {"<stanza-id xmlns='urn:xmpp:sid:0' by='" ROMEO "' id='a1'/>",
                                         "<stanza-id xmlns='urn:xmpp:sid:0' id='a1'/>",
                                         "<origin-id xmlns='urn:xmpp:sid:0' id='a1'/>",
                                         "<stanza-id xmlns='urn:xmpp:sid:0' by='" OWN
                                         "' id='a1'/><stanza-id xmlns='urn:xmpp:sid:0' by='" OWN "' id='a2'/>"};
    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++)
        for (int twice = 0; twice < 2; twice++) {
            feed(r, "<message from='" ROMEO "/x' type='chat'>" BODY("hello") "%s</message>", forged[i]);
            assert_contains(outputs(r, true), "hello");
        }
    asked *a = begin(r);
    assert_contains(a->text, ">a0</after>");
    fin(r, a, OWN, true, "");
    outputs(r, true);
    /* A server that does not say so. */
    go_online(r, false);
    answer(r, look(r), OWN, INFO_NO_IDS);
    fin(r, look(r), OWN, true, "");
    outputs(r, true);
    for (int twice = 0; twice < 2; twice++) {
        live(r, "hello", "a5");
        assert_contains(outputs(r, true), "hello");
    }
    assert_contains(begin(r)->text, ">a0</after>");
}

/* limit: SOTTO_ARCHIVE_SEEN_MAX */
static void test_ids_that_were_seen_are_bounded(void **state) {
    engine_rig *r = *state;
    char id[16];
    settle(r, "a0");
    for (unsigned i = 0; i <= SOTTO_ARCHIVE_SEEN_MAX; i++) {
        snprintf(id, sizeof id, "s%u", i);
        live(r, "hello", id);
        if (i % 500 == 0) outputs(r, true);
    }
    outputs(r, true);
    live(r, "hello", "s1");
    assert_outputs(r, "");
    live(r, "hello", "s0");
    assert_contains(outputs(r, true), "hello");
}

static void test_what_this_device_wrote_is_passed_over(void **state) {
    engine_rig *r = *state;
    the_script.promise = SEAL_NEVER;
    settle(r, "a0");
    step(r, send_input(1, "<message to='" ROMEO "/x' type='chat' id='own1'>" BODY("mine") "</message>"));
    assert_contains(outputs(r, true), "stanza clear 1");
    asked *a = begin(r);
#define SENT(id, body)                                                                                                 \
    "<message xmlns='jabber:client' from='" OWN "/x' to='" ROMEO "/x' type='chat' id='" id "'>" BODY(body) "</"        \
                                                                                                           "message>"
    result(r, OWN, a->queryid, "a1", SENT("own1", "mine"));
    result(r, OWN, a->queryid, "a2", SENT("own2", "of the phone"));
    fin(r, a, OWN, true, "a2");
    const char *text = outputs(r, true);
    assert_lacks(text, "mine");
    assert_contains(text, "of the phone");
}

/* T22: one event for all of them, and no session begun: they are not live. */
static void test_T22_what_cannot_be_read_is_told_of_once(void **state) {
    engine_rig *r = *state;
    settle(r, "a0");
    asked *a = begin(r);
    the_script.outcome = SEAL_UNREADABLE;
    result(r, OWN, a->queryid, "a1", FROM_ROMEO("<sealed xmlns='test:script'/>"));
    assert_false(the_script.origin.live);
    result(r, OWN, a->queryid, "a2", FROM_ROMEO("<sealed xmlns='test:script'/>"));
    the_script.open_fails = SOTTO_FAIL(BAD_MAC);
    result(r, OWN, a->queryid, "a3", FROM_ROMEO("<sealed xmlns='test:script'/>"));
    fin(r, a, OWN, true, "a3");
    const char *text = outputs(r, true);
    assert_contains(text, "event caught-up-unreadable 0 " OWN " ok\nevent caught-up 0 " OWN " ok\n");
    assert_lacks(text, "event unreadable");
    /* The same one, live, is no news. */
    feed(r, "<message from='" ROMEO "/x'><sealed xmlns='test:script'/><stanza-id xmlns='urn:xmpp:sid:0' by='" OWN
            "' id='a2'/></message>");
    assert_outputs(r, "");
}

/* ---- T1: clear copies ---- */

static void test_T1_clear_copies_say_what_they_are(void **state) {
    engine_rig *r = *state;
    settle(r, "a0");
#define COPY(kind, message)                                                                                            \
    "<message from='" OWN "' to='" OWN "/balcony'><" kind " xmlns='urn:xmpp:carbons:2'><forwarded "                    \
    "xmlns='urn:xmpp:forward:0'>" message "</forwarded></" kind "></message>"
    step(r, stanza_input(COPY("sent", SENT("c1", "out"))));
    step(r, stanza_input(COPY("received", FROM_ROMEO(BODY("in")))));
    commit(r);
    sotto_output out;
    assert_true(sotto_engine_next(r->engine, &out));
    assert_true(out.delivery.carbon == SOTTO_CARBON_SENT && !out.delivery.archived);
    assert_true(bytes_is(out.delivery.from, OWN) && bytes_is(out.delivery.peer, ROMEO));
    assert_true(
        bytes_starts_with(out.delivery.stanza, BYTES_LITERAL("<message xmlns='jabber:client' from='" OWN "/x'")));
    assert_true(sotto_engine_next(r->engine, &out));
    assert_true(out.delivery.carbon == SOTTO_CARBON_RECEIVED);
    assert_true(bytes_is(out.delivery.from, ROMEO) && bytes_is(out.delivery.peer, ROMEO));
    assert_false(sotto_engine_next(r->engine, &out));
}

/* ---- the stream ---- */

static void test_a_resumed_stream_missed_nothing(void **state) {
    engine_rig *r = *state;
    settle(r, "a0");
    go_online(r, true);
    assert_outputs(r, "");
    live(r, "hello", "a1");
    assert_contains(outputs(r, true), "hello");
    commit(r);
    engine_reopen(r);
    go_online(r, true);
    assert_outputs(r, "");
    /* Unless a catch-up was under way. */
    go_online(r, false);
    outputs(r, true);
    engine_reopen(r);
    go_online(r, true);
    assert_contains(outputs(r, true), "disco#info");
}

static void test_a_full_outbox_is_waited_for(void **state) {
    engine_rig *r = *state;
    settle(r, "a0");
    unsigned rows = SOTTO_OUTBOX_ROWS_MAX - SOTTO_OUTBOX_RESERVE - 100;
    for (unsigned i = 0; i < rows; i++)
        step(r, stanza_input("<message from='" ROMEO "/x' type='chat'>" BODY("x") "</message>"));
    commit(r);
    go_online(r, false);
    commit(r);
    sotto_output out;
    char id[64] = "";
    while (sotto_engine_next(r->engine, &out))
        if (out.kind == SOTTO_OUTPUT_STANZA) {
            char iq[1024];
            snprintf(iq, sizeof iq, "%.*s", (int)out.stanza.len, (const char *)out.stanza.at);
            value_of(iq, " id=", id, sizeof id);
        }
    feed(r, "<iq type='result' from='" OWN "' id='%s'>" INFO "</iq>", id);
    commit(r);
    assert_false(sotto_engine_next(r->engine, &out) && out.kind == SOTTO_OUTPUT_STANZA);
    for (uint64_t seq = 1; seq < 2 * SOTTO_OUTBOX_ROWS_MAX; seq++) {
        sotto_status status = sotto_engine_done(r->engine, seq);
        (void)status;
    }
    commit(r);
    r->now_ms += 1000;
    step(r, (sotto_input){.kind = SOTTO_INPUT_TIMER});
    assert_contains(outputs(r, true), "queryid");
}

/* ---- rooms ---- */

#define IN_ROOM(body) "<message xmlns='jabber:client' from='" ROOM "/nick' type='groupchat'>" BODY(body) "</message>"

static void test_T2_the_archive_of_a_room(void **state) {
    engine_rig *r = *state;
    settle(r, "a0");
    assert_ok(engine_archive_query(r->engine, BYTES_LITERAL(ROOM)));
    asked a = *look(r);
    assert_contains(a.text, "to='" ROOM "'");
    assert_int_equal(the_script.inputs[SEAL_INPUT_CATCHUP], 3);
    answer(r, &a, ROOM, INFO);
    a = *look(r);
    assert_contains(a.text, "to='" ROOM "'");
    /* What is said in it waits, what is said elsewhere does not. */
    feed(r, "<message from='" ROOM "/nick' type='groupchat'>" BODY("later") "</message>");
    assert_outputs(r, "");
    live(r, "elsewhere", "a1");
    assert_contains(outputs(r, true), "elsewhere");
    /* Only the room itself, only what was said in it. */
    result(r, OWN, a.queryid, "r1", IN_ROOM("forged"));
    result(r, "", a.queryid, "r1", IN_ROOM("forged"));
    result(r, ROOM "/nick", a.queryid, "r1", IN_ROOM("forged"));
    result(r, ROOM, a.queryid, "r1", FROM_ROMEO(BODY("forged")));
    fin(r, &a, OWN, true, "r1");
    const char *nothing = outputs(r, true);
    assert_lacks(nothing, "forged");
    assert_lacks(nothing, "caught-up");
    result(r, ROOM, a.queryid, "r2",
           "<message xmlns='jabber:client' from='" ROOM "/nick' type='groupchat'><sealed "
           "xmlns='test:script'/></message>");
    fin(r, &a, ROOM, true, "r2");
    const char *text = outputs(r, true);
    assert_lacks(text, "forged");
    assert_contains(text, "later");
    assert_contains(text, "event caught-up 0 " ROOM " ok\n");
    assert_int_equal(the_script.inputs[SEAL_INPUT_CATCHUP], 4);
    /* The next time, from there; a room that waits when the stream ends lets go of it. */
    assert_ok(engine_archive_query(r->engine, BYTES_LITERAL(ROOM)));
    a = *look(r);
    answer(r, &a, ROOM, INFO);
    assert_contains(look(r)->text, ">r2</after>");
    feed(r, "<message from='" ROOM "/nick' type='groupchat'>" BODY("once more") "</message>");
    assert_outputs(r, "");
    go_online(r, false);
    step(r, (sotto_input){.kind = SOTTO_INPUT_TIMER});
    assert_contains(outputs(r, true), "once more");
}

#define T(f)                                                                                                           \
    { #f, f, archive_setup, engine_teardown, NULL }
const struct CMUnitTest archive_tests[] = {
    T(test_the_first_time_nothing_old_is_taken_in_the_clear),
    T(test_pages_until_the_last),
    T(test_delivery_says_where_it_comes_from),
    T(test_without_an_archive_nothing_is_said),
    T(test_a_host_that_does_not_want_it_is_not_asked_for),
    T(test_T2_results_of_others_are_none),
    T(test_T2_results_must_have_their_form),
    T(test_T2_what_does_not_belong_there_is_passed_over),
    T(test_T2_the_time_is_the_archives),
    T(test_a_lost_cursor_goes_by_time_once),
    T(test_no_answer),
    T(test_answers_that_are_none),
    T(test_the_same_page_again_ends_it),
    T(test_pages_are_bounded),
    T(test_a_page_is_no_longer_than_asked_for),
    T(test_ids_are_bounded),
    T(test_live_messages_wait_and_keep_their_order),
    T(test_too_many_wait),
    T(test_copies_of_one_message_are_one),
    T(test_ids_of_others_count_for_nothing),
    T(test_ids_that_were_seen_are_bounded),
    T(test_what_this_device_wrote_is_passed_over),
    T(test_T22_what_cannot_be_read_is_told_of_once),
    T(test_T1_clear_copies_say_what_they_are),
    T(test_a_resumed_stream_missed_nothing),
    T(test_a_full_outbox_is_waited_for),
    T(test_T2_the_archive_of_a_room),
};
const size_t archive_count = sizeof archive_tests / sizeof archive_tests[0];
