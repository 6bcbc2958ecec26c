/* SPDX-License-Identifier: ISC
 *
 * A lab server with a few accounts and sessions, and short ways to speak through them. */
#ifndef LAB_RIG_H
#define LAB_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "lab/server/server.h"

#define assert_fine(expression)             assert_int_equal((expression).code, 0)
#define assert_status(expression, constant) assert_int_equal((expression).code, SOTTO_E_##constant)

typedef struct rig {
    sotto_host host; /* counts what is taken and not given back */
    long pieces;
    uint32_t random;
    long fail_at; /* the allocation that fails; 0: none */
    lab_server *server;
    /* juliet and romeo are contacts; nurse knows nobody. */
    lab_session *juliet, *romeo, *nurse;
    char text[65536];
} rig;

int rig_setup(void **state);
int rig_teardown(void **state);
lab_session *rig_attach(rig *, const char *local, const char *resource);
/* Sends what must be accepted. */
void rig_say(lab_session *, const char *stanza);
/* The next stanza for the session is exactly this. */
void rig_expect(lab_session *, const char *stanza);
/* The next stanza for the session has this in it; the whole stanza (until the next call). */
const char *rig_has(rig *, lab_session *, const char *part);
/* Nothing waits for the session. */
void rig_nothing(lab_session *);
/* Takes everything that waits, looking at nothing; how many. */
size_t rig_drain(lab_session *);
bool rig_saw(const rig *, const char *part);
/* Makes a session available, with caps, answers the server's question with these features (parted by blanks), and
 * drains. */
void rig_online(rig *, lab_session *, const char *features);

extern const struct CMUnitTest archive_tests[], message_tests[], presence_tests[], roster_tests[], pep_tests[],
    hostility_tests[], listener_tests[], room_tests[], serve_tests[];
extern const size_t archive_tests_count, message_tests_count, presence_tests_count, roster_tests_count, pep_tests_count,
    hostility_tests_count, listener_tests_count, room_tests_count, serve_tests_count;

#endif
