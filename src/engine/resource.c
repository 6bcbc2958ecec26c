/* SPDX-License-Identifier: ISC
 *
 * Records: 'P' full JID → "1", and what its presence said of its program: hash, node, ver; and the same in a map, which
 * is what is looked at. */
#include "engine/resource.h"

#include "bytes/cursor.h"
#include "engine/env.h"
#include "engine/record.h"
#include "engine/request.h"

#define NS_ROOM_USER "http://jabber.org/protocol/muc#user"

static sotto_status put(sotto_engine *engine, sotto_bytes full, sotto_bytes value) {
    engine_key_room room;
    bytes_buffer *out = engine_key_begin(&room, 'P');
    sotto_bytes key;
    bytes_buffer_put(out, full);
    SOTTO_TRY(bytes_buffer_end(out, &key));
    SOTTO_TRY(engine_record_put(engine, key, value));
    return value.len > 0 ? engine_stage_put(&engine->resources, full, value)
                         : engine_stage_remove(&engine->resources, full);
}

/* Whether any seal asks who is there: else nobody's coming and going is written down. */
static bool is_needed(const sotto_engine *engine) {
    for (size_t i = 0; i < engine->seal_count; i++)
        if ((engine->seals[i].class->can & SEAL_CAN_OFFLINE) == 0) return true;
    return false;
}

static sotto_status load_one(void *arg, sotto_bytes key, sotto_bytes value) {
    sotto_engine *engine = arg;
    if (key.len < 2) return SOTTO_FAIL(STORE_CORRUPT);
    return bytes_map_put(&engine->resources.map, bytes_after(key, 1), value);
}

sotto_status engine_resource_load(sotto_engine *engine) {
    return engine->store->methods->scan(engine->store, BYTES_LITERAL("P"), load_one, engine);
}

/* The value of who is there: '1', and the caps. */
static sotto_status encode(uint8_t *at, size_t size, const stanza_element *presence, sotto_bytes *ret) {
    bytes_buffer out;
    context_caps caps;
    bytes_buffer_borrowed(&out, at, size);
    bytes_buffer_u8(&out, '1');
    if (context_caps_read(presence, &caps)) {
        bytes_buffer_block(&out, caps.hash);
        bytes_buffer_block(&out, caps.node);
        bytes_buffer_block(&out, caps.ver);
    }
    return bytes_buffer_end(&out, ret);
}

bool engine_resource_caps(const sotto_engine *engine, sotto_bytes full, context_caps *ret) {
    sotto_bytes value;
    if (!bytes_map_get(&engine->resources.map, full, &value) || value.len < 2) return false;
    bytes_cursor in = bytes_cursor_over(bytes_after(value, 1));
    ret->hash = bytes_cursor_block(&in);
    ret->node = bytes_cursor_block(&in);
    ret->ver = bytes_cursor_block(&in);
    return sotto_ok(bytes_cursor_end(&in));
}

/* One that was not there, or shows another program now. */
static sotto_status came(sotto_engine *engine, const stanza_jid *from, sotto_bytes value, bool is_new, bool stranger,
                         bool *ret_no_place) {
    /* Without a place they are reached when addressed by name. Anybody can send presence: half is for those we know. */
    size_t most = stranger ? SOTTO_RESOURCES_MAX / 2 : SOTTO_RESOURCES_MAX;
    *ret_no_place = is_new && engine->resources.map.count >= most;
    if (*ret_no_place) return SOTTO_OK;
    SOTTO_TRY(put(engine, from->full, value));
    return engine_changed_add(engine, from->bare);
}

sotto_status engine_resource_take(sotto_engine *engine, const stanza_element *stanza, const stanza_jid *from,
                                  bool stranger) {
    sotto_bytes type = stanza_attribute_of(stanza, "type"), known;
    bool available = type.at == NULL;
    if ((!available && !bytes_is(type, "unavailable")) || from->local.len == 0 || from->resource.len == 0 ||
        bytes_equal(from->full, engine->full) || !is_needed(engine) || stanza_child(stanza, "x", NS_ROOM_USER) != NULL)
        return SOTTO_OK;
    bool was = bytes_map_get(&engine->resources.map, from->full, &known);
    if (!available && was) {
        SOTTO_TRY(put(engine, from->full, BYTES_NONE));
        SOTTO_TRY(engine_request_gone(engine, from->full));
    }
    if (available) {
        uint8_t at[3 * (SOTTO_CAPS_TEXT_MAX + 2) + 1];
        sotto_bytes value;
        SOTTO_TRY(encode(at, sizeof at, stanza, &value));
        bool lost_place = false;
        if (!was || !bytes_equal(known, value)) SOTTO_TRY(came(engine, from, value, !was, stranger, &lost_place));
        if (lost_place) return SOTTO_OK;
    }
    seal_input input = {.kind = SEAL_INPUT_PRESENCE, .jid = from->full, .available = available};
    return engine_seal_input_all(engine, &input);
}

sotto_status engine_resource_list(sotto_engine *engine, const stanza_jid *to, const sotto_bytes **ret,
                                  size_t *ret_count) {
    sotto_bytes *list = bytes_arena_take(&engine->arena, SOTTO_RESOURCES_OF_ONE * sizeof *list);
    uint8_t *prefix = bytes_arena_take(&engine->arena, to->bare.len + 1);
    if (list == NULL || prefix == NULL) return SOTTO_FAIL(NO_MEMORY);
    *ret = list;
    *ret_count = 0;
    if (to->resource.len > 0) {
        *ret_count = 1;
        return bytes_arena_copy(&engine->arena, to->full, list) ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
    }
    memcpy(prefix, to->bare.at, to->bare.len);
    prefix[to->bare.len] = '/';
    sotto_bytes at = bytes_of(prefix, to->bare.len + 1), start = at, value;
    while (*ret_count < SOTTO_RESOURCES_OF_ONE && bytes_map_from(&engine->resources.map, at, true, &at, &value) &&
           bytes_starts_with(at, start)) {
        if (!bytes_arena_copy(&engine->arena, at, &list[*ret_count])) return SOTTO_FAIL(NO_MEMORY);
        ++*ret_count;
    }
    return SOTTO_OK;
}

sotto_status engine_resource_forget(sotto_engine *engine) {
    sotto_bytes full, value, copy;
    while (bytes_map_from(&engine->resources.map, BYTES_NONE, false, &full, &value)) {
        bytes_arena_mark mark = bytes_arena_here(&engine->arena);
        if (!bytes_arena_copy(&engine->arena, full, &copy)) return SOTTO_FAIL(NO_MEMORY);
        SOTTO_TRY(put(engine, copy, BYTES_NONE));
        bytes_arena_back(&engine->arena, mark);
    }
    return SOTTO_OK;
}
