/* SPDX-License-Identifier: ISC
 *
 * The live session of a conversation, in front of what is typed: whether there is one, and how sure it is who is at the
 * other end. */
#include "app/chat/chat.h"
#include "bytes/span.h"

/* The best one that carries something; one that a person is asked about goes before all. */
static sotto_status look_at(void *arg, const sotto_session *session) {
    app_view_live *best = arg;
    app_view_live found = APP_VIEW_NO_LIVE;
    if (session->quarantined)
        found = APP_VIEW_QUARANTINED;
    else if (session->ready)
        found = session->key.trust == SOTTO_TRUST_VERIFIED ? APP_VIEW_LIVE_VERIFIED : APP_VIEW_LIVE;
    if (found > *best) *best = found;
    return SOTTO_OK;
}

void app_chat_look_live(app_chat *chat) {
    app_view_live found = APP_VIEW_NO_LIVE;
    if (chat->room) return;
    if (sotto_ok(
            sotto_engine_sessions(app_session_engine(chat->task.session), bytes_text(chat->with), look_at, &found)))
        app_view_live_is(&chat->view, found);
}
