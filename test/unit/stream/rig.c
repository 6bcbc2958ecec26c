/* SPDX-License-Identifier: ISC
 *
 * Carrying bytes and answering questions. */
#include "rig.h"

#include <openssl/ssl.h>

#include <sotto/limits.h>

#include "../tls/certificates.h"
#include "stream/names.h"
#include "stream/server_parts.h"
#include "tls/parts.h"
#include "trust/certificate.h"

#define LOG_BYTES_MAX (64u * 1024u * 1024u)

static sotto_bytes root_pem, leaf_pem, leaf_key, other_pem, other_key;

int rig_setup(void **state) {
    (void)state;
    const test_wish root_wish = {.common_name = "root", .basic = "critical,CA:TRUE"};
    test_certificate root = test_certificate_make(&root_wish);
    const test_wish leaf_wish = {.names = "DNS:" RIG_DOMAIN, .issuer = &root};
    const test_wish other_wish = {.names = "DNS:montague.example", .issuer = &root};
    test_certificate leaf = test_certificate_make(&leaf_wish), other = test_certificate_make(&other_wish);
    const test_certificate *all[] = {&root, &leaf, &other};
    root_pem = test_pem(&all[0], 1);
    leaf_pem = test_pem(&all[1], 1);
    other_pem = test_pem(&all[2], 1);
    leaf_key = test_pem_key(&leaf);
    other_key = test_pem_key(&other);
    test_certificate_free(&root);
    test_certificate_free(&leaf);
    test_certificate_free(&other);
    return 0;
}

int rig_teardown(void **state) {
    (void)state;
    sotto_bytes *all[] = {&root_pem, &leaf_pem, &other_pem, &leaf_key, &other_key};
    for (size_t i = 0; i < 5; i++) test_pem_free(all[i]);
    return 0;
}

static void make_client(talk *t) {
    const talk_options *o = &t->options;
    stream_client_config config = {
        .host = o->host ? o->host : sotto_host_default(),
        .account = bytes_text(o->account ? o->account : RIG_ACCOUNT),
        .password = bytes_text(o->password ? o->password : RIG_PASSWORD),
        .resource = bytes_text(o->resource),
        .tls = t->client_tls,
        .connect_host = bytes_text(o->discover ? NULL : "server.example"),
        .connect_direct_tls = o->direct_tls,
        .resume_id = bytes_text(o->resume_id),
        .resume_handled = o->resume_handled,
        .now_ms = t->now,
    };
    sotto_status status = stream_client_new(&t->client, &config);
    if (!sotto_ok(status)) t->status = status;
}

void talk_start(talk *t, const talk_options *options) {
    *t = (talk){.options = *options, .now = 1000};
    /* The context is there before the client: making it is another test's. */
    tls_client_config client = {.host = sotto_host_default(), .roots_pem = root_pem};
    bool other = options->wrong_certificate;
    tls_server_config server = {.host = sotto_host_default(),
                                .certificates_pem = other ? other_pem : leaf_pem,
                                .key_pem = other ? other_key : leaf_key};
    assert_fine(tls_context_client(&t->client_tls, &client));
    assert_fine(tls_context_server(&t->server_tls, &server));
    if (options->tls_1_2) SSL_CTX_set_max_proto_version(t->server_tls->ssl, TLS1_2_VERSION);
    if (options->host) t->client_tls->host = options->host;
    bytes_buffer_owned(&t->from_client, sotto_host_default(), LOG_BYTES_MAX);
    bytes_buffer_owned(&t->from_server, sotto_host_default(), LOG_BYTES_MAX);
    make_client(t);
}

static void drop_server(talk *t) {
    stream_server_free(t->server);
    stream_wire_free(t->liar);
    t->server = NULL;
    t->liar = NULL;
    t->connected = false;
}

void talk_free(talk *t) {
    stream_client_free(t->client);
    drop_server(t);
    t->client_tls->host = sotto_host_default();
    tls_context_free(t->client_tls);
    tls_context_free(t->server_tls);
    bytes_buffer_free(&t->from_client);
    bytes_buffer_free(&t->from_server);
}

void talk_again(talk *t, const talk_options *options) {
    stream_client_free(t->client);
    t->client = NULL;
    drop_server(t);
    t->options = *options;
    t->ended = t->onlines = t->acks = t->stanzas = 0;
    t->status = SOTTO_OK;
    make_client(t);
}

void talk_whole(talk *t, const talk_options *options) {
    talk_start(t, options);
    talk_run(t);
}

bool talk_has(const bytes_buffer *log, const char *text) {
    return log->len > 0 && memmem(log->at, log->len, text, strlen(text)) != NULL;
}

void talk_client_sends(talk *t, const char *stanza) {
    assert_fine(stream_client_send(t->client, bytes_text(stanza)));
}

void talk_server_sends(talk *t, const char *stanza) {
    assert_fine(stream_server_send(t->server, bytes_text(stanza)));
}

static void keep(char *out, size_t size, sotto_bytes text) {
    (void)snprintf(out, size, "%.*s", (int)text.len, text.at ? (const char *)text.at : "");
}

/* ---- the client's owner ---- */

static void server_new(talk *t) {
    const talk_options *o = &t->options;
    t->connected = true;
    if (o->liar) {
        assert_fine(stream_wire_new(&t->liar, sotto_host_default()));
        if (o->direct_tls) assert_fine(stream_wire_start_tls(t->liar, t->server_tls, NULL, NULL));
        return;
    }
    stream_server_config config = {
        .host = sotto_host_default(),
        .domain = bytes_text(RIG_DOMAIN),
        .tls = t->server_tls,
        .direct_tls = o->direct_tls,
        .without_starttls = o->without_starttls,
        .without_management = o->without_management,
        .without_binding = o->without_binding,
        .offer = o->offer,
        .now_ms = t->now,
    };
    assert_fine(stream_server_new(&t->server, &config));
}

static void note(talk *t, sotto_status status) {
    if (!sotto_ok(status)) t->status = status;
}

static bool judge(const talk *t, const stream_client_output *out) {
    if (t->options.refuse) return false;
    trust_certificate certificate = {
        .has_certificate = out->facts->has_certificate,
        .path_valid = out->facts->path_valid,
        .path_error = out->facts->path_error,
        .dns_names = out->facts->dns_names,
        .dns_count = out->facts->dns_count,
        .srv_names = out->facts->srv_names,
        .srv_count = out->facts->srv_count,
    };
    trust_certificate_reference reference = {out->name, "_xmpp-client"};
    return trust_certificate_judge(&certificate, &reference) == TRUST_CERTIFICATE_ACCEPTED;
}

static void server_takes(talk *t, sotto_bytes bytes) {
    size_t step = t->options.step > 0 ? t->options.step : bytes.len;
    for (size_t at = 0; at < bytes.len; at += step) {
        sotto_bytes piece = bytes_of(bytes.at + at, bytes.len - at < step ? bytes.len - at : step);
        if (t->liar) {
            assert_fine(stream_wire_received(t->liar, piece));
        } else if (t->server) {
            assert_fine(stream_server_received(t->server, piece));
        }
    }
}

static void on_online(talk *t, const stream_client_output *out) {
    t->onlines++;
    t->online = *out;
    keep(t->jid, sizeof t->jid, out->jid);
    keep(t->resume_id, sizeof t->resume_id, out->resume_id);
}

static void on_client_output(talk *t, const stream_client_output *out) {
    switch (out->kind) {
    case STREAM_NONE:
        break;
    case STREAM_RESOLVE:
        t->resolves++;
        keep(t->resolve_name, sizeof t->resolve_name, out->name);
        if (!t->options.manual) note(t, stream_client_resolved(t->client, NULL, 0, false));
        break;
    case STREAM_CONNECT:
        t->connects++;
        keep(t->connect_name, sizeof t->connect_name, out->name);
        t->connect_port = out->port;
        if (t->options.manual) break;
        server_new(t);
        note(t, stream_client_connected(t->client, true));
        break;
    case STREAM_DISCONNECT:
        t->disconnects++;
        drop_server(t);
        break;
    case STREAM_BYTES:
        bytes_buffer_put(&t->from_client, out->bytes);
        server_takes(t, out->bytes);
        break;
    case STREAM_VERDICT:
        t->verdicts++;
        t->sent_before_verdict = t->from_client.len;
        note(t, stream_client_verdict(t->client, judge(t, out)));
        break;
    case STREAM_ONLINE:
        on_online(t, out);
        break;
    case STREAM_STANZA:
        t->stanzas++;
        t->count = out->count;
        keep(t->stanza, sizeof t->stanza, out->stanza->raw);
        break;
    case STREAM_ACKED:
        t->acks++;
        t->acked = out->acked;
        break;
    case STREAM_ENDED:
        t->ended++;
        note(t, out->status);
        keep(t->text, sizeof t->text, out->text);
        break;
    }
}

/* ---- the server's owner ---- */

static void on_bind(talk *t, const stream_server_output *out) {
    char full[256];
    t->binds++;
    keep(t->bind_resource, sizeof t->bind_resource, out->resource);
    if (t->options.conflict && t->binds == 1) {
        assert_fine(stream_server_bound(t->server, BYTES_NONE));
        return;
    }
    (void)snprintf(full, sizeof full, "%.*s/%s", (int)out->account.len, (const char *)out->account.at,
                   out->resource.len > 0 ? t->bind_resource : "chosen");
    assert_fine(stream_server_bound(t->server, bytes_text(t->options.bound ? t->options.bound : full)));
}

/* Our own server sends no id that is too long: such a one is put on its wire behind its back, and it waits for ever. */
static void enable(talk *t, bool resume) {
    sotto_bytes id = bytes_text(t->options.enabled_id ? t->options.enabled_id : "sm-1");
    if (id.len <= SOTTO_RESUME_ID_BYTES_MAX) {
        assert_fine(stream_server_enabled(t->server, resume ? id : BYTES_NONE));
        return;
    }
    stanza_writer writer;
    stream_wire_write(t->server->wire, &writer);
    stanza_open(&writer, "enabled", STREAM_NS_MANAGEMENT);
    stanza_put(&writer, "id", id);
    stanza_put_text(&writer, "resume", "true");
    stanza_close(&writer);
}

static void on_server_output(talk *t, const stream_server_output *out) {
    switch (out->kind) {
    case STREAM_SERVER_NONE:
        break;
    case STREAM_SERVER_BYTES: {
        size_t step = t->options.step > 0 ? t->options.step : out->bytes.len;
        bytes_buffer_put(&t->from_server, out->bytes);
        for (size_t at = 0; at < out->bytes.len; at += step) {
            size_t left = out->bytes.len - at;
            note(t, stream_client_received(t->client, bytes_of(out->bytes.at + at, left < step ? left : step)));
        }
        break;
    }
    case STREAM_SERVER_LOGIN:
        t->logins++;
        if (bytes_is(out->account, RIG_ACCOUNT)) {
            assert_fine(stream_server_password(t->server, bytes_text(RIG_PASSWORD)));
        } else {
            assert_fine(stream_server_keys(t->server, NULL));
        }
        break;
    case STREAM_SERVER_BIND:
        on_bind(t, out);
        break;
    case STREAM_SERVER_ENABLE:
        enable(t, out->resume);
        break;
    case STREAM_SERVER_RESUME:
        t->server_acked = out->acked;
        if (t->options.known_resume && bytes_is(out->resume_id, t->options.known_resume)) {
            assert_fine(stream_server_resumed(t->server, bytes_text(RIG_ACCOUNT "/x"), t->options.known_handled));
        } else {
            assert_fine(stream_server_not_resumed(t->server, t->options.remembers, t->options.known_handled));
        }
        break;
    case STREAM_SERVER_STANZA:
        t->server_stanzas++;
        t->server_count = out->count;
        keep(t->server_stanza, sizeof t->server_stanza, out->stanza->raw);
        break;
    case STREAM_SERVER_ACKED:
        t->server_acked = out->acked;
        break;
    case STREAM_SERVER_ENDED:
        t->server_ended++;
        t->server_status = out->status;
        break;
    }
}

/* ---- the liar ---- */

void liar_writes(talk *t, const char *text) {
    bytes_buffer_text(stream_wire_out(t->liar), text);
}

bool liar_greets(talk *t, stream_wire_event event, const stanza_element *element) {
    stream_wire_header header = {.from = BYTES_LITERAL(RIG_DOMAIN), .id = BYTES_LITERAL("1")};
    if (event == STREAM_WIRE_OPEN) {
        assert_fine(stream_wire_open(t->liar, &header));
        if (stream_wire_tls(t->liar)) return false;
        liar_writes(t, "<stream:features><starttls xmlns='" STREAM_NS_TLS "'/></stream:features>");
        return true;
    }
    if (event == STREAM_WIRE_ELEMENT && stanza_is(element, "starttls", STREAM_NS_TLS)) {
        liar_writes(t, "<proceed xmlns='" STREAM_NS_TLS "'/>");
        assert_fine(stream_wire_start_tls(t->liar, t->server_tls, NULL, NULL));
        return true;
    }
    if (event == STREAM_WIRE_SECURE) {
        assert_fine(stream_wire_restart(t->liar));
        return true;
    }
    return event == STREAM_WIRE_CLOSE || event == STREAM_WIRE_ENDED;
}

/* True when something moved. */
static bool liar_moves(talk *t) {
    sotto_bytes bytes;
    bool moved = false;
    for (;;) {
        stream_wire_event event = STREAM_WIRE_MORE;
        const stanza_element *element = NULL;
        if (!t->liar || !sotto_ok(stream_wire_next(t->liar, &event, &element))) break;
        if (event == STREAM_WIRE_MORE || event == STREAM_WIRE_ENDED) break;
        t->options.liar(t, event, element);
        moved = true;
    }
    if (!t->liar || !sotto_ok(stream_wire_take(t->liar, &bytes)) || bytes.len == 0) return moved;
    bytes_buffer_put(&t->from_server, bytes);
    note(t, stream_client_received(t->client, bytes));
    return true;
}

/* ---- both ---- */

void talk_run(talk *t) {
    for (bool moved = true; moved;) {
        moved = false;
        for (;;) {
            stream_client_output out;
            if (!t->client) return;
            sotto_status status = stream_client_next(t->client, &out);
            note(t, status);
            if (!sotto_ok(status) || out.kind == STREAM_NONE) break;
            on_client_output(t, &out);
            moved = true;
        }
        while (t->server) {
            stream_server_output out;
            assert_fine(stream_server_next(t->server, &out));
            if (out.kind == STREAM_SERVER_NONE) break;
            on_server_output(t, &out);
            moved = true;
        }
        if (t->liar && liar_moves(t)) moved = true;
    }
}
