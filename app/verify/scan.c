/* SPDX-License-Identifier: ISC
 *
 * sotto-scan: a PNG image in standard input, the text of the one QR code in it to standard output. Exit status: 0; 1
 * something else failed; 2 no image, or too large a one; 3 no code; 4 several. It has nothing that is worth stealing
 * and gives away what it could do before it reads the first byte. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <png.h>
#include <zbar.h>

#define SIDE_MAX   8192u /* pixels */
#define PIXELS_MAX (16u * 1024u * 1024u)
#define TEXT_MAX   4096u

typedef enum outcome { DONE, FAILED, NO_IMAGE, NO_CODE, SEVERAL } outcome;

/* The sanitizers map more than any limit on memory that would mean something. */
#if defined(__SANITIZE_ADDRESS__)
#define BYTES_MAX RLIM_INFINITY
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BYTES_MAX RLIM_INFINITY
#endif
#endif
#ifndef BYTES_MAX
#define BYTES_MAX ((rlim_t)512 * 1024 * 1024)
#endif

/* No more files, processes or memory than one image takes; and of the files that whoever started this has open, none
 * but the standard ones. */
static bool give_away(void) {
    static const struct {
        int what;
        rlim_t most;
    } limits[] = {{RLIMIT_NOFILE, 3},       {RLIMIT_NPROC, 0}, {RLIMIT_CORE, 0},
                  {RLIMIT_FSIZE, TEXT_MAX}, {RLIMIT_CPU, 20},  {RLIMIT_AS, BYTES_MAX}};
    if (close_range(STDERR_FILENO + 1, ~0u, 0) != 0) return false;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        const struct rlimit limit = {limits[i].most, limits[i].most};
        if (setrlimit((__rlimit_resource_t)limits[i].what, &limit) != 0) return false;
    }
    return true;
}

/* The image in grey, a byte a pixel; NULL: it is none. */
static uint8_t *read_grey(unsigned *ret_width, unsigned *ret_height) {
    png_image image = {.version = PNG_IMAGE_VERSION};
    static const png_color white = {255, 255, 255};
    if (!png_image_begin_read_from_stdio(&image, stdin)) return NULL;
    bool fits = image.width > 0 && image.height > 0 && image.width <= SIDE_MAX && image.height <= SIDE_MAX &&
                (uint64_t)image.width * image.height <= PIXELS_MAX;
    image.format = PNG_FORMAT_GRAY;
    uint8_t *pixels = fits ? malloc(PNG_IMAGE_SIZE(image)) : NULL;
    if (pixels && png_image_finish_read(&image, &white, pixels, 0, NULL)) {
        *ret_width = image.width;
        *ret_height = image.height;
        return pixels;
    }
    png_image_free(&image);
    free(pixels);
    return NULL;
}

/* The same text twice is one code. */
static outcome print_only(const zbar_image_t *image) {
    const char *text = NULL;
    unsigned len = 0;
    for (const zbar_symbol_t *symbol = zbar_image_first_symbol(image); symbol; symbol = zbar_symbol_next(symbol)) {
        const char *other = zbar_symbol_get_data(symbol);
        unsigned other_len = zbar_symbol_get_data_length(symbol);
        if (text && (other_len != len || memcmp(other, text, len) != 0)) return SEVERAL;
        text = other;
        len = other_len;
    }
    if (!text || len == 0) return NO_CODE;
    if (len > TEXT_MAX || fwrite(text, 1, len, stdout) != len || fflush(stdout) != 0) return FAILED;
    return DONE;
}

static outcome scan(uint8_t *pixels, unsigned width, unsigned height) {
    outcome ret = FAILED;
    zbar_image_scanner_t *scanner = zbar_image_scanner_create();
    zbar_image_t *image = zbar_image_create();
    if (scanner && image) {
        (void)zbar_image_scanner_set_config(scanner, ZBAR_NONE, ZBAR_CFG_ENABLE, 0);
        (void)zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_ENABLE, 1);
        zbar_image_set_format(image, zbar_fourcc('Y', '8', '0', '0'));
        zbar_image_set_size(image, width, height);
        zbar_image_set_data(image, pixels, (unsigned long)width * height, NULL);
        ret = zbar_scan_image(scanner, image) < 0 ? FAILED : print_only(image);
    }
    if (image) zbar_image_destroy(image);
    if (scanner) zbar_image_scanner_destroy(scanner);
    return ret;
}

int main(void) {
    unsigned width = 0, height = 0;
    if (!give_away()) return FAILED;
    uint8_t *pixels = read_grey(&width, &height);
    if (!pixels) return NO_IMAGE;
    outcome ret = scan(pixels, width, height);
    free(pixels);
    return (int)ret;
}
