/* SPDX-License-Identifier: ISC
 *
 * What happens when libcrypto runs out of memory: every allocation of every operation fails once. libcrypto takes its
 * allocator only before its first allocation, so main installs it. */
#include <openssl/crypto.h>

#include "crypto/cipher.h"
#include "crypto/curve.h"
#include "crypto/hash.h"
#include "vectors.h"

static size_t allocations, fail_at; /* fail_at 0: never; else that one and all after it */

static bool fails(void) {
    allocations++;
    return fail_at > 0 && allocations >= fail_at;
}

static void *take(size_t size, const char *file, int line) {
    (void)file;
    (void)line;
    return fails() ? NULL : malloc(size);
}

static void *retake(void *at, size_t size, const char *file, int line) {
    (void)file;
    (void)line;
    return fails() ? NULL : realloc(at, size);
}

static void give(void *at, const char *file, int line) {
    (void)file;
    (void)line;
    free(at);
}

bool failure_install(void) {
    return CRYPTO_set_mem_functions(take, retake, give) == 1;
}

typedef sotto_status operation(bytes_buffer *buffer, uint8_t out[80]);

static const uint8_t key[32] = {1, 2, 3};

static sotto_status hash_sha1(bytes_buffer *buffer, uint8_t out[80]) {
    (void)buffer;
    return crypto_hash_of(CRYPTO_SHA1, out, BYTES_LITERAL("message"));
}

static sotto_status hmac_sha512(bytes_buffer *buffer, uint8_t out[80]) {
    (void)buffer;
    const sotto_bytes message = BYTES_LITERAL("message");
    return crypto_hmac(CRYPTO_SHA512, out, bytes_of(key, 32), &message, 1);
}

static sotto_status hkdf_sha512(bytes_buffer *buffer, uint8_t out[80]) {
    (void)buffer;
    return crypto_hkdf(CRYPTO_SHA512, out, 80, bytes_of(key, 32), BYTES_NONE, BYTES_NONE);
}

static sotto_status pbkdf2(bytes_buffer *buffer, uint8_t out[80]) {
    (void)buffer;
    return crypto_pbkdf2(CRYPTO_SHA256, out, 32, BYTES_LITERAL("pencil"), bytes_of(key, 16), 2);
}

static sotto_status cbc_encrypt(bytes_buffer *buffer, uint8_t out[80]) {
    (void)out;
    return crypto_cbc_encrypt(buffer, key, key, BYTES_LITERAL("message"));
}

static sotto_status cbc_decrypt(bytes_buffer *buffer, uint8_t out[80]) {
    (void)out;
    const vector box = unhex("7e9248e5d829ca7593f0c549db2f5b8c");
    uint8_t cbc_key[32], iv[16];
    unhex_into(cbc_key, 32, "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
    unhex_into(iv, 16, "000102030405060708090a0b0c0d0e0f");
    return crypto_cbc_decrypt(buffer, cbc_key, iv, span(&box));
}

static sotto_status gcm_encrypt(bytes_buffer *buffer, uint8_t out[80]) {
    return crypto_gcm_encrypt(buffer, out, bytes_of(key, 32), bytes_of(key, 16), BYTES_NONE, BYTES_LITERAL("message"));
}

static sotto_status gcm_decrypt(bytes_buffer *buffer, uint8_t out[80]) {
    (void)out;
    const vector tag = unhex("530f8afbc74536b9a963b4f1c4cb738b");
    const uint8_t zero[32] = {0};
    return crypto_gcm_decrypt(buffer, bytes_of(zero, 32), bytes_of(zero, 12), BYTES_NONE, BYTES_NONE, tag.at);
}

/* Returns how many allocations the operation makes; each of them failed. */
static size_t assert_survives(operation *run) {
    uint8_t memory[64] = {0}, out[80] = {0};
    bytes_buffer buffer;
    sotto_status status = SOTTO_FAIL(CRYPTO_FAILED);
    size_t failures = 0;
    for (fail_at = 1; !sotto_ok(status); fail_at++) {
        bytes_buffer_borrowed(&buffer, memory, sizeof memory);
        allocations = 0;
        status = run(&buffer, out);
        if (sotto_ok(status)) break;
        assert_status(status, CRYPTO_FAILED);
        assert_int_equal(buffer.len, 0);
        assert_zero(memory, sizeof memory);
        assert_zero(out, sizeof out);
        failures++;
        assert_true(failures < 1000);
    }
    fail_at = 0;
    return failures;
}

static void every_allocation_fails_once(void **state) {
    (void)state;
    static operation *const operations[] = {hmac_sha512, hkdf_sha512, pbkdf2,     cbc_encrypt,
                                            cbc_decrypt, gcm_encrypt, gcm_decrypt};
    assert_ok(hash_sha1(NULL, (uint8_t[80]){0}));
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) assert_true(assert_survives(operations[i]) > 0);
    (void)assert_survives(hash_sha1);
}

/* What every message needs takes no memory of libcrypto at all. */
static void sha256_takes_no_memory(void **state) {
    (void)state;
    const sotto_bytes message = BYTES_LITERAL("message");
    uint8_t out[80];
    allocations = 0;
    fail_at = 1;
    sotto_status hash = crypto_hash_of(CRYPTO_SHA256, out, message);
    sotto_status code = crypto_hmac(CRYPTO_SHA256, out, bytes_of(key, 32), &message, 1);
    sotto_status derived = crypto_hkdf(CRYPTO_SHA256, out, 80, bytes_of(key, 32), BYTES_NONE, message);
    fail_at = 0;
    assert_ok(hash);
    assert_ok(code);
    assert_ok(derived);
    assert_int_equal(allocations, 0);
}

int failure_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_fails_once),
        cmocka_unit_test(sha256_takes_no_memory),
    };
    return cmocka_run_group_tests_name("failure", tests, NULL, NULL);
}
