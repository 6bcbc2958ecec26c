/* SPDX-License-Identifier: ISC */
#include "engine/compare.h"

#include <string.h>

#include "engine/ask.h"
#include "engine/compare_part.h"
#include "engine/env.h"
#include "engine/keyring.h"
#include "engine/output.h"

/* ---- what the person is told ---- */

static sotto_compare stage_of(const engine_compare_run *run) {
    switch (run->state) {
    case TRUST_COMPARE_THEY_ASKED:
        return SOTTO_COMPARE_ASKED;
    case TRUST_COMPARE_READY:
        return SOTTO_COMPARE_READY;
    case TRUST_COMPARE_THEY_DID:
        return SOTTO_COMPARE_THEY_AGREED;
    case TRUST_COMPARE_COMPARED:
        return SOTTO_COMPARE_VERIFIED;
    default:
        return SOTTO_COMPARE_WAITING;
    }
}

/* Empty while it is not known. */
static sotto_status string_of(const sotto_engine *engine, const engine_compare_run *run,
                              char ret[CONTEXT_COMPARE_STRING_SIZE]) {
    ret[0] = '\0';
    if (run->state != TRUST_COMPARE_READY && run->state != TRUST_COMPARE_THEY_DID) return SOTTO_OK;
    sotto_bytes own = engine->account.bare;
    context_compare_run all = {.context = run->context,
                               .thread = run->thread,
                               .nonce_a = run->asker ? run->own_nonce : run->their_nonce,
                               .nonce_b = run->asker ? run->their_nonce : run->own_nonce,
                               .list_a = run->asker ? &run->own : &run->theirs,
                               .list_b = run->asker ? &run->theirs : &run->own,
                               .jid_a = run->asker ? own : run->jid,
                               .jid_b = run->asker ? run->jid : own};
    return context_compare_string(ret, &all);
}

static sotto_status reason_of(context_compare_reason reason) {
    switch (reason) {
    case CONTEXT_COMPARE_SESSION:
        return SOTTO_FAIL(NO_SESSION);
    case CONTEXT_COMPARE_MALFORMED:
        return SOTTO_FAIL(MALFORMED);
    case CONTEXT_COMPARE_LATE:
        return SOTTO_FAIL(TIMEOUT);
    default:
        return SOTTO_FAIL(CANCELLED);
    }
}

static sotto_status tell(sotto_engine *engine, const engine_compare_run *run, sotto_status waits_for) {
    char text[CONTEXT_COMPARE_STRING_SIZE];
    SOTTO_TRY(string_of(engine, run, text));
    sotto_event event = {.kind = SOTTO_EVENT_COMPARE,
                         .jid = run->jid,
                         .number = (uint32_t)stage_of(run),
                         .text = bytes_text(text),
                         .reason = stage_of(run) == SOTTO_COMPARE_WAITING && run->unsent != 0 ? waits_for : SOTTO_OK,
                         .total = run->fruitless};
    return engine_event(engine, &event);
}

static sotto_status tell_end(sotto_engine *engine, const engine_compare_run *run, sotto_compare how,
                             sotto_status reason) {
    sotto_event event = {.kind = SOTTO_EVENT_COMPARE,
                         .jid = run->jid,
                         .number = (uint32_t)how,
                         .reason = reason,
                         .total = run->fruitless};
    return engine_event(engine, &event);
}

/* ---- yes ---- */

/* Distrust is taken back by a verdict about that key alone (T39: it wins): nobody saw the list. */
static sotto_status verify_one(sotto_engine *engine, const engine_compare_run *run, const context_compare_key *key) {
    sotto_key known;
    size_t seal = engine_compare_seal(engine, (context_compare_type)key->type);
    bool others = false;
    if (context_compare_list_has(&run->own, (context_compare_type)key->type, key->key)) return SOTTO_OK;
    sotto_status status = engine_keyring_find(engine, run->jid, key->key, &known);
    if (!sotto_ok(status) || known.trust != SOTTO_TRUST_VERIFIED)
        SOTTO_TRY(engine_keyring_is_others(engine, run->jid, key->key, &others));
    if (others) return SOTTO_OK;
    if (sotto_ok(status)) {
        if (known.trust == SOTTO_TRUST_DISTRUSTED) return SOTTO_OK;
        /* One that was compared inside a session says nothing of another one (opening.c). */
        seal_word word = run->way == CONTEXT_COMPARE_OMEMO ? SEAL_WORD_COMPARED : SEAL_WORD_OTHER;
        return engine_keyring_decide(engine, run->jid, key->key, SOTTO_TRUST_VERIFIED, word);
    }
    if (!sotto_is(status, SOTTO_E_NOT_FOUND)) return status;
    if (seal == SIZE_MAX) return SOTTO_OK; /* of a way of protecting that this program does not have */
    status = engine_keyring_record_of(engine, seal, run->jid, key->key, 0, SOTTO_TRUST_VERIFIED);
    return sotto_is(status, SOTTO_E_TOO_LARGE) ? SOTTO_OK : status;
}

static sotto_status verify_all(sotto_engine *engine, const engine_compare_run *run) {
    for (size_t i = 0; i < run->theirs.count; i++) SOTTO_TRY(verify_one(engine, run, &run->theirs.at[i]));
    return SOTTO_OK;
}

/* ---- what an event does ---- */

static sotto_status begin_anew(sotto_engine *engine, engine_compare_run *run) {
    engine_compare_run new = {.jid = run->jid, .state = TRUST_COMPARE_IDLE, .fruitless = run->fruitless, .asker = true};
    SOTTO_TRY(engine_compare_own(engine, &new.own));
    SOTTO_TRY(engine_random(engine, new.thread, sizeof new.thread));
    SOTTO_TRY(engine_random(engine, new.own_nonce, sizeof new.own_nonce));
    SOTTO_TRY(context_compare_commitment(new.commitment, new.thread, &new.own, new.own_nonce));
    new.until_ms = engine->now_ms + ENGINE_COMPARE_ASK_MS;
    *run = new;
    return SOTTO_OK;
}

static void take_peer(engine_compare_run *run, const engine_compare_heard *heard) {
    run->way = heard->way;
    run->full = heard->full;
    memcpy(run->peer_key, heard->key, sizeof run->peer_key);
}

static sotto_status take_ask(sotto_engine *engine, engine_compare_run *run, const engine_compare_heard *heard) {
    engine_compare_run new = {.jid = run->jid, .state = TRUST_COMPARE_IDLE, .fruitless = run->fruitless};
    take_peer(&new, heard);
    memcpy(new.thread, heard->message.thread, sizeof new.thread);
    memcpy(new.commitment, heard->message.commitment, sizeof new.commitment);
    new.theirs = heard->message.list;
    new.until_ms = heard->time_ms + ENGINE_COMPARE_ASK_MS;
    SOTTO_TRY(engine_compare_own(engine, &new.own));
    SOTTO_TRY(engine_random(engine, new.own_nonce, sizeof new.own_nonce));
    *run = new;
    return SOTTO_OK;
}

/* The context is kept by who answers when the answer leaves, by who asked when it arrives. */
static sotto_status take_answer(sotto_engine *engine, engine_compare_run *run, const engine_compare_heard *heard) {
    take_peer(run, heard);
    run->theirs = heard->message.list;
    memcpy(run->their_nonce, heard->message.nonce, sizeof run->their_nonce);
    SOTTO_TRY(engine_compare_context(engine, run, run->context));
    run->until_ms = engine->now_ms + ENGINE_COMPARE_READY_MS;
    return engine_compare_send_elsewhere(engine, run);
}

static void take_reveal(sotto_engine *engine, engine_compare_run *run, const engine_compare_heard *heard) {
    memcpy(run->their_nonce, heard->message.nonce, sizeof run->their_nonce);
    run->until_ms = engine->now_ms + ENGINE_COMPARE_READY_MS;
}

#define SENDS                                                                                                          \
    ((unsigned)TRUST_COMPARE_SEND_ASK | TRUST_COMPARE_SEND_ANSWER | TRUST_COMPARE_SEND_REVEAL |                        \
     TRUST_COMPARE_SEND_DONE | TRUST_COMPARE_SEND_ABORT)

static sotto_status set_timer(sotto_engine *engine, const engine_compare_run *run) {
    bool over = run->state == TRUST_COMPARE_IDLE && run->unsent == 0;
    uint64_t at_ms = over ? UINT64_MAX : run->until_ms;
    uint64_t again_ms = engine->now_ms + (UINT64_C(1000) << (run->tries < 10 ? run->tries : 10));
    if (!over && run->unsent != 0 && engine->online && again_ms < at_ms) at_ms = again_ms;
    if (run->jid.len > ENGINE_NOTE_BYTES_MAX) return SOTTO_OK;
    return engine_timer(engine, ENGINE_OWNER_COMPARE, run->jid, at_ms);
}

/* Sends what is to be sent, and keeps what that leaves. *ret_waits_for: why something could not leave. */
static sotto_status settle(sotto_engine *engine, engine_compare_run *run, sotto_status *ret_waits_for) {
    SOTTO_TRY(engine_compare_send(engine, run, ret_waits_for));
    SOTTO_TRY(engine_compare_row_put(engine, run));
    return set_timer(engine, run);
}

static bool comes_by_itself(sotto_status reason) {
    return sotto_ok(reason) || sotto_is(reason, SOTTO_E_AGAIN) || sotto_is(reason, SOTTO_E_OFFLINE) ||
           sotto_is(reason, SOTTO_E_OUTBOX_FULL);
}

static sotto_status tell_over(sotto_engine *engine, const engine_compare_run *run, trust_compare_event event,
                              sotto_status reason) {
    if (event == TRUST_COMPARE_YES || event == TRUST_COMPARE_DONE_YES)
        return tell_end(engine, run, SOTTO_COMPARE_AGREED, SOTTO_OK);
    return tell_end(engine, run, SOTTO_COMPARE_ABORTED, reason);
}

static context_compare_reason abort_reason(trust_compare_event event) {
    switch (event) {
    case TRUST_COMPARE_ANSWER_ELSEWHERE:
        return CONTEXT_COMPARE_SESSION;
    case TRUST_COMPARE_REVEAL_WRONG:
        return CONTEXT_COMPARE_MALFORMED;
    case TRUST_COMPARE_LATE:
        return CONTEXT_COMPARE_LATE;
    default:
        return CONTEXT_COMPARE_CANCELLED;
    }
}

/* Why it is over, for the person. */
static sotto_status end_reason(trust_compare_state before, trust_compare_event event,
                               const engine_compare_heard *heard) {
    bool compared = before == TRUST_COMPARE_READY || before == TRUST_COMPARE_THEY_DID;
    if (event == TRUST_COMPARE_DONE_NO || (event == TRUST_COMPARE_NO && compared)) return SOTTO_FAIL(DIFFERS);
    if (event == TRUST_COMPARE_ABORTED) return reason_of(heard->message.reason);
    return reason_of(abort_reason(event));
}

static sotto_status take_from(sotto_engine *engine, engine_compare_run *run, unsigned actions,
                              const engine_compare_heard *heard) {
    if ((actions & TRUST_COMPARE_COUNT) != 0 && run->fruitless < UINT32_MAX) run->fruitless++;
    if ((actions & TRUST_COMPARE_NEW) != 0) SOTTO_TRY(begin_anew(engine, run));
    /* The table takes only where something was heard. */
    if (heard != NULL && (actions & TRUST_COMPARE_TAKE_ASK) != 0) SOTTO_TRY(take_ask(engine, run, heard));
    if (heard != NULL && (actions & TRUST_COMPARE_TAKE_ANSWER) != 0) SOTTO_TRY(take_answer(engine, run, heard));
    if (heard != NULL && (actions & TRUST_COMPARE_TAKE_REVEAL) != 0) take_reveal(engine, run, heard);
    if ((actions & TRUST_COMPARE_VERIFY) != 0) {
        SOTTO_TRY(verify_all(engine, run));
        run->fruitless = 0;
    }
    return SOTTO_OK;
}

sotto_status engine_compare_apply(sotto_engine *engine, engine_compare_run *run, trust_compare_event event,
                                  const engine_compare_heard *heard) {
    trust_compare_state before = run->state;
    trust_compare_step step = trust_compare_next(before, event);
    sotto_status waits_for = SOTTO_OK;
    if ((step.actions & TRUST_COMPARE_REFUSE) != 0) return SOTTO_FAIL(STATE);
    if (step.next == before && step.actions == 0) return SOTTO_OK;
    if ((step.actions & TRUST_COMPARE_SEND_STRAY_ABORT) != 0)
        return engine_compare_send_stray(engine, heard,
                                         event == TRUST_COMPARE_STRAY ? CONTEXT_COMPARE_UNKNOWN : CONTEXT_COMPARE_BUSY);
    SOTTO_TRY(take_from(engine, run, step.actions, heard));
    run->state = step.next;
    run->said_yes = event == TRUST_COMPARE_YES || (run->said_yes && event != TRUST_COMPARE_NO);
    if ((step.actions & TRUST_COMPARE_SEND_ABORT) != 0) run->reason = abort_reason(event);
    if ((step.actions & SENDS) != 0) run->tries = 0;
    if ((step.actions & TRUST_COMPARE_SEND_ABORT) != 0)
        run->unsent = 0; /* what was to be said before is not any more */
    if (run->state == TRUST_COMPARE_IDLE) run->unsent &= (unsigned)TRUST_COMPARE_SEND_DONE;
    run->unsent |= step.actions & SENDS;
    if (run->state == TRUST_COMPARE_IDLE && run->unsent != 0) run->until_ms = engine->now_ms + ENGINE_COMPARE_READY_MS;
    SOTTO_TRY(settle(engine, run, &waits_for));
    if (event == TRUST_COMPARE_BEGIN && run->state == TRUST_COMPARE_ASKED && !comes_by_itself(waits_for)) {
        run->state = TRUST_COMPARE_IDLE; /* there is nobody who could be asked */
        run->unsent = 0;
        SOTTO_TRY(settle(engine, run, &(sotto_status){0}));
        return tell_end(engine, run, SOTTO_COMPARE_ABORTED, waits_for);
    }
    if ((step.actions & TRUST_COMPARE_TELL) == 0) return SOTTO_OK;
    if (run->state == TRUST_COMPARE_IDLE) return tell_over(engine, run, event, end_reason(before, event, heard));
    return tell(engine, run, waits_for);
}

/* A run whose time is over ends before anything else happens to it. */
sotto_status engine_compare_find(sotto_engine *engine, sotto_bytes jid, engine_compare_run *ret) {
    SOTTO_TRY(engine_compare_row_get(engine, jid, ret));
    bool there = ret->state != TRUST_COMPARE_IDLE || ret->unsent != 0;
    if (!there || engine->now_ms < ret->until_ms) return SOTTO_OK;
    if (ret->state != TRUST_COMPARE_IDLE) return engine_compare_apply(engine, ret, TRUST_COMPARE_LATE, NULL);
    ret->unsent = 0;
    SOTTO_TRY(engine_compare_row_put(engine, ret));
    return set_timer(engine, ret);
}

/* ---- inputs ---- */

/* Their ask came in a session that is gone, and nothing can be bound to that any more: our own ask instead, which finds
 * a way. Who stays the one who asked is settled as when both begin at once. */
static sotto_status outlived(sotto_engine *engine, engine_compare_run *run) {
    uint8_t context[32];
    if (run->state != TRUST_COMPARE_THEY_ASKED || run->way != CONTEXT_COMPARE_LIVE) return SOTTO_OK;
    sotto_status status = engine_compare_context(engine, run, context);
    if (!sotto_is(status, SOTTO_E_NO_SESSION)) return status;
    *run = (engine_compare_run){.jid = run->jid, .state = TRUST_COMPARE_IDLE, .fruitless = run->fruitless};
    return SOTTO_OK;
}

sotto_status engine_compare_begin(sotto_engine *engine, sotto_bytes jid) {
    engine_compare_run run;
    SOTTO_TRY(engine_compare_find(engine, jid, &run));
    SOTTO_TRY(outlived(engine, &run));
    return engine_compare_apply(engine, &run, TRUST_COMPARE_BEGIN, NULL);
}

sotto_status engine_compare_say(sotto_engine *engine, sotto_bytes jid, bool same) {
    engine_compare_run run;
    SOTTO_TRY(engine_compare_find(engine, jid, &run));
    return engine_compare_apply(engine, &run, same ? TRUST_COMPARE_YES : TRUST_COMPARE_NO, NULL);
}

static sotto_status look_again(sotto_engine *engine, sotto_bytes jid) {
    engine_compare_run run;
    sotto_status waits_for;
    SOTTO_TRY(engine_compare_find(engine, jid, &run));
    if (run.state == TRUST_COMPARE_IDLE && run.unsent == 0) return SOTTO_OK;
    if (run.unsent == 0 || !engine->online) return set_timer(engine, &run);
    if (run.tries < UINT8_MAX) run.tries++;
    return settle(engine, &run, &waits_for);
}

typedef struct jid_list {
    sotto_engine *engine;
    size_t count;
    sotto_bytes at[SOTTO_COMPARES_MAX];
} jid_list;

static sotto_status list_jid(void *arg, engine_compare_run *run) {
    jid_list *list = arg;
    if (list->count == SOTTO_COMPARES_MAX || (run->state == TRUST_COMPARE_IDLE && run->unsent == 0)) return SOTTO_OK;
    return bytes_arena_copy(&list->engine->arena, run->jid, &list->at[list->count++]) ? SOTTO_OK
                                                                                      : SOTTO_FAIL(NO_MEMORY);
}

sotto_status engine_compare_online(sotto_engine *engine) {
    jid_list *list = bytes_arena_take(&engine->arena, sizeof *list);
    if (list == NULL) return SOTTO_FAIL(NO_MEMORY);
    *list = (jid_list){.engine = engine};
    SOTTO_TRY(engine_compare_row_scan(engine, list_jid, list));
    for (size_t i = 0; i < list->count; i++) SOTTO_TRY(look_again(engine, list->at[i]));
    return SOTTO_OK;
}

static sotto_status review_one(sotto_engine *engine, sotto_bytes jid) {
    engine_compare_run run;
    SOTTO_TRY(engine_compare_row_get(engine, jid, &run));
    return run.unsent != 0 && engine->online ? look_again(engine, jid) : SOTTO_OK;
}

sotto_status engine_compare_review(sotto_engine *engine) {
    for (const struct engine_changed *changed = engine->changed; changed != NULL; changed = changed->next) {
        if (changed->jid.len == 0) return engine->online ? engine_compare_online(engine) : SOTTO_OK;
        SOTTO_TRY(review_one(engine, changed->jid));
    }
    return SOTTO_OK;
}

sotto_status engine_compare_input(sotto_engine *engine, const seal_input *input) {
    return input->kind == SEAL_INPUT_TIMER ? look_again(engine, input->note) : SOTTO_OK;
}

/* ---- looking ---- */

typedef struct run_view {
    sotto_engine *engine;
    sotto_compare_visit *visit;
    void *arg;
} run_view;

static sotto_status show_run(void *arg, engine_compare_run *run) {
    const run_view *view = arg;
    char text[CONTEXT_COMPARE_STRING_SIZE];
    if (run->state == TRUST_COMPARE_IDLE || view->engine->now_ms >= run->until_ms) return SOTTO_OK;
    SOTTO_TRY(string_of(view->engine, run, text));
    sotto_comparison shown = {.jid = run->jid,
                              .stage = stage_of(run),
                              .text = bytes_text(text),
                              .until_ms = run->until_ms,
                              .fruitless = run->fruitless};
    return view->visit(view->arg, &shown);
}

sotto_status engine_compare_visit(sotto_engine *engine, sotto_compare_visit *visit, void *arg) {
    run_view view = {engine, visit, arg};
    return engine_compare_row_scan(engine, show_run, &view);
}
