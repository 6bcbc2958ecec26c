/* SPDX-License-Identifier: ISC
 *
 * A burst of six messages across a ratchet step, and one of six in a key exchange: in every order, with any of them
 * missing, with any of them twice. */
#include "world.h"

#define BURST  6
#define ORDERS 720

typedef struct burst {
    two t;
    net n;
} burst;

static void say(device *d, const char *to, const char *body) {
    device_say(d, to, body);
    world_run(d->w);
}

/* The receiver's engine is only wanted anew, over the store as it is now, again and again. */
static void close_receiver(burst *b) {
    world_run(&b->t.w);
    assert_int_equal(b->n.len, BURST);
    sotto_engine_close(b->t.juliet->engine);
    b->t.juliet->engine = NULL;
    b->t.juliet->store.pretends = true;
}

static void across_a_step(burst *b, void **state) {
    *b = (burst){0};
    two_start(&b->t, seal_of(state));
    say(b->t.juliet, ROMEO, "hello");
    say(b->t.romeo, JULIET, "hello");
    net_spread(&b->n, &b->t.w, JULIET);
    say(b->t.romeo, JULIET, "1");
    say(b->t.romeo, JULIET, "2");
    say(b->t.romeo, JULIET, "3");
    say(b->t.juliet, ROMEO, "now you turn the ratchet");
    say(b->t.romeo, JULIET, "4");
    say(b->t.romeo, JULIET, "5");
    say(b->t.romeo, JULIET, "6");
    close_receiver(b);
}

static void in_an_exchange(burst *b, void **state) {
    *b = (burst){0};
    two_start(&b->t, seal_of(state));
    net_spread(&b->n, &b->t.w, JULIET);
    static const char *const bodies[] = {"1", "2", "3", "4", "5", "6"};
    for (size_t i = 0; i < BURST; i++) say(b->t.romeo, JULIET, bodies[i]);
    close_receiver(b);
}

static void burst_end(burst *b) {
    net_end(&b->n);
    world_end(&b->t.w);
}

/* The order with this number, of all there are. */
static void order_of(unsigned number, size_t ret[BURST]) {
    size_t left[BURST] = {0, 1, 2, 3, 4, 5};
    unsigned ways = ORDERS;
    for (size_t i = 0; i < BURST; i++) {
        ways /= (unsigned)(BURST - i);
        size_t pick = number / ways;
        number %= ways;
        ret[i] = left[pick];
        memmove(left + pick, left + pick + 1, (BURST - i - pick - 1) * sizeof *left);
    }
}

/* What came out, a letter each: the body of a message; '!' for an event other than those about devices. */
static void outputs(burst *b, sotto_engine *engine, char *ret, size_t size) {
    sotto_output out;
    size_t len = strlen(ret);
    while (sotto_engine_next(engine, &out)) {
        assert_true(len + 1 < size);
        if (out.kind == SOTTO_OUTPUT_EVENT && out.event.kind != SOTTO_EVENT_NEW_KEY) ret[len++] = '!';
        if (out.kind == SOTTO_OUTPUT_DELIVER) {
            const stanza_element *stanza;
            sotto_bytes text;
            assert_ok(stanza_parse(&b->t.w.arena, out.delivery.stanza, &stanza));
            assert_true(stanza_text(stanza_child(stanza, "body", STANZA_NS_CLIENT), &b->t.w.arena, &text));
            ret[len++] = text.len == 1 ? (char)text.at[0] : '?';
        }
        if (out.seq != 0) assert_ok(sotto_engine_done(engine, out.seq));
    }
    ret[len] = 0;
    bytes_arena_back(&b->t.w.arena, (bytes_arena_mark){0});
}

/* Feeds the messages with these numbers to an engine over juliet's store; what came out. `each`: commits each of them,
 * over a copy of the store. */
static const char *feed(burst *b, const size_t *numbers, size_t count, bool each) {
    static char text[64];
    device *juliet = b->t.juliet;
    sotto_engine *engine = NULL;
    sotto_engine_config config = juliet->config;
    sotto_store *copy = NULL;
    text[0] = 0;
    if (each) {
        assert_ok(sotto_store_memory(&copy, &juliet->host.host));
        assert_ok(juliet->store.inner->methods->scan(juliet->store.inner, BYTES_NONE, frail_copy, copy));
        config.store = copy;
    }
    assert_ok(sotto_engine_open(&engine, &config, b->t.w.now_ms));
    for (size_t i = 0; i < count; i++) {
        sotto_input input = {.kind = SOTTO_INPUT_STANZA, .stanza = bytes_text(b->n.caught[numbers[i]])};
        assert_ok(sotto_engine_step(engine, &input, b->t.w.now_ms));
        if (!each) continue;
        assert_ok(sotto_engine_commit(engine));
        outputs(b, engine, text, sizeof text);
        if (i % 2 == 0) continue;
        assert_ok(sotto_engine_commit(engine)); /* what is done stays done */
        sotto_engine_close(engine);
        assert_ok(sotto_engine_open(&engine, &config, b->t.w.now_ms));
        outputs(b, engine, text, sizeof text);
    }
    assert_ok(sotto_engine_commit(engine));
    outputs(b, engine, text, sizeof text);
    sotto_engine_close(engine);
    sotto_store_close(copy);
    return text;
}

static void expected(const size_t *numbers, size_t count, char *ret) {
    for (size_t i = 0; i < count; i++) ret[i] = (char)('1' + (int)numbers[i]);
    ret[count] = 0;
}

static void every_order(burst *b) {
    size_t order[BURST];
    char want[BURST + 1];
    for (unsigned number = 0; number < ORDERS; number++) {
        order_of(number, order);
        expected(order, BURST, want);
        assert_string_equal(feed(b, order, BURST, false), want);
        if (number % 16 == 0) assert_string_equal(feed(b, order, BURST, true), want);
    }
}

static void any_missing(burst *b) {
    char want[BURST + 1];
    for (unsigned set = 0; set < 1u << BURST; set++) {
        size_t there[BURST], count = 0;
        for (size_t i = 0; i < BURST; i++)
            if (set >> i & 1) there[count++] = i;
        expected(there, count, want);
        assert_string_equal(feed(b, there, count, set % 4 == 0), want);
    }
}

/* Read once, and silent. */
static void any_twice(burst *b) {
    static const size_t at_once[] = {0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5},
                        all_again[] = {0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5},
                        backwards[] = {5, 4, 3, 2, 1, 0, 0, 1, 2, 3, 4, 5}, one[] = {3, 3, 3, 3};
    for (unsigned each = 0; each < 2; each++) {
        assert_string_equal(feed(b, at_once, 12, each), "123456");
        assert_string_equal(feed(b, all_again, 12, each), "123456");
        assert_string_equal(feed(b, backwards, 12, each), "654321");
        assert_string_equal(feed(b, one, 4, each), "4");
    }
}

static void test_every_order_across_a_ratchet_step(void **state) {
    burst b;
    across_a_step(&b, state);
    every_order(&b);
    burst_end(&b);
}

static void test_every_order_in_a_key_exchange(void **state) {
    burst b;
    in_an_exchange(&b, state);
    every_order(&b);
    burst_end(&b);
}

static void test_the_rest_is_read_when_some_are_missing(void **state) {
    burst b;
    across_a_step(&b, state);
    any_missing(&b);
    burst_end(&b);
    in_an_exchange(&b, state);
    any_missing(&b);
    burst_end(&b);
}

static void test_what_comes_twice_is_read_once(void **state) {
    burst b;
    across_a_step(&b, state);
    any_twice(&b);
    burst_end(&b);
    in_an_exchange(&b, state);
    any_twice(&b);
    burst_end(&b);
}

typedef struct mess {
    two t;
    bool over;
} mess;

/* The server itself turns things round, holds them back and repeats them; both talk on. */
static lab_fate trouble(void *arg, const stanza_element *stanza, bool to_client, sotto_bytes *ret_instead,
                        uint64_t *ret_until_ms) {
    (void)ret_instead;
    mess *m = arg;
    if (m->over || !to_client || !stanza_is(stanza, "message", NULL) ||
        stanza_child(stanza, "encrypted", NS_OMEMO) == NULL)
        return LAB_PASS;
    switch (rig_next(&m->t.w.host) >> 32 & 7) {
    case 0:
    case 1:
        return LAB_REORDER;
    case 2:
    case 3:
        *ret_until_ms = m->t.w.now_ms + 3000;
        return LAB_DELAY;
    case 4:
        return LAB_REPEAT;
    default:
        return LAB_PASS;
    }
}

static void test_a_server_that_makes_a_mess(void **state) {
    mess m = {.over = false};
    two_start(&m.t, seal_of(state));
    world *w = &m.t.w;
    device *juliet = m.t.juliet, *romeo = m.t.romeo;
    lab_server_hook(w->server, trouble, &m);
    for (int i = 0; i < 40; i++) {
        say(i % 3 == 0 ? juliet : romeo, i % 3 == 0 ? ROMEO : JULIET, i % 3 == 0 ? "from juliet" : "from romeo");
        if (i % 4 == 0) world_pass(w, 1000);
    }
    world_pass(w, 10000);
    m.over = true;
    say(juliet, ROMEO, "end");
    say(romeo, JULIET, "end");
    world_pass(w, 10000);
    assert_int_equal(device_read_count(romeo, "from juliet"), 14);
    assert_int_equal(device_read_count(juliet, "from romeo"), 26);
    assert_int_equal(device_told_count(juliet, SOTTO_EVENT_UNREADABLE, -1), 0);
    assert_int_equal(device_told_count(romeo, SOTTO_EVENT_UNREADABLE, -1), 0);
    assert_true(world_keys_used_once(w) >= 40);
    world_end(w);
}

const struct CMUnitTest order_tests[] = {
    WITH_OMEMO(test_every_order_across_a_ratchet_step),
    WITH_OMEMO(test_every_order_in_a_key_exchange),
    WITH_OMEMO(test_the_rest_is_read_when_some_are_missing),
    WITH_OMEMO(test_what_comes_twice_is_read_once),
    WITH_OMEMO(test_a_server_that_makes_a_mess),
};
const size_t order_count = sizeof order_tests / sizeof order_tests[0];
