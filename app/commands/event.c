/* SPDX-License-Identifier: ISC
 *
 * Events. */
#include "app/commands/event.h"

#include "app/commands/live_event.h"
#include "app/commands/policy_event.h"
#include "app/commands/room.h"
#include "app/fingerprint.h"
#include "app/keys.h"
#include "app/verify/compare.h"
#include "bytes/span.h"

#define SHOWN_DIGITS 17 /* two groups: enough to recognize a key in a list */

typedef struct key_words {
    char fingerprint[APP_FINGERPRINT_TEXT_SIZE];
    int jid_len;
    const char *jid;
} key_words;

static key_words words_of(const sotto_event *event) {
    key_words words = {.jid_len = (int)event->jid.len, .jid = event->jid.len > 0 ? (const char *)event->jid.at : ""};
    app_fingerprint_text(event->key.fingerprint, words.fingerprint);
    words.fingerprint[SHOWN_DIGITS] = '\0';
    return words;
}

/* ---- for people ---- */

static void say_new_key(const app_output *output, const sotto_event *event) {
    key_words words = words_of(event);
    if (event->key.this_device) return;
    app_print(output, APP_ERR, "New device of %.*s: %u, key %s..., ", words.jid_len, words.jid,
              (unsigned)event->key.device, words.fingerprint);
    if (event->key.trust == SOTTO_TRUST_BLIND || event->key.trust == SOTTO_TRUST_VERIFIED)
        app_print(output, APP_ERR, "%s.\n", app_trust_text(event->key.trust));
    else
        app_print(output, APP_ERR,
                  "not used until you accept it: sotto devices %.*s shows it; compare, then sotto trust %.*s NUMBER.\n",
                  words.jid_len, words.jid, words.jid_len, words.jid);
}

static void say_alarm(const app_output *output, const sotto_event *event) {
    key_words words = words_of(event);
    app_colour_to(output, APP_ERR, APP_RED);
    app_print(output, APP_ERR, "Warning: ");
    app_colour_to(output, APP_ERR, APP_PLAIN);
    app_print(output, APP_ERR,
              "device %u of %.*s turned up with a key that does not belong there (%s...): somebody may be posing as "
              "it. Ask in another way, and look at sotto devices %.*s.\n",
              (unsigned)event->key.device, words.jid_len, words.jid, words.fingerprint, words.jid_len, words.jid);
}

static void say_unreadable(const app_output *output, const sotto_event *event) {
    key_words words = words_of(event);
    app_print(output, APP_ERR, "A message of %.*s (device %u) could not be decrypted: %s.\n", words.jid_len, words.jid,
              (unsigned)event->key.device, sotto_status_text(event->reason));
}

static void say_not_published(const app_output *output, const sotto_event *event) {
    app_print(output, APP_ERR,
              "The keys of this device are not on the server (%s%s%.*s), so others may not be able to "
              "encrypt to it. It is tried again.\n",
              sotto_status_text(event->reason), event->text.len > 0 ? ": " : "", (int)event->text.len,
              event->text.len > 0 ? (const char *)event->text.at : "");
}

static void say_opt_out(const app_output *output, const sotto_event *event) {
    key_words words = words_of(event);
    app_print(output, APP_ERR,
              "%.*s asks to go on without encryption%s%.*s. Nothing is sent in the clear: what you send is held until "
              "sotto encrypt %.*s always, or never, answers.\n",
              words.jid_len, words.jid, event->text.len > 0 ? ": " : "", (int)event->text.len,
              event->text.len > 0 ? (const char *)event->text.at : "", words.jid_len, words.jid);
}

static void say_copied(const app_output *output, const sotto_event *event) {
    app_colour_to(output, APP_ERR, APP_RED);
    app_print(output, APP_ERR, "Warning: ");
    app_colour_to(output, APP_ERR, APP_PLAIN);
    app_print(
        output, APP_ERR,
        "the store of this account is an old copy, or in use elsewhere as well. Its sessions cannot be used "
        "again: this device goes on as device %u, with the same key, and begins new ones. Messages that arrived "
        "after the copy was made are not here. If another copy stays in use, give this one a key of its own: sotto "
        "leave, then sotto setup.\n",
        (unsigned)event->number);
}

static void say_room(const app_output *output, const sotto_event *event) {
    key_words words = words_of(event);
    app_print(output, APP_ERR, "%.*s: ", words.jid_len, words.jid);
    app_room_print_state(output, APP_ERR, event->reason, event->number, event->total, event->text);
    app_print(output, APP_ERR, ".\n");
}

static void say_member(const app_output *output, const sotto_event *event) {
    key_words words = words_of(event);
    if (event->number > 0)
        app_print(output, APP_ERR,
                  "%.*s is now %.*s of %.*s, says its server: what you say there is encrypted to them "
                  "too.\n",
                  (int)event->key.jid.len, (const char *)event->key.jid.at, (int)event->text.len,
                  (const char *)event->text.at, words.jid_len, words.jid);
    else
        app_print(output, APP_ERR, "%.*s is no member of %.*s any more%s.\n", (int)event->key.jid.len,
                  (const char *)event->key.jid.at, words.jid_len, words.jid,
                  bytes_is(event->text, "outcast") ? " (banned)" : "");
}

static void say_invited(const app_output *output, const sotto_event *event) {
    key_words words = words_of(event);
    app_print(output, APP_ERR, "%.*s invites you into %.*s%s%.*s. sotto join %.*s enters it.\n",
              event->key.jid.len > 0 ? (int)event->key.jid.len : 8,
              event->key.jid.len > 0 ? (const char *)event->key.jid.at : "Somebody", words.jid_len, words.jid,
              event->text.len > 0 ? ": " : "", (int)event->text.len,
              event->text.len > 0 ? (const char *)event->text.at : "", words.jid_len, words.jid);
}

/* A message that an earlier command handed over, and that was given up. */
static void say_dropped(const app_output *output, const sotto_event *event) {
    key_words words = words_of(event);
    app_print(output, APP_ERR,
              "A message%s%.*s that had not been confirmed was dropped: the server does not take it%s%.*s.\n",
              words.jid_len > 0 ? " to " : "", words.jid_len, words.jid, event->text.len > 0 ? ": " : "",
              (int)event->text.len, event->text.len > 0 ? (const char *)event->text.at : "");
}

/* T22: once for all of them. */
static void say_missed_unreadable(const app_output *output, const sotto_event *event) {
    app_print(output, APP_ERR, "%u %s of the archive of %.*s cannot be decrypted by this device.\n",
              (unsigned)event->number, event->number == 1 ? "message" : "messages", (int)event->jid.len,
              (const char *)event->jid.at);
}

static void say_caught_up(const app_output *output, const sotto_event *event) {
    if (sotto_ok(event->reason)) return;
    app_print(output, APP_ERR, "The archive of %.*s was not read to its end (%s); the next login goes on with it.\n",
              (int)event->jid.len, (const char *)event->jid.at, sotto_status_text(event->reason));
}

static void say_reduced(const app_output *output, const sotto_event *event) {
    app_print(
        output, APP_ERR,
        "%u of the devices have an older OMEMO, which protects the text alone. Left out for them, or named without "
        "its content: %.*s.\n",
        event->number, (int)event->text.len, (const char *)event->text.at);
}

void app_event_warn(const app_output *output, const sotto_event *event) {
    if (app_compare_print(output, event)) return;
    if (app_live_event_print(output, event)) return;
    if (event->kind != SOTTO_EVENT_HELD && app_policy_event_print(output, event)) return;
    if (event->kind == SOTTO_EVENT_NEW_KEY)
        say_new_key(output, event);
    else if (event->kind == SOTTO_EVENT_KEY_ALARM)
        say_alarm(output, event);
    else if (event->kind == SOTTO_EVENT_NOT_PUBLISHED)
        say_not_published(output, event);
    else if (event->kind == SOTTO_EVENT_COPIED)
        say_copied(output, event);
    else if (event->kind == SOTTO_EVENT_REDUCED)
        say_reduced(output, event);
    else if (event->kind == SOTTO_EVENT_REFUSED && sotto_is(event->reason, SOTTO_E_STREAM_ERROR))
        say_dropped(output, event);
    else if (event->kind == SOTTO_EVENT_CAUGHT_UP)
        say_caught_up(output, event);
    else if (event->kind == SOTTO_EVENT_CAUGHT_UP_UNREADABLE)
        say_missed_unreadable(output, event);
}

void app_event_print(const app_output *output, const sotto_event *event) {
    switch (event->kind) {
    case SOTTO_EVENT_UNREADABLE:
        say_unreadable(output, event);
        break;
    case SOTTO_EVENT_OPT_OUT:
        say_opt_out(output, event);
        break;
    case SOTTO_EVENT_ROOM:
        say_room(output, event);
        break;
    case SOTTO_EVENT_ROOM_MEMBER:
        say_member(output, event);
        break;
    case SOTTO_EVENT_INVITED:
        say_invited(output, event);
        break;
    default:
        app_event_warn(output, event);
        break;
    }
}

/* ---- as JSON ---- */

/* NULL: an answer to a command, which is no business of whoever reads what arrives. */
static const char *event_name(sotto_event_kind kind) {
    switch (kind) {
    case SOTTO_EVENT_NEW_KEY:
    case SOTTO_EVENT_KEY_ALARM:
    case SOTTO_EVENT_DEVICES:
    case SOTTO_EVENT_UNREADABLE:
    case SOTTO_EVENT_PUBLISHED:
    case SOTTO_EVENT_NOT_PUBLISHED:
    case SOTTO_EVENT_OPT_OUT:
    case SOTTO_EVENT_COPIED:
    case SOTTO_EVENT_ROOM:
    case SOTTO_EVENT_ROOM_MEMBER:
    case SOTTO_EVENT_INVITED:
    case SOTTO_EVENT_CAUGHT_UP:
    case SOTTO_EVENT_CAUGHT_UP_UNREADABLE:
    case SOTTO_EVENT_REDUCED:
    case SOTTO_EVENT_COMPARE:
        return sotto_event_name(kind);
    default:
        return app_live_event_name(kind) ? app_live_event_name(kind) : app_policy_event_name(kind);
    }
}

static void put_key(app_json *json, const sotto_key *key, bool with_trust) {
    app_json_number(json, "device", key->device);
    if (key->known)
        app_json_hex(json, "fingerprint", bytes_of(key->fingerprint, sizeof key->fingerprint));
    else
        app_json_null(json, "fingerprint");
    if (!with_trust) return;
    app_json_text(json, "seal", key->seal);
    app_json_text(json, "trust", bytes_text(sotto_trust_name(key->trust)));
    app_json_bool(json, "this_device", key->this_device);
}

static void put_room(app_json *json, const sotto_event *event) {
    if (event->kind == SOTTO_EVENT_ROOM) {
        app_json_text(json, "state", bytes_text(app_room_state(event->reason)));
        app_json_number(json, "reached", event->number);
        app_json_number(json, "others", event->total);
        if (event->text.len > 0) app_json_text(json, "text", event->text);
    } else if (event->kind == SOTTO_EVENT_ROOM_MEMBER) {
        app_json_text(json, "member", event->key.jid);
        app_json_text(json, "affiliation", event->text);
    } else if (event->kind == SOTTO_EVENT_INVITED) {
        if (event->key.jid.len > 0)
            app_json_text(json, "by", event->key.jid);
        else
            app_json_null(json, "by");
        app_json_text(json, "text", event->text);
    }
}

bool app_event_json(bytes_buffer *to, const sotto_event *event) {
    const char *name = event_name(event->kind);
    if (!name) return false;
    app_json json = app_json_begin(to);
    app_json_text(&json, "event", bytes_text(name));
    app_json_text(&json, event->kind == SOTTO_EVENT_UNREADABLE ? "from" : "jid", event->jid);
    if (event->kind == SOTTO_EVENT_NEW_KEY || event->kind == SOTTO_EVENT_KEY_ALARM) put_key(&json, &event->key, true);
    if (event->kind == SOTTO_EVENT_UNREADABLE) {
        if (event->text.len > 0)
            app_json_text(&json, "id", event->text);
        else
            app_json_null(&json, "id");
        put_key(&json, &event->key, false);
    }
    if (event->kind == SOTTO_EVENT_DEVICES || event->kind == SOTTO_EVENT_CAUGHT_UP ||
        event->kind == SOTTO_EVENT_CAUGHT_UP_UNREADABLE)
        app_json_number(&json, "count", event->number);
    if (event->kind == SOTTO_EVENT_PUBLISHED || event->kind == SOTTO_EVENT_COPIED)
        app_json_number(&json, "device", event->number);
    if (event->kind == SOTTO_EVENT_REDUCED) {
        app_json_number(&json, "recipients", event->number);
        app_json_text(&json, "text", event->text);
    }
    put_room(&json, event);
    app_compare_json(&json, event);
    app_policy_event_json(&json, event);
    app_live_event_json(&json, event);
    if (!sotto_ok(event->reason)) app_json_text(&json, "reason", bytes_text(sotto_status_name(event->reason)));
    if (event->kind == SOTTO_EVENT_NOT_PUBLISHED || event->kind == SOTTO_EVENT_OPT_OUT)
        app_json_text(&json, "text", event->text);
    app_json_end(&json);
    return true;
}
