/* SPDX-License-Identifier: ISC
 *
 * What tests of words and statements share: a session with somebody who speaks by hand. */
#ifndef TEST_LIVE_LIFE_H
#define TEST_LIVE_LIFE_H

#include "rogue.h"

/* Opened, and both hold a retained secret. `ours` begins: Juliet does. */
void life_open(rogue *, bool juliet_begins);
void life_common(rogue *);
/* Writes and sends. */
void life_send(rogue *, const live_message *);
/* The next message of the engine's of this kind; false: none. */
bool life_next(rogue *, live_kind, live_message *ret);
bool life_told(const rogue *, const char *line);
size_t life_sessions(const rogue *); /* that are in use */
sotto_trust life_trust(rogue *);     /* of the rogue's live key */
/* The engine again, over the same store, with these seals and policy. */
void life_reopen(rogue *, const sotto_seal *const *seals, sotto_trust_policy);
void life_online(rogue *);

extern const struct CMUnitTest word_tests[], statement_tests[], close_tests[], attack_tests[];
extern const size_t word_count, statement_count, close_count, attack_count;

#endif
