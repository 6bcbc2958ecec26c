/* SPDX-License-Identifier: ISC
 *
 * Keys of skipped messages as records: blocks of up to 32, so that one lost message costs a small record and a thousand
 * cost 32. Reading a late message is one get, because its chain and number name the block. */
#ifndef SEAL_OMEMO_SKIPPED_H
#define SEAL_OMEMO_SKIPPED_H

#include "seal/omemo/row.h"
#include "seal/omemo/session.h"

/* The keys of one session of one device; `session` is the count of sessions with that device. */
typedef struct omemo_skipped_rows {
    seal_env *env;
    omemo_row prefix;
} omemo_skipped_rows;

SOTTO_MUST_CHECK sotto_status omemo_skipped_open(omemo_skipped_rows *ret, seal_env *, sotto_bytes jid, uint32_t device,
                                                 uint32_t session);
omemo_skipped omemo_skipped_port(omemo_skipped_rows *);
/* Deletes all of the session. */
SOTTO_MUST_CHECK sotto_status omemo_skipped_wipe(omemo_skipped_rows *);

#endif
