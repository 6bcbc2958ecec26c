/* SPDX-License-Identifier: ISC
 *
 * The server of fuzz/engine_world.h: published items, and true answers to questions about them. */
#include "engine_world.h"
#include "stanza/writer.h"
#include "trees.h"

#define NS_PUBSUB  "http://jabber.org/protocol/pubsub"
#define NS_INFO    "http://jabber.org/protocol/disco#info"
#define NS_ARCHIVE "urn:xmpp:mam:2"
#define NS_ROOM    "http://jabber.org/protocol/muc"

static void set_text(char *to, size_t size, sotto_bytes from) {
    size_t len = from.len < size - 1 ? from.len : size - 1;
    if (len > 0) memcpy(to, from.at, len);
    to[len] = '\0';
}

const world_item *world_item_of(const world *w, uint8_t owner, const char *node, size_t which) {
    const world_item *found = NULL;
    for (size_t i = 0; i < WORLD_ITEMS; i++) {
        const world_item *item = &w->items[i];
        if (!item->there || item->owner != owner || strcmp(item->node, node) != 0) continue;
        if (!found || which-- > 0) found = item;
        if (which == 0) break;
    }
    return found;
}

static world_item *room_for(world *w, uint8_t owner, const char *node, const char *id) {
    world_item *spare = NULL;
    for (size_t i = 0; i < WORLD_ITEMS; i++) {
        world_item *item = &w->items[i];
        if (!item->there) {
            spare = spare ? spare : item;
        } else if (item->owner == owner && strcmp(item->node, node) == 0 && strcmp(item->id, id) == 0) {
            return item;
        }
    }
    return spare;
}

static void publish(world_device *d, const stanza_element *element) {
    const stanza_element *item = stanza_child(element, "item", NS_PUBSUB), *payload = stanza_first(item);
    char node[WORLD_NODE], id[16];
    set_text(node, sizeof node, stanza_attribute_of(element, "node"));
    set_text(id, sizeof id, stanza_attribute_of(item, "id"));
    world_item *room = room_for(d->world, d->account, node, id);
    if (!payload || !room) return;
    bytes_buffer out;
    stanza_writer writer;
    sotto_bytes text;
    bytes_buffer_owned(&out, &d->world->host.host, 1u << 20);
    stanza_writer_init(&writer, &out, "");
    stanza_copy(&writer, payload);
    if (sotto_ok(bytes_buffer_end(&out, &text))) {
        free(room->payload.at);
        *room = (world_item){.there = true, .owner = d->account};
        memcpy(room->node, node, sizeof node);
        memcpy(room->id, id, sizeof id);
        room->payload.at = malloc(text.len + 1);
        MUST(room->payload.at != NULL);
        memcpy(room->payload.at, text.at, text.len);
        room->payload.at[text.len] = '\0';
        room->payload.len = text.len;
    }
    bytes_buffer_free(&out);
}

static void retract(world_device *d, const stanza_element *element) {
    char node[WORLD_NODE], id[16];
    set_text(node, sizeof node, stanza_attribute_of(element, "node"));
    set_text(id, sizeof id, stanza_attribute_of(stanza_child(element, "item", NS_PUBSUB), "id"));
    world_item *room = room_for(d->world, d->account, node, id);
    if (!room || !room->there) return;
    free(room->payload.at);
    *room = (world_item){.there = false};
}

static bool give(world_device *d, uint8_t owner, const stanza_element *items, bytes_buffer *ret) {
    sotto_bytes node = stanza_attribute_of(items, "node");
    sotto_bytes id = stanza_attribute_of(stanza_child(items, "item", NS_PUBSUB), "id");
    bool any = false;
    for (size_t i = 0; i < WORLD_ITEMS; i++) {
        const world_item *item = &d->world->items[i];
        if (!item->there || item->owner != owner || !bytes_is(node, item->node)) continue;
        if (id.len > 0 && !bytes_is(id, item->id)) continue;
        if (!any) {
            bytes_buffer_text(ret, "<pubsub xmlns='" NS_PUBSUB "'><items node='");
            bytes_buffer_text(ret, item->node);
            bytes_buffer_text(ret, "'>");
        }
        any = true;
        bytes_buffer_text(ret, "<item id='");
        bytes_buffer_text(ret, item->id);
        bytes_buffer_text(ret, "'>");
        bytes_buffer_put(ret, bytes_of(item->payload.at, item->payload.len));
        bytes_buffer_text(ret, "</item>");
    }
    if (any) bytes_buffer_text(ret, "</items></pubsub>");
    return any;
}

static void begin(bytes_buffer *ret, const char *type, sotto_bytes id, sotto_bytes from) {
    bytes_buffer_text(ret, "<iq type='");
    bytes_buffer_text(ret, type);
    bytes_buffer_text(ret, "' id='");
    bytes_buffer_put(ret, id);
    bytes_buffer_text(ret, "'");
    if (from.len > 0) {
        bytes_buffer_text(ret, " from='");
        bytes_buffer_put(ret, from);
        bytes_buffer_text(ret, "'");
    }
    bytes_buffer_text(ret, ">");
}

/* What a room for members that shows JIDs says, and an archive that has nothing. */
static bool give_more(const stanza_element *query, bool room, bytes_buffer *ret) {
    static const char *const features[] = {NS_ROOM, "muc_membersonly", "muc_nonanonymous", "urn:xmpp:occupant-id:0"};
    if (stanza_is(query, "query", NS_ARCHIVE)) {
        bytes_buffer_text(ret, "<fin xmlns='" NS_ARCHIVE "' complete='true'/>");
    } else if (stanza_is(query, "query", NS_INFO)) {
        bytes_buffer_text(ret, "<query xmlns='" NS_INFO "'><feature var='" NS_ARCHIVE "'/><feature "
                               "var='urn:xmpp:sid:0'/>");
        for (size_t i = 0; room && i < sizeof features / sizeof *features; i++) {
            bytes_buffer_text(ret, "<feature var='");
            bytes_buffer_text(ret, features[i]);
            bytes_buffer_text(ret, "'/>");
        }
        bytes_buffer_text(ret, "</query>");
    } else if (room && stanza_is(query, "query", NS_ROOM "#admin")) {
        sotto_bytes list = stanza_attribute_of(stanza_first(query), "affiliation");
        bytes_buffer_text(ret, "<query xmlns='" NS_ROOM "#admin'>");
        for (uint8_t i = 0; i < WORLD_ACCOUNTS; i++) {
            if (!bytes_is(list, i == 0 ? "owner" : "member")) continue;
            bytes_buffer_text(ret, i == 0 ? "<item affiliation='owner' jid='" : "<item affiliation='member' jid='");
            bytes_buffer_text(ret, world_bare[i]);
            bytes_buffer_text(ret, "'/>");
        }
        bytes_buffer_text(ret, "</query>");
    } else {
        return room && (stanza_is(query, "ping", NULL) || stanza_is(query, "query", NS_ROOM "#owner"));
    }
    return true;
}

bool world_answer(world_device *d, const world_text *ask, bytes_buffer *ret) {
    const stanza_element *iq = fuzz_parse(&d->world->arena, bytes_of(ask->at, ask->len));
    if (!iq) return false;
    sotto_bytes id = stanza_attribute_of(iq, "id"), to = stanza_attribute_of(iq, "to");
    const stanza_element *pubsub = stanza_first(iq), *what = stanza_first(pubsub);
    bool other = bytes_is(to, world_bare[1 - d->account]);
    bool own = to.len == 0 || bytes_is(to, world_bare[d->account]);
    bytes_buffer body;
    bytes_buffer_owned(&body, &d->world->host.host, 1u << 20);
    bool found = true, room = bytes_starts_with(to, BYTES_LITERAL(WORLD_ROOM));
    if (d->world->rooms && (room || own) && !stanza_is(pubsub, "pubsub", NULL))
        found = give_more(pubsub, room, &body);
    else if (bytes_is(stanza_attribute_of(iq, "type"), "get"))
        found = (own || other) && stanza_is(what, "items", NULL) &&
                give(d, (uint8_t)(other ? 1 - d->account : d->account), what, &body);
    else if (own && stanza_is(what, "publish", NULL))
        publish(d, what);
    else if (own && stanza_is(what, "retract", NULL))
        retract(d, what);
    begin(ret, found ? "result" : "error", id, to);
    if (found)
        bytes_buffer_put(ret, bytes_of(body.at, body.len));
    else
        bytes_buffer_text(ret,
                          "<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>");
    bytes_buffer_text(ret, "</iq>");
    bytes_buffer_free(&body);
    bytes_arena_clear(&d->world->arena);
    return true;
}
