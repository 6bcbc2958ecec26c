/* SPDX-License-Identifier: ISC
 *
 * Comparing, base64 and hex of secrets (T28). */
#include "bytes/base64.h"
#include "bytes/memory.h"
#include "bytes/span.h"
#include "crypto/hash.h"
#include "secrets.h"

static bool equal(void) {
    uint8_t a[32], b[32];
    secret_make(a, sizeof a);
    memcpy(b, a, sizeof b);
    bool same = crypto_equal(a, b, sizeof a);
    b[17] ^= 4;
    return same && !crypto_equal(a, b, sizeof a);
}

static bool wipe(void) {
    uint8_t a[48];
    secret_make(a, sizeof a);
    bytes_wipe(a, sizeof a);
    return a[0] == 0 && a[47] == 0;
}

/* Every length around a group of three, so that each padding is seen. */
static bool base64(void) {
    bool good = true;
    for (size_t len = 1; len <= 34; len++) {
        uint8_t bytes[34], text[48], back[34];
        bytes_buffer out, again;
        sotto_bytes coded = BYTES_NONE, decoded = BYTES_NONE;
        secret_make(bytes, len);
        bytes_buffer_borrowed(&out, text, sizeof text);
        bytes_base64_put(&out, bytes_of(bytes, len));
        good = good && sotto_ok(bytes_buffer_end(&out, &coded));
        secret(coded.at, coded.len);
        bytes_buffer_borrowed(&again, back, sizeof back);
        good = good && sotto_ok(bytes_base64_get(&again, coded)) && sotto_ok(bytes_buffer_end(&again, &decoded));
        good = good && decoded.len == len && crypto_equal(decoded.at, bytes, len);
        good = good && sotto_ok(bytes_base64_into(back, len, coded)) && crypto_equal(back, bytes, len);
    }
    return good;
}

/* A wrong character shows, but not where it stood. */
static bool base64_wrong(void) {
    bool good = true;
    for (size_t at = 0; at < 8; at++) {
        char text[] = "AAAAAAAA";
        uint8_t out[6];
        text[at] = '*';
        secret(text, 8);
        good = good && sotto_is(bytes_base64_into(out, 6, bytes_of(text, 8)), SOTTO_E_MALFORMED);
    }
    return good;
}

static bool hex(void) {
    uint8_t bytes[33], text[66], back[33];
    bytes_buffer out, again;
    sotto_bytes coded = BYTES_NONE, decoded = BYTES_NONE;
    secret_make(bytes, sizeof bytes);
    bytes_buffer_borrowed(&out, text, sizeof text);
    bytes_hex_put(&out, bytes_of(bytes, sizeof bytes));
    if (!sotto_ok(bytes_buffer_end(&out, &coded))) return false;
    bytes_buffer_borrowed(&again, back, sizeof back);
    if (!sotto_ok(bytes_hex_get(&again, coded)) || !sotto_ok(bytes_buffer_end(&again, &decoded))) return false;
    bool good = decoded.len == sizeof bytes && crypto_equal(back, bytes, sizeof bytes);
    text[20] = 'x';
    bytes_buffer_borrowed(&again, back, sizeof back);
    return good && sotto_is(bytes_hex_get(&again, coded), SOTTO_E_MALFORMED);
}

const constant_case bytes_cases[] = {
    {"crypto_equal", equal},
    {"bytes_wipe", wipe},
    {"base64 there and back, every padding", base64},
    {"base64 with a wrong character", base64_wrong},
    {"hex there and back, and with a wrong digit", hex},
    {NULL, NULL},
};
