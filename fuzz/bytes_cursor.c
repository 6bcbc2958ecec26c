/* SPDX-License-Identifier: ISC
 *
 * bytes/cursor.h: reads what the first half of the input asks for out of the second; writing the same again gives back
 * what was consumed (overlong varints aside), and after a failure everything is empty. */
#include "bytes/cursor.h"

#include "rig.h"

static void check_end(const bytes_cursor *cursor) {
    sotto_status status = bytes_cursor_end(cursor);
    MUST(sotto_ok(status) == (!cursor->failed && cursor->rest.len == 0));
    MUST(sotto_ok(status) || sotto_is(status, SOTTO_E_MALFORMED));
}

/* One read, and the same written. */
static void read_one(bytes_cursor *cursor, bytes_buffer *out, uint8_t choice) {
    uint8_t into[64];
    switch (choice % 6) {
    case 0:
        bytes_buffer_u8(out, bytes_cursor_u8(cursor));
        break;
    case 1:
        bytes_buffer_u32(out, bytes_cursor_u32(cursor));
        break;
    case 2:
        bytes_buffer_u64(out, bytes_cursor_u64(cursor));
        break;
    case 3:
        bytes_buffer_varint(out, bytes_cursor_varint(cursor));
        break;
    case 4:
        bytes_buffer_block(out, bytes_cursor_block(cursor));
        break;
    default:
        bytes_cursor_into(cursor, into, choice / 6);
        bytes_buffer_put(out, bytes_of(into, choice / 6));
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sotto_bytes in = bytes_of(data, size), choices = fuzz_piece(&in, 255);
    sotto_bytes text = fuzz_exact(in);
    fuzz_host host;
    fuzz_host_start(&host);
    bytes_buffer out;
    bytes_buffer_owned(&out, &host.host, 1u << 20);
    bytes_cursor cursor = bytes_cursor_over(text);
    bool exact = true;
    while (choices.len > 0) {
        uint8_t choice = fuzz_u8(&choices);
        size_t before = out.len, rest = cursor.rest.len;
        read_one(&cursor, &out, choice);
        if (cursor.failed) {
            MUST(!bytes_cursor_more(&cursor) && bytes_cursor_u64(&cursor) == 0);
            MUST(bytes_cursor_block(&cursor).len == 0 && bytes_cursor_take(&cursor, 1).len == 0);
            break;
        }
        MUST(out.status.code == 0 && out.len - before <= rest - cursor.rest.len);
        if (out.len - before < rest - cursor.rest.len) exact = false; /* an overlong form */
    }
    if (!cursor.failed && exact) MUST(bytes_equal(bytes_of(out.at, out.len), bytes_of(text.at, out.len)));
    check_end(&cursor);
    bytes_buffer_free(&out);
    fuzz_exact_free(text);
    fuzz_host_end(&host);
    return 0;
}
