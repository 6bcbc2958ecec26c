/* SPDX-License-Identifier: ISC
 *
 * Uploads: a few questions to the server, one after the other, and a transfer. What an answer leads to is done when the
 * session comes to rest, because whoever else looks at the same output must still be able to. */
#include "app/files/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/files/crossing.h"
#include "app/task.h"
#include "bytes/base64.h"
#include "bytes/memory.h"
#include "bytes/span.h"
#include "stanza/jid.h"

#define ARENA_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define RANDOM_BYTES    16u

typedef enum asking { ASKING_NOTHING, ASKING_ITEMS, ASKING_INFO, ASKING_SLOT } asking;

struct app_upload {
    app_session *session;
    app_watch watch;
    app_upload_told *told;
    void *arg;
    bytes_arena arena;
    int fd;
    uint64_t size;
    char name[APP_FILE_NAME_SIZE];
    /* the question that is open, and its answer */
    asking asking;
    char id[2 * RANDOM_BYTES + 1], whom[SOTTO_JID_BYTES_MAX + 1];
    const stanza_element *answer;
    sotto_status failure;
    /* the addresses that may be the service */
    sotto_bytes services[SOTTO_UPLOAD_SERVICES_MAX];
    size_t count, next;
    /* then */
    uint8_t key[32], iv[12];
    context_slot slot;
    app_transfer *transfer;
};

/* ---- ending ---- */

static void upload_free(app_upload *u) {
    app_session_unwatch(u->session, &u->watch);
    if (u->fd >= 0) (void)close(u->fd);
    bytes_arena_clear(&u->arena);
    bytes_free(sotto_host_default(), u, sizeof *u);
}

void app_upload_stop(app_upload *u) {
    if (!u) return;
    app_transfer_stop(u->transfer);
    upload_free(u);
}

static void finish(app_upload *u, const context_share *share, const app_trouble *trouble) {
    app_session_unwatch(u->session, &u->watch);
    u->told(u->arg, share, trouble);
    upload_free(u);
}

static void refuse(app_upload *u, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void refuse(app_upload *u, const char *format, ...) {
    app_trouble trouble;
    va_list args;
    va_start(args, format);
    app_trouble_set_list(&trouble, format, args);
    va_end(args);
    finish(u, NULL, &trouble);
}

static void fail(app_upload *u, sotto_status status) {
    app_trouble trouble;
    app_trouble_status(&trouble, status, app_session_jid(u->session), app_session_jid(u->session));
    finish(u, NULL, &trouble);
}

/* ---- asking ---- */

static sotto_status random_hex(char *ret) {
    const sotto_host *host = sotto_host_default();
    uint8_t bytes[RANDOM_BYTES];
    bytes_buffer to;
    SOTTO_TRY(host->random(host->arg, bytes, sizeof bytes));
    bytes_buffer_borrowed(&to, ret, 2 * RANDOM_BYTES + 1);
    bytes_hex_put(&to, bytes_of(bytes, sizeof bytes));
    bytes_buffer_u8(&to, 0);
    return to.status;
}

/* What the server sees of the name: its ending, where it is one of those that say nothing but the kind. */
static sotto_status slot_ask(stanza_writer *w, const app_upload *u) {
    char random[2 * RANDOM_BYTES + 1], name[sizeof random + APP_FILE_ENDING_MAX + 2];
    const char *ending = app_file_ending(u->name);
    SOTTO_TRY(random_hex(random));
    (void)snprintf(name, sizeof name, "%s%s%s", random, *ending ? "." : "", ending);
    context_slot_ask(w, name, u->size + APP_CROSSING_TAG, "application/octet-stream");
    return SOTTO_OK;
}

static sotto_status question_write(bytes_buffer *to, app_upload *u) {
    stanza_writer w;
    stanza_writer_init(&w, to, STANZA_NS_CLIENT);
    stanza_open(&w, "iq", STANZA_NS_CLIENT);
    stanza_put_text(&w, "type", "get");
    stanza_put_text(&w, "id", u->id);
    stanza_put_text(&w, "to", u->whom);
    if (u->asking == ASKING_SLOT)
        SOTTO_TRY(slot_ask(&w, u));
    else
        context_disco_write(&w, u->asking == ASKING_ITEMS);
    stanza_close(&w);
    return to->status;
}

static sotto_status ask(app_upload *u, asking what, sotto_bytes whom) {
    bytes_buffer stanza;
    sotto_bytes whole;
    uint64_t ticket;
    u->asking = what;
    u->answer = NULL;
    u->watch.late_ms = net_now_ms() + APP_TASK_WAIT_MS;
    (void)snprintf(u->whom, sizeof u->whom, "%.*s", (int)whom.len, (const char *)whom.at);
    SOTTO_TRY(random_hex(u->id));
    bytes_buffer_owned(&stanza, sotto_host_default(), SOTTO_STANZA_BYTES_MAX);
    sotto_status status = question_write(&stanza, u);
    if (sotto_ok(status)) status = bytes_buffer_end(&stanza, &whole);
    if (sotto_ok(status)) status = app_session_ticket(&ticket);
    if (sotto_ok(status)) {
        const sotto_input input = {.kind = SOTTO_INPUT_SEND, .stanza = whole, .ticket = ticket};
        status = app_session_step(u->session, &input);
    }
    bytes_buffer_free(&stanza);
    return status;
}

static void ask_next(app_upload *u);

/* ---- answers ---- */

static void items_answered(app_upload *u) {
    context_services_read(u->answer, &u->arena, u->services, &u->count);
    ask_next(u);
}

static void too_large(app_upload *u, uint64_t most) {
    char is[32], may[32];
    app_file_size_text(u->size, is);
    app_file_size_text(most > APP_CROSSING_TAG ? most - APP_CROSSING_TAG : 0, may);
    refuse(u, "%s is too large (%s): the server takes files up to %s.", u->name, is, may);
}

static void info_answered(app_upload *u) {
    uint64_t most;
    if (!context_upload_read(u->answer, &u->arena, &most)) {
        ask_next(u);
        return;
    }
    if (most > 0 && u->size + APP_CROSSING_TAG > most) {
        too_large(u, most);
        return;
    }
    sotto_status status = ask(u, ASKING_SLOT, u->services[u->next - 1]);
    if (!sotto_ok(status)) fail(u, status);
}

static void ask_next(app_upload *u) {
    if (u->next == u->count) {
        refuse(u, "The server of %s has no place for files (XEP-0363).", app_session_jid(u->session));
        return;
    }
    u->next++;
    sotto_status status = ask(u, ASKING_INFO, u->services[u->next - 1]);
    if (!sotto_ok(status)) fail(u, status);
}

static void on_transferred(void *arg, const app_transfer_result *result) {
    app_upload *u = arg;
    app_trouble trouble;
    u->transfer = NULL;
    if (result->end != APP_TRANSFER_DONE) {
        app_transfer_trouble(&trouble, result, u->name);
        finish(u, NULL, &trouble);
        return;
    }
    const context_share share = {.url = u->slot.get,
                                 .cipher = CONTEXT_CIPHER_GCM_256,
                                 .key = bytes_of(u->key, sizeof u->key),
                                 .iv = bytes_of(u->iv, sizeof u->iv),
                                 .name = bytes_text(u->name),
                                 .type = bytes_text(app_file_type(u->name)),
                                 .has_size = true,
                                 .size = u->size,
                                 .hash = result->hash,
                                 .sealed = result->sealed};
    finish(u, &share, NULL);
}

static void slot_answered(app_upload *u) {
    const sotto_host *host = sotto_host_default();
    sotto_status status = context_slot_read(u->answer, &u->arena, &u->slot);
    if (!sotto_ok(status) && sotto_class(status) != SOTTO_CLASS_OURS) {
        refuse(u, "The server gave a place for %s that is not used: it must be https, and only that.", u->name);
        return;
    }
    /* A key and an IV that were never used before and never will be again (T34). */
    if (sotto_ok(status)) status = crypto_random(host, u->key, sizeof u->key);
    if (sotto_ok(status)) status = crypto_random(host, u->iv, sizeof u->iv);
    if (sotto_ok(status)) {
        app_transfer_up up = {.fd = u->fd, .size = u->size, .slot = &u->slot};
        memcpy(up.key, u->key, sizeof up.key);
        memcpy(up.iv, u->iv, sizeof up.iv);
        u->fd = -1;
        u->asking = ASKING_NOTHING;
        u->watch.late_ms = UINT64_MAX;
        status = app_transfer_send(&u->transfer, app_session_loop(u->session), app_session_ca(u->session), &up,
                                   on_transferred, u);
        bytes_wipe(&up, sizeof up);
    }
    if (!sotto_ok(status)) fail(u, status);
}

static bool is_error(const stanza_element *iq) {
    return bytes_is(stanza_attribute_of(iq, "type"), "error");
}

static void slot_refused(app_upload *u) {
    uint64_t most;
    sotto_bytes why = context_slot_refusal(u->answer, &u->arena, &most);
    if (most > 0)
        too_large(u, most);
    else
        refuse(u, "The server gave no place for %s: %.*s.", u->name, (int)why.len, (const char *)why.at);
}

static void go_on(app_upload *u) {
    asking what = u->asking;
    bool error = is_error(u->answer);
    u->asking = ASKING_NOTHING;
    if (what == ASKING_ITEMS)
        items_answered(u);
    else if (what == ASKING_INFO)
        error ? ask_next(u) : info_answered(u);
    else
        error ? slot_refused(u) : slot_answered(u);
}

/* ---- what happens in the session ---- */

static bool is_answer(app_upload *u, const stanza_element *iq) {
    stanza_jid from;
    sotto_bytes type = stanza_attribute_of(iq, "type");
    if (!stanza_is(iq, "iq", STANZA_NS_CLIENT) || !(bytes_is(type, "result") || bytes_is(type, "error"))) return false;
    if (!bytes_is(stanza_attribute_of(iq, "id"), u->id)) return false;
    return sotto_ok(stanza_jid_parse(&u->arena, stanza_attribute_of(iq, "from"), &from)) &&
           bytes_is(from.full, u->whom);
}

static bool on_engine(void *arg, const sotto_output *output) {
    app_upload *u = arg;
    const stanza_element *iq;
    if (output->kind != SOTTO_OUTPUT_DELIVER || u->asking == ASKING_NOTHING || u->answer) return false;
    bytes_arena_mark mark = bytes_arena_here(&u->arena);
    if (!sotto_ok(stanza_parse(&u->arena, output->delivery.stanza, &iq)) || !is_answer(u, iq)) {
        bytes_arena_back(&u->arena, mark);
        return false;
    }
    u->answer = iq;
    u->watch.late_ms = UINT64_MAX;
    return true;
}

static void on_rest(void *arg) {
    app_upload *u = arg;
    if (!sotto_ok(u->failure))
        fail(u, u->failure);
    else if (u->answer && u->asking != ASKING_NOTHING)
        go_on(u);
}

static void on_offline(void *arg, sotto_status status, sotto_bytes text, bool will_retry, uint64_t retry_ms) {
    app_upload *u = arg;
    (void)text;
    (void)will_retry;
    (void)retry_ms;
    if (u->asking != ASKING_NOTHING) u->failure = sotto_ok(status) ? SOTTO_FAIL(OFFLINE) : status;
}

static void on_late(void *arg) {
    app_upload *u = arg;
    /* A service that says nothing may stand in a list that has another one. */
    if (u->asking == ASKING_INFO)
        ask_next(u);
    else if (u->asking != ASKING_NOTHING)
        fail(u, SOTTO_FAIL(TIMEOUT));
}

/* ---- beginning ---- */

static bool file_open(app_upload *u, const char *path, app_trouble *trouble) {
    struct stat about;
    char is[32];
    u->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would wait for its other end */
    if (u->fd < 0 || fstat(u->fd, &about) != 0)
        return app_trouble_set(trouble, "%s cannot be read: %s.", path, strerror(errno));
    if (!S_ISREG(about.st_mode)) return app_trouble_set(trouble, "%s is not a file that can be sent.", path);
    u->size = (uint64_t)about.st_size;
    app_file_size_text(u->size, is);
    if (u->size > SOTTO_FILE_BYTES_MAX)
        return app_trouble_set(trouble, "%s is too large (%s): files may have 1 GiB at most.", path, is);
    app_file_name(bytes_text(path), u->name);
    return true;
}

static sotto_bytes domain_of(app_upload *u) {
    const char *jid = app_session_jid(u->session), *at = strchr(jid, '@');
    return bytes_text(at ? at + 1 : jid);
}

bool app_upload_begin(app_upload **ret, app_session *session, const char *path, app_upload_told *told, void *arg,
                      app_trouble *trouble) {
    app_upload *u = bytes_new(sotto_host_default(), sizeof *u);
    if (!u) return app_trouble_set(trouble, "Out of memory.");
    *u = (app_upload){.session = session, .told = told, .arg = arg, .fd = -1};
    u->watch = (app_watch){
        .arg = u, .offline = on_offline, .engine = on_engine, .rest = on_rest, .late = on_late, .late_ms = UINT64_MAX};
    bytes_arena_init(&u->arena, sotto_host_default(), ARENA_BYTES_MAX);
    app_session_watch(session, &u->watch);
    bool begun = file_open(u, path, trouble);
    if (begun) {
        u->services[u->count++] = domain_of(u);
        sotto_status status = ask(u, ASKING_ITEMS, domain_of(u));
        if (!sotto_ok(status)) app_trouble_status(trouble, status, app_session_jid(session), app_session_jid(session));
        begun = sotto_ok(status);
    }
    if (!begun) {
        app_upload_stop(u);
        return false;
    }
    *ret = u;
    return true;
}

void app_upload_progress(const app_upload *u, uint64_t *ret_done, uint64_t *ret_total) {
    *ret_done = *ret_total = 0;
    if (u->transfer) app_transfer_progress(u->transfer, ret_done, ret_total);
}

const char *app_upload_name(const app_upload *u) {
    return u->name;
}
