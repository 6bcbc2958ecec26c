/* SPDX-License-Identifier: ISC
 *
 * The devices of the world and their environments. Its server is in world_server.c. */
#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/memory.h"
#include "stanza/jid.h"
#include "testing.h"
#include "world_server.h"

/* ---- the host ---- */

static void *world_resize(void *arg, void *at, size_t old_size, size_t new_size) {
    world *w = arg;
    (void)old_size;
    if (new_size == 0) {
        free(at);
        return NULL;
    }
    if (w->allocations_left == 0) return NULL;
    if (w->allocations_left != SIZE_MAX) w->allocations_left--;
    return realloc(at, new_size);
}

/* splitmix64: repeatable, which is all that is wanted here. */
static sotto_status world_random(void *arg, void *out, size_t len) {
    world *w = arg;
    uint8_t *at = out;
    if (w->randoms_left == 0) return SOTTO_FAIL(NO_RANDOM);
    if (w->randoms_left != SIZE_MAX) w->randoms_left--;
    for (size_t i = 0; i < len; i++) {
        w->random_state += 0x9e3779b97f4a7c15u;
        uint64_t z = w->random_state;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        at[i] = (uint8_t)(z ^ z >> 31);
    }
    return SOTTO_OK;
}

/* ---- the environment ---- */

static world_device *device_of(seal_env *env) {
    return env->engine;
}

static sotto_bytes lasting(world *w, sotto_bytes bytes) {
    sotto_bytes copy = BYTES_NONE;
    assert_true(bytes_arena_copy(&w->memory, bytes, &copy));
    return copy;
}

static sotto_status env_get(seal_env *env, sotto_bytes key, sotto_bytes *ret) {
    world_device *d = device_of(env);
    sotto_bytes value;
    if (!bytes_map_get(&d->records, key, &value)) return SOTTO_FAIL(NOT_FOUND);
    return bytes_arena_copy(&d->arena, value, ret) ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
}

static sotto_status env_put(seal_env *env, sotto_bytes key, sotto_bytes value) {
    world_device *d = device_of(env);
    if (d->world->puts_left == 0) return SOTTO_FAIL(STORE_FAILED);
    if (d->world->puts_left != SIZE_MAX) d->world->puts_left--;
    d->puts++;
    if (value.len > 0) return bytes_map_put(&d->records, key, value);
    bytes_map_remove(&d->records, key);
    return SOTTO_OK;
}

static sotto_status env_scan(seal_env *env, sotto_bytes prefix, sotto_visit *visit, void *arg) {
    world_device *d = device_of(env);
    sotto_bytes key, value, at = prefix;
    for (bool beyond = false; bytes_map_from(&d->records, at, beyond, &key, &value); beyond = true) {
        if (!bytes_starts_with(key, prefix)) break;
        SOTTO_TRY(visit(arg, key, value));
        at = key;
    }
    return SOTTO_OK;
}

static sotto_status env_random(seal_env *env, void *out, size_t len) {
    return world_random(device_of(env)->world, out, len);
}

static bool env_asking(seal_env *env, sotto_bytes note) {
    const world_device *d = device_of(env);
    for (size_t i = 0; i < d->ask_count; i++) {
        if (bytes_equal(d->asks[i].note, note)) return true;
    }
    return false;
}

static sotto_status env_ask(seal_env *env, bool set, sotto_bytes to, sotto_bytes payload, sotto_bytes note) {
    world_device *d = device_of(env);
    assert_true(note.len <= 1024);
    if (!d->online || env_asking(env, note)) return SOTTO_OK;
    assert_true(d->ask_count < WORLD_LIST_MAX);
    d->asks[d->ask_count++] =
        (world_ask){set, lasting(d->world, to), lasting(d->world, payload), lasting(d->world, note)};
    if (d->ask_count > d->world->asked_most) d->world->asked_most = d->ask_count;
    return SOTTO_OK;
}

static sotto_status env_control(seal_env *env, sotto_bytes stanza) {
    world_device *d = device_of(env);
    assert_true(d->control_count < WORLD_LIST_MAX);
    d->controls[d->control_count++] = lasting(d->world, stanza);
    return SOTTO_OK;
}

static sotto_status env_timer(seal_env *env, sotto_bytes note, uint64_t at_ms) {
    world_device *d = device_of(env);
    size_t i = 0;
    while (i < d->timer_count && !bytes_equal(d->timers[i].note, note)) i++;
    if (at_ms == UINT64_MAX) {
        if (i < d->timer_count) d->timers[i] = d->timers[--d->timer_count];
        return SOTTO_OK;
    }
    assert_true(i < WORLD_LIST_MAX);
    if (i == d->timer_count) d->timers[d->timer_count++].note = lasting(d->world, note);
    d->timers[i].at_ms = at_ms;
    return SOTTO_OK;
}

static sotto_status env_job(seal_env *env, sotto_bytes request, sotto_bytes note) {
    (void)env, (void)request, (void)note;
    return SOTTO_FAIL(USAGE);
}

static sotto_status env_event(seal_env *env, const sotto_event *event) {
    world_device *d = device_of(env);
    assert_true(d->event_count < WORLD_LIST_MAX);
    d->events[d->event_count++] = (world_event){.kind = event->kind,
                                                .jid = lasting(d->world, event->jid),
                                                .reason = event->reason,
                                                .number = event->number,
                                                .device = event->key.device,
                                                .ticket = event->ticket,
                                                .text = lasting(d->world, event->text),
                                                .seal = lasting(d->world, event->key.seal)};
    return SOTTO_OK;
}

static sotto_status env_changed(seal_env *env, sotto_bytes jid) {
    (void)jid;
    device_of(env)->changed_count++;
    return SOTTO_OK;
}

/* As the engine does: a key seen for the first time under a device id that had another one is an alarm. */
static sotto_status ring_add(world_device *d, const seal_key *key) {
    bool had_other = false;
    for (size_t i = 0; i < d->ring_count; i++) {
        const seal_key *one = &d->ring[i];
        if (!bytes_equal(one->jid, key->jid)) continue;
        if (memcmp(one->key, key->key, 32) == 0) return SOTTO_OK;
        had_other = had_other || one->device == key->device;
    }
    assert_true(d->ring_count < WORLD_LIST_MAX);
    d->ring[d->ring_count] = *key;
    d->ring[d->ring_count++].jid = lasting(d->world, key->jid);
    sotto_event alarm = {.kind = SOTTO_EVENT_KEY_ALARM,
                         .jid = key->jid,
                         .reason = SOTTO_FAIL(KEY_CHANGED),
                         .key = {.device = key->device}};
    return had_other ? env_event(&d->env, &alarm) : SOTTO_OK;
}

static sotto_status env_key_seen(seal_env *env, const seal_key *key) {
    world_device *d = device_of(env);
    assert_true(d->seen_count < WORLD_LIST_MAX);
    d->seen[d->seen_count] = *key;
    d->seen[d->seen_count++].jid = lasting(d->world, key->jid);
    return ring_add(d, key);
}

static sotto_status env_trust(seal_env *env, sotto_bytes jid, const uint8_t key[32], sotto_trust *ret) {
    (void)env, (void)jid, (void)key;
    *ret = SOTTO_TRUST_BLIND;
    return SOTTO_OK;
}

/* ---- calls: all of it or nothing ---- */

typedef struct call_mark {
    bytes_map records;
    size_t asks, timers, events, controls, seen, ring, changed;
} call_mark;

static void map_copy(const sotto_host *host, const bytes_map *from, bytes_map *ret) {
    sotto_bytes key = BYTES_NONE, value;
    bytes_map_init(ret, host);
    for (bool beyond = false; bytes_map_from(from, key, beyond, &key, &value); beyond = true) {
        assert_true(sotto_ok(bytes_map_put(ret, key, value)));
    }
}

static void call_begin(world_device *d, call_mark *mark) {
    size_t left = d->world->allocations_left;
    d->world->allocations_left = SIZE_MAX;
    map_copy(&d->world->host, &d->records, &mark->records);
    d->world->allocations_left = left;
    mark->asks = d->ask_count;
    mark->timers = d->timer_count;
    mark->events = d->event_count;
    mark->controls = d->control_count;
    mark->seen = d->seen_count;
    mark->ring = d->ring_count;
    mark->changed = d->changed_count;
    d->env.now_ms = d->world->now_ms;
}

static void call_end(world_device *d, call_mark *mark, bool failed) {
    if (failed) {
        bytes_map_clear(&d->records);
        d->records = mark->records;
        d->ask_count = mark->asks;
        d->timer_count = mark->timers;
        d->event_count = mark->events;
        d->control_count = mark->controls;
        d->seen_count = mark->seen;
        d->ring_count = mark->ring;
        d->changed_count = mark->changed;
    } else {
        bytes_map_clear(&mark->records);
    }
    bytes_arena_clear(&d->arena);
}

sotto_status world_input(world_device *d, const seal_input *input) {
    call_mark mark;
    call_begin(d, &mark);
    sotto_status status = d->world->class->input(d->self, &d->env, input);
    call_end(d, &mark, !sotto_ok(status));
    return status;
}

static seal_promise promise_for(world_device *d, const seal_audience *audience) {
    call_mark mark;
    seal_promise promise = {.kind = SEAL_NEVER};
    call_begin(d, &mark);
    assert_code(d->world->class->promise(d->self, &d->env, audience, &promise), 0);
    seal_key *keys = bytes_arena_take(&d->world->memory, promise.keys.count * sizeof *keys);
    for (size_t i = 0; i < promise.keys.count; i++) {
        keys[i] = promise.keys.at[i];
        keys[i].jid = lasting(d->world, keys[i].jid);
    }
    promise.keys.at = keys;
    call_end(d, &mark, false);
    return promise;
}

seal_promise world_promise(world_device *d, const char *to) {
    sotto_bytes jid = bytes_text(to);
    return promise_for(d, &(seal_audience){.jids = &jid, .count = 1});
}

static seal_audience room_audience(world *w, const char *const *jids, size_t count) {
    sotto_bytes *members = bytes_arena_take(&w->memory, (count + 1) * sizeof *members);
    for (size_t i = 0; i < count; i++) members[i] = bytes_text(jids[i]);
    return (seal_audience){.jids = members, .count = count, .room = true};
}

seal_promise world_promise_room(world_device *d, const char *const *jids, size_t count) {
    seal_audience audience = room_audience(d->world, jids, count);
    return promise_for(d, &audience);
}

/* No stanza leaves *ret empty. */
static sotto_status protect_for(world_device *d, const char *text, const seal_audience *audience, const seal_keys *keys,
                                sotto_bytes *ret) {
    call_mark mark;
    seal_stanzas stanzas = {NULL, 0};
    const stanza_element *stanza = world_parse(d->world, bytes_text(text));
    *ret = BYTES_NONE;
    call_begin(d, &mark);
    sotto_status status = d->world->class->protect(d->self, &d->env, stanza, audience, keys, 1, &stanzas);
    if (sotto_ok(status)) {
        assert_true(stanzas.count <= 1);
        if (stanzas.count == 1) *ret = lasting(d->world, stanzas.at[0]);
    }
    call_end(d, &mark, !sotto_ok(status));
    return status;
}

sotto_status world_seal_for(world_device *d, const char *text, const seal_keys *keys, sotto_bytes *ret) {
    const stanza_element *stanza = world_parse(d->world, bytes_text(text));
    stanza_jid to;
    assert_true(sotto_ok(stanza_jid_parse(&d->world->memory, stanza_attribute_of(stanza, "to"), &to)));
    seal_audience audience = {.jids = &to.bare, .count = 1};
    sotto_status status = protect_for(d, text, &audience, keys, ret);
    if (sotto_ok(status)) assert_true(ret->len > 0);
    return status;
}

static seal_keys usable_of(world_device *d, const seal_promise *promise) {
    seal_keys usable = {NULL, 0};
    seal_key *keys = bytes_arena_take(&d->world->memory, (promise->keys.count + 1) * sizeof *keys);
    for (size_t i = 0; i < promise->keys.count; i++) {
        if (sotto_ok(promise->keys.at[i].problem)) keys[usable.count++] = promise->keys.at[i];
    }
    usable.at = keys;
    return usable;
}

sotto_status world_seal_room(world_device *d, const char *text, const char *const *jids, size_t count,
                             sotto_bytes *ret) {
    seal_audience audience = room_audience(d->world, jids, count);
    seal_promise promise = promise_for(d, &audience);
    for (int round = 0; promise.kind == SEAL_ASKING && round < 400; round++) {
        size_t changed = d->changed_count;
        while (d->ask_count > 0 && d->changed_count == changed) world_answer(d);
        promise = promise_for(d, &audience);
    }
    if (promise.kind != SEAL_READY) return sotto_ok(promise.reason) ? SOTTO_FAIL(AGAIN) : promise.reason;
    seal_keys usable = usable_of(d, &promise);
    return protect_for(d, text, &audience, &usable, ret);
}

bool world_seal_nothing(world_device *d, const char *text) {
    sotto_bytes sealed;
    const stanza_element *stanza = world_parse(d->world, bytes_text(text));
    sotto_bytes jid = stanza_attribute_of(stanza, "to");
    seal_audience audience = {.jids = &jid, .count = 1};
    seal_promise promise = promise_for(d, &audience);
    for (int round = 0; promise.kind == SEAL_ASKING && round < 20; round++) {
        world_settle(d->world);
        promise = promise_for(d, &audience);
    }
    assert_int_equal(promise.kind, SEAL_READY);
    seal_keys usable = usable_of(d, &promise);
    assert_code(protect_for(d, text, &audience, &usable, &sealed), 0);
    return sealed.len == 0;
}

sotto_status world_seal(world_device *d, const char *text, sotto_bytes *ret) {
    const stanza_element *stanza = world_parse(d->world, bytes_text(text));
    stanza_jid to;
    assert_true(sotto_ok(stanza_jid_parse(&d->world->memory, stanza_attribute_of(stanza, "to"), &to)));
    const char *jid = (const char *)lasting(d->world, to.bare).at;
    seal_promise promise = world_promise(d, jid);
    for (int round = 0; round < 8 && promise.kind == SEAL_ASKING; round++) {
        world_settle(d->world);
        promise = world_promise(d, jid);
    }
    if (promise.kind != SEAL_READY) return sotto_ok(promise.reason) ? SOTTO_FAIL(AGAIN) : promise.reason;
    seal_key *keys = bytes_arena_take(&d->world->memory, (promise.keys.count + 1) * sizeof *keys);
    seal_keys usable = {keys, 0};
    for (size_t i = 0; i < promise.keys.count; i++) {
        if (sotto_ok(promise.keys.at[i].problem)) keys[usable.count++] = promise.keys.at[i];
    }
    return world_seal_for(d, text, &usable, ret);
}

sotto_bytes world_say(world_device *d, const char *to, const char *body) {
    sotto_bytes sealed = BYTES_NONE;
    sotto_bytes text = world_text(d->world, "<message to='%s' type='chat' id='m1'><body>%s</body></message>", to, body);
    assert_code(world_seal(d, (const char *)text.at, &sealed), 0);
    return sealed;
}

/* ---- reading ---- */

/* As the server hands it out: with a from. */
static const stanza_element *received(world_device *writer, sotto_bytes stanza, const world_origin *how,
                                      stanza_jid *ret_from, stanza_jid *ret_to) {
    world *w = writer->world;
    const char *from = how && how->from ? how->from
                                        : (const char *)world_text(w, "%.*s/there", (int)writer->env.account.len,
                                                                   (const char *)writer->env.account.at)
                                              .at;
    sotto_bytes with_from =
        world_replace(w, stanza, "<message ", (const char *)world_text(w, "<message from='%s' ", from).at);
    const stanza_element *element = world_parse(w, with_from);
    assert_code(stanza_jid_parse(&w->memory, bytes_text(from), ret_from), 0);
    sotto_bytes to = how && how->to ? bytes_text(how->to) : stanza_attribute_of(element, "to");
    assert_code(stanza_jid_parse(&w->memory, to, ret_to), 0);
    return element;
}

world_read world_open(world_device *reader, world_device *writer, sotto_bytes stanza, const world_origin *how) {
    call_mark mark;
    world *w = reader->world;
    world_read read = {.status = SOTTO_OK};
    stanza_jid from, to;
    const stanza_element *element = received(writer, stanza, how, &from, &to);
    seal_origin origin = {.from = from.bare,
                          .from_full = from.full,
                          .to = to.bare,
                          .own = bytes_equal(from.bare, reader->env.account),
                          .room = how && how->room,
                          .live = !(how && how->offline),
                          .answerable = !(how && how->stranger),
                          .time_ms = w->now_ms};
    if (origin.room) {
        origin.from = how->nobody ? BYTES_NONE : writer->env.account;
        origin.own = bytes_equal(origin.from, reader->env.account);
    }
    call_begin(reader, &mark);
    read.status = w->class->unprotect(reader->self, &reader->env, element, &origin, &read.opened);
    if (sotto_ok(read.status)) {
        read.opened.stanza = lasting(w, read.opened.stanza);
        read.opened.opt_out_reason = lasting(w, read.opened.opt_out_reason);
        read.opened.key.jid = lasting(w, read.opened.key.jid);
    }
    call_end(reader, &mark, !sotto_ok(read.status));
    return read;
}

void world_expect(world_device *reader, world_device *writer, sotto_bytes stanza, const char *body) {
    world_read read = world_open(reader, writer, stanza, NULL);
    sotto_bytes text = BYTES_NONE;
    assert_code(read.status, 0);
    assert_code(read.opened.reason, 0);
    assert_int_equal(read.opened.outcome, SEAL_OPENED);
    const stanza_element *opened = world_parse(reader->world, read.opened.stanza);
    assert_true(stanza_text(stanza_child(opened, "body", STANZA_NS_CLIENT), &reader->world->memory, &text));
    assert_text(text, body);
    assert_true(read.opened.key.known);
    assert_int_equal(read.opened.key.device, world_device_id(writer));
}

void world_expect_unreadable(world_device *reader, world_device *writer, sotto_bytes stanza, int code) {
    world_read read = world_open(reader, writer, stanza, NULL);
    assert_code(read.status, 0);
    assert_int_equal(read.opened.outcome, SEAL_UNREADABLE);
    assert_code(read.opened.reason, code);
}

size_t world_pass_controls(world_device *from) {
    size_t count = from->control_count;
    for (size_t i = 0; i < count; i++) {
        const stanza_element *element = world_parse(from->world, from->controls[i]);
        for (size_t k = 0; k < from->world->count; k++) {
            world_device *to = from->world->devices[k];
            if (to == from || !bytes_equal(to->env.account, stanza_attribute_of(element, "to"))) continue;
            world_read read = world_open(to, from, from->controls[i], NULL);
            assert_code(read.status, 0);
            assert_int_equal(read.opened.outcome, SEAL_CONTROL);
        }
    }
    from->control_count = 0;
    return count;
}

/* ---- devices ---- */

void world_start(world *w, const seal_class *class) {
    *w = (world){.allocations_left = SIZE_MAX,
                 .randoms_left = SIZE_MAX,
                 .puts_left = SIZE_MAX,
                 .random_state = 1,
                 .now_ms = 1763600000000u,
                 .class = class,
                 .notify = true};
    w->host = (sotto_host){w, world_resize, world_random};
    bytes_arena_init(&w->memory, sotto_host_default(), 512u * 1024 * 1024);
    bytes_map_init(&w->items, sotto_host_default());
    bytes_map_init(&w->config, sotto_host_default());
}

void world_end(world *w) {
    for (size_t i = 0; i < w->count; i++) {
        world_device *d = w->devices[i];
        w->class->close(d->self);
        bytes_map_clear(&d->records);
        bytes_arena_clear(&d->arena);
        stanza_parser_free(d->env.parser);
        free(d);
    }
    bytes_map_clear(&w->items);
    bytes_map_clear(&w->config);
    bytes_arena_clear(&w->memory);
}

static void device_open(world_device *d) {
    call_mark mark;
    call_begin(d, &mark);
    assert_code(d->world->class->open(&d->self, &d->env), 0);
    call_end(d, &mark, false);
}

world_device *world_join(world *w, const char *bare) {
    assert_true(w->count < WORLD_DEVICES_MAX);
    world_device *d = calloc(1, sizeof *d); /* mostly never touched */
    assert_non_null(d);
    w->devices[w->count++] = d;
    d->world = w;
    d->without = w->without;
    d->env = (seal_env){.account = bytes_text(bare),
                        .host = &w->host,
                        .arena = &d->arena,
                        .engine = d,
                        .get = env_get,
                        .put = env_put,
                        .scan = env_scan,
                        .random = env_random,
                        .ask = env_ask,
                        .asking = env_asking,
                        .control = env_control,
                        .timer = env_timer,
                        .job = env_job,
                        .event = env_event,
                        .changed = env_changed,
                        .key_seen = env_key_seen,
                        .trust = env_trust};
    bytes_map_init(&d->records, sotto_host_default());
    bytes_arena_init(&d->arena, &w->host, 64u * 1024 * 1024);
    assert_code(stanza_parser_new(&d->env.parser, sotto_host_default()), 0);
    device_open(d);
    return d;
}

void world_reopen(world_device *d) {
    d->world->class->close(d->self);
    d->self = NULL;
    d->ask_count = d->timer_count = 0;
    d->online = false;
    device_open(d);
}

void world_go_online(world_device *d, bool fresh) {
    d->online = true;
    if (fresh) d->ask_count = d->timer_count = 0;
    assert_code(world_input(d, &(seal_input){.kind = SEAL_INPUT_ONLINE, .jid = d->env.account, .fresh = fresh}), 0);
    world_settle(d->world);
}

void world_go_offline(world_device *d) {
    d->online = false;
    assert_code(world_input(d, &(seal_input){.kind = SEAL_INPUT_OFFLINE}), 0);
}

void world_wait(world *w, uint64_t ms) {
    uint64_t end = w->now_ms + ms;
    for (;;) {
        world_device *due = NULL;
        size_t timer = 0;
        for (size_t i = 0; i < w->count; i++) {
            for (size_t k = 0; k < w->devices[i]->timer_count; k++) {
                uint64_t at = w->devices[i]->timers[k].at_ms;
                if (at > end || (due && at >= due->timers[timer].at_ms)) continue;
                due = w->devices[i];
                timer = k;
            }
        }
        if (!due) break;
        sotto_bytes note = due->timers[timer].note;
        if (due->timers[timer].at_ms > w->now_ms) w->now_ms = due->timers[timer].at_ms;
        due->timers[timer] = due->timers[--due->timer_count];
        assert_code(world_input(due, &(seal_input){.kind = SEAL_INPUT_TIMER, .note = note}), 0);
        world_settle(w);
    }
    w->now_ms = end;
}

/* ---- looking ---- */

size_t world_events(const world_device *d, sotto_event_kind kind) {
    size_t count = 0;
    for (size_t i = 0; i < d->event_count; i++) count += d->events[i].kind == kind;
    return count;
}

const world_event *world_last_event(const world_device *d, sotto_event_kind kind) {
    for (size_t i = d->event_count; i > 0; i--) {
        if (d->events[i - 1].kind == kind) return &d->events[i - 1];
    }
    fail_msg("no event of kind %d", (int)kind);
    return NULL;
}

uint32_t world_device_id(world_device *d) {
    call_mark mark;
    seal_keys keys = {NULL, 0};
    call_begin(d, &mark);
    assert_code(d->world->class->list_keys(d->self, &d->env, d->env.account, &keys), 0);
    assert_true(keys.count > 0 && keys.at[0].this_device);
    uint32_t device = keys.at[0].device;
    call_end(d, &mark, false);
    return device;
}

sotto_bytes world_records(world_device *d) {
    bytes_buffer out;
    sotto_bytes key = BYTES_NONE, value, all = BYTES_NONE;
    bytes_buffer_owned(&out, sotto_host_default(), 64u * 1024 * 1024);
    for (bool beyond = false; bytes_map_from(&d->records, key, beyond, &key, &value); beyond = true) {
        bytes_buffer_block(&out, key);
        bytes_buffer_block(&out, value);
    }
    assert_true(sotto_ok(bytes_buffer_end(&out, &all)));
    all = lasting(d->world, all);
    bytes_buffer_free(&out);
    return all;
}

sotto_bytes world_text(world *w, const char *format, ...) {
    static char buffer[256 * 1024];
    va_list list;
    va_start(list, format);
    int len = vsnprintf(buffer, sizeof buffer, format, list);
    va_end(list);
    assert_true(len >= 0 && (size_t)len < sizeof buffer);
    return lasting(w, bytes_of(buffer, (size_t)len));
}

sotto_bytes world_replace(world *w, sotto_bytes text, const char *part, const char *with) {
    sotto_bytes copy = lasting(w, text);
    const char *at = strstr((const char *)copy.at, part);
    if (!at) fail_msg("'%s' is not in '%.*s'", part, (int)text.len, (const char *)copy.at);
    size_t before = (size_t)(at - (const char *)copy.at), part_len = strlen(part), with_len = strlen(with);
    uint8_t *made = bytes_arena_take(&w->memory, text.len - part_len + with_len + 1);
    assert_non_null(made);
    memcpy(made, copy.at, before);
    memcpy(made + before, with, with_len);
    memcpy(made + before + with_len, at + part_len, text.len - before - part_len);
    return bytes_of(made, text.len - part_len + with_len);
}

const stanza_element *world_parse(world *w, sotto_bytes text) {
    const stanza_element *element = NULL;
    sotto_status status = stanza_parse(&w->memory, text, &element);
    if (!sotto_ok(status)) fail_msg("%s: '%.*s'", sotto_status_name(status), (int)text.len, (const char *)text.at);
    return element;
}
