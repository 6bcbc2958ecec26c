/* SPDX-License-Identifier: ISC
 *
 * The loops over n. */
#include "starve.h"

#include <stdio.h>

#define N_MAX 200000u /* an operation that takes more is not one for this test */

const char *starve_text(supply_fault fault) {
    static char text[96];
    (void)snprintf(text, sizeof text, "%s %zu%s (%s)",
                   fault.store    ? "record"
                   : fault.random ? "draw"
                                  : "allocation",
                   fault.at, fault.lasting ? " and later" : "", supply_source_name(supply_failed_first()));
    return text;
}

void starve_check(const char *what, sotto_status status, supply_fault fault) {
    if (fault.store) {
        if (!sotto_is(status, SOTTO_E_STORE_FAILED))
            fail_msg("%s: %s: %s", what, starve_text(fault), sotto_status_name(status));
        return;
    }
    bool library = supply_failed_of(SUPPLY_OPENSSL) || supply_failed_of(SUPPLY_TLS_RANDOM);
    if (library && sotto_is(status, SOTTO_E_CRYPTO_FAILED)) return;
    if (supply_failed_of(SUPPLY_TLS_RANDOM) && sotto_is(status, SOTTO_E_NO_MEMORY)) return; /* libssl's own word */
    if (sotto_is(status, fault.random ? SOTTO_E_NO_RANDOM : SOTTO_E_NO_MEMORY)) return;
    fail_msg("%s: %s: %s", what, starve_text(fault), sotto_status_name(status));
}

/* ---- again and again ---- */

typedef struct attempt {
    starved *s;
    uint64_t shape;
    const char *what;
    starved_call *call;
    starved_look *unchanged;
    void *arg;
    uint64_t place;
    size_t draws, records; /* before the last failure */
    sotto_status status;
} attempt;

static bool is_left_out(const attempt *a, supply_fault fault) {
    for (size_t i = 0; i < a->s->survived_count; i++) {
        const supply_fault *known = &a->s->survived[i].fault;
        if (a->s->survived[i].shape == a->shape && known->at == fault.at && known->random == fault.random &&
            known->store == fault.store && known->lasting == fault.lasting)
            return true;
    }
    return false;
}

static void survive(attempt *a, supply_fault fault) {
    if (fault.random) fail_msg("%s survives %s", a->what, starve_text(fault));
    assert_true(a->s->survived_count < STARVED_SURVIVED_MAX);
    a->s->survived[a->s->survived_count].shape = a->shape;
    a->s->survived[a->s->survived_count++].fault = fault;
    a->s->again = true;
}

/* True: the call went through. */
static bool attempt_with(attempt *a, supply_fault fault) {
    if (is_left_out(a, fault)) return false;
    supply_random_seek(a->place);
    supply_arm(fault);
    a->status = a->call(a->arg);
    supply_stop();
    if (!supply_failed()) return true;
    a->s->failures++;
    a->draws = supply_counted(SUPPLY_RANDOM);
    a->records = supply_counted(SUPPLY_STORE);
    if (sotto_ok(a->status)) {
        survive(a, fault);
        return true;
    }
    starve_check(a->what, a->status, fault);
    if (a->unchanged) a->unchanged(a->arg);
    return false;
}

static bool attempt_both(attempt *a, supply_fault fault) {
    if (attempt_with(a, fault)) return true;
    fault.lasting = true;
    return attempt_with(a, fault);
}

static bool was_starved(starved *s, uint64_t shape) {
    for (size_t i = 0; i < s->shape_count; i++)
        if (s->shapes[i] == shape) return true;
    assert_true(s->shape_count < STARVED_SHAPES_MAX);
    s->shapes[s->shape_count++] = shape;
    return false;
}

/* A draw, or a record, is tried as soon as an allocation behind it was reached. */
sotto_status starve(starved *s, uint64_t shape, const char *what, starved_call *call, starved_look *unchanged,
                    void *arg) {
    attempt a = {s, shape, what, call, unchanged, arg, supply_random_place(), 0, 0, SOTTO_OK};
    if (s->plain || was_starved(s, shape)) return call(arg);
    bool through = false;
    size_t drawn = 0, read = 0;
    for (size_t at = 1; !through; at++) {
        assert_true(at < N_MAX);
        through = attempt_both(&a, (supply_fault){.at = at});
        while (!through && drawn < a.draws) through = attempt_both(&a, (supply_fault){.random = true, .at = ++drawn});
        while (!through && read < a.records) through = attempt_both(&a, (supply_fault){.store = true, .at = ++read});
    }
    return a.status;
}

/* ---- from the start ---- */

typedef struct anew {
    const starved_script *script;
    void *arg;
    bytes_buffer wanted, got;
    size_t lent; /* of expat and libidn, before */
    starved_anew count;
} anew;

static void no_longer_lent(const anew *a, supply_fault fault) {
    if (supply_lent(SUPPLY_MALLOC) != a->lent)
        fail_msg("%s: %s: memory of malloc is not back", a->script->what, starve_text(fault));
    if (supply_dirty() > 0) fail_msg("%s: %s: memory came back unwiped", a->script->what, starve_text(fault));
}

/* True: the failure was not reached. */
static bool run_anew(anew *a, supply_fault fault, bytes_buffer *out) {
    if (a->script->prepare) a->script->prepare(a->arg);
    uint64_t place = supply_random_place();
    supply_arm(fault);
    sotto_status status = a->script->call(a->arg);
    supply_stop();
    bool failed = supply_failed();
    supply_source source = supply_failed_first();
    if (!failed) {
        if (!sotto_ok(status)) fail_msg("%s: %s", a->script->what, sotto_status_name(status));
    } else if (sotto_ok(status)) {
        a->count.survived[source]++;
    } else {
        a->count.failures++;
        bool hidden = source == SUPPLY_OPENSSL && !fault.lasting && status.code == a->script->hides;
        a->count.hidden += hidden;
        if (!hidden) starve_check(a->script->what, status, fault);
    }
    if (!sotto_ok(status)) supply_random_seek(place);
    bytes_buffer_reset(out);
    a->script->after(a->arg, status, out);
    no_longer_lent(a, fault);
    return !failed;
}

static void compare(const anew *a, supply_fault fault) {
    sotto_bytes wanted, got;
    assert_ok(bytes_buffer_end(&a->wanted, &wanted));
    assert_ok(bytes_buffer_end(&a->got, &got));
    if (got.len > 0 && !bytes_equal(wanted, got))
        fail_msg("%s: %s: other bytes\n%.*s\ninstead of\n%.*s", a->script->what, starve_text(fault), (int)got.len,
                 (const char *)got.at, (int)wanted.len, (const char *)wanted.at);
}

starved_anew starve_anew(const starved_script *script, void *arg) {
    static const supply_fault kinds[] = {{.lasting = false},
                                         {.lasting = true},
                                         {.random = true, .lasting = false},
                                         {.random = true, .lasting = true},
                                         {.store = true, .lasting = false},
                                         {.store = true, .lasting = true}};
    anew a = {.script = script, .arg = arg, .lent = supply_lent(SUPPLY_MALLOC)};
    bytes_buffer_owned(&a.wanted, &supply_quiet, (size_t)1 << 26);
    bytes_buffer_owned(&a.got, &supply_quiet, (size_t)1 << 26);
    uint64_t place = supply_random_place();
    (void)run_anew(&a, (supply_fault){0}, &a.wanted); /* warms caches of libraries */
    supply_random_seek(place);
    a.lent = supply_lent(SUPPLY_MALLOC);
    (void)run_anew(&a, (supply_fault){0}, &a.wanted);
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        supply_fault fault = kinds[kind];
        bool through = fault.lasting && script->modes == STARVED_ALONE;
        for (fault.at = 1; !through; fault.at++) {
            assert_true(fault.at < N_MAX);
            supply_random_seek(place);
            through = run_anew(&a, fault, &a.got);
            compare(&a, fault);
        }
    }
    bytes_buffer_free(&a.wanted);
    bytes_buffer_free(&a.got);
    return a.count;
}

/* ---- each test ---- */

int starve_setup(void **state) {
    (void)state;
    supply_stop();
    return 0;
}

int starve_teardown(void **state) {
    (void)state;
    supply_stop();
    if (supply_lent(SUPPLY_HOST) != 0) print_error("%zu pieces of memory are not back\n", supply_lent(SUPPLY_HOST));
    if (supply_dirty() != 0) print_error("%zu pieces came back unwiped\n", supply_dirty());
    return supply_lent(SUPPLY_HOST) == 0 && supply_dirty() == 0 ? 0 : -1;
}
