/* SPDX-License-Identifier: ISC */
#include "life.h"

#include "engine/keyring.h"

void life_send(rogue *r, const live_message *message) {
    rogue_write(r, message);
    rogue_send(r);
}

bool life_next(rogue *r, live_kind kind, live_message *ret) {
    while (rogue_read(r, ret))
        if (ret->kind == kind) return true;
    return false;
}

static void read_all(rogue *r) {
    live_message message;
    while (rogue_read(r, &message)) {
    }
}

void life_common(rogue *r) {
    live_message hold = {.kind = LIVE_HOLD};
    life_send(r, &hold);
    read_all(r);
    assert_int_equal(r->hold.kind, LIVE_HOLD);
    assert_int_equal(r->hold.id_count, 1);
    hold = r->hold;
    life_send(r, &hold);
    read_all(r);
}

void life_open(rogue *r, bool juliet_begins) {
    if (juliet_begins) {
        rogue_says(r, "come");
        rogue_answer(r, NULL);
        rogue_read_proof(r);
    } else {
        rogue_open(r);
    }
    life_common(r);
    assert_int_equal(life_sessions(r), 1);
}

bool life_told(const rogue *r, const char *line) {
    return strstr(r->told, line) != NULL;
}

size_t life_sessions(const rogue *r) {
    size_t count = 0;
    for (const live_session *s = rogue_inside(r)->sessions; s != NULL; s = s->next)
        count += s->proved && !s->over && !s->closing;
    return count;
}

sotto_trust life_trust(rogue *r) {
    sotto_trust trust;
    assert_ok(engine_keyring_trust(r->engine, BYTES_LITERAL(ROMEO), r->identity.ed25519.bytes, &trust));
    return trust;
}

void life_online(rogue *r) {
    rogue_step(r, (sotto_input){.kind = SOTTO_INPUT_ONLINE, .jid = BYTES_LITERAL(BALCONY)});
    rogue_stanza(r, "<iq type='result' id='r' to='" BALCONY "'><query xmlns='jabber:iq:roster'><item jid='" ROMEO
                    "' subscription='both'/></query></iq>");
    rogue_stanza(r, "<presence from='" ORCHARD "'/>");
}

void life_reopen(rogue *r, const sotto_seal *const *seals, sotto_trust_policy trust) {
    sotto_engine_config config = {.account = BYTES_LITERAL(JULIET),
                                  .host = &r->host.host,
                                  .store = r->store,
                                  .seals = seals,
                                  .encrypt = SOTTO_ENCRYPT_ALWAYS,
                                  .trust = trust,
                                  .least_strength = 1};
    sotto_engine_close(r->engine);
    assert_ok(sotto_engine_open(&r->engine, &config, r->now_ms));
    life_online(r);
}
