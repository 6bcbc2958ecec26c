/* SPDX-License-Identifier: ISC
 *
 * The client's side of SCRAM. What the server sends is checked before anything is computed with it: a hostile one may
 * choose the iteration count (CHANNELS, rule 19). */
#include <sotto/limits.h>

#include "bytes/base64.h"
#include "bytes/memory.h"
#include "stream/scram_parts.h"

typedef enum step { STEP_NEW, STEP_FIRST_SENT, STEP_FINAL_SENT, STEP_PROVEN } step;

struct stream_scram_client {
    const sotto_host *host;
    const stream_mechanism *mechanism;
    bytes_arena arena;
    step step;
    sotto_bytes gs2, password, nonce;
    sotto_bytes binding_text;
    sotto_bytes first_bare;
    uint8_t server_signature[CRYPTO_HASH_BYTES_MAX]; /* as it must come */
};

/* RFC 5802 section 5.1: "=" and "," of a name are written "=3D" and "=2C". */
static void put_name(bytes_buffer *out, sotto_bytes name) {
    for (size_t i = 0; i < name.len; i++) {
        if (name.at[i] == '=') {
            bytes_buffer_text(out, "=3D");
        } else if (name.at[i] == ',') {
            bytes_buffer_text(out, "=2C");
        } else {
            bytes_buffer_u8(out, name.at[i]);
        }
    }
}

static sotto_status make_first(stream_scram_client *client, sotto_bytes name) {
    bytes_buffer out;
    bytes_buffer_owned(&out, client->host, SOTTO_SASL_MESSAGE_BYTES_MAX);
    bytes_buffer_text(&out, "n=");
    put_name(&out, name);
    bytes_buffer_text(&out, ",r=");
    bytes_buffer_put(&out, client->nonce);
    sotto_bytes text;
    sotto_status status = bytes_buffer_end(&out, &text);
    if (sotto_ok(status) && !bytes_arena_copy(&client->arena, text, &client->first_bare)) {
        status = SOTTO_FAIL(NO_MEMORY);
    }
    bytes_buffer_free(&out);
    return status;
}

static sotto_status prepare(stream_scram_client *client, const stream_scram_login *login) {
    static const char *const headers[] = {"n,,", "y,,", "p=tls-exporter,,"};
    bool bound = login->gs2 == STREAM_GS2_EXPORTER;
    if (bound != client->mechanism->plus || bound != (login->binding.len > 0)) return SOTTO_FAIL(USAGE);
    if (login->binding.len > STREAM_SCRAM_BINDING_BYTES_MAX) return SOTTO_FAIL(USAGE);
    client->gs2 = bytes_text(headers[login->gs2]);
    sotto_bytes name;
    SOTTO_TRY(scram_prepare(&client->arena, login->name, &name));
    SOTTO_TRY(scram_prepare(&client->arena, login->password, &client->password));
    SOTTO_TRY(scram_nonce(&client->arena, client->host, login->nonce, &client->nonce));
    SOTTO_TRY(scram_binding_text(&client->arena, client->host, client->gs2, login->binding, &client->binding_text));
    return make_first(client, name);
}

sotto_status stream_scram_client_new(stream_scram_client **ret, const stream_scram_login *login) {
    stream_scram_client *client = bytes_new(login->host, sizeof *client);
    if (!client) return SOTTO_FAIL(NO_MEMORY);
    client->host = login->host;
    client->mechanism = login->mechanism;
    bytes_arena_init(&client->arena, login->host, SCRAM_ARENA_BYTES_MAX);
    sotto_status status = prepare(client, login);
    if (!sotto_ok(status)) {
        stream_scram_client_free(client);
        return status;
    }
    *ret = client;
    return SOTTO_OK;
}

sotto_status stream_scram_client_first(stream_scram_client *client, bytes_buffer *ret) {
    if (client->step != STEP_NEW) return SOTTO_FAIL(STATE);
    bytes_buffer_put(ret, client->gs2);
    bytes_buffer_put(ret, client->first_bare);
    client->step = STEP_FIRST_SENT;
    return ret->status;
}

typedef struct server_first {
    sotto_bytes nonce;
    uint8_t salt[STREAM_SCRAM_SALT_BYTES_MAX];
    size_t salt_len;
    uint32_t iterations;
} server_first;

/* RFC 5802 section 5.1: printable, without a comma; it begins with ours and goes on. */
static bool nonce_extends(sotto_bytes whole, sotto_bytes ours) {
    for (size_t i = 0; i < whole.len; i++) {
        if (whole.at[i] < 0x21 || whole.at[i] > 0x7e || whole.at[i] == ',') return false;
    }
    return whole.len > ours.len && bytes_starts_with(whole, ours);
}

/* A positive number of at most 10 digits without leading zeros ("posit-number"); 0: it is none. */
static uint64_t positive(sotto_bytes text) {
    uint64_t value = 0;
    if (text.len == 0 || text.len > 10 || text.at[0] == '0') return 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') return 0;
        value = value * 10 + (uint64_t)(text.at[i] - '0');
    }
    return value;
}

static sotto_status read_first(const stream_scram_client *client, sotto_bytes message, server_first *ret) {
    if (message.len > SOTTO_SASL_MESSAGE_BYTES_MAX) return SOTTO_FAIL(TOO_LARGE);
    /* m= is an extension that whoever does not know it must refuse (RFC 5802 section 5.1). */
    if (message.len >= 2 && message.at[0] == 'm' && message.at[1] == '=') return SOTTO_FAIL(BAD_SERVER);
    sotto_bytes salt, iterations;
    SOTTO_TRY(scram_take(&message, 'r', &ret->nonce));
    SOTTO_TRY(scram_take(&message, 's', &salt));
    SOTTO_TRY(scram_take(&message, 'i', &iterations));
    if (!nonce_extends(ret->nonce, client->nonce)) return SOTTO_FAIL(BAD_SERVER);
    uint64_t count = positive(iterations);
    if (count < SOTTO_SCRAM_ITERATIONS_MIN || count > SOTTO_SCRAM_ITERATIONS_MAX) return SOTTO_FAIL(BAD_SERVER);
    ret->iterations = (uint32_t)count;
    bytes_buffer out;
    bytes_buffer_borrowed(&out, ret->salt, sizeof ret->salt);
    sotto_status status = bytes_base64_get(&out, salt);
    if (!sotto_ok(status) || out.len == 0) return SOTTO_FAIL(MALFORMED);
    ret->salt_len = out.len;
    return SOTTO_OK;
}

typedef struct proof {
    uint8_t salted[CRYPTO_HASH_BYTES_MAX], key[CRYPTO_HASH_BYTES_MAX], stored[CRYPTO_HASH_BYTES_MAX];
    uint8_t bytes[CRYPTO_HASH_BYTES_MAX]; /* ClientProof */
} proof;

/* RFC 5802 section 3. */
static sotto_status prove(stream_scram_client *client, const server_first *first, const scram_transcript *transcript,
                          proof *ret) {
    crypto_hash_kind hash = client->mechanism->hash;
    size_t size = crypto_hash_size(hash);
    SOTTO_TRY(crypto_pbkdf2(hash, ret->salted, size, client->password, bytes_of(first->salt, first->salt_len),
                            first->iterations));
    SOTTO_TRY(scram_keyed(hash, ret->key, ret->salted, "Client Key"));
    SOTTO_TRY(crypto_hash_of(hash, ret->stored, bytes_of(ret->key, size)));
    SOTTO_TRY(scram_sign(hash, ret->bytes, ret->stored, transcript));
    for (size_t i = 0; i < size; i++) ret->bytes[i] ^= ret->key[i];
    SOTTO_TRY(scram_keyed(hash, ret->key, ret->salted, "Server Key"));
    return scram_sign(hash, client->server_signature, ret->key, transcript);
}

static sotto_status write_final(stream_scram_client *client, const server_first *first, sotto_bytes message,
                                bytes_buffer *bare, bytes_buffer *ret) {
    bytes_buffer_text(bare, "c=");
    bytes_buffer_put(bare, client->binding_text);
    bytes_buffer_text(bare, ",r=");
    bytes_buffer_put(bare, first->nonce);
    scram_transcript transcript = {client->first_bare, message, BYTES_NONE};
    SOTTO_TRY(bytes_buffer_end(bare, &transcript.client_final_bare));
    proof made;
    sotto_status status = prove(client, first, &transcript, &made);
    if (sotto_ok(status)) {
        bytes_buffer_put(ret, transcript.client_final_bare);
        bytes_buffer_text(ret, ",p=");
        bytes_base64_put(ret, bytes_of(made.bytes, crypto_hash_size(client->mechanism->hash)));
        status = ret->status;
    }
    bytes_wipe(&made, sizeof made);
    return status;
}

sotto_status stream_scram_client_final(stream_scram_client *client, sotto_bytes message, bytes_buffer *ret) {
    if (client->step != STEP_FIRST_SENT) return SOTTO_FAIL(STATE);
    server_first first;
    SOTTO_TRY(read_first(client, message, &first));
    bytes_buffer bare;
    bytes_buffer_owned(&bare, client->host, 2 * SOTTO_SASL_MESSAGE_BYTES_MAX);
    sotto_status status = write_final(client, &first, message, &bare, ret);
    bytes_buffer_free(&bare);
    if (sotto_ok(status)) client->step = STEP_FINAL_SENT;
    return status;
}

/* RFC 5802 section 7: which errors mean that the password or the name is wrong. */
static sotto_status refusal(sotto_bytes error) {
    bool ours = bytes_is(error, "invalid-proof") || bytes_is(error, "unknown-user");
    return ours ? SOTTO_FAIL(NOT_AUTHORIZED) : SOTTO_FAIL(LOGIN_REFUSED);
}

sotto_status stream_scram_client_verify(stream_scram_client *client, sotto_bytes message) {
    if (client->step != STEP_FINAL_SENT) return SOTTO_FAIL(STATE);
    sotto_bytes value;
    sotto_bytes rest = message;
    if (sotto_ok(scram_take(&rest, 'e', &value))) return refusal(value);
    uint8_t signature[CRYPTO_HASH_BYTES_MAX];
    size_t size = crypto_hash_size(client->mechanism->hash);
    sotto_status status = scram_take(&rest, 'v', &value);
    if (sotto_ok(status)) status = bytes_base64_into(signature, size, value);
    if (!sotto_ok(status) || !crypto_equal(signature, client->server_signature, size)) {
        return SOTTO_FAIL(SERVER_UNPROVEN);
    }
    client->step = STEP_PROVEN;
    return SOTTO_OK;
}

bool stream_scram_client_proven(const stream_scram_client *client) {
    return client->step == STEP_PROVEN;
}

void stream_scram_client_free(stream_scram_client *client) {
    if (!client) return;
    bytes_arena_clear(&client->arena);
    bytes_free(client->host, client, sizeof *client);
}
