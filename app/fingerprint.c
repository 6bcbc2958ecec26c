/* SPDX-License-Identifier: ISC
 *
 * Fingerprints. They are public: nothing here is in constant time. */
#include "app/fingerprint.h"

#include <errno.h>
#include <qrencode.h>
#include <string.h>

#include "bytes/base64.h"
#include "bytes/span.h"

#define QUIET       4     /* modules around the code (ISO/IEC 18004 section 6.3.8) */
#define QR_TEXT_MAX 2953u /* bytes in the largest code of the lowest correction level */

void app_fingerprint_text(const uint8_t fingerprint[APP_FINGERPRINT_BYTES], char ret[APP_FINGERPRINT_TEXT_SIZE]) {
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;
    for (size_t i = 0; i < APP_FINGERPRINT_BYTES; i++) {
        if (i > 0 && i % 4 == 0) ret[at++] = ' ';
        ret[at++] = digits[fingerprint[i] >> 4];
        ret[at++] = digits[fingerprint[i] & 15];
    }
    ret[at] = '\0';
}

bool app_fingerprint_read(sotto_bytes text, app_fingerprint_typed *ret) {
    app_fingerprint_typed typed = {.count = 0};
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        if (c == ' ' || c == ':' || c == '-') continue;
        int value = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (value < 0 || typed.count == sizeof typed.digits) return false;
        typed.digits[typed.count++] = (uint8_t)value;
    }
    if (typed.count < APP_FINGERPRINT_DIGITS_MIN) return false;
    *ret = typed;
    return true;
}

bool app_fingerprint_fits(const app_fingerprint_typed *typed, const uint8_t fingerprint[APP_FINGERPRINT_BYTES]) {
    for (size_t i = 0; i < typed->count; i++) {
        unsigned digit = i % 2 == 0 ? fingerprint[i / 2] >> 4u : fingerprint[i / 2] & 15u;
        if (typed->digits[i] != digit) return false;
    }
    return typed->count > 0;
}

/* RFC 5122 section 2.2: unreserved characters, and a few that may stand in a JID; everything else is encoded. */
static bool uri_safe(uint8_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~!$*+@", c));
}

void app_fingerprint_uri(bytes_buffer *to, sotto_bytes jid, uint32_t device,
                         const uint8_t fingerprint[APP_FINGERPRINT_BYTES]) {
    bytes_buffer_text(to, "xmpp:");
    for (size_t i = 0; i < jid.len; i++) {
        if (uri_safe(jid.at[i])) {
            bytes_buffer_u8(to, jid.at[i]);
        } else {
            bytes_buffer_u8(to, '%');
            bytes_hex_put(to, bytes_of(&jid.at[i], 1));
        }
    }
    bytes_buffer_text(to, "?omemo-sid-");
    bytes_buffer_decimal(to, device);
    bytes_buffer_u8(to, '=');
    bytes_hex_put(to, bytes_of(fingerprint, APP_FINGERPRINT_BYTES));
}

static bool is_dark(const QRcode *code, int row, int column) {
    if (row < 0 || column < 0 || row >= code->width || column >= code->width) return false;
    return code->data[row * code->width + column] & 1;
}

/* One line of text: the light modules are drawn, since they are what is bright on a dark ground. */
static void put_rows(bytes_buffer *to, const QRcode *code, int row) {
    static const char *const blocks[] = {" ", "\u2584", "\u2580", "\u2588"}; /* none, lower, upper, both */
    for (int column = -QUIET; column < code->width + QUIET; column++) {
        bool upper = !is_dark(code, row, column);
        bool lower = row + 1 < code->width + QUIET && !is_dark(code, row + 1, column);
        bytes_buffer_text(to, blocks[upper * 2 + lower]);
    }
}

sotto_status app_fingerprint_qr(bytes_buffer *to, sotto_bytes text, bool colours) {
    char copy[QR_TEXT_MAX + 1];
    if (text.len == 0 || text.len > QR_TEXT_MAX) return SOTTO_FAIL(TOO_LARGE);
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    QRcode *code = QRcode_encodeString8bit(copy, 0, QR_ECLEVEL_L);
    if (!code) return errno == ENOMEM ? SOTTO_FAIL(NO_MEMORY) : SOTTO_FAIL(TOO_LARGE);
    for (int row = -QUIET; row < code->width + QUIET; row += 2) {
        if (colours) bytes_buffer_text(to, "\033[38;5;231m\033[48;5;16m"); /* white on black */
        put_rows(to, code, row);
        bytes_buffer_text(to, colours ? "\033[0m\n" : "\n");
    }
    QRcode_free(code);
    return to->status;
}
