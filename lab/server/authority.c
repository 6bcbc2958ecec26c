/* SPDX-License-Identifier: ISC
 *
 * Certificates by libcrypto. Keys are P-256: quick to make, and every client knows them. */
#include "lab/server/authority.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "bytes/memory.h"

#define DOMAIN_BYTES 256u

struct lab_authority {
    const sotto_host *host;
    time_t now;
    long serial;
    EVP_PKEY *key;
    X509 *root;
    BIO *pem; /* the root */
};

/* What goes into one certificate. */
typedef struct draft {
    const char *subject;
    const char *names; /* subjectAltName; NULL: none */
    const char *constraints;
    const char *usage; /* extendedKeyUsage; NULL: none */
    long from_days, to_days;
    EVP_PKEY *key;
    X509 *issuer; /* NULL: itself */
    EVP_PKEY *issuer_key;
} draft;

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value) {
    if (!value) return true;
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool added = extension && X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return added;
}

static bool fill(X509 *x, const draft *d, time_t now, long serial) {
    time_t at = now;
    X509_NAME *name = X509_get_subject_name(x);
    const unsigned char *subject = (const unsigned char *)d->subject;
    return X509_set_version(x, X509_VERSION_3) && ASN1_INTEGER_set(X509_get_serialNumber(x), serial) &&
           X509_time_adj_ex(X509_getm_notBefore(x), (int)d->from_days, 0, &at) &&
           X509_time_adj_ex(X509_getm_notAfter(x), (int)d->to_days, 0, &at) &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, subject, -1, -1, 0) &&
           X509_set_issuer_name(x, d->issuer ? X509_get_subject_name(d->issuer) : name) && X509_set_pubkey(x, d->key) &&
           add_extension(x, x, NID_basic_constraints, d->constraints) &&
           add_extension(x, x, NID_subject_key_identifier, "hash") &&
           add_extension(x, d->issuer ? d->issuer : x, NID_authority_key_identifier, "keyid") &&
           add_extension(x, x, NID_ext_key_usage, d->usage) && add_extension(x, x, NID_subject_alt_name, d->names) &&
           X509_sign(x, d->issuer_key, EVP_sha256()) > 0;
}

static X509 *certify(lab_authority *authority, const draft *d) {
    X509 *x = X509_new();
    if (x && fill(x, d, authority->now, ++authority->serial)) return x;
    X509_free(x);
    return NULL;
}

sotto_status lab_authority_new(lab_authority **ret, const sotto_host *host, uint64_t now_ms) {
    lab_authority *authority = bytes_new(host, sizeof *authority);
    if (!authority) return SOTTO_FAIL(NO_MEMORY);
    authority->host = host;
    authority->now = (time_t)(now_ms / 1000);
    authority->key = EVP_EC_gen("P-256");
    authority->pem = BIO_new(BIO_s_mem());
    draft d = {.subject = "Lab Root",
               .constraints = "critical,CA:TRUE",
               .from_days = -1,
               .to_days = 365,
               .key = authority->key,
               .issuer_key = authority->key};
    if (authority->key) authority->root = certify(authority, &d);
    if (!authority->root || !authority->pem || !PEM_write_bio_X509(authority->pem, authority->root)) {
        lab_authority_free(authority);
        return SOTTO_FAIL(CRYPTO_FAILED);
    }
    *ret = authority;
    return SOTTO_OK;
}

static sotto_bytes pem_of(BIO *bio) {
    char *at = NULL;
    long len = BIO_get_mem_data(bio, &at);
    return bytes_of(at, len > 0 ? (size_t)len : 0);
}

sotto_bytes lab_authority_root(const lab_authority *authority) {
    return pem_of(authority->pem);
}

static sotto_status context_of(const lab_authority *authority, X509 *leaf, EVP_PKEY *key, tls_context **ret) {
    BIO *certificate = BIO_new(BIO_s_mem()), *secret = BIO_new(BIO_s_mem());
    sotto_status status = SOTTO_FAIL(CRYPTO_FAILED);
    if (certificate && secret && PEM_write_bio_X509(certificate, leaf) &&
        PEM_write_bio_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL)) {
        tls_server_config config = {
            .host = authority->host, .certificates_pem = pem_of(certificate), .key_pem = pem_of(secret)};
        status = tls_context_server(ret, &config);
    }
    BIO_free(certificate);
    BIO_free(secret);
    return status;
}

sotto_status lab_authority_issue(lab_authority *authority, const char *domain, lab_flaw flaw, tls_context **ret) {
    char names[3 * DOMAIN_BYTES];
    if (strlen(domain) >= DOMAIN_BYTES) return SOTTO_FAIL(USAGE);
    const char *named = flaw == LAB_OTHER_DOMAIN ? "other.example" : domain;
    (void)snprintf(names, sizeof names, "DNS:%s,otherName:1.3.6.1.5.5.7.8.7;IA5STRING:_xmpp-client.%s", named, named);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    draft d = {.subject = flaw == LAB_ONLY_COMMON_NAME ? domain : "Lab Server",
               .names = flaw == LAB_ONLY_COMMON_NAME ? NULL : names,
               .constraints = "critical,CA:FALSE",
               .usage = "serverAuth",
               .from_days = flaw == LAB_EXPIRED ? -30 : -1,
               .to_days = flaw == LAB_EXPIRED ? -1 : 365,
               .key = key,
               .issuer = flaw == LAB_SELF_SIGNED ? NULL : authority->root,
               .issuer_key = flaw == LAB_SELF_SIGNED ? key : authority->key};
    X509 *leaf = key ? certify(authority, &d) : NULL;
    sotto_status status = leaf ? context_of(authority, leaf, key, ret) : SOTTO_FAIL(CRYPTO_FAILED);
    X509_free(leaf);
    EVP_PKEY_free(key);
    return status;
}

void lab_authority_free(lab_authority *authority) {
    if (!authority) return;
    X509_free(authority->root);
    EVP_PKEY_free(authority->key);
    BIO_free(authority->pem);
    bytes_free(authority->host, authority, sizeof *authority);
}
