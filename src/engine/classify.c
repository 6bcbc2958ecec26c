/* SPDX-License-Identifier: ISC */
#include "engine/classify.h"

static const char *const class_names[ENGINE_CLASS_COUNT] = {
    [ENGINE_PRESENCE_BROADCAST] = "presence-broadcast",
    [ENGINE_PRESENCE_SUBSCRIPTION] = "presence-subscription",
    [ENGINE_PRESENCE_ROOM] = "presence-room",
    [ENGINE_PRESENCE_EMPTY] = "presence-empty",
    [ENGINE_IQ_SERVER] = "iq-server",
    [ENGINE_IQ_DISCOVERY] = "iq-discovery",
    [ENGINE_MESSAGE_ERROR] = "message-error",
    [ENGINE_MESSAGE] = "message",
    [ENGINE_GROUPCHAT] = "message-groupchat",
    [ENGINE_PRESENCE_DIRECTED] = "presence-directed",
    [ENGINE_IQ_CONTENT] = "iq-content",
};

const char *engine_class_name(engine_class class) {
    return class < ENGINE_CLASS_COUNT ? class_names[class] : "unknown";
}

static bool one_of(sotto_bytes value, const char *const *names) {
    for (; *names != NULL; names++)
        if (bytes_is(value, *names)) return true;
    return false;
}

/* True when every child element is of one of the given namespaces. */
static bool holds_only(const stanza_element *stanza, const char *const *namespaces) {
    for (const stanza_element *child = stanza_first(stanza); child != NULL; child = stanza_next(stanza, child))
        if (!one_of(child->ns, namespaces)) return false;
    return true;
}

static const char *const muc_namespaces[] = {"http://jabber.org/protocol/muc", NULL};
static const char *const caps_namespaces[] = {"http://jabber.org/protocol/caps", NULL};
static const char *const discovery_namespaces[] = {"http://jabber.org/protocol/disco#info",
                                                   "http://jabber.org/protocol/disco#items", "urn:xmpp:ping",
                                                   "jabber:iq:version", NULL};
static const char *const subscription_types[] = {"subscribe",    "subscribed", "unsubscribe",
                                                 "unsubscribed", "probe",      NULL};
static const char *const message_types[] = {"", "normal", "chat", "headline", "groupchat", "error", NULL};

static sotto_status classify_presence(const stanza_element *stanza, const stanza_jid *to, engine_class *ret) {
    sotto_bytes type = stanza_attribute_of(stanza, "type");
    if (one_of(type, subscription_types)) {
        *ret = ENGINE_PRESENCE_SUBSCRIPTION;
    } else if (to == NULL) {
        *ret = ENGINE_PRESENCE_BROADCAST;
    } else if (stanza_child(stanza, "x", muc_namespaces[0]) != NULL) {
        *ret = ENGINE_PRESENCE_ROOM;
    } else if (holds_only(stanza, caps_namespaces)) {
        *ret = bytes_is(type, "unavailable") ? ENGINE_PRESENCE_ROOM : ENGINE_PRESENCE_EMPTY;
    } else {
        *ret = ENGINE_PRESENCE_DIRECTED;
    }
    return SOTTO_OK;
}

/* An error may carry the request it answers back to the sender: then it is content like the request was. */
static bool is_bare_error(const stanza_element *stanza) {
    return bytes_is(stanza_attribute_of(stanza, "type"), "error") && stanza_count(stanza) == 1 &&
           stanza_child(stanza, "error", STANZA_NS_CLIENT) != NULL;
}

static sotto_status classify_iq(const stanza_element *stanza, const stanza_jid *to, engine_class *ret) {
    static const char *const types[] = {"get", "set", "result", "error", NULL};
    sotto_bytes type = stanza_attribute_of(stanza, "type");
    if (!one_of(type, types)) return SOTTO_FAIL(MALFORMED);
    bool answer = bytes_is(type, "result") || bytes_is(type, "error");
    if (to == NULL || to->resource.len == 0) {
        *ret = ENGINE_IQ_SERVER; /* RFC 6121 section 8.5.1: an iq to a bare JID is answered by its server */
    } else if (is_bare_error(stanza) || (answer && stanza_count(stanza) == 0)) {
        *ret = ENGINE_IQ_DISCOVERY;
    } else {
        *ret = stanza_count(stanza) > 0 && holds_only(stanza, discovery_namespaces) ? ENGINE_IQ_DISCOVERY
                                                                                    : ENGINE_IQ_CONTENT;
    }
    return SOTTO_OK;
}

static sotto_status classify_message(const stanza_element *stanza, engine_class *ret) {
    sotto_bytes type = stanza_attribute_of(stanza, "type");
    if (!one_of(type, message_types)) return SOTTO_FAIL(MALFORMED);
    if (is_bare_error(stanza))
        *ret = ENGINE_MESSAGE_ERROR;
    else
        *ret = bytes_is(type, "groupchat") ? ENGINE_GROUPCHAT : ENGINE_MESSAGE;
    return SOTTO_OK;
}

sotto_status engine_classify(const stanza_element *stanza, const stanza_jid *to, engine_class *ret) {
    if (stanza_is(stanza, "presence", STANZA_NS_CLIENT)) return classify_presence(stanza, to, ret);
    if (stanza_is(stanza, "iq", STANZA_NS_CLIENT)) return classify_iq(stanza, to, ret);
    if (!stanza_is(stanza, "message", STANZA_NS_CLIENT)) return SOTTO_FAIL(MALFORMED);
    if (to == NULL) return SOTTO_FAIL(MALFORMED);
    return classify_message(stanza, ret);
}
