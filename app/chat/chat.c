/* SPDX-License-Identifier: ISC
 *
 * The conversation: shows what was said last, asks for the devices once, and then lives on what happens in the session
 * and on what is typed, until either ends. */
#include "app/chat/chat.h"

#include <stdio.h>
#include <string.h>

#include "app/commands/commands.h"
#include "app/files/offer.h"
#include "app/keys.h"
#include "app/record.h"
#include "bytes/span.h"

#define QUIT_WAIT_MS 5000u /* for what is on its way, after /quit */

/* ---- the end ---- */

static void chat_finish(app_chat *chat) {
    if (chat->task.order.inlet) *chat->task.order.inlet = (app_inlet){0};
    app_session_unwatch(chat->task.session, &chat->watch);
    app_task_finish(&chat->task, chat->unsent ? APP_REFUSED : APP_DONE);
}

static void watch_again(app_chat *chat) {
    uint64_t at = UINT64_MAX;
    if (chat->typing == APP_TYPING_COMPOSING) at = chat->typing_until_ms;
    if (chat->ending && chat->end_ms < at) at = chat->end_ms;
    chat->watch.late_ms = at;
}

/* What is only held will not go by itself. */
static bool all_settled(const app_chat *chat) {
    for (const app_chat_waiting *w = chat->first; w; w = w->next)
        if (!w->held) return false;
    return true;
}

/* After every event and every line: whether it is over. True: the chat is gone. */
static bool chat_look(app_chat *chat) {
    if (chat->quitting && !chat->ending) {
        chat->ending = true;
        chat->end_ms = net_now_ms() + QUIT_WAIT_MS;
        if (chat->typing == APP_TYPING_COMPOSING) app_chat_type(chat, APP_TYPING_ACTIVE);
    }
    bool over = chat->ending && (all_settled(chat) || net_now_ms() >= chat->end_ms);
    if (!over || chat->busy) {
        watch_again(chat);
        return false;
    }
    app_chat_take_back(chat);
    if (chat->waiting_count > 0) chat->unsent = true;
    chat_finish(chat);
    return true;
}

/* ---- what happens in the session ---- */

static bool is_here(const app_chat *chat, sotto_bytes jid) {
    return bytes_is(jid, chat->with);
}

/* Whether it was shown out of the history already. */
static bool was_shown(const app_chat *chat, const app_message *m) {
    bool known = false, unread = false;
    app_history *history = app_session_history(chat->task.session);
    return history && m->has_text && sotto_ok(app_history_knows(history, &m->entry, &known, &unread)) && known &&
           !unread;
}

static void take_message(app_chat *chat, const app_message *m) {
    bool sealed = m->entry.seal.len > 0, ours = m->entry.direction == APP_SENT;
    if (m->error) {
        app_view_fate(&chat->view, m->entry.id, APP_FATE_RETURNED);
        return;
    }
    if (m->receipt.len > 0 && !ours && !m->entry.room) {
        bool proven = sealed && (m->entry.trust == SOTTO_TRUST_BLIND || m->entry.trust == SOTTO_TRUST_VERIFIED);
        app_view_fate(&chat->view, m->receipt, proven ? APP_FATE_ARRIVED : APP_FATE_CLAIMED);
    }
    if (was_shown(chat, m)) return;
    if (m->typing != APP_TYPING_NOTHING && sealed && !ours && !m->entry.private)
        app_view_typing(&chat->view, m->entry.who, m->typing);
    if (m->has_text) app_view_entry(&chat->view, &m->entry, false);
    app_chat_answer(chat, m);
}

static bool take_delivery(app_chat *chat, const sotto_delivery *delivery) {
    app_message m;
    bool mine =
        app_message_read(&m, delivery, bytes_text(app_session_jid(chat->task.session))) && is_here(chat, m.entry.with);
    bool files = mine && !m.error && !was_shown(chat, &m);
    if (mine) take_message(chat, &m);
    app_message_clear(&m);
    if (files) app_offers_take(app_session_engine(chat->task.session), delivery, chat->view.output, chat->json);
    return mine;
}

/* An offer was made for the devices that were known then: what makes them doubtful takes it back (T9). */
static void take_offer(app_chat *chat, const sotto_event *event) {
    if (!is_here(chat, event->jid)) return;
    if (event->kind == SOTTO_EVENT_MISSED) chat->offered = true;
    if (event->kind == SOTTO_EVENT_KEY_ALARM || event->kind == SOTTO_EVENT_LIST_GONE) chat->offered = false;
}

/* What was said when nobody looked, while another command ran. Of somebody doubtful it is not known which device is
 * new: there is /resend. */
static void offer_again(app_chat *chat) {
    sotto_engine *engine = app_session_engine(chat->task.session);
    sotto_contact contact;
    app_keys keys;
    if (chat->room || chat->offered || !sotto_ok(sotto_engine_contact(engine, bytes_text(chat->with), &contact)))
        return;
    if (contact.missed == 0 || contact.doubtful || !sotto_ok(app_keys_read(&keys, engine, chat->with))) return;
    app_keys_devices(&keys);
    bool verified = app_keys_any_verified(&keys);
    for (size_t i = 0; i < keys.count; i++) {
        const app_key *key = &keys.at[i];
        bool accepted = key->trust == SOTTO_TRUST_VERIFIED || (key->trust == SOTTO_TRUST_BLIND && !verified);
        if (!accepted || !key->active || !key->known || key->this_device) continue;
        sotto_event event = {.kind = SOTTO_EVENT_MISSED,
                             .jid = bytes_text(chat->with),
                             .number = contact.missed,
                             .key = {.active = true}};
        event.key.jid = event.jid;
        event.key.device = key->device;
        event.key.trust = key->trust;
        memcpy(event.key.key, key->key, sizeof event.key.key);
        memcpy(event.key.fingerprint, key->fingerprint, sizeof event.key.fingerprint);
        app_view_event(&chat->view, &event, app_session_jid(chat->task.session), BYTES_NONE);
        take_offer(chat, &event);
    }
}

/* What concerns this conversation, or this device as a whole. */
static bool take_event(app_chat *chat, const sotto_event *event) {
    const char *own = app_session_jid(chat->task.session);
    if (app_chat_own_event(chat, event)) return true;
    if (event->ticket != 0) return false;
    bool about = is_here(chat, event->jid) || bytes_is(event->jid, own);
    bool whole = event->kind == SOTTO_EVENT_COPIED || event->kind == SOTTO_EVENT_NOT_PUBLISHED;
    if (!about && !whole) return false;
    if (event->kind == SOTTO_EVENT_COMPARE && is_here(chat, event->jid)) {
        app_chat_compare_event(chat, event);
        return true;
    }
    app_view_event(&chat->view, event, own, BYTES_NONE);
    take_offer(chat, event);
    return is_here(chat, event->jid);
}

static bool on_engine(void *arg, const sotto_output *output) {
    app_chat *chat = arg;
    if (output->kind == SOTTO_OUTPUT_DELIVER) return take_delivery(chat, &output->delivery);
    return output->kind == SOTTO_OUTPUT_EVENT && take_event(chat, &output->event);
}

static void on_sent(void *arg, uint64_t ticket, sotto_bytes seal) {
    app_chat_sent(arg, ticket, seal);
}

static void on_online(void *arg, sotto_bytes how, bool resumed) {
    app_chat *chat = arg;
    (void)how;
    (void)resumed;
    if (chat->offline) app_view_notice(&chat->view, "Online again.");
    chat->offline = false;
}

static void on_offline(void *arg, sotto_status status, sotto_bytes text, bool will_retry, uint64_t retry_ms) {
    app_chat *chat = arg;
    app_trouble trouble;
    uint64_t now = net_now_ms();
    if (sotto_ok(status)) return; /* it was wanted */
    const char *own = app_session_jid(chat->task.session);
    app_trouble_lost(&trouble, status, text, own, own);
    if (will_retry && chat->offline) return;
    app_view_warning(&chat->view, "%s%s", trouble.text, will_retry ? " It is tried again." : "");
    chat->offline = true;
    (void)retry_ms;
    if (!will_retry) chat->ending = true;
    if (chat->ending) chat->end_ms = now;
}

static void on_rest(void *arg) {
    app_chat_look_live(arg);
    (void)chat_look(arg);
}

static void on_late(void *arg) {
    app_chat *chat = arg;
    if (chat->typing == APP_TYPING_COMPOSING && net_now_ms() >= chat->typing_until_ms)
        app_chat_type(chat, APP_TYPING_PAUSED);
    (void)chat_look(chat);
}

/* ---- what is typed ---- */

static void on_input(void *arg, app_input_kind kind, sotto_bytes text) {
    app_chat *chat = arg;
    switch (kind) {
    case APP_INPUT_LINE:
        if (!chat->ending) app_chat_take_line(chat, text);
        break;
    case APP_INPUT_TYPING:
        chat->typing_until_ms = net_now_ms() + APP_CHAT_PAUSE_MS;
        app_chat_type(chat, APP_TYPING_COMPOSING);
        break;
    case APP_INPUT_SAME:
        if (!chat->ending) app_chat_same(chat);
        break;
    case APP_INPUT_AGREE:
        if (!chat->ending) app_chat_agree(chat);
        break;
    case APP_INPUT_END:
        if (chat->ending) break;
        chat->ending = true;
        chat->end_ms = net_now_ms() + APP_TASK_WAIT_MS;
        break;
    }
    (void)chat_look(chat);
}

/* ---- the beginning ---- */

/* That there are no keys is no end here: the person is there and is told, and what is typed waits. */
static void chat_ready(app_task *task, sotto_status status) {
    app_chat *chat = (app_chat *)task;
    app_trouble why;
    chat->ready = true;
    if (!chat->room && !sotto_ok(status)) {
        if (!chat->offline)
            app_view_warning(&chat->view, "The devices of %s could not be asked for: %s.", chat->with,
                             sotto_status_text(status));
    } else if (!chat->room && !sotto_ok(task->answer)) {
        app_task_answer_text(task, task->answer, &why);
        app_view_warning(&chat->view, "No keys of %s were found (%s). What you write is not sent until there are some.",
                         chat->with, why.text);
    }
    if (chat->room && sotto_ok(status)) app_chat_enter(chat);
    offer_again(chat);
    app_chat_compare_again(chat);
    app_chat_send_waiting(chat);
    (void)chat_look(chat);
}

static void say_hello(app_chat *chat) {
    sotto_contact contact;
    app_view_notice(&chat->view,
                    chat->room ? "Room %s. /help lists the commands, /quit ends."
                               : "With %s. /help lists the commands, /quit ends.",
                    chat->with);
    if (sotto_ok(sotto_engine_contact(app_session_engine(chat->task.session), bytes_text(chat->with), &contact)))
        chat->clear = chat->view.clear = contact.now == SOTTO_ENCRYPT_NEVER;
    app_view_prompt(&chat->view);
}

static void chat_begin(app_task *task) {
    app_chat *chat = (app_chat *)task;
    if (!app_task_address(task, task->arguments.positional[0], chat->with)) return;
    chat->json = app_argument(&task->arguments, "json") != NULL;
    chat->room = app_chat_is_room(app_session_engine(task->session), chat->with);
    chat->end = &chat->first;
    app_view_begin(&chat->view, task->output, chat->with, chat->room, chat->json);
    chat->watch = (app_watch){.arg = chat,
                              .online = on_online,
                              .offline = on_offline,
                              .sent = on_sent,
                              .engine = on_engine,
                              .rest = on_rest,
                              .late = on_late,
                              .late_ms = UINT64_MAX};
    app_session_watch(task->session, &chat->watch);
    if (task->order.inlet) *task->order.inlet = (app_inlet){on_input, chat};
    app_chat_show_history(chat, APP_CHAT_SHOWN);
    say_hello(chat);
    if (chat->room)
        app_task_when_online(task, chat_ready);
    else
        app_task_refresh(task, chat->with, app_session_jid(task->session), chat_ready);
}

/* Also when the session ends under it. */
static void chat_end(app_task *task) {
    app_chat *chat = (app_chat *)task;
    if (task->order.inlet) *task->order.inlet = (app_inlet){0};
    app_session_unwatch(task->session, &chat->watch);
    app_chat_forget(chat);
}

const app_task_class app_chat_task = {"chat", sizeof(app_chat), NULL, chat_begin, chat_end};
