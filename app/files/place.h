/* SPDX-License-Identifier: ISC
 *
 * The place a file that is being fetched has on the disk. It is written under a name nobody looks for, open to nobody
 * else, and gets the name people see only when all of it is there and right: whoever sees the name may rely on the
 * content. Nothing that is there already is ever written to, replaced or followed. Blocks. */
#ifndef APP_FILES_PLACE_H
#define APP_FILES_PLACE_H

#include "app/files/name.h"

typedef struct app_place {
    int folder, file; /* -1: not open */
    char temporary[64];
    int error; /* errno of what failed last */
} app_place;

/* NOT_FOUND (no such folder), SYSTEM, NO_RANDOM. */
SOTTO_MUST_CHECK sotto_status app_place_open(app_place *ret, const char *folder);
/* SYSTEM, STORE_FULL (the disk, or a quota). */
SOTTO_MUST_CHECK sotto_status app_place_write(app_place *, sotto_bytes);
/* Gives it this name, or the first of "name (2)" and so on that is free, which is returned, and lets go of it.
 * SYSTEM, STORE_FULL, NOT_FOUND (all of them are taken). */
SOTTO_MUST_CHECK sotto_status app_place_keep(app_place *, const char *name, char ret_name[APP_FILE_NAME_SIZE]);
/* Removes what was not kept. Harmless after app_place_keep, and twice. */
void app_place_drop(app_place *);

#endif
