/* SPDX-License-Identifier: ISC
 *
 * What servers tell about devices: lists and bundles. What they say is a claim and never trust: a new key is told to
 * the engine, a changed one is an alarm (T7, T9), a list that vanishes makes nothing "never" (T8). */
#include "seal/omemo/bundle.h"
#include "seal/omemo/self.h"

#include <string.h>

#include "bytes/memory.h"

/* ---- lists ---- */

sotto_status omemo_fetch_devices(seal_env *env, sotto_bytes jid, omemo_devices *ret) {
    *ret = (omemo_devices){.known = false};
    for (size_t i = 0; i < OMEMO_DIALECTS; i++) {
        omemo_devices one;
        SOTTO_TRY(omemo_devices_load(env, jid, omemo_dialects[i], &one));
        omemo_devices_join(ret, &one);
    }
    return SOTTO_OK;
}

/* A better list that vanished while a lesser one stays is told as what it may be (T15). */
static sotto_status devices_tell(seal_env *env, sotto_bytes jid, const omemo_devices *now, bool downgraded) {
    sotto_event event = {.kind = SOTTO_EVENT_DEVICES, .jid = jid, .number = now->count};
    if (downgraded) event.reason = SOTTO_FAIL(DOWNGRADED);
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
    *ret = !omemo_devices_same(&a, &b);
    return SOTTO_OK;
}

/* The devices of all lists together are what a person has; a device that puts itself on both is one. */
static sotto_status list_save(seal_env *env, sotto_bytes jid, const omemo_dialect *dialect, const omemo_devices *now,
                              const omemo_devices *before) {
    omemo_devices all_before, all;
    bool tell;
    if (omemo_devices_same(now, before) && before->known && now->had == before->had) return SOTTO_OK;
    SOTTO_TRY(omemo_fetch_devices(env, jid, &all_before));
    SOTTO_TRY(omemo_devices_save(env, jid, dialect, now));
    SOTTO_TRY(omemo_fetch_devices(env, jid, &all));
    SOTTO_TRY(others_changed(env, jid, &all, &all_before, &tell));
    bool downgraded = now->count == 0 && before->count > 0 && dialect->number + 1 < OMEMO_DIALECTS;
    return (tell || downgraded) && before->known ? devices_tell(env, jid, &all, downgraded) : SOTTO_OK;
}

/* While more is waited for than may be asked at once, not every answer has everything looked at again. */
static sotto_status changed(omemo_self *self, seal_env *env, sotto_bytes jid) {
    if (!self->crowded) return env->changed(env, jid);
    if (self->questions > 0) self->questions--;
    if (self->questions > SOTTO_OMEMO_QUESTIONS_MAX / 2) return SOTTO_OK;
    self->crowded = false; /* the next promise will say */
    return env->changed(env, BYTES_NONE);
}

/* Whose they are is looked at when they are shown: the keys may come later (T10). */
static sotto_status labels_save(seal_env *env, sotto_bytes jid, const omemo_dialect *dialect,
                                const stanza_element *devices) {
    omemo_labels *labels = bytes_arena_take(env->arena, sizeof *labels);
    if (!labels) return SOTTO_FAIL(NO_MEMORY);
    omemo_labels_read(devices, dialect, labels);
    return omemo_labels_save(env, jid, labels);
}

sotto_status omemo_fetch_list(omemo_self *self, seal_env *env, sotto_bytes jid, const omemo_dialect *dialect,
                              const stanza_element *devices) {
    omemo_devices now, before;
    omemo_view view;
    omemo_devices_read(devices, dialect, &now);
    SOTTO_TRY(omemo_devices_load(env, jid, dialect, &before));
    now.had = now.had || before.had;
    SOTTO_TRY(list_save(env, jid, dialect, &now, &before));
    if (dialect->names->label) SOTTO_TRY(labels_save(env, jid, dialect, devices));
    SOTTO_TRY(changed(self, env, jid));
    omemo_cache_view(&self->cache, jid, dialect, &view);
    view.fresh = self->online;
    view.devices = now;
    view.problem = SOTTO_OK;
    return omemo_cache_put_view(&self->cache, jid, dialect, &view);
}

/* *ret_problem: why there is no list; otherwise *ret is <devices/>, or NULL for none at all. */
static void list_of_answer(const omemo_dialect *dialect, const seal_input *input, const stanza_element **ret,
                           sotto_status *ret_problem) {
    *ret = NULL;
    *ret_problem = SOTTO_OK;
    if (!sotto_ok(input->status)) {
        /* Only this is an authoritative "there is none"; any other refusal is a question left open (T8, T16). */
        bool absent = input->answer && omemo_answer_is_error(input->answer, "item-not-found", NULL);
        if (!absent) *ret_problem = input->status;
        return;
    }
    const stanza_element *items = omemo_answer_items(input->answer, dialect->devices_node);
    *ret = omemo_devices_find(items, dialect);
    bool empty = items && stanza_first(items) == NULL;
    if (!*ret && !empty) *ret_problem = SOTTO_FAIL(MALFORMED);
}

/* Tries again later; a promise then finds the question open and asks. */
static sotto_status retry_later(omemo_self *self, seal_env *env, sotto_bytes jid, uint64_t wait_ms) {
    SOTTO_TRY(changed(self, env, jid));
    return omemo_timer(env, &(omemo_note){.kind = OMEMO_NOTE_TIMER_RETRY, .jid = jid}, env->now_ms + wait_ms);
}

static sotto_status list_failed(omemo_self *self, seal_env *env, const omemo_note *note, sotto_status problem) {
    const omemo_dialect *dialect = omemo_dialects[note->dialect];
    omemo_view view;
    SOTTO_TRY(retry_later(self, env, note->jid, OMEMO_RETRY_MS));
    omemo_cache_view(&self->cache, note->jid, dialect, &view);
    view.fresh = false;
    view.problem = problem;
    view.problem_ms = env->now_ms;
    return omemo_cache_put_view(&self->cache, note->jid, dialect, &view);
}

static sotto_status list_answered(omemo_self *self, seal_env *env, const omemo_note *note, const seal_input *input,
                                  sotto_status *ret_problem) {
    const stanza_element *devices;
    list_of_answer(omemo_dialects[note->dialect], input, &devices, ret_problem);
    if (!sotto_ok(*ret_problem)) return list_failed(self, env, note, *ret_problem);
    return omemo_fetch_list(self, env, note->jid, omemo_dialects[note->dialect], devices);
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
    bool is_device = false;
    for (uint8_t i = 0; i < OMEMO_DIALECTS && !is_device; i++)
        is_device = omemo_row_is(key, rows->jid.len, omemo_row_in(OMEMO_ROW_DEVICE, i), &device);
    if (!is_device) return SOTTO_OK;
    rows->count++;
    if (!omemo_devices_has(rows->devices, device) && rows->inactive_count < SOTTO_OMEMO_DEVICE_ROWS_MAX) {
        rows->inactive[rows->inactive_count++] = device;
    }
    return SOTTO_OK;
}

/* A JID that keeps changing its devices does not fill the store: at the limit those off the lists are forgotten. */
static sotto_status rows_prune(seal_env *env, sotto_bytes jid) {
    omemo_devices devices;
    omemo_row prefix;
    row_count *rows = bytes_arena_take(env->arena, sizeof *rows);
    if (!rows) return SOTTO_FAIL(NO_MEMORY);
    SOTTO_TRY(omemo_fetch_devices(env, jid, &devices));
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

/* ---- the best dialect an identity was seen in (T15) ---- */

#define BEST_VERSION 1

typedef struct pin_scan {
    bytes_arena *arena;
    sotto_bytes jid;
    const omemo_peer *seen;
    uint32_t pins; /* identities remembered of this JID */
    struct pin_found {
        struct pin_found *next;
        omemo_peer peer;
    } * first;
} pin_scan;

/* Devices of the same identity in lesser dialects. */
static sotto_status pin_row(void *arg, sotto_bytes key, sotto_bytes value) {
    pin_scan *scan = arg;
    omemo_peer peer;
    uint32_t device;
    if (omemo_row_is_best(key, scan->jid.len)) scan->pins++;
    for (uint8_t i = (uint8_t)(scan->seen->dialect->number + 1); i < OMEMO_DIALECTS; i++) {
        if (!omemo_row_is(key, scan->jid.len, omemo_row_in(OMEMO_ROW_DEVICE, i), &device)) continue;
        SOTTO_TRY(omemo_peer_decode(&peer, omemo_dialects[i], device, value));
        bool same = peer.known && memcmp(peer.fingerprint.bytes, scan->seen->fingerprint.bytes, 32) == 0;
        struct pin_found *found = same && !peer.pinned ? bytes_arena_take(scan->arena, sizeof *found) : NULL;
        if (found) {
            found->peer = peer;
            found->next = scan->first;
            scan->first = found;
        }
        bytes_wipe(&peer, sizeof peer);
        if (same && !peer.pinned && !found) return SOTTO_FAIL(NO_MEMORY);
    }
    return SOTTO_OK;
}

static sotto_status best_get(seal_env *env, sotto_bytes jid, const omemo_peer *peer, uint8_t *ret) {
    omemo_row row;
    sotto_bytes value;
    SOTTO_TRY(omemo_row_best(&row, jid, peer->fingerprint.bytes));
    sotto_status status = env->get(env, omemo_row_key(&row), &value);
    *ret = OMEMO_DIALECTS;
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    if (value.len > 0 && value.at[0] > BEST_VERSION) return SOTTO_FAIL(STORE_NEWER);
    if (value.len != 2 || value.at[0] != BEST_VERSION || value.at[1] >= OMEMO_DIALECTS)
        return SOTTO_FAIL(STORE_CORRUPT);
    *ret = value.at[1];
    return SOTTO_OK;
}

/* Whoever has shown an identity in a dialect can be spoken to in it, by whatever device id: from then on nothing is
 * written to that identity in a lesser one. A bundle proves it by its signature and a key exchange by its agreement;
 * neither can be made from what the identity published or wrote in the other dialect. */
static sotto_status best_learn(seal_env *env, sotto_bytes jid, omemo_peer *peer) {
    uint8_t best, number = peer->dialect->number;
    omemo_row row;
    SOTTO_TRY(best_get(env, jid, peer, &best));
    peer->pinned = best < number;
    if (best <= number || number + 1 == OMEMO_DIALECTS) return SOTTO_OK;
    pin_scan scan = {.arena = env->arena, .jid = jid, .seen = peer};
    SOTTO_TRY(omemo_row_all(&row, jid));
    SOTTO_TRY(env->scan(env, omemo_row_key(&row), pin_row, &scan));
    for (struct pin_found *found = scan.first; found; found = found->next) {
        found->peer.pinned = true;
        SOTTO_TRY(omemo_peer_save(env, jid, &found->peer));
    }
    /* The first ones stay: a flood of new identities must not have a known one forgotten. */
    if (scan.pins >= SOTTO_OMEMO_PINS_MAX) return SOTTO_OK;
    SOTTO_TRY(omemo_row_best(&row, jid, peer->fingerprint.bytes));
    const uint8_t value[2] = {BEST_VERSION, number};
    return env->put(env, omemo_row_key(&row), bytes_of(value, sizeof value));
}

/* A key that was seen before, which to the engine is nothing new, is now the one that is written to (T9). */
static sotto_status alarm_tell(seal_env *env, sotto_bytes jid, const omemo_peer *peer) {
    seal_key seen, *key = &seen;
    omemo_peer_key(peer, jid, key);
    key->active = true;
    sotto_event event = {.kind = SOTTO_EVENT_KEY_ALARM, .jid = key->jid, .reason = SOTTO_FAIL(KEY_CHANGED)};
    event.key =
        (sotto_key){.jid = key->jid, .seal = key->dialect, .device = key->device, .active = key->active, .known = true};
    memcpy(event.key.key, key->key, sizeof event.key.key);
    memcpy(event.key.fingerprint, key->fingerprint, sizeof event.key.fingerprint);
    return env->event(env, &event);
}

/* One device id with another identity in another dialect: two devices' claims (T9). Where the identity is new the
 * engine raises the alarm. */
static sotto_status claims_compare(seal_env *env, sotto_bytes jid, const omemo_peer *peer) {
    for (size_t i = 0; i < OMEMO_DIALECTS; i++) {
        omemo_peer other;
        if (omemo_dialects[i] == peer->dialect) continue;
        sotto_status status = omemo_peer_load(env, jid, omemo_dialects[i], peer->device, &other);
        bool differs =
            sotto_ok(status) && other.known && memcmp(other.fingerprint.bytes, peer->fingerprint.bytes, 32) != 0;
        bytes_wipe(&other, sizeof other);
        SOTTO_TRY(status);
        if (differs) SOTTO_TRY(alarm_tell(env, jid, peer));
    }
    return SOTTO_OK;
}

sotto_status omemo_fetch_key(seal_env *env, sotto_bytes jid, omemo_peer *peer, const omemo_identity *identity,
                             bool active, bool *ret_changed) {
    bool is_new = !peer->known;
    SOTTO_TRY(omemo_peer_learn(peer, identity, ret_changed));
    if (!is_new && !*ret_changed) return SOTTO_OK;
    if (is_new) SOTTO_TRY(rows_prune(env, jid));
    uint8_t best;
    SOTTO_TRY(best_get(env, jid, peer, &best));
    if (best < OMEMO_DIALECTS) SOTTO_TRY(claims_compare(env, jid, peer));
    SOTTO_TRY(best_learn(env, jid, peer));
    seal_key key;
    omemo_peer_key(peer, jid, &key);
    key.active = active;
    /* T9: the same device id with another key is another key; nothing it was trusted for carries over. The engine sees
     * that, and raises the alarm. */
    return env->key_seen(env, &key);
}

/* ---- bundles ---- */

/* What an answer means for sending: an offer, or the problem with it. Only failures of this machine are returned. */
static sotto_status glimpse_of_answer(omemo_self *self, seal_env *env, const omemo_note *note, const seal_input *input,
                                      omemo_glimpse *ret) {
    const omemo_dialect *dialect = omemo_dialects[note->dialect];
    *ret = (omemo_glimpse){.problem = SOTTO_FAIL(BUNDLE_BROKEN), .at_ms = env->now_ms};
    if (!sotto_ok(input->status)) {
        if (!sotto_is(input->status, SOTTO_E_SERVER_REFUSED)) ret->problem = input->status;
        return SOTTO_OK;
    }
    const stanza_element *bundle = omemo_answer_bundle(input->answer, dialect, note->number);
    if (!bundle) return SOTTO_OK;
    sotto_status status = omemo_bundle_read(bundle, dialect, env, &ret->offer);
    if (sotto_class(status) == SOTTO_CLASS_OURS) return status;
    if (sotto_ok(status) && memcmp(ret->offer.form.bytes, self->identity.x25519.bytes, 32) == 0)
        status = SOTTO_FAIL(BAD_KEY);
    bool plain = sotto_is(status, SOTTO_E_MALFORMED) || sotto_is(status, SOTTO_E_TOO_LARGE);
    ret->problem = plain ? SOTTO_FAIL(BUNDLE_BROKEN) : status;
    return SOTTO_OK;
}

/* Messages are written to the identity the bundle shows: with it there may be a session aside, otherwise the next one
 * is a new one. What the other session was with can still be read. */
static sotto_status sessions_follow(seal_env *env, sotto_bytes jid, omemo_peer *peer) {
    if (peer->has_session && omemo_peer_is_with(peer, &peer->session)) return SOTTO_OK;
    omemo_previous previous;
    bool fits = false;
    sotto_status status = SOTTO_OK;
    if (peer->has_previous) {
        status = omemo_previous_load(env, jid, peer, &previous);
        fits = sotto_ok(status) && omemo_peer_is_with(peer, &previous.session);
    }
    if (sotto_ok(status))
        status = fits ? omemo_peer_swap(env, jid, peer, &previous) : omemo_peer_retire(env, jid, peer);
    bytes_wipe(&previous, sizeof previous);
    peer->reply_due = fits && peer->session.owes;
    SOTTO_TRY(status);
    return fits ? alarm_tell(env, jid, peer) : SOTTO_OK;
}

/* *ret_peer: the device as it is now; *ret_changed: its key is another. */
static sotto_status bundle_learn(seal_env *env, const omemo_note *note, const omemo_glimpse *glimpse,
                                 omemo_peer *ret_peer, bool *ret_changed) {
    SOTTO_TRY(omemo_peer_load(env, note->jid, omemo_dialects[note->dialect], note->number, ret_peer));
    bool was_known = ret_peer->known;
    *ret_changed = false;
    if (!sotto_ok(glimpse->problem)) return SOTTO_OK;
    SOTTO_TRY(omemo_fetch_key(env, note->jid, ret_peer, &glimpse->offer.identity, true, ret_changed));
    bool contested = ret_peer->contested;
    ret_peer->contested = false;
    if (contested || *ret_changed) SOTTO_TRY(sessions_follow(env, note->jid, ret_peer));
    return was_known && !contested && !*ret_changed ? SOTTO_OK : omemo_peer_save(env, note->jid, ret_peer);
}

static sotto_status bundle_answered(omemo_self *self, seal_env *env, const omemo_note *note, const seal_input *input) {
    omemo_glimpse glimpse;
    omemo_peer peer;
    bool is_other;
    SOTTO_TRY(glimpse_of_answer(self, env, note, input, &glimpse));
    sotto_status status = bundle_learn(env, note, &glimpse, &peer, &is_other);
    bytes_wipe(&peer, sizeof peer);
    SOTTO_TRY(status);
    if (sotto_ok(glimpse.problem)) {
        SOTTO_TRY(changed(self, env, note->jid));
    } else {
        bool answered = sotto_ok(input->status) || sotto_is(input->status, SOTTO_E_SERVER_REFUSED);
        SOTTO_TRY(retry_later(self, env, note->jid, answered ? OMEMO_RETRY_BROKEN_MS : OMEMO_RETRY_MS));
    }
    return omemo_cache_put_glimpse(&self->cache, note->jid, omemo_dialects[note->dialect], note->number, &glimpse);
}

/* XEP-0384 section 6: "clients SHOULD create a session with that device and notify it about the new session by
 * responding with an empty OMEMO message". */
static sotto_status heal_answered(omemo_self *self, seal_env *env, const omemo_note *note, const seal_input *input) {
    omemo_glimpse glimpse;
    omemo_peer peer;
    bool is_other;
    SOTTO_TRY(glimpse_of_answer(self, env, note, input, &glimpse));
    sotto_status status = bundle_learn(env, note, &glimpse, &peer, &is_other);
    bool wanted = sotto_ok(status) && sotto_ok(glimpse.problem) && !is_other && !peer.pinned &&
                  !omemo_peer_ready(&peer, env->now_ms);
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
    for (uint8_t i = 0; i < OMEMO_DIALECTS; i++)
        SOTTO_TRY(omemo_ask_list(env, &(omemo_note){.kind = OMEMO_NOTE_REFRESH_LIST, .dialect = i, .jid = jid}));
    return SOTTO_OK;
}

/* Asks for the bundles of a list: whether they show the keys we know is what a person wants to hear. */
static sotto_status refresh_bundles(seal_env *env, sotto_bytes jid, uint8_t dialect) {
    omemo_devices devices;
    uint32_t own_device = 0;
    SOTTO_TRY(omemo_devices_load(env, jid, omemo_dialects[dialect], &devices));
    if (bytes_equal(jid, env->account)) SOTTO_TRY(omemo_own_device(env, &own_device));
    for (uint32_t i = 0; i < devices.count; i++) {
        omemo_note note = {.kind = OMEMO_NOTE_REFRESH_BUNDLE, .dialect = dialect, .number = devices.ids[i], .jid = jid};
        if (devices.ids[i] != own_device) SOTTO_TRY(omemo_ask_bundle(env, &note));
    }
    return SOTTO_OK;
}

/* Whether a list or a bundle is still awaited. */
static sotto_status refresh_waits(seal_env *env, sotto_bytes jid, bool *ret) {
    *ret = false;
    for (uint8_t i = 0; i < OMEMO_DIALECTS && !*ret; i++) {
        omemo_devices devices;
        *ret = omemo_asking(env, &(omemo_note){.kind = OMEMO_NOTE_REFRESH_LIST, .dialect = i, .jid = jid});
        SOTTO_TRY(omemo_devices_load(env, jid, omemo_dialects[i], &devices));
        for (uint32_t k = 0; k < devices.count && !*ret; k++) {
            omemo_note note = {.kind = OMEMO_NOTE_REFRESH_BUNDLE, .dialect = i, .number = devices.ids[k], .jid = jid};
            *ret = omemo_asking(env, &note);
        }
    }
    return SOTTO_OK;
}

/* A list that could not be had is told, unless another dialect's is there and this one never was: many people have one
 * only, and servers refuse what is not there in many ways. */
static sotto_status refresh_end(omemo_self *self, seal_env *env, sotto_bytes jid, const seal_input *input) {
    omemo_devices all;
    sotto_status reason = SOTTO_OK;
    SOTTO_TRY(omemo_fetch_devices(env, jid, &all));
    for (size_t i = 0; i < OMEMO_DIALECTS; i++) {
        omemo_devices one;
        omemo_view view;
        SOTTO_TRY(omemo_devices_load(env, jid, omemo_dialects[i], &one));
        omemo_cache_view(&self->cache, jid, omemo_dialects[i], &view);
        if (sotto_ok(reason) && (one.had || all.count == 0)) reason = view.problem;
    }
    sotto_bytes said = BYTES_NONE;
    if (!sotto_ok(reason) && input->answer != NULL) said = omemo_answer_text(input->answer, env->arena);
    return refreshed_say(env, jid, reason, said);
}

static sotto_status refresh_answered(omemo_self *self, seal_env *env, const omemo_note *note, const seal_input *input) {
    bool waiting;
    sotto_status problem = SOTTO_OK;
    if (note->kind == OMEMO_NOTE_REFRESH_LIST) {
        SOTTO_TRY(list_answered(self, env, note, input, &problem));
        if (sotto_ok(problem)) SOTTO_TRY(refresh_bundles(env, note->jid, note->dialect));
    } else {
        SOTTO_TRY(bundle_answered(self, env, note, input));
    }
    SOTTO_TRY(refresh_waits(env, note->jid, &waiting));
    return waiting ? SOTTO_OK : refresh_end(self, env, note->jid, input);
}

/* ---- repair ---- */

static sotto_status device_repair(seal_env *env, sotto_bytes jid, const omemo_dialect *dialect, uint32_t device) {
    omemo_peer peer;
    sotto_status status = omemo_peer_load(env, jid, dialect, device, &peer);
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
    SOTTO_TRY(omemo_fetch_devices(env, jid, &devices));
    for (uint32_t i = 0; i < devices.count; i++) {
        for (size_t k = 0; k < OMEMO_DIALECTS; k++)
            SOTTO_TRY(device_repair(env, jid, omemo_dialects[k], devices.ids[i]));
    }
    SOTTO_TRY(refreshed_tell(env, jid, SOTTO_OK));
    for (uint32_t i = 0; i < devices.count; i++) {
        for (size_t k = 0; k < OMEMO_DIALECTS; k++)
            omemo_cache_drop_glimpse(&self->cache, jid, omemo_dialects[k], devices.ids[i]);
    }
    return SOTTO_OK;
}

sotto_status omemo_fetch_answer(omemo_self *self, seal_env *env, const omemo_note *note, const seal_input *input) {
    sotto_status problem;
    switch (note->kind) {
    case OMEMO_NOTE_LIST:
        return list_answered(self, env, note, input, &problem);
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
