/* SPDX-License-Identifier: ISC
 *
 * Conversations end to end: two people at terminals of their own, through the lab's server; and without a terminal. */
#include "program_pty.h"
#include "program_stage.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECONDS_MAX 180
#define ROOM        "balcony@rooms." PROGRAM_DOMAIN

static pty juliet, romeo;

static void chat(pty *p, const char *home, const char *with) {
    pty_start(p, the.program, (const char *const[]){"chat", with, "--home", home_of(home), NULL}, 80);
    pty_wait_for(p, "/help lists the commands, /quit ends.");
}

static void quit(pty *p, int status) {
    pty_type(p, "/quit\r");
    pty_wait(p);
    if (p->status != status) print_error("%s\n", p->text);
    assert_int_equal(p->status, status);
}

/* ---- at two terminals ---- */

static void test_both_directions(void **state) {
    (void)state;
    set_up("juliet", "juliet");
    set_up("romeo", "romeo");
    chat(&juliet, "juliet", ROMEO);
    chat(&romeo, "romeo", JULIET);
    pty_type(&juliet, "O Romeo, Romeo\r");
    pty_wait_for(&juliet, "[not compared] you: O Romeo, Romeo");
    pty_wait_for(&romeo, "[not compared] juliet: O Romeo, Romeo");
    /* XEP-0184: asked for, and answered because they are friends (T23). */
    pty_wait_for(&juliet, "arrived: \"O Romeo, Romeo\"");
    pty_type(&romeo, "Shall I hear m\xc3\xb6re\r");
    pty_wait_for(&juliet, "[not compared] romeo: Shall I hear m\xc3\xb6re");
    pty_wait_for(&romeo, "arrived: \"Shall I hear m\xc3\xb6re\"");
}

/* XEP-0085: after the other side has said, under encryption, that it says so too. */
static void test_typing(void **state) {
    (void)state;
    pty_type(&romeo, "I take thee");
    pty_wait_for(&juliet, "romeo is typing> ");
    pty_type(&romeo, " at thy word\r");
    pty_wait_for(&juliet, "romeo: I take thee at thy word");
    pty_wait_for(&juliet, "romeo> ");
}

/* A line that is being edited stays below what arrives. */
static void test_editing(void **state) {
    (void)state;
    pty_type(&juliet, "My ears hve\033[D\033[Da");
    pty_wait_for(&juliet, "ave"); /* only what changed is drawn */
    pty_type(&romeo, "while you type\r");
    pty_wait_for(&juliet, "romeo: while you type");
    pty_wait_for(&juliet, "romeo> My ears have");
    pty_type(&juliet, "\005 not\r");
    pty_wait_for(&juliet, "you: My ears have not");
    pty_wait_for(&romeo, "juliet: My ears have not");
    pty_type(&juliet, "/hel\t\r");
    pty_wait_for(&juliet, "/quit: ends the conversation here");
    pty_type(&juliet, "\033[A\033[A\r"); /* the line before the last again */
    pty_wait_for(&romeo, "juliet: My ears have not");
    pty_type(&juliet, "/nonsense\r");
    pty_wait_for(&juliet, "There is no command /nonsense");
}

/* T6: a correction by whoever wrote it, with the same key. */
static void test_correction(void **state) {
    (void)state;
    pty_type(&romeo, "Wherfore art thou\r");
    pty_wait_for(&juliet, "romeo: Wherfore art thou");
    pty_type(&romeo, "/correct Wherefore art thou\r");
    pty_wait_for(&juliet, "romeo corrects \"Wherfore art thou\": Wherefore art thou");
}

/* What others write moves no cursor and turns no text around; /me stands behind the mark. (T33) */
static void test_harmless(void **state) {
    (void)state;
    RUN("send", JULIET,
        "x\xe2\x80\xaey\xc2\x9b"
        "31mz",
        "--home", home_of("romeo")); /* through the chat */
    done();
    pty_wait_for(&juliet, "romeo: x\xef\xbf\xbdy\xef\xbf\xbd"
                          "31mz");
    assert_false(pty_showed(&juliet, "\xe2\x80\xae"));
    assert_false(pty_showed(&juliet, "\xc2\x9b"));
    RUN("send", JULIET, "one\n12:00 [verified] romeo: two", "--home", home_of("romeo"));
    done();
    pty_wait_for(&juliet, "romeo: one\r\n  | 12:00 [verified] romeo: two");
    pty_type(&romeo, "/me waves\r");
    pty_wait_for(&juliet, "[not compared] * romeo waves");
}

/* T14: what is in the clear cannot be missed, on either side; and it only is after somebody said so. */
static void test_in_the_clear(void **state) {
    (void)state;
    pty_type(&romeo, "/encrypt never\r");
    pty_wait_for(&romeo, "To do so, type the words in the clear.");
    pty_type(&romeo, "no\r");
    pty_wait_for(&romeo, "Nothing was changed, and nothing was sent.");
    pty_type(&romeo, "/encrypt never\r");
    pty_wait_for(&romeo, "To do so, type the words in the clear.");
    pty_type(&romeo, "in the clear\r");
    pty_wait_for(&romeo, "Messages to " JULIET " are ");
    pty_type(&romeo, "plain as day\r");
    pty_wait_for(&romeo, "[NOT ENCRYPTED] you: plain as day");
    pty_wait_for(&romeo, "juliet (NOT ENCRYPTED)> ");
    pty_wait_for(&juliet, "[NOT ENCRYPTED] romeo: plain as day");
    pty_type(&romeo, "/encrypt always\r");
    pty_wait_for(&romeo, "Messages to " JULIET " are ");
    pty_type(&romeo, "and by night\r");
    pty_wait_for(&juliet, "[not compared] romeo: and by night");
}

static void test_trust(void **state) {
    (void)state;
    pty_type(&juliet, "/devices\r");
    pty_wait_for(&juliet, "Devices of " ROMEO);
    pty_type(&juliet, "/trust 1\r");
    pty_wait_for(&juliet, " of " ROMEO " is verified:");
    pty_type(&romeo, "swear not by the moon\r");
    pty_wait_for(&juliet, "[verified] romeo: swear not by the moon");
    pty_type(&juliet, "do not swear at all\r");
    pty_wait_for(&juliet, "[verified] you: do not swear at all");
    pty_type(&juliet, "/distrust 1\r");
    pty_wait_for(&juliet, " of " ROMEO);
    pty_type(&juliet, "to nobody\r");
    pty_wait_for(&juliet, "Held, not sent: \"to nobody\"");
    pty_wait_for(&juliet, "/trust NUMBER");
    quit(&juliet, 1);
    assert_true(pty_showed(&juliet, "NOT SENT: 1 message that had to wait."));
    pty_type(&romeo, "\004"); /* Ctrl-D */
    pty_wait(&romeo);
    assert_int_equal(romeo.status, 0);
}

static void test_history(void **state) {
    (void)state;
    const char *home = home_of("juliet");
    RUN("history", "--home", home);
    done();
    assert_non_null(strstr(the.run.out, ROMEO ": "));
    RUN("history", ROMEO, "--home", home);
    done();
    assert_non_null(strstr(the.run.out, "[not compared, arrived] you: O Romeo, Romeo\n"));
    assert_non_null(strstr(the.run.out, "[NOT ENCRYPTED] romeo: plain as day\n"));
    assert_non_null(strstr(the.run.out, "[NOT SENT] you: to nobody\n"));
    assert_non_null(strstr(the.run.out, "romeo corrects \"Wherfore art thou\": Wherefore art thou\n"));
    RUN("history", ROMEO, "--home", home, "--json", "-n", "1");
    done();
    assert_string_equal(member(the.run.out, "to nobody", "state"), "failed");
    RUN("history", ROMEO, "--home", home, "--search", "SWEAR not");
    done();
    assert_non_null(strstr(the.run.out, "[verified] romeo: swear not by the moon\n"));
    RUN("history", NURSE, "--home", home);
    refused(1, "Nothing is kept of a conversation with " NURSE);
    RUN("history", ROMEO, "--home", home, "-n", "0");
    refused(2, "not a number from 1 to 10000");
}

/* ---- through a holder, and without a terminal ---- */

static void test_through_the_listener(void **state) {
    (void)state;
    RUN("trust", ROMEO, "1", "--home", home_of("juliet"));
    done();
    listen_start("juliet", "--json");
    assert_true(program_wait_for(&the.listener, "\"online\""));
    chat(&romeo, "romeo", JULIET);
    chat(&juliet, "juliet", ROMEO);
    assert_true(pty_showed(&juliet, "romeo: swear not by the moon")); /* the history, to begin with */
    pty_type(&juliet, "through the socket\r");
    pty_wait_for(&juliet, "[verified] you: through the socket");
    pty_wait_for(&romeo, "juliet: through the socket");
    pty_type(&romeo, "and back");
    pty_wait_for(&juliet, "romeo is typing> ");
    pty_type(&romeo, "\r");
    pty_wait_for(&juliet, "[verified] romeo: and back");
    assert_true(program_wait_for(&the.listener, "and back"));
    quit(&juliet, 0);
    chat(&juliet, "juliet", ROMEO);
    listen_end(SIGINT, 0);
    pty_wait_for(&juliet, "Sotto was ended before this was done.");
    pty_wait(&juliet);
    assert_int_equal(juliet.status, 1);
    quit(&romeo, 0);
}

static void test_pipe(void **state) {
    (void)state;
    const char *home = home_of("juliet");
    RUN_INPUT("from a pipe\n//and a slash", "chat", ROMEO, "--home", home);
    done();
    assert_non_null(strstr(the.run.out, "[verified] you: from a pipe\n"));
    assert_non_null(strstr(the.run.out, "[verified] you: /and a slash\n"));
    RUN_INPUT("as an object\n/help\n", "chat", ROMEO, "--json", "--home", home);
    done();
    assert_string_equal(member(the.run.out, "as an object", "state"), "sent");
    assert_string_equal(member(the.run.out, "as an object", "trust"), "verified");
    assert_non_null(strstr(the.run.out, "{\"event\":\"notice\",\"text\":\"/help: these commands\"}\n"));
    RUN_INPUT("to nobody at all\n", "chat", "nobody@" PROGRAM_DOMAIN, "--home", home);
    assert_int_equal(the.run.status, 1);
    assert_non_null(strstr(the.run.out, "No keys of nobody@" PROGRAM_DOMAIN " were found"));
    RUN_INPUT("x\n", "chat", "capulet.example", "--home", home);
    refused(2, "capulet.example is not the address of an account");
}

/* What arrives while somebody else is talked with waits for whoever looks, and is shown once. */
static void test_others_wait(void **state) {
    (void)state;
    set_up("nurse", "nurse");
    chat(&juliet, "juliet", NURSE);
    RUN("send", JULIET, "are you there", "--home", home_of("romeo"));
    done();
    pty_wait_for(&juliet, "A message of " ROMEO " is here: sotto chat " ROMEO);
    quit(&juliet, 0);
    RUN("history", "--home", home_of("juliet"));
    done();
    assert_non_null(strstr(the.run.out, "not shown yet"));
    chat(&juliet, "juliet", ROMEO);
    assert_true(pty_showed(&juliet, "[verified] romeo: are you there"));
    juliet.seen = 0;
    pty_wait_for(&juliet, "romeo: are you there");
    pty_type(&juliet, "I am\r");
    pty_wait_for(&juliet, "you: I am");
    assert_null(strstr(juliet.text + juliet.seen, "are you there"));
    quit(&juliet, 0);
    RUN("history", "--home", home_of("juliet"));
    done();
    assert_null(strstr(the.run.out, "not shown yet"));
}

/* What waited at the server is here before the answers about a device its sender has now: the receipt waits for those,
 * and is not dropped. */
static void test_receipt_waits(void **state) {
    (void)state;
    pty *nurse = &romeo;
    RUN("send", NURSE, "Where is my mother", "--home", home_of("juliet"));
    done();
    chat(nurse, "nurse", JULIET);
    pty_wait_for(nurse, "juliet: Where is my mother");
    pty_type(nurse, "She is within\r");
    pty_wait_for(nurse, "[not compared] you: She is within");
    set_up("nurse", "nurse1");
    chat(&juliet, "juliet", NURSE);
    pty_wait_for(&juliet, "[not compared] nurse: She is within");
    pty_wait_for(nurse, "arrived: \"She is within\"");
    quit(&juliet, 0);
    quit(nurse, 0);
    RUN("leave", "--yes", "--home", home_of("nurse1"));
    done();
}

/* In a room: who said it is whose it is and not the nick (T36), and a member who is not there gets it too (T35). */
static void test_room(void **state) {
    (void)state;
    RUN("join", ROOM, "--home", home_of("romeo"));
    done();
    RUN("join", ROOM, "--nick", "capulet", "--home", home_of("juliet"));
    done();
    RUN("join", ROOM, "--home", home_of("nurse"));
    done();
    chat(&juliet, "juliet", ROOM);
    pty_wait_for(&juliet, "encrypted");
    chat(&romeo, "romeo", ROOM);
    pty_wait_for(&romeo, "encrypted");
    pty_type(&juliet, "Good pilgrim\r");
    pty_wait_for(&juliet, "[encrypted] you: Good pilgrim");
    pty_wait_for(&romeo, "[not compared] capulet (" JULIET "): Good pilgrim");
    pty_type(&romeo, "Have not saints lips\r");
    pty_wait_for(&juliet, " romeo (" ROMEO "): Have not saints lips");
    pty_type(&juliet, "/members\r");
    pty_wait_for(&juliet, NURSE);
    pty_type(&juliet, "/devices\r");
    pty_wait_for(&juliet, "In a room this is done for each member: /members shows them.");
    /* To one of them alone, and never to somebody who only has a similar name. */
    pty_type(&juliet, "/msg romeo Ay me\r");
    pty_wait_for(&juliet, "you to romeo, in private: Ay me");
    pty_wait_for(&romeo, "[not compared] capulet (" JULIET ") in private: Ay me");
    pty_type(&juliet, "/correct Ay us\r");
    pty_wait_for(&romeo, "corrects \"Good pilgrim\": Ay us");
    pty_type(&juliet, "/msg romeu Ay him\r");
    pty_wait_for(&juliet, "nobody in " ROOM " is called romeu now");
    pty_type(&juliet, "/msg nurse\r");
    pty_wait_for(&juliet, "/msg NICK TEXT");
    RUN("send", ROOM "/romeo", "Speak again", "--home", home_of("juliet"));
    done();
    pty_wait_for(&romeo, "in private: Speak again");
    RUN("send", ROOM "/capulet", "To myself", "--home", home_of("juliet"));
    refused(1, "Not sent: in " ROOM " you are called capulet yourself.");
    RUN("send", ROOM "/tybalt", "Who", "--home", home_of("juliet"));
    refused(1, "Not sent: nobody in " ROOM " is called tybalt now.");
    quit(&romeo, 0);
    pty_type(&juliet, "Ay, pilgrim\r");
    pty_wait_for(&juliet, "[encrypted] you: Ay, pilgrim");
    quit(&juliet, 1); /* something was not sent, and said so */
    RUN("history", ROOM, "--json", "--home", home_of("juliet"));
    done();
    assert_string_equal(member(the.run.out, "Ay, pilgrim", "seal"), "omemo:2");
    assert_string_equal(member(the.run.out, "Have not saints", "from"), ROMEO);
    assert_string_equal(member(the.run.out, "Have not saints", "nick"), "romeo");
}

static void test_no_history(void **state) {
    (void)state;
    char path[320];
    (void)snprintf(path, sizeof path, "%s/config/" NURSE "/account.conf", home_of("nurse"));
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    assert_true(fputs("history = no\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    RUN_INPUT("leave no trace\n", "chat", JULIET, "--home", home_of("nurse"));
    done();
    RUN("history", "--home", home_of("nurse"));
    refused(1, "No history is kept: the settings say history = no.");
}

/* What the lost device took with it is offered; one key sends it to the new one, whose trust it does not touch, and
 * without the key nothing is sent. */
static void test_offer(void **state) {
    (void)state;
    char old[16];
    const char *offer = "accepted, not compared: it has not got 1 message that nobody confirmed.";
    RUN("devices", "--json", "--home", home_of("nurse"));
    done();
    (void)snprintf(old, sizeof old, "%s", member(the.run.out, "\"this_device\":true", "device"));
    RUN("send", NURSE, "left behind", "--home", home_of("juliet"));
    done();
    RUN("leave", "--yes", "--local", "--home", home_of("nurse"));
    done();
    set_up("nurse", "nurse2");
    RUN("devices", "remove", old, "--yes", "--home", home_of("nurse2"));
    done();
    listen_start("nurse2", "--json");
    assert_true(program_wait_for(&the.listener, "\"online\""));
    chat(&juliet, "juliet", NURSE);
    pty_wait_for(&juliet, offer);
    pty_type(&juliet, "without the key\r");
    pty_wait_for(&juliet, "[not compared] you: without the key");
    quit(&juliet, 0);
    assert_true(program_wait_for(&the.listener, "without the key"));
    assert_null(strstr(the.listener.out, "left behind"));
    chat(&juliet, "juliet", NURSE); /* nothing was decided */
    pty_wait_for(&juliet, offer);
    pty_type(&juliet, "half a \022");
    pty_wait_for(&juliet, "Sent again to " NURSE ", encrypted: 1 message.");
    assert_true(program_wait_for(&the.listener, "left behind"));
    pty_type(&juliet, "line\022\r"); /* the line stayed; and nothing is offered any more */
    pty_wait_for(&juliet, "[not compared] you: half a line");
    assert_false(pty_showed(&juliet, "has missed nothing"));
    pty_type(&juliet, "/devices\r");
    pty_wait_for(&juliet, "accepted, not compared");
    quit(&juliet, 0);
    assert_true(program_wait_for(&the.listener, "half a line"));
    listen_end(SIGINT, 0);
}

/* ---- what the server saw ---- */

static void test_server_saw_nothing(void **state) {
    (void)state;
    static const char *const said[] = {
        "O Romeo",      "Shall I hear", "thy word",       "My ears",      "erefore art",     "me waves",
        "and by night", "the moon",     "swear at all",   "to nobody",    "the socket",      "and back",
        "a pipe",       "an object",    "are you there",  "Good pilgrim", "saints lips",     "Ay, pilgrim",
        "no trace",     "composing",    "received xmlns", "left behind",  "without the key", "half a line"};
    char *text = NULL;
    size_t size = 0;
    program_server_end(&the.server);
    FILE *file = fopen(the.server.saw, "r");
    assert_non_null(file);
    assert_true(getdelim(&text, &size, '\0', file) > 0);
    assert_int_equal(fclose(file), 0);
    assert_non_null(strstr(text, "plain as day"));
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        if (strstr(text, said[i])) print_error("the server saw: %s\n", said[i]);
        assert_null(strstr(text, said[i]));
    }
    free(text);
}

/* ---- */

static int stage_up(void **state) {
    (void)state;
    (void)snprintf(the.folder, sizeof the.folder, "/tmp/sotto-chat-XXXXXX");
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
        cmocka_unit_test(test_both_directions),
        cmocka_unit_test(test_typing),
        cmocka_unit_test(test_editing),
        cmocka_unit_test(test_correction),
        cmocka_unit_test(test_harmless),
        cmocka_unit_test(test_in_the_clear),
        cmocka_unit_test(test_trust),
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_through_the_listener),
        cmocka_unit_test(test_pipe),
        cmocka_unit_test(test_others_wait),
        cmocka_unit_test(test_receipt_waits),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_no_history),
        cmocka_unit_test(test_offer),
        cmocka_unit_test(test_server_saw_nothing),
    };
    if (argc != 2) return 2;
    the.program = argv[1];
    (void)alarm(SECONDS_MAX);
    (void)unsetenv("XDG_CONFIG_HOME");
    (void)unsetenv("XDG_DATA_HOME");
    return cmocka_run_group_tests_name("app: chat", tests, stage_up, stage_down);
}
