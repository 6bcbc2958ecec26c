/* SPDX-License-Identifier: ISC
 *
 * Messages as they are shown. How a message was protected stands in front of it, where nothing in its text can reach.
 */
#include <time.h>

#include "app/commands/event.h"
#include "app/keys.h"
#include "app/message.h"
#include "bytes/span.h"
#include "context/share.h"
#include "stanza/element.h"
#include "stanza/jid.h"

#define ARENA_BYTES_MAX ((size_t)8 * 1024 * 1024)
#define MARGIN          "  | " /* in front of every line of a text but the first */
#define NS_STANZAS      "urn:ietf:params:xml:ns:xmpp-stanzas"

/* The parts of a message that are shown. */
typedef struct message {
    bytes_arena arena;
    const stanza_element *stanza;
    sotto_bytes type, id, to;
    bool has_body, has_subject;
    sotto_bytes body, subject;
} message;

static bool part_read(message *m, const char *name, sotto_bytes *ret) {
    const stanza_element *part = stanza_child(m->stanza, name, STANZA_NS_CLIENT);
    return part && stanza_text(part, &m->arena, ret);
}

/* A body that only repeats a file holds the key of it, and is for programs that know no better: files are shown by
 * app/files/offer.c. */
static void body_without_files(message *m) {
    context_share shares[SOTTO_FILES_OF_MESSAGE_MAX];
    size_t count;
    sotto_bytes body;
    if (!m->has_body ||
        !sotto_ok(context_share_read(&m->arena, m->stanza, shares, SOTTO_FILES_OF_MESSAGE_MAX, &count, &body)))
        return;
    if (count > 0 && body.len == 0) m->has_body = false;
}

/* The bare JID it was sent to; the text as it stands where that is no JID. */
static sotto_bytes bare_of(message *m, sotto_bytes text) {
    stanza_jid jid;
    return text.len > 0 && sotto_ok(stanza_jid_parse(&m->arena, text, &jid)) ? jid.bare : text;
}

/* False: no message. The arena is to be cleared either way. */
static bool message_read(message *m, const sotto_delivery *delivery) {
    *m = (message){.type = BYTES_LITERAL("normal")};
    bytes_arena_init(&m->arena, sotto_host_default(), ARENA_BYTES_MAX);
    if (!sotto_ok(stanza_parse(&m->arena, delivery->stanza, &m->stanza))) return false;
    if (!stanza_is(m->stanza, "message", STANZA_NS_CLIENT)) return false;
    sotto_bytes type = stanza_attribute_of(m->stanza, "type");
    if (type.at) m->type = type;
    m->id = stanza_attribute_of(m->stanza, "id");
    m->to = bare_of(m, stanza_attribute_of(m->stanza, "to"));
    m->has_body = part_read(m, "body", &m->body);
    m->has_subject = part_read(m, "subject", &m->subject);
    body_without_files(m);
    return true;
}

/* ---- for people ---- */

typedef struct mark {
    const char *text;
    app_colour colour;
} mark;

static mark mark_of(const sotto_delivery *delivery) {
    static const mark marks[] = {{"encrypted, key not accepted yet", APP_YELLOW},
                                 {"encrypted, key not compared", APP_PLAIN},
                                 {"encrypted, verified", APP_GREEN},
                                 {"encrypted, KEY REFUSED", APP_RED}};
    if (delivery->seal.len == 0) return (mark){"NOT ENCRYPTED", APP_RED};
    return marks[(unsigned)delivery->trust < 4 ? delivery->trust : 0];
}

static void print_time(const app_output *output, const sotto_delivery *delivery) {
    char text[32];
    time_t seconds = (time_t)(delivery->time_ms / 1000);
    struct tm local;
    if (!localtime_r(&seconds, &local) || strftime(text, sizeof text, "%Y-%m-%d %H:%M", &local) == 0) return;
    app_colour_to(output, APP_OUT, APP_DIM);
    app_print(output, APP_OUT, "%s%s%s ", text, delivery->time_doubtful ? " (says the sender)" : "",
              delivery->archived ? " (missed)" : "");
    app_colour_to(output, APP_OUT, APP_PLAIN);
}

/* The name somebody chose in a room says nothing of who it is: the address stands behind it, where the room tells. */
static void print_who_in_room(const app_output *output, const sotto_delivery *delivery, const message *m) {
    bool named = delivery->nick.len > 0, known = !bytes_equal(delivery->from, delivery->room);
    app_colour_to(output, APP_OUT, APP_BOLD);
    app_print(output, APP_OUT, "%.*s", (int)delivery->room.len, (const char *)delivery->room.at);
    app_colour_to(output, APP_OUT, APP_PLAIN);
    if (!named) return;
    app_print(output, APP_OUT, " %.*s (%.*s)%s", (int)delivery->nick.len, (const char *)delivery->nick.at,
              known ? (int)delivery->from.len : 7, known ? (const char *)delivery->from.at : "unknown",
              bytes_is(m->type, "groupchat") ? "" : " in private");
}

/* Whom it is from; what another device of the account sent is about whom it went to. */
static void print_who(const app_output *output, const sotto_delivery *delivery, const message *m, const char *own) {
    if (delivery->room.len > 0) {
        print_who_in_room(output, delivery, m);
        return;
    }
    bool to_self = m->to.len > 0 && bytes_equal(delivery->from, m->to);
    bool sent = m->to.len > 0 && !to_self && bytes_is(delivery->from, own);
    sotto_bytes other = sent ? m->to : delivery->from;
    if (sent) app_print(output, APP_OUT, output->screen.ascii ? "you -> " : "you \u2192 ");
    app_colour_to(output, APP_OUT, APP_BOLD);
    app_print(output, APP_OUT, "%.*s", (int)other.len, (const char *)other.at);
    app_colour_to(output, APP_OUT, APP_PLAIN);
    if (to_self) app_print(output, APP_OUT, " (to yourself)");
}

static void print_message(const app_output *output, const sotto_delivery *delivery, const message *m, const char *own) {
    mark how = mark_of(delivery);
    print_time(output, delivery);
    print_who(output, delivery, m, own);
    app_print(output, APP_OUT, " [");
    app_colour_to(output, APP_OUT, how.colour);
    app_print(output, APP_OUT, "%s", how.text);
    app_colour_to(output, APP_OUT, APP_PLAIN);
    app_print(output, APP_OUT, "]: ");
    if (m->has_subject) app_print(output, APP_OUT, "(%.*s) ", (int)m->subject.len, (const char *)m->subject.at);
    app_print_lines(output, APP_OUT, m->body, MARGIN);
    app_print(output, APP_OUT, "\n");
}

/* Rooms repeat it to whoever enters; without a subject there is nothing to say. */
static void print_topic(const app_output *output, const sotto_delivery *delivery, const message *m) {
    if (m->subject.len == 0 || delivery->archived) return; /* the archive has the old ones too */
    print_time(output, delivery);
    app_print(output, APP_OUT, "%.*s is about (NOT ENCRYPTED): ", (int)delivery->room.len,
              (const char *)delivery->room.at);
    app_print_lines(output, APP_OUT, m->subject, MARGIN);
    app_print(output, APP_OUT, "\n");
}

void app_delivery_print(const app_output *output, const sotto_delivery *delivery, const char *own) {
    message m;
    if (message_read(&m, delivery)) {
        if (bytes_is(m.type, "error"))
            (void)app_delivery_bounce(output, delivery);
        else if (app_message_is_topic(m.stanza, delivery))
            print_topic(output, delivery, &m);
        else if (m.has_body || m.has_subject)
            print_message(output, delivery, &m, own);
    }
    bytes_arena_clear(&m.arena);
}

/* ---- errors ---- */

/* RFC 6120 section 8.3.3: the condition is the child that is not <text/>. */
static sotto_bytes condition_of(const message *m) {
    const stanza_element *error = stanza_child(m->stanza, "error", STANZA_NS_CLIENT);
    for (const stanza_element *child = stanza_first(error); child; child = stanza_next(error, child))
        if (bytes_is(child->ns, NS_STANZAS) && !bytes_is(child->name, "text")) return child->name;
    return BYTES_LITERAL("unknown");
}

bool app_delivery_bounce(const app_output *output, const sotto_delivery *delivery) {
    message m;
    bool bounce = message_read(&m, delivery) && bytes_is(m.type, "error");
    if (bounce) {
        sotto_bytes condition = condition_of(&m);
        app_print(output, APP_ERR, "A message to %.*s came back: %.*s.\n", (int)delivery->from.len,
                  (const char *)delivery->from.at, (int)condition.len, (const char *)condition.at);
    }
    bytes_arena_clear(&m.arena);
    return bounce;
}

/* ---- as JSON ---- */

static void put_text_or_null(app_json *json, const char *name, bool there, sotto_bytes text) {
    if (there)
        app_json_text(json, name, text);
    else
        app_json_null(json, name);
}

static void put_protection(app_json *json, const sotto_delivery *delivery) {
    bool sealed = delivery->seal.len > 0;
    put_text_or_null(json, "seal", sealed, delivery->seal);
    put_text_or_null(json, "trust", sealed, bytes_text(sotto_trust_name(delivery->trust)));
    if (!sealed) {
        app_json_null(json, "device");
        app_json_null(json, "fingerprint");
        return;
    }
    app_json_number(json, "device", delivery->device);
    app_json_hex(json, "fingerprint", bytes_of(delivery->fingerprint, sizeof delivery->fingerprint));
}

static void put_message(bytes_buffer *to, const sotto_delivery *delivery, const message *m) {
    bool error = bytes_is(m->type, "error");
    app_json json = app_json_begin(to);
    app_json_text(&json, "event", bytes_text(error ? "error" : "message"));
    app_json_text(&json, "from", delivery->from);
    put_text_or_null(&json, "to", m->to.len > 0, m->to);
    if (delivery->room.len > 0) {
        app_json_text(&json, "room", delivery->room);
        put_text_or_null(&json, "nick", delivery->nick.len > 0, delivery->nick);
        app_json_bool(&json, "private", !error && !bytes_is(m->type, "groupchat"));
    }
    put_text_or_null(&json, "id", m->id.at != NULL, m->id);
    app_json_text(&json, "type", m->type);
    app_json_time(&json, "time", delivery->time_ms);
    if (error) {
        app_json_text(&json, "condition", condition_of(m));
    } else {
        put_text_or_null(&json, "body", m->has_body, m->body);
        if (m->has_subject) app_json_text(&json, "subject", m->subject);
        put_protection(&json, delivery);
        app_json_bool(&json, "time_doubtful", delivery->time_doubtful);
        put_text_or_null(&json, "carbon", delivery->carbon != SOTTO_CARBON_NONE,
                         delivery->carbon == SOTTO_CARBON_SENT ? BYTES_LITERAL("sent") : BYTES_LITERAL("received"));
        app_json_bool(&json, "archived", delivery->archived);
    }
    app_json_end(&json);
}

bool app_delivery_json(bytes_buffer *to, const sotto_delivery *delivery) {
    message m;
    bool is_message = message_read(&m, delivery);
    if (is_message) put_message(to, delivery, &m);
    bytes_arena_clear(&m.arena);
    return is_message;
}
