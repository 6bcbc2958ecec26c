/* SPDX-License-Identifier: ISC
 *
 * Terminal input, character by character: with the terminal's own line editing Ctrl-C could only be seen as a signal,
 * and a handler that restores the terminal would need a global variable. */
#include "app/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "bytes/memory.h"
#include "bytes/span.h"

#define WITH_CONTROL(letter) ((letter)&0x1f)
#define DELETE               0x7f
#define ANSWER_BYTES_MAX     16u

int app_terminal_open(void) {
    return open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
}

static void tell(int fd, const char *text) {
    sotto_bytes rest = bytes_text(text);
    while (rest.len > 0) {
        ssize_t done = write(fd, rest.at, rest.len);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return;
        rest = bytes_after(rest, (size_t)done);
    }
}

/* ---- secrets ---- */

/* Takes away the last character, which may have several bytes. */
static void secret_erase(app_secret *secret) {
    while (secret->len > 0 && (secret->bytes[secret->len - 1] & 0xc0) == 0x80) secret->bytes[--secret->len] = 0;
    if (secret->len > 0) secret->bytes[--secret->len] = 0;
}

typedef enum key_result { KEY_MORE, KEY_DONE, KEY_CANCEL, KEY_FULL } key_result;

static key_result secret_key(app_secret *secret, uint8_t key) {
    switch (key) {
    case '\r':
    case '\n':
        return KEY_DONE;
    case WITH_CONTROL('c'):
    case WITH_CONTROL('\\'):
        return KEY_CANCEL;
    case WITH_CONTROL('d'):
        return secret->len == 0 ? KEY_CANCEL : KEY_DONE;
    case WITH_CONTROL('u'):
        bytes_wipe(secret->bytes, sizeof secret->bytes);
        secret->len = 0;
        return KEY_MORE;
    case WITH_CONTROL('h'):
    case DELETE:
        secret_erase(secret);
        return KEY_MORE;
    default:
        break;
    }
    if (secret->len == sizeof secret->bytes) return KEY_FULL;
    secret->bytes[secret->len++] = key;
    return KEY_MORE;
}

/* Reads until the line ends. A signal that waits in `signals` ends the reading; its default action comes later. */
static key_result secret_keys(int fd, int signals, app_secret *secret) {
    key_result result = KEY_MORE;
    while (result == KEY_MORE) {
        struct pollfd waits[2] = {{.fd = fd, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
        if (poll(waits, 2, -1) < 0) {
            if (errno == EINTR) continue;
            return KEY_CANCEL;
        }
        if (waits[1].revents) return KEY_CANCEL;
        uint8_t key = 0;
        ssize_t got = read(fd, &key, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return KEY_CANCEL;
        result = secret_key(secret, key);
    }
    return result;
}

/* Signals that end the process wait until the terminal is as it was. SIGTSTP is left alone: without ISIG no key
 * makes it. */
static int signals_hold(sigset_t *ret_before) {
    sigset_t ending;
    (void)sigemptyset(&ending);
    (void)sigaddset(&ending, SIGINT);
    (void)sigaddset(&ending, SIGTERM);
    (void)sigaddset(&ending, SIGHUP);
    (void)sigaddset(&ending, SIGQUIT);
    int fd = signalfd(-1, &ending, SFD_CLOEXEC);
    if (fd >= 0 && sigprocmask(SIG_BLOCK, &ending, ret_before) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

sotto_status app_terminal_secret(int fd, const char *prompt, app_secret *ret) {
    struct termios before, quiet;
    sigset_t mask;
    if (tcgetattr(fd, &before) != 0) return SOTTO_FAIL(SYSTEM);
    int signals = signals_hold(&mask);
    if (signals < 0) return SOTTO_FAIL(SYSTEM);
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    app_secret secret = {.len = 0};
    key_result result = KEY_CANCEL;
    /* TCSAFLUSH: what was typed before the question is no answer to it. */
    if (tcsetattr(fd, TCSAFLUSH, &quiet) == 0) {
        tell(fd, prompt);
        result = secret_keys(fd, signals, &secret);
        (void)tcsetattr(fd, TCSAFLUSH, &before);
        tell(fd, "\n");
    }
    (void)close(signals);
    (void)sigprocmask(SIG_SETMASK, &mask, NULL); /* now a signal that came meanwhile does what it does */
    bool done = result == KEY_DONE && secret.len > 0;
    if (done) *ret = secret;
    bytes_wipe(&secret, sizeof secret);
    if (result == KEY_FULL) return SOTTO_FAIL(TOO_LARGE);
    return done ? SOTTO_OK : SOTTO_FAIL(CANCELLED);
}

/* Reads until one of `keys` is pressed; a signal in `signals` ends it. */
static char key_wait(int fd, int signals, const char *keys) {
    for (;;) {
        struct pollfd waits[2] = {{.fd = fd, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
        if (poll(waits, 2, -1) < 0) {
            if (errno == EINTR) continue;
            return '\0';
        }
        char key = '\0';
        if (waits[1].revents) return '\0';
        ssize_t got = read(fd, &key, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0 || key == WITH_CONTROL('c') || key == WITH_CONTROL('d') || key == WITH_CONTROL('\\')) return '\0';
        if (key >= 'A' && key <= 'Z') key = (char)(key - 'A' + 'a');
        if (key != '\0' && strchr(keys, key)) return key;
    }
}

char app_terminal_key(int fd, const char *question, const char *keys) {
    struct termios before, raw;
    sigset_t mask;
    char key = '\0';
    if (fd < 0 || tcgetattr(fd, &before) != 0) return '\0';
    int signals = signals_hold(&mask);
    if (signals < 0) return '\0';
    raw = before;
    raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    /* TCSAFLUSH: what was typed before the question is no answer to it. */
    if (tcsetattr(fd, TCSAFLUSH, &raw) == 0) {
        char shown[3] = {0, '\n', 0};
        tell(fd, question);
        key = key_wait(fd, signals, keys);
        shown[0] = key != '\0' ? key : ' ';
        (void)tcsetattr(fd, TCSAFLUSH, &before);
        tell(fd, shown);
    }
    (void)close(signals);
    (void)sigprocmask(SIG_SETMASK, &mask, NULL);
    return key;
}

bool app_terminal_answer(int fd, const char *question, char *ret, size_t size) {
    size_t len = 0;
    bool fits = true;
    if (fd < 0) return false;
    tell(fd, question);
    for (;;) {
        char c;
        ssize_t got = read(fd, &c, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        if (c == '\n' || c == '\r') break;
        fits = fits && len + 1 < size;
        if (fits) ret[len++] = c;
    }
    ret[len] = '\0';
    return fits && len > 0;
}

bool app_terminal_confirm(int fd, const char *question) {
    char answer[ANSWER_BYTES_MAX];
    if (!app_terminal_answer(fd, question, answer, sizeof answer)) return false;
    return strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
}

/* ---- files ---- */

/* Everything up to the first line end, the end of the file, or one byte too many. */
static sotto_status secret_read(int fd, app_secret *secret) {
    for (;;) {
        uint8_t c;
        ssize_t got = read(fd, &c, 1); /* one at a time: what follows in standard input is somebody else's */
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return SOTTO_FAIL(SYSTEM);
        if (got == 0 || c == '\n') break;
        if (c == '\0') return SOTTO_FAIL(MALFORMED);
        if (secret->len == sizeof secret->bytes) return SOTTO_FAIL(TOO_LARGE);
        secret->bytes[secret->len++] = c;
    }
    if (secret->len > 0 && secret->bytes[secret->len - 1] == '\r') secret->bytes[--secret->len] = 0;
    return secret->len > 0 ? SOTTO_OK : SOTTO_FAIL(MALFORMED);
}

sotto_status app_secret_from_file(const char *path, app_secret *ret, bool *ret_open) {
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? SOTTO_FAIL(NOT_FOUND) : SOTTO_FAIL(SYSTEM);
    struct stat about;
    bool others = !standard && fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && (about.st_mode & 077) != 0;
    app_secret secret = {.len = 0};
    sotto_status status = secret_read(fd, &secret);
    if (!standard) (void)close(fd);
    if (sotto_ok(status)) {
        *ret = secret;
        *ret_open = others;
    }
    bytes_wipe(&secret, sizeof secret);
    return status;
}

/* ---- progress ---- */

void app_progress(const app_output *output, const char *text) {
    if (!output->screen.err_terminal || !output->screen.colours) return; /* a dumb terminal cannot erase a line */
    app_put(output, APP_ERR, BYTES_LITERAL("\r\033[K"));
    app_print(output, APP_ERR, "%s", text);
}
