/* SPDX-License-Identifier: ISC
 *
 * Names. */
#include "app/files/name.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "app/clean.h"
#include "bytes/span.h"

/* ---- kinds ---- */

typedef struct kind {
    const char *ending, *type;
} kind;

/* What people send each other. A server sees the ending (doc/files.md), so only those that say nothing more than this.
 */
static const kind kinds[] = {
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"png", "image/png"},
    {"gif", "image/gif"},
    {"webp", "image/webp"},
    {"avif", "image/avif"},
    {"svg", "image/svg+xml"},
    {"heic", "image/heic"},
    {"mp4", "video/mp4"},
    {"webm", "video/webm"},
    {"mkv", "video/x-matroska"},
    {"mov", "video/quicktime"},
    {"mp3", "audio/mpeg"},
    {"ogg", "audio/ogg"},
    {"opus", "audio/ogg"},
    {"m4a", "audio/mp4"},
    {"wav", "audio/wav"},
    {"flac", "audio/flac"},
    {"txt", "text/plain"},
    {"csv", "text/csv"},
    {"md", "text/markdown"},
    {"html", "text/html"},
    {"json", "application/json"},
    {"xml", "application/xml"},
    {"pdf", "application/pdf"},
    {"zip", "application/zip"},
    {"gz", "application/gzip"},
    {"tar", "application/x-tar"},
    {"odt", "application/vnd.oasis.opendocument.text"},
    {NULL, NULL},
};

static const kind *kind_of(const char *name) {
    const char *dot = strrchr(name, '.');
    if (!dot || dot == name) return NULL;
    for (const kind *one = kinds; one->ending; one++)
        if (strcasecmp(dot + 1, one->ending) == 0) return one;
    return NULL;
}

const char *app_file_type(const char *name) {
    const kind *found = kind_of(name);
    return found ? found->type : "application/octet-stream";
}

const char *app_file_ending(const char *name) {
    const kind *found = kind_of(name);
    return found ? found->ending : "";
}

/* ---- names ---- */

static sotto_bytes last_part(sotto_bytes path) {
    size_t start = path.len;
    while (start > 0 && path.at[start - 1] != '/' && path.at[start - 1] != '\\') start--;
    return bytes_after(path, start);
}

/* How many bytes of valid UTF-8 fit, not cutting a character. */
static size_t fits(const char *text, size_t len, size_t most) {
    if (len <= most) return len;
    while (most > 0 && ((unsigned char)text[most] & 0xc0u) == 0x80u) most--;
    return most;
}

/* Where the ending begins; len: there is none worth keeping. */
static size_t ending_at(const char *name, size_t len) {
    for (size_t i = len; i > 0 && len - i <= APP_FILE_ENDING_MAX; i--)
        if (name[i - 1] == '.') return i > 1 ? i - 1 : len;
    return len;
}

/* The name with room for `extra` more bytes in front of its ending. */
static void put_shortened(const char *name, size_t len, const char *extra, char ret[APP_FILE_NAME_SIZE]) {
    size_t dot = ending_at(name, len), rest = len - dot, more = strlen(extra);
    size_t stem = fits(name, dot, SOTTO_FILE_NAME_BYTES_MAX - rest - more);
    (void)snprintf(ret, APP_FILE_NAME_SIZE, "%.*s%s%.*s", (int)stem, name, extra, (int)rest, name + dot);
}

static bool is_edge(char c) {
    return c == ' ' || c == '.';
}

/* Taken as the name of a device by file systems that a folder may lie on. */
static bool is_reserved(const char *name) {
    static const char *const names[] = {"con", "prn", "aux", "nul"};
    size_t len = strcspn(name, ".");
    if (len == 4 && (strncasecmp(name, "com", 3) == 0 || strncasecmp(name, "lpt", 3) == 0) && name[3] >= '0' &&
        name[3] <= '9')
        return true;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (len == 3 && strncasecmp(name, names[i], 3) == 0) return true;
    return false;
}

/* Whatever app/clean.h would not let to a terminal is U+FFFD after it, and that is left out; so is what some shell or
 * file system gives a meaning to. */
static size_t squeeze(char *name, size_t len) {
    size_t to = 0;
    for (size_t i = 0; i < len; i++) {
        if (len - i >= 3 && memcmp(name + i, "\xef\xbf\xbd", 3) == 0) {
            i += 2;
            continue;
        }
        char c = name[i];
        if (strchr("<>:\"|?*", c)) c = '_';
        name[to++] = c;
    }
    return to;
}

void app_file_name(sotto_bytes wanted, char ret[APP_FILE_NAME_SIZE]) {
    char memory[8192];
    bytes_buffer out;
    sotto_bytes clean;
    sotto_bytes part = last_part(wanted);
    if (part.len > 2000) part.len = 2000; /* what is cut in the middle of a character is replaced and left out */
    bytes_buffer_borrowed(&out, memory, sizeof memory - 1);
    app_clean_line(&out, part, false);
    size_t len = sotto_ok(bytes_buffer_end(&out, &clean)) ? squeeze(memory, clean.len) : 0;
    const char *name = memory;
    while (len > 0 && (is_edge(*name) || *name == '-' || *name == '~')) {
        name++;
        len--;
    }
    while (len > 0 && is_edge(name[len - 1])) len--;
    put_shortened(name, len, "", ret);
    if (len == 0 || is_reserved(ret)) (void)snprintf(ret, APP_FILE_NAME_SIZE, "file%s", len == 0 ? "" : "_");
}

static int digit_of(uint8_t c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void app_file_name_of_url(sotto_bytes segment, char ret[APP_FILE_NAME_SIZE]) {
    uint8_t plain[SOTTO_FILE_URL_BYTES_MAX];
    size_t len = 0;
    for (size_t i = 0; i < segment.len && len < sizeof plain; i++) {
        bool escape = segment.at[i] == '%' && segment.len - i > 2 && digit_of(segment.at[i + 1]) >= 0 &&
                      digit_of(segment.at[i + 2]) >= 0;
        plain[len++] =
            escape ? (uint8_t)(digit_of(segment.at[i + 1]) * 16 + digit_of(segment.at[i + 2])) : segment.at[i];
        if (escape) i += 2;
    }
    app_file_name(bytes_of(plain, len), ret);
}

void app_file_name_again(const char *name, unsigned which, char ret[APP_FILE_NAME_SIZE]) {
    char extra[16] = "";
    if (which > 1) (void)snprintf(extra, sizeof extra, " (%u)", which);
    put_shortened(name, strlen(name), extra, ret);
}

void app_file_size_text(uint64_t bytes, char ret[32]) {
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    unsigned unit = 0;
    uint64_t whole = bytes, rest = 0;
    if (bytes < 1024) {
        (void)snprintf(ret, 32, "%llu bytes", (unsigned long long)bytes);
        return;
    }
    for (; whole >= 1024; unit++) {
        rest = whole % 1024;
        whole /= 1024;
    }
    (void)snprintf(ret, 32, "%llu.%llu %s", (unsigned long long)whole, (unsigned long long)(rest * 10 / 1024),
                   units[unit - 1]);
}
