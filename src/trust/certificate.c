/* SPDX-License-Identifier: ISC
 *
 * Matching presented against reference identifiers, RFC 9525 section 6. */
#include "trust/certificate.h"

#include "bytes/span.h"

static uint8_t lower(uint8_t c) {
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

/* ASCII letters alone have case in A-labels (RFC 9525 section 6.3). */
static bool same_name(sotto_bytes a, sotto_bytes b) {
    if (a.len != b.len) return false;
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.at[i]) != lower(b.at[i])) return false;
    }
    return true;
}

/* What follows the first dot; empty: there is none. */
static sotto_bytes parent(sotto_bytes name) {
    for (size_t i = 0; i < name.len; i++) {
        if (name.at[i] == '.') return bytes_after(name, i + 1);
    }
    return BYTES_NONE;
}

/* RFC 9525 section 6.3: a wildcard is the whole left-most label and stands for exactly one label. Its rest must have
 * two labels at least, so that no certificate is good for everything below a top-level domain. */
static bool wildcard_matches(sotto_bytes presented, sotto_bytes domain) {
    if (presented.len < 2 || presented.at[0] != '*' || presented.at[1] != '.') return false;
    sotto_bytes rest = bytes_after(presented, 2), above = parent(domain);
    if (parent(rest).len == 0 || above.len + 1 >= domain.len) return false;
    return same_name(rest, above);
}

static bool domain_matches(sotto_bytes presented, sotto_bytes domain) {
    return same_name(presented, domain) || wildcard_matches(presented, domain);
}

/* RFC 4985 section 2: "_service.domain". */
static bool srv_matches(sotto_bytes presented, const trust_certificate_reference *reference) {
    sotto_bytes service = bytes_text(reference->service);
    if (presented.len <= service.len || presented.at[service.len] != '.') return false;
    if (!same_name(bytes_of(presented.at, service.len), service)) return false;
    return domain_matches(bytes_after(presented, service.len + 1), reference->domain);
}

/* IPv6 has colons; IPv4 ends in a label of digits, which no top-level domain does (RFC 9525 section 6.1.2). */
static bool is_address(sotto_bytes domain) {
    bool digits = domain.len > 0;
    for (size_t i = 0; i < domain.len; i++) {
        uint8_t c = domain.at[i];
        if (c == ':') return true;
        if (c == '.') {
            digits = i + 1 < domain.len;
        } else if (c < '0' || c > '9') {
            digits = false;
        }
    }
    return digits;
}

trust_certificate_reason trust_certificate_judge(const trust_certificate *certificate,
                                                 const trust_certificate_reference *reference) {
    if (!certificate->has_certificate) return TRUST_CERTIFICATE_NONE;
    if (!certificate->path_valid) return TRUST_CERTIFICATE_PATH;
    if (reference->domain.len == 0) return TRUST_CERTIFICATE_OTHER;
    if (is_address(reference->domain)) return TRUST_CERTIFICATE_ADDRESS;
    for (size_t i = 0; i < certificate->dns_count; i++) {
        if (domain_matches(certificate->dns_names[i], reference->domain)) return TRUST_CERTIFICATE_ACCEPTED;
    }
    for (size_t i = 0; i < certificate->srv_count; i++) {
        if (srv_matches(certificate->srv_names[i], reference)) return TRUST_CERTIFICATE_ACCEPTED;
    }
    if (certificate->dns_count == 0 && certificate->srv_count == 0) return TRUST_CERTIFICATE_UNNAMED;
    return TRUST_CERTIFICATE_OTHER;
}

const char *trust_certificate_text(trust_certificate_reason reason) {
    switch (reason) {
    case TRUST_CERTIFICATE_ACCEPTED:
        return "the certificate proves the domain";
    case TRUST_CERTIFICATE_NONE:
        return "the server showed no certificate";
    case TRUST_CERTIFICATE_PATH:
        return "no trusted authority stands behind the certificate";
    case TRUST_CERTIFICATE_ADDRESS:
        return "the domain is an address, and certificates prove names";
    case TRUST_CERTIFICATE_UNNAMED:
        return "the certificate names no domain (a common name does not count)";
    case TRUST_CERTIFICATE_OTHER:
        return "the certificate is for other names";
    }
    return "unknown";
}
