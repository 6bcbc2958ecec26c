/* SPDX-License-Identifier: ISC
 *
 * An engine with the live seal on standard input and output, for test_live_openssl.py: juliet@capulet.example/balcony,
 * online, with Romeo as a contact. A line is a word and a stanza.
 *
 *     in:   stanza XML (from the server), send XML (of the application)
 *     out:  stanza XML (for the server), deliver XML (what came sealed), event NAME, failed NAME; done behind each
 * input */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sotto/engine.h>

#include "bytes/span.h"
#include "seal/live/live.h"

#define START_MS UINT64_C(1800000000000)
#define BALCONY  "juliet@capulet.example/balcony"

static void must(sotto_status status) {
    if (sotto_ok(status)) return;
    fprintf(stderr, "%s\n", sotto_status_name(status));
    exit(1);
}

static void line(const char *word, sotto_bytes text) {
    printf("%s %.*s\n", word, (int)text.len, (const char *)text.at);
}

static void commit(sotto_engine *engine) {
    sotto_output out;
    must(sotto_engine_commit(engine));
    while (sotto_engine_next(engine, &out)) {
        uint64_t seq = out.seq;
        if (out.kind == SOTTO_OUTPUT_STANZA) line("stanza", out.stanza);
        if (out.kind == SOTTO_OUTPUT_DELIVER && out.delivery.seal.len > 0) line("deliver", out.delivery.stanza);
        if (out.kind == SOTTO_OUTPUT_EVENT) line("event", bytes_text(sotto_event_name(out.event.kind)));
        if (seq != 0) must(sotto_engine_done(engine, seq));
    }
}

static void step(sotto_engine *engine, sotto_input input) {
    sotto_status status = sotto_engine_step(engine, &input, START_MS);
    if (!sotto_ok(status)) line("failed", bytes_text(sotto_status_name(status)));
    commit(engine);
}

static void stanza(sotto_engine *engine, const char *text) {
    step(engine, (sotto_input){.kind = SOTTO_INPUT_STANZA, .stanza = bytes_text(text)});
}

int main(void) {
    static const sotto_seal *seals[2];
    static char text[65536];
    sotto_store *store;
    sotto_engine *engine;
    uint64_t ticket = 0;
    seals[0] = sotto_seal_live();
    must(sotto_store_memory(&store, sotto_host_default()));
    sotto_engine_config config = {.account = bytes_text("juliet@capulet.example"),
                                  .host = sotto_host_default(),
                                  .store = store,
                                  .seals = seals,
                                  .encrypt = SOTTO_ENCRYPT_ALWAYS,
                                  .least_strength = 1};
    must(sotto_engine_open(&engine, &config, START_MS));
    step(engine, (sotto_input){.kind = SOTTO_INPUT_ONLINE, .jid = bytes_text(BALCONY)});
    stanza(engine, "<iq type='result' id='r' to='" BALCONY "'><query xmlns='jabber:iq:roster'>"
                   "<item jid='romeo@montague.example' subscription='both'/></query></iq>");
    puts("done");
    (void)fflush(stdout);
    while (fgets(text, sizeof text, stdin) != NULL) {
        text[strcspn(text, "\n")] = 0;
        if (strncmp(text, "stanza ", 7) == 0) stanza(engine, text + 7);
        if (strncmp(text, "send ", 5) == 0)
            step(engine, (sotto_input){.kind = SOTTO_INPUT_SEND, .stanza = bytes_text(text + 5), .ticket = ++ticket});
        puts("done");
        (void)fflush(stdout);
    }
    sotto_engine_close(engine);
    sotto_store_close(store);
    return 0;
}
