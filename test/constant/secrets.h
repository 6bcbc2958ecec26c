/* SPDX-License-Identifier: ISC
 *
 * The check of constant time: the program runs under valgrind's memcheck, secrets are marked as undefined memory, and
 * memcheck reports every branch and every address that depends on them (the method of ctgrind). What a case may not
 * do is decided in one table, secrets.c: the places where a secret stops being one. */
#ifndef TEST_CONSTANT_SECRETS_H
#define TEST_CONSTANT_SECRETS_H

#include <stdbool.h>
#include <stddef.h>

#include <sotto/status.h>
#include <sotto/types.h>

/* From here on no branch and no address may depend on these bytes. */
void secret(const void *at, size_t len);
/* These bytes go over the wire, or are compared outside of what is checked. */
void declassify(const void *at, size_t len);
/* The same for a span. */
void declassify_bytes(sotto_bytes);
/* Reports these bytes unless they are public. */
void must_be_public(const void *at, size_t len);
/* True: under memcheck. */
bool secrets_watched(void);
/* Reports so far. */
unsigned secrets_reports(void);

/* A host whose random bytes are secrets, the same in every run, and whose memory is malloc's. */
extern const sotto_host secret_host;
/* Marks every copy of `text` in memory that secret_host gave out; how many there were. */
unsigned secret_find(sotto_bytes text);

/* Fills with bytes that differ from one call to the next, and marks them. */
void secret_make(void *at, size_t len);

/* The groups. A case is true when its results are right; constant.c looks at the reports. */
typedef struct constant_case {
    const char *name;
    bool (*run)(void);
} constant_case;
extern const constant_case bytes_cases[], crypto_cases[], live_cases[], ratchet_cases[], record_cases[], login_cases[];

#endif
