/* SPDX-License-Identifier: ISC
 *
 * stream/client.h against a server that says whatever the input chooses: each byte is a move, most of them a thing that
 * servers say, some an answer of the host or a wish of the owner. The login can be played truly, so that what comes
 * after it is reached as well. Held: nothing of a login leaves in the clear or before the verdict; nobody is believed
 * who does not know the password; counts add up; after the end there is nothing. */
#include "stream/client.h"

#include "bytes/base64.h"
#include "plain_tls.h"
#include "stream/names.h"
#include "stream/scram.h"
#include "trees.h"

#define ACCOUNT     "juliet@capulet.example"
#define PASSWORD    "R0m30Myr0m30"
#define OUTPUTS_MAX 500

typedef struct world {
    fuzz_host host;
    tls_context tls;
    stream_client *client;
    sotto_bytes in;
    bytes_buffer wrote; /* by the client, over this connection */
    bytes_buffer says;
    stream_scram_server *scram;
    bool connected, accepted, proved, online, resumed, ended, stopped;
    uint32_t base, sent, counted;
    uint64_t now_ms;
} world;

/* ---- what the server says ---- */

static void say(world *w, const char *text) {
    bytes_buffer_text(&w->says, text);
}

static void say_number(world *w) {
    static const uint32_t odd[] = {0, 1, 2, 3, 5, 0x7fffffff, 0xfffffffe, 0xffffffff};
    uint8_t choice = fuzz_u8(&w->in);
    bytes_buffer_decimal(&w->says, choice < 128 ? w->base + choice % 8 : odd[choice & 7]);
}

static void say_base64(world *w, const char *name, sotto_bytes data) {
    bytes_buffer_text(&w->says, "<");
    bytes_buffer_text(&w->says, name);
    bytes_buffer_text(&w->says, " xmlns='" STREAM_NS_SASL "'>");
    bytes_base64_put(&w->says, data);
    bytes_buffer_text(&w->says, "</");
    bytes_buffer_text(&w->says, name);
    bytes_buffer_text(&w->says, ">");
}

static void say_header(world *w) {
    static const char *const headers[] = {
        "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='" STREAM_NS_STREAM
        "' version='1.0' id='x' from='capulet.example'>",
        "<stream:stream xmlns='jabber:client' xmlns:stream='" STREAM_NS_STREAM "' version='1.0' from='other.example'>",
        "<stream:stream xmlns='jabber:client' xmlns:stream='" STREAM_NS_STREAM "' from='capulet.example'>",
        "<stream xmlns='" STREAM_NS_STREAM "' version='1.0'/>",
    };
    say(w, headers[fuzz_u8(&w->in) & 3]);
}

static void say_mechanisms(world *w) {
    uint8_t which = fuzz_u8(&w->in);
    say(w, "<stream:features><mechanisms xmlns='" STREAM_NS_SASL "'><mechanism>PLAIN</mechanism>");
    for (size_t i = 0; stream_mechanisms[i].name; i++) {
        if (!(which & 1u << i)) continue;
        say(w, "<mechanism>");
        say(w, stream_mechanisms[i].name);
        say(w, "</mechanism>");
    }
    say(w, "</mechanisms>");
    if (which & 64)
        say(w, "<sasl-channel-binding xmlns='" STREAM_NS_BINDINGS "'><channel-binding type='tls-exporter'/>"
               "</sasl-channel-binding>");
    if (which & 128)
        say(w, "<sasl-channel-binding xmlns='" STREAM_NS_BINDINGS "'><channel-binding type='tls-unique'/>"
               "</sasl-channel-binding>");
    say(w, "</stream:features>");
}

/* What the client's last element of that name holds, decoded. False: there is none. */
static bool heard(world *w, const char *name, bytes_buffer *ret) {
    sotto_bytes wrote = bytes_of(w->wrote.at, w->wrote.len), text = BYTES_NONE;
    char start[32], end[32];
    (void)snprintf(start, sizeof start, "<%s ", name);
    (void)snprintf(end, sizeof end, "</%s>", name);
    const uint8_t *at;
    while (wrote.len > 0 && (at = memmem(wrote.at, wrote.len, start, strlen(start))) != NULL) {
        wrote = bytes_after(wrote, (size_t)(at - wrote.at) + 1);
        const uint8_t *from = memchr(wrote.at, '>', wrote.len);
        const uint8_t *to = memmem(wrote.at, wrote.len, end, strlen(end));
        if (from && to && to > from) text = bytes_of(from + 1, (size_t)(to - from) - 1);
    }
    return text.at && sotto_ok(bytes_base64_get(ret, text));
}

static const stream_mechanism *chosen(const world *w) {
    for (const stream_mechanism *one = stream_mechanisms; one->name; one++) {
        char mark[64];
        int len = snprintf(mark, sizeof mark, "mechanism=\"%s\"", one->name);
        char other[64];
        (void)snprintf(other, sizeof other, "mechanism='%s'", one->name);
        if (w->wrote.len == 0) return NULL;
        if (memmem(w->wrote.at, w->wrote.len, mark, (size_t)len) ||
            memmem(w->wrote.at, w->wrote.len, other, (size_t)len))
            return one;
    }
    return NULL;
}

static void true_challenge(world *w, bytes_buffer *heard_text, bytes_buffer *out) {
    const stream_mechanism *mechanism = chosen(w);
    if (!mechanism || !heard(w, "auth", heard_text)) return;
    static const uint8_t seven[32] = {7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
                                      7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7};
    stream_scram_server_free(w->scram);
    w->scram = NULL;
    stream_scram_offer offer = {.host = &w->host.host,
                                .mechanism = mechanism,
                                .binding = w->tls.no_binding ? BYTES_NONE : bytes_of(seven, 32),
                                .nonce = BYTES_LITERAL("server")};
    MUST_OK(stream_scram_server_new(&w->scram, &offer));
    sotto_bytes name;
    stream_scram_keys keys;
    MUST_OK(stream_scram_server_read_first(w->scram, bytes_of(heard_text->at, heard_text->len), &name));
    MUST(bytes_is(name, "juliet"));
    MUST_OK(stream_scram_keys_derive(&keys, mechanism->hash, &w->host.host, BYTES_LITERAL(PASSWORD),
                                     BYTES_LITERAL("salt"), 4096));
    MUST_OK(stream_scram_server_first(w->scram, &keys, out));
    say_base64(w, "challenge", bytes_of(out->at, out->len));
}

static void true_success(world *w, bytes_buffer *heard_text, bytes_buffer *out, bool as_challenge) {
    if (!w->scram || !heard(w, "response", heard_text)) return;
    if (!sotto_ok(stream_scram_server_final(w->scram, bytes_of(heard_text->at, heard_text->len), out))) return;
    w->proved = true;
    say_base64(w, as_challenge ? "challenge" : "success", bytes_of(out->at, out->len));
}

static void say_login(world *w, uint8_t move) {
    bytes_buffer text, out;
    bytes_buffer_owned(&text, &w->host.host, 1u << 16);
    bytes_buffer_owned(&out, &w->host.host, 1u << 16);
    if (move == 0)
        true_challenge(w, &text, &out);
    else
        true_success(w, &text, &out, move == 2);
    bytes_buffer_free(&text);
    bytes_buffer_free(&out);
}

static const char *const sayings[] = {
    "<stream:features><starttls xmlns='" STREAM_NS_TLS "'><required/></starttls></stream:features>",
    "<stream:features/>",
    "<proceed xmlns='" STREAM_NS_TLS "'/>",
    "<failure xmlns='" STREAM_NS_TLS "'/>",
    "\x16",
    "\x15",
    "<success xmlns='" STREAM_NS_SASL "'/>",
    "<success xmlns='" STREAM_NS_SASL "'>dj1BQUFB</success>",
    "<failure xmlns='" STREAM_NS_SASL "'><not-authorized/><text>no</text></failure>",
    "<failure xmlns='" STREAM_NS_SASL "'><temporary-auth-failure/></failure>",
    "<challenge xmlns='" STREAM_NS_SASL "'>=</challenge>",
    "<stream:features><bind xmlns='" STREAM_NS_BIND "'/><sm xmlns='" STREAM_NS_MANAGEMENT "'/></stream:features>",
    "<stream:features><bind xmlns='" STREAM_NS_BIND "'/></stream:features>",
    "<stream:features><sm xmlns='" STREAM_NS_MANAGEMENT "'/></stream:features>",
    "<iq type='result' id='bind'><bind xmlns='" STREAM_NS_BIND "'><jid>" ACCOUNT "/balcony</jid></bind></iq>",
    "<iq type='result' id='bind'><bind xmlns='" STREAM_NS_BIND "'><jid>romeo@montague.example/x</jid></bind></iq>",
    "<iq type='error' id='bind'><error type='cancel'><conflict xmlns='" STREAM_NS_STANZA_ERRORS "'/></error></iq>",
    "<enabled xmlns='" STREAM_NS_MANAGEMENT "' id='again' resume='true' max='300'/>",
    "<enabled xmlns='" STREAM_NS_MANAGEMENT "'/>",
    "<r xmlns='" STREAM_NS_MANAGEMENT "'/>",
    "<message from='romeo@montague.example/orchard'><body>x</body></message>",
    "<iq type='get' id='1' from='capulet.example'><ping xmlns='urn:xmpp:ping'/></iq>",
    "<presence from='romeo@montague.example/orchard'/>",
    "<stream:error><conflict xmlns='" STREAM_NS_ERRORS "'/><text xmlns='" STREAM_NS_ERRORS
    "'>why</text></stream:error>",
    "<stream:error><see-other-host xmlns='" STREAM_NS_ERRORS "'>[2001:db8::1]:5222</see-other-host></stream:error>",
    "<stream:error><see-other-host xmlns='" STREAM_NS_ERRORS "'>other.example</see-other-host></stream:error>",
    "</stream:stream>",
    "<odd xmlns='urn:x'/>",
    " ",
};
#define SAYINGS (sizeof sayings / sizeof *sayings)

static void say_counted(world *w, uint8_t which) {
    static const char *const before[] = {"<a xmlns='" STREAM_NS_MANAGEMENT "' h='",
                                         "<resumed xmlns='" STREAM_NS_MANAGEMENT "' previd='old' h='",
                                         "<failed xmlns='" STREAM_NS_MANAGEMENT "' h='"};
    static const char *const behind[] = {"'/>", "'/>",
                                         "'><item-not-found xmlns='" STREAM_NS_STANZA_ERRORS "'/></failed>"};
    say(w, before[which]);
    say_number(w);
    say(w, behind[which]);
}

/* ---- what the client does ---- */

static bool clear_holds(const world *w, const char *what) {
    const uint8_t *hello = w->wrote.len > 0 ? memchr(w->wrote.at, FUZZ_TLS_HELLO, w->wrote.len) : NULL;
    size_t len = hello ? (size_t)(hello - w->wrote.at) : w->wrote.len;
    return len > 0 && memmem(w->wrote.at, len, what, strlen(what)) != NULL;
}

static void check_wrote(const world *w) {
    MUST(!clear_holds(w, "<auth") && !clear_holds(w, "<response") && !clear_holds(w, "<message"));
    MUST(!clear_holds(w, "<iq") && !clear_holds(w, "juliet"));
    if (w->accepted || w->wrote.len == 0) return;
    const uint8_t *hello = memchr(w->wrote.at, FUZZ_TLS_HELLO, w->wrote.len);
    MUST(!hello || hello + 1 == w->wrote.at + w->wrote.len);
}

static void resolve(world *w) {
    const stream_srv found[] = {{false, 1, 0, 5222, BYTES_LITERAL("a.example")},
                                {true, 1, 5, 5223, BYTES_LITERAL("b.example")},
                                {false, 0, 0, 1, BYTES_LITERAL(".")}};
    uint8_t choice = fuzz_u8(&w->in);
    MUST_OK(stream_client_resolved(w->client, found, choice & 3, (choice & 4) != 0));
}

static void on_online(world *w, const stream_client_output *out) {
    MUST(w->proved && w->accepted && !w->online);
    MUST(out->jid.len > 0 && (!out->resumed || out->manages));
    w->online = true;
    w->resumed = out->resumed;
    w->base = out->resumed ? out->acked : 0;
    w->sent = 0;
    w->counted = 0;
}

static void on_stanza(world *w, const stream_client_output *out) {
    MUST(w->online);
    fuzz_check_tree(out->stanza);
    MUST(bytes_is(out->stanza->ns, STANZA_NS_CLIENT));
    if (out->count == 0) return;
    MUST(w->counted == 0 || out->count == w->counted + 1);
    w->counted = out->count;
}

static void connect(world *w) {
    MUST(!w->connected);
    bytes_buffer_reset(&w->wrote);
    w->connected = true;
    w->accepted = w->proved = w->online = false;
    stream_scram_server_free(w->scram);
    w->scram = NULL;
    bool ok = (fuzz_u8(&w->in) & 7) != 7;
    if (!ok) w->connected = false;
    MUST_OK(stream_client_connected(w->client, ok));
}

static void one_output(world *w, const stream_client_output *out) {
    (void)fuzz_touch(out->bytes);
    (void)fuzz_touch(out->name);
    (void)fuzz_touch(out->jid);
    (void)fuzz_touch(out->text);
    (void)fuzz_touch(out->resume_id);
    MUST(!w->ended);
    switch (out->kind) {
    case STREAM_RESOLVE:
        resolve(w);
        break;
    case STREAM_CONNECT:
        MUST(out->name.len > 0);
        connect(w);
        break;
    case STREAM_DISCONNECT:
        w->connected = w->online = false;
        break;
    case STREAM_BYTES:
        MUST(w->connected && out->bytes.len > 0);
        bytes_buffer_put(&w->wrote, out->bytes);
        check_wrote(w);
        break;
    case STREAM_VERDICT:
        w->accepted = (fuzz_u8(&w->in) & 7) != 7;
        MUST_OK(stream_client_verdict(w->client, w->accepted));
        break;
    case STREAM_ONLINE:
        on_online(w, out);
        break;
    case STREAM_STANZA:
        on_stanza(w, out);
        break;
    case STREAM_ACKED:
        if (w->online) MUST((uint32_t)(out->acked - w->base) <= w->sent);
        break;
    case STREAM_ENDED:
        w->ended = true;
        break;
    case STREAM_NONE:
        break;
    }
}

static void drain(world *w) {
    for (int i = 0;; i++) {
        MUST(i < OUTPUTS_MAX);
        stream_client_output out;
        MUST_OK(stream_client_next(w->client, &out));
        if (out.kind == STREAM_NONE) return;
        one_output(w, &out);
    }
}

/* ---- moves ---- */

static void owner(world *w, uint8_t move) {
    switch (move) {
    case 0:
        w->now_ms += (uint64_t)fuzz_u8(&w->in) * 1000;
        MUST_OK(stream_client_timer(w->client, w->now_ms));
        break;
    case 1:
        if (w->connected) MUST_OK(stream_client_lost(w->client));
        w->connected = false; /* what was read is still told, and no DISCONNECT */
        break;
    case 2:
        if (sotto_ok(stream_client_send(w->client, BYTES_LITERAL("<message><body>y</body></message>")))) {
            MUST(w->online);
            w->sent++;
        }
        break;
    case 3:
        if (w->counted > 0) MUST_OK(stream_client_handled(w->client, w->counted));
        break;
    case 4:
        (void)sotto_ok(stream_client_request_ack(w->client));
        break;
    case 5:
        MUST_OK(stream_client_end(w->client));
        break;
    default:
        (void)stream_client_deadline(w->client);
        break;
    }
}

static void move(world *w) {
    uint8_t choice = fuzz_u8(&w->in);
    if (choice < SAYINGS) {
        say(w, sayings[choice]);
    } else if (choice < 64) {
        say_header(w);
    } else if (choice < 80) {
        say_mechanisms(w);
    } else if (choice < 100) {
        say_login(w, choice % 3);
    } else if (choice < 120) {
        say_counted(w, choice % 3);
    } else if (choice < 128) {
        bytes_buffer_put(&w->says, fuzz_piece(&w->in, 255));
    } else if (choice >= 248) {
        owner(w, choice & 7);
    }
    /* 128 and more: it is sent together with what comes next, in one piece */
    if (choice >= 128 && choice < 248) {
        say(w, sayings[choice % SAYINGS]);
        return;
    }
    if (w->connected && w->says.len > 0) {
        sotto_bytes piece = fuzz_exact(bytes_of(w->says.at, w->says.len));
        MUST_OK(stream_client_received(w->client, piece));
        fuzz_exact_free(piece);
    }
    bytes_buffer_reset(&w->says);
    drain(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    world w = {.in = bytes_of(data, size), .now_ms = 1};
    fuzz_host_start(&w.host);
    uint8_t choice = fuzz_u8(&w.in);
    w.tls = (tls_context){.host = &w.host.host, .no_binding = (choice & 1) != 0};
    bytes_buffer_owned(&w.wrote, &w.host.host, 1u << 22);
    bytes_buffer_owned(&w.says, &w.host.host, 1u << 20);
    stream_client_config config = {.host = &w.host.host,
                                   .account = BYTES_LITERAL(ACCOUNT),
                                   .password = BYTES_LITERAL(PASSWORD),
                                   .tls = &w.tls,
                                   .connect_host = (choice & 2) ? BYTES_NONE : BYTES_LITERAL("im.capulet.example"),
                                   .connect_direct_tls = (choice & 4) != 0,
                                   .resource = (choice & 8) ? BYTES_LITERAL("balcony") : BYTES_NONE,
                                   .resume_id = (choice & 16) ? BYTES_LITERAL("old") : BYTES_NONE,
                                   .resume_jid = (choice & 32) ? BYTES_LITERAL(ACCOUNT "/balcony") : BYTES_NONE,
                                   .resume_handled = 5,
                                   .now_ms = w.now_ms};
    MUST_OK(stream_client_new(&w.client, &config));
    drain(&w);
    while (w.in.len > 0) move(&w);
    stream_client_free(w.client);
    stream_scram_server_free(w.scram);
    bytes_buffer_free(&w.wrote);
    bytes_buffer_free(&w.says);
    fuzz_host_end(&w.host);
    return 0;
}
