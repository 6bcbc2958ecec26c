/* SPDX-License-Identifier: ISC
 *
 * Own keys on the server: first publication, keeping them up to date, other devices' entries, and leaving. */
#include <stdio.h>

#include <sotto/limits.h>

#include "groups.h"
#include "seal/omemo/own.h"
#include "testing.h"
#include "two.h"

static void start(world *w) {
    world_start(w, sotto_seal_omemo());
}

static const char *id_text(world_device *d) {
    return (const char *)world_text(d->world, "%u", world_device_id(d)).at;
}

static const stanza_element *published_bundle(world_device *d) {
    return world_parse(d->world, world_item(d->world, (const char *)d->env.account.at, BUNDLES, id_text(d)));
}

static void assert_listed(world *w, const char *jid, world_device *d, bool listed) {
    sotto_bytes list = world_item(w, jid, DEVICES, "current");
    assert_int_equal(has(list, (const char *)world_text(w, "'%u'", world_device_id(d)).at), listed);
}

/* limit: SOTTO_OMEMO_PREKEYS */
static void test_first_publication(void **state) {
    (void)state;
    world w;
    start(&w);
    world_device *juliet = world_join(&w, JULIET);
    world_go_online(juliet, true);
    assert_int_equal(world_events(juliet, SOTTO_EVENT_PUBLISHED), 1);
    assert_int_equal(world_events(juliet, SOTTO_EVENT_NOT_PUBLISHED), 0);
    const stanza_element *bundle = published_bundle(juliet),
                         *prekeys = stanza_child(bundle, "prekeys", "urn:xmpp:omemo:2");
    assert_int_equal(stanza_count(bundle), 4);
    assert_int_equal(stanza_count(prekeys), SOTTO_OMEMO_PREKEYS);
    assert_listed(&w, JULIET, juliet, true);
    /* Again online: looked at, nothing written. */
    size_t publications = w.publications;
    world_go_offline(juliet);
    world_go_online(juliet, true);
    assert_int_equal(w.publications, publications);
    assert_int_equal(world_events(juliet, SOTTO_EVENT_PUBLISHED), 2);
    world_end(&w);
}

static void test_nodes_are_open_and_hold_many(void **state) {
    (void)state;
    world w;
    sotto_bytes config;
    start(&w);
    world_go_online(world_join(&w, JULIET), true);
    assert_true(bytes_map_get(&w.config, BYTES_LITERAL(JULIET "\0" BUNDLES "\0config"), &config));
    assert_text(config, "open many");
    assert_true(bytes_map_get(&w.config, BYTES_LITERAL(JULIET "\0" DEVICES "\0config"), &config));
    assert_text(config, "open");
    world_end(&w);
}

/* XEP-0384 section 5.3.2: "Clients MUST then reconfigure the node". T4: these two nodes and no other. */
static void test_T4_nodes_configured_otherwise(void **state) {
    (void)state;
    world w;
    sotto_bytes config;
    start(&w);
    static const char *const nodes[] = {BUNDLES, DEVICES, "private"};
    for (int i = 0; i < 3; i++) {
        sotto_bytes key = world_text(&w, "%s%c%s%cconfig", JULIET, 0, nodes[i], 0);
        assert_code(bytes_map_put(&w.config, key, BYTES_LITERAL("whitelist")), 0);
    }
    world_device *juliet = world_join(&w, JULIET);
    world_go_online(juliet, true);
    assert_int_equal(world_events(juliet, SOTTO_EVENT_PUBLISHED), 1);
    assert_true(bytes_map_get(&w.config, BYTES_LITERAL(JULIET "\0" BUNDLES "\0config"), &config));
    assert_text(config, "open many");
    assert_true(bytes_map_get(&w.config, BYTES_LITERAL(JULIET "\0" DEVICES "\0config"), &config));
    assert_text(config, "open");
    assert_true(bytes_map_get(&w.config, BYTES_LITERAL(JULIET "\0private\0config"), &config));
    assert_text(config, "whitelist");
    world_end(&w);
}

/* Section 6: the id is somebody else's already. */
static void test_device_id_in_use(void **state) {
    (void)state;
    world w;
    start(&w);
    world_device *juliet = world_join(&w, JULIET);
    uint32_t first = world_device_id(juliet);
    sotto_bytes list = world_text(&w, "<devices xmlns='urn:xmpp:omemo:2'><device id='%u'/></devices>", first);
    world_set_item(&w, JULIET, DEVICES, "current", list);
    world_go_online(juliet, true);
    assert_int_not_equal(world_device_id(juliet), first);
    assert_int_equal(world_events(juliet, SOTTO_EVENT_PUBLISHED), 1);
    assert_true(has(world_item(&w, JULIET, DEVICES, "current"), (const char *)world_text(&w, "'%u'", first).at));
    assert_listed(&w, JULIET, juliet, true);
    world_end(&w);
}

/* ... or has a bundle of another identity, without being on the list. */
static void test_device_id_has_a_bundle(void **state) {
    (void)state;
    world w;
    start(&w);
    world_device *other = world_join(&w, ROMEO), *juliet = world_join(&w, JULIET);
    world_go_online(other, true);
    uint32_t first = world_device_id(juliet);
    world_set_item(&w, JULIET, BUNDLES, id_text(juliet), world_item(&w, ROMEO, BUNDLES, id_text(other)));
    world_go_online(juliet, true);
    assert_int_not_equal(world_device_id(juliet), first);
    assert_int_equal(world_events(juliet, SOTTO_EVENT_PUBLISHED), 1);
    world_end(&w);
}

/* Entries of others stay as they are, with their labels, whoever signed those (T8, T10). */
static void test_T8_entries_of_others_stay(void **state) {
    (void)state;
    world w;
    start(&w);
    world_set_item(&w, JULIET, DEVICES, "current",
                   BYTES_LITERAL("<devices xmlns='urn:xmpp:omemo:2'><device id='5' label='Telephone' "
                                 "labelsig='c2ln'/><device id='6'/></devices>"));
    world_device *juliet = world_join(&w, JULIET);
    world_go_online(juliet, true);
    sotto_bytes list = world_item(&w, JULIET, DEVICES, "current");
    assert_true(has(list, "<device id='5' label='Telephone' labelsig='c2ln'/>"));
    assert_true(has(list, "id='6'"));
    assert_listed(&w, JULIET, juliet, true);
    const stanza_element *devices = world_parse(&w, list);
    for (const stanza_element *one = stanza_first(devices); one; one = stanza_next(devices, one)) {
        bool own = bytes_is(stanza_attribute_of(one, "id"), id_text(juliet));
        if (own) assert_null(stanza_attribute_of(one, "label").at); /* we publish none */
    }
    world_end(&w);
}

static void test_T8_removed_and_back(void **state) {
    (void)state;
    world w;
    start(&w);
    world_device *juliet = world_join(&w, JULIET);
    world_go_online(juliet, true);
    world_set_item(&w, JULIET, DEVICES, "current",
                   BYTES_LITERAL("<devices xmlns='urn:xmpp:omemo:2'><device id='5'/></devices>"));
    world_notify(&w, JULIET, DEVICES);
    world_settle(&w);
    assert_listed(&w, JULIET, juliet, true);
    assert_true(has(world_item(&w, JULIET, DEVICES, "current"), "'5'"));
    /* The item went altogether. */
    world_drop_item(&w, JULIET, DEVICES, "current");
    world_notify(&w, JULIET, DEVICES);
    world_settle(&w);
    assert_listed(&w, JULIET, juliet, true);
    world_end(&w);
}

/* T8: another device that removes us again and again is not answered for ever. limit: SOTTO_OMEMO_ANNOUNCES_PER_HOUR */
static void test_T8_no_endless_fight(void **state) {
    (void)state;
    world w;
    start(&w);
    world_device *juliet = world_join(&w, JULIET);
    world_go_online(juliet, true);
    sotto_bytes theirs = BYTES_LITERAL("<devices xmlns='urn:xmpp:omemo:2'><device id='5'/></devices>");
    unsigned answered = 0;
    for (int i = 0; i < 30; i++) {
        world_set_item(&w, JULIET, DEVICES, "current", theirs);
        world_notify(&w, JULIET, DEVICES);
        world_settle(&w);
        answered += !bytes_equal(world_item(&w, JULIET, DEVICES, "current"), theirs);
    }
    assert_int_equal(answered, SOTTO_OMEMO_ANNOUNCES_PER_HOUR);
    assert_int_equal(world_events(juliet, SOTTO_EVENT_NOT_PUBLISHED), 1);
    assert_code(world_last_event(juliet, SOTTO_EVENT_NOT_PUBLISHED)->reason, SOTTO_E_DEVICES_GONE);
    world_wait(&w, 3700000); /* an hour later it is tried once more */
    assert_listed(&w, JULIET, juliet, true);
    world_end(&w);
}

/* Two devices that announce themselves at the same moment end up both on the list. */
static void test_T8_two_at_once(void **state) {
    (void)state;
    world w;
    start(&w);
    world_device *one = world_join(&w, JULIET), *other = world_join(&w, JULIET);
    one->online = other->online = true;
    assert_code(world_input(one, &(seal_input){.kind = SEAL_INPUT_ONLINE, .fresh = true}), 0);
    assert_code(world_input(other, &(seal_input){.kind = SEAL_INPUT_ONLINE, .fresh = true}), 0);
    world_settle(&w);
    assert_listed(&w, JULIET, one, true);
    assert_listed(&w, JULIET, other, true);
    world_end(&w);
}

static void test_refused_publication_is_told(void **state) {
    (void)state;
    static const char *const nodes[] = {BUNDLES, DEVICES};
    static const char *const with[] = {"forbidden", NULL};
    for (int i = 0; i < 4; i++) {
        world w;
        start(&w);
        w.refuse_node = nodes[i / 2];
        w.refuse_with = with[i % 2];
        world_device *juliet = world_join(&w, JULIET);
        world_go_online(juliet, true);
        assert_int_equal(world_events(juliet, SOTTO_EVENT_PUBLISHED), 0);
        assert_int_equal(world_events(juliet, SOTTO_EVENT_NOT_PUBLISHED), 1);
        assert_code(world_last_event(juliet, SOTTO_EVENT_NOT_PUBLISHED)->reason,
                    i % 2 ? SOTTO_E_TIMEOUT : SOTTO_E_SERVER_REFUSED);
        w.refuse_node = NULL;
        world_wait(&w, 700000); /* tried again after a while */
        assert_int_equal(world_events(juliet, SOTTO_EVENT_PUBLISHED), 1);
        world_end(&w);
    }
}

/* The bundle on the server is another than ours: put right at the next login. */
static void test_altered_bundle_is_put_right(void **state) {
    (void)state;
    world w;
    start(&w);
    world_device *juliet = world_join(&w, JULIET);
    world_go_online(juliet, true);
    sotto_bytes right = world_item(&w, JULIET, BUNDLES, id_text(juliet));
    assert_true(bytes_arena_copy(&w.memory, right, &right));
    for (int i = 0; i < 4; i++) {
        sotto_bytes wrong = i == 0   ? world_replace(&w, right, "<pk ", "<qk ")
                            : i == 1 ? world_replace(&w, right, "<spks>", "<spks>AAAA")
                            : i == 2 ? BYTES_LITERAL("<other xmlns='urn:xmpp:omemo:2'/>")
                                     : BYTES_NONE;
        if (i == 0) wrong = world_replace(&w, wrong, "</pk>", "</qk>");
        if (i < 3) {
            world_set_item(&w, JULIET, BUNDLES, id_text(juliet), wrong);
        } else {
            world_drop_item(&w, JULIET, BUNDLES, id_text(juliet));
        }
        world_go_offline(juliet);
        world_go_online(juliet, true);
        assert_true(bytes_equal(world_item(&w, JULIET, BUNDLES, id_text(juliet)), right));
    }
    world_end(&w);
}

/* T19, T20: used prekeys are replaced by ones with new ids, several uses in one publication. */
static void test_T20_prekeys_are_filled_up_together(void **state) {
    (void)state;
    world w;
    start(&w);
    world_device *romeo = world_join(&w, ROMEO), *writers[5];
    world_go_online(romeo, true);
    size_t publications = w.publications;
    sotto_bytes before = world_item(&w, ROMEO, BUNDLES, id_text(romeo)), sealed[5];
    assert_true(bytes_arena_copy(&w.memory, before, &before));
    for (int i = 0; i < 5; i++) {
        writers[i] = world_join(&w, (const char *)world_text(&w, "writer%d@capulet.example", i).at);
        world_go_online(writers[i], true);
        sealed[i] = world_say(writers[i], ROMEO, "x");
    }
    publications = w.publications;
    for (int i = 0; i < 5; i++) world_expect(romeo, writers[i], sealed[i], "x");
    assert_int_equal(w.publications, publications);
    world_wait(&w, 3000);
    assert_int_equal(w.publications, publications + 1);
    const stanza_element *old = world_parse(&w, before), *now = published_bundle(romeo);
    const stanza_element *old_keys = stanza_child(old, "prekeys", NULL), *keys = stanza_child(now, "prekeys", NULL);
    assert_int_equal(stanza_count(keys), SOTTO_OMEMO_PREKEYS);
    int fresh = 0;
    for (const stanza_element *pk = stanza_first(keys); pk; pk = stanza_next(keys, pk)) {
        bool same_id = false, same = false;
        for (const stanza_element *was = stanza_first(old_keys); was; was = stanza_next(old_keys, was)) {
            same_id = same_id || bytes_equal(stanza_attribute_of(was, "id"), stanza_attribute_of(pk, "id"));
            same = same || bytes_equal(was->raw, pk->raw);
        }
        assert_int_equal(same_id, same); /* an id never comes back with another key */
        fresh += !same;
    }
    assert_int_equal(fresh, 5);
    world_end(&w);
}

/* The use of a prekey survives a restart: it is published anew afterwards. */
static void test_refill_after_a_restart(void **state) {
    (void)state;
    two t;
    two_start(&t);
    size_t publications = t.w.publications;
    world_expect(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "x"), "x");
    world_reopen(t.romeo);
    world_go_online(t.romeo, true);
    assert_int_equal(t.w.publications, publications + 1);
    const stanza_element *prekeys = stanza_child(published_bundle(t.romeo), "prekeys", NULL);
    assert_int_equal(stanza_count(prekeys), SOTTO_OMEMO_PREKEYS);
    /* Resumed instead of restarted: the same. */
    two_end(&t);
    two_start(&t);
    world_expect(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "x"), "x");
    world_go_offline(t.romeo);
    world_wait(&t.w, 3000);
    publications = t.w.publications;
    world_go_online(t.romeo, false);
    assert_int_equal(t.w.publications, publications + 1);
    two_end(&t);
}

/* T21: a new signed prekey every week; the one before works for one more. limit: SOTTO_OMEMO_SIGNED_PREKEY_DAYS */
static void test_T21_signed_prekey_rotates(void **state) {
    (void)state;
    two t;
    two_start(&t);
    sotto_bytes first = world_say(t.juliet, ROMEO, "first");
    const stanza_element *before = stanza_child(published_bundle(t.romeo), "spk", NULL);
    sotto_bytes old_id = stanza_attribute_of(before, "id");
    size_t publications = t.w.publications;
    world_wait(&t.w, OMEMO_PERIOD_MS + 1000);
    assert_int_equal(t.w.publications, publications + 2); /* both rotated */
    assert_false(bytes_equal(stanza_attribute_of(stanza_child(published_bundle(t.romeo), "spk", NULL), "id"), old_id));
    world_expect(t.romeo, t.juliet, first, "first");
    two_end(&t);
    two_start(&t);
    first = world_say(t.juliet, ROMEO, "first");
    world_wait(&t.w, 2 * OMEMO_PERIOD_MS + 2000);
    world_expect_unreadable(t.romeo, t.juliet, first, SOTTO_E_NO_PREKEY);
    two_end(&t);
}

/* Time that passed while the program was not running counts. */
static void test_T21_rotation_after_sleeping(void **state) {
    (void)state;
    world w;
    start(&w);
    world_device *juliet = world_join(&w, JULIET);
    world_go_online(juliet, true);
    sotto_bytes before = stanza_attribute_of(stanza_child(published_bundle(juliet), "spk", NULL), "id");
    world_go_offline(juliet);
    juliet->timer_count = 0;
    w.now_ms += OMEMO_PERIOD_MS + 1;
    world_reopen(juliet);
    world_go_online(juliet, true);
    assert_false(bytes_equal(stanza_attribute_of(stanza_child(published_bundle(juliet), "spk", NULL), "id"), before));
    w.now_ms -= 100 * OMEMO_PERIOD_MS; /* a clock that went back does no harm */
    world_go_online(juliet, true);
    world_wait(&w, OMEMO_PERIOD_MS + 1);
    assert_int_equal(world_events(juliet, SOTTO_EVENT_NOT_PUBLISHED), 0);
    world_end(&w);
}

static void test_leaving_with_another_device(void **state) {
    (void)state;
    two t;
    two_start(&t);
    two_greet(&t);
    world_device *second = world_join(&t.w, JULIET);
    world_go_online(second, true);
    const char *id = id_text(second);
    uint32_t first_id = world_device_id(t.juliet);
    assert_code(world_input(second, &(seal_input){.kind = SEAL_INPUT_LEAVE}), 0);
    world_settle(&t.w);
    assert_int_equal(world_events(second, SOTTO_EVENT_LEFT), 1);
    assert_code(world_last_event(second, SOTTO_EVENT_LEFT)->reason, 0);
    sotto_bytes list = world_item(&t.w, JULIET, DEVICES, "current");
    assert_false(has(list, id));
    assert_true(has(list, (const char *)world_text(&t.w, "'%u'", first_id).at));
    assert_int_equal(world_item(&t.w, JULIET, BUNDLES, id).len, 0);
    /* Nothing is left to read with, and opening again makes a new device. */
    sotto_bytes sealed = world_say(t.romeo, JULIET, "x");
    world_expect(t.juliet, t.romeo, sealed, "x");
    world_expect_unreadable(second, t.romeo, sealed, SOTTO_E_NOT_FOR_US);
    assert_int_equal(world_promise(second, ROMEO).kind, SEAL_BROKEN);
    world_reopen(second);
    assert_string_not_equal(id_text(second), id);
    world_go_online(second, true);
    world_expect(t.romeo, second, world_say(second, ROMEO, "anew"), "anew");
    two_end(&t);
}

/* The last device retracts the list: an empty one is not read by everybody. */
static void test_leaving_as_the_last(void **state) {
    (void)state;
    two t;
    two_start(&t);
    const char *id = id_text(t.juliet);
    assert_code(world_input(t.juliet, &(seal_input){.kind = SEAL_INPUT_LEAVE}), 0);
    world_settle(&t.w);
    assert_int_equal(world_events(t.juliet, SOTTO_EVENT_LEFT), 1);
    assert_code(world_last_event(t.juliet, SOTTO_EVENT_LEFT)->reason, 0);
    assert_int_equal(world_item(&t.w, JULIET, DEVICES, "current").len, 0);
    assert_int_equal(world_item(&t.w, JULIET, BUNDLES, id).len, 0);
    two_end(&t);
}

static void test_leaving_that_fails(void **state) {
    (void)state;
    two t;
    two_start(&t);
    uint32_t id = world_device_id(t.juliet);
    world_go_offline(t.juliet);
    assert_code(world_input(t.juliet, &(seal_input){.kind = SEAL_INPUT_LEAVE}), 0);
    assert_code(world_last_event(t.juliet, SOTTO_EVENT_LEFT)->reason, SOTTO_E_OFFLINE);
    world_go_online(t.juliet, true);
    t.w.refuse_node = BUNDLES;
    t.w.refuse_with = "forbidden";
    assert_code(world_input(t.juliet, &(seal_input){.kind = SEAL_INPUT_LEAVE}), 0);
    world_settle(&t.w);
    assert_code(world_last_event(t.juliet, SOTTO_EVENT_LEFT)->reason, SOTTO_E_SERVER_REFUSED);
    t.w.refuse_node = NULL;
    assert_int_equal(world_device_id(t.juliet), id); /* the keys are still there */
    world_go_online(t.juliet, true);
    assert_listed(&t.w, JULIET, t.juliet, true);
    /* A program that ended while leaving goes on leaving. */
    assert_code(world_input(t.juliet, &(seal_input){.kind = SEAL_INPUT_LEAVE}), 0);
    world_reopen(t.juliet);
    world_go_online(t.juliet, true);
    assert_code(world_last_event(t.juliet, SOTTO_EVENT_LEFT)->reason, 0);
    assert_int_equal(world_item(&t.w, JULIET, DEVICES, "current").len, 0);
    two_end(&t);
}

int publish_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_publication),
        cmocka_unit_test(test_nodes_are_open_and_hold_many),
        cmocka_unit_test(test_T4_nodes_configured_otherwise),
        cmocka_unit_test(test_device_id_in_use),
        cmocka_unit_test(test_device_id_has_a_bundle),
        cmocka_unit_test(test_T8_entries_of_others_stay),
        cmocka_unit_test(test_T8_removed_and_back),
        cmocka_unit_test(test_T8_no_endless_fight),
        cmocka_unit_test(test_T8_two_at_once),
        cmocka_unit_test(test_refused_publication_is_told),
        cmocka_unit_test(test_altered_bundle_is_put_right),
        cmocka_unit_test(test_T20_prekeys_are_filled_up_together),
        cmocka_unit_test(test_refill_after_a_restart),
        cmocka_unit_test(test_T21_signed_prekey_rotates),
        cmocka_unit_test(test_T21_rotation_after_sleeping),
        cmocka_unit_test(test_leaving_with_another_device),
        cmocka_unit_test(test_leaving_as_the_last),
        cmocka_unit_test(test_leaving_that_fails),
    };
    return cmocka_run_group_tests_name("publish", tests, NULL, NULL);
}
