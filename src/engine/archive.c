/* SPDX-License-Identifier: ISC
 *
 * The course of a catch-up. Fleeting records: 'q' archive → the run. Notes of questions and timers: a letter, then the
 * archive; empty for the account's own. */
#include "engine/archive.h"

#include "bytes/base64.h"
#include "bytes/cursor.h"
#include "context/archive.h"
#include "engine/ask.h"
#include "engine/env.h"
#include "engine/output.h"
#include "engine/part.h"
#include "engine/record.h"

#define NOTE_INFO    'i' /* questions */
#define NOTE_PAGE    'p'
#define NOTE_RELEASE 'r' /* timers */
#define NOTE_ROOM    'w' /* the outbox was full */
#define NOTE_AGAIN   'a'

#define QUERY_RANDOM_BYTES 8u
#define QUERY_BYTES_MAX    (SOTTO_ARCHIVE_ID_BYTES_MAX + 1024u)
#define NOTE_BYTES_MAX     (SOTTO_ROOM_JID_BYTES_MAX + 1u)
#define RUN_BYTES_MAX      (SOTTO_ARCHIVE_ID_BYTES_MAX + 128u)
#define PAUSE_MS           1000u
#define AGAIN_MS           900000u
#define BACK_MS            UINT64_C(3600000) /* how much further back a lost cursor begins: clocks differ */

/* ---- runs ---- */

static sotto_bytes run_key(engine_key_room *room, sotto_bytes archive) {
    bytes_buffer *key = engine_key_begin(room, 'q');
    bytes_buffer_put(key, archive);
    sotto_bytes ret = BYTES_NONE;
    return sotto_ok(bytes_buffer_end(key, &ret)) ? ret : BYTES_NONE;
}

bool archive_run_get(const sotto_engine *engine, sotto_bytes archive, archive_run *ret) {
    engine_key_room room;
    sotto_bytes value;
    if (!bytes_map_get(&engine->fleeting.map, run_key(&room, archive), &value)) return false;
    bytes_cursor in = bytes_cursor_over(value);
    archive_run run = {.archive = archive, .phase = (archive_phase)bytes_cursor_u8(&in)};
    uint8_t flags = bytes_cursor_u8(&in);
    run.newest = (flags & 1) != 0;
    run.by_time = (flags & 2) != 0;
    run.let_go = (flags & 4) != 0;
    run.excess = (flags & 8) != 0;
    run.pages = bytes_cursor_u32(&in);
    run.results = bytes_cursor_u32(&in);
    run.handed = bytes_cursor_u32(&in);
    run.unreadable = bytes_cursor_u32(&in);
    run.last_ms = bytes_cursor_u64(&in);
    run.reason = (sotto_status){(int)(bytes_cursor_u32(&in) & 0xffff)};
    run.queryid = bytes_cursor_block(&in);
    run.last = bytes_cursor_block(&in);
    *ret = run;
    return true;
}

sotto_status archive_run_put(sotto_engine *engine, const archive_run *run) {
    engine_key_room room;
    uint8_t at[RUN_BYTES_MAX];
    bytes_buffer out;
    sotto_bytes value;
    bytes_buffer_borrowed(&out, at, sizeof at);
    bytes_buffer_u8(&out, (uint8_t)run->phase);
    bytes_buffer_u8(&out, (uint8_t)((run->newest ? 1 : 0) | (run->by_time ? 2 : 0) | (run->let_go ? 4 : 0) |
                                    (run->excess ? 8 : 0)));
    bytes_buffer_u32(&out, run->pages);
    bytes_buffer_u32(&out, run->results);
    bytes_buffer_u32(&out, run->handed);
    bytes_buffer_u32(&out, run->unreadable);
    bytes_buffer_u64(&out, run->last_ms);
    bytes_buffer_u32(&out, (uint32_t)run->reason.code);
    bytes_buffer_block(&out, run->queryid);
    bytes_buffer_block(&out, run->last);
    SOTTO_TRY(bytes_buffer_end(&out, &value));
    return engine_stage_put(&engine->fleeting, run_key(&room, run->archive), value);
}

static bool has_runs(const sotto_engine *engine) {
    sotto_bytes key, value;
    return bytes_map_from(&engine->fleeting.map, BYTES_LITERAL("q"), false, &key, &value) && key.len > 0 &&
           key.at[0] == 'q';
}

static bool is_own(const sotto_engine *engine, sotto_bytes archive) {
    return bytes_equal(archive, engine->account.bare);
}

/* ---- notes ---- */

static sotto_status write_note(const sotto_engine *engine, bytes_buffer *out, char what, sotto_bytes archive,
                               sotto_bytes *ret) {
    bytes_buffer_u8(out, (uint8_t)what);
    if (!is_own(engine, archive)) bytes_buffer_put(out, archive);
    return bytes_buffer_end(out, ret);
}

/* An answer that nobody waits for any more would leave everything waiting: a question that was not asked (too many
 * are open) is no answer either. */
static sotto_status ask(sotto_engine *engine, const archive_run *run, char what, bool set, sotto_bytes payload,
                        bool *ret_asked) {
    uint8_t at[NOTE_BYTES_MAX];
    bytes_buffer out;
    sotto_bytes note;
    bytes_buffer_borrowed(&out, at, sizeof at);
    SOTTO_TRY(write_note(engine, &out, what, run->archive, &note));
    SOTTO_TRY(engine_ask(engine, ENGINE_OWNER_ARCHIVE, set, run->archive, payload, note));
    *ret_asked = engine_asking(engine, ENGINE_OWNER_ARCHIVE, note);
    return SOTTO_OK;
}

sotto_status archive_timer(sotto_engine *engine, char what, sotto_bytes archive, uint64_t at_ms) {
    uint8_t at[NOTE_BYTES_MAX];
    bytes_buffer out;
    sotto_bytes note;
    bytes_buffer_borrowed(&out, at, sizeof at);
    SOTTO_TRY(write_note(engine, &out, what, archive, &note));
    return engine_timer(engine, ENGINE_OWNER_ARCHIVE, note, at_ms);
}

/* ---- the end ---- */

/* What says something to a person is kept; that there was nothing is only for who waits for it. */
static sotto_status tell(sotto_engine *engine, const archive_run *run, sotto_event_kind kind, uint32_t number) {
    bool lasting =
        kind == SOTTO_EVENT_CAUGHT_UP ? number > 0 || !sotto_ok(run->reason) : kind == SOTTO_EVENT_CAUGHT_UP_UNREADABLE;
    sotto_output output = {.kind = SOTTO_OUTPUT_EVENT,
                           .event = {.kind = kind, .jid = run->archive, .reason = run->reason, .number = number}};
    return engine_output_stage(engine, &output, lasting ? OUTBOX_LASTING : OUTBOX_ONCE);
}

/* T19: several messages of the archive may have used one prekey; from now on none does. */
sotto_status archive_run_end(sotto_engine *engine, const archive_run *run) {
    engine_key_room room;
    if (run->unreadable > 0) SOTTO_TRY(tell(engine, run, SOTTO_EVENT_CAUGHT_UP_UNREADABLE, run->unreadable));
    SOTTO_TRY(tell(engine, run, SOTTO_EVENT_CAUGHT_UP, run->handed));
    SOTTO_TRY(engine_stage_remove(&engine->fleeting, run_key(&room, run->archive)));
    if (has_runs(engine)) return SOTTO_OK;
    return engine_seal_input_all(engine, &(seal_input){.kind = SEAL_INPUT_CATCHUP, .available = false});
}

/* The archive is read, or it is not to be read further now. */
static sotto_status finish(sotto_engine *engine, archive_run *run, sotto_status reason) {
    bool again = sotto_is(reason, SOTTO_E_TIMEOUT) || sotto_is(reason, SOTTO_E_SERVER_REFUSED);
    run->phase = ARCHIVE_RELEASE;
    run->queryid = BYTES_NONE;
    run->reason = reason;
    SOTTO_TRY(archive_run_put(engine, run));
    if (again) SOTTO_TRY(archive_timer(engine, NOTE_AGAIN, run->archive, engine->now_ms + AGAIN_MS));
    return archive_release(engine, run->archive);
}

/* ---- pages ---- */

static sotto_status new_queryid(sotto_engine *engine, bytes_buffer *ret) {
    uint8_t random[QUERY_RANDOM_BYTES];
    SOTTO_TRY(engine_random(engine, random, sizeof random));
    bytes_hex_put(ret, bytes_of(random, sizeof random));
    return SOTTO_OK;
}

static sotto_status write_query(const archive_run *run, const engine_backlog *backlog, bytes_buffer *out,
                                sotto_bytes *ret) {
    context_archive_query query = {.queryid = run->queryid, .newest = run->newest, .max = SOTTO_ARCHIVE_PAGE};
    if (run->by_time && run->pages == 0)
        query.start_ms = backlog->last_ms > BACK_MS ? backlog->last_ms - BACK_MS : 1;
    else if (!run->newest)
        query.after = backlog->last;
    stanza_writer writer;
    stanza_writer_init(&writer, out, STANZA_NS_CLIENT);
    context_archive_query_write(&writer, &query);
    return bytes_buffer_end(out, ret);
}

/* Room for what a page can become, a message and an event each. */
static bool has_room(const sotto_engine *engine) {
    return engine->outbox.len + 2 * SOTTO_ARCHIVE_PAGE <= SOTTO_OUTBOX_ROWS_MAX - SOTTO_OUTBOX_RESERVE;
}

static sotto_status ask_page(sotto_engine *engine, archive_run *run) {
    run->phase = ARCHIVE_PAGE;
    run->results = 0;
    run->let_go = run->excess = false;
    run->last = run->queryid = BYTES_NONE;
    if (!has_room(engine)) {
        SOTTO_TRY(archive_run_put(engine, run));
        return archive_timer(engine, NOTE_ROOM, run->archive, engine->now_ms + PAUSE_MS);
    }
    uint8_t id_at[2 * QUERY_RANDOM_BYTES];
    bytes_buffer id, out;
    sotto_bytes payload;
    engine_backlog backlog;
    bool asked = false;
    bytes_buffer_borrowed(&id, id_at, sizeof id_at);
    SOTTO_TRY(engine_backlog_get(engine, run->archive, &backlog));
    SOTTO_TRY(new_queryid(engine, &id));
    SOTTO_TRY(bytes_buffer_end(&id, &run->queryid));
    bytes_buffer_owned(&out, engine->host, 8 * QUERY_BYTES_MAX); /* an id may grow when it is escaped */
    sotto_status status = write_query(run, &backlog, &out, &payload);
    if (sotto_ok(status)) status = ask(engine, run, NOTE_PAGE, true, payload, &asked);
    bytes_buffer_free(&out);
    SOTTO_TRY(status);
    return asked ? archive_run_put(engine, run) : finish(engine, run, SOTTO_FAIL(AGAIN));
}

/* The page was all there was, or the next one is asked for. */
static sotto_status go_on(sotto_engine *engine, archive_run *run, engine_backlog *backlog, bool whole, bool moved) {
    run->pages++;
    run->newest = false;
    bool over = whole && !run->let_go;
    backlog->known = true;
    backlog->hole = !over;
    SOTTO_TRY(engine_backlog_put(engine, backlog));
    if (over) return finish(engine, run, SOTTO_OK);
    if (!moved && !whole) return finish(engine, run, SOTTO_FAIL(BAD_SERVER)); /* the same page again */
    if (run->pages >= SOTTO_ARCHIVE_PAGES_MAX) return finish(engine, run, SOTTO_FAIL(AGAIN));
    SOTTO_TRY(tell(engine, run, SOTTO_EVENT_CATCHING_UP, run->handed));
    return ask_page(engine, run);
}

/* The cursor moves once a page, so that a page in another order loses nothing when this ends in the middle of it. */
static sotto_status end_page(sotto_engine *engine, archive_run *run, const context_archive_page *page) {
    engine_backlog backlog;
    bool named = page->last.len > 0;
    /* Results that were none, or more of them than asked for: it is not known what the page was. */
    if (run->excess || page->last.len > SOTTO_ARCHIVE_ID_BYTES_MAX || (named && run->results == 0))
        return finish(engine, run, SOTTO_FAIL(BAD_SERVER));
    SOTTO_TRY(engine_backlog_get(engine, run->archive, &backlog));
    sotto_bytes last = named ? page->last : run->last;
    bool moved = last.len > 0 && !bytes_equal(last, backlog.last);
    bool whole = page->complete || run->results == 0 || run->newest;
    if (moved) {
        backlog.last = last;
        backlog.last_ms = run->last_ms;
    }
    return go_on(engine, run, &backlog, whole, moved);
}

static sotto_status take_page(sotto_engine *engine, archive_run *run, const seal_input *input) {
    context_archive_page page;
    bool lost = input->answer != NULL && context_archive_is_lost(input->answer);
    if (!sotto_ok(input->status)) {
        if (!lost || run->by_time || run->newest || run->pages > 0) return finish(engine, run, input->status);
        run->by_time = true;
        return ask_page(engine, run);
    }
    sotto_status status = context_archive_page_read(input->answer, &engine->arena, &page);
    if (sotto_is(status, SOTTO_E_MALFORMED)) return finish(engine, run, SOTTO_FAIL(BAD_SERVER));
    SOTTO_TRY(status);
    return end_page(engine, run, &page);
}

/* ---- the beginning ---- */

/* No archive: what is offline, and what comes live, is all there is. */
static sotto_status finish_without(sotto_engine *engine, archive_run *run, engine_backlog *backlog) {
    backlog->hole = backlog->ids = false;
    SOTTO_TRY(engine_backlog_put(engine, backlog));
    return finish(engine, run, SOTTO_OK);
}

static sotto_status take_info(sotto_engine *engine, archive_run *run, const seal_input *input) {
    engine_backlog backlog;
    context_archive_support support = {false, false};
    if (sotto_is(input->status, SOTTO_E_TIMEOUT)) return finish(engine, run, input->status);
    SOTTO_TRY(engine_backlog_get(engine, run->archive, &backlog));
    if (sotto_ok(input->status)) context_archive_support_read(input->answer, &support);
    if (!support.archive) return finish_without(engine, run, &backlog);
    backlog.ids = support.ids;
    SOTTO_TRY(engine_backlog_put(engine, &backlog));
    run->newest = !backlog.known;
    return ask_page(engine, run);
}

static sotto_status begin(sotto_engine *engine, sotto_bytes archive) {
    archive_run run = {.archive = archive, .phase = ARCHIVE_INFO};
    engine_backlog backlog;
    bool asked, others = has_runs(engine);
    SOTTO_TRY(engine_backlog_get(engine, archive, &backlog));
    backlog.hole = true; /* a resumption goes on with it, also when this process ends */
    SOTTO_TRY(engine_backlog_put(engine, &backlog));
    SOTTO_TRY(archive_run_put(engine, &run));
    if (!others) SOTTO_TRY(engine_seal_input_all(engine, &(seal_input){.kind = SEAL_INPUT_CATCHUP, .available = true}));
    SOTTO_TRY(ask(engine, &run, NOTE_INFO, false, BYTES_LITERAL("<query xmlns='" CONTEXT_NS_INFO "'/>"), &asked));
    return asked ? SOTTO_OK : finish(engine, &run, SOTTO_FAIL(AGAIN));
}

/* Of a room that is not joined yet, on this stream: its archive is read when it is. */
static sotto_status let_out(sotto_engine *engine, const engine_backlog *backlog) {
    if (is_own(engine, backlog->archive)) return SOTTO_OK;
    archive_run run = {.archive = backlog->archive, .phase = ARCHIVE_RELEASE};
    SOTTO_TRY(archive_run_put(engine, &run));
    return archive_timer(engine, NOTE_RELEASE, backlog->archive, engine->now_ms);
}

static sotto_status go_on_with(sotto_engine *engine, const engine_backlog *backlog) {
    sotto_bytes archive;
    if (!bytes_arena_copy(&engine->arena, backlog->archive, &archive)) return SOTTO_FAIL(NO_MEMORY);
    return begin(engine, archive);
}

sotto_status engine_archive_online(sotto_engine *engine, bool anew, bool resumed) {
    if (!engine->catch_up || !anew) return SOTTO_OK;
    if (resumed) return engine_backlog_scan(engine, go_on_with);
    SOTTO_TRY(begin(engine, engine->account.bare));
    return engine_backlog_scan(engine, let_out);
}

sotto_status engine_archive_query(sotto_engine *engine, sotto_bytes room) {
    archive_run run;
    if (!engine->catch_up || !engine->online || room.len > SOTTO_ROOM_JID_BYTES_MAX) return SOTTO_OK;
    bool under_way = archive_run_get(engine, room, &run) && run.phase != ARCHIVE_RELEASE;
    return under_way ? SOTTO_OK : begin(engine, room);
}

sotto_status engine_archive_input(sotto_engine *engine, const seal_input *input) {
    archive_run run;
    sotto_bytes archive = bytes_after(input->note, 1);
    if (input->note.len == 0) return SOTTO_FAIL(USAGE);
    char what = (char)input->note.at[0];
    if (archive.len == 0) archive = engine->account.bare;
    bool running = archive_run_get(engine, archive, &run);
    switch (what) {
    case NOTE_AGAIN:
        return engine->online && !running ? begin(engine, archive) : SOTTO_OK;
    case NOTE_INFO:
        return running && run.phase == ARCHIVE_INFO ? take_info(engine, &run, input) : SOTTO_OK;
    case NOTE_PAGE:
        return running && run.phase == ARCHIVE_PAGE ? take_page(engine, &run, input) : SOTTO_OK;
    case NOTE_ROOM:
        return running && run.phase == ARCHIVE_PAGE && run.queryid.len == 0 ? ask_page(engine, &run) : SOTTO_OK;
    default:
        return running && run.phase == ARCHIVE_RELEASE ? archive_release(engine, archive) : SOTTO_OK;
    }
}
