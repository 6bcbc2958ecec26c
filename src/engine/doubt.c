/* SPDX-License-Identifier: ISC
 *
 * Records: 'U' jid 0 number → a message nobody confirmed: when it was sent, the keys that got it, the stanza. The
 * numbers of one contact run from kept_first to kept_next in its record; those between that were confirmed are gone. */
#include "engine/doubt.h"

#include <string.h>

#include "bytes/cursor.h"
#include "engine/keyring.h"
#include "engine/output.h"
#include "engine/record.h"
#include "engine/send.h"
#include "trust/doubt.h"

#define ROW_VERSION 1u
#define DAY_MS      UINT64_C(86400000)

typedef struct kept {
    uint64_t since_ms;
    sotto_bytes got;    /* ENGINE_GOT_BYTES each */
    sotto_bytes stanza; /* as the application gave it */
} kept;

/* ---- records ---- */

static sotto_bytes row_key(engine_key_room *room, sotto_bytes jid, uint32_t number) {
    bytes_buffer *out = engine_key_begin(room, 'U');
    bytes_buffer_put(out, jid);
    bytes_buffer_u8(out, 0);
    bytes_buffer_u32(out, number);
    sotto_bytes ret = BYTES_NONE;
    return sotto_ok(bytes_buffer_end(out, &ret)) ? ret : BYTES_NONE;
}

static sotto_status row_get(sotto_engine *engine, sotto_bytes jid, uint32_t number, kept *ret, bool *ret_is) {
    engine_key_room room;
    sotto_bytes value;
    sotto_status status = engine_record_get(engine, row_key(&room, jid, number), &value);
    *ret_is = sotto_ok(status);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    bytes_cursor in = bytes_cursor_over(value);
    uint8_t version = bytes_cursor_u8(&in);
    kept row = {.since_ms = bytes_cursor_u64(&in)};
    row.got = bytes_cursor_block(&in);
    row.stanza = bytes_cursor_block(&in);
    if (!sotto_ok(bytes_cursor_end(&in)) || version != ROW_VERSION) return SOTTO_FAIL(STORE_CORRUPT);
    *ret = row;
    return SOTTO_OK;
}

static sotto_status row_put(sotto_engine *engine, sotto_bytes jid, uint32_t number, const kept *row) {
    engine_key_room room;
    bytes_buffer out;
    sotto_bytes value;
    bytes_buffer_owned(&out, engine->host, SOTTO_RECORD_BYTES_MAX);
    bytes_buffer_u8(&out, ROW_VERSION);
    bytes_buffer_u64(&out, row->since_ms);
    bytes_buffer_block(&out, row->got);
    bytes_buffer_block(&out, row->stanza);
    sotto_status status = bytes_buffer_end(&out, &value);
    if (sotto_ok(status)) status = engine_record_put(engine, row_key(&room, jid, number), value);
    bytes_buffer_free(&out);
    return status;
}

static sotto_status row_drop(sotto_engine *engine, sotto_bytes jid, uint32_t number) {
    engine_key_room room;
    return engine_record_put(engine, row_key(&room, jid, number), BYTES_NONE);
}

static bool has_got(sotto_bytes got, const uint8_t *key) {
    for (size_t i = 0; i + ENGINE_GOT_BYTES <= got.len; i += ENGINE_GOT_BYTES)
        if (memcmp(got.at + i, key, ENGINE_GOT_BYTES) == 0) return true;
    return false;
}

/* ---- keeping ---- */

/* The contact's own keys among those it was sealed for, after those that had it before. */
static sotto_status got_of(sotto_engine *engine, sotto_bytes jid, sotto_bytes before, const seal_keys *allowed,
                           sotto_bytes *ret) {
    uint8_t *at = bytes_arena_take(&engine->arena, before.len + (allowed->count + 1) * ENGINE_GOT_BYTES);
    if (at == NULL) return SOTTO_FAIL(NO_MEMORY);
    size_t len = before.len;
    if (len > 0) memcpy(at, before.at, len);
    for (size_t i = 0; i < allowed->count; i++) {
        const seal_key *key = &allowed->at[i];
        if (!bytes_equal(key->jid, jid) || has_got(bytes_of(at, len), key->key)) continue;
        memcpy(at + len, key->key, ENGINE_GOT_BYTES);
        len += ENGINE_GOT_BYTES;
    }
    *ret = bytes_of(at, len);
    return SOTTO_OK;
}

static bool has_text(const stanza_element *stanza) {
    return stanza_is(stanza, "message", STANZA_NS_CLIENT) && stanza_child(stanza, "body", STANZA_NS_CLIENT) != NULL;
}

sotto_status engine_doubt_sent(sotto_engine *engine, sotto_bytes jid, const stanza_element *stanza,
                               const seal_keys *allowed, engine_contact *contact, bool *ret_changed) {
    kept row = {.since_ms = engine->now_ms, .stanza = stanza->raw};
    *ret_changed = false;
    if (!has_text(stanza) || row.stanza.len > SOTTO_UNCONFIRMED_BYTES_MAX || bytes_equal(jid, engine->account.bare))
        return SOTTO_OK;
    SOTTO_TRY(got_of(engine, jid, BYTES_NONE, allowed, &row.got));
    if (row.got.len == 0) return SOTTO_OK; /* a room's, or not for this contact at all */
    bool first = contact->kept_first == contact->kept_next;
    if (contact->kept_next - contact->kept_first >= SOTTO_UNCONFIRMED_MAX) {
        SOTTO_TRY(row_drop(engine, jid, contact->kept_first));
        contact->kept_first++;
    }
    SOTTO_TRY(row_put(engine, jid, contact->kept_next, &row));
    contact->kept_next++;
    if (first) contact->kept_since_ms = engine->now_ms;
    *ret_changed = true;
    return first ? engine_contact_daily(engine) : SOTTO_OK;
}

/* Calls for every message that is kept, oldest first; one that says so goes. Afterwards the contact's numbers fit. */
typedef sotto_status kept_visit(void *arg, uint32_t number, const kept *, bool *ret_drop);

static sotto_status kept_each(sotto_engine *engine, sotto_bytes jid, engine_contact *contact, kept_visit *visit,
                              void *arg) {
    uint32_t first = contact->kept_next;
    uint64_t since_ms = 0;
    for (uint32_t number = contact->kept_first; number != contact->kept_next; number++) {
        bytes_arena_mark mark = bytes_arena_here(&engine->arena);
        kept row;
        bool is, drop = false;
        SOTTO_TRY(row_get(engine, jid, number, &row, &is));
        if (!is) continue;
        SOTTO_TRY(visit(arg, number, &row, &drop));
        if (drop) {
            SOTTO_TRY(row_drop(engine, jid, number));
        } else if (first == contact->kept_next) {
            first = number;
            since_ms = row.since_ms;
        }
        bytes_arena_back(&engine->arena, mark);
    }
    contact->kept_first = first;
    contact->kept_since_ms = since_ms;
    return SOTTO_OK;
}

/* ---- confirming ---- */

typedef struct confirmation {
    const uint8_t *key;
    uint64_t time_ms;
} confirmation;

/* A device that speaks has what was sealed for it before. */
static sotto_status confirm(void *arg, uint32_t number, const kept *row, bool *ret_drop) {
    const confirmation *c = arg;
    (void)number;
    *ret_drop = row->since_ms <= c->time_ms && has_got(row->got, c->key);
    return SOTTO_OK;
}

static trust_doubt_facts facts_of(const engine_contact *contact, bool missed) {
    return (trust_doubt_facts){.encrypted = contact->sticky, .doubtful = contact->doubtful, .missed = missed};
}

sotto_status engine_doubt_arrived(sotto_engine *engine, const engine_arrival *a, const seal_key *key) {
    engine_contact contact;
    if (bytes_equal(key->jid, engine->account.bare)) return SOTTO_OK;
    SOTTO_TRY(engine_contact_get(engine, key->jid, &contact));
    bool any = contact.kept_first != contact.kept_next;
    if (!any && !contact.doubtful) return SOTTO_OK;
    bool accepted;
    SOTTO_TRY(engine_keyring_accepts(engine, key->jid, key->key, &accepted));
    if (!accepted) return SOTTO_OK;
    confirmation c = {key->key, a->time_ms};
    uint32_t before = contact.kept_first;
    if (any) SOTTO_TRY(kept_each(engine, key->jid, &contact, confirm, &c));
    trust_doubt_facts facts = facts_of(&contact, false);
    bool ends = trust_doubt_judge(TRUST_SIGN_CONFIRMED, &facts) == TRUST_DOUBT_END;
    if (ends) contact.doubtful = false;
    return ends || contact.kept_first != before ? engine_contact_put(engine, key->jid, &contact) : SOTTO_OK;
}

/* ---- signs ---- */

/* What a sign means is looked up; when something is to be said, it is, and remembered in *contact, which is put. */
static sotto_status judge(sotto_engine *engine, sotto_bytes jid, engine_contact *contact, trust_sign sign,
                          sotto_status reason) {
    trust_doubt_facts facts = facts_of(contact, false);
    if (trust_doubt_judge(sign, &facts) != TRUST_DOUBT_TELL) return SOTTO_OK;
    contact->doubtful = true;
    SOTTO_TRY(engine_contact_put(engine, jid, contact));
    sotto_event event = {
        .kind = SOTTO_EVENT_DOUBTFUL, .jid = jid, .reason = reason, .number = contact->kept_next - contact->kept_first};
    return engine_event(engine, &event);
}

/* What another way of encrypting left for those who cannot read it (XEP-0380) is no text of theirs. */
static bool is_plaintext(const stanza_element *stanza) {
    sotto_bytes type = stanza_attribute_of(stanza, "type");
    return has_text(stanza) && !bytes_is(type, "groupchat") && !bytes_is(type, "error") &&
           !bytes_is(type, "headline") && stanza_child(stanza, "encryption", "urn:xmpp:eme:0") == NULL;
}

sotto_status engine_doubt_clear(sotto_engine *engine, const engine_arrival *a) {
    bool elsewhere =
        a->room.len > 0 || a->tally != NULL || a->forwarded; /* who says it, or when, is another question */
    if (elsewhere || !a->has_from || a->from.local.len == 0 || !is_plaintext(a->stanza) ||
        bytes_equal(a->from.bare, engine->account.bare))
        return SOTTO_OK;
    engine_contact contact;
    SOTTO_TRY(engine_contact_get(engine, a->from.bare, &contact));
    if (engine_contact_policy(engine, &contact, SOTTO_ENCRYPT_DEFAULT) == ENGINE_POLICY_NEVER) return SOTTO_OK;
    return judge(engine, a->from.bare, &contact, TRUST_SIGN_PLAINTEXT, SOTTO_FAIL(IN_THE_CLEAR));
}

sotto_status engine_doubt_list(sotto_engine *engine, sotto_bytes jid, bool gone) {
    engine_contact contact;
    if (bytes_equal(jid, engine->account.bare)) return SOTTO_OK;
    SOTTO_TRY(engine_contact_get(engine, jid, &contact));
    if (contact.gone == gone) return SOTTO_OK;
    contact.gone = gone;
    SOTTO_TRY(engine_contact_put(engine, jid, &contact));
    if (!gone) return SOTTO_OK;
    sotto_event event = {.kind = SOTTO_EVENT_LIST_GONE, .jid = jid, .reason = SOTTO_FAIL(DEVICES_GONE)};
    SOTTO_TRY(engine_event(engine, &event));
    return judge(engine, jid, &contact, TRUST_SIGN_LIST_GONE, SOTTO_FAIL(DEVICES_GONE));
}

sotto_status engine_doubt_silence(sotto_engine *engine, sotto_bytes jid, engine_contact *contact) {
    uint64_t since_ms = contact->kept_since_ms;
    bool long_ago = engine->now_ms >= since_ms && engine->now_ms - since_ms >= TRUST_DOUBT_DAYS * DAY_MS;
    return long_ago ? judge(engine, jid, contact, TRUST_SIGN_SILENCE, SOTTO_FAIL(TIMEOUT)) : SOTTO_OK;
}

/* ---- what they missed ---- */

typedef struct missed_search {
    sotto_bytes here; /* keys that are on the list */
    uint32_t count;
} missed_search;

static bool is_missed(const missed_search *search, const kept *row) {
    for (size_t i = 0; i + ENGINE_GOT_BYTES <= row->got.len; i += ENGINE_GOT_BYTES)
        if (has_got(search->here, row->got.at + i)) return false;
    return true;
}

static sotto_status count_missed(void *arg, uint32_t number, const kept *row, bool *ret_drop) {
    missed_search *search = arg;
    (void)number;
    *ret_drop = false;
    if (is_missed(search, row)) search->count++;
    return SOTTO_OK;
}

static sotto_status here_of(sotto_engine *engine, sotto_bytes jid, const engine_contact *contact, sotto_bytes *ret) {
    *ret = BYTES_NONE;
    /* Of somebody doubtful nothing that was there counts: whatever the list says, nobody confirmed it. */
    return contact->doubtful ? SOTTO_OK : engine_keyring_here(engine, jid, ENGINE_GOT_BYTES, ret);
}

sotto_status engine_doubt_missed(sotto_engine *engine, sotto_bytes jid, const engine_contact *contact, uint32_t *ret) {
    missed_search search = {0};
    engine_contact copy = *contact;
    *ret = 0;
    if (copy.kept_first == copy.kept_next) return SOTTO_OK;
    SOTTO_TRY(here_of(engine, jid, contact, &search.here));
    SOTTO_TRY(kept_each(engine, jid, &copy, count_missed, &search));
    *ret = search.count;
    return SOTTO_OK;
}

sotto_status engine_doubt_accepted(sotto_engine *engine, const sotto_key *key) {
    engine_contact contact;
    uint32_t missed;
    /* What was sealed for devices is not given to a live session. */
    if (bytes_equal(key->jid, engine->account.bare) || !engine_keyring_is_stored(engine, key->seal)) return SOTTO_OK;
    SOTTO_TRY(engine_contact_get(engine, key->jid, &contact));
    SOTTO_TRY(engine_doubt_missed(engine, key->jid, &contact, &missed));
    trust_doubt_facts facts = facts_of(&contact, missed > 0);
    if (trust_doubt_judge(TRUST_SIGN_ACCEPTED, &facts) != TRUST_DOUBT_OFFER) return SOTTO_OK;
    sotto_event event = {.kind = SOTTO_EVENT_MISSED, .jid = key->jid, .number = missed, .key = *key};
    return engine_event(engine, &event);
}

/* ---- sending again ---- */

typedef struct resending {
    sotto_engine *engine;
    sotto_bytes jid;
    missed_search search;
    uint64_t before_ms; /* of the input: seen_before_ms */
    uint32_t sent;
    sotto_status reason; /* why one was not sent */
} resending;

static sotto_status resend(void *arg, uint32_t number, const kept *row, bool *ret_drop) {
    resending *r = arg;
    *ret_drop = false;
    if (!is_missed(&r->search, row)) return SOTTO_OK;
    engine_errand errand = {
        .seal = ENGINE_ANY_SEAL, .got = row->got, .got_bytes = ENGINE_GOT_BYTES, .seen_before_ms = r->before_ms};
    SOTTO_TRY(engine_send_errand(r->engine, row->stanza, &errand));
    if (!errand.sealed) {
        r->reason = errand.reason;
        return SOTTO_OK;
    }
    kept now = *row;
    SOTTO_TRY(got_of(r->engine, r->jid, row->got, &errand.allowed, &now.got));
    r->sent++;
    return row_put(r->engine, r->jid, number, &now);
}

sotto_status engine_doubt_resend(sotto_engine *engine, sotto_bytes jid, const sotto_input *input) {
    resending r = {.engine = engine, .jid = jid, .before_ms = input->seen_before_ms};
    engine_contact contact;
    SOTTO_TRY(engine_contact_get(engine, jid, &contact));
    SOTTO_TRY(here_of(engine, jid, &contact, &r.search.here));
    SOTTO_TRY(kept_each(engine, jid, &contact, resend, &r));
    sotto_event event = {
        .kind = SOTTO_EVENT_RESENT, .ticket = input->ticket, .jid = jid, .reason = r.reason, .number = r.sent};
    return engine_event(engine, &event);
}
