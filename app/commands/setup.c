/* SPDX-License-Identifier: ISC
 *
 * sotto setup: logs in with what was given, makes and publishes the keys, and writes the settings last, so that an
 * account is set up wholly or not at all. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/commands/commands.h"
#include "app/commands/event.h"
#include "app/fingerprint.h"
#include "app/holder.h"
#include "app/home/lock.h"
#include "app/keys.h"
#include "bytes/memory.h"
#include "bytes/span.h"

#define PUBLISH_WAIT_MS 60000u

typedef struct setting_up {
    const app_context *context;
    const app_output *output;
    const app_arguments *arguments;
    app_holding holding;
    bool existed; /* the store was there before */
    app_secret password, passphrase;
    app_session *session;
    app_watch watch;
    char channel[256]; /* how the connection is protected */
    bool usage;        /* the command line was wrong */
    bool interrupted, finished;
    app_trouble trouble;
} setting_up;

/* ---- what was asked for ---- */

static bool usage(setting_up *s, const char *what, const char *which) {
    s->usage = true;
    return app_trouble_set(&s->trouble, "%s %s; see sotto help setup", what, which);
}

static bool option_connect(setting_up *s) {
    const char *connect = app_argument(s->arguments, "connect");
    app_config *config = &s->holding.config;
    bool direct = app_argument(s->arguments, "direct-tls") != NULL;
    if (connect && !app_argument_address(connect, config->connect_host, &config->connect_port))
        return usage(s, "is not of the form HOST:PORT:", connect);
    if (direct && !connect) return usage(s, "belongs to --connect HOST:PORT:", "--direct-tls");
    if (connect) config->direct_tls = direct;
    return true;
}

static bool option_ca(setting_up *s) {
    const char *ca = app_argument(s->arguments, "ca");
    char full[PATH_MAX];
    if (!ca) return true;
    if (!realpath(ca, full) || access(full, R_OK) != 0)
        return app_trouble_set(&s->trouble, "The file %s of --ca cannot be read: %s.", ca, strerror(errno));
    (void)snprintf(s->holding.config.ca, sizeof s->holding.config.ca, "%s", full);
    return true;
}

/* Settings that cannot be read are made anew: that is what the message about them says to do. */
static bool find(setting_up *s) {
    app_home home;
    app_account *where = &s->holding.account;
    app_config *config = &s->holding.config;
    app_trouble unreadable;
    char jid[SOTTO_JID_BYTES_MAX + 1];
    bool address = app_jid_read(s->arguments->positional[0], jid);
    if (!address || !strchr(jid, '@'))
        return usage(s, s->arguments->positional[0],
                     address ? "is not the address of an account (it has no @)" : "is not an address");
    if (strchr(s->arguments->positional[0], '/')) /* dropped in silence, somebody would believe in it */
        return usage(s, s->arguments->positional[0],
                     "names one client: leave out what begins with the slash; this device gets a name of its own");
    if (!app_home_find(&home, &s->context->environment, app_argument(s->arguments, "home"), &s->trouble) ||
        !app_account_at(where, &home, s->arguments->positional[0], &s->trouble))
        return false;
    s->existed = access(where->store, F_OK) == 0;
    if (access(where->config, F_OK) != 0 || !app_config_read(config, where, &unreadable)) {
        *config = (app_config){.passphrase = s->existed && access(where->key, F_OK) != 0};
        (void)snprintf(config->account, sizeof config->account, "%s", where->jid);
    }
    return option_connect(s) && option_ca(s);
}

/* ---- secrets ---- */

/* what: "password", "passphrase". */
static bool ask_secret(setting_up *s, const char *what, const char *question, app_secret *ret) {
    int terminal = app_terminal_open();
    if (terminal < 0)
        return app_trouble_set(&s->trouble, "There is no terminal to ask at for the %s: use --%s-file FILE.", what,
                               what);
    sotto_status status = app_terminal_secret(terminal, question, ret);
    (void)close(terminal);
    if (sotto_ok(status)) return true;
    if (sotto_is(status, SOTTO_E_TOO_LARGE)) return app_trouble_set(&s->trouble, "That is too long.");
    return app_trouble_set(&s->trouble, "Cancelled; nothing was changed.");
}

static bool take_password(setting_up *s) {
    char question[160];
    const char *path = app_argument(s->arguments, "password-file");
    if (path) return app_holder_secret_file(&s->password, path, s->output, &s->trouble);
    int terminal = app_terminal_open();
    if (terminal < 0 && s->existed) return true; /* the one that is kept */
    if (terminal >= 0) (void)close(terminal);
    (void)snprintf(question, sizeof question, "Password of %.100s: ", s->holding.account.jid);
    return ask_secret(s, "password", question, &s->password);
}

/* Twice, because nobody could open the store with a slip of the finger. */
static bool new_passphrase(setting_up *s) {
    app_secret again = {.len = 0};
    const char *path = app_argument(s->arguments, "passphrase-file");
    s->holding.config.passphrase = true;
    if (path) return app_holder_secret_file(&s->passphrase, path, s->output, &s->trouble);
    bool asked = ask_secret(s, "passphrase", "New passphrase of the store: ", &s->passphrase) &&
                 ask_secret(s, "passphrase", "Again: ", &again);
    bool same = asked && again.len == s->passphrase.len && memcmp(again.bytes, s->passphrase.bytes, again.len) == 0;
    bytes_wipe(&again, sizeof again);
    return same || (asked && app_trouble_set(&s->trouble, "The two are not the same. Nothing was changed."));
}

static bool take_passphrase(setting_up *s) {
    bool wanted = app_argument(s->arguments, "passphrase") || app_argument(s->arguments, "passphrase-file");
    if (!s->existed) return !wanted || new_passphrase(s);
    if (wanted && !s->holding.config.passphrase)
        return app_trouble_set(&s->trouble,
                               "The store of %s has a key file already: a passphrase can be chosen only when it "
                               "is made (sotto leave, then sotto setup).",
                               s->holding.account.jid);
    return app_holder_passphrase(&s->passphrase, &s->holding, s->arguments, s->output, &s->trouble);
}

/* ---- what happens ---- */

static void stop(setting_up *s, bool finished) {
    s->finished = finished;
    app_progress(s->output, "");
    app_session_end(s->session, finished ? APP_DONE : APP_REFUSED);
}

static void on_online(void *arg, sotto_bytes how, bool resumed) {
    setting_up *s = arg;
    size_t len = how.len < sizeof s->channel ? how.len : sizeof s->channel - 1;
    if (len > 0) memcpy(s->channel, how.at, len);
    s->channel[len] = '\0';
    app_progress(s->output, "logged in; publishing the keys of this device");
    s->watch.late_ms = net_now_ms() + PUBLISH_WAIT_MS;
    if (resumed) stop(s, true);
}

/* Such a port does not understand what is said without TLS: it closes, or waits for something else. */
static void hint_direct_tls(setting_up *s, sotto_status status) {
    const app_config *config = &s->holding.config;
    const app_trouble said = s->trouble;
    bool like_it = sotto_is(status, SOTTO_E_CLOSED) || sotto_is(status, SOTTO_E_TIMEOUT) ||
                   sotto_is(status, SOTTO_E_BAD_SERVER) || sotto_is(status, SOTTO_E_STREAM_ERROR) ||
                   sotto_is(status, SOTTO_E_UNREACHABLE);
    if (!like_it || s->channel[0] || config->connect_host[0] == '\0' || config->direct_tls) return;
    (void)app_trouble_set(&s->trouble, "%s If the port is one with TLS from the first byte, add --direct-tls.",
                          said.text);
}

static void on_offline(void *arg, sotto_status status, sotto_bytes text, bool will_retry, uint64_t retry_ms) {
    (void)will_retry;
    (void)retry_ms;
    setting_up *s = arg;
    if (s->finished || sotto_ok(status)) return;
    app_trouble_lost(&s->trouble, status, text, s->holding.account.jid, s->holding.account.jid);
    hint_direct_tls(s, status);
    app_progress(s->output, "");
    app_trouble_print(s->output, "setup", &s->trouble);
    app_session_end(s->session, APP_REFUSED);
}

static bool on_engine(void *arg, const sotto_output *output) {
    setting_up *s = arg;
    const sotto_event *event = &output->event;
    if (output->kind != SOTTO_OUTPUT_EVENT) return false;
    if (event->kind == SOTTO_EVENT_PUBLISHED) {
        stop(s, true);
    } else if (event->kind == SOTTO_EVENT_NOT_PUBLISHED) {
        app_progress(s->output, "");
        (void)app_trouble_set(&s->trouble, "The server did not take the keys of this device: %s%s%.*s.",
                              sotto_status_text(event->reason), event->text.len > 0 ? ": " : "", (int)event->text.len,
                              event->text.len > 0 ? (const char *)event->text.at : "");
        app_trouble_print(s->output, "setup", &s->trouble);
        stop(s, false);
    } else {
        app_event_warn(s->output, event);
    }
    return true;
}

static void on_late(void *arg) {
    setting_up *s = arg;
    app_progress(s->output, "");
    app_trouble_status(&s->trouble, SOTTO_FAIL(TIMEOUT), s->holding.account.jid, s->holding.account.jid);
    app_trouble_print(s->output, "setup", &s->trouble);
    stop(s, false);
}

static void on_interrupt(void *arg) {
    setting_up *s = arg;
    if (s->interrupted)
        app_session_stop(s->session, APP_REFUSED);
    else
        stop(s, false);
    s->interrupted = true;
}

/* ---- the whole ---- */

static bool prepare(setting_up *s) {
    unsigned pid = 0;
    if (!find(s) || !take_passphrase(s) || !take_password(s) || !app_account_make(&s->holding.account, &s->trouble))
        return false;
    switch (app_lock_take(&s->holding.account, &s->holding.lock, &pid, &s->trouble)) {
    case APP_LOCK_BUSY:
        return app_trouble_set(&s->trouble, "%s is held by another sotto (process %u): end it first.",
                               s->holding.account.jid, pid);
    case APP_LOCK_FAILED:
        return false;
    case APP_LOCK_TAKEN:
        break;
    }
    const app_session_config config = {.account = &s->holding.account,
                                       .config = &s->holding.config,
                                       .password = app_secret_bytes(&s->password),
                                       .passphrase = app_secret_bytes(&s->passphrase),
                                       .create = true};
    return app_session_open(&s->session, &config, &s->trouble);
}

static void say_done(setting_up *s, const app_key *key) {
    char fingerprint[APP_FINGERPRINT_TEXT_SIZE];
    const char *jid = s->holding.account.jid;
    app_fingerprint_text(key->fingerprint, fingerprint);
    app_print(s->output, APP_OUT, "%s is set up.\n", jid);
    if (s->channel[0]) app_print(s->output, APP_OUT, "The connection: %s.\n", s->channel);
    app_print(s->output, APP_OUT, "This device is number %u, its fingerprint:\n     %s\n", (unsigned)key->device,
              fingerprint);
    app_print(s->output, APP_OUT,
              "Keys of contacts are accepted without a comparison until you verify one (sotto help trust).\n"
              "What to do next: sotto send SOMEBODY \"text\", sotto listen, sotto devices --qr.\n");
}

static bool finish(setting_up *s) {
    app_keys keys;
    sotto_status status = app_keys_read(&keys, app_session_engine(s->session), s->holding.account.jid);
    if (!sotto_ok(status) || keys.count == 0) {
        app_trouble_status(&s->trouble, sotto_ok(status) ? SOTTO_FAIL(STORE_FAILED) : status, s->holding.account.jid,
                           s->holding.account.jid);
        return false;
    }
    if (!app_config_write(&s->holding.config, &s->holding.account, &s->trouble)) return false;
    say_done(s, &keys.at[0]);
    return true;
}

/* True: it is set up. What there is to say about a failure was said. */
static bool set_up(setting_up *s) {
    if (!prepare(s)) {
        app_trouble_print(s->output, "setup", &s->trouble);
        return false;
    }
    s->watch = (app_watch){.arg = s,
                           .online = on_online,
                           .offline = on_offline,
                           .engine = on_engine,
                           .late = on_late,
                           .late_ms = UINT64_MAX};
    app_session_watch(s->session, &s->watch);
    net_loop_on_interrupt(app_session_loop(s->session), on_interrupt, s);
    app_progress(s->output, "connecting");
    app_session_connect(s->session);
    (void)app_session_run(s->session);
    if (s->interrupted) app_print(s->output, APP_ERR, "sotto setup: Cancelled.\n");
    if (!s->finished) return false;
    if (finish(s)) return true;
    app_trouble_print(s->output, "setup", &s->trouble);
    return false;
}

int app_setup_run(const app_context *context, const app_arguments *arguments) {
    setting_up *s = bytes_new(sotto_host_default(), sizeof *s);
    if (!s) {
        app_print(&context->output, APP_ERR, "sotto setup: out of memory\n");
        return APP_REFUSED;
    }
    s->context = context;
    s->output = &context->output;
    s->arguments = arguments;
    s->holding.lock = -1;
    bool done = set_up(s);
    int exit_status = done ? APP_DONE : s->usage ? APP_USAGE : APP_REFUSED;
    app_session_close(s->session);
    if (!done && s->holding.lock >= 0 && !s->existed) { /* nothing of a first attempt that failed stays */
        app_trouble ignored;
        (void)app_account_remove(&s->holding.account, &ignored);
    }
    app_holding_release(&s->holding);
    bytes_free(sotto_host_default(), s, sizeof *s);
    return exit_status;
}
