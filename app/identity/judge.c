/* SPDX-License-Identifier: ISC
 *
 * Judging. A piece of work belongs to the loop while it runs, and outlives a judge that is freed meanwhile. */
#include "app/identity/judge.h"

#include "app/home/home.h"
#include "app/identity/openpgp.h"
#include "bytes/memory.h"
#include "bytes/span.h"
#include "seal/live/statement.h"
#include "tls/statement.h"

#include <stdio.h>

#define TEXT_BYTES_MAX   4096u
#define ARENA_BYTES_MAX  (512u * 1024u)
#define ANSWER_BYTES_MAX (TEXT_BYTES_MAX + 64u)

typedef struct work {
    struct work *next; /* of those that run, or wait */
    app_judge *judge;  /* NULL: freed */
    uint64_t job, now_ms;
    char ca[APP_PATH_SIZE]; /* empty: the system's */
    uint8_t *request;
    size_t len;
    sotto_status status; /* of judging */
    uint8_t room[ANSWER_BYTES_MAX];
    bytes_buffer answer;
} work;

struct app_judge {
    net_loop *loop;
    const char *ca;
    app_judge_answer *answer;
    void *arg;
    work *running, *waiting;
    size_t running_count, waiting_count;
};

/* ---- judging ---- */

/* With the roots that the server's certificate is checked with: the system's, or those of --ca. */
static sotto_status certificate_judge(const live_statement_request *asked, const char *ca, uint64_t now_ms,
                                      bytes_buffer *text) {
    const tls_statement said = {.jid = asked->jid,
                                .signed_bytes = asked->binding,
                                .signature = asked->said.signature,
                                .certificates = asked->said.certificates,
                                .certificate_count = asked->said.certificate_count};
    const tls_client_config roots = {
        .host = sotto_host_default(), .system_roots = !ca, .roots_file = ca, .verify_time_ms = now_ms};
    bytes_arena arena;
    sotto_bytes names = BYTES_NONE;
    bytes_arena_init(&arena, sotto_host_default(), ARENA_BYTES_MAX);
    sotto_status status = tls_statement_check(&said, &roots, &arena, &names);
    bytes_buffer_put(text, names);
    bytes_arena_clear(&arena);
    return status;
}

sotto_status app_judge_now(sotto_bytes request, const char *ca, uint64_t now_ms, bytes_buffer *answer) {
    live_statement_request asked;
    uint8_t room[TEXT_BYTES_MAX];
    bytes_buffer text;
    sotto_bytes said;
    SOTTO_TRY(live_statement_request_read(request, &asked));
    bytes_buffer_borrowed(&text, room, sizeof room);
    sotto_status status = asked.type == LIVE_STATEMENT_X509 ? certificate_judge(&asked, ca, now_ms, &text)
                                                            : app_openpgp_judge(&asked, &text);
    if (!sotto_ok(bytes_buffer_end(&text, &said))) said = BYTES_NONE;
    live_statement_answer_write(answer, status, said);
    return SOTTO_OK;
}

/* ---- work ---- */

static void work_free(work *w) {
    bytes_free(sotto_host_default(), w->request, w->len);
    bytes_free(sotto_host_default(), w, sizeof *w);
}

static void work_do(void *arg) {
    work *w = arg;
    w->status = app_judge_now(bytes_of(w->request, w->len), w->ca[0] ? w->ca : NULL, w->now_ms, &w->answer);
}

/* gpg ends by itself; paths of certificates take milliseconds. */
static void work_stop(void *arg) {
    (void)arg;
}

static void begin(app_judge *judge);

static void unlist(app_judge *judge, const work *w) {
    for (work **at = &judge->running; *at; at = &(*at)->next) {
        if (*at != w) continue;
        *at = w->next;
        judge->running_count--;
        return;
    }
}

static void work_done(void *arg, bool begun) {
    work *w = arg;
    app_judge *judge = w->judge;
    sotto_bytes answer;
    if (judge) {
        unlist(judge, w);
        if (begun && sotto_ok(w->status) && sotto_ok(bytes_buffer_end(&w->answer, &answer)))
            judge->answer(judge->arg, w->job, answer);
        begin(judge);
    }
    work_free(w);
}

static void begin(app_judge *judge) {
    while (judge->waiting && judge->running_count < APP_JUDGE_AT_ONCE) {
        work *w = judge->waiting;
        judge->waiting = w->next;
        judge->waiting_count--;
        if (!sotto_ok(net_work_begin(judge->loop, work_do, work_stop, work_done, w))) {
            work_free(w); /* it is shown again in the next session */
            continue;
        }
        w->next = judge->running;
        judge->running = w;
        judge->running_count++;
    }
}

/* ---- the judge ---- */

sotto_status app_judge_new(app_judge **ret, net_loop *loop, const char *ca, app_judge_answer *answer, void *arg) {
    app_judge *judge = bytes_new(sotto_host_default(), sizeof *judge);
    if (!judge) return SOTTO_FAIL(NO_MEMORY);
    *judge = (app_judge){.loop = loop, .ca = ca, .answer = answer, .arg = arg};
    app_openpgp_start();
    *ret = judge;
    return SOTTO_OK;
}

void app_judge_free(app_judge *judge) {
    if (!judge) return;
    for (work *w = judge->running; w; w = w->next) w->judge = NULL;
    while (judge->waiting) {
        work *w = judge->waiting;
        judge->waiting = w->next;
        work_free(w);
    }
    bytes_free(sotto_host_default(), judge, sizeof *judge);
}

bool app_judge_take(app_judge *judge, uint64_t job, sotto_bytes request, uint64_t now_ms) {
    const sotto_host *host = sotto_host_default();
    live_statement_request asked;
    if (!sotto_ok(live_statement_request_read(request, &asked))) return false;
    if (judge->waiting_count >= APP_JUDGE_WAITING) return true;
    work *w = bytes_new(host, sizeof *w);
    uint8_t *copy = w ? bytes_new(host, request.len) : NULL;
    if (!copy) {
        bytes_free(host, w, sizeof *w);
        return true;
    }
    memcpy(copy, request.at, request.len);
    *w = (work){.judge = judge, .job = job, .now_ms = now_ms, .request = copy, .len = request.len};
    if (judge->ca) (void)snprintf(w->ca, sizeof w->ca, "%s", judge->ca);
    bytes_buffer_borrowed(&w->answer, w->room, sizeof w->room);
    work **last = &judge->waiting;
    while (*last) last = &(*last)->next;
    *last = w;
    judge->waiting_count++;
    begin(judge);
    return true;
}
