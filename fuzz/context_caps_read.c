/* SPDX-License-Identifier: ISC
 *
 * context/caps.h, the other side: whatever answers disco#info, it is what a hash is over, or it is not; nothing else
 * happens. The first line is the `ver`, the rest what is inside of the query. What we write ourselves passes. */
#include "context/caps.h"

#include "trees.h"

#define INFO "http://jabber.org/protocol/disco#info"

static const stanza_element *answer(bytes_arena *arena, sotto_bytes inside) {
    bytes_buffer out;
    sotto_bytes text;
    const stanza_element *iq = NULL;
    bytes_buffer_owned(&out, arena->host, 1u << 20);
    bytes_buffer_text(&out, "<iq type='result'><query xmlns='" INFO "'>");
    bytes_buffer_put(&out, inside);
    bytes_buffer_text(&out, "</query></iq>");
    if (sotto_ok(bytes_buffer_end(&out, &text)) && !sotto_ok(stanza_parse(arena, text, &iq))) iq = NULL;
    bytes_buffer_free(&out);
    return iq;
}

static bool is_expected(sotto_status status) {
    return sotto_ok(status) || sotto_is(status, SOTTO_E_BAD_MAC) || sotto_is(status, SOTTO_E_MALFORMED) ||
           sotto_is(status, SOTTO_E_TOO_LARGE);
}

/* The features of an answer are one by one those that are asked about. */
static void check_features(const stanza_element *iq, bytes_arena *arena) {
    const stanza_element *query = stanza_child(iq, "query", INFO);
    for (const stanza_element *child = stanza_first(query); child != NULL; child = stanza_next(query, child)) {
        sotto_bytes copy, var = stanza_attribute_of(child, "var");
        if (!stanza_is(child, "feature", INFO) || var.len == 0) continue;
        MUST(bytes_arena_copy(arena, var, &copy));
        MUST(memchr(copy.at, 0, copy.len) != NULL || context_caps_has(iq, (const char *)copy.at));
    }
    MUST(!context_caps_has(iq, "\x01"));
}

/* Our own answer, with a feature that the input names. */
static void check_own(bytes_arena *arena, sotto_bytes feature) {
    sotto_bytes copy, ver, text;
    const stanza_element *info, *iq;
    bytes_buffer out;
    stanza_writer writer;
    MUST(bytes_arena_copy(arena, feature, &copy));
    const char *features[2] = {(const char *)copy.at, NULL};
    if (feature.len == 0 || memchr(feature.at, 0, feature.len) != NULL ||
        memchr(feature.at, '<', feature.len) != NULL || !sotto_ok(context_caps_ver(arena, features, &ver)))
        return;
    bytes_buffer_owned(&out, arena->host, 1u << 20);
    stanza_writer_init(&writer, &out, STANZA_NS_CLIENT);
    MUST_OK(context_caps_info(&writer, arena, features, BYTES_NONE));
    if (sotto_ok(bytes_buffer_end(&out, &text)) && sotto_ok(stanza_parse(arena, text, &info)) &&
        bytes_equal(stanza_attribute_of(stanza_child(info, "feature", INFO), "var"), BYTES_NONE) == false) {
        const stanza_element *query = info;
        bytes_buffer inside;
        bytes_buffer_owned(&inside, arena->host, 1u << 20);
        for (const stanza_element *child = stanza_first(query); child != NULL; child = stanza_next(query, child))
            bytes_buffer_put(&inside, child->raw);
        if (sotto_ok(bytes_buffer_end(&inside, &text)) && (iq = answer(arena, text)) != NULL) {
            bool same = false; /* white space in an attribute is read as another one (XML 1.0 section 3.3.3) */
            const stanza_element *again = stanza_child(iq, "query", INFO);
            for (const stanza_element *child = stanza_first(again); child != NULL; child = stanza_next(again, child))
                same = same || bytes_equal(stanza_attribute_of(child, "var"), feature);
            if (same) MUST_OK(context_caps_check(arena, iq, BYTES_LITERAL("sha-1"), ver));
        }
        bytes_buffer_free(&inside);
    }
    bytes_buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_host host;
    fuzz_host_start(&host);
    bytes_arena arena;
    bytes_arena_init(&arena, &host.host, FUZZ_ARENA_BYTES_MAX);
    sotto_bytes in = bytes_of(data, size), ver = fuzz_line(&in);
    const stanza_element *iq = answer(&arena, in);
    if (iq != NULL) {
        sotto_status status = context_caps_check(&arena, iq, BYTES_LITERAL("sha-1"), ver);
        MUST(is_expected(status));
        MUST(context_caps_check(&arena, iq, BYTES_LITERAL("sha-1"), ver).code == status.code);
        if (sotto_ok(status)) MUST(ver.len == 28);
        MUST(is_expected(context_caps_check(&arena, iq, BYTES_LITERAL("sha-256"), ver)));
        MUST(sotto_is(context_caps_check(&arena, iq, BYTES_LITERAL("md5"), ver), SOTTO_E_UNSUPPORTED));
        context_caps caps;
        if (context_caps_read(stanza_child(iq, "query", INFO), &caps))
            MUST(caps.hash.len > 0 && caps.node.len > 0 && caps.ver.len > 0 && caps.ver.len <= SOTTO_CAPS_TEXT_MAX);
        check_features(iq, &arena);
    }
    check_own(&arena, ver);
    bytes_arena_clear(&arena);
    fuzz_host_end(&host);
    return 0;
}
