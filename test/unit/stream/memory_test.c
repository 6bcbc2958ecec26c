/* SPDX-License-Identifier: ISC
 *
 * Every allocation and every call for randomness of a client fails once: a clear end, nothing lost track of, nothing
 * given back unwiped. */
#include <stdlib.h>

#include "groups.h"
#include "rig.h"
#include "stream/client_parts.h"

/* Lends memory and randomness, keeps account, and fails from a given call on (0: never). */
typedef struct lender {
    sotto_host host;
    size_t lent, calls, fail_at, dirty;
    size_t random_calls, random_fail_at;
} lender;

static void *lend(void *arg, void *at, size_t old_size, size_t new_size) {
    lender *l = arg;
    const uint8_t *bytes = at;
    if (new_size > 0 && ++l->calls >= l->fail_at && l->fail_at > 0) return NULL;
    for (size_t i = 0; i < old_size; i++) {
        if (bytes[i] == 0) continue;
        l->dirty++;
        break;
    }
    l->lent = l->lent - old_size + new_size;
    if (new_size > 0) return realloc(at, new_size);
    free(at);
    return NULL;
}

static sotto_status lend_random(void *arg, void *out, size_t len) {
    lender *l = arg;
    if (++l->random_calls >= l->random_fail_at && l->random_fail_at > 0) return SOTTO_FAIL(NO_RANDOM);
    return sotto_host_default()->random(NULL, out, len);
}

static void lender_start(lender *l) {
    *l = (lender){.host = {l, lend, lend_random}};
}

/* Logs in, says something each way, and ends. Answers whether all of it worked. */
static bool conversation(const sotto_host *host, sotto_status *ret) {
    talk t;
    talk_whole(&t, &(talk_options){.resource = "balcony", .host = host});
    bool fine = t.onlines == 1;
    if (fine) {
        sotto_status sent = stream_client_send(t.client, bytes_text("<message to='romeo@montague.example'/>"));
        talk_server_sends(&t, "<message><body>x</body></message>");
        talk_run(&t);
        sotto_status handled = stream_client_handled(t.client, t.count);
        sotto_status ended = stream_client_end(t.client);
        talk_run(&t);
        if (sotto_ok(t.status)) t.status = !sotto_ok(sent) ? sent : !sotto_ok(handled) ? handled : ended;
        fine = sotto_ok(t.status) && t.stanzas == 1 && t.server_stanzas == 1 && t.ended == 1;
    }
    *ret = t.status;
    talk_free(&t);
    return fine;
}

static void test_allocations(void **state) {
    (void)state;
    for (size_t fail_at = 0;; fail_at++) {
        lender l;
        lender_start(&l);
        l.fail_at = fail_at;
        sotto_status status;
        bool fine = conversation(&l.host, &status);
        assert_int_equal(l.lent, 0);
        assert_int_equal(l.dirty, 0);
        if (fail_at == 0) {
            assert_true(fine);
            continue;
        }
        if (fine) {
            assert_true(l.calls < fail_at && fail_at > 30);
            break;
        }
        if (!sotto_is(status, SOTTO_E_NO_MEMORY)) fail_msg("allocation %zu: %s", fail_at, sotto_status_name(status));
    }
}

static void test_randomness(void **state) {
    (void)state;
    for (size_t fail_at = 1;; fail_at++) {
        lender l;
        lender_start(&l);
        l.random_fail_at = fail_at;
        sotto_status status;
        bool fine = conversation(&l.host, &status);
        assert_int_equal(l.lent, 0);
        if (fine) {
            assert_true(fail_at > 1);
            break;
        }
        assert_status(status, NO_RANDOM);
    }
}

/* Once it is not needed any more, the password is nowhere in the client. */
static void test_password_gone(void **state) {
    (void)state;
    talk t;
    talk_start(&t, &(talk_options){.manual = true});
    talk_run(&t);
    assert_int_equal(t.client->password.len, sizeof RIG_PASSWORD - 1);
    t.options.manual = false;
    assert_fine(stream_client_end(t.client));
    talk_run(&t);
    assert_int_equal(t.ended, 1);
    assert_int_equal(t.client->password.len, 0);
    talk_free(&t);
    talk_whole(&t, &(talk_options){.resource = "x"});
    assert_int_equal(t.onlines, 1);
    assert_int_equal(t.client->password.len, 0);
    assert_null(t.client->password.at);
    assert_null(t.client->scram);
    talk_free(&t);
}

int memory_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allocations),
        cmocka_unit_test(test_randomness),
        cmocka_unit_test(test_password_gone),
    };
    return cmocka_run_group_tests_name("memory", tests, rig_setup, rig_teardown);
}
