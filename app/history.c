/* SPDX-License-Identifier: ISC
 *
 * The history as notes of the host. Their names begin with 'h' and one more letter:
 *
 *     hh                    the head: version, changes so far, next conversation, next and oldest order, count, bytes
 *     hj HASH(jid)          → the number of the conversation
 *     hc CONVERSATION       → its address, first and next number, unread entries, time of the last one, whether a room
 *     hm CONVERSATION NUMBER→ the entry (app/history_entry.c)
 *     ho ORDER              → which entry: in the order of arrival over all conversations, so that the oldest is found
 *     hd HASH(what it says) → which entry: a message that comes a second time
 *     hi HASH(with, id)     → which sent entry: what receipts and errors speak of
 *     ht TICKET             → which sent entry, until its fate is settled
 *
 * Writing goes from the entry to the conversation to the head: an entry that its conversation does not count yet is not
 * there, and is written over by the next one. */
#include <string.h>

#include "app/history_part.h"
#include "bytes/cursor.h"
#include "bytes/memory.h"
#include "bytes/span.h"

#define PENDING_BYTES_MAX ((size_t)256 * 1024 * 1024)
#define HOLES_AT_ONCE     1000u /* of the order, that one append passes over */
#define SHORT_BYTES_MAX   1024u /* of a nick, an id, a subject: longer ones are nobody's */

/* ---- taking away ---- */

/* A name that leads to an entry goes with it, unless it leads to another by now. */
static sotto_status drop_name(app_history *h, sotto_bytes note, history_place at) {
    history_place there;
    sotto_status status = app_history_place_get(h, note, &there);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) return SOTTO_OK;
    if (sotto_ok(status) && (there.conversation != at.conversation || there.number != at.number)) return SOTTO_OK;
    if (!sotto_ok(status) && !sotto_is(status, SOTTO_E_MALFORMED)) return status;
    return app_history_put(h, note, BYTES_NONE);
}

static sotto_status drop_names(app_history *h, const app_entry *entry, uint64_t order, history_place at) {
    history_name n;
    SOTTO_TRY(app_history_put(h, app_history_name_number(&n, 'o', order), BYTES_NONE));
    SOTTO_TRY(app_history_name_of_content(&n, entry));
    SOTTO_TRY(drop_name(h, app_history_name_end(&n), at));
    if (entry->direction != APP_SENT) return SOTTO_OK;
    if (entry->ticket != 0) SOTTO_TRY(drop_name(h, app_history_name_number(&n, 't', entry->ticket), at));
    SOTTO_TRY(app_history_name_of_id(&n, entry->with, entry->id));
    return drop_name(h, app_history_name_end(&n), at);
}

/* The first entry of a conversation, which is not written yet; the head is not either. */
static sotto_status drop_first(app_history *h, history_conversation *c, history_head *next) {
    app_entry entry;
    uint64_t order;
    size_t bytes;
    history_name n;
    sotto_status status = app_history_entry_get(h, c, c->first, &entry, &order, &bytes);
    if (sotto_ok(status)) {
        SOTTO_TRY(drop_names(h, &entry, order, (history_place){c->id, c->first}));
        if (entry.unread && c->unread > 0) c->unread--;
        next->bytes -= bytes < next->bytes ? bytes : next->bytes;
    } else if (!sotto_is(status, SOTTO_E_NOT_FOUND) && !sotto_is(status, SOTTO_E_MALFORMED)) {
        return status;
    }
    SOTTO_TRY(app_history_put(h, app_history_name_entry(&n, c->id, c->first), BYTES_NONE));
    if (next->count > 0) next->count--;
    c->first++;
    return SOTTO_OK;
}

static sotto_status conversation_drop(app_history *h, const history_conversation *c) {
    history_name n;
    SOTTO_TRY(app_history_put(h, app_history_name_conversation(&n, c->id), BYTES_NONE));
    SOTTO_TRY(app_history_name_of_jid(&n, c->with));
    return app_history_put(h, app_history_name_end(&n), BYTES_NONE);
}

/* The oldest of all, or a hole where it was. `mine` is the conversation being written to, which is kept. */
static sotto_status drop_oldest(app_history *h, history_conversation *mine, history_head *next) {
    history_name n;
    history_place at;
    history_conversation other;
    sotto_status status = app_history_place_get(h, app_history_name_number(&n, 'o', next->oldest_order), &at);
    if (sotto_ok(status) && at.conversation == mine->id) {
        SOTTO_TRY(drop_first(h, mine, next));
    } else if (sotto_ok(status)) {
        status = app_history_conversation_get(h, at.conversation, &other);
        if (sotto_ok(status)) {
            SOTTO_TRY(drop_first(h, &other, next));
            SOTTO_TRY(other.first == other.next ? conversation_drop(h, &other)
                                                : app_history_conversation_put(h, &other));
        }
    }
    if (!sotto_ok(status) && !sotto_is(status, SOTTO_E_NOT_FOUND) && !sotto_is(status, SOTTO_E_MALFORMED))
        return status;
    next->oldest_order++;
    return SOTTO_OK;
}

static bool is_over(const app_history *h, const history_head *next) {
    return next->count > h->limits.all || next->bytes > h->limits.bytes;
}

/* What was just written (the last of `mine`) stays, whatever its size. */
static sotto_status prune(app_history *h, history_conversation *mine, history_head *next) {
    while (mine->next - mine->first > h->limits.of_one) SOTTO_TRY(drop_first(h, mine, next));
    for (size_t i = 0; i < HOLES_AT_ONCE && is_over(h, next) && next->oldest_order + 1 < next->next_order; i++) {
        bytes_arena_mark mark = bytes_arena_here(&h->arena);
        sotto_status status = drop_oldest(h, mine, next);
        bytes_arena_back(&h->arena, mark);
        SOTTO_TRY(status);
    }
    return SOTTO_OK;
}

/* ---- adding ---- */

/* What is here under a name; NOT_FOUND also where the record says nothing. */
static sotto_status known_get(app_history *h, sotto_bytes note, history_conversation *ret_conversation, app_entry *ret,
                              uint64_t *ret_order) {
    history_place at;
    size_t bytes;
    sotto_status status = app_history_place_get(h, note, &at);
    if (sotto_ok(status)) status = app_history_conversation_get(h, at.conversation, ret_conversation);
    if (sotto_ok(status)) status = app_history_entry_get(h, ret_conversation, at.number, ret, ret_order, &bytes);
    return sotto_is(status, SOTTO_E_MALFORMED) ? SOTTO_FAIL(NOT_FOUND) : status;
}

static sotto_bytes no_longer_than(sotto_bytes text, size_t most, bool *cut) {
    if (text.len <= most) return text;
    while (most > 0 && (text.at[most] & 0xc0) == 0x80) most--;
    *cut = true;
    return bytes_of(text.at, most);
}

/* What is kept of it. */
static app_entry trimmed(const app_entry *entry) {
    app_entry kept = *entry;
    bool ignored;
    kept.nick = no_longer_than(kept.nick, SOTTO_JID_PART_BYTES_MAX, &ignored);
    if (kept.id.len > SHORT_BYTES_MAX) kept.id = BYTES_NONE;
    if (kept.corrects.len > SHORT_BYTES_MAX) kept.corrects = BYTES_NONE;
    kept.subject = no_longer_than(kept.subject, SHORT_BYTES_MAX, &kept.cut);
    kept.body = no_longer_than(kept.body, SOTTO_HISTORY_TEXT_BYTES_MAX, &kept.cut);
    return kept;
}

static sotto_status names_put(app_history *h, const app_entry *entry, sotto_bytes content, uint64_t order,
                              history_place at) {
    history_name n;
    SOTTO_TRY(app_history_place_put(h, app_history_name_number(&n, 'o', order), at));
    SOTTO_TRY(app_history_place_put(h, content, at));
    if (entry->direction != APP_SENT) return SOTTO_OK;
    if (entry->ticket != 0) SOTTO_TRY(app_history_place_put(h, app_history_name_number(&n, 't', entry->ticket), at));
    if (entry->id.len == 0) return SOTTO_OK;
    SOTTO_TRY(app_history_name_of_id(&n, entry->with, entry->id));
    return app_history_place_put(h, app_history_name_end(&n), at);
}

static sotto_status conversation_new(app_history *h, const app_entry *entry, history_conversation *ret,
                                     history_head *next) {
    history_name n;
    uint8_t room[4];
    bytes_buffer value;
    *ret = (history_conversation){.id = next->next_conversation, .with = entry->with, .room = entry->room};
    SOTTO_TRY(app_history_name_of_jid(&n, entry->with));
    bytes_buffer_borrowed(&value, room, sizeof room);
    bytes_buffer_u32(&value, ret->id);
    SOTTO_TRY(app_history_put_buffer(h, app_history_name_end(&n), &value));
    next->next_conversation++;
    return SOTTO_OK;
}

static sotto_status add(app_history *h, app_entry *entry, sotto_bytes content) {
    history_conversation c;
    size_t bytes;
    history_head next = h->head;
    sotto_status status = app_history_conversation_find(h, entry->with, &c);
    if (sotto_is(status, SOTTO_E_NOT_FOUND)) status = conversation_new(h, entry, &c, &next);
    SOTTO_TRY(status);
    entry->number = c.next;
    SOTTO_TRY(names_put(h, entry, content, next.next_order, (history_place){c.id, c.next}));
    SOTTO_TRY(app_history_entry_put(h, c.id, entry, next.next_order, &bytes));
    next.next_order++;
    next.count++;
    next.bytes += bytes;
    c.next++;
    c.last_ms = entry->time_ms;
    c.unread += entry->unread;
    SOTTO_TRY(prune(h, &c, &next));
    SOTTO_TRY(app_history_conversation_put(h, &c));
    return app_history_head_put(h, next);
}

/* The same one was read now. */
static sotto_status read_now(app_history *h, history_conversation *c, app_entry *entry, uint64_t order) {
    size_t bytes;
    entry->unread = false;
    if (c->unread > 0) c->unread--;
    SOTTO_TRY(app_history_entry_put(h, c->id, entry, order, &bytes));
    SOTTO_TRY(app_history_conversation_put(h, c));
    return app_history_head_put(h, h->head);
}

static sotto_status wait_for(app_history *h, const app_entry *entry) {
    history_name n;
    if (!entry->unread || entry->seq == 0) return SOTTO_OK;
    if (h->waiting_count == h->waiting_size) {
        size_t size = h->waiting_size == 0 ? 16 : 2 * h->waiting_size;
        history_waiting *more =
            bytes_resize(sotto_host_default(), h->waiting, h->waiting_size * sizeof *more, size * sizeof *more);
        if (!more) return SOTTO_FAIL(NO_MEMORY);
        h->waiting = more;
        h->waiting_size = size;
    }
    SOTTO_TRY(app_history_name_of_jid(&n, entry->with));
    history_waiting *w = &h->waiting[h->waiting_count++];
    w->seq = entry->seq;
    memcpy(w->with, n.at + 2, sizeof w->with);
    return SOTTO_OK;
}

static sotto_status append(app_history *h, const app_entry *given, bool *ret_known) {
    history_name content;
    history_conversation c;
    app_entry entry = trimmed(given), there;
    uint64_t order;
    SOTTO_TRY(app_history_name_of_content(&content, &entry));
    sotto_status status = known_get(h, app_history_name_end(&content), &c, &there, &order);
    if (!sotto_ok(status) && !sotto_is(status, SOTTO_E_NOT_FOUND)) return status;
    *ret_known = sotto_ok(status);
    SOTTO_TRY(wait_for(h, &entry));
    if (!*ret_known) return add(h, &entry, app_history_name_end(&content));
    return there.unread && !entry.unread ? read_now(h, &c, &there, order) : SOTTO_OK;
}

static sotto_status knows(app_history *h, const app_entry *given, bool *ret_known, bool *ret_unread) {
    history_name content;
    history_conversation c;
    app_entry entry = trimmed(given), there;
    uint64_t order;
    SOTTO_TRY(app_history_name_of_content(&content, &entry));
    sotto_status status = known_get(h, app_history_name_end(&content), &c, &there, &order);
    if (!sotto_ok(status) && !sotto_is(status, SOTTO_E_NOT_FOUND)) return status;
    *ret_known = sotto_ok(status);
    *ret_unread = sotto_ok(status) && there.unread;
    return SOTTO_OK;
}

sotto_status app_history_append(app_history *h, const app_entry *entry, bool *ret_known) {
    APP_HISTORY_BETWEEN_MARKS(h, append(h, entry, ret_known));
}

sotto_status app_history_knows(app_history *h, const app_entry *entry, bool *ret_known, bool *ret_unread) {
    APP_HISTORY_BETWEEN_MARKS(h, knows(h, entry, ret_known, ret_unread));
}

/* ---- what became of it ---- */

/* Where a fate may go from another one: what the other side said under encryption is never taken back by what anybody
 * may have written, and what the server has is not waiting again. */
static unsigned rank_of(app_fate fate) {
    static const unsigned ranks[] = {[APP_FATE_NONE] = 0,    [APP_FATE_WAITING] = 1, [APP_FATE_HELD] = 1,
                                     [APP_FATE_FAILED] = 2,  [APP_FATE_SENT] = 3,    [APP_FATE_RETURNED] = 4,
                                     [APP_FATE_CLAIMED] = 5, [APP_FATE_ARRIVED] = 6, [APP_FATE_UNKNOWN] = 3};
    return ranks[fate];
}

typedef struct outcome {
    app_fate fate;
    sotto_bytes seal; /* .at NULL: as it was */
    sotto_trust trust;
} outcome;

static sotto_status fate_set(app_history *h, history_place at, const outcome *what) {
    history_conversation c;
    app_entry entry;
    uint64_t order;
    size_t before, after;
    history_name n;
    SOTTO_TRY(app_history_conversation_get(h, at.conversation, &c));
    SOTTO_TRY(app_history_entry_get(h, &c, at.number, &entry, &order, &before));
    if (rank_of(what->fate) < rank_of(entry.fate) || what->fate == entry.fate) return SOTTO_OK;
    entry.fate = what->fate;
    if (what->seal.at) {
        entry.seal = what->seal;
        entry.trust = what->trust;
    }
    if (entry.ticket != 0 && rank_of(entry.fate) > rank_of(APP_FATE_HELD)) {
        SOTTO_TRY(app_history_put(h, app_history_name_number(&n, 't', entry.ticket), BYTES_NONE));
        entry.ticket = 0;
    }
    SOTTO_TRY(app_history_entry_put(h, c.id, &entry, order, &after));
    history_head next = h->head;
    next.bytes += after;
    next.bytes -= before;
    return app_history_head_put(h, next);
}

static sotto_status fate_of(app_history *h, sotto_bytes note, const outcome *what) {
    history_place at;
    SOTTO_TRY(app_history_place_get(h, note, &at));
    return fate_set(h, at, what);
}

sotto_status app_history_fate(app_history *h, uint64_t ticket, app_fate fate, sotto_bytes seal, sotto_trust trust) {
    history_name n;
    const outcome what = {fate, seal, trust};
    APP_HISTORY_BETWEEN_MARKS(h, fate_of(h, app_history_name_number(&n, 't', ticket), &what));
}

sotto_status app_history_answer(app_history *h, sotto_bytes with, sotto_bytes id, app_fate fate) {
    history_name n;
    const outcome what = {.fate = fate};
    if (id.len == 0) return SOTTO_FAIL(NOT_FOUND);
    SOTTO_TRY(app_history_name_of_id(&n, with, id));
    APP_HISTORY_BETWEEN_MARKS(h, fate_of(h, app_history_name_end(&n), &what));
}

/* ---- forgetting ---- */

static sotto_status forget(app_history *h, sotto_bytes with) {
    history_conversation c;
    history_head next = h->head;
    SOTTO_TRY(app_history_conversation_find(h, with, &c));
    while (c.first < c.next) {
        bytes_arena_mark mark = bytes_arena_here(&h->arena);
        sotto_status status = drop_first(h, &c, &next);
        bytes_arena_back(&h->arena, mark);
        SOTTO_TRY(status);
    }
    SOTTO_TRY(conversation_drop(h, &c));
    return app_history_head_put(h, next);
}

sotto_status app_history_forget(app_history *h, sotto_bytes with) {
    APP_HISTORY_BETWEEN_MARKS(h, forget(h, with));
}

/* ---- commits ---- */

static sotto_status again(app_history *h) {
    sotto_bytes all;
    SOTTO_TRY(bytes_buffer_end(&h->pending, &all));
    bytes_cursor in = bytes_cursor_over(all);
    while (bytes_cursor_more(&in)) {
        sotto_bytes note = bytes_cursor_block(&in), value = bytes_cursor_block(&in);
        if (!in.failed) SOTTO_TRY(sotto_engine_note(h->engine, note, value));
    }
    return bytes_cursor_end(&in);
}

static sotto_status settle(app_history *h, bool *ret_again) {
    history_head there;
    *ret_again = false;
    if (h->pending.len == 0 && sotto_ok(h->pending.status)) return SOTTO_OK;
    SOTTO_TRY(app_history_head_get(h, &there));
    if (there.changes != h->head.changes && sotto_ok(h->pending.status)) {
        *ret_again = true;
        return again(h);
    }
    h->head = there;
    bytes_buffer_reset(&h->pending);
    return SOTTO_OK;
}

sotto_status app_history_settle(app_history *h, bool *ret_again) {
    APP_HISTORY_BETWEEN_MARKS(h, settle(h, ret_again));
}

/* ---- opening ---- */

sotto_status app_history_open(app_history **ret, sotto_engine *engine, const app_history_limits *limits) {
    static const app_history_limits named = {SOTTO_HISTORY_OF_ONE_MAX, SOTTO_HISTORY_MAX, SOTTO_HISTORY_BYTES_MAX};
    app_history *h = bytes_new(sotto_host_default(), sizeof *h);
    if (!h) return SOTTO_FAIL(NO_MEMORY);
    h->engine = engine;
    h->limits = limits ? *limits : named;
    bytes_arena_init(&h->arena, sotto_host_default(), APP_HISTORY_ARENA_BYTES_MAX);
    bytes_buffer_owned(&h->pending, sotto_host_default(), PENDING_BYTES_MAX);
    bytes_arena_mark mark = bytes_arena_here(&h->arena);
    sotto_status status = app_history_head_get(h, &h->head);
    bytes_arena_back(&h->arena, mark);
    if (!sotto_ok(status)) {
        app_history_close(h);
        return status;
    }
    *ret = h;
    return SOTTO_OK;
}

void app_history_close(app_history *h) {
    if (!h) return;
    bytes_arena_clear(&h->arena);
    bytes_buffer_free(&h->pending);
    bytes_free(sotto_host_default(), h->waiting, h->waiting_size * sizeof *h->waiting);
    bytes_free(sotto_host_default(), h, sizeof *h);
}
