/* SPDX-License-Identifier: ISC
 *
 * bytes/base64.h: what is read, written again, is the text without its blanks; hex likewise. */
#include "bytes/base64.h"

#include "rig.h"

/* `text` without blanks is `written`. */
static bool same_but_blanks(sotto_bytes text, sotto_bytes written) {
    size_t at = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
        if (at == written.len || written.at[at++] != c) return false;
    }
    return at == written.len;
}

static void base64(const fuzz_host *host, sotto_bytes text) {
    bytes_buffer decoded, encoded;
    bytes_buffer_owned(&decoded, &host->host, 1u << 20);
    bytes_buffer_owned(&encoded, &host->host, 1u << 21);
    sotto_bytes bytes, written;
    if (sotto_ok(bytes_base64_get(&decoded, text))) {
        MUST_OK(bytes_buffer_end(&decoded, &bytes));
        bytes_base64_put(&encoded, bytes);
        MUST_OK(bytes_buffer_end(&encoded, &written));
        MUST(written.len == bytes_base64_size(bytes.len) && same_but_blanks(text, written));
        sotto_bytes room = fuzz_exact(bytes);
        uint8_t *at = (uint8_t *)(uintptr_t)room.at;
        MUST_OK(bytes_base64_into(at, bytes.len, text));
        MUST(bytes_equal(room, bytes));
        if (bytes.len > 0) MUST(!sotto_ok(bytes_base64_into(at, bytes.len - 1, text)));
        fuzz_exact_free(room);
    } else {
        MUST(decoded.len == 0);
    }
    bytes_buffer_free(&decoded);
    bytes_buffer_free(&encoded);
}

static void hex(const fuzz_host *host, sotto_bytes text) {
    bytes_buffer decoded;
    bytes_buffer_owned(&decoded, &host->host, 1u << 20);
    if (sotto_ok(bytes_hex_get(&decoded, text)))
        MUST(decoded.len * 2 == text.len);
    else
        MUST(decoded.len == 0);
    bytes_buffer_free(&decoded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_host host;
    fuzz_host_start(&host);
    sotto_bytes text = fuzz_exact(bytes_of(data, size));
    base64(&host, text);
    hex(&host, text);
    fuzz_exact_free(text);
    fuzz_host_end(&host);
    return 0;
}
