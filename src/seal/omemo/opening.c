/* SPDX-License-Identifier: ISC
 *
 * Whether this is the one living copy of the device (T18). A store that is copied back from a backup, or to a second
 * machine, would write with message keys that were used before. So every opening takes a number and a random name,
 * signs them with the identity key and puts them into an item of our own that nobody else may read; before the first
 * message of an opening the item is asked for. An item that this store has not written itself, and that is not older
 * than what it has, was written by another copy: this device then goes on under another id (omemo_own_renew), with the
 * same identity, and no session or prekey of the copied state is used again. Until the answer is there nothing is
 * sealed with a chain that the store remembers; a new ratchet pair or a new session is random and cannot be a repeat.
 *
 * The server can hold the item back or show an old one, which is then as if there were none; it cannot make one. */
#include "seal/omemo/self.h"

#include <stdio.h>
#include <string.h>

#include "bytes/base64.h"
#include "bytes/cursor.h"
#include "bytes/memory.h"

#define NS_OPENING      OMEMO_NODE_OPENING
#define OPENING_VERSION 1
#define NAME_BYTES      16
#define SIGNED_BYTES    (sizeof NS_OPENING + SOTTO_JID_BYTES_MAX + 1 + 4 + 8 + NAME_BYTES)
#define RECORD_BYTES    (1 + 2 * (8 + NAME_BYTES))

typedef struct opening {
    uint64_t number; /* 0: none */
    uint8_t name[NAME_BYTES];
} opening;

/* What the server may show: the item it had last, or the one sent after it, of which nothing is known yet. */
typedef struct openings {
    opening seen, sent;
} openings;

/* ---- the record ---- */

static sotto_status openings_load(seal_env *env, openings *ret) {
    omemo_row row;
    sotto_bytes value;
    omemo_row_own(&row, OMEMO_ROW_OPENING);
    sotto_status status = env->get(env, omemo_row_key(&row), &value);
    *ret = (openings){.seen = {.number = 0}};
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    bytes_cursor c = bytes_cursor_over(value);
    uint8_t version = bytes_cursor_u8(&c);
    if (version > OPENING_VERSION) return SOTTO_FAIL(STORE_NEWER);
    openings found;
    found.seen.number = bytes_cursor_u64(&c);
    bytes_cursor_into(&c, found.seen.name, NAME_BYTES);
    found.sent.number = bytes_cursor_u64(&c);
    bytes_cursor_into(&c, found.sent.name, NAME_BYTES);
    if (!sotto_ok(bytes_cursor_end(&c)) || version != OPENING_VERSION) return SOTTO_FAIL(STORE_CORRUPT);
    *ret = found;
    return SOTTO_OK;
}

sotto_status omemo_opening_check(seal_env *env) {
    openings all;
    return openings_load(env, &all);
}

static sotto_status openings_save(seal_env *env, const openings *all) {
    omemo_row row;
    uint8_t memory[RECORD_BYTES];
    bytes_buffer out;
    sotto_bytes value;
    omemo_row_own(&row, OMEMO_ROW_OPENING);
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    bytes_buffer_u8(&out, OPENING_VERSION);
    bytes_buffer_u64(&out, all->seen.number);
    bytes_buffer_put(&out, bytes_of(all->seen.name, NAME_BYTES));
    bytes_buffer_u64(&out, all->sent.number);
    bytes_buffer_put(&out, bytes_of(all->sent.name, NAME_BYTES));
    SOTTO_TRY(bytes_buffer_end(&out, &value));
    return env->put(env, omemo_row_key(&row), value);
}

static bool is_same(const opening *one, const opening *other) {
    return one->number == other->number && memcmp(one->name, other->name, NAME_BYTES) == 0;
}

/* ---- the item ---- */

/* What is signed: nothing else that this key signs begins like it. */
static sotto_bytes signed_text(uint8_t memory[SIGNED_BYTES], const seal_env *env, uint32_t device, const opening *o) {
    bytes_buffer out;
    sotto_bytes ret = BYTES_NONE;
    bytes_buffer_borrowed(&out, memory, SIGNED_BYTES);
    bytes_buffer_text(&out, NS_OPENING);
    bytes_buffer_u8(&out, 0);
    bytes_buffer_put(&out, env->account);
    bytes_buffer_u8(&out, 0);
    bytes_buffer_u32(&out, device);
    bytes_buffer_u64(&out, o->number);
    bytes_buffer_put(&out, bytes_of(o->name, NAME_BYTES));
    return sotto_ok(bytes_buffer_end(&out, &ret)) ? ret : BYTES_NONE;
}

static void base64_put(stanza_writer *w, const char *name, sotto_bytes value) {
    uint8_t memory[96];
    bytes_buffer out;
    sotto_bytes text;
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    bytes_base64_put(&out, value);
    if (sotto_ok(bytes_buffer_end(&out, &text))) stanza_put(w, name, text);
}

static sotto_status item_write(omemo_self *self, seal_env *env, uint32_t device, const opening *o,
                               omemo_publish_options options, bytes_buffer *out) {
    uint8_t memory[SIGNED_BYTES];
    crypto_signature signature;
    stanza_writer w;
    SOTTO_TRY(omemo_own_sign(env, &self->identity, signed_text(memory, env, device, o), &signature));
    stanza_writer_init(&w, out, STANZA_NS_CLIENT);
    omemo_publish_open_device(&w, OMEMO_NODE_OPENING, device);
    stanza_open(&w, "opening", NS_OPENING);
    stanza_put_number(&w, "number", o->number);
    base64_put(&w, "name", bytes_of(o->name, NAME_BYTES));
    base64_put(&w, "signature", bytes_of(signature.bytes, sizeof signature.bytes));
    stanza_close(&w);
    omemo_publish_close(&w, options);
    return SOTTO_OK;
}

/* The opening of this device that is in there, if there is one and it is ours. */
static bool item_read(const omemo_self *self, const seal_env *env, uint32_t device, const stanza_element *items,
                      opening *ret) {
    uint8_t memory[SIGNED_BYTES];
    for (const stanza_element *item = stanza_first(items); item; item = stanza_next(items, item)) {
        uint64_t id;
        opening found;
        crypto_signature signature;
        if (!stanza_attribute_number(item, "id", device, device, &id)) continue;
        const stanza_element *of = stanza_child(item, "opening", NS_OPENING);
        if (!of || !stanza_attribute_number(of, "number", 1, UINT64_MAX - 1, &found.number)) continue;
        if (!sotto_ok(bytes_base64_into(found.name, NAME_BYTES, stanza_attribute_of(of, "name")))) continue;
        if (!sotto_ok(bytes_base64_into(signature.bytes, sizeof signature.bytes, stanza_attribute_of(of, "signature"))))
            continue;
        sotto_bytes text = signed_text(memory, env, device, &found);
        if (!sotto_ok(crypto_ed25519_verify(&self->identity.ed25519, text, &signature))) continue;
        *ret = found;
        return true;
    }
    return false;
}

/* ---- the steps ---- */

static sotto_status put(omemo_self *self, seal_env *env, const omemo_own *own, const opening *o, uint8_t attempt) {
    uint8_t memory[2048];
    bytes_buffer out;
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    bool configured = (attempt & OMEMO_PUBLISH_CONFIGURED) != 0;
    SOTTO_TRY(item_write(self, env, own->device, o, configured ? OMEMO_OPTIONS_OWN : OMEMO_OPTIONS_OWN_MANY, &out));
    return omemo_ask_payload(env, true, BYTES_NONE, &out,
                             &(omemo_note){.kind = OMEMO_NOTE_PUT_OPENING, .attempt = attempt, .number = own->device});
}

/* An item that is under way, and that the server has or will have. */
static bool is_claiming(seal_env *env, const omemo_own *own) {
    static const omemo_note notes[] = {
        {.kind = OMEMO_NOTE_PUT_OPENING},
        {.kind = OMEMO_NOTE_PUT_OPENING, .attempt = OMEMO_PUBLISH_CONFIGURED},
        {.kind = OMEMO_NOTE_SET_OPENINGS, .attempt = OMEMO_PUBLISH_CONFIGURED},
        {.kind = OMEMO_NOTE_SET_OPENINGS, .attempt = OMEMO_PUBLISH_CONFIGURED | OMEMO_PUBLISH_CREATED}};
    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++) {
        omemo_note note = notes[i];
        note.number = own->device;
        if (omemo_asking(env, &note)) return true;
    }
    return false;
}

/* The record goes with the item: it is durable before the item leaves, or a crash would make us a stranger to our own.
 * What was sent before counts as seen, for it may still arrive. */
sotto_status omemo_opening_claim(omemo_self *self, seal_env *env, const omemo_own *own) {
    openings all;
    SOTTO_TRY(openings_load(env, &all));
    if (is_claiming(env, own)) { /* of this run: questions end with it */
        memcpy(self->opening, all.sent.name, NAME_BYTES);
        return SOTTO_OK;
    }
    if (all.sent.number > all.seen.number) all.seen = all.sent;
    all.sent.number = all.seen.number + 1;
    SOTTO_TRY(env->random(env, all.sent.name, NAME_BYTES));
    SOTTO_TRY(openings_save(env, &all));
    SOTTO_TRY(put(self, env, own, &all.sent, 0));
    memcpy(self->before, self->opening, NAME_BYTES);
    if (!self->checked) memset(self->before, 0, NAME_BYTES);
    memcpy(self->opening, all.sent.name, NAME_BYTES);
    self->claimed_ms = env->now_ms;
    self->unclaimed = false;
    return SOTTO_OK;
}

static sotto_status copied_tell(seal_env *env, uint32_t device) {
    return env->event(env, &(sotto_event){.kind = SOTTO_EVENT_COPIED, .jid = env->account, .number = device});
}

sotto_status omemo_opening_renew(omemo_self *self, seal_env *env, omemo_own *own) {
    omemo_row row;
    SOTTO_TRY(omemo_sessions_wipe(env));
    SOTTO_TRY(omemo_own_renew(env, own, &self->identity));
    omemo_row_own(&row, OMEMO_ROW_OPENING);
    SOTTO_TRY(env->put(env, omemo_row_key(&row), BYTES_NONE));
    return own->leaving ? SOTTO_OK : copied_tell(env, own->device);
}

sotto_status omemo_opening_ask(seal_env *env, const omemo_own *own) {
    omemo_note note = {.kind = OMEMO_NOTE_OPENING, .number = own->device, .jid = env->account};
    char item[16];
    snprintf(item, sizeof item, "%u", own->device);
    return omemo_ask_items(env, OMEMO_NODE_OPENING, item, &note);
}

void omemo_opening_unlisted(omemo_self *self, bool unlisted) {
    for (size_t i = 0; i < OMEMO_DIALECTS; i++) self->listing[i].unlisted = unlisted;
}

/* Everything that waited for the answer. */
static sotto_status go_on(omemo_self *self, seal_env *env, const omemo_own *own) {
    SOTTO_TRY(omemo_opening_claim(self, env, own));
    SOTTO_TRY(omemo_publish_start(self, env));
    return env->changed(env, env->account);
}

/* Of another copy: what we never wrote, unless it is older than what we have, which a server may still show. */
static bool is_foreign(const openings *all, const opening *found) {
    if (is_same(found, &all->seen) || is_same(found, &all->sent)) return false;
    return found->number >= all->seen.number;
}

static sotto_status step_aside(omemo_self *self, seal_env *env, omemo_own *own) {
    self->checked = false; /* should it be taken back, it has to be seen again */
    SOTTO_TRY(omemo_opening_renew(self, env, own));
    SOTTO_TRY(go_on(self, env, own));
    omemo_cache_forget(&self->cache, BYTES_NONE);
    self->checked = true;
    omemo_opening_unlisted(self, true);
    return SOTTO_OK;
}

static sotto_status opening_answered(omemo_self *self, seal_env *env, omemo_own *own, const seal_input *input) {
    openings all;
    opening found;
    if (self->checked || sotto_is(input->status, SOTTO_E_OFFLINE)) return SOTTO_OK;
    if (sotto_is(input->status, SOTTO_E_TIMEOUT)) /* nothing is sealed meanwhile */
        return omemo_timer(env, &(omemo_note){.kind = OMEMO_NOTE_TIMER_OPENING}, env->now_ms + OMEMO_RETRY_MS);
    const stanza_element *items =
        sotto_ok(input->status) ? omemo_answer_items(input->answer, OMEMO_NODE_OPENING) : NULL;
    SOTTO_TRY(openings_load(env, &all));
    if (item_read(self, env, own->device, items, &found)) {
        if (is_foreign(&all, &found)) return step_aside(self, env, own);
        if (is_same(&found, &all.sent)) all.seen = all.sent;
        SOTTO_TRY(openings_save(env, &all));
    }
    SOTTO_TRY(go_on(self, env, own));
    self->checked = true;
    omemo_opening_unlisted(self, !own->announced);
    return SOTTO_OK;
}

static sotto_status put_answered(omemo_self *self, seal_env *env, const omemo_own *own, const omemo_note *note,
                                 const seal_input *input) {
    openings all;
    SOTTO_TRY(openings_load(env, &all));
    if (all.sent.number == 0) return SOTTO_OK;
    if (note->kind == OMEMO_NOTE_SET_OPENINGS) {
        bool again;
        SOTTO_TRY(omemo_publish_configured(env, OMEMO_NODE_OPENING, OMEMO_OPTIONS_OWN_MANY, note, input, &again));
        return !again && sotto_ok(input->status) ? put(self, env, own, &all.sent, OMEMO_PUBLISH_CONFIGURED) : SOTTO_OK;
    }
    if (sotto_ok(input->status)) {
        all.seen = all.sent;
        return openings_save(env, &all);
    }
    bool configured = (note->attempt & OMEMO_PUBLISH_CONFIGURED) != 0;
    if (configured || !omemo_publish_is_refused(input->answer))
        return SOTTO_OK; /* a server that keeps no such item: the number beside the store is what remains */
    omemo_note next = {.kind = OMEMO_NOTE_SET_OPENINGS, .attempt = OMEMO_PUBLISH_CONFIGURED, .number = own->device};
    return omemo_publish_configure(env, OMEMO_NODE_OPENING, OMEMO_OPTIONS_OWN_MANY, &next);
}

sotto_status omemo_opening_answer(omemo_self *self, seal_env *env, const omemo_note *note, const seal_input *input) {
    omemo_own own;
    SOTTO_TRY(omemo_own_load(env, &own));
    sotto_status status = SOTTO_OK;
    bool ours = !own.leaving && note->number == own.device; /* not of the device we were */
    if (ours && note->kind == OMEMO_NOTE_OPENING) status = opening_answered(self, env, &own, input);
    if (ours && note->kind != OMEMO_NOTE_OPENING) status = put_answered(self, env, &own, note, input);
    bytes_wipe(&own, sizeof own);
    return status;
}

/* Another copy was opened while this one runs: both see it, and both step aside. */
sotto_status omemo_opening_notified(omemo_self *self, seal_env *env, const stanza_element *items) {
    omemo_own own;
    openings all;
    opening found;
    if (!self->checked || !self->online) return SOTTO_OK; /* the answer that is on its way will tell */
    SOTTO_TRY(omemo_own_load(env, &own));
    sotto_status status = openings_load(env, &all);
    if (sotto_ok(status) && !own.leaving && item_read(self, env, own.device, items, &found) && is_foreign(&all, &found))
        status = step_aside(self, env, &own);
    bytes_wipe(&own, sizeof own);
    return status;
}

static sotto_status claim(omemo_self *self, seal_env *env) {
    omemo_own own;
    SOTTO_TRY(omemo_own_load(env, &own));
    sotto_status status = own.leaving ? SOTTO_OK : omemo_opening_claim(self, env, &own);
    bytes_wipe(&own, sizeof own);
    return status;
}

static sotto_status later(const omemo_self *self, seal_env *env) {
    return omemo_timer(env, &(omemo_note){.kind = OMEMO_NOTE_TIMER_OPENING}, self->claimed_ms + OMEMO_CLAIM_MS);
}

/* A copy made while this opening lasts has its number: so there is a new one after what was sealed, every ten minutes
 * while there is more. Of the state before it no copy can be used any more. */
sotto_status omemo_opening_sealed(omemo_self *self, seal_env *env) {
    bool recent = env->now_ms >= self->claimed_ms && env->now_ms - self->claimed_ms < OMEMO_CLAIM_MS;
    if (!self->checked) return SOTTO_OK; /* the opening that comes with the answer is after it */
    if (self->online && recent && !self->unclaimed) SOTTO_TRY(later(self, env));
    self->unclaimed = true;
    return self->online && !recent ? claim(self, env) : SOTTO_OK;
}

sotto_status omemo_opening_online(omemo_self *self, seal_env *env, const omemo_own *own) {
    return self->checked && self->unclaimed && !own->leaving ? omemo_opening_claim(self, env, own) : SOTTO_OK;
}

sotto_status omemo_opening_timer(omemo_self *self, seal_env *env) {
    if (!self->online || (self->checked && !self->unclaimed)) return SOTTO_OK;
    return self->checked ? claim(self, env) : omemo_opening_wait(self, env);
}

/* Forgotten is what a step did that was taken back: the name of the opening it put there is not in the records then. */
static sotto_status identity_settle(omemo_self *self, seal_env *env) {
    omemo_own own;
    sotto_status status = omemo_own_load(env, &own);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK; /* it is gone */
    SOTTO_TRY(status);
    status = omemo_own_identity(&own, &self->identity);
    bytes_wipe(&own, sizeof own);
    if (sotto_ok(status)) self->gone = false;
    return status;
}

sotto_status omemo_opening_settle(omemo_self *self, seal_env *env) {
    openings all;
    if (!self->doubted) return SOTTO_OK;
    SOTTO_TRY(omemo_own_catching_up(env, &self->catching_up));
    SOTTO_TRY(identity_settle(self, env));
    SOTTO_TRY(openings_load(env, &all));
    bool last = all.sent.number > 0 && memcmp(all.sent.name, self->opening, NAME_BYTES) == 0;
    bool earlier = all.sent.number > 0 && memcmp(all.sent.name, self->before, NAME_BYTES) == 0;
    bool unclaimed = self->unclaimed || earlier;
    if (self->checked && (last || earlier) && unclaimed && self->online)
        SOTTO_TRY(later(self, env)); /* it may have gone as well */
    if (earlier) memcpy(self->opening, self->before, NAME_BYTES);
    self->checked = self->checked && (last || earlier);
    self->unclaimed = unclaimed;
    self->doubted = false;
    return SOTTO_OK;
}

sotto_status omemo_opening_wait(omemo_self *self, seal_env *env) {
    omemo_own own;
    if (self->checked || !self->online) return SOTTO_OK;
    SOTTO_TRY(omemo_own_load(env, &own));
    sotto_status status = own.leaving ? SOTTO_OK : omemo_opening_ask(env, &own);
    bytes_wipe(&own, sizeof own);
    return status;
}
