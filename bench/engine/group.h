/* SPDX-License-Identifier: ISC
 *
 * One message for a room of a hundred members with two devices each (XEP-0384 section 5.8): the first one, which begins
 * two hundred sessions, and ten of them, in one commit, when everybody has answered; beside them the same by
 * libomemo-c's builder and cipher calls alone, which keep everything in memory and write nothing around it. */
#ifndef BENCH_ENGINE_GROUP_H
#define BENCH_ENGINE_GROUP_H

#include "hub.h"
#include "measure.h"

#define GROUP_TURNS 7u /* after one that does not count */

/* Medians of the turns; microseconds a message. */
typedef struct group_row {
    double ours_us, ours_wall_us;
    double verify_us; /* in ours_us; cold: the signatures of two hundred bundles, which ours checks when they come and
                         libomemo-c when a session is begun. What else the bundles take is not in it */
    double peer_us;   /* 0: there is no libomemo-c here */
    uint32_t messages;
    size_t stanza_bytes, records, record_bytes; /* of a turn */
    double lent_before, lent_peak;              /* memory of engine and store, bytes as asked for */
    double sqlite;                              /* ... of SQLite, for that and the other stores of the run */
    double rss_before, rss_after;               /* of the process, crowd included */
} group_row;

typedef struct group {
    uint32_t members, devices;
    group_row warm, cold;
    double bundles_us; /* cold: taking two hundred bundles out of the server's answers, keys recorded, in commits */
    uint32_t bundle_commits;
} group;

/* The hub's engine is closed, and open again afterwards. */
void group_take(hub *, bool quick, group *ret);
/* libomemo-c, microseconds of CPU: `devices` sessions begun, each with its first message; and `messages` to each of as
 * many that were answered. 0: it is not here. */
void group_peer_us(uint32_t devices, uint32_t messages, double *ret_cold, double *ret_warm);

#endif
