/* SPDX-License-Identifier: ISC
 *
 * A server that alters messages. What it makes is never read and changes nothing: the true message is read afterwards,
 * and the conversation goes on. */
#include "alter.h"

#include "seal/omemo/wire.h"

typedef struct forger {
    two t;
    net n;
    device *victim;
    const char *good; /* a message of romeo's that juliet did not get yet */
    char id[16];      /* of it */
    uint32_t number;  /* juliet's device */
} forger;

static void say(device *d, const char *to, const char *body) {
    device_say(d, to, body);
    world_run(d->w);
}

/* What the good message is: the first, with the key exchange; one more in a chain; the first of a new chain. */
typedef enum place { EXCHANGE, CHAIN, STEP } place;

static void forger_start(forger *f, void **state, place where) {
    two_start(&f->t, seal_of(state));
    f->victim = f->t.juliet;
    if (where != EXCHANGE) {
        say(f->t.juliet, ROMEO, "hello");
        say(f->t.romeo, JULIET, "hello");
    }
    if (where == STEP) say(f->t.juliet, ROMEO, "a step");
    net_spread(&f->n, &f->t.w, JULIET);
    say(f->t.romeo, JULIET, "good");
    assert_int_equal(f->n.len, 1);
    f->good = f->n.caught[0];
    f->number = device_number(f->t.juliet);
    snprintf(f->id, sizeof f->id, "m%u", (unsigned)f->t.w.ticket);
    lab_server_hook(f->t.w.server, NULL, NULL);
}

/* Whatever was tried: the true message is read, once, and both go on talking. */
static void forger_end(forger *f) {
    size_t before = f->victim->read_len;
    device_forget_told(f->victim);
    device_inject(f->victim, f->good);
    assert_int_equal(f->victim->read_len, before + 1);
    assert_string_equal(f->victim->read[before].body, "good");
    device_inject(f->victim, f->good);
    say(f->t.juliet, ROMEO, "on");
    say(f->t.romeo, JULIET, "and on");
    assert_int_equal(device_read_count(f->t.romeo, "on"), 1);
    assert_int_equal(device_read_count(f->t.juliet, "and on"), 1);
    assert_int_equal(f->victim->read_len, before + 2);
    assert_int_equal(device_told_count(f->victim, SOTTO_EVENT_UNREADABLE, -1), 0);
    net_end(&f->n);
    world_end(&f->t.w);
}

/* Nothing is read; one event says why. */
static void refused(forger *f, const char *stanza, int reason) {
    size_t before = f->victim->read_len;
    device_forget_told(f->victim);
    device_inject(f->victim, stanza);
    assert_int_equal(f->victim->read_len, before);
    const told_event *told = device_told_last(f->victim, SOTTO_EVENT_UNREADABLE);
    if (told == NULL) fail_msg("nobody was told of %s", stanza);
    if (told->reason.code != reason)
        fail_msg("%s instead of %s: %s", sotto_status_name(told->reason), sotto_status_name((sotto_status){reason}),
                 stanza);
    assert_int_equal(device_told_count(f->victim, SOTTO_EVENT_UNREADABLE, -1), 1);
    assert_string_equal(told->text, f->id);
}

/* Nothing is read and nothing is said. */
static void ignored(forger *f, const char *stanza) {
    size_t before = f->victim->read_len;
    device_forget_told(f->victim);
    device_inject(f->victim, stanza);
    assert_int_equal(f->victim->read_len, before);
    assert_int_equal(device_told_count(f->victim, SOTTO_EVENT_UNREADABLE, -1), 0);
}

static void test_the_form_of_a_message(void **state) {
    forger f;
    forger_start(&f, state, CHAIN);
    const char *key = alter_key_of(f.number);
    char text[128];
    refused(&f, alter_part(f.good, "<header", "</header>", ""), SOTTO_E_MALFORMED);
    refused(&f, alter_part(f.good, "<header", "</header>", "<header xmlns='urn:else' sid='1'/>"), SOTTO_E_MALFORMED);
    refused(&f, alter_text(f.good, "<payload", "<header sid='1'/><payload"), SOTTO_E_MALFORMED);
    refused(&f, alter_text(f.good, "</encrypted>", "</encrypted><encrypted xmlns='" NS_OMEMO "'/>"), SOTTO_E_MALFORMED);
    refused(&f, alter_part(f.good, "<encrypted", "</encrypted>", "<encrypted xmlns='" NS_OMEMO "'/>"),
            SOTTO_E_MALFORMED);
    refused(&f, alter_text(f.good, "</encrypted>", "<payload>AAAA</payload></encrypted>"), SOTTO_E_MALFORMED);
    refused(&f, alter_part(f.good, "<payload", "</payload>", ""), SOTTO_E_MALFORMED);
    refused(&f, alter_part(f.good, "<payload", "</payload>", "<payload/>"), SOTTO_E_BAD_MAC);
    refused(&f, alter_part(f.good, "<payload", "</payload>", "<payload>%</payload>"), SOTTO_E_MALFORMED);
    refused(&f, alter_part(f.good, " sid='", "'", " "), SOTTO_E_MALFORMED);
    refused(&f, alter_part(f.good, " sid='", "'", " sid='0'"), SOTTO_E_MALFORMED);
    refused(&f, alter_part(f.good, " sid='", "'", " sid='2147483648'"), SOTTO_E_MALFORMED);
    refused(&f, alter_part(f.good, " sid='", "'", " sid='77'"), SOTTO_E_NO_SESSION);
    /* keys */
    snprintf(text, sizeof text, "%s>AAAA</key></keys>", key);
    refused(&f, alter_text(f.good, "</keys>", text), SOTTO_E_MALFORMED);
    snprintf(text, sizeof text, "</keys><keys jid='" JULIET "'>%s>AAAA</key></keys>", key);
    refused(&f, alter_text(f.good, "</keys>", text), SOTTO_E_MALFORMED);
    refused(&f, alter_part(f.good, key, "</key>", ""), SOTTO_E_NOT_FOR_US);
    refused(&f, alter_text(f.good, key, "<key rid='77'"), SOTTO_E_NOT_FOR_US);
    refused(&f, alter_text(f.good, "<keys jid='" JULIET "'", "<keys jid='" MALLORY "'"), SOTTO_E_NOT_FOR_US);
    snprintf(text, sizeof text, "%s/>", key);
    refused(&f, alter_part(f.good, key, "</key>", text), SOTTO_E_MALFORMED);
    snprintf(text, sizeof text, "%s kex='perhaps'", key);
    refused(&f, alter_text(f.good, key, text), SOTTO_E_MALFORMED);
    snprintf(text, sizeof text, "%s kex='true'", key);
    refused(&f, alter_text(f.good, key, text), SOTTO_E_MALFORMED);
    forger_end(&f);
}

/* Who says it to whom is inside as well (T13). */
static void test_the_addresses_of_a_message(void **state) {
    forger f;
    forger_start(&f, state, CHAIN);
    refused(&f, alter_text(f.good, "from='" ROMEO, "from='" MALLORY), SOTTO_E_NO_SESSION);
    refused(&f, alter_part(f.good, " from='", "'", " from='" JULIET "/tablet'"), SOTTO_E_NO_SESSION);
    refused(&f, alter_part(f.good, " from='", "'", " from='" DOMAIN "'"), SOTTO_E_NO_SESSION);
    refused(&f, alter_part(f.good, " to='", "'", " to='" MALLORY "'"), SOTTO_E_WRONG_RECIPIENT);
    refused(&f, alter_part(f.good, " type='", "'", " type='groupchat'"), SOTTO_E_UNATTRIBUTED);
    forger_end(&f);
}

static void test_the_addresses_of_a_key_exchange(void **state) {
    forger f;
    forger_start(&f, state, EXCHANGE);
    refused(&f, alter_text(f.good, "from='" ROMEO, "from='" MALLORY), SOTTO_E_WRONG_SENDER);
    refused(&f, alter_part(f.good, " to='", "'", " to='" MALLORY "'"), SOTTO_E_WRONG_RECIPIENT);
    refused(&f, alter_part(f.good, " from='", "'", " from='" JULIET "/tablet'"), SOTTO_E_WRONG_SENDER);
    /* Nothing of it is remembered: mallory has no key, and romeo's is new. */
    assert_int_equal(device_told_count(f.victim, SOTTO_EVENT_NEW_KEY, -1), 0);
    assert_int_equal(device_told_count(f.victim, SOTTO_EVENT_KEY_ALARM, -1), 0);
    forger_end(&f);
}

/* Words in the clear beside the encryption are not read (T6). */
static void test_words_beside_the_encryption(void **state) {
    forger f;
    forger_start(&f, state, CHAIN);
    size_t before = f.victim->read_len;
    device_inject(f.victim, alter_text(f.good, "</encrypted>",
                                       "</encrypted><body>evil</body><subject>evil</subject>"
                                       "<replace xmlns='urn:xmpp:message-correct:0' id='evil'/>"));
    assert_int_equal(f.victim->read_len, before + 1);
    assert_string_equal(f.victim->read[before].body, "good");
    assert_string_equal(f.victim->read[before].subject, "about good");
    sotto_bytes transcript;
    assert_ok(bytes_buffer_end(&f.victim->transcript, &transcript));
    assert_null(memmem(transcript.at, transcript.len, "evil", 4));
    ignored(&f, f.good);
    net_end(&f.n);
    world_end(&f.t.w);
}

/* ---- bytes ---- */

static bool is_any(int code, const int *of) {
    for (; *of != 0; of++)
        if (*of == code) return true;
    return false;
}

/* Every byte of what `start` holds, its lowest and its highest bit. silent: a message may look like one read before. */
static void flip_every_byte(forger *f, const char *start, size_t each, const int *reasons, bool silent) {
    alter_bytes bytes;
    alter_get(f->good, start, &bytes);
    size_t unread = 0;
    for (size_t i = 0; i < bytes.len; i += each)
        for (unsigned bit = 0; bit < 8; bit += 7) {
            alter_bytes flipped = bytes;
            flipped.at[i] = (uint8_t)(flipped.at[i] ^ 1u << bit);
            size_t before = f->victim->read_len;
            device_forget_told(f->victim);
            device_inject(f->victim, alter_put(f->good, start, &flipped));
            assert_int_equal(f->victim->read_len, before);
            const told_event *told = device_told_last(f->victim, SOTTO_EVENT_UNREADABLE);
            if (told != NULL) unread++;
            if (told == NULL && !silent) fail_msg("byte %u of %s: nobody was told", (unsigned)i, start);
            if (told != NULL && !is_any(told->reason.code, reasons))
                fail_msg("byte %u of %s: %s", (unsigned)i, start, sotto_status_name(told->reason));
        }
    assert_true(unread * each >= bytes.len);
}

#define REASONS(...) ((const int[]){__VA_ARGS__, 0})

static void every_byte_of_a_message(void **state, place where) {
    forger f;
    forger_start(&f, state, where);
    flip_every_byte(&f, "<payload", 7, REASONS(SOTTO_E_BAD_MAC), false);
    flip_every_byte(&f, alter_key_of(f.number), 1,
                    REASONS(SOTTO_E_BAD_MAC, SOTTO_E_MALFORMED, SOTTO_E_BAD_KEY, SOTTO_E_TOO_FAR), true);
    forger_end(&f);
}

static void test_every_byte_of_a_message(void **state) {
    every_byte_of_a_message(state, CHAIN);
    every_byte_of_a_message(state, STEP);
}

/* So many key exchanges an hour are looked at (T20): time goes on in between. */
static void test_every_byte_of_a_key_exchange(void **state) {
    forger f;
    forger_start(&f, state, EXCHANGE);
    const char *start = alter_key_of(f.number);
    alter_bytes bytes;
    alter_get(f.good, start, &bytes);
    for (size_t i = 0; i < bytes.len; i++) {
        alter_bytes flipped = bytes;
        flipped.at[i] ^= 1;
        size_t before = f.victim->read_len;
        device_forget_told(f.victim);
        device_inject(f.victim, alter_put(f.good, start, &flipped));
        assert_int_equal(f.victim->read_len, before);
        const told_event *told = device_told_last(f.victim, SOTTO_EVENT_UNREADABLE);
        if (told == NULL || !is_any(told->reason.code, REASONS(SOTTO_E_BAD_MAC, SOTTO_E_MALFORMED, SOTTO_E_BAD_KEY,
                                                               SOTTO_E_TOO_FAR, SOTTO_E_NO_PREKEY)))
            fail_msg("byte %u: %s", (unsigned)i, told == NULL ? "nobody was told" : sotto_status_name(told->reason));
        if (i % 50 == 49) world_pass(&f.t.w, 3600 * 1000);
    }
    world_pass(&f.t.w, 3600 * 1000);
    forger_end(&f);
}

/* ---- fields ---- */

typedef enum field { MAC, COUNTER, COUNTER_FAR, RATCHET, RATCHET_SMALL, CIPHERTEXT } field;

/* The message with one field changed, its form correct. */
static const char *with_field(const forger *f, field which) {
    const char *start = alter_key_of(f->number);
    alter_bytes bytes, changed;
    alter_get(f->good, start, &bytes);
    omemo_message message;
    assert_ok(omemo_wire_read_message(bytes_of(bytes.at, bytes.len), &message));
    uint8_t mac[16], ciphertext[256], body_at[512];
    memcpy(mac, message.mac.at, sizeof mac);
    assert_true(message.ciphertext.len < sizeof ciphertext);
    memcpy(ciphertext, message.ciphertext.at, message.ciphertext.len);
    message.ciphertext.at = ciphertext;
    if (which == MAC) mac[15] ^= 0x80;
    if (which == COUNTER) message.n += 1;
    if (which == COUNTER_FAR) message.n += 100000;
    if (which == RATCHET) message.ratchet.bytes[5] ^= 4;
    if (which == RATCHET_SMALL) memset(message.ratchet.bytes, 0, 32);
    if (which == CIPHERTEXT) ciphertext[0] ^= 1;
    bytes_buffer body, out;
    sotto_bytes text;
    bytes_buffer_borrowed(&body, body_at, sizeof body_at);
    omemo_wire_write_body(&body, &message);
    assert_ok(bytes_buffer_end(&body, &text));
    bytes_buffer_borrowed(&out, changed.at, sizeof changed.at);
    omemo_wire_write_message(&out, text, bytes_of(mac, sizeof mac));
    assert_ok(bytes_buffer_end(&out, &text));
    changed.len = text.len;
    return alter_put(f->good, start, &changed);
}

static void test_the_fields_of_a_message(void **state) {
    for (place where = CHAIN; where <= STEP; where++) {
        forger f;
        forger_start(&f, state, where);
        refused(&f, with_field(&f, MAC), SOTTO_E_BAD_MAC);
        refused(&f, with_field(&f, COUNTER), SOTTO_E_BAD_MAC);
        refused(&f, with_field(&f, COUNTER_FAR), SOTTO_E_TOO_FAR);
        refused(&f, with_field(&f, RATCHET), SOTTO_E_BAD_MAC);
        /* In a chain that we did not answer yet a new ratchet key is a forgery, whatever it is. */
        refused(&f, with_field(&f, RATCHET_SMALL), where == STEP ? SOTTO_E_BAD_KEY : SOTTO_E_BAD_MAC);
        refused(&f, with_field(&f, CIPHERTEXT), SOTTO_E_BAD_MAC);
        forger_end(&f);
    }
}

typedef void change_exchange(omemo_kex *);
static void no_prekey(omemo_kex *kex) {
    kex->prekey_id = 0;
}
static void unknown_prekey(omemo_kex *kex) {
    kex->prekey_id = 2147483647;
}
static void unknown_signed(omemo_kex *kex) {
    kex->signed_id = kex->signed_id == 7 ? 8 : 7;
}
static void zero_ephemeral(omemo_kex *kex) {
    memset(kex->ephemeral.bytes, 0, 32);
}
static void high_ephemeral(omemo_kex *kex) {
    kex->ephemeral.bytes[31] |= 0x80;
}
static void zero_identity(omemo_kex *kex) {
    memset(kex->identity.bytes, 0, 32);
}
static void high_identity(omemo_kex *kex) {
    memset(kex->identity.bytes, 0xff, 32);
}

static const char *with_exchange(const forger *f, change_exchange *change) {
    const char *start = alter_key_of(f->number);
    alter_bytes bytes, changed;
    alter_get(f->good, start, &bytes);
    omemo_kex kex;
    assert_ok(omemo_wire_read_exchange(bytes_of(bytes.at, bytes.len), &kex));
    change(&kex);
    bytes_buffer out;
    sotto_bytes text;
    bytes_buffer_borrowed(&out, changed.at, sizeof changed.at);
    omemo_wire_write_exchange(&out, &kex);
    assert_ok(bytes_buffer_end(&out, &text));
    changed.len = text.len;
    return alter_put(f->good, start, &changed);
}

static void test_the_fields_of_a_key_exchange(void **state) {
    forger f;
    forger_start(&f, state, EXCHANGE);
    refused(&f, with_exchange(&f, no_prekey), SOTTO_E_NO_PREKEY); /* T12 */
    refused(&f, with_exchange(&f, unknown_prekey), SOTTO_E_NO_PREKEY);
    refused(&f, with_exchange(&f, unknown_signed), SOTTO_E_NO_PREKEY);
    refused(&f, with_exchange(&f, zero_ephemeral), SOTTO_E_BAD_KEY); /* T25 */
    refused(&f, with_exchange(&f, high_ephemeral), SOTTO_E_BAD_KEY); /* T26 */
    refused(&f, with_exchange(&f, zero_identity), SOTTO_E_BAD_KEY);
    refused(&f, with_exchange(&f, high_identity), SOTTO_E_BAD_KEY);
    forger_end(&f);
}

/* T20: forged exchanges use up the hour of the one they pretend to be from, and nothing else. */
static void test_an_hour_of_forged_key_exchanges(void **state) {
    forger f;
    forger_start(&f, state, EXCHANGE);
    alter_bytes payload;
    alter_get(f.good, "<payload", &payload);
    payload.at[0] ^= 1;
    for (unsigned i = 0; i < SOTTO_OMEMO_EXCHANGES_PER_HOUR; i++)
        refused(&f, alter_put(f.good, "<payload", &payload), SOTTO_E_BAD_MAC);
    refused(&f, alter_put(f.good, "<payload", &payload), SOTTO_E_TOO_LARGE);
    refused(&f, f.good, SOTTO_E_TOO_LARGE);
    world_pass(&f.t.w, 3600 * 1000);
    forger_end(&f);
}

/* The control of all the audits: a key that is used twice is found. */
static void test_the_audit_finds_a_key_used_twice(void **state) {
    forger f;
    forger_start(&f, state, CHAIN);
    assert_true(world_keys_used_once(&f.t.w) >= 3);
    assert_ok(lab_session_inject(f.t.juliet->session, bytes_text(f.good))); /* a repeat is none */
    assert_int_equal(world_audit(&f.t.w).again, 0);
    alter_bytes payload;
    alter_get(f.good, "<payload", &payload);
    payload.at[0] ^= 1;
    assert_ok(lab_session_inject(f.t.juliet->session, bytes_text(alter_put(f.good, "<payload", &payload))));
    assert_int_equal(world_audit(&f.t.w).again, 1);
    net_end(&f.n);
    world_end(&f.t.w);
}

/* ---- two devices ---- */

/* What was meant for one device is given to the other. */
static void test_swapped_recipients(void **state) {
    forger f;
    two_start(&f.t, seal_of(state));
    device *tablet = world_device(&f.t.w, "juliet", "tablet");
    device_go_online(tablet);
    say(f.t.romeo, JULIET, "hello");
    say(f.t.juliet, ROMEO, "hello");
    say(tablet, ROMEO, "hello");
    net_spread(&f.n, &f.t.w, JULIET);
    say(f.t.romeo, JULIET, "good");
    lab_server_hook(f.t.w.server, NULL, NULL);
    assert_int_equal(f.n.len, 2);
    f.victim = f.t.juliet;
    f.good = f.n.caught[0];
    snprintf(f.id, sizeof f.id, "m%u", (unsigned)f.t.w.ticket);
    uint32_t one = device_number(f.t.juliet), other = device_number(tablet);
    char one_key[32], other_key[32];
    snprintf(one_key, sizeof one_key, "%s", alter_key_of(one));
    snprintf(other_key, sizeof other_key, "%s", alter_key_of(other));
    alter_bytes bytes;
    alter_get(f.good, other_key, &bytes);
    refused(&f, alter_put(f.good, one_key, &bytes), SOTTO_E_BAD_MAC);
    char swapped[32768];
    snprintf(swapped, sizeof swapped, "%s", alter_text(f.good, one_key, "<key rid='x'"));
    snprintf(swapped, sizeof swapped, "%s",
             alter_text(alter_text(swapped, other_key, one_key), "<key rid='x'", other_key));
    refused(&f, swapped, SOTTO_E_BAD_MAC);
    f.victim = tablet;
    refused(&f, swapped, SOTTO_E_BAD_MAC);
    device_inject(tablet, f.n.caught[1]);
    assert_int_equal(device_read_count(tablet, "good"), 1);
    f.victim = f.t.juliet;
    forger_end(&f);
}

/* ---- copies (T1) ---- */

#define COPY(from, kind, message)                                                                                      \
    "<message from='" from "' to='" JULIET "/balcony' type='chat'><" kind                                              \
    " xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>" message "</forwarded></" kind "></message>"

/* Who may say that something is a copy, and what may be in it. */
static void test_forged_copies(void **state) {
    forger f;
    forger_start(&f, state, CHAIN);
    char inner[32768], stanza[65536];
    snprintf(inner, sizeof inner, "%s", alter_text(f.good, "<message ", "<message xmlns='jabber:client' "));
    static const char *const froms[] = {MALLORY, ROMEO, JULIET "/tablet", DOMAIN, "capulet.example"};
    for (size_t i = 0; i < sizeof froms / sizeof froms[0]; i++) {
        snprintf(stanza, sizeof stanza, COPY("%s", "received", "%s"), froms[i], inner);
        ignored(&f, stanza);
        snprintf(stanza, sizeof stanza,
                 COPY("%s", "sent",
                      "<message xmlns='jabber:client' from='" JULIET "/tablet' to='" ROMEO
                      "'><body>forged</body></message>"),
                 froms[i]);
        ignored(&f, stanza);
    }
    /* Of our own server, and wrong: what we sent is from us, what we received is to us; copies of copies. */
    snprintf(stanza, sizeof stanza, COPY(JULIET, "sent", "%s"), inner);
    ignored(&f, stanza);
    char nested[65536];
    snprintf(stanza, sizeof stanza, COPY(JULIET, "received", "%s"), inner);
    snprintf(nested, sizeof nested, COPY(JULIET, "received", "%.30000s"),
             alter_text(stanza, "<message ", "<message xmlns='jabber:client' "));
    ignored(&f, nested);
    snprintf(nested, sizeof nested, "%s",
             alter_text(stanza, "</received>", "</received><received xmlns='urn:xmpp:carbons:2'/>"));
    ignored(&f, nested);
    snprintf(nested, sizeof nested, "%s",
             alter_text(stanza, "<forwarded ", "<forwarded xmlns='urn:xmpp:forward:0'/><forwarded "));
    ignored(&f, nested);
    /* The true one is read, and is the message: it is not read again. */
    device_inject(f.victim, stanza);
    assert_int_equal(device_read_count(f.victim, "good"), 1);
    ignored(&f, f.good);
    net_end(&f.n);
    world_end(&f.t.w);
}

const struct CMUnitTest forged_tests[] = {
    WITH_OMEMO(test_the_form_of_a_message),
    WITH_OMEMO(test_the_addresses_of_a_message),
    WITH_OMEMO(test_the_addresses_of_a_key_exchange),
    WITH_OMEMO(test_words_beside_the_encryption),
    WITH_OMEMO(test_every_byte_of_a_message),
    WITH_OMEMO(test_every_byte_of_a_key_exchange),
    WITH_OMEMO(test_the_fields_of_a_message),
    WITH_OMEMO(test_the_fields_of_a_key_exchange),
    WITH_OMEMO(test_an_hour_of_forged_key_exchanges),
    WITH_OMEMO(test_the_audit_finds_a_key_used_twice),
    WITH_OMEMO(test_swapped_recipients),
    WITH_OMEMO(test_forged_copies),
};
const size_t forged_count = sizeof forged_tests / sizeof forged_tests[0];
