/* SPDX-License-Identifier: ISC */
#include "context/archive.h"

#include "bytes/span.h"
#include "context/carbon.h"
#include "context/delay.h"
#include "context/notification.h"
#include "stanza/time.h"

#define NS_ARCHIVE   "urn:xmpp:mam:2"
#define NS_FORWARD   "urn:xmpp:forward:0"
#define NS_FORMS     "jabber:x:data"
#define NS_PAGING    "http://jabber.org/protocol/rsm"
#define NS_OCCUPANT  "http://jabber.org/protocol/muc#user"
#define NS_STANZAS   "urn:ietf:params:xml:ns:xmpp-stanzas"
#define NS_STANZA_ID "urn:xmpp:sid:0"

/* ---- asking ---- */

static void write_field(stanza_writer *writer, const char *name, const char *type, const char *value) {
    stanza_open(writer, "field", NS_FORMS);
    stanza_put_text(writer, "var", name);
    if (type != NULL) stanza_put_text(writer, "type", type);
    stanza_leaf(writer, "value", NS_FORMS, bytes_text(value));
    stanza_close(writer);
}

static void write_start(stanza_writer *writer, uint64_t start_ms) {
    char stamp[STANZA_TIME_TEXT_SIZE];
    stanza_time_write(start_ms, stamp);
    stanza_open(writer, "x", NS_FORMS);
    stanza_put_text(writer, "type", "submit");
    write_field(writer, "FORM_TYPE", "hidden", NS_ARCHIVE);
    write_field(writer, "start", NULL, stamp);
    stanza_close(writer);
}

void context_archive_query_write(stanza_writer *writer, const context_archive_query *query) {
    stanza_open(writer, "query", NS_ARCHIVE);
    stanza_put(writer, "queryid", query->queryid);
    if (query->start_ms != 0) write_start(writer, query->start_ms);
    stanza_open(writer, "set", NS_PAGING);
    stanza_open(writer, "max", NS_PAGING);
    bytes_buffer number;
    uint8_t digits[24];
    sotto_bytes text = BYTES_NONE;
    bytes_buffer_borrowed(&number, digits, sizeof digits);
    bytes_buffer_decimal(&number, query->max);
    if (sotto_ok(bytes_buffer_end(&number, &text))) stanza_write(writer, text);
    stanza_close(writer);
    if (query->newest) stanza_leaf(writer, "before", NS_PAGING, BYTES_NONE);
    if (query->after.len > 0) stanza_leaf(writer, "after", NS_PAGING, query->after);
    stanza_close(writer);
    stanza_close(writer);
}

void context_archive_support_read(const stanza_element *iq, context_archive_support *ret) {
    const stanza_element *query = stanza_child(iq, "query", CONTEXT_NS_INFO);
    *ret = (context_archive_support){false, false};
    for (const stanza_element *child = stanza_first(query); child != NULL; child = stanza_next(query, child)) {
        if (!stanza_is(child, "feature", CONTEXT_NS_INFO)) continue;
        sotto_bytes feature = stanza_attribute_of(child, "var");
        ret->archive = ret->archive || bytes_is(feature, NS_ARCHIVE);
        ret->ids = ret->ids || bytes_is(feature, NS_STANZA_ID);
    }
}

/* ---- what comes back ---- */

bool context_archive_result_read(const stanza_element *message, context_archive_result *ret, bool *ret_is) {
    *ret_is = false;
    bool several;
    if (stanza_child(message, "result", NS_ARCHIVE) == NULL) return false;
    const stanza_element *result = stanza_only_child(message, "result", NS_ARCHIVE, &several);
    const stanza_element *forwarded = stanza_only_child(result, "forwarded", NS_FORWARD, NULL);
    if (forwarded == NULL || stanza_attribute_of(result, "id").len == 0) return true;
    *ret = (context_archive_result){
        .queryid = stanza_attribute_of(result, "queryid"),
        .id = stanza_attribute_of(result, "id"),
        .message = stanza_only_child(forwarded, "message", STANZA_NS_CLIENT, &several),
    };
    ret->has_time = context_delay_read(forwarded, &ret->time_ms);
    *ret_is = ret->message != NULL || stanza_child(forwarded, "message", STANZA_NS_CLIENT) == NULL;
    return true;
}

sotto_status context_archive_page_read(const stanza_element *iq, bytes_arena *arena, context_archive_page *ret) {
    const stanza_element *fin = stanza_only_child(iq, "fin", NS_ARCHIVE, NULL);
    if (fin == NULL) return SOTTO_FAIL(MALFORMED);
    const stanza_element *last = stanza_child(stanza_child(fin, "set", NS_PAGING), "last", NS_PAGING);
    context_archive_page page = {.last = BYTES_NONE};
    if (last != NULL && !stanza_text(last, arena, &page.last)) return SOTTO_FAIL(NO_MEMORY);
    sotto_bytes complete = stanza_attribute_of(fin, "complete");
    page.complete = bytes_is(complete, "true") || bytes_is(complete, "1");
    *ret = page;
    return SOTTO_OK;
}

bool context_archive_is_lost(const stanza_element *iq) {
    return stanza_child(stanza_child(iq, "error", STANZA_NS_CLIENT), "item-not-found", NS_STANZAS) != NULL;
}

/* ---- whose message it is ---- */

/* An address inside; *ret_is is false for one that is none. */
static sotto_status read_jid(const stanza_element *element, const char *attribute, bytes_arena *arena, bool *ret_is,
                             stanza_jid *ret) {
    sotto_bytes text = stanza_attribute_of(element, attribute);
    *ret_is = false;
    if (text.len == 0) return SOTTO_OK;
    sotto_status status = stanza_jid_parse(arena, text, ret);
    if (!sotto_ok(status)) return sotto_class(status) == SOTTO_CLASS_OURS ? status : SOTTO_OK;
    *ret_is = true;
    return SOTTO_OK;
}

/* What an archive should not hold, and what would be dangerous to take from one: wrappers (T1, T2: no nesting), and
 * notifications, which speak of a moment. */
static sotto_status is_wrapper(const stanza_element *message, const stanza_jid *from, bytes_arena *arena, bool *ret) {
    context_carbon carbon;
    context_archive_result result;
    context_notification notification;
    const stanza_element *inner;
    stanza_jid inner_from;
    bool is;
    SOTTO_TRY(context_carbon_read(message, from, from->bare, arena, &carbon, &inner, &inner_from));
    *ret = carbon != CONTEXT_CARBON_NONE || context_archive_result_read(message, &result, &is) ||
           context_notification_read(message, from, &notification);
    return SOTTO_OK;
}

sotto_status context_archive_origin(const stanza_element *message, sotto_bytes archive, bool room, bytes_arena *arena,
                                    context_archived *ret, stanza_jid *ret_from) {
    stanza_jid from, to = {0};
    bool is, has_to, wrapper;
    *ret = CONTEXT_ARCHIVED_NOT;
    SOTTO_TRY(read_jid(message, "from", arena, &is, &from));
    if (!is) return SOTTO_OK;
    SOTTO_TRY(is_wrapper(message, &from, arena, &wrapper));
    bool groupchat = bytes_is(stanza_attribute_of(message, "type"), "groupchat");
    if (wrapper || groupchat != room) return SOTTO_OK;
    SOTTO_TRY(read_jid(message, "to", arena, &has_to, &to));
    if (stanza_attribute_of(message, "to").at != NULL && !has_to) return SOTTO_OK;
    *ret_from = from;
    if (room)
        *ret = bytes_equal(from.bare, archive) ? CONTEXT_ARCHIVED_ROOM : CONTEXT_ARCHIVED_NOT;
    else if (bytes_equal(from.bare, archive))
        *ret = CONTEXT_ARCHIVED_SENT;
    else if (!has_to || bytes_equal(to.bare, archive))
        *ret = CONTEXT_ARCHIVED_RECEIVED;
    return SOTTO_OK;
}

sotto_status context_archive_occupant(const stanza_element *message, bytes_arena *arena, bool *ret_is,
                                      stanza_jid *ret) {
    const stanza_element *x = stanza_only_child(message, "x", NS_OCCUPANT, NULL);
    *ret_is = false;
    const stanza_element *item = stanza_only_child(x, "item", NS_OCCUPANT, NULL);
    return item == NULL ? SOTTO_OK : read_jid(item, "jid", arena, ret_is, ret);
}
