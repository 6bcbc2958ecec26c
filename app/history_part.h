/* SPDX-License-Identifier: ISC
 *
 * What the files of the history share: its records and their names (app/history.c says which there are). */
#ifndef APP_HISTORY_PART_H
#define APP_HISTORY_PART_H

#include "app/history.h"
#include "bytes/arena.h"

#define APP_HISTORY_HASH_BYTES      16u
#define APP_HISTORY_NAME_BYTES_MAX  (2u + APP_HISTORY_HASH_BYTES)
#define APP_HISTORY_ARENA_BYTES_MAX ((size_t)16 * 1024 * 1024)

typedef struct history_head {
    uint64_t changes;
    uint32_t next_conversation;
    uint64_t next_order, oldest_order, count, bytes;
} history_head;

typedef struct history_conversation {
    uint32_t id;
    sotto_bytes with; /* in the arena */
    uint64_t first, next, unread, last_ms;
    bool room;
} history_conversation;

typedef struct history_place {
    uint32_t conversation;
    uint64_t number;
} history_place;

/* An output that nobody dealt with. Numbers of outputs are of one store: in a backup they would be others'. */
typedef struct history_waiting {
    uint64_t seq;
    uint8_t with[APP_HISTORY_HASH_BYTES];
} history_waiting;

struct app_history {
    sotto_engine *engine;
    app_history_limits limits;
    bytes_arena arena;
    history_head head;
    bytes_buffer pending; /* names and values since everything was known to be committed */
    history_waiting *waiting;
    size_t waiting_count, waiting_size;
};

typedef struct history_name {
    uint8_t at[APP_HISTORY_NAME_BYTES_MAX];
    bytes_buffer buffer;
} history_name;

/* Every function that reads works between two marks of the arena. */
#define APP_HISTORY_BETWEEN_MARKS(h, call)                                                                             \
    bytes_arena_mark between = bytes_arena_here(&(h)->arena);                                                          \
    sotto_status between_status = call;                                                                                \
    bytes_arena_back(&(h)->arena, between);                                                                            \
    return between_status

/* Names of records, which live in the history_name. */
sotto_bytes app_history_name_end(const history_name *n);
sotto_bytes app_history_name_number(history_name *n, char kind, uint64_t number);
sotto_bytes app_history_name_conversation(history_name *n, uint32_t id);
sotto_bytes app_history_name_entry(history_name *n, uint32_t id, uint64_t number);
SOTTO_MUST_CHECK sotto_status app_history_name_of_jid(history_name *n, sotto_bytes with);
SOTTO_MUST_CHECK sotto_status app_history_name_of_id(history_name *n, sotto_bytes with, sotto_bytes id);
SOTTO_MUST_CHECK sotto_status app_history_name_of_content(history_name *n, const app_entry *entry);

/* Stages a record, and remembers that it did until everything was committed; STORE_*, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status app_history_put(app_history *h, sotto_bytes note, sotto_bytes value);
SOTTO_MUST_CHECK sotto_status app_history_put_buffer(app_history *h, sotto_bytes note, const bytes_buffer *value);

/* Records of each kind. Reading one: NOT_FOUND, MALFORMED, STORE_NEWER (the head), NO_MEMORY; what they point to is in
 * the arena. */
SOTTO_MUST_CHECK sotto_status app_history_place_put(app_history *h, sotto_bytes note, history_place at);
SOTTO_MUST_CHECK sotto_status app_history_place_get(app_history *h, sotto_bytes note, history_place *ret);
SOTTO_MUST_CHECK sotto_status app_history_head_put(app_history *h, history_head next);
SOTTO_MUST_CHECK sotto_status app_history_head_get(app_history *h, history_head *ret);
SOTTO_MUST_CHECK sotto_status app_history_conversation_put(app_history *h, const history_conversation *c);
SOTTO_MUST_CHECK sotto_status app_history_conversation_read(history_conversation *ret, uint32_t id, sotto_bytes record);
SOTTO_MUST_CHECK sotto_status app_history_conversation_get(app_history *h, uint32_t id, history_conversation *ret);
SOTTO_MUST_CHECK sotto_status app_history_conversation_find(app_history *h, sotto_bytes with,
                                                            history_conversation *ret);
SOTTO_MUST_CHECK sotto_status app_history_entry_get(app_history *h, const history_conversation *c, uint64_t number,
                                                    app_entry *ret, uint64_t *ret_order, size_t *ret_bytes);
SOTTO_MUST_CHECK sotto_status app_history_entry_put(app_history *h, uint32_t id, const app_entry *entry, uint64_t order,
                                                    size_t *ret_bytes);

#endif
