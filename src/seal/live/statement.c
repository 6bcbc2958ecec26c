/* SPDX-License-Identifier: ISC
 *
 * Records: 'S' type → version, body: what we show. 'T' jid 0 key → what was said of that key's statements, the latest
 * first: a person is told of each once, and a host is not asked about the same bytes twice a day. */
#include "seal/live/statement.h"

#include "bytes/base64.h"
#include "bytes/memory.h"
#include "crypto/hash.h"
#include "seal/live/block.h"
#include "seal/live/self.h"

#define RECORD_VERSION   1u
#define FINGERPRINT_MAX  64u
#define SIGNATURE_MAX    2048u
#define BINDING_MAX      (128u + SOTTO_JID_BYTES_MAX)
#define SIBLING_MAX      (256u + 2u * SOTTO_JID_BYTES_MAX)
#define JUDGED_MS        (24u * 3600 * 1000)
#define DOUBTED_MS       (5u * 60 * 1000)
#define AHEAD_S          (24u * 3600) /* clocks differ */
#define DIGEST_BYTES     16u
#define OPINION_BYTES    (1u + DIGEST_BYTES + 4u + 8u)
#define OPINIONS_MAX     (SOTTO_LIVE_SIBLINGS_MAX + 2u)
#define JOB_NOTE_VERSION 1u

/* ---- bodies ---- */

void live_statement_binding(bytes_buffer *out, sotto_bytes bare, const uint8_t key[32], uint64_t made) {
    live_block_put(out, BYTES_LITERAL("sotto live statement 0"));
    live_block_put(out, bare);
    live_block_put(out, bytes_of(key, 32));
    bytes_buffer_u32(out, 8);
    bytes_buffer_u64(out, made);
}

static uint64_t take_made(bytes_cursor *c) {
    bytes_cursor made = bytes_cursor_over(live_block_take(c));
    uint64_t ret = bytes_cursor_u64(&made);
    if (!sotto_ok(bytes_cursor_end(&made))) c->failed = true;
    return ret;
}

static sotto_status read_x509(bytes_cursor *c, live_statement *ret) {
    ret->made = take_made(c);
    ret->signature = live_block_take(c);
    while (bytes_cursor_more(c)) {
        if (ret->certificate_count >= LIVE_STATEMENT_CERTIFICATES_MAX) return SOTTO_FAIL(MALFORMED);
        ret->certificates[ret->certificate_count++] = live_block_take(c);
    }
    return ret->certificate_count > 0 ? SOTTO_OK : SOTTO_FAIL(MALFORMED);
}

sotto_status live_statement_read(live_statement_type type, sotto_bytes body, live_statement *ret) {
    bytes_cursor c = bytes_cursor_over(body);
    live_statement said = {0};
    if (type == LIVE_STATEMENT_X509) {
        SOTTO_TRY(read_x509(&c, &said));
    } else if (type == LIVE_STATEMENT_OPENPGP) {
        said.made = take_made(&c);
        said.signature = live_block_take(&c);
        said.fingerprint = live_block_take(&c);
        if (said.fingerprint.len == 0 || said.fingerprint.len > FINGERPRINT_MAX) return SOTTO_FAIL(MALFORMED);
    } else {
        said.device = bytes_cursor_u32(&c);
        said.identity = live_block_take(&c);
        said.signature = live_block_take(&c);
        if (said.identity.len != 32 || said.signature.len != 64) return SOTTO_FAIL(MALFORMED);
    }
    SOTTO_TRY(bytes_cursor_end(&c));
    if (said.signature.len == 0 || said.signature.len > SIGNATURE_MAX) return SOTTO_FAIL(MALFORMED);
    *ret = said;
    return SOTTO_OK;
}

void live_statement_write(bytes_buffer *out, live_statement_type type, const live_statement *said) {
    if (type == LIVE_STATEMENT_OMEMO) {
        bytes_buffer_u32(out, said->device);
        live_block_put(out, said->identity);
    } else {
        bytes_buffer_u32(out, 8);
        bytes_buffer_u64(out, said->made);
    }
    live_block_put(out, said->signature);
    if (type == LIVE_STATEMENT_OPENPGP) live_block_put(out, said->fingerprint);
    for (size_t i = 0; i < said->certificate_count; i++) live_block_put(out, said->certificates[i]);
}

/* ---- jobs ---- */

sotto_status live_statement_request_read(sotto_bytes request, live_statement_request *ret) {
    bytes_cursor c = bytes_cursor_over(request);
    live_statement_request got = {0};
    sotto_bytes name = live_block_take(&c);
    got.type = (live_statement_type)bytes_cursor_u8(&c);
    got.jid = live_block_take(&c);
    got.binding = live_block_take(&c);
    sotto_bytes body = live_block_take(&c);
    SOTTO_TRY(bytes_cursor_end(&c));
    if (!bytes_is(name, "live statement") || (got.type != LIVE_STATEMENT_X509 && got.type != LIVE_STATEMENT_OPENPGP))
        return SOTTO_FAIL(MALFORMED);
    SOTTO_TRY(live_statement_read(got.type, body, &got.said));
    *ret = got;
    return SOTTO_OK;
}

void live_statement_answer_write(bytes_buffer *out, sotto_status status, sotto_bytes text) {
    bytes_buffer_u32(out, (uint32_t)status.code);
    live_block_put(out, text);
}

static sotto_status write_request(bytes_buffer *out, uint8_t type, const live_session *session, sotto_bytes body,
                                  uint64_t made) {
    uint8_t room[BINDING_MAX];
    bytes_buffer binding;
    sotto_bytes bound, written;
    bytes_buffer_borrowed(&binding, room, sizeof room);
    live_statement_binding(&binding, session->bare, session->key, made);
    SOTTO_TRY(bytes_buffer_end(&binding, &bound));
    live_block_put(out, BYTES_LITERAL("live statement"));
    bytes_buffer_u8(out, type);
    live_block_put(out, session->bare);
    live_block_put(out, bound);
    live_block_put(out, body);
    return bytes_buffer_end(out, &written);
}

/* ---- what was said of them ---- */

typedef struct opinion {
    uint8_t type;
    uint8_t digest[DIGEST_BYTES];
    uint32_t code;
    uint64_t ms;
} opinion;

typedef struct name_room {
    uint8_t at[SOTTO_LIVE_JID_BYTES_MAX + 64u];
} name_room;

static sotto_bytes opinions_name(name_room *room, sotto_bytes jid, const uint8_t key[32]) {
    bytes_buffer out;
    sotto_bytes ret;
    bytes_buffer_borrowed(&out, room->at, sizeof room->at);
    bytes_buffer_u8(&out, 'T');
    bytes_buffer_put(&out, jid);
    bytes_buffer_u8(&out, 0);
    bytes_buffer_put(&out, bytes_of(key, 32));
    return sotto_ok(bytes_buffer_end(&out, &ret)) ? ret : BYTES_NONE;
}

static sotto_status opinions_load(seal_env *env, sotto_bytes jid, const uint8_t key[32], opinion *ret,
                                  size_t *ret_count) {
    name_room room;
    sotto_bytes value;
    *ret_count = 0;
    sotto_status status = env->get(env, opinions_name(&room, jid, key), &value);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    bytes_cursor c = bytes_cursor_over(value);
    uint8_t version = bytes_cursor_u8(&c);
    while (bytes_cursor_more(&c) && *ret_count < OPINIONS_MAX) {
        opinion *one = &ret[(*ret_count)++];
        one->type = bytes_cursor_u8(&c);
        bytes_cursor_into(&c, one->digest, sizeof one->digest);
        one->code = bytes_cursor_u32(&c);
        one->ms = bytes_cursor_u64(&c);
    }
    return sotto_ok(bytes_cursor_end(&c)) && version == RECORD_VERSION ? SOTTO_OK : SOTTO_FAIL(STORE_CORRUPT);
}

static void opinion_put(bytes_buffer *out, const opinion *one) {
    bytes_buffer_u8(out, one->type);
    bytes_buffer_put(out, bytes_of(one->digest, sizeof one->digest));
    bytes_buffer_u32(out, one->code);
    bytes_buffer_u64(out, one->ms);
}

static bool same_subject(const opinion *one, const opinion *other) {
    return one->type == other->type && memcmp(one->digest, other->digest, DIGEST_BYTES) == 0;
}

/* *ret_before: what was said of the same before; its code is UINT32_MAX when nothing was. */
static sotto_status opinion_find(seal_env *env, sotto_bytes jid, const uint8_t key[32], const opinion *wanted,
                                 opinion *ret_before) {
    opinion all[OPINIONS_MAX];
    size_t count;
    SOTTO_TRY(opinions_load(env, jid, key, all, &count));
    *ret_before = (opinion){.code = UINT32_MAX};
    for (size_t i = 0; i < count; i++)
        if (same_subject(&all[i], wanted)) *ret_before = all[i];
    return SOTTO_OK;
}

static sotto_status opinion_keep(seal_env *env, sotto_bytes jid, const uint8_t key[32], const opinion *now) {
    opinion all[OPINIONS_MAX];
    uint8_t at[1 + OPINIONS_MAX * OPINION_BYTES];
    size_t count;
    bytes_buffer out;
    sotto_bytes value;
    name_room room;
    SOTTO_TRY(opinions_load(env, jid, key, all, &count));
    if (count == 0) SOTTO_TRY(live_row_key_seen(env, jid, key)); /* pushed out meanwhile: with the key this goes */
    bytes_buffer_borrowed(&out, at, sizeof at);
    bytes_buffer_u8(&out, RECORD_VERSION);
    opinion_put(&out, now);
    for (size_t i = 0; i < count; i++)
        if (!same_subject(&all[i], now) && out.len + OPINION_BYTES <= sizeof at) opinion_put(&out, &all[i]);
    SOTTO_TRY(bytes_buffer_end(&out, &value));
    return env->put(env, opinions_name(&room, jid, key), value);
}

/* The latest comes first. Of OMEMO identities there may be several, and one is enough. */
sotto_status live_statement_accepted(seal_env *env, sotto_bytes jid, const uint8_t key[32], uint32_t *ret) {
    opinion all[OPINIONS_MAX];
    size_t count;
    uint32_t seen = 0;
    *ret = 0;
    SOTTO_TRY(opinions_load(env, jid, key, all, &count));
    for (size_t i = 0; i < count; i++) {
        uint32_t bit = 1u << (all[i].type & 31u);
        bool first = (seen & bit) == 0 || all[i].type == LIVE_STATEMENT_OMEMO;
        if (first && all[i].code == 0) *ret |= bit;
        seen |= bit;
    }
    return SOTTO_OK;
}

sotto_status live_statement_forget(seal_env *env, sotto_bytes jid, const uint8_t key[32]) {
    name_room room;
    return env->put(env, opinions_name(&room, jid, key), BYTES_NONE);
}

static sotto_status tell(seal_env *env, sotto_bytes jid, const uint8_t key[32], uint8_t type, sotto_status reason,
                         sotto_bytes text) {
    seal_key named;
    SOTTO_TRY(live_key_of(env->arena, jid, key, &named));
    sotto_event event = {.kind = SOTTO_EVENT_STATEMENT,
                         .jid = named.jid,
                         .reason = reason,
                         .text = text,
                         .number = type,
                         .key = {.jid = named.jid, .device = named.device, .known = true}};
    memcpy(event.key.key, named.key, sizeof event.key.key);
    memcpy(event.key.fingerprint, named.fingerprint, sizeof event.key.fingerprint);
    SOTTO_TRY(env->trust(env, named.jid, named.key, &event.key.trust));
    return env->event(env, &event);
}

/* Told when it is new, or not what was told before; counted every time: trust may have been taken away. */
static sotto_status conclude(seal_env *env, sotto_bytes jid, const uint8_t key[32], const opinion *subject,
                             sotto_status verdict, sotto_bytes text) {
    opinion before, now = *subject;
    SOTTO_TRY(opinion_find(env, jid, key, subject, &before));
    now.code = (uint32_t)verdict.code;
    now.ms = env->now_ms;
    SOTTO_TRY(opinion_keep(env, jid, key, &now));
    if (before.code != now.code) SOTTO_TRY(tell(env, jid, key, now.type, verdict, text));
    if (!sotto_ok(verdict)) return SOTTO_OK;
    return env->vouch(env, jid, key, now.type == LIVE_STATEMENT_OMEMO ? SEAL_VOUCHER_SIBLING : SEAL_VOUCHER_AUTHORITY);
}

static sotto_status subject_of(uint8_t type, sotto_bytes about, opinion *ret) {
    uint8_t hash[32];
    *ret = (opinion){.type = type};
    SOTTO_TRY(crypto_hash_of(CRYPTO_SHA256, hash, about));
    memcpy(ret->digest, hash, sizeof ret->digest);
    return SOTTO_OK;
}

/* ---- OMEMO ---- */

void live_statement_sibling(bytes_buffer *out, const live_circumstances *c, const uint8_t key[32]) {
    live_block_put(out, BYTES_LITERAL("sotto live sibling 0"));
    live_block_put(out, bytes_of(c->exporter, sizeof c->exporter));
    live_block_put(out, bytes_text(c->by_initiator ? "I" : "R"));
    live_block_put(out, c->initiator);
    live_block_put(out, c->responder);
    live_block_put(out, bytes_of(key, 32));
}

static sotto_status write_sibling(bytes_buffer *out, const live_self *self, const live_session *session,
                                  bool by_initiator, const uint8_t key[32], sotto_bytes *ret) {
    live_circumstances c = {.initiator = session->initiator ? self->full : session->full,
                            .responder = session->initiator ? session->full : self->full,
                            .by_initiator = by_initiator};
    SOTTO_TRY(tls_engine_export(session->tls, LIVE_EXPORTER, c.exporter));
    live_statement_sibling(out, &c, key);
    bytes_wipe(&c, sizeof c);
    return bytes_buffer_end(out, ret);
}

/* Whoever stole the store of an OMEMO device can say this as well. Where another key of theirs is accepted, and has a
 * secret, a key that is not gets no further by it: it would be quarantined if it came now, and only has a secret of its
 * own because it came before. */
static sotto_status is_enough(seal_env *env, const live_session *session, bool *ret) {
    bool accepted, theirs = false;
    SOTTO_TRY(env->accepted(env, session->bare, session->key, &accepted));
    if (!accepted) SOTTO_TRY(live_secret_any_theirs(env, session->bare, &theirs));
    *ret = !theirs;
    return SOTTO_OK;
}

static sotto_status take_sibling(live_self *self, seal_env *env, live_session *session, const live_statement *said) {
    uint8_t room[SIBLING_MAX], hex[64];
    bytes_buffer out, text;
    sotto_bytes message, fingerprint;
    sotto_trust trust = SOTTO_TRUST_UNDECIDED;
    opinion subject;
    if (session->siblings++ >= SOTTO_LIVE_SIBLINGS_MAX) {
        live_session_failed(self, env, session, SOTTO_FAIL(TOO_LARGE));
        return SOTTO_OK;
    }
    bytes_buffer_borrowed(&out, room, sizeof room);
    SOTTO_TRY(write_sibling(&out, self, session, !session->initiator, session->key, &message));
    sotto_status status = env->sibling(env, session->bare, said->identity.at, message, said->signature.at, &trust);
    bytes_buffer_cut(&out, 0);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK; /* nobody here knows such keys */
    if (live_is_ours(status)) return status;
    if (sotto_ok(status) && trust != SOTTO_TRUST_VERIFIED) status = SOTTO_FAIL(NO_TRUSTED_DEVICE);
    if (sotto_ok(status)) {
        bool enough;
        SOTTO_TRY(is_enough(env, session, &enough));
        if (!enough) status = SOTTO_FAIL(KEY_CHANGED);
    }
    SOTTO_TRY(subject_of(LIVE_STATEMENT_OMEMO, said->identity, &subject));
    bytes_buffer_borrowed(&text, hex, sizeof hex);
    bytes_hex_put(&text, said->identity);
    SOTTO_TRY(bytes_buffer_end(&text, &fingerprint));
    return conclude(env, session->bare, session->key, &subject, status, fingerprint);
}

static sotto_status show_sibling(live_self *self, seal_env *env, live_session *session) {
    uint8_t room[SIBLING_MAX], signature[64], body[128];
    bytes_buffer out;
    sotto_bytes message;
    seal_key key;
    bytes_buffer_borrowed(&out, room, sizeof room);
    SOTTO_TRY(write_sibling(&out, self, session, session->initiator, self->identity.ed25519.bytes, &message));
    sotto_status status = env->sign(env, message, &key, signature);
    bytes_buffer_cut(&out, 0);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    live_statement said = {
        .device = key.device, .identity = bytes_of(key.key, 32), .signature = bytes_of(signature, sizeof signature)};
    live_message shown = {.kind = LIVE_STATEMENT, .type = LIVE_STATEMENT_OMEMO};
    bytes_buffer_borrowed(&out, body, sizeof body);
    live_statement_write(&out, LIVE_STATEMENT_OMEMO, &said);
    SOTTO_TRY(bytes_buffer_end(&out, &shown.body));
    return live_session_write(self, session, &shown);
}

/* ---- showing ---- */

static sotto_bytes own_name(uint8_t room[2], uint8_t type) {
    room[0] = 'S';
    room[1] = type;
    return bytes_of(room, 2);
}

sotto_status live_statement_set(seal_env *env, uint32_t type, sotto_bytes body) {
    uint8_t room[2];
    live_statement said;
    if ((type != LIVE_STATEMENT_X509 && type != LIVE_STATEMENT_OPENPGP) || body.len > SOTTO_LIVE_STATEMENT_BYTES_MAX)
        return SOTTO_FAIL(USAGE);
    if (body.len == 0) return env->put(env, own_name(room, (uint8_t)type), BYTES_NONE);
    if (!sotto_ok(live_statement_read((live_statement_type)type, body, &said))) return SOTTO_FAIL(USAGE);
    bytes_buffer out;
    sotto_bytes value;
    bytes_buffer_owned(&out, env->host, SOTTO_LIVE_STATEMENT_BYTES_MAX + 1);
    bytes_buffer_u8(&out, RECORD_VERSION);
    bytes_buffer_put(&out, body);
    sotto_status status = bytes_buffer_end(&out, &value);
    if (sotto_ok(status)) status = env->put(env, own_name(room, (uint8_t)type), value);
    bytes_buffer_free(&out);
    return status;
}

static sotto_status show_own(live_self *self, seal_env *env, live_session *session, uint8_t type) {
    uint8_t room[2];
    sotto_bytes value;
    sotto_status status = env->get(env, own_name(room, type), &value);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    if (value.len < 2 || value.at[0] != RECORD_VERSION) return SOTTO_FAIL(STORE_CORRUPT);
    live_message shown = {.kind = LIVE_STATEMENT, .type = type, .body = bytes_after(value, 1)};
    return live_session_write(self, session, &shown);
}

static sotto_status show_all(live_self *self, seal_env *env, live_session *session) {
    sotto_trust trust;
    SOTTO_TRY(env->trust(env, session->bare, session->key, &trust));
    if (trust == SOTTO_TRUST_DISTRUSTED) return SOTTO_OK;
    SOTTO_TRY(show_sibling(self, env, session));
    SOTTO_TRY(show_own(self, env, session, LIVE_STATEMENT_X509));
    return show_own(self, env, session, LIVE_STATEMENT_OPENPGP);
}

sotto_status live_statement_flush(live_self *self, seal_env *env, live_session *session) {
    if (!session->proved || session->stated || session->closing || session->wear.retiring) return SOTTO_OK;
    session->stated = true;
    sotto_status status = show_all(self, env, session);
    if (sotto_ok(status) || live_is_ours(status)) return status;
    live_session_failed(self, env, session, status);
    return SOTTO_OK;
}

/* ---- being shown ---- */

static sotto_status start_job(seal_env *env, const live_session *session, uint8_t type, sotto_bytes body,
                              const live_statement *said, const opinion *subject) {
    uint8_t at[2 + DIGEST_BYTES + 32 + SOTTO_LIVE_JID_BYTES_MAX];
    bytes_buffer out, note;
    sotto_bytes request, named;
    bytes_buffer_borrowed(&note, at, sizeof at);
    bytes_buffer_u8(&note, JOB_NOTE_VERSION);
    bytes_buffer_u8(&note, type);
    bytes_buffer_put(&note, bytes_of(subject->digest, sizeof subject->digest));
    bytes_buffer_put(&note, bytes_of(session->key, 32));
    bytes_buffer_put(&note, session->bare);
    SOTTO_TRY(bytes_buffer_end(&note, &named));
    bytes_buffer_owned(&out, env->host, SOTTO_LIVE_STATEMENT_BYTES_MAX + 2 * BINDING_MAX);
    sotto_status status = write_request(&out, type, session, body, said->made);
    if (sotto_ok(status)) status = bytes_buffer_end(&out, &request);
    if (sotto_ok(status)) status = env->job(env, request, named);
    bytes_buffer_free(&out);
    return status;
}

/* A second one of a type in one session would only be there to make work. */
static sotto_status take_bound(live_self *self, seal_env *env, live_session *session, const live_message *message,
                               const live_statement *said) {
    opinion subject, before;
    bool *seen = message->type == LIVE_STATEMENT_X509 ? &session->saw_x509 : &session->saw_openpgp;
    if (*seen) {
        live_session_failed(self, env, session, SOTTO_FAIL(MALFORMED));
        return SOTTO_OK;
    }
    *seen = true;
    SOTTO_TRY(subject_of(message->type, message->body, &subject));
    if (said->made > env->now_ms / 1000 + AHEAD_S) /* made for a time when its maker has nothing to say any more */
        return conclude(env, session->bare, session->key, &subject, SOTTO_FAIL(BAD_CERTIFICATE), BYTES_NONE);
    SOTTO_TRY(opinion_find(env, session->bare, session->key, &subject, &before));
    /* Who learns a key or an authority because of what was said does not wait a day for it to count. */
    uint64_t holds = before.code == 0 ? JUDGED_MS : DOUBTED_MS;
    if (before.code != UINT32_MAX && env->now_ms - before.ms < holds) return SOTTO_OK;
    return start_job(env, session, message->type, message->body, said, &subject);
}

sotto_status live_statement_take(live_self *self, seal_env *env, live_session *session, const live_message *message) {
    live_statement said;
    if (message->type < LIVE_STATEMENT_X509 || message->type > LIVE_STATEMENT_OMEMO) return SOTTO_OK;
    sotto_status status = live_statement_read((live_statement_type)message->type, message->body, &said);
    if (!sotto_ok(status)) {
        live_session_failed(self, env, session, status);
        return SOTTO_OK;
    }
    if (message->type == LIVE_STATEMENT_OMEMO) return take_sibling(self, env, session, &said);
    return take_bound(self, env, session, message, &said);
}

/* ---- judged ---- */

static sotto_status verdict_of(uint32_t code) {
    sotto_status status = {(int)code};
    if (code > SOTTO_E_LIMIT) return SOTTO_FAIL(BAD_SIGNATURE);
    return status;
}

/* The session may be gone: what was judged is a key and a JID. */
sotto_status live_statement_judged(seal_env *env, sotto_bytes note, sotto_bytes answer) {
    opinion subject = {0};
    uint8_t key[32];
    bytes_cursor c = bytes_cursor_over(note), a = bytes_cursor_over(answer);
    uint8_t version = bytes_cursor_u8(&c);
    subject.type = bytes_cursor_u8(&c);
    bytes_cursor_into(&c, subject.digest, sizeof subject.digest);
    bytes_cursor_into(&c, key, sizeof key);
    if (c.failed || version != JOB_NOTE_VERSION || c.rest.len == 0) return SOTTO_OK;
    sotto_status verdict = verdict_of(bytes_cursor_u32(&a));
    sotto_bytes text = live_block_take(&a);
    if (!sotto_ok(bytes_cursor_end(&a))) return SOTTO_FAIL(USAGE);
    if (text.len > SOTTO_LIVE_STATEMENT_TEXT_MAX) {
        text.len = SOTTO_LIVE_STATEMENT_TEXT_MAX;
        while (text.len > 0 && (text.at[text.len] & 0xc0) == 0x80) text.len--; /* no half of a character */
    }
    return conclude(env, c.rest, key, &subject, verdict, text);
}
