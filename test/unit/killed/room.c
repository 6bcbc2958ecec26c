/* SPDX-License-Identifier: ISC
 *
 * A room and archives: Juliet with two devices that have both dialects of OMEMO, Romeo whose client has 0.3 alone, and
 * Mallory, who is a friend here and whose client has omemo:2 alone. They talk in a room for members and beside it, and
 * what somebody missed comes from his archive. */
#include "talk.h"

#include "lab/server/room.h"

#define ROOM "coven@rooms." DOMAIN

static void furnish(talk *t) {
    lab_server *server = t->w.server;
    lab_server_without(server, NULL);
    assert_ok(lab_server_without_of(server, "romeo", NS_OMEMO));
    assert_ok(lab_server_without_of(server, "mallory", "eu.siacs.conversations.axolotl"));
    assert_ok(lab_server_befriend(server, "juliet", "mallory"));
    assert_ok(lab_server_archive(server, "juliet", LAB_ARCHIVE_HONEST, 2));
    assert_ok(lab_server_archive(server, "romeo", LAB_ARCHIVE_HONEST, 2));
    assert_ok(lab_server_archive(server, "mallory", LAB_ARCHIVE_HONEST, 2));
    assert_ok(lab_server_room(server, "coven", true, true));
    assert_ok(lab_server_room_affiliate(server, "coven", JULIET, "owner"));
    assert_ok(lab_server_room_affiliate(server, "coven", ROMEO, "member"));
    assert_ok(lab_server_room_affiliate(server, "coven", MALLORY, "member"));
}

static void tell_room(talk *t, talk_who who, const char *body) {
    char stanza[256];
    (void)snprintf(stanza, sizeof stanza, "<message to='" ROOM "' type='groupchat' id='g-%s'><body>%s</body></message>",
                   body, body);
    device_send(t->people[who], stanza);
}

static void tell(talk *t, talk_who who, const char *to, const char *body) {
    device_say(t->people[who], to, body);
}

static void enter(talk *t, talk_who who) {
    device_wish(
        t->people[who],
        (sotto_input){.kind = SOTTO_INPUT_JOIN, .jid = BYTES_LITERAL(ROOM), .nick = bytes_text(talk_names[who])}, NULL);
    world_run(&t->w);
}

static void meet(talk *t) {
    for (size_t i = 0; i < PEOPLE; i++) device_attach(t->people[i]);
    world_run(&t->w);
    for (size_t i = 0; i < PEOPLE; i++) enter(t, (talk_who)i);
    tell_room(t, BALCONY, "gb1"); /* all begin at once */
    tell_room(t, ORCHARD, "go1");
    tell_room(t, PHONE, "gp1");
    world_run(&t->w);
    tell_room(t, TABLET, "gt1");
    tell(t, ORCHARD, JULIET, "o1");
    world_run(&t->w);
    tell_room(t, BALCONY, "gb2");
    tell(t, BALCONY, ROMEO, "b1");
    world_run(&t->w);
    tell_room(t, ORCHARD, "go2");
    world_run(&t->w);
}

/* The tablet and the orchard are away; more than a page is said, and something while they read what they missed. */
static void miss(talk *t) {
    device_leave(t->people[TABLET]);
    tell(t, ORCHARD, JULIET, "o2");
    tell(t, PHONE, JULIET, "p1");
    tell(t, BALCONY, ROMEO, "b2");
    tell_room(t, BALCONY, "gb3");
    world_run(&t->w);
    device_leave(t->people[ORCHARD]);
    tell(t, PHONE, JULIET, "p2");
    tell(t, BALCONY, ROMEO, "b3");
    tell(t, BALCONY, ROMEO, "b4");
    world_run(&t->w);
    device_attach(t->people[TABLET]);
    device_attach(t->people[ORCHARD]);
    tell(t, PHONE, JULIET, "p3");
    tell(t, BALCONY, ROMEO, "b5");
    world_run(&t->w);
}

static void go_on(talk *t) {
    tell(t, TABLET, ROMEO, "t1");
    tell(t, ORCHARD, JULIET, "o3");
    tell(t, BALCONY, MALLORY, "b6");
    tell_room(t, TABLET, "gt2");
    world_run(&t->w);
    tell_room(t, ORCHARD, "go3");
    tell_room(t, PHONE, "gp2");
    tell_room(t, BALCONY, "gb4");
    world_run(&t->w);
    world_pass(&t->w, 3000);
    world_pass(&t->w, 61000);
}

static void run(talk *t) {
    meet(t);
    miss(t);
    go_on(t);
}

/* Romeo and Mallory have no dialect in common. The room has no archive, so what was said there while somebody's stream
 * was gone does not come. */
const talk_script talk_room = {
    .locals = {"juliet", "juliet", "romeo", "mallory"},
    .archived = true,
    .furnish = furnish,
    .run = run,
    .read = {"go1 go2 go3 gp1 gp2 gt1 gt2 o1 o2 o3 p1 p2 p3 t1",
             "gb1 gb2 gb4 go1 go2 go3 gp1 gp2 b1 b2 b3 b4 b5 b6 o1 o2 o3 p1 p2 p3",
             "gb1 gb2 gb3 gb4 gt1 gt2 b1 b2 b3 b4 b5 t1", "gb1 gb2 gb3 gb4 gt1 gt2 b6"},
    .lasting = {"o1 o2 o3 p1 p2 p3 t1", "b1 b2 b3 b4 b5 b6 o1 o2 o3 p1 p2 p3", "b1 b2 b3 b4 b5 t1", "b6"},
    .not_for_us = {[ORCHARD] = 2, [PHONE] = 3},
    .keys_used = 50,
};
