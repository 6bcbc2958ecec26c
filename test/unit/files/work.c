/* SPDX-License-Identifier: ISC
 *
 * What transfers stand on: work on another thread, and ciphers piece by piece. */
#include "files_tests.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "bytes/span.h"
#include "crypto/cipher.h"
#include "crypto/flow.h"
#include "net/loop.h"

typedef struct errand {
    net_loop *loop;
    pthread_t there;
    atomic_bool begun, stop;
    bool waits, done, ran;
} errand;

static void does(void *arg) {
    errand *e = arg;
    e->there = pthread_self();
    atomic_store(&e->begun, true);
    while (e->waits && !atomic_load(&e->stop)) (void)sched_yield();
}

static void stop(void *arg) {
    errand *e = arg;
    atomic_store(&e->stop, true);
}

static void done(void *arg, bool begun) {
    errand *e = arg;
    assert_false(e->done);
    e->done = true;
    e->ran = begun;
    assert_true(pthread_equal(pthread_self(), e->there) == 0 || !begun);
}

static void test_work_is_done_elsewhere(void **state) {
    (void)state;
    errand e = {.waits = false};
    assert_true(sotto_ok(net_loop_new(&e.loop, sotto_host_default())));
    assert_true(sotto_ok(net_work_begin(e.loop, does, stop, done, &e)));
    assert_false(e.done);
    assert_true(sotto_ok(net_loop_run(e.loop))); /* which it keeps running */
    assert_true(e.done && e.ran);
    net_loop_free(e.loop);
    assert_false(atomic_load(&e.stop));
}

static void test_a_loop_waits_for_its_work(void **state) {
    (void)state;
    errand e[8] = {{.waits = true}};
    net_loop *loop;
    assert_true(sotto_ok(net_loop_new(&loop, sotto_host_default())));
    for (size_t i = 0; i < 8; i++) { /* more than the pool has threads: some have not begun */
        e[i].waits = true;
        assert_true(sotto_ok(net_work_begin(loop, does, stop, done, &e[i])));
    }
    while (!atomic_load(&e[0].begun)) (void)sched_yield();
    net_loop_free(loop);
    for (size_t i = 0; i < 8; i++) assert_true(e[i].done && atomic_load(&e[i].stop));
    assert_true(e[0].ran);
}

/* The same bytes as in one piece; and a tag that does not hold is told at the end. */
static void test_flows(void **state) {
    (void)state;
    static const uint8_t key[32] = {3}, iv[16] = {4}, text[1000] = {5, 6};
    static const size_t iv_sizes[] = {12, 16}, key_sizes[] = {16, 32};
    for (size_t k = 0; k < 4; k++) {
        sotto_bytes the_key = bytes_of(key, key_sizes[k % 2]), the_iv = bytes_of(iv, iv_sizes[k / 2]);
        uint8_t whole[sizeof text], tag[16], pieces[sizeof text + 16], flow_tag[16], rest[CRYPTO_FLOW_EXTRA];
        bytes_buffer out;
        crypto_flow *flow;
        size_t len, at = 0;
        bytes_buffer_borrowed(&out, whole, sizeof whole);
        assert_true(sotto_ok(crypto_gcm_encrypt(&out, tag, the_key, the_iv, BYTES_NONE, bytes_of(text, sizeof text))));
        assert_true(sotto_ok(crypto_flow_new(&flow, sotto_host_default(), CRYPTO_FLOW_GCM_ENCRYPT, the_key, the_iv)));
        for (size_t step = 1; at < sizeof text; at += len, step++) {
            size_t want = sizeof text - at < step ? sizeof text - at : step;
            assert_true(sotto_ok(crypto_flow_put(flow, bytes_of(text + at, want), pieces + at, &len)));
            assert_int_equal(len, want);
        }
        assert_true(sotto_ok(crypto_flow_end(flow, flow_tag, rest, &len)) && len == 0);
        crypto_flow_free(flow);
        assert_memory_equal(pieces, whole, sizeof whole);
        assert_memory_equal(flow_tag, tag, 16);
        for (int wrong = 0; wrong < 2; wrong++) {
            tag[15] ^= (uint8_t)wrong;
            assert_true(
                sotto_ok(crypto_flow_new(&flow, sotto_host_default(), CRYPTO_FLOW_GCM_DECRYPT, the_key, the_iv)));
            assert_true(sotto_ok(crypto_flow_put(flow, bytes_of(whole, sizeof whole), pieces, &len)));
            assert_memory_equal(pieces, text, sizeof text);
            assert_int_equal(crypto_flow_end(flow, tag, rest, &len).code, wrong ? SOTTO_E_BAD_MAC : 0);
            crypto_flow_free(flow);
        }
    }
    crypto_flow *none;
    assert_int_equal(
        crypto_flow_new(&none, sotto_host_default(), CRYPTO_FLOW_CBC_DECRYPT, bytes_of(key, 32), bytes_of(iv, 12)).code,
        SOTTO_E_USAGE);
    assert_int_equal(
        crypto_flow_new(&none, sotto_host_default(), CRYPTO_FLOW_GCM_DECRYPT, bytes_of(key, 31), bytes_of(iv, 12)).code,
        SOTTO_E_USAGE);
}

int run_work_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_work_is_done_elsewhere),
        cmocka_unit_test(test_a_loop_waits_for_its_work),
        cmocka_unit_test(test_flows),
    };
    return cmocka_run_group_tests_name("work", tests, NULL, NULL);
}
