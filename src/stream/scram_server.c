/* SPDX-License-Identifier: ISC
 *
 * The server's side of SCRAM: the lab's, and the proxy's towards the client it serves. */
#include <sotto/limits.h>

#include "bytes/base64.h"
#include "bytes/memory.h"
#include "stream/scram_parts.h"

typedef enum step { STEP_NEW, STEP_FIRST_READ, STEP_FIRST_SENT, STEP_DONE } step;

struct stream_scram_server {
    const sotto_host *host;
    const stream_mechanism *mechanism;
    bool plus_offered;
    bytes_arena arena;
    step step;
    sotto_bytes binding, own_nonce;
    sotto_bytes gs2, first_bare, nonce; /* nonce: the client's and ours */
    sotto_bytes server_first;
    uint8_t stored[CRYPTO_HASH_BYTES_MAX], server_key[CRYPTO_HASH_BYTES_MAX];
};

sotto_status stream_scram_server_new(stream_scram_server **ret, const stream_scram_offer *offer) {
    if (offer->binding.len > STREAM_SCRAM_BINDING_BYTES_MAX) return SOTTO_FAIL(USAGE);
    stream_scram_server *server = bytes_new(offer->host, sizeof *server);
    if (!server) return SOTTO_FAIL(NO_MEMORY);
    server->host = offer->host;
    server->mechanism = offer->mechanism;
    server->plus_offered = offer->plus_offered;
    bytes_arena_init(&server->arena, offer->host, SCRAM_ARENA_BYTES_MAX);
    sotto_status status = scram_nonce(&server->arena, offer->host, offer->nonce, &server->own_nonce);
    if (sotto_ok(status) && !bytes_arena_copy(&server->arena, offer->binding, &server->binding)) {
        status = SOTTO_FAIL(NO_MEMORY);
    }
    if (!sotto_ok(status)) {
        stream_scram_server_free(server);
        return status;
    }
    *ret = server;
    return SOTTO_OK;
}

/* RFC 5802 section 6: -PLUS and "p" go together; "y" means that the client saw no -PLUS, though we offered it. */
static sotto_status check_gs2(const stream_scram_server *server, sotto_bytes flag) {
    bool bound = flag.len > 1;
    if (bound != server->mechanism->plus) return SOTTO_FAIL(LOGIN_REFUSED);
    if (bound) {
        bool known = bytes_is(flag, "p=tls-exporter") && server->binding.len > 0;
        return known ? SOTTO_OK : SOTTO_FAIL(LOGIN_REFUSED);
    }
    if (bytes_is(flag, "n")) return SOTTO_OK;
    if (bytes_is(flag, "y")) return server->plus_offered ? SOTTO_FAIL(LOGIN_REFUSED) : SOTTO_OK;
    return SOTTO_FAIL(MALFORMED);
}

/* The gs2 header is "flag,authzid,"; *ret_len counts both commas. */
static sotto_status read_gs2(const stream_scram_server *server, sotto_bytes message, size_t *ret_len) {
    if (message.len == 0) return SOTTO_FAIL(MALFORMED);
    const uint8_t *comma = memchr(message.at, ',', message.len);
    if (!comma) return SOTTO_FAIL(MALFORMED);
    size_t flag_len = (size_t)(comma - message.at);
    SOTTO_TRY(check_gs2(server, bytes_of(message.at, flag_len)));
    /* Nobody acts as somebody else here: the authorization identity stays empty. */
    if (flag_len + 1 >= message.len) return SOTTO_FAIL(MALFORMED);
    if (message.at[flag_len + 1] != ',') return SOTTO_FAIL(LOGIN_REFUSED);
    *ret_len = flag_len + 2;
    return SOTTO_OK;
}

static sotto_status unescape(bytes_arena *arena, const sotto_host *host, sotto_bytes text, sotto_bytes *ret) {
    bytes_buffer out;
    bytes_buffer_owned(&out, host, SOTTO_SASL_MESSAGE_BYTES_MAX);
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] != '=') {
            bytes_buffer_u8(&out, text.at[i]);
            continue;
        }
        sotto_bytes code = bytes_of(text.at + i, text.len - i < 3 ? text.len - i : 3);
        if (bytes_is(code, "=2C")) {
            bytes_buffer_u8(&out, ',');
        } else if (bytes_is(code, "=3D")) {
            bytes_buffer_u8(&out, '=');
        } else {
            bytes_buffer_fail(&out, SOTTO_FAIL(MALFORMED));
        }
        i += 2;
    }
    sotto_bytes plain;
    sotto_status status = bytes_buffer_end(&out, &plain);
    if (sotto_ok(status) && plain.len == 0) status = SOTTO_FAIL(MALFORMED);
    if (sotto_ok(status) && !bytes_arena_copy(arena, plain, ret)) status = SOTTO_FAIL(NO_MEMORY);
    bytes_buffer_free(&out);
    return status;
}

static sotto_status join_nonce(stream_scram_server *server, sotto_bytes client) {
    size_t len = client.len + server->own_nonce.len;
    uint8_t *at = bytes_arena_take(&server->arena, len);
    if (!at) return SOTTO_FAIL(NO_MEMORY);
    memcpy(at, client.at, client.len);
    memcpy(at + client.len, server->own_nonce.at, server->own_nonce.len);
    server->nonce = bytes_of(at, len);
    return SOTTO_OK;
}

sotto_status stream_scram_server_read_first(stream_scram_server *server, sotto_bytes message, sotto_bytes *ret_name) {
    if (server->step != STEP_NEW) return SOTTO_FAIL(STATE);
    if (message.len > SOTTO_SASL_MESSAGE_BYTES_MAX) return SOTTO_FAIL(TOO_LARGE);
    size_t gs2_len;
    SOTTO_TRY(read_gs2(server, message, &gs2_len));
    sotto_bytes copy, name, nonce;
    if (!bytes_arena_copy(&server->arena, message, &copy)) return SOTTO_FAIL(NO_MEMORY);
    server->gs2 = bytes_of(copy.at, gs2_len);
    server->first_bare = bytes_after(copy, gs2_len);
    sotto_bytes rest = server->first_bare;
    SOTTO_TRY(scram_take(&rest, 'n', &name));
    SOTTO_TRY(scram_take(&rest, 'r', &nonce));
    if (nonce.len == 0) return SOTTO_FAIL(MALFORMED);
    SOTTO_TRY(join_nonce(server, nonce));
    SOTTO_TRY(unescape(&server->arena, server->host, name, ret_name));
    server->step = STEP_FIRST_READ;
    return SOTTO_OK;
}

sotto_status stream_scram_server_first(stream_scram_server *server, const stream_scram_keys *keys, bytes_buffer *ret) {
    if (server->step != STEP_FIRST_READ) return SOTTO_FAIL(STATE);
    size_t size = crypto_hash_size(server->mechanism->hash), before = ret->len;
    memcpy(server->stored, keys->stored, size);
    memcpy(server->server_key, keys->server, size);
    bytes_buffer_text(ret, "r=");
    bytes_buffer_put(ret, server->nonce);
    bytes_buffer_text(ret, ",s=");
    bytes_base64_put(ret, bytes_of(keys->salt, keys->salt_len));
    bytes_buffer_text(ret, ",i=");
    bytes_buffer_decimal(ret, keys->iterations);
    SOTTO_TRY(ret->status);
    sotto_bytes message = bytes_of(ret->at + before, ret->len - before);
    if (!bytes_arena_copy(&server->arena, message, &server->server_first)) return SOTTO_FAIL(NO_MEMORY);
    server->step = STEP_FIRST_SENT;
    return SOTTO_OK;
}

/* H(proof XOR HMAC(StoredKey, AuthMessage)) is the StoredKey (RFC 5802 section 3). */
static sotto_status check_proof(const stream_scram_server *server, const scram_transcript *transcript,
                                sotto_bytes proof) {
    crypto_hash_kind hash = server->mechanism->hash;
    size_t size = crypto_hash_size(hash);
    uint8_t given[CRYPTO_HASH_BYTES_MAX], key[CRYPTO_HASH_BYTES_MAX], stored[CRYPTO_HASH_BYTES_MAX];
    SOTTO_TRY(bytes_base64_into(given, size, proof));
    sotto_status status = scram_sign(hash, key, server->stored, transcript);
    for (size_t i = 0; sotto_ok(status) && i < size; i++) key[i] ^= given[i];
    if (sotto_ok(status)) status = crypto_hash_of(hash, stored, bytes_of(key, size));
    if (sotto_ok(status) && !crypto_equal(stored, server->stored, size)) status = SOTTO_FAIL(NOT_AUTHORIZED);
    bytes_wipe(key, sizeof key);
    return status;
}

static sotto_status write_final(stream_scram_server *server, const scram_transcript *transcript, bytes_buffer *ret) {
    uint8_t signature[CRYPTO_HASH_BYTES_MAX];
    SOTTO_TRY(scram_sign(server->mechanism->hash, signature, server->server_key, transcript));
    bytes_buffer_text(ret, "v=");
    bytes_base64_put(ret, bytes_of(signature, crypto_hash_size(server->mechanism->hash)));
    return ret->status;
}

sotto_status stream_scram_server_final(stream_scram_server *server, sotto_bytes message, bytes_buffer *ret) {
    if (server->step != STEP_FIRST_SENT) return SOTTO_FAIL(STATE);
    if (message.len > 2 * SOTTO_SASL_MESSAGE_BYTES_MAX) return SOTTO_FAIL(TOO_LARGE);
    sotto_bytes rest = message, binding, nonce, proof, expected;
    SOTTO_TRY(scram_take(&rest, 'c', &binding));
    SOTTO_TRY(scram_take(&rest, 'r', &nonce));
    /* Extensions may stand between r= and p=; they are signed with the rest. */
    size_t bare_len = message.len - rest.len;
    while (rest.len >= 2 && rest.at[0] != 'p') {
        SOTTO_TRY(scram_take(&rest, (char)rest.at[0], &proof));
        bare_len = message.len - rest.len;
    }
    SOTTO_TRY(scram_take(&rest, 'p', &proof));
    if (rest.len > 0) return SOTTO_FAIL(MALFORMED);
    SOTTO_TRY(scram_binding_text(&server->arena, server->host, server->gs2,
                                 server->mechanism->plus ? server->binding : BYTES_NONE, &expected));
    if (!bytes_equal(binding, expected) || !bytes_equal(nonce, server->nonce)) return SOTTO_FAIL(NOT_AUTHORIZED);
    scram_transcript transcript = {server->first_bare, server->server_first, bytes_of(message.at, bare_len - 1)};
    SOTTO_TRY(check_proof(server, &transcript, proof));
    SOTTO_TRY(write_final(server, &transcript, ret));
    server->step = STEP_DONE;
    return SOTTO_OK;
}

void stream_scram_server_free(stream_scram_server *server) {
    if (!server) return;
    bytes_arena_clear(&server->arena);
    bytes_free(server->host, server, sizeof *server);
}
