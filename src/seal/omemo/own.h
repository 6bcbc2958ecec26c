/* SPDX-License-Identifier: ISC
 *
 * This device's own keys, as records: identity, device id, signed prekeys (the current one and, for one more period,
 * the one before: T21), and prekeys. Ids of prekeys start at random and are never given twice (T19). All dialects
 * publish the same ones, so that what was used in one is used up in all, and is counted once (T19, T20). */
#ifndef SEAL_OMEMO_OWN_H
#define SEAL_OMEMO_OWN_H

#include "seal/omemo/label.h"
#include "seal/omemo/row.h"

#define OMEMO_PERIOD_MS ((uint64_t)SOTTO_OMEMO_SIGNED_PREKEY_DAYS * 24 * 3600 * 1000)
/* How long the private key of a used prekey is kept. PEP never consumes prekeys: until the next bundle is out, another
 * sender may have picked the same one, and would be unreadable for good. After a message out of an archive or the
 * offline store: until such a catch-up is over, seen from afar (XEP-0384 section 6). */
#define OMEMO_KEEP_LIVE_MS     (600ull * 1000)
#define OMEMO_KEEP_CATCH_UP_MS (3600ull * 1000)
#define OMEMO_USES_MAX         8 /* key exchanges remembered for such a prekey */

/* By what a key exchange that used a prekey is known again: 8 bytes of its ephemeral key, which are there before any
 * work is done, and 8 of a hash of what was agreed on, which is the same in whatever form the key comes (T19, T26). */
typedef struct omemo_use {
    uint8_t ephemeral[8];
    uint8_t agreed[8];
} omemo_use;
void omemo_use_of(const crypto_x25519_public *ephemeral, const uint8_t secret[32], omemo_use *ret);

typedef struct omemo_own {
    uint32_t device;
    uint8_t is_scalar;
    uint8_t secret[32];
    uint32_t next_prekey_id;
    uint32_t signed_id;
    crypto_x25519_pair signed_pair;
    crypto_signature signatures[OMEMO_DIALECTS]; /* of its public key, as each dialect has it */
    uint64_t signed_ms;                          /* when it was made */
    uint32_t older_id;                           /* 0: none */
    crypto_x25519_pair older_pair;
    uint32_t version;                   /* counts changes of what is published */
    uint32_t published[OMEMO_DIALECTS]; /* the version the server has in each dialect's nodes; 0: none */
    bool announced;                     /* the device id was on the server once: it is ours */
    bool leaving;                       /* ... and is being taken off */
    uint32_t retired; /* the device this one was before its store was copied, still to be taken off; 0: none */
} omemo_own;

/* NOT_FOUND: there are none yet. The caller wipes it. */
SOTTO_MUST_CHECK sotto_status omemo_own_load(seal_env *, omemo_own *ret);
SOTTO_MUST_CHECK sotto_status omemo_own_device(seal_env *, uint32_t *ret);
SOTTO_MUST_CHECK sotto_status omemo_own_save(seal_env *, const omemo_own *);
/* Makes and stages everything. */
SOTTO_MUST_CHECK sotto_status omemo_own_create(seal_env *, omemo_own *ret, crypto_identity *ret_identity);
SOTTO_MUST_CHECK sotto_status omemo_own_identity(const omemo_own *, crypto_identity *ret);
/* Signs with the identity, with the environment's randomness (XEdDSA takes some). */
SOTTO_MUST_CHECK sotto_status omemo_own_sign(seal_env *, const crypto_identity *, sotto_bytes message,
                                             crypto_signature *ret);
/* A label of this device, signed; an empty text is no label, and is not. */
SOTTO_MUST_CHECK sotto_status omemo_own_label(seal_env *, const crypto_identity *, const omemo_dialect *,
                                              uint32_t device, sotto_bytes text, omemo_label *ret);
/* A random device id within 1 and 2^31 - 1. */
SOTTO_MUST_CHECK sotto_status omemo_own_new_device(seal_env *, uint32_t *ret);
/* The same identity as another device: a new id and new prekeys, nothing published; saved (T18). */
SOTTO_MUST_CHECK sotto_status omemo_own_renew(seal_env *, omemo_own *, const crypto_identity *);
/* Deletes all of it (after leaving). */
SOTTO_MUST_CHECK sotto_status omemo_own_wipe(seal_env *);

/* Makes a new signed prekey when the current one is a period old; saved. */
SOTTO_MUST_CHECK sotto_status omemo_own_rotate(seal_env *, omemo_own *, const crypto_identity *, bool *ret_changed);
/* Makes the signatures that a record from before a dialect was known does not have; saved. */
SOTTO_MUST_CHECK sotto_status omemo_own_complete(seal_env *, omemo_own *, const crypto_identity *);
/* When omemo_own_rotate will have something to do. */
uint64_t omemo_own_rotation(const omemo_own *);
/* A signed pair by its id; NULL: unknown. */
const crypto_x25519_pair *omemo_own_signed(const omemo_own *, uint32_t id);

/* The pair of a prekey. NO_PREKEY: unknown, or used before by the same key exchange, or by OMEMO_USES_MAX
 * (T19). */
SOTTO_MUST_CHECK sotto_status omemo_own_prekey(seal_env *, uint32_t id, const crypto_x25519_public *ephemeral,
                                               crypto_x25519_pair *ret);
/* NO_PREKEY: a key exchange that agreed on the same used it before. */
SOTTO_MUST_CHECK sotto_status omemo_own_unused(seal_env *, uint32_t id, const omemo_use *);
/* After its use: no longer published, and kept for a while. The caller saves `own`. */
SOTTO_MUST_CHECK sotto_status omemo_own_use(seal_env *, omemo_own *, uint32_t id, const omemo_use *, uint64_t keep_ms);
/* Deletes kept ones that are due. *ret_next: when the next is, or UINT64_MAX. */
SOTTO_MUST_CHECK sotto_status omemo_own_expire(seal_env *, uint64_t *ret_next);
/* While archives are being caught up with none is due: messages that used the same one may still come (T19). */
SOTTO_MUST_CHECK sotto_status omemo_own_catching_up(seal_env *, bool *ret);
SOTTO_MUST_CHECK sotto_status omemo_own_catch_up(seal_env *, bool begin);
/* Fills up to SOTTO_OMEMO_PREKEYS; the caller saves. */
SOTTO_MUST_CHECK sotto_status omemo_own_refill(seal_env *, omemo_own *, bool *ret_changed);

/* Calls visit for each prekey that is to be published. */
typedef sotto_status omemo_own_visit(void *arg, uint32_t id, const crypto_x25519_public *);
SOTTO_MUST_CHECK sotto_status omemo_own_prekeys(seal_env *, omemo_own_visit *, void *arg);

/* A new pair from the environment's randomness. */
SOTTO_MUST_CHECK sotto_status omemo_own_pair(seal_env *, crypto_x25519_pair *ret);
/* A number below `bound`, all equally likely. */
SOTTO_MUST_CHECK sotto_status omemo_own_below(seal_env *, uint32_t bound, uint32_t *ret);

#endif
