/* SPDX-License-Identifier: ISC
 *
 * The sentences. The table has one for each status a person can meet; everything else falls back to the sentence of the
 * status itself. */
#include "app/trouble.h"

#include <stdio.h>
#include <string.h>

#include "bytes/span.h"

#define TROUBLE_BYTES_MAX 65536u

/* Copies what fits, cut between characters. */
static void trouble_take(app_trouble *trouble, bytes_buffer *text) {
    sotto_bytes all = BYTES_LITERAL("out of memory");
    sotto_bytes made;
    if (sotto_ok(bytes_buffer_end(text, &made))) all = made;
    size_t len = all.len < sizeof trouble->text ? all.len : sizeof trouble->text - 1;
    while (len > 0 && len < all.len && (all.at[len] & 0xc0) == 0x80) len--;
    memcpy(trouble->text, all.at, len);
    trouble->text[len] = '\0';
    bytes_buffer_free(text);
}

void app_trouble_set_list(app_trouble *trouble, const char *format, va_list args) {
    bytes_buffer text;
    bytes_buffer_owned(&text, sotto_host_default(), TROUBLE_BYTES_MAX);
    app_format_list(&text, false, format, args);
    trouble_take(trouble, &text);
}

bool app_trouble_set(app_trouble *trouble, const char *format, ...) {
    va_list args;
    va_start(args, format);
    app_trouble_set_list(trouble, format, args);
    va_end(args);
    return false;
}

/* %W: whom it is about. %A: the own account. */
static const struct {
    int code;
    const char *text;
} sentences[] = {
    {SOTTO_E_NO_DEVICE,
     "Not sent: %W has no device that can read encrypted messages. Nothing left unencrypted. Ask for "
     "a client with OMEMO; sotto devices %W looks again."},
    {SOTTO_E_NO_TRUSTED_DEVICE, "Not sent: %W has no device that you accepted. Nothing left unencrypted. sotto devices "
                                "%W shows the new ones; compare, then sotto trust %W NUMBER."},
    {SOTTO_E_BUNDLE_BROKEN,
     "Not sent: no device of %W has keys that can be used. Nothing left unencrypted. sotto "
     "devices %W looks again; the other side may have to publish its keys anew, or show them only "
     "to contacts."},
    {SOTTO_E_DEVICES_GONE, "Not sent: %W had encrypted devices and suddenly has none, which may be an attempt to make "
                           "you write in the clear. Nothing left unencrypted. Ask %W in another way; sotto devices %W "
                           "looks again."},
    {SOTTO_E_DOWNGRADED, "Not sent: the devices of %W could do better before than what is offered now, an older OMEMO, "
                         "which may be an attempt to weaken what protects you. Nothing left unencrypted. Ask %W in "
                         "another way; sotto devices %W looks again."},
    {SOTTO_E_CANNOT_PROTECT, "Not sent: nothing can protect this kind of message to %W. Nothing left unencrypted."},
    {SOTTO_E_NO_LIVE,
     "Not sent: this client of %W does not speak live sessions, and what is for %W is encrypted. Nothing "
     "left unencrypted."},
    {SOTTO_E_NOT_JOINED, "Not sent: you are not in %W. sotto join %W enters it."},
    {SOTTO_E_ROOM_PUBLIC, "Not sent: anybody may enter %W, so nothing can be encrypted for it. Nothing left "
                          "unencrypted. Who runs the room can make it for members only."},
    {SOTTO_E_ROOM_ANONYMOUS, "Not sent: %W hides who is in it, so nothing can be encrypted for it. Nothing left "
                             "unencrypted. Who runs the room can make it show addresses."},
    {SOTTO_E_NO_OCCUPANT,
     "Not sent: the name it was for belongs to nobody in the room now, or to somebody else. Nothing "
     "left unencrypted. sotto rooms shows who is there."},
    {SOTTO_E_ROOM_CHANGED,
     "Not sent: the connection was lost before the server had it, and somebody it was encrypted for "
     "is no member of %W any more. Send it again: it is then for those who are."},
    {SOTTO_E_ROOM_LEFT, "Not sent: you are not in %W any more. Nothing left unencrypted. sotto join %W enters it."},
    {SOTTO_E_NOT_AUTHORIZED,
     "The server did not accept the password of %A, or does not know the account. sotto setup %A "
     "asks for the password again."},
    {SOTTO_E_LOGIN_REFUSED, "The server refused the login of %A. If the password is right, ask who runs the server."},
    {SOTTO_E_SERVER_UNPROVEN,
     "The server of %A did not prove that it knows the password, so nothing more was sent to it. "
     "It may not be the server it claims to be."},
    {SOTTO_E_NO_MECHANISM,
     "The server of %A offers no way to log in that keeps the password secret (SCRAM). Ask who runs "
     "the server."},
    {SOTTO_E_NO_TLS,
     "The server of %A offers no encryption (TLS), so no password was sent. With --connect, look whether "
     "the port is the right one, and whether it needs --direct-tls."},
    {SOTTO_E_TLS_FAILED, "The encrypted connection (TLS) to the server of %A failed. With --connect, look whether the "
                         "port is the right one, and whether it needs --direct-tls."},
    {SOTTO_E_BAD_CERTIFICATE,
     "The certificate of the server does not prove that it is the server of %A, so no password "
     "was sent. If it is your own server with its own authority, give that: sotto setup %A --ca "
     "FILE."},
    {SOTTO_E_HOST_UNKNOWN, "The server of %A was not found: look at the spelling of the address, and at the network. "
                           "sotto setup %A --connect HOST:PORT says where it is."},
    {SOTTO_E_UNREACHABLE, "No connection to the server of %A could be made: look at the network. If the server is "
                          "elsewhere, sotto setup %A --connect HOST:PORT says where."},
    {SOTTO_E_TIMEOUT, "The server of %A did not answer in time. Try again later."},
    {SOTTO_E_OFFLINE, "There is no connection to the server of %A. Try again later."},
    {SOTTO_E_CLOSED, "The server of %A closed the connection. Try again later."},
    {SOTTO_E_STREAM_ERROR, "The server of %A ended the connection with an error."},
    {SOTTO_E_BAD_SERVER, "The server of %A does not keep to the protocol."},
    {SOTTO_E_SERVER_REFUSED,
     "No keys of %W were found (the server refused). They may have no client with OMEMO, show their keys only to "
     "contacts, or not exist. Nothing left unencrypted."},
    {SOTTO_E_STORE_FULL, "The disk is full, so nothing of %A was changed. Make room, then do it again."},
    {SOTTO_E_STORE_FAILED,
     "The store of %A cannot be read or written; nothing was changed. Look at the disk and at who "
     "may write in its folder."},
    {SOTTO_E_STORE_NEWER, "The store of %A was written by a newer version of sotto and was left alone. Install that "
                          "version."},
    {SOTTO_E_STORE_CORRUPT, "The store of %A is damaged and was left alone. Restore it from a backup, or remove it and "
                            "run sotto setup %A, which makes a new device."},
    {SOTTO_E_STORE_LOCKED, "The store of %A is in use by another process. Wait until that has ended."},
    {SOTTO_E_WRONG_PASSPHRASE,
     "The store of %A does not open: the passphrase is wrong, or store.key is missing or that "
     "of another store."},
    {SOTTO_E_BAD_JID, "%W is not an address: one looks like juliet@capulet.example."},
    {SOTTO_E_NO_MEMORY, "Out of memory; nothing of %A was changed."},
    {SOTTO_E_NO_RANDOM, "The system's source of random numbers failed; nothing of %A was changed."},
    {SOTTO_E_TOO_LARGE, "The message to %W is too long. Nothing was sent."},
    {SOTTO_E_OUTBOX_FULL, "Too many messages of %A wait to be sent. Try again when the server has taken some."},
    {SOTTO_E_CANCELLED, "Cancelled; nothing was sent to %W."},
};

static void put_sentence(bytes_buffer *to, const char *text, const char *account, const char *whom) {
    while (*text) {
        size_t plain = strcspn(text, "%");
        bytes_buffer_put(to, bytes_of(text, plain));
        text += plain;
        if (!*text) break;
        app_format(to, false, "%s", text[1] == 'W' ? whom : account);
        text += 2;
    }
}

void app_trouble_status(app_trouble *trouble, sotto_status status, const char *account, const char *whom) {
    bytes_buffer text;
    bytes_buffer_owned(&text, sotto_host_default(), TROUBLE_BYTES_MAX);
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
        if (sentences[i].code != status.code) continue;
        put_sentence(&text, sentences[i].text, account, whom);
        trouble_take(trouble, &text);
        return;
    }
    app_format(&text, false, "%s: %s (%s).", whom, sotto_status_text(status), sotto_status_name(status));
    trouble_take(trouble, &text);
}

void app_trouble_said(app_trouble *trouble, sotto_bytes text) {
    bytes_buffer all;
    while (text.len > 0 && text.at[text.len - 1] == '.') text.len--;
    if (text.len == 0) return;
    bytes_buffer_owned(&all, sotto_host_default(), TROUBLE_BYTES_MAX);
    app_format(&all, false, "%s (It was said: %.*s.)", trouble->text, (int)text.len, (const char *)text.at);
    trouble_take(trouble, &all);
}

/* OpenSSL's words for X509_V_ERR_CERT_HAS_EXPIRED and X509_V_ERR_CERT_NOT_YET_VALID. */
static bool is_about_dates(sotto_bytes text) {
    static const char *const words[] = {"expired", "not yet valid"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (text.len > 0 && memmem(text.at, text.len, words[i], strlen(words[i]))) return true;
    return false;
}

void app_trouble_lost(app_trouble *trouble, sotto_status status, sotto_bytes text, const char *account,
                      const char *whom) {
    if (sotto_is(status, SOTTO_E_BAD_CERTIFICATE) && is_about_dates(text)) {
        (void)app_trouble_set(trouble,
                              "The certificate of the server of %s is not valid today (it was said: %.*s), so no "
                              "password was sent. Look at the clock of this machine; if it is right, ask who runs the "
                              "server.",
                              account, (int)text.len, (const char *)text.at);
        return;
    }
    app_trouble_status(trouble, status, account, whom);
    if (!bytes_is(text, sotto_status_text(status))) app_trouble_said(trouble, text);
}

static bool begins(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

/* What matters first when a message was to be sent. */
static const char *sent_or_not(const char *command, const char *text) {
    bool said = begins(text, "Not sent:") || begins(text, "Perhaps sent:");
    return strcmp(command, "send") == 0 && !said ? "Not sent: " : "";
}

void app_trouble_print(const app_output *output, const char *command, const app_trouble *trouble) {
    app_colour_to(output, APP_ERR, APP_RED);
    app_print(output, APP_ERR, "sotto %s: ", command);
    app_colour_to(output, APP_ERR, APP_PLAIN);
    app_print(output, APP_ERR, "%s%s\n", sent_or_not(command, trouble->text), trouble->text);
}
