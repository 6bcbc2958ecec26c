/* SPDX-License-Identifier: ISC */
#include "app/verify/compare.h"

#include <stdio.h>
#include <string.h>

#include "app/commands/event.h"
#include "app/commands/live_event.h"
#include "app/sessions.h"
#include "bytes/span.h"
#include "context/compare.h"

#define JSON_BYTES_MAX 16384u
#define ROUNDS_MAX     40u /* half an hour; without a terminal nobody could end it otherwise */

/* ---- looking ---- */

bool app_compare_can(const app_keys *keys) {
    for (size_t i = 0; i < keys->count; i++) {
        const app_key *key = &keys->at[i];
        bool speaks = strcmp(key->seal, "omemo:2") == 0 || strcmp(key->seal, "live") == 0;
        if (speaks && key->active && !key->this_device && key->trust != SOTTO_TRUST_DISTRUSTED) return true;
    }
    return false;
}

void app_compare_group(sotto_bytes text, char ret[APP_COMPARE_TEXT_SIZE]) {
    ret[0] = '\0';
    if (text.len == APP_COMPARE_TEXT_SIZE - 2)
        (void)snprintf(ret, APP_COMPARE_TEXT_SIZE, "%.4s-%.4s", (const char *)text.at, (const char *)text.at + 4);
}

typedef struct looking {
    const char *jid;
    app_comparison found;
    const app_output *output; /* print instead of finding */
} looking;

static sotto_status look_at(void *arg, const sotto_comparison *c) {
    looking *look = arg;
    if (look->jid && !bytes_is(c->jid, look->jid)) return SOTTO_OK;
    if (look->output) {
        bool waits =
            c->stage == SOTTO_COMPARE_ASKED || c->stage == SOTTO_COMPARE_READY || c->stage == SOTTO_COMPARE_THEY_AGREED;
        sotto_event event = {.kind = SOTTO_EVENT_COMPARE,
                             .jid = c->jid,
                             .number = (uint32_t)c->stage,
                             .text = c->text,
                             .total = c->fruitless};
        if (waits) (void)app_compare_print(look->output, &event);
        return SOTTO_OK;
    }
    look->found.stage = c->stage;
    look->found.fruitless = c->fruitless;
    app_compare_group(c->text, look->found.text);
    return SOTTO_OK;
}

sotto_status app_compare_look(sotto_engine *engine, const char *jid, app_comparison *ret) {
    looking look = {.jid = jid};
    SOTTO_TRY(sotto_engine_compares(engine, look_at, &look));
    *ret = look.found;
    return SOTTO_OK;
}

void app_compare_print_open(const app_output *output, sotto_engine *engine, const char *jid) {
    looking look = {.jid = jid, .output = output};
    sotto_status status = sotto_engine_compares(engine, look_at, &look);
    if (!sotto_ok(status))
        app_print(output, APP_ERR, "Comparisons that wait cannot be read: %s.\n", sotto_status_text(status));
}

/* ---- telling ---- */

static void print_fruitless(const app_output *output, app_stream stream, uint32_t count) {
    if (count == 0) return;
    app_colour_to(output, stream, APP_YELLOW);
    app_print(output, stream, "%u %s came to nothing since the last good one.", (unsigned)count,
              count == 1 ? "comparison" : "comparisons");
    app_colour_to(output, stream, APP_PLAIN);
    app_print(output, stream, "\n");
}

static void print_aborted(const app_output *output, int len, const char *jid, sotto_status reason) {
    if (sotto_is(reason, SOTTO_E_DIFFERS)) {
        app_colour_to(output, APP_ERR, APP_RED);
        app_print(output, APP_ERR, "Warning: ");
        app_colour_to(output, APP_ERR, APP_PLAIN);
        app_print(
            output, APP_ERR,
            "one of you saw other characters than the other: either somebody mistyped, or somebody is between you "
            "and %.*s. Nothing was verified by it; compare again, or fingerprints: sotto verify %.*s "
            "--fingerprints.\n",
            len, jid, len, jid);
        return;
    }
    app_print(output, APP_ERR, "The comparison with %.*s is over without a result: %s.\n", len, jid,
              sotto_is(reason, SOTTO_E_CANCELLED)    ? "it was cancelled, or another device took it"
              : sotto_is(reason, SOTTO_E_NO_SESSION) ? "the session was begun anew meanwhile; do it again"
              : sotto_is(reason, SOTTO_E_TIMEOUT)    ? "nobody went on with it in time"
              : sotto_is(reason, SOTTO_E_NO_DEVICE) || sotto_is(reason, SOTTO_E_NO_TRUSTED_DEVICE) ||
                      sotto_is(reason, SOTTO_E_CANNOT_PROTECT)
                  ? "no device of theirs can be asked; --fingerprints is for those"
                  : sotto_status_text(reason));
}

bool app_compare_print(const app_output *output, const sotto_event *event) {
    char text[APP_COMPARE_TEXT_SIZE];
    int len = (int)event->jid.len;
    const char *jid = len > 0 ? (const char *)event->jid.at : "";
    if (event->kind != SOTTO_EVENT_COMPARE) return false;
    app_compare_group(event->text, text);
    switch ((sotto_compare)event->number) {
    case SOTTO_COMPARE_WAITING:
        break; /* whoever asked is told where it was asked */
    case SOTTO_COMPARE_ASKED:
        app_print(output, APP_ERR, "%.*s wants to compare keys with you: sotto verify %.*s, or /verify in a chat.\n",
                  len, jid, len, jid);
        print_fruitless(output, APP_ERR, event->total);
        break;
    case SOTTO_COMPARE_READY:
        app_print(output, APP_ERR,
                  "Compare with %.*s, by voice or side by side: %s. sotto verify %.*s asks whether it "
                  "is the same on both sides.\n",
                  len, jid, text, len, jid);
        print_fruitless(output, APP_ERR, event->total);
        break;
    case SOTTO_COMPARE_THEY_AGREED:
        app_print(output, APP_ERR,
                  "%.*s said that they see %s as well. Not answered here yet: sotto verify %.*s asks.\n", len, jid,
                  text, len, jid);
        break;
    case SOTTO_COMPARE_VERIFIED:
        app_print(output, APP_ERR, "%.*s is verified here.\n", len, jid);
        break;
    case SOTTO_COMPARE_AGREED:
        app_print(output, APP_ERR, "Both of you have compared: %.*s and you are verified on both sides.\n", len, jid);
        break;
    case SOTTO_COMPARE_ABORTED:
        print_aborted(output, len, jid, event->reason);
        break;
    }
    return true;
}

void app_compare_json(app_json *json, const sotto_event *event) {
    static const char *const stages[] = {
        [SOTTO_COMPARE_WAITING] = "waiting",   [SOTTO_COMPARE_ASKED] = "asked",
        [SOTTO_COMPARE_READY] = "ready",       [SOTTO_COMPARE_THEY_AGREED] = "they-agreed",
        [SOTTO_COMPARE_VERIFIED] = "verified", [SOTTO_COMPARE_AGREED] = "agreed",
        [SOTTO_COMPARE_ABORTED] = "aborted"};
    if (event->kind != SOTTO_EVENT_COMPARE) return;
    bool known = event->number > 0 && event->number < sizeof stages / sizeof stages[0];
    app_json_text(json, "stage", bytes_text(known ? stages[event->number] : "unknown"));
    if (event->text.len > 0)
        app_json_text(json, "string", event->text);
    else
        app_json_null(json, "string");
    app_json_number(json, "fruitless", event->total);
}

/* ---- in a task ---- */

static void put_json(const app_task *task, const sotto_event *event) {
    bytes_buffer line;
    sotto_bytes text;
    bytes_buffer_owned(&line, sotto_host_default(), JSON_BYTES_MAX);
    if (app_event_json(&line, event) && sotto_ok(bytes_buffer_end(&line, &text))) app_put(task->output, APP_OUT, text);
    bytes_buffer_free(&line);
}

static const char *whom(const app_task *task) {
    return task->asked[0];
}

static void show(app_task *task, const sotto_event *event) {
    char text[APP_COMPARE_TEXT_SIZE];
    bool ask = task->output->screen.out_terminal;
    app_compare_group(event->text, text);
    app_print(task->output, APP_OUT, "Compare with %s, by voice or side by side:\n\n    ", whom(task));
    app_colour_to(task->output, APP_OUT, APP_BOLD);
    app_print(task->output, APP_OUT, "%s", text);
    app_colour_to(task->output, APP_OUT, APP_PLAIN);
    app_print(task->output, APP_OUT, "\n\n");
    print_fruitless(task->output, APP_OUT, event->total);
    if (!ask)
        app_print(task->output, APP_OUT,
                  "sotto verify %s --answer yes (or no) says whether the other side shows the "
                  "same.\n",
                  whom(task));
    app_task_finish(task, ask ? APP_ASK_SAME : APP_DONE);
}

static void say_waiting(const app_task *task, const sotto_event *event) {
    app_print(task->output, APP_ERR, "Waiting for %s: run sotto verify %s there, or /verify in a chat.%s\n", whom(task),
              app_session_jid(task->session),
              sotto_is(event->reason, SOTTO_E_OFFLINE) ? " (It leaves when the server is there.)" : "");
}

static bool on_event(app_task *task, const sotto_event *event) {
    if (event->kind != SOTTO_EVENT_COMPARE || !bytes_is(event->jid, whom(task))) return false;
    if (app_argument(&task->arguments, "json")) put_json(task, event);
    bool json = app_argument(&task->arguments, "json") != NULL;
    switch ((sotto_compare)event->number) {
    case SOTTO_COMPARE_WAITING: /* it comes again when both began at once, or another command did */
        if (!json && task->asked_count == 0) say_waiting(task, event);
        task->asked_count = 1;
        break;
    case SOTTO_COMPARE_READY:
    case SOTTO_COMPARE_THEY_AGREED:
        if (json)
            app_task_finish(task, APP_DONE);
        else
            show(task, event);
        break;
    case SOTTO_COMPARE_ABORTED:
        if (!json) (void)app_compare_print(task->output, event);
        app_task_finish(task, APP_REFUSED);
        break;
    default:
        break;
    }
    return true;
}

/* Nobody has answered for as long as anything is waited for. It goes on: people look up from what they do. */
static void on_nothing(app_task *task, sotto_status status) {
    if (!sotto_is(status, SOTTO_E_TIMEOUT)) {
        app_task_fail(task, status, whom(task));
        return;
    }
    if (task->answers == 0)
        app_print(task->output, APP_ERR,
                  "No answer yet. Their client may not know this: sotto verify %s --fingerprints compares without it. "
                  "What was asked stays open for seven days, also when this ends: sotto listen, chat and verify show "
                  "what comes of it.\n",
                  whom(task));
    if (++task->answers >= ROUNDS_MAX)
        app_task_finish(task, APP_REFUSED);
    else
        app_task_wait(task, on_nothing);
}

void app_compare_begin(app_task *task, const char *jid) {
    const sotto_input input = {.kind = SOTTO_INPUT_COMPARE, .jid = bytes_text(jid)};
    (void)snprintf(task->asked[0], sizeof task->asked[0], "%s", jid);
    task->answers = 0;     /* here: how often nothing came */
    task->asked_count = 0; /* here: it was said that the other side is waited for */
    task->event = on_event;
    sotto_status status = app_session_step(task->session, &input);
    if (sotto_ok(status))
        app_task_wait(task, on_nothing);
    else
        app_task_fail(task, status, whom(task));
}

/* ---- the answer ---- */

static void said_yes(app_task *task, sotto_status status) {
    if (!sotto_ok(status)) {
        app_task_fail(task, status, whom(task));
        return;
    }
    if (app_argument(&task->arguments, "json")) {
        app_task_finish(task, APP_DONE);
        return;
    }
    app_print(task->output, APP_OUT, "%s is verified: every key they showed in this comparison.\n", whom(task));
    if (app_sessions_offer(app_session_engine(task->session), whom(task)))
        app_print(task->output, APP_OUT, "sotto via %s live keeps what you say to each other out of every archive.\n",
                  whom(task));
    app_task_finish(task, APP_DONE);
}

static void said_no(app_task *task, sotto_status status) {
    if (!sotto_ok(status)) {
        app_task_fail(task, status, whom(task));
        return;
    }
    app_task_refuse(task,
                    "Nothing was verified. If the other side saw other characters, somebody may be between you "
                    "and %s.",
                    whom(task));
}

/* What comes of it, for programs; people are told when it is committed. */
static bool on_answer(app_task *task, const sotto_event *event) {
    if (event->kind != SOTTO_EVENT_COMPARE || !bytes_is(event->jid, whom(task))) return false;
    if (app_argument(&task->arguments, "json")) put_json(task, event);
    return false;
}

void app_compare_answer(app_task *task, const char *jid, const char *answer) {
    app_comparison run = {0};
    char typed[CONTEXT_COMPARE_STRING_SIZE], grouped[APP_COMPARE_TEXT_SIZE];
    (void)snprintf(task->asked[0], sizeof task->asked[0], "%s", jid);
    sotto_status status = app_compare_look(app_session_engine(task->session), jid, &run);
    bool known = sotto_ok(status) && (run.stage == SOTTO_COMPARE_READY || run.stage == SOTTO_COMPARE_THEY_AGREED);
    bool yes = strcmp(answer, "yes") == 0 || strcmp(answer, "y") == 0;
    bool no = strcmp(answer, "no") == 0 || strcmp(answer, "n") == 0;
    if (sotto_ok(status) && (run.stage == 0 || (!known && !no))) {
        app_task_refuse(task,
                        "There is nothing to answer: no comparison with %s was begun, or it is over, because the other "
                        "side said no, gave it up, or took longer than ten minutes. Nothing was verified by it; sotto "
                        "verify %s begins another.",
                        jid, jid);
        return;
    }
    if (!yes && !no && !context_compare_typed(bytes_text(answer), typed)) {
        app_task_refuse(task, "--answer is yes, no, or the eight characters that the other side shows. Nothing was "
                              "changed.");
        return;
    }
    if (!yes && !no) {
        app_compare_group(bytes_text(typed), grouped);
        yes = strcmp(grouped, run.text) == 0;
    }
    const sotto_input input = {.kind = SOTTO_INPUT_COMPARED, .jid = bytes_text(jid), .same = yes};
    task->event = on_answer;
    if (sotto_ok(status)) status = app_session_step(task->session, &input);
    if (sotto_ok(status))
        app_task_when_committed(task, yes ? said_yes : said_no);
    else
        app_task_fail(task, status, jid);
}

/* ---- a word that both know ---- */

#define BEGIN_MS   2000u /* a session is being opened: looked at again after that */
#define BEGINS_MAX 15u

static void say_word(app_task *task, sotto_status status);

static bool on_password(app_task *task, const sotto_event *event) {
    if (event->kind != SOTTO_EVENT_PASSWORD || !bytes_is(event->jid, whom(task))) return false;
    bool json = app_argument(&task->arguments, "json") != NULL;
    bool begins = (sotto_password_news)event->number == SOTTO_PASSWORD_OVER &&
                  sotto_is(event->reason, SOTTO_E_NO_SESSION) && task->answers < BEGINS_MAX;
    if (begins) { /* with whoever is there a session is begun by asking for it */
        app_task_wait_for(task, BEGIN_MS, say_word);
        return true;
    }
    if (json) put_json(task, event);
    switch ((sotto_password_news)event->number) {
    case SOTTO_PASSWORD_ASKED:
        break;
    case SOTTO_PASSWORD_CONFIRMED:
        if (!json) app_print(task->output, APP_OUT, "%s knows the same word and is verified.\n", whom(task));
        app_task_finish(task, APP_DONE);
        break;
    case SOTTO_PASSWORD_WRONG:
        app_task_refuse(task, "%s typed another word (%u wrong so far). Nothing was verified.", whom(task),
                        (unsigned)event->total);
        break;
    case SOTTO_PASSWORD_OVER:
        app_task_refuse(task, "Nothing came of it: %s.", app_live_password_over(event->reason));
        break;
    }
    return true;
}

static void no_password(app_task *task, sotto_status status) {
    if (!sotto_is(status, SOTTO_E_TIMEOUT)) {
        app_task_fail(task, status, whom(task));
        return;
    }
    if (++task->answers >= ROUNDS_MAX)
        app_task_refuse(task, "%s typed nothing.", whom(task));
    else
        app_task_wait(task, no_password);
}

/* Types it: the first time, and again when there was no session yet. */
static sotto_status type_word(app_task *task, bool again) {
    const sotto_input input = {
        .kind = SOTTO_INPUT_PASSWORD, .jid = bytes_text(whom(task)), .bytes = task->order.text, .again = again};
    return app_session_step(task->session, &input);
}

static void say_word(app_task *task, sotto_status status) {
    if (sotto_is(status, SOTTO_E_TIMEOUT)) status = SOTTO_OK; /* the pause is over */
    task->answers++;
    app_task_wait(task, no_password);
    if (sotto_ok(status)) status = type_word(task, app_argument(&task->arguments, "again") != NULL);
    if (!sotto_ok(status)) app_task_fail(task, status, whom(task));
}

void app_compare_password(app_task *task, const char *jid, bool again) {
    (void)snprintf(task->asked[0], sizeof task->asked[0], "%s", jid);
    task->answers = 0;
    task->event = on_password;
    sotto_status status = type_word(task, again);
    if (sotto_is(status, SOTTO_E_USAGE)) {
        app_task_refuse(task, "That word cannot be used: it has to be text (UTF-8) without control characters, and at "
                              "least one character that is no blank. Nothing was compared.");
        return;
    }
    if (!sotto_ok(status)) {
        app_task_fail(task, status, jid);
        return;
    }
    app_print(task->output, APP_ERR, "Waiting for %s: run sotto verify %s --password there, with the same word.\n", jid,
              app_session_jid(task->session));
    app_task_wait(task, no_password);
}
