/* SPDX-License-Identifier: ISC
 *
 * All tests of src/crypto. */
#include "crypto/curve.h"
#include "vectors.h"

int main(void) {
    if (!failure_install()) return 1;
    if (!sotto_ok(crypto_start())) return 1;
    if (!sotto_ok(crypto_start())) return 1; /* it may be called again */
    int failed = field_group() + hash_group() + cipher_group() + x25519_group() + ed25519_group() + xeddsa_group() +
                 convert_group() + cpace_group() + failure_group();
    return failed == 0 ? 0 : 1;
}
