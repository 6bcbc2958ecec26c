/* SPDX-License-Identifier: ISC
 *
 * A program that stands outside: test_library.py builds it against what was installed, as C and as C++, with nothing
 * but what pkg-config says, and runs it twice. It comes online and sends a message, which is held until the contact's
 * keys are known; the second run finds it in the store. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sotto/engine.h>
#include <sotto/sqlite.h>

#define NOW_MS 1800000000000u
#define TICKET 7u

static void must(sotto_status status, const char *what) {
    if (sotto_ok(status)) return;
    fprintf(stderr, "%s: %s, %s\n", what, sotto_status_name(status), sotto_status_text(status));
    exit(1);
}

static sotto_status count_held(void *arg, const sotto_held *held) {
    sotto_status ok = {0};
    if (held->ticket == TICKET) ++*(int *)arg;
    return ok;
}

static sotto_engine *open_engine(sotto_store *store) {
    static const sotto_seal *seals[2];
    sotto_engine_config config;
    sotto_engine *engine = NULL;
    seals[0] = sotto_seal_omemo();
    memset(&config, 0, sizeof config);
    config.account = sotto_text("juliet@capulet.example");
    config.host = sotto_host_default();
    config.store = store;
    config.seals = seals;
    config.encrypt = SOTTO_ENCRYPT_ALWAYS;
    config.least_strength = 1;
    must(sotto_engine_open(&engine, &config, NOW_MS), "engine");
    return engine;
}

static void step(sotto_engine *engine, sotto_input_kind kind, const char *jid, const char *stanza) {
    sotto_input input;
    memset(&input, 0, sizeof input);
    input.kind = kind;
    input.jid = sotto_text(jid);
    input.stanza = sotto_text(stanza);
    input.ticket = TICKET;
    must(sotto_engine_step(engine, &input, NOW_MS), "step");
}

static bool shows(sotto_bytes stanza, const char *secret) {
    size_t len = strlen(secret);
    for (size_t i = 0; i + len <= stanza.len; i++)
        if (memcmp(stanza.at + i, secret, len) == 0) return true;
    return false;
}

/* How many stanzas leave; none of them may show what was said. */
static int count_leaving(sotto_engine *engine, const char *secret) {
    sotto_output output;
    int count = 0;
    must(sotto_engine_commit(engine), "commit");
    while (sotto_engine_next(engine, &output)) {
        if (output.kind != SOTTO_OUTPUT_STANZA) continue;
        count++;
        if (shows(output.stanza, secret)) exit(3);
    }
    return count;
}

int main(int argc, char **argv) {
    sotto_sqlite_options options;
    sotto_store *store = NULL;
    int held = 0;
    if (argc != 4) return 2;
    memset(&options, 0, sizeof options);
    options.path = argv[1];
    options.key_path = argv[2];
    options.create = true;
    options.host = sotto_host_default();
    must(sotto_sqlite_open(&store, &options), "store");
    sotto_engine *engine = open_engine(store);
    step(engine, SOTTO_INPUT_ONLINE, "juliet@capulet.example/balcony", "");
    if (strcmp(argv[3], "send") == 0)
        step(engine, SOTTO_INPUT_SEND, "",
             "<message to='romeo@montague.example' type='chat'><body>wherefore</body></message>");
    int leaving = count_leaving(engine, "wherefore");
    must(sotto_engine_held(engine, count_held, &held), "held");
    printf("%s features: %s; leaving: %d; held: %d\n", argv[3], sotto_engine_features(engine)[0], leaving > 0, held);
    sotto_engine_close(engine);
    sotto_store_close(store);
    return 0;
}
