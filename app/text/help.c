/* SPDX-License-Identifier: ISC
 *
 * The help on a terminal: filled to its width, never wider than is good to read. */
#include "app/text/text.h"

#include <stdbool.h>
#include <string.h>

#define WIDTH_MAX  100u
#define INDENT     2u
#define COLUMN_MAX 28u /* where explanations begin at most */

static unsigned readable(unsigned width) {
    return width > WIDTH_MAX ? WIDTH_MAX : width < 40 ? 40 : width;
}

static void blanks(FILE *to, unsigned count) {
    for (unsigned i = 0; i < count; i++) (void)fputc(' ', to);
}

/* Fills `text` between the columns `indent` and `width`; the cursor stands at column `at`. */
static void fill(FILE *to, const char *text, unsigned at, unsigned indent, unsigned width) {
    if (at < indent) {
        blanks(to, indent - at);
        at = indent;
    }
    bool first = true;
    while (*text) {
        unsigned len = (unsigned)strcspn(text, " ");
        if (!first && at + 1 + len > width) {
            (void)fputc('\n', to);
            blanks(to, indent);
            at = indent;
        } else if (!first) {
            (void)fputc(' ', to);
            at++;
        }
        (void)fwrite(text, 1, len, to);
        at += len;
        text += len;
        text += strspn(text, " ");
        first = false;
    }
    (void)fputc('\n', to);
}

static void paragraphs(FILE *to, const char *const *texts, unsigned width) {
    for (size_t i = 0; texts[i]; i++) {
        (void)fputc('\n', to);
        if (texts[i][0] == ' ')
            (void)fprintf(to, "%s\n", texts[i]);
        else
            fill(to, texts[i], 0, 0, width);
    }
}

/* A word or form, and what it means, in a column that begins at `column`. */
static void entry(FILE *to, const char *form, const char *text, unsigned column, unsigned width) {
    blanks(to, INDENT);
    (void)fputs(form, to);
    unsigned at = INDENT + (unsigned)strlen(form);
    if (at + 2 > column) {
        (void)fputc('\n', to);
        at = 0;
    }
    fill(to, text, at, column, width);
}

static void option_form(const app_option *option, char *ret, size_t size) {
    char letter[8] = "";
    if (option->letter) (void)snprintf(letter, sizeof letter, "-%c, ", option->letter);
    (void)snprintf(ret, size, "%s--%s%s%s", letter, option->name, option->argument ? " " : "",
                   option->argument ? option->argument : "");
}

static void options(FILE *to, const char *title, const app_option *table, unsigned width) {
    if (!table->name) return;
    (void)fprintf(to, "\n%s\n", title);
    for (; table->name; table++) {
        char form[64];
        option_form(table, form, sizeof form);
        entry(to, form, table->text, COLUMN_MAX, width);
    }
}

/* Commands to copy: each on a line of its own, with what it is for above. */
static void examples(FILE *to, const char *title, const app_example *table) {
    if (!table->command) return;
    (void)fprintf(to, "\n%s\n", title);
    for (; table->command; table++) (void)fprintf(to, "  # %s\n  %s\n", table->text, table->command);
}

static void list(FILE *to, const char *title, const app_example *table, unsigned column, unsigned width) {
    (void)fprintf(to, "\n%s\n", title);
    for (; table->command; table++) entry(to, table->command, table->text, column, width);
}

void app_text_overview(FILE *to, unsigned width) {
    width = readable(width);
    (void)fputs("usage: sotto [OPTION...] COMMAND [ARGUMENT...]\n", to);
    paragraphs(to, app_text_about, width);
    (void)fputs("\nCommands\n", to);
    for (size_t i = 0; app_topics[i]; i++) entry(to, app_topics[i]->name, app_topics[i]->summary, 12, width);
    options(to, "Options of every command", app_text_common, width);
    examples(to, "To begin", app_text_start);
    list(to, "Exit status", app_text_exit, 5, width);
    (void)fputc('\n', to);
    fill(to, "\"sotto help COMMAND\" says more about a command, \"sotto --version\" which version this is.", 0, 0,
         width);
}

void app_text_topic(FILE *to, const app_topic *topic, unsigned width) {
    width = readable(width);
    (void)fprintf(to, "usage: sotto %s%s%s%s\n", topic->name, topic->options->name ? " [OPTION...]" : "",
                  *topic->arguments ? " " : "", topic->arguments);
    paragraphs(to, topic->paragraphs, width);
    options(to, "Options", topic->options, width);
    options(to, "Options of every command", app_text_common, width);
    examples(to, "Examples", topic->examples);
    list(to, "Exit status", app_text_exit, 5, width);
}
