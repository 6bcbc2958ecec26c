/* SPDX-License-Identifier: ISC
 *
 * app/identity: what a stranger's certificate and a stranger's OpenPGP user id say, a job's request with a certificate
 * in it, and a statement of one's own as it comes through the control socket and out of the notes. */
#include "app/identity/judge.h"
#include "app/identity/openpgp.h"
#include "app/identity/statement.h"
#include "app/identity/x509.h"
#include "rig.h"
#include "seal/live/statement.h"

#define JID "juliet@capulet.example"

static void check_record(sotto_bytes record) {
    app_statement statement, again;
    bytes_buffer out;
    sotto_bytes body, written;
    if (!sotto_ok(app_statement_read(record, &statement, &body))) return;
    MUST(strlen(statement.who) < sizeof statement.who && strlen(statement.by) < sizeof statement.by);
    bytes_buffer_owned(&out, sotto_host_default(), 1u << 20);
    app_statement_write(&out, &statement, body);
    MUST_OK(bytes_buffer_end(&out, &written));
    MUST_OK(app_statement_read(written, &again, &body));
    MUST(again.type == statement.type && again.made == statement.made && strcmp(again.who, statement.who) == 0);
    bytes_buffer_free(&out);
}

static void check_certificate(sotto_bytes der) {
    char other[SOTTO_JID_BYTES_MAX + 1], name[APP_X509_NAME_BYTES];
    const unsigned char *at = der.at;
    X509 *certificate = der.len > 0 ? d2i_X509(NULL, &at, (long)der.len) : NULL;
    if (!certificate) return;
    (void)app_x509_names(certificate, JID, other);
    MUST(strlen(other) <= SOTTO_JID_BYTES_MAX);
    (void)app_x509_may_sign(certificate);
    (void)app_x509_for_clients(certificate);
    (void)app_x509_key_fits(certificate);
    app_x509_name(X509_get_subject_name(certificate), name);
    MUST(strlen(name) < sizeof name);
    X509_free(certificate);
}

static void check_user_id(sotto_bytes text) {
    char *user_id = malloc(text.len + 1);
    MUST(user_id);
    if (text.len > 0) memcpy(user_id, text.at, text.len);
    user_id[text.len] = '\0';
    (void)app_openpgp_names(user_id, JID);
    free(user_id);
}

/* No gpg is started for what a fuzzer makes up. */
static void check_request(sotto_bytes request) {
    live_statement_request asked;
    uint8_t room[8192];
    bytes_buffer answer;
    sotto_bytes written;
    if (!sotto_ok(live_statement_request_read(request, &asked)) || asked.type != LIVE_STATEMENT_X509) return;
    bytes_buffer_borrowed(&answer, room, sizeof room);
    MUST_OK(app_judge_now(request, "/dev/null", 1, &answer));
    MUST_OK(bytes_buffer_end(&answer, &written));
    MUST(written.len >= 4 && (written.at[2] | written.at[3]) != 0); /* with no root nothing counts */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sotto_bytes text = bytes_of(data, size);
    check_record(text);
    check_certificate(text);
    check_user_id(text);
    check_request(text);
    return 0;
}
