/* SPDX-License-Identifier: ISC
 *
 * Sizes and numbers in a message of OMEMO, and what is remembered of those who write. */
#include <stdio.h>

#include <sotto/limits.h>

#include "forge.h"
#include "seal/omemo/self.h"
#include "work.h"

/* The message in a <key/>, made longer by a field that no reader knows: protobuf has readers skip it. */
static sotto_bytes padded(two *t, sotto_bytes sealed, size_t size) {
    uint8_t *memory = bytes_arena_take(&t->w.memory, size);
    bytes_buffer out;
    sotto_bytes bytes = forge_bytes(&t->w, sealed), all = BYTES_NONE;
    assert_non_null(memory);
    assert_true(size > bytes.len + 3 + 128);
    bytes_buffer_borrowed(&out, memory, size);
    bytes_buffer_put(&out, bytes);
    bytes_buffer_u8(&out, 15 << 3 | 2); /* field 15, a block */
    size_t rest = size - bytes.len - 3;
    bytes_buffer_u8(&out, (uint8_t)(rest | 128));
    bytes_buffer_u8(&out, (uint8_t)(rest >> 7));
    assert_non_null(bytes_buffer_room(&out, rest));
    assert_code(bytes_buffer_end(&out, &all), 0);
    assert_int_equal(all.len, size);
    return forge_put_bytes(&t->w, sealed, all);
}

/* limit: SOTTO_OMEMO_MESSAGE_BYTES_MAX */
static void test_message_bytes(void **state) {
    (void)state;
    two t;
    two_start(&t);
    two_greet(&t);
    sotto_bytes sealed = world_say(t.juliet, ROMEO, "x");
    refused(&t, padded(&t, sealed, SOTTO_OMEMO_MESSAGE_BYTES_MAX + 1), NULL, SOTTO_E_TOO_LARGE);
    world_expect(t.romeo, t.juliet, padded(&t, sealed, SOTTO_OMEMO_MESSAGE_BYTES_MAX), "x");
    world_expect(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "y"), "y");
    two_end(&t);
}

static sotto_bytes with_keys(two *t, sotto_bytes sealed, unsigned more) {
    bytes_buffer out;
    sotto_bytes many = BYTES_NONE;
    bytes_buffer_owned(&out, sotto_host_default(), 1u << 20);
    for (unsigned i = 0; i < more; i++) bytes_buffer_text(&out, "<key rid='5'>AA==</key>");
    bytes_buffer_text(&out, "<key ");
    bytes_buffer_u8(&out, 0);
    assert_code(bytes_buffer_end(&out, &many), 0);
    sotto_bytes made = world_replace(&t->w, sealed, "<key ", (const char *)many.at);
    bytes_buffer_free(&out);
    return made;
}

/* limit: SOTTO_OMEMO_KEYS_MAX */
static void test_keys_of_a_header(void **state) {
    (void)state;
    two t;
    two_start(&t);
    two_greet(&t);
    sotto_bytes sealed = world_say(t.juliet, ROMEO, "x");
    refused(&t, with_keys(&t, sealed, SOTTO_OMEMO_KEYS_MAX), NULL, SOTTO_E_TOO_LARGE);
    world_expect(t.romeo, t.juliet, with_keys(&t, sealed, SOTTO_OMEMO_KEYS_MAX - 1), "x");
    world_expect(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "y"), "y");
    two_end(&t);
}

/* The longest JID somebody can write from, and one that is longer. limit: SOTTO_OMEMO_JID_BYTES_MAX */
static void test_long_jids(void **state) {
    (void)state;
    two t;
    static const char host[] = "@capulet.example";
    two_start(&t);
    for (size_t over = 0; over < 2; over++) {
        static char jids[2][SOTTO_OMEMO_JID_BYTES_MAX + 2]; /* the world keeps them */
        char *jid = jids[over], from[SOTTO_OMEMO_JID_BYTES_MAX + 4];
        size_t len = SOTTO_OMEMO_JID_BYTES_MAX + over;
        memset(jid, 'a', sizeof jids[0]);
        memcpy(jid + len - (sizeof host - 1), host, sizeof host);
        memcpy(from, jid, len);
        memcpy(from + len, "/x", sizeof "/x");
        world_device *writer = world_join(&t.w, jid);
        if (!over) {
            world_go_online(writer, true);
            sotto_bytes sealed = world_say(writer, ROMEO, "x");
            world_read read = world_open(t.romeo, writer, sealed, &(world_origin){.from = from});
            assert_code(read.opened.reason, 0);
            assert_int_equal(read.opened.outcome, SEAL_OPENED);
            t.romeo->control_count = 0;
            world_go_offline(writer);
        } else {
            refused(&t, world_say(t.juliet, ROMEO, "y"), &(world_origin){.from = from}, SOTTO_E_TOO_LARGE);
        }
    }
    world_expect(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "z"), "z");
    two_end(&t);
}

/* Names made up for ever do not fill the memory: it is emptied and begins anew. limit: SOTTO_OMEMO_CACHE_MAX */
static void test_volatile_entries(void **state) {
    (void)state;
    omemo_cache cache;
    omemo_failures failures = {.since_ms = 5, .count = 1};
    char jid[64];
    omemo_cache_init(&cache, sotto_host_default());
    for (unsigned i = 1; i <= SOTTO_OMEMO_CACHE_MAX; i++) {
        snprintf(jid, sizeof jid, "u%u@mallory.example", i);
        assert_code(omemo_cache_put_failures(&cache, bytes_text(jid), &failures), 0);
        assert_int_equal(cache.map.count, i);
    }
    omemo_cache_failures(&cache, BYTES_LITERAL("u1@mallory.example"), &failures);
    assert_int_equal(failures.count, 1);
    failures.count = 2;
    assert_code(omemo_cache_put_failures(&cache, BYTES_LITERAL("one.more@mallory.example"), &failures), 0);
    assert_int_equal(cache.map.count, 1);
    omemo_cache_failures(&cache, BYTES_LITERAL("one.more@mallory.example"), &failures);
    assert_int_equal(failures.count, 2);
    omemo_cache_failures(&cache, BYTES_LITERAL("u1@mallory.example"), &failures);
    assert_int_equal(failures.count, 0);
    bytes_map_clear(&cache.map);
}

int omemo_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message_bytes),
        cmocka_unit_test(test_keys_of_a_header),
        cmocka_unit_test(test_long_jids),
        cmocka_unit_test(test_volatile_entries),
    };
    return cmocka_run_group_tests_name("omemo", tests, NULL, NULL);
}
