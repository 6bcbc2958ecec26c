/* SPDX-License-Identifier: ISC
 *
 * The way to a command that goes on taking lines while it runs (sotto chat), from the person at this terminal or from
 * somebody at the control socket. Whoever gives does not know the command; the command fills in `take` when it begins
 * and takes it away when it ends. */
#ifndef APP_INLET_H
#define APP_INLET_H

#include "bytes/span.h"

typedef enum app_input_kind {
    APP_INPUT_LINE = 1, /* a line, without its end */
    APP_INPUT_TYPING,   /* something is being typed */
    APP_INPUT_END,      /* nothing more will come */
    APP_INPUT_AGREE,    /* the key that does what was offered, and says nothing by itself */
    APP_INPUT_SAME      /* the key that says that the characters of a comparison are the same */
} app_input_kind;

typedef struct app_inlet {
    void (*take)(void *arg, app_input_kind, sotto_bytes text); /* NULL: nobody takes anything */
    void *arg;
} app_inlet;

/* The command may have ended when this returns. */
static inline void app_inlet_give(const app_inlet *inlet, app_input_kind kind, sotto_bytes text) {
    if (inlet->take) inlet->take(inlet->arg, kind, text);
}

#endif
