/* SPDX-License-Identifier: ISC
 *
 * Which ways of protecting a contact's stanzas may go: what a person chose, and what a seal is, in; yes or no out. The
 * whole table is test/policy/via.txt. */
#ifndef TRUST_VIA_H
#define TRUST_VIA_H

#include <sotto/engine.h>

/* What the choice looks at of a seal. */
typedef struct trust_via_seal {
    bool stored; /* the other side need not be online: it is sealed for devices, and kept for them */
    bool named;  /* its name is the one that was chosen */
} trust_via_seal;

/* Whether this seal may carry something for a contact with this choice. */
bool trust_via_allows(sotto_via, const trust_via_seal *);

/* "auto", "stored", "live", "named". Static. */
const char *trust_via_name(sotto_via);

#endif
