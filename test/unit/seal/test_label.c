/* SPDX-License-Identifier: ISC
 *
 * Labels of devices: what may be one, whose they are (T10), and that there is none before a person asks for it. */
#include <stdlib.h>

#include "groups.h"
#include "seal/omemo/self.h"
#include "testing.h"
#include "two.h"

#define LABEL "Sotto on the balcony"

static sotto_status host_random(void *arg, void *out, size_t len) {
    (void)arg;
    memset(out, 7, len);
    return SOTTO_OK;
}
static const sotto_host fixed = {.random = host_random};

static bool good(const char *text) {
    return omemo_label_is_good(bytes_text(text));
}

/* limit: SOTTO_OMEMO_LABEL_POINTS_MAX */
static void test_T10_what_may_be_a_label(void **state) {
    (void)state;
    char most[4 * SOTTO_OMEMO_LABEL_POINTS_MAX + 5];
    assert_true(good("x") && good("Dino on \xe2\x82\xac 5 \"laptop\"") && good(LABEL));
    assert_false(good(""));
    assert_false(good("a\nb") || good("a\tb") || good("\x1b[31m") || good("a\x7f") || good("a\xc2\x9b"));
    assert_false(good("\xe2\x80\xae"
                      "deifirev") ||
                 good("\xe2\x81\xa6x") || good("\xe2\x80\x8f") || good("\xd8\x9c"));
    assert_false(good("\xe2\x80\xa8") || good("\xef\xbb\xbf") || good("\xf3\xa0\x81\x81"));
    assert_false(good("\xc3") || good("\xc0\xaf") || good("\xed\xa0\x80"));
    for (size_t i = 0; i <= SOTTO_OMEMO_LABEL_POINTS_MAX; i++) memcpy(most + 4 * i, "\xf0\x9f\x92\xac", 4);
    assert_true(omemo_label_is_good(bytes_of(most, 4 * SOTTO_OMEMO_LABEL_POINTS_MAX)));
    assert_false(omemo_label_is_good(bytes_of(most, 4 * SOTTO_OMEMO_LABEL_POINTS_MAX + 4)));
    memset(most, 'x', sizeof most);
    assert_true(omemo_label_is_good(bytes_of(most, SOTTO_OMEMO_LABEL_POINTS_MAX)));
    assert_false(omemo_label_is_good(bytes_of(most, SOTTO_OMEMO_LABEL_POINTS_MAX + 1)));
    /* As long as what else this key signs without a mark. */
    assert_true(omemo_label_is_good(bytes_of(most, 32)) && omemo_label_is_ours(bytes_of(most, 31)));
    assert_false(omemo_label_is_ours(bytes_of(most, 32)));
}

static void identity_of(crypto_identity *ret, uint8_t seed, bool scalar) {
    uint8_t secret[32];
    memset(secret, seed, sizeof secret);
    assert_code((scalar ? crypto_identity_from_scalar : crypto_identity_from_seed)(ret, secret), 0);
}

static void test_T10_signatures(void **state) {
    (void)state;
    crypto_identity own, other;
    for (int scalar = 0; scalar < 2; scalar++) {
        omemo_label label = {.text = BYTES_LITERAL(LABEL)}, changed;
        identity_of(&own, 1, scalar);
        identity_of(&other, 2, scalar);
        omemo_identity mine = omemo_dialect_2.identity->of(&own), theirs = omemo_dialect_2.identity->of(&other);
        assert_code(omemo_label_sign(&omemo_dialect_2, &own, label.text, &fixed, &label.signature), 0);
        assert_code(omemo_label_verify(&omemo_dialect_2, &mine, &label), 0);
        /* An identity key and a plain Ed25519 verification of the label's bytes: nothing else is in it. */
        assert_code(crypto_ed25519_verify(&own.ed25519, label.text, &label.signature), 0);
        assert_code(omemo_label_verify(&omemo_dialect_2, &theirs, &label), SOTTO_E_BAD_SIGNATURE);
        changed = label;
        changed.text = BYTES_LITERAL(LABEL "!");
        assert_code(omemo_label_verify(&omemo_dialect_2, &mine, &changed), SOTTO_E_BAD_SIGNATURE);
        changed = label;
        changed.signature.bytes[40] ^= 1;
        assert_code(omemo_label_verify(&omemo_dialect_2, &mine, &changed), SOTTO_E_BAD_SIGNATURE);
        /* Signed well, and still none. */
        changed.text = BYTES_LITERAL("two\nlines");
        assert_code(omemo_dialect_2.identity->sign(&own, changed.text, &fixed, &changed.signature), 0);
        assert_code(omemo_label_verify(&omemo_dialect_2, &mine, &changed), SOTTO_E_MALFORMED);
        assert_code(omemo_label_sign(&omemo_dialect_2, &own, changed.text, &fixed, &changed.signature), SOTTO_E_USAGE);
    }
}

/* ---- in lists ---- */

static sotto_bytes label_of(two *t, world_device *looker, const char *whose, uint32_t device) {
    seal_keys keys;
    sotto_bytes ret = BYTES_LITERAL("no such device");
    looker->env.now_ms = t->w.now_ms;
    assert_code(t->w.class->list_keys(looker->self, &looker->env, bytes_text(whose), &keys), 0);
    for (size_t i = 0; i < keys.count; i++)
        if (keys.at[i].device == device) ret = keys.at[i].label;
    ret = world_text(&t->w, "%.*s", (int)ret.len, ret.len ? (const char *)ret.at : "");
    bytes_arena_clear(&looker->arena);
    return ret;
}

static void rename_to(two *t, world_device *d, const char *label) {
    const seal_input input = {.kind = SEAL_INPUT_RENAME, .bytes = bytes_text(label)};
    assert_code(world_input(d, &input), 0);
    world_settle(&t->w);
}

static void start(two *t) {
    two_start(t);
    two_greet(t);
}

static void test_T10_rename(void **state) {
    (void)state;
    two t;
    start(&t);
    uint32_t romeo = world_device_id(t.romeo);
    assert_false(has(world_item(&t.w, ROMEO, DEVICES, "current"), "label")); /* not by itself */
    rename_to(&t, t.romeo, LABEL);
    assert_code(world_last_event(t.romeo, SOTTO_EVENT_RENAMED)->reason, 0);
    assert_true(has(world_item(&t.w, ROMEO, DEVICES, "current"), "label='" LABEL "' labelsig='"));
    world_notify(&t.w, ROMEO, DEVICES);
    world_settle(&t.w);
    assert_text(label_of(&t, t.juliet, ROMEO, romeo), LABEL);
    assert_text(label_of(&t, t.romeo, ROMEO, romeo), LABEL);
    world_reopen(t.juliet);
    assert_text(label_of(&t, t.juliet, ROMEO, romeo), LABEL);
    world_go_online(t.juliet, true);
    /* Taken off the list and back: with the label. */
    world_set_item(&t.w, ROMEO, DEVICES, "current",
                   BYTES_LITERAL("<devices xmlns='urn:xmpp:omemo:2'><device id='5'/></devices>"));
    world_notify(&t.w, ROMEO, DEVICES);
    world_settle(&t.w);
    assert_true(has(world_item(&t.w, ROMEO, DEVICES, "current"), "label='" LABEL "'"));
    assert_true(has(world_item(&t.w, ROMEO, DEVICES, "current"), "id='5'"));
    rename_to(&t, t.romeo, "");
    assert_false(has(world_item(&t.w, ROMEO, DEVICES, "current"), "label"));
    world_notify(&t.w, ROMEO, DEVICES);
    world_settle(&t.w);
    assert_text(label_of(&t, t.juliet, ROMEO, romeo), "");
    assert_text(label_of(&t, t.romeo, ROMEO, romeo), "");
    two_end(&t);
}

static void test_rename_refused(void **state) {
    (void)state;
    two t;
    start(&t);
    uint32_t romeo = world_device_id(t.romeo);
    rename_to(&t, t.romeo, "first");
    const seal_input bad = {.kind = SEAL_INPUT_RENAME, .bytes = BYTES_LITERAL("a\x1b[0m")};
    assert_code(world_input(t.romeo, &bad), SOTTO_E_USAGE);
    t.w.refuse_node = DEVICES;
    t.w.refuse_with = "forbidden";
    rename_to(&t, t.romeo, "second");
    assert_code(world_last_event(t.romeo, SOTTO_EVENT_RENAMED)->reason, SOTTO_E_SERVER_REFUSED);
    assert_text(label_of(&t, t.romeo, ROMEO, romeo), "first");
    t.w.refuse_node = NULL;
    /* Where this device is on no list there is nothing to put it on. */
    world_set_item(&t.w, ROMEO, DEVICES, "current",
                   BYTES_LITERAL("<devices xmlns='urn:xmpp:omemo:2'><device id='5'/></devices>"));
    rename_to(&t, t.romeo, "second");
    assert_code(world_last_event(t.romeo, SOTTO_EVENT_RENAMED)->reason, SOTTO_E_NOT_FOUND);
    world_go_offline(t.romeo);
    rename_to(&t, t.romeo, "second");
    assert_code(world_last_event(t.romeo, SOTTO_EVENT_RENAMED)->reason, SOTTO_E_OFFLINE);
    assert_text(label_of(&t, t.romeo, ROMEO, romeo), "first");
    two_end(&t);
}

static void plant(two *t, const char *format, const char *signature) {
    sotto_bytes list =
        world_text(&t->w, "<devices xmlns='urn:xmpp:omemo:2'><device id='%s' label='%s' labelsig='%s'/></devices>",
                   romeo_id(t), format, signature);
    world_set_item(&t->w, ROMEO, DEVICES, "current", list);
    world_notify(&t->w, ROMEO, DEVICES);
    world_settle(&t->w);
}

/* What the server, or another device, writes there is not shown. */
static void test_T10_labels_of_others_hands(void **state) {
    (void)state;
    two t;
    start(&t);
    uint32_t romeo = world_device_id(t.romeo);
    rename_to(&t, t.romeo, LABEL);
    sotto_bytes list = world_item(&t.w, ROMEO, DEVICES, "current");
    const char *at =
        strstr((const char *)world_text(&t.w, "%.*s", (int)list.len, (const char *)list.at).at, "labelsig='");
    assert_non_null(at);
    const char *signature = (const char *)world_text(&t.w, "%.*s", 88, at + 10).at;
    world_go_offline(t.romeo); /* or he would not let that stand */
    plant(&t, LABEL, signature);
    assert_text(label_of(&t, t.juliet, ROMEO, romeo), LABEL);
    plant(&t, "Mallory", signature);
    assert_text(label_of(&t, t.juliet, ROMEO, romeo), "");
    plant(&t, LABEL, "AAAA");
    assert_text(label_of(&t, t.juliet, ROMEO, romeo), "");
    plant(&t, LABEL, "");
    assert_text(label_of(&t, t.juliet, ROMEO, romeo), "");
    /* The signature is by another key than the device's: juliet's own on her own label. */
    rename_to(&t, t.juliet, LABEL);
    list = world_item(&t.w, JULIET, DEVICES, "current");
    at = strstr((const char *)world_text(&t.w, "%.*s", (int)list.len, (const char *)list.at).at, "labelsig='");
    plant(&t, LABEL, (const char *)world_text(&t.w, "%.*s", 88, at + 10).at);
    assert_text(label_of(&t, t.juliet, ROMEO, romeo), "");
    plant(&t, LABEL, signature);
    assert_text(label_of(&t, t.juliet, ROMEO, romeo), LABEL);
    two_end(&t);
}

static void test_label_records(void **state) {
    (void)state;
    uint8_t room[1024];
    bytes_buffer out;
    sotto_bytes value;
    omemo_labels *labels = calloc(2, sizeof *labels);
    assert_non_null(labels);
    labels[0].count = 2;
    labels[0].at[0] = (omemo_label){.device = 7, .text = BYTES_LITERAL("seven")};
    labels[0].at[1] = (omemo_label){.device = 3, .text = BYTES_LITERAL("three")};
    bytes_buffer_borrowed(&out, room, sizeof room);
    omemo_labels_encode(&out, &labels[0]);
    assert_code(bytes_buffer_end(&out, &value), 0);
    assert_code(omemo_labels_decode(&labels[1], value), 0);
    assert_int_equal(labels[1].count, 2);
    assert_text(omemo_labels_of(&labels[1], 3)->text, "three");
    assert_null(omemo_labels_of(&labels[1], 4));
    assert_code(omemo_labels_decode(&labels[1], bytes_of(value.at, value.len - 1)), SOTTO_E_STORE_CORRUPT);
    assert_int_equal(labels[1].count, 0);
    room[0] = 2;
    assert_code(omemo_labels_decode(&labels[1], value), SOTTO_E_STORE_NEWER);
    room[0] = 0;
    assert_code(omemo_labels_decode(&labels[1], value), SOTTO_E_STORE_CORRUPT);
    free(labels);
}

int label_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_T10_what_may_be_a_label),
        cmocka_unit_test(test_T10_signatures),
        cmocka_unit_test(test_T10_rename),
        cmocka_unit_test(test_rename_refused),
        cmocka_unit_test(test_T10_labels_of_others_hands),
        cmocka_unit_test(test_label_records),
    };
    return cmocka_run_group_tests_name("labels", tests, NULL, NULL);
}
