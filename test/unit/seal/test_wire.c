/* SPDX-License-Identifier: ISC
 *
 * Protobuf: what is written is what is read, and everything else is refused. */
#include "bytes/base64.h"
#include "groups.h"
#include "seal/omemo/wire.h"
#include "testing.h"

#define KEY32 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define MAC16 "000102030405060708090a0b0c0d0e0f"

static sotto_bytes from_hex(const char *hex, uint8_t memory[1024]) {
    bytes_buffer out;
    sotto_bytes read = BYTES_NONE;
    bytes_buffer_borrowed(&out, memory, 1024);
    assert_code(bytes_hex_get(&out, bytes_text(hex)), 0);
    assert_code(bytes_buffer_end(&out, &read), 0);
    return read;
}

typedef struct wire_case {
    const char *what;
    const char *hex;
    int code;
} wire_case;

/* An OMEMOAuthenticatedMessage around an OMEMOMessage of 2 + 2 + 34 + 4 = 42 (2a) bytes. */
#define HEAD "0a10" MAC16
static const wire_case message_cases[] = {
    {"whole",
     HEAD "122a"
          "0800"
          "1000"
          "1a20" KEY32 "2202aabb",
     0},
    {"largest numbers",
     HEAD "1232"
          "08ffffffff0f"
          "10ffffffff0f"
          "1a20" KEY32 "2202aabb",
     0},
    {"other order of fields",
     "122a"
     "2202aabb"
     "1a20" KEY32 "1000"
     "0800"
     "0a10" MAC16,
     0},
    {"unknown fields of every type",
     HEAD "123f"
          "0800"
          "1000"
          "1a20" KEY32 "2202aabb"
          "2801"
          "3203010203"
          "390102030405060708"
          "3d01020304"
          "",
     0},
    {"empty", "", SOTTO_E_MALFORMED},
    {"no mac",
     "122a"
     "0800"
     "1000"
     "1a20" KEY32 "2202aabb",
     SOTTO_E_MALFORMED},
    {"mac of 15",
     "0a0f"
     "000102030405060708090a0b0c0d0e"
     "122a"
     "0800"
     "1000"
     "1a20" KEY32 "2202aabb",
     SOTTO_E_MALFORMED},
    {"mac of 17",
     "0a11" MAC16 "10"
     "122a"
     "0800"
     "1000"
     "1a20" KEY32 "2202aabb",
     SOTTO_E_MALFORMED},
    {"two macs",
     HEAD HEAD "122a"
               "0800"
               "1000"
               "1a20" KEY32 "2202aabb",
     SOTTO_E_MALFORMED},
    {"no message", HEAD, SOTTO_E_MALFORMED},
    {"two messages",
     HEAD "122a"
          "0800"
          "1000"
          "1a20" KEY32 "2202aabb"
          "122a"
          "0800"
          "1000"
          "1a20" KEY32 "2202aabb",
     SOTTO_E_MALFORMED},
    {"no n",
     HEAD "1228"
          "1000"
          "1a20" KEY32 "2202aabb",
     SOTTO_E_MALFORMED},
    {"no pn",
     HEAD "1228"
          "0800"
          "1a20" KEY32 "2202aabb",
     SOTTO_E_MALFORMED},
    {"two n",
     HEAD "122c"
          "0800"
          "0801"
          "1000"
          "1a20" KEY32 "2202aabb",
     SOTTO_E_MALFORMED},
    {"n beyond 32 bits",
     HEAD "122e"
          "088080808010"
          "1000"
          "1a20" KEY32 "2202aabb",
     SOTTO_E_MALFORMED},
    {"n of 11 bytes",
     HEAD "1234"
          "08ffffffffffffffffffff01"
          "1000"
          "1a20" KEY32 "2202aabb",
     SOTTO_E_MALFORMED},
    {"n as fixed32",
     HEAD "122d"
          "0d00000000"
          "1000"
          "1a20" KEY32 "2202aabb",
     SOTTO_E_MALFORMED},
    {"no key",
     HEAD "1208"
          "0800"
          "1000"
          "2202aabb",
     SOTTO_E_MALFORMED},
    {"key of 31",
     HEAD "1229"
          "0800"
          "1000"
          "1a1f"
          "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e"
          "2202aabb",
     SOTTO_E_MALFORMED},
    {"key of 33",
     HEAD "122b"
          "0800"
          "1000"
          "1a21"
          "05" KEY32 "2202aabb",
     SOTTO_E_MALFORMED},
    {"no ciphertext",
     HEAD "1226"
          "0800"
          "1000"
          "1a20" KEY32,
     SOTTO_E_MALFORMED},
    {"length beyond the end",
     HEAD "122b"
          "0800"
          "1000"
          "1a20" KEY32 "2202aabb",
     SOTTO_E_MALFORMED},
    {"length of 2^63",
     HEAD "12ffffffffffffffff7f"
          "0800",
     SOTTO_E_MALFORMED},
    {"a group",
     HEAD "122c"
          "0800"
          "1000"
          "1a20" KEY32 "2202aabb"
          "2b2c",
     SOTTO_E_MALFORMED},
    {"field number 0",
     HEAD "122c"
          "0800"
          "1000"
          "1a20" KEY32 "2202aabb"
          "0000",
     SOTTO_E_MALFORMED},
    {"field number beyond 2^29",
     HEAD "1231"
          "0800"
          "1000"
          "1a20" KEY32 "2202aabb"
          "808080802000"
          "",
     SOTTO_E_MALFORMED},
    {"a byte too many",
     HEAD "122a"
          "0800"
          "1000"
          "1a20" KEY32 "2202aabb"
          "00",
     SOTTO_E_MALFORMED},
};

/* OMEMOKeyExchange */
#define KEX_REST "1a20" KEY32 "2220" KEY32 "2a02aabb"
static const wire_case kex_cases[] = {
    {"whole",
     "0801"
     "1001" KEX_REST,
     0},
    {"largest ids",
     "08ffffffff07"
     "10ffffffff07" KEX_REST,
     0},
    {"T12: no prekey", "1001" KEX_REST, SOTTO_E_NO_PREKEY},
    {"T12: prekey 0",
     "0800"
     "1001" KEX_REST,
     SOTTO_E_NO_PREKEY},
    {"prekey beyond 2^31 - 1",
     "088080808008"
     "1001" KEX_REST,
     SOTTO_E_MALFORMED},
    {"no signed prekey", "0801" KEX_REST, SOTTO_E_MALFORMED},
    {"signed prekey 0",
     "0801"
     "1000" KEX_REST,
     SOTTO_E_MALFORMED},
    {"signed prekey beyond 2^31 - 1",
     "0801"
     "108080808008" KEX_REST,
     SOTTO_E_MALFORMED},
    {"two prekeys",
     "0801"
     "0802"
     "1001" KEX_REST,
     SOTTO_E_MALFORMED},
    {"no identity",
     "0801"
     "1001"
     "2220" KEY32 "2a02aabb",
     SOTTO_E_MALFORMED},
    {"no ephemeral key",
     "0801"
     "1001"
     "1a20" KEY32 "2a02aabb",
     SOTTO_E_MALFORMED},
    {"no message",
     "0801"
     "1001"
     "1a20" KEY32 "2220" KEY32,
     SOTTO_E_MALFORMED},
    {"identity of 33",
     "0801"
     "1001"
     "1a21"
     "05" KEY32 "2220" KEY32 "2a02aabb",
     SOTTO_E_MALFORMED},
};

static void test_messages(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof message_cases / sizeof message_cases[0]; i++) {
        uint8_t memory[1024];
        omemo_message message;
        sotto_status status = omemo_wire_read_message(from_hex(message_cases[i].hex, memory), &message);
        if (status.code != message_cases[i].code) fail_msg("%s: %s", message_cases[i].what, sotto_status_name(status));
        if (!sotto_ok(status)) continue;
        assert_int_equal(message.ratchet.bytes[31], 31);
        assert_int_equal(message.ciphertext.len, 2);
        assert_int_equal(message.mac.len, 16);
    }
}

static void test_exchanges(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof kex_cases / sizeof kex_cases[0]; i++) {
        uint8_t memory[1024];
        omemo_kex kex;
        sotto_status status = omemo_wire_read_exchange(from_hex(kex_cases[i].hex, memory), &kex);
        if (status.code != kex_cases[i].code) fail_msg("%s: %s", kex_cases[i].what, sotto_status_name(status));
    }
}

static void test_every_cut_is_refused(void **state) {
    (void)state;
    uint8_t memory[1024];
    omemo_message message;
    omemo_kex kex;
    sotto_bytes whole = from_hex(message_cases[0].hex, memory);
    for (size_t len = 0; len < whole.len; len++)
        assert_code(omemo_wire_read_message(bytes_of(whole.at, len), &message), SOTTO_E_MALFORMED);
    whole = from_hex(kex_cases[0].hex, memory);
    for (size_t len = 1; len < whole.len; len++)
        assert_code(omemo_wire_read_exchange(bytes_of(whole.at, len), &kex), SOTTO_E_MALFORMED);
}

static void test_written_is_read(void **state) {
    (void)state;
    uint8_t memory[1024], body_memory[256];
    bytes_buffer body, out;
    omemo_message message = {.n = 300, .pn = 0, .ratchet.bytes = {7}, .ciphertext = BYTES_LITERAL("ciphertext")}, read;
    sotto_bytes body_bytes, all;
    bytes_buffer_borrowed(&body, body_memory, sizeof body_memory);
    omemo_wire_write_body(&body, &message);
    assert_code(bytes_buffer_end(&body, &body_bytes), 0);
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    omemo_wire_write_message(&out, body_bytes, BYTES_LITERAL("0123456789abcdef"));
    assert_code(bytes_buffer_end(&out, &all), 0);
    assert_code(omemo_wire_read_message(all, &read), 0);
    assert_int_equal(read.n, 300);
    assert_int_equal(read.pn, 0);
    assert_memory_equal(read.ratchet.bytes, message.ratchet.bytes, 32);
    assert_text(read.ciphertext, "ciphertext");
    assert_true(bytes_equal(read.body, body_bytes));
    assert_text(read.mac, "0123456789abcdef");
}

int wire_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_exchanges),
        cmocka_unit_test(test_every_cut_is_refused),
        cmocka_unit_test(test_written_is_read),
    };
    return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
