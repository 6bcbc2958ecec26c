/* SPDX-License-Identifier: ISC
 *
 * One line that is being edited at the bottom of a terminal, while other text goes by above it. libedit does the
 * editing; it is given one key at a time, as they come, and never waits for any. */
#ifndef APP_CHAT_EDITOR_H
#define APP_CHAT_EDITOR_H

#include "app/chat/compose.h"

typedef struct app_editor app_editor;

typedef struct app_editor_owner {
    void *arg;
    void (*line)(void *arg, sotto_bytes text); /* UTF-8, without its end */
    void (*typing)(void *arg);                 /* the line changed and is not empty, and no command */
    void (*end)(void *arg);                    /* Ctrl-D in an empty line */
    void (*agree)(void *arg);                  /* Ctrl-R; the line stays as it is */
    void (*same)(void *arg);                   /* Ctrl-V; likewise */
} app_editor_owner;

/* Takes over the terminal at these descriptors; `in` is read without waiting. Not a terminal: SYSTEM. NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status app_editor_new(app_editor **ret, int in, int out, const app_chat_command *commands,
                                             const app_editor_owner *);
/* Gives the terminal back as it was. NULL is allowed. */
void app_editor_free(app_editor *);

/* Keys have come. False: the terminal is gone. */
bool app_editor_read(app_editor *);
/* Text above the line that is being edited; whole lines. It is printed as it is. */
void app_editor_print(app_editor *, sotto_bytes text);
void app_editor_prompt(app_editor *, sotto_bytes text);
/* The terminal has another size, or is ours again after a stop. */
void app_editor_resized(app_editor *);
/* Empties the line. False: it was empty. */
bool app_editor_clear(app_editor *);

#endif
