/* SPDX-License-Identifier: ISC
 *
 * Counting what cryptography is done: the linker sends the calls here (--wrap). No clock is needed, and the figures are
 * the same on every machine. */
#ifndef TEST_BOUNDED_WORK_H
#define TEST_BOUNDED_WORK_H

#include <stdint.h>

typedef struct work {
    uint32_t agreements; /* X25519 with a key of somebody else */
    uint32_t macs;       /* HMAC-SHA-256, those inside of HKDF counted one by one */
    uint32_t verified;   /* signatures */
    uint32_t rounds;     /* of PBKDF2; not done beyond the first thousands */
} work;

void work_reset(void);
work work_done(void);

/* The groups; each returns how many tests failed. */
int forged_group(void);
int omemo_group(void);
int engine_group(void);
int login_group(void);

#endif
