/* SPDX-License-Identifier: ISC
 *
 * Who there is. One account, the hub, has a session with every device of a crowd: contacts with one device, with ten,
 * with sixty, and forty other devices of its own (a message for a contact with sixty goes to a hundred when these are
 * on the hub's device list, and they are only then). All names and numbers follow from the plan, so that another
 * process can find its way in the same store. */
#ifndef BENCH_ENGINE_PLAN_H
#define BENCH_ENGINE_PLAN_H

#include <stdint.h>
#include <stdio.h>

#define PLAN_HUB      "hub@wharf.example"
#define PLAN_HUB_FULL PLAN_HUB "/desk"
#define PLAN_START_MS UINT64_C(1800000000000)
#define PLAN_OWN      40u
#define PLAN_TEN      10u
#define PLAN_SIXTY    60u

typedef struct plan {
    uint32_t ones, tens, sixties; /* contacts with so many devices */
    uint32_t group;               /* messages a commit, in the rows "grouped" */
    uint32_t batch;               /* messages a turn */
    uint32_t batch_large;         /* ... for a hundred devices */
    uint32_t turns;               /* after one that does not count */
} plan;

static const plan plan_full = {
    .ones = 4000, .tens = 320, .sixties = 46, .group = 32, .batch = 256, .batch_large = 64, .turns = 9};
static const plan plan_quick = {
    .ones = 36, .tens = 2, .sixties = 1, .group = 4, .batch = 8, .batch_large = 4, .turns = 1};

/* The devices of a contact, or of the hub itself, are numbered in a row. */
typedef struct plan_contact {
    char jid[40];
    uint32_t first; /* index of its first device */
    uint32_t count;
} plan_contact;

static inline uint32_t plan_contacts(const plan *p) {
    return p->ones + p->tens + p->sixties;
}

static inline uint32_t plan_sessions(const plan *p) {
    return p->ones + p->tens * PLAN_TEN + p->sixties * PLAN_SIXTY + PLAN_OWN;
}

/* Those with one device first, then ten, then sixty. */
static inline plan_contact plan_contact_at(const plan *p, uint32_t index) {
    plan_contact c = {.first = index, .count = 1};
    if (index >= p->ones + p->tens) {
        c.first = p->ones + p->tens * PLAN_TEN + (index - p->ones - p->tens) * PLAN_SIXTY;
        c.count = PLAN_SIXTY;
    } else if (index >= p->ones) {
        c.first = p->ones + (index - p->ones) * PLAN_TEN;
        c.count = PLAN_TEN;
    }
    (void)snprintf(c.jid, sizeof c.jid, "mate%05u@harbour.example", (unsigned)index);
    return c;
}

static inline plan_contact plan_own(const plan *p) {
    return (plan_contact){.jid = PLAN_HUB, .first = plan_sessions(p) - PLAN_OWN, .count = PLAN_OWN};
}

/* The id that a device announces. */
static inline uint32_t plan_device_id(uint32_t index) {
    return 700000001u + index * 13u;
}

#endif
