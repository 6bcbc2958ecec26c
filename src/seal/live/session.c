/* SPDX-License-Identifier: ISC
 *
 * One session: frames in order into TLS, messages out of it; proofs before everything else. */
#include "seal/live/self.h"

#include "bytes/memory.h"
#include "crypto/hash.h"

#define RECORDS_MAX (SOTTO_STANZA_BYTES_MAX + 256u * 1024u) /* the largest stanza, and what may be made ahead of it */
#define PLAIN_MAX   (SOTTO_STANZA_BYTES_MAX + 64u * 1024u)
#define PIECE       4096u
#define RECORD      16384u
#define HEAD        256u  /* no message has more beside its stanza, body or zeros */
#define IDLE        2048u /* of a buffer that is empty: more is given back */

static const char *const alpn[] = {LIVE_ALPN, NULL};

/* ---- life ---- */

static sotto_status pull(live_session *session) {
    uint8_t piece[PIECE];
    sotto_bytes all;
    for (size_t got; (got = tls_engine_records_out(session->tls, piece, sizeof piece)) > 0;)
        bytes_buffer_put(&session->records, bytes_of(piece, got));
    return bytes_buffer_end(&session->records, &all);
}

/* What proved nothing goes before what did, whoever sends many ClientHellos. */
static bool goes_before(const live_session *one, const live_session *other) {
    return one->proved != other->proved ? other->proved : one->used_ms < other->used_ms;
}

/* Of all of them: looked for when there is no room left. */
static live_session *longest_unused(const live_self *self) {
    live_session *oldest = NULL;
    for (live_session *session = self->sessions; session != NULL; session = session->next)
        if (!session->over && (oldest == NULL || goes_before(session, oldest))) oldest = session;
    return oldest;
}

/* The one longest unused makes room, its rows stay. Whoever comes with resources by the hundred pushes out his own. */
static void sessions_room(live_self *self, seal_env *env, sotto_bytes bare) {
    live_session *oldest = NULL, *session = NULL;
    size_t own = 0;
    while ((session = live_session_beside(self, bare, session)) != NULL) {
        if (session->over) continue;
        if (oldest == NULL || goes_before(session, oldest)) oldest = session;
        own++;
    }
    if (own < SOTTO_LIVE_SESSIONS_OF_ONE && self->session_count < SOTTO_LIVE_SESSIONS_MAX) return;
    if (own < SOTTO_LIVE_SESSIONS_OF_ONE) oldest = longest_unused(self);
    if (oldest != NULL) live_session_failed(self, env, oldest, SOTTO_FAIL(TIMEOUT));
    live_sweep(self);
}

/* Whoever has nothing to offer offers what nobody has: who looks on cannot tell. */
static sotto_status offer_of(live_self *self, seal_env *env, live_session *session, const live_found *found,
                             tls_secret *ret) {
    uint8_t naming[32], nonce[16];
    live_way way = {.nonce = nonce, .initiator = self->full, .responder = session->full};
    if (!found->is) return env->random(env, ret, sizeof *ret);
    sotto_status status = env->random(env, nonce, sizeof nonce);
    if (sotto_ok(status)) status = live_secret_naming(found->secret.secret, found->secret.initiator, naming);
    if (sotto_ok(status)) status = live_secret_identity(ret->identity, naming, &way);
    if (sotto_ok(status)) status = live_secret_psk(found->secret.secret, ret->key);
    bytes_wipe(naming, sizeof naming);
    return status;
}

/* The one ClientHello that is recognized has the identity it was recognized by. */
static sotto_status tls_begin(live_self *self, seal_env *env, live_session *session, const live_hello *hello,
                              const live_found *found) {
    tls_secret secret = {{0}, {0}};
    sotto_status status = SOTTO_OK;
    if (hello == NULL) {
        status = offer_of(self, env, session, found, &secret);
    } else if (found->is) {
        memcpy(secret.identity, hello->identity.at, sizeof secret.identity);
        status = live_secret_psk(found->secret.secret, secret.key);
    }
    bool any = hello == NULL || found->is;
    if (sotto_ok(status))
        status = tls_engine_new_anonymous(&session->tls, hello == NULL ? self->client : self->server, alpn,
                                          any ? &secret : NULL);
    bytes_wipe(&secret, sizeof secret);
    return status;
}

static sotto_status session_fill(live_self *self, seal_env *env, live_session *session, sotto_bytes full,
                                 const live_hello *hello) {
    live_found found = {0};
    session->initiator = hello == NULL;
    session->used_ms = env->now_ms;
    bytes_buffer_owned(&session->records, self->host, RECORDS_MAX);
    bytes_buffer_owned(&session->plain, self->host, PLAIN_MAX);
    SOTTO_TRY(live_keep(self->host, full, &session->full));
    session->bare = live_bare(session->full);
    if (hello != NULL) {
        memcpy(session->id, hello->id, LIVE_ID_BYTES);
        found = hello->found;
    } else {
        const live_peer *peer = live_peer_find(self, session->full);
        SOTTO_TRY(env->random(env, session->id, LIVE_ID_BYTES));
        SOTTO_TRY(live_secret_offer(env, session->full, peer != NULL ? peer->tries : 0, &found, &session->others));
    }
    session->offered = found.is;
    session->secret = found.secret;
    memcpy(session->secret_key, found.key, sizeof session->secret_key);
    if (found.is) SOTTO_TRY(live_keep(self->host, found.jid, &session->secret_jid));
    sotto_status status = tls_begin(self, env, session, hello, &found);
    bytes_wipe(&found, sizeof found);
    SOTTO_TRY(status);
    if (hello != NULL) return SOTTO_OK;
    SOTTO_TRY(tls_engine_client_random(session->tls, session->random));
    return pull(session); /* the ClientHello */
}

sotto_status live_session_new(live_self *self, seal_env *env, sotto_bytes full, const live_hello *hello,
                              live_session **ret) {
    sessions_room(self, env, live_bare(full));
    live_session *session = bytes_new(self->host, sizeof *session);
    if (session == NULL) return SOTTO_FAIL(NO_MEMORY);
    sotto_status status = session_fill(self, env, session, full, hello);
    if (sotto_ok(status)) status = live_session_list(self, session);
    if (!sotto_ok(status)) {
        live_session_free(self, session);
        return status;
    }
    *ret = session;
    return SOTTO_OK;
}

static void release(bytes_buffer *buffer, const sotto_host *host, size_t ceiling) {
    if (buffer->len > 0 || buffer->size <= IDLE || !sotto_ok(buffer->status)) return;
    bytes_buffer_free(buffer);
    bytes_buffer_owned(buffer, host, ceiling);
}

void live_session_idle(const live_self *self, live_session *session) {
    release(&session->records, self->host, RECORDS_MAX);
    release(&session->plain, self->host, PLAIN_MAX);
}

/* The first rebuild after progress waits for nothing. */
void live_session_failed(live_self *self, seal_env *env, live_session *session, sotto_status reason) {
    live_peer *peer = live_peer_find(self, session->full);
    if (session->over) return;
    if (peer != NULL && peer->attempt == session) {
        peer->tries = 0;
        peer->tried_theirs = false;
    }
    if (peer != NULL && (peer->ready == session || peer->attempt == session)) {
        const live_line *line = session->proved ? live_line_find(self, session->bare, session->key) : NULL;
        uint64_t wait = peer->failures == 0 ? 0 : UINT64_C(1000) << (peer->failures < 7 ? peer->failures - 1 : 6);
        if (wait > LIVE_BACKOFF_MAX) wait = LIVE_BACKOFF_MAX;
        peer->failures++;
        peer->not_before_ms = env->now_ms + wait;
        peer->reason = reason;
        if (session->proved) peer->wanted = line != NULL && line->count > 0;
    }
    live_session_over(self, session);
}

sotto_status live_key_of(bytes_arena *arena, sotto_bytes bare, const uint8_t key[32], seal_key *ret) {
    uint8_t hash[32];
    seal_key made = {.known = true, .active = true};
    SOTTO_TRY(crypto_hash_of(CRYPTO_SHA256, hash, bytes_of(key, 32)));
    /* There are no device ids here; people and tables want a number. */
    made.device = ((uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 | (uint32_t)hash[2] << 8 | hash[3]) & 0x7fffffff;
    if (made.device == 0) made.device = 1;
    memcpy(made.key, key, 32);
    memcpy(made.fingerprint, key, 32);
    if (!bytes_arena_copy(arena, bare, &made.jid)) return SOTTO_FAIL(NO_MEMORY);
    *ret = made;
    return SOTTO_OK;
}

/* ---- out ---- */

/* TLS failed: for reasons of this machine, or because of the other side. */
static sotto_status tls_broken(live_self *self, seal_env *env, live_session *session) {
    sotto_status why = tls_engine_error(session->tls);
    if (sotto_is(why, SOTTO_E_NO_MEMORY))
        return why; /* whatever else went wrong in there, the step could not be repeated */
    live_session_failed(self, env, session, why);
    return SOTTO_OK;
}

/* A record at a time, so that what TLS keeps between does not grow with the stanza. */
static sotto_status write_plain(live_session *session, sotto_bytes plain) {
    while (plain.len > 0) {
        size_t taken = tls_engine_plain_in(session->tls, bytes_of(plain.at, plain.len < RECORD ? plain.len : RECORD));
        if (taken == 0) return SOTTO_FAIL(TLS_FAILED);
        plain = bytes_after(plain, taken);
        SOTTO_TRY(pull(session));
    }
    return SOTTO_OK;
}

sotto_status live_session_write(live_self *self, live_session *session, const live_message *message) {
    uint8_t room[PIECE];
    bytes_buffer out;
    sotto_bytes plain;
    size_t most = HEAD + message->zeros + message->stanza.len + message->body.len;
    if (most <= sizeof room)
        bytes_buffer_borrowed(&out, room, sizeof room);
    else
        bytes_buffer_owned(&out, self->host, PLAIN_MAX);
    bytes_buffer_reserve(&out, most);
    live_message_write(&out, message);
    sotto_status status = bytes_buffer_end(&out, &plain);
    if (sotto_ok(status)) status = write_plain(session, plain);
    if (out.at == room) bytes_wipe(room, out.len);
    bytes_buffer_free(&out);
    return status;
}

sotto_status live_session_frame(live_session *session, bytes_arena *arena, const sotto_host *host, sotto_bytes *ret,
                                bool *ret_is) {
    sotto_bytes records, written;
    SOTTO_TRY(bytes_buffer_end(&session->records, &records));
    *ret_is = records.len > 0;
    if (!*ret_is) return SOTTO_OK;
    live_frame frame = {.number = session->sent, .records = records};
    if (frame.records.len > LIVE_FRAME_BYTES) frame.records.len = LIVE_FRAME_BYTES;
    memcpy(frame.session, session->id, LIVE_ID_BYTES);
    bytes_buffer out;
    bytes_buffer_owned(&out, host, 2 * LIVE_FRAME_BYTES);
    live_frame_write(&out, &frame);
    sotto_status status = bytes_buffer_end(&out, &written);
    if (sotto_ok(status) && !bytes_arena_copy(arena, written, ret)) status = SOTTO_FAIL(NO_MEMORY);
    bytes_buffer_free(&out);
    SOTTO_TRY(status);
    bytes_buffer_drop(&session->records, frame.records.len);
    session->sent++;
    return SOTTO_OK;
}

/* ---- in ---- */

/* The responder's flight is written: its proof goes with it. */
static sotto_status answer_hello(live_self *self, seal_env *env, live_session *session) {
    SOTTO_TRY(tls_engine_client_random(session->tls, session->random));
    if (live_session_of_random(self, session->random) != NULL) { /* our own ClientHello */
        live_session_failed(self, env, session, SOTTO_FAIL(BAD_KEY));
        return SOTTO_OK;
    }
    SOTTO_TRY(pull(session));
    return live_opening_answer(self, env, session);
}

/* What was acknowledged is looked for among all rows. */
static sotto_status hear(live_self *self, seal_env *env, live_session *session) {
    live_message have = {.kind = LIVE_HAVE, .number = session->heard};
    if (session->heard == 0) return SOTTO_OK;
    memcpy(have.epoch, session->heard_epoch, sizeof have.epoch);
    session->heard = 0;
    return live_stanza_stored(self, env, session, &have);
}

/* That is done once for an epoch, when the frame was read: hundreds of acknowledgements fit into one, and the last one
 * says what all did. */
static sotto_status take_have(live_self *self, seal_env *env, live_session *session, const live_message *have) {
    bool same = session->heard > 0 && memcmp(session->heard_epoch, have->epoch, LIVE_EPOCH_BYTES) == 0;
    if (!same) {
        SOTTO_TRY(hear(self, env, session));
        if (session->heard_epochs++ >= SOTTO_LIVE_EPOCHS_MAX) {
            live_session_failed(self, env, session, SOTTO_FAIL(TOO_LARGE));
            return SOTTO_OK;
        }
        memcpy(session->heard_epoch, have->epoch, LIVE_EPOCH_BYTES);
    }
    if (have->number > session->heard) session->heard = have->number;
    return SOTTO_OK;
}

/* Before both proofs nothing counts but them. A close there is nobody's word. */
static sotto_status take_opening(live_self *self, seal_env *env, live_session *session, const live_message *message) {
    if (message->kind == LIVE_PROOF && !session->met) return live_opening_proof(self, env, session, message);
    if (message->kind == LIVE_YOU_FIRST && !session->met) return live_opening_you_first(self, env, session);
    bool refused = message->kind == LIVE_CLOSE;
    live_session_failed(self, env, session, refused ? SOTTO_FAIL(SERVER_REFUSED) : SOTTO_FAIL(MALFORMED));
    return SOTTO_OK;
}

static sotto_status take_message(live_self *self, seal_env *env, live_session *session, const live_message *message) {
    if (message->kind == LIVE_PAD) return SOTTO_OK;
    if (!session->proved) return take_opening(self, env, session, message);
    if (session->closing && !live_close_counts(message->kind)) return SOTTO_OK;
    switch (message->kind) {
    case LIVE_DATA:
        return live_stanza_arrived(self, env, session, message);
    case LIVE_HAVE:
        return take_have(self, env, session, message);
    case LIVE_HOLD:
        return live_secret_hold_take(self, env, session, message);
    case LIVE_STATEMENT:
        return live_statement_take(self, env, session, message);
    case LIVE_PASSWORD:
        return live_password_take(self, env, session, message);
    case LIVE_CLOSE:
        return live_close_take(self, env, session, message);
    case LIVE_PAD:
    case LIVE_IGNORED:
        return SOTTO_OK;
    case LIVE_PROOF:
    case LIVE_YOU_FIRST:
        live_session_failed(self, env, session, SOTTO_FAIL(MALFORMED));
        return SOTTO_OK;
    }
    return SOTTO_OK; /* of a later version */
}

/* Whoever proved nothing has nothing kept for him that is longer than a proof, or what is put before one. */
static bool is_too_long(const live_session *session, sotto_bytes plain) {
    if (session->proved || plain.len < 5) return false;
    return plain.len >= (plain.at[4] == LIVE_PAD ? 5 + SOTTO_LIVE_PAD_BYTES_MAX : LIVE_PROOF_BYTES);
}

/* What is whole is dealt with; *ret_used: so many bytes. */
static sotto_status take_messages(live_self *self, seal_env *env, live_session *session, sotto_bytes plain,
                                  size_t *ret_used) {
    *ret_used = 0;
    while (!session->over) {
        live_message message;
        size_t used;
        sotto_status status = live_message_read(plain, &used, &message);
        bool too_long = is_too_long(session, plain);
        if (sotto_is(status, SOTTO_E_AGAIN) && !too_long) return SOTTO_OK;
        if (!sotto_ok(status)) {
            live_session_failed(self, env, session, too_long ? SOTTO_FAIL(MALFORMED) : status);
            return SOTTO_OK;
        }
        SOTTO_TRY(take_message(self, env, session, &message));
        *ret_used += used;
        plain = bytes_after(plain, used);
    }
    return SOTTO_OK;
}

/* Most of what comes is whole, and is read where it is; the rest is kept until more comes. */
static sotto_status take_plain(live_self *self, seal_env *env, live_session *session, sotto_bytes piece) {
    size_t used;
    if (session->plain.len == 0) {
        SOTTO_TRY(take_messages(self, env, session, piece, &used));
        bytes_buffer_put(&session->plain, bytes_after(piece, used));
        return bytes_buffer_end(&session->plain, &piece);
    }
    bytes_buffer_put(&session->plain, piece);
    SOTTO_TRY(bytes_buffer_end(&session->plain, &piece));
    SOTTO_TRY(take_messages(self, env, session, piece, &used));
    bytes_buffer_drop(&session->plain, used);
    return SOTTO_OK;
}

static sotto_status drain(live_self *self, seal_env *env, live_session *session) {
    uint8_t piece[PIECE];
    while (!session->over) {
        size_t got = tls_engine_plain_out(session->tls, piece, sizeof piece);
        if (!sotto_ok(tls_engine_error(session->tls))) return tls_broken(self, env, session);
        bool hello = !session->initiator && !session->answered;
        if (hello && (tls_engine_state(session->tls) & TLS_WANTS_EARLY) != 0)
            SOTTO_TRY(answer_hello(self, env, session));
        if (session->over || got == 0) break;
        sotto_status status = take_plain(self, env, session, bytes_of(piece, got));
        bytes_wipe(piece, got);
        SOTTO_TRY(status);
    }
    return session->over ? SOTTO_OK : pull(session);
}

static sotto_status feed_records(live_self *self, seal_env *env, live_session *session, sotto_bytes records) {
    while (records.len > 0 && !session->over) {
        size_t taken = tls_engine_records_in(session->tls, records);
        records = bytes_after(records, taken);
        SOTTO_TRY(drain(self, env, session));
        if (taken == 0 && !session->over) { /* it wants no more: it has ended, or failed */
            live_session_failed(self, env, session, SOTTO_FAIL(TLS_FAILED));
            return SOTTO_OK;
        }
    }
    return SOTTO_OK;
}

static sotto_status hold(live_self *self, live_session *session, const live_frame *frame) {
    live_early **at = &session->early;
    if (frame->number - session->expected > SOTTO_LIVE_GAP_MAX || session->early_count >= SOTTO_LIVE_GAP_MAX)
        return SOTTO_OK;
    while (*at != NULL && (*at)->number < frame->number) at = &(*at)->next;
    if (*at != NULL && (*at)->number == frame->number) return SOTTO_OK;
    live_early *early = bytes_new(self->host, sizeof *early + frame->records.len);
    if (early == NULL) return SOTTO_FAIL(NO_MEMORY);
    early->number = frame->number;
    early->len = frame->records.len;
    memcpy(early->at, frame->records.at, frame->records.len);
    early->next = *at;
    *at = early;
    session->early_count++;
    return SOTTO_OK;
}

static sotto_status feed_held(live_self *self, seal_env *env, live_session *session) {
    while (!session->over && session->early != NULL && session->early->number == session->expected) {
        live_early *early = session->early;
        session->early = early->next;
        session->early_count--;
        session->expected++;
        sotto_status status = feed_records(self, env, session, bytes_of(early->at, early->len));
        bytes_free(self->host, early, sizeof *early + early->len);
        SOTTO_TRY(status);
    }
    return SOTTO_OK;
}

/* What was taken is acknowledged once, with the last number. */
static sotto_status acknowledge(live_self *self, live_session *session) {
    live_message have = {.kind = LIVE_HAVE, .number = session->number};
    if (session->over || !session->owes) return SOTTO_OK;
    memcpy(have.epoch, session->epoch, sizeof have.epoch);
    SOTTO_TRY(live_session_write(self, session, &have));
    session->owes = false;
    return SOTTO_OK;
}

static sotto_status feed(live_self *self, seal_env *env, live_session *session, const live_frame *frame) {
    session->expected++;
    session->heard = session->heard_epochs = 0;
    SOTTO_TRY(feed_records(self, env, session, frame->records));
    SOTTO_TRY(feed_held(self, env, session));
    SOTTO_TRY(hear(self, env, session));
    return acknowledge(self, session);
}

sotto_status live_session_feed(live_self *self, seal_env *env, live_session *session, const live_frame *frame) {
    session->used_ms = env->now_ms;
    if (frame->number < session->expected) return SOTTO_OK;
    if (frame->number > session->expected) return hold(self, session, frame);
    sotto_status status = feed(self, env, session, frame);
    if (sotto_ok(status) || live_is_ours(status)) return status;
    live_session_failed(self, env, session, status);
    return SOTTO_OK;
}
