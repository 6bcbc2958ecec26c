/* SPDX-License-Identifier: ISC */
#include "engine/send.h"

#include "engine/contact.h"
#include "engine/env.h"
#include "engine/held.h"
#include "engine/keyring.h"
#include "engine/output.h"
#include "engine/resource.h"

/* A stanza on its way, new or held. */
typedef struct sending {
    const stanza_element *stanza;
    sotto_bytes raw;
    engine_class class;
    sotto_bytes peer; /* bare JID; empty: none */
    stanza_jid to;    /* the same as it is addressed; empty: none */
    engine_contact contact;
    uint64_t ticket;
    sotto_encrypt encrypt; /* asked for with the stanza */
} sending;

/* What the seals say about it. */
typedef struct prospect {
    engine_prospect kind;
    sotto_status reason;
    size_t seal;
    seal_audience audience;
    seal_keys keys; /* all the promise listed */
    seal_keys allowed;
    uint32_t refused; /* keys of the peer that may not be used */
} prospect;

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

/* Splits the listed keys into those that may be used and those that may not. */
static sotto_status choose_keys(sotto_engine *engine, sotto_bytes peer, prospect *p, bool *ret_peer_reached) {
    seal_key *allowed = bytes_arena_take(&engine->arena, (p->keys.count + 1) * sizeof *allowed);
    if (allowed == NULL) return SOTTO_FAIL(NO_MEMORY);
    engine_ring ring, peers;
    size_t count = 0;
    SOTTO_TRY(engine_ring_load(engine, peer, &peers));
    ring = peers;
    *ret_peer_reached = false;
    for (size_t i = 0; i < p->keys.count; i++) {
        const seal_key *key = &p->keys.at[i];
        bool of_peer = bytes_equal(key->jid, peer);
        if (key->this_device || !sotto_ok(key->problem) || !key->known) continue;
        if (!bytes_equal(ring.jid, key->jid)) SOTTO_TRY(engine_ring_load(engine, key->jid, &ring));
        ring.any_verified = ring.any_verified || peers.any_verified;
        if (engine_ring_verdict(engine, &ring, key->key) == TRUST_USE) {
            allowed[count++] = *key;
            *ret_peer_reached = *ret_peer_reached || of_peer;
        } else if (of_peer) {
            p->refused++;
        }
    }
    p->allowed = (seal_keys){allowed, count};
    return SOTTO_OK;
}

static sotto_status judge_ready(sotto_engine *engine, const sending *s, prospect *p) {
    bool reached;
    SOTTO_TRY(choose_keys(engine, s->peer, p, &reached));
    bool needs_keys = engine->seals[p->seal].class->strength > 0;
    p->kind = reached || !needs_keys ? ENGINE_PROSPECT_READY : ENGINE_PROSPECT_UNTRUSTED;
    if (p->kind == ENGINE_PROSPECT_UNTRUSTED) p->reason = SOTTO_FAIL(NO_TRUSTED_DEVICE);
    return SOTTO_OK;
}

/* The first seal, by preference, that does not authoritatively say never: no seal is changed for another by itself. */
static sotto_status ask_seals(sotto_engine *engine, const sending *s, prospect *p) {
    *p = (prospect){.kind = ENGINE_PROSPECT_CANNOT, .reason = SOTTO_FAIL(CANNOT_PROTECT)};
    sotto_bytes *jids = bytes_arena_take(&engine->arena, sizeof *jids);
    if (jids == NULL) return SOTTO_FAIL(NO_MEMORY);
    *jids = s->peer;
    p->audience = (seal_audience){.jids = jids, .count = 1, .room = s->class == ENGINE_GROUPCHAT};
    bool can = false;
    for (size_t i = 0; i < engine->seal_count; i++) {
        if ((engine->seals[i].class->can & needed_ability(s->class)) == 0) continue;
        can = true;
        if (!engine->online) break;
        if ((engine->seals[i].class->can & SEAL_CAN_OFFLINE) == 0)
            SOTTO_TRY(engine_resource_list(engine, &s->to, &p->audience.resources, &p->audience.resource_count));
        engine_env env;
        engine_env_init(&env, engine, i);
        seal_promise promise = {0};
        SOTTO_TRY(engine->seals[i].class->promise(engine->seals[i].self, &env.base, &p->audience, &promise));
        p->seal = i;
        p->reason = promise.reason;
        p->keys = promise.keys;
        if (promise.kind == SEAL_READY) return judge_ready(engine, s, p);
        p->kind = promise.kind == SEAL_ASKING   ? ENGINE_PROSPECT_ASKING
                  : promise.kind == SEAL_BROKEN ? ENGINE_PROSPECT_BROKEN
                                                : ENGINE_PROSPECT_NEVER;
        if (promise.kind != SEAL_NEVER) return SOTTO_OK;
        if (sotto_ok(p->reason)) p->reason = SOTTO_FAIL(NO_DEVICE);
    }
    if (can && !engine->online) { /* sealed when it can leave: for the devices and the trust there are then */
        p->kind = ENGINE_PROSPECT_ASKING;
        p->reason = SOTTO_FAIL(OFFLINE);
    }
    return SOTTO_OK;
}

static sotto_status judge(sotto_engine *engine, const sending *s, engine_policy policy, prospect *p) {
    *p = (prospect){.kind = ENGINE_PROSPECT_CANNOT};
    if (engine_always_clear(s->class) || policy == ENGINE_POLICY_NEVER) return SOTTO_OK;
    SOTTO_TRY(ask_seals(engine, s, p));
    if (s->contact.opted_out && p->kind != ENGINE_PROSPECT_CANNOT) {
        p->kind = ENGINE_PROSPECT_OPTED_OUT;
        p->reason = SOTTO_FAIL(CANCELLED);
    }
    if (p->kind == ENGINE_PROSPECT_ASKING && engine->online) p->reason = SOTTO_FAIL(AGAIN);
    return SOTTO_OK;
}

/* ---- what becomes of it ---- */

static sotto_status leave_clear(sotto_engine *engine, sending *s) {
    bool lasting = s->class == ENGINE_MESSAGE || s->class == ENGINE_GROUPCHAT || s->class == ENGINE_MESSAGE_ERROR;
    sotto_output output = {.kind = SOTTO_OUTPUT_STANZA, .ticket = s->ticket, .stanza = s->raw};
    SOTTO_TRY(engine_output_stage(engine, &output, lasting ? OUTBOX_LASTING : OUTBOX_SESSION));
    if (engine_always_clear(s->class) || s->contact.spoken) return SOTTO_OK;
    s->contact.spoken = true;
    return engine_contact_put(engine, s->peer, &s->contact);
}

/* Devices that will not be able to read it: said each time, so that nobody believes otherwise. */
static sotto_status tell_left_out(sotto_engine *engine, const sending *s, const prospect *p) {
    for (size_t i = 0; i < p->keys.count; i++) {
        const seal_key *key = &p->keys.at[i];
        if (key->this_device) continue;
        bool allowed = false;
        for (size_t k = 0; k < p->allowed.count && !allowed; k++)
            allowed = p->allowed.at[k].device == key->device && bytes_equal(p->allowed.at[k].jid, key->jid);
        if (allowed) continue;
        sotto_event event = {.kind = SOTTO_EVENT_LEFT_OUT,
                             .ticket = s->ticket,
                             .jid = key->jid,
                             .reason = sotto_ok(key->problem) ? SOTTO_FAIL(NO_TRUSTED_DEVICE) : key->problem,
                             .key = {.jid = key->jid,
                                     .seal = bytes_text(engine->seals[p->seal].class->name),
                                     .device = key->device,
                                     .known = key->known,
                                     .active = key->active}};
        memcpy(event.key.key, key->key, sizeof event.key.key);
        memcpy(event.key.fingerprint, key->fingerprint, sizeof event.key.fingerprint);
        SOTTO_TRY(engine_event(engine, &event));
    }
    return SOTTO_OK;
}

static sotto_status leave_sealed(sotto_engine *engine, sending *s, const prospect *p) {
    const engine_seal *seal = &engine->seals[p->seal];
    engine_env env;
    engine_env_init(&env, engine, p->seal);
    seal_stanzas stanzas = {0};
    SOTTO_TRY(seal->class->protect(seal->self, &env.base, s->stanza, &p->audience, &p->allowed, s->ticket, &stanzas));
    for (size_t i = 0; i < stanzas.count; i++) {
        sotto_output output = {.kind = SOTTO_OUTPUT_STANZA,
                               .ticket = s->ticket,
                               .stanza = stanzas.at[i],
                               .seal = bytes_text(seal->class->name)};
        SOTTO_TRY(engine_output_stage(engine, &output, OUTBOX_LASTING));
    }
    SOTTO_TRY(tell_left_out(engine, s, p));
    bool sticky = s->contact.sticky || seal->class->strength > 0;
    if (s->contact.spoken && s->contact.sticky == sticky) return SOTTO_OK;
    s->contact.spoken = true;
    s->contact.sticky = sticky;
    return engine_contact_put(engine, s->peer, &s->contact);
}

static sotto_status refuse(sotto_engine *engine, const sending *s, sotto_status reason) {
    sotto_event event = {.kind = SOTTO_EVENT_REFUSED, .ticket = s->ticket, .jid = s->peer, .reason = reason};
    return engine_event(engine, &event);
}

static sotto_status tell_held(sotto_engine *engine, const sending *s, const prospect *p) {
    sotto_event event = {
        .kind = SOTTO_EVENT_HELD, .ticket = s->ticket, .jid = s->peer, .reason = p->reason, .number = p->refused};
    return engine_event(engine, &event);
}

/* Decides and does it, once; *ret_held: it has to wait, p->reason says for what, and nothing was done. */
static sotto_status settle_once(sotto_engine *engine, sending *s, prospect *p, bool *ret_held) {
    engine_policy policy = engine_contact_policy(engine, &s->contact, s->encrypt);
    SOTTO_TRY(judge(engine, s, policy, p));
    *ret_held = false;
    switch (engine_egress(s->class, policy, p->kind)) {
    case ENGINE_CLEAR:
        return leave_clear(engine, s);
    case ENGINE_REFUSE:
        return refuse(engine, s, p->reason);
    case ENGINE_HOLD:
        *ret_held = true;
        return SOTTO_OK;
    case ENGINE_SEAL:
        break;
    }
    engine_mark mark = engine_mark_here(engine);
    sotto_status status = leave_sealed(engine, s, p);
    if (sotto_ok(status) || sotto_class(status) == SOTTO_CLASS_OURS) return status;
    engine_mark_back(engine, mark);
    p->reason = status;
    *ret_held = true;
    return SOTTO_OK;
}

/* A peer's keys that turn out to be broken, or used up, only while sealing make it wait like keys that were known to be
 * so. With AGAIN the seal has learnt something: what it promises now either asks for it or counts without it. */
static sotto_status settle(sotto_engine *engine, sending *s, prospect *p, bool *ret_held) {
    for (size_t round = 0;; round++) {
        SOTTO_TRY(settle_once(engine, s, p, ret_held));
        bool again = *ret_held && p->kind == ENGINE_PROSPECT_READY && sotto_is(p->reason, SOTTO_E_AGAIN);
        if (!again || round >= p->keys.count) return SOTTO_OK; /* each time it learns something about one key */
    }
}

/* ---- held ---- */

typedef struct held_search {
    sotto_bytes jid;
    uint64_t ticket;
    bool found_jid;
    sotto_status reason;  /* of the first for the JID: what the others behind it wait for as well */
    uint64_t found_order; /* of the ticket; 0: none */
} held_search;

static sotto_status look_for(void *arg, const engine_held *held) {
    held_search *search = arg;
    if (held->ticket == search->ticket) search->found_order = held->order;
    if (bytes_equal(held->jid, search->jid) && !search->found_jid) {
        search->found_jid = true;
        search->reason = held->reason;
    }
    return SOTTO_OK;
}

typedef struct review {
    sotto_engine *engine;
    struct engine_changed *changed; /* whose turn it is */
    struct engine_changed *blocked; /* peers with something still held: what comes after it waits too */
} review;

static bool is_in(const struct engine_changed *list, sotto_bytes jid, bool or_all) {
    for (; list != NULL; list = list->next)
        if ((or_all && list->jid.len == 0) || bytes_equal(list->jid, jid)) return true;
    return false;
}

static sotto_status block(review *r, sotto_bytes jid) {
    struct engine_changed *entry = bytes_arena_take(&r->engine->step_arena, sizeof *entry);
    if (entry == NULL || !bytes_arena_copy(&r->engine->step_arena, jid, &entry->jid)) return SOTTO_FAIL(NO_MEMORY);
    entry->next = r->blocked;
    r->blocked = entry;
    return SOTTO_OK;
}

static sotto_status prepare(sotto_engine *engine, sotto_bytes raw, sending *ret) {
    SOTTO_TRY(stanza_parser_read(engine->parser, &engine->arena, raw, &ret->stanza));
    ret->raw = ret->stanza->raw;
    sotto_bytes to_text = stanza_attribute_of(ret->stanza, "to");
    stanza_jid to = {0};
    if (to_text.at != NULL) SOTTO_TRY(stanza_jid_parse(&engine->arena, to_text, &to));
    SOTTO_TRY(engine_classify(ret->stanza, to_text.at != NULL ? &to : NULL, &ret->class));
    ret->peer = to_text.at != NULL ? to.bare : BYTES_NONE;
    ret->to = to;
    return SOTTO_OK;
}

static sotto_status review_one(void *arg, const engine_held *held) {
    review *r = arg;
    sotto_engine *engine = r->engine;
    if (!is_in(r->changed, held->jid, true) || is_in(r->blocked, held->jid, false)) return SOTTO_OK;
    sending s = {.ticket = held->ticket, .encrypt = held->encrypt};
    SOTTO_TRY(prepare(engine, held->stanza, &s));
    SOTTO_TRY(engine_contact_get(engine, s.peer, &s.contact));
    prospect p;
    bool still_held;
    engine_mark mark = engine_mark_here(engine);
    sotto_status status = settle(engine, &s, &p, &still_held);
    if (sotto_is(status, SOTTO_E_OUTBOX_FULL)) { /* its turn comes when something has left */
        engine_mark_back(engine, mark);
        return block(r, held->jid);
    }
    SOTTO_TRY(status);
    if (!still_held) return engine_held_remove(engine, held->order);
    SOTTO_TRY(block(r, held->jid));
    if (p.reason.code == held->reason.code) return SOTTO_OK;
    engine_held now = *held;
    now.reason = p.reason;
    SOTTO_TRY(engine_held_put(engine, &now));
    return tell_held(engine, &s, &p);
}

sotto_status engine_send_review(sotto_engine *engine) {
    for (unsigned round = 0; engine->changed != NULL && round < 8; round++) {
        review r = {.engine = engine, .changed = engine->changed};
        engine->changed = NULL;
        SOTTO_TRY(engine_held_scan(engine, review_one, &r));
    }
    engine->changed = NULL;
    return SOTTO_OK;
}

static sotto_status hold(sotto_engine *engine, const sending *s, const prospect *p) {
    engine_held held = {.ticket = s->ticket,
                        .encrypt = s->encrypt,
                        .since_ms = engine->now_ms,
                        .reason = p->reason,
                        .jid = s->peer,
                        .stanza = s->raw};
    SOTTO_TRY(engine_held_add(engine, &held));
    return tell_held(engine, s, p);
}

sotto_status engine_send(sotto_engine *engine, const sotto_input *input) {
    sending s = {.ticket = input->ticket, .encrypt = input->encrypt};
    if ((unsigned)input->encrypt > SOTTO_ENCRYPT_NEVER) return SOTTO_FAIL(USAGE);
    SOTTO_TRY(prepare(engine, input->stanza, &s));
    held_search search = {.jid = s.peer, .ticket = s.ticket};
    SOTTO_TRY(engine_held_scan(engine, look_for, &search));
    if (s.ticket == 0 || search.found_order != 0 || engine_outbox_has_ticket(&engine->outbox, s.ticket))
        return SOTTO_FAIL(TICKET_USED);
    SOTTO_TRY(engine_contact_get(engine, s.peer, &s.contact));
    prospect p = {.reason = search.reason};
    bool held = search.found_jid && !engine_always_clear(s.class);
    if (!held) SOTTO_TRY(settle(engine, &s, &p, &held));
    if (!held) return SOTTO_OK;
    SOTTO_TRY(hold(engine, &s, &p));
    return search.found_jid ? engine_changed_add(engine, s.peer) : SOTTO_OK;
}

sotto_status engine_cancel(sotto_engine *engine, uint64_t ticket) {
    held_search search = {.ticket = ticket};
    SOTTO_TRY(engine_held_scan(engine, look_for, &search));
    return search.found_order == 0 ? SOTTO_FAIL(NOT_FOUND) : engine_held_remove(engine, search.found_order);
}
