/* SPDX-License-Identifier: ISC */
#include "groups.h"
#include "seal/omemo/payload.h"
#include "testing.h"

static const uint8_t key[32] = {1, 2, 3};

static void sealed(uint8_t memory[256], sotto_bytes *ret, uint8_t ret_keys[48]) {
    bytes_buffer out;
    omemo_payload_keys made;
    bytes_buffer_borrowed(&out, memory, 256);
    assert_code(omemo_payload_seal(&omemo_dialect_2, key, BYTES_LITERAL("text"), &out, &made), 0);
    assert_int_equal(made.len, 48);
    assert_int_equal(made.iv_len, 0);
    memcpy(ret_keys, made.bytes, 48);
    assert_code(bytes_buffer_end(&out, ret), 0);
    assert_int_equal(ret->len, 16);
    assert_memory_equal(ret_keys, key, 32);
}

static sotto_status opened(sotto_bytes keys, sotto_bytes ciphertext, sotto_bytes *ret, uint8_t memory[256]) {
    bytes_buffer out;
    bytes_buffer_borrowed(&out, memory, 256);
    sotto_status status = omemo_payload_open(&omemo_dialect_2, keys, BYTES_NONE, ciphertext, &out);
    if (!sotto_ok(status)) assert_int_equal(out.len, 0);
    return sotto_ok(status) ? bytes_buffer_end(&out, ret) : status;
}

static void test_there_and_back(void **state) {
    (void)state;
    uint8_t memory[256], plain[256], keys[48];
    sotto_bytes ciphertext, text;
    sealed(memory, &ciphertext, keys);
    assert_code(opened(bytes_of(keys, 48), ciphertext, &text, plain), 0);
    assert_text(text, "text");
}

/* T11: the key without the MAC would let every recipient alter the payload for the others. */
static void test_T11_mac_is_required(void **state) {
    (void)state;
    uint8_t memory[256], plain[256], keys[48];
    sotto_bytes ciphertext, text;
    sealed(memory, &ciphertext, keys);
    for (size_t len = 0; len < 48; len++)
        assert_code(opened(bytes_of(keys, len), ciphertext, &text, plain), SOTTO_E_MALFORMED);
}

static void test_every_bit_counts(void **state) {
    (void)state;
    uint8_t memory[256], plain[256], keys[48];
    sotto_bytes ciphertext, text;
    sealed(memory, &ciphertext, keys);
    for (size_t bit = 0; bit < 48 * 8; bit++) {
        keys[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_code(opened(bytes_of(keys, 48), ciphertext, &text, plain), SOTTO_E_BAD_MAC);
        keys[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < ciphertext.len * 8; bit++) {
        memory[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_code(opened(bytes_of(keys, 48), ciphertext, &text, plain), SOTTO_E_BAD_MAC);
        memory[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_code(opened(bytes_of(keys, 48), bytes_of(memory, 15), &text, plain), SOTTO_E_BAD_MAC);
    assert_code(opened(bytes_of(keys, 48), BYTES_NONE, &text, plain), SOTTO_E_BAD_MAC);
}

int payload_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_T11_mac_is_required),
        cmocka_unit_test(test_every_bit_counts),
    };
    return cmocka_run_group_tests_name("payload", tests, NULL, NULL);
}
