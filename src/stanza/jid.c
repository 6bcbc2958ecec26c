/* SPDX-License-Identifier: ISC
 *
 * JIDs: cut by RFC 7622 section 3.1, each part prepared by its stringprep profile (RFC 6122), domains label by label.
 * Unassigned code points are let through ("queries" of RFC 3454 section 7): people have emoji in their resources, and
 * what is allowed in an account name is their server's decision. */
#include "stanza/jid.h"

#include <arpa/inet.h>
#include <idna.h>
#include <stringprep.h>

#include <sotto/limits.h>

#include "stanza/utf8.h"

#define POINTS_MAX       4096u /* 4 for each of 1023 bytes: no mapping makes more out of one code point */
#define LABEL_MAX        63u   /* RFC 1035 section 2.3.4 */
#define IDEOGRAPHIC_STOP 0x3002u

typedef struct points {
    size_t len;
    uint32_t at[POINTS_MAX];
} points;

typedef struct part {
    size_t len;
    uint8_t at[SOTTO_JID_PART_BYTES_MAX];
} part;

static bool only_ascii(sotto_bytes text) {
    uint8_t all = 0;
    for (size_t i = 0; i < text.len; i++) all |= text.at[i];
    return all < 0x80;
}

/* ASCII as far as stringprep cares about case: it folds A to Z. */
static uint32_t lower(uint32_t c) {
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static sotto_status add(part *out, uint32_t point) {
    uint8_t bytes[4];
    size_t len = stanza_utf8_put(bytes, point);
    if (len > sizeof out->at - out->len) return SOTTO_FAIL(BAD_JID);
    memcpy(out->at + out->len, bytes, len);
    out->len += len;
    return SOTTO_OK;
}

/* Decodes and prepares. Libidn must never see broken UTF-8 or U+0000 (which ends its tables), and gets room enough, so
 * that it does not try in a loop. */
static sotto_status prepare(sotto_bytes text, const Stringprep_profile *profile, points *out) {
    out->len = 0;
    for (size_t at = 0; at < text.len;) {
        uint32_t point;
        if (out->len == POINTS_MAX || !stanza_utf8_next(text, &at, &point) || point == 0) return SOTTO_FAIL(BAD_JID);
        out->at[out->len++] = point;
    }
    int result = stringprep_4i(out->at, &out->len, POINTS_MAX, 0, profile);
    if (result == STRINGPREP_MALLOC_ERROR || result == STRINGPREP_NFKC_FAILED) return SOTTO_FAIL(NO_MEMORY);
    return result == STRINGPREP_OK ? SOTTO_OK : SOTTO_FAIL(BAD_JID);
}

static sotto_status add_all(part *out, const points *in) {
    for (size_t i = 0; i < in->len; i++) SOTTO_TRY(add(out, in->at[i]));
    return out->len > 0 ? SOTTO_OK : SOTTO_FAIL(BAD_JID);
}

/* RFC 7622 section 3.3.1; nodeprep prohibits the same, by RFC 6122 appendix A.5. */
static bool local_forbids(uint8_t c) {
    return c <= ' ' || c == 0x7f || strchr("\"&'/:<>@", c) != NULL;
}

static sotto_status local(sotto_bytes text, part *out) {
    if (!only_ascii(text)) {
        points prepared;
        SOTTO_TRY(prepare(text, stringprep_xmpp_nodeprep, &prepared));
        return add_all(out, &prepared);
    }
    if (text.len == 0 || text.len > sizeof out->at) return SOTTO_FAIL(BAD_JID);
    for (size_t i = 0; i < text.len; i++) {
        if (local_forbids(text.at[i])) return SOTTO_FAIL(BAD_JID);
        out->at[i] = (uint8_t)lower(text.at[i]);
    }
    out->len = text.len;
    return SOTTO_OK;
}

static sotto_status resource(sotto_bytes text, part *out) {
    if (!only_ascii(text)) {
        points prepared;
        SOTTO_TRY(prepare(text, stringprep_xmpp_resourceprep, &prepared));
        return add_all(out, &prepared);
    }
    if (text.len == 0 || text.len > sizeof out->at) return SOTTO_FAIL(BAD_JID);
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < ' ' || text.at[i] == 0x7f) return SOTTO_FAIL(BAD_JID);
    }
    memcpy(out->at, text.at, text.len);
    out->len = text.len;
    return SOTTO_OK;
}

/* An IPv6 address in brackets, in its one canonical form (RFC 5952). */
static sotto_status address(sotto_bytes text, part *out) {
    char form[INET6_ADDRSTRLEN + 1];
    struct in6_addr parsed;
    if (text.len < 4 || text.at[text.len - 1] != ']' || text.len - 2 >= sizeof form) return SOTTO_FAIL(BAD_JID);
    memcpy(form, text.at + 1, text.len - 2);
    form[text.len - 2] = 0;
    if (strlen(form) != text.len - 2 || inet_pton(AF_INET6, form, &parsed) != 1) return SOTTO_FAIL(BAD_JID);
    if (!inet_ntop(AF_INET6, &parsed, form, sizeof form)) return SOTTO_FAIL(BAD_JID);
    SOTTO_TRY(add(out, '['));
    for (const char *c = form; *c; c++) SOTTO_TRY(add(out, (uint8_t)*c));
    return add(out, ']');
}

/* Letters, digits, hyphens not at the ends (RFC 1123 section 2.1); and the underscore, which hosts in private nets
 * have. */
static bool label_is_plain(const uint32_t *at, size_t len) {
    if (at[0] == '-' || at[len - 1] == '-') return false;
    for (size_t i = 0; i < len; i++) {
        bool fits = (at[i] >= 'a' && at[i] <= 'z') || (at[i] >= '0' && at[i] <= '9') || at[i] == '-' || at[i] == '_';
        if (!fits) return false;
    }
    return true;
}

/* One label, prepared. RFC 7622 section 3.2.1: the Unicode form is the one that counts, so "xn--" is decoded where it
 * is what it seems to be. */
static sotto_status label(const uint32_t *at, size_t len, part *out) {
    static const uint32_t ace[] = {'x', 'n', '-', '-'};
    if (len == 0 || len > LABEL_MAX) return SOTTO_FAIL(BAD_JID);
    uint32_t all = 0;
    for (size_t i = 0; i < len; i++) all |= at[i];
    uint32_t decoded[LABEL_MAX + 1];
    if (all >= 0x80) {
        char ascii[LABEL_MAX + 1];
        int result = idna_to_ascii_4i(at, len, ascii, IDNA_ALLOW_UNASSIGNED | IDNA_USE_STD3_ASCII_RULES);
        if (result == IDNA_MALLOC_ERROR) return SOTTO_FAIL(NO_MEMORY);
        if (result != IDNA_SUCCESS) return SOTTO_FAIL(BAD_JID);
    } else if (!label_is_plain(at, len)) {
        return SOTTO_FAIL(BAD_JID);
    } else if (len > 4 && memcmp(at, ace, sizeof ace) == 0) {
        size_t size = sizeof decoded / sizeof decoded[0];
        int result = idna_to_unicode_44i(at, len, decoded, &size, IDNA_ALLOW_UNASSIGNED | IDNA_USE_STD3_ASCII_RULES);
        if (result == IDNA_MALLOC_ERROR) return SOTTO_FAIL(NO_MEMORY);
        if (result == IDNA_SUCCESS) {
            at = decoded;
            len = size;
        }
    }
    for (size_t i = 0; i < len; i++) SOTTO_TRY(add(out, at[i]));
    return SOTTO_OK;
}

/* RFC 3490 section 3.1: what separates labels. */
static bool is_dot(uint32_t point) {
    return point == '.' || point == IDEOGRAPHIC_STOP || point == 0xff0eu || point == 0xff61u;
}

/* By itself: the rule for right-to-left text (RFC 3454 section 6) holds within a label, not for a whole domain. */
static sotto_status label_of(sotto_bytes text, part *out) {
    points prepared;
    if (text.len == 0 || text.len > SOTTO_JID_PART_BYTES_MAX) return SOTTO_FAIL(BAD_JID);
    if (only_ascii(text)) {
        for (size_t i = 0; i < text.len; i++) prepared.at[i] = lower(text.at[i]);
        prepared.len = text.len;
    } else {
        SOTTO_TRY(prepare(text, stringprep_nameprep, &prepared));
    }
    return label(prepared.at, prepared.len, out);
}

static sotto_status domain(sotto_bytes text, part *out) {
    if (text.len == 0) return SOTTO_FAIL(BAD_JID);
    if (text.at[0] == '[') return address(text, out);
    size_t from = 0;
    for (size_t at = 0; at < text.len;) {
        size_t end = at;
        uint32_t point;
        if (!stanza_utf8_next(text, &at, &point)) return SOTTO_FAIL(BAD_JID);
        if (!is_dot(point)) continue;
        SOTTO_TRY(label_of(bytes_of(text.at + from, end - from), out));
        from = at;
        if (from == text.len) return SOTTO_OK; /* the dot of the root, RFC 7622 section 3.2 */
        SOTTO_TRY(add(out, '.'));
    }
    return label_of(bytes_of(text.at + from, text.len - from), out);
}

/* Cuts off what is behind (or in front of) the first `mark`. False: there is none. */
static bool cut(sotto_bytes text, uint8_t mark, sotto_bytes *before, sotto_bytes *behind) {
    const uint8_t *found = text.len > 0 ? memchr(text.at, mark, text.len) : NULL;
    if (!found) return false;
    size_t at = (size_t)(found - text.at);
    *before = (sotto_bytes){text.at, at};
    *behind = (sotto_bytes){found + 1, text.len - at - 1};
    return true;
}

sotto_status stanza_jid_parse(bytes_arena *arena, sotto_bytes text, stanza_jid *ret) {
    if (text.len > SOTTO_JID_BYTES_MAX) return SOTTO_FAIL(BAD_JID);
    part localpart, domainpart, resourcepart;
    localpart.len = domainpart.len = resourcepart.len = 0;
    sotto_bytes bare = text, before, behind;
    if (cut(text, '/', &before, &behind)) {
        bare = before;
        SOTTO_TRY(resource(behind, &resourcepart));
    }
    sotto_bytes host = bare;
    if (cut(bare, '@', &before, &behind)) {
        host = behind;
        SOTTO_TRY(local(before, &localpart));
    }
    SOTTO_TRY(domain(host, &domainpart));

    uint8_t *at = bytes_arena_take(arena, localpart.len + domainpart.len + resourcepart.len + 3);
    if (!at) return SOTTO_FAIL(NO_MEMORY);
    stanza_jid jid = {.full = {at, 0}, .local = {at, localpart.len}};
    memcpy(at, localpart.at, localpart.len);
    at += localpart.len;
    if (localpart.len > 0) *at++ = '@';
    jid.domain = (sotto_bytes){at, domainpart.len};
    memcpy(at, domainpart.at, domainpart.len);
    at += domainpart.len;
    jid.bare = (sotto_bytes){jid.full.at, (size_t)(at - jid.full.at)};
    if (resourcepart.len > 0) *at++ = '/';
    jid.resource = (sotto_bytes){at, resourcepart.len};
    memcpy(at, resourcepart.at, resourcepart.len);
    at += resourcepart.len;
    jid.full.len = (size_t)(at - jid.full.at);
    *ret = jid;
    return SOTTO_OK;
}

bool stanza_jid_same_bare(const stanza_jid *a, const stanza_jid *b) {
    return a && b && a->bare.len > 0 && bytes_equal(a->bare, b->bare);
}
