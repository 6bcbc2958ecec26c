/* SPDX-License-Identifier: ISC
 *
 * Whole accounts over the lab's server: engines with stores, driven the way a host with perfect stream management
 * (XEP-0198) drives them. Time, randomness and order are given, so every run is the same.
 *
 * A device does one operation a turn (step, commit, next, release, done), so that a test can end it between any two of
 * them. What survives that is what would survive in the world: the store; the server's queue of stanzas nobody
 * acknowledged; the application's list of what it wants sent, and its log of what it read, with their numbers. */
#ifndef TEST_WHOLE_WORLD_H
#define TEST_WHOLE_WORLD_H

#include "test/unit/bytes/rig.h"

#include <stdio.h>

#include <sotto/engine.h>

#include "bytes/buffer.h"
#include "lab/server/inside.h"
#include "seal/seal.h"

#define START_MS   UINT64_C(1800000000000)
#define DOMAIN     "lab.example"
#define JULIET     "juliet@" DOMAIN
#define ROMEO      "romeo@" DOMAIN
#define MALLORY    "mallory@" DOMAIN
#define NS_OMEMO   "urn:xmpp:omemo:2"
#define NODE_LIST  NS_OMEMO ":devices"
#define NODE_KEYS  NS_OMEMO ":bundles"
#define OWN_TICKET (UINT64_C(1) << 63) /* what the driver sends by itself */

#define DEVICES_MAX 4
#define READ_MAX    2048
#define TOLD_MAX    1024
#define SEEN_MAX    4096
#define WISHES_MAX  2048
#define STREAM_MAX  1024

/* ---- what an application has in the end ---- */

typedef struct read_message {
    char from[64];
    char body[96];
    char subject[96];
    char seal[16];
    sotto_trust trust;
    uint32_t device;
    uint64_t time_ms;
    bool time_doubtful;
    bool archived;
    sotto_carbon carbon;
    char peer[64];
} read_message;

typedef struct told_event {
    sotto_event_kind kind;
    uint64_t ticket;
    char jid[64];
    sotto_status reason;
    char text[96];
    uint32_t number;
    uint32_t device;
    sotto_trust trust;
    uint8_t key[32];
} told_event;

/* ---- a store that fails, or that only pretends to write ---- */

typedef struct frail_store {
    sotto_store base;
    sotto_store *inner;
    size_t writes;
    size_t fail_at; /* this write and the next ones up to fail_until fail; 0: none */
    size_t fail_until;
    bool pretends;
} frail_store;

/* A visitor that writes what it sees into another store. */
sotto_status frail_copy(void *arg, sotto_bytes key, sotto_bytes value);

/* ---- a device ---- */

typedef struct wish {
    sotto_input input;
    char *stanza;
    uint64_t answers; /* the output this stanza answers, which is done with it; 0: none */
} wish;

typedef struct wish_queue {
    wish at[WISHES_MAX];
    size_t first, len; /* those before `first` are handled */
    size_t stepped;    /* from `first`: stepped and not committed */
} wish_queue;

typedef struct world world;

typedef struct device {
    world *w;
    const char *local, *resource;
    rig host;
    frail_store store;
    const sotto_seal *seals[3];
    sotto_engine_config config;
    sotto_engine *engine;
    bool in_rooms; /* enters the rooms that are kept when a stream begins; what has no body is not read */
    bool grouped;  /* commits when there is nothing more to step, instead of after each step */

    /* the stream, as the server and a careful client know it */
    lab_session *session;
    bool online_due, resumed, announce_due;
    lab_piece *stream[STREAM_MAX]; /* taken from the server and not handled */
    size_t stream_len, stream_stepped;
    uint64_t streams;        /* so far: a note speaks of one of them */
    uint64_t stream_handled; /* committed ones */
    uint64_t sent;           /* stanzas the server has of this stream */
    uint64_t acked;          /* of those, done in the engine */

    wish_queue wishes; /* of the application: kept until handled */
    wish_queue chores; /* of the driver: presence, answers; made anew after a restart */
    uint64_t own_ticket;

    /* the operation at hand */
    bool staged, stepped;
    bool pending; /* an output was taken and nothing done with it */
    sotto_output output;
    char *output_stanza;
    struct {
        uint64_t seq;
        bool to_server;
    } done[SEEN_MAX];
    size_t done_len;

    /* the application's log */
    read_message read[READ_MAX];
    size_t read_len;
    told_event told[TOLD_MAX];
    size_t told_len;
    uint64_t seen[SEEN_MAX];
    size_t seen_len;
    bytes_buffer transcript; /* every output, as it came */
    unsigned failed_commits;
    char returned[32]; /* id of the last message that came back as an error */

    unsigned ops;
    unsigned crash_at;    /* ends right after this operation; 0: never */
    unsigned crash_again; /* ... and so many operations after that; 0: not again */
    bool crash_resumed;   /* the stream is resumed afterwards; or begins anew */
    unsigned crashes;
} device;

struct world {
    rig host; /* the server's */
    lab_server *server;
    uint64_t now_ms;
    const sotto_seal *seal;
    const sotto_seal *second; /* behind it, of devices that are made from now on; NULL: none */
    sotto_encrypt encrypt;
    sotto_trust_policy trust;
    bool catch_up; /* of devices that are made from now on */
    device *devices[DEVICES_MAX];
    size_t count;
    uint64_t ticket;
    uint64_t seed;
    bytes_arena arena; /* of tests that parse */
};

/* Accounts juliet, romeo and mallory; juliet and romeo are contacts. */
void world_start(world *, const sotto_seal *);
/* Ends everything; every piece of memory must be back, wiped. */
void world_end(world *);
/* A new device, its store empty, not online. */
device *world_device(world *, const char *local, const char *resource);
/* Accounts' stores as they are after their first opening: making keys takes longer than all the rest, so tests that run
 * a script again and again make them once. */
typedef struct made {
    rig host;
    sotto_store *juliet, *romeo;
} made;
void made_start(made *, const sotto_seal *);
void made_end(made *);
/* A new device over a copy of such a store. */
device *world_device_over(world *, const char *local, const char *resource, sotto_store *);
/* Turns, one operation a device, until nobody has anything to do. */
void world_run(world *);
/* Time passes for everybody; then runs. */
void world_pass(world *, uint64_t ms);
bool world_saw(const world *, const char *text);
size_t world_saw_count(const world *, const char *text);
/* Looks through all that the server saw. */
typedef struct audit {
    size_t used;     /* message keys that were used */
    size_t again;    /* uses of one that had been used for something else */
    size_t ratchets; /* ratchet keys they belong to */
} audit;
audit world_audit(world *);
/* None was; returns how many were used. */
size_t world_keys_used_once(world *);

/* Juliet and Romeo with one device each, online, everything settled. */
typedef struct two {
    world w;
    device *juliet, *romeo;
} two;
void two_start(two *, const sotto_seal *);
void two_start_seeded(two *, const sotto_seal *, uint64_t seed);

/* ---- doing ---- */

void device_open(device *);   /* opens the engine; the store may hold something */
void device_attach(device *); /* a new stream */
void device_leave(device *);  /* OFFLINE, committed, and the connection closed in order */
void device_cut(device *);    /* the connection is gone in the middle of everything; OFFLINE follows; runs nothing */
/* Attached and everything settled. */
void device_go_online(device *);
/* The process ends without a word; opened again over the same store. */
void device_crash(device *, bool resumed);
bool device_turn(device *);
/* A wish of the application. Its ticket. */
uint64_t device_wish(device *, sotto_input, const char *stanza);
uint64_t device_send(device *, const char *stanza);
/* <message to type='chat' id><subject/><body/><request/>; runs nothing. (The receipt request is what rot13 upgrades:
 * a message of jabber:client alone is its own ciphertext.) */
uint64_t device_say(device *, const char *to, const char *body);
void device_policy(device *, const char *jid, sotto_encrypt);
void device_verdict(device *, const char *jid, const uint8_t key[32], sotto_trust);
/* The server says this to the device, and everything settles. */
void device_inject(device *, const char *stanza);
uint32_t device_number(device *);               /* its OMEMO device id */
void device_key(device *, uint8_t ret_key[32]); /* ... and key */

/* A net: what the server was to hand to an account, of messages with content, it keeps for the test instead. */
typedef struct net {
    world *w;
    const char *to;   /* bare JID */
    char *caught[16]; /* as they would have arrived */
    size_t len;
} net;
void net_spread(net *, world *, const char *to);
void net_end(net *);

/* ---- looking ---- */

size_t device_read_count(const device *, const char *body);
/* How many events of the kind there are, and with that reason: -1 for any. */
size_t device_told_count(const device *, sotto_event_kind, int reason);
const told_event *device_told_last(const device *, sotto_event_kind); /* NULL: none */
void device_forget_told(device *);
size_t device_held(device *);

/* Everything read of `from` is exactly this, in this order, NULL at the end; all by the world's seal. */
#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})
void assert_read_from(const device *, const char *from, const char *const *bodies);

/* ---- tests for every seal ---- */

extern char use_rot13[], use_omemo[];
const sotto_seal *seal_of(void **state);
#define WITH_ROT13(f)                                                                                                  \
    { #f " rot13", f, NULL, NULL, use_rot13 }
#define WITH_OMEMO(f)                                                                                                  \
    { #f " omemo", f, NULL, NULL, use_omemo }
#define WITH_BOTH(f) WITH_ROT13(f), WITH_OMEMO(f)

extern const struct CMUnitTest talk_tests[], restart_tests[], order_tests[], forged_tests[], bundle_tests[],
    downgrade_tests[], disk_tests[], stranger_tests[], live_tests[], harm_tests[], rules_tests[], archive_tests[],
    arrival_tests[];
extern const size_t talk_count, restart_count, order_count, forged_count, bundle_count, downgrade_count, disk_count,
    stranger_count, live_count, harm_count, rules_count, archive_count, arrival_count;

extern const struct CMUnitTest secrets_tests[];
extern const size_t secrets_count;
extern const struct CMUnitTest policy_tests[], compare_tests[], life_tests[], word_tests[], both_tests[];
extern const size_t policy_count, compare_count, life_count, word_count, both_count;

#endif
