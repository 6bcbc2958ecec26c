/* SPDX-License-Identifier: ISC
 *
 * A tool of the build: sotto-manpages OUTDIR writes the manual pages and the completion there. */
#include "app/text/text.h"

#include <stdbool.h>

/* True: the whole file is on its way to the disk. */
static bool file_close(FILE *file) {
    bool bad = ferror(file) != 0;
    return fclose(file) == 0 && !bad;
}

static bool page_write(const char *folder, const app_topic *topic) {
    char path[4096];
    int len = snprintf(path, sizeof path, "%s/sotto%s%s.1", folder, topic ? "-" : "", topic ? topic->name : "");
    if (len < 0 || (size_t)len >= sizeof path) return false;
    FILE *file = fopen(path, "w");
    if (!file) return false;
    app_text_manual(file, topic);
    return file_close(file);
}

static bool completion_write(const char *folder) {
    char path[4096];
    int len = snprintf(path, sizeof path, "%s/sotto.bash", folder);
    if (len < 0 || (size_t)len >= sizeof path) return false;
    FILE *file = fopen(path, "w");
    if (!file) return false;
    app_text_completion(file);
    return file_close(file);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        (void)fputs("usage: sotto-manpages OUTDIR\n", stderr);
        return 2;
    }
    bool done = page_write(argv[1], NULL) && completion_write(argv[1]);
    for (size_t i = 0; done && app_topics[i]; i++) done = page_write(argv[1], app_topics[i]);
    if (!done) perror("sotto-manpages");
    return done ? 0 : 1;
}
