/* SPDX-License-Identifier: ISC
 *
 * A live seal with nothing around it: an environment whose records lie in a map, which trusts everybody, and writes
 * down what is asked. Two of them make sessions frame by frame, without stanzas; with stanzas one is somebody whom an
 * engine talks to. */
#ifndef BENCH_LIVE_SIDE_H
#define BENCH_LIVE_SIDE_H

#include "bench/engine/measure.h"
#include "bytes/buffer.h"
#include "bytes/map.h"
#include "seal/live/self.h"

#define SIDE_NOW_MS UINT64_C(1800000000000)
#define SIDE_ASKS   16u

/* TLS's contexts: what many sides share. */
typedef struct side_contexts {
    tls_context *client, *server;
} side_contexts;
void side_contexts_make(side_contexts *);
void side_contexts_free(side_contexts *);

typedef struct side_ask {
    char id[32];
    uint8_t note[LIVE_ID_BYTES + 8 + 256];
    size_t note_len; /* 0: free */
} side_ask;

typedef struct side {
    seal_env env;
    bytes_arena arena;
    bytes_map records;
    live_self *self;
    sotto_bytes full;
    char name[128];
    unsigned iqs;
    side_ask asked[SIDE_ASKS];
    bytes_buffer *out; /* stanzas for the other side, each with a zero byte behind */
    size_t read;       /* stanzas that came out of sessions */
} side;

/* The parser may be one of many sides. */
void side_make(side *, const side_contexts *, stanza_parser *, const char *full);
void side_free(side *);

/* ---- without stanzas ---- */

/* Both seals' ends of one session. */
typedef struct side_session {
    live_session *a, *b; /* a began it */
} side_session;

/* From the ClientHello until nobody has anything more to say; `secret`: one from before is used, or there is none. */
side_session side_shake(side *a, side *b, bool secret);
/* No session is left; with `secrets`, none of these either. */
void side_forget(side *, bool secrets);
/* The records that a session made, as the next frame. */
live_frame side_take(side *, live_session *);
/* A frame into a session; what it says is counted, and not read (side_counts), or read. */
void side_feed(side *, live_session *, const live_frame *);
extern size_t *side_counts; /* NULL: stanzas are read */

/* ---- with stanzas ---- */

/* A stanza from another: what there is to answer, or to send, comes behind *out. */
void side_receive(side *, sotto_bytes stanza, bytes_buffer *out);

#endif
