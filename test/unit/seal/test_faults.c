/* SPDX-License-Identifier: ISC
 *
 * Every allocation, every draw of randomness and every write to the store fails once, in every kind of call: the call
 * says so, and the same call works afterwards as if nothing had been. */
#include "groups.h"
#include "testing.h"
#include "two.h"
#include "world_server.h"

typedef struct fault {
    const char *what;
    size_t world_offset; /* of the counter in the world */
    int code;
} fault;

static const fault faults[] = {
    {"allocation", offsetof(world, allocations_left), SOTTO_E_NO_MEMORY},
    {"random", offsetof(world, randoms_left), SOTTO_E_NO_RANDOM},
    {"put", offsetof(world, puts_left), SOTTO_E_STORE_FAILED},
};

static size_t *counter(world *w, const fault *f) {
    return (size_t *)(void *)((char *)w + f->world_offset);
}

/* Runs the call until it gets through, letting one more thing succeed each time. */
static unsigned attempt(const fault *f, world *w, sotto_status (*run)(void *), void *arg) {
    for (size_t allowed = 0;; allowed++) {
        assert_true(allowed < 5000);
        *counter(w, f) = allowed;
        sotto_status status = run(arg);
        *counter(w, f) = SIZE_MAX;
        if (sotto_ok(status)) return (unsigned)allowed;
        if (status.code != f->code) fail_msg("%s %zu: %s", f->what, allowed, sotto_status_name(status));
    }
}

typedef struct input_call {
    world_device *device;
    const seal_input *input;
} input_call;

static sotto_status run_input(void *arg) {
    input_call *call = arg;
    sotto_bytes before = world_records(call->device);
    sotto_status status = world_input(call->device, call->input);
    if (!sotto_ok(status)) assert_true(bytes_equal(before, world_records(call->device)));
    return status;
}

static unsigned fail_input(const fault *f, world_device *d, const seal_input *input) {
    input_call call = {d, input};
    return attempt(f, d->world, run_input, &call);
}

/* Answers the questions of a device, each answer failing at every point first. */
static unsigned settle_with_faults(const fault *f, world_device *d) {
    unsigned failures = 0;
    while (d->ask_count > 0) {
        world_ask ask = d->asks[0];
        bool refused;
        memmove(&d->asks[0], &d->asks[1], (d->ask_count - 1) * sizeof d->asks[0]);
        d->ask_count--;
        sotto_bytes answer = world_server_answer(d, &ask, &refused);
        seal_input input = {.kind = SEAL_INPUT_ANSWER, .note = ask.note, .answer = world_parse(d->world, answer)};
        if (refused) input.status = SOTTO_FAIL(SERVER_REFUSED);
        failures += fail_input(f, d, &input);
    }
    return failures;
}

#define EACH_FAULT(f) for (const fault *f = faults; f < faults + sizeof faults / sizeof faults[0]; f++)

typedef struct start_call {
    world_device *device;
} start_call;

static sotto_status run_open_seal(void *arg) {
    world_device *d = ((start_call *)arg)->device;
    d->self = NULL;
    sotto_status status = d->world->class->open(&d->self, &d->env);
    if (!sotto_ok(status)) {
        assert_null(d->self);
        bytes_map_clear(&d->records);
    }
    bytes_arena_clear(&d->arena);
    return status;
}

static void test_opening(void **state) {
    (void)state;
    EACH_FAULT(f) {
        world w;
        world_start(&w, sotto_seal_omemo());
        start_call call = {world_join(&w, JULIET)};
        w.class->close(call.device->self);
        bytes_map_clear(&call.device->records);
        assert_true(attempt(f, &w, run_open_seal, &call) > 0);
        assert_int_equal(call.device->records.count, 101);
        world_end(&w);
    }
}

static void test_publishing(void **state) {
    (void)state;
    EACH_FAULT(f) {
        world w;
        world_start(&w, sotto_seal_omemo());
        world_device *juliet = world_join(&w, JULIET);
        juliet->online = true;
        w.notify = false;
        unsigned failures = fail_input(f, juliet, &(seal_input){.kind = SEAL_INPUT_ONLINE, .fresh = true});
        failures += settle_with_faults(f, juliet);
        assert_int_equal(world_events(juliet, SOTTO_EVENT_PUBLISHED), 1);
        failures += fail_input(f, juliet, &(seal_input){.kind = SEAL_INPUT_LEAVE});
        failures += settle_with_faults(f, juliet);
        assert_int_equal(world_events(juliet, SOTTO_EVENT_LEFT), 1);
        assert_true(failures > 0 || f->code == SOTTO_E_NO_RANDOM);
        world_end(&w);
    }
}

typedef struct seal_call {
    world_device *device;
    seal_keys keys;
    sotto_bytes sealed;
} seal_call;

static sotto_status run_seal(void *arg) {
    seal_call *call = arg;
    sotto_bytes before = world_records(call->device);
    sotto_status status =
        world_seal_for(call->device, "<message to='" ROMEO "'><body>x</body></message>", &call->keys, &call->sealed);
    if (!sotto_ok(status)) assert_true(bytes_equal(before, world_records(call->device)));
    return status;
}

static seal_promise ready(world_device *d, const char *to) {
    seal_promise promise = world_promise(d, to);
    while (promise.kind == SEAL_ASKING) {
        world_settle(d->world);
        promise = world_promise(d, to);
    }
    assert_int_equal(promise.kind, SEAL_READY);
    return promise;
}

/* A seal that fails leaves the offer in place; only its success uses it up. */
static void test_sealing(void **state) {
    (void)state;
    EACH_FAULT(f) {
        two t;
        two_start(&t);
        for (int i = 0; i < 3; i++) {
            seal_call call = {.device = t.juliet, .keys = ready(t.juliet, ROMEO).keys};
            assert_true(attempt(f, &t.w, run_seal, &call) > 0);
            world_expect(t.romeo, t.juliet, call.sealed, "x");
            if (i == 1) world_pass_controls(t.romeo);
        }
        two_end(&t);
    }
}

typedef struct open_call {
    world_device *reader, *writer;
    sotto_bytes stanza;
    world_read read;
} open_call;

static sotto_status run_open(void *arg) {
    open_call *call = arg;
    sotto_bytes before = world_records(call->reader);
    call->read = world_open(call->reader, call->writer, call->stanza, NULL);
    if (!sotto_ok(call->read.status)) assert_true(bytes_equal(before, world_records(call->reader)));
    return call->read.status;
}

static unsigned open_with_faults(const fault *f, world_device *reader, world_device *writer, sotto_bytes stanza) {
    open_call call = {.reader = reader, .writer = writer, .stanza = stanza};
    unsigned failures = attempt(f, reader->world, run_open, &call);
    assert_int_equal(call.read.opened.outcome, SEAL_OPENED);
    return failures;
}

static void test_reading(void **state) {
    (void)state;
    EACH_FAULT(f) {
        two t;
        sotto_bytes burst[80];
        two_start(&t);
        /* A key exchange, with its reply. */
        assert_true(open_with_faults(f, t.romeo, t.juliet, world_say(t.juliet, ROMEO, "x")) > 0);
        world_pass_controls(t.romeo);
        world_expect(t.juliet, t.romeo, world_say(t.romeo, JULIET, "back"), "back");
        for (int i = 0; i < 80; i++) burst[i] = world_say(t.juliet, ROMEO, "x");
        assert_true(open_with_faults(f, t.romeo, t.juliet, burst[70]) > 0); /* seventy skipped, and a heartbeat */
        open_with_faults(f, t.romeo, t.juliet, burst[3]);                   /* by a kept key */
        open_with_faults(f, t.romeo, t.juliet, burst[71]);
        two_end(&t);
    }
}

static void test_fetching(void **state) {
    (void)state;
    EACH_FAULT(f) {
        two t;
        two_start(&t);
        world_go_online(t.juliet, true);
        unsigned failures = 0;
        while (world_promise(t.juliet, ROMEO).kind == SEAL_ASKING) failures += settle_with_faults(f, t.juliet);
        assert_true(failures > 0);
        assert_int_equal(world_promise(t.juliet, ROMEO).kind, SEAL_READY);
        world_device *romeo2 = world_join(&t.w, ROMEO);
        world_go_online(romeo2, true);
        fail_input(f, t.juliet, &(seal_input){.kind = SEAL_INPUT_REFRESH, .jid = BYTES_LITERAL(ROMEO)});
        settle_with_faults(f, t.juliet);
        assert_int_equal(world_events(t.juliet, SOTTO_EVENT_REFRESHED), 1);
        two_end(&t);
    }
}

/* Both began at once; and somebody else in the name of a device, until the bundle is seen; then all is begun anew. */
static void test_crossing_and_repairing(void **state) {
    (void)state;
    EACH_FAULT(f) {
        two t;
        two_start(&t);
        world_device *evil = world_join(&t.w, ROMEO);
        world_go_online(evil, true);
        sotto_bytes hers = world_say(t.juliet, ROMEO, "x"), his = world_say(t.romeo, JULIET, "x");
        sotto_bytes forged = world_replace(&t.w, world_say(evil, JULIET, "x"),
                                           (const char *)world_text(&t.w, "sid='%u'", world_device_id(evil)).at,
                                           (const char *)world_text(&t.w, "sid='%s'", romeo_id(&t)).at);
        assert_true(open_with_faults(f, t.romeo, t.juliet, hers) > 0);
        assert_true(open_with_faults(f, t.juliet, t.romeo, his) > 0);
        world_pass_controls(t.romeo);
        t.juliet->control_count = 0;
        assert_true(open_with_faults(f, t.juliet, evil, forged) > 0 || f->code == SOTTO_E_NO_RANDOM);
        assert_true(settle_with_faults(f, t.juliet) > 0 || f->code == SOTTO_E_NO_RANDOM);
        fail_input(f, t.juliet, &(seal_input){.kind = SEAL_INPUT_REPAIR, .jid = BYTES_LITERAL(ROMEO)});
        t.juliet->control_count = 0;
        world_expect(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "anew"), "anew");
        two_end(&t);
    }
}

int fault_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opening),  cmocka_unit_test(test_publishing),
        cmocka_unit_test(test_sealing),  cmocka_unit_test(test_reading),
        cmocka_unit_test(test_fetching), cmocka_unit_test(test_crossing_and_repairing),
    };
    return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
