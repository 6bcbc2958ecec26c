/* SPDX-License-Identifier: ISC */
#include "trust/via.h"

/* By choice; whether the seal is a stored one; whether it has the name that was chosen. */
static const bool allows[SOTTO_VIA_NAMED + 1][2][2] = {
    /*                   live: other, named   stored: other, named */
    [SOTTO_VIA_AUTO] = {{true, true}, {true, true}},
    [SOTTO_VIA_STORED] = {{false, false}, {true, true}},
    [SOTTO_VIA_LIVE] = {{true, true}, {false, false}},
    [SOTTO_VIA_NAMED] = {{false, true}, {false, true}},
};

bool trust_via_allows(sotto_via via, const trust_via_seal *seal) {
    return (unsigned)via <= SOTTO_VIA_NAMED && allows[via][seal->stored][seal->named];
}

const char *trust_via_name(sotto_via via) {
    static const char *const names[] = {"auto", "stored", "live", "named"};
    return (unsigned)via <= SOTTO_VIA_NAMED ? names[via] : "unknown";
}
