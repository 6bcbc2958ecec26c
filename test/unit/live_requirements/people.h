/* SPDX-License-Identifier: ISC
 *
 * The evidence of what draft-ietf-xmpp-e2e-requirements-00 asks for, over the lab's server: each test's name begins
 * with the requirement or the attack it stands for (doc/live.md, "Requirements and their tests", which
 * tools/check-requirements holds against these names). Here is who takes part, and how they are looked at. */
#ifndef TEST_LIVE_REQUIREMENTS_PEOPLE_H
#define TEST_LIVE_REQUIREMENTS_PEOPLE_H

#include "test/unit/whole/live_talk.h"

#include "engine/env.h"
#include "engine/state.h"
#include "seal/live/live.h"
#include "seal/live/self.h"

#define BALCONY JULIET "/balcony"
#define ORCHARD ROMEO "/orchard"
#define SECRET  "midnight-at-the-wall" /* what nobody else may see: in texts, names and ids */

typedef enum people_seals { LIVE_ALONE, LIVE_AND_STORED } people_seals;

/* Juliet and Romeo, contacts, a device each, online; what the server does is in k->h. */
void people_meet(talk *k, people_seals);
/* ... over stores of before (NULL: a new account), not online. What they draw at random is another thing with each
 * seed.
 */
void people_prepare(talk *k, people_seals, sotto_store *juliet, sotto_store *romeo);
void people_prepare_seeded(talk *k, people_seals, uint64_t seed, sotto_store *juliet, sotto_store *romeo);
/* Says it and waits until nothing happens any more; a second passes. */
void people_say(talk *k, device *from, const char *to, const char *body);
/* One message each way, read by both. */
void people_talk(talk *k);
/* Half a minute passes, so many times. */
void people_wait(talk *k, unsigned half_minutes);

live_self *people_inside(const device *);
size_t people_live(const device *); /* the number of the live seal */
/* The session that is used with anybody; NULL: none. */
live_session *people_session(const device *);
void people_key(const device *, uint8_t ret[32]); /* its own live key */
sotto_trust people_trust(const device *, const char *jid, const device *whose);
live_secrets people_secrets(const device *, const char *bare, const device *other);
/* Both, or one, forget what is volatile: the next stanza begins a new session. */
void people_begin_anew(talk *k);

size_t people_count_in(const device *, const char *text); /* in what it was handed */
bool people_server_saw(const talk *k, const char *text);
/* Nobody but the two saw anything of what was said. */
void people_assert_closed(const talk *k);

/* A copy of what a device's store holds, as a thief takes it. */
sotto_store *people_copy_store(const device *, rig *);
/* One record of the live seal is taken into another device's store; `key` is as in src/seal/live/row.h. */
void people_plant(device *to, const device *from, sotto_bytes key);
/* The live seal's record of retained secrets for somebody's key: what `people_plant` takes. */
sotto_bytes people_secret_record(bytes_arena *, const char *bare, const uint8_t key[32]);

void people_compare(device *, const char *jid);
void people_compared(device *, const char *jid, bool same);
void people_string(const device *, const char *jid, char ret[16]); /* empty: there is none */

#define REQUIREMENT(f) cmocka_unit_test(f)
extern const struct CMUnitTest security_tests[], application_tests[], attack_tests[], middle_tests[], thief_tests[],
    observer_tests[], loss_tests[], crash_tests[], generality_tests[];
extern const size_t security_count, application_count, attack_count, middle_count, thief_count, observer_count,
    loss_count, crash_count, generality_count;

/* How thorough tests of every point are: 1: each disturbance at each point; more: they take turns (sanitizers). */
extern unsigned thoroughness;

#endif
