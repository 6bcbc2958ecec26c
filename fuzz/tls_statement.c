/* SPDX-License-Identifier: ISC
 *
 * tls/statement.h: certificates that anybody shows who proved a key, their path to a root, whose they are, and the
 * signature. The input is pieces, each behind its length in two bytes: the signature, then certificates in DER. One
 * authority is trusted, whose key nobody has any more; it signed four certificates, which are in the corpus, and
 * nothing holds without the public key of one of them. */
#include "tls/statement.h"

#include "rig.h"

#define PIECES_MAX 10u
#define NOW_MS     UINT64_C(1800000000000)

static const char authority[] = "-----BEGIN CERTIFICATE-----\n"
                                "MIIBNzCB6qADAgECAhQ24oPuwrLyjA4mopy+McTjpslOmDAFBgMrZXAwGTEXMBUG\n"
                                "A1UEAwwORnJpYXIgTGF1cmVuY2UwIBcNMjYxMTIwMTk1MDAzWhgPMjA4MTA4MjMx\n"
                                "OTUwMDNaMBkxFzAVBgNVBAMMDkZyaWFyIExhdXJlbmNlMCowBQYDK2VwAyEAx1Jh\n"
                                "qj1ehyZP21Bxk47IxuEH1Ytvgsf2SbYyYPq1nnejQjBAMA8GA1UdEwEB/wQFMAMB\n"
                                "Af8wDgYDVR0PAQH/BAQDAgIEMB0GA1UdDgQWBBT96p7pIpA6yYMLIE27ZtuDiXHc\n"
                                "5zAFBgMrZXADQQDNNyLRo2wNLceuNFjtETr+TwpY1rrpmDhOmfqB51gRfCiEYQPi\n"
                                "piEldyU21RnaGkz1qPP0BqP7lOzrm7fW9IUD\n"
                                "-----END CERTIFICATE-----\n";

/* The subjects of those that were signed: "CN = Romeo ed / CN = Friar Laurence". */
static const char *const subjects[] = {"Romeo p256", "Romeo p384", "Romeo ed", "Romeo rsa"};

static bool is_one(sotto_bytes text) {
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++)
        if (memmem(text.at, text.len, subjects[i], strlen(subjects[i])) != NULL) return true;
    return false;
}

static bool is_expected(sotto_status status) {
    return sotto_ok(status) || sotto_is(status, SOTTO_E_MALFORMED) || sotto_is(status, SOTTO_E_BAD_CERTIFICATE) ||
           sotto_is(status, SOTTO_E_BAD_SIGNATURE) || sotto_is(status, SOTTO_E_BAD_KEY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_host host;
    bytes_arena arena;
    sotto_bytes in = bytes_of(data, size), pieces[1 + PIECES_MAX] = {{0}}, text;
    size_t count = 0;
    fuzz_host_start(&host);
    bytes_arena_init(&arena, &host.host, 1u << 20);
    while (in.len >= 2 && count < 1 + PIECES_MAX) {
        size_t len = (size_t)fuzz_u8(&in) << 8;
        len |= fuzz_u8(&in);
        if (len > in.len) len = in.len;
        pieces[count++] = fuzz_exact(bytes_of(in.at, len));
        in = bytes_after(in, len);
    }
    tls_client_config roots = {
        .host = &host.host, .roots_pem = bytes_of(authority, sizeof authority - 1), .verify_time_ms = NOW_MS};
    tls_statement said = {.jid = BYTES_LITERAL("romeo@montague.example"),
                          .signed_bytes = BYTES_LITERAL("romeo says that this key is his"),
                          .signature = pieces[0],
                          .certificates = pieces + 1,
                          .certificate_count = count > 0 ? count - 1 : 0};
    sotto_status status = tls_statement_check(&said, &roots, &arena, &text);
    if (!is_expected(status)) MUST_OK(status); /* says which */
    (void)fuzz_touch(text);
    if (sotto_ok(status)) {
        MUST(is_one(text));
        said.jid = BYTES_LITERAL("juliet@capulet.example");
        MUST(sotto_is(tls_statement_check(&said, &roots, &arena, &text), SOTTO_E_BAD_CERTIFICATE));
        said.jid = BYTES_LITERAL("romeo@montague.example");
        said.signed_bytes = BYTES_LITERAL("something else");
        MUST(sotto_is(tls_statement_check(&said, &roots, &arena, &text), SOTTO_E_BAD_SIGNATURE));
    }
    for (size_t i = 0; i < count; i++) fuzz_exact_free(pieces[i]);
    bytes_arena_clear(&arena);
    fuzz_host_end(&host);
    return 0;
}
