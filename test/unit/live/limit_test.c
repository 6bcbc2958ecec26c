/* SPDX-License-Identifier: ISC
 *
 * Messages of a proved session, in every order and number, up to each limit of limits.h and one beyond. */
#include "rogue.h"

#include "engine/ask.h"
#include "engine/env.h"

static const char body[] = "<message type='chat'><body>x</body></message>";

static size_t count(const char *text, const char *part) {
    size_t found = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++) found++;
    return found;
}

/* One DATA in one frame: how many stanzas were handed on. */
static size_t send_data(rogue *r, uint8_t epoch, uint64_t number) {
    live_message data = rogue_data(epoch, number, body);
    rogue_write(r, &data);
    rogue_send(r);
    return count(r->told, "<body>x</body>");
}

static void assert_have(rogue *r, uint8_t epoch, uint64_t number) {
    live_message have;
    assert_true(rogue_read(r, &have));
    assert_int_equal(have.kind, LIVE_HAVE);
    assert_int_equal(have.epoch[0], epoch);
    assert_int_equal(have.number, number);
}

static const live_session *session(const rogue *r) {
    return rogue_inside(r)->sessions;
}

/* ---- numbers and epochs ---- */

static void test_numbers_rise_and_holes_are_fine(void **state) {
    rogue *r = *state;
    rogue_open(r);
    assert_int_equal(send_data(r, 1, 1), 1);
    assert_have(r, 1, 1);
    assert_int_equal(send_data(r, 1, 1), 0); /* again: dropped, and acknowledged again */
    assert_have(r, 1, 1);
    assert_int_equal(send_data(r, 1, 9), 1);
    assert_have(r, 1, 9);
    assert_int_equal(send_data(r, 1, 8), 0);
    assert_have(r, 1, 8);
    assert_int_equal(send_data(r, 2, 1), 1); /* another epoch begins anew, and the first is remembered */
    assert_have(r, 2, 1);
    assert_int_equal(send_data(r, 1, 9), 0);
    assert_have(r, 1, 9);
}

/* What was received outlives the session, and everything else that is volatile. */
static void test_what_was_received_is_durable(void **state) {
    rogue *r = *state;
    rogue_open(r);
    assert_int_equal(send_data(r, 1, 5), 1);
    r->engine->seals[0].class->forget(r->engine->seals[0].self, BYTES_NONE);
    rogue_open(r);
    assert_int_equal(send_data(r, 1, 5), 0);
    assert_int_equal(send_data(r, 1, 6), 1);
}

static void test_epochs_are_bounded(void **state) {
    /* limit: SOTTO_LIVE_EPOCHS_MAX */
    rogue *r = *state;
    rogue_open(r);
    for (uint8_t epoch = 1; epoch <= SOTTO_LIVE_EPOCHS_MAX + 1; epoch++) assert_int_equal(send_data(r, epoch, 1), 1);
    assert_int_equal(send_data(r, 2, 1), 0); /* the last sixteen are known */
    assert_int_equal(send_data(r, 1, 1), 1); /* the one before is not */
}

static void test_several_in_one_frame_are_acknowledged_once(void **state) {
    rogue *r = *state;
    live_message have, data;
    rogue_open(r);
    for (uint64_t number = 1; number <= 5; number++) {
        data = rogue_data(1, number, body);
        rogue_write(r, &data);
    }
    data = rogue_data(2, 1, body);
    rogue_write(r, &data);
    rogue_send(r);
    assert_int_equal(count(r->told, "<body>x</body>"), 6);
    assert_have(r, 1, 5); /* once for each epoch */
    assert_have(r, 2, 1);
    assert_false(rogue_read(r, &have));
}

/* ---- what is inside ---- */

static void test_what_is_no_stanza_is_told_and_acknowledged(void **state) {
    rogue *r = *state;
    static const char *const texts[] = {"",
                                        "hello",
                                        "<message>",
                                        "<message/><message/>",
                                        "<body/>",
                                        "<message xmlns='jabber:server'/>",
                                        "<!DOCTYPE x><message/>"};
    rogue_open(r);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        live_message data = rogue_data(1, i + 1, texts[i]);
        rogue_write(r, &data);
        rogue_send(r);
        assert_int_equal(count(r->told, "unreadable 0 "), 1);
        assert_have(r, 1, i + 1);
    }
    assert_int_equal(send_data(r, 1, 100), 1); /* and it goes on */
}

static void test_streams_that_cannot_be_read(void **state) {
    rogue *r = *state;
    static const uint8_t too_large[] = {0xff, 0xff, 0xff, 0xff, 2}, unknown[] = {0, 0, 0, 1, 9};
    const sotto_bytes wrong[] = {bytes_of(too_large, sizeof too_large), bytes_of(unknown, sizeof unknown)};
    for (size_t i = 0; i < 2; i++) {
        rogue_open(r);
        rogue_write_bytes(r, wrong[i]);
        rogue_send(r);
        assert_string_equal(r->answered, "not-acceptable");
        assert_int_equal(rogue_inside(r)->session_count, 0);
    }
}

static void test_a_stanza_in_pieces(void **state) {
    rogue *r = *state;
    uint8_t room[256];
    bytes_buffer out;
    sotto_bytes all;
    live_message data = rogue_data(1, 1, body);
    rogue_open(r);
    bytes_buffer_borrowed(&out, room, sizeof room);
    live_message_write(&out, &data);
    assert_ok(bytes_buffer_end(&out, &all));
    for (size_t i = 0; i < all.len; i++) {
        assert_int_equal(count(r->told, "<body>"), 0);
        rogue_write_bytes(r, bytes_of(all.at + i, 1));
        rogue_send(r);
    }
    assert_int_equal(count(r->told, "<body>x</body>"), 1);
}

/* The largest stanza there is. */
static void test_the_largest_stanza(void **state) {
    rogue *r = *state;
    size_t len = SOTTO_STANZA_BYTES_MAX;
    char *text = malloc(len + 2);
    assert_non_null(text);
    memset(text, 'x', len + 1);
    memcpy(text, "<message><body>", 15);
    memcpy(text + len - 17, "</body></message>", 17);
    text[len] = 0;
    rogue_open(r);
    live_message data = rogue_data(1, 1, text);
    rogue_write(r, &data);
    rogue_send(r);
    assert_have(r, 1, 1);
    assert_int_equal(count(r->told, "blind <message "), 1);
    free(text);
}

/* ---- frames ---- */

static void test_frames_out_of_order(void **state) {
    rogue *r = *state;
    rogue_open(r);
    sotto_bytes frames[4];
    for (uint64_t i = 0; i < 4; i++) {
        live_message data = rogue_data(1, i + 1, body);
        rogue_write(r, &data);
        frames[i] = rogue_records(r);
    }
    uint64_t first = r->sent;
    rogue_send_as(r, first + 3, frames[3]);
    rogue_send_as(r, first + 1, frames[1]);
    rogue_send_as(r, first + 1, BYTES_LITERAL("forged: there is one of that number")); /* the first counts */
    rogue_send_as(r, first - 1, BYTES_LITERAL("forged: old"));
    assert_string_equal(r->told, "");
    assert_int_equal(session(r)->early_count, 2);
    rogue_send_as(r, first, frames[0]);
    assert_int_equal(count(r->told, "<body>x</body>"), 2);
    rogue_send_as(r, first + 2, frames[2]);
    assert_int_equal(count(r->told, "<body>x</body>"), 2);
    assert_int_equal(session(r)->early_count, 0);
    rogue_send_as(r, first, frames[0]);
    assert_string_equal(r->answered, "result");
    assert_string_equal(r->told, "");
}

static void test_the_gap_is_bounded(void **state) {
    /* limit: SOTTO_LIVE_GAP_MAX */
    rogue *r = *state;
    rogue_open(r);
    uint64_t first = r->sent;
    for (uint64_t i = 1; i <= SOTTO_LIVE_GAP_MAX + 5; i++) {
        rogue_send_as(r, first + i, BYTES_LITERAL("junk"));
        assert_int_equal(session(r)->early_count, i < SOTTO_LIVE_GAP_MAX ? i : SOTTO_LIVE_GAP_MAX);
    }
    rogue_send_as(r, UINT64_MAX - 1, BYTES_LITERAL("junk"));
    assert_int_equal(session(r)->early_count, SOTTO_LIVE_GAP_MAX);
}

/* Somebody else's frame never reaches TLS, whatever it says. */
static void test_frames_of_others(void **state) {
    rogue *r = *state;
    static char iq[4096], frame[2048];
    rogue_open(r);
    live_message data = rogue_data(1, 1, body);
    rogue_write(r, &data);
    sotto_bytes records = rogue_records(r);
    live_frame f = {.number = r->sent, .records = BYTES_LITERAL("junk")};
    bytes_buffer out;
    memcpy(f.session, r->session, LIVE_ID_BYTES);
    bytes_buffer_borrowed(&out, frame, sizeof frame - 1);
    live_frame_write(&out, &f);
    snprintf(iq, sizeof iq, "<iq type='set' id='f' from='" ROMEO "/garden' to='" BALCONY "'>%s</iq>", frame);
    rogue_stanza(r, iq);
    assert_string_equal(r->answered, "item-not-found");
    snprintf(iq, sizeof iq, "<iq type='set' id='f' from='tybalt@capulet.example/x' to='" BALCONY "'>%s</iq>", frame);
    rogue_stanza(r, iq);
    assert_string_equal(r->answered, "");
    snprintf(iq, sizeof iq, "<iq type='get' id='f' from='" ORCHARD "' to='" BALCONY "'>%s</iq>", frame);
    rogue_stanza(r, iq);
    assert_string_equal(r->answered, "");
    rogue_send_as(r, r->sent++, records); /* the session did not notice */
    assert_int_equal(count(r->told, "<body>x</body>"), 1);
}

/* ---- what costs us more than it costs them ---- */

/* As many acknowledgements as a frame holds are one look at the rows for each epoch, of which no more count. */
static void test_acknowledgements_in_one_frame(void **state) {
    /* limit: SOTTO_LIVE_EPOCHS_MAX */
    rogue *r = *state;
    live_message data, have = {.kind = LIVE_HAVE};
    rogue_open(r);
    for (unsigned i = 0; i < 3; i++) rogue_says(r, "x");
    assert_true(rogue_read(r, &data));
    memcpy(have.epoch, data.epoch, sizeof have.epoch);
    uint8_t room[4096]; /* in one record: each is padded */
    bytes_buffer out;
    sotto_bytes all;
    bytes_buffer_borrowed(&out, room, sizeof room);
    for (have.number = 120; have.number > 0; have.number--) live_message_write(&out, &have);
    assert_ok(bytes_buffer_end(&out, &all));
    rogue_write_bytes(r, all);
    rogue_send_as(r, r->sent++, rogue_records(r));
    assert_string_equal(r->answered, "result");
    assert_int_equal(count(r->told, "delivered"), 3);
    have.number = 1;
    for (size_t over = 0; over <= 1; over++) {
        for (size_t i = 0; i < SOTTO_LIVE_EPOCHS_MAX + over; i++) {
            memset(have.epoch, (int)i, sizeof have.epoch);
            rogue_write(r, &have);
        }
        rogue_send_as(r, r->sent++, rogue_records(r));
        assert_string_equal(r->answered, over ? "not-acceptable" : "result");
    }
}

/* Before the proof nothing is kept that is longer than one. */
static void test_nothing_but_a_proof_is_waited_for(void **state) {
    rogue *r = *state;
    static const uint8_t head[] = {0, 0x10, 0, 0, LIVE_DATA};
    uint8_t rest[LIVE_PROOF_BYTES - sizeof head] = {0};
    rogue_hello(r, rogue_alpn);
    rogue_read_proof(r);
    rogue_write_bytes(r, bytes_of(head, sizeof head));
    rogue_write_bytes(r, bytes_of(rest, sizeof rest - 1));
    rogue_send(r);
    assert_string_equal(r->answered, "result");
    rogue_write_bytes(r, bytes_of(rest, 1));
    rogue_send(r);
    assert_string_equal(r->answered, "not-acceptable");
    assert_int_equal(rogue_inside(r)->session_count, 0);
}

/* Somebody makes us write and takes only a part of it: it ends before that is much more than one stanza. */
static void test_what_is_not_taken_is_bounded(void **state) {
    rogue *r = *state;
    size_t most = 0;
    rogue_open(r);
    for (unsigned frame = 0; rogue_inside(r)->session_count > 0; frame++) {
        assert_true(frame < 1000);
        bytes_arena_mark mark = bytes_arena_here(&r->arena);
        uint8_t room[SOTTO_LIVE_FRAME_BYTES_MAX];
        bytes_buffer out;
        sotto_bytes all;
        bytes_buffer_borrowed(&out, room, sizeof room);
        for (uint8_t i = 0; i < 250; i++) {
            live_message data = rogue_data(i & 1, 1, "");
            live_message_write(&out, &data);
        }
        assert_ok(bytes_buffer_end(&out, &all));
        rogue_write_bytes(r, all);
        rogue_send_as(r, r->sent++, rogue_records(r));
        bytes_buffer_reset(&r->plain);
        bytes_arena_back(&r->arena, mark);
        if (rogue_inside(r)->session_count > 0) most = session(r)->records.len;
    }
    assert_string_equal(r->answered, "not-acceptable");
    assert_in_range(most, SOTTO_STANZA_BYTES_MAX, 2 * SOTTO_STANZA_BYTES_MAX);
}

/* ---- how many ---- */

static void says_to(rogue *r, unsigned i) {
    char stanza[256];
    r->now_ms++;
    snprintf(stanza, sizeof stanza, "<message to='" ROMEO "x%u/r' type='chat'><body>hi</body></message>", i);
    rogue_step(r, (sotto_input){.kind = SOTTO_INPUT_SEND, .stanza = bytes_text(stanza), .ticket = ++r->ticket});
}

static void test_sessions_are_bounded(void **state) {
    /* limit: SOTTO_LIVE_SESSIONS_MAX */
    rogue *r = *state;
    live_self *self = r->engine->seals[0].self;
    size_t others = SOTTO_LIVE_SESSIONS_MAX - 20; /* as if: that many take a gigabyte under the sanitizers */
    rogue_open(r);
    uint8_t first[LIVE_ID_BYTES], second[LIVE_ID_BYTES];
    memcpy(first, r->session, sizeof first);
    self->session_count += others;
    for (unsigned i = 0; i < 25; i++) {
        says_to(r, i);
        if (i == 0) memcpy(second, self->sessions->id, sizeof second);
        assert_int_equal(self->session_count - others, i + 2 <= 20 ? i + 2 : 20);
        assert_true((live_session_find(self, second) != NULL) == (i + 2 <= 20));
    }
    self->session_count -= others;
    assert_non_null(live_session_find(self, first)); /* the one longest unused of those that proved nothing made room */
}

/* A ClientHello of another resource of Romeo's, always the same one. */
static void hello_of(rogue *r, sotto_bytes records, unsigned resource) {
    static char iq[8192], text[6000];
    live_frame frame = {.records = records};
    bytes_buffer out;
    memcpy(frame.session, &resource, sizeof resource);
    bytes_buffer_borrowed(&out, text, sizeof text - 1);
    live_frame_write(&out, &frame);
    assert_ok(out.status);
    text[out.len] = 0;
    snprintf(iq, sizeof iq, "<iq type='set' id='h' from='" ROMEO "/x%u' to='" BALCONY "'>%s</iq>", resource, text);
    rogue_stanza(r, iq);
}

/* What proved nothing pushes out nothing that did. */
static void test_hellos_push_out_no_proved_session(void **state) {
    rogue *r = *state;
    uint8_t first[LIVE_ID_BYTES], hello[4096];
    tls_engine *tls;
    live_self *self = r->engine->seals[0].self;
    rogue_open(r);
    memcpy(first, r->session, sizeof first);
    assert_ok(tls_engine_new(&tls, r->client, NULL, rogue_alpn));
    size_t len = tls_engine_records_out(tls, hello, sizeof hello);
    assert_true(len > 0 && len < sizeof hello);
    for (unsigned i = 1; i <= 3 * SOTTO_LIVE_SESSIONS_OF_ONE; i++) {
        r->now_ms += 60000;
        hello_of(r, bytes_of(hello, len), i);
        assert_string_equal(r->answered, "result");
    }
    tls_engine_free(tls);
    assert_int_equal(self->session_count, SOTTO_LIVE_SESSIONS_OF_ONE);
    const live_session *proved = live_session_find(self, first);
    assert_true(proved != NULL && proved->proved);
}

/* Beginning anew with one leaves what there is with another. */
static void test_repair_of_another(void **state) {
    rogue *r = *state;
    live_message data;
    rogue_open(r);
    for (uint64_t i = 1; i <= 3; i++) {
        rogue_says(r, "x");
        assert_true(rogue_read(r, &data));
        live_message have = {.kind = LIVE_HAVE, .number = data.number};
        memcpy(have.epoch, data.epoch, sizeof have.epoch);
        rogue_write(r, &have);
        rogue_send(r);
        assert_int_equal(count(r->told, "delivered"), 1);
    }
    rogue_step(r, (sotto_input){.kind = SOTTO_INPUT_REPAIR, .jid = BYTES_LITERAL("tybalt@capulet.example")});
    rogue_says(r, "y");
    assert_true(rogue_read(r, &data)); /* at once */
    assert_int_equal(data.kind, LIVE_DATA);
}

/* The budget is a person's, however many resources they make up. */
static void test_hellos_of_many_resources(void **state) {
    /* limit: SOTTO_LIVE_HELLOS_PER_MINUTE */
    rogue *r = *state;
    uint8_t hello[4096];
    tls_engine *tls;
    assert_ok(tls_engine_new(&tls, r->client, NULL, rogue_alpn));
    size_t len = tls_engine_records_out(tls, hello, sizeof hello);
    assert_true(len > 0 && len < sizeof hello);
    tls_engine_free(tls);
    unsigned worked = 0;
    for (unsigned i = 1; i <= SOTTO_LIVE_PEERS_OF_ONE + 500; i++) {
        hello_of(r, bytes_of(hello, len), i);
        worked += strcmp(r->answered, "result") == 0;
        if (strcmp(r->answered, "result") != 0) assert_string_equal(r->answered, "resource-constraint");
    }
    assert_int_equal(worked, SOTTO_LIVE_HELLOS_PER_MINUTE);
    r->now_ms += 60000;
    hello_of(r, bytes_of(hello, len), 1);
    assert_string_equal(r->answered, "result");
}

static void test_sessions_of_one_are_bounded(void **state) {
    /* limit: SOTTO_LIVE_SESSIONS_OF_ONE */
    rogue *r = *state;
    static const char nurse[] = "<message to='nurse@capulet.example/r'><body>x</body></message>";
    uint8_t other[LIVE_ID_BYTES], id[LIVE_ID_BYTES] = {0}, hello[4096];
    tls_engine *tls;
    live_self *self = r->engine->seals[0].self;
    assert_ok(tls_engine_new(&tls, r->client, NULL, rogue_alpn));
    size_t len = tls_engine_records_out(tls, hello, sizeof hello);
    tls_engine_free(tls);
    rogue_step(r, (sotto_input){.kind = SOTTO_INPUT_SEND, .stanza = bytes_text(nurse), .ticket = ++r->ticket});
    memcpy(other, session(r)->id, sizeof other);
    for (unsigned i = 1; i <= SOTTO_LIVE_SESSIONS_OF_ONE + 3; i++) {
        r->now_ms += 60000; /* so many hellos a minute */
        hello_of(r, bytes_of(hello, len), i);
        assert_string_equal(r->answered, "result");
        assert_int_equal(self->session_count, 1 + (i < SOTTO_LIVE_SESSIONS_OF_ONE ? i : SOTTO_LIVE_SESSIONS_OF_ONE));
    }
    assert_non_null(live_session_find(self, other)); /* though it is the one longest unused */
    id[0] = 3;
    assert_null(live_session_find(self, id));
    id[0] = 4;
    assert_non_null(live_session_find(self, id));
}

/* Stanzas that nobody acknowledges wait up to a number; the next one is held by the engine, and goes when there is
 * room. */
static void test_rows_are_bounded(void **state) {
    /* limit: SOTTO_LIVE_ROWS_MAX, SOTTO_LIVE_WINDOW */
    rogue *r = *state;
    live_message data = {0}, last = {0};
    rogue_open(r);
    for (unsigned i = 0; i < SOTTO_LIVE_ROWS_MAX; i++) {
        rogue_says(r, "x");
        assert_null(strstr(r->told, "held"));
    }
    rogue_says(r, "one too many");
    assert_non_null(strstr(r->told, "outbox-full"));
    size_t waiting = session(r)->waiting;
    assert_int_equal(waiting, SOTTO_LIVE_WINDOW); /* iqs without a result: the others wait in their rows */
    while (rogue_read(r, &data)) last = data;
    assert_int_equal(last.kind, LIVE_DATA);
    live_message have = {.kind = LIVE_HAVE, .number = last.number};
    memcpy(have.epoch, last.epoch, sizeof have.epoch);
    rogue_write(r, &have);
    rogue_send(r);
    assert_int_equal(count(r->told, "delivered"), last.number);
    assert_null(strstr(r->told, "delivered 1001"));
    assert_int_equal(rogue_inside(r)->lines->count, SOTTO_LIVE_ROWS_MAX + 1 - last.number);
}

/* An acknowledgement of what was never sent, or under another epoch, takes nothing away. */
static void test_acknowledgements_of_nothing(void **state) {
    rogue *r = *state;
    live_message data;
    rogue_open(r);
    rogue_says(r, "x");
    assert_true(rogue_read(r, &data));
    live_message have = {.kind = LIVE_HAVE, .number = 1000};
    rogue_write(r, &have);
    rogue_send(r);
    assert_string_equal(r->told, "");
    assert_int_equal(rogue_inside(r)->lines->count, 1);
    memcpy(have.epoch, data.epoch, sizeof have.epoch);
    rogue_write(r, &have);
    rogue_send(r);
    assert_int_equal(count(r->told, "delivered"), 1);
}

/* Where too many questions are open a ClientHello is not asked, and nobody says so: it is tried again. */
static void test_a_hello_that_was_never_asked(void **state) {
    /* limit: SOTTO_ASKS_MAX */
    rogue *r = *state;
    for (uint32_t i = 0; i < SOTTO_ASKS_MAX; i++)
        assert_ok(engine_ask(r->engine, 0, false, BYTES_LITERAL("a@b.example/c"), BYTES_LITERAL("<ping xmlns='x'/>"),
                             bytes_of(&i, sizeof i)));
    r->last_records = BYTES_NONE;
    rogue_says(r, "x");
    assert_int_equal(rogue_inside(r)->session_count, 1);
    assert_int_equal(r->last_records.len, 0);
    for (unsigned i = 0; i < 4 && r->last_records.len == 0; i++) rogue_pass(r, LIVE_TICK_MS);
    assert_true(r->last_records.len > 0);
}

static size_t listed(rogue *r, const char *jid, const uint8_t key[32], bool *ret_has) {
    engine_env env;
    seal_keys keys;
    engine_env_init(&env, r->engine, 0);
    assert_ok(r->engine->seals[0].class->list_keys(r->engine->seals[0].self, &env.base, bytes_text(jid), &keys));
    for (size_t i = 0; i < keys.count; i++) *ret_has = *ret_has || memcmp(keys.at[i].key, key, 32) == 0;
    return keys.count;
}

/* Whoever makes keys by the hundred pushes out his own. */
static void test_keys_are_bounded(void **state) {
    /* limit: SOTTO_LIVE_KEYS_MAX */
    rogue *r = *state;
    uint8_t second[32];
    bool has_first = false, has_second = false, has_own = false;
    crypto_identity first = r->identity;
    for (unsigned i = 0; i < SOTTO_LIVE_KEYS_MAX + 1; i++) {
        if (i > 0) assert_ok(crypto_identity_new(&r->identity, &r->host.host));
        if (i == 1) memcpy(second, r->identity.ed25519.bytes, 32);
        r->now_ms += 60000; /* so many hellos a minute */
        rogue_open(r);
        if (i == 0) assert_int_equal(send_data(r, 1, 1), 1);
    }
    assert_int_equal(listed(r, ROMEO, first.ed25519.bytes, &has_first), SOTTO_LIVE_KEYS_MAX);
    assert_int_equal(listed(r, ROMEO, second, &has_second), SOTTO_LIVE_KEYS_MAX);
    assert_true(!has_first && has_second);
    assert_int_equal(listed(r, JULIET, rogue_inside(r)->identity.ed25519.bytes, &has_own), 1);
    assert_true(has_own);
    assert_null(rogue_inside(r)->lines); /* memory is taken for keys that are sent to alone */
}

static sotto_status count_record(void *arg, sotto_bytes name, sotto_bytes value) {
    (void)name, (void)value;
    ++*(size_t *)arg;
    return SOTTO_OK;
}

static size_t records_of(rogue *r, char space, const char *jid) {
    engine_env env;
    char prefix[128];
    size_t count = 0;
    snprintf(prefix, sizeof prefix, "%c%s", space, jid);
    engine_env_init(&env, r->engine, 0);
    assert_ok(env.base.scan(&env.base, bytes_text(prefix), count_record, &count));
    return count;
}

/* What is written of a key in its session after the key was pushed out goes with the key again. */
static void test_what_is_kept_of_keys_is_bounded(void **state) {
    rogue *r = *state;
    const live_session *session;
    crypto_identity first = r->identity;
    engine_env env;
    seal_key verified;
    const uint8_t other[32] = {2};
    rogue_open(r);
    session = rogue_inside(r)->sessions;
    engine_env_init(&env, r->engine, 0);
    assert_ok(live_key_of(&r->engine->arena, BYTES_LITERAL(ROMEO), other, &verified));
    assert_ok(env.base.key_seen(&env.base, &verified));
    rogue_step(r, (sotto_input){.kind = SOTTO_INPUT_VERDICT,
                                .jid = bytes_text(ROMEO),
                                .key = bytes_of(other, sizeof other),
                                .trust = SOTTO_TRUST_VERIFIED}); /* from here on the first one is not accepted */
    for (unsigned i = 0; i < SOTTO_LIVE_KEYS_MAX; i++) {
        const uint8_t key[32] = {1, (uint8_t)i};
        engine_env_init(&env, r->engine, 0);
        env.base.now_ms = ++r->now_ms;
        assert_ok(live_row_key_seen(&env.base, BYTES_LITERAL(ROMEO), key));
    }
    bool has = false;
    assert_int_equal(listed(r, ROMEO, first.ed25519.bytes, &has), SOTTO_LIVE_KEYS_MAX);
    assert_true(!has && session->proved && !session->over);
    assert_int_equal(send_data(r, 1, 1), 1);
    assert_int_equal(records_of(r, 'r', ROMEO), 1);
    assert_int_equal(listed(r, ROMEO, first.ed25519.bytes, &has), SOTTO_LIVE_KEYS_MAX);
    assert_true(has);
}

/* ... and his own secrets, each of which would be tried for every ClientHello of everybody. */
static void test_secrets_are_bounded(void **state) {
    rogue *r = *state;
    live_secrets first;
    crypto_identity own = r->identity;
    engine_env env;
    for (unsigned i = 0; i < SOTTO_LIVE_KEYS_MAX + 3; i++) {
        live_message hold = {.kind = LIVE_HOLD};
        if (i > 0) assert_ok(crypto_identity_new(&r->identity, &r->host.host));
        r->now_ms += 60000;
        rogue_open(r);
        rogue_write(r, &hold); /* and never says that he has it */
        rogue_send(r);
        if (i == 0)
            rogue_step(r, (sotto_input){.kind = SOTTO_INPUT_VERDICT,
                                        .jid = bytes_text(ROMEO),
                                        .key = bytes_of(own.ed25519.bytes, 32),
                                        .trust = SOTTO_TRUST_VERIFIED});
        assert_int_equal(records_of(r, 's', ROMEO), i < SOTTO_LIVE_KEYS_MAX ? i + 1 : SOTTO_LIVE_KEYS_MAX);
    }
    engine_env_init(&env, r->engine, 0);
    assert_ok(live_secret_read(&env.base, BYTES_LITERAL(ROMEO), own.ed25519.bytes, &first));
    assert_int_equal(first.count, 1); /* of a key that is accepted */
    rogue_offer(r, ORCHARD);
    rogue_hello(r, rogue_alpn); /* all of them are looked at */
    assert_int_equal(rogue_inside(r)->known.count, SOTTO_LIVE_KEYS_MAX);
}

/* What the rows say is read before somebody is looked for: it may be somebody idle who makes room for it. */
static void test_an_idle_peer_that_goes_while_rows_are_read(void **state) {
    rogue *r = *state;
    live_self *self = r->engine->seals[0].self;
    live_peer *peer;
    engine_env env;
    uint8_t key[32] = {1};
    live_row row = {.order = 1,
                    .number = 1,
                    .full = BYTES_LITERAL("mercutio@verona.example/1"),
                    .stanza = BYTES_LITERAL("<message/>")};
    engine_env_init(&env, r->engine, 0);
    assert_ok(live_row_put(&env.base, BYTES_LITERAL("mercutio@verona.example"), key, &row));
    assert_ok(live_peer_of(self, BYTES_LITERAL(ORCHARD), &peer));
    self->peer_count += SOTTO_LIVE_PEERS_MAX - 1; /* as if */
    self->loaded = false;
    seal_input gone = {.kind = SEAL_INPUT_PRESENCE, .jid = BYTES_LITERAL(ORCHARD)};
    assert_ok(r->engine->seals[0].class->input(self, &env.base, &gone));
    assert_null(live_peer_find(self, BYTES_LITERAL(ORCHARD)));
    assert_non_null(live_peer_find(self, row.full));
    self->peer_count -= SOTTO_LIVE_PEERS_MAX - 1;
}

static void test_peers_are_bounded(void **state) {
    /* limit: SOTTO_LIVE_PEERS_OF_ONE */
    rogue *r = *state;
    static char iq[2048];
    for (unsigned i = 0; i < SOTTO_LIVE_PEERS_OF_ONE + 3; i++) {
        snprintf(iq, sizeof iq,
                 "<iq type='set' id='x' from='" ROMEO "/%u' to='" BALCONY "'><live xmlns='" LIVE_NS
                 "' session='00112233445566778899aabbccddeeff' number='0'>R0VUIC8gSFRUUC8xLjENCg==</live></iq>",
                 i);
        r->now_ms += 60000; /* so many hellos a minute */
        rogue_stanza(r, iq);
        assert_string_equal(r->answered, "not-acceptable");
        assert_int_equal(rogue_inside(r)->peer_count, i < SOTTO_LIVE_PEERS_OF_ONE ? i + 1 : SOTTO_LIVE_PEERS_OF_ONE);
    }
}

/* Of all together: somebody idle makes room, and where nobody is idle nobody does. */
static void test_all_peers_are_bounded(void **state) {
    /* limit: SOTTO_LIVE_PEERS_MAX */
    rogue *r = *state;
    live_self *self = r->engine->seals[0].self;
    live_peer *peer;
    char full[64];
    self->peer_count += SOTTO_LIVE_PEERS_MAX - 3; /* as if */
    for (unsigned i = 0; i < 6; i++) {
        snprintf(full, sizeof full, "p%u@verona.example/1", i);
        assert_ok(live_peer_of(self, bytes_text(full), &peer));
        peer->wanted = i >= 3;
        assert_int_equal(self->peer_count, SOTTO_LIVE_PEERS_MAX - 3 + (i < 3 ? i + 1 : 3));
    }
    assert_status(live_peer_of(self, BYTES_LITERAL("p9@verona.example/1"), &peer), AGAIN);
    assert_null(live_peer_find(self, BYTES_LITERAL("p2@verona.example/1")));
    assert_non_null(live_peer_find(self, BYTES_LITERAL("p5@verona.example/1")));
    self->peer_count -= SOTTO_LIVE_PEERS_MAX - 3;
}

static void test_jids_are_bounded(void **state) {
    /* limit: SOTTO_LIVE_JID_BYTES_MAX */
    rogue *r = *state;
    static char jid[SOTTO_LIVE_JID_BYTES_MAX + 2], iq[4096];
    for (size_t len = SOTTO_LIVE_JID_BYTES_MAX; len <= SOTTO_LIVE_JID_BYTES_MAX + 1; len++) {
        memset(jid, 'x', len);
        jid[len] = 0;
        memcpy(jid, ROMEO "/", strlen(ROMEO) + 1);
        snprintf(iq, sizeof iq,
                 "<iq type='set' id='x' from='%s' to='" BALCONY "'><live xmlns='" LIVE_NS
                 "' session='00112233445566778899aabbccddeeff' number='0'>R0VUIC8gSFRUUC8xLjENCg==</live></iq>",
                 jid);
        rogue_stanza(r, iq);
        bool fits = len == SOTTO_LIVE_JID_BYTES_MAX;
        assert_string_equal(r->answered, fits ? "not-acceptable" : "resource-constraint");
        snprintf(iq, sizeof iq, "<message to='%s' type='chat'><body>x</body></message>", jid);
        rogue_step(r, (sotto_input){.kind = SOTTO_INPUT_SEND, .stanza = bytes_text(iq), .ticket = ++r->ticket});
        assert_non_null(strstr(r->told, fits ? " again" : " too-large"));
        rogue_step(r, (sotto_input){.kind = SOTTO_INPUT_CANCEL, .ticket = r->ticket});
    }
}

/* What was received of an accepted key stays known, whoever else shows keys under that JID. */
static void test_keys_in_a_contacts_name_push_out_none_that_is_accepted(void **state) {
    rogue *r = *state;
    crypto_identity first = r->identity;
    rogue_open(r);
    assert_int_equal(send_data(r, 1, 1), 1);
    rogue_step(r, (sotto_input){.kind = SOTTO_INPUT_VERDICT,
                                .jid = bytes_text(ROMEO),
                                .key = bytes_of(first.ed25519.bytes, 32),
                                .trust = SOTTO_TRUST_VERIFIED}); /* from here on nobody else is taken on trust */
    for (unsigned i = 0; i < SOTTO_LIVE_KEYS_MAX; i++) {
        assert_ok(crypto_identity_new(&r->identity, &r->host.host));
        r->now_ms += 60000;
        rogue_open(r);
    }
    r->identity = first;
    r->now_ms += 60000;
    rogue_open(r);
    assert_int_equal(send_data(r, 1, 1), 0); /* the same epoch and number of the same key */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rogue_setup, rogue_teardown)
const struct CMUnitTest limit_tests[] = {
    TEST(test_numbers_rise_and_holes_are_fine),
    TEST(test_what_was_received_is_durable),
    TEST(test_epochs_are_bounded),
    TEST(test_several_in_one_frame_are_acknowledged_once),
    TEST(test_what_is_no_stanza_is_told_and_acknowledged),
    TEST(test_streams_that_cannot_be_read),
    TEST(test_a_stanza_in_pieces),
    TEST(test_the_largest_stanza),
    TEST(test_frames_out_of_order),
    TEST(test_the_gap_is_bounded),
    TEST(test_frames_of_others),
    TEST(test_acknowledgements_in_one_frame),
    TEST(test_nothing_but_a_proof_is_waited_for),
    TEST(test_what_is_not_taken_is_bounded),
    TEST(test_a_hello_that_was_never_asked),
    TEST(test_sessions_are_bounded),
    TEST(test_hellos_push_out_no_proved_session),
    TEST(test_repair_of_another),
    TEST(test_hellos_of_many_resources),
    TEST(test_sessions_of_one_are_bounded),
    TEST(test_rows_are_bounded),
    TEST(test_acknowledgements_of_nothing),
    TEST(test_keys_in_a_contacts_name_push_out_none_that_is_accepted),
    TEST(test_keys_are_bounded),
    TEST(test_what_is_kept_of_keys_is_bounded),
    TEST(test_secrets_are_bounded),
    TEST(test_an_idle_peer_that_goes_while_rows_are_read),
    TEST(test_peers_are_bounded),
    TEST(test_all_peers_are_bounded),
    TEST(test_jids_are_bounded),
};
const size_t limit_count = sizeof limit_tests / sizeof limit_tests[0];
