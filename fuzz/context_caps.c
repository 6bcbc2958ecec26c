/* SPDX-License-Identifier: ISC
 *
 * context/caps.h: whatever the features (the lines of the input) and the node asked about (the first line): the hash
 * does not depend on their order, one that comes twice is refused, the answer is XML that says the same. */
#include "context/caps.h"

#include "trees.h"

#define FEATURES_MAX 32

static void check_info(bytes_arena *arena, const char *const *features, size_t count, sotto_bytes node) {
    bytes_buffer out;
    bytes_buffer_owned(&out, arena->host, 1u << 20);
    stanza_writer writer;
    stanza_writer_init(&writer, &out, STANZA_NS_CLIENT);
    MUST_OK(context_caps_info(&writer, arena, features, node));
    sotto_bytes text;
    if (sotto_ok(bytes_buffer_end(&out, &text))) { /* not with characters that XML cannot carry */
        const stanza_element *info;
        MUST_OK(stanza_parse(arena, text, &info));
        MUST(stanza_count(info) == 1 + 3 + count);
        MUST(bytes_equal(stanza_attribute_of(info, "node"), node));
    }
    bytes_buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_host host;
    fuzz_host_start(&host);
    bytes_arena arena;
    bytes_arena_init(&arena, &host.host, FUZZ_ARENA_BYTES_MAX);
    sotto_bytes in = bytes_of(data, size), node = fuzz_line(&in);
    const char *forwards[FEATURES_MAX + 1] = {NULL}, *backwards[FEATURES_MAX + 1] = {NULL};
    size_t count = 0;
    while (in.len > 0 && count < FEATURES_MAX) {
        sotto_bytes copy;
        MUST(bytes_arena_copy(&arena, fuzz_line(&in), &copy));
        forwards[count++] = (const char *)copy.at;
    }
    for (size_t i = 0; i < count; i++) backwards[i] = forwards[count - 1 - i];
    sotto_bytes ver, other;
    sotto_status status = context_caps_ver(&arena, forwards, &ver);
    MUST(sotto_ok(status) || sotto_is(status, SOTTO_E_USAGE) || sotto_is(status, SOTTO_E_TOO_LARGE));
    MUST(context_caps_ver(&arena, backwards, &other).code == status.code);
    if (sotto_ok(status)) {
        MUST(ver.len == 28 && bytes_equal(ver, other));
        check_info(&arena, forwards, count, node);
    }
    bytes_arena_clear(&arena);
    fuzz_host_end(&host);
    return 0;
}
