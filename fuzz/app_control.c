/* SPDX-License-Identifier: ISC
 *
 * app/control/frame.h: both ends of the control socket, in whatever pieces the bytes come; a request that is accepted
 * is written again as the same bytes. The first byte: which end, and the size of the pieces. */
#include "app/control/frame.h"

#include "rig.h"

static void request(const fuzz_host *host, sotto_bytes payload) {
    bytes_buffer room, out;
    bytes_buffer_owned(&room, &host->host, 4u << 20);
    bytes_buffer_owned(&out, &host->host, 4u << 20);
    app_request read;
    sotto_status status = app_request_read(&read, &room, payload);
    MUST(sotto_ok(status) || sotto_is(status, SOTTO_E_MALFORMED) || sotto_is(status, SOTTO_E_TOO_LARGE));
    if (sotto_ok(status)) {
        MUST(read.count > 0 && read.count <= APP_CONTROL_WORDS_MAX && !read.words[read.count]);
        for (size_t i = 0; i < read.count; i++) MUST(strlen(read.words[i]) <= APP_CONTROL_WORD_BYTES_MAX);
        MUST(fuzz_inside(read.text, payload));
        MUST_OK(app_request_put(&out, &read));
        sotto_bytes written;
        MUST_OK(bytes_buffer_end(&out, &written));
        bytes_buffer_reset(&room);
        app_request again;
        MUST_OK(app_request_read(&again, &room, bytes_after(written, 5)));
        MUST(again.count == read.count && bytes_equal(again.text, read.text) && again.has_text == read.has_text);
    }
    bytes_buffer_free(&room);
    bytes_buffer_free(&out);
}

typedef struct record {
    uint64_t hash;
    sotto_status end;
} record;

static record run(sotto_bytes in, bool from_holder, size_t step, const fuzz_host *host) {
    app_frames frames;
    record all = {.end = SOTTO_FAIL(AGAIN)};
    app_frames_init(&frames, from_holder);
    for (size_t at = 0; at < in.len && sotto_is(all.end, SOTTO_E_AGAIN); at += step) {
        size_t len = in.len - at < step ? in.len - at : step;
        sotto_bytes piece = fuzz_exact(bytes_of(in.at + at, len));
        MUST_OK(app_frames_take(&frames, piece));
        fuzz_exact_free(piece);
        app_frame frame;
        while (sotto_ok(all.end = app_frames_next(&frames, &frame))) {
            all.hash = all.hash * 31 + fuzz_touch(frame.payload) + (uint64_t)frame.kind;
            MUST((frame.kind == APP_FRAME_REQUEST || frame.kind == APP_FRAME_INPUT) != from_holder);
            if (frame.kind == APP_FRAME_INPUT) MUST(frame.input >= APP_INPUT_LINE && frame.input <= APP_INPUT_AGREE);
            if (frame.kind == APP_FRAME_REQUEST) request(host, frame.payload);
        }
        MUST(sotto_is(all.end, SOTTO_E_AGAIN) || sotto_is(all.end, SOTTO_E_MALFORMED) ||
             sotto_is(all.end, SOTTO_E_TOO_LARGE));
    }
    app_frames_free(&frames);
    return all;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_host host;
    fuzz_host_start(&host);
    sotto_bytes in = bytes_of(data, size);
    uint8_t choice = fuzz_u8(&in);
    record whole = run(in, (choice & 1) != 0, 8192, &host);
    record parts = run(in, (choice & 1) != 0, 1 + (choice >> 1) % 32, &host);
    MUST(whole.hash == parts.hash && whole.end.code == parts.end.code);
    fuzz_host_end(&host);
    return 0;
}
