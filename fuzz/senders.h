/* SPDX-License-Identifier: ISC
 *
 * For targets that read one stanza: who it is from is a choice of the input's first byte, the rest is the stanza. */
#ifndef FUZZ_SENDERS_H
#define FUZZ_SENDERS_H

#include "stanza/jid.h"
#include "trees.h"

#define FUZZ_ACCOUNT "juliet@capulet.example"

typedef struct fuzz_sent {
    fuzz_host host;
    bytes_arena arena;
    stanza_jid from;
    bool has_from;
    sotto_bytes text;
    const stanza_element *stanza; /* NULL: it is none */
} fuzz_sent;

static inline void fuzz_sent_start(fuzz_sent *sent, const uint8_t *data, size_t size) {
    static const char *const senders[] = {"",
                                          FUZZ_ACCOUNT,
                                          FUZZ_ACCOUNT "/balcony",
                                          "romeo@montague.example",
                                          "romeo@montague.example/orchard",
                                          "x.example",
                                          "JULIET@capulet.example",
                                          "capulet.example"};
    *sent = (fuzz_sent){0};
    fuzz_host_start(&sent->host);
    bytes_arena_init(&sent->arena, &sent->host.host, FUZZ_ARENA_BYTES_MAX);
    sotto_bytes in = bytes_of(data, size);
    const char *from = senders[fuzz_below(&in, sizeof senders / sizeof *senders)];
    sent->has_from = *from != '\0';
    if (sent->has_from) MUST_OK(stanza_jid_parse(&sent->arena, bytes_text(from), &sent->from));
    sent->text = fuzz_exact(in);
    sent->stanza = fuzz_parse(&sent->arena, sent->text);
}

static inline const stanza_jid *fuzz_sent_from(const fuzz_sent *sent) {
    return sent->has_from ? &sent->from : NULL;
}

static inline bool fuzz_sent_by_account(const fuzz_sent *sent) {
    return sent->has_from && bytes_is(sent->from.full, FUZZ_ACCOUNT);
}

static inline void fuzz_sent_end(fuzz_sent *sent) {
    bytes_arena_clear(&sent->arena);
    fuzz_exact_free(sent->text);
    fuzz_host_end(&sent->host);
}

#endif
