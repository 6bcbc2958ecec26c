/* SPDX-License-Identifier: ISC
 *
 * tls/engine.h with OpenSSL behind it. Either one engine and made up records, or two whose records are changed on the
 * way as the input says: what comes out is always the beginning of what was really sent, and nothing before the
 * verdict. The same in the anonymous mode, where there is no verdict and a server may write behind its own flight. */
#include "rig.h"
#include "seal/live/certificate.h"
#include "test/unit/tls/certificates.h"
#include "tls/context.h"

#define SENT_BYTES 40000

static tls_context *client_context, *server_context, *anonymous_client, *anonymous_server;
static uint8_t sent[SENT_BYTES];

static void prepare(void) {
    if (client_context) return;
    test_certificate made = test_certificate_make(&(test_wish){.names = "DNS:im.example", .until = 86400L * 3650});
    const test_certificate *const chain[] = {&made};
    sotto_bytes pem = test_pem(chain, 1), key = test_pem_key(&made);
    const sotto_host *host = sotto_host_default();
    MUST_OK(tls_context_client(&client_context, &(tls_client_config){.host = host, .roots_pem = pem}));
    MUST_OK(tls_context_server(&server_context,
                               &(tls_server_config){.host = host, .certificates_pem = pem, .key_pem = key}));
    test_pem_free(&pem);
    test_pem_free(&key);
    test_certificate_free(&made);
    tls_anonymous_config config = {.host = host, .certificate = live_certificate(), .key = live_certificate_key()};
    MUST_OK(tls_context_anonymous(&anonymous_client, &config));
    config.server = true;
    MUST_OK(tls_context_anonymous(&anonymous_server, &config));
    for (size_t i = 0; i < sizeof sent; i++) sent[i] = (uint8_t)(i * 31 + i / 251);
}

typedef struct end {
    tls_engine *engine;
    size_t given, taken; /* of `sent`, by the application of this end; of the other's, here */
    size_t out;          /* records so far */
    bool accepted, anonymous;
} end;

static void check_state(const end *e, unsigned state) {
    if (state & TLS_FAILED) {
        MUST(!sotto_ok(tls_engine_error(e->engine)) && !(state & (TLS_WANTS_PLAIN | TLS_HAS_PLAIN)));
        (void)strlen(tls_engine_error_text(e->engine));
    }
    if (state & TLS_WANTS_EARLY) MUST(e->anonymous && !tls_engine_facts(e->engine));
    if (state & TLS_WANTS_VERDICT) MUST(!e->anonymous);
    if (state & (TLS_WANTS_PLAIN | TLS_HAS_PLAIN)) MUST(tls_engine_facts(e->engine) && !(state & TLS_WANTS_VERDICT));
}

/* Everything the application of this end can do now. */
static void serve(end *e, bool accept, size_t give) {
    unsigned state = tls_engine_state(e->engine);
    check_state(e, state);
    if (state & TLS_WANTS_VERDICT) {
        uint8_t byte;
        MUST(tls_engine_plain_out(e->engine, &byte, 1) == 0 && tls_engine_plain_in(e->engine, bytes_of(sent, 1)) == 0);
        const tls_facts *facts = tls_engine_facts(e->engine);
        MUST(facts && (facts->version == 0x0303 || facts->version == 0x0304));
        (void)fuzz_touch(facts->leaf);
        tls_engine_verdict(e->engine, accept);
        e->accepted = accept;
        state = tls_engine_state(e->engine);
        check_state(e, state);
    }
    uint8_t got[1500], exporter[32];
    for (size_t len; (len = tls_engine_plain_out(e->engine, got, sizeof got)) > 0; e->taken += len) {
        MUST(e->taken + len <= SENT_BYTES && memcmp(sent + e->taken, got, len) == 0);
    }
    if (give > SENT_BYTES - e->given) give = SENT_BYTES - e->given;
    if (give > 0) e->given += tls_engine_plain_in(e->engine, bytes_of(sent + e->given, give));
    sotto_status bound = tls_engine_exporter(e->engine, exporter);
    MUST(sotto_ok(bound) == (tls_engine_facts(e->engine) && sotto_ok(tls_engine_error(e->engine))));
}

static void put(end *to, sotto_bytes records) {
    sotto_bytes exact = fuzz_exact(records), rest = exact;
    for (int i = 0; i < 64 && rest.len > 0; i++) {
        size_t taken = tls_engine_records_in(to->engine, rest);
        MUST(taken <= rest.len);
        rest = bytes_after(rest, taken);
        (void)tls_engine_state(to->engine);
        if (taken == 0) break;
    }
    fuzz_exact_free(exact);
}

/* Records from one end to the other, changed: at a distance from the last change, an exclusive or, a cut, an addition.
 */
static bool carry(end *from, end *to, sotto_bytes *changes, size_t *next) {
    uint8_t records[4096];
    size_t len = tls_engine_records_out(from->engine, records, sizeof records - 64);
    if (len == 0) return false;
    while (changes->len > 0 && *next < from->out + len) {
        size_t at = *next < from->out ? 0 : *next - from->out;
        uint8_t kind = fuzz_u8(changes);
        if (kind < 200) {
            records[at] ^= (uint8_t)(kind + 1);
        } else if (kind < 230) {
            len = at;
        } else {
            sotto_bytes more = fuzz_piece(changes, sizeof records - len);
            memmove(records + at + more.len, records + at, len - at);
            if (more.len > 0) memcpy(records + at, more.at, more.len);
            len += more.len;
        }
        *next += 1u + fuzz_u8(changes) * 4u;
        if (len == 0) break;
    }
    from->out += len;
    put(to, bytes_of(records, len));
    return true;
}

static void two(sotto_bytes in, uint8_t choice) {
    bool anonymous = (choice & 128) != 0;
    end client = {.accepted = anonymous, .anonymous = anonymous}, server = {.anonymous = anonymous};
    static const char *const alpn[] = {"xmpp-client", NULL};
    tls_context *contexts[] = {anonymous ? anonymous_client : client_context,
                               anonymous ? anonymous_server : server_context};
    MUST_OK(tls_engine_new(&client.engine, contexts[0], anonymous ? NULL : "im.example", (choice & 8) ? alpn : NULL));
    MUST_OK(tls_engine_new(&server.engine, contexts[1], NULL, alpn));
    size_t next_down = fuzz_u8(&in) * 8u, next_up = fuzz_u8(&in) * 8u, give = (size_t)fuzz_u8(&in) * 64;
    sotto_bytes down = fuzz_piece(&in, 255), up = in;
    for (int round = 0; round < 60; round++) {
        bool moved = carry(&client, &server, &up, &next_up);
        serve(&server, true, give);
        moved |= carry(&server, &client, &down, &next_down);
        serve(&client, (choice & 16) == 0, give);
        if (round == 30 && (choice & 32)) tls_engine_close(client.engine);
        if (round == 34 && (choice & 64)) tls_engine_close(server.engine);
        if (!moved && round > 35) break;
    }
    MUST(client.taken <= server.given && server.taken <= client.given);
    MUST(client.accepted || client.taken == 0);
    tls_engine_free(client.engine);
    tls_engine_free(server.engine);
}

static void alone(sotto_bytes in, bool server, bool anonymous) {
    static const char *const alpn[] = {"xmpp-client", NULL};
    end one = {.anonymous = anonymous};
    tls_context *contexts[2][2] = {{client_context, server_context}, {anonymous_client, anonymous_server}};
    MUST_OK(tls_engine_new(&one.engine, contexts[anonymous][server], "im.example", anonymous ? alpn : NULL));
    while (in.len > 0) {
        sotto_bytes piece = fuzz_piece(&in, 255);
        put(&one, piece);
        serve(&one, true, 100);
        uint8_t records[2048];
        (void)tls_engine_records_out(one.engine, records, sizeof records);
    }
    MUST(one.taken == 0);
    tls_engine_free(one.engine);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    prepare();
    sotto_bytes in = bytes_of(data, size);
    uint8_t choice = fuzz_u8(&in);
    if ((choice & 3) == 0)
        alone(in, (choice & 4) != 0, (choice & 128) != 0);
    else
        two(in, choice);
    return 0;
}
