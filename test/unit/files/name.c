/* SPDX-License-Identifier: ISC */
#include "files_tests.h"

#include "app/files/name.h"
#include "bytes/span.h"

/* T34: whatever the other side calls a file, it is one harmless name here. */
static void test_names_are_no_paths(void **state) {
    (void)state;
    static const struct {
        const char *wanted, *got;
    } names[] = {
        {"summit.jpg", "summit.jpg"},
        {"très cool.jpg", "très cool.jpg"},
        {"/etc/passwd", "passwd"},
        {"../../.ssh/authorized_keys", "authorized_keys"},
        {"a/..", "file"},
        {"..", "file"},
        {".", "file"},
        {"", "file"},
        {"/", "file"},
        {"dir/", "file"},
        {"\\\\server\\share\\x.exe", "x.exe"},
        {".bashrc", "bashrc"},
        {"...hidden", "hidden"},
        {"--help", "help"},
        {"-", "file"},
        {"~root", "root"},
        {" a.txt. ", "a.txt"},
        {"a\nb\x1b[2J.txt", "a b[2J.txt"},
        {"\xe2\x80\xaegpj.exe", "gpj.exe"}, /* a direction override */
        {"bad\xff\xfe.txt", "bad.txt"},     /* no UTF-8 */
        {"\xe2\x80\xae", "file"},
        {"a<b>c:d\"e|f?g*h", "a_b_c_d_e_f_g_h"},
    };
    char got[APP_FILE_NAME_SIZE];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        app_file_name(bytes_text(names[i].wanted), got);
        assert_string_equal(got, names[i].got);
    }
    static const char *const reserved[] = {"con", "NUL.txt", "com1", "lpt9.pdf", "Aux."};
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
        app_file_name(bytes_text(reserved[i]), got);
        assert_string_equal(got, "file_");
    }
}

/* limit: SOTTO_FILE_NAME_BYTES_MAX. Characters are not cut in two, and the ending stays. */
static void test_names_have_a_length(void **state) {
    (void)state;
    char wanted[601], got[APP_FILE_NAME_SIZE];
    memset(wanted, 'a', 300);
    memcpy(wanted + 300, ".jpeg", 6);
    app_file_name(bytes_text(wanted), got);
    assert_int_equal(strlen(got), SOTTO_FILE_NAME_BYTES_MAX);
    assert_string_equal(got + SOTTO_FILE_NAME_BYTES_MAX - 6, "a.jpeg");
    for (size_t i = 0; i < 200; i++) memcpy(wanted + 3 * i, "\xe6\xbc\xa2", 3);
    wanted[600] = '\0';
    app_file_name(bytes_text(wanted), got);
    assert_int_equal(strlen(got), 198);
    app_file_name_again(got, 100, wanted);
    assert_true(strlen(wanted) <= SOTTO_FILE_NAME_BYTES_MAX);
    assert_string_equal(wanted + strlen(wanted) - 6, " (100)");
    app_file_name_again("a.tar.gz", 2, got);
    assert_string_equal(got, "a.tar (2).gz");
    app_file_name_again("noending", 3, got);
    assert_string_equal(got, "noending (3)");
}

static void test_names_of_urls(void **state) {
    (void)state;
    static const struct {
        const char *segment, *name;
    } urls[] = {
        {"tr%C3%A8s%20cool.jpg", "très cool.jpg"},
        {"%2e%2e%2fetc%2fpasswd", "passwd"},
        {"a%00b.txt", "ab.txt"},
        {"100%.txt", "100%.txt"},
        {"%zz", "%zz"},
        {"", "file"},
    };
    char got[APP_FILE_NAME_SIZE];
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        app_file_name_of_url(bytes_text(urls[i].segment), got);
        assert_string_equal(got, urls[i].name);
    }
}

static void test_kinds_and_sizes(void **state) {
    (void)state;
    char text[32];
    assert_string_equal(app_file_type("a.JPG"), "image/jpeg");
    assert_string_equal(app_file_ending("a.JPG"), "jpg");
    assert_string_equal(app_file_type("a.secretproject"), "application/octet-stream");
    assert_string_equal(app_file_ending("a.secretproject"), "");
    assert_string_equal(app_file_ending(".jpg"), "");
    static const struct {
        uint64_t bytes;
        const char *text;
    } sizes[] = {{0, "0 bytes"},          {1023, "1023 bytes"}, {1024, "1.0 KiB"},       {1536, "1.5 KiB"},
                 {1048575, "1023.9 KiB"}, {1048576, "1.0 MiB"}, {UINT64_MAX, "15.9 EiB"}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        app_file_size_text(sizes[i].bytes, text);
        assert_string_equal(text, sizes[i].text);
    }
}

int run_name_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_no_paths),
        cmocka_unit_test(test_names_have_a_length),
        cmocka_unit_test(test_names_of_urls),
        cmocka_unit_test(test_kinds_and_sizes),
    };
    return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
