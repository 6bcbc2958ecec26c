/* SPDX-License-Identifier: ISC
 *
 * SCRAM, both sides. The password becomes a secret after SASLprep: that maps and refuses characters by tables of
 * libidn and cannot be in constant time; what a password of printable ASCII shows there is that it is one. */
#include "bytes/span.h"
#include "secrets.h"
#include "stream/scram.h"

#define ITERATIONS 4096

typedef struct scram {
    stream_scram_client *client;
    stream_scram_server *server;
    uint8_t memory[5][1024];
    bytes_buffer out[5];
    sotto_bytes said[5];
} scram;

static const sotto_bytes password = {(const uint8_t *)"correct horse battery", 21};

static bool said(scram *s, size_t which, sotto_status status) {
    if (!sotto_ok(status) || !sotto_ok(bytes_buffer_end(&s->out[which], &s->said[which]))) return false;
    declassify_bytes(s->said[which]);
    return true;
}

static bool keys_make(stream_scram_keys *ret, crypto_hash_kind hash) {
    bool good = sotto_ok(
        stream_scram_keys_derive(ret, hash, &secret_host, password, BYTES_LITERAL("0123456789abcdef"), ITERATIONS));
    secret(ret->stored, sizeof ret->stored);
    secret(ret->server, sizeof ret->server);
    return good;
}

static bool talked(scram *s, const stream_mechanism *mechanism, bool truly) {
    stream_scram_keys keys;
    sotto_bytes name;
    const sotto_bytes nonce = BYTES_LITERAL("rOprNGfwEbeRWgbNEkqO");
    stream_scram_login login = {.host = &secret_host,
                                .mechanism = mechanism,
                                .name = BYTES_LITERAL("juliet"),
                                .password = password,
                                .gs2 = STREAM_GS2_UNUSED,
                                .nonce = nonce};
    stream_scram_offer offer = {.host = &secret_host, .mechanism = mechanism, .nonce = nonce};
    for (size_t i = 0; i < 5; i++) bytes_buffer_borrowed(&s->out[i], s->memory[i], sizeof s->memory[i]);
    if (!keys_make(&keys, mechanism->hash)) return false;
    if (!truly) keys.server[0] ^= 1;
    if (!sotto_ok(stream_scram_client_new(&s->client, &login))) return false;
    if (secret_find(password) == 0) return false;
    if (!sotto_ok(stream_scram_server_new(&s->server, &offer))) return false;
    sotto_status proven = SOTTO_OK;
    bool good = said(s, 0, stream_scram_client_first(s->client, &s->out[0])) &&
                sotto_ok(stream_scram_server_read_first(s->server, s->said[0], &name)) &&
                said(s, 1, stream_scram_server_first(s->server, &keys, &s->out[1])) &&
                said(s, 2, stream_scram_client_final(s->client, s->said[1], &s->out[2])) &&
                said(s, 3, stream_scram_server_final(s->server, s->said[2], &s->out[3]));
    if (good) proven = stream_scram_client_verify(s->client, s->said[3]);
    return good && (truly ? sotto_ok(proven) : sotto_is(proven, SOTTO_E_SERVER_UNPROVEN));
}

static bool login(const char *mechanism, bool truly) {
    static scram s;
    s.client = NULL;
    s.server = NULL;
    bool good = talked(&s, stream_mechanism_named(bytes_text(mechanism)), truly);
    stream_scram_client_free(s.client);
    stream_scram_server_free(s.server);
    return good;
}

static bool login_sha256(void) {
    return login("SCRAM-SHA-256", true);
}

static bool login_sha1(void) {
    return login("SCRAM-SHA-1", true);
}

static bool login_lied(void) {
    return login("SCRAM-SHA-256", false);
}

const constant_case login_cases[] = {
    {"SCRAM-SHA-256, client and server", login_sha256},
    {"SCRAM-SHA-1, client and server", login_sha1},
    {"SCRAM-SHA-256, a server that does not know the password", login_lied},
    {NULL, NULL},
};
