/* SPDX-License-Identifier: ISC
 *
 * Offers. What the sender calls a file is shown as the name it would get here: what is shown is what happens. */
#include "app/files/offer.h"

#include <stdio.h>
#include <string.h>

#include "app/files/name.h"
#include "bytes/span.h"

#define ARENA_BYTES_MAX ((size_t)8 * 1024 * 1024)
#define LINE_BYTES_MAX  ((size_t)64 * 1024)

static const char *const cipher_names[CONTEXT_CIPHER_COUNT] = {"aes-256-gcm", "aes-128-gcm", "aes-256-cbc"};

/* How safe the file is: its own encryption is worth what the encryption of its key is worth. */
static const char *protection_text(const app_offer *offer) {
    if (offer->seal.len == 0) return "ITS KEY CAME UNENCRYPTED";
    if (offer->trust == SOTTO_TRUST_DISTRUSTED) return "encrypted, KEY REFUSED";
    return "encrypted";
}

void app_offer_print(const app_output *output, const app_offer *offer) {
    const context_share *share = &offer->share;
    char size[32] = "size not said";
    if (share->has_size) app_file_size_text(share->size, size);
    app_print(output, APP_OUT, "file %llu: %.*s (%s, %.*s; %s)\n", (unsigned long long)offer->number,
              (int)share->name.len, (const char *)share->name.at, size, (int)share->type.len,
              (const char *)share->type.at, protection_text(offer));
}

void app_offer_json(bytes_buffer *to, const app_offer *offer) {
    const context_share *share = &offer->share;
    bool sealed = offer->seal.len > 0;
    app_json json = app_json_begin(to);
    app_json_text(&json, "event", BYTES_LITERAL("file"));
    app_json_number(&json, "number", offer->number);
    app_json_text(&json, "from", offer->from);
    app_json_time(&json, "time", offer->time_ms);
    app_json_text(&json, "name", share->name);
    app_json_text(&json, "type", share->type);
    if (share->has_size)
        app_json_number(&json, "size", share->size);
    else
        app_json_null(&json, "size");
    app_json_text(&json, "cipher", bytes_text(cipher_names[share->cipher]));
    if (sealed)
        app_json_text(&json, "seal", offer->seal);
    else
        app_json_null(&json, "seal");
    if (sealed)
        app_json_text(&json, "trust", bytes_text(sotto_trust_name(offer->trust)));
    else
        app_json_null(&json, "trust");
    app_json_end(&json);
}

/* ---- taking ---- */

/* The name it would get, and a type that is short and one line. */
static void names_make(app_offer *offer, char name[APP_FILE_NAME_SIZE]) {
    context_share *share = &offer->share;
    if (share->name.len > 0)
        app_file_name(share->name, name);
    else
        app_file_name_of_url(context_url_last(share->url), name);
    share->name = bytes_text(name);
    bool plain = share->type.len > 0 && share->type.len <= APP_FILE_TYPE_BYTES_MAX;
    for (size_t i = 0; plain && i < share->type.len; i++) plain = share->type.at[i] > ' ' && share->type.at[i] < 0x7f;
    if (!plain) share->type = bytes_text(app_file_type(name));
}

static void show(const app_output *output, const app_offer *offer, bool json) {
    bytes_buffer line;
    sotto_bytes text;
    if (!json) {
        app_print(output, APP_OUT, "  ");
        app_offer_print(output, offer);
        app_print(output, APP_OUT, "    sotto files get %llu fetches it\n", (unsigned long long)offer->number);
        return;
    }
    bytes_buffer_owned(&line, sotto_host_default(), LINE_BYTES_MAX);
    app_offer_json(&line, offer);
    if (sotto_ok(bytes_buffer_end(&line, &text))) app_put(output, APP_OUT, text);
    bytes_buffer_free(&line);
}

/* Several may look at one delivery (sotto listen, and a conversation in the same process), and what was not done comes
 * again: a file that was remembered just now keeps its number. 0: it was not. */
static sotto_status number_before(sotto_engine *engine, bytes_arena *arena, const app_offer *offer, uint64_t *ret) {
    uint64_t next;
    *ret = 0;
    SOTTO_TRY(app_ledger_next(engine, &next));
    for (uint64_t n = next - 1; n > 0 && next - n <= SOTTO_FILES_OF_MESSAGE_MAX && *ret == 0; n--) {
        app_offer known;
        sotto_status status = app_ledger_get(engine, arena, n, &known);
        if (sotto_is(status, SOTTO_E_NOT_FOUND)) break;
        SOTTO_TRY(status);
        bool same = known.time_ms == offer->time_ms && bytes_equal(known.from, offer->from) &&
                    bytes_equal(known.share.url, offer->share.url);
        if (same) *ret = n;
    }
    return SOTTO_OK;
}

static sotto_status offer_take(sotto_engine *engine, bytes_arena *arena, const app_offer *given,
                               const app_output *output, bool json) {
    char name[APP_FILE_NAME_SIZE];
    app_offer offer = *given; /* whose name is here alone */
    names_make(&offer, name);
    SOTTO_TRY(number_before(engine, arena, &offer, &offer.number));
    if (offer.number == 0) SOTTO_TRY(app_ledger_add(engine, &offer, &offer.number));
    show(output, &offer, json);
    return SOTTO_OK;
}

static sotto_status offers_take(sotto_engine *engine, bytes_arena *arena, const sotto_delivery *delivery,
                                const app_output *output, bool json) {
    const stanza_element *stanza;
    context_share shares[SOTTO_FILES_OF_MESSAGE_MAX];
    app_offer offer = {.time_ms = delivery->time_ms, .trust = delivery->trust};
    size_t count = 0;
    sotto_bytes body;
    if (!sotto_ok(stanza_parse(arena, delivery->stanza, &stanza)) || !stanza_is(stanza, "message", STANZA_NS_CLIENT) ||
        bytes_is(stanza_attribute_of(stanza, "type"), "error"))
        return SOTTO_OK; /* no message: nothing to offer */
    SOTTO_TRY(context_share_read(arena, stanza, shares, SOTTO_FILES_OF_MESSAGE_MAX, &count, &body));
    if (!bytes_arena_copy(arena, delivery->from, &offer.from) || !bytes_arena_copy(arena, delivery->seal, &offer.seal))
        return SOTTO_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        offer.share = shares[i];
        SOTTO_TRY(offer_take(engine, arena, &offer, output, json));
    }
    return SOTTO_OK;
}

void app_offers_take(sotto_engine *engine, const sotto_delivery *delivery, const app_output *output, bool json) {
    bytes_arena arena;
    bytes_arena_init(&arena, sotto_host_default(), ARENA_BYTES_MAX);
    sotto_status status = offers_take(engine, &arena, delivery, output, json);
    if (!sotto_ok(status))
        app_print(output, APP_ERR, "sotto: a file of a message cannot be remembered: %s\n", sotto_status_text(status));
    bytes_arena_clear(&arena);
}
