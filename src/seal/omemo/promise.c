/* SPDX-License-Identifier: ISC
 *
 * What can be done for an audience now. Questions are asked here and nowhere earlier: a bundle fetched when a device
 * appears would be old by the time it is used, and two would use the same prekey (XEP-0384 section 6; T19).
 *
 * Each device is written to in the best dialect that has it on a list, and never in one that is less than the best it
 * was ever seen in (T15). */
#include "seal/omemo/self.h"

#include <string.h>

#include "bytes/memory.h"

typedef struct question {
    struct question *next;
    omemo_note note;
} question;

typedef struct prospect {
    omemo_self *self;
    seal_env *env;
    uint32_t own_device;
    seal_key *keys;
    size_t count, room_for;
    question *first, **last; /* to be asked */
    uint32_t open;           /* under way */
    bool waiting;            /* for a member of a room */
} prospect;

/* Room for all devices of one more JID. */
static sotto_status keys_room(prospect *p, size_t more) {
    if (p->room_for - p->count >= more) return SOTTO_OK;
    size_t room = (p->count + more) * 2;
    seal_key *keys = bytes_arena_take(p->env->arena, room * sizeof *keys);
    if (!keys) return SOTTO_FAIL(NO_MEMORY);
    if (p->count > 0) memcpy(keys, p->keys, p->count * sizeof *keys);
    p->keys = keys;
    p->room_for = room;
    return SOTTO_OK;
}

static bool still(uint64_t since_ms, uint64_t wait_ms, uint64_t now_ms) {
    return now_ms >= since_ms && now_ms - since_ms < wait_ms;
}

static sotto_status ask_later(prospect *p, const omemo_note *note) {
    if (omemo_asking(p->env, note)) {
        p->open++;
        return SOTTO_OK;
    }
    question *one = bytes_arena_take(p->env->arena, sizeof *one);
    if (!one) return SOTTO_FAIL(NO_MEMORY);
    one->note = *note;
    one->next = NULL;
    *p->last = one;
    p->last = &one->next;
    return SOTTO_OK;
}

/* When those that are waited for have had their time, or questions may have been lost. */
static sotto_status room_timer(prospect *p) {
    omemo_self *self = p->self;
    uint64_t now = p->env->now_ms;
    if (self->room_ms != 0 && now <= self->room_ms && self->room_ms - now <= OMEMO_ROOM_WAIT_MS) return SOTTO_OK;
    SOTTO_TRY(omemo_timer(p->env, &(omemo_note){.kind = OMEMO_NOTE_TIMER_ROOM}, now + OMEMO_ROOM_WAIT_MS));
    self->room_ms = now + OMEMO_ROOM_WAIT_MS;
    return SOTTO_OK;
}

/* Not more at once than a server, and the engine, bear; the others are asked when answers came. */
static sotto_status ask_now(prospect *p) {
    const question *one = p->first;
    uint32_t open = p->open;
    for (; one && open < SOTTO_OMEMO_QUESTIONS_MAX; one = one->next, open++) {
        bool list = one->note.kind == OMEMO_NOTE_LIST;
        SOTTO_TRY(list ? omemo_ask_list(p->env, &one->note) : omemo_ask_bundle(p->env, &one->note));
    }
    p->self->crowded = one != NULL;
    p->self->questions = open;
    return p->self->crowded ? room_timer(p) : SOTTO_OK;
}

/* ---- lists ---- */

typedef struct jid_lists {
    omemo_devices of[OMEMO_DIALECTS];
    bool asking;
    bool gone; /* a list that could be had has nothing, and once had */
    uint32_t count;
    sotto_status problem; /* of a list that could not be had */
    sotto_status unheard; /* ... and of which nothing was ever heard: what it would say cannot be guessed */
} jid_lists;

/* One list: the fresh one, or the one remembered while nothing newer can be had. */
static sotto_status list_look(prospect *p, sotto_bytes jid, const omemo_dialect *dialect, omemo_devices *ret,
                              bool *ret_asking, sotto_status *ret_problem) {
    omemo_view view;
    omemo_cache_view(&p->self->cache, jid, dialect, &view);
    *ret_asking = false;
    *ret_problem = SOTTO_OK;
    if (view.fresh) {
        *ret = view.devices;
        return SOTTO_OK;
    }
    SOTTO_TRY(omemo_devices_load(p->env, jid, dialect, ret));
    bool failed = !sotto_ok(view.problem) && still(view.problem_ms, OMEMO_RETRY_MS, p->env->now_ms);
    *ret_problem = view.problem;
    if (!p->self->online || failed) return SOTTO_OK;
    *ret_asking = true;
    return ask_later(p, &(omemo_note){.kind = OMEMO_NOTE_LIST, .dialect = dialect->number, .jid = jid});
}

static sotto_status lists_look(prospect *p, sotto_bytes jid, jid_lists *ret) {
    *ret = (jid_lists){.count = 0};
    for (size_t i = 0; i < OMEMO_DIALECTS; i++) {
        bool asking;
        sotto_status problem;
        SOTTO_TRY(list_look(p, jid, omemo_dialects[i], &ret->of[i], &asking, &problem));
        ret->asking = ret->asking || asking;
        ret->gone = ret->gone || (sotto_ok(problem) && ret->of[i].had && ret->of[i].count == 0);
        ret->count += ret->of[i].count;
        if (sotto_ok(ret->problem)) ret->problem = problem;
        /* A refusal is an answer: servers refuse what is not there in many ways. */
        bool silent = sotto_class(problem) == SOTTO_CLASS_LATER && !ret->of[i].known;
        if (silent && p->self->online) ret->unheard = problem;
    }
    return SOTTO_OK;
}

/* What a JID without any device is. That there was nothing when it was last seen says nothing now. */
static void nothing_listed(const prospect *p, const jid_lists *lists, seal_promise_kind *ret_kind,
                           sotto_status *ret_reason) {
    *ret_kind = SEAL_BROKEN;
    *ret_reason = lists->problem;
    if (!p->self->online) {
        *ret_kind = SEAL_ASKING;
    } else if (lists->gone) {
        *ret_reason = SOTTO_FAIL(DEVICES_GONE);
    } else if (sotto_ok(lists->problem)) {
        *ret_kind = SEAL_NEVER;
        *ret_reason = SOTTO_FAIL(NO_DEVICE);
    }
}

/* ---- devices ---- */

/* One device: usable (problem OK), broken (problem), or being asked about. */
static sotto_status device_look(prospect *p, sotto_bytes jid, const omemo_dialect *dialect, uint32_t device,
                                seal_key *ret, bool *ret_asking) {
    omemo_peer peer;
    omemo_glimpse glimpse;
    sotto_status status = omemo_peer_load(p->env, jid, dialect, device, &peer);
    bool ready = sotto_ok(status) && omemo_peer_ready(&peer, p->env->now_ms);
    bool contested = sotto_ok(status) && peer.contested && p->self->online;
    bool pinned = sotto_ok(status) && peer.pinned;
    if (sotto_ok(status)) omemo_peer_key(&peer, jid, ret);
    bytes_wipe(&peer, sizeof peer);
    SOTTO_TRY(status);
    ret->active = true;
    *ret_asking = false;
    if (pinned) { /* T15: its entry in the better list is what vanished */
        ret->problem = SOTTO_FAIL(DOWNGRADED);
        return SOTTO_OK;
    }
    if (ready && !contested) return SOTTO_OK;
    if (omemo_cache_glimpse(&p->self->cache, jid, dialect, device, &glimpse)) {
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
    omemo_note note = {.kind = OMEMO_NOTE_BUNDLE, .dialect = dialect->number, .number = device, .jid = jid};
    return ask_later(p, &note);
}

/* A better list has it: what a lesser one says of the same id is not looked at. */
static bool is_better_listed(const jid_lists *lists, size_t dialect, uint32_t device) {
    for (size_t i = 0; i < dialect; i++) {
        if (omemo_devices_has(&lists->of[i], device)) return true;
    }
    return false;
}

typedef struct jid_found {
    bool asking;
    bool usable;
    sotto_status problem; /* of the first that is not */
} jid_found;

static sotto_status devices_look(prospect *p, sotto_bytes jid, bool own, const jid_lists *lists, jid_found *ret) {
    *ret = (jid_found){.problem = SOTTO_FAIL(NO_DEVICE)};
    SOTTO_TRY(keys_room(p, lists->count));
    for (size_t i = 0; i < OMEMO_DIALECTS; i++) {
        for (uint32_t k = 0; k < lists->of[i].count; k++) {
            uint32_t device = lists->of[i].ids[k];
            bool asking;
            if (own && device == p->own_device) continue; /* section 5.5.2: "excluding itself" */
            if (is_better_listed(lists, i, device)) continue;
            seal_key *key = &p->keys[p->count++];
            SOTTO_TRY(device_look(p, jid, omemo_dialects[i], device, key, &asking));
            ret->asking = ret->asking || asking;
            ret->usable = ret->usable || sotto_ok(key->problem);
            if (sotto_is(ret->problem, SOTTO_E_NO_DEVICE) && !sotto_ok(key->problem)) ret->problem = key->problem;
        }
    }
    return SOTTO_OK;
}

/* Adds the keys of one JID; own: of our other devices, whose absence or trouble stops nothing. */
static sotto_status jid_look(prospect *p, sotto_bytes jid, bool own, seal_promise_kind *ret_kind,
                             sotto_status *ret_reason) {
    jid_lists lists;
    jid_found found;
    *ret_kind = SEAL_BROKEN;
    *ret_reason = SOTTO_FAIL(TOO_LARGE);
    if (jid.len > SOTTO_OMEMO_JID_BYTES_MAX) return SOTTO_OK;
    SOTTO_TRY(lists_look(p, jid, &lists));
    *ret_reason = SOTTO_OK;
    *ret_kind = SEAL_ASKING;
    if (lists.asking) return SOTTO_OK; /* whatever one list has, another may have the same devices better */
    if (!sotto_ok(lists.unheard)) {
        *ret_kind = SEAL_BROKEN;
        *ret_reason = lists.unheard;
        return SOTTO_OK;
    }
    if (lists.count == 0) {
        nothing_listed(p, &lists, ret_kind, ret_reason);
        return SOTTO_OK;
    }
    SOTTO_TRY(devices_look(p, jid, own, &lists, &found));
    *ret_kind = found.asking ? SEAL_ASKING : found.usable ? SEAL_READY : SEAL_BROKEN;
    if (*ret_kind == SEAL_BROKEN) *ret_reason = found.problem;
    return SOTTO_OK;
}

/* ---- rooms ---- */

/* True: a member has been waited for long enough (T35: one slow server must not silence a room). */
static sotto_status out_of_patience(prospect *p, sotto_bytes jid, bool *ret) {
    omemo_patience patience;
    *ret = false;
    if (!omemo_cache_patience(&p->self->cache, jid, &patience) || patience.since_ms > p->env->now_ms) {
        patience.since_ms = p->env->now_ms;
        return omemo_cache_put_patience(&p->self->cache, jid, &patience);
    }
    *ret = p->env->now_ms - patience.since_ms >= OMEMO_ROOM_WAIT_MS;
    return SOTTO_OK;
}

/* A member of whom nothing can be sent to is in the list all the same, so that it is said. */
static sotto_status member_missing(prospect *p, sotto_bytes jid, sotto_status problem) {
    SOTTO_TRY(keys_room(p, 1));
    p->keys[p->count++] = (seal_key){.jid = jid, .problem = problem};
    return SOTTO_OK;
}

static void slow_ones(prospect *p, size_t from) {
    for (size_t i = from; i < p->count; i++) {
        if (sotto_is(p->keys[i].problem, SOTTO_E_AGAIN)) p->keys[i].problem = SOTTO_FAIL(TIMEOUT);
    }
}

/* One member: adds the keys, or what is wrong. *ret_reached: there is a key that can be written with. */
static sotto_status member_look(prospect *p, sotto_bytes jid, bool *ret_reached, sotto_status *ret_reason) {
    seal_promise_kind kind;
    size_t before = p->count;
    bool over;
    *ret_reached = false;
    SOTTO_TRY(jid_look(p, jid, false, &kind, ret_reason));
    if (kind == SEAL_ASKING) {
        SOTTO_TRY(out_of_patience(p, jid, &over));
        if (!over || !p->self->online) {
            p->waiting = true;
            return SOTTO_OK;
        }
        *ret_reason = SOTTO_FAIL(TIMEOUT);
        slow_ones(p, before);
    } else {
        omemo_cache_drop_patience(&p->self->cache, jid);
    }
    for (size_t i = before; i < p->count; i++) *ret_reached = *ret_reached || sotto_ok(p->keys[i].problem);
    return p->count == before ? member_missing(p, jid, *ret_reason) : SOTTO_OK;
}

/* Members' JIDs. Whoever cannot be reached is listed with the reason; as long as one can be, it is READY (T35). */
static sotto_status room_look(prospect *p, const seal_audience *audience, seal_promise *ret) {
    size_t reached_count = 0;
    sotto_status first = SOTTO_FAIL(NO_DEVICE);
    for (size_t i = 0; i < audience->count; i++) {
        bool reached;
        sotto_status reason;
        if (bytes_equal(audience->jids[i], p->env->account)) continue;
        SOTTO_TRY(member_look(p, audience->jids[i], &reached, &reason));
        if (reached) reached_count++;
        if (!reached && sotto_is(first, SOTTO_E_NO_DEVICE) && !sotto_ok(reason)) first = reason;
    }
    *ret = (seal_promise){.kind = reached_count > 0 ? SEAL_READY : SEAL_BROKEN};
    if (p->waiting) {
        ret->kind = SEAL_ASKING;
        return room_timer(p);
    }
    if (reached_count == 0) ret->reason = first;
    return SOTTO_OK;
}

/* ---- promise ---- */

/* Of several JIDs: any question under way comes first; one that can be reached makes it READY; else what is wrong is
 * more than that there is nothing. */
static void prospect_join(seal_promise *all, bool *first, seal_promise_kind kind, sotto_status reason) {
    static const int rank[] = {[SEAL_NEVER] = 0, [SEAL_BROKEN] = 1, [SEAL_READY] = 2, [SEAL_ASKING] = 3};
    if (!*first && rank[kind] <= rank[all->kind]) return;
    *first = false;
    all->kind = kind;
    all->reason = kind == SEAL_READY || kind == SEAL_ASKING ? SOTTO_OK : reason;
}

static sotto_status people_look(prospect *p, const seal_audience *audience, bool *ret_own_meant, seal_promise *ret) {
    bool first = true;
    *ret = (seal_promise){.kind = SEAL_NEVER};
    for (size_t i = 0; i < audience->count; i++) {
        seal_promise_kind kind;
        sotto_status reason;
        bool is_own = bytes_equal(audience->jids[i], p->env->account);
        *ret_own_meant = *ret_own_meant || is_own;
        SOTTO_TRY(jid_look(p, audience->jids[i], is_own, &kind, &reason));
        prospect_join(ret, &first, kind, reason);
    }
    return SOTTO_OK;
}

/* Who gets a key exchange from a device that is on no list cannot know whose it is. */
static bool is_unlisted(const prospect *p) {
    for (size_t i = 0; i < OMEMO_DIALECTS; i++) {
        for (size_t k = 0; k < p->count && p->self->listing[i].unlisted; k++) {
            if (bytes_is(p->keys[k].dialect, omemo_dialects[i]->name) && sotto_ok(p->keys[k].problem)) return true;
        }
    }
    return false;
}

sotto_status omemo_promise(void *arg, seal_env *env, const seal_audience *audience, seal_promise *ret) {
    omemo_self *self = arg;
    prospect p = {.self = self, .env = env};
    seal_promise promise;
    bool own_meant = false;
    p.last = &p.first;
    SOTTO_TRY(omemo_opening_settle(self, env));
    if (self->gone) {
        *ret = (seal_promise){.kind = SEAL_BROKEN, .reason = SOTTO_FAIL(STATE)};
        return SOTTO_OK;
    }
    SOTTO_TRY(omemo_opening_wait(self, env));
    SOTTO_TRY(omemo_own_device(env, &p.own_device));
    SOTTO_TRY(audience->room ? room_look(&p, audience, &promise) : people_look(&p, audience, &own_meant, &promise));
    if (!own_meant && promise.kind != SEAL_NEVER && promise.kind != SEAL_BROKEN) {
        seal_promise_kind kind;
        sotto_status reason;
        SOTTO_TRY(jid_look(&p, env->account, true, &kind, &reason));
        if (kind == SEAL_ASKING && self->online) promise.kind = SEAL_ASKING;
    }
    if (is_unlisted(&p) && promise.kind == SEAL_READY) promise.kind = SEAL_ASKING;
    if (!self->checked && promise.kind == SEAL_READY) promise.kind = SEAL_ASKING; /* T18 */
    SOTTO_TRY(ask_now(&p));
    promise.keys = (seal_keys){p.keys, p.count};
    *ret = promise;
    return SOTTO_OK;
}
