/* SPDX-License-Identifier: ISC
 *
 * Sessions by name. They are the product's own, so the bytes are those that it would send; what its records and its
 * engine do around them (finding keys by their ids, one key exchange a prekey) is the caller's here. */
#include <sotto/limits.h>

#include "bytes/memory.h"
#include "port.h"
#include "seal/omemo/exchange.h"
#include "unit/seal/skipped_memory.h"

#define SESSIONS_MAX   1024u
#define NAME_BYTES_MAX 64

struct port_session {
    port_session *next;
    char name[NAME_BYTES_MAX];
    size_t name_len;
    const omemo_dialect *dialect;
    uint32_t registration; /* in key exchanges of 0.3 */
    omemo_session session;
    skipped_memory skipped;
    /* For the next own ratchet pair. The product makes it when it sends, so it waits here from the ratchet step that
     * asked for it; a session that owes none has none. */
    crypto_x25519_pair ratchet;
};

/* ---- names ---- */

static port_session **place_of(vector_port *p) {
    sotto_bytes name = port_bytes(p, "session");
    port_session **at = &p->sessions;
    while (*at && !bytes_equal(name, bytes_of((*at)->name, (*at)->name_len))) at = &(*at)->next;
    return at;
}

static sotto_status session_find(vector_port *p, port_session **ret) {
    *ret = *place_of(p);
    return *ret ? SOTTO_OK : SOTTO_FAIL(NO_SESSION);
}

static sotto_status session_new(vector_port *p, const omemo_dialect *dialect, port_session **ret) {
    size_t count = 0;
    for (const port_session *one = p->sessions; one; one = one->next) count++;
    if (count >= SESSIONS_MAX && !*place_of(p)) return SOTTO_FAIL(TOO_LARGE);
    port_session *session = bytes_new(&p->host, sizeof *session);
    if (!session) return SOTTO_FAIL(NO_MEMORY);
    sotto_bytes name = port_bytes(p, "session");
    memcpy(session->name, name.at, name.len);
    session->name_len = name.len;
    session->dialect = dialect;
    *ret = session;
    return SOTTO_OK;
}

/* "Reusing a session name replaces the session, but only on success": the new one takes its place, or goes. */
static sotto_status session_settle(vector_port *p, port_session *session, sotto_status status) {
    if (sotto_ok(status)) status = port_written(p);
    if (!sotto_ok(status)) {
        bytes_free(&p->host, session, sizeof *session);
        return status;
    }
    port_session **at = place_of(p), *before = *at;
    session->next = before ? before->next : NULL;
    *at = session;
    bytes_free(&p->host, before, sizeof *before);
    return SOTTO_OK;
}

void port_sessions_free(vector_port *p) {
    while (p->sessions) {
        port_session *session = p->sessions;
        p->sessions = session->next;
        bytes_free(&p->host, session, sizeof *session);
    }
}

/* ---- key exchanges ---- */

static sotto_status identity_read(const vector_port *p, crypto_identity *ret) {
    uint8_t secret[32];
    bool seed = port_has(p, "identity-seed");
    if (seed == port_has(p, "identity")) return SOTTO_FAIL(USAGE); /* both, or neither */
    SOTTO_TRY(port_key(p, seed ? "identity-seed" : "identity", secret));
    return (seed ? crypto_identity_from_seed : crypto_identity_from_scalar)(ret, secret);
}

/* Within the dialect's range, as the reader of bundles has it. */
static sotto_status id_read(const vector_port *p, const omemo_dialect *dialect, const char *name, uint32_t *ret) {
    uint64_t id = port_number(p, name);
    if (id < dialect->key_id_least || id > dialect->key_id_most) return SOTTO_FAIL(MALFORMED);
    *ret = (uint32_t)id;
    return SOTTO_OK;
}

static sotto_status offer_read(const vector_port *p, const omemo_dialect *dialect, omemo_offer *ret) {
    omemo_offer offer = {.verified = false};
    /* XEP-0384 section 4.2: none without a one-time prekey (T12). */
    if (port_bytes(p, "peer-prekey").len == 0 || port_number(p, "peer-prekey-id") == 0) return SOTTO_FAIL(NO_PREKEY);
    SOTTO_TRY(port_wire_key(p, dialect, "peer-identity", offer.identity.bytes));
    SOTTO_TRY(port_wire_key(p, dialect, "peer-spk", offer.signed_key.bytes));
    SOTTO_TRY(port_wire_key(p, dialect, "peer-prekey", offer.prekey.bytes));
    SOTTO_TRY(port_fixed(p, "peer-signature", offer.signature.bytes, 64, SOTTO_FAIL(BAD_SIGNATURE)));
    SOTTO_TRY(id_read(p, dialect, "peer-spk-id", &offer.signed_id));
    SOTTO_TRY(id_read(p, dialect, "peer-prekey-id", &offer.prekey_id));
    *ret = offer;
    return SOTTO_OK;
}

static sotto_status initiate(vector_port *p, port_session *session) {
    crypto_identity own;
    crypto_x25519_pair ephemeral;
    omemo_offer offer;
    SOTTO_TRY(identity_read(p, &own));
    SOTTO_TRY(port_pair(p, "ephemeral", &ephemeral));
    SOTTO_TRY(port_pair(p, "ratchet", &session->ratchet));
    SOTTO_TRY(offer_read(p, session->dialect, &offer));
    uint64_t registration = port_number(p, "registration");
    if (registration > UINT32_MAX) return SOTTO_FAIL(MALFORMED);
    session->registration = (uint32_t)registration;
    return omemo_exchange_initiate(&session->session, session->dialect, &own, &ephemeral, &offer);
}

sotto_status port_initiate(vector_port *p) {
    const omemo_dialect *dialect;
    port_session *session;
    SOTTO_TRY(port_dialect(p, &dialect));
    SOTTO_TRY(session_new(p, dialect, &session));
    return session_settle(p, session, initiate(p, session));
}

/* ---- reading ---- */

/* What arrives in one <key/> is bounded before it is looked at. */
static sotto_status data_read(const vector_port *p, const char *name, sotto_bytes *ret) {
    *ret = port_bytes(p, name);
    return ret->len > SOTTO_OMEMO_MESSAGE_BYTES_MAX ? SOTTO_FAIL(TOO_LARGE) : SOTTO_OK;
}

/* Puts the message into the answer and tells what reading it would change. */
static sotto_status message_read(vector_port *p, port_session *session, sotto_bytes data, omemo_step *ret) {
    omemo_message message;
    omemo_skipped skipped = skipped_memory_port(&session->skipped);
    SOTTO_TRY(session->dialect->read_message(data, &message));
    SOTTO_TRY(omemo_session_read(&session->session, session->dialect, &message, &skipped, &p->arena, ret, &p->result));
    SOTTO_TRY(port_put_result(p, "message"));
    return port_written(p);
}

static sotto_status message_apply(port_session *session, const omemo_step *step, const crypto_x25519_pair *ratchet) {
    omemo_skipped skipped = skipped_memory_port(&session->skipped);
    SOTTO_TRY(omemo_session_apply(&session->session, step, &skipped));
    /* "when the message causes no ratchet step it is ignored; a newer one replaces it" */
    if (step->stepped) session->ratchet = *ratchet;
    return SOTTO_OK;
}

static sotto_status accept(vector_port *p, port_session *session) {
    crypto_identity own;
    crypto_x25519_pair signed_pair, prekey, ratchet;
    sotto_bytes data;
    omemo_kex kex;
    omemo_step step;
    SOTTO_TRY(identity_read(p, &own));
    SOTTO_TRY(port_pair(p, "spk", &signed_pair));
    SOTTO_TRY(port_pair(p, "prekey", &prekey));
    SOTTO_TRY(port_pair(p, "ratchet", &ratchet));
    SOTTO_TRY(data_read(p, "kex", &data));
    SOTTO_TRY(session->dialect->read_exchange(data, &kex));
    if (kex.signed_id != port_number(p, "spk-id") || kex.prekey_id != port_number(p, "prekey-id"))
        return SOTTO_FAIL(NO_PREKEY);
    SOTTO_TRY(omemo_exchange_accept(&session->session, session->dialect, &own, &signed_pair, &prekey, &kex));
    SOTTO_TRY(message_read(p, session, kex.message, &step));
    return message_apply(session, &step, &ratchet);
}

sotto_status port_accept(vector_port *p) {
    const omemo_dialect *dialect;
    port_session *session;
    SOTTO_TRY(port_dialect(p, &dialect));
    SOTTO_TRY(session_new(p, dialect, &session));
    return session_settle(p, session, accept(p, session));
}

/* A repetition of the key exchange that the other side made this session with. XEP-0384 section 4.3 compares ephemeral
 * keys; the rest of it says the same thing again, or it is not the same key exchange. */
static bool same_exchange(const omemo_session *session, const omemo_kex *kex) {
    return !session->initiated && memcmp(kex->ephemeral.bytes, session->ephemeral.bytes, 32) == 0 &&
           memcmp(kex->identity.bytes, session->initiator.bytes, 32) == 0 && kex->prekey_id == session->prekey_id &&
           kex->signed_id == session->signed_id;
}

sotto_status port_decrypt(vector_port *p) {
    port_session *session;
    crypto_x25519_pair ratchet;
    sotto_bytes data;
    omemo_kex kex;
    omemo_step step;
    SOTTO_TRY(session_find(p, &session));
    SOTTO_TRY(port_pair(p, "ratchet", &ratchet));
    SOTTO_TRY(data_read(p, "data", &data));
    if (port_number(p, "kex")) {
        SOTTO_TRY(session->dialect->read_exchange(data, &kex));
        if (!same_exchange(&session->session, &kex)) return SOTTO_FAIL(NO_SESSION);
        data = kex.message;
    }
    SOTTO_TRY(message_read(p, session, data, &step));
    return message_apply(session, &step, &ratchet);
}

/* ---- writing ---- */

sotto_status port_encrypt(vector_port *p) {
    port_session *session;
    bool kex;
    SOTTO_TRY(session_find(p, &session));
    omemo_session next = session->session;
    SOTTO_TRY(omemo_session_write(&next, session->dialect, session->registration, &session->ratchet,
                                  port_bytes(p, "message"), &p->result, &kex));
    SOTTO_TRY(port_put_result(p, "data"));
    port_put_number(p, "kex", kex);
    SOTTO_TRY(port_written(p));
    if (omemo_session_owes(&session->session)) bytes_wipe(&session->ratchet, sizeof session->ratchet);
    session->session = next;
    return SOTTO_OK;
}
