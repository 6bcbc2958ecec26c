/* SPDX-License-Identifier: ISC
 *
 * What class a stanza of the application is of. Whatever is not known to be harmless is content. */
#ifndef ENGINE_CLASSIFY_H
#define ENGINE_CLASSIFY_H

#include "stanza/element.h"
#include "stanza/jid.h"

typedef enum engine_class {
    /* What servers need, or what says nothing: always in the clear. */
    ENGINE_PRESENCE_BROADCAST,    /* presence without `to` */
    ENGINE_PRESENCE_SUBSCRIPTION, /* subscribe, subscribed, unsubscribe, unsubscribed, probe */
    ENGINE_PRESENCE_ROOM,         /* joining or leaving a room: directed, with muc, or of type unavailable */
    ENGINE_PRESENCE_EMPTY,        /* directed, with nothing in it but caps */
    ENGINE_IQ_SERVER,             /* to a server or an account: a server answers */
    ENGINE_IQ_DISCOVERY,          /* disco, ping, version, to a client; their answers; errors without payload */
    ENGINE_MESSAGE_ERROR,         /* of type error, holding nothing but the error */
    /* Content: protected as policy says. */
    ENGINE_MESSAGE,   /* to a person: body, correction, receipt, chat state, anything */
    ENGINE_GROUPCHAT, /* to a room */
    ENGINE_PRESENCE_DIRECTED,
    ENGINE_IQ_CONTENT, /* to a client, anything else */
    ENGINE_CLASS_COUNT
} engine_class;

/* `to` is NULL when the stanza has no recipient. MALFORMED: not a stanza of the client's
 * namespace, or of a type that does not exist. */
SOTTO_MUST_CHECK sotto_status engine_classify(const stanza_element *, const stanza_jid *to, engine_class *ret);
const char *engine_class_name(engine_class);

#endif
