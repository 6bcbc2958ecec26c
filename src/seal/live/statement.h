/* SPDX-License-Identifier: ISC
 *
 * Statements: what else stands behind a live key, shown inside sessions. A certificate or an OpenPGP key signed once
 * that this live key is this JID's; the host judges those (it has the roots, and gpg), as a job. The OMEMO identity of
 * the same device signs in each session, and is judged here: by a contact's verified OMEMO key a new live key is
 * verified at once. */
#ifndef SEAL_LIVE_STATEMENT_H
#define SEAL_LIVE_STATEMENT_H

#include "seal/live/frame.h"
#include "seal/live/proof.h"
#include "seal/seal.h"

#define LIVE_STATEMENT_CERTIFICATES_MAX 10u /* in one statement, the leaf first */

struct live_self;
struct live_session;

/* What a certificate's or an OpenPGP key signs. `made`: seconds since 1970. */
void live_statement_binding(bytes_buffer *, sotto_bytes bare, const uint8_t key[32], uint64_t made);

/* What the OMEMO identity of the side that `c` names signs; c->earlier and c->secret do not count. */
void live_statement_sibling(bytes_buffer *, const live_circumstances *c, const uint8_t key[32]);

/* The body of a statement, as its parts. MALFORMED. */
typedef struct live_statement {
    uint64_t made;
    sotto_bytes signature;
    sotto_bytes certificates[LIVE_STATEMENT_CERTIFICATES_MAX]; /* X509: DER */
    size_t certificate_count;
    sotto_bytes fingerprint; /* OPENPGP */
    uint32_t device;         /* OMEMO */
    sotto_bytes identity;    /* OMEMO: 32 bytes */
} live_statement;
SOTTO_MUST_CHECK sotto_status live_statement_read(live_statement_type, sotto_bytes body, live_statement *ret);
void live_statement_write(bytes_buffer *, live_statement_type, const live_statement *);

/* For hosts: a job's request, and its answer. The answer's status says why the statement does not count, or OK; the
 * text whose it is, as the certificate or the key says. MALFORMED: it is no such request. */
typedef struct live_statement_request {
    live_statement_type type;
    sotto_bytes jid;     /* bare: whom it must name */
    sotto_bytes binding; /* what must be signed */
    live_statement said;
} live_statement_request;
SOTTO_MUST_CHECK sotto_status live_statement_request_read(sotto_bytes request, live_statement_request *ret);
void live_statement_answer_write(bytes_buffer *, sotto_status, sotto_bytes text);

/* Which kinds of statements about a key were accepted when they were judged last: bit n is the type n. */
SOTTO_MUST_CHECK sotto_status live_statement_accepted(seal_env *, sotto_bytes jid, const uint8_t key[32],
                                                      uint32_t *ret);

/* What is shown from now on (SEAL_INPUT_STATEMENT). */
SOTTO_MUST_CHECK sotto_status live_statement_set(seal_env *, uint32_t type, sotto_bytes body);
/* In the end of a step: shows what there is, once a session. */
SOTTO_MUST_CHECK sotto_status live_statement_flush(struct live_self *, seal_env *, struct live_session *);
/* The host's answer (SEAL_INPUT_JOB). */
SOTTO_MUST_CHECK sotto_status live_statement_judged(seal_env *, sotto_bytes note, sotto_bytes answer);
/* A key that is forgotten. */
SOTTO_MUST_CHECK sotto_status live_statement_forget(seal_env *, sotto_bytes jid, const uint8_t key[32]);

#endif
