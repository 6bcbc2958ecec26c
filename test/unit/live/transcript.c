/* SPDX-License-Identifier: ISC
 *
 * Prints two sessions of an engine with somebody else as a transcript for tools/live-transcript: every frame, and the
 * secrets of TLS. The engine begins the first session, with nothing; the other side the second one, with the
 * secret of the first. A stanza goes each way in each. */
#include "rogue.h"

#include "tls/parts.h"

sotto_status __real_sotto_engine_step(sotto_engine *, const sotto_input *, uint64_t now_ms);
sotto_status __wrap_sotto_engine_step(sotto_engine *, const sotto_input *, uint64_t now_ms);
bool __real_sotto_engine_next(sotto_engine *, sotto_output *);
bool __wrap_sotto_engine_next(sotto_engine *, sotto_output *);

/* Frames only, from whoever: the engine leaves out its own address, which the server adds. */
static void print_frame(sotto_bytes stanza, const char *from) {
    static char line[65536];
    assert_true(stanza.len < sizeof line);
    memcpy(line, stanza.at, stanza.len);
    line[stanza.len] = 0;
    if (strncmp(line, "<iq ", 4) != 0 || strstr(line, LIVE_NS) == NULL || strstr(line, "<live ") == NULL) return;
    if (from != NULL && strstr(line, " from=") == NULL)
        printf("<iq from='%s' %s\n", from, line + 4);
    else
        printf("%s\n", line);
}

sotto_status __wrap_sotto_engine_step(sotto_engine *engine, const sotto_input *input, uint64_t now_ms) {
    if (input->kind == SOTTO_INPUT_STANZA) print_frame(input->stanza, NULL);
    return __real_sotto_engine_step(engine, input, now_ms);
}

bool __wrap_sotto_engine_next(sotto_engine *engine, sotto_output *ret) {
    bool is = __real_sotto_engine_next(engine, ret);
    if (is && ret->kind == SOTTO_OUTPUT_STANZA) print_frame(ret->stanza, BALCONY);
    return is;
}

static void print_secret(const SSL *ssl, const char *line) {
    (void)ssl;
    printf("%s\n", line);
}

static void acknowledge(rogue *r, const live_message *data) {
    live_message have = {.kind = LIVE_HAVE, .number = data->number};
    assert_int_equal(data->kind, LIVE_DATA);
    memcpy(have.epoch, data->epoch, sizeof have.epoch);
    rogue_write(r, &have);
}

/* Each side says what it holds; the engine makes a secret, and the other side says that it has it too. */
static void hold(rogue *r, const live_message *held) {
    live_message none;
    rogue_write(r, held);
    rogue_send(r);
    assert_false(rogue_read(r, &none));
    rogue_write(r, &r->hold);
    rogue_send(r);
}

static void say(rogue *r) {
    live_message data = rogue_data(1, 1, "<message type='chat'><body>Wilt thou be gone?</body></message>"), have;
    rogue_write(r, &data);
    rogue_send(r);
    assert_true(rogue_read(r, &have));
    assert_int_equal(have.kind, LIVE_HAVE);
}

/* The engine begins. */
static void first(rogue *r) {
    const live_message nothing = {.kind = LIVE_HOLD};
    live_message proof, data;
    live_secret_input in = {0};
    rogue_says(r, "It is not yet near day");
    rogue_answer(r, NULL);
    assert_true(rogue_read(r, &proof));
    assert_ok(live_proof_hash(in.second, &proof));
    memcpy(in.first, r->earlier, sizeof in.first);
    assert_true(rogue_read(r, &data));
    acknowledge(r, &data);
    hold(r, &nothing);
    assert_ok(tls_engine_export(r->tls, LIVE_RETAINED_EXPORTER, in.exporter));
    assert_ok(live_secret_make(&r->kept, &in));
    say(r);
    rogue_offer(r, ORCHARD);
}

/* The other side does, with the secret that the first session left. */
static void second(rogue *r) {
    live_message known = {.kind = LIVE_HOLD, .id_count = 1}, data;
    memcpy(known.ids[0], r->kept.id, LIVE_ID_BYTES);
    rogue_open(r);
    hold(r, &known);
    say(r);
    rogue_says(r, "It was the nightingale");
    assert_true(rogue_read(r, &data));
    acknowledge(r, &data);
    rogue_send(r);
}

int main(void) {
    void *state;
    (void)rogue_setup(&state);
    rogue *r = state;
    SSL_CTX_set_keylog_callback(r->client->ssl, print_secret);
    SSL_CTX_set_keylog_callback(r->server->ssl, print_secret);
    first(r);
    second(r);
    return rogue_teardown(&state);
}
