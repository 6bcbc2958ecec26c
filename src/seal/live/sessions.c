/* SPDX-License-Identifier: ISC */
#include "seal/live/sessions.h"

#include "seal/live/self.h"

/* RFC 8446 section B.4. */
static const char *suite_name(uint16_t suite) {
    switch (suite) {
    case 0x1301:
        return "TLS_AES_128_GCM_SHA256";
    case 0x1302:
        return "TLS_AES_256_GCM_SHA384";
    case 0x1303:
        return "TLS_CHACHA20_POLY1305_SHA256";
    default:
        return NULL;
    }
}

static sotto_status describe(seal_env *env, const live_session *session, seal_session *ret) {
    *ret = (seal_session){.full = session->full,
                          .initiator = session->initiator,
                          .ready = session->proved,
                          .asked = !session->proved && session->waits_ms != 0,
                          .quarantined = !session->proved && session->quarantined,
                          .retained = session->used,
                          .since_ms = session->since_ms,
                          .renewed = session->wear.renewed,
                          .stanzas = session->wear.stanzas};
    if (session->settled) {
        ret->group = tls_group_name(session->group);
        ret->suite = suite_name(session->suite);
    }
    if (!session->met && !session->proved) {
        ret->key.jid = session->bare;
        return SOTTO_OK;
    }
    SOTTO_TRY(live_key_of(env->arena, session->bare, session->key, &ret->key));
    return live_statement_accepted(env, session->bare, session->key, &ret->statements);
}

sotto_status live_list_sessions(void *arg, seal_env *env, seal_session_visit *visit, void *visit_arg) {
    const live_self *self = arg;
    for (const live_session *session = self->sessions; session != NULL; session = session->next) {
        seal_session shown;
        if (session->over || session->closing || session->wear.retiring) continue;
        SOTTO_TRY(describe(env, session, &shown));
        SOTTO_TRY(visit(visit_arg, &shown));
    }
    return SOTTO_OK;
}
