/* SPDX-License-Identifier: ISC
 *
 * The groups of tests of this program beside those of main.c. Each returns the number of failures. */
#ifndef TEST_CONTEXT_GROUPS_H
#define TEST_CONTEXT_GROUPS_H

int trust_message_group(void);
int compare_group(void);
int compare_vectors_group(void);

#endif
