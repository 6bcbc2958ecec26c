/* SPDX-License-Identifier: ISC */
#include "engine_world.h"

#include "bytes/base64.h"
#include "crypto/curve.h"
#include "engine/record.h"
#include "seal/omemo/wire.h"
#include "seal/omemo/wire_axolotl.h"
#include "stanza/writer.h"
#include "trees.h"

#define NS_PUBSUB "http://jabber.org/protocol/pubsub"
#define NS_OMEMO  "urn:xmpp:omemo:2"
#define NS_OLD    "eu.siacs.conversations.axolotl"
#define MARK      "secret-"

const char *const world_bare[WORLD_ACCOUNTS] = {"juliet@capulet.example", "romeo@montague.example"};
const char *const world_full[WORLD_ACCOUNTS] = {"juliet@capulet.example/balcony", "romeo@montague.example/orchard"};
const char *const world_nick[WORLD_ACCOUNTS] = {"juliet", "romeo"};

/* ---- texts ---- */

static void text_set(world_text *text, sotto_bytes bytes) {
    free(text->at);
    text->at = malloc(bytes.len + 1);
    MUST(text->at != NULL);
    if (bytes.len > 0) memcpy(text->at, bytes.at, bytes.len);
    text->at[bytes.len] = '\0';
    text->len = bytes.len;
}

static void text_free(world_text *text) {
    free(text->at);
    *text = (world_text){NULL, 0};
}

static sotto_bytes text_bytes(const world_text *text) {
    return bytes_of(text->at, text->len);
}

static const world_text *newest(const world_text *ring, size_t count, size_t back) {
    size_t kept = count < WORLD_WAITING ? count : WORLD_WAITING;
    return kept == 0 ? NULL : &ring[(count - 1 - back % kept) % WORLD_WAITING];
}

const world_text *world_ask(const world_device *d, size_t back) {
    return newest(d->asks, d->ask_count, back);
}

const world_text *world_message(const world_device *d, size_t back) {
    return newest(d->inbox, d->inbox_count, back);
}

/* ---- the store ---- */

static sotto_status store_get(sotto_store *base, sotto_bytes key, sotto_visit *visit, void *arg) {
    sotto_store *inner = ((world_store *)base)->inner;
    return inner->methods->get(inner, key, visit, arg);
}

static sotto_status store_scan(sotto_store *base, sotto_bytes prefix, sotto_visit *visit, void *arg) {
    sotto_store *inner = ((world_store *)base)->inner;
    return inner->methods->scan(inner, prefix, visit, arg);
}

static sotto_status store_write(sotto_store *base, const sotto_change *changes, size_t count) {
    world_store *store = (world_store *)base;
    if (store->fails) return SOTTO_FAIL(STORE_FULL);
    return store->inner->methods->write(store->inner, changes, count);
}

static void store_close(sotto_store *base) {
    (void)base;
}

static const sotto_store_class store_class = {store_get, store_scan, store_write, store_close};

static sotto_status copy_record(void *to, sotto_bytes key, sotto_bytes value) {
    sotto_store *store = to;
    return store->methods->write(store, &(sotto_change){key, value}, 1);
}

static sotto_store *store_copy(const sotto_host *host, sotto_store *from) {
    sotto_store *store;
    MUST_OK(sotto_store_memory(&store, host));
    if (from) MUST_OK(from->methods->scan(from, BYTES_NONE, copy_record, store));
    return store;
}

void world_keep(world_device *d) {
    sotto_store_close(d->store.kept);
    d->store.kept = store_copy(&d->host.host, d->store.inner);
}

/* ---- what is looked at ---- */

static void check_texts(world_device *d, sotto_bytes stanza, bool sealed) {
    sotto_bytes rest = stanza;
    const uint8_t *at;
    while (rest.len > 0 && (at = memmem(rest.at, rest.len, MARK, sizeof MARK - 1)) != NULL) {
        rest = bytes_after(rest, (size_t)(at - rest.at) + sizeof MARK - 1);
        size_t number = 0;
        for (size_t i = 0; i < rest.len && rest.at[i] >= '0' && rest.at[i] <= '9'; i++)
            number = number * 10 + (size_t)(rest.at[i] - '0');
        MUST(!sealed);
        if (number >= d->world->said_count) continue; /* what somebody else wrote comes back in an error, say */
        const world_said *said = &d->world->said[number];
        if (said->account == d->account) MUST(!said->must_seal);
    }
}

/* No message key is ever used for two messages. */
static void check_key(world *w, sotto_bytes decoded, bool kex, bool old) {
    omemo_kex exchange;
    omemo_message message;
    if (kex) {
        MUST_OK(old ? omemo_wire_axolotl_read_exchange(decoded, &exchange)
                    : omemo_wire_read_exchange(decoded, &exchange));
        decoded = exchange.message;
    }
    MUST_OK(old ? omemo_wire_axolotl_read_message(decoded, &message) : omemo_wire_read_message(decoded, &message));
    uint64_t hash = fuzz_touch(decoded);
    for (size_t i = 0; i < w->use_count; i++) {
        world_key_use *use = &w->uses[i];
        if (use->n == message.n && memcmp(use->ratchet, message.ratchet.bytes, 8) == 0) {
            MUST(use->hash == hash);
            return;
        }
    }
    if (w->use_count == WORLD_KEYS) return;
    world_key_use *use = &w->uses[w->use_count++];
    *use = (world_key_use){.n = message.n, .hash = hash};
    memcpy(use->ratchet, message.ratchet.bytes, 8);
}

/* All <key/> of a header, or of a <keys/> in one. */
static void check_keys_of(world *w, const stanza_element *keys, bool old) {
    for (const stanza_element *key = stanza_first(keys); key; key = stanza_next(keys, key)) {
        sotto_bytes text, decoded, kex = stanza_attribute_of(key, old ? "prekey" : "kex");
        bytes_buffer out;
        if (!stanza_is(key, "key", NULL)) continue;
        MUST(stanza_text(key, &w->arena, &text));
        bytes_buffer_owned(&out, &w->host.host, SOTTO_OMEMO_MESSAGE_BYTES_MAX);
        MUST_OK(bytes_base64_get(&out, text));
        MUST_OK(bytes_buffer_end(&out, &decoded));
        check_key(w, decoded, bytes_is(kex, "true") || bytes_is(kex, "1"), old);
        bytes_buffer_free(&out);
    }
}

static void check_keys(world *w, const stanza_element *stanza) {
    const stanza_element *header = stanza_child(stanza_child(stanza, "encrypted", NS_OMEMO), "header", NS_OMEMO);
    for (const stanza_element *keys = stanza_first(header); keys; keys = stanza_next(header, keys))
        check_keys_of(w, keys, false);
    check_keys_of(w, stanza_child(stanza_child(stanza, "encrypted", NS_OLD), "header", NS_OLD), true);
}

/* ---- routing ---- */

/* Into an inbox, as it comes from there. */
static void forward(world_device *to, const stanza_element *stanza, const char *from, uint8_t writer_of_it, bool room) {
    world *w = to->world;
    bytes_buffer out;
    stanza_writer writer;
    bytes_buffer_owned(&out, &w->host.host, 1u << 21);
    stanza_writer_init(&writer, &out, STANZA_NS_CLIENT);
    stanza_open_as(&writer, stanza->name, stanza->ns);
    stanza_put_text(&writer, "from", from);
    for (const stanza_attribute *a = stanza->attributes; a; a = a->next) {
        if (!bytes_is(a->name, "from")) stanza_put_ns(&writer, a);
    }
    for (const stanza_element *child = stanza_first(stanza); child; child = stanza_next(stanza, child))
        stanza_copy(&writer, child);
    if (room) {
        stanza_open(&writer, "occupant-id", "urn:xmpp:occupant-id:0");
        stanza_put_text(&writer, "id", world_nick[writer_of_it]);
        stanza_close(&writer);
    }
    stanza_close(&writer);
    sotto_bytes text;
    MUST_OK(bytes_buffer_end(&out, &text));
    text_set(&to->inbox[to->inbox_count++ % WORLD_WAITING], text);
    bytes_buffer_free(&out);
}

/* Everybody gets what is said in the room, and one what is said to a nick. */
static void route_room(world_device *d, const stanza_element *stanza, sotto_bytes to) {
    char from[64];
    (void)snprintf(from, sizeof from, WORLD_ROOM "/%s", world_nick[d->account]);
    for (uint8_t i = 0; i < WORLD_ACCOUNTS; i++) {
        sotto_bytes nick = bytes_after(to, sizeof WORLD_ROOM - 1);
        if (nick.len > 0 && !bytes_is(bytes_after(nick, 1), world_nick[i])) continue;
        forward(&d->world->devices[i], stanza, from, d->account, true);
    }
}

static void route(world_device *d, const stanza_element *stanza) {
    world *w = d->world;
    if (stanza_is(stanza, "iq", STANZA_NS_CLIENT)) {
        text_set(&d->asks[d->ask_count++ % WORLD_WAITING], stanza->raw);
        return;
    }
    world_device *other = &w->devices[1 - d->account];
    sotto_bytes to = stanza_attribute_of(stanza, "to");
    if (!stanza_is(stanza, "message", STANZA_NS_CLIENT)) return;
    if (bytes_starts_with(to, BYTES_LITERAL(WORLD_ROOM)))
        route_room(d, stanza, to);
    else if (bytes_starts_with(to, bytes_text(world_bare[other->account])))
        forward(other, stanza, world_full[d->account], d->account, false);
}

static void on_stanza(world_device *d, const sotto_output *out) {
    world *w = d->world;
    const stanza_element *stanza;
    MUST(d->online);
    MUST_OK(stanza_parse(&w->arena, out->stanza, &stanza));
    check_texts(d, out->stanza, out->seal.len > 0);
    check_keys(w, stanza);
    sotto_bytes to = stanza_attribute_of(stanza, "to");
    if (out->seal.len > 0 && out->ticket != 0 && bytes_starts_with(to, bytes_text(world_bare[1 - d->account])))
        d->sealed_before = true;
    d->open_stanzas++;
    d->last_stanza = out->seq;
    route(d, stanza);
}

/* What came out is what the other one said, and once. */
static void on_delivery(world_device *d, const sotto_delivery *delivery) {
    world *w = d->world;
    const stanza_element *stanza;
    MUST_OK(stanza_parse(&w->arena, delivery->stanza, &stanza));
    (void)fuzz_touch(delivery->from);
    if (delivery->seal.len == 0) return;
    MUST(bytes_is(delivery->seal, "omemo:2") || bytes_is(delivery->seal, "omemo:0.3"));
    sotto_bytes body;
    MUST(stanza_text(stanza_child(stanza, "body", STANZA_NS_CLIENT), &w->arena, &body));
    MUST(bytes_is(delivery->from, world_bare[1 - d->account]));
    MUST(bytes_starts_with(body, BYTES_LITERAL(MARK)));
    unsigned long number = strtoul((const char *)body.at + sizeof MARK - 1, NULL, 10);
    MUST(number < w->said_count);
    world_said *said = &w->said[number];
    MUST(said->account != d->account);
    /* What was held when the copy was made is sent from the copy too (doc/omemo.md). */
    MUST(!said->read || d->set_back || w->devices[1 - d->account].set_back);
    said->read = true;
}

static uint64_t hash_output(const sotto_output *out) {
    const sotto_delivery *d = &out->delivery;
    const sotto_event *e = &out->event;
    uint64_t hash = fuzz_touch(out->request) ^ (uint64_t)out->kind;
    const sotto_bytes parts[] = {d->stanza, d->seal, d->from, e->jid, e->text, e->key.jid, e->key.seal};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) hash = hash * 31 + fuzz_touch(parts[i]);
    return hash * 31 + (uint64_t)e->kind * 7 + (uint64_t)e->reason.code * 3 + e->ticket;
}

static void take(world_device *d, const sotto_output *out) {
    if (out->kind == SOTTO_OUTPUT_STANZA) {
        on_stanza(d, out);
        return;
    }
    if (out->kind == SOTTO_OUTPUT_DELIVER) on_delivery(d, &out->delivery);
    if (out->kind == SOTTO_OUTPUT_EVENT) MUST(strcmp(sotto_event_name(out->event.kind), "unknown") != 0);
    if (out->seq == 0) return;
    for (size_t i = 0; i < d->row_count; i++) MUST(d->rows[i].seq < out->seq); /* in order, each once */
    if (d->row_count == WORLD_ROWS) world_done(d, WORLD_ROWS / 2);
    MUST(d->row_count < WORLD_ROWS || d->rows[0].done);
    if (d->row_count == WORLD_ROWS) return;
    bool question = out->kind == SOTTO_OUTPUT_DELIVER && bytes_starts_with(out->delivery.stanza, BYTES_LITERAL("<iq"));
    d->rows[d->row_count++] = (world_row){.seq = out->seq, .hash = hash_output(out), .question = question};
}

static void drain(world_device *d) {
    sotto_output out;
    for (size_t i = 0; sotto_engine_next(d->engine, &out); i++) {
        MUST(i < SOTTO_OUTBOX_ROWS_MAX);
        take(d, &out);
        bytes_arena_clear(&d->world->arena);
    }
}

/* ---- steps ---- */

static sotto_status hash_record(void *arg, sotto_bytes key, sotto_bytes value) {
    uint64_t *hash = arg;
    *hash = *hash * 31 + fuzz_touch(key) * 7 + fuzz_touch(value);
    return SOTTO_OK;
}

static sotto_status hash_held(void *arg, const sotto_held *held) {
    uint64_t *hash = arg;
    *hash = *hash * 31 + held->ticket + fuzz_touch(held->stanza);
    return SOTTO_OK;
}

static uint64_t staged(world_device *d) {
    uint64_t hash = sotto_engine_deadline(d->engine);
    MUST_OK(engine_record_scan(d->engine, BYTES_NONE, hash_record, &hash));
    MUST_OK(sotto_engine_held(d->engine, hash_held, &hash));
    return hash;
}

void world_release(world_device *d) {
    d->released = true;
    for (size_t i = 0; i < d->world->said_count; i++) {
        world_said *said = &d->world->said[i];
        if (said->account == d->account && !said->always) said->must_seal = false;
    }
}

static bool may_fail_so(sotto_status status, const sotto_input *input) {
    switch (status.code) {
    case SOTTO_E_BAD_JID:
    case SOTTO_E_MALFORMED:
    case SOTTO_E_TOO_LARGE:
    case SOTTO_E_XML_FORBIDDEN:
    case SOTTO_E_USAGE:
    case SOTTO_E_TICKET_USED:
    case SOTTO_E_NOT_FOUND:
    case SOTTO_E_OUTBOX_FULL:
        return true;
    case SOTTO_E_BAD_SERVER:
        return input->kind == SOTTO_INPUT_ONLINE;
    default:
        return false;
    }
}

sotto_status world_step(world_device *d, const sotto_input *input, size_t fail_at, bool compare) {
    sotto_input exact = *input;
    exact.stanza = fuzz_exact(input->stanza);
    exact.jid = fuzz_exact(input->jid);
    uint64_t before = compare ? staged(d) : 0;
    if (fail_at > 0) d->host.fail_at = d->host.calls + fail_at;
    sotto_status status = sotto_engine_step(d->engine, &exact, d->world->now_ms);
    d->host.fail_at = 0;
    fuzz_exact_free(exact.stanza);
    fuzz_exact_free(exact.jid);
    if (sotto_ok(status)) return status;
    if (!may_fail_so(status, input) && !(fail_at > 0 && sotto_is(status, SOTTO_E_NO_MEMORY))) MUST_OK(status);
    if (compare) MUST(staged(d) == before);
    return status;
}

sotto_status world_stanza(world_device *d, const char *stanza, size_t len) {
    sotto_input input = {.kind = SOTTO_INPUT_STANZA, .stanza = bytes_of(stanza, len)};
    return world_step(d, &input, 0, false);
}

sotto_status world_commit(world_device *d, bool fails) {
    d->store.fails = fails;
    sotto_status status = sotto_engine_commit(d->engine);
    d->store.fails = false;
    if (!sotto_ok(status)) {
        MUST(fails && sotto_is(status, SOTTO_E_STORE_FULL));
        d->online = false;
        d->open_stanzas = 0;
        return status;
    }
    size_t kept = 0;
    for (size_t i = 0; i < d->row_count; i++) {
        if (!d->rows[i].done) d->rows[kept++] = d->rows[i];
    }
    d->row_count = kept;
    drain(d);
    return status;
}

void world_online(world_device *d, bool resumed, uint32_t acked) {
    sotto_input input = {
        .kind = SOTTO_INPUT_ONLINE, .jid = bytes_text(world_full[d->account]), .resumed = resumed, .acked = acked};
    if (!sotto_ok(world_step(d, &input, 0, false))) return;
    d->online = true;
    if (!resumed)
        d->open_stanzas = 0;
    else
        d->open_stanzas = d->open_stanzas > acked ? d->open_stanzas - acked : 0;
}

void world_done(world_device *d, size_t count) {
    for (size_t i = 0; i < d->row_count && count > 0; i++) {
        if (d->rows[i].done) continue;
        sotto_status status = sotto_engine_done(d->engine, d->rows[i].seq);
        if (!d->rows[i].question || !sotto_is(status, SOTTO_E_NOT_FOUND)) MUST_OK(status);
        MUST(sotto_is(sotto_engine_done(d->engine, d->rows[i].seq), SOTTO_E_NOT_FOUND));
        d->rows[i].done = true;
        count--;
    }
}

void world_say(world_device *d, sotto_encrypt encrypt, const char *kind) {
    world *w = d->world;
    if (w->said_count == WORLD_TEXTS) return;
    char stanza[512];
    int len = snprintf(stanza, sizeof stanza, "<%s to='%s%s' type='%s' id='m%zu'><body>" MARK "%zu</body></%s>",
                       kind ? kind : "message", kind ? world_full[1 - d->account] : world_bare[1 - d->account], "",
                       !kind                     ? "chat"
                       : strcmp(kind, "iq") == 0 ? "set"
                                                 : "",
                       w->said_count, w->said_count, kind ? kind : "message");
    if (kind && strcmp(kind, "presence") == 0)
        len = snprintf(stanza, sizeof stanza, "<presence to='%s'><body>" MARK "%zu</body></presence>",
                       world_full[1 - d->account], w->said_count);
    MUST(len > 0 && (size_t)len < sizeof stanza);
    sotto_input input = {
        .kind = SOTTO_INPUT_SEND, .stanza = bytes_of(stanza, (size_t)len), .ticket = ++w->ticket, .encrypt = encrypt};
    bool sticky = d->sealed_before && !d->released;
    world_said *said = &w->said[w->said_count];
    bool always = encrypt == SOTTO_ENCRYPT_ALWAYS;
    *said = (world_said){
        .account = d->account, .must_seal = always || (sticky && encrypt != SOTTO_ENCRYPT_NEVER), .always = always};
    if (sotto_ok(world_step(d, &input, 0, false))) w->said_count++;
}

void world_say_in_room(world_device *d, sotto_encrypt encrypt) {
    world *w = d->world;
    if (w->said_count == WORLD_TEXTS) return;
    char stanza[256];
    int len = snprintf(stanza, sizeof stanza,
                       "<message to='" WORLD_ROOM "' type='groupchat' id='m%zu'><body>" MARK "%zu</body></message>",
                       w->said_count, w->said_count);
    sotto_input input = {
        .kind = SOTTO_INPUT_SEND, .stanza = bytes_of(stanza, (size_t)len), .ticket = ++w->ticket, .encrypt = encrypt};
    bool always = encrypt == SOTTO_ENCRYPT_ALWAYS; /* else a room for everybody may have it in the clear */
    w->said[w->said_count] = (world_said){.account = d->account, .must_seal = always, .always = always};
    if (sotto_ok(world_step(d, &input, 0, false))) w->said_count++;
}

/* ---- beginnings and ends ---- */

static void open_engine(world_device *d) {
    static const sotto_seal *seals[2];
    seals[0] = sotto_seal_omemo();
    sotto_engine_config config = {.account = bytes_text(world_bare[d->account]),
                                  .host = &d->host.host,
                                  .store = &d->store.base,
                                  .seals = seals,
                                  .least_strength = 1,
                                  .catch_up = d->world->rooms};
    MUST_OK(sotto_engine_open(&d->engine, &config, d->world->now_ms));
    d->online = false;
    d->open_stanzas = 0;
}

/* What the application had and did not report done comes again: the same, and nothing else. */
static void check_again(world_device *d) {
    sotto_output out;
    size_t at = 0;
    for (size_t i = 0; i < d->row_count; i++) d->rows[i].done = false;
    while (sotto_engine_next(d->engine, &out)) {
        if (out.seq == 0) continue;
        while (at < d->row_count && d->rows[at].question && d->rows[at].seq != out.seq) at++;
        MUST(out.kind != SOTTO_OUTPUT_STANZA && at < d->row_count);
        MUST(d->rows[at].seq == out.seq && d->rows[at].hash == hash_output(&out));
        at++;
    }
    while (at < d->row_count && d->rows[at].question) at++;
    MUST(at == d->row_count);
}

void world_crash(world_device *d) {
    sotto_engine_close(d->engine);
    open_engine(d);
    check_again(d);
}

void world_set_back(world_device *d) {
    if (!d->store.kept) return;
    sotto_engine_close(d->engine);
    sotto_store_close(d->store.inner);
    d->store.inner = d->store.kept;
    d->store.kept = NULL;
    d->store.base.setbacks++;
    d->row_count = 0;
    d->set_back = true;
    open_engine(d);
    drain(d); /* what that day had not been done */
}

static void start_device(world *w, uint8_t account, const world *from) {
    world_device *d = &w->devices[account];
    *d = (world_device){.world = w, .account = account};
    fuzz_host_start(&d->host);
    d->host.random_state = from ? from->devices[account].host.random_state : d->host.random_state + account;
    d->store.base = (sotto_store){.methods = &store_class};
    d->store.inner = store_copy(&d->host.host, from ? from->devices[account].store.inner : NULL);
    d->sealed_before = from && from->devices[account].sealed_before;
    open_engine(d);
}

static void start_from(world *w, const world *from, bool rooms) {
    *w = (world){.rooms = rooms, .now_ms = from ? from->now_ms : WORLD_START_MS, .ticket = from ? from->ticket : 0};
    fuzz_host_start(&w->host);
    bytes_arena_init(&w->arena, &w->host.host, FUZZ_ARENA_BYTES_MAX);
    for (uint8_t i = 0; i < WORLD_ACCOUNTS; i++) start_device(w, i, from);
    if (!from) return;
    memcpy(w->uses, from->uses, sizeof w->uses);
    w->use_count = from->use_count;
    memcpy(w->said, from->said, sizeof w->said);
    w->said_count = from->said_count;
    for (size_t i = 0; i < WORLD_ITEMS; i++) {
        w->items[i] = from->items[i];
        w->items[i].payload = (world_text){NULL, 0};
        if (w->items[i].there) text_set(&w->items[i].payload, text_bytes(&from->items[i].payload));
    }
}

static void befriend(world_device *d) {
    char roster[256];
    int len = snprintf(roster, sizeof roster,
                       "<iq type='result' id='r'><query xmlns='jabber:iq:roster'><item jid='%s' "
                       "subscription='both'/></query></iq>",
                       world_bare[1 - d->account]);
    MUST(len > 0);
    MUST_OK(world_stanza(d, roster, (size_t)len));
}

void world_start(world *w, bool talked, bool rooms) {
    static world fresh, both;
    static bool made;
    if (!made) {
        MUST_OK(crypto_start());
        start_from(&fresh, NULL, false);
        for (int i = 0; i < WORLD_ACCOUNTS; i++) {
            world_online(&fresh.devices[i], false, 0);
            befriend(&fresh.devices[i]);
        }
        world_settle(&fresh);
        start_from(&both, &fresh, false);
        for (int i = 0; i < WORLD_ACCOUNTS; i++) {
            world_online(&both.devices[i], false, 0);
            befriend(&both.devices[i]);
        }
        for (int i = 0; i < 4; i++) {
            world_settle(&both);
            world_say(&both.devices[i & 1], SOTTO_ENCRYPT_DEFAULT, NULL);
        }
        world_settle(&both);
        MUST(both.devices[0].sealed_before && both.devices[1].sealed_before && both.said[3].read);
        made = true;
    }
    start_from(w, talked ? &both : &fresh, rooms);
}

void world_end(world *w) {
    for (int i = 0; i < WORLD_ACCOUNTS; i++) {
        world_device *d = &w->devices[i];
        sotto_engine_close(d->engine);
        sotto_store_close(d->store.inner);
        sotto_store_close(d->store.kept);
        for (size_t k = 0; k < WORLD_WAITING; k++) {
            text_free(&d->asks[k]);
            text_free(&d->inbox[k]);
        }
        fuzz_host_end(&d->host);
    }
    for (size_t i = 0; i < WORLD_ITEMS; i++) text_free(&w->items[i].payload);
    bytes_arena_clear(&w->arena);
    fuzz_host_end(&w->host);
}

/* One thing that the device has waiting. False: there is nothing. */
static bool settle_one(world_device *d) {
    world *w = d->world;
    (void)world_commit(d, false);
    world_done(d, WORLD_ROWS);
    (void)sotto_ok(sotto_engine_acked(d->engine, d->open_stanzas));
    d->open_stanzas = 0;
    if (d->ask_next < d->ask_count) {
        bytes_buffer answer;
        bytes_buffer_owned(&answer, &w->host.host, 1u << 20);
        if (world_answer(d, &d->asks[d->ask_next++ % WORLD_WAITING], &answer))
            (void)world_stanza(d, (const char *)answer.at, answer.len);
        bytes_buffer_free(&answer);
        return true;
    }
    if (d->inbox_next < d->inbox_count) {
        const world_text *message = &d->inbox[d->inbox_next++ % WORLD_WAITING];
        MUST_OK(world_stanza(d, message->at, message->len));
        return true;
    }
    if (sotto_engine_deadline(d->engine) >= w->now_ms + 5000) return false;
    w->now_ms += 5000;
    MUST_OK(world_step(d, &(sotto_input){.kind = SOTTO_INPUT_TIMER}, 0, false));
    return true;
}

void world_settle(world *w) {
    size_t idle = 0;
    for (size_t turn = 0; idle < 2 * WORLD_ACCOUNTS; turn++) {
        MUST(turn < 400);
        idle = settle_one(&w->devices[turn % WORLD_ACCOUNTS]) ? 0 : idle + 1;
    }
}
