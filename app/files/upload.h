/* SPDX-License-Identifier: ISC
 *
 * Putting a file where others can fetch it: finds the server's upload service, asks for a slot (XEP-0363), encrypts the
 * file with a fresh key while it goes there, and says what a message needs so that it can be opened. Whether there may
 * be such a message is decided before, by the caller: see doc/files.md. */
#ifndef APP_FILES_UPLOAD_H
#define APP_FILES_UPLOAD_H

#include "app/files/transfer.h"
#include "app/session.h"

typedef struct app_upload app_upload;

/* share NULL: it failed, and *trouble says why. Both live for the call. */
typedef void app_upload_told(void *arg, const context_share *share, const app_trouble *trouble);

/* The file is opened at once, and the account is online. `told` is called once, never from inside this call; the upload
 * is gone then. False: it did not begin, *trouble says why. */
bool app_upload_begin(app_upload **ret, app_session *, const char *path, app_upload_told *, void *arg, app_trouble *);
/* Bytes on their way so far, of how many (0: not known yet). */
void app_upload_progress(const app_upload *, uint64_t *ret_done, uint64_t *ret_total);
/* The name it has for people. */
const char *app_upload_name(const app_upload *);
/* Ends it and tells nobody. NULL is allowed. */
void app_upload_stop(app_upload *);

#endif
