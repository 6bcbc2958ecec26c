/* SPDX-License-Identifier: ISC
 *
 * The groups of tests of this program, one a file. Each returns the number of failures. */
#ifndef TEST_STREAM_GROUPS_H
#define TEST_STREAM_GROUPS_H

int scram_group(void);
int discovery_group(void);
int login_group(void);
int liar_group(void);
int session_group(void);
int memory_group(void);
int limits_group(void);

#endif
