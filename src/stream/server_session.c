/* SPDX-License-Identifier: ISC
 *
 * Binding, stream management and stanzas as a server does them. */
#include "stream/server_parts.h"

static server_handler on_online;

static bool is_stanza(const stanza_element *element) {
    return stanza_is(element, "message", STANZA_NS_CLIENT) || stanza_is(element, "presence", STANZA_NS_CLIENT) ||
           stanza_is(element, "iq", STANZA_NS_CLIENT);
}

static void write_failed(stream_server *server, const char *condition, bool counted, uint32_t handled) {
    stanza_writer writer;
    stream_wire_write(server->wire, &writer);
    stanza_open(&writer, "failed", STREAM_NS_MANAGEMENT);
    if (counted) stanza_put_number(&writer, "h", handled);
    stanza_leaf(&writer, condition, STREAM_NS_STANZA_ERRORS, BYTES_NONE);
    stanza_close(&writer);
}

/* ---- before binding ---- */

static sotto_status on_bind(stream_server *server, const stanza_element *iq) {
    const stanza_element *resource = stanza_child(stanza_child(iq, "bind", STREAM_NS_BIND), "resource", STREAM_NS_BIND);
    sotto_bytes wanted;
    if (!stanza_text(resource, &server->arena, &wanted) || !bytes_arena_copy(&server->arena, wanted, &wanted) ||
        !bytes_arena_copy(&server->arena, stanza_attribute_of(iq, "id"), &server->bind_id)) {
        return SOTTO_FAIL(NO_MEMORY);
    }
    server_ask(server, SERVER_ASKS_BIND, (stream_server_output){.kind = STREAM_SERVER_BIND, .resource = wanted});
    return SOTTO_OK;
}

static sotto_status on_resume(stream_server *server, const stanza_element *element) {
    uint64_t h;
    sotto_bytes id = stanza_attribute_of(element, "previd");
    if (server->without_management) {
        write_failed(server, "feature-not-implemented", false, 0);
        return SOTTO_OK;
    }
    if (!stanza_attribute_number(element, "h", 0, UINT32_MAX, &h) || id.len > SOTTO_RESUME_ID_BYTES_MAX) {
        return server_refuse(server, SOTTO_FAIL(MALFORMED), "invalid-xml");
    }
    if (!bytes_arena_copy(&server->arena, id, &server->resume_id)) return SOTTO_FAIL(NO_MEMORY);
    server->resume_acked = (uint32_t)h;
    server_ask(server, SERVER_ASKS_RESUME,
               (stream_server_output){
                   .kind = STREAM_SERVER_RESUME, .resume_id = server->resume_id, .acked = server->resume_acked});
    return SOTTO_OK;
}

sotto_status server_on_session(stream_server *server, const stanza_element *element) {
    bool set = stanza_is(element, "iq", STANZA_NS_CLIENT) && bytes_is(stanza_attribute_of(element, "type"), "set");
    if (set && stanza_child(element, "bind", STREAM_NS_BIND)) return on_bind(server, element);
    if (stanza_is(element, "resume", STREAM_NS_MANAGEMENT)) return on_resume(server, element);
    if (stanza_is(element, "enable", STREAM_NS_MANAGEMENT)) {
        write_failed(server, "unexpected-request", false, 0);
        return SOTTO_OK;
    }
    return server_refuse(server, SOTTO_FAIL(MALFORMED), "not-authorized");
}

static void online(stream_server *server) {
    server->expects = on_online;
    server_phase_set(server, SERVER_ONLINE);
}

static void write_bound(stream_server *server, sotto_bytes full_jid) {
    stanza_writer writer;
    stream_wire_write(server->wire, &writer);
    stanza_open(&writer, "iq", STANZA_NS_CLIENT);
    stanza_put_text(&writer, "type", full_jid.len > 0 ? "result" : "error");
    stanza_put(&writer, "id", server->bind_id);
    if (full_jid.len > 0) {
        stanza_open(&writer, "bind", STREAM_NS_BIND);
        stanza_leaf(&writer, "jid", STREAM_NS_BIND, full_jid);
        stanza_close(&writer);
    } else {
        stanza_open(&writer, "error", STANZA_NS_CLIENT);
        stanza_put_text(&writer, "type", "modify");
        stanza_leaf(&writer, "conflict", STREAM_NS_STANZA_ERRORS, BYTES_NONE);
        stanza_close(&writer);
    }
    stanza_close(&writer);
}

sotto_status stream_server_bound(stream_server *server, sotto_bytes full_jid) {
    if (server->question != SERVER_ASKS_BIND) return SOTTO_FAIL(STATE);
    server->question = SERVER_NO_QUESTION;
    write_bound(server, full_jid);
    if (full_jid.len > 0) online(server);
    return stream_wire_out(server->wire)->status;
}

sotto_status stream_server_resumed(stream_server *server, sotto_bytes full_jid, uint32_t handled) {
    if (server->question != SERVER_ASKS_RESUME || full_jid.len == 0) return SOTTO_FAIL(STATE);
    server->question = SERVER_NO_QUESTION;
    stanza_writer writer;
    stream_wire_write(server->wire, &writer);
    stanza_open(&writer, "resumed", STREAM_NS_MANAGEMENT);
    stanza_put_number(&writer, "h", handled);
    stanza_put(&writer, "previd", server->resume_id);
    stanza_close(&writer);
    stream_management_start(&server->counts, server->resume_acked, handled);
    online(server);
    return stream_wire_out(server->wire)->status;
}

sotto_status stream_server_not_resumed(stream_server *server, bool known, uint32_t handled) {
    if (server->question != SERVER_ASKS_RESUME) return SOTTO_FAIL(STATE);
    server->question = SERVER_NO_QUESTION;
    write_failed(server, "item-not-found", known, handled);
    return stream_wire_out(server->wire)->status;
}

/* ---- online ---- */

static sotto_status on_enable(stream_server *server, const stanza_element *element) {
    if (server->without_management || server->counts.on) {
        write_failed(server, server->counts.on ? "unexpected-request" : "feature-not-implemented", false, 0);
        return SOTTO_OK;
    }
    sotto_bytes resume = stanza_attribute_of(element, "resume");
    server_ask(server, SERVER_ASKS_ENABLE,
               (stream_server_output){.kind = STREAM_SERVER_ENABLE,
                                      .resume = bytes_is(resume, "true") || bytes_is(resume, "1")});
    return SOTTO_OK;
}

sotto_status stream_server_enabled(stream_server *server, sotto_bytes resume_id) {
    if (server->question != SERVER_ASKS_ENABLE) return SOTTO_FAIL(STATE);
    if (resume_id.len > SOTTO_RESUME_ID_BYTES_MAX) return SOTTO_FAIL(USAGE);
    server->question = SERVER_NO_QUESTION;
    stanza_writer writer;
    stream_wire_write(server->wire, &writer);
    stanza_open(&writer, "enabled", STREAM_NS_MANAGEMENT);
    if (resume_id.len > 0) {
        stanza_put(&writer, "id", resume_id);
        stanza_put_text(&writer, "resume", "true");
    }
    stanza_close(&writer);
    stream_management_start(&server->counts, 0, 0);
    return stream_wire_out(server->wire)->status;
}

static sotto_status on_online(stream_server *server, const stanza_element *element) {
    if (is_stanza(element)) {
        uint32_t count = stream_management_count(&server->counts);
        server_push(server, (stream_server_output){.kind = STREAM_SERVER_STANZA, .stanza = element, .count = count});
    } else if (stanza_is(element, "r", STREAM_NS_MANAGEMENT)) {
        if (server->phase == SERVER_ONLINE) stream_management_asked(&server->counts, server->wire);
    } else if (stanza_is(element, "a", STREAM_NS_MANAGEMENT) && server->counts.on) {
        sotto_status status = stream_management_answered(&server->counts, server->wire, element);
        if (!sotto_ok(status)) {
            stream_wire_close(server->wire);
            server_finish(server, SOTTO_FAIL(MALFORMED), "more was acknowledged than was sent");
            return SOTTO_OK;
        }
        server_push(server, (stream_server_output){.kind = STREAM_SERVER_ACKED, .acked = server->counts.acked});
    } else if (stanza_is(element, "enable", STREAM_NS_MANAGEMENT)) {
        return on_enable(server, element);
    } else if (stanza_is(element, "error", STREAM_NS_STREAM)) {
        stream_wire_close(server->wire);
        server_finish(server, SOTTO_FAIL(STREAM_ERROR), "the client ended with an error");
    } else {
        return server_refuse(server, SOTTO_FAIL(MALFORMED), "unsupported-stanza-type");
    }
    return SOTTO_OK;
}
