/* SPDX-License-Identifier: ISC
 *
 * Curve25519: agreement, signatures, the two forms of a key. */
#include "port.h"

/* RFC 7748 section 5, decodeUCoordinate: "implementations of X25519 [...] MUST mask the most significant bit in the
 * final byte", and MUST take what is not below p modulo p. The product's own function takes a key in one form alone
 * (T26); here the function of the RFC is asked for, and its second vector has that bit set. */
static void decode_u(uint8_t u[32]) {
    static const uint8_t p[32] = {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};
    u[31] &= 127;
    if (memcmp(u + 1, p + 1, 31) != 0 || u[0] < p[0]) return;
    u[0] = (uint8_t)(u[0] - p[0]);
    memset(u + 1, 0, 31);
}

sotto_status port_x25519(vector_port *p) {
    crypto_x25519_private own;
    crypto_x25519_public peer;
    uint8_t shared[32];
    SOTTO_TRY(port_key(p, "private", own.bytes));
    SOTTO_TRY(port_key(p, "public", peer.bytes));
    decode_u(peer.bytes);
    SOTTO_TRY(crypto_x25519_agree(shared, &own, &peer));
    port_put(p, "shared", bytes_of(shared, 32));
    return SOTTO_OK;
}

sotto_status port_x25519_public(vector_port *p) {
    crypto_x25519_pair pair;
    SOTTO_TRY(port_pair(p, "private", &pair));
    port_put(p, "public", bytes_of(pair.public_key.bytes, 32));
    return SOTTO_OK;
}

static sotto_status signature_read(const vector_port *p, crypto_signature *ret) {
    return port_fixed(p, "signature", ret->bytes, 64, SOTTO_FAIL(BAD_SIGNATURE));
}

sotto_status port_ed25519_verify(vector_port *p) {
    crypto_ed25519_public key;
    crypto_signature signature;
    SOTTO_TRY(port_key(p, "public", key.bytes));
    SOTTO_TRY(signature_read(p, &signature));
    return crypto_ed25519_verify(&key, port_bytes(p, "message"), &signature);
}

sotto_status port_xeddsa_sign(vector_port *p) {
    uint8_t scalar[32], random[64];
    crypto_signature signature;
    SOTTO_TRY(port_key(p, "private", scalar));
    SOTTO_TRY(port_fixed(p, "random", random, sizeof random, SOTTO_FAIL(NO_RANDOM)));
    SOTTO_TRY(crypto_xeddsa_sign(&signature, scalar, port_bytes(p, "message"), random));
    port_put(p, "signature", bytes_of(signature.bytes, 64));
    return SOTTO_OK;
}

/* "the signature's top bit is the sign of the Edwards key": as clients of the 0.3 dialect have it, who cannot tell the
 * sign of a key they know as a Curve25519 one. */
sotto_status port_xeddsa_verify(vector_port *p) {
    crypto_x25519_public key;
    crypto_ed25519_public edwards;
    crypto_signature signature;
    SOTTO_TRY(port_key(p, "public", key.bytes));
    SOTTO_TRY(signature_read(p, &signature));
    int sign = signature.bytes[63] >> 7;
    signature.bytes[63] &= 127;
    SOTTO_TRY(crypto_x25519_to_ed25519(&edwards, &key, sign));
    return crypto_ed25519_verify(&edwards, port_bytes(p, "message"), &signature);
}

sotto_status port_to_ed25519(vector_port *p) {
    crypto_x25519_public key;
    crypto_ed25519_public edwards;
    SOTTO_TRY(port_key(p, "public", key.bytes));
    SOTTO_TRY(crypto_x25519_to_ed25519(&edwards, &key, (int)port_number(p, "sign")));
    port_put(p, "public", bytes_of(edwards.bytes, 32));
    return SOTTO_OK;
}

sotto_status port_to_x25519(vector_port *p) {
    crypto_ed25519_public key;
    crypto_x25519_public montgomery;
    SOTTO_TRY(port_key(p, "public", key.bytes));
    SOTTO_TRY(crypto_ed25519_to_x25519(&montgomery, &key));
    port_put(p, "public", bytes_of(montgomery.bytes, 32));
    return SOTTO_OK;
}
