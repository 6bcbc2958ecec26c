/* SPDX-License-Identifier: ISC */
#include "engine/output_row.h"

#include "bytes/cursor.h"
#include "bytes/span.h"

#define ROW_VERSION_1 1u /* up to 0.3: without what is read by the functions that end in _more */
#define ROW_VERSION   2u
#define ROW_VERSION_3 3u /* of a stanza that goes through a room alone: with its way behind it */
#define ROW_VERSION_4 4u /* of an error that was made here alone: with its reason behind it */

static void encode_key(bytes_buffer *out, const sotto_key *key) {
    bytes_buffer_block(out, key->jid);
    bytes_buffer_block(out, key->seal);
    bytes_buffer_u32(out, key->device);
    bytes_buffer_put(out, bytes_of(key->key, sizeof key->key));
    bytes_buffer_put(out, bytes_of(key->fingerprint, sizeof key->fingerprint));
    bytes_buffer_u8(out, (uint8_t)key->trust);
    bytes_buffer_u8(out, (uint8_t)((key->active ? 1 : 0) | (key->this_device ? 2 : 0) | (key->known ? 4 : 0)));
    bytes_buffer_u64(out, key->first_seen_ms);
    bytes_buffer_u64(out, key->last_used_ms);
    bytes_buffer_u64(out, key->gone_ms);
}

static void decode_key(bytes_cursor *in, uint8_t version, sotto_key *ret) {
    ret->jid = bytes_cursor_block(in);
    ret->seal = bytes_cursor_block(in);
    ret->device = bytes_cursor_u32(in);
    bytes_cursor_into(in, ret->key, sizeof ret->key);
    bytes_cursor_into(in, ret->fingerprint, sizeof ret->fingerprint);
    ret->trust = (sotto_trust)bytes_cursor_u8(in);
    uint8_t flags = bytes_cursor_u8(in);
    ret->active = (flags & 1) != 0;
    ret->this_device = (flags & 2) != 0;
    ret->known = (flags & 4) != 0;
    ret->first_seen_ms = bytes_cursor_u64(in);
    ret->last_used_ms = bytes_cursor_u64(in);
    if (version > ROW_VERSION_1) ret->gone_ms = bytes_cursor_u64(in);
}

static void encode_delivery(bytes_buffer *out, const sotto_delivery *delivery) {
    bytes_buffer_block(out, delivery->stanza);
    bytes_buffer_block(out, delivery->seal);
    bytes_buffer_block(out, delivery->from);
    bytes_buffer_u8(out, (uint8_t)delivery->trust);
    bytes_buffer_u32(out, delivery->device);
    bytes_buffer_put(out, bytes_of(delivery->fingerprint, sizeof delivery->fingerprint));
    bytes_buffer_u64(out, delivery->time_ms);
    bytes_buffer_u8(out, (uint8_t)((delivery->time_doubtful ? 1 : 0) | (delivery->answerable ? 2 : 0)));
    bytes_buffer_block(out, delivery->room);
    bytes_buffer_block(out, delivery->nick);
    bytes_buffer_u8(out, (uint8_t)delivery->carbon);
    bytes_buffer_block(out, delivery->peer);
    bytes_buffer_u8(out, delivery->archived ? 1 : 0);
}

static void decode_delivery_more(bytes_cursor *in, sotto_delivery *ret) {
    ret->room = bytes_cursor_block(in);
    ret->nick = bytes_cursor_block(in);
    ret->carbon = (sotto_carbon)bytes_cursor_u8(in);
    ret->peer = bytes_cursor_block(in);
    ret->archived = bytes_cursor_u8(in) != 0;
}

static void decode_delivery(bytes_cursor *in, uint8_t version, sotto_delivery *ret) {
    ret->stanza = bytes_cursor_block(in);
    ret->seal = bytes_cursor_block(in);
    ret->from = bytes_cursor_block(in);
    ret->trust = (sotto_trust)bytes_cursor_u8(in);
    ret->device = bytes_cursor_u32(in);
    bytes_cursor_into(in, ret->fingerprint, sizeof ret->fingerprint);
    ret->time_ms = bytes_cursor_u64(in);
    uint8_t flags = bytes_cursor_u8(in);
    ret->time_doubtful = (flags & 1) != 0;
    ret->answerable = (flags & 2) != 0;
    ret->peer = ret->from;
    if (version > ROW_VERSION_1) decode_delivery_more(in, ret);
}

static void encode_event(bytes_buffer *out, const sotto_event *event) {
    bytes_buffer_u8(out, (uint8_t)event->kind);
    bytes_buffer_u64(out, event->ticket);
    bytes_buffer_block(out, event->jid);
    bytes_buffer_u32(out, (uint32_t)event->reason.code);
    bytes_buffer_block(out, event->text);
    bytes_buffer_u32(out, event->number);
    encode_key(out, &event->key);
    bytes_buffer_u32(out, event->total);
}

static void decode_event(bytes_cursor *in, uint8_t version, sotto_event *ret) {
    ret->kind = (sotto_event_kind)bytes_cursor_u8(in);
    ret->ticket = bytes_cursor_u64(in);
    ret->jid = bytes_cursor_block(in);
    ret->reason = (sotto_status){(int)(bytes_cursor_u32(in) & 0xffff)};
    ret->text = bytes_cursor_block(in);
    ret->number = bytes_cursor_u32(in);
    decode_key(in, version, &ret->key);
    if (version > ROW_VERSION_1) ret->total = bytes_cursor_u32(in);
}

static void encode_way(bytes_buffer *out, const outbox_way *way) {
    bytes_buffer_block(out, way->room);
    bytes_buffer_block(out, way->peer);
    bytes_buffer_u8(out, (uint8_t)way->encrypt);
    bytes_buffer_u8(out, way->streams);
    bytes_buffer_block(out, way->readers);
}

static void decode_way(bytes_cursor *in, outbox_way *ret) {
    ret->room = bytes_cursor_block(in);
    ret->peer = bytes_cursor_block(in);
    uint8_t encrypt = bytes_cursor_u8(in);
    ret->encrypt = (sotto_encrypt)encrypt;
    ret->streams = bytes_cursor_u8(in);
    ret->readers = bytes_cursor_block(in);
    if (ret->room.len == 0 || encrypt > SOTTO_ENCRYPT_NEVER) in->failed = true;
}

void engine_output_encode(bytes_buffer *out, const sotto_output *output, outbox_keep keep) {
    engine_output_encode_way(out, output, keep, NULL);
}

void engine_output_encode_way(bytes_buffer *out, const sotto_output *output, outbox_keep keep, const outbox_way *way) {
    bool through_room = way != NULL && way->room.len > 0;
    bool failed = output->kind == SOTTO_OUTPUT_DELIVER && !sotto_ok(output->delivery.failure);
    bytes_buffer_u8(out, through_room ? ROW_VERSION_3 : failed ? ROW_VERSION_4 : ROW_VERSION);
    bytes_buffer_u8(out, (uint8_t)keep);
    bytes_buffer_u8(out, (uint8_t)output->kind);
    switch (output->kind) {
    case SOTTO_OUTPUT_STANZA:
        bytes_buffer_u64(out, output->ticket);
        bytes_buffer_block(out, output->seal);
        bytes_buffer_block(out, output->stanza);
        if (through_room) encode_way(out, way);
        break;
    case SOTTO_OUTPUT_DELIVER:
        encode_delivery(out, &output->delivery);
        if (failed) bytes_buffer_u32(out, (uint32_t)output->delivery.failure.code);
        break;
    case SOTTO_OUTPUT_EVENT:
        encode_event(out, &output->event);
        break;
    case SOTTO_OUTPUT_JOB:
        bytes_buffer_u64(out, output->job);
        bytes_buffer_block(out, output->request);
        break;
    }
}

sotto_status engine_output_decode(sotto_bytes row, sotto_output *ret, outbox_keep *ret_keep) {
    outbox_way way;
    return engine_output_decode_way(row, ret, ret_keep, &way);
}

sotto_status engine_output_decode_way(sotto_bytes row, sotto_output *ret, outbox_keep *ret_keep, outbox_way *ret_way) {
    bytes_cursor in = bytes_cursor_over(row);
    sotto_output output = {0};
    outbox_way way = {0};
    uint8_t version = bytes_cursor_u8(&in);
    if (version > ROW_VERSION_4) return SOTTO_FAIL(STORE_NEWER);
    if (version < ROW_VERSION_1) return SOTTO_FAIL(STORE_CORRUPT);
    outbox_keep keep = (outbox_keep)bytes_cursor_u8(&in);
    output.kind = (sotto_output_kind)bytes_cursor_u8(&in);
    if (version == ROW_VERSION_3 && output.kind != SOTTO_OUTPUT_STANZA) return SOTTO_FAIL(STORE_CORRUPT);
    if (version == ROW_VERSION_4 && output.kind != SOTTO_OUTPUT_DELIVER) return SOTTO_FAIL(STORE_CORRUPT);
    switch (output.kind) {
    case SOTTO_OUTPUT_STANZA:
        output.ticket = bytes_cursor_u64(&in);
        output.seal = bytes_cursor_block(&in);
        output.stanza = bytes_cursor_block(&in);
        if (version == ROW_VERSION_3) decode_way(&in, &way);
        break;
    case SOTTO_OUTPUT_DELIVER:
        decode_delivery(&in, version, &output.delivery);
        if (version == ROW_VERSION_4) output.delivery.failure = (sotto_status){(int)(bytes_cursor_u32(&in) & 0xffff)};
        break;
    case SOTTO_OUTPUT_EVENT:
        decode_event(&in, version, &output.event);
        break;
    case SOTTO_OUTPUT_JOB:
        output.job = bytes_cursor_u64(&in);
        output.request = bytes_cursor_block(&in);
        break;
    default:
        return SOTTO_FAIL(STORE_CORRUPT);
    }
    if (!sotto_ok(bytes_cursor_end(&in)) || keep > OUTBOX_ASK) return SOTTO_FAIL(STORE_CORRUPT);
    *ret = output;
    *ret_keep = keep;
    *ret_way = way;
    return SOTTO_OK;
}
