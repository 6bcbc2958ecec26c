/* SPDX-License-Identifier: ISC
 *
 * Devices of somebody as people see them: numbered, this device first, then in the order in which they were first seen,
 * so that a device that turns up does not move the numbers of the others. */
#ifndef APP_KEYS_H
#define APP_KEYS_H

#include <sotto/engine.h>

#include "app/json.h"
#include "app/output.h"

#define APP_KEYS_MAX 256u /* of one address; more are left out, the newest ones */

typedef struct app_key {
    uint32_t device;
    uint8_t key[32], fingerprint[32];
    char seal[32];
    sotto_trust trust;
    bool active, this_device, known;
    bool live; /* of live sessions: `device` is a number for people alone, and no list has it */
    uint64_t first_seen_ms, last_used_ms;
    char label[4 * SOTTO_OMEMO_LABEL_POINTS_MAX + 1]; /* what its owner calls it, signed with its key; empty: nothing */
    uint8_t name[32];                                 /* as trust messages call it; zeros: they do not */
} app_key;

typedef struct app_keys {
    app_key at[APP_KEYS_MAX];
    size_t count;
} app_keys;

SOTTO_MUST_CHECK sotto_status app_keys_read(app_keys *ret, sotto_engine *, const char *jid);

/* Leaves out the keys of live sessions: what is left are devices with OMEMO. */
void app_keys_devices(app_keys *);

/* The one somebody means by its number in the list, a device id or a fingerprint (the words that were typed, joined by
 * blanks). */
typedef enum app_keys_result { APP_KEYS_ONE, APP_KEYS_NONE, APP_KEYS_SEVERAL, APP_KEYS_UNREADABLE } app_keys_result;
app_keys_result app_keys_choose(const app_keys *, const char *typed, size_t *ret_at);

/* Of this list, not counting this device: from then on what was accepted without a comparison is not used. */
bool app_keys_any_verified(const app_keys *);

const char *app_trust_text(sotto_trust);

void app_keys_print(const app_output *, const app_keys *, uint64_t now_ms);
void app_keys_json(bytes_buffer *, const app_keys *, const char *jid);

#endif
