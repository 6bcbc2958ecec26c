/* SPDX-License-Identifier: ISC */
#include "rogue.h"

#include "bytes/base64.h"

#define NS_STANZAS "urn:ietf:params:xml:ns:xmpp-stanzas"

const char *const rogue_alpn[] = {LIVE_ALPN, NULL};

const live_self *rogue_inside(const rogue *r) {
    return r->engine->seals[0].self;
}

/* ---- life ---- */

int rogue_setup(void **state) {
    static const sotto_seal *seals[2];
    rogue *r = calloc(1, sizeof *r);
    assert_non_null(r);
    rig_start(&r->host);
    r->now_ms = START_MS;
    bytes_arena_init(&r->arena, &r->host.host, (size_t)64 * 1024 * 1024);
    bytes_buffer_owned(&r->plain, &r->host.host, (size_t)8 * 1024 * 1024);
    bytes_buffer_owned(&r->out, &r->host.host, (size_t)8 * 1024 * 1024);
    assert_ok(crypto_start());
    assert_ok(crypto_identity_new(&r->identity, &r->host.host));
    tls_anonymous_config config = {
        .host = &r->host.host, .certificate = live_certificate(), .key = live_certificate_key()};
    assert_ok(tls_context_anonymous(&r->client, &config));
    config.server = true;
    assert_ok(tls_context_anonymous(&r->server, &config));
    assert_ok(sotto_store_memory(&r->store, &r->host.host));
    seals[0] = sotto_seal_live();
    sotto_engine_config engine = {.account = BYTES_LITERAL(JULIET),
                                  .host = &r->host.host,
                                  .store = r->store,
                                  .seals = seals,
                                  .encrypt = SOTTO_ENCRYPT_ALWAYS,
                                  .least_strength = 1};
    assert_ok(sotto_engine_open(&r->engine, &engine, r->now_ms));
    rogue_step(r, (sotto_input){.kind = SOTTO_INPUT_ONLINE, .jid = BYTES_LITERAL(BALCONY)});
    rogue_stanza(r, "<iq type='result' id='r' to='" BALCONY "'><query xmlns='jabber:iq:roster'><item jid='" ROMEO
                    "' subscription='both'/></query></iq>");
    rogue_stanza(r, "<presence from='" ORCHARD "'/>");
    *state = r;
    return 0;
}

int rogue_teardown(void **state) {
    rogue *r = *state;
    sotto_engine_close(r->engine);
    sotto_store_close(r->store);
    tls_engine_free(r->tls);
    tls_context_free(r->client);
    tls_context_free(r->server);
    bytes_buffer_free(&r->plain);
    bytes_buffer_free(&r->out);
    bytes_arena_clear(&r->arena);
    rig_end(&r->host);
    free(r);
    return 0;
}

/* ---- the engine's side ---- */

static void take_frame(rogue *r, const stanza_element *live) {
    live_frame frame;
    assert_ok(live_frame_read(live, &r->arena, &frame));
    r->last_records = frame.records;
    if (r->tls == NULL || memcmp(frame.session, r->session, LIVE_ID_BYTES) != 0) {
        memcpy(r->session, frame.session, LIVE_ID_BYTES); /* Juliet begins */
        tls_engine_free(r->tls);
        r->tls = NULL;
        bytes_buffer_reset(&r->plain);
        bytes_buffer_reset(&r->out);
        r->initiator = false;
        r->sent = 0;
        assert_ok(tls_engine_new_anonymous(&r->tls, r->server, rogue_alpn, r->has_secret ? &r->secret : NULL));
    }
    for (sotto_bytes rest = frame.records; rest.len > 0;) {
        size_t taken = tls_engine_records_in(r->tls, rest);
        if (taken == 0) break;
        rest = bytes_after(rest, taken);
        uint8_t piece[4096];
        for (size_t got; (tls_engine_state(r->tls) & TLS_HAS_PLAIN) != 0;) {
            got = tls_engine_plain_out(r->tls, piece, sizeof piece);
            bytes_buffer_put(&r->plain, bytes_of(piece, got));
        }
    }
}

static void take_stanza(rogue *r, sotto_bytes text) {
    const stanza_element *stanza;
    assert_ok(stanza_parse(&r->arena, text, &stanza));
    const stanza_element *live = stanza_child(stanza, "live", LIVE_NS), *error;
    sotto_bytes type = stanza_attribute_of(stanza, "type"), id = stanza_attribute_of(stanza, "id");
    if (!stanza_is(stanza, "iq", NULL)) return;
    if (bytes_is(type, "set")) {
        snprintf(r->last_id, sizeof r->last_id, "%.*s", (int)id.len, (const char *)id.at);
    } else {
        error = stanza_child(stanza, "error", STANZA_NS_CLIENT);
        const stanza_element *condition = error != NULL ? stanza_first(error) : NULL;
        sotto_bytes name = condition != NULL ? condition->name : type;
        snprintf(r->answered, sizeof r->answered, "%.*s", (int)name.len, (const char *)name.at);
    }
    if (live != NULL) take_frame(r, live);
}

static void take_job(rogue *r, const sotto_output *out) {
    r->job = out->job;
    assert_true(bytes_arena_copy(&r->arena, out->request, &r->request));
}

static void take_outputs(rogue *r) {
    sotto_output out;
    r->told[0] = 0;
    while (sotto_engine_next(r->engine, &out)) {
        size_t len = strlen(r->told);
        char *end = r->told + len;
        size_t room = sizeof r->told - len;
        uint64_t seq = out.seq;
        if (out.kind == SOTTO_OUTPUT_STANZA)
            take_stanza(r, out.stanza);
        else if (out.kind == SOTTO_OUTPUT_DELIVER && out.delivery.seal.len > 0)
            snprintf(end, room, "%s %.*s\n", sotto_trust_name(out.delivery.trust), (int)out.delivery.stanza.len,
                     (const char *)out.delivery.stanza.at);
        else if (out.kind == SOTTO_OUTPUT_EVENT)
            snprintf(end, room, "%s %u %s\n", sotto_event_name(out.event.kind), (unsigned)out.event.ticket,
                     sotto_status_name(out.event.reason));
        else if (out.kind == SOTTO_OUTPUT_JOB)
            take_job(r, &out);
        if (seq != 0) assert_ok(sotto_engine_done(r->engine, seq));
    }
}

void rogue_step(rogue *r, sotto_input input) {
    r->answered[0] = 0;
    assert_ok(sotto_engine_step(r->engine, &input, r->now_ms));
    assert_ok(sotto_engine_commit(r->engine));
    take_outputs(r);
}

void rogue_stanza(rogue *r, const char *stanza) {
    rogue_step(r, (sotto_input){.kind = SOTTO_INPUT_STANZA, .stanza = bytes_text(stanza)});
}

uint64_t rogue_says(rogue *r, const char *body) {
    char stanza[512];
    snprintf(stanza, sizeof stanza, "<message to='" ORCHARD "' type='chat'><body>%s</body></message>", body);
    rogue_step(r, (sotto_input){.kind = SOTTO_INPUT_SEND, .stanza = bytes_text(stanza), .ticket = ++r->ticket});
    return r->ticket;
}

void rogue_pass(rogue *r, uint64_t ms) {
    r->now_ms += ms;
    rogue_step(r, (sotto_input){.kind = SOTTO_INPUT_TIMER});
}

/* ---- the rogue's side ---- */

static void drain(rogue *r) {
    uint8_t piece[16384];
    for (size_t got; (got = tls_engine_records_out(r->tls, piece, sizeof piece)) > 0;)
        bytes_buffer_put(&r->out, bytes_of(piece, got));
}

sotto_bytes rogue_records(rogue *r) {
    sotto_bytes all, copy;
    drain(r);
    assert_ok(bytes_buffer_end(&r->out, &all));
    assert_true(bytes_arena_copy(&r->arena, all, &copy));
    bytes_buffer_reset(&r->out);
    return copy;
}

static const char *frame_text(rogue *r, uint64_t number, sotto_bytes records) {
    static char text[65536];
    live_frame frame = {.number = number, .records = records};
    bytes_buffer out;
    memcpy(frame.session, r->session, LIVE_ID_BYTES);
    bytes_buffer_borrowed(&out, text, sizeof text);
    live_frame_write(&out, &frame);
    bytes_buffer_u8(&out, 0);
    sotto_bytes written;
    assert_ok(bytes_buffer_end(&out, &written));
    return text;
}

static void send_from(rogue *r, const char *from, uint64_t number, sotto_bytes records) {
    static char iq[66000];
    snprintf(iq, sizeof iq, "<iq type='set' id='i%u' from='%s' to='" BALCONY "'>%s</iq>", ++r->iq, from,
             frame_text(r, number, records));
    rogue_stanza(r, iq);
}

void rogue_send_as(rogue *r, uint64_t number, sotto_bytes records) {
    send_from(r, ORCHARD, number, records);
}

void rogue_send_from(rogue *r, const char *from) {
    sotto_bytes records = rogue_records(r);
    do {
        sotto_bytes piece = bytes_of(records.at, records.len < LIVE_FRAME_BYTES ? records.len : LIVE_FRAME_BYTES);
        send_from(r, from, r->sent++, piece);
        records = bytes_after(records, piece.len);
    } while (records.len > 0);
}

void rogue_send(rogue *r) {
    rogue_send_from(r, ORCHARD);
}

void rogue_write_bytes(rogue *r, sotto_bytes bytes) {
    while (bytes.len > 0) {
        size_t taken = tls_engine_plain_in(r->tls, bytes);
        assert_true(taken > 0);
        bytes = bytes_after(bytes, taken);
        drain(r);
    }
}

void rogue_write(rogue *r, const live_message *message) {
    bytes_buffer out;
    sotto_bytes written;
    bytes_buffer_owned(&out, &r->host.host, (size_t)4 * 1024 * 1024);
    live_message_write(&out, message);
    assert_ok(bytes_buffer_end(&out, &written));
    rogue_write_bytes(r, written);
    bytes_buffer_free(&out);
}

bool rogue_read(rogue *r, live_message *ret) {
    sotto_bytes plain, copy;
    size_t used;
    for (;;) {
        assert_ok(bytes_buffer_end(&r->plain, &plain));
        if (!bytes_arena_copy(&r->arena, plain, &copy) || sotto_is(live_message_read(copy, &used, ret), SOTTO_E_AGAIN))
            return false;
        assert_ok(live_message_read(copy, &used, ret));
        bytes_buffer_drop(&r->plain, used);
        if (ret->kind != LIVE_HOLD) return true;
        r->hold = *ret;
    }
}

live_circumstances rogue_circumstances(rogue *r) {
    live_circumstances c = {.initiator = r->initiator ? BYTES_LITERAL(ORCHARD) : BYTES_LITERAL(BALCONY),
                            .responder = r->initiator ? BYTES_LITERAL(BALCONY) : BYTES_LITERAL(ORCHARD),
                            .by_initiator = r->initiator};
    if (r->initiator) memcpy(c.earlier, r->earlier, sizeof c.earlier);
    assert_ok(tls_engine_export(r->tls, LIVE_EXPORTER, c.exporter));
    tls_agreed agreed;
    assert_ok(tls_engine_agreed(r->tls, &agreed));
    if (agreed.secret) c.secret = bytes_of(r->secret_id, sizeof r->secret_id);
    return c;
}

static void hello(rogue *r, const char *const *alpn, const char *from) {
    tls_engine_free(r->tls);
    r->tls = NULL;
    bytes_buffer_reset(&r->plain);
    bytes_buffer_reset(&r->out);
    r->initiator = true;
    r->sent = 0;
    assert_ok(rig_random(&r->host, r->session, LIVE_ID_BYTES));
    assert_ok(tls_engine_new_anonymous(&r->tls, r->client, alpn, r->has_secret ? &r->secret : NULL));
    rogue_send_from(r, from);
}

void rogue_hello(rogue *r, const char *const *alpn) {
    hello(r, alpn, ORCHARD);
}

void rogue_hello_from(rogue *r, const char *from) {
    hello(r, rogue_alpn, from);
}

/* ---- secrets ---- */

void rogue_offer(rogue *r, const char *from) {
    uint8_t naming[32], nonce[16];
    live_way way = {.nonce = nonce, .initiator = bytes_text(from), .responder = BYTES_LITERAL(BALCONY)};
    assert_ok(rig_random(&r->host, nonce, sizeof nonce));
    assert_ok(live_secret_naming(r->kept.secret, r->kept.initiator, naming));
    assert_ok(live_secret_identity(r->secret.identity, naming, &way));
    assert_ok(live_secret_psk(r->kept.secret, r->secret.key));
    memcpy(r->secret_id, r->kept.id, sizeof r->secret_id);
    r->has_secret = true;
}

void rogue_retain(rogue *r) {
    live_message hold = {.kind = LIVE_HOLD}, none;
    live_secret_input in = {0};
    rogue_open(r);
    rogue_write(r, &hold);
    rogue_send(r);
    assert_false(rogue_read(r, &none));
    assert_int_equal(r->hold.kind, LIVE_HOLD);
    assert_int_equal(r->hold.id_count, 1);
    assert_ok(tls_engine_export(r->tls, LIVE_RETAINED_EXPORTER, in.exporter));
    memcpy(in.first, r->earlier, sizeof in.first);
    memcpy(in.second, r->own, sizeof in.second);
    r->kept = (live_secret){.initiator = true};
    assert_ok(live_secret_make(&r->kept, &in));
    assert_memory_equal(r->kept.id, r->hold.ids[0], LIVE_ID_BYTES);
    rogue_write(r, &r->hold);
    rogue_send(r);
    rogue_offer(r, ORCHARD);
}

void rogue_read_proof(rogue *r) {
    live_message proof;
    assert_true(rogue_read(r, &proof));
    assert_int_equal(proof.kind, LIVE_PROOF);
    live_circumstances c = rogue_circumstances(r);
    c.by_initiator = !r->initiator;
    if (r->initiator) memset(c.earlier, 0, sizeof c.earlier);
    if (!r->initiator) memcpy(c.earlier, r->earlier, sizeof c.earlier);
    assert_ok(live_proof_check(&proof, &c, &r->identity));
    if (r->initiator) assert_ok(live_proof_hash(r->earlier, &proof));
}

void rogue_prove(rogue *r, const live_circumstances *c, const crypto_identity *identity) {
    live_message proof;
    assert_ok(live_proof_make(&proof, c, identity, &r->host.host));
    assert_ok(live_proof_hash(r->own, &proof));
    rogue_write(r, &proof);
}

void rogue_open(rogue *r) {
    rogue_hello(r, rogue_alpn);
    assert_string_equal(r->answered, "result");
    rogue_read_proof(r);
    live_circumstances c = rogue_circumstances(r);
    rogue_prove(r, &c, &r->identity);
    rogue_send(r);
    assert_string_equal(r->answered, "result");
}

void rogue_answer(rogue *r, rogue_spoil *spoil) {
    static char iq[66000];
    live_message proof;
    live_circumstances c = rogue_circumstances(r);
    assert_ok(live_proof_make(&proof, &c, &r->identity, &r->host.host));
    if (spoil != NULL) spoil(r, &c, &proof);
    assert_ok(live_proof_hash(r->earlier, &proof));
    rogue_write(r, &proof);
    snprintf(iq, sizeof iq, "<iq type='result' id='%s' from='" ORCHARD "' to='" BALCONY "'>%s</iq>", r->last_id,
             frame_text(r, r->sent++, rogue_records(r)));
    rogue_stanza(r, iq);
}

live_message rogue_data(uint8_t epoch, uint64_t number, const char *stanza) {
    live_message data = {.kind = LIVE_DATA, .number = number, .stanza = bytes_text(stanza)};
    memset(data.epoch, epoch, sizeof data.epoch);
    return data;
}
