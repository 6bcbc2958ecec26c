/* SPDX-License-Identifier: ISC
 *
 * Sessions and messages of the crowd. */
#include "crowd.h"

#include <string.h>

#include "bytes/base64.h"
#include "bytes/span.h"
#include "engine/env.h"
#include "measure.h"
#include "seal/omemo/exchange.h"
#include "seal/omemo/own.h"

#define NAMESPACE "Somemo" /* where the engine keeps the seal's records; a zero byte follows */

struct crowd {
    const plan *p;
    const sotto_host *host;
    crypto_identity hub;
    uint32_t hub_device;
    sotto_store **stores; /* a device each */
    bytes_arena arena;
    uint64_t ticket;
    const sotto_seal *seals[2];
};

crowd *crowd_new(const plan *p, const crypto_identity *hub, uint32_t hub_device) {
    crowd *c = calloc(1, sizeof *c);
    bench_check(c != NULL);
    *c = (crowd){.p = p, .host = sotto_host_default(), .hub = *hub, .hub_device = hub_device};
    c->seals[0] = sotto_seal_omemo();
    c->stores = calloc(plan_sessions(p), sizeof(sotto_store *));
    bench_check(c->stores != NULL);
    bytes_arena_init(&c->arena, c->host, (size_t)16 * 1024 * 1024);
    return c;
}

void crowd_free(crowd *c) {
    for (uint32_t i = 0; i < plan_sessions(c->p); i++) sotto_store_close(c->stores[i]);
    free(c->stores);
    bytes_arena_clear(&c->arena);
    free(c);
}

/* ---- sessions ---- */

/* The environment of a seal, as far as saving needs it: puts straight into a store. */
typedef struct bare_env {
    seal_env base;
    sotto_store *store;
} bare_env;

static sotto_status bare_put(seal_env *base, sotto_bytes key, sotto_bytes value) {
    const bare_env *env = (const bare_env *)(void *)base;
    uint8_t at[SOTTO_STORE_KEY_BYTES_MAX];
    bytes_buffer full;
    sotto_change change = {.value = value};
    bytes_buffer_borrowed(&full, at, sizeof at);
    bytes_buffer_put(&full, bytes_of(NAMESPACE, sizeof NAMESPACE));
    bytes_buffer_put(&full, key);
    SOTTO_TRY(bytes_buffer_end(&full, &change.key));
    return env->store->methods->write(env->store, &change, 1);
}

/* One side of a session. */
typedef struct side {
    crypto_identity identity;
    crypto_x25519_pair signed_pair, prekey;
    omemo_session session;
} side;

/* An empty message from one side to the other; `accepts` where it is the key exchange. */
static void pass(crowd *c, side *from, side *to, bool accepts) {
    static const uint8_t zeros[32] = {0};
    static const omemo_skipped none = {0};
    uint8_t memory[SOTTO_OMEMO_MESSAGE_BYTES_MAX], plain_memory[OMEMO_PLAIN_BYTES_MAX + 16];
    bytes_buffer out, plain;
    sotto_bytes data;
    crypto_x25519_pair fresh;
    omemo_message message;
    omemo_kex exchange;
    omemo_step step;
    bool kex;
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    bytes_buffer_borrowed(&plain, plain_memory, sizeof plain_memory);
    bench_must(crypto_x25519_new(&fresh, c->host));
    bench_must(omemo_session_write(&from->session, &omemo_dialect_2, 1, &fresh, bytes_of(zeros, 32), &out, &kex));
    bench_must(bytes_buffer_end(&out, &data));
    bench_check(kex == accepts);
    if (kex) {
        bench_must(omemo_dialect_2.read_exchange(data, &exchange));
        bench_must(omemo_exchange_accept(&to->session, &omemo_dialect_2, &to->identity, &to->signed_pair, &to->prekey,
                                         &exchange));
        data = exchange.message;
    }
    bench_must(omemo_dialect_2.read_message(data, &message));
    bench_must(omemo_session_read(&to->session, &omemo_dialect_2, &message, &none, &c->arena, &step, &plain));
    bench_must(omemo_session_apply(&to->session, &step, &none));
}

static void save_mate(crowd *c, uint32_t index, const side *mate, const crypto_signature *signature) {
    bare_env env = {.base = {.put = bare_put, .host = c->host}};
    bench_must(sotto_store_memory(&env.store, c->host));
    c->stores[index] = env.store;
    omemo_own own = {.device = plan_device_id(index),
                     .next_prekey_id = 101,
                     .signed_id = 1,
                     .signed_pair = mate->signed_pair,
                     .signatures = {*signature, *signature}, /* nobody reads the other bundle here */
                     .signed_ms = PLAN_START_MS,
                     .version = 1,
                     .published = {1, 1},
                     .announced = true};
    memcpy(own.secret, mate->identity.secret, sizeof own.secret);
    bench_must(omemo_own_save(&env.base, &own));
    omemo_peer peer = {.dialect = &omemo_dialect_2,
                       .device = c->hub_device,
                       .has_session = true,
                       .sessions = 1,
                       .number = 1,
                       .until = OMEMO_PREVIOUS_CHAINS,
                       .session = mate->session};
    omemo_identity hub = omemo_dialect_2.identity->of(&c->hub);
    bool changed;
    bench_must(omemo_peer_learn(&peer, &hub, &changed));
    bench_must(omemo_peer_save(&env.base, bytes_text(PLAN_HUB), &peer));
}

void crowd_make(crowd *c, uint32_t index, crowd_turn turn, omemo_peer *ret) {
    side hub = {.identity = c->hub}, mate;
    bench_must(crypto_identity_new(&mate.identity, c->host));
    bench_must(crypto_x25519_new(&mate.signed_pair, c->host));
    bench_must(crypto_x25519_new(&mate.prekey, c->host));
    omemo_offer offer = {.identity = omemo_dialect_2.identity->of(&mate.identity),
                         .signed_key = mate.signed_pair.public_key,
                         .prekey = mate.prekey.public_key,
                         .signed_id = 1,
                         .prekey_id = 7};
    bench_must(crypto_identity_sign(&offer.signature, &mate.identity, bytes_of(offer.signed_key.bytes, 32), c->host));
    crypto_x25519_pair ephemeral;
    bench_must(crypto_x25519_new(&ephemeral, c->host));
    bench_must(omemo_exchange_initiate(&hub.session, &omemo_dialect_2, &hub.identity, &ephemeral, &offer));
    pass(c, &hub, &mate, true);
    pass(c, &mate, &hub, false);
    if (turn != CROWD_MATE_WRITES) pass(c, &hub, &mate, false);
    save_mate(c, index, &mate, &offer.signature);
    bool changed;
    *ret = (omemo_peer){.dialect = &omemo_dialect_2,
                        .device = plan_device_id(index),
                        .has_session = true,
                        .sessions = 1,
                        .number = 1,
                        .until = OMEMO_PREVIOUS_CHAINS,
                        .begun_ms = PLAN_START_MS,
                        .session = hub.session};
    bench_must(omemo_peer_learn(ret, &offer.identity, &changed));
    bytes_arena_back(&c->arena, (bytes_arena_mark){0});
}

/* ---- what goes over the wire ---- */

void crowd_answer(bytes_buffer *ret, sotto_bytes stanza) {
    if (stanza.at == NULL || !bytes_starts_with(stanza, BYTES_LITERAL("<iq "))) return;
    const uint8_t *id = memmem(stanza.at, stanza.len, " id='", 5);
    bench_check(id != NULL);
    const uint8_t *end = memchr(id + 5, '\'', 64);
    bool set = memmem(stanza.at, stanza.len, " type='set'", 11) != NULL;
    bytes_buffer_text(ret, set ? "<iq type='result'" : "<iq type='error'");
    bytes_buffer_put(ret, bytes_of(id, (size_t)(end + 1 - id)));
    const uint8_t *to = memmem(stanza.at, stanza.len, " to='", 5);
    if (to != NULL) {
        bytes_buffer_text(ret, " from='");
        bytes_buffer_put(ret, bytes_of(to + 5, strcspn((const char *)to + 5, "'") + 1));
    }
    if (set) {
        bytes_buffer_text(ret, "/>");
    } else {
        bytes_buffer_text(ret, "><error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
                               "</error></iq>");
    }
    bytes_buffer_u8(ret, 0);
}

bool crowd_next_answer(sotto_bytes *rest, sotto_bytes *ret) {
    if (rest->len == 0) return false;
    *ret = bytes_text((const char *)rest->at);
    *rest = bytes_after(*rest, ret->len + 1);
    return true;
}

void crowd_stamp(bytes_buffer *ret, sotto_bytes stanza, const char *from) {
    const uint8_t *end = stanza.at;
    while (*end != ' ') end++; /* behind the name */
    size_t name = (size_t)(end - stanza.at);
    bytes_buffer_put(ret, bytes_of(stanza.at, name));
    bytes_buffer_text(ret, " from='");
    bytes_buffer_text(ret, from);
    bytes_buffer_text(ret, "/ship'");
    bytes_buffer_put(ret, bytes_after(stanza, name));
}

void crowd_list(bytes_buffer *ret, const char *jid, uint32_t also, uint32_t first, uint32_t count) {
    bytes_buffer_text(ret, "<message from='");
    bytes_buffer_text(ret, jid);
    bytes_buffer_text(ret, "' type='headline'><event xmlns='http://jabber.org/protocol/pubsub#event'>"
                           "<items node='urn:xmpp:omemo:2:devices'><item id='current'>"
                           "<devices xmlns='urn:xmpp:omemo:2'>");
    for (uint32_t i = 0; i < count + (also != 0); i++) {
        bytes_buffer_text(ret, "<device id='");
        bytes_buffer_decimal(ret, i < count ? plan_device_id(first + i) : also);
        bytes_buffer_text(ret, "'/>");
    }
    bytes_buffer_text(ret, "</devices></item></items></event></message>");
}

void crowd_list_axolotl(bytes_buffer *ret, const char *jid) {
    bytes_buffer_text(ret, "<message from='");
    bytes_buffer_text(ret, jid);
    bytes_buffer_text(ret, "' type='headline'><event xmlns='http://jabber.org/protocol/pubsub#event'>"
                           "<items node='eu.siacs.conversations.axolotl.devicelist'><item id='current'>"
                           "<list xmlns='eu.siacs.conversations.axolotl'/></item></items></event></message>");
}

/* ---- engines of the crowd ---- */

static sotto_engine *open_mate(crowd *c, uint32_t index, const char *jid) {
    sotto_engine *engine;
    sotto_engine_config config = {
        .account = bytes_text(jid), .host = c->host, .store = c->stores[index], .seals = c->seals, .least_strength = 1};
    bench_must(sotto_engine_open(&engine, &config, PLAN_START_MS));
    engine_env env;
    seal_key hub = {.jid = BYTES_LITERAL(PLAN_HUB), .device = c->hub_device, .known = true, .active = true};
    memcpy(hub.key, c->hub.x25519.bytes, 32);
    memcpy(hub.fingerprint, c->hub.x25519.bytes, 32);
    engine_env_init(&env, engine, 0);
    bench_must(env.base.key_seen(&env.base, &hub)); /* as a bundle would have shown it */
    return engine;
}

static void feed_bytes(sotto_engine *engine, sotto_bytes stanza) {
    sotto_input input = {.kind = SOTTO_INPUT_STANZA, .stanza = stanza};
    bench_must(sotto_engine_step(engine, &input, PLAN_START_MS));
}

static void feed(sotto_engine *engine, const bytes_buffer *stanza) {
    sotto_bytes bytes;
    bench_must(bytes_buffer_end(stanza, &bytes));
    feed_bytes(engine, bytes);
}

/* The questions of a beginning are answered until there are no more. */
static void answer(crowd *c, sotto_engine *engine) {
    bytes_buffer answers;
    bytes_buffer_owned(&answers, c->host, SOTTO_STANZA_BYTES_MAX);
    do {
        sotto_bytes rest, one;
        sotto_output output;
        bench_must(bytes_buffer_end(&answers, &rest));
        while (crowd_next_answer(&rest, &one)) feed_bytes(engine, one);
        bytes_buffer_reset(&answers);
        bench_must(sotto_engine_commit(engine));
        while (sotto_engine_next(engine, &output)) {
            if (output.kind == SOTTO_OUTPUT_STANZA) crowd_answer(&answers, output.stanza);
            if (output.seq != 0) bench_must(sotto_engine_done(engine, output.seq));
        }
    } while (answers.len > 0);
    bytes_buffer_free(&answers);
}

static void close_mate(sotto_engine *engine) {
    sotto_output output;
    while (sotto_engine_next(engine, &output))
        if (output.seq != 0) bench_must(sotto_engine_done(engine, output.seq));
    bench_must(sotto_engine_commit(engine));
    sotto_engine_close(engine);
}

/* Copies of the first key under other numbers, for devices that are not there. */
static void more_keys(bytes_buffer *ret, sotto_bytes key, uint32_t count) {
    const uint8_t *rid = memmem(key.at, key.len, "rid='", 5), *end = memchr(rid + 5, '\'', 16);
    size_t before = (size_t)(rid + 5 - key.at), behind = (size_t)(end - key.at);
    for (uint32_t i = 0; i < count; i++) {
        bytes_buffer_put(ret, bytes_of(key.at, before));
        bytes_buffer_decimal(ret, 900000001u + i * 17u);
        bytes_buffer_put(ret, bytes_after(key, behind));
    }
}

static void deliver(bytes_buffer *ret, sotto_bytes stanza, const char *jid, uint32_t keys) {
    static const char ending[] = "</key>";
    const uint8_t *begin = memmem(stanza.at, stanza.len, "<key ", 5);
    const uint8_t *end = memmem(stanza.at, stanza.len, ending, sizeof ending - 1);
    bench_check(begin != NULL && end != NULL);
    end += sizeof ending - 1;
    size_t until = (size_t)(end - stanza.at);
    crowd_stamp(ret, bytes_of(stanza.at, until), jid);
    more_keys(ret, bytes_of(begin, (size_t)(end - begin)), keys - 1);
    bytes_buffer_put(ret, bytes_after(stanza, until));
}

void crowd_write(crowd *c, uint32_t index, const char *jid, const char *text, uint32_t keys, bytes_buffer *ret) {
    sotto_engine *engine = open_mate(c, index, jid);
    char full[64], stanza[512];
    bytes_buffer list;
    bytes_buffer_owned(&list, c->host, 65536);
    (void)snprintf(full, sizeof full, "%s/ship", jid);
    sotto_input online = {.kind = SOTTO_INPUT_ONLINE, .jid = bytes_text(full)};
    bench_must(sotto_engine_step(engine, &online, PLAN_START_MS));
    crowd_list(&list, jid, plan_device_id(index), 0, 0);
    feed(engine, &list);
    bytes_buffer_reset(&list);
    crowd_list(&list, PLAN_HUB, c->hub_device, 0, 0);
    feed(engine, &list);
    answer(c, engine);
    (void)snprintf(stanza, sizeof stanza, "<message to='" PLAN_HUB "' type='chat' id='c%llu'><body>%s</body></message>",
                   (unsigned long long)++c->ticket, text);
    sotto_input send = {.kind = SOTTO_INPUT_SEND, .stanza = bytes_text(stanza), .ticket = c->ticket};
    bench_must(sotto_engine_step(engine, &send, PLAN_START_MS));
    bool written = false;
    do { /* it may ask for another dialect's list first */
        sotto_output output;
        sotto_bytes rest, one;
        bytes_buffer_reset(&list);
        bench_must(sotto_engine_commit(engine));
        while (sotto_engine_next(engine, &output)) {
            bool ours = output.kind == SOTTO_OUTPUT_STANZA && output.ticket == send.ticket;
            if (ours) deliver(ret, output.stanza, jid, keys);
            if (!ours && output.kind == SOTTO_OUTPUT_STANZA) crowd_answer(&list, output.stanza);
            written = written || ours;
            if (output.seq != 0) bench_must(sotto_engine_done(engine, output.seq));
        }
        bench_must(bytes_buffer_end(&list, &rest));
        while (crowd_next_answer(&rest, &one)) feed_bytes(engine, one);
    } while (list.len > 0);
    bench_check(written);
    close_mate(engine);
    bytes_buffer_free(&list);
}

void crowd_read(crowd *c, uint32_t index, const char *jid, sotto_bytes stanza, const char *text) {
    sotto_engine *engine = open_mate(c, index, jid);
    bytes_buffer stamped;
    bytes_buffer_owned(&stamped, c->host, SOTTO_STANZA_BYTES_MAX);
    crowd_stamp(&stamped, stanza, PLAN_HUB);
    feed(engine, &stamped);
    bench_must(sotto_engine_commit(engine));
    sotto_output output;
    bool read = false;
    while (sotto_engine_next(engine, &output)) {
        sotto_bytes inside = output.delivery.stanza;
        if (output.kind == SOTTO_OUTPUT_DELIVER)
            read = output.delivery.seal.len > 0 && memmem(inside.at, inside.len, text, strlen(text)) != NULL;
        if (output.seq != 0) bench_must(sotto_engine_done(engine, output.seq));
    }
    bench_check(read);
    close_mate(engine);
    bytes_buffer_free(&stamped);
}
