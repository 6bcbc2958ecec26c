/* SPDX-License-Identifier: ISC
 *
 * Live sessions: TLS 1.3 carried in stanzas between two who are both online (doc/live.md). */
#ifndef SEAL_LIVE_LIVE_H
#define SEAL_LIVE_LIVE_H

#include <sotto/engine.h>

const sotto_seal *sotto_seal_live(void);

#endif
