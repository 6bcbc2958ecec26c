/* SPDX-License-Identifier: ISC
 *
 * A client that logs in to a lab listener through the real client stream. */
#ifndef LAB_PHONE_H
#define LAB_PHONE_H

#include "lab/server/listener.h"
#include "rig.h"
#include "stream/client.h"
#include "tls/context.h"

typedef struct phone {
    rig *r;
    lab_listener *listener;
    tls_context *tls;
    stream_client *client;
    lab_connection *connection;
    bool direct_tls;
    bool frail; /* the server may run out of memory */
    bool online, resumed, bound_channel, ended;
    sotto_status status;
    char jid[128], resume_id[64];
    uint32_t handled, acked;
    char inbox[65536]; /* stanzas that came, a line each */
} phone;

/* A client of juliet, romeo or nurse with the password "secret"; nothing is sent yet. */
void phone_new(phone *, rig *, lab_listener *, const char *local, const char *resource, bool direct_tls);
/* The same account and resource again, resuming what it had. */
void phone_again(phone *);
/* The same with a password, or resumption, of choice. */
void phone_start(phone *, const char *local, const char *password, const char *resource, const char *resume_id);
/* Carries bytes to and fro until nothing moves. */
void phone_pump(phone *);
/* Takes what the server has said so far; true: something came. */
bool phone_output(phone *);
void phone_say(phone *, const char *text);
/* Cuts the line without a word. */
void phone_lose(phone *);
void phone_free(phone *);

#endif
