/* SPDX-License-Identifier: ISC
 *
 * The date and time format of XMPP (XEP-0082). */
#ifndef STANZA_TIME_H
#define STANZA_TIME_H

#include "bytes/span.h"

/* "2026-11-20T09:00:00Z", with optional fractions and numeric zones; Unix time in milliseconds. False: not such text,
 * or a year outside 1970 to 9999. */
bool stanza_time_read(sotto_bytes text, uint64_t *ret_ms);
#define STANZA_TIME_TEXT_SIZE 25
/* "2026-11-20T09:00:00.000Z" and a NUL. */
void stanza_time_write(uint64_t ms, char ret[STANZA_TIME_TEXT_SIZE]);

#endif
