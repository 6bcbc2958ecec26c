/* SPDX-License-Identifier: ISC
 *
 * An engine over a memory store, and a seal that does as it is told. */
#ifndef TEST_ENGINE_RIG_H
#define TEST_ENGINE_RIG_H

#include "test/unit/bytes/rig.h"

#include <stdio.h>

#include <sotto/engine.h>

#include "bytes/span.h"
#include "seal/seal.h"

#define START_MS UINT64_C(1800000000000)

/* ---- a store that fails on demand ---- */

typedef struct frail_store {
    sotto_store base;
    sotto_store *inner;
    sotto_status write_fails; /* not OK: the next writes fail so */
    size_t writes;
} frail_store;
extern const sotto_store_class frail_class;

/* ---- the scripted seal ---- */

#define NS_SCRIPT "test:script"

typedef struct script {
    seal_promise_kind promise;
    sotto_status reason;
    bool asks;            /* promise asks the audience first */
    bool puts_then_fails; /* unprotect stages a record, then returns `open_fails` */
    sotto_status open_fails;
    sotto_status protect_fails;
    seal_promise_kind promise_then; /* with protect_fails: what it promises afterwards */
    sotto_status answer_fails; /* what `input` returns for a good answer or a notification, after staging a record */
    sotto_status input_fails;  /* what `input` returns after staging a record */
    seal_outcome outcome;
    bool opt_out;
    seal_key keys[8];
    size_t key_count;
    /* what it saw */
    unsigned inputs[SEAL_INPUT_FIRST + 1]; /* the last one */
    unsigned promises, protects, unprotects, opens, closes;
    bool idle;               /* as the last promise was asked */
    bool event_on_leave;     /* LEFT, whose text is which seal says so */
    bool lists_nothing;      /* list_keys */
    uint64_t returns_ticket; /* a presence brings DELIVERY_UNKNOWN of it */
    bool set_back;           /* what env->set_back said in the last `open` */
    size_t allowed;
    uint64_t ticket;
    size_t resource_count;
    char resources[256];
    unsigned flushes, forgets;
    unsigned delivers;   /* unprotect hands on so many stanzas by env->deliver, besides */
    bool delivers_first; /* ... before it fails */
    sotto_status flush_fails;
    seal_reply reply;
    char presence[128]; /* the last one: JID, and whether available */
    bool accepted;      /* what env->accepted said in `input`, of the first key */
    seal_origin origin;
    sotto_status answer_status;
    char answer_note[64];
    char pep_node[64], pep_jid[64];
    bool fresh;
    sotto_event_kind event_on_timer;
    /* policy, doubt and automatic trust */
    const char *opened;    /* what unprotect gives back; NULL: "<message><body>opened</body></message>" */
    uint8_t opened_fill;   /* the key that sealed it; 0: 0x77 */
    const char *opened_in; /* its dialect; NULL: none is said */
    bool lists_audience;   /* promise lists the keys of the audience and own ones; else all */
    bool tells_devices;    /* a notification is a changed list of ... */
    uint32_t tells_number; /* ... so many */
    char sealed[16384];    /* every protect, a line: the devices it was for, and what */
} script;
extern script the_script;
extern script the_near; /* of the second seal, where there are two: "near", which needs the other side online, protects
                           messages, iqs and presence, and is carried by iqs (NS_NEAR) */
#define NS_NEAR "test:near"
void near_key(size_t index, const char *jid, uint32_t device, uint8_t fill);
const sotto_seal *script_seal(void);
void script_key(size_t index, const char *jid, uint32_t device, uint8_t fill);

/* ---- the engine ---- */

typedef struct engine_rig {
    rig host;
    frail_store store;
    sotto_engine *engine;
    uint64_t now_ms;
    const sotto_seal *seals[3];
    sotto_engine_config config;
    char text[65536]; /* outputs as text, see rig_outputs */
    uint64_t last_seq;
    uint32_t last_number, last_total; /* of the last event */
} engine_rig;

int engine_setup(void **state);       /* the scripted seal; not online */
int engine_setup_live(void **state);  /* the same, which needs the other side online and is carried by iqs too */
int engine_setup_both(void **state);  /* the scripted seal, and the near one */
int engine_setup_rot13(void **state); /* rot13 */
int engine_teardown(void **state);
void engine_reopen(engine_rig *); /* closes without commit, opens again over the same store */

sotto_status try_step(engine_rig *, sotto_input);
void step(engine_rig *, sotto_input); /* must succeed */
void commit(engine_rig *);
void go_online(engine_rig *, bool resumed);
sotto_input send_input(uint64_t ticket, const char *stanza);
sotto_input stanza_input(const char *stanza);
/* Commits and takes every output, one a line: "stanza SEAL TICKET XML", "deliver SEAL FROM TRUST XML", "event KIND
 * TICKET JID REASON". Says done for all of them when `done`. The text lives until the next call. */
const char *outputs(engine_rig *, bool done);
#define assert_outputs(r, text)     assert_string_equal(outputs(r, true), text)
#define assert_contains(text, part) assert_non_null(strstr(text, part))
#define assert_lacks(text, part)    assert_null(strstr(text, part))

extern const struct CMUnitTest archive_tests[], stage_tests[], mirror_tests[], egress_tests[], send_tests[],
    receive_tests[], commit_tests[], rot13_tests[], lab_tests[], carrier_tests[], room_tests[];
extern const size_t archive_count, stage_count, mirror_count, egress_count, send_count, receive_count, commit_count,
    rot13_count, lab_count, carrier_count, room_count;
extern const struct CMUnitTest policy_tests[], doubt_tests[], vouch_tests[], route_tests[], request_tests[],
    feature_tests[];
extern const size_t policy_count, doubt_count, vouch_count, route_count, request_count, feature_count;

#endif
