/* SPDX-License-Identifier: ISC
 *
 * T18: a store that was copied back or cloned is noticed before a key is used again, and the device goes on as another.
 * Every test ends with a conversation, and looks for message keys that were used twice: same ratchet key and number,
 * other bytes. */
#include "groups.h"
#include "seal/omemo/own.h"
#include "seal/omemo/wire.h"
#include "testing.h"
#include "two.h"

#include "bytes/base64.h"

#define OPENING "urn:sotto:opening:0"

/* ---- copies ---- */

static void records_copy(const bytes_map *from, bytes_map *ret) {
    sotto_bytes key = BYTES_NONE, value;
    bytes_map_init(ret, sotto_host_default());
    for (bool beyond = false; bytes_map_from(from, key, beyond, &key, &value); beyond = true)
        assert_code(bytes_map_put(ret, key, value), 0);
}

static void set_back(world_device *d, const bytes_map *copy) {
    bytes_map_clear(&d->records);
    records_copy(copy, &d->records);
}

static const char *id_text(world_device *d) {
    return (const char *)world_text(d->world, "%u", world_device_id(d)).at;
}

static bool is_listed(world *w, const char *jid, uint32_t device) {
    return has(world_item(w, jid, DEVICES, "current"), (const char *)world_text(w, "'%u'", device).at);
}

/* The item as the server has it now, to keep. */
static sotto_bytes item_of(world_device *d) {
    sotto_bytes item = world_item(d->world, JULIET, OPENING, id_text(d)), copy = BYTES_NONE;
    assert_true(bytes_arena_copy(&d->world->memory, item, &copy));
    return copy;
}

static void restart(world_device *d) {
    world_reopen(d);
    world_go_online(d, true);
}

/* ---- message keys ---- */

typedef struct used {
    uint8_t ratchet[32];
    uint32_t n;
    sotto_bytes text;
} used;

typedef struct record {
    used at[64];
    size_t count;
} record;

/* The one key of a stanza to somebody with one device. */
static void note(record *r, world *w, sotto_bytes stanza) {
    const stanza_element *header =
        stanza_child(stanza_child(world_parse(w, stanza), "encrypted", NULL), "header", NULL);
    const stanza_element *key = stanza_child(stanza_child(header, "keys", NULL), "key", NULL);
    sotto_bytes text, bytes;
    bytes_buffer decoded;
    omemo_message message;
    uint8_t *memory = bytes_arena_take(&w->memory, 1024);
    bytes_buffer_borrowed(&decoded, memory, 1024);
    assert_true(stanza_text(key, &w->memory, &text));
    assert_code(bytes_base64_get(&decoded, text), 0);
    assert_code(bytes_buffer_end(&decoded, &bytes), 0);
    if (stanza_attribute_of(key, "kex").len > 0) {
        omemo_kex kex;
        assert_code(omemo_wire_read_exchange(bytes, &kex), 0);
        bytes = kex.message;
    }
    assert_code(omemo_wire_read_message(bytes, &message), 0);
    for (size_t i = 0; i < r->count; i++) {
        bool same_key = memcmp(r->at[i].ratchet, message.ratchet.bytes, 32) == 0 && r->at[i].n == message.n;
        if (same_key) assert_true(bytes_equal(r->at[i].text, text));
    }
    assert_true(r->count < sizeof r->at / sizeof r->at[0]);
    memcpy(r->at[r->count].ratchet, message.ratchet.bytes, 32);
    r->at[r->count].n = message.n;
    r->at[r->count++].text = text;
}

static void say(record *r, world_device *from, world_device *to, const char *jid) {
    sotto_bytes stanza = world_say(from, jid, "hail");
    note(r, from->world, stanza);
    world_expect(to, from, stanza, "hail");
    world_pass_controls(to);
}

/* Both write and both read. */
static void converse(record *r, two *t) {
    for (int i = 0; i < 3; i++) {
        say(r, t->juliet, t->romeo, ROMEO);
        say(r, t->juliet, t->romeo, ROMEO);
        world_settle(&t->w);
        sotto_bytes back = world_say(t->romeo, JULIET, "and you");
        world_expect(t->juliet, t->romeo, back, "and you");
        world_pass_controls(t->juliet);
    }
}

static void assert_renewed(two *t, uint32_t before) {
    uint32_t now = world_device_id(t->juliet);
    assert_int_equal(world_events(t->juliet, SOTTO_EVENT_COPIED), 1);
    assert_int_equal(world_last_event(t->juliet, SOTTO_EVENT_COPIED)->number, now);
    assert_int_not_equal(now, before);
    assert_true(is_listed(&t->w, JULIET, now));
    assert_false(is_listed(&t->w, JULIET, before));
    assert_true(world_item(&t->w, JULIET, BUNDLES, id_text(t->juliet)).len > 0);
    assert_true(world_item(&t->w, JULIET, OPENING, id_text(t->juliet)).len > 0);
}

/* ---- the item ---- */

static void test_T18_item_is_private_and_new_at_each_opening(void **state) {
    (void)state;
    two t;
    record r = {.count = 0};
    sotto_bytes config;
    two_start(&t);
    assert_true(bytes_map_get(&t.w.config, BYTES_LITERAL(JULIET "\0" OPENING "\0config"), &config));
    assert_text(config, " many"); /* not open; test/unit/lab has the model by name */
    sotto_bytes item[3];
    for (int i = 0; i < 3; i++) {
        item[i] = item_of(t.juliet);
        const stanza_element *opening = world_parse(&t.w, item[i]);
        assert_text(opening->ns, OPENING);
        assert_text(stanza_attribute_of(opening, "number"), (const char *)world_text(&t.w, "%d", i + 1).at);
        for (int k = 0; k < i; k++)
            assert_false(bytes_equal(stanza_attribute_of(opening, "name"),
                                     stanza_attribute_of(world_parse(&t.w, item[k]), "name")));
        restart(t.juliet);
    }
    /* A new stream is no new opening. */
    sotto_bytes last = item_of(t.juliet);
    world_go_online(t.juliet, true);
    assert_true(bytes_equal(last, item_of(t.juliet)));
    converse(&r, &t);
    assert_int_equal(world_events(t.juliet, SOTTO_EVENT_COPIED), 0);
    two_end(&t);
}

static void test_T18_node_configured_otherwise(void **state) {
    (void)state;
    two t;
    sotto_bytes config;
    world_start(&t.w, sotto_seal_omemo());
    sotto_bytes key = BYTES_LITERAL(JULIET "\0" OPENING "\0config");
    assert_code(bytes_map_put(&t.w.config, key, BYTES_LITERAL("open")), 0);
    t.juliet = world_join(&t.w, JULIET);
    world_go_online(t.juliet, true);
    assert_true(bytes_map_get(&t.w.config, key, &config));
    assert_text(config, " many");
    assert_true(item_of(t.juliet).len > 0);
    two_end(&t);
}

/* ---- copied back ---- */

static void test_T18_copied_back(void **state) {
    (void)state;
    for (int between = 1; between < 4; between++) {
        two t;
        record r = {.count = 0};
        bytes_map yesterday;
        two_start(&t);
        converse(&r, &t);
        uint32_t before = world_device_id(t.juliet);
        records_copy(&t.juliet->records, &yesterday);
        for (int i = 0; i < between; i++) {
            restart(t.juliet);
            converse(&r, &t);
        }
        set_back(t.juliet, &yesterday);
        world_reopen(t.juliet);
        t.juliet->online = true;
        assert_code(world_input(t.juliet, &(seal_input){.kind = SEAL_INPUT_ONLINE, .fresh = true}), 0);
        assert_int_equal(world_promise(t.juliet, ROMEO).kind, SEAL_ASKING); /* nothing before the answer */
        world_settle(&t.w);
        assert_renewed(&t, before);
        converse(&r, &t);
        restart(t.juliet);
        converse(&r, &t);
        assert_int_equal(world_events(t.juliet, SOTTO_EVENT_COPIED), 1);
        bytes_map_clear(&yesterday);
        two_end(&t);
    }
}

/* The devices of the own account as a person sees them. */
static size_t own_devices(world_device *d) {
    seal_keys keys = {NULL, 0};
    assert_code(d->world->class->list_keys(d->self, &d->env, d->env.account, &keys), 0);
    bytes_arena_clear(&d->arena);
    return keys.count;
}

/* What the store itself noticed does not wait for a server. */
static void test_T18_the_store_says_so(void **state) {
    (void)state;
    two t;
    record r = {.count = 0};
    bytes_map yesterday;
    two_start(&t);
    converse(&r, &t);
    uint32_t before = world_device_id(t.juliet);
    records_copy(&t.juliet->records, &yesterday);
    converse(&r, &t);
    set_back(t.juliet, &yesterday);
    t.w.refuse_node = OPENING;
    t.w.refuse_with = "feature-not-implemented";
    t.juliet->env.set_back = true;
    world_reopen(t.juliet);
    t.juliet->env.set_back = false;
    assert_int_not_equal(world_device_id(t.juliet), before);
    assert_int_equal(own_devices(t.juliet), 1); /* not the id that is given up as well */
    world_go_online(t.juliet, true);
    assert_int_equal(own_devices(t.juliet), 1);
    t.w.refuse_node = NULL;
    restart(t.juliet);
    assert_renewed(&t, before);
    converse(&r, &t);
    bytes_map_clear(&yesterday);
    two_end(&t);
}

/* A copy made and used within one opening: there is a new number while messages are sealed. */
static void test_T18_copied_within_one_opening(void **state) {
    (void)state;
    two t;
    record r = {.count = 0};
    bytes_map copy;
    two_start(&t);
    converse(&r, &t);
    uint32_t before = world_device_id(t.juliet);
    records_copy(&t.juliet->records, &copy);
    sotto_bytes first = item_of(t.juliet);
    world_wait(&t.w, 601000);
    sotto_bytes second = item_of(t.juliet);
    assert_false(bytes_equal(first, second)); /* after what was said last */
    world_wait(&t.w, 3601000);
    assert_true(bytes_equal(second, item_of(t.juliet))); /* quiet: nothing to tell */
    converse(&r, &t);
    assert_false(bytes_equal(second, item_of(t.juliet)));
    set_back(t.juliet, &copy);
    restart(t.juliet);
    assert_renewed(&t, before);
    converse(&r, &t);
    bytes_map_clear(&copy);
    two_end(&t);
}

/* ---- two at once ---- */

/* juliet's store on a second machine. */
static world_device *clone(two *t, const bytes_map *records) {
    world_device *second = world_join(&t->w, JULIET);
    set_back(second, records);
    world_reopen(second);
    return second;
}

static void test_T18_clone_beside_a_running_one(void **state) {
    (void)state;
    two t;
    record r = {.count = 0};
    bytes_map copy;
    two_start(&t);
    converse(&r, &t);
    records_copy(&t.juliet->records, &copy);
    restart(t.juliet); /* another opening since */
    converse(&r, &t);
    uint32_t before = world_device_id(t.juliet);
    world_device *second = clone(&t, &copy);
    world_go_online(second, true);
    assert_int_equal(world_events(second, SOTTO_EVENT_COPIED), 1);
    assert_int_equal(world_events(t.juliet, SOTTO_EVENT_COPIED), 0);
    assert_int_not_equal(world_device_id(second), before);
    assert_int_equal(world_device_id(t.juliet), before);
    world_settle(&t.w);
    /* The one that was there puts itself back on the list; both are devices of their own now. */
    assert_true(is_listed(&t.w, JULIET, before));
    assert_true(is_listed(&t.w, JULIET, world_device_id(second)));
    sotto_bytes both = world_say(t.romeo, JULIET, "both");
    world_expect(t.juliet, t.romeo, both, "both");
    world_expect(second, t.romeo, both, "both");
    sotto_bytes from_second = world_say(second, ROMEO, "second");
    world_expect(t.romeo, second, from_second, "second");
    /* They share an identity, so that neither can write to the other: one of them should leave. It is seen. */
    seal_promise promise = world_promise(second, ROMEO);
    assert_int_equal(promise.kind, SEAL_READY);
    assert_int_equal(promise.keys.count, 2);
    assert_int_equal(promise.keys.at[1].device, before);
    assert_code(promise.keys.at[1].problem, SOTTO_E_BAD_KEY);
    bytes_map_clear(&copy);
    two_end(&t);
}

/* A copy of the very opening that is running: the notification tells the one that was there. */
static void test_T18_clone_of_a_running_one(void **state) {
    (void)state;
    two t;
    record r = {.count = 0};
    bytes_map copy;
    two_start(&t);
    converse(&r, &t);
    records_copy(&t.juliet->records, &copy);
    uint32_t before = world_device_id(t.juliet);
    world_device *second = clone(&t, &copy);
    world_go_online(second, true);
    /* One of the two goes on as the device, and only one. */
    assert_int_equal(world_device_id(second), before);
    assert_int_equal(world_events(t.juliet, SOTTO_EVENT_COPIED), 1);
    assert_int_not_equal(world_device_id(t.juliet), before);
    say(&r, second, t.romeo, ROMEO);
    bytes_map_clear(&copy);
    two_end(&t);
}

/* Both look before either writes: each sees the other's item, and both step aside. */
static void test_T18_clones_at_the_same_moment(void **state) {
    (void)state;
    two t;
    bytes_map copy;
    record r = {.count = 0};
    two_start(&t);
    converse(&r, &t);
    uint32_t before = world_device_id(t.juliet);
    records_copy(&t.juliet->records, &copy);
    world_device *pair[2] = {t.juliet, clone(&t, &copy)};
    world_reopen(t.juliet);
    for (int i = 0; i < 2; i++) {
        pair[i]->online = true;
        assert_code(world_input(pair[i], &(seal_input){.kind = SEAL_INPUT_ONLINE, .fresh = true}), 0);
    }
    world_answer(pair[0]);
    world_answer(pair[1]);
    world_settle(&t.w);
    uint32_t one = world_device_id(pair[0]), other = world_device_id(pair[1]);
    assert_int_not_equal(one, other);
    assert_true((one != before) + (other != before) >= 1);
    assert_true(is_listed(&t.w, JULIET, one));
    assert_true(is_listed(&t.w, JULIET, other));
    world_expect(t.romeo, pair[0], world_say(pair[0], ROMEO, "one"), "one");
    world_expect(t.romeo, pair[1], world_say(pair[1], ROMEO, "other"), "other");
    bytes_map_clear(&copy);
    two_end(&t);
}

/* ---- what is no copy ---- */

/* A server that shows what it likes: nothing of it makes us give up the device. */
static void test_T18_forged_items_change_nothing(void **state) {
    (void)state;
    two t;
    record r = {.count = 0};
    two_start(&t);
    converse(&r, &t);
    uint32_t before = world_device_id(t.juliet);
    const char *id = id_text(t.juliet);
    sotto_bytes first = item_of(t.juliet), of_romeo = world_item(&t.w, ROMEO, OPENING, romeo_id(&t));
    const sotto_bytes items[] = {
        world_replace(&t.w, first, "number='1'", "number='9'"),
        world_replace(&t.w, first, "number='1'", "number='18446744073709551615'"),
        world_replace(&t.w, first, "number='1'", "number='0'"),
        world_replace(&t.w, first, "number='1'", ""),
        world_replace(&t.w, first, "signature='", "signature='A"),
        world_replace(&t.w, first, "name='", "name='AAAA"),
        world_replace(&t.w, first, OPENING, "urn:sotto:opening:1"),
        of_romeo,
        BYTES_LITERAL("<opening xmlns='" OPENING "'/>"),
    };
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        world_set_item(&t.w, JULIET, OPENING, id, items[i]);
        world_notify(&t.w, JULIET, OPENING);
        restart(t.juliet);
        say(&r, t.juliet, t.romeo, ROMEO);
    }
    /* One of ours, but old, and none at all. */
    world_set_item(&t.w, JULIET, OPENING, id, first);
    world_notify(&t.w, JULIET, OPENING);
    restart(t.juliet);
    world_drop_item(&t.w, JULIET, OPENING, id);
    restart(t.juliet);
    assert_int_equal(world_device_id(t.juliet), before);
    assert_int_equal(world_events(t.juliet, SOTTO_EVENT_COPIED), 0);
    converse(&r, &t);
    two_end(&t);
}

/* A server without private nodes protects nobody, and stops nobody. One that does not answer is asked again. */
static void test_T18_refusals_and_silence(void **state) {
    (void)state;
    static const char *const refusals[] = {"feature-not-implemented", "forbidden",           "item-not-found",
                                           "precondition-not-met",    "resource-constraint", NULL};
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        two t;
        record r = {.count = 0};
        two_start(&t);
        converse(&r, &t);
        uint32_t before = world_device_id(t.juliet);
        t.w.refuse_node = OPENING;
        t.w.refuse_with = refusals[i];
        restart(t.juliet);
        if (refusals[i] == NULL) {
            assert_int_equal(world_promise(t.juliet, ROMEO).kind, SEAL_ASKING);
            t.w.refuse_node = NULL;
            world_wait(&t.w, 60000);
        }
        converse(&r, &t);
        t.w.refuse_node = NULL;
        restart(t.juliet);
        converse(&r, &t);
        assert_int_equal(world_device_id(t.juliet), before);
        two_end(&t);
    }
}

/* An item that left and was not confirmed before the program ended is known again; so is the one before it. */
static void test_T18_killed_while_telling(void **state) {
    (void)state;
    for (int arrived = 0; arrived < 2; arrived++) {
        two t;
        record r = {.count = 0};
        two_start(&t);
        converse(&r, &t);
        uint32_t before = world_device_id(t.juliet);
        for (int i = 0; i < 4; i++) {
            world_reopen(t.juliet);
            t.juliet->online = true;
            assert_code(world_input(t.juliet, &(seal_input){.kind = SEAL_INPUT_ONLINE, .fresh = true}), 0);
            world_answer(t.juliet); /* the item is asked for and another one is on its way */
            if (arrived == 0) continue;
            world_ask put = t.juliet->asks[0];
            bytes_map records;
            records_copy(&t.juliet->records, &records);
            world_answer(t.juliet);
            assert_true(has(put.payload, OPENING));
            set_back(t.juliet, &records); /* the answer was not read */
            bytes_map_clear(&records);
        }
        restart(t.juliet);
        assert_int_equal(world_device_id(t.juliet), before);
        assert_int_equal(world_events(t.juliet, SOTTO_EVENT_COPIED), 0);
        converse(&r, &t);
        two_end(&t);
    }
}

/* ---- meanwhile ---- */

/* Before the answer, what begins a chain of its own is written; what would go on with a remembered one waits. */
static void test_T18_answers_before_the_check(void **state) {
    (void)state;
    two t;
    two_start(&t);
    sotto_bytes first = world_say(t.romeo, JULIET, "first");
    world_reopen(t.juliet);
    t.juliet->online = true;
    assert_code(world_input(t.juliet, &(seal_input){.kind = SEAL_INPUT_ONLINE, .fresh = true}), 0);
    world_expect(t.juliet, t.romeo, first, "first");
    assert_int_equal(world_pass_controls(t.juliet), 1); /* the key exchange is answered at once */
    world_settle(&t.w);
    /* A heartbeat in a chain that was written in before. */
    world_expect(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "x"), "x");
    world_expect(t.juliet, t.romeo, world_say(t.romeo, JULIET, "x"), "x");
    world_expect(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "x"), "x");
    sotto_bytes last = BYTES_NONE;
    for (int i = 0; i < 60; i++) last = world_say(t.romeo, JULIET, "on");
    t.romeo->control_count = t.juliet->control_count = 0;
    sotto_bytes early = world_say(t.romeo, JULIET, "early");
    world_read read = world_open(t.juliet, t.romeo, early, NULL); /* the step is made, and the heartbeat with it */
    assert_int_equal(read.opened.outcome, SEAL_OPENED);
    assert_int_equal(world_pass_controls(t.juliet), 1);
    world_expect(t.juliet, t.romeo, last, "on");
    assert_int_equal(t.juliet->control_count, 0);
    two_end(&t);
}

/* A copy must not put its old bundle, or its id, over those of the one that lives. */
static void test_T18_nothing_is_published_before_the_check(void **state) {
    (void)state;
    two t;
    two_start(&t);
    sotto_bytes first = world_say(t.romeo, JULIET, "first");
    t.w.refuse_node = OPENING;
    t.w.refuse_with = NULL;
    restart(t.juliet);
    size_t before = t.w.publications;
    world_expect(t.juliet, t.romeo, first, "first"); /* a prekey is used */
    world_drop_item(&t.w, JULIET, DEVICES, "current");
    world_notify(&t.w, JULIET, DEVICES);
    world_wait(&t.w, 30000);
    world_go_online(t.juliet, false);
    assert_int_equal(t.w.publications, before);
    assert_int_equal(world_item(&t.w, JULIET, DEVICES, "current").len, 0);
    t.w.refuse_node = NULL;
    world_wait(&t.w, 60000);
    assert_int_equal(t.w.publications, before + 1);
    assert_true(is_listed(&t.w, JULIET, world_device_id(t.juliet)));
    two_end(&t);
}

/* A device that was being taken off goes on going, under its own id and without its sessions. */
static void test_T18_copied_back_while_leaving(void **state) {
    (void)state;
    two t;
    record r = {.count = 0};
    two_start(&t);
    converse(&r, &t);
    uint32_t before = world_device_id(t.juliet);
    assert_code(world_input(t.juliet, &(seal_input){.kind = SEAL_INPUT_LEAVE}), 0);
    t.juliet->env.set_back = true;
    world_reopen(t.juliet);
    t.juliet->env.set_back = false;
    assert_int_equal(world_device_id(t.juliet), before);
    assert_int_equal(world_events(t.juliet, SOTTO_EVENT_COPIED), 0);
    world_go_online(t.juliet, true);
    assert_code(world_last_event(t.juliet, SOTTO_EVENT_LEFT)->reason, 0);
    assert_int_equal(world_item(&t.w, JULIET, DEVICES, "current").len, 0);
    two_end(&t);
}

/* Records from before there was a retired device are read. */
static void older_record(uint8_t version, size_t shorter) {
    two t;
    record r = {.count = 0};
    sotto_bytes key = BYTES_LITERAL("\0i"), value;
    uint8_t older[1024];
    two_start(&t);
    converse(&r, &t);
    uint32_t before = world_device_id(t.juliet);
    assert_true(bytes_map_get(&t.juliet->records, key, &value));
    memcpy(older, value.at, value.len);
    assert_int_equal(older[0], 3);
    older[0] = version;
    assert_code(bytes_map_put(&t.juliet->records, key, bytes_of(older, value.len - shorter)), 0);
    restart(t.juliet);
    assert_int_equal(world_device_id(t.juliet), before);
    converse(&r, &t);
    two_end(&t);
}

/* Version 1 knew no retired device, 2 one dialect: its signature is made when the record is read. */
static void test_own_record_of_older_versions(void **state) {
    (void)state;
    older_record(2, 68);
    older_record(1, 68 + 4);
}

/* ---- what was taken back ---- */

/* The step failed after the seal was called, as the engine deals with it: everything staged is undone, and the seal is
 * told to forget. */
static void take_back(world_device *d, const bytes_map *records, size_t asks, size_t controls) {
    set_back(d, records);
    d->ask_count = asks;
    d->control_count = controls;
    d->world->class->forget(d->self, BYTES_NONE);
}

/* The answer that shows another copy comes in a step that fails: what it says is not forgotten with it. */
static void test_T18_the_answer_in_a_step_that_fails(void **state) {
    (void)state;
    for (int foreign = 0; foreign < 2; foreign++) {
        two t;
        record r = {.count = 0};
        bytes_map yesterday, staged;
        two_start(&t);
        converse(&r, &t);
        uint32_t before = world_device_id(t.juliet);
        records_copy(&t.juliet->records, &yesterday);
        if (foreign) {
            restart(t.juliet);
            converse(&r, &t);
            set_back(t.juliet, &yesterday);
        }
        world_reopen(t.juliet);
        t.juliet->online = true;
        assert_code(world_input(t.juliet, &(seal_input){.kind = SEAL_INPUT_ONLINE, .fresh = true}), 0);
        records_copy(&t.juliet->records, &staged);
        size_t asks = t.juliet->ask_count;
        world_answer(t.juliet);
        assert_int_equal(world_device_id(t.juliet) != before, foreign);
        t.juliet->event_count = 0;
        take_back(t.juliet, &staged, asks, 0);
        assert_int_equal(world_device_id(t.juliet), before);
        t.juliet->ask_count = 0; /* the question that was answered is not asked again by the engine */
        assert_int_equal(world_promise(t.juliet, ROMEO).kind, SEAL_ASKING);
        world_settle(&t.w);
        if (foreign) assert_renewed(&t, before);
        if (!foreign) assert_int_equal(world_device_id(t.juliet), before);
        converse(&r, &t);
        bytes_map_clear(&staged);
        bytes_map_clear(&yesterday);
        two_end(&t);
    }
}

/* The last answer of a leaving device, in a step that fails: the keys are still there, and so is the device. */
static void test_leaving_in_a_step_that_fails(void **state) {
    (void)state;
    two t;
    record r = {.count = 0};
    bytes_map staged;
    two_start(&t);
    converse(&r, &t);
    uint32_t before = world_device_id(t.juliet);
    assert_code(world_input(t.juliet, &(seal_input){.kind = SEAL_INPUT_LEAVE}), 0);
    for (int i = 0; i < 4; i++) world_answer(t.juliet); /* the list, without this device; the bundle; the list of 0.3 */
    records_copy(&t.juliet->records, &staged);
    size_t asks = t.juliet->ask_count;
    world_ask last = t.juliet->asks[0];
    world_answer(t.juliet);
    assert_int_equal(world_events(t.juliet, SOTTO_EVENT_LEFT), 1);
    take_back(t.juliet, &staged, asks, 0);
    t.juliet->event_count = 0;
    bytes_map_clear(&staged);
    /* The answer comes again, as it does when the server sends the stanza again. */
    t.juliet->asks[0] = last;
    world_settle(&t.w);
    assert_int_equal(world_events(t.juliet, SOTTO_EVENT_LEFT), 1);
    assert_code(world_last_event(t.juliet, SOTTO_EVENT_LEFT)->reason, 0);
    world_reopen(t.juliet);
    assert_int_not_equal(world_device_id(t.juliet), before);
    two_end(&t);
}

/* A step that fails later, when everything is clear, costs no question. */
static void test_T18_other_steps_that_fail(void **state) {
    (void)state;
    two t;
    record r = {.count = 0};
    bytes_map records;
    two_start(&t);
    converse(&r, &t);
    records_copy(&t.juliet->records, &records);
    take_back(t.juliet, &records, t.juliet->ask_count, t.juliet->control_count);
    sotto_bytes first = item_of(t.juliet);
    converse(&r, &t);
    assert_true(bytes_equal(first, item_of(t.juliet)));
    bytes_map_clear(&records);
    two_end(&t);
}

/* ---- copies of a quiet run ---- */

/* What was sealed after the copy was made, and before there was another number for it: one comes by itself, also when
 * nothing more is sealed. */
static void test_T18_copied_before_the_last_words(void **state) {
    (void)state;
    two t;
    record r = {.count = 0};
    bytes_map copy;
    two_start(&t);
    converse(&r, &t);
    uint32_t before = world_device_id(t.juliet);
    records_copy(&t.juliet->records, &copy);
    world_wait(&t.w, 60000);
    converse(&r, &t);
    world_wait(&t.w, 3600000); /* and nothing more is said */
    set_back(t.juliet, &copy);
    restart(t.juliet);
    assert_renewed(&t, before);
    converse(&r, &t);
    bytes_map_clear(&copy);
    two_end(&t);
}

/* What is sealed offline leaves with the next stream. */
static void test_T18_copied_before_words_written_offline(void **state) {
    (void)state;
    for (int resumed = 0; resumed < 2; resumed++) {
        two t;
        record r = {.count = 0};
        bytes_map copy;
        two_start(&t);
        converse(&r, &t);
        uint32_t before = world_device_id(t.juliet);
        records_copy(&t.juliet->records, &copy);
        world_go_offline(t.juliet);
        world_wait(&t.w, 7200000);
        say(&r, t.juliet, t.romeo, ROMEO);
        world_wait(&t.w, 7200000);
        world_go_online(t.juliet, !resumed);
        set_back(t.juliet, &copy);
        restart(t.juliet);
        assert_renewed(&t, before);
        converse(&r, &t);
        bytes_map_clear(&copy);
        two_end(&t);
    }
}

/* Answers that go out by themselves use keys like any message. */
static void test_T18_copied_before_an_answer(void **state) {
    (void)state;
    two t;
    record r = {.count = 0};
    bytes_map copy;
    two_start(&t);
    converse(&r, &t);
    uint32_t before = world_device_id(t.juliet);
    records_copy(&t.juliet->records, &copy);
    world_wait(&t.w, 601000);
    sotto_bytes last = BYTES_NONE;
    for (int i = 0; i < 55; i++) last = world_say(t.romeo, JULIET, "on");
    t.romeo->control_count = 0;
    world_expect(t.juliet, t.romeo, last, "on");
    assert_int_equal(t.juliet->control_count, 1);
    world_settle(&t.w);
    set_back(t.juliet, &copy);
    restart(t.juliet);
    assert_renewed(&t, before);
    bytes_map_clear(&copy);
    two_end(&t);
}

int opening_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_T18_item_is_private_and_new_at_each_opening),
        cmocka_unit_test(test_T18_node_configured_otherwise),
        cmocka_unit_test(test_T18_copied_back),
        cmocka_unit_test(test_T18_the_store_says_so),
        cmocka_unit_test(test_T18_copied_within_one_opening),
        cmocka_unit_test(test_T18_clone_beside_a_running_one),
        cmocka_unit_test(test_T18_clone_of_a_running_one),
        cmocka_unit_test(test_T18_clones_at_the_same_moment),
        cmocka_unit_test(test_T18_forged_items_change_nothing),
        cmocka_unit_test(test_T18_refusals_and_silence),
        cmocka_unit_test(test_T18_killed_while_telling),
        cmocka_unit_test(test_T18_answers_before_the_check),
        cmocka_unit_test(test_T18_nothing_is_published_before_the_check),
        cmocka_unit_test(test_T18_copied_back_while_leaving),
        cmocka_unit_test(test_T18_the_answer_in_a_step_that_fails),
        cmocka_unit_test(test_leaving_in_a_step_that_fails),
        cmocka_unit_test(test_T18_other_steps_that_fail),
        cmocka_unit_test(test_T18_copied_before_the_last_words),
        cmocka_unit_test(test_T18_copied_before_words_written_offline),
        cmocka_unit_test(test_T18_copied_before_an_answer),
        cmocka_unit_test(test_own_record_of_older_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
