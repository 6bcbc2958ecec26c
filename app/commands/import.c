/* SPDX-License-Identifier: ISC
 *
 * sotto import: key and decisions of another client on this machine, before sotto setup publishes anything, so that
 * contacts see no new key. Needs no network. */
#include <string.h>

#include "app/backup/aside.h"
#include "app/backup/secret.h"
#include "app/commands/commands.h"
#include "app/fingerprint.h"
#include "app/holder.h"
#include "app/import/import.h"
#include "app/json.h"
#include "app/keys.h"
#include "bytes/memory.h"
#include "bytes/span.h"

#define KEYS_AT_ONCE   256u /* in one transaction */
#define JSON_BYTES_MAX 8192u

typedef struct importing {
    const app_output *output;
    const app_arguments *arguments;
    const app_import_format *format;
    app_account account;
    app_imported from;
    app_aside aside;
    app_secret passphrase;
    bool usage;
    size_t counts[SOTTO_TRUST_DISTRUSTED + 1]; /* keys, by what was recorded */
    app_trouble trouble;
} importing;

static bool usage(importing *i, const char *what, const char *which) {
    i->usage = true;
    return app_trouble_set(&i->trouble, "%s %s; see sotto help import", what, which);
}

/* ---- what was asked for ---- */

static bool find(importing *i, const app_context *context) {
    app_home home;
    char jid[SOTTO_JID_BYTES_MAX + 1];
    const char *wanted = app_argument(i->arguments, "account");
    i->format = app_import_find(i->arguments->positional[0]);
    if (!i->format)
        return usage(i, "only profanity, gajim and libomemo can be imported from, not", i->arguments->positional[0]);
    if (!wanted) return usage(i, "say whose key it is, with -a ACCOUNT:", i->arguments->positional[1]);
    if (!app_jid_read(wanted, jid) || !strchr(jid, '@')) return usage(i, "is not the address of an account:", wanted);
    if (app_argument(i->arguments, "verified") && i->format->says_verified)
        return usage(i, "belongs to clients that do not say which keys were compared, not to", i->format->name);
    return app_home_find(&home, &context->environment, app_argument(i->arguments, "home"), &i->trouble) &&
           app_account_at(&i->account, &home, jid, &i->trouble) &&
           app_aside_free(&i->account, "A key is taken over", &i->trouble);
}

static bool passphrase(importing *i) {
    const char *path = app_argument(i->arguments, "passphrase-file");
    if (path) return app_holder_secret_file(&i->passphrase, path, i->output, &i->trouble);
    return !app_argument(i->arguments, "passphrase") ||
           app_backup_ask(&i->passphrase, "New passphrase of the store: ", "Again: ", "passphrase-file", &i->trouble);
}

/* ---- into the engine ---- */

static sotto_trust trust_of(const importing *i, const app_import_key *key) {
    bool accepted = key->trust == SOTTO_TRUST_BLIND;
    return accepted && app_argument(i->arguments, "verified") ? SOTTO_TRUST_VERIFIED : key->trust;
}

static sotto_status record_keys(importing *i) {
    for (size_t k = 0; k < i->from.count; k++) {
        const app_import_key *key = app_imported_key(&i->from, k);
        const sotto_input input = {.kind = SOTTO_INPUT_RECORD,
                                   .jid = bytes_text(key->jid),
                                   .key = bytes_of(key->key, sizeof key->key),
                                   .device = key->device,
                                   .trust = trust_of(i, key)};
        SOTTO_TRY(sotto_engine_step(i->aside.engine, &input, net_now_ms()));
        i->counts[input.trust]++;
        if (k % KEYS_AT_ONCE == KEYS_AT_ONCE - 1) SOTTO_TRY(sotto_engine_commit(i->aside.engine));
    }
    return sotto_engine_commit(i->aside.engine);
}

static sotto_status take_over(importing *i) {
    const sotto_input input = {.kind = SOTTO_INPUT_ADOPT,
                               .key = bytes_of(i->from.secret, sizeof i->from.secret),
                               .device = app_argument(i->arguments, "retire") ? i->from.device : 0};
    SOTTO_TRY(sotto_engine_step(i->aside.engine, &input, net_now_ms()));
    return record_keys(i);
}

static bool import(importing *i, const app_context *context) {
    if (!find(i, context) ||
        !app_import_read(&i->from, i->format, i->arguments->positional[1], i->account.jid, &i->trouble))
        return false;
    if (app_argument(i->arguments, "retire") && i->from.device == 0)
        return app_trouble_set(&i->trouble,
                               "%s does not say which device it is, so it cannot be taken off the list. "
                               "Nothing was changed.",
                               i->arguments->positional[1]);
    if (!passphrase(i) || !app_aside_make(&i->aside, &i->account, app_secret_bytes(&i->passphrase), &i->trouble) ||
        !app_aside_open(&i->aside, net_now_ms(), &i->trouble))
        return false;
    sotto_status status = take_over(i);
    if (sotto_ok(status)) return app_aside_install(&i->aside, NULL, &i->trouble);
    app_trouble_status(&i->trouble, status, i->account.jid, i->account.jid);
    return false;
}

/* ---- what came of it ---- */

static void tell_json(const importing *i) {
    uint8_t room[JSON_BYTES_MAX];
    bytes_buffer text;
    sotto_bytes all;
    bytes_buffer_borrowed(&text, room, sizeof room);
    app_json json = app_json_begin(&text);
    app_json_text(&json, "event", BYTES_LITERAL("imported"));
    app_json_text(&json, "jid", bytes_text(i->account.jid));
    app_json_text(&json, "client", bytes_text(i->format->name));
    app_json_hex(&json, "fingerprint", bytes_of(i->from.key, 32));
    app_json_number(&json, "device", i->from.device); /* 0: it does not say */
    app_json_bool(&json, "retire", app_argument(i->arguments, "retire") != NULL);
    app_json_number(&json, "verified", i->counts[SOTTO_TRUST_VERIFIED]);
    app_json_number(&json, "blind", i->counts[SOTTO_TRUST_BLIND]);
    app_json_number(&json, "distrusted", i->counts[SOTTO_TRUST_DISTRUSTED]);
    app_json_number(&json, "undecided", i->counts[SOTTO_TRUST_UNDECIDED]);
    app_json_number(&json, "strange", i->from.strange);
    app_json_end(&json);
    if (sotto_ok(bytes_buffer_end(&text, &all))) app_put(i->output, APP_OUT, all);
}

static void tell(const importing *i) {
    char fingerprint[APP_FINGERPRINT_TEXT_SIZE];
    const app_output *output = i->output;
    app_fingerprint_text(i->from.key, fingerprint);
    app_print(output, APP_OUT, "The key of %s is now that of %s here:\n     %s\n", i->format->client, i->account.jid,
              fingerprint);
    app_print(output, APP_OUT, "Keys of others: %zu verified, %zu accepted, %zu refused, %zu undecided.\n",
              i->counts[SOTTO_TRUST_VERIFIED], i->counts[SOTTO_TRUST_BLIND], i->counts[SOTTO_TRUST_DISTRUSTED],
              i->counts[SOTTO_TRUST_UNDECIDED]);
    if (i->from.strange > 0)
        app_print(output, APP_ERR, "sotto: Warning: %zu entries were no keys of anybody and were passed over.\n",
                  i->from.strange);
    if (app_argument(i->arguments, "retire"))
        app_print(output, APP_OUT,
                  "Its device %u is taken off the list when this one is published: do not start it again.\n",
                  (unsigned)i->from.device);
    else
        app_print(output, APP_OUT,
                  "It may go on: both then have one key, and your contacts write to both, but the two cannot write to "
                  "each other. Contacts with sotto will write to this one alone.\n");
    app_print(output, APP_OUT, "What to do next: sotto setup %s, which logs in and publishes this device.\n",
              i->account.jid);
}

int app_import_run(const app_context *context, const app_arguments *arguments) {
    importing *i = bytes_new(sotto_host_default(), sizeof *i);
    if (!i) {
        app_print(&context->output, APP_ERR, "sotto import: out of memory\n");
        return APP_REFUSED;
    }
    i->output = &context->output;
    i->arguments = arguments;
    i->aside.lock = -1;
    bool done = import(i, context);
    if (done && app_argument(arguments, "json"))
        tell_json(i);
    else if (done)
        tell(i);
    else
        app_trouble_print(&context->output, "import", &i->trouble);
    int exit_status = done ? APP_DONE : i->usage ? APP_USAGE : APP_REFUSED;
    app_aside_end(&i->aside);
    app_imported_end(&i->from);
    bytes_free(sotto_host_default(), i, sizeof *i);
    return exit_status;
}
