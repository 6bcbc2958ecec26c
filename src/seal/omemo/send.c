/* SPDX-License-Identifier: ISC
 *
 * Sealing: the envelope under one key, that key once for every device (XEP-0384 section 5.5), and empty messages. What
 * stays in the clear of a stanza is its to, type and id, and what servers have to see. No fallback text: XEP-0420
 * section 7 forbids it, XEP-0380 says what this is. */
#include "seal/omemo/envelope.h"
#include "seal/omemo/exchange.h"
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
    if (sotto_ok(status)) status = omemo_exchange_initiate(&session, self->dialect, &self->identity, &ephemeral, offer);
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
static sotto_status key_write(omemo_self *self, seal_env *env, omemo_peer *peer, sotto_bytes plain, bytes_buffer *text,
                              bool *ret_kex) {
    uint8_t memory[KEY_TEXT_BYTES_MAX / 4 * 3];
    crypto_x25519_pair fresh = {.public_key.bytes = {0}};
    bytes_buffer out;
    sotto_bytes written;
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    sotto_status status = omemo_session_owes(&peer->session) ? omemo_own_pair(env, &fresh) : SOTTO_OK;
    if (sotto_ok(status)) status = omemo_session_write(&peer->session, self->dialect, &fresh, plain, &out, ret_kex);
    bytes_wipe(&fresh, sizeof fresh);
    if (sotto_ok(status)) status = bytes_buffer_end(&out, &written);
    if (sotto_ok(status)) bytes_base64_put(text, written);
    return status;
}

/* Appends <key/>; kex is left out when it is false, which some readers take for true. */
static sotto_status key_element(omemo_self *self, seal_env *env, stanza_writer *w, omemo_peer *peer,
                                sotto_bytes plain) {
    uint8_t memory[KEY_TEXT_BYTES_MAX];
    bytes_buffer text;
    sotto_bytes written;
    bool kex;
    bytes_buffer_borrowed(&text, memory, sizeof memory);
    SOTTO_TRY(key_write(self, env, peer, plain, &text, &kex));
    SOTTO_TRY(bytes_buffer_end(&text, &written));
    stanza_open(w, "key", self->dialect->ns);
    stanza_put_number(w, "rid", peer->device);
    if (kex) stanza_put_text(w, "kex", "true");
    stanza_write(w, written);
    stanza_close(w);
    peer->reply_due = false; /* any message confirms the session */
    return SOTTO_OK;
}

/* ---- the stanza around it ---- */

static void header_open(omemo_self *self, stanza_writer *w, uint32_t own_device) {
    stanza_open(w, "encrypted", self->dialect->ns);
    stanza_open(w, "header", self->dialect->ns);
    stanza_put_number(w, "sid", own_device);
}

static void hint_write(stanza_writer *w, const char *name) {
    stanza_open(w, name, OMEMO_NS_HINTS);
    stanza_close(w);
}

static sotto_status empty_write(omemo_self *self, seal_env *env, stanza_writer *w, sotto_bytes jid, omemo_peer *peer) {
    static const uint8_t zeros[OMEMO_EMPTY_BYTES] = {0};
    uint32_t own_device;
    uint8_t random[8], id_memory[2 * sizeof random];
    bytes_buffer id;
    sotto_bytes id_text;
    SOTTO_TRY(omemo_own_device(env, &own_device));
    SOTTO_TRY(env->random(env, random, sizeof random));
    bytes_buffer_borrowed(&id, id_memory, sizeof id_memory);
    bytes_hex_put(&id, bytes_of(random, sizeof random));
    SOTTO_TRY(bytes_buffer_end(&id, &id_text));
    stanza_open(w, "message", STANZA_NS_CLIENT);
    stanza_put(w, "to", jid);
    stanza_put_text(w, "type", "chat");
    stanza_put(w, "id", id_text);
    header_open(self, w, own_device);
    stanza_open(w, "keys", self->dialect->ns);
    stanza_put(w, "jid", jid);
    SOTTO_TRY(key_element(self, env, w, peer, bytes_of(zeros, sizeof zeros)));
    stanza_close(w);
    stanza_close(w);
    stanza_close(w);
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
    sotto_status status = empty_write(self, env, &w, jid, peer);
    if (sotto_ok(status)) status = bytes_buffer_end(&out, &written);
    if (sotto_ok(status)) status = env->control(env, written);
    if (sotto_ok(status)) status = omemo_opening_sealed(self, env);
    bytes_buffer_free(&out);
    return status;
}

/* ---- recipients ---- */

static int key_order(const void *a, const void *b) {
    const seal_key *const *one = a, *const *other = b;
    int order = bytes_compare((*one)->jid, (*other)->jid);
    return order != 0 ? order : ((*one)->device > (*other)->device) - ((*one)->device < (*other)->device);
}

/* A session from the offer that was seen. One that is gone, or cannot be used, is asked for again by the next promise;
 * an offer that turns out bad is remembered as the device's problem, so that this comes to an end. */
static sotto_status recipient_begin(omemo_self *self, seal_env *env, const seal_key *key, omemo_peer *peer) {
    omemo_glimpse glimpse;
    if (!omemo_cache_glimpse(&self->cache, key->jid, key->device, &glimpse) || !sotto_ok(glimpse.problem))
        return SOTTO_FAIL(AGAIN);
    if (memcmp(glimpse.offer.identity.bytes, key->key, 32) != 0) {
        omemo_cache_drop_glimpse(&self->cache, key->jid, key->device);
        return SOTTO_FAIL(AGAIN);
    }
    sotto_status status = omemo_send_begin(self, env, key->jid, peer, &glimpse.offer);
    if (sotto_class(status) != SOTTO_CLASS_PEER) return status;
    glimpse.problem = status;
    glimpse.at_ms = env->now_ms;
    SOTTO_TRY(omemo_cache_put_glimpse(&self->cache, key->jid, key->device, &glimpse));
    return SOTTO_FAIL(AGAIN);
}

/* The peer with a session for exactly this key. *ret_can is false when it is not the device's key (any more): what was
 * allowed is a key, not a device id (T9). AGAIN: it is, but cannot be written to before it was asked about again. */
static sotto_status recipient_ready(omemo_self *self, seal_env *env, const seal_key *key, omemo_peer *ret,
                                    bool *ret_can) {
    SOTTO_TRY(omemo_peer_load(env, key->jid, key->device, ret));
    *ret_can = ret->known && memcmp(ret->key.bytes, key->key, 32) == 0;
    if (!*ret_can) return SOTTO_OK;
    if (omemo_peer_ready(ret, env->now_ms) && memcmp(omemo_session_peer(&ret->session)->bytes, key->key, 32) == 0)
        return SOTTO_OK;
    return recipient_begin(self, env, key, ret);
}

static bool is_meant(const seal_audience *audience, sotto_bytes jid) {
    for (size_t i = 0; i < audience->count; i++) {
        if (bytes_equal(audience->jids[i], jid)) return true;
    }
    return false;
}

typedef struct sending {
    omemo_self *self;
    seal_env *env;
    const seal_audience *audience;
    uint32_t own_device;
    const seal_key **keys; /* allowed, by JID and device */
    size_t count;
    sotto_bytes plain; /* what the ratchets carry */
    size_t reached;    /* devices of the audience */
} sending;

static sotto_status recipient_write(sending *s, stanza_writer *w, const seal_key *key, bool *in_out_open) {
    omemo_peer peer;
    bool can;
    sotto_status status = recipient_ready(s->self, s->env, key, &peer, &can);
    if (sotto_ok(status) && can) {
        if (!*in_out_open) {
            stanza_open(w, "keys", s->self->dialect->ns);
            stanza_put(w, "jid", key->jid);
            *in_out_open = true;
        }
        status = key_element(s->self, s->env, w, &peer, s->plain);
        if (sotto_ok(status)) status = omemo_peer_save(s->env, key->jid, &peer);
        if (sotto_ok(status) && is_meant(s->audience, key->jid)) s->reached++;
    }
    bytes_wipe(&peer, sizeof peer);
    return status;
}

static sotto_status recipients_write(sending *s, stanza_writer *w) {
    for (size_t i = 0; i < s->count;) {
        sotto_bytes jid = s->keys[i]->jid;
        bool open = false;
        for (; i < s->count && bytes_equal(s->keys[i]->jid, jid); i++) {
            const seal_key *key = s->keys[i];
            bool again = i > 0 && key->device == s->keys[i - 1]->device && bytes_equal(s->keys[i - 1]->jid, jid);
            bool self = key->device == s->own_device && bytes_equal(jid, s->env->account);
            if (again || self) continue;
            SOTTO_TRY(recipient_write(s, w, key, &open));
        }
        if (open) stanza_close(w);
    }
    return s->reached > 0 ? SOTTO_OK : SOTTO_FAIL(NO_TRUSTED_DEVICE);
}

static bool is_written(const sending *s, sotto_bytes jid, uint32_t device) {
    const seal_key key = {.jid = jid, .device = device}, *searched = &key;
    return s->count > 0 && bsearch(&searched, s->keys, s->count, sizeof *s->keys, key_order) != NULL;
}

/* Empty messages that waited until writing to them gives nothing away any more (T23). Section 8: being trusted is not
 * needed for these. Devices that were just written to are not due any more. */
static sotto_status replies_write(sending *s) {
    if (s->audience->room) return SOTTO_OK;
    for (size_t i = 0; i < s->audience->count; i++) {
        sotto_bytes jid = s->audience->jids[i];
        omemo_devices devices;
        SOTTO_TRY(omemo_cache_devices(&s->self->cache, s->env, jid, &devices));
        for (uint32_t k = 0; k < devices.count; k++) {
            omemo_peer peer;
            if (is_written(s, jid, devices.ids[k])) continue;
            sotto_status status = omemo_peer_load(s->env, jid, devices.ids[k], &peer);
            if (sotto_ok(status) && peer.reply_due && peer.has_session) {
                status = omemo_send_empty(s->self, s->env, jid, &peer);
                if (sotto_ok(status)) status = omemo_peer_save(s->env, jid, &peer);
            }
            bytes_wipe(&peer, sizeof peer);
            SOTTO_TRY(status);
        }
    }
    return SOTTO_OK;
}

/* ---- protect ---- */

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

/* The envelope, sealed; base64 in the arena. */
static sotto_status payload_make(omemo_self *self, seal_env *env, const stanza_element *stanza, sotto_bytes to,
                                 uint8_t ret_keys[48], sotto_bytes *ret_text) {
    uint8_t key[32];
    bytes_buffer plain, ciphertext, text;
    sotto_bytes bytes;
    bytes_buffer_owned(&plain, env->host, SOTTO_STANZA_BYTES_MAX);
    bytes_buffer_owned(&ciphertext, env->host, SOTTO_STANZA_BYTES_MAX + 16);
    bytes_buffer_owned(&text, env->host, 2 * SOTTO_STANZA_BYTES_MAX);
    bytes_buffer_reserve(&plain, stanza->raw.len + ENVELOPE_ROOM);
    sotto_status status = env->random(env, key, sizeof key);
    if (sotto_ok(status)) status = omemo_envelope_write(&plain, env, stanza, to);
    if (sotto_ok(status)) status = bytes_buffer_end(&plain, &bytes);
    if (sotto_ok(status)) status = omemo_payload_seal(self->dialect, key, bytes, &ciphertext, ret_keys);
    if (sotto_ok(status)) status = bytes_buffer_end(&ciphertext, &bytes);
    if (sotto_ok(status)) {
        bytes_base64_put(&text, bytes);
        status = bytes_buffer_end(&text, &bytes);
    }
    if (sotto_ok(status) && !bytes_arena_copy(env->arena, bytes, ret_text)) status = SOTTO_FAIL(NO_MEMORY);
    bytes_wipe(key, sizeof key);
    bytes_buffer_free(&plain);
    bytes_buffer_free(&ciphertext);
    bytes_buffer_free(&text);
    return status;
}

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

static sotto_status sealed_write(sending *s, stanza_writer *w, const stanza_element *stanza, sotto_bytes payload) {
    static const char *const kept[] = {"to", "id", "type"};
    stanza_open_as(w, stanza->name, stanza->ns);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        stanza_put(w, kept[i], stanza_attribute_of(stanza, kept[i]));
    header_open(s->self, w, s->own_device);
    SOTTO_TRY(recipients_write(s, w));
    stanza_close(w);
    stanza_leaf(w, "payload", s->self->dialect->ns, payload);
    stanza_close(w);
    stanza_open(w, "encryption", "urn:xmpp:eme:0");
    stanza_put_text(w, "namespace", s->self->dialect->ns);
    stanza_put_text(w, "name", "OMEMO");
    stanza_close(w);
    outside_write(w, stanza);
    stanza_close(w);
    return SOTTO_OK;
}

static sotto_status sealed_make(sending *s, const stanza_element *stanza, sotto_bytes payload, seal_stanzas *ret) {
    bytes_buffer out;
    stanza_writer w;
    sotto_bytes written, *stanzas = bytes_arena_take(s->env->arena, sizeof *stanzas);
    if (!stanzas) return SOTTO_FAIL(NO_MEMORY);
    bytes_buffer_owned(&out, s->env->host, SOTTO_STANZA_BYTES_MAX);
    bytes_buffer_reserve(&out, stanza->raw.len + payload.len + s->count * KEY_ROOM + ENVELOPE_ROOM);
    stanza_writer_init(&w, &out, STANZA_NS_CLIENT);
    sotto_status status = sealed_write(s, &w, stanza, payload);
    if (sotto_ok(status)) status = bytes_buffer_end(&out, &written);
    if (sotto_ok(status) && !bytes_arena_copy(s->env->arena, written, stanzas)) status = SOTTO_FAIL(NO_MEMORY);
    if (sotto_ok(status)) *ret = (seal_stanzas){stanzas, 1};
    bytes_buffer_free(&out);
    return status;
}

sotto_status omemo_protect(void *arg, seal_env *env, const stanza_element *stanza, const seal_audience *audience,
                           const seal_keys *allowed, uint64_t ticket, seal_stanzas *ret) {
    omemo_self *self = arg;
    sending s = {.self = self, .env = env, .audience = audience, .count = allowed->count};
    uint8_t keys[48];
    sotto_bytes to, payload;
    (void)ticket; /* what becomes of the stanza is the outbox's from here on */
    if (self->gone) return SOTTO_FAIL(STATE);
    SOTTO_TRY(omemo_own_device(env, &s.own_device));
    s.keys = bytes_arena_take(env->arena, (allowed->count + 1) * sizeof *s.keys);
    if (!s.keys) return SOTTO_FAIL(NO_MEMORY);
    for (size_t i = 0; i < allowed->count; i++) s.keys[i] = &allowed->at[i];
    qsort(s.keys, allowed->count, sizeof *s.keys, key_order);
    SOTTO_TRY(addressee(env, stanza, audience, &to));
    sotto_status status = payload_make(self, env, stanza, to, keys, &payload);
    s.plain = bytes_of(keys, sizeof keys);
    seal_stanzas made = {NULL, 0};
    if (sotto_ok(status)) status = sealed_make(&s, stanza, payload, &made);
    bytes_wipe(keys, sizeof keys);
    if (sotto_ok(status)) status = replies_write(&s);
    if (sotto_ok(status)) status = omemo_opening_sealed(self, env);
    if (!sotto_ok(status)) return status;
    *ret = made;
    /* An offer serves one session: another one takes another prekey (T19). */
    for (size_t i = 0; i < s.count; i++) omemo_cache_drop_glimpse(&self->cache, s.keys[i]->jid, s.keys[i]->device);
    return SOTTO_OK;
}
