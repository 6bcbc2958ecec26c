/* SPDX-License-Identifier: ISC */
#include "engine/contact.h"

#include "bytes/cursor.h"
#include "engine/record.h"

#define CONTACT_VERSION 1u

static sotto_status contact_key(engine_key_room *room, sotto_bytes jid, sotto_bytes *ret) {
    bytes_buffer *key = engine_key_begin(room, 'C');
    bytes_buffer_put(key, jid);
    return bytes_buffer_end(key, ret);
}

sotto_status engine_contact_get(sotto_engine *engine, sotto_bytes jid, engine_contact *ret) {
    engine_key_room room;
    sotto_bytes key, value;
    SOTTO_TRY(contact_key(&room, jid, &key));
    sotto_status status = engine_record_get(engine, key, &value);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) {
        *ret = (engine_contact){0};
        return SOTTO_OK;
    }
    SOTTO_TRY(status);
    bytes_cursor in = bytes_cursor_over(value);
    uint8_t version = bytes_cursor_u8(&in), encrypt = bytes_cursor_u8(&in), flags = bytes_cursor_u8(&in);
    if (!sotto_ok(bytes_cursor_end(&in)) || version != CONTACT_VERSION || encrypt > SOTTO_ENCRYPT_NEVER)
        return SOTTO_FAIL(STORE_CORRUPT);
    *ret = (engine_contact){(sotto_encrypt)encrypt, (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0,
                            (flags & 8) != 0};
    return SOTTO_OK;
}

sotto_status engine_contact_put(sotto_engine *engine, sotto_bytes jid, const engine_contact *contact) {
    engine_key_room room;
    sotto_bytes key;
    SOTTO_TRY(contact_key(&room, jid, &key));
    uint8_t flags = (uint8_t)((contact->sticky ? 1 : 0) | (contact->spoken ? 2 : 0) | (contact->opted_out ? 4 : 0) |
                              (contact->verified ? 8 : 0));
    uint8_t value[] = {CONTACT_VERSION, (uint8_t)contact->encrypt, flags};
    return engine_record_put(engine, key, bytes_of(value, sizeof value));
}

engine_policy engine_contact_policy(const sotto_engine *engine, const engine_contact *contact, sotto_encrypt override) {
    sotto_encrypt encrypt = contact->encrypt != SOTTO_ENCRYPT_DEFAULT ? contact->encrypt : engine->encrypt;
    if (override == SOTTO_ENCRYPT_ALWAYS || override == SOTTO_ENCRYPT_NEVER) encrypt = override;
    if (encrypt == SOTTO_ENCRYPT_NEVER) return ENGINE_POLICY_NEVER;
    if (encrypt == SOTTO_ENCRYPT_ALWAYS) return ENGINE_POLICY_ALWAYS;
    return contact->sticky ? ENGINE_POLICY_STICKY : ENGINE_POLICY_AUTO;
}
