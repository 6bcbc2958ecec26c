/* SPDX-License-Identifier: ISC
 *
 * The groups of tests of this program, one a file. Each returns the number of failures. */
#ifndef TEST_TLS_GROUPS_H
#define TEST_TLS_GROUPS_H

int context_group(void);
int engine_group(void);
int facts_group(void);
int limits_group(void);
int statement_group(void);

#endif
