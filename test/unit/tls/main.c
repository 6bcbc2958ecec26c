/* SPDX-License-Identifier: ISC
 *
 * Runs every group of src/tls's tests. */
#include "groups.h"

int main(void) {
    return context_group() + engine_group() + facts_group() + limits_group() + statement_group();
}
