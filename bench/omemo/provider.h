/* SPDX-License-Identifier: ISC
 *
 * What libomemo-c asks of its host for cryptography, by libcrypto. */
#ifndef BENCH_OMEMO_PROVIDER_H
#define BENCH_OMEMO_PROVIDER_H

#include <signal_protocol.h>

typedef struct bench_provider bench_provider;

bench_provider *bench_provider_new(void);
void bench_provider_free(bench_provider *);
signal_crypto_provider bench_provider_table(bench_provider *);

#endif
