/* SPDX-License-Identifier: ISC
 *
 * Completion for bash out of the same tables: commands, options, and files where an option takes one. */
#include "app/text/text.h"

#include <string.h>

static void option_words(FILE *to, const app_option *table) {
    for (; table->name; table++) {
        (void)fprintf(to, " --%s", table->name);
        if (table->letter) (void)fprintf(to, " -%c", table->letter);
    }
}

/* Options that take an argument of this kind, as a pattern of case; false: there is none. */
static void option_patterns(FILE *to, const app_option *table, const char *argument, int *count) {
    for (; table->name; table++) {
        if (!table->argument || strcmp(table->argument, argument) != 0) continue;
        (void)fprintf(to, "%s--%s", (*count)++ ? "|" : "    ", table->name);
    }
}

static void option_case(FILE *to, const char *argument, const char *action) {
    int count = 0;
    option_patterns(to, app_text_common, argument, &count);
    for (size_t i = 0; app_topics[i]; i++) option_patterns(to, app_topics[i]->options, argument, &count);
    if (count > 0) (void)fprintf(to, ")\n        COMPREPLY=($(compgen -%s -- \"$word\"))\n        return ;;\n", action);
}

void app_text_completion(FILE *to) {
    (void)fputs("# bash completion for sotto\n# SPDX-License-Identifier: ISC\n\n_sotto() {\n"
                "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= i\n"
                "    COMPREPLY=()\n    case $before in\n",
                to);
    option_case(to, "FILE", "f");
    option_case(to, "PATH...", "f");
    option_case(to, "DIR", "d");
    (void)fputs("    esac\n    for ((i = 1; i < COMP_CWORD; i++)); do\n        case ${COMP_WORDS[i]} in\n        ", to);
    for (size_t i = 0; app_topics[i]; i++) (void)fprintf(to, "%s%s", i ? "|" : "", app_topics[i]->name);
    (void)fputs(") command=${COMP_WORDS[i]}; break ;;\n        esac\n    done\n    case $command in\n", to);
    for (size_t i = 0; app_topics[i]; i++) {
        const app_topic *topic = app_topics[i];
        (void)fprintf(to, "    %s) COMPREPLY=($(compgen -W \"", topic->name);
        if (strcmp(topic->name, "help") == 0)
            for (size_t j = 0; app_topics[j]; j++) (void)fprintf(to, " %s", app_topics[j]->name);
        option_words(to, topic->options);
        option_words(to, app_text_common);
        (void)fputs("\" -- \"$word\")) ;;\n", to);
    }
    (void)fputs("    *) COMPREPLY=($(compgen -W \"", to);
    for (size_t i = 0; app_topics[i]; i++) (void)fprintf(to, " %s", app_topics[i]->name);
    option_words(to, app_text_common);
    (void)fputs(" --version\" -- \"$word\")) ;;\n    esac\n}\ncomplete -F _sotto sotto\n", to);
}
