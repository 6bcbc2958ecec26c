/* SPDX-License-Identifier: ISC
 *
 * Trust messages (XEP-0434): who says of which keys that they are, or are not, to be trusted. Pure reading and writing;
 * whether it came sealed, and whose word it is, is for the engine (XEP-0450; T39). */
#ifndef CONTEXT_TRUST_MESSAGE_H
#define CONTEXT_TRUST_MESSAGE_H

#include "stanza/element.h"
#include "stanza/writer.h"

#define CONTEXT_TRUST_NS    "urn:xmpp:tm:1"
#define CONTEXT_TRUST_USAGE "urn:xmpp:atm:1"

/* One statement. */
typedef struct context_trust_key {
    sotto_bytes owner; /* bare JID, normalized */
    uint8_t name[32];  /* as the key's encryption names it */
    bool distrust;
} context_trust_key;

typedef struct context_trust_message {
    bool present; /* there is a <trust-message/>, of whatever kind */
    bool alone;   /* ... and no text that a person should see beside it */
    sotto_bytes encryption;
    const context_trust_key *keys; /* empty when it is not for automatic trust (its usage is another) */
    size_t count;
} context_trust_message;

/* Reads the child of an opened stanza. Keys of an encryption other than `encryption` are not looked at: the list is
 * empty then. MALFORMED: several of them, no owner, an owner that is no bare JID or has no keys, a name that is not the
 * Base64 of 32 bytes; TOO_LARGE: more than SOTTO_TRUST_MESSAGE_KEYS; then nothing of it counts. *ret says `present` and
 * `alone` in any case. NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status context_trust_message_read(const stanza_element *stanza, const char *encryption,
                                                         bytes_arena *, context_trust_message *ret);

/* Writes <trust-message/>: all keys of an owner must stand together. */
void context_trust_message_write(stanza_writer *, const char *encryption, const context_trust_key *, size_t count);

#endif
