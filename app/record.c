/* SPDX-License-Identifier: ISC */
#include "app/record.h"

#include "bytes/span.h"

/* That nothing is known of the message is no failure: it was not kept, or is long gone. */
static sotto_status if_known(sotto_status status) {
    return sotto_is(status, SOTTO_E_NOT_FOUND) ? SOTTO_OK : status;
}

/* Whoever answers is whom it was sent to. */
static bool answers(const app_message *m) {
    return m->entry.direction == APP_RECEIVED && !m->entry.room && bytes_equal(m->entry.who, m->entry.with);
}

static bool is_accepted(const app_entry *entry) {
    return entry->seal.len > 0 && (entry->trust == SOTTO_TRUST_BLIND || entry->trust == SOTTO_TRUST_VERIFIED);
}

sotto_status app_record_delivery(app_history *history, const app_message *m, bool read, uint64_t seq) {
    bool known;
    if (m->error) return if_known(app_history_answer(history, m->entry.with, m->entry.id, APP_FATE_RETURNED));
    if (m->receipt.len > 0 && answers(m))
        SOTTO_TRY(if_known(app_history_answer(history, m->entry.with, m->receipt,
                                              is_accepted(&m->entry) ? APP_FATE_ARRIVED : APP_FATE_CLAIMED)));
    if (!m->has_text) return SOTTO_OK;
    app_entry entry = m->entry;
    entry.unread = !read;
    entry.seq = seq;
    return app_history_append(history, &entry, &known);
}

typedef struct room_look {
    sotto_bytes jid;
    bool is;
} room_look;

static sotto_status look_for_room(void *arg, const sotto_room *room) {
    room_look *look = arg;
    look->is = look->is || bytes_equal(room->jid, look->jid);
    return SOTTO_OK;
}

/* To somebody in a room that was joined: it belongs to the conversation in the room, and is marked there. To a client
 * of somebody's it does not matter which one. */
static sotto_status place_private(sotto_engine *engine, app_entry *entry) {
    room_look look = {entry->with, false};
    if (entry->room || entry->nick.len == 0) return SOTTO_OK;
    SOTTO_TRY(sotto_engine_rooms(engine, look_for_room, &look));
    entry->room = entry->private = look.is;
    if (!look.is) entry->nick = BYTES_NONE;
    return SOTTO_OK;
}

sotto_status app_record_send(app_history *history, sotto_engine *engine, sotto_bytes stanza, uint64_t ticket,
                             sotto_bytes own, uint64_t now_ms) {
    app_message m;
    bool known;
    sotto_status status = SOTTO_OK;
    if (app_message_read_sent(&m, stanza, own, now_ms) && m.has_text) {
        m.entry.ticket = ticket;
        status = place_private(engine, &m.entry);
        if (sotto_ok(status)) status = app_history_append(history, &m.entry, &known);
    }
    app_message_clear(&m);
    return status;
}

sotto_status app_record_fate(app_history *history, uint64_t ticket, app_fate fate) {
    return if_known(app_history_fate(history, ticket, fate, BYTES_NONE, SOTTO_TRUST_UNDECIDED));
}

typedef struct least {
    bool live; /* by live sessions: their keys, else all others */
    bool verified, less;
} least;

static sotto_status look_at(void *arg, const sotto_key *key) {
    least *l = arg;
    if (key->this_device || !key->active || !key->known || bytes_is(key->seal, "live") != l->live) return SOTTO_OK;
    if (key->trust == SOTTO_TRUST_VERIFIED) l->verified = true;
    if (key->trust == SOTTO_TRUST_BLIND) l->less = true;
    return SOTTO_OK;
}

sotto_trust app_record_trust(sotto_engine *engine, sotto_bytes jid, sotto_bytes seal) {
    least l = {.live = bytes_is(seal, "live")};
    if (!sotto_ok(sotto_engine_keys(engine, jid, look_at, &l)) || l.less || !l.verified) return SOTTO_TRUST_BLIND;
    return SOTTO_TRUST_VERIFIED;
}

typedef struct sent_to {
    sotto_engine *engine;
    sotto_bytes seal;
    sotto_trust trust;
} sent_to;

/* In a room the members' keys are many; no more is claimed than that they were accepted. */
static sotto_status trust_of(void *arg, const app_entry *entry) {
    sent_to *to = arg;
    to->trust = entry->room ? SOTTO_TRUST_BLIND : app_record_trust(to->engine, entry->with, to->seal);
    return SOTTO_OK;
}

static sotto_status record_left(app_history *history, sotto_engine *engine, uint64_t ticket, sotto_bytes seal,
                                app_fate fate) {
    sent_to to = {.engine = engine, .seal = seal};
    if (seal.len > 0) SOTTO_TRY(if_known(app_history_ticket(history, ticket, trust_of, &to)));
    return if_known(app_history_fate(history, ticket, fate, seal.len > 0 ? seal : BYTES_LITERAL(""), to.trust));
}

sotto_status app_record_sent(app_history *history, sotto_engine *engine, uint64_t ticket, sotto_bytes seal) {
    return record_left(history, engine, ticket, seal, APP_FATE_SENT);
}

sotto_status app_record_arrived(app_history *history, sotto_engine *engine, uint64_t ticket, sotto_bytes seal) {
    return record_left(history, engine, ticket, seal, APP_FATE_ARRIVED);
}

app_fate app_record_fate_of(const sotto_event *event) {
    if (event->ticket == 0) return APP_FATE_NONE;
    if (event->kind == SOTTO_EVENT_REFUSED) return APP_FATE_FAILED;
    if (event->kind == SOTTO_EVENT_DELIVERY_UNKNOWN) return APP_FATE_UNKNOWN;
    /* AGAIN: it only waits for an answer that is on its way. */
    return event->kind == SOTTO_EVENT_HELD && !sotto_is(event->reason, SOTTO_E_AGAIN) ? APP_FATE_HELD : APP_FATE_NONE;
}
