/* SPDX-License-Identifier: ISC
 *
 * Making certificates with OpenSSL. A failure here is a broken test and aborts. */
#include "certificates.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(bool fine, const char *what) {
    if (fine) return;
    (void)fprintf(stderr, "making a certificate failed: %s\n", what);
    abort();
}

static EVP_PKEY *key_new(test_key kind) {
    switch (kind) {
    case TEST_KEY_ED25519:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    case TEST_KEY_RSA_2048:
        return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    case TEST_KEY_RSA_1024:
        return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
    case TEST_KEY_P384:
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
    case TEST_KEY_P256:
        break;
    }
    return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
}

static void extend(X509 *x509, X509 *issuer, int nid, const char *value) {
    if (!value) return;
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    must(extension && X509_add_ext(x509, extension, -1) == 1, value);
    X509_EXTENSION_free(extension);
}

static void extend_raw_dns(X509 *x509, const char *name, size_t len) {
    if (!name) return;
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    GENERAL_NAME *one = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    must(names && one && text && ASN1_STRING_set(text, name, (int)len) == 1, "raw name");
    GENERAL_NAME_set0_value(one, GEN_DNS, text);
    sk_GENERAL_NAME_push(names, one);
    must(X509_add1_ext_i2d(x509, NID_subject_alt_name, names, 0, 0) == 1, "raw name");
    GENERAL_NAMES_free(names);
}

static void extend_unknown(X509 *x509, const char *oid) {
    if (!oid) return;
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
    must(object && octets && ASN1_OCTET_STRING_set(octets, (const unsigned char *)"\x05\x00", 2) == 1, oid);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, 1, octets);
    must(extension && X509_add_ext(x509, extension, -1) == 1, oid);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(octets);
    ASN1_OBJECT_free(object);
}

static void set_names(X509 *x509, X509 *issuer, const char *common_name) {
    static long serial = 1;
    must(ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial) == 1, "serial");
    X509_NAME *name = X509_get_subject_name(x509);
    if (common_name) {
        must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name, -1, -1, 0) == 1,
             common_name);
    }
    must(X509_set_issuer_name(x509, X509_get_subject_name(issuer)) == 1, "issuer");
}

test_certificate test_certificate_make(const test_wish *wish) {
    test_certificate made = {X509_new(), key_new(wish->key)};
    must(made.x509 && made.key, "memory");
    X509 *issuer = wish->issuer ? wish->issuer->x509 : made.x509;
    EVP_PKEY *signer = wish->issuer ? wish->issuer->key : made.key;
    must(X509_set_version(made.x509, 2) == 1 && X509_set_pubkey(made.x509, made.key) == 1, "key");
    set_names(made.x509, issuer, wish->common_name);
    (void)X509_gmtime_adj(X509_getm_notBefore(made.x509), wish->from ? wish->from : -3600);
    (void)X509_gmtime_adj(X509_getm_notAfter(made.x509), wish->until ? wish->until : 86400);
    extend(made.x509, issuer, NID_basic_constraints, wish->basic);
    extend(made.x509, issuer, NID_ext_key_usage, wish->usage);
    extend(made.x509, issuer, NID_key_usage, wish->key_usage);
    extend(made.x509, issuer, NID_name_constraints, wish->constraints);
    extend(made.x509, issuer, NID_subject_alt_name, wish->names);
    extend_raw_dns(made.x509, wish->raw_dns, wish->raw_dns_len);
    extend_unknown(made.x509, wish->critical_unknown);
    bool ed25519 = EVP_PKEY_is_a(signer, "ED25519");
    const EVP_MD *hash = wish->hash ? wish->hash : EVP_sha256();
    must(X509_sign(made.x509, signer, ed25519 ? NULL : hash) > 0, "signature");
    return made;
}

void test_certificate_free(test_certificate *certificate) {
    X509_free(certificate->x509);
    EVP_PKEY_free(certificate->key);
    *certificate = (test_certificate){NULL, NULL};
}

static sotto_bytes bio_bytes(BIO *bio) {
    char *at;
    long len = BIO_get_mem_data(bio, &at);
    must(len > 0, "PEM");
    uint8_t *copy = malloc((size_t)len);
    must(copy != NULL, "memory");
    memcpy(copy, at, (size_t)len);
    BIO_free(bio);
    return (sotto_bytes){copy, (size_t)len};
}

sotto_bytes test_pem(const test_certificate *const *certificates, size_t count) {
    BIO *bio = BIO_new(BIO_s_mem());
    for (size_t i = 0; i < count; i++) must(PEM_write_bio_X509(bio, certificates[i]->x509) == 1, "PEM");
    return bio_bytes(bio);
}

sotto_bytes test_pem_key(const test_certificate *certificate) {
    BIO *bio = BIO_new(BIO_s_mem());
    must(PEM_write_bio_PrivateKey(bio, certificate->key, NULL, NULL, 0, NULL, NULL) == 1, "PEM");
    return bio_bytes(bio);
}

void test_pem_free(sotto_bytes *pem) {
    free((void *)(uintptr_t)pem->at);
    *pem = (sotto_bytes){NULL, 0};
}
