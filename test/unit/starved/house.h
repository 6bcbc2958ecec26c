/* SPDX-License-Identifier: ISC
 *
 * Two engines over the lab's server, driven as a careful host does: a step that fails is done again, and after a commit
 * that failed the stream is resumed and everything since the last one is done again. */
#ifndef TEST_STARVED_HOUSE_H
#define TEST_STARVED_HOUSE_H

#include "starve.h"

#include <sotto/engine.h>

#include "lab/server/server.h"

#define HOUSE_START_MS  UINT64_C(1800000000000)
#define HOUSE_DOMAIN    "lab.example"
#define HOUSE_JULIET    "juliet@" HOUSE_DOMAIN
#define HOUSE_ROMEO     "romeo@" HOUSE_DOMAIN
#define HOUSE_KEPT_MAX  16
#define HOUSE_LINES_MAX ((size_t)1 << 20)

typedef struct guarded_store {
    sotto_store base;
    sotto_store *inner;
    size_t writes;
} guarded_store;

/* An empty store in memory behind a guard; `inner` is the caller's to close. */
void house_guard(guarded_store *, const sotto_host *);

typedef struct person {
    struct house *house;
    const char *local, *jid;
    guarded_store store;
    sotto_engine *engine;
    lab_session *session;
    bool away;  /* has a session, and does not read it */
    bool keeps; /* messages are put aside... */
    sotto_bytes kept[HOUSE_KEPT_MAX];
    size_t kept_count;
    bool undone;           /* stanzas are given to the server and not reported done */
    uint64_t last;         /* number of the last one */
    uint64_t seen;         /* highest number of an output */
    bytes_buffer lines;    /* what the application learnt */
    sotto_key contact_key; /* of the last look */
} person;

typedef enum house_mode {
    HOUSE_EACH_CALL, /* each call by itself fails at every n; commits do not */
    HOUSE_WHOLE      /* the supply goes through the whole conversation, commits included */
} house_mode;

typedef struct house {
    house_mode mode;
    starved *starved;                /* EACH_CALL */
    supply_fault fault;              /* WHOLE */
    bool met;                        /* ... and it was met */
    bool spared;                     /* ... not now */
    bool alone;                      /* juliet without romeo */
    bool catch_up;                   /* archives are read */
    void (*furnish)(struct house *); /* the server, before anybody is there; NULL: nothing to do */
    lab_server *server;
    uint64_t now_ms;
    uint64_t ticket;
    person people[2];
} house;

/* Stores of two accounts with their keys made: that takes longer than everything else. */
typedef struct house_stores {
    sotto_store *stores[2];
    lab_server *server; /* whose PEP goes with them; NULL: empty */
} house_stores;
void house_stores_make(house_stores *);
/* As the stores of a house are now; takes its server over. */
void house_stores_keep(house_stores *ret, house *);
void house_stores_free(house_stores *);

/* Opens both engines, starved like everything else. */
void house_start(house *, const house_stores *);
void house_end(house *);
/* Until nobody has anything to do. */
void house_run(house *);
void house_pass(house *, uint64_t ms);

void person_open(person *);
void person_online(person *);
void person_offline(person *); /* and the connection is gone */
void person_restart(person *); /* the process ends and begins again; what is to be sent is sent on a new stream */
void person_input(person *, sotto_input);
uint64_t person_send(person *, const char *stanza);
void person_say(person *, const char *to, const char *body);
void person_inject(person *, const char *stanza); /* from the server; runs */
/* What was put aside arrives now, in this order of indices, -1 at the end. */
void person_take_kept(person *, const int *order);
/* A conversation without shortage, and with every call starved: as often as something was survived. What both learn
 * must be the same. `prepared`: mode, starved and so on are set here; catch_up and furnish count. */
typedef void house_course(house *);
void house_play(const char *name, house_course *, const house *prepared);
/* One call, starved as `starve` does; `text` tells it from others of the same kind. */
sotto_status person_call(person *, const char *what, sotto_bytes text, starved_call *, void *arg);

#endif
