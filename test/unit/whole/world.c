/* SPDX-License-Identifier: ISC
 *
 * The server and the clock of a world, and looking at what came of it. */
#include "world.h"

#include "bytes/base64.h"
#include "bytes/map.h"
#include "seal/omemo/dialect.h"

char use_rot13[] = "rot13", use_omemo[] = "omemo";

const sotto_seal *seal_of(void **state) {
    return *state == use_omemo ? sotto_seal_omemo() : sotto_seal_rot13();
}

void world_start(world *w, const sotto_seal *seal) {
    *w = (world){.seal = seal, .now_ms = START_MS, .encrypt = SOTTO_ENCRYPT_DEFAULT, .seed = 1};
    rig_start(&w->host);
    bytes_arena_init(&w->arena, &w->host.host, (size_t)16 * 1024 * 1024);
    assert_ok(lab_server_new(&w->server, &w->host.host, DOMAIN));
    lab_server_time(w->server, w->now_ms);
    /* What is done to keys and lists here is done to one dialect's: with the other's at hand the answers are others,
     * and are in test/unit/seal/test_dialects.c. */
    lab_server_without(w->server, "eu.siacs.conversations.axolotl");
    assert_ok(lab_server_account(w->server, "juliet", NULL));
    assert_ok(lab_server_account(w->server, "romeo", NULL));
    assert_ok(lab_server_account(w->server, "mallory", NULL));
    assert_ok(lab_server_befriend(w->server, "juliet", "romeo"));
}

static sotto_store *make_store(made *m, world *w, const char *local) {
    sotto_store *store;
    const device *d = world_device(w, local, "made");
    assert_ok(sotto_store_memory(&store, &m->host.host));
    assert_ok(d->store.inner->methods->scan(d->store.inner, BYTES_NONE, frail_copy, store));
    return store;
}

void made_start(made *m, const sotto_seal *seal) {
    world w;
    rig_start(&m->host);
    world_start(&w, seal);
    w.seed = 100; /* what is drawn later must not be what the keys were made of */
    m->juliet = make_store(m, &w, "juliet");
    m->romeo = make_store(m, &w, "romeo");
    world_end(&w);
}

void made_end(made *m) {
    sotto_store_close(m->juliet);
    sotto_store_close(m->romeo);
    rig_end(&m->host);
}

void two_start_seeded(two *t, const sotto_seal *seal, uint64_t seed) {
    world_start(&t->w, seal);
    t->w.seed = seed;
    t->juliet = world_device(&t->w, "juliet", "balcony");
    t->romeo = world_device(&t->w, "romeo", "orchard");
    device_go_online(t->juliet);
    device_go_online(t->romeo);
}

void two_start(two *t, const sotto_seal *seal) {
    two_start_seeded(t, seal, 1);
}

static void queue_free(wish_queue *queue) {
    for (size_t i = 0; i < queue->len; i++) free(queue->at[i].stanza);
}

static void device_free(device *d) {
    sotto_engine_close(d->engine);
    for (size_t i = 0; i < d->stream_len; i++) lab_piece_free(d->w->server, d->stream[i]);
    sotto_store_close(d->store.inner);
    queue_free(&d->wishes);
    queue_free(&d->chores);
    free(d->output_stanza);
    bytes_buffer_free(&d->transcript);
    rig_end(&d->host);
    free(d);
}

void world_end(world *w) {
    for (size_t i = 0; i < w->count; i++) device_free(w->devices[i]);
    lab_server_free(w->server);
    bytes_arena_clear(&w->arena);
    rig_end(&w->host);
}

void world_run(world *w) {
    for (bool busy = true; busy;) {
        busy = false;
        for (size_t i = 0; i < w->count; i++) busy = device_turn(w->devices[i]) || busy;
    }
}

void world_pass(world *w, uint64_t ms) {
    world_run(w);
    w->now_ms += ms;
    lab_server_time(w->server, w->now_ms);
    for (size_t i = 0; i < w->count; i++) {
        device *d = w->devices[i];
        if (d->engine != NULL && sotto_engine_deadline(d->engine) <= w->now_ms)
            device_wish(d, (sotto_input){.kind = SOTTO_INPUT_TIMER}, NULL);
    }
    world_run(w);
}

bool world_saw(const world *w, const char *text) {
    sotto_bytes saw = lab_server_saw(w->server);
    return memmem(saw.at, saw.len, text, strlen(text)) != NULL;
}

size_t world_saw_count(const world *w, const char *text) {
    sotto_bytes saw = lab_server_saw(w->server);
    size_t count = 0;
    for (const uint8_t *at; (at = memmem(saw.at, saw.len, text, strlen(text))) != NULL; count++)
        saw = bytes_after(saw, (size_t)(at - saw.at) + 1);
    return count;
}

/* ---- nets ---- */

static lab_fate net_hook(void *arg, const stanza_element *stanza, bool to_client, sotto_bytes *ret_instead,
                         uint64_t *ret_until_ms) {
    (void)ret_instead, (void)ret_until_ms;
    net *n = arg;
    sotto_bytes to = stanza_attribute_of(stanza, "to");
    bool content = stanza_child(stanza_child(stanza, "encrypted", NS_OMEMO), "payload", NS_OMEMO) != NULL ||
                   stanza_child(stanza, "body", STANZA_NS_CLIENT) != NULL;
    if (!to_client || !content || !bytes_starts_with(to, bytes_text(n->to))) return LAB_PASS;
    assert_true(n->len < sizeof n->caught / sizeof *n->caught);
    n->caught[n->len++] = strndup((const char *)stanza->raw.at, stanza->raw.len);
    return LAB_DROP;
}

void net_spread(net *n, world *w, const char *to) {
    *n = (net){.w = w, .to = to};
    lab_server_hook(w->server, net_hook, n);
}

void net_end(net *n) {
    lab_server_hook(n->w->server, NULL, NULL);
    while (n->len > 0) free(n->caught[--n->len]);
}

/* ---- keys of ratchets ---- */

typedef struct key_audit {
    world *w;
    bytes_map used;     /* sender's JID and device, recipient's, ratchet key, number → the whole line */
    bytes_map ratchets; /* the same without the number */
    sotto_bytes line;
    audit found;
} key_audit;

typedef struct key_place {
    const omemo_dialect *dialect;
    sotto_bytes from, to; /* to: empty where keys are not sorted by JID */
    uint64_t sid;
} key_place;

/* One <key/>: the same place in a ratchet must mean the same line to the last byte. */
static void audit_key(key_audit *a, const key_place *place, const stanza_element *key) {
    uint64_t rid;
    sotto_bytes text, data;
    assert_true(stanza_attribute_number(key, "rid", 1, OMEMO_ID_MAX, &rid));
    assert_true(stanza_text(key, &a->w->arena, &text));
    uint8_t at[1024], name_at[512];
    bytes_buffer out, name;
    bytes_buffer_borrowed(&out, at, sizeof at);
    assert_ok(bytes_base64_get(&out, text));
    assert_ok(bytes_buffer_end(&out, &data));
    omemo_kex kex;
    omemo_message message;
    if (stanza_attribute_of(key, place->dialect->names->exchange).at != NULL) {
        assert_ok(place->dialect->read_exchange(data, &kex));
        data = kex.message;
    }
    assert_ok(place->dialect->read_message(data, &message));
    bytes_buffer_borrowed(&name, name_at, sizeof name_at);
    bytes_buffer_u8(&name, place->dialect->number);
    bytes_buffer_block(&name, place->from);
    bytes_buffer_u32(&name, (uint32_t)place->sid);
    bytes_buffer_block(&name, place->to);
    bytes_buffer_u32(&name, (uint32_t)rid);
    bytes_buffer_put(&name, bytes_of(message.ratchet.bytes, 32));
    sotto_bytes used, before;
    assert_ok(bytes_buffer_end(&name, &used));
    assert_ok(bytes_map_put(&a->ratchets, used, BYTES_NONE));
    bytes_buffer_u32(&name, message.n);
    assert_ok(bytes_buffer_end(&name, &used));
    if (bytes_map_get(&a->used, used, &before)) {
        a->found.again += !bytes_equal(before, a->line);
        return;
    }
    assert_ok(bytes_map_put(&a->used, used, a->line));
    a->found.used++;
}

static void audit_header(key_audit *a, key_place *place, const stanza_element *header) {
    const char *keys_name = place->dialect->names->keys;
    for (const stanza_element *at = stanza_first(header); at; at = stanza_next(header, at)) {
        if (keys_name == NULL && stanza_is(at, "key", place->dialect->ns)) audit_key(a, place, at);
        if (keys_name == NULL || !stanza_is(at, keys_name, place->dialect->ns)) continue;
        place->to = stanza_attribute_of(at, "jid");
        for (const stanza_element *key = stanza_first(at); key; key = stanza_next(at, key)) audit_key(a, place, key);
    }
}

/* A stanza may carry both dialects. */
static void audit_line(key_audit *a) {
    const stanza_element *stanza;
    assert_ok(stanza_parse(&a->w->arena, a->line, &stanza));
    for (size_t i = 0; i < OMEMO_DIALECTS; i++) {
        const char *ns = omemo_dialects[i]->ns;
        const stanza_element *header = stanza_child(stanza_child(stanza, "encrypted", ns), "header", ns);
        key_place place = {.dialect = omemo_dialects[i]};
        stanza_jid from;
        if (header == NULL || !stanza_attribute_number(header, "sid", 1, OMEMO_ID_MAX, &place.sid)) continue;
        assert_ok(stanza_jid_parse(&a->w->arena, stanza_attribute_of(stanza, "from"), &from));
        if (bytes_starts_with(from.domain, BYTES_LITERAL("rooms.")))
            continue; /* what came in, to each with his address */
        place.from = from.bare;
        audit_header(a, &place, header);
    }
}

audit world_audit(world *w) {
    key_audit a = {.w = w};
    bytes_map_init(&a.used, &w->host.host);
    bytes_map_init(&a.ratchets, &w->host.host);
    sotto_bytes saw = lab_server_saw(w->server);
    while (saw.len > 0) {
        const uint8_t *end = memchr(saw.at, '\n', saw.len);
        assert_non_null(end);
        a.line = bytes_of(saw.at, (size_t)(end - saw.at));
        bytes_arena_mark mark = bytes_arena_here(&w->arena);
        if (memmem(a.line.at, a.line.len, "<encrypted ", 11) != NULL) audit_line(&a);
        bytes_arena_back(&w->arena, mark);
        saw = bytes_after(saw, a.line.len + 1);
    }
    a.found.ratchets = a.ratchets.count;
    bytes_map_clear(&a.ratchets);
    bytes_map_clear(&a.used);
    return a.found;
}

size_t world_keys_used_once(world *w) {
    audit found = world_audit(w);
    assert_int_equal(found.again, 0);
    return found.used;
}

/* ---- looking ---- */

size_t device_read_count(const device *d, const char *body) {
    size_t count = 0;
    for (size_t i = 0; i < d->read_len; i++) count += strcmp(d->read[i].body, body) == 0;
    return count;
}

size_t device_told_count(const device *d, sotto_event_kind kind, int reason) {
    size_t count = 0;
    for (size_t i = 0; i < d->told_len; i++)
        count += d->told[i].kind == kind && (reason < 0 || d->told[i].reason.code == reason);
    return count;
}

const told_event *device_told_last(const device *d, sotto_event_kind kind) {
    for (size_t i = d->told_len; i > 0; i--)
        if (d->told[i - 1].kind == kind) return &d->told[i - 1];
    return NULL;
}

void device_forget_told(device *d) {
    d->told_len = 0;
}

static sotto_status count_held(void *arg, const sotto_held *held) {
    (void)held;
    ++*(size_t *)arg;
    return SOTTO_OK;
}

size_t device_held(device *d) {
    size_t count = 0;
    assert_ok(sotto_engine_held(d->engine, count_held, &count));
    return count;
}

static sotto_status find_this(void *arg, const sotto_key *key) {
    if (key->this_device) *(sotto_key *)arg = *key;
    return SOTTO_OK;
}

static sotto_key this_key(device *d) {
    sotto_key key = {0};
    assert_ok(sotto_engine_keys(d->engine, d->config.account, find_this, &key));
    assert_true(key.this_device);
    return key;
}

uint32_t device_number(device *d) {
    return this_key(d).device;
}

void device_key(device *d, uint8_t ret_key[32]) {
    sotto_key key = this_key(d);
    memcpy(ret_key, key.key, 32);
}

/* For whoever has to find out why. */
static void show(const world *w) {
    static const char *const names[] = {"held",       "refused",   "left-out",  "new-key",       "key-alarm", "devices",
                                        "unreadable", "refreshed", "published", "not-published", "opt-out",   "left"};
    for (size_t i = 0; i < w->count; i++) {
        const device *d = w->devices[i];
        for (size_t k = 0; k < d->told_len; k++) {
            const told_event *t = &d->told[k];
            print_error("%s/%s heard %s %s %s '%s' ticket %u number %u device %u\n", d->local, d->resource,
                        names[t->kind], t->jid, sotto_status_name(t->reason), t->text, (unsigned)t->ticket,
                        (unsigned)t->number, (unsigned)t->device);
        }
        for (size_t k = 0; k < d->read_len; k++)
            print_error("%s/%s read %s: \"%s\" %s\n", d->local, d->resource, d->read[k].from, d->read[k].body,
                        d->read[k].seal);
    }
}

void assert_read_from(const device *d, const char *from, const char *const *bodies) {
    size_t at = 0;
    for (size_t i = 0; i < d->read_len; i++) {
        const read_message *m = &d->read[i];
        if (strcmp(m->from, from) != 0) continue;
        const char *name = d->w->seal->name; /* which dialect of it, stands behind it */
        if (bodies[at] != NULL && strcmp(m->body, bodies[at]) == 0 && strncmp(m->seal, name, strlen(name)) == 0) {
            at++;
            continue;
        }
        show(d->w);
        fail_msg("%s/%s read \"%s\" (%s) instead of \"%s\"", d->local, d->resource, m->body, m->seal,
                 bodies[at] != NULL ? bodies[at] : "nothing more");
    }
    if (bodies[at] == NULL) return;
    show(d->w);
    fail_msg("%s/%s never read \"%s\"", d->local, d->resource, bodies[at]);
}
