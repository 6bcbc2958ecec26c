/* SPDX-License-Identifier: ISC */
#include "tls/statement.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <sotto/limits.h>

#include "tls/parts.h"

#define TEXT_MAX       1024u
#define SIGNATURE_MAX  2048u
#define CURVE_NAME_MAX 80u
#define SECURITY_LEVEL 2 /* as tls/context.c: 112 bits */
#define P256_BITS      256
#define P384_BITS      384

/* ---- signatures ---- */

/* By its name: there are others of as many bits. */
static bool is_curve(const EVP_PKEY *key, const char *name) {
    char group[CURVE_NAME_MAX];
    size_t len = 0;
    return EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, group, sizeof group, &len) == 1 &&
           strcmp(group, name) == 0;
}

/* The one way a key of each kind signs: nobody chooses. */
static sotto_status prepare(EVP_MD_CTX *state, EVP_PKEY *key, OSSL_LIB_CTX *library, bool sign) {
    EVP_PKEY_CTX *how = NULL; /* the state's */
    const char *hash = NULL;
    bool pss = false;
    if (EVP_PKEY_is_a(key, "ED25519")) {
        hash = NULL;
    } else if (is_curve(key, "prime256v1")) {
        hash = "SHA256";
    } else if (is_curve(key, "secp384r1")) {
        hash = "SHA384";
    } else if (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS")) {
        hash = "SHA256";
        pss = true;
    } else {
        return SOTTO_FAIL(BAD_KEY);
    }
    int done = sign ? EVP_DigestSignInit_ex(state, &how, hash, library, NULL, key, NULL)
                    : EVP_DigestVerifyInit_ex(state, &how, hash, library, NULL, key, NULL);
    if (done != 1) return tls_failure(SOTTO_FAIL(BAD_KEY));
    if (!pss) return SOTTO_OK;
    if (EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) != 1 ||
        EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) != 1)
        return tls_failure(SOTTO_FAIL(BAD_KEY));
    return SOTTO_OK;
}

static sotto_status verify(EVP_PKEY *key, OSSL_LIB_CTX *library, sotto_bytes message, sotto_bytes signature) {
    EVP_MD_CTX *state = EVP_MD_CTX_new();
    sotto_status status = state ? prepare(state, key, library, false) : SOTTO_FAIL(NO_MEMORY);
    if (sotto_ok(status)) {
        ERR_clear_error();
        if (EVP_DigestVerify(state, signature.at, signature.len, message.at, message.len) != 1)
            status = ERR_peek_error() == 0 ? SOTTO_FAIL(BAD_SIGNATURE) : tls_failure(SOTTO_FAIL(BAD_SIGNATURE));
    }
    EVP_MD_CTX_free(state);
    return status;
}

static sotto_status sign(EVP_PKEY *key, OSSL_LIB_CTX *library, sotto_bytes message, bytes_arena *arena,
                         sotto_bytes *ret) {
    uint8_t signature[SIGNATURE_MAX];
    size_t len = sizeof signature;
    EVP_MD_CTX *state = EVP_MD_CTX_new();
    sotto_status status = state ? prepare(state, key, library, true) : SOTTO_FAIL(NO_MEMORY);
    if (sotto_ok(status) && EVP_DigestSign(state, signature, &len, message.at, message.len) != 1)
        status = tls_failure(SOTTO_FAIL(CRYPTO_FAILED));
    EVP_MD_CTX_free(state);
    if (sotto_ok(status) && !bytes_arena_copy(arena, bytes_of(signature, len), ret)) status = SOTTO_FAIL(NO_MEMORY);
    return status;
}

sotto_status tls_statement_sign(sotto_bytes key_pem, OSSL_LIB_CTX *library, sotto_bytes message, bytes_arena *arena,
                                sotto_bytes *ret_signature) {
    char no_passphrase[] = "";
    if (key_pem.len > INT_MAX) return SOTTO_FAIL(MALFORMED);
    ERR_clear_error();
    BIO *bio = BIO_new_mem_buf(key_pem.at, (int)key_pem.len);
    if (!bio) return SOTTO_FAIL(NO_MEMORY);
    EVP_PKEY *key = PEM_read_bio_PrivateKey_ex(bio, NULL, NULL, no_passphrase, library, NULL);
    sotto_status status = key ? sign(key, library, message, arena, ret_signature) : tls_failure(SOTTO_FAIL(MALFORMED));
    EVP_PKEY_free(key);
    BIO_free(bio);
    ERR_clear_error();
    return status;
}

/* ---- certificates ---- */

static sotto_status read_one(sotto_bytes der, X509 **ret) {
    const unsigned char *at = der.at;
    if (der.len > SOTTO_CERTIFICATE_BYTES_MAX) return SOTTO_FAIL(MALFORMED);
    X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
    if (certificate && at == der.at + der.len) {
        *ret = certificate;
        return SOTTO_OK;
    }
    /* Something behind it, of which OpenSSL says nothing. */
    sotto_status status = certificate ? SOTTO_FAIL(MALFORMED) : tls_failure(SOTTO_FAIL(MALFORMED));
    X509_free(certificate);
    return status;
}

/* The ones behind the first. */
static sotto_status read_others(const tls_statement *said, STACK_OF(X509) * ret) {
    for (size_t i = 1; i < said->certificate_count; i++) {
        X509 *one = NULL;
        SOTTO_TRY(read_one(said->certificates[i], &one));
        if (sk_X509_push(ret, one) > 0) continue;
        X509_free(one);
        return SOTTO_FAIL(NO_MEMORY);
    }
    return SOTTO_OK;
}

static sotto_bytes domain_of(sotto_bytes jid) {
    const uint8_t *at = jid.len > 0 ? memchr(jid.at, '@', jid.len) : NULL;
    return at ? bytes_after(jid, (size_t)(at - jid.at) + 1) : jid;
}

static bool names(const GENERAL_NAME *name, sotto_bytes jid) {
    if (name->type != GEN_OTHERNAME || OBJ_obj2nid(name->d.otherName->type_id) != NID_XmppAddr) return false;
    const ASN1_TYPE *typed = name->d.otherName->value;
    if (!typed || typed->type != V_ASN1_UTF8STRING) return false;
    int len = ASN1_STRING_length(typed->value.utf8string);
    return bytes_equal(bytes_of(ASN1_STRING_get0_data(typed->value.utf8string), len > 0 ? (size_t)len : 0), jid);
}

static sotto_status check_name(const tls_statement *said, X509 *leaf, STACK_OF(X509) * chain) {
    bool found = false, allowed = false;
    int state = -1; /* none; -2: two */
    ERR_clear_error();
    GENERAL_NAMES *list = X509_get_ext_d2i(leaf, NID_subject_alt_name, &state, NULL);
    if (!list) return state < 0 ? SOTTO_FAIL(BAD_CERTIFICATE) : tls_failure(SOTTO_FAIL(BAD_CERTIFICATE));
    for (int i = 0; i < sk_GENERAL_NAME_num(list); i++)
        found = found || names(sk_GENERAL_NAME_value(list, i), said->jid);
    GENERAL_NAMES_free(list);
    if (!found) return SOTTO_FAIL(BAD_CERTIFICATE);
    SOTTO_TRY(tls_constraints_allow(chain, domain_of(said->jid), &allowed));
    return allowed ? SOTTO_OK : SOTTO_FAIL(BAD_CERTIFICATE);
}

/* Without the extension every usage is allowed (RFC 5280 section 4.2.1.3). */
static sotto_status check_usage(X509 *leaf) {
    uint32_t usage = X509_get_key_usage(leaf);
    return (usage & KU_DIGITAL_SIGNATURE) != 0 ? SOTTO_OK : SOTTO_FAIL(BAD_CERTIFICATE);
}

static sotto_status check_path(X509_STORE *roots, OSSL_LIB_CTX *library, X509 *leaf, STACK_OF(X509) * others,
                               const tls_client_config *config, const tls_statement *said) {
    X509_STORE_CTX *state = X509_STORE_CTX_new_ex(library, NULL);
    if (!state) return SOTTO_FAIL(NO_MEMORY);
    sotto_status status = SOTTO_OK;
    if (X509_STORE_CTX_init(state, roots, leaf, others) != 1 ||
        X509_STORE_CTX_set_purpose(state, X509_PURPOSE_SSL_CLIENT) != 1)
        status = tls_failure(SOTTO_FAIL(CRYPTO_FAILED));
    if (sotto_ok(status)) {
        X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(state);
        X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
        X509_VERIFY_PARAM_set_depth(param, SOTTO_CERTIFICATE_CHAIN_MAX);
        if (config->verify_time_ms > 0) X509_VERIFY_PARAM_set_time(param, (time_t)(config->verify_time_ms / 1000));
        ERR_clear_error();
        if (X509_verify_cert(state) != 1) { /* most of what may be wrong with a path is in no queue of errors */
            bool silent = ERR_peek_error() == 0 && X509_STORE_CTX_get_error(state) != X509_V_ERR_OUT_OF_MEM;
            status = silent ? SOTTO_FAIL(BAD_CERTIFICATE) : tls_failure(SOTTO_FAIL(BAD_CERTIFICATE));
        }
    }
    if (sotto_ok(status)) status = check_name(said, leaf, X509_STORE_CTX_get0_chain(state));
    X509_STORE_CTX_free(state);
    return status;
}

/* ---- whose ---- */

static sotto_status write_names(X509 *leaf, bytes_arena *arena, sotto_bytes *ret) {
    const unsigned long form = (XN_FLAG_ONELINE | ASN1_STRFLGS_UTF8_CONVERT) & ~(unsigned long)ASN1_STRFLGS_ESC_MSB;
    char *at = NULL;
    BIO *out = BIO_new(BIO_s_mem());
    if (!out) return SOTTO_FAIL(NO_MEMORY);
    bool written = X509_NAME_print_ex(out, X509_get_subject_name(leaf), 0, form) >= 0 && BIO_puts(out, " / ") > 0 &&
                   X509_NAME_print_ex(out, X509_get_issuer_name(leaf), 0, form) >= 0;
    long len = BIO_get_mem_data(out, &at);
    if (len > (long)TEXT_MAX)
        for (len = (long)TEXT_MAX; len > 0 && ((unsigned char)at[len] & 0xc0) == 0x80;) len--; /* no half character */
    sotto_status status = written ? SOTTO_OK : tls_failure(SOTTO_FAIL(MALFORMED));
    if (sotto_ok(status) && !bytes_arena_copy(arena, bytes_of(at, len > 0 ? (size_t)len : 0), ret))
        status = SOTTO_FAIL(NO_MEMORY);
    BIO_free(out);
    return status;
}

static sotto_status check_with(tls_context *context, const tls_statement *said, const tls_client_config *roots,
                               X509 *leaf) {
    STACK_OF(X509) *others = sk_X509_new_null();
    sotto_status status = others ? read_others(said, others) : SOTTO_FAIL(NO_MEMORY);
    if (sotto_ok(status))
        status = check_path(SSL_CTX_get_cert_store(context->ssl), roots->library, leaf, others, roots, said);
    if (sotto_ok(status)) status = check_usage(leaf);
    EVP_PKEY *key = sotto_ok(status) ? X509_get0_pubkey(leaf) : NULL; /* the certificate's */
    if (sotto_ok(status))
        status = key ? verify(key, roots->library, said->signed_bytes, said->signature) : SOTTO_FAIL(BAD_KEY);
    sk_X509_pop_free(others, X509_free);
    return status;
}

sotto_status tls_statement_check(const tls_statement *said, const tls_client_config *roots, bytes_arena *arena,
                                 sotto_bytes *ret_text) {
    tls_context *context;
    X509 *leaf = NULL;
    *ret_text = BYTES_NONE;
    ERR_clear_error();
    if (said->certificate_count == 0) return SOTTO_FAIL(MALFORMED);
    SOTTO_TRY(read_one(said->certificates[0], &leaf));
    sotto_status status = write_names(leaf, arena, ret_text);
    if (sotto_ok(status)) status = tls_context_client(&context, roots);
    if (sotto_ok(status)) {
        status = check_with(context, said, roots, leaf);
        tls_context_free(context);
    }
    X509_free(leaf);
    ERR_clear_error();
    return status;
}
