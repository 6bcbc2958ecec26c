/* SPDX-License-Identifier: ISC
 *
 * What can be done for an audience now. Questions are asked here and nowhere earlier: a bundle fetched when a device
 * appears would be old by the time it is used, and two would use the same prekey (XEP-0384 section 6; T19). */
#include "seal/omemo/self.h"

#include <string.h>

#include "bytes/memory.h"

typedef struct prospect {
    omemo_self *self;
    seal_env *env;
    uint32_t own_device;
    seal_key *keys;
    size_t count, room;
} prospect;

/* Room for all devices of one more JID. */
static sotto_status keys_room(prospect *p, size_t more) {
    if (p->room - p->count >= more) return SOTTO_OK;
    size_t room = (p->count + more) * 2;
    seal_key *keys = bytes_arena_take(p->env->arena, room * sizeof *keys);
    if (!keys) return SOTTO_FAIL(NO_MEMORY);
    if (p->count > 0) memcpy(keys, p->keys, p->count * sizeof *keys);
    p->keys = keys;
    p->room = room;
    return SOTTO_OK;
}

static bool still(uint64_t since_ms, uint64_t wait_ms, uint64_t now_ms) {
    return now_ms >= since_ms && now_ms - since_ms < wait_ms;
}

/* The devices of a JID, or why there are none to speak of. READY: *ret holds them. */
static sotto_status list_look(prospect *p, sotto_bytes jid, omemo_devices *ret, seal_promise_kind *ret_kind,
                              sotto_status *ret_reason) {
    omemo_view view;
    omemo_cache_view(&p->self->cache, jid, &view);
    *ret_kind = SEAL_READY;
    *ret_reason = SOTTO_OK;
    if (view.fresh) {
        *ret = view.devices;
    } else {
        SOTTO_TRY(omemo_devices_load(p->env, jid, ret));
        bool failed = !sotto_ok(view.problem) && still(view.problem_ms, OMEMO_RETRY_MS, p->env->now_ms);
        if (p->self->online && !failed) {
            *ret_kind = SEAL_ASKING;
            return omemo_ask_list(p->self, p->env, &(omemo_note){.kind = OMEMO_NOTE_LIST, .jid = jid});
        }
        /* What was seen last serves while nothing newer can be had; that there was nothing does not. */
        if (ret->count > 0) return SOTTO_OK;
        *ret_kind = p->self->online ? SEAL_BROKEN : SEAL_ASKING;
        *ret_reason = view.problem;
        return SOTTO_OK;
    }
    if (ret->count > 0) return SOTTO_OK;
    *ret_kind = ret->had ? SEAL_BROKEN : SEAL_NEVER;
    *ret_reason = ret->had ? SOTTO_FAIL(DEVICES_GONE) : SOTTO_FAIL(NO_DEVICE);
    return SOTTO_OK;
}

/* One device: usable (problem OK), broken (problem), or being asked about. */
static sotto_status device_look(prospect *p, sotto_bytes jid, uint32_t device, seal_key *ret, bool *ret_asking) {
    omemo_peer peer;
    omemo_glimpse glimpse;
    sotto_status status = omemo_peer_load(p->env, jid, device, &peer);
    bool ready = sotto_ok(status) && omemo_peer_ready(&peer, p->env->now_ms);
    bool contested = sotto_ok(status) && peer.contested && p->self->online;
    if (sotto_ok(status)) omemo_peer_key(&peer, jid, ret);
    bytes_wipe(&peer, sizeof peer);
    SOTTO_TRY(status);
    ret->active = true;
    *ret_asking = false;
    if (ready && !contested) return SOTTO_OK;
    if (omemo_cache_glimpse(&p->self->cache, jid, device, &glimpse)) {
        uint64_t wait = sotto_ok(glimpse.problem)                           ? OMEMO_OFFER_MS
                        : sotto_class(glimpse.problem) == SOTTO_CLASS_LATER ? OMEMO_RETRY_MS
                                                                            : OMEMO_RETRY_BROKEN_MS;
        ret->problem = glimpse.problem;
        if (still(glimpse.at_ms, wait, p->env->now_ms)) {
            if (ready) ret->problem = SOTTO_OK; /* whose the device is could not be learnt: the key we know stays */
            return SOTTO_OK;
        }
    }
    ret->problem = SOTTO_FAIL(AGAIN);
    *ret_asking = true;
    return omemo_ask_bundle(p->self, p->env, &(omemo_note){.kind = OMEMO_NOTE_BUNDLE, .number = device, .jid = jid});
}

/* Adds the keys of one JID; own: of our other devices, whose absence or trouble stops nothing. */
static sotto_status jid_look(prospect *p, sotto_bytes jid, bool own, seal_promise_kind *ret_kind,
                             sotto_status *ret_reason) {
    omemo_devices devices;
    if (jid.len > SOTTO_OMEMO_JID_BYTES_MAX) {
        *ret_kind = SEAL_BROKEN;
        *ret_reason = SOTTO_FAIL(TOO_LARGE);
        return SOTTO_OK;
    }
    SOTTO_TRY(list_look(p, jid, &devices, ret_kind, ret_reason));
    if (*ret_kind != SEAL_READY) return SOTTO_OK;
    SOTTO_TRY(keys_room(p, devices.count));
    bool asking_any = false, usable = false;
    sotto_status first_problem = SOTTO_FAIL(NO_DEVICE);
    for (uint32_t i = 0; i < devices.count; i++) {
        if (own && devices.ids[i] == p->own_device) continue; /* section 5.5.2: "excluding itself" */
        seal_key *key = &p->keys[p->count++];
        bool asking;
        SOTTO_TRY(device_look(p, jid, devices.ids[i], key, &asking));
        asking_any = asking_any || asking;
        usable = usable || sotto_ok(key->problem);
        if (sotto_is(first_problem, SOTTO_E_NO_DEVICE) && !sotto_ok(key->problem)) first_problem = key->problem;
    }
    if (asking_any) {
        *ret_kind = SEAL_ASKING;
    } else if (!usable) {
        *ret_kind = SEAL_BROKEN;
        *ret_reason = first_problem;
    }
    return SOTTO_OK;
}

/* Of several JIDs: any question under way comes first; one that can be reached makes it READY, so that one bad bundle
 * does not silence a room (T35); else what is wrong is more than that there is nothing. */
static void prospect_join(seal_promise *all, bool *first, seal_promise_kind kind, sotto_status reason) {
    static const int rank[] = {[SEAL_NEVER] = 0, [SEAL_BROKEN] = 1, [SEAL_READY] = 2, [SEAL_ASKING] = 3};
    if (!*first && rank[kind] <= rank[all->kind]) return;
    *first = false;
    all->kind = kind;
    all->reason = kind == SEAL_READY || kind == SEAL_ASKING ? SOTTO_OK : reason;
}

sotto_status omemo_promise(void *arg, seal_env *env, const seal_audience *audience, seal_promise *ret) {
    omemo_self *self = arg;
    prospect p = {.self = self, .env = env};
    seal_promise promise = {.kind = SEAL_NEVER};
    seal_promise_kind kind;
    sotto_status reason;
    bool first = true, own_meant = false;
    SOTTO_TRY(omemo_opening_settle(self, env));
    if (self->gone) {
        *ret = (seal_promise){.kind = SEAL_BROKEN, .reason = SOTTO_FAIL(STATE)};
        return SOTTO_OK;
    }
    if (audience->room) { /* a room's devices would be the room service's own, not its members' */
        *ret = (seal_promise){.kind = SEAL_BROKEN, .reason = SOTTO_FAIL(CANNOT_PROTECT)};
        return SOTTO_OK;
    }
    SOTTO_TRY(omemo_opening_wait(self, env));
    SOTTO_TRY(omemo_own_device(env, &p.own_device));
    for (size_t i = 0; i < audience->count; i++) {
        bool is_own = bytes_equal(audience->jids[i], env->account);
        own_meant = own_meant || is_own;
        SOTTO_TRY(jid_look(&p, audience->jids[i], is_own, &kind, &reason));
        prospect_join(&promise, &first, kind, reason);
    }
    if (!own_meant && promise.kind != SEAL_NEVER && promise.kind != SEAL_BROKEN) {
        SOTTO_TRY(jid_look(&p, env->account, true, &kind, &reason));
        if (kind == SEAL_ASKING && self->online) promise.kind = SEAL_ASKING;
    }
    /* Who gets a key exchange from a device that is on no list cannot know whose it is. */
    if (self->unlisted && promise.kind == SEAL_READY) promise.kind = SEAL_ASKING;
    if (!self->checked && promise.kind == SEAL_READY) promise.kind = SEAL_ASKING; /* T18 */
    promise.keys = (seal_keys){p.keys, p.count};
    *ret = promise;
    return SOTTO_OK;
}
