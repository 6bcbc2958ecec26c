/* SPDX-License-Identifier: ISC
 *
 * The tests of the field once more, for its part that knows no integers of 128 bits. */
#include "vectors.h"

int main(void) {
    return field_group() == 0 ? 0 : 1;
}
