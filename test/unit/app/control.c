/* SPDX-License-Identifier: ISC
 *
 * The control socket: frames by themselves, and the two ends over a socket. The holder runs in a thread of its own,
 * with a loop of its own, as it is another process in life. */
#include "app_tests.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/control/control.h"
#include "bytes/span.h"

/* ---- frames ---- */

static bytes_buffer request_bytes(const app_request *request) {
    bytes_buffer to;
    bytes_buffer_owned(&to, sotto_host_default(), 4 * APP_CONTROL_REQUEST_BYTES_MAX);
    assert_int_equal(app_request_put(&to, request).code, 0);
    return to;
}

static void test_request_there_and_back(void **state) {
    (void)state;
    app_request request = {.words = {"send", "romeo@montague.example", ""},
                           .count = 3,
                           .has_text = true,
                           .text = BYTES_LITERAL("one\0two"),
                           .screen = {.out_terminal = true, .ascii = true, .width = 132}};
    bytes_buffer wire = request_bytes(&request), room;
    app_frames frames;
    app_frame frame;
    app_request read;
    bytes_buffer_owned(&room, sotto_host_default(), APP_CONTROL_REQUEST_BYTES_MAX);
    app_frames_init(&frames, false);
    for (size_t i = 0; i < wire.len; i++) { /* byte by byte */
        assert_int_equal(app_frames_next(&frames, &frame).code, SOTTO_E_AGAIN);
        assert_int_equal(app_frames_take(&frames, bytes_of(wire.at + i, 1)).code, 0);
    }
    assert_int_equal(app_frames_next(&frames, &frame).code, 0);
    assert_int_equal(frame.kind, APP_FRAME_REQUEST);
    assert_int_equal(app_request_read(&read, &room, frame.payload).code, 0);
    assert_int_equal(read.count, 3);
    assert_string_equal(read.words[0], "send");
    assert_string_equal(read.words[1], "romeo@montague.example");
    assert_string_equal(read.words[2], "");
    assert_null(read.words[3]);
    assert_true(bytes_equal(read.text, request.text));
    assert_true(read.has_text && read.screen.out_terminal && read.screen.ascii);
    assert_false(read.screen.colours || read.screen.err_terminal);
    assert_int_equal(read.screen.width, 132);
    bytes_buffer_free(&wire);
    bytes_buffer_free(&room);
    assert_int_equal(app_frames_next(&frames, &frame).code, SOTTO_E_AGAIN);
    app_frames_free(&frames);
}

static void test_requests_that_are_too_large(void **state) {
    (void)state;
    bytes_buffer to;
    static char word[APP_CONTROL_WORD_BYTES_MAX + 2];
    static uint8_t text[APP_CONTROL_TEXT_BYTES_MAX + 1];
    app_request request = {.words = {"send"}, .count = 1, .has_text = true, .text = bytes_of(text, sizeof text)};
    bytes_buffer_owned(&to, sotto_host_default(), 4 * APP_CONTROL_REQUEST_BYTES_MAX);
    assert_int_equal(app_request_put(&to, &request).code, SOTTO_E_TOO_LARGE);
    memset(word, 'a', sizeof word - 1);
    request = (app_request){.words = {word}, .count = 1};
    assert_int_equal(app_request_put(&to, &request).code, SOTTO_E_TOO_LARGE);
    word[APP_CONTROL_WORD_BYTES_MAX] = '\0';
    request.count = 9; /* nine words of 128 KiB */
    for (size_t i = 0; i < request.count; i++) request.words[i] = word;
    bytes_buffer_reset(&to);
    assert_int_equal(app_request_put(&to, &request).code, SOTTO_E_TOO_LARGE);
    request.count = APP_CONTROL_WORDS_MAX + 1;
    assert_int_equal(app_request_put(&to, &request).code, SOTTO_E_TOO_LARGE);
    request.count = 0;
    assert_int_equal(app_request_put(&to, &request).code, SOTTO_E_TOO_LARGE);
    bytes_buffer_free(&to);
}

static int read_code(sotto_bytes payload) {
    bytes_buffer room;
    app_request read;
    bytes_buffer_owned(&room, sotto_host_default(), APP_CONTROL_REQUEST_BYTES_MAX);
    int code = app_request_read(&read, &room, payload).code;
    bytes_buffer_free(&room);
    return code;
}

static void test_bad_requests(void **state) {
    (void)state;
    /* version, flags, width, count, one word "x", text "" */
    assert_int_equal(read_code(BYTES_LITERAL("\1\0\120\1\1x\0")), 0);
    assert_int_equal(read_code(BYTES_LITERAL("\2\0\120\1\1x\0")), SOTTO_E_MALFORMED);
    assert_int_equal(read_code(BYTES_LITERAL("\1\100\120\1\1x\0")), SOTTO_E_MALFORMED);     /* an unknown flag */
    assert_int_equal(read_code(BYTES_LITERAL("\1\0\200\200\4\1\1x\0")), SOTTO_E_MALFORMED); /* a width of 65536 */
    assert_int_equal(read_code(BYTES_LITERAL("\1\0\120\0\0")), SOTTO_E_MALFORMED);          /* no word */
    assert_int_equal(read_code(BYTES_LITERAL("\1\0\120\1\1\0\0")), SOTTO_E_MALFORMED);      /* a NUL in a word */
    assert_int_equal(read_code(BYTES_LITERAL("\1\0\120\1\5x\0")), SOTTO_E_MALFORMED);       /* a word that is cut */
    assert_int_equal(read_code(BYTES_LITERAL("\1\0\120\1\1x\0y")), SOTTO_E_MALFORMED);      /* something behind it */
    assert_int_equal(read_code(BYTES_LITERAL("\1\0\120\1\1x\1t")), SOTTO_E_MALFORMED); /* text that was not announced */
    assert_int_equal(read_code(BYTES_LITERAL("\1\0\120\101\1x\0")), SOTTO_E_TOO_LARGE); /* 65 words */
    assert_int_equal(read_code(BYTES_NONE), SOTTO_E_MALFORMED);
}

static int next_code(bool from_holder, sotto_bytes bytes) {
    app_frames frames;
    app_frame frame;
    app_frames_init(&frames, from_holder);
    assert_int_equal(app_frames_take(&frames, bytes).code, 0);
    int code = app_frames_next(&frames, &frame).code;
    app_frames_free(&frames);
    return code;
}

static void test_bad_frames(void **state) {
    (void)state;
    assert_int_equal(next_code(true, BYTES_LITERAL("\4\0\0\0\1\1")), 0);
    assert_int_equal(next_code(true, BYTES_LITERAL("\4\0\0\0\1\4")), 0);
    assert_int_equal(next_code(true, BYTES_LITERAL("\4\0\0\0\1\5")), SOTTO_E_MALFORMED); /* no such exit status */
    assert_int_equal(next_code(true, BYTES_LITERAL("\4\0\0\0\0\1")), SOTTO_E_MALFORMED);
    assert_int_equal(next_code(true, BYTES_LITERAL("\4\0\0\0\2\1\1")), SOTTO_E_TOO_LARGE);
    assert_int_equal(next_code(true, BYTES_LITERAL("\2\0\1\0\1")), SOTTO_E_TOO_LARGE); /* 64 KiB and one */
    assert_int_equal(next_code(true, BYTES_LITERAL("\2\0\1\0\0")), SOTTO_E_AGAIN);
    assert_int_equal(next_code(true, BYTES_LITERAL("\1\0\0\0\1")), SOTTO_E_MALFORMED); /* a holder asks nothing */
    assert_int_equal(next_code(false, BYTES_LITERAL("\2\0\0\0\1")), SOTTO_E_MALFORMED);
    assert_int_equal(next_code(false, BYTES_LITERAL("\1\0\20\0\1")), SOTTO_E_TOO_LARGE);
    assert_int_equal(next_code(false, BYTES_LITERAL("\0\0\0\0\0")), SOTTO_E_MALFORMED);
    assert_int_equal(next_code(false, BYTES_LITERAL("\377\377\377\377\377")), SOTTO_E_MALFORMED);
}

/* What is typed while a command runs, and the prompt that stands in front of it. */
static void test_input_there_and_back(void **state) {
    (void)state;
    static uint8_t text[APP_CONTROL_TEXT_BYTES_MAX + 1];
    bytes_buffer wire;
    app_frames frames;
    app_frame frame;
    bytes_buffer_owned(&wire, sotto_host_default(), 2 * APP_CONTROL_REQUEST_BYTES_MAX);
    assert_int_equal(app_frame_put_input(&wire, APP_INPUT_LINE, BYTES_LITERAL("But soft")).code, 0);
    assert_int_equal(app_frame_put_input(&wire, APP_INPUT_END, BYTES_NONE).code, 0);
    assert_int_equal(app_frame_put_input(&wire, APP_INPUT_AGREE, BYTES_NONE).code, 0);
    app_frames_init(&frames, false);
    assert_int_equal(app_frames_take(&frames, bytes_of(wire.at, wire.len)).code, 0);
    assert_int_equal(app_frames_next(&frames, &frame).code, 0);
    assert_int_equal(frame.kind, APP_FRAME_INPUT);
    assert_int_equal(frame.input, APP_INPUT_LINE);
    assert_true(bytes_is(frame.payload, "But soft"));
    assert_int_equal(app_frames_next(&frames, &frame).code, 0);
    assert_int_equal(frame.input, APP_INPUT_END);
    assert_int_equal(frame.payload.len, 0);
    assert_int_equal(app_frames_next(&frames, &frame).code, 0);
    assert_int_equal(frame.input, APP_INPUT_AGREE);
    assert_int_equal(frame.payload.len, 0);
    app_frames_free(&frames);
    bytes_buffer_reset(&wire);
    assert_int_equal(app_frame_put_input(&wire, APP_INPUT_LINE, bytes_of(text, sizeof text)).code, SOTTO_E_TOO_LARGE);
    bytes_buffer_free(&wire);
    assert_int_equal(next_code(false, BYTES_LITERAL("\5\0\0\0\1\2")), 0);
    assert_int_equal(next_code(false, BYTES_LITERAL("\5\0\0\0\1\5")), 0);
    assert_int_equal(next_code(false, BYTES_LITERAL("\5\0\0\0\1\6")), SOTTO_E_MALFORMED); /* no such input */
    assert_int_equal(next_code(false, BYTES_LITERAL("\5\0\0\0\1\0")), SOTTO_E_MALFORMED);
    assert_int_equal(next_code(false, BYTES_LITERAL("\5\0\0\0\0")), SOTTO_E_MALFORMED);
    assert_int_equal(next_code(false, BYTES_LITERAL("\5\0\20\0\0")), SOTTO_E_TOO_LARGE);
    assert_int_equal(next_code(true, BYTES_LITERAL("\5\0\0\0\1\2")), SOTTO_E_MALFORMED); /* a holder types nothing */
    assert_int_equal(next_code(true, BYTES_LITERAL("\6\0\0\0\1>")), 0);
    assert_int_equal(next_code(false, BYTES_LITERAL("\6\0\0\0\1>")), SOTTO_E_MALFORMED);
}

/* ---- both ends ---- */

typedef struct holder {
    char folder[64], path[96];
    net_loop *loop;
    app_control *control;
    pthread_t thread;
    pthread_barrier_t ready;
    int calls_left; /* the thread ends after so many commands */
    app_call *kept; /* a command that is not answered */
    bool keep, die, big, flood, ended, slow;
    unsigned signs;
    char seen[256]; /* words and text of the last one */
} holder;

static void flood(holder *h, app_call *call);
static void give_sign(void *arg);

static void holder_run(void *arg, app_call *call, const app_request *request) {
    holder *h = arg;
    const app_output *output = app_call_output(call);
    size_t len = 0;
    h->seen[0] = '\0';
    for (size_t i = 0; i < request->count; i++) {
        len += (size_t)snprintf(h->seen + len, sizeof h->seen - len, "%s|", request->words[i]);
    }
    (void)snprintf(h->seen + len, sizeof h->seen - len, "%.*s", (int)request->text.len, (const char *)request->text.at);
    if (--h->calls_left == 0) net_loop_stop(h->loop);
    if (h->flood) {
        flood(h, call);
        return;
    }
    if (h->keep) {
        h->kept = call;
        if (h->slow) net_loop_timer(h->loop, 0, give_sign, h);
        return;
    }
    if (h->die) {
        app_control_close(h->control);
        h->control = NULL;
        return;
    }
    if (h->big) {
        static uint8_t much[300000];
        memset(much, 'm', sizeof much);
        app_put(output, APP_OUT, bytes_of(much, sizeof much));
    }
    app_print(output, APP_OUT, "done, %u columns\n", (unsigned)output->screen.width);
    app_print(output, APP_ERR, "by the way\n");
    app_call_answer(call, 1);
}

static void *holder_thread(void *arg) {
    holder *h = arg;
    assert_int_equal(app_control_open(&h->control, h->loop, h->path, holder_run, h).code, 0);
    (void)pthread_barrier_wait(&h->ready);
    assert_int_equal(net_loop_run(h->loop).code, 0);
    app_control_close(h->control);
    h->control = NULL;
    assert_int_equal(net_loop_run(h->loop).code, 0); /* writes what is left */
    return NULL;
}

static int setup(void **state) {
    static holder h;
    memset(&h, 0, sizeof h);
    *state = &h;
    (void)snprintf(h.folder, sizeof h.folder, "/tmp/sotto-control-XXXXXX");
    if (!mkdtemp(h.folder)) return -1;
    (void)snprintf(h.path, sizeof h.path, "%s/control", h.folder);
    h.calls_left = 1;
    return sotto_ok(net_loop_new(&h.loop, sotto_host_default())) ? 0 : -1;
}

static int teardown(void **state) {
    holder *h = *state;
    net_loop_free(h->loop);
    return rmdir(h->folder); /* the socket went with its listener */
}

static void holder_start(holder *h) {
    assert_int_equal(pthread_barrier_init(&h->ready, NULL, 2), 0);
    assert_int_equal(pthread_create(&h->thread, NULL, holder_thread, h), 0);
    (void)pthread_barrier_wait(&h->ready);
}

static void holder_join(holder *h) {
    assert_int_equal(pthread_join(h->thread, NULL), 0);
    (void)pthread_barrier_destroy(&h->ready);
}

static const app_request hello = {.words = {"send", "r@x"},
                                  .count = 2,
                                  .has_text = true,
                                  .text = {(const uint8_t *)"text", 4},
                                  .screen = {.width = 99}};

static void test_ask(void **state) {
    holder *h = *state;
    app_kept kept;
    app_output output = app_kept_output(&kept);
    app_trouble trouble;
    int status = -1;
    holder_start(h);
    assert_int_equal(app_control_ask(h->path, &hello, &output, &status, &trouble), APP_CONTROL_ANSWERED);
    holder_join(h);
    assert_int_equal(status, 1);
    assert_string_equal(kept.out, "done, 99 columns\n");
    assert_string_equal(kept.err, "by the way\n");
    assert_string_equal(h->seen, "send|r@x|text");
}

static void count_only(void *arg, app_stream stream, sotto_bytes bytes) {
    (void)stream;
    *(size_t *)arg += bytes.len;
}

static void test_much_output(void **state) {
    holder *h = *state;
    size_t total = 0;
    app_output output = {.write = count_only, .arg = &total};
    app_trouble trouble;
    int status = -1;
    h->big = true;
    holder_start(h);
    assert_int_equal(app_control_ask(h->path, &hello, &output, &status, &trouble), APP_CONTROL_ANSWERED);
    holder_join(h);
    assert_int_equal(total, 300000 + strlen("done, 99 columns\n") + strlen("by the way\n"));
}

static void test_nobody(void **state) {
    holder *h = *state;
    app_kept kept;
    app_output output = app_kept_output(&kept);
    app_trouble trouble;
    int status = -1;
    assert_int_equal(app_control_ask(h->path, &hello, &output, &status, &trouble), APP_CONTROL_NOBODY);
    assert_int_equal(status, -1);
}

/* A socket that a dead process left behind: nobody for who asks, no obstacle for the next holder. */
static void test_left_behind(void **state) {
    holder *h = *state;
    app_kept kept;
    app_output output = app_kept_output(&kept);
    app_trouble trouble;
    int status = -1;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s", h->path);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(app_control_ask(h->path, &hello, &output, &status, &trouble), APP_CONTROL_NOBODY);
    holder_start(h);
    assert_int_equal(app_control_ask(h->path, &hello, &output, &status, &trouble), APP_CONTROL_ANSWERED);
    holder_join(h);
}

static void on_input(void *arg, app_input_kind kind, sotto_bytes text) {
    holder *h = arg;
    (void)text;
    h->ended = kind == APP_INPUT_END;
    net_loop_timer(h->loop, UINT64_MAX, NULL, NULL);
    net_loop_stop(h->loop);
}

static void on_late(void *arg) {
    holder *h = arg;
    net_loop_stop(h->loop);
}

/* More than may wait for somebody who reads none of it; said in the middle of something, so not told at once. */
static void flood(holder *h, app_call *call) {
    static uint8_t much[1 << 20];
    *app_call_inlet(call) = (app_inlet){on_input, h};
    for (int i = 0; i < 40; i++) app_put(app_call_output(call), APP_OUT, bytes_of(much, sizeof much));
    assert_false(h->ended);
    net_loop_timer(h->loop, net_now_ms() + 10000, on_late, h);
}

/* A command that takes lines ends when whoever types them does not read, as when he is gone: a conversation would go on
 * taking messages for shown. */
static void test_somebody_who_does_not_read(void **state) {
    holder *h = *state;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    bytes_buffer wire = request_bytes(&hello);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s", h->path);
    h->calls_left = 2;
    h->flood = true;
    holder_start(h);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(write(fd, wire.at, wire.len), (ssize_t)wire.len);
    holder_join(h);
    assert_true(h->ended);
    assert_int_equal(close(fd), 0);
    bytes_buffer_free(&wire);
}

static void test_holder_ends_before_the_answer(void **state) {
    holder *h = *state;
    app_kept kept;
    app_output output = app_kept_output(&kept);
    app_trouble trouble;
    int status = -1;
    h->die = true;
    holder_start(h);
    assert_int_equal(app_control_ask(h->path, &hello, &output, &status, &trouble), APP_CONTROL_BROKEN);
    holder_join(h);
    assert_string_equal(
        trouble.text, "Perhaps sent: The running sotto ended before it had answered. What became of the command is not "
                      "known: look before you do it again.");
    assert_int_equal(status, -1);
}

static void give_sign(void *arg) {
    holder *h = arg;
    assert_true(app_control_sign(h->control));
    if (++h->signs == 8)
        app_call_answer(h->kept, 0);
    else
        net_loop_timer(h->loop, net_now_ms() + 5, give_sign, h);
    if (h->signs == 8) net_loop_stop(h->loop);
}

/* A holder that hangs is somebody who accepts and says nothing: that is said, and is no waiting for ever. */
static void test_holder_hangs(void **state) {
    holder *h = *state;
    app_kept kept;
    app_output output = app_kept_output(&kept);
    app_trouble trouble;
    int status = -1;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s", h->path);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 1), 0); /* the system accepts for it */
    assert_int_equal(app_control_talk_looking(h->path, &hello, &output, NULL, 5, &status, &trouble),
                     APP_CONTROL_BROKEN);
    assert_string_equal(trouble.text,
                        "Perhaps sent: The running sotto gives no sign of life; sotto listen, or what else it is, has "
                        "to be ended. What became of the command is not known: look before you do it again.");
    assert_int_equal(status, -1);
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(h->path), 0);
}

/* Signs print nothing, and end nothing. */
static void test_signs_of_life(void **state) {
    holder *h = *state;
    app_kept kept;
    app_output output = app_kept_output(&kept);
    app_trouble trouble;
    int status = -1;
    h->keep = true;
    h->slow = true;
    h->calls_left = -1;
    holder_start(h);
    assert_int_equal(app_control_talk_looking(h->path, &hello, &output, NULL, 2000, &status, &trouble),
                     APP_CONTROL_ANSWERED);
    holder_join(h);
    assert_int_equal(status, 0);
    assert_string_equal(kept.out, "");
    assert_string_equal(kept.err, "");
}

/* Bytes to the holder as they are, and what comes back until it closes. */
static size_t say(const holder *h, sotto_bytes bytes, uint8_t *ret, size_t size) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s", h->path);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(write(fd, bytes.at, bytes.len), (ssize_t)bytes.len);
    size_t len = 0;
    ssize_t got;
    while (ret && (got = read(fd, ret + len, size - len)) > 0) len += (size_t)got;
    (void)close(fd);
    return len;
}

/* Nonsense gets a line and an exit status, and does not disturb the next one; nor does somebody who leaves at once. */
static void test_nonsense(void **state) {
    holder *h = *state;
    app_kept kept;
    app_output output = app_kept_output(&kept);
    app_trouble trouble;
    uint8_t answer[512];
    int status = -1;
    holder_start(h);
    size_t len = say(h, BYTES_LITERAL("GET / HTTP/1.0\r\n\r\n"), answer, sizeof answer);
    assert_true(len > 6);
    assert_int_equal(answer[0], APP_FRAME_ERR);
    assert_memory_equal(answer + len - 6, "\4\0\0\0\1\1", 6);
    (void)say(h, BYTES_LITERAL("\1\0"), NULL, 0);
    assert_int_equal(app_control_ask(h->path, &hello, &output, &status, &trouble), APP_CONTROL_ANSWERED);
    holder_join(h);
}

static void stop_loop(void *arg) {
    net_loop_stop(arg);
}

/* A command goes on when whoever asked has left, and its answer then goes nowhere. */
static void test_asker_leaves(void **state) {
    holder *h = *state;
    bytes_buffer wire = request_bytes(&hello);
    h->keep = true;
    h->calls_left = -1;
    net_loop *loop = h->loop;
    assert_int_equal(app_control_open(&h->control, loop, h->path, holder_run, h).code, 0);
    struct stat about;
    assert_int_equal(stat(h->path, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
    (void)say(h, bytes_of(wire.at, wire.len), NULL, 0);
    bytes_buffer_free(&wire);
    for (int turns = 0; !h->kept && turns < 1000; turns++) {
        net_loop_timer(loop, 0, stop_loop, loop);
        assert_int_equal(net_loop_run(loop).code, 0);
    }
    assert_non_null(h->kept);
    for (int turns = 0; turns < 10; turns++) { /* the loss is noticed */
        net_loop_timer(loop, 0, stop_loop, loop);
        assert_int_equal(net_loop_run(loop).code, 0);
    }
    app_print(app_call_output(h->kept), APP_OUT, "to nobody\n");
    app_call_answer(h->kept, 0);
    app_control_close(h->control);
    assert_int_equal(net_loop_run(loop).code, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int app_tests_control(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_there_and_back),
        cmocka_unit_test(test_requests_that_are_too_large),
        cmocka_unit_test(test_bad_requests),
        cmocka_unit_test(test_bad_frames),
        cmocka_unit_test(test_input_there_and_back),
        TEST(test_ask),
        TEST(test_much_output),
        TEST(test_holder_hangs),
        TEST(test_signs_of_life),
        TEST(test_nobody),
        TEST(test_left_behind),
        TEST(test_somebody_who_does_not_read),
        TEST(test_holder_ends_before_the_answer),
        TEST(test_nonsense),
        TEST(test_asker_leaves),
    };
    return cmocka_run_group_tests_name("app: control", tests, NULL, NULL);
}
