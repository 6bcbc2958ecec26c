/* SPDX-License-Identifier: ISC
 *
 * What the engine tells about a conversation, as warnings in it, with the line to type that helps. */
#include <stdio.h>
#include <string.h>

#include "app/chat/view.h"
#include "app/commands/event.h"
#include "app/commands/live_event.h"
#include "app/fingerprint.h"
#include "app/keys.h"
#include "bytes/span.h"

#define CAPTURED_BYTES_MAX 65536u

/* Why a message waits, or will not be sent, and what can be done here. */
static const struct {
    int code;
    const char *text;
} reasons[] = {
    {SOTTO_E_NO_TRUSTED_DEVICE,
     "no device of theirs is accepted. /devices shows the new ones; compare, then /trust NUMBER"},
    {SOTTO_E_NO_DEVICE, "they have no device that can read encrypted messages. /devices looks again"},
    {SOTTO_E_BUNDLE_BROKEN, "no device of theirs has keys that can be used. /devices looks again"},
    {SOTTO_E_DEVICES_GONE, "they had encrypted devices and suddenly have none, which may be an attempt to make you "
                           "write in the clear. Ask them in another way; /devices looks again"},
    {SOTTO_E_SERVER_REFUSED, "their keys were not found: the server refused. /devices looks again"},
    {SOTTO_E_TIMEOUT, "the server did not answer. /devices asks again"},
    {SOTTO_E_OFFLINE, "there is no connection. It goes out with the next one"},
    {SOTTO_E_CANCELLED, "they asked to go on without encryption. /encrypt always goes on with it, /encrypt never "
                        "without"},
    {SOTTO_E_CANNOT_PROTECT, "nothing can protect this kind of message"},
    {SOTTO_E_ROOM_PUBLIC, "anybody may enter this room, so nothing can be encrypted for it"},
    {SOTTO_E_ROOM_ANONYMOUS, "this room hides who is in it, so nothing can be encrypted for it"},
    {SOTTO_E_NOT_JOINED, "you are not in this room: sotto join enters it"},
    {SOTTO_E_ROOM_LEFT, "you are not in this room any more: sotto join enters it again"},
    {SOTTO_E_STREAM_ERROR, "the server does not take it"},
};

static const char *reason_text(sotto_status reason) {
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].code == reason.code) return reasons[i].text;
    return sotto_status_text(reason);
}

static void short_of(sotto_bytes body, char ret[64]) {
    size_t len = 0;
    while (len < body.len && len < 40 && body.at[len] != '\n') len++;
    while (len > 0 && len < body.len && (body.at[len] & 0xc0) == 0x80) len--;
    (void)snprintf(ret, 64, "%.*s%s", (int)len, body.len > 0 ? (const char *)body.at : "", len < body.len ? "..." : "");
}

static void say_held(app_view *view, const sotto_event *event, sotto_bytes body) {
    char text[64];
    short_of(body, text);
    app_view_warning(view, "Held, not sent: \"%s\": %s. Nothing left unencrypted.", text, reason_text(event->reason));
}

static void say_refused(app_view *view, const sotto_event *event, sotto_bytes body) {
    char text[64];
    short_of(body, text);
    app_view_warning(view, "NOT SENT: \"%s\": %s%s%.*s.", text, reason_text(event->reason),
                     event->text.len > 0 ? ": " : "", (int)event->text.len,
                     event->text.len > 0 ? (const char *)event->text.at : "");
}

static void say_left_out(app_view *view, const sotto_event *event, bool own) {
    char fingerprint[APP_FINGERPRINT_TEXT_SIZE];
    bool refused = sotto_is(event->reason, SOTTO_E_NO_TRUSTED_DEVICE);
    app_fingerprint_text(event->key.fingerprint, fingerprint);
    fingerprint[8] = '\0';
    if (event->key.device == 0) /* a member of a room */
        app_view_warning(view, "%.*s cannot read what you send: %s.", (int)event->jid.len, (const char *)event->jid.at,
                         sotto_status_text(event->reason));
    else if (own && sotto_is(event->reason, SOTTO_E_BAD_KEY)) /* as sotto send says (T18) */
        app_view_warning(view,
                         "Device %u of yours cannot read what you send: its key cannot be used. If it is a copy of "
                         "this device, which has the same key: sotto leave in one of the two places, then sotto setup "
                         "there.",
                         (unsigned)event->key.device);
    else if (refused)
        app_view_warning(view, "Device %u of %.*s cannot read what you send: its key %s... is not accepted. %s",
                         (unsigned)event->key.device, (int)event->jid.len, (const char *)event->jid.at, fingerprint,
                         own ? "sotto devices, then sotto trust." : "/devices, compare, then /trust NUMBER.");
    else
        app_view_warning(view, "Device %u of %.*s cannot read what you send: %s.", (unsigned)event->key.device,
                         (int)event->jid.len, (const char *)event->jid.at, sotto_status_text(event->reason));
}

/* An offer, with the key that takes it. What it does is decided by how far the new device is trusted, so that stands
 * in it, and is not changed by it. */
static void say_missed(app_view *view, const sotto_event *event) {
    char fingerprint[APP_FINGERPRINT_TEXT_SIZE];
    app_fingerprint_text(event->key.fingerprint, fingerprint);
    fingerprint[8] = '\0';
    app_view_warning(view,
                     "New device %u of %.*s, key %s..., %s: it has not got %u %s that nobody confirmed.%s Ctrl-R "
                     "sends %s again, encrypted; so does /resend. Otherwise nothing is sent.",
                     (unsigned)event->key.device, (int)event->jid.len, (const char *)event->jid.at, fingerprint,
                     app_trust_text(event->key.trust), (unsigned)event->number,
                     event->number == 1 ? "message" : "messages",
                     event->key.trust == SOTTO_TRUST_VERIFIED
                         ? ""
                         : " Ask them in another way first: whoever added that device reads them.",
                     event->number == 1 ? "it" : "them");
}

/* ---- what the other commands say as well ---- */

typedef struct captured {
    char text[CAPTURED_BYTES_MAX];
    size_t len;
} captured;

static void capture(void *arg, app_stream stream, sotto_bytes bytes) {
    captured *to = arg;
    (void)stream;
    size_t room = sizeof to->text - to->len, len = bytes.len < room ? bytes.len : room;
    memcpy(to->text + to->len, bytes.at, len);
    to->len += len;
}

/* What is as it should be is no warning. */
static bool is_good_news(const sotto_event *event) {
    bool kind = event->kind == SOTTO_EVENT_ROOM || event->kind == SOTTO_EVENT_ROOM_MEMBER ||
                event->kind == SOTTO_EVENT_CAUGHT_UP || event->kind == SOTTO_EVENT_POLICY_ENDED;
    return (kind && sotto_ok(event->reason)) || app_live_event_is_good(event);
}

static void say_as_elsewhere(app_view *view, const sotto_event *event) {
    captured said;
    said.len = 0;
    const app_output output = {.write = capture, .arg = &said, .screen = {.ascii = view->output->screen.ascii}};
    app_event_print(&output, event);
    while (said.len > 0 && said.text[said.len - 1] == '\n') said.len--;
    if (said.len > 0 && is_good_news(event))
        app_view_notice(view, "%.*s", (int)said.len, said.text);
    else if (said.len > 0)
        app_view_warning(view, "%.*s", (int)said.len, said.text);
}

static void put_json(const app_view *view, const sotto_event *event) {
    bytes_buffer line;
    sotto_bytes text;
    bytes_buffer_owned(&line, sotto_host_default(), CAPTURED_BYTES_MAX);
    if (app_event_json(&line, event) && sotto_ok(bytes_buffer_end(&line, &text))) app_put(view->output, APP_OUT, text);
    bytes_buffer_free(&line);
}

void app_view_event(app_view *view, const sotto_event *event, const char *own, sotto_bytes body) {
    switch (event->kind) {
    case SOTTO_EVENT_HELD:
        say_held(view, event, body);
        break;
    case SOTTO_EVENT_REFUSED:
        say_refused(view, event, body);
        break;
    case SOTTO_EVENT_LEFT_OUT:
        say_left_out(view, event, bytes_is(event->jid, own));
        break;
    case SOTTO_EVENT_MISSED:
        if (view->json)
            put_json(view, event);
        else
            say_missed(view, event);
        break;
    default:
        if (view->json)
            put_json(view, event);
        else
            say_as_elsewhere(view, event);
        break;
    }
}
