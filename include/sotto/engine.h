/* SPDX-License-Identifier: ISC
 *
 * The engine: decides, for every stanza of one account, out and in, what becomes of it. It has no sockets, no threads,
 * no clock and no global state: whole stanzas, time and answers go in, whole stanzas and events come out.
 *
 *     sotto_engine_step    stages one input: all of it or nothing
 *     sotto_engine_commit  makes everything staged durable, in one transaction
 *     sotto_engine_next    hands out what has been committed, and nothing else
 *     sotto_engine_done    tells that an output arrived: the server acknowledged it, or the host has dealt with it
 *
 * A host reads from its stream, steps, and commits when its input queue is empty; then it takes outputs until there
 * are none. Only after the commit does an input count as handled (XEP-0198 `h`, an archive cursor): a host keeps such
 * counters with sotto_engine_note, in the same transaction. Outputs are kept until done and come again, with the same
 * number and the same bytes, after a crash: a host drops the numbers it has already seen, a peer's ratchet drops the
 * repeats. `done` itself is staged until the next commit.
 *
 * A host hands in every stanza of the server, the roster's among them (it asks for the roster itself, RFC 6121 section
 * 2.2): the engine answers nobody by itself whom the roster or earlier messages do not make a contact.
 *
 * When a step fails it changed nothing. When a commit fails, everything stepped since the last commit is undone: the
 * host treats it as never handled (a connected host ends its stream and resumes it, so that the server sends it again).
 *
 * One thread at a time may use an engine; different engines know nothing of each other. No function may be called from
 * inside a callback of the same engine. Spans in outputs live until the next call on the same engine. */
#ifndef SOTTO_ENGINE_H
#define SOTTO_ENGINE_H

#include <sotto/limits.h>
#include <sotto/store.h>
#include <sotto/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sotto_engine sotto_engine;

/* A way of protecting stanzas: opaque here, static. */
typedef struct seal_class sotto_seal;
SOTTO_API const sotto_seal *sotto_seal_omemo(void); /* urn:xmpp:omemo:2, XEP-0384 */
SOTTO_API const sotto_seal *sotto_seal_rot13(void); /* XEP-0419, of strength zero: the control every attack beats */

/* ---- policy ---- */

/* What a contact's messages need before they leave. AUTO: encrypt when they can, and from then on always. */
typedef enum sotto_encrypt {
    SOTTO_ENCRYPT_DEFAULT,
    SOTTO_ENCRYPT_AUTO,
    SOTTO_ENCRYPT_ALWAYS,
    SOTTO_ENCRYPT_NEVER
} sotto_encrypt;

/* How far a key is trusted. Trust belongs to (bare JID, key), never to a device id. */
typedef enum sotto_trust {
    SOTTO_TRUST_UNDECIDED, /* seen; nobody decided and the policy does not decide by itself */
    SOTTO_TRUST_BLIND,     /* accepted by the policy, without a comparison */
    SOTTO_TRUST_VERIFIED,  /* a person compared it */
    SOTTO_TRUST_DISTRUSTED /* a person refused it */
} sotto_trust;

/* What happens with a new key. BLIND_UNTIL_VERIFIED: accepted as long as no key of that JID was ever verified. */
typedef enum sotto_trust_policy {
    SOTTO_BLIND_UNTIL_VERIFIED,
    SOTTO_FIRST_USE,
    SOTTO_VERIFIED_ONLY,
    SOTTO_CERTIFIED /* as VERIFIED_ONLY; a live key behind which an accepted certificate or OpenPGP key stands is
                       verified by that */
} sotto_trust_policy;

/* Which seals a contact's stanzas may go by. STORED: those that need nobody online. LIVE: those that do. NAMED: one. */
typedef enum sotto_via { SOTTO_VIA_AUTO, SOTTO_VIA_STORED, SOTTO_VIA_LIVE, SOTTO_VIA_NAMED } sotto_via;

/* ---- opening ---- */

typedef struct sotto_engine_config {
    sotto_bytes account;            /* bare JID; copied */
    const sotto_host *host;         /* memory and randomness; outlives the engine */
    sotto_store *store;             /* lent to the engine until it is closed; the host closes it afterwards */
    const sotto_seal *const *seals; /* by preference, ended by NULL; outlives the engine */
    sotto_encrypt encrypt;          /* for contacts without a policy of their own; DEFAULT means AUTO */
    sotto_trust_policy trust;
    uint8_t least_strength; /* seals weaker than this are refused; 1 keeps rot13 out, programs use 1 */
    bool catch_up; /* read from the account's archive what was missed (XEP-0313); until that is done, messages that come
                      live wait in the store. SOTTO_EVENT_CAUGHT_UP tells when */
} sotto_engine_config;

/* Opens the engine over what the store holds; an empty store is a new account. `now_ms` here and below is Unix time in
 * milliseconds; it may stand still or jump, never is it compared with a clock of the library's own.
 * Errors: BAD_JID, USAGE (a seal that is too weak, none at all), STORE_*, NO_MEMORY, NO_RANDOM, CRYPTO_FAILED. */
SOTTO_API SOTTO_MUST_CHECK sotto_status sotto_engine_open(sotto_engine **ret, const sotto_engine_config *,
                                                          uint64_t now_ms);

/* Drops what was staged and not committed, wipes and frees. NULL is allowed. */
SOTTO_API void sotto_engine_close(sotto_engine *);

/* ---- inputs ---- */

typedef enum sotto_input_kind {
    SOTTO_INPUT_ONLINE, /* the stream is up and bound: jid is the full JID, resumed tells whether XEP-0198 resumed it */
    SOTTO_INPUT_OFFLINE, /* the stream is gone */
    SOTTO_INPUT_STANZA,  /* a whole stanza from the server */
    SOTTO_INPUT_SEND,    /* a whole stanza from the application, with a ticket of the host's choice */
    SOTTO_INPUT_CANCEL,  /* forget a held stanza: ticket */
    SOTTO_INPUT_TIMER,   /* the deadline has come; harmless when early */
    SOTTO_INPUT_POLICY,  /* a contact's policy: jid, encrypt */
    SOTTO_INPUT_VERDICT, /* a person's decision about a key: jid, key, trust */
    SOTTO_INPUT_REFRESH, /* ask for the devices of jid and their keys; ends in SOTTO_EVENT_REFRESHED */
    SOTTO_INPUT_ANSWER,  /* the result of a job: job number, bytes */
    SOTTO_INPUT_LEAVE,   /* take this device off the server; ends in SOTTO_EVENT_LEFT */
    SOTTO_INPUT_REPAIR,  /* replace broken sessions with jid's devices: the next message begins anew; keys and trust
                           stay; ends in SOTTO_EVENT_REFRESHED */
    SOTTO_INPUT_JOIN,    /* enter the room jid as `nick` (empty: the one kept, else the local part of the account), and
                            keep it: it is entered again by a JOIN without jid, which enters every room that is kept.
                            Answered by SOTTO_EVENT_ROOM */
    SOTTO_INPUT_PART,    /* leave the room jid, and forget it; NOT_FOUND: it is not kept */
    SOTTO_INPUT_VIA,    /* which seals jid's stanzas may go by: via, and with NAMED name. NOT_FOUND: the engine has none
                           such */
    SOTTO_INPUT_RESEND, /* send jid again, as new stanzas with the same ids, what nobody has confirmed, to devices that
                          did not get it; ends in SOTTO_EVENT_RESENT */
    SOTTO_INPUT_ADOPT, /* the identity of another client becomes this one's, before it was ever shown to anybody: key is
                          its Curve25519 scalar, which the host wipes; device, if not 0, is the device it had, which
                          is taken off the list when this one is put there. STATE: online, or the identity there is was
                          published */
    SOTTO_INPUT_RECORD, /* what was decided elsewhere about a key: jid, key, trust, and device if it is known; the key
                          need not have been seen. One that has been gets it as from VERDICT */
    SOTTO_INPUT_REMOVE, /* take another device of the own account, `device`, and its keys off the server; USAGE: it is
                           this one. Ends in SOTTO_EVENT_REMOVED */
    SOTTO_INPUT_RENAME, /* publish `name`, signed, as what this device is called; empty: it has no name any more. USAGE:
                           it  is none (XEP-0384 section 5.3.1). Ends in SOTTO_EVENT_RENAMED */
    SOTTO_INPUT_STATEMENT, /* what stands behind our live key and is shown inside live sessions: number 1: a
                              certificate, 2: an OpenPGP key; bytes: as doc/live.md has it; empty: nothing any more.
                              USAGE: neither, or more than SOTTO_LIVE_STATEMENT_BYTES_MAX */
    SOTTO_INPUT_PASSWORD,  /* a word that both people know is compared in the live session with jid (full, or bare where
                              there is one): bytes, which the host wipes; `again`: although there were
                              SOTTO_LIVE_GUESSES_MAX wrong ones. Answered by SOTTO_EVENT_PASSWORD. USAGE: no bytes,
                              too many, or what SASLprep (RFC 4013) does not allow */
    SOTTO_INPUT_ENDING,   /* the stream will be ended on purpose: live sessions are closed, so that the other sides know
                           that they have everything. No new ones until ONLINE */
    SOTTO_INPUT_COMPARE,  /* our person wants to compare keys with jid (a contact, or the own account: with another own
                             device) by eight characters, or says yes to jid's wish. Answered by SOTTO_EVENT_COMPARE */
    SOTTO_INPUT_COMPARED, /* our person compared (same: all keys jid showed are verified now), or does not want to (not
                             same). STATE: there is nothing to compare with jid */
    SOTTO_INPUT_FIRST /* who shows a key first when a live session is opened: number, SOTTO_FIRST_ bits, 0 at first. A
                         live key can be seen by whoever it is shown to first. USAGE: other bits */
} sotto_input_kind;

#define SOTTO_FIRST_ASK   1u /* whoever begins a session with us shows theirs first */
#define SOTTO_FIRST_NEVER 2u /* with whom we begin one, and have no secret from before, does; else there is none */

/* One input. Only the members its kind names are looked at; everything is copied that is kept. */
typedef struct sotto_input {
    sotto_input_kind kind;
    sotto_bytes jid;
    sotto_bytes stanza;    /* one element in UTF-8; without xmlns it is in jabber:client */
    uint64_t ticket;       /* not 0, not in use by a held stanza or by an output that is not done */
    sotto_encrypt encrypt; /* SEND: for this stanza alone (DEFAULT: the contact's policy). POLICY: the new policy */
    sotto_bytes key;       /* 32 bytes as in sotto_key */
    sotto_trust trust;
    bool resumed;
    uint32_t acked; /* ONLINE: of the stanzas that are not done, in order, the server has the first so many */
    uint64_t job;
    sotto_bytes answer;
    sotto_bytes nick; /* JOIN: as the room shows us */
    uint64_t for_ms; /* POLICY with NEVER: it ends by itself after so long, and what was before is in force again; 0: it
                        stays */
    sotto_via via;   /* VIA */
    sotto_bytes name;        /* VIA: of a seal. RENAME */
    uint32_t device;         /* ADOPT, RECORD, REMOVE */
    uint64_t seen_before_ms; /* RESEND: not to keys first seen then or later, unless they are verified: nobody has been
                                told of them yet, and whoever can add a device could read what was said before; 0: to
                                all that are accepted */
    uint32_t number;         /* STATEMENT, FIRST */
    sotto_bytes bytes;       /* STATEMENT, PASSWORD */
    bool again;              /* PASSWORD */
    bool same;               /* COMPARED */
} sotto_input;

/* Stages one input. Errors: BAD_JID, MALFORMED, TOO_LARGE, XML_FORBIDDEN (a stanza that is none: a host that gets this
 * for SOTTO_INPUT_STANZA drops it), USAGE, TICKET_USED, NOT_FOUND (CANCEL, VERDICT), OUTBOX_FULL, STORE_*, NO_MEMORY,
 * NO_RANDOM, CRYPTO_FAILED. A message that cannot be decrypted is no error but an event; a SEND that policy refuses is
 * no error but SOTTO_EVENT_REFUSED. */
SOTTO_API SOTTO_MUST_CHECK sotto_status sotto_engine_step(sotto_engine *, const sotto_input *, uint64_t now_ms);

/* Makes everything staged durable and releases its outputs. Errors: STORE_FULL, STORE_FAILED, NO_MEMORY; then
 * everything since the last commit is undone and what was volatile is lost, as after OFFLINE. What was told by
 * sotto_engine_done, or as `acked`, stays told: it is not to be told again, and goes with the next commit. */
SOTTO_API SOTTO_MUST_CHECK sotto_status sotto_engine_commit(sotto_engine *);

/* ---- outputs ---- */

typedef enum sotto_output_kind {
    SOTTO_OUTPUT_STANZA,  /* for the server, while online, in this order; done when it acknowledged it */
    SOTTO_OUTPUT_DELIVER, /* for the application: a stanza and how it was protected */
    SOTTO_OUTPUT_EVENT,   /* for the application */
    SOTTO_OUTPUT_JOB      /* work for the host (a keyring, a download); answered by SOTTO_INPUT_ANSWER */
} sotto_output_kind;

typedef enum sotto_event_kind {
    SOTTO_EVENT_HELD,      /* ticket: kept until its keys are here or were accepted; reason says which; number: devices;
                              total: accepted ones that were taken off the list in the last day */
    SOTTO_EVENT_REFUSED,   /* ticket: not sent, and forgotten; reason */
    SOTTO_EVENT_LEFT_OUT,  /* ticket: sent, but not to this key (not accepted, or its bundle is broken: reason); with
                              ROOM_CHANGED not to this member, who became one after it was sealed */
    SOTTO_EVENT_NEW_KEY,   /* a key seen for the first time; trust says what the policy made of it; number 1: of
                              another device of the own account, which a person should confirm */
    SOTTO_EVENT_KEY_ALARM, /* reason KEY_CHANGED: a known device id with another key, or a key under a second JID;
                              DOWNGRADED: a live session with this key would have been protected less well than the one
                              before, and was ended */
    SOTTO_EVENT_DEVICES,   /* the list of devices of jid changed; number of them */
    SOTTO_EVENT_UNREADABLE,    /* a message of jid, device could not be decrypted: reason; text is the stanza's id */
    SOTTO_EVENT_REFRESHED,     /* the answer to REFRESH for jid; reason is 0 or why not; text: what the server said */
    SOTTO_EVENT_PUBLISHED,     /* this device and its keys are on the server */
    SOTTO_EVENT_NOT_PUBLISHED, /* they are not; reason, text: what the server said */
    SOTTO_EVENT_OPT_OUT,   /* jid asks, encrypted, to go on in the clear (XEP-0384 section 5.7); text: why. Sending to
                              jid is held until POLICY says what to do */
    SOTTO_EVENT_LEFT,      /* the answer to LEAVE; reason is 0 or why not; text: what the server said */
    SOTTO_EVENT_COPIED,    /* the store is older than one that was in use (copied back from a backup), or a copy of one
                              that is in use elsewhere: its sessions cannot be used again. This device goes on under a
                              new id, number, with the same identity; sessions begin anew. What arrived since the copy
                              was made is not here */
    SOTTO_EVENT_DELIVERED, /* ticket, key: what a live session carried is stored by the other side */
    SOTTO_EVENT_DELIVERY_UNKNOWN, /* ticket, key: a live session ended before the other side said that it has it, and it
                                    will not be sent again: reason; text is the stanza's id */
    SOTTO_EVENT_ROOM,        /* what the room jid is, once after each join and whenever it changes. reason 0: encrypted,
                                for `number` of `total` other members; ROOM_PUBLIC, ROOM_ANONYMOUS: it cannot be;
                                ROOM_LEFT: we are not in it any more; else it should be and why it is not. text: what the
                                room said */
    SOTTO_EVENT_ROOM_MEMBER, /* jid: the room; key.jid: whose membership changed; text: "owner", "admin", "member", or
                                "none" and "outcast", who get nothing any more; number: 1 for the first three */
    SOTTO_EVENT_INVITED,     /* somebody invites into the room jid; key.jid: who, empty where the room does not say;
                                text: why. It came in the clear */
    SOTTO_EVENT_LIST_GONE,   /* jid had devices and the server now says that there are none (T8); once. What is for them
                                stays sealed or held */
    SOTTO_EVENT_DOUBTFUL,    /* whether jid can still read what is encrypted is doubtful; once. reason: IN_THE_CLEAR (a
                                text in the clear came in their name), DEVICES_GONE, TIMEOUT (no sign of decryption for
                                two weeks). Encryption goes on; number: messages that nobody confirmed and that are kept */
    SOTTO_EVENT_MISSED,      /* jid, key: a new device was accepted; number of messages that it could be sent with
                                SOTTO_INPUT_RESEND */
    SOTTO_EVENT_RESENT,  /* ticket, jid: the answer to RESEND; number of messages sent again; reason 0, or why not all
                            of them */
    SOTTO_EVENT_VOUCHED, /* key is verified (or distrusted: trust) because a verified device said so (XEP-0450); jid:
                            its owner; text: whose device said it */
    SOTTO_EVENT_POLICY_ENDED, /* the time in the clear with jid is over: what was in force before is again */
    SOTTO_EVENT_CATCHING_UP,  /* the archive of jid (the account, or a room) is being read; number of messages handed on
                                 so far; number 0 of an output, as presence */
    SOTTO_EVENT_CAUGHT_UP, /* the archive of jid was read, or there is none; number of messages it handed on. reason 0,
                              or why it was not read to its end: the next login goes on there. Without messages and
                              reason the output's number is 0 */
    SOTTO_EVENT_CAUGHT_UP_UNREADABLE, /* so many messages (number) of the archive of jid could not be decrypted */
    SOTTO_EVENT_REDUCED,   /* ticket, jid, key: a device whose OMEMO protects the text alone, the first of `number` such
                             recipients, got no more than that; text: names of what was left out, or what of it could be
                             said in the clear without its content ("reaction, reply"). Once a message */
    SOTTO_EVENT_REMOVED,   /* the answer to REMOVE: number: the device; reason is 0 or why not; text: what the server
                              said. A client that still runs puts itself back (XEP-0384 section 5.3.1) */
    SOTTO_EVENT_RENAMED,   /* the answer to RENAME: reason is 0 or why not; text: what the server said */
    SOTTO_EVENT_CUT_SHORT, /* jid, key: a live session was closed, and `number` of the stanzas that were sealed for us
                              are not here: they were held back on the way, or come when there is a session again */
    SOTTO_EVENT_STATEMENT, /* jid, key: something else stands behind a live key, or does not (reason): number 1: a
                              certificate, 2: an OpenPGP key, 3: an OMEMO identity; text: whose, as that says it. Told
                              once, and again when the answer changes */
    SOTTO_EVENT_PASSWORD,  /* jid, key: number is a sotto_password_news; total: wrong ones so far with this key; reason:
                             of the news */
    SOTTO_EVENT_LIVE_ONLY, /* ticket, jid: a message for jid went into live sessions alone: their clients that are not
                              there now, and the archive, will not have it. Once, and again after VIA */
    SOTTO_EVENT_LIVE_GONE, /* jid, who has spoken in live sessions, now shows a client (text: its full JID) without
                              them, or the server says so (T8). Nothing leaves in the clear for that. Once, until they
                              are back
                            */
    SOTTO_EVENT_FALSE_ANSWER, /* jid: a request that was encrypted, or waits to be, was answered in the clear, in their
                                name, which counts for nothing; text: its id. KEY_CHANGED: with another key than it was
                                encrypted for */
    SOTTO_EVENT_COMPARE, /* jid: number is a sotto_compare; text: the eight characters, where there are any; total: so
                            many runs with jid came to nothing since the last good one */
    SOTTO_EVENT_QUARANTINED, /* jid, key: a live session was begun without the secret that was kept from the ones
                                before: the other side lost it, or somebody who does not have it is there. Nothing is
                                sent or read in it until a person says VERIFIED of this key (SOTTO_INPUT_VERDICT), for
                                ten minutes. No key (known false): theirs is not shown before ours is, which VERIFIED of
                                any key of jid allows */
    SOTTO_EVENT_MOVED /* jid, key: who was known by this key under another JID (text) begins live sessions under this
                         one now, with the secret that was kept. reason 0: what was decided about the key holds here
                         too; KEY_CHANGED: this JID is known (a key of it, the roster, a word to it), so it counts as a
                         new one */
} sotto_event_kind;

/* ASKED: the other side's person has typed one, ours has not. CONFIRMED: both know it, and the key counts as verified.
 * WRONG: two different ones (BAD_MAC). OVER: nothing came of it, and what was typed is forgotten; reason: NO_SESSION,
 * TIMEOUT, AGAIN (one is being compared), GUESSED_OUT. */
typedef enum sotto_password_news {
    SOTTO_PASSWORD_ASKED = 1,
    SOTTO_PASSWORD_CONFIRMED = 2,
    SOTTO_PASSWORD_WRONG = 3,
    SOTTO_PASSWORD_OVER = 4
} sotto_password_news;

/* Comparing keys by eight characters (doc/live.md). A run stays in the store until it is over. */
typedef enum sotto_compare {
    SOTTO_COMPARE_WAITING = 1,     /* for their person, or for their device; reason: 0, or why it could not leave yet */
    SOTTO_COMPARE_ASKED = 2,       /* their person wants to: COMPARE says yes, COMPARED without `same` says no */
    SOTTO_COMPARE_READY = 3,       /* text is what both people see, if nobody is between them: COMPARED */
    SOTTO_COMPARE_THEY_AGREED = 4, /* the same, and their person has said that it is the same */
    SOTTO_COMPARE_VERIFIED = 5,    /* ours has: every key they showed is verified here */
    SOTTO_COMPARE_AGREED = 6,      /* both have: the run is over */
    SOTTO_COMPARE_ABORTED = 7 /* the run is over. reason: DIFFERS (a person said that it is not the same), CANCELLED,
                                 TIMEOUT, NO_SESSION (it was begun anew between two messages), MALFORMED (they showed
                                 what cannot be), NO_DEVICE and others: nothing could be asked */
} sotto_compare;

typedef struct sotto_key {
    sotto_bytes jid;  /* bare */
    sotto_bytes seal; /* "omemo:2", "omemo:0.3": a seal of several dialects says which */
    uint32_t device;
    uint8_t key[32];         /* as trust is recorded; of OMEMO the Curve25519 form, which all its dialects share */
    uint8_t fingerprint[32]; /* as it is shown: the Curve25519 form (XEP-0384 section 8) */
    sotto_trust trust;
    bool active; /* on the current device list */
    bool this_device;
    bool known; /* false: only the device id is known, its bundle was not read yet */
    uint64_t first_seen_ms;
    uint64_t last_used_ms; /* 0: never */
    uint64_t gone_ms;      /* when it was seen to be off the device list; 0: it is on it, or that is not known */
    uint8_t name[32];      /* what trust messages and their URIs call it (XEP-0434); zeros: nothing */
    sotto_bytes label;     /* what its owner calls it, signed by this key (sotto_engine_keys alone); empty: nothing that
                              is. It says nothing about whose key it is */
} sotto_key;

/* A copy (XEP-0280) of what another device of the account did with it. */
typedef enum sotto_carbon { SOTTO_CARBON_NONE, SOTTO_CARBON_SENT, SOTTO_CARBON_RECEIVED } sotto_carbon;

typedef struct sotto_delivery {
    sotto_bytes stanza; /* with the decrypted content in place; never anything unauthenticated beside it that
                           changes its meaning */
    sotto_bytes seal;   /* "omemo:2" as in sotto_key; empty: it came in the clear */
    sotto_bytes from;   /* bare JID the content is attributed to */
    sotto_trust trust;  /* of the key that sealed it; UNDECIDED when in the clear */
    uint32_t device;
    uint8_t fingerprint[32];
    uint64_t time_ms;   /* sealed: when it was written, says the sender; clear: the delay stamp, else receipt */
    bool time_doubtful; /* the sealed time and the server's differ by more than a day */
    bool answerable;    /* answering by itself tells its sender nothing he may not know (T23) */
    sotto_bytes room;   /* bare JID of the room it came through; empty: none. `from` is who wrote it, as far as the room
                           says; else the room itself */
    sotto_bytes nick;   /* of who wrote it, in the room; empty: the room itself */
    sotto_carbon
        carbon;       /* SENT: another device of ours wrote it (`from` is the own account); also out of the archive */
    sotto_bytes peer; /* bare JID of the other side: whom it is for when it is SENT, else `from` */
    bool archived;    /* it comes out of the archive: it was missed when it was sent */
    sotto_status failure; /* not 0: an iq of type error that was made here, in the name of whom a request of the host
                             was for: why there is no answer to it */
} sotto_delivery;

typedef struct sotto_event {
    sotto_event_kind kind;
    uint64_t ticket;
    sotto_bytes jid;
    sotto_status reason;
    sotto_bytes text;
    uint32_t number;
    sotto_key key;  /* the kinds that speak of a key or device */
    uint32_t total; /* ROOM: of so many */
} sotto_event;

typedef struct sotto_output {
    uint64_t seq; /* rises; the same again after a crash (but what goes through a room has another one on a stream that
                     begins anew). 0: presence or the answer to an iq, for the application:
                     handed out once, without done. A question (an iq of type get or set) is an output like any other,
                     until its stream is gone */
    sotto_output_kind kind;
    sotto_bytes stanza; /* STANZA */
    uint64_t ticket;    /* STANZA: the SEND it belongs to, or 0 */
    sotto_bytes seal;   /* STANZA: what protects it, as in sotto_key, "omemo:2+0.3" where it goes to devices of both;
                           empty: it leaves in the clear */
    sotto_delivery delivery; /* DELIVER */
    sotto_event event;       /* EVENT */
    uint64_t job;            /* JOB */
    sotto_bytes request;     /* JOB */
} sotto_output;

/* The next committed output, each once until the engine is opened again (or, towards the server, until ONLINE without
 * resumption). False: none now. Spans in *ret live until the next call on the engine. */
SOTTO_API bool sotto_engine_next(sotto_engine *, sotto_output *ret);

/* Output `seq` arrived; staged until the next commit. Errors: NOT_FOUND, NO_MEMORY. */
SOTTO_API SOTTO_MUST_CHECK sotto_status sotto_engine_done(sotto_engine *, uint64_t seq);

/* The server has acknowledged the first `count` of the stanza outputs that are not done (XEP-0198 counts, it does not
 * name): they are done, staged until the next commit. Errors: BAD_SERVER (so many were never handed out), nothing is
 * done then. */
SOTTO_API SOTTO_MUST_CHECK sotto_status sotto_engine_acked(sotto_engine *, uint32_t count);

/* The server does not take this stanza output, and never will: it is dropped, and SOTTO_EVENT_REFUSED tells with this
 * reason; staged until the next commit. Only between streams, and the next one is not resumed: the server may have
 * counted it. Errors: NOT_FOUND, NO_MEMORY, OUTBOX_FULL. */
SOTTO_API SOTTO_MUST_CHECK sotto_status sotto_engine_reject(sotto_engine *, uint64_t seq, sotto_status reason);

/* A ticket that nobody has: random, its highest bit clear. Errors: NO_RANDOM. */
SOTTO_API SOTTO_MUST_CHECK sotto_status sotto_engine_ticket(sotto_engine *, uint64_t *ret);

/* Names for logs and --json: "held", "new-key"; "blind", "verified". Static; "unknown" for what a later library adds,
 * which a host ignores. No errors. */
SOTTO_API const char *sotto_event_name(sotto_event_kind);
SOTTO_API const char *sotto_trust_name(sotto_trust);

/* When to step with SOTTO_INPUT_TIMER at the latest; UINT64_MAX: never. */
SOTTO_API uint64_t sotto_engine_deadline(const sotto_engine *);

/* ---- looking ---- */

/* Calls visit for every known key of a bare JID (the account's own included), this device first, then by device id.
 * Errors: BAD_JID, STORE_*, NO_MEMORY, NO_RANDOM, CRYPTO_FAILED; a failure of visit ends it and is returned. */
typedef sotto_status sotto_key_visit(void *arg, const sotto_key *);
SOTTO_API SOTTO_MUST_CHECK sotto_status sotto_engine_keys(sotto_engine *, sotto_bytes jid, sotto_key_visit *,
                                                          void *arg);

/* Calls visit for every held stanza, oldest first.
 * Errors: STORE_*, NO_MEMORY; a failure of visit ends it and is returned. */
typedef struct sotto_held {
    uint64_t ticket;
    sotto_bytes jid;
    sotto_bytes stanza;
    sotto_status reason;
    uint64_t since_ms;
} sotto_held;
typedef sotto_status sotto_held_visit(void *arg, const sotto_held *);
SOTTO_API SOTTO_MUST_CHECK sotto_status sotto_engine_held(sotto_engine *, sotto_held_visit *, void *arg);

/* Rooms that are kept, and who is in them. */
typedef struct sotto_room {
    sotto_bytes jid, nick;
    bool joined;
    bool settled;        /* it was told what the room is (SOTTO_EVENT_ROOM) */
    sotto_status reason; /* ... as there */
    uint32_t number, total;
} sotto_room;
typedef sotto_status sotto_room_visit(void *arg, const sotto_room *);
typedef struct sotto_room_member {
    sotto_bytes jid;         /* bare; empty: the room does not say who it is */
    sotto_bytes affiliation; /* "owner", "admin", "member", "none" */
    sotto_bytes nick;        /* empty: not in the room now */
} sotto_room_member;
typedef sotto_status sotto_room_member_visit(void *arg, const sotto_room_member *);
/* Calls visit for every room, in the order of JIDs. Errors: STORE_*, NO_MEMORY; a failure of visit ends it and is
 * returned. */
SOTTO_API SOTTO_MUST_CHECK sotto_status sotto_engine_rooms(sotto_engine *, sotto_room_visit *, void *arg);
/* Calls visit for every member of a room (oneself included), with each nick of theirs in turn, then for occupants who
 * are none. Errors: BAD_JID, NOT_FOUND (the room is not kept), STORE_*, NO_MEMORY; a failure of visit ends it and is
 * returned. */
SOTTO_API SOTTO_MUST_CHECK sotto_status sotto_engine_room_members(sotto_engine *, sotto_bytes room,
                                                                  sotto_room_member_visit *, void *arg);

/* What is remembered of a contact. */
typedef struct sotto_contact {
    sotto_encrypt encrypt;   /* as it was set; DEFAULT: the engine's */
    sotto_encrypt now;       /* in force: NEVER, AUTO, ALWAYS */
    bool encrypted;          /* something was encrypted to them, or by them: AUTO means always from then on */
    bool verified;           /* a key of theirs was verified, once */
    bool opted_out;          /* they asked for messages in the clear, and nobody has answered */
    bool doubtful;           /* SOTTO_EVENT_DOUBTFUL was told */
    uint64_t clear_until_ms; /* 0: no time in the clear is running */
    sotto_via via;
    sotto_bytes name;     /* of the seal, with SOTTO_VIA_NAMED */
    uint32_t unconfirmed; /* messages that are kept because nobody confirmed them, at most */
    uint32_t missed;      /* of these, that RESEND would send */
} sotto_contact;
/* Spans in *ret live until the next call on the engine. Errors: BAD_JID, STORE_*, NO_MEMORY. */
SOTTO_API SOTTO_MUST_CHECK sotto_status sotto_engine_contact(sotto_engine *, sotto_bytes jid, sotto_contact *ret);

/* Calls visit for every run of comparing keys that is not over, in the order of JIDs; spans live for the visit.
 * Errors: STORE_*, NO_MEMORY, CRYPTO_FAILED; a failure of visit ends it and is returned. */
typedef struct sotto_comparison {
    sotto_bytes jid;
    sotto_compare stage;
    sotto_bytes text;   /* the eight characters; empty: not known yet */
    uint64_t until_ms;  /* then it is too late */
    uint32_t fruitless; /* runs with jid that came to nothing since the last good one */
} sotto_comparison;
typedef sotto_status sotto_compare_visit(void *arg, const sotto_comparison *);
SOTTO_API SOTTO_MUST_CHECK sotto_status sotto_engine_compares(sotto_engine *, sotto_compare_visit *, void *arg);

/* A live session: with whom, and what protects it. */
typedef struct sotto_session {
    sotto_bytes jid;           /* the other side's full JID */
    sotto_bytes seal;          /* of the seal */
    sotto_key key;             /* their key, and how far it is trusted; known: they have proved it */
    bool initiator;            /* it was begun here */
    bool ready;                /* stanzas go through it; false: it is being opened, or waits for a person */
    bool asked;                /* it waits for a person, of this or the other side */
    bool quarantined;          /* it began without the secret that both sides had: a person is to confirm (VERDICT) */
    bool retained;             /* a secret of an earlier session is in its keys */
    const char *group, *suite; /* of the key exchange; of encryption. Static; NULL: not agreed on yet */
    uint64_t since_ms;         /* since when it, or one that it took the place of, is ready; 0: it is not */
    uint64_t renewed;          /* so often */
    uint64_t stanzas;          /* through it, both ways, since it was renewed last */
    uint32_t statements;       /* of their key that were accepted: bit n is the number n of SOTTO_EVENT_STATEMENT */
} sotto_session;
typedef sotto_status sotto_session_visit(void *arg, const sotto_session *);
/* Calls visit for every session there is with jid (bare or full; empty: with anybody). Errors: BAD_JID, STORE_*,
 * NO_MEMORY; a failure of visit ends it and is returned. */
SOTTO_API SOTTO_MUST_CHECK sotto_status sotto_engine_sessions(sotto_engine *, sotto_bytes jid, sotto_session_visit *,
                                                              void *arg);

/* What the host must add to its disco#info features and caps so that notifications arrive; ended by NULL, static. */
SOTTO_API const char *const *sotto_engine_features(const sotto_engine *);

/* ---- the host's own records, in the same transaction ---- */

/* A small record under a name of at most 64 bytes; an empty value deletes it. Staged until commit.
 * Errors: USAGE (the name), TOO_LARGE, NO_MEMORY. */
SOTTO_API SOTTO_MUST_CHECK sotto_status sotto_engine_note(sotto_engine *, sotto_bytes name, sotto_bytes value);
/* The record as staged; *ret lives until the next call on the engine.
 * Errors: NOT_FOUND, USAGE (the name), STORE_*, NO_MEMORY. */
SOTTO_API SOTTO_MUST_CHECK sotto_status sotto_engine_noted(sotto_engine *, sotto_bytes name, sotto_bytes *ret);
/* Calls visit for every record as staged whose name begins with `prefix`, in the order of names; name and value live
 * for the call, from which the engine may not be called. A failure of visit ends it and is returned. Errors: USAGE (the
 * prefix is empty or too long), STORE_*, NO_MEMORY. */
SOTTO_API SOTTO_MUST_CHECK sotto_status sotto_engine_notes(sotto_engine *, sotto_bytes prefix, sotto_visit *visit,
                                                           void *arg);

/* ---- backups ---- */

/* Calls visit for every committed record that belongs into a backup, in order; key and value live for the visit, which
 * may not call the engine. It is the identity, trust, policies and the host's notes, and not what would be used a
 * second time: sessions, prekeys, outputs, held stanzas. Whoever writes these records into an empty store and opens an
 * engine over it goes on as a new device with the same identity, and gets SOTTO_EVENT_COPIED (T18). The values are as
 * secret as the store. Errors: STORE_*, NO_MEMORY; a failure of visit ends it and is returned. */
SOTTO_API SOTTO_MUST_CHECK sotto_status sotto_engine_backup(sotto_engine *, sotto_visit *visit, void *arg);

#ifdef __cplusplus
}
#endif

#endif
