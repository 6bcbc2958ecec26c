/* SPDX-License-Identifier: ISC
 *
 * Sealing: what is said under one key, that key once for every device (XEP-0384 section 5.5), and empty messages. One
 * stanza carries all dialects that its recipients need, each with a payload and keys of its own. What stays in the
 * clear is its to, type and id, what servers have to see, and what omemo/content.c lets stay beside a dialect that
 * protects the body alone. No fallback text: XEP-0420 section 7 forbids it, XEP-0380 says what this is. */
#include "seal/omemo/content.h"
#include "seal/omemo/envelope.h"
#include "seal/omemo/exchange.h"
#include "seal/omemo/header.h"
#include "seal/omemo/payload.h"
#include "seal/omemo/self.h"

#include <stdlib.h>
#include <string.h>

#include "bytes/base64.h"
#include "bytes/memory.h"
#include "crypto/hash.h"
#include "stanza/jid.h"

#define KEY_TEXT_BYTES_MAX 1024
#define KEY_ROOM           256u  /* what a <key/> takes, mostly */
#define ENVELOPE_ROOM      1024u /* what is written around a stanza, mostly */

/* ---- sessions ---- */

sotto_status omemo_send_begin(omemo_self *self, seal_env *env, sotto_bytes jid, omemo_peer *peer,
                              const omemo_offer *offer) {
    crypto_x25519_pair ephemeral;
    omemo_session session;
    sotto_status status = omemo_own_pair(env, &ephemeral);
    if (sotto_ok(status)) status = omemo_exchange_initiate(&session, peer->dialect, &self->identity, &ephemeral, offer);
    bytes_wipe(&ephemeral, sizeof ephemeral);
    SOTTO_TRY(status);
    status = omemo_peer_retire(env, jid, peer);
    if (sotto_ok(status)) {
        peer->session = session;
        peer->has_session = true;
        peer->number = ++peer->sessions;
        peer->beat_chain = 0;
        peer->begun_ms = env->now_ms;
        peer->reply_due = false;
    }
    bytes_wipe(&session, sizeof session);
    return status;
}

/* One message in the peer's session, as base64 in `text`. */
static sotto_status key_write(seal_env *env, uint32_t own_device, omemo_peer *peer, sotto_bytes plain,
                              bytes_buffer *text, bool *ret_kex) {
    uint8_t memory[KEY_TEXT_BYTES_MAX / 4 * 3];
    crypto_x25519_pair fresh = {.public_key.bytes = {0}};
    bytes_buffer out;
    sotto_bytes written;
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    sotto_status status = omemo_session_owes(&peer->session) ? omemo_own_pair(env, &fresh) : SOTTO_OK;
    if (sotto_ok(status))
        status = omemo_session_write(&peer->session, peer->dialect, own_device, &fresh, plain, &out, ret_kex);
    bytes_wipe(&fresh, sizeof fresh);
    if (sotto_ok(status)) status = bytes_buffer_end(&out, &written);
    if (sotto_ok(status)) bytes_base64_put(text, written);
    return status;
}

static sotto_status key_element(seal_env *env, stanza_writer *w, uint32_t own_device, omemo_peer *peer,
                                sotto_bytes plain) {
    uint8_t memory[KEY_TEXT_BYTES_MAX];
    bytes_buffer text;
    sotto_bytes written;
    bool kex;
    bytes_buffer_borrowed(&text, memory, sizeof memory);
    SOTTO_TRY(key_write(env, own_device, peer, plain, &text, &kex));
    SOTTO_TRY(bytes_buffer_end(&text, &written));
    omemo_header_key(w, peer->dialect, peer->device, kex, written);
    peer->reply_due = false; /* any message confirms the session */
    return SOTTO_OK;
}

/* ---- empty messages ---- */

static void hint_write(stanza_writer *w, const char *name) {
    stanza_open(w, name, OMEMO_NS_HINTS);
    stanza_close(w);
}

static sotto_status empty_keys(seal_env *env, const omemo_dialect *dialect, omemo_payload_keys *ret) {
    uint8_t random[OMEMO_PAYLOAD_RANDOM_BYTES] = {0};
    size_t needed = dialect->payload->empty_random;
    if (needed > 0) SOTTO_TRY(env->random(env, random, needed));
    omemo_payload_empty(dialect, random, ret);
    bytes_wipe(random, sizeof random);
    return SOTTO_OK;
}

static sotto_status empty_write(seal_env *env, stanza_writer *w, sotto_bytes jid, omemo_peer *peer) {
    const omemo_dialect *dialect = peer->dialect;
    omemo_payload_keys keys;
    uint32_t own_device;
    uint8_t random[8], id_memory[2 * sizeof random];
    bytes_buffer id;
    sotto_bytes id_text;
    SOTTO_TRY(omemo_own_device(env, &own_device));
    SOTTO_TRY(env->random(env, random, sizeof random));
    SOTTO_TRY(empty_keys(env, dialect, &keys));
    bytes_buffer_borrowed(&id, id_memory, sizeof id_memory);
    bytes_hex_put(&id, bytes_of(random, sizeof random));
    SOTTO_TRY(bytes_buffer_end(&id, &id_text));
    stanza_open(w, "message", STANZA_NS_CLIENT);
    stanza_put(w, "to", jid);
    stanza_put_text(w, "type", "chat");
    stanza_put(w, "id", id_text);
    omemo_header_open(w, dialect, own_device);
    omemo_header_keys_open(w, dialect, jid);
    SOTTO_TRY(key_element(env, w, own_device, peer, bytes_of(keys.bytes, keys.len)));
    omemo_header_keys_close(w, dialect);
    omemo_header_close(w, dialect, bytes_of(keys.iv, keys.iv_len));
    omemo_header_end(w, dialect, BYTES_NONE);
    hint_write(w, "store"); /* the other device may be offline */
    stanza_close(w);
    return SOTTO_OK;
}

sotto_status omemo_send_empty(omemo_self *self, seal_env *env, sotto_bytes jid, omemo_peer *peer) {
    bytes_buffer out;
    stanza_writer w;
    sotto_bytes written;
    bytes_buffer_owned(&out, env->host, SOTTO_STANZA_BYTES_MAX);
    stanza_writer_init(&w, &out, STANZA_NS_CLIENT);
    sotto_status status = empty_write(env, &w, jid, peer);
    if (sotto_ok(status)) status = bytes_buffer_end(&out, &written);
    if (sotto_ok(status)) status = env->control(env, written);
    if (sotto_ok(status)) status = omemo_opening_sealed(self, env);
    bytes_buffer_free(&out);
    return status;
}

/* ---- recipients ---- */

/* A device that will be written to. Holds secrets; the arena wipes it. */
typedef struct recipient {
    const seal_key *key;
    omemo_peer peer;
} recipient;

/* What is sealed for one dialect. */
typedef struct sealed_part {
    bool wanted;  /* there is something to seal in it */
    size_t count; /* recipients */
    omemo_payload_keys keys;
    sotto_bytes payload; /* base64 */
} sealed_part;

typedef struct sending {
    omemo_self *self;
    seal_env *env;
    const seal_audience *audience;
    const stanza_element *stanza;
    uint64_t ticket;
    sotto_bytes to; /* the affix */
    uint32_t own_device;
    const seal_key **keys; /* allowed: who is meant and then our own, each by JID and device */
    size_t key_count;
    recipient *recipients; /* in the same order */
    size_t count;
    omemo_reduced reduced;       /* for dialects that protect the body alone */
    size_t reduced_count;        /* their devices among the allowed ones, ... */
    const seal_key *reduced_key; /* ... and the first of them */
    sealed_part parts[OMEMO_DIALECTS];
} sending;

static int key_order(const void *a, const void *b) {
    const seal_key *const *one = a, *const *other = b;
    int order = bytes_compare((*one)->jid, (*other)->jid);
    return order != 0 ? order : ((*one)->device > (*other)->device) - ((*one)->device < (*other)->device);
}

static bool is_own(const sending *s, const seal_key *key) {
    return bytes_equal(key->jid, s->env->account);
}

static bool is_meant(const seal_audience *audience, sotto_bytes jid) {
    for (size_t i = 0; i < audience->count; i++) {
        if (bytes_equal(audience->jids[i], jid)) return true;
    }
    return false;
}

static sotto_status keys_order(sending *s, const seal_keys *allowed) {
    size_t others = 0;
    s->keys = bytes_arena_take(s->env->arena, (allowed->count + 1) * sizeof *s->keys);
    if (!s->keys) return SOTTO_FAIL(NO_MEMORY);
    for (int own = 0; own < 2; own++) {
        for (size_t i = 0; i < allowed->count; i++) {
            if (is_own(s, &allowed->at[i]) == (own == 1)) s->keys[s->key_count++] = &allowed->at[i];
        }
        if (own == 0) others = s->key_count;
    }
    qsort(s->keys, others, sizeof *s->keys, key_order);
    qsort(s->keys + others, s->key_count - others, sizeof *s->keys, key_order);
    return SOTTO_OK;
}

static const omemo_dialect *dialect_of(const seal_key *key) {
    return key->dialect.len > 0 ? omemo_dialect_named(key->dialect) : NULL;
}

/* A session from the offer that was seen. One that is gone, or cannot be used, is asked for again by the next promise;
 * an offer that turns out bad is remembered as the device's problem, so that this comes to an end. */
static sotto_status recipient_begin(omemo_self *self, seal_env *env, const seal_key *key, omemo_peer *peer) {
    omemo_glimpse glimpse;
    const omemo_dialect *dialect = peer->dialect;
    if (!omemo_cache_glimpse(&self->cache, key->jid, dialect, key->device, &glimpse) || !sotto_ok(glimpse.problem))
        return SOTTO_FAIL(AGAIN);
    if (memcmp(glimpse.offer.form.bytes, key->key, 32) != 0) {
        omemo_cache_drop_glimpse(&self->cache, key->jid, dialect, key->device);
        return SOTTO_FAIL(AGAIN);
    }
    sotto_status status = omemo_send_begin(self, env, key->jid, peer, &glimpse.offer);
    if (sotto_class(status) != SOTTO_CLASS_PEER) return status;
    glimpse.problem = status;
    glimpse.at_ms = env->now_ms;
    SOTTO_TRY(omemo_cache_put_glimpse(&self->cache, key->jid, dialect, key->device, &glimpse));
    return SOTTO_FAIL(AGAIN);
}

/* The peer with a session for exactly this key. *ret_can is false when it is not the device's key (any more): what was
 * allowed is a key, not a device id (T9); or when a better dialect was seen meanwhile (T15). AGAIN: it is, but cannot
 * be written to before it was asked about again. */
static sotto_status recipient_ready(omemo_self *self, seal_env *env, const seal_key *key, const omemo_dialect *dialect,
                                    omemo_peer *ret, bool *ret_can) {
    SOTTO_TRY(omemo_peer_load(env, key->jid, dialect, key->device, ret));
    *ret_can = ret->known && !ret->pinned && memcmp(ret->fingerprint.bytes, key->key, 32) == 0;
    if (!*ret_can) return SOTTO_OK;
    if (omemo_peer_ready(ret, env->now_ms) && omemo_peer_is_with(ret, &ret->session)) return SOTTO_OK;
    return recipient_begin(self, env, key, ret);
}

static sotto_status clash_tell(const sending *s, const seal_key *key) {
    sotto_event event = {
        .kind = SOTTO_EVENT_LEFT_OUT, .ticket = s->ticket, .jid = key->jid, .reason = SOTTO_FAIL(DEVICE_CLASH)};
    event.key =
        (sotto_key){.jid = key->jid, .seal = key->dialect, .device = key->device, .active = true, .known = true};
    memcpy(event.key.key, key->key, sizeof event.key.key);
    memcpy(event.key.fingerprint, key->fingerprint, sizeof event.key.fingerprint);
    return s->env->event(s->env, &event);
}

static sotto_status is_established(const sending *s, const seal_key *key, bool *ret) {
    omemo_peer peer;
    sotto_status status = omemo_peer_load(s->env, key->jid, dialect_of(key), key->device, &peer);
    *ret = sotto_ok(status) && peer.has_session && !peer.session.unconfirmed && !peer.pinned &&
           memcmp(peer.fingerprint.bytes, key->key, 32) == 0;
    bytes_wipe(&peer, sizeof peer);
    return status;
}

/* Another one with this id has answered us, and this one never has: somebody may have taken the id of another's device
 * to push him out of a room. */
static sotto_status is_outranked(const sending *s, const omemo_dialect *dialect, const seal_key *key, bool *ret) {
    bool mine;
    *ret = false;
    for (size_t i = 0; i < s->key_count && !*ret && !dialect->names->keys; i++) {
        const seal_key *other = s->keys[i];
        if (other->device != key->device || dialect_of(other) != dialect || bytes_equal(other->jid, key->jid)) continue;
        if (is_own(s, other)) continue; /* nobody loses a message to those */
        SOTTO_TRY(is_established(s, key, &mine));
        if (mine) return SOTTO_OK;
        SOTTO_TRY(is_established(s, other, ret));
    }
    return SOTTO_OK;
}

/* Where a <key/> does not say whose it is, of two devices with one id the first gets it (omemo/header.h). */
static bool is_clashing(const sending *s, const omemo_dialect *dialect, const seal_key *key) {
    if (dialect->names->keys) return false;
    for (size_t i = 0; i < s->count; i++) {
        if (s->recipients[i].peer.dialect == dialect && s->recipients[i].key->device == key->device) return true;
    }
    return false;
}

static bool is_repeated(const sending *s, const seal_key *key) {
    const seal_key *last = s->count > 0 ? s->recipients[s->count - 1].key : NULL;
    return last && last->device == key->device && bytes_equal(last->jid, key->jid);
}

static sotto_status recipient_add(sending *s, const seal_key *key) {
    const omemo_dialect *dialect = dialect_of(key);
    recipient *to = &s->recipients[s->count];
    bool can, outranked;
    if (!dialect || is_repeated(s, key) || (is_own(s, key) && key->device == s->own_device)) return SOTTO_OK;
    if (dialect->body_only && s->reduced_count++ == 0) s->reduced_key = key;
    if (!s->parts[dialect->number].wanted) return SOTTO_OK;
    SOTTO_TRY(is_outranked(s, dialect, key, &outranked));
    if (outranked || is_clashing(s, dialect, key)) return clash_tell(s, key);
    SOTTO_TRY(recipient_ready(s->self, s->env, key, dialect, &to->peer, &can));
    if (!can) return SOTTO_OK;
    to->key = key;
    s->parts[dialect->number].count++;
    s->count++;
    return SOTTO_OK;
}

static sotto_status recipients_find(sending *s) {
    bool reached = false;
    s->recipients = bytes_arena_take(s->env->arena, (s->key_count + 1) * sizeof *s->recipients);
    if (!s->recipients) return SOTTO_FAIL(NO_MEMORY);
    for (size_t i = 0; i < s->key_count; i++) SOTTO_TRY(recipient_add(s, s->keys[i]));
    for (size_t i = 0; i < s->count && !reached; i++) {
        const seal_key *key = s->recipients[i].key;
        /* In a room our own other devices alone are nobody. */
        reached = is_meant(s->audience, key->jid) && !(s->audience->room && is_own(s, key));
    }
    return reached ? SOTTO_OK : SOTTO_FAIL(NO_TRUSTED_DEVICE);
}

static sotto_status recipients_write(sending *s, stanza_writer *w, const omemo_dialect *dialect) {
    const omemo_payload_keys *keys = &s->parts[dialect->number].keys;
    sotto_bytes open = BYTES_NONE;
    for (size_t i = 0; i < s->count; i++) {
        recipient *to = &s->recipients[i];
        if (to->peer.dialect != dialect) continue;
        if (!bytes_equal(open, to->key->jid)) {
            if (open.len > 0) omemo_header_keys_close(w, dialect);
            open = to->key->jid;
            omemo_header_keys_open(w, dialect, open);
        }
        SOTTO_TRY(key_element(s->env, w, s->own_device, &to->peer, bytes_of(keys->bytes, keys->len)));
        SOTTO_TRY(omemo_peer_save(s->env, to->key->jid, &to->peer));
    }
    if (open.len > 0) omemo_header_keys_close(w, dialect);
    return SOTTO_OK;
}

static bool is_written(const sending *s, sotto_bytes jid, const omemo_dialect *dialect, uint32_t device) {
    for (size_t i = 0; i < s->count; i++) {
        const recipient *one = &s->recipients[i];
        if (one->key->device == device && one->peer.dialect == dialect && bytes_equal(one->key->jid, jid)) return true;
    }
    return false;
}

static sotto_status reply_write(sending *s, sotto_bytes jid, const omemo_dialect *dialect, uint32_t device) {
    omemo_peer peer;
    if (is_written(s, jid, dialect, device)) return SOTTO_OK;
    sotto_status status = omemo_peer_load(s->env, jid, dialect, device, &peer);
    if (sotto_ok(status) && peer.reply_due && peer.has_session) {
        status = omemo_send_empty(s->self, s->env, jid, &peer);
        if (sotto_ok(status)) status = omemo_peer_save(s->env, jid, &peer);
    }
    bytes_wipe(&peer, sizeof peer);
    return status;
}

/* Empty messages that waited until writing to them gives nothing away any more (T23). Section 8: being trusted is not
 * needed for these. Devices that were just written to are not due any more. */
static sotto_status replies_write(sending *s) {
    if (s->audience->room) return SOTTO_OK;
    for (size_t i = 0; i < s->audience->count; i++) {
        sotto_bytes jid = s->audience->jids[i];
        for (size_t d = 0; d < OMEMO_DIALECTS; d++) {
            omemo_devices devices;
            SOTTO_TRY(omemo_cache_devices(&s->self->cache, s->env, jid, omemo_dialects[d], &devices));
            for (uint32_t k = 0; k < devices.count; k++)
                SOTTO_TRY(reply_write(s, jid, omemo_dialects[d], devices.ids[k]));
        }
    }
    return SOTTO_OK;
}

/* ---- payloads ---- */

/* The affix `to`: the contact, or the room. */
static sotto_status addressee(seal_env *env, const stanza_element *stanza, const seal_audience *audience,
                              sotto_bytes *ret) {
    if (audience->count == 1 && !audience->room) {
        *ret = audience->jids[0];
        return SOTTO_OK;
    }
    stanza_jid to;
    SOTTO_TRY(stanza_jid_parse(env->arena, stanza_attribute_of(stanza, "to"), &to));
    *ret = to.bare;
    return SOTTO_OK;
}

/* What is said, sealed; base64 in the arena. */
static sotto_status payload_make(sending *s, const omemo_dialect *dialect) {
    sealed_part *part = &s->parts[dialect->number];
    uint8_t random[OMEMO_PAYLOAD_RANDOM_BYTES];
    bytes_buffer plain, ciphertext, text;
    sotto_bytes bytes;
    bytes_buffer_owned(&plain, s->env->host, SOTTO_STANZA_BYTES_MAX);
    bytes_buffer_owned(&ciphertext, s->env->host, SOTTO_STANZA_BYTES_MAX + 16);
    bytes_buffer_owned(&text, s->env->host, 2 * SOTTO_STANZA_BYTES_MAX);
    bytes_buffer_reserve(&plain, s->stanza->raw.len + ENVELOPE_ROOM);
    sotto_status status = s->env->random(s->env, random, sizeof random);
    if (sotto_ok(status) && dialect->body_only) bytes_buffer_put(&plain, s->reduced.text);
    if (sotto_ok(status) && !dialect->body_only) status = omemo_envelope_write(&plain, s->env, s->stanza, s->to);
    if (sotto_ok(status)) status = bytes_buffer_end(&plain, &bytes);
    if (sotto_ok(status)) status = omemo_payload_seal(dialect, random, bytes, &ciphertext, &part->keys);
    if (sotto_ok(status)) status = bytes_buffer_end(&ciphertext, &bytes);
    if (sotto_ok(status)) {
        bytes_base64_put(&text, bytes);
        status = bytes_buffer_end(&text, &bytes);
    }
    if (sotto_ok(status) && !bytes_arena_copy(s->env->arena, bytes, &part->payload)) status = SOTTO_FAIL(NO_MEMORY);
    bytes_wipe(random, sizeof random);
    bytes_buffer_free(&plain);
    bytes_buffer_free(&ciphertext);
    bytes_buffer_free(&text);
    return status;
}

/* ---- the stanza ---- */

/* Copies what is for servers. XEP-0420 section 7: the sender appends a <store/> hint, unless the stanza says by itself
 * what is to be stored. */
static void outside_write(stanza_writer *w, const stanza_element *stanza) {
    bool hinted = false;
    for (const stanza_element *child = stanza_first(stanza); child; child = stanza_next(stanza, child)) {
        if (!omemo_envelope_outside(child) || bytes_is(child->ns, "urn:xmpp:eme:0")) continue;
        stanza_copy(w, child);
        hinted = hinted || stanza_is(child, "store", OMEMO_NS_HINTS) || stanza_is(child, "no-store", OMEMO_NS_HINTS) ||
                 stanza_is(child, "no-permanent-store", OMEMO_NS_HINTS);
    }
    if (!hinted) hint_write(w, "store");
}

static sotto_status part_write(sending *s, stanza_writer *w, const omemo_dialect *dialect) {
    const sealed_part *part = &s->parts[dialect->number];
    omemo_header_open(w, dialect, s->own_device);
    SOTTO_TRY(recipients_write(s, w, dialect));
    omemo_header_close(w, dialect, bytes_of(part->keys.iv, part->keys.iv_len));
    omemo_header_end(w, dialect, part->payload);
    return SOTTO_OK;
}

/* XEP-0380: one is allowed, so it names what the least of the readers knows; the others know both. */
static sotto_status sealed_write(sending *s, stanza_writer *w) {
    static const char *const kept[] = {"to", "id", "type"};
    const char *named = NULL;
    bool body_only = false;
    stanza_open_as(w, s->stanza->name, s->stanza->ns);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        stanza_put(w, kept[i], stanza_attribute_of(s->stanza, kept[i]));
    for (size_t i = 0; i < OMEMO_DIALECTS; i++) {
        if (s->parts[i].count == 0) continue;
        SOTTO_TRY(part_write(s, w, omemo_dialects[i]));
        named = omemo_dialects[i]->ns;
        body_only = body_only || omemo_dialects[i]->body_only;
    }
    stanza_open(w, "encryption", "urn:xmpp:eme:0");
    stanza_put_text(w, "namespace", named);
    stanza_put_text(w, "name", "OMEMO");
    stanza_close(w);
    if (body_only) omemo_content_write_clear(w, s->stanza);
    outside_write(w, s->stanza);
    stanza_close(w);
    return SOTTO_OK;
}

static sotto_status sealed_make(sending *s, seal_stanzas *ret) {
    bytes_buffer out;
    stanza_writer w;
    size_t room = s->stanza->raw.len + s->count * KEY_ROOM + ENVELOPE_ROOM;
    sotto_bytes written, *stanzas = bytes_arena_take(s->env->arena, sizeof *stanzas);
    if (!stanzas) return SOTTO_FAIL(NO_MEMORY);
    for (size_t i = 0; i < OMEMO_DIALECTS; i++) room += s->parts[i].payload.len;
    bytes_buffer_owned(&out, s->env->host, SOTTO_STANZA_BYTES_MAX);
    bytes_buffer_reserve(&out, room);
    stanza_writer_init(&w, &out, STANZA_NS_CLIENT);
    sotto_status status = sealed_write(s, &w);
    if (sotto_ok(status)) status = bytes_buffer_end(&out, &written);
    if (sotto_ok(status) && !bytes_arena_copy(s->env->arena, written, stanzas)) status = SOTTO_FAIL(NO_MEMORY);
    if (sotto_ok(status)) *ret = (seal_stanzas){stanzas, 1};
    bytes_buffer_free(&out);
    return status;
}

/* ---- protect ---- */

/* What could not be protected for some: once a message, with the first of those devices. */
static sotto_status reduced_tell(const sending *s) {
    const seal_key *key = s->reduced_key;
    if (!key || s->reduced.left_out.len == 0) return SOTTO_OK;
    sotto_event event = {.kind = SOTTO_EVENT_REDUCED,
                         .ticket = s->ticket,
                         .jid = key->jid,
                         .text = s->reduced.left_out,
                         .number = (uint32_t)s->reduced_count};
    event.key =
        (sotto_key){.jid = key->jid, .seal = key->dialect, .device = key->device, .active = true, .known = true};
    memcpy(event.key.key, key->key, sizeof event.key.key);
    memcpy(event.key.fingerprint, key->fingerprint, sizeof event.key.fingerprint);
    return s->env->event(s->env, &event);
}

/* Whether anybody who is meant is written to in a dialect that protects everything. */
static bool has_whole(const sending *s) {
    for (size_t i = 0; i < s->key_count; i++) {
        const omemo_dialect *dialect = dialect_of(s->keys[i]);
        bool own = is_own(s, s->keys[i]);
        bool counts = is_meant(s->audience, s->keys[i]->jid) && !(own && s->audience->room) &&
                      !(own && s->keys[i]->device == s->own_device);
        if (dialect && !dialect->body_only && counts) return true;
    }
    return false;
}

static sotto_status seal_all(sending *s, seal_stanzas *ret) {
    SOTTO_TRY(recipients_find(s));
    for (size_t i = 0; i < OMEMO_DIALECTS; i++) {
        if (s->parts[i].count > 0) SOTTO_TRY(payload_make(s, omemo_dialects[i]));
    }
    SOTTO_TRY(sealed_make(s, ret));
    SOTTO_TRY(reduced_tell(s));
    SOTTO_TRY(replies_write(s));
    return omemo_opening_sealed(s->self, s->env);
}

static void sending_wipe(sending *s) {
    for (size_t i = 0; i < OMEMO_DIALECTS; i++) bytes_wipe(&s->parts[i].keys, sizeof s->parts[i].keys);
    if (s->recipients) bytes_wipe(s->recipients, s->key_count * sizeof *s->recipients);
}

sotto_status omemo_protect(void *arg, seal_env *env, const stanza_element *stanza, const seal_audience *audience,
                           const seal_keys *allowed, uint64_t ticket, seal_stanzas *ret) {
    omemo_self *self = arg;
    sending s = {.self = self, .env = env, .audience = audience, .stanza = stanza, .ticket = ticket};
    if (self->gone) return SOTTO_FAIL(STATE);
    SOTTO_TRY(omemo_own_device(env, &s.own_device));
    SOTTO_TRY(keys_order(&s, allowed));
    SOTTO_TRY(addressee(env, stanza, audience, &s.to));
    SOTTO_TRY(omemo_content_reduce(stanza, env->arena, &s.reduced));
    if (!s.reduced.has_body && s.key_count > 0 && !has_whole(&s)) {
        if (s.reduced.alone != OMEMO_ALONE_SILENT) return SOTTO_FAIL(CANNOT_PROTECT);
        *ret = (seal_stanzas){NULL, 0};
        return SOTTO_OK;
    }
    for (size_t i = 0; i < OMEMO_DIALECTS; i++) s.parts[i].wanted = !omemo_dialects[i]->body_only || s.reduced.has_body;
    seal_stanzas made = {NULL, 0};
    sotto_status status = seal_all(&s, &made);
    sending_wipe(&s);
    SOTTO_TRY(status);
    *ret = made;
    /* An offer serves one session: another one takes another prekey (T19). */
    for (size_t i = 0; i < s.key_count; i++) {
        const omemo_dialect *dialect = dialect_of(s.keys[i]);
        if (dialect) omemo_cache_drop_glimpse(&self->cache, s.keys[i]->jid, dialect, s.keys[i]->device);
    }
    return SOTTO_OK;
}
