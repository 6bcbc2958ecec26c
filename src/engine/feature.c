/* SPDX-License-Identifier: ISC
 *
 * Records: 'F' hash 0 ver → names of seals, and for each whether that program has all of its features. Fleeting: 'f'
 * hash 0 ver → it was asked for in this stream and nothing came of it. */
#include "engine/feature.h"

#include "bytes/cursor.h"
#include "engine/ask.h"
#include "engine/env.h"
#include "engine/output.h"
#include "engine/part.h"
#include "engine/record.h"
#include "engine/resource.h"
#include "stanza/writer.h"

#define NS_INFO     "http://jabber.org/protocol/disco#info"
#define HAS         1u
#define ANSWERS_MAX (16u * 64u) /* of one program: a name and a byte for each seal */
#define NODE_QUERY  (2 * SOTTO_CAPS_TEXT_MAX + 1)

typedef enum feature_answer { FEATURE_UNKNOWN, FEATURE_ASKING, FEATURE_HAS, FEATURE_LACKS } feature_answer;

/* ---- what is known of a program ---- */

static void put_program(bytes_buffer *key, sotto_bytes hash, sotto_bytes ver) {
    bytes_buffer_put(key, hash);
    bytes_buffer_u8(key, 0);
    bytes_buffer_put(key, ver);
}

static sotto_status program_key(engine_key_room *room, char space, const context_caps *caps, sotto_bytes *ret) {
    bytes_buffer *key = engine_key_begin(room, space);
    put_program(key, caps->hash, caps->ver);
    return bytes_buffer_end(key, ret);
}

static feature_answer find_answer(sotto_bytes value, const char *seal) {
    bytes_cursor in = bytes_cursor_over(value);
    while (!in.failed && in.rest.len > 0) {
        sotto_bytes name = bytes_cursor_block(&in);
        uint8_t has = bytes_cursor_u8(&in);
        if (!in.failed && bytes_is(name, seal)) return has == HAS ? FEATURE_HAS : FEATURE_LACKS;
    }
    return FEATURE_UNKNOWN;
}

/* Our own program, in the version that runs here. */
static sotto_status is_ours(sotto_engine *engine, const context_caps *caps, bool *ret) {
    sotto_bytes ver;
    *ret = false;
    if (!bytes_is(caps->hash, "sha-1")) return SOTTO_OK;
    SOTTO_TRY(context_caps_ver(&engine->arena, engine->features, &ver));
    *ret = bytes_equal(caps->ver, ver);
    return SOTTO_OK;
}

static sotto_status look_up(sotto_engine *engine, size_t seal, const context_caps *caps, feature_answer *ret) {
    engine_key_room room;
    sotto_bytes key, value;
    bool ours;
    SOTTO_TRY(is_ours(engine, caps, &ours));
    *ret = FEATURE_HAS;
    if (ours) return SOTTO_OK;
    SOTTO_TRY(program_key(&room, 'F', caps, &key));
    sotto_status status = engine_record_get(engine, key, &value);
    *ret = FEATURE_UNKNOWN;
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    *ret = find_answer(value, engine->seals[seal].class->name);
    return SOTTO_OK;
}

/* ---- asking ---- */

static sotto_status write_query(bytes_buffer *out, const context_caps *caps, sotto_bytes *ret) {
    uint8_t at[NODE_QUERY];
    bytes_buffer node;
    sotto_bytes text;
    stanza_writer writer;
    bytes_buffer_borrowed(&node, at, sizeof at);
    bytes_buffer_put(&node, caps->node);
    bytes_buffer_u8(&node, '#');
    bytes_buffer_put(&node, caps->ver);
    SOTTO_TRY(bytes_buffer_end(&node, &text));
    stanza_writer_init(&writer, out, STANZA_NS_CLIENT);
    stanza_open(&writer, "query", NS_INFO);
    stanza_put(&writer, "node", text);
    stanza_close(&writer);
    return bytes_buffer_end(out, ret);
}

/* Asks whoever shows it; *ret_asking false: that was done in this stream, and nothing came of it. */
static sotto_status ask(sotto_engine *engine, sotto_bytes full, const context_caps *caps, bool *ret_asking) {
    engine_key_room room, note_room;
    sotto_bytes key, value, query;
    bytes_buffer *note = engine_key_begin(&note_room, 'f');
    put_program(note, caps->hash, caps->ver);
    SOTTO_TRY(program_key(&room, 'f', caps, &key));
    *ret_asking = !bytes_map_get(&engine->fleeting.map, key, &value);
    if (!*ret_asking) return SOTTO_OK;
    bytes_buffer out;
    bytes_buffer_owned(&out, engine->host, 8 * NODE_QUERY);
    sotto_status status = write_query(&out, caps, &query);
    if (sotto_ok(status)) status = bytes_buffer_end(note, &value);
    if (sotto_ok(status)) status = engine_ask(engine, ENGINE_OWNER_FEATURE, false, full, query, value);
    bytes_buffer_free(&out);
    SOTTO_TRY(status);
    *ret_asking = engine_asking(engine, ENGINE_OWNER_FEATURE, value); /* not with too many questions open */
    return SOTTO_OK;
}

static sotto_status answer_of(sotto_engine *engine, size_t seal, sotto_bytes full, feature_answer *ret) {
    context_caps caps;
    bool asking;
    *ret = FEATURE_UNKNOWN;
    if (!engine_resource_caps(engine, full, &caps)) return SOTTO_OK;
    SOTTO_TRY(look_up(engine, seal, &caps, ret));
    if (*ret != FEATURE_UNKNOWN) return SOTTO_OK;
    SOTTO_TRY(ask(engine, full, &caps, &asking));
    if (asking) *ret = FEATURE_ASKING;
    return SOTTO_OK;
}

/* ---- looking ---- */

sotto_status engine_feature_known(sotto_engine *engine, size_t seal, sotto_bytes jid, bool *ret) {
    engine_env env;
    seal_keys keys;
    engine_env_init(&env, engine, seal);
    *ret = false;
    SOTTO_TRY(engine->seals[seal].class->list_keys(engine->seals[seal].self, &env.base, jid, &keys));
    for (size_t i = 0; i < keys.count; i++) *ret = *ret || !keys.at[i].this_device;
    return SOTTO_OK;
}

static sotto_status tell_gone(sotto_engine *engine, sotto_bytes jid, sotto_bytes full, engine_contact *contact) {
    if (contact->live_gone) return SOTTO_OK;
    contact->live_gone = true;
    SOTTO_TRY(engine_contact_put(engine, jid, contact));
    sotto_event event = {.kind = SOTTO_EVENT_LIVE_GONE, .jid = jid, .reason = SOTTO_FAIL(NO_LIVE), .text = full};
    return engine_event(engine, &event);
}

static sotto_status tell_back(sotto_engine *engine, sotto_bytes jid, engine_contact *contact) {
    if (!contact->live_gone) return SOTTO_OK;
    contact->live_gone = false;
    return engine_contact_put(engine, jid, contact);
}

sotto_status engine_feature_look(sotto_engine *engine, size_t seal, sotto_bytes jid, engine_contact *contact,
                                 seal_audience *audience, bool *ret_asking, bool *ret_none) {
    sotto_bytes *left = bytes_arena_take(&engine->arena, (audience->resource_count + 1) * sizeof *left);
    size_t count = 0;
    bool known = false, looked = false;
    if (left == NULL) return SOTTO_FAIL(NO_MEMORY);
    *ret_asking = false;
    for (size_t i = 0; i < audience->resource_count; i++) {
        feature_answer answer;
        SOTTO_TRY(answer_of(engine, seal, audience->resources[i], &answer));
        *ret_asking = *ret_asking || answer == FEATURE_ASKING;
        if (answer == FEATURE_HAS) SOTTO_TRY(tell_back(engine, jid, contact));
        if (answer == FEATURE_LACKS && !looked) SOTTO_TRY(engine_feature_known(engine, seal, jid, &known));
        looked = looked || answer == FEATURE_LACKS;
        if (answer == FEATURE_LACKS && !known) continue;
        if (answer == FEATURE_LACKS) SOTTO_TRY(tell_gone(engine, jid, audience->resources[i], contact));
        left[count++] = audience->resources[i];
    }
    *ret_none = count == 0 && audience->resource_count > 0;
    audience->resources = left;
    audience->resource_count = count;
    return SOTTO_OK;
}

/* ---- answers ---- */

static bool has_all(const stanza_element *iq, const seal_class *class) {
    for (const char *const *feature = class->features; *feature != NULL; feature++)
        if (!context_caps_has(iq, *feature)) return false;
    return true;
}

/* When there are too many, all make room: they are asked for again. */
static sotto_status make_place(sotto_engine *engine);

static sotto_status remember(sotto_engine *engine, const context_caps *caps, const stanza_element *iq) {
    engine_key_room room;
    uint8_t at[ANSWERS_MAX];
    bytes_buffer out;
    sotto_bytes key, value;
    bytes_buffer_borrowed(&out, at, sizeof at);
    for (size_t i = 0; i < engine->seal_count; i++) {
        const seal_class *class = engine->seals[i].class;
        if ((class->can & SEAL_CAN_OFFLINE) != 0) continue;
        bytes_buffer_block(&out, bytes_text(class->name));
        bytes_buffer_u8(&out, has_all(iq, class) ? HAS : 0);
    }
    SOTTO_TRY(bytes_buffer_end(&out, &value));
    SOTTO_TRY(make_place(engine));
    SOTTO_TRY(program_key(&room, 'F', caps, &key));
    return engine_record_put(engine, key, value);
}

static sotto_status count_one(void *arg, sotto_bytes key, sotto_bytes value) {
    (void)key, (void)value;
    ++*(size_t *)arg;
    return SOTTO_OK;
}

static sotto_status drop_one(void *arg, sotto_bytes key, sotto_bytes value) {
    (void)value;
    return engine_record_put(arg, key, BYTES_NONE);
}

static sotto_status make_place(sotto_engine *engine) {
    size_t count = 0;
    SOTTO_TRY(engine_record_scan(engine, BYTES_LITERAL("F"), count_one, &count));
    return count < SOTTO_CAPS_MAX ? SOTTO_OK : engine_record_scan(engine, BYTES_LITERAL("F"), drop_one, engine);
}

/* Only what the hash is really over counts, for everybody who shows it; anything else is as if nobody had answered:
 * then it is found out by trying. */
sotto_status engine_feature_input(sotto_engine *engine, const seal_input *input) {
    engine_key_room room;
    context_caps caps = {0};
    sotto_bytes key, note = input->note;
    const uint8_t *end = note.len > 1 ? memchr(note.at, 0, note.len) : NULL;
    if (input->kind != SEAL_INPUT_ANSWER || end == NULL) return SOTTO_OK;
    caps.hash = bytes_of(note.at + 1, (size_t)(end - note.at) - 1);
    caps.ver = bytes_after(note, (size_t)(end - note.at) + 1);
    sotto_status status = sotto_ok(input->status)
                              ? context_caps_check(&engine->arena, input->answer, caps.hash, caps.ver)
                              : input->status;
    if (sotto_ok(status)) {
        SOTTO_TRY(remember(engine, &caps, input->answer));
    } else {
        if (sotto_class(status) == SOTTO_CLASS_OURS) return status;
        SOTTO_TRY(program_key(&room, 'f', &caps, &key));
        SOTTO_TRY(engine_fleeting_place(engine, 'f', SOTTO_CAPS_MAX));
        SOTTO_TRY(engine_stage_put(&engine->fleeting, key, BYTES_LITERAL("1")));
    }
    return engine_changed_add(engine, BYTES_NONE);
}
