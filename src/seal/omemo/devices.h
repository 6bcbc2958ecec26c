/* SPDX-License-Identifier: ISC
 *
 * Device lists (XEP-0384 section 5.3.1): reading, remembering, and writing our own without losing what others wrote.
 * Labels are in omemo/label.h. */
#ifndef SEAL_OMEMO_DEVICES_H
#define SEAL_OMEMO_DEVICES_H

#include "seal/omemo/label.h"
#include "seal/omemo/row.h"
#include "stanza/writer.h"

typedef struct omemo_devices {
    bool known; /* a list, or its authoritative absence, was seen */
    bool had;   /* there were devices once: from then on none is an alarm and not a "cannot" (T8) */
    uint32_t count;
    uint32_t ids[SOTTO_OMEMO_DEVICES_MAX]; /* ascending */
} omemo_devices;

/* The <devices/> (0.3: <list/>) in the first item of <items/> (of a notification or an answer). NULL: there is none. */
const stanza_element *omemo_devices_find(const stanza_element *items, const omemo_dialect *);
/* The id of the first item; empty: none. */
sotto_bytes omemo_devices_item(const stanza_element *items);
/* Of a <device/>; false: it is none, or its id is none. */
bool omemo_devices_id(const stanza_element *device, const omemo_dialect *, uint32_t *ret);
/* Ids that are none are skipped, repeated ones counted once, those beyond SOTTO_OMEMO_DEVICES_MAX not considered. NULL:
 * an empty list. */
void omemo_devices_read(const stanza_element *element, const omemo_dialect *, omemo_devices *ret);
bool omemo_devices_has(const omemo_devices *, uint32_t device);
void omemo_devices_remove(omemo_devices *, uint32_t device);          /* nothing happens when it is not there */
void omemo_devices_join(omemo_devices *, const omemo_devices *other); /* what either list has */
bool omemo_devices_same(const omemo_devices *, const omemo_devices *);

/* A JID nothing is known of gives an empty, unknown list, and OK. */
SOTTO_MUST_CHECK sotto_status omemo_devices_load(seal_env *, sotto_bytes jid, const omemo_dialect *,
                                                 omemo_devices *ret);
SOTTO_MUST_CHECK sotto_status omemo_devices_save(seal_env *, sotto_bytes jid, const omemo_dialect *,
                                                 const omemo_devices *);
void omemo_devices_encode(bytes_buffer *, const omemo_devices *);
SOTTO_MUST_CHECK sotto_status omemo_devices_decode(omemo_devices *ret, sotto_bytes);

/* Writes the list: the entries of `old` (may be NULL) as they are, labels and their signatures included, without
 * `without` and with `with` added (0: none). *ret_count: entries written. */
void omemo_devices_write(stanza_writer *, const omemo_dialect *, const stanza_element *old, uint32_t without,
                         uint32_t with, uint32_t *ret_count);
/* The same, with the entry of label->device written anew, with this label (empty: without one). */
void omemo_devices_write_as(stanza_writer *, const omemo_dialect *, const stanza_element *old, uint32_t without,
                            const omemo_label *, uint32_t *ret_count);

#endif
