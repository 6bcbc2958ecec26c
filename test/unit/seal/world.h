/* SPDX-License-Identifier: ISC
 *
 * A small world for seals: accounts with devices, each with an environment over a map, and a server that knows PEP and
 * nothing else. Randomness and time are the test's. What the engine would do around a call is done here: what a failed
 * call staged is taken back. */
#ifndef TEST_WORLD_H
#define TEST_WORLD_H

#include "bytes/buffer.h"
#include "bytes/map.h"
#include "seal/seal.h"
#include "stanza/writer.h"

#define WORLD_DEVICES_MAX 210
#define WORLD_LIST_MAX    1024

typedef struct world_ask {
    bool set;
    sotto_bytes to, payload, note;
} world_ask;

typedef struct world_timer {
    sotto_bytes note;
    uint64_t at_ms;
} world_timer;

typedef struct world_event {
    sotto_event_kind kind;
    sotto_bytes jid;
    sotto_status reason;
    uint32_t number;
    uint32_t device;
    uint64_t ticket;
    sotto_bytes text;
    sotto_bytes seal;
} world_event;

typedef struct world_device {
    seal_env env;
    struct world *world;
    void *self;
    bool online;
    const char
        *without; /* nodes that begin like this are not there for the device: what it publishes in them is lost */
    bytes_map records;
    bytes_arena arena; /* of one call */
    world_ask asks[WORLD_LIST_MAX];
    size_t ask_count;
    world_timer timers[WORLD_LIST_MAX];
    size_t timer_count;
    world_event events[WORLD_LIST_MAX];
    size_t event_count;
    sotto_bytes controls[WORLD_LIST_MAX]; /* stanzas of the seal's own, not yet taken */
    size_t control_count;
    seal_key seen[WORLD_LIST_MAX];
    size_t seen_count;
    seal_key ring[WORLD_LIST_MAX]; /* every key that was ever seen, as the engine remembers it */
    size_t ring_count;
    size_t changed_count;
    size_t puts; /* records changed */
} world_device;

typedef struct world {
    sotto_host host;
    size_t allocations_left; /* SIZE_MAX: all succeed */
    size_t randoms_left;
    size_t puts_left;
    uint64_t random_state;
    uint64_t now_ms;
    bytes_arena memory; /* lives as long as the world */
    const seal_class *class;
    world_device *devices[WORLD_DEVICES_MAX];
    size_t count;
    bytes_map items;         /* jid 0 node 0 item -> payload */
    bytes_map config;        /* jid 0 node -> "open many" ... */
    const char *refuse_node; /* asks about this node are refused with refuse_with, or unanswered when that is NULL */
    const char *refuse_with;
    const char *without; /* of the devices that join from now on */
    bool notify;         /* the server sends notifications */
    size_t asked_most;   /* questions that one device had open at once */
    size_t publications; /* of bundles */
} world;

/* What became of a stanza; spans live in the world's memory. */
typedef struct world_read {
    sotto_status status; /* of the call */
    seal_opened opened;
} world_read;

typedef struct world_origin {
    bool offline;     /* not live */
    bool nobody;      /* the room does not say who wrote it */
    bool stranger;    /* not answerable */
    const char *from; /* instead of the writer's */
    const char *to;
    bool room;
} world_origin;

void world_start(world *, const seal_class *);
void world_end(world *);
world_device *world_join(world *, const char *bare);
/* Drops what is volatile and opens again. */
void world_reopen(world_device *);
void world_go_online(world_device *, bool fresh);
void world_go_offline(world_device *);
/* Answers questions and sends notifications until there is nothing left to do. */
void world_settle(world *);
/* Answers one device's questions once, with no more than that. */
void world_answer(world_device *);
sotto_status world_input(world_device *, const seal_input *);
/* Lets the clock run and fires what is due on the way. */
void world_wait(world *, uint64_t ms);

seal_promise world_promise(world_device *, const char *to);
/* Promises, answering questions, until the answer stands; then seals for every key that is usable. */
sotto_status world_seal(world_device *, const char *text, sotto_bytes *ret);
/* The same with a room and its members. *ret_count: stanzas; one at most. */
seal_promise world_promise_room(world_device *, const char *const *jids, size_t count);
sotto_status world_seal_room(world_device *, const char *text, const char *const *jids, size_t count, sotto_bytes *ret);
/* The same for keys of the test's choice. */
sotto_status world_seal_for(world_device *, const char *text, const seal_keys *, sotto_bytes *ret);
/* What of world_seal nothing comes out of: no stanza. */
bool world_seal_nothing(world_device *, const char *text);
/* A chat message with a body, sealed; the test fails when that does. */
sotto_bytes world_say(world_device *, const char *to, const char *body);
world_read world_open(world_device *reader, world_device *writer, sotto_bytes stanza, const world_origin *);
/* The stanza is read and its body is this. */
void world_expect(world_device *reader, world_device *writer, sotto_bytes stanza, const char *body);
/* The stanza is not read: UNREADABLE and the reason. */
void world_expect_unreadable(world_device *reader, world_device *writer, sotto_bytes stanza, int code);
/* Takes the stanzas the device's seal sent by itself; hands them to all others of the addressee. Returns how many. */
size_t world_pass_controls(world_device *);

size_t world_events(const world_device *, sotto_event_kind);
const world_event *world_last_event(const world_device *, sotto_event_kind);
uint32_t world_device_id(world_device *);
/* PEP as the server has it. */
sotto_bytes world_item(const world *, const char *jid, const char *node, const char *item);
void world_set_item(world *, const char *jid, const char *node, const char *item, sotto_bytes payload);
void world_drop_item(world *, const char *jid, const char *node, const char *item);
void world_notify(world *, const char *jid, const char *node);
/* All records, for comparing. */
sotto_bytes world_records(world_device *);
sotto_bytes world_text(world *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The text with one part replaced by another; the test fails when the part is not in it. */
sotto_bytes world_replace(world *, sotto_bytes text, const char *part, const char *with);
const stanza_element *world_parse(world *, sotto_bytes text);

#endif
