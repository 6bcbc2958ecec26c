/* SPDX-License-Identifier: ISC
 *
 * What a server can make the engine remember. */
#include <stdio.h>

#include <sotto/limits.h>

#include "test/unit/engine/engine_rig.h"
#include "work.h"

#define ITEM "<item jid='u%u@capulet.example' subscription='both'/>"

/* A roster, in pushes of some hundred. */
static void roster_push(engine_rig *r, unsigned first, unsigned count) {
    static char text[64 * 1024];
    while (count > 0) {
        size_t len = (size_t)snprintf(text, sizeof text, "<iq type='set' id='r'><query xmlns='jabber:iq:roster'>");
        unsigned some = count < 500 ? count : 500;
        for (unsigned i = 0; i < some; i++) len += (size_t)snprintf(text + len, sizeof text - len, ITEM, first + i);
        snprintf(text + len, sizeof text - len, "</query></iq>");
        step(r, stanza_input(text));
        first += some;
        count -= some;
    }
    outputs(r, true);
}

static bool answerable(engine_rig *r, unsigned who) {
    char text[256];
    snprintf(text, sizeof text, "<message from='u%u@capulet.example/x'><sealed xmlns='" NS_SCRIPT "'/></message>", who);
    the_script.outcome = SEAL_CONTROL;
    step(r, stanza_input(text));
    outputs(r, true);
    return the_script.origin.answerable;
}

/* limit: SOTTO_CONTACTS_MAX */
static void test_contacts(void **state) {
    engine_rig *r = *state;
    go_online(r, false);
    roster_push(r, 1, SOTTO_CONTACTS_MAX);
    assert_true(answerable(r, 1));
    assert_true(answerable(r, SOTTO_CONTACTS_MAX));
    roster_push(r, SOTTO_CONTACTS_MAX + 1, 3);
    assert_false(answerable(r, SOTTO_CONTACTS_MAX + 1)); /* a stranger, as far as answers go */
    assert_true(answerable(r, 1));
    step(r, stanza_input("<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='u1@capulet.example' "
                         "subscription='remove'/></query></iq>"));
    roster_push(r, SOTTO_CONTACTS_MAX + 1, 1);
    assert_true(answerable(r, SOTTO_CONTACTS_MAX + 1));
    assert_false(answerable(r, 1));
}

/* ---- who is there ---- */

static seal_class changed_class;

/* The scripted seal with a class of the test's own. */
static void reopen_with(engine_rig *r, void (*change)(seal_class *)) {
    memcpy(&changed_class, script_seal(), sizeof changed_class);
    change(&changed_class);
    r->seals[0] = &changed_class;
    engine_reopen(r);
}

static void needs_presence(seal_class *class) {
    class->can = SEAL_CAN_MESSAGE;
}

static void presence(engine_rig *r, const char *from, const char *type) {
    char text[256];
    snprintf(text, sizeof text, "<presence from='%s'%s/>", from, type);
    step(r, stanza_input(text));
}

/* How many resources of a JID a message is meant for. */
static size_t meant_for(engine_rig *r, uint64_t ticket, const char *jid) {
    static char bare[64]; /* the script keeps it */
    char text[256];
    snprintf(text, sizeof text, "<message to='%s'><body>x</body></message>", jid);
    snprintf(bare, sizeof bare, "%.*s", (int)strcspn(jid, "/"), jid);
    uint8_t fill = 0;
    for (const char *at = bare; *at != 0; at++) fill = (uint8_t)(fill * 31 + (uint8_t)*at);
    the_script.promise = SEAL_READY;
    the_script.resource_count = SIZE_MAX;
    script_key(0, bare, 1, fill); /* a key of its own: another's would be held (T9) */
    step(r, send_input(ticket, text));
    outputs(r, true);
    return the_script.resource_count;
}

/* limit: SOTTO_RESOURCES_OF_ONE */
static void test_resources_of_one(void **state) {
    engine_rig *r = *state;
    char from[64];
    reopen_with(r, needs_presence);
    go_online(r, false);
    for (unsigned i = 1; i <= SOTTO_RESOURCES_OF_ONE + 1; i++) {
        snprintf(from, sizeof from, "romeo@montague.example/r%u", i);
        presence(r, from, "");
        if (i >= SOTTO_RESOURCES_OF_ONE)
            assert_int_equal(meant_for(r, i, "romeo@montague.example"), SOTTO_RESOURCES_OF_ONE);
    }
    assert_int_equal(meant_for(r, 100, "romeo@montague.example/r33"), 1);
}

/* A roster of c1 to c`count`, who all see our presence. */
static void roster_of(engine_rig *r, unsigned count) {
    size_t size = 128 + (size_t)count * 64, len;
    char *text = malloc(size);
    assert_non_null(text);
    len = (size_t)snprintf(text, size, "<iq type='result' id='r'><query xmlns='jabber:iq:roster'>");
    for (unsigned i = 1; i <= count; i++)
        len += (size_t)snprintf(text + len, size - len, "<item jid='c%u@montague.example' subscription='both'/>", i);
    snprintf(text + len, size - len, "</query></iq>");
    step(r, stanza_input(text));
    free(text);
}

static void presence_of_all(engine_rig *r, const char *who, unsigned count) {
    char from[64];
    for (unsigned i = 1; i <= count; i++) {
        snprintf(from, sizeof from, "%s%u@montague.example/x", who, i);
        presence(r, from, "");
        if (i % 1000 == 0) outputs(r, true);
    }
}

/* limit: SOTTO_RESOURCES_MAX, of which strangers get half */
static void test_resources(void **state) {
    engine_rig *r = *state;
    reopen_with(r, needs_presence);
    go_online(r, false);
    roster_of(r, SOTTO_RESOURCES_MAX / 2 + 1);
    presence_of_all(r, "u", SOTTO_RESOURCES_MAX / 2 + 1);
    assert_int_equal(meant_for(r, 1, "u10000@montague.example"), 1);
    assert_int_equal(meant_for(r, 2, "u10001@montague.example"), 0);
    presence_of_all(r, "c", SOTTO_RESOURCES_MAX / 2 + 1);
    assert_int_equal(meant_for(r, 3, "c10000@montague.example"), 1);
    assert_int_equal(meant_for(r, 4, "c10001@montague.example"), 0);
    presence(r, "u5@montague.example/x", " type='unavailable'");
    presence(r, "c10001@montague.example/x", "");
    assert_int_equal(meant_for(r, 5, "c10001@montague.example"), 1);
    assert_int_equal(meant_for(r, 6, "u5@montague.example"), 0);
}

/* ---- questions ---- */

/* A message has the seal ask its sender, as one from an unknown device has the OMEMO seal ask for the list. */
static sotto_status asks_sender(void *self, seal_env *env, const stanza_element *stanza, const seal_origin *origin,
                                seal_opened *ret) {
    (void)self, (void)stanza;
    *ret = (seal_opened){.outcome = SEAL_CONTROL};
    return env->ask(env, false, origin->from, BYTES_LITERAL("<query xmlns='test:keys'/>"), origin->from);
}

static void asks_senders(seal_class *class) {
    class->unprotect = asks_sender;
}

static bool asked(engine_rig *r, unsigned who) {
    char text[256];
    snprintf(text, sizeof text, "<message from='u%u@capulet.example/x'><sealed xmlns='" NS_SCRIPT "'/></message>", who);
    step(r, stanza_input(text));
    return strstr(outputs(r, true), "test:keys") != NULL;
}

/* limit: SOTTO_ASKS_MAX */
static void test_questions(void **state) {
    engine_rig *r = *state;
    reopen_with(r, asks_senders);
    go_online(r, false);
    for (unsigned i = 1; i <= SOTTO_ASKS_MAX; i++) assert_true(asked(r, i));
    assert_false(asked(r, SOTTO_ASKS_MAX + 1)); /* the step is good, and nothing is asked */
    assert_false(asked(r, SOTTO_ASKS_MAX + 2));
    /* Nobody answers: when their time is over there is room again. */
    r->now_ms += SOTTO_ASK_WAIT_MS;
    for (unsigned i = 0; i < SOTTO_ASKS_MAX && sotto_engine_deadline(r->engine) <= r->now_ms; i++) {
        step(r, (sotto_input){.kind = SOTTO_INPUT_TIMER});
        outputs(r, true);
    }
    assert_true(asked(r, SOTTO_ASKS_MAX + 1));
}

#define T(name) cmocka_unit_test_setup_teardown(name, engine_setup, engine_teardown)

int engine_group(void) {
    const struct CMUnitTest tests[] = {
        T(test_contacts),
        T(test_resources_of_one),
        T(test_resources),
        T(test_questions),
    };
    return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
