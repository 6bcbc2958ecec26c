/* SPDX-License-Identifier: ISC
 *
 * The settings' file. */
#include "app/home/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/clean.h"
#include "app/command.h"
#include "bytes/memory.h"
#include "bytes/span.h"
#include "stanza/utf8.h"
#include "trust/key.h"

typedef struct parsing {
    app_config config;
    bool seen_account, seen_connect, seen_direct_tls, seen_ca, seen_key, seen_history, seen_typing, seen_receipts;
    const char *name;
    size_t line;
    app_trouble *trouble;
    bool seen_trust;
} parsing;

static bool wrong(const parsing *p, const char *what, sotto_bytes which) {
    return app_trouble_set(p->trouble, "%s, line %zu: %s%s%.*s. Correct it, or run sotto setup again.", p->name,
                           p->line, what, which.len > 0 ? ": " : "", (int)which.len, (const char *)which.at);
}

/* ---- values ---- */

static bool value_account(parsing *p, sotto_bytes value) {
    char text[SOTTO_JID_BYTES_MAX + 1];
    if (value.len >= sizeof text) return wrong(p, "the address is too long", BYTES_LITERAL(""));
    memcpy(text, value.at, value.len);
    text[value.len] = '\0';
    return app_jid_read(text, p->config.account) || wrong(p, "not an address", value);
}

static bool value_connect(parsing *p, sotto_bytes value) {
    char text[300];
    if (value.len < sizeof text) {
        memcpy(text, value.at, value.len);
        text[value.len] = '\0';
        if (app_argument_address(text, p->config.connect_host, &p->config.connect_port)) return true;
    }
    return wrong(p, "not of the form HOST:PORT", value);
}

static bool value_direct_tls(parsing *p, sotto_bytes value) {
    p->config.direct_tls = bytes_is(value, "yes");
    return p->config.direct_tls || bytes_is(value, "no") || wrong(p, "neither yes nor no", value);
}

static bool value_ca(parsing *p, sotto_bytes value) {
    if (value.at[0] != '/' || value.len >= sizeof p->config.ca) return wrong(p, "not a full path", value);
    memcpy(p->config.ca, value.at, value.len);
    p->config.ca[value.len] = '\0';
    return true;
}

static bool value_key(parsing *p, sotto_bytes value) {
    p->config.passphrase = bytes_is(value, "passphrase");
    return p->config.passphrase || bytes_is(value, "file") || wrong(p, "neither file nor passphrase", value);
}

static bool value_yes_no(const parsing *p, sotto_bytes value, bool *ret_no) {
    *ret_no = bytes_is(value, "no");
    return *ret_no || bytes_is(value, "yes") || wrong(p, "neither yes nor no", value);
}

static bool value_history(parsing *p, sotto_bytes value) {
    return value_yes_no(p, value, &p->config.no_history);
}

static bool value_typing(parsing *p, sotto_bytes value) {
    return value_yes_no(p, value, &p->config.no_typing);
}

static bool value_receipts(parsing *p, sotto_bytes value) {
    return value_yes_no(p, value, &p->config.no_receipts);
}

static bool value_trust(parsing *p, sotto_bytes value) {
    if (trust_policy_of(value, &p->config.trust)) return true;
    return wrong(p, "neither blind-until-verified nor first-use nor verified-only nor ca", value);
}

static bool setting(parsing *p, sotto_bytes key, sotto_bytes value) {
    const struct {
        const char *name;
        bool *seen;
        bool (*read)(parsing *, sotto_bytes);
    } settings[] = {
        {"account", &p->seen_account, value_account},
        {"connect", &p->seen_connect, value_connect},
        {"direct-tls", &p->seen_direct_tls, value_direct_tls},
        {"ca", &p->seen_ca, value_ca},
        {"key", &p->seen_key, value_key},
        {"trust", &p->seen_trust, value_trust},
        {"history", &p->seen_history, value_history},
        {"typing", &p->seen_typing, value_typing},
        {"receipts", &p->seen_receipts, value_receipts},
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        if (!bytes_is(key, settings[i].name)) continue;
        if (*settings[i].seen) return wrong(p, "this is said twice", key);
        *settings[i].seen = true;
        return settings[i].read(p, value);
    }
    return wrong(p, "there is no such setting", key);
}

/* ---- lines ---- */

static sotto_bytes trimmed(sotto_bytes text) {
    while (text.len > 0 && (text.at[0] == ' ' || text.at[0] == '\t')) text = bytes_after(text, 1);
    while (text.len > 0 && (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\t')) text.len--;
    return text;
}

/* UTF-8 without controls: a path with an escape sequence in it is somebody's joke. */
static bool is_text(sotto_bytes line) {
    for (size_t at = 0; at < line.len;) {
        uint32_t point;
        if (!stanza_utf8_next(line, &at, &point) || (point != '\t' && app_clean_forbidden(point)) || point == '\r')
            return false;
    }
    return true;
}

static bool line_read(parsing *p, sotto_bytes line) {
    line = trimmed(line);
    if (line.len == 0 || line.at[0] == '#') return true;
    if (!is_text(line)) return wrong(p, "this is not text", BYTES_LITERAL(""));
    const uint8_t *equals = memchr(line.at, '=', line.len);
    if (!equals) return wrong(p, "not of the form key = value", line);
    size_t len = (size_t)(equals - line.at);
    sotto_bytes key = trimmed(bytes_of(line.at, len)), value = trimmed(bytes_after(line, len + 1));
    if (value.len == 0) return wrong(p, "nothing follows the equals sign", key);
    return setting(p, key, value);
}

/* What only the whole file shows. */
static bool whole(parsing *p) {
    if (!p->seen_account)
        return app_trouble_set(p->trouble, "%s does not say whose it is (account = ...). Run sotto setup again.",
                               p->name);
    if (p->config.direct_tls && !p->seen_connect)
        return app_trouble_set(p->trouble, "%s: direct-tls = yes needs connect = HOST:PORT.", p->name);
    return true;
}

bool app_config_parse(app_config *ret, sotto_bytes text, const char *name, app_trouble *trouble) {
    parsing p = {.name = name, .trouble = trouble};
    while (text.len > 0) {
        const uint8_t *end = memchr(text.at, '\n', text.len);
        size_t len = end ? (size_t)(end - text.at) : text.len;
        p.line++;
        if (!line_read(&p, bytes_of(text.at, len))) return false;
        text = bytes_after(text, end ? len + 1 : len);
    }
    if (!whole(&p)) return false;
    *ret = p.config;
    return true;
}

void app_config_format(const app_config *config, bytes_buffer *to) {
    bytes_buffer_text(to, "# Written by sotto setup. Lines are \"key = value\"; # begins a remark.\naccount = ");
    bytes_buffer_text(to, config->account);
    bytes_buffer_u8(to, '\n');
    if (config->connect_host[0]) {
        bool v6 = strchr(config->connect_host, ':') != NULL;
        bytes_buffer_text(to, v6 ? "connect = [" : "connect = ");
        bytes_buffer_text(to, config->connect_host);
        bytes_buffer_text(to, v6 ? "]:" : ":");
        bytes_buffer_decimal(to, config->connect_port);
        bytes_buffer_text(to, config->direct_tls ? "\ndirect-tls = yes\n" : "\n");
    }
    if (config->ca[0]) {
        bytes_buffer_text(to, "ca = ");
        bytes_buffer_text(to, config->ca);
        bytes_buffer_u8(to, '\n');
    }
    bytes_buffer_text(to, config->passphrase ? "key = passphrase\n" : "key = file\n");
    if (config->trust != SOTTO_BLIND_UNTIL_VERIFIED) {
        bytes_buffer_text(to, "trust = ");
        bytes_buffer_text(to, trust_policy_name(config->trust));
        bytes_buffer_u8(to, '\n');
    }
    if (config->no_history) bytes_buffer_text(to, "history = no\n");
    if (config->no_typing) bytes_buffer_text(to, "typing = no\n");
    if (config->no_receipts) bytes_buffer_text(to, "receipts = no\n");
}

/* ---- the file ---- */

bool app_config_read(app_config *ret, const app_account *account, app_trouble *trouble) {
    char text[APP_CONFIG_BYTES_MAX + 1];
    size_t len = 0;
    int fd = open(account->config, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return app_trouble_set(trouble, "%s cannot be read: %s.", account->config, strerror(errno));
    ssize_t got;
    do {
        got = read(fd, text + len, sizeof text - len);
        if (got > 0) len += (size_t)got;
    } while (len < sizeof text && (got > 0 || (got < 0 && errno == EINTR)));
    int error = errno;
    (void)close(fd);
    if (got < 0) return app_trouble_set(trouble, "%s cannot be read: %s.", account->config, strerror(error));
    if (len > APP_CONFIG_BYTES_MAX)
        return app_trouble_set(trouble, "%s is too long to be a file of settings.", account->config);
    app_config config;
    if (!app_config_parse(&config, bytes_of(text, len), account->config, trouble)) return false;
    if (account->jid[0] && strcmp(account->jid, config.account) != 0)
        return app_trouble_set(trouble, "%s says account = %s, but its folder is that of %s.", account->config,
                               config.account, account->jid);
    *ret = config;
    return true;
}

static bool write_whole(int fd, sotto_bytes bytes) {
    while (bytes.len > 0) {
        ssize_t done = write(fd, bytes.at, bytes.len);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        bytes = bytes_after(bytes, (size_t)done);
    }
    return fsync(fd) == 0;
}

/* The rename is on the disk only when its folder is. */
static bool folder_sync(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return false;
    bool done = fsync(fd) == 0;
    (void)close(fd);
    return done;
}

bool app_config_write(const app_config *config, const app_account *account, app_trouble *trouble) {
    char fresh[APP_PATH_SIZE];
    uint8_t room[2 * APP_PATH_SIZE + 8192];
    bytes_buffer buffer;
    sotto_bytes text;
    int len = snprintf(fresh, sizeof fresh, "%s.new", account->config);
    if (len < 0 || (size_t)len >= sizeof fresh)
        return app_trouble_set(trouble, "%s is too long a path.", account->config);
    bytes_buffer_borrowed(&buffer, room, sizeof room);
    app_config_format(config, &buffer);
    if (!sotto_ok(bytes_buffer_end(&buffer, &text))) return app_trouble_set(trouble, "The settings are too long.");
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool done = fd >= 0 && write_whole(fd, text);
    int error = errno;
    if (fd >= 0 && close(fd) != 0) done = false;
    if (done && rename(fresh, account->config) == 0 && folder_sync(account->config_folder)) return true;
    if (done) error = errno;
    (void)unlink(fresh);
    return app_trouble_set(trouble, "The settings %s cannot be written: %s.", account->config, strerror(error));
}
