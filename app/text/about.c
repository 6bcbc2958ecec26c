/* SPDX-License-Identifier: ISC
 *
 * What is true of the program as a whole: its page, its files, what all commands share. */
#include "app/text/text.h"

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
    "encrypted with OMEMO, in both forms that clients use today: the server passes them on and cannot read them.",
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
    {"sotto chat romeo@montague.example", "talks, until Ctrl-D"},
    {"sotto listen", "prints what arrives, until Ctrl-C"},
    EXAMPLES_END,
};
