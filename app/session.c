/* SPDX-License-Identifier: ISC
 *
 * The session: does what the account's outputs ask for. Input is collected for as long as the loop has events at hand;
 * when it comes to rest the pump commits it in one transaction and hands out what came of it. */
#include "app/session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sotto/sqlite.h>

#include "app/command.h"
#include "app/identity/judge.h"
#include "app/record.h"
#include "bytes/memory.h"
#include "bytes/span.h"
#include "seal/live/live.h"

#define SRV_PREFIX_TCP   "_xmpp-client._tcp."
#define SRV_PREFIX_TLS   "_xmpps-client._tcp."
#define NAME_SIZE        300
#define OUTPUT_BYTES_MAX ((size_t)8 * 1024 * 1024)

/* The two look-ups of one ACCOUNT_RESOLVE; the second answer completes it. */
typedef struct resolving {
    net_srv found[2 * NET_SRV_MAX];
    bool direct_tls[2 * NET_SRV_MAX];
    size_t count;
    unsigned waiting, failed;
} resolving;

/* Which of the two an answer is of. */
typedef struct resolving_one {
    app_session *session;
    bool direct_tls;
} resolving_one;

struct app_session {
    const app_account *account_paths;
    char ca[APP_PATH_SIZE]; /* empty: the system's */
    const app_config *settings;
    net_loop *loop;
    tls_context *tls;
    sotto_store *store;
    account *account;
    app_history *history; /* NULL: none is kept */
    app_judge *judge;     /* of what others show in live sessions */
    net_connection *connection;
    resolving resolving;
    resolving_one tcp, direct;
    app_watch *watches, *watch_next; /* watch_next: whom a notification under way goes to next */
    const sotto_seal *seals[APP_SEALS_MAX];
    bool available, keeps_trying, started, left;
    bool stirred;         /* something was stepped since the pump looked last */
    sotto_status failure; /* of a call that was made from inside a notification: told when the loop comes to rest */
    uint64_t end_ms;      /* an orderly end must have come by then; UINT64_MAX: none was asked for */
    int exit_status;
};

/* ---- watches ---- */

void app_session_watch(app_session *session, app_watch *watch) {
    watch->previous = NULL;
    watch->next = session->watches;
    if (watch->next) watch->next->previous = watch;
    session->watches = watch;
}

void app_session_unwatch(app_session *session, app_watch *watch) {
    if (!watch->previous && session->watches != watch) return;
    if (session->watch_next == watch) session->watch_next = watch->next;
    if (watch->previous)
        watch->previous->next = watch->next;
    else
        session->watches = watch->next;
    if (watch->next) watch->next->previous = watch->previous;
    watch->previous = watch->next = NULL;
}

/* For each watch, also when some leave or come meanwhile. Not to be nested: the pump is the only one who tells. */
#define EACH_WATCH(session, watch)                                                                                     \
    for (app_watch *watch = (session)->watches; watch && ((session)->watch_next = watch->next, true);                  \
         watch = (session)->watch_next)

static void tell_online(app_session *session, const account_output *output) {
    EACH_WATCH(session, watch) if (watch->online) watch->online(watch->arg, output->text, output->resumed);
}

static void tell_offline(app_session *session, sotto_status status, sotto_bytes text, uint64_t retry_ms) {
    /* Without being asked to the account tries again when the server ended the stream because of what was sent. */
    bool ending = session->end_ms != UINT64_MAX;
    bool will_retry = retry_ms != UINT64_MAX && (session->keeps_trying || !ending);
    EACH_WATCH(session, watch) if (watch->offline) watch->offline(watch->arg, status, text, will_retry, retry_ms);
}

static void tell_sent(app_session *session, uint64_t ticket, sotto_bytes seal) {
    EACH_WATCH(session, watch) if (watch->sent) watch->sent(watch->arg, ticket, seal);
}

static bool tell_engine(app_session *session, const sotto_output *output) {
    bool done = false;
    EACH_WATCH(session, watch) if (watch->engine && watch->engine(watch->arg, output)) done = true;
    return done;
}

static void tell_rest(app_session *session) {
    EACH_WATCH(session, watch) if (watch->rest) watch->rest(watch->arg);
}

static void tell_gone(app_session *session) {
    EACH_WATCH(session, watch) if (watch->gone) watch->gone(watch->arg);
}

static void tell_late(app_session *session, uint64_t now) {
    EACH_WATCH(session, watch) {
        if (watch->late_ms > now) continue;
        watch->late_ms = UINT64_MAX;
        if (watch->late) watch->late(watch->arg);
    }
}

/* ---- failures ---- */

/* Of the engine or the store, or a call that was refused: the account has dropped the connection, and tries again if it
 * may. Whoever waits is told as of any other loss. */
static void session_fail(app_session *session, sotto_status status) {
    tell_offline(session, status, BYTES_NONE, session->keeps_trying ? net_now_ms() : UINT64_MAX);
    if (session->end_ms != UINT64_MAX) net_loop_stop(session->loop);
}

static void account_told(app_session *session, sotto_status status) {
    if (!sotto_ok(status)) session_fail(session, status);
}

/* ---- the network ---- */

static void connection_drop(app_session *session, bool flush) {
    net_close(session->connection, flush);
    session->connection = NULL;
}

static void on_connected(void *arg, bool ok, const char *why_not) {
    app_session *session = arg;
    (void)why_not; /* the account asks for the next address, and says in the end that none answered */
    if (!ok) connection_drop(session, false);
    account_told(session, account_connected(session->account, ok));
}

static void on_received(void *arg, sotto_bytes bytes) {
    app_session *session = arg;
    account_told(session, account_received(session->account, bytes));
}

static void on_lost(void *arg) {
    app_session *session = arg;
    connection_drop(session, false);
    account_told(session, account_lost(session->account));
}

static const net_callbacks connection_callbacks = {on_connected, on_received, on_lost};

static bool name_take(char ret[NAME_SIZE], const char *prefix, sotto_bytes name) {
    int len = snprintf(ret, NAME_SIZE, "%s%.*s", prefix, (int)name.len, (const char *)name.at);
    return len > 0 && len < NAME_SIZE && !memchr(name.at, 0, name.len);
}

static void do_connect(app_session *session, const account_output *output) {
    char host[NAME_SIZE];
    connection_drop(session, false);
    if (name_take(host, "", output->name) &&
        sotto_ok(net_connect(&session->connection, session->loop, host, output->port, &connection_callbacks, session)))
        return;
    account_told(session, account_connected(session->account, false));
}

static void do_bytes(app_session *session, sotto_bytes bytes) {
    if (!session->connection || sotto_ok(net_write(session->connection, bytes))) return;
    on_lost(session); /* gone, or it does not read: 16 MiB wait */
}

/* ---- names ---- */

static void resolve_done(app_session *session) {
    account_srv records[2 * NET_SRV_MAX];
    const resolving *r = &session->resolving;
    for (size_t i = 0; i < r->count; i++)
        records[i] = (account_srv){r->direct_tls[i], r->found[i].priority, r->found[i].weight, r->found[i].port,
                                   bytes_text(r->found[i].target)};
    account_told(session, account_resolved(session->account, records, r->count, r->failed == 2));
}

/* An answer that DNSSEC calls bogus counts like an unsigned one: behind a resolver that cannot do DNSSEC every answer
 * looks like that. It says where to connect, and nothing else: the certificate must prove the account's domain in any
 * case. (Keys in DNS, DANE, would be another matter.) */
static void on_found(void *arg, const net_srv *found, size_t count, bool failed, bool secure, bool bogus) {
    (void)secure;
    (void)bogus;
    const resolving_one *one = arg;
    resolving *r = &one->session->resolving;
    if (failed) r->failed++;
    for (size_t i = 0; i < count; i++) {
        r->found[r->count] = found[i];
        r->direct_tls[r->count++] = one->direct_tls;
    }
    if (--r->waiting == 0) resolve_done(one->session);
}

static void resolve_one(app_session *session, resolving_one *one, const char *prefix, sotto_bytes name) {
    char text[NAME_SIZE];
    *one = (resolving_one){session, strcmp(prefix, SRV_PREFIX_TLS) == 0};
    if (name_take(text, prefix, name) && sotto_ok(net_lookup_srv(session->loop, text, on_found, one))) return;
    session->resolving.failed++;
    session->resolving.waiting--;
}

static void do_resolve(app_session *session, sotto_bytes name) {
    memset(&session->resolving, 0, sizeof session->resolving);
    session->resolving.waiting = 2;
    resolve_one(session, &session->tcp, SRV_PREFIX_TCP, name);
    resolve_one(session, &session->direct, SRV_PREFIX_TLS, name);
    if (session->resolving.waiting == 0) resolve_done(session); /* neither could be asked */
}

/* ---- the pump ---- */

static void do_offline(app_session *session, const account_output *output) {
    connection_drop(session, true);
    if (output->retry_ms == UINT64_MAX) session->started = false;
    /* That the connection went while it was being ended is what was wanted. */
    bool ours = sotto_class(output->status) == SOTTO_CLASS_OURS;
    bool ended = session->end_ms != UINT64_MAX && !ours;
    tell_offline(session, ended ? SOTTO_OK : output->status, ended ? BYTES_NONE : output->text, output->retry_ms);
    if (session->end_ms != UINT64_MAX) net_loop_stop(session->loop);
}

static void do_sent(app_session *session, const account_output *output) {
    if (session->history)
        account_told(session,
                     app_record_sent(session->history, account_engine(session->account), output->ticket, output->seal));
    tell_sent(session, output->ticket, output->seal);
}

/* The output's spans end with the next call on the engine, and whoever is told of it may call the engine. */
static bool output_copy(bytes_arena *arena, const sotto_output *from, sotto_output *ret) {
    *ret = *from;
    sotto_bytes *const spans[] = {&ret->stanza,        &ret->seal,          &ret->request,       &ret->delivery.stanza,
                                  &ret->delivery.seal, &ret->delivery.from, &ret->delivery.room, &ret->delivery.nick,
                                  &ret->delivery.peer, &ret->event.jid,     &ret->event.text,    &ret->event.key.jid,
                                  &ret->event.key.seal};
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++)
        if (spans[i]->len > 0 && !bytes_arena_copy(arena, *spans[i], spans[i])) return false;
    return true;
}

static sotto_status record_output(app_session *session, const sotto_output *output, bool done) {
    app_message message;
    if (!session->history) return SOTTO_OK;
    if (output->kind == SOTTO_OUTPUT_EVENT) {
        app_fate fate = app_record_fate_of(&output->event);
        return fate != APP_FATE_NONE ? app_record_fate(session->history, output->event.ticket, fate) : SOTTO_OK;
    }
    if (output->kind != SOTTO_OUTPUT_DELIVER || output->seq == 0) return SOTTO_OK;
    sotto_status status = SOTTO_OK;
    if (app_message_read(&message, &output->delivery, bytes_text(app_session_jid(session))))
        status = app_record_delivery(session->history, &message, done, output->seq);
    app_message_clear(&message);
    return status;
}

/* What a live session carried leaves in no stanza of its own: that the other side has it is how it was sent. */
static bool is_arrival(const sotto_output *output) {
    return output->kind == SOTTO_OUTPUT_EVENT && output->event.kind == SOTTO_EVENT_DELIVERED &&
           output->event.ticket != 0 && bytes_is(output->event.key.seal, "live");
}

static sotto_status do_arrival(app_session *session, const sotto_event *event) {
    sotto_status status = SOTTO_OK;
    if (session->history)
        status = app_record_arrived(session->history, account_engine(session->account), event->ticket, event->key.seal);
    if (sotto_ok(status)) tell_sent(session, event->ticket, event->key.seal);
    return status;
}

/* To whoever watches, and into the history. What was not dealt with, or could not be kept, is not done; but that there
 * is no answer is of no use to anybody later. */
static void do_engine(app_session *session, const sotto_output *given) {
    sotto_output output;
    bytes_arena arena;
    sotto_status status = SOTTO_FAIL(NO_MEMORY);
    if (given->kind == SOTTO_OUTPUT_JOB) {
        (void)app_judge_take(session->judge, given->job, given->request, net_now_ms());
        return;
    }
    bytes_arena_init(&arena, sotto_host_default(), OUTPUT_BYTES_MAX);
    if (output_copy(&arena, given, &output)) {
        bool done = is_arrival(&output) || tell_engine(session, &output) || !sotto_ok(output.delivery.failure);
        status = is_arrival(&output) ? do_arrival(session, &output.event) : record_output(session, &output, done);
        if (sotto_ok(status) && done && output.seq > 0) status = account_done(session->account, output.seq);
        if (session->history) account_noted(session->account);
    }
    bytes_arena_clear(&arena);
    account_told(session, status);
}

static void do_output(app_session *session, const account_output *output) {
    switch (output->kind) {
    case ACCOUNT_NONE:
        break;
    case ACCOUNT_RESOLVE:
        do_resolve(session, output->name);
        break;
    case ACCOUNT_CONNECT:
        do_connect(session, output);
        break;
    case ACCOUNT_DISCONNECT:
        connection_drop(session, true);
        break;
    case ACCOUNT_BYTES:
        do_bytes(session, output->bytes);
        break;
    case ACCOUNT_ONLINE:
        tell_online(session, output);
        break;
    case ACCOUNT_OFFLINE:
        do_offline(session, output);
        break;
    case ACCOUNT_SENT:
        do_sent(session, output);
        break;
    case ACCOUNT_ENGINE:
        do_engine(session, &output->engine);
        break;
    }
}

static void timer_came(void *arg);

static void timer_set(app_session *session) {
    uint64_t at = account_deadline(session->account);
    if (session->end_ms < at) at = session->end_ms;
    for (const app_watch *watch = session->watches; watch; watch = watch->next)
        if (watch->late_ms < at) at = watch->late_ms;
    net_loop_timer(session->loop, at, timer_came, session);
}

/* Commits, and hands out until there is no more. */
static void pump_outputs(app_session *session) {
    account_output output;
    for (;;) {
        sotto_status status = account_next(session->account, &output, net_now_ms());
        account_told(session, status);
        if (!sotto_ok(status) || output.kind == ACCOUNT_NONE) break;
        do_output(session, &output);
    }
    sotto_status failure = session->failure;
    session->failure = SOTTO_OK;
    account_told(session, failure);
}

/* What a failed commit took away of the history goes with the next one: not with one of its own at once, which would
 * fail like the last. */
static void history_settle(app_session *session) {
    bool again = false;
    if (!session->history) return;
    sotto_status status = app_history_settle(session->history, &again);
    if (again) account_noted(session->account);
    account_told(session, status);
}

/* Whoever hears of the rest may step again, and then it is none. */
static void pump(void *arg) {
    app_session *session = arg;
    do {
        session->stirred = false;
        pump_outputs(session);
        history_settle(session);
        tell_rest(session);
    } while (session->stirred);
    timer_set(session);
}

static void timer_came(void *arg) {
    app_session *session = arg;
    uint64_t now = net_now_ms();
    if (account_deadline(session->account) <= now) account_told(session, account_timer(session->account, now));
    tell_late(session, now);
    if (session->end_ms <= now) net_loop_stop(session->loop);
}

/* ---- opening ---- */

static bool open_tls(app_session *session, const app_config *config, app_trouble *trouble) {
    const char *ca = config->ca[0] ? config->ca : NULL;
    const tls_client_config tls = {.host = sotto_host_default(), .system_roots = !ca, .roots_file = ca};
    sotto_status status = tls_context_client(&session->tls, &tls);
    if (sotto_ok(status)) return true;
    if (ca && access(ca, R_OK) != 0)
        return app_trouble_set(trouble, "The certificate authorities in %s cannot be read: %s.", ca, strerror(errno));
    if (ca && (sotto_is(status, SOTTO_E_NOT_FOUND) || sotto_is(status, SOTTO_E_MALFORMED)))
        return app_trouble_set(trouble,
                               "The certificate authorities in %s cannot be read: it must be a file in PEM form.", ca);
    if (sotto_is(status, SOTTO_E_USAGE) || sotto_is(status, SOTTO_E_NOT_FOUND))
        return app_trouble_set(trouble, "This machine has no certificate authorities: install ca-certificates, or give "
                                        "your own with sotto setup --ca FILE.");
    app_trouble_status(trouble, status, config->account, config->account);
    return false;
}

static bool open_store(app_session *session, const app_session_config *config, app_trouble *trouble) {
    const sotto_sqlite_options options = {.path = config->account->store,
                                          .key_path = config->config->passphrase ? NULL : config->account->key,
                                          .passphrase = config->passphrase,
                                          .create = config->create,
                                          .host = sotto_host_default()};
    sotto_status status = sotto_sqlite_open(&session->store, &options);
    if (sotto_ok(status)) return true;
    if (sotto_is(status, SOTTO_E_KEY_EXPOSED))
        return app_trouble_set(
            trouble, "Other users can read or change the key file %s, so it is not used: chmod 600 closes it.",
            config->account->key);
    if (sotto_is(status, SOTTO_E_NOT_FOUND))
        return app_trouble_set(trouble,
                               "The store of %s is gone (%s). Restore it from a backup; sotto setup %s makes a new "
                               "one, which is a new device.",
                               config->account->jid, config->account->store, config->account->jid);
    app_trouble_status(trouble, status, config->account->jid, config->account->jid);
    return false;
}

void app_session_seals(const sotto_seal *ret[APP_SEALS_MAX]) {
    ret[0] = sotto_seal_omemo();
    ret[1] = sotto_seal_live();
    ret[2] = NULL;
}

static bool open_account(app_session *session, const app_session_config *config, app_trouble *trouble) {
    app_session_seals(session->seals);
    const account_config options = {.host = sotto_host_default(),
                                    .jid = bytes_text(config->account->jid),
                                    .store = session->store,
                                    .seals = session->seals,
                                    .encrypt = SOTTO_ENCRYPT_ALWAYS,
                                    .trust = config->config->trust,
                                    .tls = session->tls,
                                    .password = config->password,
                                    .connect_host = bytes_text(config->config->connect_host),
                                    .connect_port = config->config->connect_port,
                                    .connect_direct_tls = config->config->direct_tls,
                                    .available = config->available,
                                    .keep_trying = config->keep_trying,
                                    .catch_up = true};
    sotto_status status = account_open(&session->account, &options, net_now_ms());
    if (sotto_ok(status)) return true;
    if (sotto_is(status, SOTTO_E_NOT_FOUND))
        return app_trouble_set(trouble, "The password of %s is not known here: sotto setup %s asks for it.",
                               config->account->jid, config->account->jid);
    app_trouble_status(trouble, status, config->account->jid, config->account->jid);
    return false;
}

/* Nobody waits for it any more when the session that it was for is forgotten. */
static void on_judged(void *arg, uint64_t job, sotto_bytes answer) {
    app_session *session = arg;
    const sotto_input input = {.kind = SOTTO_INPUT_ANSWER, .job = job, .answer = answer};
    sotto_status status = app_session_step(session, &input);
    if (!sotto_is(status, SOTTO_E_NOT_FOUND)) account_told(session, status);
}

static bool open_all(app_session *session, const app_session_config *config, app_trouble *trouble) {
    if (!open_tls(session, config->config, trouble) || !open_store(session, config, trouble) ||
        !open_account(session, config, trouble))
        return false;
    sotto_status status = net_loop_new(&session->loop, sotto_host_default());
    if (sotto_ok(status))
        status = app_judge_new(&session->judge, session->loop, app_session_ca(session), on_judged, session);
    if (sotto_ok(status) && !config->config->no_history)
        status = app_history_open(&session->history, account_engine(session->account), NULL);
    if (sotto_ok(status)) return true;
    app_trouble_status(trouble, status, config->account->jid, config->account->jid);
    return false;
}

bool app_session_open(app_session **ret, const app_session_config *config, app_trouble *trouble) {
    app_session *session = bytes_new(sotto_host_default(), sizeof *session);
    if (!session) return app_trouble_set(trouble, "Out of memory.");
    session->account_paths = config->account;
    (void)snprintf(session->ca, sizeof session->ca, "%s", config->config->ca);
    session->settings = config->config;
    session->keeps_trying = config->keep_trying;
    session->available = config->available;
    session->end_ms = UINT64_MAX;
    session->exit_status = APP_REFUSED; /* unless somebody says that it went well */
    if (!open_all(session, config, trouble)) {
        app_session_close(session);
        return false;
    }
    net_loop_on_idle(session->loop, pump, session);
    *ret = session;
    return true;
}

void app_session_close(app_session *session) {
    if (!session) return;
    app_judge_free(session->judge);
    net_loop_free(session->loop); /* writes nothing more, calls nobody */
    app_history_close(session->history);
    account_close(session->account);
    sotto_store_close(session->store);
    tls_context_free(session->tls);
    bytes_free(sotto_host_default(), session, sizeof *session);
}

/* ---- running ---- */

int app_session_run(app_session *session) {
    sotto_status status = net_loop_run(session->loop);
    int exit_status = sotto_ok(status) ? session->exit_status : APP_REFUSED;
    tell_gone(session);
    return exit_status;
}

void app_session_stop(app_session *session, int exit_status) {
    session->exit_status = exit_status;
    net_loop_stop(session->loop);
}

void app_session_end(app_session *session, int exit_status) {
    session->exit_status = exit_status;
    if (session->end_ms != UINT64_MAX) return;
    if (!account_is_online(session->account)) {
        net_loop_stop(session->loop);
        return;
    }
    session->keeps_trying = false;
    session->end_ms = net_now_ms() + APP_SESSION_END_WAIT_MS;
    session->stirred = true;
    session->failure = account_end(session->account, net_now_ms());
}

void app_session_leave(app_session *session) {
    session->left = true;
    app_session_end(session, APP_DONE);
}

bool app_session_has_left(const app_session *session) {
    return session->left;
}

void app_session_connect(app_session *session) {
    if (session->started) return;
    session->started = true;
    session->stirred = true;
    session->failure = account_start(session->account, net_now_ms());
}

bool app_session_is_online(const app_session *session) {
    return account_is_online(session->account);
}

bool app_session_is_available(const app_session *session) {
    return session->available;
}

const char *app_session_jid(const app_session *session) {
    return session->account_paths->jid;
}

const app_config *app_session_settings(const app_session *session) {
    return session->settings;
}

const app_account *app_session_account(const app_session *session) {
    return session->account_paths;
}

const char *app_session_ca(const app_session *session) {
    return session->ca[0] ? session->ca : NULL;
}

net_loop *app_session_loop(app_session *session) {
    return session->loop;
}

sotto_engine *app_session_engine(app_session *session) {
    return account_engine(session->account);
}

/* A step that succeeded is not taken back because the history has no room for it: that is told when the loop rests. */
static sotto_status step_recorded(app_session *session, const sotto_input *input) {
    if (!session->history) return SOTTO_OK;
    if (input->kind == SOTTO_INPUT_SEND)
        return app_record_send(session->history, app_session_engine(session), input->stanza, input->ticket,
                               bytes_text(app_session_jid(session)), net_now_ms());
    return input->kind == SOTTO_INPUT_CANCEL ? app_record_fate(session->history, input->ticket, APP_FATE_FAILED)
                                             : SOTTO_OK;
}

sotto_status app_session_step(app_session *session, const sotto_input *input) {
    session->stirred = true;
    SOTTO_TRY(account_step(session->account, input, net_now_ms()));
    sotto_status status = step_recorded(session, input);
    if (!sotto_ok(status)) session->failure = status;
    return SOTTO_OK;
}

app_history *app_session_history(app_session *session) {
    return session->history;
}

void app_session_changed(app_session *session) {
    session->stirred = true;
    account_noted(session->account);
}

sotto_status app_session_done(app_session *session, uint64_t seq) {
    session->stirred = true;
    return account_done(session->account, seq);
}

/* The highest bit is the account's, 0 is none. */
sotto_status app_session_ticket(uint64_t *ret) {
    const sotto_host *host = sotto_host_default();
    uint64_t ticket = 0;
    while (ticket == 0) {
        SOTTO_TRY(host->random(host->arg, &ticket, sizeof ticket));
        ticket &= UINT64_MAX >> 1;
    }
    *ret = ticket;
    return SOTTO_OK;
}
