/* SPDX-License-Identifier: ISC */
#include "app/chat/compose.h"

#include "bytes/base64.h"
#include "bytes/span.h"
#include "stanza/writer.h"

#define NS_HINTS "urn:xmpp:hints"
#define ID_BYTES 12u

sotto_status app_chat_id(char ret[APP_CHAT_ID_SIZE]) {
    uint8_t random[ID_BYTES];
    bytes_buffer to;
    const sotto_host *host = sotto_host_default();
    SOTTO_TRY(host->random(host->arg, random, sizeof random));
    bytes_buffer_borrowed(&to, ret, APP_CHAT_ID_SIZE);
    bytes_hex_put(&to, bytes_of(random, sizeof random));
    bytes_buffer_u8(&to, 0);
    return to.status;
}

/* ---- stanzas ---- */

static void message_open(stanza_writer *writer, bytes_buffer *to, const char *whom, const char *type, const char *id) {
    stanza_writer_init(writer, to, STANZA_NS_CLIENT);
    stanza_open(writer, "message", STANZA_NS_CLIENT);
    stanza_put_text(writer, "to", whom);
    stanza_put_text(writer, "type", type);
    stanza_put_text(writer, "id", id);
}

static void empty(stanza_writer *writer, const char *name, const char *ns) {
    stanza_open(writer, name, ns);
    stanza_close(writer);
}

sotto_status app_chat_put_text(bytes_buffer *to, const app_chat_text *text) {
    stanza_writer writer;
    message_open(&writer, to, text->to, text->room ? "groupchat" : "chat", text->id);
    stanza_leaf(&writer, "body", STANZA_NS_CLIENT, text->body);
    if (text->corrects) {
        stanza_open(&writer, "replace", APP_NS_CORRECT);
        stanza_put_text(&writer, "id", text->corrects);
        stanza_close(&writer);
    }
    if (text->extras) {
        empty(&writer, "active", APP_NS_TYPING);
        empty(&writer, "request", APP_NS_RECEIPTS);
    }
    stanza_close(&writer);
    return to->status;
}

sotto_status app_chat_put_typing(bytes_buffer *to, const char *whom, const char *id, app_typing typing) {
    stanza_writer writer;
    message_open(&writer, to, whom, "chat", id);
    empty(&writer, app_typing_name(typing), APP_NS_TYPING);
    empty(&writer, "no-store", NS_HINTS);
    stanza_close(&writer);
    return to->status;
}

sotto_status app_chat_put_receipt(bytes_buffer *to, const char *whom, const char *id, sotto_bytes of) {
    stanza_writer writer;
    message_open(&writer, to, whom, "chat", id);
    stanza_open(&writer, "received", APP_NS_RECEIPTS);
    stanza_put(&writer, "id", of);
    stanza_close(&writer);
    stanza_close(&writer);
    return to->status;
}

/* ---- lines ---- */

const app_chat_command app_chat_commands[] = {
    {"/help", "", "these commands", APP_CHAT_HELP},
    {"/me", "TEXT", "says what you do: * you wave", APP_CHAT_SAY},
    {"/correct", "TEXT", "replaces the last message you sent", APP_CHAT_CORRECT},
    {"/history", "[NUMBER]", "shows the last messages again", APP_CHAT_HISTORY},
    {"/devices", "", "their devices and how far each is trusted", APP_CHAT_DEVICES},
    {"/verify", "[no|fingerprints|ADDRESS]",
     "compares keys by eight characters (Ctrl-V: they are the same), by fingerprints, or by an address that was "
     "scanned",
     APP_CHAT_VERIFY},
    {"/resend", "", "sends a new device what nobody has confirmed, as Ctrl-R does when it is offered", APP_CHAT_RESEND},
    {"/trust", "NUMBER", "marks a key as verified, after you compared it", APP_CHAT_TRUST},
    {"/distrust", "NUMBER", "refuses a key", APP_CHAT_DISTRUST},
    {"/encrypt", "auto|always|never", "what their messages need before they leave", APP_CHAT_ENCRYPT},
    {"/via", "[auto|stored|live]", "by which kinds of encryption they may go", APP_CHAT_VIA},
    {"/sessions", "", "the live sessions with them, and what protects them", APP_CHAT_SESSIONS},
    {"/members", "", "who is in the room", APP_CHAT_MEMBERS},
    {"/msg", "NICK TEXT", "says it to one of those in the room alone; a NICK with blanks goes between quotes",
     APP_CHAT_PRIVATE},
    {"/quit", "", "ends the conversation here", APP_CHAT_QUIT},
    {NULL, NULL, NULL, APP_CHAT_NOTHING},
};

static sotto_bytes trimmed(sotto_bytes text) {
    while (text.len > 0 && (text.at[0] == ' ' || text.at[0] == '\t')) text = bytes_after(text, 1);
    while (text.len > 0 &&
           (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\t' || text.at[text.len - 1] == '\r'))
        text.len--;
    return text;
}

app_chat_verb app_chat_line(sotto_bytes line, sotto_bytes *ret_rest) {
    sotto_bytes text = trimmed(line);
    *ret_rest = line;
    if (text.len == 0) return APP_CHAT_NOTHING;
    if (line.at[0] != '/') return APP_CHAT_SAY;
    if (bytes_starts_with(line, BYTES_LITERAL("//"))) {
        *ret_rest = bytes_after(line, 1);
        return APP_CHAT_SAY;
    }
    size_t len = 0;
    while (len < text.len && text.at[len] != ' ' && text.at[len] != '\t') len++;
    for (size_t i = 0; app_chat_commands[i].name; i++) {
        if (!bytes_is(bytes_of(text.at, len), app_chat_commands[i].name)) continue;
        if (app_chat_commands[i].verb != APP_CHAT_SAY) *ret_rest = trimmed(bytes_after(text, len));
        return app_chat_commands[i].verb;
    }
    *ret_rest = bytes_of(text.at, len);
    return APP_CHAT_UNKNOWN;
}

bool app_chat_private(sotto_bytes rest, sotto_bytes *ret_nick, sotto_bytes *ret_text) {
    if (rest.len == 0) return false;
    bool quoted = rest.at[0] == '"' || rest.at[0] == '\'';
    uint8_t quote = rest.at[0];
    size_t len = quoted ? 1 : 0;
    while (len < rest.len && (quoted ? rest.at[len] != quote : rest.at[len] != ' ' && rest.at[len] != '\t')) len++;
    if (quoted && len == rest.len) return false; /* it does not end */
    *ret_nick = quoted ? bytes_of(rest.at + 1, len - 1) : bytes_of(rest.at, len);
    if (quoted) len++;
    bool apart = len < rest.len && (rest.at[len] == ' ' || rest.at[len] == '\t');
    *ret_text = trimmed(bytes_after(rest, len));
    return apart && ret_nick->len > 0 && ret_text->len > 0;
}
