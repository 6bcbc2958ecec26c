/* SPDX-License-Identifier: ISC
 *
 * Holding an account, or asking who does. */
#include "app/holder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/commands/event.h"
#include "app/control/control.h"
#include "app/home/lock.h"
#include "app/serving.h"
#include "app/task.h"
#include "bytes/memory.h"
#include "bytes/span.h"

#define LOOK_AGAIN_MS    100u
#define HELD_AT_ONCE     64u
#define CATCH_UP_WAIT_MS 5000u /* for the rest of the archive, when all else is done: pages that were read are kept */

/* ---- finding ---- */

bool app_holding_find(app_holding *ret, const app_context *context, const app_arguments *arguments,
                      app_trouble *trouble) {
    app_home home;
    ret->lock = -1;
    return app_home_find(&home, &context->environment, app_argument(arguments, "home"), trouble) &&
           app_account_choose(&ret->account, &home, app_argument(arguments, "account"), trouble) &&
           app_config_read(&ret->config, &ret->account, trouble);
}

void app_holding_release(app_holding *holding) {
    if (holding->lock >= 0) (void)close(holding->lock);
    holding->lock = -1;
}

/* ---- secrets ---- */

bool app_holder_secret_file(app_secret *ret, const char *path, const app_output *output, app_trouble *trouble) {
    bool others = false;
    sotto_status status = app_secret_from_file(path, ret, &others);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return app_trouble_set(trouble, "There is no file %s.", path);
    if (sotto_is(status, SOTTO_E_MALFORMED)) return app_trouble_set(trouble, "The first line of %s is empty.", path);
    if (sotto_is(status, SOTTO_E_TOO_LARGE))
        return app_trouble_set(trouble, "The first line of %s is too long (at most %u bytes).", path,
                               APP_SECRET_BYTES_MAX);
    if (!sotto_ok(status)) return app_trouble_set(trouble, "%s cannot be read.", path);
    if (others) app_print(output, APP_ERR, "sotto: Warning: other users can read %s: chmod 600 closes it.\n", path);
    return true;
}

bool app_holder_passphrase(app_secret *ret, const app_holding *holding, const app_arguments *arguments,
                           const app_output *output, app_trouble *trouble) {
    const char *path = app_argument(arguments, "passphrase-file");
    if (!holding->config.passphrase) return true;
    if (path) return app_holder_secret_file(ret, path, output, trouble);
    int terminal = app_terminal_open();
    if (terminal < 0)
        return app_trouble_set(trouble,
                               "The store of %s has a passphrase, and there is no terminal to ask at: use "
                               "--passphrase-file, or keep sotto listen running.",
                               holding->account.jid);
    sotto_status status = app_terminal_secret(terminal, "Passphrase of the store: ", ret);
    (void)close(terminal);
    if (sotto_is(status, SOTTO_E_CANCELLED)) return app_trouble_set(trouble, "Cancelled; nothing was done.");
    return sotto_ok(status) ||
           app_trouble_set(trouble, "The passphrase cannot be read: %s.", sotto_status_text(status));
}

/* ---- here ---- */

typedef struct held_list {
    uint64_t tickets[HELD_AT_ONCE];
    char jids[HELD_AT_ONCE][128];
    size_t count;
} held_list;

static sotto_status held_take(void *arg, const sotto_held *held) {
    held_list *list = arg;
    if (list->count == HELD_AT_ONCE) return SOTTO_OK;
    size_t len = held->jid.len < sizeof list->jids[0] ? held->jid.len : sizeof list->jids[0] - 1;
    memcpy(list->jids[list->count], held->jid.at, len);
    list->jids[list->count][len] = '\0';
    list->tickets[list->count++] = held->ticket;
    return SOTTO_OK;
}

void app_holder_drop_held(app_session *session, const app_output *output) {
    held_list list = {.count = 0};
    if (!sotto_ok(sotto_engine_held(app_session_engine(session), held_take, &list))) return; /* told when it matters */
    for (size_t i = 0; i < list.count; i++) {
        sotto_input input = {.kind = SOTTO_INPUT_CANCEL, .ticket = list.tickets[i]};
        if (!sotto_ok(app_session_step(session, &input))) return;
        app_print(output, APP_ERR, "sotto: a message to %s that an earlier command could not send was dropped\n",
                  list.jids[i]);
    }
}

/* What one command that runs here needs beside its task. */
typedef struct run_here {
    app_session *session;
    const app_output *output;
    bool interrupted, told; /* told: the task has said how it ended */
    bool stays;             /* ... and what the archive has is stored before the session ends */
    bool caught_up;
    bool leaves;    /* nothing of this device is to be published any more */
    bool published; /* or known to be impossible now: after a restore nobody finds this device before */
    app_watch watch;
    int exit_status;
    bool meets; /* and serves others meanwhile */
    app_serving serving;
} run_here;

static void here_end(run_here *here) {
    here->watch.late_ms = UINT64_MAX;
    app_session_end(here->session, here->exit_status);
}

static bool all_done(const run_here *here) {
    return (!here->stays || here->caught_up) && (here->leaves || here->published);
}

static void here_done(void *arg, int exit_status) {
    run_here *here = arg;
    here->told = true;
    here->exit_status = exit_status;
    if (!all_done(here) && exit_status == APP_DONE && app_session_is_online(here->session))
        here->watch.late_ms = net_now_ms() + CATCH_UP_WAIT_MS;
    else
        here_end(here);
}

static void here_late(void *arg) {
    here_end(arg);
}

static void here_offline(void *arg, sotto_status status, sotto_bytes text, bool will_retry, uint64_t retry_ms) {
    run_here *here = arg;
    (void)status, (void)text, (void)will_retry, (void)retry_ms;
    here->caught_up = here->published = false;
    if (here->told && here->watch.late_ms != UINT64_MAX) here_end(here);
}

/* What is not published in a stream that goes on was published when it began. */
static void here_online(void *arg, sotto_bytes how, bool resumed) {
    run_here *here = arg;
    (void)how;
    if (resumed) here->published = true;
}

static void here_caught_up(run_here *here, const sotto_event *event) {
    if (!bytes_is(event->jid, app_session_jid(here->session))) return;
    if (event->kind == SOTTO_EVENT_CAUGHT_UP) here->caught_up = true;
    if (event->kind == SOTTO_EVENT_PUBLISHED || event->kind == SOTTO_EVENT_NOT_PUBLISHED) here->published = true;
    if (here->told && all_done(here) && here->watch.late_ms != UINT64_MAX) here->watch.late_ms = net_now_ms();
}

/* Deliveries stay for whoever listens one day, but for what servers say about a message that did not arrive. */
static bool here_engine(void *arg, const sotto_output *output) {
    run_here *here = arg;
    if (output->kind == SOTTO_OUTPUT_EVENT) {
        here_caught_up(here, &output->event);
        bool told = here->meets && output->event.kind == SOTTO_EVENT_COMPARE; /* by the task */
        if (!told && (output->event.kind != SOTTO_EVENT_REFUSED || !here->told))
            app_event_warn(here->output, &output->event);
        return true;
    }
    return output->kind == SOTTO_OUTPUT_DELIVER && app_delivery_bounce(here->output, &output->delivery);
}

static void here_interrupted(void *arg) {
    run_here *here = arg;
    if (here->interrupted)
        app_session_stop(here->session, APP_REFUSED);
    else
        app_session_end(here->session, APP_REFUSED);
    here->interrupted = true;
}

/* A comparison of keys needs the other side's messages as they come, and while a person waits for them other commands
 * are served: this is the one command beside listen and chat that somebody leaves running. */
static bool meets(const app_context *context, const app_arguments *arguments) {
    if (strcmp(arguments->topic->name, "verify") != 0 || app_argument(arguments, "fingerprints")) return false;
    return app_argument(arguments, "string") || app_argument(arguments, "answer") ||
           app_argument(arguments, "password") || (context->output.screen.out_terminal && arguments->count > 0);
}

static int run_task(const app_context *context, app_holding *holding, app_session *session,
                    const app_arguments *arguments, sotto_bytes text) {
    run_here here = {.session = session,
                     .output = &context->output,
                     .meets = meets(context, arguments),
                     .stays = strcmp(arguments->topic->name, "send") == 0,
                     .leaves = strcmp(arguments->topic->name, "leave") == 0};
    here.watch = (app_watch){.arg = &here,
                             .online = here_online,
                             .engine = here_engine,
                             .offline = here_offline,
                             .late = here_late,
                             .late_ms = UINT64_MAX};
    const app_task_order order = {.class = app_task_find(arguments->topic->name),
                                  .arguments = arguments,
                                  .text = text,
                                  .output = &context->output,
                                  .done = here_done,
                                  .arg = &here};
    app_trouble trouble;
    app_session_watch(session, &here.watch);
    net_loop_on_interrupt(app_session_loop(session), here_interrupted, &here);
    app_holder_drop_held(session, &context->output);
    if (here.meets && !app_serving_open(&here.serving, session, &holding->account, &trouble))
        app_trouble_print(&context->output, arguments->topic->name, &trouble);
    app_task_begin(session, &order);
    int exit_status = app_session_run(session);
    if (here.meets) app_serving_close(&here.serving);
    bool left = app_session_has_left(session);
    app_session_close(session);
    if (left && !app_account_remove(&holding->account, &trouble)) {
        app_trouble_print(&context->output, arguments->topic->name, &trouble);
        return APP_REFUSED;
    }
    return exit_status;
}

static int run_here_locked(const app_context *context, app_holding *holding, const app_arguments *arguments,
                           sotto_bytes text, app_trouble *trouble) {
    app_secret passphrase = {.len = 0};
    app_session *session = NULL;
    bool open = app_holder_passphrase(&passphrase, holding, arguments, &context->output, trouble);
    if (open) {
        const app_session_config config = {.account = &holding->account,
                                           .config = &holding->config,
                                           .passphrase = app_secret_bytes(&passphrase),
                                           .available = meets(context, arguments)};
        open = app_session_open(&session, &config, trouble);
    }
    bytes_wipe(&passphrase, sizeof passphrase);
    if (open) return run_task(context, holding, session, arguments, text);
    app_trouble_print(&context->output, arguments->topic->name, trouble);
    return APP_REFUSED;
}

/* ---- or there ---- */

/* A word that was made here; a request only shows it as const. */
static char *word_own(const app_request *request, size_t which) {
    char *word;
    memcpy(&word, &request->words[which], sizeof word);
    return word;
}

static void words_free(app_request *request) {
    for (size_t i = 0; i < request->count; i++) free(word_own(request, i));
}

static bool word_add(app_request *request, const char *first, const char *second, const char *third) {
    size_t size = strlen(first) + strlen(second) + strlen(third) + 1;
    char *word = request->count < APP_CONTROL_WORDS_MAX ? malloc(size) : NULL;
    if (!word) return false;
    (void)snprintf(word, size, "%s%s%s", first, second, third);
    request->words[request->count++] = word;
    return true;
}

/* --NAME=VALUE; a path is made one that means the same in another folder. */
static bool option_add(app_request *request, const app_option *option, const char *value) {
    bool dir = strcmp(option->argument, "DIR") == 0, path = strncmp(option->argument, "PATH", 4) == 0;
    char here[APP_PATH_SIZE] = "", flag[64];
    if ((dir || path) && (!value || value[0] != '/') && !getcwd(here, sizeof here)) return false;
    (void)snprintf(flag, sizeof flag, "--%s=", option->name);
    if (!word_add(request, flag, here, *here && value ? "/" : "")) return false;
    char *first = word_own(request, --request->count);
    bool made = word_add(request, first, value ? value : "", "");
    free(first);
    return made;
}

/* The command as it was typed, without the options that only say which account and where. */
static bool words_make(app_request *request, const app_arguments *arguments) {
    const app_option *options = arguments->topic->options;
    bool made = word_add(request, arguments->topic->name, "", "");
    for (size_t i = 0; made && options[i].name; i++) {
        const char *value = arguments->given[i];
        if (!options[i].argument) {
            made = !value || word_add(request, "--", options[i].name, "");
            continue;
        }
        if (value || strcmp(options[i].argument, "DIR") == 0) made = option_add(request, &options[i], value);
        for (size_t j = 0; made && j < arguments->again_count; j++)
            if (arguments->again[j].option == i) made = option_add(request, &options[i], arguments->again[j].value);
    }
    made = made && word_add(request, "--", "", "");
    for (size_t i = 0; made && i < arguments->count; i++) made = word_add(request, arguments->positional[i], "", "");
    return made;
}

static void look_again_later(void) {
    const struct timespec pause = {0, LOOK_AGAIN_MS * 1000000L};
    (void)nanosleep(&pause, NULL);
}

/* Asks whoever holds the account; else takes the lock; else, when somebody is just coming or going, looks again. */
static app_control_result ask_or_lock(const app_context *context, app_holding *holding, const app_request *request,
                                      const app_talk *talk, int *ret_status, app_trouble *trouble) {
    app_control_path path;
    app_control_result result = APP_CONTROL_BROKEN;
    unsigned pid = 0;
    uint64_t until = net_now_ms() + APP_HOLDER_WAIT_MS;
    if (!app_control_path_open(&path, &holding->account, trouble)) return APP_CONTROL_BROKEN;
    for (;;) {
        result = app_control_talk(path.path, request, &context->output, talk, ret_status, trouble);
        if (result != APP_CONTROL_NOBODY) break;
        app_lock_result lock = app_lock_take(&holding->account, &holding->lock, &pid, trouble);
        if (lock == APP_LOCK_TAKEN) break;
        result = APP_CONTROL_BROKEN;
        if (lock == APP_LOCK_FAILED) break;
        if (net_now_ms() >= until) {
            (void)app_trouble_set(trouble,
                                  "%s is held by another sotto (process %u) that does not answer. Nothing was done.",
                                  holding->account.jid, pid);
            break;
        }
        app_progress(&context->output, "waiting for another sotto command to end");
        look_again_later();
    }
    app_progress(&context->output, "");
    app_control_path_close(&path);
    return result;
}

app_control_result app_holder_reach(const app_context *context, app_holding *holding, const app_arguments *arguments,
                                    const app_talk *talk, int *ret_status, app_trouble *trouble) {
    app_request request = {.screen = context->output.screen};
    app_control_result result = APP_CONTROL_BROKEN;
    if (words_make(&request, arguments))
        result = ask_or_lock(context, holding, &request, talk, ret_status, trouble);
    else
        (void)app_trouble_set(trouble, "Out of memory.");
    words_free(&request);
    return result;
}

/* Standard input, whole. */
static bool text_read(bytes_buffer *to, const app_output *output, app_trouble *trouble) {
    if (isatty(STDIN_FILENO) == 1 && output->screen.err_terminal)
        app_print(output, APP_ERR, "Type the message; Ctrl-D on a line of its own sends it, Ctrl-C does not.\n");
    for (;;) {
        uint8_t piece[4096];
        ssize_t got = read(STDIN_FILENO, piece, sizeof piece);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return app_trouble_set(trouble, "Standard input cannot be read: %s.", strerror(errno));
        if (got == 0) return true;
        bytes_buffer_put(to, bytes_of(piece, (size_t)got));
        if (!sotto_ok(to->status))
            return app_trouble_set(trouble, "Not sent: the text is too long: at most %u KiB; send it in parts.",
                                   APP_TEXT_BYTES_MAX / 1024);
    }
}

static int run_somewhere(const app_context *context, app_holding *holding, const app_arguments *arguments,
                         app_request *request, app_trouble *trouble) {
    int exit_status = APP_REFUSED;
    app_control_result result = ask_or_lock(context, holding, request, NULL, &exit_status, trouble);
    if (result == APP_CONTROL_NOBODY) return run_here_locked(context, holding, arguments, request->text, trouble);
    if (result == APP_CONTROL_BROKEN) app_trouble_print(&context->output, arguments->topic->name, trouble);
    return result == APP_CONTROL_ANSWERED ? exit_status : APP_REFUSED;
}

static bool is_standard_input(const app_arguments *arguments, const char *option) {
    const char *path = app_argument(arguments, option);
    return path && strcmp(path, "-") == 0;
}

/* given: NULL: standard input, if the command takes any. */
static int run(const app_context *context, const app_arguments *arguments, const sotto_bytes *given) {
    const app_task_class *class = app_task_find(arguments->topic->name);
    bool takes_text = !given && class->takes_text && class->takes_text(arguments);
    if (takes_text && is_standard_input(arguments, "passphrase-file")) {
        app_print(&context->output, APP_ERR, "sotto %s: standard input can be one file only: -; see sotto help %s\n",
                  class->name, class->name);
        return APP_USAGE;
    }
    app_holding *holding = bytes_new(sotto_host_default(), sizeof *holding);
    app_request request = {.screen = context->output.screen};
    app_trouble trouble = {"Out of memory."};
    bytes_buffer text;
    int exit_status = APP_REFUSED;
    bytes_buffer_owned(&text, sotto_host_default(), APP_TEXT_BYTES_MAX + 1); /* a last line end is not sent */
    bool ready = holding && app_holding_find(holding, context, arguments, &trouble) && words_make(&request, arguments);
    if (ready && takes_text) {
        ready = text_read(&text, &context->output, &trouble) && sotto_ok(bytes_buffer_end(&text, &request.text));
        request.has_text = true;
    }
    if (given) {
        request.text = *given;
        request.has_text = true;
    }
    if (ready)
        exit_status = run_somewhere(context, holding, arguments, &request, &trouble);
    else
        app_trouble_print(&context->output, arguments->topic->name, &trouble);
    if (holding) app_holding_release(holding);
    bytes_free(sotto_host_default(), holding, sizeof *holding);
    bytes_buffer_free(&text);
    words_free(&request);
    return exit_status;
}

int app_holder_run(const app_context *context, const app_arguments *arguments) {
    return run(context, arguments, NULL);
}

int app_holder_run_with(const app_context *context, const app_arguments *arguments, sotto_bytes text) {
    return run(context, arguments, &text);
}
