/* SPDX-License-Identifier: ISC
 *
 * libsignal's structures, version 3. Figures: WhisperTextProtocol.proto, protocol.c of libomemo-c. */
#include "seal/omemo/wire_axolotl.h"

#include <string.h>

#include "bytes/span.h"
#include "seal/omemo/fields.h"

#define VERSION   3
#define MAC_BYTES 8
#define KEY_TYPE  5 /* DJB_TYPE: Curve25519 */

enum { VARINT = OMEMO_WIRE_VARINT, BLOCK = OMEMO_WIRE_BLOCK };

/* ---- writing ---- */

static void put_version(bytes_buffer *out) {
    bytes_buffer_u8(out, VERSION << 4 | VERSION);
}

static void put_key(bytes_buffer *out, unsigned number, const uint8_t key[32]) {
    uint8_t encoded[33] = {KEY_TYPE};
    memcpy(encoded + 1, key, 32);
    omemo_field_put_block(out, number, bytes_of(encoded, sizeof encoded));
}

/* pn is written as the Double Ratchet has it, the count of messages in the chain before: libsignal and its relatives do
 * not look at it, python-oldmemo skips by it. */
void omemo_wire_axolotl_write_body(bytes_buffer *out, const omemo_message *message) {
    put_version(out);
    put_key(out, 1, message->ratchet.bytes);
    omemo_field_put_varint(out, 2, message->n);
    omemo_field_put_varint(out, 3, message->pn);
    omemo_field_put_block(out, 4, message->ciphertext);
}

void omemo_wire_axolotl_write_message(bytes_buffer *out, sotto_bytes body, sotto_bytes mac) {
    bytes_buffer_put(out, body);
    bytes_buffer_put(out, mac);
}

void omemo_wire_axolotl_write_exchange(bytes_buffer *out, const omemo_kex *kex) {
    put_version(out);
    omemo_field_put_varint(out, 1, kex->prekey_id);
    put_key(out, 2, kex->ephemeral.bytes);
    put_key(out, 3, kex->identity.bytes);
    omemo_field_put_block(out, 4, kex->message);
    omemo_field_put_varint(out, 5, kex->registration);
    omemo_field_put_varint(out, 6, kex->signed_id);
}

/* ---- reading ---- */

/* The upper half of the first byte is the version of the message. The lower half is the newest one its writer knows,
 * and libsignal's readers (libomemo-c) look at the upper half alone, so any figure works there. The MAC is over the
 * byte as it came. */
static sotto_status version_take(sotto_bytes in, sotto_bytes *ret) {
    if (in.len == 0 || in.at[0] >> 4 != VERSION) return SOTTO_FAIL(MALFORMED);
    *ret = bytes_after(in, 1);
    return SOTTO_OK;
}

static bool field_key(const omemo_field *field, uint8_t ret[32]) {
    if (!field->there || field->block.len != 33 || field->block.at[0] != KEY_TYPE) return false;
    memcpy(ret, field->block.at + 1, 32);
    return true;
}

/* libsignal takes a number that is missing for 0 where it does not insist on it, and python-oldmemo writes no
 * registrationId. */
static bool field_may_u32(const omemo_field *field, uint32_t *ret) {
    *ret = 0;
    return !field->there || omemo_field_u32(field, ret);
}

/* The spare one: libomemo-c and all that comes of libsignal (Conversations, Dino, Gajim, Monal, Profanity) write the
 * index of the last message of the chain before, and 0 for a chain without any, where the Double Ratchet has its count.
 * They never look at it, keeping old chains instead. Taken as a count, a late last message would find no key. So there
 * may be one more message; where there is none (python-oldmemo counts), its key lies unused until its chain is
 * forgotten. */
sotto_status omemo_wire_axolotl_read_message(sotto_bytes in, omemo_message *ret) {
    static const uint8_t types[4] = {BLOCK, VARINT, VARINT, BLOCK};
    omemo_field fields[4];
    sotto_bytes rest;
    SOTTO_TRY(version_take(in, &rest));
    if (rest.len < MAC_BYTES) return SOTTO_FAIL(MALFORMED);
    sotto_bytes protobuf = bytes_of(rest.at, rest.len - MAC_BYTES);
    SOTTO_TRY(omemo_fields_read(protobuf, fields, types, 4));
    omemo_message message = {.ciphertext = fields[3].block,
                             .body = bytes_of(in.at, in.len - MAC_BYTES),
                             .mac = bytes_after(in, in.len - MAC_BYTES),
                             .spare = 1};
    if (!field_key(&fields[0], message.ratchet.bytes) || !fields[3].there) return SOTTO_FAIL(MALFORMED);
    if (!omemo_field_u32(&fields[1], &message.n) || !field_may_u32(&fields[2], &message.pn))
        return SOTTO_FAIL(MALFORMED);
    *ret = message;
    return SOTTO_OK;
}

sotto_status omemo_wire_axolotl_read_exchange(sotto_bytes in, omemo_kex *ret) {
    static const uint8_t types[6] = {VARINT, BLOCK, BLOCK, BLOCK, VARINT, VARINT};
    omemo_field fields[6];
    sotto_bytes protobuf;
    SOTTO_TRY(version_take(in, &protobuf));
    SOTTO_TRY(omemo_fields_read(protobuf, fields, types, 6));
    omemo_kex kex = {.message = fields[3].block};
    if (!omemo_field_u32(&fields[5], &kex.signed_id)) return SOTTO_FAIL(MALFORMED);
    if (!field_key(&fields[1], kex.ephemeral.bytes) || !field_key(&fields[2], kex.identity.bytes))
        return SOTTO_FAIL(MALFORMED);
    if (!fields[3].there || !field_may_u32(&fields[4], &kex.registration)) return SOTTO_FAIL(MALFORMED);
    /* libsignal has key exchanges without a prekey; OMEMO has not (T12). */
    if (!fields[0].there || fields[0].number == 0) return SOTTO_FAIL(NO_PREKEY);
    if (!omemo_field_u32(&fields[0], &kex.prekey_id)) return SOTTO_FAIL(MALFORMED);
    *ret = kex;
    return SOTTO_OK;
}
