/* SPDX-License-Identifier: ISC
 *
 * sotto send: fetch the lists of devices (with nobody listening no notification brought them), seal, wait until the
 * server has it. A message that has to wait for a person's decision is taken back: whoever ran the command is there
 * now, and is told that it was not sent. */
#include <stdio.h>
#include <string.h>

#include "app/commands/commands.h"
#include "app/fingerprint.h"
#include "app/task.h"
#include "bytes/base64.h"
#include "bytes/memory.h"
#include "bytes/span.h"
#include "stanza/writer.h"

#define ID_BYTES 12u

typedef struct send_task {
    app_task task;
    char to[SOTTO_JID_BYTES_MAX + 1];
    uint64_t ticket;
    bool stepped;
    sotto_status refused; /* why it is being taken back */
} send_task;

static void send_failed(app_task *task, sotto_status status);

/* ---- the stanza ---- */

static sotto_status random_id(char ret[2 * ID_BYTES + 1]) {
    uint8_t bytes[ID_BYTES];
    bytes_buffer to;
    const sotto_host *host = sotto_host_default();
    SOTTO_TRY(host->random(host->arg, bytes, sizeof bytes));
    bytes_buffer_borrowed(&to, ret, 2 * ID_BYTES + 1);
    bytes_hex_put(&to, bytes_of(bytes, sizeof bytes));
    bytes_buffer_u8(&to, 0);
    return to.status;
}

static sotto_status stanza_make(bytes_buffer *to, const send_task *send, sotto_bytes text) {
    char id[2 * ID_BYTES + 1];
    const char *subject = app_argument(&send->task.arguments, "subject");
    stanza_writer writer;
    SOTTO_TRY(random_id(id));
    stanza_writer_init(&writer, to, STANZA_NS_CLIENT);
    stanza_open(&writer, "message", STANZA_NS_CLIENT);
    stanza_put_text(&writer, "to", send->to);
    stanza_put_text(&writer, "type", "chat");
    stanza_put_text(&writer, "id", id);
    if (subject && *subject) stanza_leaf(&writer, "subject", STANZA_NS_CLIENT, bytes_text(subject));
    stanza_leaf(&writer, "body", STANZA_NS_CLIENT, text);
    stanza_close(&writer);
    return to->status;
}

/* The argument, or standard input without its last line end. */
static sotto_bytes text_of(const app_task *task) {
    if (task->arguments.count > 1) return bytes_text(task->arguments.positional[1]);
    sotto_bytes text = task->order.text;
    if (text.len > 0 && text.at[text.len - 1] == '\n') text.len--;
    return text;
}

static sotto_status send_step(send_task *send) {
    bytes_buffer stanza;
    sotto_bytes whole;
    bytes_buffer_owned(&stanza, sotto_host_default(), SOTTO_STANZA_BYTES_MAX);
    sotto_status status = stanza_make(&stanza, send, text_of(&send->task));
    if (sotto_ok(status)) status = bytes_buffer_end(&stanza, &whole);
    if (sotto_ok(status)) status = app_session_ticket(&send->ticket);
    if (sotto_ok(status)) {
        sotto_input input = {
            .kind = SOTTO_INPUT_SEND, .stanza = whole, .ticket = send->ticket, .encrypt = SOTTO_ENCRYPT_ALWAYS};
        status = app_session_step(send->task.session, &input);
    }
    bytes_buffer_free(&stanza);
    return status;
}

/* ---- what becomes of it ---- */

typedef struct held_search {
    uint64_t ticket;
    sotto_status reason;
    bool found;
} held_search;

static sotto_status held_look(void *arg, const sotto_held *held) {
    held_search *search = arg;
    if (held->ticket != search->ticket) return SOTTO_OK;
    search->found = true;
    search->reason = held->reason;
    return SOTTO_OK;
}

static void send_taken_back(app_task *task, sotto_status status) {
    send_task *send = (send_task *)task;
    if (!sotto_ok(status))
        app_task_fail(task, status, send->to);
    else if (sotto_is(send->refused, SOTTO_E_SERVER_REFUSED) || sotto_is(send->refused, SOTTO_E_TIMEOUT))
        app_task_refuse(task,
                        "Not sent: the devices of %s could not be read (%s). Nothing left unencrypted. Perhaps there "
                        "is no such account, or it shows its keys to its contacts only.",
                        send->to, sotto_status_text(send->refused));
    else
        app_task_fail(task, send->refused, send->to);
}

/* Not sent, and it will not be: it is no longer held either. */
static void send_take_back(send_task *send, sotto_status reason) {
    sotto_input input = {.kind = SOTTO_INPUT_CANCEL, .ticket = send->ticket};
    sotto_status status = app_session_step(send->task.session, &input);
    send->refused = reason;
    send->ticket = 0;
    if (sotto_ok(status))
        app_task_when_committed(&send->task, send_taken_back);
    else
        app_task_fail(&send->task, status, send->to);
}

/* Late, or the connection went. If it is still held it is taken back. Otherwise it is sealed and kept, and goes out
 * with the next connection: it must not be sent again. */
static void send_failed(app_task *task, sotto_status status) {
    send_task *send = (send_task *)task;
    held_search search = {.ticket = send->ticket};
    sotto_status looked = sotto_engine_held(app_session_engine(task->session), held_look, &search);
    if (!sotto_ok(looked)) {
        app_task_fail(task, looked, send->to);
    } else if (search.found) {
        send_take_back(send, sotto_is(search.reason, SOTTO_E_AGAIN) ? status : search.reason);
    } else if (sotto_class(status) == SOTTO_CLASS_OURS) {
        app_task_fail(task, status, send->to);
    } else {
        app_task_refuse(
            task,
            "The server has not confirmed the message to %s. It is encrypted and kept, and goes out with the "
            "next sotto command that connects: do not send it again.",
            send->to);
    }
}

static void tell_left_out(const send_task *send, const sotto_event *event) {
    char fingerprint[APP_FINGERPRINT_TEXT_SIZE];
    app_fingerprint_text(event->key.fingerprint, fingerprint);
    fingerprint[8] = '\0';
    bool refused = sotto_is(event->reason, SOTTO_E_NO_TRUSTED_DEVICE);
    app_print(send->task.output, APP_ERR, "sotto send: device %u of %.*s cannot read it: ", (unsigned)event->key.device,
              (int)event->jid.len, (const char *)event->jid.at);
    if (refused)
        app_print(send->task.output, APP_ERR, "its key %s... was not accepted (sotto devices, sotto trust)\n",
                  fingerprint);
    else
        app_print(send->task.output, APP_ERR, "%s\n", sotto_status_text(event->reason));
}

/* They asked to go on in the clear (XEP-0384 section 5.7). Whoever runs this command wants it encrypted or not at all.
 */
static void send_encrypted_all_the_same(send_task *send) {
    sotto_input input = {.kind = SOTTO_INPUT_POLICY, .jid = bytes_text(send->to), .encrypt = SOTTO_ENCRYPT_ALWAYS};
    app_print(send->task.output, APP_ERR,
              "sotto send: %s asked to go on without encryption. This was encrypted all the same; perhaps it cannot be "
              "read there.\n",
              send->to);
    sotto_status status = app_session_step(send->task.session, &input);
    if (!sotto_ok(status)) app_task_fail(&send->task, status, send->to);
}

static bool send_event(app_task *task, const sotto_event *event) {
    send_task *send = (send_task *)task;
    if (!send->stepped || send->ticket == 0 || event->ticket != send->ticket) return false;
    switch (event->kind) {
    case SOTTO_EVENT_LEFT_OUT:
        tell_left_out(send, event);
        return true;
    case SOTTO_EVENT_REFUSED:
        app_task_fail(task, event->reason, send->to);
        return true;
    case SOTTO_EVENT_HELD:
        if (sotto_is(event->reason, SOTTO_E_CANCELLED))
            send_encrypted_all_the_same(send);
        else if (!sotto_is(event->reason, SOTTO_E_AGAIN))
            send_take_back(send, event->reason);
        return true;
    default:
        return false;
    }
}

static void send_sent(app_task *task, uint64_t ticket) {
    const send_task *send = (const send_task *)task;
    if (send->stepped && send->ticket != 0 && ticket == send->ticket) app_task_finish(task, APP_DONE);
}

/* ---- the beginning ---- */

static void send_refreshed(app_task *task, sotto_status status) {
    send_task *send = (send_task *)task;
    bool answered = sotto_ok(status) || (sotto_is(status, SOTTO_E_TIMEOUT) && app_session_is_online(task->session));
    if (!answered) {
        app_task_fail(task, status, send->to);
        return;
    }
    send->stepped = true;
    app_task_wait(task, send_failed);
    status = send_step(send);
    if (sotto_is(status, SOTTO_E_MALFORMED))
        app_task_refuse(task,
                        "Not sent: the text for %s is not UTF-8, or has control characters, which messages cannot "
                        "carry.",
                        send->to);
    else if (!sotto_ok(status))
        app_task_fail(task, status, send->to);
}

static void send_begin(app_task *task) {
    send_task *send = (send_task *)task;
    task->event = send_event;
    task->sent = send_sent;
    if (!app_jid_read(task->arguments.positional[0], send->to))
        app_task_no_address(task, task->arguments.positional[0]);
    else if (text_of(task).len == 0)
        app_task_refuse(task, "Not sent: there is no text for %s.", send->to);
    else
        app_task_refresh(task, send->to, app_session_jid(task->session), send_refreshed);
}

static bool send_takes_text(const app_arguments *arguments) {
    return arguments->count == 1;
}

const app_task_class app_send_task = {"send", sizeof(send_task), send_takes_text, send_begin, NULL};
