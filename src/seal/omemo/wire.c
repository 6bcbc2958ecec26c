/* SPDX-License-Identifier: ISC
 *
 * Protobuf, as much of it as OMEMO needs. One reader takes a structure apart into a small array of fields; what a
 * structure must have is said where it is read. */
#include "seal/omemo/wire.h"

#include <string.h>

#include "bytes/cursor.h"
#include "bytes/span.h"

enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BLOCK = 2, WIRE_FIXED32 = 5 };
#define FIELDS_MAX 5

typedef struct wire_field {
    bool there;
    uint8_t type;
    uint64_t number; /* of a varint */
    sotto_bytes block;
} wire_field;

/* Reads all fields; fields[i] is field number i + 1. What is in `types` says how each must be encoded. */
static sotto_status fields_read(sotto_bytes in, wire_field *fields, const uint8_t *types, size_t count) {
    memset(fields, 0, count * sizeof *fields);
    bytes_cursor c = bytes_cursor_over(in);
    while (bytes_cursor_more(&c)) {
        uint64_t tag = bytes_cursor_varint(&c);
        wire_field field = {.there = true, .type = (uint8_t)(tag & 7)};
        switch (field.type) {
        case WIRE_VARINT:
            field.number = bytes_cursor_varint(&c);
            break;
        case WIRE_FIXED64:
            bytes_cursor_take(&c, 8);
            break;
        case WIRE_BLOCK:
            field.block = bytes_cursor_block(&c);
            break;
        case WIRE_FIXED32:
            bytes_cursor_take(&c, 4);
            break;
        default:
            return SOTTO_FAIL(MALFORMED); /* groups, and what does not exist */
        }
        uint64_t number = tag >> 3;
        if (number == 0 || number > 536870911u) return SOTTO_FAIL(MALFORMED);
        if (number > count) continue;
        /* A second value would win in some readers and lose in others. */
        if (fields[number - 1].there || field.type != types[number - 1]) return SOTTO_FAIL(MALFORMED);
        fields[number - 1] = field;
    }
    return bytes_cursor_end(&c);
}

static bool field_u32(const wire_field *field, uint32_t *ret) {
    if (!field->there || field->number > UINT32_MAX) return false;
    *ret = (uint32_t)field->number;
    return true;
}

static bool field_id(const wire_field *field, uint32_t *ret) {
    return field_u32(field, ret) && *ret >= 1 && *ret <= OMEMO_ID_MAX;
}

static bool field_key(const wire_field *field, uint8_t ret[32]) {
    if (!field->there || field->block.len != 32) return false;
    memcpy(ret, field->block.at, 32);
    return true;
}

/* A tag and a number: at most 11 bytes. Fields are written in one piece each, because a message has many. */
#define HEAD_BYTES_MAX 11
static size_t head_write(uint8_t at[HEAD_BYTES_MAX], unsigned number, unsigned type, uint64_t value) {
    size_t len = 0;
    at[len++] = (uint8_t)(number << 3 | type);
    for (; value > 127; value >>= 7) at[len++] = (uint8_t)(value | 128);
    at[len++] = (uint8_t)value;
    return len;
}

static void put_varint(bytes_buffer *out, unsigned number, uint64_t value) {
    uint8_t head[HEAD_BYTES_MAX];
    bytes_buffer_put(out, bytes_of(head, head_write(head, number, WIRE_VARINT, value)));
}

static void put_block(bytes_buffer *out, unsigned number, sotto_bytes value) {
    uint8_t head[HEAD_BYTES_MAX];
    size_t len = head_write(head, number, WIRE_BLOCK, value.len);
    uint8_t *at = bytes_buffer_room(out, len + value.len);
    if (!at) return;
    memcpy(at, head, len);
    if (value.len > 0) memcpy(at + len, value.at, value.len);
}

void omemo_wire_write_body(bytes_buffer *out, const omemo_message *message) {
    put_varint(out, 1, message->n); /* required fields are written when they are 0, too */
    put_varint(out, 2, message->pn);
    put_block(out, 3, bytes_of(message->ratchet.bytes, 32));
    put_block(out, 4, message->ciphertext);
}

void omemo_wire_write_message(bytes_buffer *out, sotto_bytes body, sotto_bytes mac) {
    put_block(out, 1, mac);
    put_block(out, 2, body);
}

void omemo_wire_write_exchange(bytes_buffer *out, const omemo_kex *kex) {
    put_varint(out, 1, kex->prekey_id);
    put_varint(out, 2, kex->signed_id);
    put_block(out, 3, bytes_of(kex->identity.bytes, 32));
    put_block(out, 4, bytes_of(kex->ephemeral.bytes, 32));
    put_block(out, 5, kex->message);
}

sotto_status omemo_wire_read_message(sotto_bytes in, omemo_message *ret) {
    static const uint8_t outer_types[2] = {WIRE_BLOCK, WIRE_BLOCK};
    static const uint8_t inner_types[4] = {WIRE_VARINT, WIRE_VARINT, WIRE_BLOCK, WIRE_BLOCK};
    wire_field outer[2], inner[4];
    SOTTO_TRY(fields_read(in, outer, outer_types, 2));
    if (!outer[0].there || outer[0].block.len != 16 || !outer[1].there) return SOTTO_FAIL(MALFORMED);
    SOTTO_TRY(fields_read(outer[1].block, inner, inner_types, 4));
    omemo_message message = {.ciphertext = inner[3].block, .body = outer[1].block, .mac = outer[0].block};
    if (!field_u32(&inner[0], &message.n) || !field_u32(&inner[1], &message.pn)) return SOTTO_FAIL(MALFORMED);
    if (!field_key(&inner[2], message.ratchet.bytes) || !inner[3].there) return SOTTO_FAIL(MALFORMED);
    *ret = message;
    return SOTTO_OK;
}

sotto_status omemo_wire_read_exchange(sotto_bytes in, omemo_kex *ret) {
    static const uint8_t types[FIELDS_MAX] = {WIRE_VARINT, WIRE_VARINT, WIRE_BLOCK, WIRE_BLOCK, WIRE_BLOCK};
    wire_field fields[FIELDS_MAX];
    SOTTO_TRY(fields_read(in, fields, types, FIELDS_MAX));
    omemo_kex kex = {.message = fields[4].block};
    if (!field_id(&fields[1], &kex.signed_id)) return SOTTO_FAIL(MALFORMED);
    if (!field_key(&fields[2], kex.identity.bytes)) return SOTTO_FAIL(MALFORMED);
    if (!field_key(&fields[3], kex.ephemeral.bytes) || !fields[4].there) return SOTTO_FAIL(MALFORMED);
    /* XEP-0384 section 4.2: "key exchanges that don't use a PreKey MUST be rejected" (T12). 0 is how others say none.
     */
    if (!fields[0].there || fields[0].number == 0) return SOTTO_FAIL(NO_PREKEY);
    if (!field_id(&fields[0], &kex.prekey_id)) return SOTTO_FAIL(MALFORMED);
    *ret = kex;
    return SOTTO_OK;
}
