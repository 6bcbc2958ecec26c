/* SPDX-License-Identifier: ISC
 *
 * Records: 'P' full JID → the key whose presence was handed on. */
#include "seal/live/close.h"

#include "bytes/memory.h"
#include "seal/live/self.h"
#include "stanza/writer.h"

#define PRESENT_VERSION 1u
#define PRESENT_BYTES   (1u + 32u)

/* ---- saying so ---- */

static void set_apart(live_self *self, const live_session *session) {
    live_peer *peer = live_peer_find(self, session->full);
    if (peer != NULL && peer->ready == session) peer->ready = NULL;
}

void live_close_session(live_self *self, live_session *session, live_close_reason reason, uint64_t now_ms) {
    if (session->over || session->closing) return;
    if (!session->proved || session->wear.retiring) {
        live_session_over(self, session);
        return;
    }
    session->closing = true;
    session->close_reason = (uint8_t)reason;
    session->closing_until_ms = now_ms + LIVE_CLOSING_MS;
    set_apart(self, session);
}

sotto_status live_close_flush(live_self *self, live_session *session) {
    const live_line *line = live_line_find(self, session->bare, session->key);
    live_message close = {.kind = LIVE_CLOSE, .type = session->close_reason};
    if (!session->closing || session->close_said) return SOTTO_OK;
    if (line != NULL && line->has_epoch) {
        close.number = line->number;
        memcpy(close.epoch, line->epoch, sizeof close.epoch);
    }
    session->close_said = true;
    sotto_status status = live_session_write(self, session, &close);
    if (live_is_ours(status)) return status;
    if (!sotto_ok(status)) live_session_over(self, session); /* TLS is broken: nothing can be said any more */
    return SOTTO_OK;
}

sotto_status live_close_all(live_self *self, seal_env *env) {
    self->ending = true;
    for (live_session *session = self->sessions; session != NULL; session = session->next)
        live_close_session(self, session, LIVE_CLOSE_ENDED, env->now_ms);
    return live_close_gone(self, env, BYTES_NONE, NULL);
}

/* ---- being told ---- */

static sotto_status tell_missing(seal_env *env, const live_session *session, uint64_t missing) {
    seal_key key;
    SOTTO_TRY(live_key_of(env->arena, session->bare, session->key, &key));
    sotto_event event = {.kind = SOTTO_EVENT_CUT_SHORT,
                         .jid = key.jid,
                         .number = missing < UINT32_MAX ? (uint32_t)missing : UINT32_MAX,
                         .key = {.jid = key.jid, .device = key.device, .known = true}};
    memcpy(event.key.key, key.key, sizeof event.key.key);
    memcpy(event.key.fingerprint, key.fingerprint, sizeof event.key.fingerprint);
    SOTTO_TRY(env->trust(env, key.jid, key.key, &event.key.trust));
    return env->event(env, &event);
}

/* Rows for this key wait for its next presence, or two minutes: whoever closed is not to be called back at once. */
static void leave_alone(live_self *self, seal_env *env, const live_session *session, uint8_t reason) {
    live_peer *peer = live_peer_find(self, session->full);
    const live_line *line = live_line_find(self, session->bare, session->key);
    if (peer == NULL || peer->ready != session) return;
    bool refused = reason == LIVE_CLOSE_REFUSED;
    peer->wanted = line != NULL && line->count > 0;
    peer->not_before_ms = env->now_ms + (refused ? LIVE_BACKOFF_MAX : LIVE_CONFLICT_MS);
    if (refused) peer->reason = SOTTO_FAIL(SERVER_REFUSED);
}

/* What came before it is acknowledged in the answer: nothing else will be. */
static sotto_status acknowledge_all(live_self *self, live_session *session) {
    live_message have = {.kind = LIVE_HAVE, .number = session->number};
    if (!session->owes) return SOTTO_OK;
    memcpy(have.epoch, session->epoch, sizeof have.epoch);
    session->owes = false;
    sotto_status status = live_session_write(self, session, &have);
    return live_is_ours(status) ? status : SOTTO_OK;
}

sotto_status live_close_take(live_self *self, seal_env *env, live_session *session, const live_message *close) {
    uint64_t last = 0;
    SOTTO_TRY(acknowledge_all(self, session));
    if (close->number > 0) SOTTO_TRY(live_row_last(env, session->bare, session->key, close->epoch, &last));
    if (close->number > last) SOTTO_TRY(tell_missing(env, session, close->number - last));
    leave_alone(self, env, session, close->type);
    session->closed = true;
    live_session_over(self, session);
    if (session->wear.retiring || close->type == LIVE_CLOSE_REPLACED) return SOTTO_OK;
    SOTTO_TRY(live_close_gone(self, env, session->full, NULL));
    return env->changed(env, session->bare);
}

/* ---- presence ---- */

typedef struct present_name {
    uint8_t at[1 + SOTTO_LIVE_JID_BYTES_MAX];
    sotto_bytes bytes;
} present_name;

static bool name_of(present_name *name, sotto_bytes jid) {
    if (jid.len > SOTTO_LIVE_JID_BYTES_MAX) return false;
    name->at[0] = 'P';
    if (jid.len > 0) memcpy(name->at + 1, jid.at, jid.len);
    name->bytes = bytes_of(name->at, 1 + jid.len);
    return true;
}

static sotto_status count_one(void *arg, sotto_bytes name, sotto_bytes value) {
    (void)name;
    (void)value;
    ++*(size_t *)arg;
    return SOTTO_OK;
}

sotto_status live_close_present(seal_env *env, const live_session *session, const stanza_element *stanza) {
    present_name name;
    uint8_t value[PRESENT_BYTES] = {PRESENT_VERSION};
    sotto_bytes type = stanza_attribute_of(stanza, "type"), before;
    size_t count = 0;
    if (!stanza_is(stanza, "presence", STANZA_NS_CLIENT) || !name_of(&name, session->full)) return SOTTO_OK;
    sotto_status status = env->get(env, name.bytes, &before);
    if (!sotto_is(status, SOTTO_E_NOT_FOUND)) SOTTO_TRY(status);
    bool known = sotto_ok(status);
    if (bytes_is(type, "unavailable")) return known ? env->put(env, name.bytes, BYTES_NONE) : SOTTO_OK;
    if (type.len > 0) return SOTTO_OK;
    memcpy(value + 1, session->key, 32);
    if (known && bytes_equal(before, bytes_of(value, sizeof value))) return SOTTO_OK;
    if (!known) SOTTO_TRY(env->scan(env, BYTES_LITERAL("P"), count_one, &count));
    if (count >= SOTTO_LIVE_PRESENCES_MAX) return SOTTO_OK;
    return env->put(env, name.bytes, bytes_of(value, sizeof value));
}

typedef struct gone_scan {
    live_self *self;
    seal_env *env;
    sotto_bytes jid;
    const uint8_t *key;
} gone_scan;

static sotto_status say_gone(live_self *self, seal_env *env, sotto_bytes full, const uint8_t key[32]) {
    seal_opened opened = {.outcome = SEAL_OPENED};
    bytes_buffer out;
    stanza_writer w;
    sotto_bytes written;
    bytes_arena_mark mark = bytes_arena_here(env->arena);
    SOTTO_TRY(live_key_of(env->arena, live_bare(full), key, &opened.key));
    bytes_buffer_owned(&out, self->host, SOTTO_STANZA_BYTES_MAX);
    stanza_writer_init(&w, &out, STANZA_NS_CLIENT);
    stanza_open_as(&w, BYTES_LITERAL("presence"), BYTES_LITERAL(STANZA_NS_CLIENT));
    stanza_put(&w, "from", full);
    if (self->full.len > 0) stanza_put(&w, "to", self->full);
    stanza_put(&w, "type", BYTES_LITERAL("unavailable"));
    stanza_close(&w);
    sotto_status status = bytes_buffer_end(&out, &written);
    if (sotto_ok(status) && !bytes_arena_copy(env->arena, written, &opened.stanza)) status = SOTTO_FAIL(NO_MEMORY);
    bytes_buffer_free(&out);
    if (sotto_ok(status)) status = env->deliver(env, &opened);
    bytes_arena_back(env->arena, mark);
    return status;
}

static sotto_status end_one(void *arg, sotto_bytes name, sotto_bytes value) {
    const gone_scan *scan = arg;
    present_name own;
    if (name.len < 2 || value.len != PRESENT_BYTES || value.at[0] != PRESENT_VERSION) return SOTTO_FAIL(STORE_CORRUPT);
    sotto_bytes full = bytes_after(name, 1);
    bool meant = scan->jid.len == 0 || bytes_equal(full, scan->jid) || bytes_equal(live_bare(full), scan->jid);
    if (!meant || (scan->key != NULL && memcmp(value.at + 1, scan->key, 32) == 0)) return SOTTO_OK;
    if (!name_of(&own, full)) return SOTTO_FAIL(STORE_CORRUPT);
    SOTTO_TRY(say_gone(scan->self, scan->env, full, value.at + 1));
    return scan->env->put(scan->env, own.bytes, BYTES_NONE);
}

sotto_status live_close_gone(live_self *self, seal_env *env, sotto_bytes jid, const uint8_t *key) {
    gone_scan scan = {self, env, jid, key};
    present_name prefix;
    if (!name_of(&prefix, jid)) return SOTTO_OK;
    return env->scan(env, prefix.bytes, end_one, &scan);
}
