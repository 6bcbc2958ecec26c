/* SPDX-License-Identifier: ISC
 *
 * One entry of the history as a record. */
#include "app/history.h"

#include "bytes/cursor.h"
#include "bytes/span.h"

#define VERSION 1u

/* Flags. */
#define ROOM          1u
#define ELSEWHERE     2u
#define UNREAD        4u
#define TIME_DOUBTFUL 8u
#define CUT           16u
#define SENT          32u
#define PRIVATE       64u
#define FLAGS_ALL     127u

static uint8_t flags_of(const app_entry *entry) {
    unsigned flags = 0;
    if (entry->room) flags |= ROOM;
    if (entry->elsewhere) flags |= ELSEWHERE;
    if (entry->unread) flags |= UNREAD;
    if (entry->time_doubtful) flags |= TIME_DOUBTFUL;
    if (entry->cut) flags |= CUT;
    if (entry->private) flags |= PRIVATE;
    if (entry->direction == APP_SENT) flags |= SENT;
    return (uint8_t)flags;
}

void app_entry_put(bytes_buffer *to, const app_entry *entry, uint64_t order) {
    bytes_buffer_u8(to, VERSION);
    bytes_buffer_u8(to, flags_of(entry));
    bytes_buffer_u8(to, (uint8_t)entry->fate);
    bytes_buffer_u8(to, (uint8_t)entry->trust);
    bytes_buffer_u64(to, order);
    bytes_buffer_u64(to, entry->time_ms);
    bytes_buffer_u64(to, entry->ticket);
    bytes_buffer_u32(to, entry->device);
    bytes_buffer_put(to, bytes_of(entry->fingerprint, sizeof entry->fingerprint));
    bytes_buffer_block(to, entry->who);
    bytes_buffer_block(to, entry->nick);
    bytes_buffer_block(to, entry->id);
    bytes_buffer_block(to, entry->corrects);
    bytes_buffer_block(to, entry->seal);
    bytes_buffer_block(to, entry->subject);
    bytes_buffer_block(to, entry->body);
}

static void flags_read(app_entry *entry, uint8_t flags) {
    entry->room = (flags & ROOM) != 0;
    entry->elsewhere = (flags & ELSEWHERE) != 0;
    entry->unread = (flags & UNREAD) != 0;
    entry->time_doubtful = (flags & TIME_DOUBTFUL) != 0;
    entry->cut = (flags & CUT) != 0;
    entry->private = (flags & PRIVATE) != 0;
    entry->direction = (flags & SENT) != 0 ? APP_SENT : APP_RECEIVED;
}

sotto_status app_entry_read(app_entry *ret, uint64_t *ret_order, sotto_bytes record) {
    bytes_cursor in = bytes_cursor_over(record);
    app_entry entry = {0};
    uint8_t version = bytes_cursor_u8(&in), flags = bytes_cursor_u8(&in);
    uint8_t fate = bytes_cursor_u8(&in), trust = bytes_cursor_u8(&in);
    uint64_t order = bytes_cursor_u64(&in);
    if (in.failed || version != VERSION || (flags & ~FLAGS_ALL) || fate > APP_FATE_UNKNOWN ||
        trust > SOTTO_TRUST_DISTRUSTED)
        return SOTTO_FAIL(MALFORMED);
    flags_read(&entry, flags);
    entry.fate = (app_fate)fate;
    entry.trust = (sotto_trust)trust;
    entry.time_ms = bytes_cursor_u64(&in);
    entry.ticket = bytes_cursor_u64(&in);
    entry.device = bytes_cursor_u32(&in);
    bytes_cursor_into(&in, entry.fingerprint, sizeof entry.fingerprint);
    entry.who = bytes_cursor_block(&in);
    entry.nick = bytes_cursor_block(&in);
    entry.id = bytes_cursor_block(&in);
    entry.corrects = bytes_cursor_block(&in);
    entry.seal = bytes_cursor_block(&in);
    entry.subject = bytes_cursor_block(&in);
    entry.body = bytes_cursor_block(&in);
    SOTTO_TRY(bytes_cursor_end(&in));
    *ret = entry;
    *ret_order = order;
    return SOTTO_OK;
}

const char *app_fate_name(app_fate fate) {
    static const char *const names[] = {NULL,      "waiting",  "held",   "sent",   "claimed",
                                        "arrived", "returned", "failed", "unknown"};
    return (unsigned)fate < sizeof names / sizeof *names ? names[fate] : NULL;
}
