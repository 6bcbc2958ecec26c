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
typedef enum sotto_trust_policy { SOTTO_BLIND_UNTIL_VERIFIED, SOTTO_FIRST_USE, SOTTO_VERIFIED_ONLY } sotto_trust_policy;

/* ---- opening ---- */

typedef struct sotto_engine_config {
    sotto_bytes account;            /* bare JID; copied */
    const sotto_host *host;         /* memory and randomness; outlives the engine */
    sotto_store *store;             /* lent to the engine until it is closed; the host closes it afterwards */
    const sotto_seal *const *seals; /* by preference, ended by NULL; outlives the engine */
    sotto_encrypt encrypt;          /* for contacts without a policy of their own; DEFAULT means AUTO */
    sotto_trust_policy trust;
    uint8_t least_strength; /* seals weaker than this are refused; 1 keeps rot13 out, programs use 1 */
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
    SOTTO_INPUT_REPAIR   /* replace broken sessions with jid's devices: the next message begins anew; keys and trust
                            stay; ends in SOTTO_EVENT_REFRESHED */
} sotto_input_kind;

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
    SOTTO_EVENT_HELD,    /* ticket: kept until its keys are here or were accepted; reason says which; number: devices */
    SOTTO_EVENT_REFUSED, /* ticket: not sent, and forgotten; reason */
    SOTTO_EVENT_LEFT_OUT,      /* ticket: sent, but not to this key (not accepted, or its bundle is broken: reason) */
    SOTTO_EVENT_NEW_KEY,       /* a key seen for the first time; trust says what the policy made of it */
    SOTTO_EVENT_KEY_ALARM,     /* reason KEY_CHANGED: a known device id with another key, or a key under a second JID */
    SOTTO_EVENT_DEVICES,       /* the list of devices of jid changed; number of them */
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
    SOTTO_EVENT_DELIVERY_UNKNOWN /* ticket, key: a live session ended before the other side said that it has it, and it
                                    will not be sent again: reason; text is the stanza's id */
} sotto_event_kind;

typedef struct sotto_key {
    sotto_bytes jid;  /* bare */
    sotto_bytes seal; /* "omemo:2" */
    uint32_t device;
    uint8_t key[32];         /* Ed25519 form, as trust is recorded */
    uint8_t fingerprint[32]; /* as it is shown: the Curve25519 form (XEP-0384 section 8) */
    sotto_trust trust;
    bool active; /* on the current device list */
    bool this_device;
    bool known; /* false: only the device id is known, its bundle was not read yet */
    uint64_t first_seen_ms;
    uint64_t last_used_ms; /* 0: never */
} sotto_key;

typedef struct sotto_delivery {
    sotto_bytes stanza; /* with the decrypted content in place; never anything unauthenticated beside it that
                           changes its meaning */
    sotto_bytes seal;   /* "omemo:2"; empty: it came in the clear */
    sotto_bytes from;   /* bare JID the content is attributed to */
    sotto_trust trust;  /* of the key that sealed it; UNDECIDED when in the clear */
    uint32_t device;
    uint8_t fingerprint[32];
    uint64_t time_ms;   /* sealed: when it was written, says the sender; clear: the delay stamp, else receipt */
    bool time_doubtful; /* the sealed time and the server's differ by more than a day */
    bool answerable;    /* an iq: answering tells its sender nothing he may not know (T23) */
} sotto_delivery;

typedef struct sotto_event {
    sotto_event_kind kind;
    uint64_t ticket;
    sotto_bytes jid;
    sotto_status reason;
    sotto_bytes text;
    uint32_t number;
    sotto_key key; /* the kinds that speak of a key or device */
} sotto_event;

typedef struct sotto_output {
    uint64_t seq; /* rises; the same again after a crash. 0: presence or the answer to an iq, for the application:
                     handed out once, without done. A question (an iq of type get or set) is an output like any other,
                     until its stream is gone */
    sotto_output_kind kind;
    sotto_bytes stanza;      /* STANZA */
    uint64_t ticket;         /* STANZA: the SEND it belongs to, or 0 */
    sotto_bytes seal;        /* STANZA: what protects it; empty: it leaves in the clear */
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

/* What the host must add to its disco#info features and caps so that notifications arrive; ended by NULL, static. */
SOTTO_API const char *const *sotto_engine_features(const sotto_engine *);

/* ---- the host's own records, in the same transaction ---- */

/* A small record under a name of at most 64 bytes; an empty value deletes it. Staged until commit.
 * Errors: USAGE (the name), TOO_LARGE, NO_MEMORY. */
SOTTO_API SOTTO_MUST_CHECK sotto_status sotto_engine_note(sotto_engine *, sotto_bytes name, sotto_bytes value);
/* The record as staged; *ret lives until the next call on the engine.
 * Errors: NOT_FOUND, USAGE (the name), STORE_*, NO_MEMORY. */
SOTTO_API SOTTO_MUST_CHECK sotto_status sotto_engine_noted(sotto_engine *, sotto_bytes name, sotto_bytes *ret);

#ifdef __cplusplus
}
#endif

#endif
