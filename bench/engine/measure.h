/* SPDX-License-Identifier: ISC
 *
 * Clocks and medians for the benchmarks. CPU time of the process (kernel work for it included) is what is compared: on
 * a machine that others use as well, time on the wall says more about them. Whoever is compared takes turns in one run,
 * and the median of the turns counts. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <sotto/status.h>

typedef struct bench_time {
    double cpu_us, wall_us;
} bench_time;

static inline double bench_clock_us(clockid_t clock) {
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static inline bench_time bench_now(void) {
    return (bench_time){bench_clock_us(CLOCK_PROCESS_CPUTIME_ID), bench_clock_us(CLOCK_MONOTONIC)};
}

static inline bench_time bench_since(bench_time begin) {
    bench_time now = bench_now();
    return (bench_time){now.cpu_us - begin.cpu_us, now.wall_us - begin.wall_us};
}

static inline int bench_double_order(const void *a, const void *b) {
    const double *one = a, *other = b;
    return (*one > *other) - (*one < *other);
}

/* Sorts them. */
static inline double bench_median(double *values, size_t count) {
    if (count == 0) return 0;
    qsort(values, count, sizeof *values, bench_double_order);
    return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* A benchmark that measured something else than it says is worse than none: whatever goes wrong ends it. */
#define bench_must(status) bench_must_at((status), __FILE__, __LINE__)
static inline void bench_must_at(sotto_status status, const char *file, int line) {
    if (sotto_ok(status)) return;
    fprintf(stderr, "%s:%d: %s\n", file, line, sotto_status_name(status));
    exit(1);
}

#define bench_check(condition) bench_check_at((condition), #condition, __FILE__, __LINE__)
static inline void bench_check_at(bool holds, const char *condition, const char *file, int line) {
    if (holds) return;
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
    exit(1);
}

#endif
