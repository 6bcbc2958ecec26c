/* SPDX-License-Identifier: ISC */
#include "seal/omemo/peer.h"

#include <string.h>

#include "bytes/cursor.h"
#include "bytes/memory.h"

#define PEER_VERSION     2
#define PEER_BYTES_MAX   (128 + OMEMO_SESSION_BYTES)
#define PREVIOUS_VERSION 2
#define PREVIOUS_BYTES   (18 + OMEMO_SESSION_BYTES)

enum {
    FLAG_KNOWN = 1,
    FLAG_SESSION = 2,
    FLAG_PREVIOUS = 4,
    FLAG_REPLY_DUE = 8,
    FLAG_CONTESTED = 16,
    FLAG_PINNED = 32,
    FLAGS_ALL = 63
};

static char row_of(const omemo_peer *peer, char what) {
    return omemo_row_in(what, peer->dialect->number);
}

omemo_peer omemo_peer_new(const omemo_dialect *dialect, uint32_t device) {
    return (omemo_peer){.dialect = dialect, .device = device, .sessions = (uint32_t)dialect->number << 31};
}

sotto_status omemo_peer_decode(omemo_peer *ret, const omemo_dialect *dialect, uint32_t device, sotto_bytes value) {
    bytes_cursor c = bytes_cursor_over(value);
    uint8_t version = bytes_cursor_u8(&c), flags = bytes_cursor_u8(&c);
    if (version > PEER_VERSION) return SOTTO_FAIL(STORE_NEWER);
    omemo_peer peer = {.dialect = dialect,
                       .device = device,
                       .known = (flags & FLAG_KNOWN) != 0,
                       .has_session = (flags & FLAG_SESSION) != 0,
                       .has_previous = (flags & FLAG_PREVIOUS) != 0,
                       .reply_due = (flags & FLAG_REPLY_DUE) != 0,
                       .contested = (flags & FLAG_CONTESTED) != 0,
                       .pinned = (flags & FLAG_PINNED) != 0};
    bytes_cursor_into(&c, peer.key.bytes, 32);
    bytes_cursor_into(&c, peer.fingerprint.bytes, 32);
    peer.sessions = bytes_cursor_u32(&c);
    peer.number = bytes_cursor_u32(&c);
    peer.beat_chain = bytes_cursor_u32(&c);
    peer.until = bytes_cursor_u32(&c);
    peer.begun_ms = bytes_cursor_u64(&c);
    peer.healed_ms = bytes_cursor_u64(&c);
    sotto_status status = SOTTO_OK;
    if (peer.has_session) status = omemo_session_decode(&peer.session, bytes_cursor_take(&c, OMEMO_SESSION_BYTES));
    if (!sotto_ok(bytes_cursor_end(&c)) || version != PEER_VERSION || flags > FLAGS_ALL)
        status = SOTTO_FAIL(STORE_CORRUPT);
    if (sotto_ok(status)) *ret = peer;
    bytes_wipe(&peer, sizeof peer);
    return status;
}

sotto_status omemo_peer_load(seal_env *env, sotto_bytes jid, const omemo_dialect *dialect, uint32_t device,
                             omemo_peer *ret) {
    omemo_row row;
    sotto_bytes value;
    SOTTO_TRY(omemo_row_device(&row, jid, device, omemo_row_in(OMEMO_ROW_DEVICE, dialect->number)));
    sotto_status status = env->get(env, omemo_row_key(&row), &value);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) {
        *ret = omemo_peer_new(dialect, device);
        return SOTTO_OK;
    }
    SOTTO_TRY(status);
    return omemo_peer_decode(ret, dialect, device, value);
}

sotto_status omemo_peer_save(seal_env *env, sotto_bytes jid, const omemo_peer *peer) {
    omemo_row row;
    uint8_t memory[PEER_BYTES_MAX];
    bytes_buffer out;
    sotto_bytes value;
    SOTTO_TRY(omemo_row_device(&row, jid, peer->device, row_of(peer, OMEMO_ROW_DEVICE)));
    unsigned flags = (peer->known ? FLAG_KNOWN : 0u) | (peer->has_session ? FLAG_SESSION : 0u) |
                     (peer->has_previous ? FLAG_PREVIOUS : 0u) | (peer->reply_due ? FLAG_REPLY_DUE : 0u) |
                     (peer->contested ? FLAG_CONTESTED : 0u) | (peer->pinned ? FLAG_PINNED : 0u);
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    bytes_buffer_u8(&out, PEER_VERSION);
    bytes_buffer_u8(&out, (uint8_t)flags);
    bytes_buffer_put(&out, bytes_of(peer->key.bytes, 32));
    bytes_buffer_put(&out, bytes_of(peer->fingerprint.bytes, 32));
    bytes_buffer_u32(&out, peer->sessions);
    bytes_buffer_u32(&out, peer->number);
    bytes_buffer_u32(&out, peer->beat_chain);
    bytes_buffer_u32(&out, peer->until);
    bytes_buffer_u64(&out, peer->begun_ms);
    bytes_buffer_u64(&out, peer->healed_ms);
    if (peer->has_session) omemo_session_encode(&out, &peer->session);
    sotto_status status = bytes_buffer_end(&out, &value);
    if (sotto_ok(status)) status = env->put(env, omemo_row_key(&row), value);
    bytes_wipe(memory, sizeof memory);
    return status;
}

bool omemo_peer_ready(const omemo_peer *peer, uint64_t now_ms) {
    if (!peer->has_session) return false;
    if (!peer->session.unconfirmed || now_ms < peer->begun_ms) return true;
    return now_ms - peer->begun_ms < OMEMO_UNANSWERED_MS;
}

bool omemo_peer_is_with(const omemo_peer *peer, const omemo_session *session) {
    return memcmp(omemo_session_peer(session)->bytes, peer->key.bytes, 32) == 0;
}

sotto_status omemo_peer_learn(omemo_peer *peer, const omemo_identity *key, bool *ret_changed) {
    *ret_changed = false;
    if (peer->known && memcmp(peer->key.bytes, key->bytes, 32) == 0) return SOTTO_OK;
    crypto_x25519_public fingerprint;
    SOTTO_TRY(peer->dialect->identity->form(key, &fingerprint));
    *ret_changed = peer->known;
    peer->key = *key;
    peer->fingerprint = fingerprint;
    peer->known = true;
    return SOTTO_OK;
}

sotto_status omemo_previous_load(seal_env *env, sotto_bytes jid, const omemo_peer *peer, omemo_previous *ret) {
    omemo_row row;
    sotto_bytes value;
    SOTTO_TRY(omemo_row_device(&row, jid, peer->device, row_of(peer, OMEMO_ROW_PREVIOUS)));
    sotto_status status = env->get(env, omemo_row_key(&row), &value);
    if (sotto_is(status, SOTTO_E_NOT_FOUND))
        return SOTTO_FAIL(STORE_CORRUPT); /* the device's record says it is there */
    SOTTO_TRY(status);
    bytes_cursor c = bytes_cursor_over(value);
    uint8_t version = bytes_cursor_u8(&c);
    if (version > PREVIOUS_VERSION) return SOTTO_FAIL(STORE_NEWER);
    ret->number = bytes_cursor_u32(&c);
    ret->beat_chain = bytes_cursor_u32(&c);
    uint8_t crossed = bytes_cursor_u8(&c);
    ret->crossed = crossed != 0;
    ret->since_ms = bytes_cursor_u64(&c);
    sotto_bytes session = bytes_cursor_take(&c, OMEMO_SESSION_BYTES);
    if (!sotto_ok(bytes_cursor_end(&c)) || version != PREVIOUS_VERSION || crossed > 1) return SOTTO_FAIL(STORE_CORRUPT);
    return omemo_session_decode(&ret->session, session);
}

sotto_status omemo_previous_save(seal_env *env, sotto_bytes jid, const omemo_peer *peer,
                                 const omemo_previous *previous) {
    omemo_row row;
    uint8_t memory[PREVIOUS_BYTES];
    bytes_buffer out;
    sotto_bytes value;
    SOTTO_TRY(omemo_row_device(&row, jid, peer->device, row_of(peer, OMEMO_ROW_PREVIOUS)));
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    bytes_buffer_u8(&out, PREVIOUS_VERSION);
    bytes_buffer_u32(&out, previous->number);
    bytes_buffer_u32(&out, previous->beat_chain);
    bytes_buffer_u8(&out, previous->crossed);
    bytes_buffer_u64(&out, previous->since_ms);
    omemo_session_encode(&out, &previous->session);
    sotto_status status = bytes_buffer_end(&out, &value);
    if (sotto_ok(status)) status = env->put(env, omemo_row_key(&row), value);
    bytes_wipe(memory, sizeof memory);
    return status;
}

static sotto_status skipped_wipe(seal_env *env, sotto_bytes jid, uint32_t device, uint32_t number) {
    omemo_skipped_rows rows;
    SOTTO_TRY(omemo_skipped_open(&rows, env, jid, device, number));
    return omemo_skipped_wipe(&rows);
}

sotto_status omemo_previous_drop(seal_env *env, sotto_bytes jid, omemo_peer *peer) {
    if (!peer->has_previous) return SOTTO_OK;
    omemo_previous previous;
    omemo_row row;
    sotto_status status = omemo_previous_load(env, jid, peer, &previous);
    uint32_t number = sotto_ok(status) ? previous.number : 0;
    bool keys = sotto_ok(status) && previous.session.skipped > 0;
    bytes_wipe(&previous, sizeof previous);
    SOTTO_TRY(status);
    SOTTO_TRY(omemo_row_device(&row, jid, peer->device, row_of(peer, OMEMO_ROW_PREVIOUS)));
    SOTTO_TRY(env->put(env, omemo_row_key(&row), BYTES_NONE));
    if (keys) SOTTO_TRY(skipped_wipe(env, jid, peer->device, number));
    peer->has_previous = false;
    return SOTTO_OK;
}

sotto_status omemo_previous_set(seal_env *env, sotto_bytes jid, omemo_peer *peer, const omemo_previous *previous) {
    SOTTO_TRY(omemo_previous_drop(env, jid, peer));
    SOTTO_TRY(omemo_previous_save(env, jid, peer, previous));
    peer->has_previous = true;
    return SOTTO_OK;
}

void omemo_peer_as_previous(const omemo_peer *peer, uint64_t now_ms, omemo_previous *ret) {
    *ret = (omemo_previous){
        .number = peer->number, .beat_chain = peer->beat_chain, .since_ms = now_ms, .session = peer->session};
}

sotto_status omemo_peer_retire(seal_env *env, sotto_bytes jid, omemo_peer *peer) {
    if (!peer->has_session) return SOTTO_OK;
    omemo_previous previous;
    omemo_peer_as_previous(peer, env->now_ms, &previous);
    sotto_status status = omemo_previous_set(env, jid, peer, &previous);
    bytes_wipe(&previous, sizeof previous);
    SOTTO_TRY(status);
    bytes_wipe(&peer->session, sizeof peer->session);
    peer->has_session = false;
    peer->until = OMEMO_PREVIOUS_CHAINS; /* of the session that will follow */
    return SOTTO_OK;
}

sotto_status omemo_peer_swap(seal_env *env, sotto_bytes jid, omemo_peer *peer, const omemo_previous *previous) {
    if (peer->has_session) {
        omemo_previous other;
        omemo_peer_as_previous(peer, env->now_ms, &other);
        other.crossed = previous->crossed;
        /* In the place of the one that comes back, whose skipped keys stay. */
        sotto_status status = omemo_previous_save(env, jid, peer, &other);
        bytes_wipe(&other, sizeof other);
        SOTTO_TRY(status);
    } else {
        omemo_row row;
        SOTTO_TRY(omemo_row_device(&row, jid, peer->device, row_of(peer, OMEMO_ROW_PREVIOUS)));
        SOTTO_TRY(env->put(env, omemo_row_key(&row), BYTES_NONE));
        peer->has_previous = false;
    }
    peer->session = previous->session;
    peer->number = previous->number;
    peer->beat_chain = previous->beat_chain;
    peer->until = previous->session.chain + OMEMO_PREVIOUS_CHAINS;
    peer->has_session = true;
    return SOTTO_OK;
}

sotto_status omemo_peer_forget(seal_env *env, sotto_bytes jid, omemo_peer *peer) {
    SOTTO_TRY(omemo_previous_drop(env, jid, peer));
    if (!peer->has_session) return SOTTO_OK;
    if (peer->session.skipped > 0) SOTTO_TRY(skipped_wipe(env, jid, peer->device, peer->number));
    bytes_wipe(&peer->session, sizeof peer->session);
    peer->has_session = peer->reply_due = false;
    return SOTTO_OK;
}

void omemo_peer_key(const omemo_peer *peer, sotto_bytes jid, seal_key *ret) {
    *ret = (seal_key){
        .jid = jid, .dialect = bytes_text(peer->dialect->name), .device = peer->device, .known = peer->known};
    memcpy(ret->key, peer->fingerprint.bytes, 32);
    memcpy(ret->fingerprint, peer->fingerprint.bytes, 32);
}
