/* SPDX-License-Identifier: ISC
 *
 * What servers tell about devices: lists and bundles. What they say is a claim and never trust: a new key is told to
 * the engine, a changed one is an alarm (T7, T9), a list that vanishes makes nothing "never" (T8). */
#include "seal/omemo/bundle.h"
#include "seal/omemo/self.h"

#include <string.h>

#include "bytes/memory.h"

/* ---- lists ---- */

static sotto_status devices_tell(seal_env *env, sotto_bytes jid, const omemo_devices *now) {
    sotto_event event = {.kind = SOTTO_EVENT_DEVICES, .jid = jid, .number = now->count};
    if (now->count == 0) event.reason = SOTTO_FAIL(DEVICES_GONE);
    return env->event(env, &event);
}

/* Whether others appeared or went: this device coming and going on its own list is its own doing. */
static sotto_status others_changed(seal_env *env, sotto_bytes jid, const omemo_devices *now,
                                   const omemo_devices *before, bool *ret) {
    uint32_t device = 0;
    if (bytes_equal(jid, env->account)) SOTTO_TRY(omemo_own_device(env, &device));
    omemo_devices a = *now, b = *before;
    omemo_devices_remove(&a, device);
    omemo_devices_remove(&b, device);
    *ret = before->known && !omemo_devices_same(&a, &b);
    return SOTTO_OK;
}

sotto_status omemo_fetch_list(omemo_self *self, seal_env *env, sotto_bytes jid, const stanza_element *devices) {
    omemo_devices now, before;
    omemo_view view;
    omemo_devices_read(devices, self->dialect, &now);
    SOTTO_TRY(omemo_devices_load(env, jid, &before));
    now.had = now.had || before.had;
    bool same = omemo_devices_same(&now, &before), tell;
    if (!same || !before.known || now.had != before.had) SOTTO_TRY(omemo_devices_save(env, jid, &now));
    SOTTO_TRY(others_changed(env, jid, &now, &before, &tell));
    if (tell) SOTTO_TRY(devices_tell(env, jid, &now));
    SOTTO_TRY(env->changed(env, jid));
    omemo_cache_view(&self->cache, jid, &view);
    view.fresh = self->online;
    view.devices = now;
    view.problem = SOTTO_OK;
    return omemo_cache_put_view(&self->cache, jid, &view);
}

/* *ret_problem: why there is no list; otherwise *ret is <devices/>, or NULL for none at all. */
static void list_of_answer(const omemo_self *self, const seal_input *input, const stanza_element **ret,
                           sotto_status *ret_problem) {
    *ret = NULL;
    *ret_problem = SOTTO_OK;
    if (!sotto_ok(input->status)) {
        /* Only this is an authoritative "there is none"; any other refusal is a question left open (T8, T16). */
        bool absent = input->answer && omemo_answer_is_error(input->answer, "item-not-found", NULL);
        if (!absent) *ret_problem = input->status;
        return;
    }
    const stanza_element *items = omemo_answer_items(input->answer, self->dialect->devices_node);
    *ret = omemo_devices_find(items, self->dialect);
    bool empty = items && stanza_first(items) == NULL;
    if (!*ret && !empty) *ret_problem = SOTTO_FAIL(MALFORMED);
}

/* Tries again later; a promise then finds the question open and asks. */
static sotto_status retry_later(seal_env *env, sotto_bytes jid, uint64_t wait_ms) {
    SOTTO_TRY(env->changed(env, jid));
    return omemo_timer(env, &(omemo_note){.kind = OMEMO_NOTE_TIMER_RETRY, .jid = jid}, env->now_ms + wait_ms);
}

static sotto_status list_failed(omemo_self *self, seal_env *env, sotto_bytes jid, sotto_status problem) {
    omemo_view view;
    SOTTO_TRY(retry_later(env, jid, OMEMO_RETRY_MS));
    omemo_cache_view(&self->cache, jid, &view);
    view.fresh = false;
    view.problem = problem;
    view.problem_ms = env->now_ms;
    return omemo_cache_put_view(&self->cache, jid, &view);
}

static sotto_status list_answered(omemo_self *self, seal_env *env, sotto_bytes jid, const seal_input *input,
                                  sotto_status *ret_problem) {
    const stanza_element *devices;
    list_of_answer(self, input, &devices, ret_problem);
    if (!sotto_ok(*ret_problem)) return list_failed(self, env, jid, *ret_problem);
    return omemo_fetch_list(self, env, jid, devices);
}

/* ---- keys ---- */

typedef struct row_count {
    sotto_bytes jid;
    const omemo_devices *devices;
    uint32_t count;
    uint32_t inactive[SOTTO_OMEMO_DEVICE_ROWS_MAX];
    uint32_t inactive_count;
} row_count;

static sotto_status row_counted(void *arg, sotto_bytes key, sotto_bytes value) {
    (void)value;
    row_count *rows = arg;
    uint32_t device;
    if (!omemo_row_is(key, rows->jid.len, OMEMO_ROW_DEVICE, &device)) return SOTTO_OK;
    rows->count++;
    if (!omemo_devices_has(rows->devices, device) && rows->inactive_count < SOTTO_OMEMO_DEVICE_ROWS_MAX) {
        rows->inactive[rows->inactive_count++] = device;
    }
    return SOTTO_OK;
}

/* A JID that keeps changing its devices does not fill the store: at the limit those off the list are forgotten. */
static sotto_status rows_prune(seal_env *env, sotto_bytes jid) {
    omemo_devices devices;
    omemo_row prefix;
    row_count *rows = bytes_arena_take(env->arena, sizeof *rows);
    if (!rows) return SOTTO_FAIL(NO_MEMORY);
    SOTTO_TRY(omemo_devices_load(env, jid, &devices));
    *rows = (row_count){.jid = jid, .devices = &devices};
    SOTTO_TRY(omemo_row_all(&prefix, jid));
    SOTTO_TRY(env->scan(env, omemo_row_key(&prefix), row_counted, rows));
    if (rows->count < SOTTO_OMEMO_DEVICE_ROWS_MAX) return SOTTO_OK;
    for (uint32_t i = 0; i < rows->inactive_count; i++) {
        omemo_row device = prefix;
        omemo_row_u32(&device, rows->inactive[i]);
        SOTTO_TRY(omemo_row_delete_all(env, &device));
    }
    return SOTTO_OK;
}

sotto_status omemo_fetch_key(seal_env *env, sotto_bytes jid, omemo_peer *peer, const crypto_ed25519_public *identity,
                             bool active, bool *ret_changed) {
    bool is_new = !peer->known;
    SOTTO_TRY(omemo_peer_learn(peer, identity, ret_changed));
    if (!is_new && !*ret_changed) return SOTTO_OK;
    if (is_new) SOTTO_TRY(rows_prune(env, jid));
    seal_key key;
    omemo_peer_key(peer, jid, &key);
    key.active = active;
    /* T9: the same device id with another key is another key; nothing it was trusted for carries over. The engine sees
     * that, and raises the alarm. */
    return env->key_seen(env, &key);
}

/* ---- bundles ---- */

static const stanza_element *bundle_of_answer(const omemo_self *self, const stanza_element *iq, uint32_t device) {
    const stanza_element *items = omemo_answer_items(iq, self->dialect->bundles_node);
    for (const stanza_element *item = stanza_first(items); item; item = stanza_next(items, item)) {
        uint64_t id;
        if (!stanza_attribute_number(item, "id", 1, OMEMO_ID_MAX, &id) || id != device) continue;
        return stanza_child(item, "bundle", self->dialect->ns);
    }
    return NULL;
}

/* What an answer means for sending: an offer, or the problem with it. Only failures of this machine are returned. */
static sotto_status glimpse_of_answer(omemo_self *self, seal_env *env, uint32_t device, const seal_input *input,
                                      omemo_glimpse *ret) {
    *ret = (omemo_glimpse){.problem = SOTTO_FAIL(BUNDLE_BROKEN), .at_ms = env->now_ms};
    if (!sotto_ok(input->status)) {
        if (!sotto_is(input->status, SOTTO_E_SERVER_REFUSED)) ret->problem = input->status;
        return SOTTO_OK;
    }
    const stanza_element *bundle = bundle_of_answer(self, input->answer, device);
    if (!bundle) return SOTTO_OK;
    sotto_status status = omemo_bundle_read(bundle, self->dialect, env, &ret->offer);
    if (sotto_class(status) == SOTTO_CLASS_OURS) return status;
    if (sotto_ok(status) && memcmp(ret->offer.identity.bytes, self->identity.ed25519.bytes, 32) == 0)
        status = SOTTO_FAIL(BAD_KEY);
    bool plain = sotto_is(status, SOTTO_E_MALFORMED) || sotto_is(status, SOTTO_E_TOO_LARGE);
    ret->problem = plain ? SOTTO_FAIL(BUNDLE_BROKEN) : status;
    return SOTTO_OK;
}

/* A key that was seen before, which to the engine is nothing new, is now the one that is written to (T9). */
static sotto_status alarm_tell(omemo_self *self, seal_env *env, sotto_bytes jid, const omemo_peer *peer) {
    seal_key seen, *key = &seen;
    omemo_peer_key(peer, jid, key);
    key->active = true;
    sotto_event event = {.kind = SOTTO_EVENT_KEY_ALARM, .jid = key->jid, .reason = SOTTO_FAIL(KEY_CHANGED)};
    event.key = (sotto_key){.jid = key->jid,
                            .seal = bytes_text(self->dialect->name),
                            .device = key->device,
                            .active = key->active,
                            .known = true};
    memcpy(event.key.key, key->key, sizeof event.key.key);
    memcpy(event.key.fingerprint, key->fingerprint, sizeof event.key.fingerprint);
    return env->event(env, &event);
}

/* Messages are written to the identity the bundle shows: with it there may be a session aside, otherwise the next one
 * is a new one. What the other session was with can still be read. */
static sotto_status sessions_follow(omemo_self *self, seal_env *env, sotto_bytes jid, omemo_peer *peer) {
    if (peer->has_session && memcmp(omemo_session_peer(&peer->session)->bytes, peer->key.bytes, 32) == 0)
        return SOTTO_OK;
    omemo_previous previous;
    bool fits = false;
    sotto_status status = SOTTO_OK;
    if (peer->has_previous) {
        status = omemo_previous_load(env, jid, peer->device, &previous);
        fits = sotto_ok(status) && memcmp(omemo_session_peer(&previous.session)->bytes, peer->key.bytes, 32) == 0;
    }
    if (sotto_ok(status))
        status = fits ? omemo_peer_swap(env, jid, peer, &previous) : omemo_peer_retire(env, jid, peer);
    bytes_wipe(&previous, sizeof previous);
    peer->reply_due = fits && peer->session.owes;
    SOTTO_TRY(status);
    return fits ? alarm_tell(self, env, jid, peer) : SOTTO_OK;
}

/* *ret_peer: the device as it is now; *ret_changed: its key is another. */
static sotto_status bundle_learn(omemo_self *self, seal_env *env, const omemo_note *note, const omemo_glimpse *glimpse,
                                 omemo_peer *ret_peer, bool *ret_changed) {
    SOTTO_TRY(omemo_peer_load(env, note->jid, note->number, ret_peer));
    bool was_known = ret_peer->known;
    *ret_changed = false;
    if (!sotto_ok(glimpse->problem)) return SOTTO_OK;
    SOTTO_TRY(omemo_fetch_key(env, note->jid, ret_peer, &glimpse->offer.identity, true, ret_changed));
    bool contested = ret_peer->contested;
    ret_peer->contested = false;
    if (contested || *ret_changed) SOTTO_TRY(sessions_follow(self, env, note->jid, ret_peer));
    return was_known && !contested && !*ret_changed ? SOTTO_OK : omemo_peer_save(env, note->jid, ret_peer);
}

static sotto_status bundle_answered(omemo_self *self, seal_env *env, const omemo_note *note, const seal_input *input) {
    omemo_glimpse glimpse;
    omemo_peer peer;
    bool changed;
    SOTTO_TRY(glimpse_of_answer(self, env, note->number, input, &glimpse));
    sotto_status status = bundle_learn(self, env, note, &glimpse, &peer, &changed);
    bytes_wipe(&peer, sizeof peer);
    SOTTO_TRY(status);
    if (sotto_ok(glimpse.problem)) {
        SOTTO_TRY(env->changed(env, note->jid));
    } else {
        bool answered = sotto_ok(input->status) || sotto_is(input->status, SOTTO_E_SERVER_REFUSED);
        SOTTO_TRY(retry_later(env, note->jid, answered ? OMEMO_RETRY_BROKEN_MS : OMEMO_RETRY_MS));
    }
    return omemo_cache_put_glimpse(&self->cache, note->jid, note->number, &glimpse);
}

/* XEP-0384 section 6: "clients SHOULD create a session with that device and notify it about the new session by
 * responding with an empty OMEMO message". */
static sotto_status heal_answered(omemo_self *self, seal_env *env, const omemo_note *note, const seal_input *input) {
    omemo_glimpse glimpse;
    omemo_peer peer;
    bool changed;
    SOTTO_TRY(glimpse_of_answer(self, env, note->number, input, &glimpse));
    sotto_status status = bundle_learn(self, env, note, &glimpse, &peer, &changed);
    bool wanted = sotto_ok(status) && sotto_ok(glimpse.problem) && !changed && !omemo_peer_ready(&peer, env->now_ms);
    if (wanted) {
        status = omemo_send_begin(self, env, note->jid, &peer, &glimpse.offer);
        if (sotto_ok(status)) status = omemo_send_empty(self, env, note->jid, &peer);
        if (sotto_ok(status)) status = omemo_peer_save(env, note->jid, &peer);
        if (sotto_ok(status)) status = env->changed(env, note->jid);
        /* Keys that no session can be begun with: before that nothing was staged, and nobody waits for this one. */
        if (sotto_class(status) == SOTTO_CLASS_PEER) status = SOTTO_OK;
    }
    bytes_wipe(&peer, sizeof peer);
    return status;
}

/* ---- refresh ---- */

/* text: what the server said; empty: nothing. */
static sotto_status refreshed_say(seal_env *env, sotto_bytes jid, sotto_status reason, sotto_bytes text) {
    SOTTO_TRY(env->changed(env, jid));
    sotto_event event = {.kind = SOTTO_EVENT_REFRESHED, .jid = jid, .reason = reason, .text = text};
    return env->event(env, &event);
}

static sotto_status refreshed_tell(seal_env *env, sotto_bytes jid, sotto_status reason) {
    return refreshed_say(env, jid, reason, BYTES_NONE);
}

sotto_status omemo_fetch_refresh(omemo_self *self, seal_env *env, sotto_bytes jid) {
    if (jid.len > SOTTO_OMEMO_JID_BYTES_MAX) return refreshed_tell(env, jid, SOTTO_FAIL(TOO_LARGE));
    if (!self->online) return refreshed_tell(env, jid, SOTTO_FAIL(OFFLINE));
    return omemo_ask_list(self, env, &(omemo_note){.kind = OMEMO_NOTE_REFRESH_LIST, .jid = jid});
}

/* Asks for the bundles of all devices: whether they show the keys we know is what a person wants to hear. With
 * `only_look`, only tells whether any are still awaited. */
static sotto_status refresh_bundles(omemo_self *self, seal_env *env, sotto_bytes jid, bool only_look,
                                    bool *ret_waiting) {
    omemo_devices devices;
    uint32_t own_device = 0;
    SOTTO_TRY(omemo_devices_load(env, jid, &devices));
    if (bytes_equal(jid, env->account)) SOTTO_TRY(omemo_own_device(env, &own_device));
    *ret_waiting = false;
    for (uint32_t i = 0; i < devices.count; i++) {
        omemo_note note = {.kind = OMEMO_NOTE_REFRESH_BUNDLE, .number = devices.ids[i], .jid = jid};
        if (devices.ids[i] == own_device) continue;
        if (!only_look) SOTTO_TRY(omemo_ask_bundle(self, env, &note));
        *ret_waiting = *ret_waiting || omemo_asking(env, &note);
    }
    return SOTTO_OK;
}

static sotto_status refresh_answered(omemo_self *self, seal_env *env, const omemo_note *note, const seal_input *input) {
    bool waiting;
    if (note->kind == OMEMO_NOTE_REFRESH_LIST) {
        sotto_status problem;
        SOTTO_TRY(list_answered(self, env, note->jid, input, &problem));
        sotto_bytes said = input->answer != NULL ? omemo_answer_text(input->answer, env->arena) : BYTES_NONE;
        if (!sotto_ok(problem)) return refreshed_say(env, note->jid, problem, said);
        SOTTO_TRY(refresh_bundles(self, env, note->jid, false, &waiting));
    } else {
        SOTTO_TRY(bundle_answered(self, env, note, input));
        SOTTO_TRY(refresh_bundles(self, env, note->jid, true, &waiting));
    }
    return waiting ? SOTTO_OK : refreshed_tell(env, note->jid, SOTTO_OK);
}

/* ---- repair ---- */

static sotto_status device_repair(seal_env *env, sotto_bytes jid, uint32_t device) {
    omemo_peer peer;
    sotto_status status = omemo_peer_load(env, jid, device, &peer);
    if (sotto_ok(status) && (peer.has_session || peer.has_previous)) {
        status = omemo_peer_forget(env, jid, &peer);
        peer.contested = false; /* a bundle is fetched in any case */
        if (sotto_ok(status)) status = omemo_peer_save(env, jid, &peer);
    }
    bytes_wipe(&peer, sizeof peer);
    return status;
}

/* XEP-0384 section 6: "clients MUST offer a way to manually replace broken sessions". */
sotto_status omemo_fetch_repair(omemo_self *self, seal_env *env, sotto_bytes jid) {
    omemo_devices devices;
    if (jid.len > SOTTO_OMEMO_JID_BYTES_MAX) return refreshed_tell(env, jid, SOTTO_FAIL(TOO_LARGE));
    SOTTO_TRY(omemo_devices_load(env, jid, &devices));
    for (uint32_t i = 0; i < devices.count; i++) SOTTO_TRY(device_repair(env, jid, devices.ids[i]));
    SOTTO_TRY(refreshed_tell(env, jid, SOTTO_OK));
    for (uint32_t i = 0; i < devices.count; i++) omemo_cache_drop_glimpse(&self->cache, jid, devices.ids[i]);
    return SOTTO_OK;
}

sotto_status omemo_fetch_answer(omemo_self *self, seal_env *env, const omemo_note *note, const seal_input *input) {
    sotto_status problem;
    switch (note->kind) {
    case OMEMO_NOTE_LIST:
        return list_answered(self, env, note->jid, input, &problem);
    case OMEMO_NOTE_BUNDLE:
        return bundle_answered(self, env, note, input);
    case OMEMO_NOTE_HEAL:
        return heal_answered(self, env, note, input);
    case OMEMO_NOTE_REFRESH_LIST:
    case OMEMO_NOTE_REFRESH_BUNDLE:
        return refresh_answered(self, env, note, input);
    default:
        return SOTTO_FAIL(USAGE);
    }
}
