/* SPDX-License-Identifier: ISC
 *
 * Reading the history: the last entries, those that hold a text, those nobody has seen, and which conversations there
 * are. */
#include "app/history_part.h"

#include <string.h>

#include "bytes/span.h"

/* ---- reading ---- */

typedef struct wanted {
    uint64_t before_ms;
    sotto_bytes text; /* .at NULL: any */
    size_t count;
} wanted;

static uint8_t folded(uint8_t c) {
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static bool holds(sotto_bytes text, sotto_bytes part) {
    for (size_t at = 0; at + part.len <= text.len; at++) {
        size_t i = 0;
        while (i < part.len && folded(text.at[at + i]) == folded(part.at[i])) i++;
        if (i == part.len) return true;
    }
    return false;
}

static bool fits(const app_entry *entry, const wanted *w) {
    if (entry->time_ms >= w->before_ms && w->before_ms != UINT64_MAX) return false;
    return !w->text.at || holds(entry->body, w->text) || holds(entry->subject, w->text);
}

/* Whether the entry is wanted; what cannot be read is not. */
static sotto_status look_at(app_history *h, const history_conversation *c, uint64_t number, const wanted *w,
                            bool *ret) {
    app_entry entry;
    uint64_t order;
    size_t bytes;
    bytes_arena_mark mark = bytes_arena_here(&h->arena);
    sotto_status status = app_history_entry_get(h, c, number, &entry, &order, &bytes);
    *ret = sotto_ok(status) && fits(&entry, w);
    bytes_arena_back(&h->arena, mark);
    return sotto_is(status, SOTTO_E_NOT_FOUND) || sotto_is(status, SOTTO_E_MALFORMED) ? SOTTO_OK : status;
}

static sotto_status show(app_history *h, const history_conversation *c, uint64_t number, app_history_visit *visit,
                         void *arg) {
    app_entry entry;
    uint64_t order;
    size_t bytes;
    bytes_arena_mark mark = bytes_arena_here(&h->arena);
    sotto_status status = app_history_entry_get(h, c, number, &entry, &order, &bytes);
    if (sotto_ok(status))
        status = visit(arg, &entry);
    else if (sotto_is(status, SOTTO_E_NOT_FOUND) || sotto_is(status, SOTTO_E_MALFORMED))
        status = SOTTO_OK;
    bytes_arena_back(&h->arena, mark);
    return status;
}

/* From the newest backwards, and then shown the other way round. */
static sotto_status read_back(app_history *h, sotto_bytes with, const wanted *w, app_history_visit *visit, void *arg) {
    history_conversation c;
    sotto_status status = app_history_conversation_find(h, with, &c);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    SOTTO_TRY(status);
    uint64_t there = c.next - c.first;
    size_t most = w->count < there ? w->count : (size_t)there, found = 0;
    uint64_t *numbers = bytes_arena_take(&h->arena, most * sizeof *numbers);
    if (!numbers) return SOTTO_FAIL(NO_MEMORY);
    for (uint64_t number = c.next; number > c.first && found < most; number--) {
        bool is_wanted;
        SOTTO_TRY(look_at(h, &c, number - 1, w, &is_wanted));
        if (is_wanted) numbers[found++] = number - 1;
    }
    while (found > 0) SOTTO_TRY(show(h, &c, numbers[--found], visit, arg));
    return SOTTO_OK;
}

static sotto_status show_ticket(app_history *h, uint64_t ticket, app_history_visit *visit, void *arg) {
    history_name n;
    history_place at;
    history_conversation c;
    SOTTO_TRY(app_history_place_get(h, app_history_name_number(&n, 't', ticket), &at));
    SOTTO_TRY(app_history_conversation_get(h, at.conversation, &c));
    return show(h, &c, at.number, visit, arg);
}

sotto_status app_history_ticket(app_history *h, uint64_t ticket, app_history_visit *visit, void *arg) {
    APP_HISTORY_BETWEEN_MARKS(h, show_ticket(h, ticket, visit, arg));
}

sotto_status app_history_last(app_history *h, sotto_bytes with, uint64_t before_ms, size_t count,
                              app_history_visit *visit, void *arg) {
    const wanted w = {.before_ms = before_ms, .count = count};
    APP_HISTORY_BETWEEN_MARKS(h, read_back(h, with, &w, visit, arg));
}

sotto_status app_history_search(app_history *h, sotto_bytes with, sotto_bytes text, size_t count,
                                app_history_visit *visit, void *arg) {
    const wanted w = {.before_ms = UINT64_MAX, .text = text, .count = count};
    APP_HISTORY_BETWEEN_MARKS(h, read_back(h, with, &w, visit, arg));
}

static sotto_status entry_shown(app_history *h, const history_conversation *c, uint64_t number, bool *ret_was) {
    app_entry entry;
    uint64_t order;
    size_t bytes;
    *ret_was = false;
    sotto_status status = app_history_entry_get(h, c, number, &entry, &order, &bytes);
    if (sotto_is(status, SOTTO_E_NOT_FOUND) || sotto_is(status, SOTTO_E_MALFORMED)) return SOTTO_OK;
    SOTTO_TRY(status);
    if (!entry.unread) return SOTTO_OK;
    entry.unread = false;
    *ret_was = true;
    return app_history_entry_put(h, c->id, &entry, order, &bytes);
}

static sotto_status entries_shown(app_history *h, sotto_bytes with) {
    history_conversation c;
    sotto_status status = app_history_conversation_find(h, with, &c);
    if (sotto_is(status, SOTTO_E_NOT_FOUND) || (sotto_ok(status) && c.unread == 0)) return SOTTO_OK;
    SOTTO_TRY(status);
    for (uint64_t number = c.next; number > c.first && c.unread > 0; number--) {
        bool was;
        bytes_arena_mark mark = bytes_arena_here(&h->arena);
        status = entry_shown(h, &c, number - 1, &was);
        bytes_arena_back(&h->arena, mark);
        SOTTO_TRY(status);
        c.unread -= was;
    }
    c.unread = 0;
    SOTTO_TRY(app_history_conversation_put(h, &c));
    return app_history_head_put(h, h->head);
}

static sotto_status shown(app_history *h, sotto_bytes with, app_history_done *done, void *arg) {
    history_name n;
    size_t kept = 0;
    sotto_status status = SOTTO_OK;
    SOTTO_TRY(entries_shown(h, with));
    SOTTO_TRY(app_history_name_of_jid(&n, with));
    for (size_t i = 0; i < h->waiting_count; i++) {
        const history_waiting w = h->waiting[i];
        bool is_it = sotto_ok(status) && memcmp(w.with, n.at + 2, sizeof w.with) == 0;
        if (is_it) status = done(arg, w.seq);
        if (!is_it || !sotto_ok(status)) h->waiting[kept++] = w;
    }
    h->waiting_count = kept;
    return status;
}

sotto_status app_history_shown(app_history *h, sotto_bytes with, app_history_done *done, void *arg) {
    APP_HISTORY_BETWEEN_MARKS(h, shown(h, with, done, arg));
}

/* ---- conversations ---- */

typedef struct listing {
    app_conversation_visit *visit;
    void *arg;
} listing;

static sotto_status list_one(void *arg, sotto_bytes note, sotto_bytes value) {
    const listing *l = arg;
    history_conversation c;
    (void)note;
    if (!sotto_ok(app_history_conversation_read(&c, 0, value))) return SOTTO_OK;
    const app_conversation found = {c.with, c.next - c.first, c.unread, c.last_ms, c.room};
    return l->visit(l->arg, &found);
}

sotto_status app_history_conversations(app_history *h, app_conversation_visit *visit, void *arg) {
    listing l = {visit, arg};
    return sotto_engine_notes(h->engine, BYTES_LITERAL("hc"), list_one, &l);
}
