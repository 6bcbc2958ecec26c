/* SPDX-License-Identifier: ISC
 *
 * Every call of the public interface, and every kind of input, in one conversation: each of them fails at every
 * allocation and every draw, then goes through; in the end everything is as it would have been. */
#include "house.h"

#include <stdio.h>
#include <string.h>

static void start(starved *s, house *h, const house_stores *made, const house *prepared) {
    s->shape_count = 0;
    s->again = false;
    *h = *prepared;
    h->mode = HOUSE_EACH_CALL;
    h->starved = s;
    house_start(h, made);
}

/* Without shortage, then starved; as often as something survived: a text that is written and turns out not to be needed
 * (the list of devices of somebody who leaves, without him), a mirror of records that is not filled. What is learnt
 * must be the same. */
void house_play(const char *name, house_course *run, const house *prepared) {
    starved *s = supply_quiet.resize(NULL, NULL, 0, sizeof *s);
    house_stores made;
    bytes_buffer wanted[2];
    uint64_t place = supply_random_place();
    house_stores_make(&made);
    memset(s, 0, sizeof *s);
    s->plain = true;
    for (unsigned round = 0; s->plain || s->again; round++) {
        house h;
        supply_random_seek(place);
        s->plain = round == 0;
        start(s, &h, &made, prepared);
        run(&h);
        for (size_t i = 0; i < 2; i++) {
            bytes_buffer *lines = &h.people[i].lines;
            if (round == 0) {
                bytes_buffer_owned(&wanted[i], &supply_quiet, HOUSE_LINES_MAX);
                bytes_buffer_put(&wanted[i], bytes_of(lines->at, lines->len));
            } else if (!bytes_equal(bytes_of(lines->at, lines->len), bytes_of(wanted[i].at, wanted[i].len))) {
                print_error("%s, round %u: %s learnt\n", name, round, h.people[i].local);
                print_error("%.*s", (int)lines->len, (const char *)lines->at); /* a line can be long for one call */
                print_error("instead of\n");
                print_error("%.*s", (int)wanted[i].len, (const char *)wanted[i].at);
                fail();
            }
        }
        house_end(&h);
    }
    print_message("%s: %zu calls, %zu failures, %zu survived\n", name, s->shape_count, s->failures, s->survived_count);
    assert_true(s->failures > 500);
    for (size_t i = 0; i < 2; i++) bytes_buffer_free(&wanted[i]);
    house_stores_free(&made);
    (void)supply_quiet.resize(NULL, s, sizeof *s, 0);
}

/* Publishing, the first message and its key exchange, the answer, more of both, messages out of order. */
static void converse(house *h) {
    person *juliet = &h->people[0], *romeo = &h->people[1];
    person_online(juliet);
    person_online(romeo);
    person_say(juliet, HOUSE_ROMEO, "j1");
    house_run(h);
    person_say(romeo, HOUSE_JULIET, "r1");
    person_say(juliet, HOUSE_ROMEO, "j2");
    house_run(h);
    romeo->keeps = true;
    for (int i = 3; i < 7; i++) {
        char body[4];
        (void)snprintf(body, sizeof body, "j%d", i);
        person_say(juliet, HOUSE_ROMEO, body);
    }
    house_run(h);
    person_take_kept(romeo, (const int[]){3, 1, 0, 1, 2, -1}); /* skipped, late, twice */
    person_say(romeo, HOUSE_JULIET, "r2");
    house_run(h);
    assert_non_null(memmem(romeo->lines.at, romeo->lines.len, ">j6<", 4));
    assert_non_null(memmem(juliet->lines.at, juliet->lines.len, ">r2<", 4));
}

/* ---- looking and noting ---- */

typedef struct glance {
    person *p;
    sotto_bytes jid;
    uint8_t key[32];
    uint64_t ticket;
    size_t count;
} glance;

static sotto_status see_key(void *arg, const sotto_key *key) {
    glance *g = arg;
    memcpy(g->key, key->key, sizeof g->key);
    g->count++;
    return SOTTO_OK;
}

static sotto_status look_keys(void *arg) {
    glance *g = arg;
    g->count = 0;
    return sotto_engine_keys(g->p->engine, g->jid, see_key, g);
}

static sotto_status see_held(void *arg, const sotto_held *held) {
    glance *g = arg;
    g->ticket = held->ticket;
    g->count++;
    return SOTTO_OK;
}

static sotto_status look_held(void *arg) {
    glance *g = arg;
    g->count = 0;
    return sotto_engine_held(g->p->engine, see_held, g);
}

static sotto_status note(void *arg) {
    glance *g = arg;
    return sotto_engine_note(g->p->engine, BYTES_LITERAL("name"), BYTES_LITERAL("a value that is kept"));
}

static sotto_status noted(void *arg) {
    glance *g = arg;
    sotto_bytes value;
    SOTTO_TRY(sotto_engine_noted(g->p->engine, BYTES_LITERAL("name"), &value));
    assert_true(bytes_is(value, "a value that is kept"));
    return SOTTO_OK;
}

static sotto_status draw_ticket(void *arg) {
    glance *g = arg;
    return sotto_engine_ticket(g->p->engine, &g->ticket);
}

static sotto_status reject(void *arg) {
    glance *g = arg;
    return sotto_engine_reject(g->p->engine, g->p->last, SOTTO_FAIL(STREAM_ERROR));
}

static sotto_status acked(void *arg) {
    glance *g = arg;
    return sotto_engine_acked(g->p->engine, 1);
}

static void looks(glance *g, const char *what, starved_call *call) {
    assert_ok(person_call(g->p, what, g->jid, call, g));
}

/* Keys, verdicts, policies, what waits; looking again, beginning anew, leaving. */
static void manage(house *h) {
    person *juliet = &h->people[0], *romeo = &h->people[1];
    glance g = {.p = juliet, .jid = BYTES_LITERAL(HOUSE_ROMEO)};
    person_online(juliet);
    person_online(romeo);
    person_say(juliet, HOUSE_ROMEO, "j1");
    house_run(h);
    looks(&g, "keys", look_keys);
    assert_int_equal(g.count, 1);
    person_input(juliet, (sotto_input){.kind = SOTTO_INPUT_VERDICT,
                                       .jid = g.jid,
                                       .key = bytes_of(g.key, sizeof g.key),
                                       .trust = SOTTO_TRUST_VERIFIED});
    person_input(juliet, (sotto_input){.kind = SOTTO_INPUT_POLICY,
                                       .jid = BYTES_LITERAL("nobody@" HOUSE_DOMAIN),
                                       .encrypt = SOTTO_ENCRYPT_ALWAYS});
    uint64_t ticket = person_send(juliet, "<message to='nobody@" HOUSE_DOMAIN "'><body>wait</body></message>");
    house_run(h);
    looks(&g, "held", look_held);
    assert_int_equal(g.count, 1);
    assert_int_equal(g.ticket, ticket);
    person_input(juliet, (sotto_input){.kind = SOTTO_INPUT_CANCEL, .ticket = ticket});
    looks(&g, "note", note);
    looks(&g, "noted", noted);
    looks(&g, "ticket", draw_ticket);
    person_input(juliet, (sotto_input){.kind = SOTTO_INPUT_REFRESH, .jid = g.jid});
    house_run(h);
    person_input(juliet, (sotto_input){.kind = SOTTO_INPUT_REPAIR, .jid = g.jid});
    house_run(h);
    person_say(juliet, HOUSE_ROMEO, "anew");
    house_run(h);
    person_input(romeo, (sotto_input){.kind = SOTTO_INPUT_LEAVE});
    house_run(h);
    assert_non_null(memmem(romeo->lines.at, romeo->lines.len, ">anew<", 6));
    assert_non_null(memmem(juliet->lines.at, juliet->lines.len, "refreshed", 9));
    assert_non_null(memmem(romeo->lines.at, romeo->lines.len, "left ", 5));
}

/* Ends and beginnings: what was committed and not acknowledged comes again; time passes; one stanza is refused. */
static void begin_again(house *h) {
    person *juliet = &h->people[0], *romeo = &h->people[1];
    glance g = {.p = juliet};
    person_online(juliet);
    person_online(romeo);
    person_say(juliet, HOUSE_ROMEO, "j1");
    house_run(h);
    person_say(romeo, HOUSE_JULIET, "r1");
    house_run(h);
    juliet->undone = true;
    person_say(juliet, HOUSE_ROMEO, "j2");
    house_run(h);
    juliet->undone = false;
    person_restart(juliet); /* j2 goes once more */
    person_online(juliet);
    juliet->undone = true;
    person_say(juliet, HOUSE_ROMEO, "j3");
    looks(&g, "acked", acked);
    juliet->undone = false;
    person_offline(juliet);
    person_say(juliet, HOUSE_ROMEO, "j4"); /* sealed as far as it can be, and kept */
    person_online(juliet);
    juliet->undone = true;
    person_say(juliet, HOUSE_ROMEO, "j5");
    house_run(h);
    juliet->undone = false;
    person_offline(juliet);
    looks(&g, "reject", reject);
    house_pass(h, 61000);
    person_online(juliet);
    person_say(romeo, HOUSE_JULIET, "r2");
    house_pass(h, (uint64_t)8 * 24 * 3600 * 1000); /* a new signed prekey */
    assert_non_null(memmem(romeo->lines.at, romeo->lines.len, ">j4<", 4));
    assert_non_null(memmem(juliet->lines.at, juliet->lines.len, ">r2<", 4));
    assert_non_null(memmem(juliet->lines.at, juliet->lines.len, "refused", 7));
}

/* What is wrong with others is told as well as ever, and nothing that is right is found wrong. */
static void meet_enemies(house *h) {
    person *juliet = &h->people[0], *romeo = &h->people[1];
    person_online(juliet);
    person_online(romeo);
    person_say(juliet, HOUSE_ROMEO, "j1");
    house_run(h);
    person_inject(romeo, "<message from='" HOUSE_JULIET "/x' to='" HOUSE_ROMEO "' id='f1'>"
                         "<encrypted xmlns='urn:xmpp:omemo:2'><header sid='7'><keys jid='" HOUSE_ROMEO "'>"
                         "<key rid='1'>AAAA</key></keys></header><payload>AAAAAAAAAAAAAAAAAAAAAA==</payload>"
                         "</encrypted></message>");
    romeo->keeps = true;
    person_say(juliet, HOUSE_ROMEO, "to be forged");
    house_run(h);
    assert_int_equal(romeo->kept_count, 1);
    sotto_bytes kept = romeo->kept[0];
    uint8_t *key = memmem(kept.at, kept.len, "<payload>", 9);
    assert_non_null(key);
    key[15] = key[15] == 'A' ? 'B' : 'A'; /* the payload's MAC is in the key, which stays as it is */
    person_take_kept(romeo, (const int[]){0, -1});
    static const char list[] = "<devices xmlns='urn:xmpp:omemo:2'><device id='77'/></devices>";
    static const char bundle[] =
        "<bundle xmlns='urn:xmpp:omemo:2'><spk id='1'>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=</spk>"
        "<spks>AAAA</spks><ik>AAAA</ik><prekeys/></bundle>";
    assert_ok(lab_server_plant(h->server, "romeo", "urn:xmpp:omemo:2:devices", "current", bytes_text(list), false));
    assert_ok(lab_server_plant(h->server, "romeo", "urn:xmpp:omemo:2:bundles", "77", bytes_text(bundle), false));
    person_input(juliet, (sotto_input){.kind = SOTTO_INPUT_REFRESH, .jid = BYTES_LITERAL(HOUSE_ROMEO)});
    house_run(h);
    person_inject(juliet, "<message from='x@'/>");
    assert_non_null(memmem(romeo->lines.at, romeo->lines.len, "unreadable", 10));
}

static void play(const char *name, house_course *run) {
    house_play(name, run, &(house){.alone = false});
}

static void test_conversation(void **state) {
    (void)state;
    play("a conversation", converse);
}
static void test_management(void **state) {
    (void)state;
    play("management", manage);
}
static void test_beginning_again(void **state) {
    (void)state;
    play("ends and beginnings", begin_again);
}
static void test_enemies(void **state) {
    (void)state;
    play("enemies", meet_enemies);
}

/* ---- a new account ---- */

typedef struct birth {
    sotto_store *store;
    sotto_engine *engine;
} birth;

static void prepare_birth(void *arg) {
    birth *b = arg;
    *b = (birth){0};
    assert_ok(sotto_store_memory(&b->store, &supply_host));
}

static sotto_status call_birth(void *arg) {
    birth *b = arg;
    static const sotto_seal *seals[2];
    seals[0] = sotto_seal_omemo();
    sotto_engine_config config = {.account = BYTES_LITERAL(HOUSE_JULIET),
                                  .host = &supply_host,
                                  .store = b->store,
                                  .seals = seals,
                                  .least_strength = 1};
    return sotto_engine_open(&b->engine, &config, HOUSE_START_MS);
}

static sotto_status put_record(void *arg, sotto_bytes key, sotto_bytes value) {
    bytes_buffer_block(arg, key);
    bytes_buffer_block(arg, value);
    return SOTTO_OK;
}

static void after_birth(void *arg, sotto_status status, bytes_buffer *out) {
    birth *b = arg;
    if (!sotto_ok(status)) {
        assert_null(b->engine);
        assert_ok(b->store->methods->scan(b->store, BYTES_NONE, put_record, out));
        assert_int_equal(out->len, 0); /* no half of an identity */
        assert_ok(call_birth(b));
    }
    assert_ok(b->store->methods->scan(b->store, BYTES_NONE, put_record, out));
    sotto_engine_close(b->engine);
    sotto_store_close(b->store);
    assert_int_equal(supply_lent(SUPPLY_HOST), 0);
}

static void test_birth(void **state) {
    (void)state;
    birth b;
    const starved_script script = {"a new account", prepare_birth, call_birth, after_birth, 0, STARVED_BOTH};
    starved_anew count = starve_anew(&script, &b);
    print_message("a new account: %zu failures\n", count.failures);
    assert_true(count.failures > 2 * 300);
    assert_int_equal(count.survived[SUPPLY_RANDOM], 0);
}

int engine_group(void) {
    const struct CMUnitTest tests[] = {STARVED(test_conversation), STARVED(test_management),
                                       STARVED(test_beginning_again), STARVED(test_enemies), STARVED(test_birth)};
    return cmocka_run_group_tests_name("starved: engine", tests, NULL, NULL);
}
