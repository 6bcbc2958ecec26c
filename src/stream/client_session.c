/* SPDX-License-Identifier: ISC
 *
 * After login: resuming the earlier session or binding a resource, stream management, stanzas. */
#include "bytes/cursor.h"
#include "stream/client_parts.h"

static client_handler on_resumed, on_bound, on_enabled, on_online;

static bool is_stanza(const stanza_element *element) {
    return stanza_is(element, "message", STANZA_NS_CLIENT) || stanza_is(element, "presence", STANZA_NS_CLIENT) ||
           stanza_is(element, "iq", STANZA_NS_CLIENT);
}

/* ---- what comes too early ---- */

/* A server may send stanzas as soon as a resource is bound; they are kept until ONLINE was told. */
static sotto_status keep_early(stream_client *client, const stanza_element *element) {
    if (!is_stanza(element)) return SOTTO_OK;
    bytes_buffer one;
    bytes_buffer_owned(&one, client->host, 2u * SOTTO_STANZA_BYTES_MAX);
    stanza_writer writer;
    stanza_writer_init(&writer, &one, STANZA_NS_CLIENT);
    stanza_copy(&writer, element);
    sotto_bytes bytes;
    sotto_status status = bytes_buffer_end(&one, &bytes);
    if (sotto_ok(status)) {
        bytes_buffer_block(&client->early, bytes);
        status = client->early.status;
    }
    bytes_buffer_free(&one);
    return sotto_is(status, SOTTO_E_TOO_LARGE) ? SOTTO_FAIL(BAD_SERVER) : status;
}

sotto_status client_early_stanza(stream_client *client, stream_client_output *ret, bool *ret_any) {
    *ret_any = false;
    bytes_arena_clear(&client->early_arena);
    if (client->early.len == 0) return SOTTO_OK;
    if (client->early_at == client->early.len) {
        bytes_buffer_free(&client->early);
        client->early_at = 0;
        return SOTTO_OK;
    }
    bytes_cursor cursor =
        bytes_cursor_over(bytes_of(client->early.at + client->early_at, client->early.len - client->early_at));
    sotto_bytes block = bytes_cursor_block(&cursor);
    const stanza_element *stanza;
    SOTTO_TRY(stanza_parse(&client->early_arena, block, &stanza));
    client->early_at = client->early.len - cursor.rest.len;
    *ret = (stream_client_output){.kind = STREAM_STANZA, .stanza = stanza};
    *ret_any = true;
    return SOTTO_OK;
}

/* ---- online ---- */

static sotto_status go_online(stream_client *client, bool resumed) {
    client_phase_set(client, CLIENT_ONLINE);
    client->expects = on_online;
    bytes_buffer_free(&client->password);
    client_push(client, (stream_client_output){.kind = STREAM_ONLINE,
                                               .jid = client->jid,
                                               .resumed = resumed,
                                               .manages = client->counts.on,
                                               .resume_id = client->resume_id,
                                               .acked = client->counts.acked,
                                               .mechanism = client->mechanism->name,
                                               .channel_bound = client->mechanism->plus});
    return SOTTO_OK;
}

static sotto_status on_online(stream_client *client, const stanza_element *element) {
    if (is_stanza(element)) {
        uint32_t count = stream_management_count(&client->counts);
        client_push(client, (stream_client_output){.kind = STREAM_STANZA, .stanza = element, .count = count});
    } else if (stanza_is(element, "r", STREAM_NS_MANAGEMENT)) {
        if (client->phase == CLIENT_ONLINE) stream_management_asked(&client->counts, client->wire);
    } else if (stanza_is(element, "a", STREAM_NS_MANAGEMENT) && client->counts.on) {
        sotto_status status = stream_management_answered(&client->counts, client->wire, element);
        if (!sotto_ok(status)) {
            stream_wire_close(client->wire);
            return client_fail(client, status, "the server acknowledges stanzas that were never sent");
        }
        client_push(client, (stream_client_output){.kind = STREAM_ACKED, .acked = client->counts.acked});
    }
    return SOTTO_OK; /* what else there is between stanzas is not for us */
}

/* ---- binding ---- */

static sotto_status bind(stream_client *client) {
    stanza_writer writer;
    stream_wire_write(client->wire, &writer);
    stanza_open(&writer, "iq", STANZA_NS_CLIENT);
    stanza_put_text(&writer, "type", "set");
    stanza_put_text(&writer, "id", client->rebinding ? "bind-2" : "bind-1");
    stanza_open(&writer, "bind", STREAM_NS_BIND);
    if (client->resource.len > 0 && !client->rebinding) {
        stanza_leaf(&writer, "resource", STREAM_NS_BIND, client->resource);
    }
    stanza_close(&writer);
    stanza_close(&writer);
    client->expects = on_bound;
    return stream_wire_out(client->wire)->status;
}

static sotto_status enable(stream_client *client) {
    stanza_writer writer;
    stream_wire_write(client->wire, &writer);
    stanza_open(&writer, "enable", STREAM_NS_MANAGEMENT);
    stanza_put_text(&writer, "resume", "true");
    stanza_close(&writer);
    client->expects = on_enabled;
    return stream_wire_out(client->wire)->status;
}

/* A resource that is taken: the server may choose one (RFC 6120 section 7.7.2.2). */
static sotto_status on_bind_error(stream_client *client, const stanza_element *iq) {
    const stanza_element *text;
    sotto_bytes condition =
        stream_condition(stanza_child(iq, "error", STANZA_NS_CLIENT), STREAM_NS_STANZA_ERRORS, &text);
    if (client->resource.len > 0 && !client->rebinding) {
        client->rebinding = true;
        return bind(client);
    }
    return client_fail_said(client, SOTTO_FAIL(SERVER_REFUSED), condition, text);
}

static sotto_status keep_jid(stream_client *client, const stanza_element *iq) {
    const stanza_element *jid = stanza_child(stanza_child(iq, "bind", STREAM_NS_BIND), "jid", STREAM_NS_BIND);
    sotto_bytes text;
    if (!stanza_text(jid, &client->arena, &text)) return SOTTO_FAIL(NO_MEMORY);
    stanza_jid bound;
    sotto_status status = stanza_jid_parse(&client->arena, text, &bound);
    if (sotto_is(status, SOTTO_E_NO_MEMORY)) return status;
    if (!sotto_ok(status) || bound.resource.len == 0 || !stanza_jid_same_bare(&bound, &client->account)) {
        return client_fail(client, SOTTO_FAIL(BAD_SERVER), "the server gave us the address of another account");
    }
    client->jid = bound.full;
    return SOTTO_OK;
}

static sotto_status on_bound(stream_client *client, const stanza_element *element) {
    sotto_bytes id = stanza_attribute_of(element, "id"), type = stanza_attribute_of(element, "type");
    bool answer = stanza_is(element, "iq", STANZA_NS_CLIENT) && bytes_is(id, client->rebinding ? "bind-2" : "bind-1");
    if (!answer) return keep_early(client, element);
    if (bytes_is(type, "error")) return on_bind_error(client, element);
    if (!bytes_is(type, "result")) return SOTTO_FAIL(BAD_SERVER);
    SOTTO_TRY(keep_jid(client, element));
    return client->managing_offered ? enable(client) : go_online(client, false);
}

/* ---- stream management ---- */

static bool is_true(sotto_bytes value) {
    return bytes_is(value, "true") || bytes_is(value, "1");
}

static sotto_status on_enabled(stream_client *client, const stanza_element *element) {
    if (stanza_is(element, "failed", STREAM_NS_MANAGEMENT)) return go_online(client, false);
    if (!stanza_is(element, "enabled", STREAM_NS_MANAGEMENT)) return keep_early(client, element);
    sotto_bytes id = stanza_attribute_of(element, "id");
    if (is_true(stanza_attribute_of(element, "resume")) && id.len > 0 && id.len <= SOTTO_RESUME_ID_BYTES_MAX &&
        !bytes_arena_copy(&client->arena, id, &client->resume_id)) {
        return SOTTO_FAIL(NO_MEMORY);
    }
    stream_management_start(&client->counts, 0, 0);
    return go_online(client, false);
}

static sotto_status resume(stream_client *client) {
    stanza_writer writer;
    stream_wire_write(client->wire, &writer);
    stanza_open(&writer, "resume", STREAM_NS_MANAGEMENT);
    stanza_put_number(&writer, "h", client->resume_handled);
    stanza_put(&writer, "previd", client->resume_id);
    stanza_close(&writer);
    client->expects = on_resumed;
    return stream_wire_out(client->wire)->status;
}

/* The full JID of a resumed session is not told by the server. */
static sotto_status resumed_jid(stream_client *client) {
    client->jid = client->resume_jid;
    if (client->jid.len > 0) return SOTTO_OK;
    client->jid = client->account.bare;
    if (client->resource.len == 0) return SOTTO_OK;
    bytes_buffer full;
    bytes_buffer_owned(&full, client->host, SOTTO_JID_BYTES_MAX);
    bytes_buffer_put(&full, client->account.bare);
    bytes_buffer_text(&full, "/");
    bytes_buffer_put(&full, client->resource);
    sotto_bytes bytes;
    sotto_status status = bytes_buffer_end(&full, &bytes);
    if (sotto_ok(status) && !bytes_arena_copy(&client->arena, bytes, &client->jid)) status = SOTTO_FAIL(NO_MEMORY);
    bytes_buffer_free(&full);
    return status;
}

static sotto_status on_resumed(stream_client *client, const stanza_element *element) {
    uint64_t h;
    bool counted = stanza_attribute_number(element, "h", 0, UINT32_MAX, &h);
    if (stanza_is(element, "failed", STREAM_NS_MANAGEMENT)) {
        client->resume_id = BYTES_NONE;
        if (counted) client_push(client, (stream_client_output){.kind = STREAM_ACKED, .acked = (uint32_t)h});
        return bind(client);
    }
    bool same = bytes_equal(stanza_attribute_of(element, "previd"), client->resume_id);
    if (!stanza_is(element, "resumed", STREAM_NS_MANAGEMENT) || !counted || !same) {
        return client_fail(client, SOTTO_FAIL(BAD_SERVER), "the server resumed something else");
    }
    stream_management_start(&client->counts, (uint32_t)h, client->resume_handled);
    SOTTO_TRY(resumed_jid(client));
    return go_online(client, true);
}

sotto_status client_on_session_features(stream_client *client, const stanza_element *features) {
    if (!stanza_is(features, "features", STREAM_NS_STREAM)) {
        return client_fail(client, SOTTO_FAIL(BAD_SERVER), "something else than features came");
    }
    client->managing_offered = stanza_child(features, "sm", STREAM_NS_MANAGEMENT) != NULL;
    if (client->managing_offered && client->resume_id.len > 0) return resume(client);
    client->resume_id = BYTES_NONE;
    if (!stanza_child(features, "bind", STREAM_NS_BIND)) {
        return client_fail(client, SOTTO_FAIL(BAD_SERVER), "the server lets nobody bind a resource");
    }
    return bind(client);
}
