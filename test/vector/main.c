/* SPDX-License-Identifier: ISC
 *
 * vector-port: reads requests from stdin, one a line, and answers each with one line, flushed, in order, until the end
 * of input. It takes no arguments. */
#include <stdio.h>

#include "bytes/memory.h"
#include "bytes/span.h"
#include "vector_port.h"

/* The next line without its break, of any length: of one that is too long only so much is kept that it can be told.
 * False: the end of input. */
static bool line_read(uint8_t *line, size_t size, size_t *ret_len) {
    size_t len = 0;
    int c = getc_unlocked(stdin);
    if (c == EOF) return false;
    for (; c != EOF && c != '\n'; c = getc_unlocked(stdin)) {
        if (len < size) line[len++] = (uint8_t)c;
    }
    *ret_len = len;
    return true;
}

static bool line_write(const bytes_buffer *answer) {
    sotto_bytes text;
    if (!sotto_ok(bytes_buffer_end(answer, &text))) return false;
    return fwrite(text.at, 1, text.len, stdout) == text.len && putchar('\n') != EOF && fflush(stdout) == 0;
}

int main(int argc, char **argv) {
    static uint8_t line[VECTOR_PORT_LINE_MAX + 1];
    const sotto_host *host = sotto_host_default();
    vector_port *port;
    bytes_buffer answer;
    size_t len;
    if (argc != 1) {
        (void)fprintf(stderr, "usage: %s\nreads requests from stdin: doc/vectors.md\n", argv[0]);
        return 2;
    }
    sotto_status status = vector_port_new(&port, host, VECTOR_PORT_PBKDF2_WORK);
    if (!sotto_ok(status)) {
        (void)fprintf(stderr, "vector-port: %s\n", sotto_status_text(status));
        return 1;
    }
    bytes_buffer_owned(&answer, host, VECTOR_PORT_ANSWER_MAX);
    bool fine = true;
    while (fine && line_read(line, sizeof line, &len)) {
        bytes_buffer_reset(&answer);
        vector_port_answer(port, bytes_of(line, len), &answer);
        fine = line_write(&answer);
    }
    bytes_buffer_free(&answer);
    bytes_wipe(line, sizeof line);
    vector_port_free(port);
    return fine ? 0 : 1;
}
