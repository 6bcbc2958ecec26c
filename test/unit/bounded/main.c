/* SPDX-License-Identifier: ISC
 *
 * Limits of include/sotto/limits.h as a peer reaches them, where no test of a module does (tools/check-limits holds
 * that each is reached somewhere), and what may be computed before anything is authenticated. */
#include "work.h"

#include "crypto/curve.h"

int main(void) {
    if (!sotto_ok(crypto_start())) return 1;
    int failed = forged_group() + omemo_group() + engine_group() + login_group();
    return failed == 0 ? 0 : 1;
}
