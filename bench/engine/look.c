/* SPDX-License-Identifier: ISC */
#include "look.h"

#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "crypto/curve.h"
#include "hub.h"
#include "measure.h"

#define OPENINGS 5

static double resident(void) {
    unsigned long all = 0, pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    if (statm == NULL) return 0;
    if (fscanf(statm, "%lu %lu", &all, &pages) != 2) pages = 0;
    (void)fclose(statm);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

int look_main(bool quick, const char *folder) {
    static hub h;
    const plan *p = quick ? &plan_quick : &plan_full;
    double store_cpu[OPENINGS], engine_cpu[OPENINGS], store_wall[OPENINGS], engine_wall[OPENINGS];
    look l = {0};
    bench_must(crypto_start());
    (void)sqlite3_initialize();
    l.rss_before = resident();
    for (size_t i = 0; i < OPENINGS; i++) {
        if (i > 0) hub_close(&h);
        bench_time begin = bench_now();
        hub_open_store(&h, p, folder);
        bench_time store = bench_since(begin);
        begin = bench_now();
        hub_open_engine(&h);
        bench_time engine = bench_since(begin);
        if (i == 0) {
            l.rss_open = resident();
            l.lent_open = (double)h.memory.lent;
            l.sqlite_open = (double)sqlite3_memory_used();
        }
        store_cpu[i] = store.cpu_us;
        store_wall[i] = store.wall_us;
        engine_cpu[i] = engine.cpu_us;
        engine_wall[i] = engine.wall_us;
    }
    hub_online(&h);
    l.rss_online = resident();
    l.lent_online = (double)h.memory.lent;
    l.lent_peak = (double)h.memory.peak;
    l.sqlite_online = (double)sqlite3_memory_used();
    hub_close(&h);
    printf("%.3f %.3f %.3f %.3f %.0f %.0f %.0f %.0f %.0f %.0f %.0f %.0f\n", bench_median(store_cpu, OPENINGS),
           bench_median(engine_cpu, OPENINGS), bench_median(store_wall, OPENINGS), bench_median(engine_wall, OPENINGS),
           l.rss_before, l.rss_open, l.rss_online, l.lent_open, l.lent_online, l.lent_peak, l.sqlite_open,
           l.sqlite_online);
    return 0;
}

bool look_from(const char *program, bool quick, const char *folder, look *ret) {
    char command[1200];
    (void)snprintf(command, sizeof command, "'%s' %s '%s'", program, quick ? "look-quick" : "look", folder);
    FILE *out = popen(command, "r");
    if (out == NULL) return false;
    int found =
        fscanf(out, "%lf %lf %lf %lf %lf %lf %lf %lf %lf %lf %lf %lf", &ret->open_store_us, &ret->open_engine_us,
               &ret->open_store_wall_us, &ret->open_engine_wall_us, &ret->rss_before, &ret->rss_open, &ret->rss_online,
               &ret->lent_open, &ret->lent_online, &ret->lent_peak, &ret->sqlite_open, &ret->sqlite_online);
    return pclose(out) == 0 && found == 12;
}
