/* SPDX-License-Identifier: ISC
 *
 * Messages around an archive: results of it (T2), those that wait for it, and which of them were handed on before. */
#include "bytes/buffer.h"
#include "context/archive.h"
#include "context/notification.h"
#include "context/stanza_id.h"
#include "engine/archive.h"
#include "engine/receive.h"
#include "engine/room.h"
#include "engine/seen.h"

#define RELEASED_A_STEP 100u
#define NEXT_MS         1u /* the next step, and so another commit */
#define PAUSE_MS        1000u
#define SENT_MARK       "sent " /* in front of a JID: no JID has a space there */

/* ---- results ---- */

/* Failures of a peer change nothing: the archive goes on behind it. */
static sotto_status take_archived(sotto_engine *engine, const engine_arrival *a) {
    engine_mark mark = engine_mark_here(engine);
    engine_tally before = *a->tally;
    sotto_status status = engine_receive_message(engine, a);
    if (sotto_ok(status) || sotto_class(status) != SOTTO_CLASS_PEER) return status;
    engine_mark_back(engine, mark);
    *a->tally = before;
    return SOTTO_OK;
}

/* What is inside a result, as if it had come by itself. */
static sotto_status open_result(sotto_engine *engine, archive_run *run, const context_archive_result *result) {
    engine_tally tally = {0, 0};
    engine_arrival a = {.stanza = result->message,
                        .has_from = true,
                        .delayed = true,
                        .time_ms = result->has_time ? result->time_ms : engine->now_ms,
                        .forwarded = true,
                        .sealed_only = run->newest,
                        .archive = run->archive,
                        .archive_id = result->id,
                        .tally = &tally};
    context_archived whose;
    bool room = !bytes_equal(run->archive, engine->account.bare);
    if (a.stanza == NULL) return SOTTO_OK;
    SOTTO_TRY(context_archive_origin(a.stanza, run->archive, room, &engine->arena, &whose, &a.from));
    if (whose == CONTEXT_ARCHIVED_NOT) return SOTTO_OK;
    if (whose == CONTEXT_ARCHIVED_SENT) a.carbon = SOTTO_CARBON_SENT;
    if (whose == CONTEXT_ARCHIVED_ROOM)
        SOTTO_TRY(context_archive_occupant(a.stanza, &engine->arena, &a.has_occupant, &a.occupant));
    SOTTO_TRY(take_archived(engine, &a));
    run->handed += tally.handed;
    run->unreadable += run->newest ? 0 : tally.unreadable; /* of the first page most was for others */
    return SOTTO_OK;
}

static sotto_status take_result(sotto_engine *engine, const engine_arrival *a, const context_archive_result *result) {
    archive_run run;
    sotto_bytes archive = a->has_from ? a->from.full : engine->account.bare;
    if (!archive_run_get(engine, archive, &run) || run.phase != ARCHIVE_PAGE || run.queryid.len == 0) return SOTTO_OK;
    if (!bytes_equal(result->queryid, run.queryid) || result->id.len > SOTTO_ARCHIVE_ID_BYTES_MAX) return SOTTO_OK;
    run.excess = run.excess || run.results >= SOTTO_ARCHIVE_PAGE;
    if (!run.excess) {
        run.results++;
        run.last = result->id;
        run.last_ms = result->has_time ? result->time_ms : engine->now_ms;
        SOTTO_TRY(open_result(engine, &run, result));
    }
    return archive_run_put(engine, &run);
}

/* ---- what waits ---- */

/* The archive a message waits for, while that is read: a room's for what is said in it, the account's own for all else
 * that is no error and no notification. */
static bool waits_for(const sotto_engine *engine, const engine_arrival *a, archive_run *ret) {
    context_notification notification;
    sotto_bytes type = stanza_attribute_of(a->stanza, "type");
    if (bytes_is(type, "groupchat")) return a->has_from && archive_run_get(engine, a->from.bare, ret);
    return !bytes_is(type, "error") && archive_run_get(engine, engine->account.bare, ret) &&
           !context_notification_read(a->stanza, a->has_from ? &a->from : NULL, &notification);
}

sotto_status engine_archive_take(sotto_engine *engine, const engine_arrival *a, bool *ret_taken) {
    context_archive_result result;
    archive_run run;
    bool is_result, full;
    *ret_taken = false;
    if (!engine->catch_up) return SOTTO_OK;
    *ret_taken = context_archive_result_read(a->stanza, &result, &is_result);
    if (*ret_taken) return is_result ? take_result(engine, a, &result) : SOTTO_OK;
    if (!waits_for(engine, a, &run)) return SOTTO_OK;
    SOTTO_TRY(engine_backlog_wait(engine, run.archive, a->real, a->stanza->raw, &full));
    *ret_taken = !full;
    if (!full || run.phase != ARCHIVE_PAGE || run.newest) return SOTTO_OK;
    /* One too many. Its id says that it is in the archive, which is read until it has come. */
    engine_arrival named = *a;
    SOTTO_TRY(engine_archive_name(engine, &named));
    if (named.archive_id.len == 0) return SOTTO_OK;
    *ret_taken = run.let_go = true;
    return archive_run_put(engine, &run);
}

/* *ret_full: the outbox is, and the message waits on. */
static sotto_status release_one(sotto_engine *engine, sotto_bytes archive, bool *ret_is, bool *ret_full) {
    engine_mark before = engine_mark_here(engine), taken;
    engine_arrival a;
    sotto_bytes raw, real;
    uint64_t since_ms;
    *ret_full = false;
    SOTTO_TRY(engine_backlog_take(engine, archive, ret_is, &real, &raw, &since_ms));
    if (!*ret_is) return SOTTO_OK;
    taken = engine_mark_here(engine);
    sotto_status status = engine_arrival_read(engine, raw, since_ms, &a);
    if (sotto_ok(status)) status = engine_room_attribute(engine, &a);
    a.real = real; /* whose nick it is now may be another */
    if (sotto_ok(status)) status = engine_receive_message(engine, &a);
    *ret_full = sotto_is(status, SOTTO_E_OUTBOX_FULL);
    if (*ret_full) {
        engine_mark_back(engine, before);
        return SOTTO_OK;
    }
    if (sotto_ok(status) || sotto_class(status) != SOTTO_CLASS_PEER) return status;
    engine_mark_back(engine, taken); /* what a server says that is no stanza is dropped */
    return SOTTO_OK;
}

sotto_status archive_release(sotto_engine *engine, sotto_bytes archive) {
    bool more = true, full = false;
    archive_run run;
    for (unsigned i = 0; i < RELEASED_A_STEP && more && !full; i++) {
        bytes_arena_mark mark = bytes_arena_here(&engine->arena);
        SOTTO_TRY(release_one(engine, archive, &more, &full));
        bytes_arena_back(&engine->arena, mark);
    }
    if (more) return archive_timer(engine, 'r', archive, engine->now_ms + (full ? PAUSE_MS : NEXT_MS));
    return archive_run_get(engine, archive, &run) ? archive_run_end(engine, &run) : SOTTO_OK;
}

/* ---- ids ---- */

sotto_status engine_archive_name(sotto_engine *engine, engine_arrival *a) {
    engine_backlog backlog;
    if (!engine->catch_up || a->tally != NULL) return SOTTO_OK;
    bool room = bytes_is(stanza_attribute_of(a->stanza, "type"), "groupchat");
    if (room && !a->has_from) return SOTTO_OK;
    sotto_bytes archive = room ? a->from.bare : engine->account.bare;
    sotto_bytes id = context_stanza_id(a->stanza, archive);
    if (id.len == 0 || id.len > SOTTO_ARCHIVE_ID_BYTES_MAX || archive.len > SOTTO_JID_BYTES_MAX) return SOTTO_OK;
    SOTTO_TRY(engine_backlog_get(engine, archive, &backlog));
    if (!backlog.ids) return SOTTO_OK;
    a->archive = archive;
    a->archive_id = id;
    return SOTTO_OK;
}

/* Whose name the ids of what this device sent have. */
static sotto_status sent_mark(sotto_engine *engine, sotto_bytes peer, sotto_bytes *ret) {
    bytes_buffer out;
    sotto_bytes text;
    bytes_buffer_owned(&out, engine->host, sizeof SENT_MARK + SOTTO_JID_BYTES_MAX);
    bytes_buffer_text(&out, SENT_MARK);
    bytes_buffer_put(&out, peer);
    sotto_status status = bytes_buffer_end(&out, &text);
    if (sotto_ok(status) && !bytes_arena_copy(&engine->arena, text, ret)) status = SOTTO_FAIL(NO_MEMORY);
    bytes_buffer_free(&out);
    return status;
}

sotto_status engine_archive_sent(sotto_engine *engine, const stanza_element *stanza, sotto_bytes peer) {
    sotto_bytes id = stanza_attribute_of(stanza, "id"), mark;
    bool first;
    if (!engine->catch_up || id.len == 0 || peer.len == 0 || !stanza_is(stanza, "message", NULL)) return SOTTO_OK;
    SOTTO_TRY(sent_mark(engine, peer, &mark));
    return engine_seen_add(engine, mark, id, &first);
}

sotto_status engine_archive_first(sotto_engine *engine, const engine_arrival *a, bool *ret_first) {
    *ret_first = true;
    if (a->archive_id.len == 0) return SOTTO_OK;
    if (a->tally != NULL && a->carbon == SOTTO_CARBON_SENT) {
        sotto_bytes peer, mark;
        bool ours;
        SOTTO_TRY(engine_arrival_peer(engine, a, &peer));
        SOTTO_TRY(sent_mark(engine, peer, &mark));
        SOTTO_TRY(engine_seen_has(engine, mark, stanza_attribute_of(a->stanza, "id"), &ours));
        *ret_first = !ours;
        if (ours) return SOTTO_OK;
    }
    return engine_seen_add(engine, a->archive, a->archive_id, ret_first);
}

/* The cursor follows what comes live: the archive has the same order (XEP-0313 section 2.1). Never over a hole. */
sotto_status engine_archive_handed(sotto_engine *engine, const engine_arrival *a) {
    engine_backlog backlog;
    archive_run run;
    if (a->tally != NULL) {
        a->tally->handed++;
        return SOTTO_OK;
    }
    if (a->archive_id.len == 0) return SOTTO_OK;
    if (archive_run_get(engine, a->archive, &run) && run.phase != ARCHIVE_RELEASE) return SOTTO_OK;
    SOTTO_TRY(engine_backlog_get(engine, a->archive, &backlog));
    if (!backlog.known || backlog.hole || bytes_equal(backlog.last, a->archive_id)) return SOTTO_OK;
    backlog.last = a->archive_id;
    backlog.last_ms = a->time_ms;
    return engine_backlog_put(engine, &backlog);
}
