/* SPDX-License-Identifier: ISC */
#include "engine/send.h"

#include "engine/archive.h"
#include "engine/compare.h"
#include "engine/contact.h"
#include "engine/doubt.h"
#include "engine/env.h"
#include "engine/held.h"
#include "engine/keyring.h"
#include "engine/output.h"
#include "engine/receive.h"
#include "engine/request.h"
#include "engine/room.h"
#include "engine/sending.h"
#include "engine/vouch.h"

#define DAY_MS UINT64_C(86400000)

/* ---- what becomes of it ---- */

/* The room shows it to us as well. */
static sotto_status note_for_room(sotto_engine *engine, const engine_sending *s) {
    if (s->class != ENGINE_GROUPCHAT) return SOTTO_OK;
    return engine_room_sent(engine, s->peer, stanza_attribute_of(s->stanza, "id"), s->ticket);
}

/* Whoever was shown that we are here may be answered (T23). To occupants it says nothing of the kind. */
static sotto_status note_presence(sotto_engine *engine, const engine_sending *s) {
    bool shows = s->class == ENGINE_PRESENCE_EMPTY || s->class == ENGINE_PRESENCE_DIRECTED;
    bool hides = bytes_is(stanza_attribute_of(s->stanza, "type"), "unavailable");
    bool is_room = s->by_nick || (s->class == ENGINE_PRESENCE_ROOM && !hides);
    if (s->to.full.len == 0 || is_room || !(shows || hides)) return SOTTO_OK;
    return engine_roster_shown(engine, s->to.full, !hides);
}

/* What goes to a room, or to somebody in one, cannot leave on a stream on which the room was not entered. */
static sotto_status find_way(sotto_engine *engine, const engine_sending *s, const engine_offer *p, outbox_way *ret) {
    *ret = (outbox_way){.peer = s->peer, .encrypt = s->encrypt, .streams = s->streams};
    if (s->class != ENGINE_GROUPCHAT && !s->by_nick) return SOTTO_OK;
    return engine_room_way(engine, &s->to, p != NULL ? &p->audience : NULL, p != NULL ? p->reads : NULL, ret);
}

static sotto_status leave_clear(sotto_engine *engine, engine_sending *s) {
    bool lasting = s->class == ENGINE_MESSAGE || s->class == ENGINE_GROUPCHAT || s->class == ENGINE_MESSAGE_ERROR;
    sotto_output output = {.kind = SOTTO_OUTPUT_STANZA, .ticket = s->ticket, .stanza = s->raw};
    outbox_way way;
    SOTTO_TRY(find_way(engine, s, NULL, &way));
    SOTTO_TRY(
        engine_output_stage_way(engine, &output, lasting ? OUTBOX_LASTING : OUTBOX_SESSION, lasting ? &way : NULL));
    SOTTO_TRY(engine_archive_sent(engine, s->stanza, s->peer));
    SOTTO_TRY(note_for_room(engine, s));
    SOTTO_TRY(note_presence(engine, s));
    if (engine_always_clear(s->class) || s->contact.spoken) return SOTTO_OK;
    s->contact.spoken = true;
    return engine_contact_put(engine, s->peer, &s->contact);
}

static sotto_status tell_left_out_key(sotto_engine *engine, const engine_sending *s, const engine_offer *p,
                                      const seal_key *key) {
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
static sotto_status tell_left_out_members(sotto_engine *engine, const engine_sending *s, const engine_offer *p) {
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
static sotto_status tell_left_out(sotto_engine *engine, const engine_sending *s, const engine_offer *p) {
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

/* A text that no other device of theirs, and no archive, will have. */
static sotto_status tell_live_only(sotto_engine *engine, engine_sending *s, bool *ret_told) {
    *ret_told = !s->contact.live_told && s->errand == NULL && s->class == ENGINE_MESSAGE &&
                stanza_child(s->stanza, "body", STANZA_NS_CLIENT) != NULL;
    if (!*ret_told) return SOTTO_OK;
    s->contact.live_told = true;
    return engine_event(engine, &(sotto_event){.kind = SOTTO_EVENT_LIVE_ONLY, .ticket = s->ticket, .jid = s->peer});
}

static sotto_status leave_sealed(sotto_engine *engine, engine_sending *s, const engine_offer *p) {
    const engine_seal *seal = &engine->seals[p->seal];
    engine_env env;
    engine_env_init(&env, engine, p->seal);
    seal_stanzas stanzas = {0};
    sotto_bytes dialects;
    outbox_way way;
    bool asks = s->errand == NULL && seal->class->strength > 0 && engine_request_is(s->stanza);
    const uint8_t *only =
        p->allowed.count == 1 && !engine_offer_is_stored(engine, p->seal) ? p->allowed.at[0].key : NULL;
    if (asks) SOTTO_TRY(engine_request_sealed(engine, s->stanza, &s->to, s->ticket, only));
    if (s->answers) SOTTO_TRY(engine_request_settled(engine, s->stanza, &s->to));
    SOTTO_TRY(engine_keyring_dialects(engine, p->seal, &p->allowed, &dialects));
    SOTTO_TRY(find_way(engine, s, p, &way));
    SOTTO_TRY(seal->class->protect(seal->self, &env.base, s->stanza, &p->audience, &p->allowed, s->ticket, &stanzas));
    for (size_t i = 0; i < stanzas.count; i++) {
        sotto_output output = {
            .kind = SOTTO_OUTPUT_STANZA, .ticket = s->ticket, .stanza = stanzas.at[i], .seal = dialects};
        SOTTO_TRY(engine_output_stage_way(engine, &output, OUTBOX_LASTING, &way));
    }
    SOTTO_TRY(tell_left_out(engine, s, p));
    SOTTO_TRY(note_for_room(engine, s));
    SOTTO_TRY(note_presence(engine, s));
    bool sticky = s->contact.sticky || seal->class->strength > 0, kept = false, told = false;
    if (s->errand == NULL && !s->by_nick && engine_offer_is_stored(engine, p->seal))
        SOTTO_TRY(engine_doubt_sent(engine, s->peer, s->stanza, &p->allowed, &s->contact, &kept));
    if (!engine_offer_is_stored(engine, p->seal)) SOTTO_TRY(tell_live_only(engine, s, &told));
    kept = kept || told;
    if (s->contact.spoken && s->contact.sticky == sticky && !kept) return SOTTO_OK;
    s->contact.spoken = true;
    s->contact.sticky = sticky;
    return engine_contact_put(engine, s->peer, &s->contact);
}

static sotto_status refuse(sotto_engine *engine, const engine_sending *s, sotto_status reason) {
    if (s->errand != NULL) return SOTTO_OK;
    if (s->answers) SOTTO_TRY(engine_request_settled(engine, s->stanza, &s->to));
    sotto_event event = {.kind = SOTTO_EVENT_REFUSED, .ticket = s->ticket, .jid = s->peer, .reason = reason};
    SOTTO_TRY(engine_event(engine, &event));
    return engine_request_failed(engine, s->stanza, reason);
}

/* For what comes by itself, and not for somebody's decision. */
static bool is_waiting(const engine_offer *p) {
    return sotto_is(p->reason, SOTTO_E_AGAIN) || sotto_is(p->reason, SOTTO_E_OFFLINE);
}

static sotto_status tell_held(sotto_engine *engine, const engine_sending *s, const engine_offer *p) {
    if (s->errand != NULL) return SOTTO_OK;
    sotto_event event = {
        .kind = SOTTO_EVENT_HELD, .ticket = s->ticket, .jid = s->peer, .reason = p->reason, .number = p->refused};
    if (!is_waiting(p))
        SOTTO_TRY(
            engine_keyring_gone(engine, s->peer, engine->now_ms < DAY_MS ? 0 : engine->now_ms - DAY_MS, &event.total));
    return engine_event(engine, &event);
}

/* Decides and does it, once; *ret_held: it has to wait, p->reason says for what, and nothing was done. */
static sotto_status settle_once(sotto_engine *engine, engine_sending *s, engine_offer *p, bool *ret_held) {
    engine_policy policy = s->answers ? ENGINE_POLICY_ALWAYS : engine_contact_policy(engine, &s->contact, s->encrypt);
    SOTTO_TRY(engine_offer_find(engine, s, policy, p));
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
    if (sotto_is(status, SOTTO_E_CANNOT_PROTECT) ||
        (engine_matter_is_brief(s->matter) && sotto_is(status, SOTTO_E_TOO_LARGE)))
        return refuse(engine, s, status);
    p->reason = status;
    *ret_held = true;
    return SOTTO_OK;
}

/* A peer's keys that turn out to be broken, or used up, only while sealing make it wait like keys that were known to be
 * so. With AGAIN the seal has learnt something: what it promises now either asks for it or counts without it. */
static sotto_status settle(sotto_engine *engine, engine_sending *s, engine_offer *p, bool *ret_held) {
    for (size_t round = 0;; round++) {
        SOTTO_TRY(settle_once(engine, s, p, ret_held));
        bool again = *ret_held && p->kind == ENGINE_PROSPECT_READY && sotto_is(p->reason, SOTTO_E_AGAIN);
        if (!again || round >= p->keys.count) return SOTTO_OK; /* each time it learns something about one key */
    }
}

/* ---- held ---- */

typedef struct held_search {
    sotto_bytes lane;
    bool brief;
    uint64_t ticket;
    bool found_jid;
    sotto_status reason;  /* of the first in its lane: what the others behind it wait for as well */
    uint64_t found_order; /* of the ticket; 0: none */
} held_search;

static sotto_status look_for(void *arg, const engine_held *held) {
    held_search *search = arg;
    if (held->ticket == 0) return SOTTO_OK; /* an errand: nobody waits behind it */
    if (held->ticket == search->ticket) search->found_order = held->order;
    if (held->brief == search->brief && bytes_equal(held->lane, search->lane) && !search->found_jid) {
        search->found_jid = true;
        search->reason = held->reason;
    }
    return SOTTO_OK;
}

/* Something is still held there: what comes after it waits too. */
typedef struct blocked_lane {
    struct blocked_lane *next;
    sotto_bytes lane;
    bool brief;
} blocked_lane;

typedef struct review {
    sotto_engine *engine;
    struct engine_changed *changed; /* whose turn it is */
    blocked_lane *blocked;
} review;

static bool is_changed(const struct engine_changed *list, sotto_bytes jid) {
    for (; list != NULL; list = list->next)
        if (list->jid.len == 0 || bytes_equal(list->jid, jid)) return true;
    return false;
}

static bool is_blocked(const blocked_lane *list, const engine_held *held) {
    for (; list != NULL; list = list->next)
        if (list->brief == held->brief && bytes_equal(list->lane, held->lane)) return true;
    return false;
}

static sotto_status block(review *r, const engine_held *held) {
    blocked_lane *entry = bytes_arena_take(&r->engine->step_arena, sizeof *entry);
    if (entry == NULL || !bytes_arena_copy(&r->engine->step_arena, held->lane, &entry->lane))
        return SOTTO_FAIL(NO_MEMORY);
    entry->brief = held->brief;
    entry->next = r->blocked;
    r->blocked = entry;
    return SOTTO_OK;
}

/* What is for somebody in a room is for whoever that is, and follows what is known and decided of him. */
static sotto_status find_occupant(sotto_engine *engine, engine_sending *s) {
    sotto_bytes real;
    bool is_room;
    if (s->to.resource.len == 0 || s->class == ENGINE_GROUPCHAT || engine_always_clear(s->class)) return SOTTO_OK;
    SOTTO_TRY(engine_room_occupant_of(engine, &s->to, &is_room, &real));
    s->by_nick = is_room;
    s->nobody = is_room && real.len == 0;
    if (is_room && real.len > 0) s->peer = real;
    return SOTTO_OK;
}

static sotto_status prepare(sotto_engine *engine, sotto_bytes raw, engine_sending *ret) {
    SOTTO_TRY(stanza_parser_read(engine->parser, &engine->arena, raw, &ret->stanza));
    ret->raw = ret->stanza->raw;
    sotto_bytes to_text = stanza_attribute_of(ret->stanza, "to");
    stanza_jid to = {0};
    if (to_text.at != NULL) SOTTO_TRY(stanza_jid_parse(&engine->arena, to_text, &to));
    SOTTO_TRY(engine_classify(ret->stanza, to_text.at != NULL ? &to : NULL, &ret->class));
    ret->peer = to_text.at != NULL ? to.bare : BYTES_NONE;
    ret->to = to;
    SOTTO_TRY(engine_request_seal(engine, ret->stanza, &to, &ret->answer_seal, &ret->answers));
    if (ret->answers) ret->class = ENGINE_IQ_CONTENT; /* whatever it says */
    SOTTO_TRY(find_occupant(engine, ret));
    if (!engine_always_clear(ret->class)) ret->matter = engine_matter_of(ret->stanza, ret->class, ret->by_nick);
    return SOTTO_OK;
}

static sotto_status review_one(void *arg, const engine_held *held) {
    review *r = arg;
    sotto_engine *engine = r->engine;
    if (!is_changed(r->changed, held->jid) || is_blocked(r->blocked, held)) return SOTTO_OK;
    engine_sending s = {.ticket = held->ticket, .encrypt = held->encrypt};
    engine_errand errand = engine_vouch_errand(engine);
    if (held->ticket == 0) s.errand = &errand;
    SOTTO_TRY(prepare(engine, held->stanza, &s));
    if (!bytes_equal(s.peer, held->jid)) { /* the nick belongs to somebody else now (T36) */
        s.peer = held->jid;
        SOTTO_TRY(refuse(engine, &s, SOTTO_FAIL(NO_OCCUPANT)));
        return engine_held_remove(engine, held->order);
    }
    SOTTO_TRY(engine_contact_get(engine, s.peer, &s.contact));
    engine_offer p;
    bool still_held;
    engine_mark mark = engine_mark_here(engine);
    sotto_status status = settle(engine, &s, &p, &still_held);
    if (sotto_is(status, SOTTO_E_OUTBOX_FULL)) { /* its turn comes when something has left */
        engine_mark_back(engine, mark);
        return block(r, held);
    }
    SOTTO_TRY(status);
    if (!still_held || (s.errand != NULL && !is_waiting(&p))) return engine_held_remove(engine, held->order);
    if (s.errand != NULL) return SOTTO_OK;
    SOTTO_TRY(block(r, held));
    if (p.reason.code == held->reason.code) return SOTTO_OK;
    engine_held now = *held;
    now.reason = p.reason;
    SOTTO_TRY(engine_held_put(engine, &now));
    return tell_held(engine, &s, &p);
}

sotto_status engine_send_review(sotto_engine *engine) {
    for (unsigned round = 0; engine->changed != NULL && round < 8; round++) {
        SOTTO_TRY(engine_room_review(engine));
        SOTTO_TRY(engine_compare_review(engine));
        review r = {.engine = engine, .changed = engine->changed};
        engine->changed = NULL;
        SOTTO_TRY(engine_held_scan(engine, review_one, &r));
    }
    engine->changed = NULL;
    return SOTTO_OK;
}

static sotto_status hold(sotto_engine *engine, const engine_sending *s, const engine_offer *p) {
    engine_held held = {.ticket = s->ticket,
                        .encrypt = s->encrypt,
                        .since_ms = engine->now_ms,
                        .reason = p->reason,
                        .jid = s->peer,
                        .stanza = s->raw,
                        .brief = engine_matter_is_brief(s->matter),
                        .lane = s->to.full};
    SOTTO_TRY(engine_held_add(engine, &held));
    SOTTO_TRY(tell_held(engine, s, p));
    return held.brief ? engine_request_held(engine) : SOTTO_OK;
}

sotto_status engine_send(sotto_engine *engine, const sotto_input *input) {
    engine_sending s = {.ticket = input->ticket, .encrypt = input->encrypt};
    if ((unsigned)input->encrypt > SOTTO_ENCRYPT_NEVER) return SOTTO_FAIL(USAGE);
    SOTTO_TRY(prepare(engine, input->stanza, &s));
    bool brief = !engine_always_clear(s.class) && engine_matter_is_brief(s.matter);
    held_search search = {.lane = brief ? s.to.full : s.peer, .brief = brief, .ticket = s.ticket};
    SOTTO_TRY(engine_held_scan(engine, look_for, &search));
    bool waits;
    SOTTO_TRY(engine_room_waits(engine, s.ticket, false, &waits));
    if (s.ticket == 0 || search.found_order != 0 || waits || engine_outbox_has_ticket(&engine->outbox, s.ticket))
        return SOTTO_FAIL(TICKET_USED);
    SOTTO_TRY(engine_contact_get(engine, s.peer, &s.contact));
    engine_offer p = {.reason = search.reason};
    bool held = search.found_jid && !engine_always_clear(s.class);
    if (!held) SOTTO_TRY(settle(engine, &s, &p, &held));
    if (!held) return SOTTO_OK;
    SOTTO_TRY(hold(engine, &s, &p));
    return search.found_jid ? engine_changed_add(engine, s.peer) : SOTTO_OK;
}

sotto_status engine_send_again(sotto_engine *engine, const sotto_output *output, const outbox_way *way) {
    engine_sending s = {.ticket = output->ticket, .encrypt = way->encrypt, .streams = way->streams};
    engine_offer p = {0};
    bool held;
    SOTTO_TRY(prepare(engine, output->stanza, &s));
    if (!bytes_equal(s.peer, way->peer)) { /* the nick belongs to somebody else now (T36) */
        s.peer = way->peer;
        return refuse(engine, &s, SOTTO_FAIL(NO_OCCUPANT));
    }
    SOTTO_TRY(engine_contact_get(engine, s.peer, &s.contact));
    SOTTO_TRY(settle(engine, &s, &p, &held));
    return held ? hold(engine, &s, &p) : SOTTO_OK;
}

sotto_status engine_send_errand(sotto_engine *engine, sotto_bytes stanza, engine_errand *errand) {
    engine_sending s = {.encrypt = SOTTO_ENCRYPT_ALWAYS, .errand = errand};
    engine_offer p = {0};
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
    if (search.found_order != 0) return engine_held_remove(engine, search.found_order);
    bool waits;
    SOTTO_TRY(engine_room_waits(engine, ticket, true, &waits));
    return waits ? SOTTO_OK : SOTTO_FAIL(NOT_FOUND);
}

/* ---- what does not wait for long ---- */

typedef struct overdue {
    sotto_engine *engine;
    uint64_t next_ms;
    bool any;
} overdue;

static sotto_status note_brief(void *arg, const engine_held *held) {
    overdue *o = arg;
    o->any = o->any || held->brief;
    return SOTTO_OK;
}

sotto_status engine_send_holds_brief(sotto_engine *engine, bool *ret) {
    overdue o = {.engine = engine};
    SOTTO_TRY(engine_held_scan(engine, note_brief, &o));
    *ret = o.any;
    return SOTTO_OK;
}

static sotto_status refuse_overdue(void *arg, const engine_held *held) {
    overdue *o = arg;
    sotto_engine *engine = o->engine;
    uint64_t end_ms = held->since_ms + SOTTO_BRIEF_HELD_MS;
    if (!held->brief) return SOTTO_OK;
    bool set_back = held->since_ms > engine->now_ms + SOTTO_BRIEF_HELD_MS; /* the clock was */
    if (engine->now_ms < end_ms && !set_back) {
        if (end_ms < o->next_ms) o->next_ms = end_ms;
        return SOTTO_OK;
    }
    engine_sending s = {.ticket = held->ticket, .encrypt = held->encrypt};
    SOTTO_TRY(prepare(engine, held->stanza, &s));
    s.peer = held->jid;
    SOTTO_TRY(refuse(engine, &s, sotto_is(held->reason, SOTTO_E_AGAIN) ? SOTTO_FAIL(TIMEOUT) : held->reason));
    return engine_held_remove(engine, held->order);
}

sotto_status engine_send_overdue(sotto_engine *engine, uint64_t *ret_next_ms) {
    overdue o = {.engine = engine, .next_ms = UINT64_MAX};
    SOTTO_TRY(engine_held_scan(engine, refuse_overdue, &o));
    *ret_next_ms = o.next_ms;
    return SOTTO_OK;
}

sotto_status engine_send_outlook(sotto_engine *engine, sotto_bytes room, engine_outlook *ret) {
    engine_sending s = {.class = ENGINE_GROUPCHAT, .matter = ENGINE_MATTER_ROOM, .peer = room};
    engine_offer p;
    SOTTO_TRY(engine_offer_ask(engine, &s, &p));
    *ret = (engine_outlook){p.reason, p.reached, (uint32_t)p.audience.count};
    bool alone = p.audience.count == 0 && p.kind != ENGINE_PROSPECT_CANNOT && p.kind != ENGINE_PROSPECT_ASKING;
    if (p.kind == ENGINE_PROSPECT_READY || alone) ret->reason = SOTTO_OK;
    if (p.kind == ENGINE_PROSPECT_ASKING) ret->reason = SOTTO_FAIL(AGAIN);
    return SOTTO_OK;
}
