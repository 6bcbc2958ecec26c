/* SPDX-License-Identifier: ISC
 *
 * Runs every case and prints TAP: a case passes when its results are right and memcheck had nothing to say. The last
 * three are controls: code that leaks on purpose, which must be reported, so that the check is known to see. */
#include <stdio.h>

#include "bytes/span.h"
#include "crypto/curve.h"
#include "secrets.h"

static const constant_case *const groups[] = {bytes_cases,   crypto_cases, live_cases,
                                              ratchet_cases, record_cases, login_cases};
#define GROUPS (sizeof groups / sizeof *groups)

/* ---- controls ---- */

static bool leaky_equal(const volatile uint8_t *a, const volatile uint8_t *b, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (a[i] != b[i]) return false;
    }
    return true;
}

static bool control_compare(void) {
    uint8_t mac[16];
    static const uint8_t given[16] = {1, 2, 3};
    secret_make(mac, sizeof mac);
    volatile bool same = leaky_equal(mac, given, sizeof mac);
    (void)same;
    return true;
}

static bool control_table(void) {
    static const volatile uint8_t table[256] = {7};
    uint8_t key[1];
    secret_make(key, sizeof key);
    volatile uint8_t found = table[key[0]];
    (void)found;
    return true;
}

/* The span type's own compare is for public bytes: it must never be mistaken for crypto_equal. */
static bool control_bytes_equal(void) {
    uint8_t mac[16];
    static const uint8_t given[16] = {1, 2, 3};
    volatile size_t len = sizeof mac; /* of a length that is not known, the compiler makes no comparison of its own */
    secret_make(mac, sizeof mac);
    volatile bool same = bytes_equal(bytes_of(mac, len), bytes_of(given, len));
    (void)same;
    return true;
}

static const constant_case controls[] = {
    {"control: a comparison that stops at the first difference is reported", control_compare},
    {"control: a table read at a secret place is reported", control_table},
    {"control: bytes_equal over a secret is reported", control_bytes_equal},
    {NULL, NULL},
};

/* ---- running ---- */

static unsigned failed, number;

static void run(const constant_case *one, bool leaky) {
    unsigned before = secrets_reports();
    bool right = one->run();
    must_be_public(&right, sizeof right);
    unsigned reports = secrets_reports() - before;
    bool good = right && (reports > 0) == leaky;
    printf("%s %u - %s\n", good ? "ok" : "not ok", ++number, one->name);
    if (!right) printf("# the result is wrong\n");
    if (reports > 0 && !leaky) printf("# %u places depend on a secret; what valgrind says of them is above\n", reports);
    if (reports == 0 && leaky) printf("# not reported: this check sees nothing\n");
    fflush(stdout);
    if (!good) failed++;
}

int main(void) {
    size_t count = 0;
    for (size_t i = 0; i < GROUPS; i++) {
        for (const constant_case *one = groups[i]; one->name; one++) count++;
    }
    for (const constant_case *one = controls; one->name; one++) count++;
    if (!secrets_watched() || !sotto_ok(crypto_start())) {
        printf("Bail out! This program says something only under valgrind --tool=memcheck\n");
        return 1;
    }
    printf("1..%zu\n", count);
    for (size_t i = 0; i < GROUPS; i++) {
        for (const constant_case *one = groups[i]; one->name; one++) run(one, false);
    }
    for (const constant_case *one = controls; one->name; one++) run(one, true);
    return failed == 0 ? 0 : 1;
}
