/* SPDX-License-Identifier: ISC
 *
 * The seal of strength zero (XEP-0419, the first of April 2019). It proves that the engine's contract carries a seal at
 * all, and it is the control: every attack on confidentiality must succeed against it. Programs keep it out by
 * `least_strength`. */
#include "seal/seal.h"
#include "bytes/memory.h"
#include "seal/rot13/cipher.h"

static sotto_status rot13_open(void **ret_self, seal_env *env) {
    (void)env;
    *ret_self = NULL; /* it keeps nothing: there is nothing to keep */
    return SOTTO_OK;
}

static void rot13_close(void *self) {
    (void)self;
}

static sotto_status rot13_promise(void *self, seal_env *env, const seal_audience *audience, seal_promise *ret) {
    (void)self, (void)env, (void)audience;
    *ret = (seal_promise){.kind = SEAL_READY}; /* available on all platforms; no keys needed */
    return SOTTO_OK;
}

/* Both ways are the same way. */
static sotto_status transform(seal_env *env, const stanza_element *stanza, bool upgrade, sotto_bytes *ret) {
    bytes_buffer buffer;
    bytes_buffer_owned(&buffer, env->host, SOTTO_STANZA_BYTES_MAX);
    sotto_status status = rot13_write(&buffer, env->arena, stanza, upgrade);
    sotto_bytes written;
    if (sotto_ok(status)) status = bytes_buffer_end(&buffer, &written);
    if (sotto_ok(status) && !bytes_arena_copy(env->arena, written, ret)) status = SOTTO_FAIL(NO_MEMORY);
    bytes_buffer_free(&buffer);
    return status;
}

static sotto_status rot13_protect(void *self, seal_env *env, const stanza_element *stanza,
                                  const seal_audience *audience, const seal_keys *allowed, uint64_t ticket,
                                  seal_stanzas *ret) {
    (void)self, (void)audience, (void)allowed, (void)ticket;
    sotto_bytes *at = bytes_arena_take(env->arena, sizeof *at);
    if (at == NULL) return SOTTO_FAIL(NO_MEMORY);
    SOTTO_TRY(transform(env, stanza, true, at));
    *ret = (seal_stanzas){at, 1};
    return SOTTO_OK;
}

static sotto_status rot13_unprotect(void *self, seal_env *env, const stanza_element *stanza, const seal_origin *origin,
                                    seal_opened *ret) {
    (void)self;
    seal_opened opened = {.outcome = SEAL_OPENED, .key = {.jid = origin->from}};
    SOTTO_TRY(transform(env, stanza, false, &opened.stanza));
    *ret = opened;
    return SOTTO_OK;
}

static sotto_status rot13_input(void *self, seal_env *env, const seal_input *input) {
    (void)self;
    sotto_event event = {.jid = input->jid};
    if (input->kind == SEAL_INPUT_REFRESH || input->kind == SEAL_INPUT_REPAIR)
        event.kind = SOTTO_EVENT_REFRESHED;
    else if (input->kind == SEAL_INPUT_LEAVE)
        event.kind = SOTTO_EVENT_LEFT;
    else
        return SOTTO_OK;
    return env->event(env, &event);
}

static void rot13_forget(void *self, sotto_bytes jid) {
    (void)self, (void)jid;
}

static sotto_status rot13_list_keys(void *self, seal_env *env, sotto_bytes jid, seal_keys *ret) {
    (void)self, (void)env, (void)jid;
    *ret = (seal_keys){0};
    return SOTTO_OK;
}

static const char *const claims[] = {"https:*", "urn:xmpps:*", NULL};
static const char *const none[] = {NULL};

static const seal_class rot13_class = {
    .name = "rot13",
    .strength = 0,
    .can = SEAL_CAN_MESSAGE | SEAL_CAN_IQ | SEAL_CAN_PRESENCE | SEAL_CAN_OFFLINE | SEAL_CAN_ROOM,
    .carriers = SEAL_CAN_MESSAGE | SEAL_CAN_IQ,
    .claims = claims,
    .nodes = none,
    .features = none,
    .open = rot13_open,
    .close = rot13_close,
    .promise = rot13_promise,
    .protect = rot13_protect,
    .unprotect = rot13_unprotect,
    .input = rot13_input,
    .forget = rot13_forget,
    .list_keys = rot13_list_keys,
};

const sotto_seal *sotto_seal_rot13(void) {
    return &rot13_class;
}
