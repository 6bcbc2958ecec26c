/* SPDX-License-Identifier: ISC
 *
 * One message on its way in: what omemo/receive.c found out by reading, for omemo/settle.c to make true. */
#ifndef SEAL_OMEMO_RECEIVE_H
#define SEAL_OMEMO_RECEIVE_H

#include "seal/omemo/budget.h"
#include "seal/omemo/envelope.h"
#include "seal/omemo/header.h"
#include "seal/omemo/self.h"

typedef enum receive_which { RECEIVE_CURRENT, RECEIVE_PREVIOUS, RECEIVE_NEW } receive_which;

typedef struct receiving {
    omemo_self *self;
    seal_env *env;
    const stanza_element *stanza;
    const seal_origin *origin;
    sotto_bytes jid; /* the sender's */
    omemo_own *own;
    const omemo_dialect *dialect;
    omemo_header header;
    uint32_t sender;               /* its device */
    bool active;                   /* ... and that is on its list */
    const stanza_element *payload; /* NULL: an empty message */
    bool is_kex;
    sotto_bytes data; /* the message in our <key/> */
    omemo_kex kex;
    omemo_use use;     /* of the prekey, by a key exchange */
    omemo_peer peer;   /* as it was */
    bool has_previous; /* previous was read */
    omemo_previous previous;
    receive_which which; /* the session that read it */
    bool aside;          /* ... which is not, or did not become, the current one */
    bool newcomer;       /* ... because it is a new one with another identity than the device's */
    uint32_t number;     /* ... and its number */
    uint32_t n;          /* of the message */
    omemo_step step;
    bytes_buffer plain; /* what the ratchet carried */
    omemo_content content;
    omemo_budget budget; /* what a key exchange took */
    bool spent;          /* so many messages of the sender failed that little is done for this one (T17) */
    seal_key key;        /* of the sender, once settled */
} receiving;

/* Stages what a message that was read changes: sessions, keys, prekeys, answers. */
SOTTO_MUST_CHECK sotto_status omemo_receive_stage(receiving *);
/* Stages what is to be asked because of a message, readable or not: a list, a bundle. */
SOTTO_MUST_CHECK sotto_status omemo_receive_questions(receiving *, sotto_status result);

#endif
