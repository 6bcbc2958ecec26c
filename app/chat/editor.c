/* SPDX-License-Identifier: ISC
 *
 * libedit, unbuffered: el_wgets then reads one key and returns. Its own reading of keys is replaced (EL_GETCFN) by one
 * that takes them from a buffer and says when there are none, so that the loop is never kept waiting; only the rest of
 * a key that sends several bytes (an arrow) is waited for, briefly. Keys that would make libedit ask for more by itself
 * (incremental search, quoting) are unbound. Enter, Ctrl-D, Ctrl-R and Ctrl-V are dealt with here.
 *
 * Text above the line: the line is erased, from the row where it begins (rows are counted as libedit lays them out),
 * the text printed, and libedit told to draw everything again. */
#include "app/chat/editor.h"

#include <errno.h>
#include <fcntl.h>
#include <histedit.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "bytes/memory.h"
#include "bytes/span.h"
#include "stanza/utf8.h"

#define KEYS_BYTES_MAX    65536u
#define PROMPT_POINTS_MAX 120u
#define LINES_KEPT        100
#define REST_OF_KEY_MS    50
#define WITH_CONTROL(key) ((key)&0x1f)

struct app_editor {
    EditLine *line;
    HistoryW *history;
    FILE *in, *out;
    int in_fd, out_fd;
    app_editor_owner owner;
    const app_chat_command *commands;
    uint8_t keys[KEYS_BYTES_MAX];
    size_t keys_at, keys_len;
    bool inside; /* libedit is reading a key: the rest of it is waited for */
    bool gone;
    wchar_t prompt[PROMPT_POINTS_MAX + 1];
    wchar_t before[256]; /* the beginning of the line, to see whether it changed */
    size_t before_len;
};

/* ---- keys ---- */

/* What is there, without waiting. False: the end. */
static bool keys_fill(app_editor *editor) {
    if (editor->keys_at > 0) {
        memmove(editor->keys, editor->keys + editor->keys_at, editor->keys_len - editor->keys_at);
        editor->keys_len -= editor->keys_at;
        editor->keys_at = 0;
    }
    if (editor->keys_len == sizeof editor->keys) return true;
    ssize_t got = read(editor->in_fd, editor->keys + editor->keys_len, sizeof editor->keys - editor->keys_len);
    if (got > 0) {
        editor->keys_len += (size_t)got;
        return true;
    }
    return got < 0 && (errno == EAGAIN || errno == EINTR);
}

/* One character. 0: not whole yet. What is no UTF-8 counts as a question mark. */
static size_t key_next(const app_editor *editor, uint32_t *ret) {
    sotto_bytes rest = bytes_of(editor->keys + editor->keys_at, editor->keys_len - editor->keys_at);
    size_t at = 0;
    if (rest.len == 0) return 0;
    uint8_t first = rest.at[0];
    size_t whole = first < 0xc2 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 1;
    if (rest.len < whole) return 0;
    if (stanza_utf8_next(rest, &at, ret)) return at;
    *ret = '?';
    return 1;
}

static int key_get(EditLine *line, wchar_t *ret) {
    void *data = NULL;
    uint32_t point = 0;
    (void)el_wget(line, EL_CLIENTDATA, &data);
    app_editor *editor = data;
    size_t len = key_next(editor, &point);
    if (len == 0 && editor->inside) {
        struct pollfd more = {.fd = editor->in_fd, .events = POLLIN};
        if (poll(&more, 1, REST_OF_KEY_MS) > 0 && keys_fill(editor)) len = key_next(editor, &point);
    }
    if (len == 0) {
        errno = EAGAIN;
        return -1;
    }
    editor->inside = true;
    editor->keys_at += len;
    *ret = (wchar_t)point;
    return 1;
}

/* ---- the line ---- */

static size_t line_length(const app_editor *editor) {
    const LineInfoW *line = el_wline(editor->line);
    return (size_t)(line->lastchar - line->buffer);
}

static void line_utf8(const app_editor *editor, bytes_buffer *to) {
    const LineInfoW *line = el_wline(editor->line);
    for (const wchar_t *at = line->buffer; at < line->lastchar; at++) {
        uint8_t form[4];
        bytes_buffer_put(to, bytes_of(form, stanza_utf8_put(form, (uint32_t)*at)));
    }
}

/* Whether it changed since it was looked at last; only its beginning and its length are compared. */
static bool line_changed(app_editor *editor) {
    const LineInfoW *line = el_wline(editor->line);
    size_t len = line_length(editor), most = sizeof editor->before / sizeof *editor->before;
    size_t shown = len < most ? len : most;
    bool same = len == editor->before_len && wmemcmp(line->buffer, editor->before, shown) == 0;
    editor->before_len = len;
    wmemcpy(editor->before, line->buffer, shown);
    return !same;
}

/* As libedit lays it out: a control takes two columns, a wide character does not begin in the last one. */
static void columns_add(wchar_t c, unsigned width, unsigned *row, unsigned *column) {
    int w = wcwidth(c);
    unsigned takes = w < 0 ? 2 : (unsigned)w;
    if (takes == 2 && *column + 1 >= width) {
        ++*row;
        *column = 0;
    }
    *column += takes;
    if (*column >= width) {
        ++*row;
        *column = 0;
    }
}

static unsigned cursor_row(const app_editor *editor) {
    struct winsize size;
    unsigned width = 80, row = 0, column = 0;
    const LineInfoW *line = el_wline(editor->line);
    if (ioctl(editor->out_fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) width = size.ws_col;
    for (const wchar_t *at = editor->prompt; *at; at++) columns_add(*at, width, &row, &column);
    for (const wchar_t *at = line->buffer; at < line->cursor; at++) columns_add(*at, width, &row, &column);
    return row;
}

static void out(const app_editor *editor, sotto_bytes bytes) {
    while (bytes.len > 0) {
        ssize_t done = write(editor->out_fd, bytes.at, bytes.len);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return;
        bytes = bytes_after(bytes, (size_t)done);
    }
}

static void erase(const app_editor *editor) {
    char text[32];
    unsigned row = cursor_row(editor);
    int len = row > 0 ? snprintf(text, sizeof text, "\r\033[%uA\033[J", row) : snprintf(text, sizeof text, "\r\033[J");
    out(editor, bytes_of(text, (size_t)len));
}

static void draw(const app_editor *editor) {
    (void)el_wset(editor->line, EL_REFRESH);
}

/* ---- enter ---- */

static void remember(const app_editor *editor, const wchar_t *text) {
    HistEventW event;
    (void)history_w(editor->history, &event, H_ENTER, text);
}

/* The line goes to its owner, who prints what becomes of it; and a new one begins. */
static void take_line(app_editor *editor) {
    bytes_buffer text;
    sotto_bytes whole;
    const LineInfoW *line = el_wline(editor->line);
    size_t len = line_length(editor);
    bytes_buffer_owned(&text, sotto_host_default(), KEYS_BYTES_MAX * 8u);
    line_utf8(editor, &text);
    wchar_t *copy = calloc(len + 1, sizeof *copy);
    if (copy) {
        wmemcpy(copy, line->buffer, len);
        if (len > 0) remember(editor, copy);
        free(copy);
    }
    erase(editor);
    (void)el_wset(editor->line, EL_UNBUFFERED, 0);
    (void)el_wset(editor->line, EL_UNBUFFERED, 1);
    editor->before_len = 0;
    if (sotto_ok(bytes_buffer_end(&text, &whole))) editor->owner.line(editor->owner.arg, whole);
    bytes_buffer_free(&text);
}

/* ---- completion ---- */

/* "/tr" becomes "/trust "; several that fit: what they have in common. */
static unsigned char complete(EditLine *line, int key) {
    void *data = NULL;
    wchar_t add[32];
    (void)key;
    (void)el_wget(line, EL_CLIENTDATA, &data);
    const app_editor *editor = data;
    const LineInfoW *info = el_wline(line);
    size_t len = (size_t)(info->cursor - info->buffer), common = 0, fits = 0;
    const char *first = NULL;
    for (const app_chat_command *c = editor->commands; c->name; c++) {
        size_t i = 0;
        while (i < len && c->name[i] && (wchar_t)(unsigned char)c->name[i] == info->buffer[i]) i++;
        if (i < len) continue;
        if (fits++ == 0) {
            first = c->name;
            common = strlen(first);
        }
        for (i = 0; i < common && first[i] == c->name[i];) i++;
        common = i;
    }
    if (len == 0 || fits == 0) return CC_ERROR;
    size_t count = 0;
    for (size_t i = len; i < common && count + 2 < sizeof add / sizeof *add; i++)
        add[count++] = (wchar_t)(unsigned char)first[i];
    if (fits == 1) add[count++] = L' ';
    add[count] = L'\0';
    if (count == 0) return CC_ERROR;
    return el_winsertstr(line, add) == 0 ? CC_REFRESH : CC_ERROR;
}

/* ---- beginning and ending ---- */

static wchar_t *prompt_of(EditLine *line) {
    void *data = NULL;
    (void)el_wget(line, EL_CLIENTDATA, &data);
    return ((app_editor *)data)->prompt;
}

static void bind_keys(EditLine *line) {
    (void)el_wset(line, EL_ADDFN, L"sotto-complete", L"completes a command", complete);
    (void)el_wset(line, EL_BIND, L"^I", L"sotto-complete", NULL);
    (void)el_wset(line, EL_BIND, L"^R", L"ed-ignore", NULL);
    (void)el_wset(line, EL_BIND, L"^S", L"ed-ignore", NULL);
    (void)el_wset(line, EL_BIND, L"^V", L"ed-ignore", NULL);
    (void)el_wset(line, EL_BIND, L"\\ex", L"ed-ignore", NULL);
    (void)el_wset(line, EL_BIND, L"\\eX", L"ed-ignore", NULL);
    (void)el_wset(line, EL_BIND, L"\\e[3~", L"ed-delete-next-char", NULL);
}

/* A stream of its own over the same terminal, which no other program gets. */
static FILE *stream_of(int fd, const char *mode) {
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    FILE *stream = own >= 0 ? fdopen(own, mode) : NULL;
    if (!stream && own >= 0) (void)close(own);
    return stream;
}

static bool open_line(app_editor *editor) {
    HistEventW event;
    editor->in = stream_of(editor->in_fd, "r");
    editor->out = stream_of(editor->out_fd, "w");
    editor->history = history_winit();
    if (!editor->in || !editor->out || !editor->history) return false;
    editor->line = el_init("sotto", editor->in, editor->out, editor->out);
    if (!editor->line) return false;
    (void)history_w(editor->history, &event, H_SETSIZE, LINES_KEPT);
    (void)history_w(editor->history, &event, H_SETUNIQUE, 1);
    (void)el_wset(editor->line, EL_CLIENTDATA, editor);
    (void)el_wset(editor->line, EL_PROMPT, prompt_of);
    (void)el_wset(editor->line, EL_EDITOR, L"emacs");
    (void)el_wset(editor->line, EL_SIGNAL, 0);
    (void)el_wset(editor->line, EL_HIST, history_w, editor->history);
    (void)el_wset(editor->line, EL_GETCFN, key_get);
    bind_keys(editor->line);
    return el_wset(editor->line, EL_UNBUFFERED, 1) == 0;
}

sotto_status app_editor_new(app_editor **ret, int in, int out_fd, const app_chat_command *commands,
                            const app_editor_owner *owner) {
    if (isatty(in) != 1 || isatty(out_fd) != 1) return SOTTO_FAIL(SYSTEM);
    app_editor *editor = bytes_new(sotto_host_default(), sizeof *editor);
    if (!editor) return SOTTO_FAIL(NO_MEMORY);
    editor->in_fd = in;
    editor->out_fd = out_fd;
    editor->commands = commands;
    editor->owner = *owner;
    if (!open_line(editor)) {
        app_editor_free(editor);
        return SOTTO_FAIL(SYSTEM);
    }
    *ret = editor;
    return SOTTO_OK;
}

void app_editor_free(app_editor *editor) {
    if (!editor) return;
    if (editor->line) {
        erase(editor);
        (void)el_wset(editor->line, EL_UNBUFFERED, 0);
        el_end(editor->line);
    }
    if (editor->history) history_wend(editor->history);
    if (editor->in) (void)fclose(editor->in);
    if (editor->out) (void)fclose(editor->out);
    bytes_free(sotto_host_default(), editor, sizeof *editor);
}

/* ---- what happens ---- */

/* One key. False: none is whole. */
static bool take_key(app_editor *editor) {
    int count = 0;
    uint32_t point = 0;
    size_t len = key_next(editor, &point);
    if (len == 0) return false;
    if (point == '\r' || point == '\n') {
        editor->keys_at += len;
        take_line(editor);
        return true;
    }
    if (point == WITH_CONTROL('d') && line_length(editor) == 0) {
        editor->keys_at += len;
        editor->owner.end(editor->owner.arg);
        return true;
    }
    /* No character of any text, so that nobody who goes on writing does by accident what was offered. */
    if (point == WITH_CONTROL('r') || point == WITH_CONTROL('v')) {
        void (*then)(void *arg) = point == WITH_CONTROL('r') ? editor->owner.agree : editor->owner.same;
        editor->keys_at += len;
        then(editor->owner.arg);
        return true;
    }
    editor->inside = false;
    (void)el_wgets(editor->line, &count);
    editor->inside = false;
    const LineInfoW *line = el_wline(editor->line);
    if (line_changed(editor) && line_length(editor) > 0 && line->buffer[0] != L'/')
        editor->owner.typing(editor->owner.arg);
    return true;
}

bool app_editor_read(app_editor *editor) {
    bool there = keys_fill(editor);
    while (take_key(editor)) continue;
    return there;
}

void app_editor_print(app_editor *editor, sotto_bytes text) {
    erase(editor);
    out(editor, text);
    draw(editor);
}

void app_editor_prompt(app_editor *editor, sotto_bytes text) {
    size_t at = 0, count = 0;
    erase(editor);
    while (at < text.len && count < PROMPT_POINTS_MAX) {
        uint32_t point;
        if (!stanza_utf8_next(text, &at, &point)) {
            at++;
            point = '?';
        }
        editor->prompt[count++] = (wchar_t)point;
    }
    editor->prompt[count] = L'\0';
    draw(editor);
}

void app_editor_resized(app_editor *editor) {
    el_resize(editor->line);
    (void)el_wset(editor->line, EL_PREP_TERM, 1);
    erase(editor);
    draw(editor);
}

bool app_editor_clear(app_editor *editor) {
    if (line_length(editor) == 0) return false;
    erase(editor);
    (void)el_wset(editor->line, EL_UNBUFFERED, 0);
    (void)el_wset(editor->line, EL_UNBUFFERED, 1);
    editor->before_len = 0;
    return true;
}
