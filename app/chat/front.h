/* SPDX-License-Identifier: ISC
 *
 * The side of a conversation where somebody sits: what is typed at a terminal, or comes through a pipe, goes into an
 * inlet; what the conversation prints goes to standard output, above the line that is being edited where there is one.
 */
#ifndef APP_CHAT_FRONT_H
#define APP_CHAT_FRONT_H

#include "app/chat/editor.h"
#include "app/inlet.h"
#include "app/output.h"
#include "net/watch.h"

#define APP_FRONT_LINE_BYTES_MAX (256u * 1024u) /* of a pipe; longer lines are cut there and refused by the chat */

typedef struct app_front {
    app_output shown;       /* what the conversation prints to */
    const app_output *real; /* the process's standard streams */
    app_editor *editor;     /* NULL: no terminal, or the conversation has not begun */
    bytes_buffer piece;     /* printed, up to a line end */
    bytes_buffer line;      /* of a pipe, so far */
    sotto_bytes no_prompt;
    int in;
    bool terminal, ended;
    net_watch *keys, *resized, *continued;
    const app_inlet *inlet;
    void (*interrupted)(void *arg); /* Ctrl-C in an empty line, or a signal; NULL: as END */
    void *interrupted_arg;
} app_front;

/* editing: standard input and output are a terminal that a line can be edited at. */
void app_front_init(app_front *, const app_output *real);
/* Begins to read, into the inlet. False: standard input cannot be waited for. */
bool app_front_open(app_front *, net_loop *, const app_inlet *);
/* Gives the terminal back; before the loop goes. What is printed afterwards goes to the standard streams as it is. */
void app_front_close(app_front *);

#endif
