/* SPDX-License-Identifier: ISC
 *
 * Lists of devices. */
#include "app/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/fingerprint.h"
#include "bytes/span.h"

#define NUMBER_DIGITS_MAX 10u /* of a device id; what is longer is the beginning of a fingerprint */
#define NARROW            78u /* columns that a fingerprint in one line needs, with its margin */
#define MARGIN            "     "

/* ---- reading ---- */

static sotto_status key_take(void *arg, const sotto_key *from) {
    app_keys *keys = arg;
    if (keys->count == APP_KEYS_MAX) return SOTTO_OK;
    app_key *key = &keys->at[keys->count++];
    *key = (app_key){.device = from->device,
                     .trust = from->trust,
                     .active = from->active,
                     .this_device = from->this_device,
                     .known = from->known,
                     .live = bytes_is(from->seal, "live"),
                     .first_seen_ms = from->first_seen_ms,
                     .last_used_ms = from->last_used_ms};
    memcpy(key->key, from->key, sizeof key->key);
    memcpy(key->fingerprint, from->fingerprint, sizeof key->fingerprint);
    memcpy(key->name, from->name, sizeof key->name);
    (void)snprintf(key->label, sizeof key->label, "%.*s", (int)from->label.len,
                   from->label.len > 0 ? (const char *)from->label.at : "");
    (void)snprintf(key->seal, sizeof key->seal, "%.*s", (int)from->seal.len, (const char *)from->seal.at);
    return SOTTO_OK;
}

/* Devices whose key is not known yet have not been seen: they come last, but for this device's own live key, about
 * which there is nothing to decide. */
static int key_order(const void *a, const void *b) {
    const app_key *one = a, *other = b;
    bool one_own = one->this_device && one->live, other_own = other->this_device && other->live;
    if (one_own != other_own) return one_own ? 1 : -1;
    if (one->this_device != other->this_device) return one->this_device ? -1 : 1;
    if (one->known != other->known) return one->known ? -1 : 1;
    if (one->first_seen_ms != other->first_seen_ms) return one->first_seen_ms < other->first_seen_ms ? -1 : 1;
    return (one->device > other->device) - (one->device < other->device);
}

sotto_status app_keys_read(app_keys *ret, sotto_engine *engine, const char *jid) {
    ret->count = 0;
    SOTTO_TRY(sotto_engine_keys(engine, bytes_text(jid), key_take, ret));
    qsort(ret->at, ret->count, sizeof *ret->at, key_order);
    return SOTTO_OK;
}

void app_keys_devices(app_keys *keys) {
    size_t count = 0;
    for (size_t i = 0; i < keys->count; i++)
        if (!keys->at[i].live) keys->at[count++] = keys->at[i];
    keys->count = count;
}

bool app_keys_any_verified(const app_keys *keys) {
    for (size_t i = 0; i < keys->count; i++)
        if (!keys->at[i].this_device && keys->at[i].trust == SOTTO_TRUST_VERIFIED) return true;
    return false;
}

/* ---- choosing ---- */

/* The number in the list goes before the device's own, which is longer nearly always. */
static app_keys_result choose_number(const app_keys *keys, unsigned long long number, size_t *ret_at) {
    size_t found = 0;
    if (number > 0 && number <= keys->count) {
        *ret_at = (size_t)number - 1;
        return APP_KEYS_ONE;
    }
    for (size_t i = 0; i < keys->count; i++) {
        if (keys->at[i].device != number) continue;
        if (found++ == 0) *ret_at = i;
    }
    return found == 1 ? APP_KEYS_ONE : found == 0 ? APP_KEYS_NONE : APP_KEYS_SEVERAL;
}

/* A store that came back from a backup goes on as another device with the same key (T18): one key, of which the device
 * in use is named. */
static bool is_better(const app_key *key, const app_key *chosen) {
    return key->active && !chosen->active && !chosen->this_device &&
           memcmp(key->key, chosen->key, sizeof key->key) == 0;
}

app_keys_result app_keys_choose(const app_keys *keys, const char *typed, size_t *ret_at) {
    size_t len = strlen(typed), found = 0;
    app_fingerprint_typed digits;
    if (len > 0 && len <= NUMBER_DIGITS_MAX && strspn(typed, "0123456789") == len)
        return choose_number(keys, strtoull(typed, NULL, 10), ret_at);
    if (!app_fingerprint_read(bytes_text(typed), &digits)) return APP_KEYS_UNREADABLE;
    for (size_t i = 0; i < keys->count; i++) {
        const app_key *key = &keys->at[i];
        if (!key->known || !app_fingerprint_fits(&digits, key->fingerprint)) continue;
        if (found > 0 && is_better(key, &keys->at[*ret_at])) *ret_at = i;
        if (found > 0 && memcmp(key->key, keys->at[*ret_at].key, sizeof key->key) == 0) continue;
        if (found++ == 0) *ret_at = i;
    }
    return found == 1 ? APP_KEYS_ONE : found == 0 ? APP_KEYS_NONE : APP_KEYS_SEVERAL;
}

/* ---- showing ---- */

const char *app_trust_text(sotto_trust trust) {
    static const char *const texts[] = {"not accepted yet", "accepted, not compared", "verified", "refused"};
    return (unsigned)trust < 4 ? texts[trust] : texts[0];
}

static app_colour trust_colour(sotto_trust trust) {
    static const app_colour colours[] = {APP_YELLOW, APP_PLAIN, APP_GREEN, APP_RED};
    return (unsigned)trust < 4 ? colours[trust] : APP_YELLOW;
}

/* In days, because a time of day is more than anybody wants to know here. */
static void print_last_used(const app_output *output, uint64_t last_ms, uint64_t now_ms) {
    char day[32];
    time_t seconds = (time_t)(last_ms / 1000);
    struct tm local;
    if (last_ms == 0) {
        app_print(output, APP_OUT, ", not heard from yet");
    } else if (last_ms <= now_ms && now_ms - last_ms < 86400000) {
        app_print(output, APP_OUT, ", heard from in the last day");
    } else if (localtime_r(&seconds, &local) && strftime(day, sizeof day, "%Y-%m-%d", &local) > 0) {
        app_print(output, APP_OUT, ", last heard from %s", day);
    }
}

static void print_fingerprint(const app_output *output, const app_key *key) {
    char text[APP_FINGERPRINT_TEXT_SIZE];
    app_fingerprint_text(key->fingerprint, text);
    if (output->screen.out_terminal && output->screen.width < NARROW) {
        text[35] = '\0'; /* the blank behind the fourth group */
        app_print(output, APP_OUT, MARGIN "%s\n" MARGIN "%s\n", text, text + 36);
    } else {
        app_print(output, APP_OUT, MARGIN "%s\n", text);
    }
}

/* What becomes of a key that was accepted without a comparison once another one of the same address was verified. */
static const char *key_text(const app_key *key, bool any_verified) {
    if (!key->known) return "its key could not be read";
    if (any_verified && key->trust == SOTTO_TRUST_BLIND)
        return "accepted, but not used any more: another key was verified";
    return app_trust_text(key->trust);
}

static void print_key(const app_output *output, const app_key *key, size_t number, bool any_verified, uint64_t now_ms) {
    app_print(output, APP_OUT, number < 10 ? " %zu   " : "%zu   ", number);
    if (key->live)
        app_print(output, APP_OUT, "live key, ");
    else
        app_print(output, APP_OUT, "device %u, ", (unsigned)key->device);
    if (key->this_device) {
        app_colour_to(output, APP_OUT, APP_BOLD);
        app_print(output, APP_OUT, "this one");
    } else {
        app_colour_to(output, APP_OUT, key->known ? trust_colour(key->trust) : APP_DIM);
        app_print(output, APP_OUT, "%s", key_text(key, any_verified));
    }
    app_colour_to(output, APP_OUT, APP_PLAIN);
    if (!key->this_device && key->known) print_last_used(output, key->last_used_ms, now_ms);
    /* The own device puts itself back when it is not there. */
    app_print(output, APP_OUT, "%s\n",
              key->active        ? ""
              : key->live        ? key->this_device ? "" : ", not in a session now"
              : key->this_device ? ", not on the server's list at the moment"
                                 : ", not on the list any more");
    if (key->known) print_fingerprint(output, key);
    /* At the end of a line of its own: nothing in it can look like what we say about the key (T10). */
    if (key->label[0] != '\0') app_print(output, APP_OUT, MARGIN "calls itself %s\n", key->label);
}

void app_keys_print(const app_output *output, const app_keys *keys, uint64_t now_ms) {
    bool any_verified = app_keys_any_verified(keys);
    for (size_t i = 0; i < keys->count; i++) print_key(output, &keys->at[i], i + 1, any_verified, now_ms);
}

void app_keys_json(bytes_buffer *to, const app_keys *keys, const char *jid) {
    for (size_t i = 0; i < keys->count; i++) {
        const app_key *key = &keys->at[i];
        app_json json = app_json_begin(to);
        app_json_number(&json, "number", i + 1);
        app_json_text(&json, "jid", bytes_text(jid));
        app_json_number(&json, "device", key->device);
        app_json_text(&json, "seal", bytes_text(key->seal));
        if (key->known)
            app_json_hex(&json, "fingerprint", bytes_of(key->fingerprint, sizeof key->fingerprint));
        else
            app_json_null(&json, "fingerprint");
        app_json_text(&json, "trust", bytes_text(sotto_trust_name(key->trust)));
        app_json_bool(&json, "active", key->active);
        app_json_bool(&json, "this_device", key->this_device);
        if (key->label[0] != '\0')
            app_json_text(&json, "label", bytes_text(key->label));
        else
            app_json_null(&json, "label");
        app_json_time(&json, "first_seen", key->first_seen_ms);
        app_json_time(&json, "last_used", key->last_used_ms);
        app_json_end(&json);
    }
}
