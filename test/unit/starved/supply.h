/* SPDX-License-Identifier: ISC
 *
 * Memory and randomness for tests of shortage: every allocation of own code, of expat and libidn, of SQLite and of
 * OpenSSL is counted in the order in which it comes, while the supply is armed, and the n-th fails. So does the n-th
 * draw of randomness, and the n-th time that a store is asked for a record, or visits one. doc/starved.md. */
#ifndef TEST_STARVED_SUPPLY_H
#define TEST_STARVED_SUPPLY_H

#include <sotto/types.h>

typedef enum supply_source {
    SUPPLY_HOST,    /* own code */
    SUPPLY_MALLOC,  /* expat, libidn */
    SUPPLY_SQLITE,  /* its allocator */
    SUPPLY_OPENSSL, /* its allocator */
    SUPPLY_RANDOM,  /* own code's draws */
    SUPPLY_TLS_RANDOM,
    SUPPLY_STORE, /* what is behind the engine of a house */
    SUPPLY_SOURCES
} supply_source;

typedef struct supply_fault {
    bool random;  /* a draw of randomness fails, else an allocation */
    bool store;   /* ... or neither, but the store */
    bool lasting; /* so do all later ones */
    size_t at;    /* from 1; 0: none */
} supply_fault;

/* What the allocators of libraries are replaced by; the first thing main does. */
bool supply_install(void);

/* Lends memory and the same randomness in every run; memory has to come back wiped. */
extern const sotto_host supply_host;
/* For everybody else: never short, never counted. */
extern const sotto_host supply_quiet;

/* Counts from zero from now on. */
void supply_arm(supply_fault);
/* Goes on counting (and failing) where it was stopped. */
void supply_resume(void);
/* One source is left alone: what it does is another test's, and takes too much of it (PBKDF2: two pieces a round). */
void supply_spare(supply_source, bool spare);
/* Nothing is counted, nothing fails. */
void supply_stop(void);
bool supply_failed(void);
supply_source supply_failed_first(void);
bool supply_failed_of(supply_source);
const char *supply_source_name(supply_source);
/* How many were counted since it was armed: of allocations, of draws, of the store. */
size_t supply_counted(supply_source);
/* The store is asked for something: true when it fails. */
bool supply_store_fails(void);

/* The generator of supply_host: where it stands, for repeating. */
uint64_t supply_random_place(void);
void supply_random_seek(uint64_t);

/* Pieces of the host's and of expat's that are not back. */
size_t supply_lent(supply_source);
/* Pieces that came back to the host with something in them. */
size_t supply_dirty(void);

#endif
