/* SPDX-License-Identifier: ISC
 *
 * The JSON writer: one line, valid whatever goes in. */
#include "app_tests.h"

#include <stdio.h>
#include <string.h>

#include "app/json.h"
#include "bytes/span.h"

static void test_an_object(void **state) {
    (void)state;
    char room[512];
    bytes_buffer to;
    sotto_bytes got;
    bytes_buffer_borrowed(&to, room, sizeof room);
    app_json json = app_json_begin(&to);
    app_json_text(&json, "from", BYTES_LITERAL("romeo@montague.example"));
    app_json_number(&json, "device", UINT32_MAX);
    app_json_bool(&json, "active", true);
    app_json_bool(&json, "this_device", false);
    app_json_null(&json, "id");
    app_json_hex(&json, "fingerprint", BYTES_LITERAL("\x01\xab"));
    app_json_time(&json, "time", 1000);
    app_json_time(&json, "last_used", 0);
    app_json_end(&json);
    assert_int_equal(bytes_buffer_end(&to, &got).code, 0);
    const char *wanted = "{\"from\":\"romeo@montague.example\",\"device\":4294967295,\"active\":true,"
                         "\"this_device\":false,\"id\":null,\"fingerprint\":\"01ab\","
                         "\"time\":\"1970-01-01T00:00:01.000Z\",\"last_used\":null}\n";
    assert_int_equal(got.len, strlen(wanted));
    assert_memory_equal(got.at, wanted, got.len);
}

static void text_is(sotto_bytes text, const char *wanted) {
    char room[512], whole[512];
    bytes_buffer to;
    sotto_bytes got;
    bytes_buffer_borrowed(&to, room, sizeof room);
    app_json json = app_json_begin(&to);
    app_json_text(&json, "a", text);
    app_json_end(&json);
    assert_int_equal(bytes_buffer_end(&to, &got).code, 0);
    (void)snprintf(whole, sizeof whole, "{\"a\":\"%s\"}\n", wanted);
    assert_int_equal(got.len, strlen(whole));
    assert_memory_equal(got.at, whole, got.len);
}

static void test_escapes(void **state) {
    (void)state;
    text_is(BYTES_LITERAL("\"\\/\n\r\t\0\x1f\x7f"), "\\\"\\\\/\\n\\r\\t\\u0000\\u001f\\u007f");
    text_is(bytes_text("é你👍"), "é你👍");
    text_is(bytes_text("\u2028\u2029\xc2\x85\u202e\xc2\x9b"), "\\u2028\\u2029\\u0085\\u202e\\u009b");
    text_is(bytes_text("\U000e0041"), "\\udb40\\udc41"); /* a surrogate pair */
}

static void test_invalid_utf8_is_replaced(void **state) {
    (void)state;
    text_is(BYTES_LITERAL("a\xff\xc3"), "a\xef\xbf\xbd\xef\xbf\xbd");
    text_is(BYTES_LITERAL("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

static void test_empty(void **state) {
    (void)state;
    text_is(BYTES_NONE, "");
}

int app_tests_json(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_object),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_invalid_utf8_is_replaced),
        cmocka_unit_test(test_empty),
    };
    return cmocka_run_group_tests_name("app: json", tests, NULL, NULL);
}
