/* SPDX-License-Identifier: ISC
 *
 * Sealing the key of the data. */
#include "store/vault.h"

#include <string.h>

#include <sotto/limits.h>

#include "bytes/cursor.h"
#include "bytes/memory.h"
#include "bytes/span.h"
#include "crypto/cipher.h"
#include "crypto/hash.h"

enum { ROW_VERSION = 1, BY_KEY_FILE = 1, BY_PASSPHRASE = 2 };

#define SALT_BYTES 16
/* RFC 9106 section 4, the second recommended option: 3 passes over 64 MiB. */
#define PASSES    3u
#define KIBIBYTES (64u * 1024u)
#define BOX_BYTES (STORE_VAULT_KEY_BYTES + CRYPTO_BOX_EXTRA)

/* What stands before the box. */
typedef struct lock {
    uint8_t kind;
    uint8_t salt[SALT_BYTES];
    uint32_t passes;
    uint32_t kibibytes;
} lock;

static void put_lock(bytes_buffer *ret, const lock *l) {
    bytes_buffer_u8(ret, ROW_VERSION);
    bytes_buffer_u8(ret, l->kind);
    if (l->kind != BY_PASSPHRASE) return;
    bytes_buffer_put(ret, bytes_of(l->salt, sizeof l->salt));
    bytes_buffer_u32(ret, l->passes);
    bytes_buffer_u32(ret, l->kibibytes);
}

static sotto_status get_lock(lock *ret, sotto_bytes *ret_context, sotto_bytes *ret_box, sotto_bytes row) {
    bytes_cursor c = bytes_cursor_over(row);
    lock l = {0};
    uint8_t version = bytes_cursor_u8(&c);
    l.kind = bytes_cursor_u8(&c);
    if (l.kind == BY_PASSPHRASE) {
        bytes_cursor_into(&c, l.salt, sizeof l.salt);
        l.passes = bytes_cursor_u32(&c);
        l.kibibytes = bytes_cursor_u32(&c);
    }
    sotto_bytes box = bytes_cursor_take(&c, BOX_BYTES);
    bool known = version == ROW_VERSION && (l.kind == BY_KEY_FILE || l.kind == BY_PASSPHRASE);
    if (!known || !sotto_ok(bytes_cursor_end(&c))) return SOTTO_FAIL(STORE_CORRUPT);
    *ret = l;
    *ret_context = bytes_of(row.at, row.len - box.len);
    *ret_box = box;
    return SOTTO_OK;
}

/* The key of the box. */
static sotto_status key_of_box(uint8_t ret[32], const lock *l, const store_secret *secret) {
    if (l->kind == BY_PASSPHRASE) return crypto_argon2id(ret, secret->passphrase, l->salt, l->passes, l->kibibytes);
    memcpy(ret, secret->file_key, STORE_VAULT_KEY_BYTES);
    return SOTTO_OK;
}

sotto_status store_vault_seal(bytes_buffer *ret, const uint8_t data_key[STORE_VAULT_KEY_BYTES],
                              const store_secret *secret, const sotto_host *host) {
    lock l = {.kind = secret->from_file ? BY_KEY_FILE : BY_PASSPHRASE, .passes = PASSES, .kibibytes = KIBIBYTES};
    if (!secret->from_file) SOTTO_TRY(crypto_random(host, l.salt, sizeof l.salt));
    uint8_t context_bytes[64];
    bytes_buffer context;
    bytes_buffer_borrowed(&context, context_bytes, sizeof context_bytes);
    put_lock(&context, &l);
    sotto_bytes before = BYTES_NONE;
    SOTTO_TRY(bytes_buffer_end(&context, &before));
    uint8_t key[32];
    SOTTO_TRY(key_of_box(key, &l, secret));
    bytes_buffer_put(ret, before);
    sotto_status status = crypto_box_put(ret, key, before, bytes_of(data_key, STORE_VAULT_KEY_BYTES), host);
    bytes_wipe(key, sizeof key);
    return status;
}

sotto_status store_vault_open(uint8_t ret_data_key[STORE_VAULT_KEY_BYTES], sotto_bytes row, const store_secret *secret,
                              const sotto_host *host) {
    lock l;
    sotto_bytes context, box;
    SOTTO_TRY(get_lock(&l, &context, &box, row));
    if (secret->from_file != (l.kind == BY_KEY_FILE)) return SOTTO_FAIL(WRONG_PASSPHRASE);
    if (l.kind == BY_PASSPHRASE) {
        if (l.passes == 0 || l.passes > SOTTO_STORE_PASSES_MAX) return SOTTO_FAIL(STORE_CORRUPT);
        if (l.kibibytes < 8 || l.kibibytes > SOTTO_STORE_KIBIBYTES_MAX) return SOTTO_FAIL(STORE_CORRUPT);
    }
    uint8_t key[32];
    SOTTO_TRY(key_of_box(key, &l, secret));
    bytes_buffer opened;
    bytes_buffer_owned(&opened, host, STORE_VAULT_KEY_BYTES);
    sotto_status status = crypto_box_get(&opened, key, context, box);
    bytes_wipe(key, sizeof key);
    if (sotto_is(status, SOTTO_E_BAD_MAC)) status = SOTTO_FAIL(WRONG_PASSPHRASE);
    sotto_bytes data_key = BYTES_NONE;
    if (sotto_ok(status)) status = bytes_buffer_end(&opened, &data_key);
    if (sotto_ok(status)) memcpy(ret_data_key, data_key.at, STORE_VAULT_KEY_BYTES);
    bytes_buffer_free(&opened);
    return status;
}
