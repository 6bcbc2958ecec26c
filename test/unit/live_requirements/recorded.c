/* SPDX-License-Identifier: ISC
 *
 * Not a test by itself: prints all that went over the wire in four sessions of two people, what their keys came from
 * (in the form of SSLKEYLOGFILE), and everything that both of them keep afterwards, in OMEMO's records too.
 * tools/live-thief tries to open the wire with what they keep. */
#include "people.h"

#include <openssl/ssl.h>

#include "tls/parts.h"

static void print_secret(const SSL *ssl, const char *line) {
    (void)ssl;
    printf("%s\n", line);
}

static void print_hex(sotto_bytes bytes) {
    for (size_t i = 0; i < bytes.len; i++) printf("%02x", bytes.at[i]);
}

static sotto_status print_record(void *arg, sotto_bytes key, sotto_bytes value) {
    printf("kept %s ", (const char *)arg);
    print_hex(key);
    printf(" ");
    print_hex(value);
    printf("\n");
    return SOTTO_OK;
}

static void print_store(const device *d, const char *name) {
    char at[8];
    snprintf(at, sizeof at, "%s", name);
    assert_ok(d->store.inner->methods->scan(d->store.inner, BYTES_NONE, print_record, at));
}

static void print_wire(const talk *k) {
    sotto_bytes saw = lab_server_saw(k->t.w.server);
    while (saw.len > 0) {
        const uint8_t *end = memchr(saw.at, '\n', saw.len);
        assert_non_null(end);
        size_t len = (size_t)(end - saw.at);
        if (memmem(saw.at, len, "<live ", 6) != NULL && memmem(saw.at, len, " from=", 6) != NULL)
            printf("%.*s\n", (int)len, (const char *)saw.at);
        saw = bytes_after(saw, len + 1);
    }
}

static void listen_to(const device *d) {
    SSL_CTX_set_keylog_callback(people_inside(d)->client->ssl, print_secret);
    SSL_CTX_set_keylog_callback(people_inside(d)->server->ssl, print_secret);
}

/* Messages go by OMEMO here, and a request in a live session. */
static void ask(talk *k, unsigned number) {
    char stanza[256];
    device *from = number % 2 == 0 ? k->t.juliet : k->t.romeo;
    snprintf(stanza, sizeof stanza, "<iq type='get' id='q%u' to='%s'><query xmlns='urn:%s'/></iq>", number,
             number % 2 == 0 ? ORCHARD : BALCONY, SECRET);
    device_send(from, stanza);
    live_run(k);
    snprintf(stanza, sizeof stanza, "<iq type='result' id='q%u' to='%s'/>", number,
             number % 2 == 0 ? BALCONY : ORCHARD);
    device_send(from == k->t.juliet ? k->t.romeo : k->t.juliet, stanza);
    live_run(k);
}

static void record(void **state) {
    (void)state;
    talk k;
    people_meet(&k, LIVE_AND_STORED);
    people_talk(&k);
    listen_to(k.t.juliet);
    for (unsigned i = 0; i < 4; i++) {
        ask(&k, i);
        assert_int_equal(people_count_in(i % 2 == 0 ? k.t.romeo : k.t.juliet, "urn:" SECRET), i / 2 + 1);
        if (i == 2) print_store(k.t.romeo, "while"); /* the session is still used */
        people_begin_anew(&k);
    }
    print_wire(&k);
    print_store(k.t.juliet, "juliet");
    print_store(k.t.romeo, "romeo");
    world_end(&k.t.w);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(record)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
