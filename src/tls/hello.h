/* SPDX-License-Identifier: ISC
 *
 * Looking into a ClientHello before any TLS object is made for it: whether to answer at all may hang on the secret it
 * offers. Pure; what it says of the bytes, OpenSSL finds out again by itself, and agrees or fails. */
#ifndef TLS_HELLO_H
#define TLS_HELLO_H

#include <sotto/types.h>

typedef struct tls_hello {
    uint8_t random[32];
    sotto_bytes identity; /* of the one PSK that is offered; in the input. Empty: none, or several */
} tls_hello;

/* MALFORMED: not one record with one whole ClientHello in it, and nothing behind it (which RFC 8446 would allow, and no
 * client of ours does). */
SOTTO_MUST_CHECK sotto_status tls_hello_read(sotto_bytes records, tls_hello *ret);

#endif
