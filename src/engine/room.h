/* SPDX-License-Identifier: ISC
 *
 * Rooms (XEP-0045): entering them, who may read what is written for them (T35), who wrote what comes out of them (T36),
 * and saying what they are. A part of the engine: its questions and timers come back here (engine/part.h). */
#ifndef ENGINE_ROOM_H
#define ENGINE_ROOM_H

#include "engine/deliver.h"
#include "engine/part.h"
#include "engine/room_row.h"

/* JOIN and PART. */
SOTTO_MUST_CHECK sotto_status engine_room_step(sotto_engine *, const sotto_input *);
/* A stream is up. Anew: what was asked will not be answered. One that resumes nothing has nobody in any room. */
SOTTO_MUST_CHECK sotto_status engine_room_online(sotto_engine *, bool resumed, bool anew);
engine_part_input engine_room_input;

/* Presence from anybody; *ret_taken: it was of a room that is kept. */
SOTTO_MUST_CHECK sotto_status engine_room_presence(sotto_engine *, const stanza_element *, const stanza_jid *from,
                                                   bool *ret_taken);
/* A message that came from a room which is kept (a->room is set): what it changes. *ret_taken: that was all, there is
 * nothing to deliver. */
SOTTO_MUST_CHECK sotto_status engine_room_message(sotto_engine *, const engine_arrival *, bool *ret_taken);
/* Says who wrote it, when it came through a room that is kept: a->room, a->nick, a->real (empty: not told, or not to be
 * believed). Nothing is guessed (T36). */
SOTTO_MUST_CHECK sotto_status engine_room_attribute(sotto_engine *, engine_arrival *);
/* Invitations that come in the clear are told. *ret_taken: there is nothing else in it. */
SOTTO_MUST_CHECK sotto_status engine_room_invited(sotto_engine *, const engine_arrival *, bool *ret_taken);

/* A message of ours that a room shows us: its ticket is told, and it is not handed on. */
SOTTO_MUST_CHECK sotto_status engine_room_reflected(sotto_engine *, const engine_arrival *, bool *ret_is);

/* What can be said to a room now: OK: it is encrypted, if the seals can. NOT_JOINED; AGAIN: not known yet; ROOM_PUBLIC,
 * ROOM_ANONYMOUS; any other: broken. */
SOTTO_MUST_CHECK sotto_status engine_room_standing(sotto_engine *, sotto_bytes room, sotto_status *ret);
/* The JIDs that read it: owners, admins, members, wherever they are, without ourselves (T35); in the call's arena. */
SOTTO_MUST_CHECK sotto_status engine_room_audience(sotto_engine *, sotto_bytes room, const sotto_bytes **ret,
                                                   size_t *ret_count);
/* Whether a JID is a room that is kept, and, for room/nick, whose nick that is (empty: not told). */
SOTTO_MUST_CHECK sotto_status engine_room_occupant_of(sotto_engine *, const stanza_jid *, bool *ret_is_room,
                                                      sotto_bytes *ret_real);
/* A message for a room left: when the room shows it, its ticket is told. */
SOTTO_MUST_CHECK sotto_status engine_room_sent(sotto_engine *, sotto_bytes room, sotto_bytes id, uint64_t ticket);
SOTTO_MUST_CHECK sotto_status engine_room_sent_forget(sotto_engine *);

/* ---- over the end of a stream (engine/room_wait.c) ---- */

/* What a message on its way to a room that is kept, or to somebody in it, needs besides: ret->room, and for how many of
 * the audience (`reads` each of them) it is sealed. audience NULL: in the clear. */
SOTTO_MUST_CHECK sotto_status engine_room_way(sotto_engine *, const stanza_jid *to, const seal_audience *audience,
                                              const bool *reads, outbox_way *ret);
/* A stream begins that resumes nothing, and its server has the first `acked` of what waits for it: messages to rooms
 * are withdrawn from the outbox until their room was entered again. */
SOTTO_MUST_CHECK sotto_status engine_room_withdraw(sotto_engine *, uint32_t acked);
/* Whether the stanza with this ticket waits so; `cancel`: it does not any more. */
SOTTO_MUST_CHECK sotto_status engine_room_waits(sotto_engine *, uint64_t ticket, bool cancel, bool *ret);

SOTTO_MUST_CHECK sotto_status engine_room_visit(sotto_engine *, sotto_room_visit *, void *arg);
SOTTO_MUST_CHECK sotto_status engine_room_member_visit(sotto_engine *, sotto_bytes room, sotto_room_member_visit *,
                                                       void *arg);

/* Before held stanzas are looked at: rooms whose members changed count as changed, and it is told what they are now. */
SOTTO_MUST_CHECK sotto_status engine_room_review(sotto_engine *);

#endif
