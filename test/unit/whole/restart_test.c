/* SPDX-License-Identifier: ISC
 *
 * A restart between any step, commit, release and done of a scripted conversation: nothing is lost, nothing comes
 * twice, no key of a ratchet is used twice. The script is run once to count its operations; then again for each of
 * them, with one side ended right after it, without a word, and opened again over its store. */
#include "world.h"

static void say(device *d, const char *to, const char *body) {
    device_say(d, to, body);
}

typedef struct restart {
    const sotto_seal *seal;
    const made *made;
    bool romeo;     /* whose end it is */
    bool grouped;   /* how he commits */
    bool resumed;   /* what becomes of his stream */
    unsigned at;    /* after which operation; 0: never */
    unsigned again; /* ... and once more so many operations later; 0: no */
} restart;

/* Key exchanges, both at once, ratchet steps, being away, timers. Returns the operations of the side in question. */
static unsigned converse(two *t, const restart *r) {
    world_start(&t->w, r->seal);
    t->juliet = world_device_over(&t->w, "juliet", "balcony", r->made->juliet);
    t->romeo = world_device_over(&t->w, "romeo", "orchard", r->made->romeo);
    device *victim = r->romeo ? t->romeo : t->juliet;
    victim->crash_at = r->at;
    victim->crash_again = r->again;
    victim->crash_resumed = r->resumed;
    victim->grouped = r->grouped;
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
    world_pass(&t->w, 61000); /* questions that were not answered are asked again */
    return victim->ops;
}

static bool is_unread(const device *d, const char *const *bodies) {
    for (; *bodies != NULL; bodies++)
        if (device_read_count(d, *bodies) == 0) return true;
    return false;
}

static void check(two *t, const restart *r) {
    const char *const *to_romeo = LIST("j1", "j2", "j3", "j4", "j5"), *const *to_juliet = LIST("r1", "r2", "r3");
    if (r->seal->strength > 0 || r->resumed) {
        assert_read_from(t->romeo, JULIET, to_romeo);
        assert_read_from(t->juliet, ROMEO, to_juliet);
    } else { /* without a ratchet nothing tells a repeated stanza from a new one */
        assert_false(is_unread(t->romeo, to_romeo) || is_unread(t->juliet, to_juliet));
    }
    assert_int_equal(device_told_count(t->romeo, SOTTO_EVENT_UNREADABLE, -1), 0);
    assert_int_equal(device_told_count(t->juliet, SOTTO_EVENT_UNREADABLE, -1), 0);
    assert_int_equal(device_held(t->romeo) + device_held(t->juliet), 0);
    assert_true(world_keys_used_once(&t->w) >= (r->seal->strength > 0 ? 8 : 0));
}

/* After every operation, or after each so many; when again is set, the process ends a second time soon afterwards. */
static void end_after(restart r, unsigned each) {
    two t;
    made m;
    made_start(&m, r.seal);
    r.made = &m;
    unsigned again = r.again, operations = converse(&t, &r);
    check(&t, &r);
    world_end(&t.w);
    assert_true(operations > 60);
    for (r.at = 1; r.at <= operations; r.at += each) {
        r.again = again > 0 ? 1 + r.at % again : 0;
        converse(&t, &r);
        device *victim = r.romeo ? t.romeo : t.juliet;
        assert_int_equal(victim->crashes, again > 0 ? 2 : 1);
        check(&t, &r);
        world_end(&t.w);
    }
    made_end(&m);
}

static void test_juliet_ends_and_resumes(void **state) {
    end_after((restart){.seal = seal_of(state), .resumed = true}, 1);
}
static void test_juliet_ends_and_begins_anew(void **state) {
    end_after((restart){.seal = seal_of(state), .grouped = true}, 1);
}
static void test_romeo_ends_and_resumes(void **state) {
    end_after((restart){.seal = seal_of(state), .romeo = true, .grouped = true, .resumed = true}, 1);
}
static void test_romeo_ends_and_begins_anew(void **state) {
    end_after((restart){.seal = seal_of(state), .romeo = true}, 1);
}
static void test_ends_again_while_it_recovers(void **state) {
    end_after((restart){.seal = seal_of(state), .romeo = true, .resumed = true, .again = 17}, 3);
    end_after((restart){.seal = seal_of(state), .again = 17}, 3);
}

/* ---- two devices of hers: copies of what the other one wrote ---- */

static unsigned converse_in_three(world *w, const restart *r, device *ret[3]) {
    world_start(w, r->seal);
    ret[0] = world_device_over(w, "juliet", "balcony", r->made->juliet);
    ret[1] = world_device_over(w, "romeo", "orchard", r->made->romeo);
    ret[2] = world_device(w, "juliet", "tablet");
    device *victim = ret[2];
    victim->crash_at = r->at;
    victim->crash_resumed = true;
    victim->grouped = r->grouped;
    for (size_t i = 0; i < 3; i++) device_attach(ret[i]);
    world_run(w);
    say(ret[0], ROMEO, "one");
    say(ret[1], JULIET, "two");
    world_run(w);
    say(ret[2], ROMEO, "three");
    say(ret[1], JULIET, "four");
    world_run(w);
    say(ret[0], ROMEO, "five");
    world_pass(w, 3000);
    return victim->ops;
}

static void test_the_tablet_ends_and_resumes(void **state) {
    made m;
    made_start(&m, seal_of(state));
    restart r = {.seal = seal_of(state), .made = &m, .grouped = true};
    world w;
    device *devices[3];
    unsigned operations = converse_in_three(&w, &r, devices);
    world_end(&w);
    for (r.at = 1; r.at <= operations; r.at += 2) {
        converse_in_three(&w, &r, devices);
        assert_int_equal(devices[2]->crashes, 1);
        assert_read_from(devices[1], JULIET, LIST("one", "three", "five"));
        assert_read_from(devices[0], ROMEO, LIST("two", "four"));
        assert_read_from(devices[2], ROMEO, LIST("two", "four"));
        assert_read_from(devices[0], JULIET, LIST("three"));
        assert_read_from(devices[2], JULIET, LIST("one", "five"));
        world_keys_used_once(&w);
        world_end(&w);
    }
    made_end(&m);
}

const struct CMUnitTest restart_tests[] = {
    WITH_BOTH(test_juliet_ends_and_resumes),      WITH_BOTH(test_juliet_ends_and_begins_anew),
    WITH_BOTH(test_romeo_ends_and_resumes),       WITH_BOTH(test_romeo_ends_and_begins_anew),
    WITH_BOTH(test_ends_again_while_it_recovers), WITH_BOTH(test_the_tablet_ends_and_resumes),
};
const size_t restart_count = sizeof restart_tests / sizeof restart_tests[0];
