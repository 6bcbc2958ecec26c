/* SPDX-License-Identifier: ISC
 *
 * A record: version, a word with one bit for each of the 32 numbers in the block, then the keys of those whose bit is
 * set, in order. Blocks of a chain, and chains, sort by age, so the oldest key is in the first record. */
#include "seal/omemo/skipped.h"

#include <string.h>

#include "bytes/cursor.h"
#include "bytes/memory.h"

#define BLOCK_KEYS    32u
#define BLOCK_VERSION 1

typedef struct skipped_block {
    uint32_t present;
    uint8_t keys[BLOCK_KEYS][32];
} skipped_block;

sotto_status omemo_skipped_open(omemo_skipped_rows *ret, seal_env *env, sotto_bytes jid, uint32_t device,
                                uint32_t session) {
    ret->env = env;
    SOTTO_TRY(omemo_row_device(&ret->prefix, jid, device, OMEMO_ROW_SKIPPED));
    omemo_row_u32(&ret->prefix, session);
    return SOTTO_OK;
}

sotto_status omemo_skipped_wipe(omemo_skipped_rows *rows) {
    return omemo_row_delete_all(rows->env, &rows->prefix);
}

static void block_row(const omemo_skipped_rows *rows, uint32_t chain, uint32_t n, omemo_row *ret) {
    memcpy(ret->at, rows->prefix.at, rows->prefix.len);
    ret->len = rows->prefix.len;
    omemo_row_u32(ret, chain);
    omemo_row_u32(ret, n / BLOCK_KEYS);
}

static sotto_status block_decode(sotto_bytes value, skipped_block *ret) {
    bytes_cursor c = bytes_cursor_over(value);
    uint8_t version = bytes_cursor_u8(&c);
    ret->present = bytes_cursor_u32(&c);
    for (uint32_t i = 0; i < BLOCK_KEYS; i++) {
        if (ret->present >> i & 1) bytes_cursor_into(&c, ret->keys[i], 32);
    }
    if (version > BLOCK_VERSION) return SOTTO_FAIL(STORE_NEWER);
    /* An empty block is no record: block_put takes it away. */
    bool whole = sotto_ok(bytes_cursor_end(&c)) && version == BLOCK_VERSION && ret->present != 0;
    return whole ? SOTTO_OK : SOTTO_FAIL(STORE_CORRUPT);
}

/* A block that is not there is empty. */
static sotto_status block_get(const omemo_skipped_rows *rows, const omemo_row *row, skipped_block *ret) {
    sotto_bytes value;
    *ret = (skipped_block){0};
    sotto_status status = rows->env->get(rows->env, omemo_row_key(row), &value);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    return block_decode(value, ret);
}

static sotto_status block_put(const omemo_skipped_rows *rows, sotto_bytes key, const skipped_block *block) {
    if (block->present == 0) return rows->env->put(rows->env, key, BYTES_NONE);
    uint8_t memory[5 + sizeof block->keys];
    bytes_buffer out;
    sotto_bytes value;
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    bytes_buffer_u8(&out, BLOCK_VERSION);
    bytes_buffer_u32(&out, block->present);
    for (uint32_t i = 0; i < BLOCK_KEYS; i++) {
        if (block->present >> i & 1) bytes_buffer_put(&out, bytes_of(block->keys[i], 32));
    }
    sotto_status status = bytes_buffer_end(&out, &value);
    if (sotto_ok(status)) status = rows->env->put(rows->env, key, value);
    bytes_wipe(memory, sizeof memory);
    return status;
}

static sotto_status rows_find(void *arg, uint32_t chain, uint32_t n, uint8_t ret[32]) {
    const omemo_skipped_rows *rows = arg;
    omemo_row row;
    skipped_block block;
    block_row(rows, chain, n, &row);
    sotto_status status = block_get(rows, &row, &block);
    if (sotto_ok(status) && !(block.present >> n % BLOCK_KEYS & 1)) status = SOTTO_FAIL(NOT_FOUND);
    if (sotto_ok(status)) memcpy(ret, block.keys[n % BLOCK_KEYS], 32);
    bytes_wipe(&block, sizeof block);
    return status;
}

static sotto_status rows_remove(void *arg, uint32_t chain, uint32_t n) {
    const omemo_skipped_rows *rows = arg;
    omemo_row row;
    skipped_block block;
    block_row(rows, chain, n, &row);
    sotto_status status = block_get(rows, &row, &block);
    block.present &= ~(1u << n % BLOCK_KEYS);
    if (sotto_ok(status)) status = block_put(rows, omemo_row_key(&row), &block);
    bytes_wipe(&block, sizeof block);
    return status;
}

/* Adds keys to a block of which the first numbers passed before. */
static sotto_status block_add(const omemo_skipped_rows *rows, const omemo_row *row, uint32_t at,
                              const uint8_t (*keys)[32], uint32_t count) {
    skipped_block block;
    sotto_status status = block_get(rows, row, &block);
    for (uint32_t i = 0; i < count; i++) {
        block.present |= 1u << (at + i);
        memcpy(block.keys[at + i], keys[i], 32);
    }
    if (sotto_ok(status)) status = block_put(rows, omemo_row_key(row), &block);
    bytes_wipe(&block, sizeof block);
    return status;
}

/* A block that keys come to from its first number on: a chain only goes forward, so there is none yet. */
static sotto_status block_begin(const omemo_skipped_rows *rows, const omemo_row *row, const uint8_t (*keys)[32],
                                uint32_t count) {
    uint8_t memory[5 + BLOCK_KEYS * 32];
    bytes_buffer out;
    sotto_bytes value;
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    bytes_buffer_u8(&out, BLOCK_VERSION);
    bytes_buffer_u32(&out, UINT32_MAX >> (BLOCK_KEYS - count));
    bytes_buffer_put(&out, bytes_of(keys, (size_t)count * 32));
    sotto_status status = bytes_buffer_end(&out, &value);
    if (sotto_ok(status)) status = rows->env->put(rows->env, omemo_row_key(row), value);
    bytes_wipe(memory, sizeof memory);
    return status;
}

static sotto_status rows_keep(void *arg, uint32_t chain, uint32_t n, const uint8_t (*keys)[32], uint32_t count) {
    const omemo_skipped_rows *rows = arg;
    sotto_status status = SOTTO_OK;
    for (uint32_t done = 0, some; sotto_ok(status) && done < count; done += some) {
        omemo_row row;
        uint32_t at = (n + done) % BLOCK_KEYS, left = count - done;
        some = left < BLOCK_KEYS - at ? left : BLOCK_KEYS - at;
        block_row(rows, chain, n + done, &row);
        status = at > 0 ? block_add(rows, &row, at, keys + done, some) : block_begin(rows, &row, keys + done, some);
    }
    return status;
}

/* Blocks collected from the front until they hold enough keys. */
typedef struct oldest_blocks {
    bytes_arena *arena;
    uint32_t wanted, found;
    struct oldest_block {
        struct oldest_block *next;
        sotto_bytes key;
        skipped_block block;
    } * first;
} oldest_blocks;

static sotto_status oldest_found(void *arg, sotto_bytes key, sotto_bytes value) {
    oldest_blocks *oldest = arg;
    if (oldest->found >= oldest->wanted) return SOTTO_FAIL(AGAIN); /* ends the scan */
    struct oldest_block *one = bytes_arena_take(oldest->arena, sizeof *one);
    if (!one || !bytes_arena_copy(oldest->arena, key, &one->key)) return SOTTO_FAIL(NO_MEMORY);
    SOTTO_TRY(block_decode(value, &one->block));
    oldest->found += (uint32_t)__builtin_popcount(one->block.present);
    one->next = oldest->first; /* newest first: only the last one taken may be left with something in it */
    oldest->first = one;
    return SOTTO_OK;
}

/* Chain and block are the end of a row's key; the number within the block is a bit. */
static void evicted_last(sotto_bytes key, uint32_t bits, uint32_t *ret_chain, uint32_t *ret_n) {
    bytes_cursor c = bytes_cursor_over(bytes_after(key, key.len - 8));
    *ret_chain = bytes_cursor_u32(&c);
    *ret_n = bytes_cursor_u32(&c) * BLOCK_KEYS + 31u - (uint32_t)__builtin_clz(bits);
}

/* Evicting takes from the lowest bit up: the newest block that loses any holds the last one. */
static sotto_status rows_evict(void *arg, uint32_t count, uint32_t *ret_chain, uint32_t *ret_n) {
    const omemo_skipped_rows *rows = arg;
    oldest_blocks oldest = {.arena = rows->env->arena, .wanted = count};
    sotto_status status = rows->env->scan(rows->env, omemo_row_key(&rows->prefix), oldest_found, &oldest);
    if (!sotto_ok(status) && !sotto_is(status, SOTTO_E_AGAIN)) return status;
    uint32_t spare = oldest.found > count ? oldest.found - count : 0; /* to be left in the newest of them */
    bool last_told = false;
    for (struct oldest_block *one = oldest.first; one; one = one->next) {
        uint32_t held = (uint32_t)__builtin_popcount(one->block.present), before = one->block.present;
        for (; held > spare; held--) one->block.present &= one->block.present - 1; /* the lowest number is the oldest */
        uint32_t gone = before & ~one->block.present;
        if (gone != 0 && !last_told) evicted_last(one->key, gone, ret_chain, ret_n);
        last_told = last_told || gone != 0;
        spare = 0;
        SOTTO_TRY(block_put(rows, one->key, &one->block));
    }
    return SOTTO_OK;
}

static sotto_status count_keys(void *arg, sotto_bytes key, sotto_bytes value) {
    (void)key;
    uint32_t *count = arg;
    skipped_block block;
    sotto_status status = block_decode(value, &block);
    if (sotto_ok(status)) *count += (uint32_t)__builtin_popcount(block.present);
    bytes_wipe(&block, sizeof block);
    return status;
}

static sotto_status rows_forget(void *arg, uint32_t chain, uint32_t *ret_count) {
    const omemo_skipped_rows *rows = arg;
    omemo_row prefix;
    memcpy(prefix.at, rows->prefix.at, rows->prefix.len);
    prefix.len = rows->prefix.len;
    omemo_row_u32(&prefix, chain);
    *ret_count = 0;
    SOTTO_TRY(rows->env->scan(rows->env, omemo_row_key(&prefix), count_keys, ret_count));
    return *ret_count == 0 ? SOTTO_OK : omemo_row_delete_all(rows->env, &prefix);
}

omemo_skipped omemo_skipped_port(omemo_skipped_rows *rows) {
    return (omemo_skipped){rows, rows_find, rows_remove, rows_keep, rows_evict, rows_forget};
}
