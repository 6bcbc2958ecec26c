/* SPDX-License-Identifier: ISC
 *
 * AES. The sizes of keys and IVs that the product has no use for are not offered. */
#include "crypto/cipher.h"
#include "port.h"

/* A size that AES has and we do not is unsupported; any other is no key. */
static sotto_status key_check(sotto_bytes key, bool with_128) {
    if (key.len == 32 || (key.len == 16 && with_128)) return SOTTO_OK;
    return key.len == 16 || key.len == 24 ? PORT_UNSUPPORTED : SOTTO_FAIL(MALFORMED);
}

static sotto_status cbc_read(const vector_port *p, sotto_bytes *ret_key, uint8_t ret_iv[16]) {
    *ret_key = port_bytes(p, "key");
    SOTTO_TRY(key_check(*ret_key, false));
    return port_fixed(p, "iv", ret_iv, 16, SOTTO_FAIL(MALFORMED));
}

sotto_status port_cbc_encrypt(vector_port *p) {
    sotto_bytes key;
    uint8_t iv[16];
    SOTTO_TRY(cbc_read(p, &key, iv));
    SOTTO_TRY(crypto_cbc_encrypt(&p->result, key.at, iv, port_bytes(p, "message")));
    return port_put_result(p, "ciphertext");
}

sotto_status port_cbc_decrypt(vector_port *p) {
    sotto_bytes key;
    uint8_t iv[16];
    SOTTO_TRY(cbc_read(p, &key, iv));
    SOTTO_TRY(crypto_cbc_decrypt(&p->result, key.at, iv, port_bytes(p, "ciphertext")));
    return port_put_result(p, "message");
}

/* SP 800-38D section 5.2.1.1: an IV is of any length but none. */
static sotto_status gcm_check(const vector_port *p) {
    size_t iv = port_bytes(p, "iv").len;
    SOTTO_TRY(key_check(port_bytes(p, "key"), true));
    if (iv == 0) return SOTTO_FAIL(MALFORMED);
    return iv == 12 || iv == 16 ? SOTTO_OK : PORT_UNSUPPORTED;
}

sotto_status port_gcm_encrypt(vector_port *p) {
    uint8_t tag[16];
    SOTTO_TRY(gcm_check(p));
    SOTTO_TRY(crypto_gcm_encrypt(&p->result, tag, port_bytes(p, "key"), port_bytes(p, "iv"), port_bytes(p, "aad"),
                                 port_bytes(p, "message")));
    SOTTO_TRY(port_put_result(p, "ciphertext"));
    port_put(p, "tag", bytes_of(tag, sizeof tag));
    return SOTTO_OK;
}

/* SP 800-38D section 5.2.1.2 knows tags of 16 bytes, of 12 to 15, and (appendix C) of 8 and 4. */
static sotto_status gcm_tag(const vector_port *p, uint8_t ret[16]) {
    size_t len = port_bytes(p, "tag").len;
    if ((len >= 12 && len <= 15) || len == 8 || len == 4) return PORT_UNSUPPORTED;
    return port_fixed(p, "tag", ret, 16, SOTTO_FAIL(MALFORMED));
}

sotto_status port_gcm_decrypt(vector_port *p) {
    uint8_t tag[16];
    SOTTO_TRY(gcm_check(p));
    SOTTO_TRY(gcm_tag(p, tag));
    SOTTO_TRY(crypto_gcm_decrypt(&p->result, port_bytes(p, "key"), port_bytes(p, "iv"), port_bytes(p, "aad"),
                                 port_bytes(p, "ciphertext"), tag));
    return port_put_result(p, "message");
}
