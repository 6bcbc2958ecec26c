/* SPDX-License-Identifier: ISC
 *
 * A device: its store, its stream, and the turns of its host. */
#include "world.h"

#include "bytes/cursor.h"
#include "context/caps.h"
#include "stanza/writer.h"

#define NS_INFO "http://jabber.org/protocol/disco#info"
#define NOTE    BYTES_LITERAL("driver")

/* ---- the store ---- */

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
    if (frail->fail_at > 0 && frail->writes >= frail->fail_at && frail->writes < frail->fail_until)
        return SOTTO_FAIL(STORE_FULL);
    return frail->pretends ? SOTTO_OK : frail->inner->methods->write(frail->inner, changes, count);
}
static void frail_close(sotto_store *store) {
    (void)store;
}
static const sotto_store_class frail_class = {frail_get, frail_scan, frail_write, frail_close};

sotto_status frail_copy(void *arg, sotto_bytes key, sotto_bytes value) {
    sotto_store *to = arg;
    return to->methods->write(to, &(sotto_change){key, value}, 1);
}

/* ---- opening ---- */

device *world_device_over(world *w, const char *local, const char *resource, sotto_store *over) {
    device *d = calloc(1, sizeof *d);
    assert_non_null(d);
    assert_true(w->count < DEVICES_MAX);
    w->devices[w->count++] = d;
    d->w = w;
    d->local = local;
    d->resource = resource;
    rig_start(&d->host);
    d->host.random_state += w->seed * UINT64_C(0x9e3779b97f4a7c15) * w->count;
    d->store.base.methods = &frail_class;
    assert_ok(sotto_store_memory(&d->store.inner, &d->host.host));
    if (over != NULL) assert_ok(over->methods->scan(over, BYTES_NONE, frail_copy, d->store.inner));
    bytes_buffer_owned(&d->transcript, &d->host.host, (size_t)64 * 1024 * 1024);
    d->seals[0] = w->seal;
    d->seals[1] = w->second;
    d->config = (sotto_engine_config){.account = bytes_text(strcmp(local, "juliet") == 0  ? JULIET
                                                            : strcmp(local, "romeo") == 0 ? ROMEO
                                                                                          : MALLORY),
                                      .host = &d->host.host,
                                      .store = &d->store.base,
                                      .seals = d->seals,
                                      .encrypt = w->encrypt,
                                      .trust = w->trust,
                                      .catch_up = w->catch_up,
                                      .least_strength = w->seal->strength};
    device_open(d);
    return d;
}

device *world_device(world *w, const char *local, const char *resource) {
    return world_device_over(w, local, resource, NULL);
}

static void drop_wishes(wish_queue *queue) {
    for (; queue->first < queue->len; queue->len--) {
        free(queue->at[queue->len - 1].stanza);
        queue->at[queue->len - 1].stanza = NULL;
    }
}

/* What the note of the last commit says was handled is not fed again. */
static void read_note(device *d) {
    sotto_bytes value;
    sotto_status status = sotto_engine_noted(d->engine, NOTE, &value);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return;
    assert_ok(status);
    bytes_cursor in = bytes_cursor_over(value);
    uint64_t wishes = bytes_cursor_u64(&in), stream = bytes_cursor_u64(&in), handled = bytes_cursor_u64(&in);
    uint64_t acked = bytes_cursor_u64(&in);
    assert_ok(bytes_cursor_end(&in));
    assert_int_equal(wishes, d->wishes.first); /* else the driver did not see a commit that happened */
    if (stream != d->streams) return;          /* of the stream before */
    assert_int_equal(handled, d->stream_handled);
    assert_true(acked <= d->sent);
    d->acked = acked;
}

void device_open(device *d) {
    for (unsigned attempt = 0; d->engine == NULL; attempt++) {
        sotto_status status = sotto_engine_open(&d->engine, &d->config, d->w->now_ms);
        if (sotto_is(status, SOTTO_E_STORE_FULL) && attempt < 8) continue; /* somebody makes room */
        assert_ok(status);
    }
    d->acked = 0;
    read_note(d);
}

/* ---- the stream ---- */

void device_attach(device *d) {
    assert_null(d->session);
    assert_ok(lab_session_attach(&d->session, d->w->server, d->local, d->resource));
    d->streams++;
    d->sent = d->acked = d->stream_handled = 0;
    d->online_due = d->announce_due = true;
    d->resumed = false;
}

/* The connection is gone for good: what nobody acknowledged is the server's to keep or to drop. */
static void detach(device *d) {
    while (d->stream_len > 0) lab_session_untake(d->session, d->stream[--d->stream_len]);
    d->stream_stepped = 0;
    lab_session_detach(d->session);
    d->session = NULL;
    size_t kept = 0;
    for (size_t i = 0; i < d->done_len; i++)
        if (!d->done[i].to_server) d->done[kept++] = d->done[i];
    d->done_len = kept;
}

void device_cut(device *d) {
    detach(d);
    device_wish(d, (sotto_input){.kind = SOTTO_INPUT_OFFLINE}, NULL);
}

void device_leave(device *d) {
    device_wish(d, (sotto_input){.kind = SOTTO_INPUT_OFFLINE}, NULL);
    world_run(d->w);
    if (d->session != NULL) detach(d);
    world_run(d->w);
}

void device_go_online(device *d) {
    device_attach(d);
    world_run(d->w);
}

static void forget_operation(device *d) {
    free(d->output_stanza);
    d->output_stanza = NULL;
    d->pending = d->staged = d->stepped = false;
    d->stream_stepped = d->wishes.stepped = 0;
}

void device_crash(device *d, bool resumed) {
    d->crashes++;
    sotto_engine_close(d->engine);
    d->engine = NULL;
    forget_operation(d);
    drop_wishes(&d->chores);
    d->chores.stepped = 0;
    d->own_ticket = 0; /* a process knows nothing of the numbers of the one before */
    d->done_len = 0;
    device_open(d);
    if (d->session == NULL) return;
    if (!resumed) {
        detach(d);
        device_attach(d);
        return;
    }
    d->online_due = d->announce_due = d->resumed = true;
}

/* ---- wishes ---- */

static void add_wish(wish_queue *queue, sotto_input input, const char *stanza) {
    assert_true(queue->len < WISHES_MAX);
    wish *o = &queue->at[queue->len++];
    *o = (wish){.input = input, .stanza = stanza != NULL ? strdup(stanza) : NULL};
    if (stanza != NULL) o->input.stanza = bytes_text(o->stanza);
}

uint64_t device_wish(device *d, sotto_input input, const char *stanza) {
    if (input.kind == SOTTO_INPUT_SEND) input.ticket = ++d->w->ticket;
    add_wish(&d->wishes, input, stanza);
    return input.ticket;
}

uint64_t device_send(device *d, const char *stanza) {
    return device_wish(d, (sotto_input){.kind = SOTTO_INPUT_SEND}, stanza);
}

uint64_t device_say(device *d, const char *to, const char *body) {
    char stanza[512];
    snprintf(stanza, sizeof stanza,
             "<message to='%s' type='chat' id='m%u'><subject>about %s</subject><body>%s</body>"
             "<request xmlns='urn:xmpp:receipts'/></message>",
             to, (unsigned)d->w->ticket + 1, body, body);
    return device_send(d, stanza);
}

void device_policy(device *d, const char *jid, sotto_encrypt encrypt) {
    device_wish(d, (sotto_input){.kind = SOTTO_INPUT_POLICY, .jid = bytes_text(jid), .encrypt = encrypt}, NULL);
}

void device_verdict(device *d, const char *jid, const uint8_t key[32], sotto_trust trust) {
    sotto_input input = {.kind = SOTTO_INPUT_VERDICT, .jid = bytes_text(jid), .key = bytes_of(key, 32), .trust = trust};
    device_wish(d, input, NULL);
    world_run(d->w);
}

void device_inject(device *d, const char *stanza) {
    assert_ok(lab_session_inject(d->session, bytes_text(stanza)));
    world_run(d->w);
}

static void chore(device *d, bytes_buffer *buffer) {
    bytes_buffer_u8(buffer, 0);
    sotto_bytes text;
    assert_ok(bytes_buffer_end(buffer, &text));
    sotto_input input = {.kind = SOTTO_INPUT_SEND, .ticket = OWN_TICKET | ++d->own_ticket};
    add_wish(&d->chores, input, (const char *)text.at);
    bytes_buffer_free(buffer);
}

/* As src/account does: the roster, then presence with caps; and copies for and of other devices (XEP-0280); then the
 * rooms that are kept. */
static void announce(device *d) {
    d->announce_due = false;
    bytes_buffer buffer;
    stanza_writer writer;
    bytes_buffer_owned(&buffer, &d->host.host, 4096);
    stanza_writer_init(&writer, &buffer, STANZA_NS_CLIENT);
    stanza_open(&writer, "iq", STANZA_NS_CLIENT);
    stanza_put_text(&writer, "type", "get");
    stanza_put_text(&writer, "id", "roster");
    stanza_leaf(&writer, "query", "jabber:iq:roster", BYTES_NONE);
    stanza_close(&writer);
    chore(d, &buffer);
    bytes_buffer_text(&buffer, "<iq type='set' id='carbons'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
    chore(d, &buffer);
    stanza_writer_init(&writer, &buffer, STANZA_NS_CLIENT);
    stanza_open(&writer, "presence", STANZA_NS_CLIENT);
    sotto_bytes ver;
    bytes_arena_mark mark = bytes_arena_here(&d->w->arena);
    assert_ok(context_caps_ver(&d->w->arena, sotto_engine_features(d->engine), &ver));
    context_caps_write(&writer, ver);
    bytes_arena_back(&d->w->arena, mark);
    stanza_close(&writer);
    chore(d, &buffer);
    if (d->in_rooms) add_wish(&d->chores, (sotto_input){.kind = SOTTO_INPUT_JOIN}, NULL);
}

static void answer_disco(device *d, const stanza_element *iq) {
    const stanza_element *query = stanza_child(iq, "query", NS_INFO);
    if (!bytes_is(stanza_attribute_of(iq, "type"), "get") || query == NULL) return;
    bytes_buffer buffer;
    stanza_writer writer;
    bytes_buffer_owned(&buffer, &d->host.host, 65536);
    stanza_writer_init(&writer, &buffer, STANZA_NS_CLIENT);
    stanza_open(&writer, "iq", STANZA_NS_CLIENT);
    stanza_put_text(&writer, "type", "result");
    stanza_put(&writer, "id", stanza_attribute_of(iq, "id"));
    stanza_put(&writer, "to", stanza_attribute_of(iq, "from"));
    assert_ok(
        context_caps_info(&writer, &d->w->arena, sotto_engine_features(d->engine), stanza_attribute_of(query, "node")));
    stanza_close(&writer);
    chore(d, &buffer);
    d->chores.at[d->chores.len - 1].answers = d->output.seq;
}

/* ---- operations ---- */

static bool step_wish(device *d, wish_queue *queue) {
    if (queue->first + queue->stepped >= queue->len) return false;
    wish *o = &queue->at[queue->first + queue->stepped];
    sotto_status status = sotto_engine_step(d->engine, &o->input, d->w->now_ms);
    while (queue == &d->chores && sotto_is(status, SOTTO_E_TICKET_USED)) { /* by what an earlier process sent */
        o->input.ticket = OWN_TICKET | ++d->own_ticket;
        status = sotto_engine_step(d->engine, &o->input, d->w->now_ms);
    }
    if (!sotto_ok(status))
        fail_msg("step of %s/%s: %s: %s", d->local, d->resource, sotto_status_name(status), o->stanza);
    if (o->answers != 0) { /* in the commit of its answer; after one that failed it is done already */
        status = sotto_engine_done(d->engine, o->answers);
        if (!sotto_is(status, SOTTO_E_NOT_FOUND)) assert_ok(status);
    }
    queue->stepped++;
    d->staged = d->stepped = true;
    return true;
}

static bool step_stream(device *d) {
    if (d->session == NULL || d->stream_stepped >= d->stream_len) return false;
    sotto_input input = {.kind = SOTTO_INPUT_STANZA, .stanza = d->stream[d->stream_stepped]->bytes};
    sotto_status status = sotto_engine_step(d->engine, &input, d->w->now_ms);
    if (!sotto_ok(status)) assert_int_equal(sotto_class(status), SOTTO_CLASS_PEER);
    d->stream_stepped++;
    d->staged = d->stepped = true;
    return true;
}

static bool step_online(device *d) {
    if (!d->online_due) return false;
    sotto_input input = {.kind = SOTTO_INPUT_ONLINE, .jid = lab_session_jid(d->session), .resumed = d->resumed};
    if (d->resumed) input.acked = (uint32_t)(d->sent - d->acked);
    assert_ok(sotto_engine_step(d->engine, &input, d->w->now_ms));
    d->acked = d->sent; /* what the engine did not hear of comes again */
    size_t kept = 0;
    for (size_t i = 0; i < d->done_len; i++)
        if (!d->done[i].to_server) d->done[kept++] = d->done[i];
    d->done_len = kept;
    d->online_due = false;
    if (d->announce_due) announce(d);
    d->staged = d->stepped = true;
    return true;
}

static void wishes_handled(wish_queue *queue) {
    for (; queue->stepped > 0; queue->stepped--) {
        free(queue->at[queue->first].stanza);
        queue->at[queue->first++].stanza = NULL;
    }
}

static void note(device *d) {
    uint8_t at[32];
    bytes_buffer out;
    sotto_bytes value;
    bytes_buffer_borrowed(&out, at, sizeof at);
    bytes_buffer_u64(&out, d->wishes.first + d->wishes.stepped);
    bytes_buffer_u64(&out, d->streams);
    bytes_buffer_u64(&out, d->stream_handled + d->stream_stepped);
    bytes_buffer_u64(&out, d->acked);
    assert_ok(bytes_buffer_end(&out, &value));
    assert_ok(sotto_engine_note(d->engine, NOTE, value));
}

/* Everything since the last commit is as if it had never been stepped; the stream is ended and resumed. */
static void undo(device *d) {
    d->failed_commits++;
    d->stream_stepped = d->wishes.stepped = d->chores.stepped = 0;
    d->staged = d->stepped = false;
    if (d->session == NULL) return;
    d->online_due = d->announce_due = d->resumed = true;
}

static void commit(device *d) {
    note(d);
    sotto_status status = sotto_engine_commit(d->engine);
    if (sotto_is(status, SOTTO_E_STORE_FULL)) {
        undo(d);
        return;
    }
    assert_ok(status);
    wishes_handled(&d->wishes);
    wishes_handled(&d->chores);
    for (size_t i = 0; i < d->stream_stepped; i++) lab_piece_free(d->w->server, d->stream[i]);
    memmove(d->stream, d->stream + d->stream_stepped, (d->stream_len - d->stream_stepped) * sizeof *d->stream);
    d->stream_len -= d->stream_stepped;
    d->stream_handled += d->stream_stepped;
    d->stream_stepped = 0;
    d->staged = d->stepped = false;
}

/* ---- outputs ---- */

static void copy_text(char *ret, size_t size, sotto_bytes from) {
    size_t len = from.len < size ? from.len : size - 1;
    if (len > 0) memcpy(ret, from.at, len);
    ret[len] = 0;
}

static void child_text(device *d, const stanza_element *stanza, const char *name, char *ret, size_t size) {
    sotto_bytes text = BYTES_NONE;
    const stanza_element *child = stanza_child(stanza, name, STANZA_NS_CLIENT);
    if (child != NULL) assert_true(stanza_text(child, &d->w->arena, &text));
    copy_text(ret, size, text);
}

/* A host drops the numbers it has seen; 0 is what comes only once. */
static bool is_new(device *d, uint64_t seq) {
    if (seq == 0) return true;
    for (size_t i = d->seen_len; i > 0; i--)
        if (d->seen[i - 1] == seq) return false;
    assert_true(d->seen_len < SEEN_MAX);
    d->seen[d->seen_len++] = seq;
    return true;
}

static void read_delivery(device *d, const sotto_delivery *delivery) {
    const stanza_element *stanza;
    bytes_arena_mark mark = bytes_arena_here(&d->w->arena);
    assert_ok(stanza_parse(&d->w->arena, bytes_text(d->output_stanza), &stanza));
    if (stanza_is(stanza, "iq", NULL)) answer_disco(d, stanza);
    bool is_error = stanza_is(stanza, "message", NULL) && bytes_is(stanza_attribute_of(stanza, "type"), "error");
    if (is_error) copy_text(d->returned, sizeof d->returned, stanza_attribute_of(stanza, "id"));
    if (stanza_is(stanza, "message", NULL) && (!d->in_rooms || stanza_child(stanza, "body", STANZA_NS_CLIENT))) {
        assert_true(d->read_len < READ_MAX);
        read_message *m = &d->read[d->read_len++];
        *m = (read_message){.trust = delivery->trust,
                            .device = delivery->device,
                            .time_ms = delivery->time_ms,
                            .time_doubtful = delivery->time_doubtful,
                            .archived = delivery->archived,
                            .carbon = delivery->carbon};
        copy_text(m->from, sizeof m->from, delivery->from);
        copy_text(m->peer, sizeof m->peer, delivery->peer);
        copy_text(m->seal, sizeof m->seal, delivery->seal);
        child_text(d, stanza, "body", m->body, sizeof m->body);
        child_text(d, stanza, "subject", m->subject, sizeof m->subject);
    }
    bytes_arena_back(&d->w->arena, mark);
}

static void hear_event(device *d, const sotto_event *event) {
    assert_true(d->told_len < TOLD_MAX);
    told_event *t = &d->told[d->told_len++];
    *t = (told_event){.kind = event->kind,
                      .ticket = event->ticket,
                      .reason = event->reason,
                      .number = event->number,
                      .device = event->key.device,
                      .trust = event->key.trust};
    copy_text(t->jid, sizeof t->jid, event->jid);
    copy_text(t->text, sizeof t->text, event->text);
    memcpy(t->key, event->key.key, 32);
}

static void transcribe(device *d) {
    const sotto_output *out = &d->output;
    bytes_buffer *t = &d->transcript;
    bytes_buffer_decimal(t, out->seq);
    bytes_buffer_u8(t, (uint8_t)('a' + (int)out->kind));
    bytes_buffer_text(t, d->output_stanza != NULL ? d->output_stanza : "");
    if (out->kind == SOTTO_OUTPUT_EVENT) {
        bytes_buffer_decimal(t, (uint64_t)out->event.kind);
        bytes_buffer_u8(t, ' ');
        bytes_buffer_decimal(t, (uint64_t)out->event.reason.code);
        bytes_buffer_put(t, out->event.jid);
        bytes_buffer_put(t, out->event.text);
        bytes_buffer_put(t, bytes_of(out->event.key.key, 32));
    }
    bytes_buffer_u8(t, '\n');
}

static void add_done(device *d, uint64_t seq, bool to_server) {
    assert_true(d->done_len < SEEN_MAX);
    d->done[d->done_len].to_server = to_server;
    d->done[d->done_len++].seq = seq;
}

/* `next`: the output's spans live until the next call, so an application looks at them at once; whether it keeps what
 * it saw is the next operation. */
static bool take_output(device *d) {
    if (d->online_due || !sotto_engine_next(d->engine, &d->output)) return false;
    sotto_bytes stanza = d->output.kind == SOTTO_OUTPUT_DELIVER ? d->output.delivery.stanza : d->output.stanza;
    if (stanza.len > 0) d->output_stanza = strndup((const char *)stanza.at, stanza.len);
    transcribe(d);
    d->pending = true;
    return true;
}

static void release(device *d) {
    const sotto_output *out = &d->output;
    if (out->kind == SOTTO_OUTPUT_STANZA) {
        if (d->session != NULL && !d->online_due) {
            assert_ok(lab_session_send(d->session, bytes_text(d->output_stanza)));
            d->sent++;
            add_done(d, out->seq, true);
        }
    } else {
        size_t chores = d->chores.len;
        bool is_question = out->kind == SOTTO_OUTPUT_DELIVER && strncmp(d->output_stanza, "<iq", 3) == 0;
        if (is_question || is_new(d, out->seq)) {
            if (out->kind == SOTTO_OUTPUT_DELIVER) read_delivery(d, &out->delivery);
            if (out->kind == SOTTO_OUTPUT_EVENT) hear_event(d, &out->event);
        }
        if (out->seq != 0 && d->chores.len == chores) add_done(d, out->seq, false);
    }
    free(d->output_stanza);
    d->output_stanza = NULL;
    d->pending = false;
}

static void say_done(device *d) {
    sotto_status status = sotto_engine_done(d->engine, d->done[0].seq);
    /* A stream that began anew ended what belonged to the old one alone. */
    if (!sotto_is(status, SOTTO_E_NOT_FOUND)) assert_ok(status);
    if (d->done[0].to_server) d->acked++;
    d->done_len--;
    memmove(d->done, d->done + 1, d->done_len * sizeof *d->done);
    d->staged = true;
}

/* ---- turns ---- */

static void collect(device *d) {
    lab_piece *piece;
    while (d->session != NULL && (piece = lab_session_take(d->session)) != NULL) {
        assert_true(d->stream_len < STREAM_MAX);
        d->stream[d->stream_len++] = piece;
    }
}

static bool has_input(const device *d) {
    return d->online_due || d->stream_stepped < d->stream_len || d->wishes.first + d->wishes.stepped < d->wishes.len ||
           d->chores.first + d->chores.stepped < d->chores.len;
}

static bool step_any(device *d) {
    return (d->session != NULL && step_online(d)) || step_wish(d, &d->chores) || step_stream(d) ||
           step_wish(d, &d->wishes);
}

static bool operate(device *d) {
    if (d->pending) {
        release(d);
    } else if (d->done_len > 0 && !d->online_due) {
        say_done(d);
    } else if (d->stepped && (!d->grouped || !has_input(d))) {
        commit(d);
    } else if (!d->grouped && !d->stepped && take_output(d)) {
        return true;
    } else if (!step_any(d) && !take_output(d)) {
        if (!d->staged) return false;
        commit(d);
    }
    return true;
}

bool device_turn(device *d) {
    if (d->engine == NULL) return false;
    collect(d);
    if (!operate(d)) return false;
    d->ops++;
    if (d->crash_at == 0 || d->ops != d->crash_at) return true;
    device_crash(d, d->crash_resumed);
    d->crash_at = d->crash_again > 0 ? d->ops + d->crash_again : 0;
    d->crash_again = 0;
    return true;
}
