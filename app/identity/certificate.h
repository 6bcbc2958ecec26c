/* SPDX-License-Identifier: ISC
 *
 * Our own certificate, out of files, as a statement. */
#ifndef APP_IDENTITY_CERTIFICATE_H
#define APP_IDENTITY_CERTIFICATE_H

#include "app/identity/statement.h"

#define APP_CERTIFICATE_FILE_BYTES_MAX (256u * 1024u)

/* Signs the binding with the key of the certificate in `path` (PEM, the certificates of its authorities behind it; or
 * PKCS#12), which is looked for there or in key_path (PEM; NULL: not given). Everything that others will look at is
 * looked at first, but for the path to a root: whom they trust is their own. The body is written to `out`. */
bool app_certificate_bind(bytes_buffer *out, app_statement *ret, const app_statement_owner *, const char *path,
                          const char *key_path, const app_statement_secret *, app_trouble *);

#endif
