/* SPDX-License-Identifier: ISC
 *
 * stream/scram.h as a client: what a hostile server may say, in lines. No server that does not know the password is
 * ever believed, and no more work is done than the limits allow (fuzz/cheap_derivation.c looks). A `*` in the input
 * stands for our nonce. */
#include "stream/scram.h"

#include "rig.h"

#define NONCE "rOprNGfwEbeRWgbNEkqO"

static void expand(bytes_buffer *out, sotto_bytes text) {
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '*')
            bytes_buffer_text(out, NONCE);
        else
            bytes_buffer_u8(out, text.at[i]);
    }
}

static void talk(const fuzz_host *host, stream_scram_client *client, sotto_bytes first, sotto_bytes final) {
    bytes_buffer said, ours;
    bytes_buffer_owned(&said, &host->host, 1u << 16);
    bytes_buffer_owned(&ours, &host->host, 1u << 16);
    MUST_OK(stream_scram_client_first(client, &ours));
    MUST(sotto_is(stream_scram_client_verify(client, final), SOTTO_E_STATE));
    expand(&said, first);
    size_t before = ours.len;
    sotto_bytes text;
    MUST_OK(bytes_buffer_end(&said, &text));
    sotto_status status = stream_scram_client_final(client, text, &ours);
    MUST(sotto_ok(status) || sotto_class(status) == SOTTO_CLASS_PEER);
    if (sotto_ok(status)) {
        MUST(bytes_starts_with(text, BYTES_LITERAL("r=" NONCE)));
        MUST(ours.len > before && ours.status.code == 0);
        status = stream_scram_client_verify(client, final);
        MUST(sotto_is(status, SOTTO_E_SERVER_UNPROVEN) || sotto_is(status, SOTTO_E_NOT_AUTHORIZED) ||
             sotto_is(status, SOTTO_E_LOGIN_REFUSED));
    } else {
        MUST(ours.len == before);
    }
    MUST(!stream_scram_client_proven(client));
    bytes_buffer_free(&said);
    bytes_buffer_free(&ours);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_host host;
    fuzz_host_start(&host);
    sotto_bytes in = bytes_of(data, size);
    size_t mechanisms = 0;
    while (stream_mechanisms[mechanisms].name) mechanisms++;
    uint8_t choice = fuzz_u8(&in);
    const stream_mechanism *mechanism = &stream_mechanisms[choice % mechanisms];
    static const uint8_t binding[32] = {1, 2, 3};
    stream_scram_login login = {.host = &host.host,
                                .mechanism = mechanism,
                                .name = BYTES_LITERAL("juliet"),
                                .password = BYTES_LITERAL("R0m30Myr0m30"),
                                .gs2 = mechanism->plus      ? STREAM_GS2_EXPORTER
                                       : (choice & 64) != 0 ? STREAM_GS2_UNOFFERED
                                                            : STREAM_GS2_UNUSED,
                                .binding = mechanism->plus ? bytes_of(binding, 32) : BYTES_NONE,
                                .nonce = BYTES_LITERAL(NONCE)};
    sotto_bytes first = fuzz_exact(fuzz_line(&in)), final = fuzz_exact(in);
    if (first.len < 2048) {
        stream_scram_client *client;
        MUST_OK(stream_scram_client_new(&client, &login));
        talk(&host, client, first, final);
        stream_scram_client_free(client);
    }
    fuzz_exact_free(first);
    fuzz_exact_free(final);
    fuzz_host_end(&host);
    return 0;
}
