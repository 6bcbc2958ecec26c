/* SPDX-License-Identifier: ISC
 *
 * The SRV records of src/net/resolver.c, which reads what libunbound hands on of a hostile server's answer: a list of
 * records, each behind its length in the input. Names come out as host names or not at all. */
/* Its reading has no door of its own. NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "net/resolver.c"

#include "rig.h"

#define RECORDS_MAX 80

static void check(const net_srv *srv) {
    size_t len = strlen(srv->target);
    MUST(len > 0 && len <= NAME_BYTES_MAX);
    if (strcmp(srv->target, ".") == 0) return;
    MUST(srv->target[0] != '.' && srv->target[len - 1] != '.' && !strstr(srv->target, ".."));
    MUST(strspn(srv->target, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sotto_bytes in = bytes_of(data, size), records[RECORDS_MAX];
    char *at[RECORDS_MAX + 1] = {NULL};
    int lens[RECORDS_MAX];
    size_t count = 0;
    while (in.len > 0 && count < RECORDS_MAX) {
        records[count] = fuzz_exact(fuzz_piece(&in, 255));
        at[count] = (char *)(uintptr_t)records[count].at;
        lens[count] = (int)records[count].len;
        count++;
    }
    struct ub_result result = {.data = at, .len = lens};
    net_srv read[NET_SRV_MAX];
    size_t found = records_read(&result, read);
    MUST(found <= count && found <= NET_SRV_MAX);
    for (size_t i = 0; i < found; i++) check(&read[i]);
    for (size_t i = 0; i < count; i++) fuzz_exact_free(records[i]);
    return 0;
}
