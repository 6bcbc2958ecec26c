/* SPDX-License-Identifier: ISC
 *
 * A server that wants to read along and takes away what is needed to seal (T8, T14, T16): once something was sealed for
 * somebody, nothing for them leaves in the clear unless a person says so. */
#include "world.h"

#include "lab/server/node.h"

static void say(device *d, const char *to, const char *body) {
    device_say(d, to, body);
    world_run(d->w);
}

/* Juliet wrote to romeo, who is away, so that he does not put his list right at once. */
static void begin(two *t, void **state) {
    two_start(t, seal_of(state));
    say(t->juliet, ROMEO, "before");
    assert_read_from(t->romeo, JULIET, LIST("before"));
    device_leave(t->romeo);
    device_forget_told(t->juliet);
}

/* What she writes now stays here, with the reason; when romeo is back and publishes again it goes. */
static void held_until_he_is_back(two *t, int reason) {
    say(t->juliet, ROMEO, "secret-one");
    say(t->juliet, ROMEO, "secret-two");
    assert_int_equal(device_held(t->juliet), 2);
    const told_event *told = device_told_last(t->juliet, SOTTO_EVENT_HELD);
    assert_int_equal(told->reason.code, reason);
    assert_string_equal(told->jid, ROMEO);
    world_pass(&t->w, 3600 * 1000);
    assert_int_equal(device_held(t->juliet), 2);
    device_go_online(t->romeo);
    world_pass(&t->w, 61 * 1000);
    assert_int_equal(device_held(t->juliet), 0);
    assert_read_from(t->romeo, JULIET, LIST("before", "secret-one", "secret-two"));
    assert_false(world_saw(&t->w, "secret-one") || world_saw(&t->w, "secret-two"));
    assert_true(world_keys_used_once(&t->w) >= 3);
    world_end(&t->w);
}

static lab_node *list_of(two *t, const char *local) {
    lab_account *account;
    assert_ok(lab_account_local(t->w.server, local, &account));
    return lab_node_find(account, bytes_text(NODE_LIST));
}

static void test_the_list_is_emptied(void **state) {
    two t;
    begin(&t, state);
    assert_ok(lab_server_plant(t.w.server, "romeo", NODE_LIST, "current",
                               BYTES_LITERAL("<devices xmlns='" NS_OMEMO "'/>"), true));
    world_run(&t.w);
    const told_event *told = device_told_last(t.juliet, SOTTO_EVENT_DEVICES);
    assert_non_null(told);
    assert_int_equal(told->number, 0);
    assert_int_equal(told->reason.code, SOTTO_E_DEVICES_GONE);
    held_until_he_is_back(&t, SOTTO_E_DEVICES_GONE);
}

static void test_the_item_is_removed(void **state) {
    two t;
    begin(&t, state);
    assert_ok(lab_server_plant(t.w.server, "romeo", NODE_LIST, "current", BYTES_NONE, true));
    world_run(&t.w);
    held_until_he_is_back(&t, SOTTO_E_DEVICES_GONE);
}

static void test_the_node_is_deleted(void **state) {
    two t;
    begin(&t, state);
    lab_account *account;
    assert_ok(lab_account_local(t.w.server, "romeo", &account));
    lab_node_remove(t.w.server, account, list_of(&t, "romeo"));
    device_leave(t.juliet);
    device_go_online(t.juliet);
    held_until_he_is_back(&t, SOTTO_E_DEVICES_GONE);
}

/* The same when the process began anew: what was sealed once is remembered in the store. */
static void test_the_node_is_deleted_and_she_starts_anew(void **state) {
    two t;
    begin(&t, state);
    lab_account *account;
    assert_ok(lab_account_local(t.w.server, "romeo", &account));
    lab_node_remove(t.w.server, account, list_of(&t, "romeo"));
    device_crash(t.juliet, false);
    world_run(&t.w);
    held_until_he_is_back(&t, SOTTO_E_DEVICES_GONE);
}

static void test_what_is_held_survives_and_can_be_cancelled(void **state) {
    two t;
    begin(&t, state);
    assert_ok(lab_server_plant(t.w.server, "romeo", NODE_LIST, "current",
                               BYTES_LITERAL("<devices xmlns='" NS_OMEMO "'/>"), true));
    say(t.juliet, ROMEO, "secret-one");
    uint64_t ticket = device_say(t.juliet, ROMEO, "secret-two");
    say(t.juliet, ROMEO, "secret-three");
    for (unsigned resumed = 0; resumed < 2; resumed++) {
        device_crash(t.juliet, resumed);
        world_run(&t.w);
        assert_int_equal(device_held(t.juliet), 3);
    }
    device_wish(t.juliet, (sotto_input){.kind = SOTTO_INPUT_CANCEL, .ticket = ticket}, NULL);
    world_run(&t.w);
    assert_int_equal(device_held(t.juliet), 2);
    device_go_online(t.romeo);
    world_pass(&t.w, 61 * 1000);
    assert_int_equal(device_held(t.juliet), 0);
    assert_read_from(t.romeo, JULIET, LIST("before", "secret-one", "secret-three"));
    assert_false(world_saw(&t.w, "secret"));
    world_end(&t.w);
}

/* ---- answers that never say the truth ---- */

typedef enum lie { REFUSES, SILENT, NO_SUCH_ITEM, EMPTY_LIST, EMPTY_ANSWER, OTHER_NODE } lie;

typedef struct liar {
    lie what;
    char instead[1024];
} liar;

/* About romeo's devices and keys. */
static lab_fate lie_about_romeo(void *arg, const stanza_element *stanza, bool to_client, sotto_bytes *ret_instead,
                                uint64_t *ret_until_ms) {
    (void)ret_until_ms;
    liar *l = arg;
    if (!to_client || !stanza_is(stanza, "iq", NULL) || !bytes_is(stanza_attribute_of(stanza, "from"), ROMEO))
        return LAB_PASS;
    if (l->what == SILENT) return LAB_DROP;
    /* The truth about the other dialect, of which the server has nothing. */
    if (l->what == EMPTY_LIST && bytes_is(stanza_attribute_of(stanza, "type"), "error")) return LAB_PASS;
    sotto_bytes id = stanza_attribute_of(stanza, "id"), to = stanza_attribute_of(stanza, "to");
    static const char *const payloads[] = {
        [REFUSES] = "<error type='auth'><forbidden xmlns='" LAB_NS_STANZAS "'/></error>",
        [NO_SUCH_ITEM] = "<error type='cancel'><item-not-found xmlns='" LAB_NS_STANZAS "'/></error>",
        [EMPTY_LIST] = "<pubsub xmlns='" LAB_NS_PUBSUB "'><items node='" NODE_LIST "'><item id='current'>"
                       "<devices xmlns='" NS_OMEMO "'/></item></items></pubsub>",
        [EMPTY_ANSWER] = "",
        [OTHER_NODE] = "<pubsub xmlns='" LAB_NS_PUBSUB "'><items node='urn:x'/></pubsub>",
    };
    bool is_error = l->what == REFUSES || l->what == NO_SUCH_ITEM;
    snprintf(l->instead, sizeof l->instead, "<iq type='%s' id='%.*s' from='" ROMEO "' to='%.*s'>%s</iq>",
             is_error ? "error" : "result", (int)id.len, (const char *)id.at, (int)to.len, (const char *)to.at,
             payloads[l->what]);
    *ret_instead = bytes_text(l->instead);
    return LAB_ALTER;
}

/* She began a stream anew and asks; whatever she is told, what she writes is sealed for the devices she knows, or held.
 */
static void test_lies_after_something_was_sealed(void **state) {
    for (lie what = REFUSES; what <= OTHER_NODE; what++) {
        two t;
        begin(&t, state);
        liar l = {.what = what};
        device_leave(t.juliet);
        list_of(&t, "romeo")->config.send_last = LAB_LAST_NEVER; /* no notification tells her instead */
        lab_server_hook(t.w.server, lie_about_romeo, &l);
        device_go_online(t.juliet);
        say(t.juliet, ROMEO, "secret-one");
        world_pass(&t.w, 31 * 1000);
        world_pass(&t.w, 61 * 1000);
        world_pass(&t.w, 31 * 1000);
        assert_false(world_saw(&t.w, "secret-one"));
        /* Only "there are none" is an answer that says something: then it is an alarm. */
        bool gone = what == NO_SUCH_ITEM || what == EMPTY_LIST;
        assert_int_equal(device_held(t.juliet), gone);
        if (gone) assert_int_equal(device_told_last(t.juliet, SOTTO_EVENT_HELD)->reason.code, SOTTO_E_DEVICES_GONE);
        lab_server_hook(t.w.server, NULL, NULL);
        device_go_online(t.romeo);
        world_pass(&t.w, 61 * 1000);
        if (gone) device_wish(t.juliet, (sotto_input){.kind = SOTTO_INPUT_REFRESH, .jid = bytes_text(ROMEO)}, NULL);
        world_run(&t.w);
        assert_read_from(t.romeo, JULIET, LIST("before", "secret-one"));
        assert_false(world_saw(&t.w, "secret-one"));
        world_end(&t.w);
    }
}

/* The first message ever: it leaves in the clear under `auto` only when the server says in so many words that romeo has
 * no devices; under `always` never. */
static void test_lies_before_anything_was_sealed(void **state) {
    static const int reasons[] = {
        [REFUSES] = SOTTO_E_SERVER_REFUSED, [SILENT] = SOTTO_E_TIMEOUT,         [NO_SUCH_ITEM] = SOTTO_E_NO_DEVICE,
        [EMPTY_LIST] = SOTTO_E_NO_DEVICE,   [EMPTY_ANSWER] = SOTTO_E_MALFORMED, [OTHER_NODE] = SOTTO_E_MALFORMED};
    for (unsigned always = 0; always < 2; always++)
        for (lie what = REFUSES; what <= OTHER_NODE; what++) {
            two t;
            world_start(&t.w, seal_of(state));
            if (always) t.w.encrypt = SOTTO_ENCRYPT_ALWAYS;
            t.romeo = world_device(&t.w, "romeo", "orchard");
            device_go_online(t.romeo);
            list_of(&t, "romeo")->config.send_last = LAB_LAST_NEVER;
            liar l = {.what = what};
            lab_server_hook(t.w.server, lie_about_romeo, &l);
            t.juliet = world_device(&t.w, "juliet", "balcony");
            device_go_online(t.juliet);
            uint64_t ticket = device_say(t.juliet, ROMEO, "secret-one");
            world_pass(&t.w, 31 * 1000);
            bool none = what == NO_SUCH_ITEM || what == EMPTY_LIST, clear = none && !always;
            assert_int_equal(world_saw(&t.w, "secret-one"), clear);
            assert_int_equal(device_held(t.juliet), !none);
            const told_event *told = device_told_last(t.juliet, none ? SOTTO_EVENT_REFUSED : SOTTO_EVENT_HELD);
            if (!clear) {
                assert_int_equal(told->ticket, ticket);
                assert_int_equal(told->reason.code, reasons[what]);
            }
            world_end(&t.w);
        }
}

/* ---- every kind of stanza (T14) ---- */

static const char *const contents[] = {
    "<message to='" ROMEO "'><body>secret-word</body></message>",
    "<message to='" ROMEO "' type='chat'><body>secret-word</body></message>",
    "<message to='" ROMEO "' type='normal'><subject>secret-word</subject></message>",
    "<message to='" ROMEO "' type='headline'><body>secret-word</body></message>",
    "<message to='" ROMEO "/orchard' type='chat'><body>secret-word</body></message>",
    "<message to='ROMEO@Lab.Example' type='chat'><body>secret-word</body></message>",
    "<message to='" ROMEO "' type='chat'><x xmlns='urn:example:secret-word'/></message>",
    "<message to='" ROMEO "' type='chat'><received xmlns='urn:xmpp:receipts' id='secret-word'/></message>",
    "<message to='" ROMEO "' type='chat'><thread>secret-word</thread></message>",
    "<message to='" ROMEO "' type='error'><body>secret-word</body><error type='cancel'/></message>",
    "<message to='" ROMEO
    "/orchard' type='error' id='a'><received xmlns='urn:secret-word'/><error type='cancel'/></message>",
    "<iq to='" ROMEO "/orchard' type='set' id='b'><query xmlns='urn:secret-word'/></iq>",
    "<iq to='" ROMEO "/orchard' type='result' id='b'><query xmlns='urn:secret-word'/></iq>",
    "<presence to='" ROMEO "'><status>secret-word</status></presence>",
};
#define CONTENTS (sizeof contents / sizeof contents[0])

/* None of it leaves in the clear: sealed, held, or refused and said so. */
static void test_no_content_leaves_in_the_clear(void **state) {
    for (unsigned gone = 0; gone < 2; gone++) {
        two t;
        begin(&t, state);
        if (gone)
            assert_ok(lab_server_plant(t.w.server, "romeo", NODE_LIST, "current",
                                       BYTES_LITERAL("<devices xmlns='" NS_OMEMO "'/>"), true));
        world_run(&t.w);
        for (size_t i = 0; i < CONTENTS; i++) {
            device_forget_told(t.juliet);
            size_t held = device_held(t.juliet), sealed = world_saw_count(&t.w, "<payload");
            uint64_t ticket = device_send(t.juliet, contents[i]);
            world_run(&t.w);
            if (world_saw(&t.w, "secret-word")) fail_msg("in the clear: %s", contents[i]);
            const told_event *refused = device_told_last(t.juliet, SOTTO_EVENT_REFUSED);
            bool message = strncmp(contents[i], "<message", 8) == 0;
            if (message) { /* what cannot be sealed is refused at once: it does not wait behind messages */
                if (refused != NULL) fail_msg("refused, %s: %s", sotto_status_name(refused->reason), contents[i]);
                assert_int_equal(device_held(t.juliet), held + gone);
                assert_int_equal(world_saw_count(&t.w, "<payload"), sealed + !gone);
            } else {
                assert_non_null(refused);
                assert_int_equal(refused->ticket, ticket);
                assert_int_equal(refused->reason.code, SOTTO_E_CANNOT_PROTECT);
            }
        }
        world_end(&t.w);
    }
}

/* The control: a person may say so, for one stanza or for somebody; and then it does. */
static void test_a_person_may_say_so(void **state) {
    two t;
    begin(&t, state);
    device_go_online(t.romeo);
    device_wish(t.juliet, (sotto_input){.kind = SOTTO_INPUT_SEND, .encrypt = SOTTO_ENCRYPT_NEVER},
                "<message to='" ROMEO "' type='chat'><body>public-one</body></message>");
    say(t.juliet, ROMEO, "secret-two");
    device_policy(t.juliet, ROMEO, SOTTO_ENCRYPT_NEVER);
    say(t.juliet, ROMEO, "public-three");
    device_policy(t.juliet, ROMEO, SOTTO_ENCRYPT_AUTO);
    say(t.juliet, ROMEO, "secret-four");
    assert_true(world_saw(&t.w, "public-one") && world_saw(&t.w, "public-three"));
    assert_false(world_saw(&t.w, "secret-two") || world_saw(&t.w, "secret-four"));
    assert_int_equal(t.romeo->read_len, 5);
    assert_string_equal(t.romeo->read[1].seal, "");
    assert_string_equal(t.romeo->read[2].seal, "omemo:2");
    assert_string_equal(t.romeo->read[3].seal, "");
    world_end(&t.w);
}

/* XEP-0384 section 5.7: asking to go on in the clear is heard, sealed, and a person decides. */
static void test_opting_out_asks_a_person(void **state) {
    two t;
    begin(&t, state);
    device_go_online(t.romeo);
    /* Not sealed it is nothing. */
    device_inject(t.juliet, "<message from='" ROMEO "/orchard' to='" JULIET "' type='chat'><opt-out xmlns='" NS_OMEMO
                            "'><reason>law</reason></opt-out></message>");
    assert_int_equal(device_told_count(t.juliet, SOTTO_EVENT_OPT_OUT, -1), 0);
    device_send(t.romeo, "<message to='" JULIET "' type='chat'><opt-out xmlns='" NS_OMEMO
                         "'><reason>law</reason></opt-out></message>");
    world_run(&t.w);
    const told_event *told = device_told_last(t.juliet, SOTTO_EVENT_OPT_OUT);
    assert_non_null(told);
    assert_string_equal(told->jid, ROMEO);
    assert_string_equal(told->text, "law");
    say(t.juliet, ROMEO, "secret-one");
    assert_int_equal(device_told_last(t.juliet, SOTTO_EVENT_HELD)->reason.code, SOTTO_E_CANCELLED);
    assert_int_equal(device_read_count(t.romeo, "secret-one"), 0);
    device_policy(t.juliet, ROMEO, SOTTO_ENCRYPT_ALWAYS);
    world_run(&t.w);
    assert_int_equal(device_read_count(t.romeo, "secret-one"), 1);
    assert_false(world_saw(&t.w, "secret-one"));
    world_end(&t.w);
}

const struct CMUnitTest downgrade_tests[] = {
    WITH_OMEMO(test_the_list_is_emptied),
    WITH_OMEMO(test_the_item_is_removed),
    WITH_OMEMO(test_the_node_is_deleted),
    WITH_OMEMO(test_the_node_is_deleted_and_she_starts_anew),
    WITH_OMEMO(test_what_is_held_survives_and_can_be_cancelled),
    WITH_OMEMO(test_lies_after_something_was_sealed),
    WITH_OMEMO(test_lies_before_anything_was_sealed),
    WITH_OMEMO(test_no_content_leaves_in_the_clear),
    WITH_OMEMO(test_a_person_may_say_so),
    WITH_OMEMO(test_opting_out_asks_a_person),
};
const size_t downgrade_count = sizeof downgrade_tests / sizeof downgrade_tests[0];
