/* SPDX-License-Identifier: ISC
 *
 * Message archives (XEP-0313): writing questions, reading results, and who may say what a result says (T2). */
#ifndef CONTEXT_ARCHIVE_H
#define CONTEXT_ARCHIVE_H

#include "stanza/element.h"
#include "stanza/jid.h"
#include "stanza/writer.h"

#define CONTEXT_NS_INFO "http://jabber.org/protocol/disco#info"

/* ---- asking ---- */

typedef struct context_archive_query {
    sotto_bytes queryid;
    sotto_bytes after; /* the id the page begins behind; empty: at the beginning */
    uint64_t start_ms; /* nothing older; 0: everything */
    bool newest;       /* the last page instead of the first */
    uint32_t max;
} context_archive_query;

/* <query/>, the payload of an iq of type set. */
void context_archive_query_write(stanza_writer *, const context_archive_query *);

/* What an answer to disco#info says of an archive. */
typedef struct context_archive_support {
    bool archive; /* urn:xmpp:mam:2 */
    bool ids;     /* urn:xmpp:sid:0: its <stanza-id/> cannot be somebody else's */
} context_archive_support;
void context_archive_support_read(const stanza_element *iq, context_archive_support *ret);

/* ---- what comes back ---- */

typedef struct context_archive_result {
    sotto_bytes queryid, id;       /* id is not empty */
    const stanza_element *message; /* forwarded; NULL: it was taken out of the archive (section 2.2) */
    bool has_time;
    uint64_t time_ms; /* when it was archived */
} context_archive_result;

/* Whether a message is a result, or pretends to be one: then it is nobody's message, whoever sent it. *ret_is: it has
 * the form it must have, and *ret is filled. */
bool context_archive_result_read(const stanza_element *message, context_archive_result *ret, bool *ret_is);

typedef struct context_archive_page {
    bool complete;    /* nothing is behind it */
    sotto_bytes last; /* id of the last result; empty: there was none */
} context_archive_page;

/* The end of a page: the answer to the question. MALFORMED, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status context_archive_page_read(const stanza_element *iq, bytes_arena *,
                                                        context_archive_page *ret);
/* The answer is an error that says that the archive does not know the id of `after`. */
bool context_archive_is_lost(const stanza_element *iq);

/* ---- whose message it is ---- */

typedef enum context_archived {
    CONTEXT_ARCHIVED_NOT, /* does not belong into such an archive, or is none to be looked at: passed over */
    CONTEXT_ARCHIVED_SENT,
    CONTEXT_ARCHIVED_RECEIVED,
    CONTEXT_ARCHIVED_ROOM
} context_archived;

/* archive: bare JID of whose archive it is; room: that is a room, else the own account. *ret_from: the sender. *ret:
 * never SENT or RECEIVED for a room's. NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status context_archive_origin(const stanza_element *message, sotto_bytes archive, bool room,
                                                     bytes_arena *, context_archived *ret, stanza_jid *ret_from);

/* Who spoke, in a message of a room's own archive: "an <x/> element qualified by the muc#user namespace and containing
 * an <item/> child with a 'jid' attribute" (section 5.1.2). Nowhere else is it to be believed (section 8.4).
 * NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status context_archive_occupant(const stanza_element *message, bytes_arena *, bool *ret_is,
                                                       stanza_jid *ret);

#endif
