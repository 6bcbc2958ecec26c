/* SPDX-License-Identifier: ISC
 *
 * Comparing keys by eight characters: the values that doc/live.md prescribes, as a second implementation computes them;
 * what is read and what is not; and how often somebody in the middle may guess.
 *
 * The values below are what this prints (Python's own library alone):
 *
 *     import hashlib, hmac
 *     def block(b): return len(b).to_bytes(4, 'big') + b
 *     def H(*bs): return hashlib.sha256(b''.join(map(block, bs))).digest()
 *     A, B, thread = b'juliet@capulet.example', b'romeo@montague.example', bytes(range(16))
 *     na, nb, ka, kb = b'\xA1' * 32, b'\xB2' * 32, b'\x0A' * 32, b'\x0B' * 32
 *     la, lb = b'\1' + b'\x1A' * 32 + b'\2' + ka, b'\2' + kb + b'\2' + b'\x2B' * 32
 *     print(H(b'sotto compare commit 0', thread, la, na).hex())
 *     for c in (H(b'sotto compare context 0', b'omemo', A, ka, B, kb, b''),
 *               H(b'sotto compare context 0', b'live', A, b'\x1A' * 32, B, b'\x1B' * 32, b'\xE7' * 32),
 *               H(b'sotto compare context 0', b'omemo', A, ka, A, kb, b'')):
 *         prk = hmac.new(c, na + nb, 'sha256').digest()
 *         info = b'sotto compare string 0' + b''.join(map(block, (thread, la, lb, A, B)))
 *         v = int.from_bytes(hmac.new(prk, info + b'\1', 'sha256').digest()[:5], 'big')
 *         print(c.hex(), H(b'sotto compare check 0', c)[:16].hex(),
 *               ''.join('ABCDEFGHJKLMNPQRSTUVWXYZ23456789'[v >> (35 - 5 * i) & 31] for i in range(8)))
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* the attacker's loop: his hash is kept at its middle */

#include "groups.h"

#include "test/unit/bytes/rig.h"

#include <stdio.h>

#include <openssl/sha.h>

#include "bytes/base64.h"
#include "context/compare.h"

#define COMMITMENT    "6666bcb1c9adecc86169e3698e753f66ab32c723a5f617cba0f630a0c555a392"
#define CONTEXT_OMEMO "113649fd4abfbb48b66428aefb57842d76e5f9d019b703523a42665d05b32409"
#define CONTEXT_LIVE  "fca6f093af4853330f85b46aecf67e269989a8a2838091c17d77c30cfd8f8809"
#define CONTEXT_OWN   "0dd026a3d1c10d35054b33b6bc2705001fa572fa4ea6571dd5f4b9080f440549"

static bytes_arena arena;

static int setup(void **state) {
    (void)state;
    bytes_arena_init(&arena, sotto_host_default(), 4u << 20);
    return 0;
}
static int teardown(void **state) {
    (void)state;
    bytes_arena_clear(&arena);
    return 0;
}

static const uint8_t *filled(uint8_t fill) {
    static uint8_t keys[8][32];
    static unsigned turn;
    uint8_t *key = keys[turn++ % 8];
    memset(key, fill, 32);
    return key;
}

static void assert_hex(const uint8_t *bytes, size_t len, const char *hex) {
    char text[129] = {0};
    bytes_buffer out;
    bytes_buffer_borrowed(&out, text, sizeof text);
    bytes_hex_put(&out, bytes_of(bytes, len));
    assert_ok(out.status);
    assert_string_equal(text, hex);
}

/* ---- the values ---- */

typedef struct run {
    uint8_t thread[16], context[32], nonce_a[32], nonce_b[32];
    context_compare_list list_a, list_b;
} run;

static run run_of_the_vectors(void) {
    run r = {0};
    for (uint8_t i = 0; i < 16; i++) r.thread[i] = i;
    memset(r.nonce_a, 0xA1, 32);
    memset(r.nonce_b, 0xB2, 32);
    assert_ok(context_compare_list_add(&r.list_a, CONTEXT_COMPARE_OMEMO, filled(0x0A)));
    assert_ok(context_compare_list_add(&r.list_a, CONTEXT_COMPARE_LIVE, filled(0x1A)));
    assert_ok(context_compare_list_add(&r.list_b, CONTEXT_COMPARE_OMEMO, filled(0x2B)));
    assert_ok(context_compare_list_add(&r.list_b, CONTEXT_COMPARE_OMEMO, filled(0x0B)));
    assert_ok(context_compare_list_add(&r.list_b, CONTEXT_COMPARE_OMEMO, filled(0x2B)));
    return r;
}

static const char *string_of(const run *r, const uint8_t context[32]) {
    static char text[CONTEXT_COMPARE_STRING_SIZE];
    context_compare_run all = {.context = context,
                               .thread = r->thread,
                               .nonce_a = r->nonce_a,
                               .nonce_b = r->nonce_b,
                               .list_a = &r->list_a,
                               .list_b = &r->list_b,
                               .jid_a = BYTES_LITERAL("juliet@capulet.example"),
                               .jid_b = BYTES_LITERAL("romeo@montague.example")};
    assert_ok(context_compare_string(text, &all));
    return text;
}

static void test_the_values_of_another_implementation(void **state) {
    (void)state;
    run r = run_of_the_vectors();
    uint8_t bytes[32], check[16];
    assert_int_equal(r.list_b.count, 2);
    assert_ok(context_compare_commitment(bytes, r.thread, &r.list_a, r.nonce_a));
    assert_hex(bytes, 32, COMMITMENT);
    context_compare_side a = {BYTES_LITERAL("juliet@capulet.example"), filled(0x0A)};
    context_compare_side b = {BYTES_LITERAL("romeo@montague.example"), filled(0x0B)};
    assert_ok(context_compare_context(bytes, CONTEXT_COMPARE_OMEMO, &a, &b, BYTES_NONE));
    assert_hex(bytes, 32, CONTEXT_OMEMO);
    assert_ok(context_compare_check(check, bytes));
    assert_hex(check, 16, "00349a02c3a71771f607a5fce05e9fa8");
    assert_string_equal(string_of(&r, bytes), "SGV3JLTR");
    /* Whichever side computes it. */
    assert_ok(context_compare_context(bytes, CONTEXT_COMPARE_OMEMO, &b, &a, BYTES_NONE));
    assert_hex(bytes, 32, CONTEXT_OMEMO);
    /* Two devices of one account: the lower key. */
    b.jid = a.jid;
    assert_true(context_compare_order(&a, &b) < 0 && context_compare_order(&b, &a) > 0);
    assert_ok(context_compare_context(bytes, CONTEXT_COMPARE_OMEMO, &b, &a, BYTES_NONE));
    assert_hex(bytes, 32, CONTEXT_OWN);
    assert_string_equal(string_of(&r, bytes), "DYPTWNBH");
    /* A live session. */
    a.key = filled(0x1A);
    b = (context_compare_side){BYTES_LITERAL("romeo@montague.example"), filled(0x1B)};
    assert_ok(context_compare_context(bytes, CONTEXT_COMPARE_LIVE, &a, &b, bytes_of(filled(0xE7), 32)));
    assert_hex(bytes, 32, CONTEXT_LIVE);
    assert_ok(context_compare_check(check, bytes));
    assert_hex(check, 16, "a4dc8c8339cf2ac7262485ec04c915a5");
    assert_string_equal(string_of(&r, bytes), "QEPWZKFN");
}

/* Whatever one side has differently shows. */
static void test_everything_counts(void **state) {
    (void)state;
    run same = run_of_the_vectors();
    uint8_t context[32] = {7};
    char before[CONTEXT_COMPARE_STRING_SIZE];
    strcpy(before, string_of(&same, context));
    for (unsigned i = 0; i < 7; i++) {
        run r = same;
        uint8_t other[32] = {7};
        if (i == 0) r.thread[15] ^= 1;
        if (i == 1) r.nonce_a[31] ^= 1;
        if (i == 2) r.nonce_b[0] ^= 1;
        if (i == 3) r.list_a.at[1].key[31] ^= 1;
        if (i == 4) r.list_b.at[0].key[0] ^= 1;
        if (i == 5) r.list_b.count = 1;
        if (i == 6) other[0] = 6;
        assert_string_not_equal(string_of(&r, other), before);
    }
    assert_string_equal(string_of(&same, context), before);
}

static void test_the_alphabet_has_no_twins(void **state) {
    (void)state;
    char seen[256] = {0};
    run r = run_of_the_vectors();
    for (unsigned i = 0; i < 200; i++) {
        uint8_t context[32] = {(uint8_t)i};
        for (const char *c = string_of(&r, context); *c != 0; c++) seen[(uint8_t)*c] = 1;
    }
    unsigned count = 0;
    for (unsigned i = 0; i < 256; i++) count += (unsigned)seen[i];
    assert_int_equal(count, 32);
    assert_false(seen['I'] || seen['O'] || seen['0'] || seen['1']);
}

/* ---- what a person types ---- */

static void test_what_is_typed(void **state) {
    (void)state;
    static const char *const good[] = {"SGV3JLTR", "sgv3-jltr", " SGV3 - jLtR\n", "s g v 3 j l t r", "SGV3\tJLTR\r\n"};
    static const char *const bad[] = {"",         "SGV3JLT",  "SGV3JLTRR", "SGV3JLT0", "SGV3JLT1",
                                      "SGV3JLTI", "SGV3JLTO", "SGV3_JLTR", "yes",      "SGV3JLT\xc3\xa9"};
    char text[CONTEXT_COMPARE_STRING_SIZE];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(context_compare_typed(bytes_text(good[i]), text));
        assert_string_equal(text, "SGV3JLTR");
    }
    strcpy(text, "as it is");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(context_compare_typed(bytes_text(bad[i]), text));
    assert_false(context_compare_typed(bytes_of("SGV3\0JLT", 8), text));
    assert_string_equal(text, "as it is");
}

/* ---- lists ---- */

/* limit: SOTTO_COMPARE_KEYS_MAX */
static void test_lists(void **state) {
    (void)state;
    context_compare_list list = {0}, read;
    uint8_t at[64 * 33];
    bytes_buffer out;
    sotto_bytes bytes;
    for (uint8_t i = 0; i < SOTTO_COMPARE_KEYS_MAX; i++)
        assert_ok(context_compare_list_add(&list, CONTEXT_COMPARE_OMEMO, filled((uint8_t)(200 - i))));
    assert_status(context_compare_list_add(&list, CONTEXT_COMPARE_LIVE, filled(1)), TOO_LARGE);
    assert_ok(context_compare_list_add(&list, CONTEXT_COMPARE_OMEMO, filled(200))); /* it is there */
    assert_int_equal(list.count, SOTTO_COMPARE_KEYS_MAX);
    bytes_buffer_borrowed(&out, at, sizeof at);
    context_compare_list_write(&out, &list);
    assert_ok(bytes_buffer_end(&out, &bytes));
    assert_ok(context_compare_list_read(bytes, &read));
    assert_int_equal(read.count, list.count);
    assert_true(context_compare_list_has(&read, CONTEXT_COMPARE_OMEMO, filled(180)));
    assert_false(context_compare_list_has(&read, CONTEXT_COMPARE_LIVE, filled(180)));
    /* One more than that, in order. */
    bytes_buffer_u8(&out, CONTEXT_COMPARE_OMEMO);
    bytes_buffer_put(&out, bytes_of(filled(201), 32));
    assert_ok(bytes_buffer_end(&out, &bytes));
    assert_status(context_compare_list_read(bytes, &read), TOO_LARGE);
    assert_status(context_compare_list_read(BYTES_NONE, &read), MALFORMED);
    assert_status(context_compare_list_read(bytes_of(at, 34), &read), MALFORMED);
    memcpy(at + 33, at, 33); /* a key twice */
    assert_status(context_compare_list_read(bytes_of(at, 66), &read), MALFORMED);
    at[33] = CONTEXT_COMPARE_LIVE; /* out of order */
    assert_status(context_compare_list_read(bytes_of(at, 66), &read), MALFORMED);
    at[0] = 3; /* a type that is none */
    assert_status(context_compare_list_read(bytes_of(at, 33), &read), MALFORMED);
}

/* ---- messages ---- */

static const char *written(const context_compare_message *m) {
    static char text[8192];
    bytes_buffer out;
    stanza_writer writer;
    bytes_buffer_borrowed(&out, text, sizeof text);
    stanza_writer_init(&writer, &out, STANZA_NS_CLIENT);
    stanza_open(&writer, "message", STANZA_NS_CLIENT);
    context_compare_write(&writer, m);
    stanza_close(&writer);
    bytes_buffer_u8(&out, 0);
    assert_ok(out.status);
    return text;
}

static sotto_status read_text(const char *text, context_compare_message *ret, bool *ret_alone) {
    const stanza_element *stanza;
    assert_ok(stanza_parse(&arena, bytes_text(text), &stanza));
    return context_compare_read(stanza, &arena, ret, ret_alone);
}

static context_compare_message message(context_compare_step step) {
    context_compare_message m = {.step = step};
    memset(m.thread, 0xab, sizeof m.thread);
    if (step == CONTEXT_COMPARE_ASK || step == CONTEXT_COMPARE_ANSWER)
        assert_ok(context_compare_list_add(&m.list, CONTEXT_COMPARE_LIVE, filled(5)));
    if (step == CONTEXT_COMPARE_ASK) memset(m.commitment, 1, 32);
    if (step == CONTEXT_COMPARE_ANSWER || step == CONTEXT_COMPARE_REVEAL) memset(m.nonce, 2, 32);
    if (step == CONTEXT_COMPARE_ANSWER) memset(m.check, 3, 16);
    if (step == CONTEXT_COMPARE_ABORT) m.reason = CONTEXT_COMPARE_LATE;
    return m;
}

static void test_what_is_written_is_read_again(void **state) {
    (void)state;
    for (context_compare_step step = CONTEXT_COMPARE_ASK; step <= CONTEXT_COMPARE_ABORT; step++) {
        context_compare_message m = message(step), again;
        bool alone = false;
        m.yes = step == CONTEXT_COMPARE_DONE;
        memset(&again, 0xff, sizeof again);
        assert_ok(read_text(written(&m), &again, &alone));
        assert_true(alone);
        assert_memory_equal(&again, &m, sizeof m);
    }
    for (context_compare_reason reason = 0; reason < CONTEXT_COMPARE_REASONS; reason++) {
        context_compare_message m = message(CONTEXT_COMPARE_ABORT), again;
        bool alone;
        m.reason = reason;
        assert_ok(read_text(written(&m), &again, &alone));
        assert_int_equal(again.reason, reason);
    }
    assert_string_equal(context_compare_reason_name(CONTEXT_COMPARE_REASONS), "unknown");
}

#define THREAD "abababababababababababababababab"
#define NONCE  "<nonce>AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=</nonce>"
#define SAID(attributes, inside)                                                                                       \
    "<message><compare xmlns='urn:sotto:compare:0' " attributes ">" inside "</compare></message>"

static void test_what_is_none(void **state) {
    (void)state;
    static const char *const bad[] = {
        SAID("", ""),
        SAID("step='reveal'", NONCE),
        SAID("thread='" THREAD "'", NONCE),
        SAID("step='shout' thread='" THREAD "'", NONCE),
        SAID("step='reveal' thread='abab'", NONCE),
        SAID("step='reveal' thread='" THREAD "ab'", NONCE),
        SAID("step='reveal' thread='abababababababababababababababag'", NONCE),
        SAID("step='reveal' thread='" THREAD "'", ""),
        SAID("step='reveal' thread='" THREAD "'", NONCE NONCE),
        SAID("step='reveal' thread='" THREAD "'", "<nonce>AgI=</nonce>"),
        SAID("step='reveal' thread='" THREAD "'", "<nonce>AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=<b/></nonce>"),
        SAID("step='answer' thread='" THREAD "'", NONCE),
        SAID("step='ask' thread='" THREAD "'", "<list/>"),
        SAID("step='ask' thread='" THREAD "'", "<list>***</list>"),
        SAID("step='done' thread='" THREAD "'", ""),
        SAID("step='done' verdict='maybe' thread='" THREAD "'", ""),
        "<message><compare xmlns='urn:sotto:compare:0' thread='" THREAD
        "' step='done' verdict='yes'/><compare xmlns='urn:sotto:compare:0'/></message>",
    };
    context_compare_message m;
    bool alone;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_status(read_text(bad[i], &m, &alone), MALFORMED);
        assert_true(alone);
    }
    assert_status(read_text("<message><body>compare</body></message>", &m, &alone), NOT_FOUND);
    assert_false(alone);
    assert_status(read_text("<message><compare xmlns='other' thread='" THREAD "'/></message>", &m, &alone), NOT_FOUND);
    /* A reason of a later version. */
    assert_ok(read_text(SAID("step='abort' reason='weather' thread='" THREAD "'", ""), &m, &alone));
    assert_int_equal(m.reason, CONTEXT_COMPARE_CANCELLED);
    /* A list that is too long for any buffer. */
    char text[4096];
    int len =
        snprintf(text, sizeof text,
                 "<message><body>x</body><compare xmlns='urn:sotto:compare:0' step='ask' thread='%s'><list>", THREAD);
    memset(text + len, 'A', 2000);
    snprintf(text + len + 2000, sizeof text - (size_t)len - 2000, "</list></compare></message>");
    assert_status(read_text(text, &m, &alone), TOO_LARGE);
    assert_false(alone);
}

/* ---- somebody in the middle ---- */

/* valgrind is sixty times slower: what it looks for it finds in fewer. */
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#define TRIES (RUNNING_ON_VALGRIND != 0 ? 1u << 18 : 1u << 24)
#else
#define TRIES (1u << 24)
#endif

/* His hash up to the nonce, which is what he varies. */
static void commit_middle(SHA256_CTX *ret, const run *r, const context_compare_list *list) {
    static const char label[] = "sotto compare commit 0";
    uint8_t at[2048];
    bytes_buffer out;
    sotto_bytes bytes;
    bytes_buffer_borrowed(&out, at, sizeof at);
    bytes_buffer_u32(&out, sizeof label - 1);
    bytes_buffer_text(&out, label);
    bytes_buffer_u32(&out, 16);
    bytes_buffer_put(&out, bytes_of(r->thread, 16));
    bytes_buffer_u32(&out, (uint32_t)(33 * list->count));
    context_compare_list_write(&out, list);
    bytes_buffer_u32(&out, 32);
    assert_ok(bytes_buffer_end(&out, &bytes));
    SHA256_Init(ret);
    SHA256_Update(ret, bytes.at, bytes.len);
}

/* The leading bits in which two strings agree. */
static unsigned agreement(const char *a, const char *b) {
    static const char alphabet[] = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    unsigned bits = 0;
    for (unsigned i = 0; i < 8; i++, bits += 5) {
        unsigned x = (unsigned)(strchr(alphabet, a[i]) - alphabet) ^ (unsigned)(strchr(alphabet, b[i]) - alphabet);
        if (x == 0) continue;
        for (unsigned mask = 16; (x & mask) == 0; mask >>= 1) bits++;
        return bits;
    }
    return bits;
}

/* req_short_verification, attack "an attacker in the middle with 2^24 tries": he talks to both with keys of his own.
 * Juliet's side is over, he knows what she sees. To Romeo he was the one who asked, and now he may choose among 2^24
 * nonces which one he reveals. Without the commitment tries help: the more of them, the longer the beginning that
 * agrees. With it Romeo takes exactly one, which was fixed before Romeo's nonce was known: a guess of 2^40. */
static void attack_in_the_middle_2_to_the_24_tries_are_one_guess(void **state) {
    (void)state;
    run r = run_of_the_vectors();
    uint8_t context[32] = {1}, commitment[32], hash[32], nonce[32] = {0};
    char juliet[CONTEXT_COMPARE_STRING_SIZE];
    strcpy(juliet, string_of(&r, context));
    context[0] = 2; /* with Romeo he uses another key */
    memset(nonce, 0x5a, sizeof nonce);
    const uint32_t committed = 0xC0FFEE % TRIES;
    memcpy(nonce, &committed, 4);
    assert_ok(context_compare_commitment(commitment, r.thread, &r.list_a, nonce));
    /* The control: what tries are worth where nothing was promised. */
    unsigned best_of_16 = 0, best = 0;
    for (uint32_t i = 0; i < 1u << 17; i++) {
        memcpy(nonce, &i, 4);
        memcpy(r.nonce_a, nonce, 32);
        unsigned agrees = agreement(string_of(&r, context), juliet);
        if (agrees > best) best = agrees;
        if (i < 16 && agrees > best_of_16) best_of_16 = agrees;
    }
    assert_true(best >= 13 && best > best_of_16);
    /* And where Romeo checks. */
    SHA256_CTX middle, now;
    commit_middle(&middle, &r, &r.list_a);
    unsigned taken = 0;
    uint32_t which = 0;
    for (uint32_t i = 0; i < TRIES; i++) {
        memcpy(nonce, &i, 4);
        now = middle;
        SHA256_Update(&now, nonce, 32);
        SHA256_Final(hash, &now);
        if (memcmp(hash, commitment, 32) != 0) continue;
        taken++;
        which = i;
    }
    assert_int_equal(taken, 1);
    assert_int_equal(which, committed);
    memcpy(nonce, &committed, 4);
    memcpy(r.nonce_a, nonce, 32);
    assert_true(agreement(string_of(&r, context), juliet) < best); /* the one guess he had is not what tries found */
    /* His loop computes what Romeo computes. */
    now = middle;
    SHA256_Update(&now, nonce, 32);
    SHA256_Final(hash, &now);
    assert_memory_equal(hash, commitment, 32);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int compare_group(void) {
    const struct CMUnitTest compare[] = {
        T(test_the_values_of_another_implementation),
        T(test_everything_counts),
        T(test_the_alphabet_has_no_twins),
        T(test_what_is_typed),
        T(test_lists),
        T(test_what_is_written_is_read_again),
        T(test_what_is_none),
        T(attack_in_the_middle_2_to_the_24_tries_are_one_guess),
    };
    return cmocka_run_group_tests(compare, NULL, NULL);
}
