/* SPDX-License-Identifier: ISC
 *
 * The n-th allocation fails, or the n-th random call, in each kind of step: the exact error, nothing handed on, no
 * leak; the same step works when it is tried again, and so does everything after it. */
#include "rogue.h"

static const char body[] = "<message type='chat'><body>x</body></message>";

typedef enum shortage { MEMORY, RANDOM } shortage;

/* Runs a step under a shortage from its n-th call on; true when it did not notice. Undone and tried again otherwise. */
static bool starve(rogue *r, shortage what, size_t n, sotto_input input) {
    if (what == MEMORY) r->host.fail_at = r->host.allocations + n;
    if (what == RANDOM) r->host.random_fail_at = r->host.random_calls + n;
    sotto_status status = sotto_engine_step(r->engine, &input, r->now_ms);
    r->host.fail_at = r->host.random_fail_at = 0;
    if (sotto_ok(status)) {
        rogue_step(r, (sotto_input){.kind = SOTTO_INPUT_TIMER}); /* commits */
        return true;
    }
    assert_int_equal(status.code, what == MEMORY ? SOTTO_E_NO_MEMORY : SOTTO_E_NO_RANDOM);
    assert_int_equal(rogue_inside(r)->session_count, 0);
    rogue_step(r, input);
    return false;
}

static const char *iq_of(rogue *r, const char *type, const char *id, sotto_bytes records) {
    static char iq[66000], frame[65000];
    live_frame f = {.number = r->sent++, .records = records};
    bytes_buffer out;
    memcpy(f.session, r->session, LIVE_ID_BYTES);
    memset(frame, 0, sizeof frame);
    bytes_buffer_borrowed(&out, frame, sizeof frame - 1);
    live_frame_write(&out, &f);
    snprintf(iq, sizeof iq, "<iq type='%s' id='%s' from='" ORCHARD "' to='" BALCONY "'>%s</iq>", type, id, frame);
    return iq;
}

static sotto_input stanza(const char *text) {
    return (sotto_input){.kind = SOTTO_INPUT_STANZA, .stanza = bytes_text(text)};
}

/* Everything works: what he says arrives once. */
static void finish(rogue *r, uint64_t number) {
    rogue_open(r);
    live_message data = rogue_data(1, number, body), have;
    rogue_write(r, &data);
    rogue_send(r);
    assert_non_null(strstr(r->told, "<body>x</body>"));
    while (rogue_read(r, &have))
        if (have.kind == LIVE_HAVE) return;
    fail();
}

static bool starve_hello(rogue *r, shortage what, size_t n) {
    r->initiator = true;
    r->sent = 0;
    assert_ok(tls_engine_new(&r->tls, r->client, NULL, rogue_alpn));
    bool fed = starve(r, what, n, stanza(iq_of(r, "set", "h", rogue_records(r))));
    rogue_read_proof(r);
    finish(r, 1);
    return fed;
}

static bool starve_proof(rogue *r, shortage what, size_t n) {
    rogue_hello(r, rogue_alpn);
    rogue_read_proof(r);
    live_circumstances c = rogue_circumstances(r);
    rogue_prove(r, &c, &r->identity);
    live_message data = rogue_data(1, 1, body);
    rogue_write(r, &data);
    bool fed = starve(r, what, n, stanza(iq_of(r, "set", "p", rogue_records(r))));
    if (!fed) assert_string_equal(r->answered, "item-not-found"); /* the session went with the step */
    if (!fed) assert_string_equal(r->told, "");
    finish(r, 2);
    return fed;
}

static bool starve_send(rogue *r, shortage what, size_t n) {
    sotto_input send = {.kind = SOTTO_INPUT_SEND,
                        .stanza = BYTES_LITERAL("<message to='" ORCHARD "' type='chat'><body>hers</body></message>"),
                        .ticket = ++r->ticket};
    bool fed = starve(r, what, n, send);
    live_message data;
    rogue_answer(r, NULL);
    rogue_read_proof(r);
    assert_true(rogue_read(r, &data));
    assert_int_equal(data.kind, LIVE_DATA);
    assert_false(rogue_read(r, &data));
    return fed;
}

static bool starve_answer(rogue *r, shortage what, size_t n) {
    live_message data, proof;
    char id[64];
    rogue_says(r, "hers");
    memcpy(id, r->last_id, sizeof id);
    live_circumstances c = rogue_circumstances(r);
    assert_ok(live_proof_make(&proof, &c, &r->identity, &r->host.host));
    assert_ok(live_proof_hash(r->earlier, &proof));
    rogue_write(r, &proof);
    bool fed = starve(r, what, n, stanza(iq_of(r, "result", id, rogue_records(r))));
    if (!fed) rogue_answer(r, NULL); /* she began anew at once */
    rogue_read_proof(r);
    assert_true(rogue_read(r, &data));
    assert_int_equal(data.kind, LIVE_DATA);
    assert_non_null(memmem(data.stanza.at, data.stanza.len, "hers", 4));
    return fed;
}

/* A ClientHello with a secret of before, and a proof with what he holds behind it. */
static bool starve_secret(rogue *r, shortage what, size_t n) {
    live_message hold, none;
    rogue_retain(r);
    hold = r->hold;
    rogue_hello(r, rogue_alpn);
    rogue_read_proof(r);
    live_circumstances c = rogue_circumstances(r);
    rogue_prove(r, &c, &r->identity);
    rogue_write(r, &hold);
    bool fed = starve(r, what, n, stanza(iq_of(r, "set", "p", rogue_records(r))));
    if (!fed) assert_string_equal(r->answered, "item-not-found");
    if (!fed) { /* nothing of it was written: what they had they have */
        rogue_offer(r, ORCHARD);
        rogue_hello(r, rogue_alpn);
        tls_agreed agreed;
        assert_ok(tls_engine_agreed(r->tls, &agreed));
        assert_true(agreed.secret);
        rogue_read_proof(r);
        c = rogue_circumstances(r);
        rogue_prove(r, &c, &r->identity);
        rogue_write(r, &hold);
        rogue_send(r);
    }
    assert_false(rogue_read(r, &none));
    assert_int_equal(r->hold.id_count, 2);
    return fed;
}

/* A person says that it is him. */
static bool starve_verdict(rogue *r, shortage what, size_t n) {
    live_message message;
    rogue_retain(r);
    r->has_secret = false;
    rogue_hello(r, rogue_alpn);
    assert_true(rogue_read(r, &message));
    assert_ok(live_proof_hash(r->earlier, &message));
    live_circumstances c = rogue_circumstances(r);
    rogue_prove(r, &c, &r->identity);
    rogue_send(r);
    sotto_input verdict = {.kind = SOTTO_INPUT_VERDICT,
                           .jid = BYTES_LITERAL(ROMEO),
                           .key = bytes_of(r->identity.ed25519.bytes, 32),
                           .trust = SOTTO_TRUST_VERIFIED};
    (void)what;
    r->host.fail_at = r->host.allocations + n;
    sotto_status status = sotto_engine_step(r->engine, &verdict, r->now_ms);
    r->host.fail_at = 0;
    bool fed = sotto_ok(status), began = rogue_inside(r)->session_count == 0;
    if (!fed) assert_status(status, NO_MEMORY);
    rogue_step(r, fed ? (sotto_input){.kind = SOTTO_INPUT_TIMER} : verdict);
    /* Where the seal had been called its sessions went; else the verdict counts the second time. */
    assert_true(rogue_read(r, &message) == !began && (began || message.kind == LIVE_PROOF));
    return fed;
}

typedef bool starving(rogue *, shortage, size_t n);

static void starve_everywhere(starving *step, shortage what) {
    bool fed = false;
    size_t n = 0;
    while (!fed) {
        void *state;
        (void)rogue_setup(&state);
        fed = step(state, what, ++n);
        (void)rogue_teardown(&state);
        assert_true(n < 1000);
    }
    assert_true(what == RANDOM || n > 10);
}

static void test_a_hello(void **state) {
    (void)state;
    starve_everywhere(starve_hello, MEMORY);
}
static void test_a_proof_and_data(void **state) {
    (void)state;
    starve_everywhere(starve_proof, MEMORY);
}
static void test_sending(void **state) {
    (void)state;
    starve_everywhere(starve_send, MEMORY);
    starve_everywhere(starve_send, RANDOM);
}
static void test_an_answer(void **state) {
    (void)state;
    starve_everywhere(starve_answer, MEMORY);
    starve_everywhere(starve_answer, RANDOM);
}

static void test_a_secret_of_before(void **state) {
    (void)state;
    starve_everywhere(starve_secret, MEMORY);
}
static void test_a_verdict(void **state) {
    (void)state;
    starve_everywhere(starve_verdict, MEMORY);
}

const struct CMUnitTest starved_tests[] = {
    cmocka_unit_test(test_a_secret_of_before), cmocka_unit_test(test_a_verdict), cmocka_unit_test(test_a_hello),
    cmocka_unit_test(test_a_proof_and_data),   cmocka_unit_test(test_sending),   cmocka_unit_test(test_an_answer),
};
const size_t starved_count = sizeof starved_tests / sizeof starved_tests[0];
