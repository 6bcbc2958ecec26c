/* SPDX-License-Identifier: ISC
 *
 * The client of the listener's tests. */
#include "phone.h"

#include "trust/certificate.h"

void phone_start(phone *p, const char *local, const char *password, const char *resource, const char *resume_id) {
    char account[64];
    (void)snprintf(account, sizeof account, "%s@lab.example", local);
    p->online = p->resumed = p->ended = false;
    p->inbox[0] = 0;
    stream_client_config config = {.host = &p->r->host,
                                   .account = bytes_text(account),
                                   .password = bytes_text(password),
                                   .resource = bytes_text(resource),
                                   .tls = p->tls,
                                   .connect_host = BYTES_LITERAL("127.0.0.1"),
                                   .connect_port = 5222,
                                   .connect_direct_tls = p->direct_tls,
                                   .resume_id = bytes_text(resume_id),
                                   .resume_handled = p->handled,
                                   .resume_jid = bytes_text(resume_id[0] ? p->jid : ""),
                                   .now_ms = 1700000000000};
    assert_fine(stream_client_new(&p->client, &config));
}

void phone_new(phone *p, rig *r, lab_listener *listener, const char *local, const char *resource, bool direct_tls) {
    *p = (phone){.r = r, .listener = listener, .direct_tls = direct_tls};
    tls_client_config config = {
        .host = &r->host, .roots_pem = lab_listener_root(listener), .verify_time_ms = 1700000000000};
    assert_fine(tls_context_client(&p->tls, &config));
    phone_start(p, local, "secret", resource, "");
}

void phone_again(phone *p) {
    char local[64], resource[64], id[64];
    assert_int_equal(sscanf(p->jid, "%63[^@]@lab.example/%63s", local, resource), 2);
    memcpy(id, p->resume_id, sizeof id);
    stream_client_free(p->client);
    phone_start(p, local, "secret", resource, id);
    phone_pump(p);
}

static void verdict(phone *p, const stream_client_output *output) {
    const tls_facts *facts = output->facts;
    trust_certificate certificate = {.has_certificate = facts->has_certificate,
                                     .path_valid = facts->path_valid,
                                     .path_error = facts->path_error,
                                     .dns_names = facts->dns_names,
                                     .dns_count = facts->dns_count,
                                     .srv_names = facts->srv_names,
                                     .srv_count = facts->srv_count};
    trust_certificate_reference reference = {.domain = output->name, .service = "_xmpp-client"};
    bool accept = trust_certificate_judge(&certificate, &reference) == TRUST_CERTIFICATE_ACCEPTED;
    assert_fine(stream_client_verdict(p->client, accept));
}

static void keep(char *out, size_t size, sotto_bytes text) {
    assert_true(text.len < size);
    if (text.len > 0) memcpy(out, text.at, text.len);
    out[text.len] = 0;
}

static void online(phone *p, const stream_client_output *output) {
    p->online = true;
    p->resumed = output->resumed;
    p->acked = output->acked;
    p->bound_channel = output->channel_bound;
    if (!output->resumed) p->handled = 0;
    keep(p->jid, sizeof p->jid, output->jid);
    keep(p->resume_id, sizeof p->resume_id, output->resume_id);
}

static void stanza(phone *p, const stream_client_output *output) {
    size_t len = strlen(p->inbox);
    keep(p->inbox + len, sizeof p->inbox - len - 1, output->stanza->raw);
    strcat(p->inbox, "\n");
    if (output->count == 0) return;
    p->handled = output->count;
    assert_fine(stream_client_handled(p->client, output->count));
}

static void lost(phone *p) {
    lab_connection_close(p->connection);
    p->connection = NULL;
    assert_fine(stream_client_lost(p->client));
}

static void feed(phone *p, sotto_bytes bytes) {
    sotto_status status = lab_connection_feed(p->connection, bytes);
    if (p->frail && sotto_is(status, SOTTO_E_NO_MEMORY)) {
        lost(p);
    } else {
        assert_fine(status);
    }
}

/* The connection, unless the server may be out of memory. */
static void connect_now(phone *p) {
    sotto_status status = lab_connection_open(&p->connection, p->listener, p->direct_tls);
    if (!p->frail) assert_fine(status);
    assert_fine(stream_client_connected(p->client, sotto_ok(status)));
}

bool phone_output(phone *p) {
    bool any = false;
    stream_client_output output;
    for (;;) {
        assert_fine(stream_client_next(p->client, &output));
        switch (output.kind) {
        case STREAM_NONE:
            return any;
        case STREAM_RESOLVE:
            fail_msg("nothing is to be resolved");
            break;
        case STREAM_CONNECT:
            connect_now(p);
            break;
        case STREAM_DISCONNECT:
            lab_connection_close(p->connection);
            p->connection = NULL;
            break;
        case STREAM_BYTES:
            if (p->connection) feed(p, output.bytes);
            break;
        case STREAM_VERDICT:
            verdict(p, &output);
            break;
        case STREAM_ONLINE:
            online(p, &output);
            break;
        case STREAM_STANZA:
            stanza(p, &output);
            break;
        case STREAM_ACKED:
            p->acked = output.acked;
            break;
        case STREAM_ENDED:
            p->ended = true;
            p->online = false;
            p->status = output.status;
            break;
        }
        any = true;
    }
}

static bool input(phone *p) {
    uint8_t chunk[1000];
    bool any = false;
    while (p->connection) {
        size_t len = lab_connection_take(p->connection, chunk, sizeof chunk);
        if (len == 0) break;
        assert_fine(stream_client_received(p->client, bytes_of(chunk, len)));
        any = true;
    }
    if (p->connection && lab_connection_over(p->connection) && !any) {
        lost(p);
        any = true;
    }
    return any;
}

void phone_pump(phone *p) {
    bool in = true, out = true;
    while (in || out) {
        out = phone_output(p);
        in = input(p);
    }
}

void phone_say(phone *p, const char *text) {
    assert_fine(stream_client_send(p->client, bytes_text(text)));
    assert_fine(stream_client_request_ack(p->client));
    phone_pump(p);
}

void phone_lose(phone *p) {
    lost(p);
    phone_pump(p);
    assert_true(p->ended);
}

void phone_free(phone *p) {
    lab_connection_close(p->connection);
    stream_client_free(p->client);
    tls_context_free(p->tls);
}
