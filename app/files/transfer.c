/* SPDX-License-Identifier: ISC
 *
 * HTTP by libcurl. One transfer is one struct: the loop's thread makes it and sees its end, the other thread has it in
 * between, and what both look at meanwhile is atomic. */
#include "app/files/transfer.h"

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/files/crossing.h"
#include "app/home/home.h"
#include "bytes/memory.h"
#include "bytes/span.h"

#define ARENA_BYTES_MAX   ((size_t)256 * 1024)
#define IGNORED_BYTES_MAX ((size_t)64 * 1024) /* of a page that says why not */
#define HEADER_BYTES      (SOTTO_UPLOAD_HEADER_BYTES_MAX + 64u)

struct app_transfer {
    /* the loop's thread */
    app_transfer_told *told;
    void *arg;
    bool stopped;
    /* both */
    atomic_bool stop;
    _Atomic uint64_t moved, total;
    /* the other thread, from its beginning to its end */
    bytes_arena arena;
    bool up;
    char url[SOTTO_FILE_URL_BYTES_MAX + 1], ca[APP_PATH_SIZE], folder[APP_PATH_SIZE];
    context_share share;
    context_slot slot;
    int fd;
    uint64_t size;
    uint8_t key[32], iv[12];
    app_crossing crossing;
    CURL *curl;
    size_t ignored; /* bytes of an answer that nobody wants */
    char said[CURL_ERROR_SIZE], wanted[APP_FILE_NAME_SIZE], name[APP_FILE_NAME_SIZE];
    app_transfer_result result;
};

/* ---- libcurl's calls, on the other thread ---- */

static int on_progress(void *arg, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up) {
    app_transfer *t = arg;
    (void)down_total;
    (void)down;
    (void)up_total;
    (void)up;
    return atomic_load(&t->stop) ? 1 : 0;
}

static bool is_success(const app_transfer *t) {
    long code = 0;
    if (curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code) != CURLE_OK) return false;
    return t->up ? code == 200 || code == 201 || code == 204 : code == 200;
}

static size_t on_body(char *at, size_t one, size_t len, void *arg) {
    app_transfer *t = arg;
    (void)one;
    if (t->up || !is_success(t)) {
        t->ignored += len;
        return t->ignored <= IGNORED_BYTES_MAX ? len : 0;
    }
    if (!app_crossing_put(&t->crossing, bytes_of(at, len))) return len == 0 ? 1 : 0;
    atomic_store(&t->moved, t->crossing.moved);
    return len;
}

static size_t on_wanted(char *out, size_t one, size_t count, void *arg) {
    app_transfer *t = arg;
    size_t len;
    if (!app_crossing_take(&t->crossing, (uint8_t *)out, one * count, &len)) return CURL_READFUNC_ABORT;
    atomic_store(&t->moved, t->crossing.moved);
    return len;
}

/* ---- the other thread ---- */

/* Of an easy handle whose options are all set by us, none can fail but for memory. */
#define SET(option, value) (ok = ok && curl_easy_setopt(t->curl, option, value) == CURLE_OK)

static bool set_limits(app_transfer *t) {
    bool ok = true;
    SET(CURLOPT_ERRORBUFFER, t->said);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_PROTOCOLS_STR, "https");
    SET(CURLOPT_REDIR_PROTOCOLS_STR, "https");
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (t->ca[0]) {
        SET(CURLOPT_CAINFO, t->ca);
        SET(CURLOPT_CAPATH, NULL);
    }
    SET(CURLOPT_CONNECTTIMEOUT, (long)APP_TRANSFER_WAIT_S);
    SET(CURLOPT_LOW_SPEED_TIME, (long)APP_TRANSFER_WAIT_S);
    SET(CURLOPT_LOW_SPEED_LIMIT, (long)APP_TRANSFER_PACE_BYTES);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_XFERINFODATA, t);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_URL, t->url);
    return ok;
}

static bool header_add(struct curl_slist **list, const char *name, sotto_bytes value) {
    char line[HEADER_BYTES];
    int len = snprintf(line, sizeof line, "%s: %.*s", name, (int)value.len, (const char *)value.at);
    struct curl_slist *longer = len > 0 && (size_t)len < sizeof line ? curl_slist_append(*list, line) : NULL;
    bytes_wipe(line, sizeof line);
    if (!longer) return false;
    *list = longer;
    return true;
}

static bool set_up(app_transfer *t, struct curl_slist **headers) {
    bool ok = true;
    for (size_t i = 0; ok && i < t->slot.header_count; i++)
        ok = header_add(headers, t->slot.headers[i].name, t->slot.headers[i].value);
    ok = ok && header_add(headers, "Content-Type", BYTES_LITERAL("application/octet-stream"));
    struct curl_slist *none = ok ? curl_slist_append(*headers, "Expect:") : NULL; /* nobody waits for a 100 */
    if (none) *headers = none;
    ok = none != NULL;
    SET(CURLOPT_HTTPHEADER, *headers);
    SET(CURLOPT_UPLOAD, 1L);
    SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)(t->size + APP_CROSSING_TAG));
    SET(CURLOPT_READFUNCTION, on_wanted);
    SET(CURLOPT_READDATA, t);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    return ok;
}

static bool set_down(app_transfer *t) {
    bool ok = true;
    SET(CURLOPT_FOLLOWLOCATION, 1L);
    SET(CURLOPT_MAXREDIRS, (long)APP_TRANSFER_REDIRECTS);
    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)t->crossing.most);
    return ok;
}

static app_transfer_end end_of(const app_transfer *t, CURLcode code) {
    if (t->crossing.end != APP_TRANSFER_DONE) return t->crossing.end;
    if (atomic_load(&t->stop)) return APP_TRANSFER_STOPPED;
    switch (code) {
    case CURLE_OK:
        return APP_TRANSFER_DONE;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_ISSUER_ERROR:
        return APP_TRANSFER_CERTIFICATE;
    case CURLE_OPERATION_TIMEDOUT:
        return APP_TRANSFER_SLOW;
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return APP_TRANSFER_REDIRECTED;
    case CURLE_FILESIZE_EXCEEDED:
        return APP_TRANSFER_TOO_LARGE;
    case CURLE_PARTIAL_FILE:
        return APP_TRANSFER_CUT_SHORT;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
        return APP_TRANSFER_FAILED;
    case CURLE_WRITE_ERROR: /* of a page that would not end */
        return APP_TRANSFER_REFUSED;
    default:
        return APP_TRANSFER_UNREACHABLE;
    }
}

static app_transfer_end finish(app_transfer *t) {
    app_crossing *c = &t->crossing;
    long code = 0;
    if (!is_success(t)) {
        (void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code);
        t->result.error = (int)code;
        return code >= 300 && code < 400 ? APP_TRANSFER_REDIRECTED : APP_TRANSFER_REFUSED;
    }
    bool kept = t->up ? app_crossing_up_end(c, &t->result.hash, &t->result.sealed)
                      : app_crossing_keep(c, t->wanted, t->name, &t->result.hash);
    return kept ? APP_TRANSFER_DONE : c->end;
}

static sotto_status crossing_begin(app_transfer *t) {
    int fd = t->fd;
    t->fd = -1; /* the crossing's from now on */
    if (t->up) return app_crossing_up(&t->crossing, fd, t->size, t->key, t->iv);
    return app_crossing_down(&t->crossing, &t->share, t->folder);
}

static void run(app_transfer *t) {
    struct curl_slist *headers = NULL;
    t->result.end = APP_TRANSFER_FAILED;
    if (!sotto_ok(crossing_begin(t))) return;
    t->result.end = t->crossing.end;
    if (t->result.end != APP_TRANSFER_DONE) return;
    t->curl = curl_easy_init();
    bool ready = t->curl && set_limits(t) && (t->up ? set_up(t, &headers) : set_down(t));
    CURLcode code = ready ? curl_easy_perform(t->curl) : CURLE_OUT_OF_MEMORY;
    t->result.end = end_of(t, code);
    if (t->result.end == APP_TRANSFER_REFUSED || t->result.end == APP_TRANSFER_DONE) t->result.end = finish(t);
    curl_slist_free_all(headers);
    curl_easy_cleanup(t->curl);
}

static void does(void *arg) {
    app_transfer *t = arg;
    run(t);
    if (t->result.error == 0) t->result.error = t->crossing.error;
    t->result.size = t->crossing.size;
    app_crossing_free(&t->crossing);
}

/* ---- the loop's thread ---- */

static void transfer_free(app_transfer *t) {
    if (t->fd >= 0) (void)close(t->fd);
    bytes_arena_clear(&t->arena);
    curl_global_cleanup();
    bytes_free(sotto_host_default(), t, sizeof *t);
}

static void on_stop(void *arg) {
    app_transfer *t = arg;
    atomic_store(&t->stop, true);
}

static void on_done(void *arg, bool begun) {
    app_transfer *t = arg;
    if (!begun) t->result.end = APP_TRANSFER_STOPPED;
    t->result.said = t->said;
    t->result.name = t->name;
    if (!t->stopped) t->told(t->arg, &t->result);
    transfer_free(t);
}

static app_transfer *transfer_new(const char *ca, app_transfer_told *told, void *arg) {
    app_transfer *t = bytes_new(sotto_host_default(), sizeof *t);
    if (!t) return NULL;
    t->fd = t->crossing.fd = t->crossing.place.folder = t->crossing.place.file = -1;
    t->told = told;
    t->arg = arg;
    if (ca) (void)snprintf(t->ca, sizeof t->ca, "%s", ca);
    bytes_arena_init(&t->arena, sotto_host_default(), ARENA_BYTES_MAX);
    (void)curl_global_init(CURL_GLOBAL_DEFAULT); /* counted; curl_easy_init says when it did not work */
    return t;
}

static sotto_status begin(app_transfer *t, net_loop *loop, sotto_status status, app_transfer **ret) {
    if (sotto_ok(status)) status = net_work_begin(loop, does, on_stop, on_done, t);
    if (sotto_ok(status))
        *ret = t;
    else
        transfer_free(t);
    return status;
}

static bool url_take(app_transfer *t, sotto_bytes url) {
    if (!context_url_is_safe(url)) return false;
    (void)snprintf(t->url, sizeof t->url, "%.*s", (int)url.len, (const char *)url.at);
    return true;
}

sotto_status app_transfer_send(app_transfer **ret, net_loop *loop, const char *ca, const app_transfer_up *up,
                               app_transfer_told *told, void *arg) {
    app_transfer *t = transfer_new(ca, told, arg);
    if (!t) {
        (void)close(up->fd);
        return SOTTO_FAIL(NO_MEMORY);
    }
    t->up = true;
    t->fd = up->fd;
    t->size = up->size;
    memcpy(t->key, up->key, sizeof t->key);
    memcpy(t->iv, up->iv, sizeof t->iv);
    atomic_store(&t->total, up->size + APP_CROSSING_TAG);
    sotto_status status = url_take(t, up->slot->put) ? SOTTO_OK : SOTTO_FAIL(USAGE);
    t->slot.header_count = up->slot->header_count;
    for (size_t i = 0; i < up->slot->header_count; i++) {
        t->slot.headers[i].name = up->slot->headers[i].name;
        if (!bytes_arena_copy(&t->arena, up->slot->headers[i].value, &t->slot.headers[i].value))
            status = SOTTO_FAIL(NO_MEMORY);
    }
    return begin(t, loop, status, ret);
}

sotto_status app_transfer_fetch(app_transfer **ret, net_loop *loop, const char *ca, const context_share *share,
                                const char *folder, const char *name, app_transfer_told *told, void *arg) {
    app_transfer *t = transfer_new(ca, told, arg);
    if (!t) return SOTTO_FAIL(NO_MEMORY);
    t->share = *share;
    t->share.name = t->share.type = t->share.url = BYTES_NONE;
    bool copied =
        bytes_arena_copy(&t->arena, share->key, &t->share.key) && bytes_arena_copy(&t->arena, share->iv, &t->share.iv);
    sotto_status status = !copied ? SOTTO_FAIL(NO_MEMORY) : url_take(t, share->url) ? SOTTO_OK : SOTTO_FAIL(USAGE);
    size_t len = strlen(folder);
    if (len < sizeof t->folder)
        memcpy(t->folder, folder, len + 1);
    else
        status = SOTTO_FAIL(TOO_LARGE);
    app_file_name(bytes_text(name), t->wanted);
    atomic_store(&t->total, share->has_size ? app_crossing_most(share) : 0);
    return begin(t, loop, status, ret);
}

void app_transfer_progress(app_transfer *t, uint64_t *ret_done, uint64_t *ret_total) {
    *ret_done = atomic_load(&t->moved);
    *ret_total = atomic_load(&t->total);
}

void app_transfer_stop(app_transfer *t) {
    if (!t) return;
    t->stopped = true;
    atomic_store(&t->stop, true);
}

/* ---- words ---- */

static const char *const ends[] = {
    [APP_TRANSFER_DONE] = "done",
    [APP_TRANSFER_STOPPED] = "it was stopped",
    [APP_TRANSFER_UNREACHABLE] = "the connection to the file server failed",
    [APP_TRANSFER_CERTIFICATE] = "the file server did not prove who it is",
    [APP_TRANSFER_SLOW] = "the file server did not answer, or hardly sent anything",
    [APP_TRANSFER_REFUSED] = "the file server refused",
    [APP_TRANSFER_REDIRECTED] = "the file server sent us elsewhere, too often or somewhere without TLS",
    [APP_TRANSFER_TOO_LARGE] = "there is more of it than was announced, or than is ever taken (1 GiB)",
    [APP_TRANSFER_CUT_SHORT] = "it is not whole",
    [APP_TRANSFER_WRONG_TAG] = "it is not what was encrypted: it was altered, or is another file",
    [APP_TRANSFER_WRONG_HASH] = "it is not the file that the message speaks of",
    [APP_TRANSFER_CHANGED] = "the file changed while it was read",
    [APP_TRANSFER_UNREADABLE] = "the file cannot be read",
    [APP_TRANSFER_NO_FOLDER] = "there is no such folder",
    [APP_TRANSFER_UNWRITABLE] = "it cannot be written there",
    [APP_TRANSFER_NAMES_TAKEN] = "there are too many files of that name already",
    [APP_TRANSFER_FAILED] = "out of memory, or a library failed",
};

void app_transfer_trouble(app_trouble *ret, const app_transfer_result *result, const char *what) {
    (void)app_trouble_set(ret, "%s: %s.", what, ends[result->end]);
    switch (result->end) {
    case APP_TRANSFER_REFUSED:
        (void)app_trouble_set(ret, "%s: %s (HTTP %u).", what, ends[result->end], (unsigned)result->error);
        break;
    case APP_TRANSFER_UNREADABLE:
    case APP_TRANSFER_UNWRITABLE:
    case APP_TRANSFER_NO_FOLDER:
        (void)app_trouble_set(ret, "%s: %s (%s).", what, ends[result->end], strerror(result->error));
        break;
    case APP_TRANSFER_UNREACHABLE:
    case APP_TRANSFER_CERTIFICATE:
        if (*result->said) (void)app_trouble_set(ret, "%s: %s (%s).", what, ends[result->end], result->said);
        break;
    default:
        break;
    }
}
