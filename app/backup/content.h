/* SPDX-License-Identifier: ISC
 *
 * What a backup holds: entries, a kind, a length and that many bytes each. First one that says what this is a backup
 * of, then the records, then how many there were. */
#ifndef APP_BACKUP_CONTENT_H
#define APP_BACKUP_CONTENT_H

#include "app/backup/sealed.h"
#include "bytes/buffer.h"

#define APP_CONTENT_VERSION_BYTES_MAX  64u /* of the program's version, as text */
#define APP_CONTENT_SETTINGS_BYTES_MAX 65536u

typedef enum app_content_kind { APP_CONTENT_ABOUT = 1, APP_CONTENT_RECORD = 2, APP_CONTENT_END = 3 } app_content_kind;

typedef struct app_content_about {
    uint64_t made_ms;
    sotto_bytes version; /* of the program */
    sotto_bytes account; /* bare JID */
    sotto_bytes settings;
} app_content_about;

typedef struct app_content_entry {
    app_content_kind kind;
    app_content_about about;
    sotto_bytes key, value;
    uint64_t count;
} app_content_entry;

app_sealed_fault app_content_put_about(app_sealing *, const app_content_about *);
app_sealed_fault app_content_put_record(app_sealing *, sotto_bytes key, sotto_bytes value);
/* The end, and the end of the stream. */
app_sealed_fault app_content_put_end(app_sealing *, uint64_t count);

/* The next entry; it lies in `room`, an owned buffer, until the next call. After the END that the stream ends as well
 * was checked. STRANGE: an unknown kind, a length beyond what a record can have, or one that is not its own. */
#define APP_CONTENT_ROOM_BYTES (SOTTO_RECORD_BYTES_MAX + 8192u)
app_sealed_fault app_content_next(app_unsealing *, bytes_buffer *room, app_content_entry *ret);

#endif
