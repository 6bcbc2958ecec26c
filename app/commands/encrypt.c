/* SPDX-License-Identifier: ISC
 *
 * sotto encrypt: what a contact's messages need before they leave. Going on in the clear takes words when something was
 * encrypted with the contact before (test/policy/opt-out.txt): a slip of the hand must not end the promise. */
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "app/commands/commands.h"
#include "app/holder.h"
#include "app/task.h"
#include "app/terminal.h"
#include "bytes/span.h"
#include "trust/clear.h"

#define WORDS        "in the clear" /* that confirm it */
#define FOR_MS_MAX   (UINT64_C(30) * 24 * 3600 * 1000)
#define TIME_BYTES   32
#define ANSWER_BYTES 64

typedef struct encrypt_task {
    app_task task;
    char jid[SOTTO_JID_BYTES_MAX + 1];
    sotto_input input;
} encrypt_task;

static const struct {
    const char *name;
    sotto_encrypt encrypt;
    const char *text;
} policies[] = {
    {"auto", SOTTO_ENCRYPT_AUTO, "encrypted when they can read that, and from then on always"},
    {"always", SOTTO_ENCRYPT_ALWAYS, "always encrypted"},
    {"never", SOTTO_ENCRYPT_NEVER, "NOT encrypted"},
};

static const char *text_of(sotto_encrypt encrypt) {
    for (size_t i = 0; i < sizeof policies / sizeof *policies; i++)
        if (policies[i].encrypt == encrypt) return policies[i].text;
    return policies[1].text;
}

/* "90m", "1h", "2d"; 0: not of that form, nothing, or longer than 30 days. */
static uint64_t duration(const char *text) {
    static const struct {
        char unit;
        uint64_t ms;
    } units[] = {{'m', 60000}, {'h', 3600000}, {'d', 86400000}};
    size_t digits = strspn(text, "0123456789");
    uint64_t value = 0;
    if (digits == 0 || digits > 5 || strlen(text) != digits + 1) return 0;
    for (size_t i = 0; i < digits; i++) value = value * 10 + (uint64_t)(text[i] - '0');
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (text[digits] == units[i].unit && value <= FOR_MS_MAX / units[i].ms) return value * units[i].ms;
    return 0;
}

/* ---- telling ---- */

static void print_until(const app_output *output, uint64_t until_ms) {
    char text[TIME_BYTES];
    struct tm local;
    time_t seconds = (time_t)(until_ms / 1000);
    if (localtime_r(&seconds, &local) && strftime(text, sizeof text, "%Y-%m-%d %H:%M", &local) > 0)
        app_print(output, APP_OUT, " until %s, and then again as before", text);
}

static void encrypt_show(app_task *task, sotto_status status) {
    const encrypt_task *encrypt = (const encrypt_task *)task;
    sotto_contact contact;
    if (sotto_ok(status))
        status = sotto_engine_contact(app_session_engine(task->session), bytes_text(encrypt->jid), &contact);
    if (!sotto_ok(status)) {
        app_task_fail(task, status, encrypt->jid);
        return;
    }
    app_print(task->output, APP_OUT, "Messages to %s are %s", encrypt->jid, text_of(contact.now));
    if (contact.clear_until_ms > 0) print_until(task->output, contact.clear_until_ms);
    app_print(task->output, APP_OUT, ".\n");
    if (contact.opted_out)
        app_print(task->output, APP_OUT,
                  "They asked to go on without encryption, so what you send is held: sotto encrypt %s always or never "
                  "answers them.\n",
                  encrypt->jid);
    if (contact.doubtful)
        app_print(task->output, APP_OUT, "It is doubtful whether they can read that: sotto devices %s.\n",
                  encrypt->jid);
    app_task_finish(task, APP_DONE);
}

/* ---- asking ---- */

static void say_what_it_means(const app_task *task, const char *jid, bool they_asked) {
    if (they_asked)
        app_print(task->output, APP_ERR, "%s asked for it, encrypted and with a key that you accepted. ", jid);
    app_print(
        task->output, APP_ERR,
        "Messages to %s were encrypted until now. Without that both servers, and whoever looks into them, can read "
        "what you write. With --for 1h it ends by itself.\n",
        jid);
    if (!task->output->screen.out_terminal)
        app_print(task->output, APP_ERR, "Nothing was changed. The words that confirm it: --confirm \"" WORDS "\"\n");
}

/* *ret_ask: the words are missing. */
static sotto_status weigh(const encrypt_task *encrypt, bool *ret_ask) {
    sotto_contact contact;
    const char *words = app_argument(&encrypt->task.arguments, "confirm");
    *ret_ask = false;
    if (encrypt->input.encrypt != SOTTO_ENCRYPT_NEVER) return SOTTO_OK;
    SOTTO_TRY(sotto_engine_contact(app_session_engine(encrypt->task.session), bytes_text(encrypt->jid), &contact));
    trust_clear_facts facts = {.encrypted = contact.encrypted,
                               .asked = contact.opted_out,
                               .limited = encrypt->input.for_ms > 0,
                               .confirmed = words != NULL && strcasecmp(words, WORDS) == 0};
    trust_clear decision = trust_clear_decide(&facts);
    *ret_ask = decision == TRUST_CLEAR_ASK || decision == TRUST_CLEAR_ANSWER;
    if (*ret_ask) say_what_it_means(&encrypt->task, encrypt->jid, decision == TRUST_CLEAR_ANSWER);
    return SOTTO_OK;
}

/* ---- deciding ---- */

/* False: refused, and the task is gone. */
static bool read_policy(encrypt_task *encrypt) {
    app_task *task = &encrypt->task;
    const char *name = task->arguments.positional[1], *limit = app_argument(&task->arguments, "for");
    size_t i = 0, count = sizeof policies / sizeof *policies;
    while (i < count && strcmp(policies[i].name, name) != 0) i++;
    if (i == count) {
        app_task_refuse(task, "%s is neither auto nor always nor never.", name);
        return false;
    }
    encrypt->input =
        (sotto_input){.kind = SOTTO_INPUT_POLICY, .jid = bytes_text(encrypt->jid), .encrypt = policies[i].encrypt};
    if (limit == NULL) return true;
    if (policies[i].encrypt != SOTTO_ENCRYPT_NEVER) {
        app_task_refuse(task, "--for is for never: what is encrypted stays so.");
        return false;
    }
    encrypt->input.for_ms = duration(limit);
    if (encrypt->input.for_ms > 0) return true;
    app_task_refuse(task, "%s is no time like 90m, 1h or 2d, of at most 30 days.", limit);
    return false;
}

static void encrypt_begin(app_task *task) {
    encrypt_task *encrypt = (encrypt_task *)task;
    bool ask;
    if (!app_task_address(task, task->arguments.positional[0], encrypt->jid)) return;
    if (task->arguments.count < 2) {
        encrypt_show(task, SOTTO_OK);
        return;
    }
    if (!read_policy(encrypt)) return;
    sotto_status status = weigh(encrypt, &ask);
    if (sotto_ok(status) && ask) {
        app_task_finish(task, APP_ASK);
        return;
    }
    if (sotto_ok(status)) status = app_session_step(task->session, &encrypt->input);
    if (sotto_ok(status))
        app_task_when_committed(task, encrypt_show);
    else
        app_task_fail(task, status, encrypt->jid);
}

const app_task_class app_encrypt_task = {"encrypt", sizeof(encrypt_task), NULL, encrypt_begin, NULL};

/* ---- at the terminal ---- */

int app_encrypt_run(const app_context *context, const app_arguments *arguments) {
    int exit_status = app_holder_run(context, arguments);
    if (exit_status != APP_ASK) return exit_status;
    char answer[ANSWER_BYTES];
    int terminal = isatty(STDIN_FILENO) == 1 ? app_terminal_open() : -1;
    app_arguments confirmed = *arguments;
    bool typed = app_terminal_answer(terminal, "To do so, type the words " WORDS ": ", answer, sizeof answer);
    if (terminal >= 0) (void)close(terminal);
    if (!typed || strcasecmp(answer, WORDS) != 0 || !app_argument_set(&confirmed, "confirm", WORDS)) {
        if (context->output.screen.out_terminal)
            app_print(&context->output, APP_ERR, "sotto encrypt: Nothing was changed.\n");
        return APP_REFUSED;
    }
    exit_status = app_holder_run(context, &confirmed);
    return exit_status == APP_ASK ? APP_REFUSED : exit_status;
}
