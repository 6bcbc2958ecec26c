/* SPDX-License-Identifier: ISC
 *
 * The texts about live sessions, and who somebody is in them. */
#include "app/text/text.h"

/* ---- identity ---- */

static const char *const identity_paragraphs[] = {
    "Shows the keys of this device: the OMEMO key, which everybody can see, and the live key, which is shown inside "
    "live sessions only. With certificate or openpgp something that others may know already is bound to the live key: "
    "whoever you are in a live session with sees that it stands behind it.",
    "certificate FILE: a certificate that an authority issued to you, in PEM form (those above it behind it) or as "
    "PKCS#12. It must name your address (XmppAddr), be valid now, and allow digital signatures. The private key is in "
    "the same file or in that of --key; it signs once, and is not kept.",
    "openpgp KEY: a key of your gpg, by its id or fingerprint. One of its user ids has to be xmpp:ADDRESS (gpg "
    "--quick-add-uid KEY xmpp:ADDRESS). gpg signs once, and may ask for a passphrase.",
    "Others see a certificate as good when their machine trusts the authority and it is valid that day; an OpenPGP "
    "key when their gpg counts that user id as yours. With trust = ca in the settings that makes a live key verified; "
    "else it is shown, and no more. Do it again for a certificate that was renewed.",
    "ask-first yes: whoever begins a live session with you shows their live key before yours is shown, and sees yours "
    "only if theirs is accepted; always: also those with whom you begin one, unless you had one before; no: as it is "
    "at first. Two who both say always cannot begin one with each other.",
    "remove certificate, or openpgp: nothing of the kind is shown any more, from the next session on.",
    NULL,
};
static const app_option identity_options[] = {
    {0, "key", "FILE", "certificate: the private key, in PEM form, if it is not in the certificate's file"},
    {0, "key-passphrase-file", "FILE",
     "certificate: read the passphrase of the private key from the first line of FILE (-: standard input) instead of "
     "asking"},
    {0, "json", NULL, "what there is, as one JSON object"},
    OPTIONS_END,
};
static const app_example identity_examples[] = {
    {"sotto identity", "your keys, and what stands behind the live one"},
    {"sotto identity certificate juliet.pem --key juliet.key", "a certificate in PEM form"},
    {"sotto identity certificate juliet.p12", "the same as PKCS#12"},
    {"sotto identity openpgp 9A3C5B7D1E2F4A6B", "a key of your gpg"},
    {"sotto identity remove openpgp", "no more"},
    EXAMPLES_END,
};
const app_topic app_topic_identity = {
    "identity",
    "[WHAT [VALUE]]",
    0,
    2,
    "show your keys, and bind a certificate or OpenPGP key to them",
    identity_paragraphs,
    identity_options,
    identity_examples,
};

/* ---- sessions ---- */

static const char *const sessions_paragraphs[] = {
    "Lists the live sessions of this device, with JID or with everybody: with which client of theirs, how far its live "
    "key is trusted and by what, what protects the session (the group of the key exchange and the cipher; whether a "
    "secret of an earlier session is in it too), how old it is and how often it was renewed.",
    "Only the process that holds the account has sessions (sotto listen, sotto chat): without one there is nothing to "
    "list. A session begins by itself when something is to go through it.",
    "Quarantined is a session that came without the secret which both sides had: their store was lost, or somebody "
    "else is there. Nothing goes through it until you say so: ask them in another way, then sotto trust.",
    "With --json every session is one JSON object on a line of its own (doc/commands.md).",
    NULL,
};
static const app_option sessions_options[] = {
    {0, "json", NULL, "one JSON object a line"},
    OPTIONS_END,
};
static const app_example sessions_examples[] = {
    {"sotto sessions", "all of them"},
    {"sotto sessions romeo@montague.example", "with somebody"},
    EXAMPLES_END,
};
const app_topic app_topic_sessions = {
    "sessions",       "[JID]",           0, 1, "list live sessions, and what protects them", sessions_paragraphs,
    sessions_options, sessions_examples,
};
