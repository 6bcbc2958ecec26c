/* SPDX-License-Identifier: ISC
 *
 * The array behind omemo_skipped. It refuses more than 1000 keys, so that a session which keeps more is noticed. */
#include "skipped_memory.h"

#include <string.h>

static sotto_status memory_find(void *arg, uint32_t chain, uint32_t n, uint8_t ret[32]) {
    skipped_memory *memory = arg;
    for (uint32_t i = 0; i < memory->count; i++) {
        if (memory->at[i].chain != chain || memory->at[i].n != n) continue;
        memcpy(ret, memory->at[i].key, 32);
        return SOTTO_OK;
    }
    return SOTTO_FAIL(NOT_FOUND);
}

static void memory_cut(skipped_memory *memory, uint32_t first, uint32_t count) {
    memmove(&memory->at[first], &memory->at[first + count], (memory->count - first - count) * sizeof memory->at[0]);
    memory->count -= count;
    memory->changes++;
}

static sotto_status memory_remove(void *arg, uint32_t chain, uint32_t n) {
    skipped_memory *memory = arg;
    for (uint32_t i = 0; i < memory->count; i++) {
        if (memory->at[i].chain != chain || memory->at[i].n != n) continue;
        memory_cut(memory, i, 1);
        return SOTTO_OK;
    }
    return SOTTO_FAIL(NOT_FOUND);
}

static sotto_status memory_keep(void *arg, uint32_t chain, uint32_t n, const uint8_t (*keys)[32], uint32_t count) {
    skipped_memory *memory = arg;
    if (count > 1000 - memory->count) return SOTTO_FAIL(NO_ROOM);
    for (uint32_t i = 0; i < count; i++) {
        memory->at[memory->count].chain = chain;
        memory->at[memory->count].n = n + i;
        memcpy(memory->at[memory->count].key, keys[i], 32);
        memory->count++;
    }
    memory->changes++;
    return SOTTO_OK;
}

static sotto_status memory_evict(void *arg, uint32_t count, uint32_t *ret_chain, uint32_t *ret_n) {
    skipped_memory *memory = arg;
    if (count == 0 || count > memory->count) return SOTTO_FAIL(STATE);
    *ret_chain = memory->at[count - 1].chain;
    *ret_n = memory->at[count - 1].n;
    memory_cut(memory, 0, count);
    return SOTTO_OK;
}

static sotto_status memory_forget(void *arg, uint32_t chain, uint32_t *ret_count) {
    skipped_memory *memory = arg;
    *ret_count = 0;
    for (uint32_t i = 0; i < memory->count;) {
        if (memory->at[i].chain == chain) {
            memory_cut(memory, i, 1);
            (*ret_count)++;
        } else {
            i++;
        }
    }
    return SOTTO_OK;
}

omemo_skipped skipped_memory_port(skipped_memory *memory) {
    return (omemo_skipped){memory, memory_find, memory_remove, memory_keep, memory_evict, memory_forget};
}
