/* SPDX-License-Identifier: ISC
 *
 * Folders, settings, lock and the path of the control socket, in a folder of the test's own. */
#include "app_tests.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/home/config.h"
#include "app/home/lock.h"
#include "bytes/span.h"

typedef struct place {
    char folder[64];
    app_home home;
    app_trouble trouble;
} place;

static int setup(void **state) {
    static place p;
    (void)snprintf(p.folder, sizeof p.folder, "/tmp/sotto-home-XXXXXX");
    *state = &p;
    if (!mkdtemp(p.folder)) return -1;
    return app_home_find(&p.home, &(app_environment){0}, p.folder, &p.trouble) ? 0 : -1;
}

static int teardown(void **state) {
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", ((place *)*state)->folder);
    return system(command);
}

static app_account account_at(place *p, const char *jid) {
    app_account account;
    assert_true(app_account_at(&account, &p->home, jid, &p->trouble));
    return account;
}

static app_account account_make(place *p, const char *jid) {
    app_account account = account_at(p, jid);
    app_config config = {.account = ""};
    assert_true(app_account_make(&account, &p->trouble));
    (void)snprintf(config.account, sizeof config.account, "%s", account.jid);
    assert_true(app_config_write(&config, &account, &p->trouble));
    return account;
}

/* ---- where ---- */

static void test_usual_folders(void **state) {
    place *p = *state;
    app_home home;
    app_environment environment = {.home = "/home/j"};
    assert_true(app_home_find(&home, &environment, NULL, &p->trouble));
    assert_string_equal(home.config, "/home/j/.config/sotto");
    assert_string_equal(home.data, "/home/j/.local/share/sotto");
    environment = (app_environment){"/home/j", "/c", "relative/is/ignored"};
    assert_true(app_home_find(&home, &environment, NULL, &p->trouble));
    assert_string_equal(home.config, "/c/sotto");
    assert_string_equal(home.data, "/home/j/.local/share/sotto");
    environment = (app_environment){NULL, "/c", "/d"};
    assert_true(app_home_find(&home, &environment, NULL, &p->trouble));
    environment = (app_environment){"", "/c", NULL};
    assert_false(app_home_find(&home, &environment, NULL, &p->trouble));
    assert_string_equal(p->trouble.text,
                        "HOME is not set, so there is no place for settings: set it, or use --home DIR.");
}

static void test_home_option(void **state) {
    place *p = *state;
    app_home home;
    assert_true(app_home_find(&home, &(app_environment){0}, "/lab", &p->trouble));
    assert_string_equal(home.config, "/lab/config");
    assert_string_equal(home.data, "/lab/data");
    assert_true(app_home_find(&home, &(app_environment){0}, "lab", &p->trouble));
    assert_int_equal(home.config[0], '/');
    assert_non_null(strstr(home.data, "/lab/data"));
    static char deep[APP_PATH_SIZE];
    memset(deep, 'a', sizeof deep - 1);
    deep[0] = '/';
    assert_false(app_home_find(&home, &(app_environment){0}, deep, &p->trouble));
    assert_string_equal(p->trouble.text, "The path of --home is too long.");
}

static void test_names_of_accounts(void **state) {
    place *p = *state;
    app_account account = account_at(p, "Juliet@Capulet.Example/balcony");
    assert_string_equal(account.jid, "juliet@capulet.example");
    char wanted[256];
    (void)snprintf(wanted, sizeof wanted, "%s/data/juliet@capulet.example/store.sqlite", p->folder);
    assert_string_equal(account.store, wanted);
    (void)snprintf(wanted, sizeof wanted, "%s/config/juliet@capulet.example/store.key", p->folder);
    assert_string_equal(account.key, wanted);
    account = account_at(p, "..%#@x.example");
    (void)snprintf(wanted, sizeof wanted, "%s/data/%%2e.%%25%%23@x.example", p->folder);
    assert_string_equal(account.data_folder, wanted);
    assert_false(app_account_at(&account, &p->home, "a@b@c", &p->trouble));
    assert_string_equal(p->trouble.text, "a@b@c is not an address: one looks like juliet@capulet.example.");
    assert_false(app_account_at(&account, &p->home, "", &p->trouble));
}

/* Two long addresses that differ only where the name was cut have folders of their own. */
static void test_long_names(void **state) {
    place *p = *state;
    char one[600], two[600];
    memset(one, 'a', 500);
    (void)snprintf(one + 500, 20, "@x.example");
    memcpy(two, one, sizeof two);
    two[499] = 'b';
    app_account first = account_at(p, one), second = account_at(p, two);
    assert_string_not_equal(first.data_folder, second.data_folder);
    assert_int_equal(strlen(first.data_folder), strlen(p->home.data) + 1 + APP_FOLDER_NAME_MAX);
    assert_true(app_account_make(&first, &p->trouble));
}

static void test_folders_are_closed(void **state) {
    place *p = *state;
    struct stat about;
    app_account account = account_at(p, "juliet@capulet.example");
    assert_true(app_account_make(&account, &p->trouble));
    assert_int_equal(chmod(account.data_folder, 0755), 0);
    assert_true(app_account_make(&account, &p->trouble)); /* again, and closed again */
    assert_int_equal(stat(account.data_folder, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0700);
    assert_int_equal(stat(account.config_folder, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0700);
}

static void test_folder_in_the_way(void **state) {
    place *p = *state;
    app_account account = account_make(p, "juliet@capulet.example");
    assert_true(app_account_remove(&account, &p->trouble));
    assert_int_equal(symlink("/tmp", account.data_folder), 0); /* a link is not followed */
    assert_false(app_account_make(&account, &p->trouble));
    assert_non_null(strstr(p->trouble.text, "is in the way: it is not a folder."));
    assert_int_equal(unlink(account.data_folder), 0);
}

static void test_remove(void **state) {
    place *p = *state;
    app_account account = account_make(p, "juliet@capulet.example");
    assert_int_equal(access(account.config, F_OK), 0);
    assert_true(app_account_remove(&account, &p->trouble));
    assert_int_not_equal(access(account.config_folder, F_OK), 0);
    assert_int_not_equal(access(account.data_folder, F_OK), 0);
    assert_true(app_account_remove(&account, &p->trouble)); /* what is gone is gone */
}

/* ---- which ---- */

static void test_no_account(void **state) {
    place *p = *state;
    app_account account;
    assert_false(app_account_choose(&account, &p->home, NULL, &p->trouble));
    assert_string_equal(p->trouble.text,
                        "No account is set up on this machine: sotto setup YOU@YOUR.SERVER does that.");
    assert_false(app_account_choose(&account, &p->home, "juliet@capulet.example", &p->trouble));
    assert_string_equal(p->trouble.text, "juliet@capulet.example is not set up on this machine: sotto setup "
                                         "juliet@capulet.example does that.");
}

static void test_one_account(void **state) {
    place *p = *state;
    app_account account;
    (void)account_make(p, "juliet@capulet.example");
    assert_true(app_account_choose(&account, &p->home, NULL, &p->trouble));
    assert_string_equal(account.jid, "juliet@capulet.example");
    assert_true(app_account_choose(&account, &p->home, "JULIET@capulet.example", &p->trouble));
    assert_false(app_account_choose(&account, &p->home, "nurse@capulet.example", &p->trouble));
    assert_non_null(strstr(p->trouble.text, "(there is juliet@capulet.example)"));
}

static void test_several_accounts(void **state) {
    place *p = *state;
    app_account account;
    (void)account_make(p, "nurse@capulet.example");
    (void)account_make(p, "juliet@capulet.example");
    assert_false(app_account_choose(&account, &p->home, NULL, &p->trouble));
    assert_string_equal(p->trouble.text, "Several accounts are set up (juliet@capulet.example, nurse@capulet.example): "
                                         "say which with -a ACCOUNT.");
    assert_true(app_account_choose(&account, &p->home, "nurse@capulet.example", &p->trouble));
}

static void test_broken_account_is_told(void **state) {
    place *p = *state;
    app_account account = account_make(p, "juliet@capulet.example"), chosen;
    FILE *file = fopen(account.config, "w");
    assert_non_null(file);
    assert_true(fputs("acount = juliet@capulet.example\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_false(app_account_choose(&chosen, &p->home, NULL, &p->trouble));
    assert_non_null(strstr(p->trouble.text, "account.conf, line 1: there is no such setting: acount."));
}

/* ---- settings ---- */

static bool parse(const char *text, app_config *ret, app_trouble *trouble) {
    return app_config_parse(ret, bytes_text(text), "F", trouble);
}

static void test_settings(void **state) {
    (void)state;
    app_config config;
    app_trouble trouble;
    assert_true(parse("# remark\n\n account = Juliet@capulet.example \n\tconnect=[::1]:5223\ndirect-tls = yes\n"
                      "ca = /etc/with blank = and é.pem\nkey = passphrase",
                      &config, &trouble));
    assert_string_equal(config.account, "juliet@capulet.example");
    assert_string_equal(config.connect_host, "::1");
    assert_int_equal(config.connect_port, 5223);
    assert_true(config.direct_tls);
    assert_string_equal(config.ca, "/etc/with blank = and é.pem");
    assert_true(config.passphrase);
}

static void wrong(const char *text, const char *wanted) {
    app_config config = {.account = "as it was"};
    app_trouble trouble;
    assert_false(parse(text, &config, &trouble));
    assert_string_equal(trouble.text, wanted);
    assert_string_equal(config.account, "as it was");
}

#define THEN " Correct it, or run sotto setup again."

static void test_wrong_settings(void **state) {
    (void)state;
    wrong("", "F does not say whose it is (account = ...). Run sotto setup again.");
    wrong("account", "F, line 1: not of the form key = value: account." THEN);
    wrong("\naccount =\n", "F, line 2: nothing follows the equals sign: account." THEN);
    wrong("account = a@b@c", "F, line 1: not an address: a@b@c." THEN);
    wrong("Account = a@b", "F, line 1: there is no such setting: Account." THEN);
    wrong("account = a@b\naccount = a@b\n", "F, line 2: this is said twice: account." THEN);
    wrong("connect = host", "F, line 1: not of the form HOST:PORT: host." THEN);
    wrong("direct-tls = true", "F, line 1: neither yes nor no: true." THEN);
    wrong("ca = relative.pem", "F, line 1: not a full path: relative.pem." THEN);
    wrong("key = none", "F, line 1: neither file nor passphrase: none." THEN);
    wrong("account = a@b\033[A", "F, line 1: this is not text." THEN);
    wrong("account = a@b\r\n", "F, line 1: this is not text." THEN);
    wrong("account = a@b\xff", "F, line 1: this is not text." THEN);
    wrong("account = a@b\ndirect-tls = yes\n", "F: direct-tls = yes needs connect = HOST:PORT.");
}

static void test_settings_written_and_read(void **state) {
    place *p = *state;
    app_account account = account_make(p, "juliet@capulet.example");
    app_config config = {.account = "juliet@capulet.example",
                         .connect_host = "::1",
                         .connect_port = 5222,
                         .direct_tls = true,
                         .ca = "/ca.pem",
                         .passphrase = true};
    app_config read;
    struct stat about;
    memset(&read, 0, sizeof read);
    assert_true(app_config_write(&config, &account, &p->trouble));
    assert_true(app_config_read(&read, &account, &p->trouble));
    assert_string_equal(read.connect_host, "::1");
    assert_string_equal(read.ca, "/ca.pem");
    assert_int_equal(read.connect_port, 5222);
    assert_true(read.direct_tls && read.passphrase);
    assert_int_equal(stat(account.config, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
    (void)snprintf(config.account, sizeof config.account, "nurse@capulet.example");
    assert_true(app_config_write(&config, &account, &p->trouble));
    assert_false(app_config_read(&read, &account, &p->trouble));
    assert_non_null(strstr(p->trouble.text, "says account = nurse@capulet.example, but its folder is that of juliet"));
    assert_string_equal(read.account, "juliet@capulet.example");
}

static void test_settings_that_cannot_be_written(void **state) {
    place *p = *state;
    app_account account = account_at(p, "juliet@capulet.example"); /* no folder */
    app_config config = {.account = "juliet@capulet.example"};
    assert_false(app_config_write(&config, &account, &p->trouble));
    assert_non_null(strstr(p->trouble.text, "cannot be written: No such file or directory."));
    assert_false(app_config_read(&config, &account, &p->trouble));
    assert_non_null(strstr(p->trouble.text, "cannot be read: No such file or directory."));
}

/* ---- the lock ---- */

static void test_lock(void **state) {
    place *p = *state;
    app_account account = account_make(p, "juliet@capulet.example");
    int fd = -1, second = -1;
    unsigned pid = 0;
    assert_int_equal(app_lock_take(&account, &fd, &pid, &p->trouble), APP_LOCK_TAKEN);
    assert_int_equal(app_lock_take(&account, &second, &pid, &p->trouble), APP_LOCK_BUSY);
    assert_int_equal(pid, getpid());
    assert_int_equal(second, -1);
    assert_int_equal(close(fd), 0);
    assert_int_equal(app_lock_take(&account, &fd, &pid, &p->trouble), APP_LOCK_TAKEN);
    assert_int_equal(close(fd), 0);
}

/* A process that dies leaves no lock behind. */
static void test_lock_of_the_dead(void **state) {
    place *p = *state;
    app_account account = account_make(p, "juliet@capulet.example");
    int fd = -1, told[2];
    unsigned pid = 0;
    char byte;
    assert_int_equal(pipe(told), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bool taken = app_lock_take(&account, &fd, &pid, &p->trouble) == APP_LOCK_TAKEN;
        (void)!write(told[1], taken ? "1" : "0", 1);
        (void)pause();
        _exit(1);
    }
    assert_int_equal(read(told[0], &byte, 1), 1);
    assert_int_equal(byte, '1');
    assert_int_equal(app_lock_take(&account, &fd, &pid, &p->trouble), APP_LOCK_BUSY);
    assert_int_equal(pid, child);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(app_lock_take(&account, &fd, &pid, &p->trouble), APP_LOCK_TAKEN);
    (void)close(fd);
    (void)close(told[0]);
    (void)close(told[1]);
}

static void test_lock_without_folder(void **state) {
    place *p = *state;
    app_account account = account_at(p, "juliet@capulet.example");
    int fd = -1;
    unsigned pid = 0;
    assert_int_equal(app_lock_take(&account, &fd, &pid, &p->trouble), APP_LOCK_FAILED);
    assert_non_null(strstr(p->trouble.text, "cannot be opened: No such file or directory."));
}

/* ---- the control socket's path ---- */

static void test_control_path(void **state) {
    place *p = *state;
    app_account account = account_make(p, "juliet@capulet.example");
    app_control_path path;
    assert_true(app_control_path_open(&path, &account, &p->trouble));
    assert_string_equal(path.path, account.control);
    assert_int_equal(path.folder, -1);
    app_control_path_close(&path);
}

static void test_long_control_path(void **state) {
    place *p = *state;
    char jid[120];
    memset(jid, 'a', 100);
    (void)snprintf(jid + 100, sizeof jid - 100, "@x.example");
    app_account account = account_make(p, jid);
    assert_true(strlen(account.control) > 107);
    app_control_path path;
    assert_true(app_control_path_open(&path, &account, &p->trouble));
    assert_true(strlen(path.path) < 40);
    int fd = open(path.path, O_RDWR | O_CREAT | O_EXCL, 0600); /* it is the same place */
    assert_true(fd >= 0);
    (void)close(fd);
    assert_int_equal(access(account.control, F_OK), 0);
    app_control_path_close(&path);
    assert_int_equal(path.folder, -1);
    app_account nowhere =
        account_at(p, "nowhere-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@x");
    assert_false(app_control_path_open(&path, &nowhere, &p->trouble));
}

/* ---- troubles ---- */

static void test_troubles(void **state) {
    place *p = *state;
    app_trouble_status(&p->trouble, SOTTO_FAIL(NO_TRUSTED_DEVICE), "juliet@capulet.example", "romeo@montague.example");
    assert_string_equal(p->trouble.text,
                        "Not sent: romeo@montague.example has no device that you accepted. Nothing left unencrypted. "
                        "sotto devices romeo@montague.example shows the new ones; compare, then sotto trust "
                        "romeo@montague.example NUMBER.");
    app_trouble_status(&p->trouble, SOTTO_FAIL(NOT_AUTHORIZED), "juliet@capulet.example", "x");
    assert_non_null(strstr(p->trouble.text, "sotto setup juliet@capulet.example asks for the password again."));
    app_trouble_status(&p->trouble, SOTTO_FAIL(STATE), "juliet@capulet.example", "romeo@montague.example");
    assert_string_equal(p->trouble.text, "romeo@montague.example: a call that is not allowed in this state (state).");
    app_trouble_status(&p->trouble, SOTTO_FAIL(BAD_JID), "a", "\033[Aforged\nline");
    assert_memory_equal(p->trouble.text, "\xef\xbf\xbd[Aforged line is not", 20);
}

/* What a clock that is wrong looks like. */
static void test_troubles_of_connections(void **state) {
    place *p = *state;
    app_trouble_lost(&p->trouble, SOTTO_FAIL(BAD_CERTIFICATE), BYTES_LITERAL("certificate has expired"), "a@b", "a@b");
    assert_string_equal(p->trouble.text,
                        "The certificate of the server of a@b is not valid today (it was said: certificate has "
                        "expired), so no password was sent. Look at the clock of this machine; if it is right, ask who "
                        "runs the server.");
    app_trouble_lost(&p->trouble, SOTTO_FAIL(BAD_CERTIFICATE), BYTES_LITERAL("certificate is not yet valid"), "a@b",
                     "a@b");
    assert_non_null(strstr(p->trouble.text, "is not valid today (it was said: certificate is not yet valid)"));
    app_trouble_lost(&p->trouble, SOTTO_FAIL(BAD_CERTIFICATE), BYTES_LITERAL("self-signed certificate"), "a@b", "a@b");
    assert_non_null(strstr(p->trouble.text, "does not prove"));
    assert_non_null(strstr(p->trouble.text, " (It was said: self-signed certificate.)"));
    app_trouble_lost(&p->trouble, SOTTO_FAIL(CLOSED), BYTES_NONE, "a@b", "a@b");
    assert_string_equal(p->trouble.text, "The server of a@b closed the connection. Try again later.");
}

/* The first thing that is said about a message is whether it was sent. */
static void test_troubles_of_sending(void **state) {
    place *p = *state;
    app_kept kept;
    app_output output = app_kept_output(&kept);
    (void)app_trouble_set(&p->trouble, "Out of memory.");
    app_trouble_print(&output, "send", &p->trouble);
    assert_string_equal(kept.err, "sotto send: Not sent: Out of memory.\n");
    output = app_kept_output(&kept);
    app_trouble_print(&output, "listen", &p->trouble);
    assert_string_equal(kept.err, "sotto listen: Out of memory.\n");
    output = app_kept_output(&kept);
    (void)app_trouble_set(&p->trouble, "Perhaps sent: who knows.");
    app_trouble_print(&output, "send", &p->trouble);
    assert_string_equal(kept.err, "sotto send: Perhaps sent: who knows.\n");
}

static void test_long_troubles_are_cut_between_characters(void **state) {
    place *p = *state;
    static char whom[3000];
    for (size_t i = 0; i + 2 < sizeof whom; i += 2) memcpy(whom + i, "é", 2);
    (void)app_trouble_set(&p->trouble, "x%s", whom);
    assert_int_equal(strlen(p->trouble.text), 1023);
    (void)app_trouble_set(&p->trouble, "%s", whom);
    assert_int_equal(strlen(p->trouble.text), 1022);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int app_tests_home(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_usual_folders),
        TEST(test_home_option),
        TEST(test_names_of_accounts),
        TEST(test_long_names),
        TEST(test_folders_are_closed),
        TEST(test_folder_in_the_way),
        TEST(test_remove),
        TEST(test_no_account),
        TEST(test_one_account),
        TEST(test_several_accounts),
        TEST(test_broken_account_is_told),
        TEST(test_settings),
        TEST(test_wrong_settings),
        TEST(test_settings_written_and_read),
        TEST(test_settings_that_cannot_be_written),
        TEST(test_lock),
        TEST(test_lock_of_the_dead),
        TEST(test_lock_without_folder),
        TEST(test_control_path),
        TEST(test_long_control_path),
        TEST(test_troubles),
        TEST(test_troubles_of_connections),
        TEST(test_troubles_of_sending),
        TEST(test_long_troubles_are_cut_between_characters),
    };
    return cmocka_run_group_tests_name("app: home", tests, NULL, NULL);
}
