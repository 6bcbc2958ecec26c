/* SPDX-License-Identifier: ISC
 *
 * A server that lies about devices and their keys: broken bundles, bundles of others, answers and notifications of
 * those who may not give them. What cannot be sealed for anybody is held, with the reason; what can, is. */
#include "alter.h"

#include "lab/server/node.h"

static void say(device *d, const char *to, const char *body) {
    device_say(d, to, body);
    world_run(d->w);
}

/* ---- what is on the server ---- */

static lab_node *node_of(world *w, const char *local, const char *node) {
    lab_account *account;
    assert_ok(lab_account_local(w->server, local, &account));
    lab_node *found = lab_node_find(account, bytes_text(node));
    assert_non_null(found);
    return found;
}

static const char *number_text(uint32_t number) {
    static char text[16];
    snprintf(text, sizeof text, "%u", (unsigned)number);
    return text;
}

/* A device's bundle as it was published; to be freed. */
static char *bundle_of(device *d) {
    lab_item *item = lab_node_item(node_of(d->w, d->local, NODE_KEYS), bytes_text(number_text(device_number(d))));
    assert_non_null(item);
    return strndup((const char *)item->payload.at, item->payload.len);
}

static void plant_bundle(world *w, const char *local, uint32_t number, const char *bundle) {
    assert_ok(lab_server_plant(w->server, local, NODE_KEYS, number_text(number), bytes_text(bundle), false));
}

static void plant_list(world *w, const char *local, const uint32_t *numbers, size_t count, bool notify) {
    char list[512] = "<devices xmlns='" NS_OMEMO "'>";
    for (size_t i = 0; i < count; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "<device id='%u'/>", (unsigned)numbers[i]);
    snprintf(list + strlen(list), sizeof list - strlen(list), "</devices>");
    assert_ok(lab_server_plant(w->server, local, NODE_LIST, "current", bytes_text(list), notify));
    world_run(w);
}

static void remove_item(world *w, const char *local, const char *node, const char *item) {
    assert_ok(lab_server_plant(w->server, local, node, item, BYTES_NONE, false));
}

static bool was_sealed_for(const world *w, uint32_t number) {
    return world_saw(w, alter_key_of(number));
}

/* ---- broken bundles (T12, T30, T31) ---- */

typedef const char *change_bundle(const char *bundle, const char *of_juliet);

static const char *no_prekeys(const char *b, const char *j) {
    (void)j;
    return alter_part(b, "<prekeys", "</prekeys>", "<prekeys/>");
}
static const char *no_prekeys_element(const char *b, const char *j) {
    (void)j;
    return alter_part(b, "<prekeys", "</prekeys>", "");
}
static const char *no_identity(const char *b, const char *j) {
    (void)j;
    return alter_part(b, "<ik", "</ik>", "");
}
static const char *two_identities(const char *b, const char *j) {
    (void)j;
    return alter_text(b, "<ik>", "<ik>AAAA</ik><ik>");
}
static const char *two_signed(const char *b, const char *j) {
    (void)j;
    return alter_text(b, "</spk>", "</spk><spk id='3'>AAAA</spk>");
}
static const char *two_signatures(const char *b, const char *j) {
    (void)j;
    return alter_text(b, "<spks>", "<spks>AAAA</spks><spks>");
}
static const char *two_lists(const char *b, const char *j) {
    (void)j;
    return alter_text(b, "<prekeys>", "<prekeys/><prekeys>");
}
static const char *two_of_one_id(const char *b, const char *j) {
    (void)j;
    return alter_text(b, "<prekeys>", "<prekeys><pk id='5'>AAAA</pk><pk id='5'>AAAA</pk>");
}
static const char *prekey_without_id(const char *b, const char *j) {
    (void)j;
    return alter_text(b, "<prekeys>", "<prekeys><pk id='0'>AAAA</pk>");
}
static const char *signed_without_id(const char *b, const char *j) {
    (void)j;
    return alter_part(b, "<spk id='", "'", "<spk id='0'");
}
static const char *short_prekey(const char *b, const char *j) {
    (void)j;
    return alter_part(b, "<prekeys>", "</prekeys>", "<prekeys><pk id='5'>AAAA</pk></prekeys>");
}
static const char *garbage(const char *b, const char *j) {
    (void)j;
    return alter_part(b, "<ik>", "</ik>", "<ik>no base64</ik>");
}
static const char *too_many(const char *b, const char *j) {
    (void)j;
    static char prekeys[32768];
    snprintf(prekeys, sizeof prekeys, "<prekeys>");
    for (unsigned i = 1; i <= SOTTO_OMEMO_BUNDLE_PREKEYS_MAX + 1; i++)
        snprintf(prekeys + strlen(prekeys), sizeof prekeys - strlen(prekeys), "<pk id='%u'>AAAA</pk>", i);
    return alter_part(b, "<prekeys>", "</prekeys>", strcat(prekeys, "</prekeys>"));
}
static const char *another_root(const char *b, const char *j) {
    (void)b, (void)j;
    return "<bundle xmlns='urn:else'/>";
}

static const char *with_bytes(const char *bundle, const char *start, size_t at, uint8_t flip) {
    alter_bytes bytes;
    alter_get(bundle, start, &bytes);
    bytes.at[at] ^= flip;
    return alter_put(bundle, start, &bytes);
}
static const char *with_zeros(const char *bundle, const char *start) {
    return alter_put(bundle, start, &(alter_bytes){.len = 32});
}
static const char *other_signature(const char *b, const char *j) {
    (void)j;
    return with_bytes(b, "<spks>", 3, 1);
}
static const char *high_signature(const char *b, const char *j) {
    (void)j;
    return with_bytes(b, "<spks>", 63, 0x80);
}
static const char *other_signed(const char *b, const char *j) {
    (void)j;
    return with_bytes(b, "<spk ", 3, 1);
}
static const char *other_identity(const char *b, const char *j) {
    alter_bytes identity;
    alter_get(j, "<ik>", &identity);
    identity.at[31] ^= 0x80; /* a point as good as hers */
    return alter_put(b, "<ik>", &identity);
}
static const char *small_identity(const char *b, const char *j) {
    (void)j;
    return with_zeros(b, "<ik>");
}
static const char *small_prekey(const char *b, const char *j) {
    (void)j;
    return with_zeros(alter_part(b, "<prekeys>", "</prekeys>", "<prekeys><pk id='5'>AAAA</pk></prekeys>"),
                      "<pk id='5'");
}
static const char *high_prekey(const char *b, const char *j) {
    (void)j;
    const char *one = alter_part(b, "<prekeys>", "</prekeys>", "<prekeys><pk id='5'>AAAA</pk></prekeys>");
    alter_bytes bytes = {.len = 32};
    memset(bytes.at, 0xff, 32);
    return alter_put(one, "<pk id='5'", &bytes);
}
static const char *our_own(const char *b, const char *j) {
    (void)b;
    return j;
}

typedef struct broken_bundle {
    change_bundle *change;
    int reason;
} broken_bundle;

static const broken_bundle broken_bundles[] = {
    {no_prekeys, SOTTO_E_NO_PREKEY},
    {no_prekeys_element, SOTTO_E_BUNDLE_BROKEN},
    {no_identity, SOTTO_E_BUNDLE_BROKEN},
    {two_identities, SOTTO_E_BUNDLE_BROKEN},
    {two_signed, SOTTO_E_BUNDLE_BROKEN},
    {two_signatures, SOTTO_E_BUNDLE_BROKEN},
    {two_lists, SOTTO_E_BUNDLE_BROKEN},
    {two_of_one_id, SOTTO_E_BUNDLE_BROKEN},
    {prekey_without_id, SOTTO_E_BUNDLE_BROKEN},
    {signed_without_id, SOTTO_E_BUNDLE_BROKEN},
    {short_prekey, SOTTO_E_BUNDLE_BROKEN},
    {garbage, SOTTO_E_BUNDLE_BROKEN},
    {too_many, SOTTO_E_BUNDLE_BROKEN},
    {another_root, SOTTO_E_BUNDLE_BROKEN},
    {other_signature, SOTTO_E_BAD_SIGNATURE},
    {high_signature, SOTTO_E_BAD_SIGNATURE},
    {other_signed, SOTTO_E_BAD_SIGNATURE},
    {other_identity, SOTTO_E_BAD_SIGNATURE},
    {small_identity, SOTTO_E_BAD_KEY}, /* T25 */
    {small_prekey, SOTTO_E_BAD_KEY},
    {high_prekey, SOTTO_E_BAD_KEY}, /* T26 */
    {our_own, SOTTO_E_BAD_KEY},
};

static void assert_reason(const told_event *told, int reason, size_t row) {
    if (told == NULL) fail_msg("row %u: nobody was told", (unsigned)row);
    if (told->reason.code != reason) fail_msg("row %u: %s", (unsigned)row, sotto_status_name(told->reason));
}

static void test_a_broken_bundle_is_held(void **state) {
    for (size_t i = 0; i < sizeof broken_bundles / sizeof *broken_bundles; i++) {
        two t;
        two_start(&t, seal_of(state));
        char *bundle = bundle_of(t.romeo), *of_juliet = bundle_of(t.juliet);
        uint32_t number = device_number(t.romeo);
        plant_bundle(&t.w, "romeo", number, broken_bundles[i].change(bundle, of_juliet));
        say(t.juliet, ROMEO, "words");
        assert_int_equal(device_held(t.juliet), 1);
        assert_reason(device_told_last(t.juliet, SOTTO_EVENT_HELD), broken_bundles[i].reason, i);
        assert_int_equal(t.romeo->read_len, 0);
        assert_false(was_sealed_for(&t.w, number));
        assert_false(world_saw(&t.w, "words"));
        /* The true one is there again: it leaves by itself. */
        plant_bundle(&t.w, "romeo", number, bundle);
        world_pass(&t.w, 10 * 60 * 1000 + 1000);
        assert_int_equal(device_held(t.juliet), 0);
        assert_read_from(t.romeo, JULIET, LIST("words"));
        free(bundle);
        free(of_juliet);
        world_end(&t.w);
    }
}

/* One broken bundle does not silence the others, and is shown (T35). */
static void test_other_devices_are_served(void **state) {
    for (size_t i = 0; i < sizeof broken_bundles / sizeof *broken_bundles; i++) {
        two t;
        two_start(&t, seal_of(state));
        device *phone = world_device(&t.w, "romeo", "phone");
        device_go_online(phone);
        char *bundle = bundle_of(t.romeo), *of_juliet = bundle_of(t.juliet);
        uint32_t number = device_number(t.romeo);
        plant_bundle(&t.w, "romeo", number, broken_bundles[i].change(bundle, of_juliet));
        say(t.juliet, ROMEO, "words");
        assert_int_equal(device_held(t.juliet), 0);
        assert_read_from(phone, JULIET, LIST("words"));
        assert_int_equal(t.romeo->read_len, 0);
        const told_event *told = device_told_last(t.juliet, SOTTO_EVENT_LEFT_OUT);
        assert_reason(told, broken_bundles[i].reason, i);
        assert_int_equal(told->device, number);
        assert_string_equal(told->jid, ROMEO);
        assert_false(was_sealed_for(&t.w, number));
        free(bundle);
        free(of_juliet);
        world_end(&t.w);
    }
}

static void test_a_bundle_that_is_not_there(void **state) {
    two t;
    two_start(&t, seal_of(state));
    remove_item(&t.w, "romeo", NODE_KEYS, number_text(device_number(t.romeo)));
    say(t.juliet, ROMEO, "words");
    assert_reason(device_told_last(t.juliet, SOTTO_EVENT_HELD), SOTTO_E_BUNDLE_BROKEN, 0);
    assert_int_equal(t.romeo->read_len, 0);
    assert_false(world_saw(&t.w, "words"));
    world_end(&t.w);
}

/* Elements twice and ids that are none, in a list: what is good of it counts. */
static void test_a_strange_list(void **state) {
    two t;
    two_start(&t, seal_of(state));
    char list[512];
    snprintf(list, sizeof list,
             "<devices xmlns='" NS_OMEMO "'><device id='0'/><device/><device id='2147483648'/><device id='-1'/>"
             "<device id='%u'/><device id='%u' label='x'/><else id='7'/></devices>",
             (unsigned)device_number(t.romeo), (unsigned)device_number(t.romeo));
    device_leave(t.romeo); /* or he would put it right */
    assert_ok(lab_server_plant(t.w.server, "romeo", NODE_LIST, "current", bytes_text(list), true));
    say(t.juliet, ROMEO, "words");
    device_go_online(t.romeo);
    assert_read_from(t.romeo, JULIET, LIST("words"));
    assert_int_equal(device_told_count(t.juliet, SOTTO_EVENT_LEFT_OUT, -1), 0);
    world_end(&t.w);
}

/* ---- rogue devices (T7, T9) ---- */

typedef struct rogue {
    two t;
    device *mallory;
    uint32_t number; /* hers, shown as one of somebody else's */
} rogue;

static void rogue_start(rogue *r, void **state) {
    two_start(&r->t, seal_of(state));
    r->mallory = world_device(&r->t.w, "mallory", "den");
    device_go_online(r->mallory);
    r->number = device_number(r->mallory);
}

/* The server adds mallory's device and keys to an account. */
static void add_rogue(rogue *r, const char *local, device *beside) {
    char *bundle = bundle_of(r->mallory);
    plant_bundle(&r->t.w, local, r->number, bundle);
    free(bundle);
    plant_list(&r->t.w, local, (uint32_t[]){device_number(beside), r->number}, 2, true);
}

/* Nobody ever compared a key: the policy takes it, and says that it is there. */
static void test_a_rogue_device_before_verification(void **state) {
    rogue r;
    rogue_start(&r, state);
    say(r.t.juliet, ROMEO, "one");
    add_rogue(&r, "romeo", r.t.romeo);
    assert_int_equal(device_told_last(r.t.juliet, SOTTO_EVENT_DEVICES)->number, 2);
    say(r.t.juliet, ROMEO, "two");
    const told_event *told = device_told_last(r.t.juliet, SOTTO_EVENT_NEW_KEY);
    assert_int_equal(told->device, r.number);
    assert_int_equal(told->trust, SOTTO_TRUST_BLIND);
    assert_true(was_sealed_for(&r.t.w, r.number));
    assert_read_from(r.t.romeo, JULIET, LIST("one", "two"));
    world_end(&r.t.w);
}

static void test_a_rogue_device_after_verification(void **state) {
    rogue r;
    rogue_start(&r, state);
    say(r.t.juliet, ROMEO, "one");
    uint8_t key[32];
    device_key(r.t.romeo, key);
    device_verdict(r.t.juliet, ROMEO, key, SOTTO_TRUST_VERIFIED);
    add_rogue(&r, "romeo", r.t.romeo);
    say(r.t.juliet, ROMEO, "two");
    const told_event *told = device_told_last(r.t.juliet, SOTTO_EVENT_NEW_KEY);
    assert_int_equal(told->device, r.number);
    assert_int_equal(told->trust, SOTTO_TRUST_UNDECIDED);
    told = device_told_last(r.t.juliet, SOTTO_EVENT_LEFT_OUT);
    assert_reason(told, SOTTO_E_NO_TRUSTED_DEVICE, 0);
    assert_int_equal(told->device, r.number);
    assert_false(was_sealed_for(&r.t.w, r.number));
    assert_read_from(r.t.romeo, JULIET, LIST("one", "two"));
    assert_int_equal(r.t.romeo->read[1].trust, SOTTO_TRUST_BLIND);
    /* All that is left on the list is the rogue: nothing leaves. */
    device_leave(r.t.romeo);
    plant_list(&r.t.w, "romeo", &r.number, 1, true);
    say(r.t.juliet, ROMEO, "three");
    assert_reason(device_told_last(r.t.juliet, SOTTO_EVENT_HELD), SOTTO_E_NO_TRUSTED_DEVICE, 1);
    assert_int_equal(device_told_last(r.t.juliet, SOTTO_EVENT_HELD)->number, 1);
    assert_false(was_sealed_for(&r.t.w, r.number));
    assert_false(world_saw(&r.t.w, "three"));
    world_end(&r.t.w);
}

/* On one's own list it would read everything one writes. */
static void test_a_rogue_device_of_our_own(void **state) {
    rogue r;
    rogue_start(&r, state);
    device *tablet = world_device(&r.t.w, "juliet", "tablet");
    device_go_online(tablet);
    say(r.t.juliet, ROMEO, "one");
    uint8_t key[32];
    device_key(tablet, key);
    device_verdict(r.t.juliet, JULIET, key, SOTTO_TRUST_VERIFIED);
    device_leave(tablet); /* the server shows what it likes */
    add_rogue(&r, "juliet", r.t.juliet);
    say(r.t.juliet, ROMEO, "two");
    assert_false(was_sealed_for(&r.t.w, r.number));
    const told_event *told = device_told_last(r.t.juliet, SOTTO_EVENT_LEFT_OUT);
    assert_reason(told, SOTTO_E_NO_TRUSTED_DEVICE, 0);
    assert_string_equal(told->jid, JULIET);
    assert_read_from(r.t.romeo, JULIET, LIST("one", "two"));
    world_end(&r.t.w);
}

/* A known device id with another key: an alarm, and nothing of what the old key was trusted for (T9). */
static void test_another_key_for_a_known_device(void **state) {
    rogue r;
    rogue_start(&r, state);
    device_wish(r.t.juliet, (sotto_input){.kind = SOTTO_INPUT_REFRESH, .jid = bytes_text(ROMEO)}, NULL);
    world_run(&r.t.w);
    assert_int_equal(device_told_last(r.t.juliet, SOTTO_EVENT_REFRESHED)->reason.code, 0);
    uint8_t key[32];
    device_key(r.t.romeo, key);
    device_verdict(r.t.juliet, ROMEO, key, SOTTO_TRUST_VERIFIED);
    char *bundle = bundle_of(r.mallory);
    plant_bundle(&r.t.w, "romeo", device_number(r.t.romeo), bundle);
    free(bundle);
    world_pass(&r.t.w, 2 * 3600 * 1000); /* what was read of it is too old to be used */
    say(r.t.juliet, ROMEO, "words");
    const told_event *told = device_told_last(r.t.juliet, SOTTO_EVENT_KEY_ALARM);
    assert_reason(told, SOTTO_E_KEY_CHANGED, 0);
    assert_int_equal(told->device, device_number(r.t.romeo));
    assert_reason(device_told_last(r.t.juliet, SOTTO_EVENT_HELD), SOTTO_E_NO_TRUSTED_DEVICE, 1);
    assert_false(was_sealed_for(&r.t.w, device_number(r.t.romeo)));
    assert_false(world_saw(&r.t.w, "words"));
    world_end(&r.t.w);
}

/* A key that is already known as somebody else's: an alarm that says whose. */
static void test_one_key_under_two_names(void **state) {
    rogue r;
    rogue_start(&r, state);
    device_wish(r.t.juliet, (sotto_input){.kind = SOTTO_INPUT_REFRESH, .jid = bytes_text(MALLORY)}, NULL);
    world_run(&r.t.w);
    add_rogue(&r, "romeo", r.t.romeo);
    say(r.t.juliet, ROMEO, "words");
    const told_event *told = device_told_last(r.t.juliet, SOTTO_EVENT_KEY_ALARM);
    assert_reason(told, SOTTO_E_KEY_CHANGED, 0);
    assert_string_equal(told->jid, ROMEO);
    assert_string_equal(told->text, MALLORY);
    world_end(&r.t.w);
}

static void test_verdicts(void **state) {
    two t;
    two_start(&t, seal_of(state));
    uint8_t key[32];
    device_key(t.romeo, key);
    say(t.juliet, ROMEO, "one");
    device_verdict(t.juliet, ROMEO, key, SOTTO_TRUST_DISTRUSTED);
    say(t.juliet, ROMEO, "two");
    say(t.juliet, ROMEO, "three");
    assert_reason(device_told_last(t.juliet, SOTTO_EVENT_HELD), SOTTO_E_NO_TRUSTED_DEVICE, 0);
    assert_read_from(t.romeo, JULIET, LIST("one"));
    device_verdict(t.juliet, ROMEO, key, SOTTO_TRUST_VERIFIED);
    assert_read_from(t.romeo, JULIET, LIST("one", "two", "three"));
    say(t.romeo, JULIET, "answer");
    assert_int_equal(t.juliet->read[0].trust, SOTTO_TRUST_VERIFIED);
    world_end(&t.w);
}

/* ---- who may answer and who may notify (T5, T4) ---- */

typedef struct liar {
    two t;
    char id[64]; /* of juliet's question about romeo's devices, whose answer was kept back */
    bool holds;
} liar;

static lab_fate keep_answer(void *arg, const stanza_element *stanza, bool to_client, sotto_bytes *ret_instead,
                            uint64_t *ret_until_ms) {
    (void)ret_instead, (void)ret_until_ms;
    liar *l = arg;
    const stanza_element *items = stanza_child(stanza_child(stanza, "pubsub", LAB_NS_PUBSUB), "items", LAB_NS_PUBSUB);
    if (!to_client || !bytes_is(stanza_attribute_of(items, "node"), NODE_LIST) ||
        !bytes_is(stanza_attribute_of(stanza, "from"), ROMEO))
        return LAB_PASS;
    sotto_bytes id = stanza_attribute_of(stanza, "id");
    snprintf(l->id, sizeof l->id, "%.*s", (int)id.len, (const char *)id.at);
    return LAB_DROP;
}

static void answer_list(liar *l, const char *from, uint32_t number) {
    char stanza[1024], sender[96] = "";
    if (from != NULL) snprintf(sender, sizeof sender, " from='%s'", from);
    snprintf(stanza, sizeof stanza,
             "<iq type='result' id='%s'%s to='" JULIET "/balcony'><pubsub xmlns='" LAB_NS_PUBSUB
             "'><items node='" NODE_LIST "'><item id='current'><devices xmlns='" NS_OMEMO
             "'><device id='%u'/></devices></item></items></pubsub>"
             "</iq>",
             l->id, sender, (unsigned)number);
    device_inject(l->t.juliet, stanza);
}

static void test_forged_answers(void **state) {
    liar l = {.holds = true};
    world_start(&l.t.w, seal_of(state));
    l.t.romeo = world_device(&l.t.w, "romeo", "orchard");
    device_go_online(l.t.romeo);
    l.t.juliet = world_device(&l.t.w, "juliet", "balcony");
    /* No notification came, so that the question is asked. */
    node_of(&l.t.w, "romeo", NODE_LIST)->config.send_last = LAB_LAST_NEVER;
    device_go_online(l.t.juliet);
    lab_server_hook(l.t.w.server, keep_answer, &l);
    say(l.t.juliet, ROMEO, "words");
    assert_true(l.id[0] != 0);
    static const char *const froms[] = {MALLORY, MALLORY "/den", ROMEO "/orchard", DOMAIN, JULIET, JULIET "/balcony",
                                        NULL};
    for (size_t i = 0; i < sizeof froms / sizeof froms[0]; i++) {
        answer_list(&l, froms[i], 666);
        assert_int_equal(device_held(l.t.juliet), 1);
        assert_reason(device_told_last(l.t.juliet, SOTTO_EVENT_HELD), SOTTO_E_AGAIN, i);
        assert_int_equal(device_told_count(l.t.juliet, SOTTO_EVENT_DEVICES, -1), 0);
    }
    assert_false(world_saw(&l.t.w, "<item id='666'/>"));
    answer_list(&l, ROMEO, device_number(l.t.romeo));
    assert_int_equal(device_held(l.t.juliet), 0);
    assert_read_from(l.t.romeo, JULIET, LIST("words"));
    /* Once: a second answer to the same question is none. */
    answer_list(&l, ROMEO, 666);
    assert_int_equal(device_told_count(l.t.juliet, SOTTO_EVENT_DEVICES, -1), 0);
    world_end(&l.t.w);
}

static void notify_list(device *d, const char *from, const char *type, uint32_t number) {
    char stanza[1024];
    snprintf(stanza, sizeof stanza,
             "<message%s%s to='" JULIET "/balcony'><event xmlns='" LAB_NS_PUBSUB_EVENT "'><items node='" NODE_LIST
             "'><item id='current'><devices xmlns='" NS_OMEMO "'><device id='%u'/></devices></item></items></event>"
             "</message>",
             from, type, (unsigned)number);
    device_inject(d, stanza);
}

static void test_forged_notifications(void **state) {
    two t;
    two_start(&t, seal_of(state));
    say(t.juliet, ROMEO, "one");
    device_forget_told(t.juliet);
    size_t publications = world_saw_count(&t.w, "<publish ");
    static const char *const forgeries[][2] = {
        {" from='" ROMEO "/orchard'", ""},
        {" from='" DOMAIN "'", ""},
        {" from='" JULIET "/tablet'", " type='headline'"},
        {" from='" ROMEO "'", " type='error'"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof forgeries / sizeof forgeries[0]; i++)
        notify_list(t.juliet, forgeries[i][0], forgeries[i][1], 666);
    assert_int_equal(device_told_count(t.juliet, SOTTO_EVENT_DEVICES, -1), 0);
    assert_int_equal(world_saw_count(&t.w, "<publish "), publications);
    /* Mallory speaks for herself. */
    notify_list(t.juliet, " from='" MALLORY "'", " type='headline'", 666);
    say(t.juliet, ROMEO, "two");
    assert_false(was_sealed_for(&t.w, 666));
    assert_read_from(t.romeo, JULIET, LIST("one", "two"));
    assert_false(world_saw(&t.w, "<item id='666'/>"));
    /* The control: of the one who may, it counts. */
    notify_list(t.juliet, " from='" ROMEO "'", " type='headline'", 666);
    assert_int_equal(device_told_count(t.juliet, SOTTO_EVENT_DEVICES, -1), 1);
    world_end(&t.w);
}

const struct CMUnitTest bundle_tests[] = {
    WITH_OMEMO(test_a_broken_bundle_is_held),
    WITH_OMEMO(test_other_devices_are_served),
    WITH_OMEMO(test_a_bundle_that_is_not_there),
    WITH_OMEMO(test_a_strange_list),
    WITH_OMEMO(test_a_rogue_device_before_verification),
    WITH_OMEMO(test_a_rogue_device_after_verification),
    WITH_OMEMO(test_a_rogue_device_of_our_own),
    WITH_OMEMO(test_another_key_for_a_known_device),
    WITH_OMEMO(test_one_key_under_two_names),
    WITH_OMEMO(test_verdicts),
    WITH_OMEMO(test_forged_answers),
    WITH_OMEMO(test_forged_notifications),
};
const size_t bundle_count = sizeof bundle_tests / sizeof bundle_tests[0];
