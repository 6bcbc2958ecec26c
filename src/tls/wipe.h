/* SPDX-License-Identifier: ISC
 *
 * OpenSSL gives memory back with what was in it: SSL_free leaves secrets of a connection on the heap. A program that
 * does not want that lets it have this allocator. A library cannot promise it, since OpenSSL takes one only before its
 * first use in a process. */
#ifndef TLS_WIPE_H
#define TLS_WIPE_H

#include <sotto/types.h>

/* Before anything else of OpenSSL is called, in a program's first lines. STATE: too late. */
SOTTO_MUST_CHECK sotto_status tls_wipe_start(void);

#endif
