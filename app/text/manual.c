/* SPDX-License-Identifier: ISC
 *
 * Manual pages in mdoc(7) out of the same tables. */
#include "app/text/text.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define PAGES_DATE "November 20, 2026" /* when the texts last changed */

/* One word or text without a line break: what roff reads as its own is escaped. */
static void escaped(FILE *to, const char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\\')
            (void)fputs("\\e", to);
        else if (text[i] == '-')
            (void)fputs("\\-", to);
        else if (text[i] == '"')
            (void)fputs("\\(dq", to);
        else
            (void)fputc(text[i], to);
    }
}

/* A paragraph, a line a sentence, as mdoc likes it; a control character at the beginning of a line is neutralised. */
static void sentences(FILE *to, const char *text) {
    while (*text) {
        size_t len = 0;
        while (text[len] && !(text[len] == '.' && text[len + 1] == ' ')) len++;
        if (text[len] == '.') len++;
        if (*text == '.' || *text == '\'') (void)fputs("\\&", to);
        escaped(to, text, len);
        (void)fputc('\n', to);
        text += len;
        text += strspn(text, " ");
    }
}

/* Text as it stands, line by line. */
static void literal(FILE *to, const char *text) {
    (void)fputs(".Bd -literal\n", to);
    while (*text) {
        size_t len = strcspn(text, "\n");
        (void)fputs("\\&", to);
        escaped(to, text, len);
        (void)fputc('\n', to);
        text += len + (text[len] == '\n');
    }
    (void)fputs(".Ed\n", to);
}

static void paragraphs(FILE *to, const char *const *texts) {
    for (size_t i = 0; texts[i]; i++) {
        bool as_it_is = texts[i][0] == ' ';
        if (i > 0 && !as_it_is) (void)fputs(".Pp\n", to);
        if (as_it_is)
            literal(to, texts[i]);
        else
            sentences(to, texts[i]);
    }
}

static void options(FILE *to, const app_option *table) {
    (void)fputs(".Bl -tag -width Ds\n", to);
    for (; table->name; table++) {
        (void)fputs(".It", to);
        if (table->letter) (void)fprintf(to, " Fl %c ,", table->letter);
        (void)fputs(" Fl \\-", to);
        escaped(to, table->name, strlen(table->name));
        if (table->argument) (void)fprintf(to, " Ar %s", table->argument);
        (void)fputc('\n', to);
        sentences(to, table->text);
    }
    (void)fputs(".El\n", to);
}

static void list(FILE *to, const app_example *table, const char *macro) {
    (void)fputs(".Bl -tag -width Ds\n", to);
    for (; table->command; table++) {
        (void)fprintf(to, ".It %s \"", macro);
        escaped(to, table->command, strlen(table->command));
        (void)fputs("\"\n", to);
        sentences(to, table->text);
    }
    (void)fputs(".El\n", to);
}

static void examples(FILE *to, const app_example *table) {
    if (!table->command) return;
    (void)fputs(".Sh EXAMPLES\n", to);
    for (size_t i = 0; table[i].command; i++) {
        if (i > 0) (void)fputs(".Pp\n", to);
        (void)fputc(toupper((unsigned char)table[i].text[0]), to);
        escaped(to, table[i].text + 1, strlen(table[i].text + 1));
        (void)fputs(":\n.Bd -literal -offset indent\n", to);
        (void)fputs("\\&", to);
        escaped(to, table[i].command, strlen(table[i].command));
        (void)fputs("\n.Ed\n", to);
    }
}

static void exit_status(FILE *to) {
    (void)fputs(".Sh EXIT STATUS\n", to);
    list(to, app_text_exit, "Li");
}

/* "JID [TEXT]" as macros: Ar JID Op Ar TEXT. Alternatives ("NUMBER|FINGERPRINT") stay one word. */
static void arguments(FILE *to, const char *text) {
    while (*text) {
        size_t len = strcspn(text, " ");
        bool optional = *text == '[';
        (void)fprintf(to, ".%sAr %.*s\n", optional ? "Op " : "", (int)(optional ? len - 2 : len), text + optional);
        text += len;
        text += strspn(text, " ");
    }
}

static void synopsis_options(FILE *to, const app_option *table) {
    for (; table->name; table++) {
        (void)fputs(".Op Fl \\-", to);
        escaped(to, table->name, strlen(table->name));
        if (table->argument) (void)fprintf(to, " Ar %s", table->argument);
        (void)fputc('\n', to);
    }
}

static void head(FILE *to, const app_topic *topic) {
    char title[64] = "SOTTO";
    if (topic) {
        (void)snprintf(title, sizeof title, "SOTTO-%s", topic->name);
        for (char *c = title; *c; c++) *c = (char)toupper((unsigned char)*c);
    }
    (void)fprintf(to, ".\\\" SPDX-License-Identifier: ISC\n.Dd %s\n.Dt %s 1\n.Os\n.Sh NAME\n", PAGES_DATE, title);
    if (topic)
        (void)fprintf(to, ".Nm sotto-%s\n.Nd %s\n", topic->name, topic->summary);
    else
        (void)fputs(".Nm sotto\n.Nd end-to-end encrypted messages over XMPP\n", to);
}

static void manual_topic(FILE *to, const app_topic *topic) {
    head(to, topic);
    (void)fprintf(to, ".Sh SYNOPSIS\n.Nm sotto %s\n", topic->name);
    synopsis_options(to, topic->options);
    arguments(to, topic->arguments);
    (void)fputs(".Sh DESCRIPTION\n", to);
    paragraphs(to, topic->paragraphs);
    if (topic->options->name) {
        (void)fputs(".Pp\nThe options are as follows:\n", to);
        options(to, topic->options);
    }
    (void)fputs(".Pp\nEvery command takes these as well:\n", to);
    options(to, app_text_common);
    exit_status(to);
    examples(to, topic->examples);
    (void)fputs(".Sh SEE ALSO\n.Xr sotto 1\n", to);
}

static void manual_overview(FILE *to) {
    head(to, NULL);
    (void)fputs(".Sh SYNOPSIS\n.Nm sotto\n", to);
    synopsis_options(to, app_text_common);
    (void)fputs(".Ar COMMAND\n.Op Ar ARGUMENT ...\n.Nm sotto\n.Fl \\-version\n.Sh DESCRIPTION\n", to);
    paragraphs(to, app_text_about);
    (void)fputs(".Pp\nThe commands are as follows; each has a page of its own:\n.Bl -tag -width Ds\n", to);
    for (size_t i = 0; app_topics[i]; i++) {
        (void)fprintf(to, ".It Cm %s", app_topics[i]->name);
        if (*app_topics[i]->arguments) (void)fprintf(to, " Ar \"%s\"", app_topics[i]->arguments);
        (void)fputc('\n', to);
        sentences(to, app_topics[i]->summary);
    }
    (void)fputs(".El\n.Pp\nEvery command takes these options:\n", to);
    options(to, app_text_common);
    (void)fputs(".Sh ENVIRONMENT\n", to);
    list(to, app_text_environment, "Ev");
    (void)fputs(".Sh FILES\n", to);
    list(to, app_text_files, "Pa");
    exit_status(to);
    examples(to, app_text_start);
    (void)fputs(".Sh SEE ALSO\n", to);
    /* In the order of the alphabet, which mandoc asks for. */
    const char *last = "";
    for (;;) {
        const char *next = NULL;
        for (size_t i = 0; app_topics[i]; i++) {
            const char *name = app_topics[i]->name;
            if (strcmp(name, last) > 0 && (!next || strcmp(name, next) < 0)) next = name;
        }
        if (!next) break;
        (void)fprintf(to, "%s.Xr sotto-%s 1", *last ? " ,\n" : "", next);
        last = next;
    }
    (void)fputc('\n', to);
}

void app_text_manual(FILE *to, const app_topic *topic) {
    if (topic)
        manual_topic(to, topic);
    else
        manual_overview(to);
}
