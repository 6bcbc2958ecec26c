/* SPDX-License-Identifier: ISC
 *
 * One message that comes live, as a copy, and out of the archive: in every order, also when the process ends after each
 * of them, sealed or in the clear, it is handed on once. */
#include "world.h"

#include "alter.h"

#define NS_ARCHIVE "urn:xmpp:mam:2"
#define INFO                                                                                                           \
    "<query xmlns='http://jabber.org/protocol/disco#info'><feature var='" NS_ARCHIVE                                   \
    "'/><feature var='urn:xmpp:sid:0'/></query>"

typedef struct arrival {
    two t;
    char *forms[3]; /* live, a copy, what is inside of a result */
    char id[64];    /* in the archive */
    sotto_store *store;
    sotto_engine *engine;
    sotto_engine_config config;
    char question[64], queryid[64];
    bool asked_info, open, archived;
    unsigned read, other; /* handed on; events that tell of trouble */
} arrival;

static void value_of(const char *text, const char *mark, char *ret, size_t size) {
    const char *at = strstr(text, mark);
    ret[0] = 0;
    if (at == NULL) return;
    at += strlen(mark);
    size_t len = strcspn(at + 1, (const char[]){*at, 0});
    assert_true(len < size);
    memcpy(ret, at + 1, len);
    ret[len] = 0;
}

static char *copy_of(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *copy_of(const char *format, ...) {
    char *text = NULL;
    va_list args;
    va_start(args, format);
    assert_true(vasprintf(&text, format, args) > 0);
    va_end(args);
    return text;
}

/* Romeo's message, in its three forms, and Juliet's store from before she got it. */
static void start(arrival *a, bool sealed) {
    *a = (arrival){.read = 0};
    world *w = &a->t.w;
    world_start(w, sotto_seal_omemo());
    assert_ok(lab_server_archive(w->server, "juliet", LAB_ARCHIVE_HONEST, 0));
    a->t.juliet = world_device(w, "juliet", "balcony");
    a->t.romeo = world_device(w, "romeo", "orchard");
    device_go_online(a->t.juliet);
    device_go_online(a->t.romeo);
    device_say(a->t.juliet, ROMEO, "hello");
    device_say(a->t.romeo, JULIET, "hello");
    world_run(w);
    net n;
    net_spread(&n, w, JULIET);
    if (!sealed) device_policy(a->t.romeo, JULIET, SOTTO_ENCRYPT_NEVER);
    device_say(a->t.romeo, JULIET, "this");
    world_run(w);
    assert_int_equal(n.len, 1);
    const char *live = n.caught[0];
    value_of(strstr(live, "<stanza-id"), " id=", a->id, sizeof a->id);
    assert_true(a->id[0] != 0);
    const char *inner = alter_text(live, "<message ", "<message xmlns='jabber:client' ");
    a->forms[0] = copy_of("%s", live);
    a->forms[2] = copy_of("%s", inner);
    a->forms[1] = copy_of("<message from='" JULIET "' to='" JULIET "/balcony'><received xmlns='urn:xmpp:carbons:2'>"
                          "<forwarded xmlns='urn:xmpp:forward:0'>%s</forwarded></received></message>",
                          inner);
    net_end(&n);
    sotto_engine_close(a->t.juliet->engine);
    a->t.juliet->engine = NULL;
    a->t.juliet->store.pretends = true;
    a->config = a->t.juliet->config;
    a->config.catch_up = true;
}

static void finish(arrival *a) {
    for (size_t i = 0; i < 3; i++) free(a->forms[i]);
    world_end(&a->t.w);
}

/* ---- an engine over a copy of her store ---- */

static void step(arrival *a, sotto_input input) {
    assert_ok(sotto_engine_step(a->engine, &input, a->t.w.now_ms));
}

static void feed(arrival *a, const char *stanza) {
    step(a, (sotto_input){.kind = SOTTO_INPUT_STANZA, .stanza = bytes_text(stanza)});
}

static void hear(arrival *a, const sotto_output *out) {
    bool trouble = out->event.kind == SOTTO_EVENT_UNREADABLE || out->event.kind == SOTTO_EVENT_CAUGHT_UP_UNREADABLE ||
                   (out->event.kind == SOTTO_EVENT_CAUGHT_UP && !sotto_ok(out->event.reason));
    if (out->kind == SOTTO_OUTPUT_EVENT && trouble) a->other++;
    if (out->kind == SOTTO_OUTPUT_DELIVER && memmem(out->delivery.stanza.at, out->delivery.stanza.len, ">this<", 6))
        a->read++;
    if (out->kind != SOTTO_OUTPUT_STANZA) return;
    char *text = strndup((const char *)out->stanza.at, out->stanza.len);
    bool info = strstr(text, "to='" JULIET "'") != NULL && strstr(text, "disco#info") != NULL;
    if (info || strstr(text, "queryid=") != NULL) value_of(text, " id=", a->question, sizeof a->question);
    if (strstr(text, "queryid=") != NULL) value_of(text, "queryid=", a->queryid, sizeof a->queryid);
    a->asked_info = a->asked_info || info;
    a->open = strstr(text, "queryid=") != NULL || (a->open && !info);
    free(text);
}

static void look(arrival *a) {
    sotto_output out;
    assert_ok(sotto_engine_commit(a->engine));
    while (sotto_engine_next(a->engine, &out)) {
        hear(a, &out);
        if (out.seq != 0) assert_ok(sotto_engine_done(a->engine, out.seq));
    }
    assert_ok(sotto_engine_commit(a->engine));
}

static void give_result(arrival *a) {
    char *text = copy_of("<message from='" JULIET "'><result xmlns='" NS_ARCHIVE
                         "' queryid='%s' id='%s'><forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' "
                         "stamp='2027-01-15T08:00:00Z'/>%s</forwarded></result></message>",
                         a->queryid, a->id, a->forms[2]);
    feed(a, text);
    free(text);
    a->archived = true;
}

static void give_end(arrival *a, const char *last) {
    char *text = copy_of("<iq type='result' from='" JULIET "' id='%s'><fin xmlns='" NS_ARCHIVE
                         "' complete='true'><set xmlns='http://jabber.org/protocol/rsm'>%s</set></fin></iq>",
                         a->question, last);
    a->open = false;
    feed(a, text);
    free(text);
}

static void go_online(arrival *a, bool resumed) {
    step(a, (sotto_input){
                .kind = SOTTO_INPUT_ONLINE, .jid = BYTES_LITERAL(JULIET "/balcony"), .resumed = resumed, .acked = 0});
    a->asked_info = false;
    look(a);
    if (!a->asked_info) return;
    char *text = copy_of("<iq type='result' from='" JULIET "' id='%s'>" INFO "</iq>", a->question);
    feed(a, text);
    free(text);
    look(a);
    assert_true(a->open);
}

static void open_over_copy(arrival *a) {
    sotto_store *from = a->t.juliet->store.inner;
    a->read = a->other = 0;
    a->archived = a->open = false;
    assert_ok(sotto_store_memory(&a->store, a->config.host));
    assert_ok(from->methods->scan(from, BYTES_NONE, frail_copy, a->store));
    a->config.store = a->store;
    assert_ok(sotto_engine_open(&a->engine, &a->config, a->t.w.now_ms));
    go_online(a, false);
    give_end(a, "");
    look(a);
    go_online(a, false); /* the login that is looked at */
}

static void close_copy(arrival *a) {
    sotto_engine_close(a->engine);
    sotto_store_close(a->store);
}

/* The process ends; its stream is resumed, and an archive that was being read gives its page again. */
static void restart(arrival *a) {
    sotto_engine_close(a->engine);
    a->engine = NULL;
    assert_ok(sotto_engine_open(&a->engine, &a->config, a->t.w.now_ms));
    bool was_open = a->open;
    a->open = false;
    go_online(a, true);
    assert_int_equal(was_open, a->open);
    if (a->open && a->archived) give_result(a);
    look(a);
}

/* ---- orders ---- */

enum { LIVE, COPY, RESULT, END, FORMS };

static void play(arrival *a, const unsigned order[FORMS], bool restarts) {
    char last[96];
    snprintf(last, sizeof last, "<last>%s</last>", a->id);
    open_over_copy(a);
    for (size_t i = 0; i < FORMS; i++) {
        if (order[i] == RESULT)
            give_result(a);
        else if (order[i] == END)
            give_end(a, a->archived ? last : "");
        else
            feed(a, a->forms[order[i]]);
        look(a);
        if (restarts) restart(a);
    }
    if (a->read != 1 || a->other != 0)
        fail_msg("in the order %u %u %u %u%s: read %u times, %u events of trouble", order[0], order[1], order[2],
                 order[3], restarts ? " with restarts" : "", a->read, a->other);
    close_copy(a);
}

/* All 24; a result behind the end is none, and counts for nothing. */
static void every_order(bool sealed) {
    arrival a;
    start(&a, sealed);
    for (unsigned number = 0; number < 24; number++) {
        unsigned left[FORMS] = {LIVE, COPY, RESULT, END}, order[FORMS], rest = number;
        for (unsigned i = 0, ways = 6; i < FORMS; i++) {
            unsigned pick = rest / ways;
            rest %= ways;
            ways = i < 2 ? ways / (3 - i) : 1;
            order[i] = left[pick];
            memmove(left + pick, left + pick + 1, (FORMS - i - pick - 1) * sizeof *left);
        }
        play(&a, order, false);
        play(&a, order, true);
    }
    finish(&a);
}

static void test_a_sealed_message_in_every_order(void **state) {
    (void)state;
    every_order(true);
}

static void test_a_clear_message_in_every_order(void **state) {
    (void)state;
    every_order(false);
}

const struct CMUnitTest arrival_tests[] = {
    cmocka_unit_test(test_a_sealed_message_in_every_order),
    cmocka_unit_test(test_a_clear_message_in_every_order),
};
const size_t arrival_count = sizeof arrival_tests / sizeof arrival_tests[0];
