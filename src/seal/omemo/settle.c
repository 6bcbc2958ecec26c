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
    uint64_t keep_ms = r->origin->live ? OMEMO_KEEP_LIVE_MS : OMEMO_KEEP_CATCH_UP_MS;
    SOTTO_TRY(omemo_own_use(r->env, r->own, r->kex.prekey_id, &r->kex.ephemeral, keep_ms));
    SOTTO_TRY(omemo_publish_timers(r->env, r->own));
    if (r->own->version == before) return SOTTO_OK;
    SOTTO_TRY(omemo_own_save(r->env, r->own));
    return omemo_publish_soon(r->self, r->env);
}

/* Who writes with a device has one, whatever the server says of the list later (T8). */
static sotto_status devices_had(const receiving *r) {
    omemo_devices devices;
    SOTTO_TRY(omemo_devices_load(r->env, r->jid, &devices));
    if (devices.had) return SOTTO_OK;
    devices.had = true;
    return omemo_devices_save(r->env, r->jid, &devices);
}

static sotto_status session_replace(receiving *r) {
    omemo_peer *peer = &r->peer;
    bool changed;
    SOTTO_TRY(devices_had(r));
    SOTTO_TRY(omemo_peer_retire(r->env, r->jid, peer));
    SOTTO_TRY(omemo_fetch_key(r->self, r->env, r->jid, peer, &r->kex.identity, r->active, &changed));
    SOTTO_TRY(prekey_use(r));
    peer->session = (omemo_session){.chain = 0};
    peer->has_session = true;
    peer->sessions++;
    peer->beat_chain = 0;
    peer->reply_due = true;
    return step_apply(r, &peer->session);
}

/* ---- the session before ---- */

/* Both started a session at the same time, ours was replaced by theirs, and they answer in ours: it is the one they
 * have. Then it becomes the current one again. A message that was merely late does not bring its session back. */
static bool previous_wins(const receiving *r) {
    const omemo_session *previous = &r->previous.session;
    return previous->initiated && previous->unconfirmed && r->peer.has_session && !r->peer.session.initiated &&
           memcmp(omemo_session_peer(previous)->bytes, r->peer.key.bytes, 32) == 0;
}

static sotto_status previous_settle(receiving *r) {
    bool wins = previous_wins(r);
    SOTTO_TRY(step_apply(r, &r->previous.session));
    if (!wins) return omemo_previous_save(r->env, r->jid, r->sender, &r->previous);
    omemo_previous other = {.number = r->peer.sessions, .session = r->peer.session};
    sotto_status status = omemo_previous_save(r->env, r->jid, r->sender, &other);
    bytes_wipe(&other, sizeof other);
    SOTTO_TRY(status);
    /* Sessions are numbered by age for their skipped keys alone; the number goes with the session. */
    r->peer.session = r->previous.session;
    r->peer.sessions = r->previous.number;
    r->peer.beat_chain = 0;
    r->peer.reply_due = false;
    return SOTTO_OK;
}

/* ---- answers ---- */

/* Section 6: "When a client receives the first message for a given ratchet key with a counter of 53 or higher, it MUST
 * send a heartbeat message." */
static bool heartbeat_due(const receiving *r) {
    return r->n >= SOTTO_OMEMO_HEARTBEAT && r->step.chain == r->peer.session.chain &&
           r->peer.beat_chain != r->step.chain;
}

static sotto_status answers_stage(receiving *r) {
    omemo_peer *peer = &r->peer;
    if (r->which != RECEIVE_PREVIOUS && heartbeat_due(r)) {
        peer->beat_chain = r->step.chain;
        peer->reply_due = true;
    }
    if (!peer->reply_due || !answerable(r)) return SOTTO_OK;
    return omemo_send_empty(r->self, r->env, r->jid, peer);
}

/* The key that read it: the session's own, which for a session before may be another than the device's now. */
static sotto_status key_fill(receiving *r) {
    const crypto_ed25519_public *identity = omemo_session_peer(&r->step.next);
    omemo_peer as_read = {.device = r->sender};
    bool changed, same = memcmp(identity->bytes, r->peer.key.bytes, 32) == 0;
    if (!same) SOTTO_TRY(omemo_peer_learn(&as_read, identity, &changed));
    omemo_peer_key(same ? &r->peer : &as_read, r->jid, &r->key);
    r->key.active = r->active;
    return SOTTO_OK;
}

sotto_status omemo_receive_stage(receiving *r) {
    SOTTO_TRY(r->which == RECEIVE_NEW        ? session_replace(r)
              : r->which == RECEIVE_PREVIOUS ? previous_settle(r)
                                             : step_apply(r, &r->peer.session));
    SOTTO_TRY(key_fill(r));
    /* The session before has had its time (deterministic, as for skipped keys). */
    if (r->which == RECEIVE_CURRENT && r->peer.has_previous && r->peer.session.chain >= OMEMO_PREVIOUS_CHAINS) {
        SOTTO_TRY(omemo_previous_drop(r->env, r->jid, &r->peer));
    }
    SOTTO_TRY(answers_stage(r));
    return omemo_peer_save(r->env, r->jid, &r->peer);
}

/* ---- questions ---- */

/* Section 6: from a device that is not on the list, "it SHOULD try to retrieve that user's devices node". */
static sotto_status list_question(receiving *r) {
    omemo_view view;
    if (r->sender == 0 || r->active || !r->self->online || !answerable(r)) return SOTTO_OK;
    omemo_cache_view(&r->self->cache, r->jid, &view);
    if (view.asked_ms != 0 && r->env->now_ms >= view.asked_ms && r->env->now_ms - view.asked_ms < OMEMO_RETRY_MS)
        return SOTTO_OK;
    SOTTO_TRY(omemo_ask_list(r->self, r->env, &(omemo_note){.kind = OMEMO_NOTE_LIST, .jid = r->jid}));
    view.asked_ms = r->env->now_ms;
    return omemo_cache_put_view(&r->self->cache, r->jid, &view);
}

/* Section 6: a message without a session gets one, by an empty message. Never for what is not live, never for strangers
 * or devices off the list, once a day (T22); never because decryption failed (section 8). */
static sotto_status heal_question(receiving *r) {
    omemo_peer *peer = &r->peer;
    uint64_t now = r->env->now_ms;
    if (!r->self->online || !r->origin->live || !answerable(r) || !r->active || r->is_kex) return SOTTO_OK;
    if (peer->healed_ms != 0 && now >= peer->healed_ms && now - peer->healed_ms < OMEMO_HEAL_MS) return SOTTO_OK;
    peer->healed_ms = now;
    SOTTO_TRY(omemo_peer_save(r->env, r->jid, peer));
    return omemo_ask_bundle(r->self, r->env,
                            &(omemo_note){.kind = OMEMO_NOTE_HEAL, .number = r->sender, .jid = r->jid});
}

sotto_status omemo_receive_questions(receiving *r, sotto_status result) {
    SOTTO_TRY(list_question(r));
    return sotto_is(result, SOTTO_E_NO_SESSION) ? heal_question(r) : SOTTO_OK;
}
