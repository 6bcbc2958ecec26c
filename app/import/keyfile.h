/* SPDX-License-Identifier: ISC
 *
 * Files of groups and "key=value" lines as GLib's GKeyFile writes them, read strictly: what is not understood is a
 * mistake with its line and not something to pass over. */
#ifndef APP_IMPORT_KEYFILE_H
#define APP_IMPORT_KEYFILE_H

#include <sotto/types.h>

#define APP_KEYFILE_VALUE_BYTES_MAX (1024u * 1024u) /* one value; a session of libomemo-c may have 100 KiB */

/* Group, key and value of one line; they live for the call. False ends the reading. */
typedef bool app_keyfile_visit(void *arg, sotto_bytes group, sotto_bytes key, sotto_bytes value);

/* *ret_line: 0: all was read; else the line that is no line of such a file, or at which the visitor ended it.
 * MALFORMED, CANCELLED (by the visitor). */
SOTTO_MUST_CHECK sotto_status app_keyfile_read(sotto_bytes text, app_keyfile_visit *, void *arg, size_t *ret_line);

/* A value without its escapes (\s \n \t \r \\), in place: *value is memory that may be changed. False: another escape.
 */
bool app_keyfile_plain(uint8_t *value, size_t len, size_t *ret_len);

#endif
