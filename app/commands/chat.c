/* SPDX-License-Identifier: ISC
 *
 * sotto chat: the conversation runs in whoever holds the account. If nobody does, that is this process, which then
 * executes the commands of others as well, as sotto listen does. */
#include <string.h>

#include "app/chat/front.h"
#include "app/commands/commands.h"
#include "app/commands/event.h"
#include "app/holder.h"
#include "app/serving.h"
#include "bytes/memory.h"

#define SENDERS_MAX 64u

typedef struct chatting {
    const app_context *context;
    const app_arguments *arguments;
    app_front front;
    app_holding holding;
    app_trouble trouble;
    /* here */
    app_session *session;
    app_serving serving;
    app_watch watch;
    app_inlet inlet;
    char senders[SENDERS_MAX][128]; /* others who wrote meanwhile, each said once */
    size_t sender_count;
} chatting;

/* ---- there ---- */

static void there_begin(void *arg, net_loop *loop, const app_inlet *inlet) {
    chatting *c = arg;
    if (!app_front_open(&c->front, loop, inlet)) app_inlet_give(inlet, APP_INPUT_END, BYTES_NONE);
}

static void there_end(void *arg) {
    chatting *c = arg;
    app_front_close(&c->front);
}

/* ---- here ---- */

static void here_done(void *arg, int exit_status) {
    chatting *c = arg;
    app_session_end(c->session, exit_status);
}

static void here_stop(void *arg) {
    chatting *c = arg;
    app_session_stop(c->session, APP_REFUSED);
}

/* Somebody else wrote: said once, and kept for whoever looks at it (sotto listen, sotto chat with them). */
static void say_other(chatting *c, sotto_bytes from) {
    for (size_t i = 0; i < c->sender_count; i++)
        if (bytes_is(from, c->senders[i])) return;
    if (c->sender_count == SENDERS_MAX || from.len >= sizeof c->senders[0]) return;
    memcpy(c->senders[c->sender_count], from.at, from.len);
    c->senders[c->sender_count++][from.len] = '\0';
    app_print(&c->front.shown, APP_ERR, "A message of %.*s is here: sotto chat %.*s, or sotto listen, shows it.\n",
              (int)from.len, (const char *)from.at, (int)from.len, (const char *)from.at);
}

/* What the conversation did not take. Events are told now or never; messages wait. */
static bool here_engine(void *arg, const sotto_output *output) {
    chatting *c = arg;
    app_message m;
    const char *with = c->arguments->positional[0];
    if (output->kind == SOTTO_OUTPUT_EVENT) {
        if (output->event.ticket == 0 && !bytes_is(output->event.jid, with) &&
            !bytes_is(output->event.jid, app_session_jid(c->session)))
            app_event_warn(&c->front.shown, &output->event);
        return true;
    }
    if (output->kind != SOTTO_OUTPUT_DELIVER || output->seq == 0) return false;
    bool is_message = app_message_read(&m, &output->delivery, bytes_text(app_session_jid(c->session)));
    bool other = is_message && m.has_text && !m.error && !bytes_is(m.entry.with, with);
    bool nothing = !is_message || (!m.has_text && !m.error); /* typing and receipts of others are of this moment */
    if (other) say_other(c, m.entry.with);
    app_message_clear(&m);
    return nothing;
}

static bool open_here(chatting *c) {
    app_secret passphrase = {.len = 0};
    bool open = app_holder_passphrase(&passphrase, &c->holding, c->arguments, &c->context->output, &c->trouble);
    if (open) {
        const app_session_config config = {.account = &c->holding.account,
                                           .config = &c->holding.config,
                                           .passphrase = app_secret_bytes(&passphrase),
                                           .available = true,
                                           .keep_trying = true};
        open = app_session_open(&c->session, &config, &c->trouble);
    }
    bytes_wipe(&passphrase, sizeof passphrase);
    return open && app_serving_open(&c->serving, c->session, &c->holding.account, &c->trouble);
}

static int run_here(chatting *c) {
    const app_task_order order = {.class = app_task_find("chat"),
                                  .arguments = c->arguments,
                                  .output = &c->front.shown,
                                  .done = here_done,
                                  .arg = c,
                                  .inlet = &c->inlet};
    c->watch = (app_watch){.arg = c, .engine = here_engine, .late_ms = UINT64_MAX};
    c->front.interrupted = here_stop;
    c->front.interrupted_arg = c;
    app_session_watch(c->session, &c->watch);
    app_holder_drop_held(c->session, &c->context->output);
    bool open = app_front_open(&c->front, app_session_loop(c->session), &c->inlet);
    app_task_begin(c->session, &order);
    if (!open) app_inlet_give(&c->inlet, APP_INPUT_END, BYTES_NONE);
    app_session_connect(c->session);
    int exit_status = app_session_run(c->session);
    app_front_close(&c->front);
    app_serving_close(&c->serving);
    bool left = app_session_has_left(c->session);
    app_session_close(c->session);
    c->session = NULL;
    return left && !app_account_remove(&c->holding.account, &c->trouble) ? APP_REFUSED : exit_status;
}

static int chat_run(chatting *c) {
    int exit_status = APP_REFUSED;
    const app_talk talk = {c, there_begin, there_end};
    app_control_result result =
        app_holder_reach(c->context, &c->holding, c->arguments, &talk, &exit_status, &c->trouble);
    if (result == APP_CONTROL_ANSWERED) return exit_status;
    if (result == APP_CONTROL_NOBODY && open_here(c)) return run_here(c);
    app_trouble_print(&c->context->output, "chat", &c->trouble);
    app_session_close(c->session);
    return APP_REFUSED;
}

int app_chat_run(const app_context *context, const app_arguments *arguments) {
    chatting *c = bytes_new(sotto_host_default(), sizeof *c);
    if (!c) return APP_REFUSED;
    c->arguments = arguments;
    c->holding.lock = -1;
    app_front_init(&c->front, &context->output);
    /* What the holder prints comes to the front as well. */
    app_context shown = *context;
    shown.output = c->front.shown;
    c->context = &shown;
    int exit_status = APP_REFUSED;
    if (app_holding_find(&c->holding, context, arguments, &c->trouble))
        exit_status = chat_run(c);
    else
        app_trouble_print(&context->output, "chat", &c->trouble);
    app_front_close(&c->front);
    app_holding_release(&c->holding);
    bytes_free(sotto_host_default(), c, sizeof *c);
    return exit_status;
}
