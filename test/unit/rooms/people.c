/* SPDX-License-Identifier: ISC */
#include "people.h"

#include <stdlib.h>

#include "context/caps.h"

#define NS_INFO "http://jabber.org/protocol/disco#info"

void people_start(people *all, const sotto_seal *seal) {
    *all = (people){.seal = seal, .now_ms = START_MS};
    rig_start(&all->host);
    bytes_arena_init(&all->arena, &all->host.host, (size_t)64 * 1024 * 1024);
    assert_ok(lab_server_new(&all->server, &all->host.host, DOMAIN));
    lab_server_time(all->server, all->now_ms);
}

void people_end(people *all) {
    for (size_t i = 0; i < all->count; i++) {
        sotto_engine_close(all->at[i]->engine);
        sotto_store_close(all->at[i]->store);
        free(all->at[i]);
    }
    lab_server_free(all->server);
    bytes_arena_clear(&all->arena);
    rig_end(&all->host);
}

static void person_open(person *p) {
    char jid[64];
    snprintf(jid, sizeof jid, "%s@" DOMAIN, p->local);
    sotto_engine_config config = {.account = bytes_text(jid),
                                  .host = &p->all->host.host,
                                  .store = p->store,
                                  .seals = p->seals,
                                  .encrypt = SOTTO_ENCRYPT_ALWAYS};
    assert_ok(sotto_engine_open(&p->engine, &config, p->all->now_ms));
}

person *people_add(people *all, const char *local, const char *resource) {
    assert_true(all->count < PEOPLE_MAX);
    person *p = calloc(1, sizeof *p);
    assert_non_null(p);
    all->at[all->count++] = p;
    p->all = all;
    snprintf(p->local, sizeof p->local, "%s", local);
    snprintf(p->resource, sizeof p->resource, "%s", resource);
    p->seals[0] = all->seal;
    sotto_status status = lab_server_account(all->server, local, NULL);
    assert_true(sotto_ok(status) || sotto_is(status, SOTTO_E_STATE));
    assert_ok(sotto_store_memory(&p->store, &all->host.host));
    person_open(p);
    return p;
}

void person_step(person *p, sotto_input input) {
    assert_ok(sotto_engine_step(p->engine, &input, p->all->now_ms));
}

/* ---- what a client says by itself ---- */

static void say_presence(person *p) {
    bytes_buffer out;
    stanza_writer writer;
    sotto_bytes ver, text;
    bytes_arena_mark mark = bytes_arena_here(&p->all->arena);
    bytes_buffer_owned(&out, &p->all->host.host, 65536);
    stanza_writer_init(&writer, &out, STANZA_NS_CLIENT);
    assert_ok(context_caps_ver(&p->all->arena, sotto_engine_features(p->engine), &ver));
    stanza_open(&writer, "presence", STANZA_NS_CLIENT);
    context_caps_write(&writer, ver);
    stanza_close(&writer);
    assert_ok(bytes_buffer_end(&out, &text));
    person_step(p, (sotto_input){.kind = SOTTO_INPUT_SEND, .stanza = text, .ticket = ++p->all->ticket});
    bytes_buffer_free(&out);
    bytes_arena_back(&p->all->arena, mark);
}

static void answer_info(person *p, const stanza_element *iq) {
    bytes_buffer out;
    stanza_writer writer;
    sotto_bytes text;
    const stanza_element *query = stanza_child(iq, "query", NS_INFO);
    if (!bytes_is(stanza_attribute_of(iq, "type"), "get") || query == NULL) return;
    bytes_buffer_owned(&out, &p->all->host.host, 65536);
    stanza_writer_init(&writer, &out, STANZA_NS_CLIENT);
    stanza_open(&writer, "iq", STANZA_NS_CLIENT);
    stanza_put_text(&writer, "type", "result");
    stanza_put(&writer, "id", stanza_attribute_of(iq, "id"));
    stanza_put(&writer, "to", stanza_attribute_of(iq, "from"));
    assert_ok(context_caps_info(&writer, &p->all->arena, sotto_engine_features(p->engine),
                                stanza_attribute_of(query, "node")));
    stanza_close(&writer);
    assert_ok(bytes_buffer_end(&out, &text));
    person_step(p, (sotto_input){.kind = SOTTO_INPUT_SEND, .stanza = text, .ticket = ++p->all->ticket});
    bytes_buffer_free(&out);
}

/* ---- outputs ---- */

static void tell(person *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void tell(person *p, const char *format, ...) {
    size_t len = strlen(p->told);
    va_list args;
    va_start(args, format);
    vsnprintf(p->told + len, sizeof p->told - len, format, args);
    va_end(args);
}

#define TEXT(bytes) (int)(bytes).len, (const char *)(bytes).at

static void take_delivery(person *p, const sotto_delivery *d) {
    bytes_arena_mark mark = bytes_arena_here(&p->all->arena);
    const stanza_element *stanza;
    sotto_bytes body = BYTES_NONE;
    assert_ok(stanza_parse(&p->all->arena, d->stanza, &stanza));
    if (stanza_is(stanza, "iq", NULL)) answer_info(p, stanza);
    const stanza_element *said = stanza_child(stanza, "body", STANZA_NS_CLIENT);
    if (said != NULL) {
        assert_true(stanza_text(said, &p->all->arena, &body));
        tell(p, "%s %.*s in %.*s as %.*s: %.*s\n", d->seal.len > 0 ? "sealed" : "clear", TEXT(d->from), TEXT(d->room),
             TEXT(d->nick), TEXT(body));
    }
    bytes_arena_back(&p->all->arena, mark);
}

static void take_event(person *p, const sotto_event *e) {
    tell(p, "%s %.*s %s", sotto_event_name(e->kind), TEXT(e->jid), sotto_status_name(e->reason));
    if (e->kind == SOTTO_EVENT_ROOM) tell(p, " %u/%u", e->number, e->total);
    if (e->kind == SOTTO_EVENT_ROOM_MEMBER) tell(p, " %.*s %.*s", TEXT(e->key.jid), TEXT(e->text));
    if (e->kind == SOTTO_EVENT_DELIVERED) tell(p, " %llu", (unsigned long long)e->ticket);
    tell(p, "\n");
}

static bool take_outputs(person *p) {
    bool any = false;
    sotto_output out;
    while (sotto_engine_next(p->engine, &out)) {
        uint64_t seq = out.seq;
        any = true;
        if (out.kind == SOTTO_OUTPUT_STANZA) assert_ok(lab_session_send(p->session, out.stanza));
        if (out.kind == SOTTO_OUTPUT_EVENT) take_event(p, &out.event);
        if (out.kind == SOTTO_OUTPUT_DELIVER) take_delivery(p, &out.delivery);
        if (seq != 0) {
            sotto_status status = sotto_engine_done(p->engine, seq);
            assert_true(sotto_ok(status));
        }
    }
    return any;
}

static bool person_turn(person *p) {
    bool any = false;
    sotto_bytes stanza;
    while (p->session != NULL && lab_session_next(p->session, &stanza)) {
        any = true;
        person_step(p, (sotto_input){.kind = SOTTO_INPUT_STANZA, .stanza = stanza});
    }
    assert_ok(sotto_engine_commit(p->engine));
    return take_outputs(p) || any;
}

void people_run(people *all) {
    for (bool busy = true; busy;) {
        busy = false;
        for (size_t i = 0; i < all->count; i++) busy = person_turn(all->at[i]) || busy;
    }
}

void people_pass(people *all, uint64_t ms) {
    people_run(all);
    all->now_ms += ms;
    lab_server_time(all->server, all->now_ms);
    for (size_t i = 0; i < all->count; i++)
        if (sotto_engine_deadline(all->at[i]->engine) <= all->now_ms)
            person_step(all->at[i], (sotto_input){.kind = SOTTO_INPUT_TIMER});
    people_run(all);
}

bool people_saw(const people *all, const char *text) {
    sotto_bytes saw = lab_server_saw(all->server);
    return memmem(saw.at, saw.len, text, strlen(text)) != NULL;
}

/* ---- doing ---- */

void person_online(person *p) {
    assert_ok(lab_session_attach(&p->session, p->all->server, p->local, p->resource));
    person_step(p, (sotto_input){.kind = SOTTO_INPUT_ONLINE, .jid = lab_session_jid(p->session)});
    say_presence(p);
    person_step(p, (sotto_input){.kind = SOTTO_INPUT_JOIN});
    people_run(p->all);
}

void person_offline(person *p) {
    person_step(p, (sotto_input){.kind = SOTTO_INPUT_OFFLINE});
    assert_ok(sotto_engine_commit(p->engine));
    lab_session_detach(p->session);
    p->session = NULL;
    people_run(p->all);
}

void person_restart(person *p) {
    if (p->session != NULL) lab_session_detach(p->session);
    p->session = NULL;
    sotto_engine_close(p->engine);
    person_open(p);
}

void person_join(person *p, const char *nick) {
    person_step(p, (sotto_input){.kind = SOTTO_INPUT_JOIN, .jid = BYTES_LITERAL(ROOM), .nick = bytes_text(nick)});
    people_run(p->all);
}

uint64_t person_say(person *p, const char *to, const char *body) {
    char text[512];
    uint64_t ticket = ++p->all->ticket;
    snprintf(text, sizeof text, "<message to='%s' type='%s' id='m%llu'><body>%s</body></message>", to,
             strcmp(to, ROOM) == 0 ? "groupchat" : "chat", (unsigned long long)ticket, body);
    person_step(p, (sotto_input){.kind = SOTTO_INPUT_SEND, .stanza = bytes_text(text), .ticket = ticket});
    people_run(p->all);
    return ticket;
}

void person_forget(person *p) {
    p->told[0] = 0;
}

void assert_person_told(const person *p, const char *text, bool yes, const char *file, int line) {
    if ((strstr(p->told, text) != NULL) == yes) return;
    print_error("%s was%s told \"%s\"; what was:\n%s", p->local, yes ? " not" : "", text, p->told);
    _fail(file, line);
}
