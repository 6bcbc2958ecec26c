/* SPDX-License-Identifier: ISC
 *
 * The same message by OMEMO: how many bytes go to the server. */
#ifndef BENCH_LIVE_MAIL_H
#define BENCH_LIVE_MAIL_H

#include <stddef.h>

#define MAIL_SIZES 2u

typedef struct mail {
    size_t one[MAIL_SIZES], five[MAIL_SIZES]; /* devices, by the size of the text */
} mail;

/* Sessions that were answered; median of several, for the padding differs. What is on the disk lies in `folder`. */
void mail_measure(mail *ret, const size_t bodies[MAIL_SIZES], const char *folder);

#endif
