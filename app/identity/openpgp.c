/* SPDX-License-Identifier: ISC
 *
 * gpgme. */
#include "app/identity/openpgp.h"

#include <gpgme.h>
#include <stdio.h>

#include <string.h>
#include <strings.h>

#include "bytes/base64.h"
#include "bytes/span.h"

#define XMPP                "xmpp:"
#define BINDING_BYTES_MAX   (SOTTO_JID_BYTES_MAX + 256u)
#define SIGNATURE_BYTES_MAX 2048u

void app_openpgp_start(void) {
    (void)gpgme_check_version(NULL);
}

static gpgme_ctx_t context_new(void) {
    gpgme_ctx_t context = NULL;
    if (gpgme_engine_check_version(GPGME_PROTOCOL_OpenPGP) != 0 || gpgme_new(&context) != 0) return NULL;
    if (gpgme_set_protocol(context, GPGME_PROTOCOL_OpenPGP) != 0 ||
        gpgme_set_keylist_mode(context, GPGME_KEYLIST_MODE_LOCAL) != 0) {
        gpgme_release(context);
        return NULL;
    }
    gpgme_set_offline(context, 1); /* to look at a statement tells nobody that it was looked at */
    gpgme_set_armor(context, 0);
    return context;
}

/* ---- user ids ---- */

static int hex_of(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

/* A URI's path (RFC 5122), decoded. */
static bool address_decode(const char *at, size_t len, char ret[SOTTO_JID_BYTES_MAX + 1]) {
    size_t used = 0;
    for (size_t i = 0; i < len; i++) {
        char c = at[i];
        if (c == '%') {
            int high = i + 1 < len ? hex_of(at[i + 1]) : -1, low = i + 2 < len ? hex_of(at[i + 2]) : -1;
            if (high < 0 || low < 0) return false;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (c == '\0' || c == '/' || c == '?' || c == '#' || used == SOTTO_JID_BYTES_MAX) return false;
        ret[used++] = c;
    }
    ret[used] = '\0';
    return used > 0;
}

bool app_openpgp_names(const char *user_id, const char *jid) {
    char decoded[SOTTO_JID_BYTES_MAX + 1], address[SOTTO_JID_BYTES_MAX + 1];
    size_t len = user_id ? strlen(user_id) : 0;
    const char *at = user_id;
    if (len > 0 && user_id[len - 1] == '>') {
        at = strrchr(user_id, '<');
        if (!at) return false;
        at++;
        len = strlen(at) - 1;
    }
    if (len <= strlen(XMPP) || strncmp(at, XMPP, strlen(XMPP)) != 0) return false;
    return address_decode(at + strlen(XMPP), len - strlen(XMPP), decoded) && app_jid_read(decoded, address) &&
           strcmp(address, jid) == 0;
}

/* The best of those that name the JID; NULL: none does. */
static gpgme_user_id_t user_id_find(gpgme_key_t key, const char *jid) {
    gpgme_user_id_t best = NULL;
    for (gpgme_user_id_t id = key->uids; id; id = id->next) {
        if (id->revoked || id->invalid || !app_openpgp_names(id->uid, jid)) continue;
        if (!best || id->validity > best->validity) best = id;
    }
    return best;
}

static bool fingerprint_read(const char *hex, uint8_t ret[APP_OPENPGP_FINGERPRINT_BYTES_MAX], size_t *ret_len) {
    bytes_buffer out;
    sotto_bytes got;
    size_t digits = hex ? strlen(hex) : 0;
    if (digits != 40 && digits != 64) return false;
    bytes_buffer_borrowed(&out, ret, APP_OPENPGP_FINGERPRINT_BYTES_MAX);
    for (size_t i = 0; i < digits; i += 2) {
        int high = hex_of(hex[i]), low = hex_of(hex[i + 1]);
        if (high < 0 || low < 0) return false;
        bytes_buffer_u8(&out, (uint8_t)(high * 16 + low));
    }
    if (!sotto_ok(bytes_buffer_end(&out, &got))) return false;
    *ret_len = got.len;
    return true;
}

/* ---- our own ---- */

static bool key_find(gpgme_ctx_t context, const char *which, gpgme_key_t *ret, app_trouble *trouble) {
    gpgme_error_t error = gpgme_get_key(context, which, ret, 1);
    if (error == 0 && (*ret)->can_sign) return true;
    if (error == 0 || gpgme_err_code(error) == GPG_ERR_EOF || gpgme_err_code(error) == GPG_ERR_INV_VALUE)
        return app_trouble_set(trouble,
                               "gpg has no secret key %s that can sign (say which by its id or fingerprint: gpg "
                               "--list-secret-keys shows them). Nothing was changed.",
                               which);
    if (gpgme_err_code(error) == GPG_ERR_AMBIGUOUS_NAME)
        return app_trouble_set(trouble, "gpg has several keys %s: give the whole fingerprint. Nothing was changed.",
                               which);
    return app_trouble_set(trouble, "gpg: %s. Nothing was changed.", gpgme_strerror(error));
}

static bool binding_sign(gpgme_ctx_t context, gpgme_key_t key, sotto_bytes binding, bytes_buffer *signature,
                         app_trouble *trouble) {
    gpgme_data_t from = NULL, to = NULL;
    size_t len = 0;
    char *made = NULL;
    gpgme_error_t error = gpgme_signers_add(context, key);
    if (error == 0) error = gpgme_data_new_from_mem(&from, (const char *)binding.at, binding.len, 0);
    if (error == 0) error = gpgme_data_new(&to);
    if (error == 0) error = gpgme_op_sign(context, from, to, GPGME_SIG_MODE_DETACH);
    if (to) made = gpgme_data_release_and_get_mem(to, &len);
    gpgme_data_release(from);
    if (error == 0 && made) bytes_buffer_put(signature, bytes_of(made, len));
    gpgme_free(made);
    if (error != 0)
        return app_trouble_set(trouble, "gpg did not sign: %s. Nothing was changed.", gpgme_strerror(error));
    return (signature->len > 0 && sotto_ok(signature->status)) ||
           app_trouble_set(trouble, "gpg's signature is too large. Nothing was changed.");
}

static bool bind_with(gpgme_ctx_t context, gpgme_key_t key, bytes_buffer *out, app_statement *ret,
                      const app_statement_owner *owner, app_trouble *trouble) {
    uint8_t room[BINDING_BYTES_MAX], signature_room[SIGNATURE_BYTES_MAX],
        fingerprint[APP_OPENPGP_FINGERPRINT_BYTES_MAX];
    bytes_buffer binding, signature;
    sotto_bytes bound;
    live_statement said = {.made = owner->now_ms / 1000};
    const gpgme_user_id_t id = user_id_find(key, owner->jid);
    if (!id)
        return app_trouble_set(trouble,
                               "No user id of the key is xmpp:%s, so it says nothing about that address. gpg "
                               "--quick-add-uid %s 'xmpp:%s' adds one. Nothing was changed.",
                               owner->jid, key->fpr, owner->jid);
    size_t fingerprint_len = 0;
    bytes_buffer_borrowed(&binding, room, sizeof room);
    bytes_buffer_borrowed(&signature, signature_room, sizeof signature_room);
    app_statement_binding(&binding, owner, said.made);
    if (!sotto_ok(bytes_buffer_end(&binding, &bound)) || !fingerprint_read(key->fpr, fingerprint, &fingerprint_len))
        return app_trouble_set(trouble, "The key's fingerprint cannot be used. Nothing was changed.");
    if (!binding_sign(context, key, bound, &signature, trouble)) return false;
    said.fingerprint = bytes_of(fingerprint, fingerprint_len);
    if (!sotto_ok(bytes_buffer_end(&signature, &said.signature))) return app_trouble_set(trouble, "Out of memory.");
    live_statement_write(out, LIVE_STATEMENT_OPENPGP, &said);
    const gpgme_subkey_t primary = key->subkeys;
    *ret = (app_statement){.type = APP_STATEMENT_OPENPGP,
                           .made = said.made,
                           .until = primary && primary->expires > 0 ? (uint64_t)primary->expires : 0};
    memcpy(ret->key, owner->key, sizeof ret->key);
    (void)snprintf(ret->who, sizeof ret->who, "%.500s", id->uid);
    (void)snprintf(ret->by, sizeof ret->by, "%.128s", key->fpr);
    return true;
}

bool app_openpgp_bind(bytes_buffer *out, app_statement *ret, const app_statement_owner *owner, const char *which,
                      app_trouble *trouble) {
    gpgme_key_t key = NULL;
    gpgme_ctx_t context = context_new();
    if (!context) return app_trouble_set(trouble, "gpg is not there: install gnupg. Nothing was changed.");
    bool good = key_find(context, which, &key, trouble) && bind_with(context, key, out, ret, owner, trouble);
    if (key) gpgme_key_unref(key);
    gpgme_release(context);
    return good;
}

/* ---- somebody else's ---- */

static sotto_status failure_of(gpgme_error_t error) {
    switch (gpgme_err_code(error)) {
    case GPG_ERR_NO_ERROR:
        return SOTTO_OK;
    case GPG_ERR_EOF:
    case GPG_ERR_NO_PUBKEY:
        return SOTTO_FAIL(NOT_FOUND);
    case GPG_ERR_ENOMEM:
        return SOTTO_FAIL(NO_MEMORY);
    case GPG_ERR_NO_DATA:
    case GPG_ERR_BAD_DATA:
    case GPG_ERR_BAD_SIGNATURE:
        return SOTTO_FAIL(BAD_SIGNATURE);
    default:
        return SOTTO_FAIL(SYSTEM);
    }
}

/* Whether the one signature there is was made now-validly by a key of this primary key. */
static sotto_status signature_look(gpgme_ctx_t context, gpgme_key_t key) {
    const gpgme_verify_result_t result = gpgme_op_verify_result(context);
    const gpgme_signature_t signature = result ? result->signatures : NULL;
    if (!signature || signature->next) return SOTTO_FAIL(BAD_SIGNATURE);
    if (gpgme_err_code(signature->status) != GPG_ERR_NO_ERROR) {
        gpgme_err_code_t code = gpgme_err_code(signature->status);
        bool is_key = code == GPG_ERR_KEY_EXPIRED || code == GPG_ERR_CERT_REVOKED;
        return is_key ? SOTTO_FAIL(BAD_KEY) : SOTTO_FAIL(BAD_SIGNATURE);
    }
    bool weak = signature->hash_algo == GPGME_MD_SHA1 || signature->hash_algo == GPGME_MD_MD5 ||
                signature->hash_algo == GPGME_MD_RMD160;
    if (weak || signature->wrong_key_usage || !signature->fpr) return SOTTO_FAIL(BAD_SIGNATURE);
    for (gpgme_subkey_t subkey = key->subkeys; subkey; subkey = subkey->next)
        if (subkey->fpr && strcmp(subkey->fpr, signature->fpr) == 0)
            return subkey->revoked || subkey->expired || subkey->disabled || subkey->invalid ? SOTTO_FAIL(BAD_KEY)
                                                                                             : SOTTO_OK;
    return SOTTO_FAIL(BAD_SIGNATURE);
}

static sotto_status signature_check(gpgme_ctx_t context, gpgme_key_t key, const live_statement_request *request) {
    gpgme_data_t signature = NULL, text = NULL;
    const sotto_bytes made = request->said.signature, bound = request->binding;
    gpgme_error_t error = gpgme_data_new_from_mem(&signature, (const char *)made.at, made.len, 0);
    if (error == 0) error = gpgme_data_new_from_mem(&text, (const char *)bound.at, bound.len, 0);
    if (error == 0) error = gpgme_op_verify(context, signature, text, NULL);
    sotto_status status = failure_of(error);
    if (sotto_ok(status)) status = signature_look(context, key);
    gpgme_data_release(text);
    gpgme_data_release(signature);
    return status;
}

/* That the owner wrote an address into their key is their word; that gpg counts this very user id is the user's. */
static sotto_status owner_check(gpgme_key_t key, const char *jid, bytes_buffer *text) {
    if (key->revoked || key->expired || key->disabled || key->invalid) return SOTTO_FAIL(BAD_KEY);
    const gpgme_user_id_t id = user_id_find(key, jid);
    if (!id) return SOTTO_FAIL(WRONG_SENDER);
    bytes_buffer_text(text, id->uid);
    bytes_buffer_text(text, ", key ");
    return id->validity >= GPGME_VALIDITY_FULL ? SOTTO_OK : SOTTO_FAIL(NO_TRUSTED_DEVICE);
}

static sotto_status judge_with(gpgme_ctx_t context, const live_statement_request *request, const char *jid,
                               const char *fingerprint, bytes_buffer *text) {
    gpgme_key_t key = NULL;
    SOTTO_TRY(failure_of(gpgme_get_key(context, fingerprint, &key, 0)));
    bool primary = key->fpr && strcasecmp(key->fpr, fingerprint) == 0;
    sotto_status status = primary ? owner_check(key, jid, text) : SOTTO_FAIL(MALFORMED);
    if (sotto_ok(status)) status = signature_check(context, key, request);
    gpgme_key_unref(key);
    return status;
}

sotto_status app_openpgp_judge(const live_statement_request *request, bytes_buffer *text) {
    char jid[SOTTO_JID_BYTES_MAX + 1], fingerprint[2 * APP_OPENPGP_FINGERPRINT_BYTES_MAX + 1];
    const sotto_bytes said = request->said.fingerprint;
    bytes_buffer hex;
    sotto_bytes written;
    if ((said.len != 20 && said.len != 32) || request->jid.len >= sizeof jid) return SOTTO_FAIL(MALFORMED);
    memcpy(jid, request->jid.at, request->jid.len);
    jid[request->jid.len] = '\0';
    bytes_buffer_borrowed(&hex, fingerprint, sizeof fingerprint);
    bytes_hex_put(&hex, said);
    bytes_buffer_u8(&hex, 0);
    SOTTO_TRY(bytes_buffer_end(&hex, &written));
    gpgme_ctx_t context = context_new();
    if (!context) return SOTTO_FAIL(SYSTEM);
    sotto_status status = judge_with(context, request, jid, fingerprint, text);
    gpgme_release(context);
    bytes_buffer_text(text, fingerprint);
    return status;
}
