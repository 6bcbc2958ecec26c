/* SPDX-License-Identifier: ISC
 *
 * A turn is prepared (texts, stanzas of the crowd), measured, done again by the peers, and looked at: every text must
 * have come through. */
#include "turns.h"

#include <string.h>

#include "bytes/span.h"

#define BATCH_MAX 512

/* A message of the turn. */
typedef struct parcel {
    plan_contact contact;
    char text[128];
    sotto_bytes in, answer; /* what the hub is given: to read, to send */
} parcel;

typedef struct batch {
    parcel at[BATCH_MAX];
    uint32_t count;
    bytes_buffer memory[BATCH_MAX];
} batch;

/* xorshift64*: the same contacts in every run. */
static uint32_t draw(bench *b, uint32_t below) {
    b->drawn ^= b->drawn >> 12;
    b->drawn ^= b->drawn << 25;
    b->drawn ^= b->drawn >> 27;
    return (uint32_t)((b->drawn * UINT64_C(2685821657736338717)) >> 33) % below;
}

static plan_contact pick(bench *b, const bench_row *row) {
    uint32_t third = b->p->ones / 3;
    if (row->kind == BENCH_RECEIVE) return plan_contact_at(b->p, third + draw(b, third));
    if (row->kind == BENCH_TALK) return plan_contact_at(b->p, 2 * third + draw(b, third));
    if (row->devices == 1) return plan_contact_at(b->p, draw(b, third));
    if (row->devices == PLAN_TEN) return plan_contact_at(b->p, b->p->ones + draw(b, b->p->tens));
    return plan_contact_at(b->p, b->p->ones + b->p->tens + draw(b, b->p->sixties));
}

/* A contact talks once a turn: he has to read the answer before he writes again. */
static bool is_there(const batch *all, const plan_contact *contact) {
    for (uint32_t i = 0; i < all->count; i++)
        if (all->at[i].contact.first == contact->first) return true;
    return false;
}

static void prepare(bench *b, const bench_row *row, batch *all, uint32_t count) {
    while (all->count < count) {
        parcel *one = &all->at[all->count];
        bytes_buffer *memory = &all->memory[all->count];
        one->contact = pick(b, row);
        if (row->kind == BENCH_TALK && is_there(all, &one->contact)) continue;
        all->count++;
        (void)snprintf(one->text, sizeof one->text, "cargo %012llu is aboard, and the tide does not wait for anybody",
                       (unsigned long long)++b->number);
        bytes_buffer_owned(memory, sotto_host_default(), SOTTO_STANZA_BYTES_MAX);
        size_t received = 0;
        if (row->kind != BENCH_SEND) {
            crowd_write(b->crowd, one->contact.first, one->contact.jid, one->text, row->devices, memory);
            received = memory->len;
        }
        bytes_buffer_text(memory, "<message to='");
        bytes_buffer_text(memory, one->contact.jid);
        bytes_buffer_text(memory, "' type='chat' id='h");
        bytes_buffer_decimal(memory, b->number);
        bytes_buffer_text(memory, "'><body>");
        bytes_buffer_text(memory, one->text);
        bytes_buffer_text(memory, "</body></message>");
        sotto_bytes both;
        bench_must(bytes_buffer_end(memory, &both));
        one->in = bytes_of(both.at, received);
        one->answer = bytes_after(both, received);
    }
}

/* What is measured of ours; by this name a profiler finds it. */
__attribute__((noinline)) static void run_ours(bench *b, const bench_row *row, const batch *all) {
    uint32_t group = row->grouped ? b->p->group : 1;
    for (uint32_t i = 0; i < all->count; i++) {
        if (row->kind != BENCH_SEND) hub_receive(&b->hub, all->at[i].in);
        if (row->kind != BENCH_RECEIVE) hub_send(&b->hub, all->at[i].answer);
        if ((i + 1) % group == 0 || i + 1 == all->count) hub_commit(&b->hub);
    }
}

static void look_through(bench *b, const bench_row *row, const batch *all) {
    const hub *h = &b->hub;
    bench_check(h->read_count == (row->kind == BENCH_SEND ? 0 : all->count));
    bench_check(h->sent_count == (row->kind == BENCH_RECEIVE ? 0 : all->count));
    for (uint32_t i = 0; i < all->count; i++) {
        const parcel *one = &all->at[i];
        if (row->kind != BENCH_SEND)
            bench_check(memmem(h->read[i].at, h->read[i].len, one->text, strlen(one->text)) != NULL);
        if (row->kind == BENCH_RECEIVE) continue;
        size_t keys = 0;
        for (sotto_bytes rest = h->sent[i]; (rest.at = memmem(rest.at, rest.len, "<key ", 5)) != NULL; keys++)
            rest = bytes_of(rest.at + 5, (size_t)(h->sent[i].at + h->sent[i].len - rest.at) - 5);
        bench_check(keys == row->devices);
        crowd_read(b->crowd, one->contact.first, one->contact.jid, h->sent[i], one->text);
    }
}

static bench_time run_peer(bench *b) {
    const recording *r = &b->hub.recording;
    bench_time begin = bench_now();
    for (size_t i = 0; i < r->count; i++) {
        size_t count;
        const sotto_change *changes = recording_changes(r, i, &count);
        floor_write(b->peer, changes, count);
    }
    return bench_since(begin);
}

static bench_time run_sealed(bench *b) {
    bench_time begin = bench_now();
    for (size_t i = 0; i < b->hub.recording.count; i++) bench_must(recording_write(&b->hub.recording, i, b->sealed));
    return bench_since(begin);
}

static void count_up(const bench *b, bench_row *row, const bench_time times[3], uint32_t messages) {
    const recording *r = &b->hub.recording;
    double n = (double)messages;
    bench_check(row->turns < TURNS_MAX);
    row->ours[row->turns] = times[0].cpu_us / n;
    row->ours_wall[row->turns] = times[0].wall_us / n;
    row->peer[row->turns] = times[1].cpu_us / n;
    row->peer_wall[row->turns] = times[1].wall_us / n;
    row->sealed[row->turns++] = times[2].cpu_us / n;
    row->messages = messages;
    row->transactions = r->count;
    row->records = r->kept_count;
    row->bytes = r->len;
}

void turn_take(bench *b, bench_row *row, bool counts) {
    static batch all;
    bench_time times[3];
    uint32_t count = row->devices > PLAN_TEN && row->kind == BENCH_SEND ? b->p->batch_large : b->p->batch;
    if (!row->grouped) count = (count + 3) / 4; /* each waits for the disk */
    all.count = 0;
    bool own = row->kind == BENCH_SEND && row->devices > PLAN_SIXTY;
    if (own) hub_own_devices(&b->hub, true);
    prepare(b, row, &all, count);
    recording_clear(&b->hub.recording);
    hub_forget_outputs(&b->hub);
    b->hub.store.to = &b->hub.recording;
    bench_time begin = bench_now();
    run_ours(b, row, &all);
    times[0] = bench_since(begin);
    b->hub.store.to = NULL;
    recording_settle(&b->hub.recording);
    times[1] = run_peer(b);
    times[2] = run_sealed(b);
    if (counts) count_up(b, row, times, count);
    look_through(b, row, &all);
    hub_forget_outputs(&b->hub);
    if (own) hub_own_devices(&b->hub, false);
    for (uint32_t i = 0; i < all.count; i++) bytes_buffer_free(&all.memory[i]);
}
