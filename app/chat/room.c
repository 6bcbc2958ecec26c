/* SPDX-License-Identifier: ISC
 *
 * Conversations in rooms: which addresses are rooms, and who is in them. */
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

void app_chat_show_members(app_chat *chat) {
    sotto_status status =
        sotto_engine_room_members(app_session_engine(chat->task.session), bytes_text(chat->with), show, chat);
    if (!sotto_ok(status))
        app_view_warning(&chat->view, "The members cannot be listed: %s.", sotto_status_text(status));
}
