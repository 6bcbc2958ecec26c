/* SPDX-License-Identifier: ISC */
#include "many.h"

#include <malloc.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sotto/sqlite.h>

#include "bytes/span.h"
#include "engine/state.h"
#include "pair.h"
#include "side.h"

#define HUB       "hub@wharf.example"
#define HUB_FULL  HUB "/desk"
#define ROSTER    200u /* people in one push */
#define PIECE_MAX ((size_t)256 * 1024)
#define SAMPLE    500u /* stanzas of which the time is taken */
#define LOOKS     200000u

/* ---- the line between the processes: number, length, bytes ---- */

typedef struct head {
    uint32_t number, len;
} head;

static void write_all(int line, const void *at, size_t len) {
    for (const uint8_t *p = at; len > 0;) {
        ssize_t done = write(line, p, len);
        bench_check(done > 0);
        p += done;
        len -= (size_t)done;
    }
}

static bool read_all(int line, void *at, size_t len) {
    for (uint8_t *p = at; len > 0;) {
        ssize_t done = read(line, p, len);
        if (done <= 0) return false;
        p += done;
        len -= (size_t)done;
    }
    return true;
}

static void tell(int line, uint32_t number, sotto_bytes text) {
    head h = {number, (uint32_t)text.len};
    write_all(line, &h, sizeof h);
    write_all(line, text.at, text.len);
}

static bool hear(int line, uint8_t *at, head *ret) {
    if (!read_all(line, ret, sizeof *ret)) return false;
    bench_check(ret->len < PIECE_MAX);
    return read_all(line, at, ret->len);
}

static void mate_name(char *ret, size_t size, uint32_t number) {
    (void)snprintf(ret, size, "mate%05u@harbour.example/deck", (unsigned)number);
}

/* ---- the others ---- */

_Noreturn static void others(int line, size_t count) {
    side_contexts contexts;
    stanza_parser *parser;
    uint8_t *piece = malloc(PIECE_MAX);
    side *sides = calloc(count, sizeof *sides);
    bytes_buffer out;
    head h;
    bench_check(piece != NULL && sides != NULL);
    side_contexts_make(&contexts);
    bench_must(stanza_parser_new(&parser, sotto_host_default()));
    bytes_buffer_owned(&out, sotto_host_default(), PIECE_MAX);
    while (hear(line, piece, &h)) {
        sotto_bytes said;
        char name[64];
        mate_name(name, sizeof name, h.number);
        bench_check(h.number < count);
        if (sides[h.number].self == NULL) side_make(&sides[h.number], &contexts, parser, name);
        bytes_buffer_reset(&out);
        side_receive(&sides[h.number], bytes_of(piece, h.len), &out);
        bench_must(bytes_buffer_end(&out, &said));
        tell(line, h.number, said);
    }
    _exit(0);
}

/* ---- the one ---- */

typedef struct one {
    sotto_store *store;
    sotto_engine *engine;
    int line;
    uint64_t ticket;
    size_t delivered;
    bytes_buffer out;
} one;

static void step(one *o, sotto_bytes stanza) {
    sotto_input input = {.kind = SOTTO_INPUT_STANZA, .stanza = stanza};
    bench_must(sotto_engine_step(o->engine, &input, SIDE_NOW_MS));
}

/* Live stanzas leave with the sender's name, the rest is for a server. */
static void commit(one *o) {
    sotto_output output;
    bench_must(sotto_engine_commit(o->engine));
    while (sotto_engine_next(o->engine, &output)) {
        uint64_t seq = output.seq;
        bool mates = output.kind == SOTTO_OUTPUT_STANZA &&
                     memmem(output.stanza.at, output.stanza.len, "@harbour.example/deck", 21) != NULL &&
                     memmem(output.stanza.at, output.stanza.len, "<iq", 3) != NULL;
        if (mates) {
            bytes_buffer_text(&o->out, "<iq from='" HUB_FULL "'");
            bytes_buffer_put(&o->out, bytes_after(output.stanza, 3));
            bytes_buffer_u8(&o->out, 0);
        }
        if (output.kind == SOTTO_OUTPUT_EVENT && output.event.kind == SOTTO_EVENT_DELIVERED) o->delivered++;
        if (seq != 0) bench_must(sotto_engine_done(o->engine, seq));
    }
}

/* Until neither has anything more to say. */
static void settle(one *o, uint32_t number, uint8_t *piece) {
    while (o->out.len > 0) {
        bytes_buffer now = o->out;
        sotto_bytes rest;
        bytes_buffer_owned(&o->out, sotto_host_default(), PIECE_MAX);
        bench_must(bytes_buffer_end(&now, &rest));
        while (rest.len > 0) {
            head h;
            size_t len = strlen((const char *)rest.at);
            tell(o->line, number, bytes_of(rest.at, len));
            rest = bytes_after(rest, len + 1);
            bench_check(hear(o->line, piece, &h) && h.number == number);
            for (size_t at = 0; at < h.len;) {
                size_t one_len = strlen((const char *)piece + at);
                step(o, bytes_of(piece + at, one_len));
                at += one_len + 1;
            }
            commit(o);
        }
        bytes_buffer_free(&now);
    }
}

static void say(one *o, uint32_t number, uint8_t *piece) {
    char name[64], text[512];
    size_t before = o->delivered;
    mate_name(name, sizeof name, number);
    sotto_input input = {.kind = SOTTO_INPUT_SEND,
                         .stanza = bytes_of(text, pair_message(text, sizeof text, name, 64, number)),
                         .ticket = ++o->ticket};
    bench_must(sotto_engine_step(o->engine, &input, SIDE_NOW_MS));
    commit(o);
    settle(o, number, piece);
    bench_check(o->delivered == before + 1);
}

static void online(one *o, size_t count) {
    sotto_input input = {.kind = SOTTO_INPUT_ONLINE, .jid = BYTES_LITERAL(HUB_FULL)};
    bytes_buffer text;
    sotto_bytes stanza;
    char name[64];
    bench_must(sotto_engine_step(o->engine, &input, SIDE_NOW_MS));
    bytes_buffer_owned(&text, sotto_host_default(), PIECE_MAX);
    for (uint32_t i = 0; i < count;) {
        bytes_buffer_reset(&text);
        bytes_buffer_text(&text, "<iq type='set' id='roster'><query xmlns='jabber:iq:roster'>");
        for (uint32_t k = 0; k < ROSTER && i < count; k++, i++) {
            mate_name(name, sizeof name, i);
            *strchr(name, '/') = 0;
            bytes_buffer_text(&text, "<item subscription='both' jid='");
            bytes_buffer_text(&text, name);
            bytes_buffer_text(&text, "'/>");
        }
        bytes_buffer_text(&text, "</query></iq>");
        bench_must(bytes_buffer_end(&text, &stanza));
        step(o, stanza);
        commit(o);
    }
    for (uint32_t i = 0; i < count; i++) {
        mate_name(name, sizeof name, i);
        bytes_buffer_reset(&text);
        bytes_buffer_text(&text, "<presence from='");
        bytes_buffer_text(&text, name);
        bytes_buffer_text(&text, "'/>");
        bench_must(bytes_buffer_end(&text, &stanza));
        step(o, stanza);
        if (i % ROSTER == 0) commit(o);
    }
    commit(o);
    bytes_buffer_free(&text);
    bytes_buffer_reset(&o->out);
}

static double resident_bytes(void) {
    unsigned long all = 0, resident = 0;
    (void)malloc_trim(0);
    FILE *file = fopen("/proc/self/statm", "r");
    bench_check(file != NULL && fscanf(file, "%lu %lu", &all, &resident) == 2);
    (void)fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static void one_open(one *o, int line, const char *folder) {
    static const sotto_seal *seals[2];
    char path[512], key_path[512];
    *o = (one){.line = line};
    (void)snprintf(path, sizeof path, "%s/many.sotto", folder);
    (void)snprintf(key_path, sizeof key_path, "%s/many.key", folder);
    sotto_sqlite_options options = {.path = path, .key_path = key_path, .create = true, .host = sotto_host_default()};
    bench_must(sotto_sqlite_open(&o->store, &options));
    seals[0] = sotto_seal_live();
    sotto_engine_config config = {.account = BYTES_LITERAL(HUB),
                                  .host = sotto_host_default(),
                                  .store = o->store,
                                  .seals = seals,
                                  .encrypt = SOTTO_ENCRYPT_ALWAYS,
                                  .least_strength = 1};
    bench_must(sotto_engine_open(&o->engine, &config, SIDE_NOW_MS));
    bytes_buffer_owned(&o->out, sotto_host_default(), PIECE_MAX);
}

static double time_stanzas(one *o, size_t among, uint8_t *piece) {
    bench_time begun = bench_now();
    for (uint32_t i = 0; i < SAMPLE; i++) say(o, (uint32_t)(i * UINT64_C(7919) % among), piece);
    return bench_since(begun).cpu_us / SAMPLE;
}

static double time_finding(one *o, size_t count) {
    live_self *self = o->engine->seals[0].self;
    uint8_t(*ids)[LIVE_ID_BYTES] = calloc(count, sizeof *ids);
    size_t n = 0;
    bench_check(ids != NULL && self->session_count == count);
    for (const live_session *s = self->sessions; s != NULL; s = s->next) memcpy(ids[n++], s->id, sizeof *ids);
    bench_time begun = bench_now();
    for (size_t i = 0; i < LOOKS; i++) bench_check(live_session_find(self, ids[i * 7919 % count]) != NULL);
    double spent = bench_since(begun).cpu_us;
    live_rest(self);
    free(ids);
    return spent / LOOKS;
}

void many_measure(many *ret, size_t sessions, const char *folder) {
    int lines[2];
    one o;
    bench_check(socketpair(AF_UNIX, SOCK_STREAM, 0, lines) == 0);
    pid_t child = fork();
    bench_check(child >= 0);
    if (child == 0) {
        (void)close(lines[0]);
        others(lines[1], sessions);
    }
    (void)close(lines[1]);
    uint8_t *piece = malloc(PIECE_MAX);
    bench_check(piece != NULL);
    one_open(&o, lines[0], folder);
    online(&o, sessions);
    say(&o, 0, piece);
    *ret = (many){.sessions = sessions, .first_us = time_stanzas(&o, 1, piece), .resident_before = resident_bytes()};
    bench_time begun = bench_now();
    for (uint32_t i = 1; i < sessions; i++) say(&o, i, piece);
    ret->open_us = bench_since(begun).cpu_us / (double)(sessions - 1);
    ret->resident = resident_bytes();
    ret->stanza_us = time_stanzas(&o, sessions, piece);
    ret->find_us = time_finding(&o, sessions);
    sotto_engine_close(o.engine);
    sotto_store_close(o.store);
    bytes_buffer_free(&o.out);
    free(piece);
    (void)close(lines[0]);
    int status = 1;
    bench_check(waitpid(child, &status, 0) == child && status == 0);
}
