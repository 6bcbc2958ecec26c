/* SPDX-License-Identifier: ISC
 *
 * Opening what arrives (XEP-0384 section 5.6). The order is: read the header, find a session or make one, decrypt what
 * the ratchet carries, open the payload, check the envelope; all of it on copies. Only then is anything staged, so that
 * whatever fails leaves no trace in a session, and the true message can still be read (T17). */
#include "seal/omemo/receive.h"
#include "seal/omemo/envelope.h"
#include "seal/omemo/exchange.h"
#include "seal/omemo/payload.h"

#include <string.h>

#include "bytes/base64.h"
#include "bytes/memory.h"
#include "seal/omemo/content.h"
#include "stanza/jid.h"

/* ---- the header ---- */

static sotto_status base64_read(receiving *r, const stanza_element *element, size_t most, sotto_bytes *ret) {
    sotto_bytes text, bytes;
    bytes_buffer out;
    if (!stanza_text(element, r->env->arena, &text)) return SOTTO_FAIL(NO_MEMORY);
    bytes_buffer_owned(&out, r->env->host, most);
    sotto_status status = bytes_base64_get(&out, text);
    if (sotto_ok(status)) status = bytes_buffer_end(&out, &bytes);
    if (sotto_ok(status) && !bytes_arena_copy(r->env->arena, bytes, ret)) status = SOTTO_FAIL(NO_MEMORY);
    bytes_buffer_free(&out);
    return status;
}

/* A message may carry several dialects, each for other devices: ours is the one with a key for us, and else the first
 * that is there. */
static sotto_status dialect_choose(receiving *r) {
    bool found = false;
    for (size_t i = 0; i < OMEMO_DIALECTS; i++) {
        const omemo_dialect *dialect = omemo_dialects[i];
        omemo_header header;
        if (!stanza_child(r->stanza, "encrypted", dialect->ns)) continue;
        if (!found) r->dialect = dialect; /* whose fault a fault is */
        SOTTO_TRY(omemo_header_read(r->stanza, dialect, r->env->account, r->own->device, r->env->arena, &header));
        if (found && !header.key) continue;
        r->dialect = dialect;
        r->header = header;
        found = true;
        if (header.key) return SOTTO_OK;
    }
    return found ? SOTTO_OK : SOTTO_FAIL(MALFORMED);
}

static sotto_status header_read(receiving *r) {
    SOTTO_TRY(dialect_choose(r));
    r->sender = r->header.sender;
    r->payload = r->header.payload;
    if (r->origin->own && r->sender == r->own->device) return SOTTO_FAIL(DUPLICATE); /* what this device wrote */
    return r->header.key ? SOTTO_OK : SOTTO_FAIL(NOT_FOR_US);
}

/* ---- sessions ---- */

static sotto_status session_try(receiving *r, const omemo_session *session, uint32_t number) {
    omemo_message message;
    omemo_skipped_rows rows;
    SOTTO_TRY(r->dialect->read_message(r->data, &message));
    if (r->spent && omemo_session_ahead(session, &message) > SOTTO_OMEMO_SKIP_SPENT) return SOTTO_FAIL(TOO_LARGE);
    SOTTO_TRY(omemo_skipped_open(&rows, r->env, r->jid, r->sender, number));
    omemo_skipped skipped = omemo_skipped_port(&rows);
    bytes_buffer_reset(&r->plain);
    SOTTO_TRY(omemo_session_read(session, r->dialect, &message, &skipped, r->env->arena, &r->step, &r->plain));
    r->n = message.n;
    r->number = number;
    return SOTTO_OK;
}

static bool previous_knows(const receiving *r) {
    omemo_message message;
    return sotto_ok(r->dialect->read_message(r->data, &message)) && omemo_session_knows(&r->previous.session, &message);
}

/* A message that the current session cannot read may belong to the other one: both sides started one at the same time,
 * or it was late. One is all that is tried (T17: few archived states). */
static sotto_status previous_try(receiving *r) {
    SOTTO_TRY(omemo_previous_load(r->env, r->jid, &r->peer, &r->previous));
    r->has_previous = true;
    /* T17: "no fallback to old states for unknown ratchet keys above a budget". */
    if (r->spent && !previous_knows(r)) return SOTTO_FAIL(BAD_MAC);
    SOTTO_TRY(session_try(r, &r->previous.session, r->previous.number));
    r->which = RECEIVE_PREVIOUS;
    return SOTTO_OK;
}

static sotto_status message_read(receiving *r) {
    if (!r->peer.has_session && !r->peer.has_previous) return SOTTO_FAIL(NO_SESSION);
    sotto_status status = SOTTO_FAIL(NO_SESSION);
    if (r->peer.has_session) {
        status = session_try(r, &r->peer.session, r->peer.number);
        r->which = RECEIVE_CURRENT;
        bool fits_not =
            sotto_is(status, SOTTO_E_BAD_MAC) || sotto_is(status, SOTTO_E_TOO_FAR) || sotto_is(status, SOTTO_E_BAD_KEY);
        if (!fits_not || !r->peer.has_previous) return status;
    }
    sotto_status before = previous_try(r);
    bool fits = sotto_ok(before) || sotto_is(before, SOTTO_E_DUPLICATE) || sotto_is(before, SOTTO_E_TOO_OLD);
    return fits || sotto_class(before) == SOTTO_CLASS_OURS ? before : status;
}

static bool same_exchange(const omemo_session *session, const omemo_kex *kex) {
    return !session->initiated && memcmp(session->ephemeral.bytes, kex->ephemeral.bytes, 32) == 0;
}

/* XEP-0384 section 5.6: "a new session is built from this received element". */
static sotto_status exchange_accept(receiving *r) {
    crypto_x25519_pair prekey;
    omemo_session session;
    const crypto_x25519_pair *signed_pair = omemo_own_signed(r->own, r->kex.signed_id);
    if (!signed_pair) return SOTTO_FAIL(NO_PREKEY);
    SOTTO_TRY(omemo_own_prekey(r->env, r->kex.prekey_id, &r->kex.ephemeral, &prekey));
    sotto_status status = omemo_budget_take(r->env, r->jid, !r->origin->answerable && !r->origin->own, &r->budget);
    if (sotto_ok(status))
        status = omemo_exchange_accept(&session, r->dialect, &r->self->identity, signed_pair, &prekey, &r->kex);
    bytes_wipe(&prekey, sizeof prekey);
    SOTTO_TRY(status);
    omemo_use_of(&r->kex.ephemeral, session.root, &r->use); /* where X3DH's secret is at first */
    status = omemo_own_unused(r->env, r->kex.prekey_id, &r->use);
    if (sotto_ok(status)) status = session_try(r, &session, r->peer.sessions + 1);
    bytes_wipe(&session, sizeof session);
    r->which = RECEIVE_NEW;
    return status;
}

/* Section 4.3: with the ephemeral key of a session we have, only the message inside is processed. */
static sotto_status exchange_read(receiving *r) {
    SOTTO_TRY(r->dialect->read_exchange(r->data, &r->kex));
    r->data = r->kex.message;
    if (r->peer.has_session && same_exchange(&r->peer.session, &r->kex)) {
        r->which = RECEIVE_CURRENT;
        return session_try(r, &r->peer.session, r->peer.number);
    }
    if (r->peer.has_previous) {
        SOTTO_TRY(omemo_previous_load(r->env, r->jid, &r->peer, &r->previous));
        r->has_previous = true;
        if (same_exchange(&r->previous.session, &r->kex)) {
            r->which = RECEIVE_PREVIOUS;
            return session_try(r, &r->previous.session, r->previous.number);
        }
    }
    return exchange_accept(r);
}

/* ---- content ---- */

static sotto_status content_read(receiving *r) {
    sotto_bytes keys, ciphertext, text;
    bytes_buffer out;
    SOTTO_TRY(bytes_buffer_end(&r->plain, &keys));
    if (!r->payload) {
        /* An empty message. A key with a MAC and no payload is a message whose payload was taken away. */
        return omemo_payload_is_empty(r->dialect, keys) ? SOTTO_OK : SOTTO_FAIL(MALFORMED);
    }
    SOTTO_TRY(base64_read(r, r->payload, SOTTO_STANZA_BYTES_MAX, &ciphertext));
    bytes_buffer_owned(&out, r->env->host, SOTTO_STANZA_BYTES_MAX);
    sotto_bytes iv = bytes_of(r->header.iv, r->header.iv_len);
    sotto_status status = omemo_payload_open(r->dialect, keys, iv, ciphertext, &out);
    if (sotto_ok(status)) status = bytes_buffer_end(&out, &text);
    if (sotto_ok(status) && r->dialect->body_only)
        status = omemo_content_rebuild(r->env, r->stanza, text, &r->content.stanza);
    else if (sotto_ok(status))
        status = omemo_envelope_read(r->env, text, r->stanza, r->origin, r->dialect->ns, &r->content);
    bytes_buffer_free(&out);
    return status;
}

static sotto_status key_read(receiving *r, const stanza_element *key) {
    SOTTO_TRY(omemo_header_kex(key, r->dialect, &r->is_kex));
    SOTTO_TRY(base64_read(r, key, SOTTO_OMEMO_MESSAGE_BYTES_MAX, &r->data));
    SOTTO_TRY(r->is_kex ? exchange_read(r) : message_read(r));
    return content_read(r);
}

/* Several with our device id: the others are another's, whose device has the same, and cannot be read. What the first
 * one failed with is told, unless ours was read before: then it is a repetition. */
static sotto_status keys_read(receiving *r) {
    sotto_status first = SOTTO_OK;
    for (uint8_t i = 0; i < r->header.key_count; i++) {
        sotto_status status = key_read(r, r->header.keys[i]);
        if (sotto_ok(status) || sotto_class(status) != SOTTO_CLASS_PEER) return status;
        if (i == 0 || sotto_is(status, SOTTO_E_DUPLICATE)) first = status;
    }
    return first;
}

static sotto_status receive(receiving *r) {
    omemo_devices devices;
    sotto_status status = header_read(r);
    if (r->dialect && r->sender != 0) {
        SOTTO_TRY(omemo_cache_devices(&r->self->cache, r->env, r->jid, r->dialect, &devices));
        r->active = omemo_devices_has(&devices, r->sender);
    }
    SOTTO_TRY(status);
    SOTTO_TRY(omemo_peer_load(r->env, r->jid, r->dialect, r->sender, &r->peer));
    r->spent = omemo_budget_is_spent(r->self, r->env, r->jid);
    return keys_read(r);
}

/* ---- unprotect ---- */

/* The JID of the room itself, which writes nothing. */
static bool is_room(const stanza_element *stanza, sotto_bytes from) {
    sotto_bytes room = stanza_attribute_of(stanza, "from");
    const uint8_t *slash = room.len > 0 ? memchr(room.at, '/', room.len) : NULL;
    if (slash) room.len = (size_t)(slash - room.at);
    return bytes_equal(room, from);
}

/* What is refused before anything is looked at. The kind of stanza is outside the encryption, where a server can change
 * it; we protect messages and nothing else. */
static sotto_status refuse_early(const omemo_self *self, const stanza_element *stanza, const seal_origin *origin) {
    if (self->gone) return SOTTO_FAIL(NOT_FOR_US);
    /* T36: whose session it is must be known; what fits is not tried out. */
    if (origin->from.len == 0 || (origin->room && is_room(stanza, origin->from))) return SOTTO_FAIL(UNATTRIBUTED);
    if (origin->from.len > SOTTO_OMEMO_JID_BYTES_MAX) return SOTTO_FAIL(TOO_LARGE);
    return bytes_is(stanza->name, "message") ? SOTTO_OK : SOTTO_FAIL(MALFORMED);
}

static void opened_fill(const receiving *r, sotto_status status, seal_opened *ret) {
    *ret = (seal_opened){.outcome = SEAL_UNREADABLE, .reason = status, .key = {.jid = r->jid, .device = r->sender}};
    if (r->dialect) ret->key.dialect = bytes_text(r->dialect->name);
    if (sotto_is(status, SOTTO_E_DUPLICATE)) ret->outcome = SEAL_DUPLICATE;
    /* A room sends everybody's messages to everybody: our own is no repetition. */
    if (sotto_is(status, SOTTO_E_DUPLICATE) && r->origin->room && r->origin->own && r->sender == r->own->device)
        ret->outcome = SEAL_CONTROL;
    /* Nothing to read was in it, for whomever it was. */
    if (sotto_is(status, SOTTO_E_NOT_FOR_US) && !r->payload) ret->outcome = SEAL_CONTROL;
    if (!sotto_ok(status)) return;
    ret->key = r->key;
    if (!r->payload) {
        ret->outcome = SEAL_CONTROL;
        return;
    }
    ret->outcome = SEAL_OPENED;
    ret->stanza = r->content.stanza;
    ret->time_ms = r->content.time_ms;
    ret->opt_out = r->content.opt_out;
    ret->opt_out_reason = r->content.opt_out_reason;
}

/* Answered here: an unreadable message whose questions and counts are kept. Returned: what ends the step. */
static sotto_status unprotect(receiving *r, seal_opened *ret) {
    uint8_t memory[OMEMO_PLAIN_BYTES_MAX + 16];
    bytes_buffer_borrowed(&r->plain, memory, sizeof memory);
    sotto_status status = receive(r);
    bytes_wipe(memory, sizeof memory);
    if (!sotto_ok(status) && sotto_class(status) != SOTTO_CLASS_PEER) return status;
    if (sotto_ok(status)) SOTTO_TRY(omemo_receive_stage(r));
    if (sotto_is(status, SOTTO_E_BAD_MAC) || sotto_is(status, SOTTO_E_BAD_KEY))
        SOTTO_TRY(omemo_budget_failed(r->self, r->env, r->jid));
    SOTTO_TRY(omemo_budget_stage(r->env, r->jid, &r->budget));
    SOTTO_TRY(omemo_receive_questions(r, status));
    opened_fill(r, status, ret);
    return SOTTO_OK;
}

sotto_status omemo_unprotect(void *arg, seal_env *env, const stanza_element *stanza, const seal_origin *origin,
                             seal_opened *ret) {
    omemo_self *self = arg;
    omemo_own own;
    receiving *r = bytes_arena_take(env->arena, sizeof *r); /* the arena wipes it */
    if (!r) return SOTTO_FAIL(NO_MEMORY);
    SOTTO_TRY(omemo_opening_settle(self, env));
    sotto_status refused = refuse_early(self, stanza, origin);
    if (!sotto_ok(refused)) {
        *ret = (seal_opened){.outcome = SEAL_UNREADABLE, .reason = refused};
        return SOTTO_OK;
    }
    SOTTO_TRY(omemo_own_load(env, &own));
    *r = (receiving){.self = self, .env = env, .stanza = stanza, .origin = origin, .jid = origin->from, .own = &own};
    sotto_status status = unprotect(r, ret);
    bytes_wipe(r, sizeof *r);
    bytes_wipe(&own, sizeof own);
    return status;
}
