/* SPDX-License-Identifier: ISC
 *
 * Certificates and OpenPGP keys behind a live key, with certificates that openssl made here and keys that gpg made
 * here: what is bound by one side is judged by the other; and everything that must not be bound, or does not count, by
 * its exact reason. */
#include "app_tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/identity/certificate.h"
#include "app/identity/judge.h"
#include "app/identity/openpgp.h"
#include "bytes/cursor.h"
#include "bytes/span.h"
#include "seal/live/block.h"
#include "seal/live/statement.h"

#define JULIET "juliet@capulet.example"
#define ROMEO  "romeo@montague.example"
#define SECRET "balcony at midnight"

static char folder[] = "/tmp/sotto-identity-XXXXXX";

static int shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int shell(const char *format, ...) {
    char command[2048], all[4096];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(command, sizeof command, format, args);
    va_end(args);
    (void)snprintf(all, sizeof all, "cd %s && { %s ; } >>log 2>&1 </dev/null", folder, command);
    return system(all);
}

static const char *path_of(const char *name) {
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* ---- certificates ---- */

#define KU_SIGN  "keyUsage=critical,digitalSignature"
#define SAN(jid) "subjectAltName=otherName:1.3.6.1.5.5.7.8.5;UTF8:" jid

/* NAME.pem, signed by `by`, and NAME.key with a key of this kind ("-algorithm ..."). */
static void certificate(const char *name, const char *kind, const char *by, const char *days, const char *extensions) {
    assert_int_equal(shell("openssl genpkey %s -out %s.key && printf '%s\\n' >%s.ext && openssl req -new -key %s.key "
                           "-subj '/O=Capulet/CN=%s' -out %s.csr && openssl x509 -req -in %s.csr -CA %s.pem -CAkey "
                           "%s.key -CAcreateserial %s -extfile %s.ext -out %s.pem",
                           kind, name, extensions, name, name, name, name, name, by, by, days, name, name),
                     0);
}

static int folder_make(void **state) {
    (void)state;
    assert_non_null(mkdtemp(folder));
    for (int i = 0; i < 2; i++)
        assert_int_equal(shell("openssl req -x509 -newkey ed25519 -nodes -keyout %s.key -out %s.pem -days 30 -subj "
                               "'/CN=%s root' -addext 'keyUsage=critical,keyCertSign,cRLSign'",
                               i ? "other" : "root", i ? "other" : "root", i ? "Other" : "Verona"),
                         0);
    certificate("middle", "-algorithm ed25519", "root", "-days 20",
                "basicConstraints=critical,CA:TRUE\\nkeyUsage=critical,keyCertSign");
    return 0;
}

static int folder_remove(void **state) {
    (void)state;
    (void)shell("for home in juliet romeo; do GNUPGHOME=%s/$home gpgconf --kill all; done", folder);
    return shell("rm -rf -- %s", folder);
}

typedef struct made {
    app_statement statement;
    app_trouble trouble;
    uint8_t room[SOTTO_LIVE_STATEMENT_BYTES_MAX];
    sotto_bytes body;
    unsigned asked;
    const char *secret; /* NULL: nobody answers */
} made;

static made result;

static bool answer(void *arg, app_secret *ret, app_trouble *trouble) {
    made *m = arg;
    m->asked++;
    if (!m->secret) return app_trouble_set(trouble, "Nobody answers.");
    ret->len = strlen(m->secret);
    memcpy(ret->bytes, m->secret, ret->len);
    return true;
}

static app_statement_owner owner_now(void) {
    app_statement_owner owner = {.jid = JULIET, .now_ms = net_now_ms()};
    memset(owner.key, 0x5a, sizeof owner.key);
    return owner;
}

static bool bind_with(const char *file, const char *key, const char *secret) {
    const app_statement_owner owner = owner_now();
    const app_statement_secret asking = {answer, &result};
    bytes_buffer out;
    memset(&result, 0, sizeof result);
    result.secret = secret;
    bytes_buffer_borrowed(&out, result.room, sizeof result.room);
    bool good = app_certificate_bind(&out, &result.statement, &owner, path_of(file), key ? path_of(key) : NULL, &asking,
                                     &result.trouble);
    assert_true(!good || sotto_ok(bytes_buffer_end(&out, &result.body)));
    return good;
}

static void bound(const char *file, const char *key, const char *secret) {
    if (!bind_with(file, key, secret)) print_error("%s: %s\n", file, result.trouble.text);
    assert_true(result.body.len > 0);
}

static void not_bound(const char *file, const char *key, const char *secret, const char *why) {
    bool good = bind_with(file, key, secret);
    if (good) print_error("%s was bound\n", file);
    assert_false(good);
    if (!strstr(result.trouble.text, why)) print_error("%s: %s\n", file, result.trouble.text);
    assert_non_null(strstr(result.trouble.text, why));
    assert_int_equal(result.body.len, 0);
}

/* ---- judging ---- */

typedef struct verdict {
    int code;
    char text[SOTTO_LIVE_STATEMENT_TEXT_MAX + 1];
} verdict;

/* The job of `body`, shown by whoever proved `key` as jid. */
static sotto_bytes job_of(live_statement_type type, sotto_bytes body, const char *jid, uint8_t key_byte) {
    static uint8_t room[2 * SOTTO_LIVE_STATEMENT_BYTES_MAX], binding_room[4096];
    uint8_t key[32];
    bytes_buffer request, binding;
    sotto_bytes all, bytes;
    live_statement said;
    memset(key, key_byte, sizeof key);
    assert_int_equal(live_statement_read(type, body, &said).code, 0);
    bytes_buffer_borrowed(&binding, binding_room, sizeof binding_room);
    live_statement_binding(&binding, bytes_text(jid), key, said.made);
    assert_int_equal(bytes_buffer_end(&binding, &bytes).code, 0);
    bytes_buffer_borrowed(&request, room, sizeof room);
    live_block_put(&request, BYTES_LITERAL("live statement"));
    bytes_buffer_u8(&request, (uint8_t)type);
    live_block_put(&request, bytes_text(jid));
    live_block_put(&request, bytes);
    live_block_put(&request, body);
    assert_int_equal(bytes_buffer_end(&request, &all).code, 0);
    return all;
}

/* What the other side says of it. */
static verdict judged(live_statement_type type, sotto_bytes body, const char *jid, uint8_t key, const char *ca,
                      uint64_t now_ms) {
    static uint8_t answer_room[4096];
    const sotto_bytes all = job_of(type, body, jid, key);
    bytes_buffer out;
    sotto_bytes bytes;
    verdict ret;
    bytes_buffer_borrowed(&out, answer_room, sizeof answer_room);
    assert_int_equal(app_judge_now(all, ca, now_ms, &out).code, 0);
    assert_int_equal(bytes_buffer_end(&out, &bytes).code, 0);
    bytes_cursor c = bytes_cursor_over(bytes);
    ret.code = (int)bytes_cursor_u32(&c);
    sotto_bytes text = live_block_take(&c);
    assert_int_equal(bytes_cursor_end(&c).code, 0);
    assert_true(text.len < sizeof ret.text);
    if (text.len > 0) memcpy(ret.text, text.at, text.len);
    ret.text[text.len] = '\0';
    return ret;
}

static verdict of_certificate(const char *jid, uint8_t key, const char *ca) {
    return judged(LIVE_STATEMENT_X509, result.body, jid, key, path_of(ca), net_now_ms());
}

static void counts(void) {
    verdict v = of_certificate(JULIET, 0x5a, "root.pem");
    if (v.code != 0) print_error("%d: %s\n", v.code, v.text);
    assert_int_equal(v.code, 0);
}

static void test_every_kind_of_key_in_every_form(void **state) {
    (void)state;
    static const struct {
        const char *name, *kind;
    } kinds[] = {{"ed25519", "-algorithm ed25519"},
                 {"p256", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256"},
                 {"p384", "-algorithm EC -pkeyopt ec_paramgen_curve:P-384"},
                 {"rsa", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048"},
                 {"pss", "-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048"}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const char *name = kinds[i].name;
        char file[64], key[64];
        certificate(name, kinds[i].kind, "root", "-days 10", KU_SIGN "\\n" SAN(JULIET));
        (void)snprintf(file, sizeof file, "%s.pem", name);
        (void)snprintf(key, sizeof key, "%s.key", name);
        bound(file, key, NULL);
        assert_int_equal(result.asked, 0);
        counts();
        /* Key and certificate in one file; PKCS#12; both under a passphrase. */
        assert_int_equal(
            shell("cat %s.key %s.pem >one.pem && openssl pkey -in %s.key -aes256 -passout 'pass:" SECRET
                  "' -out locked.key && openssl pkcs12 -export -inkey %s.key -in %s.pem -passout 'pass:" SECRET
                  "' -out locked.p12 && openssl pkcs12 -export -inkey %s.key -in %s.pem -passout "
                  "pass: -out open.p12",
                  name, name, name, name, name, name, name),
            0);
        bound("one.pem", NULL, NULL);
        counts();
        bound(file, "locked.key", SECRET);
        assert_int_equal(result.asked, 1);
        counts();
        bound("locked.p12", NULL, SECRET);
        assert_int_equal(result.asked, 1);
        counts();
        bound("open.p12", NULL, NULL);
        assert_int_equal(result.asked, 0);
        counts();
        not_bound(file, "locked.key", "wrong", "The passphrase does not open");
        assert_int_equal(result.asked, 1);
        not_bound("locked.p12", NULL, "wrong", "The passphrase does not open");
        not_bound("locked.p12", NULL, NULL, "Nobody answers.");
        not_bound(file, "locked.key", NULL, "Nobody answers.");
    }
    assert_string_equal(result.statement.who, "");
    bound("rsa.pem", "rsa.key", NULL);
    assert_string_equal(result.statement.who, "CN=rsa,O=Capulet");
    assert_string_equal(result.statement.by, "CN=Verona root");
    assert_true(result.statement.until > result.statement.made + 9 * 86400);
}

/* Other programs still write PKCS#12 with RC2 and 3DES. */
static void test_old_pkcs12(void **state) {
    (void)state;
    if (shell("openssl pkcs12 -export -legacy -inkey p256.key -in p256.pem -passout 'pass:" SECRET "' -out old.p12")) {
        print_message("openssl has no legacy provider here: it writes no such file\n");
        skip();
    }
    bound("old.p12", NULL, SECRET);
    counts();
}

static void test_a_path(void **state) {
    (void)state;
    certificate("below", "-algorithm ed25519", "middle", "-days 10", KU_SIGN "\\n" SAN(JULIET));
    bound("below.pem", "below.key", NULL); /* others may know the one in the middle, or not */
    assert_int_equal(of_certificate(JULIET, 0x5a, "root.pem").code, SOTTO_E_BAD_CERTIFICATE);
    live_statement said;
    assert_int_equal(
        shell("cat below.pem middle.pem root.pem >path.pem && cat root.pem middle.pem below.pem >odd.pem && "
              "openssl pkcs12 -export -inkey below.key -in below.pem -certfile middle.pem -passout pass: "
              "-out path.p12"),
        0);
    static const char *const files[] = {"path.pem", "odd.pem", "path.p12"};
    for (size_t i = 0; i < 3; i++) {
        bound(files[i], i < 2 ? "below.key" : NULL, NULL);
        assert_int_equal(live_statement_read(LIVE_STATEMENT_X509, result.body, &said).code, 0);
        assert_int_equal(said.certificate_count, 2); /* the root is the other side's, or not trusted */
        counts();
    }
}

static void test_what_is_not_bound(void **state) {
    (void)state;
    certificate("romeo", "-algorithm ed25519", "root", "-days 10", KU_SIGN "\\n" SAN(ROMEO));
    certificate("nobody", "-algorithm ed25519", "root", "-days 10", KU_SIGN "\\nsubjectAltName=email:" JULIET);
    certificate("usage", "-algorithm RSA", "root", "-days 10", "keyUsage=keyEncipherment\\n" SAN(JULIET));
    certificate("server", "-algorithm ed25519", "root", "-days 10",
                KU_SIGN "\\nextendedKeyUsage=serverAuth\\n" SAN(JULIET));
    certificate("old", "-algorithm ed25519", "root", "-days -1", KU_SIGN "\\n" SAN(JULIET));
    certificate("small", "-algorithm RSA -pkeyopt rsa_keygen_bits:1024", "root", "-days 10", KU_SIGN "\\n" SAN(JULIET));
    certificate("curve", "-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1", "root", "-days 10",
                KU_SIGN "\\n" SAN(JULIET));
    not_bound("romeo.pem", "romeo.key", NULL, "for " ROMEO ", and not for " JULIET);
    not_bound("nobody.pem", "nobody.key", NULL, "names no XMPP address (XmppAddr)");
    not_bound("usage.pem", "usage.key", NULL, "has no digitalSignature");
    not_bound("server.pem", "server.key", NULL, "has no clientAuth");
    not_bound("old.pem", "old.key", NULL, "has expired");
    not_bound("small.pem", "small.key", NULL, "of a kind that cannot be used");
    not_bound("curve.pem", "curve.key", NULL, "of a kind that cannot be used");
    not_bound("rsa.pem", "p256.key", NULL, "does not belong to the certificate");
    not_bound("rsa.pem", NULL, NULL, "say where it is with --key FILE");
    not_bound("rsa.key", "rsa.key", NULL, "holds no certificate");
    not_bound("rsa.pem", "rsa.pem", NULL, "holds no private key");
    not_bound("gone.pem", NULL, NULL, "cannot be read: No such file");
    not_bound("open.p12", "rsa.key", NULL, "is not in PEM form, which --key is for");
    assert_int_equal(shell("head -c 300000 /dev/zero >large && head -c 3000 /dev/urandom >noise"), 0);
    not_bound("large", NULL, NULL, "too large (at most 256 KiB)");
    not_bound("noise", NULL, NULL, "neither a certificate in PEM form nor PKCS#12");
}

/* A statement is of one key and one address, and of nobody's who took it from a session. */
static void test_what_does_not_count(void **state) {
    (void)state;
    bound("p256.pem", "p256.key", NULL);
    counts();
    verdict v = of_certificate(JULIET, 0x5b, "root.pem"); /* another live key */
    assert_int_equal(v.code, SOTTO_E_BAD_SIGNATURE);
    assert_non_null(strstr(v.text, "CN = p256"));
    assert_int_equal(of_certificate(ROMEO, 0x5a, "root.pem").code, SOTTO_E_BAD_CERTIFICATE);   /* another address */
    assert_int_equal(of_certificate(JULIET, 0x5a, "other.pem").code, SOTTO_E_BAD_CERTIFICATE); /* another root */
    v = judged(LIVE_STATEMENT_X509, result.body, JULIET, 0x5a, path_of("root.pem"),
               net_now_ms() + UINT64_C(11) * 86400 * 1000); /* it has expired meanwhile */
    assert_int_equal(v.code, SOTTO_E_BAD_CERTIFICATE);
    /* Each byte of the signature, and of the time that was signed, counts. */
    for (size_t at = 4; at < 4 + 8 + 4 + 64; at += 3) {
        if (at >= 12 && at < 16) continue; /* the length: another form, not another signature */
        result.room[at] ^= 1;
        v = of_certificate(JULIET, 0x5a, "root.pem");
        assert_int_equal(v.code, SOTTO_E_BAD_SIGNATURE);
        result.room[at] ^= 1;
    }
    counts();
    static uint8_t answer_room[256];
    bytes_buffer out;
    bytes_buffer_borrowed(&out, answer_room, sizeof answer_room);
    assert_int_equal(app_judge_now(BYTES_LITERAL("something else"), NULL, 0, &out).code, SOTTO_E_MALFORMED);
}

/* ---- beside the loop ---- */

typedef struct answers {
    net_loop *loop;
    unsigned count, wanted;
    bool jobs[128];
} answers;

static void take_answer(void *arg, uint64_t job, sotto_bytes answer) {
    answers *a = arg;
    bytes_cursor c = bytes_cursor_over(answer);
    assert_int_equal(bytes_cursor_u32(&c), 0);
    assert_true(job < sizeof a->jobs && !a->jobs[job]);
    a->jobs[job] = true;
    if (++a->count == a->wanted) net_loop_stop(a->loop);
}

/* So many at once, so many that wait, each answered once; what is too much is not judged now; and nobody is told of
 * anything once the judge is gone. */
static void test_jobs_beside_the_loop(void **state) {
    (void)state;
    answers a = {.wanted = APP_JUDGE_AT_ONCE + APP_JUDGE_WAITING};
    app_judge *judge;
    bound("ed25519.pem", "ed25519.key", NULL);
    const sotto_bytes job = job_of(LIVE_STATEMENT_X509, result.body, JULIET, 0x5a);
    assert_int_equal(net_loop_new(&a.loop, sotto_host_default()).code, 0);
    assert_int_equal(app_judge_new(&judge, a.loop, path_of("root.pem"), take_answer, &a).code, 0);
    assert_false(app_judge_take(judge, 1, BYTES_LITERAL("something else"), net_now_ms()));
    for (unsigned i = 0; i < a.wanted + 3; i++) assert_true(app_judge_take(judge, i, job, net_now_ms()));
    assert_int_equal(net_loop_run(a.loop).code, 0);
    assert_int_equal(a.count, APP_JUDGE_AT_ONCE + APP_JUDGE_WAITING);
    assert_int_equal(net_loop_run(a.loop).code, 0); /* nothing is left to wait for */
    assert_int_equal(a.count, APP_JUDGE_AT_ONCE + APP_JUDGE_WAITING);
    assert_true(app_judge_take(judge, 1, job, net_now_ms()));
    app_judge_free(judge);
    net_loop_free(a.loop);
    assert_int_equal(a.count, APP_JUDGE_AT_ONCE + APP_JUDGE_WAITING);
}

/* ---- OpenPGP ---- */

static bool gpg_is_there(void) {
    return shell("gpg --version") == 0;
}

static void gpg_home(const char *who) {
    assert_int_equal(setenv("GNUPGHOME", path_of(who), 1), 0);
}

/* The fingerprint of the key whose user id this is. */
static void gpg_fingerprint(const char *who, const char *user_id, char ret[128]) {
    assert_int_equal(shell("GNUPGHOME=%s gpg --batch --with-colons --list-keys '=%s' >keys && grep -m1 ^fpr keys | cut "
                           "-d: -f10 >fpr",
                           path_of(who), user_id),
                     0);
    FILE *file = fopen(path_of("fpr"), "re");
    assert_non_null(file);
    assert_non_null(fgets(ret, 128, file));
    (void)fclose(file);
    ret[strcspn(ret, "\n")] = '\0';
}

#define QUICK "--batch --pinentry-mode loopback --passphrase '' --quick-generate-key"

static bool bind_openpgp(const char *which) {
    const app_statement_owner owner = owner_now();
    bytes_buffer out;
    memset(&result, 0, sizeof result);
    bytes_buffer_borrowed(&out, result.room, sizeof result.room);
    bool good = app_openpgp_bind(&out, &result.statement, &owner, which, &result.trouble);
    assert_true(!good || sotto_ok(bytes_buffer_end(&out, &result.body)));
    return good;
}

static verdict of_openpgp(const char *jid, uint8_t key) {
    return judged(LIVE_STATEMENT_OPENPGP, result.body, jid, key, NULL, net_now_ms());
}

static void test_openpgp(void **state) {
    (void)state;
    char fingerprint[128], none[128];
    if (!gpg_is_there()) {
        print_message("gpg is not installed: there is no key to bind\n");
        skip();
    }
    app_openpgp_start();
    assert_int_equal(shell("mkdir -m 700 juliet romeo && cd juliet && GNUPGHOME=$PWD gpg " QUICK
                           " 'Juliet <xmpp:" JULIET ">' ed25519 sign never && GNUPGHOME=$PWD gpg " QUICK
                           " 'Nobody <nobody@capulet.example>' ed25519 sign never && GNUPGHOME=$PWD gpg " QUICK
                           " 'xmpp:" ROMEO "' ed25519 sign never && GNUPGHOME=$PWD gpg --batch --export >../public && "
                           "GNUPGHOME=$PWD/../romeo gpg " QUICK " 'Romeo' ed25519 default never"),
                     0);
    gpg_fingerprint("juliet", "Juliet <xmpp:" JULIET ">", fingerprint);
    gpg_fingerprint("juliet", "Nobody <nobody@capulet.example>", none);
    gpg_home("juliet");
    if (!bind_openpgp(fingerprint)) print_error("%s\n", result.trouble.text);
    assert_true(result.body.len > 0);
    assert_string_equal(result.statement.who, "Juliet <xmpp:" JULIET ">");
    assert_string_equal(result.statement.by, fingerprint);
    verdict v = of_openpgp(JULIET, 0x5a); /* by herself: her own key is hers */
    assert_int_equal(v.code, 0);
    assert_non_null(strstr(v.text, "Juliet <xmpp:" JULIET ">, key "));

    /* Romeo has never heard of the key; then has it, and does not know whose it is; then signed it himself. */
    gpg_home("romeo");
    assert_int_equal(of_openpgp(JULIET, 0x5a).code, SOTTO_E_NOT_FOUND);
    assert_int_equal(shell("GNUPGHOME=%s gpg --batch --import public", path_of("romeo")), 0);
    assert_int_equal(of_openpgp(JULIET, 0x5a).code, SOTTO_E_NO_TRUSTED_DEVICE);
    assert_int_equal(
        shell("GNUPGHOME=%s gpg --batch --yes --pinentry-mode loopback --passphrase '' --quick-lsign-key %s",
              path_of("romeo"), fingerprint),
        0);
    v = of_openpgp(JULIET, 0x5a);
    if (v.code != 0) print_error("%d %s\n", v.code, v.text);
    assert_int_equal(v.code, 0);
    assert_int_equal(of_openpgp(JULIET, 0x5b).code, SOTTO_E_BAD_SIGNATURE); /* another live key */
    assert_int_equal(of_openpgp(ROMEO, 0x5a).code, SOTTO_E_WRONG_SENDER);   /* another address */
    result.room[result.body.len - 4 - 20 - 1] ^= 1;                         /* the end of the signature */
    assert_int_equal(of_openpgp(JULIET, 0x5a).code, SOTTO_E_BAD_SIGNATURE);
    result.room[result.body.len - 4 - 20 - 1] ^= 1;
    assert_int_equal(of_openpgp(JULIET, 0x5a).code, 0);

    /* An address that its owner wrote into a key that counts as theirs for another one is nobody's word. */
    gpg_home("juliet");
    assert_int_equal(
        shell("GNUPGHOME=%s gpg --batch --pinentry-mode loopback --passphrase '' --quick-add-uid %s 'xmpp:" ROMEO
              "' && GNUPGHOME=%s gpg --batch --export %s >public && GNUPGHOME=%s gpg --batch --import "
              "public",
              path_of("juliet"), fingerprint, path_of("juliet"), fingerprint, path_of("romeo")),
        0);
    gpg_home("romeo");
    assert_int_equal(of_openpgp(JULIET, 0x5a).code, 0);
    assert_int_equal(of_openpgp(ROMEO, 0x5a).code, SOTTO_E_NO_TRUSTED_DEVICE);

    /* What cannot be bound. */
    gpg_home("juliet");
    assert_false(bind_openpgp(none));
    assert_non_null(strstr(result.trouble.text, "No user id of the key is xmpp:" JULIET));
    assert_false(bind_openpgp("0123456789ABCDEF"));
    assert_non_null(strstr(result.trouble.text, "gpg has no secret key 0123456789ABCDEF"));
    gpg_home("romeo"); /* a public key alone */
    assert_false(bind_openpgp(fingerprint));
    assert_non_null(strstr(result.trouble.text, "gpg has no secret key"));

    /* Revoked: it counts for nothing from then on. */
    gpg_home("juliet");
    assert_true(bind_openpgp(fingerprint));
    assert_int_equal(shell("sed 's/^:---/---/' juliet/openpgp-revocs.d/%s.rev >revoked && GNUPGHOME=%s gpg --batch "
                           "--import revoked",
                           fingerprint, path_of("romeo")),
                     0);
    gpg_home("romeo");
    assert_int_equal(of_openpgp(JULIET, 0x5a).code, SOTTO_E_BAD_KEY);
}

static void test_user_ids(void **state) {
    (void)state;
    static const struct {
        const char *user_id;
        bool names;
    } rows[] = {
        {"xmpp:" JULIET, true},
        {"Juliet <xmpp:" JULIET ">", true},
        {"Juliet (the one) <xmpp:Juliet%40Capulet.Example>", true},
        {"", false},
        {JULIET, false},
        {"Juliet <" JULIET ">", false},
        {"mailto:" JULIET, false},
        {"xmpp:" JULIET " ", false},
        {"xmpp:" JULIET "/balcony", false},
        {"xmpp:" JULIET "?message", false},
        {"xmpp:" JULIET "#x", false},
        {"xmpp:" JULIET "%00", false},
        {"xmpp:" JULIET "%4", false},
        {"xmpp:nurse@capulet.example", false},
        {"xmpp:" JULIET " <xmpp:nurse@capulet.example>", false}, /* the end counts */
        {"<xmpp:" JULIET "> <nurse@capulet.example>", false},
        {"Juliet xmpp:" JULIET, false},
        {"xmpp:", false},
        {"<>", false},
        {">", false},
        {"XMPP:" JULIET, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (app_openpgp_names(rows[i].user_id, JULIET) != rows[i].names) print_error("%s\n", rows[i].user_id);
        assert_int_equal(app_openpgp_names(rows[i].user_id, JULIET), rows[i].names);
    }
    assert_false(app_openpgp_names(NULL, JULIET));
}

/* ---- records ---- */

static void test_records(void **state) {
    (void)state;
    uint8_t room[8192];
    bytes_buffer out;
    sotto_bytes all, body;
    app_statement got,
        statement = {.type = APP_STATEMENT_OPENPGP, .made = 7, .until = 9, .who = "Juliet", .by = "ABCD"};
    memset(statement.key, 3, sizeof statement.key);
    bytes_buffer_borrowed(&out, room, sizeof room);
    app_statement_write(&out, &statement, BYTES_LITERAL("body"));
    assert_int_equal(bytes_buffer_end(&out, &all).code, 0);
    assert_int_equal(app_statement_read(all, &got, &body).code, 0);
    assert_true(bytes_is(body, "body"));
    assert_memory_equal(&got, &statement, sizeof got);
    for (size_t len = 0; len < all.len; len++)
        assert_int_equal(app_statement_read(bytes_of(all.at, len), &got, &body).code, SOTTO_E_MALFORMED);
    room[1] = 3; /* a type there is not */
    assert_int_equal(app_statement_read(all, &got, &body).code, SOTTO_E_MALFORMED);
    room[1] = 2;
    room[0] = 9; /* a version there is not */
    assert_int_equal(app_statement_read(all, &got, &body).code, SOTTO_E_MALFORMED);
}

int app_tests_identity(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_of_key_in_every_form),
        cmocka_unit_test(test_old_pkcs12),
        cmocka_unit_test(test_a_path),
        cmocka_unit_test(test_what_is_not_bound),
        cmocka_unit_test(test_what_does_not_count),
        cmocka_unit_test(test_jobs_beside_the_loop),
        cmocka_unit_test(test_openpgp),
        cmocka_unit_test(test_user_ids),
        cmocka_unit_test(test_records),
    };
    return cmocka_run_group_tests_name("identity", tests, folder_make, folder_remove);
}
