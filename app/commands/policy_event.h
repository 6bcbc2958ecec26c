/* SPDX-License-Identifier: ISC
 *
 * Events of trust and policy in plain words, each with the one command that helps, and as JSON. */
#ifndef APP_COMMANDS_POLICY_EVENT_H
#define APP_COMMANDS_POLICY_EVENT_H

#include <sotto/engine.h>

#include "app/json.h"
#include "app/output.h"

/* True: it is one of them, and was told. */
bool app_policy_event_print(const app_output *, const sotto_event *);
/* Its name for --json; NULL: it is none of them. And its members beside "event", "jid" and "reason". */
const char *app_policy_event_name(sotto_event_kind);
void app_policy_event_json(app_json *, const sotto_event *);

/* "Held, not sent: ..." for a message that waits for a person's decision: test/policy/held.txt. */
void app_held_text(bytes_buffer *, const sotto_event *);

#endif
