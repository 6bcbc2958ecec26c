/* SPDX-License-Identifier: ISC
 *
 * Fingerprints as people compare them: 64 lower-case hex digits in eight groups of eight (XEP-0384 section 8), and as a
 * QR code of the address form other clients scan. */
#ifndef APP_FINGERPRINT_H
#define APP_FINGERPRINT_H

#include "bytes/buffer.h"

#define APP_FINGERPRINT_BYTES      32
#define APP_FINGERPRINT_TEXT_SIZE  (64 + 7 + 1)
#define APP_FINGERPRINT_DIGITS_MIN 16u /* of a beginning somebody types; it must still be the only one that fits */

/* "01234567 89abcdef ...", with a NUL. */
void app_fingerprint_text(const uint8_t fingerprint[APP_FINGERPRINT_BYTES], char ret[APP_FINGERPRINT_TEXT_SIZE]);

/* What somebody typed: a whole fingerprint or its beginning, either case, with blanks, colons or dashes anywhere. */
typedef struct app_fingerprint_typed {
    uint8_t digits[2 * APP_FINGERPRINT_BYTES]; /* values 0 to 15 */
    size_t count;
} app_fingerprint_typed;
/* False: other characters, fewer than APP_FINGERPRINT_DIGITS_MIN digits, or more than 64. */
bool app_fingerprint_read(sotto_bytes text, app_fingerprint_typed *ret);
bool app_fingerprint_fits(const app_fingerprint_typed *, const uint8_t fingerprint[APP_FINGERPRINT_BYTES]);

/* xmpp:JID?omemo-sid-DEVICE=FINGERPRINT, the JID percent-encoded as RFC 5122 says. */
void app_fingerprint_uri(bytes_buffer *, sotto_bytes jid, uint32_t device,
                         const uint8_t fingerprint[APP_FINGERPRINT_BYTES]);
/* The QR code of a text, two rows of modules a line in half blocks, the quiet zone included. Without `colours` a light
 * text on a dark ground is assumed; with them both are set. TOO_LARGE: it does not fit into a code. */
SOTTO_MUST_CHECK sotto_status app_fingerprint_qr(bytes_buffer *, sotto_bytes text, bool colours);

#endif
