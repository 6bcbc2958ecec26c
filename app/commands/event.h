/* SPDX-License-Identifier: ISC
 *
 * What the engine tells, for people and as JSON. doc/commands.md documents the JSON; what it says stays. */
#ifndef APP_COMMANDS_EVENT_H
#define APP_COMMANDS_EVENT_H

#include <sotto/engine.h>

#include "app/json.h"
#include "app/output.h"

/* An event, in a sentence, on standard error; those that are of no interest to people say nothing. */
void app_event_print(const app_output *, const sotto_event *);
/* Only those that must not pass unheard by somebody who came for something else: new keys, alarms. */
void app_event_warn(const app_output *, const sotto_event *);
/* One line; false: this kind has none. */
bool app_event_json(bytes_buffer *, const sotto_event *);

/* A delivered message, for people, on standard output; what is no message, or has no text, says nothing.
 * `own`: the account. */
void app_delivery_print(const app_output *, const sotto_delivery *, const char *own);
/* One line; false: it is no message. */
bool app_delivery_json(bytes_buffer *, const sotto_delivery *);
/* An error that came back for a message: told on standard error. False: it is something else, and nothing was said. */
bool app_delivery_bounce(const app_output *, const sotto_delivery *);

#endif
