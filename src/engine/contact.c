/* SPDX-License-Identifier: ISC
 *
 * Records: 'C' jid → what is remembered. Version 1 had no more than encrypt and four flags. */
#include "engine/contact.h"

#include <string.h>

#include "bytes/cursor.h"
#include "engine/ask.h"
#include "engine/doubt.h"
#include "engine/env.h"
#include "engine/output.h"
#include "engine/part.h"
#include "engine/record.h"
#include "trust/clear.h"
#include "trust/via.h"

#define VERSION_1       1u
#define CONTACT_VERSION 2u
#define DAY_MS          UINT64_C(86400000)

static sotto_status contact_key(engine_key_room *room, sotto_bytes jid, sotto_bytes *ret) {
    bytes_buffer *key = engine_key_begin(room, 'C');
    bytes_buffer_put(key, jid);
    return bytes_buffer_end(key, ret);
}

/* ---- records ---- */

static void read_more(bytes_cursor *in, engine_contact *contact) {
    contact->via = (sotto_via)bytes_cursor_u8(in);
    sotto_bytes name = bytes_cursor_block(in);
    contact->via_len = (uint8_t)(name.len <= sizeof contact->via_name ? name.len : UINT8_MAX);
    if (name.len > 0 && name.len <= sizeof contact->via_name) memcpy(contact->via_name, name.at, name.len);
    contact->clear_since_ms = bytes_cursor_u64(in);
    contact->clear_until_ms = bytes_cursor_u64(in);
    contact->kept_first = bytes_cursor_u32(in);
    contact->kept_next = bytes_cursor_u32(in);
    contact->kept_since_ms = bytes_cursor_u64(in);
}

static sotto_status decode(sotto_bytes value, engine_contact *ret) {
    bytes_cursor in = bytes_cursor_over(value);
    uint8_t version = bytes_cursor_u8(&in), encrypt = bytes_cursor_u8(&in), flags = bytes_cursor_u8(&in);
    engine_contact contact = {.encrypt = (sotto_encrypt)encrypt,
                              .sticky = (flags & 1) != 0,
                              .spoken = (flags & 2) != 0,
                              .opted_out = (flags & 4) != 0,
                              .verified = (flags & 8) != 0,
                              .doubtful = (flags & 16) != 0,
                              .gone = (flags & 32) != 0,
                              .live_gone = (flags & 64) != 0,
                              .live_told = (flags & 128) != 0};
    if (version == CONTACT_VERSION) read_more(&in, &contact);
    if (!sotto_ok(bytes_cursor_end(&in)) || version < VERSION_1 || version > CONTACT_VERSION ||
        encrypt > SOTTO_ENCRYPT_NEVER || (unsigned)contact.via > SOTTO_VIA_NAMED ||
        contact.via_len > sizeof contact.via_name || contact.kept_next - contact.kept_first > SOTTO_UNCONFIRMED_MAX)
        return SOTTO_FAIL(STORE_CORRUPT);
    *ret = contact;
    return SOTTO_OK;
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
    return decode(value, ret);
}

sotto_status engine_contact_put(sotto_engine *engine, sotto_bytes jid, const engine_contact *contact) {
    engine_key_room room;
    sotto_bytes key, value;
    uint8_t at[128];
    bytes_buffer out;
    SOTTO_TRY(contact_key(&room, jid, &key));
    bytes_buffer_borrowed(&out, at, sizeof at);
    bytes_buffer_u8(&out, CONTACT_VERSION);
    bytes_buffer_u8(&out, (uint8_t)contact->encrypt);
    bytes_buffer_u8(&out,
                    (uint8_t)((contact->sticky ? 1 : 0) | (contact->spoken ? 2 : 0) | (contact->opted_out ? 4 : 0) |
                              (contact->verified ? 8 : 0) | (contact->doubtful ? 16 : 0) | (contact->gone ? 32 : 0) |
                              (contact->live_gone ? 64 : 0) | (contact->live_told ? 128 : 0)));
    bytes_buffer_u8(&out, (uint8_t)contact->via);
    bytes_buffer_block(&out, bytes_of(contact->via_name, contact->via_len));
    bytes_buffer_u64(&out, contact->clear_since_ms);
    bytes_buffer_u64(&out, contact->clear_until_ms);
    bytes_buffer_u32(&out, contact->kept_first);
    bytes_buffer_u32(&out, contact->kept_next);
    bytes_buffer_u64(&out, contact->kept_since_ms);
    SOTTO_TRY(bytes_buffer_end(&out, &value));
    return engine_record_put(engine, key, value);
}

/* ---- what is in force ---- */

static trust_window window_of(const sotto_engine *engine, const engine_contact *contact) {
    return trust_window_at(contact->clear_since_ms, contact->clear_until_ms, engine->now_ms);
}

engine_policy engine_contact_policy(const sotto_engine *engine, const engine_contact *contact, sotto_encrypt override) {
    sotto_encrypt encrypt = contact->encrypt != SOTTO_ENCRYPT_DEFAULT ? contact->encrypt : engine->encrypt;
    if (window_of(engine, contact) == TRUST_WINDOW_OPEN) encrypt = SOTTO_ENCRYPT_NEVER;
    if (override == SOTTO_ENCRYPT_ALWAYS || override == SOTTO_ENCRYPT_NEVER) encrypt = override;
    if (encrypt == SOTTO_ENCRYPT_NEVER) return ENGINE_POLICY_NEVER;
    if (encrypt == SOTTO_ENCRYPT_ALWAYS) return ENGINE_POLICY_ALWAYS;
    return contact->sticky ? ENGINE_POLICY_STICKY : ENGINE_POLICY_AUTO;
}

static trust_via_seal via_seal_of(const seal_class *class, sotto_bytes name) {
    return (trust_via_seal){.stored = (class->can & SEAL_CAN_OFFLINE) != 0, .named = bytes_is(name, class->name)};
}

bool engine_contact_goes_by(const engine_contact *contact, const seal_class *class) {
    trust_via_seal seal = via_seal_of(class, bytes_of(contact->via_name, contact->via_len));
    return trust_via_allows(contact->via, &seal);
}

/* ---- what a person decides ---- */

sotto_status engine_contact_set(sotto_engine *engine, sotto_bytes jid, sotto_encrypt encrypt, uint64_t for_ms) {
    engine_contact contact;
    bool limited = for_ms > 0;
    if ((unsigned)encrypt > SOTTO_ENCRYPT_NEVER || (limited && encrypt != SOTTO_ENCRYPT_NEVER))
        return SOTTO_FAIL(USAGE);
    SOTTO_TRY(engine_contact_get(engine, jid, &contact));
    if (!limited) contact.encrypt = encrypt;
    contact.opted_out = false; /* whatever the policy says now, a person answered */
    contact.clear_since_ms = limited ? engine->now_ms : 0;
    contact.clear_until_ms = !limited ? 0 : for_ms > UINT64_MAX - engine->now_ms ? UINT64_MAX : engine->now_ms + for_ms;
    SOTTO_TRY(engine_contact_put(engine, jid, &contact));
    SOTTO_TRY(engine_changed_add(engine, jid));
    return limited ? engine_contact_review(engine) : SOTTO_OK;
}

sotto_status engine_contact_via(sotto_engine *engine, sotto_bytes jid, sotto_via via, sotto_bytes name) {
    engine_contact contact;
    bool named = via == SOTTO_VIA_NAMED, found = false;
    if ((unsigned)via > SOTTO_VIA_NAMED || (named && (name.len == 0 || name.len > ENGINE_VIA_BYTES_MAX)))
        return SOTTO_FAIL(USAGE);
    for (size_t i = 0; i < engine->seal_count; i++) {
        trust_via_seal seal = via_seal_of(engine->seals[i].class, name);
        found = found || trust_via_allows(via, &seal);
    }
    if (!found) return SOTTO_FAIL(NOT_FOUND);
    SOTTO_TRY(engine_contact_get(engine, jid, &contact));
    contact.via = via;
    contact.live_told = false;
    contact.via_len = named ? (uint8_t)name.len : 0;
    if (named) memcpy(contact.via_name, name.at, name.len);
    SOTTO_TRY(engine_contact_put(engine, jid, &contact));
    return engine_changed_add(engine, jid);
}

/* ---- what ends by itself ---- */

typedef struct contact_review {
    sotto_engine *engine;
    uint64_t next_ms; /* when a window ends */
    bool any_kept;
} contact_review;

static sotto_status review_window(contact_review *review, sotto_bytes jid, engine_contact *contact) {
    sotto_engine *engine = review->engine;
    switch (window_of(engine, contact)) {
    case TRUST_WINDOW_NONE:
        break;
    case TRUST_WINDOW_OPEN:
        if (contact->clear_until_ms < review->next_ms) review->next_ms = contact->clear_until_ms;
        break;
    case TRUST_WINDOW_OVER:
        contact->clear_since_ms = contact->clear_until_ms = 0;
        SOTTO_TRY(engine_contact_put(engine, jid, contact));
        SOTTO_TRY(engine_changed_add(engine, jid));
        return engine_event(engine, &(sotto_event){.kind = SOTTO_EVENT_POLICY_ENDED, .jid = jid});
    }
    return SOTTO_OK;
}

static sotto_status review_contact(void *arg, sotto_bytes key, sotto_bytes value) {
    contact_review *review = arg;
    engine_contact contact;
    sotto_bytes jid = bytes_after(key, 1);
    SOTTO_TRY(decode(value, &contact));
    SOTTO_TRY(review_window(review, jid, &contact));
    if (contact.kept_first == contact.kept_next) return SOTTO_OK;
    review->any_kept = true;
    return engine_doubt_silence(review->engine, jid, &contact);
}

sotto_status engine_contact_review(sotto_engine *engine) {
    contact_review review = {.engine = engine, .next_ms = UINT64_MAX};
    SOTTO_TRY(engine_record_scan(engine, BYTES_LITERAL("C"), review_contact, &review));
    if (review.any_kept) SOTTO_TRY(engine_contact_daily(engine));
    return engine_timer(engine, ENGINE_OWNER_CONTACT, BYTES_LITERAL("window"), review.next_ms);
}

sotto_status engine_contact_daily(sotto_engine *engine) {
    uint64_t days = engine->now_ms / DAY_MS + 1; /* midnight, so that asking for it again does not put it off */
    return engine_timer(engine, ENGINE_OWNER_CONTACT, BYTES_LITERAL("day"), days * DAY_MS);
}

sotto_status engine_contact_input(sotto_engine *engine, const seal_input *input) {
    return input->kind == SEAL_INPUT_TIMER ? engine_contact_review(engine) : SOTTO_OK;
}

/* ---- looking ---- */

sotto_status engine_contact_describe(sotto_engine *engine, sotto_bytes jid, sotto_contact *ret) {
    static const sotto_encrypt in_force[] = {[ENGINE_POLICY_NEVER] = SOTTO_ENCRYPT_NEVER,
                                             [ENGINE_POLICY_AUTO] = SOTTO_ENCRYPT_AUTO,
                                             [ENGINE_POLICY_STICKY] = SOTTO_ENCRYPT_AUTO,
                                             [ENGINE_POLICY_ALWAYS] = SOTTO_ENCRYPT_ALWAYS};
    engine_contact contact;
    sotto_bytes name;
    uint32_t missed;
    SOTTO_TRY(engine_contact_get(engine, jid, &contact));
    SOTTO_TRY(engine_doubt_missed(engine, jid, &contact, &missed));
    if (!bytes_arena_copy(&engine->arena, bytes_of(contact.via_name, contact.via_len), &name))
        return SOTTO_FAIL(NO_MEMORY);
    bool open = window_of(engine, &contact) == TRUST_WINDOW_OPEN;
    *ret = (sotto_contact){.encrypt = contact.encrypt,
                           .now = in_force[engine_contact_policy(engine, &contact, SOTTO_ENCRYPT_DEFAULT)],
                           .encrypted = contact.sticky,
                           .verified = contact.verified,
                           .opted_out = contact.opted_out,
                           .doubtful = contact.doubtful,
                           .clear_until_ms = open ? contact.clear_until_ms : 0,
                           .via = contact.via,
                           .name = name,
                           .unconfirmed = contact.kept_next - contact.kept_first,
                           .missed = missed};
    return SOTTO_OK;
}
