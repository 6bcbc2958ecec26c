/* SPDX-License-Identifier: ISC
 *
 * seal/live/frame.h: the frame that anybody can send, the messages inside TLS, and (seal/live/row.h) the records. The
 * first byte chooses. What is read is written, and read again, as the same. */
#include "seal/live/frame.h"

#include "env.h"
#include "seal/live/row.h"
#include "trees.h"

static void frame(fuzz_env *env, sotto_bytes text) {
    const stanza_element *element = fuzz_parse(&env->arena, text);
    live_frame read, again;
    if (!element) return;
    sotto_status status = live_frame_read(element, &env->arena, &read);
    MUST(sotto_ok(status) || sotto_is(status, SOTTO_E_MALFORMED) || sotto_is(status, SOTTO_E_TOO_LARGE));
    if (!sotto_ok(status)) return;
    MUST(read.records.len > 0 && read.records.len <= SOTTO_LIVE_FRAME_BYTES_MAX);
    bytes_buffer out;
    sotto_bytes written;
    bytes_buffer_owned(&out, &env->host.host, 1u << 20);
    live_frame_write(&out, &read);
    MUST_OK(bytes_buffer_end(&out, &written));
    MUST_OK(stanza_parse(&env->arena, written, &element));
    MUST_OK(live_frame_read(element, &env->arena, &again));
    MUST(memcmp(read.session, again.session, sizeof read.session) == 0 && read.number == again.number);
    MUST(bytes_equal(read.records, again.records));
    bytes_buffer_free(&out);
}

/* A stream of messages: each is written as the bytes it was read from. */
static void messages(fuzz_env *env, sotto_bytes text) {
    for (;;) {
        live_message read;
        size_t used = 0;
        sotto_status status = live_message_read(text, &used, &read);
        MUST(sotto_ok(status) || sotto_is(status, SOTTO_E_AGAIN) || sotto_is(status, SOTTO_E_MALFORMED) ||
             sotto_is(status, SOTTO_E_TOO_LARGE) || sotto_is(status, SOTTO_E_UNSUPPORTED));
        if (!sotto_ok(status)) return;
        MUST(used >= 5 && used <= text.len && fuzz_inside(read.stanza, text) && fuzz_inside(read.body, text));
        MUST(read.kind <= LIVE_CLOSE || read.kind >= LIVE_IGNORED);
        bytes_buffer out;
        bytes_buffer_owned(&out, &env->host.host, 2 * SOTTO_STANZA_BYTES_MAX);
        live_message_write(&out, &read);
        MUST(out.status.code == 0 && bytes_equal(bytes_of(out.at, out.len), bytes_of(text.at, used)));
        bytes_buffer_free(&out);
        text = bytes_after(text, used);
    }
}

static sotto_status visit_row(void *arg, sotto_bytes jid, const uint8_t key[32], const live_row *row) {
    fuzz_env *env = arg;
    MUST(bytes_is(jid, "romeo@montague.example"));
    (void)fuzz_touch(row->full);
    (void)fuzz_touch(row->stanza);
    return live_row_put(&env->base, BYTES_LITERAL("again"), key, row);
}

static sotto_status compare_row(void *arg, sotto_bytes key, sotto_bytes value) {
    (void)key;
    const sotto_bytes *before = arg; /* whose lengths may have been written longer than they need be */
    MUST(value.len < before->len || bytes_equal(*before, value));
    return SOTTO_OK;
}

static void rows(fuzz_env *env, sotto_bytes value) {
    static const char name[] = "oromeo@montague.example\0"
                               "0123456789abcdef0123456789abcdef\0\0\0\0\0\0\0\7";
    MUST_OK(env->base.put(&env->base, bytes_of(name, sizeof name - 1), value));
    sotto_status status = live_row_scan(&env->base, BYTES_LITERAL("romeo@montague.example"), NULL, visit_row, env);
    MUST(sotto_ok(status) || sotto_is(status, SOTTO_E_STORE_CORRUPT));
    if (sotto_ok(status)) MUST_OK(env->base.scan(&env->base, BYTES_LITERAL("oagain"), compare_row, &value));
}

/* How far was received: a number is new once, whatever the record said before. */
static void received(fuzz_env *env, sotto_bytes value) {
    static const char name[] = "rromeo@montague.example\0"
                               "0123456789abcdef0123456789abcdef";
    const uint8_t *key = (const uint8_t *)name + sizeof name - 33;
    const sotto_bytes jid = BYTES_LITERAL("romeo@montague.example");
    uint8_t epoch[LIVE_EPOCH_BYTES] = {0};
    if (value.len > 17) memcpy(epoch, value.at + 1, sizeof epoch);
    MUST_OK(env->base.put(&env->base, bytes_of(name, sizeof name - 1), value));
    bool is_new = false, again = true;
    sotto_status status = live_row_received(&env->base, jid, key, epoch, 7, &is_new);
    MUST(sotto_ok(status) || sotto_is(status, SOTTO_E_STORE_CORRUPT));
    if (!sotto_ok(status)) return;
    MUST_OK(live_row_received(&env->base, jid, key, epoch, 7, &again));
    MUST(!again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static void (*const kinds[])(fuzz_env *, sotto_bytes) = {frame, messages, rows, received};
    fuzz_env env;
    fuzz_env_start(&env, "juliet@capulet.example");
    sotto_bytes in = bytes_of(data, size);
    uint8_t choice = fuzz_u8(&in) & 3;
    sotto_bytes text = fuzz_exact(in);
    if (text.len > 0) kinds[choice](&env, text);
    fuzz_exact_free(text);
    fuzz_env_end(&env);
    return 0;
}
