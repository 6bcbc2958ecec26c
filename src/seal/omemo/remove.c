/* SPDX-License-Identifier: ISC
 *
 * Taking another device of the own account off the server, because a person said so: off the list, then its bundle, in
 * one dialect after the other. What is not there needs no taking away. Its keys stay remembered, and what was decided
 * about them; should its client still run, it puts itself back (XEP-0384 section 5.3.1), and that is an event. */
#include "seal/omemo/self.h"

#include "bytes/memory.h"

static sotto_status removed_tell(seal_env *env, uint32_t device, sotto_status reason, sotto_bytes text) {
    return env->event(
        env, &(sotto_event){
                 .kind = SOTTO_EVENT_REMOVED, .jid = env->account, .number = device, .reason = reason, .text = text});
}

static sotto_status list_ask(seal_env *env, uint8_t dialect, uint32_t device) {
    omemo_note note = {.kind = OMEMO_NOTE_REMOVE_LIST, .dialect = dialect, .number = device, .jid = env->account};
    return omemo_ask_list(env, &note);
}

sotto_status omemo_remove_start(omemo_self *self, seal_env *env, uint32_t device) {
    uint32_t own;
    SOTTO_TRY(omemo_own_device(env, &own));
    if (device == own || device == 0) return SOTTO_FAIL(USAGE);
    if (!self->online) return removed_tell(env, device, SOTTO_FAIL(OFFLINE), BYTES_NONE);
    return list_ask(env, 0, device);
}

static sotto_status bundle_retract(seal_env *env, const omemo_note *asked) {
    omemo_place place;
    omemo_dialect_place(omemo_dialects[asked->dialect], asked->number, &place);
    omemo_note note = {.kind = OMEMO_NOTE_REMOVE_BUNDLE, .dialect = asked->dialect, .number = asked->number};
    return omemo_leave_retract(env, place.node, bytes_text(place.item), &note);
}

static sotto_status list_answered(seal_env *env, const omemo_note *asked, const seal_input *input) {
    const omemo_dialect *dialect = omemo_dialects[asked->dialect];
    const stanza_element *items =
        sotto_ok(input->status) ? omemo_answer_items(input->answer, dialect->devices_node) : NULL;
    const stanza_element *devices = omemo_devices_find(items, dialect);
    omemo_note note = {.kind = OMEMO_NOTE_REMOVE_PUT, .dialect = asked->dialect, .number = asked->number};
    omemo_devices list;
    bytes_buffer out;
    stanza_writer w;
    uint32_t count;
    omemo_devices_read(devices, dialect, &list);
    if (!omemo_devices_has(&list, asked->number)) return bundle_retract(env, asked);
    bytes_buffer_owned(&out, env->host, SOTTO_STANZA_BYTES_MAX);
    stanza_writer_init(&w, &out, STANZA_NS_CLIENT);
    omemo_publish_open(&w, dialect->devices_node, omemo_devices_item(items));
    omemo_devices_write(&w, dialect, devices, asked->number, 0, &count);
    omemo_publish_close(&w, OMEMO_OPTIONS_NONE);
    /* An empty list is retracted: some implementations do not read such. */
    sotto_status status = count > 0 ? omemo_ask_payload(env, true, BYTES_NONE, &out, &note)
                                    : omemo_leave_retract(env, dialect->devices_node, omemo_devices_item(items), &note);
    bytes_buffer_free(&out);
    return status;
}

sotto_status omemo_remove_answer(omemo_self *self, seal_env *env, const omemo_note *note, const seal_input *input) {
    bool done = sotto_ok(input->status) || omemo_answer_is_error(input->answer, "item-not-found", NULL);
    if (!done) return removed_tell(env, note->number, input->status, omemo_answer_text(input->answer, env->arena));
    switch (note->kind) {
    case OMEMO_NOTE_REMOVE_LIST:
        return list_answered(env, note, input);
    case OMEMO_NOTE_REMOVE_PUT:
        return bundle_retract(env, note);
    default:
        break;
    }
    if (note->dialect + 1 < OMEMO_DIALECTS) return list_ask(env, (uint8_t)(note->dialect + 1), note->number);
    omemo_cache_forget(&self->cache, env->account);
    return removed_tell(env, note->number, SOTTO_OK, BYTES_NONE);
}
