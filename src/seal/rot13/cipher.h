/* SPDX-License-Identifier: ISC
 *
 * XEP-0419: Double ROT-13, and the upgrade of namespaces. */
#ifndef SEAL_ROT13_CIPHER_H
#define SEAL_ROT13_CIPHER_H

#include "bytes/arena.h"
#include "bytes/buffer.h"
#include "stanza/element.h"

/* One round, in place. The standard demands two. */
void rot13_round(uint8_t *at, size_t len);
/* Writes the stanza with its namespaces upgraded ("http:" to "https:", "urn:xmpp:" to "urn:xmpps:") or, the other way,
 * taken back, and applies both rounds. The same function encrypts and decrypts; as the standard says, nobody who looks
 * at the result can tell which it was. */
SOTTO_MUST_CHECK sotto_status rot13_write(bytes_buffer *ret, bytes_arena *, const stanza_element *, bool upgrade);

/* Checks the encryption of a stanza as XEP-0419 shows it. *ret_sentence (static) says what was found. */
bool rot13_check(sotto_bytes stanza, const char **ret_sentence);

#endif
