/* SPDX-License-Identifier: ISC
 *
 * Same inputs, time and randomness, same bytes: with a libssl context of its own whose generator is TEST-RAND, the seal
 * repeats itself to the last bit. Only tests open it so. */
#include "rogue.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/rand.h>

#define ENTROPY_BYTES 65536u

typedef struct repeat {
    OSSL_LIB_CTX *library;
    uint8_t entropy[ENTROPY_BYTES];
} repeat;

/* What `open` of the copied table uses: there is no other way into a const table. */
static OSSL_LIB_CTX *the_library;

static sotto_status open_repeating(void **ret_self, seal_env *env) {
    return live_open_with(ret_self, env, the_library);
}

static void feed(EVP_RAND_CTX *generator, repeat *p) {
    unsigned strength = 256;
    assert_non_null(generator);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_uint(OSSL_RAND_PARAM_STRENGTH, &strength),
                           OSSL_PARAM_construct_octet_string(OSSL_RAND_PARAM_TEST_ENTROPY, p->entropy, ENTROPY_BYTES),
                           OSSL_PARAM_construct_octet_string(OSSL_RAND_PARAM_TEST_NONCE, p->entropy, 32),
                           OSSL_PARAM_construct_end()};
    (void)EVP_RAND_uninstantiate(generator);
    assert_int_equal(EVP_RAND_instantiate(generator, strength, 0, NULL, 0, params), 1);
}

static void repeat_start(repeat *p, uint8_t seed) {
    rig r;
    rig_start(&r);
    r.random_state += seed;
    p->library = OSSL_LIB_CTX_new();
    assert_non_null(p->library);
    assert_ok(rig_random(&r, p->entropy, sizeof p->entropy));
    assert_int_equal(RAND_set_DRBG_type(p->library, "TEST-RAND", NULL, NULL, NULL), 1);
    feed(RAND_get0_primary(p->library), p);
    feed(RAND_get0_public(p->library), p);
    feed(RAND_get0_private(p->library), p);
}

/* An engine's whole output for a first message: its ClientHello, and what it answers to somebody's hello. */
static void speak(uint8_t seed, char *ret, size_t size) {
    repeat p;
    rig host;
    sotto_store *store;
    sotto_engine *engine;
    sotto_output out;
    seal_class class = *(const seal_class *)sotto_seal_live();
    const sotto_seal *const seals[] = {&class, NULL};
    repeat_start(&p, seed);
    the_library = p.library;
    class.open = open_repeating;
    rig_start(&host);
    assert_ok(sotto_store_memory(&store, &host.host));
    sotto_engine_config config = {
        .account = BYTES_LITERAL(JULIET), .host = &host.host, .store = store, .seals = seals, .least_strength = 1};
    assert_ok(sotto_engine_open(&engine, &config, START_MS));
    const sotto_input inputs[] = {
        {.kind = SOTTO_INPUT_ONLINE, .jid = BYTES_LITERAL(BALCONY)},
        {.kind = SOTTO_INPUT_SEND,
         .ticket = 1,
         .stanza = BYTES_LITERAL("<message to='" ORCHARD "' type='chat'><body>x</body></message>")}};
    for (size_t i = 0; i < 2; i++) assert_ok(sotto_engine_step(engine, &inputs[i], START_MS));
    assert_ok(sotto_engine_commit(engine));
    ret[0] = 0;
    while (sotto_engine_next(engine, &out))
        if (out.kind == SOTTO_OUTPUT_STANZA)
            snprintf(ret, size, "%.*s", (int)out.stanza.len, (const char *)out.stanza.at);
    sotto_engine_close(engine);
    sotto_store_close(store);
    rig_end(&host);
    OSSL_LIB_CTX_free(p.library);
}

static void test_the_same_again(void **state) {
    (void)state;
    char one[4096], two[4096], other[4096];
    speak(1, one, sizeof one);
    speak(1, two, sizeof two);
    speak(2, other, sizeof other);
    assert_non_null(strstr(one, "<live "));
    assert_string_equal(one, two);
    assert_string_not_equal(one, other);
}

const struct CMUnitTest replay_tests[] = {cmocka_unit_test(test_the_same_again)};
const size_t replay_count = sizeof replay_tests / sizeof replay_tests[0];
