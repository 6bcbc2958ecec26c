/* SPDX-License-Identifier: ISC */
#include "engine/egress.h"

bool engine_always_clear(engine_class class) {
    return class < ENGINE_MESSAGE;
}

/* For content. Rows: the policy; columns: the prospect. */
static const engine_fate fates[4][ENGINE_PROSPECT_COUNT] = {
    /*                          cannot          never           asking        broken        untrusted     opted-out
       ready           public          not-joined */
    [ENGINE_POLICY_NEVER] = {ENGINE_CLEAR, ENGINE_CLEAR, ENGINE_CLEAR, ENGINE_CLEAR, ENGINE_CLEAR, ENGINE_CLEAR,
                             ENGINE_CLEAR, ENGINE_CLEAR, ENGINE_CLEAR},
    [ENGINE_POLICY_AUTO] = {ENGINE_CLEAR, ENGINE_CLEAR, ENGINE_HOLD, ENGINE_HOLD, ENGINE_HOLD, ENGINE_HOLD, ENGINE_SEAL,
                            ENGINE_CLEAR, ENGINE_REFUSE},
    [ENGINE_POLICY_STICKY] = {ENGINE_REFUSE, ENGINE_HOLD, ENGINE_HOLD, ENGINE_HOLD, ENGINE_HOLD, ENGINE_HOLD,
                              ENGINE_SEAL, ENGINE_REFUSE, ENGINE_REFUSE},
    [ENGINE_POLICY_ALWAYS] = {ENGINE_REFUSE, ENGINE_REFUSE, ENGINE_HOLD, ENGINE_HOLD, ENGINE_HOLD, ENGINE_HOLD,
                              ENGINE_SEAL, ENGINE_REFUSE, ENGINE_REFUSE},
};

engine_fate engine_egress(engine_class class, engine_policy policy, engine_prospect prospect) {
    if (engine_always_clear(class)) return ENGINE_CLEAR;
    if ((unsigned)class >= ENGINE_CLASS_COUNT || (unsigned)policy > ENGINE_POLICY_ALWAYS ||
        (unsigned)prospect >= ENGINE_PROSPECT_COUNT)
        return ENGINE_REFUSE;
    /* What describes a moment does not wait for keys that are not there: whoever asked learns that at once. */
    bool brief = class == ENGINE_IQ_CONTENT || class == ENGINE_PRESENCE_DIRECTED;
    if (brief && policy == ENGINE_POLICY_STICKY && prospect == ENGINE_PROSPECT_NEVER) return ENGINE_REFUSE;
    return fates[policy][prospect];
}

const char *engine_policy_name(engine_policy policy) {
    static const char *const names[] = {"never", "auto", "sticky", "always"};
    return policy <= ENGINE_POLICY_ALWAYS ? names[policy] : "unknown";
}

const char *engine_prospect_name(engine_prospect prospect) {
    static const char *const names[] = {"cannot",    "never", "asking", "broken",    "untrusted",
                                        "opted-out", "ready", "public", "not-joined"};
    return prospect < ENGINE_PROSPECT_COUNT ? names[prospect] : "unknown";
}

const char *engine_fate_name(engine_fate fate) {
    static const char *const names[] = {"clear", "seal", "hold", "refuse"};
    return fate <= ENGINE_REFUSE ? names[fate] : "unknown";
}
