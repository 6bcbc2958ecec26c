/* SPDX-License-Identifier: ISC */
#include "account/state.h"
#include "bytes/cursor.h"
#include "bytes/span.h"

#define NOTE_STREAM   BYTES_LITERAL(ACCOUNT_NOTE_STREAM)
#define NOTE_PASSWORD BYTES_LITERAL(ACCOUNT_NOTE_PASSWORD)
#define NOTE_SUSPECT  BYTES_LITERAL(ACCOUNT_NOTE_SUSPECT)
#define NOTE_VERSION  1u

sotto_status account_note_stream(account *a) {
    if (a->resume_id.len == 0 || !a->available) return sotto_engine_note(a->engine, NOTE_STREAM, BYTES_NONE);
    uint8_t at[ACCOUNT_RESUME_ID_BYTES_MAX + SOTTO_JID_BYTES_MAX + 32];
    bytes_buffer out;
    bytes_buffer_borrowed(&out, at, sizeof at);
    bytes_buffer_u8(&out, NOTE_VERSION);
    bytes_buffer_u32(&out, a->handled);
    bytes_buffer_u32(&out, a->acked);
    bytes_buffer_block(&out, a->resume_id);
    bytes_buffer_block(&out, a->full);
    sotto_bytes value;
    SOTTO_TRY(bytes_buffer_end(&out, &value));
    return sotto_engine_note(a->engine, NOTE_STREAM, value);
}

sotto_status account_note_password(account *a) {
    return sotto_engine_note(a->engine, NOTE_PASSWORD, a->password);
}

sotto_status account_note_suspect(account *a) {
    if (a->suspect == 0) return sotto_engine_note(a->engine, NOTE_SUSPECT, BYTES_NONE);
    uint8_t at[9];
    bytes_buffer out;
    bytes_buffer_borrowed(&out, at, sizeof at);
    bytes_buffer_u64(&out, a->suspect);
    bytes_buffer_u8(&out, (uint8_t)a->strikes);
    sotto_bytes value;
    SOTTO_TRY(bytes_buffer_end(&out, &value));
    return sotto_engine_note(a->engine, NOTE_SUSPECT, value);
}

static sotto_status load_suspect(account *a) {
    sotto_bytes value;
    sotto_status status = sotto_engine_noted(a->engine, NOTE_SUSPECT, &value);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    bytes_cursor in = bytes_cursor_over(value);
    a->suspect = bytes_cursor_u64(&in);
    a->strikes = bytes_cursor_u8(&in);
    return SOTTO_OK;
}

static sotto_status load_stream(account *a) {
    sotto_bytes value;
    sotto_status status = sotto_engine_noted(a->engine, NOTE_STREAM, &value);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    bytes_cursor in = bytes_cursor_over(value);
    uint8_t version = bytes_cursor_u8(&in);
    uint32_t handled = bytes_cursor_u32(&in), acked = bytes_cursor_u32(&in);
    sotto_bytes id = bytes_cursor_block(&in), full = bytes_cursor_block(&in);
    /* A note that cannot be read costs a resumption, nothing else. */
    if (!sotto_ok(bytes_cursor_end(&in)) || version != NOTE_VERSION || id.len > sizeof a->resume_at ||
        full.len > sizeof a->full_at)
        return SOTTO_OK;
    a->handled = a->committed = handled;
    a->acked = acked;
    memcpy(a->resume_at, id.at, id.len);
    memcpy(a->full_at, full.at, full.len);
    a->resume_id = bytes_of(a->resume_at, id.len);
    a->full = bytes_of(a->full_at, full.len);
    return SOTTO_OK;
}

sotto_status account_load_notes(account *a, sotto_bytes password) {
    SOTTO_TRY(load_suspect(a));
    if (a->available) SOTTO_TRY(load_stream(a));
    if (password.len == 0) SOTTO_TRY(sotto_engine_noted(a->engine, NOTE_PASSWORD, &password));
    return bytes_arena_copy(&a->lasting, password, &a->password) ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
}
