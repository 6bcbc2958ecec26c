/* SPDX-License-Identifier: ISC */
#include "trust/doubt.h"

/* By sign; encrypted before, doubtful already, missed. A list that is gone had devices, so that it speaks for itself;
 * silence is about messages that were sealed. */
static const trust_doubt judgements[TRUST_SIGN_COUNT][2][2][2] = {
    [TRUST_SIGN_PLAINTEXT] = {{{TRUST_DOUBT_NOTHING, TRUST_DOUBT_NOTHING}, {TRUST_DOUBT_NOTHING, TRUST_DOUBT_NOTHING}},
                              {{TRUST_DOUBT_TELL, TRUST_DOUBT_TELL}, {TRUST_DOUBT_NOTHING, TRUST_DOUBT_NOTHING}}},
    [TRUST_SIGN_LIST_GONE] = {{{TRUST_DOUBT_TELL, TRUST_DOUBT_TELL}, {TRUST_DOUBT_NOTHING, TRUST_DOUBT_NOTHING}},
                              {{TRUST_DOUBT_TELL, TRUST_DOUBT_TELL}, {TRUST_DOUBT_NOTHING, TRUST_DOUBT_NOTHING}}},
    [TRUST_SIGN_SILENCE] = {{{TRUST_DOUBT_TELL, TRUST_DOUBT_TELL}, {TRUST_DOUBT_NOTHING, TRUST_DOUBT_NOTHING}},
                            {{TRUST_DOUBT_TELL, TRUST_DOUBT_TELL}, {TRUST_DOUBT_NOTHING, TRUST_DOUBT_NOTHING}}},
    [TRUST_SIGN_CONFIRMED] = {{{TRUST_DOUBT_NOTHING, TRUST_DOUBT_NOTHING}, {TRUST_DOUBT_END, TRUST_DOUBT_END}},
                              {{TRUST_DOUBT_NOTHING, TRUST_DOUBT_NOTHING}, {TRUST_DOUBT_END, TRUST_DOUBT_END}}},
    [TRUST_SIGN_ACCEPTED] = {{{TRUST_DOUBT_NOTHING, TRUST_DOUBT_OFFER}, {TRUST_DOUBT_NOTHING, TRUST_DOUBT_OFFER}},
                             {{TRUST_DOUBT_NOTHING, TRUST_DOUBT_OFFER}, {TRUST_DOUBT_NOTHING, TRUST_DOUBT_OFFER}}},
};

trust_doubt trust_doubt_judge(trust_sign sign, const trust_doubt_facts *facts) {
    if ((unsigned)sign >= TRUST_SIGN_COUNT) return TRUST_DOUBT_NOTHING;
    return judgements[sign][facts->encrypted][facts->doubtful][facts->missed];
}

const char *trust_sign_name(trust_sign sign) {
    static const char *const names[] = {"plaintext", "list-gone", "silence", "confirmed", "accepted"};
    return (unsigned)sign < TRUST_SIGN_COUNT ? names[sign] : "unknown";
}

const char *trust_doubt_name(trust_doubt judgement) {
    static const char *const names[] = {"nothing", "tell", "end", "offer"};
    return (unsigned)judgement <= TRUST_DOUBT_OFFER ? names[judgement] : "unknown";
}
