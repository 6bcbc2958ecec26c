/* SPDX-License-Identifier: ISC
 *
 * stanza/time.h: what was read is written as the same moment. */
#include "stanza/time.h"

#include "rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sotto_bytes text = fuzz_exact(bytes_of(data, size));
    uint64_t ms = 0, again = 1;
    if (stanza_time_read(text, &ms)) {
        char written[STANZA_TIME_TEXT_SIZE];
        stanza_time_write(ms, written);
        MUST(strlen(written) == STANZA_TIME_TEXT_SIZE - 1);
        MUST(stanza_time_read(bytes_text(written), &again) && again == ms);
    }
    fuzz_exact_free(text);
    return 0;
}
