/* SPDX-License-Identifier: ISC
 *
 * app/files: a record of the ledger is read as it was written or not at all; and whatever text a file is called by, the
 * name it gets is one name in one folder (T34). */
#include "app/files/ledger.h"
#include "app/files/name.h"

#include "rig.h"

static void check_name(const char *name) {
    size_t len = strlen(name);
    MUST(len > 0 && len <= SOTTO_FILE_NAME_BYTES_MAX);
    MUST(name[0] != '.' && name[0] != '-' && name[0] != ' ' && name[0] != '~');
    for (size_t i = 0; i < len; i++) {
        MUST(name[i] != '/' && name[i] != '\\');
        MUST((unsigned char)name[i] >= ' ' && name[i] != 0x7f);
    }
}

static void check_record(sotto_bytes record) {
    app_offer offer, again;
    bytes_buffer out;
    sotto_bytes written;
    if (!sotto_ok(app_offer_read(&offer, record))) return;
    MUST(context_url_is_safe(offer.share.url));
    MUST(offer.share.key.len == context_cipher_key_size(offer.share.cipher));
    bytes_buffer_owned(&out, sotto_host_default(), 1u << 20);
    app_offer_put(&out, &offer);
    MUST_OK(bytes_buffer_end(&out, &written));
    MUST_OK(app_offer_read(&again, written));
    MUST(again.number == offer.number && again.share.has_size == offer.share.has_size);
    MUST(bytes_equal(again.share.key, offer.share.key) && bytes_equal(again.from, offer.from));
    bytes_buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char name[APP_FILE_NAME_SIZE], more[APP_FILE_NAME_SIZE];
    sotto_bytes text = bytes_of(data, size);
    app_file_name(text, name);
    check_name(name);
    MUST(app_file_type(name) && app_file_ending(name));
    app_file_name_again(name, 100, more);
    check_name(more);
    app_file_name_of_url(text, name);
    check_name(name);
    check_record(text);
    return 0;
}
