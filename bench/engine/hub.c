/* SPDX-License-Identifier: ISC
 *
 * Opening, filling, and the calls a host makes. */
#include "hub.h"

#include <string.h>

#include <sotto/sqlite.h>

#include "bytes/span.h"
#include "engine/contact.h"
#include "engine/env.h"
#include "engine/keyring.h"
#include "measure.h"
#include "seal/omemo/own.h"

#define FILL_GROUP 32u /* contacts a commit while there is nothing to be measured */
#define OUT_BYTES  ((size_t)48 * 1024 * 1024)

/* ---- memory ---- */

static void *counted_resize(void *arg, void *at, size_t old_size, size_t new_size) {
    hub_memory *memory = arg;
    const sotto_host *host = sotto_host_default();
    void *moved = host->resize(host->arg, at, old_size, new_size);
    if (new_size > 0 && moved == NULL) return NULL;
    memory->lent = memory->lent - old_size + new_size;
    if (memory->lent > memory->peak) memory->peak = memory->lent;
    return moved;
}

/* ---- opening ---- */

void hub_open_store(hub *h, const plan *p, const char *folder) {
    char path[512], key_path[512];
    *h = (hub){.p = p};
    bytes_buffer_owned(&h->answers, sotto_host_default(), OUT_BYTES);
    h->memory.host = (sotto_host){.arg = &h->memory, .resize = counted_resize, .random = sotto_host_default()->random};
    (void)snprintf(path, sizeof path, "%s/hub.sotto", folder);
    (void)snprintf(key_path, sizeof key_path, "%s/hub.key", folder);
    sotto_sqlite_options options = {.path = path, .key_path = key_path, .create = true, .host = &h->memory.host};
    bench_must(sotto_sqlite_open(&h->sqlite, &options));
    record_store_init(&h->store, h->sqlite);
}

void hub_open_engine(hub *h) {
    h->seals[0] = sotto_seal_omemo();
    sotto_engine_config config = {.account = BYTES_LITERAL(PLAN_HUB),
                                  .host = &h->memory.host,
                                  .store = &h->store.base,
                                  .seals = h->seals,
                                  .least_strength = 1};
    bench_must(sotto_engine_open(&h->engine, &config, PLAN_START_MS));
}

void hub_close_engine(hub *h) {
    sotto_engine_close(h->engine);
    h->engine = NULL;
}

void hub_close(hub *h) {
    hub_close_engine(h);
    sotto_store_close(h->sqlite);
    recording_free(&h->recording);
    free(h->out);
    bytes_buffer_free(&h->answers);
}

/* ---- filling ---- */

crypto_identity hub_identity(hub *h, uint32_t *ret_device) {
    engine_env env;
    omemo_own own;
    crypto_identity identity;
    engine_env_init(&env, h->engine, 0);
    bench_must(omemo_own_load(&env.base, &own));
    bench_must(omemo_own_identity(&own, &identity));
    *ret_device = own.device;
    return identity;
}

/* A third of those with one device is written to, a third writes, a third talks. */
static crowd_turn turn_of(const plan *p, const plan_contact *contact) {
    if (contact->count > 1 || contact->first < p->ones / 3) return CROWD_HUB_WRITES;
    return contact->first < p->ones / 3 * 2 ? CROWD_MATE_WRITES : CROWD_HUB_WROTE;
}

static void fill_contact(hub *h, crowd *c, const plan_contact *contact) {
    sotto_bytes jid = bytes_text(contact->jid);
    for (uint32_t i = 0; i < contact->count; i++) {
        engine_env env;
        omemo_peer peer;
        seal_key key;
        crowd_make(c, contact->first + i, turn_of(h->p, contact), &peer);
        engine_env_init(&env, h->engine, 0);
        bench_must(omemo_peer_save(&env.base, jid, &peer));
        omemo_peer_key(&peer, jid, &key);
        key.active = true;
        bench_must(env.base.key_seen(&env.base, &key));
        bench_must(engine_keyring_used(h->engine, jid, key.key)); /* today */
    }
    engine_contact known = {.sticky = true, .spoken = true};
    bench_must(engine_contact_put(h->engine, jid, &known));
}

void hub_fill(hub *h, crowd *c) {
    for (uint32_t i = 0; i < plan_contacts(h->p); i++) {
        plan_contact contact = plan_contact_at(h->p, i);
        fill_contact(h, c, &contact);
        if (i % FILL_GROUP == 0) hub_commit(h);
    }
    plan_contact own = plan_own(h->p);
    fill_contact(h, c, &own);
    hub_commit(h);
}

/* ---- the stream ---- */

static void feed(hub *h, const bytes_buffer *stanza) {
    sotto_bytes bytes;
    bench_must(bytes_buffer_end(stanza, &bytes));
    hub_receive(h, bytes);
}

/* What the server has to say to the questions so far, and to those that follow. */
static void answer(hub *h) {
    while (h->answers.len > 0) {
        bytes_buffer now = h->answers;
        sotto_bytes rest;
        bytes_buffer_owned(&h->answers, sotto_host_default(), OUT_BYTES);
        bench_must(bytes_buffer_end(&now, &rest));
        for (sotto_bytes one; crowd_next_answer(&rest, &one);) hub_receive(h, one);
        hub_commit(h);
        bytes_buffer_free(&now);
    }
}

static void feed_roster(hub *h, bytes_buffer *stanza) {
    for (uint32_t i = 0; i < plan_contacts(h->p);) {
        bytes_buffer_reset(stanza);
        bytes_buffer_text(stanza, "<iq type='set' id='roster'><query xmlns='jabber:iq:roster'>");
        for (uint32_t k = 0; k < 200 && i < plan_contacts(h->p); k++, i++) {
            plan_contact contact = plan_contact_at(h->p, i);
            bytes_buffer_text(stanza, "<item subscription='both' jid='");
            bytes_buffer_text(stanza, contact.jid);
            bytes_buffer_text(stanza, "'/>");
        }
        bytes_buffer_text(stanza, "</query></iq>");
        feed(h, stanza);
    }
}

void hub_own_devices(hub *h, bool listed) {
    uint32_t device;
    bytes_buffer stanza;
    plan_contact own = plan_own(h->p);
    (void)hub_identity(h, &device);
    bytes_buffer_owned(&stanza, sotto_host_default(), SOTTO_STANZA_BYTES_MAX);
    crowd_list(&stanza, PLAN_HUB, device, own.first, listed ? own.count : 0);
    feed(h, &stanza);
    hub_commit(h);
    bytes_buffer_free(&stanza);
    hub_forget_outputs(h);
}

void hub_online(hub *h) {
    sotto_input online = {.kind = SOTTO_INPUT_ONLINE, .jid = BYTES_LITERAL(PLAN_HUB_FULL)};
    bytes_buffer stanza;
    bench_must(sotto_engine_step(h->engine, &online, PLAN_START_MS));
    hub_commit(h);
    answer(h);
    bytes_buffer_owned(&stanza, sotto_host_default(), SOTTO_STANZA_BYTES_MAX);
    feed_roster(h, &stanza);
    for (uint32_t i = 0; i < plan_contacts(h->p); i++) {
        plan_contact contact = plan_contact_at(h->p, i);
        bytes_buffer_reset(&stanza);
        crowd_list(&stanza, contact.jid, 0, contact.first, contact.count);
        feed(h, &stanza);
        bytes_buffer_reset(&stanza);
        crowd_list_axolotl(&stanza, contact.jid);
        feed(h, &stanza);
        if (i % FILL_GROUP == 0) hub_commit(h);
        hub_forget_outputs(h);
    }
    hub_commit(h);
    bytes_buffer_free(&stanza);
    hub_own_devices(h, false);
}

/* ---- steps ---- */

void hub_receive(hub *h, sotto_bytes stanza) {
    sotto_input input = {.kind = SOTTO_INPUT_STANZA, .stanza = stanza};
    bench_must(sotto_engine_step(h->engine, &input, PLAN_START_MS));
}

void hub_send(hub *h, sotto_bytes stanza) {
    sotto_input input = {.kind = SOTTO_INPUT_SEND, .stanza = stanza, .ticket = ++h->ticket};
    bench_must(sotto_engine_step(h->engine, &input, PLAN_START_MS));
}

static sotto_bytes copy_out(hub *h, sotto_bytes bytes) {
    if (h->out == NULL) {
        h->out = malloc(OUT_BYTES);
        bench_check(h->out != NULL);
    }
    bench_check(bytes.len <= OUT_BYTES - h->out_len);
    sotto_bytes copy = bytes_of(h->out + h->out_len, bytes.len);
    memcpy(h->out + h->out_len, bytes.at, bytes.len);
    h->out_len += bytes.len;
    return copy;
}

void hub_commit(hub *h) {
    bench_must(sotto_engine_commit(h->engine));
    sotto_output output;
    while (sotto_engine_next(h->engine, &output)) {
        if (output.kind == SOTTO_OUTPUT_STANZA && output.ticket != 0) {
            bench_check(h->sent_count < HUB_OUTPUTS_MAX && output.seal.len > 0);
            h->sent[h->sent_count++] = copy_out(h, output.stanza);
        } else if (output.kind == SOTTO_OUTPUT_STANZA) {
            crowd_answer(&h->answers, output.stanza);
        } else if (output.kind == SOTTO_OUTPUT_DELIVER && output.delivery.seal.len > 0) {
            bench_check(h->read_count < HUB_OUTPUTS_MAX);
            h->read[h->read_count++] = copy_out(h, output.delivery.stanza);
        }
        if (output.seq != 0) bench_must(sotto_engine_done(h->engine, output.seq));
    }
}

void hub_forget_outputs(hub *h) {
    h->sent_count = h->read_count = h->out_len = 0;
}
