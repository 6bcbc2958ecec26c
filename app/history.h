/* SPDX-License-Identifier: ISC
 *
 * What was said: every delivered and every sent message, as notes of the host in the sealed store (doc/chat.md). What a
 * function here changes is staged, and becomes durable in the transaction that has the message's `done`.
 *
 * Entries of a conversation are numbered without gaps, so the last fifty are fifty records that are read, however many
 * there are. It is bounded: the oldest go, of one conversation and of all. */
#ifndef APP_HISTORY_H
#define APP_HISTORY_H

#include <sotto/engine.h>

#include "bytes/buffer.h"

typedef struct app_history app_history;

typedef enum app_direction { APP_RECEIVED, APP_SENT } app_direction;

/* What became of a message that was sent. */
typedef enum app_fate {
    APP_FATE_NONE,     /* it was received */
    APP_FATE_WAITING,  /* handed over, but the server does not have it */
    APP_FATE_HELD,     /* waits for keys, or for a decision about them */
    APP_FATE_SENT,     /* the server has it */
    APP_FATE_CLAIMED,  /* a receipt in the clear says that it arrived: anybody could have written that (T6) */
    APP_FATE_ARRIVED,  /* a device of theirs says so, under encryption */
    APP_FATE_RETURNED, /* it came back as an error */
    APP_FATE_FAILED,   /* it was not sent and will not be */
    APP_FATE_UNKNOWN   /* it left in a live session that ended before the other side said that it has it */
} app_fate;

typedef struct app_entry {
    uint64_t number; /* in its conversation, rising; given by the history */
    uint64_t time_ms;
    app_direction direction;
    app_fate fate;
    bool room;          /* said in a room, */
    bool private;       /* to one of those in it alone: nick is whom it is from, or of ours whom it went to */
    bool elsewhere;     /* sent by another device of the account */
    bool unread;        /* received while nobody looked */
    bool time_doubtful; /* as in sotto_delivery */
    bool cut;           /* the text was longer than what is kept */
    sotto_trust trust;  /* of the key; of what was sent: of the least trusted one it went to */
    uint32_t device;
    uint8_t fingerprint[32];
    sotto_bytes with;     /* the conversation: the bare JID of the contact or of the room */
    sotto_bytes who;      /* the bare JID of who said it; empty in a room that does not tell */
    sotto_bytes nick;     /* in a room */
    sotto_bytes id;       /* the stanza's, as its sender chose it */
    sotto_bytes corrects; /* the id of the message that this one replaces (XEP-0308) */
    sotto_bytes seal;     /* empty: in the clear */
    sotto_bytes subject, body;
    uint64_t ticket; /* of what was sent, until its fate is settled */
    uint64_t seq;    /* of the output that is to be done when an unread entry is shown; not kept */
} app_entry;

typedef struct app_history_limits {
    uint64_t of_one, all, bytes; /* SOTTO_HISTORY_OF_ONE_MAX, SOTTO_HISTORY_MAX, SOTTO_HISTORY_BYTES_MAX */
} app_history_limits;

/* `limits` NULL: those named. The engine outlives the history. STORE_*, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status app_history_open(app_history **ret, sotto_engine *, const app_history_limits *limits);
void app_history_close(app_history *); /* NULL is allowed */

/* Adds an entry; its `number` does not count. The same message twice (sender, id and text) is kept once: *ret_known;
 * it is read when one of them was. STORE_*, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status app_history_append(app_history *, const app_entry *, bool *ret_known);
/* Whether it is here already, and whether somebody has seen it. STORE_*, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status app_history_knows(app_history *, const app_entry *, bool *ret_known, bool *ret_unread);

/* What became of a sent message, by its ticket; `seal` and `trust` count for APP_FATE_SENT. A fate never goes back
 * from the other side's word to the server's. NOT_FOUND: no such message. */
SOTTO_MUST_CHECK sotto_status app_history_fate(app_history *, uint64_t ticket, app_fate, sotto_bytes seal,
                                               sotto_trust trust);
/* The same by conversation and id, for receipts and errors. NOT_FOUND. */
SOTTO_MUST_CHECK sotto_status app_history_answer(app_history *, sotto_bytes with, sotto_bytes id, app_fate);

/* Spans of the entry live for the call; the engine and the history may be called. A failure ends it. */
typedef sotto_status app_history_visit(void *arg, const app_entry *);

/* The sent message whose fate is open and that has this ticket. NOT_FOUND. */
SOTTO_MUST_CHECK sotto_status app_history_ticket(app_history *, uint64_t ticket, app_history_visit *, void *arg);
/* The last `count` entries of a conversation that are older than before_ms (UINT64_MAX: all are), oldest first. */
SOTTO_MUST_CHECK sotto_status app_history_last(app_history *, sotto_bytes with, uint64_t before_ms, size_t count,
                                               app_history_visit *, void *arg);
/* The last `count` entries whose text or subject holds `text`; A to Z count as a to z. */
SOTTO_MUST_CHECK sotto_status app_history_search(app_history *, sotto_bytes with, sotto_bytes text, size_t count,
                                                 app_history_visit *, void *arg);
/* Everything unread in a conversation was shown: `done` is called for each output that was handed out since the history
 * was opened and is to be done now. */
typedef sotto_status app_history_done(void *arg, uint64_t seq);
SOTTO_MUST_CHECK sotto_status app_history_shown(app_history *, sotto_bytes with, app_history_done *, void *arg);

typedef struct app_conversation {
    sotto_bytes with;
    uint64_t count, unread, last_ms;
    bool room;
} app_conversation;
typedef sotto_status app_conversation_visit(void *arg, const app_conversation *);
SOTTO_MUST_CHECK sotto_status app_history_conversations(app_history *, app_conversation_visit *, void *arg);
/* Forgets a conversation. NOT_FOUND: there is none. */
SOTTO_MUST_CHECK sotto_status app_history_forget(app_history *, sotto_bytes with);

/* Everything staged is committed, or a commit failed: what was lost with it is staged anew, because the outputs it
 * belongs to count as done all the same (sotto/engine.h). *ret_again: something was, and a commit is due. */
SOTTO_MUST_CHECK sotto_status app_history_settle(app_history *, bool *ret_again);

/* "waiting", "held", "sent", "claimed", "arrived", "returned", "failed"; NULL for NONE. Static. */
const char *app_fate_name(app_fate);

/* One entry as a record, without the conversation's address. Spans point into the record. MALFORMED. */
void app_entry_put(bytes_buffer *, const app_entry *, uint64_t order);
SOTTO_MUST_CHECK sotto_status app_entry_read(app_entry *ret, uint64_t *ret_order, sotto_bytes record);

#endif
