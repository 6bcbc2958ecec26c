/* SPDX-License-Identifier: ISC */
#include "app/commands/policy_event.h"

#include "app/fingerprint.h"
#include "app/keys.h"
#include "bytes/span.h"

#define SHOWN_DIGITS   17 /* two groups: enough to recognize a key in a list */
#define HELD_BYTES_MAX 8192u

typedef struct subject {
    char fingerprint[APP_FINGERPRINT_TEXT_SIZE];
    int len;
    const char *jid;
} subject;

static subject subject_of(const sotto_event *event) {
    subject s = {.len = (int)event->jid.len, .jid = event->jid.len > 0 ? (const char *)event->jid.at : ""};
    app_fingerprint_text(event->key.fingerprint, s.fingerprint);
    s.fingerprint[SHOWN_DIGITS] = '\0';
    return s;
}

static void warning(const app_output *output) {
    app_colour_to(output, APP_ERR, APP_RED);
    app_print(output, APP_ERR, "Warning: ");
    app_colour_to(output, APP_ERR, APP_PLAIN);
}

/* ---- held ---- */

void app_held_text(bytes_buffer *to, const sotto_event *event) {
    subject s = subject_of(event);
    app_format(to, false, "Held, not sent: %.*s has no device you accepted", s.len, s.jid);
    if (event->total > 0) app_format(to, false, " (%u removed today)", (unsigned)event->total);
    app_format(to, false, ". Nothing left unencrypted. sotto devices %.*s %s", s.len, s.jid,
               event->number == 0   ? "looks for new ones."
               : event->number == 1 ? "shows the new one."
                                    : "shows the new ones.");
}

static void say_held(const app_output *output, const sotto_event *event) {
    bytes_buffer text;
    sotto_bytes whole;
    bytes_buffer_owned(&text, sotto_host_default(), HELD_BYTES_MAX);
    app_held_text(&text, event);
    if (sotto_ok(bytes_buffer_end(&text, &whole)))
        app_print(output, APP_ERR, "%.*s\n", (int)whole.len, (const char *)whole.at);
    bytes_buffer_free(&text);
}

/* ---- the others ---- */

static void say_list_gone(const app_output *output, const sotto_event *event) {
    subject s = subject_of(event);
    warning(output);
    app_print(
        output, APP_ERR,
        "%.*s had encrypted devices, and the server now says that there are none: that may be an attempt to make "
        "you write in the clear. Nothing leaves unencrypted. Ask in another way; sotto devices %.*s looks again.\n",
        s.len, s.jid, s.len, s.jid);
}

/* That the list is gone was said already. */
static void say_doubtful(const app_output *output, const sotto_event *event) {
    subject s = subject_of(event);
    if (sotto_is(event->reason, SOTTO_E_DEVICES_GONE)) return;
    app_print(
        output, APP_ERR,
        "It is doubtful whether %.*s can read what you send: %s. It is encrypted all the same, and %u unconfirmed "
        "%s kept. When they have a new device, sotto resend %.*s sends it what they missed.\n",
        s.len, s.jid,
        sotto_is(event->reason, SOTTO_E_IN_THE_CLEAR) ? "a message in the clear came in their name"
                                                      : "for two weeks nothing was confirmed",
        (unsigned)event->number, event->number == 1 ? "message is" : "messages are", s.len, s.jid);
}

static void say_missed(const app_output *output, const sotto_event *event) {
    subject s = subject_of(event);
    app_print(output, APP_ERR,
              "The new device %u of %.*s has not got %u %s that nobody confirmed: sotto resend %.*s.%s\n",
              (unsigned)event->key.device, s.len, s.jid, (unsigned)event->number,
              event->number == 1 ? "message" : "messages", s.len, s.jid,
              event->key.trust == SOTTO_TRUST_VERIFIED
                  ? ""
                  : " Its key was not compared: ask in another way first, or whoever added it reads them.");
}

static void say_vouched(const app_output *output, const sotto_event *event) {
    subject s = subject_of(event);
    if (event->key.this_device) {
        warning(output);
        app_print(output, APP_ERR,
                  "another verified device of yours says that this one is not to be trusted. If that was not you, look "
                  "at sotto devices.\n");
        return;
    }
    app_print(output, APP_ERR,
              "Device %u of %.*s, key %s..., is %s now: a verified device of %.*s said so. sotto %s %.*s "
              "%u takes that back.\n",
              (unsigned)event->key.device, s.len, s.jid, s.fingerprint, app_trust_text(event->key.trust),
              (int)event->text.len, event->text.len > 0 ? (const char *)event->text.at : "",
              event->key.trust == SOTTO_TRUST_VERIFIED ? "distrust" : "trust", s.len, s.jid,
              (unsigned)event->key.device);
}

static void say_policy_ended(const app_output *output, const sotto_event *event) {
    subject s = subject_of(event);
    app_print(output, APP_ERR, "The time without encryption with %.*s is over: messages to them are encrypted again.\n",
              s.len, s.jid);
}

static void say_own_device(const app_output *output, const sotto_event *event) {
    subject s = subject_of(event);
    app_print(output, APP_ERR,
              "Another device of yours appeared: %u, key %s..., %s. If it is yours, sotto verify confirms "
              "it; if not, sotto distrust %.*s %u.\n",
              (unsigned)event->key.device, s.fingerprint, app_trust_text(event->key.trust), s.len, s.jid,
              (unsigned)event->key.device);
}

bool app_policy_event_print(const app_output *output, const sotto_event *event) {
    switch (event->kind) {
    case SOTTO_EVENT_HELD:
        if (!sotto_is(event->reason, SOTTO_E_NO_TRUSTED_DEVICE)) return false;
        say_held(output, event);
        return true;
    case SOTTO_EVENT_NEW_KEY:
        if (event->number != 1 || event->key.this_device) return false;
        say_own_device(output, event);
        return true;
    case SOTTO_EVENT_LIST_GONE:
        say_list_gone(output, event);
        return true;
    case SOTTO_EVENT_DOUBTFUL:
        say_doubtful(output, event);
        return true;
    case SOTTO_EVENT_MISSED:
        say_missed(output, event);
        return true;
    case SOTTO_EVENT_VOUCHED:
        say_vouched(output, event);
        return true;
    case SOTTO_EVENT_POLICY_ENDED:
        say_policy_ended(output, event);
        return true;
    default:
        return false;
    }
}

const char *app_policy_event_name(sotto_event_kind kind) {
    switch (kind) {
    case SOTTO_EVENT_LIST_GONE:
    case SOTTO_EVENT_DOUBTFUL:
    case SOTTO_EVENT_MISSED:
    case SOTTO_EVENT_VOUCHED:
    case SOTTO_EVENT_POLICY_ENDED:
        return sotto_event_name(kind);
    default:
        return NULL;
    }
}

void app_policy_event_json(app_json *json, const sotto_event *event) {
    bool of_key = event->kind == SOTTO_EVENT_MISSED || event->kind == SOTTO_EVENT_VOUCHED;
    if (event->kind == SOTTO_EVENT_DOUBTFUL) app_json_number(json, "unconfirmed", event->number);
    if (event->kind == SOTTO_EVENT_MISSED) app_json_number(json, "messages", event->number);
    if (of_key) {
        app_json_number(json, "device", event->key.device);
        app_json_hex(json, "fingerprint", bytes_of(event->key.fingerprint, sizeof event->key.fingerprint));
        app_json_text(json, "trust", bytes_text(sotto_trust_name(event->key.trust)));
    }
    if (event->kind == SOTTO_EVENT_VOUCHED) app_json_text(json, "by", event->text);
}
