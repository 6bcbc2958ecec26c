/* SPDX-License-Identifier: ISC
 *
 * PEP as the world's server does it. */
#ifndef TEST_WORLD_SERVER_H
#define TEST_WORLD_SERVER_H

#include "world.h"

/* The whole answering iq to a question of `asker`; an empty one: none comes. *ret_refused: it is an error. */
sotto_bytes world_server_answer(world_device *asker, const world_ask *, bool *ret_refused);

#endif
