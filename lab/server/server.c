/* SPDX-License-Identifier: ISC
 *
 * The server: its accounts, its clock, and what it saw. */
#include "lab/server/server.h"

#include "bytes/memory.h"
#include "lab/server/archive.h"
#include "lab/server/hostility.h"
#include "lab/server/node.h"
#include "lab/server/pep.h"
#include "lab/server/room.h"
#include "lab/server/roster.h"

static sotto_status domain_keep(lab_server *server, const char *domain) {
    stanza_jid jid;
    SOTTO_TRY(stanza_jid_parse(&server->arena, bytes_text(domain), &jid));
    if (jid.local.len > 0 || jid.resource.len > 0) return SOTTO_FAIL(BAD_JID);
    return lab_keep(server, jid.domain, &server->domain);
}

sotto_status lab_server_new(lab_server **ret, const sotto_host *host, const char *domain) {
    lab_server *server = bytes_new(host, sizeof *server);
    if (!server) return SOTTO_FAIL(NO_MEMORY);
    server->host = host;
    bytes_arena_init(&server->arena, host, LAB_ARENA_BYTES_MAX);
    bytes_buffer_owned(&server->saw, host, LAB_SAW_BYTES_MAX);
    sotto_status status = stanza_parser_new(&server->parser, host);
    if (sotto_ok(status)) status = domain_keep(server, domain);
    bytes_arena_clear(&server->arena);
    if (!sotto_ok(status)) {
        lab_server_free(server);
        return status;
    }
    *ret = server;
    return SOTTO_OK;
}

static void account_free(lab_server *server, lab_account *account) {
    lab_roster_free(server, account);
    lab_node_free_all(server, account);
    lab_list_clear(server, &account->offline);
    lab_archive_free(server, account);
    lab_let_go(server, &account->local);
    lab_let_go(server, &account->jid);
    lab_let_go(server, &account->password);
    bytes_free(server->host, account, sizeof *account);
}

void lab_server_free(lab_server *server) {
    if (!server) return;
    lab_hostility_free(server);
    while (server->sessions) lab_session_free(server->sessions);
    lab_room_free_all(server);
    while (server->accounts) {
        lab_account *account = server->accounts;
        server->accounts = account->next;
        account_free(server, account);
    }
    lab_piece_free(server, server->taken);
    lab_let_go(server, &server->domain);
    stanza_parser_free(server->parser);
    bytes_buffer_free(&server->saw);
    bytes_arena_clear(&server->arena);
    bytes_free(server->host, server, sizeof *server);
}

void lab_server_time(lab_server *server, uint64_t now_ms) {
    server->now_ms = now_ms;
    bytes_arena_mark mark = bytes_arena_here(&server->arena);
    /* Out of memory loses what was due, which a server of tests may do to stanzas anyway. */
    sotto_status status = lab_hostility_due(server);
    (void)status;
    bytes_arena_back(&server->arena, mark);
}

lab_account *lab_account_find(lab_server *server, sotto_bytes bare) {
    for (lab_account *account = server->accounts; account; account = account->next) {
        if (bytes_equal(account->jid, bare)) return account;
    }
    return NULL;
}

/* local@domain, normalized, in the arena. */
static sotto_status account_jid(lab_server *server, const char *local, stanza_jid *ret) {
    lab_draft draft;
    lab_draft_begin(&draft, server);
    bytes_buffer_text(&draft.out, local);
    bytes_buffer_u8(&draft.out, '@');
    bytes_buffer_put(&draft.out, server->domain);
    sotto_bytes text = BYTES_NONE;
    stanza_jid jid = {0};
    sotto_status status = lab_draft_end(&draft, &text);
    if (sotto_ok(status)) status = stanza_jid_parse(&server->arena, text, &jid);
    lab_draft_free(&draft);
    SOTTO_TRY(status);
    bool whole = jid.local.len > 0 && jid.resource.len == 0 && bytes_equal(jid.domain, server->domain);
    if (!whole) return SOTTO_FAIL(BAD_JID);
    *ret = jid;
    return SOTTO_OK;
}

sotto_status lab_account_local(lab_server *server, const char *local, lab_account **ret) {
    bytes_arena_mark mark = bytes_arena_here(&server->arena);
    stanza_jid jid;
    sotto_status status = account_jid(server, local, &jid);
    lab_account *found = sotto_ok(status) ? lab_account_find(server, jid.full) : NULL;
    bytes_arena_back(&server->arena, mark);
    if (sotto_is(status, SOTTO_E_BAD_JID)) return SOTTO_FAIL(NOT_FOUND);
    SOTTO_TRY(status);
    if (!found) return SOTTO_FAIL(NOT_FOUND);
    *ret = found;
    return SOTTO_OK;
}

static sotto_status account_fill(lab_server *server, lab_account *account, const char *local, const char *password) {
    stanza_jid jid;
    SOTTO_TRY(account_jid(server, local, &jid));
    SOTTO_TRY(lab_keep(server, jid.local, &account->local));
    SOTTO_TRY(lab_keep(server, jid.bare, &account->jid));
    return password ? lab_keep(server, bytes_text(password), &account->password) : SOTTO_OK;
}

sotto_status lab_server_account(lab_server *server, const char *local, const char *password) {
    lab_account *account = bytes_new(server->host, sizeof *account);
    if (!account) return SOTTO_FAIL(NO_MEMORY);
    bytes_arena_mark mark = bytes_arena_here(&server->arena);
    sotto_status status = account_fill(server, account, local, password);
    bytes_arena_back(&server->arena, mark);
    if (sotto_ok(status) && lab_account_find(server, account->jid)) status = SOTTO_FAIL(STATE);
    if (!sotto_ok(status)) {
        account_free(server, account);
        return status;
    }
    lab_account **at = &server->accounts;
    while (*at) at = &(*at)->next;
    *at = account;
    return SOTTO_OK;
}

sotto_status lab_server_befriend(lab_server *server, const char *one, const char *other) {
    lab_account *a = NULL, *b = NULL;
    SOTTO_TRY(lab_account_local(server, one, &a));
    SOTTO_TRY(lab_account_local(server, other, &b));
    if (a == b) return SOTTO_FAIL(USAGE);
    bytes_arena_mark mark = bytes_arena_here(&server->arena);
    sotto_status status = lab_roster_befriend(server, a, b);
    bytes_arena_back(&server->arena, mark);
    return status;
}

sotto_status lab_saw(lab_server *server, sotto_bytes stanza) {
    bytes_buffer_put(&server->saw, stanza);
    bytes_buffer_u8(&server->saw, '\n');
    sotto_bytes all;
    return bytes_buffer_end(&server->saw, &all);
}

sotto_bytes lab_server_saw(const lab_server *server) {
    sotto_bytes all = BYTES_NONE;
    return sotto_ok(bytes_buffer_end(&server->saw, &all)) ? all : BYTES_NONE;
}

void lab_server_hook(lab_server *server, lab_hook *hook, void *arg) {
    server->hook = hook;
    server->hook_arg = arg;
}

void lab_server_without(lab_server *server, const char *nodes) {
    server->without = nodes;
}

sotto_status lab_server_without_of(lab_server *server, const char *local, const char *nodes) {
    lab_account *account = NULL;
    SOTTO_TRY(lab_account_local(server, local, &account));
    account->without = nodes;
    return SOTTO_OK;
}

sotto_status lab_server_plant(lab_server *server, const char *local, const char *node, const char *item,
                              sotto_bytes payload, bool notify) {
    lab_account *account = NULL;
    SOTTO_TRY(lab_account_local(server, local, &account));
    bytes_arena_mark mark = bytes_arena_here(&server->arena);
    sotto_status status = lab_pep_plant(server, account, bytes_text(node), bytes_text(item), payload, notify);
    bytes_arena_back(&server->arena, mark);
    return status;
}
