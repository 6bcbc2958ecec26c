/* SPDX-License-Identifier: ISC
 *
 * HMAC and the derivations made of it. */
#include "crypto/hash.h"
#include "port.h"

/* The shortest code any dialect of OMEMO cuts an HMAC to: 0.3 leaves 8 bytes. One that can be guessed is no code. */
#define TAG_BYTES_MIN 8u

static sotto_status hash_read(const vector_port *p, crypto_hash_kind *ret) {
    static const struct {
        const char *name;
        crypto_hash_kind kind;
    } hashes[] = {{"sha1", CRYPTO_SHA1}, {"sha256", CRYPTO_SHA256}, {"sha512", CRYPTO_SHA512}};
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++) {
        if (!bytes_is(port_bytes(p, "hash"), hashes[i].name)) continue;
        *ret = hashes[i].kind;
        return SOTTO_OK;
    }
    return PORT_UNSUPPORTED;
}

/* RFC 5869 section 2.3: at most 255 hashes. */
sotto_status port_hkdf(vector_port *p) {
    crypto_hash_kind hash;
    uint8_t okm[255 * CRYPTO_HASH_BYTES_MAX];
    SOTTO_TRY(hash_read(p, &hash));
    uint64_t size = port_number(p, "size");
    if (size > 255 * crypto_hash_size(hash)) return SOTTO_FAIL(TOO_LARGE);
    SOTTO_TRY(crypto_hkdf(hash, okm, (size_t)size, port_bytes(p, "ikm"), port_bytes(p, "salt"), port_bytes(p, "info")));
    port_put(p, "okm", bytes_of(okm, (size_t)size));
    return SOTTO_OK;
}

static sotto_status mac_make(const vector_port *p, uint8_t *ret, size_t *ret_size) {
    crypto_hash_kind hash;
    sotto_bytes message = port_bytes(p, "message");
    SOTTO_TRY(hash_read(p, &hash));
    *ret_size = crypto_hash_size(hash);
    return crypto_hmac(hash, ret, port_bytes(p, "key"), &message, 1);
}

sotto_status port_hmac(vector_port *p) {
    uint8_t mac[CRYPTO_HASH_BYTES_MAX];
    size_t size;
    SOTTO_TRY(mac_make(p, mac, &size));
    port_put(p, "tag", bytes_of(mac, size));
    return SOTTO_OK;
}

sotto_status port_hmac_verify(vector_port *p) {
    uint8_t mac[CRYPTO_HASH_BYTES_MAX];
    size_t size;
    sotto_bytes tag = port_bytes(p, "tag");
    SOTTO_TRY(mac_make(p, mac, &size));
    if (tag.len < TAG_BYTES_MIN || tag.len > size) return SOTTO_FAIL(MALFORMED);
    return crypto_equal(mac, tag.at, tag.len) ? SOTTO_OK : SOTTO_FAIL(BAD_MAC);
}

sotto_status port_pbkdf2(vector_port *p) {
    crypto_hash_kind hash;
    SOTTO_TRY(hash_read(p, &hash));
    uint64_t size = port_number(p, "size"), iterations = port_number(p, "iterations");
    if (size == 0 || iterations == 0) return SOTTO_FAIL(MALFORMED); /* RFC 8018 section 5.2: both are positive */
    if (size > VECTOR_PORT_LINE_MAX / 2 || iterations > p->pbkdf2_work) return SOTTO_FAIL(TOO_LARGE);
    uint64_t blocks = (size + crypto_hash_size(hash) - 1) / crypto_hash_size(hash);
    if (blocks > p->pbkdf2_work / iterations) return SOTTO_FAIL(TOO_LARGE);
    uint8_t *key = bytes_buffer_room(&p->result, (size_t)size);
    if (!key) return SOTTO_FAIL(NO_MEMORY);
    SOTTO_TRY(
        crypto_pbkdf2(hash, key, (size_t)size, port_bytes(p, "password"), port_bytes(p, "salt"), (uint32_t)iterations));
    return port_put_result(p, "key");
}
