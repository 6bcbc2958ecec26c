/* SPDX-License-Identifier: ISC
 *
 * The command line: what is read, and the one line that is said about each mistake. */
#include "app_tests.h"

#include <string.h>

#include "app/command.h"

typedef struct line {
    app_arguments arguments;
    app_kept kept;
    bool good;
} line;

/* Reads the words of a line (ended by NULL) for a topic. */
static line read_words(const char *topic, const char *const *words) {
    line l = {.good = false};
    size_t count = 0;
    while (words[count]) count++;
    app_output output = app_kept_output(&l.kept);
    l.good = app_arguments_read(&l.arguments, app_topic_find(topic), words, count, &output);
    return l;
}
#define READ(topic, ...) read_words(topic, (const char *const[]){__VA_ARGS__, NULL})

static void test_words_and_options_in_any_order(void **state) {
    (void)state;
    line l = READ("send", "romeo@montague.example", "--subject", "s", "-a", "me@x.example", "text");
    assert_true(l.good);
    assert_int_equal(l.arguments.count, 2);
    assert_string_equal(l.arguments.positional[0], "romeo@montague.example");
    assert_string_equal(l.arguments.positional[1], "text");
    assert_null(l.arguments.positional[2]);
    assert_string_equal(app_argument(&l.arguments, "subject"), "s");
    assert_string_equal(app_argument(&l.arguments, "account"), "me@x.example");
    assert_null(app_argument(&l.arguments, "home"));
    assert_null(app_argument(&l.arguments, "no-such-option"));
    assert_string_equal(l.kept.err, "");
}

static void test_forms_of_options(void **state) {
    (void)state;
    line l = READ("send", "--subject=a=b", "-ame", "r@x");
    assert_true(l.good);
    assert_string_equal(app_argument(&l.arguments, "subject"), "a=b");
    assert_string_equal(app_argument(&l.arguments, "account"), "me");
    l = READ("send", "--subject=", "r@x");
    assert_true(l.good);
    assert_string_equal(app_argument(&l.arguments, "subject"), "");
    l = READ("leave", "-yh");
    assert_true(l.good);
    assert_non_null(app_argument(&l.arguments, "yes"));
    assert_non_null(app_argument(&l.arguments, "help"));
}

/* --file may be given several times, in the order in which they were typed; so often, and no more. */
static void test_options_given_again(void **state) {
    (void)state;
    line l = READ("send", "-f", "a", "r@x", "--file=b", "--json", "--file", "c");
    assert_true(l.good);
    assert_string_equal(app_argument(&l.arguments, "file"), "a");
    assert_string_equal(app_argument_at(&l.arguments, "file", 0), "a");
    assert_string_equal(app_argument_at(&l.arguments, "file", 1), "b");
    assert_string_equal(app_argument_at(&l.arguments, "file", 2), "c");
    assert_null(app_argument_at(&l.arguments, "file", 3));
    assert_null(app_argument_at(&l.arguments, "subject", 1));
    const char *words[2 * APP_AGAIN_MAX + 5] = {"r@x", "-f", "first"};
    for (size_t i = 0; i < APP_AGAIN_MAX; i++) {
        words[3 + 2 * i] = "-f";
        words[4 + 2 * i] = "more";
    }
    l = read_words("send", words);
    assert_true(l.good);
    assert_non_null(app_argument_at(&l.arguments, "file", APP_AGAIN_MAX));
}

static void test_two_dashes_end_options(void **state) {
    (void)state;
    line l = READ("send", "r@x", "--", "--subject");
    assert_true(l.good);
    assert_string_equal(l.arguments.positional[1], "--subject");
    l = READ("send", "r@x", "-"); /* a dash alone is a word */
    assert_true(l.good);
    assert_string_equal(l.arguments.positional[1], "-");
}

static void wrong(line l, const char *wanted) {
    assert_false(l.good);
    assert_string_equal(l.kept.err, wanted);
    assert_string_equal(l.kept.out, "");
}

static void test_mistakes(void **state) {
    (void)state;
    wrong(READ("send", "-5"), "sotto send: unknown option -5; see sotto help send\n");
    wrong(READ("send", "--subjec", "x"), "sotto send: unknown option --subjec; see sotto help send\n");
    wrong(READ("send", "--qr", "x"), "sotto send: unknown option --qr; see sotto help send\n");
    wrong(READ("send", "r@x", "a", "b"), "sotto send: too many arguments, from b; see sotto help send\n");
    wrong(READ("send", "--subject"), "sotto send: a value is missing after --subject; see sotto help send\n");
    wrong(READ("send", "-a"), "sotto send: a value is missing after -a; see sotto help send\n");
    wrong(READ("send", "-a", "x", "-a", "y"), "sotto send: given twice: -a; see sotto help send\n");
    wrong(READ("send", "--home", "x", "--home=y"), "sotto send: given twice: --home=y; see sotto help send\n");
    wrong(READ("send", "--home", "", "r@x"), "sotto send: the value is empty: --home; see sotto help send\n");
    wrong(READ("send", "--home=", "r@x"), "sotto send: the value is empty: --home=; see sotto help send\n");
    wrong(READ("setup", "r@x", "--password-file", "-", "--passphrase-file=-"),
          "sotto setup: standard input can be one file only: -; see sotto help setup\n");
    wrong(READ("listen", "--json=yes"), "sotto listen: takes no value: --json=yes; see sotto help listen\n");
    wrong(READ("listen", "romeo"), "sotto listen: takes no argument, not romeo; see sotto help listen\n");
    wrong(READ("trust", "r@x"), "sotto trust: an argument is missing: JID NUMBER|FINGERPRINT; see sotto help trust\n");
    wrong(READ("send", "--\033[A"), "sotto send: unknown option --\xef\xbf\xbd[A; see sotto help send\n");
}

static void test_nothing_given(void **state) {
    (void)state;
    line l = read_words("setup", (const char *const[]){NULL});
    wrong(l, "sotto setup: an argument is missing: JID; see sotto help setup\n");
    l = read_words("listen", (const char *const[]){NULL});
    assert_true(l.good);
}

/* --help makes everything else unimportant. */
static void test_help_without_arguments(void **state) {
    (void)state;
    line l = READ("trust", "--help");
    assert_true(l.good);
    assert_non_null(app_argument(&l.arguments, "help"));
}

static void test_common_before_the_command(void **state) {
    (void)state;
    app_kept kept;
    app_output output = app_kept_output(&kept);
    const char *words[] = {"--home", "d", "-a", "me@x", "send", "--subject"};
    app_arguments arguments = {0};
    assert_int_equal(app_arguments_common(&arguments, words, 6, &output), 4);
    assert_string_equal(app_argument(&arguments, "home"), "d");
    const char *unknown[] = {"--subject", "x"};
    memset(&arguments, 0, sizeof arguments);
    assert_true(app_arguments_common(&arguments, unknown, 2, &output) == SIZE_MAX);
    assert_string_equal(kept.err, "sotto: unknown option --subject; see sotto help\n");
}

static void test_addresses(void **state) {
    (void)state;
    char host[256];
    uint16_t port = 0;
    assert_true(app_argument_address("127.0.0.1:5222", host, &port));
    assert_string_equal(host, "127.0.0.1");
    assert_int_equal(port, 5222);
    assert_true(app_argument_address("[::1]:65535", host, &port));
    assert_string_equal(host, "::1");
    assert_int_equal(port, 65535);
    const char *bad[] = {"",         "host",  "host:",   ":5222",   "host:0", "host:65536", "host:5222x",
                         "::1:5222", "[]:52", "[::1:52", "host:-1", "[::1]",  "a b:522",    "host:000001"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(app_argument_address(bad[i], host, &port));
    assert_int_equal(port, 65535); /* as it was */
}

int app_tests_command(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_and_options_in_any_order),
        cmocka_unit_test(test_forms_of_options),
        cmocka_unit_test(test_options_given_again),
        cmocka_unit_test(test_two_dashes_end_options),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_nothing_given),
        cmocka_unit_test(test_help_without_arguments),
        cmocka_unit_test(test_common_before_the_command),
        cmocka_unit_test(test_addresses),
    };
    return cmocka_run_group_tests_name("app: command", tests, NULL, NULL);
}
