/* SPDX-License-Identifier: ISC
 *
 * Runs a target without a fuzzer, over the files and folders given, and counts them: TAP, one point a folder or file.
 * What a target finds ends the process; the last line then names the input. A folder without inputs fails: a test that
 * looks at nothing is none. */
#include <dirent.h>
#include <sys/stat.h>

#include "rig.h"

static bool run_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) return false;
    size_t len = 0, size = 4096;
    uint8_t *at = malloc(size);
    MUST(at != NULL);
    for (size_t got; (got = fread(at + len, 1, size - len, file)) > 0;) {
        len += got;
        if (len < size) continue;
        size *= 2;
        at = realloc(at, size);
        MUST(at != NULL);
    }
    bool fine = ferror(file) == 0;
    (void)fclose(file);
    sotto_bytes input = fuzz_exact(bytes_of(at, len));
    free(at);
    (void)printf("# %s\n", path);
    (void)fflush(stdout);
    if (fine) (void)LLVMFuzzerTestOneInput(input.at, input.len);
    fuzz_exact_free(input);
    return fine;
}

static int visible(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static size_t run_folder(const char *path) {
    struct dirent **entries;
    int count = scandir(path, &entries, visible, alphasort);
    size_t ran = 0;
    for (int i = 0; i < count; i++) {
        char name[4096];
        int len = snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
        if (len > 0 && (size_t)len < sizeof name && run_file(name)) ran++;
        free(entries[i]);
    }
    if (count >= 0) free(entries);
    return ran;
}

static size_t run(const char *path) {
    struct stat about;
    if (stat(path, &about) != 0) return 0;
    return S_ISDIR(about.st_mode) ? run_folder(path) : (size_t)run_file(path);
}

int main(int argc, char **argv) {
    int bad = 0;
    (void)printf("1..%d\n", argc - 1);
    for (int i = 1; i < argc; i++) {
        size_t ran = run(argv[i]);
        (void)printf("%sok %d - %s: %zu inputs\n", ran > 0 ? "" : "not ", i, argv[i], ran);
        if (ran == 0) bad = 1;
    }
    return bad;
}
