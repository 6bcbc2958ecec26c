/* SPDX-License-Identifier: ISC
 *
 * Printing. The formatter is our own because cleaning must happen to arguments and not to formats, and so that the
 * compiler still checks both against each other. */
#include "app/output.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app/clean.h"
#include "bytes/span.h"

#define WIDTH_DEFAULT 80u
#define WIDTH_MIN     20u

/* clang-tidy looks at the function by itself and takes a list behind a pointer for one that was never started; both
 * callers start it. NOLINTBEGIN(clang-analyzer-valist.Uninitialized) */

/* One conversion after its '%'. Returns what follows it; an unknown one makes the buffer fail. */
static const char *convert(bytes_buffer *to, bool ascii, const char *at, va_list *args) {
    if (strncmp(at, ".*s", 3) == 0) {
        int len = va_arg(*args, int);
        const char *text = va_arg(*args, const char *);
        app_clean_line(to, bytes_of(text, len > 0 ? (size_t)len : 0), ascii);
        return at + 3;
    }
    if (strncmp(at, "zu", 2) == 0) {
        bytes_buffer_decimal(to, va_arg(*args, size_t));
        return at + 2;
    }
    if (strncmp(at, "llu", 3) == 0) {
        bytes_buffer_decimal(to, va_arg(*args, unsigned long long));
        return at + 3;
    }
    if (strncmp(at, "lu", 2) == 0) {
        bytes_buffer_decimal(to, va_arg(*args, unsigned long));
        return at + 2;
    }
    switch (*at) {
    case 's':
        app_clean_line(to, bytes_text(va_arg(*args, const char *)), ascii);
        break;
    case 'u':
        bytes_buffer_decimal(to, va_arg(*args, unsigned));
        break;
    case 'c': {
        char one = (char)va_arg(*args, int);
        app_clean_line(to, bytes_of(&one, 1), ascii);
        break;
    }
    case '%':
        bytes_buffer_u8(to, '%');
        break;
    default:
        bytes_buffer_fail(to, SOTTO_FAIL(USAGE));
        return at;
    }
    return at + 1;
}
/* NOLINTEND(clang-analyzer-valist.Uninitialized) */

static void format_all(bytes_buffer *to, bool ascii, const char *format, va_list *args) {
    while (*format) {
        size_t plain = strcspn(format, "%");
        bytes_buffer_put(to, bytes_of(format, plain));
        format += plain;
        if (*format == '%') format = convert(to, ascii, format + 1, args);
        if (!sotto_ok(to->status)) return;
    }
}

void app_format_list(bytes_buffer *to, bool ascii, const char *format, va_list args) {
    va_list own;
    va_copy(own, args);
    format_all(to, ascii, format, &own);
    va_end(own);
}

void app_format(bytes_buffer *to, bool ascii, const char *format, ...) {
    va_list args;
    va_start(args, format);
    format_all(to, ascii, format, &args);
    va_end(args);
}

/* A call that fails (memory) prints nothing: half a line could mean something else. */
static void put_all(const app_output *output, app_stream stream, bytes_buffer *text) {
    sotto_bytes all;
    if (sotto_ok(bytes_buffer_end(text, &all)) && all.len > 0) output->write(output->arg, stream, all);
    bytes_buffer_free(text);
}

void app_print(const app_output *output, app_stream stream, const char *format, ...) {
    bytes_buffer text;
    bytes_buffer_owned(&text, sotto_host_default(), APP_OUTPUT_BYTES_MAX);
    va_list args;
    va_start(args, format);
    format_all(&text, output->screen.ascii, format, &args);
    va_end(args);
    put_all(output, stream, &text);
}

void app_print_lines(const app_output *output, app_stream stream, sotto_bytes text, const char *margin) {
    bytes_buffer clean;
    bytes_buffer_owned(&clean, sotto_host_default(), APP_OUTPUT_BYTES_MAX);
    app_clean_lines(&clean, text, margin, output->screen.ascii);
    put_all(output, stream, &clean);
}

void app_put(const app_output *output, app_stream stream, sotto_bytes bytes) {
    if (bytes.len > 0) output->write(output->arg, stream, bytes);
}

void app_colour_to(const app_output *output, app_stream stream, app_colour colour) {
    static const char *const codes[] = {"\033[0m", "\033[1m", "\033[2m", "\033[31m", "\033[32m", "\033[33m"};
    bool terminal = stream == APP_OUT ? output->screen.out_terminal : output->screen.err_terminal;
    if (terminal && output->screen.colours) app_put(output, stream, bytes_text(codes[colour]));
}

/* ---- the standard streams ---- */

static bool write_all(int fd, sotto_bytes bytes) {
    while (bytes.len > 0) {
        ssize_t done = write(fd, bytes.at, bytes.len);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        bytes = bytes_after(bytes, (size_t)done);
    }
    return true;
}

static const app_output standard_error;

/* Unbuffered: a reader of a pipe sees each line when it is written. That standard output takes nothing is told once;
 * when standard error takes nothing there is nobody to tell, and what was asked for is not in it. */
static void standard_write(void *arg, app_stream stream, sotto_bytes bytes) {
    bool *failed = arg;
    if (stream == APP_PROMPT) return; /* no line is typed here */
    if (stream == APP_ERR) {
        (void)write_all(STDERR_FILENO, bytes);
    } else if (!*failed && !write_all(STDOUT_FILENO, bytes)) {
        *failed = true;
        app_print(&standard_error, APP_ERR, "sotto: Standard output cannot be written: %s.\n", strerror(errno));
    }
}

static const app_output standard_error = {.write = standard_write};

static uint16_t screen_width(void) {
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return WIDTH_DEFAULT;
    return size.ws_col < WIDTH_MIN ? WIDTH_MIN : size.ws_col;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): it is written through what is made of it */
app_output app_output_standard(bool *failed) {
    app_output output = {.write = standard_write, .arg = failed, .failed = failed};
    app_screen *screen = &output.screen;
    const char *no_colour = getenv("NO_COLOR"); /* https://no-color.org: any value that is not empty */
    const char *kind = getenv("TERM");
    (void)setlocale(LC_CTYPE, "");
    screen->out_terminal = isatty(STDOUT_FILENO) == 1;
    screen->err_terminal = isatty(STDERR_FILENO) == 1;
    bool terminal = screen->out_terminal || screen->err_terminal;
    screen->colours = terminal && !(no_colour && *no_colour) && kind && strcmp(kind, "dumb") != 0;
    screen->ascii = terminal && strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
    screen->width = screen_width();
    return output;
}
