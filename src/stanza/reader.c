/* SPDX-License-Identifier: ISC
 *
 * The reader: whitespace skipped, a piece cut, kept while it comes in parts, and handed to the tree whole. A piece that
 * comes in one part is never copied here. */
#include "stanza/reader.h"

#include <sotto/limits.h>

#include "bytes/buffer.h"
#include "bytes/memory.h"
#include "stanza/cut.h"
#include "stanza/tree.h"

#define KEPT_BYTES 65536u /* of memory, between stanzas */

typedef enum phase {
    HEADER,  /* waiting for the stream header */
    STANZAS, /* inside the stream */
    ENDING,  /* the header was an empty element: CLOSE comes next */
    CLOSED
} phase;

struct stanza_reader {
    const sotto_host *host;
    stanza_tree *tree;
    stanza_cut cut;
    phase phase;
    bool declared;        /* the XML declaration has come */
    sotto_status status;  /* the error that made it unusable */
    size_t limit;         /* of one stanza */
    size_t count;         /* bytes counted against the limit in force */
    bytes_buffer held;    /* the parts of an unfinished piece */
    bytes_buffer wrapper; /* the stream header's start tag */
};

typedef struct result {
    stanza_reader_event event;
    const stanza_element *element;
} result;

sotto_status stanza_reader_new(stanza_reader **ret, const sotto_host *host, size_t stanza_bytes_max) {
    stanza_reader *reader = bytes_new(host, sizeof *reader);
    if (!reader) return SOTTO_FAIL(NO_MEMORY);
    reader->tree = stanza_tree_new(host);
    if (!reader->tree) {
        bytes_free(host, reader, sizeof *reader);
        return SOTTO_FAIL(NO_MEMORY);
    }
    reader->host = host;
    reader->cut.header = true;
    bytes_buffer_owned(&reader->held, host, SOTTO_STANZA_BYTES_MAX);
    bytes_buffer_owned(&reader->wrapper, host, SOTTO_STANZA_HEADER_BYTES_MAX);
    stanza_reader_limit(reader, stanza_bytes_max);
    *ret = reader;
    return SOTTO_OK;
}

void stanza_reader_limit(stanza_reader *reader, size_t stanza_bytes_max) {
    reader->limit = stanza_bytes_max < SOTTO_STANZA_BYTES_MAX ? stanza_bytes_max : SOTTO_STANZA_BYTES_MAX;
}

sotto_status stanza_reader_restart(stanza_reader *reader) {
    stanza_tree_reset(reader->tree);
    reader->cut = (stanza_cut){.header = true};
    reader->phase = HEADER;
    reader->declared = false;
    reader->status = SOTTO_OK;
    reader->count = 0;
    bytes_buffer_reset(&reader->held);
    bytes_buffer_reset(&reader->wrapper);
    return SOTTO_OK;
}

bool stanza_reader_inside(const stanza_reader *reader) {
    return reader->cut.state != 0;
}

void stanza_reader_free(stanza_reader *reader) {
    if (!reader) return;
    stanza_tree_free(reader->tree);
    bytes_buffer_free(&reader->held);
    bytes_buffer_free(&reader->wrapper);
    bytes_free(reader->host, reader, sizeof *reader);
}

/* The stream header; it is kept, because expat may have to be given it again (stanza/tree.h). */
static sotto_status header(stanza_reader *reader, bytes_arena *arena, sotto_bytes text, bool closed, result *ret) {
    sotto_bytes kept;
    bytes_buffer_put(&reader->wrapper, text);
    SOTTO_TRY(bytes_buffer_end(&reader->wrapper, &kept));
    SOTTO_TRY(stanza_tree_header(reader->tree, arena, text, closed, &ret->element));
    ret->event = STANZA_READER_OPEN;
    reader->phase = closed ? ENDING : STANZAS;
    reader->cut.header = false;
    return SOTTO_OK;
}

static sotto_status piece(stanza_reader *reader, bytes_arena *arena, stanza_cut_found found, sotto_bytes text,
                          result *ret) {
    if (found == STANZA_CUT_DECLARATION) {
        if (reader->declared) return SOTTO_FAIL(XML_FORBIDDEN);
        reader->declared = true;
        return stanza_tree_declaration(reader->tree, text);
    }
    if (reader->phase == HEADER) return header(reader, arena, text, found == STANZA_CUT_ELEMENT, ret);
    sotto_bytes wrapper;
    SOTTO_TRY(bytes_buffer_end(&reader->wrapper, &wrapper));
    if (found == STANZA_CUT_END) {
        SOTTO_TRY(stanza_tree_close(reader->tree, wrapper, text));
        ret->event = STANZA_READER_CLOSE;
        reader->phase = CLOSED;
        return SOTTO_OK;
    }
    SOTTO_TRY(stanza_tree_read(reader->tree, arena, wrapper, text, &ret->element));
    ret->event = STANZA_READER_STANZA;
    return SOTTO_OK;
}

/* Takes the next part of a piece; *ret_used of `in` are consumed. */
static sotto_status part(stanza_reader *reader, bytes_arena *arena, sotto_bytes in, size_t *ret_used, result *ret) {
    size_t limit = reader->phase == HEADER ? SOTTO_STANZA_HEADER_BYTES_MAX : reader->limit;
    if (reader->count >= limit) return SOTTO_FAIL(TOO_LARGE);
    if (in.len > limit - reader->count) in.len = limit - reader->count;
    stanza_cut_found found;
    size_t used;
    SOTTO_TRY(stanza_cut_run(&reader->cut, in, &used, &found));
    reader->count += used;
    *ret_used = used;
    sotto_bytes text = {in.at, used};
    bool whole = reader->held.len == 0;
    if (found == STANZA_CUT_MORE || !whole) {
        bytes_buffer_put(&reader->held, text);
        SOTTO_TRY(bytes_buffer_end(&reader->held, &text));
    }
    if (found == STANZA_CUT_MORE) return reader->count == limit ? SOTTO_FAIL(TOO_LARGE) : SOTTO_OK;
    sotto_status status = piece(reader, arena, found, text, ret);
    bytes_buffer_reset(&reader->held);
    if (reader->held.size > KEPT_BYTES) bytes_buffer_free(&reader->held);
    if (found != STANZA_CUT_DECLARATION) reader->count = 0;
    return status;
}

/* Whitespace between pieces, from `at` on. In front of the header it counts, so that it cannot go on for ever. */
static size_t skip(stanza_reader *reader, sotto_bytes in, size_t at) {
    if (reader->cut.state != 0) return at;
    size_t from = at;
    size_t limit = reader->phase == HEADER ? SOTTO_STANZA_HEADER_BYTES_MAX - reader->count : in.len;
    while (at < in.len && at - from < limit && stanza_cut_space(in.at[at])) at++;
    if (reader->phase == HEADER) reader->count += at - from;
    return at;
}

static sotto_status read(stanza_reader *reader, bytes_arena *arena, sotto_bytes in, size_t *ret_used, result *ret) {
    size_t at = 0;
    while (ret->event == STANZA_READER_MORE) {
        at = skip(reader, in, at);
        if (reader->phase == HEADER && reader->count == SOTTO_STANZA_HEADER_BYTES_MAX) return SOTTO_FAIL(TOO_LARGE);
        if (at == in.len) break;
        size_t used = 0;
        SOTTO_TRY(part(reader, arena, bytes_after(in, at), &used, ret));
        at += used;
    }
    *ret_used = at;
    return SOTTO_OK;
}

sotto_status stanza_reader_feed(stanza_reader *reader, bytes_arena *arena, sotto_bytes in, size_t *ret_used,
                                stanza_reader_event *ret_event, const stanza_element **ret) {
    SOTTO_TRY(reader->status);
    if (reader->phase == CLOSED) return SOTTO_FAIL(STATE);
    size_t used = 0;
    result found = {STANZA_READER_MORE, NULL};
    if (reader->phase == ENDING) {
        found.event = STANZA_READER_CLOSE;
        reader->phase = CLOSED;
        stanza_tree_reset(reader->tree);
    } else {
        reader->status = read(reader, arena, in, &used, &found);
        if (!sotto_ok(reader->status)) {
            stanza_tree_reset(reader->tree);
            bytes_buffer_reset(&reader->held);
            return reader->status;
        }
    }
    *ret_used = used;
    *ret_event = found.event;
    *ret = found.element;
    return SOTTO_OK;
}
