/* SPDX-License-Identifier: ISC */
#include "trust/key.h"

#include "bytes/span.h"

sotto_trust trust_key_first(sotto_trust_policy policy, const trust_key_facts *facts) {
    switch (policy) {
    case SOTTO_BLIND_UNTIL_VERIFIED:
        return facts->any_verified ? SOTTO_TRUST_UNDECIDED : SOTTO_TRUST_BLIND;
    case SOTTO_FIRST_USE:
        return facts->any_other || facts->any_verified ? SOTTO_TRUST_UNDECIDED : SOTTO_TRUST_BLIND;
    case SOTTO_VERIFIED_ONLY:
    case SOTTO_CERTIFIED:
        return SOTTO_TRUST_UNDECIDED;
    }
    return SOTTO_TRUST_UNDECIDED;
}

/* Once any key of a JID was verified, only verified ones are used: a key that was accepted blindly before may be the
 * server's (T7; XEP-0450 section 6.2 calls it "trust only after authentication of all keys after first
 * authentication"). */
trust_key_use trust_key_verdict(sotto_trust_policy policy, const trust_key_facts *facts) {
    if (facts->recorded == SOTTO_TRUST_DISTRUSTED) return TRUST_SKIP;
    if (facts->recorded == SOTTO_TRUST_VERIFIED) return TRUST_USE;
    if (facts->recorded == SOTTO_TRUST_UNDECIDED) return TRUST_ASK;
    if (policy == SOTTO_VERIFIED_ONLY || policy == SOTTO_CERTIFIED) return TRUST_ASK;
    return facts->any_verified ? TRUST_ASK : TRUST_USE;
}

static const char *const policies[] = {"blind-until-verified", "first-use", "verified-only", "ca"};

const char *trust_policy_name(sotto_trust_policy policy) {
    return (unsigned)policy <= SOTTO_CERTIFIED ? policies[policy] : "unknown";
}

bool trust_policy_of(sotto_bytes name, sotto_trust_policy *ret) {
    for (unsigned i = 0; i <= SOTTO_CERTIFIED; i++) {
        if (!bytes_is(name, policies[i])) continue;
        *ret = (sotto_trust_policy)i;
        return true;
    }
    return false;
}

const char *trust_name(sotto_trust trust) {
    static const char *const names[] = {"undecided", "blind", "verified", "distrusted"};
    return (unsigned)trust <= SOTTO_TRUST_DISTRUSTED ? names[trust] : "unknown";
}
