/* SPDX-License-Identifier: ISC */
#include "account/account.h"

#include "account/state.h"
#include "bytes/memory.h"
#include "bytes/span.h"

#define ARENA_CEILING  ((size_t)64 * 1024 * 1024) /* the tree of any stanza, as in stream/wire.c */
#define SENT_BYTES_MAX ((size_t)8 * SOTTO_OUTBOX_ROWS_MAX)

/* ---- opening and closing ---- */

static sotto_status open_all(account *a, const account_config *config, uint64_t now_ms) {
    sotto_engine_config engine = {.account = config->jid,
                                  .host = config->host,
                                  .store = config->store,
                                  .seals = config->seals,
                                  .encrypt = config->encrypt,
                                  .trust = config->trust,
                                  .least_strength = 1,
                                  .catch_up = config->catch_up};
    SOTTO_TRY(stanza_jid_parse(&a->lasting, config->jid, &a->jid));
    if (!bytes_arena_copy(&a->lasting, config->connect_host, &a->connect_host)) return SOTTO_FAIL(NO_MEMORY);
    SOTTO_TRY(sotto_engine_open(&a->engine, &engine, now_ms));
    return account_load_notes(a, config->password);
}

sotto_status account_open(account **ret, const account_config *config, uint64_t now_ms) {
    account *a = bytes_new(config->host, sizeof *a);
    if (a == NULL) return SOTTO_FAIL(NO_MEMORY);
    a->host = config->host;
    a->tls = config->tls;
    a->connect_port = config->connect_port;
    a->connect_direct_tls = config->connect_direct_tls;
    a->available = config->available;
    a->keep_trying = config->keep_trying;
    a->takes_questions = config->takes_questions;
    a->now_ms = now_ms;
    a->retry_ms = UINT64_MAX;
    bytes_arena_init(&a->lasting, config->host, ARENA_CEILING);
    bytes_arena_init(&a->arena, config->host, ARENA_CEILING);
    bytes_buffer_owned(&a->sent, config->host, SENT_BYTES_MAX);
    sotto_status status = open_all(a, config, now_ms);
    if (!sotto_ok(status)) {
        account_close(a);
        return status;
    }
    *ret = a;
    return SOTTO_OK;
}

void account_close(account *a) {
    if (a == NULL) return;
    stream_client_free(a->stream);
    sotto_engine_close(a->engine);
    bytes_free(a->host, a->unacked, a->unacked_size * sizeof *a->unacked);
    bytes_buffer_free(&a->sent);
    bytes_arena_clear(&a->arena);
    bytes_arena_clear(&a->lasting);
    bytes_free(a->host, a, sizeof *a);
}

/* ---- the pump ---- */

/* Everything stepped so far becomes durable, with the counts that go with it; only then may the server hear that we
 * have its stanzas. */
static sotto_status commit(account *a) {
    /* Without memory for the note it goes with the next commit; a restart before that would let the server repeat what
     * is committed here, as after any lost acknowledgement. */
    if (a->noted) a->noted = !sotto_ok(account_note_stream(a)) || !sotto_ok(account_note_suspect(a));
    sotto_status status = sotto_engine_commit(a->engine);
    a->staged = false;
    if (!sotto_ok(status)) {
        a->handled = a->committed;
        a->noted = a->announced = false;
        a->suspect = a->strikes = 0; /* suspected again, when there is room to remember it */
        return status;
    }
    a->committed = a->handled;
    return a->online && a->manages ? stream_client_handled(a->stream, a->committed) : SOTTO_OK;
}

/* The disk is full, or memory is: nothing since the last commit counts, so the connection goes too, and the server
 * will send again what was not acknowledged. */
static void recover(account *a, sotto_status status) {
    /* What was stepped before the failure is whole and has its count: both become durable, or neither does. Else the
     * server would send again what a later commit delivers. */
    if (a->staged) {
        a->manages = false; /* nothing is to be said on a stream that ends */
        sotto_status kept = commit(a);
        if (!sotto_ok(kept)) status = kept;
    }
    account_drop(a, status, BYTES_NONE);
}

static bool tell_waiting(account *a, account_output *ret) {
    if (a->disconnect) {
        a->disconnect = a->connected = false;
        *ret = (account_output){.kind = ACCOUNT_DISCONNECT};
        return true;
    }
    if (a->offline.kind != ACCOUNT_NONE) {
        *ret = a->offline;
        a->offline = (account_output){0};
        return true;
    }
    sotto_bytes tickets;
    if (!sotto_ok(bytes_buffer_end(&a->sent, &tickets)))
        bytes_buffer_reset(&a->sent); /* no memory: those stay untold */
    if (!sotto_ok(bytes_buffer_end(&a->sent, &tickets)) || tickets.len < ACCOUNT_SENT_BYTES) return false;
    uint64_t ticket = 0;
    for (size_t i = 0; i < 8; i++) ticket = ticket << 8 | tickets.at[i];
    memcpy(a->seal_at, tickets.at + 8, sizeof a->seal_at);
    bytes_buffer_drop(&a->sent, ACCOUNT_SENT_BYTES);
    *ret = (account_output){.kind = ACCOUNT_SENT, .ticket = ticket, .seal = bytes_text(a->seal_at)};
    return true;
}

/* A question of somebody's, which has a number; answers have none, and are for the host, who may have asked; so is what
 * the engine says instead of an answer. The engine sends the answer as the question came: through its seal. */
static bool is_question(const account *a, const sotto_output *out) {
    const sotto_delivery *delivery = &out->delivery;
    return out->kind == SOTTO_OUTPUT_DELIVER && out->seq != 0 && sotto_ok(delivery->failure) &&
           bytes_starts_with(delivery->stanza, BYTES_LITERAL("<iq")) &&
           (delivery->seal.len == 0 || !a->takes_questions);
}

/* A question is done in the commit that has its answer. The output's spans end with the next call on the engine. */
static sotto_status take_iq(account *a, const sotto_output *out) {
    uint64_t seq = out->seq;
    SOTTO_TRY(account_answer(a, &out->delivery));
    a->staged = true;
    return sotto_engine_done(a->engine, seq);
}

/* One output of the engine; *ret_give: it is for the host. */
static sotto_status take_engine(account *a, const sotto_output *out, account_output *ret, bool *ret_give) {
    *ret_give = false;
    if (out->kind == SOTTO_OUTPUT_STANZA) return account_send_stanza(a, out);
    if (is_question(a, out)) return take_iq(a, out);
    if (out->kind == SOTTO_OUTPUT_EVENT &&
        (out->event.ticket & ACCOUNT_OWN_TICKET) != 0) { /* our own presence, too late */
        a->staged = true;
        return sotto_engine_done(a->engine, out->seq);
    }
    *ret = (account_output){.kind = ACCOUNT_ENGINE, .engine = *out};
    *ret_give = true;
    return SOTTO_OK;
}

/* One turn: *ret_more is false when there is nothing left to do, *ret_give tells that *ret is for the host. */
static sotto_status turn(account *a, account_output *ret, bool *ret_give, bool *ret_more) {
    *ret_more = true;
    *ret_give = tell_waiting(a, ret);
    if (*ret_give) return SOTTO_OK;
    stream_client_output from_stream = {0};
    if (a->stream != NULL) SOTTO_TRY(stream_client_next(a->stream, &from_stream));
    if (from_stream.kind != STREAM_NONE) return account_take_stream(a, &from_stream, ret, ret_give);
    if (a->staged) return commit(a);
    /* One of them made the server end the stream: one at a time tells which. */
    bool alone = a->suspect != 0 && a->online && a->manages && a->unacked_count > 0;
    sotto_output from_engine;
    if (!alone && sotto_engine_next(a->engine, &from_engine)) return take_engine(a, &from_engine, ret, ret_give);
    if (a->ending && !a->ended && a->stream != NULL) {
        a->ended = true;
        return stream_client_end(a->stream);
    }
    *ret_more = false;
    return SOTTO_OK;
}

sotto_status account_next(account *a, account_output *ret, uint64_t now_ms) {
    a->now_ms = now_ms;
    bytes_arena_back(&a->arena, (bytes_arena_mark){0});
    for (;;) {
        bool give = false, more = false;
        account_output out = {0};
        sotto_status status = turn(a, &out, &give, &more);
        if (!sotto_ok(status)) {
            recover(a, status);
            continue;
        }
        if (!give && more) continue;
        *ret = out;
        return SOTTO_OK;
    }
}

/* ---- inputs ---- */

sotto_status account_start(account *a, uint64_t now_ms) {
    a->now_ms = now_ms;
    return a->stream == NULL ? account_connect(a) : SOTTO_OK;
}

sotto_status account_end(account *a, uint64_t now_ms) {
    a->now_ms = now_ms;
    a->retry_ms = UINT64_MAX;
    if (a->stream == NULL) {
        a->offline = (account_output){.kind = ACCOUNT_OFFLINE, .retry_ms = UINT64_MAX};
        return SOTTO_OK;
    }
    bool first = !a->ending;
    a->ending = true;
    if (!first || !a->online) return SOTTO_OK;
    const sotto_input ending = {.kind = SOTTO_INPUT_ENDING}; /* who is in a session with us hears of it */
    return account_step(a, &ending, now_ms);
}

sotto_status account_resolved(account *a, const account_srv *srv, size_t count, bool failed) {
    if (a->stream == NULL) return SOTTO_OK;
    bytes_arena_back(&a->arena, (bytes_arena_mark){0});
    stream_srv *list = bytes_arena_take(&a->arena, (count + 1) * sizeof *list);
    if (list == NULL) return SOTTO_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++)
        list[i] = (stream_srv){srv[i].direct_tls, srv[i].priority, srv[i].weight, srv[i].port, srv[i].target};
    return stream_client_resolved(a->stream, list, count, failed);
}

sotto_status account_connected(account *a, bool ok) {
    a->connected = ok;
    return a->stream == NULL ? SOTTO_OK : stream_client_connected(a->stream, ok);
}

sotto_status account_received(account *a, sotto_bytes bytes) {
    return a->stream == NULL ? SOTTO_OK : stream_client_received(a->stream, bytes);
}

sotto_status account_lost(account *a) {
    a->connected = a->disconnect = false;
    return a->stream == NULL ? SOTTO_OK : stream_client_lost(a->stream);
}

sotto_status account_timer(account *a, uint64_t now_ms) {
    a->now_ms = now_ms;
    if (a->stream != NULL) SOTTO_TRY(stream_client_timer(a->stream, now_ms));
    if (a->stream == NULL && a->retry_ms <= now_ms) SOTTO_TRY(account_connect(a));
    if (sotto_engine_deadline(a->engine) > now_ms) return SOTTO_OK;
    SOTTO_TRY(sotto_engine_step(a->engine, &(sotto_input){.kind = SOTTO_INPUT_TIMER}, now_ms));
    a->staged = true;
    return SOTTO_OK;
}

uint64_t account_deadline(const account *a) {
    uint64_t deadline = sotto_engine_deadline(a->engine);
    uint64_t stream = a->stream != NULL ? stream_client_deadline(a->stream) : a->retry_ms;
    return deadline < stream ? deadline : stream;
}

sotto_status account_step(account *a, const sotto_input *input, uint64_t now_ms) {
    a->now_ms = now_ms;
    switch (input->kind) {
    case SOTTO_INPUT_ONLINE:
    case SOTTO_INPUT_OFFLINE:
    case SOTTO_INPUT_STANZA:
    case SOTTO_INPUT_TIMER:
        return SOTTO_FAIL(USAGE);
    default:
        break;
    }
    if (input->kind == SOTTO_INPUT_SEND && (input->ticket & ACCOUNT_OWN_TICKET) != 0) return SOTTO_FAIL(USAGE);
    SOTTO_TRY(sotto_engine_step(a->engine, input, now_ms));
    a->staged = true;
    return SOTTO_OK;
}

sotto_status account_done(account *a, uint64_t seq) {
    SOTTO_TRY(sotto_engine_done(a->engine, seq));
    a->staged = true;
    return SOTTO_OK;
}

void account_noted(account *a) {
    a->staged = true;
}

sotto_engine *account_engine(account *a) {
    return a->engine;
}

bool account_is_online(const account *a) {
    return a->online;
}
