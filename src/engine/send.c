/* SPDX-License-Identifier: ISC */
#include "engine/send.h"

#include "engine/archive.h"
#include "engine/contact.h"
#include "engine/doubt.h"
#include "engine/env.h"
#include "engine/held.h"
#include "engine/keyring.h"
#include "engine/output.h"
#include "engine/resource.h"
#include "engine/room.h"
#include "engine/vouch.h"

#define DAY_MS UINT64_C(86400000)

/* A stanza on its way, new or held. */
typedef struct sending {
    const stanza_element *stanza;
    sotto_bytes raw;
    engine_class class;
    sotto_bytes peer; /* bare JID; empty: none */
    stanza_jid to;    /* the same as it is addressed; empty: none */
    bool by_nick;     /* `to` is somebody in a room; peer is who that is, or with `nobody` the room */
    bool nobody;
    engine_contact contact;
    uint64_t ticket;
    sotto_encrypt encrypt; /* asked for with the stanza */
    engine_errand *errand; /* the engine's own; NULL: of the application */
} sending;

/* What the seals say about it. */
typedef struct prospect {
    engine_prospect kind;
    sotto_status reason;
    size_t seal;
    seal_audience audience;
    seal_keys keys; /* all the promise listed */
    seal_keys allowed;
    uint32_t refused; /* keys of the audience that may not be used */
    uint32_t reached; /* JIDs of the audience with a key that may */
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

/* Splits the listed keys into those that may be used and those that may not; the order stays. */
static sotto_status choose_keys(sotto_engine *engine, const sending *s, prospect *p) {
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
        if (engine_ring_verdict(engine, ring, key->key) == TRUST_USE) {
            allowed[count++] = *key;
            if (of != NULL && !of->reached) p->reached++;
            if (of != NULL) of->reached = true;
        } else if (of != NULL) {
            p->refused++;
        }
    }
    p->allowed = (seal_keys){allowed, count};
    return SOTTO_OK;
}

static sotto_status judge_ready(sotto_engine *engine, const sending *s, prospect *p) {
    SOTTO_TRY(choose_keys(engine, s, p));
    bool needs_keys = engine->seals[p->seal].class->strength > 0;
    p->kind = p->reached > 0 || !needs_keys ? ENGINE_PROSPECT_READY : ENGINE_PROSPECT_UNTRUSTED;
    if (p->kind == ENGINE_PROSPECT_UNTRUSTED) p->reason = SOTTO_FAIL(NO_TRUSTED_DEVICE);
    return SOTTO_OK;
}

/* The person, or everybody who reads the room (T35). */
static sotto_status find_audience(sotto_engine *engine, const sending *s, seal_audience *ret) {
    *ret = (seal_audience){.room = s->class == ENGINE_GROUPCHAT};
    if (ret->room) return engine_room_audience(engine, s->peer, &ret->jids, &ret->count);
    sotto_bytes *jids = bytes_arena_take(&engine->arena, sizeof *jids);
    if (jids == NULL) return SOTTO_FAIL(NO_MEMORY);
    *jids = s->peer;
    ret->jids = jids;
    ret->count = 1;
    return SOTTO_OK;
}

/* What a person chose for the contact (via), or what an errand is bound to. */
static bool may_go_by(const sotto_engine *engine, const sending *s, size_t seal) {
    if (s->errand != NULL && s->errand->seal != ENGINE_ANY_SEAL && s->errand->seal != seal) return false;
    return engine_contact_goes_by(&s->contact, engine->seals[seal].class);
}

/* The first seal, by preference, that does not authoritatively say never: no seal is changed for another by itself. */
static sotto_status ask_seals(sotto_engine *engine, const sending *s, prospect *p) {
    *p = (prospect){.kind = ENGINE_PROSPECT_CANNOT, .reason = SOTTO_FAIL(CANNOT_PROTECT)};
    SOTTO_TRY(find_audience(engine, s, &p->audience));
    bool can = false, passed_over = false;
    for (size_t i = 0; i < engine->seal_count; i++) {
        if ((engine->seals[i].class->can & needed_ability(s->class)) == 0) continue;
        /* A session with a nick is one with whoever has it next. */
        if ((engine->seals[i].class->can & SEAL_CAN_OFFLINE) == 0 && (s->by_nick || p->audience.room)) continue;
        can = true;
        passed_over = passed_over || !may_go_by(engine, s, i);
        if (!may_go_by(engine, s, i)) continue;
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
    if (passed_over) p->kind = ENGINE_PROSPECT_BROKEN; /* who chose a way did not choose the clear instead */
    if (can && !engine->online) { /* sealed when it can leave: for the devices and the trust there are then */
        p->kind = ENGINE_PROSPECT_ASKING;
        p->reason = SOTTO_FAIL(OFFLINE);
    }
    return SOTTO_OK;
}

/* What the room itself, or not knowing whom a nick belongs to, decides before any seal is asked. */
static sotto_status judge_room(sotto_engine *engine, const sending *s, prospect *p, bool *ret_settled) {
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

static sotto_status judge(sotto_engine *engine, const sending *s, engine_policy policy, prospect *p) {
    *p = (prospect){.kind = ENGINE_PROSPECT_CANNOT};
    if (engine_always_clear(s->class) || policy == ENGINE_POLICY_NEVER) return SOTTO_OK;
    bool settled = false;
    SOTTO_TRY(judge_room(engine, s, p, &settled));
    if (settled) return SOTTO_OK;
    SOTTO_TRY(ask_seals(engine, s, p));
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

/* ---- what becomes of it ---- */

/* The room shows it to us as well. */
static sotto_status note_for_room(sotto_engine *engine, const sending *s) {
    if (s->class != ENGINE_GROUPCHAT) return SOTTO_OK;
    return engine_room_sent(engine, s->peer, stanza_attribute_of(s->stanza, "id"), s->ticket);
}

static sotto_status leave_clear(sotto_engine *engine, sending *s) {
    bool lasting = s->class == ENGINE_MESSAGE || s->class == ENGINE_GROUPCHAT || s->class == ENGINE_MESSAGE_ERROR;
    sotto_output output = {.kind = SOTTO_OUTPUT_STANZA, .ticket = s->ticket, .stanza = s->raw};
    SOTTO_TRY(engine_output_stage(engine, &output, lasting ? OUTBOX_LASTING : OUTBOX_SESSION));
    SOTTO_TRY(engine_archive_sent(engine, s->stanza, s->peer));
    SOTTO_TRY(note_for_room(engine, s));
    if (engine_always_clear(s->class) || s->contact.spoken) return SOTTO_OK;
    s->contact.spoken = true;
    return engine_contact_put(engine, s->peer, &s->contact);
}

static sotto_status tell_left_out_key(sotto_engine *engine, const sending *s, const prospect *p, const seal_key *key) {
    sotto_event event = {.kind = SOTTO_EVENT_LEFT_OUT,
                         .ticket = s->ticket,
                         .jid = key->jid,
                         .reason = sotto_ok(key->problem) ? SOTTO_FAIL(NO_TRUSTED_DEVICE) : key->problem,
                         .key = {.jid = key->jid,
                                 .seal = engine_keyring_dialect(engine, p->seal, key),
                                 .device = key->device,
                                 .known = key->known,
                                 .active = key->active}};
    memcpy(event.key.key, key->key, sizeof event.key.key);
    memcpy(event.key.fingerprint, key->fingerprint, sizeof event.key.fingerprint);
    return engine_event(engine, &event);
}

/* Of a room: members with no device at all. The keys of one JID stand together. */
static sotto_status tell_left_out_members(sotto_engine *engine, const sending *s, const prospect *p) {
    size_t at = 0;
    for (size_t i = 0; p->audience.room && i < p->audience.count; i++) {
        sotto_bytes jid = p->audience.jids[i];
        size_t looked = 0;
        while (looked < p->keys.count && !bytes_equal(p->keys.at[(at + looked) % p->keys.count].jid, jid)) looked++;
        if (looked < p->keys.count) {
            at = (at + looked) % p->keys.count;
            continue;
        }
        sotto_event event = {.kind = SOTTO_EVENT_LEFT_OUT,
                             .ticket = s->ticket,
                             .jid = jid,
                             .reason = SOTTO_FAIL(NO_DEVICE),
                             .key = {.jid = jid, .seal = bytes_text(engine->seals[p->seal].class->name)}};
        SOTTO_TRY(engine_event(engine, &event));
    }
    return SOTTO_OK;
}

/* Devices that will not be able to read it: said each time, so that nobody believes otherwise. */
static sotto_status tell_left_out(sotto_engine *engine, const sending *s, const prospect *p) {
    size_t next = 0; /* the allowed ones are some of the others, in their order */
    if (s->errand != NULL) return SOTTO_OK;
    for (size_t i = 0; i < p->keys.count; i++) {
        const seal_key *key = &p->keys.at[i];
        if (key->this_device) continue;
        bool allowed = next < p->allowed.count && p->allowed.at[next].device == key->device &&
                       bytes_equal(p->allowed.at[next].jid, key->jid);
        if (allowed)
            next++;
        else
            SOTTO_TRY(tell_left_out_key(engine, s, p, key));
    }
    return tell_left_out_members(engine, s, p);
}

static sotto_status leave_sealed(sotto_engine *engine, sending *s, const prospect *p) {
    const engine_seal *seal = &engine->seals[p->seal];
    engine_env env;
    engine_env_init(&env, engine, p->seal);
    seal_stanzas stanzas = {0};
    sotto_bytes dialects;
    SOTTO_TRY(engine_keyring_dialects(engine, p->seal, &p->allowed, &dialects));
    SOTTO_TRY(seal->class->protect(seal->self, &env.base, s->stanza, &p->audience, &p->allowed, s->ticket, &stanzas));
    for (size_t i = 0; i < stanzas.count; i++) {
        sotto_output output = {
            .kind = SOTTO_OUTPUT_STANZA, .ticket = s->ticket, .stanza = stanzas.at[i], .seal = dialects};
        SOTTO_TRY(engine_output_stage(engine, &output, OUTBOX_LASTING));
    }
    SOTTO_TRY(tell_left_out(engine, s, p));
    SOTTO_TRY(note_for_room(engine, s));
    bool sticky = s->contact.sticky || seal->class->strength > 0, kept = false;
    if (s->errand == NULL && !s->by_nick)
        SOTTO_TRY(engine_doubt_sent(engine, s->peer, s->stanza, &p->allowed, &s->contact, &kept));
    if (s->contact.spoken && s->contact.sticky == sticky && !kept) return SOTTO_OK;
    s->contact.spoken = true;
    s->contact.sticky = sticky;
    return engine_contact_put(engine, s->peer, &s->contact);
}

static sotto_status refuse(sotto_engine *engine, const sending *s, sotto_status reason) {
    if (s->errand != NULL) return SOTTO_OK;
    sotto_event event = {.kind = SOTTO_EVENT_REFUSED, .ticket = s->ticket, .jid = s->peer, .reason = reason};
    return engine_event(engine, &event);
}

/* For what comes by itself, and not for somebody's decision. */
static bool is_waiting(const prospect *p) {
    return sotto_is(p->reason, SOTTO_E_AGAIN) || sotto_is(p->reason, SOTTO_E_OFFLINE);
}

static sotto_status tell_held(sotto_engine *engine, const sending *s, const prospect *p) {
    if (s->errand != NULL) return SOTTO_OK;
    sotto_event event = {
        .kind = SOTTO_EVENT_HELD, .ticket = s->ticket, .jid = s->peer, .reason = p->reason, .number = p->refused};
    if (!is_waiting(p))
        SOTTO_TRY(
            engine_keyring_gone(engine, s->peer, engine->now_ms < DAY_MS ? 0 : engine->now_ms - DAY_MS, &event.total));
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
    /* It would be the same whenever it is tried: nothing of it can be protected for them. */
    if (sotto_is(status, SOTTO_E_CANNOT_PROTECT)) return refuse(engine, s, status);
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
    if (held->ticket == 0) return SOTTO_OK; /* an errand: nobody waits behind it */
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

/* What is for somebody in a room is for whoever that is, and follows what is known and decided of him. */
static sotto_status find_occupant(sotto_engine *engine, sending *s) {
    sotto_bytes real;
    bool is_room;
    if (s->to.resource.len == 0 || s->class == ENGINE_GROUPCHAT || engine_always_clear(s->class)) return SOTTO_OK;
    SOTTO_TRY(engine_room_occupant_of(engine, &s->to, &is_room, &real));
    s->by_nick = is_room;
    s->nobody = is_room && real.len == 0;
    if (is_room && real.len > 0) s->peer = real;
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
    return find_occupant(engine, ret);
}

static sotto_status review_one(void *arg, const engine_held *held) {
    review *r = arg;
    sotto_engine *engine = r->engine;
    if (!is_in(r->changed, held->jid, true) || is_in(r->blocked, held->jid, false)) return SOTTO_OK;
    sending s = {.ticket = held->ticket, .encrypt = held->encrypt};
    engine_errand errand = engine_vouch_errand(engine);
    if (held->ticket == 0) s.errand = &errand;
    SOTTO_TRY(prepare(engine, held->stanza, &s));
    if (!bytes_equal(s.peer, held->jid)) { /* the nick belongs to somebody else now (T36) */
        s.peer = held->jid;
        SOTTO_TRY(refuse(engine, &s, SOTTO_FAIL(NO_OCCUPANT)));
        return engine_held_remove(engine, held->order);
    }
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
    if (!still_held || (s.errand != NULL && !is_waiting(&p))) return engine_held_remove(engine, held->order);
    if (s.errand != NULL) return SOTTO_OK;
    SOTTO_TRY(block(r, held->jid));
    if (p.reason.code == held->reason.code) return SOTTO_OK;
    engine_held now = *held;
    now.reason = p.reason;
    SOTTO_TRY(engine_held_put(engine, &now));
    return tell_held(engine, &s, &p);
}

sotto_status engine_send_review(sotto_engine *engine) {
    for (unsigned round = 0; engine->changed != NULL && round < 8; round++) {
        SOTTO_TRY(engine_room_review(engine));
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

sotto_status engine_send_errand(sotto_engine *engine, sotto_bytes stanza, engine_errand *errand) {
    sending s = {.encrypt = SOTTO_ENCRYPT_ALWAYS, .errand = errand};
    prospect p = {0};
    bool held;
    SOTTO_TRY(prepare(engine, stanza, &s));
    SOTTO_TRY(engine_contact_get(engine, s.peer, &s.contact));
    SOTTO_TRY(settle(engine, &s, &p, &held));
    errand->sealed = !held && p.kind == ENGINE_PROSPECT_READY;
    errand->reason = p.reason;
    errand->allowed = p.allowed;
    return held && errand->waits && is_waiting(&p) ? hold(engine, &s, &p) : SOTTO_OK;
}

sotto_status engine_cancel(sotto_engine *engine, uint64_t ticket) {
    held_search search = {.ticket = ticket};
    SOTTO_TRY(engine_held_scan(engine, look_for, &search));
    return search.found_order == 0 ? SOTTO_FAIL(NOT_FOUND) : engine_held_remove(engine, search.found_order);
}

sotto_status engine_send_outlook(sotto_engine *engine, sotto_bytes room, engine_outlook *ret) {
    sending s = {.class = ENGINE_GROUPCHAT, .peer = room};
    prospect p;
    SOTTO_TRY(ask_seals(engine, &s, &p));
    *ret = (engine_outlook){p.reason, p.reached, (uint32_t)p.audience.count};
    bool alone = p.audience.count == 0 && p.kind != ENGINE_PROSPECT_CANNOT && p.kind != ENGINE_PROSPECT_ASKING;
    if (p.kind == ENGINE_PROSPECT_READY || alone) ret->reason = SOTTO_OK;
    if (p.kind == ENGINE_PROSPECT_ASKING) ret->reason = SOTTO_FAIL(AGAIN);
    return SOTTO_OK;
}
