/* SPDX-License-Identifier: ISC
 *
 * Records: 'J' 'o' full JID 0 id → one of ours: ticket, when it is given up, what became of it, in a live session the
 * key it went to; 'J' 't' full JID 0 id → one of theirs: when it came, the seal. One of ours that was given up stays
 * for a while, so that a late answer is known as one. */
#include "engine/request.h"

#include "bytes/cursor.h"
#include "engine/ask.h"
#include "engine/held.h"
#include "engine/output.h"
#include "engine/output_row.h"
#include "engine/part.h"
#include "engine/record.h"
#include "engine/send.h"
#include "stanza/writer.h"

#define NS_STANZAS  "urn:ietf:params:xml:ns:xmpp-stanzas"
#define ROW_VERSION 1u
#define LATE_MS     UINT64_C(3600000) /* an answer after that is not known to be late */
#define OLD_MS      UINT64_C(600000)  /* whoever asked has given up: another one may have its place */

typedef struct own_row {
    uint64_t ticket;
    uint64_t deadline_ms;
    bool over; /* whoever asked got an error */
    bool told; /* that somebody else answered it */
    bool has_key;
    uint8_t key[32]; /* it was sealed for: only that one can answer it */
} own_row;

/* ---- records ---- */

static sotto_status row_key(engine_key_room *room, char whose, sotto_bytes full, sotto_bytes id, sotto_bytes *ret) {
    bytes_buffer *key = engine_key_begin(room, 'J');
    bytes_buffer_u8(key, (uint8_t)whose);
    bytes_buffer_put(key, full);
    bytes_buffer_u8(key, 0);
    bytes_buffer_put(key, id);
    if (id.len > SOTTO_REQUEST_ID_BYTES_MAX) return SOTTO_FAIL(TOO_LARGE);
    return bytes_buffer_end(key, ret);
}

static sotto_status own_decode(sotto_bytes value, own_row *ret) {
    bytes_cursor in = bytes_cursor_over(value);
    uint8_t version = bytes_cursor_u8(&in);
    own_row row = {.ticket = bytes_cursor_u64(&in)};
    row.deadline_ms = bytes_cursor_u64(&in);
    uint8_t flags = bytes_cursor_u8(&in);
    row.over = (flags & 1) != 0;
    row.told = (flags & 2) != 0;
    row.has_key = (flags & 4) != 0;
    if (row.has_key) bytes_cursor_into(&in, row.key, sizeof row.key);
    if (!sotto_ok(bytes_cursor_end(&in)) || version != ROW_VERSION) return SOTTO_FAIL(STORE_CORRUPT);
    *ret = row;
    return SOTTO_OK;
}

static sotto_status own_put(sotto_engine *engine, sotto_bytes key, const own_row *row) {
    uint8_t at[64];
    bytes_buffer out;
    sotto_bytes value;
    bytes_buffer_borrowed(&out, at, sizeof at);
    bytes_buffer_u8(&out, ROW_VERSION);
    bytes_buffer_u64(&out, row->ticket);
    bytes_buffer_u64(&out, row->deadline_ms);
    bytes_buffer_u8(&out, (uint8_t)((row->over ? 1 : 0) | (row->told ? 2 : 0) | (row->has_key ? 4 : 0)));
    if (row->has_key) bytes_buffer_put(&out, bytes_of(row->key, sizeof row->key));
    SOTTO_TRY(bytes_buffer_end(&out, &value));
    return engine_record_put(engine, key, value);
}

/* Of a key: whom it was for, and its id. */
static void own_key_split(sotto_bytes key, sotto_bytes *ret_full, sotto_bytes *ret_id) {
    sotto_bytes rest = bytes_after(key, 2);
    const uint8_t *end = rest.len > 0 ? memchr(rest.at, 0, rest.len) : NULL;
    size_t len = end != NULL ? (size_t)(end - rest.at) : rest.len;
    *ret_full = bytes_of(rest.at, len);
    *ret_id = len < rest.len ? bytes_after(rest, len + 1) : BYTES_NONE;
}

/* ---- errors that are made here ---- */

typedef struct error_form {
    int code;
    const char *type, *condition; /* RFC 6120 section 8.3 */
    const char *text;             /* %: whom it was for, bare */
} error_form;

static const error_form error_forms[] = {
    {SOTTO_E_NO_LIVE, "cancel", "not-acceptable",
     "Not sent: what is for % is encrypted, and this client of theirs does not speak live sessions. With sotto encrypt "
     "% "
     "never it would leave in the clear."},
    {SOTTO_E_NO_DEVICE, "cancel", "not-acceptable",
     "Not sent: encryption is required for %, and there is no key of theirs. With sotto encrypt % never it would leave "
     "in the clear."},
    {SOTTO_E_CANNOT_PROTECT, "cancel", "not-acceptable",
     "Not sent: what is for % is encrypted, and nothing here can encrypt this for this address."},
    {SOTTO_E_NO_TRUSTED_DEVICE, "auth", "policy-violation",
     "Not sent: no key of % was accepted. sotto devices % shows them."},
    {SOTTO_E_NO_OCCUPANT, "cancel", "item-not-found", "Not sent: the room does not say who has this nick."},
    {SOTTO_E_OFFLINE, "wait", "recipient-unavailable", "There is no connection to the server."},
    {SOTTO_E_UNREACHABLE, "wait", "recipient-unavailable", "This client of % went away before it answered."},
    {SOTTO_E_NO_SESSION, "wait", "recipient-unavailable", "This client of % went away before it answered."},
    {SOTTO_E_KEY_CHANGED, "cancel", "policy-violation",
     "This client of % has another key now; whether the old one had this is not known."},
    {SOTTO_E_OUTBOX_FULL, "wait", "resource-constraint", "Too many requests wait for their answers."},
};
static const error_form other_error = {0, "wait", "remote-server-timeout", "No answer of % in time."};

static const error_form *form_of(sotto_status reason) {
    for (size_t i = 0; i < sizeof error_forms / sizeof *error_forms; i++)
        if (sotto_is(reason, error_forms[i].code)) return &error_forms[i];
    return &other_error;
}

static void write_text(stanza_writer *writer, const char *text, sotto_bytes whom) {
    stanza_open(writer, "text", NS_STANZAS);
    for (const char *mark; (mark = strchr(text, '%')) != NULL; text = mark + 1) {
        stanza_write(writer, bytes_of(text, (size_t)(mark - text)));
        stanza_write(writer, whom);
    }
    stanza_write_text(writer, text);
    stanza_close(writer);
}

static void write_error(const sotto_engine *engine, bytes_buffer *out, const stanza_jid *from, sotto_bytes id,
                        const error_form *form) {
    stanza_writer writer;
    stanza_writer_init(&writer, out, STANZA_NS_CLIENT);
    stanza_open(&writer, "iq", STANZA_NS_CLIENT);
    stanza_put_text(&writer, "type", "error");
    stanza_put(&writer, "id", id);
    stanza_put(&writer, "from", from->full);
    stanza_put(&writer, "to", engine->full.len > 0 ? engine->full : engine->account.bare);
    stanza_open(&writer, "error", STANZA_NS_CLIENT);
    stanza_put_text(&writer, "type", form->type);
    stanza_leaf(&writer, form->condition, NS_STANZAS, BYTES_NONE);
    write_text(&writer, form->text, from->bare);
    stanza_close(&writer);
    stanza_close(&writer);
}

static sotto_status give_error(sotto_engine *engine, const stanza_jid *from, sotto_bytes id, sotto_status reason) {
    bytes_buffer out;
    sotto_output output = {.kind = SOTTO_OUTPUT_DELIVER,
                           .delivery = {.from = from->bare,
                                        .peer = from->bare,
                                        .time_ms = engine->now_ms,
                                        .failure = sotto_ok(reason) ? SOTTO_FAIL(TIMEOUT) : reason}};
    bytes_buffer_owned(&out, engine->host, SOTTO_STANZA_BYTES_MAX + 2 * SOTTO_JID_BYTES_MAX);
    write_error(engine, &out, from, id, form_of(reason));
    sotto_status status = bytes_buffer_end(&out, &output.delivery.stanza);
    if (sotto_ok(status)) status = engine_output_stage(engine, &output, OUTBOX_LASTING);
    bytes_buffer_free(&out);
    return status;
}

bool engine_request_is(const stanza_element *stanza) {
    sotto_bytes type = stanza_attribute_of(stanza, "type");
    return stanza_is(stanza, "iq", STANZA_NS_CLIENT) && (bytes_is(type, "get") || bytes_is(type, "set")) &&
           stanza_attribute_of(stanza, "id").len > 0;
}

sotto_status engine_request_failed(sotto_engine *engine, const stanza_element *stanza, sotto_status reason) {
    stanza_jid to;
    sotto_bytes text = stanza_attribute_of(stanza, "to");
    if (!engine_request_is(stanza) || text.len == 0) return SOTTO_OK;
    SOTTO_TRY(stanza_jid_parse(&engine->arena, text, &to));
    return give_error(engine, &to, stanza_attribute_of(stanza, "id"), reason);
}

sotto_status engine_request_lost(sotto_engine *engine, const outbox_entry *entry, sotto_status reason) {
    sotto_output output;
    outbox_keep keep;
    const stanza_element *stanza;
    if (entry->ticket == 0 || !entry->to_server) return SOTTO_OK;
    SOTTO_TRY(engine_output_decode(bytes_of(entry->row, entry->row_len), &output, &keep));
    if (output.seal.len > 0) return SOTTO_OK; /* what carries a seal is the seal's to answer for */
    SOTTO_TRY(stanza_parser_read(engine->parser, &engine->arena, output.stanza, &stanza));
    return engine_request_failed(engine, stanza, reason);
}

/* ---- ours ---- */

typedef struct own_scan {
    sotto_engine *engine;
    uint64_t next_ms; /* when something is to be done with one */
    size_t count;
    bool has_over; /* the one that has been over for longest */
    uint64_t over_ms;
    sotto_bytes over_key;
} own_scan;

static void note_next(own_scan *scan, const own_row *row) {
    uint64_t at = row->over ? row->deadline_ms + LATE_MS : row->deadline_ms;
    if (at < scan->next_ms) scan->next_ms = at;
}

static sotto_status count_own(void *arg, sotto_bytes key, sotto_bytes value) {
    own_scan *scan = arg;
    own_row row;
    SOTTO_TRY(own_decode(value, &row));
    scan->count++;
    note_next(scan, &row);
    if (!row.over || (scan->has_over && row.deadline_ms >= scan->over_ms)) return SOTTO_OK;
    scan->has_over = true;
    scan->over_ms = row.deadline_ms;
    return bytes_arena_copy(&scan->engine->arena, key, &scan->over_key) ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
}

static sotto_status each_own(sotto_engine *engine, sotto_visit *visit, void *arg) {
    return engine_record_scan(engine, BYTES_LITERAL("Jo"), visit, arg);
}

static sotto_status set_timer(sotto_engine *engine, const own_scan *scan) {
    return engine_timer(engine, ENGINE_OWNER_REQUEST, BYTES_LITERAL("sent"), scan->next_ms);
}

sotto_status engine_request_sealed(sotto_engine *engine, const stanza_element *stanza, const stanza_jid *to,
                                   uint64_t ticket, const uint8_t *only_key) {
    engine_key_room room;
    sotto_bytes key;
    own_scan scan = {.engine = engine, .next_ms = UINT64_MAX};
    own_row row = {
        .ticket = ticket, .deadline_ms = engine->now_ms + SOTTO_REQUEST_WAIT_MS, .has_key = only_key != NULL};
    if (only_key != NULL) memcpy(row.key, only_key, sizeof row.key);
    SOTTO_TRY(row_key(&room, 'o', to->full, stanza_attribute_of(stanza, "id"), &key));
    SOTTO_TRY(each_own(engine, count_own, &scan));
    if (scan.count >= SOTTO_REQUESTS_MAX) {
        if (!scan.has_over) return SOTTO_FAIL(OUTBOX_FULL);
        SOTTO_TRY(engine_record_put(engine, scan.over_key, BYTES_NONE));
    }
    SOTTO_TRY(own_put(engine, key, &row));
    note_next(&scan, &row);
    return set_timer(engine, &scan);
}

/* The error goes out, and the row stays to tell a late answer. */
static sotto_status give_up(sotto_engine *engine, sotto_bytes key, own_row *row, sotto_status reason) {
    sotto_bytes full, id;
    stanza_jid to;
    own_key_split(key, &full, &id);
    SOTTO_TRY(stanza_jid_parse(&engine->arena, full, &to));
    SOTTO_TRY(give_error(engine, &to, id, reason));
    row->over = true;
    row->deadline_ms = engine->now_ms;
    return own_put(engine, key, row);
}

typedef struct own_search {
    sotto_engine *engine;
    uint64_t ticket;  /* 0: by the JID */
    sotto_bytes full; /* ... that is gone */
    sotto_status reason;
} own_search;

static sotto_status return_own(void *arg, sotto_bytes key, sotto_bytes value) {
    const own_search *search = arg;
    own_row row;
    sotto_bytes full, id;
    SOTTO_TRY(own_decode(value, &row));
    own_key_split(key, &full, &id);
    bool is = search->ticket != 0 ? row.ticket == search->ticket : bytes_equal(full, search->full);
    return is && !row.over ? give_up(search->engine, key, &row, search->reason) : SOTTO_OK;
}

sotto_status engine_request_returned(sotto_engine *engine, uint64_t ticket, sotto_status reason) {
    own_search search = {.engine = engine, .ticket = ticket, .reason = reason};
    return ticket != 0 ? each_own(engine, return_own, &search) : SOTTO_OK;
}

sotto_status engine_request_gone(sotto_engine *engine, sotto_bytes full) {
    own_search search = {.engine = engine, .full = full, .reason = SOTTO_FAIL(UNREACHABLE)};
    return each_own(engine, return_own, &search);
}

static sotto_status tell_false(sotto_engine *engine, const stanza_jid *from, sotto_bytes id, bool sealed) {
    sotto_event event = {.kind = SOTTO_EVENT_FALSE_ANSWER,
                         .jid = from->bare,
                         .reason = sealed ? SOTTO_FAIL(KEY_CHANGED) : SOTTO_FAIL(IN_THE_CLEAR),
                         .text = id};
    return engine_event(engine, &event);
}

typedef struct held_request {
    sotto_engine *engine;
    const stanza_jid *to;
    sotto_bytes id;
    bool found;
} held_request;

static sotto_status note_held(void *arg, const engine_held *held) {
    held_request *wanted = arg;
    const stanza_element *stanza;
    if (wanted->found || !held->brief || !bytes_equal(held->lane, wanted->to->full)) return SOTTO_OK;
    SOTTO_TRY(stanza_parser_read(wanted->engine->parser, &wanted->engine->arena, held->stanza, &stanza));
    wanted->found = engine_request_is(stanza) && bytes_equal(stanza_attribute_of(stanza, "id"), wanted->id);
    return SOTTO_OK;
}

/* What has not left cannot be answered: somebody who holds up the session would, as long as it is held. */
static sotto_status answers_held(sotto_engine *engine, const stanza_jid *from, sotto_bytes id, bool *ret_drop) {
    held_request wanted = {.engine = engine, .to = from, .id = id};
    bool brief;
    SOTTO_TRY(engine_send_holds_brief(engine, &brief));
    if (brief) SOTTO_TRY(engine_held_scan(engine, note_held, &wanted));
    *ret_drop = wanted.found;
    return wanted.found ? tell_false(engine, from, id, false) : SOTTO_OK;
}

sotto_status engine_request_answer(sotto_engine *engine, const stanza_element *stanza, const stanza_jid *from,
                                   const uint8_t *sealed_by, bool *ret_drop) {
    engine_key_room room;
    sotto_bytes key, value, id = stanza_attribute_of(stanza, "id"), type = stanza_attribute_of(stanza, "type");
    own_row row;
    *ret_drop = false;
    if (!stanza_is(stanza, "iq", STANZA_NS_CLIENT) || !(bytes_is(type, "result") || bytes_is(type, "error")) ||
        from->resource.len == 0 || id.len > SOTTO_REQUEST_ID_BYTES_MAX)
        return SOTTO_OK;
    SOTTO_TRY(row_key(&room, 'o', from->full, id, &key));
    sotto_status status = engine_record_get(engine, key, &value);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return answers_held(engine, from, id, ret_drop);
    SOTTO_TRY(status);
    SOTTO_TRY(own_decode(value, &row));
    bool right = sealed_by != NULL && (!row.has_key || memcmp(row.key, sealed_by, sizeof row.key) == 0);
    *ret_drop = row.over || !right;
    if (right) return engine_record_put(engine, key, BYTES_NONE);
    if (row.told) return SOTTO_OK;
    row.told = true;
    SOTTO_TRY(own_put(engine, key, &row));
    return tell_false(engine, from, id, sealed_by != NULL);
}

/* ---- theirs ---- */

static sotto_status their_decode(sotto_bytes value, uint64_t *ret_since_ms, sotto_bytes *ret_seal) {
    bytes_cursor in = bytes_cursor_over(value);
    uint8_t version = bytes_cursor_u8(&in);
    *ret_since_ms = bytes_cursor_u64(&in);
    *ret_seal = bytes_cursor_block(&in);
    if (!sotto_ok(bytes_cursor_end(&in)) || version != ROW_VERSION) return SOTTO_FAIL(STORE_CORRUPT);
    return SOTTO_OK;
}

typedef struct their_scan {
    sotto_engine *engine;
    sotto_bytes bare;
    size_t count, of_one;
    bool has_oldest, has_oldest_of_one;
    uint64_t oldest_ms, oldest_of_one_ms;
    sotto_bytes oldest, oldest_of_one;
} their_scan;

static sotto_status note_oldest(their_scan *scan, sotto_bytes key, uint64_t since_ms, bool *has, uint64_t *at_ms,
                                sotto_bytes *ret) {
    if (*has && since_ms >= *at_ms) return SOTTO_OK;
    *has = true;
    *at_ms = since_ms;
    return bytes_arena_copy(&scan->engine->arena, key, ret) ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
}

static sotto_status count_theirs(void *arg, sotto_bytes key, sotto_bytes value) {
    their_scan *scan = arg;
    uint64_t since_ms;
    sotto_bytes seal, rest = bytes_after(key, 2);
    SOTTO_TRY(their_decode(value, &since_ms, &seal));
    scan->count++;
    SOTTO_TRY(note_oldest(scan, key, since_ms, &scan->has_oldest, &scan->oldest_ms, &scan->oldest));
    if (rest.at == NULL || rest.len <= scan->bare.len || !bytes_starts_with(rest, scan->bare) ||
        rest.at[scan->bare.len] != '/')
        return SOTTO_OK;
    scan->of_one++;
    return note_oldest(scan, key, since_ms, &scan->has_oldest_of_one, &scan->oldest_of_one_ms, &scan->oldest_of_one);
}

/* One that nobody will answer any more makes room. */
static sotto_status find_place(sotto_engine *engine, const stanza_jid *from, bool *ret_none) {
    their_scan scan = {.engine = engine, .bare = from->bare};
    *ret_none = false;
    SOTTO_TRY(engine_record_scan(engine, BYTES_LITERAL("Jt"), count_theirs, &scan));
    bool of_one = scan.of_one >= SOTTO_REQUESTS_OF_ONE;
    if (!of_one && scan.count < SOTTO_REQUESTS_MAX) return SOTTO_OK;
    uint64_t since_ms = of_one ? scan.oldest_of_one_ms : scan.oldest_ms;
    *ret_none = engine->now_ms < since_ms || engine->now_ms - since_ms < OLD_MS;
    if (*ret_none) return SOTTO_OK;
    return engine_record_put(engine, of_one ? scan.oldest_of_one : scan.oldest, BYTES_NONE);
}

sotto_status engine_request_arrived(sotto_engine *engine, size_t seal, const stanza_element *stanza,
                                    const stanza_jid *from, bool *ret_drop) {
    engine_key_room room;
    uint8_t at[64];
    bytes_buffer out;
    sotto_bytes key, value, id = stanza_attribute_of(stanza, "id");
    *ret_drop = false;
    if (!engine_request_is(stanza) || from->resource.len == 0) return SOTTO_OK;
    *ret_drop = id.len > SOTTO_REQUEST_ID_BYTES_MAX;
    if (!*ret_drop) SOTTO_TRY(find_place(engine, from, ret_drop));
    if (*ret_drop) return SOTTO_OK;
    SOTTO_TRY(row_key(&room, 't', from->full, id, &key));
    bytes_buffer_borrowed(&out, at, sizeof at);
    bytes_buffer_u8(&out, ROW_VERSION);
    bytes_buffer_u64(&out, engine->now_ms);
    bytes_buffer_block(&out, bytes_text(engine->seals[seal].class->name));
    SOTTO_TRY(bytes_buffer_end(&out, &value));
    return engine_record_put(engine, key, value);
}

/* The key of the request that a stanza answers; *ret_is false: it is no answer. */
static sotto_status answered_key(engine_key_room *room, const stanza_element *stanza, const stanza_jid *to,
                                 sotto_bytes *ret, bool *ret_is) {
    sotto_bytes id = stanza_attribute_of(stanza, "id"), type = stanza_attribute_of(stanza, "type");
    *ret_is = stanza_is(stanza, "iq", STANZA_NS_CLIENT) && (bytes_is(type, "result") || bytes_is(type, "error")) &&
              to->resource.len > 0 && id.len <= SOTTO_REQUEST_ID_BYTES_MAX;
    return *ret_is ? row_key(room, 't', to->full, id, ret) : SOTTO_OK;
}

sotto_status engine_request_seal(sotto_engine *engine, const stanza_element *stanza, const stanza_jid *to,
                                 size_t *ret_seal, bool *ret_is) {
    engine_key_room room;
    sotto_bytes key, value, name;
    uint64_t since_ms;
    SOTTO_TRY(answered_key(&room, stanza, to, &key, ret_is));
    if (!*ret_is) return SOTTO_OK;
    sotto_status status = engine_record_get(engine, key, &value);
    *ret_is = sotto_ok(status);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    SOTTO_TRY(their_decode(value, &since_ms, &name));
    *ret_seal = engine->seal_count; /* of a table that has it no more: none */
    for (size_t i = 0; i < engine->seal_count; i++)
        if (bytes_is(name, engine->seals[i].class->name)) *ret_seal = i;
    return SOTTO_OK;
}

sotto_status engine_request_settled(sotto_engine *engine, const stanza_element *stanza, const stanza_jid *to) {
    engine_key_room room;
    sotto_bytes key;
    bool is;
    SOTTO_TRY(answered_key(&room, stanza, to, &key, &is));
    return is ? engine_record_put(engine, key, BYTES_NONE) : SOTTO_OK;
}

/* ---- time ---- */

static sotto_status look_at_own(void *arg, sotto_bytes key, sotto_bytes value) {
    own_scan *scan = arg;
    own_row row;
    SOTTO_TRY(own_decode(value, &row));
    if (row.over && scan->engine->now_ms >= row.deadline_ms + LATE_MS)
        return engine_record_put(scan->engine, key, BYTES_NONE);
    uint64_t now_ms = scan->engine->now_ms;
    bool set_back = row.deadline_ms > now_ms + SOTTO_REQUEST_WAIT_MS; /* the clock was */
    if (!row.over && (now_ms >= row.deadline_ms || set_back))
        SOTTO_TRY(give_up(scan->engine, key, &row, SOTTO_FAIL(TIMEOUT)));
    note_next(scan, &row);
    return SOTTO_OK;
}

static sotto_status look_at_sent(sotto_engine *engine) {
    own_scan scan = {.engine = engine, .next_ms = UINT64_MAX};
    SOTTO_TRY(each_own(engine, look_at_own, &scan));
    return set_timer(engine, &scan);
}

sotto_status engine_request_held(sotto_engine *engine) {
    uint64_t next_ms;
    SOTTO_TRY(engine_send_overdue(engine, &next_ms));
    return engine_timer(engine, ENGINE_OWNER_REQUEST, BYTES_LITERAL("held"), next_ms);
}

sotto_status engine_request_load(sotto_engine *engine) {
    own_scan scan = {.engine = engine, .next_ms = UINT64_MAX};
    SOTTO_TRY(each_own(engine, count_own, &scan));
    SOTTO_TRY(set_timer(engine, &scan));
    bool brief;
    SOTTO_TRY(engine_send_holds_brief(engine, &brief));
    return engine_timer(engine, ENGINE_OWNER_REQUEST, BYTES_LITERAL("held"), brief ? engine->now_ms : UINT64_MAX);
}

sotto_status engine_request_input(sotto_engine *engine, const seal_input *input) {
    if (input->kind != SEAL_INPUT_TIMER) return SOTTO_OK;
    return bytes_is(input->note, "held") ? engine_request_held(engine) : look_at_sent(engine);
}
