/* SPDX-License-Identifier: ISC
 *
 * Memory taken after a rekey (T28): with OpenSSL's memory wiped as the `sotto` program has it (tls/wipe.h), nothing of
 * a session that was replaced is found in the whole process, which has both sides: not what its keys come from, not the
 * keys of its records, not the retained secret it was opened with. So whoever recorded the wire, and takes all of this
 * memory now, cannot open the old session's records. */
#include "live_talk.h"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include "bytes/memory.h"
#include "crypto/hash.h"
#include "engine/state.h"
#include "seal/live/live.h"
#include "seal/live/self.h"
#include "tls/parts.h"
#include "tls/wipe.h"

#define SECRETS_MAX 256u
#define MASK        0x5au /* so that what is looked for is not found where it is kept for that */
#define PIECE       (1u << 20)
#define OVERLAP     64u

typedef struct hidden {
    char label[40];
    uint8_t bytes[32]; /* masked */
    size_t len;
} hidden;

static hidden secrets[SECRETS_MAX];
static size_t secret_count;

static void hide(const char *label, uint8_t *secret, size_t len) {
    assert_true(secret_count < SECRETS_MAX);
    hidden *h = &secrets[secret_count++];
    snprintf(h->label, sizeof h->label, "%s", label);
    h->len = len;
    for (size_t i = 0; i < len; i++) h->bytes[i] = secret[i] ^ MASK;
    bytes_wipe(secret, len);
}

/* RFC 8446 section 7.3: the key of the records. */
static void hide_record_key(const char *label, const uint8_t secret[32]) {
    static const uint8_t info[] = {0, 16, 9, 't', 'l', 's', '1', '3', ' ', 'k', 'e', 'y', 0, 1};
    uint8_t block[32];
    char named[40];
    const sotto_bytes message = bytes_of(info, sizeof info);
    assert_ok(crypto_hmac(CRYPTO_SHA256, block, bytes_of(secret, 32), &message, 1));
    snprintf(named, sizeof named, "key of %.30s", label);
    hide(named, block, 16);
    bytes_wipe(block, sizeof block);
}

static uint8_t nibble(char c) {
    return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* "LABEL client-random secret", as TLS programs write it for those who watch. */
static void keylog(const SSL *ssl, const char *line) {
    (void)ssl;
    uint8_t secret[32];
    char label[40];
    size_t label_len = strcspn(line, " ");
    const char *hex = strrchr(line, ' ') + 1;
    assert_int_equal(strlen(hex), 64);
    snprintf(label, sizeof label, "%.*s", (int)label_len, line);
    for (size_t i = 0; i < 32; i++) secret[i] = (uint8_t)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
    if (strstr(label, "TRAFFIC_SECRET_0") != NULL) hide_record_key(label, secret);
    hide(label, secret, sizeof secret);
}

/* ---- looking ---- */

static size_t found_in(const uint8_t *at, size_t len, const hidden *h) {
    const uint8_t first = h->bytes[0] ^ MASK;
    size_t count = 0;
    for (const uint8_t *p = at; len >= h->len && (p = memchr(p, first, (size_t)(at + len - p) - h->len + 1)) != NULL;
         p++) {
        size_t i = 1;
        while (i < h->len && (p[i] ^ MASK) == h->bytes[i]) i++;
        count += i == h->len;
        if ((size_t)(at + len - p) <= h->len) break;
    }
    return count;
}

/* One piece of the process's memory, read as another process would. */
static size_t look_through(int memory, uint8_t *piece, unsigned long from, unsigned long to, size_t *counts) {
    size_t seen = 0;
    for (unsigned long at = from; at < to; at += PIECE - OVERLAP) {
        size_t want = to - at < PIECE ? (size_t)(to - at) : PIECE;
        ssize_t got = pread(memory, piece, want, (off_t)at);
        if (got <= 0) break;
        for (size_t i = 0; i < secret_count; i++) counts[i] += found_in(piece, (size_t)got, &secrets[i]);
        seen += (size_t)got;
        if (want < PIECE) break;
    }
    return seen;
}

/* How often each secret is in what this process can write to. The sanitizer's own books are too large to be anything
 * that was written. */
static void look(size_t counts[SECRETS_MAX]) {
    static uint8_t piece[PIECE];
    char line[512];
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    FILE *maps = fopen("/proc/self/maps", "re");
    size_t seen = 0;
    assert_true(memory >= 0 && maps != NULL);
    memset(counts, 0, SECRETS_MAX * sizeof *counts);
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long from, to;
        char rights[8];
        if (sscanf(line, "%lx-%lx %7s", &from, &to, rights) != 3 || strncmp(rights, "rw", 2) != 0) continue;
        if (to - from > (1ul << 30)) continue;
        unsigned long own = (unsigned long)(uintptr_t)piece;
        if (own >= from && own < to) { /* not what was just read */
            seen += look_through(memory, piece, from, own, counts);
            seen += look_through(memory, piece, own + sizeof piece, to, counts);
            continue;
        }
        seen += look_through(memory, piece, from, to, counts);
    }
    (void)fclose(maps);
    (void)close(memory);
    bytes_wipe(piece, sizeof piece);
    assert_true(seen > 1000000);
}

/* ---- the session ---- */

static live_self *inside(const device *d) {
    return d->engine->seals[0].self;
}

static live_session *current(const device *d) {
    for (live_session *s = inside(d)->sessions; s != NULL; s = s->next)
        if (s->proved && !s->over && !s->closing && !s->wear.retiring) return s;
    return NULL;
}

static void hide_what_opened_it(const talk *k) {
    uint8_t psk[32], secret[32];
    assert_true(current(k->t.juliet)->used);
    memcpy(secret, current(k->t.juliet)->secret.secret, 32);
    assert_ok(live_secret_psk(secret, psk));
    hide("retained secret", secret, 32);
    hide("PSK", psk, 32);
    assert_ok(tls_engine_export(current(k->t.juliet)->tls, LIVE_EXPORTER, secret));
    hide("exporter of the proofs", secret, 32);
}

static void renew(talk *k) {
    current(k->t.juliet)->wear.stanzas = LIVE_REKEY_STANZAS;
    device_say(k->t.juliet, ROMEO, "through the old one");
    live_run(k);
}

static void attack_memory_taken_after_a_rekey(void **state) {
    (void)state;
    static size_t counts[SECRETS_MAX];
    talk k;
    live_begin(&k, (hostile){0});
    k.t.juliet = world_device(&k.t.w, "juliet", "balcony");
    k.t.romeo = world_device(&k.t.w, "romeo", "orchard");
    device_go_online(k.t.juliet);
    device_go_online(k.t.romeo);
    device_say(k.t.juliet, ROMEO, "one");
    live_run(&k);
    SSL_CTX_set_keylog_callback(inside(k.t.juliet)->client->ssl, keylog);
    renew(&k); /* the session that is looked for is the second one: it has a retained secret */
    hide_what_opened_it(&k);
    SSL_CTX_set_keylog_callback(inside(k.t.juliet)->client->ssl, NULL);
    device_say(k.t.romeo, JULIET, "two");
    live_run(&k);
    assert_true(secret_count >= 9);
    look(counts);
    size_t found = 0;
    for (size_t i = 0; i < secret_count; i++) found += counts[i] > 0;
    assert_true(found >= 5); /* while it is used they are there, so they would be found */
    renew(&k);
    live_pass(&k, LIVE_RETIRING_MS);
    live_pass(&k, 1000);
    assert_int_equal(inside(k.t.juliet)->session_count, 1);
    assert_int_equal(inside(k.t.romeo)->session_count, 1);
    look(counts);
    for (size_t i = 0; i < secret_count; i++)
        if (counts[i] > 0) print_error("%s is there %u times\n", secrets[i].label, (unsigned)counts[i]);
    for (size_t i = 0; i < secret_count; i++) assert_int_equal(counts[i], 0);
    world_end(&k.t.w);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(attack_memory_taken_after_a_rekey)};
    if (!sotto_ok(tls_wipe_start())) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
