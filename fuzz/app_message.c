/* SPDX-License-Identifier: ISC
 *
 * app/message.h, and the lines that a message becomes (app/chat/view.h): whatever it holds, it has its mark in front,
 * and no control but line ends gets through. The first byte: sealed or not, in a room or not. */
#include "app/chat/view.h"

#include "app/clean.h"
#include "rig.h"
#include "stanza/utf8.h"

static void see(void *arg, app_stream stream, sotto_bytes bytes) {
    bytes_buffer *all = arg;
    if (stream == APP_OUT) bytes_buffer_put(all, bytes);
}

static void look(sotto_bytes shown) {
    for (size_t at = 0; at < shown.len;) {
        uint32_t point;
        MUST(stanza_utf8_next(shown, &at, &point));
        MUST(point == '\n' || !app_clean_forbidden(point));
    }
    MUST(shown.len == 0 || memchr(shown.at, '[', shown.len));
}

static app_view view;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    sotto_bytes in = fuzz_exact(bytes_of(data + 1, size - 1)), shown;
    const sotto_delivery delivery = {.stanza = in,
                                     .seal = data[0] & 1 ? BYTES_LITERAL("omemo:2") : BYTES_NONE,
                                     .from = BYTES_LITERAL("romeo@montague.example"),
                                     .room = data[0] & 2 ? BYTES_LITERAL("orchard@rooms.example") : BYTES_NONE,
                                     .nick = data[0] & 2 ? BYTES_LITERAL("you") : BYTES_NONE,
                                     .trust = (sotto_trust)(data[0] >> 2 & 3)};
    app_message m;
    if (app_message_read(&m, &delivery, BYTES_LITERAL("juliet@capulet.example"))) {
        bytes_buffer all;
        bytes_buffer_owned(&all, sotto_host_default(), 16u << 20);
        const app_output output = {.write = see, .arg = &all, .screen = {.width = 80}};
        app_view_begin(&view, &output, "romeo@montague.example", m.entry.room, false);
        if (m.has_text) app_view_entry(&view, &m.entry, false);
        if (m.has_text) app_view_entry(&view, &m.entry, true);
        app_view_fate(&view, m.receipt, APP_FATE_CLAIMED);
        MUST_OK(bytes_buffer_end(&all, &shown));
        look(shown);
        bytes_buffer_free(&all);
    }
    app_message_clear(&m);
    fuzz_exact_free(in);
    return 0;
}
