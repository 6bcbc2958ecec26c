/* SPDX-License-Identifier: ISC
 *
 * What every way of protecting a stanza looks like. A seal is a const table of functions. It owns no store, no trust,
 * no clock, no connection and no randomness: all of that is in an environment lent for one call, and everything done
 * through the environment only stages, to be committed with the rest of the step or not at all.
 *
 * The rules a seal may rely on, and must keep:
 * - Durable state is records in its own namespace (env->get, put, scan): the last committed ones plus what was staged.
 * - Volatile state lives behind `self` and may be dropped by the engine at any time between calls (forget, close and
 *   open again): only speed may be lost by that. Asks and timers are volatile too: after `open`, and after an ONLINE
 *   that is `fresh`, none is pending.
 * - A call that fails leaves `self` as it was, or without what it cannot take back; the engine takes back what was
 *   staged. When calls succeeded and the step fails all the same, the engine calls `forget` for everything, and asks
 *   for promises anew in the next step.
 * - Peers' mistakes in `unprotect` are reported in the result, or as a failure of class PEER: the engine then takes
 * back what was staged and tells the user. Failures of class OURS end the whole step. */
#ifndef SEAL_SEAL_H
#define SEAL_SEAL_H

#include <sotto/engine.h>

#include "bytes/arena.h"
#include "bytes/span.h"
#include "stanza/element.h"

/* ---- keys, lists ---- */

/* A key through which an audience can be reached, or that sealed something. */
typedef struct seal_key {
    sotto_bytes jid;         /* bare, normalized */
    uint32_t device;         /* 0: somebody in a room of whom no device is known; problem says why */
    uint8_t key[32];         /* what trust is recorded for */
    uint8_t fingerprint[32]; /* what people compare */
    bool known;              /* key and fingerprint are filled in */
    bool active;             /* on the current device list */
    bool this_device;
    sotto_status problem; /* not OK: the device cannot be sent to (BUNDLE_BROKEN, BAD_SIGNATURE, ...) */
    sotto_bytes label;   /* what its owner calls it, in the call's arena: signed by this key, and checked; else empty */
    sotto_bytes dialect; /* "omemo:2": what its messages are written in, or were; empty: the seal's name says it */
} seal_key;

typedef struct seal_keys {
    const seal_key *at; /* in the call's arena */
    size_t count;
} seal_keys;

typedef struct seal_stanzas {
    const sotto_bytes *at; /* whole stanzas, in the call's arena */
    size_t count;
} seal_stanzas;

/* Who a stanza is for. Own other devices are always meant as well. */
typedef struct seal_audience {
    const sotto_bytes *jids; /* bare, normalized; one for a chat */
    size_t count;
    const sotto_bytes *resources; /* full JIDs: the one it is addressed to; else those that are available now, as far as
                                     their presence was seen. Empty for seals that CAN_OFFLINE */
    size_t resource_count;
    bool room;
    bool idle; /* promise: only what is there now counts; nothing is begun or asked for this */
} seal_audience;

/* What a seal can do for an audience now.
 *   NEVER    the audience authoritatively has no keys of this kind, and never had.
 *   ASKING   not known yet; questions are under way, env->changed will be called.
 *   READY    protect would work for the keys listed.
 *   BROKEN   it should work and does not; reason (DEVICES_GONE, BUNDLE_BROKEN, TIMEOUT, SERVER_REFUSED...). */
typedef enum seal_promise_kind { SEAL_NEVER, SEAL_ASKING, SEAL_READY, SEAL_BROKEN } seal_promise_kind;

typedef struct seal_promise {
    seal_promise_kind kind;
    sotto_status reason;
    seal_keys keys; /* of the audience and of own other devices */
} seal_promise;

/* Where a stanza came from, as the engine checked it. */
typedef struct seal_origin {
    sotto_bytes from; /* bare JID the server vouches for (of the forwarded message, for carbons) */
    sotto_bytes from_full;
    sotto_bytes to;     /* bare JID it was addressed to */
    bool own;           /* from is our own account */
    bool room;          /* type groupchat */
    bool live;          /* not from an archive or the offline store: has no delay stamp */
    bool sees_presence; /* our own account, or somebody who sees our presence by the roster: that we are online, and
                           with this resource, is no news to them (T23) */
    bool answerable;  /* an automatic answer reveals nothing to a stranger: a contact, or somebody we wrote to (T23) */
    uint64_t time_ms; /* of the delay stamp, else now */
} seal_origin;

typedef enum seal_outcome {
    SEAL_OPENED,     /* stanza holds the content */
    SEAL_CONTROL,    /* it was the seal's own business (an empty message); nothing to show */
    SEAL_DUPLICATE,  /* read before; silent */
    SEAL_UNREADABLE, /* reason says why; what was staged (questions) is kept */
    SEAL_NOT_MINE    /* an iq: as if nobody had claimed it; it gets what an unknown namespace gets (T23) */
} seal_outcome;

/* How an iq of type get or set is answered. NONE: by whoever it is delivered to. */
typedef enum seal_reply { SEAL_REPLY_NONE, SEAL_REPLY_RESULT, SEAL_REPLY_ERROR } seal_reply;

typedef struct seal_opened {
    seal_outcome outcome;
    sotto_status reason; /* UNREADABLE */
    sotto_bytes stanza;  /* OPENED: the outer stanza's from, to, id, type and the opened content, nothing else */
    seal_key key;        /* whose it was; known is false where that could not be told */
    uint64_t time_ms;    /* 0: the sender wrote none */
    bool opt_out;        /* XEP-0384 section 5.7 */
    sotto_bytes opt_out_reason;
    seal_reply reply;            /* of unprotect alone */
    sotto_bytes reply_payload;   /* RESULT: one element, or empty */
    const char *reply_condition; /* ERROR: of RFC 6120 section 8.3.3; static */
} seal_opened;

/* ---- inputs ---- */

typedef enum seal_input_kind {
    SEAL_INPUT_ONLINE, /* own full JID; fresh: nothing asked before will be answered */
    SEAL_INPUT_OFFLINE,
    SEAL_INPUT_ANSWER,   /* to env->ask: note, answer (the whole iq; NULL with a status TIMEOUT or OFFLINE) */
    SEAL_INPUT_PEP,      /* a notification from jid (bare, checked): node, element <items/> */
    SEAL_INPUT_TIMER,    /* note */
    SEAL_INPUT_JOB,      /* note, bytes */
    SEAL_INPUT_TRUST,    /* it was decided about jid, key: trust; on this word */
    SEAL_INPUT_REFRESH,  /* look at jid's devices anew; answer with env->changed when known */
    SEAL_INPUT_LEAVE,    /* take this device off the server; answer with a LEFT event */
    SEAL_INPUT_PRESENCE, /* jid (full) is available now, or is not: available */
    SEAL_INPUT_REPAIR,   /* forget the sessions with jid's devices: the next message begins anew (XEP-0384 section 6);
                            keys   and trust stay; answer with a REFRESHED event */
    SEAL_INPUT_CATCHUP,  /* an archive is about to be read (available), or was read: until then used prekeys are kept,
                           and  answers wait (T19). Begins may follow one another */
    SEAL_INPUT_ADOPT,    /* another client's identity, key (its Curve25519 scalar), before one of ours was ever shown;
                           device: of that client, to be taken off the list, or 0. STATE. Seals that have no such
                           identity ignore it */
    SEAL_INPUT_REMOVE, /* take another own device (device) off the server; answer with a REMOVED event; USAGE: this one.
                          Seals without lists ignore it */
    SEAL_INPUT_RENAME, /* what this device is called for others to see: bytes, empty for nothing; USAGE: it is no label.
                          Answer with a RENAMED event. Seals without labels ignore it */
    SEAL_INPUT_STATEMENT, /* what stands behind our key: type, bytes (SOTTO_INPUT_STATEMENT). USAGE. Seals that show no
                             such thing ignore it */
    SEAL_INPUT_PASSWORD,  /* jid (full or bare), bytes, again (SOTTO_INPUT_PASSWORD). USAGE. Others ignore it */
    SEAL_INPUT_ENDING,    /* the stream will be ended on purpose: what is said last is said now */
    SEAL_INPUT_FIRST      /* who shows a key first in sessions: type, SEAL_FIRST_ bits. USAGE. Others ignore it */
} seal_input_kind;

#define SEAL_FIRST_ASK   1u /* whoever begins a session with us shows theirs first */
#define SEAL_FIRST_NEVER 2u /* whom we begin one with, and with whom we have no secret from before, does */

/* How a verdict about a key came about. SAID: a person named this key. COMPARED: people compared a string through
 * messages that need no session with it. OTHER: what was said inside some session, by another device, by somebody. */
typedef enum seal_word { SEAL_WORD_OTHER, SEAL_WORD_COMPARED, SEAL_WORD_SAID } seal_word;

typedef struct seal_input {
    seal_input_kind kind;
    sotto_bytes jid;
    bool fresh;
    bool available;
    sotto_bytes note;
    const stanza_element *answer; /* type='result' or 'error', from the one that was asked (T5) */
    sotto_status status;          /* OK: answer is a result; SERVER_REFUSED: an error; TIMEOUT, OFFLINE: no answer */
    sotto_bytes node;
    const stanza_element *items;
    sotto_bytes bytes;
    const uint8_t *key; /* 32 */
    sotto_trust trust;
    uint32_t device;
    uint32_t type;  /* STATEMENT, FIRST */
    bool again;     /* PASSWORD */
    seal_word word; /* TRUST */
} seal_input;

/* On whose word a key is verified. SIBLING: another key of its owner's that is verified, of another seal. PASSWORD: the
 * two people compared a word. AUTHORITY: a certificate, or somebody's OpenPGP key, which counts where the policy says
 * so. */
typedef enum seal_voucher { SEAL_VOUCHER_SIBLING, SEAL_VOUCHER_PASSWORD, SEAL_VOUCHER_AUTHORITY } seal_voucher;

/* ---- environment ---- */

typedef struct seal_env seal_env;
struct seal_env {
    uint64_t now_ms;
    bool set_back;          /* for `open`: the store is older than a state that was opened before. What was sealed since
                               then is forgotten here: no state that was there may seal anything (T18) */
    sotto_bytes account;    /* own bare JID */
    const sotto_host *host; /* memory for volatile state; randomness comes from env->random */
    bytes_arena *arena;     /* given back after the call: results of the call are put here */
    stanza_parser *parser;  /* for what was inside the encryption */
    void *engine;

    /* Records of the seal's own namespace. Values read lie in the arena. NOT_FOUND, STORE_*, NO_MEMORY. */
    SOTTO_MUST_CHECK sotto_status (*get)(seal_env *, sotto_bytes key, sotto_bytes *ret);
    SOTTO_MUST_CHECK sotto_status (*put)(seal_env *, sotto_bytes key, sotto_bytes value); /* empty: delete */
    SOTTO_MUST_CHECK sotto_status (*scan)(seal_env *, sotto_bytes prefix, sotto_visit *,
                                          void *arg); /* staged ones too, in order */
    SOTTO_MUST_CHECK sotto_status (*random)(seal_env *, void *out, size_t len);

    /* Sends <iq type to id>payload</iq> and gives the answer back with `note` (at most 1 KiB). `set`: type='set'; an
     * empty `to`: the own server or account. When a question with the same note is pending nothing is done. */
    SOTTO_MUST_CHECK sotto_status (*ask)(seal_env *, bool set, sotto_bytes to, sotto_bytes payload, sotto_bytes note);
    bool (*asking)(seal_env *, sotto_bytes note);
    /* A stanza of the seal's own (an empty message), durable like any other. */
    SOTTO_MUST_CHECK sotto_status (*control)(seal_env *, sotto_bytes stanza);
    /* One timer a note; a later call moves it; UINT64_MAX ends it. */
    SOTTO_MUST_CHECK sotto_status (*timer)(seal_env *, sotto_bytes note, uint64_t at_ms);
    SOTTO_MUST_CHECK sotto_status (*job)(seal_env *, sotto_bytes request, sotto_bytes note);
    /* An event for the user. */
    SOTTO_MUST_CHECK sotto_status (*event)(seal_env *, const sotto_event *);
    /* What promise would say about this JID may have changed: held stanzas are looked at again after the call. */
    SOTTO_MUST_CHECK sotto_status (*changed)(seal_env *, sotto_bytes jid);
    /* A key of a JID was learnt (from a bundle or a message). The engine records it and lets the policy decide. */
    SOTTO_MUST_CHECK sotto_status (*key_seen)(seal_env *, const seal_key *);
    /* How far a key is trusted now. */
    SOTTO_MUST_CHECK sotto_status (*trust)(seal_env *, sotto_bytes jid, const uint8_t key[32], sotto_trust *ret);
    /* Whether a key may be sent to now: for what was sealed earlier and is about to be sent again. */
    SOTTO_MUST_CHECK sotto_status (*accepted)(seal_env *, sotto_bytes jid, const uint8_t key[32], bool *ret);
    /* Hands on a stanza (OPENED), or says that there was one (UNREADABLE), which came out of something else than the
     * stanza unprotect was called for: an answer, or one of several in it. key is known, and its jid the sender. */
    SOTTO_MUST_CHECK sotto_status (*deliver)(seal_env *, const seal_opened *);
    /* A signature by this device's identity of another seal, and which that is. NOT_FOUND: there is no such seal. */
    SOTTO_MUST_CHECK sotto_status (*sign)(seal_env *, sotto_bytes message, seal_key *ret_key, uint8_t ret[64]);
    /* Whether a key of another seal signed this, and how far it is trusted as jid's. BAD_SIGNATURE, BAD_KEY; NOT_FOUND:
     * there is no such seal. */
    SOTTO_MUST_CHECK sotto_status (*sibling)(seal_env *, sotto_bytes jid, const uint8_t key[32], sotto_bytes message,
                                             const uint8_t signature[64], sotto_trust *ret);
    /* A key that the seal has told of (key_seen) is to count as verified: done after the call, unless a person refused
     * it, or the policy does not take this kind of voucher. */
    SOTTO_MUST_CHECK sotto_status (*vouch)(seal_env *, sotto_bytes jid, const uint8_t key[32], seal_voucher);
    /* Who was known under old_jid proved the key, and a secret that only they have, as jid: what is recorded of the key
     * is taken over, before it is seen there. *ret_taken: false where other keys of jid are known, of whatever seal: a
     * contact must not take what was verified about them to somebody else's address. */
    SOTTO_MUST_CHECK sotto_status (*known_as)(seal_env *, sotto_bytes jid, sotto_bytes old_jid, const uint8_t key[32],
                                              bool *ret_taken);
};

/* ---- the table ---- */

/* How trust messages (XEP-0434) speak of a seal's keys. Only what came sealed with `dialect`, which protects the whole
 * content, may speak, and only such devices are spoken to. */
typedef struct seal_naming {
    const char *encryption; /* the namespace that stands for the keys */
    const char *dialect;    /* of seal_key and sotto_key: what it must have been sealed with */
    /* The name of a key of jid, and the key that has a name: 32 bytes each; the key as trust is recorded for it.
     * BAD_KEY: no key can have this name. */
    SOTTO_MUST_CHECK sotto_status (*name)(void *self, seal_env *, sotto_bytes jid, const uint8_t key[32],
                                          uint8_t ret_name[32]);
    SOTTO_MUST_CHECK sotto_status (*named)(void *self, seal_env *, const uint8_t name[32], uint8_t ret_key[32]);
} seal_naming;

/* What is open with one resource of somebody, for people to look at (sotto_session). */
typedef struct seal_session {
    sotto_bytes full; /* the other side */
    seal_key key;     /* theirs; known: they proved it */
    bool initiator, ready, asked, quarantined, retained;
    const char *group, *suite; /* static; NULL: not agreed on yet */
    uint64_t since_ms, renewed, stanzas;
    uint32_t statements; /* accepted: bit n is the number n of SOTTO_EVENT_STATEMENT */
} seal_session;
typedef sotto_status seal_session_visit(void *arg, const seal_session *);

#define SEAL_CAN_MESSAGE  1u /* message stanzas with any content */
#define SEAL_CAN_IQ       2u
#define SEAL_CAN_PRESENCE 4u
#define SEAL_CAN_OFFLINE  8u  /* the other side need not be online */
#define SEAL_CAN_ROOM     16u /* audience.jids are the members */

typedef struct seal_class {
    const char *name; /* "omemo", as policies have it; keys and what was opened may say it more exactly (seal_key) */
    uint8_t strength; /* 0: none (rot13); 1 and more: real */
    uint32_t can;
    uint32_t carriers;           /* SEAL_CAN_MESSAGE, _IQ: kinds of stanzas that carry it, for which claims counts */
    const char *const *claims;   /* namespaces of child elements that unprotect is called for, ended by NULL; a `*` at
                                    the end makes it a prefix */
    const char *const *nodes;    /* PEP nodes whose notifications it wants, ended by NULL */
    const char *const *features; /* for disco#info and caps, ended by NULL */

    SOTTO_MUST_CHECK sotto_status (*open)(void **ret_self, seal_env *);
    void (*close)(void *self);
    SOTTO_MUST_CHECK sotto_status (*promise)(void *self, seal_env *, const seal_audience *, seal_promise *ret);
    /* Seals a stanza for the allowed keys (a subset of what promise listed; at least one of the audience). The ticket
     * names it in events. No stanza: there is nothing to send, and nobody misses it. CANNOT_PROTECT: nothing of this
     * stanza can be protected for this audience. */
    SOTTO_MUST_CHECK sotto_status (*protect)(void *self, seal_env *, const stanza_element *, const seal_audience *,
                                             const seal_keys *allowed, uint64_t ticket, seal_stanzas *ret);
    SOTTO_MUST_CHECK sotto_status (*unprotect)(void *self, seal_env *, const stanza_element *, const seal_origin *,
                                               seal_opened *ret);
    SOTTO_MUST_CHECK sotto_status (*input)(void *self, seal_env *, const seal_input *);
    void (*forget)(void *self, sotto_bytes jid); /* drop volatile state about jid; empty: all of it */
    /* Every device of a JID it knows of, this device first. */
    SOTTO_MUST_CHECK sotto_status (*list_keys)(void *self, seal_env *, sotto_bytes jid, seal_keys *ret);
    /* Optional (NULL): what one seal needs of another, brokered by the engine. */
    SOTTO_MUST_CHECK sotto_status (*export_key)(void *self, seal_env *, sotto_bytes jid, sotto_bytes label,
                                                uint8_t ret[32]);
    SOTTO_MUST_CHECK sotto_status (*sign)(void *self, seal_env *, sotto_bytes message, seal_key *ret_key,
                                          uint8_t ret[64]);
    SOTTO_MUST_CHECK sotto_status (*check)(void *self, seal_env *, const uint8_t key[32], sotto_bytes message,
                                           const uint8_t signature[64]);
    /* Optional: the last call of every step in which the seal was called, and of the first one after a `forget`. What
     * was gathered leaves together. It may not call env->changed. */
    SOTTO_MUST_CHECK sotto_status (*flush)(void *self, seal_env *);
    /* Optional (NULL: nothing of the seal's goes into backups): what of a record goes into a backup, from which another
     * device with the same identity is made; empty: nothing of it. Whatever must not be used twice does not (T18). A
     * seal need not be open for that. Of env only what is data, and the arena, may be used; *ret may be `value`. */
    SOTTO_MUST_CHECK sotto_status (*back_up)(seal_env *, sotto_bytes key, sotto_bytes value, sotto_bytes *ret);
    /* Optional (NULL): the name it had before it had dialects: records under that name are its own, and its keys were
     * recorded by another form than their fingerprint (engine/upgrade.c). */
    const char *formerly;
    const seal_naming *naming; /* Optional (NULL): automatic trust never touches its keys */
    /* Optional (NULL): what it has open with others now. */
    SOTTO_MUST_CHECK sotto_status (*list_sessions)(void *self, seal_env *, seal_session_visit *, void *arg);
} seal_class;

#endif
