/* SPDX-License-Identifier: ISC
 *
 * What leaves: ordinary sealed messages of the engine's own (engine_errand), in the live session where there is one,
 * else by the seal that needs nobody online, for devices that speak what protects all of a message. */
#include <string.h>

#include "bytes/base64.h"
#include "bytes/memory.h"
#include "engine/compare_part.h"
#include "engine/env.h"
#include "engine/keyring.h"
#include "engine/resource.h"
#include "engine/send.h"

#define EXPORT_LABEL BYTES_LITERAL("sotto compare live 0")
#define ID_BYTES     12u

/* ---- seals ---- */

bool engine_compare_type(const sotto_engine *engine, size_t seal, context_compare_type *ret) {
    const seal_class *class = engine->seals[seal].class;
    if (class->strength == 0) return false;
    bool stored = class->naming != NULL, live = class->export_key != NULL && (class->can & SEAL_CAN_OFFLINE) == 0;
    *ret = stored ? CONTEXT_COMPARE_OMEMO : CONTEXT_COMPARE_LIVE;
    return stored || live;
}

size_t engine_compare_seal(const sotto_engine *engine, context_compare_type type) {
    context_compare_type its;
    for (size_t i = 0; i < engine->seal_count; i++)
        if (engine_compare_type(engine, i, &its) && its == type) return i;
    return SIZE_MAX;
}

static sotto_status own_keys(sotto_engine *engine, size_t seal, seal_keys *ret) {
    engine_env env;
    engine_env_init(&env, engine, seal);
    return engine->seals[seal].class->list_keys(engine->seals[seal].self, &env.base, engine->account.bare, ret);
}

/* Live keys of own other devices are theirs to show: they never were compared one by one. */
static sotto_status add_own(sotto_engine *engine, context_compare_type type, const seal_key *key,
                            context_compare_list *list) {
    sotto_trust trust = SOTTO_TRUST_VERIFIED;
    if (!key->known || (type == CONTEXT_COMPARE_LIVE && !key->this_device)) return SOTTO_OK;
    if (!key->this_device) SOTTO_TRY(engine_keyring_trust(engine, key->jid, key->key, &trust));
    if (trust != SOTTO_TRUST_VERIFIED) return SOTTO_OK;
    sotto_status status = context_compare_list_add(list, type, key->key);
    return sotto_is(status, SOTTO_E_TOO_LARGE) ? SOTTO_OK : status; /* this device's stand first */
}

sotto_status engine_compare_own(sotto_engine *engine, context_compare_list *ret) {
    context_compare_list list = {0};
    for (unsigned others = 0; others < 2; others++)
        for (size_t i = 0; i < engine->seal_count; i++) {
            context_compare_type type;
            seal_keys keys;
            if (!engine_compare_type(engine, i, &type)) continue;
            SOTTO_TRY(own_keys(engine, i, &keys));
            for (size_t k = 0; k < keys.count; k++)
                if (keys.at[k].this_device == (others == 0)) SOTTO_TRY(add_own(engine, type, &keys.at[k], &list));
        }
    *ret = list;
    return SOTTO_OK;
}

sotto_status engine_compare_own_key(sotto_engine *engine, context_compare_type type, uint8_t ret[32]) {
    seal_keys keys = {0};
    size_t seal = engine_compare_seal(engine, type);
    if (seal != SIZE_MAX) SOTTO_TRY(own_keys(engine, seal, &keys));
    for (size_t i = 0; i < keys.count; i++)
        if (keys.at[i].this_device && keys.at[i].known) {
            memcpy(ret, keys.at[i].key, 32);
            return SOTTO_OK;
        }
    return SOTTO_FAIL(NOT_FOUND);
}

/* NO_SESSION: there is none that could be exported from. */
static sotto_status exported(sotto_engine *engine, sotto_bytes full, uint8_t ret[32]) {
    size_t seal = engine_compare_seal(engine, CONTEXT_COMPARE_LIVE);
    if (seal == SIZE_MAX) return SOTTO_FAIL(NO_SESSION);
    engine_env env;
    engine_env_init(&env, engine, seal);
    sotto_status status =
        engine->seals[seal].class->export_key(engine->seals[seal].self, &env.base, full, EXPORT_LABEL, ret);
    return sotto_is(status, SOTTO_E_NOT_FOUND) ? SOTTO_FAIL(NO_SESSION) : status;
}

sotto_status engine_compare_context(sotto_engine *engine, const engine_compare_run *run, uint8_t ret[32]) {
    uint8_t own[32], secret[32];
    bool live = run->way == CONTEXT_COMPARE_LIVE;
    SOTTO_TRY(engine_compare_own_key(engine, run->way, own));
    if (live) SOTTO_TRY(exported(engine, run->full, secret));
    context_compare_side us = {engine->account.bare, own}, them = {run->jid, run->peer_key};
    sotto_status status =
        context_compare_context(ret, run->way, &us, &them, live ? bytes_of(secret, sizeof secret) : BYTES_NONE);
    bytes_wipe(secret, sizeof secret);
    return status;
}

/* ---- sending ---- */

static sotto_status write_message(sotto_engine *engine, bytes_buffer *out, sotto_bytes to,
                                  const context_compare_message *message) {
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
    stanza_put_text(&writer, "type", "chat");
    stanza_put(&writer, "id", id_text);
    context_compare_write(&writer, message);
    stanza_leaf(&writer, "store", "urn:xmpp:hints", BYTES_NONE); /* whoever is away gets it later */
    stanza_close(&writer);
    return SOTTO_OK;
}

/* *ret: OK, or why it could not leave now. */
static sotto_status send(sotto_engine *engine, sotto_bytes to, engine_errand *errand,
                         const context_compare_message *message, sotto_status *ret) {
    bytes_buffer out;
    sotto_bytes stanza;
    bytes_buffer_owned(&out, engine->host, SOTTO_STANZA_BYTES_MAX);
    engine_mark mark = engine_mark_here(engine);
    sotto_status status = write_message(engine, &out, to, message);
    if (sotto_ok(status)) status = bytes_buffer_end(&out, &stanza);
    if (sotto_ok(status)) status = engine_send_errand(engine, stanza, errand);
    bytes_buffer_free(&out);
    *ret = status;
    if (sotto_is(status, SOTTO_E_OUTBOX_FULL)) {
        engine_mark_back(engine, mark);
        return SOTTO_OK;
    }
    SOTTO_TRY(status);
    if (!errand->sealed) *ret = sotto_ok(errand->reason) ? SOTTO_FAIL(CANNOT_PROTECT) : errand->reason;
    return SOTTO_OK;
}

/* Keys that nobody decided about get it as well, because this is how they come to be decided about; where the other
 * side need not be online: in a live session nothing leaves for such a key. Which way a person chose for what they say
 * does not bind it: where only live sessions may be used and the one there is quarantined, this is the way out. */
static engine_errand errand_by(const sotto_engine *engine, context_compare_type way, const uint8_t *key) {
    size_t seal = engine_compare_seal(engine, way);
    bool stored = way == CONTEXT_COMPARE_OMEMO;
    engine_errand errand = {.seal = seal, .peer_alone = true, .undecided = stored, .any_way = true, .only = key};
    if (stored && seal != SIZE_MAX) errand.dialect = bytes_text(engine->seals[seal].class->naming->dialect);
    return errand;
}

static sotto_status send_by(sotto_engine *engine, context_compare_type way, sotto_bytes to, const uint8_t *key,
                            const context_compare_message *message, sotto_status *ret) {
    engine_errand errand = errand_by(engine, way, key);
    *ret = SOTTO_FAIL(NO_SESSION);
    return errand.seal == SIZE_MAX ? SOTTO_OK : send(engine, to, &errand, message, ret);
}

/* Somebody we have a session with at this moment; empty: nobody. */
static sotto_status find_session(sotto_engine *engine, sotto_bytes jid, sotto_bytes *ret) {
    const sotto_bytes *resources;
    size_t count;
    stanza_jid bare;
    uint8_t secret[32];
    *ret = BYTES_NONE;
    if (engine_compare_seal(engine, CONTEXT_COMPARE_LIVE) == SIZE_MAX) return SOTTO_OK;
    SOTTO_TRY(stanza_jid_parse(&engine->arena, jid, &bare));
    SOTTO_TRY(engine_resource_list(engine, &bare, &resources, &count));
    for (size_t i = 0; i < count && ret->len == 0; i++) {
        sotto_status status = exported(engine, resources[i], secret);
        bytes_wipe(secret, sizeof secret);
        if (sotto_ok(status)) *ret = resources[i];
        if (!sotto_ok(status) && !sotto_is(status, SOTTO_E_NO_SESSION)) return status;
    }
    return SOTTO_OK;
}

static sotto_status send_ask(sotto_engine *engine, const engine_compare_run *run,
                             const context_compare_message *message, sotto_status *ret) {
    sotto_bytes full;
    SOTTO_TRY(find_session(engine, run->jid, &full));
    if (full.len > 0) {
        SOTTO_TRY(send_by(engine, CONTEXT_COMPARE_LIVE, full, NULL, message, ret));
        if (sotto_ok(*ret)) return SOTTO_OK;
    }
    SOTTO_TRY(send_by(engine, CONTEXT_COMPARE_OMEMO, run->jid, NULL, message, ret));
    if (sotto_ok(*ret) || sotto_is(*ret, SOTTO_E_AGAIN) || sotto_is(*ret, SOTTO_E_OUTBOX_FULL)) return SOTTO_OK;
    /* Nobody there who could read that: a session is opened for it, if anybody is there. */
    sotto_status stored = *ret;
    SOTTO_TRY(send_by(engine, CONTEXT_COMPARE_LIVE, run->jid, NULL, message, ret));
    if (sotto_is(*ret, SOTTO_E_NO_SESSION) && !sotto_is(stored, SOTTO_E_NO_SESSION)) *ret = stored;
    return SOTTO_OK;
}

/* Who answers keeps the context from then on. Without the session there is no answer any more. */
static sotto_status fill_answer(sotto_engine *engine, engine_compare_run *run, context_compare_message *m,
                                sotto_status *ret) {
    m->list = run->own;
    memcpy(m->nonce, run->own_nonce, sizeof m->nonce);
    *ret = engine_compare_context(engine, run, run->context);
    if (sotto_is(*ret, SOTTO_E_NO_SESSION)) return SOTTO_OK;
    SOTTO_TRY(*ret);
    return context_compare_check(m->check, run->context);
}

static sotto_status send_step(sotto_engine *engine, engine_compare_run *run, trust_compare_action action,
                              sotto_status *ret) {
    context_compare_message m = {.yes = run->said_yes, .reason = run->reason};
    memcpy(m.thread, run->thread, sizeof m.thread);
    *ret = SOTTO_OK;
    switch (action) {
    case TRUST_COMPARE_SEND_ASK:
        m.step = CONTEXT_COMPARE_ASK;
        m.list = run->own;
        memcpy(m.commitment, run->commitment, sizeof m.commitment);
        return send_ask(engine, run, &m, ret);
    case TRUST_COMPARE_SEND_ANSWER:
        m.step = CONTEXT_COMPARE_ANSWER;
        SOTTO_TRY(fill_answer(engine, run, &m, ret));
        if (!sotto_ok(*ret)) return SOTTO_OK;
        break;
    case TRUST_COMPARE_SEND_REVEAL:
        m.step = CONTEXT_COMPARE_REVEAL;
        memcpy(m.nonce, run->own_nonce, sizeof m.nonce);
        break;
    case TRUST_COMPARE_SEND_DONE:
        m.step = CONTEXT_COMPARE_DONE;
        break;
    default:
        m.step = CONTEXT_COMPARE_ABORT;
        if (run->way == 0) /* nobody answered: to all who were asked */
            return send_by(engine, CONTEXT_COMPARE_OMEMO, run->jid, NULL, &m, ret);
        break;
    }
    return send_by(engine, run->way, run->way == CONTEXT_COMPARE_LIVE ? run->full : run->jid, run->peer_key, &m, ret);
}

sotto_status engine_compare_send(sotto_engine *engine, engine_compare_run *run, sotto_status *ret_waits_for) {
    static const trust_compare_action order[] = {TRUST_COMPARE_SEND_ASK, TRUST_COMPARE_SEND_ANSWER,
                                                 TRUST_COMPARE_SEND_REVEAL, TRUST_COMPARE_SEND_DONE,
                                                 TRUST_COMPARE_SEND_ABORT};
    *ret_waits_for = run->unsent != 0 && !engine->online ? SOTTO_FAIL(OFFLINE) : SOTTO_OK;
    for (size_t i = 0; i < sizeof order / sizeof order[0] && sotto_ok(*ret_waits_for); i++) {
        if ((run->unsent & order[i]) == 0) continue;
        SOTTO_TRY(send_step(engine, run, order[i], ret_waits_for));
        if (sotto_ok(*ret_waits_for)) run->unsent &= ~(unsigned)order[i];
    }
    return SOTTO_OK;
}

sotto_status engine_compare_send_stray(sotto_engine *engine, const engine_compare_heard *heard,
                                       context_compare_reason reason) {
    context_compare_message m = {.step = CONTEXT_COMPARE_ABORT, .reason = reason};
    sotto_status waits_for;
    memcpy(m.thread, heard->message.thread, sizeof m.thread);
    return send_by(engine, heard->way, heard->way == CONTEXT_COMPARE_LIVE ? heard->full : heard->jid, heard->key, &m,
                   &waits_for);
}

sotto_status engine_compare_send_elsewhere(sotto_engine *engine, const engine_compare_run *run) {
    context_compare_message m = {.step = CONTEXT_COMPARE_ABORT, .reason = CONTEXT_COMPARE_ELSEWHERE};
    sotto_status waits_for;
    if (run->way != CONTEXT_COMPARE_OMEMO) return SOTTO_OK;
    memcpy(m.thread, run->thread, sizeof m.thread);
    engine_errand errand = errand_by(engine, run->way, NULL);
    errand.got = bytes_of(run->peer_key, sizeof run->peer_key);
    errand.got_bytes = sizeof run->peer_key;
    return send(engine, run->jid, &errand, &m, &waits_for);
}
