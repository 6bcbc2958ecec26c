/* SPDX-License-Identifier: ISC
 *
 * For the files of the part of the engine that compares keys: compare.c (what happens to a run), compare_send.c (what
 * leaves), compare_take.c (what arrives). */
#ifndef ENGINE_COMPARE_PART_H
#define ENGINE_COMPARE_PART_H

#include "engine/compare_row.h"

#define ENGINE_COMPARE_ASK_MS   (UINT64_C(7) * 86400000u) /* an ask, and an answer, wait for the other side */
#define ENGINE_COMPARE_READY_MS (UINT64_C(10) * 60000u)   /* from the characters to the person's yes */

/* What came, and what it was sealed with. */
typedef struct engine_compare_heard {
    struct engine_compare_heard *next;
    context_compare_type way;
    sotto_bytes jid, full; /* in the step's arena */
    uint8_t key[32];
    uint64_t time_ms;
    context_compare_message message;
} engine_compare_heard;

/* ---- compare.c ---- */
/* What is known of a run with jid; one whose time is over has ended. */
SOTTO_MUST_CHECK sotto_status engine_compare_find(sotto_engine *, sotto_bytes jid, engine_compare_run *ret);
/* STATE: a person said something that nobody asked. */
SOTTO_MUST_CHECK sotto_status engine_compare_apply(sotto_engine *, engine_compare_run *, trust_compare_event,
                                                   const engine_compare_heard *);

/* ---- compare_send.c ---- */
/* The seal whose keys are of this type: the first with names for its keys, or that can export. SIZE_MAX: there is none.
 */
size_t engine_compare_seal(const sotto_engine *, context_compare_type);
bool engine_compare_type(const sotto_engine *, size_t seal, context_compare_type *ret);
/* Our list: this device's keys, and those of own other devices that were verified here. */
SOTTO_MUST_CHECK sotto_status engine_compare_own(sotto_engine *, context_compare_list *ret);
/* This device's key of a type. NOT_FOUND. */
SOTTO_MUST_CHECK sotto_status engine_compare_own_key(sotto_engine *, context_compare_type, uint8_t ret[32]);
/* For the run's way and key. NO_SESSION: there is no live session with them now. */
SOTTO_MUST_CHECK sotto_status engine_compare_context(sotto_engine *, const engine_compare_run *, uint8_t ret[32]);
/* What is unsent, as far as it can leave; what left is not unsent any more. */
SOTTO_MUST_CHECK sotto_status engine_compare_send(sotto_engine *, engine_compare_run *, sotto_status *ret_waits_for);
SOTTO_MUST_CHECK sotto_status engine_compare_send_stray(sotto_engine *, const engine_compare_heard *,
                                                        context_compare_reason);
/* To their other devices, which were asked as well. */
SOTTO_MUST_CHECK sotto_status engine_compare_send_elsewhere(sotto_engine *, const engine_compare_run *);

#endif
