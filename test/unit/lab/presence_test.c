/* SPDX-License-Identifier: ISC
 *
 * Presence (RFC 6121 section 4): who sees whom come and go. */
#include "rig.h"

static void contacts_see_each_other(void **state) {
    rig *r = *state;
    rig_say(r->juliet, "<presence><status>on the balcony</status></presence>");
    rig_expect(r->juliet, "<presence from='juliet@lab.example/balcony' to='juliet@lab.example'><status>on the "
                          "balcony</status></presence>");
    rig_nothing(r->romeo);
    rig_say(r->nurse, "<presence/>");
    rig_has(r, r->nurse, "from='nurse@");
    rig_nothing(r->nurse);
    rig_say(r->romeo, "<presence><show>away</show></presence>");
    rig_expect(r->juliet,
               "<presence from='romeo@lab.example/orchard' to='juliet@lab.example'><show>away</show></presence>");
    rig_expect(r->romeo,
               "<presence from='romeo@lab.example/orchard' to='romeo@lab.example'><show>away</show></presence>");
    rig_expect(r->romeo, "<presence from='juliet@lab.example/balcony' to='romeo@lab.example'><status>on the "
                         "balcony</status></presence>");
    rig_nothing(r->romeo);
    rig_nothing(r->nurse);
    /* A change is seen, and nothing is told twice. */
    rig_say(r->romeo, "<presence/>");
    rig_expect(r->juliet, "<presence from='romeo@lab.example/orchard' to='juliet@lab.example'/>");
    rig_has(r, r->romeo, "from='romeo@lab.example/orchard'");
    rig_nothing(r->romeo);
    rig_say(r->romeo, "<presence type='unavailable'><status>bye</status></presence>");
    rig_expect(r->juliet, "<presence type='unavailable' from='romeo@lab.example/orchard' "
                          "to='juliet@lab.example'><status>bye</status></presence>");
    rig_nothing(r->romeo);
}

static void own_resources_see_each_other(void **state) {
    rig *r = *state;
    rig_say(r->juliet, "<presence/>");
    (void)rig_drain(r->juliet);
    lab_session *garden = rig_attach(r, "juliet", "garden");
    rig_say(garden, "<presence/>");
    rig_has(r, garden, "from='juliet@lab.example/garden'");
    rig_has(r, garden, "from='juliet@lab.example/balcony'");
    rig_has(r, r->juliet, "from='juliet@lab.example/garden'");
    lab_session_detach(garden);
    rig_expect(r->juliet, "<presence type='unavailable' from='juliet@lab.example/garden' to='juliet@lab.example'/>");
}

static void a_lost_session_is_unavailable(void **state) {
    rig *r = *state;
    rig_say(r->juliet, "<presence/>");
    rig_say(r->romeo, "<presence/>");
    (void)rig_drain(r->juliet);
    lab_session_detach(r->romeo);
    rig_expect(r->juliet, "<presence type='unavailable' from='romeo@lab.example/orchard' to='juliet@lab.example'/>");
    assert_true(rig_saw(r, "<presence type='unavailable' from='romeo@lab.example/orchard'/>\n"));
}

static void directed(void **state) {
    rig *r = *state;
    rig_say(r->nurse, "<presence/>");
    (void)rig_drain(r->nurse);
    rig_say(r->juliet, "<presence to='nurse@lab.example'/>");
    rig_expect(r->nurse, "<presence from='juliet@lab.example/balcony' to='nurse@lab.example'/>");
    lab_session_detach(r->juliet);
    rig_expect(r->nurse, "<presence type='unavailable' from='juliet@lab.example/balcony' to='nurse@lab.example'/>");
    rig_nothing(r->nurse);
    /* Taken back by name: not said again at the end. */
    r->juliet = rig_attach(r, "juliet", "balcony");
    rig_say(r->juliet, "<presence to='nurse@lab.example/kitchen'/>");
    rig_say(r->juliet, "<presence to='nurse@lab.example/kitchen' type='unavailable'/>");
    (void)rig_drain(r->nurse);
    lab_session_detach(r->juliet);
    rig_nothing(r->nurse);
    rig_say(r->nurse, "<presence to='a@elsewhere.example'/>");
    rig_has(r, r->nurse, "remote-server-not-found");
}

static void probes(void **state) {
    rig *r = *state;
    rig_say(r->juliet, "<presence/>");
    (void)rig_drain(r->juliet);
    rig_say(r->romeo, "<presence to='juliet@lab.example' type='probe'/>");
    rig_expect(r->romeo, "<presence from='juliet@lab.example/balcony' to='romeo@lab.example'/>");
    rig_say(r->nurse, "<presence to='juliet@lab.example' type='probe'/>");
    rig_nothing(r->nurse);
}

static void what_is_no_presence(void **state) {
    rig *r = *state;
    static const char *const bad[] = {
        "<presence type='invisible'/>",
        "<presence type='probe'/>",
        "<presence type='subscribe'/>",
        "<presence><priority>128</priority></presence>",
        "<presence><priority>-129</priority></presence>",
        "<presence><priority>1x</priority></presence>",
        "<presence><priority></priority></presence>",
        "<presence><priority>-</priority></presence>",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        rig_say(r->juliet, bad[i]);
        if (strstr(bad[i], "subscribe")) continue; /* the answer would go to the account */
        rig_has(r, r->juliet,
                "<error type='modify'><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>");
    }
    rig_say(r->juliet, "<presence><priority>-128</priority></presence>");
    rig_has(r, r->juliet, "<priority>-128</priority>");
    rig_nothing(r->juliet);
}

const struct CMUnitTest presence_tests[] = {
    cmocka_unit_test_setup_teardown(contacts_see_each_other, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(own_resources_see_each_other, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(a_lost_session_is_unavailable, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(directed, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(probes, rig_setup, rig_teardown),
    cmocka_unit_test_setup_teardown(what_is_no_presence, rig_setup, rig_teardown),
};
const size_t presence_tests_count = sizeof presence_tests / sizeof presence_tests[0];
