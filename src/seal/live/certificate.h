/* SPDX-License-Identifier: ISC
 *
 * The published certificate of all live sessions. */
#ifndef SEAL_LIVE_CERTIFICATE_H
#define SEAL_LIVE_CERTIFICATE_H

#include <sotto/types.h>

sotto_bytes live_certificate(void);     /* DER */
sotto_bytes live_certificate_key(void); /* DER of PKCS #8 */

#endif
