/* SPDX-License-Identifier: ISC
 *
 * What a certificate behind a live key has to be (doc/live.md, Statements), looked at one by one so that its owner can
 * be told what is wrong: others look at the same in tls/statement.c, and only learn that something is. */
#ifndef APP_IDENTITY_X509_H
#define APP_IDENTITY_X509_H

#include <openssl/x509.h>

#include "app/home/home.h"

#define APP_X509_NAME_BYTES 512u /* of a subject, as it is shown */

/* Whether one of its XmppAddr (RFC 6120 section 13.7.1.4) is this bare JID. ret_other, if not NULL: the first that is
 * another one, or empty. */
bool app_x509_names(const X509 *, const char *jid, char ret_other[SOTTO_JID_BYTES_MAX + 1]);
/* Key usage allows digitalSignature, or says nothing. */
bool app_x509_may_sign(X509 *);
/* What it may be used for in TLS includes being a client, or nothing is said about that. */
bool app_x509_for_clients(X509 *);
/* Not an RSA key below 2,048 bits: nobody would take it. */
bool app_x509_key_fits(const X509 *);
/* The subject, RFC 4514, in UTF-8; what is longer is cut. */
void app_x509_name(const X509_NAME *, char ret[APP_X509_NAME_BYTES]);

#endif
