/* SPDX-License-Identifier: ISC
 *
 * OMEMO operations, ours and libomemo-c's, over the same keys. An operation prepares `count` inputs, does its work
 * under the watch, and looks at every result afterwards; what is wrong ends the program. */
#ifndef BENCH_OMEMO_BENCH_H
#define BENCH_OMEMO_BENCH_H

#include "crypto/curve.h"

#define BENCH_DEVICES   100
#define BENCH_BATCH     50u /* messages in a row: what is written stays near until it is read */
#define BENCH_SIGNED_ID 7u
#define BENCH_PREKEY_ID 77u
#define BENCH_PLAIN     48u /* a payload's key and MAC: what every OMEMO message carries */

/* A device as both sides know it: keys as bytes. */
typedef struct bench_device {
    crypto_identity identity; /* of a scalar, which both libraries can use */
    crypto_x25519_pair signed_pair;
    crypto_x25519_pair prekey;
    crypto_signature signature;
} bench_device;

/* A message as bytes. */
typedef struct bench_message {
    uint8_t bytes[512];
    size_t len;
} bench_message;

typedef struct bench bench;
typedef struct bench_ours bench_ours;
typedef struct bench_peer bench_peer;

struct bench {
    bench_device alice;              /* begins */
    bench_device bob[BENCH_DEVICES]; /* answer */
    uint8_t plain[BENCH_PLAIN];
    bench_ours *ours;
    bench_peer *peer;
    double begun; /* the watch: CPU time of this process in microseconds */
    double spent;
};

/* Devices, and both sides over them. */
void bench_open(bench *);
void bench_close(bench *);
void bench_start(bench *);
void bench_stop(bench *);
/* Says what is wrong and ends the program. */
void bench_require(bool right, const char *what);
void bench_require_ok(sotto_status, const char *what);

/* Each leaves its time in `spent`. */
typedef void bench_operation(bench *, unsigned count);

bench_ours *bench_ours_open(const bench *);
void bench_ours_close(bench_ours *);
bench_operation bench_ours_initiate, bench_ours_initiate_prepared, bench_ours_accept, bench_ours_encrypt,
    bench_ours_decrypt, bench_ours_decrypt_ratchet, bench_ours_decrypt_skipped, bench_ours_forged,
    bench_ours_forged_dearest;

bench_peer *bench_peer_open(const bench *);
void bench_peer_close(bench_peer *);
bench_operation bench_peer_initiate, bench_peer_accept, bench_peer_encrypt, bench_peer_decrypt,
    bench_peer_decrypt_ratchet, bench_peer_decrypt_skipped, bench_peer_forged;

/* `messages` to each of `count` devices, whose sessions were answered. */
void bench_peer_group(bench *, unsigned count, unsigned messages);

/* Whether the other library reads a key exchange for bob[device] and finds `plain` in it. */
bool bench_ours_reads(bench *, unsigned device, const bench_message *);
bool bench_peer_reads(bench *, unsigned device, const bench_message *);

/* A forged message: right in form, 125 bytes, number n, a ratchet key nobody has seen. */
void bench_forge(bench_message *ret, uint32_t n);

#endif
