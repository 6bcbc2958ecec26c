/* SPDX-License-Identifier: ISC
 *
 * The frames. */
#include "app/control/frame.h"

#include <string.h>

#include "app/command.h"
#include "bytes/cursor.h"
#include "bytes/span.h"

#define HEADER_BYTES 5u /* kind, length */

/* Flags of a request. */
#define OUT_TERMINAL 1u
#define ERR_TERMINAL 2u
#define COLOURS      4u
#define ASCII        8u
#define HAS_TEXT     16u
#define FLAGS_ALL    31u

static void put_header(bytes_buffer *to, app_frame_kind kind, size_t len) {
    bytes_buffer_u8(to, (uint8_t)kind);
    bytes_buffer_u32(to, (uint32_t)len);
}

/* ---- requests ---- */

static uint8_t request_flags(const app_request *request) {
    unsigned flags = 0;
    if (request->screen.out_terminal) flags |= OUT_TERMINAL;
    if (request->screen.err_terminal) flags |= ERR_TERMINAL;
    if (request->screen.colours) flags |= COLOURS;
    if (request->screen.ascii) flags |= ASCII;
    if (request->has_text) flags |= HAS_TEXT;
    return (uint8_t)flags;
}

sotto_status app_request_put(bytes_buffer *to, const app_request *request) {
    if (request->count == 0 || request->count > APP_CONTROL_WORDS_MAX) return SOTTO_FAIL(TOO_LARGE);
    if (request->text.len > APP_CONTROL_TEXT_BYTES_MAX) return SOTTO_FAIL(TOO_LARGE);
    size_t start = to->len;
    put_header(to, APP_FRAME_REQUEST, 0);
    bytes_buffer_u8(to, APP_CONTROL_VERSION);
    bytes_buffer_u8(to, request_flags(request));
    bytes_buffer_varint(to, request->screen.width);
    bytes_buffer_varint(to, request->count);
    for (size_t i = 0; i < request->count; i++) {
        sotto_bytes word = bytes_text(request->words[i]);
        if (word.len > APP_CONTROL_WORD_BYTES_MAX) return SOTTO_FAIL(TOO_LARGE);
        bytes_buffer_block(to, word);
    }
    bytes_buffer_block(to, request->text);
    SOTTO_TRY(to->status);
    size_t len = to->len - start - HEADER_BYTES;
    if (len > APP_CONTROL_REQUEST_BYTES_MAX) return SOTTO_FAIL(TOO_LARGE);
    for (size_t i = 0; i < 4; i++) to->at[start + 1 + i] = (uint8_t)(len >> (8 * (3 - i)));
    return SOTTO_OK;
}

/* One word, with a NUL behind it, as an offset into `room`, which may still move. */
static sotto_status word_read(bytes_cursor *from, bytes_buffer *room, size_t *ret_at) {
    sotto_bytes word = bytes_cursor_block(from);
    if (from->failed || (word.len > 0 && memchr(word.at, 0, word.len))) return SOTTO_FAIL(MALFORMED);
    if (word.len > APP_CONTROL_WORD_BYTES_MAX) return SOTTO_FAIL(TOO_LARGE);
    *ret_at = room->len;
    bytes_buffer_put(room, word);
    bytes_buffer_u8(room, 0);
    return room->status;
}

static void request_screen(app_screen *screen, uint8_t flags, uint64_t width) {
    screen->out_terminal = (flags & OUT_TERMINAL) != 0;
    screen->err_terminal = (flags & ERR_TERMINAL) != 0;
    screen->colours = (flags & COLOURS) != 0;
    screen->ascii = (flags & ASCII) != 0;
    screen->width = (uint16_t)width;
}

sotto_status app_request_read(app_request *ret, bytes_buffer *room, sotto_bytes payload) {
    bytes_cursor from = bytes_cursor_over(payload);
    app_request request = {0};
    size_t at[APP_CONTROL_WORDS_MAX];
    uint8_t version = bytes_cursor_u8(&from), flags = bytes_cursor_u8(&from);
    uint64_t width = bytes_cursor_varint(&from), count = bytes_cursor_varint(&from);
    if (from.failed || version != APP_CONTROL_VERSION || (flags & ~FLAGS_ALL) || width > UINT16_MAX || count == 0)
        return SOTTO_FAIL(MALFORMED);
    if (count > APP_CONTROL_WORDS_MAX) return SOTTO_FAIL(TOO_LARGE);
    request_screen(&request.screen, flags, width);
    request.count = (size_t)count;
    for (size_t i = 0; i < request.count; i++) SOTTO_TRY(word_read(&from, room, &at[i]));
    request.has_text = (flags & HAS_TEXT) != 0;
    request.text = bytes_cursor_block(&from);
    SOTTO_TRY(bytes_cursor_end(&from));
    if (request.text.len > APP_CONTROL_TEXT_BYTES_MAX) return SOTTO_FAIL(TOO_LARGE);
    if (!request.has_text && request.text.len > 0) return SOTTO_FAIL(MALFORMED);
    for (size_t i = 0; i < request.count; i++) request.words[i] = (const char *)room->at + at[i];
    *ret = request;
    return SOTTO_OK;
}

/* ---- what is typed meanwhile ---- */

sotto_status app_frame_put_input(bytes_buffer *to, app_input_kind kind, sotto_bytes text) {
    if (text.len > APP_CONTROL_TEXT_BYTES_MAX) return SOTTO_FAIL(TOO_LARGE);
    put_header(to, APP_FRAME_INPUT, 1 + text.len);
    bytes_buffer_u8(to, (uint8_t)kind);
    bytes_buffer_put(to, text);
    return to->status;
}

/* The first byte of the payload says what it is. False: nothing that is known. */
static bool input_read(app_frame *frame) {
    if (frame->payload.len == 0) return false;
    uint8_t kind = frame->payload.at[0];
    frame->input = (app_input_kind)kind;
    frame->payload = bytes_after(frame->payload, 1);
    return kind >= APP_INPUT_LINE && kind <= APP_INPUT_SAME;
}

/* ---- answers ---- */

void app_frame_put_output(bytes_buffer *to, app_stream stream, sotto_bytes bytes) {
    while (bytes.len > 0) {
        size_t len = bytes.len < APP_CONTROL_PIECE_BYTES_MAX ? bytes.len : APP_CONTROL_PIECE_BYTES_MAX;
        put_header(to, stream == APP_OUT ? APP_FRAME_OUT : stream == APP_ERR ? APP_FRAME_ERR : APP_FRAME_PROMPT, len);
        bytes_buffer_put(to, bytes_of(bytes.at, len));
        bytes = bytes_after(bytes, len);
    }
}

void app_frame_put_sign(bytes_buffer *to) {
    put_header(to, APP_FRAME_ERR, 0);
}

void app_frame_put_exit(bytes_buffer *to, int status) {
    put_header(to, APP_FRAME_EXIT, 1);
    bytes_buffer_u8(to, (uint8_t)status);
}

/* ---- reading ---- */

void app_frames_init(app_frames *frames, bool from_holder) {
    size_t ceiling = HEADER_BYTES + (from_holder ? APP_CONTROL_PIECE_BYTES_MAX : APP_CONTROL_REQUEST_BYTES_MAX);
    /* a frame that is not whole yet, and what one read brings behind it */
    bytes_buffer_owned(&frames->waiting, sotto_host_default(), ceiling + APP_CONTROL_PIECE_BYTES_MAX);
    frames->used = 0;
    frames->from_holder = from_holder;
}

static void frames_drop_used(app_frames *frames) {
    bytes_buffer_drop(&frames->waiting, frames->used);
    frames->used = 0;
}

sotto_status app_frames_take(app_frames *frames, sotto_bytes bytes) {
    frames_drop_used(frames);
    bytes_buffer_put(&frames->waiting, bytes);
    return frames->waiting.status;
}

/* How long a frame of this kind may be; 0: it may not come at all. */
static size_t payload_max(const app_frames *frames, uint8_t kind) {
    if (!frames->from_holder && kind == APP_FRAME_INPUT) return 1 + APP_CONTROL_TEXT_BYTES_MAX;
    if (!frames->from_holder) return kind == APP_FRAME_REQUEST ? APP_CONTROL_REQUEST_BYTES_MAX : 0;
    if (kind == APP_FRAME_OUT || kind == APP_FRAME_ERR || kind == APP_FRAME_PROMPT) return APP_CONTROL_PIECE_BYTES_MAX;
    return kind == APP_FRAME_EXIT ? 1 : 0;
}

sotto_status app_frames_next(app_frames *frames, app_frame *ret) {
    frames_drop_used(frames);
    bytes_cursor from = bytes_cursor_over(bytes_of(frames->waiting.at, frames->waiting.len));
    if (from.rest.len < HEADER_BYTES) return SOTTO_FAIL(AGAIN);
    uint8_t kind = bytes_cursor_u8(&from);
    size_t len = bytes_cursor_u32(&from);
    size_t most = payload_max(frames, kind);
    if (most == 0) return SOTTO_FAIL(MALFORMED);
    if (len > most) return SOTTO_FAIL(TOO_LARGE);
    if (len > from.rest.len) return SOTTO_FAIL(AGAIN);
    app_frame frame = {.kind = (app_frame_kind)kind, .payload = bytes_cursor_take(&from, len)};
    if (frame.kind == APP_FRAME_EXIT && (len != 1 || frame.payload.at[0] > APP_ASK_SAME)) return SOTTO_FAIL(MALFORMED);
    if (frame.kind == APP_FRAME_INPUT && !input_read(&frame)) return SOTTO_FAIL(MALFORMED);
    frames->used = HEADER_BYTES + len;
    *ret = frame;
    return SOTTO_OK;
}

void app_frames_free(app_frames *frames) {
    bytes_buffer_free(&frames->waiting);
}
