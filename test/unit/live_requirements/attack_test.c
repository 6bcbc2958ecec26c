/* SPDX-License-Identifier: ISC
 *
 * Section 3 of the requirements: what servers and whoever sits at a wire can do. Somebody in the middle with engines of
 * his own: middle_test.c. */
#include "people.h"

#include "context/caps.h"
#include "stanza/writer.h"
#include "test/unit/whole/alter.h"

#define NS_INFO "http://jabber.org/protocol/disco#info"

/* ---- passive ---- */

/* Whoever sees all that one party's server sees: none of it says what was said, to whomever. */
static void attack_passive_on_all_conversations_of_one_party(void **state) {
    (void)state;
    talk k;
    people_prepare(&k, LIVE_ALONE, NULL, NULL);
    device *mallory = world_device(&k.t.w, "mallory", "cell");
    assert_ok(lab_server_befriend(k.t.w.server, "juliet", "mallory"));
    device_go_online(k.t.juliet);
    device_go_online(k.t.romeo);
    device_go_online(mallory);
    people_talk(&k);
    people_say(&k, k.t.juliet, MALLORY, SECRET " to another one");
    people_say(&k, mallory, JULIET, SECRET " from another one");
    assert_int_equal(device_read_count(mallory, SECRET " to another one"), 1);
    assert_int_equal(device_read_count(k.t.juliet, SECRET " from another one"), 1);
    people_assert_closed(&k);
    world_end(&k.t.w);
}

/* One conversation, from first contact over a rekey to the end, every byte of it. What its keys come from and that
 * nothing kept brings them back: tools/live-thief. */
static void attack_passive_on_one_conversation(void **state) {
    (void)state;
    talk k;
    people_meet(&k, LIVE_ALONE);
    people_talk(&k);
    live_pass(&k, 1800000);
    people_talk(&k);
    device_wish(k.t.juliet, (sotto_input){.kind = SOTTO_INPUT_ENDING}, NULL);
    live_run(&k);
    people_assert_closed(&k);
    world_end(&k.t.w);
}

/* ---- active: what the server does to frames ---- */

/* To one frame after the other of a conversation of ten stanzas, here to every n-th; test/unit/whole/live_harm_test.c
 * takes each of them. And to a dozen in a row. */
static void conversations_under(malice what, size_t back_max) {
    made m;
    talk k;
    tickets said;
    made_start(&m, sotto_seal_live());
    for (unsigned at = 1; at <= 24; at += thoroughness) {
        live_converse(&k, &m, (plan){0}, (hostile){.what = what, .at = at}, &said);
        size_t back = live_check(&k, &said);
        if (back > back_max) fail_msg("%u came back, frame %u", (unsigned)back, at);
        world_end(&k.t.w);
    }
    live_converse(&k, &m, (plan){0}, (hostile){.what = what, .at = 3, .until = 15}, &said);
    live_check(&k, &said);
    world_end(&k.t.w);
    made_end(&m);
}

static void attack_altering_frames(void **state) {
    (void)state;
    conversations_under(ALTERS_RECORDS, 0);
    conversations_under(CUTS_RECORDS, 0);
    conversations_under(ALTERS_NUMBER, 0);
    conversations_under(ALTERS_SESSION, 0);
}
static void attack_dropping_frames(void **state) {
    (void)state;
    conversations_under(DROPS, 0);
}
static void attack_repeating_frames(void **state) {
    (void)state;
    conversations_under(REPEATS, 0);
}
static void attack_reordering_frames(void **state) {
    (void)state;
    conversations_under(REORDERS, 0);
}
static void attack_holding_back_frames(void **state) {
    (void)state;
    conversations_under(DELAYS, 0);
}
/* Under `always`, from somebody of whom nothing was ever known, a refusal is believed: the stanza comes back. */
static void attack_replaced_errors(void **state) {
    (void)state;
    conversations_under(REFUSES, 6);
    conversations_under(FORGETS_FOR_IT, 0);
}
static void attack_reflected_frames(void **state) {
    (void)state;
    conversations_under(REFLECTS, 0);
    conversations_under(REFLECTS_ALONE, 0);
}

/* Nothing that was there before is ended, and nothing is believed: frames, errors and answers that nobody sent. */
static void attack_forging_frames_and_answers(void **state) {
    (void)state;
    talk k;
    people_meet(&k, LIVE_ALONE);
    people_talk(&k);
    device_send(k.t.juliet, "<iq type='get' id='q1' to='" ORCHARD "'><query xmlns='urn:" SECRET "'/></iq>");
    live_run(&k);
    assert_int_equal(people_count_in(k.t.romeo, "id='q1'"), 1);
    device_inject(k.t.juliet,
                  "<iq type='result' id='q1' from='" ORCHARD "' to='" BALCONY "'><query xmlns='urn:forged'/></iq>");
    device_inject(k.t.juliet,
                  "<iq type='error' id='q1' from='" ORCHARD "' to='" BALCONY
                  "'><error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
    assert_true(device_told_count(k.t.juliet, SOTTO_EVENT_FALSE_ANSWER, -1) >= 1);
    assert_int_equal(people_count_in(k.t.juliet, "urn:forged"), 0);
    device_send(k.t.romeo, "<iq type='result' id='q1' to='" BALCONY "'><query xmlns='urn:" SECRET "'>yes</query></iq>");
    live_run(&k);
    assert_int_equal(people_count_in(k.t.juliet, ">yes<"), 1);
    people_wait(&k, 6);
    assert_int_equal(people_count_in(k.t.juliet, "type='error' id='q1'"), 0);
    people_assert_closed(&k);
    world_end(&k.t.w);
}

/* ---- what is advertised ---- */

typedef struct liar {
    talk *k;
    const char *features[32]; /* of a program that is not there */
    char presence[512];
    char info[4096];
} liar;

/* Says in Romeo's name that his program has all but live sessions; hash and answer fit each other. */
static lab_fate strip(void *arg, const stanza_element *stanza, bool to_client, sotto_bytes *ret_instead,
                      uint64_t *ret_until_ms) {
    (void)ret_until_ms;
    liar *l = arg;
    const stanza_element *query = stanza_child(stanza, "query", NS_INFO);
    sotto_bytes from = stanza_attribute_of(stanza, "from"), to = stanza_attribute_of(stanza, "to");
    bool to_her = to_client && bytes_is(from, ORCHARD) && bytes_starts_with(to, BYTES_LITERAL(JULIET));
    if (to_her && stanza_is(stanza, "presence", NULL) && stanza_first(stanza) != NULL) {
        *ret_instead = bytes_text(l->presence);
        return LAB_ALTER;
    }
    if (!to_her || query == NULL || !bytes_is(stanza_attribute_of(stanza, "type"), "result")) return LAB_PASS;
    sotto_bytes id = stanza_attribute_of(stanza, "id");
    bytes_buffer out;
    stanza_writer writer;
    bytes_buffer_borrowed(&out, l->info, sizeof l->info);
    stanza_writer_init(&writer, &out, STANZA_NS_CLIENT);
    stanza_open(&writer, "iq", STANZA_NS_CLIENT);
    stanza_put_text(&writer, "type", "result");
    stanza_put(&writer, "id", id);
    stanza_put(&writer, "from", from);
    stanza_put(&writer, "to", to);
    assert_ok(context_caps_info(&writer, &l->k->t.w.arena, l->features, stanza_attribute_of(query, "node")));
    stanza_close(&writer);
    assert_ok(bytes_buffer_end(&out, ret_instead));
    return LAB_ALTER;
}

static void lie(liar *l, talk *k) {
    sotto_bytes ver;
    size_t count = 0;
    *l = (liar){.k = k};
    for (const char *const *f = sotto_engine_features(k->t.romeo->engine); *f != NULL; f++)
        if (strncmp(*f, "urn:sotto:", 10) != 0) l->features[count++] = *f;
    l->features[count++] = "urn:of:another:program";
    assert_ok(context_caps_ver(&k->t.w.arena, l->features, &ver));
    snprintf(l->presence, sizeof l->presence,
             "<presence from='" ORCHARD "' to='" BALCONY "'><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' "
             "node='https://another.example' ver='%.*s'/></presence>",
             (int)ver.len, (const char *)ver.at);
    lab_server_hook(k->t.w.server, strip, l);
}

/* Once they have spoken, a missing feature is told, and is no reason not to try. */
static void attack_stripped_feature_of_somebody_known(void **state) {
    (void)state;
    talk k;
    static liar l;
    people_meet(&k, LIVE_ALONE);
    people_talk(&k);
    device_leave(k.t.romeo);
    lie(&l, &k);
    device_go_online(k.t.romeo);
    device_say(k.t.juliet, ROMEO, SECRET " all the same");
    live_run(&k);
    people_wait(&k, 2);
    assert_int_equal(device_told_count(k.t.juliet, SOTTO_EVENT_LIVE_GONE, SOTTO_E_NO_LIVE), 1);
    assert_string_equal(device_told_last(k.t.juliet, SOTTO_EVENT_LIVE_GONE)->jid, ROMEO);
    assert_int_equal(device_read_count(k.t.romeo, SECRET " all the same"), 1);
    people_assert_closed(&k);
    world_end(&k.t.w);
}

/* At first contact it is believed; nothing leaves in the clear for that, and it is said. */
static void attack_stripped_feature_at_first_contact(void **state) {
    (void)state;
    talk k;
    static liar l;
    people_prepare(&k, LIVE_ALONE, NULL, NULL);
    lie(&l, &k);
    device_go_online(k.t.juliet);
    device_go_online(k.t.romeo);
    uint64_t ticket = device_say(k.t.juliet, ROMEO, SECRET);
    live_run(&k);
    people_wait(&k, 3);
    assert_int_equal(k.t.romeo->read_len, 0);
    const told_event *held = device_told_last(k.t.juliet, SOTTO_EVENT_HELD);
    const told_event *refused = device_told_last(k.t.juliet, SOTTO_EVENT_REFUSED);
    assert_true((held != NULL && held->ticket == ticket) || (refused != NULL && refused->ticket == ticket));
    people_assert_closed(&k);
    world_end(&k.t.w);
}

/* ---- ClientHellos that go elsewhere ---- */

typedef struct redirect {
    char text[16384];
    unsigned count;
} redirect;

/* Juliet's frames for Romeo go to Mallory, and Mallory's answers come back in Romeo's name. */
static lab_fate to_mallory(void *arg, const stanza_element *stanza, bool to_client, sotto_bytes *ret_instead,
                           uint64_t *ret_until_ms) {
    (void)ret_until_ms;
    redirect *r = arg;
    sotto_bytes from = stanza_attribute_of(stanza, "from"), to = stanza_attribute_of(stanza, "to");
    snprintf(r->text, sizeof r->text, "%.*s", (int)stanza->raw.len, (const char *)stanza->raw.at);
    if (stanza_child(stanza, "live", NS_LIVE) == NULL && stanza_child(stanza, "error", NULL) == NULL) return LAB_PASS;
    if (!to_client && bytes_is(from, BALCONY) && bytes_is(to, ORCHARD)) {
        *ret_instead = bytes_text(alter_text(r->text, "to='" ORCHARD "'", "to='" MALLORY "/cell'"));
        r->count++;
        return LAB_ALTER;
    }
    if (to_client && bytes_is(from, MALLORY "/cell") && bytes_is(to, BALCONY)) {
        *ret_instead = bytes_text(alter_text(r->text, "from='" MALLORY "/cell'", "from='" ORCHARD "'"));
        r->count++;
        return LAB_ALTER;
    }
    return LAB_PASS;
}

/* A third party who is honest, and is made to answer for somebody else: what it proves is not for them. */
static void attack_redirected_hello_to_a_third_party(void **state) {
    (void)state;
    for (unsigned known = 0; known < 2; known++) {
        talk k;
        static redirect r;
        r.count = 0;
        people_prepare(&k, LIVE_ALONE, NULL, NULL);
        device *mallory = world_device(&k.t.w, "mallory", "cell");
        assert_ok(lab_server_befriend(k.t.w.server, "juliet", "mallory"));
        device_go_online(k.t.juliet);
        device_go_online(k.t.romeo);
        device_go_online(mallory);
        if (known > 0) people_talk(&k);
        if (known > 0) people_say(&k, k.t.juliet, MALLORY, "we have a secret as well");
        people_begin_anew(&k);
        live_forget(mallory);
        size_t read = mallory->read_len;
        lab_server_hook(k.t.w.server, to_mallory, &r);
        device_say(k.t.juliet, ROMEO, SECRET " for romeo");
        live_run(&k);
        people_wait(&k, 1);
        assert_true(r.count >= 2);
        assert_int_equal(mallory->read_len, read);
        assert_null(people_session(mallory));
        assert_null(people_session(k.t.juliet));
        for (size_t i = 0; i < k.t.juliet->told_len; i++) /* and is not taken for Romeo's key */
            assert_false(k.t.juliet->told[i].kind == SOTTO_EVENT_NEW_KEY &&
                         memcmp(k.t.juliet->told[i].key, people_inside(mallory)->identity.ed25519.bytes, 32) == 0 &&
                         strcmp(k.t.juliet->told[i].jid, ROMEO) == 0);
        lab_server_hook(k.t.w.server, NULL, NULL);
        people_wait(&k, 3);
        assert_int_equal(device_read_count(k.t.romeo, SECRET " for romeo"), 1);
        people_assert_closed(&k);
        world_end(&k.t.w);
    }
}

/* A ClientHello of before is sent to Romeo at another resource, or from another one: whoever would know by the answer
 * that the secret is held there learns nothing, because there it is not recognized. */
static void attack_redirected_hello_asks_who_holds_the_secret(void **state) {
    (void)state;
    for (unsigned where = 0; where < 3; where++) {
        talk k;
        char *hello;
        people_meet(&k, LIVE_ALONE);
        people_talk(&k);
        people_begin_anew(&k);
        size_t before = lab_server_saw(k.t.w.server).len;
        k.h = (hostile){.what = DROPS, .at = 1, .until = 100000};
        device_say(k.t.juliet, ROMEO, "one");
        live_run(&k);
        sotto_bytes saw = bytes_after(lab_server_saw(k.t.w.server), before);
        hello = strndup((const char *)saw.at, strcspn((const char *)saw.at, "\n"));
        assert_non_null(strstr(hello, "number='0'"));
        device_leave(k.t.juliet);
        device_leave(k.t.romeo);
        k.h = (hostile){0};
        if (where == 1) k.t.romeo->resource = "garden";
        device_go_online(k.t.romeo);
        const char *sent =
            alter_part(hello, " from='", "'", where == 2 ? " from='" JULIET "/tomb'" : " from='" BALCONY "'");
        sent = alter_part(sent, " to='", "'", where == 1 ? " to='" ROMEO "/garden'" : " to='" ORCHARD "'");
        device_inject(k.t.romeo, sent);
        const live_session *s = people_inside(k.t.romeo)->sessions;
        assert_non_null(s); /* answered in any case */
        assert_int_equal(s->offered, where == 0);
        assert_int_equal(s->used, where == 0);
        free(hello);
        world_end(&k.t.w);
    }
}

static void attack_reflected_hello(void **state) {
    (void)state;
    made m;
    talk k;
    tickets said;
    made_start(&m, sotto_seal_live());
    for (unsigned until = 1; until <= 8; until += 7) {
        live_converse(&k, &m, (plan){0}, (hostile){.what = REFLECTS_ALONE, .at = 1, .until = until}, &said);
        live_check(&k, &said);
        for (size_t i = 0; i < k.t.juliet->told_len; i++) /* she never meets herself */
            assert_memory_not_equal(k.t.juliet->told[i].key, people_inside(k.t.juliet)->identity.ed25519.bytes, 32);
        world_end(&k.t.w);
    }
    made_end(&m);
}

const struct CMUnitTest attack_tests[] = {
    REQUIREMENT(attack_passive_on_all_conversations_of_one_party),
    REQUIREMENT(attack_passive_on_one_conversation),
    REQUIREMENT(attack_altering_frames),
    REQUIREMENT(attack_dropping_frames),
    REQUIREMENT(attack_repeating_frames),
    REQUIREMENT(attack_reordering_frames),
    REQUIREMENT(attack_holding_back_frames),
    REQUIREMENT(attack_replaced_errors),
    REQUIREMENT(attack_reflected_frames),
    REQUIREMENT(attack_forging_frames_and_answers),
    REQUIREMENT(attack_stripped_feature_of_somebody_known),
    REQUIREMENT(attack_stripped_feature_at_first_contact),
    REQUIREMENT(attack_redirected_hello_to_a_third_party),
    REQUIREMENT(attack_redirected_hello_asks_who_holds_the_secret),
    REQUIREMENT(attack_reflected_hello),
};
const size_t attack_count = sizeof attack_tests / sizeof *attack_tests;
