/* SPDX-License-Identifier: ISC */
#include "shelf.h"

#include <session_pre_key.h>
#include <stdlib.h>
#include <string.h>

void bench_record_set(bench_record *record, const uint8_t *at, size_t len) {
    if (record->room < len) {
        uint8_t *grown = realloc(record->at, len * 2);
        if (!grown) abort();
        record->at = grown;
        record->room = len * 2;
    }
    memcpy(record->at, at, len);
    record->len = len;
}

void bench_record_clear(bench_record *record) {
    free(record->at);
    *record = (bench_record){.at = NULL};
}

/* ---- sessions ---- */

static bench_record *session_at(void *arg, const signal_protocol_address *address) {
    bench_shelf *shelf = arg;
    if (address->device_id < 0 || address->device_id >= SHELF_SESSIONS) abort();
    return &shelf->session[address->device_id];
}

static int session_load(signal_buffer **record, signal_buffer **user, const signal_protocol_address *address,
                        void *arg) {
    (void)user;
    const bench_record *session = session_at(arg, address);
    if (session->len == 0) return 0;
    *record = signal_buffer_create(session->at, session->len);
    return *record ? 1 : SG_ERR_NOMEM;
}

static int session_devices(signal_int_list **sessions, const char *name, size_t name_len, void *arg) {
    (void)sessions, (void)name, (void)name_len, (void)arg;
    return SG_ERR_INVAL; /* nothing here asks for it */
}

static int session_store(const signal_protocol_address *address, uint8_t *record, size_t len, uint8_t *user,
                         size_t user_len, void *arg) {
    (void)user, (void)user_len;
    bench_record_set(session_at(arg, address), record, len);
    return 0;
}

static int session_contains(const signal_protocol_address *address, void *arg) {
    return session_at(arg, address)->len > 0;
}

static int session_delete(const signal_protocol_address *address, void *arg) {
    session_at(arg, address)->len = 0;
    return 1;
}

static int session_delete_all(const char *name, size_t name_len, void *arg) {
    (void)name, (void)name_len, (void)arg;
    return SG_ERR_INVAL;
}

/* ---- own keys ---- */

static int prekey_load(signal_buffer **record, uint32_t id, void *arg) {
    const bench_shelf *shelf = arg;
    if (id != BENCH_PREKEY_ID) return SG_ERR_INVALID_KEY_ID;
    *record = signal_buffer_create(shelf->prekey.at, shelf->prekey.len);
    return *record ? 0 : SG_ERR_NOMEM;
}

static int prekey_store(uint32_t id, uint8_t *record, size_t len, void *arg) {
    bench_shelf *shelf = arg;
    if (id != BENCH_PREKEY_ID) return SG_ERR_INVALID_KEY_ID;
    bench_record_set(&shelf->prekey, record, len);
    return 0;
}

static int prekey_contains(uint32_t id, void *arg) {
    (void)arg;
    return id == BENCH_PREKEY_ID;
}

static int prekey_remove(uint32_t id, void *arg) {
    bench_shelf *shelf = arg;
    if (id != BENCH_PREKEY_ID) return SG_ERR_INVALID_KEY_ID;
    shelf->removed++;
    return 0;
}

static int signed_load(signal_buffer **record, uint32_t id, void *arg) {
    const bench_shelf *shelf = arg;
    if (id != BENCH_SIGNED_ID) return SG_ERR_INVALID_KEY_ID;
    *record = signal_buffer_create(shelf->signed_prekey.at, shelf->signed_prekey.len);
    return *record ? 0 : SG_ERR_NOMEM;
}

static int signed_store(uint32_t id, uint8_t *record, size_t len, void *arg) {
    bench_shelf *shelf = arg;
    if (id != BENCH_SIGNED_ID) return SG_ERR_INVALID_KEY_ID;
    bench_record_set(&shelf->signed_prekey, record, len);
    return 0;
}

static int signed_contains(uint32_t id, void *arg) {
    (void)arg;
    return id == BENCH_SIGNED_ID;
}

static int signed_remove(uint32_t id, void *arg) {
    (void)id, (void)arg;
    return SG_ERR_INVAL;
}

/* ---- identities ---- */

static int identity_own(signal_buffer **public_key, signal_buffer **private_key, void *arg) {
    const bench_shelf *shelf = arg;
    *public_key = signal_buffer_create(shelf->own->identity.ed25519.bytes, 32);
    *private_key = signal_buffer_create(shelf->own->identity.x25519_private.bytes, 32);
    return *public_key && *private_key ? 0 : SG_ERR_NOMEM;
}

static int identity_registration(void *arg, uint32_t *ret) {
    (void)arg;
    *ret = 1;
    return 0;
}

static int identity_save(const signal_protocol_address *address, uint8_t *key, size_t len, void *arg) {
    bench_shelf *shelf = arg;
    if (address->device_id < 0 || address->device_id >= SHELF_SESSIONS || len > 33) return SG_ERR_INVAL;
    memcpy(shelf->identity[address->device_id], key, len);
    return 0;
}

static int identity_trusted(const signal_protocol_address *address, uint8_t *key, size_t len, void *arg) {
    (void)address, (void)key, (void)len, (void)arg;
    return 1;
}

static void nothing(void *arg) {
    (void)arg;
}

/* ---- both ---- */

static ec_key_pair *pair_of(const crypto_x25519_pair *pair, signal_context *context) {
    ec_public_key *public_key = NULL;
    ec_private_key *private_key = NULL;
    ec_key_pair *both = NULL;
    bench_require(curve_decode_point_mont(&public_key, pair->public_key.bytes, 32, context) == 0, "a public key");
    bench_require(curve_decode_private_point(&private_key, pair->private_key.bytes, 32, context) == 0, "a private key");
    bench_require(ec_key_pair_create(&both, public_key, private_key) == 0, "a pair");
    SIGNAL_UNREF(public_key);
    SIGNAL_UNREF(private_key);
    return both;
}

static void keys_store(bench_shelf *shelf, signal_context *context) {
    session_pre_key *prekey = NULL;
    session_signed_pre_key *signed_prekey = NULL;
    ec_key_pair *pair = pair_of(&shelf->own->prekey, context);
    ec_key_pair *signed_pair = pair_of(&shelf->own->signed_pair, context);
    const uint8_t *signature = shelf->own->signature.bytes;
    bench_require(session_pre_key_create(&prekey, BENCH_PREKEY_ID, pair) == 0, "a prekey");
    bench_require(signal_protocol_pre_key_store_key(shelf->store, prekey) == 0, "storing a prekey");
    bench_require(session_signed_pre_key_create(&signed_prekey, BENCH_SIGNED_ID, 1, signed_pair, signature, 64,
                                                signature, 64) == 0,
                  "a signed prekey");
    bench_require(signal_protocol_signed_pre_key_store_key(shelf->store, signed_prekey) == 0,
                  "storing a signed prekey");
    SIGNAL_UNREF(prekey);
    SIGNAL_UNREF(signed_prekey);
    SIGNAL_UNREF(pair);
    SIGNAL_UNREF(signed_pair);
}

void bench_shelf_open(bench_shelf *shelf, signal_context *context, const bench_device *own) {
    *shelf = (bench_shelf){.own = own};
    const signal_protocol_session_store sessions = {session_load,   session_devices,    session_store, session_contains,
                                                    session_delete, session_delete_all, nothing,       shelf};
    const signal_protocol_pre_key_store prekeys = {prekey_load,   prekey_store, prekey_contains,
                                                   prekey_remove, nothing,      shelf};
    const signal_protocol_signed_pre_key_store signed_prekeys = {signed_load,   signed_store, signed_contains,
                                                                 signed_remove, nothing,      shelf};
    const signal_protocol_identity_key_store identities = {
        identity_own, identity_registration, identity_save, identity_trusted, nothing, shelf};
    bench_require(signal_protocol_store_context_create(&shelf->store, context) == 0, "libomemo-c's stores");
    bench_require(signal_protocol_store_context_set_session_store(shelf->store, &sessions) == 0, "sessions");
    bench_require(signal_protocol_store_context_set_pre_key_store(shelf->store, &prekeys) == 0, "prekeys");
    bench_require(signal_protocol_store_context_set_signed_pre_key_store(shelf->store, &signed_prekeys) == 0,
                  "signed prekeys");
    bench_require(signal_protocol_store_context_set_identity_key_store(shelf->store, &identities) == 0, "identities");
    keys_store(shelf, context);
}

void bench_shelf_close(bench_shelf *shelf) {
    signal_protocol_store_context_destroy(shelf->store);
    for (size_t i = 0; i < SHELF_SESSIONS; i++) bench_record_clear(&shelf->session[i]);
    bench_record_clear(&shelf->prekey);
    bench_record_clear(&shelf->signed_prekey);
}
