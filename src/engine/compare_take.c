/* SPDX-License-Identifier: ISC
 *
 * What arrives. Heard is what came sealed as a whole, from a key that is not refused, of somebody who is known; then a
 * message counts for the run whose thread it names, from the key that this run is with. */
#include <string.h>

#include "engine/compare.h"
#include "engine/compare_part.h"
#include "engine/keyring.h"

/* ---- hearing ---- */

/* Only a seal's form that protects the whole content may speak. */
static bool is_whole(const sotto_engine *engine, size_t seal, const seal_key *key, context_compare_type *ret) {
    const seal_naming *naming = engine->seals[seal].class->naming;
    if (!engine_compare_type(engine, seal, ret)) return false;
    return naming == NULL || bytes_is(engine_keyring_dialect(engine, seal, key), naming->dialect);
}

static sotto_status may_speak(sotto_engine *engine, const engine_arrival *a, const stanza_element *stanza,
                              const seal_opened *opened, bool *ret) {
    sotto_trust trust;
    sotto_bytes to_text = stanza_attribute_of(stanza, "to"), type = stanza_attribute_of(stanza, "type");
    stanza_jid to = engine->account;
    *ret = false;
    if (a->room.len > 0 || bytes_is(type, "groupchat") || bytes_is(type, "error")) return SOTTO_OK;
    /* A copy of what another own device said to somebody is not for us. */
    if (to_text.at != NULL) SOTTO_TRY(stanza_jid_parse(&engine->arena, to_text, &to));
    if (!bytes_equal(to.bare, engine->account.bare)) return SOTTO_OK;
    SOTTO_TRY(engine_keyring_trust(engine, opened->key.jid, opened->key.key, &trust));
    if (trust == SOTTO_TRUST_DISTRUSTED) return SOTTO_OK;
    return engine_is_answerable(engine, opened->key.jid, ret);
}

static sotto_status keep(sotto_engine *engine, const engine_compare_heard *heard) {
    engine_compare_heard *new = bytes_arena_take(&engine->step_arena, sizeof *new), **end = &engine->heard;
    if (new == NULL) return SOTTO_FAIL(NO_MEMORY);
    *new = *heard;
    if (!bytes_arena_copy(&engine->step_arena, heard->jid, &new->jid) ||
        !bytes_arena_copy(&engine->step_arena, heard->full, &new->full))
        return SOTTO_FAIL(NO_MEMORY);
    while (*end != NULL) end = &(*end)->next;
    *end = new;
    return SOTTO_OK;
}

sotto_status engine_compare_arrived(sotto_engine *engine, size_t seal, const engine_arrival *a,
                                    const seal_opened *opened, bool *ret_hide) {
    static const char mark[] = CONTEXT_COMPARE_NS;
    const stanza_element *stanza;
    /* Servers write delay stamps: one of tomorrow makes nothing live longer. */
    uint64_t time_ms = a->time_ms < engine->now_ms ? a->time_ms : engine->now_ms;
    engine_compare_heard heard = {.jid = opened->key.jid, .time_ms = time_ms};
    bool alone, may;
    *ret_hide = false;
    if (!opened->key.known || !is_whole(engine, seal, &opened->key, &heard.way) || opened->stanza.len == 0 ||
        memmem(opened->stanza.at, opened->stanza.len, mark, sizeof mark - 1) == NULL)
        return SOTTO_OK;
    SOTTO_TRY(stanza_parser_read(engine->parser, &engine->arena, opened->stanza, &stanza));
    if (!stanza_is(stanza, "message", STANZA_NS_CLIENT)) return SOTTO_OK;
    sotto_status status = context_compare_read(stanza, &engine->arena, &heard.message, &alone);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    if (!sotto_ok(status) && sotto_class(status) != SOTTO_CLASS_PEER) return status;
    *ret_hide = alone;
    if (!sotto_ok(status)) return SOTTO_OK;
    SOTTO_TRY(may_speak(engine, a, stanza, opened, &may));
    if (!may) return SOTTO_OK;
    memcpy(heard.key, opened->key.key, sizeof heard.key);
    if (heard.way == CONTEXT_COMPARE_LIVE) heard.full = stanza_attribute_of(stanza, "from");
    return keep(engine, &heard);
}

/* ---- whose turn it is ---- */

static bool is_of(const engine_compare_run *run, const engine_compare_heard *heard) {
    return memcmp(run->thread, heard->message.thread, sizeof run->thread) == 0;
}

static bool is_by(const engine_compare_run *run, const engine_compare_heard *heard) {
    return run->way == heard->way && memcmp(run->peer_key, heard->key, sizeof run->peer_key) == 0;
}

static bool is_same_ask(const engine_compare_run *run, const context_compare_message *m) {
    return !run->asker && memcmp(run->commitment, m->commitment, sizeof run->commitment) == 0 &&
           run->theirs.count == m->list.count &&
           memcmp(run->theirs.at, m->list.at, m->list.count * sizeof m->list.at[0]) == 0;
}

/* A list must name the key that it is sealed with. A contact whose list names a key of ours shows what is not his: it
 * is our own list that came back, or worse. With an own other device such keys are passed over (compare.c). */
static bool is_plausible(const sotto_engine *engine, const context_compare_list *own,
                         const engine_compare_heard *heard) {
    const context_compare_list *theirs = &heard->message.list;
    if (!context_compare_list_has(theirs, heard->way, heard->key)) return false;
    if (context_compare_list_has(own, heard->way, heard->key)) return bytes_equal(heard->jid, engine->account.bare);
    for (size_t i = 0; i < theirs->count && !bytes_equal(heard->jid, engine->account.bare); i++)
        if (context_compare_list_has(own, (context_compare_type)theirs->at[i].type, theirs->at[i].key)) return false;
    return true;
}

typedef struct run_count {
    size_t count;
} run_count;

static sotto_status count_run(void *arg, engine_compare_run *run) {
    run_count *all = arg;
    (void)run;
    all->count++;
    return SOTTO_OK;
}

static sotto_status has_room(sotto_engine *engine, bool *ret) {
    run_count all = {0};
    SOTTO_TRY(engine_compare_row_scan(engine, count_run, &all));
    *ret = all.count < SOTTO_COMPARES_MAX;
    return SOTTO_OK;
}

static sotto_status take_ask(sotto_engine *engine, engine_compare_run *run, const engine_compare_heard *heard) {
    context_compare_list own;
    uint8_t own_key[32];
    bool room = true;
    bool there = run->state != TRUST_COMPARE_IDLE;
    if (heard->time_ms + ENGINE_COMPARE_ASK_MS <= engine->now_ms) return SOTTO_OK;
    if (there && is_of(run, heard) && is_same_ask(run, &heard->message))
        return engine_compare_apply(engine, run, TRUST_COMPARE_ASK_AGAIN, heard);
    SOTTO_TRY(engine_compare_own(engine, &own));
    if (!is_plausible(engine, &own, heard)) return engine_compare_send_stray(engine, heard, CONTEXT_COMPARE_MALFORMED);
    if (!there && run->fruitless == 0) SOTTO_TRY(has_room(engine, &room));
    if (!room) return SOTTO_OK;
    if (run->state == TRUST_COMPARE_ASKED) {
        SOTTO_TRY(engine_compare_own_key(engine, heard->way, own_key));
        context_compare_side us = {engine->account.bare, own_key}, them = {heard->jid, heard->key};
        bool stay = context_compare_order(&us, &them) < 0;
        return engine_compare_apply(engine, run, stay ? TRUST_COMPARE_ASK_WE_STAY : TRUST_COMPARE_ASK, heard);
    }
    bool by_it = !there || is_by(run, heard);
    return engine_compare_apply(engine, run, by_it ? TRUST_COMPARE_ASK : TRUST_COMPARE_ASK_OTHER, heard);
}

static sotto_status take_answer(sotto_engine *engine, engine_compare_run *run, const engine_compare_heard *heard) {
    uint8_t context[32], check[CONTEXT_COMPARE_CHECK_BYTES];
    bool there = run->state != TRUST_COMPARE_IDLE && run->asker && is_of(run, heard);
    if (there && run->state != TRUST_COMPARE_ASKED)
        return is_by(run, heard) ? SOTTO_OK : engine_compare_send_stray(engine, heard, CONTEXT_COMPARE_ELSEWHERE);
    if (!there) return engine_compare_apply(engine, run, TRUST_COMPARE_STRAY, heard);
    if (!is_plausible(engine, &run->own, heard))
        return engine_compare_send_stray(engine, heard, CONTEXT_COMPARE_MALFORMED);
    engine_compare_run with = *run;
    with.way = heard->way;
    with.full = heard->full;
    memcpy(with.peer_key, heard->key, sizeof with.peer_key);
    sotto_status status = engine_compare_context(engine, &with, context);
    bool session = !sotto_is(status, SOTTO_E_NO_SESSION);
    if (session) SOTTO_TRY(status);
    if (session) SOTTO_TRY(context_compare_check(check, context));
    bool same = session && memcmp(check, heard->message.check, sizeof check) == 0;
    if (!same) *run = with; /* whom the abort is for */
    return engine_compare_apply(engine, run, same ? TRUST_COMPARE_ANSWER : TRUST_COMPARE_ANSWER_ELSEWHERE, heard);
}

static sotto_status take_reveal(sotto_engine *engine, engine_compare_run *run, const engine_compare_heard *heard) {
    uint8_t commitment[32];
    bool there = run->state != TRUST_COMPARE_IDLE && !run->asker && is_of(run, heard) && is_by(run, heard);
    if (!there) return engine_compare_apply(engine, run, TRUST_COMPARE_STRAY, heard);
    SOTTO_TRY(context_compare_commitment(commitment, run->thread, &run->theirs, heard->message.nonce));
    bool right = memcmp(commitment, run->commitment, sizeof commitment) == 0;
    return engine_compare_apply(engine, run, right ? TRUST_COMPARE_REVEAL : TRUST_COMPARE_REVEAL_WRONG, heard);
}

static sotto_status take_abort(sotto_engine *engine, engine_compare_run *run, const engine_compare_heard *heard) {
    context_compare_reason reason = heard->message.reason;
    bool asked = run->state == TRUST_COMPARE_ASKED;
    if (run->state == TRUST_COMPARE_IDLE || !is_of(run, heard) || (!asked && !is_by(run, heard))) return SOTTO_OK;
    /* While several devices are asked, that one of them cannot says nothing about the others. */
    bool of_one =
        reason == CONTEXT_COMPARE_UNKNOWN || reason == CONTEXT_COMPARE_ELSEWHERE || reason == CONTEXT_COMPARE_BUSY;
    if (asked && of_one) return SOTTO_OK;
    return engine_compare_apply(engine, run, TRUST_COMPARE_ABORTED, heard);
}

static sotto_status take(sotto_engine *engine, const engine_compare_heard *heard) {
    engine_compare_run run;
    SOTTO_TRY(engine_compare_find(engine, heard->jid, &run));
    switch (heard->message.step) {
    case CONTEXT_COMPARE_ASK:
        return take_ask(engine, &run, heard);
    case CONTEXT_COMPARE_ANSWER:
        return take_answer(engine, &run, heard);
    case CONTEXT_COMPARE_REVEAL:
        return take_reveal(engine, &run, heard);
    case CONTEXT_COMPARE_DONE:
        if (run.state == TRUST_COMPARE_IDLE || !is_of(&run, heard) || !is_by(&run, heard)) return SOTTO_OK;
        return engine_compare_apply(engine, &run, heard->message.yes ? TRUST_COMPARE_DONE_YES : TRUST_COMPARE_DONE_NO,
                                    heard);
    case CONTEXT_COMPARE_ABORT:
        break;
    }
    return take_abort(engine, &run, heard);
}

sotto_status engine_compare_later(sotto_engine *engine) {
    while (engine->heard != NULL) {
        const engine_compare_heard *heard = engine->heard;
        engine->heard = heard->next;
        SOTTO_TRY(take(engine, heard));
    }
    return SOTTO_OK;
}
