/* SPDX-License-Identifier: ISC
 *
 * What an account is made of, for the files of src/account alone. */
#ifndef ACCOUNT_STATE_H
#define ACCOUNT_STATE_H

#include "account/account.h"
#include "bytes/arena.h"
#include "bytes/buffer.h"
#include "stanza/jid.h"
#include "stream/client.h"

#define ACCOUNT_RESUME_ID_BYTES_MAX 256u
#define ACCOUNT_OWN_TICKET          (UINT64_C(1) << 63)
#define ACCOUNT_SEAL_BYTES          24u /* of a name of seals, with its end; longer ones are cut */
#define ACCOUNT_SENT_BYTES          (8u + ACCOUNT_SEAL_BYTES) /* of one in `sent` */

/* A stanza the server has not acknowledged, in the order of sending. */
typedef struct account_unacked {
    uint64_t seq;
    uint64_t ticket;
    bool lasting;                  /* a message: it is sent again on a new stream */
    char seal[ACCOUNT_SEAL_BYTES]; /* empty: it left in the clear */
} account_unacked;

struct account {
    const sotto_host *host;
    bytes_arena lasting; /* what was copied at open */
    bytes_arena arena;   /* what the last output points to */
    sotto_engine *engine;
    tls_context *tls;
    stanza_jid jid;
    sotto_bytes password;
    sotto_bytes connect_host;
    uint16_t connect_port;
    bool connect_direct_tls;
    bool available;
    bool keep_trying;
    bool takes_questions;

    stream_client *stream; /* NULL: neither connected nor trying */
    uint64_t now_ms;
    uint64_t retry_ms; /* when to connect again; UINT64_MAX: not by itself */
    uint64_t online_since_ms;
    uint64_t suspect;  /* number of the output that may be what a server ended the stream for; 0: none */
    unsigned strikes;  /* how often it did */
    unsigned failures; /* in a row */
    bool connected;    /* the host has a connection open for us */
    bool disconnect;   /* ... and is to be told to close it */
    bool online;
    bool announced; /* roster asked for and presence sent, by this process */
    bool ending;    /* the stream is to be ended once everything committed has been sent */
    bool ended;     /* ... and that was begun */
    bool manages;   /* XEP-0198 is on */
    bool staged;    /* something was stepped and not committed */
    bool noted;     /* the note about the stream must go with the next commit */
    uint8_t resume_at[ACCOUNT_RESUME_ID_BYTES_MAX];
    sotto_bytes resume_id; /* in resume_at */
    uint8_t full_at[SOTTO_JID_BYTES_MAX];
    sotto_bytes full;    /* own full JID of the stream that may be resumed, in full_at */
    uint32_t handled;    /* stanzas of the server, in this session, that were stepped */
    uint32_t committed;  /* ... and committed */
    uint32_t acked;      /* stanzas of ours that the server has, and that are done in the engine */
    uint32_t acked_late; /* ... of the session before this one, as told when it could not be resumed */
    account_unacked *unacked;
    size_t unacked_count, unacked_size;
    bytes_buffer sent;                /* what to tell of, oldest first: of each the ticket and how it left */
    account_output offline;           /* to be told, when its kind says so */
    char seal_at[ACCOUNT_SEAL_BYTES]; /* of the last that was told */
    uint8_t text_at[256];
    uint64_t own_ticket;
};

/* ---- notes: what the store keeps for the next start (account/note.c) ---- */

/* The stream that may be resumed and its counts; staged. */
SOTTO_MUST_CHECK sotto_status account_note_stream(account *);
SOTTO_MUST_CHECK sotto_status account_note_password(account *);
/* The output under suspicion; staged. */
SOTTO_MUST_CHECK sotto_status account_note_suspect(account *);
/* Reads all of them. password: of the configuration, which wins. NOT_FOUND: there is none. */
SOTTO_MUST_CHECK sotto_status account_load_notes(account *, sotto_bytes password);

/* ---- what a client says by itself (account/presence.c); staged ---- */

SOTTO_MUST_CHECK sotto_status account_announce(account *);
/* Answers an iq request: what is the client's own business properly, everything else with an error. */
SOTTO_MUST_CHECK sotto_status account_answer(account *, const sotto_delivery *);

/* ---- the connection (account/connection.c) ---- */

SOTTO_MUST_CHECK sotto_status account_connect(account *);
/* The stream is gone: the engine is told, and a new attempt planned unless status says that it is of no use. */
void account_drop(account *, sotto_status, sotto_bytes text);
/* One output of the stream; *ret_give: *ret is for the host. */
SOTTO_MUST_CHECK sotto_status account_take_stream(account *, const stream_client_output *, account_output *ret,
                                                  bool *ret_give);
/* Hands a committed stanza to the stream. */
SOTTO_MUST_CHECK sotto_status account_send_stanza(account *, const sotto_output *);

#endif
