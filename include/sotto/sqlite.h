/* SPDX-License-Identifier: ISC
 *
 * libsotto-sqlite: the store port in one SQLite file (WAL, synchronous=FULL, exclusive). Values are encrypted with a
 * key of the file's own, which is sealed with a key file or a passphrase (Argon2id). Link with -lsotto-sqlite. */
#ifndef SOTTO_SQLITE_H
#define SOTTO_SQLITE_H

#include <sotto/store.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sotto_sqlite_options {
    const char *path;       /* created with mode 0600 if missing and `create` is set */
    const char *key_path;   /* key file (32 random bytes, 0600), created with the store; NULL with a passphrase */
    sotto_bytes passphrase; /* used when key_path is NULL; not empty */
    bool create;
    const sotto_host *host; /* memory and randomness; outlives the store */
} sotto_sqlite_options;

/* Opens (and with `create`, makes) the store. The folders of both paths must exist; a key file that is there already is
 * used for a new store. Errors:
 *   SOTTO_E_NOT_FOUND         no file and `create` is not set
 *   SOTTO_E_WRONG_PASSPHRASE  not the passphrase or key file that it was sealed with, or the key file is gone
 *   SOTTO_E_KEY_EXPOSED       the mode of the key file lets others read or write it
 *   SOTTO_E_STORE_NEWER       its schema is newer than this library; nothing was changed
 *   SOTTO_E_STORE_CORRUPT     damaged, or not a store (an empty file, a link, a journal without its file)
 *   SOTTO_E_STORE_LOCKED      another process has it, or this one
 *   SOTTO_E_STORE_FULL, SOTTO_E_STORE_FAILED, SOTTO_E_NO_MEMORY, SOTTO_E_NO_RANDOM
 *   SOTTO_E_CRYPTO_FAILED, SOTTO_E_USAGE */
SOTTO_API SOTTO_MUST_CHECK sotto_status sotto_sqlite_open(sotto_store **ret, const sotto_sqlite_options *options);

/* Seals the store's key anew with another key file (made where there is none) or passphrase, exactly one given. The
 * values stay as they are, so whoever has the old secret and an old copy of the file can read what is written later.
 * On failure the old one still opens it. Errors: as sotto_sqlite_open has them for the key file; STORE_FULL,
 * STORE_FAILED, NO_MEMORY, NO_RANDOM, USAGE (also for a store of another kind). */
SOTTO_API SOTTO_MUST_CHECK sotto_status sotto_sqlite_rekey(sotto_store *, const char *key_path, sotto_bytes passphrase);

/* What SQLite itself said last, for a log. Lives until the next call on the store. */
SOTTO_API const char *sotto_sqlite_message(const sotto_store *);

#ifdef __cplusplus
}
#endif

#endif
