/* SPDX-License-Identifier: ISC
 *
 * What the tests of backups, imports and upgrades share. */
#ifndef TEST_WHOLE_KEEPING_H
#define TEST_WHOLE_KEEPING_H

#include "world.h"

/* Copies records into a memory store, but for the driver's own note, which speaks of one run. */
sotto_status keeping_copy(void *store, sotto_bytes key, sotto_bytes value);
/* A store out of a backup of the device. */
sotto_store *keeping_backup(device *, const sotto_host *);

/* Where the stores of earlier versions are. */
extern const char *schema_folder;

extern const struct CMUnitTest backup_tests[], upgrade_tests[];
extern const size_t backup_count, upgrade_count;

#endif
