/* SPDX-License-Identifier: ISC
 *
 * What is talked about: two accounts with two devices each, one of the four the victim. */
#ifndef TEST_KILLED_TALK_H
#define TEST_KILLED_TALK_H

#include "victim.h"

typedef enum talk_who { BALCONY, TABLET, ORCHARD, PHONE, PEOPLE } talk_who;

typedef struct talk talk;

/* Who takes part, what is said, and what has to come of it. */
typedef struct talk_script {
    const char *locals[PEOPLE];
    bool archived;           /* accounts have archives, and devices read them */
    void (*furnish)(talk *); /* the server, before anybody is there; NULL: nothing to do */
    void (*run)(talk *);
    const char *read[PEOPLE];    /* what everybody reads, each word once */
    const char *lasting[PEOPLE]; /* ... of these also who is killed and begins a stream anew */
    size_t not_for_us[PEOPLE];   /* messages that leave them out */
    size_t keys_used;            /* message keys, at least */
} talk_script;
extern const talk_script talk_pair, talk_room;

/* What an account is after its first opening; making keys takes longer than all the rest. */
typedef struct talk_made {
    const talk_script *script;
    rig host;
    sotto_store *stores[PEOPLE];
    victim_ground ground;
} talk_made;
void talk_made_start(talk_made *, const talk_script *);
void talk_made_end(talk_made *);

struct talk {
    const talk_made *made;
    talk_who who;
    bool grouped; /* how the victim commits */
    world w;
    device *people[PEOPLE];
    victim v;
    bool delays; /* messages for romeo are kept back for three seconds */
};

/* Everybody is made, the victim too; the phone comes later. `prepare` is called when the victim is there (NULL: not).
 */
void talk_start(talk *, const talk_made *, talk_who, bool grouped, void (*prepare)(void *arg, victim *), void *arg);
void talk_run(talk *);
/* Everything was read once by everybody who should, and nothing else; no message key was used twice. */
void talk_check(talk *);
void talk_end(talk *);

extern const char *const talk_names[PEOPLE];

#endif
