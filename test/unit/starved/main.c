/* SPDX-License-Identifier: ISC
 *
 * What becomes of every operation when memory or randomness is short. doc/starved.md. */
#include <stdio.h>
#include <string.h>

#include "starve.h"

/* An argument is the one group to run. */
int main(int argc, char **argv) {
    static const struct {
        const char *name;
        int (*run)(void);
    } groups[] = {{"crypto", crypto_group}, {"bytes", bytes_group}, {"stanza", stanza_group},
                  {"store", store_group},   {"tls", tls_group},     {"stream", stream_group},
                  {"engine", engine_group}, {"talk", talk_group},   {"everybody", everybody_group}};
    int failed = 0;
    if (!supply_install()) {
        (void)fputs("the allocators of the libraries cannot be replaced\n", stderr);
        return 1;
    }
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        if (argc < 2 || strcmp(argv[1], groups[i].name) == 0) failed += groups[i].run();
    return failed == 0 ? 0 : 1;
}
