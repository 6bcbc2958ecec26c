/* SPDX-License-Identifier: ISC
 *
 * seal/omemo/exchange.h: key exchanges of a hostile contact, read off the wire, and hostile offers. The input is the
 * bytes of a key exchange, or (first byte odd) changes to a true one: nobody but the holder of the identity that
 * it names gets a session in which a message can be read, and changes to anything the key exchange says leave none. */
#include "seal/omemo/exchange.h"

#include "dialects.h"
#include "rig.h"

static crypto_identity alice, bob;
static crypto_x25519_pair signed_pair, prekey, ephemeral, ratchet;
static crypto_signature signature;
static uint8_t good[512];
static size_t good_len;

static crypto_x25519_pair pair_of(uint8_t seed) {
    crypto_x25519_private key = {{seed, 9, 9}};
    crypto_x25519_pair pair;
    MUST_OK(crypto_x25519_derive(&pair, &key));
    return pair;
}

static omemo_offer offer_of_bob(void) {
    return (omemo_offer){.identity = fuzz_dialect->identity->of(&bob),
                         .signed_key = signed_pair.public_key,
                         .signature = signature,
                         .prekey = prekey.public_key,
                         .signed_id = 7,
                         .prekey_id = 77};
}

static void prepare(void) {
    if (good_len > 0) return;
    MUST_OK(crypto_start());
    MUST_OK(crypto_identity_from_seed(&alice, (const uint8_t[32]){1}));
    MUST_OK(crypto_identity_from_seed(&bob, (const uint8_t[32]){2}));
    signed_pair = pair_of(1);
    prekey = pair_of(2);
    ephemeral = pair_of(3);
    ratchet = pair_of(4);
    MUST_OK(omemo_offer_sign(fuzz_dialect, &bob, &signed_pair.public_key, sotto_host_default(), &signature));
    omemo_offer offer = offer_of_bob();
    omemo_session session;
    MUST_OK(omemo_exchange_initiate(&session, fuzz_dialect, &alice, &ephemeral, &offer));
    bytes_buffer out;
    bytes_buffer_borrowed(&out, good, sizeof good);
    bool kex;
    MUST_OK(omemo_session_write(&session, fuzz_dialect, 1, &ratchet, BYTES_LITERAL("hello"), &out, &kex));
    good_len = out.len;
}

static sotto_status never_find(void *arg, uint32_t chain, uint32_t n, uint8_t ret[32]) {
    (void)arg;
    (void)chain;
    (void)n;
    (void)ret;
    return SOTTO_FAIL(NOT_FOUND);
}

/* What Bob makes of it; the text read into `plain`. */
static sotto_status accept(const fuzz_host *host, sotto_bytes text, bytes_buffer *plain, omemo_kex *ret_kex) {
    SOTTO_TRY(fuzz_dialect->read_exchange(text, ret_kex));
    omemo_session session;
    SOTTO_TRY(omemo_exchange_accept(&session, fuzz_dialect, &bob, &signed_pair, &prekey, ret_kex));
    omemo_message message;
    SOTTO_TRY(fuzz_dialect->read_message(ret_kex->message, &message));
    omemo_skipped none = {.find = never_find};
    omemo_step step;
    bytes_arena arena;
    bytes_arena_init(&arena, &host->host, 1u << 20);
    sotto_status status = omemo_session_read(&session, fuzz_dialect, &message, &none, &arena, &step, plain);
    bytes_arena_clear(&arena);
    return status;
}

static void check(const fuzz_host *host, sotto_bytes text, bool changed) {
    bytes_buffer plain;
    bytes_buffer_owned(&plain, &host->host, 1024);
    omemo_kex kex = {.prekey_id = 0};
    sotto_status status = accept(host, text, &plain, &kex);
    MUST(sotto_ok(status) || sotto_class(status) == SOTTO_CLASS_PEER);
    /* Ids are how Bob finds the keys, which are given here; the rest is bound by the agreements and the MAC. */
    if (sotto_ok(status)) {
        omemo_identity true_one = fuzz_dialect->identity->of(&alice);
        MUST(memcmp(&kex.identity, &true_one, 32) == 0 && memcmp(&kex.ephemeral, &ephemeral.public_key, 32) == 0);
        MUST(bytes_is(bytes_of(plain.at, plain.len), "hello"));
    } else {
        MUST(changed && plain.len == 0);
    }
    bytes_buffer_free(&plain);
}

/* Offers: keys of the input, or true ones with a bit of the input's choice turned. */
static void offers(sotto_bytes in) {
    omemo_offer offer = offer_of_bob(), before;
    uint8_t *parts[] = {offer.identity.bytes, offer.signed_key.bytes, offer.signature.bytes, offer.prekey.bytes};
    const size_t sizes[] = {32, 32, 64, 32};
    bool touched = false;
    while (in.len > 0) {
        uint8_t which = fuzz_u8(&in), at = fuzz_u8(&in), with = fuzz_u8(&in);
        parts[which & 3][at % sizes[which & 3]] ^= with;
        touched = touched || ((which & 3) != 3 && with != 0);
    }
    before = offer_of_bob();
    bool same = memcmp(before.identity.bytes, offer.identity.bytes, 32) == 0 &&
                memcmp(before.signed_key.bytes, offer.signed_key.bytes, 32) == 0 &&
                memcmp(before.signature.bytes, offer.signature.bytes, 64) == 0;
    omemo_session session;
    sotto_status status = omemo_exchange_initiate(&session, fuzz_dialect, &alice, &ephemeral, &offer);
    MUST(sotto_ok(status) || sotto_class(status) == SOTTO_CLASS_PEER);
    if (sotto_ok(status)) MUST(same);
    MUST(touched || same);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    prepare();
    fuzz_host host;
    fuzz_host_start(&host);
    sotto_bytes in = bytes_of(data, size);
    uint8_t choice = fuzz_u8(&in);
    if (choice & 2) {
        offers(in);
    } else if (choice & 1) {
        uint8_t copy[sizeof good];
        memcpy(copy, good, good_len);
        while (in.len >= 2) {
            uint8_t at = fuzz_u8(&in);
            copy[at % good_len] ^= fuzz_u8(&in);
        }
        sotto_bytes text = fuzz_exact(bytes_of(copy, good_len));
        check(&host, text, memcmp(copy, good, good_len) != 0);
        fuzz_exact_free(text);
    } else {
        sotto_bytes text = fuzz_exact(in);
        check(&host, text, true);
        fuzz_exact_free(text);
    }
    fuzz_host_end(&host);
    return 0;
}
