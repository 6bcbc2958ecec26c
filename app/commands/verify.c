/* SPDX-License-Identifier: ISC
 *
 * sotto verify: keys that were compared, by reading them off each other's screens. Where both programs can, that is
 * eight characters and one key (verify/compare.h), or a word that both people know. Else it shows the own address with
 * fingerprints as text and as a QR code; takes the other side's, from the command line, from standard input or out of
 * an image, and marks as verified what both it and the list here have, after asking. A claim is believed for its own
 * JID alone, a key that is not known here is nothing, and one that contradicts what is known ends it. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "app/commands/commands.h"
#include "app/fingerprint.h"
#include "app/holder.h"
#include "app/keys.h"
#include "app/task.h"
#include "app/terminal.h"
#include "app/verify/compare.h"
#include "app/verify/image.h"
#include "app/verify/uri.h"
#include "bytes/memory.h"
#include "bytes/span.h"

#define QR_BYTES_MAX  262144u
#define URI_BYTES_MAX 16384u
#define ANSWER_BYTES  128

typedef struct verify_task {
    app_task task;
    char jid[SOTTO_JID_BYTES_MAX + 1];
    bool has_uri;
    bool has_jid;  /* it was typed */
    bool answered; /* the server said which devices there are */
    app_verify_uri uri;
    size_t first_number; /* of the positional words, where numbers begin; 0: none */
    unsigned done;
    app_keys keys;
} verify_task;

static bool is_own(const verify_task *verify) {
    return strcmp(verify->jid, app_session_jid(verify->task.session)) == 0;
}

/* ---- what is left ---- */

static bool is_open(const app_key *key) {
    return key->known && key->active && !key->this_device && key->trust != SOTTO_TRUST_VERIFIED &&
           key->trust != SOTTO_TRUST_DISTRUSTED;
}

static size_t count_open(const app_keys *keys) {
    size_t count = 0;
    for (size_t i = 0; i < keys->count; i++) count += is_open(&keys->at[i]);
    return count;
}

static void print_open(const verify_task *verify) {
    const app_output *output = verify->task.output;
    size_t left = count_open(&verify->keys);
    if (left == 0) {
        app_print(output, APP_OUT, "Every device of %s that is in use is verified or refused.\n", verify->jid);
        return;
    }
    app_print(output, APP_OUT, "Not verified yet: %zu %s of %s:\n", left, left == 1 ? "device" : "devices",
              verify->jid);
    for (size_t i = 0; i < verify->keys.count; i++) {
        char fingerprint[APP_FINGERPRINT_TEXT_SIZE];
        const app_key *key = &verify->keys.at[i];
        if (!is_open(key)) continue;
        app_fingerprint_text(key->fingerprint, fingerprint);
        app_print(output, APP_OUT, " %zu   device %u, %s\n     %s\n", i + 1, (unsigned)key->device,
                  app_trust_text(key->trust), fingerprint);
    }
}

/* ---- showing ---- */

/* This device, and own other ones that are verified: whoever scans it need not scan each of them. */
static sotto_status put_own(const verify_task *verify, const app_keys *own, bytes_buffer *to) {
    app_verify_key shown[APP_VERIFY_KEYS_MAX];
    uint8_t names[APP_VERIFY_KEYS_MAX][32];
    sotto_bytes jid = bytes_text(app_session_jid(verify->task.session));
    size_t count = 0;
    for (size_t i = 0; i < own->count && count < APP_VERIFY_KEYS_MAX; i++) {
        const app_key *key = &own->at[i];
        if (!key->known || !(key->this_device || (key->active && key->trust == SOTTO_TRUST_VERIFIED))) continue;
        shown[count] = (app_verify_key){.has_device = true, .device = key->device};
        memcpy(shown[count].fingerprint, key->fingerprint, sizeof key->fingerprint);
        memcpy(names[count++], key->name, sizeof key->name);
    }
    if (count == 0) return SOTTO_FAIL(NOT_FOUND);
    if (app_argument(&verify->task.arguments, "trust-message"))
        app_verify_uri_put_trust(to, jid, (const uint8_t(*)[32])names, count);
    else
        app_verify_uri_put(to, jid, shown, count);
    return to->status;
}

static sotto_status print_code(const app_output *output, sotto_bytes text) {
    bytes_buffer code;
    sotto_bytes drawn;
    bytes_buffer_owned(&code, sotto_host_default(), QR_BYTES_MAX);
    sotto_status status = app_fingerprint_qr(&code, text, output->screen.out_terminal && output->screen.colours);
    if (sotto_ok(status)) status = bytes_buffer_end(&code, &drawn);
    if (sotto_ok(status)) app_put(output, APP_OUT, drawn);
    bytes_buffer_free(&code);
    return status;
}

static sotto_status print_own(const verify_task *verify) {
    const app_output *output = verify->task.output;
    app_keys own;
    bytes_buffer uri;
    sotto_bytes text = BYTES_NONE;
    SOTTO_TRY(app_keys_read(&own, app_session_engine(verify->task.session), app_session_jid(verify->task.session)));
    app_keys_devices(&own); /* addresses have no form for live keys */
    bytes_buffer_owned(&uri, sotto_host_default(), URI_BYTES_MAX);
    sotto_status status = put_own(verify, &own, &uri);
    if (sotto_ok(status)) status = bytes_buffer_end(&uri, &text);
    if (sotto_ok(status)) status = print_code(output, text);
    bool large = text.len > 0 && sotto_is(status, SOTTO_E_TOO_LARGE); /* more devices than a code holds: as text */
    if (large) status = SOTTO_OK;
    if (sotto_ok(status)) app_print(output, APP_OUT, "%.*s\n", (int)text.len, (const char *)text.at);
    bytes_buffer_free(&uri);
    return status;
}

static void verify_show(verify_task *verify) {
    app_task *task = &verify->task;
    bool asks = task->output->screen.out_terminal && count_open(&verify->keys) > 0;
    app_print(task->output, APP_OUT, "This is you, for others to scan or to paste:\n\n");
    sotto_status status = print_own(verify);
    if (!sotto_ok(status)) {
        app_task_fail(task, status, verify->jid);
        return;
    }
    app_print(task->output, APP_OUT, is_own(verify) ? "\nYour devices\n\n" : "\nDevices of %s\n\n", verify->jid);
    app_keys_print(task->output, &verify->keys, net_now_ms());
    app_print(task->output, APP_OUT, "\n");
    if (verify->keys.count == 0) {
        app_task_refuse(task, "There is nothing to compare: no keys of %s are known here, and %s.", verify->jid,
                        verify->answered ? "their server has none" : "their server did not give any");
        return;
    }
    app_task_finish(task, asks ? APP_ASK : APP_DONE);
}

/* ---- comparing ---- */

typedef enum finding { VERIFIED, TO_VERIFY, TO_REFUSE, THIS_DEVICE, REFUSED, UNKNOWN, CONTRADICTED } finding;

static finding compare(const verify_task *verify, const app_verify_key *claim, const app_key **ret) {
    bool other = false;
    *ret = NULL;
    for (size_t i = 0; i < verify->keys.count; i++) {
        const app_key *key = &verify->keys.at[i];
        if (!key->known) continue;
        if (memcmp(key->fingerprint, claim->fingerprint, sizeof key->fingerprint) == 0) {
            *ret = key;
            if (key->this_device) return THIS_DEVICE;
            if (claim->distrust) return key->trust == SOTTO_TRUST_DISTRUSTED ? REFUSED : TO_REFUSE;
            return key->trust == SOTTO_TRUST_VERIFIED ? VERIFIED : TO_VERIFY;
        }
        other = other || (claim->has_device && key->device == claim->device && key->active);
    }
    return other ? CONTRADICTED : UNKNOWN;
}

static const char *finding_text(finding found, const app_key *key) {
    static const char *const texts[] = {[VERIFIED] = "verified already",
                                        [TO_VERIFY] = "the same here",
                                        [TO_REFUSE] = "the same here; it says that this key must not be trusted",
                                        [THIS_DEVICE] = "this very device",
                                        [REFUSED] = "refused already",
                                        [UNKNOWN] = "not known here: nothing is done about it",
                                        [CONTRADICTED] = "ANOTHER KEY than this device has here"};
    bool refused = found == TO_VERIFY && key && key->trust == SOTTO_TRUST_DISTRUSTED;
    return refused ? "the same here, and you had refused it" : texts[found];
}

typedef struct comparison {
    size_t to_do, contradicted, unknown;
} comparison;

static comparison print_comparison(const verify_task *verify) {
    const app_output *output = verify->task.output;
    comparison found = {0};
    app_print(output, APP_OUT, "Keys of %s that were read:\n", verify->uri.jid);
    for (size_t i = 0; i < verify->uri.count; i++) {
        const app_verify_key *claim = &verify->uri.keys[i];
        char fingerprint[APP_FINGERPRINT_TEXT_SIZE];
        const app_key *key;
        finding result = compare(verify, claim, &key);
        app_fingerprint_text(claim->fingerprint, fingerprint);
        app_print(output, APP_OUT, " %s\n     ", fingerprint);
        if (claim->has_device) app_print(output, APP_OUT, "device %u: ", (unsigned)claim->device);
        app_colour_to(output, APP_OUT,
                      result == CONTRADICTED                      ? APP_RED
                      : result == TO_VERIFY || result == VERIFIED ? APP_GREEN
                                                                  : APP_YELLOW);
        app_print(output, APP_OUT, "%s", finding_text(result, key));
        app_colour_to(output, APP_OUT, APP_PLAIN);
        app_print(output, APP_OUT, "\n");
        found.to_do += result == TO_VERIFY || result == TO_REFUSE;
        found.contradicted += result == CONTRADICTED;
        found.unknown += result == UNKNOWN;
    }
    return found;
}

/* ---- deciding ---- */

static sotto_status decide(verify_task *verify, const app_key *key, sotto_trust trust) {
    sotto_input input = {.kind = SOTTO_INPUT_VERDICT,
                         .jid = bytes_text(verify->jid),
                         .key = bytes_of(key->key, sizeof key->key),
                         .trust = trust};
    verify->done++;
    return app_session_step(verify->task.session, &input);
}

static void verify_done(app_task *task, sotto_status status) {
    verify_task *verify = (verify_task *)task;
    if (sotto_ok(status)) status = app_keys_read(&verify->keys, app_session_engine(task->session), verify->jid);
    if (!sotto_ok(status)) {
        app_task_fail(task, status, verify->jid);
        return;
    }
    app_print(task->output, APP_OUT, "Decided about %u %s of %s.\n", verify->done, verify->done == 1 ? "key" : "keys",
              verify->jid);
    print_open(verify);
    app_task_finish(task, APP_DONE);
}

static void finish_deciding(verify_task *verify, sotto_status status) {
    if (sotto_ok(status))
        app_task_when_committed(&verify->task, verify_done);
    else
        app_task_fail(&verify->task, status, verify->jid);
}

static void verify_claims(verify_task *verify) {
    app_task *task = &verify->task;
    sotto_status status = SOTTO_OK;
    comparison found = print_comparison(verify);
    if (found.contradicted > 0) {
        app_task_refuse(task,
                        "A device of %s has another key here than was read: somebody may be posing as it. Nothing was "
                        "changed. Ask in another way; sotto devices %s shows what is known.",
                        verify->jid, verify->jid);
        return;
    }
    if (found.unknown == verify->uri.count) {
        app_task_refuse(task,
                        "None of these keys is known here, so nothing was verified: they may be of devices that %s no "
                        "longer has, or not of %s at all. sotto devices %s shows what is known.",
                        verify->jid, verify->jid, verify->jid);
        return;
    }
    if (found.to_do == 0) {
        print_open(verify);
        app_task_finish(task, APP_DONE);
        return;
    }
    if (!app_argument(&task->arguments, "yes")) {
        app_task_finish(task, APP_ASK);
        return;
    }
    for (size_t i = 0; i < verify->uri.count && sotto_ok(status); i++) {
        const app_key *key;
        finding result = compare(verify, &verify->uri.keys[i], &key);
        if (result == TO_VERIFY) status = decide(verify, key, SOTTO_TRUST_VERIFIED);
        if (result == TO_REFUSE) status = decide(verify, key, SOTTO_TRUST_DISTRUSTED);
    }
    finish_deciding(verify, status);
}

static void verify_numbers(verify_task *verify) {
    app_task *task = &verify->task;
    const app_key *chosen[APP_POSITIONAL_MAX];
    size_t count = 0;
    for (size_t i = verify->first_number; i < task->arguments.count; i++) {
        size_t at;
        const char *typed = task->arguments.positional[i];
        if (app_keys_choose(&verify->keys, typed, &at) != APP_KEYS_ONE || verify->keys.at[at].this_device ||
            !verify->keys.at[at].known) {
            app_task_refuse(task, "%s is no other device of %s whose key is known. Nothing was changed.", typed,
                            verify->jid);
            return;
        }
        chosen[count++] = &verify->keys.at[at];
    }
    sotto_status status = SOTTO_OK;
    for (size_t i = 0; i < count && sotto_ok(status); i++) {
        char fingerprint[APP_FINGERPRINT_TEXT_SIZE];
        app_fingerprint_text(chosen[i]->fingerprint, fingerprint);
        app_print(task->output, APP_OUT, "Device %u: %s\n", (unsigned)chosen[i]->device, fingerprint);
        status = decide(verify, chosen[i], SOTTO_TRUST_VERIFIED);
    }
    finish_deciding(verify, status);
}

/* ---- beginning ---- */

/* Codes and lists are for people: what --json shows is a comparison by characters. */
static bool asks_string(const verify_task *verify) {
    const app_arguments *arguments = &verify->task.arguments;
    bool other = verify->has_uri || verify->first_number > 0 || app_argument(arguments, "fingerprints") ||
                 app_argument(arguments, "trust-message");
    return app_argument(arguments, "string") || (app_argument(arguments, "json") && !other);
}

/* What is known serves when the server cannot be asked: a key that was compared is no less so. */
/* The best way both sides have: somebody there can be asked, or has asked already; and somebody here can look at it. */
static sotto_status wants_string(verify_task *verify, bool *ret) {
    app_task *task = &verify->task;
    app_comparison run;
    bool other = app_argument(&task->arguments, "fingerprints") || app_argument(&task->arguments, "trust-message");
    *ret = false;
    if (other || verify->has_uri || verify->first_number > 0) return SOTTO_OK;
    if (!asks_string(verify) && !(verify->has_jid && task->output->screen.out_terminal)) return SOTTO_OK;
    SOTTO_TRY(app_compare_look(app_session_engine(task->session), verify->jid, &run));
    *ret = run.stage != 0 || app_compare_can(&verify->keys);
    return SOTTO_OK;
}

static bool verify_together(verify_task *verify) {
    app_task *task = &verify->task;
    const char *answer = app_argument(&task->arguments, "answer");
    bool string = false;
    if (answer) {
        app_compare_answer(task, verify->jid, answer);
        return true;
    }
    if (app_argument(&task->arguments, "password")) {
        app_compare_password(task, verify->jid, app_argument(&task->arguments, "again") != NULL);
        return true;
    }
    sotto_status status = wants_string(verify, &string);
    if (!sotto_ok(status)) {
        app_task_fail(task, status, verify->jid);
        return true;
    }
    if (!string && asks_string(verify)) {
        app_task_refuse(task,
                        "No device of %s is known that could compare by eight characters. sotto verify %s "
                        "--fingerprints compares without.",
                        verify->jid, verify->jid);
        return true;
    }
    if (string) app_compare_begin(task, verify->jid);
    return string;
}

static void verify_look(app_task *task, sotto_status asked) {
    verify_task *verify = (verify_task *)task;
    verify->answered = sotto_ok(asked) && sotto_ok(task->answer);
    sotto_status status = app_keys_read(&verify->keys, app_session_engine(task->session), verify->jid);
    if (!sotto_ok(status)) {
        app_task_fail(task, status, verify->jid);
        return;
    }
    if (verify_together(verify)) return;
    if (verify->has_uri)
        verify_claims(verify);
    else if (verify->first_number > 0)
        verify_numbers(verify);
    else
        verify_show(verify);
}

static bool is_address(const char *text) {
    while (*text == ' ' || *text == '\t' || *text == '\n' || *text == '\r') text++;
    return strncasecmp(text, "xmpp:", 5) == 0 || strncasecmp(text, "https:", 6) == 0;
}

static bool read_uri(verify_task *verify, const char *text) {
    sotto_status status = app_verify_uri_read(&verify->uri, bytes_text(text));
    verify->has_uri = sotto_ok(status);
    if (verify->has_uri) return true;
    app_task_refuse(&verify->task, "%s Nothing was changed.",
                    sotto_is(status, SOTTO_E_NOT_FOUND) ? "There are no fingerprints of OMEMO keys in this address."
                    : sotto_is(status, SOTTO_E_BAD_KEY)
                        ? "What should be a fingerprint in this address is not 64 hex digits."
                    : sotto_is(status, SOTTO_E_BAD_JID)   ? "This address names no account."
                    : sotto_is(status, SOTTO_E_TOO_LARGE) ? "This address is too long, or has too many keys."
                                                          : "This is no address with fingerprints that can be read, or "
                                                            "one that contradicts itself.");
    return false;
}

/* JID, address, or both; a JID and numbers; or nothing. */
static bool read_words(verify_task *verify) {
    app_task *task = &verify->task;
    size_t at = 0, count = task->arguments.count;
    const char *const *words = task->arguments.positional;
    const char *jid = NULL;
    if (at < count && !is_address(words[at])) jid = words[at++];
    verify->has_jid = jid != NULL;
    if (at < count && is_address(words[at]) && !read_uri(verify, words[at++])) return false;
    if (verify->has_uri && at < count) {
        app_task_refuse(task, "Behind an address nothing more is expected: %s.", words[at]);
        return false;
    }
    verify->first_number = at < count ? at : 0;
    const char *whose = jid ? jid : verify->has_uri ? verify->uri.jid : app_session_jid(task->session);
    if (!app_task_address(task, whose, verify->jid)) return false;
    if (!verify->has_uri || strcmp(verify->jid, verify->uri.jid) == 0) return true;
    app_task_refuse(task, "These are keys of %s, and not of %s. Nothing was changed.", verify->uri.jid, verify->jid);
    return false;
}

static void verify_begin(app_task *task) {
    verify_task *verify = (verify_task *)task;
    if (read_words(verify)) app_task_refresh(task, verify->jid, NULL, verify_look);
}

/* The word is no standard input of another command: it was asked for at the terminal, or read from a file. */
const app_task_class app_verify_task = {"verify", sizeof(verify_task), NULL, verify_begin, NULL};

/* ---- at the terminal ---- */

/* All of standard input, up to what an address may be. */
static bool read_input(char *ret, size_t size) {
    size_t len = 0;
    while (len + 1 < size) {
        ssize_t got = read(STDIN_FILENO, ret + len, size - 1 - len);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return false;
        if (got == 0) break;
        len += (size_t)got;
    }
    ret[len] = '\0';
    return len > 0 && len + 1 < size && strlen(ret) == len;
}

/* Where the address comes from: an image or standard input take the place of a word. */
static bool gather(const app_context *context, app_arguments *arguments, char *room, size_t size) {
    const char *image = app_argument(arguments, "image");
    size_t last = arguments->count > 0 ? arguments->count - 1 : 0;
    bool input = !image && arguments->count > 0 && strcmp(arguments->positional[last], "-") == 0;
    app_trouble trouble;
    if (!image && !input) return true;
    bool done = image ? app_verify_image(image, room, &trouble) : read_input(room, size);
    if (!image && !done) (void)app_trouble_set(&trouble, "Standard input holds no address.");
    /* Whoever made the image decides what is in it: never a number, which would be a verdict on a key. */
    if (done && !is_address(room))
        done = app_trouble_set(&trouble, "What %s holds is no address with fingerprints. Nothing was changed.",
                               image ? image : "standard input");
    if (image && arguments->count == APP_POSITIONAL_MAX) done = app_trouble_set(&trouble, "There are too many words.");
    if (done && image) arguments->positional[arguments->count++] = room;
    if (done && input) arguments->positional[last] = room;
    if (done && image) done = app_argument_set(arguments, "image", NULL);
    if (!done) app_trouble_print(&context->output, "verify", &trouble);
    return done;
}

/* Numbers, as words behind the JID; false: nothing was typed. */
static bool ask_numbers(app_arguments *arguments, int terminal, const char *own, char *answer) {
    char *rest = answer;
    if (!app_terminal_answer(terminal, "Which of them did you compare? Numbers, or nothing: ", answer, ANSWER_BYTES))
        return false;
    if (arguments->count == 0) arguments->positional[arguments->count++] = own;
    for (char *word; (word = strsep(&rest, " ,")) != NULL;)
        if (*word && arguments->count < APP_POSITIONAL_MAX) arguments->positional[arguments->count++] = word;
    return true;
}

static int ask_and_go_on(const app_context *context, const app_arguments *asked) {
    char answer[ANSWER_BYTES];
    app_arguments mine = *asked, *arguments = &mine; /* words of it lie in `answer` */
    app_holding holding = {.lock = -1};
    app_trouble trouble;
    bool claims = arguments->count > 0 && is_address(arguments->positional[arguments->count - 1]), go_on;
    int terminal = app_terminal_open();
    if (claims) {
        go_on = app_terminal_confirm(terminal, "Did you get this from them yourself, and decide so? [y/N] ") &&
                app_argument_set(arguments, "yes", "");
    } else {
        go_on = app_holding_find(&holding, context, arguments, &trouble) &&
                ask_numbers(arguments, terminal, holding.account.jid, answer);
    }
    if (terminal >= 0) (void)close(terminal);
    if (!go_on) {
        app_print(&context->output, APP_ERR, "sotto verify: Nothing was changed%s.\n",
                  terminal < 0 ? ". Without a terminal, --yes says that you compared" : "");
        return claims ? APP_REFUSED : APP_DONE;
    }
    int exit_status = app_holder_run(context, arguments);
    return exit_status == APP_ASK ? APP_REFUSED : exit_status;
}

/* One key. Whoever looks away first has said nothing: the run stays as it is. */
static int ask_same(const app_context *context, const app_arguments *asked) {
    app_arguments mine = *asked;
    int terminal = app_terminal_open();
    char key = app_terminal_key(terminal, "Does the other side show the same? [y/n] ", "yn");
    if (terminal >= 0) (void)close(terminal);
    if (key == '\0' || !app_argument_set(&mine, "answer", key == 'y' ? "yes" : "no")) {
        app_print(&context->output, APP_ERR, "sotto verify: Nothing was changed; the same command asks again.\n");
        return APP_REFUSED;
    }
    int exit_status = app_holder_run(context, &mine);
    return exit_status > APP_USAGE ? APP_REFUSED : exit_status;
}

static int run_password(const app_context *context, const app_arguments *arguments) {
    app_secret word = {.len = 0};
    app_trouble trouble;
    const char *file = app_argument(arguments, "password-file");
    int terminal = -1, exit_status = APP_REFUSED;
    bool done = true;
    if (file) {
        done = app_holder_secret_file(&word, file, &context->output, &trouble);
    } else {
        terminal = app_terminal_open();
        sotto_status status =
            terminal >= 0 ? app_terminal_secret(terminal, "A word that both of you know: ", &word) : SOTTO_FAIL(SYSTEM);
        if (!sotto_ok(status))
            done = app_trouble_set(&trouble, "Nothing was typed, and nothing was changed. Without a terminal, "
                                             "--password-file names a file that holds the word.");
    }
    if (terminal >= 0) (void)close(terminal);
    if (done)
        exit_status = app_holder_run_with(context, arguments, bytes_of(word.bytes, word.len));
    else
        app_trouble_print(&context->output, "verify", &trouble);
    bytes_wipe(&word, sizeof word);
    return exit_status;
}

/* Two ways of comparing at once, or a part of one that was not chosen, would be passed over in silence. */
static const char *mistake_in(const app_arguments *arguments) {
    static const char *const alone[] = {"string", "answer", "fingerprints", "image", "trust-message"};
    bool json = app_argument(arguments, "json") != NULL, password = app_argument(arguments, "password") != NULL;
    if (!password && app_argument(arguments, "again")) return "--again goes with --password";
    if (json && (arguments->count > 1 || app_argument(arguments, "fingerprints") || app_argument(arguments, "image") ||
                 app_argument(arguments, "trust-message")))
        return "--json goes with --string, --answer or --password";
    if (!password) return NULL;
    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++)
        if (app_argument(arguments, alone[i])) return "--password is a way of its own: leave the other one out";
    return arguments->count == 1 ? NULL : "with --password say with whom, and nothing more";
}

int app_verify_run(const app_context *context, const app_arguments *arguments) {
    char room[APP_VERIFY_BYTES_MAX + 2];
    app_arguments mine = *arguments;
    if (app_argument(arguments, "password-file") && !app_argument_set(&mine, "password", "")) return APP_REFUSED;
    const char *mistake = mistake_in(&mine);
    if (mistake) {
        app_print(&context->output, APP_ERR, "sotto verify: %s; see sotto help verify\n", mistake);
        return APP_USAGE;
    }
    if (app_argument(&mine, "password")) return run_password(context, &mine);
    if (!gather(context, &mine, room, sizeof room)) return APP_REFUSED;
    int exit_status = app_holder_run(context, &mine);
    if (exit_status == APP_ASK_SAME) return ask_same(context, &mine);
    return exit_status == APP_ASK ? ask_and_go_on(context, &mine) : exit_status;
}
