/* SPDX-License-Identifier: ISC
 *
 * Every allocation fails once: the error is NO_MEMORY, nothing leaks, and it works the next time. */
#include "rig.h"

#include <stdlib.h>

#include "stanza/jid.h"
#include "stanza/memory.h"
#include "stanza/reader.h"
#include "stanza/writer.h"

static const char stanza[] =
    "<m xmlns:p='x' a='b'><p:c d='e'/>text &amp; more<f xmlns='g' xmlns:q='r' q:s='t'>h</f></m>";
static const char stream[] =
    "<?xml version='1.0'?><s:s xmlns:t='z' t:u='' xmlns:s='x' xmlns='y'><s:a b='c'>d</s:a><a/></s:s>";

/* Runs `work` with the n-th allocation failing, for every n, first the host's and then expat's. Expat takes one of its
 * own failures for a missing prefix; that is tried again (stanza/tree.c), and works then. */
static void starve(rig *r, sotto_status (*work)(rig *)) {
    for (int which = 0; which < 2; which++) {
        size_t survived = 0, n = 1;
        for (bool failed = true; failed; n++) {
            bytes_arena_clear(&r->arena);
            bytes_buffer_free(&r->out);
            r->calls = 0;
            r->failed = false;
            r->fail_at = which == 0 ? n : 0;
            rig_fail_malloc(which == 1 ? n : 0);
            sotto_status status = work(r);
            failed = which == 0 ? r->failed : rig_malloc_failed();
            r->fail_at = 0;
            rig_fail_malloc(0);
            if (!sotto_ok(status)) assert_status(status, NO_MEMORY);
            if (sotto_ok(status) == failed) survived++;
        }
        assert_true(survived <= (size_t)which);
        assert_true(n > 2);
    }
}

static sotto_status check_stanza(rig *r, const stanza_element *root) {
    sotto_bytes text;
    assert_non_null(stanza_child(root, "c", "x"));
    assert_bytes(stanza_attribute_ns(stanza_child(root, "f", "g"), "s", "r"), "t");
    if (!stanza_text(root, &r->arena, &text)) return SOTTO_FAIL(NO_MEMORY);
    assert_bytes(text, "text & more");
    return SOTTO_OK;
}

static sotto_status parse_once(rig *r) {
    const stanza_element *root;
    SOTTO_TRY(stanza_parse(&r->arena, bytes_text(stanza), &root));
    return check_stanza(r, root);
}

static void parsing(void **state) {
    starve(*state, parse_once);
}

static sotto_status read_all(rig *r, stanza_reader *reader) {
    const stanza_element *root;
    stanza_reader_event event = STANZA_READER_MORE;
    sotto_bytes in = bytes_text(stream);
    while (event != STANZA_READER_CLOSE) {
        size_t used;
        sotto_bytes piece = {in.at, in.len < 7 ? in.len : 7};
        SOTTO_TRY(stanza_reader_feed(reader, &r->arena, piece, &used, &event, &root));
        in = bytes_after(in, used);
    }
    return SOTTO_OK;
}

static sotto_status read_once(rig *r) {
    stanza_reader *reader;
    SOTTO_TRY(stanza_reader_new(&reader, &r->host, 1000));
    sotto_status status = read_all(r, reader);
    if (!sotto_ok(status)) {
        /* The failure is behind; after a restart everything works. */
        assert_fine(stanza_reader_restart(reader));
        assert_fine(read_all(r, reader));
    }
    stanza_reader_free(reader);
    return status;
}

static void reading(void **state) {
    starve(*state, read_once);
}

static sotto_status parser_once(rig *r) {
    stanza_parser *parser;
    const stanza_element *root;
    SOTTO_TRY(stanza_parser_new(&parser, &r->host));
    sotto_status status = stanza_parser_read(parser, &r->arena, bytes_text(stanza), &root);
    if (!sotto_ok(status)) {
        assert_fine(stanza_parser_read(parser, &r->arena, bytes_text(stanza), &root)); /* the failure is behind */
        assert_fine(check_stanza(r, root));
    } else {
        status = stanza_parser_read(parser, &r->arena, bytes_text(stanza), &root);
        if (sotto_ok(status)) status = check_stanza(r, root);
    }
    stanza_parser_free(parser);
    return status;
}

static void open_parser(void **state) {
    starve(*state, parser_once);
}

/* The arena at its ceiling is out of memory too, and back at its mark. */
static void ceiling(void **state) {
    rig *r = *state;
    size_t size = 0;
    for (sotto_status status = SOTTO_FAIL(NO_MEMORY); !sotto_ok(status); size += 64) {
        bytes_arena arena;
        const stanza_element *root;
        bytes_arena_init(&arena, &r->host, size);
        status = stanza_parse(&arena, bytes_text(stanza), &root);
        if (!sotto_ok(status)) {
            assert_status(status, NO_MEMORY);
            assert_null(bytes_arena_here(&arena).chunk);
        }
        stanza_jid jid;
        if (size < 16) assert_status(stanza_jid_parse(&arena, bytes_text("a@b"), &jid), NO_MEMORY);
        bytes_arena_clear(&arena);
        assert_true(size < 100000);
    }
    assert_true(size > 500);
}

static void expat_memory(void **state) {
    (void)state;
    assert_null(stanza_memory_new(SIZE_MAX));
    assert_null(stanza_memory_new(SIZE_MAX / 2 + 1));
    uint8_t *at = stanza_memory_resize(NULL, 3);
    assert_non_null(at);
    memcpy(at, "abc", 3);
    at = stanza_memory_resize(at, 1000);
    assert_memory_equal(at, "abc", 3);
    at = stanza_memory_resize(at, 2);
    assert_memory_equal(at, "ab", 2);
    assert_null(stanza_memory_resize(at, SIZE_MAX)); /* at is still valid */
    assert_memory_equal(at, "ab", 2);
    stanza_memory_free(at);
    stanza_memory_free(NULL);
}

/* Expat remembers every name; a peer who always has new ones must not fill the memory. */
static void names_are_forgotten(void **state) {
    rig *r = *state;
    stanza_reader *reader;
    stanza_reader_event event;
    const stanza_element *root;
    size_t used, most = 0, before = rig_malloc_live();
    assert_fine(stanza_reader_new(&reader, &r->host, 1000));
    assert_fine(stanza_reader_feed(reader, &r->arena, bytes_text("<s>"), &used, &event, &root));
    for (size_t i = 0; i < 60000; i++) {
        bytes_arena_mark mark = bytes_arena_here(&r->arena);
        bytes_buffer_reset(&r->out);
        bytes_buffer_text(&r->out, "<name-number-");
        bytes_buffer_decimal(&r->out, i);
        bytes_buffer_text(&r->out, " x='y'/>");
        sotto_bytes text;
        assert_fine(bytes_buffer_end(&r->out, &text));
        assert_fine(stanza_reader_feed(reader, &r->arena, text, &used, &event, &root));
        assert_int_equal(event, STANZA_READER_STANZA);
        bytes_arena_back(&r->arena, mark);
        if (rig_malloc_live() - before > most) most = rig_malloc_live() - before;
    }
    assert_in_range(most, 1000, 20000);
    stanza_reader_free(reader);
    assert_int_equal(rig_malloc_live(), before);
}

/* What passed through expat is wiped before its memory goes back. */
static void expat_memory_is_wiped(void **state) {
    rig *r = *state;
    stanza_parser *parser;
    const stanza_element *root;
    assert_fine(stanza_parser_new(&parser, &r->host));
    assert_fine(stanza_parser_read(parser, &r->arena, bytes_text(stanza), &root));
    void *small = stanza_memory_new(100);
    assert_non_null(small);
    memset(small, 'x', 100);
    rig_watch_free();
    small = stanza_memory_resize(small, 200);
    stanza_memory_free(small);
    assert_false(rig_free_was_dirty());
    uint8_t *plain = malloc(100); /* the watch itself works */
    assert_non_null(plain);
    memset(plain, 'x', 100);
    rig_watch_free();
    free(plain);
    assert_true(rig_free_was_dirty());
    stanza_parser_free(parser);
}

const struct CMUnitTest memory_tests[] = {
    RIG_TEST(parsing),
    RIG_TEST(reading),
    RIG_TEST(open_parser),
    RIG_TEST(ceiling),
    RIG_TEST(expat_memory),
    RIG_TEST(names_are_forgotten),
    RIG_TEST(expat_memory_is_wiped),
};
RIG_GROUP(memory_tests);
