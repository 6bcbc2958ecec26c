/* SPDX-License-Identifier: ISC
 *
 * The encrypted stream that a backup is: a header, then pieces of fixed size, the last one marked as such. Bytes go in
 * and come out through two functions, so that this knows nothing of files. doc/backup.md has the layout.
 *
 *     magic 16 | version 1 | passes 4 | KiB 4 | salt 16 | check 16 | stream 24 | sum 8
 *     ( number 4 | length 4 | sealed bytes )*
 *
 * The key comes out of the passphrase by Argon2id; the pieces are those of libsodium's secretstream
 * (XChaCha20-Poly1305), which binds each to all before it. The plain number and length of a piece say where in the
 * stream it was meant to be: so a file that was cut, one put together in another order and one that was damaged can be
 * told from each other. They are authenticated with the piece. */
#ifndef APP_BACKUP_SEALED_H
#define APP_BACKUP_SEALED_H

#include <sotto/limits.h>
#include <sotto/types.h>

#define APP_SEALED_PIECE_BYTES  65536u
#define APP_SEALED_HEADER_BYTES 89u
#define APP_SEALED_VERSION      1u

/* What is wrong with a stream, or with reading or writing it. */
typedef enum app_sealed_fault {
    APP_SEALED_FINE,
    APP_SEALED_NOT_ONE, /* it does not begin like a backup */
    APP_SEALED_NEWER,   /* of a later version */
    APP_SEALED_COSTLY,  /* its passphrase costs more work or memory than SOTTO_STORE_PASSES_MAX and ..._KIBIBYTES_MAX */
    APP_SEALED_HEADER,  /* the header is damaged */
    APP_SEALED_PASSPHRASE, /* not the one it was sealed with */
    APP_SEALED_CUT,        /* it ends before its end */
    APP_SEALED_ORDER,      /* a piece is missing, repeated or in another place */
    APP_SEALED_DAMAGED,    /* a piece was changed */
    APP_SEALED_LONGER,     /* something follows its end */
    APP_SEALED_STRANGE,    /* what is inside is not what sotto backup writes (content.h) */
    APP_SEALED_OUTSIDE,    /* the function for reading or writing failed */
    APP_SEALED_MACHINE     /* no memory, no randomness */
} app_sealed_fault;

/* What each is called in one clause, for people. */
const char *app_sealed_fault_text(app_sealed_fault);

typedef struct app_sealing app_sealing;
typedef struct app_unsealing app_unsealing;

/* All of it or false. */
typedef bool app_sealed_write(void *arg, sotto_bytes);
/* Up to `size` bytes, at least one; *ret_len 0: there are no more. */
typedef bool app_sealed_read(void *arg, uint8_t *to, size_t size, size_t *ret_len);

/* What the passphrase costs whoever tries others. */
typedef struct app_sealed_cost {
    uint32_t passes, kibibytes;
} app_sealed_cost;
extern const app_sealed_cost app_sealed_cost_usual;

/* Writes the header. */
app_sealed_fault app_sealing_new(app_sealing **ret, sotto_bytes passphrase, const app_sealed_cost *, app_sealed_write *,
                                 void *arg);
app_sealed_fault app_sealing_put(app_sealing *, sotto_bytes);
/* Writes the last piece. */
app_sealed_fault app_sealing_end(app_sealing *);
void app_sealing_free(app_sealing *); /* wipes; NULL is allowed */

/* Reads the header and finds out whether the passphrase is the right one. */
app_sealed_fault app_unsealing_new(app_unsealing **ret, sotto_bytes passphrase, app_sealed_read *, void *arg);
/* Exactly so many bytes. CUT: fewer are there. */
app_sealed_fault app_unsealing_get(app_unsealing *, void *to, size_t len);
/* FINE only where everything was read and nothing follows; DAMAGED: there is more inside than was asked for. */
app_sealed_fault app_unsealing_end(app_unsealing *);
void app_unsealing_free(app_unsealing *);

#endif
