/* SPDX-License-Identifier: ISC
 *
 * Live sessions as people see them: with whom, what protects them, and what a person has to say about them. */
#ifndef APP_SESSIONS_H
#define APP_SESSIONS_H

#include <sotto/engine.h>

#include "app/json.h"
#include "app/output.h"

#define APP_SESSIONS_MAX 256u /* that are shown */

/* READY: stanzas go through it. OPENING. WAITING: the other side's person has to confirm it. QUARANTINED: ours has. */
typedef enum app_session_state {
    APP_SESSION_READY,
    APP_SESSION_OPENING,
    APP_SESSION_WAITING,
    APP_SESSION_QUARANTINED
} app_session_state;

typedef struct app_live_session {
    char jid[SOTTO_JID_BYTES_MAX + 1]; /* full */
    app_session_state state;
    bool known, initiator, retained;
    uint8_t fingerprint[32];
    sotto_trust trust;
    const char *group, *suite; /* NULL: not agreed on yet */
    uint64_t since_ms, renewed, stanzas;
    uint32_t statements;
} app_live_session;

typedef struct app_live_sessions {
    app_live_session *at;
    size_t count;
} app_live_sessions;

/* jid: bare or full; empty: with everybody. To be freed. */
SOTTO_MUST_CHECK sotto_status app_sessions_read(app_live_sessions *ret, sotto_engine *, sotto_bytes jid);
void app_sessions_free(app_live_sessions *);

/* Whether it is worth saying, once keys were compared, that there is another way: they can speak in live sessions, and
 * nobody has said how to speak with them. jid: bare. */
bool app_sessions_offer(sotto_engine *, const char *jid);

/* Whether messages to jid (bare) go in live sessions alone. */
bool app_sessions_only(sotto_engine *, const char *jid);
/* Where messages to jid (bare) go in live sessions alone, and none can carry them now: what it waits for, as the end of
 * a sentence. NULL: they may go another way, or there is one. Static. */
const char *app_sessions_lack(sotto_engine *, const char *jid);

/* "ready", "opening", "waiting", "quarantined". Static. */
const char *app_session_state_name(app_session_state);
/* What is said of the state in a line: "verified", "QUARANTINED: ...". Static. */
const char *app_session_state_text(const app_live_session *);

void app_sessions_print(const app_output *, const app_live_sessions *, uint64_t now_ms);
void app_sessions_json(bytes_buffer *, const app_live_sessions *);

#endif
