/* SPDX-License-Identifier: ISC
 *
 * The groups of tests of this program, one a file. Each returns the number of failures. */
#ifndef TEST_BYTES_GROUPS_H
#define TEST_BYTES_GROUPS_H

int arena_group(void);
int base64_group(void);
int buffer_group(void);
int cursor_group(void);
int map_group(void);
int memory_group(void);
int status_group(void);

#endif
