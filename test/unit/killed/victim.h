/* SPDX-License-Identifier: ISC
 *
 * The device that is killed: its store lies on a disk that is recorded, and ends where it is told to. It comes back
 * over what the disk has then, as a host does: its own note says what it had handled, its stream is resumed or begins
 * anew. */
#ifndef TEST_KILLED_VICTIM_H
#define TEST_KILLED_VICTIM_H

#include "test/unit/whole/world.h"

#include "disk.h"

#define VICTIM_STEPS_MAX   1024
#define VICTIM_OUTPUTS_MAX 2048

/* One transaction: its operations, and the state it led to. */
typedef struct history_step {
    size_t begin, end; /* operations [begin, end); after `end` it was acknowledged */
    uint64_t digest;
} history_step;

/* What happened on a disk: where it began, the transactions, and what is in between in the disk's log. */
typedef struct history {
    disk_image start;
    uint64_t start_digest;
    history_step steps[VICTIM_STEPS_MAX];
    size_t count;
} history;

/* An output with a number, as it was handed out or lay in the store. */
typedef struct victim_output {
    uint64_t seq, digest;
    bool for_application;
    unsigned life; /* in which it was handed out last; 0: never */
    bool in_store; /* when this life began */
    bool due;      /* and it has to be handed out again */
} victim_output;

typedef struct victim {
    sotto_store base;
    disk disk;
    sotto_store *inner;
    device *device;
    history history;
    unsigned life;
    size_t write; /* the number of the transaction under way or done last, from 0 */
    size_t write_begin;
    bool writing;

    /* A death: in transaction `die_in`, before the operation die_at of it (SIZE_MAX: after the last one, and before
     * anybody is told). `how` says what becomes of the operation and of what was not synced. */
    size_t die_in, die_at;
    unsigned how;
    unsigned deaths;
    bool knows_stream; /* when it came back: the note is of the stream there is */

    /* Called where there may be a death that is not planned: before each operation of a transaction and after the last
     * one (op NULL). */
    bool (*choose)(void *arg, struct victim *, const disk_op *op);
    void *choose_arg;
    /* Called instead of writing. */
    sotto_status (*instead)(void *arg, struct victim *, const sotto_change *, size_t count);
    void *instead_arg;

    victim_output outputs[VICTIM_OUTPUTS_MAX];
    size_t output_count;
} victim;

#define NOT_PLANNED SIZE_MAX

/* An empty store in a folder of /tmp, for all tests: its bytes, and the paths that the disks carry. */
typedef struct victim_ground {
    char folder[32], path[64], key_path[64];
    disk_image empty;
} victim_ground;
void victim_ground_start(victim_ground *);
void victim_ground_end(victim_ground *);

/* Moves a device's records to a store on a recorded disk; its WAL is so long at first. The victim stays where it is in
 * memory until victim_leave. */
void victim_take(victim *, const victim_ground *, device *, size_t wal_bytes);
void victim_leave(victim *); /* after the world's end */
/* Dies here: in a watch, or after a write. */
void victim_die(victim *, const disk_op *, unsigned how);
sotto_status victim_write(victim *, const sotto_change *, size_t count);
/* Everything that was in the store and not done when it came back was handed out again. */
void victim_check_outputs(const victim *);

/* ---- prefix.c ---- */

typedef struct tally {
    size_t tried, before, after; /* of those in the middle of a transaction: how many found the state before, after */
} tally;
/* Tries every prefix of a disk's log, with so many ways each of tearing the next operation and of losing what is not
 * synced (0: all), which take turns. `again`: now and then the recovery is killed at every prefix as well. */
void history_check(const history *, const disk *, const victim_ground *, size_t ways, bool again, tally *);

extern const struct CMUnitTest prefix_tests[], kill_tests[], room_tests[], full_tests[], making_tests[];
extern const size_t prefix_count, kill_count, room_count, full_count, making_count;

#endif
