/* SPDX-License-Identifier: ISC */
#include "seal/omemo/fields.h"

#include <string.h>

#include "bytes/cursor.h"
#include "bytes/span.h"

sotto_status omemo_fields_read(sotto_bytes in, omemo_field *fields, const uint8_t *types, size_t count) {
    memset(fields, 0, count * sizeof *fields);
    bytes_cursor c = bytes_cursor_over(in);
    while (bytes_cursor_more(&c)) {
        uint64_t tag = bytes_cursor_varint(&c);
        omemo_field field = {.there = true, .type = (uint8_t)(tag & 7)};
        switch (field.type) {
        case OMEMO_WIRE_VARINT:
            field.number = bytes_cursor_varint(&c);
            break;
        case OMEMO_WIRE_FIXED64:
            bytes_cursor_take(&c, 8);
            break;
        case OMEMO_WIRE_BLOCK:
            field.block = bytes_cursor_block(&c);
            break;
        case OMEMO_WIRE_FIXED32:
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

bool omemo_field_u32(const omemo_field *field, uint32_t *ret) {
    if (!field->there || field->number > UINT32_MAX) return false;
    *ret = (uint32_t)field->number;
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

void omemo_field_put_varint(bytes_buffer *out, unsigned number, uint64_t value) {
    uint8_t head[HEAD_BYTES_MAX];
    bytes_buffer_put(out, bytes_of(head, head_write(head, number, OMEMO_WIRE_VARINT, value)));
}

void omemo_field_put_block(bytes_buffer *out, unsigned number, sotto_bytes value) {
    uint8_t head[HEAD_BYTES_MAX];
    size_t len = head_write(head, number, OMEMO_WIRE_BLOCK, value.len);
    uint8_t *at = bytes_buffer_room(out, len + value.len);
    if (!at) return;
    memcpy(at, head, len);
    if (value.len > 0) memcpy(at + len, value.at, value.len);
}
