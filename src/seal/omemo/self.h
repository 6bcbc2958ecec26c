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
#define OMEMO_ROOM_WAIT_MS    10000ull    /* for members of a room whose lists or bundles are slow (T35) */
#define OMEMO_REFILL_MS       2000ull     /* after a prekey was used: several uses, one publication */

/* Being on the own list of a dialect. */
typedef struct omemo_listing {
    bool unlisted; /* being published for the first time: nobody could look up who writes */
    bool missed;   /* a list without this device came while one was being published */
    uint32_t announces;
    uint64_t announces_ms; /* start of the hour counted in */
} omemo_listing;

typedef struct omemo_self {
    const sotto_host *host;
    crypto_identity identity;
    omemo_cache cache;
    bool online;
    bool gone;           /* left: there are no keys any more */
    bool checked;        /* this is the living copy of the device, as far as the server tells (T18) */
    bool doubted;        /* a step was taken back: `checked` may have come with it */
    bool unclaimed;      /* something was sealed that has no opening after it yet */
    uint8_t opening[16]; /* the name of the opening that `checked` goes with, ... */
    uint8_t before[16];  /* ... and of the one before, of which it was as true */
    omemo_listing listing[OMEMO_DIALECTS];
    bool catching_up;    /* as the records said when they were last looked at */
    uint64_t refill_ms;  /* when prekeys will be filled up; 0: not under way */
    uint64_t claimed_ms; /* when this opening was last told to the server */
    uint64_t room_ms;    /* when rooms are looked at again; 0: nothing is waited for */
    uint32_t questions;  /* lists and bundles under way, when rooms wait for more than may be asked for at once */
    bool crowded;        /* ... */
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
    OMEMO_NOTE_TIMER_ROOM,  /* who was waited for long enough */
    OMEMO_NOTE_REMOVE_LIST, /* own list, and what follows, to take number off it */
    OMEMO_NOTE_REMOVE_PUT,
    OMEMO_NOTE_REMOVE_BUNDLE,
    OMEMO_NOTE_RENAME_LIST, /* own list, to give this device another label */
    OMEMO_NOTE_RENAME_PUT,
    OMEMO_NOTE_END
} omemo_note_kind;

typedef struct omemo_note {
    omemo_note_kind kind;
    uint8_t attempt; /* of a publication: OMEMO_PUBLISH_... */
    uint8_t dialect; /* its number; 0 where it does not matter */
    uint32_t number;
    sotto_bytes jid;
} omemo_note;

typedef struct omemo_note_text {
    uint8_t at[7 + SOTTO_OMEMO_JID_BYTES_MAX];
} omemo_note_text;
sotto_bytes omemo_note_encode(omemo_note_text *, const omemo_note *); /* the JID was checked to be short enough */
SOTTO_MUST_CHECK sotto_status omemo_note_decode(sotto_bytes, omemo_note *ret);

/* ---- asking (ask.c) ---- */

SOTTO_MUST_CHECK sotto_status omemo_ask_list(seal_env *, const omemo_note *);   /* of note->jid, note->dialect */
SOTTO_MUST_CHECK sotto_status omemo_ask_bundle(seal_env *, const omemo_note *); /* ... and note->number */
/* Items of a node; item NULL: all of them. */
SOTTO_MUST_CHECK sotto_status omemo_ask_items(seal_env *, const char *node, const char *item, const omemo_note *);
/* Any other question; payload is what the buffer holds. */
SOTTO_MUST_CHECK sotto_status omemo_ask_payload(seal_env *, bool set, sotto_bytes to, const bytes_buffer *,
                                                const omemo_note *);
bool omemo_asking(seal_env *, const omemo_note *);
SOTTO_MUST_CHECK sotto_status omemo_timer(seal_env *, const omemo_note *, uint64_t at_ms);
/* <items/> of a node in an answer; NULL: there are none. */
const stanza_element *omemo_answer_items(const stanza_element *iq, const char *node);
/* The device's <bundle/> in an answer; NULL: there is none. */
const stanza_element *omemo_answer_bundle(const stanza_element *iq, const omemo_dialect *, uint32_t device);
/* The condition of a stanza error ("item-not-found"), or its text where there is one, for people. */
bool omemo_answer_is_error(const stanza_element *iq, const char *condition, const char *ns);
sotto_bytes omemo_answer_text(const stanza_element *iq, bytes_arena *);

/* ---- devices of others (fetch.c) ---- */

SOTTO_MUST_CHECK sotto_status omemo_fetch_answer(omemo_self *, seal_env *, const omemo_note *, const seal_input *);
/* A list was seen (notified, or in an answer): remembers it, and tells. NULL: there is none. */
SOTTO_MUST_CHECK sotto_status omemo_fetch_list(omemo_self *, seal_env *, sotto_bytes jid, const omemo_dialect *,
                                               const stanza_element *devices);
SOTTO_MUST_CHECK sotto_status omemo_fetch_refresh(omemo_self *, seal_env *, sotto_bytes jid);
/* Forgets the sessions with a JID's devices; identities stay. */
SOTTO_MUST_CHECK sotto_status omemo_fetch_repair(omemo_self *, seal_env *, sotto_bytes jid);
/* A key of a device was seen: put into the peer (the caller saves that), and told to the engine. */
SOTTO_MUST_CHECK sotto_status omemo_fetch_key(seal_env *, sotto_bytes jid, omemo_peer *, const omemo_identity *,
                                              bool active, bool *ret_changed);
/* The lists of a JID in all dialects, joined: what was seen last. */
SOTTO_MUST_CHECK sotto_status omemo_fetch_devices(seal_env *, sotto_bytes jid, omemo_devices *ret);

/* ---- own keys on the server (publish.c, leave.c) ---- */

#define OMEMO_PUBLISH_CONFIGURED 1 /* attempt: the node was configured already */
#define OMEMO_PUBLISH_WHOLE      2 /* attempt: list and bundle, ending in an event */
#define OMEMO_PUBLISH_CREATED    4 /* attempt: there was no node to configure, so it was made */
#define OMEMO_PUBLISH_PARTLY     8 /* attempt: in another dialect it was refused, which was told */
#define OMEMO_PUBLISH_ALL        15
SOTTO_MUST_CHECK sotto_status omemo_publish_start(omemo_self *, seal_env *);
/* Fills up the prekeys and publishes the bundle of one dialect. Saves `own`. */
SOTTO_MUST_CHECK sotto_status omemo_publish_bundle(omemo_self *, seal_env *, omemo_own *, const omemo_dialect *,
                                                   uint8_t attempt);
/* ... of those whose nodes do not have this version. */
SOTTO_MUST_CHECK sotto_status omemo_publish_bundles(omemo_self *, seal_env *, omemo_own *);
SOTTO_MUST_CHECK sotto_status omemo_publish_answer(omemo_self *, seal_env *, const omemo_note *, const seal_input *);
/* A list of our own was notified; NULL: that something else became of it. */
SOTTO_MUST_CHECK sotto_status omemo_publish_notified(omemo_self *, seal_env *, const omemo_dialect *,
                                                     const stanza_element *devices);
SOTTO_MUST_CHECK sotto_status omemo_publish_timer(omemo_self *, seal_env *, const omemo_note *);
SOTTO_MUST_CHECK sotto_status omemo_publish_timers(seal_env *, const omemo_own *);
/* A prekey was used: a new one, soon. */
SOTTO_MUST_CHECK sotto_status omemo_publish_soon(omemo_self *, seal_env *);
/* <pubsub><publish node><item id> and their ends; with the options that say who may read the node. */
typedef enum omemo_publish_options {
    OMEMO_OPTIONS_NONE,
    OMEMO_OPTIONS_OPEN, /* of nodes with one item */
    OMEMO_OPTIONS_OPEN_MANY,
    OMEMO_OPTIONS_OWN, /* nobody else may read it */
    OMEMO_OPTIONS_OWN_MANY
} omemo_publish_options;
void omemo_publish_open(stanza_writer *, const char *node, sotto_bytes item);
void omemo_publish_open_device(stanza_writer *, const char *node, uint32_t device); /* whose item has its id */
void omemo_publish_close(stanza_writer *, omemo_publish_options);
/* Whether a publication was refused for its options and can go on after omemo_publish_configure. */
bool omemo_publish_is_refused(const stanza_element *iq);
/* Configures a node that was made otherwise (XEP-0060 section 8.2); with OMEMO_PUBLISH_CREATED in the note's attempt,
 * makes it with that configuration (section 8.1.3). */
SOTTO_MUST_CHECK sotto_status omemo_publish_configure(seal_env *, const char *node, omemo_publish_options,
                                                      const omemo_note *);
/* The answer to that: what it failed for is asked for in another way (*ret_again), or it is for the caller. */
SOTTO_MUST_CHECK sotto_status omemo_publish_configured(seal_env *, const char *node, omemo_publish_options,
                                                       const omemo_note *, const seal_input *, bool *ret_again);
SOTTO_MUST_CHECK sotto_status omemo_leave_start(omemo_self *, seal_env *);
SOTTO_MUST_CHECK sotto_status omemo_leave_answer(omemo_self *, seal_env *, const omemo_note *, const seal_input *);

/* Archives are being caught up with, or are no longer: what waited for that is done (catch_up.c). */
SOTTO_MUST_CHECK sotto_status omemo_catch_up(omemo_self *, seal_env *, bool begin);
/* An empty message to this device waits for the end. */
SOTTO_MUST_CHECK sotto_status omemo_catch_up_due(seal_env *, sotto_bytes jid, const omemo_peer *);

/* All sessions and their keys; what was seen of devices and their keys stays. */
SOTTO_MUST_CHECK sotto_status omemo_sessions_wipe(seal_env *);
void omemo_peer_without_sessions(const omemo_peer *, omemo_peer *ret);

/* Retracts an item (XEP-0060 section 7.2). */
SOTTO_MUST_CHECK sotto_status omemo_leave_retract(seal_env *, const char *node, sotto_bytes item, const omemo_note *);

/* ---- other own devices (remove.c) ---- */

SOTTO_MUST_CHECK sotto_status omemo_remove_start(omemo_self *, seal_env *, uint32_t device);
SOTTO_MUST_CHECK sotto_status omemo_remove_answer(omemo_self *, seal_env *, const omemo_note *, const seal_input *);

/* ---- the label of this device (rename.c) ---- */

/* USAGE: no label. Empty: none any more. */
SOTTO_MUST_CHECK sotto_status omemo_rename_start(omemo_self *, seal_env *, sotto_bytes label);
SOTTO_MUST_CHECK sotto_status omemo_rename_answer(omemo_self *, seal_env *, const omemo_note *, const seal_input *);

/* ---- another client's identity (adopt.c) ---- */

/* STATE: online, or the identity that there is was published. CRYPTO_FAILED. */
SOTTO_MUST_CHECK sotto_status omemo_adopt(omemo_self *, seal_env *, const seal_input *);

/* ---- what a backup holds (backup.c) ---- */

/* seal.h, back_up. */
SOTTO_MUST_CHECK sotto_status omemo_back_up(seal_env *, sotto_bytes key, sotto_bytes value, sotto_bytes *ret);

/* ---- whether this is the living copy (opening.c) ---- */

#define OMEMO_NODE_OPENING "urn:sotto:opening:0"
/* The record can be read. */
SOTTO_MUST_CHECK sotto_status omemo_opening_check(seal_env *);
SOTTO_MUST_CHECK sotto_status omemo_opening_ask(seal_env *, const omemo_own *);
/* Puts this opening's item where the next one will look. */
SOTTO_MUST_CHECK sotto_status omemo_opening_claim(omemo_self *, seal_env *, const omemo_own *);
/* Whether this device is still to be put on the lists. */
void omemo_opening_unlisted(omemo_self *, bool unlisted);
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

extern const seal_naming omemo_naming; /* what trust messages call keys (naming.c) */

/* ---- for other seals (sibling.c) ---- */
SOTTO_MUST_CHECK sotto_status omemo_sibling_sign(void *self, seal_env *, sotto_bytes message, seal_key *ret_key,
                                                 uint8_t ret[64]);
SOTTO_MUST_CHECK sotto_status omemo_sibling_check(void *self, seal_env *, const uint8_t key[32], sotto_bytes message,
                                                  const uint8_t signature[64]);

#endif
