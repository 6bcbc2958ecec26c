/* SPDX-License-Identifier: ISC
 *
 * Both people write first. Whatever the order in which their key exchanges, the empty answers and further messages
 * arrive: all of it is read, once, and they end up in one session, whose ratchet goes on. What a side does depends only
 * on the order of its own writing and reading, so the orders of the two sides, taken each with each, are all there are.
 */
#include "bytes/base64.h"
#include "groups.h"
#include "seal/omemo/wire.h"
#include "testing.h"
#include "two.h"

#define QUEUE_MAX   300
#define ORDERS      15 /* of two writes among six events */
#define EVENTS      6
#define DAY_MS      (24ull * 3600 * 1000)
#define FINAL_PAIRS 5

typedef struct letter {
    sotto_bytes stanza;
    bool control;
} letter;

typedef struct side {
    world_device *device;
    const char *other; /* the other one's JID */
    letter sent[QUEUE_MAX];
    size_t written, taken; /* by the other side */
    unsigned read;         /* bodies */
    unsigned said;
    bytes_map records; /* as they were when both had begun */
    world_timer timers[WORLD_LIST_MAX];
    size_t timer_count;
    uint8_t ratchet[32]; /* of the last message said */
    uint32_t n;
} side;

typedef struct crossing {
    two t;
    side sides[2]; /* juliet, romeo */
    sotto_bytes first[2];
    bytes_map items; /* of the server, then */
    bytes_arena_mark mark;
} crossing;

/* ---- what is on the wire ---- */

static void key_read(world *w, sotto_bytes stanza, omemo_kex *ret_kex, omemo_message *ret) {
    const stanza_element *header =
        stanza_child(stanza_child(world_parse(w, stanza), "encrypted", NULL), "header", NULL);
    const stanza_element *key = stanza_child(stanza_child(header, "keys", NULL), "key", NULL);
    sotto_bytes text, bytes;
    bytes_buffer decoded;
    uint8_t *memory = bytes_arena_take(&w->memory, 1024);
    bytes_buffer_borrowed(&decoded, memory, 1024);
    assert_true(stanza_text(key, &w->memory, &text));
    assert_code(bytes_base64_get(&decoded, text), 0);
    assert_code(bytes_buffer_end(&decoded, &bytes), 0);
    *ret_kex = (omemo_kex){.prekey_id = 0};
    if (stanza_attribute_of(key, "kex").at) {
        assert_code(omemo_wire_read_exchange(bytes, ret_kex), 0);
        bytes = ret_kex->message;
    }
    assert_code(omemo_wire_read_message(bytes, ret), 0);
}

/* ---- two queues ---- */

static void controls_queue(side *s) {
    for (size_t i = 0; i < s->device->control_count; i++) {
        assert_true(s->written < QUEUE_MAX);
        s->sent[s->written++] = (letter){s->device->controls[i], true};
    }
    s->device->control_count = 0;
}

static void say(crossing *c, side *s) {
    omemo_kex kex;
    omemo_message message;
    assert_true(s->written < QUEUE_MAX);
    sotto_bytes stanza = world_say(s->device, s->other, "x");
    s->sent[s->written++] = (letter){stanza, false};
    s->said++;
    key_read(&c->t.w, stanza, &kex, &message);
    memcpy(s->ratchet, message.ratchet.bytes, 32);
    s->n = message.n;
    controls_queue(s);
}

static void letter_read(side *reader, const side *writer, const letter *one) {
    world_read read = world_open(reader->device, writer->device, one->stanza, NULL);
    assert_code(read.status, 0);
    assert_code(read.opened.reason, 0);
    assert_int_equal(read.opened.outcome, one->control ? SEAL_CONTROL : SEAL_OPENED);
    reader->read += !one->control;
    controls_queue(reader);
}

static bool hear(side *reader, side *writer) {
    if (writer->taken == writer->written) return false;
    letter one = writer->sent[writer->taken++];
    letter_read(reader, writer, &one);
    return true;
}

static void drain(crossing *c) {
    while (hear(&c->sides[0], &c->sides[1]) || hear(&c->sides[1], &c->sides[0])) continue;
}

/* ---- beginning ---- */

static void records_copy(const bytes_map *from, bytes_map *ret) {
    sotto_bytes key = BYTES_NONE, value;
    bytes_map_init(ret, sotto_host_default());
    for (bool beyond = false; bytes_map_from(from, key, beyond, &key, &value); beyond = true)
        assert_code(bytes_map_put(ret, key, value), 0);
}

/* Both have written a message the other one has not read. With juliet_lower hers is the session that stays. */
static void crossing_start(crossing *c, bool juliet_lower) {
    for (uint64_t seed = 1;; seed++) {
        omemo_kex kex[2];
        omemo_message message;
        *c = (crossing){.mark = {NULL, 0}};
        two_start(&c->t);
        c->t.w.random_state = seed * 1000003;
        c->sides[0] = (side){.device = c->t.juliet, .other = ROMEO};
        c->sides[1] = (side){.device = c->t.romeo, .other = JULIET};
        for (int i = 0; i < 2; i++) {
            c->first[i] = world_say(c->sides[i].device, c->sides[i].other, "x");
            key_read(&c->t.w, c->first[i], &kex[i], &message);
        }
        if ((memcmp(kex[0].ephemeral.bytes, kex[1].ephemeral.bytes, 32) < 0) == juliet_lower) break;
        two_end(&c->t);
    }
    for (int i = 0; i < 2; i++) {
        side *s = &c->sides[i];
        records_copy(&s->device->records, &s->records);
        memcpy(s->timers, s->device->timers, sizeof s->timers);
        s->timer_count = s->device->timer_count;
    }
    records_copy(&c->t.w.items, &c->items);
    c->mark = bytes_arena_here(&c->t.w.memory);
}

/* Back to where both have begun. */
static void crossing_again(crossing *c) {
    bytes_arena_back(&c->t.w.memory, c->mark);
    /* The server's too: a device that is set back alone notices it (T18). */
    bytes_map_clear(&c->t.w.items);
    records_copy(&c->items, &c->t.w.items);
    for (int i = 0; i < 2; i++) {
        side *s = &c->sides[i];
        bytes_map_clear(&s->device->records);
        records_copy(&s->records, &s->device->records);
        memcpy(s->device->timers, s->timers, sizeof s->timers);
        s->device->timer_count = s->timer_count;
        s->device->ask_count = s->device->event_count = s->device->seen_count = s->device->control_count = 0;
        s->written = s->taken = 0;
        s->read = 0;
        s->said = 1;
        s->sent[s->written++] = (letter){c->first[i], false};
    }
}

static void crossing_end(crossing *c) {
    for (int i = 0; i < 2; i++) bytes_map_clear(&c->sides[i].records);
    bytes_map_clear(&c->items);
    two_end(&c->t);
}

/* ---- what must be so in the end ---- */

/* The last pairs of messages each make a step: both are in the same session, and it goes on. */
static void assert_alive(crossing *c) {
    uint8_t before[2][32];
    for (int pair = 0; pair < FINAL_PAIRS; pair++) {
        for (int i = 0; i < 2; i++) {
            memcpy(before[i], c->sides[i].ratchet, 32);
            say(c, &c->sides[i]);
            drain(c);
            if (pair < 2) continue;
            assert_memory_not_equal(c->sides[i].ratchet, before[i], 32);
            assert_int_equal(c->sides[i].n, 0);
        }
    }
}

static void assert_all_read(const crossing *c, unsigned lost[2]) {
    for (int i = 0; i < 2; i++) assert_int_equal(c->sides[1 - i].read, c->sides[i].said - lost[i]);
}

/* One of them talks on: a heartbeat comes before the counter goes far beyond 53. */
static void assert_heartbeats(crossing *c) {
    for (int i = 0; i < 2; i++) {
        for (int k = 0; k < 120; k++) {
            say(c, &c->sides[i]);
            assert_in_range(c->sides[i].n, 0, 55);
            drain(c);
        }
    }
}

/* ---- every order ---- */

static unsigned order_writes(unsigned order) {
    for (unsigned a = 0, at = 0; a < EVENTS; a++) {
        for (unsigned b = a + 1; b < EVENTS; b++) {
            if (at++ == order) return 1u << a | 1u << b;
        }
    }
    return 0;
}

static void restart(crossing *c) {
    for (int i = 0; i < 2; i++) {
        world_reopen(c->sides[i].device);
        world_go_online(c->sides[i].device, true);
    }
}

/* Letter number `lose` of the one side never arrives; -1: all do. */
static void run_orders(crossing *c, const unsigned orders[2], int loser, int lose, bool restarts) {
    unsigned at[2] = {0, 0}, lost[2] = {0, 0};
    crossing_again(c);
    while (at[0] < EVENTS || at[1] < EVENTS) {
        bool moved = false;
        for (int i = 0; i < 2; i++) {
            side *self = &c->sides[i], *other = &c->sides[1 - i];
            if (at[i] == EVENTS) continue;
            if (1 - i == loser && (int)other->taken == lose && other->taken < other->written)
                lost[1 - i] += !other->sent[other->taken++].control;
            if (order_writes(orders[i]) >> at[i] & 1) {
                say(c, self);
            } else if (!hear(self, other)) {
                continue;
            }
            at[i]++;
            moved = true;
        }
        if (!moved) at[at[0] < EVENTS ? 0 : 1]++; /* nothing is on its way */
        if (restarts) restart(c);
    }
    drain(c);
    assert_alive(c);
    assert_all_read(c, lost);
}

static void test_C2_every_order_of_crossed_beginnings(void **state) {
    (void)state;
    for (int lower = 0; lower < 2; lower++) {
        crossing c;
        crossing_start(&c, lower == 0);
        for (unsigned hers = 0; hers < ORDERS; hers++) {
            for (unsigned his = 0; his < ORDERS; his++) {
                run_orders(&c, (const unsigned[]){hers, his}, 0, -1, false);
                if ((hers * ORDERS + his) % 45 == 0) assert_heartbeats(&c);
            }
        }
        crossing_end(&c);
    }
}

static void test_C2_crossed_beginnings_with_a_lost_message(void **state) {
    (void)state;
    for (int lower = 0; lower < 2; lower++) {
        crossing c;
        crossing_start(&c, lower == 0);
        for (unsigned run = 0; run < ORDERS * ORDERS * 8; run += 13) {
            unsigned order = run / 8;
            run_orders(&c, (const unsigned[]){order / ORDERS, order % ORDERS}, run % 2, (int)(run / 2 % 4), false);
        }
        crossing_end(&c);
    }
}

static void test_C2_crossed_beginnings_with_restarts(void **state) {
    (void)state;
    for (int lower = 0; lower < 2; lower++) {
        crossing c;
        crossing_start(&c, lower == 0);
        for (unsigned order = 0; order < ORDERS * ORDERS; order += 31)
            run_orders(&c, (const unsigned[]){order / ORDERS, order % ORDERS}, 0, -1, true);
        crossing_end(&c);
    }
}

/* Messages that overtake each other: all are read once, and no counter runs away, in whatever session. */
static void test_C2_crossed_beginnings_out_of_order(void **state) {
    (void)state;
    for (int lower = 0; lower < 2; lower++) {
        crossing c;
        uint32_t random = 7;
        crossing_start(&c, lower == 0);
        for (unsigned run = 0; run < 150; run++) {
            unsigned none[2] = {0, 0};
            crossing_again(&c);
            for (int step = 0; step < 30; step++) {
                random = random * 1664525 + 1013904223;
                side *self = &c.sides[random >> 20 & 1], *other = &c.sides[~random >> 20 & 1];
                size_t waiting = other->written - other->taken;
                if ((random >> 21 & 3) == 0 && self->said < 4) {
                    say(&c, self);
                } else if (waiting > 0) {
                    size_t pick = other->taken + (random >> 24) % waiting;
                    letter one = other->sent[pick];
                    other->sent[pick] = other->sent[other->taken];
                    other->taken++;
                    letter_read(self, other, &one);
                }
            }
            drain(&c);
            assert_all_read(&c, none);
            if (run % 30 != 0) continue;
            for (int pair = 0; pair < 70; pair++) {
                for (int i = 0; i < 2; i++) {
                    say(&c, &c.sides[i]);
                    assert_in_range(c.sides[i].n, 0, 55);
                    drain(&c);
                }
            }
            assert_all_read(&c, none);
        }
        crossing_end(&c);
    }
}

/* The one whose session stays cannot be heard, because the other side lost it: after a while she follows. */
static void test_C2_session_that_the_other_side_lost(void **state) {
    (void)state;
    crossing c;
    crossing_start(&c, true);
    crossing_again(&c);
    side *juliet = &c.sides[0], *romeo = &c.sides[1];
    juliet->taken = juliet->written; /* her key exchange gets lost, and so does all she writes in her session */
    assert_true(hear(juliet, romeo));
    juliet->taken = juliet->written;
    c.t.w.now_ms += 700000;
    say(&c, romeo);
    assert_true(hear(juliet, romeo));
    assert_true(juliet->taken < juliet->written); /* an answer in his */
    drain(&c);
    juliet->said = romeo->read; /* what was lost does not count */
    romeo->said = juliet->read;
    assert_alive(&c);
    assert_all_read(&c, (unsigned[]){0, 0});
    crossing_end(&c);
}

/* He has lost everything and begins anew, and she has waited for his answer for weeks: his replaces hers, whichever is
 * lower. */
static void test_C2_old_unanswered_session_gives_way(void **state) {
    (void)state;
    crossing c;
    crossing_start(&c, true);
    crossing_again(&c);
    c.t.w.now_ms += 8 * DAY_MS;
    assert_true(hear(&c.sides[0], &c.sides[1]));
    omemo_kex kex;
    omemo_message message;
    sotto_bytes answer = world_say(c.t.juliet, ROMEO, "x");
    key_read(&c.t.w, answer, &kex, &message);
    assert_int_equal(kex.prekey_id, 0); /* not in her own session, which would carry its key exchange */
    crossing_end(&c);
}

int crossing_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_C2_every_order_of_crossed_beginnings),
        cmocka_unit_test(test_C2_crossed_beginnings_with_a_lost_message),
        cmocka_unit_test(test_C2_crossed_beginnings_with_restarts),
        cmocka_unit_test(test_C2_crossed_beginnings_out_of_order),
        cmocka_unit_test(test_C2_session_that_the_other_side_lost),
        cmocka_unit_test(test_C2_old_unanswered_session_gives_way),
    };
    return cmocka_run_group_tests_name("crossing", tests, NULL, NULL);
}
