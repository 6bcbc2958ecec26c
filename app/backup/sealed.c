/* SPDX-License-Identifier: ISC
 *
 * The encrypted stream. */
#include "app/backup/sealed.h"

#include <sodium.h>
#include <string.h>

#include "bytes/buffer.h"
#include "bytes/cursor.h"
#include "bytes/memory.h"
#include "bytes/span.h"
#include "crypto/curve.h"
#include "crypto/hash.h"

#define MAGIC_BYTES  16
#define SALT_BYTES   16
#define CHECK_BYTES  16
#define STREAM_BYTES crypto_secretstream_xchacha20poly1305_HEADERBYTES
#define SUM_BYTES    8
#define EXTRA_BYTES  crypto_secretstream_xchacha20poly1305_ABYTES
#define SEALED_MAX   (APP_SEALED_PIECE_BYTES + EXTRA_BYTES)
#define FRONT_BYTES  8u /* number and length of a piece */

/* A name in clear text; line ends and the end mark of old systems show whether a transfer changed bytes. */
static const uint8_t magic[MAGIC_BYTES] = {'s', 'o', 't', 't', 'o',  ' ',  'b',  'a',
                                           'c', 'k', 'u', 'p', '\r', '\n', 0x1a, '\n'};

const app_sealed_cost app_sealed_cost_usual = {3, 65536};

const char *app_sealed_fault_text(app_sealed_fault fault) {
    switch (fault) {
    case APP_SEALED_FINE:
        return "it is whole";
    case APP_SEALED_NOT_ONE:
        return "it is no backup made by sotto backup";
    case APP_SEALED_NEWER:
        return "it was made by a newer version of sotto";
    case APP_SEALED_COSTLY:
        return "opening it would take more work or memory than any backup made by sotto";
    case APP_SEALED_HEADER:
        return "its beginning is damaged";
    case APP_SEALED_PASSPHRASE:
        return "the passphrase is not the one it was made with";
    case APP_SEALED_CUT:
        return "it ends too early: a part at the end is missing";
    case APP_SEALED_ORDER:
        return "its parts are not in order: one is missing, repeated, or in another's place";
    case APP_SEALED_DAMAGED:
        return "it is damaged, or was changed";
    case APP_SEALED_LONGER:
        return "something follows after its end";
    case APP_SEALED_STRANGE:
        return "what is in it is not what sotto backup writes";
    case APP_SEALED_OUTSIDE:
        return "the file cannot be read or written";
    case APP_SEALED_MACHINE:
        return "there is too little memory, or no randomness";
    }
    return "it cannot be used";
}

/* ---- the header ---- */

typedef struct header {
    app_sealed_cost cost;
    uint8_t salt[SALT_BYTES], check[CHECK_BYTES], stream[STREAM_BYTES];
} header;

typedef struct keys {
    uint8_t stream[crypto_secretstream_xchacha20poly1305_KEYBYTES];
    uint8_t check[CHECK_BYTES];
} keys;

static bool keys_make(keys *ret, sotto_bytes passphrase, const header *h) {
    uint8_t secret[32];
    sotto_bytes from = bytes_of(secret, sizeof secret);
    sotto_status status = crypto_argon2id(secret, passphrase, h->salt, h->cost.passes, h->cost.kibibytes);
    if (sotto_ok(status))
        status = crypto_hkdf(CRYPTO_SHA256, ret->stream, sizeof ret->stream, from, BYTES_NONE,
                             BYTES_LITERAL("sotto backup 1 stream"));
    if (sotto_ok(status))
        status = crypto_hkdf(CRYPTO_SHA256, ret->check, sizeof ret->check, from, BYTES_NONE,
                             BYTES_LITERAL("sotto backup 1 check"));
    bytes_wipe(secret, sizeof secret);
    if (!sotto_ok(status)) bytes_wipe(ret, sizeof *ret);
    return sotto_ok(status);
}

/* Of what comes before it: tells a damaged header from a wrong passphrase. It proves nothing to anybody. */
static bool sum_make(uint8_t ret[SUM_BYTES], const uint8_t *at) {
    uint8_t hash[32];
    if (!sotto_ok(crypto_hash_of(CRYPTO_SHA256, hash, bytes_of(at, APP_SEALED_HEADER_BYTES - SUM_BYTES)))) return false;
    memcpy(ret, hash, SUM_BYTES);
    return true;
}

static bool header_encode(const header *h, uint8_t ret[APP_SEALED_HEADER_BYTES]) {
    bytes_buffer out;
    uint8_t sum[SUM_BYTES];
    sotto_bytes all;
    bytes_buffer_borrowed(&out, ret, APP_SEALED_HEADER_BYTES);
    bytes_buffer_put(&out, bytes_of(magic, sizeof magic));
    bytes_buffer_u8(&out, APP_SEALED_VERSION);
    bytes_buffer_u32(&out, h->cost.passes);
    bytes_buffer_u32(&out, h->cost.kibibytes);
    bytes_buffer_put(&out, bytes_of(h->salt, sizeof h->salt));
    bytes_buffer_put(&out, bytes_of(h->check, sizeof h->check));
    bytes_buffer_put(&out, bytes_of(h->stream, sizeof h->stream));
    if (!sum_make(sum, ret)) return false;
    bytes_buffer_put(&out, bytes_of(sum, sizeof sum));
    return sotto_ok(bytes_buffer_end(&out, &all)) && all.len == APP_SEALED_HEADER_BYTES;
}

/* All before any work is done for it. */
static app_sealed_fault header_decode(header *ret, const uint8_t at[APP_SEALED_HEADER_BYTES]) {
    uint8_t sum[SUM_BYTES];
    bytes_cursor in = bytes_cursor_over(bytes_of(at, APP_SEALED_HEADER_BYTES - SUM_BYTES));
    (void)bytes_cursor_take(&in, MAGIC_BYTES + 1);
    ret->cost.passes = bytes_cursor_u32(&in);
    ret->cost.kibibytes = bytes_cursor_u32(&in);
    bytes_cursor_into(&in, ret->salt, sizeof ret->salt);
    bytes_cursor_into(&in, ret->check, sizeof ret->check);
    bytes_cursor_into(&in, ret->stream, sizeof ret->stream);
    if (!sum_make(sum, at)) return APP_SEALED_MACHINE;
    if (!sotto_ok(bytes_cursor_end(&in)) || memcmp(sum, at + APP_SEALED_HEADER_BYTES - SUM_BYTES, SUM_BYTES) != 0)
        return APP_SEALED_HEADER;
    if (ret->cost.passes == 0 || ret->cost.kibibytes < 8) return APP_SEALED_HEADER;
    bool costly = ret->cost.passes > SOTTO_STORE_PASSES_MAX || ret->cost.kibibytes > SOTTO_STORE_KIBIBYTES_MAX;
    return costly ? APP_SEALED_COSTLY : APP_SEALED_FINE;
}

/* What is authenticated with a piece beside the piece: its number and length, and with the first one the header. */
typedef struct beside {
    uint8_t at[FRONT_BYTES + APP_SEALED_HEADER_BYTES];
    size_t len;
} beside;

static void front_encode(uint8_t ret[FRONT_BYTES], uint32_t number, uint32_t len) {
    bytes_buffer out;
    bytes_buffer_borrowed(&out, ret, FRONT_BYTES);
    bytes_buffer_u32(&out, number);
    bytes_buffer_u32(&out, len);
}

static beside beside_make(const uint8_t front[FRONT_BYTES], uint32_t number, const uint8_t *head) {
    beside ret = {.len = FRONT_BYTES};
    memcpy(ret.at, front, FRONT_BYTES);
    if (number > 0) return ret;
    memcpy(ret.at + FRONT_BYTES, head, APP_SEALED_HEADER_BYTES);
    ret.len += APP_SEALED_HEADER_BYTES;
    return ret;
}

/* ---- writing ---- */

struct app_sealing {
    app_sealed_write *write;
    void *arg;
    crypto_secretstream_xchacha20poly1305_state state;
    uint32_t number;
    uint8_t head[APP_SEALED_HEADER_BYTES];
    size_t len; /* of the piece that is being filled */
    uint8_t piece[APP_SEALED_PIECE_BYTES];
    uint8_t sealed[SEALED_MAX];
};

static app_sealed_fault sealing_begin(app_sealing *s, sotto_bytes passphrase, const app_sealed_cost *cost) {
    header h = {.cost = *cost};
    keys k;
    if (!sotto_ok(crypto_start()) || !sotto_ok(crypto_random(sotto_host_default(), h.salt, sizeof h.salt)) ||
        !keys_make(&k, passphrase, &h))
        return APP_SEALED_MACHINE;
    memcpy(h.check, k.check, sizeof h.check);
    int failed = crypto_secretstream_xchacha20poly1305_init_push(&s->state, h.stream, k.stream);
    bytes_wipe(&k, sizeof k);
    if (failed != 0 || !header_encode(&h, s->head)) return APP_SEALED_MACHINE;
    return s->write(s->arg, bytes_of(s->head, sizeof s->head)) ? APP_SEALED_FINE : APP_SEALED_OUTSIDE;
}

app_sealed_fault app_sealing_new(app_sealing **ret, sotto_bytes passphrase, const app_sealed_cost *cost,
                                 app_sealed_write *write, void *arg) {
    app_sealing *s = bytes_new(sotto_host_default(), sizeof *s);
    if (!s) return APP_SEALED_MACHINE;
    s->write = write;
    s->arg = arg;
    app_sealed_fault fault = sealing_begin(s, passphrase, cost);
    if (fault == APP_SEALED_FINE)
        *ret = s;
    else
        app_sealing_free(s);
    return fault;
}

static app_sealed_fault piece_write(app_sealing *s, bool last) {
    uint8_t front[FRONT_BYTES];
    unsigned char tag =
        last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;
    size_t len = s->len + EXTRA_BYTES;
    front_encode(front, s->number, (uint32_t)len);
    beside with = beside_make(front, s->number, s->head);
    int failed = crypto_secretstream_xchacha20poly1305_push(&s->state, s->sealed, NULL, s->piece, s->len, with.at,
                                                            with.len, tag);
    if (failed != 0 || s->number == UINT32_MAX) return APP_SEALED_MACHINE;
    s->number++;
    s->len = 0;
    bool done = s->write(s->arg, bytes_of(front, sizeof front)) && s->write(s->arg, bytes_of(s->sealed, len));
    return done ? APP_SEALED_FINE : APP_SEALED_OUTSIDE;
}

app_sealed_fault app_sealing_put(app_sealing *s, sotto_bytes bytes) {
    while (bytes.len > 0) {
        size_t room = sizeof s->piece - s->len, part = bytes.len < room ? bytes.len : room;
        memcpy(s->piece + s->len, bytes.at, part);
        s->len += part;
        bytes = bytes_after(bytes, part);
        if (s->len < sizeof s->piece) continue;
        app_sealed_fault fault = piece_write(s, false);
        if (fault != APP_SEALED_FINE) return fault;
    }
    return APP_SEALED_FINE;
}

app_sealed_fault app_sealing_end(app_sealing *s) {
    return piece_write(s, true);
}

void app_sealing_free(app_sealing *s) {
    bytes_free(sotto_host_default(), s, sizeof *s);
}

/* ---- reading ---- */

struct app_unsealing {
    app_sealed_read *read;
    void *arg;
    crypto_secretstream_xchacha20poly1305_state state;
    uint32_t number;
    bool last; /* the piece at hand is */
    uint8_t head[APP_SEALED_HEADER_BYTES];
    size_t at, len;
    uint8_t piece[APP_SEALED_PIECE_BYTES];
    uint8_t sealed[SEALED_MAX];
};

/* Up to `len` bytes: *ret_len is below that only at the end. */
static bool fill(app_unsealing *u, uint8_t *to, size_t len, size_t *ret_len) {
    *ret_len = 0;
    while (*ret_len < len) {
        size_t got = 0;
        if (!u->read(u->arg, to + *ret_len, len - *ret_len, &got)) return false;
        if (got == 0) break;
        *ret_len += got;
    }
    return true;
}

static app_sealed_fault head_read(app_unsealing *u) {
    size_t got;
    if (!fill(u, u->head, sizeof u->head, &got)) return APP_SEALED_OUTSIDE;
    if (got < MAGIC_BYTES || memcmp(u->head, magic, MAGIC_BYTES) != 0) return APP_SEALED_NOT_ONE;
    if (got > MAGIC_BYTES && u->head[MAGIC_BYTES] > APP_SEALED_VERSION) return APP_SEALED_NEWER;
    if (got < sizeof u->head) return APP_SEALED_CUT;
    return u->head[MAGIC_BYTES] == APP_SEALED_VERSION ? APP_SEALED_FINE : APP_SEALED_HEADER;
}

static app_sealed_fault unsealing_begin(app_unsealing *u, sotto_bytes passphrase) {
    header h;
    keys k;
    app_sealed_fault fault = head_read(u);
    if (fault == APP_SEALED_FINE) fault = header_decode(&h, u->head);
    if (fault != APP_SEALED_FINE) return fault;
    if (!sotto_ok(crypto_start()) || !keys_make(&k, passphrase, &h)) return APP_SEALED_MACHINE;
    if (!crypto_equal(k.check, h.check, sizeof k.check))
        fault = APP_SEALED_PASSPHRASE;
    else if (crypto_secretstream_xchacha20poly1305_init_pull(&u->state, h.stream, k.stream) != 0)
        fault = APP_SEALED_DAMAGED;
    bytes_wipe(&k, sizeof k);
    return fault;
}

app_sealed_fault app_unsealing_new(app_unsealing **ret, sotto_bytes passphrase, app_sealed_read *read, void *arg) {
    app_unsealing *u = bytes_new(sotto_host_default(), sizeof *u);
    if (!u) return APP_SEALED_MACHINE;
    u->read = read;
    u->arg = arg;
    app_sealed_fault fault = unsealing_begin(u, passphrase);
    if (fault == APP_SEALED_FINE)
        *ret = u;
    else
        app_unsealing_free(u);
    return fault;
}

static app_sealed_fault piece_open(app_unsealing *u, const uint8_t front[FRONT_BYTES], size_t len) {
    unsigned char tag;
    unsigned long long opened;
    beside with = beside_make(front, u->number, u->head);
    if (crypto_secretstream_xchacha20poly1305_pull(&u->state, u->piece, &opened, &tag, u->sealed, len, with.at,
                                                   with.len) != 0)
        return APP_SEALED_DAMAGED;
    u->last = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
    /* Only the last piece is not full: anything else we never wrote. */
    if (!u->last && (opened != APP_SEALED_PIECE_BYTES || tag != crypto_secretstream_xchacha20poly1305_TAG_MESSAGE))
        return APP_SEALED_DAMAGED;
    u->number++;
    u->at = 0;
    u->len = (size_t)opened;
    return APP_SEALED_FINE;
}

static app_sealed_fault piece_read(app_unsealing *u) {
    uint8_t front[FRONT_BYTES];
    size_t got;
    if (!fill(u, front, sizeof front, &got)) return APP_SEALED_OUTSIDE;
    if (got < sizeof front) return APP_SEALED_CUT;
    bytes_cursor in = bytes_cursor_over(bytes_of(front, sizeof front));
    uint32_t number = bytes_cursor_u32(&in), len = bytes_cursor_u32(&in);
    if (len < EXTRA_BYTES || len > SEALED_MAX) return APP_SEALED_DAMAGED;
    if (number != u->number) return APP_SEALED_ORDER;
    if (!fill(u, u->sealed, len, &got)) return APP_SEALED_OUTSIDE;
    return got < len ? APP_SEALED_CUT : piece_open(u, front, len);
}

app_sealed_fault app_unsealing_get(app_unsealing *u, void *to, size_t len) {
    uint8_t *out = to;
    while (len > 0) {
        if (u->at == u->len) {
            if (u->last) return APP_SEALED_CUT;
            app_sealed_fault fault = piece_read(u);
            if (fault != APP_SEALED_FINE) return fault;
            continue;
        }
        size_t rest = u->len - u->at, part = len < rest ? len : rest;
        memcpy(out, u->piece + u->at, part);
        u->at += part;
        out += part;
        len -= part;
    }
    return APP_SEALED_FINE;
}

app_sealed_fault app_unsealing_end(app_unsealing *u) {
    uint8_t more;
    size_t got;
    while (u->at == u->len && !u->last) {
        app_sealed_fault fault = piece_read(u);
        if (fault != APP_SEALED_FINE) return fault;
    }
    if (u->at < u->len) return APP_SEALED_DAMAGED;
    if (!fill(u, &more, 1, &got)) return APP_SEALED_OUTSIDE;
    return got == 0 ? APP_SEALED_FINE : APP_SEALED_LONGER;
}

void app_unsealing_free(app_unsealing *u) {
    bytes_free(sotto_host_default(), u, sizeof *u);
}
