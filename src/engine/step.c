/* SPDX-License-Identifier: ISC
 *
 * What one input does, before what it staged is looked at as a whole (engine.c). */
#include "engine/step.h"

#include "bytes/memory.h"
#include "engine/archive.h"
#include "engine/ask.h"
#include "engine/compare.h"
#include "engine/contact.h"
#include "engine/doubt.h"
#include "engine/env.h"
#include "engine/job.h"
#include "engine/keyring.h"
#include "engine/output.h"
#include "engine/part.h"
#include "engine/receive.h"
#include "engine/request.h"
#include "engine/resource.h"
#include "engine/room.h"
#include "engine/send.h"
#include "engine/sending.h"
#include "stanza/password.h"

#define DUE_PER_STEP_MAX 1000u

/* A stanza of the application that belonged to the old stream alone, and that the server did not acknowledge (it has
 * the first `acked`), is lost: whoever waits for its ticket is told. */
static sotto_status tell_lost(sotto_engine *engine, uint32_t acked) {
    size_t count = engine->outbox.committed;
    for (size_t i = 0; i < count; i++) {
        const outbox_entry *entry = &engine->outbox.at[i];
        if (entry->to_server && !entry->done && acked > 0) {
            acked--;
            continue;
        }
        if (!engine_outbox_ends(entry, true, false) || entry->ticket == 0) continue;
        sotto_event event = {.kind = SOTTO_EVENT_REFUSED, .ticket = entry->ticket, .reason = SOTTO_FAIL(OFFLINE)};
        SOTTO_TRY(engine_request_lost(engine, entry, SOTTO_FAIL(OFFLINE)));
        SOTTO_TRY(engine_event(engine, &event));
    }
    return SOTTO_OK;
}

static sotto_status go_online(sotto_engine *engine, const sotto_input *input) {
    stanza_jid jid;
    SOTTO_TRY(stanza_jid_parse(&engine->arena, input->jid, &jid));
    if (!bytes_equal(jid.bare, engine->account.bare) || jid.resource.len == 0) return SOTTO_FAIL(BAD_JID);
    bool resumed = input->resumed && !engine->begun_lost, anew = !resumed || engine->asks_lost;
    uint32_t acked = input->acked;
    /* More than was ever sent: believing it would lose what waits. */
    if (acked > engine_outbox_waiting(&engine->outbox)) return SOTTO_FAIL(BAD_SERVER);
    engine->online = true;
    sotto_status status = anew ? engine_ask_drop_all(engine) : SOTTO_OK;
    if (sotto_ok(status) && anew) status = engine_roster_forget(engine);
    if (sotto_ok(status) && !resumed) status = engine_resource_forget(engine);
    if (sotto_ok(status) && !resumed) status = tell_lost(engine, acked);
    if (sotto_ok(status) && !resumed) status = engine_room_withdraw(engine, acked);
    if (sotto_ok(status)) status = engine_archive_online(engine, anew, resumed);
    if (sotto_ok(status)) status = engine_room_online(engine, resumed, anew);
    seal_input online = {.kind = SEAL_INPUT_ONLINE, .jid = jid.full, .fresh = anew};
    if (sotto_ok(status)) status = engine_seal_input_all(engine, &online);
    if (sotto_ok(status)) status = engine_contact_review(engine);
    if (sotto_ok(status)) status = engine_compare_online(engine);
    if (sotto_ok(status)) status = engine_changed_add(engine, BYTES_NONE);
    if (sotto_ok(status)) status = engine_send_review(engine);
    SOTTO_TRY(status);
    engine_outbox_acked(&engine->outbox, acked);
    engine_outbox_rewind(&engine->outbox, anew, resumed);
    engine->begun = engine->begun || !resumed;
    engine->asks_lost = false;
    memcpy(engine->full_at, jid.full.at, jid.full.len);
    engine->full = bytes_of(engine->full_at, jid.full.len);
    return SOTTO_OK;
}

static sotto_status go_offline(sotto_engine *engine) {
    SOTTO_TRY(engine_seal_input_all(engine, &(seal_input){.kind = SEAL_INPUT_OFFLINE}));
    engine->online = false;
    engine->full = BYTES_NONE;
    return SOTTO_OK;
}

static sotto_status run_due(sotto_engine *engine) {
    for (unsigned i = 0; i < DUE_PER_STEP_MAX; i++) {
        engine_due due;
        bool is_due;
        SOTTO_TRY(engine_due_take(engine, &due, &is_due));
        if (!is_due) break;
        seal_input input = {
            .kind = due.is_ask ? SEAL_INPUT_ANSWER : SEAL_INPUT_TIMER, .note = due.note, .status = SOTTO_FAIL(TIMEOUT)};
        SOTTO_TRY(engine_owner_input(engine, due.owner, &input));
    }
    return SOTTO_OK;
}

static sotto_status with_jid(sotto_engine *engine, const sotto_input *input) {
    stanza_jid jid;
    SOTTO_TRY(stanza_jid_parse(&engine->arena, input->jid, &jid));
    if (input->kind == SOTTO_INPUT_POLICY) return engine_contact_set(engine, jid.bare, input->encrypt, input->for_ms);
    if (input->kind == SOTTO_INPUT_VIA) return engine_contact_via(engine, jid.bare, input->via, input->name);
    if (input->kind == SOTTO_INPUT_COMPARE) return engine_compare_begin(engine, jid.bare);
    if (input->kind == SOTTO_INPUT_COMPARED) return engine_compare_say(engine, jid.bare, input->same);
    if (input->kind == SOTTO_INPUT_RESEND) return engine_doubt_resend(engine, jid.bare, input);
    if (input->kind == SOTTO_INPUT_REFRESH)
        return engine_seal_input_all(engine, &(seal_input){.kind = SEAL_INPUT_REFRESH, .jid = jid.bare});
    if (input->kind == SOTTO_INPUT_REPAIR)
        return engine_seal_input_all(engine, &(seal_input){.kind = SEAL_INPUT_REPAIR, .jid = jid.bare});
    if (input->key.len != 32 || (unsigned)input->trust > SOTTO_TRUST_DISTRUSTED) return SOTTO_FAIL(USAGE);
    if (input->kind == SOTTO_INPUT_RECORD)
        return engine_keyring_record(engine, jid.bare, input->key.at, input->device, input->trust);
    return engine_keyring_decide(engine, jid.bare, input->key.at, input->trust, SEAL_WORD_SAID);
}

static sotto_status adopt(sotto_engine *engine, const sotto_input *input) {
    if (input->key.len != 32) return SOTTO_FAIL(USAGE);
    seal_input seal = {.kind = SEAL_INPUT_ADOPT, .key = input->key.at, .device = input->device};
    return engine_seal_input_all(engine, &seal);
}

/* Before any seal is called: a call that fails makes it forget its sessions. */
static sotto_status check_word(sotto_bytes word) {
    uint8_t room[SOTTO_LIVE_PASSWORD_BYTES_MAX];
    bytes_buffer out;
    if (word.len == 0 || word.len > sizeof room) return SOTTO_FAIL(USAGE);
    bytes_buffer_borrowed(&out, room, sizeof room);
    sotto_status status = stanza_password_prepare(&out, word);
    bytes_wipe(room, sizeof room);
    return sotto_ok(status) || sotto_is(status, SOTTO_E_NO_MEMORY) ? status : SOTTO_FAIL(USAGE);
}

/* What stands behind our live key, and words that two people compare. */
static sotto_status with_bytes(sotto_engine *engine, const sotto_input *input) {
    stanza_jid jid;
    seal_input seal = {.kind = SEAL_INPUT_STATEMENT, .type = input->number, .bytes = input->bytes};
    if (input->kind == SOTTO_INPUT_PASSWORD) {
        SOTTO_TRY(check_word(input->bytes));
        SOTTO_TRY(stanza_jid_parse(&engine->arena, input->jid, &jid));
        SOTTO_TRY(engine_offer_begin(engine, &jid));
        seal = (seal_input){.kind = SEAL_INPUT_PASSWORD, .jid = jid.full, .bytes = input->bytes, .again = input->again};
    }
    return engine_seal_input_all(engine, &seal);
}

sotto_status engine_step_do(sotto_engine *engine, const sotto_input *input) {
    switch (input->kind) {
    case SOTTO_INPUT_ONLINE:
        return go_online(engine, input);
    case SOTTO_INPUT_OFFLINE:
        return go_offline(engine);
    case SOTTO_INPUT_STANZA:
        return engine_receive(engine, input->stanza);
    case SOTTO_INPUT_SEND:
        return engine_send(engine, input);
    case SOTTO_INPUT_CANCEL:
        return engine_cancel(engine, input->ticket);
    case SOTTO_INPUT_TIMER:
        return run_due(engine);
    case SOTTO_INPUT_POLICY:
    case SOTTO_INPUT_REFRESH:
    case SOTTO_INPUT_REPAIR:
    case SOTTO_INPUT_VERDICT:
    case SOTTO_INPUT_RECORD:
    case SOTTO_INPUT_VIA:
    case SOTTO_INPUT_RESEND:
    case SOTTO_INPUT_COMPARE:
    case SOTTO_INPUT_COMPARED:
        return with_jid(engine, input);
    case SOTTO_INPUT_RENAME:
        return engine_seal_input_all(engine, &(seal_input){.kind = SEAL_INPUT_RENAME, .bytes = input->name});
    case SOTTO_INPUT_REMOVE:
        return engine_seal_input_all(engine, &(seal_input){.kind = SEAL_INPUT_REMOVE, .device = input->device});
    case SOTTO_INPUT_ADOPT:
        return adopt(engine, input);
    case SOTTO_INPUT_STATEMENT:
    case SOTTO_INPUT_PASSWORD:
        return with_bytes(engine, input);
    case SOTTO_INPUT_FIRST:
        return engine_seal_input_all(engine, &(seal_input){.kind = SEAL_INPUT_FIRST, .type = input->number});
    case SOTTO_INPUT_ENDING:
        return engine_seal_input_all(engine, &(seal_input){.kind = SEAL_INPUT_ENDING});
    case SOTTO_INPUT_ANSWER:
        return engine_job_answer(engine, input->job, input->answer);
    case SOTTO_INPUT_LEAVE:
        return engine_seal_input_all(engine, &(seal_input){.kind = SEAL_INPUT_LEAVE});
    case SOTTO_INPUT_JOIN:
    case SOTTO_INPUT_PART:
        return engine_room_step(engine, input);
    }
    return SOTTO_FAIL(USAGE);
}
