/* SPDX-License-Identifier: ISC */
#include "live_talk.h"

#include "alter.h"
#include "engine/state.h"
#include "seal/live/live.h"

#define DISTURBANCES_MAX 40 /* or nothing would ever come to an end */
#define NS_STANZAS       "urn:ietf:params:xml:ns:xmpp-stanzas"

/* ---- the server ---- */

static const char *flip(const char *stanza) {
    const char *at = strstr(stanza, "number='");
    at = strchr(at, '>') + 1;
    size_t len = strcspn(at, "<");
    static char altered[32768];
    snprintf(altered, sizeof altered, "%s", stanza);
    char *c = altered + (at - stanza) + len / 2;
    *c = *c == 'A' ? 'B' : 'A';
    return altered;
}

static const char *cut(const char *stanza) {
    static char altered[32768];
    const char *at = strchr(strstr(stanza, "number='"), '>') + 1;
    size_t len = strcspn(at, "<"), kept = len / 2 / 4 * 4;
    snprintf(altered, sizeof altered, "%.*s%s", (int)((size_t)(at - stanza) + kept), stanza, at + len);
    return altered;
}

static void mirror(hostile *h, talk *k, const char *type, const stanza_element *stanza, sotto_bytes payload) {
    sotto_bytes from = stanza_attribute_of(stanza, "from"), to = stanza_attribute_of(stanza, "to");
    sotto_bytes id = stanza_attribute_of(stanza, "id");
    size_t size = payload.len + 4096;
    free(h->mirrored);
    h->mirrored = malloc(size);
    assert_non_null(h->mirrored);
    snprintf(h->mirrored, size, "<iq from='%.*s' to='%.*s' id='%.*s' type='%s'>%.*s</iq>", (int)to.len,
             (const char *)to.at, (int)from.len, (const char *)from.at, (int)id.len, (const char *)id.at, type,
             (int)payload.len, (const char *)payload.at);
    h->to = bytes_starts_with(from, bytes_text(JULIET)) ? k->t.juliet : k->t.romeo;
}

static const char *error_of(malice what) {
    return what == REFUSES ? "<error type='cancel'><service-unavailable xmlns='" NS_STANZAS "'/></error>"
                           : "<error type='cancel'><item-not-found xmlns='" NS_STANZAS "'/></error>";
}

static lab_fate hook(void *arg, const stanza_element *stanza, bool to_client, sotto_bytes *ret_instead,
                     uint64_t *ret_until_ms) {
    talk *k = arg;
    hostile *h = &k->h;
    const stanza_element *live = stanza_child(stanza, "live", NS_LIVE);
    if (!to_client || live == NULL || ++h->seen < h->at || h->seen > (h->until > 0 ? h->until : h->at)) return LAB_PASS;
    snprintf(h->text, sizeof h->text, "%.*s", (int)stanza->raw.len, (const char *)stanza->raw.at);
    const char *instead = NULL;
    bool is_result = bytes_is(stanza_attribute_of(stanza, "type"), "result");
    switch (h->what) {
    case HONEST:
        return LAB_PASS;
    case DROPS:
        return LAB_DROP;
    case REPEATS:
        return LAB_REPEAT;
    case REORDERS:
        return LAB_REORDER;
    case DELAYS:
        *ret_until_ms = k->t.w.now_ms + 40000;
        return LAB_DELAY;
    case ALTERS_RECORDS:
        instead = flip(h->text);
        break;
    case CUTS_RECORDS:
        instead = cut(h->text);
        break;
    case ALTERS_SESSION:
        instead = alter_part(h->text, "session='", "'", "session='00112233445566778899aabbccddeeff'");
        break;
    case ALTERS_NUMBER:
        instead = alter_part(h->text, "number='", "'", "number='9'");
        break;
    case REFLECTS:
    case REFLECTS_ALONE:
        mirror(h, k, "set", stanza, live->raw);
        return h->what == REFLECTS ? LAB_PASS : LAB_DROP;
    case REFUSES:
    case FORGETS_FOR_IT:
        if (is_result) {
            instead = alter_text(h->text, "type='result'", "type='error'");
            instead = alter_part(instead, "<live", "</live>", error_of(h->what));
            break;
        }
        mirror(h, k, "error", stanza, bytes_text(error_of(h->what)));
        return LAB_DROP;
    }
    *ret_instead = bytes_text(instead);
    return LAB_ALTER;
}

static bool put_mirrored(talk *k) {
    hostile *h = &k->h;
    if (h->mirrored == NULL) return false;
    if (h->to->session != NULL) assert_ok(lab_session_inject(h->to->session, bytes_text(h->mirrored)));
    free(h->mirrored);
    h->mirrored = NULL;
    return true;
}

/* ---- disturbances ---- */

void live_forget(device *d) {
    for (size_t i = 0; d->engine != NULL && i < d->engine->seal_count; i++) {
        engine_seal *seal = &d->engine->seals[i];
        if (!seal->is_open) continue;
        seal->class->forget(seal->self, BYTES_NONE);
        seal->forgot = true;
    }
}

static void disturb(talk *k) {
    k->done++;
    switch (k->p.what) {
    case UNDISTURBED:
        break;
    case FORGET_BOTH:
        live_forget(k->t.juliet);
        live_forget(k->t.romeo);
        break;
    case FORGET:
        live_forget(k->victim);
        break;
    case CRASH_RESUMED:
    case CRASH_ANEW:
        device_crash(k->victim, k->p.what == CRASH_RESUMED);
        break;
    }
}

static void turn(talk *k, device *d) {
    if (d != k->victim || k->p.after == 0 || d->ops != k->p.after) return;
    disturb(k);
    k->p.after = k->p.every > 0 && k->done < DISTURBANCES_MAX ? d->ops + k->p.every : 0;
}

void live_run(talk *k) {
    for (bool busy = true; busy;) {
        busy = put_mirrored(k);
        for (size_t i = 0; i < k->t.w.count; i++) {
            device *d = k->t.w.devices[i];
            if (!device_turn(d)) continue;
            busy = true;
            turn(k, d);
        }
    }
}

void live_pass(talk *k, uint64_t ms) {
    live_run(k);
    k->t.w.now_ms += ms;
    lab_server_time(k->t.w.server, k->t.w.now_ms);
    for (size_t i = 0; i < k->t.w.count; i++) {
        device *d = k->t.w.devices[i];
        if (sotto_engine_deadline(d->engine) <= k->t.w.now_ms)
            device_wish(d, (sotto_input){.kind = SOTTO_INPUT_TIMER}, NULL);
    }
    live_run(k);
}

/* Time until everything under way has come to an end: questions, retries, the two minutes. */
static void settle(talk *k) {
    static const uint64_t steps[] = {1000, 2000, 4000, 8000, 31000};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) live_pass(k, steps[i]);
    for (size_t i = 0; i < 30; i++) live_pass(k, 61000);
}

static const char *const of_juliet[] = {"j1", "j2", "j3", "j4", "j5", "j6", NULL};
static const char *const of_romeo[] = {"r1", "r2", "r3", "r4", NULL};

void live_begin(talk *k, hostile h) {
    *k = (talk){.h = h};
    world_start(&k->t.w, sotto_seal_live());
    k->t.w.encrypt = SOTTO_ENCRYPT_ALWAYS;
    lab_server_hook(k->t.w.server, hook, k);
}

/* The first message opens the session; then answers, both at once, several in a row. */
void live_converse(talk *k, const made *m, plan p, hostile h, tickets *said) {
    two *t = &k->t;
    live_begin(k, h);
    k->p = p;
    t->juliet = world_device_over(&t->w, "juliet", "balcony", m->juliet);
    t->romeo = world_device_over(&t->w, "romeo", "orchard", m->romeo);
    t->juliet->grouped = t->romeo->grouped = p.grouped;
    k->victim = p.romeo ? t->romeo : t->juliet;
    device_attach(t->juliet);
    device_attach(t->romeo);
    live_run(k);
    said->juliet[0] = device_say(t->juliet, ROMEO, "j1");
    live_run(k);
    said->romeo[0] = device_say(t->romeo, JULIET, "r1");
    said->juliet[1] = device_say(t->juliet, ROMEO, "j2");
    said->juliet[2] = device_say(t->juliet, ROMEO, "j3");
    live_run(k);
    said->romeo[1] = device_say(t->romeo, JULIET, "r2");
    said->romeo[2] = device_say(t->romeo, JULIET, "r3");
    said->juliet[3] = device_say(t->juliet, ROMEO, "j4");
    live_run(k);
    said->juliet[4] = device_say(t->juliet, ROMEO, "j5");
    live_pass(k, 2000);
    said->romeo[3] = device_say(t->romeo, JULIET, "r4");
    said->juliet[5] = device_say(t->juliet, ROMEO, "j6");
    settle(k);
}

static size_t told_of(const device *d, sotto_event_kind kind, uint64_t ticket) {
    size_t count = 0;
    for (size_t i = 0; i < d->told_len; i++) count += d->told[i].kind == kind && d->told[i].ticket == ticket;
    return count;
}

static size_t check_side(device *from, const device *to, const char *const *bodies, const uint64_t *said) {
    size_t back = 0, last = 0;
    for (size_t i = 0; bodies[i] != NULL; i++) {
        size_t read = device_read_count(to, bodies[i]);
        size_t unknown = told_of(from, SOTTO_EVENT_DELIVERY_UNKNOWN, said[i]);
        size_t stored = told_of(from, SOTTO_EVENT_DELIVERED, said[i]);
        size_t refused = told_of(from, SOTTO_EVENT_REFUSED, said[i]);
        if (unknown + stored + refused != 1 || read > 1 || read < stored || (refused > 0 && read > 0))
            fail_msg("%s: read %u, delivered %u, unknown %u, refused %u", bodies[i], (unsigned)read, (unsigned)stored,
                     (unsigned)unknown, (unsigned)refused);
        back += unknown + refused;
        for (size_t at = 0; at < to->read_len; at++) {
            if (strcmp(to->read[at].body, bodies[i]) != 0) continue;
            if (at < last) fail_msg("%s came too late", bodies[i]);
            last = at;
        }
    }
    assert_int_equal(device_told_count(to, SOTTO_EVENT_UNREADABLE, -1), 0);
    assert_int_equal(device_told_count(to, SOTTO_EVENT_QUARANTINED, -1), 0); /* secrets were never out of step */
    assert_int_equal(device_held(from), 0);
    return back;
}

size_t live_check(talk *k, const tickets *said) {
    for (size_t i = 0; i < k->t.romeo->read_len; i++) assert_string_equal(k->t.romeo->read[i].seal, "live");
    for (size_t i = 0; i < k->t.juliet->read_len; i++) assert_string_equal(k->t.juliet->read[i].seal, "live");
    assert_false(world_saw(&k->t.w, "about j1") || world_saw(&k->t.w, "<body"));
    return check_side(k->t.juliet, k->t.romeo, of_juliet, said->juliet) +
           check_side(k->t.romeo, k->t.juliet, of_romeo, said->romeo);
}
