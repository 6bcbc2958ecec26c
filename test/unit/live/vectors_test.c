/* SPDX-License-Identifier: ISC
 *
 * What a second implementation makes of doc/xtls.xml (tools/live-vectors), against this one: every byte that both sides
 * must have alike. */
#include "rogue.h"

#include "bytes/base64.h"
#include "crypto/cpace.h"
#include "crypto/hash.h"
#include "live_vectors.h"
#include "seal/live/certificate.h"
#include "seal/live/password.h"
#include "seal/live/secret.h"
#include "seal/live/statement.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

/* What the hex of one case stands for; all of it is let go at once. */
typedef struct sheet {
    uint8_t at[16384];
    size_t used;
} sheet;

static sotto_bytes of(sheet *s, const char *hex) {
    bytes_buffer out;
    sotto_bytes ret;
    bytes_buffer_borrowed(&out, s->at + s->used, sizeof s->at - s->used);
    assert_true(sotto_ok(bytes_hex_get(&out, bytes_text(hex))));
    assert_true(sotto_ok(bytes_buffer_end(&out, &ret)));
    s->used += ret.len;
    return ret;
}

static void assert_bytes(const void *found, size_t len, sotto_bytes expected) {
    assert_int_equal(len, expected.len);
    assert_memory_equal(found, expected.at, len);
}

static sotto_bytes written(bytes_buffer *out) {
    sotto_bytes ret;
    assert_true(sotto_ok(bytes_buffer_end(out, &ret)));
    return ret;
}

static void hash_of(sheet *s, const char *hex, uint8_t ret[32]) {
    assert_true(sotto_ok(crypto_hash_of(CRYPTO_SHA256, ret, of(s, hex))));
}

/* A host that has no other randomness than this, once. */
static sotto_status fixed_random(void *arg, void *out, size_t len) {
    sotto_bytes *left = arg;
    assert_int_equal(left->len, len);
    memcpy(out, left->at, len);
    *left = BYTES_NONE;
    return SOTTO_OK;
}

/* ---- messages ---- */

static void test_messages(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(vector_messages); i++) {
        sheet s = {0};
        uint8_t room[512];
        bytes_buffer out;
        live_message message;
        size_t used;
        const sotto_bytes expected = of(&s, vector_messages[i].message);
        print_message("%s\n", vector_messages[i].name);
        assert_true(sotto_ok(live_message_read(expected, &used, &message)));
        assert_int_equal(used, expected.len);
        assert_int_equal(message.kind, vector_messages[i].kind);
        if (message.kind >= LIVE_IGNORED) continue; /* nobody writes these today */
        bytes_buffer_borrowed(&out, room, sizeof room);
        live_message_write(&out, &message);
        const sotto_bytes again = written(&out);
        assert_bytes(again.at, again.len, expected);
    }
}

/* ---- the certificate ---- */

static void test_certificate(void **state) {
    (void)state;
    sheet s = {0};
    const sotto_bytes certificate = live_certificate(), key = live_certificate_key();
    assert_bytes(certificate.at, certificate.len, of(&s, vector_certificates[0].certificate));
    assert_bytes(key.at, key.len, of(&s, vector_certificates[0].private_key));
}

/* ---- retained secrets ---- */

static void test_secrets(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(vector_secrets); i++) {
        const struct vector_secrets *vector = &vector_secrets[i];
        sheet s = {0};
        uint8_t made[32];
        live_secret secret = {0};
        const sotto_bytes previous = of(&s, vector->previous);
        live_secret_input in = {.before = previous.len > 0 ? previous.at : NULL, .password = of(&s, vector->isk)};
        print_message("%s\n", vector->name);
        memcpy(in.exporter, of(&s, vector->exporter).at, sizeof in.exporter);
        hash_of(&s, vector->first_proof, in.first);
        hash_of(&s, vector->second_proof, in.second);
        assert_true(sotto_ok(live_secret_make(&secret, &in)));
        assert_bytes(secret.secret, sizeof secret.secret, of(&s, vector->secret));
        assert_bytes(secret.id, sizeof secret.id, of(&s, vector->id));
        assert_true(sotto_ok(live_secret_psk(secret.secret, made)));
        assert_bytes(made, sizeof made, of(&s, vector->psk));
        assert_true(sotto_ok(live_secret_naming(secret.secret, true, made)));
        assert_bytes(made, sizeof made, of(&s, vector->identity_key_i));
        assert_true(sotto_ok(live_secret_naming(secret.secret, false, made)));
        assert_bytes(made, sizeof made, of(&s, vector->identity_key_r));
    }
}

static void test_identities(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(vector_identities); i++) {
        const struct vector_identities *vector = &vector_identities[i];
        sheet s = {0};
        uint8_t made[TLS_SECRET_IDENTITY_BYTES];
        const live_way way = {.nonce = of(&s, vector->nonce).at,
                              .initiator = of(&s, vector->initiator),
                              .responder = of(&s, vector->responder)};
        print_message("%s\n", vector->name);
        assert_true(sotto_ok(live_secret_identity(made, of(&s, vector->identity_key).at, &way)));
        assert_bytes(made, sizeof made, of(&s, vector->identity));
    }
}

/* ---- statements ---- */

static void test_bindings(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(vector_bindings); i++) {
        const struct vector_bindings *vector = &vector_bindings[i];
        sheet s = {0};
        uint8_t room[1024];
        bytes_buffer out;
        live_statement said;
        const sotto_bytes body = of(&s, vector->body);
        print_message("%s\n", vector->name);
        assert_true(sotto_ok(live_statement_read(LIVE_STATEMENT_X509, body, &said)));
        assert_bytes(said.signature.at, said.signature.len, of(&s, vector->signature));
        assert_int_equal(said.certificate_count, 1);
        assert_bytes(said.certificates[0].at, said.certificates[0].len, of(&s, vector->chain));
        bytes_buffer_borrowed(&out, room, sizeof room);
        live_statement_binding(&out, of(&s, vector->jid), of(&s, vector->key).at, said.made);
        const sotto_bytes binding = written(&out);
        assert_bytes(binding.at, binding.len, of(&s, vector->binding));
        bytes_buffer_borrowed(&out, room, sizeof room);
        live_statement_write(&out, LIVE_STATEMENT_X509, &said);
        const sotto_bytes again = written(&out);
        assert_bytes(again.at, again.len, body);
    }
}

static void test_siblings(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(vector_siblings); i++) {
        const struct vector_siblings *vector = &vector_siblings[i];
        sheet s = {0};
        uint8_t room[1024];
        bytes_buffer out;
        live_statement said;
        crypto_identity identity;
        crypto_signature signature;
        sotto_bytes random = of(&s, vector->random);
        const sotto_host host = {.arg = &random, .random = fixed_random};
        live_circumstances c = {.initiator = of(&s, vector->initiator),
                                .responder = of(&s, vector->responder),
                                .by_initiator = bytes_is(of(&s, vector->role), "I")};
        memcpy(c.exporter, of(&s, vector->exporter).at, sizeof c.exporter);
        print_message("%s\n", vector->name);
        bytes_buffer_borrowed(&out, room, sizeof room);
        live_statement_sibling(&out, &c, of(&s, vector->key).at);
        const sotto_bytes text = written(&out);
        assert_bytes(text.at, text.len, of(&s, vector->signed_bytes));
        assert_true(sotto_ok(live_statement_read(LIVE_STATEMENT_OMEMO, of(&s, vector->body), &said)));
        assert_bytes(said.identity.at, said.identity.len, of(&s, vector->omemo_key));
        assert_bytes(said.signature.at, said.signature.len, of(&s, vector->signature));
        assert_true(sotto_ok(crypto_identity_from_scalar(&identity, of(&s, vector->omemo_private).at)));
        assert_bytes(identity.x25519.bytes, sizeof identity.x25519.bytes, said.identity);
        assert_true(sotto_ok(crypto_identity_sign(&signature, &identity, text, &host)));
        assert_bytes(signature.bytes, sizeof signature.bytes, said.signature);
        bytes_buffer_borrowed(&out, room, sizeof room);
        live_statement_write(&out, LIVE_STATEMENT_OMEMO, &said);
        const sotto_bytes again = written(&out);
        assert_bytes(again.at, again.len, of(&s, vector->body));
    }
}

/* ---- proofs ---- */

static void test_proofs(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(vector_proofs); i++) {
        const struct vector_proofs *vector = &vector_proofs[i];
        sheet s = {0};
        uint8_t hash[32], room[LIVE_PROOF_BYTES];
        bytes_buffer out;
        rig r;
        crypto_identity own, other;
        live_message proof, read;
        size_t used;
        live_circumstances c = {.initiator = of(&s, vector->initiator),
                                .responder = of(&s, vector->responder),
                                .by_initiator = bytes_is(of(&s, vector->role), "I"),
                                .secret = of(&s, vector->secret_id)};
        memcpy(c.exporter, of(&s, vector->exporter).at, sizeof c.exporter);
        memcpy(c.earlier, of(&s, vector->earlier).at, sizeof c.earlier);
        print_message("%s\n", vector->name);
        rig_start(&r);
        assert_true(sotto_ok(crypto_identity_from_seed(&own, of(&s, vector->seed).at)));
        assert_true(sotto_ok(crypto_identity_new(&other, &r.host)));
        assert_bytes(own.ed25519.bytes, sizeof own.ed25519.bytes, of(&s, vector->key));
        assert_true(sotto_ok(live_proof_make(&proof, &c, &own, &r.host)));
        bytes_buffer_borrowed(&out, room, sizeof room);
        live_message_write(&out, &proof);
        const sotto_bytes message = written(&out);
        assert_bytes(message.at, message.len, of(&s, vector->message));
        assert_true(sotto_ok(live_message_read(of(&s, vector->message), &used, &read)));
        assert_true(sotto_ok(live_proof_check(&read, &c, &other)));
        assert_true(sotto_ok(live_proof_hash(hash, &read)));
        assert_bytes(hash, sizeof hash, of(&s, vector->hash));
    }
}

/* ---- passwords ---- */

typedef struct party {
    crypto_cpace_run run;
    crypto_cpace_claim claim;
    crypto_cpace_tag tag;
    crypto_cpace_key key;
    sotto_bytes data;
} party;

static void assert_said(live_password_step step, sotto_bytes first, sotto_bytes second, sotto_bytes expected) {
    uint8_t body[96], room[128];
    bytes_buffer whole, out;
    bytes_buffer_borrowed(&whole, body, sizeof body);
    bytes_buffer_put(&whole, first);
    bytes_buffer_put(&whole, second);
    const live_message said = {.kind = LIVE_PASSWORD, .type = (uint8_t)step, .body = written(&whole)};
    bytes_buffer_borrowed(&out, room, sizeof room);
    live_message_write(&out, &said);
    const sotto_bytes message = written(&out);
    assert_bytes(message.at, message.len, expected);
}

static void begin(party *p, const crypto_cpace_input *input, sotto_bytes random) {
    const sotto_host host = {.arg = &random, .random = fixed_random};
    assert_true(sotto_ok(crypto_cpace_begin(&p->run, input, &host)));
}

static void test_passwords(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(vector_passwords); i++) {
        const struct vector_passwords *vector = &vector_passwords[i];
        sheet s = {0};
        uint8_t room[1024], room_i[1024], room_r[1024];
        bytes_buffer out, out_i, out_r;
        party initiator, responder;
        const sotto_bytes full_i = of(&s, vector->initiator), full_r = of(&s, vector->responder);
        print_message("%s\n", vector->name);
        bytes_buffer_borrowed(&out, room, sizeof room);
        live_password_channel(&out, live_bare(full_i), live_bare(full_r));
        const sotto_bytes channel = written(&out);
        assert_bytes(channel.at, channel.len, of(&s, vector->channel));
        bytes_buffer_borrowed(&out_i, room_i, sizeof room_i);
        live_password_party(&out_i, true, of(&s, vector->key_i).at, full_i);
        initiator.data = written(&out_i);
        assert_bytes(initiator.data.at, initiator.data.len, of(&s, vector->data_i));
        bytes_buffer_borrowed(&out_r, room_r, sizeof room_r);
        live_password_party(&out_r, false, of(&s, vector->key_r).at, full_r);
        responder.data = written(&out_r);
        assert_bytes(responder.data.at, responder.data.len, of(&s, vector->data_r));

        const crypto_cpace_input input = {of(&s, vector->password), of(&s, vector->sid), channel};
        begin(&initiator, &input, of(&s, vector->random_i));
        begin(&responder, &input, of(&s, vector->random_r));
        const crypto_cpace_share share_i = initiator.run.share, share_r = responder.run.share;
        assert_true(sotto_ok(crypto_cpace_finish(&responder.claim, &responder.tag, &responder.run,
                                                 CRYPTO_CPACE_RESPONDER, responder.data, &share_i, initiator.data)));
        assert_true(sotto_ok(crypto_cpace_finish(&initiator.claim, &initiator.tag, &initiator.run,
                                                 CRYPTO_CPACE_INITIATOR, initiator.data, &share_r, responder.data)));
        assert_true(sotto_ok(crypto_cpace_confirm(&initiator.key, &initiator.claim, &responder.tag)));
        assert_bytes(initiator.key.bytes, sizeof initiator.key.bytes, of(&s, vector->isk));
        assert_said(LIVE_PASSWORD_OFFER, bytes_of(share_i.bytes, 32), BYTES_NONE, of(&s, vector->offer));
        assert_said(LIVE_PASSWORD_ANSWER, bytes_of(share_r.bytes, 32), bytes_of(responder.tag.bytes, 64),
                    of(&s, vector->answer));
        assert_said(LIVE_PASSWORD_CONFIRM, bytes_of(initiator.tag.bytes, 64), BYTES_NONE, of(&s, vector->confirm));
    }
}

const struct CMUnitTest vectors_tests[] = {
    cmocka_unit_test(test_messages),   cmocka_unit_test(test_certificate), cmocka_unit_test(test_secrets),
    cmocka_unit_test(test_identities), cmocka_unit_test(test_bindings),    cmocka_unit_test(test_siblings),
    cmocka_unit_test(test_proofs),     cmocka_unit_test(test_passwords),
};
const size_t vectors_count = sizeof vectors_tests / sizeof vectors_tests[0];
