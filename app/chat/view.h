/* SPDX-License-Identifier: ISC
 *
 * A conversation as it is shown: messages, what became of them, who is typing, warnings; for people or as JSON. From
 * what it is told to lines on an output and nothing else: it looks at no engine, no history and no terminal. */
#ifndef APP_CHAT_VIEW_H
#define APP_CHAT_VIEW_H

#include "app/message.h"
#include "app/output.h"

#define APP_VIEW_SEEN_MAX   256u /* messages that corrections and receipts are looked up among */
#define APP_VIEW_SHORT_SIZE 200u

/* A message that was shown. */
typedef struct app_seen {
    char id[APP_VIEW_SHORT_SIZE], who[APP_VIEW_SHORT_SIZE]; /* longer ones are nobody's */
    char excerpt[64];
    uint8_t fingerprint[32];
    bool sealed, sent, private;
} app_seen;

/* Of the conversation's live session; the later ones go before the earlier where there are several. */
typedef enum app_view_live {
    APP_VIEW_NO_LIVE,
    APP_VIEW_LIVE,
    APP_VIEW_LIVE_VERIFIED,
    APP_VIEW_QUARANTINED
} app_view_live;

typedef struct app_view {
    const app_output *output;
    const char *with;
    char name[64]; /* the conversation's, short: in front of what is typed */
    bool json, room;
    bool clear;  /* the last message of ours left in the clear */
    bool typing; /* the other side is */
    app_view_live live;
    int year, day; /* of the last line that was shown */
    app_seen seen[APP_VIEW_SEEN_MAX];
    size_t seen_count; /* in all */
} app_view;

/* `output` and `with` outlive the view. */
void app_view_begin(app_view *, const app_output *, const char *with, bool room, bool json);
/* A message; old: out of the history. */
void app_view_entry(app_view *, const app_entry *, bool old);
/* What became of a message of ours that was shown. */
void app_view_fate(app_view *, sotto_bytes id, app_fate);
/* `who`: a bare JID or, in a room, a nick. */
void app_view_typing(app_view *, sotto_bytes who, app_typing);
/* There is a live session now, or is not: in front of what is typed. */
void app_view_live_is(app_view *, app_view_live);
/* An event of the engine that must not pass unseen here. `body`: of the message it is about; `own`: the account. */
void app_view_event(app_view *, const sotto_event *, const char *own, sotto_bytes body);
/* A sentence: something to know, or something to beware of. */
void app_view_notice(app_view *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void app_view_warning(app_view *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The prompt, anew. */
void app_view_prompt(const app_view *);

/* One entry as an object: what `sotto history --json` and `sotto chat --json` print. */
void app_view_json(bytes_buffer *, const app_entry *, bool old);

#endif
