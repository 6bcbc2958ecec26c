/* SPDX-License-Identifier: ISC
 *
 * Section 5 of the requirements, but for generality. Implementability is answered in prose, in doc/xtls.xml. */
#include "people.h"

/* ---- usability ---- */

/* Two programs that never heard of each other: people write, and that is all they do. */
static void req_usability_nothing_has_to_be_done(void **state) {
    (void)state;
    talk k;
    people_meet(&k, LIVE_ALONE);
    people_talk(&k);
    people_assert_closed(&k);
    device_crash(k.t.juliet, false); /* nor on any other day */
    device_crash(k.t.romeo, false);
    live_run(&k);
    live_pass(&k, 86400000u);
    people_talk(&k);
    assert_int_equal(device_told_count(k.t.juliet, SOTTO_EVENT_REFUSED, -1), 0);
    assert_int_equal(device_told_count(k.t.juliet, SOTTO_EVENT_QUARANTINED, -1), 0);
    assert_int_equal(device_told_count(k.t.romeo, SOTTO_EVENT_QUARANTINED, -1), 0);
    world_end(&k.t.w);
}

/* One wish and one yes each; eight letters and digits. */
static void req_usability_eight_characters_once(void **state) {
    (void)state;
    talk k;
    char hers[16], his[16];
    people_meet(&k, LIVE_AND_STORED);
    people_talk(&k);
    device_send(k.t.juliet, "<iq type='get' id='q' to='" ORCHARD "'><query xmlns='urn:q'/></iq>"); /* a live session */
    live_run(&k);
    people_compare(k.t.juliet, ROMEO);
    people_compare(k.t.romeo, JULIET);
    people_string(k.t.juliet, ROMEO, hers);
    people_string(k.t.romeo, JULIET, his);
    assert_int_equal(strlen(hers), 8);
    assert_int_equal(strspn(hers, "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"), 8);
    assert_string_equal(hers, his);
    people_compared(k.t.juliet, ROMEO, true);
    people_compared(k.t.romeo, JULIET, true);
    /* That was for their live keys and for OMEMO's. */
    assert_int_equal(people_trust(k.t.juliet, ROMEO, k.t.romeo), SOTTO_TRUST_VERIFIED);
    assert_int_equal(people_trust(k.t.romeo, JULIET, k.t.juliet), SOTTO_TRUST_VERIFIED);
    people_talk(&k);
    assert_string_equal(k.t.romeo->read[k.t.romeo->read_len - 1].seal, "omemo:2");
    assert_int_equal(k.t.romeo->read[k.t.romeo->read_len - 1].trust, SOTTO_TRUST_VERIFIED);
    world_end(&k.t.w);
}

/* ---- efficiency ---- */

static size_t bytes_of_run(talk *k, device *from, const char *to, const char *text) {
    size_t before = lab_server_saw(k->t.w.server).len;
    device_say(from, to, text);
    live_run(k);
    return lab_server_saw(k->t.w.server).len - before;
}

/* An iq and its result; then the third stanza carries data. With a secret of before it is the same number, and fewer
 * bytes. How fast: bench/live. */
static void req_efficiency_two_stanzas_before_data(void **state) {
    (void)state;
    talk k;
    size_t sizes[2];
    people_meet(&k, LIVE_ALONE);
    for (unsigned i = 0; i < 2; i++) {
        unsigned seen = k.h.seen, read = 0;
        size_t had = k.t.romeo->read_len, before = lab_server_saw(k.t.w.server).len;
        device_say(k.t.juliet, ROMEO, "hello");
        for (bool busy = true; busy && k.t.romeo->read_len == had;) {
            busy = device_turn(k.t.juliet);
            busy = device_turn(k.t.romeo) || busy;
            read = k.h.seen - seen;
        }
        assert_int_equal(read, 3 + (k.t.romeo->read_len == had)); /* its acknowledgement leaves after that */
        sizes[i] = lab_server_saw(k.t.w.server).len - before;
        live_run(&k);
        assert_int_equal(k.t.romeo->read_len, had + 1);
        people_begin_anew(&k);
    }
    assert_true(sizes[1] < sizes[0] && sizes[0] < 12000);
    print_message("bytes until data is there: %zu at first contact, %zu resumed\n", sizes[0], sizes[1]);
    world_end(&k.t.w);
}

/* Less on the wire than the same message by OMEMO for one device. */
static void req_efficiency_a_message_is_small(void **state) {
    (void)state;
    talk live, stored;
    people_meet(&live, LIVE_ALONE);
    people_talk(&live);
    size_t by_live = bytes_of_run(&live, live.t.juliet, ROMEO, "wilt thou be gone?");
    world_end(&live.t.w);
    people_meet(&stored, LIVE_AND_STORED);
    people_talk(&stored);
    size_t by_omemo = bytes_of_run(&stored, stored.t.juliet, ROMEO, "wilt thou be gone?");
    assert_string_equal(stored.t.romeo->read[stored.t.romeo->read_len - 1].seal, "omemo:2");
    world_end(&stored.t.w);
    print_message("bytes of a message, its acknowledgement included: %zu live, %zu by OMEMO\n", by_live, by_omemo);
    assert_true(by_live < 3000);
}

/* ---- flexibility ---- */

/* Turns until one of them is asked for something that a host does (looking at certificates, at a keyring). */
static uint64_t job_of(talk *k, device *d, live_statement_request *ret, sotto_bytes *ret_request) {
    for (bool busy = true; busy;) {
        busy = false;
        for (size_t i = 0; i < k->t.w.count; i++) {
            device *other = k->t.w.devices[i];
            busy = device_turn(other) || busy;
            if (other != d || !d->pending || d->output.kind != SOTTO_OUTPUT_JOB) continue;
            assert_true(bytes_arena_copy(&k->t.w.arena, d->output.request, ret_request));
            assert_ok(live_statement_request_read(*ret_request, ret));
            return d->output.job;
        }
    }
    fail_msg("nobody was asked");
    return 0;
}

static sotto_bytes statement_of(uint8_t *room, size_t size, live_statement_type type) {
    static uint8_t signature[64], certificate[300], fingerprint[20];
    bytes_buffer out;
    sotto_bytes body;
    live_statement said = {.made = 1700000000, .signature = bytes_of(signature, sizeof signature)};
    if (type == LIVE_STATEMENT_X509) {
        said.certificates[0] = bytes_of(certificate, sizeof certificate);
        said.certificate_count = 1;
    } else {
        said.fingerprint = bytes_of(fingerprint, sizeof fingerprint);
    }
    bytes_buffer_borrowed(&out, room, size);
    live_statement_write(&out, type, &said);
    assert_ok(bytes_buffer_end(&out, &body));
    return body;
}

/* X.509 and OpenPGP stand behind a live key, for whoever wants that: under `ca` it is sent to as soon as the host says
 * that the statement holds, and not before. (Whether it does: test/unit/tls, test/unit/app.) */
static void req_flexibility_x509_and_openpgp(void **state) {
    (void)state;
    for (uint32_t type = LIVE_STATEMENT_X509; type <= LIVE_STATEMENT_OPENPGP; type++) {
        talk k;
        uint8_t room[1024], answer_room[256];
        live_statement_request request;
        sotto_bytes bytes;
        live_begin(&k, (hostile){0});
        k.t.w.trust = SOTTO_CERTIFIED;
        k.t.juliet = world_device(&k.t.w, "juliet", "balcony");
        k.t.w.trust = SOTTO_BLIND_UNTIL_VERIFIED;
        k.t.romeo = world_device(&k.t.w, "romeo", "orchard");
        device_go_online(k.t.juliet);
        device_go_online(k.t.romeo);
        device_wish(k.t.romeo,
                    (sotto_input){.kind = SOTTO_INPUT_STATEMENT,
                                  .number = type,
                                  .bytes = statement_of(room, sizeof room, (live_statement_type)type)},
                    NULL);
        live_run(&k);
        device_say(k.t.juliet, ROMEO, SECRET);
        uint64_t job = job_of(&k, k.t.juliet, &request, &bytes);
        assert_int_equal(request.type, type);
        assert_true(bytes_is(request.jid, ROMEO));
        live_run(&k);
        assert_int_equal(k.t.romeo->read_len, 0);
        assert_int_equal(people_trust(k.t.juliet, ROMEO, k.t.romeo), SOTTO_TRUST_UNDECIDED);
        sotto_input input = {.kind = SOTTO_INPUT_ANSWER, .job = job};
        bytes_buffer out;
        bytes_buffer_borrowed(&out, answer_room, sizeof answer_room);
        live_statement_answer_write(&out, SOTTO_OK, BYTES_LITERAL("CN = Romeo"));
        assert_ok(bytes_buffer_end(&out, &input.answer));
        device_wish(k.t.juliet, input, NULL);
        live_run(&k);
        live_pass(&k, 31000);
        assert_int_equal(people_trust(k.t.juliet, ROMEO, k.t.romeo), SOTTO_TRUST_VERIFIED);
        assert_read_from(k.t.romeo, JULIET, LIST(SECRET));
        people_assert_closed(&k);
        world_end(&k.t.w);
    }
}

static sotto_status see(void *arg, const sotto_session *session) {
    *(sotto_session *)arg = *session;
    return SOTTO_OK;
}

/* Algorithms are TLS's to agree on, and people can see which. */
static void req_flexibility_algorithms_are_agreed_on(void **state) {
    (void)state;
    talk k;
    sotto_session shown = {0};
    people_meet(&k, LIVE_ALONE);
    people_talk(&k);
    assert_ok(sotto_engine_sessions(k.t.juliet->engine, BYTES_LITERAL(ROMEO), see, &shown));
    assert_true(shown.ready);
    assert_non_null(shown.group);
    assert_non_null(shown.suite);
    print_message("agreed on: %s, %s\n", shown.group, shown.suite);
    assert_non_null(strstr("X25519MLKEM768 X25519 x25519", shown.group)); /* the best that both have */
    assert_true(strncmp(shown.suite, "TLS_", 4) == 0);
    world_end(&k.t.w);
}

/* ---- offline messages ---- */

/* Beside live sessions there is OMEMO, for whoever is not there; the two do not get into each other's way. */
static void req_offline_messages_go_by_omemo(void **state) {
    (void)state;
    talk k;
    people_meet(&k, LIVE_AND_STORED);
    people_talk(&k);
    device_leave(k.t.romeo);
    device_say(k.t.juliet, ROMEO, SECRET " for later");
    live_run(&k);
    assert_int_equal(device_held(k.t.juliet), 0); /* it is the server's now, and hers to forget */
    device_leave(k.t.juliet);
    device_go_online(k.t.romeo);
    live_run(&k);
    assert_int_equal(device_read_count(k.t.romeo, SECRET " for later"), 1);
    assert_string_equal(k.t.romeo->read[k.t.romeo->read_len - 1].seal, "omemo:2");
    assert_false(people_server_saw(&k, SECRET));
    device_go_online(k.t.juliet);
    device_send(k.t.juliet, "<iq type='get' id='" SECRET "' to='" ORCHARD "'><query xmlns='urn:q'/></iq>");
    live_run(&k);
    assert_int_equal(people_count_in(k.t.romeo, "id='" SECRET "'"), 1);
    assert_false(people_server_saw(&k, SECRET));
    world_end(&k.t.w);
}

/* Under `live` nothing is stored anywhere but with its sender. */
static void req_offline_messages_wait_under_live(void **state) {
    (void)state;
    talk k;
    people_meet(&k, LIVE_ALONE);
    people_talk(&k);
    device_leave(k.t.romeo);
    device_say(k.t.juliet, ROMEO, SECRET " for later");
    people_wait(&k, 3);
    assert_int_equal(device_held(k.t.juliet), 1);
    device_go_online(k.t.romeo);
    people_wait(&k, 2);
    assert_int_equal(device_read_count(k.t.romeo, SECRET " for later"), 1);
    people_assert_closed(&k);
    world_end(&k.t.w);
}

const struct CMUnitTest application_tests[] = {
    REQUIREMENT(req_usability_nothing_has_to_be_done),   REQUIREMENT(req_usability_eight_characters_once),
    REQUIREMENT(req_efficiency_two_stanzas_before_data), REQUIREMENT(req_efficiency_a_message_is_small),
    REQUIREMENT(req_flexibility_x509_and_openpgp),       REQUIREMENT(req_flexibility_algorithms_are_agreed_on),
    REQUIREMENT(req_offline_messages_go_by_omemo),       REQUIREMENT(req_offline_messages_wait_under_live),
};
const size_t application_count = sizeof application_tests / sizeof *application_tests;
