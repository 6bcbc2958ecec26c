/* SPDX-License-Identifier: ISC
 *
 * The files that were offered to us, by number, with what opens them: `sotto files get 7` needs no URL with a key in it
 * to be shown, copied or kept in a shell's history. Notes in the sealed store, a bounded number of them. */
#ifndef APP_FILES_LEDGER_H
#define APP_FILES_LEDGER_H

#include <sotto/engine.h>

#include "bytes/arena.h"
#include "context/share.h"

#define APP_FILE_TYPE_BYTES_MAX 100u

typedef struct app_offer {
    uint64_t number; /* rises, from 1 */
    uint64_t time_ms;
    sotto_bytes from; /* bare JID */
    sotto_bytes seal; /* of the message; empty: it came unencrypted, key and all */
    sotto_trust trust;
    context_share share; /* its name is one for the disk already (app_file_name) */
} app_offer;

/* Staged, like every note: part of the transaction in which the message is done. offer->number does not count.
 * STORE_*, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status app_ledger_add(sotto_engine *, const app_offer *, uint64_t *ret_number);
/* Spans lie in the arena. NOT_FOUND: there is no such number, or it made room; STORE_*, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status app_ledger_get(sotto_engine *, bytes_arena *, uint64_t number, app_offer *ret);
/* The number the next one gets. STORE_*, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status app_ledger_next(sotto_engine *, uint64_t *ret);

/* One as a record. Spans of what is read point into it. MALFORMED. */
void app_offer_put(bytes_buffer *, const app_offer *);
SOTTO_MUST_CHECK sotto_status app_offer_read(app_offer *ret, sotto_bytes record);

#endif
