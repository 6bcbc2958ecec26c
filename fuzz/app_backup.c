/* SPDX-License-Identifier: ISC
 *
 * app/backup: first the bytes as a whole file, which is never a good one (its key would have to be guessed); then,
 * sealed here with a key of ours, as what is inside: entries lie in their buffer and keep their limits. */
#include "app/backup/content.h"

#include <sotto/store.h>

#include "rig.h"

#define PASSPHRASE BYTES_LITERAL("fuzz")

typedef struct tape {
    bytes_buffer buffer;
    size_t read;
} tape;

static bool tape_write(void *arg, sotto_bytes bytes) {
    tape *t = arg;
    bytes_buffer_put(&t->buffer, bytes);
    return sotto_ok(t->buffer.status);
}

static bool tape_read(void *arg, uint8_t *to, size_t size, size_t *ret_len) {
    tape *t = arg;
    size_t rest = t->buffer.len - t->read;
    *ret_len = rest < size ? rest : size;
    if (*ret_len > 0) memcpy(to, t->buffer.at + t->read, *ret_len);
    t->read += *ret_len;
    return true;
}

/* A header of ours is costly to try; one of anybody's is refused before any work. */
static void whole(tape *t, sotto_bytes in) {
    app_unsealing *u = NULL;
    if (in.len > 24 && (in.at[17] | in.at[18] | in.at[19]) == 0 && in.at[20] > 1) return;
    if (in.len > 24 && (in.at[21] | in.at[22]) == 0 && in.at[23] > 1) return;
    bytes_buffer_put(&t->buffer, in);
    app_sealed_fault fault = app_unsealing_new(&u, PASSPHRASE, tape_read, t);
    MUST(fault != APP_SEALED_FINE && !u);
    MUST(*app_sealed_fault_text(fault));
}

static void inside(tape *t, sotto_bytes in) {
    static const app_sealed_cost cheap = {1, 8};
    app_sealing *s;
    app_unsealing *u;
    app_content_entry entry;
    bytes_buffer room;
    bytes_buffer_reset(&t->buffer);
    t->read = 0;
    MUST(app_sealing_new(&s, PASSPHRASE, &cheap, tape_write, t) == APP_SEALED_FINE);
    MUST(app_sealing_put(s, in) == APP_SEALED_FINE && app_sealing_end(s) == APP_SEALED_FINE);
    app_sealing_free(s);
    MUST(app_unsealing_new(&u, PASSPHRASE, tape_read, t) == APP_SEALED_FINE);
    bytes_buffer_owned(&room, sotto_host_default(), APP_CONTENT_ROOM_BYTES);
    while (app_content_next(u, &room, &entry) == APP_SEALED_FINE && entry.kind != APP_CONTENT_END) {
        sotto_bytes all = bytes_of(room.at, room.len);
        if (entry.kind == APP_CONTENT_RECORD) {
            MUST(fuzz_inside(entry.key, all) && fuzz_inside(entry.value, all));
            MUST(entry.key.len <= SOTTO_STORE_KEY_BYTES_MAX && entry.value.len <= SOTTO_RECORD_BYTES_MAX);
        } else {
            MUST(fuzz_inside(entry.about.account, all) && entry.about.account.len <= SOTTO_JID_BYTES_MAX);
        }
    }
    bytes_buffer_free(&room);
    app_unsealing_free(u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    tape t = {.read = 0};
    sotto_bytes in = fuzz_exact(bytes_of(data, size));
    bytes_buffer_owned(&t.buffer, sotto_host_default(), (size_t)64 * 1024 * 1024);
    whole(&t, in);
    inside(&t, in);
    bytes_buffer_free(&t.buffer);
    fuzz_exact_free(in);
    return 0;
}
