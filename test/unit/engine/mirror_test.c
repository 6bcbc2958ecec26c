/* SPDX-License-Identifier: ISC
 *
 * The mirror of the store: that it says what the store says, whatever was read, written and pushed out before, that it
 * asks the store only when it has to, and that it stays small. That what goes is wiped, the rig sees. */
#include "engine_rig.h"

#include "bytes/span.h"
#include "engine/mirror.h"
#include "engine/stage.h"

/* ---- a store that counts what it is asked ---- */

typedef struct counting {
    sotto_store base;
    sotto_store *inner;
    unsigned gets, scans;
} counting;

static sotto_status counting_get(sotto_store *base, sotto_bytes key, sotto_visit *visit, void *arg) {
    counting *c = (counting *)(void *)base;
    c->gets++;
    return c->inner->methods->get(c->inner, key, visit, arg);
}

static sotto_status counting_scan(sotto_store *base, sotto_bytes prefix, sotto_visit *visit, void *arg) {
    counting *c = (counting *)(void *)base;
    c->scans++;
    return c->inner->methods->scan(c->inner, prefix, visit, arg);
}

static sotto_status counting_write(sotto_store *base, const sotto_change *changes, size_t count) {
    counting *c = (counting *)(void *)base;
    return c->inner->methods->write(c->inner, changes, count);
}

static void counting_close(sotto_store *base) {
    sotto_store_close(((counting *)(void *)base)->inner);
}

static const sotto_store_class counting_class = {counting_get, counting_scan, counting_write, counting_close};

typedef struct fixture {
    rig r;
    counting store;
    engine_mirror mirror;
    engine_stage staged;
} fixture;

static void mirror_begin(fixture *f) {
    rig_start(&f->r);
    f->store = (counting){.base = {.methods = &counting_class}};
    assert_ok(sotto_store_memory(&f->store.inner, &f->r.host));
    engine_mirror_init(&f->mirror, &f->r.host);
    engine_stage_init(&f->staged, &f->r.host);
}

static void mirror_end(fixture *f) {
    engine_stage_clear(&f->staged);
    engine_mirror_clear(&f->mirror);
    sotto_store_close(&f->store.base);
    rig_end(&f->r);
}

/* Puts into the store alone, as if it had always been there. */
static void put(fixture *f, sotto_bytes key, sotto_bytes value) {
    sotto_change change = {key, value};
    assert_ok(f->store.inner->methods->write(f->store.inner, &change, 1));
}

/* As a commit does: into the store, then told to the mirror. */
static void commit_staged(fixture *f) {
    sotto_change changes[64];
    size_t count = 0;
    for (const bytes_map_entry *entry = bytes_map_first(&f->staged.map); entry != NULL; entry = bytes_map_next(entry))
        changes[count++] = (sotto_change){bytes_map_entry_key(entry), bytes_map_entry_value(entry)};
    assert_ok(f->store.base.methods->write(&f->store.base, changes, count));
    engine_mirror_written(&f->mirror, &f->staged.map);
    assert_int_equal(f->staged.map.count, 0);
    engine_stage_settle(&f->staged);
}

static void stage(fixture *f, sotto_bytes key, sotto_bytes value) {
    assert_ok(engine_stage_put(&f->staged, key, value));
}

/* ---- what it is asked ---- */

static sotto_status note_text(void *arg, sotto_bytes key, sotto_bytes value) {
    char *text = arg;
    size_t at = strlen(text);
    snprintf(text + at, 4000 - at, "%.*s ", (int)value.len, (const char *)value.at);
    assert_true(key.len > 0);
    return SOTTO_OK;
}

static void assert_says(fixture *f, sotto_bytes key, const char *expected) {
    char text[4000] = "";
    sotto_status status = engine_mirror_get(&f->mirror, &f->store.base, key, note_text, text);
    if (expected == NULL) {
        assert_status(status, NOT_FOUND);
        return;
    }
    assert_ok(status);
    assert_int_equal(strlen(text), strlen(expected) + 1);
    assert_memory_equal(text, expected, strlen(expected));
}

static void assert_scans(fixture *f, sotto_bytes prefix, const char *expected) {
    char text[4000] = "";
    assert_ok(engine_mirror_scan(&f->mirror, &f->store.base, prefix, note_text, text));
    assert_string_equal(text, expected);
}

typedef struct made_key {
    uint8_t at[80];
    size_t len;
} made_key;

/* 'T' jid 0 and 32 bytes that end in a number. */
static sotto_bytes trust_key(made_key *k, const char *jid, uint8_t number) {
    size_t len = strlen(jid);
    memset(k, 0, sizeof *k);
    k->at[0] = 'T';
    memcpy(k->at + 1, jid, len);
    memset(k->at + len + 2, 'k', 32);
    k->at[len + 33] = number;
    k->len = len + 34;
    return bytes_of(k->at, k->len);
}

static sotto_bytes trust_run(made_key *k, const char *jid) {
    sotto_bytes key = trust_key(k, jid, 0);
    return bytes_of(key.at, key.len - 32);
}

#define TEXT(text) bytes_text(text)

static void test_a_record_is_read_once(void **state) {
    (void)state;
    fixture f;
    mirror_begin(&f);
    put(&f, TEXT("Cpeer"), TEXT("1"));
    for (unsigned i = 0; i < 3; i++) {
        assert_says(&f, TEXT("Cpeer"), "1");
        assert_says(&f, TEXT("Cnobody"), NULL); /* that there is none is kept as well */
    }
    assert_int_equal(f.store.gets, 2);
    engine_mirror_forget(&f.mirror, TEXT("Cpeer"));
    put(&f, TEXT("Cpeer"), TEXT("2"));
    assert_says(&f, TEXT("Cpeer"), "2");
    assert_int_equal(f.store.gets, 3);
    mirror_end(&f);
}

static void test_what_was_written_is_said_without_asking(void **state) {
    (void)state;
    fixture f;
    mirror_begin(&f);
    put(&f, TEXT("Cb"), TEXT("old"));
    assert_says(&f, TEXT("Cb"), "old");
    assert_says(&f, TEXT("Ca"), NULL);
    stage(&f, TEXT("Ca"), TEXT("new"));
    stage(&f, TEXT("Cb"), TEXT("over"));
    stage(&f, TEXT("Cb"), BYTES_NONE); /* deleted after all */
    unsigned gets = f.store.gets;
    commit_staged(&f);
    assert_says(&f, TEXT("Ca"), "new");
    assert_says(&f, TEXT("Cb"), NULL);
    assert_int_equal(f.store.gets, gets);
    stage(&f, TEXT("Cb"), TEXT("again"));
    commit_staged(&f);
    assert_says(&f, TEXT("Cb"), "again");
    assert_int_equal(f.store.gets, gets);
    mirror_end(&f);
}

/* After a commit that failed nobody knows what the store has: everything is asked again. */
static void test_cleared_it_asks_again(void **state) {
    (void)state;
    fixture f;
    mirror_begin(&f);
    put(&f, TEXT("Ca"), TEXT("1"));
    assert_says(&f, TEXT("Ca"), "1");
    put(&f, TEXT("Ca"), TEXT("2")); /* behind its back */
    assert_says(&f, TEXT("Ca"), "1");
    engine_mirror_clear(&f.mirror);
    assert_int_equal(f.mirror.bytes, 0);
    assert_says(&f, TEXT("Ca"), "2");
    mirror_end(&f);
}

static void test_a_large_record_is_not_kept(void **state) {
    (void)state;
    fixture f;
    mirror_begin(&f);
    uint8_t large[5000];
    memset(large, 'x', sizeof large);
    put(&f, TEXT("Nlarge"), bytes_of(large, sizeof large));
    char text[4000] = "";
    for (unsigned i = 0; i < 2; i++) {
        text[0] = 0;
        assert_ok(engine_mirror_get(&f.mirror, &f.store.base, TEXT("Nlarge"), note_text, text));
    }
    assert_int_equal(f.store.gets, 2);
    stage(&f, TEXT("Nlarge"), bytes_of(large, sizeof large));
    commit_staged(&f);
    assert_int_equal(f.mirror.bytes, 0);
    mirror_end(&f);
}

/* ---- runs ---- */

static void test_a_run_is_read_once_and_after_every_change(void **state) {
    (void)state;
    fixture f;
    mirror_begin(&f);
    made_key one, two, other, run;
    put(&f, trust_key(&one, "a@x", 1), TEXT("one"));
    put(&f, trust_key(&other, "ab@x", 1), TEXT("other"));
    assert_scans(&f, trust_run(&run, "a@x"), "one ");
    assert_scans(&f, trust_run(&run, "a@x"), "one ");
    assert_int_equal(f.store.scans, 1);
    stage(&f, trust_key(&two, "a@x", 2), TEXT("two"));
    commit_staged(&f);
    assert_scans(&f, trust_run(&run, "a@x"), "one two ");
    assert_int_equal(f.store.scans, 2);
    stage(&f, trust_key(&one, "a@x", 1), BYTES_NONE);
    commit_staged(&f);
    assert_scans(&f, trust_run(&run, "a@x"), "two ");
    stage(&f, trust_key(&other, "ab@x", 2), TEXT("not his"));
    commit_staged(&f);
    unsigned scans = f.store.scans;
    assert_scans(&f, trust_run(&run, "a@x"), "two ");
    assert_int_equal(f.store.scans, scans);
    stage(&f, TEXT("H1"), TEXT("held"));
    commit_staged(&f);
    assert_scans(&f, TEXT("H"), "held ");
    stage(&f, TEXT("H2"), TEXT("too"));
    commit_staged(&f);
    assert_scans(&f, TEXT("H"), "held too ");
    mirror_end(&f);
}

/* One reading serves the record and the run it belongs to. */
static void test_a_key_is_found_in_its_run(void **state) {
    (void)state;
    fixture f;
    mirror_begin(&f);
    made_key one, two, three, run;
    put(&f, trust_key(&one, "a@x", 1), TEXT("one"));
    put(&f, trust_key(&two, "a@x", 2), TEXT("two"));
    assert_says(&f, trust_key(&two, "a@x", 2), "two");
    assert_says(&f, trust_key(&one, "a@x", 1), "one");
    assert_says(&f, trust_key(&three, "a@x", 3), NULL);
    assert_scans(&f, trust_run(&run, "a@x"), "one two ");
    assert_int_equal(f.store.scans, 1);
    assert_int_equal(f.store.gets, 0);
    stage(&f, trust_key(&three, "a@x", 3), TEXT("three"));
    stage(&f, trust_key(&one, "a@x", 1), TEXT("uno"));
    stage(&f, trust_key(&two, "a@x", 2), BYTES_NONE);
    commit_staged(&f);
    assert_says(&f, trust_key(&one, "a@x", 1), "uno");
    assert_says(&f, trust_key(&two, "a@x", 2), NULL);
    assert_says(&f, trust_key(&three, "a@x", 3), "three");
    assert_scans(&f, trust_run(&run, "a@x"), "uno three ");
    /* A JID with nothing: asked once. */
    unsigned scans = f.store.scans;
    assert_says(&f, trust_key(&one, "c@x", 1), NULL);
    assert_says(&f, trust_key(&two, "c@x", 2), NULL);
    assert_scans(&f, trust_run(&run, "c@x"), "");
    assert_int_equal(f.store.scans, scans + 1);
    mirror_end(&f);
}

/* Somebody with very many keys: his run is not read again for each of them, and every answer is right. */
static void test_a_run_that_is_too_large_is_given_up_once(void **state) {
    (void)state;
    fixture f;
    mirror_begin(&f);
    uint8_t value[3000];
    made_key k;
    memset(value, 'v', sizeof value);
    for (uint8_t i = 0; i < 40; i++) put(&f, trust_key(&k, "m@x", i), bytes_of(value, 100 + i));
    for (uint8_t i = 40; i < 80; i++) put(&f, trust_key(&k, "m@x", i), bytes_of(value, sizeof value));
    for (unsigned round = 0; round < 2; round++)
        for (uint8_t i = 0; i < 80; i++) {
            char text[4000] = "";
            assert_ok(engine_mirror_get(&f.mirror, &f.store.base, trust_key(&k, "m@x", i), note_text, text));
            assert_int_equal(strlen(text), (i < 40 ? 100u + i : sizeof value) + 1);
        }
    assert_int_equal(f.store.scans, 1);
    assert_int_equal(f.store.gets, 80);
    assert_says(&f, trust_key(&k, "m@x", 99), NULL);
    stage(&f, trust_key(&k, "m@x", 7), TEXT("changed"));
    commit_staged(&f);
    assert_says(&f, trust_key(&k, "m@x", 7), "changed");
    mirror_end(&f);
}

/* ---- room ---- */

static sotto_bytes session_key(made_key *k, unsigned contact, unsigned device) {
    int len = snprintf((char *)k->at, sizeof k->at, "Somemo%cmate%05u@harbour.example%c", 0, contact, 0);
    k->len = (size_t)len;
    for (unsigned shift = 32; shift > 0; shift -= 8) k->at[k->len++] = (uint8_t)(device >> (shift - 8));
    k->at[k->len++] = 'd';
    return bytes_of(k->at, k->len);
}

/* The devices of one contact, whose keys differ in four bytes, do not push each other out. */
static void test_the_devices_of_a_contact_find_room(void **state) {
    (void)state;
    fixture f;
    mirror_begin(&f);
    made_key k;
    enum { DEVICES = 100 };
    for (unsigned i = 0; i < DEVICES; i++) put(&f, session_key(&k, 7, 700000001u + 13 * i), TEXT("session"));
    for (unsigned round = 0; round < 3; round++)
        for (unsigned i = 0; i < DEVICES; i++) assert_says(&f, session_key(&k, 7, 700000001u + 13 * i), "session");
    assert_true(f.store.gets < DEVICES + 3); /* a few may meet all the same */
    mirror_end(&f);
}

/* Ten times of what has room: it stays within its bounds, what it says is true, and what is asked for most stays. */
static void test_it_stays_within_its_bounds(void **state) {
    (void)state;
    fixture f;
    mirror_begin(&f);
    uint8_t value[600];
    made_key k, often;
    unsigned wrong = 0, asked = 0;
    enum { RECORDS = 30000 };
    session_key(&often, 1, 1);
    put(&f, bytes_of(often.at, often.len), TEXT("often"));
    for (unsigned i = 0; i < RECORDS; i++) {
        char expected[16];
        snprintf(expected, sizeof expected, "%u", i);
        memset(value, ' ', sizeof value);
        memcpy(value, expected, strlen(expected));
        sotto_bytes key = session_key(&k, 2 + i % 3000, i);
        if (i % 2 == 0) {
            stage(&f, key, bytes_of(value, sizeof value));
            commit_staged(&f);
        } else {
            put(&f, key, bytes_of(value, sizeof value));
        }
        char text[4000] = "";
        assert_ok(engine_mirror_get(&f.mirror, &f.store.base, key, note_text, text));
        wrong += memcmp(text, expected, strlen(expected)) != 0;
        assert_true(f.mirror.bytes <= ENGINE_MIRROR_BYTES);
        unsigned before = f.store.gets;
        assert_says(&f, bytes_of(often.at, often.len), "often");
        asked += f.store.gets - before;
    }
    assert_int_equal(wrong, 0);
    assert_true(f.mirror.bytes > ENGINE_MIRROR_BYTES / 2); /* it was full */
    assert_true(asked < RECORDS / 100);
    assert_true(f.r.lent < ENGINE_MIRROR_BYTES * 3 / 2 + (size_t)RECORDS * 900); /* the rest is the store */
    mirror_end(&f);
}

/* Many records so small that all places are taken long before there are too many bytes: what is asked for again and
 * again stays for the most part, and what was asked for once goes. */
static void test_small_records_do_not_push_out_what_is_used(void **state) {
    (void)state;
    fixture f;
    mirror_begin(&f);
    made_key k;
    unsigned again = 0;
    enum { USED = 200, ROUNDS = 30, OTHERS = 2 * ENGINE_MIRROR_PLACES };
    for (unsigned i = 0; i < USED; i++) put(&f, session_key(&k, 1, i), TEXT("used"));
    for (unsigned i = 0; i < OTHERS; i++) put(&f, session_key(&k, 2, i), TEXT("other"));
    for (unsigned i = 0; i < OTHERS; i++) assert_says(&f, session_key(&k, 2, i), "other");
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned before = f.store.gets;
        for (unsigned i = 0; i < USED; i++) assert_says(&f, session_key(&k, 1, i), "used");
        if (round > 0) again += f.store.gets - before;
        for (unsigned i = 0; i < 500; i++) assert_says(&f, session_key(&k, 2, (round * 500 + i) % OTHERS), "other");
    }
    assert_true(f.mirror.bytes < ENGINE_MIRROR_BYTES);
    assert_true(again < USED * (ROUNDS - 1) / 10);
    mirror_end(&f);
}

/* Without memory a reading fails, and the next one works. */
static void test_without_memory(void **state) {
    (void)state;
    for (size_t n = 1; n < 8; n++) {
        fixture f;
        mirror_begin(&f);
        made_key k, run;
        put(&f, trust_key(&k, "a@x", 1), TEXT("one"));
        put(&f, TEXT("Ca"), TEXT("1"));
        char text[4000] = "";
        f.r.fail_at = f.r.allocations + n;
        sotto_status got = engine_mirror_get(&f.mirror, &f.store.base, TEXT("Ca"), note_text, text);
        sotto_status found = engine_mirror_get(&f.mirror, &f.store.base, trust_key(&k, "a@x", 1), note_text, text);
        sotto_status scanned = engine_mirror_scan(&f.mirror, &f.store.base, trust_run(&run, "a@x"), note_text, text);
        f.r.fail_at = 0;
        if (!sotto_ok(got)) assert_status(got, NO_MEMORY);
        if (!sotto_ok(found)) assert_status(found, NO_MEMORY);
        if (!sotto_ok(scanned)) assert_status(scanned, NO_MEMORY);
        if (n == 1) assert_status(got, NO_MEMORY);
        if (n < 3) assert_status(found, NO_MEMORY);
        assert_says(&f, TEXT("Ca"), "1");
        assert_says(&f, trust_key(&k, "a@x", 1), "one");
        assert_scans(&f, trust_run(&run, "a@x"), "one ");
        mirror_end(&f);
    }
}

const struct CMUnitTest mirror_tests[] = {
    cmocka_unit_test(test_a_record_is_read_once),
    cmocka_unit_test(test_what_was_written_is_said_without_asking),
    cmocka_unit_test(test_cleared_it_asks_again),
    cmocka_unit_test(test_a_large_record_is_not_kept),
    cmocka_unit_test(test_a_run_is_read_once_and_after_every_change),
    cmocka_unit_test(test_a_key_is_found_in_its_run),
    cmocka_unit_test(test_a_run_that_is_too_large_is_given_up_once),
    cmocka_unit_test(test_the_devices_of_a_contact_find_room),
    cmocka_unit_test(test_it_stays_within_its_bounds),
    cmocka_unit_test(test_small_records_do_not_push_out_what_is_used),
    cmocka_unit_test(test_without_memory),
};
const size_t mirror_count = sizeof mirror_tests / sizeof *mirror_tests;
