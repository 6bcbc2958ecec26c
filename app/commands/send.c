/* SPDX-License-Identifier: ISC
 *
 * sotto send: fetch the lists of devices (with nobody listening no notification brought them), seal, wait until the
 * server has it. A message that has to wait for a person's decision is taken back: whoever ran the command is there
 * now, and is told that it was not sent. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/commands/commands.h"
#include "app/commands/room.h"
#include "app/files/progress.h"
#include "app/files/upload.h"
#include "app/fingerprint.h"
#include "app/holder.h"
#include "app/keys.h"
#include "app/sessions.h"
#include "app/task.h"
#include "bytes/base64.h"
#include "bytes/memory.h"
#include "bytes/span.h"
#include "stanza/writer.h"

#define ID_BYTES 12u

typedef struct send_task {
    app_task task;
    char to[SOTTO_JID_BYTES_MAX + 1];
    bool room;                               /* it is one that was joined */
    char in[SOTTO_JID_BYTES_MAX + 1];        /* a room in which `to` is somebody, */
    char nick[SOTTO_JID_PART_BYTES_MAX + 1]; /* with this name; empty: `to` is written to, not by a name */
    bool told_clear;                         /* that it is not encrypted, before it was sent */
    uint64_t ticket;
    sotto_status refused; /* why it is being taken back */
    size_t files_sent;    /* of those that --file names; each is a message of its own, after the text */
    app_upload *upload;
    app_progress_line progress;
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

static void put_address(stanza_writer *writer, const send_task *send) {
    char address[SOTTO_JID_BYTES_MAX + SOTTO_JID_PART_BYTES_MAX + 2];
    (void)snprintf(address, sizeof address, "%s%s%s", send->nick[0] ? send->in : send->to, send->nick[0] ? "/" : "",
                   send->nick);
    stanza_put_text(writer, "to", address);
}

/* share NULL: a message with the text. */
static sotto_status stanza_make(bytes_buffer *to, const send_task *send, sotto_bytes text, const context_share *share) {
    char id[2 * ID_BYTES + 1];
    const char *subject = share ? NULL : app_argument(&send->task.arguments, "subject");
    stanza_writer writer;
    SOTTO_TRY(random_id(id));
    stanza_writer_init(&writer, to, STANZA_NS_CLIENT);
    stanza_open(&writer, "message", STANZA_NS_CLIENT);
    put_address(&writer, send);
    stanza_put_text(&writer, "type", send->room ? "groupchat" : "chat");
    stanza_put_text(&writer, "id", id);
    if (subject && *subject) stanza_leaf(&writer, "subject", STANZA_NS_CLIENT, bytes_text(subject));
    if (share)
        context_share_write(&writer, share);
    else
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

static void tell_clear(send_task *send) {
    sotto_contact contact;
    sotto_status status = sotto_engine_contact(app_session_engine(send->task.session), bytes_text(send->to), &contact);
    send->told_clear = sotto_ok(status) && contact.now == SOTTO_ENCRYPT_NEVER;
    if (send->told_clear)
        app_print(
            send->task.output, APP_ERR,
            "sotto send: this is sent WITHOUT ENCRYPTION, as sotto encrypt %s says. sotto encrypt %s always takes "
            "that back.\n",
            send->to, send->to);
}

static sotto_status send_step(send_task *send, const context_share *share) {
    bytes_buffer stanza;
    sotto_bytes whole;
    bytes_buffer_owned(&stanza, sotto_host_default(), SOTTO_STANZA_BYTES_MAX);
    sotto_status status = stanza_make(&stanza, send, text_of(&send->task), share);
    if (sotto_ok(status)) status = bytes_buffer_end(&stanza, &whole);
    if (sotto_ok(status)) status = app_session_ticket(&send->ticket);
    if (sotto_ok(status) && !share && !send->nick[0]) tell_clear(send);
    if (sotto_ok(status)) {
        /* As the account has it, which is always; or as sotto encrypt says for this contact. What holds the key of a
         * file (T34), and what goes to somebody through a room, is encrypted or not sent, whatever anybody says. */
        sotto_input input = {.kind = SOTTO_INPUT_SEND,
                             .stanza = whole,
                             .ticket = send->ticket,
                             .encrypt = share || send->nick[0] ? SOTTO_ENCRYPT_ALWAYS : SOTTO_ENCRYPT_DEFAULT};
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

static void refuse_no_keys(send_task *send, sotto_status reason) {
    app_trouble why;
    app_task_answer_text(&send->task, reason, &why);
    app_task_refuse(&send->task,
                    "Not sent: no keys of %s were found (%s). They may have no client with OMEMO, show their keys "
                    "only to contacts, not exist, or be a room (sotto join). Nothing left unencrypted.",
                    send->to, why.text);
}

/* Whether every key on the list that is somebody's own decision to make was refused. */
static bool all_refused(const app_keys *keys) {
    size_t refused = 0;
    for (size_t i = 0; i < keys->count; i++) {
        const app_key *key = &keys->at[i];
        if (key->this_device || !key->active || !key->known) continue;
        if (key->trust != SOTTO_TRUST_DISTRUSTED) return false;
        refused++;
    }
    return refused > 0;
}

static bool only_this_device(const app_keys *keys) {
    for (size_t i = 0; i < keys->count; i++)
        if (!keys->at[i].this_device && keys->at[i].active) return false;
    return true;
}

/* Nobody can read it: the reasons that are the sender's own have other remedies. */
static void refuse_no_device(send_task *send, sotto_status reason) {
    app_keys keys;
    app_task *task = &send->task;
    if (!sotto_ok(app_keys_read(&keys, app_session_engine(task->session), send->to))) keys.count = 0;
    app_keys_devices(&keys);
    if (strcmp(send->to, app_session_jid(task->session)) == 0 && only_this_device(&keys))
        app_task_refuse(task, "Not sent: You have no other device to send it to.");
    else if (all_refused(&keys))
        app_task_refuse(
            task,
            "Not sent: you refused every key of %s (sotto devices %s; sotto trust takes that back). Nothing "
            "left unencrypted.",
            send->to, send->to);
    else
        app_task_fail(task, reason, send->to);
}

/* Of another device of this account, a key no session can be begun with is nearly always this device's own: both go on
 * from one store (T18). */
static bool is_twin(const app_task *task, sotto_bytes jid, sotto_status reason) {
    return sotto_is(reason, SOTTO_E_BAD_KEY) && bytes_is(jid, app_session_jid(task->session));
}

#define TWIN_TEXT                                                                                                      \
    "its key cannot be used. If it is a copy of this device, which has the same key: sotto leave in one of the two "   \
    "places, then sotto setup there"

/* Which live sessions alone may carry, and none does; NULL: something else is the reason. */
static const char *live_lack(const send_task *send) {
    if (send->room || send->nick[0]) return NULL;
    return app_sessions_lack(app_session_engine(send->task.session), send->to);
}

static void refuse_no_live(send_task *send, const char *lack) {
    app_task_refuse(&send->task,
                    "Not sent: messages to %s go in live sessions alone, and none can be used: %s. Nothing left "
                    "unencrypted. sotto sessions %s looks again; sotto via %s stored sends what they can read later.",
                    send->to, lack, send->to, send->to);
}

/* Nobody else sees that this process is online, so there will be no session however long it waits. */
static bool refused_alone(send_task *send) {
    if (app_session_is_available(send->task.session) || !live_lack(send)) return false;
    app_task_refuse(&send->task,
                    "Not sent: messages to %s go in live sessions alone, and those need sotto listen or sotto chat to "
                    "be running here as well. Nothing left unencrypted. sotto via %s stored sends what they can read "
                    "later.",
                    send->to, send->to);
    return true;
}

static void refuse_for(send_task *send, sotto_status reason) {
    const char *lack = sotto_is(reason, SOTTO_E_TIMEOUT) ? live_lack(send) : NULL;
    if (lack)
        refuse_no_live(send, lack);
    else if (send->room && (sotto_is(reason, SOTTO_E_NO_DEVICE) || sotto_is(reason, SOTTO_E_NO_TRUSTED_DEVICE)))
        app_task_refuse(&send->task,
                        "Not sent: no other member of %s has a device that you accepted. Nothing left unencrypted. "
                        "sotto rooms shows who they are.",
                        send->to);
    else if (send->room)
        app_task_fail(&send->task, reason, send->to);
    else if (is_twin(&send->task, bytes_text(send->to), reason))
        app_task_refuse(&send->task, "Not sent: there is another device, but " TWIN_TEXT ".");
    else if (sotto_is(reason, SOTTO_E_SERVER_REFUSED) || sotto_is(reason, SOTTO_E_TIMEOUT))
        refuse_no_keys(send, reason);
    else if (sotto_is(reason, SOTTO_E_NO_DEVICE) || sotto_is(reason, SOTTO_E_NO_TRUSTED_DEVICE))
        refuse_no_device(send, reason);
    else
        app_task_fail(&send->task, reason, send->to);
}

static void send_taken_back(app_task *task, sotto_status status) {
    send_task *send = (send_task *)task;
    if (!sotto_ok(status)) {
        app_task_fail(task, status, send->to);
        return;
    }
    task->stepped = task->perhaps = false;
    refuse_for(send, send->refused);
}

/* The engine refused it, or gave it up because the server ends the stream whenever it comes. */
static void send_refused(send_task *send, const sotto_event *event) {
    app_task *task = &send->task;
    task->stepped = task->perhaps = false;
    if (!sotto_is(event->reason, SOTTO_E_STREAM_ERROR)) {
        refuse_for(send, event->reason);
        return;
    }
    sotto_bytes said = event->text.len > 0 ? event->text : bytes_text(task->lost_text);
    app_task_refuse(task, "Not sent: the server of %s does not take this message%s%.*s%s. It was dropped.",
                    app_session_jid(task->session), said.len > 0 ? " (it said: " : "", (int)said.len,
                    said.len > 0 ? (const char *)said.at : "", said.len > 0 ? ")" : "");
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
    } else if (!send->room && !send->nick[0] && app_sessions_only(app_session_engine(task->session), send->to)) {
        task->perhaps = true;
        app_task_refuse(
            task,
            "%s has not confirmed the message. It is encrypted and kept, and goes on with their next live "
            "session; if none comes soon, sotto listen says that it is not known whether it arrived. Do not "
            "send it again before.",
            send->to);
    } else {
        const char *room = send->room ? send->to : send->in;
        task->perhaps = true;
        app_task_refuse(task,
                        "The server has not confirmed the message to %s. It is encrypted and kept, and goes out with "
                        "the next sotto command that %s%s: do not send it again.",
                        send->to, room[0] ? "enters " : "connects", room);
    }
}

/* With the command that helps: the number of the key in the list, when it is found there. */
static void tell_not_accepted(const send_task *send, const sotto_event *event, const char *fingerprint) {
    const app_output *output = send->task.output;
    app_keys keys;
    char jid[SOTTO_JID_BYTES_MAX + 1];
    size_t at = 0;
    (void)snprintf(jid, sizeof jid, "%.*s", (int)event->jid.len, (const char *)event->jid.at);
    bool own = strcmp(jid, app_session_jid(send->task.session)) == 0;
    if (!sotto_ok(app_keys_read(&keys, app_session_engine(send->task.session), jid))) keys.count = 0;
    while (at < keys.count && memcmp(keys.at[at].key, event->key.key, sizeof keys.at[at].key) != 0) at++;
    if (at < keys.count && keys.at[at].trust == SOTTO_TRUST_DISTRUSTED) {
        app_print(output, APP_ERR, "you refused its key %s...\n", fingerprint);
        return;
    }
    app_print(output, APP_ERR, "its key %s... is not verified", fingerprint);
    if (own) app_print(output, APP_ERR, ", and because keys of %s were, your own devices must be too", send->to);
    if (at < keys.count)
        app_print(output, APP_ERR, ". Compare it (sotto devices%s%s), then sotto trust %s %zu\n", own ? "" : " ",
                  own ? "" : jid, jid, at + 1);
    else
        app_print(output, APP_ERR, " (sotto devices%s%s shows it)\n", own ? "" : " ", own ? "" : jid);
}

static void tell_left_out(const send_task *send, const sotto_event *event) {
    char fingerprint[APP_FINGERPRINT_TEXT_SIZE];
    app_fingerprint_text(event->key.fingerprint, fingerprint);
    fingerprint[8] = '\0';
    bool refused = sotto_is(event->reason, SOTTO_E_NO_TRUSTED_DEVICE);
    if (event->key.device == 0) { /* a member of a room */
        app_print(send->task.output, APP_ERR, "sotto send: %.*s cannot read it: %s\n", (int)event->jid.len,
                  (const char *)event->jid.at,
                  sotto_is(event->reason, SOTTO_E_SERVER_REFUSED) ? "no keys of theirs were found"
                                                                  : sotto_status_text(event->reason));
        return;
    }
    app_print(send->task.output, APP_ERR, "sotto send: device %u of %.*s cannot read it: ", (unsigned)event->key.device,
              (int)event->jid.len, (const char *)event->jid.at);
    if (refused)
        tell_not_accepted(send, event, fingerprint);
    else if (is_twin(&send->task, event->jid, event->reason))
        app_print(send->task.output, APP_ERR, TWIN_TEXT ".\n");
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
    if (!task->stepped || send->ticket == 0 || event->ticket != send->ticket) return false;
    switch (event->kind) {
    case SOTTO_EVENT_LEFT_OUT:
        tell_left_out(send, event);
        return true;
    case SOTTO_EVENT_REFUSED:
        send_refused(send, event);
        return true;
    case SOTTO_EVENT_DELIVERY_UNKNOWN:
        task->perhaps = true;
        app_task_refuse(task,
                        "The live session with %s ended before they said that they have it (%s), and it is "
                        "not sent again. Ask them.",
                        send->to, sotto_status_text(event->reason));
        return true;
    case SOTTO_EVENT_HELD:
        if (sotto_is(event->reason, SOTTO_E_CANCELLED))
            send_encrypted_all_the_same(send);
        else if (!sotto_is(event->reason, SOTTO_E_AGAIN))
            send_take_back(send, event->reason);
        else if (live_lack(send) && task->output->screen.out_terminal)
            app_print(task->output, APP_ERR, "Waiting for a live session with %s, at most %u seconds.\n", send->to,
                      APP_TASK_WAIT_MS / 1000);
        return true;
    default:
        return false;
    }
}

/* ---- files ---- */

/* Whether what is sent now can be read by somebody: asked before anything is uploaded (doc/files.md). */
static bool can_be_read(const send_task *send) {
    app_keys keys;
    if (!sotto_ok(app_keys_read(&keys, app_session_engine(send->task.session), send->to))) return false;
    app_keys_devices(&keys);
    for (size_t i = 0; i < keys.count; i++) {
        const app_key *key = &keys.at[i];
        bool accepted = key->trust == SOTTO_TRUST_BLIND || key->trust == SOTTO_TRUST_VERIFIED;
        if (!key->this_device && key->active && key->known && accepted) return true;
    }
    return false;
}

static void refuse_unreadable(send_task *send) {
    app_keys keys;
    bool any = false;
    if (!sotto_ok(app_keys_read(&keys, app_session_engine(send->task.session), send->to))) keys.count = 0;
    app_keys_devices(&keys);
    for (size_t i = 0; i < keys.count; i++) any = any || (keys.at[i].active && !keys.at[i].this_device);
    bool own = strcmp(send->to, app_session_jid(send->task.session)) == 0;
    if (any || own)
        refuse_for(send, SOTTO_FAIL(NO_TRUSTED_DEVICE));
    else
        refuse_no_keys(send, sotto_ok(send->task.answer) ? SOTTO_FAIL(NO_DEVICE) : send->task.answer);
}

static void progress_look(void *arg, uint64_t *ret_done, uint64_t *ret_total) {
    const send_task *send = arg;
    app_upload_progress(send->upload, ret_done, ret_total);
}

/* A name in a room may be somebody else's by the time it is used. False: it is, which was said. */
static bool still_there(send_task *send) {
    app_task *task = &send->task;
    app_trouble trouble;
    char now[SOTTO_JID_BYTES_MAX + 1];
    if (!send->nick[0]) return true;
    bool there = app_room_occupant(app_session_engine(task->session), send->in, send->nick,
                                   app_session_jid(task->session), now, &trouble);
    if (!there)
        app_task_refuse(task, "%s", trouble.text);
    else if (strcmp(now, send->to) != 0)
        app_task_refuse(task, "Not sent: %s in %s is somebody else now than when this began.", send->nick, send->in);
    return there && strcmp(now, send->to) == 0;
}

static void send_uploaded(void *arg, const context_share *share, const app_trouble *trouble) {
    send_task *send = arg;
    app_task *task = &send->task;
    send->upload = NULL;
    app_progress_end(&send->progress);
    if (!share) {
        app_task_refuse(task, "Not sent: %s", trouble->text);
        return;
    }
    if (!still_there(send)) return;
    send->files_sent++;
    task->stepped = true;
    app_task_wait(task, send_failed);
    sotto_status status = send_step(send, share);
    if (!sotto_ok(status)) app_task_fail(task, status, send->to);
}

static void send_file(send_task *send, const char *path) {
    app_task *task = &send->task;
    app_trouble trouble;
    send->ticket = 0;
    task->stepped = task->perhaps = false;
    sotto_status readable = send->room ? app_room_readable(app_session_engine(task->session), send->to) : SOTTO_OK;
    if (!sotto_ok(readable)) {
        refuse_for(send, readable);
        return;
    }
    if (!send->room && !can_be_read(send)) {
        refuse_unreadable(send);
        return;
    }
    if (!still_there(send)) return;
    if (!app_upload_begin(&send->upload, task->session, path, send_uploaded, send, &trouble)) {
        app_task_refuse(task, "Not sent: %s", trouble.text);
        return;
    }
    app_task_rest(task);
    app_progress_begin(&send->progress, task->session, task->output, app_argument(&task->arguments, "json") != NULL,
                       app_upload_name(send->upload), progress_look, send);
}

static void send_sent(app_task *task, uint64_t ticket, sotto_bytes seal) {
    send_task *send = (send_task *)task;
    if (!task->stepped || send->ticket == 0 || ticket != send->ticket) return;
    if (seal.len == 0 && !send->told_clear)
        app_print(
            task->output, APP_ERR,
            "sotto send: this was sent WITHOUT ENCRYPTION: %s cannot read encrypted messages, and sotto encrypt %s "
            "says auto. With always it would not have left.\n",
            send->to, send->to);
    const char *path = app_argument_at(&task->arguments, "file", send->files_sent);
    if (path)
        send_file(send, path);
    else
        app_task_finish(task, APP_DONE);
}

static void send_end(app_task *task) {
    send_task *send = (send_task *)task;
    app_progress_end(&send->progress);
    app_upload_stop(send->upload);
}

/* ---- the beginning ---- */

static void send_refreshed(app_task *task, sotto_status status) {
    send_task *send = (send_task *)task;
    bool answered = sotto_ok(status) || (sotto_is(status, SOTTO_E_TIMEOUT) && app_session_is_online(task->session));
    if (!answered) {
        app_task_fail(task, status, send->to);
        return;
    }
    if (refused_alone(send)) return;
    if (text_of(task).len == 0) {
        send_file(send, app_argument(&task->arguments, "file"));
        return;
    }
    if (!still_there(send)) return;
    task->stepped = true;
    app_task_wait(task, send_failed);
    status = send_step(send, NULL);
    if (sotto_is(status, SOTTO_E_MALFORMED))
        app_task_refuse(task,
                        "Not sent: the text for %s is not UTF-8, or has control characters, which messages cannot "
                        "carry.",
                        send->to);
    else if (!sotto_ok(status))
        app_task_fail(task, status, send->to);
}

static const char *room_of(const send_task *send) {
    return send->nick[0] ? send->in : send->to;
}

/* We are in the room, or it said why not. Of somebody in it the devices are looked for anew. */
static void send_in_room(send_task *send) {
    app_task *task = &send->task;
    app_trouble trouble;
    if (!send->nick[0])
        send_refreshed(task, SOTTO_OK);
    else if (app_room_occupant(app_session_engine(task->session), send->in, send->nick, app_session_jid(task->session),
                               send->to, &trouble))
        app_task_refresh(task, send->to, app_session_jid(task->session), send_refreshed);
    else
        app_task_refuse(task, "%s", trouble.text);
}

/* A room that this process has just entered says first what it is: before that nothing can be sealed for it. */
static bool send_room_event(app_task *task, const sotto_event *event) {
    send_task *send = (send_task *)task;
    if (event->kind != SOTTO_EVENT_ROOM || !bytes_is(event->jid, room_of(send)) || !task->then) return false;
    task->event = send_event;
    send_in_room(send);
    return true;
}

/* It took too long: what is said to all of them waits for the room and is taken back if that does not help. */
static void send_not_entered(app_task *task, sotto_status status) {
    send_task *send = (send_task *)task;
    task->event = send_event;
    if (send->nick[0])
        app_task_fail(task, status, send->in);
    else
        send_refreshed(task, status);
}

static void send_entered(app_task *task, sotto_status status) {
    send_task *send = (send_task *)task;
    const char *room = room_of(send);
    bool is = false, joined = false;
    if (sotto_ok(status)) status = app_room_find(app_session_engine(task->session), room, &is, &joined);
    if (sotto_ok(status) && joined) {
        send_in_room(send);
        return;
    }
    task->event = send_room_event;
    app_task_wait(task, send_not_entered);
    sotto_input input = {.kind = SOTTO_INPUT_JOIN, .jid = bytes_text(room)};
    if (sotto_ok(status)) status = app_session_step(task->session, &input);
    if (!sotto_ok(status)) app_task_fail(task, status, room);
}

/* Whom it goes to is for the room to say; else their devices are looked for anew. */
static void send_prepare(send_task *send) {
    app_task *task = &send->task;
    bool is, joined;
    sotto_status status = app_room_find(app_session_engine(task->session), room_of(send), &is, &joined);
    send->room = is && !send->nick[0];
    if (!sotto_ok(status))
        app_task_fail(task, status, room_of(send));
    else if (is)
        app_task_when_online(task, send_entered);
    else
        app_task_refresh(task, send->to, app_session_jid(task->session), send_refreshed);
}

/* An address, or ROOM/NICK of a room that was joined. False: neither, which was said. */
static bool read_address(send_task *send) {
    app_task *task = &send->task;
    const char *typed = task->arguments.positional[0], *slash = strchr(typed, '/');
    bool is = false, joined;
    if (!app_room_nick_read(typed, send->in, send->nick)) {
        send->in[0] = send->nick[0] = '\0';
        return app_task_address(task, typed, send->to);
    }
    sotto_status status = app_room_find(app_session_engine(task->session), send->in, &is, &joined);
    if (!sotto_ok(status)) {
        app_task_fail(task, status, send->in);
    } else if (!is) { /* without the nick it would go to everybody in the room */
        app_print(task->output, APP_ERR,
                  "sotto send: %s names one client, or somebody in a room: leave %s out; for somebody in a room, enter "
                  "it first (sotto join %s); see sotto help send\n",
                  typed, slash, send->in);
        app_task_finish(task, APP_USAGE);
    }
    return is;
}

static void send_begin(app_task *task) {
    send_task *send = (send_task *)task;
    task->event = send_event;
    task->sent = send_sent;
    const char *subject = app_argument(&task->arguments, "subject");
    if (!read_address(send)) return;
    if (text_of(task).len == 0 && !app_argument(&task->arguments, "file"))
        app_task_refuse(task, "Not sent: there is no text for %s.", send->to);
    else if (text_of(task).len + (subject ? strlen(subject) : 0) > APP_TEXT_BYTES_MAX)
        app_task_refuse(task, "Not sent: the text is too long: at most %u KiB; send it in parts.",
                        APP_TEXT_BYTES_MAX / 1024);
    else
        send_prepare(send);
}

static bool send_takes_text(const app_arguments *arguments) {
    return arguments->count == 1 && !app_argument(arguments, "file");
}

const app_task_class app_send_task = {"send", sizeof(send_task), send_takes_text, send_begin, send_end};

/* ---- what was typed ---- */

/* One --file takes one path, as shells that expand *.jpg do not know: what stands beside it is the recipient, and then
 * the text. Looked at where it was typed, because there the names of files mean something. */
int app_send_run(const app_context *context, const app_arguments *arguments) {
    const char *file = app_argument(arguments, "file");
    if (file && arguments->count > 0 && !strchr(arguments->positional[0], '@')) {
        app_print(&context->output, APP_ERR,
                  "sotto send: beside --file %s stand the recipient and then the text, and %s is no recipient; --file "
                  "goes before each file; see sotto help send\n",
                  file, arguments->positional[0]);
        return APP_USAGE;
    }
    if (file && arguments->count > 1 && access(arguments->positional[1], F_OK) == 0)
        app_print(
            &context->output, APP_ERR,
            "sotto send: %s is sent as text, although there is a file of that name: --file goes before each file\n",
            arguments->positional[1]);
    return app_holder_run(context, arguments);
}
