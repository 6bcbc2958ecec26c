/* SPDX-License-Identifier: ISC
 *
 * Nothing is prepared by hand: every device of every member is an engine over a store in memory, which publishes its
 * bundle, enters the room, reads the first message, and answers. The server's side, where bundles and lists are kept
 * and what is said in the room goes round, is written here. What it and the members do is not measured. */
#include "group.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "bytes/span.h"
#include "seal/omemo/cache.h"
#include "seal/omemo/self.h"

#define MEMBERS  100u
#define EACH     2u
#define MESSAGES 10u
#define OUT_MAX  ((size_t)256 * 1024 * 1024)
#define NODE_OF  "urn:xmpp:omemo:2:"

typedef struct member_device {
    char jid[48], full[56];
    uint32_t id; /* as it announced itself */
    bool listed;
    sotto_bytes bundle;
    sotto_store *store;
    sotto_engine *engine;
    uint32_t read; /* messages */
} member_device;

typedef struct party {
    hub *h;
    uint32_t members, count, turn;
    char room[48];
    member_device *devices;
    bytes_arena arena; /* bundles, and stanzas on their way */
    uint32_t hub_device;
    sotto_bytes hub_bundle;
    bool told; /* the room is encrypted for all of its members */
    uint32_t open;
    /* What the hub wrote for the room, and how many answers it read. */
    sotto_bytes said[MESSAGES];
    uint32_t said_count, heard;
    bytes_buffer answers; /* of the server to the hub */
    bench_time spent;
} party;

static double resident(void) {
    unsigned long all = 0, pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    if (statm == NULL) return 0;
    if (fscanf(statm, "%lu %lu", &all, &pages) != 2) pages = 0;
    (void)fclose(statm);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

/* ---- texts ---- */

static void say(bytes_buffer *to, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(bytes_buffer *to, const char *format, ...) {
    char line[1024];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    bench_check(len >= 0 && (size_t)len < sizeof line);
    bytes_buffer_text(to, line);
}

static bool has(sotto_bytes text, const char *mark) {
    return memmem(text.at, text.len, mark, strlen(mark)) != NULL;
}

/* The value behind the first `mark`, up to the quote. */
static void value_of(sotto_bytes text, const char *mark, char *ret, size_t size) {
    const uint8_t *at = memmem(text.at, text.len, mark, strlen(mark));
    ret[0] = '\0';
    if (at == NULL) return;
    at += strlen(mark) + 1;
    size_t len = strcspn((const char *)at, "'\"");
    bench_check(len < size);
    memcpy(ret, at, len);
    ret[len] = '\0';
}

static sotto_bytes keep(party *p, sotto_bytes bytes) {
    sotto_bytes copy;
    bench_check(bytes_arena_copy(&p->arena, bytes, &copy));
    return copy;
}

/* ---- the server ---- */

static void list_devices(const party *p, bytes_buffer *to, const char *jid) {
    if (strcmp(jid, PLAN_HUB) == 0) say(to, "<device id='%u'/>", (unsigned)p->hub_device);
    for (uint32_t i = 0; i < p->count; i++)
        if (strcmp(p->devices[i].jid, jid) == 0 && p->devices[i].listed)
            say(to, "<device id='%u'/>", (unsigned)p->devices[i].id);
}

static void give_bundle(const party *p, bytes_buffer *to, const char *jid, const char *id) {
    uint32_t device = (uint32_t)strtoul(id, NULL, 10);
    if (strcmp(jid, PLAN_HUB) == 0) bytes_buffer_put(to, p->hub_bundle);
    for (uint32_t i = 0; i < p->count; i++)
        if (strcmp(p->devices[i].jid, jid) == 0 && p->devices[i].id == device)
            bytes_buffer_put(to, p->devices[i].bundle);
}

/* What a room tells; a member is told of the hub and of himself alone, or he would begin sessions with everybody. */
static void room_list(const party *p, bytes_buffer *to, const member_device *asker, const char *affiliation) {
    bytes_buffer_text(to, "<query xmlns='http://jabber.org/protocol/muc#admin'>");
    if (strcmp(affiliation, "owner") == 0) say(to, "<item affiliation='owner' jid='" PLAN_HUB "'/>");
    for (uint32_t i = 0; i < p->count && strcmp(affiliation, "member") == 0; i += EACH)
        if (asker == NULL || strcmp(asker->jid, p->devices[i].jid) == 0)
            say(to, "<item affiliation='member' jid='%s'/>", p->devices[i].jid);
    bytes_buffer_text(to, "</query></iq>");
}

static void answer_get(const party *p, bytes_buffer *to, const member_device *asker, sotto_bytes stanza) {
    char id[64], jid[64], item[32], affiliation[16];
    value_of(stanza, " id=", id, sizeof id);
    value_of(stanza, " to=", jid, sizeof jid);
    if (jid[0] == '\0') (void)snprintf(jid, sizeof jid, "%s", asker == NULL ? PLAN_HUB : asker->jid);
    value_of(stanza, "affiliation=", affiliation, sizeof affiliation);
    value_of(stanza, "<item id=", item, sizeof item);
    say(to, "<iq type='result' id='%s' from='%s'>", id, jid);
    if (has(stanza, "disco#info") && strcmp(jid, p->room) == 0) {
        bytes_buffer_text(to, "<query xmlns='http://jabber.org/protocol/disco#info'>"
                              "<feature var='http://jabber.org/protocol/muc'/><feature var='muc_membersonly'/>"
                              "<feature var='muc_nonanonymous'/></query></iq>");
    } else if (affiliation[0] != '\0') {
        room_list(p, to, asker, affiliation);
    } else {
        bool bundle = has(stanza, NODE_OF "bundles");
        say(to, "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='" NODE_OF "%s'><item id='%s'>",
            bundle ? "bundles" : "devices", bundle ? item : "current");
        if (!bundle) bytes_buffer_text(to, "<devices xmlns='urn:xmpp:omemo:2'>");
        if (bundle)
            give_bundle(p, to, jid, item);
        else
            list_devices(p, to, jid);
        bytes_buffer_text(to, bundle ? "</item></items></pubsub></iq>" : "</devices></item></items></pubsub></iq>");
    }
    bytes_buffer_u8(to, 0);
}

/* Our own presence comes back, behind the hub's where a member enters. */
static void answer_presence(const party *p, bytes_buffer *to, const member_device *asker, sotto_bytes stanza) {
    char jid[64];
    value_of(stanza, " to=", jid, sizeof jid);
    if (jid[0] == '\0' || !has(stanza, "http://jabber.org/protocol/muc")) return;
    if (asker != NULL) {
        say(to,
            "<presence from='%s/hub'><x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='owner' "
            "role='moderator' jid='" PLAN_HUB_FULL "'/></x></presence>",
            p->room);
        bytes_buffer_u8(to, 0);
    }
    say(to,
        "<presence from='%s'><x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='%s' role='participant' "
        "jid='%s'/><status code='100'/><status code='110'/></x></presence>",
        jid, asker == NULL ? "owner" : "member", asker == NULL ? PLAN_HUB_FULL : asker->full);
    bytes_buffer_u8(to, 0);
}

static void take_item(party *p, member_device *of, sotto_bytes stanza) {
    static const char end[] = "</bundle>";
    const uint8_t *from = memmem(stanza.at, stanza.len, "<bundle ", 8);
    const uint8_t *until = memmem(stanza.at, stanza.len, end, sizeof end - 1);
    char id[32];
    if (of != NULL && has(stanza, "<publish node='" NODE_OF "devices'")) of->listed = true;
    if (!has(stanza, "<publish node='" NODE_OF "bundles'") || from == NULL || until == NULL) return;
    value_of(stanza, "<item id=", id, sizeof id);
    sotto_bytes bundle = keep(p, bytes_of(from, (size_t)(until - from) + sizeof end - 1));
    uint32_t device = (uint32_t)strtoul(id, NULL, 10);
    if (of == NULL) {
        p->hub_device = device;
        p->hub_bundle = bundle;
    } else {
        of->id = device;
        of->bundle = bundle;
    }
}

/* What the server says to a stanza; asker NULL: the hub. */
static void serve(party *p, bytes_buffer *to, member_device *asker, sotto_bytes stanza) {
    if (bytes_starts_with(stanza, BYTES_LITERAL("<presence"))) answer_presence(p, to, asker, stanza);
    if (!bytes_starts_with(stanza, BYTES_LITERAL("<iq "))) return;
    take_item(p, asker, stanza);
    bool known = has(stanza, " type='get'") && (has(stanza, "<items node='" NODE_OF) || has(stanza, p->room));
    if (known)
        answer_get(p, to, asker, stanza);
    else
        crowd_answer(to, stanza);
}

/* ---- members ---- */

static void feed_bytes(sotto_engine *engine, sotto_bytes stanza) {
    sotto_input input = {.kind = SOTTO_INPUT_STANZA, .stanza = stanza};
    bench_must(sotto_engine_step(engine, &input, PLAN_START_MS));
}

static void look_at_delivery(member_device *d, const sotto_output *out) {
    char text[64];
    if (out->kind != SOTTO_OUTPUT_DELIVER || out->delivery.seal.len == 0) return;
    (void)snprintf(text, sizeof text, "cargo %08u ", (unsigned)d->read);
    bench_check(has(out->delivery.stanza, text));
    d->read++;
}

/* Commits until the server has nothing more to say. Messages for the hub go to it, as they arrive there. */
static void member_settle(party *p, member_device *d) {
    bytes_buffer answers;
    bytes_buffer_owned(&answers, sotto_host_default(), OUT_MAX);
    do {
        sotto_bytes rest, one;
        sotto_output out;
        bench_must(bytes_buffer_end(&answers, &rest));
        while (crowd_next_answer(&rest, &one)) feed_bytes(d->engine, one);
        bytes_buffer_reset(&answers);
        bench_must(sotto_engine_commit(d->engine));
        while (sotto_engine_next(d->engine, &out)) {
            look_at_delivery(d, &out);
            if (out.kind == SOTTO_OUTPUT_STANZA && out.ticket != 0)
                crowd_stamp(&p->answers, out.stanza, d->jid);
            else if (out.kind == SOTTO_OUTPUT_STANZA)
                serve(p, &answers, d, out.stanza);
            if (out.kind == SOTTO_OUTPUT_STANZA && out.ticket != 0) bytes_buffer_u8(&p->answers, 0);
            if (out.seq != 0) bench_must(sotto_engine_done(d->engine, out.seq));
        }
    } while (answers.len > 0);
    bytes_buffer_free(&answers);
}

static void member_open(party *p, uint32_t i) {
    static const sotto_seal *seals[2];
    member_device *d = &p->devices[i];
    *d = (member_device){.read = 0};
    (void)snprintf(d->jid, sizeof d->jid, "crew%02u%03u@harbour.example", (unsigned)p->turn, (unsigned)(i / EACH));
    (void)snprintf(d->full, sizeof d->full, "%s/d%u", d->jid, (unsigned)(i % EACH));
    seals[0] = sotto_seal_omemo();
    bench_must(sotto_store_memory(&d->store, sotto_host_default()));
    sotto_engine_config config = {.account = bytes_text(d->jid),
                                  .host = sotto_host_default(),
                                  .store = d->store,
                                  .seals = seals,
                                  .least_strength = 1};
    bench_must(sotto_engine_open(&d->engine, &config, PLAN_START_MS));
    sotto_input online = {.kind = SOTTO_INPUT_ONLINE, .jid = bytes_text(d->full)};
    bench_must(sotto_engine_step(d->engine, &online, PLAN_START_MS));
    member_settle(p, d);
    bench_check(d->listed && d->id != 0 && d->bundle.len > 0);
}

/* Both devices are on the list, the server says. */
static void member_join(party *p, uint32_t i) {
    member_device *d = &p->devices[i];
    bytes_buffer list;
    sotto_bytes bytes;
    bytes_buffer_owned(&list, sotto_host_default(), SOTTO_STANZA_BYTES_MAX);
    say(&list,
        "<message from='%s' type='headline'><event xmlns='http://jabber.org/protocol/pubsub#event'><items "
        "node='" NODE_OF "devices'><item id='current'><devices xmlns='urn:xmpp:omemo:2'>",
        d->jid);
    list_devices(p, &list, d->jid);
    bytes_buffer_text(&list, "</devices></item></items></event></message>");
    bench_must(bytes_buffer_end(&list, &bytes));
    feed_bytes(d->engine, bytes);
    bytes_buffer_free(&list);
    sotto_input join = {.kind = SOTTO_INPUT_JOIN, .jid = bytes_text(p->room), .nick = bytes_text(d->full)};
    bench_must(sotto_engine_step(d->engine, &join, PLAN_START_MS));
    member_settle(p, d);
}

static void member_read(party *p, member_device *d, sotto_bytes said) {
    bytes_buffer stanza;
    sotto_bytes bytes;
    bytes_buffer_owned(&stanza, sotto_host_default(), SOTTO_STANZA_BYTES_MAX);
    say(&stanza, "<message from='%s/hub' ", p->room);
    bytes_buffer_put(&stanza, bytes_after(said, sizeof "<message " - 1));
    bench_must(bytes_buffer_end(&stanza, &bytes));
    feed_bytes(d->engine, bytes);
    member_settle(p, d);
    bytes_buffer_free(&stanza);
}

/* Directly: that is enough for the session, and the other members need not have one with him. */
static void member_answer(party *p, member_device *d) {
    static const char text[] = "<message to='" PLAN_HUB "' type='chat' id='aye'><body>aye</body></message>";
    sotto_input send = {.kind = SOTTO_INPUT_SEND, .stanza = BYTES_LITERAL(text), .ticket = 1};
    bench_must(sotto_engine_step(d->engine, &send, PLAN_START_MS));
    member_settle(p, d);
}

static void member_close(member_device *d) {
    sotto_engine_close(d->engine);
    sotto_store_close(d->store);
}

/* ---- the hub ---- */

static void look_at_output(party *p, const sotto_output *out) {
    if (out->kind == SOTTO_OUTPUT_STANZA && out->ticket != 0) {
        bench_check(p->said_count < MESSAGES && out->seal.len > 0);
        p->said[p->said_count++] = keep(p, out->stanza);
    } else if (out->kind == SOTTO_OUTPUT_STANZA) {
        serve(p, &p->answers, NULL, out->stanza);
    } else if (out->kind == SOTTO_OUTPUT_DELIVER && out->delivery.seal.len > 0) {
        p->heard++;
    } else if (out->kind == SOTTO_OUTPUT_EVENT && out->event.kind == SOTTO_EVENT_ROOM) {
        p->told = sotto_ok(out->event.reason) && out->event.number == p->members && out->event.total == p->members;
    }
}

static void hub_done(party *p) {
    sotto_output out;
    while (sotto_engine_next(p->h->engine, &out)) {
        look_at_output(p, &out);
        if (out.seq != 0) bench_must(sotto_engine_done(p->h->engine, out.seq));
    }
}

static void add_since(bench_time *to, bench_time begin) {
    bench_time took = bench_since(begin);
    to->cpu_us += took.cpu_us;
    to->wall_us += took.wall_us;
}

static uint32_t hub_settle(party *p) {
    uint32_t commits = 0;
    p->spent = (bench_time){0, 0};
    do {
        bytes_buffer now = p->answers;
        sotto_bytes rest;
        bytes_buffer_owned(&p->answers, sotto_host_default(), OUT_MAX);
        bench_must(bytes_buffer_end(&now, &rest));
        bench_time begin = bench_now();
        for (sotto_bytes one; crowd_next_answer(&rest, &one);) feed_bytes(p->h->engine, one);
        bench_must(sotto_engine_commit(p->h->engine));
        add_since(&p->spent, begin);
        hub_done(p);
        bytes_buffer_free(&now);
        commits++;
    } while (p->answers.len > 0);
    return commits;
}

/* One stream of the hub, over which everything goes. */
static void hub_stream(party *p) {
    sotto_input online = {.kind = SOTTO_INPUT_ONLINE, .jid = BYTES_LITERAL(PLAN_HUB_FULL)};
    bench_must(sotto_engine_step(p->h->engine, &online, PLAN_START_MS));
    (void)hub_settle(p);
}

static uint32_t hub_join(party *p) {
    sotto_input join = {.kind = SOTTO_INPUT_JOIN, .jid = bytes_text(p->room)};
    bench_must(sotto_engine_step(p->h->engine, &join, PLAN_START_MS));
    p->told = false;
    uint32_t commits = hub_settle(p);
    bench_check(p->told);
    return commits;
}

/* What the room shows us of our own is not measured, but has to happen: it is remembered until then. */
static void hub_reflect(party *p) {
    for (uint32_t i = 0; i < p->said_count; i++) {
        say(&p->answers, "<message from='%s/hub' ", p->room);
        bytes_buffer_put(&p->answers, bytes_after(p->said[i], sizeof "<message " - 1));
        bytes_buffer_u8(&p->answers, 0);
    }
    (void)hub_settle(p);
}

/* What is measured; by this name a profiler finds it. */
__attribute__((noinline)) static void run_group(party *p, const sotto_bytes *stanzas, uint32_t count) {
    bench_time begin = bench_now();
    for (uint32_t i = 0; i < count; i++) hub_send(p->h, stanzas[i]);
    bench_must(sotto_engine_commit(p->h->engine));
    add_since(&p->spent, begin);
    hub_done(p);
}

/* `count` messages, from number `first` on, in one commit. */
static void hub_speak(party *p, uint32_t first, uint32_t count, group_row *row) {
    sotto_bytes stanzas[MESSAGES];
    for (uint32_t i = 0; i < count; i++) {
        char text[256];
        (void)snprintf(text, sizeof text,
                       "<message to='%s' type='groupchat' id='g%u'><body>cargo %08u is aboard, and the tide does not "
                       "wait for anybody</body></message>",
                       p->room, (unsigned)(first + i), (unsigned)(first + i));
        stanzas[i] = keep(p, bytes_text(text));
    }
    p->spent = (bench_time){0, 0};
    p->said_count = 0;
    recording_clear(&p->h->recording);
    if (p->turn == 0) p->h->store.to = &p->h->recording; /* the turn that does not count */
    row->lent_before = (double)p->h->memory.lent;
    row->rss_before = resident();
    p->h->memory.peak = p->h->memory.lent;
    run_group(p, stanzas, count);
    row->rss_after = resident();
    row->lent_peak = (double)p->h->memory.peak;
    row->sqlite = (double)sqlite3_memory_used();
    p->h->store.to = NULL;
    bench_check(p->said_count == count);
    row->messages = count;
    row->stanza_bytes = p->said[0].len;
    if (p->turn > 0) return;
    row->records = p->h->recording.kept_count;
    row->record_bytes = p->h->recording.len;
}

/* ---- a turn ---- */

/* What libomemo-c does when it begins a session and ours did when the bundle came. */
static double verify_us(const party *p) {
    crypto_identity identity;
    crypto_x25519_pair pair;
    omemo_offer offer = {.signed_id = 1, .prekey_id = 1};
    const sotto_host *host = sotto_host_default();
    bench_must(crypto_identity_new(&identity, host));
    bench_must(crypto_x25519_new(&pair, host));
    offer.identity = omemo_dialect_2.identity->of(&identity);
    offer.signed_key = offer.prekey = pair.public_key;
    bench_must(omemo_offer_sign(&omemo_dialect_2, &identity, &offer.signed_key, host, &offer.signature));
    bench_time begin = bench_now();
    for (uint32_t i = 0; i < p->count; i++) {
        omemo_offer one = offer;
        bench_must(omemo_offer_verify(&one, &omemo_dialect_2));
    }
    return bench_since(begin).cpu_us;
}

static void read_all(party *p) {
    for (uint32_t i = 0; i < p->count; i++)
        for (uint32_t k = 0; k < p->said_count; k++) member_read(p, &p->devices[i], p->said[k]);
}

typedef struct turn_times {
    double cold, cold_wall, verify, bundles, warm, warm_wall, peer_cold, peer_warm;
} turn_times;

static turn_times take_turn(party *p, group *g) {
    turn_times t;
    (void)snprintf(p->room, sizeof p->room, "crew%02u@decks.example", (unsigned)p->turn);
    for (uint32_t i = 0; i < p->count; i++) member_open(p, i);
    g->bundle_commits = hub_join(p);
    t.bundles = p->spent.cpu_us;
    for (uint32_t i = 0; i < p->count; i++) member_join(p, i);
    hub_speak(p, 0, 1, &g->cold);
    t.cold = p->spent.cpu_us;
    t.cold_wall = p->spent.wall_us;
    t.verify = verify_us(p);
    read_all(p);
    hub_reflect(p);
    p->heard = 0;
    for (uint32_t i = 0; i < p->count; i++) member_answer(p, &p->devices[i]);
    (void)hub_settle(p);
    bench_check(p->heard == p->count);
    hub_speak(p, 1, 1, &g->warm); /* each with a new ratchet key: not one of those that are measured */
    read_all(p);
    hub_reflect(p);
    hub_speak(p, 2, MESSAGES, &g->warm);
    t.warm = p->spent.cpu_us / MESSAGES;
    t.warm_wall = p->spent.wall_us / MESSAGES;
    read_all(p);
    hub_reflect(p);
    group_peer_us(p->count, MESSAGES, &t.peer_cold, &t.peer_warm);
    t.peer_warm /= MESSAGES;
    for (uint32_t i = 0; i < p->count; i++) {
        bench_check(p->devices[i].read == MESSAGES + 2);
        member_close(&p->devices[i]);
    }
    return t;
}

#define MEDIAN(times, count, field) median_of((times), (count), offsetof(turn_times, field))
static double median_of(const turn_times *times, uint32_t count, size_t field) {
    double values[GROUP_TURNS];
    for (uint32_t i = 0; i < count; i++) memcpy(&values[i], (const uint8_t *)&times[i] + field, sizeof values[i]);
    return bench_median(values, count);
}

void group_take(hub *h, bool quick, group *ret) {
    static turn_times times[GROUP_TURNS];
    party p = {.h = h, .members = quick ? 3 : MEMBERS};
    uint32_t turns = quick ? 1 : GROUP_TURNS;
    p.count = p.members * EACH;
    p.devices = calloc(p.count, sizeof *p.devices);
    bench_check(p.devices != NULL);
    bytes_arena_init(&p.arena, sotto_host_default(), OUT_MAX);
    bytes_buffer_owned(&p.answers, sotto_host_default(), OUT_MAX);
    *ret = (group){.members = p.members, .devices = p.count};
    hub_close_engine(h);
    hub_open_engine(h);
    hub_stream(&p);
    for (p.turn = 0; p.turn <= turns; p.turn++) {
        bytes_arena_mark mark = bytes_arena_here(&p.arena);
        turn_times t = take_turn(&p, ret);
        if (p.turn > 0) times[p.turn - 1] = t;
        bytes_arena_back(&p.arena, mark);
    }
    ret->cold.verify_us = MEDIAN(times, turns, verify);
    ret->cold.ours_us = MEDIAN(times, turns, cold) + ret->cold.verify_us;
    ret->cold.ours_wall_us = MEDIAN(times, turns, cold_wall);
    ret->cold.peer_us = MEDIAN(times, turns, peer_cold);
    ret->bundles_us = MEDIAN(times, turns, bundles);
    ret->warm.ours_us = MEDIAN(times, turns, warm);
    ret->warm.ours_wall_us = MEDIAN(times, turns, warm_wall);
    ret->warm.peer_us = MEDIAN(times, turns, peer_warm);
    hub_close_engine(h);
    hub_open_engine(h);
    bytes_buffer_free(&p.answers);
    bytes_arena_clear(&p.arena);
    free(p.devices);
}
