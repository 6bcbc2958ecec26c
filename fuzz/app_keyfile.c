/* SPDX-License-Identifier: ISC
 *
 * app/import/keyfile.h: every line that is handed on lies in the text, in order, and a mistake names a line that is
 * there; what the escapes make of a value is never longer than it was. */
#include "app/import/keyfile.h"

#include "rig.h"

typedef struct reading {
    sotto_bytes text;
    size_t lines;
} reading;

static bool line(void *arg, sotto_bytes group, sotto_bytes key, sotto_bytes value) {
    reading *r = arg;
    uint8_t plain[256];
    size_t len = 0;
    MUST(fuzz_inside(group, r->text) && fuzz_inside(key, r->text) && fuzz_inside(value, r->text));
    MUST(group.len > 0 && key.len > 0 && value.len <= APP_KEYFILE_VALUE_BYTES_MAX);
    MUST(group.at < key.at);
    r->lines++;
    if (value.len > sizeof plain || value.len == 0) return true;
    memcpy(plain, value.at, value.len);
    if (app_keyfile_plain(plain, value.len, &len)) MUST(len <= value.len);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sotto_bytes text = fuzz_exact(bytes_of(data, size));
    reading r = {.text = text};
    size_t at = 0, ends = 1;
    sotto_status status = app_keyfile_read(text, line, &r, &at);
    for (size_t i = 0; i < size; i++) ends += data[i] == '\n';
    MUST(sotto_ok(status) || sotto_is(status, SOTTO_E_MALFORMED));
    MUST(sotto_ok(status) ? at == 0 : at >= 1 && at <= ends);
    MUST(r.lines <= ends);
    fuzz_exact_free(text);
    return 0;
}
