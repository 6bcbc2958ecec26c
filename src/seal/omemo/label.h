/* SPDX-License-Identifier: ISC
 *
 * Labels of devices (XEP-0384 section 5.3.1): a name that the owner of a device gives it, signed with its identity key.
 * A label is something to be lied to with (T10): it is kept as it was claimed, and counts only once the signature was
 * found to be by the key of that device. It decides nothing about trust, and nobody finds a key by it.
 *
 * What is signed is the label alone. So whoever holds an identity key can call himself what he likes, and a server can
 * show an older label of the same key again; it cannot give one to another key. */
#ifndef SEAL_OMEMO_LABEL_H
#define SEAL_OMEMO_LABEL_H

#include "seal/omemo/dialect.h"
#include "seal/seal.h"

#define OMEMO_LABEL_BYTES_MAX (4u * SOTTO_OMEMO_LABEL_POINTS_MAX)

typedef struct omemo_label {
    uint32_t device;
    sotto_bytes text;
    crypto_signature signature;
} omemo_label;

typedef struct omemo_labels {
    uint32_t count;
    omemo_label at[SOTTO_OMEMO_DEVICES_MAX];
} omemo_labels;

/* 1 to SOTTO_OMEMO_LABEL_POINTS_MAX code points, none of which controls a terminal or turns a text around. */
bool omemo_label_is_good(sotto_bytes text);
/* ... and one that we sign: not 32 bytes long. XEP-0384 signs prekeys, 32 bytes, with the same key and no other mark;
 * a key pair can be searched for whose public key reads as a text. */
bool omemo_label_is_ours(sotto_bytes text);

/* *ret_signature: over the label's bytes. */
SOTTO_MUST_CHECK sotto_status omemo_label_sign(const omemo_dialect *, const crypto_identity *, sotto_bytes text,
                                               const sotto_host *random, crypto_signature *ret_signature);
/* MALFORMED: no label. BAD_KEY, BAD_SIGNATURE. */
SOTTO_MUST_CHECK sotto_status omemo_label_verify(const omemo_dialect *, const omemo_identity *, const omemo_label *);

/* The label of a <device/>; false: it has none that is good and has something like a signature. Borrowed from it. */
bool omemo_label_read(const stanza_element *device, const omemo_dialect *, omemo_label *ret);

/* Those of a list, the first of each device. */
void omemo_labels_read(const stanza_element *devices, const omemo_dialect *, omemo_labels *ret);
const omemo_label *omemo_labels_of(const omemo_labels *, uint32_t device); /* NULL: none */
/* As a record; spans point into it. STORE_NEWER, STORE_CORRUPT. */
void omemo_labels_encode(bytes_buffer *, const omemo_labels *);
SOTTO_MUST_CHECK sotto_status omemo_labels_decode(omemo_labels *ret, sotto_bytes);
/* Of a JID, unverified; where nothing is kept, none. Spans live in the call's arena. */
SOTTO_MUST_CHECK sotto_status omemo_labels_load(seal_env *, sotto_bytes jid, omemo_labels *ret);
/* Written only when something changed. */
SOTTO_MUST_CHECK sotto_status omemo_labels_save(seal_env *, sotto_bytes jid, const omemo_labels *);

/* Our own device's. `text` is the one on the server, `next` the one it is to have; empty: none. */
typedef struct omemo_label_own {
    sotto_bytes text;
    bool renaming;
    sotto_bytes next;
} omemo_label_own;
SOTTO_MUST_CHECK sotto_status omemo_label_own_load(seal_env *, omemo_label_own *ret);
SOTTO_MUST_CHECK sotto_status omemo_label_own_save(seal_env *, const omemo_label_own *);

#endif
