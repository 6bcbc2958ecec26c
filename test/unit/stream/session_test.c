/* SPDX-License-Identifier: ISC
 *
 * After the login: binding, stanzas, counting them, resuming, ending. */
#include <sotto/limits.h>

#include "groups.h"
#include "rig.h"
#include "stream/client_parts.h"
#include "stream/management.h"
#include "stream/names.h"

static void online(talk *t, const talk_options *options) {
    talk_whole(t, options);
    assert_int_equal(t->onlines, 1);
    assert_int_equal(t->ended, 0);
}

/* ---- binding ---- */

static void test_bind(void **state) {
    (void)state;
    talk t;
    online(&t, &(talk_options){.resource = "balcony & <garden>"});
    assert_string_equal(t.bind_resource, "balcony & <garden>");
    assert_string_equal(t.jid, RIG_ACCOUNT "/balcony & <garden>");
    talk_free(&t);
    online(&t, &(talk_options){.resource = NULL});
    assert_string_equal(t.jid, RIG_ACCOUNT "/chosen");
    talk_free(&t);
}

static void test_bind_conflict(void **state) {
    (void)state;
    talk t;
    online(&t, &(talk_options){.resource = "balcony", .conflict = true});
    assert_int_equal(t.binds, 2);
    assert_string_equal(t.jid, RIG_ACCOUNT "/chosen");
    talk_free(&t);
    talk_whole(&t, &(talk_options){.conflict = true});
    assert_int_equal(t.ended, 1);
    assert_status(t.status, SERVER_REFUSED);
    assert_string_equal(t.text, "conflict");
    talk_free(&t);
}

static void test_bound_to_another(void **state) {
    (void)state;
    static const char *const wrong[] = {"romeo@capulet.example/x", "juliet@montague.example/x", RIG_ACCOUNT,
                                        "not an address"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        talk t;
        talk_whole(&t, &(talk_options){.bound = wrong[i]});
        assert_int_equal(t.onlines, 0);
        assert_status(t.status, BAD_SERVER);
        talk_free(&t);
    }
    talk t;
    online(&t, &(talk_options){.bound = "JULIET@Capulet.Example/x"});
    assert_string_equal(t.jid, RIG_ACCOUNT "/x");
    talk_free(&t);
}

/* ---- stanzas ---- */

static void test_stanzas(void **state) {
    (void)state;
    talk t;
    online(&t, &(talk_options){.resource = "x"});
    talk_client_sends(&t, "<message to='romeo@montague.example'><body>Ay me</body></message>");
    talk_client_sends(&t, "<presence/>");
    talk_server_sends(&t, "<iq type='get' id='1'/>");
    talk_run(&t);
    assert_int_equal(t.server_stanzas, 2);
    assert_int_equal(t.server_count, 2);
    assert_string_equal(t.server_stanza, "<presence/>");
    assert_int_equal(t.stanzas, 1);
    assert_int_equal(t.count, 1);
    assert_string_equal(t.stanza, "<iq type='get' id='1'/>");
    /* In the log of the network none of it can be read. */
    assert_false(talk_has(&t.from_client, "Ay me"));
    assert_false(talk_has(&t.from_client, RIG_PASSWORD));
    talk_free(&t);
}

/* Larger than what is accepted before the login. */
static void test_large_stanza(void **state) {
    (void)state;
    talk t;
    online(&t, &(talk_options){.resource = NULL});
    static char stanza[300000];
    static const char start[] = "<message><body>", end[] = "</body></message>";
    memset(stanza, 'x', sizeof stanza);
    memcpy(stanza, start, sizeof start - 1);
    memcpy(stanza + sizeof stanza - sizeof end, end, sizeof end);
    talk_client_sends(&t, stanza);
    talk_server_sends(&t, stanza);
    talk_run(&t);
    assert_int_equal(t.server_stanzas, 1);
    assert_int_equal(t.stanzas, 1);
    talk_free(&t);
}

/* limit: SOTTO_STANZA_BYTES_MAX */
static void test_too_large_stanza(void **state) {
    (void)state;
    talk t;
    online(&t, &(talk_options){.resource = NULL});
    static char stanza[SOTTO_STANZA_BYTES_MAX + 1000];
    static const char start[] = "<message><body>";
    memset(stanza, 'x', sizeof stanza - 1);
    memcpy(stanza, start, sizeof start - 1);
    talk_server_sends(&t, stanza);
    talk_run(&t);
    assert_int_equal(t.stanzas, 0);
    assert_int_equal(t.ended, 1);
    assert_status(t.status, BAD_SERVER);
    assert_int_equal(t.server_ended, 0); /* the rig dropped it with the connection */
    talk_free(&t);
}

static void test_offline(void **state) {
    (void)state;
    talk t;
    talk_start(&t, &(talk_options){.manual = true});
    assert_status(stream_client_send(t.client, bytes_text("<presence/>")), OFFLINE);
    assert_status(stream_client_request_ack(t.client), OFFLINE);
    assert_fine(stream_client_handled(t.client, 0));
    talk_free(&t);
}

/* A server that sends stanzas between the answer to binding and <enabled/>: they come after ONLINE, uncounted. */
static void speaks_early(talk *t, stream_wire_event event, const stanza_element *element) {
    static const char *const says[] = {
        "<stream:features><mechanisms xmlns='" STREAM_NS_SASL "'><mechanism>SCRAM-SHA-256</mechanism></mechanisms>"
        "</stream:features>",
    };
    if (liar_greets(t, event, element)) return;
    if (event == STREAM_WIRE_OPEN && t->liar_at++ == 0) {
        liar_writes(t, says[0]);
    } else if (event == STREAM_WIRE_OPEN) {
        liar_writes(t, "<stream:features><bind xmlns='" STREAM_NS_BIND "'/><sm xmlns='" STREAM_NS_MANAGEMENT
                       "'/></stream:features>");
    } else if (stanza_is(element, "iq", STANZA_NS_CLIENT)) {
        liar_writes(t,
                    "<message id='a'/><iq type='result' id='bind-1'><bind xmlns='" STREAM_NS_BIND "'><jid>" RIG_ACCOUNT
                    "/x</jid></bind></iq><presence/><message id='b'><body>&amp;</body></message>");
    } else if (stanza_is(element, "enable", STREAM_NS_MANAGEMENT)) {
        liar_writes(t,
                    "<message id='c'/><enabled xmlns='" STREAM_NS_MANAGEMENT "' id='s' resume='1'/><message id='d'/>");
    }
}

/* The liar cannot log anybody in by itself: the client is put behind its login by hand. */
static void test_early_stanzas(void **state) {
    (void)state;
    talk t;
    talk_start(&t, &(talk_options){.liar = speaks_early});
    talk_run(&t);
    assert_int_equal(t.onlines, 0);
    t.client->expects = client_on_session_features;
    client_phase_set(t.client, CLIENT_SESSION);
    assert_fine(stream_wire_restart(t.liar));
    assert_fine(client_open_stream(t.client));
    t.options.manual = true;
    struct {
        stream_client_output_kind kind;
        const char *raw;
        uint32_t count;
    } expected[] = {
        {STREAM_ONLINE, "", 0},
        {STREAM_STANZA, "<message id='a'/>", 0},
        {STREAM_STANZA, "<presence/>", 0},
        {STREAM_STANZA, "<message id='b'><body>&amp;</body></message>", 0},
        {STREAM_STANZA, "<message id='c'/>", 0},
        {STREAM_STANZA, "<message id='d'/>", 1},
    };
    size_t seen = 0;
    for (int turns = 0; turns < 20; turns++) {
        stream_client_output out;
        assert_fine(stream_client_next(t.client, &out));
        if (out.kind == STREAM_BYTES) assert_fine(stream_wire_received(t.liar, out.bytes));
        if (out.kind == STREAM_NONE) {
            stream_wire_event event;
            const stanza_element *element;
            sotto_bytes bytes;
            do {
                assert_fine(stream_wire_next(t.liar, &event, &element));
                if (event != STREAM_WIRE_MORE) speaks_early(&t, event, element);
            } while (event != STREAM_WIRE_MORE);
            assert_fine(stream_wire_take(t.liar, &bytes));
            assert_fine(stream_client_received(t.client, bytes));
        }
        if (out.kind != STREAM_ONLINE && out.kind != STREAM_STANZA) continue;
        assert_true(seen < sizeof expected / sizeof *expected);
        assert_int_equal(out.kind, expected[seen].kind);
        if (out.kind == STREAM_STANZA) assert_true(bytes_is(out.stanza->raw, expected[seen].raw));
        assert_int_equal(out.count, expected[seen].count);
        seen++;
    }
    assert_int_equal(seen, sizeof expected / sizeof *expected);
    talk_free(&t);
}

/* ---- counting ---- */

static void test_acknowledgements(void **state) {
    (void)state;
    talk t;
    online(&t, &(talk_options){.resource = "x"});
    for (int i = 0; i < 3; i++) talk_client_sends(&t, "<message/>");
    assert_fine(stream_client_request_ack(t.client));
    talk_run(&t);
    /* Received is not handled. */
    assert_int_equal(t.server_count, 3);
    assert_int_equal(t.acks, 1);
    assert_int_equal(t.acked, 0);
    assert_fine(stream_server_handled(t.server, 2));
    talk_run(&t);
    assert_int_equal(t.acks, 1);
    /* The question is answered again as soon as everything that was there when it came is handled. */
    assert_fine(stream_server_handled(t.server, 3));
    talk_run(&t);
    assert_int_equal(t.acks, 2);
    assert_int_equal(t.acked, 3);
    talk_free(&t);
}

/* Only what the owner has committed is ever acknowledged. */
static void test_handled_after_commit(void **state) {
    (void)state;
    talk t;
    online(&t, &(talk_options){.resource = "x"});
    for (int i = 0; i < 4; i++) talk_server_sends(&t, "<message/>");
    assert_fine(stream_server_request_ack(t.server));
    talk_run(&t);
    assert_int_equal(t.stanzas, 4);
    assert_int_equal(t.count, 4);
    assert_int_equal(t.server_acked, 0);
    assert_fine(stream_client_handled(t.client, 3));
    assert_fine(stream_server_request_ack(t.server));
    talk_run(&t);
    assert_int_equal(t.server_acked, 3);
    assert_status(stream_client_handled(t.client, 5), USAGE);
    assert_status(stream_client_handled(t.client, 2), USAGE);
    assert_fine(stream_client_handled(t.client, 4));
    talk_run(&t);
    assert_int_equal(t.server_acked, 4);
    talk_free(&t);
}

static void test_acknowledges_too_much(void **state) {
    (void)state;
    talk t;
    online(&t, &(talk_options){.resource = "x"});
    talk_client_sends(&t, "<message/>");
    talk_run(&t);
    talk_server_sends(&t, "<a xmlns='" STREAM_NS_MANAGEMENT "' h='2'/>");
    talk_run(&t);
    assert_int_equal(t.acks, 0);
    assert_int_equal(t.ended, 1);
    assert_status(t.status, BAD_SERVER);
    talk_free(&t);
    static const char *const malformed[] = {"<a xmlns='" STREAM_NS_MANAGEMENT "'/>",
                                            "<a xmlns='" STREAM_NS_MANAGEMENT "' h='-1'/>",
                                            "<a xmlns='" STREAM_NS_MANAGEMENT "' h='4294967296'/>"};
    for (size_t i = 0; i < 3; i++) {
        online(&t, &(talk_options){.resource = "x"});
        talk_server_sends(&t, malformed[i]);
        talk_run(&t);
        assert_status(t.status, BAD_SERVER);
        talk_free(&t);
    }
}

static void test_acknowledges_less(void **state) {
    (void)state;
    talk t;
    online(&t, &(talk_options){.resource = "x"});
    talk_client_sends(&t, "<message/>");
    talk_client_sends(&t, "<message/>");
    talk_run(&t);
    talk_server_sends(&t, "<a xmlns='" STREAM_NS_MANAGEMENT "' h='2'/><a xmlns='" STREAM_NS_MANAGEMENT "' h='1'/>");
    talk_run(&t);
    assert_int_equal(t.acked, 2);
    assert_status(t.status, BAD_SERVER); /* it took one back */
    talk_free(&t);
}

/* All counters wrap at 2^32 (XEP-0198 section 4). */
static void test_wrap(void **state) {
    (void)state;
    stream_wire *wire;
    assert_fine(stream_wire_new(&wire, sotto_host_default()));
    stream_management counts;
    stream_management_start(&counts, UINT32_MAX - 1, UINT32_MAX - 1);
    counts.sent += 4;
    for (int i = 0; i < 4; i++) (void)stream_management_count(&counts);
    assert_int_equal(counts.received, 2);
    assert_fine(stream_management_handled(&counts, wire, UINT32_MAX));
    assert_fine(stream_management_handled(&counts, wire, 1));
    assert_status(stream_management_handled(&counts, wire, 3), USAGE);
    bytes_arena arena;
    bytes_arena_init(&arena, sotto_host_default(), 65536);
    const stanza_element *answer;
    assert_fine(stanza_parse(&arena, bytes_text("<a xmlns='" STREAM_NS_MANAGEMENT "' h='1'/>"), &answer));
    assert_fine(stream_management_answered(&counts, wire, answer));
    assert_int_equal(counts.acked, 1);
    assert_fine(stanza_parse(&arena, bytes_text("<a xmlns='" STREAM_NS_MANAGEMENT "' h='4294967295'/>"), &answer));
    assert_status(stream_management_answered(&counts, wire, answer), BAD_SERVER);
    bytes_arena_clear(&arena);
    stream_wire_free(wire);
}

static void test_without_management(void **state) {
    (void)state;
    talk t;
    online(&t, &(talk_options){.without_management = true, .resume_id = "sm-1"});
    assert_false(t.online.manages);
    assert_string_equal(t.resume_id, "");
    talk_client_sends(&t, "<message/>");
    talk_server_sends(&t, "<message/>");
    assert_fine(stream_client_request_ack(t.client));
    talk_run(&t);
    assert_int_equal(t.count, 0);
    assert_int_equal(t.stanzas, 1);
    assert_int_equal(t.server_count, 0);
    assert_int_equal(t.server_stanzas, 1);
    assert_fine(stream_client_handled(t.client, 0));
    assert_int_equal(t.acks, 0);
    talk_free(&t);
}

/* ---- resuming ---- */

static void test_resumption(void **state) {
    (void)state;
    talk t;
    online(&t, &(talk_options){.resource = "balcony"});
    talk_client_sends(&t, "<message id='1'/>");
    talk_client_sends(&t, "<message id='2'/>");
    talk_server_sends(&t, "<message id='a'/>");
    talk_run(&t);
    assert_fine(stream_client_handled(t.client, 1));
    /* The connection is gone, with one stanza each way that the other side never handled. */
    talk_again(&t, &(talk_options){.resource = "balcony",
                                   .resume_id = "sm-1",
                                   .resume_handled = 1,
                                   .known_resume = "sm-1",
                                   .known_handled = 1});
    talk_run(&t);
    assert_int_equal(t.onlines, 1);
    assert_true(t.online.resumed);
    assert_true(t.online.manages);
    assert_int_equal(t.online.acked, 1);
    assert_string_equal(t.resume_id, "sm-1");
    assert_string_equal(t.jid, RIG_ACCOUNT "/balcony");
    assert_int_equal(t.server_acked, 1);
    /* Numbers go on. */
    talk_client_sends(&t, "<message id='2'/>");
    talk_server_sends(&t, "<message id='b'/>");
    talk_run(&t);
    assert_int_equal(t.server_count, 2);
    assert_int_equal(t.count, 2);
    assert_fine(stream_client_handled(t.client, 2));
    assert_fine(stream_server_handled(t.server, 2));
    assert_fine(stream_client_request_ack(t.client));
    assert_fine(stream_server_request_ack(t.server));
    talk_run(&t);
    assert_int_equal(t.acked, 2);
    assert_int_equal(t.server_acked, 2);
    talk_free(&t);
}

static void test_resumption_failed(void **state) {
    (void)state;
    for (int remembers = 0; remembers < 2; remembers++) {
        talk t;
        online(&t, &(talk_options){.resource = "balcony",
                                   .resume_id = "old",
                                   .resume_handled = 7,
                                   .remembers = remembers == 1,
                                   .known_handled = 5});
        assert_false(t.online.resumed);
        assert_int_equal(t.binds, 1);
        assert_int_equal(t.acks, (unsigned)remembers);
        if (remembers) assert_int_equal(t.acked, 5);
        assert_int_equal(t.online.acked, 0);
        assert_string_equal(t.resume_id, "sm-1"); /* of the new session */
        talk_server_sends(&t, "<message/>");
        talk_run(&t);
        assert_int_equal(t.count, 1);
        talk_free(&t);
    }
}

static void test_long_resume_id(void **state) {
    (void)state;
    char id[SOTTO_RESUME_ID_BYTES_MAX + 2];
    memset(id, 'x', sizeof id);
    id[sizeof id - 1] = 0;
    talk t;
    talk_start(&t, &(talk_options){.resume_id = id});
    assert_null(t.client);
    assert_status(t.status, USAGE);
    talk_free(&t);
}

/* ---- ending ---- */

static void test_end(void **state) {
    (void)state;
    talk t;
    online(&t, &(talk_options){.resource = "x"});
    talk_server_sends(&t, "<message/>");
    talk_run(&t);
    assert_fine(stream_client_handled(t.client, 1));
    assert_fine(stream_client_end(t.client));
    assert_status(stream_client_send(t.client, bytes_text("<message/>")), OFFLINE);
    talk_run(&t);
    assert_int_equal(t.ended, 1);
    assert_fine(t.status);
    assert_int_equal(t.disconnects, 1);
    assert_int_equal(t.server_acked, 1); /* XEP-0198: said right before closing */
    assert_int_equal(t.server_ended, 1);
    assert_fine(t.server_status);
    assert_fine(stream_client_end(t.client));
    talk_free(&t);
}

/* The server never says goodbye: a short wait, and it is over all the same. limit: SOTTO_STREAM_CLOSE_MS */
static void test_end_unanswered(void **state) {
    (void)state;
    talk t;
    online(&t, &(talk_options){.resource = "x"});
    stream_server_free(t.server);
    t.server = NULL;
    assert_fine(stream_client_end(t.client));
    talk_run(&t);
    assert_int_equal(t.ended, 0);
    assert_fine(stream_client_timer(t.client, t.now + SOTTO_STREAM_CLOSE_MS));
    assert_fine(stream_client_timer(t.client, t.now + 2 * SOTTO_STREAM_CLOSE_MS));
    talk_run(&t);
    assert_int_equal(t.ended, 1);
    assert_fine(t.status);
    assert_int_equal(t.disconnects, 1);
    talk_free(&t);
}

static void test_end_before_online(void **state) {
    (void)state;
    talk t;
    talk_whole(&t, &(talk_options){.manual = true});
    assert_fine(stream_client_end(t.client));
    talk_run(&t);
    assert_int_equal(t.ended, 1);
    assert_fine(t.status);
    talk_free(&t);
}

static void test_lost(void **state) {
    (void)state;
    talk t;
    online(&t, &(talk_options){.resource = "x"});
    talk_server_sends(&t, "<message/>");
    stream_server_output out;
    assert_fine(stream_server_next(t.server, &out));
    assert_int_equal(out.kind, STREAM_SERVER_BYTES);
    assert_fine(stream_client_received(t.client, out.bytes));
    assert_fine(stream_client_lost(t.client));
    talk_run(&t);
    /* What had come before is still handed out. */
    assert_int_equal(t.stanzas, 1);
    assert_int_equal(t.ended, 1);
    assert_int_equal(t.disconnects, 0);
    assert_status(t.status, CLOSED);
    assert_status(stream_client_send(t.client, bytes_text("<message/>")), OFFLINE);
    talk_free(&t);
}

static void test_server_ends(void **state) {
    (void)state;
    talk t;
    online(&t, &(talk_options){.resource = "x"});
    assert_fine(stream_server_end(t.server));
    talk_run(&t);
    assert_int_equal(t.ended, 1);
    assert_status(t.status, CLOSED);
    talk_free(&t);
    online(&t, &(talk_options){.resource = "x"});
    assert_fine(stream_server_fail(t.server, "conflict"));
    talk_run(&t);
    assert_int_equal(t.ended, 1);
    assert_status(t.status, STREAM_ERROR);
    assert_string_equal(t.text, "conflict");
    assert_int_equal(t.server_ended, 1);
    talk_free(&t);
}

/* ---- the server's side against clients that do not behave ---- */

static void server_gets(const char *bytes, int code) {
    talk t;
    talk_start(&t, &(talk_options){.manual = true});
    stream_server_config config = {
        .host = sotto_host_default(), .domain = BYTES_LITERAL(RIG_DOMAIN), .tls = t.server_tls};
    assert_fine(stream_server_new(&t.server, &config));
    assert_fine(stream_server_received(t.server, bytes_text(bytes)));
    for (;;) {
        stream_server_output out;
        assert_fine(stream_server_next(t.server, &out));
        if (out.kind == STREAM_SERVER_NONE) break;
        if (out.kind != STREAM_SERVER_ENDED) continue;
        t.server_ended++;
        t.server_status = out.status;
    }
    if (t.server_status.code != code) fail_msg("%s: %s", bytes, sotto_status_name(t.server_status));
    assert_int_equal(t.server_ended, code == 0 ? 0 : 1);
    talk_free(&t);
}

#define CLIENT_HEADER                                                                                                  \
    "<stream:stream xmlns='jabber:client' xmlns:stream='" STREAM_NS_STREAM "' version='1.0' to='capulet.example'>"

static void test_server_refuses(void **state) {
    (void)state;
    server_gets(CLIENT_HEADER, 0);
    server_gets(CLIENT_HEADER "<auth xmlns='" STREAM_NS_SASL "' mechanism='PLAIN'>AGEAYg==</auth>", 0);
    server_gets(CLIENT_HEADER "<message/>", SOTTO_E_MALFORMED);
    server_gets(CLIENT_HEADER "<starttls xmlns='" STREAM_NS_TLS "'/><message/>", SOTTO_E_MALFORMED);
    server_gets("<stream:stream xmlns='jabber:client' xmlns:stream='" STREAM_NS_STREAM
                "' version='1.0' to='x.example'>",
                SOTTO_E_HOST_UNKNOWN);
    server_gets("<stream:stream xmlns='jabber:client' xmlns:stream='" STREAM_NS_STREAM "' to='capulet.example'>",
                SOTTO_E_MALFORMED);
    server_gets("<a b></a>", SOTTO_E_MALFORMED);
    server_gets(CLIENT_HEADER "<a><b></a></b>", SOTTO_E_MALFORMED);
    server_gets(CLIENT_HEADER "<!-- x -->", SOTTO_E_XML_FORBIDDEN);
}

static void test_server_times_out(void **state) {
    (void)state;
    talk t;
    talk_start(&t, &(talk_options){.manual = true});
    stream_server_config config = {
        .host = sotto_host_default(), .domain = BYTES_LITERAL(RIG_DOMAIN), .tls = t.server_tls, .now_ms = 5};
    assert_fine(stream_server_new(&t.server, &config));
    assert_int_equal(stream_server_deadline(t.server), 5 + SOTTO_STREAM_WAIT_MS);
    assert_fine(stream_server_timer(t.server, 5 + SOTTO_STREAM_WAIT_MS));
    assert_fine(stream_server_timer(t.server, 5 + 2 * SOTTO_STREAM_WAIT_MS));
    stream_server_output out;
    do {
        assert_fine(stream_server_next(t.server, &out));
    } while (out.kind == STREAM_SERVER_BYTES);
    assert_int_equal(out.kind, STREAM_SERVER_ENDED);
    assert_status(out.status, TIMEOUT);
    talk_free(&t);
}

static void test_server_answers_in_order(void **state) {
    (void)state;
    talk t;
    online(&t, &(talk_options){.resource = "x"});
    assert_status(stream_server_keys(t.server, NULL), STATE);
    assert_status(stream_server_password(t.server, bytes_text("x")), STATE);
    assert_status(stream_server_bound(t.server, bytes_text("x")), STATE);
    assert_status(stream_server_enabled(t.server, BYTES_NONE), STATE);
    assert_status(stream_server_resumed(t.server, bytes_text("x"), 0), STATE);
    assert_status(stream_server_not_resumed(t.server, false, 0), STATE);
    assert_int_equal(stream_server_sent(t.server), 0);
    talk_server_sends(&t, "<message/>");
    assert_int_equal(stream_server_sent(t.server), 1);
    talk_free(&t);
}

int session_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bind),
        cmocka_unit_test(test_bind_conflict),
        cmocka_unit_test(test_bound_to_another),
        cmocka_unit_test(test_stanzas),
        cmocka_unit_test(test_large_stanza),
        cmocka_unit_test(test_too_large_stanza),
        cmocka_unit_test(test_offline),
        cmocka_unit_test(test_early_stanzas),
        cmocka_unit_test(test_acknowledgements),
        cmocka_unit_test(test_handled_after_commit),
        cmocka_unit_test(test_acknowledges_too_much),
        cmocka_unit_test(test_acknowledges_less),
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_without_management),
        cmocka_unit_test(test_resumption),
        cmocka_unit_test(test_resumption_failed),
        cmocka_unit_test(test_long_resume_id),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_end_unanswered),
        cmocka_unit_test(test_end_before_online),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_server_ends),
        cmocka_unit_test(test_server_refuses),
        cmocka_unit_test(test_server_times_out),
        cmocka_unit_test(test_server_answers_in_order),
    };
    return cmocka_run_group_tests_name("session", tests, rig_setup, rig_teardown);
}
