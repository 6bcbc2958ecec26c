/* SPDX-License-Identifier: ISC
 *
 * seal/omemo/header.h: an <encrypted/> of somebody's, in a message, read in both dialects. What was found is ours and
 * the only one; what is written from it is read as the same. */
#include "seal/omemo/header.h"

#include <sotto/limits.h>

#include "env.h"
#include "trees.h"

#define ACCOUNT "romeo@montague.example"
#define DEVICE  31415

static void again(fuzz_env *env, const omemo_dialect *dialect, const omemo_header *header) {
    bytes_buffer out;
    stanza_writer w;
    sotto_bytes text;
    const stanza_element *written;
    omemo_header read;
    bytes_buffer_owned(&out, &env->host.host, 1u << 16);
    stanza_writer_init(&w, &out, "");
    stanza_open(&w, "message", STANZA_NS_CLIENT);
    omemo_header_open(&w, dialect, header->sender);
    omemo_header_keys_open(&w, dialect, BYTES_LITERAL(ACCOUNT));
    if (header->key) omemo_header_key(&w, dialect, DEVICE, header->is_kex, BYTES_LITERAL("a2V5"));
    omemo_header_keys_close(&w, dialect);
    omemo_header_close(&w, dialect, bytes_of(header->iv, header->iv_len));
    omemo_header_end(&w, dialect, header->payload ? BYTES_LITERAL("cGF5bG9hZA==") : BYTES_NONE);
    stanza_close(&w);
    MUST_OK(bytes_buffer_end(&out, &text));
    MUST_OK(stanza_parse(&env->arena, text, &written));
    MUST_OK(omemo_header_read(written, dialect, BYTES_LITERAL(ACCOUNT), DEVICE, &env->arena, &read));
    MUST(read.sender == header->sender && read.is_kex == header->is_kex && !read.key == !header->key);
    MUST(!read.payload == !header->payload && read.iv_len == header->iv_len);
    MUST(memcmp(read.iv, header->iv, read.iv_len) == 0);
    bytes_buffer_free(&out);
}

static void check(fuzz_env *env, const omemo_dialect *dialect, const stanza_element *stanza) {
    omemo_header header = {.sender = 0};
    sotto_status status = omemo_header_read(stanza, dialect, BYTES_LITERAL(ACCOUNT), DEVICE, &env->arena, &header);
    MUST(sotto_ok(status) || sotto_class(status) == SOTTO_CLASS_PEER);
    if (!sotto_ok(status)) {
        MUST(header.sender == 0);
        return;
    }
    uint64_t rid;
    MUST(header.sender >= 1 && header.sender <= OMEMO_ID_MAX && header.iv_len <= OMEMO_IV_BYTES_MAX);
    MUST(dialect->names->iv || header.iv_len == 0);
    MUST(header.key || !header.is_kex);
    if (header.key) MUST(stanza_attribute_number(header.key, "rid", 1, OMEMO_ID_MAX, &rid) && rid == DEVICE);
    if (header.payload) MUST(stanza_is(header.payload, "payload", dialect->ns));
    again(env, dialect, &header);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_env env;
    fuzz_env_start(&env, ACCOUNT);
    sotto_bytes text = fuzz_exact(bytes_of(data, size));
    const stanza_element *stanza = fuzz_parse(&env.arena, text);
    if (stanza) {
        for (size_t i = 0; i < OMEMO_DIALECTS; i++) check(&env, omemo_dialects[i], stanza);
    }
    fuzz_exact_free(text);
    fuzz_env_end(&env);
    return 0;
}
