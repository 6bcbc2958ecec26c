/* SPDX-License-Identifier: ISC
 *
 * A statement of one's own: what stands behind the live key of this account, made once at the terminal, kept by the
 * engine (SOTTO_INPUT_STATEMENT) and shown inside live sessions. Beside it the host notes what it is called, so that
 * `sotto identity` can show it. The private key that signed is used for that and forgotten. */
#ifndef APP_IDENTITY_STATEMENT_H
#define APP_IDENTITY_STATEMENT_H

#include <sotto/engine.h>

#include "app/home/home.h"
#include "app/terminal.h"
#include "bytes/buffer.h"

#define APP_STATEMENT_TEXT_MAX  512u
#define APP_STATEMENT_BYTES_MAX (SOTTO_LIVE_STATEMENT_BYTES_MAX + 4096u) /* one, written */
#define APP_STATEMENT_NOTE      "identity-"                              /* and the number of its type */

/* The numbers of SOTTO_INPUT_STATEMENT. */
typedef enum app_statement_type { APP_STATEMENT_CERTIFICATE = 1, APP_STATEMENT_OPENPGP = 2 } app_statement_type;

/* Whose statement is made. */
typedef struct app_statement_owner {
    const char *jid; /* bare */
    uint8_t key[32]; /* the live key */
    uint64_t now_ms;
} app_statement_owner;

typedef struct app_statement {
    app_statement_type type;
    uint8_t key[32];
    uint64_t made;                    /* seconds since 1970 */
    uint64_t until;                   /* 0: it does not say */
    char who[APP_STATEMENT_TEXT_MAX]; /* the subject; the user id */
    char by[APP_STATEMENT_TEXT_MAX];  /* the issuer; the fingerprint in hex */
} app_statement;

/* Asked for at most once, when it is needed. False: there is none, *trouble says why. */
typedef struct app_statement_secret {
    bool (*ask)(void *arg, app_secret *ret, app_trouble *);
    void *arg;
} app_statement_secret;

/* What is signed: `binding` of doc/live.md. */
void app_statement_binding(bytes_buffer *, const app_statement_owner *, uint64_t made);

/* A statement with its body (empty in a note) as bytes, and back. MALFORMED. */
void app_statement_write(bytes_buffer *, const app_statement *, sotto_bytes body);
SOTTO_MUST_CHECK sotto_status app_statement_read(sotto_bytes, app_statement *ret, sotto_bytes *ret_body);

/* The one that is noted. NOT_FOUND: none, or one of another live key. */
SOTTO_MUST_CHECK sotto_status app_statement_noted(sotto_engine *, app_statement_type, const uint8_t key[32],
                                                  app_statement *ret);
/* Notes it; NULL: there is none any more. */
SOTTO_MUST_CHECK sotto_status app_statement_note(sotto_engine *, app_statement_type, const app_statement *);

/* Who shows a key first: SOTTO_FIRST_ bits that were set for this live key, 0 at first. */
SOTTO_MUST_CHECK sotto_status app_statement_first(sotto_engine *, const uint8_t key[32], uint32_t *ret);
SOTTO_MUST_CHECK sotto_status app_statement_first_note(sotto_engine *, const uint8_t key[32], uint32_t first);

#endif
