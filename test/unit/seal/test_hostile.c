/* SPDX-License-Identifier: ISC
 *
 * Servers and peers that do not mean well, by the numbers of the threat list. Whatever is refused must leave every
 * record as it was, but for what is counted. */
#include <stdio.h>

#include <sotto/limits.h>

#include "bytes/base64.h"
#include "groups.h"
#include "seal/omemo/exchange.h"
#include "seal/omemo/own.h"
#include "seal/omemo/self.h"
#include "testing.h"
#include "two.h"

/* ---- the shape of the element ---- */

static void test_T31_one_of_each(void **state) {
    (void)state;
    two t;
    two_start(&t);
    two_greet(&t);
    sotto_bytes sealed = world_say(t.juliet, ROMEO, "x");
    const stanza_element *encrypted = stanza_child(world_parse(&t.w, sealed), "encrypted", NULL);
    const stanza_element *header = stanza_child(encrypted, "header", NULL),
                         *payload = stanza_child(encrypted, "payload", NULL);
    const stanza_element *keys = stanza_child(header, "keys", NULL), *key = stanza_child(keys, "key", NULL);
    const struct { const stanza_element *twice; } cases[] = {{encrypted}, {header}, {payload}, {keys}, {key}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sotto_bytes raw = cases[i].twice->raw;
        const char *once = (const char *)world_text(&t.w, "%.*s", (int)raw.len, (const char *)raw.at).at;
        const char *twice = (const char *)world_text(&t.w, "%s%s", once, once).at;
        refused(&t, world_replace(&t.w, sealed, once, twice), NULL, SOTTO_E_MALFORMED);
    }
    world_expect(t.romeo, t.juliet, sealed, "x");
    two_end(&t);
}

static void test_malformed_elements(void **state) {
    (void)state;
    two t;
    two_start(&t);
    two_greet(&t);
    sotto_bytes sealed = world_say(t.juliet, ROMEO, "x");
    const char *sid = (const char *)world_text(&t.w, "sid='%u'", world_device_id(t.juliet)).at;
    const char *rid = (const char *)world_text(&t.w, "rid='%s'", romeo_id(&t)).at;
    static const char *const bad_ids[] = {"='0'", "='2147483648'", "='-1'", "='x'", "=''"};
    for (size_t i = 0; i < sizeof bad_ids / sizeof bad_ids[0]; i++) {
        refused(&t, world_replace(&t.w, sealed, sid, (const char *)world_text(&t.w, "sid%s", bad_ids[i]).at), NULL,
                SOTTO_E_MALFORMED);
        refused(&t, world_replace(&t.w, sealed, rid, (const char *)world_text(&t.w, "rid%s", bad_ids[i]).at), NULL,
                SOTTO_E_NOT_FOR_US);
    }
    refused(&t, world_replace(&t.w, sealed, sid, ""), NULL, SOTTO_E_MALFORMED);
    refused(&t, world_replace(&t.w, sealed, rid, (const char *)world_text(&t.w, "%s kex='maybe'", rid).at), NULL,
            SOTTO_E_MALFORMED);
    refused(&t, world_replace(&t.w, sealed, rid, (const char *)world_text(&t.w, "%s kex='1'", rid).at), NULL,
            SOTTO_E_MALFORMED);
    refused(&t, world_replace(&t.w, sealed, "<payload>", "<payload>%"), NULL, SOTTO_E_MALFORMED);
    refused(&t, world_replace(&t.w, sealed, "</key>", "=</key>"), NULL, SOTTO_E_MALFORMED);
    refused(&t, world_replace(&t.w, sealed, "jid='" ROMEO "'", "jid='" JULIET "'"), NULL, SOTTO_E_NOT_FOR_US);
    refused(&t, world_replace(&t.w, sealed, "jid='" ROMEO "'", ""), NULL, SOTTO_E_NOT_FOR_US);
    char many[SOTTO_OMEMO_MESSAGE_BYTES_MAX * 2];
    memset(many, 'A', sizeof many);
    many[sizeof many - 1] = 0;
    refused(&t, world_replace(&t.w, sealed, "</key>", (const char *)world_text(&t.w, "%.2044s</key>", many).at), NULL,
            SOTTO_E_TOO_LARGE);
    /* kex='false' written out, and a JID that only looks different, are as good. */
    sotto_bytes odd = world_replace(&t.w, sealed, rid, (const char *)world_text(&t.w, "%s kex='false'", rid).at);
    world_expect(t.romeo, t.juliet, world_replace(&t.w, odd, "jid='" ROMEO "'", "jid='Romeo@MONTAGUE.example'"), "x");
    two_end(&t);
}

static void test_too_many_keys(void **state) {
    (void)state;
    two t;
    two_start(&t);
    two_greet(&t);
    sotto_bytes sealed = world_say(t.juliet, ROMEO, "x"), many = BYTES_NONE;
    bytes_buffer out;
    bytes_buffer_owned(&out, sotto_host_default(), 1u << 20);
    for (unsigned i = 0; i < SOTTO_OMEMO_KEYS_MAX; i++) bytes_buffer_text(&out, "<key rid='5'>AA==</key>");
    bytes_buffer_text(&out, "<key ");
    bytes_buffer_u8(&out, 0);
    assert_code(bytes_buffer_end(&out, &many), 0);
    refused(&t, world_replace(&t.w, sealed, "<key ", (const char *)many.at), NULL, SOTTO_E_TOO_LARGE);
    bytes_buffer_free(&out);
    world_expect(t.romeo, t.juliet, sealed, "x");
    two_end(&t);
}

/* ---- altered content ---- */

/* T11: payload and key belong together; the server can swap neither, nor take the payload away. */
static void test_T11_payload_is_bound(void **state) {
    (void)state;
    two t;
    two_start(&t);
    two_greet(&t);
    sotto_bytes one = world_say(t.juliet, ROMEO, "one"), other = world_say(t.juliet, ROMEO, "other");
    const stanza_element *payload[2] = {
        stanza_child(stanza_child(world_parse(&t.w, one), "encrypted", NULL), "payload", NULL),
        stanza_child(stanza_child(world_parse(&t.w, other), "encrypted", NULL), "payload", NULL)};
    const char *raw[2];
    for (int i = 0; i < 2; i++)
        raw[i] = (const char *)world_text(&t.w, "%.*s", (int)payload[i]->raw.len, (const char *)payload[i]->raw.at).at;
    refused(&t, world_replace(&t.w, one, raw[0], raw[1]), NULL, SOTTO_E_BAD_MAC);
    refused(&t, world_replace(&t.w, one, raw[0], ""), NULL, SOTTO_E_MALFORMED);
    refused(&t, world_replace(&t.w, one, raw[0], "<payload/>"), NULL, SOTTO_E_BAD_MAC);
    world_expect(t.romeo, t.juliet, one, "one");
    world_expect(t.romeo, t.juliet, other, "other");
    /* An empty message does not become one with content. */
    t.romeo->control_count = 0;
    for (int i = 0; i < 60; i++) world_expect(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "x"), "x");
    assert_int_equal(t.romeo->control_count, 1);
    sotto_bytes empty = world_replace(&t.w, t.romeo->controls[0], "</header>",
                                      (const char *)world_text(&t.w, "</header>%s", raw[0]).at);
    world_expect_unreadable(t.juliet, t.romeo, empty, SOTTO_E_MALFORMED);
    two_end(&t);
}

/* T13: a message carried to another conversation, or said to be somebody else's. */
static void test_T13_T37_sender_and_recipient(void **state) {
    (void)state;
    two t;
    two_start(&t);
    two_greet(&t);
    sotto_bytes sealed = world_say(t.juliet, ROMEO, "x");
    refused(&t, sealed, &(world_origin){.to = "nurse@capulet.example"}, SOTTO_E_WRONG_RECIPIENT);
    /* From another JID: there is no session there. */
    refused(&t, sealed, &(world_origin){.from = "nurse@capulet.example/x"}, SOTTO_E_NO_SESSION);
    /* T37: a private message shown as one to a room. */
    refused(&t, sealed, &(world_origin){.from = "room@rooms.example/juliet", .room = true}, SOTTO_E_WRONG_RECIPIENT);
    world_expect(t.romeo, t.juliet, sealed, "x");
    two_end(&t);
}

/* ---- key exchanges ---- */

/* T12: a key exchange that names no prekey, or one that was never there. */
static void test_T12_exchange_without_a_prekey(void **state) {
    (void)state;
    two t;
    two_start(&t);
    sotto_bytes sealed = world_say(t.juliet, ROMEO, "x");
    const stanza_element *key = stanza_child(
        stanza_child(stanza_child(stanza_child(world_parse(&t.w, sealed), "encrypted", NULL), "header", NULL), "keys",
                     NULL),
        "key", NULL);
    uint8_t memory[1024], out_memory[1024], text_memory[2048];
    bytes_buffer decoded, out, text;
    sotto_bytes bytes, base64;
    omemo_kex kex;
    assert_true(stanza_text(key, &t.w.memory, &base64));
    const char *old = (const char *)world_text(&t.w, "%.*s", (int)base64.len, (const char *)base64.at).at;
    bytes_buffer_borrowed(&decoded, memory, sizeof memory);
    assert_code(bytes_base64_get(&decoded, base64), 0);
    assert_code(bytes_buffer_end(&decoded, &bytes), 0);
    assert_code(omemo_wire_read_exchange(bytes, &kex), 0);
    for (int i = 0; i < 4; i++) {
        omemo_kex other = kex;
        if (i == 0) other.prekey_id = 0;
        if (i == 1) other.prekey_id = kex.prekey_id == 5 ? 6 : 5;
        if (i == 2) other.signed_id = kex.signed_id == 5 ? 6 : 5;
        bytes_buffer_borrowed(&out, out_memory, sizeof out_memory);
        omemo_wire_write_exchange(&out, &other);
        if (i == 3)
            bytes_buffer_drop(&out, 1 + (kex.prekey_id < 128         ? 1
                                         : kex.prekey_id < 16384     ? 2
                                         : kex.prekey_id < 2097152   ? 3
                                         : kex.prekey_id < 268435456 ? 4
                                                                     : 5));
        assert_code(bytes_buffer_end(&out, &bytes), 0);
        bytes_buffer_borrowed(&text, text_memory, sizeof text_memory);
        bytes_base64_put(&text, bytes);
        bytes_buffer_u8(&text, 0);
        assert_code(bytes_buffer_end(&text, &base64), 0);
        refused(&t, world_replace(&t.w, sealed, old, (const char *)base64.at), NULL, SOTTO_E_NO_PREKEY);
    }
    world_expect(t.romeo, t.juliet, sealed, "x");
    two_end(&t);
}

/* T19: the very same key exchange, once its session was replaced, makes no session again. */
static void test_T19_replayed_exchange(void **state) {
    (void)state;
    two t;
    two_start(&t);
    sotto_bytes sealed[4];
    for (int i = 0; i < 4; i++) {
        sealed[i] = world_say(t.juliet, ROMEO, "x");
        world_expect(t.romeo, t.juliet, sealed[i], "x");
        t.romeo->control_count = 0;
        world_wait(&t.w, 31ull * 24 * 3600 * 1000); /* unanswered: the next one starts a session of its own */
        world_go_online(t.juliet, true);
    }
    /* The session before is still known, those before that are not; their prekeys are gone. */
    assert_int_equal(world_open(t.romeo, t.juliet, sealed[3], NULL).opened.outcome, SEAL_DUPLICATE);
    assert_int_equal(world_open(t.romeo, t.juliet, sealed[2], NULL).opened.outcome, SEAL_DUPLICATE);
    refused(&t, sealed[1], NULL, SOTTO_E_NO_PREKEY);
    refused(&t, sealed[0], NULL, SOTTO_E_NO_PREKEY);
    two_end(&t);
}

/* T19: while the private key of a used prekey is kept, another sender who picked the same one is read; the same key
 * exchange from elsewhere is not, and in the end the key goes. */
static void test_T19_prekey_picked_twice(void **state) {
    (void)state;
    two t;
    two_start(&t);
    world_device *nurse = world_join(&t.w, "nurse@capulet.example");
    world_go_online(nurse, true);
    const char *id = romeo_id(&t);
    sotto_bytes bundle = world_item(&t.w, ROMEO, BUNDLES, id);
    const stanza_element *prekeys = stanza_child(world_parse(&t.w, bundle), "prekeys", NULL);
    const stanza_element *pk = stanza_first(prekeys);
    const char *all = (const char *)world_text(&t.w, "%.*s", (int)prekeys->raw.len, (const char *)prekeys->raw.at).at;
    const char *one =
        (const char *)world_text(&t.w, "<prekeys>%.*s</prekeys>", (int)pk->raw.len, (const char *)pk->raw.at).at;
    world_set_item(&t.w, ROMEO, BUNDLES, id, world_replace(&t.w, bundle, all, one));
    sotto_bytes hers = world_say(t.juliet, ROMEO, "hers"), nurses = world_say(nurse, ROMEO, "nurse's"), late;
    world_device *late_writer = world_join(&t.w, "late@capulet.example");
    world_go_online(late_writer, true);
    late = world_say(late_writer, ROMEO, "late");
    world_expect(t.romeo, t.juliet, hers, "hers");
    t.romeo->control_count = 0;
    /* Played back under another name: the same ephemeral key. */
    refused(&t, hers, &(world_origin){.from = "mallory@capulet.example/x"}, SOTTO_E_NO_PREKEY);
    world_expect(t.romeo, nurse, nurses, "nurse's");
    t.romeo->control_count = 0;
    world_wait(&t.w, OMEMO_KEEP_LIVE_MS + 1000);
    world_expect_unreadable(t.romeo, late_writer, late, SOTTO_E_NO_PREKEY);
    two_end(&t);
}

/* T20: key exchanges of one JID are worked on so often an hour; each is a prekey.
 * limit: SOTTO_OMEMO_EXCHANGES_PER_HOUR, SOTTO_OMEMO_PREKEYS_FLOOR */
static void test_T20_exchanges_are_rationed(void **state) {
    (void)state;
    two t;
    two_start(&t);
    sotto_bytes sealed = BYTES_NONE;
    for (unsigned i = 0; i < SOTTO_OMEMO_EXCHANGES_PER_HOUR; i++) {
        /* juliet forgets her session: a device that makes a new one for each message */
        omemo_row row;
        assert_code(omemo_row_device(&row, BYTES_LITERAL(ROMEO), world_device_id(t.romeo), OMEMO_ROW_DEVICE), 0);
        bytes_map_remove(&t.juliet->records, omemo_row_key(&row));
        sealed = world_say(t.juliet, ROMEO, "x");
        world_expect(t.romeo, t.juliet, sealed, "x");
        t.romeo->control_count = 0;
        world_wait(&t.w, 3000);
    }
    omemo_row row;
    assert_code(omemo_row_device(&row, BYTES_LITERAL(ROMEO), world_device_id(t.romeo), OMEMO_ROW_DEVICE), 0);
    bytes_map_remove(&t.juliet->records, omemo_row_key(&row));
    sealed = world_say(t.juliet, ROMEO, "one too many");
    refused(&t, sealed, NULL, SOTTO_E_TOO_LARGE);
    /* Others are not affected, and an hour later it is read. */
    world_device *nurse = world_join(&t.w, "nurse@capulet.example");
    world_go_online(nurse, true);
    world_expect(t.romeo, nurse, world_say(nurse, ROMEO, "x"), "x");
    world_wait(&t.w, 3600000);
    t.romeo->control_count = 0;
    world_expect(t.romeo, t.juliet, sealed, "one too many");
    const stanza_element *prekeys =
        stanza_child(world_parse(&t.w, world_item(&t.w, ROMEO, BUNDLES, romeo_id(&t))), "prekeys", NULL);
    assert_true(stanza_count(prekeys) >= SOTTO_OMEMO_PREKEYS_FLOOR);
    two_end(&t);
}

/* T20: exchanges that fail are counted, too: they cost time. */
static void test_T20_failed_exchanges_are_counted(void **state) {
    (void)state;
    two t;
    two_start(&t);
    sotto_bytes sealed = world_say(t.juliet, ROMEO, "x");
    const stanza_element *payload =
        stanza_child(stanza_child(world_parse(&t.w, sealed), "encrypted", NULL), "payload", NULL);
    const char *old = (const char *)world_text(&t.w, "%.*s", (int)payload->raw.len, (const char *)payload->raw.at).at;
    sotto_bytes forged = world_replace(&t.w, sealed, old, "<payload>AAAAAAAAAAAAAAAAAAAAAA==</payload>");
    for (unsigned i = 0; i < SOTTO_OMEMO_EXCHANGES_PER_HOUR; i++)
        world_expect_unreadable(t.romeo, t.juliet, forged, SOTTO_E_BAD_MAC);
    world_expect_unreadable(t.romeo, t.juliet, forged, SOTTO_E_TOO_LARGE);
    world_wait(&t.w, 3600000);
    world_expect(t.romeo, t.juliet, sealed, "x"); /* no prekey was used up */
    two_end(&t);
}

/* T9: a key exchange for a known device id with another identity. */
static void test_T9_exchange_with_another_identity(void **state) {
    (void)state;
    two t;
    two_start(&t);
    two_greet(&t);
    uint32_t id = world_device_id(t.juliet);
    world_device *mallory = world_join(&t.w, JULIET);
    world_go_online(mallory, true);
    const char *her_sid = (const char *)world_text(&t.w, "sid='%u'", id).at;
    const char *his_sid = (const char *)world_text(&t.w, "sid='%u'", world_device_id(mallory)).at;
    sotto_bytes sealed = world_replace(&t.w, world_say(mallory, ROMEO, "I am juliet"), his_sid, her_sid);
    size_t seen = t.romeo->seen_count;
    world_read read = world_open(t.romeo, mallory, sealed, NULL);
    assert_int_equal(read.opened.outcome, SEAL_OPENED);
    assert_int_equal(read.opened.key.device, id);
    assert_int_equal(world_events(t.romeo, SOTTO_EVENT_KEY_ALARM), 1);
    assert_int_equal(world_last_event(t.romeo, SOTTO_EVENT_KEY_ALARM)->device, id);
    assert_int_equal(t.romeo->seen_count, seen + 1);
    assert_memory_equal(t.romeo->seen[seen].key, read.opened.key.key, 32);
    /* What the true device writes in its session is still read, as its own, and does not bring its session back. */
    sotto_bytes hers = world_say(t.juliet, ROMEO, "no, I am");
    world_read true_read = world_open(t.romeo, t.juliet, hers, NULL);
    assert_int_equal(true_read.opened.outcome, SEAL_OPENED);
    assert_memory_not_equal(true_read.opened.key.key, read.opened.key.key, 32);
    two_end(&t);
}

/* ---- answers by themselves ---- */

/* T23: strangers learn nothing: no reply, no heartbeat, no question; it follows when the user writes. */
static void test_T23_nothing_is_sent_to_strangers(void **state) {
    (void)state;
    two t;
    two_start(&t);
    static const world_origin stranger = {.stranger = true};
    world_read read = world_open(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "hello stranger"), &stranger);
    assert_int_equal(read.opened.outcome, SEAL_OPENED);
    assert_int_equal(t.romeo->control_count, 0);
    assert_int_equal(t.romeo->ask_count, 0);
    for (int i = 0; i < 60; i++) world_open(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "x"), &stranger);
    assert_int_equal(t.romeo->control_count, 0);
    /* He writes, to a device of hers that is not the one: the reply goes out with it. */
    world_device *juliet2 = world_join(&t.w, JULIET);
    world_go_online(juliet2, true);
    seal_promise promise = world_promise(t.romeo, JULIET);
    for (int round = 0; round < 4 && promise.kind == SEAL_ASKING; round++) {
        world_settle(&t.w);
        promise = world_promise(t.romeo, JULIET);
    }
    assert_int_equal(promise.keys.count, 2);
    int second = promise.keys.at[1].device == world_device_id(juliet2);
    sotto_bytes sealed;
    assert_code(world_seal_for(t.romeo, "<message to='" JULIET "'><body>who are you</body></message>",
                               &(seal_keys){&promise.keys.at[second], 1}, &sealed),
                0);
    assert_int_equal(t.romeo->control_count, 1);
    assert_true(has(t.romeo->controls[0], (const char *)world_text(&t.w, "rid='%u'", world_device_id(t.juliet)).at));
    world_read reply = world_open(t.juliet, t.romeo, t.romeo->controls[0], NULL);
    assert_int_equal(reply.opened.outcome, SEAL_CONTROL);
    const char *still = (const char *)world_text(&t.w, "rid='%s' kex", romeo_id(&t)).at;
    assert_false(has(world_say(t.juliet, ROMEO, "x"), still));
    two_end(&t);
}

static void forget_session(two *t) {
    omemo_row row;
    assert_code(omemo_row_device(&row, BYTES_LITERAL(JULIET), world_device_id(t->juliet), OMEMO_ROW_DEVICE), 0);
    bytes_map_remove(&t->romeo->records, omemo_row_key(&row));
}

/* Section 6, T22: a message without a session gets one, by an empty message; live, from a device on the list, of
 * somebody we answer, once a day. */
static void test_T22_message_without_a_session(void **state) {
    (void)state;
    two t;
    two_start(&t);
    two_greet(&t);
    world_settle(&t.w);
    forget_session(&t);
    static const world_origin stranger = {.stranger = true}, offline = {.offline = true};
    refused(&t, world_say(t.juliet, ROMEO, "x"), &stranger, SOTTO_E_NO_SESSION);
    refused(&t, world_say(t.juliet, ROMEO, "x"), &offline, SOTTO_E_NO_SESSION);
    world_settle(&t.w);
    assert_int_equal(t.romeo->control_count, 0);
    world_expect_unreadable(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "lost"), SOTTO_E_NO_SESSION);
    world_settle(&t.w); /* first her list, then, live and listed, her bundle */
    if (t.romeo->control_count == 0) {
        world_expect_unreadable(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "lost"), SOTTO_E_NO_SESSION);
        world_settle(&t.w);
    }
    assert_int_equal(world_pass_controls(t.romeo), 1);
    world_expect(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "found"), "found");
    two_end(&t);
}

static void test_T22_once_a_day(void **state) {
    (void)state;
    two t;
    two_start(&t);
    two_greet(&t);
    int healed = 0;
    for (int i = 0; i < 48; i++) { /* two days, the session lost each hour, with what was remembered of healing kept */
        omemo_peer peer;
        t.romeo->env.now_ms = t.w.now_ms;
        assert_code(
            omemo_peer_load(&t.romeo->env, BYTES_LITERAL(JULIET), &omemo_dialect_2, world_device_id(t.juliet), &peer),
            0);
        peer.has_session = peer.has_previous = false;
        assert_code(omemo_peer_save(&t.romeo->env, BYTES_LITERAL(JULIET), &peer), 0);
        world_open(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "x"), NULL);
        world_settle(&t.w);
        healed += (int)t.romeo->control_count;
        t.romeo->control_count = 0;
        world_wait(&t.w, 3600000);
    }
    assert_int_equal(healed, 2);
    bytes_arena_clear(&t.romeo->arena);
    two_end(&t);
}

/* Section 8: "Clients MUST NOT react to decryption errors by initiating new sessions automatically". */
static void test_T22_failure_starts_nothing(void **state) {
    (void)state;
    two t;
    two_start(&t);
    two_greet(&t);
    sotto_bytes one = world_say(t.juliet, ROMEO, "x");
    const stanza_element *payload =
        stanza_child(stanza_child(world_parse(&t.w, one), "encrypted", NULL), "payload", NULL);
    const char *old = (const char *)world_text(&t.w, "%.*s", (int)payload->raw.len, (const char *)payload->raw.at).at;
    refused(&t, world_replace(&t.w, one, old, "<payload>AAAAAAAAAAAAAAAAAAAAAA==</payload>"), NULL, SOTTO_E_BAD_MAC);
    assert_int_equal(t.romeo->ask_count + t.romeo->control_count, 0);
    two_end(&t);
}

/* Section 6: a sender that is not on the list has us look again; not for every message of it. */
static void test_unlisted_sender(void **state) {
    (void)state;
    two t;
    two_start(&t);
    two_greet(&t);
    world_settle(&t.w); /* he looked at her list when she first wrote */
    world_wait(&t.w, 61000);
    t.w.notify = false;
    world_go_offline(t.juliet);
    world_set_item(&t.w, JULIET, DEVICES, "current",
                   BYTES_LITERAL("<devices xmlns='urn:xmpp:omemo:2'><device id='5'/></devices>"));
    world_notify(&t.w, JULIET, DEVICES);
    world_settle(&t.w);
    sotto_bytes sealed = world_say(t.juliet, ROMEO, "x");
    world_read read = world_open(t.romeo, t.juliet, sealed, NULL);
    assert_int_equal(read.opened.outcome, SEAL_OPENED);
    assert_false(read.opened.key.active);
    assert_int_equal(t.romeo->ask_count, 1);
    world_settle(&t.w);
    world_open(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "x"), NULL);
    assert_int_equal(t.romeo->ask_count, 0);
    world_wait(&t.w, 61000);
    world_open(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "x"), NULL);
    assert_int_equal(t.romeo->ask_count, 1);
    two_end(&t);
}

/* Messages for other devices: said once, and empty ones not at all. */
static void test_not_for_us(void **state) {
    (void)state;
    two t;
    two_start(&t);
    two_greet(&t);
    world_device *romeo2 = world_join(&t.w, ROMEO);
    sotto_bytes sealed = world_say(t.juliet, ROMEO, "x");
    world_expect_unreadable(romeo2, t.juliet, sealed, SOTTO_E_NOT_FOR_US);
    for (int i = 0; i < 60; i++) world_expect(t.romeo, t.juliet, world_say(t.juliet, ROMEO, "x"), "x");
    world_device *juliet2 = world_join(&t.w, JULIET);
    assert_int_equal(world_open(juliet2, t.romeo, t.romeo->controls[0], NULL).opened.outcome, SEAL_CONTROL);
    two_end(&t);
}

int hostile_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_T31_one_of_each),
        cmocka_unit_test(test_malformed_elements),
        cmocka_unit_test(test_too_many_keys),
        cmocka_unit_test(test_T11_payload_is_bound),
        cmocka_unit_test(test_T13_T37_sender_and_recipient),
        cmocka_unit_test(test_T12_exchange_without_a_prekey),
        cmocka_unit_test(test_T19_replayed_exchange),
        cmocka_unit_test(test_T19_prekey_picked_twice),
        cmocka_unit_test(test_T20_exchanges_are_rationed),
        cmocka_unit_test(test_T20_failed_exchanges_are_counted),
        cmocka_unit_test(test_T9_exchange_with_another_identity),
        cmocka_unit_test(test_T23_nothing_is_sent_to_strangers),
        cmocka_unit_test(test_T22_message_without_a_session),
        cmocka_unit_test(test_T22_once_a_day),
        cmocka_unit_test(test_T22_failure_starts_nothing),
        cmocka_unit_test(test_unlisted_sender),
        cmocka_unit_test(test_not_for_us),
    };
    return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
