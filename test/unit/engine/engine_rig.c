/* SPDX-License-Identifier: ISC */
#include "engine_rig.h"

#include <stdio.h>

/* ---- store ---- */

static sotto_status frail_get(sotto_store *store, sotto_bytes key, sotto_visit *visit, void *arg) {
    sotto_store *inner = ((frail_store *)(void *)store)->inner;
    return inner->methods->get(inner, key, visit, arg);
}
static sotto_status frail_scan(sotto_store *store, sotto_bytes prefix, sotto_visit *visit, void *arg) {
    sotto_store *inner = ((frail_store *)(void *)store)->inner;
    return inner->methods->scan(inner, prefix, visit, arg);
}
static sotto_status frail_write(sotto_store *store, const sotto_change *changes, size_t count) {
    frail_store *frail = (frail_store *)(void *)store;
    frail->writes++;
    if (!sotto_ok(frail->write_fails)) return frail->write_fails;
    return frail->inner->methods->write(frail->inner, changes, count);
}
static void frail_close(sotto_store *store) {
    (void)store;
}
const sotto_store_class frail_class = {frail_get, frail_scan, frail_write, frail_close};

/* ---- text ---- */

static void add(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void add(char *text, size_t size, const char *format, ...) {
    size_t len = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + len, size - len, format, args);
    va_end(args);
}

/* ---- seal ---- */

script the_script, the_near;

static sotto_status near_open(void **ret, seal_env *env) {
    (void)env;
    the_near.opens++;
    *ret = &the_near;
    return SOTTO_OK;
}
static void near_close(void *self) {
    (void)self;
    the_near.closes++;
}

static sotto_status s_open(void **ret, seal_env *env) {
    the_script.set_back = env->set_back;
    the_script.opens++;
    *ret = &the_script;
    return SOTTO_OK;
}
static void s_close(void *self) {
    (void)self;
    the_script.closes++;
}

static void put_key(script *s, size_t index, const char *jid, uint32_t device, uint8_t fill) {
    seal_key *key = &s->keys[index];
    *key = (seal_key){.jid = bytes_text(jid), .device = device, .known = true, .active = true};
    memset(key->key, fill, sizeof key->key);
    memset(key->fingerprint, fill, sizeof key->fingerprint);
    if (index >= s->key_count) s->key_count = index + 1;
}

void script_key(size_t index, const char *jid, uint32_t device, uint8_t fill) {
    put_key(&the_script, index, jid, device, fill);
}

void near_key(size_t index, const char *jid, uint32_t device, uint8_t fill) {
    put_key(&the_near, index, jid, device, fill);
}

static sotto_status s_promise(void *self, seal_env *env, const seal_audience *audience, seal_promise *ret) {
    script *s = self;
    s->promises++;
    s->idle = audience->idle;
    if (s->asks && s->promise == SEAL_ASKING)
        SOTTO_TRY(env->ask(env, false, audience->jids[0], BYTES_LITERAL("<query xmlns='test:keys'/>"),
                           BYTES_LITERAL("keys")));
    for (size_t i = 0; i < s->key_count; i++) SOTTO_TRY(env->key_seen(env, &s->keys[i]));
    *ret = (seal_promise){s->promise, s->reason, {s->keys, s->key_count}};
    if (!s->lists_audience) return SOTTO_OK;
    seal_key *keys = bytes_arena_take(env->arena, sizeof s->keys);
    if (keys == NULL) return SOTTO_FAIL(NO_MEMORY);
    ret->keys = (seal_keys){keys, 0};
    for (size_t i = 0; i < s->key_count; i++)
        if (bytes_equal(s->keys[i].jid, audience->jids[0]) || bytes_equal(s->keys[i].jid, env->account))
            keys[ret->keys.count++] = s->keys[i];
    return SOTTO_OK;
}

static sotto_status s_protect(void *self, seal_env *env, const stanza_element *stanza, const seal_audience *audience,
                              const seal_keys *allowed, uint64_t ticket, seal_stanzas *ret) {
    script *s = self;
    s->protects++;
    s->allowed = allowed->count;
    s->ticket = ticket;
    s->resource_count = audience->resource_count;
    s->resources[0] = 0;
    for (size_t i = 0; i < audience->resource_count; i++)
        add(s->resources, sizeof s->resources, "%.*s ", (int)audience->resources[i].len,
            (const char *)audience->resources[i].at);
    SOTTO_TRY(env->put(env, BYTES_LITERAL("ratchet"), BYTES_LITERAL("moved")));
    if (!sotto_ok(s->protect_fails)) {
        s->promise = s->promise_then;
        return s->protect_fails;
    }
    for (size_t i = 0; i < allowed->count; i++)
        add(s->sealed, sizeof s->sealed, "%u ", (unsigned)allowed->at[i].device);
    add(s->sealed, sizeof s->sealed, "%.*s\n", (int)stanza->raw.len, (const char *)stanza->raw.at);
    char text[512];
    int len = snprintf(text, sizeof text, "<message to='%.*s'><sealed xmlns='" NS_SCRIPT "' n='%u'/></message>",
                       (int)audience->jids[0].len, (const char *)audience->jids[0].at, s->protects);
    (void)stanza;
    sotto_bytes *at = bytes_arena_take(env->arena, sizeof *at);
    if (at == NULL || !bytes_arena_copy(env->arena, bytes_of(text, (size_t)len), at)) return SOTTO_FAIL(NO_MEMORY);
    *ret = (seal_stanzas){at, 1};
    return SOTTO_OK;
}

static sotto_status deliver_more(script *s, seal_env *env, const seal_key *key) {
    for (unsigned i = 0; i < s->delivers; i++) {
        seal_opened more = {.outcome = SEAL_OPENED, .key = *key};
        more.stanza = BYTES_LITERAL("<message><body>more</body></message>");
        SOTTO_TRY(env->deliver(env, &more));
    }
    return SOTTO_OK;
}

static sotto_status s_unprotect(void *self, seal_env *env, const stanza_element *stanza, const seal_origin *origin,
                                seal_opened *ret) {
    script *s = self;
    s->unprotects++;
    s->origin = *origin;
    if (s->puts_then_fails) SOTTO_TRY(env->put(env, BYTES_LITERAL("half"), BYTES_LITERAL("done")));
    if (s->delivers_first)
        SOTTO_TRY(deliver_more(s, env, &(seal_key){.jid = origin->from, .device = 7, .known = true}));
    if (!sotto_ok(s->open_fails)) return s->open_fails;
    *ret = (seal_opened){.outcome = s->outcome,
                         .reason = SOTTO_FAIL(NO_SESSION),
                         .key = {.jid = origin->from, .device = 7, .known = true}};
    memset(ret->key.key, s->opened_fill != 0 ? s->opened_fill : 0x77, 32);
    if (s->opened_in != NULL) ret->key.dialect = bytes_text(s->opened_in);
    memset(ret->key.fingerprint, 0x78, 32);
    ret->opt_out = s->opt_out;
    if (s->opt_out) ret->opt_out_reason = BYTES_LITERAL("compliance");
    ret->stanza = s->opened != NULL ? bytes_text(s->opened) : BYTES_LITERAL("<message><body>opened</body></message>");
    ret->reply = s->reply;
    ret->reply_payload = BYTES_LITERAL("<done xmlns='" NS_SCRIPT "'/>");
    ret->reply_condition = "item-not-found";
    if (!s->delivers_first) SOTTO_TRY(deliver_more(s, env, &ret->key));
    (void)stanza;
    return SOTTO_OK;
}

static sotto_status s_answer(script *s, seal_env *env, const seal_input *input) {
    s->answer_status = input->status;
    snprintf(s->answer_note, sizeof s->answer_note, "%.*s", (int)input->note.len, (const char *)input->note.at);
    if (sotto_ok(input->status)) {
        s->promise = SEAL_READY;
    } else {
        s->promise = SEAL_BROKEN;
        s->reason = input->status;
    }
    return env->changed(env, BYTES_LITERAL("romeo@montague.example"));
}

static sotto_status s_input(void *self, seal_env *env, const seal_input *input) {
    script *s = self;
    s->inputs[input->kind]++;
    if (!sotto_ok(s->input_fails)) {
        SOTTO_TRY(env->put(env, BYTES_LITERAL("half"), BYTES_LITERAL("done")));
        return s->input_fails;
    }
    bool good = input->kind == SEAL_INPUT_PEP || (input->kind == SEAL_INPUT_ANSWER && sotto_ok(input->status));
    if (good && !sotto_ok(s->answer_fails)) {
        SOTTO_TRY(env->event(env, &(sotto_event){.kind = SOTTO_EVENT_LEFT}));
        return s->answer_fails;
    }
    switch (input->kind) {
    case SEAL_INPUT_ONLINE:
        s->fresh = input->fresh;
        return SOTTO_OK;
    case SEAL_INPUT_ANSWER:
        return s_answer(s, env, input);
    case SEAL_INPUT_PEP:
        snprintf(s->pep_node, sizeof s->pep_node, "%.*s", (int)input->node.len, (const char *)input->node.at);
        snprintf(s->pep_jid, sizeof s->pep_jid, "%.*s", (int)input->jid.len, (const char *)input->jid.at);
        if (!s->tells_devices) return SOTTO_OK;
        return env->event(env, &(sotto_event){.kind = SOTTO_EVENT_DEVICES,
                                              .jid = input->jid,
                                              .number = s->tells_number,
                                              .reason = s->tells_number > 0 ? SOTTO_OK : SOTTO_FAIL(DEVICES_GONE)});
    case SEAL_INPUT_PRESENCE:
        snprintf(s->presence, sizeof s->presence, "%.*s %d", (int)input->jid.len, (const char *)input->jid.at,
                 input->available);
        if (s->key_count > 0) SOTTO_TRY(env->accepted(env, s->keys[0].jid, s->keys[0].key, &s->accepted));
        if (s->returns_ticket == 0) return SOTTO_OK;
        return env->event(env, &(sotto_event){.kind = SOTTO_EVENT_DELIVERY_UNKNOWN,
                                              .ticket = s->returns_ticket,
                                              .jid = input->jid,
                                              .reason = SOTTO_FAIL(KEY_CHANGED)});
    case SEAL_INPUT_REFRESH: {
        SOTTO_TRY(env->timer(env, BYTES_LITERAL("tick"), env->now_ms + 5000));
        return env->job(env, BYTES_LITERAL("work"), BYTES_LITERAL("job-note"));
    }
    case SEAL_INPUT_LEAVE:
        if (!s->event_on_leave) return SOTTO_OK;
        return env->event(
            env, &(sotto_event){.kind = SOTTO_EVENT_LEFT, .text = bytes_text(s == &the_near ? "near" : "script")});
    case SEAL_INPUT_TIMER:
        return env->event(env, &(sotto_event){.kind = SOTTO_EVENT_REFRESHED, .text = input->note});
    case SEAL_INPUT_JOB:
        return env->event(env, &(sotto_event){.kind = SOTTO_EVENT_REFRESHED, .text = input->bytes});
    default:
        return SOTTO_OK;
    }
}

static void s_forget(void *self, sotto_bytes jid) {
    script *s = self;
    s->forgets += jid.len == 0;
}
static sotto_status s_list(void *self, seal_env *env, sotto_bytes jid, seal_keys *ret) {
    script *s = self;
    seal_key *keys = bytes_arena_take(env->arena, sizeof s->keys);
    if (keys == NULL) return SOTTO_FAIL(NO_MEMORY);
    *ret = (seal_keys){keys, 0};
    for (size_t i = 0; i < s->key_count && !s->lists_nothing; i++)
        if (bytes_equal(s->keys[i].jid, jid)) keys[ret->count++] = s->keys[i];
    return SOTTO_OK;
}

static const char *const s_claims[] = {NS_SCRIPT, NULL};
static const char *const s_nodes[] = {"test:devices", NULL};
static const char *const s_features[] = {"test:devices+notify", NULL};
static sotto_status s_flush(void *self, seal_env *env) {
    script *s = self;
    s->flushes++;
    if (!sotto_ok(s->flush_fails)) SOTTO_TRY(env->put(env, BYTES_LITERAL("half"), BYTES_LITERAL("done")));
    return s->flush_fails;
}

/* Names of keys are the keys, each byte another way; 0xee is the name of none. */
static sotto_status s_name(void *self, seal_env *env, sotto_bytes jid, const uint8_t key[32], uint8_t ret[32]) {
    (void)self;
    (void)env;
    (void)jid;
    for (size_t i = 0; i < 32; i++) ret[i] = (uint8_t)(key[i] ^ 0x80);
    return SOTTO_OK;
}
static sotto_status s_named(void *self, seal_env *env, const uint8_t name[32], uint8_t ret[32]) {
    if (name[0] == 0xee) return SOTTO_FAIL(BAD_KEY);
    return s_name(self, env, BYTES_NONE, name, ret);
}
static const seal_naming s_naming = {"test:script:keys", "script", s_name, s_named};

static const seal_class s_class = {
    .name = "script",
    .strength = 1,
    .can = SEAL_CAN_MESSAGE | SEAL_CAN_OFFLINE,
    .carriers = SEAL_CAN_MESSAGE,
    .claims = s_claims,
    .nodes = s_nodes,
    .features = s_features,
    .open = s_open,
    .close = s_close,
    .promise = s_promise,
    .protect = s_protect,
    .unprotect = s_unprotect,
    .input = s_input,
    .forget = s_forget,
    .list_keys = s_list,
    .flush = s_flush,
    .naming = &s_naming,
};
/* One that needs the other side online, and is carried by iqs too. */
static const seal_class s_live_class = {
    .name = "script",
    .strength = 1,
    .can = SEAL_CAN_MESSAGE | SEAL_CAN_IQ,
    .carriers = SEAL_CAN_MESSAGE | SEAL_CAN_IQ,
    .claims = s_claims,
    .nodes = s_nodes,
    .features = s_features,
    .open = s_open,
    .close = s_close,
    .promise = s_promise,
    .protect = s_protect,
    .unprotect = s_unprotect,
    .input = s_input,
    .forget = s_forget,
    .list_keys = s_list,
    .flush = s_flush,
};
static const char *const near_claims[] = {NS_NEAR, NULL};
static const char *const near_nodes[] = {NULL};
static const char *const near_features[] = {NS_NEAR, NULL};
static const seal_class near_class = {
    .name = "near",
    .strength = 1,
    .can = SEAL_CAN_MESSAGE | SEAL_CAN_IQ | SEAL_CAN_PRESENCE,
    .carriers = SEAL_CAN_IQ,
    .claims = near_claims,
    .nodes = near_nodes,
    .features = near_features,
    .open = near_open,
    .close = near_close,
    .promise = s_promise,
    .protect = s_protect,
    .unprotect = s_unprotect,
    .input = s_input,
    .forget = s_forget,
    .list_keys = s_list,
    .flush = s_flush,
};
const sotto_seal *script_seal(void) {
    return &s_class;
}

/* ---- engine ---- */

static int setup_two(void **state, const sotto_seal *seal, const sotto_seal *second, uint8_t least) {
    engine_rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    memset(&the_script, 0, sizeof the_script);
    memset(&the_near, 0, sizeof the_near);
    rig_start(&r->host);
    r->store.base.methods = &frail_class;
    assert_ok(sotto_store_memory(&r->store.inner, &r->host.host));
    r->now_ms = START_MS;
    r->seals[0] = seal;
    r->seals[1] = second;
    r->config = (sotto_engine_config){.account = BYTES_LITERAL("juliet@capulet.example"),
                                      .host = &r->host.host,
                                      .store = &r->store.base,
                                      .seals = r->seals,
                                      .least_strength = least};
    assert_ok(sotto_engine_open(&r->engine, &r->config, r->now_ms));
    *state = r;
    return 0;
}

static int setup_with(void **state, const sotto_seal *seal, uint8_t least) {
    return setup_two(state, seal, NULL, least);
}
int engine_setup_both(void **state) {
    return setup_two(state, script_seal(), &near_class, 1);
}
int engine_setup(void **state) {
    return setup_with(state, script_seal(), 1);
}
int engine_setup_live(void **state) {
    return setup_with(state, &s_live_class, 1);
}
int engine_setup_rot13(void **state) {
    return setup_with(state, sotto_seal_rot13(), 0);
}

int engine_teardown(void **state) {
    engine_rig *r = *state;
    sotto_engine_close(r->engine);
    sotto_store_close(r->store.inner);
    rig_end(&r->host);
    free(r);
    return 0;
}

void engine_reopen(engine_rig *r) {
    sotto_engine_close(r->engine);
    r->engine = NULL;
    assert_ok(sotto_engine_open(&r->engine, &r->config, r->now_ms));
}

sotto_status try_step(engine_rig *r, sotto_input input) {
    return sotto_engine_step(r->engine, &input, r->now_ms);
}
void step(engine_rig *r, sotto_input input) {
    assert_ok(try_step(r, input));
}
void commit(engine_rig *r) {
    assert_ok(sotto_engine_commit(r->engine));
}

void go_online(engine_rig *r, bool resumed) {
    step(r, (sotto_input){.kind = SOTTO_INPUT_ONLINE,
                          .jid = BYTES_LITERAL("juliet@capulet.example/balcony"),
                          .resumed = resumed});
}

sotto_input send_input(uint64_t ticket, const char *stanza) {
    return (sotto_input){.kind = SOTTO_INPUT_SEND, .ticket = ticket, .stanza = bytes_text(stanza)};
}
sotto_input stanza_input(const char *stanza) {
    return (sotto_input){.kind = SOTTO_INPUT_STANZA, .stanza = bytes_text(stanza)};
}

#define SPAN(b) (int)(b).len, (const char *)(b).at

const char *outputs(engine_rig *r, bool done) {
    commit(r);
    r->text[0] = 0;
    sotto_output out;
    while (sotto_engine_next(r->engine, &out)) {
        switch (out.kind) {
        case SOTTO_OUTPUT_STANZA:
            add(r->text, sizeof r->text, "stanza %.*s %d %.*s\n", out.seal.len ? (int)out.seal.len : 5,
                out.seal.len ? (const char *)out.seal.at : "clear", (int)out.ticket, SPAN(out.stanza));
            break;
        case SOTTO_OUTPUT_DELIVER:
            add(r->text, sizeof r->text, "deliver %.*s %.*s %s %.*s\n",
                out.delivery.seal.len ? (int)out.delivery.seal.len : 5,
                out.delivery.seal.len ? (const char *)out.delivery.seal.at : "clear", SPAN(out.delivery.from),
                sotto_trust_name(out.delivery.trust), SPAN(out.delivery.stanza));
            break;
        case SOTTO_OUTPUT_EVENT:
            r->last_number = out.event.number;
            r->last_total = out.event.total;
            add(r->text, sizeof r->text, "event %s %d %.*s %s", sotto_event_name(out.event.kind), (int)out.event.ticket,
                SPAN(out.event.jid), sotto_status_name(out.event.reason));
            if (out.event.text.len > 0) add(r->text, sizeof r->text, " '%.*s'", SPAN(out.event.text));
            if (out.event.key.device != 0)
                add(r->text, sizeof r->text, " device %d %s", (int)out.event.key.device,
                    sotto_trust_name(out.event.key.trust));
            add(r->text, sizeof r->text, "\n");
            break;
        case SOTTO_OUTPUT_JOB:
            add(r->text, sizeof r->text, "job %.*s\n", SPAN(out.request));
            r->last_seq = out.job;
            continue;
        }
        if (out.seq != 0) r->last_seq = out.seq;
        if (done && out.seq != 0) assert_ok(sotto_engine_done(r->engine, out.seq));
    }
    return r->text;
}
