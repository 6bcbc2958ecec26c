/* SPDX-License-Identifier: ISC
 *
 * Our own certificate. */
#include "app/identity/certificate.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "app/identity/x509.h"
#include "bytes/arena.h"
#include "bytes/memory.h"
#include "bytes/span.h"
#include "seal/live/statement.h"
#include "tls/statement.h"

#define ARENA_BYTES_MAX   (256u * 1024u)
#define BINDING_BYTES_MAX (SOTTO_JID_BYTES_MAX + 256u)

typedef struct asking {
    const app_statement_secret *secret;
    app_trouble *trouble;
    app_secret got;
    bool asked, failed;
} asking;

typedef struct import {
    const char *path, *key_path;
    app_trouble *trouble;
    asking asking;
    EVP_PKEY *key;
    STACK_OF(X509) * certificates;
    X509 *leaf; /* one of them */
} import;

/* ---- files ---- */

static bool file_read(bytes_buffer *to, const char *path, app_trouble *trouble) {
    FILE *file = fopen(path, "re");
    uint8_t piece[4096];
    size_t got;
    if (!file) return app_trouble_set(trouble, "%s cannot be read: %s. Nothing was changed.", path, strerror(errno));
    (void)setvbuf(file, NULL, _IONBF, 0); /* a key would stay in its buffer */
    while (sotto_ok(to->status) && (got = fread(piece, 1, sizeof piece, file)) > 0)
        bytes_buffer_put(to, bytes_of(piece, got));
    bool good = !ferror(file);
    int error = errno;
    (void)fclose(file);
    bytes_wipe(piece, sizeof piece);
    if (!good) return app_trouble_set(trouble, "%s cannot be read: %s. Nothing was changed.", path, strerror(error));
    if (!sotto_ok(to->status))
        return app_trouble_set(trouble, "%s is too large (at most %u KiB). Nothing was changed.", path,
                               APP_CERTIFICATE_FILE_BYTES_MAX / 1024);
    return true;
}

static bool secret_ask(asking *a) {
    if (!a->asked) {
        a->asked = true;
        a->failed = !a->secret->ask(a->secret->arg, &a->got, a->trouble);
    }
    return !a->failed;
}

/* OpenSSL's pem_password_cb. */
static int passphrase_give(char *room, int size, int writing, void *arg) {
    asking *a = arg;
    (void)writing;
    if (!secret_ask(a) || size < 0 || a->got.len > (size_t)size) return -1;
    memcpy(room, a->got.bytes, a->got.len);
    return (int)a->got.len;
}

static bool wrong_passphrase(const import *i, const char *path) {
    if (i->asking.failed) return false; /* why was said */
    return app_trouble_set(i->trouble, "The passphrase does not open %s. Nothing was changed.", path);
}

/* ---- PEM ---- */

static bool pem_certificates(import *i, sotto_bytes bytes) {
    BIO *in = BIO_new_mem_buf(bytes.at, (int)bytes.len);
    bool good = in != NULL;
    while (good) {
        X509 *certificate = PEM_read_bio_X509(in, NULL, NULL, NULL);
        if (!certificate) break;
        good = sk_X509_push(i->certificates, certificate) > 0;
        if (!good) X509_free(certificate);
    }
    BIO_free(in);
    ERR_clear_error();
    return good || app_trouble_set(i->trouble, "Out of memory.");
}

static bool pem_key(import *i, sotto_bytes bytes, const char *path) {
    BIO *in = BIO_new_mem_buf(bytes.at, (int)bytes.len);
    if (!in) return app_trouble_set(i->trouble, "Out of memory.");
    i->key = PEM_read_bio_PrivateKey(in, NULL, passphrase_give, &i->asking);
    bool none = memmem(bytes.at, bytes.len, "PRIVATE KEY-----", 16) == NULL;
    BIO_free(in);
    ERR_clear_error();
    if (i->key) return true;
    if (i->asking.asked) return wrong_passphrase(i, path);
    if (none && !i->key_path)
        return app_trouble_set(i->trouble,
                               "%s holds no private key: say where it is with --key FILE. Nothing was changed.", path);
    return app_trouble_set(i->trouble, "%s holds no private key in PEM form that can be read. Nothing was changed.",
                           path);
}

/* ---- PKCS#12 ---- */

static bool is_empty_passphrase(PKCS12 *file) {
    return PKCS12_verify_mac(file, NULL, 0) == 1 || PKCS12_verify_mac(file, "", 0) == 1;
}

/* The key goes over into OpenSSL's usual library context: what it came through had old algorithms in it. */
static EVP_PKEY *key_again(const EVP_PKEY *key) {
    unsigned char *der = NULL;
    int len = key ? i2d_PrivateKey(key, &der) : 0;
    const unsigned char *at = der;
    EVP_PKEY *again = len > 0 ? d2i_AutoPrivateKey(NULL, &at, len) : NULL;
    if (len > 0) OPENSSL_clear_free(der, (size_t)len);
    return again;
}

static bool pkcs12_take(import *i, PKCS12 *file, OSSL_LIB_CTX *library) {
    char passphrase[APP_SECRET_BYTES_MAX + 1] = "";
    EVP_PKEY *key = NULL;
    X509 *leaf = NULL;
    STACK_OF(X509) *others = NULL;
    (void)library;
    if (!is_empty_passphrase(file)) {
        if (!secret_ask(&i->asking)) return false;
        memcpy(passphrase, i->asking.got.bytes, i->asking.got.len);
        passphrase[i->asking.got.len] = '\0';
        if (PKCS12_verify_mac(file, passphrase, -1) != 1) {
            bytes_wipe(passphrase, sizeof passphrase);
            ERR_clear_error();
            return wrong_passphrase(i, i->path);
        }
    }
    bool good = PKCS12_parse(file, passphrase, &key, &leaf, &others) == 1;
    bytes_wipe(passphrase, sizeof passphrase);
    i->key = key_again(key);
    EVP_PKEY_free(key);
    if (leaf && sk_X509_push(i->certificates, leaf) <= 0) X509_free(leaf);
    while (sk_X509_num(others) > 0) {
        X509 *other = sk_X509_shift(others);
        if (sk_X509_push(i->certificates, other) <= 0) X509_free(other);
    }
    sk_X509_free(others);
    ERR_clear_error();
    if (!good) return app_trouble_set(i->trouble, "%s cannot be read. Nothing was changed.", i->path);
    return i->key != NULL ||
           app_trouble_set(i->trouble, "%s holds no private key that can be used. Nothing was changed.", i->path);
}

/* What other programs wrote may be sealed with what OpenSSL calls legacy; that is for reading this file alone. */
static bool pkcs12_read(import *i, sotto_bytes bytes) {
    OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *usual = library ? OSSL_PROVIDER_load(library, "default") : NULL;
    OSSL_PROVIDER *legacy = library ? OSSL_PROVIDER_load(library, "legacy") : NULL;
    const unsigned char *at = bytes.at;
    PKCS12 *file = usual ? PKCS12_init_ex(NID_pkcs7_data, library, NULL) : NULL, *read = file;
    bool good = false;
    if (!file)
        good = app_trouble_set(i->trouble, "Out of memory.");
    else if (!d2i_PKCS12(&read, &at, (long)bytes.len))
        good = app_trouble_set(i->trouble, "%s is neither a certificate in PEM form nor PKCS#12. Nothing was changed.",
                               i->path);
    else
        good = pkcs12_take(i, read, library);
    PKCS12_free(read);
    OSSL_PROVIDER_unload(legacy);
    OSSL_PROVIDER_unload(usual);
    OSSL_LIB_CTX_free(library);
    ERR_clear_error();
    return good;
}

/* ---- both ---- */

static bool is_pem(sotto_bytes bytes) {
    return bytes.len > 0 && memmem(bytes.at, bytes.len, "-----BEGIN ", 11) != NULL;
}

static bool key_file_read(import *i) {
    bytes_buffer file;
    sotto_bytes bytes;
    bytes_buffer_owned(&file, sotto_host_default(), APP_CERTIFICATE_FILE_BYTES_MAX);
    bool good = file_read(&file, i->key_path, i->trouble) && sotto_ok(bytes_buffer_end(&file, &bytes)) &&
                pem_key(i, bytes, i->key_path);
    bytes_buffer_free(&file);
    return good;
}

static bool files_read(import *i) {
    bytes_buffer file;
    sotto_bytes bytes;
    bytes_buffer_owned(&file, sotto_host_default(), APP_CERTIFICATE_FILE_BYTES_MAX);
    bool good = file_read(&file, i->path, i->trouble) && sotto_ok(bytes_buffer_end(&file, &bytes));
    if (good && !is_pem(bytes))
        good = i->key_path ? app_trouble_set(i->trouble,
                                             "%s is not in PEM form, which --key is for. Nothing was "
                                             "changed.",
                                             i->path)
                           : pkcs12_read(i, bytes);
    else if (good)
        good = pem_certificates(i, bytes) && (i->key_path ? key_file_read(i) : pem_key(i, bytes, i->path));
    bytes_buffer_free(&file);
    return good;
}

static bool leaf_find(import *i) {
    for (int at = 0; at < sk_X509_num(i->certificates) && !i->leaf; at++) {
        X509 *certificate = sk_X509_value(i->certificates, at);
        if (X509_check_private_key(certificate, i->key) == 1) i->leaf = certificate;
    }
    ERR_clear_error();
    if (i->leaf) return true;
    if (sk_X509_num(i->certificates) == 0)
        return app_trouble_set(i->trouble, "%s holds no certificate. Nothing was changed.", i->path);
    return app_trouble_set(i->trouble, "The private key does not belong to the certificate in %s. Nothing was changed.",
                           i->path);
}

/* ---- what others will look at ---- */

static bool leaf_names(const import *i, const char *jid) {
    char other[SOTTO_JID_BYTES_MAX + 1];
    if (app_x509_names(i->leaf, jid, other)) return true;
    if (*other)
        return app_trouble_set(i->trouble, "The certificate is for %s, and not for %s. Nothing was changed.", other,
                               jid);
    return app_trouble_set(i->trouble,
                           "The certificate names no XMPP address (XmppAddr), so it says nothing about %s. Ask whoever "
                           "issues it for one that does. Nothing was changed.",
                           jid);
}

static uint64_t seconds_of(const ASN1_TIME *at) {
    struct tm tm;
    if (ASN1_TIME_to_tm(at, &tm) != 1) return 0;
    time_t seconds = timegm(&tm);
    return seconds > 0 ? (uint64_t)seconds : 0;
}

static bool leaf_may(const import *i, uint64_t now_ms) {
    time_t now = (time_t)(now_ms / 1000);
    if (!app_x509_may_sign(i->leaf))
        return app_trouble_set(i->trouble, "The certificate's key may not be used for signatures (its key usage has no "
                                           "digitalSignature). Nothing was changed.");
    if (!app_x509_for_clients(i->leaf))
        return app_trouble_set(i->trouble, "The certificate is not for clients (its extended key usage has no "
                                           "clientAuth). Nothing was changed.");
    if (X509_cmp_time(X509_get0_notBefore(i->leaf), &now) >= 0)
        return app_trouble_set(i->trouble, "The certificate is not valid yet. Nothing was changed.");
    if (X509_cmp_time(X509_get0_notAfter(i->leaf), &now) <= 0)
        return app_trouble_set(i->trouble, "The certificate has expired. Nothing was changed.");
    return true;
}

/* ---- the statement ---- */

static bool is_root(X509 *certificate) {
    return X509_check_issued(certificate, certificate) == X509_V_OK;
}

/* The leaf and what stands above it, up to the root, which others have or do not. */
static size_t path_make(const import *i, X509 *ret[LIVE_STATEMENT_CERTIFICATES_MAX]) {
    size_t count = 0;
    X509 *last = i->leaf;
    ret[count++] = last;
    for (int at = 0; at < sk_X509_num(i->certificates) && count < LIVE_STATEMENT_CERTIFICATES_MAX; at++) {
        X509 *next = sk_X509_value(i->certificates, at);
        bool used = is_root(next) || X509_check_issued(next, last) != X509_V_OK;
        for (size_t k = 0; k < count; k++)
            if (ret[k] == next) used = true;
        if (used) continue;
        ret[count++] = last = next;
        at = -1; /* they may come in any order */
    }
    ERR_clear_error();
    return count;
}

static bool path_write(const import *i, live_statement *said, unsigned char *der[LIVE_STATEMENT_CERTIFICATES_MAX]) {
    X509 *path[LIVE_STATEMENT_CERTIFICATES_MAX];
    size_t count = path_make(i, path);
    for (size_t k = 0; k < count; k++) {
        int len = i2d_X509(path[k], &der[k]);
        if (len <= 0) return app_trouble_set(i->trouble, "Out of memory.");
        said->certificates[said->certificate_count++] = bytes_of(der[k], (size_t)len);
    }
    return true;
}

/* In PEM, as src/tls takes it; wiped with the arena. */
static bool key_again_pem(EVP_PKEY *key, bytes_arena *arena, sotto_bytes *ret) {
    char *at = NULL;
    BIO *out = BIO_new(BIO_s_secmem());
    bool good = out && PEM_write_bio_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) == 1;
    long len = good ? BIO_get_mem_data(out, &at) : 0;
    good = len > 0 && bytes_arena_copy(arena, bytes_of(at, (size_t)len), ret);
    BIO_free(out);
    return good;
}

static bool signature_make(const import *i, const app_statement_owner *owner, uint64_t made, bytes_arena *arena,
                           sotto_bytes *ret) {
    uint8_t room[BINDING_BYTES_MAX];
    bytes_buffer binding;
    sotto_bytes bound, key;
    bytes_buffer_borrowed(&binding, room, sizeof room);
    app_statement_binding(&binding, owner, made);
    sotto_status status = bytes_buffer_end(&binding, &bound);
    if (sotto_ok(status)) status = key_again_pem(i->key, arena, &key) ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
    if (sotto_ok(status) && !app_x509_key_fits(i->leaf)) status = SOTTO_FAIL(BAD_KEY);
    if (sotto_ok(status)) status = tls_statement_sign(key, NULL, bound, arena, ret);
    if (sotto_ok(status)) return true;
    if (sotto_is(status, SOTTO_E_BAD_KEY))
        return app_trouble_set(i->trouble,
                               "The certificate's key is of a kind that cannot be used: Ed25519, ECDSA with "
                               "P-256 or P-384, and RSA of 2,048 bits or more can. Nothing was changed.");
    return app_trouble_set(i->trouble, "The key could not sign (%s). Nothing was changed.", sotto_status_text(status));
}

static bool body_write(const import *i, const app_statement_owner *owner, app_statement *ret, bytes_buffer *out) {
    unsigned char *der[LIVE_STATEMENT_CERTIFICATES_MAX] = {NULL};
    bytes_arena arena;
    live_statement said = {.made = owner->now_ms / 1000};
    bytes_arena_init(&arena, sotto_host_default(), ARENA_BYTES_MAX);
    bool good = signature_make(i, owner, said.made, &arena, &said.signature) && path_write(i, &said, der);
    if (good) live_statement_write(out, LIVE_STATEMENT_X509, &said);
    for (size_t k = 0; k < LIVE_STATEMENT_CERTIFICATES_MAX; k++) OPENSSL_free(der[k]);
    bytes_arena_clear(&arena);
    if (good && !sotto_ok(out->status))
        good = app_trouble_set(i->trouble,
                               "The certificates in %s are too large together (at most %u KiB). Nothing "
                               "was changed.",
                               i->path, SOTTO_LIVE_STATEMENT_BYTES_MAX / 1024);
    *ret = (app_statement){
        .type = APP_STATEMENT_CERTIFICATE, .made = said.made, .until = seconds_of(X509_get0_notAfter(i->leaf))};
    memcpy(ret->key, owner->key, sizeof ret->key);
    app_x509_name(X509_get_subject_name(i->leaf), ret->who);
    app_x509_name(X509_get_issuer_name(i->leaf), ret->by);
    return good;
}

bool app_certificate_bind(bytes_buffer *out, app_statement *ret, const app_statement_owner *owner, const char *path,
                          const char *key_path, const app_statement_secret *secret, app_trouble *trouble) {
import i = {.path = path, .key_path = key_path, .trouble = trouble, .asking = {.secret = secret, .trouble = trouble }, .certificates = sk_X509_new_null() };
    bool good = i.certificates ? files_read(&i) && leaf_find(&i) && leaf_names(&i, owner->jid) &&
                                     leaf_may(&i, owner->now_ms) && body_write(&i, owner, ret, out)
                               : app_trouble_set(trouble, "Out of memory.");
    bytes_wipe(&i.asking.got, sizeof i.asking.got);
    EVP_PKEY_free(i.key); /* which wipes it */
    sk_X509_pop_free(i.certificates, X509_free);
    return good;
}
