/* SPDX-License-Identifier: ISC
 *
 * sotto identity: the own keys and what stands behind the live one. What needs a private key, and so the person's
 * passphrase, happens in the process at the terminal (identity/bind.c); here its result is taken, by whoever holds the
 * account. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "app/commands/commands.h"
#include "app/fingerprint.h"
#include "app/identity/statement.h"
#include "app/json.h"
#include "app/keys.h"
#include "app/task.h"
#include "bytes/base64.h"
#include "bytes/span.h"

#define JSON_BYTES_MAX 16384u
#define DATE_BYTES     16u

typedef struct identity_task {
    app_task task;
    bool has_live, has_omemo;
    app_key live, omemo;
    app_statement_type type;
    app_statement statement; /* that was taken */
} identity_task;

static const char *const words[] = {[APP_STATEMENT_CERTIFICATE] = "certificate", [APP_STATEMENT_OPENPGP] = "openpgp"};

/* ask-first, by SOTTO_FIRST_ bits. */
static const char *const firsts[] = {"no", "yes", NULL, "always"};

/* False: it is neither. */
static bool type_read(const char *word, app_statement_type *ret) {
    for (app_statement_type type = APP_STATEMENT_CERTIFICATE; type <= APP_STATEMENT_OPENPGP; type++) {
        if (strcmp(word, words[type]) != 0) continue;
        *ret = type;
        return true;
    }
    return false;
}

static const char *date_of(uint64_t seconds, char ret[DATE_BYTES]) {
    struct tm tm;
    time_t at = (time_t)seconds;
    if (!gmtime_r(&at, &tm) || strftime(ret, DATE_BYTES, "%Y-%m-%d", &tm) == 0) ret[0] = '\0';
    return ret;
}

static sotto_status keys_look(identity_task *identity) {
    app_keys keys;
    const app_task *task = &identity->task;
    SOTTO_TRY(app_keys_read(&keys, app_session_engine(task->session), app_session_jid(task->session)));
    for (size_t i = 0; i < keys.count; i++) {
        const app_key *key = &keys.at[i];
        if (!key->this_device) continue;
        bool live = strcmp(key->seal, "live") == 0;
        if (live)
            identity->live = *key;
        else
            identity->omemo = *key;
        *(live ? &identity->has_live : &identity->has_omemo) = true;
    }
    return SOTTO_OK;
}

/* *ret_is: there is one. */
static sotto_status statement_look(const identity_task *identity, app_statement_type type, app_statement *ret,
                                   bool *ret_is) {
    *ret_is = false;
    if (!identity->has_live) return SOTTO_OK;
    sotto_status status =
        app_statement_noted(app_session_engine(identity->task.session), type, identity->live.key, ret);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    *ret_is = sotto_ok(status);
    return status;
}

/* ---- showing ---- */

static void print_key(const app_output *output, const char *what, const app_key *key) {
    char fingerprint[APP_FINGERPRINT_TEXT_SIZE];
    app_fingerprint_text(key->fingerprint, fingerprint);
    app_print(output, APP_OUT, "     %s  %s\n", what, fingerprint);
}

static void print_statement(const app_output *output, const app_statement *statement) {
    char made[DATE_BYTES], until[DATE_BYTES];
    bool certificate = statement->type == APP_STATEMENT_CERTIFICATE;
    app_print(output, APP_OUT, "     %s  %s\n                  %s%s, bound on %s",
              certificate ? "certificate" : "OpenPGP    ", statement->who, certificate ? "issued by " : "key ",
              statement->by, date_of(statement->made, made));
    if (statement->until > 0) app_print(output, APP_OUT, ", valid until %s", date_of(statement->until, until));
    app_print(output, APP_OUT, "\n");
}

static sotto_status first_look(const identity_task *identity, uint32_t *ret) {
    *ret = 0;
    if (!identity->has_live) return SOTTO_OK;
    return app_statement_first(app_session_engine(identity->task.session), identity->live.key, ret);
}

static const char *first_name(uint32_t first) {
    return first < sizeof firsts / sizeof *firsts && firsts[first] ? firsts[first] : "unknown";
}

static sotto_status show_first(const identity_task *identity) {
    static const char *const texts[] = {
        "Whoever begins a live session with you sees your live key first, and may show none.",
        "Whoever begins a live session with you shows their live key first.", NULL,
        "Nobody you have no earlier session with sees your live key before you have seen theirs."};
    uint32_t first;
    SOTTO_TRY(first_look(identity, &first));
    if (first < sizeof texts / sizeof *texts && texts[first])
        app_print(identity->task.output, APP_OUT, "\n%s\n", texts[first]);
    return SOTTO_OK;
}

static sotto_status show_text(const identity_task *identity) {
    const app_output *output = identity->task.output;
    app_statement statement;
    bool is;
    app_print(output, APP_OUT, "Who you are, as %s\n\n", app_session_jid(identity->task.session));
    if (identity->has_omemo) print_key(output, "OMEMO      ", &identity->omemo);
    if (identity->has_live) print_key(output, "live       ", &identity->live);
    for (app_statement_type type = APP_STATEMENT_CERTIFICATE; type <= APP_STATEMENT_OPENPGP; type++) {
        SOTTO_TRY(statement_look(identity, type, &statement, &is));
        if (is) print_statement(output, &statement);
    }
    SOTTO_TRY(show_first(identity));
    return SOTTO_OK;
}

static void json_key(app_json *json, const char *name, bool is, const app_key *key) {
    if (is)
        app_json_hex(json, name, bytes_of(key->fingerprint, sizeof key->fingerprint));
    else
        app_json_null(json, name);
}

static void json_statement(app_json *json, const app_statement *statement, bool is) {
    static const char *const names[][4] = {
        [APP_STATEMENT_CERTIFICATE] = {"certificate", "certificate_issuer", "certificate_made", "certificate_until"},
        [APP_STATEMENT_OPENPGP] = {"openpgp", "openpgp_fingerprint", "openpgp_made", "openpgp_until"}};
    const char *const *name = names[statement->type];
    if (!is) {
        app_json_null(json, name[0]);
        return;
    }
    app_json_text(json, name[0], bytes_text(statement->who));
    app_json_text(json, name[1], bytes_text(statement->by));
    app_json_time(json, name[2], statement->made * 1000);
    app_json_time(json, name[3], statement->until * 1000);
}

static sotto_status show_json(const identity_task *identity) {
    uint8_t room[JSON_BYTES_MAX];
    bytes_buffer text;
    sotto_bytes all;
    uint32_t first;
    bool is;
    bytes_buffer_borrowed(&text, room, sizeof room);
    app_json json = app_json_begin(&text);
    app_json_text(&json, "event", BYTES_LITERAL("identity"));
    app_json_text(&json, "jid", bytes_text(app_session_jid(identity->task.session)));
    json_key(&json, "omemo", identity->has_omemo, &identity->omemo);
    json_key(&json, "live", identity->has_live, &identity->live);
    for (app_statement_type type = APP_STATEMENT_CERTIFICATE; type <= APP_STATEMENT_OPENPGP; type++) {
        app_statement statement = {.type = type};
        SOTTO_TRY(statement_look(identity, type, &statement, &is));
        json_statement(&json, &statement, is);
    }
    SOTTO_TRY(first_look(identity, &first));
    app_json_text(&json, "ask_first", bytes_text(first_name(first)));
    app_json_end(&json);
    SOTTO_TRY(bytes_buffer_end(&text, &all));
    app_put(identity->task.output, APP_OUT, all);
    return SOTTO_OK;
}

static void identity_show(app_task *task, sotto_status status) {
    const identity_task *identity = (const identity_task *)task;
    if (sotto_ok(status)) status = app_argument(&task->arguments, "json") ? show_json(identity) : show_text(identity);
    if (sotto_ok(status))
        app_task_finish(task, APP_DONE);
    else
        app_task_fail(task, status, app_session_jid(task->session));
}

/* For the process at the terminal, which signs it. */
static void key_print(app_task *task, const identity_task *identity) {
    char hex[2 * 32 + 1];
    bytes_buffer out;
    sotto_bytes text;
    bytes_buffer_borrowed(&out, hex, sizeof hex);
    bytes_hex_put(&out, bytes_of(identity->live.key, sizeof identity->live.key));
    bool good = sotto_ok(bytes_buffer_end(&out, &text));
    if (good) app_print(task->output, APP_OUT, "%.*s\n", (int)text.len, (const char *)text.at);
    app_task_finish(task, good ? APP_DONE : APP_REFUSED);
}

/* ---- changing ---- */

static void changed(app_task *task, sotto_status status) {
    const identity_task *identity = (const identity_task *)task;
    if (!sotto_ok(status) || app_argument(&task->arguments, "json")) {
        identity_show(task, status);
        return;
    }
    if (identity->statement.made == 0) {
        app_print(task->output, APP_OUT, "No %s stands behind your live key from the next session on.\n",
                  identity->type == APP_STATEMENT_OPENPGP ? "OpenPGP key" : "certificate");
    } else {
        app_print(task->output, APP_OUT,
                  "This stands behind your live key from the next session on, and is shown "
                  "inside it:\n");
        print_statement(task->output, &identity->statement);
    }
    app_task_finish(task, APP_DONE);
}

/* The engine keeps it, the host notes what it is called: in one transaction. */
static void statement_set(identity_task *identity, sotto_bytes body) {
    app_task *task = &identity->task;
    sotto_input input = {.kind = SOTTO_INPUT_STATEMENT, .number = (uint32_t)identity->type, .bytes = body};
    sotto_status status = app_session_step(task->session, &input);
    if (sotto_ok(status))
        status = app_statement_note(app_session_engine(task->session), identity->type,
                                    identity->statement.made > 0 ? &identity->statement : NULL);
    if (!sotto_ok(status)) {
        app_task_fail(task, status, app_session_jid(task->session));
        return;
    }
    app_session_changed(task->session);
    app_task_when_committed(task, changed);
}

static void statement_take(identity_task *identity) {
    app_task *task = &identity->task;
    sotto_bytes body;
    if (!sotto_ok(app_statement_read(task->order.text, &identity->statement, &body)) ||
        identity->statement.type != identity->type || body.len == 0)
        app_task_refuse(task, "There is no statement to take.");
    else if (memcmp(identity->statement.key, identity->live.key, sizeof identity->live.key) != 0)
        app_task_refuse(task, "The live key is another one than a moment ago. Nothing was changed; do it again.");
    else
        statement_set(identity, body);
}

static void statement_remove(identity_task *identity, const char *which) {
    app_task *task = &identity->task;
    app_statement statement;
    bool is = false;
    if (!which || !type_read(which, &identity->type)) {
        app_task_refuse(task, "Say which: sotto identity remove certificate, or openpgp.");
        return;
    }
    sotto_status status = statement_look(identity, identity->type, &statement, &is);
    if (!sotto_ok(status))
        app_task_fail(task, status, app_session_jid(task->session));
    else if (!is)
        app_task_refuse(task, "No %s stands behind your live key.",
                        identity->type == APP_STATEMENT_OPENPGP ? "OpenPGP key" : "certificate");
    else
        statement_set(identity, BYTES_NONE);
}

static void first_set(identity_task *identity, const char *word) {
    app_task *task = &identity->task;
    uint32_t first = 0;
    while (first < sizeof firsts / sizeof *firsts && (!word || !firsts[first] || strcmp(firsts[first], word) != 0))
        first++;
    if (first == sizeof firsts / sizeof *firsts) {
        app_task_refuse(task, "Say yes, no or always: sotto identity ask-first yes.");
        return;
    }
    const sotto_input input = {.kind = SOTTO_INPUT_FIRST, .number = first};
    sotto_status status = app_session_step(task->session, &input);
    if (sotto_ok(status))
        status = app_statement_first_note(app_session_engine(task->session), identity->live.key, first);
    if (!sotto_ok(status)) {
        app_task_fail(task, status, app_session_jid(task->session));
        return;
    }
    app_session_changed(task->session);
    app_task_when_committed(task, identity_show);
}

static void identity_begin(app_task *task) {
    identity_task *identity = (identity_task *)task;
    const char *what = task->arguments.positional[0], *which = task->arguments.positional[1];
    sotto_status status = keys_look(identity);
    if (!sotto_ok(status))
        app_task_fail(task, status, app_session_jid(task->session));
    else if (!what)
        identity_show(task, SOTTO_OK);
    else if (!identity->has_live)
        app_task_refuse(task, "There is no live key.");
    else if (strcmp(what, "key") == 0)
        key_print(task, identity);
    else if (strcmp(what, "remove") == 0)
        statement_remove(identity, which);
    else if (strcmp(what, "ask-first") == 0)
        first_set(identity, which);
    else if (type_read(what, &identity->type))
        statement_take(identity);
    else
        app_task_refuse(task, "%s is none of certificate, openpgp, remove, ask-first; see sotto help identity.", what);
}

const app_task_class app_identity_task = {"identity", sizeof(identity_task), NULL, identity_begin, NULL};
