/* SPDX-License-Identifier: ISC */
#include "engine/receive.h"

#include "context/carbon.h"
#include "context/delay.h"
#include "context/notification.h"
#include "context/roster.h"
#include "engine/archive.h"
#include "engine/ask.h"
#include "engine/contact.h"
#include "engine/deliver.h"
#include "engine/env.h"
#include "engine/keyring.h"
#include "engine/output.h"
#include "engine/part.h"
#include "engine/record.h"
#include "engine/request.h"
#include "engine/resource.h"
#include "engine/room.h"
#include "stanza/writer.h"

/* ---- seals ---- */

static bool claim_matches(const char *claim, sotto_bytes ns) {
    size_t len = strlen(claim);
    if (len > 0 && claim[len - 1] == '*') return bytes_starts_with(ns, bytes_of(claim, len - 1));
    return bytes_is(ns, claim);
}

static bool is_claimed(const seal_class *class, const stanza_element *stanza) {
    for (const stanza_element *child = stanza_first(stanza); child != NULL; child = stanza_next(stanza, child))
        for (const char *const *claim = class->claims; *claim != NULL; claim++)
            if (claim_matches(*claim, child->ns)) return true;
    return false;
}

/* carrier: what kind of stanza it is. A seal that no such stanza carries is not asked about one: the kind is outside
 * the encryption, where a server can change it. */
static bool find_seal(const sotto_engine *engine, const stanza_element *stanza, uint32_t carrier, size_t *ret) {
    for (size_t i = 0; i < engine->seal_count; i++) {
        const seal_class *class = engine->seals[i].class;
        if ((class->carriers & carrier) == 0 || !is_claimed(class, stanza)) continue;
        *ret = i;
        return true;
    }
    return false;
}

static sotto_status roster_key(engine_key_room *room, char what, sotto_bytes jid, sotto_bytes *ret) {
    bytes_buffer *out = engine_key_begin(room, what);
    bytes_buffer_put(out, jid);
    return bytes_buffer_end(out, ret);
}

static sotto_status sees_presence(sotto_engine *engine, sotto_bytes jid, bool *ret) {
    engine_key_room room;
    sotto_bytes key, value;
    SOTTO_TRY(roster_key(&room, 'r', jid, &key));
    *ret = bytes_equal(jid, engine->account.bare) ||
           (bytes_map_get(&engine->roster.map, key, &value) && bytes_is(value, "1"));
    return SOTTO_OK;
}

/* Whether it was shown directly that we are here. */
static sotto_status was_shown(sotto_engine *engine, sotto_bytes jid, bool *ret) {
    engine_key_room room;
    sotto_bytes key, value;
    SOTTO_TRY(roster_key(&room, 'd', jid, &key));
    *ret = *ret || bytes_map_get(&engine->roster.map, key, &value);
    return SOTTO_OK;
}

/* Of this stream: presence ends with it. */
sotto_status engine_roster_shown(sotto_engine *engine, sotto_bytes jid, bool shown) {
    engine_key_room room;
    sotto_bytes key, at = BYTES_LITERAL("d"), value;
    size_t count = 0;
    SOTTO_TRY(roster_key(&room, 'd', jid, &key));
    if (!shown) return engine_stage_remove(&engine->roster, key);
    while (count < SOTTO_DIRECTED_MAX && bytes_map_from(&engine->roster.map, at, true, &at, &value) && at.at[0] == 'd')
        count++;
    return count < SOTTO_DIRECTED_MAX ? engine_stage_put(&engine->roster, key, BYTES_LITERAL("1")) : SOTTO_OK;
}

sotto_status engine_roster_lists(sotto_engine *engine, sotto_bytes jid, bool *ret) {
    engine_key_room room;
    sotto_bytes key, value;
    SOTTO_TRY(roster_key(&room, 'r', jid, &key));
    *ret = bytes_map_get(&engine->roster.map, key, &value);
    return SOTTO_OK;
}

sotto_status engine_is_answerable(sotto_engine *engine, sotto_bytes jid, bool *ret) {
    SOTTO_TRY(sees_presence(engine, jid, ret));
    if (*ret) return SOTTO_OK;
    engine_contact contact;
    SOTTO_TRY(engine_contact_get(engine, jid, &contact));
    *ret = contact.spoken;
    return SOTTO_OK;
}

/* Whom it was for: of what is said in a room the room; of what we said to a nick who that is, if that is still known.
 */
static sotto_status find_recipient(sotto_engine *engine, const engine_arrival *a, const stanza_jid *to,
                                   sotto_bytes *ret) {
    bool groupchat = bytes_is(stanza_attribute_of(a->stanza, "type"), "groupchat"), is_room;
    sotto_bytes real;
    *ret = groupchat && a->room.len > 0 ? a->room : to->bare;
    if (groupchat || to->resource.len == 0 || bytes_equal(to->bare, engine->account.bare)) return SOTTO_OK;
    SOTTO_TRY(engine_room_occupant_of(engine, to, &is_room, &real));
    if (is_room && real.len > 0) *ret = real;
    return SOTTO_OK;
}

static sotto_status find_origin(sotto_engine *engine, const engine_arrival *a, seal_origin *ret) {
    sotto_bytes to_text = stanza_attribute_of(a->stanza, "to");
    stanza_jid to = engine->account;
    if (to_text.at != NULL) SOTTO_TRY(stanza_jid_parse(&engine->arena, to_text, &to));
    *ret = (seal_origin){.from = engine_arrival_sender(engine, a),
                         .from_full = a->room.len > 0 ? a->real
                                      : a->has_from   ? a->from.full
                                                      : engine->account.bare,
                         .own = bytes_equal(engine_arrival_sender(engine, a), engine->account.bare),
                         .room = bytes_is(stanza_attribute_of(a->stanza, "type"), "groupchat"),
                         .live = !a->delayed,
                         .time_ms = a->time_ms};
    SOTTO_TRY(find_recipient(engine, a, &to, &ret->to));
    SOTTO_TRY(sees_presence(engine, ret->from, &ret->sees_presence));
    SOTTO_TRY(was_shown(engine, ret->from, &ret->sees_presence));
    SOTTO_TRY(was_shown(engine, ret->from_full, &ret->sees_presence));
    SOTTO_TRY(engine_is_answerable(engine, ret->from, &ret->answerable));
    if (ret->answerable || a->room.len == 0) return SOTTO_OK;
    return engine_is_answerable(engine, a->room, &ret->answerable); /* what we wrote there he has read as well */
}

/* ---- answering ---- */

static sotto_status write_reply(sotto_engine *engine, bytes_buffer *out, const engine_arrival *a,
                                const seal_opened *opened) {
    const stanza_element *payload = NULL;
    bool is_error = opened->reply == SEAL_REPLY_ERROR;
    if (!is_error && opened->reply_payload.len > 0)
        SOTTO_TRY(stanza_parse(&engine->arena, opened->reply_payload, &payload));
    stanza_writer writer;
    stanza_writer_init(&writer, out, STANZA_NS_CLIENT);
    stanza_open(&writer, "iq", STANZA_NS_CLIENT);
    stanza_put_text(&writer, "type", is_error ? "error" : "result");
    stanza_put(&writer, "id", stanza_attribute_of(a->stanza, "id"));
    if (a->has_from) stanza_put(&writer, "to", a->from.full);
    if (payload != NULL) stanza_copy(&writer, payload);
    if (is_error) { /* RFC 6120 section 8.3.2: `cancel`, do not try the same again */
        stanza_open(&writer, "error", STANZA_NS_CLIENT);
        stanza_put_text(&writer, "type", "cancel");
        stanza_leaf(&writer, opened->reply_condition, "urn:ietf:params:xml:ns:xmpp-stanzas", BYTES_NONE);
        stanza_close(&writer);
    }
    stanza_close(&writer);
    return SOTTO_OK;
}

/* Like a question it belongs to this stream alone. */
static sotto_status reply_to(sotto_engine *engine, size_t seal, const engine_arrival *a, const seal_opened *opened) {
    if (opened->reply == SEAL_REPLY_NONE || !stanza_is(a->stanza, "iq", NULL)) return SOTTO_OK;
    bytes_buffer buffer;
    bytes_buffer_owned(&buffer, engine->host, SOTTO_STANZA_BYTES_MAX);
    sotto_status status = write_reply(engine, &buffer, a, opened);
    sotto_bytes iq = BYTES_NONE;
    if (sotto_ok(status)) status = bytes_buffer_end(&buffer, &iq);
    sotto_output output = {
        .kind = SOTTO_OUTPUT_STANZA, .stanza = iq, .seal = bytes_text(engine->seals[seal].class->name)};
    if (sotto_ok(status)) status = engine_output_stage(engine, &output, OUTBOX_SESSION);
    bytes_buffer_free(&buffer);
    return status;
}

static sotto_status deliver_iq(sotto_engine *engine, const engine_arrival *a);

static sotto_status open_sealed(sotto_engine *engine, size_t seal, const engine_arrival *a) {
    const engine_seal *s = &engine->seals[seal];
    seal_origin origin;
    if (a->room.len > 0 && a->real.len == 0) /* T36: never guessed */
        return engine_deliver_unreadable(engine, seal, a, &(seal_key){0}, SOTTO_FAIL(UNATTRIBUTED));
    SOTTO_TRY(find_origin(engine, a, &origin));
    engine_env env;
    engine_env_init(&env, engine, seal);
    engine_mark mark = engine_mark_here(engine);
    seal_opened opened = {0};
    sotto_status status = s->class->unprotect(s->self, &env.base, a->stanza, &origin, &opened);
    if (sotto_ok(status) && opened.outcome == SEAL_NOT_MINE) return deliver_iq(engine, a);
    if (sotto_ok(status)) status = reply_to(engine, seal, a, &opened);
    if (sotto_ok(status)) return engine_deliver_outcome(engine, seal, a, &opened);
    if (sotto_class(status) == SOTTO_CLASS_OURS || sotto_is(status, SOTTO_E_OUTBOX_FULL)) return status;
    engine_mark_back(engine, mark);
    if (sotto_is(status, SOTTO_E_DUPLICATE)) return SOTTO_OK;
    return engine_deliver_unreadable(engine, seal, a, &(seal_key){0}, status);
}

/* ---- kinds of stanzas ---- */

static sotto_status take_notification(sotto_engine *engine, const engine_arrival *a, const context_notification *n,
                                      bool *ret_taken) {
    *ret_taken = false;
    for (size_t i = 0; i < engine->seal_count; i++)
        for (const char *const *node = engine->seals[i].class->nodes; *node != NULL; node++) {
            if (!bytes_is(n->node, *node)) continue;
            seal_input input = {.kind = SEAL_INPUT_PEP, .jid = a->from.bare, .node = n->node, .items = n->items};
            engine_mark mark = engine_mark_here(engine);
            sotto_status status = engine_seal_input(engine, i, &input);
            if (!sotto_ok(status) && sotto_class(status) == SOTTO_CLASS_OURS) return status;
            if (!sotto_ok(status)) engine_mark_back(engine, mark); /* a notification that is none changes nothing */
            *ret_taken = true;
        }
    return SOTTO_OK;
}

static sotto_status take_content(sotto_engine *engine, const engine_arrival *a) {
    size_t seal;
    bool error = bytes_is(stanza_attribute_of(a->stanza, "type"), "error"), reflected = false;
    if (!error && a->room.len > 0) SOTTO_TRY(engine_room_reflected(engine, a, &reflected));
    if (reflected) return SOTTO_OK;
    if (!error && find_seal(engine, a->stanza, SEAL_CAN_MESSAGE, &seal)) return open_sealed(engine, seal, a);
    return engine_deliver_clear(engine, a, OUTBOX_LASTING);
}

/* A copy of what another device of ours sent or received; *ret_taken: it was that, and is dealt with. */
static sotto_status take_carbon(sotto_engine *engine, const engine_arrival *a, bool *ret_taken) {
    context_carbon carbon;
    engine_arrival inner = {.has_from = true, .delayed = a->delayed, .time_ms = a->time_ms, .forwarded = true};
    SOTTO_TRY(context_carbon_read(a->stanza, a->has_from ? &a->from : NULL, engine->account.bare, &engine->arena,
                                  &carbon, &inner.stanza, &inner.from));
    *ret_taken = carbon != CONTEXT_CARBON_NONE;
    if (carbon == CONTEXT_CARBON_NONE || carbon == CONTEXT_CARBON_FORGED) return SOTTO_OK;
    inner.carbon = carbon == CONTEXT_CARBON_SENT ? SOTTO_CARBON_SENT : SOTTO_CARBON_RECEIVED;
    SOTTO_TRY(engine_archive_name(engine, &inner));
    SOTTO_TRY(engine_room_attribute(engine, &inner));
    return take_content(engine, &inner);
}

sotto_status engine_receive_message(sotto_engine *engine, const engine_arrival *as_it_came) {
    bool is_carbon, is_invitation;
    engine_arrival named = *as_it_came, *a = &named;
    SOTTO_TRY(engine_room_attribute(engine, a));
    if (a->forwarded) return take_content(engine, a);
    SOTTO_TRY(take_carbon(engine, a, &is_carbon));
    if (is_carbon) return SOTTO_OK;
    SOTTO_TRY(engine_archive_name(engine, a));
    if (bytes_is(stanza_attribute_of(a->stanza, "type"), "error"))
        return engine_deliver_clear(engine, a, OUTBOX_LASTING);
    context_notification notification;
    if (context_notification_read(a->stanza, a->has_from ? &a->from : NULL, &notification)) {
        bool taken;
        SOTTO_TRY(take_notification(engine, a, &notification, &taken));
        return taken ? SOTTO_OK : engine_deliver_clear(engine, a, OUTBOX_ONCE);
    }
    SOTTO_TRY(engine_room_invited(engine, a, &is_invitation));
    return is_invitation ? SOTTO_OK : take_content(engine, a);
}

/* "1": they see our presence; "0": they are listed. */
static sotto_status remember_contact(void *arg, const context_roster_item *item) {
    sotto_engine *engine = arg;
    engine_key_room room;
    sotto_bytes key, value;
    SOTTO_TRY(roster_key(&room, 'r', item->jid, &key));
    if (item->removed) return engine_stage_remove(&engine->roster, key);
    bool known = bytes_map_get(&engine->roster.map, key, &value);
    if (!known && engine->roster.map.count >= SOTTO_CONTACTS_MAX) return SOTTO_OK; /* strangers, for answers */
    return engine_stage_put(&engine->roster, key, item->sees_our_presence ? BYTES_LITERAL("1") : BYTES_LITERAL("0"));
}

sotto_status engine_roster_forget(sotto_engine *engine) {
    sotto_bytes key, value;
    while (bytes_map_from(&engine->roster.map, BYTES_NONE, false, &key, &value))
        SOTTO_TRY(engine_stage_remove(&engine->roster, key));
    return SOTTO_OK;
}

/* Presence and answers describe a moment: they are handed out once and not kept. A question waits for its answer, over
 * a restart too when the stream is resumed: nobody would ask again (doc/engine.md). */
static sotto_status deliver_iq(sotto_engine *engine, const engine_arrival *a) {
    sotto_output output = {
        .kind = SOTTO_OUTPUT_DELIVER,
        .delivery = {.stanza = a->stanza->raw, .from = engine_arrival_sender(engine, a), .time_ms = a->time_ms}};
    SOTTO_TRY(engine_is_answerable(engine, engine_arrival_sender(engine, a), &output.delivery.answerable));
    if (a->has_from && bytes_equal(a->from.full, engine->account.domain)) output.delivery.answerable = true;
    sotto_bytes type = stanza_attribute_of(a->stanza, "type");
    bool asks = bytes_is(type, "get") || bytes_is(type, "set");
    return engine_output_stage(engine, &output, asks ? OUTBOX_SESSION : OUTBOX_ONCE);
}

/* An answer that a seal cannot use (a peer's keys that are none, say) is no answer: the seal is told so instead, and
 * whoever waits for it learns why. */
static sotto_status take_answer(sotto_engine *engine, const engine_arrival *a, const engine_question *question,
                                bool is_result) {
    seal_input input = {.kind = SEAL_INPUT_ANSWER,
                        .note = question->note,
                        .answer = a->stanza,
                        .status = is_result ? SOTTO_OK : SOTTO_FAIL(SERVER_REFUSED)};
    engine_mark mark = engine_mark_here(engine);
    sotto_status status = engine_owner_input(engine, question->owner, &input);
    if (sotto_ok(status) || sotto_class(status) == SOTTO_CLASS_OURS) return status;
    engine_mark_back(engine, mark);
    input.answer = NULL;
    input.status = status;
    return engine_owner_input(engine, question->owner, &input);
}

static sotto_status receive_iq(sotto_engine *engine, const engine_arrival *a) {
    const stanza_jid *from = a->has_from ? &a->from : NULL;
    sotto_bytes type = stanza_attribute_of(a->stanza, "type");
    bool is_result = bytes_is(type, "result"), taken = false, is_roster;
    if (is_result || bytes_is(type, "error")) {
        engine_question question;
        SOTTO_TRY(engine_ask_take(engine, stanza_attribute_of(a->stanza, "id"), from, &question, &taken));
        if (taken) return take_answer(engine, a, &question, is_result);
        bool drop = false;
        if (from != NULL) SOTTO_TRY(engine_request_answer(engine, a->stanza, from, NULL, &drop));
        if (drop) return SOTTO_OK; /* T8: what was asked under seal is answered under seal */
    }
    SOTTO_TRY(context_roster_read(a->stanza, from, engine->account.bare, &engine->arena, remember_contact, engine,
                                  &is_roster));
    size_t seal;
    bool request = bytes_is(type, "get") || bytes_is(type, "set");
    if (!is_roster && request && find_seal(engine, a->stanza, SEAL_CAN_IQ, &seal)) return open_sealed(engine, seal, a);
    return deliver_iq(engine, a);
}

static sotto_status receive_presence(sotto_engine *engine, const engine_arrival *a) {
    bool is_room = false;
    if (a->has_from) SOTTO_TRY(engine_room_presence(engine, a->stanza, &a->from, &is_room));
    if (a->has_from && !is_room) { /* a nick is nobody's resource */
        bool known;
        SOTTO_TRY(engine_is_answerable(engine, a->from.bare, &known));
        SOTTO_TRY(engine_resource_take(engine, a->stanza, &a->from, !known));
    }
    return engine_deliver_clear(engine, a, OUTBOX_ONCE);
}

sotto_status engine_arrival_read(sotto_engine *engine, sotto_bytes raw, uint64_t now_ms, engine_arrival *ret) {
    engine_arrival a = {.time_ms = now_ms};
    SOTTO_TRY(stanza_parser_read(engine->parser, &engine->arena, raw, &a.stanza));
    sotto_bytes from = stanza_attribute_of(a.stanza, "from");
    a.has_from = from.at != NULL;
    if (a.has_from) SOTTO_TRY(stanza_jid_parse(&engine->arena, from, &a.from));
    a.delayed = context_delay_read(a.stanza, &a.time_ms);
    *ret = a;
    return SOTTO_OK;
}

/* What comes out of archives, and what has to wait for that, goes by engine/archive.h. */
static sotto_status receive_live(sotto_engine *engine, engine_arrival *a) {
    bool taken = false;
    SOTTO_TRY(engine_room_attribute(engine, a)); /* by what the room says now, not when its turn comes */
    if (a->room.len > 0) SOTTO_TRY(engine_room_message(engine, a, &taken));
    if (!taken) SOTTO_TRY(engine_archive_take(engine, a, &taken));
    return taken ? SOTTO_OK : engine_receive_message(engine, a);
}

sotto_status engine_receive(sotto_engine *engine, sotto_bytes raw) {
    engine_arrival a;
    SOTTO_TRY(engine_arrival_read(engine, raw, engine->now_ms, &a));
    if (stanza_is(a.stanza, "message", STANZA_NS_CLIENT)) return receive_live(engine, &a);
    if (stanza_is(a.stanza, "iq", STANZA_NS_CLIENT)) return receive_iq(engine, &a);
    if (stanza_is(a.stanza, "presence", STANZA_NS_CLIENT)) return receive_presence(engine, &a);
    return SOTTO_FAIL(MALFORMED);
}
