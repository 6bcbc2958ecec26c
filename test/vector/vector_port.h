/* SPDX-License-Identifier: ISC
 *
 * The vector port: the primitives and the session operations of OMEMO, asked for in lines of text, so that they can be
 * compared with published vectors and with other implementations (doc/vectors.md). One request a call; the program in
 * main.c and a fuzz target are both a loop around it.
 *
 * It accepts private keys and randomness from outside, so it belongs to the tests and is never installed. */
#ifndef TEST_VECTOR_PORT_H
#define TEST_VECTOR_PORT_H

#include "bytes/buffer.h"

#define VECTOR_PORT_LINE_MAX    (1024u * 1024u) /* a request, without its line break */
#define VECTOR_PORT_ANSWER_MAX  (2 * VECTOR_PORT_LINE_MAX)
#define VECTOR_PORT_PBKDF2_WORK (1ull << 25) /* RFC 6070 has a vector of 2^24 iterations */

typedef struct vector_port vector_port;

/* Memory comes from the host; its randomness is never asked for. pbkdf2_work: how many hashes (iterations for each
 * block of the result) a request may cost; a fuzz target gives a small number. NO_MEMORY, CRYPTO_FAILED. */
SOTTO_MUST_CHECK sotto_status vector_port_new(vector_port **ret, const sotto_host *, uint64_t pbkdf2_work);
/* Appends the answer to a request; neither has a line break. What the buffer cannot hold is the buffer's failure: one
 * of VECTOR_PORT_ANSWER_MAX bytes holds every answer. */
void vector_port_answer(vector_port *, sotto_bytes line, bytes_buffer *ret);
void vector_port_free(vector_port *);

#endif
