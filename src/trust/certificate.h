/* SPDX-License-Identifier: ISC
 *
 * Does this certificate prove that the server is the domain's? RFC 9525 over the facts that tls/engine.h collected:
 * DNS-ID and SRV-ID count, the common name never does. A pure function: facts in, verdict and reason out. */
#ifndef TRUST_CERTIFICATE_H
#define TRUST_CERTIFICATE_H

#include <sotto/types.h>

/* The members of tls_facts that are judged; same names, same meaning. */
typedef struct trust_certificate {
    bool has_certificate;
    bool path_valid;
    const char *path_error;
    const sotto_bytes *dns_names;
    size_t dns_count;
    const sotto_bytes *srv_names;
    size_t srv_count;
} trust_certificate;

typedef enum trust_certificate_reason {
    TRUST_CERTIFICATE_ACCEPTED,
    TRUST_CERTIFICATE_NONE,    /* the server showed none */
    TRUST_CERTIFICATE_PATH,    /* no valid path to a trusted root; path_error says why */
    TRUST_CERTIFICATE_ADDRESS, /* the domain is a literal address: certificates prove names here */
    TRUST_CERTIFICATE_UNNAMED, /* neither DNS-ID nor SRV-ID; at most a common name, which does not count */
    TRUST_CERTIFICATE_OTHER    /* it is another's: no name matches */
} trust_certificate_reason;

/* The reference identifier (RFC 9525 section 6.1): the domain of the account, never the target of an SRV record
 * (RFC 6120 section 13.7.2.1), in A-label form; and the service, "_xmpp-client". */
typedef struct trust_certificate_reference {
    sotto_bytes domain;
    const char *service;
} trust_certificate_reference;

trust_certificate_reason trust_certificate_judge(const trust_certificate *, const trust_certificate_reference *);
/* A sentence for people; static. */
const char *trust_certificate_text(trust_certificate_reason);

#endif
