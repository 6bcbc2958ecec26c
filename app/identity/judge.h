/* SPDX-License-Identifier: ISC
 *
 * Jobs of live sessions: what somebody else shows is looked at beside the loop, by whoever holds the account, and the
 * engine gets the answer. */
#ifndef APP_IDENTITY_JUDGE_H
#define APP_IDENTITY_JUDGE_H

#include <sotto/engine.h>

#include "bytes/buffer.h"
#include "net/loop.h"

#define APP_JUDGE_AT_ONCE 4u  /* gpg processes, paths of certificates */
#define APP_JUDGE_WAITING 64u /* more than that are not judged now: they are shown again in the next session */

typedef struct app_judge app_judge;

/* answer: on the loop's thread, never from inside app_judge_take or app_judge_free. */
typedef void app_judge_answer(void *arg, uint64_t job, sotto_bytes answer);
SOTTO_MUST_CHECK sotto_status app_judge_new(app_judge **ret, net_loop *, const char *ca, app_judge_answer *, void *arg);
/* When the loop is gone, or before; answers nobody any more. NULL is allowed. */
void app_judge_free(app_judge *);

/* A job of the engine's. False: it is none of these. */
bool app_judge_take(app_judge *, uint64_t job, sotto_bytes request, uint64_t now_ms);

/* The answer to a request, at once: what the thread does. MALFORMED: it is no such request. */
SOTTO_MUST_CHECK sotto_status app_judge_now(sotto_bytes request, const char *ca, uint64_t now_ms, bytes_buffer *answer);

#endif
