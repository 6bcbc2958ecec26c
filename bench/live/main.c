/* SPDX-License-Identifier: ISC
 *
 * ./dev bench live: sessions and what goes through them, beside OpenSSL alone. doc/performance.md says what the numbers
 * mean.
 *
 *     live [--quick] [--out FILE] [--dir FOLDER] [--only NAME] [--wipe]
 *
 * FOLDER: where the stores lie while it runs. NAME: handshakes, records, stanzas or many. --wipe: OpenSSL's memory is
 * wiped when it is given back, as in the program; the peer's too. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bare.h"
#include "bytes/span.h"
#include "mail.h"
#include "many.h"
#include "pair.h"
#include "side.h"
#include "tls/wipe.h"

#define TURNS_MAX 51u
#define RECORDS   1000u /* a turn */
#define SHAKES    20u
#define PIECE     2048u
#define ROWS_MAX  16u

typedef struct options {
    bool quick, wipe;
    const char *out, *folder, *only;
} options;

typedef struct row {
    char name[32];
    double ours[TURNS_MAX], bare[TURNS_MAX], more[TURNS_MAX]; /* more: the bare one with twice the signatures */
    unsigned turns;
    double goal; /* ours by bare, at most; 0: none */
} row;

typedef struct bench {
    options o;
    row rows[ROWS_MAX];
    size_t count;
    side_contexts contexts;
    stanza_parser *parser;
    side a, b;
    bare *peer;
} bench;

static row *row_new(bench *b, const char *name, double goal, unsigned turns) {
    bench_check(b->count < ROWS_MAX);
    row *r = &b->rows[b->count++];
    (void)snprintf(r->name, sizeof r->name, "%s", name);
    r->goal = goal;
    r->turns = b->o.quick ? 1 : turns;
    return r;
}

static bool is_wanted(const options *o, const char *name) {
    return o->only == NULL || strcmp(o->only, name) == 0;
}

/* ---- handshakes ---- */

static double shake_ours(bench *b, bool secret, unsigned count) {
    double spent = 0;
    for (unsigned i = 0; i < count; i++) {
        side_forget(&b->a, !secret);
        side_forget(&b->b, !secret);
        bench_time begun = bench_now();
        (void)side_shake(&b->a, &b->b, secret);
        spent += bench_since(begun).cpu_us;
    }
    return spent / count;
}

static double shake_bare(bench *b, bool secret, unsigned signatures, unsigned count) {
    double spent = 0;
    for (unsigned i = 0; i < count; i++) {
        bench_time begun = bench_now();
        bare_pair ends = bare_shake(b->peer, secret, signatures);
        spent += bench_since(begun).cpu_us;
        bare_end(&ends);
    }
    return spent / count;
}

static void measure_handshakes(bench *b) {
    unsigned count = b->o.quick ? 1 : SHAKES;
    for (unsigned secret = 0; secret < 2; secret++) {
        row *r = row_new(b, secret ? "handshake_resumed" : "handshake_first", 1.3, 25);
        side_forget(&b->a, true);
        side_forget(&b->b, true);
        if (secret) (void)side_shake(&b->a, &b->b, false);
        (void)shake_ours(b, secret, count);
        for (unsigned i = 0; i < r->turns; i++) {
            r->bare[i] = shake_bare(b, secret, 1, count);
            r->ours[i] = shake_ours(b, secret, count);
            r->more[i] = shake_bare(b, secret, 2, count);
        }
    }
}

/* ---- records ---- */

typedef struct strip { /* records, one behind the other */
    uint8_t *at;
    size_t lens[RECORDS];
} strip;

static void records_ours(bench *b, side_session *s, strip *kept, size_t len, double *ret_seal, double *ret_open) {
    static const uint8_t text[PIECE] = {'x'};
    unsigned count = b->o.quick ? 4 : RECORDS;
    live_message data = {.kind = LIVE_DATA, .number = 1, .stanza = bytes_of(text, len)};
    size_t read = 0, first = s->a->sent;
    bench_time begun = bench_now();
    for (unsigned i = 0; i < count; i++) {
        sotto_bytes records;
        bench_must(live_session_write(b->a.self, s->a, &data));
        bench_must(bytes_buffer_end(&s->a->records, &records));
        memcpy(kept->at + (size_t)i * PIECE, records.at, records.len);
        kept->lens[i] = records.len;
        bytes_buffer_drop(&s->a->records, records.len);
        s->a->sent++;
    }
    *ret_seal = bench_since(begun).cpu_us / count;
    side_counts = &read;
    begun = bench_now();
    for (unsigned i = 0; i < count; i++) {
        live_frame frame = {.number = first + i, .records = bytes_of(kept->at + (size_t)i * PIECE, kept->lens[i])};
        bench_must(live_session_feed(b->b.self, &b->b.env, s->b, &frame));
    }
    *ret_open = bench_since(begun).cpu_us / count;
    side_counts = NULL;
    bench_check(read == count * len);
}

static void records_bare(bench *b, bare_pair *ends, strip *kept, size_t len, double *ret_seal, double *ret_open) {
    static uint8_t text[PIECE];
    unsigned count = b->o.quick ? 4 : RECORDS;
    bench_time begun = bench_now();
    for (unsigned i = 0; i < count; i++)
        kept->lens[i] = bare_seal(ends, text, len, kept->at + (size_t)i * PIECE, PIECE);
    *ret_seal = bench_since(begun).cpu_us / count;
    begun = bench_now();
    for (unsigned i = 0; i < count; i++)
        bench_check(bare_open(ends, kept->at + (size_t)i * PIECE, kept->lens[i], text, sizeof text) == len);
    *ret_open = bench_since(begun).cpu_us / count;
}

static void measure_records(bench *b) {
    static const struct {
        size_t len;
        double goal;
    } sizes[] = {{64, 2}, {1024, 1.5}};
    strip kept = {.at = malloc((size_t)RECORDS * PIECE)};
    bench_check(kept.at != NULL);
    side_forget(&b->a, true);
    side_forget(&b->b, true);
    side_session s = side_shake(&b->a, &b->b, false);
    bare_pair ends = bare_shake(b->peer, false, 0);
    for (size_t k = 0; k < 2; k++) {
        char name[32];
        row *rows[3];
        static const char *const names[] = {"seal", "open", "seal_and_open"};
        for (size_t n = 0; n < 3; n++) {
            (void)snprintf(name, sizeof name, "%s_%zu", names[n], sizes[k].len);
            rows[n] = row_new(b, name, sizes[k].goal, TURNS_MAX);
        }
        for (unsigned i = 0; i < rows[0]->turns; i++) {
            records_bare(b, &ends, &kept, sizes[k].len, &rows[0]->bare[i], &rows[1]->bare[i]);
            records_ours(b, &s, &kept, sizes[k].len, &rows[0]->ours[i], &rows[1]->ours[i]);
            rows[2]->bare[i] = rows[0]->bare[i] + rows[1]->bare[i];
            rows[2]->ours[i] = rows[0]->ours[i] + rows[1]->ours[i];
        }
    }
    bare_end(&ends);
    free(kept.at);
}

static void print_rows(bench *b, FILE *out) {
    printf("%-22s %12s %14s %8s %8s %16s %8s\n", "", "ours us", "OpenSSL us", "ratio", "goal", "(2 signatures",
           "ratio)");
    for (size_t i = 0; i < b->count; i++) {
        row *r = &b->rows[i];
        double ours = bench_median(r->ours, r->turns), alone = bench_median(r->bare, r->turns);
        double more = bench_median(r->more, r->turns);
        printf("%-22s %12.2f %14.2f %8.2f %8.1f", r->name, ours, alone, ours / alone, r->goal);
        if (more > 0) printf(" %16.2f %8.2f", more, ours / more);
        printf("\n");
        fprintf(out, "%s\n    {\"op\": \"%s\", \"ours_us\": %.3f, \"peer_us\": %.3f, \"ratio\": %.3f, \"goal\": %.1f",
                i > 0 ? "," : "", r->name, ours, alone, ours / alone, r->goal);
        if (more > 0) fprintf(out, ", \"peer_two_signatures_us\": %.3f", more);
        fprintf(out, "}");
    }
}

/* ---- whole engines ---- */

static const size_t bodies[MAIL_SIZES] = {64, 1024};

typedef struct talk {
    double us[2], commit_us[2]; /* a message, by side */
    double bytes, result_bytes;
} talk;

static talk measure_talk(pair *p, const options *o, size_t body, bool grouped) {
    enum { MESSAGES = 128, GROUP = 32, ROUNDS = 15 };
    double us[4][ROUNDS];
    unsigned rounds = o->quick ? 1 : ROUNDS;
    size_t messages = o->quick ? 8 : MESSAGES, group = grouped ? (o->quick ? 4 : GROUP) : 1;
    talk ret = {.bytes = 0};
    for (unsigned i = 0; i < rounds; i++) {
        pair_forget_counts(p);
        for (size_t done = 0; done < messages; done += group) pair_talk(p, group, body, grouped);
        for (size_t k = 0; k < 2; k++) {
            us[k][i] = p->side[k].us / (double)messages;
            us[2 + k][i] = p->side[k].commit_us / (double)messages;
        }
        ret.bytes = (double)p->side[0].set_bytes / (double)messages;
        ret.result_bytes = (double)p->side[1].result_bytes / (double)messages;
    }
    for (size_t k = 0; k < 2; k++) {
        ret.us[k] = bench_median(us[k], rounds);
        ret.commit_us[k] = bench_median(us[2 + k], rounds);
    }
    return ret;
}

static void measure_stanzas(const options *o, FILE *out) {
    pair p;
    mail m;
    size_t before;
    pair_open(&p, o->folder);
    printf("\nstanzas before the one with data in it:");
    for (unsigned i = 0; i < 2; i++) {
        static const char *const names[] = {"first", "resumed"};
        pair_online(&p);
        pair_first(&p, &before);
        printf(" %s %zu", names[i], before);
        fprintf(out, ",\n  \"stanzas_before_data_%s\": %zu", names[i], before);
        bench_check(before == 2);
    }
    printf("\n\n%-22s %10s %10s %10s %10s %10s\n", "whole engines, us", "sender", "receiver", "both", "of it",
           "commits");
    fprintf(out, ",\n  \"whole\": [");
    double bytes[MAIL_SIZES] = {0}, results[MAIL_SIZES] = {0};
    for (size_t i = 0; i < 2 * MAIL_SIZES; i++) {
        bool grouped = i % 2 == 1;
        talk t = measure_talk(&p, o, bodies[i / 2], grouped);
        char name[32];
        (void)snprintf(name, sizeof name, "message_%zu_%s", bodies[i / 2], grouped ? "grouped" : "single");
        printf("%-22s %10.1f %10.1f %10.1f %10s %10.1f\n", name, t.us[0], t.us[1], t.us[0] + t.us[1], "",
               t.commit_us[0] + t.commit_us[1]);
        fprintf(out,
                "%s\n    {\"op\": \"%s\", \"sender_us\": %.2f, \"receiver_us\": %.2f, \"commits_us\": %.2f, "
                "\"bytes\": %.0f, \"result_bytes\": %.0f}",
                i > 0 ? "," : "", name, t.us[0], t.us[1], t.commit_us[0] + t.commit_us[1], t.bytes, t.result_bytes);
        if (!grouped) bytes[i / 2] = t.bytes;
        if (!grouped) results[i / 2] = t.result_bytes;
    }
    pair_close(&p);
    mail_measure(&m, bodies, o->folder);
    printf("\n%-22s %10s %10s %10s %12s %12s\n", "bytes to the server", "iq", "result", "both", "omemo:2, 1",
           "omemo:2, 5");
    fprintf(out, "],\n  \"wire\": [");
    for (size_t i = 0; i < MAIL_SIZES; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "text of %zu", bodies[i]);
        printf("%-22s %10.0f %10.0f %10.0f %12zu %12zu\n", name, bytes[i], results[i], bytes[i] + results[i], m.one[i],
               m.five[i]);
        fprintf(out, "%s\n    {\"text\": %zu, \"iq\": %.0f, \"result\": %.0f, \"omemo_1\": %zu, \"omemo_5\": %zu}",
                i > 0 ? "," : "", bodies[i], bytes[i], results[i], m.one[i], m.five[i]);
    }
    fprintf(out, "]");
}

static void measure_many(const options *o, FILE *out) {
    many m;
    many_measure(&m, o->quick ? 12 : 10000, o->folder);
    double each = (m.resident - m.resident_before) / (double)(m.sessions - 1);
    printf("\n%zu sessions in one engine: %.1f KiB resident each (goal: at most 64), %.0f MiB in all\n", m.sessions,
           each / 1024, m.resident / 1048576);
    printf("  a session and a first stanza in it %.0f us; a further stanza %.1f us with one session, %.1f with all; "
           "to find one %.3f us\n",
           m.open_us, m.first_us, m.stanza_us, m.find_us);
    fprintf(out,
            ",\n  \"many\": {\"sessions\": %zu, \"resident_a_session\": %.0f, \"resident\": %.0f, \"open_us\": %.1f, "
            "\"stanza_us_with_one\": %.2f, \"stanza_us\": %.2f, \"find_us\": %.3f}",
            m.sessions, each, m.resident, m.open_us, m.first_us, m.stanza_us, m.find_us);
}

/* ---- */

static void remove_files(const char *folder) {
    static const char *const names[] = {"juliet", "romeo", "many", "hub"};
    static const char *const endings[] = {".sotto", ".key", ".sotto-wal", ".sotto-journal", ".sotto-opening"};
    char path[512];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (size_t k = 0; k < sizeof endings / sizeof *endings; k++) {
            (void)snprintf(path, sizeof path, "%s/%s%s", folder, names[i], endings[k]);
            (void)unlink(path);
        }
}

static void measure(bench *b) {
    FILE *out = b->o.out != NULL ? fopen(b->o.out, "w") : fopen("/dev/null", "w");
    bench_check(out != NULL);
    fprintf(out, "{\n  \"suite\": \"live\",\n  \"peer\": \"OpenSSL\",\n  \"peer_version\": \"%s\",\n  \"rows\": [",
            bare_version());
    if (is_wanted(&b->o, "handshakes")) measure_handshakes(b);
    if (is_wanted(&b->o, "records")) measure_records(b);
    print_rows(b, out);
    (void)fflush(stdout);
    fprintf(out, "]");
    if (is_wanted(&b->o, "stanzas")) measure_stanzas(&b->o, out);
    (void)fflush(stdout);
    if (is_wanted(&b->o, "many")) measure_many(&b->o, out);
    fprintf(out, "\n}\n");
    bench_check(fclose(out) == 0);
}

static options read_options(int argc, char **argv) {
    options o = {.folder = "live-stores"};
    for (int i = 1; i < argc; i++) {
        const char **value = strcmp(argv[i], "--out") == 0    ? &o.out
                             : strcmp(argv[i], "--dir") == 0  ? &o.folder
                             : strcmp(argv[i], "--only") == 0 ? &o.only
                                                              : NULL;
        if (strcmp(argv[i], "--quick") == 0) {
            o.quick = true;
        } else if (strcmp(argv[i], "--wipe") == 0) {
            o.wipe = true;
        } else if (value && i + 1 < argc) {
            *value = argv[++i];
        } else {
            fprintf(stderr, "usage: %s [--quick] [--out FILE] [--dir FOLDER] [--only NAME] [--wipe]\n", argv[0]);
            exit(2);
        }
    }
    return o;
}

int main(int argc, char **argv) {
    static bench b;
    b.o = read_options(argc, argv);
    if (b.o.wipe) bench_must(tls_wipe_start());
    (void)mkdir(b.o.folder, 0700);
    remove_files(b.o.folder);
    bench_must(crypto_start());
    side_contexts_make(&b.contexts);
    bench_must(stanza_parser_new(&b.parser, sotto_host_default()));
    side_make(&b.a, &b.contexts, b.parser, PAIR_JULIET);
    side_make(&b.b, &b.contexts, b.parser, PAIR_ROMEO);
    b.peer = bare_new();
    measure(&b);
    bare_free(b.peer);
    side_free(&b.a);
    side_free(&b.b);
    stanza_parser_free(b.parser);
    side_contexts_free(&b.contexts);
    remove_files(b.o.folder);
    (void)rmdir(b.o.folder);
    return 0;
}
