/* SPDX-License-Identifier: ISC
 *
 * Certificates made while the tests run, good ones and every kind of bad one. */
#ifndef TEST_CERTIFICATES_H
#define TEST_CERTIFICATES_H

#include <openssl/x509.h>

#include <sotto/types.h>

typedef enum test_key { TEST_KEY_P256, TEST_KEY_ED25519, TEST_KEY_RSA_2048, TEST_KEY_RSA_1024, TEST_KEY_P384 } test_key;

typedef struct test_certificate {
    X509 *x509;
    EVP_PKEY *key;
} test_certificate;

/* NULL and 0 are the usual: valid from an hour ago for a day, P-256, SHA-256, no extension. */
typedef struct test_wish {
    const char *common_name;
    const char *names;   /* subjectAltName in OpenSSL's words: "DNS:a.example,DNS:b.example" */
    const char *raw_dns; /* one dNSName of raw_dns_len bytes instead, NUL and all */
    size_t raw_dns_len;
    const char *usage;            /* extendedKeyUsage: "serverAuth" */
    const char *key_usage;        /* keyUsage: "critical,digitalSignature" */
    const char *constraints;      /* nameConstraints: "permitted;DNS:ok.example" */
    const char *basic;            /* basicConstraints; a CA: "critical,CA:TRUE" */
    const char *critical_unknown; /* an OID: a critical extension nobody knows */
    long from, until;             /* seconds from now */
    test_key key;
    const EVP_MD *hash;
    const test_certificate *issuer; /* NULL: self-signed */
} test_wish;

test_certificate test_certificate_make(const test_wish *);
void test_certificate_free(test_certificate *);
/* PEM of the certificates, the first first; valid until test_pem_free. */
sotto_bytes test_pem(const test_certificate *const *, size_t count);
sotto_bytes test_pem_key(const test_certificate *);
void test_pem_free(sotto_bytes *);

#define TEST_SRV_NAME  "otherName:1.3.6.1.5.5.7.8.7;IA5STRING:" /* RFC 4985 */
#define TEST_XMPP_ADDR "otherName:1.3.6.1.5.5.7.8.5;UTF8:"      /* RFC 6120 section 13.7.1.4 */

#endif
