/* SPDX-License-Identifier: ISC
 *
 * Why each row is as it is, is in doc/omemo.md. */
#include "seal/omemo/content.h"

#include <string.h>

#include <sotto/limits.h>

#include "seal/omemo/envelope.h"

#define NOTHING OMEMO_FOUND_NOTHING
#define HINT    OMEMO_FOUND_HINT
#define REFUSED OMEMO_ALONE_REFUSED
#define SILENT  OMEMO_ALONE_SILENT

const omemo_content_rule omemo_content_rules[] = {
    {"body", STANZA_NS_CLIENT, "body", OMEMO_SEALED, OMEMO_ALONE_SENT, NOTHING},
    {"subject", STANZA_NS_CLIENT, "subject", OMEMO_DROPPED_SAID, REFUSED, NOTHING},
    {"thread", STANZA_NS_CLIENT, "thread", OMEMO_CLEAR, REFUSED, HINT}, /* RFC 6121 section 5.2.5: an opaque name */
    {"correction", "urn:xmpp:message-correct:0", "replace", OMEMO_CLEAR_SAID, REFUSED, HINT},      /* XEP-0308 */
    {"reply", "urn:xmpp:reply:0", "reply", OMEMO_CLEAR_SAID, REFUSED, HINT},                       /* XEP-0461 */
    {"fallback", "urn:xmpp:fallback:0", NULL, OMEMO_DROPPED, REFUSED, NOTHING},                    /* XEP-0428 */
    {"retraction", "urn:xmpp:message-retract:1", NULL, OMEMO_DROPPED_SAID, REFUSED, NOTHING},      /* XEP-0424 */
    {"reaction", "urn:xmpp:reactions:0", NULL, OMEMO_DROPPED_SAID, REFUSED, NOTHING},              /* XEP-0444 */
    {"receipt request", "urn:xmpp:receipts", "request", OMEMO_CLEAR, REFUSED, HINT},               /* XEP-0184 */
    {"receipt", "urn:xmpp:receipts", "received", OMEMO_DROPPED_SAID, REFUSED, NOTHING},            /* XEP-0184 */
    {"marker request", "urn:xmpp:chat-markers:0", "markable", OMEMO_CLEAR, REFUSED, HINT},         /* XEP-0333 */
    {"marker", "urn:xmpp:chat-markers:0", NULL, OMEMO_DROPPED_SAID, REFUSED, NOTHING},             /* XEP-0333 */
    {"chat state", "http://jabber.org/protocol/chatstates", NULL, OMEMO_DROPPED, SILENT, NOTHING}, /* XEP-0085 */
    {"call set-up", "urn:xmpp:jingle-message:0", NULL, OMEMO_DROPPED_SAID, REFUSED, NOTHING},      /* XEP-0353 */
    {"call set-up", "urn:xmpp:jingle:1", NULL, OMEMO_DROPPED_SAID, REFUSED, NOTHING},              /* XEP-0166 */
    {"call set-up", "urn:xmpp:call-invites:0", NULL, OMEMO_DROPPED_SAID, REFUSED, NOTHING},        /* XEP-0482 */
    {"attention", "urn:xmpp:attention:0", NULL, OMEMO_DROPPED_SAID, REFUSED, NOTHING},             /* XEP-0224 */
    {"file sharing", "jabber:x:oob", NULL, OMEMO_DROPPED_SAID, REFUSED, NOTHING},                  /* XEP-0066 */
    {"file sharing", "urn:xmpp:sfs:0", NULL, OMEMO_DROPPED_SAID, REFUSED, NOTHING},                /* XEP-0447 */
    {"file sharing", "urn:xmpp:reference:0", NULL, OMEMO_DROPPED_SAID, REFUSED, NOTHING},          /* XEP-0385 */
    {"file sharing", "urn:xmpp:bob", NULL, OMEMO_DROPPED_SAID, REFUSED, NOTHING},                  /* XEP-0231 */
    {"origin id", "urn:xmpp:sid:0", "origin-id", OMEMO_CLEAR, REFUSED, NOTHING},                   /* XEP-0359 */
    {"unknown", NULL, NULL, OMEMO_DROPPED_SAID, REFUSED, NOTHING},
};

const omemo_content_rule *omemo_content_rule_of(const stanza_element *child) {
    const omemo_content_rule *rule = omemo_content_rules;
    while (rule->ns && !stanza_is(child, rule->name, rule->ns)) rule++;
    return rule;
}

const char *omemo_fate_name(omemo_fate fate) {
    static const char *const names[] = {[OMEMO_SEALED] = "sealed",
                                        [OMEMO_CLEAR] = "clear",
                                        [OMEMO_CLEAR_SAID] = "clear and said",
                                        [OMEMO_DROPPED] = "dropped",
                                        [OMEMO_DROPPED_SAID] = "dropped and said"};
    return names[fate];
}

const char *omemo_alone_name(omemo_alone alone) {
    static const char *const names[] = {
        [OMEMO_ALONE_SENT] = "sent", [OMEMO_ALONE_REFUSED] = "refused", [OMEMO_ALONE_SILENT] = "not sent"};
    return names[alone];
}

const char *omemo_found_name(omemo_found found) {
    return found == OMEMO_FOUND_HINT ? "hint" : "nothing";
}

/* ---- writing ---- */

static bool is_said(const omemo_content_rule *rule) {
    return rule->fate == OMEMO_CLEAR_SAID || rule->fate == OMEMO_DROPPED_SAID;
}

/* A second body, in another language, is not what is sealed. */
static const char *words_of(const omemo_content_rule *rule) {
    return rule->fate == OMEMO_SEALED ? "another body" : is_said(rule) ? rule->what : NULL;
}

/* The same words for the same thing once. */
static bool is_repeated(const stanza_element *stanza, const stanza_element *until, const stanza_element *body,
                        const char *words) {
    for (const stanza_element *one = stanza_first(stanza); one != until; one = stanza_next(stanza, one)) {
        const char *said = one == body || omemo_envelope_outside(one) ? NULL : words_of(omemo_content_rule_of(one));
        if (said && strcmp(said, words) == 0) return true;
    }
    return false;
}

/* The first one with a text. */
static sotto_status body_find(const stanza_element *stanza, bytes_arena *arena, const stanza_element **ret,
                              sotto_bytes *ret_text) {
    *ret = NULL;
    for (const stanza_element *child = stanza_first(stanza); child && !*ret; child = stanza_next(stanza, child)) {
        if (!stanza_is(child, "body", STANZA_NS_CLIENT)) continue;
        if (!stanza_text(child, arena, ret_text)) return SOTTO_FAIL(NO_MEMORY);
        if (ret_text->len > 0) *ret = child;
    }
    return SOTTO_OK;
}

sotto_status omemo_content_reduce(const stanza_element *stanza, bytes_arena *arena, omemo_reduced *ret) {
    uint8_t memory[512];
    bytes_buffer names;
    sotto_bytes written;
    bool others = false, silent = true;
    const stanza_element *body;
    omemo_reduced reduced = {.text = BYTES_NONE};
    SOTTO_TRY(body_find(stanza, arena, &body, &reduced.text));
    reduced.has_body = body != NULL;
    bytes_buffer_borrowed(&names, memory, sizeof memory);
    for (const stanza_element *child = stanza_first(stanza); child; child = stanza_next(stanza, child)) {
        if (child == body || omemo_envelope_outside(child)) continue;
        const omemo_content_rule *rule = omemo_content_rule_of(child);
        const char *words = words_of(rule);
        others = true;
        silent = silent && rule->alone == OMEMO_ALONE_SILENT;
        if (!words || is_repeated(stanza, child, body, words)) continue;
        if (names.len > 0) bytes_buffer_text(&names, ", ");
        bytes_buffer_text(&names, words);
    }
    SOTTO_TRY(bytes_buffer_end(&names, &written));
    if (!bytes_arena_copy(arena, written, &reduced.left_out)) return SOTTO_FAIL(NO_MEMORY);
    reduced.alone = body ? OMEMO_ALONE_SENT : others && silent ? OMEMO_ALONE_SILENT : OMEMO_ALONE_REFUSED;
    *ret = reduced;
    return SOTTO_OK;
}

void omemo_content_write_clear(stanza_writer *w, const stanza_element *stanza) {
    for (const stanza_element *child = stanza_first(stanza); child; child = stanza_next(stanza, child)) {
        omemo_fate fate = omemo_content_rule_of(child)->fate;
        if (!omemo_envelope_outside(child) && (fate == OMEMO_CLEAR || fate == OMEMO_CLEAR_SAID)) stanza_copy(w, child);
    }
}

/* ---- reading ---- */

static void hints_write(stanza_writer *w, const stanza_element *outer) {
    bool open = false;
    for (const stanza_element *child = stanza_first(outer); child; child = stanza_next(outer, child)) {
        if (omemo_content_rule_of(child)->found != OMEMO_FOUND_HINT) continue;
        if (!open) stanza_open(w, "unprotected", OMEMO_NS_UNPROTECTED);
        open = true;
        stanza_copy(w, child);
    }
    if (open) stanza_close(w);
}

sotto_status omemo_content_rebuild(const seal_env *env, const stanza_element *outer, sotto_bytes text,
                                   sotto_bytes *ret) {
    static const char *const kept[] = {"from", "to", "id", "type"};
    bytes_buffer out;
    stanza_writer w;
    sotto_bytes written;
    bytes_buffer_owned(&out, env->host, SOTTO_STANZA_BYTES_MAX);
    stanza_writer_init(&w, &out, STANZA_NS_CLIENT);
    stanza_open_as(&w, outer->name, outer->ns);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        stanza_put(&w, kept[i], stanza_attribute_of(outer, kept[i]));
    stanza_leaf(&w, "body", STANZA_NS_CLIENT, text);
    hints_write(&w, outer);
    stanza_close(&w);
    sotto_status status = bytes_buffer_end(&out, &written);
    if (sotto_ok(status) && !bytes_arena_copy(env->arena, written, ret)) status = SOTTO_FAIL(NO_MEMORY);
    bytes_buffer_free(&out);
    return status;
}
