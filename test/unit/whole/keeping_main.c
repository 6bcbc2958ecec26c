/* SPDX-License-Identifier: ISC */
#include "keeping.h"

#include <unistd.h>

#define SECONDS_MAX  60
#define DRIVERS_NOTE BYTES_LITERAL("Ndriver")

sotto_status keeping_copy(void *store, sotto_bytes key, sotto_bytes value) {
    return bytes_equal(key, DRIVERS_NOTE) ? SOTTO_OK : frail_copy(store, key, value);
}

sotto_store *keeping_backup(device *d, const sotto_host *host) {
    sotto_store *store;
    assert_ok(sotto_store_memory(&store, host));
    assert_ok(sotto_engine_backup(d->engine, keeping_copy, store));
    return store;
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    schema_folder = argv[1];
    (void)alarm(SECONDS_MAX);
    return _cmocka_run_group_tests("whole: backup", backup_tests, backup_count, NULL, NULL) +
           _cmocka_run_group_tests("whole: upgrade", upgrade_tests, upgrade_count, NULL, NULL);
}
