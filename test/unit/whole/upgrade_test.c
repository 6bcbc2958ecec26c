/* SPDX-License-Identifier: ISC
 *
 * Stores as earlier versions of the program wrote them (schema-1: the first one, one dialect of OMEMO, trust recorded
 * by the Ed25519 form of keys), opened by this one. Juliet and Romeo had talked; Romeo's key was verified and that of
 * his phone refused; a message was held; the host had a note. freeze.c made them. */
#include "keeping.h"

#include <stdlib.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sotto/sqlite.h>

#include "crypto/curve.h"
#include "seal/live/live.h"

#define JULIETS 526079287u
#define ROMEOS  1722906906u
#define PHONE   99978501u

const char *schema_folder;

static const uint8_t juliet_edwards[32] = {0xae, 0x63, 0xf7, 0x67, 0xc5, 0xcc, 0xfb, 0xec, 0x92, 0x2d, 0xad,
                                           0xc1, 0x27, 0x31, 0x86, 0xe7, 0x12, 0xb8, 0xe6, 0xf4, 0x21, 0x23,
                                           0x02, 0x57, 0xd0, 0xd9, 0xa8, 0xc0, 0x5a, 0xb5, 0x05, 0xb1};

/* ---- opening a frozen file ---- */

/* A copy only for its owner, as a store's files are: what a version control system keeps is readable. */
static void copy_file(const char *from, const char *to) {
    char at[65536];
    FILE *file = fopen(from, "rb");
    assert_non_null(file);
    size_t len = fread(at, 1, sizeof at, file);
    assert_true(len > 0 && len < sizeof at);
    assert_int_equal(fclose(file), 0);
    int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, at, len), (ssize_t)len);
    assert_int_equal(close(fd), 0);
}

static sotto_store *frozen(const char *who, const sotto_host *host) {
    char folder[] = "/tmp/sotto-frozen-XXXXXX", from[512], path[64], key[64], beside[80];
    sotto_store *file, *store;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/store", folder);
    (void)snprintf(key, sizeof key, "%s/key", folder);
    (void)snprintf(beside, sizeof beside, "%s-opening", path);
    (void)snprintf(from, sizeof from, "%s/%s.sqlite", schema_folder, who);
    copy_file(from, path);
    (void)snprintf(from, sizeof from, "%s/store.key", schema_folder);
    copy_file(from, key);
    const sotto_sqlite_options options = {.path = path, .key_path = key, .host = sotto_host_default()};
    assert_ok(sotto_sqlite_open(&file, &options));
    assert_ok(sotto_store_memory(&store, host));
    assert_ok(file->methods->scan(file, BYTES_NONE, keeping_copy, store));
    sotto_store_close(file);
    (void)unlink(path), (void)unlink(key), (void)unlink(beside);
    assert_int_equal(rmdir(folder), 0);
    return store;
}

static device *thawed(world *w, const char *who, const char *resource) {
    sotto_store *store = frozen(who, &w->host.host);
    device *d = world_device_over(w, who, resource, store);
    sotto_store_close(store);
    return d;
}

/* ---- looking ---- */

typedef struct seen_keys {
    sotto_key at[8];
    size_t count;
} seen_keys;

static sotto_status key_take(void *arg, const sotto_key *key) {
    seen_keys *keys = arg;
    assert_true(keys->count < 8);
    keys->at[keys->count++] = *key;
    return SOTTO_OK;
}

static seen_keys keys_of(device *d, const char *jid) {
    seen_keys keys = {.count = 0};
    assert_ok(sotto_engine_keys(d->engine, bytes_text(jid), key_take, &keys));
    return keys;
}

static const sotto_key *key_of(const seen_keys *keys, uint32_t number) {
    for (size_t i = 0; i < keys->count; i++)
        if (keys->at[i].device == number) return &keys->at[i];
    fail_msg("device %u is not known", (unsigned)number);
    abort(); /* not reached; the compiler does not know */
}

typedef struct counts {
    unsigned trust, owners, old_seal, seal;
} counts;

static sotto_status record_look(void *arg, sotto_bytes key, sotto_bytes value) {
    (void)value;
    counts *c = arg;
    c->trust += key.at[0] == 'T';
    c->owners += key.at[0] == 'K';
    c->old_seal += bytes_starts_with(key, BYTES_LITERAL("Somemo:2\0"));
    c->seal += bytes_starts_with(key, BYTES_LITERAL("Somemo\0"));
    return SOTTO_OK;
}

static counts count_records(sotto_store *store) {
    counts c = {0};
    assert_ok(store->methods->scan(store, BYTES_NONE, record_look, &c));
    return c;
}

/* ---- tests ---- */

/* Everything has moved, nothing has doubled, and it happens once. */
static void test_records(void **state) {
    (void)state;
    world w;
    world_start(&w, sotto_seal_omemo());
    sotto_store *store = frozen("juliet", &w.host.host);
    counts before = count_records(store);
    assert_true(before.trust == 2 && before.owners == 2 && before.seal == 0 && before.old_seal > 100);
    device *d = world_device_over(&w, "juliet", "balcony", store);
    sotto_store_close(store);
    counts after = count_records(d->store.inner);
    assert_int_equal(after.trust, 2);
    assert_int_equal(after.owners, 2);
    assert_int_equal(after.old_seal, 0);
    assert_true(after.seal >= before.old_seal);
    size_t writes = d->store.writes;
    device_crash(d, false);
    assert_true(d->store.writes <= writes + 1);
    assert_int_equal(count_records(d->store.inner).seal, after.seal);
    world_end(&w);
}

/* T7, T9: what was decided is decided, by the key that people compare. */
static void test_identity_and_trust(void **state) {
    (void)state;
    world w;
    crypto_ed25519_public edwards;
    crypto_x25519_public form;
    world_start(&w, sotto_seal_omemo());
    device *juliet = thawed(&w, "juliet", "balcony"), *romeo = thawed(&w, "romeo", "orchard");
    memcpy(edwards.bytes, juliet_edwards, 32);
    assert_ok(crypto_ed25519_to_x25519(&form, &edwards));
    seen_keys own = keys_of(juliet, JULIET), theirs = keys_of(juliet, ROMEO);
    assert_true(own.count == 1 && own.at[0].this_device && own.at[0].device == JULIETS);
    assert_memory_equal(own.at[0].fingerprint, form.bytes, 32);
    assert_int_equal(theirs.count, 2);
    assert_int_equal(key_of(&theirs, ROMEOS)->trust, SOTTO_TRUST_VERIFIED);
    assert_int_equal(key_of(&theirs, PHONE)->trust, SOTTO_TRUST_DISTRUSTED);
    for (size_t i = 0; i < 2; i++) assert_memory_equal(theirs.at[i].key, theirs.at[i].fingerprint, 32);
    seen_keys hers = keys_of(romeo, JULIET);
    assert_memory_equal(key_of(&hers, JULIETS)->key, form.bytes, 32);
    sotto_bytes note;
    assert_ok(sotto_engine_noted(juliet->engine, BYTES_LITERAL("remark"), &note));
    assert_true(bytes_is(note, "a note of the host"));
    world_end(&w);
}

/* The sessions go on, the held message leaves in one, and nobody sees anything new. */
static void test_conversation_goes_on(void **state) {
    (void)state;
    world w;
    world_start(&w, sotto_seal_omemo());
    w.seed = 99; /* not what was drawn when the stores were made */
    device *juliet = thawed(&w, "juliet", "balcony"), *romeo = thawed(&w, "romeo", "orchard");
    assert_int_equal(device_held(juliet), 1);
    device_go_online(romeo);
    device_go_online(juliet);
    world_run(&w);
    assert_int_equal(device_held(juliet), 0);
    assert_int_equal(device_read_count(romeo, "held over the upgrade"), 1);
    device_say(romeo, JULIET, "and back");
    world_run(&w);
    device_say(juliet, ROMEO, "and on");
    world_run(&w);
    assert_int_equal(device_read_count(juliet, "and back"), 1);
    assert_int_equal(juliet->read[juliet->read_len - 1].trust, SOTTO_TRUST_VERIFIED);
    assert_int_equal(device_read_count(romeo, "and on"), 1);
    assert_false(world_saw(&w, "kex="));
    const sotto_event_kind none[] = {SOTTO_EVENT_NEW_KEY, SOTTO_EVENT_KEY_ALARM, SOTTO_EVENT_UNREADABLE,
                                     SOTTO_EVENT_COPIED};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_int_equal(device_told_count(juliet, none[i], -1), 0);
        assert_int_equal(device_told_count(romeo, none[i], -1), 0);
    }
    device_say(juliet, MALLORY, "in the clear, as decided");
    world_run(&w);
    assert_true(world_saw(&w, "in the clear, as decided"));
    (void)world_keys_used_once(&w);
    world_end(&w);
}

/* A commit that fails leaves the old layout whole; a later one is not touched. */
static void test_all_or_nothing(void **state) {
    (void)state;
    world w;
    sotto_engine *engine = NULL;
    world_start(&w, sotto_seal_omemo());
    sotto_store *store = frozen("juliet", &w.host.host);
    device *d = world_device(&w, "juliet", "balcony");
    sotto_engine_close(d->engine);
    d->engine = NULL;
    sotto_store_close(d->store.inner);
    d->store.inner = store;
    d->store.fail_at = d->store.writes + 1;
    d->store.fail_until = d->store.fail_at + 1;
    counts before = count_records(store);
    assert_int_equal(sotto_engine_open(&engine, &d->config, w.now_ms).code, SOTTO_E_STORE_FULL);
    assert_int_equal(count_records(store).old_seal, before.old_seal);
    device_open(d);
    assert_int_equal(count_records(store).old_seal, 0);
    sotto_engine_close(d->engine);
    d->engine = NULL;
    const sotto_change later = {BYTES_LITERAL("Alayout"), BYTES_LITERAL("\3")};
    assert_ok(store->methods->write(store, &later, 1));
    assert_int_equal(sotto_engine_open(&engine, &d->config, w.now_ms).code, SOTTO_E_STORE_NEWER);
    world_end(&w);
}

/* With live sessions behind OMEMO, as this version has them: what was kept reads as before. Romeo's key was verified,
 * so a live key of his carries nothing (T7), until his verified OMEMO key says that it is his. */
static void test_live_sessions_come_beside(void **state) {
    (void)state;
    world w;
    world_start(&w, sotto_seal_omemo());
    w.second = sotto_seal_live();
    device *juliet = thawed(&w, "juliet", "balcony"), *romeo = thawed(&w, "romeo", "orchard");
    device_go_online(romeo);
    device_go_online(juliet);
    device_forget_told(juliet);
    device_say(juliet, ROMEO, "after the upgrade");
    uint64_t ticket =
        device_send(juliet, "<iq type='get' id='q' to='" ROMEO "/orchard'><query xmlns='urn:secret-word'/></iq>");
    world_run(&w);
    assert_int_equal(device_read_count(romeo, "after the upgrade"), 1);
    assert_int_equal(device_told_count(juliet, SOTTO_EVENT_HELD, SOTTO_E_NO_TRUSTED_DEVICE), 1);
    assert_int_equal(device_told_count(juliet, SOTTO_EVENT_VOUCHED, 0), 1);
    const told_event *delivered = device_told_last(juliet, SOTTO_EVENT_DELIVERED);
    assert_non_null(delivered);
    assert_true(delivered->ticket == ticket);
    assert_false(world_saw(&w, "secret-word"));
    world_end(&w);
}

const struct CMUnitTest upgrade_tests[] = {
    cmocka_unit_test(test_records),
    cmocka_unit_test(test_identity_and_trust),
    cmocka_unit_test(test_conversation_goes_on),
    cmocka_unit_test(test_all_or_nothing),
    cmocka_unit_test(test_live_sessions_come_beside),
};
const size_t upgrade_count = sizeof upgrade_tests / sizeof upgrade_tests[0];
