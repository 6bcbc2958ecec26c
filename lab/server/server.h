/* SPDX-License-Identifier: ISC
 *
 * An XMPP server inside the process, for demonstrations, tests and attacks. It has accounts, rosters, presence,
 * messages with offline storage, PEP with `+notify`, disco, and iq routing; it keeps everything it saw, and it can be
 * told to be hostile. Time comes in; nothing sleeps.
 *
 * A session is either attached at the level of stanzas (no stream, no login: what engine tests use) or is behind a
 * stream of bytes with TLS and SCRAM (lab/server/listener.h). Both look the same to the router. */
#ifndef LAB_SERVER_H
#define LAB_SERVER_H

#include "bytes/arena.h"
#include "bytes/span.h"
#include "stanza/element.h"

typedef struct lab_server lab_server;
typedef struct lab_session lab_session;

/* domain: a domain alone. BAD_JID, NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status lab_server_new(lab_server **ret, const sotto_host *, const char *domain);
void lab_server_free(lab_server *);
void lab_server_time(lab_server *, uint64_t now_ms); /* for delay stamps and delayed stanzas; releases what is due */

/* An account local@domain. Without a password (NULL) nobody can log in to it through a stream. BAD_JID, STATE (there is
 * one already). */
SOTTO_MUST_CHECK sotto_status lab_server_account(lab_server *, const char *local, const char *password);
/* Makes two accounts contacts of each other (subscription both), as if they had asked. NOT_FOUND, USAGE (one account).
 */
SOTTO_MUST_CHECK sotto_status lab_server_befriend(lab_server *, const char *one, const char *other);

/* ---- sessions on the level of stanzas ---- */

/* A resource that is NULL or empty is chosen by the server. NOT_FOUND, BAD_JID, STATE (the resource is in use). */
SOTTO_MUST_CHECK sotto_status lab_session_attach(lab_session **ret, lab_server *, const char *local,
                                                 const char *resource);
sotto_bytes lab_session_jid(const lab_session *); /* full */
/* The client sends a stanza. MALFORMED, TOO_LARGE, XML_FORBIDDEN: a real server would end the stream (not XML, not a
 * stanza, a `from` of somebody else). Whatever else is wrong with it is answered by an error stanza. */
SOTTO_MUST_CHECK sotto_status lab_session_send(lab_session *, sotto_bytes stanza);
/* The next stanza for the client; false: none now. The span lives until the next call on the server. */
SOTTO_MUST_CHECK bool lab_session_next(lab_session *, sotto_bytes *ret);
/* The connection is gone: unavailable presence goes out; what was not taken goes to the offline store (messages). */
void lab_session_detach(lab_session *);

/* ---- what the server saw ---- */

/* Every stanza it ever routed or answered, in order, as one text (XML, a line each). Valid until the next call. */
sotto_bytes lab_server_saw(const lab_server *);

/* ---- hostility: called for each stanza before routing ---- */

typedef enum lab_fate { LAB_PASS, LAB_DROP, LAB_REPEAT, LAB_DELAY, LAB_REORDER, LAB_ALTER } lab_fate;

/* What shall become of a stanza. For LAB_ALTER the hook writes the stanza to route instead into *ret_instead (memory
 * of its own, valid until the next call of the hook); for LAB_DELAY, *ret_until_ms; LAB_REORDER: behind the next stanza
 * of the same direction. `to_client`: false on the way in, true on the way out to a session. */
typedef lab_fate lab_hook(void *arg, const stanza_element *stanza, bool to_client, sotto_bytes *ret_instead,
                          uint64_t *ret_until_ms);
void lab_server_hook(lab_server *, lab_hook *, void *arg);
/* PEP nodes whose names begin like this are not there, for nobody: what is published in them is lost. Borrowed. */
void lab_server_without(lab_server *, const char *nodes);
/* The same for one account's clients alone, whosever nodes they look at: they know nothing of them. NOT_FOUND. */
SOTTO_MUST_CHECK sotto_status lab_server_without_of(lab_server *, const char *local, const char *nodes);
/* The server itself says something to a session, with any `from` it likes. */
SOTTO_MUST_CHECK sotto_status lab_session_inject(lab_session *, sotto_bytes stanza);
/* Replaces or removes (empty payload) an item of anybody's PEP node, with notifications or without. */
SOTTO_MUST_CHECK sotto_status lab_server_plant(lab_server *, const char *local, const char *node, const char *item,
                                               sotto_bytes payload, bool notify);

/* ---- archives (XEP-0313): an account has none until one is wished for ---- */

/* How an archive answers. */
typedef enum lab_archive_mode {
    LAB_ARCHIVE_HONEST,
    LAB_ARCHIVE_WRONG_QUERYID,
    LAB_ARCHIVE_WRONG_FROM,
    LAB_ARCHIVE_SAME_PAGE,      /* the first page, whatever is asked for, and never the last */
    LAB_ARCHIVE_NEVER_COMPLETE, /* ... is any page */
    LAB_ARCHIVE_REVERSED,       /* within a page */
    LAB_ARCHIVE_MISSING,        /* every second result of a page is left out */
    LAB_ARCHIVE_TWICE,          /* every result comes twice */
    LAB_ARCHIVE_SILENT,         /* no answer */
    LAB_ARCHIVE_NO_IDS          /* messages do not say what id they have, and urn:xmpp:sid:0 is not announced */
} lab_archive_mode;

/* page: results at once, at most; 0: as many as are asked for. NOT_FOUND. */
SOTTO_MUST_CHECK sotto_status lab_server_archive(lab_server *, const char *local, lab_archive_mode, size_t page);
/* The oldest so many are gone. NOT_FOUND. */
SOTTO_MUST_CHECK sotto_status lab_server_archive_forget(lab_server *, const char *local, size_t count);
/* Puts anything at the end. NOT_FOUND. */
SOTTO_MUST_CHECK sotto_status lab_server_archive_plant(lab_server *, const char *local, const char *id,
                                                       sotto_bytes stanza);

#endif
