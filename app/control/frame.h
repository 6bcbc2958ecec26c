/* SPDX-License-Identifier: ISC
 *
 * What goes over the control socket: frames of a kind, a length and a payload. The asking process sends one request;
 * the holder answers with what the command prints, piece by piece, and ends with its exit status. A command that goes
 * on taking lines gets them behind the request. Pure: no sockets.
 * Both ends belong to the same user; it is read as strictly as if they did not. */
#ifndef APP_CONTROL_FRAME_H
#define APP_CONTROL_FRAME_H

#include "app/inlet.h"
#include "app/output.h"

#define APP_CONTROL_VERSION           1
#define APP_CONTROL_WORDS_MAX         64u
#define APP_CONTROL_WORD_BYTES_MAX    (128u * 1024u)  /* what the kernel allows one argument */
#define APP_CONTROL_TEXT_BYTES_MAX    (512u * 1024u)  /* standard input; a stanza has a megabyte */
#define APP_CONTROL_REQUEST_BYTES_MAX (1024u * 1024u) /* all of it */
#define APP_CONTROL_PIECE_BYTES_MAX   (64u * 1024u)   /* of output */

typedef enum app_frame_kind {
    APP_FRAME_REQUEST = 1,
    APP_FRAME_OUT,
    APP_FRAME_ERR,
    APP_FRAME_EXIT,
    APP_FRAME_INPUT, /* to the holder, after the request: what is typed meanwhile */
    APP_FRAME_PROMPT
} app_frame_kind;

typedef struct app_frame {
    app_frame_kind kind;
    app_input_kind input; /* INPUT: of which the payload is the text */
    sotto_bytes payload;
} app_frame;

/* A command for the holder: its words, the command's name first, and what stood in standard input. */
typedef struct app_request {
    app_screen screen;
    const char *words[APP_CONTROL_WORDS_MAX + 1]; /* ended by NULL */
    size_t count;
    bool has_text;
    sotto_bytes text;
} app_request;

/* TOO_LARGE. */
SOTTO_MUST_CHECK sotto_status app_request_put(bytes_buffer *, const app_request *);
/* Words are copied into `room`, which must live as long as *ret; text points into the payload. MALFORMED, TOO_LARGE,
 * NO_MEMORY. */
SOTTO_MUST_CHECK sotto_status app_request_read(app_request *ret, bytes_buffer *room, sotto_bytes payload);

/* TOO_LARGE. */
SOTTO_MUST_CHECK sotto_status app_frame_put_input(bytes_buffer *, app_input_kind, sotto_bytes text);
/* Output, in as many frames as it needs. */
void app_frame_put_output(bytes_buffer *, app_stream, sotto_bytes);
void app_frame_put_sign(bytes_buffer *); /* nothing to print: that the command still runs */
void app_frame_put_exit(bytes_buffer *, int status);

/* Frames out of bytes as they come. */
typedef struct app_frames {
    bytes_buffer waiting;
    size_t used;      /* of them by the frame handed out last */
    bool from_holder; /* which kinds are allowed */
} app_frames;
void app_frames_init(app_frames *, bool from_holder);
SOTTO_MUST_CHECK sotto_status app_frames_take(app_frames *, sotto_bytes);
/* The next one; its payload lives until the next call. AGAIN: not whole yet. MALFORMED: a kind that may not come from
 * there, or an exit status that is none. TOO_LARGE. */
SOTTO_MUST_CHECK sotto_status app_frames_next(app_frames *, app_frame *ret);
void app_frames_free(app_frames *);

#endif
