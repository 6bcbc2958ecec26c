/* SPDX-License-Identifier: ISC
 *
 * Between the files of the engine's target: the input, and the stanza that is being made out of it. */
#ifndef FUZZ_ENGINE_PLAY_H
#define FUZZ_ENGINE_PLAY_H

#include "engine_world.h"

typedef struct play {
    world w;
    sotto_bytes in;
    bytes_buffer out; /* a stanza being made */
} play;

const char *play_someone(play *, const world_device *);
void play_put(play *, const char *text);
/* To the engine; then there is none. */
void play_send(play *, world_device *, size_t fail_at, bool compare);
/* Some bytes behind `from` become others. */
void play_change(play *, size_t from);
/* The first `what` in the stanza at hand becomes `with`. */
void play_replace(play *, const char *what, const char *with);
/* Of the first element. */
bool play_attribute(const world_text *, const char *name, char *ret, size_t size);
/* All that was asked is answered truly. */
void play_answer_all(play *, world_device *);

/* Rooms and archives (engine_room.c): one of eight moves. */
void play_room_move(play *, world_device *, uint8_t move);

#endif
