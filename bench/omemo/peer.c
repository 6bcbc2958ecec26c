/* SPDX-License-Identifier: ISC
 *
 * The operations as libomemo-c does them, as a client would call it: by its builder and its cipher, with a session
 * record that it loads, takes apart, puts together and stores for each message. Ciphers and contexts that a client may
 * keep are kept. */
#include <protocol.h>
#include <session_builder.h>
#include <session_cipher.h>
#include <session_pre_key.h>
#include <stdlib.h>
#include <string.h>

#include "provider.h"
#include "shelf.h"

#define OMEMO_2 4 /* what it calls that version */
#define ARCHIVE 45
#define SKIPPED 1000u
#define FAR     1999u

struct bench_peer {
    bench_provider *provider;
    signal_context *context;
    bench_shelf alice;
    bench_shelf bob[BENCH_DEVICES];
    bench_message message[BENCH_DEVICES];
};

static const char name[] = "somebody@example.org";

static signal_protocol_address address_of(unsigned device) {
    return (signal_protocol_address){name, sizeof name - 1, (int32_t)device};
}

bench_peer *bench_peer_open(const bench *b) {
    bench_peer *peer = calloc(1, sizeof *peer);
    bench_require(peer != NULL, "memory");
    peer->provider = bench_provider_new();
    const signal_crypto_provider table = bench_provider_table(peer->provider);
    bench_require(signal_context_create(&peer->context, NULL) == 0, "libomemo-c's context");
    bench_require(signal_context_set_crypto_provider(peer->context, &table) == 0, "its cryptography");
    bench_shelf_open(&peer->alice, peer->context, &b->alice);
    for (unsigned i = 0; i < BENCH_DEVICES; i++) bench_shelf_open(&peer->bob[i], peer->context, &b->bob[i]);
    return peer;
}

void bench_peer_close(bench_peer *peer) {
    bench_shelf_close(&peer->alice);
    for (unsigned i = 0; i < BENCH_DEVICES; i++) bench_shelf_close(&peer->bob[i]);
    signal_context_destroy(peer->context);
    bench_provider_free(peer->provider);
    free(peer);
}

/* ---- one message ---- */

static session_cipher *cipher_for(bench_peer *peer, bench_shelf *shelf, const signal_protocol_address *address) {
    session_cipher *cipher = NULL;
    bench_require(session_cipher_create(&cipher, shelf->store, address, peer->context) == 0, "a cipher");
    session_cipher_set_version(cipher, OMEMO_2);
    return cipher;
}

static void message_write(session_cipher *cipher, const uint8_t plain[BENCH_PLAIN], bench_message *ret) {
    ciphertext_message *written = NULL;
    bench_require(session_cipher_encrypt(cipher, plain, BENCH_PLAIN, &written) == 0, "libomemo-c encrypts");
    signal_buffer *bytes = ciphertext_message_get_serialized(written);
    ret->len = signal_buffer_len(bytes);
    bench_require(ret->len <= sizeof ret->bytes, "the size of its message");
    memcpy(ret->bytes, signal_buffer_data(bytes), ret->len);
    SIGNAL_UNREF(written);
}

/* The plaintext, or NULL: a MAC that fails, too far, no key. */
static signal_buffer *message_read(bench_peer *peer, session_cipher *cipher, const bench_message *message) {
    signal_message *parsed = NULL;
    signal_buffer *plain = NULL;
    bench_require(signal_message_deserialize_omemo(&parsed, message->bytes, message->len, peer->context) == 0,
                  "libomemo-c parses a message");
    if (session_cipher_decrypt_signal_message(cipher, parsed, NULL, &plain) != 0) plain = NULL;
    SIGNAL_UNREF(parsed);
    return plain;
}

static signal_buffer *exchange_read(bench_peer *peer, session_cipher *cipher, const bench_message *message) {
    pre_key_signal_message *parsed = NULL;
    signal_buffer *plain = NULL;
    bench_require(pre_key_signal_message_deserialize_omemo(&parsed, message->bytes, message->len, 1, peer->context) ==
                      0,
                  "libomemo-c parses a key exchange");
    if (session_cipher_decrypt_pre_key_signal_message(cipher, parsed, NULL, &plain) != 0) plain = NULL;
    SIGNAL_UNREF(parsed);
    return plain;
}

static bool plain_is(signal_buffer *plain, const uint8_t expected[BENCH_PLAIN]) {
    bool same = plain && signal_buffer_len(plain) == BENCH_PLAIN &&
                memcmp(signal_buffer_data(plain), expected, BENCH_PLAIN) == 0;
    signal_buffer_free(plain);
    return same;
}

/* From the bytes of a bundle to those of the first message. */
static void session_begin(bench_peer *peer, const bench_device *device, const signal_protocol_address *address,
                          const uint8_t plain[BENCH_PLAIN], bench_message *ret) {
    ec_public_key *identity = NULL, *signed_key = NULL, *prekey = NULL;
    session_pre_key_bundle *bundle = NULL;
    session_builder *builder = NULL;
    bool parsed =
        curve_decode_point_ed(&identity, device->identity.ed25519.bytes, 32, peer->context) == 0 &&
        curve_decode_point_mont(&signed_key, device->signed_pair.public_key.bytes, 32, peer->context) == 0 &&
        curve_decode_point_mont(&prekey, device->prekey.public_key.bytes, 32, peer->context) == 0 &&
        session_pre_key_bundle_create(&bundle, 1, address->device_id, BENCH_PREKEY_ID, prekey, BENCH_SIGNED_ID,
                                      signed_key, device->signature.bytes, 64, identity) == 0;
    bench_require(parsed, "libomemo-c takes a bundle");
    bench_require(session_builder_create(&builder, peer->alice.store, address, peer->context) == 0, "a builder");
    session_builder_set_version(builder, OMEMO_2);
    bench_require(session_builder_process_pre_key_bundle(builder, bundle) == 0, "libomemo-c begins a session");
    session_cipher *cipher = cipher_for(peer, &peer->alice, address);
    message_write(cipher, plain, ret);
    session_cipher_free(cipher);
    session_builder_free(builder);
    SIGNAL_UNREF(bundle);
    SIGNAL_UNREF(prekey);
    SIGNAL_UNREF(signed_key);
    SIGNAL_UNREF(identity);
}

bool bench_peer_reads(bench *b, unsigned device, const bench_message *message) {
    bench_shelf *bob = &b->peer->bob[device];
    const signal_protocol_address address = address_of(0);
    bob->session[0].len = 0;
    session_cipher *cipher = cipher_for(b->peer, bob, &address);
    bool same = plain_is(exchange_read(b->peer, cipher, message), b->plain);
    session_cipher_free(cipher);
    return same;
}

/* ---- operations ---- */

void bench_peer_initiate(bench *b, unsigned count) {
    bench_peer *peer = b->peer;
    bench_require(count <= BENCH_DEVICES, "a device for each");
    for (unsigned i = 0; i < count; i++) peer->alice.session[i].len = 0;
    bench_start(b);
    for (unsigned i = 0; i < count; i++) {
        const signal_protocol_address address = address_of(i);
        session_begin(peer, &b->bob[i], &address, b->plain, &peer->message[i]);
    }
    bench_stop(b);
    for (unsigned i = 0; i < count; i++)
        bench_require(bench_ours_reads(b, i, &peer->message[i]), "we read what libomemo-c begins with");
}

void bench_peer_accept(bench *b, unsigned count) {
    bench_peer *peer = b->peer;
    signal_buffer *plain[BENCH_DEVICES];
    bench_require(count <= BENCH_DEVICES, "a device for each");
    for (unsigned i = 0; i < count; i++) {
        const signal_protocol_address address = address_of(i);
        peer->alice.session[i].len = peer->bob[i].session[0].len = 0;
        session_begin(peer, &b->bob[i], &address, b->plain, &peer->message[i]);
    }
    const signal_protocol_address address = address_of(0);
    bench_start(b);
    for (unsigned i = 0; i < count; i++) {
        session_cipher *cipher = cipher_for(peer, &peer->bob[i], &address);
        plain[i] = exchange_read(peer, cipher, &peer->message[i]);
        session_cipher_free(cipher);
    }
    bench_stop(b);
    for (unsigned i = 0; i < count; i++) bench_require(plain_is(plain[i], b->plain), "libomemo-c accepts a session");
}

/* Two ends that answered each other: nothing but ratchet messages from now on. */
typedef struct talk {
    signal_protocol_address alice_address, bob_address; /* as the other end knows them */
    session_cipher *alice, *bob;
} talk;

static void talk_say(bench *b, session_cipher *from, session_cipher *to) {
    bench_message message;
    message_write(from, b->plain, &message);
    bench_require(plain_is(message_read(b->peer, to, &message), b->plain), "libomemo-c reads what it wrote");
}

static void talk_begin(bench *b, talk *t) {
    bench_peer *peer = b->peer;
    bench_message first;
    t->alice_address = t->bob_address = address_of(0);
    peer->alice.session[0].len = peer->bob[0].session[0].len = 0;
    session_begin(peer, &b->bob[0], &t->bob_address, b->plain, &first);
    t->alice = cipher_for(peer, &peer->alice, &t->bob_address);
    t->bob = cipher_for(peer, &peer->bob[0], &t->alice_address);
    bench_require(plain_is(exchange_read(peer, t->bob, &first), b->plain), "libomemo-c accepts a session");
    talk_say(b, t->bob, t->alice);
    talk_say(b, t->alice, t->bob);
}

static void talk_end(talk *t) {
    session_cipher_free(t->alice);
    session_cipher_free(t->bob);
}

static void messages(bench *b, unsigned count, bool writing) {
    talk t;
    signal_buffer *plain[BENCH_BATCH];
    talk_begin(b, &t);
    for (unsigned done = 0, batch; done < count; done += batch) {
        batch = count - done < BENCH_BATCH ? count - done : BENCH_BATCH;
        if (writing) bench_start(b);
        for (unsigned i = 0; i < batch; i++) message_write(t.alice, b->plain, &b->peer->message[i]);
        if (writing) bench_stop(b);
        if (!writing) bench_start(b);
        for (unsigned i = 0; i < batch; i++) plain[i] = message_read(b->peer, t.bob, &b->peer->message[i]);
        if (!writing) bench_stop(b);
        for (unsigned i = 0; i < batch; i++) bench_require(plain_is(plain[i], b->plain), "it reads what it wrote");
    }
    talk_end(&t);
}

void bench_peer_encrypt(bench *b, unsigned count) {
    messages(b, count, true);
}

void bench_peer_decrypt(bench *b, unsigned count) {
    messages(b, count, false);
}

void bench_peer_decrypt_ratchet(bench *b, unsigned count) {
    talk t;
    bench_message message;
    talk_begin(b, &t);
    for (unsigned i = 0; i < count; i++) {
        talk_say(b, t.bob, t.alice);
        message_write(t.alice, b->plain, &message);
        bench_start(b);
        signal_buffer *plain = message_read(b->peer, t.bob, &message);
        bench_stop(b);
        bench_require(plain_is(plain, b->plain), "libomemo-c decrypts after a ratchet step");
    }
    talk_end(&t);
}

void bench_peer_decrypt_skipped(bench *b, unsigned count) {
    talk t;
    bench_message message;
    bench_record before = {.at = NULL}, *session = &b->peer->bob[0].session[0];
    talk_begin(b, &t);
    for (unsigned i = 0; i <= SKIPPED; i++) message_write(t.alice, b->plain, &message);
    bench_record_set(&before, session->at, session->len);
    for (unsigned i = 0; i < count; i++) {
        bench_record_set(session, before.at, before.len);
        bench_start(b);
        signal_buffer *plain = message_read(b->peer, t.bob, &message);
        bench_stop(b);
        bench_require(plain_is(plain, b->plain), "libomemo-c decrypts after 1000 skipped");
    }
    bench_record_clear(&before);
    talk_end(&t);
}

void bench_peer_group(bench *b, unsigned count, unsigned rounds) {
    static signal_protocol_address addresses[BENCH_DEVICES];
    bench_peer *peer = b->peer;
    session_cipher *alice[BENCH_DEVICES], *bob[BENCH_DEVICES];
    const signal_protocol_address own = address_of(0);
    bench_message first;
    bench_require(count <= BENCH_DEVICES, "a device for each");
    for (unsigned i = 0; i < count; i++) {
        addresses[i] = address_of(i);
        peer->alice.session[i].len = peer->bob[i].session[0].len = 0;
        session_begin(peer, &b->bob[i], &addresses[i], b->plain, &first);
        alice[i] = cipher_for(peer, &peer->alice, &addresses[i]);
        bob[i] = cipher_for(peer, &peer->bob[i], &own);
        bench_require(plain_is(exchange_read(peer, bob[i], &first), b->plain), "libomemo-c accepts a session");
        talk_say(b, bob[i], alice[i]);
        talk_say(b, alice[i], bob[i]);
    }
    for (unsigned round = 0; round < rounds; round++) {
        bench_start(b);
        for (unsigned i = 0; i < count; i++) message_write(alice[i], b->plain, &peer->message[i]);
        bench_stop(b);
        for (unsigned i = 0; i < count; i++)
            bench_require(plain_is(message_read(peer, bob[i], &peer->message[i]), b->plain), "everybody reads it");
    }
    for (unsigned i = 0; i < count; i++) {
        session_cipher_free(alice[i]);
        session_cipher_free(bob[i]);
    }
}

/* T17: the sender's device first began session after session, and the record keeps the last 40 of them besides the
 * current one. A message whose ratchet key nobody knows is then tried with every one: two agreements, a new key pair,
 * and n steps of the chain each time. */
void bench_peer_forged(bench *b, unsigned count) {
    bench_peer *peer = b->peer;
    bench_message message;
    const signal_protocol_address address = address_of(0);
    bench_record *session = &peer->bob[0].session[0];
    session->len = 0;
    session_cipher *cipher = cipher_for(peer, &peer->bob[0], &address);
    for (unsigned i = 0; i < ARCHIVE; i++) {
        peer->alice.session[0].len = 0;
        session_begin(peer, &b->bob[0], &address, b->plain, &message);
        bench_require(plain_is(exchange_read(peer, cipher, &message), b->plain), "libomemo-c accepts one more session");
    }
    for (unsigned i = 0; i < count; i++) {
        bench_forge(&message, FAR);
        bench_start(b);
        signal_buffer *plain = message_read(peer, cipher, &message);
        bench_stop(b);
        bench_require(plain == NULL, "libomemo-c refuses a forged message");
    }
    session->len = 0;
    session_cipher_free(cipher);
}
