/* SPDX-License-Identifier: ISC
 *
 * The vector port of test/vector: any lines are answered, in order, within the answer's bound, and the same lines get
 * the same answers. */
#include "test/vector/vector_port.h"

#include "rig.h"

static void ask_all(const fuzz_host *host, sotto_bytes in, bytes_buffer *answers) {
    vector_port *port;
    MUST_OK(vector_port_new(&port, &host->host, 4096));
    bytes_buffer one;
    bytes_buffer_owned(&one, &host->host, VECTOR_PORT_ANSWER_MAX);
    for (int i = 0; i < 12 && in.len > 0; i++) {
        sotto_bytes line = fuzz_exact(fuzz_line(&in)), answer;
        bytes_buffer_reset(&one);
        vector_port_answer(port, line, &one);
        fuzz_exact_free(line);
        MUST_OK(bytes_buffer_end(&one, &answer));
        MUST(answer.len > 0 && !memchr(answer.at, '\n', answer.len));
        bytes_buffer_u64(answers, fuzz_touch(answer));
    }
    bytes_buffer_free(&one);
    vector_port_free(port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_host host;
    fuzz_host_start(&host);
    bytes_buffer first, second;
    bytes_buffer_owned(&first, &host.host, 4096);
    bytes_buffer_owned(&second, &host.host, 4096);
    ask_all(&host, bytes_of(data, size), &first);
    ask_all(&host, bytes_of(data, size), &second);
    MUST(bytes_equal(bytes_of(first.at, first.len), bytes_of(second.at, second.len)));
    bytes_buffer_free(&first);
    bytes_buffer_free(&second);
    fuzz_host_end(&host);
    return 0;
}
