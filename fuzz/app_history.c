/* SPDX-License-Identifier: ISC
 *
 * app/history_entry.c: a record of the history that is accepted is written again as the same bytes, and nothing of it
 * lies outside. */
#include "app/history.h"

#include "rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sotto_bytes in = fuzz_exact(bytes_of(data, size)), written;
    app_entry entry;
    uint64_t order;
    sotto_status status = app_entry_read(&entry, &order, in);
    MUST(sotto_ok(status) || sotto_is(status, SOTTO_E_MALFORMED));
    if (sotto_ok(status)) {
        const sotto_bytes spans[] = {entry.who,  entry.nick,    entry.id,  entry.corrects,
                                     entry.seal, entry.subject, entry.body};
        for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) MUST(fuzz_inside(spans[i], in));
        MUST(entry.fate == APP_FATE_NONE || app_fate_name(entry.fate));
        bytes_buffer out;
        bytes_buffer_owned(&out, sotto_host_default(), 4u << 20);
        app_entry_put(&out, &entry, order);
        MUST_OK(bytes_buffer_end(&out, &written));
        MUST(written.len <= in.len); /* lengths may have been longer than they need be */
        app_entry again;
        uint64_t again_order;
        MUST_OK(app_entry_read(&again, &again_order, written));
        MUST(again_order == order && bytes_equal(again.body, entry.body) && again.ticket == entry.ticket);
        bytes_buffer_free(&out);
    }
    fuzz_exact_free(in);
    return 0;
}
