/* SPDX-License-Identifier: ISC
 *
 * An engine over records that were damaged, exchanged or made up. It says so or goes on; it breaks nothing, and what
 * was to be sealed still does not leave in the clear. */
#include "engine_world.h"

typedef struct damage {
    sotto_store *to;
    sotto_bytes in;
    size_t index;
    sotto_bytes last; /* the value before */
    uint8_t last_at[4096];
} damage;

/* Two bytes of the input a record: mostly nothing happens to it. */
static sotto_status copy_damaged(void *arg, sotto_bytes key, sotto_bytes value) {
    damage *d = arg;
    uint8_t room[4096];
    sotto_bytes written = value;
    if (value.len <= sizeof room && d->in.len > 1 && d->in.at[0] == (uint8_t)d->index) {
        (void)fuzz_u8(&d->in);
        uint8_t kind = fuzz_u8(&d->in);
        memcpy(room, value.at, value.len);
        written.at = room;
        if (kind < 128) {
            room[fuzz_u8(&d->in) % value.len] ^= (uint8_t)(kind + 1);
        } else if (kind < 160) {
            written.len = kind % value.len;
        } else if (kind < 192) {
            written = d->last;
        } else {
            written = fuzz_piece(&d->in, 255);
        }
    }
    if (value.len <= sizeof d->last_at) {
        memcpy(d->last_at, value.at, value.len);
        d->last = bytes_of(d->last_at, value.len);
    }
    d->index++;
    return d->to->methods->write(d->to, &(sotto_change){key, written}, 1);
}

static void check_clear(const sotto_output *out) {
    if (out->kind == SOTTO_OUTPUT_STANZA && out->stanza.len > 0)
        MUST(memmem(out->stanza.at, out->stanza.len, "unsaid", 6) == NULL);
    (void)fuzz_touch(out->delivery.stanza);
    (void)fuzz_touch(out->delivery.from);
    (void)fuzz_touch(out->event.jid);
    (void)fuzz_touch(out->event.text);
    (void)fuzz_touch(out->request);
}

static sotto_status see_key(void *arg, const sotto_key *key) {
    (void)arg;
    (void)fuzz_touch(key->jid);
    return SOTTO_OK;
}

static sotto_status see_held(void *arg, const sotto_held *held) {
    (void)arg;
    (void)fuzz_touch(held->stanza);
    return SOTTO_OK;
}

/* Statuses are the engine's word, and none is wrong here. */
static void use(sotto_engine *engine, const world *w) {
    const sotto_input inputs[] = {
        {.kind = SOTTO_INPUT_ONLINE, .jid = bytes_text(world_full[0])},
        {.kind = SOTTO_INPUT_TIMER},
        {.kind = SOTTO_INPUT_SEND,
         .ticket = 9,
         .encrypt = SOTTO_ENCRYPT_ALWAYS,
         .stanza = BYTES_LITERAL("<message to='romeo@montague.example' type='chat'><body>unsaid</body></message>")},
        {.kind = SOTTO_INPUT_STANZA,
         .stanza =
             BYTES_LITERAL("<message from='romeo@montague.example/orchard' to='juliet@capulet.example'><encrypted "
                           "xmlns='urn:xmpp:omemo:2'><header sid='5'/></encrypted></message>")},
        {.kind = SOTTO_INPUT_REFRESH, .jid = bytes_text(world_bare[1])},
        {.kind = SOTTO_INPUT_REPAIR, .jid = bytes_text(world_bare[1])},
        {.kind = SOTTO_INPUT_LEAVE},
    };
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        (void)sotto_ok(sotto_engine_step(engine, &inputs[i], w->now_ms + i * 1000));
        (void)sotto_ok(sotto_engine_keys(engine, bytes_text(world_bare[i & 1]), see_key, NULL));
        (void)sotto_ok(sotto_engine_held(engine, see_held, NULL));
        (void)sotto_ok(sotto_engine_commit(engine));
        sotto_output out;
        while (sotto_engine_next(engine, &out)) {
            check_clear(&out);
            if (out.seq > 0) (void)sotto_ok(sotto_engine_done(engine, out.seq));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static world w;
    static damage d;
    world_start(&w, true, false);
    d = (damage){.in = bytes_of(data, size)};
    fuzz_host host;
    fuzz_host_start(&host);
    MUST_OK(sotto_store_memory(&d.to, &host.host));
    MUST_OK(w.devices[0].store.inner->methods->scan(w.devices[0].store.inner, BYTES_NONE, copy_damaged, &d));
    while (d.in.len > 0) { /* and records that nobody wrote */
        sotto_bytes key = fuzz_piece(&d.in, 64), value = fuzz_piece(&d.in, 255);
        if (key.len > 0) MUST_OK(d.to->methods->write(d.to, &(sotto_change){key, value}, 1));
    }
    const sotto_seal *seals[] = {sotto_seal_omemo(), NULL};
    sotto_engine_config config = {
        .account = bytes_text(world_bare[0]), .host = &host.host, .store = d.to, .seals = seals, .least_strength = 1};
    sotto_engine *engine = NULL;
    if (sotto_ok(sotto_engine_open(&engine, &config, w.now_ms))) use(engine, &w);
    sotto_engine_close(engine);
    sotto_store_close(d.to);
    fuzz_host_end(&host);
    world_end(&w);
    return 0;
}
