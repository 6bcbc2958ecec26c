/* SPDX-License-Identifier: ISC
 *
 * sotto devices: asks for the current list, and shows what is known in any case; takes other own devices off it; gives
 * this one a label. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/commands/commands.h"
#include "app/fingerprint.h"
#include "app/holder.h"
#include "app/keys.h"
#include "app/task.h"
#include "app/terminal.h"
#include "bytes/span.h"

#define JSON_BYTES_MAX       (1024u * 1024u)
#define QR_BYTES_MAX         65536u
#define JSON_EVENT_BYTES_MAX 8192u

typedef struct devices_task {
    app_task task;
    char jid[SOTTO_JID_BYTES_MAX + 1];
    uint32_t removed; /* the device that is being taken off */
} devices_task;

static sotto_status print_json(const devices_task *devices, const app_keys *keys) {
    bytes_buffer text;
    sotto_bytes all;
    bytes_buffer_owned(&text, sotto_host_default(), JSON_BYTES_MAX);
    app_keys_json(&text, keys, devices->jid);
    sotto_status status = bytes_buffer_end(&text, &all);
    if (sotto_ok(status)) app_put(devices->task.output, APP_OUT, all);
    bytes_buffer_free(&text);
    return status;
}

static void print_list(const devices_task *devices, const app_keys *keys) {
    const app_output *output = devices->task.output;
    bool own = strcmp(devices->jid, app_session_jid(devices->task.session)) == 0;
    if (keys->count == 0 && !sotto_ok(devices->task.answer)) return; /* nothing is known, and that is told below */
    if (keys->count == 0) {
        app_print(output, APP_OUT, "%s has no devices that can read encrypted messages.\n", devices->jid);
        return;
    }
    app_print(output, APP_OUT, "Devices of %s\n\n", devices->jid);
    app_keys_print(output, keys, net_now_ms());
    if (output->screen.out_terminal && !own)
        app_print(output, APP_OUT,
                  "\nCompare the digits with %s, face to face or on the phone; then sotto trust %s NUMBER.\n",
                  devices->jid, devices->jid);
}

/* asked: how asking for the list went. */
static void devices_show(app_task *task, sotto_status asked) {
    const devices_task *devices = (const devices_task *)task;
    app_keys keys;
    sotto_status status = app_keys_read(&keys, app_session_engine(task->session), devices->jid);
    if (sotto_ok(status) && app_argument(&task->arguments, "json"))
        status = print_json(devices, &keys);
    else if (sotto_ok(status))
        print_list(devices, &keys);
    if (!sotto_ok(status)) {
        app_task_fail(task, status, devices->jid);
    } else if (!sotto_ok(asked)) {
        app_task_fail(task, asked, devices->jid); /* what was shown may be old */
    } else if (!sotto_ok(task->answer)) {
        app_trouble why;
        app_task_answer_text(task, task->answer, &why);
        if (keys.count > 0)
            app_task_refuse(task, "The devices of %s could not be read anew, so what is shown may be old (%s).",
                            devices->jid, why.text);
        else
            app_task_refuse(task,
                            "No keys of %s were found (%s). They may have no client with OMEMO, show their keys only "
                            "to contacts, or not exist.",
                            devices->jid, why.text);
    } else {
        app_task_finish(task, APP_DONE);
    }
}

/* ---- --qr ---- */

static sotto_status print_qr(const devices_task *devices, const app_key *key) {
    const app_output *output = devices->task.output;
    char fingerprint[APP_FINGERPRINT_TEXT_SIZE], room[4 * SOTTO_JID_BYTES_MAX];
    bytes_buffer uri, code;
    sotto_bytes text, drawn;
    bytes_buffer_borrowed(&uri, room, sizeof room);
    app_fingerprint_uri(&uri, bytes_text(devices->jid), key->device, key->fingerprint);
    SOTTO_TRY(bytes_buffer_end(&uri, &text));
    bytes_buffer_owned(&code, sotto_host_default(), QR_BYTES_MAX);
    sotto_status status = app_fingerprint_qr(&code, text, output->screen.out_terminal && output->screen.colours);
    if (sotto_ok(status)) status = bytes_buffer_end(&code, &drawn);
    if (sotto_ok(status)) {
        app_put(output, APP_OUT, drawn);
        app_fingerprint_text(key->fingerprint, fingerprint);
        app_print(output, APP_OUT, "%.*s\n%s\n", (int)text.len, (const char *)text.at, fingerprint);
    }
    bytes_buffer_free(&code);
    return status;
}

/* The own key is known without asking anybody. */
static void devices_qr(devices_task *devices) {
    app_task *task = &devices->task;
    app_keys keys;
    if (strcmp(devices->jid, app_session_jid(task->session)) != 0) {
        app_task_refuse(task, "A QR code says who you are, so --qr is for your own devices: leave %s out.",
                        devices->jid);
        return;
    }
    sotto_status status = app_keys_read(&keys, app_session_engine(task->session), devices->jid);
    if (sotto_ok(status) && (keys.count == 0 || !keys.at[0].this_device)) status = SOTTO_FAIL(NOT_FOUND);
    if (sotto_ok(status)) status = print_qr(devices, &keys.at[0]);
    if (sotto_ok(status))
        app_task_finish(task, APP_DONE);
    else
        app_task_fail(task, status, devices->jid);
}

/* ---- remove, rename ---- */

/* What was done, with --json. */
static void json_done(app_task *task, const sotto_event *event) {
    uint8_t room[JSON_EVENT_BYTES_MAX];
    bytes_buffer text;
    sotto_bytes all;
    bytes_buffer_borrowed(&text, room, sizeof room);
    app_json json = app_json_begin(&text);
    app_json_text(&json, "event", bytes_text(sotto_event_name(event->kind)));
    app_json_text(&json, "jid", event->jid);
    if (event->kind == SOTTO_EVENT_REMOVED)
        app_json_number(&json, "device", event->number);
    else if (*task->arguments.positional[1])
        app_json_text(&json, "label", bytes_text(task->arguments.positional[1]));
    else
        app_json_null(&json, "label");
    app_json_end(&json);
    if (sotto_ok(bytes_buffer_end(&text, &all))) app_put(task->output, APP_OUT, all);
}

static bool removed_event(app_task *task, const sotto_event *event) {
    const devices_task *devices = (const devices_task *)task;
    if (event->kind != SOTTO_EVENT_REMOVED || event->number != devices->removed) return false;
    if (sotto_ok(event->reason) && app_argument(&task->arguments, "json")) {
        json_done(task, event);
        app_task_finish(task, APP_DONE);
    } else if (sotto_ok(event->reason)) {
        app_print(
            task->output, APP_OUT,
            "Device %u and its keys are off the server: nobody encrypts to it any more. If its client still runs, it "
            "puts itself back.\n",
            (unsigned)event->number);
        app_task_finish(task, APP_DONE);
    } else {
        app_task_refuse(task, "The server did not take device %u off (%s%s%.*s). Try again later.",
                        (unsigned)event->number, sotto_status_text(event->reason), event->text.len > 0 ? ": " : "",
                        (int)event->text.len, event->text.len > 0 ? (const char *)event->text.at : "");
    }
    return true;
}

static void remove_failed(app_task *task, sotto_status status) {
    app_task_fail(task, status, app_session_jid(task->session));
}

static void remove_chosen(devices_task *devices, const app_key *key) {
    app_task *task = &devices->task;
    if (key->this_device) {
        app_task_refuse(task, "Device %u is this one: sotto leave takes it off the server.", (unsigned)key->device);
        return;
    }
    devices->removed = key->device;
    task->event = removed_event;
    app_task_wait(task, remove_failed);
    const sotto_input input = {.kind = SOTTO_INPUT_REMOVE, .device = key->device};
    sotto_status status = app_session_step(task->session, &input);
    if (!sotto_ok(status)) remove_failed(task, status);
}

/* By what the server says now: numbers are those of sotto devices. */
static void remove_look(app_task *task, sotto_status asked) {
    devices_task *devices = (devices_task *)task;
    const char *typed = task->arguments.positional[1];
    app_keys keys;
    size_t at = 0;
    if (sotto_ok(asked)) asked = app_keys_read(&keys, app_session_engine(task->session), devices->jid);
    if (!sotto_ok(asked)) {
        remove_failed(task, asked);
        return;
    }
    switch (app_keys_choose(&keys, typed, &at)) {
    case APP_KEYS_ONE:
        if (keys.at[at].live)
            app_task_refuse(task, "Key %zu is of live sessions, and on no server: there is nothing to take off.",
                            at + 1);
        else
            remove_chosen(devices, &keys.at[at]);
        break;
    case APP_KEYS_SEVERAL:
        app_task_refuse(task, "Several of your keys begin with %s: type more of it.", typed);
        break;
    case APP_KEYS_NONE:
    case APP_KEYS_UNREADABLE:
        app_task_refuse(task, "You have no device %s: sotto devices shows those there are.", typed);
        break;
    }
}

static void rename_refuse(app_task *task, sotto_status reason, sotto_bytes text) {
    if (sotto_is(reason, SOTTO_E_NOT_FOUND))
        app_task_refuse(task, "This device is not on the server's list at the moment, so it cannot be called anything "
                              "there. Try again later.");
    else
        app_task_refuse(task, "The server did not take the label (%s%s%.*s). Try again later.",
                        sotto_status_text(reason), text.len > 0 ? ": " : "", (int)text.len,
                        text.len > 0 ? (const char *)text.at : "");
}

static bool renamed_event(app_task *task, const sotto_event *event) {
    const char *label = task->arguments.positional[1];
    if (event->kind != SOTTO_EVENT_RENAMED) return false;
    if (!sotto_ok(event->reason)) {
        rename_refuse(task, event->reason, event->text);
        return true;
    }
    if (app_argument(&task->arguments, "json"))
        json_done(task, event);
    else if (*label)
        app_print(task->output, APP_OUT, "Everybody can see now that this device calls itself %s\n", label);
    else
        app_print(task->output, APP_OUT, "This device has no label any more.\n");
    app_task_finish(task, APP_DONE);
    return true;
}

static void rename_online(app_task *task, sotto_status status) {
    if (sotto_ok(status)) {
        const sotto_input input = {.kind = SOTTO_INPUT_RENAME, .name = bytes_text(task->arguments.positional[1])};
        task->event = renamed_event;
        app_task_wait(task, remove_failed);
        status = app_session_step(task->session, &input);
    }
    if (sotto_is(status, SOTTO_E_USAGE))
        app_task_refuse(task,
                        "A label has 1 to %u characters, none of them a control character or direction mark, and is "
                        "not exactly 32 bytes long.",
                        SOTTO_OMEMO_LABEL_POINTS_MAX);
    else if (!sotto_ok(status))
        remove_failed(task, status);
}

/* ---- */

static bool is_rename(const app_arguments *arguments) {
    return arguments->count > 0 && strcmp(arguments->positional[0], "rename") == 0;
}

static bool is_remove(const app_arguments *arguments) {
    return arguments->count > 0 && strcmp(arguments->positional[0], "remove") == 0;
}

static void remove_begin(devices_task *devices) {
    app_task *task = &devices->task;
    (void)snprintf(devices->jid, sizeof devices->jid, "%s", app_session_jid(task->session));
    app_task_refresh(task, devices->jid, NULL, remove_look);
}

static void devices_begin(app_task *task) {
    devices_task *devices = (devices_task *)task;
    if (is_remove(&task->arguments)) {
        remove_begin(devices);
        return;
    }
    if (is_rename(&task->arguments)) {
        app_task_when_online(task, rename_online);
        return;
    }
    const char *whose = task->arguments.count > 0 ? task->arguments.positional[0] : app_session_jid(task->session);
    if (!app_task_address(task, whose, devices->jid)) return;
    if (app_argument(&task->arguments, "qr"))
        devices_qr(devices);
    else
        app_task_refresh(task, devices->jid, NULL, devices_show);
}

const app_task_class app_devices_task = {"devices", sizeof(devices_task), NULL, devices_begin, NULL};

/* ---- asking first ---- */

static bool confirmed(const app_context *context, const app_arguments *arguments) {
    char question[160];
    if (app_argument(arguments, "yes")) return true;
    int terminal = isatty(STDIN_FILENO) == 1 ? app_terminal_open() : -1;
    (void)snprintf(question, sizeof question,
                   "Take your device %.40s off the server? Messages on their way to it are lost. [y/N] ",
                   arguments->positional[1]);
    bool yes = terminal >= 0 && app_terminal_confirm(terminal, question);
    if (terminal >= 0) (void)close(terminal);
    if (!yes)
        app_print(&context->output, APP_ERR, "sotto devices: %s\n",
                  terminal >= 0 ? "Cancelled; nothing was changed."
                                : "Nothing was changed. Without a terminal, --yes says that you mean it.");
    return yes;
}

int app_devices_run(const app_context *context, const app_arguments *arguments) {
    bool removing = is_remove(arguments), renaming = is_rename(arguments);
    if ((removing || renaming) != (arguments->count == 2)) {
        app_print(&context->output, APP_ERR, "sotto devices: %s; see sotto help devices\n",
                  removing   ? "which device? a number is missing after remove"
                  : renaming ? "a label is missing after rename"
                             : "too many arguments");
        return APP_USAGE;
    }
    return removing && !confirmed(context, arguments) ? APP_REFUSED : app_holder_run(context, arguments);
}
