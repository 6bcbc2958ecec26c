/* SPDX-License-Identifier: ISC
 *
 * Certificates. */
#include "app/identity/x509.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "bytes/span.h"

#define OID_XMPP_ADDR  "1.3.6.1.5.5.7.8.5" /* id-on-xmppAddr */
#define RSA_BITS_LEAST 2048

/* ---- names ---- */

static bool is_xmpp_address(const GENERAL_NAME *name) {
    char oid[64];
    return name->type == GEN_OTHERNAME && name->d.otherName->value->type == V_ASN1_UTF8STRING &&
           OBJ_obj2txt(oid, (int)sizeof oid, name->d.otherName->type_id, 1) > 0 && strcmp(oid, OID_XMPP_ADDR) == 0;
}

/* The address in it, prepared; with a resource it is none that a person has. */
static bool address_of(const GENERAL_NAME *name, char ret[SOTTO_JID_BYTES_MAX + 1]) {
    const ASN1_STRING *value = name->d.otherName->value->value.utf8string;
    char typed[SOTTO_JID_BYTES_MAX + 1];
    int len = ASN1_STRING_length(value);
    if (len <= 0 || (size_t)len >= sizeof typed) return false;
    memcpy(typed, ASN1_STRING_get0_data(value), (size_t)len);
    typed[len] = '\0';
    return strlen(typed) == (size_t)len && !strchr(typed, '/') && app_jid_read(typed, ret);
}

bool app_x509_names(const X509 *certificate, const char *jid, char ret_other[SOTTO_JID_BYTES_MAX + 1]) {
    char address[SOTTO_JID_BYTES_MAX + 1];
    bool found = false;
    if (ret_other) ret_other[0] = '\0';
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (!is_xmpp_address(name) || !address_of(name, address)) continue;
        if (strcmp(address, jid) == 0)
            found = true;
        else if (ret_other && !ret_other[0])
            memcpy(ret_other, address, sizeof address);
    }
    GENERAL_NAMES_free(names);
    ERR_clear_error();
    return found;
}

bool app_x509_may_sign(X509 *certificate) {
    return (X509_get_key_usage(certificate) & KU_DIGITAL_SIGNATURE) != 0; /* all bits where it says nothing */
}

bool app_x509_for_clients(X509 *certificate) {
    return X509_check_purpose(certificate, X509_PURPOSE_SSL_CLIENT, 0) == 1;
}

/* Of RSA the bits are looked at where a path is checked (tls/statement.c), by others. */
bool app_x509_key_fits(const X509 *certificate) {
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    if (key == NULL) return false;
    bool rsa = EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS");
    return !rsa || EVP_PKEY_get_bits(key) >= RSA_BITS_LEAST;
}

void app_x509_name(const X509_NAME *name, char ret[APP_X509_NAME_BYTES]) {
    char *text = NULL;
    BIO *out = BIO_new(BIO_s_mem());
    ret[0] = '\0';
    if (out && X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0) {
        long len = BIO_get_mem_data(out, &text);
        size_t fits = len > 0 ? (size_t)len : 0;
        if (fits >= APP_X509_NAME_BYTES) fits = APP_X509_NAME_BYTES - 1;
        if (fits > 0) memcpy(ret, text, fits);
        ret[fits] = '\0';
    }
    BIO_free(out);
    ERR_clear_error();
}
