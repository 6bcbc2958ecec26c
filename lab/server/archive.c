/* SPDX-License-Identifier: ISC
 *
 * Keeping messages. */
#include "lab/server/archive.h"

#include <stdio.h>

#include "bytes/memory.h"

#define ID_BYTES 32u

void lab_archive_features(lab_draft *draft, const lab_account *account) {
    const char *const features[] = {LAB_NS_ARCHIVE, account->archive.mode == LAB_ARCHIVE_NO_IDS ? NULL : LAB_NS_IDS};
    if (!account->archive.on) return;
    for (size_t i = 0; i < 2 && features[i] != NULL; i++) {
        stanza_open(&draft->w, "feature", LAB_NS_DISCO_INFO);
        stanza_put_text(&draft->w, "var", features[i]);
        stanza_close(&draft->w);
    }
}

static void archived_free(lab_server *server, lab_archived *archived) {
    lab_let_go(server, &archived->id);
    lab_let_go(server, &archived->stanza);
    bytes_free(server->host, archived, sizeof *archived);
}

static void forget_first(lab_server *server, lab_archive *archive) {
    lab_archived *gone = archive->first;
    archive->first = gone->next;
    if (archive->first == NULL) archive->last = NULL;
    archive->count--;
    archived_free(server, gone);
}

void lab_archive_free(lab_server *server, lab_account *account) {
    while (account->archive.first != NULL) forget_first(server, &account->archive);
}

/* Section 5.1.1: type normal or chat, with a body; and what is encrypted, as servers keep it too; unless the sender
 * says not to (XEP-0334). */
static bool belongs(const stanza_element *stanza) {
    sotto_bytes type = stanza_attribute_of(stanza, "type");
    if (type.at != NULL && !bytes_is(type, "chat") && !bytes_is(type, "normal")) return false;
    if (stanza_child(stanza, "no-store", LAB_NS_HINTS) || stanza_child(stanza, "no-permanent-store", LAB_NS_HINTS))
        return false;
    return stanza_child(stanza, "body", STANZA_NS_CLIENT) || stanza_child(stanza, "encrypted", NULL) ||
           stanza_child(stanza, "store", LAB_NS_HINTS);
}

static sotto_status append(lab_server *server, lab_archive *archive, sotto_bytes stanza, sotto_bytes id) {
    if (archive->count >= LAB_ARCHIVE_MAX) forget_first(server, archive);
    lab_archived *archived = bytes_new(server->host, sizeof *archived);
    if (archived == NULL) return SOTTO_FAIL(NO_MEMORY);
    archived->since_ms = server->now_ms;
    sotto_status status = lab_keep(server, stanza, &archived->stanza);
    if (sotto_ok(status)) status = lab_keep(server, id, &archived->id);
    if (!sotto_ok(status)) {
        archived_free(server, archived);
        return status;
    }
    if (archive->last != NULL)
        archive->last->next = archived;
    else
        archive->first = archived;
    archive->last = archived;
    archive->count++;
    return SOTTO_OK;
}

/* The stanza without ids that somebody else wrote in this account's name, and with one of ours (empty: none). */
static sotto_status stamp(lab_server *server, const lab_account *account, const stanza_element *stanza, sotto_bytes id,
                          sotto_bytes *ret) {
    lab_draft draft;
    sotto_bytes text = BYTES_NONE;
    lab_draft_begin(&draft, server);
    stanza_copy_open(&draft.w, stanza);
    for (const stanza_node *node = stanza->first; node; node = node->next) {
        const stanza_element *child = node->element;
        bool forged = child && stanza_is(child, "stanza-id", LAB_NS_IDS) &&
                      bytes_equal(stanza_attribute_of(child, "by"), account->jid);
        if (child && !forged) stanza_copy(&draft.w, child);
        if (!child) stanza_write(&draft.w, node->text);
    }
    if (id.len > 0) {
        stanza_open(&draft.w, "stanza-id", LAB_NS_IDS);
        stanza_put(&draft.w, "by", account->jid);
        stanza_put(&draft.w, "id", id);
        stanza_close(&draft.w);
    }
    sotto_status status = lab_draft_end(&draft, &text);
    if (sotto_ok(status) && !bytes_arena_copy(&server->arena, text, ret)) status = SOTTO_FAIL(NO_MEMORY);
    lab_draft_free(&draft);
    return status;
}

sotto_status lab_archive_keep(lab_server *server, lab_account *account, const stanza_element *stanza,
                              const stanza_element **ret) {
    char room[ID_BYTES];
    sotto_bytes clean = BYTES_NONE, stamped = BYTES_NONE, id = BYTES_NONE;
    *ret = stanza;
    if (!account->archive.on) return SOTTO_OK;
    SOTTO_TRY(stamp(server, account, stanza, BYTES_NONE, &clean));
    if (belongs(stanza)) {
        int len = snprintf(room, sizeof room, "a%016llx",
                           (unsigned long long)(++server->counter * UINT64_C(0x9e3779b97f4a7c15)));
        id = bytes_of(room, len > 0 ? (size_t)len : 0);
        SOTTO_TRY(append(server, &account->archive, clean, id));
    }
    bool shown = id.len > 0 && account->archive.mode != LAB_ARCHIVE_NO_IDS;
    SOTTO_TRY(stamp(server, account, stanza, shown ? id : BYTES_NONE, &stamped));
    return lab_parse(server, stamped, ret);
}

/* ---- what tests tell it ---- */

sotto_status lab_server_archive(lab_server *server, const char *local, lab_archive_mode mode, size_t page) {
    lab_account *account = NULL;
    SOTTO_TRY(lab_account_local(server, local, &account));
    account->archive.on = true;
    account->archive.mode = mode;
    account->archive.page = page;
    return SOTTO_OK;
}

sotto_status lab_server_archive_forget(lab_server *server, const char *local, size_t count) {
    lab_account *account = NULL;
    SOTTO_TRY(lab_account_local(server, local, &account));
    for (; count > 0 && account->archive.first != NULL; count--) forget_first(server, &account->archive);
    return SOTTO_OK;
}

sotto_status lab_server_archive_plant(lab_server *server, const char *local, const char *id, sotto_bytes stanza) {
    lab_account *account = NULL;
    SOTTO_TRY(lab_account_local(server, local, &account));
    return append(server, &account->archive, stanza, bytes_text(id));
}
