/* SPDX-License-Identifier: ISC
 *
 * What we say of ourselves: disco#info (XEP-0030) and its hash in presence (XEP-0115), which is what makes servers send
 * PEP notifications; and what others say. */
#ifndef CONTEXT_CAPS_H
#define CONTEXT_CAPS_H

#include <sotto/limits.h>

#include "stanza/writer.h"

#define CONTEXT_CAPS_NODE "urn:x-sotto:client"

/* The `ver` of XEP-0115 section 5.1 for our identity and the features, as base64 text in the arena. The features are
 * put in order here; duplicates are USAGE. */
SOTTO_MUST_CHECK sotto_status context_caps_ver(bytes_arena *, const char *const *features, sotto_bytes *ret);
/* Writes <c/> for presence. */
void context_caps_write(stanza_writer *, sotto_bytes ver);
/* Writes <query/> of disco#info with our identity and features; node is echoed, absent when .at is NULL. */
SOTTO_MUST_CHECK sotto_status context_caps_info(stanza_writer *, bytes_arena *, const char *const *features,
                                                sotto_bytes node);

/* ---- what others say (caps_read.c) ---- */

typedef struct context_caps {
    sotto_bytes hash, node, ver; /* spans of the presence; each at most SOTTO_CAPS_TEXT_MAX */
} context_caps;

/* False: there are none, or none that mean anything. */
bool context_caps_read(const stanza_element *presence, context_caps *ret);
/* Whether an answer to disco#info (the iq) is what the hash was made of (XEP-0115 section 5.4), and then, what it means
 * for everybody who shows the same. BAD_MAC: it is not. UNSUPPORTED: a hash we do not know. MALFORMED: no such answer,
 * or one whose hash could mean something else. TOO_LARGE: more than SOTTO_CAPS_ENTRIES_MAX of anything. */
SOTTO_MUST_CHECK sotto_status context_caps_check(bytes_arena *, const stanza_element *iq, sotto_bytes hash,
                                                 sotto_bytes ver);
bool context_caps_has(const stanza_element *iq, const char *feature);

#endif
