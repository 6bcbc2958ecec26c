/* SPDX-License-Identifier: ISC
 *
 * Reading the command line. */
#include "app/command.h"

#include <stdlib.h>
#include <string.h>

#include "bytes/span.h"

typedef struct reading {
    app_arguments *to;
    const char *const *words;
    size_t count, at;
    const app_output *output;
} reading;

/* Every mistake ends with where to look, in one line. */
static bool mistake(const reading *r, const char *what, const char *which) {
    const app_topic *topic = r->to->topic;
    app_print(r->output, APP_ERR, "sotto%s%s: %s%s%s; see sotto help%s%s\n", topic ? " " : "", topic ? topic->name : "",
              what, *which ? " " : "", which, topic ? " " : "", topic ? topic->name : "");
    return false;
}

static const app_option *option_find(const app_option *table, const char *name, size_t len, char letter, size_t *ret) {
    for (size_t i = 0; table[i].name; i++) {
        bool hit =
            letter ? table[i].letter == letter : strlen(table[i].name) == len && memcmp(table[i].name, name, len) == 0;
        if (!hit) continue;
        *ret = i;
        return &table[i];
    }
    return NULL;
}

/* The option and the place for its value; the command's own go before the common ones. */
static const app_option *option_place(reading *r, const char *name, size_t len, char letter, const char ***ret_place) {
    size_t at;
    const app_option *option = r->to->topic ? option_find(r->to->topic->options, name, len, letter, &at) : NULL;
    if (option) {
        *ret_place = &r->to->given[at];
        return option;
    }
    option = option_find(app_text_common, name, len, letter, &at);
    if (option) *ret_place = &r->to->common[at];
    return option;
}

/* "PATH...": it may be given several times. */
static bool is_repeatable(const app_option *option) {
    size_t len = option->argument ? strlen(option->argument) : 0;
    return len > 3 && strcmp(option->argument + len - 3, "...") == 0;
}

/* The value of an option: its first, or one more of those that may have several. */
static bool value_take(reading *r, const app_option *option, const char **place, const char *value, const char *shown) {
    app_arguments *to = r->to;
    if (!*place || !is_repeatable(option)) {
        *place = value;
        return true;
    }
    if (to->again_count == APP_AGAIN_MAX) return mistake(r, "given too often:", shown);
    to->again[to->again_count].option = (size_t)(place - to->given);
    to->again[to->again_count++].value = value;
    return true;
}

/* Sets an option. `value`: what stood in the same word, or NULL. */
static bool option_set(reading *r, const app_option *option, const char **place, const char *value, const char *shown) {
    if (*place && !is_repeatable(option)) return mistake(r, "given twice:", shown);
    if (!option->argument) {
        if (value) return mistake(r, "takes no value:", shown);
        *place = "";
        return true;
    }
    if (!value) {
        if (r->at == r->count) return mistake(r, "a value is missing after", shown);
        value = r->words[r->at++];
    }
    if (!*value && strcmp(option->argument, "TEXT") != 0) return mistake(r, "the value is empty:", shown);
    return value_take(r, option, place, value, shown);
}

static bool option_long(reading *r, const char *word) {
    const char **place;
    size_t len = strcspn(word + 2, "=");
    const app_option *option = option_place(r, word + 2, len, 0, &place);
    if (!option) return mistake(r, "unknown option", word);
    return option_set(r, option, place, word[2 + len] == '=' ? word + 2 + len + 1 : NULL, word);
}

/* -a VALUE, -aVALUE, and flags together: -yh */
static bool option_letters(reading *r, const char *word) {
    for (const char *letter = word + 1; *letter; letter++) {
        const char **place;
        const app_option *option = option_place(r, NULL, 0, *letter, &place);
        if (!option) return mistake(r, "unknown option", word);
        if (!option->argument) {
            if (!option_set(r, option, place, NULL, word)) return false;
            continue;
        }
        return option_set(r, option, place, letter[1] ? letter + 1 : NULL, word);
    }
    return true;
}

/* A word that is an option; a dash alone is none. */
static bool is_option(const char *word) {
    return word[0] == '-' && word[1] != '\0';
}

static bool option_read(reading *r, const char *word) {
    return word[1] == '-' ? option_long(r, word) : option_letters(r, word);
}

static bool words_read(reading *r) {
    bool options = true;
    while (r->at < r->count) {
        const char *word = r->words[r->at++];
        if (options && strcmp(word, "--") == 0) {
            options = false;
        } else if (options && is_option(word)) {
            if (!option_read(r, word)) return false;
        } else {
            if (r->to->count == r->to->topic->most || r->to->count == APP_POSITIONAL_MAX)
                return mistake(r, r->to->topic->most == 0 ? "takes no argument, not" : "too many arguments, from",
                               word);
            r->to->positional[r->to->count++] = word;
        }
    }
    return true;
}

/* How many options take their file from standard input. */
static size_t inputs_of(const app_option *table, const char *const *given) {
    size_t count = 0;
    for (size_t i = 0; table[i].name; i++)
        if (given[i] && table[i].argument && strcmp(table[i].argument, "FILE") == 0 && strcmp(given[i], "-") == 0)
            count++;
    return count;
}

bool app_arguments_read(app_arguments *ret, const app_topic *topic, const char *const *words, size_t count,
                        const app_output *output) {
    reading r = {ret, words, count, 0, output};
    ret->topic = topic;
    if (!words_read(&r)) return false;
    if (app_argument(ret, "help")) return true; /* nothing else matters then */
    if (ret->count < topic->least) return mistake(&r, "an argument is missing:", topic->arguments);
    if (inputs_of(topic->options, ret->given) + inputs_of(app_text_common, ret->common) > 1)
        return mistake(&r, "standard input can be one file only:", "-");
    return true;
}

size_t app_arguments_common(app_arguments *ret, const char *const *words, size_t count, const app_output *output) {
    reading r = {ret, words, count, 0, output};
    while (r.at < r.count && is_option(words[r.at])) {
        const char *word = words[r.at++];
        if (strcmp(word, "--") == 0) break;
        if (!option_read(&r, word)) return SIZE_MAX;
    }
    return r.at;
}

const char *app_argument(const app_arguments *arguments, const char *name) {
    size_t at;
    if (arguments->topic && option_find(arguments->topic->options, name, strlen(name), 0, &at))
        return arguments->given[at];
    if (option_find(app_text_common, name, strlen(name), 0, &at)) return arguments->common[at];
    return NULL;
}

bool app_argument_set(app_arguments *arguments, const char *name, const char *value) {
    size_t at;
    if (!arguments->topic || !option_find(arguments->topic->options, name, strlen(name), 0, &at)) return false;
    arguments->given[at] = value;
    return true;
}

const char *app_argument_at(const app_arguments *arguments, const char *name, size_t which) {
    size_t at, seen = 0;
    if (which == 0) return app_argument(arguments, name);
    if (!arguments->topic || !option_find(arguments->topic->options, name, strlen(name), 0, &at)) return NULL;
    for (size_t i = 0; i < arguments->again_count; i++)
        if (arguments->again[i].option == at && ++seen == which) return arguments->again[i].value;
    return NULL;
}

bool app_argument_address(const char *text, char ret_host[256], uint16_t *ret_port) {
    const char *colon = strrchr(text, ':');
    if (!colon) return false;
    size_t len = (size_t)(colon - text);
    const char *host = text;
    if (*text == '[') { /* an IPv6 address has colons of its own */
        if (len < 2 || text[len - 1] != ']') return false;
        host++;
        len -= 2;
    } else if (memchr(text, ':', len)) {
        return false;
    }
    size_t digits = strspn(colon + 1, "0123456789");
    if (len == 0 || len > 255 || digits == 0 || digits > 5 || colon[1 + digits] != '\0') return false;
    unsigned long port = strtoul(colon + 1, NULL, 10);
    if (port == 0 || port > 65535) return false;
    for (size_t i = 0; i < len; i++)
        if (host[i] <= ' ' || host[i] == 0x7f) return false;
    memcpy(ret_host, host, len);
    ret_host[len] = '\0';
    *ret_port = (uint16_t)port;
    return true;
}
