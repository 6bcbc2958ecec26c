/* SPDX-License-Identifier: ISC
 *
 * A conversation as a task: what `sotto chat` is in the process that holds the account, for whoever types, there or at
 * the control socket. */
#ifndef APP_CHAT_CHAT_H
#define APP_CHAT_CHAT_H

#include "app/chat/compose.h"
#include "app/chat/view.h"
#include "app/task.h"

#define APP_CHAT_WAITING_MAX SOTTO_HELD_MAX /* messages whose fate is open */
#define APP_CHAT_QUIET_MAX   64u            /* typing and receipts on their way */
#define APP_CHAT_TOLD_MAX    64u            /* keys that were said to be left out */
#define APP_CHAT_SHOWN       20u            /* messages of the history, to begin with */
#define APP_CHAT_WORDS       "in the clear" /* of sotto encrypt */
#define APP_CHAT_PAUSE_MS    10000u         /* without a key being pressed */

/* A message that was typed and whose fate is open. */
typedef struct app_chat_waiting {
    struct app_chat_waiting *next;
    uint64_t ticket; /* 0: not handed over yet */
    uint64_t time_ms;
    bool held; /* and it was said why */
    char id[APP_CHAT_ID_SIZE];
    char corrects[APP_CHAT_ID_SIZE];
    char nick[SOTTO_JID_PART_BYTES_MAX + 1]; /* of whom in the room it is for alone; empty: for all of them */
    char to[SOTTO_JID_BYTES_MAX + 1];        /* and who that is */
    size_t len;
    uint8_t body[]; /* the text */
} app_chat_waiting;

/* A signal on its way: typing, or a receipt. */
typedef struct app_chat_quiet {
    uint64_t ticket; /* 0: none */
    bool lasts;      /* a receipt: as true when it leaves later */
    bool held;
} app_chat_quiet;

typedef struct app_chat {
    app_task task;
    app_watch watch; /* beside the task's own */
    app_view view;
    char with[SOTTO_JID_BYTES_MAX + 1];
    bool room, json;
    bool ready;   /* the devices were asked for: what is typed may go */
    bool offline; /* and that was said */
    bool clear;   /* what was sent last left in the clear: no receipts, no typing */
    app_chat_waiting *first, **end;
    size_t waiting_count;
    char last_id[APP_CHAT_ID_SIZE]; /* of the last message that was sent: what /correct replaces */
    /* typing and receipts */
    app_chat_quiet quiet[APP_CHAT_QUIET_MAX]; /* a ring */
    size_t quiet_at;
    bool they_type; /* they say when they type, under encryption */
    app_typing typing;
    uint64_t typing_until_ms;
    uint8_t told[APP_CHAT_TOLD_MAX][32];
    size_t told_count;
    /* another command, on behalf of this conversation */
    bool busy;
    char words[1024];
    app_arguments arguments;
    const char *other; /* its name, */
    char rest[1024];   /* and what followed it */
    bool asked;        /* it wants something to be typed, before it does what it was told */
    bool comparing;    /* the characters of a comparison are shown, and nobody has answered */
    bool told_waits;   /* it was said that what was typed waits for a live session */
    bool offered;      /* it was said that a new device missed something, and nothing was done about it */
    char reduced[256]; /* what was last said to be left out for devices with an older OMEMO */
    /* the end */
    bool ending, quitting, unsent;
    uint64_t end_ms;
} app_chat;

/* In app/chat/lines.c: what a line does. */
void app_chat_take_line(app_chat *, sotto_bytes line);
void app_chat_agree(app_chat *); /* with what was offered */
/* Another command with this conversation's address, what follows it, and an option (NULL: none). */
void app_chat_run_other(app_chat *, const char *name, sotto_bytes rest, const char *option);
void app_chat_show_history(app_chat *, size_t count);

/* In app/chat/live.c. */
void app_chat_look_live(app_chat *);

/* In app/chat/compare.c: keys, by eight characters. */
void app_chat_compare(app_chat *, sotto_bytes rest); /* of /verify */
void app_chat_same(app_chat *);
void app_chat_compare_event(app_chat *, const sotto_event *);
void app_chat_compare_again(app_chat *);

/* In app/chat/send.c: what leaves. */
void app_chat_say(app_chat *, sotto_bytes body, const char *corrects);
void app_chat_say_to(app_chat *, const char *nick, sotto_bytes body); /* somebody in the room */
void app_chat_send_waiting(app_chat *); /* what was typed before the conversation was ready */
void app_chat_sent(app_chat *, uint64_t ticket, sotto_bytes seal);
bool app_chat_own_event(app_chat *, const sotto_event *); /* false: not about a message of this conversation */
void app_chat_answer(app_chat *, const app_message *);    /* with a receipt, where one is due */
void app_chat_type(app_chat *, app_typing);
void app_chat_take_back(app_chat *); /* what is held */
void app_chat_forget(app_chat *);    /* the list */

/* In app/chat/room.c. */
bool app_chat_is_room(sotto_engine *, const char *jid);
void app_chat_enter(app_chat *); /* the room, unless we are in it */
void app_chat_show_members(app_chat *);
void app_chat_take_private(app_chat *, sotto_bytes rest); /* of /msg */

#endif
