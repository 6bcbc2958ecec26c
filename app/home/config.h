/* SPDX-License-Identifier: ISC
 *
 * An account's settings: a small file of "key = value" lines that people may edit. Read strictly: a key that is
 * misspelt must not be taken for one that was left out. */
#ifndef APP_HOME_CONFIG_H
#define APP_HOME_CONFIG_H

#include <sotto/engine.h>

#include "app/home/home.h"

#define APP_CONFIG_BYTES_MAX 65536u

typedef struct app_config {
    char account[SOTTO_JID_BYTES_MAX + 1];
    char connect_host[256]; /* empty: by DNS */
    uint16_t connect_port;
    bool direct_tls;
    char ca[APP_PATH_SIZE];   /* empty: the system's */
    bool passphrase;          /* the store is sealed with one, not with a key file */
    bool no_history;          /* what was said is not kept */
    bool no_typing;           /* nobody is told that one is typing */
    bool no_receipts;         /* nobody is told by itself that a message arrived */
    sotto_trust_policy trust; /* what becomes of new keys */
} app_config;

/* From text. `name`: the file's, for what is said about a mistake in it. */
bool app_config_parse(app_config *ret, sotto_bytes text, const char *name, app_trouble *);
void app_config_format(const app_config *, bytes_buffer *);

bool app_config_read(app_config *ret, const app_account *, app_trouble *);
/* All of it or nothing, and on the disk when it returns. */
bool app_config_write(const app_config *, const app_account *, app_trouble *);

#endif
