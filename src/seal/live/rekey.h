/* SPDX-License-Identifier: ISC
 *
 * A session is used for a while and then made anew, with the newest retained secret: whoever takes this machine's
 * memory finds nothing that opens what went through the old one. (TLS's own KeyUpdate would not do that: OpenSSL keeps
 * what all keys of a connection come from.) The old session is read for some seconds more, then it goes. */
#ifndef SEAL_LIVE_REKEY_H
#define SEAL_LIVE_REKEY_H

#include "seal/seal.h"

#define LIVE_REKEY_MS      (30u * 60 * 1000) /* since the first stanza: one that carried none is worth nothing */
#define LIVE_REKEY_STANZAS 100000u           /* both ways */
#define LIVE_REKEY_BYTES   (64u * 1024 * 1024)
#define LIVE_REKEY_LATE_MS (5u * 60 * 1000) /* so much later the side does it that did not begin the session */
#define LIVE_RETIRING_MS   30000u           /* a session that was replaced is read */

struct live_self;
struct live_session;

typedef struct live_wear {
    uint64_t first_ms; /* of the first stanza; 0: there was none */
    uint64_t stanzas, bytes;
    uint64_t due_ms;  /* when it was first seen to be worn; 0: it was not */
    uint64_t renewed; /* how many sessions with the same other side stood here before it, one after the other */
    bool asked;       /* something that came to be in this session is only in the next one: a password */
    bool retiring;
    uint64_t until_ms; /* retiring: the end */
} live_wear;

/* A stanza went through, of so many bytes. */
void live_rekey_count(struct live_session *, size_t len, uint64_t now_ms);
/* `session` was proved in the place of `old`, by the same key at the same full JID. */
void live_rekey_replaces(struct live_session *session, struct live_session *old, uint64_t now_ms);
/* In the end of a step: ends what was read long enough, or is worn out for good; begins what is due. */
SOTTO_MUST_CHECK sotto_status live_rekey_flush(struct live_self *, seal_env *);
/* When to look again; UINT64_MAX: never. */
uint64_t live_rekey_next(const struct live_self *, uint64_t now_ms);

#endif
