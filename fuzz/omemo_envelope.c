/* SPDX-License-Identifier: ISC
 *
 * seal/omemo/envelope.h. The first byte chooses whose word it is and what is done: reading an envelope that a hostile
 * contact wrote, or writing one around a stanza of our own and reading it back. Nothing forbidden ever comes out of an
 * envelope, nothing but the address out of the stanza around it, and only the sender that is named inside. */
#include "seal/omemo/envelope.h"

#include "env.h"
#include "stanza/jid.h"
#include "trees.h"

#define OWN  "juliet@capulet.example"
#define PEER "romeo@montague.example"
#define ROOM "hall@rooms.example"

static const char *const outers[] = {
    "<message from='" PEER "/orchard' to='" OWN "/balcony' id='1' type='chat'><body>clear</body></message>",
    "<message from='" ROOM "/romeo' to='" OWN "/balcony' type='groupchat'><subject>clear</subject></message>",
    "<message from='" OWN "/chamber' to='" PEER "' type='chat'/>",
    "<iq from='" OWN "/chamber' to='" OWN "/balcony' type='get' id='2'><ping xmlns='urn:xmpp:ping'/></iq>",
};

static bool holds(sotto_bytes text, const char *what) {
    return memmem(text.at, text.len, what, strlen(what)) != NULL;
}

static seal_origin origin_of(uint8_t which) {
    seal_origin origin = {.from = bytes_text(which < 2 ? PEER : OWN), .to = bytes_text(which == 2 ? PEER : OWN)};
    origin.from_full = origin.from;
    origin.own = which >= 2;
    origin.room = which == 1;
    origin.live = true;
    origin.time_ms = FUZZ_NOW_MS;
    return origin;
}

static bool names(fuzz_env *env, const stanza_element *envelope, const char *affix, sotto_bytes bare) {
    stanza_jid jid;
    sotto_bytes text = stanza_attribute_of(stanza_child(envelope, affix, OMEMO_NS_ENVELOPE), "jid");
    return bytes_equal(text, bare) ||
           (sotto_ok(stanza_jid_parse(&env->arena, text, &jid)) && bytes_equal(jid.bare, bare));
}

static const stanza_element *check_content(fuzz_env *env, const omemo_content *content, const stanza_element *outer) {
    static const char *const kept[] = {"from", "to", "id", "type"};
    const stanza_element *stanza;
    MUST_OK(stanza_parse(&env->arena, content->stanza, &stanza));
    MUST(bytes_equal(stanza->name, outer->name) && bytes_equal(stanza->ns, outer->ns));
    size_t attributes = 0, expected = 0;
    for (const stanza_attribute *a = stanza->attributes; a; a = a->next) attributes++;
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        MUST(bytes_equal(stanza_attribute_of(stanza, kept[i]), stanza_attribute_of(outer, kept[i])));
        if (stanza_attribute_of(outer, kept[i]).at) expected++;
    }
    MUST(attributes == expected);
    for (const stanza_element *child = stanza_first(stanza); child; child = stanza_next(stanza, child)) {
        MUST(!omemo_envelope_forbidden(child) && child->ns.len > 0);
    }
    MUST(!holds(content->stanza, "clear"));
    (void)fuzz_touch(content->opt_out_reason);
    return stanza;
}

static void hostile(fuzz_env *env, sotto_bytes text, const stanza_element *outer, const seal_origin *origin) {
    omemo_content content = {.time_ms = 1};
    /* The word by which the outer stanza is known again. */
    if (holds(text, "clear") || holds(text, "&#") || holds(text, "CDATA")) return;
    sotto_status status = omemo_envelope_read(&env->base, text, outer, origin, "urn:xmpp:omemo:2", &content);
    MUST(sotto_ok(status) || sotto_class(status) == SOTTO_CLASS_PEER);
    if (!sotto_ok(status)) {
        MUST(content.time_ms == 1 && !content.stanza.at);
        return;
    }
    const stanza_element *envelope;
    MUST_OK(stanza_parse(&env->arena, text, &envelope));
    MUST(names(env, envelope, "from", origin->from));
    if (origin->room) MUST(names(env, envelope, "to", bytes_text(ROOM)));
    if (origin->own && !bytes_equal(origin->to, origin->from)) MUST(names(env, envelope, "to", origin->to));
    (void)check_content(env, &content, outer);
}

/* Children that go inside, and come out again. */
static size_t survivors(const stanza_element *stanza) {
    size_t count = 0;
    for (const stanza_element *child = stanza_first(stanza); child; child = stanza_next(stanza, child)) {
        if (!omemo_envelope_outside(child) && !omemo_envelope_forbidden(child)) count++;
    }
    return count;
}

static void own(fuzz_env *env, sotto_bytes text, const stanza_element *outer) {
    const stanza_element *stanza = fuzz_parse(&env->arena, text);
    if (!stanza || holds(text, "clear") || holds(text, "&#") || holds(text, "CDATA")) return;
    bytes_buffer out;
    bytes_buffer_owned(&out, &env->host.host, SOTTO_STANZA_BYTES_MAX);
    sotto_status status = omemo_envelope_write(&out, &env->base, stanza, BYTES_LITERAL(PEER));
    if (sotto_ok(status)) {
        sotto_bytes written;
        MUST_OK(bytes_buffer_end(&out, &written));
        MUST(written.len >= SOTTO_OMEMO_ENVELOPE_BYTES_MIN);
        seal_origin origin = origin_of(2);
        omemo_content content;
        status = omemo_envelope_read(&env->base, written, outer, &origin, "urn:xmpp:omemo:2", &content);
        if (!sotto_is(status, SOTTO_E_TOO_LARGE)) {
            MUST_OK(status);
            MUST(content.time_ms == env->base.now_ms);
            MUST(stanza_count(check_content(env, &content, outer)) == survivors(stanza));
        }
    } else {
        MUST(sotto_is(status, SOTTO_E_TOO_LARGE));
    }
    bytes_buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_env env;
    fuzz_env_start(&env, OWN);
    sotto_bytes in = bytes_of(data, size);
    uint8_t choice = fuzz_u8(&in), which = choice & 3;
    const stanza_element *outer;
    sotto_bytes text = fuzz_exact(in);
    if (text.len > 0) {
        seal_origin origin = origin_of(which);
        MUST_OK(stanza_parse(&env.arena, bytes_text(outers[choice & 4 ? 2 : which]), &outer));
        if (choice & 4)
            own(&env, text, outer);
        else
            hostile(&env, text, outer, &origin);
    }
    fuzz_exact_free(text);
    fuzz_env_end(&env);
    return 0;
}
