/* SPDX-License-Identifier: ISC
 *
 * What each of the three structures must have. */
#include "seal/omemo/wire.h"

#include <string.h>

#include "bytes/span.h"
#include "seal/omemo/fields.h"

enum { VARINT = OMEMO_WIRE_VARINT, BLOCK = OMEMO_WIRE_BLOCK };

static bool field_id(const omemo_field *field, uint32_t *ret) {
    return omemo_field_u32(field, ret) && *ret >= 1 && *ret <= OMEMO_ID_MAX;
}

static bool field_key(const omemo_field *field, uint8_t ret[32]) {
    if (!field->there || field->block.len != 32) return false;
    memcpy(ret, field->block.at, 32);
    return true;
}

void omemo_wire_write_body(bytes_buffer *out, const omemo_message *message) {
    omemo_field_put_varint(out, 1, message->n); /* required fields are written when they are 0, too */
    omemo_field_put_varint(out, 2, message->pn);
    omemo_field_put_block(out, 3, bytes_of(message->ratchet.bytes, 32));
    omemo_field_put_block(out, 4, message->ciphertext);
}

void omemo_wire_write_message(bytes_buffer *out, sotto_bytes body, sotto_bytes mac) {
    omemo_field_put_block(out, 1, mac);
    omemo_field_put_block(out, 2, body);
}

void omemo_wire_write_exchange(bytes_buffer *out, const omemo_kex *kex) {
    omemo_field_put_varint(out, 1, kex->prekey_id);
    omemo_field_put_varint(out, 2, kex->signed_id);
    omemo_field_put_block(out, 3, bytes_of(kex->identity.bytes, 32));
    omemo_field_put_block(out, 4, bytes_of(kex->ephemeral.bytes, 32));
    omemo_field_put_block(out, 5, kex->message);
}

sotto_status omemo_wire_read_message(sotto_bytes in, omemo_message *ret) {
    static const uint8_t outer_types[2] = {BLOCK, BLOCK};
    static const uint8_t inner_types[4] = {VARINT, VARINT, BLOCK, BLOCK};
    omemo_field outer[2], inner[4];
    SOTTO_TRY(omemo_fields_read(in, outer, outer_types, 2));
    if (!outer[0].there || outer[0].block.len != 16 || !outer[1].there) return SOTTO_FAIL(MALFORMED);
    SOTTO_TRY(omemo_fields_read(outer[1].block, inner, inner_types, 4));
    omemo_message message = {.ciphertext = inner[3].block, .body = outer[1].block, .mac = outer[0].block};
    if (!omemo_field_u32(&inner[0], &message.n) || !omemo_field_u32(&inner[1], &message.pn))
        return SOTTO_FAIL(MALFORMED);
    if (!field_key(&inner[2], message.ratchet.bytes) || !inner[3].there) return SOTTO_FAIL(MALFORMED);
    *ret = message;
    return SOTTO_OK;
}

sotto_status omemo_wire_read_exchange(sotto_bytes in, omemo_kex *ret) {
    static const uint8_t types[5] = {VARINT, VARINT, BLOCK, BLOCK, BLOCK};
    omemo_field fields[5];
    SOTTO_TRY(omemo_fields_read(in, fields, types, 5));
    omemo_kex kex = {.message = fields[4].block};
    if (!field_id(&fields[1], &kex.signed_id)) return SOTTO_FAIL(MALFORMED);
    if (!field_key(&fields[2], kex.identity.bytes)) return SOTTO_FAIL(MALFORMED);
    if (!field_key(&fields[3], kex.ephemeral.bytes) || !fields[4].there) return SOTTO_FAIL(MALFORMED);
    /* XEP-0384 section 4.2: "key exchanges that don't use a PreKey MUST be rejected" (T12). 0 is how others say none.
     */
    if (!fields[0].there || fields[0].number == 0) return SOTTO_FAIL(NO_PREKEY);
    if (!field_id(&fields[0], &kex.prekey_id)) return SOTTO_FAIL(MALFORMED);
    *ret = kex;
    return SOTTO_OK;
}
