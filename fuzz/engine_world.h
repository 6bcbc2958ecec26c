/* SPDX-License-Identifier: ISC
 *
 * Two accounts with an engine each, and between them a server that only keeps what it was told and hands on what it is
 * told to. It has no rules of its own: who drives it decides what is answered, delivered, lost, repeated or changed.
 * What must always hold is looked at wherever an output leaves an engine (engine_world.c). */
#ifndef FUZZ_ENGINE_WORLD_H
#define FUZZ_ENGINE_WORLD_H

#include <sotto/engine.h>

#include "rig.h"
#include "stanza/element.h"

#define WORLD_START_MS UINT64_C(1800000000000)
#define WORLD_ACCOUNTS 2
#define WORLD_ITEMS    24
#define WORLD_NODE     80
#define WORLD_WAITING  24
#define WORLD_TEXTS    128
#define WORLD_ROWS     256
#define WORLD_KEYS     512

/* Text or a stanza of the target's own. */
typedef struct world_text {
    char *at;
    size_t len;
} world_text;

typedef struct world_item { /* of PEP: a payload that declares its namespace itself */
    bool there;
    uint8_t owner;
    char node[WORLD_NODE], id[16];
    world_text payload;
} world_item;

typedef struct world_row { /* an output for the application that is not done */
    uint64_t seq, hash;
    bool question; /* an iq to be answered: it goes with its stream */
    bool done;     /* told, but not committed */
} world_row;

typedef struct world_store { /* a store that fails to write when told to */
    sotto_store base;
    sotto_store *inner;
    sotto_store *kept; /* a copy of an earlier day; or NULL */
    bool fails;
} world_store;

struct world;

typedef struct world_device {
    struct world *world;
    uint8_t account;
    fuzz_host host;
    world_store store;
    sotto_engine *engine;
    bool online;
    uint32_t open_stanzas;           /* handed out to the server on this stream and not done */
    world_text asks[WORLD_WAITING];  /* iqs it sent */
    world_text inbox[WORLD_WAITING]; /* messages for it that are under way */
    size_t ask_count, inbox_count;   /* so far: the newest replace the oldest */
    size_t ask_next, inbox_next;     /* for world_settle: the first that was not dealt with */
    world_row rows[WORLD_ROWS];
    size_t row_count;
    bool sealed_before;   /* something was encrypted to the other: from then on nothing goes in the clear */
    bool released;        /* a person allowed it */
    uint64_t last_stanza; /* the number of the newest one for the server */
    bool set_back;        /* its store was copied back from an earlier day */
} world_device;

typedef struct world_said { /* by one of the accounts; its number is in the body */
    uint8_t account;
    bool must_seal;
    bool always; /* for this one alone, so no later policy counts */
    bool read;   /* came out at the other side */
} world_said;

typedef struct world_key_use { /* a message key: a ratchet key and a number */
    uint8_t ratchet[8];
    uint32_t n;
    uint64_t hash;
} world_key_use;

typedef struct world {
    bool rooms; /* there are a room and archives, and the engines read these */
    uint64_t now_ms;
    world_device devices[WORLD_ACCOUNTS];
    world_item items[WORLD_ITEMS];
    world_said said[WORLD_TEXTS];
    size_t said_count;
    uint64_t ticket;
    world_key_use uses[WORLD_KEYS];
    size_t use_count;
    fuzz_host host; /* for parsing */
    bytes_arena arena;
} world;

extern const char *const world_bare[WORLD_ACCOUNTS], *const world_full[WORLD_ACCOUNTS];
#define WORLD_ROOM "garden@chat.example"
extern const char *const world_nick[WORLD_ACCOUNTS]; /* in it */

/* A world as it is after both have published their keys; with `talked`, after both have written to each other. Made
 * once, then copied. */
void world_start(world *, bool talked, bool rooms);
void world_end(world *);

/* One step. A failure is one of those the contract names; with fail_at, that allocation of the step fails. When
 * `compare`, everything that is staged is looked at before and after a step that failed. */
sotto_status world_step(world_device *, const sotto_input *, size_t fail_at, bool compare);
sotto_status world_stanza(world_device *, const char *stanza, size_t len);
/* Commits, and takes and looks at everything that is handed out. */
sotto_status world_commit(world_device *, bool fails);
void world_online(world_device *, bool resumed, uint32_t acked);
/* The process ends here; opened again over the same store, or (T18) over one that somebody copied back. */
void world_crash(world_device *);
void world_keep(world_device *); /* a copy of the store as it is */
void world_set_back(world_device *);
/* Says the next number to the other; NULL: as a plain chat message. */
void world_say(world_device *, sotto_encrypt, const char *kind);
/* ... or into the room. */
void world_say_in_room(world_device *, sotto_encrypt);
/* A person said that the other is to be written to in the clear: what waits may go so, too. */
void world_release(world_device *);
/* Reports as done what the application has; the server's acknowledgement of so many. */
void world_done(world_device *, size_t count);
/* PEP: keeps what the device published in its question, and writes the true answer to it. */
bool world_answer(world_device *, const world_text *ask, bytes_buffer *ret);
const world_item *world_item_of(const world *, uint8_t owner, const char *node, size_t which);
/* Everything honest, until nobody has anything to do. */
void world_settle(world *);
/* The newest but `back`; NULL: there is none. */
const world_text *world_ask(const world_device *, size_t back);
const world_text *world_message(const world_device *, size_t back);

#endif
