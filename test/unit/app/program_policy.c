/* SPDX-License-Identifier: ISC
 *
 * sotto verify, encrypt, via and resend as a person runs them. Juliet and Romeo have written to each other, and Juliet
 * verified his key. */
#include "program_stage.h"

#include <stdio.h>
#include <string.h>

/* The address that `out` shows. */
static void address_in(const char *out, char ret[512]) {
    const char *at = strstr(out, "xmpp:");
    assert_non_null(at);
    size_t len = strcspn(at, "\n");
    assert_true(len < 512);
    memcpy(ret, at, len);
    ret[len] = '\0';
}

static void says(const char *text) {
    if (!strstr(the.run.out, text)) print_error("%s\n%s\n", text, the.run.out);
    assert_non_null(strstr(the.run.out, text));
}

static void assert_trust(const char *trust) {
    RUN("devices", ROMEO, "--json", "--home", home_of("juliet"));
    assert_string_equal(member(the.run.out, "\"number\":1", "trust"), trust);
}

void test_verify_shows(void **state) {
    (void)state;
    char uri[512];
    RUN("verify", "--home", home_of("juliet"));
    done();
    address_in(the.run.out, uri);
    assert_non_null(strstr(uri, "xmpp:" JULIET "?omemo-sid-"));
    says("\u2588"); /* the code */
    says("Your devices\n");
    RUN("verify", "--trust-message", "--home", home_of("juliet"));
    done();
    says("xmpp:" JULIET "?trust-message;encryption=urn:xmpp:omemo:2;trust=");
    RUN("verify", ROMEO, "--home", home_of("juliet"));
    done();
    says("Devices of " ROMEO "\n");
    says("xmpp:" JULIET "?omemo-sid-"); /* for him to scan */
}

void test_verify_by_address(void **state) {
    (void)state;
    char uri[512], kaidan[512], other[512];
    const char *home = home_of("juliet");
    RUN("verify", "--home", home_of("romeo"));
    done();
    address_in(the.run.out, uri);
    RUN("verify", "--trust-message", "--home", home_of("romeo"));
    address_in(the.run.out, kaidan);
    /* What is verified stays so. */
    RUN("verify", uri, "--home", home);
    done();
    says(": verified already\n");
    RUN_INPUT(uri, "verify", ROMEO, "-", "--home", home);
    done();
    says(": verified already\n");
    /* It is asked first; without a terminal it is said. */
    RUN("distrust", ROMEO, "1", "--home", home);
    done();
    RUN("verify", kaidan, "--home", home);
    assert_int_equal(the.run.status, 1);
    says("the same here, and you had refused it");
    assert_non_null(strstr(the.run.err, "Nothing was changed. Without a terminal, --yes says that you compared."));
    assert_trust("distrusted");
    RUN("verify", kaidan, "--yes", "--home", home);
    done();
    says("Decided about 1 key of " ROMEO ".\n");
    assert_trust("verified");
    /* For its own JID alone. */
    RUN("verify", NURSE, uri, "--yes", "--home", home);
    refused(1, "These are keys of " ROMEO ", and not of " NURSE ". Nothing was changed.");
    /* Another key for a device that is known: nothing at all. */
    (void)snprintf(other, sizeof other, "%s", uri);
    char *last = other + strlen(other) - 1;
    *last = *last == '0' ? '1' : '0';
    RUN("verify", other, "--yes", "--home", home);
    assert_int_equal(the.run.status, 1);
    says("ANOTHER KEY than this device has here");
    assert_non_null(strstr(the.run.err, "somebody may be posing as it. Nothing was changed."));
    assert_trust("verified");
}

void test_verify_refuses(void **state) {
    (void)state;
    const char *home = home_of("juliet");
    RUN("verify", "xmpp:" ROMEO "?omemo-sid-1=zz", "--home", home);
    refused(1, "What should be a fingerprint in this address is not 64 hex digits. Nothing was changed.");
    RUN("verify", "xmpp:" ROMEO, "--home", home);
    refused(1, "There are no fingerprints of OMEMO keys in this address. Nothing was changed.");
    RUN("verify", "xmpp:" PROGRAM_DOMAIN "?omemo-sid-1=zz", "--home", home);
    refused(1, "This address names no account. Nothing was changed.");
    RUN("verify", ROMEO, "77", "--home", home);
    refused(1, "77 is no other device of " ROMEO " whose key is known. Nothing was changed.");
    RUN_INPUT("", "verify", "-", "--home", home);
    refused(1, "Standard input holds no address.");
    /* What is read from outside is an address, and never a number: that would be a verdict, without a question. */
    assert_trust("verified");
    RUN("distrust", ROMEO, "1", "--home", home);
    done();
    RUN_INPUT("1\n", "verify", ROMEO, "-", "--home", home);
    refused(1, "What standard input holds is no address with fingerprints. Nothing was changed.");
    assert_trust("distrusted");
    RUN("trust", ROMEO, "1", "--home", home);
    done();
    RUN("verify", "nobody@" PROGRAM_DOMAIN, "--home", home);
    refused(1, "There is nothing to compare: no keys of nobody@" PROGRAM_DOMAIN " are known here");
}

void test_verify_by_image(void **state) {
    (void)state;
    const char *home = home_of("juliet");
    RUN("verify", "--image", APP_TEST_FOLDER "/code.png", "--home", home);
    refused(1, "None of these keys is known here, so nothing was verified");
    says("Keys of " ROMEO " that were read:\n abababab abababab");
    says("device 77: not known here: nothing is done about it\n");
    RUN("verify", "--image", "/nonexistent.png", "--home", home);
    refused(1, "/nonexistent.png cannot be read: No such file or directory.");
    RUN("verify", "--image", APP_TEST_FOLDER "/program.c", "--home", home);
    refused(1, "is no PNG image, or one that is too large.");
}

void test_encrypt(void **state) {
    (void)state;
    const char *home = home_of("juliet");
    RUN("encrypt", ROMEO, "--home", home);
    done();
    assert_string_equal(the.run.out, "Messages to " ROMEO " are always encrypted.\n");
    /* T14: a slip of the hand does not end it. */
    RUN("encrypt", ROMEO, "never", "--home", home);
    assert_int_equal(the.run.status, 1);
    assert_non_null(strstr(the.run.err, "were encrypted until now."));
    assert_non_null(strstr(the.run.err, "--confirm \"in the clear\""));
    RUN("encrypt", ROMEO, "never", "--confirm", "yes", "--home", home);
    assert_int_equal(the.run.status, 1);
    RUN("encrypt", ROMEO, "--home", home);
    assert_string_equal(the.run.out, "Messages to " ROMEO " are always encrypted.\n");
    RUN("encrypt", ROMEO, "never", "--confirm", "in the clear", "--home", home);
    done();
    assert_string_equal(the.run.out, "Messages to " ROMEO " are NOT encrypted.\n");
    RUN("encrypt", ROMEO, "always", "--home", home);
    done();
    RUN("encrypt", ROMEO, "never", "--for", "1h", "--home", home);
    done();
    says("Messages to " ROMEO " are NOT encrypted until ");
    RUN("encrypt", ROMEO, "always", "--home", home);
    done();
    RUN("encrypt", ROMEO, "never", "--for", "31d", "--home", home);
    refused(1, "31d is no time like 90m, 1h or 2d, of at most 30 days.");
    RUN("encrypt", ROMEO, "always", "--for", "1h", "--home", home);
    refused(1, "--for is for never: what is encrypted stays so.");
    RUN("encrypt", ROMEO, "sometimes", "--home", home);
    refused(1, "sometimes is neither auto nor always nor never.");
}

void test_via(void **state) {
    (void)state;
    const char *home = home_of("juliet");
    RUN("via", ROMEO, "--home", home);
    done();
    assert_string_equal(the.run.out, "Messages to " ROMEO " go by whatever encryption fits.\n");
    RUN("via", ROMEO, "live", "--home", home);
    done();
    says("Messages to " ROMEO
         " go in live sessions alone: their clients that are not there then, a phone that is off, and "
         "archives will not have it.\n");
    RUN("via", ROMEO, "pigeon", "--home", home);
    refused(1, "This program has no encryption of the name pigeon. Nothing was changed;");
    RUN("via", ROMEO, "stored", "--home", home);
    done();
    says("that all their devices can read later (OMEMO)");
    RUN("via", ROMEO, "auto", "--home", home);
    done();
}

void test_resend(void **state) {
    (void)state;
    RUN("resend", ROMEO, "--home", home_of("juliet"));
    done();
    assert_string_equal(the.run.out, ROMEO " has missed nothing that is kept here.\n");
}
