/* SPDX-License-Identifier: ISC
 *
 * Messages that left for a room, or for somebody in one, and that the server had not acknowledged when their stream
 * ended. On the next stream we are in no room: sent at once they would come back as errors. So they are withdrawn from
 * the outbox, wait until their room was entered and read again, and then leave with the bytes they have. The same
 * bytes, because the first copy may have arrived: of two equal ones every reader's ratchet drops the second. Whether
 * they may still leave is looked at once more (T35, T36).
 *
 * Records: 'X' room 0 number → the output's row, with its way. Not among 'R', which a backup carries: what may have
 * left from here must not leave from a copy. */
#include "bytes/cursor.h"
#include "engine/env.h"
#include "engine/output.h"
#include "engine/output_row.h"
#include "engine/record.h"
#include "engine/room_part.h"
#include "engine/send.h"

#define READS 1u /* a member with a device that can read it; the others were left out, and that was said */

/* ---- the way ---- */

sotto_status engine_room_way(sotto_engine *engine, const stanza_jid *to, const seal_audience *audience,
                             const bool *reads, outbox_way *ret) {
    engine_room room;
    bytes_buffer out;
    sotto_bytes all;
    sotto_status status = engine_room_get(engine, to->bare, &room);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK; /* it is the host's own business then */
    SOTTO_TRY(status);
    ret->room = room.jid;
    if (audience == NULL || !audience->room) return SOTTO_OK;
    bytes_buffer_owned(&out, engine->host, SOTTO_RECORD_BYTES_MAX);
    for (size_t i = 0; i < audience->count; i++) {
        bytes_buffer_u8(&out, reads != NULL && reads[i] ? READS : 0);
        bytes_buffer_block(&out, audience->jids[i]);
    }
    status = bytes_buffer_end(&out, &all);
    if (sotto_ok(status) && !bytes_arena_copy(&engine->arena, all, &ret->readers)) status = SOTTO_FAIL(NO_MEMORY);
    bytes_buffer_free(&out);
    return status;
}

/* ---- records ---- */

typedef struct waiting {
    sotto_bytes key;
    sotto_output output;
    outbox_way way;
} waiting;

static sotto_bytes waiting_key(engine_key_room *memory, sotto_bytes room) {
    bytes_buffer *key = engine_key_begin(memory, 'X');
    bytes_buffer_put(key, room);
    bytes_buffer_u8(key, 0);
    sotto_bytes ret = BYTES_NONE;
    return sotto_ok(bytes_buffer_end(key, &ret)) ? ret : BYTES_NONE;
}

static sotto_status waiting_read(sotto_bytes key, sotto_bytes value, waiting *ret) {
    outbox_keep keep;
    ret->key = key;
    SOTTO_TRY(engine_output_decode_way(value, &ret->output, &keep, &ret->way));
    return ret->way.room.len > 0 ? SOTTO_OK : SOTTO_FAIL(STORE_CORRUPT);
}

static sotto_status waiting_put(sotto_engine *engine, uint64_t seq, const waiting *w) {
    engine_key_room memory;
    bytes_buffer row, *key = engine_key_begin(&memory, 'X');
    sotto_bytes key_bytes, value;
    bytes_buffer_put(key, w->way.room);
    bytes_buffer_u8(key, 0);
    bytes_buffer_u64(key, seq);
    SOTTO_TRY(bytes_buffer_end(key, &key_bytes));
    bytes_buffer_owned(&row, engine->host, SOTTO_RECORD_BYTES_MAX);
    engine_output_encode_way(&row, &w->output, OUTBOX_LASTING, &w->way);
    sotto_status status = bytes_buffer_end(&row, &value);
    if (sotto_ok(status)) status = engine_record_put(engine, key_bytes, value);
    bytes_buffer_free(&row);
    return status;
}

static sotto_status refuse(sotto_engine *engine, const waiting *w, sotto_status reason) {
    if (w->output.ticket == 0) return SOTTO_OK;
    return engine_event(
        engine,
        &(sotto_event){.kind = SOTTO_EVENT_REFUSED, .ticket = w->output.ticket, .jid = w->way.peer, .reason = reason});
}

/* ---- the old stream has ended ---- */

static sotto_status withdraw(sotto_engine *engine, const outbox_entry *entry) {
    waiting w;
    engine_room room;
    SOTTO_TRY(waiting_read(BYTES_NONE, bytes_of(entry->row, entry->row_len), &w));
    sotto_status status = engine_room_get(engine, w.way.room, &room);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return refuse(engine, &w, SOTTO_FAIL(NOT_JOINED)); /* left meanwhile */
    SOTTO_TRY(status);
    /* It may be what ends these streams; without a bound that would never be over (account/connection.c has another one
     * for what is sent again at once). */
    if (++w.way.streams >= SOTTO_ROOM_STREAMS_MAX) return refuse(engine, &w, SOTTO_FAIL(STREAM_ERROR));
    return waiting_put(engine, entry->seq, &w);
}

sotto_status engine_room_withdraw(sotto_engine *engine, uint32_t acked) {
    size_t count = engine->outbox.len;
    for (size_t i = 0; i < count; i++) {
        outbox_entry *entry = &engine->outbox.at[i];
        entry->withdrawn = false;
        if (!entry->to_server || entry->done) continue;
        if (i < engine->outbox.committed && acked > 0) {
            acked--;
            continue;
        }
        if (!entry->through_room) continue;
        entry->withdrawn = true;
        outbox_entry row = *entry; /* telling of it may move the entry, not its row */
        bytes_arena_mark here = bytes_arena_here(&engine->arena);
        SOTTO_TRY(withdraw(engine, &row));
        bytes_arena_back(&engine->arena, here);
    }
    return SOTTO_OK;
}

/* ---- the room was entered again ---- */

/* The next member in a list of readers, which is in the order of JIDs. */
static bool next_reader(bytes_cursor *in, sotto_bytes *ret, bool *ret_reads) {
    if (!bytes_cursor_more(in)) return false;
    *ret_reads = (bytes_cursor_u8(in) & READS) != 0;
    *ret = bytes_cursor_block(in);
    return !in->failed;
}

/* T35: nobody who is no owner, admin or member may read it. Its bytes cannot be changed, so it does not leave if
 * somebody who could read it is none any more; new members are left out of it, and that is said. */
static sotto_status check_members(sotto_engine *engine, const waiting *w, bool tell, bool *ret_good) {
    const sotto_bytes *now;
    size_t count, i = 0;
    bytes_cursor in = bytes_cursor_over(w->way.readers);
    sotto_bytes then;
    bool reads, more = next_reader(&in, &then, &reads);
    SOTTO_TRY(engine_room_audience(engine, w->way.room, &now, &count));
    *ret_good = true;
    while (more || i < count) {
        int order = !more ? 1 : i == count ? -1 : bytes_compare(then, now[i]);
        if (order < 0 && reads) *ret_good = false;
        if (order > 0 && tell)
            SOTTO_TRY(engine_event(engine, &(sotto_event){.kind = SOTTO_EVENT_LEFT_OUT,
                                                          .ticket = w->output.ticket,
                                                          .jid = now[i],
                                                          .reason = SOTTO_FAIL(ROOM_CHANGED),
                                                          .key = {.jid = now[i], .seal = w->output.seal}}));
        i += order >= 0 ? 1 : 0;
        if (order <= 0) more = next_reader(&in, &then, &reads);
    }
    return SOTTO_OK;
}

static sotto_status leave(sotto_engine *engine, const waiting *w, const stanza_element *stanza, bool groupchat) {
    bool good;
    SOTTO_TRY(engine_output_stage_way(engine, &w->output, OUTBOX_LASTING, &w->way));
    if (!groupchat) return SOTTO_OK;
    SOTTO_TRY(check_members(engine, w, true, &good));
    return engine_room_sent(engine, w->way.room, stanza_attribute_of(stanza, "id"), w->output.ticket);
}

/* The nick must be whose it was (T36). */
static sotto_status check_nick(sotto_engine *engine, const waiting *w, const stanza_element *stanza,
                               sotto_status *ret) {
    stanza_jid to;
    bool is_room;
    sotto_bytes real;
    SOTTO_TRY(stanza_jid_parse(&engine->arena, stanza_attribute_of(stanza, "to"), &to));
    SOTTO_TRY(engine_room_occupant_of(engine, &to, &is_room, &real));
    *ret = bytes_equal(real, w->way.peer) ? SOTTO_OK : SOTTO_FAIL(NO_OCCUPANT);
    return SOTTO_OK;
}

/* *ret: OK: it may leave; AGAIN: it has to wait; else why it may not, ever. */
static sotto_status judge(sotto_engine *engine, const waiting *w, const stanza_element *stanza, bool groupchat,
                          sotto_status standing, sotto_status *ret) {
    bool good;
    if (!groupchat) return check_nick(engine, w, stanza, ret);
    *ret = standing;
    if (sotto_is(standing, SOTTO_E_ROOM_PUBLIC) || sotto_is(standing, SOTTO_E_ROOM_ANONYMOUS)) return SOTTO_OK;
    if (!sotto_ok(standing)) *ret = SOTTO_FAIL(AGAIN); /* broken: as what is held */
    if (!sotto_ok(standing)) return SOTTO_OK;
    SOTTO_TRY(check_members(engine, w, false, &good));
    if (!good) *ret = SOTTO_FAIL(ROOM_CHANGED);
    return SOTTO_OK;
}

/* What was in the clear is decided about anew: nothing of it was sealed, so nothing is sealed twice. */
static sotto_status settle_one(sotto_engine *engine, const waiting *w, sotto_status standing, bool *ret_waits) {
    const stanza_element *stanza;
    sotto_status verdict;
    *ret_waits = false;
    if (w->output.seal.len == 0) return engine_send_again(engine, &w->output, &w->way);
    SOTTO_TRY(stanza_parser_read(engine->parser, &engine->arena, w->output.stanza, &stanza));
    bool groupchat = bytes_is(stanza_attribute_of(stanza, "type"), "groupchat");
    SOTTO_TRY(judge(engine, w, stanza, groupchat, standing, &verdict));
    *ret_waits = sotto_is(verdict, SOTTO_E_AGAIN);
    if (*ret_waits) return SOTTO_OK;
    return sotto_ok(verdict) ? leave(engine, w, stanza, groupchat) : refuse(engine, w, verdict);
}

typedef struct releasing {
    sotto_engine *engine;
    sotto_status standing;
    bool blocked; /* one of them waits: what comes after it waits too */
} releasing;

static sotto_status release_one(void *arg, sotto_bytes key, sotto_bytes value) {
    releasing *r = arg;
    waiting w;
    if (r->blocked) return SOTTO_OK;
    SOTTO_TRY(waiting_read(key, value, &w));
    engine_mark mark = engine_mark_here(r->engine);
    bytes_arena_mark here = bytes_arena_here(&r->engine->arena); /* there may be many, of many readers */
    sotto_status status = settle_one(r->engine, &w, r->standing, &r->blocked);
    bytes_arena_back(&r->engine->arena, here);
    if (sotto_is(status, SOTTO_E_OUTBOX_FULL)) { /* its turn comes when something has left */
        engine_mark_back(r->engine, mark);
        r->blocked = true;
        return SOTTO_OK;
    }
    SOTTO_TRY(status);
    return r->blocked ? SOTTO_OK : engine_record_put(r->engine, key, BYTES_NONE);
}

sotto_status room_release(sotto_engine *engine, const engine_room *room) {
    engine_key_room memory;
    releasing r = {.engine = engine};
    SOTTO_TRY(engine_room_standing(engine, room->jid, &r.standing));
    if (room->stage != ROOM_IN || sotto_is(r.standing, SOTTO_E_AGAIN)) return SOTTO_OK;
    return engine_record_scan(engine, waiting_key(&memory, room->jid), release_one, &r);
}

/* ---- not to be entered again ---- */

typedef struct refusing {
    sotto_engine *engine;
    sotto_status reason;
} refusing;

static sotto_status refuse_one(void *arg, sotto_bytes key, sotto_bytes value) {
    const refusing *r = arg;
    waiting w;
    SOTTO_TRY(waiting_read(key, value, &w));
    SOTTO_TRY(refuse(r->engine, &w, r->reason));
    return engine_record_put(r->engine, key, BYTES_NONE);
}

sotto_status room_refuse_waiting(sotto_engine *engine, sotto_bytes room, sotto_status reason) {
    engine_key_room memory;
    refusing r = {engine, reason};
    return engine_record_scan(engine, waiting_key(&memory, room), refuse_one, &r);
}

/* ---- by ticket ---- */

typedef struct ticket_search {
    sotto_engine *engine;
    uint64_t ticket;
    bool remove, found;
} ticket_search;

static sotto_status look_at(void *arg, sotto_bytes key, sotto_bytes value) {
    ticket_search *search = arg;
    waiting w;
    SOTTO_TRY(waiting_read(key, value, &w));
    if (w.output.ticket != search->ticket) return SOTTO_OK;
    search->found = true;
    return search->remove ? engine_record_put(search->engine, key, BYTES_NONE) : SOTTO_OK;
}

sotto_status engine_room_waits(sotto_engine *engine, uint64_t ticket, bool cancel, bool *ret) {
    ticket_search search = {engine, ticket, cancel, false};
    SOTTO_TRY(engine_record_scan(engine, BYTES_LITERAL("X"), look_at, &search));
    *ret = search.found;
    return SOTTO_OK;
}
