/* SPDX-License-Identifier: ISC
 *
 * The texts. Each says what happens, in the order in which somebody needs to know it. */
#include "app/text/text.h"

#include <string.h>

/* ---- setup ---- */

static const char *const setup_paragraphs[] = {
    "Sets an account up on this machine: finds the server, checks its certificate, logs in, makes the keys of this "
    "device and publishes the public ones. Nothing is kept if the login fails.",
    "Run it again for an account that is set up to change its password or settings; the keys stay as they are, and "
    "settings that are not given stay too.",
    "New keys of a contact are accepted without a comparison until you have verified one of that contact; from then "
    "on only keys that you verify are used (see sotto trust).",
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
    "The text is the last argument or, without one, everything on standard input.",
    "Nothing leaves unencrypted, unless you said so for JID (sotto encrypt). When JID has no device that can be used, "
    "the message is not sent, and the exit status is 1. The status is 0 once the server has the message.",
    "A file is encrypted with a key of its own while it is uploaded to your server; the key goes in an encrypted "
    "message. The server sees how large it is, when it is fetched, and the ending of its name where that is a common "
    "one. Nothing is uploaded unless JID has a device that can read the message.",
    "JID may be a room you joined (sotto join): it goes to every member. ROOM/NICK is somebody in it, in private: "
    "always "
    "encrypted, to the devices of whoever has that name now, and only through rooms that are private.",
    "Put -- before a text that begins with a dash.",
    NULL,
};
static const app_option send_options[] = {
    {'s', "subject", "TEXT", "a subject, encrypted like the text"},
    {'f', "file", "PATH...",
     "send this file, encrypted, after the text, if there is one; several files: --file before each"},
    {0, "json", NULL, "with --file: how far it is, one JSON object a line"},
    OPTIONS_END,
};
static const app_example send_examples[] = {
    {"sotto send romeo@montague.example \"Wherefore art thou?\"", "a line"},
    {"df -h | sotto send admin@example.net --subject \"Disks of $(hostname)\"", "a report, from cron"},
    {"sotto send romeo@montague.example --file balcony.jpg", "a file"},
    {"sotto send 'coven@rooms.example/First Witch' \"Where hast thou been?\"", "to one of those in a room alone"},
    {"sotto send romeo@montague.example -- \"-5 degrees\"", "a text that begins with a dash"},
    EXAMPLES_END,
};
static const app_topic send = {
    "send", "JID|ROOM/NICK [TEXT]", 1, 2, "send an encrypted message", send_paragraphs, send_options, send_examples,
};

/* ---- listen ---- */

static const char *const listen_paragraphs[] = {
    "Prints what arrives, decrypted, until it is interrupted, and holds the account meanwhile: other commands work "
    "through it. When the connection is lost it connects again.",
    "Every message is marked with how it was protected: by a key that you verified, by one that was accepted without "
    "a comparison, or not at all. What cannot be decrypted is reported, with the reason.",
    "With --json every message, and every event, is one JSON object on a line of its own. Messages have:",
    "event        \"message\"\n  from, to     addresses, without resource\n  id, type     as the sender chose them; "
    "null where there is none\n  time         when it was written, in UTC (XEP-0082)\n  body         the text; null "
    "where there is none\n  subject      the subject, where there is one\n  seal         \"omemo:2\", or "
    "\"omemo:0.3\" where only the text was protected; null: it came unencrypted\n  trust        \"verified\", "
    "\"blind\", \"undecided\" or \"distrusted\"; null when unencrypted\n  device       the number of the sending "
    "device; null when unencrypted\n  fingerprint  64 hex digits of its key; null when unencrypted\n  time_doubtful  "
    "true: the sender's clock and the server's differ by more than a day",
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

/* ---- chat ---- */

static const char *const chat_paragraphs[] = {
    "A conversation with JID, or in a room that was joined, in this terminal: shows what was said last, then what "
    "arrives, and sends the lines you type, encrypted. In front of each message stands how it was protected: verified "
    "(by a key you compared), not compared, key not accepted, or NOT ENCRYPTED.",
    "What you type waits until it can leave encrypted; what has to wait for a decision of yours is said, with what "
    "helps, and is not sent any more when you end the conversation. Nothing leaves unencrypted unless you said so "
    "with /encrypt.",
    "Lines that begin with a slash are commands: /help lists them, Tab completes them. // sends a text that begins "
    "with a slash. Ctrl-D, or Ctrl-C in an empty line, ends.",
    "In a room /msg NICK TEXT says it to one of those who are there alone; a NICK with blanks goes between quotes.",
    "When a new device of theirs turns up that has not got what you wrote before, that is said, with how far its key "
    "is trusted: Ctrl-R then sends it what it missed, as sotto resend does, and nothing is sent without that.",
    "Receipts are asked for and answered, and it is shown who is typing, under encryption only, and only between "
    "people who know of each other. typing = no and receipts = no in the settings keep yours to yourself.",
    "Without a terminal each line of standard input is a message; the exit status is 0 when the server has all of "
    "them. Other commands work through a conversation as they do through sotto listen; messages of others wait until "
    "you look at them.",
    "With --json every message, and what becomes of it, is one JSON object on a line of its own (doc/commands.md).",
    NULL,
};
static const app_option chat_options[] = {
    {0, "json", NULL, "one JSON object a line"},
    OPTIONS_END,
};
static const app_example chat_examples[] = {
    {"sotto chat romeo@montague.example", "talk"},
    {"uptime | sotto chat admin@example.net", "say something, and see what is answered until it is sent"},
    EXAMPLES_END,
};
static const app_topic chat = {
    "chat", "JID", 1, 1, "talk with somebody, or in a room", chat_paragraphs, chat_options, chat_examples,
};

/* ---- history ---- */

static const char *const history_paragraphs[] = {
    "Shows what was said with JID, received and sent, out of the sealed store of this machine; no server is asked. "
    "Without JID it lists the conversations.",
    "The last 10,000 messages of each conversation and 100,000 in all are kept, with how each was protected. history "
    "= no in the settings keeps none from then on; --forget removes a conversation here.",
    "With --json every message is one JSON object on a line of its own, as those of sotto chat; every conversation "
    "has: with, room, count, unread and last.",
    NULL,
};
static const app_option history_options[] = {
    {'n', "number", "NUMBER", "how many messages at most, the last ones (50)"},
    {0, "search", "TEXT", "only messages that hold TEXT"},
    {0, "forget", NULL, "remove what is kept of the conversation with JID"},
    {0, "json", NULL, "one JSON object a line"},
    OPTIONS_END,
};
static const app_example history_examples[] = {
    {"sotto history", "with whom"},
    {"sotto history romeo@montague.example -n 10", "the last ten"},
    {"sotto history romeo@montague.example --search balcony", "those that hold a word"},
    EXAMPLES_END,
};
static const app_topic history = {
    "history", "[JID]", 0, 1, "show what was said", history_paragraphs, history_options, history_examples,
};

/* ---- devices ---- */

static const char *const devices_paragraphs[] = {
    "Lists the devices of JID, or your own, after asking the server for the current ones: a number for sotto trust, "
    "the device's id, how far its key is trusted, when it was last used, and its fingerprint.",
    "Compare a fingerprint with your contact over a channel that you trust (face to face, a call): both must see the "
    "same digits.",
    "With --json every device is one JSON object on a line of its own, with: number, jid, device, seal, fingerprint, "
    "trust, active (on the current list), this_device, label (null: none), first_seen and last_used (null: never).",
    "With remove another device of your own and its keys are taken off the server, so that nobody encrypts to it any "
    "more: say which by its number, its id or its fingerprint. A client that still runs puts itself back: end it "
    "first. For this device there is sotto leave.",
    "With rename this device gets a label that everybody sees who may see its keys: it is signed with its key, and "
    "published in the list of OMEMO 2 alone; an empty LABEL takes it away. Without rename there is none. Some "
    "programs (python-twomemo and what is built on it) refuse every device of an account in whose list there is a "
    "label: leave it out if somebody cannot write to you any more. Labels of others are shown only where their "
    "device's key signed them; anybody can call himself anything, so compare fingerprints, not labels.",
    NULL,
};
static const app_option devices_options[] = {
    {0, "qr", NULL, "this device's address and fingerprint as a QR code, for other programs to scan (own only)"},
    {0, "json", NULL, "one JSON object a line; with remove and rename, of what was done"},
    {'y', "yes", NULL, "remove: do not ask; needed where there is no terminal"},
    OPTIONS_END,
};
static const app_example devices_examples[] = {
    {"sotto devices", "your own"},
    {"sotto devices romeo@montague.example", "a contact's"},
    {"sotto devices remove 2", "an old phone of your own"},
    {"sotto devices rename 'Sotto on the laptop'", "a name for this device"},
    EXAMPLES_END,
};
static const app_topic devices = {
    "devices",
    "[JID|remove N|rename LABEL]",
    0,
    2,
    "list devices and their fingerprints",
    devices_paragraphs,
    devices_options,
    devices_examples,
};

/* ---- trust, distrust ---- */

static const char *const trust_paragraphs[] = {
    "Marks the key of a device as verified: you compared its fingerprint. Say which by its number in sotto devices, "
    "by the device id, or by the fingerprint; the first sixteen digits are enough if no other begins with them.",
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

/* ---- join, part, rooms ---- */

static const char *const join_paragraphs[] = {
    "Enters a room, keeps it, and says what it is: encrypted, and for how many of its members; public, or anonymous, "
    "so that nothing can be encrypted for it; or why that is not known. A room that nobody has entered before is made "
    "for members only, and shows who they are.",
    "While sotto listen runs you stay in it, and it is entered again whenever that connects. What is said there is "
    "encrypted to every member, whether they are there or not: the room's server says who is one, so changes are "
    "shown, and new devices are accepted or not as any other contact's. What you write with sotto send goes to all of "
    "them; files with --file too. sotto send ROOM/NICK, and /msg in sotto chat, are for one of those who are there.",
    "When a room that was encrypted becomes public or anonymous nothing is sent to it any more.",
    NULL,
};
static const app_option join_options[] = {
    {'n', "nick", "NICK", "the name others see in the room; without it the part of your address before the @"},
    OPTIONS_END,
};
static const app_example join_examples[] = {
    {"sotto join coven@rooms.example --nick Juliet", "and then sotto send coven@rooms.example"},
    EXAMPLES_END,
};
static const app_topic join = {
    "join", "ROOM", 1, 1, "enter a room and keep it", join_paragraphs, join_options, join_examples,
};

static const char *const part_paragraphs[] = {
    "Leaves a room and forgets it. That you are a member, if you are, stays.",
    NULL,
};
static const app_example part_examples[] = {
    {"sotto part coven@rooms.example", "for good"},
    EXAMPLES_END,
};
static const app_topic part = {
    "part", "ROOM", 1, 1, "leave a room", part_paragraphs, no_options, part_examples,
};

static const char *const rooms_paragraphs[] = {
    "Lists the rooms you joined: what each is, who its members are, who is there now and under which name, and how "
    "many devices of each what you say is encrypted to.",
    "With --json every room is one JSON object on a line of its own (room, nick, joined, state: encrypted, public, "
    "anonymous, broken, left or unknown, reason, reached, others), and behind it every member (room, member, "
    "affiliation, nick, devices, used).",
    NULL,
};
static const app_option rooms_options[] = {
    {0, "json", NULL, "one JSON object a line"},
    OPTIONS_END,
};
static const app_example rooms_examples[] = {
    {"sotto rooms", "all of them"},
    EXAMPLES_END,
};
static const app_topic rooms = {
    "rooms", "", 0, 0, "list rooms and who is in them", rooms_paragraphs, rooms_options, rooms_examples,
};

/* ---- verify, encrypt, via, resend ---- */

static const char *const verify_paragraphs[] = {
    "With JID, on a terminal, and where the other side has Sotto as well: both run it, both see eight characters, read "
    "them to each other, and press y or n. One yes verifies every device that the other one verified, and neither has "
    "to be there while the other types the command: what was asked waits for seven days. A JID of your own compares "
    "with another device of yours. --password compares a word that both know instead, in a live session.",
    "Compares keys by reading them off each other's screens. Without an address it shows who you are, as an address "
    "with the fingerprints of your devices and as a QR code that Conversations, Dino, Gajim and others scan, and "
    "lists the devices of JID, or your own other ones; on a terminal it asks which of them you compared.",
    "With the other side's address (xmpp:JID?omemo-sid-...; Kaidan's too), from the command line, from standard input "
    "(-) or out of an image, it says which of its keys are known here, which are not, and what is still unverified, "
    "asks, and marks those that are the same as verified. Only take an address from somebody you see or hear: whoever "
    "gives it to you decides whom you talk to. It counts for the JID in it alone.",
    "What you verify or refuse is told, encrypted, to your own verified devices and to those of the contact, so that "
    "it need not be done on each of them (XEP-0450).",
    NULL,
};
static const app_option verify_options[] = {
    {0, "image", "FILE", "read the address from the QR code in this image (PNG), a screenshot or a photo"},
    {0, "trust-message", NULL, "show the form that Kaidan reads"},
    {0, "fingerprints", NULL, "compare fingerprints or codes, also where eight characters would do"},
    {0, "string", NULL, "compare by eight characters, also without a terminal"},
    {0, "answer", "yes|no|ABCD-EFGH", "what the other side shows is the same, is not, or is this"},
    {0, "password", NULL, "compare a word that both know; both are online"},
    {0, "password-file", "FILE", "--password with the word in the first line of FILE (- is standard input)"},
    {0, "again", NULL, "with --password: although there were too many wrong ones"},
    {0, "json", NULL, "with --string, --answer or --password: one JSON object a line (doc/commands.md)"},
    {'y', "yes", NULL, "do not ask: you compared"},
    OPTIONS_END,
};
static const app_example verify_examples[] = {
    {"sotto verify", "show who you are, and confirm your own other devices"},
    {"sotto verify romeo@montague.example", "eight characters; romeo runs it with your address"},
    {"sotto verify romeo@montague.example --fingerprints", "list the devices of romeo, and ask which you compared"},
    {"sotto verify --image photo.png", "the code on the other side's screen"},
    {"xclip -o | sotto verify -", "an address that was pasted"},
    EXAMPLES_END,
};
static const app_topic verify = {
    "verify",
    "[JID] [ADDRESS|NUMBER...]",
    0,
    10,
    "compare keys by eight characters, QR code or address",
    verify_paragraphs,
    verify_options,
    verify_examples,
};

static const char *const encrypt_paragraphs[] = {
    "Says, or sets, what messages to JID need before they leave: always (the default) encrypted; auto: encrypted when "
    "JID can read that, and from then on always; never: not encrypted.",
    "When something was encrypted with JID before, never asks for words that confirm it. With --for it ends by "
    "itself: after that time what was set before is in force again, whether or not sotto runs meanwhile.",
    "A contact who asks for messages in the clear has to do so encrypted, with a key that you accepted; until you "
    "answer, with this command, what you send is held.",
    NULL,
};
static const app_option encrypt_options[] = {
    {0, "for", "TIME", "with never: for so long (90m, 1h, 2d; at most 30 days)"},
    {0, "confirm", "TEXT", "the words, for scripts: in the clear"},
    OPTIONS_END,
};
static const app_example encrypt_examples[] = {
    {"sotto encrypt romeo@montague.example", "what is in force"},
    {"sotto encrypt romeo@montague.example never --for 1h", "for an hour"},
    {"sotto encrypt romeo@montague.example always", "encrypted again"},
    EXAMPLES_END,
};
static const app_topic encrypt = {
    "encrypt",       "JID [auto|always|never]", 1, 2, "whether messages to a contact are encrypted", encrypt_paragraphs,
    encrypt_options, encrypt_examples,
};

static const char *const via_paragraphs[] = {
    "Says, or sets, which kinds of encryption may carry messages to JID: auto (whatever fits), stored (OMEMO: all "
    "devices of both sides, and archives, have them), live (sessions between two devices that are both online), or "
    "one by its name. What cannot go that way is held; it never goes unencrypted instead.",
    "With auto, messages go by OMEMO where JID has it, and requests and directed presence in live sessions. With live "
    "everything goes in live sessions alone: a client of theirs that is not there then, a phone that is off, and the "
    "archive will not have it; what is said while they are away waits here.",
    NULL,
};
static const app_example via_examples[] = {
    {"sotto via romeo@montague.example", "what is in force"},
    {"sotto via romeo@montague.example stored", "what a phone that is off can read later"},
    {"sotto via romeo@montague.example live", "what no archive shall have"},
    EXAMPLES_END,
};
static const app_topic via = {
    "via",
    "JID [auto|stored|live|NAME]",
    1,
    2,
    "which encryption may be used for a contact",
    via_paragraphs,
    no_options,
    via_examples,
};

static const char *const resend_paragraphs[] = {
    "Sends JID again what nobody has confirmed, to devices that did not get it: after JID lost a device or changed to "
    "another client, and you accepted the new one. They are the same messages with the same ids, so a device that has "
    "one shows it once.",
    "Up to a hundred messages to each contact are kept for that, encrypted like everything in the store, until a "
    "device of the contact answers. In sotto chat it is offered, and Ctrl-R does it.",
    NULL,
};
static const app_example resend_examples[] = {
    {"sotto resend romeo@montague.example",
     "after sotto trust, or when it was said that a new device missed something"},
    EXAMPLES_END,
};
static const app_topic resend = {
    "resend",   "JID",           1, 1, "send a new device what the old one took with it", resend_paragraphs,
    no_options, resend_examples,
};

/* ---- repair ---- */

static const char *const repair_paragraphs[] = {
    "Use it when messages from or to JID cannot be decrypted any more, as after a program of theirs lost what it "
    "knew: forgets the sessions with all devices of JID, so that the next message you send begins new ones. Keys and "
    "what you decided about them stay. Messages still on their way in the old sessions are lost. Live sessions begin "
    "without the secret of the ones before: JID's person is warned, and has to confirm that.",
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

/* ---- files ---- */

static const char *const files_paragraphs[] = {
    "Lists the files that came with messages while sotto listen ran, or were seen in sotto chat, by number; or, with "
    "get, fetches one: by its number, or by an aesgcm URL (-: from standard input, so that nobody sees the key in the "
    "list of processes).",
    "The file is decrypted while it comes, and gets its name only when all of it is there and is what was sent; until "
    "then it is called .sotto-...part. The name is the sender's without anything that could lead elsewhere; a file "
    "that is there already is never written to: the new one is called \"name (2)\". The path it got is printed.",
    "Nothing is ever fetched by itself: that would tell the sender's server your network address, and when you read "
    "the message.",
    "With --json: event \"file\" with number, from, time, name, type, size, cipher, seal and trust for each in the "
    "list; event \"progress\" with name, done and total; event \"saved\" with number, path, size and sha256.",
    NULL,
};
static const app_option files_options[] = {
    {0, "to", "DIR", "put it into DIR instead of the current folder"},
    {0, "json", NULL, "one JSON object a line"},
    OPTIONS_END,
};
static const app_example files_examples[] = {
    {"sotto files", "what was offered"},
    {"sotto files get 7 --to ~/Downloads", "fetch one"},
    EXAMPLES_END,
};
static const app_topic files = {
    "files",       "[get NUMBER|URL]", 0, 2, "list the files that were sent to you, and fetch them", files_paragraphs,
    files_options, files_examples,
};

/* ---- leave ---- */

static const char *const leave_paragraphs[] = {
    "Undoes the setup: takes this device and its keys off the server, so that nobody encrypts to it any more, and "
    "then removes the account's settings and store from this machine. The account itself and your other devices stay.",
    "When the server cannot be told, nothing is removed. With --local everything is removed here without telling it: "
    "others then go on encrypting to this device until another of your clients takes it off the list.",
    "Messages that are still on their way to this device cannot be read afterwards. It asks first; without a "
    "terminal it does nothing unless --yes is given.",
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

/* ---- backup, restore ---- */

static const char *const backup_paragraphs[] = {
    "Writes everything that makes this account what it is to its contacts into one encrypted file: your key, which "
    "keys you verified or refused, what you decided for each contact, the history of messages, and the settings. The "
    "password of the account is in it only with --with-password.",
    "The file is sealed with a passphrase of its own, asked for twice. Whoever has both can write in your name; "
    "without the passphrase nobody can read it, you included.",
    "Sessions and one-time keys are not in it, nor messages that wait to be sent: two devices that use the same ones "
    "would give away what they write, and who finds the file one day could read what was sent before. So a backup is "
    "restored as a new device with the same key, and old backups are as good as new ones but for what happened since.",
    "Copying the folders of sotto is no backup of this kind: a copy of a store in use goes on as another device, with "
    "a warning, and messages may be lost.",
    NULL,
};
static const app_option backup_options[] = {
    {0, "backup-passphrase-file", "FILE",
     "read the passphrase of the backup from the first line of FILE (-: standard input) instead of asking"},
    {0, "with-password", NULL, "put the password of the account into the backup too"},
    {0, "force", NULL, "write over a file that is there"},
    {0, "json", NULL, "what was done, as one JSON object"},
    OPTIONS_END,
};
static const app_example backup_examples[] = {
    {"sotto backup juliet.backup", "asks for a passphrase"},
    {"sotto backup /backup/$(date +%F).sotto --backup-passphrase-file /run/secrets/backup", "from cron"},
    EXAMPLES_END,
};
static const app_topic backup = {
    "backup",       "FILE",          1, 1, "write key, trust and history into an encrypted file", backup_paragraphs,
    backup_options, backup_examples,
};

static const char *const restore_paragraphs[] = {
    "Makes an account out of a file of sotto backup, on a machine (or with --home in a folder) that has nothing of "
    "it. It needs no network.",
    "Your contacts see no new key, and what you verified is verified. The device is a new one: the next command that "
    "connects publishes it, and takes the device the backup was made of off the list. Sessions begin anew by "
    "themselves; what arrived after the backup was made is not here.",
    "If the old device goes on being used, or the backup is restored a second time, there are two devices with one "
    "key. Both work, but they cannot write to each other, and sotto says so: leave with one of them (sotto leave).",
    "If the store was sealed with a passphrase, the new one is too, and it is asked for.",
    NULL,
};
static const app_option restore_options[] = {
    {0, "backup-passphrase-file", "FILE",
     "read the passphrase of the backup from the first line of FILE (-: standard input) instead of asking"},
    {0, "password-file", "FILE", "read the password of the account, if it is not in the backup, from FILE"},
    {0, "json", NULL, "what was done, as one JSON object"},
    OPTIONS_END,
};
static const app_example restore_examples[] = {
    {"sotto restore juliet.backup", "asks for the passphrase"},
    {"sotto restore juliet.backup --home ./elsewhere", "beside an account that is set up"},
    EXAMPLES_END,
};
static const app_topic restore = {
    "restore", "FILE", 1, 1, "make an account out of a backup", restore_paragraphs, restore_options, restore_examples,
};

/* ---- import ---- */

static const char *const import_paragraphs[] = {
    "Takes over the key of another client you used on this machine, and what was decided there about the keys of "
    "others: your contacts see no new key, and what was verified is verified. It comes before sotto setup, and needs "
    "no network.",
    "CLIENT is profanity, gajim or libomemo; PATH is what it keeps for the account: for Profanity the folder "
    "~/.local/share/profanity/omemo/NAME_at_SERVER, for Gajim the file ~/.local/share/gajim/omemo_ADDRESS.db, for "
    "clients with libomemo the file ending in _axc_db.sqlite (lurch: below ~/.purple/lurch).",
    "Gajim says which keys were compared, which were only accepted and which refused. Profanity and libomemo only say "
    "which were accepted: with --verified those count as compared, which is right if you compared them (Profanity's "
    "trust mode \"manual\").",
    "Sessions are not taken over: they would be used twice. This is a new device; the other client goes on as the one "
    "it was, and your contacts write to both, but for those with sotto: what has shown that it can do the newer OMEMO "
    "is not written to in the older one. Since both have one key, the two cannot write to each other, nor show each "
    "other what they send. With --retire the other client's device is taken off the list when this one is published; "
    "do not start that client again then, it would put itself back.",
    NULL,
};
static const app_option import_options[] = {
    {0, "retire", NULL, "take the other client's device off the list"},
    {0, "verified", NULL, "count keys that were accepted there as verified"},
    {0, "passphrase", NULL, "seal the store with a passphrase, which is asked for"},
    {0, "json", NULL, "what was done, as one JSON object"},
    OPTIONS_END,
};
static const app_example import_examples[] = {
    {"sotto import gajim omemo_juliet@capulet.example.db -a juliet@capulet.example", "then sotto setup"},
    {"sotto import profanity juliet_at_capulet.example --retire -a juliet@capulet.example", "for good"},
    EXAMPLES_END,
};
static const app_topic import = {
    "import",       "CLIENT PATH",   2, 2, "take over the key of another client", import_paragraphs,
    import_options, import_examples,
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

const app_topic *const app_topics[] = {&setup,
                                       &send,
                                       &listen,
                                       &chat,
                                       &history,
                                       &devices,
                                       &app_topic_identity,
                                       &app_topic_sessions,
                                       &trust,
                                       &distrust,
                                       &join,
                                       &part,
                                       &rooms,
                                       &files,
                                       &repair,
                                       &leave,
                                       &backup,
                                       &restore,
                                       &import,
                                       &verify,
                                       &encrypt,
                                       &via,
                                       &resend,
                                       &help,
                                       NULL};

const app_topic *app_topic_find(const char *name) {
    for (size_t i = 0; app_topics[i]; i++)
        if (strcmp(app_topics[i]->name, name) == 0) return app_topics[i];
    return NULL;
}
