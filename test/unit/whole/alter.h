/* SPDX-License-Identifier: ISC
 *
 * A message on the wire with something in it changed. What is returned lives until the next call. */
#ifndef TEST_WHOLE_ALTER_H
#define TEST_WHOLE_ALTER_H

#include "world.h"

/* The first `from` becomes `to`; it must be there. */
const char *alter_text(const char *stanza, const char *from, const char *to);
/* From the first `from` to the end of the first `until` after it becomes `to`. */
const char *alter_part(const char *stanza, const char *from, const char *until, const char *to);

typedef struct alter_bytes {
    uint8_t at[4096];
    size_t len;
} alter_bytes;

/* What the first <tag ...> holds, decoded; `start` is its start tag or the beginning of it ("<key rid='7'"). */
void alter_get(const char *stanza, const char *start, alter_bytes *ret);
const char *alter_put(const char *stanza, const char *start, const alter_bytes *);
/* The start of the <key/> for a device. */
const char *alter_key_of(uint32_t number);

#endif
