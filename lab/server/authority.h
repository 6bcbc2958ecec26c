/* SPDX-License-Identifier: ISC
 *
 * A certificate authority that lives as long as the process: it makes the server's certificate, or one that is wrong in
 * a way a client must notice. */
#ifndef LAB_AUTHORITY_H
#define LAB_AUTHORITY_H

#include "bytes/span.h"
#include "tls/context.h"

typedef struct lab_authority lab_authority;

typedef enum lab_flaw {
    LAB_FLAWLESS,
    LAB_EXPIRED,         /* yesterday */
    LAB_OTHER_DOMAIN,    /* for other.example */
    LAB_SELF_SIGNED,     /* by nobody but itself */
    LAB_ONLY_COMMON_NAME /* the domain is in the subject alone (RFC 9525: counts for nothing) */
} lab_flaw;

/* now_ms: Unix time by which certificates are made valid, for a year. CRYPTO_FAILED, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status lab_authority_new(lab_authority **ret, const sotto_host *, uint64_t now_ms);
/* The root certificate in PEM: what clients trust. Lives as long as the authority. */
sotto_bytes lab_authority_root(const lab_authority *);
/* A server's context with a new key and a certificate for the domain (DNS-ID and SRV-ID). */
SOTTO_MUST_CHECK sotto_status lab_authority_issue(lab_authority *, const char *domain, lab_flaw, tls_context **ret);
void lab_authority_free(lab_authority *);

#endif
