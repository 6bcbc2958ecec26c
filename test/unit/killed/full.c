/* SPDX-License-Identifier: ISC
 *
 * A disk that is full, or broken, at every write and sync of a conversation: the exact status, nothing changed, reading
 * goes on; and when there is room again the next call works, with the same store that never was closed. */
#include "talk.h"

#include <stdio.h>

/* ---- every operation of every transaction ---- */

#define SYNCS_MAX 16

typedef struct full {
    const victim_ground *ground;
    size_t turn;                     /* which way of failing is the first one's */
    size_t failures, syncs, carried; /* counted */
    uint64_t maybe[SYNCS_MAX];       /* what was found after a sync that failed */
    size_t maybe_count;
} full;

/* What a process would find that began now. */
static uint64_t found_on(const full *f, const disk_image *image) {
    rig host;
    disk found;
    sotto_store *store;
    rig_start(&host);
    disk_start(&found, "found", f->ground->path, f->ground->key_path);
    disk_copy(&found.now, image);
    assert_ok(disk_open(&found, &host.host, &store));
    uint64_t digest = disk_digest(store);
    disk_kill(&found);
    sotto_store_close(store);
    disk_end(&found);
    rig_end(&host);
    return digest;
}

/* After a failed call: nothing has changed, here and on the disk. After a failed sync it may be there after all, whole:
 * then it is what the same call leads to in the end. */
static void check_unchanged(full *f, victim *v, uint64_t before) {
    assert_true(disk_digest(v->inner) == before);
    uint64_t found = found_on(f, &v->disk.now);
    if (found == before) return;
    for (size_t i = 0; i < f->maybe_count; i++)
        if (f->maybe[i] == found) return;
    assert_int_equal(v->disk.failed_kind, DISK_SYNC);
    assert_true(f->maybe_count < SYNCS_MAX);
    f->maybe[f->maybe_count++] = found;
}

/* Full once or until there is room, broken once or for a while. */
static void fail_from(full *f, victim *v, size_t operation) {
    disk *d = &v->disk;
    size_t way = (operation + v->write + f->turn) % 4;
    d->fail_write = way < 2 ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    d->fail_count = way % 2 == 0 ? 1 : SIZE_MAX;
    d->fail_at = d->ops + operation;
    d->failed = 0;
}

static void check_status(const disk *d, sotto_status status) {
    if (d->failed_kind != DISK_SYNC && d->fail_write == SQLITE_FULL)
        assert_status(status, STORE_FULL);
    else
        assert_status(status, STORE_FAILED);
}

/* The same transaction with its first operation failing, its second, and so on, until it succeeds. */
static sotto_status fail_at_each(void *arg, victim *v, const sotto_change *changes, size_t count) {
    full *f = arg;
    disk *d = &v->disk;
    uint64_t before = disk_digest(v->inner);
    f->maybe_count = 0;
    for (size_t operation = 0;; operation++) {
        fail_from(f, v, operation);
        sotto_status status = victim_write(v, changes, count);
        if (sotto_ok(status)) break;
        f->failures++;
        f->syncs += d->failed_kind == DISK_SYNC;
        check_status(d, status);
        check_unchanged(f, v, before);
        if (d->fail_count == SIZE_MAX) {
            d->failed = 0;
            check_status(d, v->inner->methods->write(v->inner, changes, count));
            check_unchanged(f, v, before);
        }
        d->fail_at = SIZE_MAX;
    }
    d->fail_at = SIZE_MAX;
    f->carried += d->failed > 0; /* into the file: that fails in silence, and is done again */
    uint64_t after = disk_digest(v->inner);
    /* Also on a disk that forgot what it could not sync, as Linux does (fsync(2)). */
    assert_true(found_on(f, &v->disk.now) == after && found_on(f, &v->disk.settled) == after);
    for (size_t i = 0; i < f->maybe_count; i++) assert_true(f->maybe[i] == after);
    return SOTTO_OK;
}

static void prepare_each(void *arg, victim *v) {
    v->instead = fail_at_each;
    v->instead_arg = arg;
}

static void full_at_each(const talk_script *script, talk_who who, bool grouped, size_t turn) {
    static talk t;
    talk_made m;
    talk_made_start(&m, script);
    full f = {.ground = &m.ground, .turn = turn};
    talk_start(&t, &m, who, grouped, prepare_each, &f);
    talk_run(&t);
    talk_check(&t);
    print_message("%s: %zu transactions failed %zu times, %zu of them in a sync; %zu while carried over\n",
                  talk_names[who], t.v.write, f.failures, f.syncs, f.carried);
    assert_true(f.failures > 3 * t.v.write && f.syncs >= t.v.write);
    talk_end(&t);
    talk_made_end(&m);
}

/* ---- what the engine makes of it ---- */

typedef struct failing {
    size_t first; /* the operation of the first one */
    size_t calls; /* how many in a row fail */
    size_t call, commits;
} failing;

/* The driver announces itself after every failure, and its queue has an end. */
static void make_room(wish_queue *queue) {
    queue->len -= queue->first;
    memmove(queue->at, queue->at + queue->first, queue->len * sizeof *queue->at);
    queue->first = 0;
}

/* One transaction in so many, or fewer, fails before it succeeds: more than it takes to be online again after one (the
 * driver announces itself, the engine asks for its lists once more), or there would be no end. The driver knows one
 * kind of failure. */
#define FAILS_ONCE_IN 32
static sotto_status fail_some(void *arg, victim *v, const sotto_change *changes, size_t count) {
    failing *f = arg;
    disk *d = &v->disk;
    make_room(&v->device->chores);
    if (v->write % (FAILS_ONCE_IN * f->calls) != FAILS_ONCE_IN / 2 - 1 || f->call == f->calls) {
        f->call = 0;
        return victim_write(v, changes, count);
    }
    f->call++;
    d->fail_at = d->ops + (f->call == 1 ? (f->first + v->write / FAILS_ONCE_IN) % 3 : 0);
    d->fail_count = SIZE_MAX;
    d->failed = 0;
    sotto_status status = victim_write(v, changes, count);
    d->fail_at = SIZE_MAX;
    if (sotto_ok(status)) {
        f->call = 0;
        return status;
    }
    f->commits++;
    check_status(d, status);
    return SOTTO_FAIL(STORE_FULL);
}

static void prepare_some(void *arg, victim *v) {
    v->instead = fail_some;
    v->instead_arg = arg;
}

static void go_on(const talk_script *script, talk_who who, bool grouped, int result, failing f) {
    static talk t;
    talk_made m;
    talk_made_start(&m, script);
    talk_start(&t, &m, who, grouped, prepare_some, &f);
    t.v.disk.fail_write = result;
    talk_run(&t);
    talk_check(&t);
    assert_int_equal(t.people[who]->failed_commits, f.commits);
    assert_true(f.commits >= f.calls);
    talk_end(&t);
    talk_made_end(&m);
}

static void test_each_operation(void **state) {
    (void)state;
    full_at_each(&talk_pair, BALCONY, false, 0);
    full_at_each(&talk_pair, ORCHARD, false, 1);
    full_at_each(&talk_pair, TABLET, true, 2);
    full_at_each(&talk_pair, PHONE, true, 3);
    full_at_each(&talk_room, TABLET, false, 0);
    full_at_each(&talk_room, ORCHARD, true, 1);
}
static void test_the_engine_goes_on(void **state) {
    (void)state;
    go_on(&talk_room, TABLET, false, SQLITE_FULL, (failing){.calls = 1});
    go_on(&talk_room, ORCHARD, true, SQLITE_IOERR_WRITE, (failing){.first = 1, .calls = 3});
    go_on(&talk_room, BALCONY, false, SQLITE_FULL, (failing){.first = 2, .calls = 1});
    for (size_t first = 0; first < 4; first++) {
        go_on(&talk_pair, (talk_who)first, first % 2 == 0, SQLITE_FULL, (failing){.first = first, .calls = 1});
        go_on(&talk_pair, (talk_who)first, first % 2 == 1, SQLITE_IOERR_WRITE, (failing){.first = first, .calls = 3});
    }
}

const struct CMUnitTest full_tests[] = {
    cmocka_unit_test(test_each_operation),
    cmocka_unit_test(test_the_engine_goes_on),
};
const size_t full_count = sizeof full_tests / sizeof full_tests[0];
