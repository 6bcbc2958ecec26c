/* SPDX-License-Identifier: ISC
 *
 * Names and sentences of the statuses, out of the one table in sotto/status.h. */
#include <sotto/status.h>

#define NAME_CASE(constant, number, name, sentence)                                                                    \
    case number:                                                                                                       \
        return name;
#define TEXT_CASE(constant, number, name, sentence)                                                                    \
    case number:                                                                                                       \
        return sentence;

const char *sotto_status_name(sotto_status status) {
    switch (status.code) {
    case 0:
        return "ok";
        SOTTO_STATUS_TABLE(NAME_CASE)
    default:
        return "unknown";
    }
}

const char *sotto_status_text(sotto_status status) {
    switch (status.code) {
    case 0:
        return "success";
        SOTTO_STATUS_TABLE(TEXT_CASE)
    default:
        return "a status that this version does not know";
    }
}
