/* SPDX-License-Identifier: ISC
 *
 * A short conversation in which the n-th allocation, or draw, counted over the whole of it fails: in opening, in a
 * step, in a commit. The host does what hosts do, and everything arrives exactly once. */
#include "house.h"

#include <string.h>

static size_t count_text(const person *p, const char *text) {
    sotto_bytes rest = {p->lines.at, p->lines.len};
    size_t count = 0;
    for (const uint8_t *at; rest.len > 0 && (at = memmem(rest.at, rest.len, text, strlen(text))) != NULL; count++)
        rest = bytes_after(rest, (size_t)(at - rest.at) + 1);
    return count;
}

static void talk_first(house *h) {
    person *juliet = &h->people[0], *romeo = &h->people[1];
    person_online(juliet);
    person_online(romeo);
    person_say(juliet, HOUSE_ROMEO, "before");
    house_run(h);
    person_say(romeo, HOUSE_JULIET, "before");
    house_run(h);
    person_say(juliet, HOUSE_ROMEO, "before");
    house_run(h);
}

static void join(house *h) {
    person *juliet = &h->people[0], *romeo = &h->people[1];
    person_online(juliet);
    person_online(romeo);
}

/* Both have been online before. */
static void talk(house *h) {
    person *juliet = &h->people[0], *romeo = &h->people[1];
    h->spared = true;
    join(h);
    h->spared = false;
    person_say(juliet, HOUSE_ROMEO, "one");
    person_say(romeo, HOUSE_JULIET, "two");
    house_run(h);
    person_say(juliet, HOUSE_ROMEO, "three");
    house_run(h);
    h->spared = true;
    if (h->met) house_pass(h, 61000); /* what was asked and lost is asked again */
}

/* She begins again over her store, and says something to him, who is not there. */
static void log_in(house *h) {
    person *juliet = &h->people[0];
    h->spared = false;
    person_restart(juliet);
    person_online(juliet);
    h->spared = true;
    person_say(juliet, HOUSE_ROMEO, "one");
    house_run(h);
    if (h->met) house_pass(h, 61000);
}

static void logged_in_once(house *h) {
    const person *juliet = &h->people[0];
    sotto_bytes saw = lab_server_saw(h->server);
    const uint8_t *first = memmem(saw.at, saw.len, "<payload>", 9);
    assert_non_null(first);
    sotto_bytes rest = bytes_after(saw, (size_t)(first - saw.at) + 1);
    assert_null(memmem(rest.at, rest.len, "<payload>", 9)); /* her message, once, to the offline store */
    assert_int_equal(count_text(juliet, "not-published"), 0);
    assert_true(count_text(juliet, "published") >= 1);
}

static void exactly_once(house *h) {
    person *juliet = &h->people[0], *romeo = &h->people[1];
    if (count_text(romeo, ">one<") == 1 && count_text(juliet, ">two<") == 1 && count_text(romeo, ">three<") == 1 &&
        count_text(romeo, "unreadable") + count_text(juliet, "unreadable") == 0)
        return;
    fail_msg("%s: juliet\n%.*sromeo\n%.*s", starve_text(h->fault), (int)juliet->lines.len,
             (const char *)juliet->lines.at, (int)romeo->lines.len, (const char *)romeo->lines.at);
}

/* Both know each other, with sessions both ways. */
static void warm(house_stores *made) {
    house h = {.mode = HOUSE_WHOLE};
    house_stores first;
    house_stores_make(&first);
    house_start(&h, &first);
    talk_first(&h);
    for (size_t i = 0; i < 2; i++) assert_int_equal(count_text(&h.people[i], ">before<"), i == 0 ? 1 : 2);
    house_stores_keep(made, &h);
    house_end(&h);
    house_stores_free(&first);
}

typedef struct house_script {
    const char *what;
    bool alone;
    void (*run)(house *);
    void (*check)(house *);
} house_script;

static size_t starve_kind(const house_stores *made, const house_script *script, supply_fault fault) {
    uint64_t place = supply_random_place();
    for (fault.at = 1;; fault.at++) {
        house h = {.mode = HOUSE_WHOLE, .fault = fault, .spared = true, .alone = script->alone};
        supply_random_seek(place);
        house_start(&h, made);
        script->run(&h);
        script->check(&h);
        bool met = h.met;
        house_end(&h);
        if (!met) return fault.at - 1;
    }
}

static void starve_all(const house_script *script) {
    house_stores made;
    warm(&made);
    size_t draws = starve_kind(&made, script, (supply_fault){.random = true});
    draws += starve_kind(&made, script, (supply_fault){.random = true, .lasting = true});
    size_t allocations = starve_kind(&made, script, (supply_fault){.random = false});
    allocations += starve_kind(&made, script, (supply_fault){.lasting = true});
    print_message("%s: %zu allocations and %zu draws failed\n", script->what, allocations, draws);
    assert_true(draws >= 4 && allocations > 400);
    house_stores_free(&made);
}

static void test_talk(void **state) {
    (void)state;
    starve_all(&(house_script){"a whole conversation", false, talk, exactly_once});
}

static void test_login(void **state) {
    (void)state;
    starve_all(&(house_script){"a whole login", true, log_in, logged_in_once});
}

int talk_group(void) {
    const struct CMUnitTest tests[] = {STARVED(test_talk), STARVED(test_login)};
    return cmocka_run_group_tests_name("starved: talk", tests, NULL, NULL);
}
