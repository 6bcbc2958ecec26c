/* SPDX-License-Identifier: ISC
 *
 * seal/live/statement.h: bodies of statements, which anybody shows who proved a key, and requests to a host that are
 * made of them. The first byte chooses. What is read is written as the bytes it was read from. */
#include "seal/live/statement.h"

#include "rig.h"

static void body(fuzz_host *host, live_statement_type type, sotto_bytes text) {
    live_statement said;
    sotto_status status = live_statement_read(type, text, &said);
    MUST(sotto_ok(status) || sotto_is(status, SOTTO_E_MALFORMED));
    if (!sotto_ok(status)) return;
    MUST(fuzz_inside(said.signature, text) && said.signature.len > 0);
    MUST(said.certificate_count <= LIVE_STATEMENT_CERTIFICATES_MAX);
    for (size_t i = 0; i < said.certificate_count; i++) MUST(fuzz_inside(said.certificates[i], text));
    bytes_buffer out;
    sotto_bytes written;
    bytes_buffer_owned(&out, &host->host, text.len + 64);
    live_statement_write(&out, type, &said);
    MUST_OK(bytes_buffer_end(&out, &written));
    MUST(bytes_equal(written, text));
    bytes_buffer_free(&out);
}

static void request(sotto_bytes text) {
    live_statement_request got;
    sotto_status status = live_statement_request_read(text, &got);
    MUST(sotto_ok(status) || sotto_is(status, SOTTO_E_MALFORMED));
    if (!sotto_ok(status)) return;
    MUST(got.type == LIVE_STATEMENT_X509 || got.type == LIVE_STATEMENT_OPENPGP);
    MUST(fuzz_inside(got.jid, text) && fuzz_inside(got.binding, text) && fuzz_inside(got.said.signature, text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_host host;
    if (size == 0) return 0;
    fuzz_host_start(&host);
    sotto_bytes text = bytes_after(bytes_of(data, size), 1);
    if (data[0] >= LIVE_STATEMENT_X509 && data[0] <= LIVE_STATEMENT_OMEMO)
        body(&host, (live_statement_type)data[0], text);
    else
        request(text);
    fuzz_host_end(&host);
    return 0;
}
