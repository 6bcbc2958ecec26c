/* SPDX-License-Identifier: ISC
 *
 * A secret of a session for others in this process (seal_class.export_key): what is compared by people, say, so that it
 * is bound to this session and not to its keys alone. It is the session's that is used now: one that was made anew in
 * its place has another. (One that goes on through all that follow on it would differ for good once one side forgot.)
 */
#include "bytes/memory.h"
#include "crypto/hash.h"
#include "seal/live/self.h"

sotto_status live_export_key(void *arg, seal_env *env, sotto_bytes jid, sotto_bytes label, uint8_t ret[32]) {
    const live_peer *peer = live_peer_find(arg, jid);
    const live_session *session = peer != NULL ? peer->ready : NULL;
    uint8_t secret[32];
    (void)env;
    if (session == NULL || !session->proved || session->over || session->closing || session->wear.retiring)
        return SOTTO_FAIL(NOT_FOUND);
    SOTTO_TRY(tls_engine_export(session->tls, LIVE_EXPORTER, secret));
    sotto_status status = crypto_hmac(CRYPTO_SHA256, ret, bytes_of(secret, sizeof secret), &label, 1);
    bytes_wipe(secret, sizeof secret);
    return status;
}
