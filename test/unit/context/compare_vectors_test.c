/* SPDX-License-Identifier: ISC
 *
 * The string that two people compare, against what a second implementation makes of doc/xtls.xml (tools/live-vectors).
 */
#include "bytes/base64.h"
#include "compare_vectors.h"
#include "context/compare.h"
#include "groups.h"

#include "test/unit/bytes/rig.h"

#define COUNT (sizeof vector_compares / sizeof vector_compares[0])

typedef struct sheet {
    uint8_t at[8192];
    size_t used;
} sheet;

static sotto_bytes of(sheet *s, const char *hex) {
    bytes_buffer out;
    sotto_bytes ret;
    bytes_buffer_borrowed(&out, s->at + s->used, sizeof s->at - s->used);
    assert_true(sotto_ok(bytes_hex_get(&out, bytes_text(hex))));
    assert_true(sotto_ok(bytes_buffer_end(&out, &ret)));
    s->used += ret.len;
    return ret;
}

static void assert_bytes(const void *found, size_t len, sotto_bytes expected) {
    assert_int_equal(len, expected.len);
    assert_memory_equal(found, expected.at, len);
}

static void assert_as(const struct vector_compares *vector) {
    sheet s = {0};
    const sotto_bytes way = of(&s, vector->way);
    const bool live = bytes_is(way, "live");
    const context_compare_side a = {of(&s, vector->jid_a), of(&s, vector->key_a).at};
    const context_compare_side b = {of(&s, vector->jid_b), of(&s, vector->key_b).at};
    context_compare_list list_a, list_b;
    uint8_t context[32], other_way_round[32], commitment[32], check[CONTEXT_COMPARE_CHECK_BYTES];
    char string[CONTEXT_COMPARE_STRING_SIZE];
    const context_compare_type type = live ? CONTEXT_COMPARE_LIVE : CONTEXT_COMPARE_OMEMO;
    const sotto_bytes exported = of(&s, vector->exported);
    assert_true(sotto_ok(context_compare_list_read(of(&s, vector->list_a), &list_a)));
    assert_true(sotto_ok(context_compare_list_read(of(&s, vector->list_b), &list_b)));
    assert_true(sotto_ok(context_compare_context(context, type, &a, &b, exported)));
    assert_true(sotto_ok(context_compare_context(other_way_round, type, &b, &a, exported)));
    assert_bytes(context, sizeof context, of(&s, vector->context));
    assert_memory_equal(other_way_round, context, sizeof context);
    assert_true(sotto_ok(context_compare_check(check, context)));
    assert_bytes(check, sizeof check, of(&s, vector->check));
    const context_compare_run run = {.context = context,
                                     .thread = of(&s, vector->thread).at,
                                     .nonce_a = of(&s, vector->nonce_a).at,
                                     .nonce_b = of(&s, vector->nonce_b).at,
                                     .list_a = &list_a,
                                     .list_b = &list_b,
                                     .jid_a = a.jid,
                                     .jid_b = b.jid};
    assert_true(sotto_ok(context_compare_commitment(commitment, run.thread, &list_a, run.nonce_a)));
    assert_bytes(commitment, sizeof commitment, of(&s, vector->commitment));
    assert_true(sotto_ok(context_compare_string(string, &run)));
    assert_bytes(string, sizeof string - 1, of(&s, vector->string));
}

static void test_vectors(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        print_message("%s\n", vector_compares[i].name);
        assert_as(&vector_compares[i]);
    }
}

int compare_vectors_group(void) {
    const struct CMUnitTest compare_vectors[] = {cmocka_unit_test(test_vectors)};
    return cmocka_run_group_tests(compare_vectors, NULL, NULL);
}
