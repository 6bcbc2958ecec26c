/* SPDX-License-Identifier: ISC
 *
 * A program that speaks the session operations of the vector port: one request a line, `OPERATION name=value ...`, one
 * answer a line, `ok name=value ...` or `error NAME`. Bytes are lower-case hex, numbers decimal. It has no randomness
 * of its own. Tests alone use it; nothing that is installed takes private keys from outside. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/base64.h"
#include "bytes/memory.h"
#include "bytes/span.h"
#include "seal/omemo/exchange.h"
#include "seal/omemo/payload.h"
#include "skipped_memory.h"

#define SESSIONS_MAX   64
#define FIELDS_MAX     24
#define LINE_MAX_BYTES (1024u * 1024u)

typedef struct port_session {
    char name[64];
    bool there;
    omemo_session session;
    skipped_memory skipped;
    crypto_x25519_pair ratchet; /* for the next own pair */
    bool ratchet_there;
} port_session;

typedef struct port {
    const sotto_host *host;
    bytes_arena arena;
    const char *names[FIELDS_MAX];
    const char *values[FIELDS_MAX];
    size_t count;
    bytes_buffer out;
    port_session sessions[SESSIONS_MAX];
} port;

/* ---- fields ---- */

static const char *field(const port *p, const char *name) {
    for (size_t i = 0; i < p->count; i++) {
        if (strcmp(p->names[i], name) == 0) return p->values[i];
    }
    return NULL;
}

static sotto_status field_bytes(port *p, const char *name, sotto_bytes *ret) {
    const char *text = field(p, name);
    if (!text) return SOTTO_FAIL(USAGE);
    bytes_buffer buffer;
    bytes_buffer_owned(&buffer, p->host, LINE_MAX_BYTES);
    sotto_bytes read = BYTES_NONE;
    sotto_status status = bytes_hex_get(&buffer, bytes_text(text));
    if (sotto_ok(status)) status = bytes_buffer_end(&buffer, &read);
    if (sotto_ok(status) && !bytes_arena_copy(&p->arena, read, ret)) status = SOTTO_FAIL(NO_MEMORY);
    bytes_buffer_free(&buffer);
    return status;
}

static sotto_status field_fixed(port *p, const char *name, void *ret, size_t len) {
    sotto_bytes read;
    SOTTO_TRY(field_bytes(p, name, &read));
    if (read.len != len) return SOTTO_FAIL(MALFORMED);
    memcpy(ret, read.at, len);
    return SOTTO_OK;
}

static sotto_status field_number(const port *p, const char *name, uint32_t *ret) {
    const char *text = field(p, name);
    if (!text || *text == 0) return SOTTO_FAIL(USAGE);
    char *end;
    unsigned long long value = strtoull(text, &end, 10);
    if (*end != 0 || value > UINT32_MAX) return SOTTO_FAIL(USAGE);
    *ret = (uint32_t)value;
    return SOTTO_OK;
}

static sotto_status field_pair(port *p, const char *name, crypto_x25519_pair *ret) {
    crypto_x25519_private private_key;
    SOTTO_TRY(field_fixed(p, name, private_key.bytes, 32));
    return crypto_x25519_derive(ret, &private_key);
}

static sotto_status field_identity(port *p, crypto_identity *ret) {
    uint8_t secret[32];
    if (field(p, "identity-seed")) {
        SOTTO_TRY(field_fixed(p, "identity-seed", secret, 32));
        return crypto_identity_from_seed(ret, secret);
    }
    SOTTO_TRY(field_fixed(p, "identity", secret, 32));
    return crypto_identity_from_scalar(ret, secret);
}

static const omemo_dialect *field_dialect(const port *p) {
    const char *name = field(p, "dialect");
    return name && strcmp(name, "2") == 0 ? &omemo_dialect_2 : NULL;
}

/* The session of that name, or a free place for it. */
static port_session *field_session(port *p, bool make) {
    const char *name = field(p, "session");
    if (!name || strlen(name) >= sizeof p->sessions[0].name) return NULL;
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        if (p->sessions[i].there && strcmp(p->sessions[i].name, name) == 0) return &p->sessions[i];
    }
    for (size_t i = 0; make && i < SESSIONS_MAX; i++) {
        if (!p->sessions[i].there) return &p->sessions[i];
    }
    return NULL;
}

static void put_field(port *p, const char *name, sotto_bytes value) {
    bytes_buffer_u8(&p->out, ' ');
    bytes_buffer_text(&p->out, name);
    bytes_buffer_u8(&p->out, '=');
    bytes_hex_put(&p->out, value);
}

static void session_put(port *p, port_session *place, const omemo_session *session, const crypto_x25519_pair *ratchet) {
    memset(place, 0, sizeof *place);
    snprintf(place->name, sizeof place->name, "%s", field(p, "session"));
    place->there = true;
    place->session = *session;
    if (ratchet) place->ratchet = *ratchet;
    place->ratchet_there = ratchet != NULL;
}

/* ---- operations ---- */

static sotto_status do_verify(port *p) {
    const omemo_dialect *dialect = field_dialect(p);
    omemo_offer offer = {.prekey.bytes = {9}};
    if (!dialect) return SOTTO_FAIL(CANNOT_PROTECT);
    SOTTO_TRY(field_fixed(p, "identity", offer.identity.bytes, 32));
    SOTTO_TRY(field_fixed(p, "spk", offer.signed_key.bytes, 32));
    SOTTO_TRY(field_fixed(p, "signature", offer.signature.bytes, 64));
    return omemo_offer_verify(&offer, dialect);
}

static sotto_status do_initiate(port *p) {
    const omemo_dialect *dialect = field_dialect(p);
    port_session *place = field_session(p, true);
    crypto_identity own;
    crypto_x25519_pair ephemeral, ratchet;
    omemo_offer offer = {.verified = false};
    omemo_session session;
    if (!dialect) return SOTTO_FAIL(CANNOT_PROTECT);
    if (!place) return SOTTO_FAIL(USAGE);
    SOTTO_TRY(field_identity(p, &own));
    SOTTO_TRY(field_pair(p, "ephemeral", &ephemeral));
    SOTTO_TRY(field_pair(p, "ratchet", &ratchet));
    SOTTO_TRY(field_fixed(p, "peer-identity", offer.identity.bytes, 32));
    SOTTO_TRY(field_fixed(p, "peer-spk", offer.signed_key.bytes, 32));
    SOTTO_TRY(field_fixed(p, "peer-signature", offer.signature.bytes, 64));
    SOTTO_TRY(field_fixed(p, "peer-prekey", offer.prekey.bytes, 32));
    SOTTO_TRY(field_number(p, "peer-spk-id", &offer.signed_id));
    SOTTO_TRY(field_number(p, "peer-prekey-id", &offer.prekey_id));
    SOTTO_TRY(omemo_exchange_initiate(&session, dialect, &own, &ephemeral, &offer));
    session_put(p, place, &session, &ratchet);
    return SOTTO_OK;
}

static sotto_status session_read(port *p, omemo_session *session, skipped_memory *memory, sotto_bytes data) {
    omemo_message message;
    omemo_step step;
    omemo_skipped skipped = skipped_memory_port(memory);
    uint8_t plain_memory[512];
    bytes_buffer plain;
    sotto_bytes read;
    bytes_buffer_borrowed(&plain, plain_memory, sizeof plain_memory);
    SOTTO_TRY(omemo_dialect_2.read_message(data, &message));
    SOTTO_TRY(omemo_session_read(session, &omemo_dialect_2, &message, &skipped, &p->arena, &step, &plain));
    SOTTO_TRY(omemo_session_apply(session, &step, &skipped));
    SOTTO_TRY(bytes_buffer_end(&plain, &read));
    put_field(p, "message", read);
    return SOTTO_OK;
}

static sotto_status do_accept(port *p) {
    const omemo_dialect *dialect = field_dialect(p);
    port_session *place = field_session(p, true);
    crypto_identity own;
    crypto_x25519_pair signed_pair, prekey, ratchet;
    uint32_t signed_id, prekey_id;
    sotto_bytes data;
    omemo_kex kex;
    omemo_session session;
    if (!dialect) return SOTTO_FAIL(CANNOT_PROTECT);
    if (!place) return SOTTO_FAIL(USAGE);
    SOTTO_TRY(field_identity(p, &own));
    SOTTO_TRY(field_pair(p, "spk", &signed_pair));
    SOTTO_TRY(field_pair(p, "prekey", &prekey));
    SOTTO_TRY(field_pair(p, "ratchet", &ratchet));
    SOTTO_TRY(field_number(p, "spk-id", &signed_id));
    SOTTO_TRY(field_number(p, "prekey-id", &prekey_id));
    SOTTO_TRY(field_bytes(p, "kex", &data));
    SOTTO_TRY(dialect->read_exchange(data, &kex));
    if (kex.signed_id != signed_id || kex.prekey_id != prekey_id) return SOTTO_FAIL(NO_PREKEY);
    SOTTO_TRY(omemo_exchange_accept(&session, dialect, &own, &signed_pair, &prekey, &kex));
    skipped_memory *memory = bytes_arena_take(&p->arena, sizeof *memory);
    if (!memory) return SOTTO_FAIL(NO_MEMORY);
    SOTTO_TRY(session_read(p, &session, memory, kex.message));
    session_put(p, place, &session, &ratchet);
    place->skipped = *memory;
    return SOTTO_OK;
}

static sotto_status do_encrypt(port *p) {
    port_session *place = field_session(p, false);
    sotto_bytes message, written;
    if (!place) return SOTTO_FAIL(NO_SESSION);
    if (field(p, "ratchet")) {
        SOTTO_TRY(field_pair(p, "ratchet", &place->ratchet));
        place->ratchet_there = true;
    }
    SOTTO_TRY(field_bytes(p, "message", &message));
    uint8_t memory[1024];
    bytes_buffer data;
    bool kex;
    bytes_buffer_borrowed(&data, memory, sizeof memory);
    bool owed = omemo_session_owes(&place->session);
    if (owed && !place->ratchet_there) return SOTTO_FAIL(USAGE);
    SOTTO_TRY(omemo_session_write(&place->session, &omemo_dialect_2, &place->ratchet, message, &data, &kex));
    if (owed) place->ratchet_there = false;
    SOTTO_TRY(bytes_buffer_end(&data, &written));
    put_field(p, "data", written);
    bytes_buffer_text(&p->out, kex ? " kex=1" : " kex=0");
    return SOTTO_OK;
}

static sotto_status do_decrypt(port *p) {
    port_session *place = field_session(p, false);
    sotto_bytes data;
    uint32_t is_kex;
    omemo_kex kex;
    if (!place) return SOTTO_FAIL(NO_SESSION);
    SOTTO_TRY(field_bytes(p, "data", &data));
    SOTTO_TRY(field_number(p, "kex", &is_kex));
    if (is_kex) {
        SOTTO_TRY(omemo_dialect_2.read_exchange(data, &kex));
        if (memcmp(kex.ephemeral.bytes, place->session.ephemeral.bytes, 32) != 0) return SOTTO_FAIL(NO_SESSION);
        data = kex.message;
    }
    crypto_x25519_pair ratchet;
    bool given = field(p, "ratchet") != NULL;
    if (given) SOTTO_TRY(field_pair(p, "ratchet", &ratchet));
    SOTTO_TRY(session_read(p, &place->session, &place->skipped, data));
    if (given && omemo_session_owes(&place->session)) {
        place->ratchet = ratchet;
        place->ratchet_there = true;
    }
    return SOTTO_OK;
}

static sotto_status do_chain(port *p) {
    uint8_t chain[32], message[32], next[32], keys[80];
    if (!field_dialect(p)) return SOTTO_FAIL(CANNOT_PROTECT);
    SOTTO_TRY(field_fixed(p, "chain", chain, 32));
    omemo_session_chain(chain, message, next);
    SOTTO_TRY(omemo_session_expand(&omemo_dialect_2, message, keys));
    put_field(p, "cipher", bytes_of(keys, 32));
    put_field(p, "mac", bytes_of(keys + 32, 32));
    put_field(p, "iv", bytes_of(keys + 64, 16));
    put_field(p, "next", bytes_of(next, 32));
    return SOTTO_OK;
}

static sotto_status payload_put(port *p, const char *name, bytes_buffer *result) {
    sotto_bytes all;
    sotto_status status = bytes_buffer_end(result, &all);
    if (sotto_ok(status)) put_field(p, name, all);
    return status;
}

static sotto_status do_payload_seal(port *p) {
    uint8_t key[32], keys[48];
    sotto_bytes message;
    if (!field_dialect(p)) return SOTTO_FAIL(CANNOT_PROTECT);
    SOTTO_TRY(field_fixed(p, "key", key, 32));
    SOTTO_TRY(field_bytes(p, "message", &message));
    bytes_buffer result;
    bytes_buffer_owned(&result, p->host, LINE_MAX_BYTES);
    sotto_status status = omemo_payload_seal(&omemo_dialect_2, key, message, &result, keys);
    if (sotto_ok(status)) status = payload_put(p, "ciphertext", &result);
    if (sotto_ok(status)) put_field(p, "keys", bytes_of(keys, 48));
    bytes_buffer_free(&result);
    return status;
}

static sotto_status do_payload_open(port *p) {
    sotto_bytes keys, ciphertext;
    if (!field_dialect(p)) return SOTTO_FAIL(CANNOT_PROTECT);
    SOTTO_TRY(field_bytes(p, "keys", &keys));
    SOTTO_TRY(field_bytes(p, "ciphertext", &ciphertext));
    bytes_buffer result;
    bytes_buffer_owned(&result, p->host, LINE_MAX_BYTES);
    sotto_status status = omemo_payload_open(&omemo_dialect_2, keys, ciphertext, &result);
    if (sotto_ok(status)) status = payload_put(p, "message", &result);
    bytes_buffer_free(&result);
    return status;
}

static const struct {
    const char *name;
    sotto_status (*run)(port *);
} operations[] = {
    {"spk-verify", do_verify},
    {"initiate", do_initiate},
    {"accept", do_accept},
    {"encrypt", do_encrypt},
    {"decrypt", do_decrypt},
    {"chain-step", do_chain},
    {"payload-encrypt", do_payload_seal},
    {"payload-decrypt", do_payload_open},
};

/* ---- lines ---- */

static bool line_split(port *p, char *line) {
    p->count = 0;
    for (char *word = strtok(line, " "); word; word = strtok(NULL, " ")) {
        char *equals = strchr(word, '=');
        if (!equals || p->count == FIELDS_MAX) return false;
        *equals = 0;
        p->names[p->count] = word;
        p->values[p->count++] = equals + 1;
    }
    return true;
}

static void line_answer(port *p, char *line) {
    line[strcspn(line, "\r\n")] = 0;
    size_t name_len = strcspn(line, " ");
    char *rest = line + name_len;
    if (*rest != 0) *rest++ = 0;
    bytes_arena_mark mark = bytes_arena_here(&p->arena);
    bytes_buffer_reset(&p->out);
    const char *error = "unsupported";
    bool ok = false;
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        if (strcmp(operations[i].name, line) != 0) continue;
        sotto_status status = line_split(p, rest) ? operations[i].run(p) : SOTTO_FAIL(USAGE);
        ok = sotto_ok(status);
        error = sotto_is(status, SOTTO_E_CANNOT_PROTECT) ? "unsupported" : sotto_status_name(status);
        break;
    }
    sotto_bytes out;
    if (ok && sotto_ok(bytes_buffer_end(&p->out, &out))) {
        printf("ok%.*s\n", (int)out.len, out.len ? (const char *)out.at : "");
    } else {
        printf("error %s\n", error);
    }
    fflush(stdout);
    bytes_arena_back(&p->arena, mark);
}

int main(void) {
    static port p;
    static char line[LINE_MAX_BYTES + 2];
    p.host = sotto_host_default();
    bytes_arena_init(&p.arena, p.host, 16u * 1024 * 1024);
    bytes_buffer_owned(&p.out, p.host, 2 * LINE_MAX_BYTES);
    if (!sotto_ok(crypto_start())) return 1;
    while (fgets(line, sizeof line, stdin)) line_answer(&p, line);
    bytes_buffer_free(&p.out);
    bytes_arena_clear(&p.arena);
    bytes_wipe(&p, sizeof p);
    return 0;
}
