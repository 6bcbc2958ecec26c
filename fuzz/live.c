/* SPDX-License-Identifier: ISC
 *
 * The live seal as a whole: two engines, and between them somebody who carries their stanzas, loses, repeats, delays,
 * alters and misdirects them, answers in another's name, moves the clocks and ends the machines. The input is a list of
 * moves. From the first `wild` move on Romeo is somebody who holds his key and says inside TLS what he likes. What must
 * hold is in look().
 *
 * libssl draws its randomness from TEST-RAND, so that an input does the same every time. */
#include "seal/live/live.h"

#include <sotto/engine.h>

#include "engine/state.h"
#include "live_library.h"
#include "seal/live/self.h"

#define START_MS   UINT64_C(1800000000000)
#define MARK       "secret-"
#define TEXTS      64u
#define UNDER_WAY  32u
#define MOVES      250u
#define ROUNDS     60u
#define ROUND_MS   5000u
#define STARVE_MAX 64u

typedef struct text {
    char *at;
    size_t len;
} text;

typedef enum fate { OPEN, HELD, STORED, BACK } fate;

typedef struct said {
    unsigned by;
    uint64_t seq; /* under which it was read; 0: not yet */
    bool durable; /* committed by who said it */
    fate fate;
} said;

typedef struct side {
    struct talk *talk;
    unsigned number;
    fuzz_host host;
    sotto_store *store;
    sotto_engine *engine;
    text sent[UNDER_WAY]; /* by it; the newest replace the oldest */
    size_t count, next;   /* how many so far; the first that was not dealt with */
} side;

typedef struct talk {
    uint64_t now_ms;
    side sides[2];
    said said[TEXTS]; /* a ticket is the number of a text, from 1 */
    size_t said_count;
    bool wild, lazy;
} talk;

static const char *const bare[] = {"juliet@capulet.example", "romeo@montague.example"};
static const char *const full[] = {"juliet@capulet.example/balcony", "romeo@montague.example/orchard"};

static OSSL_LIB_CTX *library;

static sotto_status open_repeating(void **ret_self, seal_env *env) {
    return live_open_with(ret_self, env, library);
}

/* ---- what is looked at ---- */

/* The number in a body; false: there is none of ours. */
static bool find_text(const talk *t, sotto_bytes stanza, size_t *ret) {
    const uint8_t *at = memmem(stanza.at, stanza.len, MARK, sizeof MARK - 1);
    if (at == NULL) return false;
    *ret = (size_t)strtoul((const char *)at + sizeof MARK - 1, NULL, 10); /* a tag follows the number */
    return *ret < t->said_count;
}

/* What comes out sealed is what the other one said, once; nothing leaves in the clear; what is reported stored was
 * read, and what came back is not reported stored. */
static void look(side *s, const sotto_output *out) {
    talk *t = s->talk;
    size_t number;
    if (out->kind == SOTTO_OUTPUT_STANZA) MUST(!find_text(t, out->stanza, &number));
    if (out->kind == SOTTO_OUTPUT_DELIVER && out->delivery.seal.len > 0 && !(t->wild && s->number == 0)) {
        MUST(find_text(t, out->delivery.stanza, &number));
        said *one = &t->said[number];
        MUST(one->by != s->number && bytes_is(out->delivery.from, bare[one->by]));
        MUST(one->seq == 0 || one->seq == out->seq);
        one->seq = out->seq;
    }
    if (out->kind != SOTTO_OUTPUT_EVENT || out->event.ticket == 0) return;
    MUST(out->event.ticket <= t->said_count);
    said *one = &t->said[out->event.ticket - 1];
    bool stored = out->event.kind == SOTTO_EVENT_DELIVERED;
    bool back = out->event.kind == SOTTO_EVENT_DELIVERY_UNKNOWN || out->event.kind == SOTTO_EVENT_REFUSED;
    MUST(one->by == s->number);
    if (stored && !t->wild) MUST(one->seq != 0);
    if (stored || back) one->fate = stored ? STORED : BACK;
    if (out->event.kind == SOTTO_EVENT_HELD) one->fate = HELD;
}

/* ---- the engines ---- */

static void keep(side *s, sotto_bytes stanza) {
    text *slot = &s->sent[s->count++ % UNDER_WAY];
    if (s->count - s->next > UNDER_WAY) s->next = s->count - UNDER_WAY;
    free(slot->at);
    *slot = (text){malloc(stanza.len + 1), stanza.len};
    MUST(slot->at != NULL);
    memcpy(slot->at, stanza.at, stanza.len);
    slot->at[stanza.len] = 0;
}

static void commit(side *s) {
    sotto_output out;
    MUST_OK(sotto_engine_commit(s->engine));
    for (size_t i = 0; i < s->talk->said_count; i++)
        if (s->talk->said[i].by == s->number) s->talk->said[i].durable = true;
    while (sotto_engine_next(s->engine, &out)) {
        look(s, &out);
        uint64_t seq = out.seq;
        if (out.kind == SOTTO_OUTPUT_STANZA) keep(s, out.stanza);
        if (seq != 0) MUST_OK(sotto_engine_done(s->engine, seq));
    }
}

static sotto_status step(side *s, sotto_input input) {
    sotto_status status = sotto_engine_step(s->engine, &input, s->talk->now_ms);
    bool starved = s->host.fail_at > 0 && s->host.calls >= s->host.fail_at;
    s->host.fail_at = 0;
    MUST(sotto_ok(status) || sotto_class(status) == SOTTO_CLASS_PEER ||
         (sotto_is(status, SOTTO_E_NO_MEMORY) && starved) || sotto_is(status, SOTTO_E_NOT_FOUND));
    if (!s->talk->lazy) commit(s);
    return status;
}

static void deliver(side *s, const char *stanza, size_t len) {
    (void)step(s, (sotto_input){.kind = SOTTO_INPUT_STANZA, .stanza = bytes_of(stanza, len)});
}

static void presence(side *s, const char *whose, const char *type) {
    char stanza[256];
    int len = snprintf(stanza, sizeof stanza, "<presence from='%s'%s/>", whose, type);
    deliver(s, stanza, (size_t)len);
}

static void online(side *s, bool resumed) {
    char roster[512];
    (void)step(s, (sotto_input){.kind = SOTTO_INPUT_ONLINE, .jid = bytes_text(full[s->number]), .resumed = resumed});
    int len = snprintf(roster, sizeof roster,
                       "<iq type='result' id='r' to='%s'><query xmlns='jabber:iq:roster'><item jid='%s' "
                       "subscription='both'/></query></iq>",
                       full[s->number], bare[!s->number]);
    deliver(s, roster, (size_t)len);
    presence(s, full[!s->number], "");
}

static void wake(side *s) {
    static seal_class class;
    static const sotto_seal *const seals[] = {&class, NULL};
    class = *(const seal_class *)sotto_seal_live();
    class.open = open_repeating;
    sotto_engine_config config = {.account = bytes_text(bare[s->number]),
                                  .host = &s->host.host,
                                  .store = s->store,
                                  .seals = seals,
                                  .encrypt = SOTTO_ENCRYPT_ALWAYS,
                                  .least_strength = 1};
    MUST_OK(sotto_engine_open(&s->engine, &config, s->talk->now_ms));
    commit(s);
}

static void start(talk *t) {
    *t = (talk){.now_ms = START_MS};
    for (unsigned i = 0; i < 2; i++) {
        side *s = &t->sides[i];
        s->talk = t;
        s->number = i;
        fuzz_host_start(&s->host);
        s->host.random_state += i;
        MUST_OK(sotto_store_memory(&s->store, &s->host.host));
        wake(s);
        online(s, false);
    }
}

static void end(talk *t) {
    for (unsigned i = 0; i < 2; i++) {
        side *s = &t->sides[i];
        sotto_engine_close(s->engine);
        sotto_store_close(s->store);
        for (size_t k = 0; k < UNDER_WAY; k++) free(s->sent[k].at);
        fuzz_host_end(&s->host);
    }
}

/* ---- carrying ---- */

/* A stanza as the server hands it on: with the sender's name behind the element's. */
static void carry(side *to, const text *stanza, const char *from) {
    size_t name = strcspn(stanza->at, " />");
    char *named = malloc(stanza->len + 128);
    MUST(named != NULL);
    int len = snprintf(named, stanza->len + 128, "%.*s from='%s'%s", (int)name, stanza->at, from, stanza->at + name);
    deliver(to, named, (size_t)len);
    free(named);
}

static const text *oldest(side *from) {
    return from->next < from->count ? &from->sent[from->next++ % UNDER_WAY] : NULL;
}

static bool carry_oldest(talk *t, unsigned from) {
    const text *stanza = oldest(&t->sides[from]);
    if (stanza != NULL) carry(&t->sides[!from], stanza, full[from]);
    return stanza != NULL;
}

static void carry_altered(talk *t, unsigned from, sotto_bytes *in) {
    const text *stanza = oldest(&t->sides[from]);
    size_t at = fuzz_u32(in) & 0xffff;
    uint8_t change = fuzz_u8(in);
    if (stanza == NULL || stanza->len == 0) return;
    text altered = {malloc(stanza->len + 1), stanza->len};
    MUST(altered.at != NULL);
    memcpy(altered.at, stanza->at, stanza->len + 1);
    if (change < 8) altered.at[altered.len = at % stanza->len] = 0; /* cut */
    altered.at[at % stanza->len] = (char)(altered.at[at % stanza->len] ^ change);
    if (strlen(altered.at) == altered.len) carry(&t->sides[!from], &altered, full[from]);
    free(altered.at);
}

/* The carrier answers a question himself. */
static void refuse(talk *t, unsigned from, sotto_bytes *in) {
    static const char *const answers[] = {
        "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
        "<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
        "<error type='cancel'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>", "<error/>", ""};
    const text *stanza = oldest(&t->sides[from]);
    const char *answer = answers[fuzz_below(in, 5)];
    const char *id = stanza != NULL ? strstr(stanza->at, " id='") : NULL;
    char iq[512];
    if (id == NULL) return;
    int len = snprintf(iq, sizeof iq, "<iq type='%s' from='%s' id='%.18s'>%s</iq>", *answer ? "error" : "result",
                       full[!from], id + 5, answer);
    deliver(&t->sides[from], iq, (size_t)len);
}

/* Romeo says inside TLS what he likes. */
static void wild(talk *t, sotto_bytes *in) {
    live_self *self = t->sides[1].engine->seals[0].self;
    live_session *session = self != NULL ? self->sessions : NULL;
    live_message message = {.kind = (live_kind)(1 + fuzz_below(in, 8)), .number = 1 + fuzz_below(in, 6)};
    bool raw = fuzz_flip(in);
    memset(message.epoch, (int)fuzz_below(in, 3), sizeof message.epoch);
    sotto_bytes piece = fuzz_piece(in, 200);
    for (; session != NULL && !session->proved; session = session->next) continue;
    if (session == NULL || session->over) return;
    t->wild = true;
    /* Under the epoch of what Juliet really sent, too. */
    if (raw && session->owes) memcpy(message.epoch, session->epoch, sizeof message.epoch);
    if (message.kind == LIVE_DATA) message.stanza = piece;
    if (message.kind == LIVE_STATEMENT || message.kind == LIVE_PASSWORD || message.kind == LIVE_CLOSE)
        message.type = (uint8_t)message.number;
    if (message.kind == LIVE_STATEMENT || message.kind == LIVE_PASSWORD) message.body = piece;
    if (message.kind == LIVE_HOLD) message.id_count = message.number & 3;
    if (message.kind == LIVE_HOLD && piece.len >= sizeof message.ids) memcpy(message.ids, piece.at, sizeof message.ids);
    if (raw) (void)tls_engine_plain_in(session->tls, piece);
    if (!sotto_ok(live_session_write(self, session, &message))) live_session_over(self, session);
    live_touch(self, session);
    t->sides[1].engine->seals[0].called = true;
    (void)step(&t->sides[1], (sotto_input){.kind = SOTTO_INPUT_REFRESH, .jid = bytes_text(bare[0])});
}

/* ---- other moves ---- */

static void say(talk *t, unsigned who, bool to_full) {
    char stanza[256];
    if (t->said_count == TEXTS) return;
    size_t number = t->said_count++;
    t->said[number] = (said){.by = who};
    int len = snprintf(stanza, sizeof stanza, "<message to='%s' type='chat'><body>" MARK "%zu</body></message>",
                       to_full ? full[!who] : bare[!who], number);
    sotto_status status =
        step(&t->sides[who],
             (sotto_input){.kind = SOTTO_INPUT_SEND, .stanza = bytes_of(stanza, (size_t)len), .ticket = number + 1});
    if (!sotto_ok(status)) t->said[number].fate = BACK;
}

static void pass(talk *t, uint64_t ms) {
    t->now_ms += ms;
    for (unsigned i = 0; i < 2; i++) (void)step(&t->sides[i], (sotto_input){.kind = SOTTO_INPUT_TIMER});
}

static sotto_status note_key(void *arg, const sotto_key *key) {
    uint8_t *ret = arg;
    if (key->known && !key->this_device) memcpy(ret, key->key, 32);
    return SOTTO_OK;
}

static void judge(talk *t, unsigned who, sotto_bytes *in) {
    uint8_t key[32] = {0};
    sotto_trust trust = (sotto_trust)fuzz_below(in, SOTTO_TRUST_DISTRUSTED + 1);
    MUST_OK(sotto_engine_keys(t->sides[who].engine, bytes_text(bare[!who]), note_key, key));
    (void)step(&t->sides[who], (sotto_input){.kind = SOTTO_INPUT_VERDICT,
                                             .jid = bytes_text(bare[!who]),
                                             .key = bytes_of(key, sizeof key),
                                             .trust = trust});
}

/* What was staged and not committed is gone, as are all sessions. A text in it was never said. */
static void crash(side *s) {
    talk *t = s->talk;
    sotto_engine_close(s->engine);
    for (size_t i = 0; i < t->said_count; i++)
        if (t->said[i].by == s->number && !t->said[i].durable) t->said[i].fate = BACK;
    wake(s);
    online(s, false);
}

static void reconnect(side *s, sotto_bytes *in) {
    (void)step(s, (sotto_input){.kind = SOTTO_INPUT_OFFLINE});
    online(s, fuzz_flip(in));
}

static void move(talk *t, sotto_bytes *in) {
    static const uint64_t times[] = {1000, 5000, 31000, 61000, 130000, 700000};
    uint8_t choice = fuzz_u8(in);
    unsigned who = choice >> 4 & 1;
    side *s = &t->sides[who], *other = &t->sides[!who];
    t->lazy = (choice & 0xe0) == 0xe0;
    switch (choice & 15) {
    case 0:
        say(t, who, fuzz_flip(in));
        break;
    case 1:
    case 2:
    case 3:
        (void)carry_oldest(t, who);
        break;
    case 4: /* once more */
        if (s->count > 0)
            carry(other, &s->sent[(s->count - 1 - fuzz_below(in, UNDER_WAY) % s->count) % UNDER_WAY], full[who]);
        break;
    case 5: /* lost; or only later */
        if (s->next < s->count) s->next++;
        break;
    case 6:
        carry_altered(t, who, in);
        break;
    case 7: /* to its sender, or in another's name */
        if (s->count == 0) break;
        if (fuzz_flip(in))
            carry(s, &s->sent[(s->count - 1) % UNDER_WAY], full[!who]);
        else
            carry(other, &s->sent[(s->count - 1) % UNDER_WAY], who ? "romeo@montague.example/garden" : bare[0]);
        break;
    case 8:
        pass(t, times[fuzz_below(in, 6)]);
        break;
    case 9:
        presence(s, full[!who], fuzz_flip(in) ? " type='unavailable'" : "");
        break;
    case 10:
        refuse(t, who, in);
        break;
    case 11:
        reconnect(s, in);
        break;
    case 12:
        crash(s);
        break;
    case 13:
        if (fuzz_flip(in))
            judge(t, who, in);
        else
            (void)step(s, (sotto_input){.kind = SOTTO_INPUT_REPAIR, .jid = bytes_text(bare[!who])});
        break;
    case 14:
        s->host.fail_at = s->host.calls + 1 + fuzz_below(in, STARVE_MAX);
        (void)carry_oldest(t, !who);
        s->host.fail_at = 0;
        break;
    default:
        wild(t, in);
        break;
    }
    if (t->lazy && fuzz_flip(in)) crash(s);
    t->lazy = false;
}

/* From here on everybody is honest and everything arrives: whoever said something knows in the end what became of it,
 * or is still told that it is held. */
static void settle(talk *t) {
    for (unsigned i = 0; i < 2; i++) commit(&t->sides[i]);
    for (unsigned i = 0; i < 2; i++) online(&t->sides[i], false);
    for (unsigned round = 0; round < ROUNDS; round++) {
        while (carry_oldest(t, 0) || carry_oldest(t, 1)) continue;
        pass(t, ROUND_MS);
    }
    for (size_t i = 0; i < t->said_count; i++)
        if (!t->wild) MUST(t->said[i].fate != OPEN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static talk t;
    sotto_bytes in = bytes_of(data, size);
    library = live_library_start();
    start(&t);
    for (unsigned i = 0; i < MOVES && in.len > 0; i++) move(&t, &in);
    settle(&t);
    end(&t);
    return 0;
}
