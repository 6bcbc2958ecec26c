/* SPDX-License-Identifier: ISC
 *
 * The text of a QR code in an image file. Images are read by a program of its own, sotto-scan, which has no keys and
 * opens nothing: decoders of images are where much has gone wrong, and the library for QR codes brings half a desktop
 * with it (X11, D-Bus, cameras), which the program that holds keys shall not have. */
#ifndef APP_VERIFY_IMAGE_H
#define APP_VERIFY_IMAGE_H

#include "app/trouble.h"

#define APP_SCAN_TEXT_MAX 4096u /* the largest code has 2,953 bytes */

/* ret: ended by NUL. False: *trouble says why not. */
bool app_verify_image(const char *path, char ret[APP_SCAN_TEXT_MAX + 1], app_trouble *trouble);

#endif
