/* SPDX-License-Identifier: ISC
 *
 * What the files of this seal share: the volatile state behind `self`, the notes that questions and timers carry, and
 * who does what. All that lasts is in records; `self` holds nothing that cannot be dropped. */
#ifndef SEAL_OMEMO_SELF_H
#define SEAL_OMEMO_SELF_H

#include "seal/omemo/cache.h"
#include "seal/omemo/own.h"
#include "seal/omemo/peer.h"

#define OMEMO_NS_PUBSUB_ERRORS "http://jabber.org/protocol/pubsub#errors"

#define OMEMO_RETRY_MS        60000ull   /* before a question that was not answered is asked again */
#define OMEMO_RETRY_BROKEN_MS 600000ull  /* ... before a bundle that could not be used is looked at again */
#define OMEMO_OFFER_MS        3600000ull /* an offer older than this is fetched again: its prekey may be gone */
#define OMEMO_HOUR_MS         3600000ull
#define OMEMO_HEAL_MS         86400000ull /* between sessions started because a message came without one (T22) */
#define OMEMO_CROSSED_MS      600000ull   /* before a session of ours that nobody answers gives way to theirs */
#define OMEMO_CLAIM_MS        600000ull   /* between two openings of one run, while messages are sealed (T18) */
#define OMEMO_REFILL_MS       2000ull     /* after a prekey was used: several uses, one publication */

typedef struct omemo_self {
    const sotto_host *host;
    const omemo_dialect *dialect;
    crypto_identity identity;
    omemo_cache cache;
    bool online;
    bool gone;             /* left: there are no keys any more */
    bool checked;          /* this is the living copy of the device, as far as the server tells (T18) */
    bool doubted;          /* a step was taken back: `checked` may have come with it */
    bool unclaimed;        /* something was sealed that has no opening after it yet */
    uint8_t opening[16];   /* the name of the opening that `checked` goes with, ... */
    uint8_t before[16];    /* ... and of the one before, of which it was as true */
    bool unlisted;         /* being published for the first time: nobody could look up who writes */
    bool list_missed;      /* a list without this device came while one was being published */
    uint64_t refill_ms;    /* when prekeys will be filled up; 0: not under way */
    uint64_t claimed_ms;   /* when this opening was last told to the server */
    uint64_t announces_ms; /* start of the hour counted in */
    uint32_t announces;
} omemo_self;

/* ---- notes ---- */

typedef enum omemo_note_kind {
    OMEMO_NOTE_LIST = 1,     /* jid's device list */
    OMEMO_NOTE_BUNDLE,       /* a bundle, because something is to be sent: number is the device */
    OMEMO_NOTE_HEAL,         /* a bundle, because a message came without a session */
    OMEMO_NOTE_REFRESH_LIST, /* the same two, for REFRESH */
    OMEMO_NOTE_REFRESH_BUNDLE,
    OMEMO_NOTE_OWN_CHECK,   /* own list, before the first publication */
    OMEMO_NOTE_OWN_BUNDLE,  /* own bundle, as the server has it */
    OMEMO_NOTE_PUT_BUNDLE,  /* number: the version published */
    OMEMO_NOTE_SET_BUNDLES, /* the configuration of the node */
    OMEMO_NOTE_OWN_LIST,    /* own list, to be added to */
    OMEMO_NOTE_PUT_LIST,
    OMEMO_NOTE_SET_DEVICES,
    OMEMO_NOTE_LEAVE_LIST,
    OMEMO_NOTE_LEAVE_PUT,
    OMEMO_NOTE_LEAVE_BUNDLE,
    OMEMO_NOTE_OPENING,      /* own item, before anything is sealed: number is the device */
    OMEMO_NOTE_PUT_OPENING,  /* number: the device */
    OMEMO_NOTE_SET_OPENINGS, /* the configuration of the node */
    OMEMO_NOTE_TIMER_KEYS,   /* timers: rotation, and kept prekeys */
    OMEMO_NOTE_TIMER_REFILL,
    OMEMO_NOTE_TIMER_RETRY, /* of promises to jid */
    OMEMO_NOTE_TIMER_ANNOUNCE,
    OMEMO_NOTE_TIMER_OPENING,
    OMEMO_NOTE_END
} omemo_note_kind;

typedef struct omemo_note {
    omemo_note_kind kind;
    uint8_t attempt; /* of a publication: OMEMO_PUBLISH_... */
    uint32_t number;
    sotto_bytes jid;
} omemo_note;

typedef struct omemo_note_text {
    uint8_t at[6 + SOTTO_OMEMO_JID_BYTES_MAX];
} omemo_note_text;
sotto_bytes omemo_note_encode(omemo_note_text *, const omemo_note *); /* the JID was checked to be short enough */
SOTTO_MUST_CHECK sotto_status omemo_note_decode(sotto_bytes, omemo_note *ret);

/* ---- asking (ask.c) ---- */

SOTTO_MUST_CHECK sotto_status omemo_ask_list(omemo_self *, seal_env *, const omemo_note *); /* of note->jid */
SOTTO_MUST_CHECK sotto_status omemo_ask_bundle(omemo_self *, seal_env *,
                                               const omemo_note *); /* of note->jid, note->number */
/* Items of a node; device 0: all of them. */
SOTTO_MUST_CHECK sotto_status omemo_ask_items(seal_env *, const char *node, uint32_t device, const omemo_note *);
/* Any other question; payload is what the buffer holds. */
SOTTO_MUST_CHECK sotto_status omemo_ask_payload(seal_env *, bool set, sotto_bytes to, const bytes_buffer *,
                                                const omemo_note *);
bool omemo_asking(seal_env *, const omemo_note *);
SOTTO_MUST_CHECK sotto_status omemo_timer(seal_env *, const omemo_note *, uint64_t at_ms);
/* <items/> of a node in an answer; NULL: there are none. */
const stanza_element *omemo_answer_items(const stanza_element *iq, const char *node);
/* The condition of a stanza error ("item-not-found"), or its text where there is one, for people. */
bool omemo_answer_is_error(const stanza_element *iq, const char *condition, const char *ns);
sotto_bytes omemo_answer_text(const stanza_element *iq, bytes_arena *);

/* ---- devices of others (fetch.c) ---- */

SOTTO_MUST_CHECK sotto_status omemo_fetch_answer(omemo_self *, seal_env *, const omemo_note *, const seal_input *);
/* A list was seen (notified, or in an answer): remembers it, and tells. NULL: there is none. */
SOTTO_MUST_CHECK sotto_status omemo_fetch_list(omemo_self *, seal_env *, sotto_bytes jid,
                                               const stanza_element *devices);
SOTTO_MUST_CHECK sotto_status omemo_fetch_refresh(omemo_self *, seal_env *, sotto_bytes jid);
/* Forgets the sessions with a JID's devices; identities stay. */
SOTTO_MUST_CHECK sotto_status omemo_fetch_repair(omemo_self *, seal_env *, sotto_bytes jid);
/* A key of a device was seen: put into the peer (the caller saves that), and told to the engine. */
SOTTO_MUST_CHECK sotto_status omemo_fetch_key(seal_env *, sotto_bytes jid, omemo_peer *, const crypto_ed25519_public *,
                                              bool active, bool *ret_changed);

/* ---- own keys on the server (publish.c, leave.c) ---- */

#define OMEMO_PUBLISH_CONFIGURED 1 /* attempt: the node was configured already */
#define OMEMO_PUBLISH_WHOLE      2 /* attempt: list and bundle, ending in an event */
SOTTO_MUST_CHECK sotto_status omemo_publish_start(omemo_self *, seal_env *);
/* Fills up the prekeys and publishes, unless the server has this version. Saves `own`. */
SOTTO_MUST_CHECK sotto_status omemo_publish_bundle(omemo_self *, seal_env *, omemo_own *, uint8_t attempt);
SOTTO_MUST_CHECK sotto_status omemo_publish_answer(omemo_self *, seal_env *, const omemo_note *, const seal_input *);
/* A list of our own was notified; NULL: that something else became of it. */
SOTTO_MUST_CHECK sotto_status omemo_publish_notified(omemo_self *, seal_env *, const stanza_element *devices);
SOTTO_MUST_CHECK sotto_status omemo_publish_timer(omemo_self *, seal_env *, const omemo_note *);
SOTTO_MUST_CHECK sotto_status omemo_publish_timers(seal_env *, const omemo_own *);
/* A prekey was used: a new one, soon. */
SOTTO_MUST_CHECK sotto_status omemo_publish_soon(omemo_self *, seal_env *);
/* <pubsub><publish node><item id> and their ends; with the options that say who may read the node. */
typedef enum omemo_publish_options {
    OMEMO_OPTIONS_NONE,
    OMEMO_OPTIONS_OPEN,
    OMEMO_OPTIONS_OPEN_MANY,
    OMEMO_OPTIONS_OWN_MANY /* nobody else may read it */
} omemo_publish_options;
void omemo_publish_open(stanza_writer *, const char *node, sotto_bytes item);
void omemo_publish_open_device(stanza_writer *, const char *node, uint32_t device); /* whose item has its id */
void omemo_publish_close(stanza_writer *, omemo_publish_options);
/* Configures a node that is there already and was made otherwise (XEP-0060 section 8.2). */
SOTTO_MUST_CHECK sotto_status omemo_publish_configure(seal_env *, const char *node, omemo_publish_options,
                                                      const omemo_note *);
SOTTO_MUST_CHECK sotto_status omemo_leave_start(omemo_self *, seal_env *);
SOTTO_MUST_CHECK sotto_status omemo_leave_answer(omemo_self *, seal_env *, const omemo_note *, const seal_input *);

/* All sessions and their keys; what was seen of devices and their keys stays. */
SOTTO_MUST_CHECK sotto_status omemo_sessions_wipe(seal_env *);

/* ---- whether this is the living copy (opening.c) ---- */

#define OMEMO_NODE_OPENING "urn:sotto:opening:0"
/* The record can be read. */
SOTTO_MUST_CHECK sotto_status omemo_opening_check(seal_env *);
SOTTO_MUST_CHECK sotto_status omemo_opening_ask(seal_env *, const omemo_own *);
/* Puts this opening's item where the next one will look. */
SOTTO_MUST_CHECK sotto_status omemo_opening_claim(omemo_self *, seal_env *, const omemo_own *);
/* This is a copy: another device id, no sessions, an event. Saves `own`. */
SOTTO_MUST_CHECK sotto_status omemo_opening_renew(omemo_self *, seal_env *, omemo_own *);
SOTTO_MUST_CHECK sotto_status omemo_opening_answer(omemo_self *, seal_env *, const omemo_note *, const seal_input *);
SOTTO_MUST_CHECK sotto_status omemo_opening_notified(omemo_self *, seal_env *, const stanza_element *items);
/* After a message was sealed. */
SOTTO_MUST_CHECK sotto_status omemo_opening_sealed(omemo_self *, seal_env *);
/* A stream is there: what was sealed without one gets its opening. */
SOTTO_MUST_CHECK sotto_status omemo_opening_online(omemo_self *, seal_env *, const omemo_own *);
/* First in each call that may seal: `checked` holds only as long as the records say the same. */
SOTTO_MUST_CHECK sotto_status omemo_opening_settle(omemo_self *, seal_env *);
/* Where nothing can be sealed before the answer is there: the question, should it be lost. */
SOTTO_MUST_CHECK sotto_status omemo_opening_wait(omemo_self *, seal_env *);
SOTTO_MUST_CHECK sotto_status omemo_opening_timer(omemo_self *, seal_env *);

/* ---- messages ---- */

SOTTO_MUST_CHECK sotto_status omemo_promise(void *self, seal_env *, const seal_audience *, seal_promise *ret);
SOTTO_MUST_CHECK sotto_status omemo_protect(void *self, seal_env *, const stanza_element *, const seal_audience *,
                                            const seal_keys *allowed, uint64_t ticket, seal_stanzas *ret);
SOTTO_MUST_CHECK sotto_status omemo_unprotect(void *self, seal_env *, const stanza_element *, const seal_origin *,
                                              seal_opened *ret);
/* Starts a session from an offer; the session before becomes the previous one. The caller saves the peer. */
SOTTO_MUST_CHECK sotto_status omemo_send_begin(omemo_self *, seal_env *, sotto_bytes jid, omemo_peer *,
                                               const omemo_offer *);
/* Stages an empty message in the peer's session. The caller saves the peer. */
SOTTO_MUST_CHECK sotto_status omemo_send_empty(omemo_self *, seal_env *, sotto_bytes jid, omemo_peer *);

#endif
