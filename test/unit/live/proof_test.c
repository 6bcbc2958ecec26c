/* SPDX-License-Identifier: ISC
 *
 * Nothing is delivered and nothing is released before a proof that belongs to this session, in both roles; and what TLS
 * itself must refuse. */
#include "rogue.h"

#include "tls/parts.h"

static const char hello[] = "<message type='chat'><body>hello</body></message>";
static const char received[] =
    "blind <message from='" ORCHARD "' to='" BALCONY "' type='chat'><body>hello</body></message>\n";

static void assert_no_session(const rogue *r) {
    for (const live_session *s = rogue_inside(r)->sessions; s != NULL; s = s->next) assert_false(s->proved);
}

/* The session ended with the last frame: nothing of it stays, nothing was handed on, no key was learnt. */
static void assert_ended(rogue *r) {
    assert_string_equal(r->answered, "not-acceptable");
    assert_string_equal(r->told, "");
    assert_int_equal(rogue_inside(r)->session_count, 0);
    rogue_send_as(r, r->sent, BYTES_LITERAL("more"));
    assert_string_equal(r->answered, "item-not-found");
}

static void test_a_good_one(void **state) {
    rogue *r = *state;
    live_message have;
    rogue_open(r);
    assert_string_equal(r->told, "new-key 0 ok\n");
    live_message data = rogue_data(7, 1, hello);
    rogue_write(r, &data);
    rogue_send(r);
    assert_string_equal(r->told, received);
    assert_true(rogue_read(r, &have));
    assert_int_equal(have.kind, LIVE_HAVE);
    assert_int_equal(have.number, 1);
    assert_memory_equal(have.epoch, data.epoch, sizeof have.epoch);
    assert_false(rogue_read(r, &have));
}

/* Finished, proof and first stanza in one frame. */
static void test_proof_and_stanza_together(void **state) {
    rogue *r = *state;
    rogue_hello(r, rogue_alpn);
    rogue_read_proof(r);
    live_circumstances c = rogue_circumstances(r);
    rogue_prove(r, &c, &r->identity);
    live_message data = rogue_data(7, 1, hello);
    rogue_write(r, &data);
    rogue_send(r);
    assert_non_null(strstr(r->told, received));
}

static void test_data_before_the_proof(void **state) {
    rogue *r = *state;
    rogue_hello(r, rogue_alpn);
    live_message data = rogue_data(7, 1, hello);
    rogue_write(r, &data);
    rogue_send(r);
    assert_ended(r);
}

static void test_have_before_the_proof(void **state) {
    rogue *r = *state;
    rogue_hello(r, rogue_alpn);
    live_message have = {.kind = LIVE_HAVE, .number = 1};
    rogue_write(r, &have);
    rogue_send(r);
    assert_ended(r);
}

static void test_a_second_proof(void **state) {
    rogue *r = *state;
    rogue_open(r);
    live_circumstances c = rogue_circumstances(r);
    rogue_prove(r, &c, &r->identity);
    rogue_send(r);
    assert_ended(r);
}

/* As initiator: each thing that is signed, one at a time. */
static void test_what_is_signed_by_an_initiator(void **state) {
    rogue *r = *state;
    for (unsigned what = 0; what < 7; what++) {
        rogue_hello(r, rogue_alpn);
        rogue_read_proof(r);
        live_circumstances c = rogue_circumstances(r);
        live_message proof;
        if (what == 0) c.by_initiator = false;
        if (what == 1) c.exporter[31] ^= 1;
        if (what == 2) c.initiator = BYTES_LITERAL(ROMEO "/garden");
        if (what == 3) c.responder = BYTES_LITERAL(JULIET "/garden");
        if (what == 4) c.earlier[0] ^= 1;
        assert_ok(live_proof_make(&proof, &c, &r->identity, &r->host.host));
        if (what == 5) proof.signature[0] ^= 1;
        if (what == 6) proof.key[0] ^= 1;
        rogue_write(r, &proof);
        rogue_send(r);
        assert_ended(r);
    }
    rogue_open(r); /* and as it should be */
    assert_string_equal(r->told, "new-key 0 ok\n");
}

/* A proof of one session in another one. */
static void test_a_proof_carried_elsewhere(void **state) {
    rogue *r = *state;
    live_message proof;
    rogue_hello(r, rogue_alpn);
    rogue_read_proof(r);
    live_circumstances c = rogue_circumstances(r);
    assert_ok(live_proof_make(&proof, &c, &r->identity, &r->host.host));
    rogue_hello(r, rogue_alpn);
    rogue_read_proof(r);
    rogue_write(r, &proof);
    rogue_send(r);
    assert_ended(r);
}

static void test_the_own_key_as_the_peers(void **state) {
    rogue *r = *state;
    rogue_hello(r, rogue_alpn);
    rogue_read_proof(r);
    live_circumstances c = rogue_circumstances(r);
    rogue_prove(r, &c, &rogue_inside(r)->identity);
    rogue_send(r);
    assert_ended(r);
}

/* ---- the engine as initiator ---- */

static void refuse_nothing(rogue *r, live_circumstances *c, live_message *proof) {
    (void)r, (void)c, (void)proof;
}
static void spoil_signature(rogue *r, live_circumstances *c, live_message *proof) {
    (void)r, (void)c;
    proof->signature[10] ^= 4;
}
static void spoil_role(rogue *r, live_circumstances *c, live_message *proof) {
    c->by_initiator = true;
    assert_ok(live_proof_make(proof, c, &r->identity, &r->host.host));
}
static void spoil_earlier(rogue *r, live_circumstances *c, live_message *proof) {
    c->earlier[5] = 1;
    assert_ok(live_proof_make(proof, c, &r->identity, &r->host.host));
}
static void spoil_jid(rogue *r, live_circumstances *c, live_message *proof) {
    c->responder = BYTES_LITERAL(ROMEO "/garden");
    assert_ok(live_proof_make(proof, c, &r->identity, &r->host.host));
}
static void spoil_key(rogue *r, live_circumstances *c, live_message *proof) {
    assert_ok(live_proof_make(proof, c, &rogue_inside(r)->identity, &r->host.host));
}
static void spoil_order(rogue *r, live_circumstances *c, live_message *proof) {
    (void)r, (void)c;
    *proof = rogue_data(7, 1, hello);
}

static void test_a_good_responder(void **state) {
    rogue *r = *state;
    live_message data;
    uint64_t ticket = rogue_says(r, "first");
    assert_non_null(strstr(r->told, "held"));
    assert_false(rogue_read(r, &data));
    rogue_answer(r, refuse_nothing);
    assert_non_null(strstr(r->told, "new-key 0 ok\n"));
    rogue_read_proof(r); /* Finished, proof and stanza in one iq */
    assert_true(rogue_read(r, &data));
    assert_int_equal(data.kind, LIVE_DATA);
    assert_non_null(memmem(data.stanza.at, data.stanza.len, "first", 5));
    live_message have = {.kind = LIVE_HAVE, .number = data.number};
    memcpy(have.epoch, data.epoch, sizeof have.epoch);
    rogue_write(r, &have);
    rogue_send(r);
    char told[64];
    snprintf(told, sizeof told, "delivered %u ok\n", (unsigned)ticket);
    assert_string_equal(r->told, told);
}

static void test_what_is_signed_by_a_responder(void **state) {
    rogue *r = *state;
    rogue_spoil *const spoils[] = {spoil_signature, spoil_role, spoil_earlier, spoil_jid, spoil_key, spoil_order};
    rogue_says(r, "first");
    for (size_t i = 0; i < sizeof spoils / sizeof *spoils; i++) {
        live_message nothing;
        uint8_t session[LIVE_ID_BYTES];
        memcpy(session, r->session, sizeof session);
        r->last_id[sizeof r->last_id - 1] = 0;
        rogue_answer(r, spoils[i]);
        assert_null(strstr(r->told, "new-key"));
        assert_no_session(r);
        for (unsigned tries = 0; tries < 70 && memcmp(session, r->session, sizeof session) == 0; tries++)
            rogue_pass(r, 1000); /* she begins anew, after a while */
        assert_memory_not_equal(session, r->session, sizeof session);
        assert_false(rogue_read(r, &nothing)); /* not even Finished was sent in the one before */
    }
    rogue_answer(r, NULL);
    assert_non_null(strstr(r->told, "new-key 0 ok\n"));
}

/* ---- TLS ---- */

static void test_alpn_is_required_of_an_initiator(void **state) {
    rogue *r = *state;
    static const char *const other[] = {"sotto-live/1", NULL};
    rogue_hello(r, other);
    assert_string_equal(r->answered, "not-acceptable");
    rogue_hello(r, NULL);
    assert_string_equal(r->answered, "not-acceptable");
    assert_int_equal(rogue_inside(r)->session_count, 0);
}

/* A retry request (RFC 8446 section 4.1.4) makes it one iq longer. */
static void test_a_retry_request(void **state) {
    rogue *r = *state;
    char groups[] = "P-256:X25519"; /* a share for the first is sent, and she wants the second */
    assert_int_equal(SSL_CTX_set1_groups_list(r->client->ssl, groups), 1);
    rogue_hello(r, rogue_alpn);
    assert_string_equal(r->answered, "result");
    live_message nothing;
    assert_false(rogue_read(r, &nothing));
    rogue_send(r); /* the second ClientHello */
    assert_string_equal(r->answered, "result");
    rogue_read_proof(r);
    live_circumstances c = rogue_circumstances(r);
    rogue_prove(r, &c, &r->identity);
    live_message data = rogue_data(7, 1, hello);
    rogue_write(r, &data);
    rogue_send(r);
    assert_non_null(strstr(r->told, received));
}

/* Her own hello back to her in another's name: as if he began a session of his own, and in hers. */
static void test_a_reflected_hello(void **state) {
    rogue *r = *state;
    rogue_says(r, "first");
    sotto_bytes own = r->last_records;
    assert_int_equal(rogue_inside(r)->session_count, 1);
    r->session[0] ^= 1;
    rogue_send_as(r, 0, own);
    assert_string_equal(r->answered, "not-acceptable");
    assert_string_equal(r->told, "");
    assert_int_equal(rogue_inside(r)->session_count, 1);
    assert_true(rogue_inside(r)->sessions->initiator); /* her own attempt goes on */
    r->session[0] ^= 1;
    rogue_send_as(r, 0, own);
    assert_string_equal(r->answered, "not-acceptable");
    assert_no_session(r);
}

/* ... and where hers was forgotten, her own key comes back at the latest. */
static void test_a_hello_reflected_to_who_forgot_it(void **state) {
    rogue *r = *state;
    rogue_says(r, "first");
    sotto_bytes own = r->last_records;
    r->engine->seals[0].class->forget(r->engine->seals[0].self, BYTES_NONE);
    r->session[0] ^= 1;
    rogue_send_as(r, 0, own);
    assert_string_equal(r->answered, "result"); /* nobody has the secret that belongs to it */
    assert_no_session(r);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rogue_setup, rogue_teardown)
const struct CMUnitTest proof_tests[] = {
    TEST(test_a_good_one),
    TEST(test_proof_and_stanza_together),
    TEST(test_data_before_the_proof),
    TEST(test_have_before_the_proof),
    TEST(test_a_second_proof),
    TEST(test_what_is_signed_by_an_initiator),
    TEST(test_a_proof_carried_elsewhere),
    TEST(test_the_own_key_as_the_peers),
    TEST(test_a_good_responder),
    TEST(test_what_is_signed_by_a_responder),
    TEST(test_alpn_is_required_of_an_initiator),
    TEST(test_a_retry_request),
    TEST(test_a_reflected_hello),
    TEST(test_a_hello_reflected_to_who_forgot_it),
};
const size_t proof_count = sizeof proof_tests / sizeof proof_tests[0];
