/* SPDX-License-Identifier: ISC
 *
 * Keys of the records of this seal. Everything about a contact's devices is one run: the bare JID, a zero byte, the
 * device id (0: about the JID itself), what it is. A JID cannot start with a zero byte: what is our own does.
 *
 *     jid 0 0 'l'                     device list as last seen
 *     jid 0 0 't'                     labels of devices, as the list claims them
 *     jid 0 0 'v' key                 the best dialect an identity was ever seen in (T15)
 *     jid 0 device 'd'                key and session of a device
 *     jid 0 device 'o'                the session before
 *     jid 0 device 's' session chain block   keys of skipped messages
 *     0 'i'                           own keys
 *     0 'k' id                        own prekeys
 *     0 'b' jid                       key exchanges of a JID in this hour
 *     0 'e'                           the openings of this store that were published (T18)
 *     0 'c'                           since when archives are being caught up with
 *     0 't'                           the label of this device
 *     0 'n' device dialect jid        an empty message that waits until that is over
 *
 * 'l', 'd' and 'o' are those of omemo:2; each other dialect has its own, with the letter that many further. A session
 * belongs to one dialect, and the numbers of sessions with a device are another dialect's from 2^31 on. */
#ifndef SEAL_OMEMO_ROW_H
#define SEAL_OMEMO_ROW_H

#include <sotto/limits.h>

#include "bytes/span.h"
#include "seal/seal.h"

#define OMEMO_ROW_LIST     'l'
#define OMEMO_ROW_BUDGET   'b'
#define OMEMO_ROW_FAILURES 'f' /* volatile only */
#define OMEMO_ROW_PATIENCE 'w' /* volatile only */
#define OMEMO_ROW_DEVICE   'd'
#define OMEMO_ROW_PREVIOUS 'o'
#define OMEMO_ROW_SKIPPED  's'
#define OMEMO_ROW_OWN      'i'
#define OMEMO_ROW_PREKEY   'k'
#define OMEMO_ROW_OPENING  'e'
#define OMEMO_ROW_BEST     'v'
#define OMEMO_ROW_CATCH_UP 'c'
#define OMEMO_ROW_DUE      'n'
#define OMEMO_ROW_LABELS   't'

#define OMEMO_ROW_BYTES_MAX (SOTTO_OMEMO_JID_BYTES_MAX + 48)

typedef struct omemo_row {
    uint8_t at[OMEMO_ROW_BYTES_MAX];
    size_t len;
} omemo_row;

static inline sotto_bytes omemo_row_key(const omemo_row *row) {
    return bytes_of(row->at, row->len);
}

/* The letter of LIST, DEVICE or PREVIOUS in a dialect, by its number. */
static inline char omemo_row_in(char what, uint8_t dialect) {
    return (char)(what + dialect);
}

/* TOO_LARGE: a JID of more than SOTTO_OMEMO_JID_BYTES_MAX bytes. */
SOTTO_MUST_CHECK sotto_status omemo_row_device(omemo_row *ret, sotto_bytes jid, uint32_t device, char what);
/* All that is about a JID: for env->scan. */
SOTTO_MUST_CHECK sotto_status omemo_row_all(omemo_row *ret, sotto_bytes jid);
void omemo_row_own(omemo_row *ret, char what);
void omemo_row_u32(omemo_row *, uint32_t); /* appends */
/* The key behind the JID taken apart; false when it is no row of a device. */
bool omemo_row_is(sotto_bytes key, size_t jid_len, char what, uint32_t *ret_device);

/* jid 0 0 'v' key: an identity, by the form that all dialects share. */
SOTTO_MUST_CHECK sotto_status omemo_row_best(omemo_row *ret, sotto_bytes jid, const uint8_t key[32]);
bool omemo_row_is_best(sotto_bytes key, size_t jid_len);

/* Deletes every record whose key starts with the row's. */
SOTTO_MUST_CHECK sotto_status omemo_row_delete_all(seal_env *, const omemo_row *prefix);

#endif
