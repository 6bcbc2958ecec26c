/* SPDX-License-Identifier: ISC
 *
 * Questions under way and timers: what the engine waits for on behalf of seals and of its own
 * parts. All of it is fleeting. */
#ifndef ENGINE_ASK_H
#define ENGINE_ASK_H

#include "engine/state.h"

#define ENGINE_NOTE_BYTES_MAX 1024u

typedef struct engine_question {
    size_t owner;   /* engine/part.h */
    sotto_bytes to; /* whom it was asked: normalized, empty: the own account or server */
    sotto_bytes note;
} engine_question;

/* Stages the iq and remembers the question. Nothing happens when the same note is pending, while offline, or with
 * SOTTO_ASKS_MAX questions under way. USAGE: a note that is too long. */
SOTTO_MUST_CHECK sotto_status engine_ask(sotto_engine *, size_t owner, bool set, sotto_bytes to, sotto_bytes payload,
                                         sotto_bytes note);
bool engine_asking(const sotto_engine *, size_t owner, sotto_bytes note);
/* Takes the question an iq answers, by id and by who answers (T5): *ret_is false when there is none. Spans of *ret lie
 * in the call's arena. from: NULL when the iq has none. */
SOTTO_MUST_CHECK sotto_status engine_ask_take(sotto_engine *, sotto_bytes id, const stanza_jid *from,
                                              engine_question *ret, bool *ret_is);
/* Forgets all questions (nobody is told). */
SOTTO_MUST_CHECK sotto_status engine_ask_drop_all(sotto_engine *);

/* Before one more fleeting record of a space: where there are `most` of them, the first makes room. */
SOTTO_MUST_CHECK sotto_status engine_fleeting_place(sotto_engine *, char space, size_t most);

SOTTO_MUST_CHECK sotto_status engine_timer(sotto_engine *, size_t owner, sotto_bytes note, uint64_t at_ms);

/* The next thing that is due at now_ms is taken: a question that timed out, or a timer. */
typedef struct engine_due {
    bool is_ask;
    size_t owner;
    sotto_bytes note;
} engine_due;
SOTTO_MUST_CHECK sotto_status engine_due_take(sotto_engine *, engine_due *ret, bool *ret_is);
uint64_t engine_due_at(const sotto_engine *);

#endif
