/* SPDX-License-Identifier: ISC
 *
 * Many people in rooms of the lab's server: each an engine with a store, driven as a host drives it. Time and
 * randomness are given. */
#ifndef TEST_ROOMS_PEOPLE_H
#define TEST_ROOMS_PEOPLE_H

#include "test/unit/bytes/rig.h"

#include <stdio.h>

#include <sotto/engine.h>

#include "bytes/span.h"
#include "lab/server/room.h"

#define START_MS UINT64_C(1800000000000)
#define DOMAIN   "lab.example"
#define ROOM     "coven@rooms." DOMAIN
#define TOLD_MAX 16384

typedef struct people people;

typedef struct person {
    people *all;
    char local[32], resource[32];
    sotto_store *store;
    sotto_engine *engine;
    const sotto_seal *seals[2];
    lab_session *session; /* NULL: not online */
    char told[TOLD_MAX];  /* what came out for the application, a line each */
} person;

#define PEOPLE_MAX 256

struct people {
    rig host;
    lab_server *server;
    uint64_t now_ms;
    const sotto_seal *seal;
    person *at[PEOPLE_MAX];
    size_t count;
    uint64_t ticket;
    bytes_arena arena;
};

void people_start(people *, const sotto_seal *);
void people_end(people *);
/* A new account where there is none of that name yet; not online. */
person *people_add(people *, const char *local, const char *resource);
/* Everybody takes and gives until nobody has anything to do. */
void people_run(people *);
void people_pass(people *, uint64_t ms);
bool people_saw(const people *, const char *text);

/* The stream begins; presence with caps, as a client does; rooms that are kept are entered. */
void person_online(person *);
void person_offline(person *);
/* The process ends and begins anew over its store. */
void person_restart(person *);
void person_step(person *, sotto_input);
void person_join(person *, const char *nick);
/* To the room, or with `to` to somebody; encrypted or not at all. Its ticket. */
uint64_t person_say(person *, const char *to, const char *body);
void person_forget(person *);

#define assert_told(p, text)     assert_person_told(p, text, true, __FILE__, __LINE__)
#define assert_not_told(p, text) assert_person_told(p, text, false, __FILE__, __LINE__)
void assert_person_told(const person *, const char *text, bool yes, const char *file, int line);

#endif
