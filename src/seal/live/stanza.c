/* SPDX-License-Identifier: ISC
 *
 * Stanzas in and out of a proved session, and what becomes of those that were not acknowledged. */
#include "bytes/memory.h"
#include "seal/live/self.h"
#include "stanza/writer.h"

/* ---- arrived ---- */

/* From and to are those of the channel, whatever is written inside: nothing else was proved. */
static sotto_status write_opened(bytes_buffer *out, const stanza_element *stanza, sotto_bytes from, sotto_bytes to) {
    stanza_writer w;
    sotto_bytes written;
    stanza_writer_init(&w, out, STANZA_NS_CLIENT);
    stanza_open_as(&w, stanza->name, stanza->ns);
    stanza_put(&w, "from", from);
    stanza_put(&w, "to", to);
    for (const stanza_attribute *a = stanza->attributes; a != NULL; a = a->next)
        if (a->ns.len > 0 || (!bytes_is(a->name, "from") && !bytes_is(a->name, "to"))) stanza_put_ns(&w, a);
    for (const stanza_node *node = stanza->first; node != NULL; node = node->next) {
        if (node->element != NULL)
            stanza_copy(&w, node->element);
        else
            stanza_write(&w, node->text);
    }
    stanza_close(&w);
    return bytes_buffer_end(out, &written);
}

static bool is_stanza(const stanza_element *element) {
    return stanza_is(element, "message", STANZA_NS_CLIENT) || stanza_is(element, "presence", STANZA_NS_CLIENT) ||
           stanza_is(element, "iq", STANZA_NS_CLIENT);
}

static sotto_status open_stanza(live_self *self, seal_env *env, const live_session *session, sotto_bytes text,
                                const stanza_element **ret_inside, sotto_bytes *ret) {
    const stanza_element *stanza;
    sotto_bytes written;
    SOTTO_TRY(stanza_parser_read(env->parser, env->arena, text, &stanza));
    if (!is_stanza(stanza)) return SOTTO_FAIL(MALFORMED);
    *ret_inside = stanza;
    bytes_buffer out;
    bytes_buffer_owned(&out, self->host, SOTTO_STANZA_BYTES_MAX + 2 * SOTTO_JID_BYTES_MAX);
    sotto_status status = write_opened(&out, stanza, session->full, self->full);
    if (sotto_ok(status)) status = bytes_buffer_end(&out, &written);
    if (sotto_ok(status) && !bytes_arena_copy(env->arena, written, ret)) status = SOTTO_FAIL(NO_MEMORY);
    bytes_buffer_free(&out);
    return status;
}

/* One that cannot be read is told and acknowledged: sent again it would be no better. */
static sotto_status deliver(live_self *self, seal_env *env, const live_session *session, sotto_bytes text) {
    seal_opened opened = {.outcome = SEAL_OPENED};
    const stanza_element *inside = NULL;
    bytes_arena_mark mark = bytes_arena_here(env->arena); /* one session may bring many */
    SOTTO_TRY(live_key_of(env->arena, session->bare, session->key, &opened.key));
    sotto_status status = open_stanza(self, env, session, text, &inside, &opened.stanza);
    if (live_is_ours(status)) return status;
    if (!sotto_ok(status)) {
        opened.outcome = SEAL_UNREADABLE;
        opened.reason = status;
    }
    SOTTO_TRY(env->deliver(env, &opened));
    if (sotto_ok(status)) SOTTO_TRY(live_close_present(env, session, inside));
    bytes_arena_back(env->arena, mark);
    return SOTTO_OK;
}

sotto_status live_stanza_arrived(live_self *self, seal_env *env, live_session *session, const live_message *message) {
    bool is_new;
    live_rekey_count(session, message->stanza.len, env->now_ms);
    if (session->owes && memcmp(session->epoch, message->epoch, LIVE_EPOCH_BYTES) != 0) {
        live_message have = {.kind = LIVE_HAVE, .number = session->number};
        memcpy(have.epoch, session->epoch, sizeof have.epoch);
        SOTTO_TRY(live_session_write(self, session, &have));
    }
    SOTTO_TRY(live_row_received(env, session->bare, session->key, message->epoch, message->number, &is_new));
    session->owes = true;
    session->number = message->number;
    memcpy(session->epoch, message->epoch, sizeof session->epoch);
    return is_new ? deliver(self, env, session, message->stanza) : SOTTO_OK;
}

/* ---- gone ---- */

static sotto_status tell(seal_env *env, sotto_event_kind kind, sotto_bytes jid, const uint8_t key[32],
                         const live_row *row, sotto_status reason) {
    seal_key named;
    const stanza_element *stanza;
    bytes_arena_mark mark = bytes_arena_here(env->arena);
    SOTTO_TRY(live_key_of(env->arena, jid, key, &named));
    sotto_event event = {.kind = kind,
                         .ticket = row->ticket,
                         .jid = named.jid,
                         .reason = reason,
                         .key = {.jid = named.jid, .device = named.device, .known = true, .active = true}};
    memcpy(event.key.key, named.key, sizeof event.key.key);
    memcpy(event.key.fingerprint, named.fingerprint, sizeof event.key.fingerprint);
    SOTTO_TRY(env->trust(env, named.jid, named.key, &event.key.trust));
    if (sotto_ok(stanza_parser_read(env->parser, env->arena, row->stanza, &stanza)))
        event.text = stanza_attribute_of(stanza, "id");
    SOTTO_TRY(env->event(env, &event));
    bytes_arena_back(env->arena, mark);
    return SOTTO_OK;
}

static sotto_status drop_row(live_self *self, seal_env *env, sotto_bytes jid, const uint8_t key[32], uint64_t order) {
    live_line *line = live_line_find(self, jid, key);
    if (line != NULL && line->count > 0) line->count--;
    return live_row_remove(env, jid, key, order);
}

sotto_status live_stanza_back(live_self *self, seal_env *env, sotto_bytes jid, const uint8_t key[32],
                              const live_row *row, sotto_status reason) {
    SOTTO_TRY(tell(env, SOTTO_EVENT_DELIVERY_UNKNOWN, jid, key, row, reason));
    return drop_row(self, env, jid, key, row->order);
}

typedef struct stored_scan {
    live_self *self;
    seal_env *env;
    const live_message *have;
    bool any;
} stored_scan;

static sotto_status drop_stored(void *arg, sotto_bytes jid, const uint8_t key[32], const live_row *row) {
    stored_scan *scan = arg;
    if (memcmp(row->epoch, scan->have->epoch, LIVE_EPOCH_BYTES) != 0 || row->number > scan->have->number)
        return SOTTO_OK;
    scan->any = true;
    SOTTO_TRY(tell(scan->env, SOTTO_EVENT_DELIVERED, jid, key, row, SOTTO_OK));
    return drop_row(scan->self, scan->env, jid, key, row->order);
}

sotto_status live_stanza_stored(live_self *self, seal_env *env, live_session *session, const live_message *message) {
    stored_scan scan = {self, env, message, false};
    live_line *line = live_line_find(self, session->bare, session->key);
    live_peer *peer = live_peer_find(self, session->full);
    if (line == NULL || line->count == 0) return SOTTO_OK;
    SOTTO_TRY(live_row_scan(env, session->bare, session->key, drop_stored, &scan));
    if (!scan.any) return SOTTO_OK;
    line->deadline_ms = env->now_ms + LIVE_UNKNOWN_MS;
    line->since_ms = env->now_ms;
    if (peer != NULL) peer->failures = 0;
    if (!line->was_full) return SOTTO_OK;
    line->was_full = false;
    return env->changed(env, session->bare);
}

typedef struct replaced_scan {
    live_self *self;
    seal_env *env;
    const live_session *session;
} replaced_scan;

static sotto_status give_back_replaced(void *arg, sotto_bytes jid, const uint8_t key[32], const live_row *row) {
    const replaced_scan *scan = arg;
    if (memcmp(key, scan->session->key, 32) == 0 || !bytes_equal(row->full, scan->session->full)) return SOTTO_OK;
    return live_stanza_back(scan->self, scan->env, jid, key, row, SOTTO_FAIL(KEY_CHANGED));
}

sotto_status live_stanza_replaced(live_self *self, seal_env *env, const live_session *session) {
    replaced_scan scan = {self, env, session};
    return live_row_scan(env, session->bare, NULL, give_back_replaced, &scan);
}
