/* SPDX-License-Identifier: ISC
 *
 * Protobuf, as much of it as OMEMO needs: one reader takes a structure apart into a small array of fields; what a
 * structure must have is said where it is read (omemo/wire.c, omemo/wire_axolotl.c). */
#ifndef SEAL_OMEMO_FIELDS_H
#define SEAL_OMEMO_FIELDS_H

#include "bytes/buffer.h"

enum { OMEMO_WIRE_VARINT = 0, OMEMO_WIRE_FIXED64 = 1, OMEMO_WIRE_BLOCK = 2, OMEMO_WIRE_FIXED32 = 5 };

typedef struct omemo_field {
    bool there;
    uint8_t type;
    uint64_t number; /* of a varint */
    sotto_bytes block;
} omemo_field;

/* Reads all fields; fields[i] is field number i + 1, and types[i] says how it must be encoded. A field twice is
 * MALFORMED; one of another number is skipped. */
SOTTO_MUST_CHECK sotto_status omemo_fields_read(sotto_bytes in, omemo_field *fields, const uint8_t *types,
                                                size_t count);
bool omemo_field_u32(const omemo_field *, uint32_t *ret); /* false: not there, or larger */

void omemo_field_put_varint(bytes_buffer *, unsigned number, uint64_t value);
void omemo_field_put_block(bytes_buffer *, unsigned number, sotto_bytes value);

#endif
