/* SPDX-License-Identifier: ISC
 *
 * A login by SCRAM, of the client: a password that must be prepared (libidn), nonces, texts. That memory
 * is short is neither a bad password nor a lying server. */
#include "starve.h"

#include "stream/scram.h"

#define NAME       "j\xc3\xbcliet"
#define PASSWORD   "r\xc3\xb6m30\xc2\xaa" /* SASLprep: NFKC makes an a of the last */
#define ITERATIONS 4096u

typedef struct scram_stage {
    stream_scram_client *client;
    stream_scram_server *server;
    bytes_buffer out, in;
} scram_stage;

static const stream_mechanism *mechanism(void) {
    return stream_mechanism_named(BYTES_LITERAL("SCRAM-SHA-1"));
}

static void prepare(void *arg) {
    scram_stage *s = arg;
    *s = (scram_stage){0};
    bytes_buffer_owned(&s->out, &supply_host, 4096);
    bytes_buffer_owned(&s->in, &supply_quiet, 4096);
    stream_scram_offer offer = {.host = &supply_quiet, .mechanism = mechanism(), .nonce = BYTES_LITERAL("server")};
    assert_ok(stream_scram_server_new(&s->server, &offer));
}

/* What the server says to what was written; unstarved. */
static sotto_bytes answer_first(scram_stage *s) {
    static stream_scram_keys keys; /* the same every time */
    static bool made;
    sotto_bytes name, text;
    supply_stop();
    if (!made) {
        assert_ok(stream_scram_keys_derive(&keys, mechanism()->hash, &supply_quiet, BYTES_LITERAL(PASSWORD),
                                           BYTES_LITERAL("salt"), ITERATIONS));
        made = true;
    }
    assert_ok(stream_scram_server_read_first(s->server, bytes_of(s->out.at, s->out.len), &name));
    assert_ok(stream_scram_server_first(s->server, &keys, &s->in));
    assert_ok(bytes_buffer_end(&s->in, &text));
    supply_resume();
    return text;
}

static sotto_status call_login(void *arg) {
    scram_stage *s = arg;
    stream_scram_login login = {.host = &supply_host,
                                .mechanism = mechanism(),
                                .name = BYTES_LITERAL(NAME),
                                .password = BYTES_LITERAL(PASSWORD)};
    SOTTO_TRY(stream_scram_client_new(&s->client, &login));
    SOTTO_TRY(stream_scram_client_first(s->client, &s->out));
    SOTTO_TRY(s->out.status);
    sotto_bytes first = answer_first(s);
    bytes_buffer_reset(&s->out);
    SOTTO_TRY(stream_scram_client_final(s->client, first, &s->out));
    SOTTO_TRY(s->out.status);
    supply_stop();
    bytes_buffer_reset(&s->in);
    assert_ok(stream_scram_server_final(s->server, bytes_of(s->out.at, s->out.len), &s->in));
    supply_resume();
    return stream_scram_client_verify(s->client, bytes_of(s->in.at, s->in.len));
}

static void finish(scram_stage *s) {
    stream_scram_client_free(s->client);
    stream_scram_server_free(s->server);
    bytes_buffer_free(&s->out);
    bytes_buffer_free(&s->in);
    assert_int_equal(supply_lent(SUPPLY_HOST), 0);
}

static void after_login(void *arg, sotto_status status, bytes_buffer *out) {
    scram_stage *s = arg;
    if (!sotto_ok(status)) { /* a new login, with the same random bytes, is the one that it would have been */
        finish(s);
        prepare(s);
        supply_arm((supply_fault){0});
        assert_ok(call_login(s));
        supply_stop();
    }
    assert_true(stream_scram_client_proven(s->client));
    bytes_buffer_put(out, bytes_of(s->out.at, s->out.len));
    finish(s);
}

static void test_login(void **state) {
    (void)state;
    scram_stage s;
    const starved_script script = {"a login", prepare, call_login, after_login, 0, STARVED_BOTH};
    supply_spare(SUPPLY_OPENSSL, true);
    starved_anew count = starve_anew(&script, &s);
    supply_spare(SUPPLY_OPENSSL, false);
    assert_true(count.failures >= 2 * 10);
    assert_int_equal(count.survived[SUPPLY_HOST] + count.survived[SUPPLY_MALLOC] + count.survived[SUPPLY_RANDOM], 0);
}

int stream_group(void) {
    const struct CMUnitTest tests[] = {STARVED(test_login)};
    return cmocka_run_group_tests_name("starved: stream", tests, NULL, NULL);
}
