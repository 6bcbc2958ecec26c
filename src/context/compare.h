/* SPDX-License-Identifier: ISC
 *
 * Comparing keys by eight characters: what is said in a run, and what both sides make of it (doc/live.md, "Verification
 * string"). Pure: whether it came sealed, whose keys these are and whose turn it is, is for the engine. */
#ifndef CONTEXT_COMPARE_H
#define CONTEXT_COMPARE_H

#include <sotto/limits.h>

#include "stanza/element.h"
#include "stanza/writer.h"

#define CONTEXT_COMPARE_NS           "urn:sotto:compare:0"
#define CONTEXT_COMPARE_THREAD_BYTES 16u
#define CONTEXT_COMPARE_CHECK_BYTES  16u
#define CONTEXT_COMPARE_STRING_SIZE  9u /* eight characters and the zero behind them */

/* ---- lists ---- */

typedef enum context_compare_type { CONTEXT_COMPARE_LIVE = 1, CONTEXT_COMPARE_OMEMO = 2 } context_compare_type;

typedef struct context_compare_key {
    uint8_t type;
    uint8_t key[32];
} context_compare_key;

/* Sorted, none twice. */
typedef struct context_compare_list {
    size_t count;
    context_compare_key at[SOTTO_COMPARE_KEYS_MAX];
} context_compare_list;

/* One that is there already stays there once. TOO_LARGE. */
SOTTO_MUST_CHECK sotto_status context_compare_list_add(context_compare_list *, context_compare_type,
                                                       const uint8_t key[32]);
bool context_compare_list_has(const context_compare_list *, context_compare_type, const uint8_t key[32]);
/* MALFORMED: empty, not whole, an unknown type, not in order, a key twice. TOO_LARGE. */
SOTTO_MUST_CHECK sotto_status context_compare_list_read(sotto_bytes, context_compare_list *ret);
void context_compare_list_write(bytes_buffer *, const context_compare_list *);

/* ---- messages ---- */

typedef enum context_compare_step {
    CONTEXT_COMPARE_ASK,
    CONTEXT_COMPARE_ANSWER,
    CONTEXT_COMPARE_REVEAL,
    CONTEXT_COMPARE_DONE,
    CONTEXT_COMPARE_ABORT
} context_compare_step;

typedef enum context_compare_reason {
    CONTEXT_COMPARE_BUSY,      /* in a run with another device */
    CONTEXT_COMPARE_ELSEWHERE, /* another device of theirs answered */
    CONTEXT_COMPARE_SESSION,   /* the two do not speak in the same session */
    CONTEXT_COMPARE_MALFORMED, /* a list that cannot be, a nonce that is not the one that was promised */
    CONTEXT_COMPARE_LATE,
    CONTEXT_COMPARE_UNKNOWN, /* no such run */
    CONTEXT_COMPARE_CANCELLED,
    CONTEXT_COMPARE_REASONS
} context_compare_reason;
const char *context_compare_reason_name(context_compare_reason);

typedef struct context_compare_message {
    context_compare_step step;
    uint8_t thread[CONTEXT_COMPARE_THREAD_BYTES];
    context_compare_list list;                  /* ASK, ANSWER */
    uint8_t commitment[32];                     /* ASK */
    uint8_t nonce[32];                          /* ANSWER, REVEAL */
    uint8_t check[CONTEXT_COMPARE_CHECK_BYTES]; /* ANSWER */
    bool yes;                                   /* DONE */
    context_compare_reason reason;              /* ABORT; one that is not known here: CANCELLED */
} context_compare_message;

/* Reads the child of an opened stanza. NOT_FOUND: there is none. MALFORMED: several, or not as above; TOO_LARGE: more
 * than SOTTO_COMPARE_KEYS_MAX keys. *ret_alone: there is no text beside it that a person should see; in any case.
 * NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status context_compare_read(const stanza_element *stanza, bytes_arena *,
                                                   context_compare_message *ret, bool *ret_alone);
void context_compare_write(stanza_writer *, const context_compare_message *);

/* ---- what both sides make of it ---- */

SOTTO_MUST_CHECK sotto_status context_compare_commitment(uint8_t ret[32],
                                                         const uint8_t thread[CONTEXT_COMPARE_THREAD_BYTES],
                                                         const context_compare_list *, const uint8_t nonce[32]);

/* One side of a run: who, and the key its messages are sealed with. */
typedef struct context_compare_side {
    sotto_bytes jid; /* bare, normalized */
    const uint8_t *key;
} context_compare_side;
/* The order of sides, as of (JID, key): who is lower stays the one who asked when both did. */
int context_compare_order(const context_compare_side *, const context_compare_side *);
/* What the messages of a run travel in; the same whichever side is named first. exported: of a live session, else
 * empty. */
SOTTO_MUST_CHECK sotto_status context_compare_context(uint8_t ret[32], context_compare_type way,
                                                      const context_compare_side *, const context_compare_side *,
                                                      sotto_bytes exported);
SOTTO_MUST_CHECK sotto_status context_compare_check(uint8_t ret[CONTEXT_COMPARE_CHECK_BYTES],
                                                    const uint8_t context[32]);

/* A run that was said to its end; a: who asked. */
typedef struct context_compare_run {
    const uint8_t *context; /* 32 */
    const uint8_t *thread;
    const uint8_t *nonce_a, *nonce_b;
    const context_compare_list *list_a, *list_b;
    sotto_bytes jid_a, jid_b;
} context_compare_run;
SOTTO_MUST_CHECK sotto_status context_compare_string(char ret[CONTEXT_COMPARE_STRING_SIZE],
                                                     const context_compare_run *);

/* What a person typed: lower case, spaces and dashes are fine. False: it is not eight of these characters. */
bool context_compare_typed(sotto_bytes, char ret[CONTEXT_COMPARE_STRING_SIZE]);

#endif
