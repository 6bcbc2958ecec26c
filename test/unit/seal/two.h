/* SPDX-License-Identifier: ISC
 *
 * Two people with a device each, online. */
#ifndef TEST_TWO_H
#define TEST_TWO_H

#include "testing.h"
#include "world.h"

#define JULIET  "juliet@capulet.example"
#define ROMEO   "romeo@montague.example"
#define DEVICES "urn:xmpp:omemo:2:devices"
#define BUNDLES "urn:xmpp:omemo:2:bundles"
#define AXOLOTL "eu.siacs.conversations.axolotl"
#define MODERN  "urn:xmpp:omemo:2"

typedef struct two {
    world w;
    world_device *juliet, *romeo;
} two;

/* On a server without the nodes of 0.3: of what becomes of both, test_dialects.c and test_rooms.c speak. */
static inline void two_start(two *t) {
    world_start(&t->w, sotto_seal_omemo());
    t->w.without = AXOLOTL;
    t->juliet = world_join(&t->w, JULIET);
    t->romeo = world_join(&t->w, ROMEO);
    world_go_online(t->juliet, true);
    world_go_online(t->romeo, true);
}

/* A session in use on both sides. */
static inline void two_greet(two *t) {
    world_expect(t->romeo, t->juliet, world_say(t->juliet, ROMEO, "hail"), "hail");
    world_pass_controls(t->romeo);
    world_expect(t->juliet, t->romeo, world_say(t->romeo, JULIET, "hail"), "hail");
}

static inline void two_end(two *t) {
    world_end(&t->w);
}

static inline bool has(sotto_bytes text, const char *part) {
    return memmem(text.at, text.len, part, strlen(part)) != NULL;
}

/* Refused, and not one record changed. */
static inline void refused(two *t, sotto_bytes stanza, const world_origin *how, int code) {
    sotto_bytes before = world_records(t->romeo);
    world_read read = world_open(t->romeo, t->juliet, stanza, how);
    assert_code(read.status, 0);
    assert_int_equal(read.opened.outcome, SEAL_UNREADABLE);
    assert_code(read.opened.reason, code);
    assert_false(read.opened.key.known);
    assert_int_equal(read.opened.stanza.len, 0);
    assert_true(bytes_equal(before, world_records(t->romeo)));
    assert_int_equal(t->romeo->control_count, 0);
}

static inline const char *romeo_id(two *t) {
    return (const char *)world_text(&t->w, "%u", world_device_id(t->romeo)).at;
}

#endif
