/* SPDX-License-Identifier: ISC
 *
 * Iqs in both directions: those of others, and the answers to our own. */
#include "bytes/cursor.h"
#include "bytes/memory.h"
#include "seal/live/self.h"
#include "tls/hello.h"

#define NOTE_BYTES (LIVE_ID_BYTES + 8u) /* and a bare JID behind */
#define NS_STANZAS "urn:ietf:params:xml:ns:xmpp-stanzas"

/* ---- our own ---- */

static sotto_bytes note_write(bytes_buffer *out, const live_session *session, uint64_t number) {
    sotto_bytes ret = BYTES_NONE;
    bytes_buffer_put(out, bytes_of(session->id, LIVE_ID_BYTES));
    bytes_buffer_u64(out, number);
    bytes_buffer_put(out, session->bare);
    return sotto_ok(bytes_buffer_end(out, &ret)) ? ret : BYTES_NONE;
}

sotto_status live_ask(live_self *self, seal_env *env, live_session *session, sotto_bytes frame) {
    (void)self;
    uint8_t at[NOTE_BYTES + SOTTO_LIVE_JID_BYTES_MAX];
    bytes_buffer note;
    bytes_buffer_borrowed(&note, at, sizeof at);
    SOTTO_TRY(env->ask(env, true, session->full, frame, note_write(&note, session, session->sent - 1)));
    session->waiting++;
    return SOTTO_OK;
}

static bool has_condition(const stanza_element *answer, const char *condition) {
    return stanza_child(stanza_child(answer, "error", STANZA_NS_CLIENT), condition, NS_STANZAS) != NULL;
}

static sotto_status note_known(void *arg, const uint8_t key[32]) {
    (void)key;
    *(bool *)arg = true;
    return SOTTO_OK;
}

/* RFC 6120 section 8.4: what a client answers that does not know the namespace, or a server for one that is gone. */
static bool is_unknown(const stanza_element *answer) {
    return has_condition(answer, "service-unavailable") || has_condition(answer, "feature-not-implemented");
}

/* The first frame came back. Somebody who never spoke this with us does not speak it; of somebody who did it is not
 * believed so easily (T8). */
static sotto_status refused(live_self *self, seal_env *env, live_session *session, const stanza_element *answer) {
    live_peer *peer = live_peer_find(self, session->full);
    bool known = false;
    SOTTO_TRY(live_row_keys(env, session->bare, note_known, &known));
    if (peer != NULL && peer->attempt == session && has_condition(answer, "conflict")) {
        peer->not_before_ms = env->now_ms + LIVE_CONFLICT_MS;
        live_session_over(self, session);
        return SOTTO_OK;
    }
    if (known || peer == NULL || peer->attempt != session || !is_unknown(answer)) {
        live_session_failed(self, env, session, SOTTO_FAIL(SERVER_REFUSED));
    } else {
        peer->refused = true;
        peer->wanted = false;
        peer->not_before_ms = env->now_ms + LIVE_REFUSED_MS;
        live_session_over(self, session);
    }
    return env->changed(env, session->bare);
}

static sotto_status take_result(live_self *self, seal_env *env, live_session *session, const stanza_element *answer) {
    const stanza_element *element = stanza_child(answer, "live", LIVE_NS);
    live_frame frame;
    sotto_status status = SOTTO_FAIL(MALFORMED);
    if (element == NULL && (session->shown || session->quarantined)) return SOTTO_OK; /* there was nothing to say */
    if (element != NULL) status = live_frame_read(element, env->arena, &frame);
    if (sotto_ok(status) && memcmp(frame.session, session->id, LIVE_ID_BYTES) != 0) status = SOTTO_FAIL(MALFORMED);
    if (sotto_ok(status)) return live_session_feed(self, env, session, &frame);
    if (live_is_ours(status)) return status;
    live_session_failed(self, env, session, status);
    return SOTTO_OK;
}

sotto_status live_answered(live_self *self, seal_env *env, const seal_input *input) {
    if (input->note.len < NOTE_BYTES) return SOTTO_OK;
    live_session *session = live_session_find(self, input->note.at);
    /* Forgotten, or replaced: whoever waits for it asks again. */
    if (session == NULL) return env->changed(env, bytes_after(input->note, NOTE_BYTES));
    if (session->waiting > 0) session->waiting--;
    if (sotto_ok(input->status)) {
        SOTTO_TRY(take_result(self, env, session, input->answer));
    } else if (sotto_is(input->status, SOTTO_E_SERVER_REFUSED) && !session->proved) {
        return refused(self, env, session, input->answer);
    } else {
        live_session_failed(self, env, session, input->status);
    }
    /* An answer to a handshake that leaves nothing to say: half a flight, or a number out of order. */
    bool waits = session->proved || session->shown || session->quarantined;
    if (!session->over && !waits && session->waiting == 0 && session->records.len == 0)
        live_session_failed(self, env, session, SOTTO_FAIL(MALFORMED));
    return session->over ? env->changed(env, session->bare) : SOTTO_OK;
}

/* ---- others' ---- */

static sotto_status reply_error(seal_opened *ret, const char *condition) {
    *ret = (seal_opened){.outcome = SEAL_CONTROL, .reply = SEAL_REPLY_ERROR, .reply_condition = condition};
    return SOTTO_OK;
}

/* The result carries what there is to say in one frame; what is left goes in iqs of our own. */
static sotto_status reply_records(live_self *self, seal_env *env, live_session *session, seal_opened *ret) {
    bool is = false;
    seal_opened opened = {.outcome = SEAL_CONTROL, .reply = SEAL_REPLY_RESULT};
    if (session->over && !session->closed) return reply_error(ret, "not-acceptable");
    SOTTO_TRY(live_session_frame(session, env->arena, self->host, &opened.reply_payload, &is));
    *ret = opened;
    return SOTTO_OK;
}

/* A budget for each bare JID, since resources are anybody's to make up: an answer costs a handshake (T20). */
static bool within_budget(live_self *self, seal_env *env, live_peer *peer) {
    unsigned spent = 0;
    self->minute = env->now_ms / 60000;
    for (const live_peer *one = NULL; (one = live_peer_beside(self, peer->bare, one)) != NULL;)
        if (one->minute == self->minute) spent += one->hellos;
    if (spent >= SOTTO_LIVE_HELLOS_PER_MINUTE) return false;
    if (peer->minute != self->minute) peer->hellos = 0;
    peer->minute = self->minute;
    peer->hellos++;
    return true;
}

/* Whoever does not see our presence is answered when we know them by a secret, and we do not look for long: 30 a minute
 * of all of them together (T20, T23). */
static bool strangers_within_budget(live_self *self, seal_env *env) {
    if (self->strange_minute != env->now_ms / 60000) self->strangers = 0;
    self->strange_minute = env->now_ms / 60000;
    if (self->strangers >= SOTTO_LIVE_STRANGERS_PER_MINUTE) return false;
    self->strangers++;
    return true;
}

/* Whom the ClientHello is from, by the secret it offers. */
static sotto_status look_into(live_self *self, seal_env *env, const seal_origin *origin, const live_frame *frame,
                              live_hello *ret) {
    tls_hello hello;
    *ret = (live_hello){.id = frame->session};
    if (frame->number != 0 || !sotto_ok(tls_hello_read(frame->records, &hello))) return SOTTO_OK;
    if (hello.identity.len != TLS_SECRET_IDENTITY_BYTES) return SOTTO_OK;
    if (!origin->sees_presence && !strangers_within_budget(self, env)) return SOTTO_OK;
    ret->identity = hello.identity;
    return live_secret_find(self, env, origin->from_full, hello.identity, &ret->found);
}

static sotto_status take_hello(live_self *self, seal_env *env, sotto_bytes from, const live_frame *frame,
                               const live_hello *hello, seal_opened *ret) {
    live_peer *peer;
    live_session *session;
    sotto_status status = live_peer_of(self, from, &peer);
    if (!sotto_ok(status)) return live_is_ours(status) ? status : reply_error(ret, "resource-constraint");
    if (self->ending || bytes_equal(from, self->full) || !within_budget(self, env, peer))
        return reply_error(ret, "resource-constraint");
    SOTTO_TRY(live_session_new(self, env, from, hello, &session));
    SOTTO_TRY(live_session_feed(self, env, session, frame));
    if (session->over) return reply_error(ret, "not-acceptable");
    live_session *own = peer->attempt;
    bool waits = own != NULL && (own->met || own->waits_ms != 0); /* for a person, and long: no reason not to go on */
    if (own != NULL && !waits && own->initiator && bytes_compare(self->full, from) < 0) { /* both at once */
        live_session_over(self, session);
        return reply_error(ret, "conflict");
    }
    if (waits) return reply_records(self, env, session, ret);
    if (own != NULL) live_session_over(self, own);
    peer->attempt = session;
    return reply_records(self, env, session, ret);
}

/* `hello` is the caller's, who wipes it: it may hold a secret. */
static sotto_status take_frame(live_self *self, seal_env *env, const seal_origin *origin, const stanza_element *element,
                               live_hello *hello, seal_opened *ret) {
    live_frame frame;
    sotto_status status = live_frame_read(element, env->arena, &frame);
    if (live_is_ours(status)) return status;
    live_session *session = sotto_ok(status) ? live_session_find(self, frame.session) : NULL;
    bool theirs = session != NULL && bytes_equal(session->full, origin->from_full);
    if (!theirs && session == NULL && sotto_ok(status)) SOTTO_TRY(look_into(self, env, origin, &frame, hello));
    if (!theirs && !origin->sees_presence && !hello->found.is) return SOTTO_OK;
    if (!sotto_ok(status)) return reply_error(ret, "bad-request");
    if (!theirs && (session != NULL || frame.number > 0)) return reply_error(ret, "item-not-found");
    if (!theirs) return take_hello(self, env, origin->from_full, &frame, hello, ret);
    SOTTO_TRY(live_session_feed(self, env, session, &frame));
    if (session->over) SOTTO_TRY(env->changed(env, session->bare));
    return reply_records(self, env, session, ret);
}

sotto_status live_unprotect(void *arg, seal_env *env, const stanza_element *iq, const seal_origin *origin,
                            seal_opened *ret) {
    live_self *self = arg;
    const stanza_element *element = stanza_child(iq, "live", LIVE_NS);
    live_hello hello = {0};
    *ret = (seal_opened){.outcome = SEAL_NOT_MINE};
    if (!self->online || element == NULL || !bytes_is(stanza_attribute_of(iq, "type"), "set") || origin->room ||
        live_bare(origin->from_full).len == origin->from_full.len)
        return SOTTO_OK;
    SOTTO_TRY(live_load(self, env));
    sotto_status status = take_frame(self, env, origin, element, &hello, ret);
    bytes_wipe(&hello, sizeof hello);
    return status;
}
