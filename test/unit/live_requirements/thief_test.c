/* SPDX-License-Identifier: ISC
 *
 * Somebody who has stolen something and uses it in sessions of his own. What he makes of a recorded wire is another
 * question: tools/live-thief has everything that both stores keep and opens nothing; test/unit/whole/wiped_main.c takes
 * the memory as well. Whoever has both a live key and its secrets is, to everybody, who he stole them from. */
#include "people.h"

static void assert_nothing_for(const talk *k, const device *thief) {
    assert_int_equal(thief->read_len, 0);
    assert_int_equal(people_count_in(thief, SECRET), 0);
    assert_int_equal(device_read_count(k->t.juliet, "it is me"), 0);
    assert_int_equal(device_told_count(k->t.juliet, SOTTO_EVENT_VOUCHED, -1), 0);
    assert_int_equal(device_told_count(k->t.juliet, SOTTO_EVENT_MOVED, -1), 0);
}

/* Juliet and Romeo have a secret, and have verified each other; then Romeo is not there any more. */
static void begin(talk *k, people_seals seals) {
    uint8_t key[32];
    people_meet(k, seals);
    people_talk(k);
    device_send(k->t.juliet, "<iq type='get' id='first' to='" ORCHARD "'><query xmlns='urn:q'/></iq>");
    live_run(k);
    device_send(k->t.romeo, "<iq type='result' id='first' to='" BALCONY "'/>");
    live_run(k);
    assert_non_null(people_session(k->t.juliet));
    people_key(k->t.romeo, key);
    device_verdict(k->t.juliet, ROMEO, key, SOTTO_TRUST_VERIFIED);
    people_key(k->t.juliet, key);
    device_verdict(k->t.romeo, JULIET, key, SOTTO_TRUST_VERIFIED);
    device_leave(k->t.romeo);
    live_forget(k->t.juliet);
}

/* He begins, and she does. */
static void use_it(talk *k, device *thief) {
    device_crash(thief, false); /* reads what was planted */
    if (thief->session == NULL) device_go_online(thief);
    people_say(k, thief, JULIET, "it is me");
    device_say(k->t.juliet, ROMEO, SECRET);
    device_send(k->t.juliet, "<iq type='get' id='q' to='" ORCHARD "'><query xmlns='urn:" SECRET "'/></iq>");
    live_run(k);
    people_wait(k, 24);
}

/* ---- the key ---- */

static void attack_stolen_identity_key(void **state) {
    (void)state;
    talk k;
    uint8_t his[32], stolen[32];
    begin(&k, LIVE_ALONE);
    device *thief = world_device(&k.t.w, "romeo", "orchard");
    people_plant(thief, k.t.romeo, BYTES_LITERAL("i"));
    use_it(&k, thief);
    people_key(thief, stolen);
    people_key(k.t.romeo, his);
    assert_memory_equal(stolen, his, 32);
    assert_true(device_told_count(k.t.juliet, SOTTO_EVENT_QUARANTINED, -1) >= 1);
    assert_nothing_for(&k, thief);
    people_assert_closed(&k);
    world_end(&k.t.w);
}

/* The other way round: with Juliet's key, to Romeo; and her key is not shown to him either who has it already. */
static void req_robustness_a_key_alone_does_not_do(void **state) {
    (void)state;
    talk k;
    people_meet(&k, LIVE_ALONE);
    people_talk(&k);
    device_leave(k.t.juliet);
    live_forget(k.t.romeo);
    device *thief = world_device(&k.t.w, "juliet", "balcony");
    people_plant(thief, k.t.juliet, BYTES_LITERAL("i"));
    device_crash(thief, false);
    device_go_online(thief);
    people_say(&k, thief, ROMEO, "it is me");
    people_say(&k, k.t.romeo, JULIET, SECRET);
    people_wait(&k, 24);
    assert_int_equal(device_read_count(k.t.romeo, "it is me"), 0);
    assert_int_equal(thief->read_len, 0);
    assert_true(device_told_count(k.t.romeo, SOTTO_EVENT_QUARANTINED, -1) >= 1);
    assert_int_equal(device_told_count(thief, SOTTO_EVENT_NEW_KEY, -1), 0);
    people_assert_closed(&k);
    world_end(&k.t.w);
}

/* ---- the secret ---- */

/* A key of his own, and what Romeo kept for Juliet's. TLS takes it, and the proof that must follow cannot be made. */
static void with_the_secret(uint32_t first) {
    talk k;
    uint8_t key[32];
    begin(&k, LIVE_ALONE);
    device *thief = world_device(&k.t.w, "romeo", "orchard");
    people_key(k.t.juliet, key);
    people_plant(thief, k.t.romeo, people_secret_record(&k.t.w.arena, JULIET, key));
    device_wish(thief, (sotto_input){.kind = SOTTO_INPUT_FIRST, .number = first}, NULL);
    live_run(&k);
    use_it(&k, thief);
    people_key(thief, key);
    for (size_t i = 0; i < k.t.juliet->told_len; i++) /* his key never becomes one of Romeo's */
        assert_false(k.t.juliet->told[i].kind == SOTTO_EVENT_NEW_KEY && memcmp(k.t.juliet->told[i].key, key, 32) == 0);
    assert_null(people_session(k.t.juliet)); /* whatever he takes for one */
    assert_nothing_for(&k, thief);
    people_assert_closed(&k);
    /* Romeo comes back, and all is as it was. */
    device_leave(thief);
    device_go_online(k.t.romeo);
    people_wait(&k, 3);
    people_talk(&k);
    assert_int_equal(device_told_count(k.t.juliet, SOTTO_EVENT_QUARANTINED, -1), 0);
    world_end(&k.t.w);
}

static void attack_stolen_secret(void **state) {
    (void)state;
    with_the_secret(0);
}
static void req_robustness_a_secret_alone_does_not_do(void **state) {
    (void)state;
    with_the_secret(SOTTO_FIRST_ASK | SOTTO_FIRST_NEVER);
}

/* ---- OMEMO's store ---- */

static sotto_status copy_but_live(void *arg, sotto_bytes key, sotto_bytes value) {
    bool is_live = key.at[0] == 'S' && memmem(key.at, key.len < 12 ? key.len : 12, "live", 4) != NULL;
    return is_live || bytes_is(key, "Ndriver") ? SOTTO_OK : frail_copy(arg, key, value);
}

static device *thief_of_omemo(talk *k, rig *host, sotto_store **ret) {
    sotto_store *from = k->t.romeo->store.inner;
    rig_start(host);
    assert_ok(sotto_store_memory(ret, &host->host));
    assert_ok(from->methods->scan(from, BYTES_NONE, copy_but_live, *ret));
    return world_device_over(&k->t.w, "romeo", "orchard", *ret);
}

/* All that Romeo has but what belongs to live sessions: his OMEMO identity, which Juliet has verified, and its
 * sessions. It can say of a live key that it is his; where there is a secret that counts for nothing. */
static void attack_stolen_omemo_store(void **state) {
    (void)state;
    talk k;
    rig host;
    sotto_store *stolen;
    uint8_t key[32];
    begin(&k, LIVE_AND_STORED);
    device_key(k.t.romeo, key);
    device_verdict(k.t.juliet, ROMEO, key, SOTTO_TRUST_VERIFIED);
    device *thief = thief_of_omemo(&k, &host, &stolen);
    device_go_online(thief);
    live_run(&k);
    device_send(k.t.juliet, "<iq type='get' id='q' to='" ORCHARD "'><query xmlns='urn:" SECRET "'/></iq>");
    device_send(thief, "<iq type='get' id='t' to='" BALCONY "'><query xmlns='urn:it-is-me'/></iq>");
    live_run(&k);
    people_wait(&k, 24);
    people_key(thief, key);
    assert_memory_not_equal(key, people_inside(k.t.romeo)->identity.ed25519.bytes, 32);
    assert_true(device_told_count(k.t.juliet, SOTTO_EVENT_QUARANTINED, -1) >= 1);
    assert_int_equal(people_count_in(thief, "urn:" SECRET), 0);
    assert_int_equal(people_count_in(k.t.juliet, "urn:it-is-me"), 0);
    assert_int_not_equal(people_trust(k.t.juliet, ROMEO, thief), SOTTO_TRUST_VERIFIED);
    assert_int_equal(people_count_in(k.t.juliet, "<iq type='error' id='q'"), 1);
    assert_false(people_server_saw(&k, SECRET));
    world_end(&k.t.w);
    sotto_store_close(stolen);
    rig_end(&host);
}

/* "Must not make real-time communications more vulnerable": what stands in the store for offline messages takes no part
 * in the keys of sessions. Romeo himself, after his OMEMO was lost, goes on live with the secret that he has. */
static void req_offline_messages_have_no_part_in_live_keys(void **state) {
    (void)state;
    talk k;
    uint8_t key[32];
    begin(&k, LIVE_AND_STORED);
    device *anew = world_device(&k.t.w, "romeo", "orchard"); /* another OMEMO identity */
    people_key(k.t.juliet, key);
    people_plant(anew, k.t.romeo, BYTES_LITERAL("i"));
    people_plant(anew, k.t.romeo, people_secret_record(&k.t.w.arena, JULIET, key));
    device_crash(anew, false);
    device_go_online(anew);
    device_send(k.t.juliet, "<iq type='get' id='q' to='" ORCHARD "'><query xmlns='urn:" SECRET "'/></iq>");
    live_run(&k);
    people_wait(&k, 1);
    assert_int_equal(people_count_in(anew, "urn:" SECRET), 1);
    assert_true(people_session(k.t.juliet)->used);
    assert_int_equal(device_told_count(k.t.juliet, SOTTO_EVENT_QUARANTINED, -1), 0);
    assert_false(people_server_saw(&k, SECRET));
    world_end(&k.t.w);
}

const struct CMUnitTest thief_tests[] = {
    REQUIREMENT(attack_stolen_identity_key), REQUIREMENT(req_robustness_a_key_alone_does_not_do),
    REQUIREMENT(attack_stolen_secret),       REQUIREMENT(req_robustness_a_secret_alone_does_not_do),
    REQUIREMENT(attack_stolen_omemo_store),  REQUIREMENT(req_offline_messages_have_no_part_in_live_keys),
};
const size_t thief_count = sizeof thief_tests / sizeof *thief_tests;
