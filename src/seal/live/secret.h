/* SPDX-License-Identifier: ISC
 *
 * Retained secrets: what two live keys keep from one session for the next, so that a stolen identity key alone does not
 * do, and a wire that was recorded is not opened by what is stolen later. doc/live.md has the derivations and the five
 * rules by which both sides always have one in common. */
#ifndef SEAL_LIVE_SECRET_H
#define SEAL_LIVE_SECRET_H

#include "seal/live/frame.h"
#include "seal/seal.h"
#include "tls/engine.h"

struct live_self;
struct live_session;

#define LIVE_RETAINED_EXPORTER "EXPORTER-sotto-live-retained"
#define LIVE_SECRETS_MAX       SOTTO_LIVE_HOLD_MAX /* of one live key: two, and for a moment more */

typedef struct live_secret {
    uint8_t secret[32]; /* R */
    uint8_t id[LIVE_ID_BYTES];
    bool initiator;  /* our role in the session it was made in */
    bool theirs;     /* the other side is known to hold it */
    uint8_t version; /* of the ALPN then; 0: sotto-live/0 */
    uint16_t group, suite;
    uint64_t made_ms;
} live_secret;

/* What is kept for one (bare JID, live key): the newest first. */
typedef struct live_secrets {
    live_secret at[LIVE_SECRETS_MAX];
    size_t count;
    sotto_bytes full; /* where that key was last; in the call's arena */
} live_secrets;

/* ---- derivations ---- */

typedef struct live_secret_input {
    const uint8_t *before;         /* R of the secret that was this session's PSK; NULL: there was none */
    uint8_t exporter[32];          /* LIVE_RETAINED_EXPORTER */
    sotto_bytes password;          /* CPace's ISK; empty: none */
    uint8_t first[32], second[32]; /* SHA-256 of the proofs, in the order they were sent */
} live_secret_input;

/* Fills in secret and id. */
SOTTO_MUST_CHECK sotto_status live_secret_make(live_secret *ret, const live_secret_input *);
SOTTO_MUST_CHECK sotto_status live_secret_psk(const uint8_t secret[32], uint8_t ret[32]);
/* By which the one who had this role then may be recognized. */
SOTTO_MUST_CHECK sotto_status live_secret_naming(const uint8_t secret[32], bool initiator, uint8_t ret[32]);
typedef struct live_way {
    const uint8_t *nonce;             /* 16 */
    sotto_bytes initiator, responder; /* full JIDs, of the iq that carries the ClientHello */
} live_way;

/* nonce, then HMAC(naming key, nonce and who speaks to whom): sent on to somebody else it is nobody's. */
SOTTO_MUST_CHECK sotto_status live_secret_identity(uint8_t ret[TLS_SECRET_IDENTITY_BYTES], const uint8_t naming[32],
                                                   const live_way *);

/* ---- records ---- */

/* count 0: there is none. */
SOTTO_MUST_CHECK sotto_status live_secret_read(seal_env *, sotto_bytes jid, const uint8_t key[32], live_secrets *ret);
/* count 0: none any more. */
SOTTO_MUST_CHECK sotto_status live_secret_write(struct live_self *, seal_env *, sotto_bytes jid, const uint8_t key[32],
                                                const live_secrets *);
/* Whether any accepted key of the bare JID has one that its side is known to hold. */
SOTTO_MUST_CHECK sotto_status live_secret_any_theirs(seal_env *, sotto_bytes jid, bool *ret);
/* Of one key; key NULL: of all of the JID's. */
SOTTO_MUST_CHECK sotto_status live_secret_drop(struct live_self *, seal_env *, sotto_bytes jid, const uint8_t *key);
/* The key is somebody's under another JID now: its secrets, and what was received of it. */
SOTTO_MUST_CHECK sotto_status live_secret_move(struct live_self *, seal_env *, sotto_bytes from, sotto_bytes to,
                                               const uint8_t key[32]);

/* ---- who may be recognized ---- */

typedef struct live_found {
    bool is;
    live_secret secret;
    sotto_bytes jid; /* whom it is kept for; in the call's arena */
    uint8_t key[32];
} live_found;

/* Among all secrets, whoever sends it (`from`, a full JID); those of its bare JID first: they are it, mostly. */
SOTTO_MUST_CHECK sotto_status live_secret_find(struct live_self *, seal_env *, sotto_bytes from, sotto_bytes identity,
                                               live_found *ret);
/* What to offer to a full JID (rule 1): of the key that was last there, else of the one used last; `skip` so many keys
 * of the bare JID, which were tried. *ret_more: there are further ones whose side is known to hold a secret. */
SOTTO_MUST_CHECK sotto_status live_secret_offer(seal_env *, sotto_bytes full, unsigned skip, live_found *ret,
                                                bool *ret_more);
void live_secret_forget(struct live_self *); /* the list in memory by which they are found */

/* ---- the rules, in a session ---- */

/* Rule 2: both proofs are there. */
SOTTO_MUST_CHECK sotto_status live_secret_proved(struct live_self *, seal_env *, struct live_session *);
/* Rules 3 and 4. */
SOTTO_MUST_CHECK sotto_status live_secret_hold_take(struct live_self *, seal_env *, struct live_session *,
                                                    const live_message *);
/* Whether both are known to hold something of this session, or newer than its PSK: before, no password is compared. */
bool live_secret_common(const struct live_session *);
/* Rule 5: a password was confirmed in this session; the next one is to be opened with what it gives. */
SOTTO_MUST_CHECK sotto_status live_secret_password(struct live_self *, seal_env *, struct live_session *,
                                                   sotto_bytes isk);

#endif
