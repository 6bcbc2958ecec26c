/* SPDX-License-Identifier: ISC
 *
 * What a transfer does with the bytes, without the HTTP around it: encrypting a file piece by piece, and taking in one
 * that may be anything at all. Blocks; knows no URL. */
#ifndef APP_FILES_CROSSING_H
#define APP_FILES_CROSSING_H

#include "app/files/transfer.h"
#include "crypto/flow.h"

#define APP_CROSSING_PIECE ((size_t)64 * 1024)
#define APP_CROSSING_TAG   16u

typedef struct app_crossing {
    app_transfer_end end; /* DONE as long as nothing went wrong */
    int error;
    crypto_flow *flow;
    crypto_digest *plain, *sealed;
    uint64_t size;  /* of the file: up, as announced; down, what has been decrypted */
    uint64_t moved; /* bytes of the encrypted file */
    /* up */
    int fd;
    uint8_t tag[APP_CROSSING_TAG];
    size_t tag_used; /* bytes of the tag that were handed out; SIZE_MAX: there is no tag yet */
    /* down */
    const context_share *share;
    app_place place;
    uint64_t most;                  /* bytes of the encrypted file that are taken */
    uint8_t held[APP_CROSSING_TAG]; /* the last bytes that came: perhaps the tag */
    size_t held_len;
    uint8_t *room;
} app_crossing;

/* How long the encrypted file is at most: as announced, or as is ever taken. */
uint64_t app_crossing_most(const context_share *);

SOTTO_MUST_CHECK sotto_status app_crossing_up(app_crossing *, int fd, uint64_t size, const uint8_t key[32],
                                              const uint8_t iv[12]);
/* The next bytes of the encrypted file, at most `size`; 0: that was all. False: it failed (`end`). */
bool app_crossing_take(app_crossing *, uint8_t *out, size_t size, size_t *ret_len);
/* After the last. */
bool app_crossing_up_end(app_crossing *, context_hash *ret_plain, context_hash *ret_sealed);

/* The share outlives the crossing. */
SOTTO_MUST_CHECK sotto_status app_crossing_down(app_crossing *, const context_share *, const char *folder);
/* Bytes of the encrypted file as they come. False: it failed (`end`), and nothing more is wanted. */
bool app_crossing_put(app_crossing *, sotto_bytes);
/* All has come: the tag and the hashes are compared, and only then the file gets its name. */
bool app_crossing_keep(app_crossing *, const char *name, char ret_name[APP_FILE_NAME_SIZE], context_hash *ret_plain);

/* Whatever state it is in: a file without its name is removed. */
void app_crossing_free(app_crossing *);

#endif
