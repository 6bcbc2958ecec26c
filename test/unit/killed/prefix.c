/* SPDX-License-Identifier: ISC
 *
 * Every prefix of what was done to the disk, and what a torn write or a loss of power makes of it: the store opens, and
 * holds exactly what the last acknowledged transaction left, or the one under way. */
#include "talk.h"

#include <stdio.h>

typedef struct check {
    const history *h;
    const disk *recorded;
    rig host;
    disk played, tried; /* at the operation at hand; what is opened */
    size_t ways;
    size_t step; /* the first one that is not acknowledged */
    tally *tally;
} check;

static uint64_t digest_before(const check *c) {
    return c->step == 0 ? c->h->start_digest : c->h->steps[c->step - 1].digest;
}

/* Opens what is in c->tried. `during`: operation `at` was under way or done, and its transaction not acknowledged. */
static void try(check *c, size_t at, bool during, const char *what, unsigned number) {
    sotto_store *store;
    sotto_status status = disk_open(&c->tried, &c->host.host, &store);
    if (!sotto_ok(status))
        fail_msg("operation %zu, %s %u: it does not open: %s", at, what, number, sotto_status_name(status));
    uint64_t digest = disk_digest(store);
    disk_kill(&c->tried);
    sotto_store_close(store);
    disk_revive(&c->tried);
    c->tally->tried++;
    bool is_before = digest == digest_before(c);
    bool is_after = during && digest == c->h->steps[c->step].digest;
    if (!is_before && !is_after) fail_msg("operation %zu, %s %u: not a state there ever was", at, what, number);
    if (!during) return;
    c->tally->before += is_before;
    c->tally->after += is_after;
}

static bool is_during(const check *c, size_t at) {
    return c->step < c->h->count && at >= c->h->steps[c->step].begin;
}

static bool is_turn(const check *c, size_t way, size_t of, size_t at) {
    return c->ways == 0 || (way + of - at % of) % of < c->ways;
}

/* Of a long row of writes in one transaction, all with the same outcome, every sixteenth will do where there is little
 * time (one way each); near its ends and around syncs, all. */
static bool is_skipped(const check *c, size_t at) {
    if (c->ways != 1 || at % 16 == 0 || at < 4 || at + 4 >= c->recorded->log_len) return false;
    for (size_t i = at - 4; i <= at + 4; i++)
        if (c->recorded->log[i].kind != DISK_WRITE) return false;
    return true;
}

static void try_operation(check *c, size_t at) {
    const disk_op *op = &c->recorded->log[at];
    bool during = is_during(c, at);
    if (is_skipped(c, at)) return;
    disk_copy(&c->tried.now, &c->played.now);
    try(c, at, during && at > c->h->steps[c->step].begin, "prefix", 0);
    for (unsigned tear = TEAR_HALF; op->kind == DISK_WRITE && tear < TEARS; tear++) {
        if (!is_turn(c, tear - TEAR_HALF, TEARS - TEAR_HALF, at)) continue;
        disk_copy(&c->tried.now, &c->played.now);
        disk_apply_torn(&c->tried.now, op, (disk_tear)tear);
        try(c, at, during, "torn", tear);
    }
    for (unsigned loss = 0; loss < LOSSES; loss++) {
        if (!is_turn(c, loss, LOSSES, at)) continue;
        disk_lose(&c->tried.now, &c->played, op, (disk_loss)loss, at);
        try(c, at, during, "loss", loss);
    }
}

static void check_start(check *c, const history *h, const disk *recorded, const victim_ground *g, bool again,
                        tally *t) {
    *c = (check){.h = h, .recorded = recorded, .tally = t};
    rig_start(&c->host);
    disk_start(&c->played, again ? "played" : "played-again", g->path, g->key_path);
    disk_start(&c->tried, again ? "tried" : "tried-again", g->path, g->key_path);
    c->played.keeps_log = true;
    disk_become(&c->played, &h->start);
}

static void check_end(check *c) {
    disk_end(&c->played);
    disk_end(&c->tried);
    rig_end(&c->host);
}

/* What is on the disk is opened, written to and closed in order; and that is killed at each of its operations. */
static void recover_again(const check *c, const victim_ground *g) {
    static history h;
    h = (history){.start_digest = 0};
    disk again;
    rig host;
    sotto_store *store;
    rig_start(&host);
    disk_start(&again, "again", g->path, g->key_path);
    again.keeps_log = true;
    disk_copy(&h.start, &c->played.now);
    disk_become(&again, &h.start);
    assert_ok(disk_open(&again, &host.host, &store));
    h.start_digest = disk_digest(store);
    size_t begin = again.ops;
    const sotto_change change = {BYTES_LITERAL("Z after"), BYTES_LITERAL("value")};
    assert_ok(store->methods->write(store, &change, 1));
    h.steps[h.count++] = (history_step){begin, again.ops, disk_digest(store)};
    sotto_store_close(store);
    rig_end(&host);
    history_check(&h, &again, g, c->ways, false, c->tally);
    disk_clear(&h.start);
    disk_end(&again);
}

void history_check(const history *h, const disk *recorded, const victim_ground *g, size_t ways, bool again, tally *t) {
    check *c = calloc(1, sizeof *c);
    assert_non_null(c);
    check_start(c, h, recorded, g, again, t);
    c->ways = ways;
    for (size_t at = 0; at < recorded->log_len; at++) {
        while (c->step < h->count && h->steps[c->step].end <= at) {
            c->step++;
            if (again && c->step % 16 == 0) recover_again(c, g);
        }
        try_operation(c, at);
        disk_play(&c->played, &recorded->log[at]);
    }
    c->step = h->count;
    disk_copy(&c->tried.now, &c->played.now);
    try(c, recorded->log_len, false, "all", 0);
    check_end(c);
    free(c);
}

/* ---- the conversation ---- */

static void check_of(const talk_script *script, talk_who who, bool grouped) {
    static talk t;
    talk_made m;
    talk_made_start(&m, script);
    talk_start(&t, &m, who, grouped, NULL, NULL);
    talk_run(&t);
    talk_check(&t);
    tally found = {0};
    history_check(&t.v.history, &t.v.disk, &m.ground, who == BALCONY ? 0 : 2, true, &found);
    print_message("%s: %zu transactions, %zu operations, %zu recoveries (in the middle of a transaction: %zu before, "
                  "%zu after)\n",
                  talk_names[who], t.v.history.count, t.v.disk.log_len, found.tried, found.before, found.after);
    assert_true(t.v.history.count > 40 && found.before > 1000 && found.after > 50);
    talk_end(&t);
    talk_made_end(&m);
}

/* ---- a store alone ---- */

#define LARGE (1400u * 1024u)

/* Records of all sizes, replaced and deleted, until the WAL was carried over several times, and one that makes it
 * longer than what is kept of it. */
static void write_some(sotto_store *store, rig *r, size_t round) {
    static uint8_t bytes[LARGE];
    char keys[6][4];
    sotto_change changes[6];
    memset(bytes, 'a' + (int)(round % 26), sizeof bytes);
    for (size_t i = 0; i < 6; i++) {
        size_t len = round == 12 && i == 0 ? LARGE : rig_next(r) % 12000;
        if (round > 12 && i == 0) len = 0; /* space that becomes free is used again */
        (void)snprintf(keys[i], sizeof keys[i], "k%02u", i == 0 ? 0 : (unsigned)(rig_next(r) % 40));
        changes[i] = (sotto_change){bytes_of(keys[i], 3), bytes_of(bytes, len)};
    }
    assert_ok(store->methods->write(store, changes, 1 + round % 6));
}

static void test_large_records(void **state) {
    (void)state;
    static history h;
    static disk d;
    victim_ground g;
    rig r;
    sotto_store *store;
    victim_ground_start(&g);
    rig_start(&r);
    disk_start(&d, "large", g.path, g.key_path);
    d.keeps_log = true;
    h = (history){.start_digest = 0};
    disk_copy(&h.start, &g.empty);
    disk_become(&d, &h.start);
    assert_ok(disk_open(&d, &r.host, &store));
    h.start_digest = disk_digest(store);
    for (size_t round = 0; round < 30; round++) {
        size_t begin = d.ops;
        write_some(store, &r, round);
        h.steps[h.count++] = (history_step){begin, d.ops, disk_digest(store)};
    }
    sotto_store_close(store);
    size_t carried = 0, cut = 0;
    for (size_t i = 0; i < d.log_len; i++) {
        carried += d.log[i].kind == DISK_SYNC && d.log[i].name == DISK_STORE;
        cut += d.log[i].kind == DISK_TRUNCATE;
    }
    tally found = {0};
    history_check(&h, &d, &g, 1, false, &found);
    print_message("large records: carried over %zu times, cut %zu times, %zu operations, %zu recoveries (in the middle "
                  "of a transaction: %zu before, %zu after)\n",
                  carried, cut, d.log_len, found.tried, found.before, found.after);
    assert_true(carried > 2 && cut > 0 && found.before > 300 && found.after > 100);
    disk_clear(&h.start);
    disk_end(&d);
    rig_end(&r);
    victim_ground_end(&g);
}

static void test_balcony(void **state) {
    (void)state;
    check_of(&talk_pair, BALCONY, false);
}
static void test_tablet(void **state) {
    (void)state;
    check_of(&talk_pair, TABLET, true);
}
static void test_orchard(void **state) {
    (void)state;
    check_of(&talk_pair, ORCHARD, true);
}
static void test_phone(void **state) {
    (void)state;
    check_of(&talk_pair, PHONE, false);
}
static void test_in_a_room(void **state) {
    (void)state;
    check_of(&talk_room, TABLET, true);
}

const struct CMUnitTest prefix_tests[] = {
    cmocka_unit_test(test_balcony), cmocka_unit_test(test_tablet),    cmocka_unit_test(test_orchard),
    cmocka_unit_test(test_phone),   cmocka_unit_test(test_in_a_room), cmocka_unit_test(test_large_records),
};
const size_t prefix_count = sizeof prefix_tests / sizeof prefix_tests[0];
