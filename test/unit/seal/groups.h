/* SPDX-License-Identifier: ISC
 *
 * The groups of test_omemo, one a file; each returns how many tests failed. */
#ifndef TEST_GROUPS_H
#define TEST_GROUPS_H

int wire_group(void);
int axolotl_group(void);
int header_group(void);
int session_group(void);
int exchange_group(void);
int payload_group(void);
int keys_group(void);
int talk_group(void);
int publish_group(void);
int devices_group(void);
int label_group(void);
int envelope_group(void);
int hostile_group(void);
int fault_group(void);
int crossing_group(void);
int takeover_group(void);
int refusal_group(void);
int opening_group(void);
int content_group(void);
int dialect_group(void);
int room_group(void);
int catch_up_group(void);

#endif
