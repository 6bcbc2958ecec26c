/* SPDX-License-Identifier: ISC */
#include "trust/compare.h"

#include <stddef.h>

#define TELL  TRUST_COMPARE_TELL
#define COUNT TRUST_COMPARE_COUNT
#define ABORT TRUST_COMPARE_SEND_ABORT

#define BEGIN_ANEW                                                                                                     \
    { TRUST_COMPARE_ASKED, TRUST_COMPARE_NEW | TRUST_COMPARE_SEND_ASK | TELL }
#define THEY_BEGIN(and)                                                                                                \
    { TRUST_COMPARE_THEY_ASKED, TRUST_COMPARE_TAKE_ASK | TELL | (and) }
#define ANSWER_IT                                                                                                      \
    { TRUST_COMPARE_ANSWERED, TRUST_COMPARE_SEND_ANSWER | TELL }
#define END(what)                                                                                                      \
    { TRUST_COMPARE_IDLE, (what) }
#define STAY(what)                                                                                                     \
    { TRUST_COMPARE_STAY, (what) }
#define STRAY_ABORT STAY(TRUST_COMPARE_SEND_STRAY_ABORT)

/* What is not here changes nothing. */
static const trust_compare_step table[TRUST_COMPARE_STATES][TRUST_COMPARE_EVENTS] = {
    [TRUST_COMPARE_IDLE] = {[TRUST_COMPARE_BEGIN] = BEGIN_ANEW,
                            [TRUST_COMPARE_YES] = STAY(TRUST_COMPARE_REFUSE),
                            [TRUST_COMPARE_NO] = STAY(TRUST_COMPARE_REFUSE),
                            [TRUST_COMPARE_ASK] = THEY_BEGIN(0),
                            [TRUST_COMPARE_STRAY] = STRAY_ABORT},
    [TRUST_COMPARE_ASKED] = {[TRUST_COMPARE_BEGIN] = STAY(TRUST_COMPARE_SEND_ASK | TELL),
                             [TRUST_COMPARE_YES] = STAY(TRUST_COMPARE_REFUSE),
                             [TRUST_COMPARE_NO] = END(ABORT | TELL),
                             [TRUST_COMPARE_ASK] = {TRUST_COMPARE_ANSWERED,
                                                    TRUST_COMPARE_TAKE_ASK | TRUST_COMPARE_SEND_ANSWER | TELL},
                             [TRUST_COMPARE_ASK_WE_STAY] = STAY(TRUST_COMPARE_SEND_ASK),
                             [TRUST_COMPARE_ANSWER] = {TRUST_COMPARE_READY,
                                                       TRUST_COMPARE_TAKE_ANSWER | TRUST_COMPARE_SEND_REVEAL | TELL},
                             [TRUST_COMPARE_ANSWER_ELSEWHERE] = END(COUNT | ABORT | TELL),
                             [TRUST_COMPARE_ABORTED] = END(TELL),
                             [TRUST_COMPARE_STRAY] = STRAY_ABORT,
                             [TRUST_COMPARE_LATE] = END(TELL)},
    [TRUST_COMPARE_THEY_ASKED] = {[TRUST_COMPARE_BEGIN] = ANSWER_IT,
                                  [TRUST_COMPARE_YES] = STAY(TRUST_COMPARE_REFUSE),
                                  [TRUST_COMPARE_NO] = END(ABORT | TELL),
                                  [TRUST_COMPARE_ASK] = THEY_BEGIN(0), /* the newest: that is where they are */
                                  [TRUST_COMPARE_ASK_OTHER] = THEY_BEGIN(0),
                                  [TRUST_COMPARE_ABORTED] = END(TELL),
                                  [TRUST_COMPARE_STRAY] = STRAY_ABORT,
                                  [TRUST_COMPARE_LATE] = END(TELL)},
    [TRUST_COMPARE_ANSWERED] = {[TRUST_COMPARE_BEGIN] = STAY(TELL),
                                [TRUST_COMPARE_YES] = STAY(TRUST_COMPARE_REFUSE),
                                [TRUST_COMPARE_NO] = END(COUNT | ABORT | TELL),
                                [TRUST_COMPARE_ASK] = THEY_BEGIN(COUNT),
                                [TRUST_COMPARE_ASK_OTHER] = STRAY_ABORT,
                                [TRUST_COMPARE_REVEAL] = {TRUST_COMPARE_READY, TRUST_COMPARE_TAKE_REVEAL | TELL},
                                [TRUST_COMPARE_REVEAL_WRONG] = END(COUNT | ABORT | TELL),
                                [TRUST_COMPARE_ABORTED] = END(COUNT | TELL),
                                [TRUST_COMPARE_STRAY] = STRAY_ABORT,
                                [TRUST_COMPARE_LATE] = END(COUNT | ABORT | TELL)},
    [TRUST_COMPARE_READY] = {[TRUST_COMPARE_BEGIN] = STAY(TELL),
                             [TRUST_COMPARE_YES] = {TRUST_COMPARE_COMPARED,
                                                    TRUST_COMPARE_VERIFY | TRUST_COMPARE_SEND_DONE | TELL},
                             [TRUST_COMPARE_NO] = END(COUNT | TRUST_COMPARE_SEND_DONE | TELL),
                             [TRUST_COMPARE_ASK] = THEY_BEGIN(COUNT),
                             [TRUST_COMPARE_ASK_OTHER] = STRAY_ABORT,
                             [TRUST_COMPARE_DONE_YES] = {TRUST_COMPARE_THEY_DID, TELL},
                             [TRUST_COMPARE_DONE_NO] = END(COUNT | TELL),
                             [TRUST_COMPARE_ABORTED] = END(COUNT | TELL),
                             [TRUST_COMPARE_STRAY] = STRAY_ABORT,
                             [TRUST_COMPARE_LATE] = END(COUNT | ABORT | TELL)},
    [TRUST_COMPARE_THEY_DID] = {[TRUST_COMPARE_BEGIN] = STAY(TELL),
                                [TRUST_COMPARE_YES] = END(TRUST_COMPARE_VERIFY | TRUST_COMPARE_SEND_DONE | TELL),
                                [TRUST_COMPARE_NO] = END(COUNT | TRUST_COMPARE_SEND_DONE | TELL),
                                [TRUST_COMPARE_ASK] = THEY_BEGIN(COUNT),
                                [TRUST_COMPARE_ASK_OTHER] = STRAY_ABORT,
                                [TRUST_COMPARE_DONE_NO] = END(COUNT | TELL),
                                [TRUST_COMPARE_ABORTED] = END(COUNT | TELL),
                                [TRUST_COMPARE_STRAY] = STRAY_ABORT,
                                [TRUST_COMPARE_LATE] = END(COUNT | ABORT | TELL)},
    [TRUST_COMPARE_COMPARED] = {[TRUST_COMPARE_BEGIN] = BEGIN_ANEW,
                                [TRUST_COMPARE_YES] = STAY(TRUST_COMPARE_REFUSE),
                                [TRUST_COMPARE_NO] = STAY(TRUST_COMPARE_REFUSE),
                                [TRUST_COMPARE_ASK] = THEY_BEGIN(0),
                                [TRUST_COMPARE_ASK_OTHER] = THEY_BEGIN(0),
                                [TRUST_COMPARE_DONE_YES] = END(TELL),
                                [TRUST_COMPARE_DONE_NO] = END(COUNT | TELL),
                                [TRUST_COMPARE_ABORTED] = END(COUNT | TELL),
                                [TRUST_COMPARE_STRAY] = STRAY_ABORT,
                                [TRUST_COMPARE_LATE] = END(0)},
};

trust_compare_step trust_compare_next(trust_compare_state state, trust_compare_event event) {
    if (state == TRUST_COMPARE_STAY || (unsigned)state >= TRUST_COMPARE_STATES ||
        (unsigned)event >= TRUST_COMPARE_EVENTS)
        return (trust_compare_step){TRUST_COMPARE_IDLE, TRUST_COMPARE_REFUSE};
    trust_compare_step step = table[state][event];
    if (step.next == TRUST_COMPARE_STAY) step.next = state;
    return step;
}

const char *trust_compare_state_name(trust_compare_state state) {
    static const char *const names[] = {"stay",     "idle",  "asked",    "they-asked",
                                        "answered", "ready", "they-did", "compared"};
    return (unsigned)state < TRUST_COMPARE_STATES ? names[state] : "unknown";
}

const char *trust_compare_event_name(trust_compare_event event) {
    static const char *const names[] = {"begin",     "yes",          "no",
                                        "ask",       "ask-we-stay",  "ask-again",
                                        "ask-other", "answer",       "answer-elsewhere",
                                        "reveal",    "reveal-wrong", "done-yes",
                                        "done-no",   "aborted",      "stray",
                                        "late"};
    return (unsigned)event < TRUST_COMPARE_EVENTS ? names[event] : "unknown";
}

const char *trust_compare_action_name(trust_compare_action action) {
    static const char *const names[] = {
        "refuse",   "count",       "new",         "take-ask",  "take-answer", "take-reveal",      "verify",
        "send-ask", "send-answer", "send-reveal", "send-done", "send-abort",  "send-stray-abort", "tell"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if ((unsigned)action == 1u << i) return names[i];
    return "unknown";
}
