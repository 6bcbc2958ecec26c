/* SPDX-License-Identifier: ISC
 *
 * Lists of live sessions. */
#include "app/sessions.h"

#include <string.h>

#include "app/fingerprint.h"
#include "app/keys.h"
#include "bytes/memory.h"
#include "bytes/span.h"

#define MARGIN    "     "
#define MINUTE_MS 60000u
#define HOUR_MS   (60u * MINUTE_MS)
#define DAY_MS    (24u * HOUR_MS)

/* ---- reading ---- */

static app_session_state state_of(const sotto_session *session) {
    if (session->ready) return APP_SESSION_READY;
    if (session->quarantined) return APP_SESSION_QUARANTINED;
    return session->asked ? APP_SESSION_WAITING : APP_SESSION_OPENING;
}

static sotto_status session_take(void *arg, const sotto_session *from) {
    app_live_sessions *sessions = arg;
    if (sessions->count == APP_SESSIONS_MAX || from->jid.len > SOTTO_JID_BYTES_MAX) return SOTTO_OK;
    app_live_session *session = &sessions->at[sessions->count++];
    *session = (app_live_session){.state = state_of(from),
                                  .known = from->key.known,
                                  .initiator = from->initiator,
                                  .retained = from->retained,
                                  .trust = from->key.trust,
                                  .group = from->group,
                                  .suite = from->suite,
                                  .since_ms = from->since_ms,
                                  .renewed = from->renewed,
                                  .stanzas = from->stanzas,
                                  .statements = from->statements};
    memcpy(session->jid, from->jid.at, from->jid.len);
    memcpy(session->fingerprint, from->key.fingerprint, sizeof session->fingerprint);
    return SOTTO_OK;
}

sotto_status app_sessions_read(app_live_sessions *ret, sotto_engine *engine, sotto_bytes jid) {
    app_live_sessions sessions = {bytes_new(sotto_host_default(), APP_SESSIONS_MAX * sizeof *sessions.at), 0};
    if (!sessions.at) return SOTTO_FAIL(NO_MEMORY);
    sotto_status status = sotto_engine_sessions(engine, jid, session_take, &sessions);
    if (sotto_ok(status))
        *ret = sessions;
    else
        app_sessions_free(&sessions);
    return status;
}

void app_sessions_free(app_live_sessions *sessions) {
    bytes_free(sotto_host_default(), sessions->at, APP_SESSIONS_MAX * sizeof *sessions->at);
    *sessions = (app_live_sessions){0};
}

/* ---- another way ---- */

static sotto_status look_for_live(void *arg, const sotto_key *key) {
    if (bytes_is(key->seal, "live") && !key->this_device) *(bool *)arg = true;
    return SOTTO_OK;
}

bool app_sessions_offer(sotto_engine *engine, const char *jid) {
    sotto_contact contact;
    bool live = false;
    return sotto_ok(sotto_engine_contact(engine, bytes_text(jid), &contact)) && contact.via == SOTTO_VIA_AUTO &&
           sotto_ok(sotto_engine_keys(engine, bytes_text(jid), look_for_live, &live)) && live;
}

/* ---- no other way ---- */

static sotto_status look_at_state(void *arg, const sotto_session *session) {
    bool *seen = arg;
    seen[state_of(session)] = true;
    return SOTTO_OK;
}

bool app_sessions_only(sotto_engine *engine, const char *jid) {
    sotto_contact contact;
    if (!sotto_ok(sotto_engine_contact(engine, bytes_text(jid), &contact)) || contact.now == SOTTO_ENCRYPT_NEVER)
        return false;
    return contact.via == SOTTO_VIA_LIVE || (contact.via == SOTTO_VIA_NAMED && bytes_is(contact.name, "live"));
}

const char *app_sessions_lack(sotto_engine *engine, const char *jid) {
    bool seen[] = {[APP_SESSION_READY] = false,
                   [APP_SESSION_OPENING] = false,
                   [APP_SESSION_WAITING] = false,
                   [APP_SESSION_QUARANTINED] = false};
    if (!app_sessions_only(engine, jid)) return NULL;
    if (!sotto_ok(sotto_engine_sessions(engine, bytes_text(jid), look_at_state, seen)) || seen[APP_SESSION_READY])
        return NULL;
    if (seen[APP_SESSION_QUARANTINED]) return "the one with them is QUARANTINED until you confirm it";
    if (seen[APP_SESSION_WAITING]) return "their person has to confirm the one with them first";
    return "both have to be online, with a client that has them";
}

/* ---- showing ---- */

const char *app_session_state_name(app_session_state state) {
    static const char *const names[] = {"ready", "opening", "waiting", "quarantined"};
    return (unsigned)state < sizeof names / sizeof *names ? names[state] : "unknown";
}

const char *app_session_state_text(const app_live_session *session) {
    switch (session->state) {
    case APP_SESSION_READY:
        return app_trust_text(session->trust);
    case APP_SESSION_QUARANTINED:
        return "QUARANTINED: nothing goes through it until you confirm it";
    case APP_SESSION_WAITING:
        return "waits until they confirm it";
    case APP_SESSION_OPENING:
        break;
    }
    return "being opened";
}

static app_colour colour_of(const app_live_session *session) {
    if (session->state == APP_SESSION_QUARANTINED) return APP_RED;
    if (session->state != APP_SESSION_READY) return APP_DIM;
    return session->trust == SOTTO_TRUST_VERIFIED ? APP_GREEN : APP_YELLOW;
}

static void print_age(const app_output *output, uint64_t ms) {
    if (ms < MINUTE_MS)
        app_print(output, APP_OUT, "less than a minute");
    else if (ms < 2 * HOUR_MS)
        app_print(output, APP_OUT, "%llu min", (unsigned long long)(ms / MINUTE_MS));
    else if (ms < 2 * DAY_MS)
        app_print(output, APP_OUT, "%llu h", (unsigned long long)(ms / HOUR_MS));
    else
        app_print(output, APP_OUT, "%llu days", (unsigned long long)(ms / DAY_MS));
}

static const char *const statements[] = {NULL, "a certificate", "an OpenPGP key", "their OMEMO key"};

static void print_statements(const app_output *output, uint32_t bits) {
    const char *before = MARGIN "  behind the key: ";
    for (size_t i = 1; i < sizeof statements / sizeof *statements; i++) {
        if ((bits & 1u << i) == 0) continue;
        app_print(output, APP_OUT, "%s%s", before, statements[i]);
        before = ", ";
    }
    if (bits != 0) app_print(output, APP_OUT, "\n");
}

static void print_one(const app_output *output, const app_live_session *session, uint64_t now_ms) {
    char fingerprint[APP_FINGERPRINT_TEXT_SIZE];
    app_print(output, APP_OUT, MARGIN "%s  ", session->jid);
    app_colour_to(output, APP_OUT, colour_of(session));
    app_print(output, APP_OUT, "%s", app_session_state_text(session));
    app_colour_to(output, APP_OUT, APP_PLAIN);
    app_print(output, APP_OUT, "\n");
    if (session->known) {
        app_fingerprint_text(session->fingerprint, fingerprint);
        app_print(output, APP_OUT, MARGIN "  %s\n", fingerprint);
    }
    if (session->group && session->suite)
        app_print(output, APP_OUT, MARGIN "  %s, %s, %s\n", session->group, session->suite,
                  session->retained ? "and a secret of an earlier session" : "no secret of an earlier session");
    if (session->state == APP_SESSION_READY) {
        uint64_t age = now_ms > session->since_ms ? now_ms - session->since_ms : 0;
        app_print(output, APP_OUT, MARGIN "  for ");
        print_age(output, age);
        if (session->renewed > 0)
            app_print(output, APP_OUT, ", renewed %llu %s", (unsigned long long)session->renewed,
                      session->renewed == 1 ? "time" : "times");
        app_print(output, APP_OUT, ", begun by %s\n", session->initiator ? "you" : "them");
    }
    print_statements(output, session->statements);
}

void app_sessions_print(const app_output *output, const app_live_sessions *sessions, uint64_t now_ms) {
    for (size_t i = 0; i < sessions->count; i++) print_one(output, &sessions->at[i], now_ms);
}

static void json_text(app_json *json, const char *name, const char *text) {
    if (text)
        app_json_text(json, name, bytes_text(text));
    else
        app_json_null(json, name);
}

static void json_one(bytes_buffer *to, const app_live_session *session) {
    app_json json = app_json_begin(to);
    app_json_text(&json, "event", BYTES_LITERAL("session"));
    app_json_text(&json, "jid", bytes_text(session->jid));
    app_json_text(&json, "state", bytes_text(app_session_state_name(session->state)));
    json_text(&json, "trust", session->known ? sotto_trust_name(session->trust) : NULL);
    if (session->known)
        app_json_hex(&json, "fingerprint", bytes_of(session->fingerprint, sizeof session->fingerprint));
    else
        app_json_null(&json, "fingerprint");
    json_text(&json, "group", session->group);
    json_text(&json, "cipher", session->suite);
    app_json_bool(&json, "retained", session->retained);
    app_json_bool(&json, "initiator", session->initiator);
    app_json_time(&json, "since", session->since_ms);
    app_json_number(&json, "renewed", session->renewed);
    app_json_number(&json, "stanzas", session->stanzas);
    app_json_bool(&json, "certificate", (session->statements & 1u << 1) != 0);
    app_json_bool(&json, "openpgp", (session->statements & 1u << 2) != 0);
    app_json_bool(&json, "omemo", (session->statements & 1u << 3) != 0);
    app_json_end(&json);
}

void app_sessions_json(bytes_buffer *to, const app_live_sessions *sessions) {
    for (size_t i = 0; i < sessions->count; i++) json_one(to, &sessions->at[i]);
}
