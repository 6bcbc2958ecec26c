/* SPDX-License-Identifier: ISC
 *
 * Certificates, judged as a connection's are: roots, security level and limits are those of a client's context
 * (tls/context.h), the names are collected by tls/facts.c and judged by trust/certificate.h. What these do not do yet
 * (revocation lists, policies, addresses) is said to be unsupported and never left out in silence. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sotto/limits.h>

#include "port.h"
#include "tls/parts.h"
#include "trust/certificate.h"

#define TIME_MAX 253402300799ull /* the last second a certificate can name (RFC 5280 section 4.1.2.5: year 9999) */

typedef struct chain {
    X509 *leaf;
    STACK_OF(X509) * intermediates;
    BIO *roots_pem;
    tls_context *context;
    X509_STORE_CTX *store;
} chain;

static void chain_free(chain *c) {
    X509_STORE_CTX_free(c->store);
    tls_context_free(c->context);
    BIO_free(c->roots_pem);
    sk_X509_pop_free(c->intermediates, X509_free);
    X509_free(c->leaf);
    ERR_clear_error();
}

/* DER, all of it one certificate. */
static sotto_status certificate_read(sotto_bytes der, X509 **ret) {
    const unsigned char *at = der.at;
    X509 *certificate = der.len > 0 ? d2i_X509(NULL, &at, (long)der.len) : NULL;
    if (certificate && at == der.at + der.len) {
        *ret = certificate;
        return SOTTO_OK;
    }
    X509_free(certificate);
    return SOTTO_FAIL(MALFORMED);
}

typedef sotto_status certificate_visit(chain *, X509 *);

static sotto_status intermediate_add(chain *c, X509 *certificate) {
    if (X509_up_ref(certificate) != 1) return SOTTO_FAIL(NO_MEMORY);
    if (sk_X509_push(c->intermediates, certificate) > 0) return SOTTO_OK;
    X509_free(certificate);
    return SOTTO_FAIL(NO_MEMORY);
}

static sotto_status root_add(chain *c, X509 *certificate) {
    return PEM_write_bio_X509(c->roots_pem, certificate) == 1 ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
}

static sotto_status list_read(vector_port *p, const char *name, chain *c, certificate_visit *visit) {
    sotto_bytes rest = port_bytes(p, name);
    while (rest.len > 0) {
        size_t len = 0;
        sotto_bytes der;
        X509 *certificate;
        while (len < rest.len && rest.at[len] != ',') len++;
        SOTTO_TRY(port_hex(p, bytes_of(rest.at, len), &der));
        SOTTO_TRY(certificate_read(der, &certificate));
        sotto_status status = visit(c, certificate);
        X509_free(certificate);
        SOTTO_TRY(status);
        rest = bytes_after(rest, len + 1);
    }
    return SOTTO_OK;
}

/* Numbers and words first: what is asked for that cannot be honoured. */
static sotto_status request_check(const vector_port *p, bool *ret_named) {
    sotto_bytes name = port_bytes(p, "name"), purpose = port_bytes(p, "purpose");
    *ret_named = name.len > 0 && !bytes_is(name, "none");
    if (*ret_named && !bytes_starts_with(name, bytes_text("dns:"))) {
        return bytes_starts_with(name, bytes_text("ip:")) ? PORT_UNSUPPORTED : SOTTO_FAIL(USAGE);
    }
    if (!bytes_is(purpose, "server") && !bytes_is(purpose, "client")) return SOTTO_FAIL(USAGE);
    if (port_bytes(p, "crls").len > 0 || port_bytes(p, "policies").len > 0) return PORT_UNSUPPORTED;
    return port_number(p, "time") > TIME_MAX ? SOTTO_FAIL(TOO_LARGE) : SOTTO_OK;
}

static sotto_status roots_context(vector_port *p, chain *c) {
    char *pem;
    long len = BIO_get_mem_data(c->roots_pem, &pem);
    tls_client_config config = {.host = &p->host, .roots_pem = bytes_of(pem, len > 0 ? (size_t)len : 0)};
    if (len <= 0) return SOTTO_FAIL(BAD_CERTIFICATE); /* nothing leads to no root */
    return tls_context_client(&c->context, &config);
}

/* What OpenSSL does in a handshake of this context, at a time and with a depth of the caller's. The product's own
 * limit on the depth holds besides. */
static sotto_status path_verify(const vector_port *p, chain *c) {
    SSL_CTX *ssl = c->context->ssl;
    c->store = X509_STORE_CTX_new();
    if (!c->store || X509_STORE_CTX_init(c->store, SSL_CTX_get_cert_store(ssl), c->leaf, c->intermediates) != 1)
        return SOTTO_FAIL(NO_MEMORY);
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(c->store);
    X509_VERIFY_PARAM_set_auth_level(param, SSL_CTX_get_security_level(ssl));
    const char *purpose = bytes_is(port_bytes(p, "purpose"), "client") ? "ssl_client" : "ssl_server";
    if (X509_STORE_CTX_set_default(c->store, purpose) != 1 ||
        X509_VERIFY_PARAM_set1(param, SSL_CTX_get0_param(ssl)) != 1)
        return SOTTO_FAIL(CRYPTO_FAILED);
    X509_VERIFY_PARAM_set_time(param, (time_t)port_number(p, "time"));
    if (port_has(p, "depth") && port_number(p, "depth") < SOTTO_CERTIFICATE_CHAIN_MAX)
        X509_VERIFY_PARAM_set_depth(param, (int)port_number(p, "depth"));
    return X509_verify_cert(c->store) == 1 ? SOTTO_OK : SOTTO_FAIL(BAD_CERTIFICATE);
}

/* A DNS-ID alone proves a name that is asked for as one. */
static sotto_status name_verify(vector_port *p, const chain *c) {
    tls_facts facts = {.path_valid = true};
    SOTTO_TRY(tls_facts_of(&facts, &p->arena, c->leaf, X509_STORE_CTX_get0_chain(c->store)));
    trust_certificate certificate = {.has_certificate = facts.has_certificate,
                                     .path_valid = facts.path_valid,
                                     .dns_names = facts.dns_names,
                                     .dns_count = facts.dns_count};
    trust_certificate_reference reference = {.domain = bytes_after(port_bytes(p, "name"), strlen("dns:")),
                                             .service = "_xmpp-client"};
    bool accepted = trust_certificate_judge(&certificate, &reference) == TRUST_CERTIFICATE_ACCEPTED;
    return accepted ? SOTTO_OK : SOTTO_FAIL(BAD_CERTIFICATE);
}

static sotto_status chain_verify(vector_port *p, chain *c, bool named) {
    SOTTO_TRY(certificate_read(port_bytes(p, "leaf"), &c->leaf));
    c->intermediates = sk_X509_new_null();
    c->roots_pem = BIO_new(BIO_s_mem());
    if (!c->intermediates || !c->roots_pem) return SOTTO_FAIL(NO_MEMORY);
    SOTTO_TRY(list_read(p, "intermediates", c, intermediate_add));
    SOTTO_TRY(list_read(p, "roots", c, root_add));
    SOTTO_TRY(roots_context(p, c));
    SOTTO_TRY(path_verify(p, c));
    return named ? name_verify(p, c) : SOTTO_OK;
}

sotto_status port_x509_verify(vector_port *p) {
    chain c = {.leaf = NULL};
    bool named;
    SOTTO_TRY(request_check(p, &named));
    sotto_status status = chain_verify(p, &c, named);
    chain_free(&c);
    return status;
}
