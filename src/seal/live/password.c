/* SPDX-License-Identifier: ISC
 *
 * Records: 'F' jid → version, wrong words so far with that JID, whatever the key: whoever guesses can show a new one
 * each time. */
#include "seal/live/password.h"

#include "bytes/memory.h"
#include "seal/live/block.h"
#include "seal/live/self.h"
#include "stanza/password.h"

#define RECORD_VERSION 1u
#define SHARE_BYTES    32u
#define TAG_BYTES      64u

/* ---- failures ---- */

typedef struct name_room {
    uint8_t at[SOTTO_LIVE_JID_BYTES_MAX + 64u];
} name_room;

static sotto_bytes failures_name(name_room *room, sotto_bytes jid) {
    bytes_buffer out;
    sotto_bytes ret;
    bytes_buffer_borrowed(&out, room->at, sizeof room->at);
    bytes_buffer_u8(&out, 'F');
    bytes_buffer_put(&out, jid);
    return sotto_ok(bytes_buffer_end(&out, &ret)) ? ret : BYTES_NONE;
}

static sotto_status failures_get(seal_env *env, const live_session *session, uint8_t *ret) {
    name_room room;
    sotto_bytes value;
    sotto_status status = env->get(env, failures_name(&room, session->bare), &value);
    *ret = 0;
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    if (value.len != 2 || value.at[0] != RECORD_VERSION) return SOTTO_FAIL(STORE_CORRUPT);
    *ret = value.at[1];
    return SOTTO_OK;
}

static sotto_status failures_put(seal_env *env, const live_session *session, uint8_t count) {
    name_room room;
    const uint8_t value[2] = {RECORD_VERSION, count};
    return env->put(env, failures_name(&room, session->bare), count > 0 ? bytes_of(value, sizeof value) : BYTES_NONE);
}

static sotto_status failures_add(seal_env *env, const live_session *session, int change) {
    uint8_t count;
    SOTTO_TRY(failures_get(env, session, &count));
    if (change < 0 ? count == 0 : count == UINT8_MAX) return SOTTO_OK;
    return failures_put(env, session, (uint8_t)(count + change));
}

/* ---- telling ---- */

static sotto_status tell(seal_env *env, const live_session *session, sotto_password_news news, sotto_status reason) {
    seal_key key;
    uint8_t failures;
    SOTTO_TRY(live_key_of(env->arena, session->bare, session->key, &key));
    SOTTO_TRY(failures_get(env, session, &failures));
    sotto_event event = {.kind = SOTTO_EVENT_PASSWORD,
                         .jid = key.jid,
                         .reason = reason,
                         .number = (uint32_t)news,
                         .total = failures,
                         .key = {.jid = key.jid, .device = key.device, .known = true}};
    memcpy(event.key.key, key.key, sizeof event.key.key);
    memcpy(event.key.fingerprint, key.fingerprint, sizeof event.key.fingerprint);
    SOTTO_TRY(env->trust(env, key.jid, key.key, &event.key.trust));
    return env->event(env, &event);
}

static sotto_status tell_nobody(seal_env *env, sotto_bytes jid, sotto_status reason) {
    sotto_event event = {
        .kind = SOTTO_EVENT_PASSWORD, .jid = jid, .reason = reason, .number = (uint32_t)SOTTO_PASSWORD_OVER};
    return env->event(env, &event);
}

/* ---- what both must have alike ---- */

void live_password_party(bytes_buffer *out, bool of_initiator, const uint8_t key[32], sotto_bytes full) {
    live_block_put(out, bytes_text(of_initiator ? "I" : "R"));
    live_block_put(out, bytes_of(key, 32));
    live_block_put(out, full);
}

void live_password_channel(bytes_buffer *out, sotto_bytes initiator_bare, sotto_bytes responder_bare) {
    bytes_buffer_text(out, "sotto live password 0");
    live_block_put(out, initiator_bare);
    live_block_put(out, responder_bare);
}

typedef struct party_room {
    uint8_t at[128 + SOTTO_JID_BYTES_MAX];
} party_room;

static sotto_status party_of(party_room *room, const live_self *self, const live_session *session, bool of_initiator,
                             sotto_bytes *ret) {
    bytes_buffer out;
    bool own = session->initiator == of_initiator;
    bytes_buffer_borrowed(&out, room->at, sizeof room->at);
    live_password_party(&out, of_initiator, own ? self->identity.ed25519.bytes : session->key,
                        own ? self->full : session->full);
    return bytes_buffer_end(&out, ret);
}

static sotto_status begin_run(const live_self *self, const live_session *session, crypto_cpace_run *ret) {
    const live_password *p = session->password;
    uint8_t sid[32], room[64 + 2 * SOTTO_JID_BYTES_MAX];
    bytes_buffer out;
    sotto_bytes own = live_bare(self->full), channel;
    SOTTO_TRY(tls_engine_export(session->tls, LIVE_PASSWORD_EXPORTER, sid));
    bytes_buffer_borrowed(&out, room, sizeof room);
    live_password_channel(&out, session->initiator ? own : session->bare, session->initiator ? session->bare : own);
    sotto_status status = bytes_buffer_end(&out, &channel);
    if (sotto_ok(status)) {
        crypto_cpace_input input = {
            .password = bytes_of(p->word, p->word_len), .sid = bytes_of(sid, sizeof sid), .channel = channel};
        status = crypto_cpace_begin(ret, &input, self->host);
    }
    bytes_wipe(sid, sizeof sid);
    return status;
}

static sotto_status finish_run(const live_self *self, const live_session *session, crypto_cpace_run *run,
                               const crypto_cpace_share *theirs, crypto_cpace_claim *ret, crypto_cpace_tag *ret_tag) {
    party_room own_room, other_room;
    sotto_bytes own, other;
    SOTTO_TRY(party_of(&own_room, self, session, session->initiator, &own));
    SOTTO_TRY(party_of(&other_room, self, session, !session->initiator, &other));
    return crypto_cpace_finish(ret, ret_tag, run, session->initiator ? CRYPTO_CPACE_INITIATOR : CRYPTO_CPACE_RESPONDER,
                               own, theirs, other);
}

/* ---- a run ---- */

void live_password_drop(live_self *self, live_session *session) {
    if (session->password == NULL) return;
    bytes_free(self->host, session->password, sizeof *session->password);
    session->password = NULL;
}

static sotto_status run_of(live_self *self, seal_env *env, live_session *session, live_password **ret) {
    if (session->password == NULL) session->password = bytes_new(self->host, sizeof *session->password);
    if (session->password == NULL) return SOTTO_FAIL(NO_MEMORY);
    session->password->until_ms = env->now_ms + LIVE_PASSWORD_MS;
    *ret = session->password;
    return SOTTO_OK;
}

static sotto_status say(live_self *self, live_session *session, live_password_step step, sotto_bytes body) {
    live_message message = {.kind = LIVE_PASSWORD, .type = (uint8_t)step, .body = body};
    return live_session_write(self, session, &message);
}

static sotto_status over(live_self *self, seal_env *env, live_session *session, sotto_password_news news,
                         sotto_status reason) {
    live_password_drop(self, session);
    return tell(env, session, news, reason);
}

/* The two words are different, or the other side does not know any. */
static sotto_status wrong(live_self *self, seal_env *env, live_session *session, bool count) {
    if (count) SOTTO_TRY(failures_add(env, session, 1));
    SOTTO_TRY(say(self, session, LIVE_PASSWORD_NO, BYTES_NONE));
    return over(self, env, session, SOTTO_PASSWORD_WRONG, SOTTO_FAIL(BAD_MAC));
}

/* What a confirmed word gives takes the place of a retained secret that both are known to hold: until there is one, the
 * initiator waits (live_password_flush). */
static sotto_status offer(live_self *self, live_session *session) {
    live_password *p = session->password;
    p->state = LIVE_TYPED;
    if (!session->initiator) return say(self, session, LIVE_PASSWORD_OFFER, BYTES_NONE);
    if (!live_secret_common(session)) return SOTTO_OK;
    SOTTO_TRY(begin_run(self, session, &p->run));
    p->state = LIVE_OFFERED;
    return say(self, session, LIVE_PASSWORD_OFFER, bytes_of(p->run.share.bytes, SHARE_BYTES));
}

/* The responder, with both words' shares: from here on the other side can check one guess. */
static sotto_status answer(live_self *self, seal_env *env, live_session *session, const crypto_cpace_share *theirs) {
    live_password *p = session->password;
    crypto_cpace_run run;
    crypto_cpace_tag tag;
    uint8_t body[SHARE_BYTES + TAG_BYTES];
    if (!live_secret_common(session)) { /* it is before the offer in the stream, when the other side keeps the rules */
        SOTTO_TRY(say(self, session, LIVE_PASSWORD_NO, BYTES_NONE));
        return over(self, env, session, SOTTO_PASSWORD_OVER, SOTTO_FAIL(AGAIN));
    }
    SOTTO_TRY(begin_run(self, session, &run));
    memcpy(body, run.share.bytes, SHARE_BYTES);
    sotto_status status = finish_run(self, session, &run, theirs, &p->claim, &tag);
    if (sotto_is(status, SOTTO_E_BAD_KEY)) return wrong(self, env, session, true);
    SOTTO_TRY(status);
    memcpy(body + SHARE_BYTES, tag.bytes, TAG_BYTES);
    SOTTO_TRY(failures_add(env, session, 1));
    p->state = LIVE_ANSWERED;
    bytes_wipe(p->word, sizeof p->word);
    return say(self, session, LIVE_PASSWORD_ANSWER, bytes_of(body, sizeof body));
}

/* The word goes into a retained secret, and so into the next session, which comes as soon as both hold that. */
static sotto_status confirmed(live_self *self, seal_env *env, live_session *session, const crypto_cpace_key *key) {
    SOTTO_TRY(failures_put(env, session, 0));
    SOTTO_TRY(env->vouch(env, session->bare, session->key, SEAL_VOUCHER_PASSWORD));
    sotto_status status = live_secret_password(self, env, session, bytes_of(key->bytes, sizeof key->bytes));
    if (live_is_ours(status)) return status;
    session->wear.asked = true;
    SOTTO_TRY(over(self, env, session, SOTTO_PASSWORD_CONFIRMED, SOTTO_OK));
    return status; /* TLS may have ended behind it: it is confirmed all the same */
}

/* ---- messages ---- */

static sotto_status take_offer(live_self *self, seal_env *env, live_session *session, sotto_bytes body) {
    live_password *p = session->password;
    crypto_cpace_share share = {{0}};
    if (body.len != (session->initiator ? 0 : SHARE_BYTES)) return SOTTO_FAIL(MALFORMED);
    if (body.len > 0) memcpy(share.bytes, body.at, SHARE_BYTES);
    if (p != NULL && p->state == LIVE_TYPED && !session->initiator) return answer(self, env, session, &share);
    if (p != NULL && session->initiator && (p->state == LIVE_OFFERED || p->state == LIVE_TYPED))
        return SOTTO_OK; /* ours is on its way */
    /* Whoever begins anew has given up what was under way: what it cost of guesses is counted. */
    bool told = p != NULL && p->state == LIVE_ASKED; /* once, however often it is offered */
    if (p != NULL && !told) SOTTO_TRY(over(self, env, session, SOTTO_PASSWORD_OVER, SOTTO_FAIL(CANCELLED)));
    SOTTO_TRY(run_of(self, env, session, &p));
    p->state = LIVE_ASKED;
    p->share = share;
    return told ? SOTTO_OK : tell(env, session, SOTTO_PASSWORD_ASKED, SOTTO_OK);
}

static sotto_status take_answer(live_self *self, seal_env *env, live_session *session, sotto_bytes body) {
    live_password *p = session->password;
    crypto_cpace_share share;
    crypto_cpace_claim claim;
    crypto_cpace_tag own, theirs;
    if (p == NULL && session->initiator && body.len == SHARE_BYTES + TAG_BYTES) return SOTTO_OK; /* it was given up */
    if (p == NULL || p->state != LIVE_OFFERED || body.len != SHARE_BYTES + TAG_BYTES) return SOTTO_FAIL(MALFORMED);
    memcpy(share.bytes, body.at, SHARE_BYTES);
    memcpy(theirs.bytes, body.at + SHARE_BYTES, TAG_BYTES);
    sotto_status status = finish_run(self, session, &p->run, &share, &claim, &own);
    if (sotto_ok(status)) status = crypto_cpace_confirm(&p->key, &claim, &theirs);
    if (sotto_is(status, SOTTO_E_BAD_KEY) || sotto_is(status, SOTTO_E_BAD_MAC)) return wrong(self, env, session, true);
    SOTTO_TRY(status);
    p->state = LIVE_SURE;
    bytes_wipe(p->word, sizeof p->word);
    return say(self, session, LIVE_PASSWORD_CONFIRM, bytes_of(own.bytes, TAG_BYTES));
}

static sotto_status take_confirm(live_self *self, seal_env *env, live_session *session, sotto_bytes body) {
    live_password *p = session->password;
    crypto_cpace_tag theirs;
    crypto_cpace_key key;
    if (p == NULL && !session->initiator && body.len == TAG_BYTES) return SOTTO_OK;
    if (p == NULL || p->state != LIVE_ANSWERED || body.len != TAG_BYTES) return SOTTO_FAIL(MALFORMED);
    memcpy(theirs.bytes, body.at, TAG_BYTES);
    sotto_status status = crypto_cpace_confirm(&key, &p->claim, &theirs);
    if (sotto_is(status, SOTTO_E_BAD_MAC)) return wrong(self, env, session, false); /* counted when it was answered */
    SOTTO_TRY(status);
    status = say(self, session, LIVE_PASSWORD_CONFIRMED, BYTES_NONE);
    if (sotto_ok(status)) status = confirmed(self, env, session, &key);
    bytes_wipe(&key, sizeof key);
    return status;
}

static sotto_status take_confirmed(live_self *self, seal_env *env, live_session *session) {
    live_password *p = session->password;
    if (p == NULL && session->initiator) return SOTTO_OK;
    if (p == NULL || p->state != LIVE_SURE) return SOTTO_FAIL(MALFORMED);
    crypto_cpace_key key = p->key;
    sotto_status status = confirmed(self, env, session, &key);
    bytes_wipe(&key, sizeof key);
    return status;
}

/* The other side gave up, or found ours wrong: the responder has counted it, the initiator was never shown a tag. */
static sotto_status take_no(live_self *self, seal_env *env, live_session *session) {
    const live_password *p = session->password;
    if (p == NULL) return SOTTO_OK;
    bool compared = p->state == LIVE_ANSWERED || p->state == LIVE_SURE;
    return over(self, env, session, compared ? SOTTO_PASSWORD_WRONG : SOTTO_PASSWORD_OVER,
                compared ? SOTTO_FAIL(BAD_MAC) : SOTTO_FAIL(CANCELLED));
}

static sotto_status take_step(live_self *self, seal_env *env, live_session *session, const live_message *message) {
    switch (message->type) {
    case LIVE_PASSWORD_OFFER:
        return take_offer(self, env, session, message->body);
    case LIVE_PASSWORD_ANSWER:
        return take_answer(self, env, session, message->body);
    case LIVE_PASSWORD_CONFIRM:
        return take_confirm(self, env, session, message->body);
    case LIVE_PASSWORD_CONFIRMED:
        return take_confirmed(self, env, session);
    case LIVE_PASSWORD_NO:
        return take_no(self, env, session);
    default:
        return SOTTO_FAIL(MALFORMED);
    }
}

sotto_status live_password_take(live_self *self, seal_env *env, live_session *session, const live_message *message) {
    if (session->wear.retiring) return SOTTO_OK; /* nothing is begun in it any more */
    sotto_status status = take_step(self, env, session, message);
    if (sotto_ok(status) || live_is_ours(status)) return status;
    live_session_failed(self, env, session, status);
    return SOTTO_OK;
}

/* ---- a person ---- */

/* The session that is meant: the full JID's; of a bare one the session that asked, else the only one. */
static live_session *session_for(live_self *self, sotto_bytes jid) {
    live_session *only = NULL;
    size_t count = 0;
    for (live_session *session = self->sessions; session != NULL; session = session->next) {
        if (!session->proved || session->over || session->closing || session->wear.retiring) continue;
        if (bytes_equal(session->full, jid)) return session;
        if (!bytes_equal(session->bare, jid)) continue;
        if (session->password != NULL && session->password->state == LIVE_ASKED) return session;
        only = session;
        count++;
    }
    return count == 1 ? only : NULL;
}

/* The tags are on their way: what is typed now cannot change them. */
static bool is_compared(const live_session *session) {
    const live_password *p = session->password;
    return p != NULL && (p->state == LIVE_ANSWERED || p->state == LIVE_SURE);
}

/* What is typed takes the place of what was, as long as nobody compared that: a slip can be put right. */
static sotto_status go_on(live_self *self, seal_env *env, live_session *session, sotto_bytes word) {
    live_password *p;
    bool asked = session->password != NULL && session->password->state == LIVE_ASKED;
    SOTTO_TRY(run_of(self, env, session, &p));
    bytes_wipe(p->word, sizeof p->word);
    memcpy(p->word, word.at, word.len);
    p->word_len = word.len;
    if (!asked || session->initiator) return offer(self, session);
    crypto_cpace_share theirs = p->share;
    return answer(self, env, session, &theirs);
}

static sotto_status take_word(live_self *self, seal_env *env, const seal_input *input, sotto_bytes word) {
    uint8_t failures;
    live_session *session = session_for(self, input->jid);
    if (session == NULL) return tell_nobody(env, live_bare(input->jid), SOTTO_FAIL(NO_SESSION));
    if (is_compared(session)) return tell(env, session, SOTTO_PASSWORD_OVER, SOTTO_FAIL(AGAIN));
    SOTTO_TRY(failures_get(env, session, &failures));
    if (input->again && failures > 0) SOTTO_TRY(failures_put(env, session, 0));
    if (!input->again && failures >= SOTTO_LIVE_GUESSES_MAX)
        return tell(env, session, SOTTO_PASSWORD_OVER, SOTTO_FAIL(GUESSED_OUT));
    sotto_status status = go_on(self, env, session, word);
    if (sotto_ok(status) || live_is_ours(status)) return status;
    live_session_failed(self, env, session, status);
    return SOTTO_OK;
}

sotto_status live_password_typed(live_self *self, seal_env *env, const seal_input *input) {
    uint8_t room[SOTTO_LIVE_PASSWORD_BYTES_MAX];
    bytes_buffer out;
    sotto_bytes word;
    if (input->bytes.len == 0 || input->bytes.len > SOTTO_LIVE_PASSWORD_BYTES_MAX) return SOTTO_FAIL(USAGE);
    bytes_buffer_borrowed(&out, room, sizeof room);
    sotto_status status = stanza_password_prepare(&out, input->bytes);
    if (sotto_ok(status)) status = bytes_buffer_end(&out, &word);
    if (sotto_ok(status))
        status = take_word(self, env, input, word);
    else if (!sotto_is(status, SOTTO_E_NO_MEMORY))
        status = SOTTO_FAIL(USAGE);
    bytes_wipe(room, sizeof room);
    return status;
}

/* ---- time ---- */

static sotto_status look_at(live_self *self, seal_env *env, live_session *session) {
    const live_password *p = session->password;
    bool asked = p->state == LIVE_ASKED; /* nobody here typed anything */
    bool gone = session->over || session->closing || session->wear.retiring;
    if (!gone && p->until_ms > env->now_ms)
        return p->state == LIVE_TYPED && session->initiator ? offer(self, session) : SOTTO_OK;
    if (!gone) SOTTO_TRY(say(self, session, LIVE_PASSWORD_NO, BYTES_NONE));
    live_password_drop(self, session);
    if (asked) return SOTTO_OK;
    return tell(env, session, SOTTO_PASSWORD_OVER, gone ? SOTTO_FAIL(NO_SESSION) : SOTTO_FAIL(TIMEOUT));
}

sotto_status live_password_flush(live_self *self, seal_env *env) {
    for (live_session *session = live_first(self); session != NULL; session = live_after(self, session)) {
        if (session->password == NULL) continue;
        sotto_status status = look_at(self, env, session);
        if (live_is_ours(status)) return status;
        if (!sotto_ok(status)) live_session_failed(self, env, session, status);
    }
    return SOTTO_OK;
}

uint64_t live_password_next(const live_self *self) {
    uint64_t at = UINT64_MAX;
    for (const live_session *session = live_first(self); session != NULL; session = live_after(self, session))
        if (session->password != NULL && session->password->until_ms < at) at = session->password->until_ms;
    return at;
}
