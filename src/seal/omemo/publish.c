/* SPDX-License-Identifier: ISC
 *
 * Own device list and bundle on the server. After the stream began anew: look whether the device id is free (once,
 * before it is used first), bring the bundle up to date, then put the id on the list, so that nobody finds an id
 * without keys. Other devices' entries are kept as they are, and only our own two nodes are ever configured (T4, T8).
 */
#include "seal/omemo/bundle.h"
#include "seal/omemo/self.h"

#include <string.h>

#include "bytes/memory.h"

#define NS_PUBSUB       "http://jabber.org/protocol/pubsub"
#define NS_PUBSUB_OWNER "http://jabber.org/protocol/pubsub#owner"
#define NS_DATA         "jabber:x:data"
#define AGAIN_MS        600000ull /* before a publication that failed is tried again */

/* ---- payloads ---- */

static void field_write(stanza_writer *w, const char *var, const char *type, const char *value) {
    stanza_open(w, "field", NS_DATA);
    stanza_put_text(w, "var", var);
    if (type) stanza_put_text(w, "type", type);
    stanza_leaf(w, "value", NS_DATA, bytes_text(value));
    stanza_close(w);
}

static void form_write(stanza_writer *w, const char *form_type, omemo_publish_options options) {
    stanza_open(w, "x", NS_DATA);
    stanza_put_text(w, "type", "submit");
    field_write(w, "FORM_TYPE", "hidden", form_type);
    field_write(w, "pubsub#access_model", NULL, options == OMEMO_OPTIONS_OWN_MANY ? "whitelist" : "open");
    if (options != OMEMO_OPTIONS_OPEN) field_write(w, "pubsub#max_items", NULL, "max");
    stanza_close(w);
}

static void item_open(stanza_writer *w, const char *node) {
    stanza_open(w, "pubsub", NS_PUBSUB);
    stanza_open(w, "publish", NS_PUBSUB);
    stanza_put_text(w, "node", node);
    stanza_open(w, "item", NS_PUBSUB);
}

void omemo_publish_open(stanza_writer *w, const char *node, sotto_bytes item) {
    item_open(w, node);
    stanza_put(w, "id", item);
}

void omemo_publish_open_device(stanza_writer *w, const char *node, uint32_t device) {
    item_open(w, node);
    stanza_put_number(w, "id", device);
}

void omemo_publish_close(stanza_writer *w, omemo_publish_options options) {
    stanza_close(w);
    stanza_close(w);
    if (options != OMEMO_OPTIONS_NONE) {
        stanza_open(w, "publish-options", NS_PUBSUB);
        form_write(w, "http://jabber.org/protocol/pubsub#publish-options", options);
        stanza_close(w);
    }
    stanza_close(w);
}

sotto_status omemo_publish_configure(seal_env *env, const char *node, omemo_publish_options options,
                                     const omemo_note *note) {
    uint8_t memory[1024];
    bytes_buffer out;
    stanza_writer w;
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    stanza_writer_init(&w, &out, STANZA_NS_CLIENT);
    stanza_open(&w, "pubsub", NS_PUBSUB_OWNER);
    stanza_open(&w, "configure", NS_PUBSUB_OWNER);
    stanza_put_text(&w, "node", node);
    form_write(&w, "http://jabber.org/protocol/pubsub#node_config", options);
    stanza_close(&w);
    stanza_close(&w);
    return omemo_ask_payload(env, true, BYTES_NONE, &out, note);
}

static sotto_status bundle_payload(omemo_self *self, seal_env *env, const omemo_own *own, bytes_buffer *out) {
    stanza_writer w;
    stanza_writer_init(&w, out, STANZA_NS_CLIENT);
    omemo_publish_open_device(&w, self->dialect->bundles_node, own->device);
    SOTTO_TRY(omemo_bundle_write(&w, self->dialect, env, own, &self->identity));
    omemo_publish_close(&w, OMEMO_OPTIONS_OPEN_MANY);
    return SOTTO_OK;
}

sotto_status omemo_publish_bundle(omemo_self *self, seal_env *env, omemo_own *own, uint8_t attempt) {
    bool changed;
    bytes_buffer out;
    SOTTO_TRY(omemo_own_refill(env, own, &changed));
    SOTTO_TRY(omemo_own_save(env, own));
    bytes_buffer_owned(&out, env->host, SOTTO_STANZA_BYTES_MAX);
    sotto_status status = bundle_payload(self, env, own, &out);
    omemo_note note = {.kind = OMEMO_NOTE_PUT_BUNDLE, .attempt = attempt, .number = own->version};
    if (sotto_ok(status)) status = omemo_ask_payload(env, true, BYTES_NONE, &out, &note);
    bytes_buffer_free(&out);
    return status;
}

/* The list as it is, with this device in it, and without the one this store was before it was copied. */
static sotto_status list_publish(omemo_self *self, seal_env *env, const omemo_own *own, const stanza_element *devices,
                                 uint8_t attempt) {
    bytes_buffer out;
    stanza_writer w;
    uint32_t count;
    bytes_buffer_owned(&out, env->host, SOTTO_STANZA_BYTES_MAX);
    stanza_writer_init(&w, &out, STANZA_NS_CLIENT);
    omemo_publish_open(&w, self->dialect->devices_node, BYTES_LITERAL("current"));
    omemo_devices_write(&w, self->dialect, devices, own->retired, own->device, &count);
    omemo_publish_close(&w, OMEMO_OPTIONS_OPEN);
    sotto_status status =
        omemo_ask_payload(env, true, BYTES_NONE, &out,
                          &(omemo_note){.kind = OMEMO_NOTE_PUT_LIST, .attempt = attempt, .number = own->device});
    bytes_buffer_free(&out);
    return status;
}

/* ---- telling ---- */

static sotto_status published_tell(seal_env *env, const omemo_own *own, uint8_t attempt) {
    if (!(attempt & OMEMO_PUBLISH_WHOLE)) return SOTTO_OK;
    return env->event(env, &(sotto_event){.kind = SOTTO_EVENT_PUBLISHED, .jid = env->account, .number = own->device});
}

static sotto_status failed_tell(seal_env *env, sotto_status reason, sotto_bytes text) {
    SOTTO_TRY(omemo_timer(env, &(omemo_note){.kind = OMEMO_NOTE_TIMER_ANNOUNCE}, env->now_ms + AGAIN_MS));
    return env->event(
        env, &(sotto_event){.kind = SOTTO_EVENT_NOT_PUBLISHED, .jid = env->account, .reason = reason, .text = text});
}

static sotto_status failed(seal_env *env, const seal_input *input) {
    return failed_tell(env, input->status, omemo_answer_text(input->answer, env->arena));
}

/* ---- the steps ---- */

static sotto_status ask_own_list(omemo_self *self, seal_env *env, omemo_note_kind kind, uint8_t attempt) {
    return omemo_ask_list(self, env, &(omemo_note){.kind = kind, .attempt = attempt, .jid = env->account});
}

static sotto_status ask_own_bundle(omemo_self *self, seal_env *env, const omemo_own *own, uint8_t attempt) {
    omemo_note note = {.kind = OMEMO_NOTE_OWN_BUNDLE, .attempt = attempt, .number = own->device, .jid = env->account};
    return omemo_ask_bundle(self, env, &note);
}

sotto_status omemo_publish_start(omemo_self *self, seal_env *env) {
    omemo_own own;
    SOTTO_TRY(omemo_own_load(env, &own));
    bool announced = own.announced;
    sotto_status status = announced ? ask_own_bundle(self, env, &own, OMEMO_PUBLISH_WHOLE)
                                    : ask_own_list(self, env, OMEMO_NOTE_OWN_CHECK, OMEMO_PUBLISH_WHOLE);
    bytes_wipe(&own, sizeof own);
    return status;
}

/* The own list in an answer: false, having told, when the answer says nothing about it. */
static sotto_status own_list_take(omemo_self *self, seal_env *env, const seal_input *input,
                                  const stanza_element **ret_devices, bool *ret_got) {
    *ret_devices = NULL;
    *ret_got = sotto_ok(input->status) || omemo_answer_is_error(input->answer, "item-not-found", NULL);
    if (!*ret_got) return failed(env, input);
    if (sotto_ok(input->status))
        *ret_devices =
            omemo_devices_find(omemo_answer_items(input->answer, self->dialect->devices_node), self->dialect);
    return omemo_fetch_list(self, env, env->account, *ret_devices);
}

static sotto_status device_choose(seal_env *env, omemo_own *own, const omemo_devices *taken) {
    uint32_t before = own->device;
    do {
        SOTTO_TRY(omemo_own_new_device(env, &own->device));
    } while (own->device == before || omemo_devices_has(taken, own->device));
    return omemo_own_save(env, own);
}

/* XEP-0384 section 6: "Before publishing a freshly generated device id for the first time, a device MUST check whether
 * that device id already exists, and if so, generate a new one." */
static sotto_status check_answered(omemo_self *self, seal_env *env, omemo_own *own, const omemo_note *note,
                                   const seal_input *input) {
    const stanza_element *devices;
    omemo_devices list;
    bool got;
    SOTTO_TRY(own_list_take(self, env, input, &devices, &got));
    if (!got) return SOTTO_OK;
    omemo_devices_read(devices, self->dialect, &list);
    if (!own->announced && omemo_devices_has(&list, own->device)) SOTTO_TRY(device_choose(env, own, &list));
    return ask_own_bundle(self, env, own, note->attempt);
}

static const stanza_element *own_bundle_find(const omemo_self *self, const stanza_element *iq, uint32_t device) {
    const stanza_element *items = omemo_answer_items(iq, self->dialect->bundles_node);
    for (const stanza_element *item = stanza_first(items); item; item = stanza_next(items, item)) {
        uint64_t id;
        if (stanza_attribute_number(item, "id", device, device, &id))
            return stanza_child(item, "bundle", self->dialect->ns);
    }
    return NULL;
}

static sotto_status own_bundle_answered(omemo_self *self, seal_env *env, omemo_own *own, const omemo_note *note,
                                        const seal_input *input) {
    bool same = false;
    if (sotto_is(input->status, SOTTO_E_TIMEOUT) || sotto_is(input->status, SOTTO_E_OFFLINE)) return failed(env, input);
    const stanza_element *bundle = sotto_ok(input->status) ? own_bundle_find(self, input->answer, own->device) : NULL;
    if (bundle && !own->announced) {
        crypto_ed25519_public identity;
        sotto_status status = omemo_bundle_identity(bundle, self->dialect, env->arena, &identity);
        if (sotto_class(status) == SOTTO_CLASS_OURS) return status; /* what cannot be read is not somebody else's yet */
        if (!sotto_ok(status) || memcmp(identity.bytes, self->identity.ed25519.bytes, 32) != 0) {
            SOTTO_TRY(device_choose(env, own, &(omemo_devices){.count = 0}));
            return ask_own_list(self, env, OMEMO_NOTE_OWN_CHECK, note->attempt);
        }
    }
    if (bundle) SOTTO_TRY(omemo_bundle_is_own(bundle, self->dialect, env, own, &self->identity, &same));
    if (!same) return omemo_publish_bundle(self, env, own, note->attempt);
    if (own->published != own->version || !own->announced) {
        own->published = own->version;
        own->announced = true;
        SOTTO_TRY(omemo_own_save(env, own));
    }
    return ask_own_list(self, env, OMEMO_NOTE_OWN_LIST, note->attempt);
}

/* A publication was refused because the node is configured otherwise: configure it, once, then go on. */
static sotto_status refused(seal_env *env, const omemo_note *note, const seal_input *input, const char *node,
                            omemo_note_kind kind) {
    bool otherwise =
        input->answer && omemo_answer_is_error(input->answer, "precondition-not-met", OMEMO_NS_PUBSUB_ERRORS);
    if (!otherwise || (note->attempt & OMEMO_PUBLISH_CONFIGURED)) return failed(env, input);
    omemo_note next = {.kind = kind, .attempt = note->attempt | OMEMO_PUBLISH_CONFIGURED};
    omemo_publish_options options = kind == OMEMO_NOTE_SET_BUNDLES ? OMEMO_OPTIONS_OPEN_MANY : OMEMO_OPTIONS_OPEN;
    return omemo_publish_configure(env, node, options, &next);
}

static sotto_status put_bundle_answered(omemo_self *self, seal_env *env, omemo_own *own, const omemo_note *note,
                                        const seal_input *input) {
    if (!sotto_ok(input->status)) return refused(env, note, input, self->dialect->bundles_node, OMEMO_NOTE_SET_BUNDLES);
    /* Of the device this store was before it was found to be a copy. */
    if (!own->announced && note->number != own->version) return omemo_publish_bundle(self, env, own, note->attempt);
    own->published = note->number;
    own->announced = true;
    SOTTO_TRY(omemo_own_save(env, own));
    if (own->published != own->version) SOTTO_TRY(omemo_publish_soon(self, env));
    if (!(note->attempt & OMEMO_PUBLISH_WHOLE)) return SOTTO_OK;
    return ask_own_list(self, env, OMEMO_NOTE_OWN_LIST, OMEMO_PUBLISH_WHOLE);
}

static sotto_status own_list_answered(omemo_self *self, seal_env *env, const omemo_own *own, const omemo_note *note,
                                      const seal_input *input) {
    const stanza_element *devices;
    omemo_devices list;
    bool got;
    SOTTO_TRY(own_list_take(self, env, input, &devices, &got));
    if (!got) return SOTTO_OK;
    omemo_devices_read(devices, self->dialect, &list);
    bool retired = own->retired != 0 && omemo_devices_has(&list, own->retired);
    if (omemo_devices_has(&list, own->device) && !retired) return published_tell(env, own, note->attempt);
    return list_publish(self, env, own, devices, note->attempt);
}

static sotto_status put_list_answered(omemo_self *self, seal_env *env, omemo_own *own, const omemo_note *note,
                                      const seal_input *input) {
    if (!sotto_ok(input->status)) return refused(env, note, input, self->dialect->devices_node, OMEMO_NOTE_SET_DEVICES);
    if (own->retired != 0 &&
        note->number ==
            own->device) { /* it is off the list; should it live on elsewhere, it comes back as any other device */
        own->retired = 0;
        SOTTO_TRY(omemo_own_save(env, own));
        omemo_cache_forget(&self->cache, env->account);
    }
    if (!self->list_missed) return published_tell(env, own, note->attempt);
    SOTTO_TRY(ask_own_list(self, env, OMEMO_NOTE_OWN_LIST, note->attempt));
    self->list_missed = false;
    return SOTTO_OK;
}

static sotto_status answered(omemo_self *self, seal_env *env, omemo_own *own, const omemo_note *note,
                             const seal_input *input) {
    switch (note->kind) {
    case OMEMO_NOTE_OWN_CHECK:
        return check_answered(self, env, own, note, input);
    case OMEMO_NOTE_OWN_BUNDLE:
        return own_bundle_answered(self, env, own, note, input);
    case OMEMO_NOTE_PUT_BUNDLE:
        return put_bundle_answered(self, env, own, note, input);
    case OMEMO_NOTE_OWN_LIST:
        return own_list_answered(self, env, own, note, input);
    case OMEMO_NOTE_PUT_LIST:
        return put_list_answered(self, env, own, note, input);
    case OMEMO_NOTE_SET_BUNDLES:
        return sotto_ok(input->status) ? omemo_publish_bundle(self, env, own, note->attempt) : failed(env, input);
    case OMEMO_NOTE_SET_DEVICES: /* the list may be another by now */
        return sotto_ok(input->status) ? ask_own_list(self, env, OMEMO_NOTE_OWN_LIST, note->attempt)
                                       : failed(env, input);
    default:
        return SOTTO_FAIL(USAGE);
    }
}

sotto_status omemo_publish_answer(omemo_self *self, seal_env *env, const omemo_note *note, const seal_input *input) {
    omemo_own own;
    SOTTO_TRY(omemo_own_load(env, &own));
    sotto_status status = own.leaving ? SOTTO_OK : answered(self, env, &own, note, input);
    bytes_wipe(&own, sizeof own);
    bool listed = self->unlisted && note->kind == OMEMO_NOTE_PUT_LIST && sotto_ok(input->status);
    if (sotto_ok(status) && listed) status = env->changed(env, env->account);
    if (sotto_ok(status) && listed) self->unlisted = false;
    return status;
}

/* ---- being taken off the list ---- */

static bool under_way(seal_env *env, omemo_note_kind kind, uint32_t number) {
    for (uint8_t attempt = 0; attempt <= (OMEMO_PUBLISH_CONFIGURED | OMEMO_PUBLISH_WHOLE); attempt++) {
        omemo_note note = {.kind = kind, .attempt = attempt, .number = number};
        if (kind == OMEMO_NOTE_OWN_LIST || kind == OMEMO_NOTE_OWN_CHECK) note.jid = env->account;
        if (omemo_asking(env, &note)) return true;
    }
    return false;
}

/* XEP-0384 section 5.3.1: "If they have been removed, they MUST reannounce themselves"; not for ever against another
 * device that keeps removing it (T8). */
static sotto_status announce_again(omemo_self *self, seal_env *env, const omemo_own *own,
                                   const stanza_element *devices) {
    bool new_hour =
        self->announces == 0 || env->now_ms < self->announces_ms || env->now_ms - self->announces_ms >= OMEMO_HOUR_MS;
    uint32_t count = new_hour ? 1 : self->announces + 1;
    if (count > SOTTO_OMEMO_ANNOUNCES_PER_HOUR) {
        if (count == SOTTO_OMEMO_ANNOUNCES_PER_HOUR + 1)
            SOTTO_TRY(failed_tell(env, SOTTO_FAIL(DEVICES_GONE), BYTES_NONE));
        SOTTO_TRY(
            omemo_timer(env, &(omemo_note){.kind = OMEMO_NOTE_TIMER_ANNOUNCE}, self->announces_ms + OMEMO_HOUR_MS));
    } else if (devices) {
        SOTTO_TRY(list_publish(self, env, own, devices, 0));
    } else { /* an item went, which is not to say that there is none */
        SOTTO_TRY(ask_own_list(self, env, OMEMO_NOTE_OWN_LIST, 0));
    }
    if (new_hour) self->announces_ms = env->now_ms;
    self->announces = count;
    return SOTTO_OK;
}

sotto_status omemo_publish_notified(omemo_self *self, seal_env *env, const stanza_element *devices) {
    omemo_own own;
    omemo_devices list;
    omemo_devices_read(devices, self->dialect, &list);
    SOTTO_TRY(omemo_own_load(env, &own));
    sotto_status status = SOTTO_OK;
    if (own.announced && !own.leaving && self->online && self->checked && !omemo_devices_has(&list, own.device)) {
        if (under_way(env, OMEMO_NOTE_PUT_LIST, own.device) || under_way(env, OMEMO_NOTE_OWN_LIST, 0)) {
            self->list_missed = true;
        } else {
            status = announce_again(self, env, &own, devices);
        }
    }
    bytes_wipe(&own, sizeof own);
    return status;
}

/* ---- timers ---- */

sotto_status omemo_publish_timers(seal_env *env, const omemo_own *own) {
    uint64_t next;
    SOTTO_TRY(omemo_own_expire(env, &next));
    uint64_t rotation = omemo_own_rotation(own);
    return omemo_timer(env, &(omemo_note){.kind = OMEMO_NOTE_TIMER_KEYS}, next < rotation ? next : rotation);
}

sotto_status omemo_publish_soon(omemo_self *self, seal_env *env) {
    /* Not moved while it waits: uses that keep coming would put it off for ever (T20). */
    if (self->refill_ms != 0 && env->now_ms <= self->refill_ms && self->refill_ms - env->now_ms <= OMEMO_REFILL_MS)
        return SOTTO_OK;
    SOTTO_TRY(omemo_timer(env, &(omemo_note){.kind = OMEMO_NOTE_TIMER_REFILL}, env->now_ms + OMEMO_REFILL_MS));
    self->refill_ms = env->now_ms + OMEMO_REFILL_MS;
    return SOTTO_OK;
}

static sotto_status timer_fired(omemo_self *self, seal_env *env, omemo_own *own, const omemo_note *note) {
    bool changed;
    if (note->kind == OMEMO_NOTE_TIMER_ANNOUNCE)
        return self->online && !own->leaving ? omemo_publish_start(self, env) : SOTTO_OK;
    if (note->kind == OMEMO_NOTE_TIMER_KEYS) {
        SOTTO_TRY(omemo_own_rotate(env, own, &self->identity, &changed));
        SOTTO_TRY(omemo_publish_timers(env, own));
    }
    /* Before it was announced, or known to be no copy (T18), the whole publication is still to come. */
    bool whole = !own->announced || !self->checked;
    if (own->published == own->version || whole || own->leaving || !self->online) return SOTTO_OK;
    return omemo_publish_bundle(self, env, own, 0);
}

sotto_status omemo_publish_timer(omemo_self *self, seal_env *env, const omemo_note *note) {
    omemo_own own;
    SOTTO_TRY(omemo_own_load(env, &own));
    sotto_status status = timer_fired(self, env, &own, note);
    bytes_wipe(&own, sizeof own);
    if (sotto_ok(status) && note->kind == OMEMO_NOTE_TIMER_REFILL) self->refill_ms = 0;
    return status;
}
