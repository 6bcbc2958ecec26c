/* SPDX-License-Identifier: ISC
 *
 * The server's side is written here: what it says between the steps is not measured. */
#include "catchup.h"

#include <stdarg.h>
#include <string.h>

#include "bytes/span.h"
#include "measure.h"

#define NS_ARCHIVE "urn:xmpp:mam:2"
#define CONTACTS   100u
#define EACH       100u
#define TEXT_BYTES 96u

typedef struct archive {
    hub *h;
    uint32_t count, given, read;
    sotto_bytes *messages;
    bytes_buffer memory;
    size_t *ends;
    char question[64], queryid[64];
    bool open, done;
    bench_time spent;
} archive;

static void value_of(sotto_bytes text, const char *mark, char *ret, size_t size) {
    const uint8_t *at = memmem(text.at, text.len, mark, strlen(mark));
    bench_check(at != NULL);
    at += strlen(mark) + 1;
    size_t len = strcspn((const char *)at, "'\"");
    bench_check(len < size);
    memcpy(ret, at, len);
    ret[len] = '\0';
}

/* ---- the archive ---- */

static void write_all(archive *a, crowd *c, const plan *p, uint32_t contacts, uint32_t each) {
    char text[TEXT_BYTES];
    a->ends = calloc(a->count, sizeof *a->ends);
    a->messages = calloc(a->count, sizeof *a->messages);
    bench_check(a->ends != NULL && a->messages != NULL);
    bytes_buffer_owned(&a->memory, sotto_host_default(), (size_t)a->count * 8192);
    for (uint32_t i = 0; i < a->count; i++) {
        plan_contact contact = plan_contact_at(p, p->ones / 3 * 2 + i % contacts);
        (void)snprintf(text, sizeof text, "cargo %08u of the night, and nobody was there to take it aboard", i / each);
        crowd_write(c, contact.first, contact.jid, text, 1, &a->memory);
        a->ends[i] = a->memory.len;
    }
    sotto_bytes all;
    bench_must(bytes_buffer_end(&a->memory, &all));
    for (uint32_t i = 0, begin = 0; i < a->count; begin = (uint32_t)a->ends[i++])
        a->messages[i] = bytes_of(all.at + begin, a->ends[i] - begin);
}

static void free_all(archive *a) {
    bytes_buffer_free(&a->memory);
    free(a->ends);
    free(a->messages);
}

/* ---- the engine's side ---- */

static void step(archive *a, const sotto_input *input) {
    bench_time begin = bench_now();
    bench_must(sotto_engine_step(a->h->engine, input, PLAN_START_MS));
    bench_time took = bench_since(begin);
    a->spent.cpu_us += took.cpu_us;
    a->spent.wall_us += took.wall_us;
}

static void feed(archive *a, const bytes_buffer *stanza) {
    sotto_input input = {.kind = SOTTO_INPUT_STANZA};
    bench_must(bytes_buffer_end(stanza, &input.stanza));
    step(a, &input);
}

static void look(archive *a, const sotto_output *out) {
    if (out->kind == SOTTO_OUTPUT_DELIVER) a->read += out->delivery.seal.len > 0 && out->delivery.archived;
    if (out->kind == SOTTO_OUTPUT_EVENT && out->event.kind == SOTTO_EVENT_CAUGHT_UP) {
        bench_must(out->event.reason);
        a->done = true;
    }
    if (out->kind != SOTTO_OUTPUT_STANZA) return;
    a->open = memmem(out->stanza.at, out->stanza.len, NS_ARCHIVE, sizeof NS_ARCHIVE - 1) != NULL;
    bool info = memmem(out->stanza.at, out->stanza.len, "disco#info", 10) != NULL;
    if (a->open) value_of(out->stanza, "queryid=", a->queryid, sizeof a->queryid);
    if (a->open || info) value_of(out->stanza, " id=", a->question, sizeof a->question);
}

/* One transaction, and everything that it released. */
static void commit(archive *a) {
    sotto_output out;
    bench_time begin = bench_now();
    bench_must(sotto_engine_commit(a->h->engine));
    while (sotto_engine_next(a->h->engine, &out)) {
        look(a, &out);
        if (out.seq != 0) bench_must(sotto_engine_done(a->h->engine, out.seq));
    }
    bench_time took = bench_since(begin);
    a->spent.cpu_us += took.cpu_us;
    a->spent.wall_us += took.wall_us;
}

static void say(bytes_buffer *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(bytes_buffer *text, const char *format, ...) {
    char line[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    bytes_buffer_text(text, line);
}

static void give_page(archive *a, bytes_buffer *text, uint32_t count) {
    for (uint32_t i = 0; i < count; i++, a->given++) {
        bytes_buffer_reset(text);
        say(text,
            "<message from='" PLAN_HUB "' to='" PLAN_HUB_FULL "'><result xmlns='" NS_ARCHIVE
            "' queryid='%s' id='a%08u'><forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' "
            "stamp='2027-01-15T08:00:00Z'/><message xmlns='jabber:client' ",
            a->queryid, a->given);
        bytes_buffer_put(text, bytes_after(a->messages[a->given], sizeof "<message " - 1));
        bytes_buffer_text(text, "</forwarded></result></message>");
        feed(a, text);
    }
    bytes_buffer_reset(text);
    say(text,
        "<iq type='result' from='" PLAN_HUB "' id='%s'><fin xmlns='" NS_ARCHIVE
        "'%s><set xmlns='http://jabber.org/protocol/rsm'>",
        a->question, a->given == a->count ? " complete='true'" : "");
    if (count > 0) say(text, "<last>a%08u</last>", a->given - 1);
    bytes_buffer_text(text, "</set></fin></iq>");
    a->open = false;
    feed(a, text);
    commit(a);
}

/* A login; *ret_pages of the archive. */
static uint32_t log_in(archive *a) {
    bytes_buffer text;
    uint32_t pages = 0;
    bytes_buffer_owned(&text, sotto_host_default(), SOTTO_STANZA_BYTES_MAX);
    a->done = a->open = false;
    step(a, &(sotto_input){.kind = SOTTO_INPUT_ONLINE, .jid = BYTES_LITERAL(PLAN_HUB_FULL)});
    commit(a);
    say(&text,
        "<iq type='result' from='" PLAN_HUB "' id='%s'><query xmlns='http://jabber.org/protocol/disco#info'><feature "
        "var='" NS_ARCHIVE "'/><feature var='urn:xmpp:sid:0'/></query></iq>",
        a->question);
    feed(a, &text);
    commit(a);
    for (; a->open; pages++)
        give_page(a, &text, a->count - a->given < SOTTO_ARCHIVE_PAGE ? a->count - a->given : SOTTO_ARCHIVE_PAGE);
    bench_check(a->done);
    bytes_buffer_free(&text);
    return pages;
}

static void open_engine(hub *h) {
    sotto_engine_config config = {.account = BYTES_LITERAL(PLAN_HUB),
                                  .host = &h->memory.host,
                                  .store = &h->store.base,
                                  .seals = h->seals,
                                  .least_strength = 1,
                                  .catch_up = true};
    bench_must(sotto_engine_open(&h->engine, &config, PLAN_START_MS));
}

void catchup_take(hub *h, crowd *c, bool quick, catchup *ret) {
    double cpu[CATCHUP_TURNS], wall[CATCHUP_TURNS], peer[CATCHUP_TURNS];
    uint32_t turns = quick ? 1 : CATCHUP_TURNS;
    *ret = (catchup){.contacts = quick ? 4 : CONTACTS, .each = quick ? 30 : EACH};
    ret->messages = ret->contacts * ret->each;
    hub_close_engine(h);
    open_engine(h);
    archive none = {.h = h};
    (void)log_in(&none); /* the first one: from here on there is a cursor */
    for (uint32_t turn = 0; turn < turns; turn++) {
        archive a = {.h = h, .count = ret->messages};
        write_all(&a, c, h->p, ret->contacts, ret->each);
        ret->lent_before = (double)h->memory.lent;
        h->memory.peak = h->memory.lent;
        ret->pages = log_in(&a);
        bench_check(a.read == a.count);
        ret->lent_peak = (double)h->memory.peak;
        cpu[turn] = a.spent.cpu_us / (double)a.count;
        wall[turn] = a.spent.wall_us / (double)a.count;
        peer[turn] = catchup_peer_us(ret->contacts, ret->messages - ret->contacts) / (double)a.count;
        free_all(&a);
    }
    ret->ours_us = bench_median(cpu, turns);
    ret->ours_wall_us = bench_median(wall, turns);
    ret->peer_us = bench_median(peer, turns);
    hub_close_engine(h);
    hub_open_engine(h);
}
