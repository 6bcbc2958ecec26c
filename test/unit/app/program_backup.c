/* SPDX-License-Identifier: ISC
 *
 * sotto backup and sotto restore as a person runs them. */
#include "program_stage.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PASSPHRASE "--backup-passphrase-file"

static char first[192], whole[192], secret[192], wrong[192];

static void paths(void) {
    (void)snprintf(first, sizeof first, "%s/first.backup", the.folder);
    (void)snprintf(whole, sizeof whole, "%s/whole.backup", the.folder);
    (void)snprintf(secret, sizeof secret, "%s", file_with("backup-secret", "o happy dagger\n"));
    (void)snprintf(wrong, sizeof wrong, "%s", file_with("backup-wrong", "o happy digger\n"));
}

static bool file_holds(const char *path, const char *text) {
    static char at[1024 * 1024];
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(at, 1, sizeof at, file);
    assert_int_equal(fclose(file), 0);
    assert_true(len > 800 && len < sizeof at);
    return memmem(at, len, text, strlen(text)) != NULL;
}

void test_backup(void **state) {
    (void)state;
    struct stat about;
    const char *home = home_of("juliet");
    paths();
    RUN("backup", "--home", home);
    refused(2, "an argument is missing: FILE; see sotto help backup");
    RUN("backup", first, "--home", home);
    refused(1, "There is no terminal to ask at: use --backup-passphrase-file FILE.");
    RUN("backup", first, PASSPHRASE, "/nonexistent", "--home", home);
    refused(1, "There is no file /nonexistent.");
    RUN("backup", "/nonexistent/first", PASSPHRASE, secret, "--home", home);
    refused(1, "/nonexistent/first cannot be written: No such file or directory.");
    assert_int_equal(access(first, F_OK), -1);
    RUN("backup", first, PASSPHRASE, secret, "--home", home);
    done();
    assert_non_null(strstr(the.run.out, "The backup of " JULIET " is in "));
    assert_non_null(strstr(the.run.out, " records, without the password of the account."));
    assert_int_equal(stat(first, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
    assert_false(file_holds(first, ROMEO) || file_holds(first, "juliet secret") || file_holds(first, JULIET));
    RUN("backup", first, PASSPHRASE, secret, "--home", home);
    refused(1, "first.backup is there already: choose another name, or write over it with --force.");
    /* Through the process that listens. */
    listen_start("juliet", "--json");
    assert_true(program_wait_for(&the.listener, "\"online\""));
    RUN("backup", whole, PASSPHRASE, secret, "--with-password", "--home", home);
    done();
    assert_non_null(strstr(the.run.out, " records, with the password of the account."));
    RUN("backup", whole, PASSPHRASE, secret, "--with-password", "--force", "--json", "--home", home);
    done();
    assert_string_equal(member(the.run.out, "\"event\":\"backup\"", "path"), whole);
    assert_string_equal(member(the.run.out, "\"event\":\"backup\"", "password"), "true");
    listen_end(SIGINT, 0);
}

static void nothing_restored(void) {
    assert_false(exists("restored", "config/" JULIET));
    assert_false(exists("restored", "data/" JULIET));
}

void test_restore_refused(void **state) {
    (void)state;
    char command[1024], broken[200];
    const char *home = home_of("restored");
    RUN("restore", first, PASSPHRASE, secret, "--home", home_of("juliet"));
    refused(1, JULIET " is set up here already. A backup is restored only where nothing is");
    RUN("restore", first, "--home", home);
    refused(1, "There is no terminal to ask at: use --backup-passphrase-file FILE.");
    RUN("restore", first, PASSPHRASE, wrong, "--home", home);
    refused(1, "cannot be restored: the passphrase is not the one it was made with. Nothing was changed.");
    RUN("restore", first, PASSPHRASE, secret, "-a", ROMEO, "--home", home);
    refused(1, "This is a backup of " JULIET " and not of " ROMEO ".");
    RUN("restore", the.server.ca, PASSPHRASE, secret, "--home", home);
    refused(1, "cannot be restored: it is no backup made by sotto backup. Nothing was changed.");
    RUN("restore", the.folder, PASSPHRASE, secret, "--home", home);
    refused(1, "is not a plain file.");
    RUN("restore", "/nonexistent", PASSPHRASE, secret, "--home", home);
    refused(1, "/nonexistent cannot be read: No such file or directory.");
    nothing_restored();
    (void)snprintf(broken, sizeof broken, "%s/broken.backup", the.folder);
    (void)snprintf(command, sizeof command, "head -c 700 %s > %s", first, broken);
    assert_int_equal(system(command), 0);
    RUN("restore", broken, PASSPHRASE, secret, "--home", home);
    refused(1, "cannot be restored: it ends too early: a part at the end is missing. Nothing was changed.");
    (void)snprintf(command, sizeof command, "cp %s %s && printf x >> %s", first, broken, broken);
    assert_int_equal(system(command), 0);
    RUN("restore", broken, PASSPHRASE, secret, "--home", home); /* found at the very end, when all was read */
    refused(1, "cannot be restored: something follows after its end. Nothing was changed.");
    nothing_restored();
}

static void romeo_sees(const char *text, const char *fingerprint, const char *device) {
    assert_true(program_wait_for(&the.listener, text));
    assert_string_equal(member(the.listener.out, text, "trust"), "verified");
    char seen[256];
    (void)snprintf(seen, sizeof seen, "%s", member(the.listener.out, text, "fingerprint"));
    assert_string_equal(seen, fingerprint);
    (void)snprintf(seen, sizeof seen, "%s", member(the.listener.out, text, "device"));
    assert_string_equal(seen, device);
}

/* Another device with the same key: nobody has to compare anything, what was verified is verified. T18: it is a device
 * of its own, and a second one made of the same backup is noticed. */
void test_restore(void **state) {
    (void)state;
    char fingerprint[256], device[64];
    const char *home = home_of("restored");
    RUN("devices", "--json", "--home", home_of("juliet"));
    (void)snprintf(fingerprint, sizeof fingerprint, "%s", member(the.run.out, "\"number\":1", "fingerprint"));
    (void)snprintf(device, sizeof device, "%s", member(the.run.out, "\"number\":1", "device"));
    RUN("restore", first, PASSPHRASE, secret, "--home", home);
    done();
    assert_non_null(strstr(the.run.out, JULIET " is restored: "));
    assert_non_null(strstr(the.run.out, "The password is not in the backup: sotto setup " JULIET " asks for it."));
    assert_int_equal(mode_of("restored", "data/" JULIET "/store.sqlite"), 0600);
    assert_int_equal(mode_of("restored", "config/" JULIET "/store.key"), 0600);
    assert_false(exists("restored", "data/" JULIET "/store.sqlite.new"));
    RUN("send", ROMEO, "without a password", "--home", home);
    refused(1, "The password of " JULIET " is not known here: sotto setup " JULIET " asks for it.");
    RUN("setup", JULIET, "--password-file", file_with("password", "juliet secret\n"), "--home", home);
    done();
    RUN("devices", "--json", "--home", home);
    done();
    assert_string_equal(member(the.run.out, "\"number\":1", "fingerprint"), fingerprint);
    assert_string_not_equal(member(the.run.out, "\"number\":1", "device"), device);
    (void)snprintf(device, sizeof device, "%s", member(the.run.out, "\"number\":1", "device"));
    RUN("devices", ROMEO, "--json", "--home", home);
    assert_string_equal(member(the.run.out, "\"number\":1", "trust"), "verified");
    listen_start("romeo", "--json");
    assert_true(program_wait_for(&the.listener, "\"online\""));
    RUN("send", ROMEO, "out of a backup", "--home", home);
    done();
    romeo_sees("out of a backup", fingerprint, device);
    assert_null(strstr(the.listener.out, "new-key"));
    assert_null(strstr(the.listener.out, "key-alarm"));
    RUN("devices", JULIET, "--json", "--home", home_of("romeo"));
    assert_string_equal(member(the.run.out, device, "active"), "true");
    listen_end(SIGINT, 0);
}

void test_restore_twice(void **state) {
    (void)state;
    const char *home = home_of("again");
    RUN("restore", whole, PASSPHRASE, secret, "--json", "--home", home);
    done();
    assert_string_equal(member(the.run.out, "\"event\":\"restored\"", "jid"), JULIET);
    assert_string_equal(member(the.run.out, "\"event\":\"restored\"", "password"), "true");
    /* One short command, whichever it is, and others find this device. */
    RUN("devices", "--home", home);
    done();
    RUN("devices", "--json", "--home", home);
    done();
    assert_string_equal(member(the.run.out, "\"number\":1", "active"), "true");
    RUN("send", ROMEO, "out of the other backup", "--home", home);
    done();
    assert_non_null(strstr(the.run.err, "sotto leave in one of the two"));
    RUN("send", ROMEO, "and again", "--home", home_of("restored"));
    done();
    assert_non_null(strstr(the.run.err, "sotto leave in one of the two"));
    RUN("leave", "--yes", "--home", home);
    done();
    RUN("leave", "--yes", "--home", home_of("restored"));
    done();
    nothing_restored();
    RUN("send", ROMEO, "from where it began", "--home", home_of("juliet"));
    done();
    assert_null(strstr(the.run.err, "sotto leave in one of the two"));
}

/* A device that is not used any more, taken off by another one; and never the one at hand. */
void test_devices_remove(void **state) {
    (void)state;
    char device[64];
    const char *home = home_of("juliet");
    set_up("juliet", "old");
    RUN("devices", "--json", "--home", home_of("old"));
    (void)snprintf(device, sizeof device, "%s", member(the.run.out, "\"number\":1", "device"));
    RUN("devices", "--home", home); /* tells that there is a new one */
    done();
    RUN("devices", "remove", "--home", home);
    refused(2, "which device? a number is missing after remove; see sotto help devices");
    RUN("devices", JULIET, "1", "--home", home);
    refused(2, "too many arguments; see sotto help devices");
    RUN("devices", "remove", "1", "--yes", "--home", home);
    refused(1, " is this one: sotto leave takes it off the server.");
    RUN("devices", "remove", "77", "--yes", "--home", home);
    refused(1, "You have no device 77: sotto devices shows those there are.");
    RUN("devices", "rename", "--home", home);
    refused(2, "a label is missing after rename; see sotto help devices");
    RUN("devices", "rename", "two\nlines", "--home", home);
    refused(1, "A label has 1 to 52 characters, none of them a control character");
    RUN("devices", "rename", "Sotto & the <balcony>", "--home", home);
    done();
    assert_string_equal(the.run.out, "Everybody can see now that this device calls itself Sotto & the <balcony>\n");
    RUN("devices", JULIET, "--json", "--home", home_of("romeo"));
    done();
    home = home_of("juliet");
    assert_non_null(strstr(the.run.out, "\"label\":\"Sotto & the <balcony>\""));
    RUN("devices", "--home", home);
    done();
    assert_non_null(strstr(the.run.out, "     calls itself Sotto & the <balcony>\n"));
    RUN("devices", "rename", "", "--json", "--home", home);
    done();
    assert_string_equal(the.run.out, "{\"event\":\"renamed\",\"jid\":\"" JULIET "\",\"label\":null}\n");
    RUN("devices", JULIET, "--json", "--home", home_of("romeo"));
    done();
    assert_null(strstr(the.run.out, "balcony"));
    home = home_of("juliet");
    RUN("devices", "remove", device, "--home", home); /* nobody can be asked */
    refused(1, "sotto devices: Nothing was changed. Without a terminal, --yes says that you mean it.");
    RUN("devices", "--json", "--home", home);
    done();
    assert_string_equal(member(the.run.out, device, "active"), "true");
    RUN("devices", "remove", device, "--yes", "--home", home);
    done();
    assert_non_null(strstr(the.run.out, " and its keys are off the server: nobody encrypts to it any more."));
    RUN("devices", "--json", "--home", home);
    done();
    assert_string_equal(member(the.run.out, device, "active"), "false");
    RUN("devices", JULIET, "--json", "--home", home_of("romeo"));
    if (strstr(the.run.out, device)) assert_string_equal(member(the.run.out, device, "active"), "false");
    RUN("leave", "--yes", "--local", "--home", home_of("old"));
    done();
}
