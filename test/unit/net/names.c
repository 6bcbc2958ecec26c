/* SPDX-License-Identifier: ISC
 *
 * SRV look-ups against a small DNS server on the loopback, on a thread of its own, whose answers are chosen by the
 * first label of the domain that is asked for. */
#include "net_tests.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bytes/buffer.h"
#include "bytes/span.h"
#include "net/inside.h"

#define HEADER   12u
#define TYPE_SRV 33
#define MANY     70

/* ---- the server ---- */

typedef struct dns_server {
    int fd;
    uint16_t port;
    pthread_t thread;
} dns_server;

static void put16(bytes_buffer *to, unsigned value) {
    bytes_buffer_u8(to, (uint8_t)(value >> 8));
    bytes_buffer_u8(to, (uint8_t)value);
}

/* One SRV record; the owner's name points at the question's. */
static void put_srv(bytes_buffer *to, unsigned priority, unsigned weight, unsigned port, sotto_bytes target) {
    put16(to, 0xc000 | HEADER);
    put16(to, TYPE_SRV);
    put16(to, 1);
    bytes_buffer_u32(to, 60);
    put16(to, (unsigned)(6 + target.len));
    put16(to, priority);
    put16(to, weight);
    put16(to, port);
    bytes_buffer_put(to, target);
}

static unsigned put_answers(bytes_buffer *to, const char *kind, unsigned *ret_rcode) {
    const sotto_bytes one = BYTES_LITERAL("\3one\4chat\7example");
    const sotto_bytes one_end = bytes_of(one.at, one.len + 1); /* with the root label, which is the literal's NUL */
    if (strcasecmp(kind, "two") == 0) {
        put_srv(to, 10, 5, 5222, one_end);
        put_srv(to, 20, 0, 5223, bytes_of("\3TWO", 5));
        return 2;
    }
    if (strcasecmp(kind, "dot") == 0) {
        put_srv(to, 0, 0, 0, bytes_of("", 1));
        return 1;
    }
    if (strcasecmp(kind, "odd") == 0) {
        put_srv(to, 1, 0, 1, bytes_of("\3a\033b", 5)); /* an escape character in a name */
        put_srv(to, 2, 0, 2, bytes_of("\3a.b", 5));    /* a dot inside a label */
        put_srv(to, 3, 0, 3, bytes_of("\2ok", 4));
        return 3;
    }
    if (strcasecmp(kind, "many") == 0) {
        for (unsigned i = 0; i < MANY; i++) put_srv(to, i, 0, 1, bytes_of("\1a", 3));
        return MANY;
    }
    if (strcasecmp(kind, "missing") == 0) *ret_rcode = 3;
    if (strcasecmp(kind, "broken") == 0) *ret_rcode = 2;
    return 0; /* "empty" too */
}

/* Names of the tests are _service._tcp.KIND.example; a shorter one (a key that is asked for) has no answer. */
static void question_kind(const uint8_t *query, size_t len, char ret[64], size_t *ret_end) {
    size_t at = HEADER;
    ret[0] = '\0';
    for (int label = 0; at < len && query[at] != 0; label++) {
        size_t size = query[at];
        if (size > 63 || at + 1 + size > len) break;
        if (label == 2) (void)snprintf(ret, 64, "%.*s", (int)size, (const char *)query + at + 1);
        at += 1 + size;
    }
    *ret_end = at + 5;
}

static void dns_answer(const dns_server *server, const uint8_t *query, size_t len, const struct sockaddr_in *to) {
    char kind[64];
    size_t end;
    question_kind(query, len, kind, &end);
    if (end > len || strcasecmp(kind, "silent") == 0) return;
    uint8_t room[4096], records[4096];
    bytes_buffer answers, packet;
    bytes_buffer_borrowed(&answers, records, sizeof records);
    bytes_buffer_borrowed(&packet, room, sizeof room);
    unsigned rcode = 0, count = 0;
    bool is_srv = query[end - 4] == 0 && query[end - 3] == TYPE_SRV;
    if (is_srv) count = put_answers(&answers, kind, &rcode);
    bytes_buffer_put(&packet, bytes_of(query, 2));
    put16(&packet, 0x8580 | rcode); /* an answer, authoritative, recursion asked for and available */
    put16(&packet, 1);
    put16(&packet, count);
    put16(&packet, 0);
    put16(&packet, 0);
    bytes_buffer_put(&packet, bytes_of(query + HEADER, end - HEADER));
    sotto_bytes all;
    if (!sotto_ok(bytes_buffer_end(&answers, &all))) return;
    bytes_buffer_put(&packet, all);
    if (!sotto_ok(bytes_buffer_end(&packet, &all))) return;
    (void)sendto(server->fd, all.at, all.len, 0, (const struct sockaddr *)to, sizeof *to);
}

static void *dns_run(void *arg) {
    dns_server *server = arg;
    uint8_t query[1024];
    for (;;) {
        struct sockaddr_in from;
        socklen_t size = sizeof from;
        ssize_t len = recvfrom(server->fd, query, sizeof query, 0, (struct sockaddr *)&from, &size);
        if (len == 1) return NULL; /* the end */
        if (len > (ssize_t)HEADER) dns_answer(server, query, (size_t)len, &from);
    }
}

static void dns_start(dns_server *server) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    server->fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_true(server->fd >= 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&at, &size), 0);
    server->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, dns_run, server), 0);
}

static void dns_stop(dns_server *server) {
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(server->port)};
    assert_int_equal(sendto(server->fd, "x", 1, 0, (struct sockaddr *)&at, sizeof at), 1);
    assert_int_equal(pthread_join(server->thread, NULL), 0);
    (void)close(server->fd);
}

/* ---- the tests ---- */

typedef struct answer {
    int came;
    bool inside;
    size_t count;
    bool failed, secure, bogus;
    net_srv first, second;
} answer;

static void found(void *arg, const net_srv *records, size_t count, bool failed, bool secure, bool bogus) {
    answer *a = arg;
    assert_false(a->inside);
    a->came++;
    a->count = count;
    a->failed = failed;
    a->secure = secure;
    a->bogus = bogus;
    if (count > 0) a->first = records[0];
    if (count > 1) a->second = records[1];
}

typedef struct world {
    dns_server server;
    net_loop *loop;
} world;

static int setup(void **state) {
    static world w;
    *state = &w;
    dns_start(&w.server);
    return sotto_ok(net_loop_new(&w.loop, sotto_host_default())) ? 0 : -1;
}

static int teardown(void **state) {
    world *w = *state;
    net_loop_free(w->loop);
    dns_stop(&w->server);
    return 0;
}

static void resolver(world *w, const char *anchor, uint64_t wait_ms) {
    char forward[64];
    (void)snprintf(forward, sizeof forward, "127.0.0.1@%u", (unsigned)w->server.port);
    assert_int_equal(net_loop_resolver(w->loop, forward, anchor, wait_ms).code, 0);
}

static answer ask(world *w, const char *kind) {
    answer a = {.inside = true};
    char name[128];
    (void)snprintf(name, sizeof name, "_xmpp-client._tcp.%s.example", kind);
    assert_int_equal(net_lookup_srv(w->loop, name, found, &a).code, 0);
    a.inside = false;
    assert_int_equal(net_loop_run(w->loop).code, 0);
    assert_int_equal(a.came, 1);
    return a;
}

static void test_two_records(void **state) {
    world *w = *state;
    resolver(w, NULL, NET_LOOKUP_WAIT_MS);
    answer a = ask(w, "two");
    assert_false(a.failed);
    assert_false(a.secure);
    assert_false(a.bogus);
    assert_int_equal(a.count, 2);
    net_srv low = a.first.priority == 10 ? a.first : a.second;
    net_srv high = a.first.priority == 10 ? a.second : a.first;
    assert_int_equal(low.weight, 5);
    assert_int_equal(low.port, 5222);
    assert_string_equal(low.target, "one.chat.example");
    assert_int_equal(high.priority, 20);
    assert_int_equal(high.port, 5223);
    assert_string_equal(high.target, "TWO");
}

static void test_not_offered(void **state) {
    resolver(*state, NULL, NET_LOOKUP_WAIT_MS);
    answer a = ask(*state, "dot");
    assert_false(a.failed);
    assert_int_equal(a.count, 1);
    assert_string_equal(a.first.target, ".");
}

static void test_no_such_name_is_an_answer(void **state) {
    resolver(*state, NULL, NET_LOOKUP_WAIT_MS);
    answer a = ask(*state, "missing");
    assert_false(a.failed);
    assert_int_equal(a.count, 0);
}

static void test_no_records_is_an_answer(void **state) {
    resolver(*state, NULL, NET_LOOKUP_WAIT_MS);
    answer a = ask(*state, "empty");
    assert_false(a.failed);
    assert_int_equal(a.count, 0);
}

static void test_odd_names_are_left_out(void **state) {
    resolver(*state, NULL, NET_LOOKUP_WAIT_MS);
    answer a = ask(*state, "odd");
    assert_false(a.failed);
    assert_int_equal(a.count, 1);
    assert_string_equal(a.first.target, "ok");
    assert_int_equal(a.first.port, 3);
}

static void test_limit_of_records(void **state) {
    resolver(*state, NULL, NET_LOOKUP_WAIT_MS);
    answer a = ask(*state, "many");
    assert_false(a.failed);
    assert_int_equal(a.count, NET_SRV_MAX);
}

static void test_server_failure(void **state) {
    resolver(*state, NULL, NET_LOOKUP_WAIT_MS);
    answer a = ask(*state, "broken");
    assert_true(a.failed);
    assert_int_equal(a.count, 0);
}

static void test_no_answer(void **state) {
    resolver(*state, NULL, 50);
    answer a = ask(*state, "silent");
    assert_true(a.failed);
    assert_int_equal(a.count, 0);
    a = ask(*state, "two"); /* the resolver is as good as before */
    assert_false(a.failed);
    assert_int_equal(a.count, 2);
}

/* With an anchor for the domain an unsigned answer is bogus. */
static void test_bogus(void **state) {
    resolver(*state, "example. DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
             NET_LOOKUP_WAIT_MS);
    answer a = ask(*state, "two");
    assert_true(a.bogus);
    assert_int_equal(a.count, 2);
    assert_false(a.secure);
}

static void test_free_with_lookup_under_way(void **state) {
    world *w = *state;
    resolver(w, NULL, NET_LOOKUP_WAIT_MS);
    answer a = {0};
    assert_int_equal(net_lookup_srv(w->loop, "_a._tcp.silent.example", found, &a).code, 0);
    net_loop_free(w->loop);
    w->loop = NULL;
    assert_int_equal(a.came, 0);
}

static void test_two_at_once(void **state) {
    world *w = *state;
    resolver(w, NULL, NET_LOOKUP_WAIT_MS);
    answer a = {0}, b = {0};
    assert_int_equal(net_lookup_srv(w->loop, "_xmpp-client._tcp.two.example", found, &a).code, 0);
    assert_int_equal(net_lookup_srv(w->loop, "_xmpps-client._tcp.missing.example", found, &b).code, 0);
    assert_int_equal(net_loop_run(w->loop).code, 0);
    assert_int_equal(a.came + b.came, 2);
    assert_int_equal(a.count, 2);
    assert_int_equal(b.count, 0);
}

static void test_wrong_names(void **state) {
    world *w = *state;
    answer a = {0};
    char longer[300];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(net_lookup_srv(w->loop, "", found, &a).code, SOTTO_E_USAGE);
    assert_int_equal(net_lookup_srv(w->loop, longer, found, &a).code, SOTTO_E_USAGE);
    longer[100] = '\0'; /* a label of 100 */
    resolver(w, NULL, NET_LOOKUP_WAIT_MS);
    assert_int_equal(net_lookup_srv(w->loop, longer, found, &a).code, 0);
    assert_int_equal(net_loop_run(w->loop).code, 0);
    assert_int_equal(a.came, 1);
    assert_true(a.failed);
    assert_int_equal(net_loop_resolver(w->loop, "127.0.0.1", NULL, 1).code, SOTTO_E_STATE);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int net_tests_names(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_two_records),
        TEST(test_not_offered),
        TEST(test_no_such_name_is_an_answer),
        TEST(test_no_records_is_an_answer),
        TEST(test_odd_names_are_left_out),
        TEST(test_limit_of_records),
        TEST(test_server_failure),
        TEST(test_no_answer),
        TEST(test_bogus),
        TEST(test_free_with_lookup_under_way),
        TEST(test_two_at_once),
        TEST(test_wrong_names),
    };
    return cmocka_run_group_tests_name("net: names", tests, NULL, NULL);
}
