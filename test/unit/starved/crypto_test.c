/* SPDX-License-Identifier: ISC
 *
 * Primitives: libcrypto's memory and the host's randomness. What they say is never that a key, a signature or a MAC is
 * bad. */
#include "starve.h"

#include <openssl/evp.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/cipher.h"
#include "crypto/curve.h"
#include "crypto/hash.h"

typedef struct crypto_stage {
    sotto_status (*run)(struct crypto_stage *);
    uint8_t out[160];
    uint8_t untouched[160];
    uint8_t at[256];
    bytes_buffer buffer;
} crypto_stage;

static const uint8_t key[32] = {1, 2, 3};

static void prepare(void *arg) {
    crypto_stage *s = arg;
    memset(s->out, 0, sizeof s->out);
    bytes_buffer_borrowed(&s->buffer, s->at, sizeof s->at);
}

static sotto_status call(void *arg) {
    crypto_stage *s = arg;
    return s->run(s);
}

/* Outputs are untouched or wiped. */
static void after(void *arg, sotto_status status, bytes_buffer *out) {
    crypto_stage *s = arg;
    if (!sotto_ok(status)) {
        assert_memory_equal(s->out, s->untouched, sizeof s->out);
        assert_int_equal(s->buffer.len, 0);
        assert_ok(s->run(s));
    }
    bytes_buffer_put(out, bytes_of(s->out, sizeof s->out));
    bytes_buffer_put(out, bytes_of(s->buffer.at, s->buffer.len));
}

static sotto_status hash_sha1(crypto_stage *s) {
    return crypto_hash_of(CRYPTO_SHA1, s->out, BYTES_LITERAL("message"));
}
static sotto_status hash_sha512(crypto_stage *s) {
    return crypto_hash_of(CRYPTO_SHA512, s->out, BYTES_LITERAL("message"));
}
static sotto_status hmac_sha512(crypto_stage *s) {
    const sotto_bytes message = BYTES_LITERAL("message");
    return crypto_hmac(CRYPTO_SHA512, s->out, bytes_of(key, 32), &message, 1);
}
static sotto_status hmac_sha1(crypto_stage *s) {
    const sotto_bytes message = BYTES_LITERAL("message");
    return crypto_hmac(CRYPTO_SHA1, s->out, bytes_of(key, 32), &message, 1);
}
static sotto_status hkdf_sha512(crypto_stage *s) {
    return crypto_hkdf(CRYPTO_SHA512, s->out, 150, bytes_of(key, 32), BYTES_NONE, BYTES_NONE);
}
static sotto_status pbkdf2(crypto_stage *s) {
    return crypto_pbkdf2(CRYPTO_SHA256, s->out, 32, BYTES_LITERAL("pencil"), bytes_of(key, 16), 2);
}
static sotto_status cbc(crypto_stage *s) {
    uint8_t at[64];
    bytes_buffer sealed;
    bytes_buffer_borrowed(&sealed, at, sizeof at);
    SOTTO_TRY(crypto_cbc_encrypt(&sealed, key, key, BYTES_LITERAL("message")));
    return crypto_cbc_decrypt(&s->buffer, key, key, bytes_of(at, sealed.len));
}
static sotto_status gcm(crypto_stage *s) {
    uint8_t at[64], tag[16];
    bytes_buffer sealed;
    bytes_buffer_borrowed(&sealed, at, sizeof at);
    SOTTO_TRY(crypto_gcm_encrypt(&sealed, tag, bytes_of(key, 32), bytes_of(key, 12), BYTES_LITERAL("aad"),
                                 BYTES_LITERAL("message")));
    return crypto_gcm_decrypt(&s->buffer, bytes_of(key, 32), bytes_of(key, 12), BYTES_LITERAL("aad"),
                              bytes_of(at, sealed.len), tag);
}
static sotto_status box(crypto_stage *s) {
    return crypto_box_put(&s->buffer, key, BYTES_LITERAL("context"), BYTES_LITERAL("message"), &supply_host);
}
static sotto_status convert(crypto_stage *s) {
    const crypto_x25519_public base = {{9}};
    crypto_ed25519_public point;
    crypto_x25519_public u;
    SOTTO_TRY(crypto_x25519_to_ed25519(&point, &base, 1));
    SOTTO_TRY(crypto_ed25519_to_x25519(&u, &point));
    memcpy(s->out, point.bytes, 32);
    memcpy(s->out + 32, u.bytes, 32);
    return SOTTO_OK;
}
/* A scalar signs with randomness (XEdDSA); agreement and both kinds of new keys. */
static sotto_status identity(crypto_stage *s) {
    crypto_identity made, imported;
    crypto_x25519_pair pair;
    crypto_signature signature;
    uint8_t shared[32];
    SOTTO_TRY(crypto_identity_new(&made, &supply_host));
    SOTTO_TRY(crypto_identity_from_scalar(&imported, key));
    SOTTO_TRY(crypto_x25519_new(&pair, &supply_host));
    SOTTO_TRY(crypto_x25519_agree(shared, &pair.private_key, &made.x25519));
    SOTTO_TRY(crypto_identity_sign(&signature, &imported, BYTES_LITERAL("message"), &supply_host));
    SOTTO_TRY(crypto_ed25519_verify(&imported.ed25519, BYTES_LITERAL("message"), &signature));
    memcpy(s->out, shared, 32);
    memcpy(s->out + 32, signature.bytes, 64);
    memcpy(s->out + 96, made.ed25519.bytes, 32);
    return SOTTO_OK;
}

static void test_primitives(void **state) {
    (void)state;
    static const struct {
        const char *name;
        sotto_status (*run)(crypto_stage *);
        size_t allocations, draws; /* at least */
    } all[] = {
        {"SHA-1", hash_sha1, 0, 0},      {"SHA-512", hash_sha512, 0, 0},  {"HMAC-SHA-1", hmac_sha1, 1, 0},
        {"HMAC-512", hmac_sha512, 1, 0}, {"HKDF-512", hkdf_sha512, 1, 0}, {"PBKDF2", pbkdf2, 1, 0},
        {"AES-CBC", cbc, 2, 0},          {"AES-GCM", gcm, 2, 0},          {"box", box, 0, 1},
        {"conversion", convert, 0, 0},   {"identity", identity, 0, 3},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        crypto_stage s = {.run = all[i].run};
        const starved_script script = {all[i].name, prepare, call, after, 0, STARVED_BOTH};
        starved_anew count = starve_anew(&script, &s);
        assert_true(count.failures >= 2 * (all[i].allocations + all[i].draws));
        assert_int_equal(count.survived[SUPPLY_RANDOM], 0);
    }
}

/* ---- looking up the algorithms, which is done once ---- */

static void crashed(int number) {
    (void)number;
    _exit(4);
}

/* In a process of its own. Exit: 0 it went through; 1 it failed as it should and worked the next time; 2 the library
 * itself stays broken, and says so as its own failure; 3 a defect; 4 the library crashed. */
static int start_starved(supply_fault fault) {
    (void)signal(SIGSEGV, crashed); /* not cmocka's, which would go on with the next test */
    supply_arm(fault);
    sotto_status status = crypto_start();
    supply_stop();
    if (!supply_failed()) return sotto_ok(status) ? 0 : 3;
    if (!sotto_ok(status) && !sotto_is(status, SOTTO_E_CRYPTO_FAILED) && !sotto_is(status, SOTTO_E_NO_MEMORY)) return 3;
    sotto_status next = crypto_start();
    if (sotto_ok(next)) {
        uint8_t out[64];
        return sotto_ok(crypto_hash_of(CRYPTO_SHA512, out, BYTES_LITERAL("x"))) ? 1 : 3;
    }
    return sotto_is(next, SOTTO_E_CRYPTO_FAILED) ? 2 : 3;
}

/* Libcrypto's own beginning is left out: some of its allocations may not fail (3.0 reads through NULL), and after
 * others it stays unusable. A host starts it while there is memory (crypto_start, or opening anything); doc/starved.md.
 */
static void begin_libcrypto(void) {
    EVP_MD *digest = EVP_MD_fetch(NULL, "SHA224", NULL);
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-192-CBC", NULL);
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "CMAC", NULL);
    assert_true(digest && cipher && mac && sodium_init() >= 0);
    EVP_MD_free(digest);
    EVP_CIPHER_free(cipher);
    EVP_MAC_free(mac);
}

static void test_start(void **state) {
    (void)state;
    size_t codes[5] = {0};
    begin_libcrypto();
    for (int lasting = 0; lasting < 2; lasting++) {
        int code = 1;
        for (size_t at = 1; code != 0; at++) {
            supply_fault fault = {.at = at, .lasting = lasting != 0};
            pid_t child = fork();
            assert_true(child >= 0);
            if (child == 0) _exit(start_starved(fault));
            int result;
            assert_int_equal(waitpid(child, &result, 0), child);
            assert_true(WIFEXITED(result));
            code = WEXITSTATUS(result);
            assert_in_range(code, 0, 4);
            codes[code]++;
            if (code > 1) fail_msg("crypto_start: %s: %d", starve_text(fault), code);
        }
    }
    assert_true(codes[1] > 20);
}

int crypto_group(void) {
    const struct CMUnitTest tests[] = {STARVED(test_start), STARVED(test_primitives)};
    return cmocka_run_group_tests_name("starved: crypto", tests, NULL, NULL);
}
