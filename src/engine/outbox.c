/* SPDX-License-Identifier: ISC */
#include "engine/outbox.h"

#include "bytes/memory.h"
#include "bytes/span.h"
#include "engine/output_row.h"

#define OTHER_BYTES 256u /* what an output has beside its largest text, mostly */

void engine_outbox_init(engine_outbox *outbox, const sotto_host *host) {
    *outbox = (engine_outbox){.host = host, .next_seq = 1};
}

static void entry_free(engine_outbox *outbox, outbox_entry *entry) {
    bytes_free(outbox->host, entry->row, entry->row_size);
}

void engine_outbox_clear(engine_outbox *outbox) {
    for (size_t i = 0; i < outbox->len; i++) entry_free(outbox, &outbox->at[i]);
    bytes_free(outbox->host, outbox->at, outbox->size * sizeof *outbox->at);
    engine_outbox_init(outbox, outbox->host);
}

static sotto_status append(engine_outbox *outbox, const outbox_entry *entry) {
    if (outbox->len == outbox->size) {
        size_t size = outbox->size == 0 ? 32 : outbox->size * 2;
        outbox_entry *at = bytes_resize(outbox->host, outbox->at, outbox->size * sizeof *at, size * sizeof *at);
        if (at == NULL) return SOTTO_FAIL(NO_MEMORY);
        outbox->at = at;
        outbox->size = size;
    }
    outbox->at[outbox->len++] = *entry;
    return SOTTO_OK;
}

/* The row's memory becomes the outbox's. */
static sotto_status append_row(engine_outbox *outbox, outbox_entry entry, bytes_buffer *row) {
    sotto_bytes encoded;
    SOTTO_TRY(bytes_buffer_end(row, &encoded));
    entry.row = bytes_buffer_release(row, &entry.row_len, &entry.row_size);
    sotto_status status = append(outbox, &entry);
    if (!sotto_ok(status)) entry_free(outbox, &entry);
    return status;
}

sotto_status engine_outbox_stage(engine_outbox *outbox, const sotto_output *output, outbox_keep keep,
                                 const outbox_way *way, const outbox_entry **ret) {
    if (outbox->len >= SOTTO_OUTBOX_ROWS_MAX) return SOTTO_FAIL(OUTBOX_FULL);
    bytes_buffer buffer;
    bytes_buffer_owned(&buffer, outbox->host, SOTTO_RECORD_BYTES_MAX);
    bytes_buffer_reserve(&buffer, OTHER_BYTES + output->stanza.len + output->delivery.stanza.len + output->request.len +
                                      (way != NULL ? way->room.len + way->peer.len + way->readers.len : 0));
    engine_output_encode_way(&buffer, output, keep, way);
    outbox_entry entry = {.seq = outbox->next_seq,
                          .ticket = output->ticket,
                          .keep = keep,
                          .to_server = output->kind == SOTTO_OUTPUT_STANZA,
                          .through_room = way != NULL && way->room.len > 0};
    sotto_status status = append_row(outbox, entry, &buffer);
    bytes_buffer_free(&buffer);
    if (!sotto_ok(status)) return status;
    outbox->next_seq++;
    if (ret != NULL) *ret = &outbox->at[outbox->len - 1];
    return SOTTO_OK;
}

sotto_status engine_outbox_load(engine_outbox *outbox, uint64_t seq, sotto_bytes row) {
    sotto_output output;
    outbox_keep keep;
    outbox_way way;
    SOTTO_TRY(engine_output_decode_way(row, &output, &keep, &way));
    outbox_entry entry = {.seq = seq,
                          .ticket = output.ticket,
                          .keep = keep,
                          .to_server = output.kind == SOTTO_OUTPUT_STANZA,
                          .through_room = way.room.len > 0};
    bytes_buffer copy;
    bytes_buffer_owned(&copy, outbox->host, SOTTO_RECORD_BYTES_MAX);
    bytes_buffer_put(&copy, row);
    sotto_status status = append_row(outbox, entry, &copy);
    bytes_buffer_free(&copy);
    SOTTO_TRY(status);
    outbox->committed = outbox->len;
    if (outbox->next_seq <= seq) outbox->next_seq = seq + 1;
    return SOTTO_OK;
}

/* Numbers of what is taken back are not used again: somebody may have logged them. */
void engine_outbox_pop(engine_outbox *outbox, size_t mark) {
    while (outbox->len > mark) entry_free(outbox, &outbox->at[--outbox->len]);
}

void engine_outbox_undo(engine_outbox *outbox) {
    engine_outbox_pop(outbox, outbox->committed);
    for (size_t i = 0; i < outbox->len; i++) {
        outbox_entry *entry = &outbox->at[i];
        if (!entry->lost) continue;
        entry->lost = entry->done = false;
    }
}

void engine_outbox_settle(engine_outbox *outbox) {
    size_t kept = 0;
    for (size_t i = 0; i < outbox->len; i++) {
        if (outbox->at[i].done)
            entry_free(outbox, &outbox->at[i]);
        else
            outbox->at[kept++] = outbox->at[i];
    }
    outbox->len = kept;
    outbox->committed = kept;
    outbox->look[0] = outbox->look[1] = 0;
}

static bool next_of(engine_outbox *outbox, bool to_server, sotto_output *ret) {
    for (size_t *i = &outbox->look[to_server]; *i < outbox->committed; (*i)++) {
        outbox_entry *entry = &outbox->at[*i];
        if (entry->handed || entry->done || entry->to_server != to_server) continue;
        outbox_keep keep;
        if (!sotto_ok(engine_output_decode(bytes_of(entry->row, entry->row_len), ret, &keep)))
            continue; /* cannot be: it was encoded here or decoded on load */
        ret->seq = keep == OUTBOX_ONCE ? 0 : entry->seq;
        entry->handed = true;
        entry->done = keep == OUTBOX_ONCE;
        return true;
    }
    return false;
}

bool engine_outbox_next(engine_outbox *outbox, bool online, sotto_output *ret) {
    return next_of(outbox, false, ret) || (online && next_of(outbox, true, ret));
}

outbox_entry *engine_outbox_find(engine_outbox *outbox, uint64_t seq) {
    for (size_t i = 0; i < outbox->committed; i++)
        if (outbox->at[i].seq == seq && outbox->at[i].keep != OUTBOX_ONCE) return &outbox->at[i];
    return NULL;
}

bool engine_outbox_has_ticket(const engine_outbox *outbox, uint64_t ticket) {
    for (size_t i = 0; i < outbox->len; i++)
        if (outbox->at[i].ticket == ticket && !outbox->at[i].done) return true;
    return false;
}

size_t engine_outbox_waiting(const engine_outbox *outbox) {
    size_t count = 0;
    for (size_t i = 0; i < outbox->committed; i++) count += outbox->at[i].to_server && !outbox->at[i].done;
    return count;
}

size_t engine_outbox_handed(const engine_outbox *outbox) {
    size_t count = 0;
    for (size_t i = 0; i < outbox->committed; i++) {
        const outbox_entry *entry = &outbox->at[i];
        if (entry->to_server && !entry->done && !entry->handed) break;
        count += entry->to_server && !entry->done;
    }
    return count;
}

void engine_outbox_acked(engine_outbox *outbox, size_t count) {
    for (size_t i = 0; i < outbox->committed && count > 0; i++) {
        outbox_entry *entry = &outbox->at[i];
        if (!entry->to_server || entry->done) continue;
        entry->done = true;
        count--;
    }
}

bool engine_outbox_ends(const outbox_entry *entry, bool anew, bool resumed) {
    if (entry->done) return false;
    return (entry->keep == OUTBOX_SESSION && !resumed) || (entry->keep == OUTBOX_ASK && anew);
}

void engine_outbox_rewind(engine_outbox *outbox, bool anew, bool resumed) {
    for (size_t i = 0; i < outbox->committed; i++) {
        outbox_entry *entry = &outbox->at[i];
        if (engine_outbox_ends(entry, anew, resumed)) entry->lost = entry->done = true;
        if (entry->to_server) entry->handed = false;
    }
    for (size_t i = 0; i < outbox->len && !resumed; i++) { /* what is not committed yet was for the old stream too */
        outbox_entry *entry = &outbox->at[i];
        if (entry->withdrawn && !entry->done) entry->lost = entry->done = true;
    }
    outbox->look[1] = 0;
}
