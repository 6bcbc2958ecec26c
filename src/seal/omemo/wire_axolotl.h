/* SPDX-License-Identifier: ISC
 *
 * The structures of 0.3, which are libsignal's (WhisperMessage and PreKeyWhisperMessage of its version 3): a version
 * byte, protobuf, and around a message a MAC of 8 bytes behind it. Reading is as strict as in omemo/wire.h but for what
 * deployed clients are known to write: each such place says which. */
#ifndef SEAL_OMEMO_WIRE_AXOLOTL_H
#define SEAL_OMEMO_WIRE_AXOLOTL_H

#include "seal/omemo/wire.h"

void omemo_wire_axolotl_write_body(bytes_buffer *, const omemo_message *); /* with the version byte */
void omemo_wire_axolotl_write_message(bytes_buffer *, sotto_bytes body, sotto_bytes mac);
void omemo_wire_axolotl_write_exchange(bytes_buffer *, const omemo_kex *);
/* Spans of the result lie in what is read. MALFORMED (of another version too); NO_PREKEY for an exchange that names
 * none (T12). */
SOTTO_MUST_CHECK sotto_status omemo_wire_axolotl_read_message(sotto_bytes, omemo_message *ret);
SOTTO_MUST_CHECK sotto_status omemo_wire_axolotl_read_exchange(sotto_bytes, omemo_kex *ret);

#endif
