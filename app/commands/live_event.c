/* SPDX-License-Identifier: ISC */
#include "app/commands/live_event.h"

#include <stdio.h>
#include <string.h>

#include "app/fingerprint.h"
#include "app/keys.h"
#include "bytes/span.h"

#define SHOWN_DIGITS 17 /* two groups: enough to recognize a key in a list */

typedef struct subject {
    char fingerprint[APP_FINGERPRINT_TEXT_SIZE];
    int len, text_len;
    const char *jid, *text;
} subject;

static const char *chars(sotto_bytes bytes) {
    return bytes.len > 0 ? (const char *)bytes.at : "";
}

static subject subject_of(const sotto_event *event) {
    subject s = {.len = (int)event->jid.len,
                 .text_len = (int)event->text.len,
                 .jid = chars(event->jid),
                 .text = chars(event->text)};
    app_fingerprint_text(event->key.fingerprint, s.fingerprint);
    s.fingerprint[SHOWN_DIGITS] = '\0';
    return s;
}

static void warning(const app_output *output) {
    app_colour_to(output, APP_ERR, APP_RED);
    app_print(output, APP_ERR, "Warning: ");
    app_colour_to(output, APP_ERR, APP_PLAIN);
}

/* ---- keys ---- */

static void say_new_key(const app_output *output, const sotto_event *event) {
    subject s = subject_of(event);
    bool accepted = event->key.trust == SOTTO_TRUST_BLIND || event->key.trust == SOTTO_TRUST_VERIFIED;
    if (event->key.this_device) return;
    app_print(output, APP_ERR, "New live key of %.*s: %s..., %s", s.len, s.jid, s.fingerprint,
              accepted ? app_trust_text(event->key.trust) : "");
    if (accepted)
        app_print(output, APP_ERR, ".\n");
    else
        app_print(output, APP_ERR, "not used until you accept it: sotto verify %.*s compares.\n", s.len, s.jid);
}

static void say_vouched(const app_output *output, const sotto_event *event) {
    subject s = subject_of(event);
    app_print(output, APP_ERR,
              "The live key %s... of %.*s is %s now: what was verified before stands behind it. sotto distrust %.*s %s "
              "takes that back.\n",
              s.fingerprint, s.len, s.jid, app_trust_text(event->key.trust), s.len, s.jid, s.fingerprint);
}

static void say_quarantined(const app_output *output, const sotto_event *event) {
    subject s = subject_of(event);
    warning(output);
    app_print(
        output, APP_ERR,
        "a live session with %.*s began without the secret that was kept from the ones before: they lost it (a new "
        "or restored device), or somebody else is there. Nothing goes through it until you say so, within ten "
        "minutes. ",
        s.len, s.jid);
    if (event->key.known)
        app_print(output, APP_ERR, "Ask them in another way whether they lost it; then sotto trust %.*s %s.\n", s.len,
                  s.jid, s.fingerprint);
    else
        app_print(
            output, APP_ERR,
            "They show their key only after yours. Ask them in another way; then sotto verify %.*s shows yours.\n",
            s.len, s.jid);
}

static void say_moved(const app_output *output, const sotto_event *event) {
    subject s = subject_of(event);
    if (sotto_ok(event->reason)) {
        app_print(output, APP_ERR,
                  "%.*s is who was %.*s: the same live key, %s..., and the secret of before. What you decided about it "
                  "holds here too.\n",
                  s.len, s.jid, s.text_len, s.text, s.fingerprint);
        return;
    }
    warning(output);
    app_print(output, APP_ERR,
              "%.*s begins a live session with the key of %.*s, %s..., but %.*s is known to you already: it counts as "
              "a new one. Ask in another way before you accept it.\n",
              s.len, s.jid, s.text_len, s.text, s.fingerprint, s.len, s.jid);
}

/* ---- what stands behind them ---- */

static const char *reason_of(const sotto_event *event) {
    bool gpg = event->number == 2;
    switch (event->reason.code) {
    case SOTTO_E_NOT_FOUND:
        return "your gpg does not know the key";
    case SOTTO_E_NO_TRUSTED_DEVICE:
        return gpg ? "your gpg does not count it as theirs" : "you have not verified that key";
    case SOTTO_E_WRONG_SENDER:
        return "it names somebody else";
    case SOTTO_E_BAD_SIGNATURE:
        return "the signature is not theirs";
    case SOTTO_E_BAD_KEY:
        return gpg ? "the key is revoked, expired or disabled" : "its key is of a kind that is not used for this";
    case SOTTO_E_BAD_CERTIFICATE:
        return "it is not valid today, not for this address, or of no authority that this machine trusts";
    default:
        return sotto_status_text(event->reason);
    }
}

static void say_statement(const app_output *output, const sotto_event *event) {
    static const char *const kinds[] = {"something", "a certificate", "an OpenPGP key", "their OMEMO key"};
    subject s = subject_of(event);
    const char *kind = event->number < sizeof kinds / sizeof *kinds ? kinds[event->number] : kinds[0];
    bool omemo = event->number == 3;
    if (sotto_ok(event->reason))
        app_print(output, APP_ERR, "Behind the live key %s... of %.*s stands %s%s%.*s.\n", s.fingerprint, s.len, s.jid,
                  kind, omemo ? "" : ": ", omemo ? 0 : s.text_len, s.text);
    else if (!omemo) /* that an OMEMO key was not compared is said of the key itself */
        app_print(output, APP_ERR,
                  "Behind the live key %s... of %.*s is said to stand %s%s%.*s; that does not count: %s.\n",
                  s.fingerprint, s.len, s.jid, kind, s.text_len > 0 ? ", " : "", s.text_len, s.text, reason_of(event));
}

const char *app_live_password_over(sotto_status reason) {
    switch (reason.code) {
    case SOTTO_E_NO_SESSION:
        return "there is no live session with them, and none could be begun: both have to be online, with sotto "
               "listen, "
               "sotto chat or this command, and their client has to know live sessions; sotto sessions shows what is "
               "there";
    case SOTTO_E_AGAIN:
        return "another word is being compared at this moment; do it again";
    case SOTTO_E_CANCELLED:
        return "they gave it up, or began anew; do it again";
    case SOTTO_E_TIMEOUT:
        return "no word was typed there within ten minutes";
    case SOTTO_E_GUESSED_OUT:
        return "there were too many wrong ones. --again allows more";
    default:
        return sotto_status_text(reason);
    }
}

static void say_password(const app_output *output, const sotto_event *event) {
    subject s = subject_of(event);
    switch ((sotto_password_news)event->number) {
    case SOTTO_PASSWORD_ASKED:
        app_print(output, APP_ERR,
                  "%.*s wants to compare a word that you both know: sotto verify %.*s --password asks for it.\n", s.len,
                  s.jid, s.len, s.jid);
        break;
    case SOTTO_PASSWORD_CONFIRMED:
        app_print(output, APP_ERR, "You and %.*s typed the same word: the live key %s... is verified.\n", s.len, s.jid,
                  s.fingerprint);
        break;
    case SOTTO_PASSWORD_WRONG:
        warning(output);
        app_print(output, APP_ERR,
                  "the word that was typed for %.*s is another one (%u wrong so far): a slip, or somebody who does not "
                  "know it.\n",
                  s.len, s.jid, (unsigned)event->total);
        break;
    case SOTTO_PASSWORD_OVER:
        app_print(output, APP_ERR, "Nothing came of the word for %.*s: %s.\n", s.len, s.jid,
                  app_live_password_over(event->reason));
        break;
    }
}

/* ---- stanzas ---- */

static void say_cut_short(const app_output *output, const sotto_event *event) {
    subject s = subject_of(event);
    warning(output);
    app_print(
        output, APP_ERR,
        "a live session with %.*s was closed, and %u of what they sent in it %s not here: held back on the way, or "
        "it comes with the next session.\n",
        s.len, s.jid, (unsigned)event->number, event->number == 1 ? "is" : "are");
}

static void say_unknown(const app_output *output, const sotto_event *event) {
    subject s = subject_of(event);
    warning(output);
    app_print(output, APP_ERR,
              "it is not known whether a message to %.*s arrived: its live session ended before they said so (%s), and "
              "it is not sent again. Ask them.\n",
              s.len, s.jid, sotto_status_text(event->reason));
}

static void say_live_only(const app_output *output, const sotto_event *event) {
    subject s = subject_of(event);
    app_print(
        output, APP_ERR,
        "Messages to %.*s go into live sessions alone: their clients that are not there now, a phone that is off, "
        "and the archive will not have them. sotto via %.*s stored sends them so that all have them.\n",
        s.len, s.jid, s.len, s.jid);
}

static void say_live_gone(const app_output *output, const sotto_event *event) {
    subject s = subject_of(event);
    warning(output);
    app_print(output, APP_ERR,
              "%.*s had live sessions, and the client %.*s is said to have none: another client, or an attempt to make "
              "you do without. Nothing leaves unencrypted for that.\n",
              s.len, s.jid, s.text_len, s.text);
}

static void say_false_answer(const app_output *output, const sotto_event *event) {
    subject s = subject_of(event);
    warning(output);
    app_print(output, APP_ERR,
              "a request to %.*s that was encrypted was answered %s, in their name. The answer counts for nothing.\n",
              s.len, s.jid, sotto_is(event->reason, SOTTO_E_KEY_CHANGED) ? "with another key" : "in the clear");
}

bool app_live_event_print(const app_output *output, const sotto_event *event) {
    bool live = bytes_is(event->key.seal, "live");
    switch (event->kind) {
    case SOTTO_EVENT_NEW_KEY:
        if (live) say_new_key(output, event);
        return live;
    case SOTTO_EVENT_VOUCHED:
        if (live) say_vouched(output, event);
        return live;
    case SOTTO_EVENT_QUARANTINED:
        say_quarantined(output, event);
        return true;
    case SOTTO_EVENT_MOVED:
        say_moved(output, event);
        return true;
    case SOTTO_EVENT_STATEMENT:
        say_statement(output, event);
        return true;
    case SOTTO_EVENT_PASSWORD:
        say_password(output, event);
        return true;
    case SOTTO_EVENT_CUT_SHORT:
        say_cut_short(output, event);
        return true;
    case SOTTO_EVENT_DELIVERY_UNKNOWN:
        say_unknown(output, event);
        return true;
    case SOTTO_EVENT_LIVE_ONLY:
        say_live_only(output, event);
        return true;
    case SOTTO_EVENT_LIVE_GONE:
        say_live_gone(output, event);
        return true;
    case SOTTO_EVENT_FALSE_ANSWER:
        say_false_answer(output, event);
        return true;
    default:
        return false;
    }
}

bool app_live_event_is_good(const sotto_event *event) {
    switch (event->kind) {
    case SOTTO_EVENT_STATEMENT:
    case SOTTO_EVENT_MOVED:
        return sotto_ok(event->reason);
    case SOTTO_EVENT_PASSWORD:
        return event->number == SOTTO_PASSWORD_CONFIRMED || event->number == SOTTO_PASSWORD_ASKED;
    case SOTTO_EVENT_LIVE_ONLY:
        return true;
    default:
        return false;
    }
}

/* ---- as JSON ---- */

const char *app_live_event_name(sotto_event_kind kind) {
    switch (kind) {
    case SOTTO_EVENT_QUARANTINED:
    case SOTTO_EVENT_MOVED:
    case SOTTO_EVENT_STATEMENT:
    case SOTTO_EVENT_PASSWORD:
    case SOTTO_EVENT_CUT_SHORT:
    case SOTTO_EVENT_DELIVERY_UNKNOWN:
    case SOTTO_EVENT_LIVE_ONLY:
    case SOTTO_EVENT_LIVE_GONE:
    case SOTTO_EVENT_FALSE_ANSWER:
        return sotto_event_name(kind);
    default:
        return NULL;
    }
}

static const char *statement_name(uint32_t number) {
    static const char *const names[] = {"unknown", "certificate", "openpgp", "omemo"};
    return number < sizeof names / sizeof *names ? names[number] : names[0];
}

static const char *news_name(uint32_t number) {
    static const char *const names[] = {"unknown", "asked", "confirmed", "wrong", "over"};
    return number < sizeof names / sizeof *names ? names[number] : names[0];
}

static void json_key(app_json *json, const sotto_event *event) {
    if (event->key.known || event->kind == SOTTO_EVENT_STATEMENT || event->kind == SOTTO_EVENT_MOVED)
        app_json_hex(json, "fingerprint", bytes_of(event->key.fingerprint, sizeof event->key.fingerprint));
    else
        app_json_null(json, "fingerprint");
}

void app_live_event_json(app_json *json, const sotto_event *event) {
    switch (event->kind) {
    case SOTTO_EVENT_QUARANTINED:
        json_key(json, event);
        break;
    case SOTTO_EVENT_MOVED:
        json_key(json, event);
        app_json_text(json, "before", event->text);
        break;
    case SOTTO_EVENT_STATEMENT:
        json_key(json, event);
        app_json_text(json, "statement", bytes_text(statement_name(event->number)));
        app_json_text(json, "whose", event->text);
        break;
    case SOTTO_EVENT_PASSWORD:
        json_key(json, event);
        app_json_text(json, "news", bytes_text(news_name(event->number)));
        app_json_number(json, "wrong", event->total);
        break;
    case SOTTO_EVENT_CUT_SHORT:
        json_key(json, event);
        app_json_number(json, "count", event->number);
        break;
    case SOTTO_EVENT_DELIVERY_UNKNOWN:
    case SOTTO_EVENT_FALSE_ANSWER:
        if (event->text.len > 0)
            app_json_text(json, "id", event->text);
        else
            app_json_null(json, "id");
        break;
    case SOTTO_EVENT_LIVE_GONE:
        app_json_text(json, "client", event->text);
        break;
    default:
        break;
    }
}
