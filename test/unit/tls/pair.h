/* SPDX-License-Identifier: ISC
 *
 * A client and a server engine that talk through memory. */
#ifndef TEST_TLS_PAIR_H
#define TEST_TLS_PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "certificates.h"
#include "tls/context.h"
#include "tls/parts.h"

#define assert_fine(expression)             assert_int_equal((expression).code, 0)
#define assert_status(expression, constant) assert_int_equal((expression).code, SOTTO_E_##constant)

typedef struct pair {
    tls_context *client_context, *server_context;
    tls_engine *client, *server;
} pair;

/* Contexts: the server shows chain[0..count), the client trusts the root. */
void pair_contexts(pair *, const test_certificate *root, const test_certificate *const *chain, size_t count);
/* Engines for the domain; ALPN NULL: none. */
void pair_engines(pair *, const char *domain, const char *const *alpn);
/* Both of the above with one self-signed certificate for im.example. */
void pair_usual(pair *);
/* Carries records until neither side has any. step: at most so many bytes at a time, 0: all. */
void pair_pump(pair *, size_t step);
/* pair_pump, the verdict, pair_pump again. */
void pair_accept(pair *);
void pair_free(pair *);

#endif
