/* SPDX-License-Identifier: ISC
 *
 * Finding the server: SRV records, their order, what is tried when one fails. */
#include <sotto/limits.h>

#include "groups.h"
#include "rig.h"

/* A client that looks the server up; the rig answers nothing. */
static void start(talk *t, const char *account) {
    talk_whole(t, &(talk_options){.account = account, .discover = true, .manual = true});
    assert_int_equal(t->resolves, 1);
}

static void resolved(talk *t, const stream_srv *records, size_t count) {
    assert_fine(stream_client_resolved(t->client, records, count, false));
    talk_run(t);
}

/* The connection to the address tried last fails; the next one is asked for. */
static void unreachable(talk *t) {
    assert_fine(stream_client_connected(t->client, false));
    talk_run(t);
}

static void tries(const talk *t, const char *name, uint16_t port) {
    assert_string_equal(t->connect_name, name);
    assert_int_equal(t->connect_port, port);
}

#define SRV(is_direct, prio, wgt, prt, name)                                                                           \
    { .direct_tls = (is_direct), .priority = (prio), .weight = (wgt), .port = (prt), .target = BYTES_LITERAL(name) }

static void test_no_records(void **state) {
    (void)state;
    talk t;
    start(&t, NULL);
    assert_string_equal(t.resolve_name, RIG_DOMAIN);
    resolved(&t, NULL, 0);
    assert_int_equal(t.connects, 1);
    tries(&t, RIG_DOMAIN, 5222);
    unreachable(&t);
    assert_int_equal(t.ended, 1);
    assert_int_equal(t.disconnects, 0);
    assert_status(t.status, UNREACHABLE);
    talk_free(&t);
}

static void test_lookup_failed(void **state) {
    (void)state;
    talk t;
    start(&t, NULL);
    assert_fine(stream_client_resolved(t.client, NULL, 0, true));
    talk_run(&t);
    tries(&t, RIG_DOMAIN, 5222);
    talk_free(&t);
}

static void test_order(void **state) {
    (void)state;
    const stream_srv records[] = {SRV(false, 30, 0, 5222, "c.example."), SRV(true, 10, 0, 443, "a.example"),
                                  SRV(false, 20, 0, 5222, "b.example")};
    talk t;
    start(&t, NULL);
    resolved(&t, records, 3);
    tries(&t, "a.example", 443);
    unreachable(&t);
    tries(&t, "b.example", 5222);
    unreachable(&t);
    tries(&t, "c.example", 5222);
    assert_int_equal(t.ended, 0);
    unreachable(&t);
    assert_int_equal(t.ended, 1);
    assert_int_equal(t.connects, 3);
    assert_status(t.status, UNREACHABLE);
    talk_free(&t);
}

/* RFC 2782: by weight, at random. */
static void test_weights(void **state) {
    (void)state;
    const stream_srv records[] = {SRV(false, 1, 90, 1, "x.example"), SRV(false, 1, 10, 2, "x.example"),
                                  SRV(false, 1, 0, 3, "x.example")};
    unsigned first[4] = {0};
    for (int i = 0; i < 300; i++) {
        talk t;
        start(&t, NULL);
        resolved(&t, records, 3);
        first[t.connect_port]++;
        unsigned all = 1u << t.connect_port;
        for (int j = 0; j < 2; j++) {
            unreachable(&t);
            all |= 1u << t.connect_port;
        }
        assert_int_equal(all, 14); /* each once */
        unreachable(&t);
        assert_int_equal(t.ended, 1);
        talk_free(&t);
    }
    /* 270, 27 and 3 are expected; these bounds are more than six deviations away. */
    assert_true(first[1] > 235 && first[2] > 1 && first[2] < 65 && first[3] < 15);
}

static void test_not_offered(void **state) {
    (void)state;
    const stream_srv none[] = {SRV(false, 0, 0, 0, "."), SRV(true, 0, 0, 0, ".")};
    const stream_srv half[] = {SRV(true, 0, 0, 0, "."), SRV(false, 5, 0, 5222, "b.example")};
    talk t;
    /* XEP-0368: no fallback to the domain itself */
    for (size_t count = 1; count <= 2; count++) {
        start(&t, NULL);
        resolved(&t, none, count);
        assert_int_equal(t.connects, 0);
        assert_int_equal(t.ended, 1);
        assert_status(t.status, HOST_UNKNOWN);
        talk_free(&t);
    }
    start(&t, NULL);
    resolved(&t, half, 2);
    tries(&t, "b.example", 5222);
    unreachable(&t);
    assert_int_equal(t.ended, 1);
    talk_free(&t);
}

/* limit: SOTTO_SRV_MAX */
static void test_too_many(void **state) {
    (void)state;
    stream_srv records[40];
    for (uint16_t i = 0; i < 40; i++) {
        records[i] = (stream_srv){.priority = i, .port = (uint16_t)(1000 + i), .target = BYTES_LITERAL("x.example")};
    }
    talk t;
    start(&t, NULL);
    resolved(&t, records, 40);
    for (unsigned i = 0; i < SOTTO_SRV_MAX; i++) {
        assert_int_equal(t.connect_port, 1000 + i);
        unreachable(&t);
    }
    assert_int_equal(t.ended, 1);
    talk_free(&t);
}

static void test_international(void **state) {
    (void)state;
    talk t;
    start(&t, "juliet@stra\xc3\x9f"
              "e.example");
    assert_string_equal(t.resolve_name, "strasse.example"); /* nameprep of RFC 6122 maps it */
    talk_free(&t);
    start(&t, "juliet@b\xc3\xbc"
              "cher.example");
    assert_string_equal(t.resolve_name, "xn--bcher-kva.example");
    talk_free(&t);
}

/* The first address speaks no XMPP, the second does. */
static void test_next_after_nonsense(void **state) {
    (void)state;
    const stream_srv records[] = {SRV(true, 1, 0, 443, "a.example"), SRV(false, 2, 0, 5222, "b.example")};
    talk t;
    start(&t, NULL);
    resolved(&t, records, 2);
    tries(&t, "a.example", 443);
    assert_fine(stream_client_connected(t.client, true));
    talk_run(&t);
    assert_fine(stream_client_received(t.client, bytes_text("220 mail.example ESMTP\r\n")));
    talk_run(&t);
    assert_int_equal(t.disconnects, 1);
    assert_int_equal(t.ended, 0);
    tries(&t, "b.example", 5222);
    /* What may still come from the first connection is nobody's. */
    assert_fine(stream_client_received(t.client, bytes_text("garbage")));
    assert_fine(stream_client_lost(t.client));
    talk_run(&t);
    assert_int_equal(t.ended, 0);
    unreachable(&t);
    /* What went wrong first tells more than that the second was unreachable. */
    assert_int_equal(t.ended, 1);
    assert_status(t.status, TLS_FAILED);
    talk_free(&t);
}

/* A connection that is lost before the login is like one that never was. */
static void test_lost_early(void **state) {
    (void)state;
    const stream_srv records[] = {SRV(false, 1, 0, 1, "a.example"), SRV(false, 2, 0, 2, "b.example")};
    talk t;
    start(&t, NULL);
    resolved(&t, records, 2);
    assert_fine(stream_client_connected(t.client, true));
    talk_run(&t);
    assert_fine(stream_client_lost(t.client));
    talk_run(&t);
    tries(&t, "b.example", 2);
    assert_int_equal(t.disconnects, 0);
    assert_fine(stream_client_connected(t.client, true));
    talk_run(&t);
    assert_fine(stream_client_timer(t.client, t.now + 1));
    assert_fine(stream_client_timer(t.client, t.now + 1 + 10 * SOTTO_STREAM_WAIT_MS));
    assert_fine(stream_client_timer(t.client, t.now + 1 + 20 * SOTTO_STREAM_WAIT_MS));
    talk_run(&t);
    assert_int_equal(t.disconnects, 1);
    assert_int_equal(t.ended, 1);
    assert_status(t.status, CLOSED); /* of the first */
    talk_free(&t);
}

/* A certificate that was refused is not tried around: the owner's no is final. */
static void test_no_way_around_verdict(void **state) {
    (void)state;
    const stream_srv records[] = {SRV(true, 1, 0, 1, "a.example"), SRV(false, 2, 0, 2, "b.example")};
    talk t;
    start(&t, NULL);
    t.options.manual = false;
    t.options.refuse = true;
    t.options.direct_tls = true;
    resolved(&t, records, 2);
    assert_int_equal(t.verdicts, 1);
    assert_int_equal(t.connects, 1);
    assert_int_equal(t.ended, 1);
    assert_status(t.status, BAD_CERTIFICATE);
    talk_free(&t);
}

/* Both kinds of record lead online; the name to be proved is the account's domain, whatever the target. */
static void test_both_kinds(void **state) {
    (void)state;
    for (int direct = 0; direct < 2; direct++) {
        const stream_srv records[] = {SRV(direct == 1, 1, 0, 1234, "host.provider.example")};
        talk t;
        start(&t, NULL);
        t.options.manual = false;
        t.options.direct_tls = direct == 1;
        resolved(&t, records, 1);
        tries(&t, "host.provider.example", 1234);
        assert_int_equal(t.onlines, 1);
        talk_free(&t);
    }
}

int discovery_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_records),    cmocka_unit_test(test_lookup_failed),
        cmocka_unit_test(test_order),         cmocka_unit_test(test_weights),
        cmocka_unit_test(test_not_offered),   cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_international), cmocka_unit_test(test_next_after_nonsense),
        cmocka_unit_test(test_lost_early),    cmocka_unit_test(test_no_way_around_verdict),
        cmocka_unit_test(test_both_kinds),
    };
    return cmocka_run_group_tests_name("discovery", tests, rig_setup, rig_teardown);
}
