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

/* What a message of this kind may hold at most, the kind not counted. */
static size_t body_most(live_kind kind) {
    switch (kind) {
    case LIVE_PAD:
        return SOTTO_LIVE_PAD_BYTES_MAX;
    case LIVE_PROOF:
    case LIVE_YOU_FIRST:
        return PROOF_BYTES;
    case LIVE_HAVE:
        return STORY_BYTES;
    case LIVE_HOLD:
        return 1 + SOTTO_LIVE_HOLD_MAX * LIVE_ID_BYTES;
    case LIVE_STATEMENT:
        return 1 + SOTTO_LIVE_STATEMENT_BYTES_MAX;
    case LIVE_PASSWORD:
        return 1 + LIVE_SHARE_BYTES + LIVE_TAG_BYTES;
    case LIVE_CLOSE:
        return 1 + STORY_BYTES;
    case LIVE_DATA:
    case LIVE_IGNORED:
        break;
    }
    return STORY_BYTES + SOTTO_STANZA_BYTES_MAX;
}

static bool is_zeros(sotto_bytes bytes) {
    for (size_t i = 0; i < bytes.len; i++)
        if (bytes.at[i] != 0) return false;
    return true;
}

static sotto_status zeros_read(bytes_cursor *c, size_t *ret) {
    sotto_bytes zeros = bytes_cursor_take(c, c->rest.len);
    *ret = zeros.len;
    return is_zeros(zeros) ? SOTTO_OK : SOTTO_FAIL(MALFORMED);
}

static void story_read(bytes_cursor *c, live_message *ret) {
    bytes_cursor_into(c, ret->epoch, sizeof ret->epoch);
    ret->number = bytes_cursor_u64(c);
}

static sotto_status hold_read(bytes_cursor *c, live_message *ret) {
    ret->id_count = bytes_cursor_u8(c);
    if (ret->id_count > SOTTO_LIVE_HOLD_MAX) return SOTTO_FAIL(TOO_LARGE);
    for (size_t i = 0; i < ret->id_count; i++) bytes_cursor_into(c, ret->ids[i], sizeof ret->ids[i]);
    return SOTTO_OK;
}

static bool password_fits(live_password_step step, size_t len) {
    switch (step) {
    case LIVE_PASSWORD_OFFER:
        return len == 0 || len == LIVE_SHARE_BYTES;
    case LIVE_PASSWORD_ANSWER:
        return len == LIVE_SHARE_BYTES + LIVE_TAG_BYTES;
    case LIVE_PASSWORD_CONFIRM:
        return len == LIVE_TAG_BYTES;
    case LIVE_PASSWORD_CONFIRMED:
    case LIVE_PASSWORD_NO:
        return len == 0;
    }
    return false;
}

static sotto_status typed_read(bytes_cursor *c, live_message *ret) {
    ret->type = bytes_cursor_u8(c);
    ret->body = bytes_cursor_take(c, c->rest.len);
    if (ret->type == 0) return SOTTO_FAIL(MALFORMED);
    if (ret->kind == LIVE_PASSWORD && !password_fits((live_password_step)ret->type, ret->body.len))
        return SOTTO_FAIL(MALFORMED);
    return SOTTO_OK;
}

static sotto_status close_read(bytes_cursor *c, live_message *ret) {
    ret->type = bytes_cursor_u8(c);
    story_read(c, ret);
    bool none = ret->number == 0;
    if (ret->type == 0 || none != is_zeros(bytes_of(ret->epoch, sizeof ret->epoch))) return SOTTO_FAIL(MALFORMED);
    return SOTTO_OK;
}

static sotto_status body_read(bytes_cursor *c, live_message *ret) {
    size_t zeros;
    switch (ret->kind) {
    case LIVE_PAD:
        return zeros_read(c, &ret->zeros);
    case LIVE_PROOF:
        bytes_cursor_into(c, ret->key, sizeof ret->key);
        bytes_cursor_into(c, ret->signature, sizeof ret->signature);
        return SOTTO_OK;
    case LIVE_DATA:
    case LIVE_HAVE:
        story_read(c, ret);
        if (ret->kind == LIVE_DATA) ret->stanza = bytes_cursor_take(c, c->rest.len);
        return ret->number > 0 ? SOTTO_OK : SOTTO_FAIL(MALFORMED);
    case LIVE_YOU_FIRST:
        if (c->rest.len != PROOF_BYTES) return SOTTO_FAIL(MALFORMED);
        return zeros_read(c, &zeros);
    case LIVE_HOLD:
        return hold_read(c, ret);
    case LIVE_STATEMENT:
    case LIVE_PASSWORD:
        return typed_read(c, ret);
    case LIVE_CLOSE:
        return close_read(c, ret);
    case LIVE_IGNORED:
        break;
    }
    if (ret->kind < LIVE_IGNORED) return SOTTO_FAIL(UNSUPPORTED);
    ret->body = bytes_cursor_take(c, c->rest.len);
    return SOTTO_OK;
}

sotto_status live_message_read(sotto_bytes in, size_t *ret_used, live_message *ret) {
    if (in.len < 4) return SOTTO_FAIL(AGAIN);
    bytes_cursor head = bytes_cursor_over(in);
    size_t len = bytes_cursor_u32(&head);
    if (len == 0) return SOTTO_FAIL(MALFORMED);
    if (len > 1 + STORY_BYTES + SOTTO_STANZA_BYTES_MAX) return SOTTO_FAIL(TOO_LARGE);
    if (in.len < 5) return SOTTO_FAIL(AGAIN);
    live_message message = {.kind = (live_kind)in.at[4]};
    if (len - 1 > body_most(message.kind)) return SOTTO_FAIL(TOO_LARGE);
    if (len > in.len - 4) return SOTTO_FAIL(AGAIN);
    bytes_cursor c = bytes_cursor_over(bytes_of(in.at + 5, len - 1));
    SOTTO_TRY(body_read(&c, &message));
    SOTTO_TRY(bytes_cursor_end(&c));
    *ret = message;
    *ret_used = 4 + len;
    return SOTTO_OK;
}

static size_t body_size(const live_message *message) {
    switch (message->kind) {
    case LIVE_PAD:
        return message->zeros;
    case LIVE_PROOF:
    case LIVE_YOU_FIRST:
        return PROOF_BYTES;
    case LIVE_DATA:
    case LIVE_HAVE:
        return STORY_BYTES + message->stanza.len;
    case LIVE_HOLD:
        return 1 + message->id_count * LIVE_ID_BYTES;
    case LIVE_STATEMENT:
    case LIVE_PASSWORD:
        return 1 + message->body.len;
    case LIVE_CLOSE:
        return 1 + STORY_BYTES;
    case LIVE_IGNORED:
        break;
    }
    return message->body.len;
}

static void zeros_write(bytes_buffer *out, size_t count) {
    while (count-- > 0) bytes_buffer_u8(out, 0);
}

static void story_write(bytes_buffer *out, const live_message *message) {
    bytes_buffer_put(out, bytes_of(message->epoch, sizeof message->epoch));
    bytes_buffer_u64(out, message->number);
}

static void body_write(bytes_buffer *out, const live_message *message) {
    switch (message->kind) {
    case LIVE_PAD:
        zeros_write(out, message->zeros);
        return;
    case LIVE_PROOF:
        bytes_buffer_put(out, bytes_of(message->key, sizeof message->key));
        bytes_buffer_put(out, bytes_of(message->signature, sizeof message->signature));
        return;
    case LIVE_YOU_FIRST:
        zeros_write(out, PROOF_BYTES);
        return;
    case LIVE_DATA:
    case LIVE_HAVE:
        story_write(out, message);
        bytes_buffer_put(out, message->stanza);
        return;
    case LIVE_HOLD:
        bytes_buffer_u8(out, (uint8_t)message->id_count);
        for (size_t i = 0; i < message->id_count; i++) bytes_buffer_put(out, bytes_of(message->ids[i], LIVE_ID_BYTES));
        return;
    case LIVE_STATEMENT:
    case LIVE_PASSWORD:
        bytes_buffer_u8(out, message->type);
        break;
    case LIVE_CLOSE:
        bytes_buffer_u8(out, message->type);
        story_write(out, message);
        return;
    case LIVE_IGNORED:
        break;
    }
    bytes_buffer_put(out, message->body);
}

void live_message_write(bytes_buffer *out, const live_message *message) {
    size_t len = body_size(message);
    if (len > body_most(message->kind)) {
        bytes_buffer_fail(out, SOTTO_FAIL(TOO_LARGE));
        return;
    }
    bytes_buffer_u32(out, (uint32_t)(1 + len));
    bytes_buffer_u8(out, (uint8_t)message->kind);
    body_write(out, message);
}
