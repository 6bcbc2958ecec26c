/* SPDX-License-Identifier: ISC
 *
 * The operations as the seal does them: a session is a record of fixed size that is decoded, worked with and encoded
 * for each message; keys of skipped messages are rows of their own, through the code that stores them. */
#include <stdlib.h>
#include <string.h>

#include <sotto/limits.h>

#include "bench.h"
#include "bytes/map.h"
#include "bytes/memory.h"
#include "crypto/hash.h"
#include "seal/omemo/exchange.h"
#include "seal/omemo/skipped.h"

typedef struct ours_record {
    uint8_t bytes[OMEMO_SESSION_BYTES];
} ours_record;

struct bench_ours {
    bytes_arena arena;
    bytes_map rows; /* of skipped keys */
    seal_env env;
    ours_record alice[BENCH_DEVICES];
    ours_record bob[BENCH_DEVICES];
    bench_message message[BENCH_DEVICES];
    uint8_t plain[BENCH_DEVICES][BENCH_PLAIN];
};

/* ---- rows in memory ---- */

static bench_ours *ours_of(seal_env *env) {
    return env->engine;
}

static sotto_status row_get(seal_env *env, sotto_bytes key, sotto_bytes *ret) {
    return bytes_map_get(&ours_of(env)->rows, key, ret) ? SOTTO_OK : SOTTO_FAIL(NOT_FOUND);
}

static sotto_status row_put(seal_env *env, sotto_bytes key, sotto_bytes value) {
    if (value.len > 0) return bytes_map_put(&ours_of(env)->rows, key, value);
    bytes_map_remove(&ours_of(env)->rows, key);
    return SOTTO_OK;
}

static sotto_status row_scan(seal_env *env, sotto_bytes prefix, sotto_visit *visit, void *arg) {
    sotto_bytes key = prefix, value;
    bool beyond = false;
    while (bytes_map_from(&ours_of(env)->rows, key, beyond, &key, &value) && bytes_starts_with(key, prefix)) {
        SOTTO_TRY(visit(arg, key, value));
        beyond = true;
    }
    return SOTTO_OK;
}

bench_ours *bench_ours_open(const bench *b) {
    (void)b;
    bench_ours *ours = calloc(1, sizeof *ours);
    bench_require(ours != NULL, "memory");
    bytes_arena_init(&ours->arena, sotto_host_default(), 16u * 1024 * 1024);
    bytes_map_init(&ours->rows, sotto_host_default());
    ours->env = (seal_env){.host = sotto_host_default(),
                           .arena = &ours->arena,
                           .engine = ours,
                           .get = row_get,
                           .put = row_put,
                           .scan = row_scan};
    return ours;
}

void bench_ours_close(bench_ours *ours) {
    bytes_arena_clear(&ours->arena);
    bytes_map_clear(&ours->rows);
    free(ours);
}

/* ---- one message ---- */

static void record_save(ours_record *record, const omemo_session *session) {
    bytes_buffer out;
    bytes_buffer_borrowed(&out, record->bytes, sizeof record->bytes);
    omemo_session_encode(&out, session);
    bench_require_ok(out.status, "a record");
}

static void record_load(const ours_record *record, omemo_session *ret) {
    bench_require_ok(omemo_session_decode(ret, bytes_of(record->bytes, sizeof record->bytes)), "reading a record");
}

/* `ready`: a pair made before, or NULL. */
static void session_write(omemo_session *session, const crypto_x25519_pair *ready, const uint8_t plain[BENCH_PLAIN],
                          bench_message *ret) {
    crypto_x25519_pair fresh;
    bytes_buffer out;
    sotto_bytes all;
    bool kex;
    if (omemo_session_owes(session) && !ready) {
        bench_require_ok(crypto_x25519_new(&fresh, sotto_host_default()), "a ratchet pair");
        ready = &fresh;
    }
    bytes_buffer_borrowed(&out, ret->bytes, sizeof ret->bytes);
    bench_require_ok(omemo_session_write(session, &omemo_dialect_2, 1, ready, bytes_of(plain, BENCH_PLAIN), &out, &kex),
                     "we encrypt");
    bench_require_ok(bytes_buffer_end(&out, &all), "our message");
    ret->len = all.len;
}

static void record_write(ours_record *record, const uint8_t plain[BENCH_PLAIN], bench_message *ret) {
    omemo_session session;
    record_load(record, &session);
    session_write(&session, NULL, plain, ret);
    record_save(record, &session);
    bytes_wipe(&session, sizeof session);
}

static sotto_status session_read(bench_ours *ours, omemo_session *session, sotto_bytes data, uint8_t ret[BENCH_PLAIN]) {
    omemo_message message;
    omemo_step step;
    omemo_skipped_rows rows;
    uint8_t memory[OMEMO_PLAIN_BYTES_MAX + 16];
    bytes_buffer plain;
    bytes_arena_mark mark = bytes_arena_here(&ours->arena);
    bytes_buffer_borrowed(&plain, memory, sizeof memory);
    SOTTO_TRY(omemo_dialect_2.read_message(data, &message));
    SOTTO_TRY(omemo_skipped_open(&rows, &ours->env, BYTES_LITERAL("somebody@example.org"), 1, 1));
    const omemo_skipped skipped = omemo_skipped_port(&rows);
    sotto_status status =
        omemo_session_read(session, &omemo_dialect_2, &message, &skipped, &ours->arena, &step, &plain);
    if (sotto_ok(status)) status = omemo_session_apply(session, &step, &skipped);
    if (sotto_ok(status)) {
        bench_require(plain.len == BENCH_PLAIN, "the size of what we read");
        memcpy(ret, memory, BENCH_PLAIN);
        bytes_wipe(&step, sizeof step);
    }
    bytes_arena_back(&ours->arena, mark);
    return status;
}

static sotto_status record_read(bench_ours *ours, ours_record *record, const bench_message *message,
                                uint8_t ret[BENCH_PLAIN]) {
    omemo_session session;
    record_load(record, &session);
    sotto_status status = session_read(ours, &session, bytes_of(message->bytes, message->len), ret);
    if (sotto_ok(status)) record_save(record, &session);
    bytes_wipe(&session, sizeof session);
    return status;
}

/* What one side makes anew for a session. */
typedef struct fresh_pairs {
    crypto_x25519_pair ephemeral;
    crypto_x25519_pair ratchet;
} fresh_pairs;

static void pairs_make(fresh_pairs *ret) {
    bench_require_ok(crypto_x25519_new(&ret->ephemeral, sotto_host_default()), "an ephemeral pair");
    bench_require_ok(crypto_x25519_new(&ret->ratchet, sotto_host_default()), "a ratchet pair");
}

/* From the bytes of a bundle to those of the first message. */
static void session_begin(bench *b, unsigned device, const fresh_pairs *pairs, bench_message *ret) {
    const bench_device *bob = &b->bob[device];
    const omemo_offer offer = {.identity = omemo_dialect_2.identity->of(&bob->identity),
                               .signed_key = bob->signed_pair.public_key,
                               .signature = bob->signature,
                               .prekey = bob->prekey.public_key,
                               .signed_id = BENCH_SIGNED_ID,
                               .prekey_id = BENCH_PREKEY_ID};
    omemo_session session;
    bench_require_ok(omemo_exchange_initiate(&session, &omemo_dialect_2, &b->alice.identity, &pairs->ephemeral, &offer),
                     "we begin a session");
    session_write(&session, &pairs->ratchet, b->plain, ret);
    record_save(&b->ours->alice[device], &session);
    bytes_wipe(&session, sizeof session);
}

static sotto_status session_accept(bench *b, unsigned device, const bench_message *message, uint8_t ret[BENCH_PLAIN]) {
    const bench_device *bob = &b->bob[device];
    omemo_kex kex;
    omemo_session session;
    SOTTO_TRY(omemo_dialect_2.read_exchange(bytes_of(message->bytes, message->len), &kex));
    SOTTO_TRY(omemo_exchange_accept(&session, &omemo_dialect_2, &bob->identity, &bob->signed_pair, &bob->prekey, &kex));
    SOTTO_TRY(session_read(b->ours, &session, kex.message, ret));
    record_save(&b->ours->bob[device], &session);
    bytes_wipe(&session, sizeof session);
    return SOTTO_OK;
}

bool bench_ours_reads(bench *b, unsigned device, const bench_message *message) {
    uint8_t plain[BENCH_PLAIN];
    return sotto_ok(session_accept(b, device, message, plain)) && memcmp(plain, b->plain, BENCH_PLAIN) == 0;
}

static void plain_check(bench *b, unsigned at, const char *what) {
    bench_require(memcmp(b->ours->plain[at], b->plain, BENCH_PLAIN) == 0, what);
    memset(b->ours->plain[at], 0, BENCH_PLAIN);
}

/* ---- operations ---- */

void bench_ours_initiate(bench *b, unsigned count) {
    bench_require(count <= BENCH_DEVICES, "a device for each");
    bench_start(b);
    for (unsigned i = 0; i < count; i++) {
        fresh_pairs pairs;
        pairs_make(&pairs);
        session_begin(b, i, &pairs, &b->ours->message[i]);
        bytes_wipe(&pairs, sizeof pairs);
    }
    bench_stop(b);
    for (unsigned i = 0; i < count; i++)
        bench_require(bench_peer_reads(b, i, &b->ours->message[i]), "libomemo-c reads what we begin with");
}

void bench_ours_initiate_prepared(bench *b, unsigned count) {
    fresh_pairs pairs[BENCH_DEVICES];
    bench_require(count <= BENCH_DEVICES, "a device for each");
    for (unsigned i = 0; i < count; i++) pairs_make(&pairs[i]);
    bench_start(b);
    for (unsigned i = 0; i < count; i++) session_begin(b, i, &pairs[i], &b->ours->message[i]);
    bench_stop(b);
    for (unsigned i = 0; i < count; i++)
        bench_require(bench_peer_reads(b, i, &b->ours->message[i]), "libomemo-c reads what we begin with");
}

void bench_ours_accept(bench *b, unsigned count) {
    bench_require(count <= BENCH_DEVICES, "a device for each");
    for (unsigned i = 0; i < count; i++) {
        fresh_pairs pairs;
        pairs_make(&pairs);
        session_begin(b, i, &pairs, &b->ours->message[i]);
    }
    bench_start(b);
    for (unsigned i = 0; i < count; i++)
        bench_require_ok(session_accept(b, i, &b->ours->message[i], b->ours->plain[i]), "we accept a session");
    bench_stop(b);
    for (unsigned i = 0; i < count; i++) plain_check(b, i, "what the first message said");
}

static void talk_say(bench *b, ours_record *from, ours_record *to) {
    bench_message message;
    record_write(from, b->plain, &message);
    bench_require_ok(record_read(b->ours, to, &message, b->ours->plain[0]), "we read what we wrote");
    plain_check(b, 0, "what a message said");
}

/* Two ends that answered each other: nothing but ratchet messages from now on. */
static void talk_begin(bench *b) {
    fresh_pairs pairs;
    bench_message first;
    pairs_make(&pairs);
    session_begin(b, 0, &pairs, &first);
    bench_require_ok(session_accept(b, 0, &first, b->ours->plain[0]), "we accept a session");
    talk_say(b, &b->ours->bob[0], &b->ours->alice[0]);
    talk_say(b, &b->ours->alice[0], &b->ours->bob[0]);
}

/* Messages are written and read by a batch, each half under the watch or not. */
static void messages(bench *b, unsigned count, bool writing) {
    talk_begin(b);
    for (unsigned done = 0, batch; done < count; done += batch) {
        batch = count - done < BENCH_BATCH ? count - done : BENCH_BATCH;
        if (writing) bench_start(b);
        for (unsigned i = 0; i < batch; i++) record_write(&b->ours->alice[0], b->plain, &b->ours->message[i]);
        if (writing) bench_stop(b);
        if (!writing) bench_start(b);
        for (unsigned i = 0; i < batch; i++) {
            bench_require_ok(record_read(b->ours, &b->ours->bob[0], &b->ours->message[i], b->ours->plain[i]),
                             "we read what we wrote");
        }
        if (!writing) bench_stop(b);
        for (unsigned i = 0; i < batch; i++) plain_check(b, i, "what a message said");
    }
}

void bench_ours_encrypt(bench *b, unsigned count) {
    messages(b, count, true);
}

void bench_ours_decrypt(bench *b, unsigned count) {
    messages(b, count, false);
}

void bench_ours_decrypt_ratchet(bench *b, unsigned count) {
    bench_message message;
    talk_begin(b);
    for (unsigned i = 0; i < count; i++) {
        talk_say(b, &b->ours->bob[0], &b->ours->alice[0]);
        record_write(&b->ours->alice[0], b->plain, &message);
        bench_start(b);
        sotto_status status = record_read(b->ours, &b->ours->bob[0], &message, b->ours->plain[0]);
        bench_stop(b);
        bench_require_ok(status, "we decrypt after a ratchet step");
        plain_check(b, 0, "what we decrypted after a ratchet step");
    }
}

void bench_ours_decrypt_skipped(bench *b, unsigned count) {
    bench_message message;
    talk_begin(b);
    for (unsigned i = 0; i <= SOTTO_OMEMO_SKIP_MAX; i++) record_write(&b->ours->alice[0], b->plain, &message);
    const ours_record before = b->ours->bob[0];
    for (unsigned i = 0; i < count; i++) {
        b->ours->bob[0] = before;
        bytes_map_clear(&b->ours->rows);
        bench_start(b);
        sotto_status status = record_read(b->ours, &b->ours->bob[0], &message, b->ours->plain[0]);
        bench_stop(b);
        bench_require_ok(status, "we decrypt after 1000 skipped");
        plain_check(b, 0, "what we decrypted after 1000 skipped");
        bench_require(b->ours->rows.count == 32, "a thousand keys are kept in 32 rows");
    }
    bytes_map_clear(&b->ours->rows);
}

/* As the seal does it: the current session, then the only other one that is kept. */
static void forged_read(bench *b, const bench_message *message, int code) {
    static const unsigned ends[2] = {0, 1};
    for (size_t i = 0; i < 2; i++) {
        sotto_status status = record_read(b->ours, &b->ours->bob[ends[i]], message, b->ours->plain[0]);
        bench_require(sotto_is(status, code), "we refuse a forged message");
    }
}

/* The dearest forgery against us: as far as the limit allows, so that the agreement and a thousand steps of the chain
 * are made for each of two sessions before the MAC says no. */
void bench_ours_forged_dearest(bench *b, unsigned count) {
    bench_message message;
    talk_begin(b);
    b->ours->bob[1] = b->ours->bob[0];
    /* Ends that wrote last: a step that the other side owes us is refused without an agreement. */
    for (unsigned i = 0; i < 2; i++) record_write(&b->ours->bob[i], b->plain, &message);
    for (unsigned i = 0; i < count; i++) {
        bench_forge(&message, SOTTO_OMEMO_SKIP_MAX);
        bench_start(b);
        forged_read(b, &message, SOTTO_E_BAD_MAC);
        bench_stop(b);
    }
}

/* The very message that libomemo-c gets. */
void bench_ours_forged(bench *b, unsigned count) {
    bench_message message;
    talk_begin(b);
    b->ours->bob[1] = b->ours->bob[0];
    bench_forge(&message, 1999);
    bench_start(b);
    for (unsigned i = 0; i < count; i++) forged_read(b, &message, SOTTO_E_TOO_FAR);
    bench_stop(b);
}
