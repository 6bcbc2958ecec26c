/* SPDX-License-Identifier: ISC
 *
 * Work that blocks (a transfer over HTTP, reading and writing a file meanwhile) on a thread of libuv's pool, so that
 * the loop never waits for it. */
#include "bytes/memory.h"
#include "net/inside.h"

struct net_work {
    net_loop *loop;
    net_work *previous, *next;
    uv_work_t request;
    net_work_do *work;
    net_work_done *done;
    net_work_stop *stop;
    void *arg;
};

static void work_does(uv_work_t *request) {
    const net_work *work = request->data;
    work->work(work->arg);
}

static void work_unlink(net_work *work) {
    if (work->next) work->next->previous = work->previous;
    if (work->previous)
        work->previous->next = work->next;
    else
        work->loop->works = work->next;
}

static void work_ended(uv_work_t *request, int status) {
    net_work *work = request->data;
    net_work_done *done = work->done;
    void *arg = work->arg;
    bool begun = status == 0; /* otherwise it was cancelled before a thread had it */
    work_unlink(work);
    bytes_free(work->loop->host, work, sizeof *work);
    done(arg, begun);
}

sotto_status net_work_begin(net_loop *loop, net_work_do *does, net_work_stop *stop, net_work_done *done, void *arg) {
    net_work *work = bytes_new(loop->host, sizeof *work);
    if (!work) return SOTTO_FAIL(NO_MEMORY);
    *work = (net_work){.loop = loop, .work = does, .done = done, .stop = stop, .arg = arg, .next = loop->works};
    work->request.data = work;
    if (uv_queue_work(&loop->uv, &work->request, work_does, work_ended) != 0) {
        bytes_free(loop->host, work, sizeof *work);
        return SOTTO_FAIL(SYSTEM);
    }
    if (work->next) work->next->previous = work;
    loop->works = work;
    return SOTTO_OK;
}

void net_works_close(net_loop *loop) {
    for (net_work *work = loop->works; work; work = work->next) {
        work->stop(work->arg);
        (void)uv_cancel((uv_req_t *)&work->request); /* fails for one that runs, which was asked to stop */
    }
}
