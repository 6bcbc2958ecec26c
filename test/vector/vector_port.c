/* SPDX-License-Identifier: ISC
 *
 * One request, one answer. What is not understood is `usage`; everything else that is refused has the product's own
 * name for it. */
#include "vector_port.h"

#include "bytes/base64.h"
#include "bytes/memory.h"
#include "port.h"

#define ARENA_BYTES_MAX (16u * 1024u * 1024u)

/* Which names each operation has: see port_request_read. */
static const struct {
    const char *name;
    port_operation *run;
    const char *names;
} operations[] = {
    {"x25519", port_x25519, "private public"},
    {"x25519-public", port_x25519_public, "private"},
    {"ed25519-verify", port_ed25519_verify, "public message signature"},
    {"xeddsa-sign", port_xeddsa_sign, "private message random"},
    {"xeddsa-verify", port_xeddsa_verify, "public message signature"},
    {"to-ed25519", port_to_ed25519, "public sign"},
    {"to-x25519", port_to_x25519, "public"},
    {"hkdf", port_hkdf, "hash ikm salt info size"},
    {"hmac", port_hmac, "hash key message"},
    {"hmac-verify", port_hmac_verify, "hash key message tag"},
    {"pbkdf2", port_pbkdf2, "hash password salt iterations size"},
    {"aes-cbc-encrypt", port_cbc_encrypt, "key iv message"},
    {"aes-cbc-decrypt", port_cbc_decrypt, "key iv ciphertext"},
    {"aes-gcm-encrypt", port_gcm_encrypt, "key iv aad message"},
    {"aes-gcm-decrypt", port_gcm_decrypt, "key iv aad ciphertext tag"},
    {"spk-verify", port_spk_verify, "dialect identity spk signature"},
    {"initiate", port_initiate,
     "dialect session identity? identity-seed? ephemeral ratchet peer-identity peer-spk peer-spk-id peer-signature "
     "peer-prekey peer-prekey-id registration?"},
    {"accept", port_accept,
     "dialect session identity? identity-seed? spk prekey spk-id prekey-id ratchet kex registration?"},
    {"encrypt", port_encrypt, "session message"},
    {"decrypt", port_decrypt, "session data kex! ratchet"},
    {"chain-step", port_chain_step, "dialect chain"},
    {"payload-encrypt", port_payload_encrypt, "dialect key iv? message"},
    {"payload-decrypt", port_payload_decrypt, "dialect keys iv? ciphertext"},
    {"x509-verify", port_x509_verify, "leaf intermediates? roots crls? time name? purpose depth? policies?"},
};

/* "No randomness of its own: what is random comes in". Operations hand on what came in; whatever asks the host fails.
 */
static sotto_status no_random(void *arg, void *out, size_t len) {
    (void)arg;
    bytes_wipe(out, len);
    return SOTTO_FAIL(NO_RANDOM);
}

sotto_status vector_port_new(vector_port **ret, const sotto_host *host, uint64_t pbkdf2_work) {
    SOTTO_TRY(crypto_start());
    vector_port *p = bytes_new(host, sizeof *p);
    if (!p) return SOTTO_FAIL(NO_MEMORY);
    p->memory = host;
    p->host = (sotto_host){.arg = host->arg, .resize = host->resize, .random = no_random};
    p->pbkdf2_work = pbkdf2_work;
    bytes_arena_init(&p->arena, &p->host, ARENA_BYTES_MAX);
    bytes_buffer_owned(&p->result, &p->host, VECTOR_PORT_LINE_MAX);
    bytes_buffer_owned(&p->out, &p->host, VECTOR_PORT_ANSWER_MAX - 16);
    *ret = p;
    return SOTTO_OK;
}

void vector_port_free(vector_port *p) {
    if (!p) return;
    const sotto_host *host = p->memory;
    port_sessions_free(p);
    bytes_buffer_free(&p->out);
    bytes_buffer_free(&p->result);
    bytes_arena_clear(&p->arena);
    bytes_free(host, p, sizeof *p);
}

static sotto_status run(vector_port *p, sotto_bytes line, sotto_bytes *ret) {
    size_t len = 0;
    if (line.len > VECTOR_PORT_LINE_MAX) return SOTTO_FAIL(TOO_LARGE);
    while (len < line.len && line.at[len] != ' ') len++;
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        if (!bytes_is(bytes_of(line.at, len), operations[i].name)) continue;
        SOTTO_TRY(port_request_read(p, bytes_after(line, len + 1), operations[i].names));
        SOTTO_TRY(operations[i].run(p));
        return bytes_buffer_end(&p->out, ret);
    }
    return SOTTO_FAIL(USAGE);
}

void vector_port_answer(vector_port *p, sotto_bytes line, bytes_buffer *ret) {
    bytes_arena_mark mark = bytes_arena_here(&p->arena);
    sotto_bytes out = BYTES_NONE;
    bytes_buffer_reset(&p->out);
    bytes_buffer_reset(&p->result);
    sotto_status status = run(p, line, &out);
    if (sotto_ok(status)) {
        bytes_buffer_text(ret, "ok");
        bytes_buffer_put(ret, out);
    } else {
        bytes_buffer_text(ret, "error ");
        bytes_buffer_text(ret, sotto_is(status, PORT_UNSUPPORTED.code) ? "unsupported" : sotto_status_name(status));
    }
    bytes_buffer_reset(&p->out);
    bytes_buffer_reset(&p->result);
    p->count = 0;
    bytes_arena_back(&p->arena, mark);
}

/* ---- answers ---- */

void port_put(vector_port *p, const char *name, sotto_bytes value) {
    bytes_buffer_u8(&p->out, ' ');
    bytes_buffer_text(&p->out, name);
    bytes_buffer_u8(&p->out, '=');
    bytes_hex_put(&p->out, value);
}

void port_put_number(vector_port *p, const char *name, uint64_t value) {
    bytes_buffer_u8(&p->out, ' ');
    bytes_buffer_text(&p->out, name);
    bytes_buffer_u8(&p->out, '=');
    bytes_buffer_decimal(&p->out, value);
}

sotto_status port_put_result(vector_port *p, const char *name) {
    sotto_bytes result;
    SOTTO_TRY(bytes_buffer_end(&p->result, &result));
    port_put(p, name, result);
    return SOTTO_OK;
}

sotto_status port_written(const vector_port *p) {
    sotto_bytes out;
    return bytes_buffer_end(&p->out, &out);
}
