/* SPDX-License-Identifier: ISC
 *
 * Entering and leaving rooms, and what they say by presence. Which rooms are entered when is the host's: a command that
 * sends one message does not want to be seen in all of them. */
#include "engine/room.h"

#include "engine/archive.h"
#include "engine/ask.h"
#include "engine/env.h"
#include "engine/output.h"
#include "engine/room_part.h"
#include "stanza/writer.h"

#define ENTER_WAIT_MS 30000u  /* for our own presence to come back */
#define RETRY_MS      60000u  /* after what may pass */
#define PING_MS       900000u /* XEP-0410 section 4: "e.g. 15 minutes" */
#define TRIES_MAX     3u      /* nicks that are taken */
#define NOTE_PING     'p'

/* ---- timers ---- */

sotto_status room_timer(sotto_engine *engine, sotto_bytes room, uint64_t in_ms) {
    uint64_t at = in_ms == UINT64_MAX ? UINT64_MAX : engine->now_ms + in_ms;
    return engine_timer(engine, ENGINE_OWNER_ROOM, room, at);
}

/* ---- writing ---- */

typedef struct entering {
    sotto_bytes room, nick;
    bool join; /* else: another nick, or leaving */
    bool leave;
} entering;

static sotto_status write_presence(const entering *e, bytes_buffer *to, bytes_buffer *out) {
    sotto_bytes address;
    bytes_buffer_put(to, e->room);
    bytes_buffer_u8(to, '/');
    bytes_buffer_put(to, e->nick);
    SOTTO_TRY(bytes_buffer_end(to, &address));
    stanza_writer writer;
    stanza_writer_init(&writer, out, STANZA_NS_CLIENT);
    stanza_open(&writer, "presence", STANZA_NS_CLIENT);
    stanza_put(&writer, "to", address);
    if (e->leave) stanza_put_text(&writer, "type", "unavailable");
    if (e->join) {
        /* No history (section 7.2.15): what a room repeats names nicks as they were, and says of nobody whose they
         * are now (T36). What was missed is in the room's archive, which does. */
        stanza_open(&writer, "x", CONTEXT_NS_ROOM);
        stanza_open(&writer, "history", CONTEXT_NS_ROOM);
        stanza_put_number(&writer, "maxstanzas", 0);
        stanza_close(&writer);
        stanza_close(&writer);
    }
    stanza_close(&writer);
    return SOTTO_OK;
}

static sotto_status send_presence(sotto_engine *engine, const entering *e) {
    uint8_t at[SOTTO_JID_BYTES_MAX];
    bytes_buffer to, out;
    sotto_bytes presence = BYTES_NONE;
    bytes_buffer_borrowed(&to, at, sizeof at);
    bytes_buffer_owned(&out, engine->host, SOTTO_STANZA_BYTES_MAX);
    sotto_status status = write_presence(e, &to, &out);
    if (sotto_ok(status)) status = bytes_buffer_end(&out, &presence);
    sotto_output output = {.kind = SOTTO_OUTPUT_STANZA, .stanza = presence};
    if (sotto_ok(status)) status = engine_output_stage(engine, &output, OUTBOX_SESSION);
    bytes_buffer_free(&out);
    return status;
}

sotto_status room_enter(sotto_engine *engine, engine_room *room) {
    if (!engine->online) return engine_room_put(engine, room);
    room->stage = ROOM_ENTERING;
    room->asked = 0;
    room->anonymous = room->told = false;
    room->failed = SOTTO_OK;
    SOTTO_TRY(engine_room_occupant_clear(engine, room->jid));
    SOTTO_TRY(engine_room_put(engine, room));
    SOTTO_TRY(room_timer(engine, room->jid, ENTER_WAIT_MS));
    return send_presence(engine, &(entering){.room = room->jid, .nick = room->nick, .join = true});
}

/* ---- inputs ---- */

/* A nick as the resource it will be, in the arena. */
static sotto_status prepare_nick(sotto_engine *engine, sotto_bytes room, sotto_bytes nick, sotto_bytes *ret) {
    bytes_buffer out;
    sotto_bytes text;
    stanza_jid jid;
    bytes_buffer_owned(&out, engine->host, 2u * SOTTO_JID_BYTES_MAX);
    bytes_buffer_put(&out, room);
    bytes_buffer_u8(&out, '/');
    bytes_buffer_put(&out, nick);
    sotto_status status = bytes_buffer_end(&out, &text);
    if (sotto_ok(status)) status = stanza_jid_parse(&engine->arena, text, &jid);
    bytes_buffer_free(&out);
    SOTTO_TRY(status);
    *ret = jid.resource;
    return jid.resource.len > 0 && bytes_equal(jid.bare, room) ? SOTTO_OK : SOTTO_FAIL(BAD_JID);
}

static sotto_status count_room(void *arg, const engine_room *room) {
    (void)room;
    ++*(size_t *)arg;
    return SOTTO_OK;
}

static sotto_status join_new(sotto_engine *engine, sotto_bytes jid, sotto_bytes nick) {
    size_t count = 0;
    SOTTO_TRY(engine_room_scan(engine, count_room, &count));
    if (count >= SOTTO_ROOMS_MAX) return SOTTO_FAIL(TOO_LARGE);
    engine_room room = {.jid = jid, .nick = nick};
    return room_enter(engine, &room);
}

/* One that was entered already says again what it is; with another nick, under that. */
static sotto_status join_again(sotto_engine *engine, engine_room *room, sotto_bytes nick, bool nick_given) {
    bool other = nick_given && !bytes_equal(nick, room->nick);
    if (room->stage != ROOM_IN) {
        if (nick_given) room->nick = nick;
        room->tries = 0;
        return room_enter(engine, room);
    }
    if (other) SOTTO_TRY(send_presence(engine, &(entering){.room = room->jid, .nick = nick}));
    room->told = false;
    if (room->asked == 0 && !sotto_ok(room->failed)) return room_ask_all(engine, room);
    SOTTO_TRY(engine_room_put(engine, room));
    return engine_changed_add(engine, room->jid);
}

static sotto_status join(sotto_engine *engine, const stanza_jid *jid, sotto_bytes wanted) {
    if (jid->local.len == 0 || jid->resource.len > 0 || jid->bare.len > SOTTO_ROOM_JID_BYTES_MAX)
        return SOTTO_FAIL(BAD_JID);
    engine_room room;
    sotto_bytes nick;
    SOTTO_TRY(prepare_nick(engine, jid->bare, wanted.len > 0 ? wanted : engine->account.local, &nick));
    sotto_status status = engine_room_get(engine, jid->bare, &room);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return join_new(engine, jid->bare, nick);
    SOTTO_TRY(status);
    return join_again(engine, &room, nick, wanted.len > 0);
}

static sotto_status enter_kept(void *arg, const engine_room *kept) {
    sotto_engine *engine = arg;
    engine_room room = *kept;
    return room.stage == ROOM_OUT ? room_enter(engine, &room) : SOTTO_OK;
}

static sotto_status part(sotto_engine *engine, const stanza_jid *jid) {
    engine_room room;
    SOTTO_TRY(engine_room_get(engine, jid->bare, &room));
    if (room.stage != ROOM_OUT && engine->online)
        SOTTO_TRY(send_presence(engine, &(entering){.room = room.jid, .nick = room.nick, .leave = true}));
    SOTTO_TRY(room_refuse_waiting(engine, room.jid, SOTTO_FAIL(NOT_JOINED)));
    SOTTO_TRY(engine_room_delete(engine, room.jid));
    SOTTO_TRY(room_timer(engine, room.jid, UINT64_MAX));
    return engine_changed_add(engine, room.jid); /* what was held for it is refused */
}

sotto_status engine_room_step(sotto_engine *engine, const sotto_input *input) {
    stanza_jid jid;
    if (input->kind == SOTTO_INPUT_JOIN && input->jid.len == 0) return engine_room_scan(engine, enter_kept, engine);
    SOTTO_TRY(stanza_jid_parse(&engine->arena, input->jid, &jid));
    return input->kind == SOTTO_INPUT_JOIN ? join(engine, &jid, input->nick) : part(engine, &jid);
}

/* ---- streams ---- */

static sotto_status leave_all(void *arg, const engine_room *kept) {
    sotto_engine *engine = arg;
    engine_room room = *kept;
    room.stage = ROOM_OUT;
    room.asked = 0;
    room.told = room.anonymous = false;
    SOTTO_TRY(engine_room_occupant_clear(engine, room.jid));
    SOTTO_TRY(room_timer(engine, room.jid, UINT64_MAX));
    return engine_room_put(engine, &room);
}

/* The stream goes on, in another process: what was asked is not answered, and its timers are gone. Whether we are in
 * the room is asked at once. */
static sotto_status ask_again(void *arg, const engine_room *room) {
    sotto_engine *engine = arg;
    if (room->stage == ROOM_OUT) return SOTTO_OK;
    SOTTO_TRY(room_timer(engine, room->jid, 0));
    return room_ask_missing(engine, room);
}

sotto_status engine_room_online(sotto_engine *engine, bool resumed, bool anew) {
    if (!resumed) SOTTO_TRY(engine_room_sent_forget(engine));
    if (!resumed) return engine_room_scan(engine, leave_all, engine);
    return anew ? engine_room_scan(engine, ask_again, engine) : SOTTO_OK;
}

/* ---- failures ---- */

/* Conditions that another attempt will not change (section 7.2): not a member, banned, the room is not there. */
static bool is_final(sotto_bytes condition) {
    static const char *const final[] = {"registration-required", "forbidden", "not-allowed",   "not-authorized",
                                        "item-not-found",        "gone",      "jid-malformed", "not-acceptable"};
    for (size_t i = 0; i < sizeof final / sizeof *final; i++)
        if (bytes_is(condition, final[i])) return true;
    return false;
}

sotto_status room_fail(sotto_engine *engine, engine_room *room, sotto_status reason, sotto_bytes text) {
    room->asked = 0;
    room->failed = reason;
    room->why = text;
    SOTTO_TRY(engine_room_members_put(engine, room->jid, ROOM_LIST_GATHERED, &(room_members){0}));
    SOTTO_TRY(room_timer(engine, room->jid, RETRY_MS));
    SOTTO_TRY(engine_changed_add(engine, room->jid));
    return room_tell(engine, room, reason, 0, 0, text);
}

/* Not in it, and not to be in it any more. */
static sotto_status forget(sotto_engine *engine, engine_room *room, sotto_status reason, sotto_bytes text) {
    SOTTO_TRY(room_tell(engine, room, reason, 0, 0, text));
    SOTTO_TRY(room_refuse_waiting(engine, room->jid, reason));
    SOTTO_TRY(engine_room_delete(engine, room->jid));
    SOTTO_TRY(room_timer(engine, room->jid, UINT64_MAX));
    return engine_changed_add(engine, room->jid);
}

/* Out of it, for reasons that pass: entered again after a while. */
static sotto_status fall_out(sotto_engine *engine, engine_room *room, sotto_status reason, sotto_bytes text) {
    room->stage = ROOM_OUT;
    SOTTO_TRY(engine_room_occupant_clear(engine, room->jid));
    return room_fail(engine, room, reason, text);
}

static sotto_status take_error(sotto_engine *engine, engine_room *room, sotto_bytes condition) {
    if (room->stage != ROOM_ENTERING) return SOTTO_OK; /* a nick that could not be had: we go on as we are */
    if (bytes_is(condition, "conflict") && room->tries < TRIES_MAX) {
        uint8_t at[SOTTO_JID_PART_BYTES_MAX + 1];
        bytes_buffer out;
        sotto_bytes longer;
        bytes_buffer_borrowed(&out, at, sizeof at);
        bytes_buffer_put(&out, room->nick);
        bytes_buffer_u8(&out, '_');
        SOTTO_TRY(bytes_buffer_end(&out, &longer));
        room->tries++;
        sotto_status status = prepare_nick(engine, room->jid, longer, &room->nick);
        if (sotto_ok(status)) return room_enter(engine, room);
        if (!sotto_is(status, SOTTO_E_BAD_JID)) return status;
    }
    if (is_final(condition) || bytes_is(condition, "conflict"))
        return forget(engine, room, SOTTO_FAIL(SERVER_REFUSED), condition);
    return fall_out(engine, room, SOTTO_FAIL(SERVER_REFUSED), condition);
}

/* ---- presence ---- */

/* Of members who are no contacts nobody tells us when they get another device. Whoever comes, or says something by
 * presence, may have one: their lists are read anew before the next message (XEP-0384 section 5.8.2). */
static void look_again(sotto_engine *engine, sotto_bytes jid) {
    for (size_t i = 0; i < engine->seal_count; i++)
        if (engine->seals[i].is_open) engine->seals[i].class->forget(engine->seals[i].self, jid);
}

static sotto_status learn_occupant(sotto_engine *engine, engine_room *room, sotto_bytes nick,
                                   const context_room_presence *p) {
    room_occupant old, now = {.nick = nick,
                              .real = p->has_real ? p->real.bare : BYTES_NONE,
                              .occupant_id = p->occupant_id,
                              .affiliation = p->affiliation};
    if (now.real.len == 0 && (p->status & CONTEXT_ROOM_SELF) != 0) now.real = engine->account.bare;
    sotto_status status = engine_room_occupant_get(engine, room->jid, nick, &old);
    bool is_new = sotto_is(status, SOTTO_E_NOT_FOUND);
    if (!is_new) SOTTO_TRY(status);
    SOTTO_TRY(engine_room_occupant_put(engine, room->jid, &now));
    if (p->has_real) SOTTO_TRY(room_affiliation(engine, room, p->real.bare, p->affiliation));
    bool other = p->has_real && !bytes_equal(p->real.bare, engine->account.bare);
    if (other && room->stage == ROOM_IN) look_again(engine, p->real.bare);
    /* Somebody who is no member, in a room for members: then it is not what it said. */
    bool odd = p->affiliation < CONTEXT_MEMBER && (is_new || old.affiliation != p->affiliation);
    if (room->stage == ROOM_IN && room->asked == 0 && room->info.members_only && odd) return room_ask_all(engine, room);
    return SOTTO_OK;
}

/* We are in, and have been told who else is (section 7.2.2: our own presence comes last). */
static sotto_status arrive(sotto_engine *engine, engine_room *room, sotto_bytes nick, const context_room_presence *p) {
    bool was_in = room->stage == ROOM_IN;
    room->nick = nick;
    if (was_in) return engine_room_put(engine, room);
    room->stage = ROOM_IN;
    room->tries = 0;
    SOTTO_TRY(engine_archive_query(engine, room->jid));
    if ((p->status & CONTEXT_ROOM_CREATED) == 0) return room_ask_all(engine, room);
    room->asked = ROOM_ASKED_FORM;
    SOTTO_TRY(engine_room_put(engine, room));
    SOTTO_TRY(room_timer(engine, room->jid, SOTTO_ASK_WAIT_MS));
    return room_ask_missing(engine, room);
}

static sotto_status take_config(sotto_engine *engine, engine_room *room, uint32_t status) {
    const uint32_t changes = CONTEXT_ROOM_CONFIGURED | CONTEXT_ROOM_NOW_OPEN_JIDS | CONTEXT_ROOM_NOW_ANONYMOUS;
    if ((status & changes) == 0 || room->stage != ROOM_IN || room->asked == ROOM_ASKED_FORM) return SOTTO_OK;
    room->anonymous = room->anonymous || (status & CONTEXT_ROOM_NOW_ANONYMOUS) != 0;
    SOTTO_TRY(engine_changed_add(engine, room->jid));
    return room_ask_all(engine, room);
}

static sotto_status take_here(sotto_engine *engine, engine_room *room, sotto_bytes nick,
                              const context_room_presence *p) {
    bool self = (p->status & CONTEXT_ROOM_SELF) != 0;
    if (!p->from_room) return SOTTO_OK; /* it says nothing of who that is */
    /* Ourselves, the room says, and names somebody else. */
    if (self && p->has_real && !bytes_equal(p->real.bare, engine->account.bare)) return SOTTO_FAIL(MALFORMED);
    SOTTO_TRY(learn_occupant(engine, room, nick, p));
    if (self) SOTTO_TRY(arrive(engine, room, nick, p));
    return take_config(engine, room, p->status);
}

static const char *removal_of(uint32_t status) {
    return (status & CONTEXT_ROOM_BANNED) != 0         ? "banned"
           : (status & CONTEXT_ROOM_NOT_MEMBER) != 0   ? "not a member any more"
           : (status & CONTEXT_ROOM_MEMBERS_ONLY) != 0 ? "for members only now"
           : (status & CONTEXT_ROOM_KICKED) != 0       ? "kicked"
                                                       : "";
}

/* XEP-0045 section 9.2 and XEP-0410: with 333 nobody threw us out, something broke. */
static sotto_status take_own_leaving(sotto_engine *engine, engine_room *room, const stanza_element *presence,
                                     const context_room_presence *p) {
    const stanza_element *user = stanza_child(presence, "x", CONTEXT_NS_ROOM_USER);
    const uint32_t passing = CONTEXT_ROOM_SHUT_DOWN | CONTEXT_ROOM_CONNECTION_LOST;
    bool destroyed = stanza_child(user, "destroy", CONTEXT_NS_ROOM_USER) != NULL;
    const char *why = removal_of(p->status);
    if (!destroyed && ((p->status & passing) != 0 || why[0] == 0))
        return fall_out(engine, room, SOTTO_FAIL(ROOM_LEFT), BYTES_NONE);
    return forget(engine, room, SOTTO_FAIL(ROOM_LEFT), bytes_text(destroyed ? "destroyed" : why));
}

static sotto_status rename_occupant(sotto_engine *engine, engine_room *room, sotto_bytes nick,
                                    const context_room_presence *p) {
    room_occupant occupant;
    sotto_bytes now;
    sotto_status status = prepare_nick(engine, room->jid, p->new_nick, &now);
    if (sotto_is(status, SOTTO_E_BAD_JID)) return SOTTO_FAIL(MALFORMED);
    SOTTO_TRY(status);
    status = engine_room_occupant_get(engine, room->jid, nick, &occupant);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    SOTTO_TRY(engine_room_occupant_remove(engine, room->jid, nick));
    occupant.nick = now;
    SOTTO_TRY(engine_room_occupant_put(engine, room->jid, &occupant));
    if ((p->status & CONTEXT_ROOM_SELF) == 0) return SOTTO_OK;
    room->nick = now;
    return engine_room_put(engine, room);
}

static sotto_status take_gone(sotto_engine *engine, engine_room *room, sotto_bytes nick, const stanza_element *presence,
                              const context_room_presence *p) {
    bool self = (p->status & CONTEXT_ROOM_SELF) != 0 || bytes_equal(nick, room->nick);
    if ((p->status & CONTEXT_ROOM_NICK_CHANGED) != 0) return rename_occupant(engine, room, nick, p);
    SOTTO_TRY(engine_room_occupant_remove(engine, room->jid, nick));
    if (self) return room->stage == ROOM_OUT ? SOTTO_OK : take_own_leaving(engine, room, presence, p);
    if (!p->has_real) return SOTTO_OK;
    return room_affiliation(engine, room, p->real.bare, p->affiliation);
}

static sotto_status take_presence(sotto_engine *engine, engine_room *room, const stanza_element *presence,
                                  sotto_bytes nick) {
    context_room_presence p;
    SOTTO_TRY(context_room_presence_read(presence, &engine->arena, &p));
    if (p.kind == CONTEXT_PRESENCE_ERROR) /* of what we sent: from where we sent it */
        return nick.len == 0 || bytes_equal(nick, room->nick) ? take_error(engine, room, p.condition) : SOTTO_OK;
    if (nick.len == 0 || room->stage == ROOM_OUT) return SOTTO_OK;
    if (p.kind == CONTEXT_PRESENCE_HERE) return take_here(engine, room, nick, &p);
    return p.kind == CONTEXT_PRESENCE_GONE ? take_gone(engine, room, nick, presence, &p) : SOTTO_OK;
}

sotto_status engine_room_presence(sotto_engine *engine, const stanza_element *presence, const stanza_jid *from,
                                  bool *ret_taken) {
    engine_room room;
    sotto_status status = engine_room_get(engine, from->bare, &room);
    *ret_taken = sotto_ok(status);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    engine_mark mark = engine_mark_here(engine);
    status = take_presence(engine, &room, presence, from->resource);
    if (sotto_class(status) != SOTTO_CLASS_PEER) return status;
    /* What cannot be understood may have said that somebody is a member no more, or that the nick is another's. */
    engine_mark_back(engine, mark);
    SOTTO_TRY(engine_room_get(engine, from->bare, &room));
    if (from->resource.len > 0) SOTTO_TRY(engine_room_occupant_remove(engine, room.jid, from->resource));
    return room.stage == ROOM_IN && room.asked == 0 ? room_ask_all(engine, &room) : SOTTO_OK;
}

/* ---- messages of the room itself ---- */

/* Whether there is anything for a person in it. */
static bool says_something(const stanza_element *message) {
    return stanza_child(message, "body", STANZA_NS_CLIENT) != NULL ||
           stanza_child(message, "subject", STANZA_NS_CLIENT) != NULL;
}

static sotto_status ping(sotto_engine *engine, const engine_room *room) {
    uint8_t note[SOTTO_ROOM_JID_BYTES_MAX + 1], to[SOTTO_JID_BYTES_MAX];
    bytes_buffer text, address;
    sotto_bytes note_bytes, address_bytes;
    bytes_buffer_borrowed(&text, note, sizeof note);
    bytes_buffer_u8(&text, NOTE_PING);
    bytes_buffer_put(&text, room->jid);
    SOTTO_TRY(bytes_buffer_end(&text, &note_bytes));
    bytes_buffer_borrowed(&address, to, sizeof to);
    bytes_buffer_put(&address, room->jid);
    bytes_buffer_u8(&address, '/');
    bytes_buffer_put(&address, room->nick);
    SOTTO_TRY(bytes_buffer_end(&address, &address_bytes));
    return engine_ask(engine, ENGINE_OWNER_ROOM, false, address_bytes, BYTES_LITERAL("<ping xmlns='urn:xmpp:ping'/>"),
                      note_bytes);
}

sotto_status engine_room_message(sotto_engine *engine, const engine_arrival *a, bool *ret_taken) {
    engine_room room;
    context_room_notice notice;
    *ret_taken = false;
    if (a->nick.len > 0) return SOTTO_OK;
    sotto_status status = engine_room_get(engine, a->room, &room);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK; /* it only calls itself one */
    SOTTO_TRY(status);
    if (room.stage != ROOM_IN) return SOTTO_OK;
    /* Something of ours came back: perhaps because we are not in the room, and were not told. */
    if (bytes_is(stanza_attribute_of(a->stanza, "type"), "error")) return ping(engine, &room);
    if (a->delayed) return SOTTO_OK;
    status = context_room_notice_read(a->stanza, &engine->arena, &notice);
    if (sotto_class(status) == SOTTO_CLASS_PEER) return room.asked == 0 ? room_ask_all(engine, &room) : SOTTO_OK;
    SOTTO_TRY(status);
    if (notice.has_item) SOTTO_TRY(room_affiliation(engine, &room, notice.real.bare, notice.affiliation));
    *ret_taken = (notice.status != 0 || notice.has_item) && !says_something(a->stanza);
    return take_config(engine, &room, notice.status);
}

/* ---- answers and timers ---- */

/* XEP-0410 section 4, its list. */
static sotto_status take_pong(sotto_engine *engine, engine_room *room, const seal_input *input) {
    static const char *const here[] = {"service-unavailable", "feature-not-implemented", "item-not-found",
                                       "remote-server-not-found", "remote-server-timeout"};
    if (!sotto_is(input->status, SOTTO_E_SERVER_REFUSED) || input->answer == NULL || room->stage != ROOM_IN)
        return SOTTO_OK;
    const stanza_element *error = stanza_child(input->answer, "error", STANZA_NS_CLIENT);
    const stanza_element *condition = stanza_first(error);
    for (size_t i = 0; i < sizeof here / sizeof *here; i++)
        if (condition != NULL && bytes_is(condition->name, here[i])) return SOTTO_OK;
    SOTTO_TRY(engine_changed_add(engine, room->jid));
    return room_enter(engine, room);
}

/* The one timer: whatever is due in the state the room is in. */
static sotto_status tick(sotto_engine *engine, engine_room *room) {
    if (!engine->online) return SOTTO_OK; /* entered, or asked, when there is a stream */
    if (room->stage == ROOM_ENTERING) return fall_out(engine, room, SOTTO_FAIL(TIMEOUT), BYTES_NONE);
    if (room->stage == ROOM_OUT) return room_enter(engine, room);
    if (room->asked == 0 && !sotto_ok(room->failed)) return room_ask_all(engine, room);
    SOTTO_TRY(room_timer(engine, room->jid, room->asked != 0 ? SOTTO_ASK_WAIT_MS : PING_MS));
    return room->asked != 0 ? room_ask_missing(engine, room) : ping(engine, room);
}

sotto_status engine_room_input(sotto_engine *engine, const seal_input *input) {
    engine_room room;
    bool timer = input->kind == SEAL_INPUT_TIMER;
    if (!timer && (input->kind != SEAL_INPUT_ANSWER || input->note.len < 2)) return SOTTO_OK;
    sotto_status status = engine_room_get(engine, bytes_after(input->note, timer ? 0 : 1), &room);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK; /* left meanwhile */
    SOTTO_TRY(status);
    if (timer) return tick(engine, &room);
    if (input->note.at[0] == NOTE_PING) return take_pong(engine, &room, input);
    SOTTO_TRY(room_take_answer(engine, &room, input->note.at[0], input));
    if (room.asked == 0 && sotto_ok(room.failed) && room.stage == ROOM_IN) return room_timer(engine, room.jid, PING_MS);
    return SOTTO_OK;
}
