/* SPDX-License-Identifier: ISC
 *
 * The texts as a whole: complete tables, help that keeps to the width, pages that mandoc finds nothing wrong with. */
#include "app_tests.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/clean.h"
#include "app/command.h"
#include "bytes/span.h"

static bool ends_with(const char *text, char end) {
    size_t len = strlen(text);
    return len > 0 && text[len - 1] == end;
}

static void test_tables(void **state) {
    (void)state;
    for (size_t i = 0; app_topics[i]; i++) {
        const app_topic *topic = app_topics[i];
        assert_ptr_equal(app_topic_find(topic->name), topic);
        assert_true(islower((unsigned char)topic->summary[0]) && !ends_with(topic->summary, '.'));
        assert_non_null(topic->paragraphs[0]);
        assert_non_null(topic->examples[0].command);
        assert_true(topic->most <= APP_POSITIONAL_MAX && topic->least <= topic->most);
        size_t options = 0;
        while (topic->options[options].name) options++;
        assert_true(options <= APP_OPTIONS_MAX);
        for (size_t j = 0; topic->examples[j].command; j++)
            assert_non_null(strstr(topic->examples[j].command, topic->name));
    }
    assert_null(app_topic_find("no-such-command"));
    assert_null(app_topic_find(""));
}

/* What a function writes to a stream; the caller frees it. */
static char *written(void (*write)(FILE *, const app_topic *, unsigned), const app_topic *topic, unsigned width) {
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);
    assert_non_null(to);
    write(to, topic, width);
    assert_int_equal(fclose(to), 0);
    return text;
}

static void write_overview(FILE *to, const app_topic *topic, unsigned width) {
    (void)topic;
    app_text_overview(to, width);
}

static void write_manual(FILE *to, const app_topic *topic, unsigned width) {
    (void)width;
    app_text_manual(to, topic);
}

static void write_completion(FILE *to, const app_topic *topic, unsigned width) {
    (void)topic;
    (void)width;
    app_text_completion(to);
}

/* Lines to copy (examples, tables of members) are as long as they are; everything else keeps to the width. */
static void keeps_to_width(const char *text, unsigned width) {
    while (*text) {
        size_t len = strcspn(text, "\n");
        bool as_it_is = strncmp(text, "  ", 2) == 0 && strncmp(text, "     ", 5) != 0;
        if (!as_it_is) assert_true(app_clean_width(bytes_of(text, len)) <= width);
        assert_true(len == 0 || text[len - 1] != ' ');
        text += len + (text[len] == '\n');
    }
}

static void test_help_keeps_to_the_width(void **state) {
    (void)state;
    static const unsigned widths[] = {60, 80, 100};
    for (size_t w = 0; w < 3; w++) {
        char *text = written(write_overview, NULL, widths[w]);
        keeps_to_width(text, widths[w]);
        free(text);
        for (size_t i = 0; app_topics[i]; i++) {
            text = written(app_text_topic, app_topics[i], widths[w]);
            keeps_to_width(text, widths[w]);
            free(text);
        }
    }
}

static void test_help_says_everything(void **state) {
    (void)state;
    char *text = written(write_overview, NULL, 80);
    for (size_t i = 0; app_topics[i]; i++) assert_non_null(strstr(text, app_topics[i]->summary));
    assert_non_null(strstr(text, "--passphrase-file FILE"));
    free(text);
    text = written(app_text_topic, app_topic_find("setup"), 80);
    assert_memory_equal(text, "usage: sotto setup [OPTION...] JID\n", 35);
    assert_non_null(strstr(text, "\n  --connect HOST:PORT "));
    assert_non_null(strstr(text, "\n  -a, --account ACCOUNT "));
    assert_non_null(strstr(text, "\nExit status\n"));
    free(text);
}

/* Runs a checker over a text in a file; -1: it is not installed. */
static int checked(const char *program, const char *arguments, const char *text) {
    char path[] = "/tmp/sotto-text-XXXXXX", command[512];
    (void)snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", program);
    if (system(command) != 0) return -1;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(close(fd), 0);
    (void)snprintf(command, sizeof command, "%s %s %s", program, arguments, path);
    int result = system(command);
    (void)unlink(path);
    return result == 0 ? 0 : 1;
}

static void test_manual_pages(void **state) {
    (void)state;
    char *text = written(write_manual, NULL, 0);
    assert_non_null(strstr(text, ".Dt SOTTO 1\n"));
    assert_true(checked("mandoc", "-Tlint -W warning", text) <= 0);
    free(text);
    for (size_t i = 0; app_topics[i]; i++) {
        text = written(write_manual, app_topics[i], 0);
        assert_non_null(strstr(text, ".Sh EXIT STATUS\n"));
        assert_true(checked("mandoc", "-Tlint -W warning", text) <= 0);
        free(text);
    }
}

static void test_completion(void **state) {
    (void)state;
    char *text = written(write_completion, NULL, 0);
    assert_non_null(strstr(text, "complete -F _sotto sotto\n"));
    assert_non_null(strstr(text, " --password-file"));
    assert_true(checked("bash", "-n", text) <= 0);
    free(text);
}

int app_tests_text(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_help_keeps_to_the_width),
        cmocka_unit_test(test_help_says_everything),
        cmocka_unit_test(test_manual_pages),
        cmocka_unit_test(test_completion),
    };
    return cmocka_run_group_tests_name("app: text", tests, NULL, NULL);
}
