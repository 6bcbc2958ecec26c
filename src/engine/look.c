/* SPDX-License-Identifier: ISC
 *
 * What is open with whom, as the seals tell it and with the trust that is recorded here. */
#include "engine/look.h"

#include "engine/env.h"
#include "engine/keyring.h"
#include "stanza/jid.h"

typedef struct look {
    sotto_engine *engine;
    const char *seal;
    sotto_bytes bare, full; /* with whom; empty: with anybody */
    sotto_session_visit *visit;
    void *arg;
} look;

static sotto_status show(void *arg, const seal_session *session) {
    const look *l = arg;
    if (l->bare.len > 0 && !bytes_equal(l->bare, session->key.jid)) return SOTTO_OK;
    if (l->full.len > 0 && !bytes_equal(l->full, session->full)) return SOTTO_OK;
    sotto_session shown = {.jid = session->full,
                           .seal = bytes_text(l->seal),
                           .initiator = session->initiator,
                           .ready = session->ready,
                           .asked = session->asked,
                           .quarantined = session->quarantined,
                           .retained = session->retained,
                           .group = session->group,
                           .suite = session->suite,
                           .since_ms = session->since_ms,
                           .renewed = session->renewed,
                           .stanzas = session->stanzas,
                           .statements = session->statements};
    const seal_key *key = &session->key;
    sotto_status status = SOTTO_FAIL(NOT_FOUND);
    if (key->known) status = engine_keyring_find(l->engine, key->jid, key->key, &shown.key);
    if (!sotto_is(status, SOTTO_E_NOT_FOUND)) SOTTO_TRY(status);
    if (!sotto_ok(status)) { /* one of too many to be recorded, or not proved yet */
        shown.key =
            (sotto_key){.jid = key->jid, .seal = bytes_text(l->seal), .device = key->device, .known = key->known};
        memcpy(shown.key.key, key->key, sizeof shown.key.key);
        memcpy(shown.key.fingerprint, key->fingerprint, sizeof shown.key.fingerprint);
    }
    return l->visit(l->arg, &shown);
}

sotto_status engine_look_sessions(sotto_engine *engine, sotto_bytes jid, sotto_session_visit *visit, void *arg) {
    look l = {.engine = engine, .visit = visit, .arg = arg};
    stanza_jid parsed;
    if (jid.len > 0) {
        SOTTO_TRY(stanza_jid_parse(&engine->arena, jid, &parsed));
        l.bare = parsed.bare;
        if (parsed.resource.len > 0) l.full = parsed.full;
    }
    for (size_t i = 0; i < engine->seal_count; i++) {
        engine_env env;
        const seal_class *class = engine->seals[i].class;
        if (class->list_sessions == NULL || !engine->seals[i].is_open) continue;
        l.seal = class->name;
        engine_env_init(&env, engine, i);
        SOTTO_TRY(class->list_sessions(engine->seals[i].self, &env.base, show, &l));
    }
    return SOTTO_OK;
}
