/* SPDX-License-Identifier: ISC
 *
 * The groups of tests of this program, one a file. Each returns the number of failures. */
#ifndef TEST_TRUST_GROUPS_H
#define TEST_TRUST_GROUPS_H

int certificate_group(void);
int key_group(void);
int policy_group(void);

#endif
