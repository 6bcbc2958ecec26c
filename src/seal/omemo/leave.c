/* SPDX-License-Identifier: ISC
 *
 * Taking this device off the server (XEP-0384 section 6: "the client SHOULD delete the corresponding bundles and device
 * ids from the PEP nodes"): first off the list, so that nobody looks for its bundle, then the bundle, in one dialect
 * after the other, then the keys here. A list that would become empty is retracted instead: some implementations do not
 * read empty lists. */
#include "seal/omemo/self.h"

#include "bytes/memory.h"

#define NS_PUBSUB "http://jabber.org/protocol/pubsub"

static sotto_status left_tell(seal_env *env, sotto_status reason, sotto_bytes text) {
    return env->event(env,
                      &(sotto_event){.kind = SOTTO_EVENT_LEFT, .jid = env->account, .reason = reason, .text = text});
}

static sotto_status list_ask(seal_env *env, uint8_t dialect) {
    return omemo_ask_list(env, &(omemo_note){.kind = OMEMO_NOTE_LEAVE_LIST, .dialect = dialect, .jid = env->account});
}

sotto_status omemo_leave_start(omemo_self *self, seal_env *env) {
    omemo_own own;
    if (!self->online) return left_tell(env, SOTTO_FAIL(OFFLINE), BYTES_NONE);
    SOTTO_TRY(omemo_own_load(env, &own));
    own.leaving = true; /* from here on nothing puts the device back; if the program ends, the next stream goes on */
    sotto_status status = omemo_own_save(env, &own);
    bytes_wipe(&own, sizeof own);
    SOTTO_TRY(status);
    return list_ask(env, 0);
}

sotto_status omemo_leave_retract(seal_env *env, const char *node, sotto_bytes item, const omemo_note *note) {
    bytes_buffer out;
    stanza_writer w;
    bytes_buffer_owned(&out, env->host, SOTTO_STANZA_BYTES_MAX);
    stanza_writer_init(&w, &out, STANZA_NS_CLIENT);
    stanza_open(&w, "pubsub", NS_PUBSUB);
    stanza_open(&w, "retract", NS_PUBSUB);
    stanza_put_text(&w, "node", node);
    stanza_put_text(&w, "notify", "true");
    stanza_open(&w, "item", NS_PUBSUB);
    stanza_put(&w, "id", item);
    stanza_close(&w);
    stanza_close(&w);
    stanza_close(&w);
    sotto_status status = omemo_ask_payload(env, true, BYTES_NONE, &out, note);
    bytes_buffer_free(&out);
    return status;
}

static sotto_status bundle_retract(seal_env *env, const omemo_own *own, uint8_t dialect) {
    omemo_place place;
    omemo_dialect_place(omemo_dialects[dialect], own->device, &place);
    omemo_note note = {.kind = OMEMO_NOTE_LEAVE_BUNDLE, .dialect = dialect};
    return omemo_leave_retract(env, place.node, bytes_text(place.item), &note);
}

static sotto_status list_answered(seal_env *env, const omemo_own *own, const omemo_note *asked,
                                  const seal_input *input) {
    const omemo_dialect *dialect = omemo_dialects[asked->dialect];
    const stanza_element *items =
        sotto_ok(input->status) ? omemo_answer_items(input->answer, dialect->devices_node) : NULL;
    const stanza_element *devices = omemo_devices_find(items, dialect);
    omemo_note note = {.kind = OMEMO_NOTE_LEAVE_PUT, .dialect = asked->dialect};
    omemo_devices list;
    bytes_buffer out;
    stanza_writer w;
    uint32_t count;
    omemo_devices_read(devices, dialect, &list);
    if (!omemo_devices_has(&list, own->device)) return bundle_retract(env, own, asked->dialect);
    bytes_buffer_owned(&out, env->host, SOTTO_STANZA_BYTES_MAX);
    stanza_writer_init(&w, &out, STANZA_NS_CLIENT);
    omemo_publish_open(&w, dialect->devices_node, omemo_devices_item(items));
    omemo_devices_write(&w, dialect, devices, own->device, 0, &count);
    omemo_publish_close(&w, OMEMO_OPTIONS_NONE);
    sotto_status status = count > 0 ? omemo_ask_payload(env, true, BYTES_NONE, &out, &note)
                                    : omemo_leave_retract(env, dialect->devices_node, omemo_devices_item(items), &note);
    bytes_buffer_free(&out);
    return status;
}

/* ---- the keys here ---- */

typedef struct wiped_rows {
    bytes_arena *arena;
    struct wiped_row {
        struct wiped_row *next;
        sotto_bytes key, value;
    } * first;
} wiped_rows;

/* The length of the JID a row is about; 0: of our own. */
static size_t row_jid(sotto_bytes key) {
    size_t len = 0;
    while (len < key.len && key.at[len] != 0) len++;
    return len;
}

/* Whether a row is a device's; in which dialect. */
static bool row_is_device(sotto_bytes key, size_t jid_len, uint8_t *ret_dialect, uint32_t *ret_device) {
    for (uint8_t i = 0; i < OMEMO_DIALECTS; i++) {
        *ret_dialect = i;
        if (omemo_row_is(key, jid_len, omemo_row_in(OMEMO_ROW_DEVICE, i), ret_device)) return true;
    }
    return false;
}

static bool row_is_list(sotto_bytes key, size_t jid_len) {
    uint32_t device;
    for (uint8_t i = 0; i < OMEMO_DIALECTS; i++) {
        if (omemo_row_is(key, jid_len, omemo_row_in(OMEMO_ROW_LIST, i), &device)) return true;
    }
    return false;
}

/* Of what is only deleted the key will do: kept skipped keys can be many megabytes. */
static sotto_status row_found(void *arg, sotto_bytes key, sotto_bytes value) {
    wiped_rows *rows = arg;
    uint32_t device;
    uint8_t dialect;
    struct wiped_row *row = bytes_arena_take(rows->arena, sizeof *row);
    if (!row || !bytes_arena_copy(rows->arena, key, &row->key)) return SOTTO_FAIL(NO_MEMORY);
    if (row_is_device(key, row_jid(key), &dialect, &device) && !bytes_arena_copy(rows->arena, value, &row->value))
        return SOTTO_FAIL(NO_MEMORY);
    row->next = rows->first;
    rows->first = row;
    return SOTTO_OK;
}

/* What was seen of its key stays, so that a change is still an alarm later. */
void omemo_peer_without_sessions(const omemo_peer *peer, omemo_peer *ret) {
    *ret = omemo_peer_new(peer->dialect, peer->device);
    ret->known = peer->known;
    ret->key = peer->key;
    ret->fingerprint = peer->fingerprint;
    ret->pinned = peer->pinned;
}

/* A row of a device loses its session. */
static sotto_status row_wipe(seal_env *env, const struct wiped_row *row) {
    size_t jid_len = row_jid(row->key);
    uint32_t device;
    uint8_t dialect;
    sotto_bytes jid = bytes_of(row->key.at, jid_len);
    if (jid_len == 0 || row_is_list(row->key, jid_len) || omemo_row_is_best(row->key, jid_len)) return SOTTO_OK;
    if (!row_is_device(row->key, jid_len, &dialect, &device)) return env->put(env, row->key, BYTES_NONE);
    omemo_peer peer, kept;
    SOTTO_TRY(omemo_peer_decode(&peer, omemo_dialects[dialect], device, row->value));
    omemo_peer_without_sessions(&peer, &kept);
    bytes_wipe(&peer, sizeof peer);
    return omemo_peer_save(env, jid, &kept);
}

/* Sessions belong to the device that is given up. That contacts had devices is remembered (T8). */
sotto_status omemo_sessions_wipe(seal_env *env) {
    wiped_rows rows = {.arena = env->arena};
    SOTTO_TRY(env->scan(env, BYTES_NONE, row_found, &rows));
    for (struct wiped_row *row = rows.first; row; row = row->next) SOTTO_TRY(row_wipe(env, row));
    return SOTTO_OK;
}

static sotto_status left(omemo_self *self, seal_env *env) {
    const omemo_note_kind timers[] = {OMEMO_NOTE_TIMER_KEYS, OMEMO_NOTE_TIMER_REFILL, OMEMO_NOTE_TIMER_ANNOUNCE,
                                      OMEMO_NOTE_TIMER_OPENING, OMEMO_NOTE_TIMER_ROOM};
    SOTTO_TRY(omemo_sessions_wipe(env));
    SOTTO_TRY(omemo_own_wipe(env));
    for (size_t i = 0; i < sizeof timers / sizeof timers[0]; i++)
        SOTTO_TRY(omemo_timer(env, &(omemo_note){.kind = timers[i]}, UINT64_MAX));
    SOTTO_TRY(left_tell(env, SOTTO_OK, BYTES_NONE));
    omemo_cache_forget(&self->cache, BYTES_NONE);
    bytes_wipe(&self->identity, sizeof self->identity);
    self->gone = true;
    return SOTTO_OK;
}

static sotto_status not_left(seal_env *env, omemo_own *own, const seal_input *input) {
    own->leaving = false;
    SOTTO_TRY(omemo_own_save(env, own));
    return left_tell(env, input->status, omemo_answer_text(input->answer, env->arena));
}

static sotto_status answered(omemo_self *self, seal_env *env, omemo_own *own, const omemo_note *note,
                             const seal_input *input) {
    /* What is not there needs no taking away. */
    bool done = sotto_ok(input->status) || omemo_answer_is_error(input->answer, "item-not-found", NULL);
    if (!done) return not_left(env, own, input);
    switch (note->kind) {
    case OMEMO_NOTE_LEAVE_LIST:
        return list_answered(env, own, note, input);
    case OMEMO_NOTE_LEAVE_PUT:
        return bundle_retract(env, own, note->dialect);
    case OMEMO_NOTE_LEAVE_BUNDLE:
        return note->dialect + 1 < OMEMO_DIALECTS ? list_ask(env, (uint8_t)(note->dialect + 1)) : left(self, env);
    default:
        return SOTTO_FAIL(USAGE);
    }
}

sotto_status omemo_leave_answer(omemo_self *self, seal_env *env, const omemo_note *note, const seal_input *input) {
    omemo_own own;
    SOTTO_TRY(omemo_own_load(env, &own));
    sotto_status status = own.leaving ? answered(self, env, &own, note, input) : SOTTO_OK;
    bytes_wipe(&own, sizeof own);
    return status;
}
