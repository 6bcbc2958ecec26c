/* SPDX-License-Identifier: ISC
 *
 * The texts. Each says what happens, in the order in which somebody needs to know it. */
#include "app/text/text.h"

#include <string.h>

#define OPTIONS_END                                                                                                    \
    { 0, NULL, NULL, NULL }
#define EXAMPLES_END                                                                                                   \
    { NULL, NULL }

const app_option app_text_common[] = {
    {'a', "account", "ACCOUNT", "which account, where several are set up on this machine (its address)"},
    {0, "home", "DIR",
     "keep everything (settings, keys, messages on their way) below DIR instead of in the usual folders"},
    {0, "passphrase-file", "FILE",
     "read the passphrase of a store that has one from the first line of FILE (-: standard input) instead of asking"},
    {'h', "help", NULL, "show the help for the command"},
    OPTIONS_END,
};

const char *const app_text_about[] = {
    "Sotto sends and receives end-to-end encrypted messages over XMPP, with the account you already have. Messages are "
    "encrypted with OMEMO (urn:xmpp:omemo:2): the server passes them on and cannot read them.",
    "Each account is held by one process at a time. While sotto listen runs, the other commands hand their work to it "
    "through a socket that only you can use; otherwise each command logs in by itself for as long as it takes.",
    NULL,
};

const app_example app_text_files[] = {
    {"~/.config/sotto/ACCOUNT/account.conf", "the settings, one \"key = value\" a line"},
    {"~/.config/sotto/ACCOUNT/store.key",
     "the key that opens the store; whoever has this file and the store can read both, so back them up apart"},
    {"~/.local/share/sotto/ACCOUNT/", "the store (keys, contacts' keys, the password, all sealed), the lock and the "
                                      "socket of the process that holds the account"},
    EXAMPLES_END,
};

const app_example app_text_environment[] = {
    {"XDG_CONFIG_HOME, XDG_DATA_HOME", "where the folders above are, instead of ~/.config and ~/.local/share"},
    {"NO_COLOR", "if set and not empty, no colours"},
    EXAMPLES_END,
};

const app_example app_text_exit[] = {
    {"0", "done"},
    {"1", "refused or failed; standard error says what happened, to whom, and what to do"},
    {"2", "the command line was wrong"},
    EXAMPLES_END,
};

const app_example app_text_start[] = {
    {"sotto setup juliet@capulet.example", "asks for the password, checks the server, makes the keys"},
    {"sotto send romeo@montague.example \"Wherefore art thou?\"", "encrypts and sends"},
    {"sotto listen", "prints what arrives, until Ctrl-C"},
    EXAMPLES_END,
};

/* ---- setup ---- */

static const char *const setup_paragraphs[] = {
    "Sets an account up on this machine: finds the server, checks its certificate, logs in, makes the keys of this "
    "device and publishes the public ones. Nothing is kept if the login fails.",
    "Run it again for an account that is set up to change its password or settings; the keys stay as they are, and "
    "settings that are not given stay too.",
    "New keys of a contact are accepted without a comparison until you have verified one of that contact; from then on "
    "only keys that you verify are used (see sotto trust).",
    "The store is sealed with a key file beside the settings. With --passphrase, or --passphrase-file, it is sealed "
    "with a passphrase instead, which every command then needs; a running sotto listen keeps the store open for the "
    "others.",
    "When the store is copied back from a backup, or a copy of it is used elsewhere, that is noticed and said: the "
    "copy goes on as another device with the same key. For a second machine run sotto setup there instead.",
    NULL,
};
static const app_option setup_options[] = {
    {0, "password-file", "FILE", "read the password from the first line of FILE (-: standard input) instead of asking"},
    {0, "connect", "HOST:PORT", "connect there instead of asking DNS; the certificate must still be the domain's"},
    {0, "direct-tls", NULL, "with --connect: TLS from the first byte instead of STARTTLS"},
    {0, "ca", "FILE", "trust the certificate authorities in FILE (PEM) instead of the system's"},
    {0, "passphrase", NULL, "seal the store with a passphrase, which is asked for"},
    OPTIONS_END,
};
static const app_example setup_examples[] = {
    {"sotto setup juliet@capulet.example", "the usual way"},
    {"sotto setup bot@capulet.example --password-file /run/secrets/bot", "for a script"},
    {"sotto setup juliet@capulet.example --connect 127.0.0.1:5222 --ca lab.pem --home ./lab", "for a laboratory"},
    EXAMPLES_END,
};
static const app_topic setup = {
    "setup", "JID", 1, 1, "set an account up on this machine", setup_paragraphs, setup_options, setup_examples,
};

/* ---- send ---- */

static const char *const send_paragraphs[] = {
    "Sends one message, encrypted, to every device of JID that you have not refused, and to your own other devices. "
    "The "
    "text is the last argument or, without one, everything on standard input.",
    "Nothing ever leaves unencrypted. When JID has no device that can be used, the message is not sent, and the exit "
    "status is 1. The status is 0 once the server has the message.",
    "Put -- before a text that begins with a dash.",
    NULL,
};
static const app_option send_options[] = {
    {'s', "subject", "TEXT", "a subject, encrypted like the text"},
    OPTIONS_END,
};
static const app_example send_examples[] = {
    {"sotto send romeo@montague.example \"Wherefore art thou?\"", "a line"},
    {"df -h | sotto send admin@example.net --subject \"Disks of $(hostname)\"", "a report, from cron"},
    {"sotto send romeo@montague.example -- \"-5 degrees\"", "a text that begins with a dash"},
    EXAMPLES_END,
};
static const app_topic send = {
    "send", "JID [TEXT]", 1, 2, "send an encrypted message", send_paragraphs, send_options, send_examples,
};

/* ---- listen ---- */

static const char *const listen_paragraphs[] = {
    "Prints what arrives, decrypted, until it is interrupted, and holds the account meanwhile: other commands work "
    "through it. When the connection is lost it connects again.",
    "Every message is marked with how it was protected: by a key that you verified, by one that was accepted without a "
    "comparison, or not at all. What cannot be decrypted is reported, with the reason.",
    "With --json every message, and every event, is one JSON object on a line of its own. Messages have:",
    "  event        \"message\"\n"
    "  from, to     addresses, without resource\n"
    "  id, type     as the sender chose them; null where there is none\n"
    "  time         when it was written, in UTC (XEP-0082)\n"
    "  body         the text; null where there is none\n"
    "  subject      the subject, where there is one\n"
    "  seal         \"omemo:2\"; null: it came unencrypted\n"
    "  trust        \"verified\", \"blind\", \"undecided\" or \"distrusted\"; null when unencrypted\n"
    "  device       the number of the sending device; null when unencrypted\n"
    "  fingerprint  64 hex digits of its key; null when unencrypted\n"
    "  time_doubtful  true: the sender's clock and the server's differ by more than a day",
    "Other objects have an event of another name (see doc/commands.md); new members and new events may be added, and "
    "none of those above will change.",
    NULL,
};
static const app_option listen_options[] = {
    {0, "json", NULL, "one JSON object a line"},
    OPTIONS_END,
};
static const app_example listen_examples[] = {
    {"sotto listen", "for people"},
    {"sotto listen --json | jq -r 'select(.trust == \"verified\") | .body'", "for programs"},
    EXAMPLES_END,
};
static const app_topic listen = {
    "listen", "", 0, 0, "print what arrives, decrypted", listen_paragraphs, listen_options, listen_examples,
};

/* ---- devices ---- */

static const char *const devices_paragraphs[] = {
    "Lists the devices of JID, or your own, after asking the server for the current ones: a number for sotto trust, "
    "the "
    "device's id, how far its key is trusted, when it was last used, and its fingerprint.",
    "Compare a fingerprint with your contact over a channel that you trust (face to face, a call): both must see the "
    "same digits.",
    "With --json every device is one JSON object on a line of its own, with: number, jid, device, seal, fingerprint, "
    "trust, active (on the current list), this_device, first_seen and last_used (null: never).",
    NULL,
};
static const app_option devices_options[] = {
    {0, "qr", NULL, "this device's address and fingerprint as a QR code, for other programs to scan (own only)"},
    {0, "json", NULL, "one JSON object a line"},
    OPTIONS_END,
};
static const app_example devices_examples[] = {
    {"sotto devices", "your own"},
    {"sotto devices romeo@montague.example", "a contact's"},
    EXAMPLES_END,
};
static const app_topic devices = {
    "devices",       "[JID]",          0, 1, "list devices and their fingerprints", devices_paragraphs,
    devices_options, devices_examples,
};

/* ---- trust, distrust ---- */

static const char *const trust_paragraphs[] = {
    "Marks the key of a device as verified: you compared its fingerprint. Say which by its number in sotto devices, by "
    "the device id, or by the fingerprint; the first sixteen digits are enough if no other begins with them.",
    "From then on only verified keys are used for that contact: other keys of theirs that were accepted before, and "
    "your own other devices (sotto devices), must be verified too.",
    NULL,
};
static const app_option no_options[] = {OPTIONS_END};
static const app_example trust_examples[] = {
    {"sotto trust romeo@montague.example 1", "by number"},
    {"sotto trust romeo@montague.example 3c4f91ab 07d2e6f5", "by the beginning of the fingerprint"},
    EXAMPLES_END,
};
static const app_topic trust = {
    "trust", "JID NUMBER|FINGERPRINT", 2, 10, "mark a key as verified", trust_paragraphs, no_options, trust_examples,
};

static const char *const distrust_paragraphs[] = {
    "Refuses the key of a device: nothing is encrypted to it any more, and what it sends is marked. Say which by its "
    "number in sotto devices or by the fingerprint, as for sotto trust, which undoes it.",
    NULL,
};
static const app_example distrust_examples[] = {
    {"sotto distrust romeo@montague.example 2", "by number"},
    EXAMPLES_END,
};
static const app_topic distrust = {
    "distrust", "JID NUMBER|FINGERPRINT", 2, 10, "refuse a key", distrust_paragraphs, no_options, distrust_examples,
};

/* ---- repair ---- */

static const char *const repair_paragraphs[] = {
    "Use it when messages from or to JID cannot be decrypted any more, as after a program of theirs lost what it knew: "
    "forgets the sessions with all devices of JID, so that the next message you send begins new ones. Keys and what "
    "you decided about them stay. Messages still on their way in the old sessions are lost.",
    "Nothing does this by itself, except where this store was copied back from a backup: somebody who disturbs "
    "messages on their way must not be able to cause it.",
    NULL,
};
static const app_example repair_examples[] = {
    {"sotto repair romeo@montague.example", "and then sotto send"},
    EXAMPLES_END,
};
static const app_topic repair = {
    "repair", "JID", 1, 1, "replace broken sessions", repair_paragraphs, no_options, repair_examples,
};

/* ---- leave ---- */

static const char *const leave_paragraphs[] = {
    "Undoes the setup: takes this device and its keys off the server, so that nobody encrypts to it any more, and then "
    "removes the account's settings and store from this machine. The account itself and your other devices stay.",
    "When the server cannot be told, nothing is removed. With --local everything is removed here without telling it: "
    "others then go on encrypting to this device until another of your clients takes it off the list.",
    "Messages that are still on their way to this device cannot be read afterwards. On a terminal it asks first.",
    NULL,
};
static const app_option leave_options[] = {
    {'y', "yes", NULL, "do not ask"},
    {0, "local", NULL, "remove the account here only, without the server"},
    OPTIONS_END,
};
static const app_example leave_examples[] = {
    {"sotto leave -a juliet@capulet.example", "one of several accounts"},
    EXAMPLES_END,
};
static const app_topic leave = {
    "leave",
    "",
    0,
    0,
    "take this device off the server and remove the account here",
    leave_paragraphs,
    leave_options,
    leave_examples,
};

/* ---- help ---- */

static const char *const help_paragraphs[] = {
    "Shows the help for COMMAND, or the list of commands.",
    NULL,
};
static const app_example help_examples[] = {
    {"sotto help send", "about sending"},
    EXAMPLES_END,
};
static const app_topic help = {
    "help", "[COMMAND]", 0, 1, "show how to use a command", help_paragraphs, no_options, help_examples,
};

const app_topic *const app_topics[] = {&setup,    &send,   &listen, &devices, &trust,
                                       &distrust, &repair, &leave,  &help,    NULL};

const app_topic *app_topic_find(const char *name) {
    for (size_t i = 0; app_topics[i]; i++)
        if (strcmp(app_topics[i]->name, name) == 0) return app_topics[i];
    return NULL;
}
