/* SPDX-License-Identifier: ISC
 *
 * Records: 'W' sender 0 sender's key, owner 0 name → a statement that waits until the sender's key is verified
 * (XEP-0450 section 5.1). 'V' owner 0 key → a statement about a key nobody has seen yet, and whose it is (section 5.2).
 */
#include "engine/vouch.h"

#include <string.h>

#include "bytes/base64.h"
#include "bytes/cursor.h"
#include "context/trust_message.h"
#include "engine/env.h"
#include "engine/output.h"
#include "engine/receive.h"
#include "engine/record.h"
#include "trust/vouch.h"

#define ROW_VERSION 1u
#define ID_BYTES    12u

/* ---- seals and names ---- */

/* The seal that a recorded key belongs to, by the key's dialect: "omemo:2" is one of "omemo". SIZE_MAX: none whose keys
 * have names. */
static size_t seal_of(const sotto_engine *engine, sotto_bytes dialect) {
    for (size_t i = 0; i < engine->seal_count; i++) {
        sotto_bytes name = bytes_text(engine->seals[i].class->name);
        if (engine->seals[i].class->naming == NULL || !bytes_starts_with(dialect, name)) continue;
        if (dialect.len == name.len || dialect.at[name.len] == ':') return i;
    }
    return SIZE_MAX;
}

static sotto_status name_of(sotto_engine *engine, const sotto_key *key, uint8_t ret[32]) {
    size_t seal = seal_of(engine, key->seal);
    if (seal == SIZE_MAX) return SOTTO_FAIL(NOT_FOUND);
    engine_env env;
    engine_env_init(&env, engine, seal);
    return engine->seals[seal].class->naming->name(engine->seals[seal].self, &env.base, key->jid, key->key, ret);
}

sotto_status engine_vouch_name(sotto_engine *engine, const sotto_key *key, uint8_t ret[32]) {
    memset(ret, 0, 32);
    sotto_status status = name_of(engine, key, ret);
    bool none = sotto_is(status, SOTTO_E_NOT_FOUND) || sotto_is(status, SOTTO_E_BAD_KEY);
    return none ? SOTTO_OK : status;
}

/* ---- sending ---- */

typedef struct key_list {
    sotto_engine *engine;
    size_t seal;     /* whose keys it holds */
    bool own_alone;  /* of the own account */
    sotto_bytes but; /* without this key: it is what the message goes to */
    context_trust_key *at;
    size_t count, size;
} key_list;

static sotto_status list_add(key_list *list, const sotto_key *key, bool distrust) {
    context_trust_key named = {.distrust = distrust};
    sotto_status status = name_of(list->engine, key, named.name);
    if (sotto_is(status, SOTTO_E_NOT_FOUND) || sotto_is(status, SOTTO_E_BAD_KEY)) return SOTTO_OK;
    SOTTO_TRY(status);
    if (list->count == list->size) {
        size_t size = list->size * 2 + 16;
        context_trust_key *at = bytes_arena_take(&list->engine->arena, size * sizeof *at);
        if (at == NULL) return SOTTO_FAIL(NO_MEMORY);
        if (list->count > 0) memcpy(at, list->at, list->count * sizeof *at);
        list->at = at;
        list->size = size;
    }
    if (!bytes_arena_copy(&list->engine->arena, key->jid, &named.owner)) return SOTTO_FAIL(NO_MEMORY);
    list->at[list->count++] = named;
    return SOTTO_OK;
}

static sotto_status add_verified(void *arg, const sotto_key *key) {
    key_list *list = arg;
    if (seal_of(list->engine, key->seal) != list->seal) return SOTTO_OK;
    if (list->own_alone && !bytes_equal(key->jid, list->engine->account.bare)) return SOTTO_OK;
    if (bytes_equal(bytes_of(key->key, sizeof key->key), list->but)) return SOTTO_OK;
    return list_add(list, key, false);
}

static sotto_status verified_list(sotto_engine *engine, size_t seal, bool own_alone, sotto_bytes but, key_list *ret) {
    *ret = (key_list){.engine = engine, .seal = seal, .own_alone = own_alone, .but = but};
    return engine_keyring_verified(engine, add_verified, ret);
}

static sotto_status write_message(bytes_buffer *out, sotto_engine *engine, sotto_bytes to, const char *encryption,
                                  const context_trust_key *keys, size_t count) {
    uint8_t random[ID_BYTES], hex[2 * ID_BYTES];
    bytes_buffer id;
    sotto_bytes id_text;
    SOTTO_TRY(engine_random(engine, random, sizeof random));
    bytes_buffer_borrowed(&id, hex, sizeof hex);
    bytes_hex_put(&id, bytes_of(random, sizeof random));
    SOTTO_TRY(bytes_buffer_end(&id, &id_text));
    stanza_writer writer;
    stanza_writer_init(&writer, out, STANZA_NS_CLIENT);
    stanza_open(&writer, "message", STANZA_NS_CLIENT);
    stanza_put(&writer, "to", to);
    stanza_put_text(&writer, "type", "chat"); /* XEP-0434 section 4: so that copies are made of it */
    stanza_put(&writer, "id", id_text);
    context_trust_message_write(&writer, encryption, keys, count);
    stanza_leaf(&writer, "store", "urn:xmpp:hints", BYTES_NONE); /* ... and devices that are away get it */
    stanza_close(&writer);
    return SOTTO_OK;
}

engine_errand engine_vouch_errand(const sotto_engine *engine) {
    engine_errand errand = {.seal = ENGINE_ANY_SEAL, .verified = true, .waits = true};
    for (size_t i = 0; i < engine->seal_count && errand.seal == ENGINE_ANY_SEAL; i++) {
        const seal_naming *naming = engine->seals[i].class->naming;
        if (naming == NULL) continue;
        errand.seal = i;
        errand.dialect = bytes_text(naming->dialect);
    }
    return errand;
}

bool engine_errand_is_for(const engine_errand *errand, const engine_ring *ring, const seal_key *key, bool of_peer) {
    if (errand->verified && engine_ring_trust(ring, key->key) != SOTTO_TRUST_VERIFIED) return false;
    if (errand->seen_before_ms != 0 && engine_ring_trust(ring, key->key) != SOTTO_TRUST_VERIFIED &&
        engine_ring_first_seen(ring, key->key) >= errand->seen_before_ms)
        return false;
    if (errand->dialect.len > 0 && key->dialect.len > 0 && !bytes_equal(errand->dialect, key->dialect)) return false;
    if (errand->only != NULL && memcmp(errand->only, key->key, sizeof key->key) != 0) return false;
    if (errand->peer_alone && !of_peer) return false;
    if (errand->got_bytes == 0) return true;
    for (size_t i = 0; i + errand->got_bytes <= errand->got.len; i += errand->got_bytes)
        if (memcmp(errand->got.at + i, key->key, errand->got_bytes) == 0) return false;
    return of_peer;
}

/* One trust message to one JID. When too much waits already it is not sent, and that is told. */
static sotto_status send_keys(sotto_engine *engine, size_t seal, sotto_bytes to, const context_trust_key *keys,
                              size_t count) {
    const seal_naming *naming = engine->seals[seal].class->naming;
    bytes_buffer out;
    sotto_bytes stanza;
    bytes_buffer_owned(&out, engine->host, SOTTO_STANZA_BYTES_MAX);
    sotto_status status = write_message(&out, engine, to, naming->encryption, keys, count);
    if (sotto_ok(status)) status = bytes_buffer_end(&out, &stanza);
    engine_errand errand = engine_vouch_errand(engine);
    if (sotto_ok(status)) status = engine_send_errand(engine, stanza, &errand);
    bytes_buffer_free(&out);
    if (!sotto_is(status, SOTTO_E_OUTBOX_FULL)) return status;
    return engine_event(engine, &(sotto_event){.kind = SOTTO_EVENT_REFUSED, .jid = to, .reason = status});
}

static sotto_status send_list(sotto_engine *engine, sotto_bytes to, const key_list *list) {
    for (size_t i = 0; i < list->count; i += SOTTO_TRUST_MESSAGE_KEYS) {
        size_t left = list->count - i;
        SOTTO_TRY(send_keys(engine, list->seal, to, list->at + i,
                            left < SOTTO_TRUST_MESSAGE_KEYS ? left : SOTTO_TRUST_MESSAGE_KEYS));
    }
    return SOTTO_OK;
}

/* Whether an own other device is there that such a message could be for. */
static sotto_status any_own(sotto_engine *engine, size_t seal, sotto_bytes but, bool *ret) {
    key_list list;
    SOTTO_TRY(verified_list(engine, seal, true, but, &list));
    *ret = list.count > 0;
    return SOTTO_OK;
}

/* To every contact with a verified key, which own other devices get a copy of; without any, to those alone. */
static sotto_status send_to_contacts(sotto_engine *engine, const key_list *what, sotto_bytes but) {
    key_list all;
    sotto_bytes last = BYTES_NONE;
    size_t contacts = 0;
    bool own;
    SOTTO_TRY(verified_list(engine, what->seal, false, BYTES_NONE, &all));
    for (size_t i = 0; i < all.count; i++) {
        sotto_bytes owner = all.at[i].owner;
        if (bytes_equal(owner, engine->account.bare) || bytes_equal(owner, last)) continue;
        last = owner;
        contacts++;
        SOTTO_TRY(send_list(engine, owner, what));
    }
    if (contacts > 0) return SOTTO_OK;
    SOTTO_TRY(any_own(engine, what->seal, but, &own));
    return own ? send_list(engine, engine->account.bare, what) : SOTTO_OK;
}

typedef struct decision {
    sotto_key key;
    size_t seal;
    sotto_trust trust;
} decision;

static sotto_status send_one(sotto_engine *engine, const decision *d, const trust_vouch_message *message) {
    key_list list = {.engine = engine, .seal = d->seal};
    sotto_bytes key = bytes_of(d->key.key, sizeof d->key.key), account = engine->account.bare;
    bool own;
    if (message->what == TRUST_WHAT_THE_KEY)
        SOTTO_TRY(list_add(&list, &d->key, d->trust == SOTTO_TRUST_DISTRUSTED));
    else
        SOTTO_TRY(verified_list(engine, d->seal, message->what == TRUST_WHAT_OWN_KEYS, key, &list));
    switch (message->to) {
    case TRUST_TO_OWN:
        /* The key itself gets all keys; that a key is verified is for the others. */
        SOTTO_TRY(any_own(engine, d->seal, message->what == TRUST_WHAT_THE_KEY ? key : BYTES_NONE, &own));
        return own ? send_list(engine, account, &list) : SOTTO_OK;
    case TRUST_TO_OWNER:
        return send_list(engine, d->key.jid, &list);
    case TRUST_TO_CONTACTS:
        return send_to_contacts(engine, &list, key);
    case TRUST_TO_NOBODY:
        break;
    }
    return SOTTO_OK;
}

sotto_status engine_vouch_spread(sotto_engine *engine, sotto_bytes jid, const uint8_t key[32], sotto_trust trust) {
    decision d = {.trust = trust};
    SOTTO_TRY(engine_keyring_find(engine, jid, key, &d.key));
    d.seal = seal_of(engine, d.key.seal);
    if (d.seal == SIZE_MAX) return SOTTO_OK; /* live keys among others: nobody's word counts for them */
    const trust_vouch_message *messages = trust_vouch_spread(trust, bytes_equal(jid, engine->account.bare));
    for (size_t i = 0; i < TRUST_VOUCH_MESSAGES; i++) SOTTO_TRY(send_one(engine, &d, &messages[i]));
    return SOTTO_OK;
}

/* ---- statements ---- */

/* A key that came to be verified, whose own statements count from then on. */
typedef struct voice {
    struct voice *next;
    sotto_bytes jid;
    uint8_t key[32];
} voice;

typedef struct statement {
    const voice *by;
    sotto_bytes owner;
    uint8_t name[32];
    bool distrust;
} statement;

typedef struct hearing {
    sotto_engine *engine;
    voice *todo; /* verified, not heard yet */
} hearing;

static sotto_status voice_new(sotto_engine *engine, sotto_bytes jid, const uint8_t key[32], voice **ret) {
    voice *new = bytes_arena_take(&engine->step_arena, sizeof *new);
    if (new == NULL || !bytes_arena_copy(&engine->step_arena, jid, &new->jid)) return SOTTO_FAIL(NO_MEMORY);
    memcpy(new->key, key, 32);
    *ret = new;
    return SOTTO_OK;
}

static sotto_bytes unseen_key(engine_key_room *room, sotto_bytes owner, const uint8_t key[32]) {
    bytes_buffer *out = engine_key_begin(room, 'V');
    bytes_buffer_put(out, owner);
    bytes_buffer_u8(out, 0);
    bytes_buffer_put(out, bytes_of(key, 32));
    sotto_bytes ret = BYTES_NONE;
    return sotto_ok(bytes_buffer_end(out, &ret)) ? ret : BYTES_NONE;
}

static sotto_bytes waiting_key(engine_key_room *room, const voice *by, const statement *s) {
    bytes_buffer *out = engine_key_begin(room, 'W');
    bytes_buffer_put(out, by->jid);
    bytes_buffer_u8(out, 0);
    bytes_buffer_put(out, bytes_of(by->key, 32));
    if (s != NULL) {
        bytes_buffer_put(out, s->owner);
        bytes_buffer_u8(out, 0);
        bytes_buffer_put(out, bytes_of(s->name, 32));
    }
    sotto_bytes ret = BYTES_NONE;
    return sotto_ok(bytes_buffer_end(out, &ret)) ? ret : BYTES_NONE;
}

static sotto_status count_one(void *arg, sotto_bytes key, sotto_bytes value) {
    (void)key;
    (void)value;
    ++*(size_t *)arg;
    return SOTTO_OK;
}

/* What nobody's word counts for yet (W) takes no room from what verified keys say (V), and what one JID says, or what
 * is said of it, not all of either: a contact with many keys could otherwise have a distrust dropped in silence (T39).
 */
static sotto_status has_room(sotto_engine *engine, sotto_bytes key, bool *ret) {
    size_t all = 0, of_jid = 0, len = 1;
    while (len < key.len && key.at[len] != 0) len++;
    SOTTO_TRY(engine_record_scan(engine, bytes_of(key.at, 1), count_one, &all));
    SOTTO_TRY(engine_record_scan(engine, bytes_of(key.at, len + 1), count_one, &of_jid));
    *ret = all < SOTTO_VOUCHES_MAX && of_jid < SOTTO_VOUCHES_OF_JID;
    return SOTTO_OK;
}

/* A record that says the opposite already: distrust stays, whatever came first. */
static sotto_status put_unless_distrusted(sotto_engine *engine, sotto_bytes key, sotto_bytes value, bool distrust) {
    sotto_bytes before;
    sotto_status status = engine_record_get(engine, key, &before);
    bool is_new = sotto_is(status, SOTTO_E_NOT_FOUND), room = true;
    if (!is_new) SOTTO_TRY(status);
    if (!is_new && (!distrust || before.len < 2 || before.at[1] != 0)) return SOTTO_OK;
    if (is_new) SOTTO_TRY(has_room(engine, key, &room));
    return room ? engine_record_put(engine, key, value) : SOTTO_OK;
}

static sotto_status keep_waiting(sotto_engine *engine, const statement *s) {
    engine_key_room room;
    size_t count = 0;
    uint8_t value[2] = {ROW_VERSION, s->distrust};
    SOTTO_TRY(engine_record_scan(engine, waiting_key(&room, s->by, NULL), count_one, &count));
    if (count >= SOTTO_VOUCHES_OF_ONE) return SOTTO_OK;
    return put_unless_distrusted(engine, waiting_key(&room, s->by, s), bytes_of(value, sizeof value), s->distrust);
}

static sotto_status keep_unseen(sotto_engine *engine, const statement *s, const uint8_t key[32]) {
    engine_key_room room;
    uint8_t at[SOTTO_JID_BYTES_MAX + 64];
    bytes_buffer out;
    sotto_bytes value;
    bytes_buffer_borrowed(&out, at, sizeof at);
    bytes_buffer_u8(&out, ROW_VERSION);
    bytes_buffer_u8(&out, s->distrust);
    bytes_buffer_put(&out, bytes_of(s->by->key, 32));
    bytes_buffer_block(&out, s->by->jid);
    SOTTO_TRY(bytes_buffer_end(&out, &value));
    return put_unless_distrusted(engine, unseen_key(&room, s->owner, key), value, s->distrust);
}

/* ---- acting ---- */

/* The key a name means: recorded by what the seal makes of the name, else by the name itself (there are clients that
 * use the fingerprint). *ret_known false: nobody has seen it; *ret is what it will be recorded by. */
static sotto_status key_named(sotto_engine *engine, size_t seal, const statement *s, sotto_key *ret, bool *ret_known) {
    uint8_t key[32];
    engine_env env;
    engine_env_init(&env, engine, seal);
    *ret_known = true;
    sotto_status status = engine->seals[seal].class->naming->named(engine->seals[seal].self, &env.base, s->name, key);
    if (sotto_is(status, SOTTO_E_BAD_KEY))
        memcpy(key, s->name, sizeof key);
    else
        SOTTO_TRY(status);
    status = engine_keyring_find(engine, s->owner, key, ret);
    if (!sotto_is(status, SOTTO_E_NOT_FOUND)) return status;
    status = engine_keyring_find(engine, s->owner, s->name, ret);
    if (!sotto_is(status, SOTTO_E_NOT_FOUND)) return status;
    *ret_known = false;
    *ret = (sotto_key){.jid = s->owner};
    memcpy(ret->key, key, sizeof key);
    return SOTTO_OK;
}

/* Whether it is about this very device: nothing anybody says changes what it is to itself, but it is told. */
static sotto_status is_this_device(sotto_engine *engine, size_t seal, const sotto_key *key, bool *ret) {
    seal_keys keys;
    *ret = false;
    if (!bytes_equal(key->jid, engine->account.bare)) return SOTTO_OK;
    engine_env env;
    engine_env_init(&env, engine, seal);
    SOTTO_TRY(engine->seals[seal].class->list_keys(engine->seals[seal].self, &env.base, key->jid, &keys));
    for (size_t i = 0; i < keys.count; i++)
        if (keys.at[i].this_device && keys.at[i].known && memcmp(keys.at[i].key, key->key, 32) == 0) *ret = true;
    return SOTTO_OK;
}

static sotto_status tell_of_this_device(sotto_engine *engine, const statement *s, const sotto_key *key) {
    if (!s->distrust) return SOTTO_OK;
    sotto_event event = {.kind = SOTTO_EVENT_VOUCHED, .jid = key->jid, .text = s->by->jid, .key = *key};
    event.key.this_device = event.key.known = true;
    event.key.trust = SOTTO_TRUST_DISTRUSTED;
    return engine_event(engine, &event);
}

static sotto_status act(hearing *h, size_t seal, const statement *s, bool inside) {
    sotto_engine *engine = h->engine;
    if (s->owner.len > SOTTO_OMEMO_JID_BYTES_MAX || s->by->jid.len > SOTTO_OMEMO_JID_BYTES_MAX) return SOTTO_OK;
    trust_vouch_facts facts = {.inside = inside,
                               .own = bytes_equal(s->by->jid, engine->account.bare),
                               .of_sender = bytes_equal(s->by->jid, s->owner),
                               .distrust = s->distrust};
    sotto_key key;
    bool this_device;
    SOTTO_TRY(engine_keyring_trust(engine, s->by->jid, s->by->key, &facts.voice));
    SOTTO_TRY(key_named(engine, seal, s, &key, &facts.known));
    if (facts.known && seal_of(engine, key.seal) != seal) return SOTTO_OK;
    facts.recorded = key.trust;
    trust_vouch verdict = trust_vouch_take(&facts);
    if (verdict == TRUST_VOUCH_FETCH) {
        SOTTO_TRY(is_this_device(engine, seal, &key, &this_device));
        if (this_device) return tell_of_this_device(engine, s, &key);
    }
    switch (verdict) {
    case TRUST_VOUCH_IGNORE:
        return SOTTO_OK;
    case TRUST_VOUCH_WAIT:
        return keep_waiting(engine, s);
    case TRUST_VOUCH_FETCH:
        SOTTO_TRY(keep_unseen(engine, s, key.key));
        return memcmp(key.key, s->name, 32) == 0 ? SOTTO_OK : keep_unseen(engine, s, s->name);
    case TRUST_VOUCH_REFUSE:
        return engine_keyring_vouched(engine, s->owner, key.key, SOTTO_TRUST_DISTRUSTED, s->by->jid);
    case TRUST_VOUCH_VERIFY:
        break;
    }
    voice *verified;
    SOTTO_TRY(voice_new(engine, s->owner, key.key, &verified));
    verified->next = h->todo;
    h->todo = verified;
    return engine_keyring_vouched(engine, s->owner, key.key, SOTTO_TRUST_VERIFIED, s->by->jid);
}

/* ---- what waited ---- */

typedef struct waiting_scan {
    hearing *h;
    const voice *by;
    size_t prefix;
} waiting_scan;

static sotto_status hear_one(void *arg, sotto_bytes key, sotto_bytes value) {
    const waiting_scan *scan = arg;
    sotto_bytes rest = bytes_after(key, scan->prefix);
    SOTTO_TRY(engine_record_put(scan->h->engine, key, BYTES_NONE));
    if (rest.len < 34 || value.len != 2 || value.at[0] != ROW_VERSION) return SOTTO_FAIL(STORE_CORRUPT);
    statement s = {.by = scan->by, .owner = bytes_of(rest.at, rest.len - 33), .distrust = value.at[1] != 0};
    memcpy(s.name, rest.at + rest.len - 32, sizeof s.name);
    sotto_key voice_key;
    SOTTO_TRY(engine_keyring_find(scan->h->engine, scan->by->jid, scan->by->key, &voice_key));
    size_t seal = seal_of(scan->h->engine, voice_key.seal);
    return seal == SIZE_MAX ? SOTTO_OK : act(scan->h, seal, &s, true);
}

/* One after the other, because who is verified by what one key says may have said something as well. */
static sotto_status hear(hearing *h) {
    while (h->todo != NULL) {
        engine_key_room room;
        voice *by = h->todo;
        h->todo = by->next;
        sotto_bytes prefix = waiting_key(&room, by, NULL);
        waiting_scan scan = {h, by, prefix.len};
        SOTTO_TRY(engine_record_scan(h->engine, prefix, hear_one, &scan));
    }
    return SOTTO_OK;
}

sotto_status engine_vouch_settle(sotto_engine *engine, sotto_bytes jid, const uint8_t key[32]) {
    hearing h = {.engine = engine};
    SOTTO_TRY(voice_new(engine, jid, key, &h.todo));
    return hear(&h);
}

sotto_status engine_vouch_seen(sotto_engine *engine, sotto_bytes jid, const uint8_t key[32]) {
    engine_key_room room;
    sotto_bytes at = unseen_key(&room, jid, key), value;
    sotto_status status = engine_record_get(engine, at, &value);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    SOTTO_TRY(engine_record_put(engine, at, BYTES_NONE));
    bytes_cursor in = bytes_cursor_over(value);
    uint8_t version = bytes_cursor_u8(&in);
    statement s = {.owner = jid, .distrust = bytes_cursor_u8(&in) != 0};
    voice by = {0};
    bytes_cursor_into(&in, by.key, sizeof by.key);
    by.jid = bytes_cursor_block(&in);
    if (!sotto_ok(bytes_cursor_end(&in)) || version != ROW_VERSION) return SOTTO_FAIL(STORE_CORRUPT);
    sotto_key seen;
    SOTTO_TRY(engine_keyring_find(engine, jid, key, &seen));
    size_t seal = seal_of(engine, seen.seal);
    if (seal == SIZE_MAX) return SOTTO_OK;
    /* By the key it was recorded under: whoever said it is looked at once more, since he may be distrusted by now. */
    hearing h = {.engine = engine};
    s.by = &by;
    status = name_of(engine, &seen, s.name);
    if (sotto_class(status) == SOTTO_CLASS_OURS) return status;
    if (!sotto_ok(status)) memcpy(s.name, key, sizeof s.name);
    SOTTO_TRY(engine_record_put(engine, unseen_key(&room, jid, s.name), BYTES_NONE));
    SOTTO_TRY(act(&h, seal, &s, true));
    return hear(&h);
}

/* ---- what arrives ---- */

/* People who may be heard at all: strangers could fill the store. */
static sotto_status may_speak(sotto_engine *engine, const seal_opened *opened, bool *ret) {
    sotto_key known;
    sotto_status status = engine_keyring_find(engine, opened->key.jid, opened->key.key, &known);
    *ret = false;
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    return engine_is_answerable(engine, opened->key.jid, ret);
}

static sotto_status take_statements(sotto_engine *engine, size_t seal, const seal_opened *opened,
                                    const context_trust_message *message) {
    hearing h = {.engine = engine};
    voice *by;
    SOTTO_TRY(voice_new(engine, opened->key.jid, opened->key.key, &by));
    sotto_bytes dialect = engine_keyring_dialect(engine, seal, &opened->key);
    bool inside = bytes_is(dialect, engine->seals[seal].class->naming->dialect);
    for (int distrust = 0; distrust < 2; distrust++) /* the same key in both: distrust wins */
        for (size_t i = 0; i < message->count; i++) {
            if (message->keys[i].distrust != (distrust == 1)) continue;
            statement s = {.by = by, .owner = message->keys[i].owner, .distrust = distrust == 1};
            memcpy(s.name, message->keys[i].name, sizeof s.name);
            SOTTO_TRY(act(&h, seal, &s, inside));
        }
    return hear(&h);
}

sotto_status engine_vouch_arrived(sotto_engine *engine, size_t seal, const seal_opened *opened, bool *ret_hide) {
    const seal_naming *naming = engine->seals[seal].class->naming;
    static const char mark[] = "trust-message";
    const stanza_element *stanza;
    context_trust_message message;
    bool may;
    *ret_hide = false;
    if (naming == NULL || !opened->key.known || opened->stanza.len == 0 ||
        memmem(opened->stanza.at, opened->stanza.len, mark, sizeof mark - 1) == NULL)
        return SOTTO_OK;
    SOTTO_TRY(stanza_parser_read(engine->parser, &engine->arena, opened->stanza, &stanza));
    sotto_status status = context_trust_message_read(stanza, naming->encryption, &engine->arena, &message);
    if (!sotto_ok(status) && sotto_class(status) != SOTTO_CLASS_PEER) return status;
    *ret_hide = message.present && message.alone;
    /* What a room passes on is not for anybody's trust. */
    if (!sotto_ok(status) || message.count == 0 || bytes_is(stanza_attribute_of(stanza, "type"), "groupchat"))
        return SOTTO_OK;
    SOTTO_TRY(may_speak(engine, opened, &may));
    return may ? take_statements(engine, seal, opened, &message) : SOTTO_OK;
}
