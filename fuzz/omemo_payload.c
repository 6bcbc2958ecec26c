/* SPDX-License-Identifier: ISC
 *
 * seal/omemo/payload.h: made up payloads never open; a true one opens as what it was, and not at all with a bit
 * changed anywhere. */
#include "seal/omemo/payload.h"

#include "dialects.h"
#include "rig.h"

static void made_up(const fuzz_host *host, sotto_bytes in) {
    static const uint8_t iv_bytes[OMEMO_PAYLOAD_IV_BYTES] = {1};
    sotto_bytes keys = fuzz_exact(fuzz_piece(&in, 64)), ciphertext = fuzz_exact(in);
    sotto_bytes iv = bytes_of(iv_bytes, fuzz_dialect->names->iv ? sizeof iv_bytes : 0);
    omemo_payload_keys fitting; /* for their length */
    omemo_payload_empty(fuzz_dialect, (const uint8_t[OMEMO_PAYLOAD_RANDOM_BYTES]){0}, &fitting);
    fitting.len = (uint8_t)(fitting.len + fuzz_dialect->payload_mac_size);
    bytes_buffer plain;
    bytes_buffer_owned(&plain, &host->host, 1u << 20);
    sotto_status status = omemo_payload_open(fuzz_dialect, keys, iv, ciphertext, &plain);
    MUST(sotto_is(status, keys.len == fitting.len ? SOTTO_E_BAD_MAC : SOTTO_E_MALFORMED));
    MUST(plain.len == 0);
    bytes_buffer_free(&plain);
    fuzz_exact_free(keys);
    fuzz_exact_free(ciphertext);
}

static void changed(const fuzz_host *host, sotto_bytes in) {
    uint32_t at = fuzz_u32(&in);
    uint8_t with = fuzz_u8(&in), key[32] = {1, 2, 3};
    omemo_payload_keys keys;
    bytes_buffer ciphertext, plain;
    bytes_buffer_owned(&ciphertext, &host->host, 1u << 20);
    bytes_buffer_owned(&plain, &host->host, 1u << 20);
    MUST_OK(omemo_payload_seal(fuzz_dialect, key, in, &ciphertext, &keys));
    size_t beside = (size_t)keys.len + keys.iv_len, where = at % (beside + ciphertext.len);
    if (where < keys.len)
        keys.bytes[where] ^= with;
    else if (where < beside)
        keys.iv[where - keys.len] ^= with;
    else
        ciphertext.at[where - beside] ^= with;
    sotto_status status =
        omemo_payload_open(fuzz_dialect, bytes_of(keys.bytes, keys.len), bytes_of(keys.iv, keys.iv_len),
                           bytes_of(ciphertext.at, ciphertext.len), &plain);
    MUST(sotto_ok(status) ? with == 0 && bytes_equal(bytes_of(plain.at, plain.len), in)
                          : with != 0 && sotto_is(status, SOTTO_E_BAD_MAC) && plain.len == 0);
    bytes_buffer_free(&ciphertext);
    bytes_buffer_free(&plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    MUST_OK(crypto_start());
    fuzz_host host;
    fuzz_host_start(&host);
    sotto_bytes in = bytes_of(data, size);
    if (fuzz_flip(&in))
        made_up(&host, in);
    else
        changed(&host, in);
    fuzz_host_end(&host);
    return 0;
}
