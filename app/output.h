/* SPDX-License-Identifier: ISC
 *
 * Where a command says things. A command does not know whether it runs in its own process, with the standard streams
 * at the other end, or in the process that holds the account, on behalf of another one. What it prints as text is
 * cleaned on the way (app/clean.h): that is not left to each place that prints. */
#ifndef APP_OUTPUT_H
#define APP_OUTPUT_H

#include <stdarg.h>

#include "bytes/buffer.h"

/* What the two streams of the person are like. */
typedef struct app_screen {
    bool out_terminal, err_terminal;
    bool colours; /* on a terminal, unless NO_COLOR */
    bool ascii;   /* a terminal whose encoding is not UTF-8 */
    uint16_t width;
} app_screen;

/* PROMPT: what stands in front of the line that is being typed, for who has one; the next takes its place. */
typedef enum app_stream { APP_OUT, APP_ERR, APP_PROMPT } app_stream;

typedef struct app_output {
    void (*write)(void *arg, app_stream, sotto_bytes);
    void *arg;
    const bool *failed; /* whether standard output could not be written; NULL: it is not known here */
    app_screen screen;
} app_output;

static inline bool app_output_failed(const app_output *output) {
    return output->failed && *output->failed;
}

#define APP_OUTPUT_BYTES_MAX (4u * 1024u * 1024u) /* one call; a message of a megabyte grows when it is cleaned */

/* printf of %s, %.*s, %u, %zu, %lu, %llu, %c and %%, no more. Whatever comes in through %s and %.*s is cleaned and is
 * one line; the format is the program's own. */
void app_print(const app_output *, app_stream, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A text of several lines; every line but the first begins with `margin`. */
void app_print_lines(const app_output *, app_stream, sotto_bytes text, const char *margin);
/* Bytes that are safe as they are: JSON, a QR code. */
void app_put(const app_output *, app_stream, sotto_bytes);
/* Colours, where there are any. */
typedef enum app_colour { APP_PLAIN, APP_BOLD, APP_DIM, APP_RED, APP_GREEN, APP_YELLOW } app_colour;
void app_colour_to(const app_output *, app_stream, app_colour);

/* The same format into a buffer (for sentences that are put together from parts). */
void app_format(bytes_buffer *, bool ascii, const char *format, ...) __attribute__((format(printf, 3, 4)));

void app_format_list(bytes_buffer *, bool ascii, const char *format, va_list);

/* The process's own standard streams. *failed becomes true when standard output takes nothing any more, which is told.
 */
app_output app_output_standard(bool *failed);

#endif
