/* SPDX-License-Identifier: ISC */
#include "mail.h"

#include <string.h>

#include "bench/engine/crowd.h"
#include "bench/engine/hub.h"
#include "bench/engine/measure.h"
#include "bytes/span.h"
#include "pair.h"

#define FIVE   5u
#define ROUNDS 31u

static size_t measure(hub *h, const char *jid, size_t body) {
    double lengths[ROUNDS];
    for (unsigned i = 0; i < ROUNDS; i++) {
        char text[8192];
        size_t len = pair_message(text, sizeof text, jid, body, i);
        hub_send(h, bytes_of(text, len));
        hub_commit(h);
        bench_check(h->sent_count == 1);
        lengths[i] = (double)h->sent[0].len;
        hub_forget_outputs(h);
    }
    return (size_t)bench_median(lengths, ROUNDS);
}

void mail_measure(mail *ret, const size_t bodies[MAIL_SIZES], const char *folder) {
    static const plan small = {.ones = 3, .tens = 1};
    hub h;
    uint32_t device;
    bytes_buffer list;
    sotto_bytes said;
    hub_open_store(&h, &small, folder);
    hub_open_engine(&h);
    crypto_identity identity = hub_identity(&h, &device);
    crowd *c = crowd_new(&small, &identity, device);
    hub_fill(&h, c);
    hub_online(&h);
    plan_contact one = plan_contact_at(&small, 0), five = plan_contact_at(&small, small.ones);
    bytes_buffer_owned(&list, sotto_host_default(), SOTTO_STANZA_BYTES_MAX);
    crowd_list(&list, five.jid, 0, five.first, FIVE); /* the others are off the list now */
    bench_must(bytes_buffer_end(&list, &said));
    hub_receive(&h, said);
    hub_commit(&h);
    hub_forget_outputs(&h);
    for (size_t i = 0; i < MAIL_SIZES; i++) {
        ret->one[i] = measure(&h, one.jid, bodies[i]);
        ret->five[i] = measure(&h, five.jid, bodies[i]);
    }
    bytes_buffer_free(&list);
    crowd_free(c);
    hub_close(&h);
}
