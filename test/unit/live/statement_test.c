/* SPDX-License-Identifier: ISC
 *
 * What is said to stand behind a live key: the OMEMO identity of the same device, which signs in each session, and what
 * the host judges. */
#include "life.h"

#include "crypto/xeddsa.h"
#include "engine/keyring.h"
#include "seal/live/block.h"

static void reopen(rogue *r, sotto_trust_policy trust) {
    static const sotto_seal *seals[3];
    seals[0] = sotto_seal_live();
    seals[1] = sotto_seal_omemo();
    life_reopen(r, seals, trust);
}

/* ---- OMEMO ---- */

typedef struct sibling {
    uint8_t exporter[32];
    const char *role, *initiator, *responder;
    uint8_t key[32];
} sibling;

static sibling sibling_of(rogue *r, bool by_rogue) {
    sibling s = {.role = r->initiator == by_rogue ? "I" : "R",
                 .initiator = r->initiator ? ORCHARD : BALCONY,
                 .responder = r->initiator ? BALCONY : ORCHARD};
    memcpy(s.key, by_rogue ? r->identity.ed25519.bytes : rogue_inside(r)->identity.ed25519.bytes, 32);
    assert_ok(tls_engine_export(r->tls, LIVE_EXPORTER, s.exporter));
    return s;
}

static sotto_bytes sibling_bytes(const sibling *s, uint8_t *room, size_t size) {
    bytes_buffer out;
    sotto_bytes ret;
    bytes_buffer_borrowed(&out, room, size);
    live_block_put(&out, BYTES_LITERAL("sotto live sibling 0"));
    live_block_put(&out, bytes_of(s->exporter, 32));
    live_block_put(&out, bytes_text(s->role));
    live_block_put(&out, bytes_text(s->initiator));
    live_block_put(&out, bytes_text(s->responder));
    live_block_put(&out, bytes_of(s->key, 32));
    assert_ok(bytes_buffer_end(&out, &ret));
    return ret;
}

static void shows_sibling(rogue *r, const crypto_identity *omemo, const sibling *s) {
    uint8_t room[512], body[256], random[64] = {7};
    crypto_signature signature;
    bytes_buffer out;
    live_message shown = {.kind = LIVE_STATEMENT, .type = LIVE_STATEMENT_OMEMO};
    assert_ok(crypto_xeddsa_sign(&signature, omemo->x25519_private.bytes, sibling_bytes(s, room, sizeof room), random));
    live_statement said = {
        .device = 4711, .identity = bytes_of(omemo->x25519.bytes, 32), .signature = bytes_of(signature.bytes, 64)};
    bytes_buffer_borrowed(&out, body, sizeof body);
    live_statement_write(&out, LIVE_STATEMENT_OMEMO, &said);
    assert_ok(bytes_buffer_end(&out, &shown.body));
    life_send(r, &shown);
}

static void decide(rogue *r, const crypto_identity *omemo, sotto_trust trust) {
    rogue_step(r, (sotto_input){.kind = SOTTO_INPUT_RECORD,
                                .jid = BYTES_LITERAL(ROMEO),
                                .key = bytes_of(omemo->x25519.bytes, 32),
                                .device = 4711,
                                .trust = trust});
}

static void begin(rogue *r, crypto_identity *omemo, sotto_trust trust) {
    reopen(r, SOTTO_BLIND_UNTIL_VERIFIED);
    assert_ok(crypto_identity_new(omemo, &r->host.host));
    decide(r, omemo, trust);
    rogue_open(r);
}

static void test_a_verified_omemo_key_verifies_a_live_key(void **state) {
    rogue *r = *state;
    crypto_identity omemo;
    begin(r, &omemo, SOTTO_TRUST_VERIFIED);
    assert_int_equal(life_trust(r), SOTTO_TRUST_UNDECIDED); /* a new key never downgrades */
    sibling s = sibling_of(r, true);
    shows_sibling(r, &omemo, &s);
    assert_true(life_told(r, "statement 0 ok"));
    assert_true(life_told(r, "vouched"));
    assert_int_equal(life_trust(r), SOTTO_TRUST_VERIFIED);
    shows_sibling(r, &omemo, &s); /* told once */
    assert_false(life_told(r, "statement"));
}

static void test_one_that_is_not_verified_does_not(void **state) {
    rogue *r = *state;
    crypto_identity omemo;
    begin(r, &omemo, SOTTO_TRUST_BLIND);
    sibling s = sibling_of(r, true);
    shows_sibling(r, &omemo, &s);
    assert_true(life_told(r, "statement 0 no-trusted-device"));
    assert_int_equal(life_trust(r), SOTTO_TRUST_BLIND);
    decide(r, &omemo, SOTTO_TRUST_VERIFIED); /* and then it is: in the next session it counts */
    r->now_ms += 60000;
    rogue_open(r);
    s = sibling_of(r, true);
    shows_sibling(r, &omemo, &s);
    assert_true(life_told(r, "statement 0 ok"));
    assert_int_equal(life_trust(r), SOTTO_TRUST_VERIFIED);
}

static void test_a_person_s_refusal_stands(void **state) {
    rogue *r = *state;
    crypto_identity omemo;
    begin(r, &omemo, SOTTO_TRUST_DISTRUSTED);
    sibling s = sibling_of(r, true);
    shows_sibling(r, &omemo, &s);
    assert_true(life_told(r, "statement 0 no-trusted-device"));
    assert_false(life_told(r, "vouched"));
}

/* Said in another session, by the other role, to or from somebody else, or of another key. */
static void test_a_signature_over_anything_else(void **state) {
    rogue *r = *state;
    crypto_identity omemo;
    begin(r, &omemo, SOTTO_TRUST_VERIFIED);
    for (unsigned i = 0; i < 5; i++) {
        sibling s = sibling_of(r, true);
        if (i == 0) s.exporter[31] ^= 1;
        if (i == 1) s.role = "R";
        if (i == 2) s.initiator = ROMEO "/garden";
        if (i == 3) s.responder = JULIET "/cell";
        if (i == 4) s.key[0] ^= 1;
        shows_sibling(r, &omemo, &s);
        if (i == 0) assert_true(life_told(r, "statement 0 bad-signature"));
        assert_int_equal(life_trust(r), SOTTO_TRUST_UNDECIDED);
    }
    assert_int_equal(life_sessions(r), 1);
}

static void test_she_shows_hers(void **state) {
    rogue *r = *state;
    uint8_t room[512];
    live_message shown;
    live_statement said;
    crypto_x25519_public curve;
    crypto_ed25519_public key;
    crypto_signature signature;
    reopen(r, SOTTO_BLIND_UNTIL_VERIFIED);
    rogue_open(r);
    live_message hold = {.kind = LIVE_HOLD};
    life_send(r, &hold);
    assert_true(life_next(r, LIVE_STATEMENT, &shown));
    assert_int_equal(shown.type, LIVE_STATEMENT_OMEMO);
    assert_ok(live_statement_read(LIVE_STATEMENT_OMEMO, shown.body, &said));
    sibling s = sibling_of(r, false);
    memcpy(curve.bytes, said.identity.at, 32);
    memcpy(signature.bytes, said.signature.at, 64);
    assert_ok(crypto_x25519_to_ed25519(&key, &curve, 0));
    assert_ok(crypto_ed25519_verify(&key, sibling_bytes(&s, room, sizeof room), &signature));
    assert_false(life_next(r, LIVE_STATEMENT, &shown));
}

/* limit: SOTTO_LIVE_SIBLINGS_MAX */
static void test_only_so_many_in_a_session(void **state) {
    rogue *r = *state;
    crypto_identity omemo;
    begin(r, &omemo, SOTTO_TRUST_BLIND);
    sibling s = sibling_of(r, true);
    for (unsigned i = 0; i < SOTTO_LIVE_SIBLINGS_MAX; i++) shows_sibling(r, &omemo, &s);
    assert_int_equal(life_sessions(r), 1);
    shows_sibling(r, &omemo, &s);
    assert_int_equal(life_sessions(r), 0);
}

/* ---- what the host judges ---- */

static sotto_bytes body_of(rogue *r, live_statement_type type, uint8_t mark) {
    static uint8_t signature[64], certificate[300], fingerprint[20];
    bytes_buffer out;
    sotto_bytes body, copy;
    live_statement said = {.made = 1700000000, .signature = bytes_of(signature, 64)};
    memset(signature, mark, sizeof signature);
    if (type == LIVE_STATEMENT_X509) {
        said.certificates[0] = said.certificates[1] = bytes_of(certificate, sizeof certificate);
        said.certificate_count = 2;
    } else {
        said.fingerprint = bytes_of(fingerprint, sizeof fingerprint);
    }
    bytes_buffer_owned(&out, &r->host.host, 4096);
    live_statement_write(&out, type, &said);
    assert_ok(bytes_buffer_end(&out, &body));
    assert_true(bytes_arena_copy(&r->arena, body, &copy));
    bytes_buffer_free(&out);
    return copy;
}

static void shows(rogue *r, live_statement_type type, sotto_bytes body) {
    live_message shown = {.kind = LIVE_STATEMENT, .type = (uint8_t)type, .body = body};
    life_send(r, &shown);
}

static void answers(rogue *r, sotto_status verdict) {
    uint8_t room[256];
    bytes_buffer out;
    sotto_input input = {.kind = SOTTO_INPUT_ANSWER, .job = r->job};
    bytes_buffer_borrowed(&out, room, sizeof room);
    live_statement_answer_write(&out, verdict, BYTES_LITERAL("CN = Romeo / CN = Verona"));
    assert_ok(bytes_buffer_end(&out, &input.answer));
    rogue_step(r, input);
}

static void expect_request(rogue *r, live_statement_type type) {
    live_statement_request request;
    uint8_t room[256];
    bytes_buffer out;
    sotto_bytes binding;
    assert_true(r->job != 0);
    assert_ok(live_statement_request_read(r->request, &request));
    assert_int_equal(request.type, type);
    assert_true(bytes_is(request.jid, ROMEO));
    assert_int_equal(request.said.made, 1700000000);
    bytes_buffer_borrowed(&out, room, sizeof room);
    live_statement_binding(&out, BYTES_LITERAL(ROMEO), r->identity.ed25519.bytes, 1700000000);
    assert_ok(bytes_buffer_end(&out, &binding));
    assert_true(bytes_equal(request.binding, binding));
}

static void judge_under(rogue *r, sotto_trust_policy policy, live_statement_type type, sotto_trust before,
                        sotto_trust after) {
    reopen(r, policy);
    rogue_open(r);
    assert_int_equal(life_trust(r), before);
    shows(r, type, body_of(r, type, 1));
    expect_request(r, type);
    answers(r, SOTTO_OK);
    assert_true(life_told(r, "statement 0 ok"));
    assert_int_equal(life_trust(r), after);
}

static void test_a_certificate_is_shown_and_counts_under_ca_alone(void **state) {
    judge_under(*state, SOTTO_BLIND_UNTIL_VERIFIED, LIVE_STATEMENT_X509, SOTTO_TRUST_BLIND, SOTTO_TRUST_BLIND);
}
static void test_a_certificate_verifies_under_ca(void **state) {
    judge_under(*state, SOTTO_CERTIFIED, LIVE_STATEMENT_X509, SOTTO_TRUST_UNDECIDED, SOTTO_TRUST_VERIFIED);
}
static void test_an_openpgp_key_verifies_under_ca(void **state) {
    judge_under(*state, SOTTO_CERTIFIED, LIVE_STATEMENT_OPENPGP, SOTTO_TRUST_UNDECIDED, SOTTO_TRUST_VERIFIED);
}

static void test_one_that_does_not_hold_is_told(void **state) {
    rogue *r = *state;
    reopen(r, SOTTO_CERTIFIED);
    rogue_open(r);
    sotto_bytes body = body_of(r, LIVE_STATEMENT_X509, 1);
    shows(r, LIVE_STATEMENT_X509, body);
    answers(r, SOTTO_FAIL(BAD_CERTIFICATE));
    assert_true(life_told(r, "statement 0 bad-certificate"));
    assert_int_equal(life_trust(r), SOTTO_TRUST_UNDECIDED);
    uint64_t job = r->job;
    r->now_ms += 60000; /* the same one, in the next session: nobody is asked again today */
    rogue_open(r);
    shows(r, LIVE_STATEMENT_X509, body);
    assert_true(r->job == job);
    r->now_ms += 24 * UINT64_C(3600000);
    rogue_open(r);
    shows(r, LIVE_STATEMENT_X509, body);
    assert_true(r->job != job);
    answers(r, SOTTO_OK); /* as when its root came to be trusted */
    assert_true(life_told(r, "statement 0 ok"));
    assert_int_equal(life_trust(r), SOTTO_TRUST_VERIFIED);
}

/* limit: SOTTO_LIVE_STATEMENT_TEXT_MAX */
static void test_a_long_text_is_cut(void **state) {
    rogue *r = *state;
    static char text[SOTTO_LIVE_STATEMENT_TEXT_MAX + 8];
    uint8_t room[SOTTO_LIVE_STATEMENT_TEXT_MAX + 64];
    bytes_buffer out;
    sotto_input input = {.kind = SOTTO_INPUT_ANSWER};
    reopen(r, SOTTO_CERTIFIED);
    rogue_open(r);
    shows(r, LIVE_STATEMENT_X509, body_of(r, LIVE_STATEMENT_X509, 1));
    input.job = r->job;
    memset(text, 'x', sizeof text);
    memcpy(text + SOTTO_LIVE_STATEMENT_TEXT_MAX - 1, "\xc3\xa9\xc3\xa9", 4); /* the limit is inside of a letter */
    bytes_buffer_borrowed(&out, room, sizeof room);
    live_statement_answer_write(&out, SOTTO_OK, bytes_of(text, sizeof text));
    assert_ok(bytes_buffer_end(&out, &input.answer));
    assert_ok(sotto_engine_step(r->engine, &input, r->now_ms));
    assert_ok(sotto_engine_commit(r->engine));
    sotto_output told;
    while (sotto_engine_next(r->engine, &told)) {
        if (told.kind != SOTTO_OUTPUT_EVENT || told.event.kind != SOTTO_EVENT_STATEMENT) continue;
        assert_int_equal(told.event.text.len, SOTTO_LIVE_STATEMENT_TEXT_MAX - 1);
        return;
    }
    fail();
}

static void test_bodies_that_are_none_end_the_session(void **state) {
    rogue *r = *state;
    static const live_statement_type types[] = {LIVE_STATEMENT_X509, LIVE_STATEMENT_OPENPGP, LIVE_STATEMENT_OMEMO};
    static const uint8_t zeros[200] = {0};
    for (size_t i = 0; i < 3; i++) {
        rogue_open(r);
        sotto_bytes body = body_of(r, types[i] == LIVE_STATEMENT_OMEMO ? LIVE_STATEMENT_X509 : types[i], 1);
        shows(r, types[i], bytes_of(body.at, body.len - 1));
        assert_int_equal(life_sessions(r), 0);
        r->now_ms += 60000;
        rogue_open(r);
        shows(r, types[i], bytes_of(zeros, sizeof zeros));
        assert_int_equal(life_sessions(r), 0);
        r->now_ms += 60000;
    }
    rogue_open(r);
    shows(r, LIVE_STATEMENT_OPENPGP, body_of(r, LIVE_STATEMENT_OPENPGP, 1));
    shows(r, LIVE_STATEMENT_OPENPGP, body_of(r, LIVE_STATEMENT_OPENPGP, 2)); /* one of a kind */
    assert_int_equal(life_sessions(r), 0);
}

static void test_bodies_there_and_back(void **state) {
    rogue *r = *state;
    live_statement said;
    for (unsigned type = 1; type <= 2; type++) {
        sotto_bytes body = body_of(r, (live_statement_type)type, 3);
        for (size_t len = 0; len < body.len; len++) {
            sotto_status status = live_statement_read((live_statement_type)type, bytes_of(body.at, len), &said);
            /* A chain without its last certificate is a chain. */
            if (sotto_ok(status)) assert_true(type == 1 && said.certificate_count == 1);
        }
        assert_ok(live_statement_read((live_statement_type)type, body, &said));
        assert_int_equal(said.made, 1700000000);
    }
    live_statement_request request;
    assert_status(live_statement_request_read(BYTES_LITERAL("something else"), &request), MALFORMED);
}

/* ---- her own ---- */

static void sets(rogue *r, uint32_t type, sotto_bytes body) {
    rogue_step(r, (sotto_input){.kind = SOTTO_INPUT_STATEMENT, .number = type, .bytes = body});
}

static void test_her_own_are_shown_until_they_are_taken_back(void **state) {
    rogue *r = *state;
    live_message shown, hold = {.kind = LIVE_HOLD};
    sotto_bytes body = body_of(r, LIVE_STATEMENT_X509, 5);
    sets(r, LIVE_STATEMENT_X509, body);
    rogue_open(r);
    life_send(r, &hold);
    assert_true(life_next(r, LIVE_STATEMENT, &shown));
    assert_int_equal(shown.type, LIVE_STATEMENT_X509);
    assert_true(bytes_equal(shown.body, body));
    assert_false(life_next(r, LIVE_STATEMENT, &shown));
    sets(r, LIVE_STATEMENT_X509, BYTES_NONE);
    r->now_ms += 60000;
    rogue_open(r);
    life_send(r, &hold);
    assert_false(life_next(r, LIVE_STATEMENT, &shown));
}

/* limit: SOTTO_LIVE_STATEMENT_BYTES_MAX */
static void test_what_cannot_be_shown(void **state) {
    rogue *r = *state;
    static uint8_t large[SOTTO_LIVE_STATEMENT_BYTES_MAX + 1];
    sotto_input input = {.kind = SOTTO_INPUT_STATEMENT, .number = LIVE_STATEMENT_OMEMO};
    input.bytes = body_of(r, LIVE_STATEMENT_X509, 1);
    assert_status(sotto_engine_step(r->engine, &input, r->now_ms), USAGE);
    input.number = LIVE_STATEMENT_OPENPGP; /* it is no such body */
    assert_status(sotto_engine_step(r->engine, &input, r->now_ms), USAGE);
    input.number = LIVE_STATEMENT_X509;
    input.bytes = bytes_of(large, sizeof large);
    assert_status(sotto_engine_step(r->engine, &input, r->now_ms), USAGE);
}

/* ---- short of memory or randomness ---- */

static bool starve_sibling(rogue *r, bool memory, size_t n) {
    crypto_identity omemo;
    static char iq[8192];
    uint8_t room[512], body[256], random[64] = {7};
    crypto_signature signature;
    bytes_buffer out;
    live_message shown = {.kind = LIVE_STATEMENT, .type = LIVE_STATEMENT_OMEMO};
    begin(r, &omemo, SOTTO_TRUST_VERIFIED);
    sibling s = sibling_of(r, true);
    assert_ok(crypto_xeddsa_sign(&signature, omemo.x25519_private.bytes, sibling_bytes(&s, room, sizeof room), random));
    live_statement said = {.identity = bytes_of(omemo.x25519.bytes, 32), .signature = bytes_of(signature.bytes, 64)};
    bytes_buffer_borrowed(&out, body, sizeof body);
    live_statement_write(&out, LIVE_STATEMENT_OMEMO, &said);
    assert_ok(bytes_buffer_end(&out, &shown.body));
    rogue_write(r, &shown);
    live_frame f = {.number = r->sent++, .records = rogue_records(r)};
    memcpy(f.session, r->session, LIVE_ID_BYTES);
    memset(iq, 0, sizeof iq);
    bytes_buffer_borrowed(&out, iq, sizeof iq - 1);
    bytes_buffer_text(&out, "<iq type='set' id='s' from='" ORCHARD "' to='" BALCONY "'>");
    live_frame_write(&out, &f);
    bytes_buffer_text(&out, "</iq>");
    sotto_input input = {.kind = SOTTO_INPUT_STANZA, .stanza = bytes_text(iq)};
    if (memory)
        r->host.fail_at = r->host.allocations + n;
    else
        r->host.random_fail_at = r->host.random_calls + n;
    sotto_status status = sotto_engine_step(r->engine, &input, r->now_ms);
    r->host.fail_at = r->host.random_fail_at = 0;
    rogue_step(r, (sotto_input){.kind = SOTTO_INPUT_TIMER});
    if (sotto_ok(status)) {
        assert_true(life_told(r, "statement 0 ok") && life_told(r, "vouched"));
        assert_int_equal(life_trust(r), SOTTO_TRUST_VERIFIED);
        return true;
    }
    assert_int_equal(status.code, memory ? SOTTO_E_NO_MEMORY : SOTTO_E_NO_RANDOM);
    assert_false(life_told(r, "statement") || life_told(r, "vouched"));
    assert_int_equal(life_trust(r), SOTTO_TRUST_UNDECIDED);
    return false;
}

static void starve_everywhere(bool memory) {
    bool fed = false;
    for (size_t n = 1; !fed; n++) {
        void *state;
        (void)rogue_setup(&state);
        fed = starve_sibling(state, memory, n);
        (void)rogue_teardown(&state);
        assert_true(n < 500);
    }
}

static void test_short_of_everything(void **state) {
    (void)state;
    starve_everywhere(true);
    starve_everywhere(false);
}

#define WITH_ROGUE(f) cmocka_unit_test_setup_teardown(f, rogue_setup, rogue_teardown)
const struct CMUnitTest statement_tests[] = {
    WITH_ROGUE(test_a_verified_omemo_key_verifies_a_live_key),
    WITH_ROGUE(test_one_that_is_not_verified_does_not),
    WITH_ROGUE(test_a_person_s_refusal_stands),
    WITH_ROGUE(test_a_signature_over_anything_else),
    WITH_ROGUE(test_she_shows_hers),
    WITH_ROGUE(test_only_so_many_in_a_session),
    WITH_ROGUE(test_a_certificate_is_shown_and_counts_under_ca_alone),
    WITH_ROGUE(test_a_certificate_verifies_under_ca),
    WITH_ROGUE(test_an_openpgp_key_verifies_under_ca),
    WITH_ROGUE(test_one_that_does_not_hold_is_told),
    WITH_ROGUE(test_a_long_text_is_cut),
    WITH_ROGUE(test_bodies_that_are_none_end_the_session),
    WITH_ROGUE(test_bodies_there_and_back),
    WITH_ROGUE(test_her_own_are_shown_until_they_are_taken_back),
    WITH_ROGUE(test_what_cannot_be_shown),
    cmocka_unit_test(test_short_of_everything),
};
const size_t statement_count = sizeof statement_tests / sizeof statement_tests[0];
