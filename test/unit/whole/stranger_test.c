/* SPDX-License-Identifier: ISC
 *
 * What people who are no contacts are told: nothing by itself (T23), whoever claims that they are contacts (T3). And
 * somebody who takes a device's name. */
#include "alter.h"

static void say(device *d, const char *to, const char *body) {
    device_say(d, to, body);
    world_run(d->w);
}

/* Sealed stanzas of juliet to mallory. */
static size_t answers(world *w) {
    return world_saw_count(w, "<keys jid='" MALLORY "'>");
}

static void roster_push(device *d, const char *from) {
    char stanza[512];
    snprintf(stanza, sizeof stanza,
             "<iq type='set' id='push'%s to='" JULIET "/balcony'><query xmlns='jabber:iq:roster'><item jid='" MALLORY
             "' subscription='both'/></query></iq>",
             from);
    device_inject(d, stanza);
}

static void strangers_start(two *t, device **ret_mallory, void **state) {
    two_start(t, seal_of(state));
    *ret_mallory = world_device(&t->w, "mallory", "den");
    device_go_online(*ret_mallory);
    say(*ret_mallory, JULIET, "guess who");
    assert_read_from(t->juliet, MALLORY, LIST("guess who"));
}

static void test_a_stranger_gets_no_answer_by_itself(void **state) {
    two t;
    device *mallory;
    strangers_start(&t, &mallory, state);
    world_pass(&t.w, 3600 * 1000);
    assert_int_equal(answers(&t.w), 0);
    /* A contact does: the control. */
    say(t.romeo, JULIET, "it is me");
    assert_true(world_saw(&t.w, "<keys jid='" ROMEO "'>"));
    /* Who is written to may know that somebody is there. */
    say(t.juliet, MALLORY, "go away");
    assert_read_from(mallory, JULIET, LIST("go away"));
    assert_true(answers(&t.w) > 0);
    world_end(&t.w);
}

static void test_a_forged_roster_makes_no_contact(void **state) {
    static const char *const froms[] = {" from='" MALLORY "'", " from='" ROMEO "/orchard'", " from='" DOMAIN "'",
                                        " from='" JULIET "/tablet'", " from='capulet.example'"};
    two t;
    device *mallory;
    two_start(&t, seal_of(state));
    mallory = world_device(&t.w, "mallory", "den");
    device_go_online(mallory);
    for (size_t i = 0; i < sizeof froms / sizeof froms[0]; i++) roster_push(t.juliet, froms[i]);
    say(mallory, JULIET, "guess who");
    assert_int_equal(answers(&t.w), 0);
    roster_push(t.juliet, ""); /* the control: of her own server */
    say(mallory, JULIET, "and now?");
    assert_true(answers(&t.w) > 0);
    world_end(&t.w);
}

/* ---- a key exchange in somebody's name ---- */

/* The server makes a device of its own, and sends a message of it as one of romeo's device: the device id is outside
 * the encryption. It is another key, and is told as one; what romeo's true device says and hears goes on. */
static void test_somebody_takes_a_device_id(void **state) {
    two t;
    two_start(&t, seal_of(state));
    say(t.juliet, ROMEO, "one");
    say(t.romeo, JULIET, "two");
    uint8_t key[32];
    device_key(t.romeo, key);
    device_verdict(t.juliet, ROMEO, key, SOTTO_TRUST_VERIFIED);
    /* A second romeo, known to nobody: his list is put back at once. */
    device *fake = world_device(&t.w, "romeo", "fake");
    device_leave(t.romeo);
    net n;
    net_spread(&n, &t.w, JULIET);
    device_go_online(fake);
    say(fake, JULIET, "I am he");
    assert_int_equal(n.len, 1);
    device_leave(fake);
    lab_server_hook(t.w.server, NULL, NULL);
    char sid[32], forged[32768], list[128];
    snprintf(sid, sizeof sid, "sid='%u'", (unsigned)device_number(t.romeo));
    snprintf(forged, sizeof forged, "%s", alter_part(n.caught[0], "sid='", "'", sid));
    snprintf(list, sizeof list, "<devices xmlns='" NS_OMEMO "'><device id='%u'/></devices>",
             (unsigned)device_number(t.romeo));
    assert_ok(lab_server_plant(t.w.server, "romeo", NODE_LIST, "current", bytes_text(list), true));
    device_go_online(t.romeo);
    device_inject(t.juliet, forged);
    const told_event *told = device_told_last(t.juliet, SOTTO_EVENT_KEY_ALARM);
    assert_non_null(told);
    assert_int_equal(told->reason.code, SOTTO_E_KEY_CHANGED);
    world_pass(&t.w, 61 * 1000);
    /* Both ways, as if nothing had been. */
    say(t.juliet, ROMEO, "three");
    say(t.romeo, JULIET, "four");
    say(t.juliet, ROMEO, "five");
    world_pass(&t.w, 700 * 1000);
    assert_read_from(t.romeo, JULIET, LIST("one", "three", "five"));
    assert_int_equal(device_read_count(t.juliet, "two"), 1);
    assert_int_equal(device_read_count(t.juliet, "four"), 1);
    assert_int_equal(device_held(t.juliet), 0);
    net_end(&n);
    world_end(&t.w);
}

const struct CMUnitTest stranger_tests[] = {
    WITH_OMEMO(test_a_stranger_gets_no_answer_by_itself),
    WITH_OMEMO(test_a_forged_roster_makes_no_contact),
    WITH_OMEMO(test_somebody_takes_a_device_id),
};
const size_t stranger_count = sizeof stranger_tests / sizeof stranger_tests[0];
