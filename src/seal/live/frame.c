/* SPDX-License-Identifier: ISC */
#include "seal/live/frame.h"

#include "bytes/base64.h"
#include "bytes/cursor.h"
#include "stanza/writer.h"

#define PROOF_BYTES (32u + 64u)
#define STORY_BYTES (LIVE_EPOCH_BYTES + 8u) /* epoch and number */

/* ---- outside ---- */

static sotto_status read_records(const stanza_element *element, bytes_arena *arena, sotto_bytes *ret) {
    sotto_bytes text;
    if (!stanza_text(element, arena, &text)) return SOTTO_FAIL(NO_MEMORY);
    if (text.len > 2 * bytes_base64_size(SOTTO_LIVE_FRAME_BYTES_MAX)) return SOTTO_FAIL(TOO_LARGE);
    uint8_t *at = bytes_arena_take(arena, SOTTO_LIVE_FRAME_BYTES_MAX);
    if (at == NULL) return SOTTO_FAIL(NO_MEMORY);
    bytes_buffer out;
    bytes_buffer_borrowed(&out, at, SOTTO_LIVE_FRAME_BYTES_MAX);
    sotto_status status = bytes_base64_get(&out, text);
    if (sotto_is(status, SOTTO_E_NO_ROOM)) return SOTTO_FAIL(TOO_LARGE);
    SOTTO_TRY(status);
    return bytes_buffer_end(&out, ret);
}

sotto_status live_frame_read(const stanza_element *element, bytes_arena *arena, live_frame *ret) {
    live_frame frame = {0};
    sotto_bytes id = stanza_attribute_of(element, "session"), got;
    bytes_buffer out;
    bytes_buffer_borrowed(&out, frame.session, sizeof frame.session);
    if (!stanza_is(element, "live", LIVE_NS) || id.len != 2 * LIVE_ID_BYTES || stanza_count(element) != 0 ||
        !stanza_attribute_number(element, "number", 0, UINT64_MAX - 1, &frame.number))
        return SOTTO_FAIL(MALFORMED);
    SOTTO_TRY(bytes_hex_get(&out, id));
    SOTTO_TRY(bytes_buffer_end(&out, &got));
    SOTTO_TRY(read_records(element, arena, &frame.records));
    if (frame.records.len == 0) return SOTTO_FAIL(MALFORMED);
    *ret = frame;
    return SOTTO_OK;
}

void live_frame_write(bytes_buffer *out, const live_frame *frame) {
    bytes_buffer_text(out, "<live xmlns='" LIVE_NS "' session='");
    bytes_hex_put(out, bytes_of(frame->session, sizeof frame->session));
    bytes_buffer_text(out, "' number='");
    bytes_buffer_decimal(out, frame->number);
    bytes_buffer_text(out, "'>");
    bytes_base64_put(out, frame->records);
    bytes_buffer_text(out, "</live>");
}

/* ---- inside ---- */

sotto_status live_message_read(sotto_bytes in, size_t *ret_used, live_message *ret) {
    if (in.len < 4) return SOTTO_FAIL(AGAIN);
    bytes_cursor head = bytes_cursor_over(in);
    size_t len = bytes_cursor_u32(&head);
    if (len > 1 + STORY_BYTES + SOTTO_STANZA_BYTES_MAX) return SOTTO_FAIL(TOO_LARGE);
    if (len > in.len - 4) return SOTTO_FAIL(AGAIN);
    bytes_cursor c = bytes_cursor_over(bytes_of(in.at + 4, len));
    live_message message = {.kind = (live_kind)bytes_cursor_u8(&c)};
    if (message.kind == LIVE_PROOF) {
        bytes_cursor_into(&c, message.key, sizeof message.key);
        bytes_cursor_into(&c, message.signature, sizeof message.signature);
    } else if (message.kind == LIVE_DATA || message.kind == LIVE_HAVE) {
        bytes_cursor_into(&c, message.epoch, sizeof message.epoch);
        message.number = bytes_cursor_u64(&c);
        if (message.kind == LIVE_DATA) message.stanza = bytes_cursor_take(&c, c.rest.len);
        if (message.number == 0) return SOTTO_FAIL(MALFORMED);
    } else {
        return SOTTO_FAIL(MALFORMED);
    }
    SOTTO_TRY(bytes_cursor_end(&c));
    *ret = message;
    *ret_used = 4 + len;
    return SOTTO_OK;
}

void live_message_write(bytes_buffer *out, const live_message *message) {
    size_t len = message->kind == LIVE_PROOF ? PROOF_BYTES : STORY_BYTES + message->stanza.len;
    if (len > STORY_BYTES + SOTTO_STANZA_BYTES_MAX) {
        bytes_buffer_fail(out, SOTTO_FAIL(TOO_LARGE));
        return;
    }
    bytes_buffer_u32(out, (uint32_t)(1 + len));
    bytes_buffer_u8(out, (uint8_t)message->kind);
    if (message->kind == LIVE_PROOF) {
        bytes_buffer_put(out, bytes_of(message->key, sizeof message->key));
        bytes_buffer_put(out, bytes_of(message->signature, sizeof message->signature));
        return;
    }
    bytes_buffer_put(out, bytes_of(message->epoch, sizeof message->epoch));
    bytes_buffer_u64(out, message->number);
    bytes_buffer_put(out, message->stanza);
}
