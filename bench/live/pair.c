/* SPDX-License-Identifier: ISC */
#include "pair.h"

#include <string.h>

#include <sotto/sqlite.h>

#include "bytes/span.h"
#include "seal/live/live.h"

#define OUT_BYTES   ((size_t)16 * 1024 * 1024)
#define START_MS    UINT64_C(1800000000000)
#define MESSAGE_MAX 8192u

static const sotto_seal *seals[2];

static void open_side(pair_side *s, const char *folder, const char *file, uint64_t now_ms) {
    char path[512], key_path[512];
    (void)snprintf(path, sizeof path, "%s/%s.sotto", folder, file);
    (void)snprintf(key_path, sizeof key_path, "%s/%s.key", folder, file);
    sotto_sqlite_options options = {.path = path, .key_path = key_path, .create = true, .host = sotto_host_default()};
    bench_must(sotto_sqlite_open(&s->store, &options));
    seals[0] = sotto_seal_live();
    sotto_engine_config config = {.account = bytes_text(s->bare),
                                  .host = sotto_host_default(),
                                  .store = s->store,
                                  .seals = seals,
                                  .encrypt = SOTTO_ENCRYPT_ALWAYS,
                                  .least_strength = 1};
    bench_must(sotto_engine_open(&s->engine, &config, now_ms));
    bytes_buffer_owned(&s->out, sotto_host_default(), OUT_BYTES);
}

void pair_open(pair *p, const char *folder) {
    *p = (pair){.now_ms = START_MS};
    p->side[0] = (pair_side){.full = PAIR_JULIET, .bare = "juliet@capulet.example"};
    p->side[1] = (pair_side){.full = PAIR_ROMEO, .bare = "romeo@montague.example"};
    open_side(&p->side[0], folder, "juliet", p->now_ms);
    open_side(&p->side[1], folder, "romeo", p->now_ms);
}

void pair_close(pair *p) {
    for (size_t i = 0; i < 2; i++) {
        sotto_engine_close(p->side[i].engine);
        sotto_store_close(p->side[i].store);
        bytes_buffer_free(&p->side[i].out);
    }
}

/* ---- steps ---- */

static void step(pair *p, pair_side *s, const sotto_input *input) {
    bench_time begun = bench_now();
    bench_must(sotto_engine_step(s->engine, input, p->now_ms));
    s->us += bench_since(begun).cpu_us;
}

/* As the server hands it on: with the sender's name. */
static void keep(pair_side *s, sotto_bytes stanza) {
    const char *text = (const char *)stanza.at;
    size_t name = strcspn(text, " />");
    bool set = memmem(text, stanza.len, "type='set'", 10) != NULL;
    if (memmem(text, stanza.len, "urn:sotto:live:0", 16) != NULL || !set) {
        *(set ? &s->sets : &s->results) += 1;
        *(set ? &s->set_bytes : &s->result_bytes) += stanza.len;
    }
    bytes_buffer_put(&s->out, bytes_of(text, name));
    bytes_buffer_text(&s->out, " from='");
    bytes_buffer_text(&s->out, s->full);
    bytes_buffer_text(&s->out, "'");
    bytes_buffer_put(&s->out, bytes_after(stanza, name));
    bytes_buffer_u8(&s->out, 0);
}

static void commit(pair_side *s) {
    sotto_output output;
    bench_time begun = bench_now();
    bench_must(sotto_engine_commit(s->engine));
    double spent = bench_since(begun).cpu_us;
    s->us += spent;
    s->commit_us += spent;
    for (;;) {
        begun = bench_now();
        bool is = sotto_engine_next(s->engine, &output);
        s->us += bench_since(begun).cpu_us;
        if (!is) return;
        uint64_t seq = output.seq;
        if (output.kind == SOTTO_OUTPUT_STANZA) keep(s, output.stanza);
        if (output.kind == SOTTO_OUTPUT_DELIVER && output.delivery.seal.len > 0) s->read++;
        if (output.kind == SOTTO_OUTPUT_EVENT && output.event.kind == SOTTO_EVENT_DELIVERED) s->delivered++;
        if (seq == 0) continue;
        begun = bench_now();
        bench_must(sotto_engine_done(s->engine, seq));
        s->us += bench_since(begun).cpu_us;
    }
}

/* What the other side has to say is taken, and committed each or together. False: it has nothing. */
static bool take(pair *p, pair_side *s, pair_side *from, bool grouped) {
    bytes_buffer now = from->out;
    sotto_bytes rest;
    if (now.len == 0) return false;
    bytes_buffer_owned(&from->out, sotto_host_default(), OUT_BYTES);
    bench_must(bytes_buffer_end(&now, &rest));
    while (rest.len > 0) {
        size_t len = strlen((const char *)rest.at);
        sotto_input input = {.kind = SOTTO_INPUT_STANZA, .stanza = bytes_of(rest.at, len)};
        rest = bytes_after(rest, len + 1);
        step(p, s, &input);
        if (!grouped) commit(s);
    }
    if (grouped) commit(s);
    bytes_buffer_free(&now);
    return true;
}

static void settle(pair *p, bool grouped) {
    for (bool any = true; any;) {
        any = take(p, &p->side[1], &p->side[0], grouped);
        any = take(p, &p->side[0], &p->side[1], grouped) || any;
    }
}

void pair_online(pair *p) {
    char text[512];
    for (size_t i = 0; i < 2; i++) {
        pair_side *s = &p->side[i], *other = &p->side[1 - i];
        sotto_input online = {.kind = SOTTO_INPUT_ONLINE, .jid = bytes_text(s->full)};
        step(p, s, &online);
        (void)snprintf(text, sizeof text,
                       "<iq type='result' id='r' to='%s'><query xmlns='jabber:iq:roster'><item jid='%s' "
                       "subscription='both'/></query></iq>",
                       s->full, other->bare);
        sotto_input input = {.kind = SOTTO_INPUT_STANZA, .stanza = bytes_text(text)};
        step(p, s, &input);
        (void)snprintf(text, sizeof text, "<presence from='%s'/>", other->full);
        input.stanza = bytes_text(text);
        step(p, s, &input);
        commit(s);
        bytes_buffer_reset(&s->out); /* questions to a server that is not there */
    }
}

size_t pair_message(char *ret, size_t size, const char *to, size_t body, unsigned number) {
    int len = snprintf(ret, size, "<message to='%s' type='chat' id='%08x'><body>", to, number);
    bench_check(len > 0 && (size_t)len + body + 32 < size);
    for (size_t i = 0; i < body; i++) ret[len++] = (char)('a' + i % 26);
    return (size_t)len + (size_t)snprintf(ret + len, size - (size_t)len, "</body></message>");
}

static void say(pair *p, size_t body) {
    char text[MESSAGE_MAX];
    size_t len = pair_message(text, sizeof text, p->side[1].full, body, (unsigned)p->ticket);
    sotto_input input = {.kind = SOTTO_INPUT_SEND, .stanza = bytes_of(text, len), .ticket = ++p->ticket};
    step(p, &p->side[0], &input);
}

void pair_talk(pair *p, size_t count, size_t body, bool grouped) {
    size_t read = p->side[1].read, delivered = p->side[0].delivered;
    for (size_t i = 0; i < count; i++) {
        say(p, body);
        if (grouped) continue;
        commit(&p->side[0]);
        settle(p, false);
    }
    if (grouped) commit(&p->side[0]);
    settle(p, grouped);
    bench_check(p->side[1].read == read + count && p->side[0].delivered == delivered + count);
}

void pair_forget_counts(pair *p) {
    for (size_t i = 0; i < 2; i++) {
        pair_side *s = &p->side[i];
        s->sets = s->results = s->set_bytes = s->result_bytes = 0;
        s->us = s->commit_us = 0;
    }
}

void pair_first(pair *p, size_t *ret_before) {
    size_t read = p->side[1].read, before = 0;
    pair_forget_counts(p);
    say(p, 64);
    commit(&p->side[0]);
    for (;;) {
        before = p->side[0].sets - 1 + p->side[1].sets + p->side[0].results + p->side[1].results;
        bench_check(take(p, &p->side[1], &p->side[0], false));
        if (p->side[1].read > read) break;
        bench_check(take(p, &p->side[0], &p->side[1], false));
    }
    settle(p, false);
    bench_check(p->side[1].read == read + 1);
    *ret_before = before;
}
