/* SPDX-License-Identifier: ISC
 *
 * The seal's records. Everything about one live key of somebody is found by (bare JID, key).
 *
 *     'i'                      own identity
 *     'k' jid 0 key            a live key that proved itself to us as jid's, and when it did last (to the day)
 *     'o' jid 0 key order      a stanza sealed for that key and not acknowledged, in the order of sealing
 *     'r' jid 0 key            how far that key's stanzas were received: epochs and last numbers, newest first
 *     's' jid 0 key            retained secrets: secret.c
 *     'f'                      who shows a key first: opening.c
 *     'F', 'P', 'S', 'T'       wrong words, presence that came inside, statements: password.c, close.c, statement.c */
#ifndef SEAL_LIVE_ROW_H
#define SEAL_LIVE_ROW_H

#include "crypto/curve.h"
#include "seal/live/frame.h"
#include "seal/seal.h"

typedef struct live_row {
    uint64_t order;
    uint8_t epoch[LIVE_EPOCH_BYTES];
    uint64_t number;
    uint64_t ticket;
    sotto_trust trust; /* when it was sealed */
    sotto_bytes full;  /* whom it was sealed for */
    sotto_bytes stanza;
} live_row;

/* The identity; made and written when there is none. */
SOTTO_MUST_CHECK sotto_status live_row_identity(seal_env *, crypto_identity *ret);

SOTTO_MUST_CHECK sotto_status live_row_put(seal_env *, sotto_bytes jid, const uint8_t key[32], const live_row *);
SOTTO_MUST_CHECK sotto_status live_row_remove(seal_env *, sotto_bytes jid, const uint8_t key[32], uint64_t order);
/* In order. jid empty: of everybody. */
typedef sotto_status live_row_visit(void *arg, sotto_bytes jid, const uint8_t key[32], const live_row *);
SOTTO_MUST_CHECK sotto_status live_row_scan(seal_env *, sotto_bytes jid, const uint8_t *key, live_row_visit *,
                                            void *arg);

/* Whether the stanza of this number is new; it is remembered then. An epoch that was not seen lately is new. */
SOTTO_MUST_CHECK sotto_status live_row_received(seal_env *, sotto_bytes jid, const uint8_t key[32],
                                                const uint8_t epoch[LIVE_EPOCH_BYTES], uint64_t number, bool *ret_new);

/* What is known of `key` as from's is known of it as to's. */
SOTTO_MUST_CHECK sotto_status live_row_received_move(seal_env *, sotto_bytes from, sotto_bytes to,
                                                     const uint8_t key[32]);

/* The last number of an epoch that was received; 0: none. */
SOTTO_MUST_CHECK sotto_status live_row_last(seal_env *, sotto_bytes jid, const uint8_t key[32],
                                            const uint8_t epoch[LIVE_EPOCH_BYTES], uint64_t *ret);

/* Keys that proved themselves; of one JID at most SOTTO_LIVE_KEYS_MAX are kept: of those that may not be sent to (else
 * of all) the one that did so longest ago makes room, with what is known of its epochs. */
SOTTO_MUST_CHECK sotto_status live_row_key_seen(seal_env *, sotto_bytes jid, const uint8_t key[32]);
typedef sotto_status live_key_visit(void *arg, const uint8_t key[32]);
SOTTO_MUST_CHECK sotto_status live_row_keys(seal_env *, sotto_bytes jid, live_key_visit *, void *arg);

#endif
