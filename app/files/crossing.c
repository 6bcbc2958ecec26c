/* SPDX-License-Identifier: ISC
 *
 * Crossings. */
#include "app/files/crossing.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bytes/memory.h"
#include "bytes/span.h"

static bool fail(app_crossing *c, app_transfer_end end) {
    if (c->end == APP_TRANSFER_DONE) c->end = end;
    return false;
}

static bool digests_begin(app_crossing *c, crypto_hash_kind plain, crypto_hash_kind sealed) {
    const sotto_host *host = sotto_host_default();
    return sotto_ok(crypto_digest_new(&c->plain, host, plain)) && sotto_ok(crypto_digest_new(&c->sealed, host, sealed));
}

/* Both of them 32 bytes. */
static bool digests_end(app_crossing *c, context_hash *plain, context_hash *sealed) {
    plain->size = sealed->size = 32;
    return (sotto_ok(crypto_digest_end(c->plain, plain->bytes)) &&
            sotto_ok(crypto_digest_end(c->sealed, sealed->bytes))) ||
           fail(c, APP_TRANSFER_FAILED);
}

/* ---- up ---- */

sotto_status app_crossing_up(app_crossing *c, int fd, uint64_t size, const uint8_t key[32], const uint8_t iv[12]) {
    const sotto_host *host = sotto_host_default();
    *c = (app_crossing){.fd = fd, .size = size, .place = {.folder = -1, .file = -1}, .tag_used = SIZE_MAX};
    SOTTO_TRY(crypto_flow_new(&c->flow, host, CRYPTO_FLOW_GCM_ENCRYPT, bytes_of(key, 32), bytes_of(iv, 12)));
    c->room = bytes_new(host, APP_CROSSING_PIECE);
    return c->room && digests_begin(c, CRYPTO_SHA256, CRYPTO_SHA256) ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
}

static bool read_some(app_crossing *c, size_t size, size_t *ret) {
    ssize_t got;
    do got = read(c->fd, c->room, size);
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        c->error = errno;
        return fail(c, APP_TRANSFER_UNREADABLE);
    }
    *ret = (size_t)got;
    return true;
}

/* The tag is made once everything that was announced was read, and nothing is left. */
static bool tag_make(app_crossing *c) {
    size_t more, len;
    uint8_t rest[CRYPTO_FLOW_EXTRA];
    if (!read_some(c, 1, &more)) return false;
    if (more > 0) return fail(c, APP_TRANSFER_CHANGED);
    if (!sotto_ok(crypto_flow_end(c->flow, c->tag, rest, &len)) || len != 0) return fail(c, APP_TRANSFER_FAILED);
    c->tag_used = 0;
    return true;
}

static bool take_tag(app_crossing *c, uint8_t *out, size_t size, size_t *ret_len) {
    if (c->tag_used == SIZE_MAX && !tag_make(c)) return false;
    size_t len = APP_CROSSING_TAG - c->tag_used;
    if (len > size) len = size;
    if (len > 0) memcpy(out, c->tag + c->tag_used, len);
    c->tag_used += len;
    *ret_len = len;
    return true;
}

static bool take_file(app_crossing *c, uint8_t *out, size_t size, size_t *ret_len) {
    uint64_t left = c->size - c->moved;
    size_t want = size < APP_CROSSING_PIECE ? size : APP_CROSSING_PIECE, got;
    if (left < want) want = (size_t)left;
    if (!read_some(c, want, &got)) return false;
    if (got == 0) return fail(c, APP_TRANSFER_CHANGED);
    if (!sotto_ok(crypto_digest_put(c->plain, bytes_of(c->room, got))) ||
        !sotto_ok(crypto_flow_put(c->flow, bytes_of(c->room, got), out, ret_len)) || *ret_len != got)
        return fail(c, APP_TRANSFER_FAILED);
    return true;
}

bool app_crossing_take(app_crossing *c, uint8_t *out, size_t size, size_t *ret_len) {
    *ret_len = 0;
    if (c->end != APP_TRANSFER_DONE) return false;
    bool taken = c->moved < c->size ? take_file(c, out, size, ret_len) : take_tag(c, out, size, ret_len);
    if (!taken) return false;
    if (!sotto_ok(crypto_digest_put(c->sealed, bytes_of(out, *ret_len)))) return fail(c, APP_TRANSFER_FAILED);
    c->moved += *ret_len;
    return true;
}

bool app_crossing_up_end(app_crossing *c, context_hash *ret_plain, context_hash *ret_sealed) {
    if (c->end != APP_TRANSFER_DONE) return false;
    if (c->moved != c->size + APP_CROSSING_TAG) return fail(c, APP_TRANSFER_CUT_SHORT);
    return digests_end(c, ret_plain, ret_sealed);
}

/* ---- down ---- */

static bool is_gcm(const app_crossing *c) {
    return c->share->cipher != CONTEXT_CIPHER_CBC_256;
}

static uint64_t sealed_size(const context_share *share) {
    return share->cipher == CONTEXT_CIPHER_CBC_256 ? (share->size / 16 + 1) * 16 : share->size + APP_CROSSING_TAG;
}

uint64_t app_crossing_most(const context_share *share) {
    if (share->has_size && share->size < SOTTO_FILE_BYTES_MAX) return sealed_size(share);
    return (uint64_t)SOTTO_FILE_BYTES_MAX + APP_CROSSING_TAG;
}

static crypto_hash_kind kind_of(const context_hash *hash) {
    return hash->size == 64 ? CRYPTO_SHA512 : CRYPTO_SHA256;
}

sotto_status app_crossing_down(app_crossing *c, const context_share *share, const char *folder) {
    const sotto_host *host = sotto_host_default();
    *c =
        (app_crossing){.fd = -1, .share = share, .place = {.folder = -1, .file = -1}, .most = app_crossing_most(share)};
    if (share->has_size && share->size > SOTTO_FILE_BYTES_MAX) {
        c->end = APP_TRANSFER_TOO_LARGE;
        return SOTTO_OK;
    }
    SOTTO_TRY(crypto_flow_new(&c->flow, host, is_gcm(c) ? CRYPTO_FLOW_GCM_DECRYPT : CRYPTO_FLOW_CBC_DECRYPT, share->key,
                              share->iv));
    c->room = bytes_new(host, APP_CROSSING_PIECE + CRYPTO_FLOW_EXTRA);
    if (!c->room || !digests_begin(c, kind_of(&share->hash), kind_of(&share->sealed))) return SOTTO_FAIL(NO_MEMORY);
    sotto_status status = app_place_open(&c->place, folder);
    if (sotto_ok(status)) return SOTTO_OK;
    c->error = c->place.error;
    c->end = sotto_is(status, SOTTO_E_NOT_FOUND) ? APP_TRANSFER_NO_FOLDER : APP_TRANSFER_UNWRITABLE;
    return SOTTO_OK;
}

static bool write_plain(app_crossing *c, size_t len) {
    c->size += len;
    if (!sotto_ok(crypto_digest_put(c->plain, bytes_of(c->room, len)))) return fail(c, APP_TRANSFER_FAILED);
    if (sotto_ok(app_place_write(&c->place, bytes_of(c->room, len)))) return true;
    c->error = c->place.error;
    return fail(c, APP_TRANSFER_UNWRITABLE);
}

static bool decrypt(app_crossing *c, sotto_bytes piece) {
    while (piece.len > 0) {
        size_t now = piece.len < APP_CROSSING_PIECE ? piece.len : APP_CROSSING_PIECE, len;
        if (!sotto_ok(crypto_flow_put(c->flow, bytes_of(piece.at, now), c->room, &len)))
            return fail(c, APP_TRANSFER_FAILED);
        if (!write_plain(c, len)) return false;
        piece = bytes_after(piece, now);
    }
    return true;
}

/* Everything but the last sixteen bytes can be no tag. */
static bool decrypt_held_back(app_crossing *c, sotto_bytes piece) {
    uint8_t joined[2 * APP_CROSSING_TAG];
    if (piece.len >= APP_CROSSING_TAG) {
        size_t before = piece.len - APP_CROSSING_TAG;
        if (!decrypt(c, bytes_of(c->held, c->held_len)) || !decrypt(c, bytes_of(piece.at, before))) return false;
        memcpy(c->held, piece.at + before, APP_CROSSING_TAG);
        c->held_len = APP_CROSSING_TAG;
        return true;
    }
    memcpy(joined, c->held, c->held_len);
    memcpy(joined + c->held_len, piece.at, piece.len);
    size_t all = c->held_len + piece.len, out = all > APP_CROSSING_TAG ? all - APP_CROSSING_TAG : 0;
    if (!decrypt(c, bytes_of(joined, out))) return false;
    c->held_len = all - out;
    memcpy(c->held, joined + out, c->held_len);
    return true;
}

bool app_crossing_put(app_crossing *c, sotto_bytes piece) {
    if (c->end != APP_TRANSFER_DONE) return false;
    if (piece.len == 0) return true;
    if (piece.len > c->most - c->moved) return fail(c, APP_TRANSFER_TOO_LARGE);
    c->moved += piece.len;
    if (!sotto_ok(crypto_digest_put(c->sealed, piece))) return fail(c, APP_TRANSFER_FAILED);
    return is_gcm(c) ? decrypt_held_back(c, piece) : decrypt(c, piece);
}

static bool hash_holds(const context_hash *expected, const context_hash *got) {
    return expected->size == 0 || crypto_equal(expected->bytes, got->bytes, expected->size);
}

/* The tag first: it says that nothing was altered; then the hashes, which say that it is the file that was meant. Where
 * there is no tag, padding is only looked at after the hash of what came. */
static bool verify(app_crossing *c, context_hash *plain) {
    context_hash sealed = {.size = 0};
    size_t len = 0;
    if (c->share->has_size && c->moved < c->most) return fail(c, APP_TRANSFER_CUT_SHORT);
    if (is_gcm(c) && c->held_len < APP_CROSSING_TAG) return fail(c, APP_TRANSFER_CUT_SHORT);
    if (!sotto_ok(crypto_digest_end(c->sealed, sealed.bytes))) return fail(c, APP_TRANSFER_FAILED);
    if (!is_gcm(c) && !hash_holds(&c->share->sealed, &sealed)) return fail(c, APP_TRANSFER_WRONG_HASH);
    sotto_status status = crypto_flow_end(c->flow, c->held, c->room, &len);
    if (sotto_is(status, SOTTO_E_BAD_MAC)) return fail(c, APP_TRANSFER_WRONG_TAG);
    if (sotto_is(status, SOTTO_E_MALFORMED)) return fail(c, APP_TRANSFER_WRONG_HASH);
    if (!sotto_ok(status)) return fail(c, APP_TRANSFER_FAILED);
    if (!write_plain(c, len)) return false;
    if (!sotto_ok(crypto_digest_end(c->plain, plain->bytes))) return fail(c, APP_TRANSFER_FAILED);
    plain->size = c->share->hash.size ? c->share->hash.size : 32;
    if (!hash_holds(&c->share->sealed, &sealed) || !hash_holds(&c->share->hash, plain))
        return fail(c, APP_TRANSFER_WRONG_HASH);
    return !c->share->has_size || c->size == c->share->size || fail(c, APP_TRANSFER_WRONG_HASH);
}

bool app_crossing_keep(app_crossing *c, const char *name, char ret_name[APP_FILE_NAME_SIZE], context_hash *ret_plain) {
    if (c->end != APP_TRANSFER_DONE || !verify(c, ret_plain)) return false;
    sotto_status status = app_place_keep(&c->place, name, ret_name);
    if (sotto_ok(status)) return true;
    c->error = c->place.error;
    return fail(c, sotto_is(status, SOTTO_E_NOT_FOUND) ? APP_TRANSFER_NAMES_TAKEN : APP_TRANSFER_UNWRITABLE);
}

void app_crossing_free(app_crossing *c) {
    const sotto_host *host = sotto_host_default();
    app_place_drop(&c->place);
    if (c->fd >= 0) (void)close(c->fd);
    c->fd = -1;
    crypto_flow_free(c->flow);
    crypto_digest_free(c->plain);
    crypto_digest_free(c->sealed);
    bytes_free(host, c->room, APP_CROSSING_PIECE + (c->share ? CRYPTO_FLOW_EXTRA : 0));
    c->flow = NULL;
    c->plain = c->sealed = NULL;
    c->room = NULL;
}
