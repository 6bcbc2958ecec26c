/* SPDX-License-Identifier: ISC */
#include "side.h"

#include <string.h>

#include "bytes/span.h"
#include "seal/live/certificate.h"
#include "stanza/writer.h"
#include "tls/hello.h"

#define ARENA_BYTES ((size_t)16 * 1024 * 1024)
#define OUT_BYTES   ((size_t)16 * 1024 * 1024)

size_t *side_counts;

/* By the linker: what is behind a message's framing is not run where that alone is measured. */
sotto_status __real_live_stanza_arrived(live_self *, seal_env *, live_session *, const live_message *);
sotto_status __wrap_live_stanza_arrived(live_self *, seal_env *, live_session *, const live_message *);

sotto_status __wrap_live_stanza_arrived(live_self *self, seal_env *env, live_session *session,
                                        const live_message *message) {
    if (side_counts == NULL) return __real_live_stanza_arrived(self, env, session, message);
    *side_counts += message->stanza.len;
    return SOTTO_OK;
}

/* ---- the environment ---- */

static side *side_of(seal_env *env) {
    return env->engine;
}

static sotto_status env_get(seal_env *env, sotto_bytes key, sotto_bytes *ret) {
    sotto_bytes value;
    if (!bytes_map_get(&side_of(env)->records, key, &value)) return SOTTO_FAIL(NOT_FOUND);
    return bytes_arena_copy(env->arena, value, ret) ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
}

static sotto_status env_put(seal_env *env, sotto_bytes key, sotto_bytes value) {
    if (value.len > 0) return bytes_map_put(&side_of(env)->records, key, value);
    bytes_map_remove(&side_of(env)->records, key);
    return SOTTO_OK;
}

static sotto_status env_scan(seal_env *env, sotto_bytes prefix, sotto_visit *visit, void *arg) {
    sotto_bytes key, value, from = prefix;
    bool beyond = false;
    while (bytes_map_from(&side_of(env)->records, from, beyond, &key, &value) && bytes_starts_with(key, prefix)) {
        sotto_bytes kept;
        if (!bytes_arena_copy(env->arena, key, &from) || !bytes_arena_copy(env->arena, value, &kept))
            return SOTTO_FAIL(NO_MEMORY);
        beyond = true;
        SOTTO_TRY(visit(arg, from, kept));
    }
    return SOTTO_OK;
}

static sotto_status env_random(seal_env *env, void *out, size_t len) {
    return env->host->random(env->host->arg, out, len);
}

static sotto_status env_ask(seal_env *env, bool set, sotto_bytes to, sotto_bytes payload, sotto_bytes note) {
    side *s = side_of(env);
    side_ask *free_one = NULL;
    for (size_t i = 0; i < SIDE_ASKS && free_one == NULL; i++)
        if (s->asked[i].note_len == 0) free_one = &s->asked[i];
    bench_check(set && s->out != NULL && free_one != NULL && note.len <= sizeof free_one->note);
    (void)snprintf(free_one->id, sizeof free_one->id, "%u", ++s->iqs);
    memcpy(free_one->note, note.at, note.len);
    free_one->note_len = note.len;
    bytes_buffer_text(s->out, "<iq type='set' id='");
    bytes_buffer_text(s->out, free_one->id);
    bytes_buffer_text(s->out, "' to='");
    bytes_buffer_put(s->out, to);
    bytes_buffer_text(s->out, "' from='");
    bytes_buffer_put(s->out, s->full);
    bytes_buffer_text(s->out, "'>");
    bytes_buffer_put(s->out, payload);
    bytes_buffer_text(s->out, "</iq>");
    bytes_buffer_u8(s->out, 0);
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
    return SOTTO_FAIL(STATE);
}

static sotto_status env_timer(seal_env *env, sotto_bytes note, uint64_t at_ms) {
    (void)env;
    (void)note;
    (void)at_ms;
    return SOTTO_OK;
}

static sotto_status env_job(seal_env *env, sotto_bytes request, sotto_bytes note) {
    (void)env;
    (void)request;
    (void)note;
    return SOTTO_OK;
}

static sotto_status env_event(seal_env *env, const sotto_event *event) {
    (void)env;
    (void)event;
    return SOTTO_OK;
}

static sotto_status env_changed(seal_env *env, sotto_bytes jid) {
    (void)env;
    (void)jid;
    return SOTTO_OK;
}

static sotto_status env_key_seen(seal_env *env, const seal_key *key) {
    (void)env;
    (void)key;
    return SOTTO_OK;
}

static sotto_status env_trust(seal_env *env, sotto_bytes jid, const uint8_t key[32], sotto_trust *ret) {
    (void)env;
    (void)jid;
    (void)key;
    *ret = SOTTO_TRUST_VERIFIED;
    return SOTTO_OK;
}

static sotto_status env_accepted(seal_env *env, sotto_bytes jid, const uint8_t key[32], bool *ret) {
    (void)env;
    (void)jid;
    (void)key;
    *ret = true;
    return SOTTO_OK;
}

static sotto_status env_deliver(seal_env *env, const seal_opened *opened) {
    bench_check(opened->outcome == SEAL_OPENED);
    side_of(env)->read++;
    return SOTTO_OK;
}

static sotto_status env_sign(seal_env *env, sotto_bytes message, seal_key *ret_key, uint8_t ret[64]) {
    (void)env;
    (void)message;
    (void)ret_key;
    (void)ret;
    return SOTTO_FAIL(NOT_FOUND);
}

/* ---- life ---- */

void side_contexts_make(side_contexts *c) {
    tls_anonymous_config config = {
        .host = sotto_host_default(), .certificate = live_certificate(), .key = live_certificate_key()};
    bench_must(tls_context_anonymous(&c->client, &config));
    config.server = true;
    bench_must(tls_context_anonymous(&c->server, &config));
}

void side_contexts_free(side_contexts *c) {
    tls_context_free(c->client);
    tls_context_free(c->server);
}

static bytes_map *const *maps_of(live_self *self, bytes_map **ret) {
    ret[0] = &self->known;
    ret[1] = &self->by_id;
    ret[2] = &self->by_jid;
    ret[3] = &self->by_random;
    ret[4] = &self->by_full;
    ret[5] = &self->by_key;
    return ret;
}

/* As seal.c does it, with contexts that are there. */
static live_self *self_make(side *s, const side_contexts *contexts) {
    bytes_map *maps[6];
    live_self *self = calloc(1, sizeof *self);
    bench_check(self != NULL);
    self->host = s->env.host;
    self->client = contexts->client;
    self->server = contexts->server;
    (void)maps_of(self, maps);
    for (size_t i = 0; i < 6; i++) bytes_map_init(maps[i], self->host);
    self->full = s->full;
    self->online = true;
    return self;
}

void side_make(side *s, const side_contexts *contexts, stanza_parser *parser, const char *full) {
    const sotto_host *host = sotto_host_default();
    *s = (side){.read = 0};
    (void)snprintf(s->name, sizeof s->name, "%s", full);
    s->full = bytes_text(s->name);
    bytes_arena_init(&s->arena, host, ARENA_BYTES);
    bytes_map_init(&s->records, host);
    s->env = (seal_env){.now_ms = SIDE_NOW_MS,
                        .account = live_bare(s->full),
                        .host = host,
                        .arena = &s->arena,
                        .parser = parser,
                        .engine = s,
                        .get = env_get,
                        .put = env_put,
                        .scan = env_scan,
                        .random = env_random,
                        .ask = env_ask,
                        .asking = env_asking,
                        .control = env_control,
                        .timer = env_timer,
                        .job = env_job,
                        .event = env_event,
                        .changed = env_changed,
                        .key_seen = env_key_seen,
                        .trust = env_trust,
                        .accepted = env_accepted,
                        .deliver = env_deliver,
                        .sign = env_sign};
    s->self = self_make(s, contexts);
    bench_must(live_row_identity(&s->env, &s->self->identity));
    bench_must(live_load(s->self, &s->env));
    bytes_arena_clear(&s->arena);
}

void side_free(side *s) {
    bytes_map *maps[6];
    live_forget_all(s->self);
    (void)maps_of(s->self, maps);
    for (size_t i = 0; i < 6; i++) bytes_map_clear(maps[i]);
    free(s->self);
    bytes_map_clear(&s->records);
    bytes_arena_clear(&s->arena);
}

/* ---- without stanzas ---- */

live_frame side_take(side *s, live_session *session) {
    sotto_bytes records, kept = BYTES_NONE;
    bench_must(bytes_buffer_end(&session->records, &records));
    bench_check(records.len > 0 && bytes_arena_copy(&s->arena, records, &kept));
    live_frame frame = {.number = session->sent++, .records = kept};
    memcpy(frame.session, session->id, LIVE_ID_BYTES);
    bytes_buffer_drop(&session->records, records.len);
    return frame;
}

void side_feed(side *s, live_session *session, const live_frame *frame) {
    bench_must(live_session_feed(s->self, &s->env, session, frame));
    bench_check(!session->over);
}

static live_session *begin(side *s, sotto_bytes to) {
    live_peer *peer;
    live_session *session;
    bench_must(live_peer_of(s->self, to, &peer));
    bench_must(live_session_new(s->self, &s->env, to, NULL, &session));
    peer->attempt = session;
    return session;
}

/* As carrier.c does it. */
static live_session *answer(side *s, sotto_bytes from, const live_frame *frame) {
    live_peer *peer;
    live_session *session;
    tls_hello hello;
    live_hello found = {.id = frame->session};
    bench_must(tls_hello_read(frame->records, &hello));
    found.identity = hello.identity;
    bench_must(live_secret_find(s->self, &s->env, from, hello.identity, &found.found));
    bench_must(live_peer_of(s->self, from, &peer));
    bench_must(live_session_new(s->self, &s->env, from, &found, &session));
    peer->attempt = session;
    side_feed(s, session, frame);
    return session;
}

side_session side_shake(side *a, side *b, bool secret) {
    bytes_arena_mark of_a = bytes_arena_here(&a->arena), of_b = bytes_arena_here(&b->arena);
    side_session made = {.a = begin(a, b->full)};
    live_frame frame = side_take(a, made.a);
    made.b = answer(b, a->full, &frame);
    while (made.a->records.len > 0 || made.b->records.len > 0) {
        if (made.b->records.len > 0) {
            frame = side_take(b, made.b);
            side_feed(a, made.a, &frame);
        }
        if (made.a->records.len > 0) {
            frame = side_take(a, made.a);
            side_feed(b, made.b, &frame);
        }
    }
    bench_check(made.a->proved && made.b->proved && made.a->used == secret && made.b->used == secret);
    bytes_arena_back(&a->arena, of_a);
    bytes_arena_back(&b->arena, of_b);
    return made;
}

void side_forget(side *s, bool secrets) {
    if (secrets)
        for (const live_session *one = s->self->sessions; one != NULL; one = one->next)
            bench_must(live_secret_drop(s->self, &s->env, one->bare, NULL));
    for (live_session *one = s->self->sessions; one != NULL; one = one->next) live_session_over(s->self, one);
    live_sweep(s->self);
    live_rest(s->self);
    bytes_arena_clear(&s->arena);
}

/* ---- with stanzas ---- */

static void say_result(side *s, const stanza_element *iq, const seal_opened *opened) {
    bench_check(opened->reply == SEAL_REPLY_RESULT);
    bytes_buffer_text(s->out, "<iq type='result' id='");
    bytes_buffer_put(s->out, stanza_attribute_of(iq, "id"));
    bytes_buffer_text(s->out, "' to='");
    bytes_buffer_put(s->out, stanza_attribute_of(iq, "from"));
    bytes_buffer_text(s->out, "' from='");
    bytes_buffer_put(s->out, s->full);
    bytes_buffer_text(s->out, "'>");
    bytes_buffer_put(s->out, opened->reply_payload);
    bytes_buffer_text(s->out, "</iq>");
    bytes_buffer_u8(s->out, 0);
}

static void take_set(side *s, const stanza_element *iq) {
    sotto_bytes from = stanza_attribute_of(iq, "from");
    seal_opened opened;
    seal_origin origin = {.from = live_bare(from), .from_full = from, .live = true, .sees_presence = true};
    bench_must(live_unprotect(s->self, &s->env, iq, &origin, &opened));
    say_result(s, iq, &opened);
}

static void take_answer(side *s, const stanza_element *iq) {
    sotto_bytes id = stanza_attribute_of(iq, "id");
    for (size_t i = 0; i < SIDE_ASKS; i++) {
        side_ask *asked = &s->asked[i];
        if (asked->note_len == 0 || !bytes_is(id, asked->id)) continue;
        seal_input input = {.kind = SEAL_INPUT_ANSWER,
                            .note = bytes_of(asked->note, asked->note_len),
                            .answer = iq,
                            .status = SOTTO_OK};
        bench_check(bytes_is(stanza_attribute_of(iq, "type"), "result"));
        asked->note_len = 0;
        bench_must(live_answered(s->self, &s->env, &input));
        return;
    }
    bench_check(false);
}

void side_receive(side *s, sotto_bytes stanza, bytes_buffer *out) {
    const stanza_element *iq;
    s->out = out;
    bench_must(stanza_parser_read(s->env.parser, &s->arena, stanza, &iq));
    if (bytes_is(stanza_attribute_of(iq, "type"), "set"))
        take_set(s, iq);
    else
        take_answer(s, iq);
    bench_must(live_flush(s->self, &s->env));
    bytes_arena_clear(&s->arena);
    s->out = NULL;
}
