/* SPDX-License-Identifier: ISC
 *
 * Section 4 of the requirements, but for identity protection (observer_test.c, middle_test.c) and what thieves get
 * (thief_test.c). */
#include "people.h"

#include "test/unit/whole/alter.h"

#define HALF_HOUR 1800000u

/* ---- confidentiality ---- */

/* Each kind of stanza, its name, type, ids, addresses inside and children: outside there is an iq with a frame. */
static void req_confidentiality_only_routing_is_outside(void **state) {
    (void)state;
    talk k;
    people_meet(&k, LIVE_ALONE);
    people_talk(&k);
    size_t before = lab_server_saw(k.t.w.server).len;
    device_send(k.t.juliet, "<presence to='" ORCHARD "'><status>" SECRET "</status><show>away</show></presence>");
    device_send(k.t.juliet, "<iq type='get' id='" SECRET "' to='" ORCHARD "'><query xmlns='urn:" SECRET "'/></iq>");
    device_send(k.t.juliet,
                "<message to='" ORCHARD "' type='headline' id='" SECRET "'><x xmlns='urn:" SECRET "'/></message>");
    live_run(&k);
    assert_int_equal(people_count_in(k.t.romeo, "urn:" SECRET), 2);
    sotto_bytes saw = bytes_after(lab_server_saw(k.t.w.server), before);
    size_t lines = 0;
    while (saw.len > 0) { /* attributes in any order, and nothing else */
        char line[16384];
        const uint8_t *end = memchr(saw.at, '\n', saw.len);
        assert_non_null(end);
        snprintf(line, sizeof line, "%.*s", (int)(end - saw.at), (const char *)saw.at);
        saw = bytes_after(saw, (size_t)(end - saw.at) + 1);
        const char *text = alter_part(line, " id='", "'", "");
        text = alter_part(text, " from='", "'", "");
        text = alter_part(text, " to='", "'", "");
        if (strstr(text, "/>") != NULL && strstr(text, "<live") == NULL) { /* a result that says "received" */
            assert_string_equal(text, "<iq type='result'/>");
            continue;
        }
        text = alter_part(text, "session='", "'", "session=''");
        text = alter_part(text, "number='", "'", "number=''");
        const char *content = strstr(text, "number=''>") + 10;
        assert_true(strncmp(text, "<iq type='set'><live xmlns='" NS_LIVE "' session='' number=''>", 64) == 0 ||
                    strncmp(text, "<iq type='result'><live xmlns='" NS_LIVE "' session='' number=''>", 64) == 0);
        assert_int_equal(strspn(content, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="),
                         strcspn(content, "<"));
        assert_string_equal(content + strcspn(content, "<"), "</live></iq>");
        lines++;
    }
    assert_true(lines >= 2);
    people_assert_closed(&k);
    world_end(&k.t.w);
}

/* Records are padded to a multiple of 128 bytes: of all texts up to a hundred letters two lengths are seen. */
static void req_confidentiality_lengths_are_padded(void **state) {
    (void)state;
    talk k;
    size_t lengths[2] = {0}, texts = 0;
    people_meet(&k, LIVE_ALONE);
    people_talk(&k);
    for (int i = 1; i <= 100; i += 9) {
        char stanza[512], text[128] = {0};
        memset(text, 'x', (size_t)i);
        size_t before = lab_server_saw(k.t.w.server).len;
        snprintf(stanza, sizeof stanza, "<message to='" ORCHARD "' type='chat' id='m'><body>%s</body></message>", text);
        device_send(k.t.juliet, stanza);
        live_run(&k);
        sotto_bytes saw = bytes_after(lab_server_saw(k.t.w.server), before);
        const char *frame = memmem(saw.at, saw.len, "number='", 8);
        assert_non_null(frame);
        frame = strchr(frame, '>') + 1;
        size_t length = strcspn(frame, "<"), which = lengths[0] == 0 || lengths[0] == length ? 0 : 1;
        if (lengths[which] == 0) lengths[which] = length;
        assert_int_equal(lengths[which], length);
        texts++;
    }
    assert_true(lengths[1] != 0); /* else this would show nothing */
    assert_int_equal(k.t.romeo->read_len, 1 + texts);
    world_end(&k.t.w);
}

/* ---- integrity ---- */

/* What was altered, cut or put in is never read as anything else; in the end all is read as it was said. */
static void req_integrity_only_what_was_said_is_read(void **state) {
    (void)state;
    static const malice whats[] = {ALTERS_RECORDS, CUTS_RECORDS, ALTERS_SESSION, ALTERS_NUMBER};
    made m;
    made_start(&m, sotto_seal_live());
    for (size_t i = 0; i < sizeof whats / sizeof *whats; i++)
        for (unsigned at = 1; at <= 20; at += thoroughness) {
            talk k;
            tickets said;
            live_converse(&k, &m, (plan){0}, (hostile){.what = whats[i], .at = at}, &said);
            assert_int_equal(live_check(&k, &said), 0);
            assert_true(k.h.seen >= at);
            world_end(&k.t.w);
        }
    made_end(&m);
}

/* The server writes stanzas of its own, in Romeo's name: none is taken for one that came in the session. */
static void req_integrity_nothing_can_be_put_in(void **state) {
    (void)state;
    talk k;
    char frame[512], session[33] = {0};
    people_meet(&k, LIVE_ALONE);
    people_talk(&k);
    const live_session *s = people_session(k.t.juliet);
    for (size_t i = 0; i < LIVE_ID_BYTES; i++) snprintf(session + 2 * i, 3, "%02x", s->id[i]);
    device_inject(k.t.juliet, "<message from='" ORCHARD "' to='" BALCONY "' type='chat'><body>forged</body></message>");
    snprintf(frame, sizeof frame,
             "<iq type='set' id='f' from='" ORCHARD "' to='" BALCONY "'><live xmlns='" NS_LIVE
             "' session='%s' number='%u'>FwMDABE0NTY3ODkwMTIzNDU2Nzg5MA==</live></iq>",
             session, (unsigned)s->expected);
    device_inject(k.t.juliet, frame);
    for (size_t i = 0; i < k.t.juliet->read_len; i++)
        assert_true(strcmp(k.t.juliet->read[i].body, "forged") != 0 || k.t.juliet->read[i].seal[0] == 0);
    people_wait(&k, 2);
    people_talk(&k); /* a forged frame costs a session, and nothing else */
    world_end(&k.t.w);
}

/* What is taken out is missed by both: the sender is told what never arrived, the receiver how many there were. */
static void req_integrity_what_is_removed_is_told(void **state) {
    (void)state;
    talk k;
    people_meet(&k, LIVE_ALONE);
    people_talk(&k);
    k.h = (hostile){.what = DROPS, .at = 1, .until = 100000};
    uint64_t ticket = device_say(k.t.juliet, ROMEO, "removed");
    people_wait(&k, 5);
    assert_int_equal(device_told_count(k.t.juliet, SOTTO_EVENT_DELIVERY_UNKNOWN, SOTTO_E_TIMEOUT), 1);
    assert_int_equal(device_told_last(k.t.juliet, SOTTO_EVENT_DELIVERY_UNKNOWN)->ticket, ticket);
    k.h = (hostile){0};
    people_say(&k, k.t.romeo, JULIET, "back");
    people_wait(&k, 3);
    device_wish(k.t.juliet, (sotto_input){.kind = SOTTO_INPUT_ENDING}, NULL);
    live_run(&k);
    assert_int_equal(device_told_count(k.t.romeo, SOTTO_EVENT_CUT_SHORT, 0), 1);
    assert_int_equal(device_told_last(k.t.romeo, SOTTO_EVENT_CUT_SHORT)->number, 1);
    world_end(&k.t.w);
}

/* ---- replay protection ---- */

#define RECORDED_MAX 256

typedef struct recorder {
    char *stanzas[RECORDED_MAX];
    size_t count;
} recorder;

static lab_fate record_for_romeo(void *arg, const stanza_element *stanza, bool to_client, sotto_bytes *ret_instead,
                                 uint64_t *ret_until_ms) {
    (void)ret_instead, (void)ret_until_ms;
    recorder *r = arg;
    if (!to_client || stanza_child(stanza, "live", NS_LIVE) == NULL ||
        !bytes_starts_with(stanza_attribute_of(stanza, "to"), BYTES_LITERAL(ROMEO)))
        return LAB_PASS;
    assert_true(r->count < RECORDED_MAX);
    r->stanzas[r->count++] = strndup((const char *)stanza->raw.at, stanza->raw.len);
    return LAB_PASS;
}

static void play_again(talk *k, const recorder *r) {
    for (size_t i = 0; i < r->count; i++) {
        assert_ok(lab_session_inject(k->t.romeo->session, bytes_text(r->stanzas[i])));
        live_run(k);
    }
}

/* Everything that was ever said to him is said again: in the session, after it, after a restart, after others. */
static void req_replay_protection_everything_again(void **state) {
    (void)state;
    talk k;
    recorder r = {0};
    people_meet(&k, LIVE_ALONE);
    lab_server_hook(k.t.w.server, record_for_romeo, &r);
    for (unsigned i = 0; i < 5; i++) people_talk(&k);
    people_begin_anew(&k);
    for (unsigned i = 0; i < 5; i++) people_talk(&k);
    lab_server_hook(k.t.w.server, NULL, NULL);
    assert_true(r.count >= 20);
    size_t read = k.t.romeo->read_len;
    play_again(&k, &r);
    assert_int_equal(k.t.romeo->read_len, read);
    people_wait(&k, 3);
    live_forget(k.t.romeo);
    play_again(&k, &r);
    assert_int_equal(k.t.romeo->read_len, read);
    device_crash(k.t.romeo, false);
    live_run(&k);
    play_again(&k, &r);
    people_wait(&k, 3);
    assert_int_equal(k.t.romeo->read_len, read);
    people_say(&k, k.t.juliet, ROMEO, "after that");
    people_wait(&k, 2);
    assert_int_equal(device_read_count(k.t.romeo, "after that"), 1);
    assert_int_equal(k.t.romeo->read_len, read + 1);
    assert_int_equal(device_told_count(k.t.romeo, SOTTO_EVENT_QUARANTINED, -1), 0);
    while (r.count > 0) free(r.stanzas[--r.count]);
    world_end(&k.t.w);
}

/* ---- forward secrecy ---- */

/* What keys of a session come from is another value after each half hour in which something was said. What is left in
 * memory of the one before: test/unit/whole/wiped_main.c; what a thief of everything kept can do: tools/live-thief. */
static void req_forward_secrecy_keys_change_in_a_long_session(void **state) {
    (void)state;
    talk k;
    uint8_t exported[6][32];
    people_meet(&k, LIVE_ALONE);
    people_talk(&k);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(people_session(k.t.juliet)->wear.renewed, i);
        assert_ok(tls_engine_export(people_session(k.t.juliet)->tls, LIVE_EXPORTER, exported[i]));
        for (unsigned before = 0; before < i; before++) assert_memory_not_equal(exported[i], exported[before], 32);
        people_say(&k, i & 1 ? k.t.romeo : k.t.juliet, i & 1 ? JULIET : ROMEO, "still there");
        live_pass(&k, HALF_HOUR);
        live_pass(&k, LIVE_RETIRING_MS);
        assert_int_equal(people_inside(k.t.juliet)->session_count, 1); /* the old one is gone */
        assert_int_equal(people_inside(k.t.romeo)->session_count, 1);
    }
    world_end(&k.t.w);
}

/* ---- PKI independence ---- */

static void req_pki_independence_nobody_else_is_asked(void **state) {
    (void)state;
    talk k;
    people_meet(&k, LIVE_ALONE);
    device_say(k.t.juliet, ROMEO, "one");
    for (bool busy = true; busy;) { /* no job for a host, which is how authorities and gpg are asked */
        busy = device_turn(k.t.juliet);
        assert_true(!k.t.juliet->pending || k.t.juliet->output.kind != SOTTO_OUTPUT_JOB);
        busy = device_turn(k.t.romeo) || busy;
        assert_true(!k.t.romeo->pending || k.t.romeo->output.kind != SOTTO_OUTPUT_JOB);
    }
    assert_read_from(k.t.romeo, JULIET, LIST("one"));
    assert_int_equal(people_trust(k.t.juliet, ROMEO, k.t.romeo), SOTTO_TRUST_BLIND);
    people_compare(k.t.juliet, ROMEO); /* trust that is between the two alone */
    people_compare(k.t.romeo, JULIET);
    people_compared(k.t.juliet, ROMEO, true);
    assert_int_equal(people_trust(k.t.juliet, ROMEO, k.t.romeo), SOTTO_TRUST_VERIFIED);
    world_end(&k.t.w);
}

/* ---- authentication ---- */

/* Each is told the key that the other one has, and proved by it. */
static void req_authentication_both_prove_their_keys(void **state) {
    (void)state;
    talk k;
    uint8_t key[32];
    people_meet(&k, LIVE_ALONE);
    people_talk(&k);
    people_key(k.t.romeo, key);
    assert_memory_equal(people_session(k.t.juliet)->key, key, 32);
    assert_memory_equal(device_told_last(k.t.juliet, SOTTO_EVENT_NEW_KEY)->key, key, 32);
    people_key(k.t.juliet, key);
    assert_memory_equal(people_session(k.t.romeo)->key, key, 32);
    assert_memory_equal(device_told_last(k.t.romeo, SOTTO_EVENT_NEW_KEY)->key, key, 32);
    world_end(&k.t.w);
}

/* A day later, at another resource, after both processes ended: the same one, by key and by secret; and somebody else
 * at the same address is not taken for them. */
static void req_authentication_the_same_as_yesterday(void **state) {
    (void)state;
    talk k;
    people_meet(&k, LIVE_ALONE);
    people_talk(&k);
    device_leave(k.t.juliet);
    device_leave(k.t.romeo);
    device_crash(k.t.juliet, false);
    device_crash(k.t.romeo, false);
    live_pass(&k, 86400000u);
    k.t.romeo->resource = "garden";
    device_go_online(k.t.juliet);
    device_go_online(k.t.romeo);
    people_talk(&k);
    assert_true(people_session(k.t.juliet)->used && people_session(k.t.romeo)->used);
    assert_int_equal(device_told_count(k.t.juliet, SOTTO_EVENT_NEW_KEY, -1), 1);
    device_leave(k.t.romeo);
    device *other = world_device(&k.t.w, "romeo", "orchard");
    device_go_online(other);
    people_say(&k, other, JULIET, "it is me");
    people_say(&k, k.t.juliet, ROMEO "/orchard", SECRET);
    people_wait(&k, 3);
    assert_int_equal(device_read_count(k.t.juliet, "it is me"), 0);
    assert_int_equal(other->read_len, 0);
    assert_true(device_told_count(k.t.juliet, SOTTO_EVENT_QUARANTINED, -1) >= 1);
    world_end(&k.t.w);
}

/* ---- robustness ---- */

static void type(device *d, const char *jid, const char *word) {
    device_wish(d, (sotto_input){.kind = SOTTO_INPUT_PASSWORD, .jid = bytes_text(jid), .bytes = bytes_text(word)},
                NULL);
}

/* A word, a secret of before, a fresh key agreement and two signatures: all of them in one session. (That a thief of
 * one of them gets nothing is in thief_test.c.) */
static void req_robustness_all_secrets_go_into_the_keys(void **state) {
    (void)state;
    talk k;
    people_meet(&k, LIVE_ALONE);
    people_talk(&k);
    live_secrets before = people_secrets(k.t.juliet, ROMEO, k.t.romeo);
    assert_int_equal(before.count, 1);
    type(k.t.juliet, ROMEO, "by yonder blessed moon");
    type(k.t.romeo, JULIET, "by yonder blessed moon");
    live_run(&k);
    live_secrets after = people_secrets(k.t.juliet, ROMEO, k.t.romeo);
    assert_int_equal(people_session(k.t.juliet)->wear.renewed, 1);
    assert_true(people_session(k.t.juliet)->used && people_session(k.t.romeo)->used);
    assert_memory_not_equal(people_session(k.t.juliet)->secret.id, before.at[0].id, LIVE_ID_BYTES); /* with the word */
    assert_memory_equal(people_session(k.t.juliet)->secret.id, people_session(k.t.romeo)->secret.id, LIVE_ID_BYTES);
    assert_true(after.count >= 1);
    assert_int_equal(people_trust(k.t.juliet, ROMEO, k.t.romeo), SOTTO_TRUST_VERIFIED);
    assert_int_equal(people_trust(k.t.romeo, JULIET, k.t.juliet), SOTTO_TRUST_VERIFIED);
    world_end(&k.t.w);
}

/* ---- upgradability ---- */

/* Records of a ClientHello: ALPN says which versions there are. */
static void req_upgradability_versions_are_told_in_the_first_stanza(void **state) {
    (void)state;
    talk k;
    alter_bytes hello;
    char *stanza;
    people_meet(&k, LIVE_ALONE);
    size_t before = lab_server_saw(k.t.w.server).len;
    device_say(k.t.juliet, ROMEO, "one");
    live_run(&k);
    sotto_bytes saw = bytes_after(lab_server_saw(k.t.w.server), before);
    stanza = strndup((const char *)saw.at, saw.len);
    alter_get(strstr(stanza, "<live"), "<live", &hello);
    assert_non_null(memmem(hello.at, hello.len, "\x0c" LIVE_ALPN, 13));
    free(stanza);
    world_end(&k.t.w);
}

/* What a later version may add, and what it may not add without a new name. */
static void req_upgradability_small_additions_are_ignored(void **state) {
    (void)state;
    for (unsigned kind = 100; kind <= 200; kind += 100) {
        talk k;
        people_meet(&k, LIVE_ALONE);
        people_talk(&k);
        live_message later = {.kind = (live_kind)kind, .body = BYTES_LITERAL("of a later version")};
        live_session *s = people_session(k.t.juliet), *his = people_session(k.t.romeo);
        uint8_t id[LIVE_ID_BYTES];
        memcpy(id, his->id, sizeof id);
        assert_ok(live_session_write(people_inside(k.t.juliet), s, &later));
        people_say(&k, k.t.juliet, ROMEO, "after it");
        people_wait(&k, 2);
        assert_int_equal(device_read_count(k.t.romeo, "after it"), 1);
        assert_int_equal(memcmp(people_session(k.t.romeo)->id, id, sizeof id) == 0, kind >= LIVE_IGNORED);
        world_end(&k.t.w);
    }
}

const struct CMUnitTest security_tests[] = {
    REQUIREMENT(req_confidentiality_only_routing_is_outside),
    REQUIREMENT(req_confidentiality_lengths_are_padded),
    REQUIREMENT(req_integrity_only_what_was_said_is_read),
    REQUIREMENT(req_integrity_nothing_can_be_put_in),
    REQUIREMENT(req_integrity_what_is_removed_is_told),
    REQUIREMENT(req_replay_protection_everything_again),
    REQUIREMENT(req_forward_secrecy_keys_change_in_a_long_session),
    REQUIREMENT(req_pki_independence_nobody_else_is_asked),
    REQUIREMENT(req_authentication_both_prove_their_keys),
    REQUIREMENT(req_authentication_the_same_as_yesterday),
    REQUIREMENT(req_robustness_all_secrets_go_into_the_keys),
    REQUIREMENT(req_upgradability_versions_are_told_in_the_first_stanza),
    REQUIREMENT(req_upgradability_small_additions_are_ignored),
};
const size_t security_count = sizeof security_tests / sizeof *security_tests;
