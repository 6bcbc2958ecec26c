/* SPDX-License-Identifier: ISC
 *
 * What a person decides for a contact: a time in the clear that ends by itself (T14), which seals may be used; and that
 * what earlier versions wrote about contacts and keys is read. */
#include "engine_rig.h"

#include "../trust/golden.h"
#include "bytes/buffer.h"
#include "engine/contact.h"

#define ROMEO "romeo@montague.example"
#define HELLO "<message to='" ROMEO "' type='chat' id='a'><body>hello</body></message>"
#define HOUR  UINT64_C(3600000)

static void ready(engine_rig *r) {
    the_script.promise = SEAL_READY;
    script_key(0, ROMEO, 11, 0x11);
    go_online(r, false);
}

static void set_policy(engine_rig *r, sotto_encrypt encrypt, uint64_t for_ms) {
    step(r,
         (sotto_input){.kind = SOTTO_INPUT_POLICY, .jid = BYTES_LITERAL(ROMEO), .encrypt = encrypt, .for_ms = for_ms});
}

static sotto_contact look(engine_rig *r) {
    sotto_contact contact;
    assert_ok(sotto_engine_contact(r->engine, BYTES_LITERAL(ROMEO), &contact));
    return contact;
}

/* ---- what is in force ---- */

static void test_T14_the_policy_in_force_is_the_golden_text(void **state) {
    engine_rig *r = *state;
    static const char *const encrypts[] = {"default", "auto", "always", "never"};
    static const char *const windows[] = {"-", "open", "over"};
    static const uint64_t untils[] = {0, START_MS + 1, START_MS};
    golden g = {.len = 0};
    for (unsigned base = 0; base <= SOTTO_ENCRYPT_NEVER; base++)
        for (unsigned window = 0; window < 3; window++)
            for (unsigned sticky = 0; sticky < 2; sticky++)
                for (unsigned said = 0; said <= SOTTO_ENCRYPT_NEVER; said++) {
                    engine_contact contact = {.encrypt = (sotto_encrypt)base,
                                              .sticky = sticky,
                                              .clear_since_ms = untils[window] == 0 ? 0 : START_MS - HOUR,
                                              .clear_until_ms = untils[window]};
                    golden_add(&g, "%-7s %-4s %-9s %-7s -> %s\n", encrypts[base], windows[window],
                               sticky ? "encrypted" : "-", encrypts[said],
                               engine_policy_name(engine_contact_policy(r->engine, &contact, (sotto_encrypt)said)));
                }
    golden_compare(&g, "opt-out.txt");
}

static void test_T14_a_time_in_the_clear_ends_by_itself(void **state) {
    engine_rig *r = *state;
    ready(r);
    step(r, send_input(1, HELLO));
    outputs(r, true);
    set_policy(r, SOTTO_ENCRYPT_NEVER, HOUR);
    step(r, send_input(2, HELLO));
    assert_outputs(r, "stanza clear 2 " HELLO "\n");
    assert_int_equal(look(r).now, SOTTO_ENCRYPT_NEVER);
    assert_true(look(r).clear_until_ms == START_MS + HOUR && look(r).encrypted);
    assert_true(sotto_engine_deadline(r->engine) <= START_MS + HOUR);
    /* A restart changes nothing. */
    commit(r);
    engine_reopen(r);
    r->now_ms += HOUR - 1;
    go_online(r, false);
    step(r, send_input(3, HELLO));
    assert_outputs(r, "stanza clear 3 " HELLO "\n");
    assert_true(sotto_engine_deadline(r->engine) == START_MS + HOUR);
    /* One millisecond later nobody needs to say anything for it to be over; and it is told when somebody looks. */
    r->now_ms++;
    step(r, send_input(4, HELLO));
    assert_contains(outputs(r, true), "stanza script 4");
    assert_int_equal(look(r).now, SOTTO_ENCRYPT_AUTO);
    step(r, (sotto_input){.kind = SOTTO_INPUT_TIMER});
    assert_outputs(r, "event policy-ended 0 " ROMEO " ok\n");
    step(r, (sotto_input){.kind = SOTTO_INPUT_TIMER});
    assert_outputs(r, "");
    assert_true(look(r).clear_until_ms == 0);
}

static void test_T14_a_clock_that_goes_back_ends_it(void **state) {
    engine_rig *r = *state;
    ready(r);
    step(r, send_input(1, HELLO));
    outputs(r, true);
    set_policy(r, SOTTO_ENCRYPT_NEVER, HOUR);
    r->now_ms -= 1;
    step(r, send_input(2, HELLO));
    assert_contains(outputs(r, true), "stanza script 2");
}

static void test_another_decision_ends_it(void **state) {
    engine_rig *r = *state;
    ready(r);
    set_policy(r, SOTTO_ENCRYPT_ALWAYS, 0);
    set_policy(r, SOTTO_ENCRYPT_NEVER, UINT64_MAX); /* as long as there is a clock */
    assert_int_equal(look(r).now, SOTTO_ENCRYPT_NEVER);
    assert_int_equal(look(r).encrypt, SOTTO_ENCRYPT_ALWAYS);
    set_policy(r, SOTTO_ENCRYPT_AUTO, 0);
    assert_int_equal(look(r).now, SOTTO_ENCRYPT_AUTO);
    assert_true(look(r).clear_until_ms == 0);
    assert_status(try_step(r, (sotto_input){.kind = SOTTO_INPUT_POLICY,
                                            .jid = BYTES_LITERAL(ROMEO),
                                            .encrypt = SOTTO_ENCRYPT_ALWAYS,
                                            .for_ms = 1}),
                  USAGE);
}

/* ---- via ---- */

static sotto_status via(engine_rig *r, sotto_via how, const char *name) {
    sotto_input input = {
        .kind = SOTTO_INPUT_VIA, .jid = BYTES_LITERAL(ROMEO), .via = how, .name = bytes_text(name != NULL ? name : "")};
    return try_step(r, input);
}

static void test_via_takes_what_the_engine_has(void **state) {
    engine_rig *r = *state;
    assert_ok(via(r, SOTTO_VIA_STORED, NULL));
    assert_ok(via(r, SOTTO_VIA_NAMED, "script"));
    assert_int_equal(look(r).via, SOTTO_VIA_NAMED);
    assert_true(bytes_is(look(r).name, "script"));
    assert_status(via(r, SOTTO_VIA_LIVE, NULL), NOT_FOUND);
    assert_status(via(r, SOTTO_VIA_NAMED, "live"), NOT_FOUND);
    assert_status(via(r, SOTTO_VIA_NAMED, ""), USAGE);
    assert_status(via(r, SOTTO_VIA_NAMED, "a name that is longer than any seal has"), USAGE);
    assert_status(via(r, (sotto_via)9, NULL), USAGE);
    assert_int_equal(look(r).via, SOTTO_VIA_NAMED); /* what failed changed nothing */
    commit(r);
    engine_reopen(r);
    assert_int_equal(look(r).via, SOTTO_VIA_NAMED);
    assert_ok(via(r, SOTTO_VIA_AUTO, NULL));
    assert_int_equal(look(r).name.len, 0);
}

static void test_via_of_a_live_seal(void **state) {
    engine_rig *r = *state;
    assert_ok(via(r, SOTTO_VIA_LIVE, NULL));
    assert_status(via(r, SOTTO_VIA_STORED, NULL), NOT_FOUND);
}

static void two_seals(engine_rig *r, const sotto_seal *one, const sotto_seal *other) {
    r->seals[0] = one;
    r->seals[1] = other;
    r->config.least_strength = 0;
    commit(r);
    engine_reopen(r);
}

static void test_other_seals_are_passed_over(void **state) {
    engine_rig *r = *state;
    two_seals(r, script_seal(), sotto_seal_rot13());
    ready(r);
    assert_ok(via(r, SOTTO_VIA_NAMED, "rot13"));
    step(r, send_input(1, HELLO));
    assert_contains(outputs(r, true), "stanza rot13 1");
    assert_int_equal(the_script.promises, 0);
    assert_ok(via(r, SOTTO_VIA_NAMED, "script"));
    step(r, send_input(2, HELLO));
    assert_contains(outputs(r, true), "stanza script 2");
    assert_ok(via(r, SOTTO_VIA_AUTO, NULL));
    step(r, send_input(3, HELLO));
    assert_contains(outputs(r, true), "stanza script 3");
}

/* T14: what cannot go the way that was chosen waits, and does not go in the clear instead, whatever the policy says
 * about people without keys. */
static void test_T14_who_chose_a_way_did_not_choose_the_clear(void **state) {
    engine_rig *r = *state;
    two_seals(r, script_seal(), sotto_seal_rot13());
    ready(r);
    assert_ok(via(r, SOTTO_VIA_NAMED, "script"));
    the_script.promise = SEAL_NEVER;
    step(r, send_input(1, HELLO));
    assert_contains(outputs(r, true), "event held 1 " ROMEO " no-device\n");
    step(r, (sotto_input){.kind = SOTTO_INPUT_CANCEL, .ticket = 1});
    /* The program does not have it any more. */
    r->seals[0] = sotto_seal_rot13();
    r->seals[1] = NULL;
    commit(r);
    engine_reopen(r);
    go_online(r, false);
    step(r, send_input(2, HELLO));
    assert_outputs(r, "event held 2 " ROMEO " cannot-protect\n");
    assert_ok(via(r, SOTTO_VIA_AUTO, NULL)); /* and goes when that is taken back */
    assert_contains(outputs(r, true), "stanza rot13 2");
}

/* ---- what earlier versions wrote ---- */

static void put_record(engine_rig *r, sotto_bytes key, sotto_bytes value) {
    sotto_change change = {key, value};
    assert_ok(r->store.inner->methods->write(r->store.inner, &change, 1));
}

static void test_records_of_version_1_are_read(void **state) {
    engine_rig *r = *state;
    uint8_t contact[] = {1, SOTTO_ENCRYPT_ALWAYS, 1 | 2 | 8};
    put_record(r, BYTES_LITERAL("C" ROMEO), bytes_of(contact, sizeof contact));
    uint8_t at[1 + sizeof ROMEO + 32] = "T" ROMEO, row[128] = {1, SOTTO_TRUST_VERIFIED, 0, 0, 0, 11};
    memset(at + 1 + sizeof ROMEO, 0x11, 32);
    bytes_buffer out;
    sotto_bytes value;
    bytes_buffer_borrowed(&out, row, sizeof row);
    bytes_buffer_u8(&out, 1);
    bytes_buffer_u8(&out, SOTTO_TRUST_VERIFIED);
    bytes_buffer_u32(&out, 11);
    bytes_buffer_block(&out, BYTES_LITERAL("script"));
    bytes_buffer_put(&out, bytes_of(at + 1 + sizeof ROMEO, 32));
    bytes_buffer_u64(&out, START_MS);
    bytes_buffer_u64(&out, 0);
    assert_ok(bytes_buffer_end(&out, &value));
    put_record(r, bytes_of(at, sizeof at), value);
    commit(r);
    engine_reopen(r);
    sotto_contact seen = look(r);
    assert_true(seen.encrypted && seen.verified && !seen.doubtful && seen.encrypt == SOTTO_ENCRYPT_ALWAYS);
    ready(r);
    step(r, send_input(1, HELLO)); /* the key is known, and verified */
    assert_contains(outputs(r, true), "stanza script 1");
    assert_int_equal(the_script.allowed, 1);
}

static void test_damaged_records_are_corrupt(void **state) {
    engine_rig *r = *state;
    static const struct {
        uint8_t bytes[8];
        size_t len;
    } wrong[] = {{{3, 0, 0}, 3}, {{0, 0, 0}, 3}, {{1, 9, 0}, 3}, {{1, 0, 0, 0}, 4}, {{2, 0, 0}, 3}, {{2, 0, 0, 9}, 4}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        sotto_contact contact;
        put_record(r, BYTES_LITERAL("C" ROMEO), bytes_of(wrong[i].bytes, wrong[i].len));
        commit(r);
        engine_reopen(r);
        assert_status(sotto_engine_contact(r->engine, BYTES_LITERAL(ROMEO), &contact), STORE_CORRUPT);
    }
    sotto_contact contact;
    assert_status(sotto_engine_contact(r->engine, BYTES_LITERAL("@"), &contact), BAD_JID);
}

#define WITH(setup, f) cmocka_unit_test_setup_teardown(f, setup, engine_teardown)

const struct CMUnitTest policy_tests[] = {
    WITH(engine_setup, test_T14_the_policy_in_force_is_the_golden_text),
    WITH(engine_setup, test_T14_a_time_in_the_clear_ends_by_itself),
    WITH(engine_setup, test_T14_a_clock_that_goes_back_ends_it),
    WITH(engine_setup, test_another_decision_ends_it),
    WITH(engine_setup, test_via_takes_what_the_engine_has),
    WITH(engine_setup_live, test_via_of_a_live_seal),
    WITH(engine_setup, test_other_seals_are_passed_over),
    WITH(engine_setup, test_T14_who_chose_a_way_did_not_choose_the_clear),
    WITH(engine_setup, test_records_of_version_1_are_read),
    WITH(engine_setup, test_damaged_records_are_corrupt),
};
const size_t policy_count = sizeof policy_tests / sizeof *policy_tests;
