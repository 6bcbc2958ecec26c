/* SPDX-License-Identifier: ISC
 *
 * What is typed in a conversation. Most commands are those of the program, with the address filled in: they say the
 * same here and there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/chat/chat.h"
#include "bytes/span.h"

#define WORDS_MAX 12u

/* ---- commands of the program ---- */

static void other_done(void *arg, int exit_status) {
    app_chat *chat = arg;
    chat->busy = false;
    if (exit_status != APP_ASK) return; /* it said what it had to say */
    chat->asked = true;
    if (strcmp(chat->other, "encrypt") == 0)
        app_view_warning(&chat->view, "To do so, type the words " APP_CHAT_WORDS ". Anything else changes nothing.");
    else if (chat->rest[0])
        app_view_warning(&chat->view, "If you got this from them yourself, and decide so, type yes. Anything else "
                                      "changes nothing.");
    else
        app_view_warning(&chat->view, "Which of them did you compare? Type their numbers. Anything else changes "
                                      "nothing.");
}

/* The words of `rest` behind the address, in chat->words. The number of them; 0: too many. */
static size_t split(app_chat *chat, sotto_bytes rest, const char **words, size_t count) {
    size_t at = 0;
    if (rest.len >= sizeof chat->words) return 0;
    if (rest.len > 0) memcpy(chat->words, rest.at, rest.len);
    chat->words[rest.len] = '\0';
    while (at < rest.len) {
        while (chat->words[at] == ' ') at++;
        if (!chat->words[at]) break;
        if (count == WORDS_MAX) return 0;
        words[count++] = chat->words + at;
        while (chat->words[at] && chat->words[at] != ' ') at++;
        if (at < rest.len) chat->words[at++] = '\0';
    }
    return count;
}

static bool has_option(const app_topic *topic, const char *name) {
    for (const app_option *option = topic->options; option->name; option++)
        if (strcmp(option->name, name) == 0) return true;
    return false;
}

void app_chat_run_other(app_chat *chat, const char *name, sotto_bytes rest, const char *option) {
    const char *words[WORDS_MAX + 1];
    const app_task_class *class = app_task_find(name);
    const app_topic *topic = app_topic_find(name);
    size_t count = 0;
    if (!class || !topic) {
        app_view_warning(&chat->view, "This version of sotto has no command %s.", name);
        return;
    }
    if (chat->busy) {
        app_view_notice(&chat->view, "Another command has not ended yet. Type it again then.");
        return;
    }
    if (chat->json && has_option(topic, "json")) words[count++] = "--json";
    if (option) words[count++] = option;
    words[count++] = "--";
    words[count++] = chat->with;
    count = split(chat, rest, words, count);
    if (count == 0) {
        app_view_warning(&chat->view, "This is too long for a command.");
        return;
    }
    chat->other = name;
    (void)snprintf(chat->rest, sizeof chat->rest, "%.*s", (int)rest.len, rest.len > 0 ? (const char *)rest.at : "");
    chat->arguments = (app_arguments){0};
    if (!app_arguments_read(&chat->arguments, topic, words, count, chat->task.output)) return;
    chat->busy = true;
    app_task_begin(chat->task.session, &(app_task_order){.class = class,
                                                         .arguments = &chat->arguments,
                                                         .output = chat->task.output,
                                                         .done = other_done,
                                                         .arg = chat});
}

/* ---- what is only here ---- */

static void show_help(app_chat *chat) {
    for (const app_chat_command *c = app_chat_commands; c->name; c++)
        app_view_notice(&chat->view, "%s%s%s: %s", c->name, *c->arguments ? " " : "", c->arguments, c->text);
    app_view_notice(&chat->view,
                    "Everything else is sent. A text that begins with a slash gets a second one in front.");
}

static sotto_status show_entry(void *arg, const app_entry *entry) {
    app_chat *chat = arg;
    app_view_entry(&chat->view, entry, true);
    return SOTTO_OK;
}

static sotto_status now_done(void *arg, uint64_t seq) {
    const app_chat *chat = arg;
    sotto_status status = app_session_done(chat->task.session, seq);
    return sotto_is(status, SOTTO_E_NOT_FOUND) ? SOTTO_OK : status;
}

void app_chat_show_history(app_chat *chat, size_t count) {
    app_history *history = app_session_history(chat->task.session);
    if (!history) return;
    sotto_bytes with = bytes_text(chat->with);
    sotto_status status = app_history_last(history, with, UINT64_MAX, count, show_entry, chat);
    if (sotto_ok(status)) status = app_history_shown(history, with, now_done, chat);
    app_session_changed(chat->task.session);
    if (!sotto_ok(status)) app_view_warning(&chat->view, "The history cannot be read: %s.", sotto_status_text(status));
}

static void take_history(app_chat *chat, sotto_bytes rest) {
    char text[16];
    char *end = text;
    unsigned long count = APP_CHAT_SHOWN;
    if (!app_session_history(chat->task.session)) {
        app_view_notice(&chat->view, "No history is kept (history = no in the settings).");
        return;
    }
    if (rest.len > 0) {
        (void)snprintf(text, sizeof text, "%.*s", (int)rest.len, (const char *)rest.at);
        count = strtoul(text, &end, 10);
        if (*end != '\0' || count == 0 || count > SOTTO_HISTORY_OF_ONE_MAX) {
            app_view_warning(&chat->view, "/history NUMBER: how many messages, at most %u.", SOTTO_HISTORY_OF_ONE_MAX);
            return;
        }
    }
    app_chat_show_history(chat, count);
}

static void take_correct(app_chat *chat, sotto_bytes rest) {
    if (rest.len == 0)
        app_view_warning(&chat->view, "/correct TEXT: the text that takes the place of the last message you sent.");
    else if (!chat->last_id[0])
        app_view_warning(&chat->view, "There is nothing to correct: you have sent nothing here yet.");
    else
        app_chat_say(chat, rest, chat->last_id);
}

/* A program of the same version may know more of it than the engine's three words. */
static void take_encrypt(app_chat *chat, sotto_bytes rest) {
    static const char *const words[] = {"default", "auto", "always", "never"};
    sotto_encrypt encrypt = SOTTO_ENCRYPT_DEFAULT;
    if (app_task_find("encrypt")) {
        app_chat_run_other(chat, "encrypt", rest, NULL);
        return;
    }
    for (unsigned i = SOTTO_ENCRYPT_AUTO; i <= SOTTO_ENCRYPT_NEVER; i++)
        if (bytes_is(rest, words[i])) encrypt = (sotto_encrypt)i;
    if (encrypt == SOTTO_ENCRYPT_DEFAULT) {
        app_view_warning(&chat->view, "/encrypt auto, /encrypt always or /encrypt never.");
        return;
    }
    const sotto_input input = {.kind = SOTTO_INPUT_POLICY, .jid = bytes_text(chat->with), .encrypt = encrypt};
    sotto_status status = app_session_step(chat->task.session, &input);
    if (!sotto_ok(status))
        app_view_warning(&chat->view, "This cannot be set: %s.", sotto_status_text(status));
    else if (encrypt == SOTTO_ENCRYPT_NEVER)
        app_view_warning(&chat->view,
                         "From now on what you write here leaves WITHOUT ENCRYPTION. /encrypt always takes "
                         "that back.");
    else
        app_view_notice(&chat->view, "Messages to %s: %s.", chat->with, words[encrypt]);
}

/* Numbers and what stands between them, and nothing else. */
static bool are_numbers(char *typed) {
    if (!typed[strspn(typed, " ,")]) return false;
    for (char *at = typed; *at; at++) {
        if (*at == ',') *at = ' ';
        if (*at != ' ' && (*at < '0' || *at > '9')) return false;
    }
    return true;
}

/* What was asked for cannot be sent by mistake, nor can what was not. */
static void take_answer(app_chat *chat, sotto_bytes line) {
    char typed[sizeof chat->rest], rest[sizeof chat->rest];
    bool encrypt = strcmp(chat->other, "encrypt") == 0;
    chat->asked = false;
    (void)snprintf(typed, sizeof typed, "%.*s", (int)line.len, line.len > 0 ? (const char *)line.at : "");
    memcpy(rest, chat->rest, sizeof rest);
    if (encrypt && strcasecmp(typed, APP_CHAT_WORDS) == 0)
        app_chat_run_other(chat, "encrypt", bytes_text(rest), "--confirm=" APP_CHAT_WORDS);
    else if (!encrypt && rest[0] && strcasecmp(typed, "yes") == 0)
        app_chat_run_other(chat, "verify", bytes_text(rest), "--yes");
    else if (!encrypt && !rest[0] && are_numbers(typed))
        app_chat_run_other(chat, "verify", bytes_text(typed), NULL);
    else
        app_view_notice(&chat->view, "Nothing was changed, and nothing was sent.");
}

/* Once for each offer: the key does nothing when nothing was offered, and is no answer to another question. */
void app_chat_agree(app_chat *chat) {
    if (!chat->offered) return;
    if (chat->asked || chat->busy) {
        app_view_notice(&chat->view, chat->asked ? "There is a question to be answered first."
                                                 : "Another command has not ended yet. Press it again then.");
        return;
    }
    chat->offered = false;
    app_chat_run_other(chat, "resend", BYTES_NONE, NULL);
}

/* What only makes sense between two people. */
static bool refused_in_room(app_chat *chat) {
    if (chat->room) app_view_warning(&chat->view, "In a room this is done for each member: /members shows them.");
    return chat->room;
}

void app_chat_take_line(app_chat *chat, sotto_bytes line) {
    sotto_bytes rest;
    if (chat->asked) {
        take_answer(chat, line);
        return;
    }
    app_chat_verb verb = app_chat_line(line, &rest);
    switch (verb) {
    case APP_CHAT_NOTHING:
        break;
    case APP_CHAT_SAY:
        app_chat_say(chat, rest, NULL);
        break;
    case APP_CHAT_CORRECT:
        take_correct(chat, rest);
        break;
    case APP_CHAT_HISTORY:
        take_history(chat, rest);
        break;
    case APP_CHAT_DEVICES:
        if (!refused_in_room(chat)) app_chat_run_other(chat, "devices", BYTES_NONE, NULL);
        break;
    case APP_CHAT_TRUST:
    case APP_CHAT_DISTRUST:
        if (!refused_in_room(chat)) app_chat_run_other(chat, verb == APP_CHAT_TRUST ? "trust" : "distrust", rest, NULL);
        break;
    case APP_CHAT_VERIFY:
        if (!refused_in_room(chat)) app_chat_compare(chat, rest);
        break;
    case APP_CHAT_RESEND:
        if (refused_in_room(chat)) break;
        if (!chat->busy) chat->offered = false;
        app_chat_run_other(chat, "resend", BYTES_NONE, NULL);
        break;
    case APP_CHAT_ENCRYPT:
        take_encrypt(chat, rest);
        break;
    case APP_CHAT_VIA:
        if (!refused_in_room(chat)) app_chat_run_other(chat, "via", rest, NULL);
        break;
    case APP_CHAT_SESSIONS:
        if (!refused_in_room(chat)) app_chat_run_other(chat, "sessions", BYTES_NONE, NULL);
        break;
    case APP_CHAT_MEMBERS:
        if (chat->room)
            app_chat_show_members(chat);
        else
            app_view_warning(&chat->view, "This is no room: there are %s and you.", chat->with);
        break;
    case APP_CHAT_PRIVATE:
        app_chat_take_private(chat, rest);
        break;
    case APP_CHAT_HELP:
        show_help(chat);
        break;
    case APP_CHAT_QUIT:
        chat->quitting = true;
        break;
    case APP_CHAT_UNKNOWN:
        app_view_warning(&chat->view,
                         "There is no command %.*s: /help lists them; // sends a text that begins with a "
                         "slash.",
                         (int)rest.len, (const char *)rest.at);
        break;
    }
}
