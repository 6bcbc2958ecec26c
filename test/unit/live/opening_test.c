/* SPDX-License-Identifier: ISC
 *
 * Retained secrets, who shows a key first, and what becomes of sessions that should have had a secret: against somebody
 * who has stolen this or that, and plays it back. */
#include "rogue.h"

#include "engine/env.h"

#define STRANGER "paris@verona.example/1"

static live_session *newest(rogue *r) {
    return rogue_inside(r)->sessions;
}

static void say(rogue *r, const char *body) {
    static uint64_t number;
    char stanza[128];
    snprintf(stanza, sizeof stanza, "<message><body>%s</body></message>", body);
    live_message data = rogue_data(7, ++number, stanza);
    rogue_write(r, &data);
    rogue_send(r);
}

static void set_first(rogue *r, uint32_t first) {
    seal_input input = {.kind = SEAL_INPUT_FIRST, .type = first};
    assert_ok(engine_seal_input(r->engine, 0, &input));
    assert_ok(sotto_engine_commit(r->engine));
}

static void verdict(rogue *r, const char *jid, const uint8_t *key, sotto_trust trust) {
    rogue_step(r, (sotto_input){
                      .kind = SOTTO_INPUT_VERDICT, .jid = bytes_text(jid), .key = bytes_of(key, 32), .trust = trust});
}

/* ClientHello with what is kept, the engine's proof. */
static void hello_again(rogue *r) {
    rogue_offer(r, ORCHARD);
    rogue_hello(r, rogue_alpn);
    assert_string_equal(r->answered, "result");
}

static void prove(rogue *r) {
    live_circumstances c = rogue_circumstances(r);
    rogue_prove(r, &c, &r->identity);
    rogue_send(r);
}

/* ---- secrets ---- */

static void test_the_next_session_uses_the_secret(void **state) {
    rogue *r = *state;
    live_message hold = {.kind = LIVE_HOLD, .id_count = 1}, none;
    tls_agreed agreed;
    rogue_retain(r);
    hello_again(r);
    assert_ok(tls_engine_agreed(r->tls, &agreed));
    assert_true(agreed.secret);
    rogue_read_proof(r);
    prove(r);
    assert_string_equal(r->answered, "result");
    assert_string_equal(r->told, "");
    assert_false(rogue_read(r, &none));
    assert_int_equal(r->hold.id_count, 1); /* only what it had */
    assert_memory_equal(r->hold.ids[0], r->kept.id, LIVE_ID_BYTES);
    memcpy(hold.ids[0], r->kept.id, LIVE_ID_BYTES);
    rogue_write(r, &hold);
    rogue_send(r);
    assert_false(rogue_read(r, &none));
    assert_int_equal(r->hold.id_count, 2); /* and what was made now, first */
    assert_memory_not_equal(r->hold.ids[0], r->kept.id, LIVE_ID_BYTES);
    assert_memory_equal(r->hold.ids[1], r->kept.id, LIVE_ID_BYTES);
    say(r, "used");
    assert_non_null(strstr(r->told, "used"));
}

/* What the other side listed and we hold is all that counts; what we hold besides and is newer goes. */
static void test_what_is_held_is_what_was_listed(void **state) {
    rogue *r = *state;
    live_message hold = {.kind = LIVE_HOLD, .id_count = SOTTO_LIVE_HOLD_MAX}, none;
    uint8_t made[LIVE_ID_BYTES];
    rogue_retain(r);
    for (unsigned i = 0; i < 3; i++) {
        hello_again(r);
        rogue_read_proof(r);
        prove(r);
        memcpy(hold.ids[0], r->kept.id, LIVE_ID_BYTES);
        for (size_t j = 1; j < SOTTO_LIVE_HOLD_MAX; j++) memset(hold.ids[j], (int)j, LIVE_ID_BYTES);
        rogue_write(r, &hold);
        rogue_send(r);
        assert_false(rogue_read(r, &none));
        assert_int_equal(r->hold.id_count, 2);
        if (i > 0) assert_memory_not_equal(made, r->hold.ids[0], LIVE_ID_BYTES); /* one that was not listed went */
        memcpy(made, r->hold.ids[0], LIVE_ID_BYTES);
    }
    /* A second one in the same session changes marks alone. */
    hold = (live_message){.kind = LIVE_HOLD};
    rogue_write(r, &hold);
    rogue_send(r);
    assert_false(rogue_read(r, &none));
    assert_memory_equal(made, r->hold.ids[0], LIVE_ID_BYTES);
    assert_int_equal(rogue_inside(r)->known.count, 1);
}

/* The secret is signed, and says whose key it is: stolen alone it is worth nothing. */
static void test_a_stolen_secret_alone(void **state) {
    rogue *r = *state;
    crypto_identity other;
    assert_ok(crypto_identity_new(&other, &r->host.host));
    rogue_retain(r);
    hello_again(r);
    rogue_read_proof(r);
    live_circumstances c = rogue_circumstances(r);
    rogue_prove(r, &c, &other);
    rogue_send(r);
    assert_string_equal(r->answered, "not-acceptable");
    assert_string_equal(r->told, ""); /* no key was seen */
    hello_again(r);
    rogue_read_proof(r);
    c = rogue_circumstances(r);
    c.secret = BYTES_NONE;
    rogue_prove(r, &c, &r->identity);
    rogue_send(r);
    assert_string_equal(r->answered, "not-acceptable");
}

/* The identity key alone: a session without the secret says who it is and gets nothing. */
static void test_a_stolen_identity_key_alone(void **state) {
    rogue *r = *state;
    live_message first;
    rogue_retain(r);
    r->has_secret = false;
    rogue_hello(r, rogue_alpn);
    assert_string_equal(r->answered, "result");
    assert_true(rogue_read(r, &first));
    assert_int_equal(first.kind, LIVE_YOU_FIRST);
    assert_ok(live_proof_hash(r->earlier, &first));
    prove(r);
    assert_string_equal(r->answered, "result");
    assert_string_equal(r->told, "quarantined 0 ok\n");
    assert_false(rogue_read(r, &first)); /* her key is not shown */
    assert_true(newest(r)->quarantined && !newest(r)->shown && !newest(r)->proved);
    say(r, "let me in");
    assert_string_equal(r->answered, "not-acceptable");
    assert_null(strstr(r->told, "let me in"));
}

/* ... until a person says that it is him, while he waits. */
static void test_a_quarantine_that_a_person_ends(void **state) {
    rogue *r = *state;
    live_message first;
    rogue_retain(r);
    verdict(r, ROMEO, r->identity.ed25519.bytes, SOTTO_TRUST_VERIFIED); /* earlier: counts for nothing */
    r->has_secret = false;
    rogue_hello(r, rogue_alpn);
    assert_true(rogue_read(r, &first));
    assert_ok(live_proof_hash(r->earlier, &first));
    prove(r);
    assert_string_equal(r->told, "quarantined 0 ok\n");
    rogue_pass(r, 9 * 60000);
    assert_true(newest(r)->quarantined);
    verdict(r, ROMEO, r->identity.ed25519.bytes, SOTTO_TRUST_VERIFIED);
    live_circumstances c = rogue_circumstances(r);
    c.by_initiator = false;
    memcpy(c.earlier, r->own, sizeof c.earlier);
    assert_true(rogue_read(r, &first));
    assert_ok(live_proof_check(&first, &c, &r->identity)); /* signs what he said first */
    assert_false(rogue_read(r, &first));
    assert_int_equal(r->hold.id_count, 0); /* the old secrets went */
    say(r, "back");
    assert_non_null(strstr(r->told, "verified <message from='" ORCHARD "'"));
}

static void test_a_quarantine_that_nobody_ends(void **state) {
    rogue *r = *state;
    live_message first;
    rogue_retain(r);
    r->has_secret = false;
    rogue_hello(r, rogue_alpn);
    assert_true(rogue_read(r, &first));
    assert_ok(live_proof_hash(r->earlier, &first));
    prove(r);
    size_t with = rogue_inside(r)->session_count;
    for (unsigned i = 0; i < 21; i++) rogue_pass(r, 30000);
    assert_true(rogue_inside(r)->session_count < with);
    for (const live_session *s = rogue_inside(r)->sessions; s != NULL; s = s->next) assert_false(s->quarantined);
    verdict(r, ROMEO, r->identity.ed25519.bytes, SOTTO_TRUST_VERIFIED);
    assert_false(rogue_read(r, &first));
}

static void test_a_quarantined_key_that_is_refused(void **state) {
    rogue *r = *state;
    live_message first;
    rogue_retain(r);
    r->has_secret = false;
    rogue_hello(r, rogue_alpn);
    assert_true(rogue_read(r, &first));
    assert_ok(live_proof_hash(r->earlier, &first));
    prove(r);
    verdict(r, ROMEO, r->identity.ed25519.bytes, SOTTO_TRUST_DISTRUSTED);
    for (const live_session *s = rogue_inside(r)->sessions; s != NULL; s = s->next)
        assert_true(s->over || !s->quarantined);
    assert_false(rogue_read(r, &first));
}

/* ---- what was seen on the wire ---- */

/* An identity that was seen, and another key behind it. */
static void test_a_wrong_binder(void **state) {
    rogue *r = *state;
    rogue_retain(r);
    size_t sessions = rogue_inside(r)->session_count;
    rogue_offer(r, ORCHARD);
    memset(r->secret.key, 1, sizeof r->secret.key);
    rogue_hello(r, rogue_alpn);
    assert_string_equal(r->answered, "not-acceptable");
    assert_string_equal(r->told, "");
    assert_int_equal(rogue_inside(r)->session_count, sessions); /* what there is stays */
    assert_true(newest(r)->proved);
}

/* A ClientHello that was recorded, in another session: it is answered, and nothing is disturbed. */
static void test_a_replayed_hello(void **state) {
    rogue *r = *state;
    rogue_retain(r);
    uint8_t proved[LIVE_ID_BYTES];
    memcpy(proved, newest(r)->id, sizeof proved);
    tls_engine *one;
    uint8_t hello[4096];
    assert_ok(tls_engine_new_anonymous(&one, r->client, rogue_alpn, &r->secret));
    size_t len = tls_engine_records_out(one, hello, sizeof hello);
    tls_engine_free(one);
    for (unsigned i = 0; i < 3; i++) {
        tls_engine_free(r->tls);
        assert_ok(tls_engine_new_anonymous(&r->tls, r->client, rogue_alpn, NULL));
        assert_ok(rig_random(&r->host, r->session, sizeof r->session));
        rogue_send_as(r, 0, bytes_of(hello, len));
        assert_string_equal(r->answered, "result");
    }
    live_self *self = r->engine->seals[0].self;
    const live_session *ready = live_session_find(self, proved);
    assert_true(ready != NULL && ready->proved && !ready->over);
}

/* A ClientHello for Juliet that reaches her in another's name, or another in hers: nobody's. */
static void test_a_redirected_hello(void **state) {
    rogue *r = *state;
    rogue_retain(r);
    rogue_offer(r, ROMEO "/garden");
    r->answered[0] = 0;
    rogue_hello(r, rogue_alpn);
    tls_agreed agreed;
    live_message first;
    assert_ok(tls_engine_agreed(r->tls, &agreed));
    assert_false(agreed.secret);
    assert_true(rogue_read(r, &first));
    assert_int_equal(first.kind, LIVE_YOU_FIRST);
}

/* Her own ClientHello comes back to her, from him: refused, also when she has forgotten that it was hers. */
static void test_a_reflected_hello(void **state) {
    rogue *r = *state;
    rogue_retain(r);
    for (unsigned forgot = 0; forgot < 2; forgot++) {
        r->engine->seals[0].class->forget(r->engine->seals[0].self, BYTES_NONE);
        r->engine->seals[0].forgot = true;
        rogue_says(r, "first");
        sotto_bytes hello = r->last_records;
        if (forgot) r->engine->seals[0].class->forget(r->engine->seals[0].self, BYTES_NONE);
        if (forgot) r->engine->seals[0].forgot = true;
        assert_ok(rig_random(&r->host, r->session, sizeof r->session));
        rogue_send_as(r, 0, hello);
        if (!forgot) assert_string_equal(r->answered, "not-acceptable");
        for (const live_session *s = rogue_inside(r)->sessions; s != NULL; s = s->next)
            assert_true(s->initiator || !s->used);
    }
}

/* ---- strangers, and other addresses ---- */

static void stranger_hello(rogue *r, const char *from, bool with) {
    if (with) rogue_offer(r, from);
    r->has_secret = with;
    rogue_hello_from(r, from);
}

/* T23, and T20 */
static void test_a_stranger_with_a_secret_is_answered(void **state) {
    /* limit: SOTTO_LIVE_STRANGERS_PER_MINUTE */
    rogue *r = *state;
    rogue_retain(r);
    stranger_hello(r, STRANGER, false);
    assert_string_equal(r->answered, ""); /* whatever the application answers to what it does not know */
    stranger_hello(r, STRANGER, true);
    assert_string_equal(r->answered, "result");
    rogue_pass(r, 60000);
    tls_secret nobodys;
    memset(&nobodys, 9, sizeof nobodys);
    for (unsigned i = 0; i < SOTTO_LIVE_STRANGERS_PER_MINUTE; i++) {
        char from[64];
        snprintf(from, sizeof from, "s%u@verona.example/1", i);
        r->secret = nobodys;
        r->has_secret = true;
        rogue_hello_from(r, from);
        assert_string_equal(r->answered, "");
    }
    stranger_hello(r, STRANGER, true);
    assert_string_equal(r->answered, "");
    hello_again(r); /* a contact is no stranger */
    rogue_pass(r, 60000);
    stranger_hello(r, STRANGER, true);
    assert_string_equal(r->answered, "result");
}

static void prove_from(rogue *r, const char *from, const crypto_identity *identity) {
    live_circumstances c = rogue_circumstances(r);
    c.initiator = bytes_text(from);
    rogue_prove(r, &c, identity);
    rogue_send_from(r, from);
}

static void read_proof_for(rogue *r, const char *from) {
    live_message proof;
    live_circumstances c = rogue_circumstances(r);
    assert_true(rogue_read(r, &proof));
    assert_int_equal(proof.kind, LIVE_PROOF);
    c.initiator = bytes_text(from);
    c.by_initiator = false;
    memset(c.earlier, 0, sizeof c.earlier);
    assert_ok(live_proof_check(&proof, &c, &r->identity));
    assert_ok(live_proof_hash(r->earlier, &proof));
}

static void test_another_jid_takes_trust_along(void **state) {
    rogue *r = *state;
    rogue_retain(r);
    verdict(r, ROMEO, r->identity.ed25519.bytes, SOTTO_TRUST_VERIFIED);
    stranger_hello(r, STRANGER, true);
    read_proof_for(r, STRANGER);
    prove_from(r, STRANGER, &r->identity);
    assert_string_equal(r->answered, "result");
    assert_string_equal(r->told, "moved 0 ok\n");
    live_message data = rogue_data(9, 1, "<message><body>moved</body></message>");
    rogue_write(r, &data);
    rogue_send_from(r, STRANGER);
    assert_non_null(strstr(r->told, "verified <message from='" STRANGER "'"));
    /* It is known there from now on. */
    stranger_hello(r, STRANGER, true);
    read_proof_for(r, STRANGER);
    prove_from(r, STRANGER, &r->identity);
    assert_string_equal(r->told, "");
    rogue_write(r, &data); /* what was read is not read again */
    rogue_send_from(r, STRANGER);
    assert_string_equal(r->told, "");
}

/* With a secret of one and the key of another. */
static void test_another_jid_with_another_key(void **state) {
    rogue *r = *state;
    crypto_identity other;
    assert_ok(crypto_identity_new(&other, &r->host.host));
    rogue_retain(r);
    stranger_hello(r, STRANGER, true);
    read_proof_for(r, STRANGER);
    prove_from(r, STRANGER, &other);
    assert_string_equal(r->answered, "not-acceptable");
    assert_string_equal(r->told, "");
}

/* A contact takes somebody else's address: what was verified about the one does not count for the other. */
static void test_another_jid_that_is_somebodys(void **state) {
    rogue *r = *state;
    crypto_identity first;
    assert_ok(crypto_identity_new(&first, &r->host.host));
    rogue_retain(r);
    verdict(r, ROMEO, r->identity.ed25519.bytes, SOTTO_TRUST_VERIFIED);
    sotto_input known = {.kind = SOTTO_INPUT_RECORD,
                         .jid = BYTES_LITERAL("paris@verona.example"),
                         .trust = SOTTO_TRUST_VERIFIED,
                         .key = bytes_of(first.ed25519.bytes, 32)};
    rogue_step(r, known);
    stranger_hello(r, STRANGER, true);
    read_proof_for(r, STRANGER);
    prove_from(r, STRANGER, &r->identity);
    assert_non_null(strstr(r->told, "moved 0 key-changed\n"));
    assert_non_null(strstr(r->told, "key-alarm 0 key-changed\n"));
    live_message data = rogue_data(9, 1, "<message><body>it is me</body></message>");
    rogue_write(r, &data);
    rogue_send_from(r, STRANGER);
    assert_null(strstr(r->told, "verified <message"));
}

/* ---- less than before ---- */

/* T15 */
static void test_a_group_that_is_worse_than_before(void **state) {
    rogue *r = *state;
    live_self *self = r->engine->seals[0].self;
    engine_env env;
    live_secrets kept;
    rogue_retain(r);
    engine_env_init(&env, r->engine, 0);
    assert_ok(live_secret_read(&env.base, BYTES_LITERAL(ROMEO), r->identity.ed25519.bytes, &kept));
    tls_agreed agreed;
    assert_ok(tls_engine_agreed(r->tls, &agreed));
    for (unsigned i = 0; i < 2; i++) {
        bool worse = i == 1;
        kept.at[0].version = worse ? 1 : 0; /* an application protocol there is not yet */
        engine_env_init(&env, r->engine, 0);
        assert_ok(live_secret_write(self, &env.base, BYTES_LITERAL(ROMEO), r->identity.ed25519.bytes, &kept));
        assert_ok(sotto_engine_commit(r->engine));
        rogue_offer(r, ORCHARD);
        rogue_hello(r, rogue_alpn);
        assert_string_equal(r->answered, worse ? "not-acceptable" : "result");
        assert_string_equal(r->told, worse ? "key-alarm 0 downgraded\n" : "");
    }
    if (agreed.group == TLS_GROUP_X25519MLKEM768) return; /* there is nothing better */
    kept.at[0].version = 0;
    kept.at[0].group = TLS_GROUP_X25519MLKEM768;
    engine_env_init(&env, r->engine, 0);
    assert_ok(live_secret_write(self, &env.base, BYTES_LITERAL(ROMEO), r->identity.ed25519.bytes, &kept));
    assert_ok(sotto_engine_commit(r->engine));
    rogue_offer(r, ORCHARD);
    rogue_hello(r, rogue_alpn);
    assert_string_equal(r->told, "key-alarm 0 downgraded\n");
}

/* ---- who shows a key first ---- */

static void test_ask_others_first(void **state) {
    rogue *r = *state;
    live_message first;
    set_first(r, SEAL_FIRST_ASK);
    rogue_hello(r, rogue_alpn);
    size_t len = r->last_records.len;
    assert_true(rogue_read(r, &first));
    assert_int_equal(first.kind, LIVE_YOU_FIRST);
    assert_ok(live_proof_hash(r->earlier, &first));
    live_circumstances c = rogue_circumstances(r);
    memset(c.earlier, 0, sizeof c.earlier); /* as if he had not been asked */
    rogue_prove(r, &c, &r->identity);
    rogue_send(r);
    assert_string_equal(r->answered, "not-acceptable");
    rogue_hello(r, rogue_alpn);
    assert_true(rogue_read(r, &first));
    assert_ok(live_proof_hash(r->earlier, &first));
    prove(r);
    assert_string_equal(r->answered, "result");
    assert_true(rogue_read(r, &first));
    assert_int_equal(first.kind, LIVE_PROOF);
    c = rogue_circumstances(r);
    c.by_initiator = false;
    memcpy(c.earlier, r->own, sizeof c.earlier);
    assert_ok(live_proof_check(&first, &c, &r->identity));
    set_first(r, 0);
    rogue_hello(r, rogue_alpn);
    assert_int_equal(r->last_records.len, len); /* nobody sees by the length which it was */
    assert_true(rogue_read(r, &first));
    assert_int_equal(first.kind, LIVE_PROOF);
    seal_input wrong = {.kind = SEAL_INPUT_FIRST, .type = 4};
    assert_status(engine_seal_input(r->engine, 0, &wrong), USAGE);
}

/* ... and ours is for those we would talk to. */
static void test_asked_first_and_not_accepted(void **state) {
    rogue *r = *state;
    live_message first;
    rogue_open(r);
    verdict(r, ROMEO, r->identity.ed25519.bytes, SOTTO_TRUST_VERIFIED); /* others are not accepted from now on */
    set_first(r, SEAL_FIRST_ASK);
    assert_ok(crypto_identity_new(&r->identity, &r->host.host));
    rogue_hello(r, rogue_alpn);
    assert_true(rogue_read(r, &first));
    assert_ok(live_proof_hash(r->earlier, &first));
    prove(r);
    assert_string_equal(r->answered, "not-acceptable");
    assert_string_equal(r->told, "new-key 0 ok\n");
    assert_false(rogue_read(r, &first));
}

static void answer_you_first(rogue *r) {
    static char iq[66000], text[16384];
    live_message first = {.kind = LIVE_YOU_FIRST};
    rogue_write(r, &first);
    assert_ok(live_proof_hash(r->earlier, &first));
    live_frame frame = {.number = r->sent++, .records = rogue_records(r)};
    bytes_buffer out;
    memcpy(frame.session, r->session, LIVE_ID_BYTES);
    bytes_buffer_borrowed(&out, text, sizeof text - 1);
    live_frame_write(&out, &frame);
    bytes_buffer_u8(&out, 0);
    assert_int_equal(out.status.code, 0);
    snprintf(iq, sizeof iq, "<iq type='result' id='%s' from='" ORCHARD "' to='" BALCONY "'>%s</iq>", r->last_id, text);
    rogue_stanza(r, iq);
}

static void test_an_initiator_is_asked_first(void **state) {
    rogue *r = *state;
    live_message proof;
    rogue_says(r, "first");
    answer_you_first(r);
    live_circumstances c = rogue_circumstances(r);
    c.by_initiator = true;
    memcpy(c.earlier, r->earlier, sizeof c.earlier);
    assert_true(rogue_read(r, &proof));
    assert_ok(live_proof_check(&proof, &c, &r->identity));
    assert_false(rogue_read(r, &proof)); /* and nothing else yet */
    assert_ok(live_proof_hash(c.earlier, &proof));
    c.by_initiator = false;
    rogue_prove(r, &c, &r->identity);
    rogue_send(r);
    assert_true(rogue_read(r, &proof));
    assert_int_equal(proof.kind, LIVE_DATA);
    live_message again = {.kind = LIVE_YOU_FIRST};
    rogue_write(r, &again);
    rogue_send(r);
    assert_string_equal(r->answered, "not-acceptable");
}

static void test_an_initiator_that_never_goes_first(void **state) {
    rogue *r = *state;
    live_message proof;
    set_first(r, SEAL_FIRST_NEVER);
    rogue_says(r, "first");
    answer_you_first(r);
    assert_false(rogue_read(r, &proof));
    assert_int_equal(rogue_inside(r)->sessions == NULL ? 0 : newest(r)->shown, 0);
}

/* Juliet begins, with a secret that he holds, as far as she knows; who answers does not have it. */
static void test_an_initiator_whose_secret_was_not_taken(void **state) {
    rogue *r = *state;
    live_message proof;
    rogue_retain(r);
    r->has_secret = false;
    r->engine->seals[0].class->forget(r->engine->seals[0].self, BYTES_NONE);
    r->engine->seals[0].forgot = true;
    rogue_says(r, "for him alone");
    rogue_answer(r, NULL);
    assert_non_null(strstr(r->told, "quarantined 0 ok\n"));
    assert_false(rogue_read(r, &proof)); /* neither her key nor the stanza */
    assert_true(newest(r)->quarantined && newest(r)->initiator);
    verdict(r, ROMEO, r->identity.ed25519.bytes, SOTTO_TRUST_VERIFIED);
    rogue_read_proof(r);
    assert_true(rogue_read(r, &proof));
    assert_int_equal(proof.kind, LIVE_DATA);
}

/* Asked to go first as well: to say yes is to show her key, and then his is seen. */
static void test_an_initiator_that_is_asked_first_without_the_secret(void **state) {
    rogue *r = *state;
    live_message proof;
    rogue_retain(r);
    r->has_secret = false;
    r->engine->seals[0].class->forget(r->engine->seals[0].self, BYTES_NONE);
    r->engine->seals[0].forgot = true;
    rogue_says(r, "for him alone");
    answer_you_first(r);
    assert_non_null(strstr(r->told, "quarantined 0 ok\n"));
    assert_false(rogue_read(r, &proof));
    verdict(r, ROMEO, r->identity.ed25519.bytes, SOTTO_TRUST_VERIFIED);
    live_circumstances c = rogue_circumstances(r);
    c.by_initiator = true;
    memcpy(c.earlier, r->earlier, sizeof c.earlier);
    assert_true(rogue_read(r, &proof));
    assert_ok(live_proof_check(&proof, &c, &r->identity));
    assert_ok(live_proof_hash(c.earlier, &proof));
    c.by_initiator = false;
    crypto_identity other;
    assert_ok(crypto_identity_new(&other, &r->host.host));
    rogue_prove(r, &c, &other); /* it is another one after all */
    rogue_send(r);
    assert_non_null(strstr(r->told, "quarantined 0 ok\n"));
    assert_false(rogue_read(r, &proof));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rogue_setup, rogue_teardown)
const struct CMUnitTest opening_tests[] = {
    TEST(test_the_next_session_uses_the_secret),
    TEST(test_what_is_held_is_what_was_listed),
    TEST(test_a_stolen_secret_alone),
    TEST(test_a_stolen_identity_key_alone),
    TEST(test_a_quarantine_that_a_person_ends),
    TEST(test_a_quarantine_that_nobody_ends),
    TEST(test_a_quarantined_key_that_is_refused),
    TEST(test_a_wrong_binder),
    TEST(test_a_replayed_hello),
    TEST(test_a_redirected_hello),
    TEST(test_a_reflected_hello),
    TEST(test_a_stranger_with_a_secret_is_answered),
    TEST(test_another_jid_takes_trust_along),
    TEST(test_another_jid_with_another_key),
    TEST(test_another_jid_that_is_somebodys),
    TEST(test_a_group_that_is_worse_than_before),
    TEST(test_ask_others_first),
    TEST(test_asked_first_and_not_accepted),
    TEST(test_an_initiator_is_asked_first),
    TEST(test_an_initiator_that_never_goes_first),
    TEST(test_an_initiator_whose_secret_was_not_taken),
    TEST(test_an_initiator_that_is_asked_first_without_the_secret),
};
const size_t opening_count = sizeof opening_tests / sizeof opening_tests[0];
