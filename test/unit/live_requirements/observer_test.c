/* SPDX-License-Identifier: ISC
 *
 * Somebody who sees every byte of a hundred sessions, ten of each of ten pairs of people, who all have the same
 * addresses here so that nothing but the protocol tells them apart. What can be seen (and is said in doc/xtls.xml):
 * that a secret of before was taken, by the length of an answer. */
#include "people.h"

#define PAIRS    10u
#define OF_EACH  10u
#define SESSIONS (PAIRS * OF_EACH)
#define GRAM     16u
#define GRAMS    1500000u
#define HIDDEN   4096u

/* GRAM bytes that follow each other in what was sent in a session. */
typedef struct gram {
    uint8_t at[GRAM];
    uint16_t session; /* the pair is session / OF_EACH */
} gram;

typedef struct seen_session {
    uint8_t id[LIVE_ID_BYTES];
    size_t hello, answer; /* bytes of records in the two first stanzas */
} seen_session;

typedef struct observer {
    gram *grams;
    size_t gram_count;
    seen_session sessions[SESSIONS];
    uint8_t hidden[HIDDEN][32]; /* keys, secrets and what names them: none of it may be seen */
    size_t hidden_count;
} observer;

/* ---- looking at a wire ---- */

static void add_grams(observer *o, unsigned session, sotto_bytes bytes) {
    for (size_t i = 0; i + GRAM <= bytes.len; i++) {
        assert_true(o->gram_count < GRAMS);
        gram *g = &o->grams[o->gram_count++];
        memcpy(g->at, bytes.at + i, GRAM);
        g->session = (uint16_t)session;
    }
}

/* The outer stanza without its records: ids, attributes. */
static void add_text(observer *o, unsigned session, const stanza_element *stanza, const stanza_element *live) {
    sotto_bytes raw = stanza->raw;
    const uint8_t *records = memchr(live->raw.at, '>', live->raw.len);
    size_t before = (size_t)(records - raw.at);
    const uint8_t *after = memchr(records, '<', (size_t)(raw.at + raw.len - records));
    add_grams(o, session, bytes_of(raw.at, before));
    if (after != NULL) add_grams(o, session, bytes_of(after, (size_t)(raw.at + raw.len - after)));
}

static unsigned session_of(observer *o, unsigned pair, unsigned *count, const uint8_t id[LIVE_ID_BYTES]) {
    for (unsigned i = 0; i < *count; i++)
        if (memcmp(o->sessions[pair * OF_EACH + i].id, id, LIVE_ID_BYTES) == 0) return pair * OF_EACH + i;
    assert_true(*count < OF_EACH);
    memcpy(o->sessions[pair * OF_EACH + *count].id, id, LIVE_ID_BYTES);
    return pair * OF_EACH + (*count)++;
}

static void observe_line(observer *o, world *w, unsigned pair, unsigned *count, sotto_bytes line) {
    const stanza_element *stanza;
    live_frame frame;
    bytes_arena_mark mark = bytes_arena_here(&w->arena);
    assert_ok(stanza_parse(&w->arena, line, &stanza));
    const stanza_element *live = stanza_child(stanza, "live", NS_LIVE);
    if (live != NULL) {
        assert_ok(live_frame_read(live, &w->arena, &frame));
        unsigned session = session_of(o, pair, count, frame.session);
        bool is_set = bytes_is(stanza_attribute_of(stanza, "type"), "set");
        if (frame.number == 0)
            *(is_set ? &o->sessions[session].hello : &o->sessions[session].answer) = frame.records.len;
        add_grams(o, session, frame.records);
        add_text(o, session, stanza, live);
    }
    bytes_arena_back(&w->arena, mark);
}

static void observe(observer *o, world *w, unsigned pair) {
    sotto_bytes saw = lab_server_saw(w->server);
    unsigned count = 0;
    while (saw.len > 0) {
        const uint8_t *end = memchr(saw.at, '\n', saw.len);
        assert_non_null(end);
        observe_line(o, w, pair, &count, bytes_of(saw.at, (size_t)(end - saw.at)));
        saw = bytes_after(saw, (size_t)(end - saw.at) + 1);
    }
    assert_int_equal(count, OF_EACH);
}

/* ---- what must not be on it ---- */

static void hide(observer *o, const uint8_t *bytes, size_t len) {
    assert_true(o->hidden_count < HIDDEN && len >= GRAM && len <= 32);
    memcpy(o->hidden[o->hidden_count++], bytes, len); /* shorter ones are followed by zeros, and looked for alone */
}

static void hide_of(observer *o, const device *d, const char *jid, const device *other) {
    uint8_t bytes[32];
    people_key(d, bytes);
    hide(o, bytes, 32);
    hide(o, people_inside(d)->identity.x25519.bytes, 32);
    live_secrets kept = people_secrets(d, jid, other);
    for (size_t i = 0; i < kept.count; i++) {
        hide(o, kept.at[i].secret, 32);
        hide(o, kept.at[i].id, LIVE_ID_BYTES);
        assert_ok(live_secret_psk(kept.at[i].secret, bytes));
        hide(o, bytes, 32);
        for (unsigned role = 0; role < 2; role++) {
            assert_ok(live_secret_naming(kept.at[i].secret, role == 0, bytes));
            hide(o, bytes, 32);
        }
    }
}

/* ---- a hundred sessions ---- */

/* Ten sessions of two people who never met: each begins half of them; in every second pair Romeo asks others first. */
static void talk_of_pair(observer *o, unsigned pair) {
    talk k;
    people_prepare_seeded(&k, LIVE_ALONE, 50 + pair, NULL, NULL);
    device_go_online(k.t.juliet);
    device_go_online(k.t.romeo);
    if (pair % 2 == 1)
        device_wish(k.t.romeo, (sotto_input){.kind = SOTTO_INPUT_FIRST, .number = SOTTO_FIRST_ASK}, NULL);
    live_run(&k);
    for (unsigned i = 0; i < OF_EACH; i++) {
        bool hers = (i + pair / 2) % 2 == 0;
        people_say(&k, hers ? k.t.juliet : k.t.romeo, hers ? ROMEO : JULIET, "the same every time");
        people_say(&k, hers ? k.t.romeo : k.t.juliet, hers ? JULIET : ROMEO, "and the same answer");
        hide_of(o, k.t.juliet, ROMEO, k.t.romeo);
        hide_of(o, k.t.romeo, JULIET, k.t.juliet);
        assert_int_equal(people_session(k.t.juliet)->used, i > 0);
        people_begin_anew(&k);
    }
    assert_int_equal(k.t.juliet->read_len, OF_EACH);
    assert_int_equal(k.t.romeo->read_len, OF_EACH);
    observe(o, &k.t.w, pair);
    world_end(&k.t.w);
}

static int compare_grams(const void *a, const void *b) {
    const gram *x = a, *y = b;
    int order = memcmp(x->at, y->at, GRAM);
    return order != 0 ? order : (x->session > y->session) - (x->session < y->session);
}

static observer the_observer;

static int observe_all(void **state) {
    observer *o = &the_observer;
    o->grams = malloc(GRAMS * sizeof *o->grams);
    if (o->grams == NULL) return 1;
    for (unsigned pair = 0; pair < PAIRS; pair++) talk_of_pair(o, pair);
    qsort(o->grams, o->gram_count, sizeof *o->grams, compare_grams);
    *state = o;
    return 0;
}

static int end(void **state) {
    free(((observer *)*state)->grams);
    return 0;
}

static bool is_seen(const observer *o, const uint8_t at[GRAM]) {
    size_t low = 0, high = o->gram_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(o->grams[middle].at, at, GRAM);
        if (order == 0) return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* ---- what is shared ---- */

typedef struct shared {
    size_t everywhere; /* GRAMs in sessions of all pairs: the protocol's constants */
    size_t edges; /* ... of some pairs, with such a constant in it: a few random bytes beside it are alike by chance */
    size_t linking;         /* ... of some pairs, without one */
    size_t alone;           /* ... in one session */
    size_t same, different; /* of the edges: two sessions of one pair have it, two of different pairs */
} shared;

/* Half GRAMs that are in sessions of all pairs, sorted. */
typedef struct constants {
    uint8_t (*at)[GRAM / 2];
    size_t count;
} constants;

static int compare_halves(const void *a, const void *b) {
    return memcmp(a, b, GRAM / 2);
}

/* `grams` are sorted, and so are their first halves. */
static constants constants_of(const observer *o) {
    constants c = {malloc(o->gram_count * (GRAM / 2)), 0};
    assert_non_null(c.at);
    for (size_t i = 0, next; i < o->gram_count; i = next) {
        unsigned pairs = 0;
        for (next = i; next < o->gram_count && compare_halves(o->grams[next].at, o->grams[i].at) == 0; next++)
            pairs |= 1u << o->grams[next].session / OF_EACH;
        if (pairs == (1u << PAIRS) - 1) memcpy(c.at[c.count++], o->grams[i].at, GRAM / 2);
    }
    return c;
}

static bool has_constant(const constants *c, const uint8_t at[GRAM]) {
    for (size_t i = 0; i <= GRAM / 2; i++)
        if (bsearch(at + i, c->at, c->count, GRAM / 2, compare_halves) != NULL) return true;
    return false;
}

static void count_chances(const observer *o, size_t from, size_t to, shared *found) {
    for (size_t i = from; i < to; i++)
        for (size_t k = i + 1; k < to; k++) {
            unsigned one = o->grams[i].session, other = o->grams[k].session;
            if (one == other) continue;
            found->same += one / OF_EACH == other / OF_EACH;
            found->different += one / OF_EACH != other / OF_EACH;
        }
}

static shared look(const observer *o) {
    shared found = {0};
    constants c = constants_of(o);
    for (size_t i = 0, next; i < o->gram_count; i = next) {
        unsigned pairs = 0, sessions = 0;
        for (next = i; next < o->gram_count && memcmp(o->grams[next].at, o->grams[i].at, GRAM) == 0; next++) {
            sessions += next == i || o->grams[next].session != o->grams[next - 1].session;
            pairs |= 1u << o->grams[next].session / OF_EACH;
        }
        if (sessions == 1)
            found.alone++;
        else if (pairs == (1u << PAIRS) - 1)
            found.everywhere++;
        else if (has_constant(&c, o->grams[i].at))
            found.edges++, count_chances(o, i, next, &found);
        else
            found.linking++;
    }
    free(c.at);
    return found;
}

/* What two sessions have in common all sessions have in common, those of other people too: nothing says of two of them
 * that they belong together. */
static void req_identity_protection_sessions_are_not_linked(void **state) {
    const observer *o = *state;
    shared found = look(o);
    print_message(
        "strings of %u bytes: %zu in one session, %zu in sessions of all pairs, %zu beside these, %zu links\n", GRAM,
        found.alone, found.everywhere, found.edges, found.linking);
    print_message("those by chance: %zu times of two sessions of a pair, %zu times of others\n", found.same,
                  found.different);
    assert_int_equal(found.linking, 0);
    assert_true(found.same * 10 < found.different * 2); /* one to ten is how many such twos there are */
    assert_true(found.everywhere > 200); /* the published certificate, for one: so what is shared is found */
    assert_true(found.alone > 100 * SESSIONS);
}

/* The look itself: the same bytes in two sessions of one pair, or in two of different pairs, are found. */
static void req_identity_protection_a_link_would_be_found(void **state) {
    observer *o = *state;
    observer copy = {.gram_count = o->gram_count + 2};
    copy.grams = malloc(copy.gram_count * sizeof *copy.grams);
    assert_non_null(copy.grams);
    for (unsigned other = 1; other <= OF_EACH; other += OF_EACH - 1) {
        memcpy(copy.grams, o->grams, o->gram_count * sizeof *o->grams);
        for (unsigned i = 0; i < 2; i++) {
            gram *g = &copy.grams[o->gram_count + i];
            memset(g->at, 0xc3, GRAM);
            g->session = (uint16_t)(i * other);
        }
        qsort(copy.grams, copy.gram_count, sizeof *copy.grams, compare_grams);
        assert_int_equal(look(&copy).linking, 1);
        assert_true(is_seen(&copy, copy.grams[7].at));
    }
    free(copy.grams);
}

/* No live key, in either form; no secret, its id, its PSK or what it is recognized by; not a half of any of them. */
static void req_identity_protection_no_key_is_on_the_wire(void **state) {
    const observer *o = *state;
    static const uint8_t zeros[GRAM] = {0};
    assert_true(o->hidden_count > 10 * SESSIONS);
    for (size_t i = 0; i < o->hidden_count; i++)
        for (size_t at = 0; at <= 32 - GRAM; at += GRAM) {
            if (memcmp(o->hidden[i] + at, zeros, GRAM) == 0) continue; /* behind an id of 16 */
            if (is_seen(o, o->hidden[i] + at)) fail_msg("secret %zu is seen", i);
        }
}

/* Every ClientHello has one length, with a secret or without; every answer has one of two, whoever shows a key first.
 */
static void req_identity_protection_first_flights_have_one_size(void **state) {
    const observer *o = *state;
    for (unsigned i = 0; i < SESSIONS; i++) {
        assert_true(o->sessions[i].hello > 0 && o->sessions[i].answer > 0);
        assert_int_equal(o->sessions[i].hello, o->sessions[0].hello);
        assert_int_equal(o->sessions[i].answer, o->sessions[i % OF_EACH == 0 ? 0 : 1].answer);
    }
    assert_true(o->sessions[0].answer > o->sessions[1].answer); /* what can be seen */
    print_message("ClientHello %zu bytes, answer %zu, %zu with a secret\n", o->sessions[0].hello, o->sessions[0].answer,
                  o->sessions[1].answer);
}

static int all_start(void **state) {
    static bool is_done;
    if (!is_done && observe_all(state) != 0) return 1;
    is_done = true;
    *state = &the_observer;
    return 0;
}

const struct CMUnitTest observer_tests[] = {
    cmocka_unit_test_setup(req_identity_protection_sessions_are_not_linked, all_start),
    cmocka_unit_test_setup(req_identity_protection_a_link_would_be_found, all_start),
    cmocka_unit_test_setup(req_identity_protection_no_key_is_on_the_wire, all_start),
    cmocka_unit_test_setup_teardown(req_identity_protection_first_flights_have_one_size, all_start, end),
};
const size_t observer_count = sizeof observer_tests / sizeof *observer_tests;
