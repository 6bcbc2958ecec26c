/* SPDX-License-Identifier: ISC
 *
 * Conversations in rooms: which addresses are rooms, and who is in them. */
#include <stdio.h>
#include <string.h>

#include "app/chat/chat.h"
#include "app/commands/room.h"
#include "bytes/span.h"

bool app_chat_is_room(sotto_engine *engine, const char *jid) {
    bool is = false, joined;
    return sotto_ok(app_room_find(engine, jid, &is, &joined)) && is;
}

void app_chat_enter(app_chat *chat) {
    bool is = false, joined = false;
    sotto_status status = app_room_find(app_session_engine(chat->task.session), chat->with, &is, &joined);
    const sotto_input input = {.kind = SOTTO_INPUT_JOIN, .jid = bytes_text(chat->with)};
    if (sotto_ok(status) && is && !joined) status = app_session_step(chat->task.session, &input);
    if (!sotto_ok(status)) app_view_warning(&chat->view, "The room cannot be entered: %s.", sotto_status_text(status));
}

static sotto_status show(void *arg, const sotto_room_member *member) {
    app_chat *chat = arg;
    bool here = member->nick.len > 0, known = member->jid.len > 0;
    app_view_notice(&chat->view, "%.*s%s%.*s%s, %.*s%s", (int)member->nick.len,
                    here ? (const char *)member->nick.at : "", here ? " (" : "", (int)member->jid.len,
                    known ? (const char *)member->jid.at : "", here ? (known ? ")" : "the room does not say who)") : "",
                    (int)member->affiliation.len,
                    member->affiliation.len > 0 ? (const char *)member->affiliation.at : "", here ? "" : ", not here");
    return SOTTO_OK;
}

void app_chat_take_private(app_chat *chat, sotto_bytes rest) {
    char typed[SOTTO_JID_BYTES_MAX + SOTTO_JID_PART_BYTES_MAX + 2], room[SOTTO_JID_BYTES_MAX + 1],
        nick[SOTTO_JID_PART_BYTES_MAX + 1];
    sotto_bytes name, text;
    if (!chat->room) {
        app_view_warning(&chat->view, "This is no room: what you write goes to %s alone.", chat->with);
    } else if (!app_chat_private(rest, &name, &text)) {
        app_view_warning(&chat->view,
                         "/msg NICK TEXT, or /msg \"NICK\" TEXT: says it to one of those in the room alone. "
                         "/members shows who is here.");
    } else {
        (void)snprintf(typed, sizeof typed, "%s/%.*s", chat->with, (int)name.len, (const char *)name.at);
        if (app_room_nick_read(typed, room, nick))
            app_chat_say_to(chat, nick, text);
        else
            app_view_warning(&chat->view, "NOT SENT: %.*s cannot be anybody's name here.", (int)name.len,
                             (const char *)name.at);
    }
}

void app_chat_show_members(app_chat *chat) {
    sotto_status status =
        sotto_engine_room_members(app_session_engine(chat->task.session), bytes_text(chat->with), show, chat);
    if (!sotto_ok(status))
        app_view_warning(&chat->view, "The members cannot be listed: %s.", sotto_status_text(status));
}
