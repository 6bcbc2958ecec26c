/* SPDX-License-Identifier: ISC
 *
 * seal/omemo/wire.h, seal/omemo/wire_axolotl.h: what is read strictly is written, and read again, as the same. */
#include "seal/omemo/wire.h"

#include "dialects.h"
#include "rig.h"

static bool same_message(const omemo_message *a, const omemo_message *b) {
    return a->n == b->n && a->pn == b->pn && memcmp(&a->ratchet, &b->ratchet, 32) == 0 &&
           bytes_equal(a->ciphertext, b->ciphertext) && bytes_equal(a->mac, b->mac);
}

static void message(const fuzz_host *host, sotto_bytes text) {
    omemo_message read, again;
    sotto_status status = fuzz_dialect->read_message(text, &read);
    MUST(sotto_ok(status) || sotto_is(status, SOTTO_E_MALFORMED));
    if (!sotto_ok(status)) return;
    MUST(read.mac.len == fuzz_dialect->mac_size);
    MUST(fuzz_inside(read.body, text) && fuzz_inside(read.mac, text) && fuzz_inside(read.ciphertext, read.body));
    bytes_buffer body, whole;
    bytes_buffer_owned(&body, &host->host, 1u << 20);
    bytes_buffer_owned(&whole, &host->host, 1u << 20);
    fuzz_dialect->write_body(&body, &read);
    fuzz_dialect->write_message(&whole, bytes_of(body.at, body.len), read.mac);
    sotto_bytes written;
    MUST_OK(bytes_buffer_end(&whole, &written));
    MUST_OK(fuzz_dialect->read_message(written, &again));
    MUST(same_message(&read, &again));
    bytes_buffer_free(&body);
    bytes_buffer_free(&whole);
}

static void exchange(const fuzz_host *host, sotto_bytes text) {
    omemo_kex read, again;
    sotto_status status = fuzz_dialect->read_exchange(text, &read);
    MUST(sotto_ok(status) || sotto_is(status, SOTTO_E_MALFORMED) || sotto_is(status, SOTTO_E_NO_PREKEY));
    if (!sotto_ok(status)) return;
    uint32_t least = fuzz_dialect->key_id_least, most = fuzz_dialect->key_id_most;
    MUST(read.prekey_id >= 1 && read.prekey_id <= most && read.signed_id >= least && read.signed_id <= most);
    MUST(fuzz_inside(read.message, text));
    bytes_buffer whole;
    bytes_buffer_owned(&whole, &host->host, 1u << 20);
    fuzz_dialect->write_exchange(&whole, &read);
    sotto_bytes written;
    MUST_OK(bytes_buffer_end(&whole, &written));
    MUST_OK(fuzz_dialect->read_exchange(written, &again));
    MUST(read.prekey_id == again.prekey_id && read.signed_id == again.signed_id);
    MUST(read.registration == again.registration);
    MUST(memcmp(&read.identity, &again.identity, 32) == 0 && memcmp(&read.ephemeral, &again.ephemeral, 32) == 0);
    MUST(bytes_equal(read.message, again.message));
    message(host, read.message);
    bytes_buffer_free(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_host host;
    fuzz_host_start(&host);
    sotto_bytes text = fuzz_exact(bytes_of(data, size));
    message(&host, text);
    exchange(&host, text);
    fuzz_exact_free(text);
    fuzz_host_end(&host);
    return 0;
}
