/* SPDX-License-Identifier: ISC */
#include "plain_tls.h"

#include "bytes/memory.h"
#include "rig.h"

#define WAITING_MAX (64u * 1024u)
#define OUT_MAX     (64u * 1024u * 1024u)

struct tls_engine {
    const sotto_host *host;
    bool server, no_binding, ready, waiting, closing, ended;
    bytes_buffer in, out;
    tls_facts facts;
    sotto_status error;
};

sotto_status tls_engine_new(tls_engine **ret, tls_context *context, const char *server_name, const char *const *alpn) {
    (void)alpn;
    MUST(context->server || (server_name && *server_name));
    tls_engine *engine = bytes_new(context->host, sizeof *engine);
    if (!engine) return SOTTO_FAIL(NO_MEMORY);
    engine->host = context->host;
    engine->server = context->server;
    engine->no_binding = context->no_binding;
    bytes_buffer_owned(&engine->in, context->host, 2 * WAITING_MAX);
    bytes_buffer_owned(&engine->out, context->host, OUT_MAX);
    bytes_buffer_u8(&engine->out, FUZZ_TLS_HELLO);
    *ret = engine;
    return SOTTO_OK;
}

static bool dead(const tls_engine *engine) {
    return !sotto_ok(engine->error);
}

static void shake(tls_engine *engine) {
    if (dead(engine) || engine->in.len == 0) return;
    if (!engine->ready) {
        if (engine->in.at[0] != FUZZ_TLS_HELLO) {
            engine->error = SOTTO_FAIL(TLS_FAILED);
            return;
        }
        bytes_buffer_drop(&engine->in, 1);
        engine->ready = true;
        engine->waiting = !engine->server;
    }
    if (engine->in.len > 0 && engine->in.at[0] == FUZZ_TLS_END) engine->ended = true;
}

unsigned tls_engine_state(tls_engine *engine) {
    shake(engine);
    unsigned out = engine->out.len > 0 ? TLS_HAS_RECORDS : 0;
    if (dead(engine)) return TLS_FAILED | out;
    unsigned state = out;
    bool open = engine->ready && !engine->waiting;
    if (engine->waiting) state |= TLS_WANTS_VERDICT;
    if (engine->ended && open) state |= TLS_ENDED;
    if (!engine->ended && engine->in.len < WAITING_MAX) state |= TLS_WANTS_RECORDS;
    if (open && !engine->closing) state |= TLS_WANTS_PLAIN;
    if (open && !engine->ended && engine->in.len > 0) state |= TLS_HAS_PLAIN;
    return state;
}

size_t tls_engine_records_in(tls_engine *engine, sotto_bytes bytes) {
    if (dead(engine) || engine->ended || engine->in.len >= WAITING_MAX) return 0;
    size_t room = WAITING_MAX - engine->in.len;
    if (bytes.len > room) bytes.len = room;
    bytes_buffer_put(&engine->in, bytes);
    return bytes.len;
}

size_t tls_engine_records_out(tls_engine *engine, void *out, size_t size) {
    size_t len = engine->out.len < size ? engine->out.len : size;
    if (len > 0) memcpy(out, engine->out.at, len);
    bytes_buffer_drop(&engine->out, len);
    return len;
}

size_t tls_engine_plain_in(tls_engine *engine, sotto_bytes plain) {
    if (!(tls_engine_state(engine) & TLS_WANTS_PLAIN)) return 0;
    bytes_buffer_put(&engine->out, plain);
    return plain.len;
}

size_t tls_engine_plain_out(tls_engine *engine, void *out, size_t size) {
    if (!(tls_engine_state(engine) & TLS_HAS_PLAIN)) return 0;
    const uint8_t *end = memchr(engine->in.at, FUZZ_TLS_END, engine->in.len);
    size_t len = end ? (size_t)(end - engine->in.at) : engine->in.len;
    if (len > size) len = size;
    memcpy(out, engine->in.at, len);
    bytes_buffer_drop(&engine->in, len);
    return len;
}

sotto_status tls_engine_error(const tls_engine *engine) {
    return engine->error;
}

const char *tls_engine_error_text(const tls_engine *engine) {
    return dead(engine) ? "no TLS" : "";
}

void tls_engine_close(tls_engine *engine) {
    if (!engine->ready || engine->closing || dead(engine)) return;
    engine->closing = true;
    bytes_buffer_u8(&engine->out, FUZZ_TLS_END);
}

void tls_engine_free(tls_engine *engine) {
    if (!engine) return;
    bytes_buffer_free(&engine->in);
    bytes_buffer_free(&engine->out);
    bytes_free(engine->host, engine, sizeof *engine);
}

const tls_facts *tls_engine_facts(const tls_engine *engine) {
    return engine->ready ? &engine->facts : NULL;
}

void tls_engine_verdict(tls_engine *engine, bool accept) {
    if (!engine->waiting) return;
    engine->waiting = false;
    if (!accept) engine->error = SOTTO_FAIL(BAD_CERTIFICATE);
}

sotto_status tls_engine_exporter(tls_engine *engine, uint8_t ret[32]) {
    if (!engine->ready || dead(engine) || engine->no_binding) return SOTTO_FAIL(STATE);
    memset(ret, 7, 32);
    return SOTTO_OK;
}
