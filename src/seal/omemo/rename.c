/* SPDX-License-Identifier: ISC
 *
 * Giving this device a label, because a person said so, or taking it away: a signed attribute of its entry in our own
 * list, in the dialects that have such. It is never there by itself: XEP-0384 lets a device have one, python-twomemo
 * refuses whole lists in which there is one, and what somebody calls a device is nobody's business by default. */
#include "seal/omemo/label.h"
#include "seal/omemo/self.h"

static sotto_status renamed_tell(seal_env *env, sotto_status reason, sotto_bytes text) {
    return env->event(env,
                      &(sotto_event){.kind = SOTTO_EVENT_RENAMED, .jid = env->account, .reason = reason, .text = text});
}

sotto_status omemo_rename_start(omemo_self *self, seal_env *env, sotto_bytes label) {
    omemo_label_own own;
    omemo_note note = {.kind = OMEMO_NOTE_RENAME_LIST, .jid = env->account};
    if (label.len > 0 && !omemo_label_is_ours(label)) return SOTTO_FAIL(USAGE);
    if (!self->online) return renamed_tell(env, SOTTO_FAIL(OFFLINE), BYTES_NONE);
    SOTTO_TRY(omemo_label_own_load(env, &own));
    own.renaming = true;
    own.next = label;
    SOTTO_TRY(omemo_label_own_save(env, &own));
    return omemo_ask_list(env, &note);
}

/* The label that is there by now stays. */
static sotto_status ended(seal_env *env, omemo_label_own *label, sotto_status reason, sotto_bytes text) {
    label->renaming = false;
    label->next = BYTES_NONE;
    SOTTO_TRY(omemo_label_own_save(env, label));
    return renamed_tell(env, reason, text);
}

static sotto_status list_put(omemo_self *self, seal_env *env, const stanza_element *items,
                             const stanza_element *devices, uint32_t device, sotto_bytes text) {
    const omemo_dialect *dialect = omemo_dialects[0];
    omemo_note note = {.kind = OMEMO_NOTE_RENAME_PUT};
    omemo_label label;
    bytes_buffer out;
    stanza_writer w;
    uint32_t count;
    SOTTO_TRY(omemo_own_label(env, &self->identity, dialect, device, text, &label));
    bytes_buffer_owned(&out, env->host, SOTTO_STANZA_BYTES_MAX);
    stanza_writer_init(&w, &out, STANZA_NS_CLIENT);
    omemo_publish_open(&w, dialect->devices_node, omemo_devices_item(items));
    omemo_devices_write_as(&w, dialect, devices, 0, &label, &count);
    omemo_publish_close(&w, OMEMO_OPTIONS_NONE);
    sotto_status status = omemo_ask_payload(env, true, BYTES_NONE, &out, &note);
    bytes_buffer_free(&out);
    return status;
}

static sotto_status list_answered(omemo_self *self, seal_env *env, omemo_label_own *label, const seal_input *input) {
    const omemo_dialect *dialect = omemo_dialects[0];
    const stanza_element *items = omemo_answer_items(input->answer, dialect->devices_node);
    const stanza_element *devices = omemo_devices_find(items, dialect);
    omemo_devices list;
    uint32_t device;
    omemo_devices_read(devices, dialect, &list);
    SOTTO_TRY(omemo_own_device(env, &device));
    if (!omemo_devices_has(&list, device)) return ended(env, label, SOTTO_FAIL(NOT_FOUND), BYTES_NONE);
    return list_put(self, env, items, devices, device, label->next);
}

sotto_status omemo_rename_answer(omemo_self *self, seal_env *env, const omemo_note *note, const seal_input *input) {
    omemo_label_own label;
    SOTTO_TRY(omemo_label_own_load(env, &label));
    if (!label.renaming) return SOTTO_OK;
    if (!sotto_ok(input->status))
        return ended(env, &label, input->status, omemo_answer_text(input->answer, env->arena));
    if (note->kind == OMEMO_NOTE_RENAME_LIST) return list_answered(self, env, &label, input);
    label.text = label.next;
    return ended(env, &label, SOTTO_OK, BYTES_NONE);
}
