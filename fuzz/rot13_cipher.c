/* SPDX-License-Identifier: ISC
 *
 * seal/rot13/cipher.h: upgraded and taken back, a stanza is what it was, unless it was upgraded already. */
#include "seal/rot13/cipher.h"

#include "trees.h"

static const stanza_element *turn(bytes_arena *arena, const stanza_element *stanza, bool upgrade) {
    bytes_buffer out;
    bytes_buffer_owned(&out, arena->host, 8 * SOTTO_STANZA_BYTES_MAX);
    const stanza_element *turned = NULL;
    sotto_bytes text;
    sotto_status status = rot13_write(&out, arena, stanza, upgrade);
    if (sotto_ok(status)) {
        MUST_OK(bytes_buffer_end(&out, &text));
        turned = fuzz_parse(arena, text);
    } else {
        MUST(sotto_is(status, SOTTO_E_TOO_LARGE));
    }
    bytes_buffer_free(&out);
    return turned;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_host host;
    fuzz_host_start(&host);
    bytes_arena arena;
    bytes_arena_init(&arena, &host.host, FUZZ_ARENA_BYTES_MAX);
    sotto_bytes text = fuzz_exact(bytes_of(data, size));
    const stanza_element *stanza = fuzz_parse(&arena, text);
    if (stanza) {
        const stanza_element *up = turn(&arena, stanza, true);
        const stanza_element *back = up ? turn(&arena, up, false) : NULL;
        bool already = memmem(text.at, text.len, "https:", 6) || memmem(text.at, text.len, "urn:xmpps:", 10) ||
                       memchr(text.at, '&', text.len);
        if (back && !already) MUST(fuzz_same_tree(stanza, back));
    }
    const char *sentence;
    (void)rot13_check(text, &sentence);
    fuzz_exact_free(text);
    bytes_arena_clear(&arena);
    fuzz_host_end(&host);
    return 0;
}
