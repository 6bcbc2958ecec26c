/* SPDX-License-Identifier: ISC
 *
 * The end of a step: sessions that are wanted begin, rows that their session was not given yet go into TLS, and records
 * leave. Whatever was forgotten is made again here, so nothing else has to know about forgetting. */
#include "bytes/memory.h"
#include "seal/live/self.h"
#include "stanza/writer.h"

#define RECORDS_AHEAD (64u * 1024u) /* made before they can leave: further rows wait in the store */

/* ---- what the rows say ---- */

typedef struct row_work {
    live_self *self;
    seal_env *env;
} row_work;

static sotto_status load_row(void *arg, sotto_bytes jid, const uint8_t key[32], const live_row *row) {
    const row_work *work = arg;
    live_line *line;
    live_peer *peer;
    SOTTO_TRY(live_line_of(work->self, jid, key, &line));
    line->count++;
    if (row->order > line->order) line->order = row->order;
    line->deadline_ms = work->env->now_ms + LIVE_UNKNOWN_MS;
    sotto_status status = live_peer_of(work->self, row->full, &peer);
    if (!sotto_ok(status)) return live_is_ours(status) ? status : SOTTO_OK;
    peer->wanted = peer->ready == NULL;
    return SOTTO_OK;
}

sotto_status live_load(live_self *self, seal_env *env) {
    row_work work = {self, env};
    if (self->loaded) return SOTTO_OK;
    for (live_line *line = self->lines; line != NULL; line = line->next) line->count = 0;
    SOTTO_TRY(live_opening_load(self, env));
    SOTTO_TRY(live_row_scan(env, BYTES_NONE, NULL, load_row, &work));
    self->loaded = self->all = true;
    return SOTTO_OK;
}

/* ---- too late ---- */

static sotto_status give_back_late(void *arg, sotto_bytes jid, const uint8_t key[32], const live_row *row) {
    const row_work *work = arg;
    return live_stanza_back(work->self, work->env, jid, key, row, SOTTO_FAIL(TIMEOUT));
}

static sotto_status give_up(live_self *self, seal_env *env) {
    row_work work = {self, env};
    for (live_line *line = live_first_line(self); line != NULL; line = live_after_line(self, line))
        if (line->count > 0 && line->deadline_ms <= env->now_ms)
            SOTTO_TRY(live_row_scan(env, line->bare, line->key, give_back_late, &work));
    return SOTTO_OK;
}

/* ---- beginning ---- */

static sotto_status begin(live_self *self, seal_env *env, live_peer *peer) {
    live_session *session;
    sotto_status status = live_session_new(self, env, peer->full, NULL, &session);
    if (!sotto_ok(status)) return live_is_ours(status) ? status : SOTTO_FAIL(CRYPTO_FAILED);
    peer->attempt = session;
    return SOTTO_OK;
}

static sotto_status begin_wanted(live_self *self, seal_env *env) {
    for (live_peer *peer = live_first_peer(self); peer != NULL; peer = live_after_peer(self, peer))
        if (peer->wanted && peer->ready == NULL && peer->attempt == NULL && peer->not_before_ms <= env->now_ms)
            SOTTO_TRY(begin(self, env, peer));
    return SOTTO_OK;
}

/* ---- rows into TLS ---- */

typedef struct push_work {
    live_self *self;
    seal_env *env;
    live_session *session;
    bool asked, accepted;
    sotto_trust trust;
} push_work;

static sotto_status may_send(push_work *work, const live_row *row, bool *ret) {
    const live_session *session = work->session;
    if (!work->asked) {
        SOTTO_TRY(work->env->trust(work->env, session->bare, session->key, &work->trust));
        SOTTO_TRY(work->env->accepted(work->env, session->bare, session->key, &work->accepted));
        work->asked = true;
    }
    *ret = work->accepted && work->trust != SOTTO_TRUST_DISTRUSTED && work->trust >= row->trust;
    return SOTTO_OK;
}

/* What was for another resource of the same key: a message is for the person, anything else was for that resource. */
static bool is_for(const push_work *work, const live_row *row) {
    const stanza_element *stanza;
    bytes_arena_mark mark = bytes_arena_here(work->env->arena); /* there may be a thousand */
    if (bytes_equal(row->full, work->session->full)) return true;
    bool is = sotto_ok(stanza_parser_read(work->env->parser, work->env->arena, row->stanza, &stanza)) &&
              stanza_is(stanza, "message", STANZA_NS_CLIENT);
    bytes_arena_back(work->env->arena, mark);
    return is;
}

static sotto_status push_row(void *arg, sotto_bytes jid, const uint8_t key[32], const live_row *row) {
    push_work *work = arg;
    live_session *session = work->session;
    bool may;
    if (session->over || row->order <= session->pushed || session->records.len > RECORDS_AHEAD) return SOTTO_OK;
    SOTTO_TRY(may_send(work, row, &may));
    if (!may) return live_stanza_back(work->self, work->env, jid, key, row, SOTTO_FAIL(NO_TRUSTED_DEVICE));
    if (!is_for(work, row)) return live_stanza_back(work->self, work->env, jid, key, row, SOTTO_FAIL(NO_SESSION));
    live_message data = {.kind = LIVE_DATA, .number = row->number, .stanza = row->stanza};
    memcpy(data.epoch, row->epoch, sizeof data.epoch);
    sotto_status status = live_session_write(work->self, session, &data);
    if (live_is_ours(status)) return status;
    if (!sotto_ok(status)) live_session_failed(work->self, work->env, session, status);
    live_rekey_count(session, row->stanza.len, work->env->now_ms);
    session->pushed = row->order;
    return SOTTO_OK;
}

static sotto_status push(live_self *self, seal_env *env, live_session *session) {
    const live_line *line = session->proved ? live_line_find(self, session->bare, session->key) : NULL;
    push_work work = {.self = self, .env = env, .session = session};
    if (session->wear.retiring || session->close_said || session->close_reason > LIVE_CLOSE_ENDED) return SOTTO_OK;
    if (line == NULL || line->count == 0 || line->order <= session->pushed) return SOTTO_OK;
    return live_row_scan(env, session->bare, session->key, push_row, &work);
}

static sotto_status leave(live_self *self, seal_env *env, live_session *session) {
    while (session->waiting < SOTTO_LIVE_WINDOW) {
        sotto_bytes frame;
        bool is;
        SOTTO_TRY(live_session_frame(session, env->arena, self->host, &frame, &is));
        if (!is) break;
        SOTTO_TRY(live_ask(self, env, session, frame));
    }
    return SOTTO_OK;
}

static sotto_status send_out(live_self *self, seal_env *env, live_session *session) {
    if (!session->over) SOTTO_TRY(live_statement_flush(self, env, session));
    if (!session->over) SOTTO_TRY(push(self, env, session));
    if (!session->over) SOTTO_TRY(live_close_flush(self, session));
    if (!session->over) SOTTO_TRY(leave(self, env, session));
    bool all_told = session->close_said && session->records.len == 0 && session->waiting == 0;
    if (all_told) live_session_over(self, session);
    return SOTTO_OK;
}

/* ---- later ---- */

static sotto_status set_tick(live_self *self, seal_env *env) {
    uint64_t at = UINT64_MAX;
    for (const live_peer *peer = live_first_peer(self); peer != NULL; peer = live_after_peer(self, peer)) {
        if (peer->attempt != NULL && at > env->now_ms + LIVE_TICK_MS) at = env->now_ms + LIVE_TICK_MS;
        if (peer->wanted && peer->attempt == NULL && peer->not_before_ms > env->now_ms && at > peer->not_before_ms)
            at = peer->not_before_ms;
    }
    for (const live_line *line = live_first_line(self); line != NULL; line = live_after_line(self, line)) {
        if (line->count > 0 && at > env->now_ms + LIVE_TICK_MS) at = env->now_ms + LIVE_TICK_MS;
        if (line->count > 0 && at > line->deadline_ms) at = line->deadline_ms;
    }
    if (at > live_rekey_next(self, env->now_ms)) at = live_rekey_next(self, env->now_ms);
    if (at > live_password_next(self)) at = live_password_next(self);
    if (at == UINT64_MAX || (self->tick_ms != 0 && self->tick_ms <= at)) return SOTTO_OK;
    SOTTO_TRY(env->timer(env, BYTES_LITERAL("t"), at));
    self->tick_ms = at;
    return SOTTO_OK;
}

sotto_status live_flush(void *arg, seal_env *env) {
    live_self *self = arg;
    SOTTO_TRY(live_load(self, env));
    self->all = self->all || env->now_ms < self->flushed_ms; /* the clock was set back: no timer will come in time */
    self->flushed_ms = env->now_ms;
    if (self->online) {
        SOTTO_TRY(give_up(self, env));
        if (!self->ending) SOTTO_TRY(begin_wanted(self, env));
        SOTTO_TRY(live_rekey_flush(self, env));
        SOTTO_TRY(live_password_flush(self, env));
        for (live_session *session = live_first(self); session != NULL; session = live_after(self, session))
            SOTTO_TRY(send_out(self, env, session));
        SOTTO_TRY(set_tick(self, env));
    }
    live_sweep(self);
    live_rest(self);
    return SOTTO_OK;
}
