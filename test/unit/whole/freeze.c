/* SPDX-License-Identifier: ISC
 *
 * Makes the stores that upgrade_test.c opens: run it with the program of a release, once, in an empty folder, and keep
 * what it makes beside this file as schema-N. It prints the numbers that the test compares.
 *
 * Juliet and Romeo (with a phone) talk both ways; his first key is verified, the phone's refused; Mallory may get clear
 * text; the host has a note; a message is held. */
#include "world.h"

#include <stdio.h>

#include <sotto/sqlite.h>

static sotto_status copy(void *arg, sotto_bytes key, sotto_bytes value) {
    sotto_store *to = arg;
    const sotto_change change = {key, value};
    return to->methods->write(to, &change, 1);
}

static void keep(device *d, const char *path) {
    sotto_store *to = NULL;
    const sotto_sqlite_options options = {
        .path = path, .key_path = "store.key", .create = true, .host = sotto_host_default()};
    assert_ok(sotto_sqlite_open(&to, &options));
    assert_ok(d->store.inner->methods->scan(d->store.inner, BYTES_NONE, copy, to));
    sotto_store_close(to);
}

static void freeze(void **state) {
    (void)state;
    two t;
    uint8_t key[32];
    two_start_seeded(&t, sotto_seal_omemo(), 77);
    device *phone = world_device(&t.w, "romeo", "phone");
    device_go_online(phone);
    device_say(t.juliet, ROMEO, "before the upgrade 1");
    world_run(&t.w);
    device_say(t.romeo, JULIET, "before the upgrade 2");
    world_run(&t.w);
    device_say(phone, JULIET, "before the upgrade 3");
    world_run(&t.w);
    device_key(t.romeo, key);
    device_verdict(t.juliet, ROMEO, key, SOTTO_TRUST_VERIFIED);
    device_key(phone, key);
    device_verdict(t.juliet, ROMEO, key, SOTTO_TRUST_DISTRUSTED);
    device_policy(t.juliet, MALLORY, SOTTO_ENCRYPT_NEVER);
    world_run(&t.w);
    assert_ok(sotto_engine_note(t.juliet->engine, BYTES_LITERAL("remark"), BYTES_LITERAL("a note of the host")));
    device_say(t.juliet, ROMEO, "before the upgrade 4");
    world_run(&t.w);
    device_leave(t.juliet);
    device_leave(t.romeo);
    device_say(t.juliet, ROMEO, "held over the upgrade");
    world_run(&t.w);
    assert_int_equal(device_held(t.juliet), 1);
    assert_ok(sotto_engine_commit(t.juliet->engine));
    keep(t.juliet, "juliet.sqlite");
    keep(t.romeo, "romeo.sqlite");
    device_key(t.juliet, key);
    (void)printf("juliet %u, romeo %u, phone %u, key ", (unsigned)device_number(t.juliet),
                 (unsigned)device_number(t.romeo), (unsigned)device_number(phone));
    for (size_t i = 0; i < sizeof key; i++) (void)printf("%02x", key[i]);
    (void)printf("\n");
    world_end(&t.w);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(freeze)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
