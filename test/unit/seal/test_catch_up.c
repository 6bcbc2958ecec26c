/* SPDX-License-Identifier: ISC
 *
 * While archives are read: used prekeys are kept, no answer goes out for each message, and no session is begun for what
 * cannot be read (T19, T22). At the end one answer for each device. */
#include "groups.h"
#include "seal/omemo/self.h"
#include "two.h"

static void catch_up(world_device *d, bool begin) {
    assert_code(world_input(d, &(seal_input){.kind = SEAL_INPUT_CATCHUP, .available = begin}), 0);
}

static const world_origin archived = {.offline = true};

static void read_archived(world_device *reader, world_device *writer, sotto_bytes sealed) {
    world_read read = world_open(reader, writer, sealed, &archived);
    assert_code(read.status, 0);
    assert_code(read.opened.reason, 0);
    assert_int_equal(read.opened.outcome, SEAL_OPENED);
}

static void test_T22_one_answer_at_the_end(void **state) {
    (void)state;
    two t;
    two_start(&t);
    t.w.without = MODERN;
    world_device *old = world_join(&t.w, JULIET);
    (void)old;
    catch_up(t.romeo, true);
    sotto_bytes first = world_say(t.juliet, ROMEO, "1");
    read_archived(t.romeo, t.juliet, first);
    for (uint32_t i = 0; i <= SOTTO_OMEMO_HEARTBEAT + 3; i++)
        read_archived(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "x"));
    assert_int_equal(t.romeo->control_count, 0);
    catch_up(t.romeo, false);
    assert_int_equal(t.romeo->control_count, 1);
    assert_int_equal(world_pass_controls(t.romeo), 1);
    catch_up(t.romeo, false);
    assert_int_equal(t.romeo->control_count, 0);
    world_expect(t.juliet, t.romeo, world_say(t.romeo, JULIET, "read it all"), "read it all");
    two_end(&t);
}

/* What was written by the user meanwhile was the answer. */
static void test_T22_answered_meanwhile(void **state) {
    (void)state;
    two t;
    two_start(&t);
    catch_up(t.romeo, true);
    read_archived(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "1"));
    world_expect(t.juliet, t.romeo, world_say(t.romeo, JULIET, "here"), "here");
    catch_up(t.romeo, false);
    assert_int_equal(t.romeo->control_count, 0);
    two_end(&t);
}

/* Strangers get none (T23). */
static void test_T23_strangers_get_none(void **state) {
    (void)state;
    two t;
    two_start(&t);
    catch_up(t.romeo, true);
    const world_origin stranger = {.offline = true, .stranger = true};
    world_read read = world_open(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "1"), &stranger);
    assert_int_equal(read.opened.outcome, SEAL_OPENED);
    catch_up(t.romeo, false);
    assert_int_equal(t.romeo->control_count, 0);
    two_end(&t);
}

/* Two senders who picked the same prekey, hours apart in the reading, and a restart in between: both are read. After
 * the end the prekey goes. */
static void test_T19_prekeys_are_kept_until_the_end(void **state) {
    (void)state;
    for (int ended = 0; ended < 2; ended++) {
        two t;
        two_start(&t);
        world_device *nurse = world_join(&t.w, "nurse@capulet.example");
        world_go_online(nurse, true);
        /* One prekey only, so that both pick it. */
        const char *id = romeo_id(&t);
        sotto_bytes bundle = world_item(&t.w, ROMEO, BUNDLES, id);
        const char *text = (const char *)world_text(&t.w, "%.*s", (int)bundle.len, (const char *)bundle.at).at;
        const char *first = strstr(text, "<pk "), *second = strstr(first + 1, "<pk ");
        world_set_item(&t.w, ROMEO, BUNDLES, id,
                       world_text(&t.w, "%.*s</prekeys></bundle>", (int)(second - text), text));
        sotto_bytes one = world_say(t.juliet, ROMEO, "one"), other = world_say(nurse, ROMEO, "other");
        catch_up(t.romeo, true);
        read_archived(t.romeo, t.juliet, one);
        world_wait(&t.w, 2 * OMEMO_KEEP_CATCH_UP_MS);
        world_reopen(t.romeo);
        world_go_online(t.romeo, true);
        if (ended == 1) {
            catch_up(t.romeo, false);
            world_wait(&t.w, 1);
            world_expect_unreadable(t.romeo, nurse, other, SOTTO_E_NO_PREKEY);
        } else {
            read_archived(t.romeo, nurse, other);
        }
        two_end(&t);
    }
}

/* One that nobody ends does not keep keys for ever. */
static void test_T19_not_for_ever(void **state) {
    (void)state;
    two t;
    two_start(&t);
    catch_up(t.romeo, true);
    sotto_bytes first = world_say(t.juliet, ROMEO, "one");
    read_archived(t.romeo, t.juliet, first);
    world_wait(&t.w, 25ull * 3600 * 1000);
    bool still = true;
    t.romeo->env.now_ms = t.w.now_ms;
    assert_code(omemo_own_catching_up(&t.romeo->env, &still), 0);
    assert_false(still);
    bytes_arena_clear(&t.romeo->arena);
    two_end(&t);
}

/* T19, T21: nor do catch-ups without end, each begun before a day was over (a program that is started daily, and a
 * server that never lets it finish). The timer that was asked for is what wipes the key. */
static void test_T19_not_by_one_after_the_other(void **state) {
    (void)state;
    two t;
    two_start(&t);
    world_device *nurse = world_join(&t.w, "nurse@capulet.example");
    world_go_online(nurse, true);
    const char *id = romeo_id(&t);
    sotto_bytes bundle = world_item(&t.w, ROMEO, BUNDLES, id);
    const char *text = (const char *)world_text(&t.w, "%.*s", (int)bundle.len, (const char *)bundle.at).at;
    const char *first = strstr(text, "<pk "), *second = strstr(first + 1, "<pk ");
    world_set_item(&t.w, ROMEO, BUNDLES, id, world_text(&t.w, "%.*s</prekeys></bundle>", (int)(second - text), text));
    sotto_bytes one = world_say(t.juliet, ROMEO, "one"), other = world_say(nurse, ROMEO, "other");
    catch_up(t.romeo, true);
    read_archived(t.romeo, t.juliet, one);
    for (int day = 0; day < 9; day++) {
        world_wait(&t.w, 23ull * 3600 * 1000);
        world_reopen(t.romeo);
        catch_up(t.romeo, true);
    }
    world_expect_unreadable(t.romeo, nurse, other, SOTTO_E_NO_PREKEY);
    two_end(&t);
}

/* T22: a message out of an archive that has no session begins none, whatever it says about being live. */
static void test_T22_no_session_for_what_is_archived(void **state) {
    (void)state;
    two t;
    two_start(&t);
    two_greet(&t);
    assert_code(world_input(t.romeo, &(seal_input){.kind = SEAL_INPUT_REPAIR, .jid = BYTES_LITERAL(JULIET)}), 0);
    catch_up(t.romeo, true);
    sotto_bytes sealed = world_say(t.juliet, ROMEO, "lost");
    for (int live = 0; live < 2; live++) {
        world_read read = world_open(t.romeo, t.juliet, sealed, live ? NULL : &archived);
        assert_int_equal(read.opened.outcome, SEAL_UNREADABLE);
        assert_code(read.opened.reason, SOTTO_E_NO_SESSION);
        assert_int_equal(t.romeo->ask_count, 0);
    }
    catch_up(t.romeo, false);
    assert_int_equal(t.romeo->control_count, 0);
    /* Live and after it, it is healed as ever. */
    world_open(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "lost"), NULL);
    assert_int_equal(t.romeo->ask_count, 1);
    two_end(&t);
}

/* limit: SOTTO_OMEMO_ANSWERS_MAX
 * Beyond so many the answers wait until the user writes. */
static void test_T22_not_too_many_answers(void **state) {
    (void)state;
    two t;
    two_start(&t);
    two_greet(&t);
    catch_up(t.romeo, true);
    sotto_bytes key, value, row = BYTES_NONE;
    omemo_row device;
    assert_code(omemo_row_device(&device, BYTES_LITERAL(JULIET), world_device_id(t.juliet), OMEMO_ROW_DEVICE), 0);
    assert_true(bytes_map_get(&t.romeo->records, omemo_row_key(&device), &row));
    row = world_text(&t.w, "%s", ""); /* what is in the way is copied below */
    assert_true(bytes_map_get(&t.romeo->records, omemo_row_key(&device), &value));
    uint8_t copy[2048];
    memcpy(copy, value.at, value.len);
    size_t len = value.len;
    copy[1] |= 8; /* an answer is due */
    for (uint32_t i = 1; i <= SOTTO_OMEMO_ANSWERS_MAX + 10; i++) {
        omemo_peer due = omemo_peer_new(&omemo_dialect_2, i);
        assert_code(omemo_row_device(&device, BYTES_LITERAL(JULIET), i, OMEMO_ROW_DEVICE), 0);
        assert_true(sotto_ok(bytes_map_put(&t.romeo->records, omemo_row_key(&device), bytes_of(copy, len))));
        assert_code(omemo_catch_up_due(&t.romeo->env, BYTES_LITERAL(JULIET), &due), 0);
    }
    catch_up(t.romeo, false);
    assert_int_equal(t.romeo->control_count, SOTTO_OMEMO_ANSWERS_MAX);
    key = BYTES_LITERAL("\0n");
    assert_false(bytes_map_from(&t.romeo->records, key, false, &key, &value) &&
                 bytes_starts_with(key, BYTES_LITERAL("\0n")));
    two_end(&t);
}

int catch_up_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_T22_one_answer_at_the_end),
        cmocka_unit_test(test_T22_answered_meanwhile),
        cmocka_unit_test(test_T23_strangers_get_none),
        cmocka_unit_test(test_T19_prekeys_are_kept_until_the_end),
        cmocka_unit_test(test_T19_not_for_ever),
        cmocka_unit_test(test_T19_not_by_one_after_the_other),
        cmocka_unit_test(test_T22_no_session_for_what_is_archived),
        cmocka_unit_test(test_T22_not_too_many_answers),
    };
    return cmocka_run_group_tests_name("catch-up", tests, NULL, NULL);
}
