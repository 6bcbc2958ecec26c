/* SPDX-License-Identifier: ISC
 *
 * OpenSSL by itself: the same TLS 1.3 between two memory BIOs (group, suite, certificate, secrets), its own Ed25519,
 * and records of what it is given, without padding. */
#ifndef BENCH_LIVE_BARE_H
#define BENCH_LIVE_BARE_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/ssl.h>

typedef struct bare_pair {
    SSL *client, *server;
} bare_pair;

typedef struct bare bare;

bare *bare_new(void);
void bare_free(bare *);
const char *bare_version(void);

/* Two new ends until both are done, with a secret of before as external PSK or without. Then `signatures` of each side,
 * over what TLS exports, which the other side verifies. */
bare_pair bare_shake(bare *, bool secret, unsigned signatures);
void bare_end(bare_pair *);

/* The client's record with `len` bytes in it; how long it is. */
size_t bare_seal(bare_pair *, const void *plain, size_t len, void *ret, size_t size);
/* The server takes it; how long what was in it is. */
size_t bare_open(bare_pair *, const void *record, size_t len, void *ret, size_t size);

#endif
