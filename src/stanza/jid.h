/* SPDX-License-Identifier: ISC
 *
 * Addresses (RFC 7622; prepared with stringprep, RFC 6122, the only C implementation there is). */
#ifndef STANZA_JID_H
#define STANZA_JID_H

#include "bytes/arena.h"
#include "bytes/span.h"

typedef struct stanza_jid {
    sotto_bytes full;  /* everything, normalized */
    sotto_bytes bare;  /* local@domain, or domain: a prefix of full */
    sotto_bytes local; /* may be empty */
    sotto_bytes domain;
    sotto_bytes resource; /* may be empty */
} stanza_jid;

/* Parses and normalizes; the spans lie in the arena. Normalizing twice changes nothing. BAD_JID, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status stanza_jid_parse(bytes_arena *, sotto_bytes text, stanza_jid *ret);
/* The same JID, compared after normalization; text that is no JID equals nothing. */
bool stanza_jid_same_bare(const stanza_jid *, const stanza_jid *);

#endif
