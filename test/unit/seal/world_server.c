/* SPDX-License-Identifier: ISC
 *
 * Enough of XEP-0060 and XEP-0163: items, publish with publish-options, retract, configure, notifications. A node knows
 * two settings, each off until publish-options or a configuration sets it: open, and many items. */
#include "world_server.h"

#include <string.h>

#include "stanza/jid.h"
#include "testing.h"

#define NS_PUBSUB "http://jabber.org/protocol/pubsub"
#define NS_OWNER  "http://jabber.org/protocol/pubsub#owner"

static sotto_bytes item_key(world *w, sotto_bytes jid, sotto_bytes node, sotto_bytes item) {
    bytes_buffer out;
    uint8_t *memory = bytes_arena_take(&w->memory, jid.len + node.len + item.len + 2);
    sotto_bytes key = BYTES_NONE;
    bytes_buffer_borrowed(&out, memory, jid.len + node.len + item.len + 2);
    bytes_buffer_put(&out, jid);
    bytes_buffer_u8(&out, 0);
    bytes_buffer_put(&out, node);
    bytes_buffer_u8(&out, 0);
    bytes_buffer_put(&out, item);
    assert_true(sotto_ok(bytes_buffer_end(&out, &key)));
    return key;
}

sotto_bytes world_item(const world *w, const char *jid, const char *node, const char *item) {
    uint8_t memory[4096];
    bytes_buffer out;
    sotto_bytes key = BYTES_NONE, value = BYTES_NONE;
    bytes_buffer_borrowed(&out, memory, sizeof memory);
    bytes_buffer_text(&out, jid);
    bytes_buffer_u8(&out, 0);
    bytes_buffer_text(&out, node);
    bytes_buffer_u8(&out, 0);
    bytes_buffer_text(&out, item);
    assert_true(sotto_ok(bytes_buffer_end(&out, &key)));
    return bytes_map_get(&w->items, key, &value) ? value : BYTES_NONE;
}

void world_set_item(world *w, const char *jid, const char *node, const char *item, sotto_bytes payload) {
    sotto_bytes key = item_key(w, bytes_text(jid), bytes_text(node), bytes_text(item));
    assert_true(sotto_ok(bytes_map_put(&w->items, key, payload)));
}

void world_drop_item(world *w, const char *jid, const char *node, const char *item) {
    bytes_map_remove(&w->items, item_key(w, bytes_text(jid), bytes_text(node), bytes_text(item)));
}

/* <items node>...</items>, of all items or one. */
static void items_write(world *w, bytes_buffer *out, sotto_bytes jid, sotto_bytes node, sotto_bytes item,
                        size_t *ret_count) {
    sotto_bytes prefix = item_key(w, jid, node, item), key, value, at = prefix;
    *ret_count = 0;
    bytes_buffer_text(out, "<items node='");
    bytes_buffer_put(out, node);
    bytes_buffer_text(out, "'>");
    for (bool beyond = false; bytes_map_from(&w->items, at, beyond, &key, &value); beyond = true) {
        if (!bytes_starts_with(key, prefix)) break;
        at = key;
        if (item.len > 0 && key.len != prefix.len) continue;
        bytes_buffer_text(out, "<item id='");
        bytes_buffer_put(out, bytes_after(key, jid.len + node.len + 2));
        bytes_buffer_text(out, "'>");
        bytes_buffer_put(out, value);
        bytes_buffer_text(out, "</item>");
        ++*ret_count;
    }
    bytes_buffer_text(out, "</items>");
}

/* With a NUL behind it. */
static const char *c_text(world *w, sotto_bytes text) {
    return (const char *)world_text(w, "%.*s", (int)text.len, (const char *)text.at).at;
}

static sotto_bytes finished(world *w, bytes_buffer *out) {
    sotto_bytes text = BYTES_NONE, copy = BYTES_NONE;
    assert_true(sotto_ok(bytes_buffer_end(out, &text)));
    assert_true(bytes_arena_copy(&w->memory, text, &copy));
    bytes_buffer_free(out);
    return copy;
}

/* ---- notifications ---- */

/* For this device there are no such nodes. */
static bool is_without(const world_device *d, sotto_bytes node) {
    return d->without && bytes_starts_with(node, bytes_text(d->without));
}

void world_notify(world *w, const char *jid, const char *node) {
    bytes_buffer out;
    size_t count;
    bytes_buffer_owned(&out, sotto_host_default(), 4u * 1024 * 1024);
    bytes_buffer_text(&out, "<event xmlns='http://jabber.org/protocol/pubsub#event'>");
    items_write(w, &out, bytes_text(jid), bytes_text(node), BYTES_NONE, &count);
    bytes_buffer_text(&out, "</event>");
    const stanza_element *event = world_parse(w, finished(w, &out));
    const char *const *wanted = w->class->nodes;
    while (*wanted && strcmp(*wanted, node) != 0) wanted++;
    for (size_t i = 0; *wanted && i < w->count; i++) {
        if (!w->devices[i]->online || is_without(w->devices[i], bytes_text(node))) continue;
        seal_input input = {
            .kind = SEAL_INPUT_PEP, .jid = bytes_text(jid), .node = bytes_text(node), .items = stanza_first(event)};
        assert_code(world_input(w->devices[i], &input), 0);
    }
}

/* ---- questions ---- */

static sotto_bytes answer_error(world *w, const char *condition, bool *ret_refused) {
    *ret_refused = true;
    bool met = strcmp(condition, "precondition-not-met") == 0;
    return world_text(
        w,
        "<iq type='error' id='x'><error type='cancel'><%s xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>%s</error></iq>",
        met ? "conflict" : condition,
        met ? "<precondition-not-met xmlns='http://jabber.org/protocol/pubsub#errors'/>" : "");
}

static sotto_bytes answer_items(world *w, sotto_bytes jid, const stanza_element *items, bool *ret_refused) {
    bytes_buffer out;
    size_t count;
    bytes_buffer_owned(&out, sotto_host_default(), 4u * 1024 * 1024);
    bytes_buffer_text(&out, "<iq type='result' id='x'><pubsub xmlns='" NS_PUBSUB "'>");
    sotto_bytes item = stanza_attribute_of(stanza_child(items, "item", NS_PUBSUB), "id");
    items_write(w, &out, jid, stanza_attribute_of(items, "node"), item, &count);
    bytes_buffer_text(&out, "</pubsub></iq>");
    sotto_bytes answer = finished(w, &out);
    return count > 0 ? answer : answer_error(w, "item-not-found", ret_refused);
}

/* What a form asks for: "open", "open many". */
static sotto_bytes form_settings(world *w, const stanza_element *form) {
    bool open = false, many = false;
    for (const stanza_element *field = stanza_first(form); field; field = stanza_next(form, field)) {
        sotto_bytes value;
        assert_true(stanza_text(stanza_first(field), &w->memory, &value));
        sotto_bytes var = stanza_attribute_of(field, "var");
        open = open || (bytes_is(var, "pubsub#access_model") && bytes_is(value, "open"));
        many = many || (bytes_is(var, "pubsub#max_items") && bytes_is(value, "max"));
    }
    return world_text(w, "%s%s", open ? "open" : "", many ? " many" : "");
}

static bool ends_with(sotto_bytes text, const char *end) {
    size_t len = strlen(end);
    return text.len >= len && bytes_is(bytes_after(text, text.len - len), end);
}

static sotto_bytes answer_publish(world *w, sotto_bytes jid, const stanza_element *pubsub, bool *ret_refused) {
    const stanza_element *publish = stanza_child(pubsub, "publish", NS_PUBSUB);
    const stanza_element *options = stanza_first(stanza_child(pubsub, "publish-options", NS_PUBSUB));
    const stanza_element *item = stanza_child(publish, "item", NS_PUBSUB);
    sotto_bytes node = stanza_attribute_of(publish, "node"), config;
    sotto_bytes config_key = item_key(w, jid, node, BYTES_LITERAL("config")),
                asked = options ? form_settings(w, options) : BYTES_NONE;
    if (bytes_map_get(&w->config, config_key, &config)) {
        /* XEP-0060 section 7.1.5: only what is asked for must be so. */
        bool access =
            bytes_starts_with(config, BYTES_LITERAL("open")) == bytes_starts_with(asked, BYTES_LITERAL("open"));
        bool many = !ends_with(asked, " many") || ends_with(config, " many");
        if (options && !(access && many)) return answer_error(w, "precondition-not-met", ret_refused);
    } else {
        assert_true(sotto_ok(bytes_map_put(&w->config, config_key, asked)));
    }
    bytes_buffer out;
    stanza_writer writer;
    bytes_buffer_owned(&out, sotto_host_default(), 4u * 1024 * 1024);
    stanza_writer_init(&writer, &out, STANZA_NS_CLIENT);
    stanza_copy(&writer, stanza_first(item));
    sotto_bytes id = stanza_attribute_of(item, "id");
    assert_true(sotto_ok(bytes_map_put(&w->items, item_key(w, jid, node, id), finished(w, &out))));
    if (bytes_is(node, "urn:xmpp:omemo:2:bundles")) w->publications++;
    if (w->notify) world_notify(w, c_text(w, jid), c_text(w, node));
    return world_text(w, "<iq type='result' id='x'/>");
}

static sotto_bytes answer_retract(world *w, sotto_bytes jid, const stanza_element *retract, bool *ret_refused) {
    sotto_bytes node = stanza_attribute_of(retract, "node"), value;
    sotto_bytes key = item_key(w, jid, node, stanza_attribute_of(stanza_first(retract), "id"));
    if (!bytes_map_get(&w->items, key, &value)) return answer_error(w, "item-not-found", ret_refused);
    bytes_map_remove(&w->items, key);
    if (w->notify) world_notify(w, c_text(w, jid), c_text(w, node));
    return world_text(w, "<iq type='result' id='x'/>");
}

static sotto_bytes answer_configure(world *w, sotto_bytes jid, const stanza_element *configure) {
    sotto_bytes key = item_key(w, jid, stanza_attribute_of(configure, "node"), BYTES_LITERAL("config"));
    assert_true(sotto_ok(bytes_map_put(&w->config, key, form_settings(w, stanza_first(configure)))));
    return world_text(w, "<iq type='result' id='x'/>");
}

sotto_bytes world_server_answer(world_device *d, const world_ask *ask, bool *ret_refused) {
    world *w = d->world;
    const stanza_element *pubsub = world_parse(w, ask->payload), *action = stanza_first(pubsub);
    sotto_bytes asker = d->env.account, jid = ask->to.len > 0 ? ask->to : asker;
    *ret_refused = false;
    if (is_without(d, stanza_attribute_of(action, "node"))) {
        bool lost = ask->set && !stanza_is(action, "retract", NS_PUBSUB);
        return lost ? world_text(w, "<iq type='result' id='x'/>") : answer_error(w, "item-not-found", ret_refused);
    }
    if (w->refuse_node && bytes_is(stanza_attribute_of(action, "node"), w->refuse_node)) {
        return w->refuse_with ? answer_error(w, w->refuse_with, ret_refused) : BYTES_NONE;
    }
    if (stanza_is(action, "items", NS_PUBSUB)) return answer_items(w, jid, action, ret_refused);
    if (!ask->set || !bytes_equal(jid, asker)) return answer_error(w, "forbidden", ret_refused);
    if (stanza_is(action, "publish", NS_PUBSUB)) return answer_publish(w, jid, pubsub, ret_refused);
    if (stanza_is(action, "retract", NS_PUBSUB)) return answer_retract(w, jid, action, ret_refused);
    if (stanza_is(action, "configure", NS_OWNER)) return answer_configure(w, jid, action);
    return answer_error(w, "feature-not-implemented", ret_refused);
}

void world_answer(world_device *d) {
    size_t count = d->ask_count;
    for (size_t i = 0; i < count && d->ask_count > 0; i++) {
        world_ask ask = d->asks[0];
        bool refused;
        memmove(&d->asks[0], &d->asks[1], (d->ask_count - 1) * sizeof d->asks[0]);
        d->ask_count--;
        sotto_bytes answer = world_server_answer(d, &ask, &refused);
        seal_input input = {.kind = SEAL_INPUT_ANSWER, .note = ask.note};
        if (answer.len == 0) {
            input.status = SOTTO_FAIL(TIMEOUT);
        } else {
            input.answer = world_parse(d->world, answer);
            if (refused) input.status = SOTTO_FAIL(SERVER_REFUSED);
        }
        assert_code(world_input(d, &input), 0);
    }
}

void world_settle(world *w) {
    for (int round = 0; round < 200; round++) {
        bool quiet = true;
        for (size_t i = 0; i < w->count; i++) {
            if (!w->devices[i]->online || w->devices[i]->ask_count == 0) continue;
            quiet = false;
            world_answer(w->devices[i]);
        }
        if (quiet) return;
    }
    fail_msg("the world does not come to rest");
}
