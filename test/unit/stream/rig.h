/* SPDX-License-Identifier: ISC
 *
 * A client against a server, both in memory, with time injected and everything written down. The server is the
 * project's own (src/stream/server.h), or a liar: a bare wire on which a test writes what it likes. */
#ifndef TEST_STREAM_RIG_H
#define TEST_STREAM_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "bytes/buffer.h"
#include "bytes/span.h"
#include "stream/client.h"
#include "stream/server.h"
#include "stream/wire.h"
#include "tls/context.h"

#define assert_fine(expression)             assert_int_equal((expression).code, 0)
#define assert_status(expression, constant) assert_int_equal((expression).code, SOTTO_E_##constant)

#define RIG_DOMAIN   "capulet.example"
#define RIG_ACCOUNT  "juliet@capulet.example"
#define RIG_PASSWORD "r0m30myr0m30"

typedef struct talk talk;

/* A liar is asked for every event of its wire and writes to stream_wire_out. */
typedef void liar_turn(talk *, stream_wire_event, const stanza_element *);

/* Zero is the usual: STARTTLS, everything offered, the right password, everything answered. */
typedef struct talk_options {
    const char *account, *password, *resource;
    bool direct_tls;
    const char *const *offer; /* stream_server_config */
    bool without_starttls, without_management, without_binding;
    bool tls_1_2;
    bool wrong_certificate; /* the server's is another domain's */
    bool refuse;            /* the owner says no to any certificate */
    bool conflict;          /* the resource is taken: BIND is refused once */
    const char *bound;      /* the JID that BIND is answered with */
    const char *resume_id;  /* the client tries this */
    uint32_t resume_handled;
    const char *known_resume; /* the server knows this one */
    uint32_t known_handled;
    bool remembers;         /* a resumption that fails tells the count */
    const char *enabled_id; /* of a stream that can be resumed; however long */
    size_t step;            /* bytes at a time; 0: as they come */
    bool discover;          /* SRV instead of --connect */
    bool manual;            /* RESOLVE and CONNECT are not answered by the rig */
    liar_turn *liar;
    const sotto_host *host;
} talk_options;

struct talk {
    talk_options options;
    tls_context *client_tls, *server_tls;
    stream_client *client;
    stream_server *server;
    stream_wire *liar;
    int liar_at; /* for the test's own use */
    char liar_note[1024];
    uint64_t now;
    bool connected, lost_told;

    /* what the client's owner saw */
    unsigned resolves, connects, disconnects, verdicts, onlines, ended;
    char resolve_name[128], connect_name[128];
    uint16_t connect_port;
    stream_client_output online; /* spans are not valid */
    char jid[256], resume_id[64];
    sotto_status status; /* of ENDED, and of an input or of next that failed */
    char text[256];
    uint32_t acked;
    unsigned acks;
    unsigned stanzas;
    uint32_t count;
    char stanza[4096];
    size_t sent_before_verdict;

    /* what the server's owner saw */
    unsigned logins, binds, server_stanzas, server_ended;
    char server_stanza[4096], bind_resource[128];
    uint32_t server_count, server_acked;
    sotto_status server_status;

    bytes_buffer from_client, from_server; /* the network, in both directions */
};

/* Fills in and connects; nothing runs yet. */
void talk_start(talk *, const talk_options *);
/* Runs until nothing moves. */
void talk_run(talk *);
/* talk_start and talk_run. */
void talk_whole(talk *, const talk_options *);
void talk_free(talk *);
/* A new client for the same world: the old one's connection is cut. */
void talk_again(talk *, const talk_options *);

void talk_client_sends(talk *, const char *stanza);
void talk_server_sends(talk *, const char *stanza);
/* Bytes of one side's log. */
bool talk_has(const bytes_buffer *, const char *text);
void liar_writes(talk *, const char *text);
/* The usual beginning of a liar: header, STARTTLS, proceed, TLS, and the header inside. Answers true while it has dealt
 * with the event itself. */
bool liar_greets(talk *, stream_wire_event, const stanza_element *);

/* Certificates for all tests of the program. */
int rig_setup(void **state);
int rig_teardown(void **state);

#endif
