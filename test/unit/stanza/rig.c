/* SPDX-License-Identifier: ISC
 *
 * The fixture. */
#include "rig.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "bytes/memory.h"

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void __real_free(void *at);
void __wrap_free(void *at);

static size_t malloc_count, malloc_fail_at;
static size_t malloc_live;
static bool malloc_failed, free_watched, free_dirty;

/* The linker sends the calls of src/stanza (and of the tests) here. */
void *__wrap_malloc(size_t size) {
    malloc_count++;
    if (malloc_fail_at != 0 && malloc_count == malloc_fail_at) {
        malloc_failed = true;
        return NULL;
    }
    malloc_live++;
    return __real_malloc(size);
}

void __wrap_free(void *at) {
    if (at) malloc_live--;
    /* More may be usable than was asked for, and what lies there nobody wrote: so it is a run of what the test wrote.
     */
    for (size_t i = 16, run = 0; free_watched && i < malloc_usable_size(at); i++) {
        run = ((uint8_t *)at)[i] == 'x' ? run + 1 : 0;
        free_dirty |= run >= 32;
    }
    __real_free(at);
}

size_t rig_malloc_live(void) {
    return malloc_live;
}

void rig_watch_free(void) {
    free_watched = true;
    free_dirty = false;
}

bool rig_free_was_dirty(void) {
    free_watched = false;
    return free_dirty;
}

void rig_fail_malloc(size_t n) {
    malloc_count = 0;
    malloc_fail_at = n;
    malloc_failed = false;
}

bool rig_malloc_failed(void) {
    return malloc_failed;
}

static void *rig_resize(void *arg, void *at, size_t old_size, size_t new_size) {
    rig *r = arg;
    if (new_size > old_size && ++r->calls == r->fail_at) {
        r->failed = true;
        return NULL;
    }
    if (new_size == 0) {
        __real_free(at); /* not what expat took */
        r->taken -= old_size;
        return NULL;
    }
    void *moved = realloc(at, new_size);
    assert_non_null(moved);
    r->taken += new_size;
    r->taken -= old_size;
    return moved;
}

static sotto_status rig_random(void *arg, void *out, size_t len) {
    (void)arg;
    (void)out;
    (void)len;
    return SOTTO_FAIL(NO_RANDOM); /* nothing in src/stanza needs any */
}

int rig_setup(void **state) {
    rig *r = calloc(1, sizeof *r);
    if (!r) return -1;
    r->host = (sotto_host){r, rig_resize, rig_random};
    bytes_arena_init(&r->arena, &r->host, (size_t)64 << 20);
    bytes_buffer_owned(&r->out, &r->host, (size_t)16 << 20);
    bytes_buffer_owned(&r->notes, &r->host, (size_t)64 << 20);
    rig_fail_malloc(0);
    *state = r;
    return 0;
}

int rig_teardown(void **state) {
    rig *r = *state;
    bytes_arena_clear(&r->arena);
    bytes_buffer_free(&r->out);
    bytes_buffer_free(&r->notes);
    size_t left = r->taken;
    free(r);
    return left == 0 ? 0 : -1;
}

void rig_assert_bytes(sotto_bytes got, sotto_bytes wanted, const char *file, int line) {
    if (bytes_equal(got, wanted)) return;
    print_error("got    \"%.*s\"\nwanted \"%.*s\"\n", (int)got.len, (const char *)got.at, (int)wanted.len,
                (const char *)wanted.at);
    _assert_true(0, "bytes equal", file, line);
}

const stanza_element *rig_parse(rig *r, const char *text) {
    const stanza_element *root = NULL;
    assert_fine(stanza_parse(&r->arena, bytes_text(text), &root));
    assert_non_null(root);
    return root;
}

sotto_status rig_parse_status(rig *r, sotto_bytes text) {
    static const stanza_element untouched;
    const stanza_element *root = &untouched;
    bytes_arena_mark before = bytes_arena_here(&r->arena);
    sotto_status status = stanza_parse(&r->arena, text, &root);
    if (sotto_ok(status)) return status;
    bytes_arena_mark behind = bytes_arena_here(&r->arena);
    assert_ptr_equal(before.chunk, behind.chunk);
    assert_int_equal(before.used, behind.used);
    assert_ptr_equal(root, &untouched);
    return status;
}

static void line(bytes_buffer *out, unsigned depth, const char *what, sotto_bytes a, sotto_bytes b) {
    bytes_buffer_decimal(out, depth);
    bytes_buffer_text(out, what);
    bytes_buffer_text(out, "{");
    bytes_buffer_put(out, a);
    bytes_buffer_text(out, "}");
    bytes_buffer_put(out, b);
    bytes_buffer_text(out, "\n");
}

void rig_dump_to(bytes_buffer *out, const stanza_element *element, unsigned depth, bool whole) {
    line(out, depth, " element ", element->ns, element->name);
    for (const stanza_attribute *a = element->attributes; a; a = a->next) {
        line(out, depth, " attribute ", a->ns, a->name);
        line(out, depth, " value ", BYTES_NONE, a->value);
    }
    if (whole) {
        line(out, depth, element->standalone ? " standalone " : " entangled ", element->outer_ns, element->raw);
        line(out, depth, element->own_default ? " anywhere " : " there ", BYTES_NONE, BYTES_NONE);
    }
    for (const stanza_node *node = element->first; node; node = node->next) {
        if (!node->element) {
            line(out, depth, " text ", BYTES_NONE, node->text);
            continue;
        }
        assert_ptr_equal(node->element->parent, element);
        rig_dump_to(out, node->element, depth + 1, whole);
    }
}

sotto_bytes rig_dump(rig *r, const stanza_element *element, bool whole) {
    sotto_bytes text;
    bytes_buffer_reset(&r->notes);
    rig_dump_to(&r->notes, element, 0, whole);
    assert_fine(bytes_buffer_end(&r->notes, &text));
    return text;
}

sotto_bytes rig_many(rig *r, const char *before, size_t count, const char *text, const char *behind) {
    size_t one = strlen(text), first = strlen(before), last = strlen(behind);
    uint8_t *at = bytes_arena_take(&r->arena, first + one * count + last + 1);
    assert_non_null(at);
    memcpy(at, before, first);
    for (size_t i = 0; i < count; i++) memcpy(at + first + i * one, text, one);
    memcpy(at + first + one * count, behind, last);
    return bytes_of(at, first + one * count + last);
}
