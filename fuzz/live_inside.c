/* SPDX-License-Identifier: ISC
 *
 * The live seal against somebody who speaks TLS with it as he should, and inside says what he likes: messages of every
 * kind, before the proofs and after them, whole, in pieces and as bytes that are no message; frames out of order;
 * words, statements, closes. Juliet is the seal, with an environment that trusts as the input says; the other is by
 * hand. The input is a list of moves.
 *
 * What must hold: a call fails for reasons of this machine alone. Nothing is delivered, and nothing of ours is said,
 * before both proofs, or to another key than the one that was proved; nobody vouches by a word that was not compared.
 * A host is asked about nothing that is no request. What is kept has a bound, and all memory comes back. */
#include "seal/live/self.h"

#include "env.h"
#include "live_library.h"
#include "seal/live/certificate.h"

#define FULL_JULIET "juliet@capulet.example/balcony"
#define FULL_ROMEO  "romeo@montague.example/orchard"
#define MOVES       120u
#define RECORDS_MAX (64u + MOVES) /* what one contact can have us keep; and what Juliet said */
#define ASKS        8u
#define SECRET_TEXT "nobody-else-reads-this"

typedef struct asked {
    uint8_t note[1024];
    size_t len;
} asked;

typedef struct play {
    fuzz_env env; /* first: the seal's calls get it back */
    live_self *self;
    tls_context *client, *server; /* Romeo's */
    sotto_trust trust;
    bool refuses;
    asked asks[ASKS], job;
    size_t ask_count;

    tls_engine *tls; /* Romeo */
    bool initiator;
    bool proved; /* a true proof was written in this session */
    bool known;  /* ... in any */
    uint8_t id[LIVE_ID_BYTES];
    uint64_t sent;
    crypto_identity identity;
    bytes_buffer plain;            /* of Juliet's, not read */
    bytes_buffer records;          /* not sent */
    uint8_t earlier[32], own[32];  /* hashes of her proof or you-first, and of his */
    bool has_earlier, asked_first; /* something came; it was you-first */
    live_message seen;             /* the last DATA of hers: epoch and number */
    live_message hold;
} play;

static const char *const alpn[] = {LIVE_ALPN, NULL};
static const seal_class *class;

/* ---- Juliet's environment ---- */

static play *of(seal_env *env) {
    return (play *)(void *)env;
}

/* What Juliet sends comes into Romeo's TLS; one that she begins, while he has none. */
static void take_frame(play *p, sotto_bytes payload) {
    const stanza_element *element;
    live_frame frame;
    if (payload.len == 0) return;
    MUST_OK(stanza_parser_read(p->env.base.parser, &p->env.arena, payload, &element));
    MUST_OK(live_frame_read(element, &p->env.arena, &frame));
    if (p->tls == NULL && frame.number == 0) {
        memcpy(p->id, frame.session, sizeof p->id);
        MUST_OK(tls_engine_new_anonymous(&p->tls, p->server, alpn, NULL));
    }
    if (p->tls != NULL && memcmp(frame.session, p->id, sizeof p->id) == 0)
        (void)tls_engine_records_in(p->tls, frame.records);
}

static sotto_status env_ask(seal_env *env, bool set, sotto_bytes to, sotto_bytes payload, sotto_bytes note) {
    play *p = of(env);
    MUST(set && bytes_is(to, FULL_ROMEO) && payload.len > 0 && note.len <= sizeof p->asks[0].note);
    if (p->ask_count == ASKS) return SOTTO_OK; /* never answered */
    asked *one = &p->asks[p->ask_count++];
    memcpy(one->note, note.at, note.len);
    one->len = note.len;
    take_frame(p, payload);
    return SOTTO_OK;
}

static bool env_asking(seal_env *env, sotto_bytes note) {
    (void)env;
    (void)note;
    return false;
}

static sotto_status env_control(seal_env *env, sotto_bytes stanza) {
    (void)env;
    (void)stanza;
    fuzz_broken(__FILE__, __LINE__, "a stanza of the seal's own");
}

static sotto_status env_timer(seal_env *env, sotto_bytes note, uint64_t at_ms) {
    MUST(note.len > 0 && at_ms > env->now_ms - LIVE_UNKNOWN_MS * 100);
    return SOTTO_OK;
}

static sotto_status env_job(seal_env *env, sotto_bytes request, sotto_bytes note) {
    live_statement_request got;
    play *p = of(env);
    MUST_OK(live_statement_request_read(request, &got));
    MUST(note.len <= sizeof p->job.note);
    memcpy(p->job.note, note.at, note.len);
    p->job.len = note.len;
    MUST(bytes_is(got.jid, "romeo@montague.example"));
    return SOTTO_OK;
}

static sotto_status env_event(seal_env *env, const sotto_event *event) {
    (void)env;
    (void)fuzz_touch(event->jid);
    (void)fuzz_touch(event->text);
    return SOTTO_OK;
}

static sotto_status env_changed(seal_env *env, sotto_bytes jid) {
    (void)env;
    (void)fuzz_touch(jid);
    return SOTTO_OK;
}

static bool is_romeos(const play *p, const uint8_t key[32]) {
    return p->known && memcmp(key, p->identity.ed25519.bytes, 32) == 0;
}

static sotto_status env_key_seen(seal_env *env, const seal_key *key) {
    MUST(is_romeos(of(env), key->key));
    return SOTTO_OK;
}

static sotto_status env_trust(seal_env *env, sotto_bytes jid, const uint8_t key[32], sotto_trust *ret) {
    (void)jid;
    (void)key;
    *ret = of(env)->trust;
    return SOTTO_OK;
}

static sotto_status env_accepted(seal_env *env, sotto_bytes jid, const uint8_t key[32], bool *ret) {
    (void)jid;
    (void)key;
    *ret = !of(env)->refuses;
    return SOTTO_OK;
}

static sotto_status env_deliver(seal_env *env, const seal_opened *opened) {
    const play *p = of(env);
    MUST(opened->outcome == SEAL_OPENED || opened->outcome == SEAL_UNREADABLE);
    MUST(is_romeos(p, opened->key.key) && bytes_is(opened->key.jid, "romeo@montague.example"));
    if (opened->outcome == SEAL_OPENED) {
        const stanza_element *stanza;
        MUST_OK(stanza_parser_read(env->parser, env->arena, opened->stanza, &stanza));
        MUST(bytes_is(stanza_attribute_of(stanza, "from"), FULL_ROMEO));
        MUST(bytes_is(stanza_attribute_of(stanza, "to"), FULL_JULIET));
    }
    return SOTTO_OK;
}

static sotto_status env_sign(seal_env *env, sotto_bytes message, seal_key *ret_key, uint8_t ret[64]) {
    (void)fuzz_touch(message);
    if (of(env)->refuses) return SOTTO_FAIL(NOT_FOUND);
    *ret_key = (seal_key){.device = 7, .known = true};
    memset(ret, 9, 64);
    return SOTTO_OK;
}

static sotto_status env_sibling(seal_env *env, sotto_bytes jid, const uint8_t key[32], sotto_bytes message,
                                const uint8_t signature[64], sotto_trust *ret) {
    (void)fuzz_touch(jid);
    (void)fuzz_touch(message);
    if ((key[0] & 1) != 0) return SOTTO_FAIL(BAD_KEY);
    if ((signature[0] & 1) != 0) return SOTTO_FAIL(BAD_SIGNATURE);
    *ret = of(env)->trust;
    return SOTTO_OK;
}

static sotto_status env_vouch(seal_env *env, sotto_bytes jid, const uint8_t key[32], seal_voucher by) {
    (void)jid;
    MUST(is_romeos(of(env), key));
    MUST(by != SEAL_VOUCHER_PASSWORD); /* he does not do that calculation */
    MUST(by != SEAL_VOUCHER_SIBLING || of(env)->trust == SOTTO_TRUST_VERIFIED);
    return SOTTO_OK;
}

static sotto_status env_known_as(seal_env *env, sotto_bytes jid, sotto_bytes old_jid, const uint8_t key[32],
                                 bool *ret_taken) {
    (void)env;
    (void)jid;
    (void)old_jid;
    (void)key;
    (void)ret_taken;
    fuzz_broken(__FILE__, __LINE__, "nobody has a secret under another JID");
}

/* ---- Juliet ---- */

/* The end of each call, as the engine does it. */
static void after(play *p, sotto_status status) {
    MUST(sotto_ok(status) || sotto_is(status, SOTTO_E_USAGE));
    MUST_OK(class->flush(p->self, &p->env.base));
    bytes_arena_clear(&p->env.arena);
    size_t count = 0;
    for (const live_session *s = p->self->sessions; s != NULL; s = s->next) count++;
    MUST(count == p->self->session_count && count <= SOTTO_LIVE_SESSIONS_OF_ONE);
    MUST(p->env.records.count <= RECORDS_MAX);
}

static void input(play *p, seal_input in) {
    after(p, class->input(p->self, &p->env.base, &in));
}

static const stanza_element *parsed(play *p, const char *type, sotto_bytes payload) {
    const stanza_element *iq;
    bytes_buffer text;
    sotto_bytes stanza;
    bytes_buffer_owned(&text, &p->env.host.host, SOTTO_STANZA_BYTES_MAX);
    bytes_buffer_text(&text, "<iq id='1' from='" FULL_ROMEO "' type='");
    bytes_buffer_text(&text, type);
    bytes_buffer_text(&text, "'>");
    bytes_buffer_put(&text, payload);
    bytes_buffer_text(&text, "</iq>");
    MUST_OK(bytes_buffer_end(&text, &stanza));
    MUST_OK(stanza_parser_read(p->env.base.parser, &p->env.arena, stanza, &iq));
    bytes_buffer_free(&text);
    return iq;
}

/* One of her questions is answered. */
static void answer(play *p, size_t number, const char *type, sotto_bytes payload) {
    if (number >= p->ask_count) return;
    asked one = p->asks[number];
    memmove(&p->asks[number], &p->asks[number + 1], (p->ask_count - number - 1) * sizeof p->asks[0]);
    p->ask_count--;
    bool error = strcmp(type, "error") == 0;
    input(p, (seal_input){.kind = SEAL_INPUT_ANSWER,
                          .note = bytes_of(one.note, one.len),
                          .answer = parsed(p, type, payload),
                          .status = error ? SOTTO_FAIL(SERVER_REFUSED) : SOTTO_OK});
}

static void ask(play *p, sotto_bytes payload) {
    seal_opened opened;
    seal_origin origin = {.from = BYTES_LITERAL("romeo@montague.example"),
                          .from_full = BYTES_LITERAL(FULL_ROMEO),
                          .live = true,
                          .sees_presence = true};
    sotto_status status = class->unprotect(p->self, &p->env.base, parsed(p, "set", payload), &origin, &opened);
    MUST_OK(status);
    MUST(opened.outcome == SEAL_CONTROL && opened.reply != SEAL_REPLY_NONE);
    if (opened.reply == SEAL_REPLY_RESULT) take_frame(p, opened.reply_payload);
    after(p, status);
}

static void say(play *p) {
    const sotto_bytes jid = BYTES_LITERAL("romeo@montague.example"), full = BYTES_LITERAL(FULL_ROMEO);
    const sotto_bytes text =
        BYTES_LITERAL("<message to='" FULL_ROMEO "' type='chat'><body>" SECRET_TEXT "</body></message>");
    seal_audience audience = {.jids = &jid, .count = 1, .resources = &full, .resource_count = 1};
    seal_promise promise;
    seal_stanzas none;
    const stanza_element *stanza;
    sotto_status status = class->promise(p->self, &p->env.base, &audience, &promise);
    MUST_OK(status);
    if (promise.kind == SEAL_READY) MUST(p->known);
    if (promise.kind == SEAL_READY && !p->refuses && p->trust != SOTTO_TRUST_DISTRUSTED) {
        MUST_OK(stanza_parser_read(p->env.base.parser, &p->env.arena, text, &stanza));
        MUST_OK(class->protect(p->self, &p->env.base, stanza, &audience, &promise.keys, 1, &none));
    }
    after(p, status);
}

/* ---- Romeo ---- */

static void pull(play *p) {
    uint8_t piece[4096];
    for (size_t got; p->tls != NULL && (got = tls_engine_records_out(p->tls, piece, sizeof piece)) > 0;)
        bytes_buffer_put(&p->records, bytes_of(piece, got));
    MUST(sotto_ok(p->records.status));
}

static void heard(play *p, const live_message *message) {
    MUST(message->kind != LIVE_PAD && message->kind < LIVE_IGNORED);
    if (message->kind == LIVE_PROOF || message->kind == LIVE_YOU_FIRST) {
        MUST_OK(live_proof_hash(p->earlier, message));
        p->has_earlier = true;
    } else {
        MUST(p->proved || message->kind == LIVE_CLOSE);
    }
    if (message->kind == LIVE_DATA) {
        MUST(memmem(message->stanza.at, message->stanza.len, SECRET_TEXT, sizeof SECRET_TEXT - 1) != NULL);
        p->seen = *message;
    }
    if (message->kind == LIVE_HOLD) p->hold = *message;
}

/* What Juliet says is always in order, whatever she hears. */
static void hear(play *p) {
    uint8_t piece[4096];
    for (size_t got; p->tls != NULL && (got = tls_engine_plain_out(p->tls, piece, sizeof piece)) > 0;)
        bytes_buffer_put(&p->plain, bytes_of(piece, got));
    for (;;) {
        live_message message;
        sotto_bytes text;
        size_t used;
        MUST_OK(bytes_buffer_end(&p->plain, &text));
        sotto_status status = live_message_read(text, &used, &message);
        if (sotto_is(status, SOTTO_E_AGAIN)) break;
        MUST_OK(status);
        heard(p, &message);
        bytes_buffer_drop(&p->plain, used);
    }
    pull(p);
}

static void write_bytes(play *p, sotto_bytes bytes) {
    if (p->tls != NULL) (void)tls_engine_plain_in(p->tls, bytes);
    pull(p);
}

static void write_message(play *p, const live_message *message) {
    bytes_buffer out;
    sotto_bytes written;
    bytes_buffer_owned(&out, &p->env.host.host, SOTTO_STANZA_BYTES_MAX);
    live_message_write(&out, message);
    if (sotto_ok(bytes_buffer_end(&out, &written))) write_bytes(p, written);
    bytes_buffer_free(&out);
}

static void prove(play *p) {
    live_circumstances c = {.initiator = p->initiator ? BYTES_LITERAL(FULL_ROMEO) : BYTES_LITERAL(FULL_JULIET),
                            .responder = p->initiator ? BYTES_LITERAL(FULL_JULIET) : BYTES_LITERAL(FULL_ROMEO),
                            .by_initiator = p->initiator};
    live_message proof;
    bool first = !p->initiator && !p->asked_first;
    if (p->tls == NULL || !sotto_ok(tls_engine_export(p->tls, LIVE_EXPORTER, c.exporter))) return;
    if (!first && !p->has_earlier) return;
    if (!first) memcpy(c.earlier, p->earlier, sizeof c.earlier);
    MUST_OK(live_proof_make(&proof, &c, &p->identity, &p->env.host.host));
    p->proved = p->known = true;
    write_message(p, &proof);
}

/* The records that wait, in a frame; at most `most` bytes of them. */
static void send_frame(play *p, size_t most, uint64_t number, bool result) {
    bytes_buffer out;
    sotto_bytes records, payload;
    MUST_OK(bytes_buffer_end(&p->records, &records));
    if (records.len > most) records.len = most;
    if (records.len == 0) return;
    live_frame frame = {.number = number, .records = records};
    memcpy(frame.session, p->id, sizeof frame.session);
    bytes_buffer_owned(&out, &p->env.host.host, SOTTO_STANZA_BYTES_MAX);
    live_frame_write(&out, &frame);
    MUST_OK(bytes_buffer_end(&out, &payload));
    bytes_buffer_drop(&p->records, records.len);
    if (result)
        answer(p, 0, "result", payload);
    else
        ask(p, payload);
    bytes_buffer_free(&out);
}

static void send(play *p) {
    pull(p);
    while (p->records.len > 0) send_frame(p, LIVE_FRAME_BYTES, p->sent++, p->ask_count > 0);
    hear(p);
}

static void leave(play *p) {
    tls_engine_free(p->tls);
    p->tls = NULL;
    p->sent = 0;
    p->proved = p->has_earlier = p->asked_first = p->initiator = false;
    bytes_buffer_reset(&p->plain);
    bytes_buffer_reset(&p->records);
}

/* A session that he begins, or takes hers. */
static void begin(play *p, bool initiator, sotto_bytes *in) {
    leave(p);
    p->ask_count = 0;
    p->initiator = initiator;
    if (initiator) {
        MUST_OK(fuzz_random(&p->env.host, p->id, sizeof p->id));
        MUST_OK(tls_engine_new_anonymous(&p->tls, p->client, alpn, NULL));
    } else {
        say(p);
        if (p->tls != NULL && fuzz_flip(in)) { /* she is to go first */
            static const live_message you_first = {.kind = LIVE_YOU_FIRST};
            p->asked_first = true;
            write_message(p, &you_first);
        }
    }
    send(p);
}

static void message(play *p, sotto_bytes *in) {
    live_message m = {.kind = (live_kind)fuzz_below(in, 10), .number = fuzz_below(in, 7)};
    uint8_t epoch = fuzz_u8(in);
    m.type = (uint8_t)(epoch >> 4 & 7);
    memset(m.epoch, epoch & 3, sizeof m.epoch);
    if ((epoch & 3) == 3) memcpy(m.epoch, p->seen.epoch, sizeof m.epoch);
    sotto_bytes piece = fuzz_piece(in, 250);
    if (m.kind == 9) m.kind = LIVE_IGNORED;
    m.stanza = m.kind == LIVE_DATA ? piece : BYTES_NONE;
    m.body = m.kind == LIVE_STATEMENT || m.kind == LIVE_PASSWORD || m.kind == LIVE_IGNORED ? piece : BYTES_NONE;
    m.zeros = m.kind == LIVE_PAD ? piece.len * 8 : 0;
    m.id_count = m.number % (SOTTO_LIVE_HOLD_MAX + 1);
    if (piece.len >= sizeof m.key) memcpy(m.key, piece.at, sizeof m.key);
    if (piece.len >= sizeof m.ids) memcpy(m.ids, piece.at, sizeof m.ids);
    write_message(p, &m);
}

/* ---- what else happens ---- */

static void person(play *p, sotto_bytes *in) {
    seal_input in_hand = {.jid = BYTES_LITERAL("romeo@montague.example")};
    sotto_bytes piece;
    switch (fuzz_below(in, 8)) {
    case 0:
        in_hand.kind = SEAL_INPUT_PASSWORD;
        in_hand.bytes = BYTES_LITERAL("balcony");
        in_hand.again = fuzz_flip(in);
        break;
    case 1:
        p->trust = (sotto_trust)fuzz_below(in, SOTTO_TRUST_DISTRUSTED + 1);
        in_hand.kind = SEAL_INPUT_TRUST;
        in_hand.key = p->identity.ed25519.bytes;
        in_hand.trust = p->trust;
        break;
    case 2:
        in_hand.kind = SEAL_INPUT_STATEMENT;
        in_hand.type = 1 + (uint32_t)fuzz_below(in, 2);
        piece = fuzz_piece(in, 250);
        in_hand.bytes = piece;
        break;
    case 3:
        in_hand.kind = SEAL_INPUT_FIRST;
        in_hand.type = (uint32_t)fuzz_below(in, 4);
        break;
    case 4:
        in_hand.kind = SEAL_INPUT_REPAIR;
        break;
    case 5:
        in_hand.kind = SEAL_INPUT_JOB;
        in_hand.note = bytes_of(p->job.note, p->job.len);
        piece = fuzz_piece(in, 250);
        in_hand.bytes = piece;
        break;
    case 6:
        in_hand.kind = SEAL_INPUT_PRESENCE;
        in_hand.jid = BYTES_LITERAL(FULL_ROMEO);
        in_hand.available = fuzz_flip(in);
        break;
    default:
        in_hand.kind = SEAL_INPUT_ENDING;
        break;
    }
    input(p, in_hand);
}

static void move(play *p, sotto_bytes *in) {
    static const uint64_t times[] = {1000, 31000, 61000, 130000, 700000, 2000000};
    uint8_t choice = fuzz_u8(in);
    live_message have = {.kind = LIVE_HAVE, .number = p->seen.number};
    switch (choice % 13) {
    case 0:
    case 1:
        message(p, in);
        break;
    case 2:
        write_bytes(p, fuzz_piece(in, 250));
        break;
    case 3:
    case 4:
        send(p);
        break;
    case 5: /* in pieces, or another number */
        send_frame(p, 1 + fuzz_u8(in), p->sent + (choice >> 6), choice >> 5 & 1);
        if (choice >> 6 == 0) p->sent++;
        break;
    case 6:
        answer(p, fuzz_below(in, ASKS), choice & 128 ? "error" : "result",
               choice & 128 ? BYTES_LITERAL("<error/>") : BYTES_NONE);
        break;
    case 7:
        prove(p);
        break;
    case 8:
        say(p);
        break;
    case 9:
        p->env.base.now_ms += times[fuzz_below(in, 6)];
        input(p, (seal_input){.kind = SEAL_INPUT_TIMER, .note = BYTES_LITERAL("t")});
        break;
    case 10:
        person(p, in);
        break;
    case 11:
        memcpy(have.epoch, p->seen.epoch, sizeof have.epoch);
        write_message(p, have.number > 0 && (choice & 128) == 0 ? &have : &p->hold);
        break;
    default:
        begin(p, fuzz_flip(in), in);
        break;
    }
    hear(p);
}

/* ---- */

static void env_fill(seal_env *env) {
    env->ask = env_ask;
    env->asking = env_asking;
    env->control = env_control;
    env->timer = env_timer;
    env->job = env_job;
    env->event = env_event;
    env->changed = env_changed;
    env->key_seen = env_key_seen;
    env->trust = env_trust;
    env->accepted = env_accepted;
    env->deliver = env_deliver;
    env->sign = env_sign;
    env->sibling = env_sibling;
    env->vouch = env_vouch;
    env->known_as = env_known_as;
}

static void start(play *p, sotto_bytes *in) {
    OSSL_LIB_CTX *library = live_library_start();
    uint8_t choice = fuzz_u8(in), seed[32];
    void *self;
    memset(p, 0, sizeof *p);
    fuzz_env_start(&p->env, "juliet@capulet.example");
    env_fill(&p->env.base);
    class = (const seal_class *)sotto_seal_live();
    MUST_OK(live_open_with(&self, &p->env.base, library));
    p->self = self;
    tls_anonymous_config config = {.host = &p->env.host.host,
                                   .library = library,
                                   .certificate = live_certificate(),
                                   .key = live_certificate_key()};
    MUST_OK(tls_context_anonymous(&p->client, &config));
    config.server = true;
    MUST_OK(tls_context_anonymous(&p->server, &config));
    memset(seed, 7, sizeof seed);
    MUST_OK(crypto_identity_from_seed(&p->identity, seed));
    bytes_buffer_owned(&p->plain, &p->env.host.host, 2 * SOTTO_STANZA_BYTES_MAX);
    bytes_buffer_owned(&p->records, &p->env.host.host, 2 * SOTTO_STANZA_BYTES_MAX);
    p->trust = (choice & 4) != 0 ? SOTTO_TRUST_VERIFIED : SOTTO_TRUST_UNDECIDED;
    p->refuses = (choice & 8) != 0;
    input(p, (seal_input){.kind = SEAL_INPUT_ONLINE, .jid = BYTES_LITERAL(FULL_JULIET), .fresh = true});
    input(p, (seal_input){.kind = SEAL_INPUT_FIRST, .type = choice >> 4 & 3});
    begin(p, (choice & 1) != 0, in);
    if ((choice & 2) != 0) return;
    prove(p);
    send(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static play p;
    sotto_bytes in = bytes_of(data, size);
    start(&p, &in);
    for (unsigned i = 0; i < MOVES && in.len > 0; i++) move(&p, &in);
    leave(&p);
    class->close(p.self);
    tls_context_free(p.client);
    tls_context_free(p.server);
    bytes_buffer_free(&p.plain);
    bytes_buffer_free(&p.records);
    fuzz_env_end(&p.env);
    return 0;
}
