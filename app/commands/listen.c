/* SPDX-License-Identifier: ISC
 *
 * sotto listen: holds the account, prints what arrives, and executes the commands of others meanwhile. What was printed
 * is done; what could not be printed comes again the next time. */
#include "app/commands/commands.h"
#include "app/commands/event.h"
#include "app/files/offer.h"
#include "app/holder.h"
#include "app/home/lock.h"
#include "app/serving.h"
#include "app/verify/compare.h"
#include "bytes/memory.h"
#include "bytes/span.h"

#define LINE_BYTES_MAX ((size_t)8 * 1024 * 1024) /* every byte of a stanza may become six */

typedef struct listening {
    const app_context *context;
    const app_output *output;
    app_holding holding;
    app_session *session;
    app_serving serving;
    app_watch watch;
    bool json, interrupted, was_online;
} listening;

/* ---- what happens ---- */

/* A line of JSON, if the buffer holds one. */
static void put_line(const listening *l, bytes_buffer *line) {
    sotto_bytes text;
    if (sotto_ok(bytes_buffer_end(line, &text))) app_put(l->output, APP_OUT, text);
    bytes_buffer_free(line);
}

static void put_json(const listening *l, const sotto_output *output) {
    bytes_buffer line;
    bytes_buffer_owned(&line, sotto_host_default(), LINE_BYTES_MAX);
    if (output->kind == SOTTO_OUTPUT_DELIVER)
        (void)app_delivery_json(&line, &output->delivery);
    else
        (void)app_event_json(&line, &output->event);
    put_line(l, &line);
}

/* Nobody reads any more: what has not been printed is kept. */
static bool still_read(listening *l) {
    if (!app_output_failed(l->output)) return true;
    app_session_end(l->session, APP_REFUSED);
    return false;
}

static bool on_engine(void *arg, const sotto_output *output) {
    listening *l = arg;
    if (output->kind != SOTTO_OUTPUT_DELIVER && output->kind != SOTTO_OUTPUT_EVENT) return false;
    if (!still_read(l)) return false;
    if (l->json)
        put_json(l, output);
    else if (output->kind == SOTTO_OUTPUT_DELIVER)
        app_delivery_print(l->output, &output->delivery, app_session_jid(l->session));
    else
        app_event_print(l->output, &output->event);
    if (output->kind == SOTTO_OUTPUT_DELIVER && output->seq != 0) /* last: the output is gone then */
        app_offers_take(app_session_engine(l->session), &output->delivery, l->output, l->json);
    return still_read(l);
}

static void on_online(void *arg, sotto_bytes how, bool resumed) {
    listening *l = arg;
    if (l->json) {
        bytes_buffer line;
        bytes_buffer_owned(&line, sotto_host_default(), LINE_BYTES_MAX);
        app_json json = app_json_begin(&line);
        app_json_text(&json, "event", BYTES_LITERAL("online"));
        app_json_text(&json, "jid", bytes_text(app_session_jid(l->session)));
        app_json_bool(&json, "resumed", resumed);
        app_json_text(&json, "channel", how);
        app_json_end(&json);
        put_line(l, &line);
    } else if (l->output->screen.err_terminal || l->was_online) {
        app_print(l->output, APP_ERR, l->was_online ? "%s is online again.\n" : "%s is online. Ctrl-C ends.\n",
                  app_session_jid(l->session));
    }
    l->was_online = true;
}

static void say_offline(const listening *l, sotto_status status, sotto_bytes text, bool will_retry, uint64_t retry_ms) {
    app_trouble trouble;
    uint64_t now = net_now_ms();
    app_trouble_lost(&trouble, status, text, app_session_jid(l->session), app_session_jid(l->session));
    app_trouble_print(l->output, "listen", &trouble);
    if (will_retry)
        app_print(l->output, APP_ERR, "  Trying again in %llu s.\n",
                  (unsigned long long)(retry_ms > now ? (retry_ms - now + 999) / 1000 : 0));
}

static void put_offline(const listening *l, sotto_status status, sotto_bytes text, bool will_retry, uint64_t retry_ms) {
    bytes_buffer line;
    bytes_buffer_owned(&line, sotto_host_default(), LINE_BYTES_MAX);
    app_json json = app_json_begin(&line);
    app_json_text(&json, "event", BYTES_LITERAL("offline"));
    app_json_text(&json, "jid", bytes_text(app_session_jid(l->session)));
    app_json_text(&json, "reason", bytes_text(sotto_status_name(status)));
    app_json_text(&json, "text", text);
    app_json_time(&json, "retry", will_retry ? retry_ms : 0);
    app_json_end(&json);
    put_line(l, &line);
}

static void on_offline(void *arg, sotto_status status, sotto_bytes text, bool will_retry, uint64_t retry_ms) {
    listening *l = arg;
    if (sotto_ok(status)) return; /* we wanted it */
    if (l->json) put_offline(l, status, text, will_retry, retry_ms);
    if (!l->json || !will_retry) say_offline(l, status, text, will_retry, retry_ms);
    if (!will_retry) app_session_end(l->session, APP_REFUSED);
}

static void on_interrupt(void *arg) {
    listening *l = arg;
    if (l->interrupted)
        app_session_stop(l->session, APP_DONE);
    else
        app_session_end(l->session, APP_DONE);
    l->interrupted = true;
}

/* ---- beginning and ending ---- */

static bool open_all(listening *l, const app_arguments *arguments, app_trouble *trouble) {
    app_secret passphrase = {.len = 0};
    unsigned pid = 0;
    if (!app_holding_find(&l->holding, l->context, arguments, trouble)) return false;
    app_lock_result lock = app_lock_take(&l->holding.account, &l->holding.lock, &pid, trouble);
    if (lock == APP_LOCK_BUSY)
        return app_trouble_set(trouble, "%s is held by another sotto already (process %u).", l->holding.account.jid,
                               pid);
    if (lock == APP_LOCK_FAILED) return false;
    bool open = app_holder_passphrase(&passphrase, &l->holding, arguments, l->output, trouble);
    if (open) {
        const app_session_config config = {.account = &l->holding.account,
                                           .config = &l->holding.config,
                                           .passphrase = app_secret_bytes(&passphrase),
                                           .available = true,
                                           .keep_trying = true};
        open = app_session_open(&l->session, &config, trouble);
    }
    bytes_wipe(&passphrase, sizeof passphrase);
    return open && app_serving_open(&l->serving, l->session, &l->holding.account, trouble);
}

static int listen_run(listening *l) {
    app_trouble trouble;
    l->watch =
        (app_watch){.arg = l, .online = on_online, .offline = on_offline, .engine = on_engine, .late_ms = UINT64_MAX};
    app_session_watch(l->session, &l->watch);
    net_loop_on_interrupt(app_session_loop(l->session), on_interrupt, l);
    app_holder_drop_held(l->session, l->output);
    if (!l->json) app_compare_print_open(l->output, app_session_engine(l->session), NULL);
    app_session_connect(l->session);
    int exit_status = app_session_run(l->session);
    app_serving_close(&l->serving);
    bool left = app_session_has_left(l->session);
    app_session_close(l->session);
    l->session = NULL;
    if (left && !app_account_remove(&l->holding.account, &trouble)) {
        app_trouble_print(l->output, "listen", &trouble);
        return APP_REFUSED;
    }
    return exit_status;
}

int app_listen_run(const app_context *context, const app_arguments *arguments) {
    listening *l = bytes_new(sotto_host_default(), sizeof *l);
    app_trouble trouble = {"Out of memory."};
    int exit_status = APP_REFUSED;
    if (l) {
        l->context = context;
        l->output = &context->output;
        l->json = app_argument(arguments, "json") != NULL;
        l->holding.lock = -1;
    }
    if (l && open_all(l, arguments, &trouble)) {
        exit_status = listen_run(l);
    } else {
        app_trouble_print(&context->output, "listen", &trouble);
        if (l) app_session_close(l->session);
    }
    if (l) app_holding_release(&l->holding);
    bytes_free(sotto_host_default(), l, sizeof *l);
    return exit_status;
}
