/* SPDX-License-Identifier: ISC
 *
 * SCRAM against libgsasl, an implementation that is not ours, in both roles and with every mechanism. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <gsasl.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/base64.h"
#include "bytes/span.h"
#include "stream/scram.h"

#define assert_fine(expression) assert_int_equal((expression).code, 0)

#define NAME         "juliet,=x"
#define BINDING      "0123456789abcdef0123456789abcdef"
#define BINDING_TEXT "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

typedef struct oracle {
    const char *password;
    const char *binding; /* base64; NULL: none */
} oracle;

static int answer(Gsasl *library, Gsasl_session *session, Gsasl_property property) {
    const oracle *o = gsasl_callback_hook_get(library);
    switch (property) {
    case GSASL_AUTHID:
        return gsasl_property_set(session, property, NAME);
    case GSASL_AUTHZID:
        return GSASL_NO_AUTHZID;
    case GSASL_PASSWORD:
        return gsasl_property_set(session, property, o->password);
    case GSASL_SCRAM_ITER:
        return gsasl_property_set(session, property, "4096");
    case GSASL_CB_TLS_EXPORTER:
        return o->binding ? gsasl_property_set(session, property, o->binding) : GSASL_NO_CALLBACK;
    default:
        return GSASL_NO_CALLBACK;
    }
}

static Gsasl *library_with(oracle *o) {
    Gsasl *library;
    assert_int_equal(gsasl_init(&library), GSASL_OK);
    gsasl_callback_set(library, answer);
    gsasl_callback_hook_set(library, o);
    return library;
}

typedef struct text {
    char at[8192];
    size_t len;
} text;

/* One step of theirs. */
static int theirs(Gsasl_session *session, text *message) {
    char *out = NULL;
    size_t len = 0;
    int result = gsasl_step(session, message->at, message->len, &out, &len);
    assert_true(len < sizeof message->at);
    if (len > 0) memcpy(message->at, out, len);
    message->at[len] = 0;
    message->len = len;
    gsasl_free(out);
    return result;
}

static sotto_bytes bytes(const text *message) {
    return bytes_of(message->at, message->len);
}

typedef struct row {
    const char *mechanism;
    bool bound;
    const char *our_password, *their_password, *their_binding;
    bool works;
} row;

static const row rows[] = {
    {"SCRAM-SHA-1", false, "pencil", "pencil", NULL, true},
    {"SCRAM-SHA-256", false, "pencil", "pencil", NULL, true},
    {"SCRAM-SHA-1-PLUS", true, "pencil", "pencil", BINDING_TEXT, true},
    {"SCRAM-SHA-256-PLUS", true, "pencil", "pencil", BINDING_TEXT, true},
    {"SCRAM-SHA-256", false, "p\xc3\xa4ss\xc2\xa0wort\xc2\xad", "p\xc3\xa4ss wort", NULL, true},
    {"SCRAM-SHA-256", false, "pencil", "Pencil", NULL, false},
    {"SCRAM-SHA-256-PLUS", true, "pencil", "pencil", "MTEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", false},
};
#define ROWS (sizeof rows / sizeof *rows)

static bool our_client(const row *r) {
    oracle o = {r->their_password, r->their_binding};
    Gsasl *library = library_with(&o);
    Gsasl_session *session;
    assert_int_equal(gsasl_server_start(library, r->mechanism, &session), GSASL_OK);
    stream_scram_login login = {.host = sotto_host_default(),
                                .mechanism = stream_mechanism_named(bytes_text(r->mechanism)),
                                .name = bytes_text(NAME),
                                .password = bytes_text(r->our_password),
                                .gs2 = r->bound ? STREAM_GS2_EXPORTER : STREAM_GS2_UNUSED,
                                .binding = bytes_text(r->bound ? BINDING : NULL)};
    stream_scram_client *client;
    assert_fine(stream_scram_client_new(&client, &login));
    text message;
    bytes_buffer out;
    bytes_buffer_borrowed(&out, message.at, sizeof message.at);
    assert_fine(stream_scram_client_first(client, &out));
    message.len = out.len;
    assert_int_equal(theirs(session, &message), GSASL_NEEDS_MORE);
    text answer_text;
    bytes_buffer_borrowed(&out, answer_text.at, sizeof answer_text.at);
    assert_fine(stream_scram_client_final(client, bytes(&message), &out));
    answer_text.len = out.len;
    int result = theirs(session, &answer_text);
    bool works = result == GSASL_OK && sotto_ok(stream_scram_client_verify(client, bytes(&answer_text)));
    stream_scram_client_free(client);
    gsasl_finish(session);
    gsasl_done(library);
    return works;
}

static bool our_server(const row *r) {
    oracle o = {r->their_password, r->their_binding};
    Gsasl *library = library_with(&o);
    Gsasl_session *session;
    assert_int_equal(gsasl_client_start(library, r->mechanism, &session), GSASL_OK);
    stream_scram_offer offer = {.host = sotto_host_default(),
                                .mechanism = stream_mechanism_named(bytes_text(r->mechanism)),
                                .binding = bytes_text(r->bound ? BINDING : NULL)};
    stream_scram_server *server;
    stream_scram_keys keys;
    assert_fine(stream_scram_server_new(&server, &offer));
    assert_fine(stream_scram_keys_derive(&keys, offer.mechanism->hash, sotto_host_default(),
                                         bytes_text(r->our_password), bytes_text("saltsaltsalt"), 4096));
    text message = {.len = 0}, answer_text;
    bytes_buffer out;
    sotto_bytes name;
    assert_int_equal(theirs(session, &message), GSASL_NEEDS_MORE);
    assert_fine(stream_scram_server_read_first(server, bytes(&message), &name));
    assert_true(bytes_is(name, NAME));
    bytes_buffer_borrowed(&out, answer_text.at, sizeof answer_text.at);
    assert_fine(stream_scram_server_first(server, &keys, &out));
    answer_text.len = out.len;
    assert_int_equal(theirs(session, &answer_text), GSASL_NEEDS_MORE);
    bytes_buffer_borrowed(&out, message.at, sizeof message.at);
    sotto_status status = stream_scram_server_final(server, bytes(&answer_text), &out);
    message.len = out.len;
    bool works = sotto_ok(status) && theirs(session, &message) == GSASL_OK;
    if (!works) assert_int_equal(status.code, SOTTO_E_NOT_AUTHORIZED);
    stream_scram_server_free(server);
    gsasl_finish(session);
    gsasl_done(library);
    return works;
}

static void test_our_client(void **state) {
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        if (our_client(&rows[i]) != rows[i].works) fail_msg("row %zu, %s", i, rows[i].mechanism);
    }
}

static void test_our_server(void **state) {
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        if (our_server(&rows[i]) != rows[i].works) fail_msg("row %zu, %s", i, rows[i].mechanism);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_our_client),
        cmocka_unit_test(test_our_server),
    };
    return cmocka_run_group_tests_name("gsasl", tests, NULL, NULL);
}
