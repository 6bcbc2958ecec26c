/* SPDX-License-Identifier: ISC
 *
 * The end of a session, said inside it: with the last number a stanza of this side was given, so that the other side
 * knows whether it has everything. And presence that came inside: when its session ends for good, somebody who seemed
 * to be there for the application is not any more. */
#ifndef SEAL_LIVE_CLOSE_H
#define SEAL_LIVE_CLOSE_H

#include "seal/live/frame.h"
#include "seal/seal.h"

#define LIVE_CLOSING_MS 30000u /* what was said last waits for so long to leave */

struct live_self;
struct live_session;

/* From now on nothing but acknowledgements counts of what comes, and nobody is promised anything of it: it says so in
 * the end of the step, behind the rows that it can still take, and goes when that has left. */
void live_close_session(struct live_self *, struct live_session *, live_close_reason, uint64_t now_ms);
/* What still counts in one that is being closed. */
static inline bool live_close_counts(live_kind kind) {
    return kind == LIVE_HAVE || kind == LIVE_HOLD || kind == LIVE_CLOSE;
}
/* Writes what live_close_session asked for. */
SOTTO_MUST_CHECK sotto_status live_close_flush(struct live_self *, struct live_session *);
/* All of them (SEAL_INPUT_ENDING). */
SOTTO_MUST_CHECK sotto_status live_close_all(struct live_self *, seal_env *);

/* A presence came inside a session, and was handed on. */
SOTTO_MUST_CHECK sotto_status live_close_present(seal_env *, const struct live_session *, const stanza_element *);
/* Whoever was seen at this full JID (bare: at any of it; empty: anybody) is not there any more, unless `key` is not
 * NULL and is theirs: an `unavailable` for each. */
SOTTO_MUST_CHECK sotto_status live_close_gone(struct live_self *, seal_env *, sotto_bytes jid, const uint8_t *key);

#endif
