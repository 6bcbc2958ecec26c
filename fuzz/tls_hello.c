/* SPDX-License-Identifier: ISC
 *
 * tls/hello.h: a ClientHello, before any TLS object is made for it. */
#include "tls/hello.h"

#include "rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    tls_hello hello = {.random = {1, 2, 3}};
    sotto_bytes text = fuzz_exact(bytes_of(data, size));
    sotto_status status = tls_hello_read(text, &hello);
    MUST(sotto_ok(status) || sotto_is(status, SOTTO_E_MALFORMED));
    if (sotto_ok(status)) MUST(fuzz_inside(hello.identity, text) && text.len > 5 + 4 + 2 + 32);
    if (!sotto_ok(status)) MUST(hello.random[2] == 3 && hello.identity.at == NULL);
    fuzz_exact_free(text);
    return 0;
}
