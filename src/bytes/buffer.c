/* SPDX-License-Identifier: ISC
 *
 * The buffer. Everything that writes goes through bytes_buffer_room, so bounds are looked at in one place. */
#include "bytes/buffer.h"

#include <string.h>

#include "bytes/memory.h"
#include "bytes/span.h"

#define BUFFER_BYTES_MIN 64u

void bytes_buffer_owned(bytes_buffer *buffer, const sotto_host *host, size_t ceiling) {
    *buffer = (bytes_buffer){.host = host, .ceiling = ceiling};
}

void bytes_buffer_borrowed(bytes_buffer *buffer, void *at, size_t size) {
    *buffer = (bytes_buffer){.at = at, .size = size, .ceiling = size};
}

void bytes_buffer_fail(bytes_buffer *buffer, sotto_status status) {
    if (sotto_ok(buffer->status)) buffer->status = status;
}

/* Room for at least `size` bytes in all, which is not above the ceiling. Doubles, so that n small writes cost O(n). */
static bool buffer_grow(bytes_buffer *buffer, size_t size) {
    size_t wanted = buffer->size > SIZE_MAX / 2 ? SIZE_MAX : buffer->size * 2;
    if (wanted < BUFFER_BYTES_MIN) wanted = BUFFER_BYTES_MIN;
    if (wanted > buffer->ceiling) wanted = buffer->ceiling;
    if (wanted < size) wanted = size;
    if (wanted == 0) wanted = 1; /* a ceiling of 0 and no byte asked for: still a pointer */
    uint8_t *at = bytes_resize(buffer->host, buffer->at, buffer->at ? buffer->size : 0, wanted);
    if (!at) return false;
    buffer->at = at;
    buffer->size = wanted;
    return true;
}

void bytes_buffer_reserve(bytes_buffer *buffer, size_t len) {
    if (!buffer->host || !sotto_ok(buffer->status) || len > buffer->ceiling - buffer->len) return;
    if (buffer->at && len <= buffer->size - buffer->len) return;
    if (!buffer_grow(buffer, buffer->len + len)) bytes_buffer_fail(buffer, SOTTO_FAIL(NO_MEMORY));
}

uint8_t *bytes_buffer_release(bytes_buffer *buffer, size_t *ret_len, size_t *ret_size) {
    if (!buffer->host || !sotto_ok(buffer->status)) return NULL;
    uint8_t *at = buffer->at;
    *ret_len = buffer->len;
    *ret_size = buffer->size;
    bytes_buffer_owned(buffer, buffer->host, buffer->ceiling);
    return at;
}

uint8_t *bytes_buffer_room(bytes_buffer *buffer, size_t len) {
    if (!sotto_ok(buffer->status)) return NULL;
    if (len > buffer->ceiling - buffer->len) {
        bytes_buffer_fail(buffer, buffer->host ? SOTTO_FAIL(TOO_LARGE) : SOTTO_FAIL(NO_ROOM));
        return NULL;
    }
    if (!buffer->at || len > buffer->size - buffer->len) {
        if (!buffer->host) return NULL;
        if (!buffer_grow(buffer, buffer->len + len)) {
            bytes_buffer_fail(buffer, SOTTO_FAIL(NO_MEMORY));
            return NULL;
        }
    }
    uint8_t *at = buffer->at + buffer->len;
    buffer->len += len;
    return at;
}

void bytes_buffer_put(bytes_buffer *buffer, sotto_bytes bytes) {
    if (bytes.len == 0) return;
    uint8_t *at = bytes_buffer_room(buffer, bytes.len);
    if (at) memcpy(at, bytes.at, bytes.len);
}

void bytes_buffer_text(bytes_buffer *buffer, const char *text) {
    bytes_buffer_put(buffer, bytes_text(text));
}

void bytes_buffer_u8(bytes_buffer *buffer, uint8_t value) {
    uint8_t *at = bytes_buffer_room(buffer, 1);
    if (at) *at = value;
}

static void buffer_big_endian(bytes_buffer *buffer, uint64_t value, size_t size) {
    uint8_t *at = bytes_buffer_room(buffer, size);
    if (!at) return;
    for (size_t i = 0; i < size; i++) at[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
}

void bytes_buffer_u32(bytes_buffer *buffer, uint32_t value) {
    buffer_big_endian(buffer, value, 4);
}
void bytes_buffer_u64(bytes_buffer *buffer, uint64_t value) {
    buffer_big_endian(buffer, value, 8);
}

void bytes_buffer_varint(bytes_buffer *buffer, uint64_t value) {
    uint8_t form[10];
    size_t len = 0;
    while (value >= 0x80) {
        form[len++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    form[len++] = (uint8_t)value;
    bytes_buffer_put(buffer, bytes_of(form, len));
}

void bytes_buffer_block(bytes_buffer *buffer, sotto_bytes bytes) {
    bytes_buffer_varint(buffer, bytes.len);
    bytes_buffer_put(buffer, bytes);
}

void bytes_buffer_decimal(bytes_buffer *buffer, uint64_t value) {
    uint8_t digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    bytes_buffer_put(buffer, bytes_of(digits + at, sizeof digits - at));
}

void bytes_buffer_cut(bytes_buffer *buffer, size_t len) {
    if (len >= buffer->len) return;
    bytes_wipe(buffer->at + len, buffer->len - len);
    buffer->len = len;
}

void bytes_buffer_drop(bytes_buffer *buffer, size_t count) {
    if (count == 0) return;
    size_t kept = count < buffer->len ? buffer->len - count : 0;
    if (kept > 0) memmove(buffer->at, buffer->at + count, kept);
    bytes_buffer_cut(buffer, kept);
}

sotto_status bytes_buffer_end(const bytes_buffer *buffer, sotto_bytes *ret) {
    SOTTO_TRY(buffer->status);
    *ret = (sotto_bytes){buffer->at, buffer->len};
    return SOTTO_OK;
}

void bytes_buffer_reset(bytes_buffer *buffer) {
    bytes_buffer_cut(buffer, 0);
    buffer->status = SOTTO_OK;
}

void bytes_buffer_free(bytes_buffer *buffer) {
    if (!buffer->host) {
        *buffer = (bytes_buffer){0};
        return;
    }
    bytes_free(buffer->host, buffer->at, buffer->size);
    bytes_buffer_owned(buffer, buffer->host, buffer->ceiling);
}
