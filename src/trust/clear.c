/* SPDX-License-Identifier: ISC */
#include "trust/clear.h"

/* By: encrypted before, they asked, limited, confirmed. */
static const trust_clear decisions[2][2][2][2] = {
    {{{TRUST_CLEAR_SET, TRUST_CLEAR_SET}, {TRUST_CLEAR_LIMITED, TRUST_CLEAR_LIMITED}},
     {{TRUST_CLEAR_SET, TRUST_CLEAR_SET}, {TRUST_CLEAR_LIMITED, TRUST_CLEAR_LIMITED}}},
    {{{TRUST_CLEAR_ASK, TRUST_CLEAR_SET}, {TRUST_CLEAR_LIMITED, TRUST_CLEAR_LIMITED}},
     {{TRUST_CLEAR_ANSWER, TRUST_CLEAR_SET}, {TRUST_CLEAR_LIMITED, TRUST_CLEAR_LIMITED}}},
};

trust_clear trust_clear_decide(const trust_clear_facts *facts) {
    return decisions[facts->encrypted][facts->asked][facts->limited][facts->confirmed];
}

const char *trust_clear_name(trust_clear decision) {
    static const char *const names[] = {"set", "limited", "ask", "answer"};
    return (unsigned)decision <= TRUST_CLEAR_ANSWER ? names[decision] : "unknown";
}

trust_window trust_window_at(unsigned long long since_ms, unsigned long long until_ms, unsigned long long now_ms) {
    if (until_ms == 0) return TRUST_WINDOW_NONE;
    return now_ms >= since_ms && now_ms < until_ms ? TRUST_WINDOW_OPEN : TRUST_WINDOW_OVER;
}
