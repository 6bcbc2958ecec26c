/* SPDX-License-Identifier: ISC */
#include "seal/live/rekey.h"

#include "seal/live/self.h"

/* Twice of everything: whoever lets no new session come about gets none at all in the end, and not an old one for ever.
 */
#define OUTWORN 2u

static bool is_used(const live_session *session) {
    return session->proved && !session->over && !session->wear.retiring && !session->closing;
}

static bool is_worn(const live_wear *wear, uint64_t now_ms, uint64_t times) {
    return wear->stanzas >= times * LIVE_REKEY_STANZAS || wear->bytes >= times * LIVE_REKEY_BYTES ||
           (wear->first_ms > 0 && now_ms >= wear->first_ms && now_ms - wear->first_ms >= times * LIVE_REKEY_MS);
}

void live_rekey_count(live_session *session, size_t len, uint64_t now_ms) {
    live_wear *wear = &session->wear;
    if (wear->first_ms == 0) wear->first_ms = now_ms;
    wear->stanzas++;
    wear->bytes += len;
}

void live_rekey_replaces(live_session *session, live_session *old, uint64_t now_ms) {
    session->wear.renewed = old->wear.renewed + 1;
    session->since_ms = old->since_ms;
    if (old->wear.retiring) return;
    old->wear.retiring = true;
    old->wear.until_ms = now_ms + LIVE_RETIRING_MS;
}

/* A word that is being compared belongs to the session it was begun in. */
static bool is_due(live_session *session, uint64_t now_ms) {
    live_wear *wear = &session->wear;
    bool worn = (wear->asked && live_secret_common(session)) || is_worn(wear, now_ms, 1);
    if (!worn || session->password != NULL) return false;
    if (wear->due_ms == 0) wear->due_ms = now_ms;
    return session->initiator || now_ms - wear->due_ms >= LIVE_REKEY_LATE_MS;
}

static sotto_status renew(live_self *self, seal_env *env, live_peer *peer) {
    live_session *session = peer->ready, *made;
    if (session == NULL || peer->attempt != NULL || !is_used(session) || peer->not_before_ms > env->now_ms)
        return SOTTO_OK;
    if (!is_due(session, env->now_ms)) return SOTTO_OK;
    sotto_status status = live_session_new(self, env, peer->full, NULL, &made);
    if (!sotto_ok(status)) return live_is_ours(status) ? status : SOTTO_FAIL(CRYPTO_FAILED);
    peer->attempt = made;
    return SOTTO_OK;
}

/* Whoever sets the clock back keeps no keys alive: a session is as old as the clock can say, and one that only is read
 * goes at once. */
static void set_right(live_wear *wear, uint64_t now_ms) {
    if (wear->first_ms > now_ms) wear->first_ms = now_ms;
    if (wear->due_ms > now_ms) wear->due_ms = now_ms;
    if (wear->until_ms > now_ms + LIVE_RETIRING_MS) wear->until_ms = now_ms;
}

sotto_status live_rekey_flush(live_self *self, seal_env *env) {
    for (live_session *session = live_first(self); session != NULL; session = live_after(self, session)) {
        if (session->over) continue;
        set_right(&session->wear, env->now_ms);
        bool ended = (session->wear.retiring && session->wear.until_ms <= env->now_ms) ||
                     (session->closing && session->closing_until_ms <= env->now_ms);
        if (ended) live_session_over(self, session);
        if (is_used(session) && is_worn(&session->wear, env->now_ms, OUTWORN))
            live_session_failed(self, env, session, SOTTO_FAIL(TIMEOUT));
    }
    if (self->ending) return SOTTO_OK;
    for (live_peer *peer = live_first_peer(self); peer != NULL; peer = live_after_peer(self, peer))
        SOTTO_TRY(renew(self, env, peer));
    return SOTTO_OK;
}

/* The soonest of what is still to come. */
static void look_at(uint64_t *at, uint64_t ms, uint64_t now_ms) {
    if (ms > now_ms && ms < *at) *at = ms;
}

uint64_t live_rekey_next(const live_self *self, uint64_t now_ms) {
    uint64_t at = UINT64_MAX;
    for (const live_session *session = live_first(self); session != NULL; session = live_after(self, session)) {
        const live_wear *wear = &session->wear;
        if (session->over) continue;
        if (wear->retiring) look_at(&at, wear->until_ms, now_ms);
        if (session->closing) look_at(&at, session->closing_until_ms, now_ms);
        if (!is_used(session) || wear->first_ms == 0) continue;
        look_at(&at, wear->first_ms + LIVE_REKEY_MS, now_ms);
        look_at(&at, wear->first_ms + OUTWORN * LIVE_REKEY_MS, now_ms);
        if (wear->due_ms > 0 && !session->initiator) look_at(&at, wear->due_ms + LIVE_REKEY_LATE_MS, now_ms);
    }
    for (const live_peer *peer = live_first_peer(self); peer != NULL; peer = live_after_peer(self, peer))
        /* one that failed is tried again */
        if (peer->ready != NULL && peer->ready->wear.due_ms > 0) look_at(&at, peer->not_before_ms, now_ms);
    return at;
}
