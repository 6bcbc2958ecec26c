/* SPDX-License-Identifier: ISC
 *
 * A backup of an account and what is made of it; an identity and decisions that come from elsewhere. */
#include "keeping.h"

#include <stdlib.h>

#include "bytes/map.h"
#include "bytes/span.h"

/* ---- what is in a backup ---- */

typedef struct all_records {
    bytes_map *map;
} all_records;

static sotto_status record_keep(void *arg, sotto_bytes key, sotto_bytes value) {
    const all_records *all = arg;
    return bytes_map_put(all->map, key, value);
}

static sotto_status value_append(void *arg, sotto_bytes key, sotto_bytes value) {
    (void)key;
    bytes_buffer_put(arg, value);
    return SOTTO_OK;
}

typedef struct search {
    sotto_bytes kept; /* all that the backup holds, one after the other */
    unsigned looked;  /* pieces of secrets */
} search;

/* Numbers and times have many zeros, keys do not. */
static bool is_key_like(const uint8_t at[16]) {
    unsigned zeros = 0;
    for (size_t i = 0; i < 16; i++) zeros += at[i] == 0;
    return zeros < 4;
}

/* 16 bytes that are in both are no chance. */
static void assert_nothing_of(search *s, sotto_bytes value, size_t from, size_t to) {
    for (size_t at = from; at + 16 <= to && at + 16 <= value.len; at++) {
        if (!is_key_like(value.at + at)) continue;
        s->looked++;
        assert_null(memmem(s->kept.at, s->kept.len, value.at + at, 16));
    }
}

/* Own records: version, flags, device, secret; the rest are signed prekeys. */
static void look_in_own(search *s, char kind, sotto_bytes value) {
    assert_nothing_of(s, value, kind == 'i' ? 38 : 0, value.len);
}

#define SESSION_KEYS 66 /* a session begins with version, flags and the public keys it is with */

/* Of a device, in a dialect. The device itself ('d'): version, flags, key, fingerprint, counters and times, session;
 * the session before ('o'): counters, session. Lists, and what was the best that an identity was seen in, are no
 * secrets. */
static void look_in_device(search *s, char kind, sotto_bytes value) {
    if (kind == 'l' || kind == 'l' + 1 || kind == 'v') return;
    size_t from = kind == 'd' || kind == 'd' + 1   ? 98 + SESSION_KEYS
                  : kind == 'o' || kind == 'o' + 1 ? 18 + SESSION_KEYS
                                                   : 0;
    assert_nothing_of(s, value, from, value.len);
}

static void look_for_secrets(search *s, sotto_bytes key, sotto_bytes value) {
    if (key.at[0] != 'S') return;
    const uint8_t *end = memchr(key.at, 0, key.len);
    if (end == NULL || end + 1 == key.at + key.len) abort(); /* a seal's record without a seal's name */
    sotto_bytes own = bytes_of(end + 1, key.len - (size_t)(end + 1 - key.at));
    if (own.at[0] == 0) {
        look_in_own(s, (char)own.at[1], value);
        return;
    }
    end = memchr(own.at, 0, own.len);
    assert_non_null(end);
    look_in_device(s, (char)end[5], value);
}

/* T18, T21: neither sessions nor prekeys, nor what is about to leave. */
static void test_what_is_in_it(void **state) {
    (void)state;
    two t;
    bytes_map before, kept;
    bytes_buffer blob;
    search s = {.looked = 0};
    two_start(&t, sotto_seal_omemo());
    for (int i = 0; i < 3; i++) {
        device_say(t.juliet, ROMEO, "there and");
        device_say(t.romeo, JULIET, "back");
        world_run(&t.w);
    }
    device_leave(t.juliet);
    device_say(t.juliet, ROMEO, "held");
    world_run(&t.w);
    assert_int_equal(device_held(t.juliet), 1);
    assert_ok(sotto_engine_commit(t.juliet->engine));
    bytes_map_init(&before, &t.w.host.host);
    bytes_map_init(&kept, &t.w.host.host);
    bytes_buffer_owned(&blob, &t.w.host.host, (size_t)16 * 1024 * 1024);
    all_records all = {&before};
    assert_ok(t.juliet->store.inner->methods->scan(t.juliet->store.inner, BYTES_NONE, record_keep, &all));
    all.map = &kept;
    assert_ok(sotto_engine_backup(t.juliet->engine, record_keep, &all));
    assert_ok(sotto_engine_backup(t.juliet->engine, value_append, &blob));
    assert_ok(bytes_buffer_end(&blob, &s.kept));
    unsigned carried = 0, left = 0;
    for (const bytes_map_entry *e = bytes_map_first(&before); e; e = bytes_map_next(e)) {
        sotto_bytes key = bytes_map_entry_key(e), value;
        bool in = bytes_map_get(&kept, key, &value);
        *(in ? &carried : &left) += 1;
        look_for_secrets(&s, key, bytes_map_entry_value(e));
        if (key.at[0] == 'O' || key.at[0] == 'H' || key.at[0] == 'P') assert_false(in);
        if (key.at[0] == 'T' || key.at[0] == 'K' || key.at[0] == 'C' || key.at[0] == 'N') assert_true(in);
    }
    assert_true(carried >= 6 && left >= 100); /* the prekeys are a hundred */
    assert_true(s.looked > 5000);
    assert_int_equal(kept.count, carried + 1); /* and that it is a backup */
    bytes_map_clear(&before);
    bytes_map_clear(&kept);
    bytes_buffer_free(&blob);
    world_end(&t.w);
}

static sotto_status refuse_third(void *arg, sotto_bytes key, sotto_bytes value) {
    (void)key, (void)value;
    unsigned *count = arg;
    return ++*count == 3 ? SOTTO_FAIL(CANCELLED) : SOTTO_OK;
}

static void test_visitor_fails(void **state) {
    (void)state;
    two t;
    unsigned count = 0;
    two_start(&t, sotto_seal_omemo());
    assert_int_equal(sotto_engine_backup(t.juliet->engine, refuse_third, &count).code, SOTTO_E_CANCELLED);
    assert_int_equal(count, 3);
    device_say(t.juliet, ROMEO, "and goes on");
    world_run(&t.w);
    assert_int_equal(device_read_count(t.romeo, "and goes on"), 1);
    world_end(&t.w);
}

/* ---- restoring ---- */

/* Another device with the same identity; nobody sees a new key, and what was decided is. */
static void test_restored(void **state) {
    (void)state;
    two t;
    uint8_t key[32], romeo_key[32], again[32];
    two_start(&t, sotto_seal_omemo());
    device_say(t.juliet, ROMEO, "before");
    device_say(t.romeo, JULIET, "before that");
    world_run(&t.w);
    device_key(t.romeo, romeo_key);
    device_verdict(t.juliet, ROMEO, romeo_key, SOTTO_TRUST_VERIFIED);
    device_policy(t.juliet, MALLORY, SOTTO_ENCRYPT_NEVER);
    assert_ok(sotto_engine_note(t.juliet->engine, BYTES_LITERAL("history"), BYTES_LITERAL("of the host")));
    world_run(&t.w);
    assert_ok(sotto_engine_commit(t.juliet->engine));
    device_key(t.juliet, key);
    uint32_t number = device_number(t.juliet);
    sotto_store *store = keeping_backup(t.juliet, &t.w.host.host);
    device_say(t.juliet, ROMEO, "after");
    world_run(&t.w);
    device_leave(t.juliet); /* the machine is gone */
    device *restored = world_device_over(&t.w, "juliet", "restored", store);
    sotto_store_close(store);
    device_key(restored, again);
    assert_memory_equal(key, again, 32);
    assert_int_not_equal(device_number(restored), number);
    device_forget_told(t.romeo);
    device_go_online(restored);
    assert_int_equal(device_told_count(restored, SOTTO_EVENT_COPIED, -1), 1);
    assert_int_equal(device_told_last(restored, SOTTO_EVENT_COPIED)->number, device_number(restored));
    device_say(restored, ROMEO, "out of the backup");
    world_run(&t.w);
    device_say(t.romeo, JULIET, "welcome back");
    world_run(&t.w);
    assert_int_equal(device_read_count(t.romeo, "out of the backup"), 1);
    assert_int_equal(device_read_count(restored, "welcome back"), 1);
    assert_int_equal(restored->read[0].trust, SOTTO_TRUST_VERIFIED);
    assert_int_equal(device_told_count(t.romeo, SOTTO_EVENT_NEW_KEY, -1), 0);
    assert_int_equal(device_told_count(t.romeo, SOTTO_EVENT_KEY_ALARM, -1), 0);
    assert_int_equal(device_told_count(restored, SOTTO_EVENT_NEW_KEY, -1), 0);
    sotto_bytes note;
    assert_ok(sotto_engine_noted(restored->engine, BYTES_LITERAL("history"), &note));
    assert_true(bytes_is(note, "of the host"));
    device_say(restored, MALLORY, "in the clear, as decided");
    world_run(&t.w);
    assert_true(world_saw(&t.w, "in the clear, as decided"));
    (void)world_keys_used_once(&t.w); /* T18 */
    /* It was dealt with: the next opening is the same device. */
    uint32_t now = device_number(restored);
    device_crash(restored, false);
    world_run(&t.w);
    assert_int_equal(device_number(restored), now);
    assert_int_equal(device_told_count(restored, SOTTO_EVENT_COPIED, -1), 1);
    world_end(&t.w);
}

/* T18: two devices out of one backup are two devices. */
static void test_restored_twice(void **state) {
    (void)state;
    two t;
    two_start(&t, sotto_seal_omemo());
    device_say(t.juliet, ROMEO, "before");
    world_run(&t.w);
    device_leave(t.juliet);
    sotto_store *store = keeping_backup(t.juliet, &t.w.host.host);
    device *one = world_device_over(&t.w, "juliet", "one", store);
    device *other = world_device_over(&t.w, "juliet", "other", store);
    sotto_store_close(store);
    assert_int_not_equal(device_number(one), device_number(other));
    device_go_online(one);
    device_go_online(other);
    device_say(one, ROMEO, "from one");
    device_say(other, ROMEO, "from the other");
    world_run(&t.w);
    device_say(t.romeo, JULIET, "to both");
    world_run(&t.w);
    assert_int_equal(device_read_count(t.romeo, "from one") + device_read_count(t.romeo, "from the other"), 2);
    assert_int_equal(device_read_count(one, "to both") + device_read_count(other, "to both"), 2);
    /* The sender is told that the other could not be written to. */
    assert_true(device_told_count(one, SOTTO_EVENT_LEFT_OUT, -1) + device_told_count(other, SOTTO_EVENT_LEFT_OUT, -1) >
                0);
    (void)world_keys_used_once(&t.w);
    world_end(&t.w);
}

/* A commit that fails leaves it to be dealt with; nothing of the first attempt is used. */
static void test_restored_on_a_full_disk(void **state) {
    (void)state;
    two t;
    sotto_engine *engine = NULL;
    two_start(&t, sotto_seal_omemo());
    device_leave(t.juliet);
    sotto_store *store = keeping_backup(t.juliet, &t.w.host.host);
    frail_store *frail = &t.juliet->store;
    sotto_engine_config config = t.juliet->config;
    sotto_engine_close(t.juliet->engine);
    t.juliet->engine = NULL;
    sotto_store_close(frail->inner);
    frail->inner = store;
    frail->fail_at = frail->writes + 1;
    frail->fail_until = frail->fail_at + 1;
    assert_int_equal(sotto_engine_open(&engine, &config, t.w.now_ms).code, SOTTO_E_STORE_FULL);
    device_open(t.juliet);
    device_go_online(t.juliet);
    assert_int_equal(device_told_count(t.juliet, SOTTO_EVENT_COPIED, -1), 1);
    world_end(&t.w);
}

/* ---- an identity of another client ---- */

static sotto_status adopt(device *d, const uint8_t *scalar, size_t len, uint32_t number) {
    const sotto_input input = {.kind = SOTTO_INPUT_ADOPT, .key = bytes_of(scalar, len), .device = number};
    return sotto_engine_step(d->engine, &input, d->w->now_ms);
}

static void test_adopted(void **state) {
    (void)state;
    two t;
    uint8_t scalar[32], before[32], after[32];
    two_start(&t, sotto_seal_omemo());
    memset(scalar, 0x5a, sizeof scalar);
    device *d = world_device(&t.w, "mallory", "import");
    device_key(d, before);
    uint32_t number = device_number(d);
    assert_int_equal(adopt(d, scalar, 31, 0).code, SOTTO_E_USAGE);
    assert_int_equal(adopt(t.juliet, scalar, 32, 0).code, SOTTO_E_STATE); /* online, and published */
    device_leave(t.juliet);
    assert_int_equal(adopt(t.juliet, scalar, 32, 0).code, SOTTO_E_STATE); /* published */
    /* Taken back with a commit that fails. */
    assert_ok(adopt(d, scalar, 32, 0));
    d->store.fail_at = d->store.writes + 1;
    d->store.fail_until = d->store.fail_at + 1;
    assert_int_equal(sotto_engine_commit(d->engine).code, SOTTO_E_STORE_FULL);
    device_key(d, after);
    assert_memory_equal(before, after, 32);
    assert_int_equal(device_number(d), number);
    assert_ok(adopt(d, scalar, 32, 0));
    assert_ok(sotto_engine_commit(d->engine));
    device_key(d, after);
    assert_memory_not_equal(before, after, 32);
    assert_int_not_equal(device_number(d), number);
    memcpy(before, after, 32);
    device_go_online(d);
    device_say(d, ROMEO, "with an old key");
    world_run(&t.w);
    assert_int_equal(device_read_count(t.romeo, "with an old key"), 1);
    assert_memory_equal(device_told_last(t.romeo, SOTTO_EVENT_NEW_KEY)->key, before, 32);
    device_leave(d);
    assert_int_equal(adopt(d, scalar, 32, 0).code, SOTTO_E_STATE);
    world_end(&t.w);
}

/* ---- decisions that come from elsewhere ---- */

static sotto_status record(device *d, const char *jid, const uint8_t key[32], sotto_trust trust) {
    const sotto_input input = {
        .kind = SOTTO_INPUT_RECORD, .jid = bytes_text(jid), .key = bytes_of(key, 32), .trust = trust};
    return sotto_engine_step(d->engine, &input, d->w->now_ms);
}

static sotto_status fingerprint_take(void *arg, const sotto_key *key) {
    if (key->this_device) memcpy(arg, key->fingerprint, 32);
    return SOTTO_OK;
}

/* What people compare, by which trust in OMEMO's keys is recorded. */
static void fingerprint_of(device *d, uint8_t ret[32]) {
    char jid[64];
    (void)snprintf(jid, sizeof jid, "%s@" DOMAIN, d->local);
    assert_ok(sotto_engine_keys(d->engine, bytes_text(jid), fingerprint_take, ret));
}

/* A key that was verified elsewhere is no new key when it is seen; a second one of theirs is one, and is not accepted
 * by itself (T7). */
static void test_recorded(void **state) {
    (void)state;
    world w;
    uint8_t key[32], other[32];
    world_start(&w, sotto_seal_omemo());
    device *juliet = world_device(&w, "juliet", "balcony"), *romeo = world_device(&w, "romeo", "orchard");
    device *second = world_device(&w, "romeo", "phone");
    fingerprint_of(romeo, key);
    fingerprint_of(second, other);
    assert_ok(record(juliet, ROMEO, key, SOTTO_TRUST_VERIFIED));
    assert_ok(sotto_engine_commit(juliet->engine));
    device_go_online(romeo);
    device_go_online(juliet);
    device_say(juliet, ROMEO, "verified long ago");
    world_run(&w);
    assert_int_equal(device_read_count(romeo, "verified long ago"), 1);
    assert_int_equal(device_told_count(juliet, SOTTO_EVENT_NEW_KEY, -1), 0);
    device_say(romeo, JULIET, "as it should be");
    world_run(&w);
    assert_int_equal(juliet->read[0].trust, SOTTO_TRUST_VERIFIED);
    device_go_online(second);
    device_say(juliet, ROMEO, "not for the new one");
    world_run(&w);
    assert_int_equal(device_told_last(juliet, SOTTO_EVENT_NEW_KEY)->trust, SOTTO_TRUST_UNDECIDED);
    assert_int_equal(device_read_count(second, "not for the new one"), 0);
    /* Of a key that was seen it is a decision like any other. */
    assert_ok(record(juliet, ROMEO, other, SOTTO_TRUST_DISTRUSTED));
    assert_ok(sotto_engine_commit(juliet->engine));
    world_run(&w);
    device_say(juliet, ROMEO, "nor this");
    world_run(&w);
    assert_int_equal(device_read_count(second, "nor this"), 0);
    assert_int_equal(device_read_count(romeo, "nor this"), 1);
    world_end(&w);
}

/* A key that is another's already is an alarm (T9), and a person's many keys have an end. */
static void test_recorded_oddly(void **state) {
    (void)state;
    world w;
    uint8_t key[32] = {0};
    world_start(&w, sotto_seal_omemo());
    device *juliet = world_device(&w, "juliet", "balcony");
    assert_ok(record(juliet, ROMEO, key, SOTTO_TRUST_BLIND));
    assert_ok(record(juliet, MALLORY, key, SOTTO_TRUST_BLIND));
    assert_ok(sotto_engine_commit(juliet->engine));
    world_run(&w);
    assert_int_equal(device_told_count(juliet, SOTTO_EVENT_KEY_ALARM, SOTTO_E_KEY_CHANGED), 1);
    for (unsigned i = 1; i < SOTTO_KEYS_MAX; i++) {
        key[0] = (uint8_t)i, key[1] = (uint8_t)(i >> 8);
        assert_ok(record(juliet, ROMEO, key, SOTTO_TRUST_BLIND));
    }
    key[2] = 1;
    assert_int_equal(record(juliet, ROMEO, key, SOTTO_TRUST_BLIND).code, SOTTO_E_TOO_LARGE);
    const sotto_input short_key = {
        .kind = SOTTO_INPUT_RECORD, .jid = BYTES_LITERAL(ROMEO), .key = bytes_of(key, 31), .trust = SOTTO_TRUST_BLIND};
    assert_int_equal(sotto_engine_step(juliet->engine, &short_key, w.now_ms).code, SOTTO_E_USAGE);
    assert_int_equal(record(juliet, "@", key, SOTTO_TRUST_BLIND).code, SOTTO_E_BAD_JID);
    world_end(&w);
}

const struct CMUnitTest backup_tests[] = {
    cmocka_unit_test(test_what_is_in_it),
    cmocka_unit_test(test_visitor_fails),
    cmocka_unit_test(test_restored),
    cmocka_unit_test(test_restored_twice),
    cmocka_unit_test(test_restored_on_a_full_disk),
    cmocka_unit_test(test_adopted),
    cmocka_unit_test(test_recorded),
    cmocka_unit_test(test_recorded_oddly),
};
const size_t backup_count = sizeof backup_tests / sizeof backup_tests[0];
