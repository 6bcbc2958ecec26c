/* SPDX-License-Identifier: ISC
 *
 * How trust messages name OMEMO keys. XEP-0434 leaves the kind of identifier to the encryption, and XEP-0384 says
 * nothing; what is deployed (Kaidan, by QXmpp) sends the identity as it stands in <ik/>: the Ed25519 key. Trust is
 * recorded by the Curve25519 form, which both dialects share, and which has lost the sign of the other: so the name of
 * a key is looked up, and only a key that was never seen in omemo:2 gets the one with sign 0. */
#include "seal/omemo/self.h"

#include <string.h>

#include "bytes/memory.h"

typedef struct name_search {
    sotto_bytes jid;
    const uint8_t *key;
    bool found;
    uint8_t name[32];
} name_search;

static sotto_status look_at(void *arg, sotto_bytes key, sotto_bytes value) {
    name_search *search = arg;
    omemo_peer peer;
    uint32_t device;
    if (search->found || !omemo_row_is(key, search->jid.len, OMEMO_ROW_DEVICE, &device)) return SOTTO_OK;
    SOTTO_TRY(omemo_peer_decode(&peer, &omemo_dialect_2, device, value));
    if (peer.known && memcmp(peer.fingerprint.bytes, search->key, 32) == 0) {
        search->found = true;
        memcpy(search->name, peer.key.bytes, 32);
    }
    bytes_wipe(&peer, sizeof peer);
    return SOTTO_OK;
}

static sotto_status name(void *self, seal_env *env, sotto_bytes jid, const uint8_t key[32], uint8_t ret_name[32]) {
    const omemo_self *own = self;
    name_search search = {.jid = jid, .key = key};
    crypto_x25519_public curve;
    crypto_ed25519_public edwards;
    omemo_row prefix;
    SOTTO_TRY(omemo_row_all(&prefix, jid));
    SOTTO_TRY(env->scan(env, omemo_row_key(&prefix), look_at, &search));
    memcpy(curve.bytes, key, 32);
    if (memcmp(own->identity.x25519.bytes, key, 32) == 0) {
        memcpy(search.name, own->identity.ed25519.bytes, 32);
    } else if (!search.found) {
        SOTTO_TRY(crypto_x25519_to_ed25519(&edwards, &curve, false));
        memcpy(search.name, edwards.bytes, 32);
    }
    memcpy(ret_name, search.name, 32);
    return SOTTO_OK;
}

static sotto_status named(void *self, seal_env *env, const uint8_t name_bytes[32], uint8_t ret_key[32]) {
    (void)self;
    (void)env;
    crypto_ed25519_public edwards;
    crypto_x25519_public curve;
    memcpy(edwards.bytes, name_bytes, 32);
    SOTTO_TRY(crypto_ed25519_to_x25519(&curve, &edwards));
    memcpy(ret_key, curve.bytes, 32);
    return SOTTO_OK;
}

const seal_naming omemo_naming = {"urn:xmpp:omemo:2", "omemo:2", name, named};
