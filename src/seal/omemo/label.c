/* SPDX-License-Identifier: ISC */
#include "seal/omemo/label.h"

#include "bytes/base64.h"
#include "bytes/cursor.h"
#include "bytes/span.h"
#include "seal/omemo/devices.h"
#include "seal/omemo/row.h"
#include "stanza/utf8.h"

#define LABELS_VERSION   1
#define LABELS_BYTES_MAX (1 + SOTTO_OMEMO_DEVICES_MAX * (4 + 2 + OMEMO_LABEL_BYTES_MAX + 64))
#define OWN_VERSION      1
#define OWN_BYTES_MAX    (2 + 2 * (2 + OMEMO_LABEL_BYTES_MAX))
#define KEY_BYTES        32u

/* ---- what may be one ---- */

/* Controls, line and paragraph separators, direction marks, embeddings, overrides and isolates, tags. */
static bool is_forbidden(uint32_t point) {
    static const uint32_t ranges[][2] = {{0x0000, 0x001f}, {0x007f, 0x009f}, {0x00ad, 0x00ad},   {0x061c, 0x061c},
                                         {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},   {0xfeff, 0xfeff},
                                         {0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0xe0fff}, {0xf0000, 0x10ffff}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (point >= ranges[i][0] && point <= ranges[i][1]) return true;
    return false;
}

bool omemo_label_is_good(sotto_bytes text) {
    size_t points = 0;
    if (text.len == 0 || text.len > OMEMO_LABEL_BYTES_MAX) return false;
    for (size_t at = 0; at < text.len; points++) {
        uint32_t point;
        if (!stanza_utf8_next(text, &at, &point) || is_forbidden(point)) return false;
    }
    return points <= SOTTO_OMEMO_LABEL_POINTS_MAX;
}

bool omemo_label_is_ours(sotto_bytes text) {
    return omemo_label_is_good(text) && text.len != KEY_BYTES;
}

/* ---- signatures ---- */

sotto_status omemo_label_sign(const omemo_dialect *dialect, const crypto_identity *identity, sotto_bytes text,
                              const sotto_host *random, crypto_signature *ret_signature) {
    if (!omemo_label_is_ours(text)) return SOTTO_FAIL(USAGE);
    return dialect->identity->sign(identity, text, random, ret_signature);
}

sotto_status omemo_label_verify(const omemo_dialect *dialect, const omemo_identity *identity,
                                const omemo_label *label) {
    if (!omemo_label_is_good(label->text)) return SOTTO_FAIL(MALFORMED);
    return dialect->identity->verify(identity, label->text, &label->signature);
}

/* ---- lists ---- */

bool omemo_label_read(const stanza_element *device, const omemo_dialect *dialect, omemo_label *ret) {
    omemo_label label;
    if (!dialect->names->label || !omemo_devices_id(device, dialect, &label.device)) return false;
    label.text = stanza_attribute_of(device, dialect->names->label);
    sotto_bytes signature = stanza_attribute_of(device, dialect->names->label_signature);
    if (!omemo_label_is_good(label.text) ||
        !sotto_ok(bytes_base64_into(label.signature.bytes, sizeof label.signature.bytes, signature)))
        return false;
    *ret = label;
    return true;
}

const omemo_label *omemo_labels_of(const omemo_labels *labels, uint32_t device) {
    for (uint32_t i = 0; i < labels->count; i++)
        if (labels->at[i].device == device) return &labels->at[i];
    return NULL;
}

void omemo_labels_read(const stanza_element *devices, const omemo_dialect *dialect, omemo_labels *ret) {
    ret->count = 0;
    for (const stanza_element *one = stanza_first(devices); one; one = stanza_next(devices, one)) {
        omemo_label label;
        if (ret->count == SOTTO_OMEMO_DEVICES_MAX) return;
        if (omemo_label_read(one, dialect, &label) && !omemo_labels_of(ret, label.device))
            ret->at[ret->count++] = label;
    }
}

/* ---- records ---- */

void omemo_labels_encode(bytes_buffer *out, const omemo_labels *labels) {
    bytes_buffer_u8(out, LABELS_VERSION);
    for (uint32_t i = 0; i < labels->count; i++) {
        const omemo_label *label = &labels->at[i];
        bytes_buffer_u32(out, label->device);
        bytes_buffer_block(out, label->text);
        bytes_buffer_put(out, bytes_of(label->signature.bytes, sizeof label->signature.bytes));
    }
}

sotto_status omemo_labels_decode(omemo_labels *ret, sotto_bytes value) {
    bytes_cursor c = bytes_cursor_over(value);
    uint8_t version = bytes_cursor_u8(&c);
    if (version > LABELS_VERSION) return SOTTO_FAIL(STORE_NEWER);
    bool whole = version == LABELS_VERSION;
    ret->count = 0;
    while (bytes_cursor_more(&c) && ret->count < SOTTO_OMEMO_DEVICES_MAX) {
        omemo_label *label = &ret->at[ret->count];
        label->device = bytes_cursor_u32(&c);
        label->text = bytes_cursor_block(&c);
        bytes_cursor_into(&c, label->signature.bytes, sizeof label->signature.bytes);
        whole = whole && !c.failed && label->device != 0 && omemo_label_is_good(label->text) &&
                !omemo_labels_of(ret, label->device);
        ret->count++;
    }
    if (sotto_ok(bytes_cursor_end(&c)) && whole) return SOTTO_OK;
    ret->count = 0;
    return SOTTO_FAIL(STORE_CORRUPT);
}

sotto_status omemo_labels_load(seal_env *env, sotto_bytes jid, omemo_labels *ret) {
    omemo_row row;
    sotto_bytes value;
    ret->count = 0;
    SOTTO_TRY(omemo_row_device(&row, jid, 0, OMEMO_ROW_LABELS));
    sotto_status status = env->get(env, omemo_row_key(&row), &value);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    return omemo_labels_decode(ret, value);
}

sotto_status omemo_labels_save(seal_env *env, sotto_bytes jid, const omemo_labels *labels) {
    omemo_row row;
    bytes_buffer out;
    sotto_bytes before = BYTES_NONE, now = BYTES_NONE;
    SOTTO_TRY(omemo_row_device(&row, jid, 0, OMEMO_ROW_LABELS));
    sotto_status status = env->get(env, omemo_row_key(&row), &before);
    if (!sotto_ok(status) && !sotto_is(status, SOTTO_E_NOT_FOUND)) return status;
    if (labels->count == 0 && before.len == 0) return SOTTO_OK;
    bytes_buffer_owned(&out, env->host, LABELS_BYTES_MAX);
    if (labels->count > 0) omemo_labels_encode(&out, labels);
    status = bytes_buffer_end(&out, &now);
    if (sotto_ok(status) && !bytes_equal(before, now)) status = env->put(env, omemo_row_key(&row), now);
    bytes_buffer_free(&out);
    return status;
}

/* ---- our own ---- */

sotto_status omemo_label_own_load(seal_env *env, omemo_label_own *ret) {
    omemo_row row;
    sotto_bytes value;
    *ret = (omemo_label_own){.renaming = false};
    omemo_row_own(&row, OMEMO_ROW_LABELS);
    sotto_status status = env->get(env, omemo_row_key(&row), &value);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    bytes_cursor c = bytes_cursor_over(value);
    uint8_t version = bytes_cursor_u8(&c), renaming = bytes_cursor_u8(&c);
    if (version > OWN_VERSION) return SOTTO_FAIL(STORE_NEWER);
    omemo_label_own own = {.text = bytes_cursor_block(&c), .renaming = renaming == 1};
    own.next = bytes_cursor_block(&c);
    bool whole = sotto_ok(bytes_cursor_end(&c)) && version == OWN_VERSION && renaming <= 1 &&
                 (own.text.len == 0 || omemo_label_is_ours(own.text)) &&
                 (own.next.len == 0 || (own.renaming && omemo_label_is_ours(own.next)));
    if (!whole) return SOTTO_FAIL(STORE_CORRUPT);
    *ret = own;
    return SOTTO_OK;
}

sotto_status omemo_label_own_save(seal_env *env, const omemo_label_own *own) {
    omemo_row row;
    uint8_t memory[OWN_BYTES_MAX];
    bytes_buffer out;
    sotto_bytes value;
    omemo_row_own(&row, OMEMO_ROW_LABELS);
    if (own->text.len == 0 && !own->renaming) return env->put(env, omemo_row_key(&row), BYTES_NONE);
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    bytes_buffer_u8(&out, OWN_VERSION);
    bytes_buffer_u8(&out, own->renaming);
    bytes_buffer_block(&out, own->text);
    bytes_buffer_block(&out, own->next);
    SOTTO_TRY(bytes_buffer_end(&out, &value));
    return env->put(env, omemo_row_key(&row), value);
}
