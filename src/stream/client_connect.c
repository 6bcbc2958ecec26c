/* SPDX-License-Identifier: ISC
 *
 * Finding the server: SRV records of both kinds in one order (XEP-0368, RFC 2782), the domain itself where there are
 * none (RFC 6120 section 3.2), and redirections inside TLS. The target of a record never becomes a name to be proved
 * (RFC 6120 section 13.7.2.1). */
#include <idn2.h>
#include <string.h>

#include "crypto/hash.h"
#include "stream/client_parts.h"

#define PORT_STARTTLS   5222
#define PORT_DIRECT_TLS 5223

static bool is_ascii(sotto_bytes text) {
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] >= 0x80) return false;
    }
    return true;
}

/* The domain as DNS and certificates have it (RFC 5890, A-labels). */
static sotto_status to_ascii(stream_client *client, sotto_bytes domain, sotto_bytes *ret) {
    sotto_bytes copy;
    if (!bytes_arena_copy(&client->arena, domain, &copy)) return SOTTO_FAIL(NO_MEMORY);
    if (is_ascii(copy)) {
        *ret = copy;
        return SOTTO_OK;
    }
    uint8_t *labels = NULL;
    int result = idn2_lookup_u8(copy.at, &labels, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (result == IDN2_MALLOC) return SOTTO_FAIL(NO_MEMORY);
    if (result != IDN2_OK) return SOTTO_FAIL(BAD_JID);
    bool kept = bytes_arena_copy(&client->arena, bytes_text((const char *)labels), ret);
    idn2_free(labels);
    return kept ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
}

static uint16_t port_or_default(uint16_t port, bool direct_tls) {
    if (port != 0) return port;
    return direct_tls ? PORT_DIRECT_TLS : PORT_STARTTLS;
}

sotto_status client_discover(stream_client *client, const stream_client_config *config) {
    SOTTO_TRY(to_ascii(client, client->account.domain, &client->domain));
    if (config->connect_host.len == 0) return SOTTO_OK;
    client_address *address = &client->addresses[0];
    if (!bytes_arena_copy(&client->arena, config->connect_host, &address->host)) return SOTTO_FAIL(NO_MEMORY);
    address->direct_tls = config->connect_direct_tls;
    address->port = port_or_default(config->connect_port, config->connect_direct_tls);
    client->address_count = 1;
    return SOTTO_OK;
}

void client_connect_next(stream_client *client) {
    if (client->address_next == client->address_count) {
        client_phase_set(client, CLIENT_RESOLVING);
        client_push(client, (stream_client_output){.kind = STREAM_RESOLVE, .name = client->domain});
        return;
    }
    client->address = client->addresses[client->address_next++];
    client_phase_set(client, CLIENT_CONNECTING);
    client_push(client, (stream_client_output){
                            .kind = STREAM_CONNECT, .name = client->address.host, .port = client->address.port});
}

/* ---- SRV ---- */

/* "host." and "host" are the same; "." is empty then: the service is not offered. */
static sotto_bytes target_of(const stream_srv *record) {
    sotto_bytes target = record->target;
    if (target.len > 0 && target.at[target.len - 1] == '.') target.len--;
    return target;
}

/* RFC 2782: among records of the lowest priority left, one at random by weight. Answers its index. */
static sotto_status pick(const stream_client *client, const stream_srv *records, const bool *used, size_t count,
                         size_t *ret) {
    uint32_t lowest = UINT32_MAX, total = 0, random;
    for (size_t i = 0; i < count; i++) {
        if (!used[i] && records[i].priority < lowest) lowest = records[i].priority;
    }
    for (size_t i = 0; i < count; i++) {
        if (!used[i] && records[i].priority == lowest) total += records[i].weight;
    }
    SOTTO_TRY(crypto_random(client->host, &random, sizeof random));
    uint32_t point = random % (total + 1), sum = 0;
    /* Weight 0 comes up only where the point is 0, or where nothing else is left. */
    for (int zero_first = 1; zero_first >= 0; zero_first--) {
        for (size_t i = 0; i < count; i++) {
            if (used[i] || records[i].priority != lowest || (records[i].weight == 0) != (zero_first == 1)) continue;
            sum += records[i].weight;
            if (sum >= point) {
                *ret = i;
                return SOTTO_OK;
            }
        }
    }
    return SOTTO_FAIL(USAGE);
}

static sotto_status keep_records(stream_client *client, const stream_srv *records, size_t count) {
    bool used[SOTTO_SRV_MAX] = {false};
    for (size_t i = 0; i < count; i++) used[i] = target_of(&records[i]).len == 0;
    size_t left = 0;
    for (size_t i = 0; i < count; i++) left += !used[i];
    for (; left > 0; left--) {
        size_t chosen;
        SOTTO_TRY(pick(client, records, used, count, &chosen));
        used[chosen] = true;
        client_address *address = &client->addresses[client->address_count];
        if (!bytes_arena_copy(&client->arena, target_of(&records[chosen]), &address->host)) {
            client->address_count = 0;
            return SOTTO_FAIL(NO_MEMORY);
        }
        address->direct_tls = records[chosen].direct_tls;
        address->port = records[chosen].port;
        client->address_count++;
    }
    return SOTTO_OK;
}

sotto_status stream_client_resolved(stream_client *client, const stream_srv *records, size_t count, bool failed) {
    if (client->phase != CLIENT_RESOLVING) return SOTTO_OK;
    if (count > SOTTO_SRV_MAX) count = SOTTO_SRV_MAX;
    /* No answer is treated like no records: whoever can suppress DNS gains nothing, the certificate decides. */
    if (count == 0 || failed) {
        client->addresses[0] = (client_address){false, PORT_STARTTLS, client->domain};
        client->address_count = 1;
    } else {
        SOTTO_TRY(keep_records(client, records, count));
    }
    if (client->address_count == 0) {
        client_break(client, client_fail(client, SOTTO_FAIL(HOST_UNKNOWN), "the domain says that it offers no XMPP"));
        return SOTTO_OK;
    }
    client_connect_next(client);
    return SOTTO_OK;
}

/* ---- redirection ---- */

/* "host", "host:port", "[v6]", "[v6]:port". */
static bool split(sotto_bytes where, sotto_bytes *ret_host, sotto_bytes *ret_port) {
    *ret_port = BYTES_NONE;
    if (where.len > 0 && where.at[0] == '[') {
        const uint8_t *end = memchr(where.at, ']', where.len);
        if (!end) return false;
        size_t len = (size_t)(end - where.at);
        *ret_host = bytes_of(where.at + 1, len - 1);
        where = bytes_after(where, len + 1);
        if (where.len > 0 && where.at[0] != ':') return false;
        *ret_port = bytes_after(where, 1);
        return ret_host->len > 0;
    }
    const uint8_t *colon = where.len > 0 ? memchr(where.at, ':', where.len) : NULL;
    *ret_host = where;
    if (colon) {
        ret_host->len = (size_t)(colon - where.at);
        *ret_port = bytes_after(where, ret_host->len + 1);
    }
    return ret_host->len > 0;
}

static bool read_port(sotto_bytes text, uint16_t *ret) {
    uint32_t port = 0;
    if (text.len > 5) return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') return false;
        port = port * 10 + (uint32_t)(text.at[i] - '0');
    }
    if (port > UINT16_MAX) return false;
    *ret = (uint16_t)port;
    return true;
}

/* The same transport, the same names to be proved; only so often. */
bool client_redirect(stream_client *client, sotto_bytes where) {
    sotto_bytes host, port_text;
    uint16_t port;
    if (client->redirects == SOTTO_REDIRECTS_MAX || where.len > SOTTO_JID_PART_BYTES_MAX) return false;
    if (!split(where, &host, &port_text) || !read_port(port_text, &port)) return false;
    client_address address = {.direct_tls = client->address.direct_tls};
    if (!sotto_ok(to_ascii(client, host, &address.host))) return false;
    address.port = port_or_default(port, address.direct_tls);
    client->redirects++;
    client->addresses[0] = address;
    client->address_count = 1;
    client->address_next = 0;
    stream_scram_client_free(client->scram);
    client->scram = NULL;
    stream_wire_close(client->wire);
    client_push(client, (stream_client_output){.kind = STREAM_DISCONNECT});
    client_connect_next(client);
    return true;
}
