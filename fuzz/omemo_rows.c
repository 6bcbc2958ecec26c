/* SPDX-License-Identifier: ISC
 *
 * The records of the seal, as a damaged or foreign store could hold them: devices and sessions (seal/omemo/peer.h),
 * own keys (own.h), device lists, skipped keys, and the notes that come back with answers. What is accepted is written
 * again as the same bytes. The first byte chooses the kind. */
#include "env.h"
#include "seal/omemo/devices.h"
#include "seal/omemo/self.h"

#define JID BYTES_LITERAL("romeo@montague.example")

static void put(fuzz_env *env, uint32_t device, char what, sotto_bytes value) {
    omemo_row row;
    if (device == 0 && what == OMEMO_ROW_OWN)
        omemo_row_own(&row, what);
    else
        MUST_OK(omemo_row_device(&row, JID, device, what));
    MUST_OK(env->base.put(&env->base, omemo_row_key(&row), value));
}

/* The only record there is, after it was saved again. */
static void same(fuzz_env *env, sotto_bytes value) {
    sotto_bytes key = BYTES_NONE, now;
    MUST(env->records.count == 1 && bytes_map_from(&env->records, key, false, &key, &now));
    MUST(bytes_equal(now, value));
}

static void store_says(sotto_status status) {
    MUST(sotto_ok(status) || sotto_is(status, SOTTO_E_STORE_CORRUPT) || sotto_is(status, SOTTO_E_STORE_NEWER));
}

static void peer(fuzz_env *env, sotto_bytes value) {
    omemo_peer read;
    const omemo_dialect *dialect = omemo_dialects[value.len % OMEMO_DIALECTS];
    put(env, 7, omemo_row_in(OMEMO_ROW_DEVICE, dialect->number), value);
    sotto_status status = omemo_peer_load(&env->base, JID, dialect, 7, &read);
    store_says(status);
    if (!sotto_ok(status)) return;
    MUST(read.device == 7 && read.dialect == dialect);
    (void)omemo_peer_ready(&read, FUZZ_NOW_MS);
    MUST_OK(omemo_peer_save(&env->base, JID, &read));
    same(env, value);
}

static void previous(fuzz_env *env, sotto_bytes value) {
    omemo_previous read;
    omemo_peer of = omemo_peer_new(omemo_dialects[value.len % OMEMO_DIALECTS], 7);
    put(env, 7, omemo_row_in(OMEMO_ROW_PREVIOUS, of.dialect->number), value);
    sotto_status status = omemo_previous_load(&env->base, JID, &of, &read);
    store_says(status);
    if (!sotto_ok(status)) return;
    MUST_OK(omemo_previous_save(&env->base, JID, &of, &read));
    same(env, value);
}

static void own(fuzz_env *env, sotto_bytes value) {
    omemo_own read;
    put(env, 0, OMEMO_ROW_OWN, value);
    sotto_status status = omemo_own_load(&env->base, &read);
    store_says(status);
    if (!sotto_ok(status)) return;
    MUST(read.device != 0);
    (void)omemo_own_rotation(&read);
    (void)omemo_own_signed(&read, read.signed_id);
    MUST_OK(omemo_own_save(&env->base, &read));
    /* An older version is written as the newest, once. */
    sotto_bytes key, first, copy;
    MUST(bytes_map_from(&env->records, BYTES_NONE, false, &key, &first));
    MUST(bytes_arena_copy(&env->arena, first, &copy));
    MUST_OK(omemo_own_load(&env->base, &read));
    MUST_OK(omemo_own_save(&env->base, &read));
    same(env, copy);
    MUST(copy.at[0] != value.at[0] || bytes_equal(copy, value));
}

static void devices(fuzz_env *env, sotto_bytes value) {
    omemo_devices read;
    put(env, 0, OMEMO_ROW_LIST, value);
    sotto_status status = omemo_devices_load(&env->base, JID, &omemo_dialect_2, &read);
    store_says(status);
    if (!sotto_ok(status)) return;
    MUST(read.count <= SOTTO_OMEMO_DEVICES_MAX);
    MUST_OK(omemo_devices_save(&env->base, JID, &omemo_dialect_2, &read));
    same(env, value);
}

static void skipped(fuzz_env *env, sotto_bytes value) {
    omemo_skipped_rows rows;
    MUST_OK(omemo_skipped_open(&rows, &env->base, JID, 7, 1));
    omemo_row row = rows.prefix;
    omemo_row_u32(&row, 3);
    omemo_row_u32(&row, 0);
    MUST_OK(env->base.put(&env->base, omemo_row_key(&row), value));
    omemo_skipped port = omemo_skipped_port(&rows);
    uint8_t key[32];
    unsigned found = 0;
    for (uint32_t n = 0; n < 32; n++) {
        sotto_status status = port.find(port.arg, 3, n, key);
        if (!sotto_is(status, SOTTO_E_NOT_FOUND)) store_says(status);
        if (!sotto_ok(status) && !sotto_is(status, SOTTO_E_NOT_FOUND)) return;
        found += sotto_ok(status);
    }
    uint32_t chain = 0, last = 0;
    if (found > 1) {
        MUST_OK(port.evict(port.arg, 1, &chain, &last));
        MUST(chain == 3 && last < 32 && sotto_is(port.find(port.arg, 3, last, key), SOTTO_E_NOT_FOUND));
    }
    uint32_t gone = 0;
    MUST_OK(port.forget(port.arg, 3, &gone));
    MUST(gone == (found > 1 ? found - 1 : found) && env->records.count == 0);
}

static void labels(fuzz_env *env, sotto_bytes value) {
    omemo_labels *read = bytes_arena_take(&env->arena, sizeof *read);
    MUST(read != NULL);
    put(env, 0, OMEMO_ROW_LABELS, value);
    sotto_status status = omemo_labels_load(&env->base, JID, read);
    store_says(status);
    if (!sotto_ok(status)) return;
    for (uint32_t i = 0; i < read->count; i++) MUST(omemo_label_is_good(read->at[i].text));
    MUST_OK(omemo_labels_save(&env->base, JID, read));
    if (read->count > 0) same(env, value);
}

static void own_label(fuzz_env *env, sotto_bytes value) {
    omemo_label_own read;
    omemo_row row;
    omemo_row_own(&row, OMEMO_ROW_LABELS);
    MUST_OK(env->base.put(&env->base, omemo_row_key(&row), value));
    sotto_status status = omemo_label_own_load(&env->base, &read);
    store_says(status);
    if (!sotto_ok(status)) return;
    MUST_OK(omemo_label_own_save(&env->base, &read));
    if (read.text.len > 0 || read.renaming) same(env, value);
}

static void note(sotto_bytes value) {
    omemo_note read;
    omemo_note_text text;
    if (value.len > sizeof text.at || !sotto_ok(omemo_note_decode(value, &read))) return;
    MUST(bytes_equal(omemo_note_encode(&text, &read), value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_env env;
    fuzz_env_start(&env, "juliet@capulet.example");
    sotto_bytes in = bytes_of(data, size);
    uint8_t byte = fuzz_u8(&in), choice = byte < 0xfe ? byte % 6 : (uint8_t)(6 + (byte & 1));
    sotto_bytes value = fuzz_exact(in);
    void (*const kinds[])(fuzz_env *, sotto_bytes) = {peer, previous, own, devices, skipped, NULL, labels, own_label};
    if (choice == 5)
        note(value);
    else if (value.len > 0)
        kinds[choice](&env, value);
    fuzz_exact_free(value);
    fuzz_env_end(&env);
    return 0;
}
