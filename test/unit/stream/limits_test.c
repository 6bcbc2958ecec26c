/* SPDX-License-Identifier: ISC
 *
 * What a server may send before and while somebody logs in, at its limits and beyond them. */
#include <sotto/limits.h>

#include "groups.h"
#include "rig.h"
#include "stream/names.h"

/* ---- before login ---- */

#define HEADER                                                                                                         \
    "<stream:stream xmlns='jabber:client' xmlns:stream='" STREAM_NS_STREAM "' version='1.0' from='capulet.example'>"
#define BEFORE "<stream:features><x xmlns='urn:x'>"
#define BEHIND "</x><starttls xmlns='" STREAM_NS_TLS "'/></stream:features>"

static char features[sizeof HEADER + SOTTO_STANZA_BYTES_BEFORE_LOGIN + 2];

static void greets_at_length(talk *t, stream_wire_event event, const stanza_element *element) {
    (void)element;
    if (event == STREAM_WIRE_OPEN) liar_writes(t, features);
}

/* Features of so many bytes. */
static void features_of(size_t size) {
    size_t filled = size - (sizeof BEFORE - 1) - (sizeof BEHIND - 1);
    char *at = features;
    memcpy(at, HEADER BEFORE, sizeof HEADER BEFORE - 1);
    at += sizeof HEADER BEFORE - 1;
    memset(at, 'x', filled);
    memcpy(at + filled, BEHIND, sizeof BEHIND);
    assert_int_equal(strlen(features), sizeof HEADER - 1 + size);
}

/* limit: SOTTO_STANZA_BYTES_BEFORE_LOGIN */
static void test_bytes_before_login(void **state) {
    (void)state;
    talk t;
    features_of(SOTTO_STANZA_BYTES_BEFORE_LOGIN);
    talk_whole(&t, &(talk_options){.liar = greets_at_length});
    assert_int_equal(t.ended, 0);
    assert_true(talk_has(&t.from_client, "<starttls"));
    talk_free(&t);
    features_of(SOTTO_STANZA_BYTES_BEFORE_LOGIN + 1);
    talk_whole(&t, &(talk_options){.liar = greets_at_length});
    assert_int_equal(t.ended, 1);
    assert_status(t.status, BAD_SERVER);
    assert_false(talk_has(&t.from_client, "<starttls"));
    talk_free(&t);
}

/* ---- mechanisms ---- */

static size_t junk; /* mechanisms before the one that is known */

static void offers_many(talk *t, stream_wire_event event, const stanza_element *element) {
    if (liar_greets(t, event, element)) return;
    if (event != STREAM_WIRE_OPEN) {
        sotto_bytes mechanism = stanza_attribute_of(element, "mechanism");
        snprintf(t->liar_note, sizeof t->liar_note, "%.*s", (int)mechanism.len, (const char *)mechanism.at);
        return;
    }
    liar_writes(t, "<stream:features><mechanisms xmlns='" STREAM_NS_SASL "'>");
    for (size_t i = 0; i < junk; i++) liar_writes(t, "<mechanism>X-UNKNOWN</mechanism>");
    liar_writes(t, "<mechanism>SCRAM-SHA-256</mechanism></mechanisms></stream:features>");
}

/* Later ones do not count. limit: SOTTO_SASL_MECHANISMS_MAX */
static void test_mechanisms(void **state) {
    (void)state;
    talk t;
    junk = SOTTO_SASL_MECHANISMS_MAX - 1;
    talk_whole(&t, &(talk_options){.liar = offers_many});
    assert_int_equal(t.ended, 0);
    assert_string_equal(t.liar_note, "SCRAM-SHA-256");
    talk_free(&t);
    junk++;
    talk_whole(&t, &(talk_options){.liar = offers_many});
    assert_int_equal(t.ended, 1);
    assert_status(t.status, NO_MECHANISM);
    assert_string_equal(t.liar_note, "");
    talk_free(&t);
}

/* ---- resumption ---- */

/* With an id that is too long the stream is one that cannot be resumed. limit: SOTTO_RESUME_ID_BYTES_MAX */
static void test_resume_ids(void **state) {
    (void)state;
    static char id[SOTTO_RESUME_ID_BYTES_MAX + 2];
    for (size_t over = 0; over < 2; over++) {
        talk t;
        memset(id, 'x', sizeof id);
        id[SOTTO_RESUME_ID_BYTES_MAX + over] = 0;
        talk_whole(&t, &(talk_options){.enabled_id = id});
        assert_int_equal(t.onlines, 1);
        assert_int_equal(t.online.resume_id.len, over ? 0 : SOTTO_RESUME_ID_BYTES_MAX);
        assert_int_equal(t.ended, 0);
        assert_fine(stream_client_send(t.client, bytes_text("<presence/>")));
        talk_free(&t);
    }
}

int limits_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_before_login),
        cmocka_unit_test(test_mechanisms),
        cmocka_unit_test(test_resume_ids),
    };
    return cmocka_run_group_tests_name("limits", tests, rig_setup, rig_teardown);
}
