/* SPDX-License-Identifier: ISC
 *
 * What an engine is made of, for the files of src/engine alone. */
#ifndef ENGINE_STATE_H
#define ENGINE_STATE_H

#include <sotto/engine.h>

#include "bytes/arena.h"
#include "engine/mirror.h"
#include "engine/outbox.h"
#include "engine/stage.h"
#include "seal/seal.h"
#include "stanza/jid.h"

typedef struct engine_seal {
    const seal_class *class;
    void *self;
    bool is_open;
    bool called; /* in this step: flush is due */
    bool forgot; /* the last step failed, and what it promised is void */
} engine_seal;

struct sotto_engine {
    const sotto_host *host;
    sotto_store *store;
    bytes_arena lasting; /* what was copied at open */
    stanza_jid account;
    engine_seal *seals;
    size_t seal_count;
    const char **features;
    size_t features_count;
    sotto_encrypt encrypt;
    sotto_trust_policy trust;
    bool catch_up; /* as it was configured */

    bytes_arena arena;      /* one call's; emptied when the next call begins */
    bytes_arena scan_arena; /* records being scanned */
    bytes_arena step_arena; /* the same, for what outlives the review of one held stanza */
    stanza_parser *parser;
    engine_mirror mirror;   /* what was read of the store, or written to it */
    engine_stage records;   /* staged over the store; an empty value is a deletion */
    engine_stage fleeting;  /* asks, timers, jobs: what belongs to a connection */
    engine_stage roster;    /* who is listed, and sees our presence; at most SOTTO_CONTACTS_MAX */
    engine_stage resources; /* who is available, full JIDs; at most SOTTO_RESOURCES_MAX */
    engine_outbox outbox;
    uint64_t seq_reserved;   /* output numbers below this one are covered by the record */
    uint64_t setbacks_known; /* of the store's, those that were dealt with (T18) */
    bool restored;           /* these are the records of a backup, and no engine was opened over them yet */
    uint64_t now_ms;
    bool online;
    bool begun;       /* since the last commit, a stream that resumed nothing */
    bool begun_lost;  /* ... and that commit failed: what resumes that stream resumes nothing that is known here */
    bool asks_lost;   /* whatever was asked before will not be answered (opened, or the stream began anew) */
    sotto_bytes full; /* own full JID, while online */
    uint8_t full_at[SOTTO_JID_BYTES_MAX];
    struct engine_compare_heard *heard; /* in this step: what was said about comparing keys (engine/compare.h) */
    struct engine_later *later;     /* in this step: what seals told, and what may only be done outside their calls */
    struct engine_changed *changed; /* in this step: JIDs whose held stanzas are to be looked at again; in the arena */
};

/* A place to come back to when part of a step must be undone. */
typedef struct engine_mark {
    size_t records, fleeting, roster, resources, outbox;
    struct engine_changed *changed;
} engine_mark;

static inline engine_mark engine_mark_here(const sotto_engine *engine) {
    return (engine_mark){engine_stage_mark(&engine->records),
                         engine_stage_mark(&engine->fleeting),
                         engine_stage_mark(&engine->roster),
                         engine_stage_mark(&engine->resources),
                         engine->outbox.len,
                         engine->changed};
}

static inline void engine_mark_back(sotto_engine *engine, engine_mark mark) {
    engine_stage_pop(&engine->records, mark.records);
    engine_stage_pop(&engine->fleeting, mark.fleeting);
    engine_stage_pop(&engine->roster, mark.roster);
    engine_stage_pop(&engine->resources, mark.resources);
    engine_outbox_pop(&engine->outbox, mark.outbox);
    engine->changed = mark.changed;
}

/* Records of the engine's own: how many setbacks of the store were dealt with; that these records are out of a backup,
 * which nobody has dealt with yet. */
#define ENGINE_KEY_SETBACKS BYTES_LITERAL("Asetbacks")
#define ENGINE_KEY_RESTORED BYTES_LITERAL("Arestored")

/* True until a commit has written what followed from it. */
static inline bool engine_is_set_back(const sotto_engine *engine) {
    return engine->restored || engine->store->setbacks > engine->setbacks_known;
}

#endif
