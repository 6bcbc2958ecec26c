/* SPDX-License-Identifier: ISC */
#include "seal/omemo/devices.h"

#include <string.h>

#include "bytes/base64.h"
#include "bytes/cursor.h"

#define DEVICES_VERSION   1
#define DEVICES_BYTES_MAX (8 + 4 * SOTTO_OMEMO_DEVICES_MAX)

enum { FLAG_KNOWN = 1, FLAG_HAD = 2, FLAGS_ALL = 3 };

static const stanza_element *first_item(const stanza_element *items) {
    return items ? stanza_child(items, "item", NULL) : NULL;
}

const stanza_element *omemo_devices_find(const stanza_element *items, const omemo_dialect *dialect) {
    return stanza_child(first_item(items), dialect->names->list, dialect->ns);
}

sotto_bytes omemo_devices_item(const stanza_element *items) {
    return stanza_attribute_of(first_item(items), "id");
}

static void id_insert(omemo_devices *devices, uint32_t id) {
    uint32_t at = 0;
    while (at < devices->count && devices->ids[at] < id) at++;
    if (devices->count == SOTTO_OMEMO_DEVICES_MAX || (at < devices->count && devices->ids[at] == id)) return;
    memmove(&devices->ids[at + 1], &devices->ids[at], (devices->count - at) * sizeof devices->ids[0]);
    devices->ids[at] = id;
    devices->count++;
}

bool omemo_devices_id(const stanza_element *device, const omemo_dialect *dialect, uint32_t *ret) {
    uint64_t id;
    if (!stanza_is(device, "device", dialect->ns)) return false;
    if (!stanza_attribute_number(device, "id", 1, OMEMO_ID_MAX, &id)) return false;
    *ret = (uint32_t)id;
    return true;
}

void omemo_devices_read(const stanza_element *element, const omemo_dialect *dialect, omemo_devices *ret) {
    *ret = (omemo_devices){.known = true};
    for (const stanza_element *one = stanza_first(element); one; one = stanza_next(element, one)) {
        uint32_t id;
        if (omemo_devices_id(one, dialect, &id)) id_insert(ret, id);
    }
    ret->had = ret->count > 0;
}

bool omemo_devices_has(const omemo_devices *devices, uint32_t device) {
    for (uint32_t i = 0; i < devices->count; i++) {
        if (devices->ids[i] == device) return true;
    }
    return false;
}

void omemo_devices_remove(omemo_devices *devices, uint32_t device) {
    for (uint32_t i = 0; i < devices->count; i++) {
        if (devices->ids[i] != device) continue;
        devices->count--;
        memmove(&devices->ids[i], &devices->ids[i + 1], (devices->count - i) * sizeof devices->ids[0]);
        return;
    }
}

void omemo_devices_join(omemo_devices *devices, const omemo_devices *other) {
    devices->known = devices->known || other->known;
    devices->had = devices->had || other->had;
    for (uint32_t i = 0; i < other->count; i++) id_insert(devices, other->ids[i]);
}

bool omemo_devices_same(const omemo_devices *a, const omemo_devices *b) {
    return a->count == b->count && (a->count == 0 || memcmp(a->ids, b->ids, a->count * sizeof a->ids[0]) == 0);
}

void omemo_devices_encode(bytes_buffer *out, const omemo_devices *devices) {
    bytes_buffer_u8(out, DEVICES_VERSION);
    bytes_buffer_u8(out, (uint8_t)((devices->known ? FLAG_KNOWN : 0u) | (devices->had ? FLAG_HAD : 0u)));
    for (uint32_t i = 0; i < devices->count; i++) bytes_buffer_u32(out, devices->ids[i]);
}

sotto_status omemo_devices_decode(omemo_devices *ret, sotto_bytes value) {
    bytes_cursor c = bytes_cursor_over(value);
    uint8_t version = bytes_cursor_u8(&c), flags = bytes_cursor_u8(&c);
    if (version > DEVICES_VERSION) return SOTTO_FAIL(STORE_NEWER);
    omemo_devices read = {.known = (flags & FLAG_KNOWN) != 0, .had = (flags & FLAG_HAD) != 0};
    bool whole = version == DEVICES_VERSION && flags <= FLAGS_ALL;
    for (uint32_t last = 0; bytes_cursor_more(&c) && read.count < SOTTO_OMEMO_DEVICES_MAX; read.count++) {
        uint32_t id = bytes_cursor_u32(&c);
        whole = whole && id > last && id <= OMEMO_ID_MAX;
        read.ids[read.count] = last = id;
    }
    if (!sotto_ok(bytes_cursor_end(&c)) || !whole) return SOTTO_FAIL(STORE_CORRUPT);
    *ret = read;
    return SOTTO_OK;
}

sotto_status omemo_devices_load(seal_env *env, sotto_bytes jid, const omemo_dialect *dialect, omemo_devices *ret) {
    omemo_row row;
    sotto_bytes value;
    SOTTO_TRY(omemo_row_device(&row, jid, 0, omemo_row_in(OMEMO_ROW_LIST, dialect->number)));
    sotto_status status = env->get(env, omemo_row_key(&row), &value);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) {
        *ret = (omemo_devices){.known = false};
        return SOTTO_OK;
    }
    SOTTO_TRY(status);
    return omemo_devices_decode(ret, value);
}

sotto_status omemo_devices_save(seal_env *env, sotto_bytes jid, const omemo_dialect *dialect,
                                const omemo_devices *devices) {
    omemo_row row;
    uint8_t memory[DEVICES_BYTES_MAX];
    bytes_buffer out;
    sotto_bytes value;
    SOTTO_TRY(omemo_row_device(&row, jid, 0, omemo_row_in(OMEMO_ROW_LIST, dialect->number)));
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    omemo_devices_encode(&out, devices);
    SOTTO_TRY(bytes_buffer_end(&out, &value));
    return env->put(env, omemo_row_key(&row), value);
}

static void device_write(stanza_writer *w, const omemo_dialect *dialect, uint32_t id, const omemo_label *label) {
    stanza_open(w, "device", dialect->ns);
    stanza_put_number(w, "id", id);
    if (label && label->text.len > 0 && dialect->names->label) {
        uint8_t memory[96];
        bytes_buffer signature;
        sotto_bytes text = BYTES_NONE;
        bytes_buffer_borrowed(&signature, memory, sizeof memory);
        bytes_base64_put(&signature, bytes_of(label->signature.bytes, sizeof label->signature.bytes));
        if (!sotto_ok(bytes_buffer_end(&signature, &text))) text = BYTES_NONE;
        stanza_put(w, dialect->names->label, label->text);
        stanza_put(w, dialect->names->label_signature, text);
    }
    stanza_close(w);
}

/* label NULL: an entry of `with` stays as it is. */
static void list_write(stanza_writer *w, const omemo_dialect *dialect, const stanza_element *old, uint32_t without,
                       uint32_t with, const omemo_label *label, uint32_t *ret_count) {
    *ret_count = 0;
    bool there = false;
    stanza_open(w, dialect->names->list, dialect->ns);
    for (const stanza_element *one = stanza_first(old); one; one = stanza_next(old, one)) {
        uint32_t id;
        if (!omemo_devices_id(one, dialect, &id) || id == without) continue;
        bool anew = label && id == with;
        if (anew && there) continue;
        there = there || id == with;
        if (anew)
            device_write(w, dialect, id, label);
        else
            stanza_copy(w, one);
        ++*ret_count;
    }
    if (with != 0 && !there) {
        device_write(w, dialect, with, label);
        ++*ret_count;
    }
    stanza_close(w);
}

void omemo_devices_write(stanza_writer *w, const omemo_dialect *dialect, const stanza_element *old, uint32_t without,
                         uint32_t with, uint32_t *ret_count) {
    list_write(w, dialect, old, without, with, NULL, ret_count);
}

void omemo_devices_write_as(stanza_writer *w, const omemo_dialect *dialect, const stanza_element *old, uint32_t without,
                            const omemo_label *label, uint32_t *ret_count) {
    list_write(w, dialect, old, without, label->device, label, ret_count);
}
