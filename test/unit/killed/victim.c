/* SPDX-License-Identifier: ISC */
#include "victim.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes/cursor.h"
#include "bytes/span.h"
#include "engine/output_row.h"
#include "store/sqlite.h"

/* The victim whose outputs are looked at. */
static victim *watched;

/* ---- the empty store ---- */

static void load_file(disk_file *ret, const char *path) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    ret->exists = true;
    ret->size = ret->len = 65536;
    ret->bytes = malloc(ret->size);
    assert_non_null(ret->bytes);
    ret->len = fread(ret->bytes, 1, ret->size, file);
    assert_true(ret->len > 0 && ret->len < ret->size);
    assert_int_equal(fclose(file), 0);
}

void victim_ground_start(victim_ground *g) {
    *g = (victim_ground){.folder = "/tmp/sotto-killed-XXXXXX"};
    assert_non_null(mkdtemp(g->folder));
    (void)snprintf(g->path, sizeof g->path, "%s/account", g->folder);
    (void)snprintf(g->key_path, sizeof g->key_path, "%s/key", g->folder);
    rig r;
    rig_start(&r);
    sotto_sqlite_options options = {.path = g->path, .key_path = g->key_path, .create = true, .host = &r.host};
    sotto_store *store;
    assert_ok(store_sqlite_open_with(&store, &options, &(store_sqlite_setup){.uncounted = true}));
    sotto_store_close(store);
    rig_end(&r);
    load_file(&g->empty.files[DISK_STORE], g->path);
}

void victim_ground_end(victim_ground *g) {
    disk_clear(&g->empty);
    assert_int_equal(unlink(g->path), 0);
    assert_int_equal(unlink(g->key_path), 0);
    assert_int_equal(rmdir(g->folder), 0);
}

/* ---- outputs ---- */

static uint64_t digest_output(const rig *r, const sotto_output *out) {
    bytes_buffer buffer;
    sotto_bytes row;
    bytes_buffer_owned(&buffer, &r->host, SOTTO_RECORD_BYTES_MAX);
    engine_output_encode(&buffer, out, OUTBOX_LASTING);
    assert_ok(bytes_buffer_end(&buffer, &row));
    uint64_t digest = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < row.len; i++) digest = (digest ^ row.at[i]) * UINT64_C(0x100000001b3);
    bytes_buffer_free(&buffer);
    return digest;
}

/* The entry of this number; one that is there must have been the same to the last byte. */
static victim_output *entry_of(victim *v, uint64_t seq, const sotto_output *out) {
    uint64_t digest = digest_output(&v->device->host, out);
    for (size_t i = v->output_count; i > 0; i--) {
        if (v->outputs[i - 1].seq != seq) continue;
        if (v->outputs[i - 1].digest != digest) fail_msg("output %llu is another one now", (unsigned long long)seq);
        return &v->outputs[i - 1];
    }
    assert_true(v->output_count < VICTIM_OUTPUTS_MAX);
    victim_output *entry = &v->outputs[v->output_count++];
    *entry = (victim_output){
        .seq = seq, .digest = digest, .for_application = out->kind != SOTTO_OUTPUT_STANZA, .in_store = true};
    return entry;
}

static void saw_output(victim *v, const sotto_output *out) {
    if (out->seq == 0) return;
    victim_output *entry = entry_of(v, out->seq, out);
    if (entry->life > 0 && entry->life < v->life && !entry->in_store)
        fail_msg("output %llu was done and comes again", (unsigned long long)out->seq);
    if (entry->life == v->life && entry->for_application)
        fail_msg("output %llu comes twice in one life", (unsigned long long)out->seq);
    entry->life = v->life;
    entry->due = false;
}

/* Wrapped by the linker: what an engine hands out is seen where the host takes it. */
bool __real_sotto_engine_next(sotto_engine *, sotto_output *);
bool __wrap_sotto_engine_next(sotto_engine *, sotto_output *);
bool __wrap_sotto_engine_next(sotto_engine *engine, sotto_output *ret) {
    bool is = __real_sotto_engine_next(engine, ret);
    if (is && watched != NULL && watched->device->engine == engine) saw_output(watched, ret);
    return is;
}

static sotto_status is_in_store(void *arg, sotto_bytes key, sotto_bytes value) {
    victim *v = arg;
    sotto_output out;
    outbox_keep keep;
    outbox_way way;
    uint64_t seq = 0;
    assert_int_equal(key.len, 9);
    for (size_t i = 1; i < 9; i++) seq = seq << 8 | key.at[i];
    assert_ok(engine_output_decode_way(value, &out, &keep, &way));
    victim_output *entry = entry_of(v, seq, &out);
    entry->in_store = true;
    /* A resumed stream has what the server counted, and does not get it again. */
    entry->due = keep == OUTBOX_LASTING && (entry->for_application || !v->device->crash_resumed);
    /* On a stream that begins anew it waits for its room, and then has another number; that it is read is what
     * talk_check looks at. */
    if (way.room.len > 0) entry->due = false;
    return SOTTO_OK;
}

void victim_check_outputs(const victim *v) {
    for (size_t i = 0; i < v->output_count; i++)
        if (v->outputs[i].due) fail_msg("output %llu never came again", (unsigned long long)v->outputs[i].seq);
}

/* ---- coming back ---- */

static sotto_status read_note(void *arg, sotto_bytes key, sotto_bytes value) {
    (void)key;
    device *d = ((victim *)arg)->device;
    bytes_cursor in = bytes_cursor_over(value);
    uint64_t wishes = bytes_cursor_u64(&in), stream = bytes_cursor_u64(&in), handled = bytes_cursor_u64(&in);
    /* It never goes back behind what was committed, nor beyond what was stepped. */
    assert_true(wishes >= d->wishes.first && wishes <= d->wishes.first + d->wishes.stepped);
    for (; d->wishes.first < wishes; d->wishes.first++) {
        free(d->wishes.at[d->wishes.first].stanza);
        d->wishes.at[d->wishes.first].stanza = NULL;
    }
    if (stream != d->streams) return SOTTO_OK;
    ((victim *)arg)->knows_stream = true;
    assert_true(handled >= d->stream_handled && handled <= d->stream_handled + d->stream_stepped);
    size_t more = (size_t)(handled - d->stream_handled);
    for (size_t i = 0; i < more; i++) lab_piece_free(d->w->server, d->stream[i]);
    memmove(d->stream, d->stream + more, (d->stream_len - more) * sizeof *d->stream);
    d->stream_len -= more;
    d->stream_handled = handled;
    return SOTTO_OK;
}

/* The store is opened again over what is on the disk; the driver ends the engine that is left when this operation is
 * over, and takes up what the note says. */
static sotto_status come_back(victim *v) {
    sotto_store_close(v->inner);
    disk_revive(&v->disk);
    assert_ok(disk_open(&v->disk, &v->device->host.host, &v->inner));
    v->life++;
    v->knows_stream = false;
    sotto_status status = v->inner->methods->get(v->inner, BYTES_LITERAL("Ndriver"), read_note, v);
    if (!sotto_is(status, SOTTO_E_NOT_FOUND)) assert_ok(status);
    /* A stream of which nothing was committed cannot be resumed: what to resume it by is a note as well. */
    if (!v->knows_stream) v->device->crash_resumed = false;
    for (size_t i = 0; i < v->output_count; i++) v->outputs[i].in_store = v->outputs[i].due = false;
    assert_ok(v->inner->methods->scan(v->inner, BYTES_LITERAL("O"), is_in_store, v));
    v->device->crash_at = v->device->ops + 1;
    return SOTTO_FAIL(STORE_FULL); /* what the driver takes for "not committed" */
}

/* `how`, in turn: the process alone ended; in the middle of a write; the power failed (two of four). */
void victim_die(victim *v, const disk_op *op, unsigned how) {
    v->deaths++;
    if (how % 4 == 1 && op != NULL) disk_apply_torn(&v->disk.now, op, TEAR_HALF + how / 4 % (TEARS - TEAR_HALF));
    if (how % 4 >= 2) {
        disk_image left = {0};
        disk_lose(&left, &v->disk, op, LOSS_ALL + how / 4 % LOSSES, how);
        disk_become(&v->disk, &left);
        disk_clear(&left);
    }
    disk_kill(&v->disk);
}

static void may_die(void *arg, disk *d, const disk_op *op) {
    victim *v = arg;
    if (!v->writing) return;
    bool planned = v->write == v->die_in && d->ops - v->write_begin == v->die_at;
    if (planned || (v->choose != NULL && v->choose(v->choose_arg, v, op))) victim_die(v, op, v->how);
}

/* ---- the store ---- */

static victim *victim_of(sotto_store *store) {
    return (victim *)(void *)store;
}

static sotto_status victim_get(sotto_store *store, sotto_bytes key, sotto_visit *visit, void *arg) {
    sotto_store *inner = victim_of(store)->inner;
    return inner->methods->get(inner, key, visit, arg);
}

static sotto_status victim_scan(sotto_store *store, sotto_bytes prefix, sotto_visit *visit, void *arg) {
    sotto_store *inner = victim_of(store)->inner;
    return inner->methods->scan(inner, prefix, visit, arg);
}

sotto_status victim_write(victim *v, const sotto_change *changes, size_t count) {
    v->write_begin = v->disk.ops;
    v->writing = true;
    sotto_status status = v->inner->methods->write(v->inner, changes, count);
    v->writing = false;
    if (!v->disk.dead && sotto_ok(status)) {
        bool planned = v->write == v->die_in && v->die_at == SIZE_MAX;
        if (planned || (v->choose != NULL && v->choose(v->choose_arg, v, NULL))) victim_die(v, NULL, v->how);
    }
    if (v->disk.dead) {
        v->write++;
        return come_back(v);
    }
    if (!sotto_ok(status)) return status;
    if (v->life == 1) {
        assert_true(v->history.count < VICTIM_STEPS_MAX);
        v->history.steps[v->history.count++] = (history_step){v->write_begin, v->disk.ops, disk_digest(v->inner)};
    }
    v->write++;
    return SOTTO_OK;
}

static sotto_status write_method(sotto_store *store, const sotto_change *changes, size_t count) {
    victim *v = victim_of(store);
    return v->instead != NULL ? v->instead(v->instead_arg, v, changes, count) : victim_write(v, changes, count);
}

static void close_method(sotto_store *store) {
    victim *v = victim_of(store);
    sotto_store_close(v->inner);
    v->inner = NULL;
}

static const sotto_store_class methods = {victim_get, victim_scan, write_method, close_method};

typedef struct batch {
    bytes_arena arena;
    sotto_change at[1024];
    size_t count;
} batch;

static sotto_bytes batch_bytes(batch *b, sotto_bytes from) {
    uint8_t *at = bytes_arena_take(&b->arena, from.len);
    assert_non_null(at);
    memcpy(at, from.at, from.len);
    return bytes_of(at, from.len);
}

static sotto_status add_to_batch(void *arg, sotto_bytes key, sotto_bytes value) {
    batch *b = arg;
    assert_true(b->count < sizeof b->at / sizeof *b->at);
    b->at[b->count++] = (sotto_change){batch_bytes(b, key), batch_bytes(b, value)};
    return SOTTO_OK;
}

/* A process that was killed leaves a WAL; the longer it is, the sooner it is carried over. */
static void fill_wal(victim *v, const device *d, size_t wal_bytes) {
    const sotto_change change = {BYTES_LITERAL("Z"), BYTES_LITERAL("filled")};
    if (wal_bytes == 0) return;
    assert_ok(disk_open(&v->disk, &d->host.host, &v->inner));
    while (v->disk.now.files[DISK_WAL].len < wal_bytes) assert_ok(v->inner->methods->write(v->inner, &change, 1));
    disk_kill(&v->disk);
    sotto_store_close(v->inner);
    disk_revive(&v->disk);
}

void victim_take(victim *v, const victim_ground *g, device *d, size_t wal_bytes) {
    memset(v, 0, sizeof *v);
    v->base.methods = &methods;
    v->device = d;
    v->life = 1;
    v->die_in = NOT_PLANNED;
    disk_start(&v->disk, "killed", g->path, g->key_path);
    disk_become(&v->disk, &g->empty);
    sotto_engine_close(d->engine);
    d->engine = NULL;
    static batch b;
    bytes_arena_init(&b.arena, &d->host.host, (size_t)4 * 1024 * 1024);
    b.count = 0;
    sotto_store *before = d->store.inner;
    assert_ok(before->methods->scan(before, BYTES_NONE, add_to_batch, &b));
    assert_ok(disk_open(&v->disk, &d->host.host, &v->inner));
    assert_ok(v->inner->methods->write(v->inner, b.at, b.count));
    bytes_arena_clear(&b.arena);
    sotto_store_close(before);
    sotto_store_close(v->inner); /* carried over */
    fill_wal(v, d, wal_bytes);
    disk_copy(&v->history.start, &v->disk.now);
    v->disk.keeps_log = true;
    disk_become(&v->disk, &v->history.start);
    assert_ok(disk_open(&v->disk, &d->host.host, &v->inner));
    v->history.start_digest = disk_digest(v->inner);
    v->disk.watch = may_die;
    v->disk.watch_arg = v;
    d->store.inner = &v->base;
    watched = v;
    device_open(d);
}

void victim_leave(victim *v) {
    watched = NULL;
    disk_end(&v->disk);
    disk_clear(&v->history.start);
}
