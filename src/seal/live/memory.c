/* SPDX-License-Identifier: ISC
 *
 * Lists of sessions, peers and lines. All are short: limits.h bounds the first two, and a line needs a key that proved
 * itself. */
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

/* ---- peers ---- */

live_peer *live_peer_find(live_self *self, sotto_bytes full) {
    for (live_peer *peer = self->peers; peer != NULL; peer = peer->next)
        if (bytes_equal(peer->full, full)) return peer;
    return NULL;
}

static void peer_free(live_self *self, live_peer *peer) {
    live_let_go(self->host, &peer->full);
    bytes_free(self->host, peer, sizeof *peer);
}

/* One about whom nothing is under way makes room. */
static bool peers_room(live_self *self) {
    if (self->peer_count < SOTTO_LIVE_PEERS_MAX) return true;
    for (live_peer **at = &self->peers; *at != NULL; at = &(*at)->next) {
        live_peer *idle = *at;
        bool counted = idle->hellos > 0 && idle->minute == self->minute;
        if (idle->ready != NULL || idle->attempt != NULL || idle->wanted || counted) continue;
        *at = idle->next;
        peer_free(self, idle);
        self->peer_count--;
        return true;
    }
    return false;
}

sotto_status live_peer_of(live_self *self, sotto_bytes full, live_peer **ret) {
    *ret = live_peer_find(self, full);
    if (*ret != NULL) return SOTTO_OK;
    if (full.len > SOTTO_LIVE_JID_BYTES_MAX) return SOTTO_FAIL(TOO_LARGE);
    if (!peers_room(self)) return SOTTO_FAIL(AGAIN);
    live_peer *peer = bytes_new(self->host, sizeof *peer);
    if (peer == NULL) return SOTTO_FAIL(NO_MEMORY);
    sotto_status status = live_keep(self->host, full, &peer->full);
    if (!sotto_ok(status)) {
        bytes_free(self->host, peer, sizeof *peer);
        return status;
    }
    peer->bare = live_bare(peer->full);
    peer->next = self->peers;
    self->peers = *ret = peer;
    self->peer_count++;
    return SOTTO_OK;
}

/* ---- lines ---- */

live_line *live_line_find(const live_self *self, sotto_bytes bare, const uint8_t key[32]) {
    for (live_line *line = self->lines; line != NULL; line = line->next)
        if (bytes_equal(line->bare, bare) && memcmp(line->key, key, 32) == 0) return line;
    return NULL;
}

sotto_status live_line_of(live_self *self, sotto_bytes bare, const uint8_t key[32], live_line **ret) {
    *ret = live_line_find(self, bare, key);
    if (*ret != NULL) return SOTTO_OK;
    live_line *line = bytes_new(self->host, sizeof *line);
    if (line == NULL) return SOTTO_FAIL(NO_MEMORY);
    sotto_status status = live_keep(self->host, bare, &line->bare);
    if (!sotto_ok(status)) {
        bytes_free(self->host, line, sizeof *line);
        return status;
    }
    memcpy(line->key, key, 32);
    line->deadline_ms = UINT64_MAX;
    line->next = self->lines;
    self->lines = *ret = line;
    return SOTTO_OK;
}

/* Of one JID; BYTES_NONE: all. */
static void lines_free(live_self *self, sotto_bytes bare) {
    live_line **at = &self->lines;
    while (*at != NULL) {
        live_line *line = *at;
        if (bare.len > 0 && !bytes_equal(line->bare, bare)) {
            at = &line->next;
            continue;
        }
        *at = line->next;
        live_let_go(self->host, &line->bare);
        bytes_free(self->host, line, sizeof *line);
    }
}

/* ---- sessions ---- */

static void session_free(live_self *self, live_session *session) {
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
    session->over = true;
    for (live_peer *peer = self->peers; peer != NULL; peer = peer->next) {
        if (peer->ready == session) peer->ready = NULL;
        if (peer->attempt == session) peer->attempt = NULL;
    }
}

void live_sweep(live_self *self) {
    live_session **at = &self->sessions;
    while (*at != NULL) {
        live_session *session = *at;
        if (!session->over) {
            at = &session->next;
            continue;
        }
        *at = session->next;
        session_free(self, session);
        self->session_count--;
    }
}

void live_forget_all(live_self *self) {
    for (live_session *session = self->sessions; session != NULL; session = session->next) session->over = true;
    live_sweep(self);
    while (self->peers != NULL) {
        live_peer *peer = self->peers;
        self->peers = peer->next;
        peer_free(self, peer);
    }
    self->peer_count = 0;
    lines_free(self, BYTES_NONE);
    live_secret_forget(self);
    self->loaded = false;
    self->tick_ms = 0;
}

void live_forget_jid(live_self *self, sotto_bytes bare) {
    for (live_session *session = self->sessions; session != NULL; session = session->next)
        if (bytes_equal(session->bare, bare)) live_session_over(self, session);
    live_sweep(self);
    live_peer **at = &self->peers;
    while (*at != NULL) {
        live_peer *peer = *at;
        if (!bytes_equal(peer->bare, bare)) {
            at = &peer->next;
            continue;
        }
        *at = peer->next;
        peer_free(self, peer);
        self->peer_count--;
    }
    lines_free(self, bare); /* the numbers of others go on; loading looks up whoever is still waited for */
    self->loaded = false;
}
