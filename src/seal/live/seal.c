/* SPDX-License-Identifier: ISC
 *
 * The table of functions of live sessions. */
#include "bytes/memory.h"
#include "seal/live/certificate.h"
#include "seal/live/self.h"
#include "seal/live/sessions.h"

/* ---- life ---- */

static void live_close(void *arg) {
    live_self *self = arg;
    const sotto_host *host = self->host;
    live_forget_all(self);
    bytes_map *const maps[] = {&self->known,     &self->by_id,   &self->by_jid,
                               &self->by_random, &self->by_full, &self->by_key};
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) bytes_map_clear(maps[i]);
    tls_context_free(self->client);
    tls_context_free(self->server);
    live_let_go(host, &self->full);
    bytes_free(host, self, sizeof *self);
}

static sotto_status open_into(live_self *self, seal_env *env, struct ossl_lib_ctx_st *library) {
    tls_anonymous_config config = {
        .host = self->host, .library = library, .certificate = live_certificate(), .key = live_certificate_key()};
    SOTTO_TRY(crypto_start());
    SOTTO_TRY(live_row_identity(env, &self->identity));
    SOTTO_TRY(tls_context_anonymous(&self->client, &config));
    config.server = true;
    return tls_context_anonymous(&self->server, &config);
}

sotto_status live_open_with(void **ret_self, seal_env *env, struct ossl_lib_ctx_st *library) {
    live_self *self = bytes_new(env->host, sizeof *self);
    if (self == NULL) return SOTTO_FAIL(NO_MEMORY);
    self->host = env->host;
    bytes_map *const maps[] = {&self->known,     &self->by_id,   &self->by_jid,
                               &self->by_random, &self->by_full, &self->by_key};
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) bytes_map_init(maps[i], self->host);
    sotto_status status = open_into(self, env, library);
    if (!sotto_ok(status)) {
        live_close(self);
        return status;
    }
    *ret_self = self;
    return SOTTO_OK;
}

static sotto_status live_open(void **ret_self, seal_env *env) {
    return live_open_with(ret_self, env, NULL);
}

static void live_forget(void *self, sotto_bytes jid) {
    if (jid.len == 0)
        live_forget_all(self);
    else
        live_forget_jid(self, live_bare(jid));
}

/* ---- promises ---- */

typedef struct outlook {
    size_t asking, refused, failed;
    sotto_status reason;
    seal_key *keys;
    size_t count;
} outlook;

static sotto_status look_at(live_self *self, seal_env *env, sotto_bytes full, outlook *o) {
    live_peer *peer;
    sotto_status status = live_peer_of(self, full, &peer);
    if (live_is_ours(status)) return status;
    if (!sotto_ok(status)) {
        o->failed++;
        o->reason = status;
        return SOTTO_OK;
    }
    if (peer->ready != NULL) return live_key_of(env->arena, peer->bare, peer->ready->key, &o->keys[o->count++]);
    if (peer->attempt == NULL && env->now_ms < peer->not_before_ms) {
        if (peer->refused) {
            o->refused++;
            return SOTTO_OK;
        }
        if (!sotto_ok(peer->reason)) {
            o->failed++;
            o->reason = peer->reason;
        } else {
            o->asking++;
        }
    } else {
        peer->refused = false;
        o->asking++;
    }
    peer->wanted = true;
    return SOTTO_OK;
}

static sotto_status note_key(void *arg, const uint8_t key[32]) {
    (void)key;
    *(bool *)arg = true;
    return SOTTO_OK;
}

/* Nobody who ever proved a key can be said not to have one. */
static sotto_status nobody(seal_env *env, const seal_audience *audience, seal_promise *ret) {
    bool known = false;
    for (size_t i = 0; i < audience->count; i++) SOTTO_TRY(live_row_keys(env, audience->jids[i], note_key, &known));
    *ret = known ? (seal_promise){.kind = SEAL_BROKEN, .reason = SOTTO_FAIL(SERVER_REFUSED)}
                 : (seal_promise){.kind = SEAL_NEVER, .reason = SOTTO_FAIL(NO_DEVICE)};
    return SOTTO_OK;
}

/* Who is not there has not said that he cannot: it waits until he comes. */
static sotto_status live_promise(void *arg, seal_env *env, const seal_audience *audience, seal_promise *ret) {
    live_self *self = arg;
    outlook o = {0};
    *ret = (seal_promise){.kind = SEAL_ASKING};
    if (!self->online || self->ending) return SOTTO_OK;
    SOTTO_TRY(live_load(self, env));
    o.keys = bytes_arena_take(env->arena, (audience->resource_count + 1) * sizeof *o.keys);
    if (o.keys == NULL) return SOTTO_FAIL(NO_MEMORY);
    size_t others = 0;
    for (size_t i = 0; i < audience->resource_count; i++) {
        sotto_bytes full = audience->resources[i];
        if (bytes_equal(full, self->full) || live_bare(full).len == full.len) continue;
        others++;
        const live_peer *peer = audience->idle ? live_peer_find(self, full) : NULL;
        if (peer != NULL && peer->ready != NULL)
            SOTTO_TRY(live_key_of(env->arena, peer->bare, peer->ready->key, &o.keys[o.count++]));
        if (!audience->idle) SOTTO_TRY(look_at(self, env, full, &o));
    }
    if (o.asking > 0 || others == 0) return SOTTO_OK;
    if (o.count > 0)
        *ret = (seal_promise){.kind = SEAL_READY, .keys = {o.keys, o.count}};
    else if (o.failed > 0)
        *ret = (seal_promise){.kind = SEAL_BROKEN, .reason = o.reason};
    else
        return nobody(env, audience, ret);
    return SOTTO_OK;
}

/* ---- sealing ---- */

static bool is_allowed(const seal_keys *allowed, const live_session *session) {
    for (size_t i = 0; i < allowed->count; i++)
        if (bytes_equal(allowed->at[i].jid, session->bare) && memcmp(allowed->at[i].key, session->key, 32) == 0)
            return true;
    return false;
}

static sotto_status add_row(live_self *self, seal_env *env, const live_session *session, sotto_bytes stanza,
                            uint64_t ticket) {
    live_line *line;
    SOTTO_TRY(live_line_of(self, session->bare, session->key, &line));
    if (line->count >= SOTTO_LIVE_ROWS_MAX) {
        line->was_full = true;
        return SOTTO_FAIL(OUTBOX_FULL);
    }
    if (!line->has_epoch) {
        SOTTO_TRY(env->random(env, line->epoch, sizeof line->epoch));
        line->has_epoch = true;
    }
    live_row row = {.order = line->order + 1,
                    .number = line->number + 1,
                    .ticket = ticket,
                    .full = session->full,
                    .stanza = stanza};
    memcpy(row.epoch, line->epoch, sizeof row.epoch);
    SOTTO_TRY(env->trust(env, session->bare, session->key, &row.trust));
    SOTTO_TRY(live_row_put(env, session->bare, session->key, &row));
    if (line->count == 0) {
        line->deadline_ms = env->now_ms + LIVE_UNKNOWN_MS;
        line->since_ms = env->now_ms;
    }
    line->count++;
    line->order++;
    line->number++;
    return SOTTO_OK;
}

static sotto_status live_protect(void *arg, seal_env *env, const stanza_element *stanza, const seal_audience *audience,
                                 const seal_keys *allowed, uint64_t ticket, seal_stanzas *ret) {
    live_self *self = arg;
    size_t count = 0;
    SOTTO_TRY(live_load(self, env));
    for (size_t i = 0; i < audience->resource_count; i++) {
        const live_peer *peer = live_peer_find(self, audience->resources[i]);
        if (peer == NULL || peer->ready == NULL || !is_allowed(allowed, peer->ready)) continue;
        SOTTO_TRY(add_row(self, env, peer->ready, stanza->raw, ticket));
        count++;
    }
    *ret = (seal_stanzas){0}; /* it leaves in frames, with the end of the step */
    return count > 0 ? SOTTO_OK : SOTTO_FAIL(AGAIN);
}

/* ---- inputs ---- */

static sotto_status went_online(live_self *self, seal_env *env, const seal_input *input) {
    if (input->fresh || !bytes_equal(self->full, input->jid)) {
        live_forget_all(self);
        live_let_go(self->host, &self->full);
        SOTTO_TRY(live_keep(self->host, input->jid, &self->full));
        SOTTO_TRY(live_close_gone(self, env, BYTES_NONE, NULL));
    }
    for (live_line *line = self->lines; line != NULL; line = line->next)
        line->deadline_ms = env->now_ms + LIVE_UNKNOWN_MS;
    self->online = true;
    self->ending = false;
    return SOTTO_OK;
}

static bool waits_for(const live_self *self, sotto_bytes bare) {
    for (const live_line *line = NULL; (line = live_line_beside(self, bare, line)) != NULL;)
        if (line->count > 0) return true;
    return false;
}

/* Somebody's resource came: what was wrong with it may be wrong no more. */
static sotto_status came_or_went(live_self *self, seal_env *env, const seal_input *input) {
    SOTTO_TRY(live_load(self, env)); /* which may give away the place of one that is idle */
    live_peer *peer = live_peer_find(self, input->jid);
    if (!input->available) {
        for (live_session *one = NULL; (one = live_session_beside(self, live_bare(input->jid), one)) != NULL;)
            if (bytes_equal(one->full, input->jid)) live_session_over(self, one);
        if (peer != NULL) peer->wanted = false;
        return live_close_gone(self, env, input->jid, NULL);
    }
    bool waited = waits_for(self, live_bare(input->jid));
    if (peer == NULL && !waited) return SOTTO_OK;
    sotto_status status = live_peer_of(self, input->jid, &peer);
    if (!sotto_ok(status)) return live_is_ours(status) ? status : SOTTO_OK;
    if (peer->ready != NULL) return SOTTO_OK;
    peer->refused = false;
    peer->failures = 0;
    peer->not_before_ms = 0;
    peer->reason = SOTTO_OK;
    peer->wanted = peer->wanted || waited;
    return SOTTO_OK;
}

/* Somebody began and did not go on, or acknowledges nothing: a frame was lost and nobody was told. */
static bool is_stuck(const live_self *self, const live_session *session, uint64_t now_ms) {
    if (session->over || session->wear.retiring || session->closing) return false;
    /* Of one that we began too: where too many questions were open it was never asked. */
    if (session->waits_ms != 0 && !session->proved) return now_ms - session->waits_ms >= LIVE_WAITS_MS;
    if (!session->proved) return now_ms - session->used_ms >= LIVE_ATTEMPT_MS;
    const live_line *line = live_line_find(self, session->bare, session->key);
    return line != NULL && line->count > 0 && now_ms - line->since_ms >= LIVE_TICK_MS;
}

static sotto_status look_around(live_self *self, seal_env *env) {
    self->tick_ms = 0;
    SOTTO_TRY(live_load(self, env));
    for (live_session *session = self->sessions; session != NULL; session = session->next) {
        if (!is_stuck(self, session, env->now_ms)) continue;
        live_session_failed(self, env, session, SOTTO_FAIL(TIMEOUT));
        SOTTO_TRY(env->changed(env, session->bare));
    }
    /* Another attempt, if anything still waits for it: rows, or what is held. */
    for (live_peer *peer = self->peers; peer != NULL; peer = peer->next) {
        if (!peer->wanted || peer->ready != NULL || peer->attempt != NULL || peer->not_before_ms > env->now_ms)
            continue;
        peer->wanted = waits_for(self, peer->bare);
        SOTTO_TRY(env->changed(env, peer->bare));
    }
    return SOTTO_OK;
}

typedef struct refusal {
    live_self *self;
    seal_env *env;
} refusal;

static sotto_status give_back_refused(void *arg, sotto_bytes jid, const uint8_t key[32], const live_row *row) {
    const refusal *r = arg;
    return live_stanza_back(r->self, r->env, jid, key, row, SOTTO_FAIL(NO_TRUSTED_DEVICE));
}

static sotto_status decided(live_self *self, seal_env *env, const seal_input *input) {
    refusal r = {self, env};
    SOTTO_TRY(live_load(self, env));
    SOTTO_TRY(live_opening_decided(self, env, input->jid, input->key, input->trust, input->word));
    if (input->trust != SOTTO_TRUST_DISTRUSTED) return SOTTO_OK;
    for (live_session *session = self->sessions; session != NULL; session = session->next) {
        if (!session->proved || !bytes_equal(session->bare, input->jid) || memcmp(session->key, input->key, 32) != 0)
            continue;
        live_close_session(self, session, LIVE_CLOSE_REFUSED, env->now_ms);
        SOTTO_TRY(live_close_gone(self, env, session->full, NULL));
    }
    return live_row_scan(env, input->jid, input->key, give_back_refused, &r);
}

static sotto_status live_input(void *arg, seal_env *env, const seal_input *input) {
    live_self *self = arg;
    sotto_event event = {.kind = SOTTO_EVENT_REFRESHED, .jid = input->jid};
    self->all = self->all || (input->kind != SEAL_INPUT_ANSWER && input->kind != SEAL_INPUT_PRESENCE);
    switch (input->kind) {
    case SEAL_INPUT_ONLINE:
        return went_online(self, env, input);
    case SEAL_INPUT_OFFLINE:
        self->online = false;
        return SOTTO_OK;
    case SEAL_INPUT_ANSWER:
        SOTTO_TRY(live_load(self, env));
        return live_answered(self, env, input);
    case SEAL_INPUT_TIMER:
        return look_around(self, env);
    case SEAL_INPUT_TRUST:
        return decided(self, env, input);
    case SEAL_INPUT_PRESENCE:
        return came_or_went(self, env, input);
    case SEAL_INPUT_REPAIR: /* with what was kept from sessions before, which may be why there is none */
        live_forget_jid(self, input->jid);
        SOTTO_TRY(live_secret_drop(self, env, live_bare(input->jid), NULL));
        return env->event(env, &event);
    case SEAL_INPUT_REFRESH: /* there is no list to look at: who is there shows in presence */
        return env->event(env, &event);
    case SEAL_INPUT_LEAVE:
        event.kind = SOTTO_EVENT_LEFT;
        event.jid = env->account;
        return env->event(env, &event);
    case SEAL_INPUT_JOB:
        return live_statement_judged(env, input->note, input->bytes);
    case SEAL_INPUT_STATEMENT:
        return live_statement_set(env, input->type, input->bytes);
    case SEAL_INPUT_PASSWORD:
        return live_password_typed(self, env, input);
    case SEAL_INPUT_FIRST:
        return live_opening_set(self, env, input->type);
    case SEAL_INPUT_ENDING:
        return live_close_all(self, env);
    case SEAL_INPUT_PEP:
    case SEAL_INPUT_ADOPT:
    case SEAL_INPUT_REMOVE:
    case SEAL_INPUT_RENAME:
    case SEAL_INPUT_CATCHUP: /* nothing of ours is in an archive */
        break;
    }
    return SOTTO_OK;
}

/* ---- keys ---- */

typedef struct key_list {
    const live_self *self;
    seal_env *env;
    sotto_bytes jid;
    seal_key *at;
    size_t count;
} key_list;

static sotto_status list_key(void *arg, const uint8_t key[32]) {
    key_list *list = arg;
    if (list->count > SOTTO_LIVE_KEYS_MAX) return SOTTO_OK;
    seal_key *added = &list->at[list->count++];
    SOTTO_TRY(live_key_of(list->env->arena, list->jid, key, added));
    added->active = false;
    for (const live_session *session = NULL; (session = live_session_beside(list->self, list->jid, session)) != NULL;)
        if (session->proved && !session->over && memcmp(session->key, key, 32) == 0) added->active = true;
    return SOTTO_OK;
}

static sotto_status live_list_keys(void *arg, seal_env *env, sotto_bytes jid, seal_keys *ret) {
    key_list list = {.self = arg, .env = env, .jid = jid};
    list.at = bytes_arena_take(env->arena, (SOTTO_LIVE_KEYS_MAX + 1) * sizeof *list.at);
    if (list.at == NULL) return SOTTO_FAIL(NO_MEMORY);
    if (bytes_equal(jid, env->account)) {
        SOTTO_TRY(live_key_of(env->arena, jid, list.self->identity.ed25519.bytes, &list.at[list.count]));
        list.at[list.count++].this_device = true;
    }
    SOTTO_TRY(live_row_keys(env, jid, list_key, &list));
    *ret = (seal_keys){list.at, list.count};
    return SOTTO_OK;
}

/* ---- the table ---- */

static const char *const claims[] = {LIVE_NS, NULL};
static const char *const none[] = {NULL};
static const char *const features[] = {LIVE_NS, NULL};

static const seal_class live_class = {
    .name = "live",
    .strength = 1,
    .can = SEAL_CAN_MESSAGE | SEAL_CAN_IQ | SEAL_CAN_PRESENCE,
    .carriers = SEAL_CAN_IQ,
    .claims = claims,
    .nodes = none,
    .features = features,
    .open = live_open,
    .close = live_close,
    .promise = live_promise,
    .protect = live_protect,
    .unprotect = live_unprotect,
    .input = live_input,
    .forget = live_forget,
    .list_keys = live_list_keys,
    .export_key = live_export_key,
    .flush = live_flush,
    .list_sessions = live_list_sessions,
};

const sotto_seal *sotto_seal_live(void) {
    return &live_class;
}
