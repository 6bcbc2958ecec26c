/* SPDX-License-Identifier: ISC
 *
 * Bundles as they are published (XEP-0384 section 5.3.2): our own written, those of other devices read. */
#ifndef SEAL_OMEMO_BUNDLE_H
#define SEAL_OMEMO_BUNDLE_H

#include "seal/omemo/exchange.h"
#include "seal/omemo/own.h"
#include "stanza/writer.h"

/* Writes <bundle/>. `signature`: of the signed prekey, as the dialect has it (omemo_offer_sign). What the environment
 * says; failures of the writer are in its buffer. */
SOTTO_MUST_CHECK sotto_status omemo_bundle_write(stanza_writer *, const omemo_dialect *, seal_env *, const omemo_own *,
                                                 const crypto_identity *, const crypto_signature *signature);
/* Reads <bundle/>, picks one prekey at random and verifies. Every part exactly once, ids within their range and not
 * twice, keys of the dialect's size (T30, T31). MALFORMED, TOO_LARGE, NO_PREKEY (none in it), BAD_SIGNATURE, BAD_KEY;
 * NO_RANDOM.
 */
SOTTO_MUST_CHECK sotto_status omemo_bundle_read(const stanza_element *, const omemo_dialect *, seal_env *,
                                                omemo_offer *ret);
/* Whether what is published is what we have: identity, signed prekey, and the very same prekeys. */
SOTTO_MUST_CHECK sotto_status omemo_bundle_is_own(const stanza_element *, const omemo_dialect *, seal_env *,
                                                  const omemo_own *, const crypto_identity *,
                                                  const crypto_signature *signature, bool *ret_same);
/* The identity in a bundle, without looking at the rest. MALFORMED. */
SOTTO_MUST_CHECK sotto_status omemo_bundle_identity(const stanza_element *, const omemo_dialect *, bytes_arena *,
                                                    omemo_identity *ret);

#endif
