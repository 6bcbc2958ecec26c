/* SPDX-License-Identifier: ISC
 *
 * What we say of ourselves: disco#info (XEP-0030) and its hash in presence (XEP-0115), which is what makes servers send
 * PEP notifications. */
#ifndef CONTEXT_CAPS_H
#define CONTEXT_CAPS_H

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

#endif
