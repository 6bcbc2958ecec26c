/* SPDX-License-Identifier: ISC
 *
 * The watch, what ends a benchmark, and the devices both sides measure with. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "bytes/buffer.h"
#include "bytes/span.h"
#include "crypto/hash.h"
#include "seal/omemo/wire.h"

static double cpu_us(void) {
    struct timespec now;
    bench_require(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0, "the clock");
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

void bench_start(bench *b) {
    b->begun = cpu_us();
}

void bench_stop(bench *b) {
    b->spent += cpu_us() - b->begun;
}

void bench_require(bool right, const char *what) {
    if (right) return;
    fprintf(stderr, "omemo: not so: %s\n", what);
    exit(1);
}

void bench_require_ok(sotto_status status, const char *what) {
    if (sotto_ok(status)) return;
    fprintf(stderr, "omemo: %s: %s\n", what, sotto_status_name(status));
    exit(1);
}

void bench_forge(bench_message *ret, uint32_t n) {
    uint8_t noise[64 + 16], memory[256];
    crypto_x25519_pair pair;
    bytes_buffer body, out;
    omemo_message message = {.n = n, .pn = 0, .ciphertext = bytes_of(noise, 64), .mac = bytes_of(noise + 64, 16)};
    bench_require_ok(crypto_random(sotto_host_default(), noise, sizeof noise), "noise");
    bench_require_ok(crypto_x25519_new(&pair, sotto_host_default()), "a key nobody has seen");
    message.ratchet = pair.public_key;
    bytes_buffer_borrowed(&body, memory, sizeof memory);
    omemo_wire_write_body(&body, &message);
    bench_require_ok(bytes_buffer_end(&body, &message.body), "a forged message");
    bytes_buffer_borrowed(&out, ret->bytes, sizeof ret->bytes);
    omemo_wire_write_message(&out, message.body, message.mac);
    bench_require_ok(out.status, "a forged message");
    ret->len = out.len;
    bench_require(ret->len == 125, "the size of T17's message");
}

/* ---- the devices ---- */

static void device_make(bench_device *device) {
    uint8_t scalar[32];
    const sotto_host *host = sotto_host_default();
    bench_require_ok(crypto_random(host, scalar, sizeof scalar), "randomness");
    bench_require_ok(crypto_identity_from_scalar(&device->identity, scalar), "an identity");
    bench_require_ok(crypto_x25519_new(&device->signed_pair, host), "a signed prekey");
    bench_require_ok(crypto_x25519_new(&device->prekey, host), "a prekey");
    sotto_bytes key = bytes_of(device->signed_pair.public_key.bytes, 32);
    bench_require_ok(crypto_identity_sign(&device->signature, &device->identity, key, host), "a signature");
}

void bench_open(bench *b) {
    memset(b, 0, sizeof *b);
    bench_require_ok(crypto_start(), "the libraries");
    bench_require_ok(crypto_random(sotto_host_default(), b->plain, sizeof b->plain), "randomness");
    device_make(&b->alice);
    for (unsigned i = 0; i < BENCH_DEVICES; i++) device_make(&b->bob[i]);
    b->ours = bench_ours_open(b);
    b->peer = bench_peer_open(b);
}

void bench_close(bench *b) {
    bench_ours_close(b->ours);
    bench_peer_close(b->peer);
}
