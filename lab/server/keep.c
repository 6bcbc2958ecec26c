/* SPDX-License-Identifier: ISC
 *
 * Bytes and lists of bytes that the server owns. */
#include <stdio.h>

#include "bytes/memory.h"
#include "lab/server/inside.h"

sotto_status lab_keep(lab_server *server, sotto_bytes bytes, sotto_bytes *ret) {
    uint8_t *copy = bytes_new(server->host, bytes.len + 1);
    if (!copy) return SOTTO_FAIL(NO_MEMORY);
    if (bytes.len > 0) memcpy(copy, bytes.at, bytes.len);
    lab_let_go(server, ret);
    *ret = bytes_of(copy, bytes.len);
    return SOTTO_OK;
}

/* The span is const because nobody else may write through it; here is where the memory came from. */
void lab_let_go(lab_server *server, sotto_bytes *bytes) {
    union {
        const uint8_t *from;
        void *to;
    } at = {.from = bytes->at};
    if (at.to) bytes_free(server->host, at.to, bytes->len + 1);
    *bytes = BYTES_NONE;
}

sotto_status lab_piece_new(lab_server *server, sotto_bytes bytes, lab_piece **ret) {
    lab_piece *piece = bytes_new(server->host, sizeof *piece);
    if (!piece) return SOTTO_FAIL(NO_MEMORY);
    sotto_status status = lab_keep(server, bytes, &piece->bytes);
    if (!sotto_ok(status)) {
        bytes_free(server->host, piece, sizeof *piece);
        return status;
    }
    *ret = piece;
    return SOTTO_OK;
}

void lab_piece_free(lab_server *server, lab_piece *piece) {
    if (!piece) return;
    lab_let_go(server, &piece->bytes);
    bytes_free(server->host, piece, sizeof *piece);
}

void lab_list_append(lab_list *list, lab_piece *piece) {
    piece->next = NULL;
    if (list->last) {
        list->last->next = piece;
    } else {
        list->first = piece;
    }
    list->last = piece;
    list->count++;
}

void lab_list_prepend(lab_list *list, lab_piece *piece) {
    piece->next = list->first;
    list->first = piece;
    if (!list->last) list->last = piece;
    list->count++;
}

lab_piece *lab_list_shift(lab_list *list) {
    lab_piece *piece = list->first;
    if (!piece) return NULL;
    list->first = piece->next;
    if (!list->first) list->last = NULL;
    list->count--;
    piece->next = NULL;
    return piece;
}

sotto_status lab_list_add(lab_server *server, lab_list *list, sotto_bytes bytes) {
    lab_piece *piece = NULL;
    SOTTO_TRY(lab_piece_new(server, bytes, &piece));
    lab_list_append(list, piece);
    return SOTTO_OK;
}

bool lab_list_has(const lab_list *list, sotto_bytes bytes) {
    for (const lab_piece *piece = list->first; piece; piece = piece->next) {
        if (bytes_equal(piece->bytes, bytes)) return true;
    }
    return false;
}

void lab_list_clear(lab_server *server, lab_list *list) {
    lab_piece *piece = NULL;
    while ((piece = lab_list_shift(list))) lab_piece_free(server, piece);
}

sotto_bytes lab_next_id(lab_server *server, char *room) {
    int len = snprintf(room, 32, "lab-%llu", (unsigned long long)++server->counter);
    return bytes_of(room, len > 0 ? (size_t)len : 0);
}
