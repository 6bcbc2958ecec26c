/* SPDX-License-Identifier: ISC
 *
 * Files that come with a message: remembered, and shown. Nothing is fetched by itself (doc/files.md says why not). */
#ifndef APP_FILES_OFFER_H
#define APP_FILES_OFFER_H

#include "app/files/ledger.h"
#include "app/json.h"
#include "app/output.h"

/* Remembers the files of a message that is being delivered and shows them: `json`: an object a line, else a line for
 * people. To be called before the delivery is done, and after everybody else has looked at it: what it points to is
 * gone afterwards. */
void app_offers_take(sotto_engine *, const sotto_delivery *, const app_output *, bool json);

/* One of them, as `sotto files` lists it. */
void app_offer_print(const app_output *, const app_offer *);
void app_offer_json(bytes_buffer *, const app_offer *);

#endif
