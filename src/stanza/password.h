/* SPDX-License-Identifier: ISC
 *
 * A word that two people type, each on a keyboard of their own, as the same bytes: white space at both ends goes, the
 * rest is prepared with SASLprep (RFC 4013), as passwords of accounts are. */
#ifndef STANZA_PASSWORD_H
#define STANZA_PASSWORD_H

#include "bytes/buffer.h"

/* Into the buffer, which decides how long it may become (NO_ROOM). MALFORMED: no UTF-8, nothing is left, or there is
 * something in it that a password cannot have (control characters, for one). NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status stanza_password_prepare(bytes_buffer *out, sotto_bytes text);

#endif
