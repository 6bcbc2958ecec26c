/* SPDX-License-Identifier: ISC
 *
 * Automatic trust (XEP-0450): what is sent after a decision, row by row of test/policy/vouch.txt, and what is done with
 * what arrives (T39). */
#include "engine_rig.h"

#include "bytes/base64.h"

#define JULIET "juliet@capulet.example"
#define ROMEO  "romeo@montague.example"
#define NURSE  "nurse@capulet.example"
#define NS_TM  "urn:xmpp:tm:1"

/* ---- keys ---- */

/* The name of the key of this fill, as it stands in a trust message. */
static const char *name_of(uint8_t fill) {
    static char texts[4][64];
    static unsigned turn;
    uint8_t name[32];
    bytes_buffer out;
    char *text = texts[turn++ % 4];
    memset(name, fill ^ 0x80, sizeof name);
    bytes_buffer_borrowed(&out, text, 64);
    bytes_base64_put(&out, bytes_of(name, sizeof name));
    bytes_buffer_u8(&out, 0);
    assert_ok(out.status);
    return text;
}

static void decide(engine_rig *r, const char *jid, uint8_t fill, sotto_trust trust) {
    uint8_t key[32];
    memset(key, fill, sizeof key);
    step(r, (sotto_input){
                .kind = SOTTO_INPUT_VERDICT, .jid = bytes_text(jid), .key = bytes_of(key, sizeof key), .trust = trust});
}

typedef struct trust_search {
    uint8_t fill;
    int trust; /* -1: not there */
} trust_search;

static sotto_status see_trust(void *arg, const sotto_key *key) {
    trust_search *search = arg;
    if (key->key[0] == search->fill && key->known) search->trust = (int)key->trust;
    return SOTTO_OK;
}

static int trust_of(engine_rig *r, const char *jid, uint8_t fill) {
    trust_search search = {fill, -1};
    assert_ok(sotto_engine_keys(r->engine, bytes_text(jid), see_trust, &search));
    return search.trust;
}
#define assert_trust(r, jid, fill, expected) assert_int_equal(trust_of(r, jid, fill), expected)

/* Juliet has another device 21 (and 22), Romeo 11 and 12, the nurse 31; all were seen and are blind. */
static void begin(engine_rig *r) {
    the_script.promise = SEAL_READY;
    the_script.lists_audience = true;
    script_key(0, ROMEO, 11, 0x11);
    script_key(1, ROMEO, 12, 0x12);
    script_key(2, JULIET, 21, 0x21);
    script_key(3, JULIET, 22, 0x22);
    script_key(4, NURSE, 31, 0x31);
    go_online(r, false);
    step(r, send_input(1, "<message to='" ROMEO "'><body>hello</body></message>"));
    step(r, send_input(2, "<message to='" NURSE "'><body>hello</body></message>"));
    outputs(r, true);
    the_script.sealed[0] = 0;
}

/* What was sealed since the last time, with ids taken out. */
static const char *sealed(void) {
    static char text[sizeof the_script.sealed];
    char *to = text;
    for (const char *from = the_script.sealed; *from != 0;) {
        if (strncmp(from, " id='", 5) == 0) {
            from = strchr(from + 5, '\'') + 1;
            continue;
        }
        *to++ = *from++;
    }
    *to = 0;
    the_script.sealed[0] = 0;
    return text;
}

static const char *message(const char *devices, const char *to, const char *inside) {
    static char text[4096];
    snprintf(text, sizeof text,
             "%s<message to='%s' type='chat'><trust-message xmlns='" NS_TM
             "' usage='urn:xmpp:atm:1' encryption='test:script:keys'>%s</trust-message>"
             "<store xmlns='urn:xmpp:hints'/></message>\n",
             devices, to, inside);
    return text;
}

static const char *owner(const char *jid, const char *what, uint8_t fill) {
    static char texts[4][512];
    static unsigned turn;
    char *text = texts[turn++ % 4];
    snprintf(text, 512, "<key-owner jid='%s'><%s>%s</%s></key-owner>", jid, what, name_of(fill), what);
    return text;
}

/* ---- what is sent ---- */

static void test_blind_keys_are_told_nothing(void **state) {
    engine_rig *r = *state;
    begin(r);
    decide(r, ROMEO, 0x11,
           SOTTO_TRUST_VERIFIED); /* nobody of ours is verified, so there is nobody to tell or to tell of */
    assert_string_equal(sealed(), "");
    decide(r, ROMEO, 0x11, SOTTO_TRUST_UNDECIDED);
    decide(r, ROMEO, 0x11, SOTTO_TRUST_BLIND);
    assert_string_equal(sealed(), "");
}

static void test_a_verified_contact(void **state) {
    engine_rig *r = *state;
    begin(r);
    decide(r, JULIET, 0x21, SOTTO_TRUST_VERIFIED);
    assert_string_equal(sealed(), ""); /* no contacts, no other own devices; the new one is told of no keys */
    decide(r, ROMEO, 0x11, SOTTO_TRUST_VERIFIED);
    /* The key to own devices, own keys to the contact; each for verified keys alone. */
    char expected[8192];
    snprintf(expected, sizeof expected, "%s", message("21 ", JULIET, owner(ROMEO, "trust", 0x11)));
    snprintf(expected + strlen(expected), sizeof expected - strlen(expected), "%s",
             message("11 21 ", ROMEO, owner(JULIET, "trust", 0x21)));
    assert_string_equal(sealed(), expected);
    /* Nobody is asked about it, and no ticket is used. */
    const char *text = outputs(r, true);
    assert_lacks(text, "event held");
    assert_lacks(text, "event left-out");
    assert_contains(text, "stanza script 0 ");
    /* The same decision again is none. */
    decide(r, ROMEO, 0x11, SOTTO_TRUST_VERIFIED);
    assert_string_equal(sealed(), "");
    outputs(r, true);
}

static void test_a_verified_own_device(void **state) {
    engine_rig *r = *state;
    begin(r);
    decide(r, JULIET, 0x21, SOTTO_TRUST_VERIFIED);
    decide(r, ROMEO, 0x11, SOTTO_TRUST_VERIFIED);
    decide(r, NURSE, 0x31, SOTTO_TRUST_VERIFIED);
    outputs(r, true);
    sealed();
    decide(r, JULIET, 0x22, SOTTO_TRUST_VERIFIED);
    const char *text = sealed();
    /* The key to every contact with a verified key; own other devices read it there. */
    assert_contains(text, message("21 22 31 ", NURSE, owner(JULIET, "trust", 0x22)));
    assert_contains(text, message("11 21 22 ", ROMEO, owner(JULIET, "trust", 0x22)));
    /* All verified keys to the device itself. */
    char all[2048];
    snprintf(all, sizeof all, "%s%s", owner(JULIET, "trust", 0x21), owner(NURSE, "trust", 0x31));
    snprintf(all + strlen(all), sizeof all - strlen(all), "%s", owner(ROMEO, "trust", 0x11));
    assert_contains(text, message("21 22 ", JULIET, all));
    outputs(r, true);
}

static void test_an_own_device_without_contacts(void **state) {
    engine_rig *r = *state;
    begin(r);
    decide(r, JULIET, 0x21, SOTTO_TRUST_VERIFIED);
    decide(r, JULIET, 0x22, SOTTO_TRUST_VERIFIED);
    char expected[8192];
    snprintf(expected, sizeof expected, "%s", message("21 22 ", JULIET, owner(JULIET, "trust", 0x22)));
    snprintf(expected + strlen(expected), sizeof expected - strlen(expected), "%s",
             message("21 22 ", JULIET, owner(JULIET, "trust", 0x21)));
    assert_string_equal(sealed(), expected);
    outputs(r, true);
}

static void test_distrusted_keys(void **state) {
    engine_rig *r = *state;
    begin(r);
    decide(r, JULIET, 0x21, SOTTO_TRUST_VERIFIED);
    decide(r, JULIET, 0x22, SOTTO_TRUST_VERIFIED);
    decide(r, ROMEO, 0x11, SOTTO_TRUST_VERIFIED);
    decide(r, ROMEO, 0x12, SOTTO_TRUST_VERIFIED);
    outputs(r, true);
    sealed();
    decide(r, ROMEO, 0x12, SOTTO_TRUST_DISTRUSTED); /* a contact's: own devices are told */
    assert_string_equal(sealed(), message("21 22 ", JULIET, owner(ROMEO, "distrust", 0x12)));
    decide(r, JULIET, 0x22, SOTTO_TRUST_DISTRUSTED); /* an own one: contacts too, and not that device */
    assert_string_equal(sealed(), message("11 21 ", ROMEO, owner(JULIET, "distrust", 0x22)));
    outputs(r, true);
}

/* They wait for keys that are being asked for, hold nobody up, and are dropped when they cannot be sent. */
static void test_they_wait_and_hold_nobody_up(void **state) {
    engine_rig *r = *state;
    begin(r);
    decide(r, JULIET, 0x21, SOTTO_TRUST_VERIFIED);
    step(r, (sotto_input){.kind = SOTTO_INPUT_OFFLINE});
    decide(r, ROMEO, 0x11, SOTTO_TRUST_VERIFIED);
    outputs(r, true);
    assert_string_equal(sealed(), "");
    assert_status(try_step(r, (sotto_input){.kind = SOTTO_INPUT_CANCEL, .ticket = 0}), NOT_FOUND);
    commit(r);
    engine_reopen(r); /* they are records */
    go_online(r, false);
    assert_contains(sealed(), message("21 ", JULIET, owner(ROMEO, "trust", 0x11)));
    outputs(r, true);
    the_script.promise = SEAL_BROKEN;
    the_script.reason = SOTTO_FAIL(DEVICES_GONE);
    decide(r, ROMEO, 0x12, SOTTO_TRUST_VERIFIED);
    outputs(r, true);
    the_script.promise = SEAL_READY;
    step(r, send_input(9, "<message to='" ROMEO "'><body>not held up</body></message>"));
    assert_contains(outputs(r, true), "stanza script 9");
    assert_lacks(sealed(), "trust-message");
}

/* Only devices that can protect all of it: a dialect that seals the text alone is not spoken to. */
static void test_T39_only_what_protects_all_of_it_is_spoken_to(void **state) {
    engine_rig *r = *state;
    begin(r);
    the_script.keys[2].dialect = BYTES_LITERAL("script:old");
    the_script.keys[3].dialect = BYTES_LITERAL("script");
    decide(r, JULIET, 0x21, SOTTO_TRUST_VERIFIED);
    decide(r, JULIET, 0x22, SOTTO_TRUST_VERIFIED);
    assert_contains(sealed(), "22 <message");
    decide(r, ROMEO, 0x11, SOTTO_TRUST_VERIFIED);
    assert_contains(sealed(), message("22 ", JULIET, owner(ROMEO, "trust", 0x11)));
    outputs(r, true);
}

/* ---- what arrives ---- */

static void hear_as(engine_rig *r, const char *from, uint8_t fill, const char *dialect, const char *stanza) {
    char carrier[256];
    snprintf(carrier, sizeof carrier, "<message from='%s/x' to='" JULIET "'><sealed xmlns='" NS_SCRIPT "'/></message>",
             from);
    the_script.opened = stanza;
    the_script.opened_fill = fill;
    the_script.opened_in = dialect;
    step(r, stanza_input(carrier));
}

static void hear(engine_rig *r, const char *from, uint8_t fill, const char *owners) {
    char stanza[8192];
    snprintf(stanza, sizeof stanza,
             "<message type='chat'><trust-message xmlns='" NS_TM
             "' usage='urn:xmpp:atm:1' encryption='test:script:keys'>%s</trust-message></message>",
             owners);
    hear_as(r, from, fill, "script", stanza);
}

static void test_T39_an_own_verified_device_speaks_of_anybody(void **state) {
    engine_rig *r = *state;
    begin(r);
    decide(r, JULIET, 0x21, SOTTO_TRUST_VERIFIED);
    outputs(r, true);
    sealed();
    hear(r, JULIET, 0x21, owner(ROMEO, "trust", 0x11));
    assert_outputs(r, "event vouched 0 " ROMEO " ok '" JULIET "' device 11 verified\n"); /* and nothing to read */
    assert_trust(r, ROMEO, 0x11, SOTTO_TRUST_VERIFIED);
    assert_string_equal(sealed(), ""); /* only a person's decision is passed on */
    hear(r, JULIET, 0x21, owner(JULIET, "trust", 0x22));
    assert_trust(r, JULIET, 0x22, SOTTO_TRUST_VERIFIED);
    hear(r, JULIET, 0x21, owner(ROMEO, "distrust", 0x11));
    assert_trust(r, ROMEO, 0x11, SOTTO_TRUST_DISTRUSTED);
    outputs(r, true);
    /* XEP-0450 section 6.2: what was blind before the first verification is used no more, and what comes later is not
     * blind. */
    step(r, send_input(5, "<message to='" ROMEO "'><body>hello</body></message>"));
    assert_contains(outputs(r, true), "event held 5 " ROMEO " no-trusted-device");
}

static void test_T39_a_contact_speaks_of_his_own_keys(void **state) {
    engine_rig *r = *state;
    begin(r);
    decide(r, ROMEO, 0x11, SOTTO_TRUST_VERIFIED);
    outputs(r, true);
    hear(r, ROMEO, 0x11, owner(ROMEO, "trust", 0x12));
    assert_trust(r, ROMEO, 0x12, SOTTO_TRUST_VERIFIED);
    hear(r, ROMEO, 0x11, owner(NURSE, "trust", 0x31));
    assert_trust(r, NURSE, 0x31, SOTTO_TRUST_BLIND);
    hear(r, ROMEO, 0x11, owner(JULIET, "distrust", 0x21));
    assert_trust(r, JULIET, 0x21, SOTTO_TRUST_BLIND);
    outputs(r, true);
}

static void test_T39_distrust_wins(void **state) {
    engine_rig *r = *state;
    char both[2048];
    begin(r);
    decide(r, ROMEO, 0x11, SOTTO_TRUST_VERIFIED);
    /* The same key twice in one message, in either order. */
    snprintf(both, sizeof both, "<key-owner jid='" ROMEO "'><distrust>%s</distrust><trust>%s</trust></key-owner>",
             name_of(0x12), name_of(0x12));
    hear(r, ROMEO, 0x11, both);
    assert_trust(r, ROMEO, 0x12, SOTTO_TRUST_DISTRUSTED);
    hear(r, ROMEO, 0x11, owner(ROMEO, "trust", 0x12)); /* a person takes it back, and nobody else */
    assert_trust(r, ROMEO, 0x12, SOTTO_TRUST_DISTRUSTED);
    decide(r, ROMEO, 0x12, SOTTO_TRUST_VERIFIED);
    assert_trust(r, ROMEO, 0x12, SOTTO_TRUST_VERIFIED);
    outputs(r, true);
}

static void test_T39_early_messages_wait_for_the_sender(void **state) {
    engine_rig *r = *state;
    begin(r);
    hear(r, ROMEO, 0x11, owner(ROMEO, "trust", 0x12));
    hear(r, ROMEO, 0x12, owner(ROMEO, "distrust", 0x11)); /* from a key nobody verified: nothing */
    hear(r, JULIET, 0x21, owner(ROMEO, "trust", 0x11));
    assert_trust(r, ROMEO, 0x12, SOTTO_TRUST_BLIND);
    assert_trust(r, ROMEO, 0x11, SOTTO_TRUST_BLIND);
    assert_lacks(outputs(r, true), "vouched");
    commit(r);
    engine_reopen(r);
    go_online(r, false);
    /* One verification, and what follows from it: 21 says 11, 11 said 12; and 12 says that 11 is none, which wins. */
    decide(r, JULIET, 0x21, SOTTO_TRUST_VERIFIED);
    const char *text = outputs(r, true);
    assert_contains(text, "event vouched 0 " ROMEO " ok '" JULIET "' device 7 verified\n"
                          "event vouched 0 " ROMEO " ok '" ROMEO "' device 7 verified\n"
                          "event vouched 0 " ROMEO " ok '" ROMEO "' device 7 distrusted\n");
    assert_trust(r, ROMEO, 0x11, SOTTO_TRUST_DISTRUSTED);
    assert_trust(r, ROMEO, 0x12, SOTTO_TRUST_VERIFIED);
    /* They are used up. */
    decide(r, JULIET, 0x21, SOTTO_TRUST_UNDECIDED);
    decide(r, JULIET, 0x21, SOTTO_TRUST_VERIFIED);
    assert_lacks(outputs(r, true), "vouched");
}

/* Of two statements that wait, distrust is the one that is kept. */
static void test_T39_what_waits_keeps_distrust(void **state) {
    engine_rig *r = *state;
    begin(r);
    hear(r, ROMEO, 0x11, owner(ROMEO, "trust", 0x12));
    hear(r, ROMEO, 0x11, owner(ROMEO, "distrust", 0x12));
    hear(r, ROMEO, 0x11, owner(ROMEO, "trust", 0x12));
    decide(r, ROMEO, 0x11, SOTTO_TRUST_VERIFIED);
    assert_trust(r, ROMEO, 0x12, SOTTO_TRUST_DISTRUSTED);
    outputs(r, true);
}

static void see_new_key(engine_rig *r, uint32_t device, uint8_t fill) {
    static uint64_t ticket = 1000;
    script_key(5, ROMEO, device, fill);
    step(r, send_input(ticket++, "<message to='" ROMEO "'><body>hello</body></message>"));
}

static void test_keys_nobody_has_seen_wait_until_they_are(void **state) {
    engine_rig *r = *state;
    begin(r);
    decide(r, ROMEO, 0x11, SOTTO_TRUST_VERIFIED);
    hear(r, ROMEO, 0x11, owner(ROMEO, "trust", 0x13));
    outputs(r, true);
    commit(r);
    engine_reopen(r);
    go_online(r, false);
    see_new_key(r, 13, 0x13);
    const char *text = outputs(r, true);
    assert_contains(text, "event new-key 0 " ROMEO " ok device 13 undecided");
    assert_contains(text, "event vouched 0 " ROMEO " ok '" ROMEO "' device 13 verified");
    assert_trust(r, ROMEO, 0x13, SOTTO_TRUST_VERIFIED);
    /* A client that names a key by its fingerprint means the same (XEP-0384 section 8). */
    uint8_t plain[32];
    char text64[64], inside[512];
    bytes_buffer out;
    memset(plain, 0x14, sizeof plain);
    bytes_buffer_borrowed(&out, text64, sizeof text64);
    bytes_base64_put(&out, bytes_of(plain, sizeof plain));
    bytes_buffer_u8(&out, 0);
    snprintf(inside, sizeof inside, "<key-owner jid='" ROMEO "'><distrust>%s</distrust></key-owner>", text64);
    hear(r, ROMEO, 0x11, inside);
    see_new_key(r, 14, 0x14);
    outputs(r, true);
    assert_trust(r, ROMEO, 0x14, SOTTO_TRUST_DISTRUSTED);
}

/* Who said it may be refused by the time it would count. */
static void test_a_refused_voice_counts_no_more(void **state) {
    engine_rig *r = *state;
    begin(r);
    decide(r, ROMEO, 0x11, SOTTO_TRUST_VERIFIED);
    hear(r, ROMEO, 0x11, owner(ROMEO, "trust", 0x13));
    decide(r, ROMEO, 0x11, SOTTO_TRUST_DISTRUSTED);
    see_new_key(r, 13, 0x13);
    outputs(r, true);
    assert_trust(r, ROMEO, 0x13, SOTTO_TRUST_UNDECIDED);
    hear(r, ROMEO, 0x11, owner(ROMEO, "trust", 0x12));
    assert_trust(r, ROMEO, 0x12, SOTTO_TRUST_BLIND);
    outputs(r, true);
}

/* ---- forged ---- */

static void test_T39_forgeries_do_nothing(void **state) {
    engine_rig *r = *state;
    begin(r);
    decide(r, ROMEO, 0x11, SOTTO_TRUST_VERIFIED);
    outputs(r, true);
    char stanza[2048];
    snprintf(stanza, sizeof stanza,
             "<message from='" ROMEO "/x' type='chat'><trust-message xmlns='" NS_TM
             "' usage='urn:xmpp:atm:1' encryption='test:script:keys'>%s</trust-message></message>",
             owner(ROMEO, "distrust", 0x12));
    /* In the clear. */
    step(r, stanza_input(stanza));
    assert_contains(outputs(r, true), "deliver clear");
    assert_trust(r, ROMEO, 0x12, SOTTO_TRUST_BLIND);
    /* Beside something sealed in a dialect that protects the text alone: it is hidden and does nothing. */
    hear_as(r, ROMEO, 0x11, "script:old", stanza);
    assert_lacks(outputs(r, true), "vouched");
    assert_trust(r, ROMEO, 0x12, SOTTO_TRUST_BLIND);
    /* Through a room. */
    snprintf(stanza, sizeof stanza,
             "<message type='groupchat'><trust-message xmlns='" NS_TM
             "' usage='urn:xmpp:atm:1' encryption='test:script:keys'>%s</trust-message></message>",
             owner(ROMEO, "distrust", 0x12));
    hear_as(r, ROMEO, 0x11, "script", stanza);
    assert_trust(r, ROMEO, 0x12, SOTTO_TRUST_BLIND);
    /* By a stranger, with a key nobody has any tie to: not even kept. */
    hear(r, "mallory@capulet.example", 0x41, owner("mallory@capulet.example", "trust", 0x42));
    decide(r, "mallory@capulet.example", 0x41, SOTTO_TRUST_VERIFIED);
    assert_lacks(outputs(r, true), "vouched");
}

static void test_other_usages_and_encryptions_are_left_alone(void **state) {
    engine_rig *r = *state;
    static const char *const others[] = {
        "<message><trust-message xmlns='" NS_TM
        "' usage='urn:other' encryption='test:script:keys'><key-owner jid='" ROMEO
        "'><distrust>%s</distrust></key-owner></trust-message></message>",
        "<message><trust-message xmlns='" NS_TM "' usage='urn:xmpp:atm:1' encryption='urn:other'><key-owner jid='" ROMEO
        "'><distrust>%s</distrust></key-owner></trust-message></message>",
        "<message><x xmlns='urn:wrapped'><trust-message xmlns='" NS_TM "' usage='urn:xmpp:atm:1' "
        "encryption='test:script:keys'><key-owner jid='" ROMEO
        "'><distrust>%s</distrust></key-owner></trust-message></x>"
        "</message>",
        "<message><trust-message xmlns='" NS_TM
        "' usage='urn:xmpp:atm:1' encryption='test:script:keys'><key-owner jid='" ROMEO
        "/x'><distrust>%s</distrust></key-owner></trust-message></message>"};
    begin(r);
    decide(r, ROMEO, 0x11, SOTTO_TRUST_VERIFIED);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        char stanza[1024];
        const char *at = strstr(others[i], "%s");
        snprintf(stanza, sizeof stanza, "%.*s%s%s", (int)(at - others[i]), others[i], name_of(0x12), at + 2);
        hear_as(r, ROMEO, 0x11, "script", stanza);
        outputs(r, true);
        assert_trust(r, ROMEO, 0x12, SOTTO_TRUST_BLIND);
    }
}

static void test_a_text_beside_it_is_shown(void **state) {
    engine_rig *r = *state;
    begin(r);
    decide(r, ROMEO, 0x11, SOTTO_TRUST_VERIFIED);
    outputs(r, true);
    char stanza[1024];
    snprintf(stanza, sizeof stanza,
             "<message><body>my other phone</body><trust-message xmlns='" NS_TM
             "' usage='urn:xmpp:atm:1' encryption='test:script:keys'>%s</trust-message></message>",
             owner(ROMEO, "trust", 0x12));
    hear_as(r, ROMEO, 0x11, "script", stanza);
    const char *text = outputs(r, true);
    assert_contains(text, "event vouched");
    assert_contains(text, "deliver script " ROMEO " verified <message><body>my other phone</body>");
}

/* Keys of a seal whose keys have no names are nobody's to speak of: live keys. */
static void test_keys_without_names_are_never_touched(void **state) {
    engine_rig *r = *state;
    begin(r);
    script_key(5, ROMEO, 15, 0x15);
    the_script.keys[5].dialect = BYTES_LITERAL("live");
    step(r, send_input(5, "<message to='" ROMEO "'><body>hello</body></message>"));
    decide(r, ROMEO, 0x11, SOTTO_TRUST_VERIFIED);
    decide(r, JULIET, 0x21, SOTTO_TRUST_VERIFIED);
    outputs(r, true);
    sealed();
    decide(r, ROMEO, 0x15, SOTTO_TRUST_VERIFIED);
    assert_string_equal(sealed(), "");
    hear(r, ROMEO, 0x11, owner(ROMEO, "distrust", 0x15));
    assert_trust(r, ROMEO, 0x15, SOTTO_TRUST_VERIFIED);
    assert_lacks(outputs(r, true), "vouched");
}

static void test_what_they_say_of_this_device_is_told(void **state) {
    engine_rig *r = *state;
    begin(r);
    script_key(5, JULIET, 20, 0x20);
    the_script.keys[5].this_device = true;
    decide(r, JULIET, 0x21, SOTTO_TRUST_VERIFIED);
    outputs(r, true);
    hear(r, JULIET, 0x21, owner(JULIET, "trust", 0x20));
    assert_outputs(r, "");
    hear(r, JULIET, 0x21, owner(JULIET, "distrust", 0x20));
    assert_outputs(r, "event vouched 0 " JULIET " ok '" JULIET "'\n");
}

/* ---- bounded ---- */

static sotto_status count_records(void *arg, sotto_bytes key, sotto_bytes value) {
    (void)key;
    (void)value;
    ++*(size_t *)arg;
    return SOTTO_OK;
}

/* limit: SOTTO_VOUCHES_OF_ONE */
static void test_what_one_key_may_leave_waiting_is_bounded(void **state) {
    engine_rig *r = *state;
    begin(r);
    static char owners[SOTTO_VOUCHES_OF_ONE * 64 + 4096];
    for (unsigned round = 0; round < 2; round++) {
        size_t len = (size_t)snprintf(owners, sizeof owners, "<key-owner jid='" ROMEO "'>");
        for (unsigned i = 0; i < SOTTO_VOUCHES_OF_ONE; i++) {
            uint8_t name[32] = {1, (uint8_t)round, (uint8_t)(i >> 8), (uint8_t)i};
            bytes_buffer out;
            len += (size_t)snprintf(owners + len, sizeof owners - len, "<trust>");
            bytes_buffer_borrowed(&out, owners + len, sizeof owners - len);
            bytes_base64_put(&out, bytes_of(name, sizeof name));
            len += out.len;
            len += (size_t)snprintf(owners + len, sizeof owners - len, "</trust>");
        }
        snprintf(owners + len, sizeof owners - len, "</key-owner>");
        static char stanza[sizeof owners + 512];
        snprintf(stanza, sizeof stanza,
                 "<message><trust-message xmlns='" NS_TM
                 "' usage='urn:xmpp:atm:1' encryption='test:script:keys'>%s</trust-message></message>",
                 owners);
        hear_as(r, ROMEO, 0x11, "script", stanza);
    }
    outputs(r, true);
    size_t count = 0;
    assert_ok(r->store.inner->methods->scan(r->store.inner, BYTES_LITERAL("W"), count_records, &count));
    assert_int_equal(count, SOTTO_VOUCHES_OF_ONE);
}

/* limit: SOTTO_VOUCHES_MAX */
static void test_what_waits_in_all_is_bounded(void **state) {
    engine_rig *r = *state;
    begin(r);
    outputs(r, true);
    static sotto_change changes[SOTTO_VOUCHES_MAX - 1];
    static uint8_t keys[SOTTO_VOUCHES_MAX - 1][48];
    static const uint8_t value[2] = {1, 0};
    for (unsigned i = 0; i < SOTTO_VOUCHES_MAX - 1; i++) {
        keys[i][0] = 'W';
        keys[i][1] = 'x';
        keys[i][40] = (uint8_t)(i >> 8);
        keys[i][41] = (uint8_t)i;
        changes[i] = (sotto_change){bytes_of(keys[i], 48), bytes_of(value, 2)};
    }
    assert_ok(r->store.inner->methods->write(r->store.inner, changes, SOTTO_VOUCHES_MAX - 1));
    commit(r);
    engine_reopen(r);
    go_online(r, false);
    hear(r, ROMEO, 0x11, owner(ROMEO, "trust", 0x12)); /* the last one */
    hear(r, ROMEO, 0x11, owner(ROMEO, "trust", 0x13)); /* one too many */
    outputs(r, true);
    size_t count = 0;
    assert_ok(r->store.inner->methods->scan(r->store.inner, BYTES_LITERAL("W"), count_records, &count));
    assert_int_equal(count, SOTTO_VOUCHES_MAX);
}

/* What somebody with many keys said, in the store. */
static void fill_waiting(engine_rig *r, const char *jid, unsigned count) {
    static sotto_change changes[SOTTO_VOUCHES_MAX];
    static uint8_t keys[SOTTO_VOUCHES_MAX][128];
    static const uint8_t value[2] = {1, 0};
    size_t len = strlen(jid);
    for (unsigned i = 0; i < count; i++) {
        uint8_t *at = keys[i];
        *at++ = 'W';
        memcpy(at, jid, len + 1);
        at += len + 1;
        memset(at, 0x70, 32);
        at[0] = (uint8_t)(i >> 8);
        at += 32;
        memcpy(at, jid, len + 1);
        at += len + 1;
        memset(at, 0, 32);
        at[0] = (uint8_t)i;
        at += 32;
        changes[i] = (sotto_change){bytes_of(keys[i], (size_t)(at - keys[i])), bytes_of(value, 2)};
    }
    assert_ok(r->store.inner->methods->write(r->store.inner, changes, count));
    commit(r);
    engine_reopen(r);
    go_online(r, false);
}

/* limit: SOTTO_VOUCHES_OF_JID
 * Whatever somebody's keys left waiting, what others' keys say is kept, and above all that a key is not to be trusted.
 */
static void test_T39_nobody_crowds_out_a_distrust(void **state) {
    engine_rig *r = *state;
    begin(r);
    decide(r, JULIET, 0x21, SOTTO_TRUST_VERIFIED);
    outputs(r, true);
    fill_waiting(r, ROMEO, SOTTO_VOUCHES_OF_JID - 1);
    hear(r, ROMEO, 0x11, owner(ROMEO, "trust", 0x18)); /* the last one of Romeo's */
    hear(r, ROMEO, 0x11, owner(ROMEO, "trust", 0x19)); /* one too many */
    outputs(r, true);
    size_t count = 0;
    assert_ok(r->store.inner->methods->scan(r->store.inner, BYTES_LITERAL("W" ROMEO), count_records, &count));
    assert_int_equal(count, SOTTO_VOUCHES_OF_JID);
    hear(r, NURSE, 0x31, owner(NURSE, "trust", 0x32)); /* the nurse's waits all the same */
    outputs(r, true);
    count = 0;
    assert_ok(r->store.inner->methods->scan(r->store.inner, BYTES_LITERAL("W" NURSE), count_records, &count));
    assert_int_equal(count, 1);
    /* Even with nothing left for those who wait. */
    fill_waiting(r, "mallory@capulet.example", SOTTO_VOUCHES_MAX);
    hear(r, JULIET, 0x21, owner(ROMEO, "distrust", 0x13));
    outputs(r, true);
    script_key(5, ROMEO, 13, 0x13);
    step(r, send_input(7, "<message to='" ROMEO "'><body>and now</body></message>"));
    assert_trust(r, ROMEO, 0x13, SOTTO_TRUST_DISTRUSTED);
    outputs(r, true);
}

#define WITH(f) cmocka_unit_test_setup_teardown(f, engine_setup, engine_teardown)

const struct CMUnitTest vouch_tests[] = {
    WITH(test_blind_keys_are_told_nothing),
    WITH(test_a_verified_contact),
    WITH(test_a_verified_own_device),
    WITH(test_an_own_device_without_contacts),
    WITH(test_distrusted_keys),
    WITH(test_they_wait_and_hold_nobody_up),
    WITH(test_T39_only_what_protects_all_of_it_is_spoken_to),
    WITH(test_T39_an_own_verified_device_speaks_of_anybody),
    WITH(test_T39_a_contact_speaks_of_his_own_keys),
    WITH(test_T39_distrust_wins),
    WITH(test_T39_early_messages_wait_for_the_sender),
    WITH(test_T39_what_waits_keeps_distrust),
    WITH(test_keys_nobody_has_seen_wait_until_they_are),
    WITH(test_a_refused_voice_counts_no_more),
    WITH(test_T39_forgeries_do_nothing),
    WITH(test_other_usages_and_encryptions_are_left_alone),
    WITH(test_a_text_beside_it_is_shown),
    WITH(test_keys_without_names_are_never_touched),
    WITH(test_what_they_say_of_this_device_is_told),
    WITH(test_what_one_key_may_leave_waiting_is_bounded),
    WITH(test_what_waits_in_all_is_bounded),
    WITH(test_T39_nobody_crowds_out_a_distrust),
};
const size_t vouch_count = sizeof vouch_tests / sizeof *vouch_tests;
