/* SPDX-License-Identifier: ISC */
#include "pairs.h"

#include <stdio.h>

#include "bytes/memory.h"
#include "testing.h"

crypto_x25519_pair pairs_key(pairs *p) {
    crypto_x25519_private private_key = {{0}};
    crypto_x25519_pair pair;
    p->keys++;
    for (size_t i = 0; i < 32; i++) private_key.bytes[i] = (uint8_t)(p->keys * 7919u >> (i % 4 * 8) ^ i * 31);
    assert_code(crypto_x25519_derive(&pair, &private_key), 0);
    return pair;
}

static void end_start(pairs *p, end *e, uint8_t seed) {
    uint8_t seed_bytes[32] = {seed};
    memset(e, 0, sizeof *e);
    assert_code(crypto_identity_from_seed(&e->identity, seed_bytes), 0);
    e->signed_pair = pairs_key(p);
    e->prekey = pairs_key(p);
    assert_code(
        omemo_offer_sign(p->dialect, &e->identity, &e->signed_pair.public_key, sotto_host_default(), &e->signature), 0);
}

static const omemo_dialect *tried = &omemo_dialect_2;

void pairs_try(const omemo_dialect *dialect) {
    tried = dialect;
}

void pairs_start(pairs *p) {
    p->dialect = tried;
    p->keys = 0;
    bytes_arena_init(&p->arena, sotto_host_default(), 4u * 1024 * 1024);
    end_start(p, &p->alice, 1);
    end_start(p, &p->bob, 2);
}

void pairs_end(pairs *p) {
    bytes_arena_clear(&p->arena);
}

omemo_offer pairs_offer(const pairs *p, const end *e) {
    return (omemo_offer){.identity = p->dialect->identity->of(&e->identity),
                         .signed_key = e->signed_pair.public_key,
                         .signature = e->signature,
                         .prekey = e->prekey.public_key,
                         .signed_id = 7,
                         .prekey_id = 77};
}

sotto_status pairs_write(pairs *p, end *e, const char *text, written *ret) {
    bytes_buffer out;
    sotto_bytes all;
    crypto_x25519_pair fresh = pairs_key(p);
    bytes_buffer_borrowed(&out, ret->bytes, sizeof ret->bytes);
    SOTTO_TRY(omemo_session_write(&e->session, p->dialect, 1, &fresh, bytes_text(text), &out, &ret->kex));
    SOTTO_TRY(bytes_buffer_end(&out, &all));
    ret->len = all.len;
    return SOTTO_OK;
}

static sotto_status session_read(pairs *p, end *e, omemo_session *session, sotto_bytes data, char ret_text[64]) {
    omemo_message message;
    omemo_step step;
    omemo_skipped skipped = skipped_memory_port(&e->skipped);
    uint8_t memory[512];
    bytes_buffer plain;
    sotto_bytes read;
    bytes_buffer_borrowed(&plain, memory, sizeof memory);
    SOTTO_TRY(p->dialect->read_message(data, &message));
    SOTTO_TRY(omemo_session_read(session, p->dialect, &message, &skipped, &p->arena, &step, &plain));
    SOTTO_TRY(omemo_session_apply(session, &step, &skipped));
    SOTTO_TRY(bytes_buffer_end(&plain, &read));
    snprintf(ret_text, 64, "%.*s", (int)read.len, (const char *)read.at);
    return SOTTO_OK;
}

sotto_status pairs_read(pairs *p, end *e, const written *message, char ret_text[64]) {
    sotto_bytes data = bytes_of(message->bytes, message->len);
    omemo_kex kex;
    bytes_arena_mark mark = bytes_arena_here(&p->arena);
    if (message->kex) {
        SOTTO_TRY(p->dialect->read_exchange(data, &kex));
        data = kex.message;
    }
    sotto_status status = session_read(p, e, &e->session, data, ret_text);
    bytes_arena_back(&p->arena, mark);
    return status;
}

written pairs_say(pairs *p, end *e, const char *text) {
    written message;
    assert_code(pairs_write(p, e, text, &message), 0);
    return message;
}

void pairs_hear(pairs *p, end *e, const written *message, const char *text) {
    char read[64];
    assert_code(pairs_read(p, e, message, read), 0);
    assert_string_equal(read, text);
}

void pairs_refuse(pairs *p, end *e, const written *message, int code) {
    uint8_t before[OMEMO_SESSION_BYTES], after[OMEMO_SESSION_BYTES];
    bytes_buffer out;
    char read[64];
    uint32_t changes = e->skipped.changes;
    bytes_buffer_borrowed(&out, before, sizeof before);
    omemo_session_encode(&out, &e->session);
    assert_code(out.status, 0);
    assert_code(pairs_read(p, e, message, read), code);
    bytes_buffer_borrowed(&out, after, sizeof after);
    omemo_session_encode(&out, &e->session);
    assert_memory_equal(before, after, sizeof before);
    assert_int_equal(e->skipped.changes, changes);
}

sotto_status pairs_accept(pairs *p, end *bob, const written *message) {
    omemo_kex kex;
    omemo_session session;
    char read[64];
    assert_true(message->kex);
    SOTTO_TRY(p->dialect->read_exchange(bytes_of(message->bytes, message->len), &kex));
    SOTTO_TRY(omemo_exchange_accept(&session, p->dialect, &bob->identity, &bob->signed_pair, &bob->prekey, &kex));
    SOTTO_TRY(session_read(p, bob, &session, kex.message, read));
    bob->session = session;
    return SOTTO_OK;
}

void pairs_talk(pairs *p) {
    pairs_start(p);
    omemo_offer offer = pairs_offer(p, &p->bob);
    crypto_x25519_pair ephemeral = pairs_key(p);
    assert_code(omemo_exchange_initiate(&p->alice.session, p->dialect, &p->alice.identity, &ephemeral, &offer), 0);
    written first = pairs_say(p, &p->alice, "first");
    assert_code(pairs_accept(p, &p->bob, &first), 0);
    written answer = pairs_say(p, &p->bob, "answer");
    pairs_hear(p, &p->alice, &answer, "answer");
}
