/* SPDX-License-Identifier: ISC
 *
 * Places. Everything is done relative to the folder that was opened, so that a folder that is moved, or a link that
 * changes, makes no difference. */
#include "app/files/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bytes/span.h"

#define TRIES 8u /* for a random name that is taken */

static sotto_status failed(app_place *place, int error) {
    place->error = error;
    return error == ENOSPC || error == EDQUOT || error == EFBIG ? SOTTO_FAIL(STORE_FULL) : SOTTO_FAIL(SYSTEM);
}

static sotto_status temporary_open(app_place *place) {
    const sotto_host *host = sotto_host_default();
    for (unsigned i = 0; i < TRIES; i++) {
        uint64_t number;
        SOTTO_TRY(host->random(host->arg, &number, sizeof number));
        (void)snprintf(place->temporary, sizeof place->temporary, ".sotto-%016llx.part", (unsigned long long)number);
        place->file =
            openat(place->folder, place->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (place->file >= 0) return SOTTO_OK;
        if (errno != EEXIST) break;
    }
    return failed(place, errno);
}

sotto_status app_place_open(app_place *ret, const char *folder) {
    *ret = (app_place){.folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), .file = -1};
    if (ret->folder < 0) {
        ret->error = errno;
        return errno == ENOENT || errno == ENOTDIR ? SOTTO_FAIL(NOT_FOUND) : SOTTO_FAIL(SYSTEM);
    }
    sotto_status status = temporary_open(ret);
    if (!sotto_ok(status)) app_place_drop(ret);
    return status;
}

sotto_status app_place_write(app_place *place, sotto_bytes bytes) {
    while (bytes.len > 0) {
        ssize_t done = write(place->file, bytes.at, bytes.len);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return failed(place, errno);
        bytes = bytes_after(bytes, (size_t)done);
    }
    return SOTTO_OK;
}

/* Zero, or errno: EEXIST where something of that name is there, a link that leads nowhere included. */
static int rename_to(const app_place *place, const char *name) {
    if (renameat2(place->folder, place->temporary, place->folder, name, RENAME_NOREPLACE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return errno;
    /* A file system that cannot do that: a second name, which is refused in the same way, and the first one away. */
    if (linkat(place->folder, place->temporary, place->folder, name, 0) != 0) return errno;
    return unlinkat(place->folder, place->temporary, 0) == 0 ? 0 : errno;
}

static void let_go(app_place *place) {
    if (place->file >= 0) (void)close(place->file);
    if (place->folder >= 0) (void)close(place->folder);
    place->file = place->folder = -1;
}

sotto_status app_place_keep(app_place *place, const char *name, char ret_name[APP_FILE_NAME_SIZE]) {
    if (fsync(place->file) != 0) return failed(place, errno);
    for (unsigned which = 1; which <= APP_FILE_NAMES_MAX; which++) {
        app_file_name_again(name, which, ret_name);
        int error = rename_to(place, ret_name);
        if (error == EEXIST) continue;
        if (error != 0) return failed(place, error);
        (void)fsync(place->folder); /* the content is safe; a name that is lost with the power can be fetched again */
        let_go(place);
        return SOTTO_OK;
    }
    return SOTTO_FAIL(NOT_FOUND);
}

void app_place_drop(app_place *place) {
    if (place->file >= 0) (void)unlinkat(place->folder, place->temporary, 0);
    let_go(place);
}
