/* SPDX-License-Identifier: ISC
 *
 * stream/wire.h: a hostile other side, in the clear and behind TLS (fuzz/plain_tls.c). In whatever pieces the bytes
 * come, the events are the same. The first byte: the role, TLS from the start, the size of the pieces. */
#include "stream/wire.h"

#include "plain_tls.h"
#include "stream/names.h"
#include "trees.h"

#define EVENTS_MAX 256

typedef struct record {
    stream_wire_event events[EVENTS_MAX];
    uint64_t hashes[EVENTS_MAX];
    size_t count;
    sotto_status status;
} record;

typedef struct side {
    fuzz_host host;
    tls_context context;
    stream_wire *wire;
    record record;
    bool secure;
} side;

static void answer(side *s, stream_wire_event event, const stanza_element *element) {
    if (event == STREAM_WIRE_VERDICT) {
        tls_engine_verdict(stream_wire_tls(s->wire), true);
    } else if (event == STREAM_WIRE_SECURE) {
        MUST(!s->secure);
        s->secure = true;
        MUST_OK(stream_wire_restart(s->wire));
    } else if (event == STREAM_WIRE_ELEMENT && stanza_is(element, "proceed", STREAM_NS_TLS) &&
               !stream_wire_tls(s->wire)) {
        sotto_status status = stream_wire_start_tls(s->wire, &s->context, "x.example", NULL);
        if (sotto_is(status, SOTTO_E_BAD_SERVER)) s->record.status = status; /* in one piece it depends on more */
    } else if (event == STREAM_WIRE_ELEMENT && stanza_is(element, "success", STREAM_NS_SASL)) {
        MUST_OK(stream_wire_restart(s->wire));
    }
}

static void note(side *s, stream_wire_event event, const stanza_element *element) {
    record *r = &s->record;
    if (r->count == EVENTS_MAX) return;
    r->events[r->count] = event;
    r->hashes[r->count++] = element ? fuzz_touch(element->raw) : 0;
    if (!element) return;
    fuzz_check_tree(element);
    const stanza_element *text;
    sotto_bytes condition = stream_condition(element, STREAM_NS_ERRORS, &text);
    MUST(fuzz_inside(condition, condition) && (!text || text->parent == element));
}

/* Until more bytes are needed. False: over. */
static bool drain(side *s) {
    for (;;) {
        stream_wire_event event;
        const stanza_element *element = NULL;
        sotto_status status = stream_wire_next(s->wire, &event, &element);
        if (!sotto_ok(status)) {
            MUST(sotto_class(status) != SOTTO_CLASS_OURS);
            s->record.status = status;
            return false;
        }
        MUST((event == STREAM_WIRE_OPEN || event == STREAM_WIRE_ELEMENT) == (element != NULL));
        if (event == STREAM_WIRE_MORE) return true;
        note(s, event, element);
        if (event == STREAM_WIRE_CLOSE || event == STREAM_WIRE_ENDED) return false;
        answer(s, event, element);
        if (!sotto_ok(s->record.status)) return false;
        sotto_bytes bytes;
        MUST_OK(stream_wire_take(s->wire, &bytes));
        (void)fuzz_touch(bytes);
    }
}

static void run(side *s, sotto_bytes in, uint8_t choice, size_t step) {
    *s = (side){0};
    fuzz_host_start(&s->host);
    s->context = (tls_context){.host = &s->host.host, .server = (choice & 1) != 0};
    MUST_OK(stream_wire_new(&s->wire, &s->host.host));
    stream_wire_limit(s->wire, SOTTO_STANZA_BYTES_BEFORE_LOGIN);
    stream_wire_header header = {.from = BYTES_LITERAL("a<'&"), .to = BYTES_LITERAL("b")};
    MUST_OK(stream_wire_open(s->wire, &header));
    if (choice & 2) MUST_OK(stream_wire_start_tls(s->wire, &s->context, "x.example", NULL));
    for (size_t at = 0; at < in.len; at += step) {
        size_t len = in.len - at < step ? in.len - at : step;
        sotto_bytes piece = fuzz_exact(bytes_of(in.at + at, len));
        MUST_OK(stream_wire_received(s->wire, piece));
        fuzz_exact_free(piece);
        if (!drain(s)) break;
    }
    stream_wire_error(s->wire, "not-well-formed", "");
    stream_wire_close(s->wire);
    stream_wire_finish(s->wire);
    sotto_bytes bytes;
    MUST_OK(stream_wire_take(s->wire, &bytes));
    stream_wire_free(s->wire);
    fuzz_host_end(&s->host);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sotto_bytes in = bytes_of(data, size);
    uint8_t choice = fuzz_u8(&in);
    static side whole, parts;
    run(&whole, in, choice, SIZE_MAX / 2);
    run(&parts, in, choice, 1 + (choice >> 2) % 16);
    /* What follows <proceed/> in the same piece is a breach, in the next one the beginning of TLS. */
    if (sotto_is(whole.record.status, SOTTO_E_BAD_SERVER) || sotto_is(parts.record.status, SOTTO_E_BAD_SERVER))
        return 0;
    MUST(whole.record.status.code == parts.record.status.code && whole.record.count == parts.record.count);
    for (size_t i = 0; i < whole.record.count; i++) {
        MUST(whole.record.events[i] == parts.record.events[i] && whole.record.hashes[i] == parts.record.hashes[i]);
    }
    return 0;
}
