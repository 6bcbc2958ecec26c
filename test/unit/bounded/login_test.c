/* SPDX-License-Identifier: ISC
 *
 * What a server can have the client do in SCRAM. Rounds of PBKDF2 are counted and not done (work.c). */
#include <stdio.h>

#include <sotto/limits.h>

#include "stream/scram.h"
#include "testing.h"
#include "work.h"

#define NONCE "rOprNGfwEbeRWgbNEkqO"

/* What the client says to this server-first-message. */
static sotto_status final_for(sotto_bytes server_first) {
    static uint8_t memory[3 * SOTTO_SASL_MESSAGE_BYTES_MAX];
    bytes_buffer out;
    stream_scram_client *client = NULL;
    const stream_scram_login login = {.host = sotto_host_default(),
                                      .mechanism = stream_mechanism_named(BYTES_LITERAL("SCRAM-SHA-256")),
                                      .name = BYTES_LITERAL("juliet"),
                                      .password = BYTES_LITERAL("r0m30"),
                                      .gs2 = STREAM_GS2_UNUSED,
                                      .nonce = BYTES_LITERAL(NONCE)};
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    assert_code(stream_scram_client_new(&client, &login), 0);
    assert_code(stream_scram_client_first(client, &out), 0);
    bytes_buffer_reset(&out);
    sotto_status status = stream_scram_client_final(client, server_first, &out);
    stream_scram_client_free(client);
    return status;
}

static sotto_status with_rounds(unsigned rounds) {
    char text[128];
    snprintf(text, sizeof text, "r=" NONCE "X,s=QSXCR+Q6sek8bf92,i=%u", rounds);
    work_reset();
    return final_for(bytes_text(text));
}

/* limit: SOTTO_SCRAM_ITERATIONS_MIN, SOTTO_SCRAM_ITERATIONS_MAX */
static void test_rounds(void **state) {
    (void)state;
    assert_code(with_rounds(SOTTO_SCRAM_ITERATIONS_MIN - 1), SOTTO_E_BAD_SERVER);
    assert_int_equal(work_done().rounds, 0);
    assert_code(with_rounds(SOTTO_SCRAM_ITERATIONS_MAX + 1), SOTTO_E_BAD_SERVER);
    assert_int_equal(work_done().rounds, 0);
    assert_code(with_rounds(SOTTO_SCRAM_ITERATIONS_MAX), 0);
    assert_int_equal(work_done().rounds, SOTTO_SCRAM_ITERATIONS_MAX);
    assert_code(with_rounds(SOTTO_SCRAM_ITERATIONS_MIN), 0);
    assert_int_equal(work_done().rounds, SOTTO_SCRAM_ITERATIONS_MIN);
}

/* A server-first-message of so many bytes, most of them nonce. */
static sotto_bytes first_of(size_t size) {
    static char text[SOTTO_SASL_MESSAGE_BYTES_MAX + 2];
    static const char before[] = "r=" NONCE, behind[] = ",s=QSXCR+Q6sek8bf92,i=4096";
    memset(text, 'x', sizeof text);
    memcpy(text, before, sizeof before - 1);
    memcpy(text + size - (sizeof behind - 1), behind, sizeof behind);
    assert_int_equal(strlen(text), size);
    return bytes_text(text);
}

/* limit: SOTTO_SASL_MESSAGE_BYTES_MAX */
static void test_message_bytes(void **state) {
    (void)state;
    work_reset();
    assert_code(final_for(first_of(SOTTO_SASL_MESSAGE_BYTES_MAX + 1)), SOTTO_E_TOO_LARGE);
    assert_int_equal(work_done().rounds, 0);
    assert_code(final_for(first_of(SOTTO_SASL_MESSAGE_BYTES_MAX)), 0);
}

int login_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rounds),
        cmocka_unit_test(test_message_bytes),
    };
    return cmocka_run_group_tests_name("login", tests, NULL, NULL);
}
