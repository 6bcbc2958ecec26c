/* SPDX-License-Identifier: ISC
 *
 * What follows from a message that was read: the session moves on, a key exchange replaces the session and uses up a
 * prekey, and an empty message may be due. Answers that go out by themselves show that somebody is there, so they are
 * for contacts only; for others they wait until the user writes (T23). */
#include "seal/omemo/receive.h"

#include <string.h>

#include "bytes/memory.h"

static bool answerable(const receiving *r) {
    return r->origin->answerable || r->origin->own;
}

static sotto_status step_apply(receiving *r, omemo_session *session) {
    omemo_skipped_rows rows;
    SOTTO_TRY(omemo_skipped_open(&rows, r->env, r->jid, r->sender, r->number));
    omemo_skipped skipped = omemo_skipped_port(&rows);
    return omemo_session_apply(session, &r->step, &skipped);
}

/* ---- a new session ---- */

static sotto_status prekey_use(receiving *r) {
    uint32_t before = r->own->version;
    /* While archives are being caught up with it is kept until that is over in any case. */
    bool short_while = r->origin->live || r->self->catching_up;
    uint64_t keep_ms = short_while ? OMEMO_KEEP_LIVE_MS : OMEMO_KEEP_CATCH_UP_MS;
    SOTTO_TRY(omemo_own_use(r->env, r->own, r->kex.prekey_id, &r->use, keep_ms));
    SOTTO_TRY(omemo_publish_timers(r->env, r->own));
    if (r->own->version == before) return SOTTO_OK;
    SOTTO_TRY(omemo_own_save(r->env, r->own));
    return omemo_publish_soon(r->self, r->env);
}

/* Who writes with a device has one, whatever the server says of the list later (T8). */
static sotto_status devices_had(const receiving *r) {
    omemo_devices devices;
    SOTTO_TRY(omemo_devices_load(r->env, r->jid, r->dialect, &devices));
    if (devices.had) return SOTTO_OK;
    devices.had = true;
    return omemo_devices_save(r->env, r->jid, r->dialect, &devices);
}

/* An identity that is not the device's says nothing about whose the device is: anybody can write a key exchange, and
 * the server names the device. What it wrote is read, as its own; messages go on to the key we know until the bundle,
 * which is asked for, shows the new one (T9). Its answer waits for that as well: until then it would go to the true
 * device, which cannot read it. */
static bool is_newcomer(const receiving *r) {
    return r->peer.known && memcmp(r->peer.key.bytes, r->kex.identity.bytes, 32) != 0;
}

static bool is_ours_unanswered(const omemo_session *session) {
    return session->initiated && session->unconfirmed;
}

/* We began a session with this identity and nobody answered in it, and here is one that it began. */
static bool is_crossed(const receiving *r) {
    return r->peer.has_session && is_ours_unanswered(&r->peer.session) &&
           memcmp(omemo_session_peer(&r->peer.session)->bytes, r->kex.identity.bytes, 32) == 0;
}

static bool is_lower(const omemo_session *session, const omemo_session *other) {
    return memcmp(session->ephemeral.bytes, other->ephemeral.bytes, 32) < 0;
}

static bool passed(const receiving *r, uint64_t since_ms, uint64_t ms) {
    return r->env->now_ms < since_ms || r->env->now_ms - since_ms >= ms;
}

/* Of two sessions begun at once both sides keep the one with the lower ephemeral key. An old one of ours may be one
 * that the other side cannot read any more: then theirs replaces it, as any other does. */
static bool ours_stays(const receiving *r) {
    return is_crossed(r) && is_lower(&r->peer.session, &r->step.next) && !passed(r, r->peer.begun_ms, OMEMO_PERIOD_MS);
}

/* The new session takes the place of the previous one. */
static sotto_status session_aside(receiving *r, bool crossed) {
    omemo_peer *peer = &r->peer;
    r->aside = r->has_previous = true;
    r->previous = (omemo_previous){.number = r->number, .crossed = crossed, .since_ms = r->env->now_ms};
    SOTTO_TRY(step_apply(r, &r->previous.session));
    SOTTO_TRY(omemo_previous_set(r->env, r->jid, peer, &r->previous));
    peer->until = (peer->has_session ? peer->session.chain : 0) + OMEMO_PREVIOUS_CHAINS;
    return SOTTO_OK;
}

static sotto_status newcomer_aside(receiving *r) {
    omemo_peer as_claimed = omemo_peer_new(r->dialect, r->sender);
    bool changed;
    as_claimed.known = true;
    as_claimed.key = r->peer.key;
    as_claimed.fingerprint = r->peer.fingerprint;
    SOTTO_TRY(omemo_fetch_key(r->env, r->jid, &as_claimed, &r->kex.identity, r->active, &changed));
    r->newcomer = r->peer.contested = true;
    SOTTO_TRY(session_aside(r, false));
    omemo_cache_drop_glimpse(&r->self->cache, r->jid, r->dialect,
                             r->sender); /* what the bundle was before does not count */
    return SOTTO_OK;
}

/* Section 5.6: "it MUST replace this session with the newly built session". */
static sotto_status session_replace(receiving *r) {
    omemo_peer *peer = &r->peer;
    omemo_previous previous;
    bool changed;
    SOTTO_TRY(omemo_fetch_key(r->env, r->jid, peer, &r->kex.identity, r->active, &changed));
    if (peer->has_session) {
        omemo_peer_as_previous(peer, r->env->now_ms, &previous);
        previous.crossed = is_crossed(r);
        sotto_status status = omemo_previous_set(r->env, r->jid, peer, &previous);
        bytes_wipe(&previous, sizeof previous);
        SOTTO_TRY(status);
    }
    peer->session = (omemo_session){.chain = 0};
    peer->has_session = true;
    peer->number = r->number;
    peer->beat_chain = 0;
    peer->until = OMEMO_PREVIOUS_CHAINS;
    return step_apply(r, &peer->session);
}

static sotto_status session_new(receiving *r) {
    SOTTO_TRY(devices_had(r));
    SOTTO_TRY(prekey_use(r));
    r->peer.sessions = r->number;
    if (is_newcomer(r)) return newcomer_aside(r);
    r->peer.reply_due = true; /* in whichever session stays */
    return ours_stays(r) ? session_aside(r, true) : session_replace(r);
}

/* ---- the other session ---- */

/* Whether the previous session, in which a message was just read, becomes the current one again. Only of two that were
 * begun at once: a message that was merely late says nothing about what the other side has now.
 * - It is ours, and this is the first answer in it: the other side has it and writes in it.
 * - It is theirs, and ours was never answered: perhaps they cannot read ours. After a while we follow.
 * - Both sides have both: the lower one, as the other side finds as well. */
static bool previous_wins(const receiving *r) {
    const omemo_session *previous = &r->previous.session, *current = &r->peer.session;
    if (!r->previous.crossed || !r->peer.has_session) return false;
    if (memcmp(omemo_session_peer(previous)->bytes, omemo_session_peer(current)->bytes, 32) != 0) return false;
    if (is_ours_unanswered(previous)) return true;
    if (is_ours_unanswered(current))
        return r->n >= SOTTO_OMEMO_HEARTBEAT || passed(r, r->previous.since_ms, OMEMO_CROSSED_MS);
    return is_lower(previous, current);
}

static sotto_status previous_settle(receiving *r) {
    r->aside = !previous_wins(r);
    SOTTO_TRY(step_apply(r, &r->previous.session));
    if (r->aside) return omemo_previous_save(r->env, r->jid, &r->peer, &r->previous);
    r->peer.reply_due =
        r->peer.reply_due || is_ours_unanswered(&r->peer.session); /* they do not know yet that theirs is used */
    return omemo_peer_swap(r->env, r->jid, &r->peer, &r->previous);
}

/* ---- answers ---- */

/* Section 6: "When a client receives the first message for a given ratchet key with a counter of 53 or higher, it MUST
 * send a heartbeat message." */
static bool heartbeat_due(const receiving *r, const omemo_session *session, uint32_t beat_chain) {
    return r->n >= SOTTO_OMEMO_HEARTBEAT && r->step.chain == session->chain && beat_chain != r->step.chain;
}

/* T18: until it is clear that no other copy of this device is at work, only what begins a chain of its own. The answer
 * stays due. */
static bool may_write(const receiving *r, const omemo_session *session) {
    return r->self->checked || omemo_session_owes(session);
}

/* An empty message in the session aside: only there it has the other side make a step. */
static sotto_status aside_answer(receiving *r) {
    if (!omemo_peer_is_with(&r->peer, &r->previous.session)) return SOTTO_OK; /* a newcomer: his answer waits */
    if (r->self->catching_up) return SOTTO_OK;                                /* a later one will do */
    if (!heartbeat_due(r, &r->previous.session, r->previous.beat_chain) || !answerable(r)) return SOTTO_OK;
    if (!may_write(r, &r->previous.session)) return SOTTO_OK;
    r->previous.beat_chain = r->step.chain;
    omemo_peer as = omemo_peer_new(r->dialect, r->sender);
    as.has_session = true;
    as.session = r->previous.session;
    sotto_status status = omemo_send_empty(r->self, r->env, r->jid, &as);
    if (sotto_ok(status)) r->previous.session = as.session;
    bytes_wipe(&as, sizeof as);
    SOTTO_TRY(status);
    return omemo_previous_save(r->env, r->jid, &r->peer, &r->previous);
}

static sotto_status answers_stage(receiving *r) {
    omemo_peer *peer = &r->peer;
    if (r->aside) {
        SOTTO_TRY(aside_answer(r));
    } else if (heartbeat_due(r, &peer->session, peer->beat_chain)) {
        peer->beat_chain = r->step.chain;
        peer->reply_due = true;
    }
    if (!peer->reply_due || !peer->has_session || !answerable(r)) return SOTTO_OK;
    if (r->self->catching_up) return omemo_catch_up_due(r->env, r->jid, peer);
    if (!may_write(r, &peer->session)) return SOTTO_OK;
    return omemo_send_empty(r->self, r->env, r->jid, peer);
}

/* The key that read it: the session's own, which for a session aside may be another than the device's. */
static sotto_status key_fill(receiving *r) {
    const omemo_identity *identity = omemo_session_peer(&r->step.next);
    omemo_peer as_read = omemo_peer_new(r->dialect, r->sender);
    bool changed, same = memcmp(identity->bytes, r->peer.key.bytes, 32) == 0;
    if (!same) SOTTO_TRY(omemo_peer_learn(&as_read, identity, &changed));
    omemo_peer_key(same ? &r->peer : &as_read, r->jid, &r->key);
    r->key.active = r->active;
    return SOTTO_OK;
}

sotto_status omemo_receive_stage(receiving *r) {
    SOTTO_TRY(r->which == RECEIVE_NEW        ? session_new(r)
              : r->which == RECEIVE_PREVIOUS ? previous_settle(r)
                                             : step_apply(r, &r->peer.session));
    SOTTO_TRY(key_fill(r));
    /* The session before has had its time (deterministic, as for skipped keys). */
    if (r->which == RECEIVE_CURRENT && r->peer.has_previous && r->peer.session.chain >= r->peer.until) {
        SOTTO_TRY(omemo_previous_drop(r->env, r->jid, &r->peer));
    }
    SOTTO_TRY(answers_stage(r));
    return omemo_peer_save(r->env, r->jid, &r->peer);
}

/* ---- questions ---- */

/* Section 6: from a device that is not on the list, "it SHOULD try to retrieve that user's devices node". */
static sotto_status list_question(receiving *r) {
    omemo_view view;
    if (r->sender == 0 || r->active || !r->self->online || r->self->catching_up || !answerable(r)) return SOTTO_OK;
    omemo_cache_view(&r->self->cache, r->jid, r->dialect, &view);
    if (view.asked_ms != 0 && r->env->now_ms >= view.asked_ms && r->env->now_ms - view.asked_ms < OMEMO_RETRY_MS)
        return SOTTO_OK;
    SOTTO_TRY(
        omemo_ask_list(r->env, &(omemo_note){.kind = OMEMO_NOTE_LIST, .dialect = r->dialect->number, .jid = r->jid}));
    view.asked_ms = r->env->now_ms;
    return omemo_cache_put_view(&r->self->cache, r->jid, r->dialect, &view);
}

/* Section 6: a message without a session gets one, by an empty message. Never for what is not live, never for strangers
 * or devices off the list, once a day (T22); never because decryption failed (section 8). */
static sotto_status heal_question(receiving *r) {
    omemo_peer *peer = &r->peer;
    uint64_t now = r->env->now_ms;
    if (!r->self->online || !r->origin->live || !answerable(r) || !r->active || r->is_kex) return SOTTO_OK;
    if (r->self->catching_up || peer->pinned) return SOTTO_OK;
    if (peer->healed_ms != 0 && now >= peer->healed_ms && now - peer->healed_ms < OMEMO_HEAL_MS) return SOTTO_OK;
    peer->healed_ms = now;
    SOTTO_TRY(omemo_peer_save(r->env, r->jid, peer));
    omemo_note note = {.kind = OMEMO_NOTE_HEAL, .dialect = r->dialect->number, .number = r->sender, .jid = r->jid};
    return omemo_ask_bundle(r->env, &note);
}

/* T9: whose the device is. Not asked for strangers (T23), nor for a device that nothing is sent to; then it is asked
 * when something is. */
static sotto_status contest_question(receiving *r) {
    if (!r->newcomer || !r->active || !r->self->online || r->self->catching_up || !answerable(r)) return SOTTO_OK;
    omemo_note note = {.kind = OMEMO_NOTE_BUNDLE, .dialect = r->dialect->number, .number = r->sender, .jid = r->jid};
    return omemo_ask_bundle(r->env, &note);
}

sotto_status omemo_receive_questions(receiving *r, sotto_status result) {
    SOTTO_TRY(list_question(r));
    SOTTO_TRY(contest_question(r));
    return sotto_is(result, SOTTO_E_NO_SESSION) ? heal_question(r) : SOTTO_OK;
}
