/* SPDX-License-Identifier: ISC
 *
 * Identities and trust out of other clients' files. Each format is a function that reads what its client wrote; what
 * comes of it is the same for all, and says nothing that the client did not record. */
#ifndef APP_IMPORT_H
#define APP_IMPORT_H

#include <sotto/engine.h>

#include "app/trouble.h"
#include "bytes/buffer.h"

#define APP_IMPORT_KEYS_MAX       20000u                /* keys of others; SOTTO_CONTACTS_MAX contacts with one each */
#define APP_IMPORT_FILE_BYTES_MAX (16u * 1024u * 1024u) /* one file of text; sessions are not read */

typedef struct app_import_key {
    char jid[SOTTO_JID_BYTES_MAX + 1]; /* bare, normalized */
    uint8_t key[32];                   /* Curve25519: what people compare */
    uint32_t device;                   /* 0: not known */
    sotto_trust trust;
} app_import_key;

typedef struct app_imported {
    uint8_t secret[32]; /* Curve25519 scalar */
    uint8_t key[32];    /* its public key */
    uint32_t device;    /* of the client it is out of; 0: not known */
    bytes_buffer keys;  /* app_import_key, one after the other */
    size_t count;
    size_t strange; /* entries that are no key of anybody, and were passed over */
} app_imported;

typedef struct app_import_format {
    const char *name;
    const char *client; /* as people call it */
    /* False, with the reason: nothing of that kind is there, or it cannot be read. */
    bool (*read)(app_imported *, const char *path, app_trouble *);
    bool says_verified; /* it tells keys that were compared from such as were only accepted */
} app_import_format;

extern const app_import_format app_import_profanity, app_import_gajim, app_import_libomemo;
const app_import_format *app_import_find(const char *name); /* NULL: none */

/* Reads all of it, and looks whether secret and public key belong together. `own` is the account: its own key is left
 * out of the list. The caller ends it in any case. */
bool app_import_read(app_imported *ret, const app_import_format *, const char *path, const char *own, app_trouble *);
void app_imported_end(app_imported *); /* wipes */
const app_import_key *app_imported_key(const app_imported *, size_t at);

/* ---- for the formats ---- */

/* A public key as libsignal writes it: a byte 5, then 32 bytes. False: it is none. */
bool app_import_public(sotto_bytes written, uint8_t ret[32]);
/* Notes a key of somebody. Strange ones (no address, no key) are counted and passed over. False: out of memory, or more
 * than APP_IMPORT_KEYS_MAX. */
bool app_import_add(app_imported *, sotto_bytes jid, const uint8_t *key, uint32_t device, sotto_trust, app_trouble *);
/* The same key again says more: what was noted as undecided becomes this. False: it was not there. */
bool app_import_raise(app_imported *, sotto_bytes jid, const uint8_t key[32], sotto_trust);

#endif
