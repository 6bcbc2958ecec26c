/* SPDX-License-Identifier: ISC
 *
 * XEP-0420 envelopes: what goes inside the encryption and what must stay outside, the affixes, and putting a stanza
 * together again from what was authenticated and nothing else. */
#ifndef SEAL_OMEMO_ENVELOPE_H
#define SEAL_OMEMO_ENVELOPE_H

#include "seal/seal.h"
#include "stanza/writer.h"

#define OMEMO_NS_ENVELOPE "urn:xmpp:sce:1"
#define OMEMO_NS_HINTS    "urn:xmpp:hints"

/* True: a child of a stanza that is for servers, and stays outside (XEP-0420 section 8). */
bool omemo_envelope_outside(const stanza_element *child);
/* True: a child of <content/> that is not taken from inside: what servers process or stamp, what belongs to the stream
 * or is a stanza, what is an envelope or an encryption again (T33). */
bool omemo_envelope_forbidden(const stanza_element *child);

/* Appends <envelope/> around the content of the stanza, padded, with from, to and time (T13, T29). */
SOTTO_MUST_CHECK sotto_status omemo_envelope_write(bytes_buffer *ret, seal_env *, const stanza_element *stanza,
                                                   sotto_bytes to);

typedef struct omemo_content {
    sotto_bytes stanza; /* in the arena */
    uint64_t time_ms;   /* 0: none */
    bool opt_out;
    sotto_bytes opt_out_reason;
} omemo_content;

/* Parses and checks an envelope, and rebuilds the stanza. Whatever was in the clear beside the encryption is gone.
 * MALFORMED, TOO_LARGE, XML_FORBIDDEN; WRONG_SENDER: `from` is missing or another; WRONG_RECIPIENT: `to` is another, or
 * missing in a room (T37); NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status omemo_envelope_read(seal_env *, sotto_bytes text, const stanza_element *outer,
                                                  const seal_origin *, const char *omemo_ns, omemo_content *ret);

#endif
