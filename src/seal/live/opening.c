/* SPDX-License-Identifier: ISC
 *
 * From the end of TLS's handshake to both proofs: who shows a key first, whether the secret of before was used as it
 * should have been, and what waits for a person's word when it was not (doc/live.md). */
#include "bytes/memory.h"
#include "seal/live/self.h"

#define TRIES_MAX 4u /* keys of one bare JID whose secrets are offered, one ClientHello after the other */

/* ---- proofs ---- */

/* Whether this side's proof is the first of the two. */
static bool goes_first(const live_session *session, bool initiator) {
    return initiator == session->asked_first;
}

static sotto_status circumstances(const live_self *self, const live_session *session, bool by_initiator,
                                  live_circumstances *ret) {
    static const live_message you_first = {.kind = LIVE_YOU_FIRST};
    *ret = (live_circumstances){.initiator = session->initiator ? self->full : session->full,
                                .responder = session->initiator ? session->full : self->full,
                                .by_initiator = by_initiator};
    if (session->used) ret->secret = bytes_of(session->secret.id, sizeof session->secret.id);
    if (!goes_first(session, by_initiator))
        memcpy(ret->earlier, session->first, sizeof ret->earlier);
    else if (session->asked_first)
        SOTTO_TRY(live_proof_hash(ret->earlier, &you_first));
    return tls_engine_export(session->tls, LIVE_EXPORTER, ret->exporter);
}

static sotto_status remember(live_session *session, bool by_initiator, const live_message *proof) {
    return live_proof_hash(goes_first(session, by_initiator) ? session->first : session->second, proof);
}

static sotto_status show(live_self *self, live_session *session) {
    live_circumstances c;
    live_message proof;
    SOTTO_TRY(circumstances(self, session, session->initiator, &c));
    sotto_status status = live_proof_make(&proof, &c, &self->identity, self->host);
    bytes_wipe(&c, sizeof c);
    SOTTO_TRY(status);
    SOTTO_TRY(remember(session, session->initiator, &proof));
    SOTTO_TRY(live_session_write(self, session, &proof));
    session->shown = true;
    return SOTTO_OK;
}

static sotto_status check(const live_self *self, const live_session *session, const live_message *proof) {
    live_circumstances c;
    SOTTO_TRY(circumstances(self, session, !session->initiator, &c));
    sotto_status status = live_proof_check(proof, &c, &self->identity);
    bytes_wipe(&c, sizeof c);
    SOTTO_TRY(status);
    /* The secret says whose key it is. */
    if (session->used && memcmp(session->secret_key, proof->key, 32) != 0) return SOTTO_FAIL(BAD_KEY);
    return SOTTO_OK;
}

/* ---- what TLS agreed on ---- */

static unsigned rank_of(uint16_t group) {
    return group == TLS_GROUP_X25519MLKEM768 ? 2 : 1;
}

static sotto_status tell(seal_env *env, sotto_event_kind kind, const live_session *session, const uint8_t *key,
                         sotto_bytes text, sotto_status reason) {
    seal_key named;
    sotto_event event = {.kind = kind, .jid = session->bare, .text = text, .reason = reason};
    if (key != NULL) {
        SOTTO_TRY(live_key_of(env->arena, session->bare, key, &named));
        event.key = (sotto_key){.jid = named.jid, .device = named.device, .known = true, .active = true};
        memcpy(event.key.key, named.key, sizeof event.key.key);
        memcpy(event.key.fingerprint, named.fingerprint, sizeof event.key.fingerprint);
        SOTTO_TRY(env->trust(env, named.jid, named.key, &event.key.trust));
    }
    return env->event(env, &event);
}

/* A secret of before, and worse than it was then: nobody who holds it would agree to that (T15). */
static sotto_status check_regress(live_self *self, seal_env *env, live_session *session) {
    const live_secret *before = &session->secret;
    if (rank_of(session->group) >= rank_of(before->group) && session->version >= before->version) return SOTTO_OK;
    live_session_failed(self, env, session, SOTTO_FAIL(DOWNGRADED));
    return tell(env, SOTTO_EVENT_KEY_ALARM, session, session->secret_key, BYTES_NONE, SOTTO_FAIL(DOWNGRADED));
}

/* There may be another device at this JID than the one whose secret was offered: it is looked for among all of which we
 * know that they hold one. */
static void try_next(live_self *self, live_session *session) {
    live_peer *peer = live_peer_find(self, session->full);
    bool attempt = peer != NULL && peer->attempt == session;
    live_session_over(self, session);
    if (!attempt) return;
    peer->tries++;
    peer->tried_theirs = peer->tried_theirs || session->secret.theirs;
    peer->not_before_ms = 0;
    if (peer->ready == NULL) peer->wanted = true;
}

static sotto_status settle_initiator(live_self *self, live_session *session) {
    const live_peer *peer = live_peer_find(self, session->full);
    if (session->used || !session->offered) return SOTTO_OK;
    if (session->others && peer != NULL && peer->tries + 1 < TRIES_MAX)
        try_next(self, session);
    else
        session->odd = session->secret.theirs || (peer != NULL && peer->tried_theirs);
    return SOTTO_OK;
}

static sotto_status settle_responder(seal_env *env, live_session *session) {
    if (session->used && bytes_equal(session->secret_jid, session->bare)) return SOTTO_OK;
    return live_secret_any_theirs(env, session->bare, &session->odd);
}

static sotto_status settle(live_self *self, seal_env *env, live_session *session) {
    tls_agreed agreed;
    if (session->settled) return SOTTO_OK;
    SOTTO_TRY(tls_engine_agreed(session->tls, &agreed));
    session->settled = true;
    session->used = agreed.secret;
    session->group = agreed.group;
    session->suite = agreed.suite;
    if (session->used && !session->offered) { /* what we made up at random */
        live_session_failed(self, env, session, SOTTO_FAIL(TLS_FAILED));
        return SOTTO_OK;
    }
    if (session->used) SOTTO_TRY(check_regress(self, env, session));
    if (session->over) return SOTTO_OK;
    return session->initiator ? settle_initiator(self, session) : settle_responder(env, session);
}

/* ---- both sides know whom they talk to ---- */

/* What was there before goes. */
static sotto_status becomes_ready(live_self *self, seal_env *env, live_session *session) {
    live_peer *peer;
    live_line *line = live_line_find(self, session->bare, session->key);
    session->proved = true;
    session->since_ms = env->now_ms;
    SOTTO_TRY(live_peer_of(self, session->full, &peer));
    for (live_session *other = NULL; (other = live_session_beside(self, session->bare, other)) != NULL;) {
        bool same_key = other->proved && memcmp(other->key, session->key, 32) == 0;
        bool same_full = bytes_equal(other->full, session->full);
        if (other == session || other->over || other->closing || (!same_key && !same_full)) continue;
        if (same_key && same_full)
            live_rekey_replaces(session, other, env->now_ms);
        else
            live_session_over(self, other);
    }
    SOTTO_TRY(live_close_gone(self, env, session->full, session->key));
    peer->attempt = NULL;
    peer->ready = session;
    peer->wanted = peer->refused = peer->tried_theirs = false;
    peer->tries = 0;
    if (line != NULL) line->since_ms = env->now_ms;
    SOTTO_TRY(live_stanza_replaced(self, env, session));
    SOTTO_TRY(live_secret_proved(self, env, session));
    return env->changed(env, session->bare);
}

static sotto_status go_on(live_self *self, seal_env *env, live_session *session) {
    if (!session->shown) SOTTO_TRY(show(self, session));
    return becomes_ready(self, env, session);
}

/* ---- quarantine ---- */

/* A new attempt in the place of one that waits is no news. */
static bool was_told(live_self *self, const live_session *session) {
    bool told = false;
    for (live_session *other = NULL; (other = live_session_beside(self, session->bare, other)) != NULL;) {
        if (other == session || other->over || !other->quarantined || !bytes_equal(other->full, session->full) ||
            other->met != session->met || memcmp(other->key, session->key, 32) != 0)
            continue;
        told = true;
        live_session_over(self, other);
    }
    return told;
}

static sotto_status quarantine(live_self *self, seal_env *env, live_session *session) {
    live_peer *peer = live_peer_find(self, session->full);
    bool told = was_told(self, session);
    session->quarantined = true;
    session->waits_ms = env->now_ms;
    if (peer != NULL && peer->attempt == NULL) peer->attempt = session;
    if (told) return SOTTO_OK;
    return tell(env, SOTTO_EVENT_QUARANTINED, session, session->met ? session->key : NULL, BYTES_NONE, SOTTO_OK);
}

/* A person has said that it is them. */
static sotto_status release(live_self *self, seal_env *env, live_session *session, const uint8_t key[32]) {
    session->quarantined = false;
    if (!session->met) { /* our key goes first; if theirs is this one then nothing more is asked */
        memcpy(session->confirmed, key, sizeof session->confirmed);
        session->has_confirmed = true;
        session->waits_ms = env->now_ms;
        return show(self, session);
    }
    SOTTO_TRY(live_secret_drop(self, env, session->bare, session->key));
    return go_on(self, env, session);
}

/* A person who names the key while the session waits means this session. A string that was compared elsewhere says
 * whose the key is: that is enough of a key of which there is no secret. Where there is one, the key may be stolen, and
 * only the person can know why the secret is not there. What is said of the key in another session, by a device or an
 * authority, is no word about this one. */
static sotto_status is_meant(seal_env *env, const live_session *session, const uint8_t key[32], seal_word word,
                             bool *ret) {
    live_secrets kept;
    *ret = word == SEAL_WORD_SAID;
    if (word != SEAL_WORD_COMPARED) return SOTTO_OK;
    if (!session->met) { /* what is asked is whether to show ours */
        *ret = true;
        return SOTTO_OK;
    }
    SOTTO_TRY(live_secret_read(env, session->bare, key, &kept));
    *ret = kept.count == 0;
    bytes_wipe(&kept, sizeof kept);
    return SOTTO_OK;
}

sotto_status live_opening_decided(live_self *self, seal_env *env, sotto_bytes jid, const uint8_t key[32],
                                  sotto_trust trust, seal_word word) {
    for (live_session *session = NULL; (session = live_session_beside(self, jid, session)) != NULL;) {
        bool of_key = session->met && memcmp(session->key, key, 32) == 0;
        if (session->over || session->proved) continue;
        if (trust == SOTTO_TRUST_DISTRUSTED && of_key) live_session_over(self, session);
        if (trust != SOTTO_TRUST_VERIFIED || !session->quarantined || (session->met && !of_key)) continue;
        bool meant;
        SOTTO_TRY(is_meant(env, session, key, word, &meant));
        if (!meant) continue;
        sotto_status status = release(self, env, session, key);
        if (live_is_ours(status)) return status;
        if (!sotto_ok(status)) live_session_failed(self, env, session, status);
    }
    return SOTTO_OK;
}

/* ---- in ---- */

sotto_status live_opening_answer(live_self *self, seal_env *env, live_session *session) {
    static const live_message you_first = {.kind = LIVE_YOU_FIRST};
    SOTTO_TRY(settle(self, env, session));
    if (session->over) return SOTTO_OK;
    session->answered = true;
    session->asked_first = session->odd || self->asks_first;
    return session->asked_first ? live_session_write(self, session, &you_first) : show(self, session);
}

sotto_status live_opening_you_first(live_self *self, seal_env *env, live_session *session) {
    if (!session->initiator || session->asked_first || session->shown) {
        live_session_failed(self, env, session, SOTTO_FAIL(MALFORMED));
        return SOTTO_OK;
    }
    SOTTO_TRY(settle(self, env, session));
    if (session->over) return SOTTO_OK;
    session->asked_first = true;
    if (self->never_first && !session->used) {
        live_session_failed(self, env, session, SOTTO_FAIL(NO_TRUSTED_DEVICE));
        return SOTTO_OK;
    }
    if (session->odd) return quarantine(self, env, session);
    session->waits_ms = env->now_ms;
    return show(self, session);
}

/* A key that was recognized under another JID than it was known under. */
static sotto_status moved(live_self *self, seal_env *env, live_session *session, const uint8_t key[32]) {
    bool taken;
    if (!session->used || bytes_equal(session->secret_jid, session->bare)) return SOTTO_OK;
    SOTTO_TRY(env->known_as(env, session->bare, session->secret_jid, key, &taken));
    if (taken) SOTTO_TRY(live_secret_move(self, env, session->secret_jid, session->bare, key));
    return tell(env, SOTTO_EVENT_MOVED, session, key, session->secret_jid, taken ? SOTTO_OK : SOTTO_FAIL(KEY_CHANGED));
}

static sotto_status note_key(void *arg, const uint8_t key[32]) {
    live_session *session = arg;
    if (memcmp(session->key, key, 32) == 0) session->knew = true;
    return SOTTO_OK;
}

/* Whom we asked to go first gets to see our key if it is somebody we would talk to. */
static sotto_status may_see(seal_env *env, live_session *session, bool *ret) {
    *ret = session->knew;
    if (*ret || session->shown || session->initiator) {
        *ret = true;
        return SOTTO_OK;
    }
    return env->accepted(env, session->bare, session->key, ret);
}

/* The proof was good. */
static sotto_status met(live_self *self, seal_env *env, live_session *session) {
    seal_key key;
    sotto_trust trust;
    bool may;
    SOTTO_TRY(live_row_keys(env, session->bare, note_key, session));
    SOTTO_TRY(moved(self, env, session, session->key));
    SOTTO_TRY(live_key_of(env->arena, session->bare, session->key, &key));
    SOTTO_TRY(env->key_seen(env, &key));
    SOTTO_TRY(live_row_key_seen(env, session->bare, session->key));
    SOTTO_TRY(env->trust(env, key.jid, key.key, &trust));
    SOTTO_TRY(may_see(env, session, &may));
    if (trust == SOTTO_TRUST_DISTRUSTED || (!may && !session->odd)) {
        live_session_failed(self, env, session, SOTTO_FAIL(NO_TRUSTED_DEVICE));
        return SOTTO_OK;
    }
    session->met = true;
    bool confirmed = session->has_confirmed && memcmp(session->confirmed, session->key, 32) == 0;
    if (session->odd && !confirmed) return quarantine(self, env, session);
    if (session->odd) SOTTO_TRY(live_secret_drop(self, env, session->bare, session->key));
    return go_on(self, env, session);
}

sotto_status live_opening_proof(live_self *self, seal_env *env, live_session *session, const live_message *proof) {
    SOTTO_TRY(settle(self, env, session));
    if (session->over) return SOTTO_OK;
    /* Whom we told to go first waits for us to have shown nothing; and whom we were told by must wait for us. */
    bool early = session->initiator && session->asked_first && !session->shown;
    sotto_status status = early ? SOTTO_FAIL(MALFORMED) : check(self, session, proof);
    if (!sotto_ok(status)) {
        if (live_is_ours(status)) return status;
        live_session_failed(self, env, session, status);
        return SOTTO_OK;
    }
    memcpy(session->key, proof->key, sizeof session->key);
    SOTTO_TRY(remember(session, !session->initiator, proof));
    return met(self, env, session);
}

/* ---- settings: 'f' ---- */

#define FIRST_ASK   1u
#define FIRST_NEVER 2u

sotto_status live_opening_load(live_self *self, seal_env *env) {
    sotto_bytes value;
    sotto_status status = env->get(env, BYTES_LITERAL("f"), &value);
    self->asks_first = self->never_first = false;
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    if (value.len != 1 || (value.at[0] & ~(FIRST_ASK | FIRST_NEVER)) != 0) return SOTTO_FAIL(STORE_CORRUPT);
    self->asks_first = (value.at[0] & FIRST_ASK) != 0;
    self->never_first = (value.at[0] & FIRST_NEVER) != 0;
    return SOTTO_OK;
}

sotto_status live_opening_set(live_self *self, seal_env *env, uint32_t first) {
    const uint8_t value = (uint8_t)first;
    if (first > (FIRST_ASK | FIRST_NEVER)) return SOTTO_FAIL(USAGE);
    SOTTO_TRY(env->put(env, BYTES_LITERAL("f"), first != 0 ? bytes_of(&value, 1) : BYTES_NONE));
    return live_opening_load(self, env);
}
