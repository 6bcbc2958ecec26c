/* SPDX-License-Identifier: ISC
 *
 * Lists of sessions, peers and lines, and maps by which one of ten thousand is found: no step may take longer for what
 * it does not touch. */
#include "bytes/memory.h"
#include "seal/live/self.h"

sotto_status live_keep(const sotto_host *host, sotto_bytes from, sotto_bytes *ret) {
    uint8_t *at = bytes_new(host, from.len + 1);
    if (at == NULL) return SOTTO_FAIL(NO_MEMORY);
    if (from.len > 0) memcpy(at, from.at, from.len);
    *ret = bytes_of(at, from.len);
    return SOTTO_OK;
}

void live_let_go(const sotto_host *host, sotto_bytes *kept) {
    uint8_t *at;
    if (kept->at == NULL) return;
    memcpy(&at, &kept->at, sizeof at); /* it was ours before it was const */
    bytes_free(host, at, kept->len + 1);
    *kept = BYTES_NONE;
}

/* Of a normalized JID. */
sotto_bytes live_bare(sotto_bytes full) {
    const uint8_t *slash = full.len > 0 ? memchr(full.at, '/', full.len) : NULL;
    return slash != NULL ? bytes_of(full.at, (size_t)(slash - full.at)) : full;
}

/* ---- found by their names ---- */

typedef struct name_room {
    bytes_buffer buffer;
    uint8_t at[2 * (SOTTO_LIVE_JID_BYTES_MAX + 1) + 64];
} name_room;

/* one 0 other 0 rest: no JID has a zero in it. */
static sotto_bytes name_of(name_room *room, sotto_bytes one, sotto_bytes other, sotto_bytes rest) {
    sotto_bytes ret;
    bytes_buffer_borrowed(&room->buffer, room->at, sizeof room->at);
    bytes_buffer_put(&room->buffer, one);
    bytes_buffer_u8(&room->buffer, 0);
    if (other.len > 0) {
        bytes_buffer_put(&room->buffer, other);
        bytes_buffer_u8(&room->buffer, 0);
    }
    bytes_buffer_put(&room->buffer, rest);
    return sotto_ok(bytes_buffer_end(&room->buffer, &ret)) ? ret : BYTES_NONE;
}

static sotto_status put(bytes_map *map, sotto_bytes name, const void *pointer) {
    return bytes_map_put(map, name, bytes_of(&pointer, sizeof pointer));
}

static void *pointer_in(sotto_bytes value) {
    void *pointer;
    memcpy(&pointer, value.at, sizeof pointer);
    return pointer;
}

static void *get(const bytes_map *map, sotto_bytes name) {
    sotto_bytes value;
    return bytes_map_get(map, name, &value) ? pointer_in(value) : NULL;
}

/* The first behind `name` (with none: at `prefix`) that begins with the prefix. */
static void *get_beside(const bytes_map *map, sotto_bytes prefix, sotto_bytes name) {
    sotto_bytes found, value;
    bool is = bytes_map_from(map, name.len > 0 ? name : prefix, name.len > 0, &found, &value);
    return is && bytes_starts_with(found, prefix) ? pointer_in(value) : NULL;
}

/* ---- peers ---- */

static void touch_peer(live_self *self, live_peer *peer) {
    if (peer->ready != NULL) live_touch(self, peer->ready);
    if (peer->attempt != NULL) live_touch(self, peer->attempt);
    if (peer->touched) return;
    peer->touched = true;
    peer->next_touched = self->touched_peers;
    self->touched_peers = peer;
}

live_peer *live_peer_find(live_self *self, sotto_bytes full) {
    live_peer *peer = get(&self->by_full, full);
    if (peer != NULL) touch_peer(self, peer);
    return peer;
}

live_peer *live_peer_beside(const live_self *self, sotto_bytes bare, const live_peer *before) {
    name_room room;
    sotto_bytes prefix;
    bytes_buffer_borrowed(&room.buffer, room.at, sizeof room.at);
    bytes_buffer_put(&room.buffer, bare);
    bytes_buffer_u8(&room.buffer, '/');
    if (!sotto_ok(bytes_buffer_end(&room.buffer, &prefix))) return NULL;
    return get_beside(&self->by_full, prefix, before != NULL ? before->full : BYTES_NONE);
}

static void peer_free(live_self *self, live_peer *peer) {
    for (live_peer **at = &self->touched_peers; peer->touched && *at != NULL; at = &(*at)->next_touched)
        if (*at == peer) {
            *at = peer->next_touched;
            break;
        }
    bytes_map_remove(&self->by_full, peer->full);
    *peer->at = peer->next;
    if (peer->next != NULL) peer->next->at = peer->at;
    self->peer_count--;
    live_let_go(self->host, &peer->full);
    bytes_free(self->host, peer, sizeof *peer);
}

static bool is_idle(const live_self *self, const live_peer *peer) {
    bool counted = peer->hellos > 0 && peer->minute == self->minute;
    return peer->ready == NULL && peer->attempt == NULL && !peer->wanted && !counted;
}

/* One about whom nothing is under way makes room: of the same bare JID, whoever makes up resources by the hundred. */
static bool peers_room(live_self *self, sotto_bytes bare) {
    live_peer *idle = NULL;
    size_t own = 0;
    for (live_peer *peer = NULL; (peer = live_peer_beside(self, bare, peer)) != NULL; own++)
        if (idle == NULL && is_idle(self, peer)) idle = peer;
    if (own < SOTTO_LIVE_PEERS_OF_ONE && self->peer_count < SOTTO_LIVE_PEERS_MAX) return true;
    if (own < SOTTO_LIVE_PEERS_OF_ONE)
        for (idle = self->peers; idle != NULL && !is_idle(self, idle);) idle = idle->next;
    if (idle != NULL) peer_free(self, idle);
    return idle != NULL;
}

sotto_status live_peer_of(live_self *self, sotto_bytes full, live_peer **ret) {
    *ret = live_peer_find(self, full);
    if (*ret != NULL) return SOTTO_OK;
    if (full.len > SOTTO_LIVE_JID_BYTES_MAX) return SOTTO_FAIL(TOO_LARGE);
    if (!peers_room(self, live_bare(full))) return SOTTO_FAIL(AGAIN);
    live_peer *peer = bytes_new(self->host, sizeof *peer);
    if (peer == NULL) return SOTTO_FAIL(NO_MEMORY);
    sotto_status status = live_keep(self->host, full, &peer->full);
    if (sotto_ok(status)) status = put(&self->by_full, peer->full, peer);
    if (!sotto_ok(status)) {
        live_let_go(self->host, &peer->full);
        bytes_free(self->host, peer, sizeof *peer);
        return status;
    }
    peer->bare = live_bare(peer->full);
    peer->next = self->peers;
    peer->at = &self->peers;
    if (peer->next != NULL) peer->next->at = &peer->next;
    self->peers = *ret = peer;
    self->peer_count++;
    touch_peer(self, peer);
    return SOTTO_OK;
}

/* ---- lines ---- */

live_line *live_line_find(const live_self *self, sotto_bytes bare, const uint8_t key[32]) {
    name_room room;
    return get(&self->by_key, name_of(&room, bare, BYTES_NONE, bytes_of(key, 32)));
}

live_line *live_line_beside(const live_self *self, sotto_bytes bare, const live_line *before) {
    name_room room, name;
    sotto_bytes prefix = name_of(&room, bare, BYTES_NONE, BYTES_NONE), at = BYTES_NONE;
    if (before != NULL) at = name_of(&name, bare, BYTES_NONE, bytes_of(before->key, 32));
    return get_beside(&self->by_key, prefix, at);
}

static void touch_line(live_self *self, live_line *line) {
    if (line->touched) return;
    line->touched = true;
    line->next_touched = self->touched_lines;
    self->touched_lines = line;
}

sotto_status live_line_of(live_self *self, sotto_bytes bare, const uint8_t key[32], live_line **ret) {
    name_room room;
    *ret = live_line_find(self, bare, key);
    if (*ret != NULL) touch_line(self, *ret);
    if (*ret != NULL) return SOTTO_OK;
    live_line *line = bytes_new(self->host, sizeof *line);
    if (line == NULL) return SOTTO_FAIL(NO_MEMORY);
    sotto_status status = live_keep(self->host, bare, &line->bare);
    if (sotto_ok(status)) status = put(&self->by_key, name_of(&room, bare, BYTES_NONE, bytes_of(key, 32)), line);
    if (!sotto_ok(status)) {
        live_let_go(self->host, &line->bare);
        bytes_free(self->host, line, sizeof *line);
        return status;
    }
    memcpy(line->key, key, 32);
    line->deadline_ms = UINT64_MAX;
    line->next = self->lines;
    line->at = &self->lines;
    if (line->next != NULL) line->next->at = &line->next;
    self->lines = *ret = line;
    touch_line(self, line);
    return SOTTO_OK;
}

static void line_free(live_self *self, live_line *line) {
    name_room room;
    for (live_line **at = &self->touched_lines; line->touched && *at != NULL; at = &(*at)->next_touched)
        if (*at == line) {
            *at = line->next_touched;
            break;
        }
    bytes_map_remove(&self->by_key, name_of(&room, line->bare, BYTES_NONE, bytes_of(line->key, 32)));
    *line->at = line->next;
    if (line->next != NULL) line->next->at = line->at;
    live_let_go(self->host, &line->bare);
    bytes_free(self->host, line, sizeof *line);
}

/* ---- sessions ---- */

static sotto_bytes jid_name(name_room *room, const live_session *session) {
    return name_of(room, session->bare, session->full, bytes_of(session->id, LIVE_ID_BYTES));
}

live_session *live_session_find(live_self *self, const uint8_t id[LIVE_ID_BYTES]) {
    live_session *session = get(&self->by_id, bytes_of(id, LIVE_ID_BYTES));
    if (session == NULL || session->over) return NULL;
    live_touch(self, session);
    return session;
}

live_session *live_session_beside(const live_self *self, sotto_bytes bare, const live_session *before) {
    name_room room, name;
    sotto_bytes prefix = name_of(&room, bare, BYTES_NONE, BYTES_NONE);
    return get_beside(&self->by_jid, prefix, before != NULL ? jid_name(&name, before) : BYTES_NONE);
}

live_session *live_session_of_random(const live_self *self, const uint8_t random[32]) {
    return get(&self->by_random, bytes_of(random, 32));
}

void live_touch(live_self *self, live_session *session) {
    if (session->touched) return;
    session->touched = true;
    session->next_touched = self->touched_sessions;
    self->touched_sessions = session;
}

static void remove_if(bytes_map *map, sotto_bytes name, const live_session *session) {
    if (get(map, name) == session) bytes_map_remove(map, name);
}

static void unlist(live_self *self, const live_session *session) {
    name_room room;
    remove_if(&self->by_id, bytes_of(session->id, LIVE_ID_BYTES), session);
    remove_if(&self->by_jid, jid_name(&room, session), session);
    remove_if(&self->by_random, bytes_of(session->random, sizeof session->random), session);
}

sotto_status live_session_list(live_self *self, live_session *session) {
    name_room room;
    sotto_status status = put(&self->by_id, bytes_of(session->id, LIVE_ID_BYTES), session);
    if (sotto_ok(status)) status = put(&self->by_jid, jid_name(&room, session), session);
    if (sotto_ok(status) && session->initiator)
        status = put(&self->by_random, bytes_of(session->random, sizeof session->random), session);
    if (!sotto_ok(status)) {
        unlist(self, session);
        return status;
    }
    session->next = self->sessions;
    session->at = &self->sessions;
    if (session->next != NULL) session->next->at = &session->next;
    self->sessions = session;
    self->session_count++;
    live_touch(self, session);
    return SOTTO_OK;
}

void live_session_free(live_self *self, live_session *session) {
    tls_engine_free(session->tls);
    live_password_drop(self, session);
    while (session->early != NULL) {
        live_early *early = session->early;
        session->early = early->next;
        bytes_free(self->host, early, sizeof *early + early->len);
    }
    bytes_buffer_free(&session->records);
    bytes_buffer_free(&session->plain);
    live_let_go(self->host, &session->full);
    live_let_go(self->host, &session->secret_jid);
    bytes_free(self->host, session, sizeof *session);
}

void live_session_over(live_self *self, live_session *session) {
    if (session->over) return;
    live_peer *peer = live_peer_find(self, session->full);
    session->over = true;
    session->next_over = self->over;
    self->over = session;
    if (peer != NULL && peer->ready == session) peer->ready = NULL;
    if (peer != NULL && peer->attempt == session) peer->attempt = NULL;
}

void live_sweep(live_self *self) {
    live_session *over = self->over;
    self->over = NULL;
    if (over == NULL) return;
    for (live_session **at = &self->touched_sessions; *at != NULL;) {
        if ((*at)->over)
            *at = (*at)->next_touched;
        else
            at = &(*at)->next_touched;
    }
    while (over != NULL) {
        live_session *session = over;
        over = session->next_over;
        unlist(self, session);
        *session->at = session->next;
        if (session->next != NULL) session->next->at = session->at;
        self->session_count--;
        live_session_free(self, session);
    }
}

void live_rest(live_self *self) {
    for (live_session *one = self->touched_sessions; one != NULL; one = one->next_touched) {
        one->touched = false;
        live_session_idle(self, one);
    }
    for (live_peer *one = self->touched_peers; one != NULL; one = one->next_touched) one->touched = false;
    for (live_line *one = self->touched_lines; one != NULL; one = one->next_touched) one->touched = false;
    self->touched_sessions = NULL;
    self->touched_peers = NULL;
    self->touched_lines = NULL;
    self->all = false;
}

/* ---- forgetting ---- */

void live_forget_all(live_self *self) {
    for (live_session *session = self->sessions; session != NULL; session = session->next)
        live_session_over(self, session);
    live_sweep(self);
    live_rest(self);
    while (self->peers != NULL) peer_free(self, self->peers);
    while (self->lines != NULL) line_free(self, self->lines);
    live_secret_forget(self);
    self->loaded = false;
    self->tick_ms = 0;
}

/* The numbers of others go on; loading looks up whoever is still waited for. */
void live_forget_jid(live_self *self, sotto_bytes bare) {
    live_session *session = NULL;
    live_peer *peer;
    live_line *line;
    while ((session = live_session_beside(self, bare, session)) != NULL) live_session_over(self, session);
    live_sweep(self);
    while ((peer = live_peer_beside(self, bare, NULL)) != NULL) peer_free(self, peer);
    while ((line = live_line_beside(self, bare, NULL)) != NULL) line_free(self, line);
    self->loaded = false;
}
