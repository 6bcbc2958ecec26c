/* SPDX-License-Identifier: ISC
 *
 * What is open with whom, for people to look at. */
#ifndef SEAL_LIVE_SESSIONS_H
#define SEAL_LIVE_SESSIONS_H

#include "seal/seal.h"

/* seal_class.list_sessions */
SOTTO_MUST_CHECK sotto_status live_list_sessions(void *self, seal_env *, seal_session_visit *, void *arg);

#endif
