/* SPDX-License-Identifier: ISC
 *
 * sotto trust and sotto distrust: a person's decision about a key. What is known is enough for most; only a fingerprint
 * that nobody has seen yet is looked for on the server. */
#include <stdio.h>
#include <string.h>

#include "app/commands/commands.h"
#include "app/fingerprint.h"
#include "app/keys.h"
#include "app/task.h"
#include "bytes/span.h"

#define TYPED_BYTES_MAX 256u

typedef struct trust_task {
    app_task task;
    char jid[SOTTO_JID_BYTES_MAX + 1];
    char typed[TYPED_BYTES_MAX];
    sotto_trust verdict;
    bool looked; /* on the server too */
    app_key key;
} trust_task;

/* Whether the decision stands, looked up and not believed: a disk may have been full meanwhile. */
static sotto_status trust_check(const trust_task *trust) {
    app_keys keys;
    SOTTO_TRY(app_keys_read(&keys, app_session_engine(trust->task.session), trust->jid));
    for (size_t i = 0; i < keys.count; i++)
        if (memcmp(keys.at[i].key, trust->key.key, sizeof trust->key.key) == 0 && keys.at[i].trust == trust->verdict)
            return SOTTO_OK;
    return SOTTO_FAIL(STORE_FAILED);
}

static void trust_done(app_task *task, sotto_status status) {
    const trust_task *trust = (const trust_task *)task;
    char fingerprint[APP_FINGERPRINT_TEXT_SIZE];
    if (sotto_ok(status)) status = trust_check(trust);
    if (!sotto_ok(status)) {
        app_task_fail(task, status, trust->jid);
        return;
    }
    app_fingerprint_text(trust->key.fingerprint, fingerprint);
    if (trust->key.live)
        app_print(task->output, APP_OUT, "The live key of %s is %s:\n     %s\n", trust->jid,
                  app_trust_text(trust->verdict), fingerprint);
    else
        app_print(task->output, APP_OUT, "Device %u of %s is %s:\n     %s\n", (unsigned)trust->key.device, trust->jid,
                  app_trust_text(trust->verdict), fingerprint);
    app_task_finish(task, APP_DONE);
}

static void trust_decide(trust_task *trust) {
    app_task *task = &trust->task;
    if (trust->key.this_device) {
        app_task_refuse(task, "Device %u is this one: there is nothing to decide about its own key.",
                        (unsigned)trust->key.device);
        return;
    }
    if (!trust->key.known) {
        app_task_refuse(task,
                        "The key of device %u of %s could not be read yet, so there is nothing to decide about. sotto "
                        "devices %s looks again.",
                        (unsigned)trust->key.device, trust->jid, trust->jid);
        return;
    }
    sotto_input input = {.kind = SOTTO_INPUT_VERDICT,
                         .jid = bytes_text(trust->jid),
                         .key = bytes_of(trust->key.key, sizeof trust->key.key),
                         .trust = trust->verdict};
    sotto_status status = app_session_step(task->session, &input);
    if (sotto_ok(status))
        app_task_when_committed(task, trust_done);
    else
        app_task_fail(task, status, trust->jid);
}

static bool is_whole(const char *typed) {
    app_fingerprint_typed digits;
    return app_fingerprint_read(bytes_text(typed), &digits) && digits.count == sizeof digits.digits;
}

static void trust_look(app_task *task, sotto_status asked) {
    trust_task *trust = (trust_task *)task;
    app_keys keys;
    size_t at = 0;
    sotto_status status = app_keys_read(&keys, app_session_engine(task->session), trust->jid);
    if (!sotto_ok(status)) {
        app_task_fail(task, status, trust->jid);
        return;
    }
    switch (app_keys_choose(&keys, trust->typed, &at)) {
    case APP_KEYS_ONE:
        trust->key = keys.at[at];
        trust_decide(trust);
        return;
    case APP_KEYS_SEVERAL:
        app_task_refuse(task, "Several keys of %s begin with %s: type more of it.", trust->jid, trust->typed);
        return;
    case APP_KEYS_UNREADABLE:
        app_task_refuse(task, "%s is neither a number nor a device id nor at least %u hex digits of a fingerprint.",
                        trust->typed, APP_FINGERPRINT_DIGITS_MIN);
        return;
    case APP_KEYS_NONE:
        break;
    }
    if (trust->looked && sotto_ok(asked) && is_whole(trust->typed)) {
        app_task_refuse(task, "No key of %s has this fingerprint. Do not trust it; ask again.", trust->jid);
    } else if (!trust->looked) {
        trust->looked = true;
        app_task_refresh(task, trust->jid, NULL, trust_look);
    } else if (!sotto_ok(asked)) {
        app_task_fail(task, asked, trust->jid);
    } else {
        app_task_refuse(task, "%s has no device %s: sotto devices %s shows those there are.", trust->jid, trust->typed,
                        trust->jid);
    }
}

/* A fingerprint in several words is put together again. */
static bool typed_join(trust_task *trust) {
    size_t len = 0;
    for (size_t i = 1; i < trust->task.arguments.count; i++) {
        int more = snprintf(trust->typed + len, sizeof trust->typed - len, "%s%s", i > 1 ? " " : "",
                            trust->task.arguments.positional[i]);
        if (more < 0 || (size_t)more >= sizeof trust->typed - len) return false;
        len += (size_t)more;
    }
    return true;
}

static void begin_with(app_task *task, sotto_trust verdict) {
    trust_task *trust = (trust_task *)task;
    trust->verdict = verdict;
    if (!app_task_address(task, task->arguments.positional[0], trust->jid)) return;
    if (!typed_join(trust))
        app_task_refuse(task, "That is longer than any fingerprint of %s.", trust->jid);
    else
        trust_look(task, SOTTO_OK);
}

static void trust_begin(app_task *task) {
    begin_with(task, SOTTO_TRUST_VERIFIED);
}

static void distrust_begin(app_task *task) {
    begin_with(task, SOTTO_TRUST_DISTRUSTED);
}

const app_task_class app_trust_task = {"trust", sizeof(trust_task), NULL, trust_begin, NULL};
const app_task_class app_distrust_task = {"distrust", sizeof(trust_task), NULL, distrust_begin, NULL};
