/* SPDX-License-Identifier: ISC
 *
 * What a room is, and who its members are: asked when it was entered and on every doubt, put together when all answers
 * are here (XEP-0384 section 5.8.1; T35). */
#include "bytes/buffer.h"
#include "engine/ask.h"
#include "engine/env.h"
#include "engine/output.h"
#include "engine/room_part.h"

#define NOTE_BYTES_MAX (SOTTO_ROOM_JID_BYTES_MAX + 2u)

#define LIST_QUERY(affiliation) "<query xmlns='" CONTEXT_NS_ROOM_ADMIN "'><item affiliation='" affiliation "'/></query>"

/* The questions. Outcasts may be hidden from those who cannot ban: then nobody on another list is one, as far as can be
 * known (T35). The form is section 10.1.3's, of a room that this join created: what nobody has decided yet is decided
 * for privacy. */
static const struct {
    uint8_t bit;
    bool set, may_refuse;
    context_affiliation list;
    const char *payload;
} questions[] = {
    {ROOM_ASKED_INFO, false, false, CONTEXT_NONE, "<query xmlns='http://jabber.org/protocol/disco#info'/>"},
    {ROOM_ASKED_OWNER, false, false, CONTEXT_OWNER, LIST_QUERY("owner")},
    {ROOM_ASKED_ADMIN, false, false, CONTEXT_ADMIN, LIST_QUERY("admin")},
    {ROOM_ASKED_MEMBER, false, false, CONTEXT_MEMBER, LIST_QUERY("member")},
    {ROOM_ASKED_OUTCAST, false, true, CONTEXT_OUTCAST, LIST_QUERY("outcast")},
    {ROOM_ASKED_FORM, true, true, CONTEXT_NONE,
     "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>"
     "<field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>"
     "<field var='muc#roomconfig_membersonly'><value>1</value></field>"
     "<field var='muc#roomconfig_whois'><value>anyone</value></field>"
     "<field var='muc#roomconfig_persistentroom'><value>1</value></field>"
     "<field var='muc#roomconfig_publicroom'><value>0</value></field></x></query>"},
};
#define QUESTIONS (sizeof questions / sizeof *questions)

/* ---- asking ---- */

sotto_status room_ask_missing(sotto_engine *engine, const engine_room *room) {
    uint8_t note[NOTE_BYTES_MAX];
    bool form = (room->asked & ROOM_ASKED_FORM) != 0;
    for (size_t i = 0; i < QUESTIONS; i++) {
        if ((room->asked & questions[i].bit) == 0 || (form && questions[i].bit != ROOM_ASKED_FORM)) continue;
        bytes_buffer out;
        sotto_bytes text;
        bytes_buffer_borrowed(&out, note, sizeof note);
        bytes_buffer_u8(&out, questions[i].bit);
        bytes_buffer_put(&out, room->jid);
        SOTTO_TRY(bytes_buffer_end(&out, &text));
        SOTTO_TRY(
            engine_ask(engine, ENGINE_OWNER_ROOM, questions[i].set, room->jid, bytes_text(questions[i].payload), text));
    }
    return SOTTO_OK;
}

sotto_status room_ask_all(sotto_engine *engine, engine_room *room) {
    room->asked |= ROOM_ASKED_ALL;
    room->failed = SOTTO_OK;
    room->why = BYTES_NONE;
    room->informed = false;
    SOTTO_TRY(engine_room_members_put(engine, room->jid, ROOM_LIST_GATHERED, &(room_members){0}));
    SOTTO_TRY(engine_room_put(engine, room));
    SOTTO_TRY(room_timer(engine, room->jid, SOTTO_ASK_WAIT_MS));
    return room_ask_missing(engine, room);
}

/* ---- what changed ---- */

static sotto_status tell_member(sotto_engine *engine, sotto_bytes room, sotto_bytes jid,
                                context_affiliation affiliation) {
    sotto_event event = {.kind = SOTTO_EVENT_ROOM_MEMBER,
                         .jid = room,
                         .text = bytes_text(context_affiliation_name(affiliation)),
                         .number = context_affiliation_reads(affiliation) ? 1 : 0,
                         .key = {.jid = jid}};
    return engine_event(engine, &event);
}

static context_affiliation affiliation_of(const room_members *members, sotto_bytes jid) {
    const room_member *member = engine_room_members_find(members, jid);
    return member != NULL ? member->affiliation : CONTEXT_NONE;
}

static sotto_status tell_difference(sotto_engine *engine, sotto_bytes room, sotto_bytes jid, context_affiliation before,
                                    context_affiliation now) {
    if (before == now || bytes_equal(jid, engine->account.bare)) return SOTTO_OK;
    if (!context_affiliation_reads(before) && !context_affiliation_reads(now)) return SOTTO_OK;
    return tell_member(engine, room, jid, now);
}

sotto_status room_affiliation(sotto_engine *engine, const engine_room *room, sotto_bytes jid,
                              context_affiliation affiliation) {
    room_list list = room->asked != 0 ? ROOM_LIST_GATHERED : ROOM_LIST_READ;
    room_members members;
    if (room->stage != ROOM_IN) return SOTTO_OK; /* the occupants are looked at when the lists are read */
    SOTTO_TRY(engine_room_members_get(engine, room->jid, list, &members));
    context_affiliation before = affiliation_of(&members, jid);
    if (before == affiliation) return SOTTO_OK;
    if (list == ROOM_LIST_READ && !context_affiliation_reads(affiliation)) {
        engine_room_members_remove(&members, jid);
    } else {
        sotto_status status = engine_room_members_set(engine, &members, jid, affiliation);
        if (sotto_is(status, SOTTO_E_TOO_LARGE)) { /* found out in order when the lists are read anew */
            engine_room again = *room;
            return room_ask_all(engine, &again);
        }
        SOTTO_TRY(status);
    }
    SOTTO_TRY(engine_room_members_put(engine, room->jid, list, &members));
    SOTTO_TRY(engine_changed_add(engine, room->jid));
    return list == ROOM_LIST_READ ? tell_difference(engine, room->jid, jid, before, affiliation) : SOTTO_OK;
}

/* ---- reading ---- */

typedef struct gathering {
    sotto_engine *engine;
    room_members members;
    context_affiliation list;
} gathering;

/* Whoever is an outcast on one list is one, whatever the others say; else the most that was said. */
static sotto_status gather(void *arg, sotto_bytes jid) {
    gathering *g = arg;
    const room_member *known = engine_room_members_find(&g->members, jid);
    if (known != NULL &&
        (known->affiliation == CONTEXT_OUTCAST || (g->list != CONTEXT_OUTCAST && known->affiliation >= g->list)))
        return SOTTO_OK;
    return engine_room_members_set(g->engine, &g->members, jid, g->list);
}

/* Owners, admins and members who are here and on no list: a room may be slow to write down what it says. */
static sotto_status gather_occupant(void *arg, const room_occupant *occupant) {
    gathering *g = arg;
    if (occupant->real.len == 0 || !context_affiliation_reads(occupant->affiliation)) return SOTTO_OK;
    if (engine_room_members_find(&g->members, occupant->real) != NULL) return SOTTO_OK;
    return engine_room_members_set(g->engine, &g->members, occupant->real, occupant->affiliation);
}

static void keep_readers(room_members *members) {
    size_t kept = 0;
    for (size_t i = 0; i < members->count; i++)
        if (context_affiliation_reads(members->at[i].affiliation)) members->at[kept++] = members->at[i];
    members->count = kept;
}

/* Both in the order of JIDs. */
static sotto_status tell_differences(sotto_engine *engine, sotto_bytes room, const room_members *before,
                                     const room_members *now) {
    size_t i = 0, k = 0;
    while (i < before->count || k < now->count) {
        int order = i == before->count ? 1 : k == now->count ? -1 : bytes_compare(before->at[i].jid, now->at[k].jid);
        const room_member *any = order <= 0 ? &before->at[i] : &now->at[k];
        SOTTO_TRY(tell_difference(engine, room, any->jid, order <= 0 ? before->at[i].affiliation : CONTEXT_NONE,
                                  order >= 0 ? now->at[k].affiliation : CONTEXT_NONE));
        i += order <= 0 ? 1 : 0;
        k += order >= 0 ? 1 : 0;
    }
    return SOTTO_OK;
}

/* All answers are here. Who was a member when the lists were read last, perhaps days ago, and is not now, is told, and
 * the other way round: the list is the server's word alone (T35). */
static sotto_status finish(sotto_engine *engine, engine_room *room) {
    gathering g = {.engine = engine};
    room_members before;
    bool closed = room->info.members_only && room->info.shows_jids && !room->anonymous;
    if (!closed) { /* then nobody needs the lists, which such rooms often refuse */
        room->failed = SOTTO_OK;
        SOTTO_TRY(engine_room_put(engine, room));
        return engine_changed_add(engine, room->jid);
    }
    if (!sotto_ok(room->failed)) return room_fail(engine, room, room->failed, room->why);
    SOTTO_TRY(engine_room_members_get(engine, room->jid, ROOM_LIST_GATHERED, &g.members));
    SOTTO_TRY(engine_room_members_get(engine, room->jid, ROOM_LIST_READ, &before));
    sotto_status status = engine_room_occupant_scan(engine, room->jid, gather_occupant, &g);
    if (sotto_is(status, SOTTO_E_TOO_LARGE)) return room_fail(engine, room, status, BYTES_NONE);
    SOTTO_TRY(status);
    keep_readers(&g.members);
    SOTTO_TRY(engine_room_members_put(engine, room->jid, ROOM_LIST_READ, &g.members));
    SOTTO_TRY(engine_room_members_put(engine, room->jid, ROOM_LIST_GATHERED, &(room_members){0}));
    if (before.count > 0) SOTTO_TRY(tell_differences(engine, room->jid, &before, &g.members));
    return engine_changed_add(engine, room->jid);
}

static sotto_status read_list(sotto_engine *engine, const engine_room *room, context_affiliation list,
                              const stanza_element *answer) {
    gathering g = {.engine = engine, .list = list};
    SOTTO_TRY(engine_room_members_get(engine, room->jid, ROOM_LIST_GATHERED, &g.members));
    SOTTO_TRY(context_room_list_read(answer, list, &engine->arena, gather, &g));
    return engine_room_members_put(engine, room->jid, ROOM_LIST_GATHERED, &g.members);
}

/* What the room said about why not. */
static sotto_bytes refusal_of(const stanza_element *answer) {
    const stanza_element *error = stanza_child(answer, "error", STANZA_NS_CLIENT);
    const stanza_element *condition = stanza_first(error);
    return condition != NULL ? condition->name : BYTES_NONE;
}

sotto_status room_take_answer(sotto_engine *engine, engine_room *room, uint8_t which, const seal_input *input) {
    size_t i = 0;
    while (i < QUESTIONS && questions[i].bit != which) i++;
    if (i == QUESTIONS || (room->asked & which) == 0) return SOTTO_OK;
    bool refused = sotto_is(input->status, SOTTO_E_SERVER_REFUSED);
    bool failed = !sotto_ok(input->status) && !(refused && questions[i].may_refuse);
    if (failed && sotto_ok(room->failed)) {
        room->failed = input->status;
        room->why = refused ? refusal_of(input->answer) : BYTES_NONE;
    }
    if (failed && which == ROOM_ASKED_INFO) return room_fail(engine, room, room->failed, room->why);
    if (sotto_ok(input->status) && which == ROOM_ASKED_INFO) {
        SOTTO_TRY(context_room_info_read(input->answer, &room->info));
        room->informed = true;
        room->anonymous = false; /* asked after the status code that said so came */
    } else if (sotto_ok(input->status) && which != ROOM_ASKED_FORM) {
        SOTTO_TRY(read_list(engine, room, questions[i].list, input->answer));
    }
    room->asked &= (uint8_t)~which;
    SOTTO_TRY(engine_room_put(engine, room));
    if (which == ROOM_ASKED_FORM) return room_ask_all(engine, room);
    return room->asked == 0 ? finish(engine, room) : SOTTO_OK;
}
