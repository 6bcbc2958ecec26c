/* SPDX-License-Identifier: ISC
 *
 * What leaves a conversation: messages, and the signals beside them, which go under encryption or not at all. */
#include <stdio.h>
#include <string.h>

#include "app/chat/chat.h"
#include "app/commands/room.h"
#include "app/record.h"
#include "app/sessions.h"
#include "bytes/memory.h"
#include "bytes/span.h"

/* ---- the list ---- */

static app_chat_waiting *waiting_new(sotto_bytes body) {
    app_chat_waiting *w = bytes_new(sotto_host_default(), sizeof *w + body.len + 1);
    if (!w) return NULL;
    w->len = body.len;
    memcpy(w->body, body.at, body.len);
    return w;
}

static void waiting_free(app_chat_waiting *w) {
    bytes_free(sotto_host_default(), w, sizeof *w + w->len + 1);
}

static app_chat_waiting *waiting_find(const app_chat *chat, uint64_t ticket) {
    for (app_chat_waiting *w = chat->first; w; w = w->next)
        if (w->ticket == ticket) return w;
    return NULL;
}

static void waiting_drop(app_chat *chat, app_chat_waiting *gone) {
    for (app_chat_waiting **at = &chat->first; *at; at = &(*at)->next) {
        if (*at != gone) continue;
        *at = gone->next;
        if (chat->end == &gone->next) chat->end = at;
        chat->waiting_count--;
        waiting_free(gone);
        return;
    }
}

static app_chat_quiet *quiet_find(app_chat *chat, uint64_t ticket) {
    for (size_t i = 0; i < APP_CHAT_QUIET_MAX; i++)
        if (ticket != 0 && chat->quiet[i].ticket == ticket) return &chat->quiet[i];
    return NULL;
}

void app_chat_forget(app_chat *chat) {
    while (chat->first) waiting_drop(chat, chat->first);
}

/* ---- messages ---- */

static app_entry entry_of(const app_chat *chat, const app_chat_waiting *w) {
    return (app_entry){.time_ms = w->time_ms,
                       .direction = APP_SENT,
                       .room = chat->room,
                       .with = bytes_text(chat->with),
                       .who = bytes_text(app_session_jid(chat->task.session)),
                       .id = bytes_text(w->id),
                       .corrects = bytes_text(w->corrects),
                       .private = w->nick[0] != '\0',
                       .nick = bytes_text(w->nick),
                       .body = bytes_of(w->body, w->len)};
}

static sotto_status step_stanza(const app_chat *chat, const bytes_buffer *stanza, uint64_t ticket,
                                sotto_encrypt encrypt) {
    sotto_input input = {.kind = SOTTO_INPUT_SEND, .ticket = ticket, .encrypt = encrypt};
    SOTTO_TRY(bytes_buffer_end(stanza, &input.stanza));
    return app_session_step(chat->task.session, &input);
}

/* The contact's policy decides; it is `always` unless somebody set another one (doc/commands.md). What is for somebody
 * in a room is encrypted or not sent, whatever anybody says. */
static sotto_status hand_over(app_chat *chat, app_chat_waiting *w) {
    bytes_buffer stanza;
    uint64_t ticket;
    char address[SOTTO_JID_BYTES_MAX + SOTTO_JID_PART_BYTES_MAX + 2];
    bool private = w->nick[0] != '\0';
    (void)snprintf(address, sizeof address, "%s%s%s", chat->with, private ? "/" : "", w->nick);
    const app_chat_text text = {.to = address,
                                .room = chat->room && !private,
                                .extras = !chat->room && !chat->clear,
                                .id = w->id,
                                .corrects = w->corrects[0] ? w->corrects : NULL,
                                .body = bytes_of(w->body, w->len)};
    SOTTO_TRY(app_session_ticket(&ticket));
    bytes_buffer_owned(&stanza, sotto_host_default(), SOTTO_STANZA_BYTES_MAX);
    sotto_status status = app_chat_put_text(&stanza, &text);
    if (sotto_ok(status)) {
        w->ticket = ticket;
        status = step_stanza(chat, &stanza, ticket, private ? SOTTO_ENCRYPT_ALWAYS : SOTTO_ENCRYPT_DEFAULT);
    }
    bytes_buffer_free(&stanza);
    return status;
}

static void not_sent(app_chat *chat, app_chat_waiting *w, sotto_status status) {
    if (sotto_is(status, SOTTO_E_MALFORMED)) {
        app_view_warning(&chat->view, "NOT SENT: the text is not UTF-8, or has control characters, which messages "
                                      "cannot carry.");
    } else {
        app_trouble trouble;
        app_trouble_status(&trouble, status, app_session_jid(chat->task.session), chat->with);
        app_view_warning(&chat->view, "NOT SENT: %s", trouble.text);
    }
    chat->unsent = true;
    waiting_drop(chat, w);
}

/* Whose name it is, now. False: nobody's it can be sent to, which was said. */
static bool find_occupant(app_chat *chat, app_chat_waiting *w) {
    app_trouble trouble;
    if (!w->nick[0] || app_room_occupant(app_session_engine(chat->task.session), chat->with, w->nick,
                                         app_session_jid(chat->task.session), w->to, &trouble))
        return true;
    app_view_warning(&chat->view, "%s", trouble.text);
    chat->unsent = true;
    waiting_drop(chat, w);
    return false;
}

static void hand_over_or_say(app_chat *chat, app_chat_waiting *w) {
    if (!find_occupant(chat, w)) return;
    sotto_status status = hand_over(chat, w);
    if (!sotto_ok(status))
        not_sent(chat, w, status);
    else if (!w->nick[0]) /* what was said to one is not corrected before all */
        memcpy(chat->last_id, w->corrects[0] ? w->corrects : w->id, sizeof chat->last_id);
}

static void say(app_chat *chat, sotto_bytes body, const char *corrects, const char *nick) {
    if (body.len > APP_TEXT_BYTES_MAX || chat->waiting_count >= APP_CHAT_WAITING_MAX) {
        app_view_warning(&chat->view, body.len > APP_TEXT_BYTES_MAX
                                          ? "NOT SENT: the text is too long: at most 128 KiB; send it in parts."
                                          : "NOT SENT: too many messages wait already.");
        chat->unsent = true;
        return;
    }
    app_chat_waiting *w = waiting_new(body);
    if (!w || !sotto_ok(app_chat_id(w->id))) {
        if (w) waiting_free(w);
        app_view_warning(&chat->view, "NOT SENT: out of memory.");
        chat->unsent = true;
        return;
    }
    if (nick) (void)snprintf(w->nick, sizeof w->nick, "%s", nick);
    if (corrects) (void)snprintf(w->corrects, sizeof w->corrects, "%s", corrects);
    w->time_ms = net_now_ms();
    *chat->end = w;
    chat->end = &w->next;
    chat->waiting_count++;
    chat->typing = APP_TYPING_ACTIVE; /* which the message says */
    if (chat->ready) hand_over_or_say(chat, w);
}

void app_chat_say(app_chat *chat, sotto_bytes body, const char *corrects) {
    say(chat, body, corrects, NULL);
}

void app_chat_say_to(app_chat *chat, const char *nick, sotto_bytes body) {
    say(chat, body, NULL, nick);
}

void app_chat_send_waiting(app_chat *chat) {
    for (app_chat_waiting *w = chat->first, *next; w; w = next) {
        next = w->next;
        if (w->ticket == 0) hand_over_or_say(chat, w);
    }
}

void app_chat_sent(app_chat *chat, uint64_t ticket, sotto_bytes seal) {
    app_chat_waiting *w = waiting_find(chat, ticket);
    app_chat_quiet *quiet = quiet_find(chat, ticket);
    if (quiet) quiet->held = false;
    if (!w || ticket == 0) return;
    app_entry entry = entry_of(chat, w);
    entry.fate = bytes_is(seal, "live") ? APP_FATE_ARRIVED : APP_FATE_SENT; /* there the two are one */
    chat->clear = seal.len == 0;
    chat->told_waits = false;
    if (seal.len > 0) {
        entry.seal = seal;
        entry.trust = chat->room
                          ? SOTTO_TRUST_BLIND
                          : app_record_trust(app_session_engine(chat->task.session), bytes_text(chat->with), seal);
    }
    app_view_entry(&chat->view, &entry, false);
    waiting_drop(chat, w);
}

/* ---- what becomes of them ---- */

static void cancel(const app_chat *chat, uint64_t ticket) {
    const sotto_input input = {.kind = SOTTO_INPUT_CANCEL, .ticket = ticket};
    sotto_status status = app_session_step(chat->task.session, &input);
    (void)status; /* it is not held any more: it left, or was refused */
}

static void quiet_take_back(const app_chat *chat, app_chat_quiet *quiet) {
    if (quiet->held) cancel(chat, quiet->ticket);
    quiet->held = false;
}

/* Who types is not worth waiting for, nor is anything that waits for somebody's decision. A receipt waits for what
 * comes by itself: a message may be here before the answer that says for which devices its receipt is, and nobody would
 * send another one. */
static bool quiet_event(app_chat *chat, const sotto_event *event) {
    app_chat_quiet *quiet = quiet_find(chat, event->ticket);
    if (!quiet) return false;
    if (event->kind != SOTTO_EVENT_HELD) return true;
    bool by_itself = sotto_is(event->reason, SOTTO_E_AGAIN) || sotto_is(event->reason, SOTTO_E_OFFLINE);
    quiet->held = true;
    if (!quiet->lasts || !by_itself) quiet_take_back(chat, quiet);
    return true;
}

/* Said once for each key. */
static bool is_told(app_chat *chat, const sotto_event *event) {
    for (size_t i = 0; i < chat->told_count && i < APP_CHAT_TOLD_MAX; i++)
        if (memcmp(chat->told[i], event->key.key, sizeof chat->told[i]) == 0) return true;
    memcpy(chat->told[chat->told_count++ % APP_CHAT_TOLD_MAX], event->key.key, sizeof chat->told[0]);
    return false;
}

/* Once, until something was sent: what is typed behind it waits as well. */
static void say_waits(app_chat *chat) {
    const char *lack = chat->room ? NULL : app_sessions_lack(app_session_engine(chat->task.session), chat->with);
    if (!lack || chat->told_waits) return;
    chat->told_waits = true;
    app_view_notice(&chat->view,
                    "This waits for a live session with %s: %s. /sessions looks; /via stored sends what they can read "
                    "later.",
                    chat->with, lack);
}

bool app_chat_own_event(app_chat *chat, const sotto_event *event) {
    const char *own = app_session_jid(chat->task.session);
    if (event->ticket == 0) return false;
    if (quiet_event(chat, event)) return true;
    app_chat_waiting *w = waiting_find(chat, event->ticket);
    if (!w) return false;
    sotto_bytes body = bytes_of(w->body, w->len);
    switch (event->kind) {
    case SOTTO_EVENT_LEFT_OUT:
        if (!is_told(chat, event)) app_view_event(&chat->view, event, own, body);
        break;
    case SOTTO_EVENT_REDUCED: /* once, until it is something else */
        if (bytes_is(event->text, chat->reduced)) break;
        (void)snprintf(chat->reduced, sizeof chat->reduced, "%.*s", (int)event->text.len,
                       event->text.len > 0 ? (const char *)event->text.at : "");
        app_view_event(&chat->view, event, own, body);
        break;
    case SOTTO_EVENT_REFUSED:
        app_view_event(&chat->view, event, own, body);
        chat->unsent = true;
        waiting_drop(chat, w);
        break;
    case SOTTO_EVENT_DELIVERY_UNKNOWN:
        app_view_event(&chat->view, event, own, body);
        chat->unsent = true;
        waiting_drop(chat, w);
        break;
    case SOTTO_EVENT_HELD: /* AGAIN: for an answer that is on its way, or for a session that may never come */
        if (sotto_is(event->reason, SOTTO_E_AGAIN)) {
            say_waits(chat);
            break;
        }
        w->held = true;
        app_view_event(&chat->view, event, own, body);
        break;
    default:
        app_view_event(&chat->view, event, own, body);
        break;
    }
    return true;
}

/* What has to wait when the conversation ends is not sent later, when nobody expects it any more. */
void app_chat_take_back(app_chat *chat) {
    size_t count = 0;
    for (size_t i = 0; i < APP_CHAT_QUIET_MAX; i++) quiet_take_back(chat, &chat->quiet[i]);
    for (app_chat_waiting *w = chat->first; w; w = w->next) {
        if (!w->held && w->ticket != 0) continue;
        if (w->ticket != 0) cancel(chat, w->ticket);
        count++;
    }
    if (count == 0) return;
    chat->unsent = true;
    app_view_warning(&chat->view, "NOT SENT: %zu message%s that had to wait. Nothing left unencrypted.", count,
                     count == 1 ? "" : "s");
}

/* ---- beside the messages ---- */

static void step_quiet(app_chat *chat, const bytes_buffer *stanza, bool lasts) {
    uint64_t ticket;
    if (!sotto_ok(app_session_ticket(&ticket))) return;
    app_chat_quiet *quiet = &chat->quiet[chat->quiet_at++ % APP_CHAT_QUIET_MAX];
    quiet_take_back(chat, quiet); /* the oldest */
    *quiet = (app_chat_quiet){.ticket = ticket, .lasts = lasts};
    /* A signal that cannot be sent is no loss worth a word. */
    if (!sotto_ok(step_stanza(chat, stanza, ticket, SOTTO_ENCRYPT_ALWAYS))) *quiet = (app_chat_quiet){0};
}

/* From somebody whose key is accepted, and to whom it tells nothing new (T23). */
static bool may_answer(const app_chat *chat, const app_message *m) {
    return !chat->room && !m->entry.room && m->answerable && m->entry.direction == APP_RECEIVED &&
           m->entry.seal.len > 0 && (m->entry.trust == SOTTO_TRUST_BLIND || m->entry.trust == SOTTO_TRUST_VERIFIED);
}

void app_chat_answer(app_chat *chat, const app_message *m) {
    bytes_buffer stanza;
    char id[APP_CHAT_ID_SIZE];
    if (!may_answer(chat, m)) return;
    if (m->typing != APP_TYPING_NOTHING) chat->they_type = true;
    if (!m->asks_receipt || m->entry.id.len == 0 || m->receipt.len > 0) return;
    if (app_session_settings(chat->task.session)->no_receipts || !sotto_ok(app_chat_id(id))) return;
    bytes_buffer_owned(&stanza, sotto_host_default(), SOTTO_STANZA_BYTES_MAX);
    if (sotto_ok(app_chat_put_receipt(&stanza, chat->with, id, m->entry.id))) step_quiet(chat, &stanza, true);
    bytes_buffer_free(&stanza);
}

/* Only to who says it too, under encryption (XEP-0085 section 5.1). */
void app_chat_type(app_chat *chat, app_typing typing) {
    bytes_buffer stanza;
    char id[APP_CHAT_ID_SIZE];
    if (typing == chat->typing || !chat->they_type || chat->clear || chat->room) return;
    if (app_session_settings(chat->task.session)->no_typing || !app_session_is_online(chat->task.session)) return;
    if (!sotto_ok(app_chat_id(id))) return;
    chat->typing = typing;
    bytes_buffer_owned(&stanza, sotto_host_default(), SOTTO_STANZA_BYTES_MAX);
    if (sotto_ok(app_chat_put_typing(&stanza, chat->with, id, typing))) step_quiet(chat, &stanza, false);
    bytes_buffer_free(&stanza);
}
