/* SPDX-License-Identifier: ISC
 *
 * JIDs: cut by RFC 7622 section 3.1, each part prepared by its stringprep profile (RFC 6122), domains label by label.
 * Unassigned code points are let through ("queries" of RFC 3454 section 7): people have emoji in their resources, and
 * what is allowed in an account name is their server's decision. */
#include "stanza/jid.h"

#include <arpa/inet.h>
#include <punycode.h>
#include <stringprep.h>

#include <sotto/limits.h>

#include "stanza/utf8.h"

#define POINTS_MAX       4096u /* 4 for each of 1023 bytes: no mapping makes more out of one code point */
#define LABEL_MAX        63u   /* RFC 1035 section 2.3.4 */
#define ACE_LEN          4u    /* of "xn--", RFC 3490 section 5 */
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

static sotto_status prepare_points(points *out, const Stringprep_profile *profile) {
    int result = stringprep_4i(out->at, &out->len, POINTS_MAX, 0, profile);
    if (result == STRINGPREP_MALLOC_ERROR || result == STRINGPREP_NFKC_FAILED) return SOTTO_FAIL(NO_MEMORY);
    return result == STRINGPREP_OK ? SOTTO_OK : SOTTO_FAIL(BAD_JID);
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
    return prepare_points(out, profile);
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

static bool is_letter_or_digit(uint32_t c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Letters, digits, hyphens not at the ends (RFC 1123 section 2.1); and the underscore, which hosts in private nets
 * have. */
static bool label_is_plain(const uint32_t *at, size_t len) {
    if (at[0] == '-' || at[len - 1] == '-') return false;
    for (size_t i = 0; i < len; i++) {
        if (!is_letter_or_digit(at[i]) && at[i] != '-' && at[i] != '_') return false;
    }
    return true;
}

static bool label_is_ace(const uint32_t *at, size_t len) {
    static const uint32_t ace[ACE_LEN] = {'x', 'n', '-', '-'};
    return len > ACE_LEN && memcmp(at, ace, sizeof ace) == 0;
}

/* ToASCII of RFC 3490 section 4.1, without the "xn--", for a label that is prepared and not all ASCII. False: it has no
 * such form. Libidn's own cannot be used: when memory is short it says that the label is at fault. This takes none. */
static bool label_encode(const uint32_t *at, size_t len, char ret[LABEL_MAX - ACE_LEN], size_t *ret_len) {
    if (at[0] == '-' || at[len - 1] == '-' || label_is_ace(at, len)) return false;
    for (size_t i = 0; i < len; i++) {
        if (at[i] < 0x80 && at[i] != '-' && !is_letter_or_digit(at[i])) return false; /* UseSTD3ASCIIRules */
    }
    *ret_len = LABEL_MAX - ACE_LEN;
    return punycode_encode(len, at, NULL, ret_len, ret) == PUNYCODE_SUCCESS;
}

/* ToUnicode of RFC 3490 section 4.2. *ret_is false: it is no such label, and stays what it is. */
static sotto_status label_decode(const uint32_t *at, size_t len, points *ret, bool *ret_is) {
    char form[LABEL_MAX - ACE_LEN], again[LABEL_MAX - ACE_LEN];
    uint32_t decoded[LABEL_MAX], all = 0;
    size_t size = LABEL_MAX, again_len;
    *ret_is = false;
    for (size_t i = ACE_LEN; i < len; i++) form[i - ACE_LEN] = (char)at[i];
    if (punycode_decode(len - ACE_LEN, form, &size, decoded, NULL) != PUNYCODE_SUCCESS) return SOTTO_OK;
    for (size_t i = 0; i < size; i++) all |= decoded[i];
    if (all < 0x80) return SOTTO_OK;
    memcpy(ret->at, decoded, size * sizeof decoded[0]);
    ret->len = size;
    sotto_status status = prepare_points(ret, stringprep_nameprep);
    if (sotto_is(status, SOTTO_E_NO_MEMORY)) return status;
    *ret_is = sotto_ok(status) && ret->len > 0 && ret->len <= LABEL_MAX &&
              label_encode(ret->at, ret->len, again, &again_len) && again_len == len - ACE_LEN &&
              memcmp(again, form, again_len) == 0;
    return SOTTO_OK;
}

/* One label, prepared. RFC 7622 section 3.2.1: the Unicode form is the one that counts, so "xn--" is decoded where it
 * is what it seems to be. */
static sotto_status label(const uint32_t *at, size_t len, part *out) {
    if (len == 0 || len > LABEL_MAX) return SOTTO_FAIL(BAD_JID);
    uint32_t all = 0;
    for (size_t i = 0; i < len; i++) all |= at[i];
    points decoded;
    if (all >= 0x80) {
        char form[LABEL_MAX - ACE_LEN];
        size_t form_len;
        if (!label_encode(at, len, form, &form_len)) return SOTTO_FAIL(BAD_JID);
    } else if (!label_is_plain(at, len)) {
        return SOTTO_FAIL(BAD_JID);
    } else if (label_is_ace(at, len)) {
        bool is_coded;
        SOTTO_TRY(label_decode(at, len, &decoded, &is_coded));
        if (is_coded) {
            at = decoded.at;
            len = decoded.len;
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
