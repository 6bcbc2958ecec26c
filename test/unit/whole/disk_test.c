/* SPDX-License-Identifier: ISC
 *
 * A disk that is full at any one write of a scripted conversation, or for a while: nothing is lost, nothing comes
 * twice, and when there is room again everything goes on. */
#include "world.h"

static void say(device *d, const char *to, const char *body) {
    device_say(d, to, body);
}

typedef struct full_disk {
    const sotto_seal *seal;
    const made *made;
    bool romeo, grouped;
    size_t at; /* the first write that fails; 0: none */
    size_t for_writes;
} full_disk;

/* Returns how many writes there were. */
static size_t converse(two *t, const full_disk *f) {
    world_start(&t->w, f->seal);
    t->juliet = world_device_over(&t->w, "juliet", "balcony", f->made->juliet);
    t->romeo = world_device_over(&t->w, "romeo", "orchard", f->made->romeo);
    device *victim = f->romeo ? t->romeo : t->juliet;
    victim->grouped = f->grouped;
    victim->store.fail_at = f->at;
    victim->store.fail_until = f->at + f->for_writes;
    device_attach(t->juliet);
    device_attach(t->romeo);
    world_run(&t->w);
    say(t->juliet, ROMEO, "j1");
    say(t->romeo, JULIET, "r1");
    world_run(&t->w);
    say(t->romeo, JULIET, "r2");
    say(t->juliet, ROMEO, "j2");
    say(t->juliet, ROMEO, "j3");
    world_run(&t->w);
    device_leave(t->romeo);
    say(t->juliet, ROMEO, "j4");
    world_pass(&t->w, 3000);
    say(t->romeo, JULIET, "r3");
    device_go_online(t->romeo);
    say(t->juliet, ROMEO, "j5");
    world_pass(&t->w, 3000);
    world_pass(&t->w, 61000);
    return victim->store.writes;
}

static void check(two *t, const full_disk *f) {
    assert_read_from(t->romeo, JULIET, LIST("j1", "j2", "j3", "j4", "j5"));
    assert_read_from(t->juliet, ROMEO, LIST("r1", "r2", "r3"));
    assert_int_equal(device_told_count(t->romeo, SOTTO_EVENT_UNREADABLE, -1), 0);
    assert_int_equal(device_told_count(t->juliet, SOTTO_EVENT_UNREADABLE, -1), 0);
    assert_int_equal(device_held(t->romeo) + device_held(t->juliet), 0);
    assert_true(world_keys_used_once(&t->w) >= (f->seal->strength > 0 ? 8 : 0));
}

static void full_at_each(full_disk f) {
    two t;
    made m;
    made_start(&m, f.seal);
    f.made = &m;
    size_t writes = converse(&t, &f);
    check(&t, &f);
    world_end(&t.w);
    assert_true(writes > 15);
    for (f.at = 1; f.at <= writes; f.at++) {
        converse(&t, &f);
        device *victim = f.romeo ? t.romeo : t.juliet;
        assert_int_equal(victim->failed_commits, f.for_writes);
        check(&t, &f);
        world_end(&t.w);
    }
    made_end(&m);
}

static void test_full_at_any_one_write(void **state) {
    full_at_each((full_disk){.seal = seal_of(state), .for_writes = 1});
    full_at_each((full_disk){.seal = seal_of(state), .romeo = true, .for_writes = 1});
}

static void test_full_for_a_while(void **state) {
    full_at_each((full_disk){.seal = seal_of(state), .grouped = true, .for_writes = 3});
    full_at_each((full_disk){.seal = seal_of(state), .romeo = true, .grouped = true, .for_writes = 3});
}

/* At the first write of all: it cannot be opened, and can later. Every opening of an empty store writes, whatever the
 * seals: of which layout the records are must be there before any other record is (engine/upgrade.c). */
static void test_full_when_the_account_is_made(void **state) {
    world w;
    world_start(&w, seal_of(state));
    device *d = world_device(&w, "juliet", "balcony");
    sotto_engine_close(d->engine);
    d->engine = NULL;
    sotto_store *fresh;
    assert_ok(sotto_store_memory(&fresh, &d->host.host));
    sotto_store_close(d->store.inner);
    d->store.inner = fresh;
    d->store.fail_at = d->store.writes + 1;
    d->store.fail_until = d->store.fail_at + 1;
    assert_status(sotto_engine_open(&d->engine, &d->config, w.now_ms), STORE_FULL);
    assert_null(d->engine);
    device_open(d);
    device_go_online(d);
    assert_int_equal(device_told_count(d, SOTTO_EVENT_PUBLISHED, 0), seal_of(state)->strength > 0);
    world_end(&w);
}

/* What belonged to the stream before is lost with it, and whoever sent it is told: also when the disk was full just
 * then. */
static void test_full_when_something_is_lost(void **state) {
    two t;
    two_start(&t, seal_of(state));
    device_leave(t.juliet);
    uint64_t ticket = device_send(t.juliet, "<presence><status>too late</status></presence>");
    world_run(&t.w);
    t.juliet->store.fail_at = t.juliet->store.writes + 1;
    t.juliet->store.fail_until = t.juliet->store.fail_at + 1;
    device_go_online(t.juliet);
    assert_int_equal(t.juliet->failed_commits, 1);
    const told_event *told = device_told_last(t.juliet, SOTTO_EVENT_REFUSED);
    assert_non_null(told);
    assert_int_equal(told->ticket, ticket);
    assert_int_equal(told->reason.code, SOTTO_E_OFFLINE);
    assert_false(world_saw(&t.w, "too late"));
    world_end(&t.w);
}

const struct CMUnitTest disk_tests[] = {
    WITH_BOTH(test_full_at_any_one_write),
    WITH_BOTH(test_full_for_a_while),
    WITH_BOTH(test_full_when_the_account_is_made),
    WITH_BOTH(test_full_when_something_is_lost),
};
const size_t disk_count = sizeof disk_tests / sizeof disk_tests[0];
