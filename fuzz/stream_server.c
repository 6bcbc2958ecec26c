/* SPDX-License-Identifier: ISC
 *
 * stream/server.h against a client that says whatever the input chooses. Held: nobody binds, resumes or sends a stanza
 * without TLS and the password; every stanza is one; after the end there is nothing. */
#include "stream/server.h"

#include "bytes/base64.h"
#include "plain_tls.h"
#include "stream/names.h"
#include "trees.h"

#define OUTPUTS_MAX 500

typedef struct world {
    fuzz_host host;
    tls_context tls;
    stream_server *server;
    stream_scram_client *scram;
    sotto_bytes in;
    bytes_buffer wrote, says;
    bool secure, knows, proved, bound, ended;
    uint32_t counted, sent;
    uint64_t now_ms;
} world;

static void say(world *w, const char *text) {
    bytes_buffer_text(&w->says, text);
}

static const char *const sayings[] = {
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='" STREAM_NS_STREAM
    "' version='1.0' to='capulet.example'>",
    "<stream:stream xmlns='jabber:client' xmlns:stream='" STREAM_NS_STREAM "' to='other.example'>",
    "<starttls xmlns='" STREAM_NS_TLS "'/>",
    "\x16",
    "\x15",
    "<auth xmlns='" STREAM_NS_SASL "' mechanism='PLAIN'>AGEAYg==</auth>",
    "<auth xmlns='" STREAM_NS_SASL "' mechanism='SCRAM-SHA-1'>biwsbj1hLHI9Yg==</auth>",
    "<auth xmlns='" STREAM_NS_SASL "' mechanism='SCRAM-SHA-256'>=</auth>",
    "<response xmlns='" STREAM_NS_SASL "'>Yz1iaXdzLHI9YixwPVFRPT0=</response>",
    "<response xmlns='" STREAM_NS_SASL "'/>",
    "<abort xmlns='" STREAM_NS_SASL "'/>",
    "<iq type='set' id='b'><bind xmlns='" STREAM_NS_BIND "'><resource>balcony</resource></bind></iq>",
    "<iq type='set' id='b'><bind xmlns='" STREAM_NS_BIND "'/></iq>",
    "<enable xmlns='" STREAM_NS_MANAGEMENT "' resume='true'/>",
    "<enable xmlns='" STREAM_NS_MANAGEMENT "'/>",
    "<resume xmlns='" STREAM_NS_MANAGEMENT "' previd='old' h='3'/>",
    "<resume xmlns='" STREAM_NS_MANAGEMENT "' previd='' h='x'/>",
    "<r xmlns='" STREAM_NS_MANAGEMENT "'/>",
    "<a xmlns='" STREAM_NS_MANAGEMENT "' h='1'/>",
    "<a xmlns='" STREAM_NS_MANAGEMENT "' h='4294967295'/>",
    "<message to='romeo@montague.example'><body>x</body></message>",
    "<presence/>",
    "<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>",
    "<stream:error><conflict xmlns='" STREAM_NS_ERRORS "'/></stream:error>",
    "</stream:stream>",
    "<odd xmlns='urn:x'/>",
    " ",
};
#define SAYINGS (sizeof sayings / sizeof *sayings)

static void say_sasl(world *w, const char *before, const bytes_buffer *data, const char *behind) {
    say(w, before);
    bytes_base64_put(&w->says, bytes_of(data->at, data->len));
    say(w, behind);
}

/* Logs in truly. */
static void true_auth(world *w, size_t which) {
    bytes_buffer out;
    bytes_buffer_owned(&out, &w->host.host, 1u << 16);
    static const uint8_t seven[32] = {7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
                                      7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7};
    const stream_mechanism *mechanism = &stream_mechanisms[which];
    stream_scram_client_free(w->scram);
    w->scram = NULL;
    stream_scram_login login = {.host = &w->host.host,
                                .mechanism = mechanism,
                                .name = BYTES_LITERAL("juliet"),
                                .password = BYTES_LITERAL("pw"),
                                .gs2 = mechanism->plus ? STREAM_GS2_EXPORTER : STREAM_GS2_UNUSED,
                                .binding = mechanism->plus ? bytes_of(seven, 32) : BYTES_NONE,
                                .nonce = BYTES_LITERAL("client")};
    MUST_OK(stream_scram_client_new(&w->scram, &login));
    MUST_OK(stream_scram_client_first(w->scram, &out));
    char before[128];
    (void)snprintf(before, sizeof before, "<auth xmlns='" STREAM_NS_SASL "' mechanism='%s'>", mechanism->name);
    say_sasl(w, before, &out, "</auth>");
    bytes_buffer_free(&out);
}

static void true_response(world *w) {
    static const char start[] = "<challenge", end[] = "</challenge>";
    bytes_buffer challenge, out;
    const uint8_t *from = w->wrote.len > 0 ? memmem(w->wrote.at, w->wrote.len, start, sizeof start - 1) : NULL;
    if (!w->scram || !from) return;
    sotto_bytes rest = bytes_after(bytes_of(w->wrote.at, w->wrote.len), (size_t)(from - w->wrote.at));
    const uint8_t *to = memmem(rest.at, rest.len, end, sizeof end - 1);
    from = memchr(rest.at, '>', rest.len);
    if (!from || !to || to < from) return;
    bytes_buffer_owned(&challenge, &w->host.host, 1u << 16);
    bytes_buffer_owned(&out, &w->host.host, 1u << 16);
    if (sotto_ok(bytes_base64_get(&challenge, bytes_of(from + 1, (size_t)(to - from) - 1))) &&
        sotto_ok(stream_scram_client_final(w->scram, bytes_of(challenge.at, challenge.len), &out))) {
        w->knows = true;
        say_sasl(w, "<response xmlns='" STREAM_NS_SASL "'>", &out, "</response>");
    }
    bytes_buffer_free(&challenge);
    bytes_buffer_free(&out);
}

static void login(world *w, const stream_server_output *out) {
    MUST(w->secure && out->account.len > 0);
    uint8_t choice = fuzz_u8(&w->in);
    if ((choice & 7) == 7)
        MUST_OK(stream_server_keys(w->server, NULL));
    else
        MUST_OK(stream_server_password(w->server, (choice & 7) == 6 ? BYTES_LITERAL("other") : BYTES_LITERAL("pw")));
}

static void one_output(world *w, const stream_server_output *out) {
    const sotto_bytes full = BYTES_LITERAL("juliet@capulet.example/balcony");
    (void)fuzz_touch(out->bytes);
    (void)fuzz_touch(out->account);
    (void)fuzz_touch(out->resource);
    (void)fuzz_touch(out->resume_id);
    (void)fuzz_touch(out->text);
    MUST(!w->ended);
    switch (out->kind) {
    case STREAM_SERVER_BYTES:
        MUST(out->bytes.len > 0);
        bytes_buffer_put(&w->wrote, out->bytes);
        if (memchr(out->bytes.at, FUZZ_TLS_HELLO, out->bytes.len)) w->secure = true;
        break;
    case STREAM_SERVER_LOGIN:
        login(w, out);
        break;
    case STREAM_SERVER_BIND:
        MUST(w->knows && bytes_is(out->account, "juliet@capulet.example"));
        w->bound = fuzz_flip(&w->in);
        MUST_OK(stream_server_bound(w->server, w->bound ? full : BYTES_NONE));
        break;
    case STREAM_SERVER_ENABLE:
        MUST(w->bound);
        w->counted = 0;
        MUST_OK(stream_server_enabled(w->server, fuzz_flip(&w->in) ? BYTES_LITERAL("old") : BYTES_NONE));
        break;
    case STREAM_SERVER_RESUME:
        MUST(w->knows && bytes_is(out->account, "juliet@capulet.example"));
        if (fuzz_flip(&w->in)) {
            w->bound = true;
            w->counted = 2;
            MUST_OK(stream_server_resumed(w->server, full, 2));
        } else {
            MUST_OK(stream_server_not_resumed(w->server, fuzz_flip(&w->in), 3));
        }
        break;
    case STREAM_SERVER_STANZA:
        MUST(w->bound && bytes_is(out->stanza->ns, STANZA_NS_CLIENT));
        fuzz_check_tree(out->stanza);
        if (out->count > 0) {
            MUST(out->count == w->counted + 1);
            w->counted = out->count;
            MUST_OK(stream_server_handled(w->server, out->count));
        }
        break;
    case STREAM_SERVER_ACKED:
        MUST(w->bound && out->acked <= stream_server_sent(w->server));
        break;
    case STREAM_SERVER_ENDED:
        w->ended = true;
        break;
    case STREAM_SERVER_NONE:
        break;
    }
}

static void drain(world *w) {
    for (int i = 0;; i++) {
        MUST(i < OUTPUTS_MAX);
        stream_server_output out;
        MUST_OK(stream_server_next(w->server, &out));
        if (out.kind == STREAM_SERVER_NONE) return;
        one_output(w, &out);
    }
}

static void owner(world *w, uint8_t move) {
    switch (move) {
    case 0:
        w->now_ms += (uint64_t)fuzz_u8(&w->in) * 1000;
        MUST_OK(stream_server_timer(w->server, w->now_ms));
        break;
    case 1:
        MUST_OK(stream_server_lost(w->server));
        break;
    case 2:
        (void)sotto_ok(stream_server_send(w->server, BYTES_LITERAL("<message><body>y</body></message>")));
        break;
    case 3:
        (void)sotto_ok(stream_server_request_ack(w->server));
        break;
    case 4:
        (void)sotto_ok(stream_server_fail(w->server, "conflict"));
        break;
    case 5:
        (void)sotto_ok(stream_server_end(w->server));
        break;
    default:
        (void)stream_server_deadline(w->server);
        break;
    }
}

static void move(world *w) {
    uint8_t choice = fuzz_u8(&w->in);
    bool more = false;
    if (choice < SAYINGS) {
        say(w, sayings[choice]);
    } else if (choice < 80) {
        size_t mechanisms = 0;
        while (stream_mechanisms[mechanisms].name) mechanisms++;
        true_auth(w, choice % mechanisms);
    } else if (choice < 100) {
        true_response(w);
    } else if (choice < 110) {
        bytes_buffer_put(&w->says, fuzz_piece(&w->in, 255));
    } else if (choice < 248) {
        say(w, sayings[choice % SAYINGS]);
        more = choice >= 128;
    } else {
        owner(w, choice & 7);
    }
    if (more) return;
    if (w->says.len > 0) {
        sotto_bytes piece = fuzz_exact(bytes_of(w->says.at, w->says.len));
        MUST_OK(stream_server_received(w->server, piece));
        fuzz_exact_free(piece);
    }
    bytes_buffer_reset(&w->says);
    drain(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    world w = {.in = bytes_of(data, size), .now_ms = 1};
    fuzz_host_start(&w.host);
    uint8_t choice = fuzz_u8(&w.in);
    w.tls = (tls_context){.host = &w.host.host, .server = true, .no_binding = (choice & 1) != 0};
    bytes_buffer_owned(&w.wrote, &w.host.host, 1u << 22);
    bytes_buffer_owned(&w.says, &w.host.host, 1u << 20);
    stream_server_config config = {.host = &w.host.host,
                                   .domain = BYTES_LITERAL("capulet.example"),
                                   .tls = &w.tls,
                                   .direct_tls = (choice & 2) != 0,
                                   .without_starttls = (choice & 4) != 0,
                                   .without_management = (choice & 8) != 0,
                                   .without_binding = (choice & 16) != 0,
                                   .now_ms = w.now_ms};
    MUST_OK(stream_server_new(&w.server, &config));
    drain(&w);
    while (w.in.len > 0) move(&w);
    stream_server_free(w.server);
    stream_scram_client_free(w.scram);
    bytes_buffer_free(&w.wrote);
    bytes_buffer_free(&w.says);
    fuzz_host_end(&w.host);
    return 0;
}
