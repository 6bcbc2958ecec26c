/* SPDX-License-Identifier: ISC */
#include "engine/deliver.h"

#include "engine/contact.h"
#include "engine/keyring.h"
#include "engine/output.h"

#define DAY_MS UINT64_C(86400000)

/* Whom the server names as sender; nobody named is the own account (RFC 6120 section 8.1.2.1). */
sotto_bytes engine_arrival_sender(const sotto_engine *engine, const engine_arrival *a) {
    return a->has_from ? a->from.bare : engine->account.bare;
}

sotto_status engine_deliver_clear(sotto_engine *engine, const engine_arrival *a, outbox_keep keep) {
    sotto_output output = {
        .kind = SOTTO_OUTPUT_DELIVER,
        .delivery = {.stanza = a->stanza->raw, .from = engine_arrival_sender(engine, a), .time_ms = a->time_ms}};
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
                            .seal = bytes_text(engine->seals[seal].class->name),
                            .device = opened->key.device,
                            .known = true};
    memcpy(event.key.key, opened->key.key, sizeof event.key.key);
    memcpy(event.key.fingerprint, opened->key.fingerprint, sizeof event.key.fingerprint);
    SOTTO_TRY(engine_keyring_trust(engine, opened->key.jid, opened->key.key, &event.key.trust));
    return engine_event(engine, &event);
}

/* Who seals can read what is sealed: from then on nothing leaves for them in the clear by itself (T14). An opt-out
 * counts only from a key that is accepted: anybody else would only have to ask. */
static sotto_status learn_from(sotto_engine *engine, size_t seal, const seal_opened *opened) {
    bool accepted;
    SOTTO_TRY(is_accepted(engine, &opened->key, &accepted));
    if (!accepted || engine->seals[seal].class->strength == 0) return SOTTO_OK;
    engine_contact contact;
    SOTTO_TRY(engine_contact_get(engine, opened->key.jid, &contact));
    engine_contact now = contact;
    now.sticky = true;
    now.opted_out = contact.opted_out || opened->opt_out;
    if (now.sticky != contact.sticky || now.opted_out != contact.opted_out)
        SOTTO_TRY(engine_contact_put(engine, opened->key.jid, &now));
    return opened->opt_out ? tell_opt_out(engine, seal, opened) : SOTTO_OK;
}

static sotto_status deliver_opened(sotto_engine *engine, size_t seal, const engine_arrival *a,
                                   const seal_opened *opened) {
    sotto_delivery delivery = {.stanza = opened->stanza,
                               .seal = bytes_text(engine->seals[seal].class->name),
                               .from = opened->key.jid.len > 0 ? opened->key.jid : engine_arrival_sender(engine, a),
                               .device = opened->key.device,
                               .time_ms = opened->time_ms != 0 ? opened->time_ms : a->time_ms};
    if (opened->key.known) {
        memcpy(delivery.fingerprint, opened->key.fingerprint, sizeof delivery.fingerprint);
        SOTTO_TRY(engine_keyring_trust(engine, opened->key.jid, opened->key.key, &delivery.trust));
    }
    uint64_t apart = delivery.time_ms > a->time_ms ? delivery.time_ms - a->time_ms : a->time_ms - delivery.time_ms;
    delivery.time_doubtful = apart > DAY_MS;
    sotto_output output = {.kind = SOTTO_OUTPUT_DELIVER, .delivery = delivery};
    return engine_output_stage(engine, &output, OUTBOX_LASTING);
}

sotto_status engine_deliver_unreadable(sotto_engine *engine, size_t seal, const engine_arrival *a, const seal_key *key,
                                       sotto_status reason) {
    sotto_event event = {.kind = SOTTO_EVENT_UNREADABLE,
                         .jid = engine_arrival_sender(engine, a),
                         .reason = reason,
                         .text = stanza_attribute_of(a->stanza, "id"),
                         .key = {.jid = engine_arrival_sender(engine, a),
                                 .seal = bytes_text(engine->seals[seal].class->name),
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
    }
    if (opened->outcome == SEAL_CONTROL) return SOTTO_OK;
    SOTTO_TRY(learn_from(engine, seal, opened));
    return deliver_opened(engine, seal, a, opened);
}

sotto_status engine_deliver_unasked(sotto_engine *engine, size_t seal, const seal_opened *opened) {
    engine_arrival a = {.has_from = true, .time_ms = engine->now_ms, .from = {.bare = opened->key.jid}};
    if (!opened->key.known || (opened->outcome != SEAL_OPENED && opened->outcome != SEAL_UNREADABLE))
        return SOTTO_FAIL(USAGE);
    return engine_deliver_outcome(engine, seal, &a, opened);
}
