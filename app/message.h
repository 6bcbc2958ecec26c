/* SPDX-License-Identifier: ISC
 *
 * What a message says: its text, what it corrects (XEP-0308), receipts (XEP-0184), who is typing (XEP-0085), as an
 * entry of the history and what stands beside it. Of a sealed delivery everything here was inside the seal (T6). */
#ifndef APP_MESSAGE_H
#define APP_MESSAGE_H

#include "app/history.h"
#include "bytes/arena.h"
#include "stanza/element.h"

#define APP_NS_TYPING   "http://jabber.org/protocol/chatstates"
#define APP_NS_RECEIPTS "urn:xmpp:receipts"
#define APP_NS_CORRECT  "urn:xmpp:message-correct:0"

typedef enum app_typing {
    APP_TYPING_NOTHING, /* the message does not say */
    APP_TYPING_ACTIVE,
    APP_TYPING_COMPOSING,
    APP_TYPING_PAUSED,
    APP_TYPING_INACTIVE,
    APP_TYPING_GONE
} app_typing;

typedef struct app_message {
    bytes_arena arena; /* everything below lies here */
    const stanza_element *stanza;
    app_entry entry; /* without number, ticket and seq */
    bool has_text;   /* a body or a subject: an entry of the history */
    bool error;      /* it came back */
    bool answerable; /* an automatic answer tells its sender nothing new (T23) */
    bool asks_receipt;
    sotto_bytes receipt; /* the id that this is the receipt for */
    app_typing typing;
} app_message;

/* A delivery. `own`: the account's bare JID. Everything is copied. False: it is no message, or memory is out. The
 * message is to be cleared either way. */
bool app_message_read(app_message *ret, const sotto_delivery *, sotto_bytes own);
/* A stanza of ours on its way out. */
bool app_message_read_sent(app_message *ret, sotto_bytes stanza, sotto_bytes own, uint64_t now_ms);
void app_message_clear(app_message *);
/* A room's subject, as the server gives it: what the room is about, and nothing that was said. */
bool app_message_is_topic(const stanza_element *message, const sotto_delivery *);

const char *app_typing_name(app_typing); /* the element's name; NULL for NOTHING */

#endif
