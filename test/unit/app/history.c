/* SPDX-License-Identifier: ISC
 *
 * The history over an engine and a store that can be made to fail: order, bounds, repetitions, fates, what is unread,
 * and that it is one transaction with what the engine keeps. */
#include "app_tests.h"

#include <stdio.h>
#include <string.h>

#include "app/history.h"
#include "bytes/span.h"

#define OWN   "juliet@capulet.example"
#define ROMEO "romeo@montague.example"
#define NURSE "nurse@capulet.example"

/* ---- a store that fails when it is told to, and an account over it ---- */

typedef struct failing_store {
    sotto_store base;
    sotto_store *inner;
    unsigned writes;
    bool fails;
} failing_store;

static sotto_status failing_get(sotto_store *base, sotto_bytes key, sotto_visit *visit, void *arg) {
    sotto_store *inner = ((failing_store *)base)->inner;
    return inner->methods->get(inner, key, visit, arg);
}

static sotto_status failing_scan(sotto_store *base, sotto_bytes prefix, sotto_visit *visit, void *arg) {
    sotto_store *inner = ((failing_store *)base)->inner;
    return inner->methods->scan(inner, prefix, visit, arg);
}

static sotto_status failing_write(sotto_store *base, const sotto_change *changes, size_t count) {
    failing_store *store = (failing_store *)base;
    if (store->fails) return SOTTO_FAIL(STORE_FULL);
    store->writes++;
    return store->inner->methods->write(store->inner, changes, count);
}

static void failing_close(sotto_store *base) {
    (void)base; /* the stage has it */
}

typedef struct stage {
    failing_store store;
    sotto_engine *engine;
    app_history *history;
    app_history_limits limits;
} stage;

static void open_engine(stage *s) {
    static const sotto_seal *seals[2];
    seals[0] = sotto_seal_omemo();
    const sotto_engine_config config = {.account = BYTES_LITERAL(OWN),
                                        .host = sotto_host_default(),
                                        .store = &s->store.base,
                                        .seals = seals,
                                        .least_strength = 1};
    assert_int_equal(sotto_engine_open(&s->engine, &config, 1000).code, 0);
    assert_int_equal(app_history_open(&s->history, s->engine, s->limits.all > 0 ? &s->limits : NULL).code, 0);
}

static void close_engine(stage *s) {
    app_history_close(s->history);
    sotto_engine_close(s->engine);
}

/* What is not committed is gone. */
static void killed(stage *s) {
    close_engine(s);
    open_engine(s);
}

static void begin(stage *s, uint64_t of_one, uint64_t all, uint64_t bytes) {
    static const sotto_store_class methods = {failing_get, failing_scan, failing_write, failing_close};
    memset(s, 0, sizeof *s);
    s->store.base.methods = &methods;
    assert_int_equal(sotto_store_memory(&s->store.inner, sotto_host_default()).code, 0);
    s->limits = (app_history_limits){of_one, all, bytes};
    open_engine(s);
}

static void end(stage *s) {
    close_engine(s);
    sotto_store_close(s->store.inner);
}

static void commit(stage *s) {
    bool again;
    assert_int_equal(sotto_engine_commit(s->engine).code, 0);
    assert_int_equal(app_history_settle(s->history, &again).code, 0);
    assert_false(again);
}

/* ---- entries ---- */

static app_entry said(const char *with, const char *id, const char *body) {
    return (app_entry){.time_ms = 5000,
                       .trust = SOTTO_TRUST_BLIND,
                       .device = 7,
                       .with = bytes_text(with),
                       .who = bytes_text(with),
                       .id = bytes_text(id),
                       .seal = BYTES_LITERAL("omemo:2"),
                       .body = bytes_text(body)};
}

static app_entry sent(const char *with, const char *id, const char *body, uint64_t ticket) {
    app_entry entry = said(with, id, body);
    entry.direction = APP_SENT;
    entry.fate = APP_FATE_WAITING;
    entry.who = BYTES_LITERAL(OWN);
    entry.seal = BYTES_NONE;
    entry.ticket = ticket;
    return entry;
}

static bool append(stage *s, app_entry entry) {
    bool known = false;
    assert_int_equal(app_history_append(s->history, &entry, &known).code, 0);
    return !known;
}

typedef struct seen {
    char text[4096];
    app_entry last;
    size_t count;
} seen;

static sotto_status see(void *arg, const app_entry *entry) {
    seen *all = arg;
    size_t len = strlen(all->text);
    (void)snprintf(all->text + len, sizeof all->text - len, "%s%.*s%s", len ? " " : "", (int)entry->body.len,
                   (const char *)entry->body.at, entry->unread ? "*" : "");
    all->last = *entry;
    all->count++;
    return SOTTO_OK;
}

static void last_are(stage *s, const char *with, size_t count, const char *wanted) {
    seen all = {.count = 0};
    assert_int_equal(app_history_last(s->history, bytes_text(with), UINT64_MAX, count, see, &all).code, 0);
    assert_string_equal(all.text, wanted);
}

static app_entry last_of(stage *s, const char *with) {
    seen all = {.count = 0};
    assert_int_equal(app_history_last(s->history, bytes_text(with), UINT64_MAX, 1, see, &all).code, 0);
    assert_int_equal(all.count, 1);
    return all.last;
}

/* ---- the tests ---- */

static void test_order(void **state) {
    (void)state;
    stage s;
    begin(&s, 0, 0, 0);
    last_are(&s, ROMEO, 9, "");
    assert_true(append(&s, said(ROMEO, "1", "one")));
    assert_true(append(&s, said(NURSE, "1", "other")));
    assert_true(append(&s, said(ROMEO, "2", "two")));
    assert_true(append(&s, sent(ROMEO, "3", "three", 33)));
    last_are(&s, ROMEO, 9, "one two three");
    last_are(&s, ROMEO, 2, "two three");
    last_are(&s, ROMEO, 0, "");
    commit(&s);
    killed(&s);
    last_are(&s, ROMEO, 9, "one two three");
    last_are(&s, NURSE, 9, "other");
    app_entry entry = last_of(&s, NURSE);
    assert_int_equal(entry.device, 7);
    assert_int_equal(entry.trust, SOTTO_TRUST_BLIND);
    assert_int_equal(entry.time_ms, 5000);
    end(&s);
}

static void test_before_and_search(void **state) {
    (void)state;
    stage s;
    seen all = {.count = 0};
    begin(&s, 0, 0, 0);
    for (unsigned i = 0; i < 5; i++) {
        char body[32];
        (void)snprintf(body, sizeof body, "Night%u", i);
        app_entry entry = said(ROMEO, body, body);
        entry.time_ms = 1000 * i;
        append(&s, entry);
    }
    assert_int_equal(app_history_last(s.history, bytes_text(ROMEO), 3000, 2, see, &all).code, 0);
    assert_string_equal(all.text, "Night1 Night2");
    all = (seen){.count = 0};
    assert_int_equal(app_history_search(s.history, bytes_text(ROMEO), BYTES_LITERAL("nIGHT3"), 9, see, &all).code, 0);
    assert_string_equal(all.text, "Night3");
    all = (seen){.count = 0};
    assert_int_equal(app_history_search(s.history, bytes_text(ROMEO), BYTES_LITERAL("day"), 9, see, &all).code, 0);
    assert_int_equal(all.count, 0);
    end(&s);
}

/* The same message twice, live and from an archive say, is kept once; ids that a sender uses for everything are no
 * reason to lose anything. */
static void test_repetitions(void **state) {
    (void)state;
    stage s;
    begin(&s, 0, 0, 0);
    assert_true(append(&s, said(ROMEO, "1", "one")));
    assert_false(append(&s, said(ROMEO, "1", "one")));
    assert_true(append(&s, said(ROMEO, "1", "another")));
    assert_true(append(&s, said(NURSE, "1", "one")));
    app_entry nameless = said(ROMEO, "", "one");
    assert_true(append(&s, nameless));
    assert_false(append(&s, nameless));
    nameless.time_ms++;
    assert_true(append(&s, nameless));
    commit(&s);
    killed(&s);
    assert_false(append(&s, said(ROMEO, "1", "one")));
    last_are(&s, ROMEO, 9, "one another one one");
    end(&s);
}

static sotto_status count_done(void *arg, uint64_t seq) {
    *(uint64_t *)arg = *(uint64_t *)arg * 100 + seq;
    return SOTTO_OK;
}

/* What arrived while nobody looked waits, and its outputs are done when it was shown. */
static void test_unread(void **state) {
    (void)state;
    stage s;
    uint64_t done = 0;
    begin(&s, 0, 0, 0);
    app_entry one = said(ROMEO, "1", "one"), two = said(ROMEO, "2", "two"), other = said(NURSE, "3", "three");
    one.unread = two.unread = other.unread = true;
    one.seq = 11;
    two.seq = 22;
    other.seq = 33;
    append(&s, one);
    append(&s, other);
    append(&s, two);
    last_are(&s, ROMEO, 9, "one* two*");
    assert_int_equal(app_history_shown(s.history, bytes_text(ROMEO), count_done, &done).code, 0);
    assert_int_equal(done, 1122);
    last_are(&s, ROMEO, 9, "one two");
    last_are(&s, NURSE, 9, "three*");
    commit(&s);
    killed(&s);
    done = 0;
    bool known, unread;
    assert_int_equal(app_history_knows(s.history, &one, &known, &unread).code, 0);
    assert_true(known && !unread);
    assert_int_equal(app_history_knows(s.history, &other, &known, &unread).code, 0);
    assert_true(known && unread);
    /* Handed out again, because it was never done; the number of an output of another time is nobody's. */
    assert_int_equal(app_history_shown(s.history, bytes_text(NURSE), count_done, &done).code, 0);
    assert_int_equal(done, 0);
    last_are(&s, NURSE, 9, "three");
    other.seq = 44;
    assert_false(append(&s, other));
    assert_int_equal(app_history_shown(s.history, bytes_text(NURSE), count_done, &done).code, 0);
    assert_int_equal(done, 44);
    other.unread = true;
    other.id = BYTES_LITERAL("4");
    append(&s, other);
    other.unread = false;
    assert_false(append(&s, other)); /* the same, and this time somebody took it */
    last_are(&s, NURSE, 9, "three three");
    end(&s);
}

static void fate_is(stage *s, app_fate fate, const char *seal) {
    app_entry entry = last_of(s, ROMEO);
    assert_int_equal(entry.fate, fate);
    assert_int_equal(entry.seal.len, strlen(seal));
}

/* T6: a receipt that anybody could have written takes nothing back, and is not taken for one that is authenticated. */
static void test_fates(void **state) {
    (void)state;
    stage s;
    begin(&s, 0, 0, 0);
    append(&s, sent(ROMEO, "a", "one", 77));
    fate_is(&s, APP_FATE_WAITING, "");
    assert_int_equal(app_history_fate(s.history, 78, APP_FATE_SENT, BYTES_LITERAL("omemo"), 0).code, SOTTO_E_NOT_FOUND);
    assert_int_equal(app_history_fate(s.history, 77, APP_FATE_HELD, BYTES_NONE, 0).code, 0);
    fate_is(&s, APP_FATE_HELD, "");
    commit(&s);
    killed(&s);
    assert_int_equal(app_history_fate(s.history, 77, APP_FATE_SENT, BYTES_LITERAL("omemo"), SOTTO_TRUST_VERIFIED).code,
                     0);
    fate_is(&s, APP_FATE_SENT, "omemo");
    assert_int_equal(app_history_fate(s.history, 77, APP_FATE_FAILED, BYTES_NONE, 0).code, SOTTO_E_NOT_FOUND);
    const sotto_bytes with = bytes_text(ROMEO), id = BYTES_LITERAL("a");
    assert_int_equal(app_history_answer(s.history, with, BYTES_LITERAL("b"), APP_FATE_ARRIVED).code, SOTTO_E_NOT_FOUND);
    assert_int_equal(app_history_answer(s.history, bytes_text(NURSE), id, APP_FATE_ARRIVED).code, SOTTO_E_NOT_FOUND);
    assert_int_equal(app_history_answer(s.history, with, id, APP_FATE_CLAIMED).code, 0);
    fate_is(&s, APP_FATE_CLAIMED, "omemo");
    assert_int_equal(app_history_answer(s.history, with, id, APP_FATE_ARRIVED).code, 0);
    assert_int_equal(app_history_answer(s.history, with, id, APP_FATE_CLAIMED).code, 0);
    assert_int_equal(app_history_answer(s.history, with, id, APP_FATE_RETURNED).code, 0);
    fate_is(&s, APP_FATE_ARRIVED, "omemo");
    /* What the other side sent has no fate, whatever id it has. */
    append(&s, said(ROMEO, "x", "mine"));
    assert_int_equal(app_history_answer(s.history, with, BYTES_LITERAL("x"), APP_FATE_ARRIVED).code, SOTTO_E_NOT_FOUND);
    end(&s);
}

static sotto_status count_notes(void *arg, sotto_bytes note, sotto_bytes value) {
    (void)note;
    (void)value;
    ++*(size_t *)arg;
    return SOTTO_OK;
}

static size_t notes(const stage *s, const char *prefix) {
    size_t count = 0;
    assert_int_equal(sotto_engine_notes(s->engine, bytes_text(prefix), count_notes, &count).code, 0);
    return count;
}

/* limit: SOTTO_HISTORY_OF_ONE_MAX, SOTTO_HISTORY_MAX, SOTTO_HISTORY_BYTES_MAX
 *
 * The bounds, made small: the oldest go, of one conversation and of all, and nothing of them is left behind. */
static void test_bounds(void **state) {
    (void)state;
    stage s;
    begin(&s, 3, 5, UINT64_MAX);
    for (unsigned i = 0; i < 4; i++) append(&s, sent(ROMEO, (const char[]){(char)('a' + i), 0}, "r", 70 + i));
    last_are(&s, ROMEO, 9, "r r r");
    assert_int_equal(app_history_fate(s.history, 70, APP_FATE_SENT, BYTES_NONE, 0).code, SOTTO_E_NOT_FOUND);
    append(&s, said(NURSE, "1", "n1"));
    append(&s, said(NURSE, "2", "n2"));
    last_are(&s, ROMEO, 9, "r r r");
    append(&s, said("peter@capulet.example", "1", "p"));
    last_are(&s, ROMEO, 9, "r r");
    append(&s, said(NURSE, "3", "n3"));
    append(&s, said("peter@capulet.example", "2", "p"));
    last_are(&s, ROMEO, 9, "");
    assert_int_equal(notes(&s, "hj"), 2); /* a conversation of which nothing is left is forgotten */
    assert_int_equal(notes(&s, "hc"), 2);
    assert_int_equal(notes(&s, "hm"), 5);
    assert_int_equal(notes(&s, "ho"), 5);
    assert_int_equal(notes(&s, "hd"), 5);
    assert_int_equal(notes(&s, "hi"), 0);
    assert_int_equal(notes(&s, "ht"), 0);
    commit(&s);
    end(&s);

    begin(&s, 100, 100, 600);
    for (unsigned i = 0; i < 30; i++) append(&s, said(ROMEO, (const char[]){(char)('a' + i), 0}, "0123456789"));
    size_t kept = notes(&s, "hm");
    assert_in_range(kept, 3, 6);
    end(&s);
}

/* The bounds as they are named: one more than is kept of a conversation. */
static void test_bound_of_one(void **state) {
    (void)state;
    stage s;
    begin(&s, 0, 0, 0);
    for (unsigned i = 0; i <= SOTTO_HISTORY_OF_ONE_MAX; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "%u", i);
        append(&s, said(ROMEO, id, id));
        if (i % 1000 == 0) commit(&s);
    }
    commit(&s);
    seen all = {.count = 0};
    assert_int_equal(app_history_search(s.history, bytes_text(ROMEO), BYTES_LITERAL("10000"), 9, see, &all).code, 0);
    assert_string_equal(all.text, "10000");
    assert_int_equal(notes(&s, "hm"), SOTTO_HISTORY_OF_ONE_MAX);
    end(&s);
}

/* limit: SOTTO_HISTORY_TEXT_BYTES_MAX */
static void test_long_texts(void **state) {
    (void)state;
    static char text[SOTTO_HISTORY_TEXT_BYTES_MAX + 3];
    stage s;
    begin(&s, 0, 0, 0);
    memset(text, 'x', sizeof text - 1);
    text[SOTTO_HISTORY_TEXT_BYTES_MAX] = '\0';
    append(&s, said(ROMEO, "1", text));
    app_entry entry = last_of(&s, ROMEO);
    assert_int_equal(entry.body.len, SOTTO_HISTORY_TEXT_BYTES_MAX);
    assert_false(entry.cut);
    memcpy(text + SOTTO_HISTORY_TEXT_BYTES_MAX - 1, "\xc3\xa9!", 4); /* between two bytes of a character */
    append(&s, said(ROMEO, "2", text));
    entry = last_of(&s, ROMEO);
    assert_int_equal(entry.body.len, SOTTO_HISTORY_TEXT_BYTES_MAX - 1);
    assert_true(entry.cut);
    end(&s);
}

/* One transaction with everything else the engine stages: killed before it, nothing of it is there. */
static void test_one_transaction(void **state) {
    (void)state;
    stage s;
    sotto_bytes value;
    begin(&s, 0, 0, 0);
    append(&s, said(ROMEO, "1", "one"));
    commit(&s);
    unsigned before = s.store.writes;
    assert_int_equal(sotto_engine_note(s.engine, BYTES_LITERAL("done"), BYTES_LITERAL("2")).code, 0);
    append(&s, said(ROMEO, "2", "two"));
    killed(&s);
    last_are(&s, ROMEO, 9, "one");
    assert_int_equal(sotto_engine_noted(s.engine, BYTES_LITERAL("done"), &value).code, SOTTO_E_NOT_FOUND);
    assert_int_equal(sotto_engine_note(s.engine, BYTES_LITERAL("done"), BYTES_LITERAL("2")).code, 0);
    append(&s, said(ROMEO, "2", "two"));
    append(&s, said(NURSE, "2", "two"));
    before = s.store.writes;
    commit(&s);
    assert_int_equal(s.store.writes, before + 1);
    killed(&s);
    last_are(&s, ROMEO, 9, "one two");
    assert_int_equal(sotto_engine_noted(s.engine, BYTES_LITERAL("done"), &value).code, 0);
    end(&s);
}

/* A commit that fails takes what was staged with it, but the outputs it belongs to stay done. */
static void test_failed_commit(void **state) {
    (void)state;
    stage s;
    bool again;
    begin(&s, 0, 0, 0);
    append(&s, said(ROMEO, "1", "one"));
    commit(&s);
    append(&s, sent(ROMEO, "2", "two", 22));
    append(&s, said(ROMEO, "3", "three"));
    assert_int_equal(app_history_fate(s.history, 22, APP_FATE_SENT, BYTES_LITERAL("omemo"), 0).code, 0);
    s.store.fails = true;
    assert_int_equal(sotto_engine_commit(s.engine).code, SOTTO_E_STORE_FULL);
    last_are(&s, ROMEO, 9, "one");
    assert_int_equal(app_history_settle(s.history, &again).code, 0);
    assert_true(again);
    last_are(&s, ROMEO, 9, "one two three");
    assert_int_equal(sotto_engine_commit(s.engine).code, SOTTO_E_STORE_FULL);
    assert_int_equal(app_history_settle(s.history, &again).code, 0);
    assert_true(again);
    s.store.fails = false;
    commit(&s);
    killed(&s);
    last_are(&s, ROMEO, 9, "one two three");
    append(&s, said(ROMEO, "4", "four"));
    last_are(&s, ROMEO, 9, "one two three four");
    end(&s);
}

static sotto_status list(void *arg, const app_conversation *c) {
    char *text = arg;
    size_t len = strlen(text);
    (void)snprintf(text + len, 512 - len, "%.*s %u %u%s\n", (int)c->with.len, (const char *)c->with.at,
                   (unsigned)c->count, (unsigned)c->unread, c->room ? " room" : "");
    return SOTTO_OK;
}

static void test_conversations(void **state) {
    (void)state;
    stage s;
    char text[512] = "";
    begin(&s, 0, 0, 0);
    app_entry entry = said(ROMEO, "1", "one");
    entry.unread = true;
    append(&s, entry);
    entry = said("orchard@rooms.example", "1", "one");
    entry.room = true;
    append(&s, entry);
    append(&s, sent(ROMEO, "2", "two", 9));
    assert_int_equal(app_history_conversations(s.history, list, text).code, 0);
    assert_string_equal(text, ROMEO " 2 1\norchard@rooms.example 1 0 room\n");
    assert_int_equal(app_history_forget(s.history, bytes_text(NURSE)).code, SOTTO_E_NOT_FOUND);
    assert_int_equal(app_history_forget(s.history, bytes_text(ROMEO)).code, 0);
    last_are(&s, ROMEO, 9, "");
    assert_int_equal(notes(&s, "hm"), 1);
    assert_int_equal(notes(&s, "ho"), 1);
    assert_int_equal(notes(&s, "ht"), 0);
    end(&s);
}

/* A record that is none is not shown; the others are. */
static void test_damage(void **state) {
    (void)state;
    stage s;
    app_entry entry;
    uint64_t order;
    begin(&s, 0, 0, 0);
    append(&s, said(ROMEO, "1", "one"));
    append(&s, said(ROMEO, "2", "two"));
    const uint8_t first[] = {'h', 'm', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    assert_int_equal(sotto_engine_note(s.engine, bytes_of(first, sizeof first), BYTES_LITERAL("nonsense")).code, 0);
    last_are(&s, ROMEO, 9, "two");
    assert_int_equal(app_history_forget(s.history, bytes_text(ROMEO)).code, 0);
    assert_int_equal(notes(&s, "hm"), 0);
    end(&s);
    assert_int_equal(app_entry_read(&entry, &order, BYTES_LITERAL("")).code, SOTTO_E_MALFORMED);
    assert_int_equal(app_entry_read(&entry, &order, BYTES_LITERAL("\x02nonsense")).code, SOTTO_E_MALFORMED);
}

int app_tests_history(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),           cmocka_unit_test(test_before_and_search),
        cmocka_unit_test(test_repetitions),     cmocka_unit_test(test_unread),
        cmocka_unit_test(test_fates),           cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_bound_of_one),    cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_one_transaction), cmocka_unit_test(test_failed_commit),
        cmocka_unit_test(test_conversations),   cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests_name("app: history", tests, NULL, NULL);
}
