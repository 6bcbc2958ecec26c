/* SPDX-License-Identifier: ISC
 *
 * What a promise says, and what becomes of lists and bundles that are missing, late, broken or altered. */
#include <stdio.h>

#include <sotto/limits.h>

#include "groups.h"
#include "seal/omemo/self.h"
#include "testing.h"
#include "two.h"

#define NOBODY "nobody@montague.example"

static seal_promise settled(world_device *d, const char *to) {
    seal_promise promise = world_promise(d, to);
    for (int round = 0; round < 5 && promise.kind == SEAL_ASKING; round++) {
        world_settle(d->world);
        promise = world_promise(d, to);
    }
    return promise;
}

static void set_list(two *t, const char *list) {
    world_set_item(&t->w, ROMEO, DEVICES, "current", bytes_text(list));
    world_notify(&t->w, ROMEO, DEVICES);
    world_settle(&t->w);
}

static const char *bundle_id(two *t, world_device *d) {
    return (const char *)world_text(&t->w, "%u", world_device_id(d)).at;
}

static void test_asking_then_ready(void **state) {
    (void)state;
    two t;
    two_start(&t);
    world_go_online(t.juliet, true);
    seal_promise promise = world_promise(t.juliet, ROMEO);
    assert_int_equal(promise.kind, SEAL_ASKING);
    promise = settled(t.juliet, ROMEO);
    assert_int_equal(promise.kind, SEAL_READY);
    assert_int_equal(promise.keys.count, 1);
    const seal_key *key = &promise.keys.at[0];
    assert_text(key->jid, ROMEO);
    assert_int_equal(key->device, world_device_id(t.romeo));
    assert_true(key->known && key->active && !key->this_device);
    assert_code(key->problem, 0);
    assert_int_equal(t.juliet->seen_count, 1);
    assert_memory_equal(t.juliet->seen[0].key, key->key, 32);
    assert_memory_equal(t.juliet->seen[0].fingerprint, key->fingerprint, 32);
    assert_memory_equal(key->fingerprint, key->key, 32); /* the form that all dialects share */
    assert_text(key->dialect, "omemo:2");
    assert_true(t.juliet->changed_count > 0);
    two_end(&t);
}

/* T19: nothing is fetched before something is to be sent. */
static void test_T19_bundles_are_fetched_just_in_time(void **state) {
    (void)state;
    two t;
    two_start(&t);
    world_device *romeo2 = world_join(&t.w, ROMEO);
    world_go_online(romeo2, true); /* announces itself: juliet is notified */
    assert_int_equal(t.juliet->seen_count, 0);
    assert_int_equal(t.juliet->ask_count, 0);
    seal_promise promise = settled(t.juliet, ROMEO);
    assert_int_equal(promise.keys.count, 2);
    assert_int_equal(t.juliet->seen_count, 2);
    two_end(&t);
}

static void test_never_is_authoritative(void **state) {
    (void)state;
    two t;
    two_start(&t);
    assert_int_equal(settled(t.juliet, NOBODY).kind, SEAL_NEVER);
    /* Offline that is not known any more: it is asked about first. */
    world_go_offline(t.juliet);
    world_reopen(t.juliet);
    assert_int_equal(world_promise(t.juliet, NOBODY).kind, SEAL_ASKING);
    world_go_online(t.juliet, true);
    /* An empty list is the same. */
    world_set_item(&t.w, NOBODY, DEVICES, "current", BYTES_LITERAL("<devices xmlns='urn:xmpp:omemo:2'/>"));
    assert_int_equal(settled(t.juliet, NOBODY).kind, SEAL_NEVER);
    two_end(&t);
}

/* T8, T16: a refusal or silence is not "never". */
static void test_T8_refusals_are_not_never(void **state) {
    (void)state;
    static const char *const with[] = {"forbidden", "service-unavailable", "remote-server-not-found", "not-authorized",
                                       NULL};
    for (int i = 0; i < 5; i++) {
        two t;
        two_start(&t);
        t.w.refuse_node = DEVICES;
        t.w.refuse_with = with[i];
        world_promise(t.juliet, NOBODY);
        world_answer(t.juliet);
        seal_promise promise = world_promise(t.juliet, NOBODY);
        assert_int_equal(promise.kind, SEAL_BROKEN);
        assert_code(promise.reason, with[i] ? SOTTO_E_SERVER_REFUSED : SOTTO_E_TIMEOUT);
        assert_int_equal(t.juliet->ask_count, 0); /* not asked again at once ... */
        size_t changed = t.juliet->changed_count;
        t.w.refuse_node = NULL;
        world_wait(&t.w, 61000);
        assert_true(t.juliet->changed_count > changed); /* ... but a minute later */
        assert_int_equal(settled(t.juliet, NOBODY).kind, SEAL_NEVER);
        two_end(&t);
    }
}

/* T8: once there were devices, their vanishing is an error and never plain text. */
static void test_T8_vanished_list(void **state) {
    (void)state;
    for (int how = 0; how < 4; how++) {
        two t;
        two_start(&t);
        two_greet(&t);
        assert_int_equal(settled(t.juliet, ROMEO).kind, SEAL_READY);
        world_go_offline(t.romeo);
        if (how == 0) {
            set_list(&t, "<devices xmlns='urn:xmpp:omemo:2'/>");
        } else {
            world_drop_item(&t.w, ROMEO, DEVICES, "current");
            if (how == 1) world_notify(&t.w, ROMEO, DEVICES);
            if (how == 2) world_go_online(t.juliet, true);
            if (how == 3) world_reopen(t.juliet);
            if (how == 3) world_go_online(t.juliet, true);
            world_settle(&t.w); /* what became of the item is asked about */
        }
        seal_promise promise = settled(t.juliet, ROMEO);
        assert_int_equal(promise.kind, SEAL_BROKEN);
        assert_code(promise.reason, SOTTO_E_DEVICES_GONE);
        assert_int_equal(world_events(t.juliet, SOTTO_EVENT_DEVICES), 1);
        assert_code(world_last_event(t.juliet, SOTTO_EVENT_DEVICES)->reason, SOTTO_E_DEVICES_GONE);
        /* A restart does not make it forgotten. */
        world_reopen(t.juliet);
        world_go_online(t.juliet, true);
        promise = settled(t.juliet, ROMEO);
        assert_int_equal(promise.kind, SEAL_BROKEN);
        assert_code(promise.reason, SOTTO_E_DEVICES_GONE);
        two_end(&t);
    }
}

/* T8: somebody whose list was never seen wrote to us: that there is no list now is not "never". */
static void test_T8_who_wrote_has_a_device(void **state) {
    (void)state;
    two t;
    two_start(&t);
    sotto_bytes sealed = world_say(t.juliet, ROMEO, "x");
    world_go_offline(t.juliet);
    world_reopen(t.romeo);
    bytes_map_remove(&t.romeo->records, BYTES_LITERAL(JULIET "\0\0\0\0\0l"));
    world_go_online(t.romeo, true);
    world_expect(t.romeo, t.juliet, sealed, "x");
    world_drop_item(&t.w, JULIET, DEVICES, "current");
    seal_promise promise = settled(t.romeo, JULIET);
    assert_int_equal(promise.kind, SEAL_BROKEN);
    assert_code(promise.reason, SOTTO_E_DEVICES_GONE);
    two_end(&t);
}

/* T8: access to the list taken away while we remember it: the devices we know still serve. */
static void test_T8_refused_list_keeps_the_old_one(void **state) {
    (void)state;
    two t;
    two_start(&t);
    two_greet(&t);
    world_go_online(t.juliet, true);
    t.w.refuse_node = DEVICES;
    t.w.refuse_with = "forbidden";
    seal_promise promise = settled(t.juliet, ROMEO);
    assert_int_equal(promise.kind, SEAL_READY);
    assert_int_equal(promise.keys.count, 1);
    world_expect(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "still"), "still");
    two_end(&t);
}

static void test_offline_uses_what_is_known(void **state) {
    (void)state;
    two t;
    two_start(&t);
    two_greet(&t);
    world_reopen(t.juliet);
    assert_int_equal(world_promise(t.juliet, ROMEO).kind,
                     SEAL_ASKING); /* T18: whether it is the only copy is asked first */
    world_go_online(t.juliet, true);
    world_go_offline(t.juliet);
    assert_int_equal(world_promise(t.juliet, ROMEO).kind, SEAL_READY);
    world_expect(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "from afar"), "from afar");
    assert_int_equal(world_promise(t.juliet, NOBODY).kind, SEAL_ASKING);
    two_end(&t);
}

/* T35: a device whose bundle is no good is shown, and stops nobody. */
static void broken_bundle(const char *part, const char *with, int problem) {
    two t;
    two_start(&t);
    world_device *romeo2 = world_join(&t.w, ROMEO);
    world_go_online(romeo2, true);
    const char *id = bundle_id(&t, romeo2);
    sotto_bytes bundle = world_item(&t.w, ROMEO, BUNDLES, id);
    if (part) {
        world_set_item(&t.w, ROMEO, BUNDLES, id, world_replace(&t.w, bundle, part, with));
    } else {
        world_drop_item(&t.w, ROMEO, BUNDLES, id);
    }
    seal_promise promise = settled(t.juliet, ROMEO);
    assert_int_equal(promise.kind, SEAL_READY);
    assert_int_equal(promise.keys.count, 2);
    for (int i = 0; i < 2; i++) {
        bool bad = promise.keys.at[i].device == world_device_id(romeo2);
        assert_code(promise.keys.at[i].problem, bad ? problem : 0);
    }
    world_expect(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "x"), "x");
    /* Alone it makes the contact unreachable, not "never". */
    world_go_offline(t.romeo);
    world_go_offline(romeo2);
    world_set_item(&t.w, ROMEO, DEVICES, "current",
                   world_text(&t.w, "<devices xmlns='urn:xmpp:omemo:2'><device id='%s'/></devices>", id));
    world_notify(&t.w, ROMEO, DEVICES);
    promise = settled(t.juliet, ROMEO);
    assert_int_equal(promise.kind, SEAL_BROKEN);
    assert_code(promise.reason, problem);
    two_end(&t);
}

static void test_T30_T35_broken_bundles(void **state) {
    (void)state;
    broken_bundle(NULL, NULL, SOTTO_E_BUNDLE_BROKEN);
    broken_bundle("<spks>", "<spks>A", SOTTO_E_BUNDLE_BROKEN);
    broken_bundle("<ik>", "<ij/><ik>AAAA", SOTTO_E_BUNDLE_BROKEN);
    broken_bundle("</ik>", "</ik><ik>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=</ik>", SOTTO_E_BUNDLE_BROKEN);
    broken_bundle("id='", "id='99999999999999999999", SOTTO_E_BUNDLE_BROKEN);
}

/* Bundles altered in ways that need more than one replacement. limit: SOTTO_OMEMO_BUNDLE_PREKEYS_MAX */
static void test_T30_odd_bundles(void **state) {
    (void)state;
    static const struct {
        const char *what;
        int problem;
    } cases[] = {{"no prekeys", SOTTO_E_NO_PREKEY},
                 {"signature", SOTTO_E_BAD_SIGNATURE},
                 {"repeated id", SOTTO_E_BUNDLE_BROKEN},
                 {"id 0", SOTTO_E_BUNDLE_BROKEN},
                 {"id 2^31", SOTTO_E_BUNDLE_BROKEN},
                 {"own identity", SOTTO_E_BAD_KEY},
                 {"small-order prekey", SOTTO_E_BAD_KEY},
                 {"too many", SOTTO_E_BUNDLE_BROKEN},
                 {"two lists of prekeys", SOTTO_E_BUNDLE_BROKEN}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        two t;
        two_start(&t);
        const char *id = bundle_id(&t, t.romeo);
        sotto_bytes whole = world_item(&t.w, ROMEO, BUNDLES, id), made = BYTES_NONE;
        const stanza_element *bundle = world_parse(&t.w, whole);
        const stanza_element *prekeys = stanza_child(bundle, "prekeys", NULL), *pk = stanza_first(prekeys);
        bytes_buffer out;
        bytes_buffer_owned(&out, sotto_host_default(), 1u << 20);
        bytes_buffer_text(&out, "<bundle xmlns='urn:xmpp:omemo:2'>");
        for (const stanza_element *one = stanza_first(bundle); one; one = stanza_next(bundle, one)) {
            if (one == prekeys) continue;
            sotto_bytes raw = one->raw;
            if (i == 1 && stanza_is(one, "spks", NULL))
                raw = BYTES_LITERAL(
                    "<spks>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==</"
                    "spks>");
            bytes_buffer_put(&out, raw);
        }
        bytes_buffer_text(&out, "<prekeys>");
        if (i == 6) {
            bytes_buffer_text(&out, "<pk id='1'>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=</pk>");
        } else if (i != 0) {
            bytes_buffer_put(&out, pk->raw);
        }
        if (i == 2) bytes_buffer_put(&out, pk->raw);
        if (i == 3) bytes_buffer_text(&out, "<pk id='0'>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=</pk>");
        if (i == 4) bytes_buffer_text(&out, "<pk id='2147483648'>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=</pk>");
        for (unsigned k = 0; i == 7 && k < SOTTO_OMEMO_BUNDLE_PREKEYS_MAX; k++) {
            bytes_buffer_put(
                &out, world_text(&t.w, "<pk id='%u'>CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=</pk>", 1000 + k));
        }
        bytes_buffer_text(&out, "</prekeys>");
        if (i == 8) bytes_buffer_put(&out, prekeys->raw);
        bytes_buffer_text(&out, "</bundle>");
        assert_code(bytes_buffer_end(&out, &made), 0);
        if (i == 5) made = world_item(&t.w, JULIET, BUNDLES, bundle_id(&t, t.juliet));
        world_set_item(&t.w, ROMEO, BUNDLES, id, made);
        seal_promise promise = settled(t.juliet, ROMEO);
        assert_int_equal(promise.kind, SEAL_BROKEN);
        if (promise.reason.code != cases[i].problem)
            fail_msg("%s: %s", cases[i].what, sotto_status_name(promise.reason));
        bytes_buffer_free(&out);
        two_end(&t);
    }
}

/* Lists that are odd: ids that are none are left out, the same twice counts once, too many are not considered.
 * limit: SOTTO_OMEMO_DEVICES_MAX */
static void test_odd_lists(void **state) {
    (void)state;
    two t;
    two_start(&t);
    world_go_offline(t.romeo);
    t.w.notify = false;
    set_list(&t,
             "<devices xmlns='urn:xmpp:omemo:2'><device id='0'/><device id='2147483648'/><device id='-1'/><device/>"
             "<device id='x'/><device id='7'/><device id='7'/><other id='8'/><device xmlns='else' id='9'/></devices>");
    assert_int_equal(settled(t.juliet, ROMEO).keys.count, 1);
    bytes_buffer out;
    sotto_bytes many = BYTES_NONE;
    bytes_buffer_owned(&out, sotto_host_default(), 1u << 20);
    bytes_buffer_text(&out, "<devices xmlns='urn:xmpp:omemo:2'>");
    for (unsigned i = 1; i <= 100; i++) bytes_buffer_put(&out, world_text(&t.w, "<device id='%u'/>", i));
    bytes_buffer_text(&out, "</devices>");
    bytes_buffer_u8(&out, 0);
    assert_code(bytes_buffer_end(&out, &many), 0);
    set_list(&t, (const char *)many.at);
    assert_int_equal(settled(t.juliet, ROMEO).keys.count, SOTTO_OMEMO_DEVICES_MAX);
    /* What is no list at all changes nothing. */
    world_set_item(&t.w, NOBODY, DEVICES, "current", BYTES_LITERAL("<list xmlns='urn:xmpp:omemo:1'/>"));
    seal_promise promise = settled(t.juliet, NOBODY);
    assert_int_equal(promise.kind, SEAL_BROKEN);
    assert_code(promise.reason, SOTTO_E_MALFORMED);
    bytes_buffer_free(&out);
    two_end(&t);
}

/* T7: every change of a list is told. */
static void test_T7_changes_of_lists_are_told(void **state) {
    (void)state;
    two t;
    two_start(&t);
    settled(t.juliet, ROMEO);
    assert_int_equal(world_events(t.juliet, SOTTO_EVENT_DEVICES), 0);
    world_device *romeo2 = world_join(&t.w, ROMEO);
    world_go_online(romeo2, true);
    assert_int_equal(world_events(t.juliet, SOTTO_EVENT_DEVICES), 1);
    assert_int_equal(world_last_event(t.juliet, SOTTO_EVENT_DEVICES)->number, 2);
    world_notify(&t.w, ROMEO, DEVICES);
    assert_int_equal(world_events(t.juliet, SOTTO_EVENT_DEVICES), 1);
    /* Our own list, too: a device the server added is as much an attack. */
    world_device *juliet2 = world_join(&t.w, JULIET);
    world_go_online(juliet2, true);
    const world_event *event = world_last_event(t.juliet, SOTTO_EVENT_DEVICES);
    assert_text(event->jid, JULIET);
    assert_int_equal(event->number, 2);
    two_end(&t);
}

/* T9: the same device id with another key is another key, and an alarm. */
static void test_T9_key_of_a_device_changes(void **state) {
    (void)state;
    two t;
    two_start(&t);
    seal_promise promise = settled(t.juliet, ROMEO);
    const char *id = bundle_id(&t, t.romeo);
    world_device *other = world_join(&t.w, "mallory@montague.example");
    world_go_online(other, true);
    world_set_item(&t.w, ROMEO, BUNDLES, id,
                   world_item(&t.w, "mallory@montague.example", BUNDLES, bundle_id(&t, other)));
    world_go_online(t.juliet, true); /* forgets the offer */
    seal_promise again = settled(t.juliet, ROMEO);
    assert_int_equal(again.kind, SEAL_READY);
    assert_memory_not_equal(again.keys.at[0].key, promise.keys.at[0].key, 32);
    assert_int_equal(world_events(t.juliet, SOTTO_EVENT_KEY_ALARM), 1);
    assert_code(world_last_event(t.juliet, SOTTO_EVENT_KEY_ALARM)->reason, SOTTO_E_KEY_CHANGED);
    assert_int_equal(t.juliet->seen_count, 2);
    /* What was allowed was the old key: nothing is sealed for the new one. */
    sotto_bytes sealed;
    assert_code(world_seal_for(t.juliet, "<message to='" ROMEO "'><body>x</body></message>", &promise.keys, &sealed),
                SOTTO_E_NO_TRUSTED_DEVICE);
    two_end(&t);
}

/* A session is with a key: when the device has another one, the session is not used for it. */
static void test_T9_sessions_do_not_carry_over(void **state) {
    (void)state;
    two t;
    sotto_bytes sealed;
    two_start(&t);
    two_greet(&t);
    seal_promise promise = settled(t.juliet, ROMEO);
    seal_key key = promise.keys.at[0];
    key.key[0] ^= 1;
    assert_code(
        world_seal_for(t.juliet, "<message to='" ROMEO "'><body>x</body></message>", &(seal_keys){&key, 1}, &sealed),
        SOTTO_E_NO_TRUSTED_DEVICE);
    assert_code(
        world_seal_for(t.juliet, "<message to='" ROMEO "'><body>x</body></message>", &(seal_keys){NULL, 0}, &sealed),
        SOTTO_E_NO_TRUSTED_DEVICE);
    two_end(&t);
}

/* T7: keys that are not allowed get nothing, and own ones alone are not enough. */
static void test_T7_only_allowed_keys(void **state) {
    (void)state;
    two t;
    sotto_bytes sealed;
    two_start(&t);
    world_device *romeo2 = world_join(&t.w, ROMEO), *juliet2 = world_join(&t.w, JULIET);
    world_go_online(romeo2, true);
    world_go_online(juliet2, true);
    seal_promise promise = settled(t.juliet, ROMEO);
    assert_int_equal(promise.keys.count, 3);
    seal_key keys[3];
    seal_keys allowed = {keys, 0};
    for (int i = 0; i < 3; i++) {
        if (promise.keys.at[i].device != world_device_id(romeo2)) keys[allowed.count++] = promise.keys.at[i];
    }
    assert_code(world_seal_for(t.juliet, "<message to='" ROMEO "'><body>x</body></message>", &allowed, &sealed), 0);
    world_expect(t.romeo, t.juliet, sealed, "x");
    world_expect(juliet2, t.juliet, sealed, "x");
    world_expect_unreadable(romeo2, t.juliet, sealed, SOTTO_E_NOT_FOR_US);
    allowed.count = 0;
    for (int i = 0; i < 3; i++) {
        if (bytes_is(promise.keys.at[i].jid, JULIET)) keys[allowed.count++] = promise.keys.at[i];
    }
    assert_int_equal(allowed.count, 1);
    assert_code(world_seal_for(t.juliet, "<message to='" ROMEO "'><body>x</body></message>", &allowed, &sealed),
                SOTTO_E_NO_TRUSTED_DEVICE);
    two_end(&t);
}

/* Trouble with one's own devices stops nothing. */
static void test_own_trouble_does_not_block(void **state) {
    (void)state;
    two t;
    two_start(&t);
    world_device *juliet2 = world_join(&t.w, JULIET);
    world_go_online(juliet2, true);
    world_drop_item(&t.w, JULIET, BUNDLES, bundle_id(&t, juliet2));
    seal_promise promise = settled(t.juliet, ROMEO);
    assert_int_equal(promise.kind, SEAL_READY);
    assert_int_equal(promise.keys.count, 2);
    t.w.refuse_node = DEVICES;
    t.w.refuse_with = NULL;
    world_go_online(t.juliet, true);
    world_expect(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "x"), "x");
    two_end(&t);
}

static void test_list_keys(void **state) {
    (void)state;
    two t;
    seal_keys keys;
    two_start(&t);
    settled(t.juliet, ROMEO);
    world_go_offline(t.romeo);
    sotto_bytes list =
        world_text(&t.w, "<devices xmlns='urn:xmpp:omemo:2'><device id='1'/><device id='2147483647'/></devices>");
    set_list(&t, (const char *)list.at);
    seal_env *env = &t.juliet->env;
    assert_code(t.w.class->list_keys(t.juliet->self, env, BYTES_LITERAL(ROMEO), &keys), 0);
    assert_int_equal(keys.count, 3);
    assert_int_equal(keys.at[0].device, 1);
    assert_true(keys.at[0].active && !keys.at[0].known);
    assert_int_equal(keys.at[1].device, world_device_id(t.romeo));
    assert_true(!keys.at[1].active && keys.at[1].known);
    assert_int_equal(keys.at[2].device, 2147483647);
    world_device *juliet2 = world_join(&t.w, JULIET);
    world_go_online(juliet2, true);
    assert_code(t.w.class->list_keys(t.juliet->self, env, BYTES_LITERAL(JULIET), &keys), 0);
    assert_int_equal(keys.count, 2);
    assert_true(keys.at[0].this_device && keys.at[0].active && keys.at[0].known);
    assert_false(keys.at[1].this_device);
    assert_int_equal(keys.at[1].device, world_device_id(juliet2));
    bytes_arena_clear(&t.juliet->arena);
    two_end(&t);
}

static void test_refresh(void **state) {
    (void)state;
    two t;
    two_start(&t);
    world_device *romeo2 = world_join(&t.w, ROMEO);
    world_go_online(romeo2, true);
    seal_input refresh = {.kind = SEAL_INPUT_REFRESH, .jid = BYTES_LITERAL(ROMEO)};
    assert_code(world_input(t.juliet, &refresh), 0);
    assert_int_equal(world_events(t.juliet, SOTTO_EVENT_REFRESHED), 0);
    world_settle(&t.w);
    assert_int_equal(world_events(t.juliet, SOTTO_EVENT_REFRESHED), 1);
    assert_code(world_last_event(t.juliet, SOTTO_EVENT_REFRESHED)->reason, 0);
    assert_int_equal(t.juliet->seen_count, 2);
    /* Nothing new: still an answer. */
    assert_code(world_input(t.juliet, &refresh), 0);
    world_settle(&t.w);
    assert_int_equal(world_events(t.juliet, SOTTO_EVENT_REFRESHED), 2);
    assert_int_equal(t.juliet->seen_count, 2);
    t.w.refuse_node = DEVICES;
    t.w.refuse_with = "forbidden";
    assert_code(world_input(t.juliet, &refresh), 0);
    world_settle(&t.w);
    assert_code(world_last_event(t.juliet, SOTTO_EVENT_REFRESHED)->reason, SOTTO_E_SERVER_REFUSED);
    world_go_offline(t.juliet);
    assert_code(world_input(t.juliet, &refresh), 0);
    assert_code(world_last_event(t.juliet, SOTTO_EVENT_REFRESHED)->reason, SOTTO_E_OFFLINE);
    two_end(&t);
}

/* A contact who changes devices for ever does not fill the store. limit: SOTTO_OMEMO_DEVICE_ROWS_MAX */
static void test_rows_are_bounded(void **state) {
    (void)state;
    two t;
    two_start(&t);
    world_go_offline(t.romeo);
    sotto_bytes bundle = world_item(&t.w, ROMEO, BUNDLES, bundle_id(&t, t.romeo));
    assert_true(bytes_arena_copy(&t.w.memory, bundle, &bundle));
    for (unsigned i = 1; i <= SOTTO_OMEMO_DEVICE_ROWS_MAX + 20; i++) {
        const char *id = (const char *)world_text(&t.w, "%u", i).at;
        world_set_item(&t.w, ROMEO, BUNDLES, id, bundle);
        set_list(&t,
                 (const char *)world_text(&t.w, "<devices xmlns='urn:xmpp:omemo:2'><device id='%u'/></devices>", i).at);
        assert_int_equal(settled(t.juliet, ROMEO).kind, SEAL_READY);
        t.juliet->event_count = t.juliet->seen_count = 0;
    }
    seal_keys keys;
    t.juliet->env.now_ms = t.w.now_ms;
    assert_code(t.w.class->list_keys(t.juliet->self, &t.juliet->env, BYTES_LITERAL(ROMEO), &keys), 0);
    assert_true(keys.count <= SOTTO_OMEMO_DEVICE_ROWS_MAX);
    bytes_arena_clear(&t.juliet->arena);
    two_end(&t);
}

static void test_very_long_jids(void **state) {
    (void)state;
    two t;
    char jid[1100];
    memset(jid, 'a', sizeof jid);
    memcpy(jid + sizeof jid - 11, "@b.example", 11);
    jid[500] = '@'; /* not a JID the engine would hand on, but as long as one */
    two_start(&t);
    seal_promise promise = world_promise(t.juliet, jid);
    assert_int_equal(promise.kind, SEAL_BROKEN);
    assert_code(promise.reason, SOTTO_E_TOO_LARGE);
    assert_code(
        world_input(t.juliet,
                    &(seal_input){.kind = SEAL_INPUT_PEP, .jid = bytes_text(jid), .node = BYTES_LITERAL(DEVICES)}),
        0);
    two_end(&t);
}

int devices_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_asking_then_ready),
        cmocka_unit_test(test_T19_bundles_are_fetched_just_in_time),
        cmocka_unit_test(test_never_is_authoritative),
        cmocka_unit_test(test_T8_refusals_are_not_never),
        cmocka_unit_test(test_T8_vanished_list),
        cmocka_unit_test(test_T8_who_wrote_has_a_device),
        cmocka_unit_test(test_T8_refused_list_keeps_the_old_one),
        cmocka_unit_test(test_offline_uses_what_is_known),
        cmocka_unit_test(test_T30_T35_broken_bundles),
        cmocka_unit_test(test_T30_odd_bundles),
        cmocka_unit_test(test_odd_lists),
        cmocka_unit_test(test_T7_changes_of_lists_are_told),
        cmocka_unit_test(test_T9_key_of_a_device_changes),
        cmocka_unit_test(test_T9_sessions_do_not_carry_over),
        cmocka_unit_test(test_T7_only_allowed_keys),
        cmocka_unit_test(test_own_trouble_does_not_block),
        cmocka_unit_test(test_list_keys),
        cmocka_unit_test(test_refresh),
        cmocka_unit_test(test_rows_are_bounded),
        cmocka_unit_test(test_very_long_jids),
    };
    return cmocka_run_group_tests_name("devices", tests, NULL, NULL);
}
