/* SPDX-License-Identifier: ISC
 *
 * The Double Ratchet. Names of the specification stand beside ours: root is RK, send_chain CKs, receive_chain CKr, own
 * DHs, peer DHr, send_n Ns, send_pn PN, receive_n Nr. */
#include "seal/omemo/session.h"

#include <string.h>

#include <sotto/limits.h>

#include "bytes/memory.h"
#include "bytes/span.h"
#include "crypto/cipher.h"
#include "crypto/hash.h"
#include "crypto/sha256.h"

#define SESSION_VERSION 2
#define BODY_BYTES_MAX  (OMEMO_PLAIN_BYTES_MAX + 16 + 64) /* ciphertext, and header fields */

enum { FLAG_INITIATED = 1, FLAG_UNCONFIRMED = 2, FLAG_OWES = 4 };

/* ---- derivations ---- */

/* KDF_CK: "a single byte constant 0x01 as HMAC input to produce the next message key (mk) and a single byte constant
 * 0x02 as HMAC input to produce the next chain key" (XEP-0384 section 4.3). */
void omemo_session_chain(const uint8_t chain[32], uint8_t ret_message[32], uint8_t ret_next[32]) {
    if (ret_next != chain) memcpy(ret_next, chain, 32);
    crypto_sha256_walk(ret_next, (uint8_t(*)[32])ret_message, 1);
}

sotto_status omemo_session_expand(const omemo_dialect *dialect, const uint8_t message[32], uint8_t ret[80]) {
    return crypto_hkdf(CRYPTO_SHA256, ret, 80, bytes_of(message, 32), BYTES_NONE, bytes_text(dialect->message_info));
}

/* KDF_RK(rk, dh_out): the new root key, and a chain key. */
static sotto_status root_step(const omemo_dialect *dialect, uint8_t root[32], uint8_t chain[32],
                              const crypto_x25519_private *own, const crypto_x25519_public *peer) {
    uint8_t shared[32], both[64];
    sotto_status status = crypto_x25519_agree(shared, own, peer);
    if (sotto_ok(status)) {
        status = crypto_hkdf(CRYPTO_SHA256, both, sizeof both, bytes_of(shared, 32), bytes_of(root, 32),
                             bytes_text(dialect->root_info));
    }
    if (sotto_ok(status)) {
        memcpy(root, both, 32);
        memcpy(chain, both + 32, 32);
    }
    bytes_wipe(shared, sizeof shared);
    bytes_wipe(both, sizeof both);
    return status;
}

/* HMAC-SHA-256 over CONCAT(ad, header) with the ciphertext in it; the caller compares or cuts. `own`: written by us. */
static void message_mac(const omemo_session *session, const omemo_dialect *dialect, const uint8_t key[32], bool own,
                        sotto_bytes body, uint8_t ret[32]) {
    size_t prefix = dialect->key_prefix ? 1 : 0;
    bool swapped = dialect->sender_first && own != session->initiated;
    const omemo_identity *first = swapped ? &session->responder : &session->initiator;
    const omemo_identity *second = swapped ? &session->initiator : &session->responder;
    const sotto_bytes parts[5] = {bytes_of(&dialect->key_prefix, prefix), bytes_of(first->bytes, 32),
                                  bytes_of(&dialect->key_prefix, prefix), bytes_of(second->bytes, 32), body};
    crypto_sha256_hmac(ret, bytes_of(key, 32), parts, 5);
}

/* ---- beginnings ---- */

void omemo_session_begin(omemo_session *session, const uint8_t secret[32], const crypto_x25519_public *peer_signed) {
    memcpy(session->root, secret, 32);
    session->peer = *peer_signed;
    session->initiated = session->unconfirmed = session->owes = true;
}

void omemo_session_answer(omemo_session *session, const uint8_t secret[32], const crypto_x25519_pair *own_signed) {
    memcpy(session->root, secret, 32);
    session->own = *own_signed;
    session->initiated = session->unconfirmed = session->owes = false;
}

const omemo_identity *omemo_session_peer(const omemo_session *session) {
    return session->initiated ? &session->responder : &session->initiator;
}

/* ---- writing ---- */

/* The send half of a ratchet step, with a pair made by the caller. */
static sotto_status send_half(omemo_session *session, const omemo_dialect *dialect, const crypto_x25519_pair *fresh) {
    SOTTO_TRY(root_step(dialect, session->root, session->send_chain, &fresh->private_key, &session->peer));
    session->own = *fresh;
    session->owes = false;
    return SOTTO_OK;
}

/* ENCRYPT(mk, plaintext, associated_data), with the header in place. */
static sotto_status message_seal(const omemo_session *session, const omemo_dialect *dialect, const uint8_t message[32],
                                 sotto_bytes plain, bytes_buffer *ret) {
    uint8_t keys[80], mac[32];
    uint8_t cipher_memory[OMEMO_PLAIN_BYTES_MAX + 16], body_memory[BODY_BYTES_MAX];
    bytes_buffer cipher, body;
    bytes_buffer_borrowed(&cipher, cipher_memory, sizeof cipher_memory);
    bytes_buffer_borrowed(&body, body_memory, sizeof body_memory);
    omemo_message out = {.n = session->send_n, .pn = session->send_pn, .ratchet = session->own.public_key};
    sotto_status status = omemo_session_expand(dialect, message, keys);
    if (sotto_ok(status)) status = crypto_cbc_encrypt(&cipher, keys, keys + 64, plain);
    if (sotto_ok(status)) status = bytes_buffer_end(&cipher, &out.ciphertext);
    if (sotto_ok(status)) {
        dialect->write_body(&body, &out);
        status = bytes_buffer_end(&body, &out.body);
    }
    if (sotto_ok(status)) {
        message_mac(session, dialect, keys + 32, true, out.body, mac);
        dialect->write_message(ret, out.body, bytes_of(mac, dialect->mac_size));
    }
    bytes_wipe(keys, sizeof keys);
    return status;
}

/* While nothing came back, every message is a key exchange (XEP-0384 section 4.3: "until a response by the recipient
 * confirms that the key exchange was successfully completed"). */
static sotto_status message_wrap(const omemo_session *session, const omemo_dialect *dialect, uint32_t device,
                                 const uint8_t message[32], sotto_bytes plain, bytes_buffer *ret) {
    uint8_t memory[BODY_BYTES_MAX + 64];
    bytes_buffer inner;
    bytes_buffer_borrowed(&inner, memory, sizeof memory);
    omemo_kex kex = {.prekey_id = session->prekey_id,
                     .signed_id = session->signed_id,
                     .registration = device,
                     .identity = session->initiator,
                     .ephemeral = session->ephemeral};
    SOTTO_TRY(message_seal(session, dialect, message, plain, &inner));
    SOTTO_TRY(bytes_buffer_end(&inner, &kex.message));
    dialect->write_exchange(ret, &kex);
    return SOTTO_OK;
}

sotto_status omemo_session_write(omemo_session *session, const omemo_dialect *dialect, uint32_t device,
                                 const crypto_x25519_pair *fresh, sotto_bytes plain, bytes_buffer *ret, bool *ret_kex) {
    if (plain.len > OMEMO_PLAIN_BYTES_MAX) return SOTTO_FAIL(TOO_LARGE);
    if (session->owes && !fresh) return SOTTO_FAIL(USAGE);
    if (!session->owes && session->chain == 0 && !session->initiated) return SOTTO_FAIL(STATE);
    if (session->send_n == UINT32_MAX) return SOTTO_FAIL(STATE);
    omemo_session stepped; /* only when there is a send half to be done: mostly nothing but the chain moves */
    const omemo_session *with = session;
    uint8_t message[32], chain[32];
    sotto_bytes written;
    size_t before = ret->len;
    sotto_status status = SOTTO_OK;
    if (session->owes) {
        stepped = *session;
        with = &stepped;
        status = send_half(&stepped, dialect, fresh);
    }
    if (sotto_ok(status)) {
        omemo_session_chain(with->send_chain, message, chain);
        status = with->unconfirmed ? message_wrap(with, dialect, device, message, plain, ret)
                                   : message_seal(with, dialect, message, plain, ret);
    }
    if (sotto_ok(status)) status = bytes_buffer_end(ret, &written);
    if (sotto_ok(status)) {
        if (with == &stepped) *session = stepped;
        memcpy(session->send_chain, chain, sizeof chain);
        session->send_n++;
        *ret_kex = session->unconfirmed;
    } else {
        bytes_buffer_cut(ret, before);
    }
    if (with == &stepped) bytes_wipe(&stepped, sizeof stepped);
    bytes_wipe(message, sizeof message);
    bytes_wipe(chain, sizeof chain);
    return status;
}

/* ---- reading ---- */

/* The receiving chain a ratchet key belongs to; 0: a new one. Only the first bytes are compared: a header that collides
 * on purpose fails its MAC, which covers all of them. */
static uint32_t chain_of(const omemo_session *session, const crypto_x25519_public *ratchet) {
    if (session->chain == 0) return 0;
    if (memcmp(session->peer.bytes, ratchet->bytes, 32) == 0) return session->chain;
    for (uint32_t back = 1; back <= OMEMO_CHAINS && back < session->chain; back++) {
        uint32_t chain = session->chain - back;
        if (memcmp(session->past[chain % OMEMO_CHAINS], ratchet->bytes, OMEMO_CHAIN_NAME_BYTES) == 0) return chain;
    }
    return 0;
}

bool omemo_session_knows(const omemo_session *session, const omemo_message *message) {
    return chain_of(session, &message->ratchet) != 0;
}

/* Messages of the current receiving chain that a ratchet step would leave behind unread. */
static uint64_t left_behind(const omemo_session *session, uint64_t count) {
    return session->chain > 0 && count > session->receive_n ? count - session->receive_n : 0;
}

uint64_t omemo_session_ahead(const omemo_session *session, const omemo_message *message) {
    uint32_t chain = chain_of(session, &message->ratchet);
    if (chain == 0) return left_behind(session, message->pn) + message->n;
    bool ahead = chain == session->chain && message->n > session->receive_n;
    return ahead ? message->n - session->receive_n : 0;
}

/* The receive half of a ratchet step. */
static sotto_status receive_half(omemo_session *next, const omemo_dialect *dialect,
                                 const crypto_x25519_public *ratchet) {
    SOTTO_TRY(root_step(dialect, next->root, next->receive_chain, &next->own.private_key, ratchet));
    if (next->chain > 0) memcpy(next->past[next->chain % OMEMO_CHAINS], next->peer.bytes, OMEMO_CHAIN_NAME_BYTES);
    next->chain++;
    next->peer = *ratchet;
    next->send_pn = next->send_n;
    next->send_n = 0;
    next->receive_n = 0;
    next->owes = true;
    bytes_wipe(next->send_chain, sizeof next->send_chain);
    /* Nothing can be agreed with the old pair any more. Waiting for the next answer it would outlive its time, and the
     * first one is the signed prekey (T21). */
    bytes_wipe(&next->own, sizeof next->own);
    return SOTTO_OK;
}

/* Walks the receiving chain up to message n, keeping the keys passed. */
static void chain_walk(omemo_step *step, unsigned part, uint32_t until, uint32_t first) {
    omemo_session *next = &step->next;
    step->kept[part].chain = next->chain;
    step->kept[part].n = next->receive_n;
    step->kept[part].count = until - next->receive_n;
    crypto_sha256_walk(next->receive_chain, step->keys + first, until - next->receive_n);
    next->receive_n = until;
}

/* Derives the key of a message that is not behind us. */
static sotto_status message_key(omemo_step *step, const omemo_dialect *dialect, const omemo_message *message,
                                bytes_arena *arena, uint8_t ret[32]) {
    omemo_session *next = &step->next;
    bool stepping = step->chain == 0;
    uint64_t ahead = stepping ? message->n : message->n - next->receive_n;
    uint64_t behind = stepping ? left_behind(next, (uint64_t)message->pn + message->spare) : 0;
    /* A key for a message that may not be there takes no other's place. */
    if (behind + ahead > SOTTO_OMEMO_SKIP_MAX) behind = stepping ? left_behind(next, message->pn) : 0;
    /* T17: counted before anything is derived. XEP-0384 section 4.3: at most around 1000 in one message. */
    if (behind + ahead > SOTTO_OMEMO_SKIP_MAX || message->n == UINT32_MAX) return SOTTO_FAIL(TOO_FAR);
    /* The peer can make a step only after a new key of ours; ours is not even made yet. An implementation that makes it
     * at once would agree with that unknown key and fail with the MAC. */
    if (stepping && next->owes) return SOTTO_FAIL(BAD_MAC);
    if (behind + ahead > 0) {
        step->keys = bytes_arena_take(arena, (size_t)(behind + ahead) * 32);
        if (!step->keys) return SOTTO_FAIL(NO_MEMORY);
    }
    if (stepping) {
        if (behind > 0) chain_walk(step, 0, next->receive_n + (uint32_t)behind, 0);
        SOTTO_TRY(receive_half(next, dialect, &message->ratchet));
        step->chain = next->chain;
        step->stepped = true;
    }
    if (ahead > 0) chain_walk(step, 1, message->n, (uint32_t)behind);
    omemo_session_chain(next->receive_chain, ret, next->receive_chain);
    next->receive_n++;
    return SOTTO_OK;
}

/* DECRYPT: the MAC first, then the cipher. */
static sotto_status message_open(const omemo_session *session, const omemo_dialect *dialect,
                                 const uint8_t message_key[32], const omemo_message *message, bytes_buffer *ret) {
    if (message->ciphertext.len > OMEMO_PLAIN_BYTES_MAX + 16) return SOTTO_FAIL(TOO_LARGE);
    if (message->mac.len != dialect->mac_size) return SOTTO_FAIL(MALFORMED);
    uint8_t keys[80], mac[32];
    sotto_status status = omemo_session_expand(dialect, message_key, keys);
    if (sotto_ok(status)) {
        message_mac(session, dialect, keys + 32, false, message->body, mac);
        if (!crypto_equal(mac, message->mac.at, dialect->mac_size)) status = SOTTO_FAIL(BAD_MAC);
    }
    if (sotto_ok(status)) status = crypto_cbc_decrypt(ret, keys, keys + 64, message->ciphertext);
    bytes_wipe(keys, sizeof keys);
    bytes_wipe(mac, sizeof mac);
    return status;
}

/* No key: it was used, and this is a repetition; or it was pushed out, and then nobody can say. */
static sotto_status key_gone(const omemo_session *session, uint32_t chain, uint32_t n) {
    bool pushed_out = chain < session->gone_chain || (chain == session->gone_chain && n <= session->gone_n);
    return pushed_out ? SOTTO_FAIL(TOO_OLD) : SOTTO_FAIL(DUPLICATE);
}

/* The key of a message at or behind the point a chain has reached. */
static sotto_status skipped_key(omemo_step *step, const omemo_message *message, const omemo_skipped *skipped,
                                uint8_t ret[32]) {
    if (step->next.skipped == 0) return key_gone(&step->next, step->chain, message->n);
    sotto_status status = skipped->find(skipped->arg, step->chain, message->n, ret);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return key_gone(&step->next, step->chain, message->n);
    SOTTO_TRY(status);
    step->used = true;
    step->used_chain = step->chain;
    step->used_n = message->n;
    return SOTTO_OK;
}

sotto_status omemo_session_read(const omemo_session *session, const omemo_dialect *dialect,
                                const omemo_message *message, const omemo_skipped *skipped, bytes_arena *arena,
                                omemo_step *ret, bytes_buffer *ret_plain) {
    omemo_step step = {.next = *session, .chain = chain_of(session, &message->ratchet)};
    uint8_t key[32];
    sotto_status status;
    if (step.chain != 0 && (step.chain != session->chain || message->n < session->receive_n)) {
        status = skipped_key(&step, message, skipped, key);
    } else {
        status = message_key(&step, dialect, message, arena, key);
    }
    if (sotto_ok(status)) status = message_open(session, dialect, key, message, ret_plain);
    if (sotto_ok(status)) {
        step.next.unconfirmed = false;
        *ret = step;
    } else if (step.keys) {
        bytes_wipe(step.keys, (size_t)(step.kept[0].count + step.kept[1].count) * 32);
    }
    bytes_wipe(key, sizeof key);
    bytes_wipe(&step, sizeof step);
    return status;
}

sotto_status omemo_session_apply(omemo_session *session, const omemo_step *step, const omemo_skipped *skipped) {
    uint32_t kept = session->skipped;
    uint32_t added = step->kept[0].count + step->kept[1].count;
    uint32_t gone_chain = session->gone_chain, gone_n = session->gone_n;
    if (step->used) {
        SOTTO_TRY(skipped->remove(skipped->arg, step->used_chain, step->used_n));
        kept--;
    }
    if (step->stepped && step->next.chain > OMEMO_CHAINS + 1 && kept > 0) {
        uint32_t gone = 0; /* the chain whose name was just overwritten */
        SOTTO_TRY(skipped->forget(skipped->arg, step->next.chain - OMEMO_CHAINS - 1, &gone));
        kept -= gone < kept ? gone : kept;
    }
    if (kept + added > SOTTO_OMEMO_SKIP_MAX) {
        uint32_t evicted = kept + added - SOTTO_OMEMO_SKIP_MAX;
        SOTTO_TRY(skipped->evict(skipped->arg, evicted, &gone_chain, &gone_n));
        kept -= evicted;
    }
    uint32_t first = 0;
    for (unsigned part = 0; part < 2; part++) {
        uint32_t count = step->kept[part].count;
        if (count == 0) continue;
        SOTTO_TRY(skipped->keep(skipped->arg, step->kept[part].chain, step->kept[part].n,
                                (const uint8_t(*)[32])step->keys + first, count));
        first += count;
    }
    *session = step->next;
    session->skipped = kept + added;
    session->gone_chain = gone_chain;
    session->gone_n = gone_n;
    return SOTTO_OK;
}

/* ---- storing ---- */

static void record_put(uint8_t **at, const void *field, size_t size) {
    memcpy(*at, field, size);
    *at += size;
}

static void record_put_u32(uint8_t **at, uint32_t value) {
    const uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    record_put(at, bytes, 4);
}

static void record_take(const uint8_t **at, void *ret, size_t size) {
    memcpy(ret, *at, size);
    *at += size;
}

static uint32_t record_take_u32(const uint8_t **at) {
    const uint8_t *bytes = *at;
    *at += 4;
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

_Static_assert(OMEMO_SESSION_BYTES == 2 + 9 * 32 + 9 * 4 + OMEMO_CHAINS * OMEMO_CHAIN_NAME_BYTES, "the fields below");

void omemo_session_encode(bytes_buffer *out, const omemo_session *s) {
    unsigned flags =
        (s->initiated ? FLAG_INITIATED : 0u) | (s->unconfirmed ? FLAG_UNCONFIRMED : 0u) | (s->owes ? FLAG_OWES : 0u);
    uint8_t *at = bytes_buffer_room(out, OMEMO_SESSION_BYTES);
    if (!at) return;
    *at++ = SESSION_VERSION;
    *at++ = (uint8_t)flags;
    record_put(&at, s->initiator.bytes, 32);
    record_put(&at, s->responder.bytes, 32);
    record_put(&at, s->ephemeral.bytes, 32);
    record_put_u32(&at, s->prekey_id);
    record_put_u32(&at, s->signed_id);
    record_put(&at, s->root, 32);
    record_put(&at, s->own.private_key.bytes, 32);
    record_put(&at, s->own.public_key.bytes, 32);
    record_put(&at, s->peer.bytes, 32);
    record_put(&at, s->send_chain, 32);
    record_put(&at, s->receive_chain, 32);
    record_put_u32(&at, s->send_n);
    record_put_u32(&at, s->send_pn);
    record_put_u32(&at, s->receive_n);
    record_put_u32(&at, s->chain);
    record_put_u32(&at, s->skipped);
    record_put_u32(&at, s->gone_chain);
    record_put_u32(&at, s->gone_n);
    record_put(&at, s->past, sizeof s->past);
}

sotto_status omemo_session_decode(omemo_session *ret, sotto_bytes in) {
    if (in.len > 0 && in.at[0] > SESSION_VERSION) return SOTTO_FAIL(STORE_NEWER);
    if (in.len != OMEMO_SESSION_BYTES || in.at[0] != SESSION_VERSION) return SOTTO_FAIL(STORE_CORRUPT);
    const uint8_t *at = in.at + 2, flags = in.at[1];
    if (flags > (FLAG_INITIATED | FLAG_UNCONFIRMED | FLAG_OWES)) return SOTTO_FAIL(STORE_CORRUPT);
    ret->initiated = (flags & FLAG_INITIATED) != 0;
    ret->unconfirmed = (flags & FLAG_UNCONFIRMED) != 0;
    ret->owes = (flags & FLAG_OWES) != 0;
    record_take(&at, ret->initiator.bytes, 32);
    record_take(&at, ret->responder.bytes, 32);
    record_take(&at, ret->ephemeral.bytes, 32);
    ret->prekey_id = record_take_u32(&at);
    ret->signed_id = record_take_u32(&at);
    record_take(&at, ret->root, 32);
    record_take(&at, ret->own.private_key.bytes, 32);
    record_take(&at, ret->own.public_key.bytes, 32);
    record_take(&at, ret->peer.bytes, 32);
    record_take(&at, ret->send_chain, 32);
    record_take(&at, ret->receive_chain, 32);
    ret->send_n = record_take_u32(&at);
    ret->send_pn = record_take_u32(&at);
    ret->receive_n = record_take_u32(&at);
    ret->chain = record_take_u32(&at);
    ret->skipped = record_take_u32(&at);
    ret->gone_chain = record_take_u32(&at);
    ret->gone_n = record_take_u32(&at);
    record_take(&at, ret->past, sizeof ret->past);
    return SOTTO_OK;
}
