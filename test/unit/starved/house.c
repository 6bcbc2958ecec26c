/* SPDX-License-Identifier: ISC
 *
 * Steps, commits, outputs. */
#include "house.h"

#include <stdio.h>
#include <string.h>

#include "lab/server/inside.h"

static void *copy_bytes(sotto_bytes from) {
    uint8_t *at = supply_quiet.resize(NULL, NULL, 0, from.len + 1);
    assert_non_null(at);
    memcpy(at, from.at, from.len);
    at[from.len] = 0;
    return at;
}

static void free_bytes(const void *at) {
    (void)supply_quiet.resize(NULL, (void *)(uintptr_t)at, 0, 0);
}

/* ---- stores ---- */

static guarded_store *guard_of(sotto_store *base) {
    return (guarded_store *)(void *)base;
}
static sotto_status guard_get(sotto_store *base, sotto_bytes key, sotto_visit *visit, void *arg) {
    sotto_store *inner = guard_of(base)->inner;
    if (supply_store_fails()) return SOTTO_FAIL(STORE_FAILED);
    return inner->methods->get(inner, key, visit, arg);
}

/* A scan fails where it begins, or at any record. */
typedef struct guarded_scan {
    sotto_visit *visit;
    void *arg;
} guarded_scan;

static sotto_status visit_guarded(void *arg, sotto_bytes key, sotto_bytes value) {
    const guarded_scan *scan = arg;
    if (supply_store_fails()) return SOTTO_FAIL(STORE_FAILED);
    return scan->visit(scan->arg, key, value);
}

static sotto_status guard_scan(sotto_store *base, sotto_bytes prefix, sotto_visit *visit, void *arg) {
    sotto_store *inner = guard_of(base)->inner;
    guarded_scan scan = {visit, arg};
    if (supply_store_fails()) return SOTTO_FAIL(STORE_FAILED);
    return inner->methods->scan(inner, prefix, visit_guarded, &scan);
}

static sotto_status guard_write(sotto_store *base, const sotto_change *changes, size_t count) {
    guarded_store *guard = guard_of(base);
    if (supply_store_fails()) return SOTTO_FAIL(STORE_FAILED);
    sotto_status status = guard->inner->methods->write(guard->inner, changes, count);
    if (sotto_ok(status)) guard->writes++;
    return status;
}
static void guard_close(sotto_store *base) {
    (void)base;
}
static const sotto_store_class guard_class = {guard_get, guard_scan, guard_write, guard_close};

void house_guard(guarded_store *ret, const sotto_host *host) {
    *ret = (guarded_store){.base.methods = &guard_class};
    assert_ok(sotto_store_memory(&ret->inner, host));
}

static sotto_status copy_record(void *arg, sotto_bytes key, sotto_bytes value) {
    sotto_store *to = arg;
    return to->methods->write(to, &(sotto_change){key, value}, 1);
}

static void copy_store(sotto_store *to, sotto_store *from) {
    assert_ok(from->methods->scan(from, BYTES_NONE, copy_record, to));
}

/* ---- opening ---- */

static sotto_status open_engine(void *arg) {
    person *p = arg;
    const sotto_seal *const *seals = (const sotto_seal *const[]){sotto_seal_omemo(), NULL};
    static const sotto_seal *lasting[2];
    lasting[0] = seals[0];
    sotto_engine_config config = {.account = bytes_text(p->jid),
                                  .host = &supply_host,
                                  .store = &p->store.base,
                                  .seals = lasting,
                                  .catch_up = p->house->catch_up,
                                  .least_strength = 1};
    return sotto_engine_open(&p->engine, &config, p->house->now_ms);
}

void house_stores_make(house_stores *h) {
    static const char *const jids[] = {HOUSE_JULIET, HOUSE_ROMEO};
    house fresh = {.now_ms = HOUSE_START_MS};
    h->server = NULL;
    for (size_t i = 0; i < 2; i++) {
        person p = {.house = &fresh, .jid = jids[i], .store.base.methods = &guard_class};
        assert_ok(sotto_store_memory(&h->stores[i], &supply_quiet));
        p.store.inner = h->stores[i];
        assert_ok(open_engine(&p));
        sotto_engine_close(p.engine);
    }
}

void house_stores_keep(house_stores *ret, house *h) {
    *ret = (house_stores){.server = h->server};
    h->server = NULL;
    for (size_t i = 0; i < 2; i++) {
        assert_ok(sotto_store_memory(&ret->stores[i], &supply_quiet));
        copy_store(ret->stores[i], h->people[i].store.inner);
    }
}

void house_stores_free(house_stores *h) {
    lab_server_free(h->server);
    for (size_t i = 0; i < 2; i++) sotto_store_close(h->stores[i]);
}

static void person_start(house *h, person *p, const char *local, const char *jid, sotto_store *made) {
    *p = (person){.house = h, .local = local, .jid = jid, .store.base.methods = &guard_class};
    assert_ok(sotto_store_memory(&p->store.inner, &supply_host));
    copy_store(p->store.inner, made);
    bytes_buffer_owned(&p->lines, &supply_quiet, HOUSE_LINES_MAX);
    person_open(p);
}

static void plant(lab_server *to, const lab_server *from) {
    for (const lab_account *account = from->accounts; account != NULL; account = account->next) {
        char local[32] = "";
        memcpy(local, account->local.at, account->local.len);
        for (const lab_node *node = account->nodes; node != NULL; node = node->next) {
            char name[64] = "", item[64];
            memcpy(name, node->name.at, node->name.len);
            for (const lab_item *i = node->items; i != NULL; i = i->next) {
                (void)snprintf(item, sizeof item, "%.*s", (int)i->id.len, (const char *)i->id.at);
                assert_ok(lab_server_plant(to, local, name, item, i->payload, false));
            }
        }
    }
}

void house_start(house *h, const house_stores *made) {
    h->now_ms = HOUSE_START_MS;
    assert_ok(lab_server_new(&h->server, &supply_quiet, HOUSE_DOMAIN));
    lab_server_time(h->server, h->now_ms);
    assert_ok(lab_server_account(h->server, "juliet", NULL));
    assert_ok(lab_server_account(h->server, "romeo", NULL));
    assert_ok(lab_server_befriend(h->server, "juliet", "romeo"));
    if (made->server != NULL) plant(h->server, made->server);
    if (h->furnish != NULL) h->furnish(h);
    if (h->mode == HOUSE_WHOLE) {
        supply_arm(h->fault);
        supply_stop();
    }
    person_start(h, &h->people[0], "juliet", HOUSE_JULIET, made->stores[0]);
    if (!h->alone) person_start(h, &h->people[1], "romeo", HOUSE_ROMEO, made->stores[1]);
}

void house_end(house *h) {
    for (size_t i = 0; i < 2; i++) {
        person *p = &h->people[i];
        if (p->house == NULL) continue;
        sotto_engine_close(p->engine);
        sotto_store_close(p->store.inner);
        bytes_buffer_free(&p->lines);
        for (size_t k = 0; k < p->kept_count; k++) free_bytes(p->kept[k].at);
    }
    lab_server_free(h->server);
    assert_int_equal(supply_lent(SUPPLY_HOST), 0);
    assert_int_equal(supply_dirty(), 0);
}

/* ---- calls ---- */

/* Nothing was written, and nothing comes out that was not there. */
typedef struct watched_call {
    person *p;
    starved_call *call;
    void *arg;
    size_t writes;
    uint64_t deadline;
} watched_call;

static sotto_status run_watched(void *arg) {
    const watched_call *w = arg;
    return w->call(w->arg);
}

static void look(void *arg) {
    const watched_call *w = arg;
    sotto_output output;
    assert_int_equal(w->p->store.writes, w->writes);
    if (w->p->engine == NULL) return;
    assert_int_equal(sotto_engine_deadline(w->p->engine), w->deadline);
    assert_false(sotto_engine_next(w->p->engine, &output));
}

/* In the whole conversation: the shortage ends when somebody noticed it. */
static sotto_status call_whole(house *h, const char *what, starved_call *call, void *arg) {
    if (!h->spared) supply_resume();
    sotto_status status = call(arg);
    supply_stop();
    if (!supply_failed() || h->met) return status;
    h->met = true;
    if (!sotto_ok(status)) starve_check(what, status, h->fault);
    supply_arm((supply_fault){0});
    supply_stop();
    return status;
}

/* FNV-1a; what is between id=' and ' is left out, or every question would be a new one. */
static uint64_t shape_of(const person *p, const char *what, sotto_bytes text) {
    static const char mark[] = " id='";
    uint64_t shape = UINT64_C(14695981039346656037) ^ (uint64_t)(p - p->house->people);
    for (; *what; what++) shape = (shape ^ (uint8_t)*what) * UINT64_C(1099511628211);
    const uint8_t *found = text.len > 0 ? memmem(text.at, text.len, mark, sizeof mark - 1) : NULL;
    const uint8_t *end = found ? memchr(found + 5, '\'', text.len - (size_t)(found + 5 - text.at)) : NULL;
    for (size_t i = 0; i < text.len; i++) {
        if (end && text.at + i >= found && text.at + i < end) continue;
        shape = (shape ^ text.at[i]) * UINT64_C(1099511628211);
    }
    return shape;
}

sotto_status person_call(person *p, const char *what, sotto_bytes text, starved_call *call, void *arg) {
    house *h = p->house;
    if (h->mode == HOUSE_WHOLE) {
        bool met = h->met;
        sotto_status status = call_whole(h, what, call, arg);
        bool again = !met && h->met && sotto_class(status) == SOTTO_CLASS_OURS;
        return again ? call_whole(h, what, call, arg) : status;
    }
    watched_call w = {p, call, arg, p->store.writes, p->engine ? sotto_engine_deadline(p->engine) : 0};
    return starve(h->starved, shape_of(p, what, text), what, run_watched, look, &w);
}

void person_open(person *p) {
    assert_null(p->engine);
    assert_ok(person_call(p, "open", bytes_of(&p->house->now_ms, sizeof p->house->now_ms), open_engine, p));
}

typedef struct step_call {
    person *p;
    sotto_input input;
} step_call;

static sotto_status step(void *arg) {
    const step_call *c = arg;
    return sotto_engine_step(c->p->engine, &c->input, c->p->house->now_ms);
}

static const char *input_name(sotto_input_kind kind) {
    static const char *const names[] = {"ONLINE",
                                        "OFFLINE",
                                        "STANZA",
                                        "SEND",
                                        "CANCEL",
                                        "TIMER",
                                        "POLICY",
                                        "VERDICT",
                                        "REFRESH",
                                        "ANSWER",
                                        "LEAVE",
                                        "REPAIR",
                                        "JOIN",
                                        "PART",
                                        "VIA",
                                        "RESEND",
                                        "ADOPT",
                                        "RECORD",
                                        "REMOVE",
                                        "RENAME",
                                        "STATEMENT",
                                        "PASSWORD",
                                        "ENDING",
                                        [SOTTO_INPUT_COMPARE] = "COMPARE",
                                        [SOTTO_INPUT_COMPARED] = "COMPARED"};
    assert_true((unsigned)kind < sizeof names / sizeof *names);
    return names[kind];
}

static sotto_status commit(void *arg) {
    person *p = arg;
    return sotto_engine_commit(p->engine);
}

static void note_line(person *p, const char *what, sotto_bytes first, const char *second, uint64_t number) {
    bytes_buffer_text(&p->lines, what);
    bytes_buffer_text(&p->lines, " ");
    bytes_buffer_put(&p->lines, first);
    bytes_buffer_text(&p->lines, " ");
    bytes_buffer_text(&p->lines, second);
    bytes_buffer_text(&p->lines, " ");
    bytes_buffer_decimal(&p->lines, number);
    bytes_buffer_text(&p->lines, "\n");
    assert_ok(p->lines.status);
}

/* What a shortage may not change. That something was held for a while, or looked for again, it may: keys that are
 * looked for are sent to when that is asked again, and here there is nobody to send to. */
static void note_output(person *p, const sotto_output *out) {
    if (out->kind == SOTTO_OUTPUT_DELIVER && out->delivery.seal.len > 0)
        note_line(p, "read", out->delivery.stanza, sotto_trust_name(out->delivery.trust), out->delivery.time_ms);
    if (out->kind != SOTTO_OUTPUT_EVENT || out->event.kind == SOTTO_EVENT_HELD) return;
    bool again = out->event.kind == SOTTO_EVENT_RESENT && sotto_is(out->event.reason, SOTTO_E_AGAIN);
    bool waits = out->event.kind == SOTTO_EVENT_COMPARE && sotto_is(out->event.reason, SOTTO_E_AGAIN);
    note_line(p, sotto_event_name(out->event.kind), out->event.jid,
              again   ? "no-trusted-device"
              : waits ? "ok"
                      : sotto_status_name(out->event.reason),
              out->event.ticket);
}

static bool take_outputs(person *p) {
    sotto_output out;
    bool any = false;
    while (sotto_engine_next(p->engine, &out)) {
        uint64_t seq = out.seq;
        if (out.kind == SOTTO_OUTPUT_STANZA) {
            char *stanza = copy_bytes(out.stanza);
            assert_non_null(p->session);
            assert_ok(lab_session_send(p->session, bytes_text(stanza)));
            free_bytes(stanza);
        } else if (seq == 0 || seq > p->seen) {
            if (seq != 0) p->seen = seq;
            note_output(p, &out);
        }
        if (seq == 0) continue;
        if (out.kind == SOTTO_OUTPUT_STANZA) p->last = seq;
        if (out.kind == SOTTO_OUTPUT_STANZA && p->undone) continue;
        assert_ok(sotto_engine_done(p->engine, seq));
        any = true;
    }
    return any;
}

/* Everything since the last commit is undone, and the stream is resumed. */
static void resume(person *p) {
    if (p->session == NULL) return;
    step_call online = {p, {.kind = SOTTO_INPUT_ONLINE, .jid = lab_session_jid(p->session), .resumed = true}};
    assert_ok(step(&online));
    assert_ok(commit(p));
}

static bool commit_or_undo(person *p) {
    if (p->house->mode == HOUSE_EACH_CALL) {
        assert_ok(commit(p));
        return true;
    }
    size_t writes = p->store.writes;
    sotto_status status = call_whole(p->house, "commit", commit, p);
    if (sotto_ok(status)) return true;
    assert_int_equal(p->store.writes, writes);
    resume(p);
    return false;
}

void person_input(person *p, sotto_input input) {
    step_call c = {p, input};
    for (bool committed = false; !committed;) {
        sotto_status status = person_call(p, input_name(input.kind), input.stanza, step, &c);
        if (!sotto_ok(status)) assert_int_equal(sotto_class(status), SOTTO_CLASS_PEER);
        committed = commit_or_undo(p);
        if (!committed && input.kind == SOTTO_INPUT_ONLINE) break; /* resumed already */
    }
    while (take_outputs(p)) {
        if (!commit_or_undo(p)) (void)take_outputs(p);
    }
}

/* ---- the stream ---- */

static void take_stanza(person *p, sotto_bytes stanza) {
    person_input(p, (sotto_input){.kind = SOTTO_INPUT_STANZA, .stanza = stanza});
}

static bool read_one(person *p) {
    sotto_bytes span;
    if (p->session == NULL || p->away || !lab_session_next(p->session, &span)) return false;
    sotto_bytes stanza = {copy_bytes(span), span.len};
    bool keep = p->keeps && bytes_starts_with(stanza, BYTES_LITERAL("<message"));
    if (keep) {
        assert_true(p->kept_count < HOUSE_KEPT_MAX);
        p->kept[p->kept_count++] = stanza;
        return true;
    }
    take_stanza(p, stanza);
    free_bytes(stanza.at);
    return true;
}

void person_take_kept(person *p, const int *order) {
    p->keeps = false;
    for (; *order >= 0; order++) {
        assert_true((size_t)*order < p->kept_count);
        take_stanza(p, p->kept[*order]);
    }
    while (p->kept_count > 0) free_bytes(p->kept[--p->kept_count].at);
    house_run(p->house);
}

void house_run(house *h) {
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = 0; i < 2; i++) moved = read_one(&h->people[i]) || moved;
    }
}

void house_pass(house *h, uint64_t ms) {
    house_run(h);
    h->now_ms += ms;
    lab_server_time(h->server, h->now_ms);
    for (size_t i = 0; i < 2; i++) {
        person *p = &h->people[i];
        if (p->engine && sotto_engine_deadline(p->engine) <= h->now_ms)
            person_input(p, (sotto_input){.kind = SOTTO_INPUT_TIMER});
    }
    house_run(h);
}

void person_online(person *p) {
    assert_ok(lab_session_attach(&p->session, p->house->server, p->local, "x"));
    person_input(p, (sotto_input){.kind = SOTTO_INPUT_ONLINE, .jid = lab_session_jid(p->session)});
    (void)person_send(p, "<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>");
    (void)person_send(p, "<presence/>");
    house_run(p->house);
}

static void detach(person *p) {
    if (p->session) lab_session_detach(p->session);
    p->session = NULL;
}

void person_offline(person *p) {
    person_input(p, (sotto_input){.kind = SOTTO_INPUT_OFFLINE});
    detach(p);
    house_run(p->house);
}

void person_restart(person *p) {
    detach(p);
    sotto_engine_close(p->engine);
    p->engine = NULL;
    person_open(p);
    while (take_outputs(p)) assert_ok(commit(p));
}

uint64_t person_send(person *p, const char *stanza) {
    sotto_input input = {.kind = SOTTO_INPUT_SEND, .stanza = bytes_text(stanza), .ticket = ++p->house->ticket};
    person_input(p, input);
    return input.ticket;
}

void person_say(person *p, const char *to, const char *body) {
    char stanza[256];
    (void)snprintf(stanza, sizeof stanza, "<message to='%s' type='chat' id='m%u'><body>%s</body></message>", to,
                   (unsigned)p->house->ticket, body);
    (void)person_send(p, stanza);
}

void person_inject(person *p, const char *stanza) {
    assert_ok(lab_session_inject(p->session, bytes_text(stanza)));
    house_run(p->house);
}
