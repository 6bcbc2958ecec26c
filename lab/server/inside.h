/* SPDX-License-Identifier: ISC
 *
 * What the files of the lab's server share: its tables, and drafts (stanzas being written). Everything is a plain
 * list in the order in which it came, because order must be the same in every run and nothing here is large. */
#ifndef LAB_INSIDE_H
#define LAB_INSIDE_H

#include "bytes/buffer.h"
#include "lab/server/server.h"
#include "stanza/jid.h"
#include "stanza/writer.h"

/* What a client may make the server hold. */
#define LAB_ARENA_BYTES_MAX   (64u * 1024u * 1024u)  /* trees of the stanza at hand and of what follows from it */
#define LAB_SAW_BYTES_MAX     (512u * 1024u * 1024u) /* beyond it sending fails: a log with gaps proves nothing */
#define LAB_DRAFT_BYTES_MAX   (8u * 1024u * 1024u)   /* one stanza written by the server */
#define LAB_QUEUE_MAX         100000u                /* stanzas waiting for one session */
#define LAB_OFFLINE_MAX       10000u                 /* messages kept for one account */
#define LAB_PARKED_MAX        100000u                /* stanzas delayed or reordered */
#define LAB_CONTACTS_MAX      2000u                  /* of one account, groups of one contact included */
#define LAB_NODES_MAX         2000u                  /* PEP nodes of one account */
#define LAB_ITEMS_MAX         1000u                  /* of one node; what max_items 'max' means */
#define LAB_PAYLOAD_BYTES_MAX (512u * 1024u)         /* one PEP item */
#define LAB_FEATURES_MAX      500u                   /* remembered from one disco#info answer */
#define LAB_ARCHIVE_MAX       100000u                /* messages of one archive; the oldest make room */
#define LAB_DIRECTED_MAX      1000u                  /* addresses one session sent directed presence to */

#define LAB_NS_STANZAS       "urn:ietf:params:xml:ns:xmpp-stanzas"
#define LAB_NS_ROSTER        "jabber:iq:roster"
#define LAB_NS_PUBSUB        "http://jabber.org/protocol/pubsub"
#define LAB_NS_PUBSUB_OWNER  "http://jabber.org/protocol/pubsub#owner"
#define LAB_NS_PUBSUB_EVENT  "http://jabber.org/protocol/pubsub#event"
#define LAB_NS_PUBSUB_ERRORS "http://jabber.org/protocol/pubsub#errors"
#define LAB_NS_DISCO_INFO    "http://jabber.org/protocol/disco#info"
#define LAB_NS_DISCO_ITEMS   "http://jabber.org/protocol/disco#items"
#define LAB_NS_CAPS          "http://jabber.org/protocol/caps"
#define LAB_NS_CARBONS       "urn:xmpp:carbons:2"
#define LAB_NS_FORWARD       "urn:xmpp:forward:0"
#define LAB_NS_HINTS         "urn:xmpp:hints"
#define LAB_NS_DELAY         "urn:xmpp:delay"
#define LAB_NS_FORMS         "jabber:x:data"
#define LAB_NS_PAGING        "http://jabber.org/protocol/rsm"
#define LAB_NS_ARCHIVE       "urn:xmpp:mam:2"
#define LAB_NS_IDS           "urn:xmpp:sid:0"

/* ---- owned bytes ---- */

/* One piece of a list, its bytes behind it. */
typedef struct lab_piece {
    struct lab_piece *next;
    uint64_t since_ms; /* offline store and queue: when it came; parked: when it is due */
    bool delayed;      /* it carries our delay stamp already */
    sotto_bytes bytes;
} lab_piece;

typedef struct lab_list {
    lab_piece *first, *last;
    size_t count;
} lab_list;

/* ---- tables ---- */

/* RFC 6121 section 2.1: an item of the roster, with the subscription states of appendix A. */
typedef struct lab_contact {
    struct lab_contact *next;
    sotto_bytes jid; /* bare */
    sotto_bytes name;
    lab_list groups;
    bool to, from;       /* we see theirs; they see ours */
    bool asked;          /* pending out */
    bool listed;         /* shown in the roster: false while there is only a pending request of theirs */
    sotto_bytes request; /* pending in: their <presence type='subscribe'/> */
} lab_contact;

typedef enum lab_access { LAB_OPEN, LAB_PRESENCE, LAB_WHITELIST } lab_access;
typedef enum lab_send_last { LAB_LAST_NEVER, LAB_LAST_ON_SUBSCRIPTION, LAB_LAST_ON_PRESENCE } lab_send_last;

/* What pubsub#node_config can say here. */
typedef struct lab_node_config {
    lab_access access;
    bool persist;
    uint64_t max_items; /* LAB_ITEMS_MAX: also 'max' */
    lab_send_last send_last;
    bool notify_retract, notify_delete, deliver_payloads;
} lab_node_config;

typedef struct lab_item {
    struct lab_item *next; /* the newer one */
    sotto_bytes id;
    sotto_bytes payload; /* one element, standing alone */
} lab_item;

typedef struct lab_node {
    struct lab_node *next;
    sotto_bytes name;
    lab_node_config config;
    lab_item *items; /* oldest first */
    size_t count;
} lab_node;

/* A message in an archive, as it came. */
typedef struct lab_archived {
    struct lab_archived *next; /* the newer one */
    sotto_bytes id, stanza;
    uint64_t since_ms;
} lab_archived;

typedef struct lab_archive {
    bool on;
    lab_archive_mode mode;
    size_t page; /* results at once, at most; 0: as many as a client asks for */
    lab_archived *first, *last;
    size_t count;
} lab_archive;

typedef struct lab_account {
    struct lab_account *next;
    sotto_bytes local, jid, password;
    lab_contact *contacts;
    size_t contact_count;
    lab_node *nodes;
    size_t node_count;
    lab_list offline;
    lab_archive archive;
    const char *without; /* as below, for its own clients */
} lab_account;

struct lab_session {
    struct lab_session *next;
    lab_server *server;
    lab_account *account;
    sotto_bytes jid, resource;
    lab_list queue;
    bool available;
    int priority;
    sotto_bytes presence; /* the last broadcast one, as stamped */
    bool roster;          /* asked for the roster: gets pushes */
    bool carbons;
    sotto_bytes caps;     /* node#ver of its presence */
    sotto_bytes question; /* id of our disco#info question to it */
    lab_list features;    /* what it answered: those that end in +notify */
    lab_list directed;
};

/* A stanza held back by a hook. */
typedef struct lab_parked {
    struct lab_parked *next;
    lab_account *account;
    lab_session *session; /* NULL: the client has gone since */
    bool to_client;
    bool reordered; /* waits for the next of its direction; otherwise for until_ms */
    uint64_t until_ms;
    lab_piece *piece;
} lab_parked;

struct lab_server {
    const sotto_host *host;
    sotto_bytes domain;
    uint64_t now_ms;
    uint64_t counter; /* of ids and resources the server chooses */
    lab_account *accounts;
    lab_session *sessions;
    struct lab_room *rooms;
    bytes_buffer saw;
    stanza_parser *parser;
    bytes_arena arena;   /* of the call at hand */
    const char *without; /* PEP nodes whose names begin like this are not kept; NULL: all are */
    lab_hook *hook;
    void *hook_arg;
    lab_parked *parked;
    size_t parked_count;
    lab_piece *taken; /* what lab_session_next gave last */
};

/* ---- owned bytes (keep.c) ---- */

/* A copy in memory of the server's host; *ret is replaced, and the old one freed, only on success. A NUL follows. */
SOTTO_MUST_CHECK sotto_status lab_keep(lab_server *, sotto_bytes, sotto_bytes *ret);
void lab_let_go(lab_server *, sotto_bytes *);
SOTTO_MUST_CHECK sotto_status lab_piece_new(lab_server *, sotto_bytes, lab_piece **ret);
void lab_piece_free(lab_server *, lab_piece *);
void lab_list_append(lab_list *, lab_piece *);
void lab_list_prepend(lab_list *, lab_piece *);
lab_piece *lab_list_shift(lab_list *); /* NULL when empty */
SOTTO_MUST_CHECK sotto_status lab_list_add(lab_server *, lab_list *, sotto_bytes);
bool lab_list_has(const lab_list *, sotto_bytes);
void lab_list_clear(lab_server *, lab_list *);
/* "lab-" and the next number. `room` has 32 bytes. */
sotto_bytes lab_next_id(lab_server *, char *room);

/* ---- drafts (draft.c) ---- */

typedef struct lab_draft {
    lab_server *server;
    bytes_buffer out;
    stanza_writer w;
} lab_draft;

void lab_draft_begin(lab_draft *, lab_server *);
/* The bytes live until lab_draft_free. */
SOTTO_MUST_CHECK sotto_status lab_draft_end(lab_draft *, sotto_bytes *ret);
void lab_draft_free(lab_draft *);
/* The start tag of an element with other addresses, and its children; absent ones are left out. The caller may write
 * more children and closes. */
void lab_draft_copy(lab_draft *, const stanza_element *, sotto_bytes from, sotto_bytes to);
/* All children of an element, text included. */
void lab_draft_children(lab_draft *, const stanza_element *);
/* Opens <iq type='result'/> with the addresses of the request turned round. */
void lab_draft_answer(lab_draft *, const stanza_element *iq);
/* Closes what is open, frees the draft, logs, and gives the stanza to the session (NULL: nobody). */
SOTTO_MUST_CHECK sotto_status lab_draft_say(lab_draft *, lab_session *);
/* As lab_draft_say, to whom an answer to the stanza belongs. */
SOTTO_MUST_CHECK sotto_status lab_draft_reply(lab_draft *, const stanza_element *stanza);
/* Parses into the server's arena. */
SOTTO_MUST_CHECK sotto_status lab_parse(lab_server *, sotto_bytes, const stanza_element **ret);

/* RFC 6120 section 8.3. */
typedef struct lab_error {
    const char *type, *condition;
    const char *detail; /* an application's condition in pubsub#errors, or NULL */
} lab_error;

SOTTO_MUST_CHECK sotto_status lab_answer_empty(lab_server *, const stanza_element *iq);
/* Errors and results are never answered with an error. */
SOTTO_MUST_CHECK sotto_status lab_bounce(lab_server *, const stanza_element *stanza, lab_error);

/* ---- the tables (server.c, session.c) ---- */

lab_account *lab_account_find(lab_server *, sotto_bytes bare);
SOTTO_MUST_CHECK sotto_status lab_account_local(lab_server *, const char *local, lab_account **ret); /* NOT_FOUND */
lab_session *lab_session_find(lab_server *, sotto_bytes full);
/* The next session of an account after `last` (NULL: the first). */
lab_session *lab_session_of(lab_server *, const lab_account *, lab_session *last);
/* Unlinks and frees, telling nobody. */
void lab_session_free(lab_session *);
/* What the server saw or said. */
SOTTO_MUST_CHECK sotto_status lab_saw(lab_server *, sotto_bytes stanza);
/* Hands a stanza to a session through the hook. */
SOTTO_MUST_CHECK sotto_status lab_deliver(lab_session *, const stanza_element *);
/* The same for bytes; since_ms and delayed as in lab_piece. */
SOTTO_MUST_CHECK sotto_status lab_deliver_bytes(lab_session *, sotto_bytes, uint64_t since_ms, bool delayed);
/* Puts a piece at the end of what waits for a session; takes the piece over. */
SOTTO_MUST_CHECK sotto_status lab_session_queue(lab_session *, lab_piece *);
/* For the front-end with stream management: takes the next piece over (NULL: none), and gives one whose arrival nobody
 * confirmed back to the front (XEP-0198). */
lab_piece *lab_session_take(lab_session *);
void lab_session_untake(lab_session *, lab_piece *);
bool lab_type_is(const stanza_element *, const char *type);

#endif
