/* SPDX-License-Identifier: ISC
 *
 * Somebody who has stolen a part, or is a contact who takes more than is his: another's address, another's key, a
 * verdict that was about something else, an answer that was not asked of him. */
#include "life.h"

#include "crypto/xeddsa.h"
#include "engine/compare_row.h"
#include "engine/keyring.h"
#include "seal/live/block.h"

#define PARIS      "paris@verona.example"
#define PARIS_FULL PARIS "/1"
#define NS_ASKED   "urn:example:asked"

static void verdict(rogue *r, const char *jid, const uint8_t *key, sotto_trust trust) {
    rogue_step(r, (sotto_input){
                      .kind = SOTTO_INPUT_VERDICT, .jid = bytes_text(jid), .key = bytes_of(key, 32), .trust = trust});
}

static void reopen(rogue *r, sotto_trust_policy trust) {
    static const sotto_seal *seals[3];
    seals[0] = sotto_seal_live();
    seals[1] = sotto_seal_omemo();
    life_reopen(r, seals, trust);
}

static live_session *newest(rogue *r) {
    return rogue_inside(r)->sessions;
}

static void prove(rogue *r) {
    live_circumstances c = rogue_circumstances(r);
    rogue_prove(r, &c, &r->identity);
    rogue_send(r);
}

/* ---- another's address ---- */

/* Romeo, who is verified and has a secret, with the help of a server begins a session from another JID. */
static void come_as(rogue *r, const char *from) {
    live_message proof;
    rogue_offer(r, from);
    rogue_hello_from(r, from);
    assert_string_equal(r->answered, "result");
    live_circumstances c = rogue_circumstances(r);
    assert_true(rogue_read(r, &proof));
    assert_int_equal(proof.kind, LIVE_PROOF);
    assert_ok(live_proof_hash(c.earlier, &proof));
    c.initiator = bytes_text(from);
    rogue_prove(r, &c, &r->identity);
    rogue_send_from(r, from);
    assert_string_equal(r->answered, "result");
}

static sotto_trust trust_as(rogue *r, const char *jid) {
    sotto_trust trust;
    assert_ok(engine_keyring_trust(r->engine, bytes_text(jid), r->identity.ed25519.bytes, &trust));
    return trust;
}

static void knows_paris(rogue *r, unsigned how) {
    if (how == 0) /* listed; he does not even see when she is there */
        rogue_stanza(r, "<iq type='set' id='p' to='" BALCONY "'><query xmlns='jabber:iq:roster'><item jid='" PARIS
                        "' subscription='to'/></query></iq>");
    if (how == 1)
        rogue_stanza(r, "<iq type='set' id='p' to='" BALCONY "'><query xmlns='jabber:iq:roster'><item jid='" PARIS
                        "' subscription='both'/></query></iq>");
    if (how == 2) { /* spoken to once */
        rogue_step(r, (sotto_input){.kind = SOTTO_INPUT_SEND,
                                    .stanza = BYTES_LITERAL("<message to='" PARIS "'><body>hello</body></message>"),
                                    .encrypt = SOTTO_ENCRYPT_NEVER,
                                    .ticket = ++r->ticket});
    }
    if (how == 3)
        rogue_step(
            r, (sotto_input){.kind = SOTTO_INPUT_POLICY, .jid = BYTES_LITERAL(PARIS), .encrypt = SOTTO_ENCRYPT_ALWAYS});
}

/* A contact of whom no key is known yet is somebody all the same: nobody else's verified key becomes his. */
static void takes_over(rogue *r, unsigned how) {
    rogue_retain(r);
    verdict(r, ROMEO, r->identity.ed25519.bytes, SOTTO_TRUST_VERIFIED);
    knows_paris(r, how);
    come_as(r, PARIS_FULL);
    assert_true(life_told(r, "moved 0 key-changed\n"));
    assert_true(life_told(r, "key-alarm 0 key-changed\n"));
    assert_int_equal(trust_as(r, PARIS), SOTTO_TRUST_UNDECIDED);
    assert_int_equal(trust_as(r, ROMEO), SOTTO_TRUST_VERIFIED);
    live_message data = rogue_data(9, 1, "<message><body>it is me</body></message>");
    rogue_write(r, &data);
    rogue_send_from(r, PARIS_FULL);
    assert_false(life_told(r, "verified <message"));
}

static void attack_taking_over_somebody_listed(void **state) {
    takes_over(*state, 0);
}

static void attack_taking_over_a_contact_without_keys(void **state) {
    takes_over(*state, 1);
}

static void attack_taking_over_somebody_spoken_to(void **state) {
    takes_over(*state, 2);
}

static void attack_taking_over_somebody_decided_about(void **state) {
    takes_over(*state, 3);
}

/* ... nor one of her own devices, for which everything is sealed. */
static void attack_taking_over_the_own_account(void **state) {
    rogue *r = *state;
    rogue_retain(r);
    verdict(r, ROMEO, r->identity.ed25519.bytes, SOTTO_TRUST_VERIFIED);
    come_as(r, JULIET "/cellar");
    assert_true(life_told(r, "moved 0 key-changed\n"));
    assert_int_equal(trust_as(r, JULIET), SOTTO_TRUST_UNDECIDED);
}

/* Somebody who was taken off the list is nobody. */
static void test_who_was_removed_may_be_anybody(void **state) {
    rogue *r = *state;
    rogue_retain(r);
    verdict(r, ROMEO, r->identity.ed25519.bytes, SOTTO_TRUST_VERIFIED);
    knows_paris(r, 0);
    rogue_stanza(r, "<iq type='set' id='q' to='" BALCONY "'><query xmlns='jabber:iq:roster'><item jid='" PARIS
                    "' subscription='remove'/></query></iq>");
    come_as(r, PARIS_FULL);
    assert_true(life_told(r, "moved 0 ok\n"));
    assert_int_equal(trust_as(r, PARIS), SOTTO_TRUST_VERIFIED);
}

/* ---- quarantine, and words about something else ---- */

/* His key was stolen, his secret was not. */
static void come_without_the_secret(rogue *r) {
    live_message first;
    r->has_secret = false;
    rogue_hello(r, rogue_alpn);
    assert_true(rogue_read(r, &first));
    assert_int_equal(first.kind, LIVE_YOU_FIRST);
    assert_ok(live_proof_hash(r->earlier, &first));
    prove(r);
    assert_true(life_told(r, "quarantined 0 ok\n"));
    assert_true(newest(r)->quarantined);
}

static void hears(rogue *r) {
    rogue_step(r, (sotto_input){.kind = SOTTO_INPUT_TIMER});
}

/* Another device of hers says at that moment that the key is his: so it is, and still nobody knows who shows it. */
static void attack_quarantine_released_by_another_device(void **state) {
    rogue *r = *state;
    live_message proof;
    rogue_retain(r);
    come_without_the_secret(r);
    assert_ok(engine_keyring_vouched(r->engine, BYTES_LITERAL(ROMEO), r->identity.ed25519.bytes, SOTTO_TRUST_VERIFIED,
                                     BYTES_LITERAL(JULIET)));
    hears(r);
    assert_int_equal(trust_as(r, ROMEO), SOTTO_TRUST_VERIFIED);
    assert_true(newest(r)->quarantined);
    assert_false(rogue_read(r, &proof)); /* her key is not shown */
    verdict(r, ROMEO, r->identity.ed25519.bytes, SOTTO_TRUST_VERIFIED);
    assert_false(newest(r)->quarantined);
    assert_true(rogue_read(r, &proof));
}

static void put_run(rogue *r, const char *jid, context_compare_type way, const uint8_t *key) {
    engine_compare_run run = {.jid = bytes_text(jid),
                              .state = TRUST_COMPARE_READY,
                              .until_ms = r->now_ms + 600000,
                              .asker = true,
                              .way = way,
                              .full = way == CONTEXT_COMPARE_LIVE ? BYTES_LITERAL(ORCHARD) : BYTES_NONE};
    assert_ok(context_compare_list_add(&run.theirs, CONTEXT_COMPARE_LIVE, key));
    memcpy(run.peer_key, key, sizeof run.peer_key);
    assert_ok(engine_compare_row_put(r->engine, &run));
    hears(r);
}

static void says_same(rogue *r, const char *jid) {
    rogue_step(r, (sotto_input){.kind = SOTTO_INPUT_COMPARED, .jid = bytes_text(jid), .same = true});
}

/* The two of them compare eight characters in the session that is his. What is verified by it is the key, which the
 * thief has, too. */
static void attack_quarantine_released_by_a_string(void **state) {
    rogue *r = *state;
    live_message proof;
    rogue_retain(r);
    for (unsigned way = CONTEXT_COMPARE_LIVE; way <= CONTEXT_COMPARE_OMEMO; way++) {
        come_without_the_secret(r);
        put_run(r, ROMEO, (context_compare_type)way, r->identity.ed25519.bytes);
        says_same(r, ROMEO);
        assert_int_equal(trust_as(r, ROMEO), SOTTO_TRUST_VERIFIED);
        assert_true(newest(r)->quarantined);
        assert_false(rogue_read(r, &proof));
        verdict(r, ROMEO, r->identity.ed25519.bytes, SOTTO_TRUST_DISTRUSTED);
        verdict(r, ROMEO, r->identity.ed25519.bytes, SOTTO_TRUST_VERIFIED);
    }
}

/* One forged answer must not keep the true one away for as long as a person is asked. */
static void attack_quarantine_as_denial(void **state) {
    rogue *r = *state;
    live_message proof;
    rogue_retain(r);
    r->has_secret = false;
    r->engine->seals[0].class->forget(r->engine->seals[0].self, BYTES_NONE);
    r->engine->seals[0].forgot = true;
    rogue_says(r, "for him alone");
    rogue_answer(r, NULL); /* a thief of his key, in his place */
    assert_true(life_told(r, "quarantined 0 ok\n"));
    assert_true(newest(r)->quarantined && newest(r)->initiator);
    rogue_offer(r, ORCHARD); /* and now he himself, with the secret */
    rogue_hello(r, rogue_alpn);
    assert_string_equal(r->answered, "result");
    rogue_read_proof(r);
    prove(r);
    assert_true(life_next(r, LIVE_DATA, &proof)); /* it is for him */
    for (const live_session *s = rogue_inside(r)->sessions; s != NULL; s = s->next)
        assert_false(s->quarantined && !s->over);
}

/* A new key, after everything was lost: a string that was compared through OMEMO says whose it is. */
static void new_key_by_a_string(rogue *r, context_compare_type way) {
    live_message proof;
    rogue_retain(r);
    assert_ok(crypto_identity_new(&r->identity, &r->host.host));
    come_without_the_secret(r);
    put_run(r, ROMEO, way, r->identity.ed25519.bytes);
    says_same(r, ROMEO);
    assert_int_equal(newest(r)->quarantined, way == CONTEXT_COMPARE_LIVE);
    assert_int_equal(rogue_read(r, &proof), way == CONTEXT_COMPARE_OMEMO);
}

static void test_a_string_confirms_a_new_key(void **state) {
    new_key_by_a_string(*state, CONTEXT_COMPARE_OMEMO);
}

/* One of another session says nothing of this one. */
static void test_a_string_of_another_session_confirms_nothing(void **state) {
    new_key_by_a_string(*state, CONTEXT_COMPARE_LIVE);
}

/* ---- a stolen OMEMO store ---- */

static void says_sibling(rogue *r, const crypto_identity *omemo) {
    uint8_t room[512], body[256], random[64] = {7}, exporter[32];
    crypto_signature signature;
    bytes_buffer out;
    sotto_bytes text;
    live_message shown = {.kind = LIVE_STATEMENT, .type = LIVE_STATEMENT_OMEMO};
    assert_ok(tls_engine_export(r->tls, LIVE_EXPORTER, exporter));
    bytes_buffer_borrowed(&out, room, sizeof room);
    live_block_put(&out, BYTES_LITERAL("sotto live sibling 0"));
    live_block_put(&out, bytes_of(exporter, 32));
    live_block_put(&out, BYTES_LITERAL("I"));
    live_block_put(&out, BYTES_LITERAL(ORCHARD));
    live_block_put(&out, BYTES_LITERAL(BALCONY));
    live_block_put(&out, bytes_of(r->identity.ed25519.bytes, 32));
    assert_ok(bytes_buffer_end(&out, &text));
    assert_ok(crypto_xeddsa_sign(&signature, omemo->x25519_private.bytes, text, random));
    live_statement said = {
        .device = 4711, .identity = bytes_of(omemo->x25519.bytes, 32), .signature = bytes_of(signature.bytes, 64)};
    bytes_buffer_borrowed(&out, body, sizeof body);
    live_statement_write(&out, LIVE_STATEMENT_OMEMO, &said);
    assert_ok(bytes_buffer_end(&out, &shown.body));
    life_send(r, &shown);
}

/* A session whose secret she keeps and does not know that the other side has it. */
static live_secret retain_in_doubt(rogue *r) {
    live_message hold = {.kind = LIVE_HOLD}, none;
    live_secret_input in = {0};
    live_secret kept = {.initiator = true};
    rogue_open(r);
    rogue_write(r, &hold);
    rogue_send(r);
    while (rogue_read(r, &none)) {
    }
    assert_ok(tls_engine_export(r->tls, LIVE_RETAINED_EXPORTER, in.exporter));
    memcpy(in.first, r->earlier, sizeof in.first);
    memcpy(in.second, r->own, sizeof in.second);
    assert_ok(live_secret_make(&kept, &in));
    assert_memory_equal(kept.id, r->hold.ids[0], LIVE_ID_BYTES);
    return kept;
}

/* He was there early, with a key of his own, and left with a secret. Then comes Romeo, who is verified. Then Romeo's
 * OMEMO store is stolen: it must not lift the key of before over what protects Romeo's. */
static void attack_a_stolen_omemo_store_and_an_early_secret(void **state) {
    rogue *r = *state;
    crypto_identity omemo, romeo, thief = r->identity;
    reopen(r, SOTTO_BLIND_UNTIL_VERIFIED);
    assert_ok(crypto_identity_new(&omemo, &r->host.host));
    assert_ok(crypto_identity_new(&romeo, &r->host.host));
    live_secret early = retain_in_doubt(r);
    r->identity = romeo;
    live_secret his = retain_in_doubt(r);
    live_message hold = {.kind = LIVE_HOLD, .id_count = 1}; /* now she knows */
    memcpy(hold.ids[0], his.id, LIVE_ID_BYTES);
    life_send(r, &hold);
    verdict(r, ROMEO, romeo.ed25519.bytes, SOTTO_TRUST_VERIFIED);
    rogue_step(r, (sotto_input){.kind = SOTTO_INPUT_RECORD,
                                .jid = BYTES_LITERAL(ROMEO),
                                .key = bytes_of(omemo.x25519.bytes, 32),
                                .device = 4711,
                                .trust = SOTTO_TRUST_VERIFIED});
    r->identity = thief;
    r->kept = early;
    rogue_offer(r, ORCHARD);
    rogue_hello(r, rogue_alpn);
    rogue_read_proof(r);
    prove(r);
    assert_string_equal(r->answered, "result");
    assert_true(newest(r)->used);
    says_sibling(r, &omemo);
    assert_true(life_told(r, "statement 0 key-changed"));
    assert_false(life_told(r, "vouched"));
    assert_int_equal(trust_as(r, ROMEO), SOTTO_TRUST_BLIND); /* which is not sent to while another one is verified */
}

/* ---- another's key ---- */

/* A contact shows a key that is verified as somebody else's among his own, and the person finds the characters the
 * same: what that somebody says must not count as his. */
static void attack_a_list_with_another_s_key(void **state) {
    rogue *r = *state;
    uint8_t mallorys[32] = {9}, other[32] = {11};
    rogue_open(r);
    verdict(r, ROMEO, r->identity.ed25519.bytes, SOTTO_TRUST_VERIFIED);
    put_run(r, PARIS, CONTEXT_COMPARE_LIVE, r->identity.ed25519.bytes);
    says_same(r, PARIS);
    assert_true(life_told(r, "key-alarm 0 key-changed"));
    assert_int_equal(trust_as(r, PARIS), SOTTO_TRUST_UNDECIDED);
    sotto_trust trust;
    put_run(r, PARIS, CONTEXT_COMPARE_LIVE, mallorys);
    says_same(r, PARIS);
    assert_ok(engine_keyring_trust(r->engine, BYTES_LITERAL(PARIS), mallorys, &trust));
    assert_int_equal(trust, SOTTO_TRUST_VERIFIED);
    /* Her own other device's is not his either. */
    rogue_step(r, (sotto_input){.kind = SOTTO_INPUT_RECORD,
                                .jid = BYTES_LITERAL(JULIET),
                                .key = bytes_of(other, 32),
                                .device = 3,
                                .trust = SOTTO_TRUST_UNDECIDED});
    put_run(r, PARIS, CONTEXT_COMPARE_LIVE, other);
    says_same(r, PARIS);
    assert_ok(engine_keyring_trust(r->engine, BYTES_LITERAL(PARIS), other, &trust));
    assert_int_equal(trust, SOTTO_TRUST_UNDECIDED);
}

/* ---- answers ---- */

static void asks(rogue *r, const char *id) {
    char iq[256];
    snprintf(iq, sizeof iq, "<iq type='get' id='%s' to='" ORCHARD "'><query xmlns='" NS_ASKED "'/></iq>", id);
    rogue_step(r, (sotto_input){.kind = SOTTO_INPUT_SEND, .stanza = bytes_text(iq), .ticket = ++r->ticket});
}

/* The server holds up the session, and answers itself what waits for it. */
static void attack_a_clear_answer_while_the_question_is_held(void **state) {
    rogue *r = *state;
    asks(r, "v1");
    assert_true(life_told(r, "held"));
    rogue_stanza(r, "<iq type='result' id='v1' from='" ORCHARD "' to='" BALCONY "'><query xmlns='" NS_ASKED
                    "'><name>as you wish</name></query></iq>");
    assert_true(life_told(r, "false-answer 0 in-the-clear\n"));
    rogue_stanza(r, "<iq type='result' id='v2' from='" ORCHARD "' to='" BALCONY "'/>"); /* nobody asked that */
    assert_false(life_told(r, "false-answer"));
    rogue_answer(r, NULL);
    live_message got, data;
    assert_true(life_next(r, LIVE_DATA, &got)); /* it leaves all the same */
    data = rogue_data(3, 1, "<iq type='result' id='v1'><query xmlns='" NS_ASKED "'><name>true</name></query></iq>");
    life_send(r, &data);
    assert_true(life_told(r, "<name>true</name>"));
}

/* What one key was asked another one cannot answer, whoever has the resource now. */
static void attack_an_answer_by_another_key(void **state) {
    rogue *r = *state;
    crypto_identity romeo = r->identity;
    live_message got;
    rogue_open(r);
    asks(r, "v1");
    assert_true(life_next(r, LIVE_DATA, &got));
    live_message have = {.kind = LIVE_HAVE, .number = got.number};
    memcpy(have.epoch, got.epoch, sizeof have.epoch);
    life_send(r, &have);
    assert_ok(crypto_identity_new(&r->identity, &r->host.host));
    rogue_open(r);
    live_message data = rogue_data(3, 1, "<iq type='result' id='v1'><query xmlns='" NS_ASKED "'/></iq>");
    life_send(r, &data);
    assert_true(life_told(r, "false-answer 0 key-changed\n"));
    assert_false(life_told(r, "<iq"));
    r->identity = romeo;
    rogue_open(r);
    data = rogue_data(4, 1, "<iq type='result' id='v1'><query xmlns='" NS_ASKED "'/></iq>");
    life_send(r, &data);
    assert_true(life_told(r, "<iq"));
}

/* ---- words ---- */

/* He shows a new key for each guess. */
static void attack_guessing_with_many_keys(void **state) {
    rogue *r = *state;
    static const uint8_t none[32] = {0};
    live_message hold = {.kind = LIVE_HOLD};
    reopen(r, SOTTO_VERIFIED_ONLY);
    sotto_input word = {.kind = SOTTO_INPUT_PASSWORD, .jid = BYTES_LITERAL(ROMEO), .bytes = BYTES_LITERAL("midnight")};
    for (unsigned i = 0; i <= SOTTO_LIVE_GUESSES_MAX; i++) {
        assert_ok(crypto_identity_new(&r->identity, &r->host.host));
        r->hold = hold;
        rogue_open(r);
        life_common(r);
        live_message offer = {.kind = LIVE_PASSWORD, .type = LIVE_PASSWORD_OFFER, .body = bytes_of(none, 32)};
        life_send(r, &offer);
        rogue_step(r, word);
        assert_true(life_told(r, i < SOTTO_LIVE_GUESSES_MAX ? "password 0 bad-mac" : "password 0 guessed-out"));
        r->now_ms += 60000;
    }
}

/* ---- the clock ---- */

/* Set back by a day: what was to be read for half a minute more is not kept for that day. */
static void attack_the_clock_is_set_back(void **state) {
    rogue *r = *state;
    rogue_open(r);
    rogue_open(r);
    size_t retiring = 0;
    for (const live_session *s = rogue_inside(r)->sessions; s != NULL; s = s->next) retiring += s->wear.retiring;
    assert_int_equal(retiring, 1);
    r->now_ms -= UINT64_C(86400000);
    rogue_says(r, "what time is it?");
    for (const live_session *s = rogue_inside(r)->sessions; s != NULL; s = s->next) {
        assert_false(s->wear.retiring && !s->over);
        assert_true(s->wear.first_ms <= r->now_ms);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rogue_setup, rogue_teardown)
const struct CMUnitTest attack_tests[] = {
    TEST(attack_taking_over_somebody_listed),
    TEST(attack_taking_over_a_contact_without_keys),
    TEST(attack_taking_over_somebody_spoken_to),
    TEST(attack_taking_over_somebody_decided_about),
    TEST(attack_taking_over_the_own_account),
    TEST(test_who_was_removed_may_be_anybody),
    TEST(attack_quarantine_released_by_another_device),
    TEST(attack_quarantine_released_by_a_string),
    TEST(attack_quarantine_as_denial),
    TEST(test_a_string_confirms_a_new_key),
    TEST(test_a_string_of_another_session_confirms_nothing),
    TEST(attack_a_stolen_omemo_store_and_an_early_secret),
    TEST(attack_a_list_with_another_s_key),
    TEST(attack_a_clear_answer_while_the_question_is_held),
    TEST(attack_an_answer_by_another_key),
    TEST(attack_guessing_with_many_keys),
    TEST(attack_the_clock_is_set_back),
};
const size_t attack_count = sizeof attack_tests / sizeof attack_tests[0];
