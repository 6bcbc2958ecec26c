/* SPDX-License-Identifier: ISC
 *
 * Own device lists and bundles on the server, one dialect after the other. After the stream began anew: look whether
 * the device id is free (once, before it is used first), bring the bundle up to date, then put the id on the list, so
 * that nobody finds an id without keys. Other devices' entries are kept as they are, and only our own nodes are ever
 * configured (T4, T8).
 */
#include "seal/omemo/bundle.h"
#include "seal/omemo/self.h"

#include <stdio.h>
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
    bool own = options == OMEMO_OPTIONS_OWN || options == OMEMO_OPTIONS_OWN_MANY;
    bool many = options == OMEMO_OPTIONS_OPEN_MANY || options == OMEMO_OPTIONS_OWN_MANY;
    field_write(w, "pubsub#access_model", NULL, own ? "whitelist" : "open");
    if (many) field_write(w, "pubsub#max_items", NULL, "max");
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

bool omemo_publish_is_refused(const stanza_element *iq) {
    /* XEP-0060 section 7.1.5; and ejabberd 23.01 knows no pubsub#max_items there, and calls that resource-constraint.
     */
    return iq && (omemo_answer_is_error(iq, "precondition-not-met", OMEMO_NS_PUBSUB_ERRORS) ||
                  omemo_answer_is_error(iq, "resource-constraint", NULL));
}

sotto_status omemo_publish_configure(seal_env *env, const char *node, omemo_publish_options options,
                                     const omemo_note *note) {
    uint8_t memory[1024];
    bytes_buffer out;
    stanza_writer w;
    bool create = (note->attempt & OMEMO_PUBLISH_CREATED) != 0;
    const char *ns = create ? NS_PUBSUB : NS_PUBSUB_OWNER;
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    stanza_writer_init(&w, &out, STANZA_NS_CLIENT);
    stanza_open(&w, "pubsub", ns);
    stanza_open(&w, create ? "create" : "configure", ns);
    stanza_put_text(&w, "node", node);
    if (create) {
        stanza_close(&w);
        stanza_open(&w, "configure", ns);
    }
    form_write(&w, "http://jabber.org/protocol/pubsub#node_config", options);
    stanza_close(&w);
    stanza_close(&w);
    return omemo_ask_payload(env, true, BYTES_NONE, &out, note);
}

sotto_status omemo_publish_configured(seal_env *env, const char *node, omemo_publish_options options,
                                      const omemo_note *note, const seal_input *input, bool *ret_again) {
    bool missing =
        !sotto_ok(input->status) && input->answer && omemo_answer_is_error(input->answer, "item-not-found", NULL);
    *ret_again = missing && !(note->attempt & OMEMO_PUBLISH_CREATED);
    if (!*ret_again) return SOTTO_OK;
    omemo_note next = *note;
    next.attempt |= OMEMO_PUBLISH_CREATED;
    return omemo_publish_configure(env, node, options, &next);
}

/* Of a node that was configured only the access model matters any more; a server may not know the other option here. */
static sotto_status bundle_payload(omemo_self *self, seal_env *env, const omemo_own *own, const omemo_dialect *dialect,
                                   uint8_t attempt, bytes_buffer *out) {
    omemo_place place;
    stanza_writer w;
    omemo_dialect_place(dialect, own->device, &place);
    stanza_writer_init(&w, out, STANZA_NS_CLIENT);
    omemo_publish_open(&w, place.node, bytes_text(place.item));
    SOTTO_TRY(omemo_bundle_write(&w, dialect, env, own, &self->identity, &own->signatures[dialect->number]));
    bool many = !dialect->node_each && !(attempt & OMEMO_PUBLISH_CONFIGURED);
    omemo_publish_close(&w, many ? OMEMO_OPTIONS_OPEN_MANY : OMEMO_OPTIONS_OPEN);
    return SOTTO_OK;
}

sotto_status omemo_publish_bundle(omemo_self *self, seal_env *env, omemo_own *own, const omemo_dialect *dialect,
                                  uint8_t attempt) {
    bool changed;
    bytes_buffer out;
    SOTTO_TRY(omemo_own_refill(env, own, &changed));
    SOTTO_TRY(omemo_own_save(env, own));
    bytes_buffer_owned(&out, env->host, SOTTO_STANZA_BYTES_MAX);
    sotto_status status = bundle_payload(self, env, own, dialect, attempt, &out);
    omemo_note note = {.kind = OMEMO_NOTE_PUT_BUNDLE, .attempt = attempt, .number = own->version};
    note.dialect = dialect->number;
    if (sotto_ok(status)) status = omemo_ask_payload(env, true, BYTES_NONE, &out, &note);
    bytes_buffer_free(&out);
    return status;
}

sotto_status omemo_publish_bundles(omemo_self *self, seal_env *env, omemo_own *own) {
    for (size_t i = 0; i < OMEMO_DIALECTS; i++) {
        if (own->published[i] != own->version) SOTTO_TRY(omemo_publish_bundle(self, env, own, omemo_dialects[i], 0));
    }
    return SOTTO_OK;
}

/* The label that this device was given, anew; where it has none its entry stays as it is. */
static sotto_status list_write(stanza_writer *w, seal_env *env, const omemo_own *own, const omemo_dialect *dialect,
                               const stanza_element *devices) {
    uint32_t count;
    omemo_label_own given = {.renaming = false};
    if (dialect->names->label) SOTTO_TRY(omemo_label_own_load(env, &given));
    if (given.text.len == 0) {
        omemo_devices_write(w, dialect, devices, own->retired, own->device, &count);
        return SOTTO_OK;
    }
    crypto_identity identity;
    omemo_label label;
    SOTTO_TRY(omemo_own_identity(own, &identity));
    sotto_status status = omemo_own_label(env, &identity, dialect, own->device, given.text, &label);
    bytes_wipe(&identity, sizeof identity);
    if (sotto_ok(status)) omemo_devices_write_as(w, dialect, devices, own->retired, &label, &count);
    return status;
}

/* The list as it is, with this device in it, and without the one this store was before it was copied. */
static sotto_status list_publish(seal_env *env, const omemo_own *own, const omemo_dialect *dialect,
                                 const stanza_element *devices, uint8_t attempt) {
    omemo_note note = {
        .kind = OMEMO_NOTE_PUT_LIST, .attempt = attempt, .dialect = dialect->number, .number = own->device};
    bytes_buffer out;
    stanza_writer w;
    bytes_buffer_owned(&out, env->host, SOTTO_STANZA_BYTES_MAX);
    stanza_writer_init(&w, &out, STANZA_NS_CLIENT);
    omemo_publish_open(&w, dialect->devices_node, BYTES_LITERAL("current"));
    sotto_status status = list_write(&w, env, own, dialect, devices);
    omemo_publish_close(&w, OMEMO_OPTIONS_OPEN);
    if (sotto_ok(status)) status = omemo_ask_payload(env, true, BYTES_NONE, &out, &note);
    bytes_buffer_free(&out);
    return status;
}

/* ---- questions about it ---- */

static sotto_status ask_own_list(seal_env *env, omemo_note_kind kind, uint8_t dialect, uint8_t attempt) {
    omemo_note note = {.kind = kind, .attempt = attempt, .dialect = dialect, .jid = env->account};
    return omemo_ask_list(env, &note);
}

static sotto_status ask_own_bundle(seal_env *env, const omemo_own *own, uint8_t dialect, uint8_t attempt) {
    omemo_note note = {.kind = OMEMO_NOTE_OWN_BUNDLE,
                       .attempt = attempt,
                       .dialect = dialect,
                       .number = own->device,
                       .jid = env->account};
    return omemo_ask_bundle(env, &note);
}

/* ---- telling ---- */

static sotto_status failed_tell(seal_env *env, sotto_status reason, sotto_bytes text) {
    SOTTO_TRY(omemo_timer(env, &(omemo_note){.kind = OMEMO_NOTE_TIMER_ANNOUNCE}, env->now_ms + AGAIN_MS));
    return env->event(
        env, &(sotto_event){.kind = SOTTO_EVENT_NOT_PUBLISHED, .jid = env->account, .reason = reason, .text = text});
}

/* One dialect is done: the next one, or the end. */
static sotto_status dialect_done(seal_env *env, const omemo_own *own, const omemo_note *note, bool good) {
    uint8_t attempt = note->attempt & (OMEMO_PUBLISH_WHOLE | OMEMO_PUBLISH_PARTLY);
    if (!(attempt & OMEMO_PUBLISH_WHOLE)) return SOTTO_OK;
    if (!good) attempt |= OMEMO_PUBLISH_PARTLY;
    if (note->dialect + 1 < OMEMO_DIALECTS) return ask_own_bundle(env, own, (uint8_t)(note->dialect + 1), attempt);
    if (attempt & OMEMO_PUBLISH_PARTLY) return SOTTO_OK; /* what failed was told */
    return env->event(env, &(sotto_event){.kind = SOTTO_EVENT_PUBLISHED, .jid = env->account, .number = own->device});
}

/* What a server refuses in one dialect's nodes it may allow in another's. */
static sotto_status failed(seal_env *env, const omemo_own *own, const omemo_note *note, const seal_input *input) {
    SOTTO_TRY(failed_tell(env, input->status, omemo_answer_text(input->answer, env->arena)));
    bool answered = sotto_is(input->status, SOTTO_E_SERVER_REFUSED) && note->kind != OMEMO_NOTE_OWN_CHECK;
    return answered ? dialect_done(env, own, note, false) : SOTTO_OK;
}

/* ---- the steps ---- */

sotto_status omemo_publish_start(omemo_self *self, seal_env *env) {
    (void)self;
    omemo_own own;
    SOTTO_TRY(omemo_own_load(env, &own));
    sotto_status status = own.announced ? ask_own_bundle(env, &own, 0, OMEMO_PUBLISH_WHOLE)
                                        : ask_own_list(env, OMEMO_NOTE_OWN_CHECK, 0, OMEMO_PUBLISH_WHOLE);
    bytes_wipe(&own, sizeof own);
    return status;
}

/* The own list in an answer: false, having told, when the answer says nothing about it. */
static sotto_status own_list_take(omemo_self *self, seal_env *env, const omemo_own *own, const omemo_note *note,
                                  const seal_input *input, const stanza_element **ret_devices, bool *ret_got) {
    const omemo_dialect *dialect = omemo_dialects[note->dialect];
    *ret_devices = NULL;
    *ret_got = sotto_ok(input->status) || omemo_answer_is_error(input->answer, "item-not-found", NULL);
    if (!*ret_got) return failed(env, own, note, input);
    if (sotto_ok(input->status))
        *ret_devices = omemo_devices_find(omemo_answer_items(input->answer, dialect->devices_node), dialect);
    return omemo_fetch_list(self, env, env->account, dialect, *ret_devices);
}

static sotto_status device_choose(seal_env *env, omemo_own *own, const omemo_devices *taken) {
    uint32_t before = own->device;
    do {
        SOTTO_TRY(omemo_own_new_device(env, &own->device));
    } while (own->device == before || omemo_devices_has(taken, own->device));
    return omemo_own_save(env, own);
}

/* XEP-0384 section 6: "Before publishing a freshly generated device id for the first time, a device MUST check whether
 * that device id already exists, and if so, generate a new one." In all lists: it is one device in all of them. */
static sotto_status check_answered(omemo_self *self, seal_env *env, omemo_own *own, const omemo_note *note,
                                   const seal_input *input) {
    const stanza_element *devices;
    omemo_devices taken;
    bool got;
    SOTTO_TRY(own_list_take(self, env, own, note, input, &devices, &got));
    if (!got) return SOTTO_OK;
    if (note->dialect + 1 < OMEMO_DIALECTS)
        return ask_own_list(env, OMEMO_NOTE_OWN_CHECK, (uint8_t)(note->dialect + 1), note->attempt);
    SOTTO_TRY(omemo_fetch_devices(env, env->account, &taken));
    if (!own->announced && omemo_devices_has(&taken, own->device)) SOTTO_TRY(device_choose(env, own, &taken));
    return ask_own_bundle(env, own, 0, note->attempt);
}

/* *ret_taken: the id is somebody else's, and another one was chosen. */
static sotto_status own_bundle_check(omemo_self *self, seal_env *env, omemo_own *own, const omemo_dialect *dialect,
                                     const stanza_element *bundle, bool *ret_taken) {
    omemo_identity identity, ours = dialect->identity->of(&self->identity);
    *ret_taken = false;
    if (!bundle || own->announced) return SOTTO_OK;
    sotto_status status = omemo_bundle_identity(bundle, dialect, env->arena, &identity);
    if (sotto_class(status) == SOTTO_CLASS_OURS) return status; /* what cannot be read is not somebody else's yet */
    *ret_taken = !sotto_ok(status) || memcmp(identity.bytes, ours.bytes, 32) != 0;
    return *ret_taken ? device_choose(env, own, &(omemo_devices){.count = 0}) : SOTTO_OK;
}

static sotto_status own_bundle_answered(omemo_self *self, seal_env *env, omemo_own *own, const omemo_note *note,
                                        const seal_input *input) {
    const omemo_dialect *dialect = omemo_dialects[note->dialect];
    bool same = false, taken;
    if (sotto_is(input->status, SOTTO_E_TIMEOUT) || sotto_is(input->status, SOTTO_E_OFFLINE))
        return failed(env, own, note, input);
    const stanza_element *bundle =
        sotto_ok(input->status) ? omemo_answer_bundle(input->answer, dialect, own->device) : NULL;
    SOTTO_TRY(own_bundle_check(self, env, own, dialect, bundle, &taken));
    if (taken) return ask_own_list(env, OMEMO_NOTE_OWN_CHECK, 0, note->attempt);
    if (bundle)
        SOTTO_TRY(
            omemo_bundle_is_own(bundle, dialect, env, own, &self->identity, &own->signatures[dialect->number], &same));
    if (!same) return omemo_publish_bundle(self, env, own, dialect, note->attempt);
    if (own->published[dialect->number] != own->version || !own->announced) {
        own->published[dialect->number] = own->version;
        own->announced = true;
        SOTTO_TRY(omemo_own_save(env, own));
    }
    return ask_own_list(env, OMEMO_NOTE_OWN_LIST, note->dialect, note->attempt);
}

/* The node a configuration is about, and what it should be. */
static omemo_publish_options configuration(const omemo_own *own, const omemo_note *note, omemo_place *ret) {
    const omemo_dialect *dialect = omemo_dialects[note->dialect];
    bool bundles = note->kind == OMEMO_NOTE_SET_BUNDLES;
    if (bundles)
        omemo_dialect_place(dialect, own->device, ret);
    else
        snprintf(ret->node, sizeof ret->node, "%s", dialect->devices_node);
    return bundles && !dialect->node_each ? OMEMO_OPTIONS_OPEN_MANY : OMEMO_OPTIONS_OPEN;
}

/* A publication was refused because the node is configured otherwise: configure it, once, then go on. */
static sotto_status refused(seal_env *env, const omemo_own *own, const omemo_note *note, const seal_input *input,
                            omemo_note_kind kind) {
    omemo_place place;
    bool otherwise = omemo_publish_is_refused(input->answer);
    if (!otherwise || (note->attempt & OMEMO_PUBLISH_CONFIGURED)) return failed(env, own, note, input);
    omemo_note next = {.kind = kind, .attempt = note->attempt | OMEMO_PUBLISH_CONFIGURED, .dialect = note->dialect};
    omemo_publish_options options = configuration(own, &next, &place);
    return omemo_publish_configure(env, place.node, options, &next);
}

static sotto_status configured_answered(omemo_self *self, seal_env *env, omemo_own *own, const omemo_note *note,
                                        const seal_input *input) {
    omemo_place place;
    bool again;
    omemo_publish_options options = configuration(own, note, &place);
    SOTTO_TRY(omemo_publish_configured(env, place.node, options, note, input, &again));
    if (again) return SOTTO_OK;
    if (!sotto_ok(input->status)) return failed(env, own, note, input);
    if (note->kind == OMEMO_NOTE_SET_BUNDLES)
        return omemo_publish_bundle(self, env, own, omemo_dialects[note->dialect], note->attempt);
    return ask_own_list(env, OMEMO_NOTE_OWN_LIST, note->dialect, note->attempt); /* it may be another by now */
}

static sotto_status put_bundle_answered(omemo_self *self, seal_env *env, omemo_own *own, const omemo_note *note,
                                        const seal_input *input) {
    if (!sotto_ok(input->status)) return refused(env, own, note, input, OMEMO_NOTE_SET_BUNDLES);
    /* Of the device this store was before it was found to be a copy. */
    if (!own->announced && note->number != own->version)
        return omemo_publish_bundle(self, env, own, omemo_dialects[note->dialect], note->attempt);
    own->published[note->dialect] = note->number;
    own->announced = true;
    SOTTO_TRY(omemo_own_save(env, own));
    if (note->number != own->version) SOTTO_TRY(omemo_publish_soon(self, env));
    if (!(note->attempt & OMEMO_PUBLISH_WHOLE)) return SOTTO_OK;
    uint8_t attempt = note->attempt & (OMEMO_PUBLISH_WHOLE | OMEMO_PUBLISH_PARTLY);
    return ask_own_list(env, OMEMO_NOTE_OWN_LIST, note->dialect, attempt);
}

/* The list of a dialect is as it should be. What this device was before is off the last one: should it live on
 * elsewhere, it comes back as any other device. */
static sotto_status list_done(omemo_self *self, seal_env *env, omemo_own *own, const omemo_note *note) {
    if (own->retired != 0 && note->dialect + 1 == OMEMO_DIALECTS) {
        own->retired = 0;
        SOTTO_TRY(omemo_own_save(env, own));
        omemo_cache_forget(&self->cache, env->account);
    }
    return dialect_done(env, own, note, true);
}

static sotto_status own_list_answered(omemo_self *self, seal_env *env, omemo_own *own, const omemo_note *note,
                                      const seal_input *input) {
    const omemo_dialect *dialect = omemo_dialects[note->dialect];
    const stanza_element *devices;
    omemo_devices list;
    bool got;
    SOTTO_TRY(own_list_take(self, env, own, note, input, &devices, &got));
    if (!got) return SOTTO_OK;
    omemo_devices_read(devices, dialect, &list);
    bool retired = own->retired != 0 && omemo_devices_has(&list, own->retired);
    if (omemo_devices_has(&list, own->device) && !retired) return list_done(self, env, own, note);
    return list_publish(env, own, dialect, devices, note->attempt);
}

static sotto_status put_list_answered(omemo_self *self, seal_env *env, omemo_own *own, const omemo_note *note,
                                      const seal_input *input) {
    omemo_listing *listing = &self->listing[note->dialect];
    if (!sotto_ok(input->status)) return refused(env, own, note, input, OMEMO_NOTE_SET_DEVICES);
    if (!listing->missed)
        return note->number == own->device ? list_done(self, env, own, note) : dialect_done(env, own, note, true);
    SOTTO_TRY(ask_own_list(env, OMEMO_NOTE_OWN_LIST, note->dialect, note->attempt));
    listing->missed = false;
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
    case OMEMO_NOTE_SET_DEVICES:
        return configured_answered(self, env, own, note, input);
    default:
        return SOTTO_FAIL(USAGE);
    }
}

sotto_status omemo_publish_answer(omemo_self *self, seal_env *env, const omemo_note *note, const seal_input *input) {
    omemo_own own;
    omemo_listing *listing = &self->listing[note->dialect];
    SOTTO_TRY(omemo_own_load(env, &own));
    sotto_status status = own.leaving ? SOTTO_OK : answered(self, env, &own, note, input);
    bytes_wipe(&own, sizeof own);
    bool listed = listing->unlisted && note->kind == OMEMO_NOTE_PUT_LIST && sotto_ok(input->status);
    if (sotto_ok(status) && listed) status = env->changed(env, env->account);
    if (sotto_ok(status) && listed) listing->unlisted = false;
    return status;
}

/* ---- being taken off the list ---- */

static bool under_way(seal_env *env, omemo_note_kind kind, uint8_t dialect, uint32_t number) {
    for (uint8_t attempt = 0; attempt <= OMEMO_PUBLISH_ALL; attempt++) {
        omemo_note note = {.kind = kind, .attempt = attempt, .dialect = dialect, .number = number};
        if (kind == OMEMO_NOTE_OWN_LIST || kind == OMEMO_NOTE_OWN_CHECK) note.jid = env->account;
        if (omemo_asking(env, &note)) return true;
    }
    return false;
}

/* XEP-0384 section 5.3.1: "If they have been removed, they MUST reannounce themselves"; not for ever against another
 * device that keeps removing it (T8). */
static sotto_status announce_again(omemo_self *self, seal_env *env, const omemo_own *own, const omemo_dialect *dialect,
                                   const stanza_element *devices) {
    omemo_listing *l = &self->listing[dialect->number];
    bool new_hour =
        l->announces == 0 || env->now_ms < l->announces_ms || env->now_ms - l->announces_ms >= OMEMO_HOUR_MS;
    uint32_t count = new_hour ? 1 : l->announces + 1;
    if (count > SOTTO_OMEMO_ANNOUNCES_PER_HOUR) {
        if (count == SOTTO_OMEMO_ANNOUNCES_PER_HOUR + 1)
            SOTTO_TRY(failed_tell(env, SOTTO_FAIL(DEVICES_GONE), BYTES_NONE));
        SOTTO_TRY(omemo_timer(env, &(omemo_note){.kind = OMEMO_NOTE_TIMER_ANNOUNCE}, l->announces_ms + OMEMO_HOUR_MS));
    } else if (devices) {
        SOTTO_TRY(list_publish(env, own, dialect, devices, 0));
    } else { /* an item went, which is not to say that there is none */
        SOTTO_TRY(ask_own_list(env, OMEMO_NOTE_OWN_LIST, dialect->number, 0));
    }
    if (new_hour) l->announces_ms = env->now_ms;
    l->announces = count;
    return SOTTO_OK;
}

sotto_status omemo_publish_notified(omemo_self *self, seal_env *env, const omemo_dialect *dialect,
                                    const stanza_element *devices) {
    omemo_own own;
    omemo_devices list;
    uint8_t number = dialect->number;
    omemo_devices_read(devices, dialect, &list);
    SOTTO_TRY(omemo_own_load(env, &own));
    sotto_status status = SOTTO_OK;
    /* Before it was published in a dialect for the first time it is on no list that it could be taken off. */
    bool there = own.announced && own.published[number] != 0 && !own.leaving && self->online && self->checked;
    if (there && !omemo_devices_has(&list, own.device)) {
        if (under_way(env, OMEMO_NOTE_PUT_LIST, number, own.device) || under_way(env, OMEMO_NOTE_OWN_LIST, number, 0)) {
            self->listing[number].missed = true;
        } else {
            status = announce_again(self, env, &own, dialect, devices);
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
    if (whole || own->leaving || !self->online) return SOTTO_OK;
    return omemo_publish_bundles(self, env, own);
}

sotto_status omemo_publish_timer(omemo_self *self, seal_env *env, const omemo_note *note) {
    omemo_own own;
    SOTTO_TRY(omemo_own_load(env, &own));
    sotto_status status = timer_fired(self, env, &own, note);
    bytes_wipe(&own, sizeof own);
    if (sotto_ok(status) && note->kind == OMEMO_NOTE_TIMER_REFILL) self->refill_ms = 0;
    return status;
}
