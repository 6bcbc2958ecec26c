/* SPDX-License-Identifier: ISC
 *
 * Names of files: what a stranger calls one becomes a name that can be used here, and never a path (T34; XEP-0446
 * section "Security Considerations"; CVE-2021-33896 was a client that did not). And what kind of file a name promises.
 * Pure. */
#ifndef APP_FILES_NAME_H
#define APP_FILES_NAME_H

#include <sotto/limits.h>

#include "bytes/buffer.h"

#define APP_FILE_NAME_SIZE  (SOTTO_FILE_NAME_BYTES_MAX + 1u)
#define APP_FILE_NAMES_MAX  100u /* "name (2).ext" and so on, before we give up */
#define APP_FILE_ENDING_MAX 8u   /* characters of an ending that is kept apart from the rest */

/* The last part of `wanted` as one harmless name: no separators, controls or direction marks, no dot, dash or blank at
 * its beginning, valid UTF-8, at most SOTTO_FILE_NAME_BYTES_MAX bytes. "file" where nothing is left. */
void app_file_name(sotto_bytes wanted, char ret[APP_FILE_NAME_SIZE]);
/* The same of the last segment of a URL's path, where there is nothing better; its percent signs are resolved first. */
void app_file_name_of_url(sotto_bytes segment, char ret[APP_FILE_NAME_SIZE]);
/* The name a file gets when `which` - 1 others have it already: "name (2).ext". */
void app_file_name_again(const char *name, unsigned which, char ret[APP_FILE_NAME_SIZE]);

/* Of a name, by its ending: a media type, and the ending itself where it is a known one (else ""). Static. */
const char *app_file_type(const char *name);
const char *app_file_ending(const char *name);

/* "12.3 KiB" */
void app_file_size_text(uint64_t bytes, char ret[32]);

#endif
