/* SPDX-License-Identifier: ISC
 *
 * Instead of src/tls/engine.c, for targets above it: TLS that neither hides nor proves anything, so that what a fuzzer
 * makes up arrives. Each direction begins with FUZZ_TLS_HELLO; FUZZ_TLS_END is close_notify. The order of things is
 * the real one: nothing of the application before the handshake and, for a client, the verdict. */
#ifndef FUZZ_PLAIN_TLS_H
#define FUZZ_PLAIN_TLS_H

#include "tls/engine.h"

#define FUZZ_TLS_HELLO 0x16
#define FUZZ_TLS_END   0x15

struct tls_context {
    const sotto_host *host;
    bool server;
    bool no_binding; /* the exporter is not to be had */
};

#endif
