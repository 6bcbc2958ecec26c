/* SPDX-License-Identifier: ISC
 *
 * What the seals can do for a stanza now: who is asked, in which order, and for which keys. */
#include "engine/env.h"
#include "engine/feature.h"
#include "engine/keyring.h"
#include "engine/resource.h"
#include "engine/room.h"
#include "engine/sending.h"
#include "engine/vouch.h"

static uint32_t needed_ability(engine_class class) {
    switch (class) {
    case ENGINE_GROUPCHAT:
        return SEAL_CAN_ROOM;
    case ENGINE_PRESENCE_DIRECTED:
        return SEAL_CAN_PRESENCE;
    case ENGINE_IQ_CONTENT:
        return SEAL_CAN_IQ;
    default:
        return SEAL_CAN_MESSAGE;
    }
}

/* ---- prospects ---- */

/* What is known of the keys of one JID of the audience. */
typedef struct reader {
    engine_ring ring;
    bool reached;
} reader;

typedef struct readers {
    reader *at; /* as the audience's JIDs: in their order where there are several */
    size_t count;
    bool all_verified;
} readers;

/* Each ring is read once, however many devices there are. */
static sotto_status load_readers(sotto_engine *engine, const seal_audience *audience, readers *ret) {
    *ret = (readers){bytes_arena_take(&engine->arena, (audience->count + 1) * sizeof *ret->at), audience->count,
                     audience->count > 0};
    if (ret->at == NULL) return SOTTO_FAIL(NO_MEMORY);
    for (size_t i = 0; i < ret->count; i++) {
        SOTTO_TRY(engine_ring_load(engine, audience->jids[i], &ret->at[i].ring));
        ret->all_verified = ret->all_verified && ret->at[i].ring.any_verified;
    }
    return SOTTO_OK;
}

/* NULL: not of the audience. */
static reader *find_reader(const readers *all, sotto_bytes jid) {
    size_t low = 0, high = all->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = bytes_compare(all->at[middle].ring.jid, jid);
        if (order == 0) return &all->at[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* Own devices: what goes to somebody whose keys were verified goes to those own devices alone that are verified too
 * (T7, own list too). A room is as good as its worst member: there it takes all of them to be. */
static sotto_status load_own(sotto_engine *engine, const readers *all, sotto_bytes jid, engine_ring *ret) {
    SOTTO_TRY(engine_ring_load(engine, jid, ret));
    ret->any_verified = ret->any_verified || all->all_verified;
    return SOTTO_OK;
}

/* What leads to a decision goes to those as well about whom there is none. */
static bool takes_undecided(const engine_sending *s, const engine_ring *ring, const seal_key *key) {
    if (s == NULL || s->errand == NULL || !s->errand->undecided) return false;
    return engine_ring_trust(ring, key->key) != SOTTO_TRUST_DISTRUSTED;
}

/* Splits the listed keys into those that may be used and those that may not; the order stays. */
static sotto_status choose_keys(sotto_engine *engine, const engine_sending *s, engine_offer *p) {
    seal_key *allowed = bytes_arena_take(&engine->arena, (p->keys.count + 1) * sizeof *allowed);
    readers all;
    engine_ring own = {0};
    size_t count = 0;
    reader *of = NULL;
    if (allowed == NULL) return SOTTO_FAIL(NO_MEMORY);
    SOTTO_TRY(load_readers(engine, &p->audience, &all));
    for (size_t i = 0; i < p->keys.count; i++) {
        const seal_key *key = &p->keys.at[i];
        if (key->this_device || !sotto_ok(key->problem) || !key->known) continue;
        if (of == NULL || !bytes_equal(of->ring.jid, key->jid)) of = find_reader(&all, key->jid);
        if (of == NULL && !bytes_equal(own.jid, key->jid)) SOTTO_TRY(load_own(engine, &all, key->jid, &own));
        const engine_ring *ring = of != NULL ? &of->ring : &own;
        if (s != NULL && s->errand != NULL && !engine_errand_is_for(s->errand, ring, key, of != NULL)) continue;
        if (engine_ring_verdict(engine, ring, key->key) == TRUST_USE || takes_undecided(s, ring, key)) {
            allowed[count++] = *key;
            if (of != NULL && !of->reached) p->reached++;
            if (of != NULL) of->reached = true;
        } else if (of != NULL) {
            p->refused++;
        }
    }
    p->allowed = (seal_keys){allowed, count};
    if (!p->audience.room) return SOTTO_OK;
    p->reads = bytes_arena_take(&engine->arena, all.count + 1);
    if (p->reads == NULL) return SOTTO_FAIL(NO_MEMORY);
    for (size_t i = 0; i < all.count; i++) p->reads[i] = all.at[i].reached;
    return SOTTO_OK;
}

static sotto_status judge_ready(sotto_engine *engine, const engine_sending *s, engine_offer *p) {
    SOTTO_TRY(choose_keys(engine, s, p));
    bool needs_keys = engine->seals[p->seal].class->strength > 0;
    p->kind = p->reached > 0 || !needs_keys ? ENGINE_PROSPECT_READY : ENGINE_PROSPECT_UNTRUSTED;
    if (p->kind == ENGINE_PROSPECT_UNTRUSTED) p->reason = SOTTO_FAIL(NO_TRUSTED_DEVICE);
    return SOTTO_OK;
}

/* The person, or everybody who reads the room (T35). */
static sotto_status find_audience(sotto_engine *engine, const engine_sending *s, seal_audience *ret) {
    *ret = (seal_audience){.room = s->class == ENGINE_GROUPCHAT};
    if (ret->room) return engine_room_audience(engine, s->peer, &ret->jids, &ret->count);
    sotto_bytes *jids = bytes_arena_take(&engine->arena, sizeof *jids);
    if (jids == NULL) return SOTTO_FAIL(NO_MEMORY);
    *jids = s->peer;
    ret->jids = jids;
    ret->count = 1;
    return SOTTO_OK;
}

/* ---- which seal ---- */

bool engine_offer_is_stored(const sotto_engine *engine, size_t seal) {
    return (engine->seals[seal].class->can & SEAL_CAN_OFFLINE) != 0;
}

/* What a person chose for the contact (via), what an errand is bound to, or what the request came in. What an errand
 * sends again was sealed for devices, and stays with such a seal. */
static bool may_go_by(const sotto_engine *engine, const engine_sending *s, size_t seal) {
    if (s->answers) return s->answer_seal == seal;
    if (s->errand != NULL && s->errand->seal != ENGINE_ANY_SEAL && s->errand->seal != seal) return false;
    if (s->errand != NULL && s->errand->seal == ENGINE_ANY_SEAL && !engine_offer_is_stored(engine, seal)) return false;
    if (s->errand != NULL && s->errand->any_way) return true;
    return engine_contact_goes_by(&s->contact, engine->seals[seal].class);
}

static sotto_via via_of(const engine_sending *s) {
    bool any_way = s->answers || (s->errand != NULL && s->errand->any_way);
    return any_way ? SOTTO_VIA_AUTO : s->contact.via;
}

/* Whether a seal that needs the other side online has anybody to speak to; if not, or not yet, *p says so. Where
 * something else could carry it, or it is over in a moment, somebody who is not there and never spoke so has nothing of
 * this kind: it would wait for ever. */
static sotto_status find_resources(sotto_engine *engine, engine_sending *s, size_t seal, bool after_never,
                                   engine_offer *p, bool *ret_any) {
    bool asking = false, none = false, known = true;
    bool could_wait_for_ever =
        after_never || s->matter == ENGINE_MATTER_PRESENCE || s->matter == ENGINE_MATTER_FILE_OFFER;
    SOTTO_TRY(engine_resource_list(engine, &s->to, &p->audience.resources, &p->audience.resource_count));
    if (!p->audience.idle)
        SOTTO_TRY(engine_feature_look(engine, seal, s->peer, &s->contact, &p->audience, &asking, &none));
    if (p->audience.resource_count == 0 && !none && could_wait_for_ever && via_of(s) == SOTTO_VIA_AUTO)
        SOTTO_TRY(engine_feature_known(engine, seal, s->peer, &known));
    *ret_any = !asking && !none && known;
    p->kind = asking ? ENGINE_PROSPECT_ASKING : ENGINE_PROSPECT_NEVER;
    p->reason = asking ? SOTTO_FAIL(AGAIN) : SOTTO_FAIL(NO_LIVE);
    return SOTTO_OK;
}

static sotto_status ask_one(sotto_engine *engine, engine_sending *s, size_t seal, bool idle, bool after_never,
                            engine_offer *p) {
    bool any = true;
    p->seal = seal;
    p->audience.resources = NULL;
    p->audience.resource_count = 0;
    p->audience.idle = idle;
    if (!engine_offer_is_stored(engine, seal)) SOTTO_TRY(find_resources(engine, s, seal, after_never, p, &any));
    if (!any) return SOTTO_OK;
    engine_env env;
    engine_env_init(&env, engine, seal);
    seal_promise promise = {0};
    SOTTO_TRY(engine->seals[seal].class->promise(engine->seals[seal].self, &env.base, &p->audience, &promise));
    p->reason = promise.reason;
    p->keys = promise.keys;
    if (promise.kind == SEAL_READY) return judge_ready(engine, s, p);
    p->kind = promise.kind == SEAL_ASKING   ? ENGINE_PROSPECT_ASKING
              : promise.kind == SEAL_BROKEN ? ENGINE_PROSPECT_BROKEN
                                            : ENGINE_PROSPECT_NEVER;
    bool no_live = engine_matter_is_brief(s->matter) && !engine_offer_is_stored(engine, seal);
    if (promise.kind == SEAL_NEVER && (sotto_ok(p->reason) || sotto_is(p->reason, SOTTO_E_NO_DEVICE)))
        p->reason = no_live ? SOTTO_FAIL(NO_LIVE) : SOTTO_FAIL(NO_DEVICE);
    return SOTTO_OK;
}

sotto_status engine_offer_begin(sotto_engine *engine, const stanza_jid *to) {
    for (size_t i = 0; engine->online && i < engine->seal_count; i++) {
        if (engine_offer_is_stored(engine, i)) continue;
        engine_env env;
        seal_promise promise = {0};
        seal_audience audience = {.jids = &to->bare, .count = 1};
        engine_env_init(&env, engine, i);
        SOTTO_TRY(engine_resource_list(engine, to, &audience.resources, &audience.resource_count));
        SOTTO_TRY(engine->seals[i].class->promise(engine->seals[i].self, &env.base, &audience, &promise));
    }
    return SOTTO_OK;
}

/* What came of asking. */
typedef struct seal_search {
    bool can;         /* some seal can carry such a stanza */
    bool passed_over; /* ... and may not */
    bool never;       /* one that was asked authoritatively has nothing: */
    sotto_status reason;
} seal_search;

/* The seals whose turn it is, by preference. *ret_settled: one answers for it, *p says how. */
static sotto_status ask_turn(sotto_engine *engine, engine_sending *s, engine_turn turn, seal_search *found,
                             engine_offer *p, bool *ret_settled) {
    for (size_t i = 0; i < engine->seal_count && !*ret_settled; i++) {
        bool stored = engine_offer_is_stored(engine, i);
        if ((engine->seals[i].class->can & needed_ability(s->class)) == 0 ||
            engine_route(s->matter, SOTTO_VIA_AUTO, stored) == ENGINE_TURN_NEVER)
            continue;
        found->can = true;
        found->passed_over = found->passed_over || !may_go_by(engine, s, i);
        if (!may_go_by(engine, s, i) || engine_route(s->matter, via_of(s), stored) != turn || !engine->online) continue;
        SOTTO_TRY(ask_one(engine, s, i, turn == ENGINE_TURN_OPEN, found->never, p));
        if (turn == ENGINE_TURN_OPEN) {
            *ret_settled = p->kind == ENGINE_PROSPECT_READY;
            continue;
        }
        *ret_settled = p->kind != ENGINE_PROSPECT_NEVER;
        if (!*ret_settled && !found->never) found->reason = p->reason;
        found->never = found->never || !*ret_settled;
    }
    return SOTTO_OK;
}

/* The first seal, in the order of the table and then by preference, that does not authoritatively say never: no seal is
 * changed for another by itself. */
sotto_status engine_offer_ask(sotto_engine *engine, engine_sending *s, engine_offer *p) {
    static const engine_turn order[] = {ENGINE_TURN_OPEN, ENGINE_TURN_FIRST, ENGINE_TURN_AFTER};
    seal_search found = {0};
    bool settled = false;
    *p = (engine_offer){0};
    SOTTO_TRY(find_audience(engine, s, &p->audience));
    for (size_t i = 0; i < sizeof order / sizeof *order && !settled; i++)
        SOTTO_TRY(ask_turn(engine, s, order[i], &found, p, &settled));
    if (settled) return SOTTO_OK;
    p->kind = found.never ? ENGINE_PROSPECT_NEVER : ENGINE_PROSPECT_CANNOT;
    p->reason = found.never ? found.reason : SOTTO_FAIL(CANNOT_PROTECT);
    if (found.passed_over) p->kind = ENGINE_PROSPECT_BROKEN; /* who chose a way did not choose the clear instead */
    if (found.can && !engine->online) { /* sealed when it can leave: for the devices and the trust there are then */
        p->kind = ENGINE_PROSPECT_ASKING;
        p->reason = SOTTO_FAIL(OFFLINE);
    }
    return SOTTO_OK;
}

/* What the room itself, or not knowing whom a nick belongs to, decides before any seal is asked. */
static sotto_status judge_room(sotto_engine *engine, const engine_sending *s, engine_offer *p, bool *ret_settled) {
    *ret_settled = s->nobody;
    p->kind = ENGINE_PROSPECT_PUBLIC;
    p->reason = SOTTO_FAIL(NO_OCCUPANT);
    if (s->nobody || s->class != ENGINE_GROUPCHAT) return SOTTO_OK;
    SOTTO_TRY(engine_room_standing(engine, s->peer, &p->reason));
    *ret_settled = !sotto_ok(p->reason);
    if (sotto_is(p->reason, SOTTO_E_NOT_JOINED)) {
        p->kind = ENGINE_PROSPECT_NOT_JOINED;
    } else if (sotto_is(p->reason, SOTTO_E_AGAIN)) {
        p->kind = ENGINE_PROSPECT_ASKING;
        if (!engine->online) p->reason = SOTTO_FAIL(OFFLINE);
    } else if (!sotto_is(p->reason, SOTTO_E_ROOM_PUBLIC) && !sotto_is(p->reason, SOTTO_E_ROOM_ANONYMOUS)) {
        p->kind = ENGINE_PROSPECT_BROKEN;
    }
    return SOTTO_OK;
}

sotto_status engine_offer_find(sotto_engine *engine, engine_sending *s, engine_policy policy, engine_offer *p) {
    *p = (engine_offer){.kind = ENGINE_PROSPECT_CANNOT};
    if (engine_always_clear(s->class) || policy == ENGINE_POLICY_NEVER) return SOTTO_OK;
    bool settled = false;
    SOTTO_TRY(judge_room(engine, s, p, &settled));
    if (settled) return SOTTO_OK;
    SOTTO_TRY(engine_offer_ask(engine, s, p));
    if (p->audience.room && p->audience.count == 0 && p->kind != ENGINE_PROSPECT_CANNOT) {
        p->kind = ENGINE_PROSPECT_BROKEN; /* nobody else is a member: nobody would read it */
        p->reason = SOTTO_FAIL(NO_DEVICE);
    }
    if (s->contact.opted_out && p->kind != ENGINE_PROSPECT_CANNOT) {
        p->kind = ENGINE_PROSPECT_OPTED_OUT;
        p->reason = SOTTO_FAIL(CANCELLED);
    }
    if (p->kind == ENGINE_PROSPECT_ASKING && engine->online) p->reason = SOTTO_FAIL(AGAIN);
    return SOTTO_OK;
}
