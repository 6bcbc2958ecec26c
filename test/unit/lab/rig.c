/* SPDX-License-Identifier: ISC
 *
 * The rig of the lab's tests. */
#include "rig.h"

#include <stdlib.h>
#include <string.h>

static void *count_resize(void *arg, void *at, size_t old_size, size_t new_size) {
    rig *r = arg;
    (void)old_size;
    if (new_size > 0) {
        if (r->fail_at > 0 && --r->fail_at == 0) return NULL;
        if (!at) r->pieces++;
        return realloc(at, new_size);
    }
    if (at) r->pieces--;
    free(at);
    return NULL;
}

static sotto_status count_random(void *arg, void *out, size_t len) {
    rig *r = arg;
    uint8_t *at = out;
    for (size_t i = 0; i < len; i++) at[i] = (uint8_t)(++r->random >> 3);
    return SOTTO_OK;
}

lab_session *rig_attach(rig *r, const char *local, const char *resource) {
    lab_session *session = NULL;
    assert_fine(lab_session_attach(&session, r->server, local, resource));
    return session;
}

int rig_setup(void **state) {
    rig *r = calloc(1, sizeof *r);
    if (!r) return -1;
    r->host = (sotto_host){.arg = r, .resize = count_resize, .random = count_random};
    assert_fine(lab_server_new(&r->server, &r->host, "lab.example"));
    lab_server_time(r->server, 1700000000000);
    assert_fine(lab_server_account(r->server, "juliet", "secret"));
    assert_fine(lab_server_account(r->server, "romeo", "secret"));
    assert_fine(lab_server_account(r->server, "nurse", "secret"));
    assert_fine(lab_server_befriend(r->server, "juliet", "romeo"));
    r->juliet = rig_attach(r, "juliet", "balcony");
    r->romeo = rig_attach(r, "romeo", "orchard");
    r->nurse = rig_attach(r, "nurse", "kitchen");
    *state = r;
    return 0;
}

int rig_teardown(void **state) {
    rig *r = *state;
    lab_server_free(r->server);
    long left = r->pieces;
    free(r);
    return left == 0 ? 0 : -1;
}

void rig_say(lab_session *session, const char *stanza) {
    sotto_status status = lab_session_send(session, bytes_text(stanza));
    if (!sotto_ok(status)) fail_msg("%s: %s", sotto_status_name(status), stanza);
}

static void next_text(lab_session *session, char *out, size_t size) {
    sotto_bytes got;
    if (!lab_session_next(session, &got)) {
        out[0] = 0;
        return;
    }
    assert_true(got.len < size);
    memcpy(out, got.at, got.len);
    out[got.len] = 0;
}

void rig_expect(lab_session *session, const char *stanza) {
    static char text[65536];
    next_text(session, text, sizeof text);
    assert_string_equal(text, stanza);
}

const char *rig_has(rig *r, lab_session *session, const char *part) {
    next_text(session, r->text, sizeof r->text);
    if (!strstr(r->text, part)) fail_msg("\"%s\" is not in \"%s\"", part, r->text);
    return r->text;
}

void rig_nothing(lab_session *session) {
    char text[4096];
    next_text(session, text, sizeof text);
    assert_string_equal(text, "");
}

size_t rig_drain(lab_session *session) {
    sotto_bytes got;
    size_t count = 0;
    while (lab_session_next(session, &got)) count++;
    return count;
}

bool rig_saw(const rig *r, const char *part) {
    sotto_bytes saw = lab_server_saw(r->server);
    return saw.len > 0 && memmem(saw.at, saw.len, part, strlen(part)) != NULL;
}

/* The value of an attribute in the text last read. */
static void attribute(const rig *r, const char *name, char *out, size_t size) {
    const char *at = strstr(r->text, name);
    assert_non_null(at);
    at += strlen(name) + 2;
    size_t len = strcspn(at, "'\"");
    assert_true(len < size);
    memcpy(out, at, len);
    out[len] = 0;
}

void rig_online(rig *r, lab_session *session, const char *features) {
    char id[64], answer[4096];
    rig_say(session,
            "<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:test' ver='1'/></presence>");
    do {
        next_text(session, r->text, sizeof r->text);
        assert_string_not_equal(r->text, "");
    } while (!strstr(r->text, "disco#info"));
    attribute(r, " id", id, sizeof id);
    sotto_bytes jid = lab_session_jid(session);
    int len = snprintf(
        answer, sizeof answer,
        "<iq type='result' id='%s' to='%.*s'><query xmlns='http://jabber.org/protocol/disco#info' node='urn:test#1'>"
        "<identity category='client' type='pc'/>",
        id, (int)(strcspn((const char *)jid.at, "/")), (const char *)jid.at);
    while (*features) {
        size_t word = strcspn(features, " ");
        len += snprintf(answer + len, sizeof answer - (size_t)len, "<feature var='%.*s'/>", (int)word, features);
        features += word;
        features += strspn(features, " ");
    }
    (void)snprintf(answer + len, sizeof answer - (size_t)len, "</query></iq>");
    rig_say(session, answer);
    (void)rig_drain(session);
}
