/* SPDX-License-Identifier: ISC
 *
 * All tests of src/bytes. */
#include "groups.h"

int main(void) {
    int failed = memory_group() + status_group() + arena_group() + buffer_group() + cursor_group() + base64_group() +
                 map_group();
    return failed == 0 ? 0 : 1;
}
