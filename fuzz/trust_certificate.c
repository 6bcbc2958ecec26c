/* SPDX-License-Identifier: ISC
 *
 * trust/certificate.h: the first line is the domain of the account, the others are names in a certificate, those with
 * an underscore in front as SRVName. Whatever is accepted is accepted because of one name, and never across labels. */
#include "trust/certificate.h"

#include "rig.h"

#define NAMES_MAX 16

static bool same(sotto_bytes a, sotto_bytes b) {
    if (a.len != b.len) return false;
    for (size_t i = 0; i < a.len; i++) {
        uint8_t x = a.at[i], y = b.at[i];
        if (x >= 'A' && x <= 'Z') x = (uint8_t)(x + 32);
        if (y >= 'A' && y <= 'Z') y = (uint8_t)(y + 32);
        if (x != y) return false;
    }
    return true;
}

static size_t labels(sotto_bytes name) {
    size_t count = 1;
    for (size_t i = 0; i < name.len; i++) count += name.at[i] == '.';
    return count;
}

/* A second opinion, said another way: the same name, or "*." and the same from the first dot on. */
static bool plausible(sotto_bytes name, sotto_bytes domain) {
    if (same(name, domain)) return true;
    const uint8_t *dot = domain.len > 0 ? memchr(domain.at, '.', domain.len) : NULL;
    if (!dot || name.len < 3 || name.at[0] != '*') return false;
    return labels(name) == labels(domain) && labels(name) >= 3 &&
           same(bytes_after(name, 1), bytes_after(domain, (size_t)(dot - domain.at)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char service[] = "_xmpp-client";
    sotto_bytes all = fuzz_exact(bytes_of(data, size)), in = all, dns[NAMES_MAX], srv[NAMES_MAX];
    trust_certificate_reference reference = {.domain = fuzz_line(&in), .service = service};
    trust_certificate facts = {.has_certificate = true, .path_valid = true, .dns_names = dns, .srv_names = srv};
    bool any = false;
    while (in.len > 0 && facts.dns_count < NAMES_MAX && facts.srv_count < NAMES_MAX) {
        sotto_bytes name = fuzz_line(&in);
        bool is_srv = name.len > 0 && name.at[0] == '_';
        if (is_srv)
            srv[facts.srv_count++] = name;
        else
            dns[facts.dns_count++] = name;
        sotto_bytes mark = bytes_of(name.at, name.len < sizeof service ? name.len : sizeof service);
        if (!is_srv)
            any = any || plausible(name, reference.domain);
        else if (same(mark, BYTES_LITERAL("_xmpp-client.")))
            any = any || plausible(bytes_after(name, sizeof service), reference.domain);
    }
    trust_certificate_reason reason = trust_certificate_judge(&facts, &reference);
    if (reason == TRUST_CERTIFICATE_ACCEPTED) MUST(any && reference.domain.len > 0);
    MUST(strcmp(trust_certificate_text(reason), "unknown") != 0);
    facts.path_valid = false;
    MUST(trust_certificate_judge(&facts, &reference) == TRUST_CERTIFICATE_PATH);
    facts.has_certificate = false;
    MUST(trust_certificate_judge(&facts, &reference) == TRUST_CERTIFICATE_NONE);
    fuzz_exact_free(all);
    return 0;
}
