/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "account/state.h"
#include "bytes/memory.h"
#include "bytes/span.h"
#include "stanza/writer.h"
#include "trust/certificate.h"

#define PAUSE_FIRST_MS 1000u
#define PAUSE_LAST_MS  300000u
#define LASTING_MS     60000u /* a stream that lived so long was none that fails */
#define STRIKES_MAX    2u     /* the second time it was sent alone: there is no doubt any more */

sotto_status account_connect(account *a) {
    stream_client_config config = {
        .host = a->host,
        .account = a->jid.bare,
        .password = a->password,
        .tls = a->tls,
        .connect_host = a->connect_host,
        .connect_port = a->connect_port,
        .connect_direct_tls = a->connect_direct_tls,
        .resume_id = a->available ? a->resume_id : BYTES_NONE,
        .resume_handled = a->committed,
        .resume_jid = a->full,
        .now_ms = a->now_ms,
    };
    a->retry_ms = UINT64_MAX;
    a->ended = false;
    return stream_client_new(&a->stream, &config);
}

/* Whether trying again later may help without anybody doing anything. */
static bool may_pass(sotto_status status) {
    switch (status.code) {
    case SOTTO_E_NOT_AUTHORIZED:
    case SOTTO_E_LOGIN_REFUSED:
    case SOTTO_E_NO_MECHANISM:
    case SOTTO_E_SERVER_UNPROVEN:
    case SOTTO_E_BAD_CERTIFICATE:
    case SOTTO_E_NO_TLS:
    case SOTTO_E_BAD_JID:
        return false;
    default:
        return true;
    }
}

/* One second, two, four... up to five minutes; a quarter of it by chance, so that a server that comes back is not met
 * by everybody at once. */
static uint64_t pause_ms(account *a) {
    unsigned doublings = a->failures < 9 ? a->failures : 9;
    uint64_t pause = (uint64_t)PAUSE_FIRST_MS << doublings;
    if (pause > PAUSE_LAST_MS) pause = PAUSE_LAST_MS;
    uint8_t dice = 0;
    if (!sotto_ok(a->host->random(a->host->arg, &dice, 1))) dice = 128;
    return pause - pause / 4 * dice / 255;
}

/* Stream errors by which a server says that it cannot stand what we sent (RFC 6120 section 4.9.3). */
static bool blames_us(sotto_status status, sotto_bytes text) {
    static const char *const conditions[] = {"policy-violation",        "not-well-formed",  "invalid-xml",
                                             "restricted-xml",          "bad-format",       "bad-namespace-prefix",
                                             "unsupported-stanza-type", "invalid-namespace"};
    if (!sotto_is(status, SOTTO_E_STREAM_ERROR)) return false;
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++)
        if (bytes_starts_with(text, bytes_text(conditions[i]))) return true;
    return false;
}

/* A stanza that makes the server end the stream would end every stream it is sent on. The first time it is only
 * suspected, and from then on stanzas are sent one at a time; the second time it is dropped, and whoever sent it is
 * told. Only messages: everything else is not sent again on another stream. *ret_blamed: it makes sense to try again at
 * once. */
static sotto_status blame(account *a, bool *ret_blamed) {
    *ret_blamed = a->unacked_count > 0 && a->manages && a->unacked[0].lasting;
    if (!*ret_blamed) return SOTTO_OK;
    uint64_t seq = a->unacked[0].seq;
    a->strikes = a->suspect == seq ? a->strikes + 1 : 1;
    a->suspect = seq;
    a->staged = a->noted = true;
    if (a->strikes < STRIKES_MAX) return SOTTO_OK;
    SOTTO_TRY(sotto_engine_reject(a->engine, seq, SOTTO_FAIL(STREAM_ERROR)));
    a->suspect = a->strikes = 0;
    a->resume_id = BYTES_NONE; /* the server may have counted it, and we do not any more */
    a->unacked_count = 0;
    return SOTTO_OK;
}

void account_drop(account *a, sotto_status status, sotto_bytes text) {
    size_t len = text.len < sizeof a->text_at ? text.len : sizeof a->text_at;
    if (len > 0) memmove(a->text_at, text.at, len); /* it may lie in the stream */
    stream_client_free(a->stream);
    a->stream = NULL;
    a->disconnect = a->connected;
    bool was_online = a->online;
    a->online = false;
    if (was_online) {
        sotto_status told = sotto_engine_step(a->engine, &(sotto_input){.kind = SOTTO_INPUT_OFFLINE}, a->now_ms);
        a->staged = a->staged || sotto_ok(told); /* when it fails the next ONLINE sets things right */
    }
    if (a->ending && sotto_ok(status)) {
        a->resume_id = BYTES_NONE; /* closed in order: there is nothing to resume */
        a->noted = true;
    }
    bool blamed = false;
    if (was_online && blames_us(status, bytes_of(a->text_at, len)) && !sotto_ok(blame(a, &blamed))) blamed = false;
    if (was_online && a->now_ms - a->online_since_ms >= LASTING_MS) a->failures = 0;
    bool again = (a->keep_trying || blamed) && !a->ending && may_pass(status);
    a->retry_ms = again ? a->now_ms + pause_ms(a) : UINT64_MAX;
    a->failures++;
    a->ending = false;
    a->offline = (account_output){
        .kind = ACCOUNT_OFFLINE, .status = status, .text = bytes_of(a->text_at, len), .retry_ms = a->retry_ms};
}

/* ---- what the stream says ---- */

static sotto_status judge_certificate(account *a, const stream_client_output *out) {
    const tls_facts *facts = out->facts;
    trust_certificate certificate = {facts->has_certificate, facts->path_valid, facts->path_error, facts->dns_names,
                                     facts->dns_count,       facts->srv_names,  facts->srv_count};
    trust_certificate_reference reference = {out->name, "_xmpp-client"};
    trust_certificate_reason reason = trust_certificate_judge(&certificate, &reference);
    if (reason == TRUST_CERTIFICATE_ACCEPTED) return stream_client_verdict(a->stream, true);
    char text[sizeof a->text_at];
    const char *why = reason == TRUST_CERTIFICATE_PATH && facts->path_error != NULL ? facts->path_error
                                                                                    : trust_certificate_text(reason);
    int len = snprintf(text, sizeof text, "%s", why);
    sotto_status status = stream_client_verdict(a->stream, false);
    size_t shown = len < 0 ? 0 : (size_t)len < sizeof text ? (size_t)len : sizeof text - 1;
    account_drop(a, SOTTO_FAIL(BAD_CERTIFICATE), bytes_of(text, shown));
    return status;
}

/* Room for telling of so many tickets; else nothing is changed, and the acknowledgement has not come yet. */
static sotto_status room_for_tickets(account *a, size_t count) {
    size_t before = a->sent.len;
    SOTTO_TRY(a->sent.status);
    if (count == 0) return SOTTO_OK;
    bool there = bytes_buffer_room(&a->sent, count * ACCOUNT_SENT_BYTES) != NULL;
    if (there)
        bytes_buffer_cut(&a->sent, before);
    else
        a->sent.status = SOTTO_OK; /* what waits in it is still to be told */
    return there ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
}

/* The server has our stanzas up to `acked`: the first ones of the queue. Tickets are told of later. */
static sotto_status take_acks(account *a, uint32_t acked, bool tell_engine) {
    uint32_t count = acked - a->acked;
    size_t known = count < a->unacked_count ? count : a->unacked_count;
    SOTTO_TRY(room_for_tickets(a, known));
    for (size_t i = 0; i < known; i++) {
        const account_unacked *entry = &a->unacked[i];
        if (a->suspect != 0 && entry->seq >= a->suspect) a->suspect = a->strikes = 0; /* it was not that, or is gone */
        if (tell_engine) {
            sotto_status status = sotto_engine_done(a->engine, entry->seq);
            if (!sotto_is(status, SOTTO_E_NOT_FOUND)) SOTTO_TRY(status);
        }
        if (entry->ticket == 0 || (entry->ticket & ACCOUNT_OWN_TICKET) != 0) continue;
        bytes_buffer_u64(&a->sent, entry->ticket);
        bytes_buffer_put(&a->sent, bytes_of(entry->seal, sizeof entry->seal));
    }
    if (known > 0) memmove(a->unacked, a->unacked + known, (a->unacked_count - known) * sizeof *a->unacked);
    a->unacked_count -= known;
    a->acked = acked;
    a->staged = a->noted = true;
    return SOTTO_OK;
}

static void keep_span(uint8_t *at, size_t size, sotto_bytes from, sotto_bytes *ret) {
    size_t len = from.len <= size ? from.len : 0;
    if (len > 0) memcpy(at, from.at, len);
    *ret = bytes_of(at, len);
}

static sotto_status go_online(account *a, const stream_client_output *out) {
    sotto_input input = {.kind = SOTTO_INPUT_ONLINE, .jid = out->jid, .resumed = out->resumed};
    input.acked = out->resumed ? out->acked - a->acked : a->acked_late;
    SOTTO_TRY(room_for_tickets(a, a->unacked_count)); /* before the engine believes in them */
    a->acked_late = 0;
    sotto_status status = sotto_engine_step(a->engine, &input, a->now_ms);
    if (sotto_is(status, SOTTO_E_BAD_SERVER)) { /* its counts are not ours: the next stream begins anew */
        a->resume_id = BYTES_NONE;
        a->staged = a->noted = true;
    }
    SOTTO_TRY(status);
    SOTTO_TRY(take_acks(a, a->acked + input.acked, false));
    a->online = a->staged = a->noted = true;
    a->manages = out->manages;
    a->online_since_ms = a->now_ms;
    a->unacked_count = 0; /* what was not acknowledged comes from the engine again */
    /* A process that resumes the stream of an earlier one cannot know whether its presence was ever sent, and has no
     * roster. */
    if (out->resumed) return a->announced ? SOTTO_OK : account_announce(a);
    a->handled = a->committed = a->acked = 0;
    keep_span(a->resume_at, sizeof a->resume_at, out->resume_id, &a->resume_id);
    keep_span(a->full_at, sizeof a->full_at, out->jid, &a->full);
    SOTTO_TRY(account_note_password(a));
    return account_announce(a);
}

/* What the server says must not stop the account: a stanza that is none is dropped, and counts as handled. */
static sotto_status take_stanza(account *a, const stream_client_output *out) {
    bytes_buffer buffer;
    bytes_buffer_owned(&buffer, a->host, SOTTO_STANZA_BYTES_MAX);
    stanza_writer writer;
    stanza_writer_init(&writer, &buffer, STANZA_NS_CLIENT);
    stanza_copy(&writer, out->stanza);
    sotto_input input = {.kind = SOTTO_INPUT_STANZA};
    sotto_status status = bytes_buffer_end(&buffer, &input.stanza);
    if (sotto_ok(status)) status = sotto_engine_step(a->engine, &input, a->now_ms);
    bytes_buffer_free(&buffer);
    if (!sotto_ok(status) && sotto_class(status) != SOTTO_CLASS_PEER) return status;
    a->staged = true;
    if (out->count == 0) return SOTTO_OK;
    a->handled = out->count;
    a->noted = true;
    return SOTTO_OK;
}

static void describe_hop(account *a, const stream_client_output *out, account_output *ret) {
    int len = snprintf((char *)a->text_at, sizeof a->text_at, "%s%s", out->mechanism != NULL ? out->mechanism : "",
                       out->channel_bound ? ", bound to the TLS channel" : "");
    *ret = (account_output){.kind = ACCOUNT_ONLINE,
                            .name = a->full,
                            .resumed = out->resumed,
                            .text = bytes_of(a->text_at, len > 0 ? (size_t)len : 0)};
}

sotto_status account_take_stream(account *a, const stream_client_output *out, account_output *ret, bool *ret_give) {
    *ret_give = true;
    switch (out->kind) {
    case STREAM_RESOLVE:
        *ret = (account_output){.kind = ACCOUNT_RESOLVE, .name = out->name};
        return SOTTO_OK;
    case STREAM_CONNECT:
        *ret = (account_output){.kind = ACCOUNT_CONNECT, .name = out->name, .port = out->port};
        return SOTTO_OK;
    case STREAM_DISCONNECT:
        a->connected = false;
        *ret = (account_output){.kind = ACCOUNT_DISCONNECT};
        return SOTTO_OK;
    case STREAM_BYTES:
        *ret = (account_output){.kind = ACCOUNT_BYTES, .bytes = out->bytes};
        return SOTTO_OK;
    case STREAM_ONLINE:
        SOTTO_TRY(go_online(a, out));
        describe_hop(a, out, ret);
        return SOTTO_OK;
    default:
        break;
    }
    *ret_give = false;
    switch (out->kind) {
    case STREAM_VERDICT:
        return judge_certificate(a, out);
    case STREAM_STANZA:
        return take_stanza(a, out);
    case STREAM_ACKED:
        if (!a->online) { /* the server remembers how much of the last session it has (XEP-0198 section 5) */
            a->acked_late = out->acked - a->acked;
            return SOTTO_OK;
        }
        return take_acks(a, out->acked, true);
    case STREAM_ENDED:
        account_drop(a, out->status, out->text);
        return SOTTO_OK;
    default:
        return SOTTO_OK;
    }
}

/* ---- what the engine says to the stream ---- */

static sotto_status remember_unacked(account *a, const sotto_output *out) {
    if (a->unacked_count == a->unacked_size) {
        size_t size = a->unacked_size == 0 ? 64 : a->unacked_size * 2;
        account_unacked *grown =
            bytes_resize(a->host, a->unacked, a->unacked_size * sizeof *grown, size * sizeof *grown);
        if (grown == NULL) return SOTTO_FAIL(NO_MEMORY);
        a->unacked = grown;
        a->unacked_size = size;
    }
    bool lasting = bytes_starts_with(out->stanza, BYTES_LITERAL("<message"));
    account_unacked *entry = &a->unacked[a->unacked_count++];
    *entry = (account_unacked){out->seq, out->ticket, lasting, ""};
    size_t len = out->seal.len < sizeof entry->seal ? out->seal.len : sizeof entry->seal - 1;
    if (len > 0) memcpy(entry->seal, out->seal.at, len);
    return SOTTO_OK;
}

sotto_status account_send_stanza(account *a, const sotto_output *out) {
    SOTTO_TRY(remember_unacked(a, out));
    SOTTO_TRY(stream_client_send(a->stream, out->stanza));
    if (a->manages) return stream_client_request_ack(a->stream);
    /* Without XEP-0198 there is no better moment: written is as done as it gets. */
    return take_acks(a, a->acked + 1, true);
}
