/* SPDX-License-Identifier: ISC
 *
 * The tests of src/store. */
#include <sys/stat.h>

#include "fixture.h"

int main(void) {
    (void)umask(0022); /* what most people have; the tests of modes set others */
    use_failing_sqlite_memory();
    return run_conformance() + run_memory() + run_opening() + run_keys() + run_damage() + run_disk() +
           run_sqlite_memory();
}
