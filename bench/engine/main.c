/* SPDX-License-Identifier: ISC
 *
 * ./dev bench engine: whole messages through a real engine and the real store, beside SQLite writing the same records
 * in the same transactions. doc/performance.md says what the numbers mean.
 *
 *     engine [--quick] [--out FILE] [--dir FOLDER]   FOLDER: where the stores lie while it runs
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sotto/sqlite.h>

#include "bytes/span.h"
#include "catchup.h"
#include "group.h"
#include "look.h"
#include "turns.h"

#define PAIR(text, kind, devices)                                                                                      \
    {.name = text "_single", kind, devices, false}, {                                                                  \
        .name = text "_grouped", kind, devices, true                                                                   \
    }

static bench_row rows[] = {PAIR("send_1", BENCH_SEND, 1),         PAIR("send_10", BENCH_SEND, PLAN_TEN),
                           PAIR("send_100", BENCH_SEND, 100),     PAIR("receive_1", BENCH_RECEIVE, 1),
                           PAIR("receive_10", BENCH_RECEIVE, 10), PAIR("receive_100", BENCH_RECEIVE, 100),
                           PAIR("talk_1", BENCH_TALK, 1)};
#define ROWS (sizeof rows / sizeof *rows)

typedef struct options {
    bool quick;
    const char *out, *folder, *only;
} options;

/* What the store holds, as the engine wrote it. */
typedef struct contents {
    recording all;
    size_t records, bytes;                 /* all */
    size_t session_bytes, session_records; /* of these, of the seal: sessions */
    size_t trust_bytes;                    /* ... keys seen, and by whom */
} contents;

static sotto_status take_record(void *arg, sotto_bytes key, sotto_bytes value) {
    contents *c = arg;
    sotto_change change = {key, value};
    recording_add(&c->all, &change, 1);
    c->records++;
    c->bytes += key.len + value.len;
    if (key.at[0] == 'S' && key.at[sizeof "omemo" + 1] != 0 && key.at[key.len - 1] == OMEMO_ROW_DEVICE) {
        c->session_bytes += key.len + value.len;
        c->session_records++;
    }
    if (key.at[0] == 'T' || key.at[0] == 'K') c->trust_bytes += key.len + value.len;
    return SOTTO_OK;
}

static void path_in(char *ret, size_t size, const char *folder, const char *name) {
    (void)snprintf(ret, size, "%s/%s", folder, name);
}

static const char *const files[] = {"hub.sotto", "hub.key", "floor.sqlite", "sealed.sotto", "sealed.key"};

static void remove_files(const char *folder) {
    static const char *const endings[] = {"", "-wal", "-journal", "-opening"};
    char path[512];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        for (size_t k = 0; k < sizeof endings / sizeof *endings; k++) {
            (void)snprintf(path, sizeof path, "%s/%s%s", folder, files[i], endings[k]);
            (void)unlink(path);
        }
}

static double file_bytes(const char *folder, const char *name) {
    char path[512];
    struct stat found;
    path_in(path, sizeof path, folder, name);
    return stat(path, &found) == 0 ? (double)found.st_size : 0;
}

/* The peers begin with what ours has. */
static contents open_peers(bench *b, const char *folder) {
    char path[512], key_path[512];
    path_in(path, sizeof path, folder, "floor.sqlite");
    b->peer = floor_open(path);
    path_in(path, sizeof path, folder, "sealed.sotto");
    path_in(key_path, sizeof key_path, folder, "sealed.key");
    sotto_sqlite_options sealed = {.path = path, .key_path = key_path, .create = true, .host = sotto_host_default()};
    bench_must(sotto_sqlite_open(&b->sealed, &sealed));
    contents c = {.records = 0};
    bench_must(b->hub.sqlite->methods->scan(b->hub.sqlite, BYTES_NONE, take_record, &c));
    recording_settle(&c.all);
    floor_write(b->peer, c.all.changes, c.all.kept_count);
    bench_must(b->sealed->methods->write(b->sealed, c.all.changes, c.all.kept_count));
    recording_free(&c.all);
    return c;
}

/* ---- what is told ---- */

static void write_row(FILE *out, bench_row *row, bool last) {
    double ours = bench_median(row->ours, row->turns), peer = bench_median(row->peer, row->turns);
    double sealed = bench_median(row->sealed, row->turns), n = (double)row->messages;
    double wall = bench_median(row->ours_wall, row->turns), peer_wall = bench_median(row->peer_wall, row->turns);
    bench_check(ours > 0 && peer > 0 && sealed > 0 && row->messages > 0);
    printf("%-20s %9.1f %9.1f %6.2f %9.1f %10.1f %10.0f %6.1f %9.0f\n", row->name, ours, peer, ours / peer, sealed,
           wall, 1e6 / wall, (double)row->records / n, (double)row->bytes / n);
    fprintf(out,
            "    {\"op\": \"%s\", \"ours_us\": %.2f, \"peer_us\": %.2f, \"ratio\": %.3f, \"sealed_us\": %.2f, "
            "\"ours_wall_us\": %.2f, \"peer_wall_us\": %.2f, \"messages_per_s\": %.0f, \"devices\": %u, "
            "\"transactions\": %zu, \"messages\": %zu, \"records_a_message\": %.2f, \"bytes_a_message\": %.0f}%s\n",
            row->name, ours, peer, ours / peer, sealed, wall, peer_wall, 1e6 / wall, (unsigned)row->devices,
            row->transactions, row->messages, (double)row->records / n, (double)row->bytes / n, last ? "" : ",");
}

static void write_state(FILE *out, const plan *p, const contents *c, const look *l, double file) {
    double n = (double)c->session_records;
    printf("\n%u sessions: %.0f bytes a session, %.0f with trust, %.0f with everything; file %.0f a session\n",
           (unsigned)plan_sessions(p), (double)c->session_bytes / n, (double)(c->session_bytes + c->trust_bytes) / n,
           (double)c->bytes / n, file / n);
    printf("opening: store %.0f us of CPU (%.0f in all), engine %.0f (%.0f)\n", l->open_store_us, l->open_store_wall_us,
           l->open_engine_us, l->open_engine_wall_us);
    printf("memory: %.0f KiB resident before, %.0f open, %.0f with every device list seen;\n"
           "        asked for by engine and store %.0f KiB open, %.0f with lists; by SQLite %.0f and %.0f\n",
           l->rss_before / 1024, l->rss_open / 1024, l->rss_online / 1024, l->lent_open / 1024, l->lent_online / 1024,
           l->sqlite_open / 1024, l->sqlite_online / 1024);
    fprintf(
        out,
        "  \"state\": {\"sessions\": %u, \"contacts\": %u, \"bytes_a_session\": %.1f, "
        "\"bytes_a_session_with_trust\": %.1f, \"bytes_all_records\": %zu, \"records\": %zu, \"file_bytes\": %.0f,\n"
        "    \"open_store_us\": %.1f, \"open_store_wall_us\": %.1f, \"open_engine_us\": %.1f, "
        "\"open_engine_wall_us\": %.1f,\n"
        "    \"rss_before\": %.0f, \"rss_open\": %.0f, \"rss_online\": %.0f, \"allocated_open\": %.0f, "
        "\"allocated_online\": %.0f, \"allocated_peak\": %.0f, \"sqlite_open\": %.0f, \"sqlite_online\": %.0f}\n",
        (unsigned)plan_sessions(p), (unsigned)plan_contacts(p), (double)c->session_bytes / n,
        (double)(c->session_bytes + c->trust_bytes) / n, c->bytes, c->records, file, l->open_store_us,
        l->open_store_wall_us, l->open_engine_us, l->open_engine_wall_us, l->rss_before, l->rss_open, l->rss_online,
        l->lent_open, l->lent_online, l->lent_peak, l->sqlite_open, l->sqlite_online);
}

/* Here the peer is libomemo-c, and the ratio how many times as long it takes. */
static void write_catchup(FILE *out, const catchup *u) {
    double ratio = u->peer_us / u->ours_us;
    printf("\ncatchup_%u: %.1f us of CPU a message (%.1f in all), %u pages; libomemo-c's decryption alone %.1f, ratio "
           "%.2f\nmemory of engine and store: %.0f KiB before, %.0f at most\n",
           (unsigned)u->messages, u->ours_us, u->ours_wall_us, (unsigned)u->pages, u->peer_us, ratio,
           u->lent_before / 1024, u->lent_peak / 1024);
    fprintf(out,
            "  \"catchup\": {\"op\": \"catchup_%u\", \"ours_us\": %.2f, \"ours_wall_us\": %.2f, \"peer\": "
            "\"libomemo-c\", \"peer_us\": %.2f, \"ratio\": %.3f, \"ratio_is\": \"peer_us / ours_us\", "
            "\"messages\": %u, \"contacts\": %u, \"pages\": %u,\n    \"allocated_before\": %.0f, "
            "\"allocated_peak\": %.0f},\n",
            (unsigned)u->messages, u->ours_us, u->ours_wall_us, u->peer_us, ratio, (unsigned)u->messages,
            (unsigned)u->contacts, (unsigned)u->pages, u->lent_before, u->lent_peak);
}

static void write_group_row(FILE *out, const char *name, const group *g, const group_row *row) {
    double n = (double)row->messages;
    char op[32];
    (void)snprintf(op, sizeof op, "group_%ux%u_%s", (unsigned)g->members, (unsigned)(g->devices / g->members), name);
    printf("\n%s: %.0f us of CPU a message (%.0f in all)", op, row->ours_us, row->ours_wall_us);
    if (row->verify_us > 0) printf(", %.0f of it for signatures of bundles", row->verify_us);
    printf("; libomemo-c's calls alone %.0f, ratio %.2f\n", row->peer_us, row->peer_us / row->ours_us);
    printf("  %u to a commit; of each %.1f records of %.0f bytes together, stanza %zu bytes\n", (unsigned)row->messages,
           (double)row->records / n, (double)row->record_bytes / n, row->stanza_bytes);
    printf(
        "  memory of engine and store: %.0f KiB before, %.0f at most, SQLite %.0f; resident with the crowd: %.0f KiB "
        "before, %.0f after\n",
        row->lent_before / 1024, row->lent_peak / 1024, row->sqlite / 1024, row->rss_before / 1024,
        row->rss_after / 1024);
    fprintf(out,
            "    {\"op\": \"%s\", \"ours_us\": %.2f, \"ours_wall_us\": %.2f, \"verify_us\": %.2f, \"peer\": "
            "\"libomemo-c\", \"peer_us\": %.2f, \"ratio\": %.3f, \"devices\": %u, \"transactions\": 1, "
            "\"messages\": %u, \"records_a_message\": %.2f, \"bytes_a_message\": %.0f, \"stanza_bytes\": %zu,\n"
            "     \"allocated_before\": %.0f, \"allocated_peak\": %.0f, \"sqlite\": %.0f, \"rss_before\": %.0f, "
            "\"rss_after\": %.0f}",
            op, row->ours_us, row->ours_wall_us, row->verify_us, row->peer_us, row->peer_us / row->ours_us,
            (unsigned)g->devices, (unsigned)row->messages, (double)row->records / n, (double)row->record_bytes / n,
            row->stanza_bytes, row->lent_before, row->lent_peak, row->sqlite, row->rss_before, row->rss_after);
}

static void write_group(FILE *out, const group *g) {
    fprintf(out, "  \"room\": {\"ratio_is\": \"peer_us / ours_us\", \"bundles_us\": %.2f, \"rows\": [\n",
            g->bundles_us);
    write_group_row(out, "warm", g, &g->warm);
    fprintf(out, ",\n");
    write_group_row(out, "cold", g, &g->cold);
    fprintf(out, "]},\n");
    printf("  before it, joining the room and taking %u lists and %u bundles: %.0f us in %u commits\n",
           (unsigned)g->members, (unsigned)g->devices, g->bundles_us, (unsigned)g->bundle_commits);
}

static void report(const options *o, const plan *p, const contents *c, const look *l, const catchup *u, const group *g,
                   double file) {
    FILE *out = fopen(o->out, "w");
    bench_check(out != NULL);
    printf("\n%-20s %9s %9s %6s %9s %10s %10s %6s %9s\n", "", "ours us", "sqlite us", "ratio", "sealed us", "ours wall",
           "messages/s", "rows", "bytes");
    fprintf(out,
            "{\n  \"suite\": \"engine\", \"peer\": \"sqlite\", \"peer_version\": \"%s\",\n"
            "  \"ratio_is\": \"ours_us / peer_us: how many times what SQLite alone takes for the same records in the "
            "same transactions; CPU, medians of %u turns\",\n  \"peer_layout\": \"%s\",\n"
            "  \"sealed_us_is\": \"our store alone, with its encryption at rest and its settings, for the same "
            "transactions\",\n  \"group\": %u,\n  \"rows\": [\n",
            floor_version(), (unsigned)p->turns, FLOOR_LAYOUT, (unsigned)p->group);
    size_t last = ROWS;
    while (last > 0 && rows[last - 1].turns == 0) last--;
    bench_check(last == ROWS || o->only != NULL);
    for (size_t i = 0; i < last; i++)
        if (rows[i].turns > 0) write_row(out, &rows[i], i + 1 == last);
    fprintf(out, "  ],\n");
    if (u->messages > 0) write_catchup(out, u);
    if (g->members > 0) write_group(out, g);
    write_state(out, p, c, l, file);
    fprintf(out, "}\n");
    bench_check(fclose(out) == 0);
    printf("\nratio: ours / sqlite, CPU; sealed: our store alone; written to %s\n", o->out);
}

/* ---- the run ---- */

static bool is_wanted(const options *o, const char *name) {
    return o->only == NULL || strcmp(o->only, name) == 0;
}

static void run(const char *program, const options *o) {
    static bench b;
    b = (bench){.p = o->quick ? &plan_quick : &plan_full, .drawn = UINT64_C(88172645463325252)};
    uint32_t device;
    look l;
    (void)mkdir(o->folder, 0700);
    remove_files(o->folder);
    hub_open_store(&b.hub, b.p, o->folder);
    hub_open_engine(&b.hub);
    crypto_identity identity = hub_identity(&b.hub, &device);
    b.crowd = crowd_new(b.p, &identity, device);
    printf("%u sessions are made ...\n", (unsigned)plan_sessions(b.p));
    (void)fflush(stdout);
    hub_fill(&b.hub, b.crowd);
    hub_close(&b.hub); /* carries everything over into the file */
    double file = file_bytes(o->folder, "hub.sotto");
    bench_check(look_from(program, o->quick, o->folder, &l));
    hub_open_store(&b.hub, b.p, o->folder);
    hub_open_engine(&b.hub);
    hub_online(&b.hub);
    contents c = open_peers(&b, o->folder);
    bench_check(c.session_records == plan_sessions(b.p));
    for (uint32_t turn = 0; turn <= b.p->turns; turn++)
        for (size_t i = 0; i < ROWS; i++)
            if (is_wanted(o, rows[i].name)) turn_take(&b, &rows[i], turn > 0);
    catchup u = {.messages = 0};
    group g = {.members = 0};
    if (is_wanted(o, "catchup")) catchup_take(&b.hub, b.crowd, o->quick, &u);
    if (is_wanted(o, "group")) group_take(&b.hub, o->quick, &g);
    report(o, b.p, &c, &l, &u, &g, file);
    hub_close(&b.hub);
    crowd_free(b.crowd);
    floor_close(b.peer);
    sotto_store_close(b.sealed);
    remove_files(o->folder);
    (void)rmdir(o->folder);
}

int main(int argc, char **argv) {
    options o = {.out = "engine.json", .folder = "engine-stores"};
    if (argc == 3 && strncmp(argv[1], "look", 4) == 0) return look_main(strcmp(argv[1], "look-quick") == 0, argv[2]);
    for (int i = 1; i < argc; i++) {
        const char **value = strcmp(argv[i], "--out") == 0    ? &o.out
                             : strcmp(argv[i], "--dir") == 0  ? &o.folder
                             : strcmp(argv[i], "--only") == 0 ? &o.only
                                                              : NULL;
        if (strcmp(argv[i], "--quick") == 0) {
            o.quick = true;
        } else if (value != NULL && i + 1 < argc) {
            *value = argv[++i];
        } else {
            fprintf(stderr, "usage: %s [--quick] [--out FILE] [--dir FOLDER] [--only ROW]\n", argv[0]);
            return 2;
        }
    }
    run(argv[0], &o);
    return 0;
}
