/* SPDX-License-Identifier: ISC
 *
 * What is needed to talk to everybody, starved as in engine_test.c: dialect 0.3, rooms, archives, policies and what is
 * vouched for, backups, the history. */
#include "house.h"

#include <stdio.h>
#include <string.h>

#include "app/history.h"
#include "lab/server/room.h"

#define ROOM "coven@" LAB_ROOM_DOMAIN HOUSE_DOMAIN

static bool learnt(const person *p, const char *text) {
    return p->lines.len > 0 && memmem(p->lines.at, p->lines.len, text, strlen(text)) != NULL;
}

/* ---- dialect 0.3 ---- */

static void romeo_is_old(house *h) {
    assert_ok(lab_server_without_of(h->server, "romeo", "urn:xmpp:omemo:2"));
}

/* The key exchange, the answer, ratchet steps, messages out of order and twice, one that was changed on its way. */
static void converse(house *h) {
    person *juliet = &h->people[0], *romeo = &h->people[1];
    person_online(juliet);
    person_online(romeo);
    person_say(juliet, HOUSE_ROMEO, "j1");
    house_run(h);
    person_say(romeo, HOUSE_JULIET, "r1");
    house_run(h);
    romeo->keeps = true;
    person_say(juliet, HOUSE_ROMEO, "j2");
    person_say(juliet, HOUSE_ROMEO, "j3");
    (void)person_send(juliet, "<message to='" HOUSE_ROMEO "' type='chat' id='rich'><subject>s</subject><body>j4</body>"
                              "<reaction xmlns='urn:xmpp:reactions:0' id='1'/></message>");
    house_run(h);
    assert_int_equal(romeo->kept_count, 3);
    person_take_kept(romeo, (const int[]){2, 0, 0, 1, -1});
    romeo->keeps = true;
    person_say(juliet, HOUSE_ROMEO, "to be forged");
    house_run(h);
    uint8_t *payload = memmem(romeo->kept[0].at, romeo->kept[0].len, "<payload>", 9);
    assert_non_null(payload);
    payload[9] = payload[9] == 'A' ? 'B' : 'A';
    person_take_kept(romeo, (const int[]){0, -1});
    person_say(romeo, HOUSE_JULIET, "r2");
    house_run(h);
    sotto_bytes saw = lab_server_saw(h->server);
    assert_non_null(memmem(saw.at, saw.len, "<encrypted xmlns='eu.siacs.conversations.axolotl'", 48));
    assert_true(learnt(romeo, ">j1<") && learnt(romeo, ">j3<") && learnt(romeo, ">j4<") && learnt(juliet, ">r2<"));
    assert_true(learnt(juliet, "reduced") && learnt(romeo, "unreadable"));
}

static void test_the_old_dialect(void **state) {
    (void)state;
    house_play("dialect 0.3", converse, &(house){.furnish = romeo_is_old});
}

/* ---- rooms ---- */

static void a_room(house *h) {
    romeo_is_old(h);
    assert_ok(lab_server_room(h->server, "coven", true, true));
    assert_ok(lab_server_room_affiliate(h->server, "coven", HOUSE_JULIET, "owner"));
    assert_ok(lab_server_room_affiliate(h->server, "coven", HOUSE_ROMEO, "member"));
}

static void enter(person *p, const char *nick) {
    person_input(p, (sotto_input){.kind = SOTTO_INPUT_JOIN, .jid = BYTES_LITERAL(ROOM), .nick = bytes_text(nick)});
    house_run(p->house);
}

static void tell_room(person *p, const char *body) {
    char stanza[256];
    (void)snprintf(stanza, sizeof stanza, "<message to='" ROOM "' type='groupchat' id='g-%s'><body>%s</body></message>",
                   body, body);
    (void)person_send(p, stanza);
    house_run(p->house);
}

static sotto_status see_room(void *arg, const sotto_room *room) {
    (void)room;
    ++*(size_t *)arg;
    return SOTTO_OK;
}

static sotto_status see_member(void *arg, const sotto_room_member *member) {
    (void)member;
    ++*(size_t *)arg;
    return SOTTO_OK;
}

typedef struct glance {
    person *p;
    size_t count;
} glance;

static sotto_status look_rooms(void *arg) {
    glance *g = arg;
    g->count = 0;
    return sotto_engine_rooms(g->p->engine, see_room, &g->count);
}

static sotto_status look_members(void *arg) {
    glance *g = arg;
    g->count = 0;
    return sotto_engine_room_members(g->p->engine, BYTES_LITERAL(ROOM), see_member, &g->count);
}

/* Entering, presence of the others, the lists, what is said both ways and what is said to one alone; a member who is
 * banned; leaving, coming again, going for good. */
static void meet_in_a_room(house *h) {
    person *juliet = &h->people[0], *romeo = &h->people[1];
    glance g = {.p = juliet};
    person_online(juliet);
    person_online(romeo);
    enter(juliet, "Juliet");
    enter(romeo, "");
    tell_room(juliet, "one");
    tell_room(romeo, "two");
    assert_true(learnt(romeo, ">one<") && learnt(juliet, ">two<"));
    (void)person_send(juliet, "<message to='" ROOM "/romeo' type='chat' id='pm'><body>to you</body>"
                              "<x xmlns='http://jabber.org/protocol/muc#user'/></message>");
    house_run(h);
    assert_true(learnt(romeo, ">to you<"));
    assert_ok(person_call(juliet, "rooms", BYTES_NONE, look_rooms, &g));
    assert_int_equal(g.count, 1);
    assert_ok(person_call(juliet, "members", BYTES_NONE, look_members, &g));
    assert_int_equal(g.count, 2);
    person_offline(juliet);
    person_online(juliet);
    person_input(juliet, (sotto_input){.kind = SOTTO_INPUT_JOIN});
    house_run(h);
    tell_room(juliet, "three");
    assert_ok(lab_server_room_affiliate(h->server, "coven", HOUSE_ROMEO, "outcast"));
    house_run(h);
    tell_room(juliet, "four");
    assert_true(learnt(romeo, ">three<") && !learnt(romeo, ">four<"));
    assert_ok(lab_server_room_configure(h->server, "coven", false, true));
    house_run(h);
    tell_room(juliet, "five"); /* to a public room: refused */
    assert_true(learnt(juliet, "refused"));
    person_input(juliet, (sotto_input){.kind = SOTTO_INPUT_PART, .jid = BYTES_LITERAL(ROOM)});
    house_run(h);
}

static void test_rooms(void **state) {
    (void)state;
    house_play("a room", meet_in_a_room, &(house){.furnish = a_room});
}

/* ---- archives ---- */

static void archives(house *h) {
    assert_ok(lab_server_archive(h->server, "juliet", LAB_ARCHIVE_HONEST, 2));
    assert_ok(lab_server_archive(h->server, "romeo", LAB_ARCHIVE_HONEST, 2));
}

/* Pages of what was missed, sealed and clear, and what comes live meanwhile; once more from the cursor; a cursor that
 * the archive has forgotten. */
static void catch_up(house *h) {
    person *juliet = &h->people[0], *romeo = &h->people[1];
    person_online(juliet);
    person_online(romeo);
    person_say(juliet, HOUSE_ROMEO, "j1");
    house_run(h);
    person_say(romeo, HOUSE_JULIET, "r1");
    house_run(h);
    person_offline(juliet);
    for (int i = 2; i < 6; i++) {
        char body[4];
        (void)snprintf(body, sizeof body, "r%d", i);
        person_say(romeo, HOUSE_JULIET, body);
    }
    house_run(h);
    assert_ok(lab_session_attach(&juliet->session, h->server, "juliet", "x"));
    person_input(juliet, (sotto_input){.kind = SOTTO_INPUT_ONLINE, .jid = lab_session_jid(juliet->session)});
    (void)person_send(juliet, "<presence/>");
    person_say(romeo, HOUSE_JULIET, "r6"); /* live, while the archive is read */
    house_run(h);
    assert_true(learnt(juliet, ">r2<") && learnt(juliet, ">r5<") && learnt(juliet, ">r6<"));
    person_offline(juliet);
    person_say(romeo, HOUSE_JULIET, "r7");
    house_run(h);
    assert_ok(lab_server_archive_forget(h->server, "juliet", 8));
    person_online(juliet);
    assert_true(learnt(juliet, ">r7<"));
}

static void test_archives(void **state) {
    (void)state;
    house_play("archives", catch_up, &(house){.furnish = archives, .catch_up = true});
}

/* ---- policy, trust ---- */

static sotto_status see_key(void *arg, const sotto_key *key) {
    memcpy(arg, key->key, 32);
    return SOTTO_OK;
}

static void key_of(person *p, const char *jid, uint8_t ret[32]) {
    assert_ok(sotto_engine_keys(p->engine, bytes_text(jid), see_key, ret));
}

static void decide(person *p, const char *jid, const uint8_t key[32], sotto_trust trust) {
    person_input(p, (sotto_input){
                        .kind = SOTTO_INPUT_VERDICT, .jid = bytes_text(jid), .key = bytes_of(key, 32), .trust = trust});
    house_run(p->house);
}

#define VOUCH                                                                                                          \
    "<message to='" HOUSE_ROMEO "' type='chat' id='tm'><trust-message xmlns='urn:xmpp:tm:1' usage='urn:xmpp:atm:1' "   \
    "encryption='urn:xmpp:omemo:2'><key-owner jid='" HOUSE_JULIET "'>"                                                 \
    "<trust>AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=</trust>"                                                      \
    "<distrust>ISECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=</distrust></key-owner></trust-message></message>"

static sotto_status look_contact(void *arg) {
    const glance *g = arg;
    sotto_contact contact;
    return sotto_engine_contact(g->p->engine, BYTES_LITERAL(HOUSE_ROMEO), &contact);
}

/* A text in the clear from somebody whom we encrypt to; an hour in the clear; which seals; what nobody confirmed,
 * again. What an unverified key says waits; keys verified on both sides, which is told; what was decided elsewhere. */
static void judge(house *h) {
    person *juliet = &h->people[0], *romeo = &h->people[1];
    glance g = {.p = juliet};
    uint8_t key[32], other[32] = {9};
    person_online(juliet);
    person_online(romeo);
    person_say(juliet, HOUSE_ROMEO, "j1");
    house_run(h);
    person_say(romeo, HOUSE_JULIET, "r1");
    house_run(h);
    person_inject(juliet, "<message from='" HOUSE_ROMEO "/x' to='" HOUSE_JULIET "/x' type='chat' id='c1'>"
                          "<body>in the clear</body></message>");
    assert_true(learnt(juliet, "doubtful"));
    assert_ok(person_call(juliet, "contact", BYTES_NONE, look_contact, &g));
    person_input(juliet, (sotto_input){.kind = SOTTO_INPUT_POLICY,
                                       .jid = BYTES_LITERAL(HOUSE_ROMEO),
                                       .encrypt = SOTTO_ENCRYPT_NEVER,
                                       .for_ms = 3600000});
    house_pass(h, 3601000);
    assert_true(learnt(juliet, "policy-ended"));
    person_input(juliet, (sotto_input){.kind = SOTTO_INPUT_VIA,
                                       .jid = BYTES_LITERAL(HOUSE_ROMEO),
                                       .via = SOTTO_VIA_NAMED,
                                       .name = BYTES_LITERAL("omemo")});
    person_say(juliet, HOUSE_ROMEO, "j2");
    house_pass(h, 61000); /* what was asked and forgotten is asked again */
    person_input(juliet,
                 (sotto_input){.kind = SOTTO_INPUT_RESEND, .jid = BYTES_LITERAL(HOUSE_ROMEO), .ticket = ++h->ticket});
    house_run(h);
    assert_true(learnt(juliet, "resent"));
    (void)person_send(juliet, VOUCH); /* he has not verified her: it waits */
    house_run(h);
    key_of(juliet, HOUSE_ROMEO, key);
    decide(juliet, HOUSE_ROMEO, key, SOTTO_TRUST_VERIFIED);
    key_of(romeo, HOUSE_JULIET, key);
    decide(romeo, HOUSE_JULIET, key, SOTTO_TRUST_VERIFIED);
    person_input(romeo, (sotto_input){.kind = SOTTO_INPUT_RECORD,
                                      .jid = BYTES_LITERAL(HOUSE_JULIET),
                                      .key = bytes_of(other, 32),
                                      .trust = SOTTO_TRUST_VERIFIED,
                                      .device = 7});
    person_input(juliet, (sotto_input){.kind = SOTTO_INPUT_RENAME, .name = BYTES_LITERAL("on the balcony")});
    house_run(h);
    decide(romeo, HOUSE_JULIET, key, SOTTO_TRUST_DISTRUSTED);
    person_say(romeo, HOUSE_JULIET, "r2");
    house_run(h);
    assert_true(learnt(romeo, ">j2<") && !learnt(juliet, ">r2<"));
}

static void test_trust(void **state) {
    (void)state;
    house_play("trust and policy", judge, &(house){.alone = false});
}

/* ---- comparing ---- */

static sotto_status see_compare(void *arg, const sotto_comparison *c) {
    *(size_t *)arg += c->text.len;
    return SOTTO_OK;
}

static sotto_status look_compares(void *arg) {
    glance *g = arg;
    g->count = 0;
    return sotto_engine_compares(g->p->engine, see_compare, &g->count);
}

static void compare_with(person *p, const char *jid, sotto_input_kind kind, bool same) {
    person_input(p, (sotto_input){.kind = kind, .jid = bytes_text(jid), .same = same});
    house_run(p->house);
}

/* Two people compare keys, twice: the first time one says that it is not the same. */
static void compare(house *h) {
    person *juliet = &h->people[0], *romeo = &h->people[1];
    glance g = {.p = juliet};
    person_online(juliet);
    person_online(romeo);
    person_say(juliet, HOUSE_ROMEO, "j1");
    house_run(h);
    person_say(romeo, HOUSE_JULIET, "r1");
    house_run(h);
    for (unsigned round = 0; round < 2; round++) {
        compare_with(juliet, HOUSE_ROMEO, SOTTO_INPUT_COMPARE, false);
        compare_with(romeo, HOUSE_JULIET, SOTTO_INPUT_COMPARE, false);
        assert_ok(person_call(juliet, "compares", BYTES_NONE, look_compares, &g));
        assert_int_equal(g.count, 8);
        compare_with(juliet, HOUSE_ROMEO, SOTTO_INPUT_COMPARED, round == 1);
        if (round == 1) compare_with(romeo, HOUSE_JULIET, SOTTO_INPUT_COMPARED, true);
    }
    assert_ok(person_call(juliet, "compares", BYTES_NONE, look_compares, &g));
    assert_int_equal(g.count, 0);
}

static void test_comparing(void **state) {
    (void)state;
    house_play("comparing", compare, &(house){.alone = false});
}

/* ---- backups, and what comes from elsewhere ---- */

static sotto_status put_record(void *arg, sotto_bytes key, sotto_bytes value) {
    bytes_buffer *out = arg;
    bytes_buffer_block(out, key);
    bytes_buffer_block(out, value);
    return SOTTO_OK;
}

typedef struct keeping {
    const house_stores *made; /* of an account that has spoken */
    guarded_store store;
    bytes_buffer backup;
    sotto_engine *engine;
    uint8_t scalar[32];
    uint64_t place; /* of the generator, before the account was made */
} keeping;

static sotto_status open_over(keeping *k) {
    static const sotto_seal *seals[2];
    seals[0] = sotto_seal_omemo();
    sotto_engine_config config = {.account = BYTES_LITERAL(HOUSE_JULIET),
                                  .host = &supply_host,
                                  .store = &k->store.base,
                                  .seals = seals,
                                  .least_strength = 1};
    return sotto_engine_open(&k->engine, &config, HOUSE_START_MS);
}

static sotto_status copy_to(void *arg, sotto_bytes key, sotto_bytes value) {
    sotto_store *to = arg;
    return to->methods->write(to, &(sotto_change){key, value}, 1);
}

static void prepare_account(void *arg) {
    keeping *k = arg;
    *k = (keeping){.made = k->made};
    house_guard(&k->store, &supply_host);
    assert_ok(k->made->stores[0]->methods->scan(k->made->stores[0], BYTES_NONE, copy_to, k->store.inner));
    bytes_buffer_owned(&k->backup, &supply_quiet, (size_t)1 << 24);
    assert_ok(open_over(k));
}

static sotto_status call_backup(void *arg) {
    keeping *k = arg;
    return sotto_engine_backup(k->engine, put_record, &k->backup);
}

static void end_account(keeping *k) {
    sotto_engine_close(k->engine);
    sotto_store_close(k->store.inner);
    bytes_buffer_free(&k->backup);
    assert_int_equal(supply_lent(SUPPLY_HOST), 0);
}

static void after_backup(void *arg, sotto_status status, bytes_buffer *out) {
    keeping *k = arg;
    if (!sotto_ok(status)) {
        bytes_buffer_reset(&k->backup);
        assert_ok(call_backup(k));
    }
    bytes_buffer_put(out, bytes_of(k->backup.at, k->backup.len));
    end_account(k);
}

/* The records of a backup in a new store, and nobody has opened them yet. */
static void prepare_restored(void *arg) {
    keeping *k = arg;
    guarded_store restored;
    prepare_account(k);
    house_guard(&restored, &supply_host);
    assert_ok(sotto_engine_backup(k->engine, copy_to, restored.inner));
    sotto_engine_close(k->engine);
    k->engine = NULL;
    sotto_store_close(k->store.inner);
    k->store.inner = restored.inner;
}

static sotto_status call_open(void *arg) {
    return open_over(arg);
}

static void after_open(void *arg, sotto_status status, bytes_buffer *out) {
    keeping *k = arg;
    if (!sotto_ok(status)) {
        assert_null(k->engine);
        assert_int_equal(k->store.writes, 0); /* still what was restored, and nothing else */
        assert_ok(open_over(k));
    }
    assert_ok(k->store.inner->methods->scan(k->store.inner, BYTES_NONE, put_record, out));
    end_account(k);
}

/* A new account that takes over the identity of another client, and what was decided there. */
static void prepare_import(void *arg) {
    keeping *k = arg;
    *k = (keeping){.made = k->made, .place = supply_random_place()};
    house_guard(&k->store, &supply_host);
    bytes_buffer_owned(&k->backup, &supply_quiet, (size_t)1 << 24);
    assert_ok(open_over(k));
    for (size_t i = 0; i < sizeof k->scalar; i++) k->scalar[i] = (uint8_t)(i + 1);
    k->scalar[0] &= 248;
    k->scalar[31] = 64;
}

static sotto_status call_import(void *arg) {
    keeping *k = arg;
    sotto_input adopt = {.kind = SOTTO_INPUT_ADOPT, .key = bytes_of(k->scalar, sizeof k->scalar), .device = 4711};
    sotto_input record = {.kind = SOTTO_INPUT_RECORD,
                          .jid = BYTES_LITERAL(HOUSE_ROMEO),
                          .key = bytes_of(k->scalar, sizeof k->scalar),
                          .trust = SOTTO_TRUST_VERIFIED,
                          .device = 7};
    uint8_t other[32] = {3, 1, 4};
    record.key = bytes_of(other, sizeof other);
    SOTTO_TRY(sotto_engine_step(k->engine, &adopt, HOUSE_START_MS));
    SOTTO_TRY(sotto_engine_step(k->engine, &record, HOUSE_START_MS));
    return sotto_engine_commit(k->engine);
}

/* The host begins anew over its store, as `sotto import` does when it failed. */
static void after_import(void *arg, sotto_status status, bytes_buffer *out) {
    keeping *k = arg;
    if (!sotto_ok(status)) {
        sotto_engine_close(k->engine);
        k->engine = NULL;
        sotto_store_close(k->store.inner);
        house_guard(&k->store, &supply_host);
        supply_random_seek(k->place);
        assert_ok(open_over(k));
        assert_ok(call_import(k));
    }
    assert_ok(k->store.inner->methods->scan(k->store.inner, BYTES_NONE, put_record, out));
    end_account(k);
}

static void test_backups(void **state) {
    (void)state;
    house_stores made;
    house_stores_make(&made);
    keeping k = {.made = &made};
    const starved_script scripts[] = {{"a backup", prepare_account, call_backup, after_backup, 0, STARVED_BOTH},
                                      {"a restored account", prepare_restored, call_open, after_open, 0, STARVED_BOTH},
                                      {"an import", prepare_import, call_import, after_import, 0, STARVED_ALONE}};
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        starved_anew count = starve_anew(&scripts[i], &k);
        print_message("%s: %zu failures\n", scripts[i].what, count.failures);
        assert_true(count.failures > 100);
        assert_int_equal(count.survived[SUPPLY_RANDOM] + count.survived[SUPPLY_STORE], 0);
    }
    house_stores_free(&made);
}

/* ---- the history ---- */

typedef struct telling {
    keeping k;
    app_history *history;
    const house_stores *made;
} telling;

static sotto_status open_history(telling *t) {
    return app_history_open(&t->history, t->k.engine, NULL);
}

static void close_history(telling *t) {
    app_history_close(t->history);
    t->history = NULL;
    sotto_engine_close(t->k.engine);
    t->k.engine = NULL;
}

static app_entry entry_of(const char *body, app_direction direction) {
    return (app_entry){.time_ms = HOUSE_START_MS,
                       .direction = direction,
                       .fate = direction == APP_SENT ? APP_FATE_WAITING : APP_FATE_NONE,
                       .unread = direction == APP_RECEIVED,
                       .with = BYTES_LITERAL(HOUSE_ROMEO),
                       .who = BYTES_LITERAL(HOUSE_ROMEO),
                       .id = bytes_text(body),
                       .seal = BYTES_LITERAL("omemo:0.3"),
                       .body = bytes_text(body),
                       .ticket = direction == APP_SENT ? 7 : 0,
                       .seq = direction == APP_RECEIVED ? 3 : 0};
}

static void prepare_history(void *arg) {
    telling *t = arg;
    bool known;
    t->k.made = t->made;
    prepare_account(&t->k);
    assert_ok(open_history(t));
    const app_entry before = entry_of("before", APP_RECEIVED);
    assert_ok(app_history_append(t->history, &before, &known));
    assert_ok(sotto_engine_commit(t->k.engine));
    close_history(t);
}

static sotto_status see_entry(void *arg, const app_entry *entry) {
    (void)entry;
    ++*(size_t *)arg;
    return SOTTO_OK;
}

static sotto_status see_conversation(void *arg, const app_conversation *conversation) {
    (void)conversation;
    ++*(size_t *)arg;
    return SOTTO_OK;
}

static sotto_status see_done(void *arg, uint64_t seq) {
    (void)arg, (void)seq;
    return SOTTO_OK;
}

static sotto_status call_history(void *arg) {
    telling *t = arg;
    bool known;
    size_t count = 0;
    const app_entry sent = entry_of("sent", APP_SENT), received = entry_of("received", APP_RECEIVED);
    const sotto_bytes with = BYTES_LITERAL(HOUSE_ROMEO);
    SOTTO_TRY(open_over(&t->k));
    SOTTO_TRY(open_history(t));
    SOTTO_TRY(app_history_append(t->history, &sent, &known));
    SOTTO_TRY(app_history_append(t->history, &received, &known));
    SOTTO_TRY(app_history_fate(t->history, 7, APP_FATE_SENT, BYTES_LITERAL("omemo:0.3"), SOTTO_TRUST_BLIND));
    SOTTO_TRY(app_history_answer(t->history, with, BYTES_LITERAL("sent"), APP_FATE_ARRIVED));
    SOTTO_TRY(app_history_last(t->history, with, UINT64_MAX, 10, see_entry, &count));
    SOTTO_TRY(app_history_search(t->history, with, BYTES_LITERAL("CEIV"), 10, see_entry, &count));
    SOTTO_TRY(app_history_conversations(t->history, see_conversation, &count));
    SOTTO_TRY(app_history_shown(t->history, with, see_done, NULL));
    assert_int_equal(count, 3 + 1 + 1);
    return sotto_engine_commit(t->k.engine);
}

/* The program ends and begins anew: nothing of it is there, and it can be done. */
static void after_history(void *arg, sotto_status status, bytes_buffer *out) {
    telling *t = arg;
    if (!sotto_ok(status)) {
        close_history(t);
        assert_ok(call_history(t));
    }
    size_t count = 0;
    assert_ok(app_history_last(t->history, BYTES_LITERAL(HOUSE_ROMEO), UINT64_MAX, 10, see_entry, &count));
    bytes_buffer_decimal(out, count);
    app_history_close(t->history);
    t->history = NULL;
    end_account(&t->k);
}

static void test_history(void **state) {
    (void)state;
    house_stores made;
    house_stores_make(&made);
    telling t = {.made = &made};
    const starved_script script = {"the history", prepare_history, call_history, after_history, 0, STARVED_BOTH};
    starved_anew count = starve_anew(&script, &t);
    print_message("the history: %zu failures\n", count.failures);
    assert_true(count.failures > 100);
    assert_int_equal(count.survived[SUPPLY_STORE], 0);
    house_stores_free(&made);
}

int everybody_group(void) {
    const struct CMUnitTest tests[] = {STARVED(test_the_old_dialect), STARVED(test_rooms),   STARVED(test_archives),
                                       STARVED(test_trust),           STARVED(test_backups), STARVED(test_history),
                                       STARVED(test_comparing)};
    return cmocka_run_group_tests_name("starved: everybody", tests, NULL, NULL);
}
