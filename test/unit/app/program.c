/* SPDX-License-Identifier: ISC
 *
 * The commands, end to end: set-up, messages with and without somebody listening, trust, what goes wrong, leaving. */
#include "program_stage.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECONDS_MAX 240

/* ---- without an account ---- */

static void test_without_account(void **state) {
    (void)state;
    RUN("--version");
    done();
    assert_memory_equal(the.run.out, "sotto ", 6);
    RUN("help", "send");
    done();
    assert_memory_equal(the.run.out, "usage: sotto send", 17);
    RUN("send", "--help");
    done();
    assert_memory_equal(the.run.out, "usage: sotto send", 17);
    RUN("help", "frobnicate");
    refused(2, "there is no command frobnicate");
    RUN("frobnicate");
    refused(2, "there is no command frobnicate; see sotto help");
    RUN("send", ROMEO, "x", "--home", home_of("nobody"));
    refused(1, "sotto send: Not sent: No account is set up on this machine: sotto setup");
    RUN("listen", "--home", home_of("nobody"), "-a", JULIET);
    refused(1, JULIET " is not set up on this machine");
    RUN("setup", "capulet.example");
    refused(2, "capulet.example is not the address of an account (it has no @); see sotto help setup");
    RUN("setup", JULIET "/balcony");
    refused(2, JULIET "/balcony names one client");
}

/* What would be passed over in silence is a mistake; each is told before anybody is asked for anything. */
static void test_words_that_go_together(void **state) {
    (void)state;
    RUN("verify", ROMEO, "--again");
    refused(2, "sotto verify: --again goes with --password; see sotto help verify");
    RUN("verify", "--password-file", "/nonexistent");
    refused(2, "with --password say with whom, and nothing more");
    RUN("verify", ROMEO, "--password", "--string");
    refused(2, "--password is a way of its own");
    RUN("verify", ROMEO, "--fingerprints", "--json");
    refused(2, "--json goes with --string, --answer or --password");
    RUN("verify", ROMEO, "--password-file", "/nonexistent"); /* which means --password */
    refused(1, "There is no file /nonexistent.");
    RUN("identity", "frobnicate");
    refused(2, "say certificate, openpgp, remove, ask-first or nothing; see sotto help identity");
    RUN("identity", "remove");
    refused(2, "say remove certificate, or openpgp");
    RUN("identity", "ask-first", "perhaps");
    refused(2, "say ask-first yes, no or always");
    RUN("identity", "key", "which");
    refused(2, "key is said alone");
    RUN("identity", "--key", "a.pem");
    refused(2, "--key and --key-passphrase-file go with certificate");
}

/* A way that nobody else can take part in is said at once, and not after it was waited for. */
static void test_live_alone_with_nobody_listening(void **state) {
    (void)state;
    RUN("via", ROMEO, "live", "--home", home_of("juliet"));
    done();
    RUN("send", ROMEO, "to nobody", "--home", home_of("juliet"));
    refused(1, "go in live sessions alone, and those need sotto listen or sotto chat to be running here as well");
    RUN("via", ROMEO, "auto", "--home", home_of("juliet"));
    done();
}

/* ---- set-up ---- */

static void test_setup_refused_leaves_nothing(void **state) {
    (void)state;
    const char *home = home_of("early");
    RUN("setup", JULIET, "--password-file", file_with("password", "wrong\n"), "--connect", the.server.address, "--ca",
        the.server.ca, "--home", home);
    refused(1, "did not accept the password of " JULIET);
    assert_null(strstr(the.run.err, "wrong\""));
    assert_false(exists("early", "config/" JULIET));
    assert_false(exists("early", "data/" JULIET));
    RUN("setup", JULIET, "--password-file", file_with("password", "juliet secret\n"), "--connect", the.server.address,
        "--home", home);
    refused(1, "The certificate of the server does not prove");
    RUN("setup", JULIET, "--password-file", file_with("password", "juliet secret\n"), "--connect", "127.0.0.1:1",
        "--ca", the.server.ca, "--home", home);
    refused(1, "No connection to the server of " JULIET);
    RUN("setup", JULIET, "--password-file", "/nonexistent", "--home", home);
    refused(1, "There is no file /nonexistent.");
    RUN("setup", JULIET, "--home", home); /* nobody to ask */
    refused(1, "There is no terminal to ask at for the password: use --password-file FILE.");
    RUN("setup", JULIET, "--password-file", file_with("password", "juliet secret\n"), "--passphrase", "--home", home);
    refused(1, "There is no terminal to ask at for the passphrase: use --passphrase-file FILE.");
    RUN("setup", JULIET, "--ca", "/nonexistent", "--home", home);
    refused(1, "The file /nonexistent of --ca cannot be read");
    RUN("setup", JULIET, "--connect", "nowhere", "--home", home);
    refused(2, "is not of the form HOST:PORT: nowhere; see sotto help setup");
    RUN("setup", JULIET, "--direct-tls", "--home", home);
    refused(2, "belongs to --connect");
    assert_false(exists("early", "config/" JULIET));
    assert_false(exists("early", "data/" JULIET));
}

static void test_setup(void **state) {
    (void)state;
    set_up("juliet", "juliet");
    assert_non_null(strstr(the.run.out, JULIET " is set up.\n"));
    assert_non_null(strstr(the.run.out, "sotto send SOMEBODY"));
    assert_string_equal(the.run.err, "");
    assert_int_equal(mode_of("juliet", "config/" JULIET), 0700);
    assert_int_equal(mode_of("juliet", "data/" JULIET), 0700);
    assert_int_equal(mode_of("juliet", "config/" JULIET "/account.conf"), 0600);
    assert_int_equal(mode_of("juliet", "config/" JULIET "/store.key"), 0600);
    assert_int_equal(mode_of("juliet", "data/" JULIET "/store.sqlite"), 0600);
    set_up("romeo", "romeo");
}

/* The keys stay, so does what is not said again; a wrong password changes nothing. */
static void test_setup_again(void **state) {
    (void)state;
    char before[256];
    RUN("devices", "--json", "--home", home_of("juliet"));
    done();
    (void)snprintf(before, sizeof before, "%s", member(the.run.out, "\"number\":1", "fingerprint"));
    RUN("setup", JULIET, "--password-file", file_with("password", "wrong\n"), "--home", home_of("juliet"));
    refused(1, "did not accept the password");
    RUN("setup", JULIET, "--password-file", file_with("password", "juliet secret\n"), "--home", home_of("juliet"));
    done();
    const char *open = file_with("password", "juliet secret\n");
    assert_int_equal(chmod(open, 0644), 0);
    RUN("setup", JULIET, "--password-file", open, "--home", home_of("juliet"));
    done();
    assert_non_null(strstr(the.run.err, "Warning: other users can read "));
    RUN("setup", JULIET, "--home", home_of("juliet")); /* without a terminal: the password that is kept */
    done();
    RUN("devices", "--json", "--home", home_of("juliet"));
    done();
    assert_string_equal(member(the.run.out, "\"number\":1", "fingerprint"), before);
    RUN("setup", JULIET, "--passphrase", "--password-file", file_with("password", "juliet secret\n"), "--home",
        home_of("juliet"));
    refused(1, "has a key file already");
}

/* ---- messages ---- */

static void test_send_with_nobody_listening(void **state) {
    (void)state;
    RUN("send", ROMEO, "first light", "--home", home_of("juliet"));
    done();
    RUN_INPUT("second\nlight\n", "send", ROMEO, "--subject", "of two lines", "--home", home_of("juliet"));
    done();
    listen_start("romeo", "--json");
    assert_true(program_wait_for(&the.listener, "second"));
    assert_string_equal(member(the.listener.out, "first light", "event"), "message");
    assert_string_equal(member(the.listener.out, "first light", "from"), JULIET);
    assert_string_equal(member(the.listener.out, "first light", "to"), ROMEO);
    assert_string_equal(member(the.listener.out, "first light", "type"), "chat");
    assert_string_equal(member(the.listener.out, "first light", "seal"), "omemo:2");
    assert_string_equal(member(the.listener.out, "first light", "trust"), "blind");
    assert_int_equal(strlen(member(the.listener.out, "first light", "fingerprint")), 64);
    assert_int_equal(strlen(member(the.listener.out, "first light", "id")), 24);
    assert_int_equal(strlen(member(the.listener.out, "first light", "time")), 24);
    assert_non_null(strstr(the.listener.out, "\"body\":\"second\\nlight\""));
    assert_non_null(strstr(the.listener.out, "\"subject\":\"of two lines\""));
    listen_end(SIGINT, 0);
}

static void test_send_through_the_listener(void **state) {
    (void)state;
    program_run romeo;
    listen_start("juliet", "--json");
    assert_true(program_wait_for(&the.listener, "\"online\""));
    program_start(&romeo, the.program, (const char *const[]){"listen", "--home", home_of("romeo"), NULL}, NULL, 0);
    RUN("send", ROMEO, "--home", home_of("juliet"), "--", "-through the listener");
    done();
    assert_true(program_wait_for(&romeo, "-through the listener\n"));
    assert_non_null(strstr(romeo.out, JULIET " [encrypted, key not compared]: -through the listener\n"));
    RUN("send", JULIET, "and back\n\033[31mred", "--home", home_of("romeo"));
    refused(1, "control characters");
    RUN("send", JULIET, "and\nback", "--home", home_of("romeo"));
    done();
    assert_true(program_wait_for(&the.listener, "and\\nback"));
    assert_int_equal(kill(romeo.pid, SIGTERM), 0);
    program_wait(&romeo);
    assert_int_equal(romeo.status, 0);
    assert_null(strstr(romeo.out, "\033")); /* no colours into a pipe */
    listen_end(SIGTERM, 0);
}

static void test_messages_that_are_not_sent(void **state) {
    (void)state;
    static char large[600 * 1024];
    const char *home = home_of("juliet");
    RUN("send", NURSE, "to somebody without keys", "--home", home);
    refused(1, "Not sent: " NURSE " has no device that can read encrypted messages. Nothing left unencrypted.");
    RUN("devices", NURSE, "--home", home);
    done();
    assert_string_equal(the.run.out, NURSE " has no devices that can read encrypted messages.\n");
    /* What auto let leave in the clear is said. */
    RUN("encrypt", NURSE, "auto", "--home", home);
    done();
    RUN("send", NURSE, "in the clear, since she has no keys", "--home", home);
    assert_int_equal(the.run.status, 0);
    assert_non_null(strstr(the.run.err, "this was sent WITHOUT ENCRYPTION: " NURSE " cannot read encrypted messages"));
    RUN("encrypt", NURSE, "always", "--home", home);
    done();
    RUN("send", "nobody@" PROGRAM_DOMAIN, "to nobody", "--home", home);
    refused(1, "Not sent: no keys of nobody@" PROGRAM_DOMAIN " were found (the server refused");
    RUN("send", ROMEO, "", "--home", home);
    refused(1, "there is no text for " ROMEO);
    RUN("send", ROMEO, "--home", home);
    refused(1, "there is no text for " ROMEO);
    RUN_INPUT("\xff\xfe", "send", ROMEO, "--home", home);
    refused(1, "is not UTF-8");
    memset(large, 'a', sizeof large - 1);
    RUN_INPUT(large, "send", ROMEO, "--home", home);
    refused(1, "Not sent: the text is too long: at most 128 KiB; send it in parts.");
    large[128 * 1024 + 1] = '\0';
    RUN_INPUT(large, "send", ROMEO, "--home", home);
    refused(1, "Not sent: the text is too long: at most 128 KiB; send it in parts.");
    RUN("send", JULIET, "to nobody but this device", "--home", home);
    refused(1, "Not sent: You have no other device to send it to.");
    RUN("send", ROMEO, "--passphrase-file", "-", "--home", home);
    refused(2, "standard input can be one file only");
    RUN("send", "hunter2", "text", "--home", home);
    refused(2, "hunter2 is not the address of an account (it has no @); see sotto help send");
    RUN("devices", "hunter2", "--home", home);
    refused(2, "hunter2 is not the address of an account (it has no @); see sotto help devices");
    RUN("trust", "hunter2", "1", "--home", home);
    refused(2, "hunter2 is not the address of an account (it has no @); see sotto help trust");
    RUN("distrust", "hunter2", "1", "--home", home);
    refused(2, "hunter2 is not the address of an account (it has no @); see sotto help distrust");
    RUN("repair", "hunter2", "--home", home);
    refused(2, "hunter2 is not the address of an account (it has no @); see sotto help repair");
    RUN("send", "a@b@c", "text", "--home", home);
    refused(2, "a@b@c is not an address; see sotto help send");
    /* ROOM/NICK without the nick would be everybody in the room. */
    RUN("send", ROMEO "/orchard", "text", "--home", home);
    refused(2, ROMEO "/orchard names one client, or somebody in a room: leave /orchard out;");
    RUN("send", "--file", "a.jpg", "b.jpg", ROMEO, "--home", home_of("juliet")); /* what a shell makes of *.jpg */
    refused(2, "beside --file a.jpg stand the recipient and then the text, and b.jpg is no recipient;");
    const char *path = file_with("note", "x");
    RUN("send", "nobody@" PROGRAM_DOMAIN, path, "--file", path, "--home", home_of("juliet"));
    assert_int_equal(the.run.status, 1);
    assert_non_null(strstr(the.run.err, " is sent as text, although there is a file of that name: --file goes before"));
    RUN("history", "--search", "balcony", "--home", home);
    refused(2, "that is of one conversation: say which JID; see sotto help history");
    RUN("history", "--forget", "--home", home);
    refused(2, "that is of one conversation: say which JID; see sotto help history");
}

/* Four at once without anybody holding the account: one after the other, and all arrive. */
static void test_several_at_once(void **state) {
    (void)state;
    static program_run runs[4];
    static const char *const texts[] = {"crowd 1", "crowd 2", "crowd 3", "crowd 4"};
    for (size_t i = 0; i < 4; i++)
        program_start(&runs[i], the.program,
                      (const char *const[]){"send", ROMEO, texts[i], "--home", home_of("juliet"), NULL}, NULL, 0);
    for (size_t i = 0; i < 4; i++) {
        program_wait(&runs[i]);
        if (runs[i].status != 0) print_error("%s", runs[i].err);
        assert_int_equal(runs[i].status, 0);
    }
    listen_start("romeo", "--json");
    for (size_t i = 0; i < 4; i++) assert_true(program_wait_for(&the.listener, texts[i]));
    listen_end(SIGINT, 0);
}

/* Whoever reads goes away: what could not be printed comes again. */
static void test_reader_goes(void **state) {
    (void)state;
    listen_start("romeo", "--json");
    assert_true(program_wait_for(&the.listener, "\"online\""));
    (void)close(the.listener.out_fd);
    the.listener.out_fd = -1;
    RUN("send", ROMEO, "into the dark", "--home", home_of("juliet"));
    done();
    program_wait(&the.listener);
    assert_int_equal(the.listener.status, 1);
    listen_start("romeo", "--json");
    assert_true(program_wait_for(&the.listener, "into the dark"));
    listen_end(SIGINT, 0);
}

/* A closed standard stream is not taken by a file of ours, and what could not be printed comes again. */
static void test_closed_streams(void **state) {
    (void)state;
    const char *const listen[] = {"listen", "--home", home_of("romeo"), NULL};
    RUN("send", ROMEO, "nobody is there to print this", "--home", home_of("juliet"));
    done();
    program_start_closed(&the.run, the.program, listen, 1u << 1);
    program_wait(&the.run);
    refused(1, "Standard output cannot be written: Bad file descriptor.");
    listen_start("romeo", "--json");
    assert_true(program_wait_for(&the.listener, "nobody is there to print this"));
    listen_end(SIGINT, 0);
    const char *const devices[] = {"devices", "--home", home_of("romeo"), NULL};
    for (unsigned closed = 1; closed < 8; closed++) {
        program_start_closed(&the.run, the.program, devices, closed);
        program_wait(&the.run);
        assert_int_equal(the.run.status, closed & 1u << 1 ? 1 : 0);
    }
    program_start_closed(&the.run, the.program, (const char *const[]){"help", NULL}, 1u << 1);
    program_wait(&the.run);
    refused(1, "Standard output cannot be written");
}

/* ---- one holder ---- */

static void test_one_holder(void **state) {
    (void)state;
    listen_start("juliet", "--json");
    assert_true(program_wait_for(&the.listener, "\"online\""));
    RUN("listen", "--home", home_of("juliet"));
    refused(1, JULIET " is held by another sotto already (process ");
    RUN("setup", JULIET, "--password-file", file_with("password", "juliet secret\n"), "--home", home_of("juliet"));
    refused(1, "end it first.");
    listen_end(SIGKILL, 128 + SIGKILL); /* leaves its socket behind */
    assert_true(exists("juliet", "data/" JULIET "/control"));
    RUN("send", ROMEO, "after the end", "--home", home_of("juliet"));
    done();
    listen_start("juliet", "--json");
    assert_true(program_wait_for(&the.listener, "\"online\""));
    listen_end(SIGINT, 0);
    assert_false(exists("juliet", "data/" JULIET "/control"));
}

/* A home so deep that the socket's path does not fit into an address. */
static void test_deep_home(void **state) {
    (void)state;
    static const char deep[] =
        "nurse/a-folder-with-a-name-of-some-length/and-another-one-below-it-that-makes-it-longer/still";
    set_up("nurse", deep);
    listen_start(deep, "--json");
    assert_true(program_wait_for(&the.listener, "\"online\""));
    assert_true(exists(deep, "data/" NURSE "/control"));
    RUN("devices", "--json", "--home", home_of(deep));
    done();
    assert_string_equal(member(the.run.out, "\"number\":1", "this_device"), "true");
    listen_end(SIGINT, 0);
    assert_false(exists(deep, "data/" NURSE "/control"));
}

/* ---- trust ---- */

static void test_devices(void **state) {
    (void)state;
    RUN("devices", ROMEO, "--home", home_of("juliet"));
    done();
    assert_non_null(strstr(the.run.out, "Devices of " ROMEO "\n\n 1   device "));
    assert_non_null(strstr(the.run.out, ", accepted, not compared"));
    RUN("devices", ROMEO, "--json", "--home", home_of("juliet"));
    done();
    assert_string_equal(member(the.run.out, "\"number\":1", "jid"), ROMEO);
    assert_string_equal(member(the.run.out, "\"number\":1", "active"), "true");
    assert_string_equal(member(the.run.out, "\"number\":1", "seal"), "omemo:2");
    RUN("devices", "--qr", "--home", home_of("juliet"));
    done();
    assert_non_null(strstr(the.run.out, "\nxmpp:" JULIET "?omemo-sid-"));
    RUN("devices", ROMEO, "--qr", "--home", home_of("juliet"));
    refused(1, "--qr is for your own devices");
    RUN("devices", "nobody@" PROGRAM_DOMAIN, "--home", home_of("juliet"));
    refused(1, "No keys of nobody@" PROGRAM_DOMAIN " were found (the server refused");
    assert_string_equal(the.run.out, "");
}

static void test_trust(void **state) {
    (void)state;
    char fingerprint[256];
    const char *home = home_of("juliet");
    RUN("devices", ROMEO, "--json", "--home", home);
    done();
    (void)snprintf(fingerprint, sizeof fingerprint, "%s", member(the.run.out, "\"number\":1", "fingerprint"));
    RUN("trust", ROMEO, "9", "--home", home);
    refused(1, ROMEO " has no device 9: sotto devices " ROMEO " shows those there are.");
    RUN("trust", ROMEO, "nonsense", "--home", home);
    refused(1, "neither a number nor a device id nor at least 16 hex digits");
    RUN("trust", ROMEO, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "--home", home);
    refused(1, "No key of " ROMEO " has this fingerprint. Do not trust it; ask again.");
    RUN("repair", "nobody@" PROGRAM_DOMAIN, "--home", home);
    refused(1, "No device of nobody@" PROGRAM_DOMAIN " is known here");
    RUN("repair", ROMEO, "--home", home);
    done();
    RUN("trust", JULIET, "1", "--home", home);
    refused(1, "is this one: there is nothing to decide");
    RUN("trust", ROMEO, "1", "--home", home);
    done();
    assert_non_null(strstr(the.run.out, " of " ROMEO " is verified:\n"));
    RUN("devices", ROMEO, "--json", "--home", home);
    assert_string_equal(member(the.run.out, "\"number\":1", "trust"), "verified");
    RUN("distrust", ROMEO, fingerprint, "--home", home);
    done();
    RUN("send", ROMEO, "to somebody who is refused", "--home", home);
    refused(1, "Not sent: you refused every key of " ROMEO " (sotto devices " ROMEO "; sotto trust takes that back).");
    fingerprint[20] = '\0';
    RUN("trust", ROMEO, fingerprint, "--home", home);
    done();
    RUN("send", ROMEO, "and accepted again", "--home", home);
    done();
}

/* The same through the process that listens, whose messages then show it. */
static void test_trust_through_the_listener(void **state) {
    (void)state;
    listen_start("romeo", "--json");
    assert_true(program_wait_for(&the.listener, "and accepted again"));
    assert_null(strstr(the.listener.out, "to somebody who is refused"));
    RUN("trust", JULIET, "1", "--home", home_of("romeo"));
    done();
    RUN("send", ROMEO, "now verified", "--home", home_of("juliet"));
    done();
    assert_true(program_wait_for(&the.listener, "now verified"));
    assert_string_equal(member(the.listener.out, "now verified", "trust"), "verified");
    RUN("trust", JULIET, "77", "--home", home_of("romeo"));
    refused(1, "has no device 77");
    RUN("send", "--home", home_of("romeo"));
    refused(2, "an argument is missing");
    listen_end(SIGINT, 0);
}

/* A second device of the sender is left out until it is verified too, and then shows what was sent. */
static void test_second_device(void **state) {
    (void)state;
    const char *home = home_of("juliet");
    set_up("juliet", "second");
    RUN("send", ROMEO, "not for my other device", "--home", home);
    done();
    assert_non_null(strstr(the.run.err, " is not verified, and because keys of " ROMEO
                                        " were, your own devices must be too. Compare it (sotto devices), then sotto "
                                        "trust " JULIET " 2\n"));
    RUN("trust", JULIET, "2", "--home", home);
    done();
    listen_start("second", "--json");
    assert_true(program_wait_for(&the.listener, "\"online\"")); /* copies go to who is there */
    RUN("send", ROMEO, "for my other device", "--home", home);
    done();
    assert_true(program_wait_for(&the.listener, "\"for my other device\""));
    assert_non_null(strstr(the.listener.out, "\"to\":\"" ROMEO));
    assert_non_null(strstr(the.listener.out, "\"trust\":\"blind\""));
    assert_null(strstr(the.listener.out, "not for my other device"));
    listen_end(SIGINT, 0);
    RUN("distrust", JULIET, "2", "--home", home);
    done();
    RUN("send", ROMEO, "not for it again", "--home", home);
    done();
    assert_non_null(strstr(the.run.err, "you refused its key "));
    RUN("leave", "--yes", "--home", home_of("second"));
    done();
}

/* ---- stores ---- */

static void test_passphrase(void **state) {
    (void)state;
    char right[160], wrong[160];
    const char *home = home_of("sealed");
    (void)snprintf(right, sizeof right, "%s", file_with("right", "open sesame\n"));
    (void)snprintf(wrong, sizeof wrong, "%s", file_with("wrong", "open barley\n"));
    RUN("setup", ROMEO, "--password-file", file_with("password", "romeo secret\n"), "--connect", the.server.address,
        "--ca", the.server.ca, "--passphrase-file", right, "--home", home);
    done();
    assert_false(exists("sealed", "config/" ROMEO "/store.key"));
    RUN("devices", "--qr", "--home", home);
    refused(1, "has a passphrase, and there is no terminal to ask at");
    RUN("devices", "--qr", "--home", home, "--passphrase-file", wrong);
    refused(1, "does not open: the passphrase is wrong");
    RUN("devices", "--qr", "--home", home, "--passphrase-file", right);
    done();
    RUN("leave", "--yes", "--home", home, "--passphrase-file", right);
    done();
}

static void spoil(const char *below) {
    char path[320];
    (void)snprintf(path, sizeof path, "%s/%s", home_of("spoilt"), below);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 2000; i++) assert_true(fputs("nonsense", file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void test_spoilt_stores(void **state) {
    (void)state;
    char path[320], moved[512];
    const char *home = home_of("spoilt");
    set_up("nurse", "spoilt");
    (void)snprintf(path, sizeof path, "%s/config/" NURSE "/store.key", home);
    assert_int_equal(chmod(path, 0644), 0);
    RUN("devices", "--qr", "--home", home);
    refused(1, "store.key, so it is not used: chmod 600 closes it.");
    assert_int_equal(chmod(path, 0600), 0);
    const char *ca = file_with("ca.pem.copy", "");
    (void)snprintf(moved, sizeof moved, "cp %s %s", the.server.ca, ca);
    assert_int_equal(system(moved), 0);
    RUN("setup", NURSE, "--ca", ca, "--home", home);
    done();
    assert_int_equal(unlink(ca), 0);
    RUN("devices", "--home", home);
    refused(1, "ca.pem.copy cannot be read: No such file or directory.");
    RUN("setup", NURSE, "--ca", the.server.ca, "--home", home);
    done();
    assert_int_equal(unlink(path), 0);
    RUN("devices", "--qr", "--home", home);
    refused(1, "The store of " NURSE " does not open");
    spoil("data/" NURSE "/store.sqlite");
    RUN("devices", "--qr", "--home", home);
    refused(1, "The store of " NURSE " is damaged");
    (void)snprintf(path, sizeof path, "%s/data/" NURSE "/store.sqlite", home);
    assert_int_equal(unlink(path), 0);
    RUN("devices", "--qr", "--home", home);
    refused(1, "The store of " NURSE " is gone");
    spoil("config/" NURSE "/account.conf");
    RUN("devices", "--qr", "--home", home);
    refused(1, "account.conf, line 1: ");
}

/* ---- several accounts, and the end ---- */

static void test_several_accounts(void **state) {
    (void)state;
    set_up("nurse", "juliet");
    RUN("devices", "--qr", "--home", home_of("juliet"));
    refused(1, "Several accounts are set up (" JULIET ", " NURSE "): say which with -a ACCOUNT.");
    RUN("-a", NURSE, "devices", "--qr", "--home", home_of("juliet"));
    done();
    assert_non_null(strstr(the.run.out, "xmpp:" NURSE "?"));
    RUN("leave", "-a", NURSE, "--home", home_of("juliet")); /* nobody can be asked */
    refused(1, "sotto leave: Nothing was changed. Without a terminal, --yes says that you mean it.");
    assert_true(exists("juliet", "data/" NURSE));
    RUN("leave", "--yes", "-a", NURSE, "--home", home_of("juliet"));
    done();
    assert_false(exists("juliet", "config/" NURSE));
    assert_false(exists("juliet", "data/" NURSE));
    RUN("devices", "--qr", "--home", home_of("juliet"));
    done();
}

/* Without the server, which does not even answer; not while somebody holds the account. */
static void test_leave_here_only(void **state) {
    (void)state;
    const char *home = home_of("lost");
    set_up("nurse", "lost");
    listen_start("lost", "--json");
    assert_true(program_wait_for(&the.listener, "\"online\""));
    RUN("leave", "--yes", "--local", "--home", home);
    refused(1, NURSE " is held by another sotto");
    listen_end(SIGINT, 0);
    RUN("leave", "--yes", "--local", "--home", home);
    done();
    assert_non_null(strstr(the.run.err, "Warning: the server is not told"));
    assert_non_null(strstr(the.run.out, "removed from this machine"));
    assert_false(exists("lost", "config/" NURSE));
    assert_false(exists("lost", "data/" NURSE));
}

/* The other way: the server cannot be reached. */
static void test_leave_without_server(void **state) {
    (void)state;
    RUN("leave", "--yes", "--home", home_of("juliet"));
    refused(1, "Nothing was removed here; try again later, or remove it here without the server: sotto leave --local.");
    assert_true(exists("juliet", "config/" JULIET));
}

/* Through the listener, which then ends; and nobody can write to the one who left any more. */
static void test_leave(void **state) {
    (void)state;
    listen_start("romeo", "--json");
    assert_true(program_wait_for(&the.listener, "\"online\""));
    RUN("leave", "--yes", "--home", home_of("romeo"));
    done();
    assert_non_null(strstr(the.run.out, "off the server"));
    program_wait(&the.listener);
    assert_int_equal(the.listener.status, 0);
    assert_false(exists("romeo", "config/" ROMEO));
    assert_false(exists("romeo", "data/" ROMEO));
    RUN("send", ROMEO, "to somebody who left", "--home", home_of("juliet"));
    assert_int_equal(the.run.status, 1);
    assert_non_null(
        strstr(the.run.err, "Warning: " ROMEO " had encrypted devices, and the server now says that there"));
    assert_non_null(strstr(the.run.err, "Nothing left unencrypted."));
}

/* ---- what the server saw ---- */

static char *saw(void) {
    FILE *file = fopen(the.server.saw, "r");
    assert_non_null(file);
    char *text = NULL;
    size_t size = 0;
    assert_true(getdelim(&text, &size, '\0', file) > 0);
    assert_int_equal(fclose(file), 0);
    return text;
}

static void test_server_saw_nothing(void **state) {
    (void)state;
    static const char *const said[] = {"first light",   "second",        "of two lines",    "through the listener",
                                       "crowd",         "somebody",      "accepted again",  "now verified",
                                       "after the end", "into the dark", "nobody is there", "my other device",
                                       "not for it",    "hunter2"};
    program_server_end(&the.server);
    char *text = saw();
    assert_non_null(strstr(text, "urn:xmpp:omemo:2"));
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) assert_null(strstr(text, said[i]));
    free(text);
}

/* ---- */

static int stage_up(void **state) {
    (void)state;
    (void)snprintf(the.folder, sizeof the.folder, "/tmp/sotto-program-XXXXXX");
    if (!mkdtemp(the.folder)) return -1;
    program_server_start(&the.server, the.folder);
    return 0;
}

static int stage_down(void **state) {
    (void)state;
    char command[128];
    (void)kill(the.server.pid, SIGTERM); /* gone already, unless a test failed */
    (void)snprintf(command, sizeof command, "rm -rf %s", the.folder);
    return system(command);
}

/* In this order: each stands on what those before it did. */
int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_account),
        cmocka_unit_test(test_words_that_go_together),
        cmocka_unit_test(test_setup_refused_leaves_nothing),
        cmocka_unit_test(test_setup),
        cmocka_unit_test(test_setup_again),
        cmocka_unit_test(test_send_with_nobody_listening),
        cmocka_unit_test(test_live_alone_with_nobody_listening),
        cmocka_unit_test(test_send_through_the_listener),
        cmocka_unit_test(test_messages_that_are_not_sent),
        cmocka_unit_test(test_several_at_once),
        cmocka_unit_test(test_reader_goes),
        cmocka_unit_test(test_closed_streams),
        cmocka_unit_test(test_one_holder),
        cmocka_unit_test(test_deep_home),
        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_trust),
        cmocka_unit_test(test_verify_shows),
        cmocka_unit_test(test_verify_by_address),
        cmocka_unit_test(test_verify_refuses),
        cmocka_unit_test(test_verify_by_image),
        cmocka_unit_test(test_encrypt),
        cmocka_unit_test(test_via),
        cmocka_unit_test(test_resend),
        cmocka_unit_test(test_trust_through_the_listener),
        cmocka_unit_test(test_second_device),
        cmocka_unit_test(test_backup),
        cmocka_unit_test(test_restore_refused),
        cmocka_unit_test(test_restore),
        cmocka_unit_test(test_restore_twice),
        cmocka_unit_test(test_devices_remove),
        cmocka_unit_test(test_passphrase),
        cmocka_unit_test(test_spoilt_stores),
        cmocka_unit_test(test_several_accounts),
        cmocka_unit_test(test_leave_here_only),
        cmocka_unit_test(test_leave),
        cmocka_unit_test(test_server_saw_nothing),
        cmocka_unit_test(test_leave_without_server),
    };
    if (argc != 2) return 2;
    the.program = argv[1];
    (void)alarm(SECONDS_MAX);
    (void)unsetenv("XDG_CONFIG_HOME");
    (void)unsetenv("XDG_DATA_HOME");
    return cmocka_run_group_tests_name("app: program", tests, stage_up, stage_down);
}
