/* SPDX-License-Identifier: ISC
 *
 * Records: those of key_row.h; 'K' key → the JID it was first seen under. */
#include "engine/keyring.h"

#include "engine/contact.h"
#include "engine/doubt.h"
#include "engine/env.h"
#include "engine/key_row.h"
#include "engine/output.h"
#include "engine/receive.h"
#include "engine/record.h"
#include "engine/vouch.h"

#define DIALECTS_MAX 4u /* that are named of one message */
#define DAY_MS       UINT64_C(86400000)

/* ---- facts ---- */

typedef struct fact_scan {
    const uint8_t *key;
    uint32_t device;
    sotto_bytes family; /* the seal whose ids of devices are meant; empty: any */
    trust_key_facts facts;
    size_t count;
    bool has_stale; /* a key nobody decided about and nobody ever used: the oldest such one */
    uint8_t stale[32];
    uint64_t stale_since_ms;
    bool device_had_other; /* the device id belongs to another key of this JID */
} fact_scan;

/* Dialects of one seal share their devices: what stands before the colon. Numbers of other seals mean other things. */
static sotto_bytes family_of(sotto_bytes seal) {
    const uint8_t *colon = seal.len > 0 ? memchr(seal.at, ':', seal.len) : NULL;
    return colon != NULL ? bytes_of(seal.at, (size_t)(colon - seal.at)) : seal;
}

bool engine_keyring_is_stored(const sotto_engine *engine, sotto_bytes seal) {
    for (size_t i = 0; i < engine->seal_count; i++)
        if (bytes_is(family_of(seal), engine->seals[i].class->name))
            return (engine->seals[i].class->can & SEAL_CAN_OFFLINE) != 0;
    return true;
}

static sotto_status add_fact(void *arg, sotto_bytes key, sotto_bytes value) {
    fact_scan *scan = arg;
    engine_key_row row;
    SOTTO_TRY(engine_key_row_decode(value, &row));
    scan->count++;
    bool undecided = row.trust == SOTTO_TRUST_UNDECIDED || row.trust == SOTTO_TRUST_BLIND;
    if (undecided && row.last_used_ms == 0 && (!scan->has_stale || row.first_seen_ms < scan->stale_since_ms)) {
        scan->has_stale = true;
        scan->stale_since_ms = row.first_seen_ms;
        memcpy(scan->stale, key.at + key.len - 32, 32);
    }
    if (row.trust == SOTTO_TRUST_VERIFIED) scan->facts.any_verified = true;
    if (memcmp(key.at + key.len - 32, scan->key, 32) == 0) {
        scan->facts.recorded = row.trust;
    } else {
        scan->facts.any_other = true;
        bool same = scan->family.len == 0 || bytes_equal(family_of(row.seal), scan->family);
        if (row.device == scan->device && same) scan->device_had_other = true;
    }
    return SOTTO_OK;
}

static sotto_status gather_of(sotto_engine *engine, sotto_bytes jid, const uint8_t *key, uint32_t device,
                              sotto_bytes family, fact_scan *ret) {
    engine_key_room room;
    engine_contact contact;
    SOTTO_TRY(engine_contact_get(engine, jid, &contact));
    *ret = (fact_scan){.key = key, .device = device, .family = family, .facts.any_verified = contact.verified};
    return engine_record_scan(engine, engine_key_row_key(&room, jid, NULL), add_fact, ret);
}

static sotto_status gather(sotto_engine *engine, sotto_bytes jid, const uint8_t *key, uint32_t device, fact_scan *ret) {
    return gather_of(engine, jid, key, device, BYTES_NONE, ret);
}

/* ---- seeing ---- */

static void describe(sotto_key *ret, sotto_bytes jid, const uint8_t *key, const engine_key_row *row) {
    *ret = (sotto_key){.jid = jid,
                       .seal = row->seal,
                       .device = row->device,
                       .trust = row->trust,
                       .known = true,
                       .first_seen_ms = row->first_seen_ms,
                       .last_used_ms = row->last_used_ms,
                       .gone_ms = row->gone_ms};
    memcpy(ret->key, key, 32);
    memcpy(ret->fingerprint, row->fingerprint, 32);
}

static sotto_status alarm(sotto_engine *engine, const sotto_key *key, sotto_bytes other_jid) {
    sotto_event event = {.kind = SOTTO_EVENT_KEY_ALARM,
                         .jid = key->jid,
                         .reason = SOTTO_FAIL(KEY_CHANGED),
                         .text = other_jid,
                         .key = *key};
    return engine_event(engine, &event);
}

static sotto_bytes owner_key(engine_key_room *room, const uint8_t key[32]) {
    bytes_buffer *out = engine_key_begin(room, 'K');
    bytes_buffer_put(out, bytes_of(key, 32));
    sotto_bytes ret = BYTES_NONE;
    return sotto_ok(bytes_buffer_end(out, &ret)) ? ret : BYTES_NONE;
}

/* The JID a key was first seen under; a second one means that somebody shows another's key as his own (T9). */
static sotto_status check_owner(sotto_engine *engine, const sotto_key *key, bool *ret_foreign) {
    engine_key_room room;
    sotto_bytes at = owner_key(&room, key->key), owner;
    sotto_status status = engine_record_get(engine, at, &owner);
    *ret_foreign = false;
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return engine_record_put(engine, at, key->jid);
    SOTTO_TRY(status);
    *ret_foreign = !bytes_equal(owner, key->jid);
    return *ret_foreign ? alarm(engine, key, owner) : SOTTO_OK;
}

/* A key that is verified as somebody else's, or is on our own list, does not become theirs by their showing it: what
 * its owner says could be passed on as theirs (T9, T13). */
sotto_status engine_keyring_is_others(sotto_engine *engine, sotto_bytes jid, const uint8_t key[32], bool *ret) {
    engine_key_room room;
    sotto_trust trust;
    sotto_bytes owner;
    sotto_status status = engine_record_get(engine, owner_key(&room, key), &owner);
    *ret = false;
    if (sotto_is(status, SOTTO_E_NOT_FOUND) || (sotto_ok(status) && bytes_equal(owner, jid))) return SOTTO_OK;
    SOTTO_TRY(status);
    SOTTO_TRY(engine_keyring_trust(engine, owner, key, &trust));
    *ret = trust == SOTTO_TRUST_VERIFIED || bytes_equal(owner, engine->account.bare);
    sotto_key told = {.jid = jid, .known = true, .trust = SOTTO_TRUST_UNDECIDED};
    memcpy(told.key, key, 32);
    memcpy(told.fingerprint, key, 32);
    return *ret ? alarm(engine, &told, owner) : SOTTO_OK;
}

/* Both records of a key, so that who makes keys without end does not fill the disk. */
static sotto_status forget(sotto_engine *engine, sotto_bytes jid, const uint8_t key[32]) {
    engine_key_room room;
    sotto_bytes owner;
    SOTTO_TRY(engine_record_put(engine, engine_key_row_key(&room, jid, key), BYTES_NONE));
    sotto_status status = engine_record_get(engine, owner_key(&room, key), &owner);
    if (sotto_is(status, SOTTO_E_NOT_FOUND) || (sotto_ok(status) && !bytes_equal(owner, jid))) return SOTTO_OK;
    SOTTO_TRY(status);
    return engine_record_put(engine, owner_key(&room, key), BYTES_NONE);
}

static sotto_status later(sotto_engine *engine, sotto_bytes jid, const uint8_t *key);

static sotto_status first_time(sotto_engine *engine, size_t seal, const seal_key *key) {
    fact_scan scan;
    sotto_bytes family = bytes_text(engine->seals[seal].class->name);
    SOTTO_TRY(gather_of(engine, key->jid, key->key, key->device, family, &scan));
    if (scan.count >= SOTTO_KEYS_MAX) {       /* somebody makes keys by the hundred: the least useful one makes room */
        if (!scan.has_stale) return SOTTO_OK; /* not recorded is undecided: it is never sent to */
        SOTTO_TRY(forget(engine, key->jid, scan.stale));
    }
    engine_key_row row = {.trust = trust_key_first(engine->trust, &scan.facts),
                          .device = key->device,
                          .seal = engine_keyring_dialect(engine, seal, key),
                          .first_seen_ms = engine->now_ms};
    memcpy(row.fingerprint, key->fingerprint, sizeof row.fingerprint);
    sotto_key told;
    describe(&told, key->jid, key->key, &row);
    told.active = key->active;
    /* Neither the same device id with another key nor somebody else's key is taken on trust, whatever the policy (T9).
     */
    bool foreign;
    SOTTO_TRY(check_owner(engine, &told, &foreign));
    if (scan.device_had_other || foreign) row.trust = told.trust = SOTTO_TRUST_UNDECIDED;
    if (scan.device_had_other) SOTTO_TRY(alarm(engine, &told, BYTES_NONE));
    SOTTO_TRY(engine_key_row_put(engine, key->jid, key->key, &row));
    bool own = bytes_equal(key->jid, engine->account.bare);
    SOTTO_TRY(engine_event(
        engine, &(sotto_event){.kind = SOTTO_EVENT_NEW_KEY, .jid = key->jid, .number = own ? 1 : 0, .key = told}));
    if (row.trust == SOTTO_TRUST_BLIND) SOTTO_TRY(engine_doubt_accepted(engine, &told));
    return later(engine, key->jid, key->key);
}

/* A key is called by what its messages are written in. */
sotto_bytes engine_keyring_dialect(const sotto_engine *engine, size_t seal, const seal_key *key) {
    return key->dialect.len > 0 ? key->dialect : bytes_text(engine->seals[seal].class->name);
}

/* What follows the colon is what dialects of one seal differ in. */
static sotto_bytes dialect_tail(sotto_bytes name) {
    const uint8_t *colon = memchr(name.at, ':', name.len);
    return colon ? bytes_of(colon + 1, name.len - (size_t)(colon + 1 - name.at)) : name;
}

static bool is_among(const sotto_bytes *names, size_t count, sotto_bytes name) {
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(names[i], name)) return true;
    return false;
}

sotto_status engine_keyring_dialects(sotto_engine *engine, size_t seal, const seal_keys *keys, sotto_bytes *ret) {
    sotto_bytes names[DIALECTS_MAX] = {bytes_text(engine->seals[seal].class->name)};
    size_t count = 0, len = 0, at = 0;
    for (size_t i = 0; i < keys->count && count < DIALECTS_MAX; i++) {
        sotto_bytes name = engine_keyring_dialect(engine, seal, &keys->at[i]);
        if (!is_among(names, count, name)) names[count++] = name;
    }
    if (count == 0) count = 1;
    for (size_t i = 0; i < count; i++) len += names[i].len + 1;
    uint8_t *all = bytes_arena_take(&engine->arena, len);
    if (all == NULL) return SOTTO_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        sotto_bytes part = i == 0 ? names[i] : dialect_tail(names[i]);
        if (i > 0) all[at++] = '+';
        memcpy(all + at, part.at, part.len);
        at += part.len;
    }
    *ret = bytes_of(all, at);
    return SOTTO_OK;
}

sotto_status engine_keyring_seen(sotto_engine *engine, size_t seal, const seal_key *key) {
    if (!key->known || key->this_device) return SOTTO_OK;
    engine_key_row row;
    sotto_status status = engine_key_row_get(engine, key->jid, key->key, &row);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return first_time(engine, seal, key);
    SOTTO_TRY(status);
    if (row.device == key->device) return SOTTO_OK;
    row.device = key->device; /* an identity that moved to a new device id, as after a restored backup */
    return engine_key_row_put(engine, key->jid, key->key, &row);
}

sotto_status engine_keyring_used(sotto_engine *engine, sotto_bytes jid, const uint8_t key[32]) {
    engine_key_row row;
    sotto_status status = engine_key_row_get(engine, jid, key, &row);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    if (row.last_used_ms / DAY_MS == engine->now_ms / DAY_MS && row.last_used_ms != 0) return SOTTO_OK;
    row.last_used_ms = engine->now_ms;
    return engine_key_row_put(engine, jid, key, &row);
}

sotto_status engine_keyring_trust(sotto_engine *engine, sotto_bytes jid, const uint8_t key[32], sotto_trust *ret) {
    engine_key_row row = {0};
    sotto_status status = engine_key_row_get(engine, jid, key, &row);
    if (!sotto_is(status, SOTTO_E_NOT_FOUND)) SOTTO_TRY(status);
    *ret = row.trust;
    return SOTTO_OK;
}

static sotto_status remember_verified(sotto_engine *engine, sotto_bytes jid) {
    engine_contact contact;
    SOTTO_TRY(engine_contact_get(engine, jid, &contact));
    if (contact.verified) return SOTTO_OK;
    contact.verified = true;
    return engine_contact_put(engine, jid, &contact);
}

/* Records it and tells who has to know. *ret_before: what was recorded until now. */
static sotto_status record_trust(sotto_engine *engine, sotto_bytes jid, const uint8_t key[32], sotto_trust trust,
                                 seal_word word, engine_key_row *ret_before) {
    engine_key_row row;
    SOTTO_TRY(engine_key_row_get(engine, jid, key, &row));
    *ret_before = row;
    row.trust = trust;
    SOTTO_TRY(engine_key_row_put(engine, jid, key, &row));
    if (trust == SOTTO_TRUST_VERIFIED) SOTTO_TRY(remember_verified(engine, jid));
    seal_input input = {.kind = SEAL_INPUT_TRUST, .jid = jid, .key = key, .trust = trust, .word = word};
    SOTTO_TRY(engine_seal_input_all(engine, &input));
    /* Trust in an own device changes what every contact's messages are sealed for. */
    SOTTO_TRY(engine_changed_add(engine, bytes_equal(jid, engine->account.bare) ? BYTES_NONE : jid));
    if (trust != SOTTO_TRUST_VERIFIED || ret_before->trust == SOTTO_TRUST_VERIFIED) return SOTTO_OK;
    sotto_key told;
    describe(&told, jid, key, &row);
    return engine_doubt_accepted(engine, &told);
}

sotto_status engine_keyring_decide(sotto_engine *engine, sotto_bytes jid, const uint8_t key[32], sotto_trust trust,
                                   seal_word word) {
    engine_key_row before;
    SOTTO_TRY(record_trust(engine, jid, key, trust, word, &before));
    if (before.trust == trust) return SOTTO_OK;
    SOTTO_TRY(engine_vouch_spread(engine, jid, key, trust));
    return trust == SOTTO_TRUST_VERIFIED ? engine_vouch_settle(engine, jid, key) : SOTTO_OK;
}

sotto_status engine_keyring_vouched(sotto_engine *engine, sotto_bytes jid, const uint8_t key[32], sotto_trust trust,
                                    sotto_bytes voice) {
    engine_key_row row;
    sotto_event event = {.kind = SOTTO_EVENT_VOUCHED, .jid = jid, .text = voice};
    SOTTO_TRY(record_trust(engine, jid, key, trust, SEAL_WORD_OTHER, &row));
    row.trust = trust;
    describe(&event.key, jid, key, &row);
    return engine_event(engine, &event);
}

/* Anybody a person may have in mind when they read this JID: whoever is listed, or was ever spoken to or decided about.
 * The server says who is listed, so what is remembered here counts as well. */
static sotto_status is_somebody(sotto_engine *engine, sotto_bytes jid, bool *ret) {
    engine_contact contact;
    bool listed;
    SOTTO_TRY(engine_contact_get(engine, jid, &contact));
    SOTTO_TRY(engine_roster_lists(engine, jid, &listed));
    *ret = listed || bytes_equal(jid, engine->account.bare) || contact.spoken || contact.sticky || contact.verified ||
           contact.encrypt != SOTTO_ENCRYPT_DEFAULT || contact.via != SOTTO_VIA_AUTO;
    return SOTTO_OK;
}

sotto_status engine_keyring_known_as(sotto_engine *engine, sotto_bytes jid, sotto_bytes old_jid, const uint8_t key[32],
                                     bool *ret_taken) {
    fact_scan scan;
    engine_key_row row;
    engine_key_room room;
    bool somebody;
    *ret_taken = false;
    SOTTO_TRY(gather(engine, jid, key, 0, &scan));
    SOTTO_TRY(is_somebody(engine, jid, &somebody));
    if (scan.count > 0 || somebody) return SOTTO_OK;
    sotto_status status = engine_key_row_get(engine, old_jid, key, &row);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    *ret_taken = true;
    SOTTO_TRY(engine_key_row_put(engine, jid, key, &row));
    if (row.trust == SOTTO_TRUST_VERIFIED) SOTTO_TRY(remember_verified(engine, jid));
    return engine_record_put(engine, owner_key(&room, key), jid);
}

sotto_status engine_keyring_find(sotto_engine *engine, sotto_bytes jid, const uint8_t key[32], sotto_key *ret) {
    engine_key_row row;
    SOTTO_TRY(engine_key_row_get(engine, jid, key, &row));
    describe(ret, jid, key, &row);
    return SOTTO_OK;
}

/* ---- lists that changed ---- */

typedef struct relisting {
    sotto_engine *engine;
    sotto_bytes jid;
    const seal_keys *lists;
    size_t list_count;
} relisting;

static bool is_active(const relisting *r, const uint8_t *key) {
    for (size_t i = 0; i < r->list_count; i++)
        for (size_t k = 0; k < r->lists[i].count; k++) {
            const seal_key *listed = &r->lists[i].at[k];
            if (listed->known && listed->active && memcmp(listed->key, key, 32) == 0) return true;
        }
    return false;
}

static sotto_status relist(void *arg, sotto_bytes key, sotto_bytes value) {
    const relisting *r = arg;
    engine_key_row row;
    SOTTO_TRY(engine_key_row_decode(value, &row));
    if (!engine_keyring_is_stored(r->engine, row.seal)) return SOTTO_OK; /* it is on no list */
    bool active = is_active(r, key.at + key.len - 32);
    if (active == (row.gone_ms == 0)) return SOTTO_OK;
    row.gone_ms = active ? 0 : r->engine->now_ms;
    return engine_key_row_put(r->engine, r->jid, key.at + key.len - 32, &row);
}

static sotto_status lists_of(sotto_engine *engine, sotto_bytes jid, const seal_keys **ret) {
    seal_keys *lists = bytes_arena_take(&engine->arena, engine->seal_count * sizeof *lists);
    if (lists == NULL) return SOTTO_FAIL(NO_MEMORY);
    for (size_t i = 0; i < engine->seal_count; i++) {
        engine_env env;
        engine_env_init(&env, engine, i);
        SOTTO_TRY(engine->seals[i].class->list_keys(engine->seals[i].self, &env.base, jid, &lists[i]));
    }
    *ret = lists;
    return SOTTO_OK;
}

/* What may not be done inside a seal's call: it would be called again. */
struct engine_later {
    struct engine_later *next;
    sotto_bytes jid;
    bool has_key; /* it was seen for the first time; else the list of jid changed */
    uint8_t key[32];
    bool vouched; /* on this word it is to count as verified */
    seal_voucher voucher;
};

static sotto_status later(sotto_engine *engine, sotto_bytes jid, const uint8_t *key) {
    struct engine_later *entry = bytes_arena_take(&engine->step_arena, sizeof *entry);
    if (entry == NULL || !bytes_arena_copy(&engine->step_arena, jid, &entry->jid)) return SOTTO_FAIL(NO_MEMORY);
    entry->has_key = key != NULL;
    if (key != NULL) memcpy(entry->key, key, sizeof entry->key);
    entry->next = engine->later;
    engine->later = entry;
    return SOTTO_OK;
}

static sotto_status relist_one(sotto_engine *engine, sotto_bytes jid) {
    engine_key_room room;
    relisting r = {engine, jid, NULL, engine->seal_count};
    SOTTO_TRY(lists_of(engine, jid, &r.lists));
    return engine_record_scan(engine, engine_key_row_key(&room, jid, NULL), relist, &r);
}

/* A person's refusal stands, and nobody's word weakens a verdict. What two people compared is their verdict. */
static sotto_status take_word(sotto_engine *engine, sotto_bytes jid, const uint8_t key[32], seal_voucher voucher) {
    engine_key_row row;
    if (voucher == SEAL_VOUCHER_AUTHORITY && engine->trust != SOTTO_CERTIFIED) return SOTTO_OK;
    sotto_status status = engine_key_row_get(engine, jid, key, &row);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK; /* one of too many: it was not recorded */
    SOTTO_TRY(status);
    if (row.trust == SOTTO_TRUST_VERIFIED || row.trust == SOTTO_TRUST_DISTRUSTED) return SOTTO_OK;
    if (voucher == SEAL_VOUCHER_PASSWORD)
        return engine_keyring_decide(engine, jid, key, SOTTO_TRUST_VERIFIED, SEAL_WORD_OTHER);
    return engine_keyring_vouched(engine, jid, key, SOTTO_TRUST_VERIFIED, jid);
}

sotto_status engine_keyring_vouch(sotto_engine *engine, sotto_bytes jid, const uint8_t key[32], seal_voucher voucher) {
    SOTTO_TRY(later(engine, jid, key));
    engine->later->vouched = true;
    engine->later->voucher = voucher;
    return SOTTO_OK;
}

sotto_status engine_keyring_later(sotto_engine *engine) {
    while (engine->later != NULL) {
        const struct engine_later *entry = engine->later;
        engine->later = entry->next;
        if (entry->vouched)
            SOTTO_TRY(take_word(engine, entry->jid, entry->key, entry->voucher));
        else if (entry->has_key)
            SOTTO_TRY(engine_vouch_seen(engine, entry->jid, entry->key));
        else
            SOTTO_TRY(relist_one(engine, entry->jid));
    }
    return SOTTO_OK;
}

sotto_status engine_keyring_list_changed(sotto_engine *engine, sotto_bytes jid) {
    return later(engine, jid, NULL);
}

typedef struct here_scan {
    bytes_buffer *out;
    size_t prefix;
} here_scan;

static sotto_status add_here(void *arg, sotto_bytes key, sotto_bytes value) {
    const here_scan *scan = arg;
    engine_key_row row;
    SOTTO_TRY(engine_key_row_decode(value, &row));
    if (row.gone_ms == 0) bytes_buffer_put(scan->out, bytes_of(key.at + key.len - 32, scan->prefix));
    return SOTTO_OK;
}

sotto_status engine_keyring_here(sotto_engine *engine, sotto_bytes jid, size_t prefix, sotto_bytes *ret) {
    engine_key_room room;
    bytes_buffer out;
    sotto_bytes keys;
    bytes_buffer_owned(&out, engine->host, SOTTO_KEYS_MAX * prefix);
    here_scan scan = {&out, prefix};
    sotto_status status = engine_record_scan(engine, engine_key_row_key(&room, jid, NULL), add_here, &scan);
    if (sotto_ok(status)) status = bytes_buffer_end(&out, &keys);
    if (sotto_ok(status) && !bytes_arena_copy(&engine->arena, keys, ret)) status = SOTTO_FAIL(NO_MEMORY);
    bytes_buffer_free(&out);
    return status;
}

typedef struct gone_scan {
    uint64_t since_ms;
    uint32_t count;
} gone_scan;

static sotto_status count_gone(void *arg, sotto_bytes key, sotto_bytes value) {
    gone_scan *scan = arg;
    engine_key_row row;
    (void)key;
    SOTTO_TRY(engine_key_row_decode(value, &row));
    bool accepted = row.trust == SOTTO_TRUST_BLIND || row.trust == SOTTO_TRUST_VERIFIED;
    if (accepted && row.gone_ms != 0 && row.gone_ms >= scan->since_ms) scan->count++;
    return SOTTO_OK;
}

sotto_status engine_keyring_gone(sotto_engine *engine, sotto_bytes jid, uint64_t since_ms, uint32_t *ret) {
    engine_key_room room;
    gone_scan scan = {.since_ms = since_ms};
    SOTTO_TRY(engine_record_scan(engine, engine_key_row_key(&room, jid, NULL), count_gone, &scan));
    *ret = scan.count;
    return SOTTO_OK;
}

/* ---- all that are verified ---- */

typedef struct verified_scan {
    engine_verified_visit *visit;
    void *arg;
} verified_scan;

static sotto_status visit_verified(void *arg, sotto_bytes key, sotto_bytes value) {
    const verified_scan *scan = arg;
    engine_key_row row;
    SOTTO_TRY(engine_key_row_decode(value, &row));
    if (row.trust != SOTTO_TRUST_VERIFIED || key.len < 34) return SOTTO_OK;
    sotto_key told;
    describe(&told, bytes_of(key.at + 1, key.len - 34), key.at + key.len - 32, &row);
    return scan->visit(scan->arg, &told);
}

sotto_status engine_keyring_verified(sotto_engine *engine, engine_verified_visit *visit, void *arg) {
    verified_scan scan = {visit, arg};
    return engine_record_scan(engine, BYTES_LITERAL("T"), visit_verified, &scan);
}

/* ---- what was decided elsewhere ---- */

/* The key of an OMEMO device is its Curve25519 form, which is also what people compare. When it is seen it is known
 * already: no event, no alarm of a new key. That it belongs to somebody else is one, as ever. */
sotto_status engine_keyring_record_of(sotto_engine *engine, size_t seal, sotto_bytes jid, const uint8_t key[32],
                                      uint32_t device, sotto_trust trust) {
    engine_key_row row;
    fact_scan scan;
    sotto_key told;
    bool foreign;
    sotto_status status = engine_key_row_get(engine, jid, key, &row);
    if (sotto_ok(status)) return engine_keyring_decide(engine, jid, key, trust, SEAL_WORD_OTHER);
    if (!sotto_is(status, SOTTO_E_NOT_FOUND)) return status;
    SOTTO_TRY(gather(engine, jid, key, device, &scan));
    if (scan.count >= SOTTO_KEYS_MAX) return SOTTO_FAIL(TOO_LARGE);
    row = (engine_key_row){.trust = trust,
                           .device = device,
                           .seal = bytes_text(engine->seals[seal].class->name),
                           .first_seen_ms = engine->now_ms};
    memcpy(row.fingerprint, key, sizeof row.fingerprint);
    describe(&told, jid, key, &row);
    SOTTO_TRY(check_owner(engine, &told, &foreign));
    SOTTO_TRY(engine_key_row_put(engine, jid, key, &row));
    return trust == SOTTO_TRUST_VERIFIED ? remember_verified(engine, jid) : SOTTO_OK;
}

sotto_status engine_keyring_record(sotto_engine *engine, sotto_bytes jid, const uint8_t key[32], uint32_t device,
                                   sotto_trust trust) {
    return engine_keyring_record_of(engine, 0, jid, key, device, trust);
}

/* ---- looking ---- */

typedef struct leftover_scan {
    sotto_bytes jid;
    const seal_keys *lists;
    size_t list_count;
    sotto_key_visit *visit;
    void *arg;
} leftover_scan;

static bool is_listed(const leftover_scan *scan, const uint8_t *key) {
    for (size_t i = 0; i < scan->list_count; i++)
        for (size_t k = 0; k < scan->lists[i].count; k++)
            if (scan->lists[i].at[k].known && memcmp(scan->lists[i].at[k].key, key, 32) == 0) return true;
    return false;
}

static sotto_status visit_leftover(void *arg, sotto_bytes key, sotto_bytes value) {
    const leftover_scan *scan = arg;
    if (is_listed(scan, key.at + key.len - 32)) return SOTTO_OK;
    engine_key_row row;
    SOTTO_TRY(engine_key_row_decode(value, &row));
    sotto_key told;
    describe(&told, scan->jid, key.at + key.len - 32, &row);
    return scan->visit(scan->arg, &told);
}

static sotto_status visit_listed(sotto_engine *engine, size_t seal, const seal_key *key, sotto_key_visit *visit,
                                 void *arg) {
    sotto_bytes name = engine_keyring_dialect(engine, seal, key);
    sotto_key told = {.jid = key->jid, .seal = name, .device = key->device, .known = key->known};
    engine_key_row row = {0};
    if (key->known) {
        sotto_status status = engine_key_row_get(engine, key->jid, key->key, &row);
        if (!sotto_is(status, SOTTO_E_NOT_FOUND)) SOTTO_TRY(status);
        row.seal = name;
        row.device = key->device;
        memcpy(row.fingerprint, key->fingerprint, sizeof row.fingerprint);
        describe(&told, key->jid, key->key, &row);
    }
    told.active = key->active;
    told.this_device = key->this_device;
    told.label = key->label;
    if (key->this_device) told.trust = SOTTO_TRUST_VERIFIED;
    if (key->known) SOTTO_TRY(engine_vouch_name(engine, &told, told.name));
    return visit(arg, &told);
}

sotto_status engine_keyring_visit(sotto_engine *engine, sotto_bytes jid, sotto_key_visit *visit, void *arg) {
    const seal_keys *lists;
    SOTTO_TRY(lists_of(engine, jid, &lists));
    for (size_t i = 0; i < engine->seal_count; i++)
        for (size_t k = 0; k < lists[i].count; k++) SOTTO_TRY(visit_listed(engine, i, &lists[i].at[k], visit, arg));
    engine_key_room room;
    leftover_scan scan = {jid, lists, engine->seal_count, visit, arg};
    return engine_record_scan(engine, engine_key_row_key(&room, jid, NULL), visit_leftover, &scan);
}
