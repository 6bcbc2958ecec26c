/* SPDX-License-Identifier: ISC
 *
 * What was looked at just now and may be forgotten at any time: fresh device lists, and offers out of bundles. */
#ifndef SEAL_OMEMO_CACHE_H
#define SEAL_OMEMO_CACHE_H

#include "bytes/map.h"
#include "seal/omemo/devices.h"
#include "seal/omemo/exchange.h"

/* About a JID, in a dialect. */
typedef struct omemo_view {
    bool fresh; /* devices were fetched or notified since the stream began */
    omemo_devices devices;
    sotto_status problem; /* of the last question for the list */
    uint64_t problem_ms;
    uint64_t asked_ms; /* when the list was last asked for because a message came from a device not on it */
} omemo_view;

/* How long a member of a room is waited for. */
typedef struct omemo_patience {
    uint64_t since_ms;
} omemo_patience;

/* About a device without a session, in a dialect. */
typedef struct omemo_glimpse {
    sotto_status problem; /* OK: the offer can be used */
    uint64_t at_ms;
    omemo_offer offer;
} omemo_glimpse;

/* Messages of a JID that were not authentic (T17). */
typedef struct omemo_failures {
    uint64_t since_ms; /* start of the hour */
    uint32_t count;
} omemo_failures;

typedef struct omemo_cache {
    bytes_map map;
    size_t glimpses; /* how many of them are */
} omemo_cache;

void omemo_cache_init(omemo_cache *, const sotto_host *);
/* An empty view when there is none. */
void omemo_cache_view(const omemo_cache *, sotto_bytes jid, const omemo_dialect *, omemo_view *ret);
SOTTO_MUST_CHECK sotto_status omemo_cache_put_view(omemo_cache *, sotto_bytes jid, const omemo_dialect *,
                                                   const omemo_view *);
/* The devices of a JID: the fresh list, else the one that is remembered. */
SOTTO_MUST_CHECK sotto_status omemo_cache_devices(const omemo_cache *, seal_env *, sotto_bytes jid,
                                                  const omemo_dialect *, omemo_devices *ret);
bool omemo_cache_glimpse(const omemo_cache *, sotto_bytes jid, const omemo_dialect *, uint32_t device,
                         omemo_glimpse *ret);
SOTTO_MUST_CHECK sotto_status omemo_cache_put_glimpse(omemo_cache *, sotto_bytes jid, const omemo_dialect *,
                                                      uint32_t device, const omemo_glimpse *);
void omemo_cache_drop_glimpse(omemo_cache *, sotto_bytes jid, const omemo_dialect *, uint32_t device);
/* Since when a JID is waited for; nothing is when it is not. */
bool omemo_cache_patience(const omemo_cache *, sotto_bytes jid, omemo_patience *ret);
SOTTO_MUST_CHECK sotto_status omemo_cache_put_patience(omemo_cache *, sotto_bytes jid, const omemo_patience *);
void omemo_cache_drop_patience(omemo_cache *, sotto_bytes jid);
/* None when there are none. */
void omemo_cache_failures(const omemo_cache *, sotto_bytes jid, omemo_failures *ret);
SOTTO_MUST_CHECK sotto_status omemo_cache_put_failures(omemo_cache *, sotto_bytes jid, const omemo_failures *);
/* Everything about a JID; empty: everything. */
void omemo_cache_forget(omemo_cache *, sotto_bytes jid);

#endif
