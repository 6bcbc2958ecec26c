/* SPDX-License-Identifier: ISC
 *
 * A store made aside. */
#include "app/backup/aside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/home/lock.h"
#include "app/session.h"
#include "bytes/span.h"

/* What SQLite and the store put beside a store. */
static const char *const beside[] = {"", "-wal", "-shm", "-journal", "-opening"};

static void remove_aside(const app_aside *aside) {
    char path[APP_PATH_SIZE + 16];
    for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++) {
        (void)snprintf(path, sizeof path, "%s%s", aside->path, beside[i]);
        (void)unlink(path);
    }
}

bool app_aside_free(const app_account *of, const char *what, app_trouble *trouble) {
    if (access(of->config, F_OK) == 0)
        return app_trouble_set(trouble,
                               "%s is set up here already. %s only where nothing is: take it away first with sotto "
                               "leave -a %s, or keep both apart with --home DIR. Nothing was changed.",
                               of->jid, what, of->jid);
    if (access(of->store, F_OK) == 0)
        return app_trouble_set(
            trouble,
            "There is a store of %s here already (%s), without settings: sotto setup %s goes on with "
            "it. %s only where nothing is. Nothing was changed.",
            of->jid, of->store, of->jid, what);
    return true;
}

bool app_aside_make(app_aside *ret, const app_account *of, sotto_bytes passphrase, app_trouble *trouble) {
    unsigned pid = 0;
    *ret = (app_aside){.account = of, .lock = -1};
    int len = snprintf(ret->path, sizeof ret->path, "%s.new", of->store);
    if (len < 0 || (size_t)len >= sizeof ret->path) return app_trouble_set(trouble, "That path is too long.");
    if (!app_account_make(of, trouble)) return false;
    switch (app_lock_take(of, &ret->lock, &pid, trouble)) {
    case APP_LOCK_BUSY:
        return app_trouble_set(trouble, "%s is held by another sotto (process %u): end it first.", of->jid, pid);
    case APP_LOCK_FAILED:
        return false;
    case APP_LOCK_TAKEN:
        break;
    }
    ret->had_key = access(of->key, F_OK) == 0;
    remove_aside(ret);
    const sotto_sqlite_options options = {.path = ret->path,
                                          .key_path = passphrase.len > 0 ? NULL : of->key,
                                          .passphrase = passphrase,
                                          .create = true,
                                          .host = sotto_host_default()};
    sotto_status status = sotto_sqlite_open(&ret->store, &options);
    if (sotto_ok(status)) return true;
    app_trouble_status(trouble, status, of->jid, of->jid);
    return false;
}

bool app_aside_open(app_aside *aside, uint64_t now_ms, app_trouble *trouble) {
    const sotto_seal *seals[APP_SEALS_MAX];
    app_session_seals(seals);
    const sotto_engine_config config = {.account = bytes_text(aside->account->jid),
                                        .host = sotto_host_default(),
                                        .store = aside->store,
                                        .seals = seals,
                                        .encrypt = SOTTO_ENCRYPT_ALWAYS,
                                        .trust = SOTTO_BLIND_UNTIL_VERIFIED,
                                        .least_strength = 1};
    sotto_status status = sotto_engine_open(&aside->engine, &config, now_ms);
    if (sotto_ok(status)) return true;
    app_trouble_status(trouble, status, aside->account->jid, aside->account->jid);
    return false;
}

static bool folder_sync(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return false;
    bool done = fsync(fd) == 0;
    (void)close(fd);
    return done;
}

static void close_all(app_aside *aside) {
    sotto_engine_close(aside->engine);
    sotto_store_close(aside->store);
    aside->engine = NULL;
    aside->store = NULL;
}

/* A closed store is one file. Without the number beside it nothing is concluded from where it came (doc/store.md). */
bool app_aside_install(app_aside *aside, const app_config *settings, app_trouble *trouble) {
    close_all(aside);
    if (rename(aside->path, aside->account->store) != 0)
        return app_trouble_set(trouble, "The store %s cannot be made: %s.", aside->account->store, strerror(errno));
    aside->installed = true;
    remove_aside(aside);
    if (!folder_sync(aside->account->data_folder))
        return app_trouble_set(trouble, "The store %s cannot be made: %s.", aside->account->store, strerror(errno));
    return !settings || app_config_write(settings, aside->account, trouble);
}

void app_aside_end(app_aside *aside) {
    close_all(aside);
    if (!aside->installed && aside->lock >= 0) {
        remove_aside(aside);
        if (!aside->had_key) (void)unlink(aside->account->key);
        (void)unlink(aside->account->lock);
        (void)rmdir(aside->account->config_folder); /* where something else is in them, they stay */
        (void)rmdir(aside->account->data_folder);
    }
    if (aside->lock >= 0) (void)close(aside->lock);
    aside->lock = -1;
}
