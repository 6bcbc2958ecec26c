/* SPDX-License-Identifier: ISC
 *
 * What the peer's certificate says of itself, collected for trust/certificate.h and judged nowhere here: the names
 * (RFC 5280 dNSName, RFC 4985 SRVName; never the common name, RFC 9525 section 2) and the key. */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sotto/limits.h>
#include <strings.h>

#include "bytes/span.h"
#include "crypto/hash.h"
#include "tls/parts.h"

/* A name as trust may compare it: ASCII without control characters and without NUL. Certificates with others exist to
 * confuse (CHANNELS, section 2). */
static bool name_usable(sotto_bytes name) {
    for (size_t i = 0; i < name.len; i++) {
        if (name.at[i] <= ' ' || name.at[i] >= 0x7f) return false;
    }
    return name.len > 0;
}

static sotto_bytes string_bytes(const ASN1_STRING *string) {
    int len = ASN1_STRING_length(string);
    return bytes_of(ASN1_STRING_get0_data(string), len > 0 ? (size_t)len : 0);
}

/* RFC 5280 section 4.2.1.10: a constraint holds for the domain itself and everything below it. */
static bool below(sotto_bytes domain, sotto_bytes constraint) {
    if (constraint.len > 0 && constraint.at[0] == '.') constraint = bytes_after(constraint, 1);
    if (constraint.len == 0) return true;
    if (domain.len < constraint.len) return false;
    size_t start = domain.len - constraint.len;
    if (start > 0 && domain.at[start - 1] != '.') return false;
    return strncasecmp((const char *)domain.at + start, (const char *)constraint.at, constraint.len) == 0;
}

/* How many DNS constraints are in the list, and whether the domain is below one. */
static size_t subtrees_match(const STACK_OF(GENERAL_SUBTREE) * trees, sotto_bytes domain, bool *ret_below) {
    size_t count = 0;
    *ret_below = false;
    for (int i = 0; i < sk_GENERAL_SUBTREE_num(trees); i++) {
        const GENERAL_SUBTREE *tree = sk_GENERAL_SUBTREE_value(trees, i);
        if (tree->base->type != GEN_DNS) continue;
        count++;
        if (below(domain, string_bytes(tree->base->d.dNSName))) *ret_below = true;
    }
    return count;
}

/* An extension, or NULL where there is none, or two, or one that cannot be read: *ret_none tells the first of these. */
static sotto_status extension(void **ret, bool *ret_none, const X509 *certificate, int kind) {
    int state = -1;
    ERR_clear_error();
    *ret = X509_get_ext_d2i(certificate, kind, &state, NULL);
    *ret_none = state == -1;
    if (*ret || state < 0) return SOTTO_OK;
    /* Not for lack of memory: what was not read must not count as not there. OpenSSL 3.5 does not always say so; where
     * it was a moment's shortage, a second try reads it. */
    SOTTO_TRY(tls_failure(SOTTO_OK));
    *ret = X509_get_ext_d2i(certificate, kind, &state, NULL);
    return *ret ? SOTTO_OK : tls_failure(SOTTO_OK);
}

/* RFC 4985 section 4: DNS constraints of a CA bind the domain of an SRVName too. OpenSSL checks dNSName alone. */
sotto_status tls_constraints_allow(STACK_OF(X509) * chain, sotto_bytes domain, bool *ret) {
    *ret = false;
    for (int i = 1; i < sk_X509_num(chain); i++) {
        void *read;
        bool none;
        SOTTO_TRY(extension(&read, &none, sk_X509_value(chain, i), NID_name_constraints));
        NAME_CONSTRAINTS *constraints = read;
        if (none) continue;
        if (!constraints) return SOTTO_OK;
        bool is_below, allowed = true;
        if (subtrees_match(constraints->permittedSubtrees, domain, &is_below) > 0 && !is_below) allowed = false;
        if (subtrees_match(constraints->excludedSubtrees, domain, &is_below) > 0 && is_below) allowed = false;
        NAME_CONSTRAINTS_free(constraints);
        if (!allowed) return SOTTO_OK;
    }
    *ret = true;
    return SOTTO_OK;
}

/* "_service.domain" -> domain. */
static sotto_bytes srv_domain(sotto_bytes name) {
    for (size_t i = 0; i < name.len; i++) {
        if (name.at[i] == '.') return bytes_after(name, i + 1);
    }
    return BYTES_NONE;
}

typedef struct names {
    sotto_bytes dns[SOTTO_CERTIFICATE_NAMES_MAX], srv[SOTTO_CERTIFICATE_NAMES_MAX];
    size_t dns_count, srv_count;
} names;

static sotto_status names_add(names *all, bytes_arena *arena, const GENERAL_NAME *name, STACK_OF(X509) * chain) {
    if (name->type == GEN_DNS) {
        sotto_bytes value = string_bytes(name->d.dNSName);
        if (!name_usable(value) || all->dns_count == SOTTO_CERTIFICATE_NAMES_MAX) return SOTTO_OK;
        return bytes_arena_copy(arena, value, &all->dns[all->dns_count++]) ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
    }
    if (name->type != GEN_OTHERNAME || OBJ_obj2nid(name->d.otherName->type_id) != NID_SRVName) return SOTTO_OK;
    const ASN1_TYPE *typed = name->d.otherName->value;
    if (!typed || typed->type != V_ASN1_IA5STRING) return SOTTO_OK;
    sotto_bytes value = string_bytes(typed->value.ia5string);
    if (!name_usable(value) || all->srv_count == SOTTO_CERTIFICATE_NAMES_MAX) return SOTTO_OK;
    bool allowed;
    SOTTO_TRY(tls_constraints_allow(chain, srv_domain(value), &allowed));
    if (!allowed) return SOTTO_OK;
    return bytes_arena_copy(arena, value, &all->srv[all->srv_count++]) ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
}

static bool names_keep(bytes_arena *arena, const sotto_bytes *from, size_t count, const sotto_bytes **ret) {
    sotto_bytes *list = bytes_arena_take(arena, count * sizeof *list);
    if (!list) return false;
    if (count > 0) memcpy(list, from, count * sizeof *list);
    *ret = list;
    return true;
}

static sotto_status names_read(tls_facts *facts, bytes_arena *arena, const X509 *leaf, STACK_OF(X509) * chain) {
    /* Two extensions of a kind, or one that cannot be read, give NULL: no names then, and no match. */
    void *read;
    bool none;
    SOTTO_TRY(extension(&read, &none, leaf, NID_subject_alt_name));
    GENERAL_NAMES *list = read;
    names *all = bytes_arena_take(arena, sizeof *all);
    sotto_status status = all ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
    for (int i = 0; sotto_ok(status) && i < sk_GENERAL_NAME_num(list); i++) {
        status = names_add(all, arena, sk_GENERAL_NAME_value(list, i), chain);
    }
    GENERAL_NAMES_free(list);
    SOTTO_TRY(status);
    if (!names_keep(arena, all->dns, all->dns_count, &facts->dns_names) ||
        !names_keep(arena, all->srv, all->srv_count, &facts->srv_names)) {
        return SOTTO_FAIL(NO_MEMORY);
    }
    facts->dns_count = all->dns_count;
    facts->srv_count = all->srv_count;
    return SOTTO_OK;
}

sotto_status tls_facts_read(tls_facts *ret, bytes_arena *arena, SSL *ssl) {
    X509 *leaf = SSL_get0_peer_certificate(ssl);
    return leaf ? tls_facts_of(ret, arena, leaf, SSL_get0_verified_chain(ssl)) : SOTTO_OK;
}

sotto_status tls_facts_of(tls_facts *ret, bytes_arena *arena, X509 *leaf, STACK_OF(X509) * chain) {
    tls_facts facts = *ret;
    facts.has_certificate = true;
    unsigned char *der = NULL, *spki = NULL;
    int der_len = i2d_X509(leaf, &der);
    int spki_len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &spki);
    sotto_status status = der_len > 0 && spki_len > 0 ? SOTTO_OK : tls_failure(SOTTO_FAIL(CRYPTO_FAILED));
    if (der_len > 0 && spki_len > 0) {
        bool copied = bytes_arena_copy(arena, bytes_of(der, (size_t)der_len), &facts.leaf);
        status = copied ? crypto_hash_of(CRYPTO_SHA256, facts.spki_sha256, bytes_of(spki, (size_t)spki_len))
                        : SOTTO_FAIL(NO_MEMORY);
    }
    OPENSSL_free(der);
    OPENSSL_free(spki);
    SOTTO_TRY(status);
    SOTTO_TRY(names_read(&facts, arena, leaf, chain));
    *ret = facts;
    return SOTTO_OK;
}
