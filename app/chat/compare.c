/* SPDX-License-Identifier: ISC
 *
 * Comparing keys in a conversation: the eight characters stand in it, and one key that is no character of any text says
 * that they are the same. */
#include <string.h>

#include "app/chat/chat.h"
#include "app/sessions.h"
#include "app/verify/compare.h"
#include "bytes/span.h"

/* The characters are shown: from now on the key means something. */
static void show(app_chat *chat, const char *text, uint32_t fruitless) {
    chat->comparing = true;
    if (fruitless > 0)
        app_view_warning(&chat->view, "%u %s with %s came to nothing before.", (unsigned)fruitless,
                         fruitless == 1 ? "comparison" : "comparisons", chat->with);
    app_view_notice(&chat->view,
                    "Compare with %s, by voice or side by side: %s. The same on both sides: Ctrl-V. Not the same: "
                    "/verify no.",
                    chat->with, text);
}

void app_chat_compare_event(app_chat *chat, const sotto_event *event) {
    char text[APP_COMPARE_TEXT_SIZE];
    if (event->kind != SOTTO_EVENT_COMPARE || !bytes_is(event->jid, chat->with)) return;
    chat->comparing = false;
    if (chat->json) {
        app_view_event(&chat->view, event, app_session_jid(chat->task.session), BYTES_NONE);
        chat->comparing = event->number == SOTTO_COMPARE_READY || event->number == SOTTO_COMPARE_THEY_AGREED;
        return;
    }
    switch ((sotto_compare)event->number) {
    case SOTTO_COMPARE_WAITING:
        app_view_notice(&chat->view, "Waiting for %s: run sotto verify %s there, or /verify in a chat.%s", chat->with,
                        app_session_jid(chat->task.session),
                        sotto_ok(event->reason) ? " Without an answer: /verify fingerprints." : "");
        break;
    case SOTTO_COMPARE_ASKED:
        app_view_notice(&chat->view, "%s wants to compare keys with you: /verify, or /verify no.", chat->with);
        break;
    case SOTTO_COMPARE_READY:
        app_compare_group(event->text, text);
        show(chat, text, event->total);
        break;
    case SOTTO_COMPARE_THEY_AGREED:
        app_compare_group(event->text, text);
        chat->comparing = true;
        app_view_notice(&chat->view,
                        "%s said that they see %s as well. The same here: Ctrl-V. Not the same: /verify no.",
                        chat->with, text);
        break;
    case SOTTO_COMPARE_VERIFIED:
    case SOTTO_COMPARE_AGREED:
        app_view_notice(&chat->view,
                        event->number == SOTTO_COMPARE_AGREED ? "Both of you have compared: %s and you are verified."
                                                              : "%s is verified here; they have not answered yet.",
                        chat->with);
        if (event->number == SOTTO_COMPARE_AGREED &&
            app_sessions_offer(app_session_engine(chat->task.session), chat->with))
            app_view_notice(&chat->view, "/via live keeps what you say to each other out of every archive.");
        break;
    case SOTTO_COMPARE_ABORTED:
        app_view_event(&chat->view, event, app_session_jid(chat->task.session), BYTES_NONE);
        break;
    }
}

/* What was said when nobody looked. */
void app_chat_compare_again(app_chat *chat) {
    app_comparison run;
    if (chat->room || chat->json || chat->comparing ||
        !sotto_ok(app_compare_look(app_session_engine(chat->task.session), chat->with, &run)))
        return;
    if (run.stage == SOTTO_COMPARE_ASKED)
        app_view_notice(&chat->view, "%s wants to compare keys with you: /verify, or /verify no.", chat->with);
    if (run.text[0]) show(chat, run.text, run.fruitless);
}

static void step(app_chat *chat, const sotto_input *input) {
    sotto_status status = app_session_step(chat->task.session, input);
    if (sotto_is(status, SOTTO_E_STATE))
        app_view_notice(&chat->view, "There is nothing to compare now: /verify begins.");
    else if (!sotto_ok(status))
        app_view_warning(&chat->view, "This cannot be done: %s.", sotto_status_text(status));
}

/* Only what stands in this conversation can be agreed to. */
void app_chat_same(app_chat *chat) {
    if (!chat->comparing) return;
    chat->comparing = false;
    step(chat, &(sotto_input){.kind = SOTTO_INPUT_COMPARED, .jid = bytes_text(chat->with), .same = true});
}

void app_chat_compare(app_chat *chat, sotto_bytes rest) {
    app_keys keys;
    app_comparison run = {0};
    sotto_engine *engine = app_session_engine(chat->task.session);
    if (bytes_is(rest, "no")) {
        step(chat, &(sotto_input){.kind = SOTTO_INPUT_COMPARED, .jid = bytes_text(chat->with)});
        return;
    }
    bool open = sotto_ok(app_compare_look(engine, chat->with, &run)) && run.stage != 0;
    bool can = open || (sotto_ok(app_keys_read(&keys, engine, chat->with)) && app_compare_can(&keys));
    if (rest.len == 0 && can)
        step(chat, &(sotto_input){.kind = SOTTO_INPUT_COMPARE, .jid = bytes_text(chat->with)});
    else
        app_chat_run_other(chat, "verify", bytes_is(rest, "fingerprints") ? BYTES_NONE : rest,
                           rest.len == 0 || bytes_is(rest, "fingerprints") ? "--fingerprints" : NULL);
}
