/* SPDX-License-Identifier: ISC */
#include "talk.h"

#include <stdio.h>

const char *const talk_names[PEOPLE] = {"balcony", "tablet", "orchard", "phone"};

/* ---- making ---- */

void talk_made_start(talk_made *m, const talk_script *script) {
    world w;
    *m = (talk_made){.script = script};
    rig_start(&m->host);
    world_start(&w, sotto_seal_omemo());
    w.seed = 100; /* what is drawn later must not be what the keys were made of */
    for (size_t i = 0; i < PEOPLE; i++) {
        const device *d = world_device(&w, script->locals[i], "made");
        assert_ok(sotto_store_memory(&m->stores[i], &m->host.host));
        assert_ok(d->store.inner->methods->scan(d->store.inner, BYTES_NONE, frail_copy, m->stores[i]));
    }
    world_end(&w);
    victim_ground_start(&m->ground);
}

void talk_made_end(talk_made *m) {
    for (size_t i = 0; i < PEOPLE; i++) sotto_store_close(m->stores[i]);
    victim_ground_end(&m->ground);
    rig_end(&m->host);
}

/* ---- the world ---- */

static lab_fate keep_back(void *arg, const stanza_element *stanza, bool to_client, sotto_bytes *ret_instead,
                          uint64_t *ret_until_ms) {
    (void)ret_instead;
    const talk *t = arg;
    const stanza_element *sealed = stanza_child(stanza, "encrypted", NS_OMEMO);
    bool to_romeo = bytes_starts_with(stanza_attribute_of(stanza, "to"), bytes_text(ROMEO));
    if (!t->delays || !to_client || !to_romeo || stanza_child(sealed, "payload", NS_OMEMO) == NULL) return LAB_PASS;
    *ret_until_ms = t->w.now_ms + 3000;
    return LAB_DELAY;
}

static void join(talk *t, talk_who who) {
    device *d = world_device_over(&t->w, t->made->script->locals[who], talk_names[who], t->made->stores[who]);
    t->people[who] = d;
    d->in_rooms = t->made->script == &talk_room;
    if (t->who == who) {
        d->grouped = t->grouped;
        d->crash_resumed = true;
        victim_take(&t->v, &t->made->ground, d, (size_t)who * 250 * 1024);
    }
}

void talk_start(talk *t, const talk_made *m, talk_who who, bool grouped, void (*prepare)(void *, victim *), void *arg) {
    memset(t, 0, sizeof *t);
    t->made = m;
    t->who = who;
    t->grouped = grouped;
    world_start(&t->w, sotto_seal_omemo());
    lab_server_hook(t->w.server, keep_back, t);
    t->w.catch_up = m->script->archived;
    if (m->script->furnish != NULL) m->script->furnish(t);
    for (size_t i = 0; i < PEOPLE; i++) {
        join(t, (talk_who)i);
        if (i == (size_t)who && prepare != NULL) prepare(arg, &t->v);
    }
}

void talk_end(talk *t) {
    world_end(&t->w);
    victim_leave(&t->v);
}

static void say(talk *t, talk_who who, const char *body) {
    device_say(t->people[who], who == BALCONY || who == TABLET ? ROMEO : JULIET, body);
}

void talk_run(talk *t) {
    t->made->script->run(t);
}

/* As somebody does who compares a key: looks at them all first. */
static void verify(talk *t, talk_who who, talk_who whom) {
    uint8_t key[32];
    const char *jid = whom == BALCONY || whom == TABLET ? JULIET : ROMEO;
    device_key(t->people[whom], key);
    device_wish(t->people[who], (sotto_input){.kind = SOTTO_INPUT_REFRESH, .jid = bytes_text(jid)}, NULL);
    world_run(&t->w);
    device_verdict(t->people[who], jid, key, SOTTO_TRUST_VERIFIED);
}

/* ---- what is said ---- */

static void meet(talk *t) {
    for (size_t i = 0; i < PHONE; i++) device_attach(t->people[i]);
    world_run(&t->w);
    say(t, BALCONY, "b1"); /* both begin at once */
    say(t, ORCHARD, "o1");
    world_run(&t->w);
    say(t, ORCHARD, "o2");
    world_run(&t->w);
    say(t, TABLET, "t1");
    say(t, BALCONY, "b2");
    say(t, BALCONY, "b3");
    world_run(&t->w);
    say(t, ORCHARD, "o3");
    world_run(&t->w);
}

/* Two messages of a chain come three seconds after the third one. */
static void skip_some(talk *t) {
    t->delays = true;
    say(t, BALCONY, "b4");
    say(t, BALCONY, "b5");
    world_run(&t->w);
    t->delays = false;
    say(t, BALCONY, "b6");
    world_run(&t->w);
    say(t, ORCHARD, "o4");
    world_run(&t->w);
    world_pass(&t->w, 3000);
}

static void add_the_phone(talk *t) {
    device_attach(t->people[PHONE]);
    world_run(&t->w);
    say(t, BALCONY, "b7");
    world_run(&t->w);
    say(t, PHONE, "p1");
    say(t, TABLET, "t2");
    world_run(&t->w);
}

static void decide(talk *t) {
    verify(t, BALCONY, ORCHARD);
    verify(t, BALCONY, PHONE);
    say(t, BALCONY, "b8"); /* not for the tablet, which the balcony has not compared */
    world_run(&t->w);
    verify(t, BALCONY, TABLET);
    verify(t, ORCHARD, BALCONY);
    verify(t, ORCHARD, TABLET);
    verify(t, ORCHARD, PHONE);
    verify(t, TABLET, BALCONY);
    verify(t, PHONE, ORCHARD);
    say(t, BALCONY, "b9");
    say(t, ORCHARD, "o5");
    say(t, PHONE, "p2");
    world_run(&t->w);
}

/* The orchard comes back first and gets what the server kept. */
static void be_away(talk *t) {
    device_leave(t->people[PHONE]);
    device_leave(t->people[ORCHARD]);
    say(t, BALCONY, "b10");
    say(t, TABLET, "t3");
    say(t, ORCHARD, "o6");
    world_pass(&t->w, 3000);
    device_go_online(t->people[ORCHARD]);
    say(t, BALCONY, "b11");
    world_run(&t->w);
    device_go_online(t->people[PHONE]);
    device_leave(t->people[TABLET]);
    say(t, PHONE, "p3");
    world_run(&t->w);
    device_go_online(t->people[TABLET]);
}

static void all_at_once(talk *t) {
    for (int i = 0; i < 2; i++) {
        say(t, BALCONY, i == 0 ? "b12" : "b13");
        say(t, PHONE, i == 0 ? "p4" : "p5");
        say(t, TABLET, i == 0 ? "t4" : "t5");
        say(t, ORCHARD, i == 0 ? "o7" : "o8");
        world_run(&t->w);
    }
    world_pass(&t->w, 3000);
    world_pass(&t->w, 61000); /* questions that were not answered are asked again */
}

static void speak(talk *t) {
    meet(t);
    skip_some(t);
    add_the_phone(t);
    decide(t);
    be_away(t);
    all_at_once(t);
}

/* ---- what came of it ---- */

/* b8 was not for the tablet. */
const talk_script talk_pair = {
    .locals = {"juliet", "juliet", "romeo", "romeo"},
    .run = speak,
    .read = {"t1 t2 t3 t4 t5 o1 o2 o3 o4 o5 o6 o7 o8 p1 p2 p3 p4 p5",
             "b1 b2 b3 b4 b5 b6 b7 b9 b10 b11 b12 b13 o1 o2 o3 o4 o5 o6 o7 o8 p1 p2 p4 p5",
             "b1 b2 b3 b4 b5 b6 b7 b8 b9 b10 b11 b12 b13 t1 t2 t3 t4 t5 p1 p2 p3 p4 p5",
             "b7 b8 b9 b12 b13 t2 t4 t5 o5 o7 o8"},
    .lasting = {"", "", "", ""},
    .not_for_us = {[TABLET] = 1},
    .keys_used = 70,
};

static size_t count_words(const char *text) {
    size_t count = 0;
    for (const char *at = text; *at != 0; at++) count += at[0] != ' ' && (at[1] == ' ' || at[1] == 0);
    return count;
}

/* For whoever has to find out why. */
static void show(const talk *t) {
    for (size_t i = 0; i < PEOPLE; i++) {
        const device *d = t->people[i];
        for (size_t k = 0; k < d->told_len; k++)
            print_error("%s heard %s %s %s '%s' ticket %u device %u\n", talk_names[i],
                        sotto_event_name(d->told[k].kind), d->told[k].jid, sotto_status_name(d->told[k].reason),
                        d->told[k].text, (unsigned)d->told[k].ticket, (unsigned)d->told[k].device);
        for (size_t k = 0; k < d->read_len; k++)
            print_error("%s read \"%s\" of %s\n", talk_names[i], d->read[k].body, d->read[k].from);
    }
}

/* What must not happen to anybody, killed or not. */
static void check_events(const talk *t, talk_who who, bool anew) {
    const device *d = t->people[who];
    size_t lost = 0; /* what belonged to the stream alone, and the driver had sent by itself */
    for (size_t i = 0; i < d->told_len; i++)
        lost += d->told[i].kind == SOTTO_EVENT_REFUSED && d->told[i].reason.code == SOTTO_E_OFFLINE &&
                d->told[i].ticket >= OWN_TICKET;
    size_t unreadable = device_told_count(d, SOTTO_EVENT_UNREADABLE, -1);
    size_t not_for_us = device_told_count(d, SOTTO_EVENT_UNREADABLE, SOTTO_E_NOT_FOR_US);
    bool as_ever = unreadable == not_for_us && (anew || unreadable == t->made->script->not_for_us[who]) &&
                   device_told_count(d, SOTTO_EVENT_REFUSED, -1) == lost &&
                   device_told_count(d, SOTTO_EVENT_KEY_ALARM, -1) == 0;
    if (as_ever) return;
    show(t);
    fail_msg("%s heard what nobody should", d->resource);
}

/* Each of the words once. */
static void check_words(const talk *t, const device *d, const char *words) {
    char word[8];
    for (int len = 0; sscanf(words, "%7s%n", word, &len) == 1; words += len) {
        if (device_read_count(d, word) == 1) continue;
        show(t);
        fail_msg("%s read %s %zu times", d->resource, word, device_read_count(d, word));
    }
}

/* Nothing twice, nothing by another seal. */
static void check_once(const talk *t, const device *d) {
    for (size_t i = 0; i < d->read_len; i++) {
        const char *name = d->w->seal->name; /* which dialect of it, stands behind it */
        assert_int_equal(strncmp(d->read[i].seal, name, strlen(name)), 0);
        if (device_read_count(d, d->read[i].body) == 1) continue;
        show(t);
        fail_msg("%s read %s twice", d->resource, d->read[i].body);
    }
}

void talk_check(talk *t) {
    const talk_script *script = t->made->script;
    const device *killed = t->people[t->who];
    bool anew = t->v.deaths > 0 && !killed->crash_resumed;
    for (size_t i = 0; i < PEOPLE; i++) {
        device *d = t->people[i];
        check_events(t, (talk_who)i, anew);
        check_once(t, d);
        if (d->returned[0] != 0) fail_msg("%s had %s back", d->resource, d->returned);
        /* What a server held for a stream that is gone it may give to the other device, or to nobody: that is no loss
         * of ours, and what is in no archive does not come. All others have all that they would have. */
        check_words(t, d, !anew || d != killed ? script->read[i] : script->lasting[i]);
        if (!anew) assert_int_equal(d->read_len, count_words(script->read[i]));
        assert_int_equal(device_held(d), 0);
    }
    assert_true(world_keys_used_once(&t->w) >= script->keys_used);
    victim_check_outputs(&t->v);
}
