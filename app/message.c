/* SPDX-License-Identifier: ISC */
#include "app/message.h"

#include <stdio.h>

#include "app/files/name.h"
#include "bytes/span.h"
#include "context/share.h"
#include "stanza/jid.h"

#define ARENA_BYTES_MAX ((size_t)8 * 1024 * 1024)

static const char *const typing_names[] = {NULL, "active", "composing", "paused", "inactive", "gone"};

const char *app_typing_name(app_typing typing) {
    return (unsigned)typing < sizeof typing_names / sizeof *typing_names ? typing_names[typing] : NULL;
}

/* What a message is addressed to as a nick; empty: none. */
static sotto_bytes nick_of(app_message *m, sotto_bytes text) {
    stanza_jid jid;
    return text.len > 0 && sotto_ok(stanza_jid_parse(&m->arena, text, &jid)) ? jid.resource : BYTES_NONE;
}

/* The bare JID; the text as it stands where that is no JID. */
static sotto_bytes bare_of(app_message *m, sotto_bytes text) {
    stanza_jid jid;
    return text.len > 0 && sotto_ok(stanza_jid_parse(&m->arena, text, &jid)) ? jid.bare : text;
}

static bool text_read(app_message *m, const char *name, sotto_bytes *ret) {
    const stanza_element *part = stanza_child(m->stanza, name, STANZA_NS_CLIENT);
    return part && stanza_text(part, &m->arena, ret);
}

static app_typing typing_read(const stanza_element *stanza) {
    for (unsigned i = 1; i < sizeof typing_names / sizeof *typing_names; i++)
        if (stanza_child(stanza, typing_names[i], APP_NS_TYPING)) return (app_typing)i;
    return APP_TYPING_NOTHING;
}

/* A body that only repeats a file holds the key of it, which is for programs and nothing to show: the name of the file
 * stands instead. Files are kept by app/files/offer.c. */
static bool file_instead(app_message *m) {
    context_share shares[SOTTO_FILES_OF_MESSAGE_MAX];
    size_t count;
    sotto_bytes body;
    sotto_status status = context_share_read(&m->arena, m->stanza, shares, SOTTO_FILES_OF_MESSAGE_MAX, &count, &body);
    if (!sotto_ok(status)) return false;
    if (count == 0 || body.len > 0) return true;
    char name[APP_FILE_NAME_SIZE], text[APP_FILE_NAME_SIZE + sizeof "[a file: ]"];
    if (shares[0].name.len > 0)
        app_file_name(shares[0].name, name);
    else
        app_file_name_of_url(context_url_last(shares[0].url), name);
    (void)snprintf(text, sizeof text, "[a file: %s]", name);
    return bytes_arena_copy(&m->arena, bytes_text(text), &m->entry.body);
}

static bool parts_read(app_message *m) {
    if (!stanza_is(m->stanza, "message", STANZA_NS_CLIENT)) return false;
    bool has_body = text_read(m, "body", &m->entry.body), has_subject = text_read(m, "subject", &m->entry.subject);
    sotto_bytes type = stanza_attribute_of(m->stanza, "type");
    m->has_text = has_body || has_subject;
    m->error = bytes_is(type, "error");
    m->entry.id = stanza_attribute_of(m->stanza, "id");
    m->entry.corrects = stanza_attribute_of(stanza_child(m->stanza, "replace", APP_NS_CORRECT), "id");
    m->receipt = stanza_attribute_of(stanza_child(m->stanza, "received", APP_NS_RECEIPTS), "id");
    m->asks_receipt = stanza_child(m->stanza, "request", APP_NS_RECEIPTS) != NULL;
    m->typing = typing_read(m->stanza);
    return file_instead(m);
}

static bool copy(app_message *m, sotto_bytes text, sotto_bytes *ret) {
    if (text.len > 0) return bytes_arena_copy(&m->arena, text, ret);
    *ret = BYTES_NONE;
    return true;
}

/* Whose conversation it belongs to: in a room the room's; else the other side's, also when another device of the
 * account sent it. */
static void place_it(app_message *m, sotto_bytes room, sotto_bytes from, sotto_bytes own) {
    sotto_bytes to = bare_of(m, stanza_attribute_of(m->stanza, "to"));
    bool is_own = bytes_equal(from, own);
    m->entry.who = from;
    if (room.len > 0) {
        m->entry.room = true;
        m->entry.private = !bytes_is(stanza_attribute_of(m->stanza, "type"), "groupchat");
        m->entry.with = room;
        if (bytes_equal(from, room)) m->entry.who = BYTES_NONE;
    } else {
        m->entry.with = is_own && to.len > 0 ? to : from;
    }
    m->entry.elsewhere = is_own && (room.len > 0 || !bytes_equal(m->entry.with, own));
    m->entry.direction = m->entry.elsewhere ? APP_SENT : APP_RECEIVED;
    m->entry.fate = m->entry.elsewhere ? APP_FATE_SENT : APP_FATE_NONE;
}

/* XEP-0045 section 7.2.15: the last thing a room says to who enters, each time, and mostly empty. */
bool app_message_is_topic(const stanza_element *message, const sotto_delivery *delivery) {
    return delivery->room.len > 0 && delivery->seal.len == 0 && stanza_child(message, "subject", STANZA_NS_CLIENT) &&
           !stanza_child(message, "body", STANZA_NS_CLIENT);
}

bool app_message_read(app_message *m, const sotto_delivery *delivery, sotto_bytes own) {
    sotto_bytes from, room;
    *m = (app_message){0};
    bytes_arena_init(&m->arena, sotto_host_default(), ARENA_BYTES_MAX);
    if (!sotto_ok(stanza_parse(&m->arena, delivery->stanza, &m->stanza)) || !parts_read(m)) return false;
    if (!copy(m, delivery->from, &from) || !copy(m, delivery->room, &room) ||
        !copy(m, delivery->seal, &m->entry.seal) || !copy(m, delivery->nick, &m->entry.nick))
        return false;
    place_it(m, room, from, own);
    m->entry.time_ms = delivery->time_ms;
    m->entry.time_doubtful = delivery->time_doubtful;
    m->entry.device = delivery->device;
    if (m->entry.seal.len > 0) m->entry.trust = delivery->trust;
    memcpy(m->entry.fingerprint, delivery->fingerprint, sizeof m->entry.fingerprint);
    m->answerable = delivery->answerable;
    if (app_message_is_topic(m->stanza, delivery)) m->has_text = false;
    return true;
}

bool app_message_read_sent(app_message *m, sotto_bytes stanza, sotto_bytes own, uint64_t now_ms) {
    *m = (app_message){0};
    bytes_arena_init(&m->arena, sotto_host_default(), ARENA_BYTES_MAX);
    if (!sotto_ok(stanza_parse(&m->arena, stanza, &m->stanza)) || !parts_read(m)) return false;
    if (!copy(m, own, &m->entry.who)) return false;
    m->entry.with = bare_of(m, stanza_attribute_of(m->stanza, "to"));
    m->entry.room = bytes_is(stanza_attribute_of(m->stanza, "type"), "groupchat");
    m->entry.nick = nick_of(m, stanza_attribute_of(m->stanza, "to"));
    m->entry.direction = APP_SENT;
    m->entry.fate = APP_FATE_WAITING;
    m->entry.time_ms = now_ms;
    return m->entry.with.len > 0;
}

void app_message_clear(app_message *m) {
    bytes_arena_clear(&m->arena);
}
