/* SPDX-License-Identifier: ISC
 *
 * Answering questions to an archive: honestly, or not. */
#include "lab/server/archive.h"

#include <stdio.h>

#include "stanza/time.h"

#define PAGE_MAX   250u
#define OTHER_FROM "mallory@"

static const lab_error bad_request = {"modify", "bad-request", NULL};
static const lab_error not_found = {"cancel", "item-not-found", NULL};

typedef struct archive_query {
    sotto_bytes queryid;
    uint64_t start_ms, end_ms;
    size_t max;
    sotto_bytes after, before;
    bool newest; /* <before/> */
} archive_query;

typedef struct archive_page {
    const lab_archived *first; /* NULL: none */
    size_t count;              /* of results */
    size_t index, total;       /* where the first stands; of all that match */
} archive_page;

/* ---- reading ---- */

static sotto_status text_of(lab_server *server, const stanza_element *element, sotto_bytes *ret) {
    *ret = BYTES_NONE;
    return element == NULL || stanza_text(element, &server->arena, ret) ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
}

static sotto_status read_form(lab_server *server, const stanza_element *form, archive_query *query, bool *ret_good) {
    for (const stanza_element *at = stanza_first(form); at; at = stanza_next(form, at)) {
        sotto_bytes value;
        SOTTO_TRY(text_of(server, stanza_child(at, "value", LAB_NS_FORMS), &value));
        sotto_bytes name = stanza_attribute_of(at, "var");
        if (bytes_is(name, "start")) *ret_good = stanza_time_read(value, &query->start_ms) && *ret_good;
        if (bytes_is(name, "end")) *ret_good = stanza_time_read(value, &query->end_ms) && *ret_good;
    }
    return SOTTO_OK;
}

static size_t number_of(sotto_bytes text) {
    size_t number = 0;
    for (size_t i = 0; i < text.len && i < 6; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') return 0;
        number = number * 10 + (size_t)(text.at[i] - '0');
    }
    return number;
}

static sotto_status read_query(lab_server *server, const stanza_element *element, size_t most, archive_query *ret,
                               bool *ret_good) {
    const stanza_element *set = stanza_child(element, "set", LAB_NS_PAGING);
    const stanza_element *before = stanza_child(set, "before", LAB_NS_PAGING);
    sotto_bytes max;
    *ret = (archive_query){.queryid = stanza_attribute_of(element, "queryid"), .end_ms = UINT64_MAX, .max = PAGE_MAX};
    *ret_good = true;
    SOTTO_TRY(read_form(server, stanza_child(element, "x", LAB_NS_FORMS), ret, ret_good));
    SOTTO_TRY(text_of(server, stanza_child(set, "max", LAB_NS_PAGING), &max));
    SOTTO_TRY(text_of(server, stanza_child(set, "after", LAB_NS_PAGING), &ret->after));
    SOTTO_TRY(text_of(server, before, &ret->before));
    ret->newest = before != NULL;
    if (max.len > 0) ret->max = number_of(max);
    if (ret->max > PAGE_MAX) ret->max = PAGE_MAX;
    if (most > 0 && ret->max > most) ret->max = most;
    return SOTTO_OK;
}

/* ---- finding ---- */

static bool matches(const lab_archived *at, const archive_query *query) {
    return at->since_ms >= query->start_ms && at->since_ms <= query->end_ms;
}

/* False: an id that is not there. */
static bool find_page(const lab_archive *archive, const archive_query *query, archive_page *ret) {
    size_t total = 0, behind = 0, until = SIZE_MAX;
    bool after_found = query->after.len == 0, before_found = query->before.len == 0;
    for (const lab_archived *at = archive->first; at; at = at->next) {
        if (bytes_equal(at->id, query->before)) {
            before_found = true;
            until = total;
        }
        total += matches(at, query);
        if (!bytes_equal(at->id, query->after)) continue;
        after_found = true;
        behind = total;
    }
    if (until > total) until = total;
    size_t from = query->newest && until > behind + query->max ? until - query->max : behind, index = 0;
    *ret = (archive_page){.index = from, .total = total, .count = until > from ? until - from : 0};
    if (ret->count > query->max) ret->count = query->max;
    for (const lab_archived *at = archive->first; at && !ret->first; at = at->next) {
        if (!matches(at, query)) continue;
        if (index++ == from && ret->count > 0) ret->first = at;
    }
    return after_found && before_found;
}

/* ---- answering ---- */

static sotto_status say_result(lab_session *session, const archive_query *query, const lab_archived *archived) {
    lab_server *server = session->server;
    lab_archive_mode mode = session->account->archive.mode;
    const stanza_element *message;
    char stamp[STANZA_TIME_TEXT_SIZE], other[64];
    lab_draft draft;
    SOTTO_TRY(lab_parse(server, archived->stanza, &message));
    stanza_time_write(archived->since_ms, stamp);
    (void)snprintf(other, sizeof other, OTHER_FROM "%.*s", (int)server->domain.len, (const char *)server->domain.at);
    lab_draft_begin(&draft, server);
    stanza_open(&draft.w, "message", STANZA_NS_CLIENT);
    stanza_put(&draft.w, "from", mode == LAB_ARCHIVE_WRONG_FROM ? bytes_text(other) : session->account->jid);
    stanza_put(&draft.w, "to", session->jid);
    stanza_open(&draft.w, "result", LAB_NS_ARCHIVE);
    stanza_put(&draft.w, "queryid", mode == LAB_ARCHIVE_WRONG_QUERYID ? BYTES_LITERAL("other") : query->queryid);
    stanza_put(&draft.w, "id", archived->id);
    stanza_open(&draft.w, "forwarded", LAB_NS_FORWARD);
    stanza_open(&draft.w, "delay", LAB_NS_DELAY);
    stanza_put_text(&draft.w, "stamp", stamp);
    stanza_close(&draft.w);
    stanza_copy(&draft.w, message);
    return lab_draft_say(&draft, session);
}

static const lab_archived *at_index(const archive_page *page, const archive_query *query, size_t index) {
    const lab_archived *at = page->first;
    for (; at && index > 0; at = at->next)
        if (matches(at, query)) index--;
    while (at && !matches(at, query)) at = at->next;
    return at;
}

static sotto_status say_results(lab_session *session, const archive_query *query, const archive_page *page) {
    lab_archive_mode mode = session->account->archive.mode;
    for (size_t i = 0; i < page->count; i++) {
        if (mode == LAB_ARCHIVE_MISSING && i % 2 == 1) continue;
        size_t index = mode == LAB_ARCHIVE_REVERSED ? page->count - 1 - i : i;
        SOTTO_TRY(say_result(session, query, at_index(page, query, index)));
        if (mode == LAB_ARCHIVE_TWICE) SOTTO_TRY(say_result(session, query, at_index(page, query, index)));
    }
    return SOTTO_OK;
}

static sotto_status say_end(lab_session *session, const stanza_element *iq, const archive_query *query,
                            const archive_page *page) {
    lab_archive_mode mode = session->account->archive.mode;
    const lab_archived *last = at_index(page, query, page->count - 1);
    bool complete = query->newest ? page->index == 0 : page->index + page->count >= page->total;
    if (mode == LAB_ARCHIVE_NEVER_COMPLETE || mode == LAB_ARCHIVE_SAME_PAGE) complete = false;
    lab_draft draft;
    lab_draft_begin(&draft, session->server);
    lab_draft_answer(&draft, iq);
    stanza_open(&draft.w, "fin", LAB_NS_ARCHIVE);
    if (complete) stanza_put_text(&draft.w, "complete", "true");
    stanza_open(&draft.w, "set", LAB_NS_PAGING);
    if (page->count > 0) {
        stanza_open(&draft.w, "first", LAB_NS_PAGING);
        stanza_put_number(&draft.w, "index", page->index);
        stanza_write(&draft.w, page->first->id);
        stanza_close(&draft.w);
        stanza_leaf(&draft.w, "last", LAB_NS_PAGING, last->id);
    }
    return lab_draft_reply(&draft, iq);
}

/* Only what is asked for is answered: pages of a set, and times. */
sotto_status lab_archive_iq(lab_session *session, const stanza_element *iq) {
    lab_server *server = session->server;
    const lab_archive *archive = &session->account->archive;
    archive_query query;
    archive_page page;
    bool good;
    if (!archive->on) return lab_bounce(server, iq, (lab_error){"cancel", "service-unavailable", NULL});
    SOTTO_TRY(read_query(server, stanza_first(iq), archive->page, &query, &good));
    if (!good || !lab_type_is(iq, "set") || query.max == 0) return lab_bounce(server, iq, bad_request);
    if (archive->mode == LAB_ARCHIVE_SILENT) return SOTTO_OK;
    if (archive->mode == LAB_ARCHIVE_SAME_PAGE) query.after = BYTES_NONE;
    if (!find_page(archive, &query, &page)) return lab_bounce(server, iq, not_found);
    SOTTO_TRY(say_results(session, &query, &page));
    return say_end(session, iq, &query, &page);
}
