/* SPDX-License-Identifier: ISC
 *
 * The cutter: one pass over the bytes, memchr where only one character matters. */
#include "stanza/cut.h"

#include <string.h>

#include <sotto/limits.h>

enum {
    FRESH,   /* before the piece */
    TEXT,    /* character data inside an element */
    LESS,    /* after < */
    START,   /* inside a start tag, outside quotes */
    QUOTED,  /* inside an attribute's value */
    END,     /* inside an end tag */
    BANG,    /* inside <![CDATA[ */
    CDATA,   /* inside a CDATA section */
    QUESTION /* inside <? ... ?> */
};

static const char cdata_mark[] = "[CDATA[";

/* Where `c` is, from `at` on; len when it is nowhere. */
static size_t find(sotto_bytes in, size_t at, uint8_t c) {
    const uint8_t *found = memchr(in.at + at, c, in.len - at);
    return found ? (size_t)(found - in.at) : in.len;
}

static bool name_begins(uint8_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' || c >= 0x80;
}

static sotto_status less(stanza_cut *cut, uint8_t c) {
    if (c == '/') {
        if (cut->header) return SOTTO_FAIL(MALFORMED);
        cut->state = END;
    } else if (c == '!') {
        cut->state = BANG;
        cut->matched = 0;
    } else if (c == '?') {
        /* RFC 6120 section 11.1: no processing instructions; the XML declaration looks like one. */
        if (!cut->header) return SOTTO_FAIL(XML_FORBIDDEN);
        cut->state = QUESTION;
        cut->matched = 0;
    } else if (name_begins(c)) {
        if (++cut->elements > SOTTO_STANZA_ELEMENTS_MAX) return SOTTO_FAIL(TOO_LARGE);
        if (cut->depth >= SOTTO_STANZA_DEPTH_MAX) return SOTTO_FAIL(TOO_LARGE);
        cut->attributes = 0;
        cut->slash = false;
        cut->state = START;
    } else {
        return SOTTO_FAIL(MALFORMED);
    }
    return SOTTO_OK;
}

/* Comments and declarations are refused at their first character; of <!...> only CDATA is left, inside elements. */
static sotto_status bang(stanza_cut *cut, uint8_t c) {
    if (cut->matched == 0 && c != '[') return SOTTO_FAIL(XML_FORBIDDEN);
    if (cut->depth == 0 || c != (uint8_t)cdata_mark[cut->matched]) return SOTTO_FAIL(MALFORMED);
    if (++cut->matched == sizeof cdata_mark - 1) {
        cut->state = CDATA;
        cut->matched = 0;
    }
    return SOTTO_OK;
}

/* Up to the '>' of a start tag or a quote. */
static sotto_status start(stanza_cut *cut, sotto_bytes in, size_t *at, stanza_cut_found *ret) {
    while (*at < in.len) {
        uint8_t c = in.at[(*at)++];
        if (c == '"' || c == '\'') {
            if (++cut->attributes > SOTTO_STANZA_ATTRIBUTES_MAX) return SOTTO_FAIL(TOO_LARGE);
            cut->quote = c;
            cut->slash = false;
            cut->state = QUOTED;
            return SOTTO_OK;
        }
        if (c == '<') return SOTTO_FAIL(MALFORMED);
        if (c == '>') {
            cut->state = TEXT;
            if (!cut->slash) cut->depth++;
            if (cut->depth == 0)
                *ret = STANZA_CUT_ELEMENT;
            else if (cut->header)
                *ret = STANZA_CUT_START;
            return SOTTO_OK;
        }
        cut->slash = c == '/';
    }
    return SOTTO_OK;
}

static sotto_status end(stanza_cut *cut, sotto_bytes in, size_t *at, stanza_cut_found *ret) {
    while (*at < in.len) {
        uint8_t c = in.at[(*at)++];
        if (c == '<' || c == '"' || c == '\'') return SOTTO_FAIL(MALFORMED);
        if (c != '>') continue;
        cut->state = TEXT;
        if (cut->depth == 0)
            *ret = STANZA_CUT_END;
        else if (--cut->depth == 0)
            *ret = STANZA_CUT_ELEMENT;
        return SOTTO_OK;
    }
    return SOTTO_OK;
}

/* To the end of ]]>; any number of ] may come before the >. */
static void cdata(stanza_cut *cut, sotto_bytes in, size_t *at) {
    while (*at < in.len) {
        if (cut->matched == 0) *at = find(in, *at, ']');
        if (*at == in.len) return;
        uint8_t c = in.at[(*at)++];
        if (c == ']') {
            if (cut->matched < 2) cut->matched++;
        } else if (c == '>' && cut->matched == 2) {
            cut->state = TEXT;
            return;
        } else {
            cut->matched = 0;
        }
    }
}

static void question(stanza_cut *cut, sotto_bytes in, size_t *at, stanza_cut_found *ret) {
    while (*at < in.len) {
        uint8_t c = in.at[(*at)++];
        if (c == '>' && cut->matched == 1) {
            *ret = STANZA_CUT_DECLARATION;
            return;
        }
        cut->matched = c == '?';
    }
}

static sotto_status step(stanza_cut *cut, sotto_bytes in, size_t *at, stanza_cut_found *ret) {
    switch (cut->state) {
    case FRESH:
        if (in.at[(*at)++] != '<') return SOTTO_FAIL(MALFORMED);
        cut->state = LESS;
        return SOTTO_OK;
    case TEXT:
        *at = find(in, *at, '<');
        if (*at == in.len) return SOTTO_OK;
        ++*at;
        cut->state = LESS;
        return SOTTO_OK;
    case LESS:
        return less(cut, in.at[(*at)++]);
    case START:
        return start(cut, in, at, ret);
    case QUOTED:
        *at = find(in, *at, cut->quote);
        if (*at == in.len) return SOTTO_OK;
        ++*at;
        cut->state = START;
        return SOTTO_OK;
    case END:
        return end(cut, in, at, ret);
    case BANG:
        return bang(cut, in.at[(*at)++]);
    case CDATA:
        cdata(cut, in, at);
        return SOTTO_OK;
    default:
        question(cut, in, at, ret);
        return SOTTO_OK;
    }
}

sotto_status stanza_cut_run(stanza_cut *cut, sotto_bytes in, size_t *ret_used, stanza_cut_found *ret) {
    size_t at = 0;
    stanza_cut_found found = STANZA_CUT_MORE;
    while (at < in.len && found == STANZA_CUT_MORE) SOTTO_TRY(step(cut, in, &at, &found));
    if (found != STANZA_CUT_MORE) *cut = (stanza_cut){.header = cut->header};
    *ret_used = at;
    *ret = found;
    return SOTTO_OK;
}
