/* SPDX-License-Identifier: ISC
 *
 * What is where is one table. XEP-0420 section 8 names the first rows; its list is "non-exhaustive", the others follow
 * from its reason: a server has to see it, or stamps it, or filters it. */
#include "seal/omemo/envelope.h"

#include <sotto/limits.h>

#include "bytes/memory.h"
#include "stanza/jid.h"
#include "stanza/time.h"

typedef struct content_rule {
    const char *ns;
    const char *name; /* NULL: every element of the namespace */
    bool outside;     /* stays outside when sending */
    bool forbidden;   /* is not taken from inside */
} content_rule;

static const content_rule content_rules[] = {
    {OMEMO_NS_HINTS, NULL, true, true},                       /* XEP-0334: addressed to servers */
    {"urn:xmpp:sid:0", "stanza-id", true, true},              /* XEP-0359: servers stamp and filter it */
    {"http://jabber.org/protocol/address", NULL, true, true}, /* XEP-0033: routing */
    {"urn:xmpp:eme:0", NULL, true, true},                     /* XEP-0380: says what is encrypted */
    {"urn:xmpp:carbons:2", "private", true, true},            /* XEP-0280: addressed to the own server */
    {"urn:xmpp:carbons:2", NULL, false, true},                /* a carbon inside would be anybody's word (T1) */
    {"http://jabber.org/protocol/amp", NULL, true, true},     /* XEP-0079: addressed to servers */
    {"urn:xmpp:mam:2", NULL, false, true},                    /* XEP-0313: archives' word (T2) */
    {"urn:xmpp:delay", NULL, false, true},                    /* XEP-0203: servers stamp it; the time is an affix */
    {"jabber:x:delay", NULL, false, true},
    {"http://jabber.org/protocol/muc#user", NULL, false, true},     /* XEP-0045: rooms' word */
    {"urn:xmpp:occupant-id:0", NULL, false, true},                  /* XEP-0421: rooms stamp it */
    {"http://jabber.org/protocol/pubsub#event", NULL, false, true}, /* XEP-0060: services' word (T4) */
    {"urn:xmpp:omemo:2", "encrypted", false, true},                 /* no encryption inside an encryption */
    {"eu.siacs.conversations.axolotl", NULL, false, true},
    {"urn:xmpp:openpgp:0", NULL, false, true},
    {"jabber:x:encrypted", NULL, false, true},
    {OMEMO_NS_ENVELOPE, NULL, false, true}, /* also what has no namespace of its own (section 9) */
    {STANZA_NS_CLIENT, "message", false, true},
    {STANZA_NS_CLIENT, "presence", false, true},
    {STANZA_NS_CLIENT, "iq", false, true},
    {STANZA_NS_CLIENT, "error", false, true},
    {"jabber:server", NULL, false, true},
    {"http://etherx.jabber.org/streams", NULL, false, true},
    {"urn:xmpp:sm:3", NULL, false, true},
    {"urn:ietf:params:xml:ns:xmpp-streams", NULL, false, true},
    {"urn:ietf:params:xml:ns:xmpp-stanzas", NULL, false, true},
    {"urn:ietf:params:xml:ns:xmpp-tls", NULL, false, true},
    {"urn:ietf:params:xml:ns:xmpp-sasl", NULL, false, true},
    {"urn:ietf:params:xml:ns:xmpp-bind", NULL, false, true},
    {"", NULL, false, true},
};

static const content_rule *rule_of(const stanza_element *child) {
    for (size_t i = 0; i < sizeof content_rules / sizeof content_rules[0]; i++) {
        const content_rule *rule = &content_rules[i];
        if (bytes_is(child->ns, rule->ns) && (!rule->name || bytes_is(child->name, rule->name))) return rule;
    }
    return NULL;
}

bool omemo_envelope_outside(const stanza_element *child) {
    /* XEP-0045 section 7.5: an empty <x/> marks a private message for the servers; with content it is content. */
    if (stanza_is(child, "x", "http://jabber.org/protocol/muc#user")) return stanza_first(child) == NULL;
    const content_rule *rule = rule_of(child);
    return rule && rule->outside;
}

bool omemo_envelope_forbidden(const stanza_element *child) {
    const content_rule *rule = rule_of(child);
    return rule && rule->forbidden;
}

/* ---- writing ---- */

/* XEP-0420 section 4: "first, the stanza is padded to a fixed minimum size. Afterwards, between 0 and 200 characters
 * are added on top." Of random characters and random number (T29). */
static sotto_status padding_write(stanza_writer *w, seal_env *env, size_t written) {
    static const char characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t random[SOTTO_OMEMO_ENVELOPE_BYTES_MIN + SOTTO_OMEMO_RPAD_MAX];
    uint8_t drawn;
    do {
        SOTTO_TRY(env->random(env, &drawn, 1));
    } while (drawn > SOTTO_OMEMO_RPAD_MAX);
    size_t len = drawn + (written < SOTTO_OMEMO_ENVELOPE_BYTES_MIN ? SOTTO_OMEMO_ENVELOPE_BYTES_MIN - written : 0);
    if (len > 0) SOTTO_TRY(env->random(env, random, len));
    for (size_t i = 0; i < len; i++) random[i] = (uint8_t)characters[random[i] & 63];
    stanza_leaf(w, "rpad", OMEMO_NS_ENVELOPE, bytes_of(random, len));
    return SOTTO_OK;
}

static void jid_write(stanza_writer *w, const char *name, sotto_bytes jid) {
    stanza_open(w, name, OMEMO_NS_ENVELOPE);
    stanza_put(w, "jid", jid);
    stanza_close(w);
}

sotto_status omemo_envelope_write(bytes_buffer *ret, seal_env *env, const stanza_element *stanza, sotto_bytes to) {
    stanza_writer w;
    char stamp[STANZA_TIME_TEXT_SIZE];
    size_t before = ret->len;
    stanza_writer_init(&w, ret, STANZA_NS_CLIENT);
    stanza_open(&w, "envelope", OMEMO_NS_ENVELOPE);
    stanza_open(&w, "content", OMEMO_NS_ENVELOPE);
    for (const stanza_element *child = stanza_first(stanza); child; child = stanza_next(stanza, child)) {
        if (!omemo_envelope_outside(child)) stanza_copy(&w, child);
    }
    stanza_close(&w);
    stanza_time_write(env->now_ms, stamp);
    stanza_open(&w, "time", OMEMO_NS_ENVELOPE);
    stanza_put_text(&w, "stamp", stamp);
    stanza_close(&w);
    jid_write(&w, "to", to);
    jid_write(&w, "from", env->account);
    /* What is still to come, besides the padding: <rpad></rpad></envelope>. */
    SOTTO_TRY(padding_write(&w, env, ret->len - before + 26));
    stanza_close(&w);
    sotto_bytes written;
    return bytes_buffer_end(ret, &written);
}

/* ---- reading ---- */

/* The affix of that name at most once; its attribute, or empty. */
static sotto_status affix(const stanza_element *envelope, const char *name, const char *attribute, sotto_bytes *ret) {
    bool several = false;
    const stanza_element *element = stanza_only_child(envelope, name, OMEMO_NS_ENVELOPE, &several);
    if (several) return SOTTO_FAIL(MALFORMED);
    *ret = element ? stanza_attribute_of(element, attribute) : BYTES_NONE;
    return element && !ret->at ? SOTTO_FAIL(MALFORMED) : SOTTO_OK;
}

/* Some write full JIDs there (the examples of XEP-0420 section 6.2 do): the bare one is compared. */
static sotto_status same_bare(bytes_arena *arena, sotto_bytes text, sotto_bytes bare, bool *ret) {
    stanza_jid jid;
    *ret = bytes_equal(text, bare);
    if (*ret) return SOTTO_OK;
    sotto_status status = stanza_jid_parse(arena, text, &jid);
    if (sotto_is(status, SOTTO_E_BAD_JID)) return SOTTO_OK;
    SOTTO_TRY(status);
    *ret = bytes_equal(jid.bare, bare);
    return SOTTO_OK;
}

/* Whom the stanza was for, as its outside says: in a room the room itself, whose JID all its messages come from. */
static sotto_status recipient(const stanza_element *outer, bytes_arena *arena, const seal_origin *origin,
                              sotto_bytes *ret) {
    *ret = origin->to;
    if (!origin->room) return SOTTO_OK;
    stanza_jid room;
    SOTTO_TRY(stanza_jid_parse(arena, stanza_attribute_of(outer, "from"), &room));
    *ret = room.bare;
    return SOTTO_OK;
}

static sotto_status affixes_check(const stanza_element *envelope, const stanza_element *outer, bytes_arena *arena,
                                  const seal_origin *origin, uint64_t *ret_time_ms) {
    sotto_bytes from, to, stamp, expected;
    SOTTO_TRY(recipient(outer, arena, origin, &expected));
    SOTTO_TRY(affix(envelope, "from", "jid", &from));
    SOTTO_TRY(affix(envelope, "to", "jid", &to));
    SOTTO_TRY(affix(envelope, "time", "stamp", &stamp));
    /* XEP-0384 section 5.5.1 says SHOULD contain <from/>, every known client does, and only then a key published under
     * two JIDs cannot carry words from one to the other (T13). */
    bool same = false;
    if (from.at) SOTTO_TRY(same_bare(arena, from, origin->from, &same));
    if (!same) return SOTTO_FAIL(WRONG_SENDER);
    /* Between two people it may be left out, but not in what an own device wrote to others: nothing else says to whom,
     * and the server could show it in another conversation (T13). */
    same = !origin->room && !(origin->own && !bytes_equal(expected, origin->from));
    if (to.at) SOTTO_TRY(same_bare(arena, to, expected, &same));
    if (!same) return SOTTO_FAIL(WRONG_RECIPIENT);
    if (!stamp.at || !stanza_time_read(stamp, ret_time_ms)) *ret_time_ms = 0;
    return SOTTO_OK;
}

static sotto_status opt_out_read(const stanza_element *content, seal_env *env, const char *omemo_ns,
                                 omemo_content *ret) {
    const stanza_element *opt_out = stanza_child(content, "opt-out", omemo_ns);
    if (!opt_out) return SOTTO_OK;
    ret->opt_out = true;
    const stanza_element *reason = stanza_child(opt_out, "reason", omemo_ns);
    if (!reason) return SOTTO_OK;
    return stanza_text(reason, env->arena, &ret->opt_out_reason) ? SOTTO_OK : SOTTO_FAIL(NO_MEMORY);
}

/* XEP-0420 section 7: "the original unencrypted stanza is recreated". Of the outer one only what addresses it. */
static sotto_status stanza_rebuild(seal_env *env, const stanza_element *outer, const stanza_element *content,
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
    for (const stanza_element *child = stanza_first(content); child; child = stanza_next(content, child)) {
        if (!omemo_envelope_forbidden(child)) stanza_copy(&w, child);
    }
    stanza_close(&w);
    sotto_status status = bytes_buffer_end(&out, &written);
    if (sotto_ok(status) && !bytes_arena_copy(env->arena, written, ret)) status = SOTTO_FAIL(NO_MEMORY);
    bytes_buffer_free(&out);
    return status;
}

sotto_status omemo_envelope_read(seal_env *env, sotto_bytes text, const stanza_element *outer,
                                 const seal_origin *origin, const char *omemo_ns, omemo_content *ret) {
    const stanza_element *envelope;
    omemo_content read = {.time_ms = 0};
    SOTTO_TRY(stanza_parser_read(env->parser, env->arena, text, &envelope));
    if (!stanza_is(envelope, "envelope", OMEMO_NS_ENVELOPE)) return SOTTO_FAIL(MALFORMED);
    const stanza_element *content = stanza_only_child(envelope, "content", OMEMO_NS_ENVELOPE, NULL);
    if (!content) return SOTTO_FAIL(MALFORMED);
    SOTTO_TRY(affixes_check(envelope, outer, env->arena, origin, &read.time_ms));
    SOTTO_TRY(opt_out_read(content, env, omemo_ns, &read));
    SOTTO_TRY(stanza_rebuild(env, outer, content, &read.stanza));
    *ret = read;
    return SOTTO_OK;
}
