/* SPDX-License-Identifier: ISC
 *
 * Taking over the identity of another client on this account, so that contacts see no new key. Only before this device
 * was ever shown to anybody: an identity that was published belongs to this device, and to change it is to be somebody
 * else. The other client's device may go on: then both have one key, which works, but an exchange of an identity with
 * itself is refused, so they cannot write to each other. So its device is taken off the list only if that was asked
 * for, in the way a store that was copied takes off the device it was (opening.c): it is the retired one. */
#include "seal/omemo/self.h"

#include "bytes/memory.h"

static sotto_status take_over(omemo_self *self, seal_env *env, const omemo_own *own, const seal_input *input) {
    crypto_identity identity;
    omemo_own adopted = {.device = own->device, .version = own->version, .is_scalar = 1, .retired = input->device};
    memcpy(adopted.secret, input->key, sizeof adopted.secret);
    sotto_status status = omemo_own_identity(&adopted, &identity);
    if (sotto_ok(status)) status = omemo_own_renew(env, &adopted, &identity);
    if (sotto_ok(status)) status = omemo_publish_timers(env, &adopted);
    if (sotto_ok(status)) self->identity = identity; /* taken back with the step: identity_settle */
    bytes_wipe(&adopted, sizeof adopted);
    bytes_wipe(&identity, sizeof identity);
    return status;
}

sotto_status omemo_adopt(omemo_self *self, seal_env *env, const seal_input *input) {
    omemo_own own;
    if (self->online) return SOTTO_FAIL(STATE);
    SOTTO_TRY(omemo_own_load(env, &own));
    bool shown = own.announced || own.leaving || own.retired != 0;
    for (size_t i = 0; i < OMEMO_DIALECTS; i++) shown = shown || own.published[i] != 0;
    sotto_status status = shown ? SOTTO_FAIL(STATE) : take_over(self, env, &own, input);
    bytes_wipe(&own, sizeof own);
    return status;
}
