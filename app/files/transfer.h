/* SPDX-License-Identifier: ISC
 *
 * One file on its way over HTTPS, in one direction: encrypted while it goes up, decrypted while it comes down, a piece
 * at a time, on a thread of its own (net_work_begin). The key never leaves this process: what a server sees is a URL
 * without fragment and ciphertext (T34). Only https, with the certificate verified; no cookies, no credentials but the
 * headers of a slot. */
#ifndef APP_FILES_TRANSFER_H
#define APP_FILES_TRANSFER_H

#include "app/files/place.h"
#include "app/trouble.h"
#include "context/share.h"
#include "net/loop.h"

/* Bounds; how long a file may be is in sotto/limits.h. */
#define APP_TRANSFER_REDIRECTS  3u    /* https to https, while fetching; while uploading none */
#define APP_TRANSFER_WAIT_S     30u   /* for a connection, and for anything at all to come or go */
#define APP_TRANSFER_PACE_BYTES 1024u /* a second, over APP_TRANSFER_WAIT_S: slower servers are given up */

/* What became of it. Each but the first has its sentence: app_transfer_trouble. */
typedef enum app_transfer_end {
    APP_TRANSFER_DONE,
    APP_TRANSFER_STOPPED,     /* by us */
    APP_TRANSFER_UNREACHABLE, /* no address, no connection, or it broke */
    APP_TRANSFER_CERTIFICATE, /* the server did not prove who it is */
    APP_TRANSFER_SLOW,        /* nothing came, or hardly anything */
    APP_TRANSFER_REFUSED,     /* an HTTP status that is none of success */
    APP_TRANSFER_REDIRECTED,  /* too often, or to something that is not https */
    APP_TRANSFER_TOO_LARGE,   /* more than was announced, or than is ever taken */
    APP_TRANSFER_CUT_SHORT,   /* less than was announced */
    APP_TRANSFER_WRONG_TAG,   /* not what was encrypted with this key: altered, or another file */
    APP_TRANSFER_WRONG_HASH,  /* not the file that the message speaks of */
    APP_TRANSFER_CHANGED,     /* our own file, while it was read */
    APP_TRANSFER_UNREADABLE,  /* our own file: error */
    APP_TRANSFER_NO_FOLDER,   /* to put it in */
    APP_TRANSFER_UNWRITABLE,  /* the disk: error */
    APP_TRANSFER_NAMES_TAKEN, /* all that we would give it */
    APP_TRANSFER_FAILED       /* memory, randomness, a library */
} app_transfer_end;

/* How it is seen from the loop's thread. Everything here was copied. */
typedef struct app_transfer app_transfer;

typedef struct app_transfer_result {
    app_transfer_end end;
    int error;           /* errno, or the HTTP status */
    const char *said;    /* what the library says, for people; never NULL. Lives for the call, as `name` */
    const char *name;    /* DONE, down: the name it has got */
    uint64_t size;       /* DONE: of the file */
    context_hash hash;   /* DONE: of the file, SHA-256 */
    context_hash sealed; /* DONE, up: of what is on the server, SHA-256 */
} app_transfer_result;

typedef void app_transfer_told(void *arg, const app_transfer_result *);

/* Up: the open file `fd`, `size` bytes long, which is the transfer's from now on, to slot->put. key and iv are for this
 * file and for nothing else, ever. */
typedef struct app_transfer_up {
    int fd;
    uint64_t size;
    uint8_t key[32], iv[12];
    const context_slot *slot;
} app_transfer_up;

/* `ca`: a file of certificate authorities instead of the system's, or NULL. `told` is called once, on the loop's
 * thread, unless app_transfer_stop was called before; the transfer is gone then. NO_MEMORY, SYSTEM, TOO_LARGE: nothing
 * began (up: the file was closed). */
SOTTO_MUST_CHECK sotto_status app_transfer_send(app_transfer **ret, net_loop *, const char *ca, const app_transfer_up *,
                                                app_transfer_told *, void *arg);
/* Down: what the share says, into a folder, under a name made of `name`. */
SOTTO_MUST_CHECK sotto_status app_transfer_fetch(app_transfer **ret, net_loop *, const char *ca, const context_share *,
                                                 const char *folder, const char *name, app_transfer_told *, void *arg);
/* Bytes so far, of how many (0: not known). */
void app_transfer_progress(app_transfer *, uint64_t *ret_done, uint64_t *ret_total);
/* Ends it soon, and tells nobody; the pointer is not valid any more. NULL is allowed. */
void app_transfer_stop(app_transfer *);

/* A sentence for people; `what`: the name of the file. */
void app_transfer_trouble(app_trouble *, const app_transfer_result *, const char *what);

#endif
