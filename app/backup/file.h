/* SPDX-License-Identifier: ISC
 *
 * The file of a backup: written under another name, on the disk before it gets its own, only for its owner, and never
 * in place of something that is there unless that was asked for. */
#ifndef APP_BACKUP_FILE_H
#define APP_BACKUP_FILE_H

#include "app/home/home.h"

typedef struct app_backup_file {
    int fd;    /* -1: none */
    int error; /* of the system, when reading or writing failed */
    char path[APP_PATH_SIZE], fresh[APP_PATH_SIZE];
} app_backup_file;

/* An absolute path for what somebody typed in this process's folder. */
bool app_backup_path(const char *typed, char ret[APP_PATH_SIZE], app_trouble *);
/* False: something has that name, or its folder is not there. */
bool app_backup_file_free(const char *path, bool force, app_trouble *);

bool app_backup_file_make(app_backup_file *ret, const char *path, bool force, app_trouble *);
bool app_backup_file_write(void *file, sotto_bytes); /* app_sealed_write */
/* Gives it its name, durably. */
bool app_backup_file_keep(app_backup_file *, bool force, app_trouble *);

bool app_backup_file_open(app_backup_file *ret, const char *path, app_trouble *);
bool app_backup_file_read(void *file, uint8_t *to, size_t size, size_t *ret_len); /* app_sealed_read */

/* Closes; what was not kept is removed. */
void app_backup_file_close(app_backup_file *);

#endif
