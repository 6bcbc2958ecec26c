/* SPDX-License-Identifier: ISC
 *
 * store/vault.h: the row that holds the key of the data, as a hostile file could hold it: made up, or a true one with
 * bytes changed. No key comes out but the true one, and no more work or memory is asked for than the limits allow
 * (Argon2id is replaced by the linker, and looks). */
#include "store/vault.h"

#include "crypto/hash.h"
#include "rig.h"

sotto_status __wrap_crypto_argon2id(uint8_t ret[32], sotto_bytes passphrase, const uint8_t salt[16], uint32_t passes,
                                    uint32_t kibibytes);

sotto_status __wrap_crypto_argon2id(uint8_t ret[32], sotto_bytes passphrase, const uint8_t salt[16], uint32_t passes,
                                    uint32_t kibibytes) {
    MUST(passes >= 1 && passes <= SOTTO_STORE_PASSES_MAX && kibibytes <= SOTTO_STORE_KIBIBYTES_MAX);
    const sotto_bytes parts[] = {bytes_of(salt, 16), bytes_of(&passes, 4), bytes_of(&kibibytes, 4)};
    return crypto_hmac(CRYPTO_SHA256, ret, passphrase, parts, 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t key[STORE_VAULT_KEY_BYTES] = {1, 2, 3};
    fuzz_host host;
    fuzz_host_start(&host);
    sotto_bytes in = bytes_of(data, size);
    uint8_t choice = fuzz_u8(&in), opened[STORE_VAULT_KEY_BYTES] = {0};
    store_secret secret = {.from_file = (choice & 1) != 0, .file_key = {7}, .passphrase = BYTES_LITERAL("sesame")};
    bytes_buffer row;
    bytes_buffer_owned(&row, &host.host, 1u << 16);
    bool changed = true;
    if (choice & 2) {
        bytes_buffer_put(&row, in);
    } else {
        MUST_OK(store_vault_seal(&row, key, &secret, &host.host));
        sotto_bytes before = fuzz_exact(bytes_of(row.at, row.len));
        while (in.len >= 2) {
            uint8_t at = fuzz_u8(&in);
            row.at[at % row.len] ^= fuzz_u8(&in);
        }
        changed = !bytes_equal(before, bytes_of(row.at, row.len));
        fuzz_exact_free(before);
    }
    sotto_bytes exact = fuzz_exact(bytes_of(row.at, row.len));
    sotto_status status = store_vault_open(opened, exact, &secret, &host.host);
    if (changed) MUST(sotto_is(status, SOTTO_E_WRONG_PASSPHRASE) || sotto_is(status, SOTTO_E_STORE_CORRUPT));
    MUST(sotto_ok(status) ? memcmp(opened, key, sizeof key) == 0 : opened[0] == 0);
    fuzz_exact_free(exact);
    bytes_buffer_free(&row);
    fuzz_host_end(&host);
    return 0;
}
