/* SPDX-License-Identifier: ISC
 *
 * omemo [--quick] [--out FILE] [--only OPERATION]: the table, and FILE as JSON. Rounds of ours and of libomemo-c's take
 * turns, so that whatever else the machine does falls on both; what counts is the median of CPU time. --quick runs
 * every operation once and says nothing about time: a test. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"

#define ROUNDS_MAX 31

typedef struct bench_row {
    const char *op;
    bench_operation *ours;
    bench_operation *peer;
    unsigned ours_count; /* operations in a round */
    unsigned peer_count;
    unsigned rounds;
    unsigned per; /* operations that make one of the table's */
} bench_row;

static const bench_row rows[] = {
    {"initiate", bench_ours_initiate, bench_peer_initiate, 50, 20, 25, 1},
    {"initiate_prepared", bench_ours_initiate_prepared, bench_peer_initiate, 50, 20, 25, 1},
    {"initiate_100", bench_ours_initiate, bench_peer_initiate, 100, 100, 5, 100},
    {"accept", bench_ours_accept, bench_peer_accept, 50, 20, 25, 1},
    {"encrypt", bench_ours_encrypt, bench_peer_encrypt, 1000, 500, 31, 1},
    {"decrypt", bench_ours_decrypt, bench_peer_decrypt, 1000, 500, 31, 1},
    {"decrypt_ratchet", bench_ours_decrypt_ratchet, bench_peer_decrypt_ratchet, 100, 30, 25, 1},
    {"decrypt_skipped_1000", bench_ours_decrypt_skipped, bench_peer_decrypt_skipped, 20, 3, 15, 1},
    {"forged_far_counter", bench_ours_forged, bench_peer_forged, 1000, 1, 3, 1},
    {"forged_dearest", bench_ours_forged_dearest, bench_peer_forged, 20, 1, 3, 1},
};
#define ROWS (sizeof rows / sizeof *rows)

typedef struct bench_result {
    double ours;
    double peer;
} bench_result;

/* ---- measuring ---- */

static double run_once(bench *b, bench_operation *operation, unsigned count) {
    b->spent = 0;
    operation(b, count);
    return b->spent / count;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, unsigned count) {
    qsort(values, count, sizeof *values, by_size);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static bench_result row_measure(bench *b, const bench_row *row) {
    double ours[ROUNDS_MAX], peer[ROUNDS_MAX];
    (void)run_once(b, row->ours, row->ours_count); /* caches, frequency */
    for (unsigned i = 0; i < row->rounds; i++) {
        peer[i] = run_once(b, row->peer, row->peer_count) * row->per;
        ours[i] = run_once(b, row->ours, row->ours_count) * row->per;
    }
    return (bench_result){median(ours, row->rounds), median(peer, row->rounds)};
}

static void json_write(const char *path, const bench_result *results) {
    FILE *file = fopen(path, "w");
    bench_require(file != NULL, path);
    fprintf(file, "{\"suite\":\"omemo\",\"peer\":\"libomemo-c\",\"peer_version\":\"%s\",\"rows\":[", PEER_VERSION);
    for (size_t i = 0; i < ROWS; i++) {
        fprintf(file, "%s\n  {\"op\":\"%s\",\"ours_us\":%.3f,\"peer_us\":%.3f,\"ratio\":%.2f}", i > 0 ? "," : "",
                rows[i].op, results[i].ours, results[i].peer, results[i].peer / results[i].ours);
    }
    fprintf(file, "\n]}\n");
    bench_require(fclose(file) == 0, path);
}

typedef struct options {
    bool quick;
    const char *out;  /* or NULL */
    const char *only; /* or NULL */
} options;

static void measure(bench *b, const options *o) {
    bench_result results[ROWS] = {{0}};
    printf("%-26s %12s %18s %9s\n", "", "ours", "libomemo-c " PEER_VERSION, "ratio");
    for (size_t i = 0; i < ROWS; i++) {
        if (o->only && strcmp(o->only, rows[i].op) != 0) continue;
        results[i] = row_measure(b, &rows[i]);
        printf("%-26s %9.2f us %15.2f us %9.1f\n", rows[i].op, results[i].ours, results[i].peer,
               results[i].peer / results[i].ours);
        fflush(stdout);
    }
    if (o->out && !o->only) json_write(o->out, results);
}

/* TAP: each operation of both sides, once. That its results are right is what the operation itself looks at. */
static void quick(bench *b) {
    printf("1..%zu\n", ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        row_measure(b, &(bench_row){rows[i].op, rows[i].ours, rows[i].peer, 1, 1, 1, 1});
        printf("ok %zu - %s\n", i + 1, rows[i].op);
        fflush(stdout);
    }
}

int main(int argc, char **argv) {
    static bench b;
    options o = {.out = NULL};
    for (int i = 1; i < argc; i++) {
        const char **value = strcmp(argv[i], "--out") == 0 ? &o.out : strcmp(argv[i], "--only") == 0 ? &o.only : NULL;
        if (strcmp(argv[i], "--quick") == 0) {
            o.quick = true;
        } else if (value && i + 1 < argc) {
            *value = argv[++i];
        } else {
            fprintf(stderr, "usage: %s [--quick] [--out FILE] [--only OPERATION]\n", argv[0]);
            return 2;
        }
    }
    bench_open(&b);
    if (o.quick)
        quick(&b);
    else
        measure(&b, &o);
    bench_close(&b);
    return 0;
}
