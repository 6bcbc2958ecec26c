/* SPDX-License-Identifier: ISC */
#include "context/compare.h"

#include <string.h>

#include "bytes/base64.h"
#include "bytes/memory.h"
#include "crypto/hash.h"

#define KEY_BYTES      33u /* in a list: type and key */
#define LIST_BYTES_MAX (KEY_BYTES * SOTTO_COMPARE_KEYS_MAX)
#define BLOCKS_SIZE    (2u * (LIST_BYTES_MAX + SOTTO_JID_BYTES_MAX) + 512u)

/* ---- lists ---- */

static int order_of(const context_compare_key *a, const context_compare_key *b) {
    return a->type != b->type ? (int)a->type - (int)b->type : memcmp(a->key, b->key, sizeof a->key);
}

sotto_status context_compare_list_add(context_compare_list *list, context_compare_type type, const uint8_t key[32]) {
    context_compare_key new = {.type = (uint8_t)type};
    size_t at = 0;
    memcpy(new.key, key, sizeof new.key);
    while (at < list->count && order_of(&list->at[at], &new) < 0) at++;
    if (at < list->count && order_of(&list->at[at], &new) == 0) return SOTTO_OK;
    if (list->count == SOTTO_COMPARE_KEYS_MAX) return SOTTO_FAIL(TOO_LARGE);
    memmove(&list->at[at + 1], &list->at[at], (list->count - at) * sizeof list->at[0]);
    list->at[at] = new;
    list->count++;
    return SOTTO_OK;
}

bool context_compare_list_has(const context_compare_list *list, context_compare_type type, const uint8_t key[32]) {
    for (size_t i = 0; i < list->count; i++)
        if (list->at[i].type == type && memcmp(list->at[i].key, key, 32) == 0) return true;
    return false;
}

sotto_status context_compare_list_read(sotto_bytes bytes, context_compare_list *ret) {
    context_compare_list list = {.count = bytes.len / KEY_BYTES};
    if (bytes.len == 0 || bytes.len % KEY_BYTES != 0) return SOTTO_FAIL(MALFORMED);
    if (list.count > SOTTO_COMPARE_KEYS_MAX) return SOTTO_FAIL(TOO_LARGE);
    for (size_t i = 0; i < list.count; i++) {
        context_compare_key *key = &list.at[i];
        key->type = bytes.at[i * KEY_BYTES];
        memcpy(key->key, bytes.at + i * KEY_BYTES + 1, sizeof key->key);
        if (key->type != CONTEXT_COMPARE_LIVE && key->type != CONTEXT_COMPARE_OMEMO) return SOTTO_FAIL(MALFORMED);
        if (i > 0 && order_of(&list.at[i - 1], key) >= 0) return SOTTO_FAIL(MALFORMED);
    }
    *ret = list;
    return SOTTO_OK;
}

void context_compare_list_write(bytes_buffer *out, const context_compare_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        bytes_buffer_u8(out, list->at[i].type);
        bytes_buffer_put(out, bytes_of(list->at[i].key, sizeof list->at[i].key));
    }
}

/* ---- messages ---- */

static const char *const step_names[] = {[CONTEXT_COMPARE_ASK] = "ask",
                                         [CONTEXT_COMPARE_ANSWER] = "answer",
                                         [CONTEXT_COMPARE_REVEAL] = "reveal",
                                         [CONTEXT_COMPARE_DONE] = "done",
                                         [CONTEXT_COMPARE_ABORT] = "abort"};
static const char *const reason_names[CONTEXT_COMPARE_REASONS] = {
    [CONTEXT_COMPARE_BUSY] = "busy",          [CONTEXT_COMPARE_ELSEWHERE] = "elsewhere",
    [CONTEXT_COMPARE_SESSION] = "session",    [CONTEXT_COMPARE_MALFORMED] = "malformed",
    [CONTEXT_COMPARE_LATE] = "late",          [CONTEXT_COMPARE_UNKNOWN] = "unknown",
    [CONTEXT_COMPARE_CANCELLED] = "cancelled"};

const char *context_compare_reason_name(context_compare_reason reason) {
    return (unsigned)reason < CONTEXT_COMPARE_REASONS ? reason_names[reason] : "unknown";
}

/* The only child of this name, as exactly so many bytes. */
static sotto_status bytes_read(const stanza_element *compare, const char *name, bytes_arena *arena, uint8_t *ret,
                               size_t len) {
    sotto_bytes text;
    const stanza_element *child = stanza_only_child(compare, name, CONTEXT_COMPARE_NS, NULL);
    if (child == NULL || stanza_count(child) > 0) return SOTTO_FAIL(MALFORMED);
    if (!stanza_text(child, arena, &text)) return SOTTO_FAIL(NO_MEMORY);
    return sotto_ok(bytes_base64_into(ret, len, text)) ? SOTTO_OK : SOTTO_FAIL(MALFORMED);
}

static sotto_status list_read(const stanza_element *compare, bytes_arena *arena, context_compare_list *ret) {
    uint8_t room[LIST_BYTES_MAX];
    sotto_bytes text, bytes = BYTES_NONE;
    bytes_buffer out;
    const stanza_element *child = stanza_only_child(compare, "list", CONTEXT_COMPARE_NS, NULL);
    if (child == NULL || stanza_count(child) > 0) return SOTTO_FAIL(MALFORMED);
    if (!stanza_text(child, arena, &text)) return SOTTO_FAIL(NO_MEMORY);
    bytes_buffer_borrowed(&out, room, sizeof room);
    sotto_status status = bytes_base64_get(&out, text);
    if (sotto_is(status, SOTTO_E_NO_ROOM)) return SOTTO_FAIL(TOO_LARGE);
    if (!sotto_ok(status) || !sotto_ok(bytes_buffer_end(&out, &bytes))) return SOTTO_FAIL(MALFORMED);
    return context_compare_list_read(bytes, ret);
}

static sotto_status thread_read(const stanza_element *compare, uint8_t ret[CONTEXT_COMPARE_THREAD_BYTES]) {
    sotto_bytes text = stanza_attribute_of(compare, "thread");
    bytes_buffer out;
    if (text.len != (size_t)2 * CONTEXT_COMPARE_THREAD_BYTES) return SOTTO_FAIL(MALFORMED);
    bytes_buffer_borrowed(&out, ret, CONTEXT_COMPARE_THREAD_BYTES);
    return sotto_ok(bytes_hex_get(&out, text)) ? SOTTO_OK : SOTTO_FAIL(MALFORMED);
}

static sotto_status step_read(const stanza_element *compare, context_compare_step *ret) {
    sotto_bytes text = stanza_attribute_of(compare, "step");
    for (unsigned i = 0; i < sizeof step_names / sizeof step_names[0]; i++)
        if (bytes_is(text, step_names[i])) {
            *ret = (context_compare_step)i;
            return SOTTO_OK;
        }
    return SOTTO_FAIL(MALFORMED);
}

static sotto_status content_read(const stanza_element *compare, bytes_arena *arena, context_compare_message *m) {
    sotto_bytes verdict = stanza_attribute_of(compare, "verdict"), reason = stanza_attribute_of(compare, "reason");
    switch (m->step) {
    case CONTEXT_COMPARE_ASK:
        SOTTO_TRY(list_read(compare, arena, &m->list));
        return bytes_read(compare, "commitment", arena, m->commitment, sizeof m->commitment);
    case CONTEXT_COMPARE_ANSWER:
        SOTTO_TRY(list_read(compare, arena, &m->list));
        SOTTO_TRY(bytes_read(compare, "check", arena, m->check, sizeof m->check));
        return bytes_read(compare, "nonce", arena, m->nonce, sizeof m->nonce);
    case CONTEXT_COMPARE_REVEAL:
        return bytes_read(compare, "nonce", arena, m->nonce, sizeof m->nonce);
    case CONTEXT_COMPARE_DONE:
        m->yes = bytes_is(verdict, "yes");
        return m->yes || bytes_is(verdict, "no") ? SOTTO_OK : SOTTO_FAIL(MALFORMED);
    case CONTEXT_COMPARE_ABORT:
        break;
    }
    m->reason = CONTEXT_COMPARE_CANCELLED;
    for (unsigned i = 0; i < CONTEXT_COMPARE_REASONS; i++)
        if (bytes_is(reason, reason_names[i])) m->reason = (context_compare_reason)i;
    return SOTTO_OK;
}

sotto_status context_compare_read(const stanza_element *stanza, bytes_arena *arena, context_compare_message *ret,
                                  bool *ret_alone) {
    bool several;
    context_compare_message m = {0};
    const stanza_element *compare = stanza_only_child(stanza, "compare", CONTEXT_COMPARE_NS, &several);
    *ret_alone = stanza_child(stanza, "body", NULL) == NULL && stanza_child(stanza, "subject", NULL) == NULL;
    if (compare == NULL) return several ? SOTTO_FAIL(MALFORMED) : SOTTO_FAIL(NOT_FOUND);
    SOTTO_TRY(step_read(compare, &m.step));
    SOTTO_TRY(thread_read(compare, m.thread));
    SOTTO_TRY(content_read(compare, arena, &m));
    *ret = m;
    return SOTTO_OK;
}

static void bytes_write(stanza_writer *writer, const char *name, sotto_bytes bytes) {
    uint8_t room[(LIST_BYTES_MAX + 2) / 3 * 4];
    bytes_buffer text;
    sotto_bytes done = BYTES_NONE;
    bytes_buffer_borrowed(&text, room, sizeof room);
    bytes_base64_put(&text, bytes);
    if (sotto_ok(bytes_buffer_end(&text, &done))) stanza_leaf(writer, name, CONTEXT_COMPARE_NS, done);
}

static void list_put(stanza_writer *writer, const context_compare_list *list) {
    uint8_t room[LIST_BYTES_MAX];
    bytes_buffer out;
    sotto_bytes bytes = BYTES_NONE;
    bytes_buffer_borrowed(&out, room, sizeof room);
    context_compare_list_write(&out, list);
    if (sotto_ok(bytes_buffer_end(&out, &bytes))) bytes_write(writer, "list", bytes);
}

void context_compare_write(stanza_writer *writer, const context_compare_message *m) {
    uint8_t hex[2 * CONTEXT_COMPARE_THREAD_BYTES];
    bytes_buffer thread;
    sotto_bytes text = BYTES_NONE;
    bytes_buffer_borrowed(&thread, hex, sizeof hex);
    bytes_hex_put(&thread, bytes_of(m->thread, sizeof m->thread));
    if (!sotto_ok(bytes_buffer_end(&thread, &text))) return;
    stanza_open(writer, "compare", CONTEXT_COMPARE_NS);
    stanza_put(writer, "thread", text);
    stanza_put_text(writer, "step", step_names[m->step]);
    if (m->step == CONTEXT_COMPARE_DONE) stanza_put_text(writer, "verdict", m->yes ? "yes" : "no");
    if (m->step == CONTEXT_COMPARE_ABORT) stanza_put_text(writer, "reason", context_compare_reason_name(m->reason));
    if (m->step == CONTEXT_COMPARE_ASK || m->step == CONTEXT_COMPARE_ANSWER) list_put(writer, &m->list);
    if (m->step == CONTEXT_COMPARE_ASK)
        bytes_write(writer, "commitment", bytes_of(m->commitment, sizeof m->commitment));
    if (m->step == CONTEXT_COMPARE_ANSWER || m->step == CONTEXT_COMPARE_REVEAL)
        bytes_write(writer, "nonce", bytes_of(m->nonce, sizeof m->nonce));
    if (m->step == CONTEXT_COMPARE_ANSWER) bytes_write(writer, "check", bytes_of(m->check, sizeof m->check));
    stanza_close(writer);
}

/* ---- what both sides make of it ---- */

/* Blocks: each with its length before it, so that no two sequences of them are the same bytes. */
typedef struct blocks {
    bytes_buffer out;
    uint8_t at[BLOCKS_SIZE];
} blocks;

static void blocks_begin(blocks *b) {
    bytes_buffer_borrowed(&b->out, b->at, sizeof b->at);
}

static void block_put(blocks *b, sotto_bytes bytes) {
    bytes_buffer_u32(&b->out, (uint32_t)bytes.len);
    bytes_buffer_put(&b->out, bytes);
}

static void block_list(blocks *b, const context_compare_list *list) {
    bytes_buffer_u32(&b->out, (uint32_t)(KEY_BYTES * list->count));
    context_compare_list_write(&b->out, list);
}

static sotto_status blocks_hash(blocks *b, uint8_t ret[32]) {
    sotto_bytes all = BYTES_NONE;
    sotto_status status = bytes_buffer_end(&b->out, &all);
    if (sotto_ok(status)) status = crypto_hash_of(CRYPTO_SHA256, ret, all);
    bytes_wipe(b->at, sizeof b->at);
    return status;
}

sotto_status context_compare_commitment(uint8_t ret[32], const uint8_t thread[CONTEXT_COMPARE_THREAD_BYTES],
                                        const context_compare_list *list, const uint8_t nonce[32]) {
    blocks b;
    blocks_begin(&b);
    block_put(&b, BYTES_LITERAL("sotto compare commit 0"));
    block_put(&b, bytes_of(thread, CONTEXT_COMPARE_THREAD_BYTES));
    block_list(&b, list);
    block_put(&b, bytes_of(nonce, 32));
    return blocks_hash(&b, ret);
}

int context_compare_order(const context_compare_side *a, const context_compare_side *b) {
    int order = bytes_compare(a->jid, b->jid);
    return order != 0 ? order : memcmp(a->key, b->key, 32);
}

sotto_status context_compare_context(uint8_t ret[32], context_compare_type way, const context_compare_side *one,
                                     const context_compare_side *other, sotto_bytes exported) {
    bool turned = context_compare_order(one, other) > 0;
    const context_compare_side *low = turned ? other : one, *high = turned ? one : other;
    blocks b;
    blocks_begin(&b);
    block_put(&b, BYTES_LITERAL("sotto compare context 0"));
    block_put(&b, way == CONTEXT_COMPARE_LIVE ? BYTES_LITERAL("live") : BYTES_LITERAL("omemo"));
    block_put(&b, low->jid);
    block_put(&b, bytes_of(low->key, 32));
    block_put(&b, high->jid);
    block_put(&b, bytes_of(high->key, 32));
    block_put(&b, exported);
    return blocks_hash(&b, ret);
}

sotto_status context_compare_check(uint8_t ret[CONTEXT_COMPARE_CHECK_BYTES], const uint8_t context[32]) {
    uint8_t hash[32];
    blocks b;
    blocks_begin(&b);
    block_put(&b, BYTES_LITERAL("sotto compare check 0"));
    block_put(&b, bytes_of(context, 32));
    SOTTO_TRY(blocks_hash(&b, hash));
    memcpy(ret, hash, CONTEXT_COMPARE_CHECK_BYTES);
    return SOTTO_OK;
}

/* No I and O, no 0 and 1: five bits a character. */
static const char alphabet[] = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
_Static_assert(sizeof alphabet == 33, "32 characters");

sotto_status context_compare_string(char ret[CONTEXT_COMPARE_STRING_SIZE], const context_compare_run *run) {
    uint8_t nonces[64], bits[5];
    blocks b;
    sotto_bytes info = BYTES_NONE;
    memcpy(nonces, run->nonce_a, 32);
    memcpy(nonces + 32, run->nonce_b, 32);
    blocks_begin(&b);
    bytes_buffer_text(&b.out, "sotto compare string 0");
    block_put(&b, bytes_of(run->thread, CONTEXT_COMPARE_THREAD_BYTES));
    block_list(&b, run->list_a);
    block_list(&b, run->list_b);
    block_put(&b, run->jid_a);
    block_put(&b, run->jid_b);
    sotto_status status = bytes_buffer_end(&b.out, &info);
    if (sotto_ok(status))
        status = crypto_hkdf(CRYPTO_SHA256, bits, sizeof bits, bytes_of(nonces, sizeof nonces),
                             bytes_of(run->context, 32), info);
    bytes_wipe(nonces, sizeof nonces);
    SOTTO_TRY(status);
    uint64_t all = 0;
    for (size_t i = 0; i < sizeof bits; i++) all = all << 8 | bits[i];
    for (unsigned i = 0; i < CONTEXT_COMPARE_STRING_SIZE - 1; i++) ret[i] = alphabet[all >> (35 - 5 * i) & 31];
    ret[CONTEXT_COMPARE_STRING_SIZE - 1] = '\0';
    return SOTTO_OK;
}

bool context_compare_typed(sotto_bytes typed, char ret[CONTEXT_COMPARE_STRING_SIZE]) {
    char text[CONTEXT_COMPARE_STRING_SIZE] = {0};
    size_t count = 0;
    for (size_t i = 0; i < typed.len; i++) {
        char c = (char)typed.at[i];
        if (c == ' ' || c == '-' || c == '\t' || c == '\r' || c == '\n') continue;
        if (c >= 'a' && c <= 'z') c = (char)(c - 'a' + 'A');
        if (c == '\0' || strchr(alphabet, c) == NULL || count == CONTEXT_COMPARE_STRING_SIZE - 1) return false;
        text[count++] = c;
    }
    if (count != CONTEXT_COMPARE_STRING_SIZE - 1) return false;
    memcpy(ret, text, sizeof text);
    return true;
}
