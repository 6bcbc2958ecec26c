/* SPDX-License-Identifier: ISC
 *
 * stanza/reader.h: a whole stream in one piece and in small ones gives the same events and trees; errors stay; a new
 * stream can begin. The first two bytes: size of the pieces, and what happens after an end. */
#include "stanza/reader.h"

#include "trees.h"

typedef struct side {
    stanza_reader *reader;
    bytes_arena arena;
    size_t at;
    sotto_status status;
    stanza_reader_event event;
    const stanza_element *element;
} side;

static void side_start(side *s, const fuzz_host *host, size_t limit) {
    *s = (side){0};
    MUST_OK(stanza_reader_new(&s->reader, &host->host, limit));
    bytes_arena_init(&s->arena, &host->host, FUZZ_ARENA_BYTES_MAX);
}

static void side_end(side *s) {
    stanza_reader_free(s->reader);
    bytes_arena_clear(&s->arena);
}

/* Up to the next event, an error, or the end of what there is. */
static void side_next(side *s, sotto_bytes in, size_t step) {
    bytes_arena_clear(&s->arena);
    s->event = STANZA_READER_MORE;
    s->element = NULL;
    do {
        size_t left = in.len - s->at, len = left < step ? left : step, used = SIZE_MAX;
        sotto_bytes piece = fuzz_exact(bytes_of(bytes_after(in, s->at).at, len));
        s->status = stanza_reader_feed(s->reader, &s->arena, piece, &used, &s->event, &s->element);
        fuzz_exact_free(piece);
        if (!sotto_ok(s->status)) return;
        MUST(used <= len);
        s->at += used;
    } while (s->event == STANZA_READER_MORE && s->at < in.len);
}

static void compare(const side *a, const side *b) {
    MUST(a->status.code == b->status.code);
    if (!sotto_ok(a->status)) {
        MUST(sotto_class(a->status) == SOTTO_CLASS_PEER || sotto_is(a->status, SOTTO_E_STATE));
        return;
    }
    MUST(a->event == b->event && a->at == b->at);
    MUST(!a->element == !b->element);
    MUST((a->element != NULL) == (a->event == STANZA_READER_OPEN || a->event == STANZA_READER_STANZA));
    MUST(stanza_reader_inside(a->reader) == stanza_reader_inside(b->reader));
    if (!a->element) return;
    MUST(fuzz_same_tree(a->element, b->element));
    fuzz_check_tree(a->element);
    fuzz_check_tree(b->element);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sotto_bytes in = bytes_of(data, size);
    size_t step = 1 + fuzz_below(&in, 32);
    uint8_t restarts = fuzz_u8(&in);
    fuzz_host host;
    fuzz_host_start(&host);
    side whole, parts;
    size_t limit = (restarts & 128) != 0 ? 100 : SOTTO_STANZA_BYTES_MAX;
    side_start(&whole, &host, limit);
    side_start(&parts, &host, limit);
    for (;;) {
        side_next(&whole, in, SIZE_MAX);
        side_next(&parts, in, step);
        compare(&whole, &parts);
        bool over = !sotto_ok(whole.status) || whole.event == STANZA_READER_CLOSE;
        if (!over && whole.event != STANZA_READER_MORE) continue;
        if (!over || (restarts & 7) == 0) break;
        restarts--;
        side_next(&whole, in, SIZE_MAX); /* an end stays one */
        MUST(!sotto_ok(whole.status));
        MUST_OK(stanza_reader_restart(whole.reader));
        MUST_OK(stanza_reader_restart(parts.reader));
        size_t from = whole.at > parts.at ? whole.at : parts.at;
        whole.at = parts.at = from < in.len ? from + 1 : in.len;
    }
    side_end(&whole);
    side_end(&parts);
    fuzz_host_end(&host);
    return 0;
}
