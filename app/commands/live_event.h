/* SPDX-License-Identifier: ISC
 *
 * What live sessions tell, in words and as JSON. */
#ifndef APP_LIVE_EVENT_H
#define APP_LIVE_EVENT_H

#include <sotto/engine.h>

#include "app/json.h"
#include "app/output.h"

/* On standard error. False: the event is none of these. */
bool app_live_event_print(const app_output *, const sotto_event *);
/* What is as it should be, or was asked for, and so no warning. */
bool app_live_event_is_good(const sotto_event *);
/* NULL: it is none of these, or nobody's business who reads what arrives. */
const char *app_live_event_name(sotto_event_kind);
void app_live_event_json(app_json *, const sotto_event *); /* the members beside event, jid and reason */

/* Why nothing came of a word that was typed (SOTTO_PASSWORD_OVER), as the end of a sentence. */
const char *app_live_password_over(sotto_status reason);

#endif
