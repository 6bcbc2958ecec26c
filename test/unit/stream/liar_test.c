/* SPDX-License-Identifier: ISC
 *
 * Servers that lie, and people between who change what an honest one says. */
#include <sotto/limits.h>
#include <stdlib.h>

#include "bytes/base64.h"
#include "groups.h"
#include "rig.h"
#include "stream/names.h"
#include "stream/scram.h"

/* ---- before TLS ---- */

static const char *clear_says; /* in answer to the first header, the header excluded */
static const char *clear_after_starttls;

static void lies_in_clear(talk *t, stream_wire_event event, const stanza_element *element) {
    (void)element;
    if (event == STREAM_WIRE_OPEN) liar_writes(t, clear_says);
    if (event == STREAM_WIRE_ELEMENT) liar_writes(t, clear_after_starttls);
}

static void clear_ends(const char *says, const char *after, int code, const char *text) {
    talk t;
    clear_says = says;
    clear_after_starttls = after;
    talk_whole(&t, &(talk_options){.liar = lies_in_clear});
    assert_int_equal(t.ended, 1);
    if (t.status.code != code) fail_msg("%s: %s", says, sotto_status_name(t.status));
    if (!strstr(t.text, text)) fail_msg("\"%s\" is not in \"%s\"", text, t.text);
    assert_false(talk_has(&t.from_client, "auth"));
    assert_false(talk_has(&t.from_client, "juliet"));
    talk_free(&t);
}

#define HEADER_FROM(from)                                                                                              \
    "<stream:stream xmlns='jabber:client' xmlns:stream='" STREAM_NS_STREAM "' version='1.0' " from ">"
#define HEADER           HEADER_FROM("from='capulet.example'")
#define STARTTLS         "<stream:features><starttls xmlns='" STREAM_NS_TLS "'/></stream:features>"
#define PROCEED          "<proceed xmlns='" STREAM_NS_TLS "'/>"
#define ERROR(condition) "<stream:error><" condition " xmlns='" STREAM_NS_ERRORS "'/></stream:error></stream:stream>"

static void test_starttls_refused(void **state) {
    (void)state;
    clear_ends(HEADER STARTTLS, "<failure xmlns='" STREAM_NS_TLS "'/></stream:stream>", SOTTO_E_NO_TLS, "refused");
    clear_ends(HEADER "<stream:features/>", "", SOTTO_E_NO_TLS, "no TLS");
    clear_ends(HEADER "<stream:features><mechanisms xmlns='" STREAM_NS_SASL
                      "'><mechanism>SCRAM-SHA-1</mechanism></mechanisms></stream:features>",
               "", SOTTO_E_NO_TLS, "no TLS");
}

/* RFC 6120 section 5.4.3.3; the class of CVE-2021-38371: what was put behind <proceed/> in the clear must not be taken
 * for what came through TLS. Not even a blank passes. */
static void test_injected(void **state) {
    (void)state;
    clear_ends(HEADER STARTTLS, PROCEED HEADER "<stream:features/>", SOTTO_E_BAD_SERVER, "<proceed/>");
    clear_ends(HEADER STARTTLS, PROCEED " ", SOTTO_E_BAD_SERVER, "<proceed/>");
    clear_ends(HEADER STARTTLS, PROCEED "\n", SOTTO_E_BAD_SERVER, "<proceed/>");
}

/* The same bytes a moment later are no TLS record. */
static void injects_later(talk *t, stream_wire_event event, const stanza_element *element) {
    if (liar_greets(t, event, element) && stream_wire_tls(t->liar) && t->liar_at++ == 0) {
        sotto_bytes bytes;
        assert_fine(stream_wire_take(t->liar, &bytes));
        assert_fine(stream_client_received(t->client, bytes));
        stream_client_output out;
        assert_fine(stream_client_next(t->client, &out)); /* it reads <proceed/> and says hello */
        assert_int_equal(out.kind, STREAM_BYTES);
        assert_fine(stream_client_received(t->client, bytes_text("<stream:features/>")));
    }
}

static void test_injected_later(void **state) {
    (void)state;
    talk t;
    talk_whole(&t, &(talk_options){.liar = injects_later});
    assert_int_equal(t.ended, 1);
    assert_status(t.status, TLS_FAILED);
    talk_free(&t);
}

static void test_wrong_header(void **state) {
    (void)state;
    clear_ends(HEADER_FROM("from='montague.example'") STARTTLS, "", SOTTO_E_BAD_SERVER, "another domain");
    clear_ends(HEADER_FROM("from='juliet@capulet.example'") STARTTLS, "", SOTTO_E_BAD_SERVER, "another domain");
    clear_ends(HEADER_FROM("from='capulet.example/x'") STARTTLS, "", SOTTO_E_BAD_SERVER, "another domain");
    clear_ends(HEADER_FROM("") STARTTLS, "", SOTTO_E_BAD_SERVER, "another domain");
    clear_ends("<stream:stream xmlns='jabber:client' xmlns:stream='" STREAM_NS_STREAM
               "' from='capulet.example'>" STARTTLS,
               "", SOTTO_E_BAD_SERVER, "version");
    clear_ends("<html><body>", "", SOTTO_E_BAD_SERVER, "");
    clear_ends("HTTP/1.1 200 OK\r\n\r\n", "", SOTTO_E_BAD_SERVER, "");
    clear_ends(HEADER "<message/>", "", SOTTO_E_BAD_SERVER, "features");
    clear_ends(HEADER "<!-- -->", "", SOTTO_E_BAD_SERVER, "comment");
    clear_ends("<!DOCTYPE x [<!ENTITY a 'b'>]>" HEADER STARTTLS, "", SOTTO_E_BAD_SERVER, "DTD");
    clear_ends(HEADER "</stream:stream>", "", SOTTO_E_CLOSED, "closed");
}

/* The header's `from` in capitals is the same domain. */
static void test_same_header(void **state) {
    (void)state;
    clear_ends(HEADER_FROM("from='CAPULET.example'") "<stream:features/>", "", SOTTO_E_NO_TLS, "");
}

static void test_stream_errors(void **state) {
    (void)state;
    clear_ends(HEADER ERROR("host-unknown"), "", SOTTO_E_HOST_UNKNOWN, "host-unknown");
    clear_ends(HEADER_FROM("") ERROR("host-gone"), "", SOTTO_E_HOST_UNKNOWN, "host-gone");
    clear_ends(HEADER ERROR("system-shutdown"), "", SOTTO_E_STREAM_ERROR, "system-shutdown");
    clear_ends(HEADER "<stream:error/>", "", SOTTO_E_STREAM_ERROR, "undefined-condition");
    clear_ends(HEADER "<stream:error><policy-violation xmlns='" STREAM_NS_ERRORS "'/><text xmlns='" STREAM_NS_ERRORS
                      "'>too\x7f\n many</text></stream:error>",
               "", SOTTO_E_STREAM_ERROR, "policy-violation: too   many");
    clear_ends(HEADER "<stream:error><reset xmlns='" STREAM_NS_ERRORS "'/><text xmlns='" STREAM_NS_ERRORS "'>\xc2\x9b"
                      "31m\xc3\xa4</text></stream:error>",
               "", SOTTO_E_STREAM_ERROR, "reset:   31m\xc3\xa4");
    /* Anybody may have written this one: it is not followed. */
    clear_ends(HEADER "<stream:error><see-other-host xmlns='" STREAM_NS_ERRORS
                      "'>attacker.example</see-other-host></stream:error>",
               "", SOTTO_E_STREAM_ERROR, "see-other-host");
}

static void test_too_much(void **state) {
    (void)state;
    size_t size = 70000;
    char *says = malloc(size + sizeof HEADER + 32);
    assert_non_null(says);
    size_t at = (size_t)sprintf(says, "%s<stream:features a='", HEADER);
    memset(says + at, 'x', size);
    says[at + size] = 0;
    clear_ends(says, "", SOTTO_E_BAD_SERVER, "limit");
    free(says);
}

/* ---- the login ---- */

/* What the liar offers, and what it answers to each message of the client: a text, "%r" standing for the client's
 * nonce; NULL ends it. */
static const char *offer_text;
static struct {
    const char *element; /* "challenge", "success", "failure" */
    const char *data;    /* before base64; NULL: none */
} answers[4];

#define MECHANISM(name)  "<mechanism>" name "</mechanism>"
#define MECHANISMS(list) "<mechanisms xmlns='" STREAM_NS_SASL "'>" list "</mechanisms>"
#define BINDINGS(list)   "<sasl-channel-binding xmlns='" STREAM_NS_BINDINGS "'>" list "</sasl-channel-binding>"
#define TYPE(name)       "<channel-binding type='" name "'/>"

static void decode(const stanza_element *element, char *out, size_t size) {
    bytes_arena arena;
    bytes_arena_init(&arena, sotto_host_default(), 65536);
    sotto_bytes text;
    bytes_buffer plain;
    bytes_buffer_borrowed(&plain, out, size - 1);
    assert_true(stanza_text(element, &arena, &text));
    assert_fine(bytes_base64_get(&plain, text));
    out[plain.len] = 0;
    bytes_arena_clear(&arena);
}

static void say(talk *t, const char *name, const char *data) {
    bytes_buffer *out = stream_wire_out(t->liar);
    bytes_buffer_text(out, "<");
    bytes_buffer_text(out, name);
    bytes_buffer_text(out, " xmlns='" STREAM_NS_SASL "'>");
    const char *nonce = strstr(t->liar_note, "r="), *place = data ? strstr(data, "%r") : NULL;
    char filled[1024];
    if (place) {
        assert_non_null(nonce);
        (void)snprintf(filled, sizeof filled, "%.*s%s%s", (int)(place - data), data, nonce + 2, place + 2);
        data = filled;
    }
    if (data) bytes_base64_put(out, bytes_text(data));
    bytes_buffer_text(out, "</");
    bytes_buffer_text(out, name);
    bytes_buffer_text(out, ">");
}

/* liar_note keeps "MECHANISM gs2,n=..,r=.." of <auth/>. */
static void lies_in_login(talk *t, stream_wire_event event, const stanza_element *element) {
    if (liar_greets(t, event, element)) return;
    if (event == STREAM_WIRE_OPEN) {
        liar_writes(t, "<stream:features>");
        liar_writes(t, offer_text);
        liar_writes(t, "</stream:features>");
        return;
    }
    if (stanza_is(element, "auth", STREAM_NS_SASL)) {
        sotto_bytes mechanism = stanza_attribute_of(element, "mechanism");
        int at = snprintf(t->liar_note, 64, "%.*s ", (int)mechanism.len, (const char *)mechanism.at);
        decode(element, t->liar_note + at, sizeof t->liar_note - (size_t)at);
    }
    if (t->liar_at < 4 && answers[t->liar_at].element) say(t, answers[t->liar_at].element, answers[t->liar_at].data);
    t->liar_at++;
}

static void login_ends(const char *first, const char *second, const char *third, const char *third_data, int code) {
    offer_text = MECHANISMS(MECHANISM("SCRAM-SHA-256"));
    memset(answers, 0, sizeof answers);
    answers[0].element = "challenge";
    answers[0].data = first;
    answers[1].element = second ? "challenge" : third;
    answers[1].data = second ? second : third_data;
    if (second) {
        answers[2].element = third;
        answers[2].data = third_data;
    }
    talk t;
    talk_whole(&t, &(talk_options){.liar = lies_in_login});
    assert_int_equal(t.onlines, 0);
    assert_int_equal(t.ended, 1);
    if (t.status.code != code) fail_msg("%s: %s (%s)", first, sotto_status_name(t.status), t.text);
    talk_free(&t);
}

#define FINE_FIRST      "r=%rX,s=QSXC,i=4096"
#define FALSE_SIGNATURE "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

static void test_server_unproven(void **state) {
    (void)state;
    login_ends(FINE_FIRST, NULL, "success", FALSE_SIGNATURE, SOTTO_E_SERVER_UNPROVEN);
    login_ends(FINE_FIRST, NULL, "success", NULL, SOTTO_E_SERVER_UNPROVEN);
    login_ends(FINE_FIRST, NULL, "success", "x=y", SOTTO_E_SERVER_UNPROVEN);
    login_ends(FINE_FIRST, FALSE_SIGNATURE, "success", NULL, SOTTO_E_SERVER_UNPROVEN);
    login_ends(FINE_FIRST, "", "success", NULL, SOTTO_E_SERVER_UNPROVEN);
    login_ends(FINE_FIRST, NULL, "success", "e=invalid-proof", SOTTO_E_NOT_AUTHORIZED);
    /* at once, without any exchange */
    offer_text = MECHANISMS(MECHANISM("SCRAM-SHA-256"));
    for (int data = 0; data < 2; data++) {
        memset(answers, 0, sizeof answers);
        answers[0].element = "success";
        answers[0].data = data ? FALSE_SIGNATURE : NULL;
        talk t;
        talk_whole(&t, &(talk_options){.liar = lies_in_login});
        assert_status(t.status, SERVER_UNPROVEN);
        assert_int_equal(t.ended, 1);
        talk_free(&t);
    }
}

static void test_hostile_scram(void **state) {
    (void)state;
    login_ends("r=X,s=QSXC,i=4096", NULL, NULL, NULL, SOTTO_E_BAD_SERVER);
    login_ends("r=%r,s=QSXC,i=4096", NULL, NULL, NULL, SOTTO_E_BAD_SERVER);
    login_ends("r=%rX,s=QSXC,i=1", NULL, NULL, NULL, SOTTO_E_BAD_SERVER);
    login_ends("r=%rX,s=QSXC,i=1000000000", NULL, NULL, NULL, SOTTO_E_BAD_SERVER);
    login_ends("m=x,r=%rX,s=QSXC,i=4096", NULL, NULL, NULL, SOTTO_E_BAD_SERVER);
    login_ends("nonsense", NULL, NULL, NULL, SOTTO_E_BAD_SERVER);
    login_ends("", NULL, NULL, NULL, SOTTO_E_BAD_SERVER);
}

static void answers_raw(talk *t, stream_wire_event event, const stanza_element *element) {
    if (liar_greets(t, event, element)) return;
    liar_writes(t, event == STREAM_WIRE_OPEN
                       ? "<stream:features>" MECHANISMS(MECHANISM("SCRAM-SHA-1")) "</stream:features>"
                       : clear_says);
}

static void raw_ends(const char *says, int code, const char *text) {
    talk t;
    clear_says = says;
    talk_whole(&t, &(talk_options){.liar = answers_raw});
    assert_int_equal(t.ended, 1);
    if (t.status.code != code) fail_msg("%s: %s", says, sotto_status_name(t.status));
    if (!strstr(t.text, text)) fail_msg("\"%s\" is not in \"%s\"", text, t.text);
    talk_free(&t);
}

#define FAILURE(inside) "<failure xmlns='" STREAM_NS_SASL "'>" inside "</failure>"

static void test_failures(void **state) {
    (void)state;
    raw_ends(FAILURE("<not-authorized/>"), SOTTO_E_NOT_AUTHORIZED, "not-authorized");
    raw_ends(FAILURE("<account-disabled/><text>Come back later.</text>"), SOTTO_E_LOGIN_REFUSED,
             "account-disabled: Come back later.");
    raw_ends(FAILURE("<text>Hm.</text><credentials-expired/>"), SOTTO_E_LOGIN_REFUSED, "credentials-expired: Hm.");
    raw_ends(FAILURE("<temporary-auth-failure/>"), SOTTO_E_LOGIN_REFUSED, "temporary");
    raw_ends(FAILURE(""), SOTTO_E_LOGIN_REFUSED, "");
    raw_ends("<challenge xmlns='" STREAM_NS_SASL "'>no base64!</challenge>", SOTTO_E_BAD_SERVER, "form");
    raw_ends("<challenge xmlns='" STREAM_NS_SASL "'/>", SOTTO_E_BAD_SERVER, "form");
    raw_ends("<iq type='get' id='1'><query xmlns='jabber:iq:auth'/></iq>", SOTTO_E_BAD_SERVER, "something else");
    raw_ends("<stream:features/>", SOTTO_E_BAD_SERVER, "something else");
}

/* ---- channel binding: what is offered and what is made of it (XEP-0440) ---- */

static void chooses(const char *offers, const char *expected) {
    talk t;
    offer_text = offers;
    memset(answers, 0, sizeof answers);
    talk_whole(&t, &(talk_options){.liar = lies_in_login});
    assert_int_equal(t.ended, 0);
    if (strncmp(t.liar_note, expected, strlen(expected)) != 0) fail_msg("%s: %s", offers, t.liar_note);
    talk_free(&t);
}

static void aborts(const char *offers, const char *text) {
    talk t;
    offer_text = offers;
    talk_whole(&t, &(talk_options){.liar = lies_in_login});
    assert_int_equal(t.ended, 1);
    assert_status(t.status, NO_MECHANISM);
    if (!strstr(t.text, text)) fail_msg("\"%s\" is not in \"%s\"", text, t.text);
    assert_string_equal(t.liar_note, "");
    talk_free(&t);
}

#define PLAIN_AND_PLUS MECHANISMS(MECHANISM("SCRAM-SHA-256") MECHANISM("SCRAM-SHA-256-PLUS"))
#define PLAIN_ONLY     MECHANISMS(MECHANISM("SCRAM-SHA-256"))

static void test_channel_binding(void **state) {
    (void)state;
    chooses(PLAIN_AND_PLUS BINDINGS(TYPE("tls-exporter")), "SCRAM-SHA-256-PLUS p=tls-exporter,,n=juliet,r=");
    chooses(PLAIN_AND_PLUS BINDINGS(TYPE("tls-server-end-point") TYPE("tls-exporter")),
            "SCRAM-SHA-256-PLUS p=tls-exporter,,");
    chooses(PLAIN_AND_PLUS BINDINGS(TYPE("tls-server-end-point") TYPE("tls-unique")), "SCRAM-SHA-256 n,,");
    /* -PLUS without a list: which type is meant cannot be known (ejabberd 23.01 means tls-unique). */
    chooses(PLAIN_AND_PLUS, "SCRAM-SHA-256 n,,");
    /* Nothing of the kind: a server that did offer it will see that somebody took it away. */
    chooses(PLAIN_ONLY, "SCRAM-SHA-256 y,,");
    chooses(MECHANISMS(MECHANISM("PLAIN") MECHANISM("SCRAM-SHA-1") MECHANISM("SCRAM-SHA-512")), "SCRAM-SHA-1 y,,");
    chooses(MECHANISMS(MECHANISM("SCRAM-SHA-512-PLUS") MECHANISM("SCRAM-SHA-1")) BINDINGS(TYPE("tls-exporter")),
            "SCRAM-SHA-1 n,,");
    aborts(PLAIN_ONLY BINDINGS(TYPE("tls-exporter")), "removed");
    aborts(PLAIN_AND_PLUS BINDINGS(TYPE("x-nonsense")), "changed");
    aborts(MECHANISMS(MECHANISM("PLAIN")), "PLAIN");
    aborts(MECHANISMS(""), "no login");
    aborts("", "no login");
}

/* Somebody between: TLS to us with a certificate we accept, TLS to the server, the login relayed as it is. The server
 * sees another binding. */
static stream_scram_server *relay;

static void relays(talk *t, stream_wire_event event, const stanza_element *element) {
    if (liar_greets(t, event, element)) return;
    char text[2048];
    bytes_buffer out;
    bytes_buffer_borrowed(&out, text, sizeof text - 1);
    if (event == STREAM_WIRE_OPEN) {
        liar_writes(t, "<stream:features>" PLAIN_AND_PLUS BINDINGS(TYPE("tls-exporter")) "</stream:features>");
    } else if (stanza_is(element, "auth", STREAM_NS_SASL)) {
        stream_scram_keys keys;
        sotto_bytes name;
        decode(element, t->liar_note, sizeof t->liar_note);
        assert_fine(stream_scram_server_read_first(relay, bytes_text(t->liar_note), &name));
        assert_fine(stream_scram_keys_derive(&keys, CRYPTO_SHA256, sotto_host_default(), bytes_text(RIG_PASSWORD),
                                             bytes_text("salt"), 4096));
        assert_fine(stream_scram_server_first(relay, &keys, &out));
        text[out.len] = 0;
        say(t, "challenge", text);
    } else {
        decode(element, t->liar_note, sizeof t->liar_note);
        assert_status(stream_scram_server_final(relay, bytes_text(t->liar_note), &out), NOT_AUTHORIZED);
        liar_writes(t, FAILURE("<not-authorized/>"));
    }
}

static void test_relayed_login(void **state) {
    (void)state;
    stream_scram_offer offer = {.host = sotto_host_default(),
                                .mechanism = stream_mechanism_named(BYTES_LITERAL("SCRAM-SHA-256-PLUS")),
                                .binding = BYTES_LITERAL("the connection to the real server"),
                                .plus_offered = true};
    assert_fine(stream_scram_server_new(&relay, &offer));
    talk t;
    talk_whole(&t, &(talk_options){.liar = relays});
    assert_int_equal(t.ended, 1);
    assert_status(t.status, NOT_AUTHORIZED);
    talk_free(&t);
    stream_scram_server_free(relay);
}

/* ---- redirections inside TLS ---- */

static const char *other_host;

static void redirects(talk *t, stream_wire_event event, const stanza_element *element) {
    if (liar_greets(t, event, element)) return;
    liar_writes(t, "<stream:error><see-other-host xmlns='" STREAM_NS_ERRORS "'>");
    liar_writes(t, other_host);
    liar_writes(t, "</see-other-host></stream:error></stream:stream>");
}

static void redirected(const char *where, const char *host, uint16_t port) {
    talk t;
    other_host = where;
    talk_whole(&t, &(talk_options){.liar = redirects});
    /* followed only so often */
    assert_int_equal(t.connects, 1 + SOTTO_REDIRECTS_MAX);
    assert_string_equal(t.connect_name, host);
    assert_int_equal(t.connect_port, port);
    assert_int_equal(t.ended, 1);
    assert_status(t.status, STREAM_ERROR);
    assert_int_equal(t.verdicts, 1 + SOTTO_REDIRECTS_MAX);
    assert_int_equal(t.disconnects, t.connects);
    talk_free(&t);
}

/* limit: SOTTO_REDIRECTS_MAX */
static void test_redirects(void **state) {
    (void)state;
    redirected("b.capulet.example", "b.capulet.example", 5222);
    redirected("b.capulet.example:9999", "b.capulet.example", 9999);
    redirected("[2001:db8::1]:9222", "2001:db8::1", 9222);
    redirected("[2001:db8::1]", "2001:db8::1", 5222);
    static const char *const bad[] = {"", ":5222", "b.example:99999", "b.example:x", "[2001:db8::1", "[]:1", "[::1]x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        talk t;
        other_host = bad[i];
        talk_whole(&t, &(talk_options){.liar = redirects});
        assert_int_equal(t.connects, 1);
        assert_status(t.status, STREAM_ERROR);
        talk_free(&t);
    }
}

int liar_group(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_starttls_refused), cmocka_unit_test(test_injected),
        cmocka_unit_test(test_injected_later),   cmocka_unit_test(test_wrong_header),
        cmocka_unit_test(test_same_header),      cmocka_unit_test(test_stream_errors),
        cmocka_unit_test(test_too_much),         cmocka_unit_test(test_server_unproven),
        cmocka_unit_test(test_hostile_scram),    cmocka_unit_test(test_failures),
        cmocka_unit_test(test_channel_binding),  cmocka_unit_test(test_relayed_login),
        cmocka_unit_test(test_redirects),
    };
    return cmocka_run_group_tests_name("liar", tests, rig_setup, rig_teardown);
}
