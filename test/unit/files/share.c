/* SPDX-License-Identifier: ISC
 *
 * What messages and services say about files: read strictly, and written so that the reader here and the examples of
 * the specifications agree. */
#include "files_tests.h"

#include <stdio.h>

#include "context/share.h"

static bytes_arena arena;

static int setup(void **state) {
    (void)state;
    bytes_arena_init(&arena, sotto_host_default(), 1u << 22);
    return 0;
}
static int teardown(void **state) {
    (void)state;
    bytes_arena_clear(&arena);
    return 0;
}

static const stanza_element *parse(const char *text) {
    const stanza_element *stanza = NULL;
    assert_true(sotto_ok(stanza_parse(&arena, bytes_text(text), &stanza)));
    return stanza;
}

/* ---- URLs ---- */

static void test_urls(void **state) {
    (void)state;
    static const char *const good[] = {"https://download.montague.tld/4a77/tr%C3%A8s%20cool.jpg", "https://a/",
                                       "https://a:1/x", "https://[::1]:65535/x?y=1", "https://1.2.3.4/x"};
    static const char *const bad[] = {"",
                                      "https://",
                                      "https:///x",
                                      "http://a/x",
                                      "ftp://a/x",
                                      "https://a",
                                      "https://u@a/x",
                                      "https://a:0/x",
                                      "https://a:65536/x",
                                      "https://a:/x",
                                      "https://a:1:2/x",
                                      "https://[::1/x",
                                      "https://a b/x",
                                      "https://a/x y",
                                      "https://a/x#y",
                                      "https://a/\"x\"",
                                      "https://a/\r\nX: y",
                                      "https://a/é",
                                      "HTTPS://a/x",
                                      "https://a\\b/x",
                                      "https://[]/x",
                                      "https://a/<x>",
                                      "file:///etc/passwd"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) assert_true(context_url_is_safe(bytes_text(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(context_url_is_safe(bytes_text(bad[i])));
    assert_true(bytes_is(context_url_last(bytes_text("https://a/b/c.d?e/f")), "c.d"));
    assert_true(bytes_is(context_url_last(bytes_text("https://a/")), ""));
}

/* limit: SOTTO_FILE_URL_BYTES_MAX */
static void test_urls_have_a_length(void **state) {
    (void)state;
    char url[SOTTO_FILE_URL_BYTES_MAX + 2];
    memset(url, 'a', sizeof url);
    memcpy(url, "https://a/", 10);
    assert_true(context_url_is_safe(bytes_of(url, SOTTO_FILE_URL_BYTES_MAX)));
    assert_false(context_url_is_safe(bytes_of(url, SOTTO_FILE_URL_BYTES_MAX + 1)));
}

#define IV12 "8c3d050e9386ec173861778f"
#define KEY  "68e9af38a97aaf82faa4063b4d0878a61261534410c8a84331eaac851759f587"

/* The example of XEP-0454 section 3. */
static void test_aesgcm(void **state) {
    (void)state;
    static const char path[] = "download.montague.tld/4a771ac1-f0b2-4a4a-9700-f2a26fa2bb67/tr%C3%A8s%20cool.jpg";
    char body[400];
    context_share share;
    (void)snprintf(body, sizeof body, "aesgcm://%s#" IV12 KEY, path);
    assert_true(sotto_ok(context_aesgcm_read(&arena, bytes_text(body), &share)));
    assert_int_equal(share.iv.len, 12);
    assert_int_equal(share.iv.at[0], 0x8c);
    assert_int_equal(share.key.len, 32);
    assert_int_equal(share.key.at[31], 0x87);
    assert_memory_equal(share.url.at, "https://", 8);
    assert_true(bytes_is(bytes_after(share.url, 8), path));
    assert_null(memchr(share.url.at, '#', share.url.len));
    char written[400];
    bytes_buffer out;
    sotto_bytes text;
    bytes_buffer_borrowed(&out, written, sizeof written);
    context_aesgcm_write(&out, &share);
    assert_true(sotto_ok(bytes_buffer_end(&out, &text)));
    assert_true(bytes_is(text, body));
    /* With a picture on a second line; and with the IV of 16 bytes of before. */
    (void)snprintf(body, sizeof body, "aesgcm://%s#" IV12 KEY "\ndata:image/jpeg,/9j/4AAQ", path);
    assert_true(sotto_ok(context_aesgcm_read(&arena, bytes_text(body), &share)));
    (void)snprintf(body, sizeof body, "aesgcm://%s#00112233" IV12 KEY, path);
    assert_true(sotto_ok(context_aesgcm_read(&arena, bytes_text(body), &share)));
    assert_int_equal(share.iv.len, 16);
}

static void test_what_is_no_aesgcm(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "look: aesgcm://a/b#" IV12 KEY,
        "aesgcm://a/b",
        "aesgcm://a/b#",
        "aesgcm://a/b#" KEY,
        "aesgcm://a/b#" IV12 KEY "0",
        "aesgcm://a/b#" IV12 KEY "00",
        "aesgcm://a/b#" IV12 KEY " and words",
        "aesgcm://a/b#" IV12 KEY "\nand words",
        "aesgcm://a/b#" IV12 KEY "\ndata:x\nmore",
        "aesgcm://a/b#" IV12 KEY "\n",
        "aesgcm://u:p@a/b#" IV12 KEY,
        "aesgcm:///b#" IV12 KEY,
        "aesgcm://a#" IV12 KEY,
        "aesgcm://a/b#zz3d050e9386ec173861778f" KEY,
        "aesgcm://a/b#x#" IV12 KEY,
        "https://a/b#" IV12 KEY,
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        context_share share;
        assert_int_equal(context_aesgcm_read(&arena, bytes_text(bad[i]), &share).code, SOTTO_E_MALFORMED);
    }
}

/* ---- messages ---- */

#define FILE_PART(name)                                                                                                \
    "<file xmlns='urn:xmpp:file:metadata:0'><media-type>image/jpeg</media-type><name>" name                            \
    "</name><size>3032449</size><hash xmlns='urn:xmpp:hashes:2' algo='sha3-256'>AAAA</hash><hash "                     \
    "xmlns='urn:xmpp:hashes:2' algo='sha-256'>2XarmwTlNxDAMkvymloX3S5+VbylNrJt/l5QyPa+YoU=</hash></file>"
#define SEALED_PART(cipher, key, iv, url)                                                                              \
    "<encrypted xmlns='urn:xmpp:esfs:0' cipher='urn:xmpp:ciphers:" cipher "'><key>" key "</key><iv>" iv                \
    "</iv><sources xmlns='urn:xmpp:sfs:0'><url-data xmlns='http://jabber.org/protocol/url-data' target='" url          \
    "'/></sources></encrypted>"
#define SHARING(file, sealed)                                                                                          \
    "<file-sharing xmlns='urn:xmpp:sfs:0'>" file "<sources>" sealed "</sources></file-sharing>"
#define KEY64 "SuRJ2agVm/pQbJQlPq/B23Xt1YOOJCcEGJA5HrcYOGQ="
#define IV64  "T8RDMBaiqn6Ci4Nw"
#define URL   "https://download.montague.lit/4a77/encrypted.jpg"
#define GOOD  SHARING(FILE_PART("summit.jpg"), SEALED_PART("aes-256-gcm-nopadding:0", KEY64, IV64, URL))

static size_t read_all(const char *text, context_share *ret, sotto_bytes *ret_body) {
    size_t count = 99;
    const stanza_element *message = parse(text);
    assert_true(sotto_ok(context_share_read(&arena, message, ret, SOTTO_FILES_OF_MESSAGE_MAX, &count, ret_body)));
    return count;
}

/* The example of XEP-0448 section 4. */
static void test_a_message_is_read(void **state) {
    (void)state;
    context_share shares[SOTTO_FILES_OF_MESSAGE_MAX];
    sotto_bytes body;
    assert_int_equal(read_all("<message>" GOOD "</message>", shares, &body), 1);
    assert_true(bytes_is(shares[0].url, URL));
    assert_true(bytes_is(shares[0].name, "summit.jpg"));
    assert_true(bytes_is(shares[0].type, "image/jpeg"));
    assert_true(shares[0].has_size && shares[0].size == 3032449);
    assert_int_equal(shares[0].hash.size, 32);
    assert_int_equal(shares[0].sealed.size, 0);
    assert_int_equal(shares[0].key.len, 32);
    assert_int_equal(shares[0].iv.len, 12);
    assert_int_equal(shares[0].cipher, CONTEXT_CIPHER_GCM_256);
    assert_int_equal(body.len, 0);
    /* Words beside a file stay; a body that stands in for it goes. */
    assert_int_equal(read_all("<message><body>look</body>" GOOD "</message>", shares, &body), 1);
    assert_true(bytes_is(body, "look"));
    assert_int_equal(read_all("<message><body>https://x/y</body>" GOOD
                              "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:sfs:0'><body/></fallback></message>",
                              shares, &body),
                     1);
    assert_int_equal(body.len, 0);
    assert_int_equal(read_all("<message><body>aesgcm://a/b#" IV12 KEY "</body></message>", shares, &body), 1);
    assert_int_equal(body.len, 0);
    assert_false(shares[0].has_size);
    assert_int_equal(read_all("<message><body>hello</body></message>", shares, &body), 0);
    assert_true(bytes_is(body, "hello"));
}

static void test_what_cannot_be_read_is_not_offered(void **state) {
    (void)state;
    static const char *const bad[] = {
        SHARING(FILE_PART("a"), ""),
        SHARING(FILE_PART("a"), "<url-data xmlns='http://jabber.org/protocol/url-data' target='" URL "'/>"),
        SHARING(FILE_PART("a"), SEALED_PART("rot13:0", KEY64, IV64, URL)),
        SHARING(FILE_PART("a"), SEALED_PART("aes-256-gcm-nopadding:0", IV64, IV64, URL)),
        SHARING(FILE_PART("a"), SEALED_PART("aes-256-gcm-nopadding:0", KEY64, KEY64, URL)),
        SHARING(FILE_PART("a"), SEALED_PART("aes-256-gcm-nopadding:0", KEY64, "AAAAAAAAAAAAAAAAAAA=", URL)),
        SHARING(FILE_PART("a"), SEALED_PART("aes-256-gcm-nopadding:0", "?", IV64, URL)),
        SHARING(FILE_PART("a"), SEALED_PART("aes-256-gcm-nopadding:0", KEY64, IV64, "http://a/b")),
        SHARING(FILE_PART("a"), SEALED_PART("aes-256-gcm-nopadding:0", KEY64, IV64, "https://u@a/b")),
        SHARING("<file xmlns='urn:xmpp:file:metadata:0'><size>-1</size></file>",
                SEALED_PART("aes-256-gcm-nopadding:0", KEY64, IV64, URL)),
        SHARING("<file xmlns='urn:xmpp:file:metadata:0'><size>99999999999999999999</size></file>",
                SEALED_PART("aes-256-gcm-nopadding:0", KEY64, IV64, URL)),
        /* CBC has no tag: without a hash nothing holds the file together. */
        SHARING("<file xmlns='urn:xmpp:file:metadata:0'><size>1</size></file>",
                SEALED_PART("aes-256-cbc-pkcs7:0", KEY64, "AAAAAAAAAAAAAAAAAAAAAA==", URL)),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[2048];
        context_share shares[SOTTO_FILES_OF_MESSAGE_MAX];
        sotto_bytes body;
        (void)snprintf(text, sizeof text, "<message><body>words</body>%s</message>", bad[i]);
        assert_int_equal(read_all(text, shares, &body), 0);
        assert_true(bytes_is(body, "words"));
        /* And a good one after it is. */
        (void)snprintf(text, sizeof text, "<message>%s" GOOD "</message>", bad[i]);
        assert_int_equal(read_all(text, shares, &body), 1);
    }
}

/* limit: SOTTO_FILES_OF_MESSAGE_MAX */
static void test_so_many_files_of_a_message(void **state) {
    (void)state;
    char *text = malloc(65536);
    context_share shares[SOTTO_FILES_OF_MESSAGE_MAX];
    sotto_bytes body;
    size_t len = (size_t)snprintf(text, 65536, "<message>");
    for (size_t i = 0; i < SOTTO_FILES_OF_MESSAGE_MAX + 1; i++)
        len += (size_t)snprintf(text + len, 65536 - len, "%s", GOOD);
    (void)snprintf(text + len, 65536 - len, "</message>");
    assert_int_equal(read_all(text, shares, &body), SOTTO_FILES_OF_MESSAGE_MAX);
    free(text);
}

static void test_what_is_written_is_read(void **state) {
    (void)state;
    static const uint8_t key[32] = {1, 2, 3}, iv[12] = {4, 5};
    context_share share = {.url = BYTES_LITERAL("https://a.example/b/c.jpg"),
                           .key = bytes_of(key, sizeof key),
                           .iv = bytes_of(iv, sizeof iv),
                           .name = BYTES_LITERAL("a & <b>.jpg"),
                           .type = BYTES_LITERAL("image/jpeg"),
                           .has_size = true,
                           .size = 123456789,
                           .hash = {.size = 32, .bytes = {7}},
                           .sealed = {.size = 64, .bytes = {8}}};
    uint8_t memory[4096];
    bytes_buffer out;
    stanza_writer w;
    sotto_bytes text, body;
    bytes_buffer_borrowed(&out, memory, sizeof memory - 1);
    stanza_writer_init(&w, &out, STANZA_NS_CLIENT);
    stanza_open(&w, "message", STANZA_NS_CLIENT);
    context_share_write(&w, &share);
    stanza_close(&w);
    assert_true(sotto_ok(bytes_buffer_end(&out, &text)));
    memory[text.len] = '\0';
    context_share shares[SOTTO_FILES_OF_MESSAGE_MAX];
    assert_int_equal(read_all((const char *)memory, shares, &body), 1);
    assert_int_equal(body.len, 0);
    assert_true(bytes_equal(shares[0].url, share.url) && bytes_equal(shares[0].name, share.name));
    assert_true(bytes_equal(shares[0].key, share.key) && bytes_equal(shares[0].iv, share.iv));
    assert_true(shares[0].size == share.size && shares[0].hash.size == 32 && shares[0].sealed.size == 64);
    assert_memory_equal(shares[0].sealed.bytes, share.sealed.bytes, 64);
    /* The body alone says the same to those who know only that. */
    const stanza_element *message = parse((const char *)memory);
    context_share of_body;
    sotto_bytes said;
    assert_true(stanza_text(stanza_child(message, "body", STANZA_NS_CLIENT), &arena, &said));
    assert_true(sotto_ok(context_aesgcm_read(&arena, said, &of_body)));
    assert_true(bytes_equal(of_body.key, share.key) && bytes_equal(of_body.url, share.url));
}

/* ---- services ---- */

#define SLOT(put, headers, get)                                                                                        \
    "<iq type='result'><slot xmlns='urn:xmpp:http:upload:0'><put url='" put "'>" headers "</put><get url='" get        \
    "'/></slot></iq>"

static void test_slots(void **state) {
    (void)state;
    context_slot slot;
    assert_true(sotto_ok(
        context_slot_read(parse(SLOT("https://u/x",
                                     "<header name='authorization'>Basic x==</header><header name='Host'>evil</header>"
                                     "<header name='Cookie'>a=b</header>",
                                     "https://d/x")),
                          &arena, &slot)));
    assert_int_equal(slot.header_count, 2); /* XEP-0363 section 5: no other names */
    assert_string_equal(slot.headers[0].name, "Authorization");
    assert_true(bytes_is(slot.headers[1].value, "a=b"));
    static const char *const bad[] = {
        SLOT("http://u/x", "", "https://d/x"),
        SLOT("https://u/x", "", "http://d/x"),
        SLOT("https://u/x", "", "file:///etc/passwd"),
        SLOT("https://u/x", "<header name='Cookie'>a&#13;&#10;X: y</header>", "https://d/x"),
        SLOT("https://u/x", "<header name='Cookie'>a&#10;</header>", "https://d/x"),
        "<iq type='result'/>",
        "<iq type='result'><slot xmlns='urn:xmpp:http:upload:0'><get url='https://d/x'/></slot></iq>",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(context_slot_read(parse(bad[i]), &arena, &slot).code, SOTTO_E_MALFORMED);
}

/* limit: SOTTO_UPLOAD_HEADERS_MAX, SOTTO_UPLOAD_HEADER_BYTES_MAX */
static void test_headers_have_a_number_and_a_length(void **state) {
    (void)state;
    char text[3 * SOTTO_UPLOAD_HEADER_BYTES_MAX], value[SOTTO_UPLOAD_HEADER_BYTES_MAX + 2];
    context_slot slot;
    for (size_t extra = 0; extra < 2; extra++) {
        size_t len =
            (size_t)snprintf(text, sizeof text, "<iq><slot xmlns='urn:xmpp:http:upload:0'><put url='https://u/x'>");
        for (size_t i = 0; i < SOTTO_UPLOAD_HEADERS_MAX + extra; i++)
            len += (size_t)snprintf(text + len, sizeof text - len, "<header name='Cookie'>%zu</header>", i);
        (void)snprintf(text + len, sizeof text - len, "</put><get url='https://d/x'/></slot></iq>");
        assert_int_equal(context_slot_read(parse(text), &arena, &slot).code, extra ? SOTTO_E_TOO_LARGE : 0);
        memset(value, 'v', sizeof value);
        value[SOTTO_UPLOAD_HEADER_BYTES_MAX + extra] = '\0';
        (void)snprintf(text, sizeof text,
                       "<iq><slot xmlns='urn:xmpp:http:upload:0'><put url='https://u/x'><header "
                       "name='Cookie'>%s</header></put><get url='https://d/x'/></slot></iq>",
                       value);
        assert_int_equal(context_slot_read(parse(text), &arena, &slot).code, extra ? SOTTO_E_TOO_LARGE : 0);
    }
}

static void test_services(void **state) {
    (void)state;
    uint64_t most;
    static const char info[] =
        "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#info'><feature var='urn:xmpp:http:upload:0'/>"
        "<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE'><value>urn:xmpp:http:upload:0</value></field>"
        "<field var='max-file-size'><value>5242880</value></field></x></query></iq>";
    assert_true(context_upload_read(parse(info), &arena, &most));
    assert_true(most == 5242880);
    assert_false(context_upload_read(
        parse("<iq><query xmlns='http://jabber.org/protocol/disco#info'><feature var='x'/></query></iq>"), &arena,
        &most));
    sotto_bytes found[SOTTO_UPLOAD_SERVICES_MAX];
    size_t count = 0;
    context_services_read(
        parse("<iq><query xmlns='http://jabber.org/protocol/disco#items'><item jid='A.example'/><item "
              "jid='b' node='n'/><other jid='c'/><item/><item jid='d/r'/><item jid='a.example'/><item "
              "jid='u@e'/></query></iq>"),
        &arena, found, &count);
    assert_int_equal(count, 2);
    assert_true(bytes_is(found[0], "a.example") && bytes_is(found[1], "u@e"));
    const stanza_element *refusal =
        parse("<iq type='error'><error type='modify'><not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
              "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>File too large.</text><file-too-large "
              "xmlns='urn:xmpp:http:upload:0'><max-file-size>20000</max-file-size></file-too-large></error></iq>");
    assert_true(bytes_is(context_slot_refusal(refusal, &arena, &most), "File too large."));
    assert_true(most == 20000);
}

/* limit: SOTTO_UPLOAD_SERVICES_MAX */
static void test_so_many_services(void **state) {
    (void)state;
    char text[8192];
    sotto_bytes found[SOTTO_UPLOAD_SERVICES_MAX];
    size_t count = 0,
           len = (size_t)snprintf(text, sizeof text, "<iq><query xmlns='http://jabber.org/protocol/disco#items'>");
    for (size_t i = 0; i < SOTTO_UPLOAD_SERVICES_MAX + 5; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "<item jid='s%zu'/>", i);
    (void)snprintf(text + len, sizeof text - len, "</query></iq>");
    context_services_read(parse(text), &arena, found, &count);
    assert_int_equal(count, SOTTO_UPLOAD_SERVICES_MAX);
}

int run_share_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_urls_have_a_length),
        cmocka_unit_test(test_aesgcm),
        cmocka_unit_test(test_what_is_no_aesgcm),
        cmocka_unit_test(test_a_message_is_read),
        cmocka_unit_test(test_what_cannot_be_read_is_not_offered),
        cmocka_unit_test(test_so_many_files_of_a_message),
        cmocka_unit_test(test_what_is_written_is_read),
        cmocka_unit_test(test_slots),
        cmocka_unit_test(test_headers_have_a_number_and_a_length),
        cmocka_unit_test(test_services),
        cmocka_unit_test(test_so_many_services),
    };
    return cmocka_run_group_tests_name("shares", tests, setup, teardown);
}
