/* SPDX-License-Identifier: ISC
 *
 * The one counter behind all allocators. */
#define OPENSSL_SUPPRESS_DEPRECATED /* RAND_METHOD: the one way to be asked for every draw */
#include "supply.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sqlite3.h>
#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *at, size_t size);
void __real_free(void *at);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *at, size_t size);
void __wrap_free(void *at);

#define RANDOM_START UINT64_C(88172645463325252)

static struct {
    supply_fault fault;
    bool armed, failed;
    bool spared[SUPPLY_SOURCES];
    supply_source failed_first;
    bool failed_of[SUPPLY_SOURCES];
    size_t counted[3]; /* allocations, draws, records */
    size_t lent[SUPPLY_SOURCES];
    size_t dirty;
    uint64_t random;
} supply = {.random = RANDOM_START};

static size_t kind_of(supply_source source) {
    return source == SUPPLY_STORE ? 2 : source >= SUPPLY_RANDOM;
}

/* Whether this one fails. */
static bool spend(supply_source source) {
    if (!supply.armed || supply.spared[source]) return false;
    size_t kind = kind_of(source), wanted = supply.fault.store ? 2 : supply.fault.random;
    size_t n = ++supply.counted[kind];
    if (supply.fault.at == 0 || kind != wanted || n < supply.fault.at) return false;
    if (n > supply.fault.at && !supply.fault.lasting) return false;
    if (!supply.failed) supply.failed_first = source;
    supply.failed = supply.failed_of[source] = true;
    return true;
}

/* ---- the host ---- */

static void *host_resize(void *arg, void *at, size_t old_size, size_t new_size) {
    (void)arg;
    const uint8_t *bytes = at;
    for (size_t i = 0; i < old_size; i++) {
        if (bytes[i] == 0) continue;
        supply.dirty++;
        break;
    }
    if (new_size > 0 && spend(SUPPLY_HOST)) return NULL;
    if (new_size == 0) {
        if (at) supply.lent[SUPPLY_HOST]--;
        __real_free(at);
        return NULL;
    }
    uint8_t *moved = __real_realloc(at, new_size);
    if (!moved) abort();
    if (!at) {
        supply.lent[SUPPLY_HOST]++;
        memset(moved, 0xa5, new_size); /* nobody may count on zeros */
    }
    return moved;
}

/* xorshift64* */
static uint8_t next_byte(void) {
    supply.random ^= supply.random >> 12;
    supply.random ^= supply.random << 25;
    supply.random ^= supply.random >> 27;
    return (uint8_t)(supply.random * UINT64_C(2685821657736338717) >> 56);
}

static sotto_status host_random(void *arg, void *out, size_t len) {
    (void)arg;
    uint8_t *at = out;
    bool fails = spend(SUPPLY_RANDOM);
    if (fails) len /= 2; /* a half filled buffer is the worst failure */
    for (size_t i = 0; i < len; i++) at[i] = next_byte();
    return fails ? SOTTO_FAIL(SYSTEM) : SOTTO_OK; /* whatever a host says: it is no randomness */
}

const sotto_host supply_host = {NULL, host_resize, host_random};

static void *quiet_resize(void *arg, void *at, size_t old_size, size_t new_size) {
    (void)arg, (void)old_size;
    if (new_size > 0) return __real_realloc(at, new_size);
    __real_free(at);
    return NULL;
}

static sotto_status quiet_random(void *arg, void *out, size_t len) {
    static uint8_t next;
    (void)arg;
    uint8_t *at = out;
    for (size_t i = 0; i < len; i++) at[i] = next++;
    return SOTTO_OK;
}

const sotto_host supply_quiet = {NULL, quiet_resize, quiet_random};

/* ---- malloc: the linker sends what this program's own objects call, and static libraries, here ---- */

void *__wrap_malloc(size_t size) {
    if (spend(SUPPLY_MALLOC)) return NULL;
    supply.lent[SUPPLY_MALLOC]++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
    if (spend(SUPPLY_MALLOC)) return NULL;
    supply.lent[SUPPLY_MALLOC]++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *at, size_t size) {
    if (spend(SUPPLY_MALLOC)) return NULL;
    if (!at) supply.lent[SUPPLY_MALLOC]++;
    return __real_realloc(at, size);
}

void __wrap_free(void *at) {
    if (at) supply.lent[SUPPLY_MALLOC]--;
    __real_free(at);
}

/* ---- SQLite ---- */

static sqlite3_mem_methods sqlite_real;

static void *sqlite_take(int size) {
    return spend(SUPPLY_SQLITE) ? NULL : sqlite_real.xMalloc(size);
}

static void *sqlite_retake(void *at, int size) {
    return spend(SUPPLY_SQLITE) ? NULL : sqlite_real.xRealloc(at, size);
}

/* ---- OpenSSL ---- */

static void *openssl_take(size_t size, const char *file, int line) {
    (void)file, (void)line;
    return spend(SUPPLY_OPENSSL) ? NULL : __real_malloc(size);
}

static void *openssl_retake(void *at, size_t size, const char *file, int line) {
    (void)file, (void)line;
    return spend(SUPPLY_OPENSSL) ? NULL : __real_realloc(at, size);
}

static void openssl_give(void *at, const char *file, int line) {
    (void)file, (void)line;
    __real_free(at);
}

static int openssl_random(unsigned char *out, int len) {
    if (spend(SUPPLY_TLS_RANDOM)) return 0;
    for (int i = 0; i < len; i++) out[i] = next_byte();
    return 1;
}

static int openssl_is_seeded(void) {
    return 1;
}

/* ---- installing and steering ---- */

bool supply_install(void) {
    if (CRYPTO_set_mem_functions(openssl_take, openssl_retake, openssl_give) != 1) return false;
    static const RAND_METHOD random = {
        .bytes = openssl_random, .pseudorand = openssl_random, .status = openssl_is_seeded};
    if (RAND_set_rand_method(&random) != 1) return false;
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_real) != SQLITE_OK) return false;
    sqlite3_mem_methods methods = sqlite_real;
    methods.xMalloc = sqlite_take;
    methods.xRealloc = sqlite_retake;
    return sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) == SQLITE_OK;
}

void supply_arm(supply_fault fault) {
    supply.fault = fault;
    supply.armed = true;
    supply.failed = false;
    supply.counted[0] = supply.counted[1] = supply.counted[2] = 0;
    memset(supply.failed_of, 0, sizeof supply.failed_of);
}

void supply_spare(supply_source source, bool spare) {
    supply.spared[source] = spare;
}

void supply_resume(void) {
    supply.armed = true;
}

void supply_stop(void) {
    supply.armed = false;
}

bool supply_failed(void) {
    return supply.failed;
}

supply_source supply_failed_first(void) {
    return supply.failed_first;
}

bool supply_failed_of(supply_source source) {
    return supply.failed_of[source];
}

const char *supply_source_name(supply_source source) {
    static const char *const names[SUPPLY_SOURCES] = {
        "own code", "malloc", "SQLite", "OpenSSL", "randomness", "OpenSSL's randomness", "the store"};
    return names[source];
}

size_t supply_counted(supply_source source) {
    return supply.counted[kind_of(source)];
}

bool supply_store_fails(void) {
    return spend(SUPPLY_STORE);
}

uint64_t supply_random_place(void) {
    return supply.random;
}

void supply_random_seek(uint64_t place) {
    supply.random = place;
}

size_t supply_lent(supply_source source) {
    return supply.lent[source];
}

size_t supply_dirty(void) {
    return supply.dirty;
}
