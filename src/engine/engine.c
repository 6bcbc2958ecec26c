/* SPDX-License-Identifier: ISC
 *
 * The public functions: opening, steps, commits, outputs. doc/engine.md says how they hang together. */
#include <sotto/engine.h>

#include "bytes/memory.h"
#include "engine/ask.h"
#include "engine/compare.h"
#include "engine/contact.h"
#include "engine/env.h"
#include "engine/held.h"
#include "engine/job.h"
#include "engine/keyring.h"
#include "engine/look.h"
#include "engine/output.h"
#include "engine/output_row.h"
#include "engine/receive.h"
#include "engine/record.h"
#include "engine/request.h"
#include "engine/resource.h"
#include "engine/room.h"
#include "engine/send.h"
#include "engine/step.h"
#include "engine/upgrade.h"

#define ARENA_CEILING       ((size_t)64 * 1024 * 1024)
#define SEQ_KEY             BYTES_LITERAL("Aseq") /* of the number the next output may have */
#define SEQ_BLOCK           1024u
#define NOTE_NAME_BYTES_MAX 64u
#define SEQ_SETBACK         (UINT64_C(1) << 32) /* more outputs than there were since any copy was made */

/* ---- records of the engine itself ---- */

static sotto_bytes space_key(engine_key_room *room, char space, sotto_bytes rest) {
    bytes_buffer *out = engine_key_begin(room, space);
    bytes_buffer_put(out, rest);
    sotto_bytes ret = BYTES_NONE;
    return sotto_ok(bytes_buffer_end(out, &ret)) ? ret : BYTES_NONE;
}

static void put_u64(uint8_t ret[8], uint64_t value) {
    for (unsigned i = 0; i < 8; i++) ret[i] = (uint8_t)(value >> (56 - 8 * i));
}

static uint64_t get_u64(sotto_bytes bytes) {
    uint64_t value = 0;
    for (size_t i = 0; i < 8 && i < bytes.len; i++) value = value << 8 | bytes.at[i];
    return value;
}

static sotto_status load_output(void *arg, sotto_bytes key, sotto_bytes value) {
    sotto_engine *engine = arg;
    if (key.len != 9) return SOTTO_FAIL(STORE_CORRUPT);
    return engine_outbox_load(&engine->outbox, get_u64(bytes_after(key, 1)), value);
}

static sotto_status load(sotto_engine *engine) {
    engine_key_room room;
    sotto_bytes value;
    sotto_status status = engine_record_get(engine, space_key(&room, 'A', BYTES_LITERAL("seq")), &value);
    if (!sotto_is(status, SOTTO_E_NOT_FOUND)) {
        SOTTO_TRY(status);
        engine->seq_reserved = get_u64(value);
        engine->outbox.next_seq = engine->seq_reserved;
    }
    status = engine_record_get(engine, ENGINE_KEY_SETBACKS, &value);
    if (!sotto_is(status, SOTTO_E_NOT_FOUND)) {
        SOTTO_TRY(status);
        engine->setbacks_known = get_u64(value);
    }
    status = engine_record_get(engine, ENGINE_KEY_RESTORED, &value);
    if (!sotto_is(status, SOTTO_E_NOT_FOUND)) {
        SOTTO_TRY(status);
        engine->restored = true;
    }
    /* Straight from the store: nothing is staged yet, and all rows together may be more than a call's arena holds. */
    return engine->store->methods->scan(engine->store, BYTES_LITERAL("O"), load_output, engine);
}

/* ---- opening and closing ---- */

static size_t count_texts(const char *const *texts) {
    size_t count = 0;
    while (texts[count] != NULL) count++;
    return count;
}

static sotto_status copy_seals(sotto_engine *engine, const sotto_engine_config *config) {
    size_t features = 0;
    while (config->seals[engine->seal_count] != NULL) {
        const seal_class *class = config->seals[engine->seal_count++];
        if (class->strength < config->least_strength) return SOTTO_FAIL(USAGE);
        features += count_texts(class->features);
    }
    if (engine->seal_count == 0 || engine->seal_count > UINT8_MAX) return SOTTO_FAIL(USAGE);
    engine->seals = bytes_arena_take(&engine->lasting, engine->seal_count * sizeof *engine->seals);
    engine->features = bytes_arena_take(&engine->lasting, (features + 1) * sizeof *engine->features);
    if (engine->seals == NULL || engine->features == NULL) return SOTTO_FAIL(NO_MEMORY);
    for (size_t i = 0; i < engine->seal_count; i++) {
        engine->seals[i].class = config->seals[i];
        for (const char *const *feature = config->seals[i]->features; *feature != NULL; feature++)
            engine->features[engine->features_count++] = *feature;
    }
    return SOTTO_OK;
}

static void close_seals(sotto_engine *engine) {
    for (size_t i = 0; i < engine->seal_count && engine->seals != NULL; i++) {
        if (engine->seals[i].is_open) engine->seals[i].class->close(engine->seals[i].self);
        engine->seals[i].self = NULL;
        engine->seals[i].is_open = false;
    }
}

/* The store was copied back: what came after the copy is forgotten here and was seen by others. Numbers of outputs that
 * a host may have seen are not given again; that it was dealt with is written together with what the seals make of it.
 */
static sotto_status note_setback(sotto_engine *engine) {
    engine_key_room room;
    uint8_t value[8];
    if (!engine_is_set_back(engine)) return SOTTO_OK;
    if (engine->outbox.next_seq <= engine->seq_reserved) engine->outbox.next_seq = engine->seq_reserved + SEQ_SETBACK;
    put_u64(value, engine->outbox.next_seq);
    SOTTO_TRY(engine_record_put(engine, space_key(&room, 'A', BYTES_LITERAL("seq")), bytes_of(value, sizeof value)));
    put_u64(value, engine->store->setbacks);
    if (engine->restored) SOTTO_TRY(engine_record_put(engine, ENGINE_KEY_RESTORED, BYTES_NONE));
    return engine_record_put(engine, ENGINE_KEY_SETBACKS, bytes_of(value, sizeof value));
}

/* Those that are not open: all of them at first, and after a failed commit. */
static sotto_status open_seals(sotto_engine *engine) {
    SOTTO_TRY(note_setback(engine));
    for (size_t i = 0; i < engine->seal_count; i++) {
        if (engine->seals[i].is_open) continue;
        engine_env env;
        engine_env_init(&env, engine, i);
        SOTTO_TRY(engine->seals[i].class->open(&engine->seals[i].self, &env.base));
        engine->seals[i].is_open = true;
    }
    return SOTTO_OK;
}

static sotto_status open_all(sotto_engine *engine, const sotto_engine_config *config) {
    stanza_jid account;
    SOTTO_TRY(stanza_jid_parse(&engine->lasting, config->account, &account));
    if (account.local.len == 0 || account.resource.len > 0) return SOTTO_FAIL(BAD_JID);
    engine->account = account;
    SOTTO_TRY(copy_seals(engine, config));
    SOTTO_TRY(stanza_parser_new(&engine->parser, engine->host));
    SOTTO_TRY(load(engine));
    SOTTO_TRY(engine_upgrade(engine));
    SOTTO_TRY(engine_resource_load(engine));
    SOTTO_TRY(engine_request_load(engine));
    SOTTO_TRY(open_seals(engine));
    return sotto_engine_commit(engine);
}

sotto_status sotto_engine_open(sotto_engine **ret, const sotto_engine_config *config, uint64_t now_ms) {
    if (config->host == NULL || config->store == NULL || config->seals == NULL ||
        (unsigned)config->encrypt > SOTTO_ENCRYPT_NEVER || (unsigned)config->trust > SOTTO_CERTIFIED)
        return SOTTO_FAIL(USAGE);
    sotto_engine *engine = bytes_new(config->host, sizeof *engine);
    if (engine == NULL) return SOTTO_FAIL(NO_MEMORY);
    engine->host = config->host;
    engine->store = config->store;
    engine->encrypt = config->encrypt == SOTTO_ENCRYPT_DEFAULT ? SOTTO_ENCRYPT_AUTO : config->encrypt;
    engine->trust = config->trust;
    engine->catch_up = config->catch_up;
    engine->now_ms = now_ms;
    engine->asks_lost = true;
    bytes_arena_init(&engine->lasting, engine->host, ARENA_CEILING);
    bytes_arena_init(&engine->arena, engine->host, ARENA_CEILING);
    bytes_arena_init(&engine->step_arena, engine->host, ARENA_CEILING);
    bytes_arena_init(&engine->scan_arena, engine->host, ARENA_CEILING);
    engine_mirror_init(&engine->mirror, engine->host);
    engine_stage_init(&engine->records, engine->host);
    engine_stage_init(&engine->fleeting, engine->host);
    engine_stage_init(&engine->roster, engine->host);
    engine_stage_init(&engine->resources, engine->host);
    engine_outbox_init(&engine->outbox, engine->host);
    sotto_status status = open_all(engine, config);
    if (!sotto_ok(status)) {
        sotto_engine_close(engine);
        return status;
    }
    *ret = engine;
    return SOTTO_OK;
}

void sotto_engine_close(sotto_engine *engine) {
    if (engine == NULL) return;
    close_seals(engine);
    stanza_parser_free(engine->parser);
    engine_outbox_clear(&engine->outbox);
    engine_stage_clear(&engine->fleeting);
    engine_stage_clear(&engine->roster);
    engine_stage_clear(&engine->resources);
    engine_stage_clear(&engine->records);
    engine_mirror_clear(&engine->mirror);
    bytes_arena_clear(&engine->arena);
    bytes_arena_clear(&engine->scan_arena);
    bytes_arena_clear(&engine->step_arena);
    bytes_arena_clear(&engine->lasting);
    bytes_free(engine->host, engine, sizeof *engine);
}

/* Every public call begins here: spans handed out by the one before it end. */
static void begin_call(sotto_engine *engine) {
    bytes_arena_back(&engine->arena, (bytes_arena_mark){0});
    bytes_arena_back(&engine->step_arena, (bytes_arena_mark){0});
}

/* ---- steps ---- */

/* ONLINE failed, but some seals may have been told already: they are told otherwise. */
static void tell_not_online(sotto_engine *engine) {
    for (size_t i = 0; i < engine->seal_count; i++) {
        if (!engine->seals[i].is_open) continue;
        engine_mark mark = engine_mark_here(engine);
        sotto_status status = engine_seal_input(engine, i, &(seal_input){.kind = SEAL_INPUT_OFFLINE});
        if (!sotto_ok(status)) engine_mark_back(engine, mark);
    }
}

/* The last call of a step for the seals that were called in it. */
static sotto_status flush_seals(sotto_engine *engine) {
    for (size_t i = 0; i < engine->seal_count; i++) {
        if (!engine->seals[i].called) continue;
        engine_env env;
        engine_env_init(&env, engine, i);
        if (engine->seals[i].class->flush != NULL)
            SOTTO_TRY(engine->seals[i].class->flush(engine->seals[i].self, &env.base));
        engine->seals[i].called = engine->seals[i].forgot = false;
    }
    return SOTTO_OK;
}

/* What seals did was taken back, and some of them keep what cannot go back. */
static void forget_called(sotto_engine *engine) {
    for (size_t i = 0; i < engine->seal_count; i++)
        if (engine->seals[i].is_open && engine->seals[i].called) {
            engine->seals[i].class->forget(engine->seals[i].self, BYTES_NONE);
            engine->seals[i].forgot = true;
        }
}

/* What was held on the word of a seal that has forgotten it is looked at again. */
static sotto_status renew_promises(sotto_engine *engine) {
    for (size_t i = 0; i < engine->seal_count; i++) {
        engine->seals[i].called = engine->seals[i].forgot;
        if (engine->seals[i].forgot) SOTTO_TRY(engine_changed_add(engine, BYTES_NONE));
    }
    return SOTTO_OK;
}

sotto_status sotto_engine_step(sotto_engine *engine, const sotto_input *input, uint64_t now_ms) {
    begin_call(engine);
    uint64_t before_ms = engine->now_ms;
    bool was_online = engine->online;
    engine->now_ms = now_ms;
    engine->changed = NULL;
    engine->later = NULL;
    engine->heard = NULL;
    engine_mark mark = engine_mark_here(engine);
    sotto_status status = open_seals(engine);
    if (sotto_ok(status)) status = renew_promises(engine);
    if (sotto_ok(status)) status = engine_step_do(engine, input);
    if (sotto_ok(status)) status = engine_compare_later(engine);
    if (sotto_ok(status)) status = engine_keyring_later(engine);
    if (sotto_ok(status)) status = engine_send_review(engine);
    if (sotto_ok(status)) status = engine_keyring_later(engine);
    if (sotto_ok(status)) status = flush_seals(engine);
    if (sotto_ok(status)) {
        /* From here on records go back all together or not at all: what this step wrote over is not needed. */
        engine_stage_settle(&engine->records);
        return status;
    }
    engine_mark_back(engine, mark);
    engine->now_ms = before_ms;
    engine->online = was_online;
    if (input->kind == SOTTO_INPUT_ONLINE && !was_online) tell_not_online(engine);
    forget_called(engine);
    return status;
}

/* ---- commits ---- */

typedef struct change_list {
    sotto_change *at;
    size_t count, size;
    bytes_arena *arena;
} change_list;

static void add_change(change_list *list, sotto_bytes key, sotto_bytes value) {
    list->at[list->count++] = (sotto_change){key, value};
}

static sotto_status add_output(change_list *list, const outbox_entry *entry, bool gone) {
    uint8_t *key = bytes_arena_take(list->arena, 9);
    if (key == NULL) return SOTTO_FAIL(NO_MEMORY);
    key[0] = 'O';
    put_u64(key + 1, entry->seq);
    add_change(list, bytes_of(key, 9), gone ? BYTES_NONE : bytes_of(entry->row, entry->row_len));
    return SOTTO_OK;
}

/* Everything the next transaction has to write: staged records, new outputs, outputs that are done, the number the next
 * output may have after a restart. */
static sotto_status gather_changes(sotto_engine *engine, change_list *list, uint64_t *ret_reserved) {
    engine_outbox *outbox = &engine->outbox;
    list->size = engine->records.map.count + outbox->len + 1;
    list->at = bytes_arena_take(list->arena, list->size * sizeof *list->at);
    if (list->at == NULL) return SOTTO_FAIL(NO_MEMORY);
    for (const bytes_map_entry *entry = bytes_map_first(&engine->records.map); entry != NULL;
         entry = bytes_map_next(entry))
        add_change(list, bytes_map_entry_key(entry), bytes_map_entry_value(entry));
    bool new_rows = false;
    for (size_t i = 0; i < outbox->len; i++) {
        const outbox_entry *entry = &outbox->at[i];
        bool staged = i >= outbox->committed;
        if (entry->keep == OUTBOX_ONCE || !(staged || entry->done)) continue;
        SOTTO_TRY(add_output(list, entry, entry->done));
        new_rows = new_rows || staged;
    }
    *ret_reserved = engine->seq_reserved;
    if (!new_rows || outbox->next_seq <= engine->seq_reserved) return SOTTO_OK;
    *ret_reserved = outbox->next_seq + SEQ_BLOCK;
    uint8_t *reserved = bytes_arena_take(list->arena, 8);
    if (reserved == NULL) return SOTTO_FAIL(NO_MEMORY);
    put_u64(reserved, *ret_reserved);
    add_change(list, SEQ_KEY, bytes_of(reserved, 8));
    return SOTTO_OK;
}

static sotto_status write_changes(sotto_engine *engine) {
    change_list list = {.arena = &engine->arena};
    uint64_t reserved;
    SOTTO_TRY(gather_changes(engine, &list, &reserved));
    if (list.count > 0) SOTTO_TRY(engine->store->methods->write(engine->store, list.at, list.count));
    if (reserved != engine->seq_reserved) engine_mirror_forget(&engine->mirror, SEQ_KEY);
    engine->seq_reserved = reserved;
    engine->setbacks_known = engine->store->setbacks;
    engine->restored = false;
    return SOTTO_OK;
}

/* Everything since the last commit is undone. What seals kept beside their records may be wrong now: they are closed,
 * and the next step opens them again. */
static void undo_all(sotto_engine *engine) {
    engine_stage_pop(&engine->fleeting, 0);
    engine_stage_pop(&engine->roster, 0);
    engine_stage_pop(&engine->resources, 0);
    engine_stage_clear(&engine->records);
    engine_mirror_clear(&engine->mirror); /* the store says itself what it has now */
    engine_outbox_undo(&engine->outbox);
    engine->online = false;
    engine->full = BYTES_NONE;
    engine->asks_lost = true;
    engine->begun_lost = engine->begun_lost || engine->begun;
    engine->begun = false;
    close_seals(engine);
}

sotto_status sotto_engine_commit(sotto_engine *engine) {
    begin_call(engine);
    sotto_status status = write_changes(engine);
    if (!sotto_ok(status)) {
        undo_all(engine);
        return status;
    }
    engine_mirror_written(&engine->mirror, &engine->records.map);
    engine_stage_clear(&engine->records);
    engine->begun = engine->begun_lost = false;
    engine_stage_settle(&engine->fleeting);
    engine_stage_settle(&engine->roster);
    engine_stage_settle(&engine->resources);
    engine_outbox_settle(&engine->outbox);
    return SOTTO_OK;
}

/* ---- outputs ---- */

bool sotto_engine_next(sotto_engine *engine, sotto_output *ret) {
    begin_call(engine);
    return engine_outbox_next(&engine->outbox, engine->online, ret);
}

sotto_status sotto_engine_done(sotto_engine *engine, uint64_t seq) {
    begin_call(engine);
    outbox_entry *entry = engine_outbox_find(&engine->outbox, seq);
    if (entry == NULL || entry->done) return SOTTO_FAIL(NOT_FOUND);
    entry->done = true;
    return SOTTO_OK;
}

sotto_status sotto_engine_acked(sotto_engine *engine, uint32_t count) {
    begin_call(engine);
    if (count > engine_outbox_handed(&engine->outbox)) return SOTTO_FAIL(BAD_SERVER);
    engine_outbox_acked(&engine->outbox, count);
    return SOTTO_OK;
}

/* Whom a stanza on its way was for: bare; empty where it says nobody. */
static sotto_status recipient_of(sotto_engine *engine, const outbox_entry *entry, sotto_bytes *ret) {
    sotto_output output;
    outbox_keep keep;
    const stanza_element *stanza;
    stanza_jid to;
    SOTTO_TRY(engine_output_decode(bytes_of(entry->row, entry->row_len), &output, &keep));
    SOTTO_TRY(stanza_parser_read(engine->parser, &engine->arena, output.stanza, &stanza));
    sotto_bytes text = stanza_attribute_of(stanza, "to");
    *ret = BYTES_NONE;
    if (text.at == NULL) return SOTTO_OK;
    SOTTO_TRY(stanza_jid_parse(&engine->arena, text, &to));
    *ret = to.bare;
    return SOTTO_OK;
}

sotto_status sotto_engine_reject(sotto_engine *engine, uint64_t seq, sotto_status reason) {
    begin_call(engine);
    const outbox_entry *entry = engine_outbox_find(&engine->outbox, seq);
    if (entry == NULL || entry->done || !entry->to_server) return SOTTO_FAIL(NOT_FOUND);
    sotto_event event = {.kind = SOTTO_EVENT_REFUSED, .ticket = entry->ticket, .reason = reason};
    SOTTO_TRY(recipient_of(engine, entry, &event.jid));
    engine_mark mark = engine_mark_here(engine);
    sotto_status status = engine_request_lost(engine, entry, reason);
    if (sotto_ok(status)) status = engine_event(engine, &event);
    if (!sotto_ok(status)) {
        engine_mark_back(engine, mark);
        return status;
    }
    outbox_entry *rejected = engine_outbox_find(&engine->outbox, seq); /* staging may have moved it */
    rejected->lost = rejected->done = true; /* until it is committed: a failed commit gives it back, event and all */
    return SOTTO_OK;
}

sotto_status sotto_engine_ticket(sotto_engine *engine, uint64_t *ret) {
    begin_call(engine);
    uint8_t random[8];
    SOTTO_TRY(engine_random(engine, random, sizeof random));
    uint64_t ticket = get_u64(bytes_of(random, sizeof random)) & (UINT64_MAX >> 1);
    *ret = ticket != 0 ? ticket : 1;
    return SOTTO_OK;
}

const char *sotto_event_name(sotto_event_kind kind) {
    static const char *const names[] = {"held",
                                        "refused",
                                        "left-out",
                                        "new-key",
                                        "key-alarm",
                                        "devices",
                                        "unreadable",
                                        "refreshed",
                                        "published",
                                        "not-published",
                                        "opt-out",
                                        "left",
                                        "copied",
                                        "delivered",
                                        "delivery-unknown",
                                        "room",
                                        "room-member",
                                        "invited",
                                        [SOTTO_EVENT_CATCHING_UP] = "catching-up",
                                        [SOTTO_EVENT_CAUGHT_UP] = "caught-up",
                                        [SOTTO_EVENT_CAUGHT_UP_UNREADABLE] = "caught-up-unreadable",
                                        [SOTTO_EVENT_REDUCED] = "reduced",
                                        [SOTTO_EVENT_LIST_GONE] = "list-gone",
                                        [SOTTO_EVENT_DOUBTFUL] = "doubtful",
                                        [SOTTO_EVENT_MISSED] = "missed",
                                        [SOTTO_EVENT_RESENT] = "resent",
                                        [SOTTO_EVENT_VOUCHED] = "vouched",
                                        [SOTTO_EVENT_POLICY_ENDED] = "policy-ended",
                                        [SOTTO_EVENT_REMOVED] = "removed",
                                        [SOTTO_EVENT_RENAMED] = "renamed",
                                        [SOTTO_EVENT_CUT_SHORT] = "cut-short",
                                        [SOTTO_EVENT_STATEMENT] = "statement",
                                        [SOTTO_EVENT_COMPARE] = "compare",
                                        [SOTTO_EVENT_QUARANTINED] = "quarantined",
                                        [SOTTO_EVENT_MOVED] = "moved",
                                        [SOTTO_EVENT_PASSWORD] = "password",
                                        [SOTTO_EVENT_LIVE_ONLY] = "live-only",
                                        [SOTTO_EVENT_LIVE_GONE] = "live-gone",
                                        [SOTTO_EVENT_FALSE_ANSWER] = "false-answer"};
    return (unsigned)kind < sizeof names / sizeof *names && names[kind] != NULL ? names[kind] : "unknown";
}

const char *sotto_trust_name(sotto_trust trust) {
    return trust_name(trust);
}

uint64_t sotto_engine_deadline(const sotto_engine *engine) {
    return engine_due_at(engine);
}

/* ---- looking ---- */

sotto_status sotto_engine_keys(sotto_engine *engine, sotto_bytes jid, sotto_key_visit *visit, void *arg) {
    begin_call(engine);
    stanza_jid parsed;
    SOTTO_TRY(stanza_jid_parse(&engine->arena, jid, &parsed));
    SOTTO_TRY(open_seals(engine));
    return engine_keyring_visit(engine, parsed.bare, visit, arg);
}

typedef struct held_view {
    sotto_held_visit *visit;
    void *arg;
} held_view;

static sotto_status show_held(void *arg, const engine_held *held) {
    const held_view *view = arg;
    if (held->ticket == 0) return SOTTO_OK; /* the engine's own */
    sotto_held shown = {held->ticket, held->jid, held->stanza, held->reason, held->since_ms};
    return view->visit(view->arg, &shown);
}

sotto_status sotto_engine_held(sotto_engine *engine, sotto_held_visit *visit, void *arg) {
    begin_call(engine);
    held_view view = {visit, arg};
    return engine_held_scan(engine, show_held, &view);
}

sotto_status sotto_engine_rooms(sotto_engine *engine, sotto_room_visit *visit, void *arg) {
    begin_call(engine);
    return engine_room_visit(engine, visit, arg);
}

sotto_status sotto_engine_room_members(sotto_engine *engine, sotto_bytes room, sotto_room_member_visit *visit,
                                       void *arg) {
    begin_call(engine);
    stanza_jid jid;
    SOTTO_TRY(stanza_jid_parse(&engine->arena, room, &jid));
    return engine_room_member_visit(engine, jid.bare, visit, arg);
}

sotto_status sotto_engine_sessions(sotto_engine *engine, sotto_bytes jid, sotto_session_visit *visit, void *arg) {
    begin_call(engine);
    return engine_look_sessions(engine, jid, visit, arg);
}

sotto_status sotto_engine_contact(sotto_engine *engine, sotto_bytes jid, sotto_contact *ret) {
    begin_call(engine);
    stanza_jid parsed;
    SOTTO_TRY(stanza_jid_parse(&engine->arena, jid, &parsed));
    return engine_contact_describe(engine, parsed.bare, ret);
}

sotto_status sotto_engine_compares(sotto_engine *engine, sotto_compare_visit *visit, void *arg) {
    begin_call(engine);
    return engine_compare_visit(engine, visit, arg);
}

const char *const *sotto_engine_features(const sotto_engine *engine) {
    return (const char *const *)engine->features;
}

/* ---- the host's notes ---- */

sotto_status sotto_engine_note(sotto_engine *engine, sotto_bytes name, sotto_bytes value) {
    begin_call(engine);
    if (name.len == 0 || name.len > NOTE_NAME_BYTES_MAX) return SOTTO_FAIL(USAGE);
    engine_key_room room;
    return engine_record_put(engine, space_key(&room, 'N', name), value);
}

sotto_status sotto_engine_noted(sotto_engine *engine, sotto_bytes name, sotto_bytes *ret) {
    begin_call(engine);
    if (name.len == 0 || name.len > NOTE_NAME_BYTES_MAX) return SOTTO_FAIL(USAGE);
    engine_key_room room;
    return engine_record_get(engine, space_key(&room, 'N', name), ret);
}

typedef struct notes_view {
    sotto_visit *visit;
    void *arg;
} notes_view;

static sotto_status show_note(void *arg, sotto_bytes key, sotto_bytes value) {
    const notes_view *view = arg;
    return view->visit(view->arg, bytes_after(key, 1), value);
}

sotto_status sotto_engine_notes(sotto_engine *engine, sotto_bytes prefix, sotto_visit *visit, void *arg) {
    begin_call(engine);
    if (prefix.len == 0 || prefix.len > NOTE_NAME_BYTES_MAX) return SOTTO_FAIL(USAGE);
    engine_key_room room;
    notes_view view = {visit, arg};
    return engine_record_scan(engine, space_key(&room, 'N', prefix), show_note, &view);
}
