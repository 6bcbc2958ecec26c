/* SPDX-License-Identifier: ISC
 *
 * stream/scram.h as a server: what a hostile client may say, in lines. Nobody logs in who does not know the password. A
 * `*` stands for the server's nonce. */
#include "rig.h"
#include "stream/scram.h"

#define NONCE "3rfcNHYJY1ZVvWVs7j"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_host host;
    fuzz_host_start(&host);
    sotto_bytes in = bytes_of(data, size);
    uint8_t choice = fuzz_u8(&in);
    size_t mechanisms = 0;
    while (stream_mechanisms[mechanisms].name) mechanisms++;
    const stream_mechanism *mechanism = &stream_mechanisms[choice % mechanisms];
    static const uint8_t binding[32] = {1, 2, 3};
    stream_scram_offer offer = {.host = &host.host,
                                .mechanism = mechanism,
                                .binding = bytes_of(binding, (choice & 64) != 0 || mechanism->plus ? 32 : 0),
                                .plus_offered = (choice & 128) != 0,
                                .nonce = BYTES_LITERAL(NONCE)};
    stream_scram_server *server;
    MUST_OK(stream_scram_server_new(&server, &offer));
    stream_scram_keys keys = {.stored = {9}, .server = {8}, .salt = {1, 2, 3, 4}, .salt_len = 4, .iterations = 4096};
    sotto_bytes first = fuzz_exact(fuzz_line(&in)), name = BYTES_NONE, text;
    bytes_buffer out, final;
    bytes_buffer_owned(&out, &host.host, 1u << 16);
    bytes_buffer_owned(&final, &host.host, 1u << 20);
    for (size_t i = 0; i < in.len && i < 8192; i++) {
        if (in.at[i] == '*')
            bytes_buffer_text(&final, NONCE);
        else
            bytes_buffer_u8(&final, in.at[i]);
    }
    MUST_OK(bytes_buffer_end(&final, &text));
    sotto_status status = stream_scram_server_read_first(server, first, &name);
    if (sotto_ok(status)) {
        MUST(name.len > 0);
        (void)fuzz_touch(name);
        MUST_OK(stream_scram_server_first(server, &keys, &out));
        size_t before = out.len;
        status = stream_scram_server_final(server, text, &out);
        MUST(!sotto_ok(status) && sotto_class(status) != SOTTO_CLASS_OURS && out.len == before);
    } else {
        MUST(sotto_is(status, SOTTO_E_MALFORMED) || sotto_is(status, SOTTO_E_LOGIN_REFUSED) ||
             sotto_is(status, SOTTO_E_TOO_LARGE));
    }
    fuzz_exact_free(first);
    bytes_buffer_free(&out);
    bytes_buffer_free(&final);
    stream_scram_server_free(server);
    fuzz_host_end(&host);
    return 0;
}
