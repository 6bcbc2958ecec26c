/* SPDX-License-Identifier: ISC
 *
 * OMEMO as a seal: the table, opening, and who gets which input. The contract is in seal/seal.h. */
#include <string.h>

#include "bytes/memory.h"
#include "seal/omemo/self.h"

static sotto_status self_fill(omemo_self *self, seal_env *env) {
    omemo_own own;
    bool changed;
    sotto_status status = omemo_own_load(env, &own);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) {
        status = omemo_own_create(env, &own, &self->identity);
    } else if (sotto_ok(status)) {
        status = omemo_own_identity(&own, &self->identity);
        if (sotto_ok(status) && env->set_back) status = omemo_opening_renew(self, env, &own);
        if (sotto_ok(status)) status = omemo_own_complete(env, &own, &self->identity);
        if (sotto_ok(status)) status = omemo_own_rotate(env, &own, &self->identity, &changed);
    }
    if (sotto_ok(status)) status = omemo_own_catching_up(env, &self->catching_up);
    if (sotto_ok(status)) status = omemo_publish_timers(env, &own);
    if (sotto_ok(status)) status = omemo_opening_check(env);
    bytes_wipe(&own, sizeof own);
    return status;
}

static void omemo_close(void *arg) {
    omemo_self *self = arg;
    if (!self) return;
    omemo_cache_forget(&self->cache, BYTES_NONE);
    bytes_free(self->host, self, sizeof *self);
}

static sotto_status omemo_open(void **ret, seal_env *env) {
    SOTTO_TRY(crypto_start());
    omemo_self *self = bytes_new(env->host, sizeof *self);
    if (!self) return SOTTO_FAIL(NO_MEMORY);
    self->host = env->host;
    omemo_cache_init(&self->cache, env->host);
    sotto_status status = self_fill(self, env);
    if (sotto_ok(status)) {
        *ret = self;
    } else {
        omemo_close(self);
    }
    return status;
}

static void omemo_forget(void *arg, sotto_bytes jid) {
    omemo_self *self = arg;
    omemo_cache_forget(&self->cache, jid);
    if (jid.len == 0) self->doubted = true;
}

/* ---- inputs ---- */

/* The first stream of an opening: another copy of this device may have been at work (T18). What was never on the server
 * has no copy that anybody knows of. */
static sotto_status begin(omemo_self *self, seal_env *env, const omemo_own *own, bool *in_out_checked) {
    if (own->leaving) return omemo_leave_start(self, env);
    if (!*in_out_checked && own->announced) return omemo_opening_ask(env, own);
    if (!*in_out_checked) SOTTO_TRY(omemo_opening_claim(self, env, own));
    *in_out_checked = true;
    return omemo_publish_start(self, env);
}

static sotto_status went_online(omemo_self *self, seal_env *env, bool fresh) {
    omemo_own own;
    bool online = self->online, checked = self->checked, changed, unlisted;
    self->online = true;
    SOTTO_TRY(omemo_own_load(env, &own));
    sotto_status status = SOTTO_OK;
    if (fresh) {
        status = omemo_own_rotate(env, &own, &self->identity, &changed);
        if (sotto_ok(status)) status = omemo_publish_timers(env, &own);
        if (sotto_ok(status)) status = begin(self, env, &own, &checked);
    } else if (own.announced && !own.leaving && checked) {
        status = omemo_publish_bundles(self, env, &own);
    }
    if (sotto_ok(status)) status = omemo_opening_online(self, env, &own);
    unlisted = !own.announced && !own.leaving;
    bytes_wipe(&own, sizeof own);
    if (!sotto_ok(status)) {
        self->online = online;
        return status;
    }
    self->checked = checked;
    if (fresh) {
        omemo_cache_forget(&self->cache, BYTES_NONE);
        omemo_opening_unlisted(self, unlisted);
        for (size_t i = 0; i < OMEMO_DIALECTS; i++) self->listing[i].missed = false;
        self->refill_ms = self->room_ms = 0;
        self->crowded = false;
    }
    return SOTTO_OK;
}

static sotto_status answered(omemo_self *self, seal_env *env, const seal_input *input) {
    omemo_note note;
    SOTTO_TRY(omemo_note_decode(input->note, &note));
    if (note.kind >= OMEMO_NOTE_RENAME_LIST) return omemo_rename_answer(self, env, &note, input);
    if (note.kind >= OMEMO_NOTE_REMOVE_LIST) return omemo_remove_answer(self, env, &note, input);
    if (note.kind <= OMEMO_NOTE_REFRESH_BUNDLE) return omemo_fetch_answer(self, env, &note, input);
    if (note.kind <= OMEMO_NOTE_SET_DEVICES) return omemo_publish_answer(self, env, &note, input);
    if (note.kind <= OMEMO_NOTE_LEAVE_BUNDLE) return omemo_leave_answer(self, env, &note, input);
    return omemo_opening_answer(self, env, &note, input);
}

static sotto_status notified(omemo_self *self, seal_env *env, const seal_input *input) {
    const omemo_dialect *dialect = NULL;
    if (bytes_is(input->node, OMEMO_NODE_OPENING) && bytes_equal(input->jid, env->account))
        return omemo_opening_notified(self, env, input->items);
    for (size_t i = 0; i < OMEMO_DIALECTS; i++) {
        if (bytes_is(input->node, omemo_dialects[i]->devices_node)) dialect = omemo_dialects[i];
    }
    if (!dialect || input->jid.len > SOTTO_OMEMO_JID_BYTES_MAX) return SOTTO_OK;
    const stanza_element *devices = omemo_devices_find(input->items, dialect);
    if (devices) SOTTO_TRY(omemo_fetch_list(self, env, input->jid, dialect, devices));
    if (bytes_equal(input->jid, env->account)) SOTTO_TRY(omemo_publish_notified(self, env, dialect, devices));
    if (devices) return SOTTO_OK;
    /* An item went, or came without its payload: the answer will say what there is. */
    return omemo_ask_list(env, &(omemo_note){.kind = OMEMO_NOTE_LIST, .dialect = dialect->number, .jid = input->jid});
}

static sotto_status timed(omemo_self *self, seal_env *env, const seal_input *input) {
    omemo_note note;
    SOTTO_TRY(omemo_note_decode(input->note, &note));
    if (note.kind == OMEMO_NOTE_TIMER_RETRY) return env->changed(env, note.jid);
    if (note.kind == OMEMO_NOTE_TIMER_ROOM) {
        SOTTO_TRY(env->changed(env, BYTES_NONE));
        self->room_ms = 0;
        self->crowded = false;
        return SOTTO_OK;
    }
    if (note.kind == OMEMO_NOTE_TIMER_OPENING) return omemo_opening_timer(self, env);
    return omemo_publish_timer(self, env, &note);
}

static sotto_status omemo_input(void *arg, seal_env *env, const seal_input *input) {
    omemo_self *self = arg;
    SOTTO_TRY(omemo_opening_settle(self, env));
    if (self->gone) return SOTTO_OK;
    switch (input->kind) {
    case SEAL_INPUT_ONLINE:
        return went_online(self, env, input->fresh);
    case SEAL_INPUT_OFFLINE:
        self->online = false;
        return SOTTO_OK;
    case SEAL_INPUT_ANSWER:
        return answered(self, env, input);
    case SEAL_INPUT_PEP:
        return notified(self, env, input);
    case SEAL_INPUT_TIMER:
        return timed(self, env, input);
    case SEAL_INPUT_REFRESH:
        return omemo_fetch_refresh(self, env, input->jid);
    case SEAL_INPUT_REPAIR:
        return omemo_fetch_repair(self, env, input->jid);
    case SEAL_INPUT_LEAVE:
        return omemo_leave_start(self, env);
    case SEAL_INPUT_CATCHUP:
        return omemo_catch_up(self, env, input->available);
    case SEAL_INPUT_REMOVE:
        return omemo_remove_start(self, env, input->device);
    case SEAL_INPUT_RENAME:
        return omemo_rename_start(self, env, input->bytes);
    case SEAL_INPUT_ADOPT:
        return omemo_adopt(self, env, input);
    case SEAL_INPUT_TRUST:
    case SEAL_INPUT_JOB:
    case SEAL_INPUT_PRESENCE:
    case SEAL_INPUT_STATEMENT:
    case SEAL_INPUT_PASSWORD:
    case SEAL_INPUT_ENDING:
    case SEAL_INPUT_FIRST:
        break; /* trust is the engine's; nothing was given out to be done; devices need not be online */
    }
    return SOTTO_OK;
}

/* ---- keys ---- */

typedef struct key_list {
    seal_env *env;
    sotto_bytes jid;
    uint32_t own_device; /* 0: the JID is another's */
    uint32_t retired;    /* what this device was before its store was copied (T18): not another device */
    omemo_devices all;   /* the lists of all dialects */
    omemo_devices of[OMEMO_DIALECTS];
    omemo_labels *labels; /* as the list claims them */
    seal_key *keys;
    size_t count, room;
    uint32_t next; /* of `all` */
} key_list;

static sotto_status key_add(key_list *list, const seal_key *key) {
    if (list->count == list->room) {
        size_t room = list->room * 2 + 8;
        seal_key *keys = bytes_arena_take(list->env->arena, room * sizeof *keys);
        if (!keys) return SOTTO_FAIL(NO_MEMORY);
        if (list->count > 0) memcpy(keys, list->keys, list->count * sizeof *keys);
        list->keys = keys;
        list->room = room;
    }
    list->keys[list->count++] = *key;
    return SOTTO_OK;
}

static sotto_bytes listed_in(const key_list *list, uint32_t device) {
    for (size_t i = 0; i < OMEMO_DIALECTS; i++) {
        if (omemo_devices_has(&list->of[i], device)) return bytes_text(omemo_dialects[i]->name);
    }
    return BYTES_NONE;
}

/* Rows come in the order of device ids; devices that are only on a list are put in where they belong. */
static sotto_status listed_until(key_list *list, uint32_t device) {
    for (; list->next < list->all.count && list->all.ids[list->next] < device; ++list->next) {
        uint32_t id = list->all.ids[list->next];
        if (id == list->own_device || id == list->retired) continue;
        seal_key key = {.jid = list->jid, .dialect = listed_in(list, id), .device = id, .active = true};
        SOTTO_TRY(key_add(list, &key));
    }
    if (list->next < list->all.count && list->all.ids[list->next] == device) ++list->next;
    return SOTTO_OK;
}

/* The rows of one device come one after the other, that of the best dialect first: the same key is shown once. */
static sotto_status device_add(key_list *list, const seal_key *key) {
    seal_key *last = list->count > 0 ? &list->keys[list->count - 1] : NULL;
    if (last && last->device == key->device && last->known && memcmp(last->key, key->key, 32) == 0) {
        last->active = last->active || key->active;
        return SOTTO_OK;
    }
    return key_add(list, key);
}

/* XEP-0384 section 5.3.1: "The label attribute MUST be ignored if no labelsig attribute is present or the signature
 * does not pass validation" (T10). */
static sotto_bytes label_of(const key_list *list, const omemo_peer *peer) {
    const omemo_label *label = omemo_labels_of(list->labels, peer->device);
    bool good = label && peer->known && peer->dialect->names->label &&
                sotto_ok(omemo_label_verify(peer->dialect, &peer->key, label));
    return good ? label->text : BYTES_NONE;
}

static sotto_status row_key_add(void *arg, sotto_bytes key, sotto_bytes value) {
    key_list *list = arg;
    uint32_t device;
    for (uint8_t i = 0; i < OMEMO_DIALECTS; i++) {
        omemo_peer peer;
        seal_key found;
        if (!omemo_row_is(key, list->jid.len, omemo_row_in(OMEMO_ROW_DEVICE, i), &device)) continue;
        if (device == list->own_device || device == list->retired) return SOTTO_OK;
        SOTTO_TRY(omemo_peer_decode(&peer, omemo_dialects[i], device, value));
        omemo_peer_key(&peer, list->jid, &found);
        found.label = label_of(list, &peer);
        bytes_wipe(&peer, sizeof peer);
        found.active = omemo_devices_has(&list->of[i], device);
        SOTTO_TRY(listed_until(list, device));
        return device_add(list, &found);
    }
    return SOTTO_OK;
}

static sotto_status this_device_add(omemo_self *self, key_list *list) {
    omemo_own own;
    SOTTO_TRY(omemo_own_load(list->env, &own));
    list->own_device = own.device;
    list->retired = own.retired;
    bytes_wipe(&own, sizeof own);
    omemo_label_own label;
    SOTTO_TRY(omemo_label_own_load(list->env, &label));
    seal_key key = {
        .jid = list->jid, .dialect = bytes_text(omemo_dialects[0]->name), .device = list->own_device, .known = true};
    key.this_device = true;
    key.label = label.text;
    key.active = omemo_devices_has(&list->all, list->own_device);
    memcpy(key.key, self->identity.x25519.bytes, 32);
    memcpy(key.fingerprint, self->identity.x25519.bytes, 32);
    return key_add(list, &key);
}

static sotto_status omemo_list_keys(void *arg, seal_env *env, sotto_bytes jid, seal_keys *ret) {
    omemo_self *self = arg;
    key_list list = {.env = env};
    omemo_row prefix;
    SOTTO_TRY(omemo_row_all(&prefix, jid));
    if (!bytes_arena_copy(env->arena, jid, &list.jid)) return SOTTO_FAIL(NO_MEMORY);
    for (size_t i = 0; i < OMEMO_DIALECTS; i++) {
        SOTTO_TRY(omemo_devices_load(env, jid, omemo_dialects[i], &list.of[i]));
        omemo_devices_join(&list.all, &list.of[i]);
    }
    list.labels = bytes_arena_take(env->arena, sizeof *list.labels);
    if (!list.labels) return SOTTO_FAIL(NO_MEMORY);
    SOTTO_TRY(omemo_labels_load(env, list.jid, list.labels));
    if (bytes_equal(jid, env->account) && !self->gone) SOTTO_TRY(this_device_add(self, &list));
    SOTTO_TRY(env->scan(env, omemo_row_key(&prefix), row_key_add, &list));
    SOTTO_TRY(listed_until(&list, UINT32_MAX));
    *ret = (seal_keys){list.keys, list.count};
    return SOTTO_OK;
}

/* ---- the table ---- */

#define NODE_2  "urn:xmpp:omemo:2:devices"
#define NODE_03 "eu.siacs.conversations.axolotl.devicelist"

static const char *const claims[] = {"urn:xmpp:omemo:2", "eu.siacs.conversations.axolotl", NULL};
static const char *const nodes[] = {NODE_2, NODE_03, OMEMO_NODE_OPENING, NULL};
static const char *const features[] = {NODE_2 "+notify", NODE_03 "+notify", OMEMO_NODE_OPENING "+notify", NULL};

static const seal_class omemo_class = {
    .name = "omemo",
    .strength = 1,
    .can = SEAL_CAN_MESSAGE | SEAL_CAN_OFFLINE | SEAL_CAN_ROOM,
    .carriers = SEAL_CAN_MESSAGE,
    .claims = claims,
    .nodes = nodes,
    .features = features,
    .open = omemo_open,
    .close = omemo_close,
    .promise = omemo_promise,
    .protect = omemo_protect,
    .unprotect = omemo_unprotect,
    .input = omemo_input,
    .forget = omemo_forget,
    .list_keys = omemo_list_keys,
    .sign = omemo_sibling_sign,
    .check = omemo_sibling_check,
    .back_up = omemo_back_up,
    .formerly = "omemo:2",
    .naming = &omemo_naming,
};

const sotto_seal *sotto_seal_omemo(void) {
    return &omemo_class;
}
