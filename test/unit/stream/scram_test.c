/* SPDX-License-Identifier: ISC
 *
 * SCRAM: the RFCs' examples in both roles, the two roles against each other, and everything a peer may send that is
 * wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "bytes/base64.h"
#include "bytes/span.h"
#include "groups.h"
#include "stream/scram.h"

#define assert_fine(expression)             assert_int_equal((expression).code, 0)
#define assert_status(expression, constant) assert_int_equal((expression).code, SOTTO_E_##constant)

typedef struct message {
    char text[8192];
    bytes_buffer out;
} message;

static bytes_buffer *into(message *m) {
    bytes_buffer_borrowed(&m->out, m->text, sizeof m->text - 1);
    return &m->out;
}

static sotto_bytes of(message *m) {
    m->text[m->out.len] = 0;
    return bytes_of(m->text, m->out.len);
}

static const stream_mechanism *named(const char *name) {
    return stream_mechanism_named(bytes_text(name));
}

/* ---- the RFCs' examples ---- */

typedef struct vector {
    const char *mechanism, *client_nonce, *server_nonce, *salt, *client_first, *server_first, *client_final,
        *server_final;
} vector;

static const vector vectors[] = {
    /* RFC 5802 section 5 */
    {"SCRAM-SHA-1", "fyko+d2lbbFgONRv9qkxdawL", "3rfcNHYJY1ZVvWVs7j", "QSXCR+Q6sek8bf92",
     "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL", "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
     "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
     "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="},
    /* RFC 7677 section 3 */
    {"SCRAM-SHA-256", "rOprNGfwEbeRWgbNEkqO", "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
     "W22ZaJ0SNY7soEsUEjb6gQ==", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
     "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
     "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
     "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
     "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
};

static stream_scram_client *client_for(const char *mechanism, const char *nonce) {
    stream_scram_login login = {.host = sotto_host_default(),
                                .mechanism = named(mechanism),
                                .name = bytes_text("user"),
                                .password = bytes_text("pencil"),
                                .gs2 = STREAM_GS2_UNUSED,
                                .nonce = bytes_text(nonce)};
    stream_scram_client *client = NULL;
    assert_fine(stream_scram_client_new(&client, &login));
    return client;
}

static void test_vectors_client(void **state) {
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const vector *v = &vectors[i];
        message m;
        stream_scram_client *client = client_for(v->mechanism, v->client_nonce);
        assert_fine(stream_scram_client_first(client, into(&m)));
        assert_true(bytes_is(of(&m), v->client_first));
        assert_fine(stream_scram_client_final(client, bytes_text(v->server_first), into(&m)));
        assert_true(bytes_is(of(&m), v->client_final));
        assert_false(stream_scram_client_proven(client));
        assert_fine(stream_scram_client_verify(client, bytes_text(v->server_final)));
        assert_true(stream_scram_client_proven(client));
        stream_scram_client_free(client);
    }
}

static stream_scram_keys keys_for(const char *password, const char *mechanism, const char *salt_text) {
    uint8_t salt[64];
    bytes_buffer out;
    bytes_buffer_borrowed(&out, salt, sizeof salt);
    assert_fine(bytes_base64_get(&out, bytes_text(salt_text)));
    stream_scram_keys keys;
    assert_fine(stream_scram_keys_derive(&keys, named(mechanism)->hash, sotto_host_default(), bytes_text(password),
                                         bytes_of(salt, out.len), 4096));
    return keys;
}

static void test_vectors_server(void **state) {
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const vector *v = &vectors[i];
        message m;
        stream_scram_offer offer = {
            .host = sotto_host_default(), .mechanism = named(v->mechanism), .nonce = bytes_text(v->server_nonce)};
        stream_scram_server *server;
        sotto_bytes name;
        assert_fine(stream_scram_server_new(&server, &offer));
        assert_fine(stream_scram_server_read_first(server, bytes_text(v->client_first), &name));
        assert_true(bytes_is(name, "user"));
        stream_scram_keys keys = keys_for("pencil", v->mechanism, v->salt);
        assert_fine(stream_scram_server_first(server, &keys, into(&m)));
        assert_true(bytes_is(of(&m), v->server_first));
        assert_fine(stream_scram_server_final(server, bytes_text(v->client_final), into(&m)));
        assert_true(bytes_is(of(&m), v->server_final));
        stream_scram_server_free(server);
    }
}

/* ---- both roles ---- */

typedef struct run {
    const char *mechanism, *name, *client_password, *server_password;
    stream_gs2 gs2;
    const char *client_binding, *server_binding;
    bool plus_offered;
} run;

/* What the server says at the end; the client's verdict is in *ret_client. */
static sotto_status both(const run *r, sotto_status *ret_client) {
    stream_scram_login login = {.host = sotto_host_default(),
                                .mechanism = named(r->mechanism),
                                .name = bytes_text(r->name ? r->name : "juliet"),
                                .password = bytes_text(r->client_password ? r->client_password : "pencil"),
                                .gs2 = r->gs2,
                                .binding = bytes_text(r->client_binding)};
    stream_scram_offer offer = {.host = sotto_host_default(),
                                .mechanism = login.mechanism,
                                .binding = bytes_text(r->server_binding),
                                .plus_offered = r->plus_offered};
    stream_scram_client *client;
    stream_scram_server *server;
    message a, b;
    sotto_bytes name;
    assert_fine(stream_scram_client_new(&client, &login));
    assert_fine(stream_scram_server_new(&server, &offer));
    assert_fine(stream_scram_client_first(client, into(&a)));
    *ret_client = SOTTO_FAIL(AGAIN);
    sotto_status status = stream_scram_server_read_first(server, of(&a), &name);
    if (sotto_ok(status)) {
        assert_true(bytes_is(name, r->name ? r->name : "juliet"));
        stream_scram_keys keys =
            keys_for(r->server_password ? r->server_password : "pencil", r->mechanism, "QSXCR+Q6sek8bf92");
        assert_fine(stream_scram_server_first(server, &keys, into(&b)));
        assert_fine(stream_scram_client_final(client, of(&b), into(&a)));
        status = stream_scram_server_final(server, of(&a), into(&b));
        if (sotto_ok(status)) *ret_client = stream_scram_client_verify(client, of(&b));
    }
    stream_scram_client_free(client);
    stream_scram_server_free(server);
    return status;
}

#define BINDING "0123456789abcdef0123456789abcdef"

static void test_both_roles(void **state) {
    (void)state;
    static const run good[] = {
        {.mechanism = "SCRAM-SHA-1"},
        {.mechanism = "SCRAM-SHA-256"},
        {.mechanism = "SCRAM-SHA-256", .name = "a=b,c"},
        {.mechanism = "SCRAM-SHA-256", .gs2 = STREAM_GS2_UNOFFERED},
        {.mechanism = "SCRAM-SHA-256", .gs2 = STREAM_GS2_UNUSED, .plus_offered = true},
        {.mechanism = "SCRAM-SHA-256-PLUS",
         .gs2 = STREAM_GS2_EXPORTER,
         .client_binding = BINDING,
         .server_binding = BINDING,
         .plus_offered = true},
        {.mechanism = "SCRAM-SHA-1-PLUS",
         .gs2 = STREAM_GS2_EXPORTER,
         .client_binding = BINDING,
         .server_binding = BINDING,
         .plus_offered = true},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        sotto_status client;
        assert_fine(both(&good[i], &client));
        assert_fine(client);
    }
}

static void test_refused(void **state) {
    (void)state;
    sotto_status client;
    run wrong_password = {.mechanism = "SCRAM-SHA-256", .client_password = "pencils"};
    assert_status(both(&wrong_password, &client), NOT_AUTHORIZED);
    /* Somebody between has another TLS connection to the server: the binding differs. */
    run other_binding = {.mechanism = "SCRAM-SHA-256-PLUS",
                         .gs2 = STREAM_GS2_EXPORTER,
                         .client_binding = BINDING,
                         .server_binding = "1123456789abcdef0123456789abcdef",
                         .plus_offered = true};
    assert_status(both(&other_binding, &client), NOT_AUTHORIZED);
    run stripped = {.mechanism = "SCRAM-SHA-256", .gs2 = STREAM_GS2_UNOFFERED, .plus_offered = true};
    assert_status(both(&stripped, &client), LOGIN_REFUSED);
    run no_binding = {.mechanism = "SCRAM-SHA-256-PLUS", .gs2 = STREAM_GS2_EXPORTER, .client_binding = BINDING};
    assert_status(both(&no_binding, &client), LOGIN_REFUSED);
}

/* RFC 4013 section 3: the two spellings are one password; the last rows are none. */
static void test_saslprep(void **state) {
    (void)state;
    static const char *const same[][2] = {
        {"I\xc2\xadX", "IX"}, {"\xc2\xaa", "a"}, {"\xe2\x85\xa8", "IX"}, {"a\xc2\xa0z", "a z"}, {"USER", "USER"}};
    sotto_status client;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        run r = {.mechanism = "SCRAM-SHA-1", .client_password = same[i][0], .server_password = same[i][1]};
        assert_fine(both(&r, &client));
        assert_fine(client);
    }
    run cases = {.mechanism = "SCRAM-SHA-1", .client_password = "user", .server_password = "USER"};
    assert_status(both(&cases, &client), NOT_AUTHORIZED);
    static const char *const none[] = {"", "\xc2\x80\x07", "\xd8\xa7\x31", "\xff", "\xc2\xad"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        stream_scram_login login = {.host = sotto_host_default(),
                                    .mechanism = named("SCRAM-SHA-1"),
                                    .name = bytes_text("user"),
                                    .password = bytes_text(none[i])};
        stream_scram_client *none_made = NULL;
        assert_status(stream_scram_client_new(&none_made, &login), USAGE);
        assert_null(none_made);
    }
}

static void test_usage(void **state) {
    (void)state;
    stream_scram_client *client = NULL;
    stream_scram_login login = {.host = sotto_host_default(),
                                .mechanism = named("SCRAM-SHA-256-PLUS"),
                                .name = bytes_text("user"),
                                .password = bytes_text("pencil")};
    assert_status(stream_scram_client_new(&client, &login), USAGE); /* -PLUS without binding */
    login.mechanism = named("SCRAM-SHA-256");
    login.gs2 = STREAM_GS2_EXPORTER;
    login.binding = bytes_text(BINDING);
    assert_status(stream_scram_client_new(&client, &login), USAGE); /* binding without -PLUS */
    assert_null(client);
    assert_null(named("PLAIN"));
    assert_null(named("SCRAM-SHA-25"));
    client = client_for("SCRAM-SHA-1", "abc");
    message m;
    assert_status(stream_scram_client_verify(client, bytes_text("v=")), STATE);
    assert_status(stream_scram_client_final(client, bytes_text(""), into(&m)), STATE);
    stream_scram_client_free(client);
}

/* ---- what a hostile server sends ---- */

static sotto_status first_says(const char *server_first) {
    message m;
    stream_scram_client *client = client_for("SCRAM-SHA-256", "abc");
    assert_fine(stream_scram_client_first(client, into(&m)));
    sotto_status status = stream_scram_client_final(client, bytes_text(server_first), into(&m));
    if (!sotto_ok(status)) assert_int_equal(m.out.len, 0);
    stream_scram_client_free(client);
    return status;
}

static void test_hostile_first(void **state) {
    (void)state;
    assert_fine(first_says("r=abcX,s=QSXC,i=4096"));
    assert_fine(first_says("r=abcX,s=QSXC,i=4096,h=whatever,t=0304"));
    assert_status(first_says("r=abX,s=QSXC,i=4096"), BAD_SERVER); /* not ours */
    assert_status(first_says("r=abc,s=QSXC,i=4096"), BAD_SERVER); /* not extended */
    assert_status(first_says("r=Xabc,s=QSXC,i=4096"), BAD_SERVER);
    assert_status(first_says("r=abcX\x7f,s=QSXC,i=4096"), BAD_SERVER);
    assert_status(first_says("r=abcX,s=QSXC,i=1"), BAD_SERVER);
    assert_status(first_says("r=abcX,s=QSXC,i=4095"), BAD_SERVER);
    assert_status(first_says("r=abcX,s=QSXC,i=0"), BAD_SERVER);
    assert_status(first_says("r=abcX,s=QSXC,i=04096"), BAD_SERVER);
    assert_status(first_says("r=abcX,s=QSXC,i=-1"), BAD_SERVER);
    assert_status(first_says("r=abcX,s=QSXC,i=10000001"), BAD_SERVER);
    assert_status(first_says("r=abcX,s=QSXC,i=1000000000"), BAD_SERVER);
    assert_status(first_says("r=abcX,s=QSXC,i=99999999999999999999"), BAD_SERVER);
    assert_status(first_says("r=abcX,s=QSXC,i="), BAD_SERVER);
    assert_status(first_says("m=must,r=abcX,s=QSXC,i=4096"), BAD_SERVER);
    assert_status(first_says(""), MALFORMED);
    assert_status(first_says("r=abcX"), MALFORMED);
    assert_status(first_says("r=abcX,s=QSXC"), MALFORMED);
    assert_status(first_says("s=QSXC,r=abcX,i=4096"), MALFORMED);
    assert_status(first_says("r=abcX,s=,i=4096"), MALFORMED);
    assert_status(first_says("r=abcX,s=Q?XC,i=4096"), MALFORMED);
    assert_status(first_says("rabcX,s=QSXC,i=4096"), MALFORMED);
    static char huge[5000];
    memset(huge, 'a', sizeof huge - 1);
    assert_status(first_says(huge), TOO_LARGE);
    /* A salt that does not fit is no reason to write beyond it. */
    static char salt[1200] = "r=abcX,s=";
    size_t at = strlen(salt);
    memset(salt + at, 'A', 800);
    memcpy(salt + at + 800, ",i=4096", 8);
    assert_status(first_says(salt), MALFORMED);
}

static void test_hostile_final(void **state) {
    (void)state;
    static const struct {
        const char *says;
        int expected;
    } rows[] = {
        {"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", 0},
        {"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=,x=y", 0},
        {"v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", SOTTO_E_SERVER_UNPROVEN},
        {"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", SOTTO_E_SERVER_UNPROVEN},
        {"v=", SOTTO_E_SERVER_UNPROVEN},
        {"", SOTTO_E_SERVER_UNPROVEN},
        {"v", SOTTO_E_SERVER_UNPROVEN},
        {"v=?", SOTTO_E_SERVER_UNPROVEN},
        {"e=invalid-proof", SOTTO_E_NOT_AUTHORIZED},
        {"e=unknown-user", SOTTO_E_NOT_AUTHORIZED},
        {"e=channel-bindings-dont-match", SOTTO_E_LOGIN_REFUSED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        message m;
        stream_scram_client *client = client_for("SCRAM-SHA-256", vectors[1].client_nonce);
        assert_fine(stream_scram_client_first(client, into(&m)));
        assert_fine(stream_scram_client_final(client, bytes_text(vectors[1].server_first), into(&m)));
        assert_int_equal(stream_scram_client_verify(client, bytes_text(rows[i].says)).code, rows[i].expected);
        assert_int_equal(stream_scram_client_proven(client), rows[i].expected == 0);
        stream_scram_client_free(client);
    }
}

/* ---- what a hostile client sends ---- */

static void test_hostile_client(void **state) {
    (void)state;
    static const struct {
        const char *says;
        int expected;
    } firsts[] = {
        {"n,,n=user,r=abc", 0},
        {"y,,n=user,r=abc", 0},
        {"n,,n=user,r=abc,x=y", 0},
        {"n,a=other,n=user,r=abc", SOTTO_E_LOGIN_REFUSED},
        {"p=tls-exporter,,n=user,r=abc", SOTTO_E_LOGIN_REFUSED},
        {"x,,n=user,r=abc", SOTTO_E_MALFORMED},
        {",,n=user,r=abc", SOTTO_E_MALFORMED},
        {"n,,m=ext,n=user,r=abc", SOTTO_E_MALFORMED},
        {"n,,n=us=er,r=abc", SOTTO_E_MALFORMED},
        {"n,,n=user=2,r=abc", SOTTO_E_MALFORMED},
        {"n,,n=user=2c,r=abc", SOTTO_E_MALFORMED},
        {"n,,n=,r=abc", SOTTO_E_MALFORMED},
        {"n,,n=user,r=", SOTTO_E_MALFORMED},
        {"n,,n=user", SOTTO_E_MALFORMED},
        {"n,", SOTTO_E_MALFORMED},
        {"n", SOTTO_E_MALFORMED},
        {"", SOTTO_E_MALFORMED},
    };
    for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
        stream_scram_offer offer = {.host = sotto_host_default(), .mechanism = named("SCRAM-SHA-1")};
        stream_scram_server *server;
        sotto_bytes name;
        assert_fine(stream_scram_server_new(&server, &offer));
        int got = stream_scram_server_read_first(server, bytes_text(firsts[i].says), &name).code;
        if (got != firsts[i].expected) fail_msg("%s: %d", firsts[i].says, got);
        stream_scram_server_free(server);
    }
}

static void test_hostile_client_final(void **state) {
    (void)state;
    const vector *v = &vectors[0];
    static const struct {
        const char *says;
        int expected;
    } finals[] = {
        {"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=w0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", SOTTO_E_NOT_AUTHORIZED},
        {"c=eSws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", SOTTO_E_NOT_AUTHORIZED},
        {"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", SOTTO_E_NOT_AUTHORIZED},
        {"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,x=y,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
         SOTTO_E_NOT_AUTHORIZED},
        {"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=AAAA", SOTTO_E_MALFORMED},
        {"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=,x=y", SOTTO_E_MALFORMED},
        {"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j", SOTTO_E_MALFORMED},
        {"c=biws", SOTTO_E_MALFORMED},
        {"", SOTTO_E_MALFORMED},
    };
    for (size_t i = 0; i < sizeof finals / sizeof *finals; i++) {
        message m;
        stream_scram_offer offer = {
            .host = sotto_host_default(), .mechanism = named(v->mechanism), .nonce = bytes_text(v->server_nonce)};
        stream_scram_server *server;
        sotto_bytes name;
        assert_fine(stream_scram_server_new(&server, &offer));
        assert_fine(stream_scram_server_read_first(server, bytes_text(v->client_first), &name));
        stream_scram_keys keys = keys_for("pencil", v->mechanism, v->salt);
        assert_fine(stream_scram_server_first(server, &keys, into(&m)));
        int got = stream_scram_server_final(server, bytes_text(finals[i].says), into(&m)).code;
        if (got != finals[i].expected) fail_msg("%s: %d", finals[i].says, got);
        assert_int_equal(m.out.len, 0);
        stream_scram_server_free(server);
    }
}

int scram_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors_client), cmocka_unit_test(test_vectors_server),
        cmocka_unit_test(test_both_roles),     cmocka_unit_test(test_refused),
        cmocka_unit_test(test_saslprep),       cmocka_unit_test(test_usage),
        cmocka_unit_test(test_hostile_first),  cmocka_unit_test(test_hostile_final),
        cmocka_unit_test(test_hostile_client), cmocka_unit_test(test_hostile_client_final),
    };
    return cmocka_run_group_tests_name("scram", tests, NULL, NULL);
}
