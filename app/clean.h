/* SPDX-License-Identifier: ISC
 *
 * What strangers wrote, made harmless for a terminal. Messages, addresses, what a server says: any of it may hold
 * escape sequences that move the cursor or answer on our behalf, controls that forge a line, and direction overrides
 * that turn a text around. Nothing of the kind gets through; a replacement character shows where it was. */
#ifndef APP_CLEAN_H
#define APP_CLEAN_H

#include "bytes/buffer.h"

/* Appends `text` as one line: UTF-8 is made valid, line ends and tabs become blanks, and everything in
 * app_clean_forbidden becomes U+FFFD. With `ascii`, for terminals of another encoding, what is not ASCII becomes '?'
 * (in Latin-1 the second byte of U+00DB is the control that starts an escape sequence). */
void app_clean_line(bytes_buffer *, sotto_bytes text, bool ascii);
/* The same, but line ends stay lines: each new line begins with `margin`, which nothing in the text can forge. */
void app_clean_lines(bytes_buffer *, sotto_bytes text, const char *margin, bool ascii);

/* Code points that do not reach a terminal: controls (C0 without line ends and tab, DEL, C1), direction marks,
 * embeddings, overrides and isolates, invisible operators and fillers, tags, noncharacters, private use. */
bool app_clean_forbidden(uint32_t point);

/* How many columns the (clean) text takes. */
size_t app_clean_width(sotto_bytes text);

#endif
