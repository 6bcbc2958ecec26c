/* SPDX-License-Identifier: ISC
 *
 * What an engine with all these sessions weighs, in a process of its own, so that nothing else is counted. */
#ifndef BENCH_ENGINE_LOOK_H
#define BENCH_ENGINE_LOOK_H

#include <stdbool.h>
#include <stdio.h>

typedef struct look {
    double open_store_us, open_engine_us; /* medians, CPU */
    double open_store_wall_us, open_engine_wall_us;
    double rss_before, rss_open, rss_online;  /* bytes: libraries started; store and engine open; lists seen */
    double lent_open, lent_online, lent_peak; /* bytes the engine and the store asked of the host */
    double sqlite_open, sqlite_online;        /* bytes SQLite asked of the system */
} look;

/* Runs `program look FOLDER` (or `look-quick`) and reads what it prints. */
bool look_from(const char *program, bool quick, const char *folder, look *ret);
/* In that process. */
int look_main(bool quick, const char *folder);

#endif
