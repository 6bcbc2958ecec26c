/* SPDX-License-Identifier: ISC
 *
 * Folders. An account's address becomes a folder's name without anything that could lead elsewhere. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/home/config.h"
#include "app/home/home.h"
#include "bytes/arena.h"
#include "bytes/base64.h"
#include "bytes/span.h"
#include "crypto/hash.h"
#include "stanza/jid.h"

#define JID_ARENA_BYTES 65536u
#define HASH_BYTES      16u

app_environment app_environment_process(void) {
    return (app_environment){getenv("HOME"), getenv("XDG_CONFIG_HOME"), getenv("XDG_DATA_HOME")};
}

/* Joins up to three parts; false: too long. */
static bool path_join(char ret[APP_PATH_SIZE], const char *first, const char *second, const char *third) {
    int len = snprintf(ret, APP_PATH_SIZE, "%s%s%s%s%s", first, second ? "/" : "", second ? second : "",
                       third ? "/" : "", third ? third : "");
    return len >= 0 && len < APP_PATH_SIZE;
}

/* The XDG base directory specification: a relative path in such a variable is to be ignored. */
static const char *absolute(const char *path) {
    return path && path[0] == '/' ? path : NULL;
}

/* --home may be relative; what is kept must not be, since a path is shown to people and joined to others. */
static bool home_wanted(app_home *ret, const char *wanted, app_trouble *trouble) {
    char base[APP_PATH_SIZE];
    if (wanted[0] == '/') {
        if (!path_join(base, wanted, NULL, NULL)) return app_trouble_set(trouble, "The path of --home is too long.");
    } else {
        char here[APP_PATH_SIZE];
        if (!getcwd(here, sizeof here) || !path_join(base, here, wanted, NULL))
            return app_trouble_set(trouble, "The folder %s cannot be reached from here: give its full path.", wanted);
    }
    if (!path_join(ret->config, base, "config", NULL) || !path_join(ret->data, base, "data", NULL))
        return app_trouble_set(trouble, "The path of --home is too long.");
    return true;
}

bool app_home_find(app_home *ret, const app_environment *environment, const char *wanted, app_trouble *trouble) {
    if (wanted && *wanted) return home_wanted(ret, wanted, trouble);
    const char *home = absolute(environment->home);
    const char *config = absolute(environment->xdg_config), *data = absolute(environment->xdg_data);
    if ((!config || !data) && !home)
        return app_trouble_set(trouble,
                               "HOME is not set, so there is no place for settings: set it, or use --home DIR.");
    bool fits =
        config ? path_join(ret->config, config, "sotto", NULL) : path_join(ret->config, home, ".config/sotto", NULL);
    fits = fits &&
           (data ? path_join(ret->data, data, "sotto", NULL) : path_join(ret->data, home, ".local/share/sotto", NULL));
    return fits || app_trouble_set(trouble, "The path of the home folder is too long: use --home DIR.");
}

/* ---- addresses ---- */

bool app_jid_read(const char *text, char ret[SOTTO_JID_BYTES_MAX + 1]) {
    bytes_arena arena;
    stanza_jid jid;
    bytes_arena_init(&arena, sotto_host_default(), JID_ARENA_BYTES);
    bool good = sotto_ok(stanza_jid_parse(&arena, bytes_text(text), &jid)) && jid.bare.len <= SOTTO_JID_BYTES_MAX;
    if (good) {
        memcpy(ret, jid.bare.at, jid.bare.len);
        ret[jid.bare.len] = '\0';
    }
    bytes_arena_clear(&arena);
    return good;
}

static bool plain_in_name(uint8_t c, bool first) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '@' || c == '_') return true;
    return !first && (c == '.' || c == '-' || c == '+' || c == '=');
}

/* The address, with everything but a few characters percent-encoded; a long one is cut and ends in its hash. */
static bool folder_name(const char *jid, char ret[APP_FOLDER_NAME_MAX + 1]) {
    static const char digits[] = "0123456789abcdef";
    char name[3 * SOTTO_JID_BYTES_MAX + 1];
    size_t len = 0;
    for (const char *c = jid; *c; c++) {
        uint8_t byte = (uint8_t)*c;
        if (plain_in_name(byte, c == jid)) {
            name[len++] = *c;
        } else {
            name[len++] = '%';
            name[len++] = digits[byte >> 4];
            name[len++] = digits[byte & 15];
        }
    }
    name[len] = '\0';
    if (len > APP_FOLDER_NAME_MAX) {
        uint8_t hash[CRYPTO_HASH_BYTES_MAX];
        if (!sotto_ok(crypto_hash_of(CRYPTO_SHA256, hash, bytes_text(jid)))) return false;
        bytes_buffer tail;
        bytes_buffer_borrowed(&tail, name + APP_FOLDER_NAME_MAX - 2 * HASH_BYTES, 2 * HASH_BYTES);
        bytes_hex_put(&tail, bytes_of(hash, HASH_BYTES));
        name[APP_FOLDER_NAME_MAX - 2 * HASH_BYTES - 1] = '%'; /* never so in a whole name: what follows has no % */
        len = APP_FOLDER_NAME_MAX;
    }
    memcpy(ret, name, len);
    ret[len] = '\0';
    return true;
}

bool app_account_at(app_account *ret, const app_home *home, const char *jid, app_trouble *trouble) {
    char name[APP_FOLDER_NAME_MAX + 1];
    if (!app_jid_read(jid, ret->jid))
        return app_trouble_set(trouble, "%s is not an address: one looks like juliet@capulet.example.", jid);
    bool fits = folder_name(ret->jid, name) && path_join(ret->config_folder, home->config, name, NULL) &&
                path_join(ret->data_folder, home->data, name, NULL) &&
                path_join(ret->config, ret->config_folder, "account.conf", NULL) &&
                path_join(ret->key, ret->config_folder, "store.key", NULL) &&
                path_join(ret->store, ret->data_folder, "store.sqlite", NULL) &&
                path_join(ret->lock, ret->data_folder, "lock", NULL) &&
                path_join(ret->control, ret->data_folder, "control", NULL);
    return fits || app_trouble_set(trouble, "The folder for %s has too long a path: use --home DIR.", ret->jid);
}

/* ---- folders ---- */

/* One folder, made if it is missing, which must be ours and closed to others: who can rename in it can put a store of
 * their own there. Folders above the last are made as the umask says, like any program does. */
static bool folder_make(const char *path, app_trouble *trouble) {
    char part[APP_PATH_SIZE];
    struct stat about;
    (void)snprintf(part, sizeof part, "%s", path);
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST)
            return app_trouble_set(trouble, "The folder %s cannot be made: %s.", part, strerror(errno));
        *slash = '/';
    }
    if (mkdir(part, 0700) != 0 && errno != EEXIST)
        return app_trouble_set(trouble, "The folder %s cannot be made: %s.", path, strerror(errno));
    if (lstat(path, &about) != 0 || !S_ISDIR(about.st_mode))
        return app_trouble_set(trouble, "%s is in the way: it is not a folder.", path);
    if (about.st_uid != geteuid()) return app_trouble_set(trouble, "The folder %s belongs to somebody else.", path);
    if ((about.st_mode & 077) != 0 && chmod(path, 0700) != 0)
        return app_trouble_set(trouble, "The folder %s is open to others and cannot be closed: %s.", path,
                               strerror(errno));
    return true;
}

bool app_account_make(const app_account *account, app_trouble *trouble) {
    return folder_make(account->config_folder, trouble) && folder_make(account->data_folder, trouble);
}

/* Only files are expected in it, and nothing below. */
static bool folder_remove(const char *path, app_trouble *trouble) {
    DIR *folder = opendir(path);
    if (!folder) return errno == ENOENT || app_trouble_set(trouble, "%s cannot be removed: %s.", path, strerror(errno));
    bool good = true;
    for (const struct dirent *entry = readdir(folder); good && entry; entry = readdir(folder)) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        good = unlinkat(dirfd(folder), entry->d_name, 0) == 0 ||
               app_trouble_set(trouble, "%s/%s cannot be removed: %s.", path, entry->d_name, strerror(errno));
    }
    (void)closedir(folder);
    if (good && rmdir(path) != 0) return app_trouble_set(trouble, "%s cannot be removed: %s.", path, strerror(errno));
    return good;
}

/* Settings and key first: without them the rest opens nothing. */
bool app_account_remove(const app_account *account, app_trouble *trouble) {
    return folder_remove(account->config_folder, trouble) && folder_remove(account->data_folder, trouble);
}

/* ---- which account ---- */

static int name_order(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

typedef struct account_names {
    char **at;
    size_t count;
    bool broken; /* settings that cannot be read, and why */
    app_trouble why;
} account_names;

static void names_free(account_names *names) {
    for (size_t i = 0; i < names->count; i++) free(names->at[i]);
    free(names->at);
}

static bool names_add(account_names *names, const char *jid) {
    char **more = realloc(names->at, (names->count + 1) * sizeof *more);
    if (!more) return false;
    names->at = more;
    char *copy = strdup(jid);
    if (!copy) return false;
    more[names->count++] = copy;
    return true;
}

/* A folder counts as an account when its settings can be opened; whose they are stands in them. */
static void names_read(account_names *names, const app_home *home) {
    DIR *folder = opendir(home->config);
    if (!folder) return;
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        app_account account;
        app_config config;
        if (entry->d_name[0] == '.' || !path_join(account.config, home->config, entry->d_name, "account.conf"))
            continue;
        account.jid[0] = '\0'; /* whoever it is */
        if (access(account.config, F_OK) != 0) continue;
        if (!app_config_read(&config, &account, &names->why))
            names->broken = true;
        else if (!names_add(names, config.account))
            break;
    }
    (void)closedir(folder);
    if (names->count > 1) qsort(names->at, names->count, sizeof *names->at, name_order);
}

/* The first few, separated by commas; what does not fit is dots. */
static void names_list(const account_names *names, char *ret, size_t size) {
    size_t len = 0;
    ret[0] = '\0';
    for (size_t i = 0; i < names->count; i++) {
        size_t more = strlen(names->at[i]) + 2;
        if (len + more + sizeof ", ..." > size) {
            (void)snprintf(ret + len, size - len, "%s...", i > 0 ? ", " : "");
            return;
        }
        (void)snprintf(ret + len, size - len, "%s%s", i > 0 ? ", " : "", names->at[i]);
        len = strlen(ret);
    }
}

static bool choose_wanted(app_account *ret, const app_home *home, const account_names *names, const char *wanted,
                          app_trouble *trouble) {
    char list[512];
    if (!app_account_at(ret, home, wanted, trouble)) return false;
    if (access(ret->config, F_OK) == 0) return true;
    names_list(names, list, sizeof list);
    return app_trouble_set(trouble, "%s is not set up on this machine%s%s%s: sotto setup %s does that.", ret->jid,
                           names->count > 0 ? " (there is " : "", list, names->count > 0 ? ")" : "", ret->jid);
}

static bool choose_only(app_account *ret, const app_home *home, const account_names *names, app_trouble *trouble) {
    char list[512];
    if (names->count == 1) return app_account_at(ret, home, names->at[0], trouble);
    names_list(names, list, sizeof list);
    if (names->count > 1)
        return app_trouble_set(trouble, "Several accounts are set up (%s): say which with -a ACCOUNT.", list);
    if (names->broken) {
        *trouble = names->why;
        return false;
    }
    return app_trouble_set(trouble, "No account is set up on this machine: sotto setup YOU@YOUR.SERVER does that.");
}

bool app_account_choose(app_account *ret, const app_home *home, const char *wanted, app_trouble *trouble) {
    account_names names = {.count = 0};
    names_read(&names, home);
    bool chosen = wanted ? choose_wanted(ret, home, &names, wanted, trouble) : choose_only(ret, home, &names, trouble);
    names_free(&names);
    return chosen;
}
