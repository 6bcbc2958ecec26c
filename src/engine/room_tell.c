/* SPDX-License-Identifier: ISC
 *
 * What a room is: whether anything can be encrypted for it, for how many, or why not. Said once when it was joined, and
 * again whenever that changes. */
#include "engine/archive.h"
#include "engine/env.h"
#include "engine/output.h"
#include "engine/room_part.h"
#include "engine/send.h"

sotto_status room_tell(sotto_engine *engine, engine_room *room, sotto_status reason, uint32_t number, uint32_t total,
                       sotto_bytes text) {
    bool same =
        room->told && room->told_reason.code == reason.code && room->told_number == number && room->told_total == total;
    room->told = true;
    room->told_reason = reason;
    room->told_number = number;
    room->told_total = total;
    SOTTO_TRY(engine_room_put(engine, room));
    if (same) return SOTTO_OK;
    return engine_event(engine, &(sotto_event){.kind = SOTTO_EVENT_ROOM,
                                               .jid = room->jid,
                                               .reason = reason,
                                               .number = number,
                                               .total = total,
                                               .text = text});
}

/* XEP-0384 section 5.8: "MUST be configured non-anonymous and SHOULD be configured members-only"; who may enter a room
 * for everybody cannot be known when something is sealed for it, so both are required here. */
static sotto_status standing_of(const engine_room *room) {
    if (room->stage == ROOM_IN && room->anonymous) return SOTTO_FAIL(ROOM_ANONYMOUS);
    if (room->stage == ROOM_IN && room->asked != 0) return SOTTO_FAIL(AGAIN);
    if (!sotto_ok(room->failed)) return room->failed;
    if (room->stage != ROOM_IN || !room->informed) return SOTTO_FAIL(AGAIN);
    if (!room->info.members_only) return SOTTO_FAIL(ROOM_PUBLIC);
    return room->info.shows_jids ? SOTTO_OK : SOTTO_FAIL(ROOM_ANONYMOUS);
}

sotto_status engine_room_standing(sotto_engine *engine, sotto_bytes jid, sotto_status *ret) {
    engine_room room;
    sotto_status status = engine_room_get(engine, jid, &room);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) {
        *ret = SOTTO_FAIL(NOT_JOINED);
        return SOTTO_OK;
    }
    SOTTO_TRY(status);
    *ret = engine->online ? standing_of(&room) : SOTTO_FAIL(AGAIN);
    return SOTTO_OK;
}

/* ---- reviewing ---- */

static sotto_status judge(sotto_engine *engine, engine_room *room) {
    sotto_status standing = standing_of(room);
    if (room->stage != ROOM_IN || sotto_is(standing, SOTTO_E_AGAIN) || !sotto_ok(room->failed)) return SOTTO_OK;
    if (!sotto_ok(standing)) return room_tell(engine, room, standing, 0, 0, BYTES_NONE);
    engine_outlook outlook;
    SOTTO_TRY(engine_send_outlook(engine, room->jid, &outlook));
    if (sotto_is(outlook.reason, SOTTO_E_AGAIN)) return SOTTO_OK; /* keys are being asked for */
    return room_tell(engine, room, outlook.reason, outlook.number, outlook.total, BYTES_NONE);
}

static bool is_among(const struct engine_changed *changed, sotto_bytes room, const room_members *members) {
    for (; changed != NULL; changed = changed->next)
        if (changed->jid.len == 0 || bytes_equal(changed->jid, room) ||
            engine_room_members_find(members, changed->jid) != NULL)
            return true;
    return false;
}

static sotto_status review_one(void *arg, const engine_room *kept) {
    sotto_engine *engine = arg;
    engine_room room = *kept;
    room_members members;
    SOTTO_TRY(engine_room_members_get(engine, room.jid, ROOM_LIST_READ, &members));
    if (!is_among(engine->changed, room.jid, &members)) return SOTTO_OK;
    SOTTO_TRY(engine_changed_add(engine, room.jid));
    SOTTO_TRY(room_release(engine, &room)); /* before what is held: it was said earlier */
    return judge(engine, &room);
}

sotto_status engine_room_review(sotto_engine *engine) {
    if (engine->changed == NULL || !engine->online) return SOTTO_OK;
    return engine_room_scan(engine, review_one, engine);
}

/* ---- looking ---- */

typedef struct room_view {
    sotto_room_visit *visit;
    void *arg;
} room_view;

static sotto_status show_room(void *arg, const engine_room *room) {
    const room_view *view = arg;
    sotto_room shown = {.jid = room->jid,
                        .nick = room->nick,
                        .joined = room->stage == ROOM_IN,
                        .settled = room->told,
                        .reason = room->told_reason,
                        .number = room->told_number,
                        .total = room->told_total};
    return view->visit(view->arg, &shown);
}

sotto_status engine_room_visit(sotto_engine *engine, sotto_room_visit *visit, void *arg) {
    room_view view = {visit, arg};
    return engine_room_scan(engine, show_room, &view);
}

typedef struct member_view {
    sotto_engine *engine;
    const room_members *members;
    const room_member *member; /* whose nicks are looked for; NULL: those of nobody who is a member */
    size_t shown;
    sotto_room_member_visit *visit;
    void *arg;
} member_view;

static sotto_status show_member(const member_view *view, sotto_bytes jid, context_affiliation affiliation,
                                sotto_bytes nick) {
    sotto_room_member shown = {jid, bytes_text(context_affiliation_name(affiliation)), nick};
    return view->visit(view->arg, &shown);
}

static sotto_status show_occupant(void *arg, const room_occupant *occupant) {
    member_view *view = arg;
    const room_member *member = occupant->real.len > 0 ? engine_room_members_find(view->members, occupant->real) : NULL;
    if (member != view->member) return SOTTO_OK;
    view->shown++;
    return show_member(view, occupant->real, member != NULL ? member->affiliation : occupant->affiliation,
                       occupant->nick);
}

sotto_status engine_room_member_visit(sotto_engine *engine, sotto_bytes jid, sotto_room_member_visit *visit,
                                      void *arg) {
    engine_room room;
    room_members members;
    member_view view = {.engine = engine, .members = &members, .visit = visit, .arg = arg};
    SOTTO_TRY(engine_room_get(engine, jid, &room));
    SOTTO_TRY(engine_room_members_get(engine, jid, ROOM_LIST_READ, &members));
    for (size_t i = 0; i < members.count; i++) {
        view.member = &members.at[i];
        view.shown = 0;
        SOTTO_TRY(engine_room_occupant_scan(engine, jid, show_occupant, &view));
        if (view.shown == 0) SOTTO_TRY(show_member(&view, members.at[i].jid, members.at[i].affiliation, BYTES_NONE));
    }
    view.member = NULL;
    return engine_room_occupant_scan(engine, jid, show_occupant, &view);
}
