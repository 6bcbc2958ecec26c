/* SPDX-License-Identifier: ISC
 *
 * stanza/cut.h: in whatever pieces the bytes come, the cuts are the same; and what expat takes for one whole element,
 * the cutter takes for the same. The first byte: a header is expected, and the size of the pieces. */
#include "stanza/cut.h"

#include "trees.h"

typedef struct outcome {
    sotto_status status;
    stanza_cut_found found;
    size_t used;
} outcome;

static bool same_place(const stanza_cut *a, const stanza_cut *b) {
    return a->state == b->state && a->depth == b->depth && a->elements == b->elements && a->header == b->header &&
           a->attributes == b->attributes;
}

static outcome run(stanza_cut *cut, sotto_bytes in, size_t step) {
    outcome all = {SOTTO_OK, STANZA_CUT_MORE, 0};
    while (all.used < in.len && all.found == STANZA_CUT_MORE) {
        size_t len = in.len - all.used < step ? in.len - all.used : step, used = SIZE_MAX;
        sotto_bytes piece = fuzz_exact(bytes_of(in.at + all.used, len));
        all.status = stanza_cut_run(cut, piece, &used, &all.found);
        fuzz_exact_free(piece);
        if (!sotto_ok(all.status)) return all;
        MUST(used <= len && (used == len || all.found != STANZA_CUT_MORE));
        all.used += used;
        MUST(cut->depth <= SOTTO_STANZA_DEPTH_MAX && cut->elements <= SOTTO_STANZA_ELEMENTS_MAX);
    }
    return all;
}

/* Expat's word on the same bytes: what it reads as a whole element was cut as one, to the last byte. */
static void compare(sotto_bytes piece, const outcome *cut) {
    fuzz_host host;
    fuzz_host_start(&host);
    bytes_arena arena;
    bytes_arena_init(&arena, &host.host, FUZZ_ARENA_BYTES_MAX);
    const stanza_element *root = fuzz_parse(&arena, piece);
    if (root) {
        MUST_OK(cut->status);
        MUST(cut->found == STANZA_CUT_ELEMENT && cut->used == piece.len);
        fuzz_check_tree(root);
    }
    bytes_arena_clear(&arena);
    fuzz_host_end(&host);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sotto_bytes in = bytes_of(data, size);
    uint8_t choice = fuzz_u8(&in);
    stanza_cut whole = {.header = (choice & 1) != 0}, parts = whole;
    while (in.len > 0) {
        outcome a = run(&whole, in, in.len), b = run(&parts, in, 1 + (choice >> 1) % 16);
        MUST(a.status.code == b.status.code);
        if (!whole.header && in.at[0] == '<') compare(in, &a);
        if (!sotto_ok(a.status)) break;
        MUST(a.found == b.found && a.used == b.used);
        MUST(same_place(&whole, &parts));
        MUST(whole.header || (a.found != STANZA_CUT_START && a.found != STANZA_CUT_DECLARATION));
        if (a.found == STANZA_CUT_ELEMENT && !whole.header) compare(bytes_of(in.at, a.used), &a);
        in = bytes_after(in, a.used);
    }
    return 0;
}
