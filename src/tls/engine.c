/* SPDX-License-Identifier: ISC
 *
 * The engine: OpenSSL between two memory BIOs. What comes in and what waits to go out is bounded; nothing of the
 * application passes before the handshake is done and, for a client, the certificate was accepted. */
#include "tls/engine.h"

#include <arpa/inet.h>
#include <limits.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "bytes/memory.h"
#include "tls/parts.h"

#define RECORDS_IN_MAX  (64u * 1024u)  /* waiting to be read by OpenSSL: a few records */
#define RECORDS_OUT_MAX (256u * 1024u) /* waiting for the network before plain_in closes */
#define FACTS_BYTES_MAX (512u * 1024u)
#define ALPN_BYTES_MAX  255u
#define NO_ALPN         "no application protocol was agreed on"

struct tls_engine {
    const sotto_host *host;
    SSL *ssl;
    BIO *in, *out; /* owned by ssl */
    bool server;
    bool anonymous;
    sotto_bytes certificate; /* anonymous: the only one that is taken */
    const char *const *alpn;
    bool has_secret;
    bool found; /* ... and the other side asked for it by its identity */
    tls_secret secret;
    bool hello_read; /* anonymous server: a ClientHello was there, perhaps not the last */
    bool early;      /* ... and its flight is written */
    bool ready;      /* the handshake is done */
    bool waiting;    /* for the verdict */
    bool closing;    /* we sent close_notify */
    bool ended;      /* the peer did */
    int path_error;
    int alert; /* the first one that was sent; 0: none (close_notify does not count) */
    bytes_arena arena;
    tls_facts facts;
    sotto_status error;
    char error_text[160];
};

static void fail(tls_engine *engine, sotto_status status, const char *text) {
    if (!sotto_ok(engine->error)) return;
    engine->error = status;
    (void)snprintf(engine->error_text, sizeof engine->error_text, "%s", text);
}

/* RFC 8446 section 6.2: internal_error is "unrelated to the peer or the correctness of the protocol (such as a memory
 * allocation failure)". So the alert that OpenSSL sends tells whose fault it was. */
static void notice_alert(const SSL *ssl, int where, int value) {
    tls_engine *engine = SSL_get_app_data(ssl);
    if ((where & SSL_CB_WRITE_ALERT) == SSL_CB_WRITE_ALERT && engine->alert == 0) engine->alert = value & 0xff;
}

/* Without an alert (it takes memory to send one): OpenSSL's own reasons are not those that a protocol can give. */
static bool is_our_fault(const tls_engine *engine, unsigned long error) {
    if (engine->alert != 0) return engine->alert == SSL_AD_INTERNAL_ERROR;
    return !ERR_SYSTEM_ERROR(error) && (ERR_GET_REASON(error) & ERR_RFLAG_COMMON) != 0;
}

/* OpenSSL said that it cannot go on: why. */
static void fail_library(tls_engine *engine, int reason) {
    unsigned long error = ERR_peek_last_error();
    const char *text = error ? ERR_reason_error_string(error) : NULL;
    bool silent = BIO_number_written(engine->in) == 0; /* the other side has said nothing yet: it is not to blame */
    bool ended = error == 0 && reason == SSL_ERROR_SYSCALL && !silent;
    sotto_status status = ended ? SOTTO_FAIL(TLS_FAILED) : tls_failure(SOTTO_FAIL(TLS_FAILED));
    bool ours = sotto_is(status, SOTTO_E_TLS_FAILED) && !ended && (silent || is_our_fault(engine, error));
    if (ours) status = SOTTO_FAIL(CRYPTO_FAILED);
    if (!text) text = ended ? "the connection ended inside TLS" : "TLS failed";
    fail(engine, status, sotto_is(status, SOTTO_E_TLS_FAILED) ? text : sotto_status_text(status));
}

static void fail_here(tls_engine *engine, sotto_status status) {
    fail(engine, status, sotto_status_text(status));
}

/* Before each call whose failure is to be told from others. Nearly always there is nothing, and OpenSSL empties its
 * sixteen places all the same. */
static void clear_errors(void) {
    if (ERR_peek_error() != 0) ERR_clear_error();
}

/* Records what is wrong with the path and goes on: judging is not done here. But where memory was short nothing can be
 * said of the certificates. */
static int verify_record(int fine, X509_STORE_CTX *store) {
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    tls_engine *engine = SSL_get_app_data(ssl);
    int error = X509_STORE_CTX_get_error(store);
    bool is_short = !fine && (error == X509_V_ERR_OUT_OF_MEM || error == X509_V_ERR_UNSPECIFIED || tls_is_short());
    if (is_short) fail_here(engine, SOTTO_FAIL(NO_MEMORY));
    if (!fine && engine->path_error == X509_V_OK) engine->path_error = error;
    return is_short ? 0 : 1;
}

/* A certificate anew from its bytes: one that was read while memory was short may lack its key, and says so later as if
 * that were a fault of its own. */
static X509 *read_again(const X509 *certificate) {
    unsigned char *der = NULL;
    int len = i2d_X509(certificate, &der);
    const unsigned char *at = der;
    X509 *fresh = len > 0 ? d2i_X509(NULL, &at, len) : NULL;
    OPENSSL_free(der);
    return fresh;
}

static STACK_OF(X509) * chain_again(SSL *ssl) {
    const STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
    STACK_OF(X509) *fresh = sk_X509_new_null();
    for (int i = 0; fresh && i < sk_X509_num(chain); i++) {
        X509 *certificate = read_again(sk_X509_value(chain, i));
        if (certificate && sk_X509_push(fresh, certificate) > 0) continue;
        X509_free(certificate);
        sk_X509_pop_free(fresh, X509_free);
        fresh = NULL;
    }
    return fresh;
}

/* What is wrong with the path, found out a second time, from the bytes the peer sent. -1: that could not be done. */
static int verify_again(SSL *ssl) {
    int error = -1;
    STACK_OF(X509) *chain = chain_again(ssl);
    X509_STORE_CTX *store = chain ? X509_STORE_CTX_new() : NULL;
    if (store &&
        X509_STORE_CTX_init(store, SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl)), sk_X509_value(chain, 0), chain) == 1 &&
        X509_STORE_CTX_set_default(store, "ssl_server") == 1 &&
        X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(store), SSL_get0_param(ssl)) == 1) {
        X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(store), SSL_get_security_level(ssl));
        int result = X509_verify_cert(store);
        error = result == 1 ? X509_V_OK : result < 0 ? -1 : X509_STORE_CTX_get_error(store);
    }
    X509_STORE_CTX_free(store);
    sk_X509_pop_free(chain, X509_free);
    ERR_clear_error();
    return error;
}

/* A server that was asked for a secret it has used it, or it is broken (RFC 8446 section 4.2.11 would let it pass). */
static void check_secret(tls_engine *engine) {
    bool used = SSL_session_reused(engine->ssl) == 1;
    if ((engine->found && !used) || (used && !engine->has_secret))
        fail(engine, SOTTO_FAIL(CRYPTO_FAILED), "the secret of before was passed over");
}

static void judge_path(tls_engine *engine) {
    int result = engine->path_error;
    if (result == X509_V_OK) result = (int)SSL_get_verify_result(engine->ssl);
    sotto_status status = tls_facts_read(&engine->facts, &engine->arena, engine->ssl);
    if (!sotto_ok(status)) fail_here(engine, status);
    /* OpenSSL does not always tell a shortage of memory from a bad certificate, and this verdict ends an account's
     * attempts to connect: it has to come out twice. */
    if (result != X509_V_OK && engine->facts.has_certificate && verify_again(engine->ssl) != result)
        fail_here(engine, SOTTO_FAIL(NO_MEMORY));
    if (engine->facts.has_certificate) {
        engine->facts.path_valid = result == X509_V_OK;
        engine->facts.path_error = result == X509_V_OK ? NULL : X509_verify_cert_error_string(result);
    }
}

/* All that counts is which one it is: no path, and no names, which would take 50 KB of every session. */
static void check_published(tls_engine *engine) {
    const X509 *leaf = SSL_get0_peer_certificate(engine->ssl);
    unsigned char *der = NULL;
    int len = leaf ? i2d_X509(leaf, &der) : 0;
    if (leaf && len <= 0)
        fail_here(engine, tls_failure(SOTTO_FAIL(NO_MEMORY)));
    else if (!bytes_equal(bytes_of(der, (size_t)len), engine->certificate))
        fail(engine, SOTTO_FAIL(BAD_CERTIFICATE), "another certificate than the published one");
    else
        engine->facts.leaf = engine->certificate;
    engine->facts.has_certificate = leaf != NULL;
    OPENSSL_free(der);
}

static void handshake_done(tls_engine *engine) {
    engine->ready = true;
    engine->waiting = !engine->server && !engine->anonymous;
    engine->facts.version = SSL_version(engine->ssl);
    engine->facts.cipher = SSL_get_cipher_name(engine->ssl);
    const unsigned char *alpn = NULL;
    unsigned alpn_len = 0;
    SSL_get0_alpn_selected(engine->ssl, &alpn, &alpn_len);
    engine->facts.alpn = bytes_of(alpn, alpn_len);
    if (engine->anonymous && engine->facts.alpn.len == 0) fail(engine, SOTTO_FAIL(TLS_FAILED), NO_ALPN);
    bool secret = SSL_session_reused(engine->ssl) == 1; /* then there is no certificate */
    if (!engine->anonymous)
        judge_path(engine);
    else if (!engine->server && !secret)
        check_published(engine);
    check_secret(engine);
    bytes_wipe(&engine->secret, sizeof engine->secret);
}

static bool dead(const tls_engine *engine) {
    return !sotto_ok(engine->error);
}

/* An anonymous server reads the ClientHello as if there were early data in it, which there never is: that is the only
 * way for OpenSSL to stop behind its own flight and let something be written (RFC 8446 section 4.4.4, note on 0.5-RTT).
 */
static bool answer_hello(tls_engine *engine) {
    uint8_t byte;
    size_t got = 0;
    ERR_clear_error();
    int result = SSL_read_early_data(engine->ssl, &byte, 1, &got);
    if (result == SSL_READ_EARLY_DATA_FINISH) {
        engine->hello_read = true;
        return true;
    }
    int reason = SSL_get_error(engine->ssl, 0);
    if (result == SSL_READ_EARLY_DATA_SUCCESS || (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE))
        fail_library(engine, reason);
    return false;
}

/* Whether its flight is written: only then are there keys, and a secret to export. A retry request is no flight. */
static void look_for_flight(tls_engine *engine) {
    uint8_t secret[32];
    const unsigned char *alpn = NULL;
    unsigned alpn_len = 0;
    ERR_clear_error();
    engine->early =
        SSL_export_keying_material(engine->ssl, secret, sizeof secret, "EXPORTER-flight", 15, NULL, 0, 0) == 1;
    bytes_wipe(secret, sizeof secret);
    ERR_clear_error();
    if (!engine->early) return;
    SSL_get0_alpn_selected(engine->ssl, &alpn, &alpn_len);
    if (alpn_len == 0) fail(engine, SOTTO_FAIL(TLS_FAILED), NO_ALPN); /* none was offered */
    check_secret(engine);
}

static void shake(tls_engine *engine) {
    bool waits = engine->anonymous && engine->server && !engine->early;
    if (engine->ready || dead(engine)) return;
    if (waits && !engine->hello_read && !answer_hello(engine)) return;
    ERR_clear_error();
    int result = SSL_do_handshake(engine->ssl);
    if (result == 1) {
        handshake_done(engine);
        return;
    }
    int reason = SSL_get_error(engine->ssl, result);
    if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE)
        fail_library(engine, reason);
    else if (waits)
        look_for_flight(engine);
}

static bool alpn_choose(const char *const *alpn, sotto_bytes offered, sotto_bytes *ret) {
    for (; *alpn; alpn++) {
        sotto_bytes ours = bytes_text(*alpn);
        for (size_t at = 0; at < offered.len;) {
            size_t len = offered.at[at++];
            if (len == 0 || len > offered.len - at) break; /* RFC 7301 section 3.1: no name is empty */
            sotto_bytes name = bytes_of(offered.at + at, len);
            if (bytes_equal(ours, name)) {
                *ret = name;
                return true;
            }
            at += len;
        }
    }
    return false;
}

/* XEP-0368: ALPN is a SHOULD; a client that offers something else gets no answer, as other servers do. */
int tls_alpn_select(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
                    unsigned int in_len, void *arg) {
    (void)arg;
    tls_engine *engine = SSL_get_app_data(ssl);
    sotto_bytes chosen;
    if (!engine->alpn || !alpn_choose(engine->alpn, bytes_of(in, in_len), &chosen))
        return engine->anonymous ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_NOACK;
    *out = chosen.at;
    *out_len = (unsigned char)chosen.len;
    return SSL_TLSEXT_ERR_OK;
}

static sotto_status alpn_offer(SSL *ssl, const char *const *alpn) {
    unsigned char wire[ALPN_BYTES_MAX];
    size_t len = 0;
    for (; *alpn; alpn++) {
        size_t one = strlen(*alpn);
        if (one == 0 || one > sizeof wire - 1 || len > sizeof wire - 1 - one) return SOTTO_FAIL(USAGE);
        wire[len++] = (unsigned char)one;
        memcpy(wire + len, *alpn, one);
        len += one;
    }
    return SSL_set_alpn_protos(ssl, wire, (unsigned)len) == 0 ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
}

/* RFC 6066 section 3: literal addresses are not permitted in SNI. */
static bool is_address(const char *name) {
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
}

/* OpenSSL wants to be given something it could write to. */
static sotto_status set_server_name(tls_engine *engine, const char *server_name) {
    size_t size = strlen(server_name) + 1;
    char *name = bytes_arena_take(&engine->arena, size);
    if (!name) return SOTTO_FAIL(NO_MEMORY);
    memcpy(name, server_name, size);
    return SSL_set_tlsext_host_name(engine->ssl, name) == 1 ? SOTTO_OK : tls_failure(SOTTO_FAIL(USAGE));
}

static sotto_status configure(tls_engine *engine, tls_context *context, const char *server_name) {
    SSL *ssl = engine->ssl;
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    if (!in || !out) {
        BIO_free(in);
        BIO_free(out);
        return SOTTO_FAIL(NO_MEMORY);
    }
    SSL_set_bio(ssl, in, out);
    engine->in = in;
    engine->out = out;
    if (SSL_set_app_data(ssl, engine) != 1) return SOTTO_FAIL(NO_MEMORY);
    SSL_set_info_callback(ssl, notice_alert);
    if (context->server) {
        SSL_set_accept_state(ssl);
        return SOTTO_OK;
    }
    SSL_set_connect_state(ssl);
    SSL_set_verify(ssl, SSL_VERIFY_PEER, verify_record);
    if (engine->alpn) SOTTO_TRY(alpn_offer(ssl, engine->alpn));
    return server_name && !is_address(server_name) ? set_server_name(engine, server_name) : SOTTO_OK;
}

static sotto_status engine_new(tls_engine **ret, tls_context *context, const char *server_name, const char *const *alpn,
                               const tls_secret *secret) {
    tls_engine *engine = bytes_new(context->host, sizeof *engine);
    if (!engine) return SOTTO_FAIL(NO_MEMORY);
    engine->host = context->host;
    engine->server = context->server;
    engine->anonymous = context->anonymous;
    engine->certificate = context->certificate;
    engine->alpn = alpn;
    engine->has_secret = secret != NULL;
    if (secret) engine->secret = *secret;
    engine->path_error = X509_V_OK;
    bytes_arena_init(&engine->arena, context->host, FACTS_BYTES_MAX);
    ERR_clear_error();
    engine->ssl = SSL_new(context->ssl);
    sotto_status status = engine->ssl ? configure(engine, context, server_name) : SOTTO_FAIL(NO_MEMORY);
    if (sotto_ok(status)) {
        shake(engine); /* a client has its first flight ready now */
        status = engine->error;
    }
    ERR_clear_error();
    if (!sotto_ok(status)) {
        tls_engine_free(engine);
        return status;
    }
    *ret = engine;
    return SOTTO_OK;
}

sotto_status tls_engine_new(tls_engine **ret, tls_context *context, const char *server_name, const char *const *alpn) {
    return engine_new(ret, context, server_name, alpn, NULL);
}

sotto_status tls_engine_new_anonymous(tls_engine **ret, tls_context *context, const char *const *alpn,
                                      const tls_secret *secret) {
    if (!context->anonymous) return SOTTO_FAIL(USAGE);
    return engine_new(ret, context, NULL, alpn, secret);
}

const tls_secret *tls_engine_secret(SSL *ssl, bool found) {
    tls_engine *engine = SSL_get_app_data(ssl);
    engine->found = engine->found || found;
    return engine->has_secret ? &engine->secret : NULL;
}

static bool open_for_plain(const tls_engine *engine) {
    return engine->ready && !engine->waiting && !dead(engine);
}

/* After a read that gave nothing. */
static void read_failed(tls_engine *engine, int result) {
    int reason = SSL_get_error(engine->ssl, result);
    if (reason == SSL_ERROR_ZERO_RETURN) {
        engine->ended = true;
    } else if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) {
        fail_library(engine, reason);
    }
}

/* Whether there is anything for OpenSSL to look at. */
static bool may_have_plain(const tls_engine *engine) {
    return open_for_plain(engine) && !engine->ended &&
           (BIO_ctrl_pending(engine->in) > 0 || SSL_has_pending(engine->ssl) == 1);
}

static bool has_plain(tls_engine *engine) {
    if (!may_have_plain(engine)) return false;
    if (SSL_pending(engine->ssl) > 0) return true;
    uint8_t byte;
    size_t got = 0;
    clear_errors();
    int result = SSL_peek_ex(engine->ssl, &byte, 1, &got);
    bytes_wipe(&byte, 1);
    if (result == 1) return true;
    read_failed(engine, result);
    return false;
}

static size_t records_room(const tls_engine *engine) {
    size_t waiting = BIO_ctrl_pending(engine->in);
    return waiting < RECORDS_IN_MAX ? RECORDS_IN_MAX - waiting : 0;
}

/* Which of the two ways of writing is open; 0: neither. The peer's close_notify ends its direction alone (RFC 8446
 * section 6.1): an answer can still be written. */
static unsigned wants_plain(const tls_engine *engine) {
    if (dead(engine)) return 0;
    if (!engine->ready) return engine->early ? TLS_WANTS_EARLY : 0;
    bool wants = !engine->waiting && !engine->closing && BIO_ctrl_pending(engine->out) < RECORDS_OUT_MAX;
    return wants ? TLS_WANTS_PLAIN : 0;
}

unsigned tls_engine_state(tls_engine *engine) {
    shake(engine);
    unsigned plain = has_plain(engine) ? TLS_HAS_PLAIN : 0;
    unsigned out = BIO_ctrl_pending(engine->out) > 0 ? TLS_HAS_RECORDS : 0;
    if (dead(engine)) return TLS_FAILED | out;
    unsigned state = plain | out;
    if (engine->ended) state |= TLS_ENDED;
    if (engine->waiting) state |= TLS_WANTS_VERDICT;
    if (!engine->ended && records_room(engine) > 0) state |= TLS_WANTS_RECORDS;
    return state | wants_plain(engine);
}

size_t tls_engine_records_in(tls_engine *engine, sotto_bytes records) {
    if (dead(engine) || engine->ended) return 0;
    size_t count = records_room(engine);
    if (count > records.len) count = records.len;
    if (count == 0) return 0;
    int written = BIO_write(engine->in, records.at, (int)count);
    if (written != (int)count) {
        fail(engine, SOTTO_FAIL(NO_MEMORY), "no memory for a TLS record");
        return 0;
    }
    shake(engine);
    return count;
}

size_t tls_engine_records_out(tls_engine *engine, void *out, size_t size) {
    if (size > INT_MAX) size = INT_MAX;
    if (size == 0 || BIO_ctrl_pending(engine->out) == 0) return 0;
    int got = BIO_read(engine->out, out, (int)size);
    return got > 0 ? (size_t)got : 0;
}

size_t tls_engine_plain_in(tls_engine *engine, sotto_bytes plain) {
    size_t taken = 0;
    unsigned wanted;
    shake(engine);
    while (taken < plain.len && (wanted = wants_plain(engine)) != 0) {
        size_t written = 0;
        clear_errors();
        int result = wanted == TLS_WANTS_PLAIN
                         ? SSL_write_ex(engine->ssl, plain.at + taken, plain.len - taken, &written)
                         : SSL_write_early_data(engine->ssl, plain.at + taken, plain.len - taken, &written);
        if (result != 1) {
            read_failed(engine, result);
            break;
        }
        taken += written;
    }
    return taken;
}

size_t tls_engine_plain_out(tls_engine *engine, void *out, size_t size) {
    shake(engine);
    if (size == 0 || !may_have_plain(engine)) return 0;
    size_t got = 0;
    clear_errors();
    int result = SSL_read_ex(engine->ssl, out, size, &got);
    if (result == 1) return got;
    read_failed(engine, result);
    return 0;
}

sotto_status tls_engine_error(const tls_engine *engine) {
    return engine->error;
}

const char *tls_engine_error_text(const tls_engine *engine) {
    return engine->error_text;
}

void tls_engine_close(tls_engine *engine) {
    if (!engine->ready || engine->closing || dead(engine)) return;
    engine->closing = true;
    ERR_clear_error();
    int result = SSL_shutdown(engine->ssl);
    if (result < 0) read_failed(engine, result);
}

const tls_facts *tls_engine_facts(const tls_engine *engine) {
    return engine->ready ? &engine->facts : NULL;
}

void tls_engine_verdict(tls_engine *engine, bool accept) {
    if (!engine->waiting) return;
    engine->waiting = false;
    if (!accept) fail(engine, SOTTO_FAIL(BAD_CERTIFICATE), "the certificate was not accepted");
}

static sotto_status export_secret(tls_engine *engine, const char *label, uint8_t ret[32]) {
    ERR_clear_error();
    if (SSL_export_keying_material(engine->ssl, ret, 32, label, strlen(label), NULL, 0, 0) == 1) return SOTTO_OK;
    bytes_wipe(ret, 32);
    ERR_clear_error();
    return SOTTO_FAIL(CRYPTO_FAILED);
}

sotto_status tls_engine_export(tls_engine *engine, const char *label, uint8_t ret[32]) {
    if ((!engine->ready && !engine->early) || dead(engine)) return SOTTO_FAIL(STATE);
    if (SSL_version(engine->ssl) < TLS1_3_VERSION) return SOTTO_FAIL(STATE);
    return export_secret(engine, label, ret);
}

sotto_status tls_engine_agreed(const tls_engine *engine, tls_agreed *ret) {
    if ((!engine->ready && !engine->early) || dead(engine)) return SOTTO_FAIL(STATE);
    tls_agreed_read(engine->ssl, ret);
    return SOTTO_OK;
}

sotto_status tls_engine_client_random(tls_engine *engine, uint8_t ret[32]) {
    if (engine->server && !engine->early && !engine->ready) return SOTTO_FAIL(STATE);
    return SSL_get_client_random(engine->ssl, ret, 32) == 32 ? SOTTO_OK : SOTTO_FAIL(STATE);
}

/* RFC 9266 section 2. On TLS 1.2 the exporter is bound to the handshake only with the extended master secret. */
sotto_status tls_engine_exporter(tls_engine *engine, uint8_t ret[32]) {
    if (!engine->ready || dead(engine)) return SOTTO_FAIL(STATE);
    if (SSL_version(engine->ssl) < TLS1_3_VERSION && SSL_get_extms_support(engine->ssl) != 1) return SOTTO_FAIL(STATE);
    return export_secret(engine, "EXPORTER-Channel-Binding", ret);
}

void tls_engine_free(tls_engine *engine) {
    if (!engine) return;
    SSL_free(engine->ssl);
    bytes_arena_clear(&engine->arena);
    bytes_free(engine->host, engine, sizeof *engine);
}
