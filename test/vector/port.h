/* SPDX-License-Identifier: ISC
 *
 * What the files of the vector port share: a request that was taken apart, ways to ask for its values, and the answer
 * being written. Whatever can be wrong with the form of a value was found before an operation runs, so an operation
 * sees bytes, numbers and words, and refuses what is wrong with their meaning. */
#ifndef TEST_VECTOR_PORT_PARTS_H
#define TEST_VECTOR_PORT_PARTS_H

#include "bytes/arena.h"
#include "bytes/span.h"
#include "crypto/curve.h"
#include "vector_port.h"

#define PORT_FIELDS_MAX 16

/* "operation or size not offered": no status of the product's own stands for it, this one never comes out of the
 * operations. */
#define PORT_UNSUPPORTED SOTTO_FAIL(CANNOT_PROTECT)

typedef struct port_field {
    sotto_bytes name;
    sotto_bytes value; /* bytes: decoded; lists: their text; words: as they are */
    uint64_t number;   /* UINT64_MAX when it is larger */
} port_field;

typedef struct port_session port_session;

struct vector_port {
    const sotto_host *memory;
    sotto_host host; /* memory, and a generator that always fails */
    bytes_arena arena;
    bytes_buffer result; /* of a cipher, before it is put into the answer */
    bytes_buffer out;    /* the fields of the answer */
    port_field fields[PORT_FIELDS_MAX];
    size_t count;
    uint64_t pbkdf2_work;
    port_session *sessions;
};

/* ---- values (request.c) ---- */

/* Takes a line apart. `names` are those the operation has, a blank between them; "?" behind one that may be missing,
 * "!" behind one that is 0 or 1 here and bytes elsewhere. USAGE, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status port_request_read(vector_port *, sotto_bytes fields, const char *names);
bool port_has(const vector_port *, const char *name);
/* Empty or 0 for one that may be missing and is. */
sotto_bytes port_bytes(const vector_port *, const char *name);
uint64_t port_number(const vector_port *, const char *name);
/* Exactly that many bytes, or the failure given. */
SOTTO_MUST_CHECK sotto_status port_fixed(const vector_port *, const char *name, void *ret, size_t len,
                                         sotto_status otherwise);
/* 32 bytes or BAD_KEY; for a pair the private key, whose public one is derived. */
SOTTO_MUST_CHECK sotto_status port_key(const vector_port *, const char *name, uint8_t ret[32]);
SOTTO_MUST_CHECK sotto_status port_pair(const vector_port *, const char *name, crypto_x25519_pair *ret);
/* Decodes lower-case hex into the arena. USAGE, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status port_hex(vector_port *, sotto_bytes text, sotto_bytes *ret);

/* ---- answers ---- */

void port_put(vector_port *, const char *name, sotto_bytes value);
void port_put_number(vector_port *, const char *name, uint64_t value);
/* Puts what is in `result`. What that buffer says. */
SOTTO_MUST_CHECK sotto_status port_put_result(vector_port *, const char *name);
/* Whether the answer has been written in full; asked before anything is changed. */
SOTTO_MUST_CHECK sotto_status port_written(const vector_port *);

/* ---- operations ---- */

typedef sotto_status port_operation(vector_port *);
port_operation port_x25519, port_x25519_public, port_ed25519_verify, port_xeddsa_sign, port_xeddsa_verify;
port_operation port_to_ed25519, port_to_x25519;                                              /* curve.c */
port_operation port_hkdf, port_hmac, port_hmac_verify, port_pbkdf2;                          /* hash.c */
port_operation port_cbc_encrypt, port_cbc_decrypt, port_gcm_encrypt, port_gcm_decrypt;       /* cipher.c */
port_operation port_spk_verify, port_chain_step, port_payload_encrypt, port_payload_decrypt; /* omemo.c */
port_operation port_initiate, port_accept, port_encrypt, port_decrypt;                       /* session.c */
port_operation port_x509_verify;                                                             /* x509.c */

struct omemo_dialect;
/* The dialect of the request. USAGE: no such thing. */
SOTTO_MUST_CHECK sotto_status port_dialect(const vector_port *, const struct omemo_dialect **ret);
/* A public key in its wire form; in `ret` it is without the prefix. BAD_KEY. */
SOTTO_MUST_CHECK sotto_status port_wire_key(const vector_port *, const struct omemo_dialect *, const char *name,
                                            uint8_t ret[32]);
void port_sessions_free(vector_port *);

#endif
