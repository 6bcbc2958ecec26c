/* SPDX-License-Identifier: ISC
 *
 * One seal, two dialects: one identity and one device id in both, each device written to in the best it has, and never
 * in less than it once had (T15). A device "of 0.3" is on a server without the nodes of omemo:2. */
#include "groups.h"

#include "seal/omemo/self.h"
#include "two.h"
#include <stdlib.h>

#define LIST_03 AXOLOTL ".devicelist"

typedef struct mixed {
    world w;
    world_device *juliet; /* both dialects */
    world_device *romeo;  /* both */
    world_device *old;    /* romeo's, 0.3 */
} mixed;

static void mixed_start(mixed *m) {
    world_start(&m->w, sotto_seal_omemo());
    m->juliet = world_join(&m->w, JULIET);
    m->romeo = world_join(&m->w, ROMEO);
    m->w.without = MODERN;
    m->old = world_join(&m->w, ROMEO);
    m->w.without = NULL;
    world_go_online(m->juliet, true);
    world_go_online(m->romeo, true);
    world_go_online(m->old, true);
}

static const char *id_of(world_device *d) {
    return (const char *)world_text(d->world, "%u", world_device_id(d)).at;
}

static sotto_bytes bundle_03(world_device *d, const char *jid) {
    return world_item(d->world, jid, (const char *)world_text(d->world, AXOLOTL ".bundles:%s", id_of(d)).at, "current");
}

static const seal_key *key_of(const seal_promise *promise, uint32_t device) {
    for (size_t i = 0; i < promise->keys.count; i++) {
        if (promise->keys.at[i].device == device) return &promise->keys.at[i];
    }
    fail_msg("device %u is not there", device);
    abort(); /* not reached; the compiler does not know */
}

static seal_promise settled(world_device *d, const char *jid) {
    seal_promise promise = world_promise(d, jid);
    for (int i = 0; promise.kind == SEAL_ASKING && i < 20; i++) {
        world_settle(d->world);
        promise = world_promise(d, jid);
    }
    return promise;
}

/* ---- publishing ---- */

/* One device in both lists, one identity and the same prekeys in both bundles (T19, T20: what is used in one is used up
 * in both). */
static void test_published_in_both(void **state) {
    (void)state;
    mixed m;
    mixed_start(&m);
    assert_int_equal(world_events(m.juliet, SOTTO_EVENT_PUBLISHED), 1);
    const char *id = id_of(m.juliet), *quoted = (const char *)world_text(&m.w, "'%s'", id).at;
    assert_true(has(world_item(&m.w, JULIET, DEVICES, "current"), quoted));
    assert_true(has(world_item(&m.w, JULIET, LIST_03, "current"), quoted));
    assert_true(has(world_item(&m.w, JULIET, BUNDLES, id), "<pk "));
    const stanza_element *old = world_parse(&m.w, bundle_03(m.juliet, JULIET));
    assert_int_equal(stanza_count(stanza_child(old, "prekeys", AXOLOTL)), SOTTO_OMEMO_PREKEYS);
    sotto_bytes config;
    assert_true(bytes_map_get(&m.w.config, BYTES_LITERAL(JULIET "\0" LIST_03 "\0config"), &config));
    assert_text(config, "open");
    world_end(&m.w);
}

/* A prekey that was used in one dialect is published in neither any more. */
static void test_T19_used_in_one_used_up_in_both(void **state) {
    (void)state;
    mixed m;
    mixed_start(&m);
    sotto_bytes before_2 = world_item(&m.w, JULIET, BUNDLES, id_of(m.juliet)), before = bundle_03(m.juliet, JULIET);
    before_2 = world_text(&m.w, "%.*s", (int)before_2.len, (const char *)before_2.at);
    before = world_text(&m.w, "%.*s", (int)before.len, (const char *)before.at);
    world_expect(m.juliet, m.old, world_say(m.old, JULIET, "in 0.3"), "in 0.3");
    world_wait(&m.w, OMEMO_REFILL_MS + 1);
    sotto_bytes after_2 = world_item(&m.w, JULIET, BUNDLES, id_of(m.juliet)), after = bundle_03(m.juliet, JULIET);
    assert_false(bytes_equal(before_2, after_2));
    assert_false(bytes_equal(before, after));
    world_end(&m.w);
}

/* T8 for both lists: put back where another device took us off, and nowhere else. */
static void test_T8_put_back_on_either_list(void **state) {
    (void)state;
    static const char *const nodes[] = {DEVICES, LIST_03};
    for (int i = 0; i < 2; i++) {
        mixed m;
        mixed_start(&m);
        const char *quoted = (const char *)world_text(&m.w, "'%s'", id_of(m.juliet)).at;
        const char *list = i == 0 ? "<devices xmlns='urn:xmpp:omemo:2'><device id='4711'/></devices>"
                                  : "<list xmlns='" AXOLOTL "'><device id='4711'/></list>";
        world_set_item(&m.w, JULIET, nodes[i], "current", bytes_text(list));
        world_notify(&m.w, JULIET, nodes[i]);
        world_settle(&m.w);
        assert_true(has(world_item(&m.w, JULIET, nodes[i], "current"), quoted));
        assert_true(has(world_item(&m.w, JULIET, nodes[i], "current"), "4711"));
        assert_false(has(world_item(&m.w, JULIET, nodes[1 - i], "current"), "4711"));
        world_end(&m.w);
    }
}

static void test_leaving_removes_both(void **state) {
    (void)state;
    mixed m;
    mixed_start(&m);
    const char *id = id_of(m.juliet);
    const char *node = (const char *)world_text(&m.w, AXOLOTL ".bundles:%s", id).at;
    assert_code(world_input(m.juliet, &(seal_input){.kind = SEAL_INPUT_LEAVE}), 0);
    world_settle(&m.w);
    assert_int_equal(world_events(m.juliet, SOTTO_EVENT_LEFT), 1);
    assert_code(world_last_event(m.juliet, SOTTO_EVENT_LEFT)->reason, 0);
    assert_int_equal(world_item(&m.w, JULIET, DEVICES, "current").len, 0);
    assert_int_equal(world_item(&m.w, JULIET, BUNDLES, id).len, 0);
    assert_int_equal(world_item(&m.w, JULIET, LIST_03, "current").len, 0);
    assert_int_equal(world_item(&m.w, JULIET, node, "current").len, 0);
    world_end(&m.w);
}

/* A server that refuses one dialect's nodes: told, the other is published, and it is not called published. */
static void test_one_dialect_refused(void **state) {
    (void)state;
    world w;
    world_start(&w, sotto_seal_omemo());
    w.refuse_node = BUNDLES;
    w.refuse_with = "forbidden";
    world_device *juliet = world_join(&w, JULIET);
    world_go_online(juliet, true);
    assert_int_equal(world_events(juliet, SOTTO_EVENT_NOT_PUBLISHED), 1);
    assert_int_equal(world_events(juliet, SOTTO_EVENT_PUBLISHED), 0);
    world_end(&w);
}

/* ---- writing ---- */

/* Each device in its best; one stanza, one EME element. The key by which trust is recorded is the fingerprint. */
static void test_mixed_devices_one_stanza(void **state) {
    (void)state;
    mixed m;
    mixed_start(&m);
    seal_promise promise = settled(m.juliet, ROMEO);
    assert_int_equal(promise.kind, SEAL_READY);
    assert_int_equal(promise.keys.count, 2);
    assert_text(key_of(&promise, world_device_id(m.romeo))->dialect, "omemo:2");
    assert_text(key_of(&promise, world_device_id(m.old))->dialect, "omemo:0.3");
    for (size_t i = 0; i < 2; i++) assert_memory_equal(promise.keys.at[i].key, promise.keys.at[i].fingerprint, 32);
    sotto_bytes sealed = world_say(m.juliet, ROMEO, "to all of you");
    const stanza_element *stanza = world_parse(&m.w, sealed);
    assert_non_null(stanza_only_child(stanza, "encrypted", MODERN, NULL));
    assert_non_null(stanza_only_child(stanza, "encrypted", AXOLOTL, NULL));
    const stanza_element *eme = stanza_only_child(stanza, "encryption", "urn:xmpp:eme:0", NULL);
    assert_text(stanza_attribute_of(eme, "namespace"), AXOLOTL);
    assert_false(has(sealed, "to all of you"));
    world_expect(m.romeo, m.juliet, sealed, "to all of you");
    world_expect(m.old, m.juliet, sealed, "to all of you");
    world_end(&m.w);
}

/* For omemo:2 alone there is nothing of 0.3, and for 0.3 alone nothing of omemo:2. */
static void test_no_more_than_is_needed(void **state) {
    (void)state;
    mixed m;
    mixed_start(&m);
    sotto_bytes sealed = world_say(m.old, JULIET, "x");
    assert_false(has(sealed, "urn:xmpp:omemo:2"));
    world_device *modern = m.juliet;
    sealed = world_say(m.romeo, JULIET, "x"); /* old is romeo's own other device */
    assert_true(has(sealed, AXOLOTL));
    world_expect(modern, m.romeo, sealed, "x");
    world_expect(m.old, m.romeo, sealed, "x");
    world_end(&m.w);
}

/* Conversation in both directions over both, with answers and a restart. */
static void test_conversation_across(void **state) {
    (void)state;
    mixed m;
    mixed_start(&m);
    for (int round = 0; round < 3; round++) {
        sotto_bytes sealed = world_say(m.juliet, ROMEO, "ping");
        world_expect(m.romeo, m.juliet, sealed, "ping");
        world_expect(m.old, m.juliet, sealed, "ping");
        world_pass_controls(m.romeo);
        m.old->control_count = 0;
        sotto_bytes answer = world_say(m.old, JULIET, "pong");
        world_read read = world_open(m.juliet, m.old, answer, NULL);
        assert_int_equal(read.opened.outcome, SEAL_OPENED);
        assert_text(read.opened.key.dialect, "omemo:0.3");
        assert_int_equal(read.opened.key.device, world_device_id(m.old));
        world_expect(m.romeo, m.old, answer, "pong");
        world_expect(m.juliet, m.romeo, world_say(m.romeo, JULIET, "pong"), "pong");
        if (round == 1) {
            world_reopen(m.juliet);
            world_go_online(m.juliet, true);
        }
        m.juliet->control_count = m.romeo->control_count = m.old->control_count = 0;
    }
    assert_int_equal(world_events(m.juliet, SOTTO_EVENT_KEY_ALARM), 0);
    world_end(&m.w);
}

/* The answer to a key exchange in 0.3 is one in 0.3: a key transport, which is nobody's to show. */
static void test_T19_empty_messages_of_03(void **state) {
    (void)state;
    mixed m;
    mixed_start(&m);
    world_expect(m.juliet, m.old, world_say(m.old, JULIET, "x"), "x");
    assert_int_equal(m.juliet->control_count, 1);
    assert_true(has(m.juliet->controls[0], AXOLOTL));
    assert_false(has(m.juliet->controls[0], "<payload"));
    world_read read = world_open(m.old, m.juliet, m.juliet->controls[0], NULL);
    assert_code(read.status, 0);
    assert_int_equal(read.opened.outcome, SEAL_CONTROL);
    m.juliet->control_count = 0;
    /* And a heartbeat after 53 messages of one chain. */
    for (uint32_t i = 0; i <= SOTTO_OMEMO_HEARTBEAT; i++) {
        sotto_bytes sealed = world_say(m.old, JULIET, "y");
        assert_int_equal(m.juliet->control_count, 0);
        world_expect(m.juliet, m.old, sealed, "y");
        if (m.juliet->control_count > 0) break;
    }
    assert_int_equal(m.juliet->control_count, 1);
    assert_true(has(m.juliet->controls[0], AXOLOTL));
    world_end(&m.w);
}

/* A message of which only some can have everything: said, with who does not. */
static void test_reduced_for_some(void **state) {
    (void)state;
    mixed m;
    mixed_start(&m);
    sotto_bytes sealed;
    const char *reaction = "<message to='" ROMEO "'><reactions xmlns='urn:xmpp:reactions:0' id='1'><reaction>hush"
                           "</reaction></reactions></message>";
    assert_code(world_seal(m.juliet, reaction, &sealed), 0);
    assert_false(has(sealed, "hush") || has(sealed, AXOLOTL));
    const world_event *event = world_last_event(m.juliet, SOTTO_EVENT_REDUCED);
    assert_text(event->text, "reaction");
    assert_int_equal(event->device, world_device_id(m.old));
    world_read read = world_open(m.romeo, m.juliet, sealed, NULL);
    assert_true(has(read.opened.stanza, "hush"));
    /* Who cannot read it is not told either that it was for him. */
    read = world_open(m.old, m.juliet, sealed, NULL);
    assert_int_equal(read.opened.outcome, SEAL_UNREADABLE);
    world_end(&m.w);
}

/* A key that two devices show where a <key/> does not say whose it is: one of them gets it, the other is left out and
 * that is said. */
static void test_clash_of_device_ids(void **state) {
    (void)state;
    world w;
    world_start(&w, sotto_seal_omemo());
    world_device *juliet = world_join(&w, JULIET);
    w.without = MODERN;
    world_device *romeo = world_join(&w, ROMEO), *mallory = world_join(&w, "mallory@x.example");
    world_go_online(juliet, true);
    world_go_online(romeo, true);
    world_go_online(mallory, true);
    const char *id = id_of(romeo), *node = (const char *)world_text(&w, AXOLOTL ".bundles:%s", id).at;
    world_set_item(&w, "mallory@x.example", node, "current", bundle_03(mallory, "mallory@x.example"));
    world_set_item(&w, "mallory@x.example", LIST_03, "current",
                   world_text(&w, "<list xmlns='" AXOLOTL "'><device id='%s'/></list>", id));
    world_notify(&w, "mallory@x.example", LIST_03);
    const char *members[] = {ROMEO, "mallory@x.example"};
    sotto_bytes sealed;
    const char *text = "<message to='room@muc.example' type='groupchat'><body>x</body></message>";
    assert_code(world_seal_room(juliet, text, members, 2, &sealed), 0);
    const world_event *event = world_last_event(juliet, SOTTO_EVENT_LEFT_OUT);
    assert_code(event->reason, SOTTO_E_DEVICE_CLASH);
    const stanza_element *header =
        stanza_child(stanza_child(world_parse(&w, sealed), "encrypted", AXOLOTL), "header", AXOLOTL);
    size_t keys = 0;
    for (const stanza_element *one = stanza_first(header); one; one = stanza_next(header, one))
        keys += stanza_is(one, "key", AXOLOTL);
    assert_int_equal(keys, 1);
    world_end(&w);
}

/* T35: who takes the id of another's device does not push him out of a room he was read in before. */
static void test_T35_an_id_that_was_taken(void **state) {
    (void)state;
    world w;
    world_start(&w, sotto_seal_omemo());
    world_device *juliet = world_join(&w, JULIET);
    w.without = MODERN;
    world_device *romeo = world_join(&w, ROMEO), *mallory = world_join(&w, "mallory@x.example");
    world_go_online(juliet, true);
    world_go_online(romeo, true);
    world_go_online(mallory, true);
    world_expect(romeo, juliet, world_say(juliet, ROMEO, "hail"), "hail");
    world_expect(juliet, romeo, world_say(romeo, JULIET, "hail"), "hail");
    const char *id = id_of(romeo), *node = (const char *)world_text(&w, AXOLOTL ".bundles:%s", id).at;
    world_set_item(&w, "mallory@x.example", node, "current", bundle_03(mallory, "mallory@x.example"));
    world_set_item(&w, "mallory@x.example", LIST_03, "current",
                   world_text(&w, "<list xmlns='" AXOLOTL "'><device id='%s'/></list>", id));
    world_notify(&w, "mallory@x.example", LIST_03);
    const char *members[] = {"mallory@x.example", ROMEO};
    sotto_bytes sealed;
    const char *text = "<message to='room@muc.example' type='groupchat'><body>x</body></message>";
    assert_code(world_seal_room(juliet, text, members, 2, &sealed), 0);
    const world_event *event = world_last_event(juliet, SOTTO_EVENT_LEFT_OUT);
    assert_code(event->reason, SOTTO_E_DEVICE_CLASH);
    assert_text(event->jid, "mallory@x.example");
    const world_origin how = {.from = "room@muc.example/j", .to = ROMEO "/x", .room = true};
    world_read read = world_open(romeo, juliet, sealed, &how);
    assert_code(read.opened.reason, 0);
    assert_int_equal(read.opened.outcome, SEAL_OPENED);
    world_end(&w);
}

/* ---- T15 ---- */

/* Seen in omemo:2, then only in 0.3: not written to, and told, also after a restart. */
static void test_T15_never_less_than_before(void **state) {
    (void)state;
    for (int written = 0; written < 2; written++) {
        mixed m;
        mixed_start(&m);
        world_go_offline(m.romeo);
        if (written == 1) world_expect(m.romeo, m.juliet, world_say(m.juliet, ROMEO, "x"), "x");
        if (written == 0) settled(m.juliet, ROMEO); /* the bundle was seen */
        world_drop_item(&m.w, ROMEO, DEVICES, "current");
        world_reopen(m.juliet);
        world_go_online(m.juliet, true);
        seal_promise promise = settled(m.juliet, ROMEO);
        assert_int_equal(promise.kind, SEAL_READY); /* for the other device */
        assert_code(key_of(&promise, world_device_id(m.romeo))->problem, SOTTO_E_DOWNGRADED);
        assert_code(key_of(&promise, world_device_id(m.old))->problem, 0);
        sotto_bytes sealed = world_say(m.juliet, ROMEO, "secret");
        world_read read = world_open(m.romeo, m.juliet, sealed, NULL);
        assert_code(read.opened.reason, SOTTO_E_NOT_FOR_US);
        /* The other way round nothing is lost: it is there again. */
        world_go_online(m.romeo, true);
        promise = settled(m.juliet, ROMEO);
        assert_code(key_of(&promise, world_device_id(m.romeo))->problem, 0);
        assert_text(key_of(&promise, world_device_id(m.romeo))->dialect, "omemo:2");
        world_end(&m.w);
    }
}

/* All of them: nothing is sent. */
static void test_T15_nothing_left(void **state) {
    (void)state;
    mixed m;
    mixed_start(&m);
    world_go_offline(m.romeo);
    world_go_offline(m.old);
    world_expect(m.romeo, m.juliet, world_say(m.juliet, ROMEO, "x"), "x");
    world_drop_item(&m.w, ROMEO, DEVICES, "current");
    world_set_item(&m.w, ROMEO, LIST_03, "current",
                   world_text(&m.w, "<list xmlns='" AXOLOTL "'><device id='%s'/></list>", id_of(m.romeo)));
    world_go_online(m.juliet, true);
    seal_promise promise = settled(m.juliet, ROMEO);
    assert_int_equal(promise.kind, SEAL_BROKEN);
    assert_code(promise.reason, SOTTO_E_DOWNGRADED);
    world_end(&m.w);
}

/* The identity counts, not the id: under another id, with the true bundle of 0.3, it is pinned as well. */
static void test_T15_by_identity(void **state) {
    (void)state;
    mixed m;
    mixed_start(&m);
    world_go_offline(m.romeo);
    world_go_offline(m.old);
    world_expect(m.romeo, m.juliet, world_say(m.juliet, ROMEO, "x"), "x");
    world_drop_item(&m.w, ROMEO, DEVICES, "current");
    world_set_item(&m.w, ROMEO, AXOLOTL ".bundles:4711", "current", bundle_03(m.romeo, ROMEO));
    world_set_item(&m.w, ROMEO, LIST_03, "current",
                   BYTES_LITERAL("<list xmlns='" AXOLOTL "'><device id='4711'/></list>"));
    world_go_online(m.juliet, true);
    seal_promise promise = settled(m.juliet, ROMEO);
    assert_int_equal(promise.kind, SEAL_BROKEN);
    assert_code(promise.reason, SOTTO_E_DOWNGRADED);
    world_end(&m.w);
}

/* First spoken to in 0.3, then seen in omemo:2: from then on there, and the session of 0.3 is not written in again. */
static void test_T15_better_once_it_is_there(void **state) {
    (void)state;
    mixed m;
    mixed_start(&m);
    world_go_offline(m.romeo);
    sotto_bytes list = world_item(&m.w, ROMEO, DEVICES, "current");
    list = world_text(&m.w, "%.*s", (int)list.len, (const char *)list.at);
    world_drop_item(&m.w, ROMEO, DEVICES, "current");
    world_go_online(m.juliet, true);
    sotto_bytes sealed = world_say(m.juliet, ROMEO, "old");
    assert_false(has(sealed, "xmlns='urn:xmpp:omemo:2'"));
    world_expect(m.romeo, m.juliet, sealed, "old");
    world_set_item(&m.w, ROMEO, DEVICES, "current", list);
    world_go_online(m.juliet, true);
    sealed = world_say(m.juliet, ROMEO, "new");
    assert_text(world_open(m.romeo, m.juliet, sealed, NULL).opened.key.dialect, "omemo:2");
    assert_int_equal(world_events(m.juliet, SOTTO_EVENT_KEY_ALARM), 0); /* it is the same key */
    assert_int_equal(m.juliet->ring_count, 2);
    world_drop_item(&m.w, ROMEO, DEVICES, "current");
    world_go_online(m.juliet, true);
    seal_promise promise = settled(m.juliet, ROMEO);
    assert_code(key_of(&promise, world_device_id(m.romeo))->problem, SOTTO_E_DOWNGRADED);
    world_end(&m.w);
}

/* One id with two identities: an alarm, and the one of the better list is meant. */
static void test_T9_T15_two_identities_of_one_id(void **state) {
    (void)state;
    mixed m;
    mixed_start(&m);
    world_go_offline(m.romeo);
    world_go_offline(m.old);
    world_expect(m.old, m.juliet, world_say(m.juliet, ROMEO, "x"), "x");
    const char *id = id_of(m.old);
    sotto_bytes bundle = world_item(&m.w, ROMEO, BUNDLES, id_of(m.romeo));
    world_set_item(&m.w, ROMEO, BUNDLES, id, bundle);
    world_set_item(&m.w, ROMEO, DEVICES, "current",
                   world_text(&m.w, "<devices xmlns='urn:xmpp:omemo:2'><device id='%s'/></devices>", id));
    world_go_online(m.juliet, true);
    seal_promise promise = settled(m.juliet, ROMEO);
    assert_int_equal(promise.keys.count, 2);
    assert_text(key_of(&promise, world_device_id(m.old))->dialect, "omemo:2");
    assert_int_equal(world_events(m.juliet, SOTTO_EVENT_KEY_ALARM), 1); /* though that identity was seen before */
    world_end(&m.w);
}

/* ---- reading ---- */

/* T30, T31, T33: each with its own error, nothing changed, and the good message is read afterwards. What the keys hold
 * is in test_axolotl.c and test_exchange.c. */
static void test_T30_T33_bad_samples_of_03(void **state) {
    (void)state;
    static const struct {
        const char *part, *with;
        int code;
    } samples[] = {
        {"<header ", "<header xmlns='urn:x:other' ", SOTTO_E_MALFORMED},
        {"</encrypted>", "</encrypted><encrypted xmlns='" AXOLOTL "'/>", SOTTO_E_MALFORMED},
        {"</header>", "</header><header sid='1'/>", SOTTO_E_MALFORMED},
        {"</payload>", "</payload><payload>AAAA</payload>", SOTTO_E_MALFORMED},
        {"</iv>", "</iv><iv>AAAA</iv>", SOTTO_E_MALFORMED},
        {"<payload>", "<payload>*", SOTTO_E_MALFORMED},
        {"<iv>", "<iv>AAAA", SOTTO_E_MALFORMED},
        {"sid='", "sid='-", SOTTO_E_MALFORMED},
        {"rid='", "rid='1", SOTTO_E_NOT_FOR_US},
    };
    mixed m;
    mixed_start(&m);
    world_expect(m.juliet, m.old, world_say(m.old, JULIET, "hail"), "hail");
    world_pass_controls(m.juliet);
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        sotto_bytes good = world_say(m.old, JULIET, "good");
        sotto_bytes bad = world_replace(&m.w, good, samples[i].part, samples[i].with), before = world_records(m.juliet);
        world_read read = world_open(m.juliet, m.old, bad, NULL);
        assert_code(read.status, 0);
        assert_int_equal(read.opened.outcome, SEAL_UNREADABLE);
        assert_code(read.opened.reason, samples[i].code);
        assert_true(bytes_equal(before, world_records(m.juliet)));
        world_expect(m.juliet, m.old, good, "good");
    }
    world_end(&m.w);
}

/* `count` keys for the same device id, which are another's, before those that are there. */
static sotto_bytes with_keys_before(world *w, sotto_bytes stanza, unsigned count) {
    const char *text = (const char *)world_text(w, "%.*s", (int)stanza.len, (const char *)stanza.at).at;
    const char *key = strstr(text, "<key "), *end = strstr(key, "</key>") + 6, *altered = end - 80; /* the ciphertext */
    sotto_bytes others = BYTES_LITERAL("");
    for (unsigned i = 0; i < count; i++)
        others = world_text(w, "%.*s%.*sAAAA%s", (int)others.len, (const char *)others.at, (int)(altered - key), key,
                            (const char *)world_text(w, "%.*s", (int)(end - altered - 4), altered + 4).at);
    return world_text(w, "%.*s%.*s%s", (int)(key - text), text, (int)others.len, (const char *)others.at, key);
}

/* limit: SOTTO_OMEMO_KEYS_OF_ONE_ID
 * T31, T35: somebody in a room gives his device the id of another's, and every client of 0.3 writes two keys for that
 * id. Whoever comes first, both can read. */
static void test_T31_a_device_id_that_another_took(void **state) {
    (void)state;
    mixed m;
    mixed_start(&m);
    for (unsigned round = 0; round < 2; round++) { /* key exchanges, and messages in a session */
        for (unsigned count = 0; count < SOTTO_OMEMO_KEYS_OF_ONE_ID; count++) {
            sotto_bytes good = world_say(m.old, JULIET, "good");
            world_expect(m.juliet, m.old, with_keys_before(&m.w, good, count), "good");
            /* A second time it is a repetition, and silent. */
            world_read again = world_open(m.juliet, m.old, with_keys_before(&m.w, good, count), NULL);
            assert_int_equal(again.opened.outcome, SEAL_DUPLICATE);
        }
        sotto_bytes good = world_say(m.old, JULIET, "good");
        sotto_bytes crowded = with_keys_before(&m.w, good, SOTTO_OMEMO_KEYS_OF_ONE_ID);
        world_expect_unreadable(m.juliet, m.old, crowded, SOTTO_E_BAD_MAC);
        world_expect(m.juliet, m.old, good, "good");
        world_pass_controls(m.juliet);
    }
    world_end(&m.w);
}

/* The payload altered, and the message shown as another sender's. */
static void test_T11_T13_altered_or_carried_elsewhere(void **state) {
    (void)state;
    mixed m;
    mixed_start(&m);
    world_expect(m.juliet, m.old, world_say(m.old, JULIET, "hail"), "hail");
    world_pass_controls(m.juliet);
    sotto_bytes good = world_say(m.old, JULIET, "good");
    const char *at = strstr((const char *)good.at, "<payload>");
    assert_non_null(at);
    char first[] = {'<', 'p', 'a', 'y', 'l', 'o', 'a', 'd', '>', at[9], 0}, other[sizeof first];
    memcpy(other, first, sizeof first);
    other[9] = first[9] == 'A' ? 'B' : 'A';
    sotto_bytes before = world_records(m.juliet);
    world_expect_unreadable(m.juliet, m.old, world_replace(&m.w, good, first, other), SOTTO_E_BAD_MAC);
    assert_true(bytes_equal(before, world_records(m.juliet)));
    const world_origin elsewhere = {.from = "mercutio@verona.example/x"};
    world_read read = world_open(m.juliet, m.old, good, &elsewhere);
    assert_int_equal(read.opened.outcome, SEAL_UNREADABLE);
    assert_code(read.opened.reason, SOTTO_E_NO_SESSION);
    world_expect(m.juliet, m.old, good, "good");
    world_end(&m.w);
}

/* A list that does not answer, of which nothing was ever heard, may hold better devices: nothing is sent in less. One
 * that is refused is none. */
static void test_T15_a_list_that_does_not_answer(void **state) {
    (void)state;
    for (int refused = 0; refused < 2; refused++) {
        mixed m;
        mixed_start(&m);
        world_device *nurse = world_join(&m.w, "nurse@capulet.example");
        world_go_online(nurse, true);
        m.w.refuse_node = DEVICES;
        m.w.refuse_with = refused ? "forbidden" : NULL;
        seal_promise promise = settled(nurse, ROMEO);
        assert_int_equal(promise.kind, refused ? SEAL_READY : SEAL_BROKEN);
        assert_code(promise.reason, refused ? 0 : SOTTO_E_TIMEOUT);
        world_end(&m.w);
    }
}

/* limit: SOTTO_OMEMO_PINS_MAX
 * A flood of new identities does not push out what is known of the first one. */
static void test_T15_flood_of_identities(void **state) {
    (void)state;
    mixed m;
    mixed_start(&m);
    world_expect(m.romeo, m.juliet, world_say(m.juliet, ROMEO, "x"), "x");
    omemo_row row;
    size_t pins = 0;
    static const uint8_t value[2] = {1, 0};
    for (uint32_t i = 0; i < SOTTO_OMEMO_PINS_MAX; i++) {
        uint8_t key[32] = {(uint8_t)i, (uint8_t)(i >> 8), 9};
        assert_code(omemo_row_best(&row, BYTES_LITERAL(ROMEO), key), 0);
        assert_true(sotto_ok(bytes_map_put(&m.juliet->records, omemo_row_key(&row), bytes_of(value, 2))));
    }
    world_device *romeo3 = world_join(&m.w, ROMEO);
    world_go_online(romeo3, true);
    world_expect(romeo3, m.juliet, world_say(m.juliet, ROMEO, "y"), "y");
    sotto_bytes key = BYTES_NONE, found;
    for (bool beyond = false; bytes_map_from(&m.juliet->records, key, beyond, &key, &found); beyond = true)
        pins += bytes_starts_with(key, BYTES_LITERAL(ROMEO)) && omemo_row_is_best(key, strlen(ROMEO));
    assert_int_equal(pins, SOTTO_OMEMO_PINS_MAX + 1); /* romeo's first device, and the flood */
    world_end(&m.w);
}

int dialect_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_in_both),
        cmocka_unit_test(test_T19_used_in_one_used_up_in_both),
        cmocka_unit_test(test_T8_put_back_on_either_list),
        cmocka_unit_test(test_leaving_removes_both),
        cmocka_unit_test(test_one_dialect_refused),
        cmocka_unit_test(test_mixed_devices_one_stanza),
        cmocka_unit_test(test_no_more_than_is_needed),
        cmocka_unit_test(test_conversation_across),
        cmocka_unit_test(test_T19_empty_messages_of_03),
        cmocka_unit_test(test_reduced_for_some),
        cmocka_unit_test(test_clash_of_device_ids),
        cmocka_unit_test(test_T15_never_less_than_before),
        cmocka_unit_test(test_T15_nothing_left),
        cmocka_unit_test(test_T15_by_identity),
        cmocka_unit_test(test_T15_better_once_it_is_there),
        cmocka_unit_test(test_T9_T15_two_identities_of_one_id),
        cmocka_unit_test(test_T15_a_list_that_does_not_answer),
        cmocka_unit_test(test_T15_flood_of_identities),
        cmocka_unit_test(test_T35_an_id_that_was_taken),
        cmocka_unit_test(test_T31_a_device_id_that_another_took),
        cmocka_unit_test(test_T30_T33_bad_samples_of_03),
        cmocka_unit_test(test_T11_T13_altered_or_carried_elsewhere),
    };
    return cmocka_run_group_tests_name("dialects", tests, NULL, NULL);
}
