/* SPDX-License-Identifier: ISC
 *
 * The stanzas that a conversation sends, and the lines that are typed in it. */
#ifndef APP_CHAT_COMPOSE_H
#define APP_CHAT_COMPOSE_H

#include "app/message.h"

#define APP_CHAT_ID_SIZE 25u /* 24 hex digits and a NUL */

/* An id that nothing else has. NO_RANDOM. */
SOTTO_MUST_CHECK sotto_status app_chat_id(char ret[APP_CHAT_ID_SIZE]);

typedef struct app_chat_text {
    const char *to;
    bool room;
    bool extras; /* a receipt is asked for, and that we are here is said: inside encryption only */
    const char *id;
    const char *corrects; /* NULL: nothing */
    sotto_bytes body;
} app_chat_text;
/* MALFORMED: no UTF-8, or control characters. TOO_LARGE. */
SOTTO_MUST_CHECK sotto_status app_chat_put_text(bytes_buffer *, const app_chat_text *);
/* XEP-0085, by itself: not to be kept by any archive. */
SOTTO_MUST_CHECK sotto_status app_chat_put_typing(bytes_buffer *, const char *to, const char *id, app_typing);
/* XEP-0184. */
SOTTO_MUST_CHECK sotto_status app_chat_put_receipt(bytes_buffer *, const char *to, const char *id, sotto_bytes of);

/* What a line means. */
typedef enum app_chat_verb {
    APP_CHAT_NOTHING, /* blank */
    APP_CHAT_SAY,     /* the rest is the text; "//x" says "/x" */
    APP_CHAT_CORRECT,
    APP_CHAT_HISTORY,
    APP_CHAT_DEVICES,
    APP_CHAT_TRUST,
    APP_CHAT_DISTRUST,
    APP_CHAT_VERIFY,
    APP_CHAT_RESEND,
    APP_CHAT_ENCRYPT,
    APP_CHAT_VIA,
    APP_CHAT_SESSIONS,
    APP_CHAT_MEMBERS,
    APP_CHAT_PRIVATE,
    APP_CHAT_HELP,
    APP_CHAT_QUIT,
    APP_CHAT_UNKNOWN
} app_chat_verb;
app_chat_verb app_chat_line(sotto_bytes line, sotto_bytes *ret_rest);
/* The rest of /msg: a name up to the first blank, or between quotes, and what is said. A name is never guessed from
 * what names there are: others choose them. False: there is no name, or nothing is said. */
bool app_chat_private(sotto_bytes rest, sotto_bytes *ret_nick, sotto_bytes *ret_text);

/* The commands, ended by a NULL name: for /help and for completion. */
typedef struct app_chat_command {
    const char *name; /* "/trust" */
    const char *arguments;
    const char *text;
    app_chat_verb verb;
} app_chat_command;
extern const app_chat_command app_chat_commands[];

#endif
