/* SPDX-License-Identifier: ISC
 *
 * OMEMO's key exchange and ratchet between two devices: every private key, chain key, root key and message key is a
 * secret, and so is what the messages carry. What was written is public from the moment it is written. */
#include "bytes/span.h"
#include "crypto/cipher.h"
#include "crypto/hash.h"
#include "seal/omemo/exchange.h"
#include "seal/omemo/payload.h"
#include "secrets.h"
#include "test/unit/seal/skipped_memory.h"

typedef struct device {
    crypto_identity identity;
    crypto_x25519_pair signed_pair, prekey;
    omemo_session session;
    skipped_memory skipped;
} device;

typedef struct letter {
    uint8_t bytes[640];
    size_t len;
    bool kex;
} letter;

typedef struct talk {
    device alice, bob; /* alice initiates */
    bytes_arena arena;
    uint8_t plain[48]; /* what every message carries */
} talk;

static const omemo_dialect *dialect = &omemo_dialect_2;

static bool device_start(device *d, bool is_scalar) {
    uint8_t key[32];
    memset(d, 0, sizeof *d);
    secret_make(key, 32);
    return sotto_ok((is_scalar ? crypto_identity_from_scalar : crypto_identity_from_seed)(&d->identity, key)) &&
           sotto_ok(crypto_x25519_new(&d->signed_pair, &secret_host)) &&
           sotto_ok(crypto_x25519_new(&d->prekey, &secret_host));
}

static bool letter_write(talk *t, device *d, letter *ret) {
    bytes_buffer out;
    sotto_bytes all;
    crypto_x25519_pair fresh;
    bytes_buffer_borrowed(&out, ret->bytes, sizeof ret->bytes);
    if (!sotto_ok(crypto_x25519_new(&fresh, &secret_host))) return false;
    if (!sotto_ok(
            omemo_session_write(&d->session, dialect, 1, &fresh, bytes_of(t->plain, sizeof t->plain), &out, &ret->kex)))
        return false;
    if (!sotto_ok(bytes_buffer_end(&out, &all))) return false;
    ret->len = all.len;
    declassify_bytes(all);
    return true;
}

static sotto_status session_read(talk *t, device *d, omemo_session *session, sotto_bytes data) {
    omemo_message message;
    omemo_step step;
    omemo_skipped skipped = skipped_memory_port(&d->skipped);
    uint8_t memory[OMEMO_PLAIN_BYTES_MAX + 16];
    bytes_buffer plain;
    sotto_bytes read;
    bytes_buffer_borrowed(&plain, memory, sizeof memory);
    SOTTO_TRY(dialect->read_message(data, &message));
    SOTTO_TRY(omemo_session_read(session, dialect, &message, &skipped, &t->arena, &step, &plain));
    SOTTO_TRY(omemo_session_apply(session, &step, &skipped));
    SOTTO_TRY(bytes_buffer_end(&plain, &read));
    bool same = read.len == sizeof t->plain && crypto_equal(read.at, t->plain, read.len);
    return same ? SOTTO_OK : SOTTO_FAIL(STATE);
}

static sotto_status letter_read(talk *t, device *d, const letter *l) {
    sotto_bytes data = bytes_of(l->bytes, l->len);
    omemo_kex kex;
    if (l->kex) {
        SOTTO_TRY(dialect->read_exchange(data, &kex));
        data = kex.message;
    }
    return session_read(t, d, &d->session, data);
}

static bool heard(talk *t, device *from, device *to, unsigned times) {
    letter l;
    for (unsigned i = 0; i < times; i++) {
        if (!letter_write(t, from, &l) || !sotto_ok(letter_read(t, to, &l))) return false;
    }
    return true;
}

static bool initiate(talk *t, bool is_scalar) {
    bytes_arena_init(&t->arena, &secret_host, 1024u * 1024);
    secret_make(t->plain, sizeof t->plain);
    if (!device_start(&t->alice, is_scalar) || !device_start(&t->bob, is_scalar)) return false;
    const device *bob = &t->bob;
    omemo_offer offer = {.identity = dialect->identity->of(&bob->identity),
                         .signed_key = bob->signed_pair.public_key,
                         .prekey = bob->prekey.public_key,
                         .signed_id = 7,
                         .prekey_id = 77};
    if (!sotto_ok(
            omemo_offer_sign(dialect, &bob->identity, &bob->signed_pair.public_key, &secret_host, &offer.signature)))
        return false;
    declassify(&offer.signature, sizeof offer.signature);
    crypto_x25519_pair ephemeral;
    return sotto_ok(crypto_x25519_new(&ephemeral, &secret_host)) &&
           sotto_ok(omemo_exchange_initiate(&t->alice.session, dialect, &t->alice.identity, &ephemeral, &offer));
}

static bool accept(talk *t) {
    letter first;
    omemo_kex kex;
    device *bob = &t->bob;
    return letter_write(t, &t->alice, &first) && first.kex &&
           sotto_ok(dialect->read_exchange(bytes_of(first.bytes, first.len), &kex)) &&
           sotto_ok(
               omemo_exchange_accept(&bob->session, dialect, &bob->identity, &bob->signed_pair, &bob->prekey, &kex)) &&
           sotto_ok(session_read(t, bob, &bob->session, kex.message));
}

static bool started(talk *t) {
    return initiate(t, false) && accept(t) && heard(t, &t->bob, &t->alice, 1);
}

static bool ended(talk *t, bool good) {
    bytes_arena_clear(&t->arena);
    return good;
}

static bool exchange_seed(void) {
    static talk t;
    return ended(&t, initiate(&t, false) && accept(&t));
}

static bool exchange_scalar(void) {
    static talk t;
    return ended(&t, initiate(&t, true) && accept(&t));
}

static bool turns(void) {
    static talk t;
    bool good = started(&t);
    for (unsigned i = 0; good && i < 4; i++) good = heard(&t, &t.alice, &t.bob, 3) && heard(&t, &t.bob, &t.alice, 2);
    return ended(&t, good);
}

/* Skipped keys, in this chain and in the one before; then they are used. */
static bool skipped_keys(void) {
    static talk t;
    static letter late[5];
    bool good = started(&t);
    for (size_t i = 0; i < 3; i++) good = good && letter_write(&t, &t.alice, &late[i]);
    good = good && heard(&t, &t.alice, &t.bob, 1); /* skips three */
    for (size_t i = 3; i < 5; i++) good = good && letter_write(&t, &t.alice, &late[i]);
    good = good && heard(&t, &t.bob, &t.alice, 1) && heard(&t, &t.alice, &t.bob, 1); /* two, across a step */
    good = good && t.bob.skipped.count == 5;
    for (size_t i = 0; i < 5; i++) good = good && sotto_ok(letter_read(&t, &t.bob, &late[i]));
    return ended(&t, good && t.bob.skipped.count == 0);
}

static bool forged(void) {
    static talk t;
    letter l;
    bool good = started(&t) && letter_write(&t, &t.alice, &l);
    bool behind = dialect == &omemo_dialect_03; /* where the MAC is */
    uint8_t *text = &l.bytes[l.len - (behind ? dialect->mac_size + 1 : 1)], *mac = &l.bytes[behind ? l.len - 1 : 3];
    *text ^= 1;
    good = good && sotto_is(letter_read(&t, &t.bob, &l), SOTTO_E_BAD_MAC);
    *text ^= 1;
    *mac ^= 1;
    good = good && sotto_is(letter_read(&t, &t.bob, &l), SOTTO_E_BAD_MAC);
    *mac ^= 1;
    return ended(&t, good && sotto_ok(letter_read(&t, &t.bob, &l)));
}

/* Into a record and out of it. */
static bool stored(void) {
    static talk t;
    uint8_t memory[OMEMO_SESSION_BYTES];
    bytes_buffer out;
    sotto_bytes record;
    bool good = started(&t);
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    omemo_session_encode(&out, &t.bob.session);
    good = good && sotto_ok(bytes_buffer_end(&out, &record));
    memset(&t.bob.session, 0, sizeof t.bob.session);
    good = good && sotto_ok(omemo_session_decode(&t.bob.session, record));
    return ended(&t, good && heard(&t, &t.alice, &t.bob, 2) && heard(&t, &t.bob, &t.alice, 2));
}

static bool payload(void) {
    uint8_t key[32], message[70], sealed_memory[96], opened_memory[96];
    omemo_payload_keys keys;
    bytes_buffer sealed, opened;
    sotto_bytes ciphertext, plain;
    secret_make(key, sizeof key);
    secret_make(message, sizeof message);
    bytes_buffer_borrowed(&sealed, sealed_memory, sizeof sealed_memory);
    bytes_buffer_borrowed(&opened, opened_memory, sizeof opened_memory);
    if (!sotto_ok(omemo_payload_seal(dialect, key, bytes_of(message, sizeof message), &sealed, &keys))) return false;
    if (!sotto_ok(bytes_buffer_end(&sealed, &ciphertext))) return false;
    declassify_bytes(ciphertext);
    bool good =
        sotto_ok(omemo_payload_open(dialect, bytes_of(keys.bytes, keys.len), BYTES_NONE, ciphertext, &opened)) &&
        sotto_ok(bytes_buffer_end(&opened, &plain)) && plain.len == sizeof message &&
        crypto_equal(plain.at, message, sizeof message);
    sealed_memory[5] ^= 1;
    return good &&
           sotto_is(omemo_payload_open(dialect, bytes_of(keys.bytes, keys.len), BYTES_NONE, ciphertext, &opened),
                    SOTTO_E_BAD_MAC);
}

static bool in_old(bool (*run)(void)) {
    dialect = &omemo_dialect_03;
    bool good = run();
    dialect = &omemo_dialect_2;
    return good;
}

static bool old_exchange_seed(void) {
    return in_old(exchange_seed);
}

static bool old_exchange_scalar(void) {
    return in_old(exchange_scalar);
}

static bool old_turns(void) {
    return in_old(turns);
}

static bool old_forged(void) {
    return in_old(forged);
}

const constant_case ratchet_cases[] = {
    {"OMEMO: initiate and accept, identities from seeds", exchange_seed},
    {"OMEMO: initiate and accept, identities from scalars", exchange_scalar},
    {"OMEMO: turns, with ratchet steps", turns},
    {"OMEMO: skipped keys are kept and used", skipped_keys},
    {"OMEMO: a forged ciphertext, a forged MAC, then the true one", forged},
    {"OMEMO: a session into a record and out of it", stored},
    {"OMEMO: the payload, and a forged one", payload},
    {"OMEMO 0.3: initiate and accept, identities from seeds", old_exchange_seed},
    {"OMEMO 0.3: initiate and accept, identities from scalars", old_exchange_scalar},
    {"OMEMO 0.3: turns, with ratchet steps", old_turns},
    {"OMEMO 0.3: a forged ciphertext, a forged MAC, then the true one", old_forged},
    {NULL, NULL},
};
