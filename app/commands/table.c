/* SPDX-License-Identifier: ISC
 *
 * Which commands are tasks, and so can be executed on behalf of others. */
#include "app/commands/commands.h"

const app_task_class *const app_task_classes[] = {
    &app_send_task,   &app_chat_task,     &app_history_task,  &app_files_task,    &app_devices_task,
    &app_trust_task,  &app_distrust_task, &app_repair_task,   &app_leave_task,    &app_join_task,
    &app_part_task,   &app_rooms_task,    &app_backup_task,   &app_encrypt_task,  &app_via_task,
    &app_verify_task, &app_resend_task,   &app_identity_task, &app_sessions_task, NULL};
