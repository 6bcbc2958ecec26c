/* SPDX-License-Identifier: ISC
 *
 * Outputs, from the moment they are staged until somebody says done. The outbox keeps them in order; the engine writes
 * their rows. */
#ifndef ENGINE_OUTBOX_H
#define ENGINE_OUTBOX_H

#include <sotto/engine.h>

#include "bytes/arena.h"

/* How long an output is kept.
 *   LASTING   a row until done, released again after a crash.
 *   SESSION   a row until done, dropped when a stream begins that resumes nothing: what only that stream's server, or
 * who asked over it, waits for. Towards the application: the questions of others. ASK       towards the server: as
 * SESSION, and dropped also when nobody remembers the question (a restart). ONCE      towards the application: no row,
 * handed out once, no done. */
typedef enum outbox_keep { OUTBOX_LASTING, OUTBOX_SESSION, OUTBOX_ONCE, OUTBOX_ASK } outbox_keep;

/* Of a message to a room, or to somebody in one: what has to be true before it may leave on another stream than the one
 * it was made for (engine/room_wait.c). */
typedef struct outbox_way {
    sotto_bytes room;      /* bare JID; empty: it goes through none */
    sotto_bytes peer;      /* whom it is for: the room, or whoever had the nick */
    sotto_encrypt encrypt; /* as it was asked for */
    uint8_t streams;       /* that ended before the server said that it has it */
    sotto_bytes readers;   /* of the room, at that time: engine/room_wait.c */
} outbox_way;

typedef struct outbox_entry {
    uint64_t seq;
    uint64_t ticket;
    uint8_t *row;             /* encoded output */
    size_t row_len, row_size; /* of it, and of its memory */
    outbox_keep keep;
    bool to_server;
    bool handed;
    bool done;
    bool through_room; /* it has a way */
    bool withdrawn;    /* it waits for its room, or was refused: done with the next stream */
    bool lost;         /* done because its stream is gone or its server refuses it, and that is not committed yet */
} outbox_entry;

typedef struct engine_outbox {
    const sotto_host *host;
    outbox_entry *at;
    size_t len, size;
    size_t committed; /* the first so many are released */
    size_t look[2];   /* where to look for the next one: for the application, for the server */
    uint64_t next_seq;
} engine_outbox;

void engine_outbox_init(engine_outbox *, const sotto_host *);
void engine_outbox_clear(engine_outbox *);
/* Appends a staged output; its number is ret_seq. The encoded row (for the store) lives as long as the entry. way NULL:
 * through no room. OUTBOX_FULL, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status engine_outbox_stage(engine_outbox *, const sotto_output *, outbox_keep,
                                                  const outbox_way *way, const outbox_entry **ret);
/* Appends a row read back from the store, committed. STORE_CORRUPT, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status engine_outbox_load(engine_outbox *, uint64_t seq, sotto_bytes row);
/* Takes back what was staged beyond the mark (the length then). */
void engine_outbox_pop(engine_outbox *, size_t mark);
/* Takes back everything since the last commit. What the host said is done stays so: it would not say it again. */
void engine_outbox_undo(engine_outbox *);
/* What was staged is released. Entries that are done go. */
void engine_outbox_settle(engine_outbox *);
/* The next to hand out, decoded into *ret. */
bool engine_outbox_next(engine_outbox *, bool online, sotto_output *ret);
/* NULL: no such committed output. */
outbox_entry *engine_outbox_find(engine_outbox *, uint64_t seq);
bool engine_outbox_has_ticket(const engine_outbox *, uint64_t ticket);
/* How many outputs for the server are committed and not done. */
size_t engine_outbox_waiting(const engine_outbox *);
/* ... of these, how many were handed out in this stream. */
size_t engine_outbox_handed(const engine_outbox *);
/* The server has the first `count` of what is for it: they are done. */
void engine_outbox_acked(engine_outbox *, size_t count);
/* A stream began: what is for the server and not done is handed out again; with `anew`, what was for the old stream
 * alone is done instead, and so is what was withdrawn from it. */
void engine_outbox_rewind(engine_outbox *, bool anew, bool resumed);
/* An entry that such a stream does not get. */
bool engine_outbox_ends(const outbox_entry *, bool anew, bool resumed);

#endif
