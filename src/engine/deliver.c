/* SPDX-License-Identifier: ISC */
#include "engine/deliver.h"

#include "engine/archive.h"
#include "engine/compare.h"
#include "engine/contact.h"
#include "engine/doubt.h"
#include "engine/keyring.h"
#include "engine/output.h"
#include "engine/request.h"
#include "engine/vouch.h"
#include "stanza/writer.h"

#define DAY_MS UINT64_C(86400000)

/* Whom the server names as sender; nobody named is the own account (RFC 6120 section 8.1.2.1). */
sotto_bytes engine_arrival_sender(const sotto_engine *engine, const engine_arrival *a) {
    if (a->room.len > 0) return a->real.len > 0 ? a->real : a->room;
    return a->has_from ? a->from.bare : engine->account.bare;
}

sotto_status engine_arrival_peer(sotto_engine *engine, const engine_arrival *a, sotto_bytes *ret) {
    stanza_jid to;
    sotto_bytes text = stanza_attribute_of(a->stanza, "to"), from = engine_arrival_sender(engine, a);
    *ret = from;
    if (text.len == 0 || !bytes_equal(from, engine->account.bare)) return SOTTO_OK;
    SOTTO_TRY(stanza_jid_parse(&engine->arena, text, &to));
    *ret = to.bare;
    return SOTTO_OK;
}

static bool is_groupchat(const engine_arrival *a) {
    return a->room.len > 0 && a->stanza != NULL && bytes_is(stanza_attribute_of(a->stanza, "type"), "groupchat");
}

/* Where it came from, besides from whom. */
static sotto_status put_provenance(sotto_engine *engine, const engine_arrival *a, sotto_delivery *delivery) {
    delivery->carbon = a->carbon;
    delivery->archived = a->tally != NULL;
    delivery->peer = delivery->from;
    delivery->room = a->room;
    delivery->nick = a->nick;
    if (is_groupchat(a)) {
        delivery->peer = a->room;
        return SOTTO_OK;
    }
    return a->stanza != NULL ? engine_arrival_peer(engine, a, &delivery->peer) : SOTTO_OK;
}

/* What was inside of something else may lean on what was declared outside. */
static sotto_status stand_alone(sotto_engine *engine, const engine_arrival *a, sotto_bytes *ret) {
    *ret = a->stanza->raw;
    if (!a->forwarded) return SOTTO_OK;
    bytes_buffer buffer;
    stanza_writer writer;
    sotto_bytes text;
    bytes_buffer_owned(&buffer, engine->host, SOTTO_RECORD_BYTES_MAX);
    stanza_writer_init(&writer, &buffer, STANZA_NS_CLIENT);
    stanza_copy(&writer, a->stanza);
    sotto_status status = bytes_buffer_end(&buffer, &text);
    if (sotto_ok(status) && !bytes_arena_copy(&engine->arena, text, ret)) status = SOTTO_FAIL(NO_MEMORY);
    bytes_buffer_free(&buffer);
    return status;
}

sotto_status engine_deliver_clear(sotto_engine *engine, const engine_arrival *a, outbox_keep keep) {
    bool first;
    if (a->sealed_only) return SOTTO_OK;
    SOTTO_TRY(engine_archive_first(engine, a, &first));
    if (!first) return SOTTO_OK;
    SOTTO_TRY(engine_archive_handed(engine, a));
    SOTTO_TRY(engine_doubt_clear(engine, a));
    sotto_output output = {
        .kind = SOTTO_OUTPUT_DELIVER,
        .delivery = {.stanza = a->stanza->raw, .from = engine_arrival_sender(engine, a), .time_ms = a->time_ms}};
    SOTTO_TRY(stand_alone(engine, a, &output.delivery.stanza));
    SOTTO_TRY(put_provenance(engine, a, &output.delivery));
    SOTTO_TRY(engine_is_answerable(engine, output.delivery.from, &output.delivery.answerable));
    return engine_output_stage(engine, &output, keep);
}

/* Whether what this key says counts: it may be sent to as well. */
static sotto_status is_accepted(sotto_engine *engine, const seal_key *key, bool *ret) {
    *ret = false;
    return key->known ? engine_keyring_accepts(engine, key->jid, key->key, ret) : SOTTO_OK;
}

static sotto_status tell_opt_out(sotto_engine *engine, size_t seal, const seal_opened *opened) {
    sotto_event event = {.kind = SOTTO_EVENT_OPT_OUT, .jid = opened->key.jid, .text = opened->opt_out_reason};
    event.key = (sotto_key){.jid = opened->key.jid,
                            .seal = engine_keyring_dialect(engine, seal, &opened->key),
                            .device = opened->key.device,
                            .known = true};
    memcpy(event.key.key, opened->key.key, sizeof event.key.key);
    memcpy(event.key.fingerprint, opened->key.fingerprint, sizeof event.key.fingerprint);
    SOTTO_TRY(engine_keyring_trust(engine, opened->key.jid, opened->key.key, &event.key.trust));
    return engine_event(engine, &event);
}

/* Where one member seals, what we say is to be sealed as well. */
static sotto_status make_room_sticky(sotto_engine *engine, sotto_bytes room) {
    engine_contact contact;
    SOTTO_TRY(engine_contact_get(engine, room, &contact));
    if (contact.sticky) return SOTTO_OK;
    contact.sticky = true;
    return engine_contact_put(engine, room, &contact);
}

/* Who seals can read what is sealed: from then on nothing leaves for them in the clear by itself (T14). An opt-out
 * counts only from a key that is accepted: anybody else would only have to ask. */
static sotto_status learn_from(sotto_engine *engine, size_t seal, const engine_arrival *a, const seal_opened *opened) {
    bool accepted;
    SOTTO_TRY(is_accepted(engine, &opened->key, &accepted));
    if (!accepted || engine->seals[seal].class->strength == 0) return SOTTO_OK;
    bool opt_out = opened->opt_out && !is_groupchat(a); /* that is between two */
    if (is_groupchat(a)) SOTTO_TRY(make_room_sticky(engine, a->room));
    engine_contact contact;
    SOTTO_TRY(engine_contact_get(engine, opened->key.jid, &contact));
    engine_contact now = contact;
    now.sticky = true;
    now.opted_out = contact.opted_out || opt_out;
    if (now.sticky != contact.sticky || now.opted_out != contact.opted_out)
        SOTTO_TRY(engine_contact_put(engine, opened->key.jid, &now));
    return opt_out ? tell_opt_out(engine, seal, opened) : SOTTO_OK;
}

/* What is inside may ask or answer: then it is remembered, or belongs to something that was. *ret_drop: to nothing. */
static sotto_status note_iq(sotto_engine *engine, size_t seal, const seal_opened *opened, bool *ret_drop) {
    const stanza_element *stanza;
    stanza_jid from;
    *ret_drop = false;
    if ((engine->seals[seal].class->can & SEAL_CAN_IQ) == 0 || engine->seals[seal].class->strength == 0)
        return SOTTO_OK;
    sotto_status status = stanza_parse(&engine->arena, opened->stanza, &stanza);
    if (sotto_is(status, SOTTO_E_TOO_LARGE)) return SOTTO_OK; /* with its addresses, and no request of anybody */
    SOTTO_TRY(status);
    sotto_bytes text = stanza_attribute_of(stanza, "from");
    if (!stanza_is(stanza, "iq", STANZA_NS_CLIENT) || text.len == 0) return SOTTO_OK;
    SOTTO_TRY(stanza_jid_parse(&engine->arena, text, &from));
    if (engine_request_is(stanza)) return engine_request_arrived(engine, seal, stanza, &from, ret_drop);
    return engine_request_answer(engine, stanza, &from, opened->key.key, ret_drop);
}

static sotto_status deliver_opened(sotto_engine *engine, size_t seal, const engine_arrival *a,
                                   const seal_opened *opened) {
    sotto_delivery delivery = {.stanza = opened->stanza,
                               .seal = engine_keyring_dialect(engine, seal, &opened->key),
                               .from = opened->key.jid.len > 0 ? opened->key.jid : engine_arrival_sender(engine, a),
                               .device = opened->key.device,
                               .time_ms = opened->time_ms != 0 ? opened->time_ms : a->time_ms};
    if (opened->key.known) {
        memcpy(delivery.fingerprint, opened->key.fingerprint, sizeof delivery.fingerprint);
        SOTTO_TRY(engine_keyring_trust(engine, opened->key.jid, opened->key.key, &delivery.trust));
    }
    uint64_t apart = delivery.time_ms > a->time_ms ? delivery.time_ms - a->time_ms : a->time_ms - delivery.time_ms;
    delivery.time_doubtful = apart > DAY_MS;
    SOTTO_TRY(engine_is_answerable(engine, delivery.from, &delivery.answerable));
    SOTTO_TRY(put_provenance(engine, a, &delivery));
    sotto_output output = {.kind = SOTTO_OUTPUT_DELIVER, .delivery = delivery};
    return engine_output_stage(engine, &output, OUTBOX_LASTING);
}

/* T22: what cannot be read of an archive is told of once, with its number. */
static sotto_status is_worth_telling(sotto_engine *engine, const engine_arrival *a, bool *ret) {
    SOTTO_TRY(engine_archive_first(engine, a, ret));
    if (!*ret) return SOTTO_OK;
    if (a->tally == NULL) return engine_archive_handed(engine, a);
    a->tally->unreadable++;
    *ret = false;
    return SOTTO_OK;
}

sotto_status engine_deliver_unreadable(sotto_engine *engine, size_t seal, const engine_arrival *a, const seal_key *key,
                                       sotto_status reason) {
    bool tells;
    SOTTO_TRY(is_worth_telling(engine, a, &tells));
    if (!tells) return SOTTO_OK;
    sotto_event event = {.kind = SOTTO_EVENT_UNREADABLE,
                         .jid = engine_arrival_sender(engine, a),
                         .reason = reason,
                         .text = stanza_attribute_of(a->stanza, "id"),
                         .key = {.jid = engine_arrival_sender(engine, a),
                                 .seal = engine_keyring_dialect(engine, seal, key),
                                 .device = key->device}};
    return engine_event(engine, &event);
}

sotto_status engine_deliver_outcome(sotto_engine *engine, size_t seal, const engine_arrival *a,
                                    const seal_opened *opened) {
    if (opened->outcome == SEAL_UNREADABLE)
        return engine_deliver_unreadable(engine, seal, a, &opened->key, opened->reason);
    if (opened->outcome == SEAL_DUPLICATE) return SOTTO_OK;
    if (opened->key.known) {
        SOTTO_TRY(engine_keyring_seen(engine, seal, &opened->key));
        SOTTO_TRY(engine_keyring_used(engine, opened->key.jid, opened->key.key));
        if ((engine->seals[seal].class->can & SEAL_CAN_OFFLINE) != 0)
            SOTTO_TRY(engine_doubt_arrived(engine, a, &opened->key));
    }
    if (opened->outcome == SEAL_CONTROL) return SOTTO_OK;
    SOTTO_TRY(engine_archive_handed(engine, a));
    SOTTO_TRY(learn_from(engine, seal, a, opened));
    bool hide;
    SOTTO_TRY(engine_vouch_arrived(engine, seal, opened, &hide));
    if (!hide) SOTTO_TRY(engine_compare_arrived(engine, seal, a, opened, &hide));
    if (!hide) SOTTO_TRY(note_iq(engine, seal, opened, &hide));
    if (hide) return SOTTO_OK;
    return deliver_opened(engine, seal, a, opened);
}

sotto_status engine_deliver_unasked(sotto_engine *engine, size_t seal, const seal_opened *opened) {
    engine_arrival a = {.has_from = true, .time_ms = engine->now_ms, .from = {.bare = opened->key.jid}};
    if (!opened->key.known || (opened->outcome != SEAL_OPENED && opened->outcome != SEAL_UNREADABLE))
        return SOTTO_FAIL(USAGE);
    return engine_deliver_outcome(engine, seal, &a, opened);
}
