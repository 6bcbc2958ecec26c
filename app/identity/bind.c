/* SPDX-License-Identifier: ISC
 *
 * sotto identity certificate and openpgp at the terminal: the live key is asked for from whoever holds the account, the
 * certificate's or gpg's key signs it in this process, which alone sees that key and its passphrase, and the statement
 * is handed on. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/backup/secret.h"
#include "app/commands/commands.h"
#include "app/holder.h"
#include "app/identity/certificate.h"
#include "app/identity/openpgp.h"
#include "bytes/base64.h"
#include "bytes/memory.h"
#include "bytes/span.h"

#define OPTION_PASSPHRASE "key-passphrase-file"
#define KEY_TEXT_BYTES    128u

/* What a command prints, instead of printing it; what it says about itself passes. */
typedef struct capture {
    const app_output *to;
    char text[KEY_TEXT_BYTES];
    size_t len;
} capture;

static void capture_write(void *arg, app_stream stream, sotto_bytes bytes) {
    capture *c = arg;
    if (stream != APP_OUT) {
        c->to->write(c->to->arg, stream, bytes);
        return;
    }
    if (bytes.len > sizeof c->text - c->len) return;
    memcpy(c->text + c->len, bytes.at, bytes.len);
    c->len += bytes.len;
}

static int key_ask(const app_context *context, const app_arguments *arguments, app_statement_owner *owner) {
    capture c = {.to = &context->output};
    app_context asking = *context;
    app_arguments words = *arguments;
    bytes_buffer key;
    sotto_bytes got;
    asking.output.write = capture_write;
    asking.output.arg = &c;
    words.positional[0] = "key";
    words.positional[1] = NULL;
    words.count = 1;
    int exit_status = app_holder_run(&asking, &words);
    if (exit_status != APP_DONE) return exit_status;
    bytes_buffer_borrowed(&key, owner->key, sizeof owner->key);
    bool good = c.len == 2 * sizeof owner->key + 1 &&
                sotto_ok(bytes_hex_get(&key, bytes_of(c.text, 2 * sizeof owner->key))) &&
                sotto_ok(bytes_buffer_end(&key, &got)) && got.len == sizeof owner->key;
    if (!good) app_print(&context->output, APP_ERR, "sotto identity: the live key could not be learnt.\n");
    return good ? APP_DONE : APP_REFUSED;
}

typedef struct asker {
    const app_context *context;
    const app_arguments *arguments;
} asker;

static bool passphrase_ask(void *arg, app_secret *ret, app_trouble *trouble) {
    const asker *a = arg;
    const char *path = app_argument(a->arguments, OPTION_PASSPHRASE);
    if (path) return app_holder_secret_file(ret, path, &a->context->output, trouble);
    return app_backup_ask(ret, "Passphrase of the private key: ", NULL, OPTION_PASSPHRASE, trouble);
}

static bool statement_make(const app_context *context, const app_arguments *arguments, const app_statement_owner *owner,
                           bytes_buffer *to, app_trouble *trouble) {
    asker a = {context, arguments};
    const app_statement_secret secret = {passphrase_ask, &a};
    const char *which = arguments->positional[1];
    app_statement statement;
    bytes_buffer body;
    sotto_bytes made;
    bytes_buffer_owned(&body, sotto_host_default(), SOTTO_LIVE_STATEMENT_BYTES_MAX);
    bool good;
    if (strcmp(arguments->positional[0], "certificate") == 0) {
        good = app_certificate_bind(&body, &statement, owner, which, app_argument(arguments, "key"), &secret, trouble);
    } else {
        app_openpgp_start();
        good = app_openpgp_bind(&body, &statement, owner, which, trouble);
    }
    if (good && !sotto_ok(bytes_buffer_end(&body, &made))) good = app_trouble_set(trouble, "Out of memory.");
    if (good) app_statement_write(to, &statement, made);
    bytes_buffer_free(&body);
    return good && (sotto_ok(to->status) || app_trouble_set(trouble, "Out of memory."));
}

static int bind(const app_context *context, const app_arguments *arguments) {
    app_trouble trouble = {"Out of memory."};
    app_holding *holding = bytes_new(sotto_host_default(), sizeof *holding);
    bytes_buffer text;
    sotto_bytes all;
    int exit_status = APP_REFUSED;
    bytes_buffer_owned(&text, sotto_host_default(), APP_STATEMENT_BYTES_MAX);
    if (holding && app_holding_find(holding, context, arguments, &trouble)) {
        app_statement_owner owner = {.jid = holding->account.jid, .now_ms = net_now_ms()};
        exit_status = key_ask(context, arguments, &owner);
        if (exit_status == APP_DONE) {
            exit_status = APP_REFUSED;
            if (statement_make(context, arguments, &owner, &text, &trouble) && sotto_ok(bytes_buffer_end(&text, &all)))
                exit_status = app_holder_run_with(context, arguments, all);
            else
                app_trouble_print(&context->output, "identity", &trouble);
        }
    } else {
        app_trouble_print(&context->output, "identity", &trouble);
    }
    bytes_buffer_free(&text);
    bytes_free(sotto_host_default(), holding, sizeof *holding);
    return exit_status;
}

static bool is_one_of(const char *word, const char *const *words) {
    while (*words && strcmp(*words, word) != 0) words++;
    return *words != NULL;
}

/* What could mean something else, or nothing; NULL: it is well said. */
static const char *mistake_in(const app_arguments *arguments) {
    static const char *const whats[] = {"key", "certificate", "openpgp", "remove", "ask-first", NULL};
    static const char *const removed[] = {"certificate", "openpgp", NULL}, *const firsts[] = {"no", "yes", "always",
                                                                                              NULL};
    const char *what = arguments->positional[0], *which = arguments->positional[1];
    bool file = app_argument(arguments, "key") || app_argument(arguments, OPTION_PASSPHRASE);
    if (file && (!what || strcmp(what, "certificate") != 0))
        return "--key and --" OPTION_PASSPHRASE " go with certificate";
    if (!what) return NULL;
    if (!is_one_of(what, whats)) return "say certificate, openpgp, remove, ask-first or nothing";
    if (strcmp(what, "key") == 0 && which) return "key is said alone";
    if (strcmp(what, "remove") == 0 && (!which || !is_one_of(which, removed)))
        return "say remove certificate, or openpgp";
    if (strcmp(what, "ask-first") == 0 && (!which || !is_one_of(which, firsts)))
        return "say ask-first yes, no or always";
    return NULL;
}

int app_identity_run(const app_context *context, const app_arguments *arguments) {
    const char *what = arguments->positional[0];
    const char *mistake = mistake_in(arguments);
    if (mistake) {
        app_print(&context->output, APP_ERR, "sotto identity: %s; see sotto help identity\n", mistake);
        return APP_USAGE;
    }
    bool binds = what && (strcmp(what, "certificate") == 0 || strcmp(what, "openpgp") == 0);
    if (binds && arguments->count < 2) {
        app_print(&context->output, APP_ERR, "sotto identity: %s; see sotto help identity\n",
                  strcmp(what, "openpgp") == 0 ? "say which key: its id or fingerprint"
                                               : "say which file the certificate is in");
        return APP_USAGE;
    }
    const char *store = app_argument(arguments, "passphrase-file");
    if (binds && store && strcmp(store, "-") == 0) { /* it is needed twice: for the live key, and for the statement */
        app_print(&context->output, APP_ERR,
                  "sotto identity: standard input cannot be the passphrase of the store here; "
                  "see sotto help identity\n");
        return APP_USAGE;
    }
    return binds ? bind(context, arguments) : app_holder_run(context, arguments);
}
