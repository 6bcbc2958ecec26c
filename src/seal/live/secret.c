/* SPDX-License-Identifier: ISC
 *
 * Derivations and records. In memory there is a list of what all of them may be recognized by, made from the records
 * when it is first wanted: an identity has to be tried against all of them. */
#include "seal/live/secret.h"

#include "bytes/cursor.h"
#include "bytes/memory.h"
#include "crypto/hash.h"
#include "seal/live/self.h"

/* ---- derivations ---- */

static sotto_status expand(const uint8_t secret[32], const char *label, const char *role, uint8_t *ret, size_t len) {
    static const uint8_t one = 1;
    uint8_t whole[32];
    const sotto_bytes parts[] = {bytes_text(label), bytes_text(role), bytes_of(&one, 1)}; /* RFC 5869 section 2.3 */
    SOTTO_TRY(crypto_hmac(CRYPTO_SHA256, whole, bytes_of(secret, 32), parts, 3));
    memcpy(ret, whole, len);
    bytes_wipe(whole, sizeof whole);
    return SOTTO_OK;
}

static sotto_status make(live_secret *ret, const live_secret_input *in) {
    static const uint8_t none[32];
    uint8_t ikm[32 + 64], info[22 + 64];
    bytes_buffer key, text;
    sotto_bytes secret, context, salt = bytes_of(in->before != NULL ? in->before : none, 32);
    bytes_buffer_borrowed(&key, ikm, sizeof ikm);
    bytes_buffer_put(&key, bytes_of(in->exporter, sizeof in->exporter));
    bytes_buffer_put(&key, in->password);
    bytes_buffer_borrowed(&text, info, sizeof info);
    bytes_buffer_text(&text, "sotto live retained 0");
    bytes_buffer_put(&text, bytes_of(in->first, sizeof in->first));
    bytes_buffer_put(&text, bytes_of(in->second, sizeof in->second));
    sotto_status status = bytes_buffer_end(&key, &secret);
    if (sotto_ok(status)) status = bytes_buffer_end(&text, &context);
    if (sotto_ok(status)) status = crypto_hkdf(CRYPTO_SHA256, ret->secret, 32, secret, salt, context);
    bytes_wipe(ikm, sizeof ikm);
    return status;
}

sotto_status live_secret_make(live_secret *ret, const live_secret_input *in) {
    SOTTO_TRY(make(ret, in));
    return expand(ret->secret, "sotto live id 0", "", ret->id, sizeof ret->id);
}

sotto_status live_secret_psk(const uint8_t secret[32], uint8_t ret[32]) {
    return expand(secret, "sotto live psk 0", "", ret, 32);
}

sotto_status live_secret_naming(const uint8_t secret[32], bool initiator, uint8_t ret[32]) {
    return expand(secret, "sotto live identity 0 ", initiator ? "I" : "R", ret, 32);
}

static void put_length(uint8_t at[4], size_t len) {
    for (unsigned i = 0; i < 4; i++) at[i] = (uint8_t)(len >> (24 - 8 * i));
}

sotto_status live_secret_identity(uint8_t ret[TLS_SECRET_IDENTITY_BYTES], const uint8_t naming[32],
                                  const live_way *way) {
    uint8_t one[4], other[4];
    put_length(one, way->initiator.len);
    put_length(other, way->responder.len);
    const sotto_bytes parts[] = {bytes_of(way->nonce, 16), bytes_of(one, 4), way->initiator, bytes_of(other, 4),
                                 way->responder};
    memcpy(ret, way->nonce, 16);
    return crypto_hmac(CRYPTO_SHA256, ret + 16, bytes_of(naming, 32), parts, 5);
}

/* ---- records: 's' jid 0 key → version, where it was last, then each ---- */

#define SECRET_VERSION 1u
#define KNOWN_BYTES    (LIVE_ID_BYTES + 32u) /* in memory: id, and what the other side is recognized by */

typedef struct secret_name {
    uint8_t at[1 + SOTTO_LIVE_JID_BYTES_MAX + 1 + 32];
    sotto_bytes bytes;
} secret_name;

static void name_of(secret_name *name, sotto_bytes jid, const uint8_t *key) {
    bytes_buffer out;
    bytes_buffer_borrowed(&out, name->at, sizeof name->at);
    bytes_buffer_u8(&out, 's');
    bytes_buffer_put(&out, jid);
    if (jid.len > 0) bytes_buffer_u8(&out, 0);
    if (key != NULL) bytes_buffer_put(&out, bytes_of(key, 32));
    if (!sotto_ok(bytes_buffer_end(&out, &name->bytes))) name->bytes = BYTES_NONE;
}

static void secret_encode(bytes_buffer *out, const live_secret *secret) {
    bytes_buffer_put(out, bytes_of(secret->secret, sizeof secret->secret));
    bytes_buffer_put(out, bytes_of(secret->id, sizeof secret->id));
    bytes_buffer_u8(out, (uint8_t)((secret->initiator ? 1 : 0) | (secret->theirs ? 2 : 0)));
    bytes_buffer_u8(out, secret->version);
    bytes_buffer_u32(out, (uint32_t)secret->group << 16 | secret->suite);
    bytes_buffer_u64(out, secret->made_ms);
}

static bool secret_decode(bytes_cursor *c, live_secret *ret) {
    bytes_cursor_into(c, ret->secret, sizeof ret->secret);
    bytes_cursor_into(c, ret->id, sizeof ret->id);
    uint8_t flags = bytes_cursor_u8(c);
    ret->initiator = (flags & 1) != 0;
    ret->theirs = (flags & 2) != 0;
    ret->version = bytes_cursor_u8(c);
    uint32_t what = bytes_cursor_u32(c);
    ret->group = (uint16_t)(what >> 16);
    ret->suite = (uint16_t)what;
    ret->made_ms = bytes_cursor_u64(c);
    return flags <= 3;
}

static sotto_status secrets_decode(sotto_bytes value, live_secrets *ret) {
    bytes_cursor c = bytes_cursor_over(value);
    bool fine = bytes_cursor_u8(&c) == SECRET_VERSION;
    *ret = (live_secrets){.full = bytes_cursor_block(&c)};
    while (fine && bytes_cursor_more(&c))
        fine = ret->count < LIVE_SECRETS_MAX && secret_decode(&c, &ret->at[ret->count++]);
    if (fine && ret->count > 0 && sotto_ok(bytes_cursor_end(&c))) return SOTTO_OK;
    bytes_wipe(ret, sizeof *ret);
    return SOTTO_FAIL(STORE_CORRUPT);
}

sotto_status live_secret_read(seal_env *env, sotto_bytes jid, const uint8_t key[32], live_secrets *ret) {
    secret_name name;
    sotto_bytes value;
    *ret = (live_secrets){0};
    name_of(&name, jid, key);
    sotto_status status = env->get(env, name.bytes, &value);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    return secrets_decode(value, ret);
}

/* ---- in memory ---- */

static sotto_status remember(live_self *self, sotto_bytes name, const live_secrets *secrets) {
    uint8_t at[LIVE_SECRETS_MAX * KNOWN_BYTES];
    sotto_status status = SOTTO_OK;
    if (secrets->count == 0) {
        bytes_map_remove(&self->known, name);
        return SOTTO_OK;
    }
    for (size_t i = 0; i < secrets->count && sotto_ok(status); i++) {
        const live_secret *secret = &secrets->at[i];
        memcpy(at + i * KNOWN_BYTES, secret->id, LIVE_ID_BYTES);
        status = live_secret_naming(secret->secret, !secret->initiator, at + i * KNOWN_BYTES + LIVE_ID_BYTES);
    }
    if (sotto_ok(status)) status = bytes_map_put(&self->known, name, bytes_of(at, secrets->count * KNOWN_BYTES));
    bytes_wipe(at, sizeof at);
    return status;
}

static sotto_status remember_record(void *arg, sotto_bytes name, sotto_bytes value) {
    live_secrets secrets;
    if (name.len < 1 + 1 + 1 + 32) return SOTTO_FAIL(STORE_CORRUPT);
    SOTTO_TRY(secrets_decode(value, &secrets));
    sotto_status status = remember(arg, name, &secrets);
    bytes_wipe(&secrets, sizeof secrets);
    return status;
}

static sotto_status know(live_self *self, seal_env *env) {
    if (self->knows) return SOTTO_OK;
    live_secret_forget(self);
    SOTTO_TRY(env->scan(env, BYTES_LITERAL("s"), remember_record, self));
    self->knows = true;
    return SOTTO_OK;
}

void live_secret_forget(live_self *self) {
    bytes_map_clear(&self->known);
    self->knows = false;
}

typedef struct place_scan {
    seal_env *env;
    sotto_bytes jid;
    size_t count;
    secret_name least;
    bool least_accepted;
    uint64_t least_ms;
} place_scan;

static sotto_status count_record(void *arg, sotto_bytes name, sotto_bytes value) {
    place_scan *scan = arg;
    (void)name, (void)value;
    scan->count++;
    return SOTTO_OK;
}

static sotto_status note_least(void *arg, sotto_bytes name, sotto_bytes value) {
    place_scan *scan = arg;
    live_secrets secrets;
    uint8_t key[32];
    bool accepted;
    if (name.len < 34 || name.len > sizeof scan->least.at) return SOTTO_FAIL(STORE_CORRUPT);
    memcpy(key, name.at + name.len - 32, sizeof key);
    SOTTO_TRY(secrets_decode(value, &secrets));
    uint64_t made_ms = secrets.at[0].made_ms;
    bytes_wipe(&secrets, sizeof secrets);
    SOTTO_TRY(scan->env->accepted(scan->env, scan->jid, key, &accepted));
    bool sooner =
        scan->least.bytes.len == 0 || (scan->least_accepted != accepted ? !accepted : made_ms < scan->least_ms);
    if (!sooner) return SOTTO_OK;
    memcpy(scan->least.at, name.at, name.len);
    scan->least.bytes = bytes_of(scan->least.at, name.len);
    scan->least_accepted = accepted;
    scan->least_ms = made_ms;
    return SOTTO_OK;
}

/* Whoever makes keys by the hundred pushes out his own secrets: each of them is tried for every ClientHello, of
 * everybody. They are made in sessions that are used alone, so no stranger pushes out what would quarantine him. */
static sotto_status make_place(live_self *self, seal_env *env, sotto_bytes jid, const secret_name *name) {
    place_scan scan = {.env = env, .jid = jid};
    secret_name all;
    sotto_bytes value;
    sotto_status status = env->get(env, name->bytes, &value);
    if (!sotto_is(status, SOTTO_E_NOT_FOUND)) return status;
    name_of(&all, jid, NULL);
    SOTTO_TRY(env->scan(env, all.bytes, count_record, &scan));
    if (scan.count < SOTTO_LIVE_KEYS_MAX) return SOTTO_OK;
    SOTTO_TRY(env->scan(env, all.bytes, note_least, &scan));
    SOTTO_TRY(env->put(env, scan.least.bytes, BYTES_NONE));
    bytes_map_remove(&self->known, scan.least.bytes);
    return SOTTO_OK;
}

sotto_status live_secret_write(live_self *self, seal_env *env, sotto_bytes jid, const uint8_t key[32],
                               const live_secrets *secrets) {
    secret_name name;
    uint8_t room[1 + 10 + SOTTO_LIVE_JID_BYTES_MAX + LIVE_SECRETS_MAX * 64u];
    bytes_buffer out;
    sotto_bytes value = BYTES_NONE;
    name_of(&name, jid, key);
    if (secrets->count > 0) SOTTO_TRY(make_place(self, env, jid, &name));
    bytes_buffer_borrowed(&out, room, sizeof room);
    bytes_buffer_u8(&out, SECRET_VERSION);
    bytes_buffer_block(&out, secrets->full);
    for (size_t i = 0; i < secrets->count; i++) secret_encode(&out, &secrets->at[i]);
    sotto_status status = bytes_buffer_end(&out, &value);
    if (sotto_ok(status)) status = env->put(env, name.bytes, secrets->count > 0 ? value : BYTES_NONE);
    bytes_wipe(room, sizeof room);
    if (sotto_ok(status) && self->knows) status = remember(self, name.bytes, secrets);
    return status;
}

/* ---- all of a JID ---- */

typedef struct theirs_scan {
    seal_env *env;
    sotto_bytes jid;
    bool any;
} theirs_scan;

/* What somebody set up in another's name with a key that nobody accepted must not stand in that other's way. */
static sotto_status note_theirs(void *arg, sotto_bytes name, sotto_bytes value) {
    live_secrets secrets;
    theirs_scan *scan = arg;
    bool theirs = false, accepted = false;
    uint8_t key[32];
    if (name.len < 34) return SOTTO_FAIL(STORE_CORRUPT);
    memcpy(key, name.at + name.len - 32, sizeof key);
    SOTTO_TRY(secrets_decode(value, &secrets));
    for (size_t i = 0; i < secrets.count; i++) theirs = theirs || secrets.at[i].theirs;
    bytes_wipe(&secrets, sizeof secrets);
    if (theirs) SOTTO_TRY(scan->env->accepted(scan->env, scan->jid, key, &accepted));
    scan->any = scan->any || accepted;
    return SOTTO_OK;
}

sotto_status live_secret_any_theirs(seal_env *env, sotto_bytes jid, bool *ret) {
    secret_name name;
    theirs_scan scan = {env, jid, false};
    name_of(&name, jid, NULL);
    SOTTO_TRY(env->scan(env, name.bytes, note_theirs, &scan));
    *ret = scan.any;
    return SOTTO_OK;
}

typedef struct drop_scan {
    live_self *self;
    seal_env *env;
} drop_scan;

static sotto_status drop_record(void *arg, sotto_bytes name, sotto_bytes value) {
    const drop_scan *scan = arg;
    secret_name own;
    (void)value;
    if (name.len > sizeof own.at) return SOTTO_FAIL(STORE_CORRUPT);
    memcpy(own.at, name.at, name.len);
    SOTTO_TRY(scan->env->put(scan->env, bytes_of(own.at, name.len), BYTES_NONE));
    bytes_map_remove(&scan->self->known, bytes_of(own.at, name.len));
    return SOTTO_OK;
}

sotto_status live_secret_drop(live_self *self, seal_env *env, sotto_bytes jid, const uint8_t *key) {
    drop_scan scan = {self, env};
    secret_name name;
    name_of(&name, jid, key);
    return env->scan(env, name.bytes, drop_record, &scan);
}

sotto_status live_secret_move(live_self *self, seal_env *env, sotto_bytes from, sotto_bytes to, const uint8_t key[32]) {
    live_secrets secrets;
    SOTTO_TRY(live_row_received_move(env, from, to, key));
    SOTTO_TRY(live_secret_read(env, from, key, &secrets));
    sotto_status status = live_secret_write(self, env, to, key, &secrets);
    if (sotto_ok(status)) status = live_secret_drop(self, env, from, key);
    bytes_wipe(&secrets, sizeof secrets);
    return status;
}

/* ---- recognizing ---- */

/* 's' jid 0 key */
static sotto_status found_is(seal_env *env, sotto_bytes name, const uint8_t *id, live_found *ret) {
    live_secrets secrets;
    ret->is = false;
    if (!bytes_arena_copy(env->arena, bytes_of(name.at + 1, name.len - 34), &ret->jid)) return SOTTO_FAIL(NO_MEMORY);
    memcpy(ret->key, name.at + name.len - 32, 32);
    SOTTO_TRY(live_secret_read(env, ret->jid, ret->key, &secrets));
    for (size_t i = 0; i < secrets.count; i++) {
        if (memcmp(secrets.at[i].id, id, LIVE_ID_BYTES) != 0) continue;
        ret->secret = secrets.at[i];
        ret->is = true;
    }
    bytes_wipe(&secrets, sizeof secrets);
    return SOTTO_OK;
}

/* The id of the secret by which it is recognized, in the map; NULL: none. */
static sotto_status recognize(sotto_bytes known, sotto_bytes identity, const live_way *way, const uint8_t **ret) {
    uint8_t made[TLS_SECRET_IDENTITY_BYTES];
    *ret = NULL;
    for (size_t i = 0; i + KNOWN_BYTES <= known.len; i += KNOWN_BYTES) {
        SOTTO_TRY(live_secret_identity(made, known.at + i + LIVE_ID_BYTES, way));
        if (crypto_equal(made, identity.at, sizeof made)) *ret = known.at + i;
    }
    return SOTTO_OK;
}

static sotto_status look_below(live_self *self, seal_env *env, sotto_bytes prefix, sotto_bytes identity,
                               const live_way *way, live_found *ret) {
    sotto_bytes name, known;
    const uint8_t *id = NULL;
    for (bool more = bytes_map_from(&self->known, prefix, false, &name, &known); more;
         more = bytes_map_from(&self->known, name, true, &name, &known)) {
        if (!bytes_starts_with(name, prefix)) return SOTTO_OK;
        SOTTO_TRY(recognize(known, identity, way, &id));
        if (id != NULL) return found_is(env, name, id, ret);
    }
    return SOTTO_OK;
}

sotto_status live_secret_find(live_self *self, seal_env *env, sotto_bytes from, sotto_bytes identity, live_found *ret) {
    secret_name name;
    live_way way = {.nonce = identity.at, .initiator = from, .responder = self->full};
    *ret = (live_found){0};
    if (identity.len != TLS_SECRET_IDENTITY_BYTES) return SOTTO_OK;
    SOTTO_TRY(know(self, env));
    name_of(&name, live_bare(from), NULL);
    SOTTO_TRY(look_below(self, env, name.bytes, identity, &way, ret));
    return ret->is ? SOTTO_OK : look_below(self, env, BYTES_LITERAL("s"), identity, &way, ret);
}

/* ---- offering ---- */

typedef struct candidate {
    live_secret secret;
    uint8_t key[32];
    bool here; /* this key was last at the full JID */
} candidate;

typedef struct candidates {
    seal_env *env;
    sotto_bytes full;
    candidate at[SOTTO_LIVE_KEYS_MAX];
    size_t count;
} candidates;

/* Rule 1: the newest that they hold, else the newest. */
static const live_secret *best_of(const live_secrets *secrets) {
    for (size_t i = 0; i < secrets->count; i++)
        if (secrets->at[i].theirs) return &secrets->at[i];
    return &secrets->at[0];
}

static sotto_status note_candidate(void *arg, sotto_bytes name, sotto_bytes value) {
    candidates *list = arg;
    live_secrets secrets;
    uint8_t key[32];
    bool accepted;
    if (name.len < 32) return SOTTO_FAIL(STORE_CORRUPT);
    memcpy(key, name.at + name.len - 32, sizeof key);
    SOTTO_TRY(list->env->accepted(list->env, live_bare(list->full), key, &accepted));
    if (list->count >= SOTTO_LIVE_KEYS_MAX) return SOTTO_OK;
    SOTTO_TRY(secrets_decode(value, &secrets));
    candidate *added = &list->at[list->count++];
    added->secret = *best_of(&secrets);
    added->secret.theirs = added->secret.theirs && accepted; /* nobody is missed whom nobody accepted */
    added->here = bytes_equal(secrets.full, list->full);
    memcpy(added->key, key, sizeof key);
    bytes_wipe(&secrets, sizeof secrets);
    return SOTTO_OK;
}

static bool goes_before(const candidate *one, const candidate *other) {
    return one->here != other->here ? one->here : one->secret.made_ms > other->secret.made_ms;
}

/* The first of those that are left, which is taken off the list; NULL: none. */
static const candidate *take_first(candidates *list) {
    size_t best = 0;
    if (list->count == 0) return NULL;
    for (size_t i = 1; i < list->count; i++)
        if (goes_before(&list->at[i], &list->at[best])) best = i;
    candidate first = list->at[best];
    list->at[best] = list->at[--list->count];
    list->at[list->count] = first;
    bytes_wipe(&first, sizeof first);
    return &list->at[list->count];
}

/* Of another key than the first one only what its side is known to hold. */
static const candidate *take_next(candidates *list) {
    for (const candidate *next; (next = take_first(list)) != NULL;)
        if (next->secret.theirs) return next;
    return NULL;
}

sotto_status live_secret_offer(seal_env *env, sotto_bytes full, unsigned skip, live_found *ret, bool *ret_more) {
    secret_name name;
    candidates list = {.env = env, .full = full};
    *ret = (live_found){.jid = live_bare(full)};
    name_of(&name, live_bare(full), NULL);
    sotto_status status = env->scan(env, name.bytes, note_candidate, &list);
    if (!sotto_ok(status)) {
        bytes_wipe(&list, sizeof list);
        return status;
    }
    const candidate *chosen = take_first(&list);
    while (skip-- > 0 && chosen != NULL) chosen = take_next(&list);
    if (chosen != NULL) {
        ret->is = true;
        ret->secret = chosen->secret;
        memcpy(ret->key, chosen->key, 32);
    }
    *ret_more = take_next(&list) != NULL;
    bytes_wipe(&list, sizeof list);
    return SOTTO_OK;
}
